//! What the threads measure about themselves: latency histograms and counters.
//!
//! Each meter is written by few threads and read seldom; a reader merges. Nothing here decides
//! anything, and no value depends on another.

use crate::shared::lock;
use hdrhistogram::Histogram;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Longest latency that is told apart from longer ones, in nanoseconds: a minute.
const LATENCY_NS_MAX: u64 = 60_000_000_000;

/// One latency distribution, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LatencySummary {
    /// How many were measured.
    pub count: u64,
    /// The median.
    pub p50: u64,
    /// 90 of 100 are at most this.
    pub p90: u64,
    /// 99 of 100 are at most this.
    pub p99: u64,
    /// 999 of 1,000 are at most this.
    pub p999: u64,
    /// The longest.
    pub max: u64,
    /// The sum, for averages over time.
    pub sum: u64,
}

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Ticks that the sequencer took.
    pub ticks_received: u64,
    /// Ticks that shards evaluated: each tick counts once a shard.
    pub ticks_evaluated: u64,
    /// Ticks that were merged into others because a shard was behind.
    pub ticks_conflated: u64,
    /// Commands that shards answered.
    pub commands: u64,
    /// Requests that were refused because a queue was full.
    pub overload_refusals: u64,
    /// Events that became durable.
    pub events_journaled: u64,
    /// Journal commits.
    pub commits: u64,
    /// Stream messages that were published.
    pub messages_published: u64,
    /// Stream clients that were cut off as too slow.
    pub slow_consumers: u64,
}

/// Latencies and counters since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measurements {
    /// From a request's arrival to the commit of its events.
    pub command_to_durable: LatencySummary,
    /// From a tick's arrival to the commit of the events it made; ticks that made none do not count.
    pub tick_to_durable: LatencySummary,
    /// One journal commit.
    pub commit: LatencySummary,
    /// Folding one commit into the views and publishing it.
    pub fold: LatencySummary,
    /// What was counted.
    pub counters: Counters,
}

/// One latency that threads write.
#[derive(Debug)]
pub(crate) struct LatencyMeter(Mutex<Histogram<u64>>, AtomicU64);

impl Default for LatencyMeter {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3)
            .expect("the bounds are in order and the digits in range");
        Self(Mutex::new(histogram), AtomicU64::new(0))
    }
}

impl LatencyMeter {
    /// Writes several down under one lock, in nanoseconds.
    pub(crate) fn record_all(&self, latencies: impl Iterator<Item = u64>) {
        let mut histogram = lock(&self.0);
        for nanos in latencies {
            histogram.saturating_record(nanos);
            self.1.fetch_add(nanos, Ordering::Relaxed);
        }
    }

    /// Writes one down.
    pub(crate) fn record(&self, latency: Duration) {
        self.record_all(std::iter::once(nanos(latency)));
    }

    fn summary(&self) -> LatencySummary {
        let histogram = lock(&self.0);
        LatencySummary {
            count: histogram.len(),
            p50: histogram.value_at_quantile(0.5),
            p90: histogram.value_at_quantile(0.9),
            p99: histogram.value_at_quantile(0.99),
            p999: histogram.value_at_quantile(0.999),
            max: histogram.max(),
            sum: self.1.load(Ordering::Relaxed),
        }
    }
}

/// Everything that is measured.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    pub(crate) command_to_durable: LatencyMeter,
    pub(crate) tick_to_durable: LatencyMeter,
    pub(crate) commit: LatencyMeter,
    pub(crate) fold: LatencyMeter,
    pub(crate) ticks_received: AtomicU64,
    pub(crate) ticks_conflated: AtomicU64,
    pub(crate) commands: AtomicU64,
    pub(crate) overload_refusals: AtomicU64,
    pub(crate) events_journaled: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) messages_published: AtomicU64,
    pub(crate) slow_consumers: AtomicU64,
}

impl Meters {
    /// What was measured so far, beside the ticks that shards evaluated, which they count.
    pub(crate) fn read(&self, ticks_evaluated: u64) -> Measurements {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Measurements {
            command_to_durable: self.command_to_durable.summary(),
            tick_to_durable: self.tick_to_durable.summary(),
            commit: self.commit.summary(),
            fold: self.fold.summary(),
            counters: Counters {
                ticks_received: count(&self.ticks_received),
                ticks_evaluated,
                ticks_conflated: count(&self.ticks_conflated),
                commands: count(&self.commands),
                overload_refusals: count(&self.overload_refusals),
                events_journaled: count(&self.events_journaled),
                commits: count(&self.commits),
                messages_published: count(&self.messages_published),
                slow_consumers: count(&self.slow_consumers),
            },
        }
    }
}

/// A latency in whole nanoseconds.
pub(crate) fn nanos(latency: Duration) -> u64 {
    u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX)
}
