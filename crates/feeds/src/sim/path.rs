//! The fair price of one simulated instrument at every instant.
//!
//! One path for each seed and instrument, from the beginning of time to its end, which nobody has to
//! walk: Brownian motion between knots some weeks apart, found at an instant by halving the stretch
//! between two knots again and again. What is drawn at the middle of a stretch is a hash of that
//! instant, the seed and the instrument; part of it is common to all instruments. The knots are
//! drawn around the table's price, so that prices wander and come back.
//!
//! The invariant: the value at an instant is the same however one came there.

use super::clock::{Clock, WEEK_NS, week_begin, week_of};
use super::process::{SimInstrument, to_float_steps, to_steps};
use super::random::{hash_of, mix, normal_of};
use super::tape::Sessions;
use model::{CalendarId, Price};

const MINUTE_NS: i64 = 60_000_000_000;
/// Share of a move's variance that comes from the market as a whole, squared (guess: US large caps
/// have pairwise correlations of 0.2 to 0.4).
const MARKET_LOADING: f64 = 0.55;
/// Longest distance of two knots, in weeks.
const KNOT_WEEKS_MAX: i64 = 64;
/// Knots come closer until the logarithm of a price lies about this far from the table's.
const LOG_SPREAD: f64 = 0.30;
/// How far the logarithm of a price may ever be from the table's: a factor of 20.
const LOG_RANGE: f64 = 3.0;
/// The shortest stretch: a minute halved eleven times, 29 milliseconds. The path is straight on it.
const SHORTEST_NS: i64 = MINUTE_NS >> 11;
/// What bars see of a minute: it halved six times, about a second.
const SEEN_NS: i64 = MINUTE_NS >> 6;
/// Tells the draws of instruments from those of the market.
const OWN_STREAM: u64 = 0xA5A5_0F0F_3C3C_9696;

/// The path of one instrument, and where it was read last.
#[derive(Clone, Debug)]
pub(super) struct FairPath {
    market_key: u64,
    own_key: u64,
    own_loading: f64,
    volatility: f64,
    /// The table's price, in price steps.
    centre: f64,
    tick_size: i64,
    knot_weeks: i64,
    clock: Clock,
    /// The stretches around the instant that was read last, each within the one before.
    around: Vec<Stretch>,
}

/// A piece of the path between two instants at which it is known.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    begin: Point,
    end: Point,
}

/// The path at an instant: the days that passed and the level, in daily standard deviations.
#[derive(Clone, Copy, Debug)]
struct Point {
    time: i64,
    days: f64,
    level: f64,
}

/// Where the path was between two instants, in levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Excursion {
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
}

impl FairPath {
    pub(super) fn new(instrument: &SimInstrument, seed: u64, sessions: Sessions) -> Self {
        let tick_size = instrument.tick_size.raw().max(1);
        let clock = Clock::new(sessions.calendar_of(instrument.calendar));
        let volatility = instrument.daily_volatility;
        // Both the knots and the bridge between them have half of the variance of a walk that long.
        let spread_of = |weeks: i64| volatility * (to_float_steps(weeks) * clock.days_per_week() / 2.0).sqrt();
        let mut knot_weeks = KNOT_WEEKS_MAX;
        while knot_weeks > 1 && spread_of(knot_weeks) > LOG_SPREAD {
            knot_weeks /= 2;
        }
        let seed = mix(seed);
        Self {
            market_key: seed,
            own_key: mix(mix(seed ^ OWN_STREAM) ^ hash_of(instrument.symbol.as_str())),
            own_loading: (1.0 - MARKET_LOADING * MARKET_LOADING).sqrt(),
            volatility,
            centre: to_float_steps(instrument.price.raw()) / to_float_steps(tick_size),
            tick_size,
            knot_weeks,
            clock,
            around: Vec::new(),
        }
    }

    /// The fair price at an instant, in price steps and fractions of one.
    pub(super) fn steps_at(&mut self, time: i64) -> f64 {
        let level = self.level(time);
        self.steps_of(level)
    }

    /// The price of a level, on the price increment.
    pub(super) fn price_of(&self, level: f64) -> Price {
        Price::from_raw(to_steps(self.steps_of(level)).max(1).saturating_mul(self.tick_size))
    }

    fn steps_of(&self, level: f64) -> f64 {
        self.centre * (self.volatility * level).clamp(-LOG_RANGE, LOG_RANGE).exp()
    }

    /// The level at an instant. Fast when the one before was near.
    pub(super) fn level(&mut self, time: i64) -> f64 {
        while self.around.last().is_some_and(|last| !last.contains(time)) {
            self.around.pop();
        }
        let mut stretch = match self.around.last() {
            Some(last) => *last,
            None => {
                let knots = self.between_knots(time);
                self.around.push(knots);
                knots
            }
        };
        while stretch.length() > SHORTEST_NS {
            let [left, right] = self.halves(&stretch);
            stretch = if time < left.end.time { left } else { right };
            self.around.push(stretch);
        }
        let part = to_float_steps(time - stretch.begin.time) / to_float_steps(stretch.length());
        stretch.begin.level + (stretch.end.level - stretch.begin.level) * part
    }

    /// Where the path was from one instant to another of the same week, as bars see it.
    ///
    /// What it says of a long time is what it says of the parts of it, put together, as long as
    /// those meet at whole minutes.
    pub(super) fn excursion(&mut self, begin: i64, end: i64) -> Excursion {
        let close = self.level(end);
        let open = self.level(begin);
        let mut found = Excursion { open, high: open.max(close), low: open.min(close), close };
        let holding = self.around.iter().rev().find(|stretch| stretch.end.time >= end).copied();
        let mut coarse: Vec<Stretch> = holding.into_iter().collect();
        let mut fine = Vec::new();
        // Level by level: what the coarse ones found spares looking into most of the fine ones.
        while !coarse.is_empty() {
            for stretch in coarse.drain(..) {
                let is_outside = stretch.end.time <= begin || stretch.begin.time >= end;
                if stretch.length() <= SEEN_NS || is_outside || stretch.stays_within(&found) {
                    continue;
                }
                let halves = self.halves(&stretch);
                let middle = halves[0].end;
                if begin <= middle.time && middle.time <= end {
                    found.high = found.high.max(middle.level);
                    found.low = found.low.min(middle.level);
                }
                fine.extend(halves);
            }
            std::mem::swap(&mut coarse, &mut fine);
        }
        found
    }

    /// The path at the middle of a stretch: the bridge's mean, and a draw of its variance.
    fn halves(&mut self, stretch: &Stretch) -> [Stretch; 2] {
        let Stretch { begin, end } = *stretch;
        let time = middle(begin.time, end.time);
        let days = self.clock.days(time);
        let (left, right) = (days - begin.days, end.days - days);
        let mean = begin.level + (end.level - begin.level) * (left / (left + right));
        let level = mean + (left * right / (left + right)).sqrt() * self.draw(time);
        let middle = Point { time, days, level };
        [Stretch { begin, end: middle }, Stretch { begin: middle, end }]
    }

    fn between_knots(&mut self, time: i64) -> Stretch {
        let first = week_of(time).div_euclid(self.knot_weeks) * self.knot_weeks;
        Stretch { begin: self.knot(first), end: self.knot(first + self.knot_weeks) }
    }

    /// Two knots lie as far apart as a walk from one to the other would have gone.
    fn knot(&mut self, week: i64) -> Point {
        let time = week_begin(week);
        let days_between = to_float_steps(self.knot_weeks) * self.clock.days_per_week();
        let level = (days_between / 2.0).sqrt() * self.draw(time);
        Point { time, days: self.clock.days(time), level }
    }

    /// The standard normal number that belongs to an instant.
    fn draw(&self, time: i64) -> f64 {
        let instant = mix(u64::from_ne_bytes(time.to_ne_bytes()));
        let market = normal_of(mix(instant ^ self.market_key));
        let own = normal_of(mix(instant ^ self.own_key));
        MARKET_LOADING * market + self.own_loading * own
    }
}

impl Stretch {
    const fn length(&self) -> i64 {
        self.end.time - self.begin.time
    }

    const fn contains(&self, time: i64) -> bool {
        self.begin.time <= time && time < self.end.time
    }

    /// Whether the path cannot leave what was found already. A bridge over d days between two
    /// points that lie x and y below a limit crosses it with probability exp(-2xy/d): with xy at 18 d
    /// once in 4e15 times.
    fn stays_within(&self, found: &Excursion) -> bool {
        let reach = 18.0 * (self.end.days - self.begin.days);
        let (begin, end) = (self.begin.level, self.end.level);
        let below = found.high >= begin && found.high >= end && (found.high - begin) * (found.high - end) >= reach;
        below && begin >= found.low && end >= found.low && (begin - found.low) * (end - found.low) >= reach
    }
}

/// Where a stretch is halved: at a whole week, else at a whole minute, where it is longer than one.
const fn middle(begin: i64, end: i64) -> i64 {
    let length = end - begin;
    let unit = match length {
        0..=MINUTE_NS => 1,
        _ if length > WEEK_NS => WEEK_NS,
        _ => MINUTE_NS,
    };
    begin + length / unit / 2 * unit
}

impl Sessions {
    /// The calendar that an instrument trades by, whose own one is this.
    pub(super) const fn calendar_of(self, own: CalendarId) -> CalendarId {
        match self {
            Self::AlwaysOpen => CalendarId::AlwaysOpen,
            Self::OfCalendar => own,
        }
    }
}
