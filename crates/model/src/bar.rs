//! Bars as market data: open, high, low, close and volume of a stretch of time, and how they reach a shard.
//!
//! Owns what a bar says and when it is none. What orders make of it is a portfolio's
//! [`crate::BarPolicies`].

use crate::{InstrumentId, Price, Qty, TickSeq, Time, limits};
use rkyv::{Archive, Deserialize, Serialize};

/// What traded in a stretch of time. Nobody sees it before the stretch is over.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// The first instant of the stretch.
    pub open_time: Time,
    /// The first instant after it.
    pub close_time: Time,
    /// The first price.
    pub open: Price,
    /// The highest.
    pub high: Price,
    /// The lowest.
    pub low: Price,
    /// The last.
    pub close: Price,
    /// How much traded; absent where nobody knows, and zero means the same.
    pub volume: Option<Qty>,
}

impl Bar {
    /// Why it is no bar that could have been.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let Self { open, high, low, close, .. } = *self;
        let faults = [
            (self.open_time >= self.close_time, "a bar ends after it begins"),
            (!low.is_positive(), "a bar's prices are above nothing"),
            (high > limits::PRICE_MAX, "a bar's prices are within the range of prices"),
            (low > open.min(close), "a bar's low is its lowest price"),
            (high < open.max(close), "a bar's high is its highest price"),
            (self.volume.is_some_and(|volume| volume < Qty::ZERO), "a bar's volume is not below nothing"),
        ];
        faults.into_iter().find_map(|(is_fault, what)| is_fault.then_some(what))
    }

    /// Halfway between its open and its close, rounded down at 1e-8.
    #[must_use]
    pub const fn middle(&self) -> Price {
        Price::from_raw(i64::midpoint(self.open.raw(), self.close.raw()))
    }
}

/// A bar with the place and the engine time that the sequencer gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampedBar {
    /// Its place among all ticks and bars since the process started.
    pub seq: TickSeq,
    /// Engine time: not before the bar's end.
    pub now: Time,
    /// The bar.
    pub bar: Bar,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check([open, high, low, close]: [i64; 4], is_bar: bool) {
        let bar = Bar {
            instrument: InstrumentId::new(1),
            open_time: Time::from_seconds(0),
            close_time: Time::from_seconds(60),
            open: Price::whole(open),
            high: Price::whole(high),
            low: Price::whole(low),
            close: Price::whole(close),
            volume: None,
        };
        assert_eq!(bar.fault().is_none(), is_bar, "{bar:?}");
        let late = Bar { open_time: bar.close_time, ..bar };
        assert!(late.fault().is_some());
        assert!(Bar { volume: Some(Qty::from_raw(-1)), ..bar }.fault().is_some());
    }

    #[test]
    fn high_and_low_contain_open_and_close() {
        check([5, 5, 5, 5], true);
        check([5, 9, 1, 6], true);
        check([5, 4, 1, 3], false);
        check([5, 9, 6, 7], false);
        check([5, 9, 1, 10], false);
        check([5, 9, 2, 1], false);
        check([0, 9, 0, 5], false);
        check([5, 10_000_001, 1, 6], false);
    }
}
