//! Bars in a scenario: from the words of a line to a bar, to the policies of a portfolio, and into the shard.

use crate::language::{Result, Words, read};
use crate::world::World;
use engine::CalendarPolicy;
use model::calendar::session_at_or_after;
use model::{
    Bar, BarPath, BarPolicies, BarVolume, CalendarId, ExecutionProfile, LimitGap, LimitTouch, MarketOnBar, Price,
    Qty, StampedBar, StopInMarket, TickSeq, Time,
};

/// A bar as a line has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BarLine {
    prices: [Price; 4],
    volume: Option<Qty>,
    length: Length,
}

/// How long a bar is.
#[derive(Clone, Copy, Debug)]
enum Length {
    Nanos(i64),
    /// A session.
    Day,
}

/// Reads what stands behind the symbol: four prices, and perhaps a volume and a length.
pub(crate) fn bar(words: &mut Words<'_>) -> Result<BarLine> {
    let prices = [words.price()?, words.price()?, words.price()?, words.price()?];
    let mut bar = BarLine { prices, volume: None, length: Length::Nanos(60_000_000_000) };
    while let Some(word) = words.maybe() {
        match (word.strip_prefix('v'), word.strip_suffix('m'), word.strip_suffix('h')) {
            (Some(volume), ..) => bar.volume = Some(read(volume, "a volume")?),
            (_, Some(minutes), _) => bar.length = Length::Nanos(count(minutes)? * 60_000_000_000),
            (_, _, Some(hours)) => bar.length = Length::Nanos(count(hours)? * 3_600_000_000_000),
            _ if word == "1d" => bar.length = Length::Day,
            _ => return Err(format!("`{word}` is no volume and no length of a bar")),
        }
    }
    Ok(bar)
}

fn count(text: &str) -> Result<i64> {
    read::<u8>(text, "a length").map(i64::from)
}

/// Takes a policy of bars; `false` for any other word.
pub(crate) fn policy(word: &str, words: &mut Words<'_>, profile: &mut ExecutionProfile) -> Result<bool> {
    let bars = &mut profile.bars;
    match word {
        "lean" => *profile = ExecutionProfile::LEAN,
        "nautilus" => *bars = BarPolicies::NAUTILUS,
        "stop-in-market" => profile.stop_in_market = StopInMarket::Released,
        "ohlc" => bars.path = BarPath::OpenHighLowClose,
        "olhc" => bars.path = BarPath::OpenLowHighClose,
        "adaptive" => bars.path = BarPath::Adaptive,
        "pessimistic" => bars.path = BarPath::Pessimistic,
        "optimistic" => bars.path = BarPath::Optimistic,
        "extremes" => bars.path = BarPath::Extremes,
        "next-open" => bars.market = MarketOnBar::NextOpen,
        "mid-bar" => bars.market = MarketOnBar::Mid,
        "this-close" => bars.market = MarketOnBar::ThisClose,
        "last-close" => bars.market = MarketOnBar::LastClose,
        "at-touch" => bars.limit_touch = LimitTouch::AtTouch,
        "gap-open" => bars.limit_gap = LimitGap::AlwaysOpen,
        "gap-limit" => bars.limit_gap = LimitGap::AlwaysLimit,
        "volume" => bars.volume = volume(words.next("a volume")?)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn volume(text: &str) -> Result<BarVolume> {
    Ok(match (text, text.strip_suffix('%')) {
        ("unlimited", _) => BarVolume::Unlimited,
        ("split", _) => BarVolume::Split,
        (_, Some(percent)) => BarVolume::Participation(read(percent, "a percentage")?),
        _ => return Err(format!("no part of a volume `{text}`")),
    })
}

impl World {
    /// Brings the bar in which the clock stands, and moves that to its end.
    pub(crate) fn bar(&mut self, symbol: &str, line: &BarLine) -> Vec<String> {
        let (open_time, close_time) = self.span(symbol, line.length);
        let [open, high, low, close] = line.prices;
        let bar = Bar {
            instrument: self.instrument(symbol),
            open_time,
            close_time,
            open,
            high,
            low,
            close,
            volume: line.volume,
        };
        let before = self.events.len();
        let stamped = StampedBar { seq: self.next_tick(), now: close_time, bar };
        self.shard.on_bar(&stamped, &mut self.events);
        self.set_clock(close_time);
        self.describe(before, None)
    }

    /// The stretch of this length that holds the present, within the session where one begins in it.
    fn span(&self, symbol: &str, length: Length) -> (Time, Time) {
        let is_exchange = self.config.calendar == CalendarPolicy::OfInstrument && !symbol.contains('/');
        let calendar = if is_exchange { CalendarId::Xnys } else { CalendarId::AlwaysOpen };
        let session = session_at_or_after(calendar, self.now());
        match length {
            Length::Day => (session.open, session.close),
            Length::Nanos(nanos) => {
                let now = self.now().nanos();
                let start = Time::from_nanos(now - now.rem_euclid(nanos));
                let end = start.plus_nanos(nanos);
                let opens_within = start < session.open && session.open < end;
                (if opens_within { session.open } else { start }, end)
            }
        }
    }

    fn next_tick(&mut self) -> TickSeq {
        TickSeq::new(self.count_tick())
    }
}
