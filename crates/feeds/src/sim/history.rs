//! The past of the simulated market, as bars.
//!
//! Bars of all intervals are cut from the very path that the tape quotes around, in the sessions in
//! which it does. The invariant: a bar is what its minutes are when they are put together, and the
//! same arguments always give the same bars, whenever the server was started.

use super::clock::DAY_NS;
use super::path::FairPath;
use super::process::{SimInstrument, to_float, to_float_steps, to_steps};
use super::random::{hash_of, mix, normal_of, unit_of};
use super::tape::{Sessions, activity_until};
use crate::bars::{Bar, BarInterval};
use crate::instruments;
use model::calendar::{Date, Session, session_on};
use model::{CalendarId, Qty, SCALE, Symbol, Time};
use std::ops::Range;

const SECOND_NS: i64 = 1_000_000_000;
const MINUTE_NS: i64 = 60 * SECOND_NS;
/// How far back bars go: five years.
const DAYS_MAX: i64 = 5 * 366;
/// Days differ in volume by about this factor, as a logarithm.
const VOLUME_SPREAD: f64 = 0.35;
/// Minutes differ in volume by up to twice this part of an average minute, and never fall to nothing.
const VOLUME_NOISE: f64 = 0.3;
/// A day's volume is at least this many steps, so that every minute has one.
const VOLUME_STEPS_MIN: f64 = 50_000.0;
/// The length of a usual session in New York, to which the volumes of shares belong.
const FULL_SESSION_NS: i64 = 390 * MINUTE_NS;

/// The past of one simulated market: that of the tape with this seed and these sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// The seed of the tape.
    pub seed: u64,
    /// When the tape is open.
    pub sessions: Sessions,
}

impl History {
    /// The latest bars of a built-in instrument within a time, oldest first, at most `limit` of them.
    ///
    /// The first bar is the one that holds the beginning, and it is whole; the one that holds the
    /// end stops there and knows nothing of what comes after. No bar where the market is closed.
    /// Empty for an unknown symbol and for an empty time; at most five years before the end.
    #[must_use]
    pub fn bars(&self, symbol: Symbol, interval: BarInterval, within: Range<Time>, limit: usize) -> Vec<Bar> {
        let known = instruments::find(symbol).filter(|_| within.start < within.end);
        let Some(row) = known else { return Vec::new() };
        let instrument = SimInstrument::of(row);
        // The first second of a minute is too short for a volume.
        let beyond = within.end.nanos().rem_euclid(MINUTE_NS);
        let end = within.end.nanos() - if beyond < SECOND_NS { beyond } else { 0 };
        let oldest = end.saturating_sub(DAYS_MAX * DAY_NS);
        let begin = interval.start(within.start.max(Time::from_nanos(oldest))).nanos();
        let mut cut = Cut {
            path: FairPath::new(&instrument, self.seed, self.sessions),
            volume: VolumeCurve::new(&instrument, self.seed),
            calendar: self.sessions.calendar_of(instrument.calendar),
            interval,
            within: begin..end,
        };
        let mut days: Vec<Vec<Bar>> = Vec::new();
        let mut count = 0;
        for day in (begin.div_euclid(DAY_NS)..(end + DAY_NS - 1).div_euclid(DAY_NS)).rev() {
            if begin >= end || count >= limit {
                break;
            }
            let bars = cut.day(day, limit - count);
            count += bars.len();
            days.push(bars);
        }
        days.into_iter().rev().flatten().collect()
    }
}

struct Cut {
    path: FairPath,
    volume: VolumeCurve,
    calendar: CalendarId,
    interval: BarInterval,
    within: Range<i64>,
}

impl Cut {
    /// The last bars of a day, whose session never leaves the day in UTC.
    fn day(&mut self, day: i64, limit: usize) -> Vec<Bar> {
        let date = i32::try_from(day).ok().map(Date::from_days);
        let Some(session) = date.and_then(|date| session_on(self.calendar, date)) else { return Vec::new() };
        let begin = session.open.nanos().max(self.within.start);
        let end = session.close.nanos().min(self.within.end);
        let length = self.interval.nanos();
        let mut bars = Vec::new();
        let mut open_time = self.interval.start(Time::from_nanos(end - 1));
        while begin < end && open_time.plus_nanos(length).nanos() > begin && bars.len() < limit {
            let stretch = open_time.nanos().max(begin)..open_time.plus_nanos(length).nanos().min(end);
            bars.push(self.bar(open_time, &session, stretch));
            open_time = open_time.plus_nanos(-length);
        }
        bars.reverse();
        bars
    }

    fn bar(&mut self, open_time: Time, session: &Session, stretch: Range<i64>) -> Bar {
        let excursion = self.path.excursion(stretch.start, stretch.end);
        let volume = self.volume.until(session, stretch.end) - self.volume.until(session, stretch.start);
        Bar {
            open_time,
            open: self.path.price_of(excursion.open),
            high: self.path.price_of(excursion.high),
            low: self.path.price_of(excursion.low),
            close: self.path.price_of(excursion.close),
            volume: Qty::from_raw(volume.saturating_mul(self.volume.step)),
        }
    }
}

/// How much of a session's volume has traded at an instant: a function of that instant alone, so
/// that the volumes of bars add up.
struct VolumeCurve {
    key: u64,
    per_session: f64,
    step: i64,
}

impl VolumeCurve {
    fn new(instrument: &SimInstrument, seed: u64) -> Self {
        let mut step = SCALE;
        while step > 1 && instrument.daily_volume < VOLUME_STEPS_MIN * to_float(step) {
            step /= 10;
        }
        Self {
            key: mix(mix(seed) ^ hash_of(instrument.symbol.as_str())),
            per_session: instrument.daily_volume / to_float(step),
            step,
        }
    }

    /// In volume steps, from the open of the session; at least one more for each minute begun.
    fn until(&self, session: &Session, time: i64) -> i64 {
        let minute = time - time.rem_euclid(MINUTE_NS);
        let whole = to_steps(self.smooth(session, minute));
        if time == minute { whole } else { to_steps(self.smooth(session, time)).max(whole + 1) }
    }

    fn smooth(&self, session: &Session, time: i64) -> f64 {
        let (open, close) = (session.open.nanos(), session.close.nanos());
        let length = close - open;
        // The table's volume is that of a usual day: a half day has as much less.
        let share = (to_float_steps(length) / to_float_steps(FULL_SESSION_NS)).min(1.0);
        let day = (VOLUME_SPREAD * normal_of(self.draw(open))).exp();
        let minute = time - time.rem_euclid(MINUTE_NS);
        let part = to_float_steps(time - minute) / to_float_steps(MINUTE_NS);
        let noise = self.noise(minute, session) * (1.0 - part) + self.noise(minute + MINUTE_NS, session) * part;
        let noise = noise * to_float_steps(MINUTE_NS) / to_float_steps(length);
        self.per_session * day * share * (activity_until(session, time) + noise)
    }

    /// In average minutes; nothing at the ends of the session.
    fn noise(&self, minute: i64, session: &Session) -> f64 {
        if minute <= session.open.nanos() || minute >= session.close.nanos() {
            return 0.0;
        }
        VOLUME_NOISE * (2.0 * unit_of(self.draw(minute)) - 1.0)
    }

    fn draw(&self, time: i64) -> u64 {
        mix(self.key ^ mix(u64::from_ne_bytes(time.to_ne_bytes()).rotate_left(17)))
    }
}
