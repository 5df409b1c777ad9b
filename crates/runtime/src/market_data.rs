//! The market data thread: bars of every instrument, built from the trades that the sequencer passed.
//!
//! It owns recent bars in memory. It must never hold up a shard, and nothing it does is journaled.
//! Invariant: bars of one instrument and interval are in order of time, the unfinished one last.

use crate::lane::{LaneItem, LaneTaker};
use crate::shared::{Shared, lock};
use crate::waker::Sleeper;
use crossbeam::utils::Backoff;
use dashmap::DashMap;
use feeds::bars::{Bar, BarBuilder, BarInterval};
use model::{InstrumentId, TickBody, Time, Trade};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Finished bars kept of each instrument and interval (guess: a screen's width of them).
const BARS_MAX: usize = 600;
/// Longest sleep without being woken: how late a bar may show a trade.
const SLEEP_MAX: Duration = Duration::from_millis(20);

#[derive(Debug)]
struct Series {
    builder: BarBuilder,
    finished: VecDeque<Bar>,
}

impl Series {
    fn new(interval: BarInterval) -> Self {
        Self { builder: BarBuilder::new(interval), finished: VecDeque::new() }
    }

    fn trade(&mut self, time: Time, trade: &Trade) {
        if let Some(bar) = self.builder.trade(time, trade) {
            if self.finished.len() == BARS_MAX {
                self.finished.pop_front();
            }
            self.finished.push_back(bar);
        }
    }

    fn latest(&self, limit: usize) -> Vec<Bar> {
        let count = self.finished.len() + usize::from(self.builder.current().is_some());
        let all = self.finished.iter().chain(self.builder.current());
        all.skip(count.saturating_sub(limit)).copied().collect()
    }
}

/// Recent bars of every instrument that traded.
#[derive(Debug, Default)]
pub(crate) struct BarBoard {
    series: DashMap<InstrumentId, Arc<Mutex<[Series; BarInterval::ALL.len()]>>>,
}

impl BarBoard {
    /// The latest bars, oldest first, the unfinished one last.
    pub(crate) fn latest(&self, instrument: InstrumentId, interval: BarInterval, limit: usize) -> Vec<Bar> {
        let Some(series) = self.series.get(&instrument).map(|entry| Arc::clone(entry.value())) else {
            return Vec::new();
        };
        let index = BarInterval::ALL.iter().position(|each| *each == interval);
        index.map_or_else(Vec::new, |index| lock(&series)[index].latest(limit))
    }

    fn trade(&self, instrument: InstrumentId, time: Time, trade: &Trade) {
        let series = self
            .series
            .entry(instrument)
            .or_insert_with(|| Arc::new(Mutex::new(BarInterval::ALL.map(Series::new))));
        for series in lock(&series).iter_mut() {
            series.trade(time, trade);
        }
    }
}

/// The market data thread's state.
#[derive(Debug)]
pub(crate) struct MarketData {
    pub(crate) ticks: LaneTaker,
    pub(crate) board: Arc<BarBoard>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) sleeper: Sleeper,
}

impl MarketData {
    /// Runs until the system stops.
    pub(crate) fn run(mut self) {
        let backoff = Backoff::new();
        loop {
            if self.take_one() {
                backoff.reset();
            } else if self.shared.is_stopping() {
                return;
            } else if backoff.is_completed() {
                let Self { ticks, shared, sleeper, .. } = &self;
                sleeper.sleep(SLEEP_MAX, || !ticks.is_empty() || shared.is_stopping());
            } else {
                backoff.snooze();
            }
        }
    }

    /// Takes the next tick in; `false` when none waits.
    pub(crate) fn take_one(&mut self) -> bool {
        match self.ticks.take() {
            Some(LaneItem::Tick(stamped, _)) => match stamped.tick.body {
                TickBody::Trade(trade) => self.board.trade(stamped.tick.instrument, stamped.tick.time, &trade),
                TickBody::Quote(_) => {}
            },
            Some(LaneItem::FeedLost(_)) => {}
            None => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Aggressor, Price, Qty, TradeConditions};

    #[test]
    fn the_latest_bars_end_with_the_unfinished_one() {
        let board = BarBoard::default();
        let instrument = InstrumentId::new(1);
        for minute in 0..5_i64 {
            let trade = Trade {
                price: Price::whole(10 + minute),
                size: Qty::whole(1),
                aggressor: Aggressor::Unknown,
                conditions: TradeConditions::Regular,
            };
            board.trade(instrument, Time::from_seconds(600 + 60 * minute), &trade);
        }
        let closes = |interval, limit| -> Vec<i64> {
            let bars = board.latest(instrument, interval, limit);
            bars.iter().map(|bar| bar.close.raw() / model::SCALE).collect()
        };
        assert_eq!(closes(BarInterval::OneMinute, 3), [12, 13, 14]);
        assert_eq!(closes(BarInterval::OneMinute, 99), [10, 11, 12, 13, 14]);
        assert_eq!(closes(BarInterval::OneHour, 3), [14]);
        assert!(board.latest(InstrumentId::new(2), BarInterval::OneDay, 3).is_empty());
    }
}
