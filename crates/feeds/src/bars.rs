//! Bars: open, high, low, close and volume of a stretch of time, built from trades.
//!
//! A bar's stretch begins at a multiple of its interval since 1970, UTC. Only trades that may set
//! the last price count. The invariant: `low <= open, close <= high` and volume above zero.

use model::{Price, Qty, Time, Trade};

/// How long a bar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BarInterval {
    /// One minute.
    OneMinute,
    /// Five minutes.
    FiveMinutes,
    /// Fifteen minutes.
    FifteenMinutes,
    /// One hour.
    OneHour,
    /// One day, from midnight UTC.
    OneDay,
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The first instant of its stretch.
    pub open_time: Time,
    /// Price of the first trade.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Price of the last trade.
    pub close: Price,
    /// Shares traded.
    pub volume: Qty,
}

impl BarInterval {
    /// Every interval, shortest first.
    pub const ALL: [Self; 5] =
        [Self::OneMinute, Self::FiveMinutes, Self::FifteenMinutes, Self::OneHour, Self::OneDay];

    /// Its length.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        let minutes = match self {
            Self::OneMinute => 1,
            Self::FiveMinutes => 5,
            Self::FifteenMinutes => 15,
            Self::OneHour => 60,
            Self::OneDay => 24 * 60,
        };
        minutes * 60_000_000_000
    }

    /// Its name: `1m`, `5m`, `15m`, `1h` or `1d`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneMinute => "1m",
            Self::FiveMinutes => "5m",
            Self::FifteenMinutes => "15m",
            Self::OneHour => "1h",
            Self::OneDay => "1d",
        }
    }

    /// The interval of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.name() == name)
    }

    /// The first instant of the stretch that holds this one.
    #[must_use]
    pub const fn start(self, time: Time) -> Time {
        Time::from_nanos(time.nanos() - time.nanos().rem_euclid(self.nanos()))
    }
}

impl Bar {
    /// A bar of one trade.
    #[must_use]
    pub const fn of_trade(open_time: Time, price: Price, size: Qty) -> Self {
        Self { open_time, open: price, high: price, low: price, close: price, volume: size }
    }

    /// Takes in what happened later in the same stretch.
    pub fn merge(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        // Volume beyond the range of a quantity says nothing that its end does not say.
        self.volume = self.volume.checked_add(later.volume).unwrap_or(Qty::MAX);
    }
}

/// Builds the bars of one instrument and one interval.
#[derive(Clone, Debug)]
pub struct BarBuilder {
    interval: BarInterval,
    current: Option<Bar>,
}

impl BarBuilder {
    /// Without any bar yet.
    #[must_use]
    pub const fn new(interval: BarInterval) -> Self {
        Self { interval, current: None }
    }

    /// The bar that is being built.
    #[must_use]
    pub const fn current(&self) -> Option<&Bar> {
        self.current.as_ref()
    }

    /// Takes in a trade; returns the bar that it completed, if it began a later one.
    ///
    /// A trade that may not set the last price changes nothing, and neither does one of a stretch
    /// that is over.
    pub fn trade(&mut self, time: Time, trade: &Trade) -> Option<Bar> {
        match trade.conditions {
            model::TradeConditions::Ineligible => None,
            model::TradeConditions::Regular
            | model::TradeConditions::OpeningAuction
            | model::TradeConditions::ClosingAuction => self.merge(&Bar::of_trade(time, trade.price, trade.size)),
        }
    }

    /// Takes in a bar of a shorter interval, or a trade as a bar; returns the bar that it completed.
    pub fn merge(&mut self, shorter: &Bar) -> Option<Bar> {
        let open_time = self.interval.start(shorter.open_time);
        let fresh = Bar { open_time, ..*shorter };
        match &mut self.current {
            None => {
                self.current = Some(fresh);
                None
            }
            Some(current) if current.open_time == open_time => {
                current.merge(shorter);
                None
            }
            Some(current) if current.open_time > open_time => None,
            Some(current) => Some(std::mem::replace(current, fresh)),
        }
    }

    /// Ends the stretch if it is over at this time, and returns its bar.
    pub fn close_until(&mut self, now: Time) -> Option<Bar> {
        self.current.take_if(|bar| bar.open_time < self.interval.start(now))
    }
}

/// Joins bars, oldest first, to bars of a longer interval. The last one may be incomplete.
#[must_use]
pub fn aggregate(bars: &[Bar], interval: BarInterval) -> Vec<Bar> {
    let mut builder = BarBuilder::new(interval);
    let mut longer: Vec<Bar> = bars.iter().filter_map(|bar| builder.merge(bar)).collect();
    longer.extend(builder.current().copied());
    longer
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Aggressor, TradeConditions};

    fn trade(price: &str, size: i64, conditions: TradeConditions) -> Trade {
        let price = price.parse().expect("a price of the test");
        Trade { price, size: Qty::whole(size), aggressor: Aggressor::Unknown, conditions }
    }

    fn bar(open_time: i64, prices: [&str; 4], volume: i64) -> Bar {
        let [open, high, low, close] = prices.map(|text| text.parse().expect("a price of the test"));
        Bar { open_time: Time::from_seconds(open_time), open, high, low, close, volume: Qty::whole(volume) }
    }

    /// 2024-01-02T15:00:00Z and on: worked out by hand.
    const THREE_O_CLOCK: i64 = 1_704_207_600;

    #[test]
    fn minute_bars_are_as_worked_out_by_hand() {
        use TradeConditions::{Ineligible, Regular};
        let trades = [
            (0, "10.00", 100, Regular),
            (20, "10.05", 50, Regular),
            (30, "99.00", 7, Ineligible),
            (59, "9.98", 10, Regular),
            (60, "9.99", 1, Regular),
            (30, "50.00", 1, Regular),
            (200, "10.10", 2, Regular),
        ];
        let mut builder = BarBuilder::new(BarInterval::OneMinute);
        let mut bars: Vec<Bar> = Vec::new();
        for (second, price, size, conditions) in trades {
            bars.extend(
                builder.trade(Time::from_seconds(THREE_O_CLOCK + second), &trade(price, size, conditions)),
            );
        }
        assert_eq!(builder.close_until(Time::from_seconds(THREE_O_CLOCK + 239)), None);
        bars.extend(builder.close_until(Time::from_seconds(THREE_O_CLOCK + 240)));
        let expected = [
            bar(THREE_O_CLOCK, ["10.00", "10.05", "9.98", "9.98"], 160),
            bar(THREE_O_CLOCK + 60, ["9.99", "9.99", "9.99", "9.99"], 1),
            bar(THREE_O_CLOCK + 180, ["10.10", "10.10", "10.10", "10.10"], 2),
        ];
        assert_eq!(bars, expected);
        assert_eq!(
            aggregate(&bars, BarInterval::FiveMinutes),
            [bar(THREE_O_CLOCK, ["10.00", "10.10", "9.98", "10.10"], 163)]
        );
        assert_eq!(aggregate(&bars, BarInterval::OneDay)[0].open_time, Time::from_seconds(1_704_153_600));
    }

    #[test]
    fn an_interval_is_known_by_its_name() {
        for interval in BarInterval::ALL {
            assert_eq!(BarInterval::parse(interval.name()), Some(interval));
        }
        assert_eq!(BarInterval::parse("2m"), None);
    }
}
