//! Latencies, as histograms of bounded memory and the percentiles that people read.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::time::Duration;

/// Longest latency that is told apart from longer ones: ten minutes.
const LATENCY_NS_MAX: u64 = 600_000_000_000;

/// A distribution of latencies, to three digits.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(
            Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3)
                .expect("the bounds are in order, the digits in range"),
        )
    }
}

impl Latencies {
    /// Notes one.
    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Takes in another distribution.
    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// What people read of it.
    #[must_use]
    pub fn percentiles(&self) -> Percentiles {
        let at = |quantile| self.0.value_at_quantile(quantile);
        Percentiles {
            count: self.0.len(),
            p50_ns: at(0.5),
            p90_ns: at(0.9),
            p99_ns: at(0.99),
            p999_ns: at(0.999),
            p9999_ns: at(0.9999),
            max_ns: self.0.max(),
        }
    }
}

/// Percentiles of a latency, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// How many were measured.
    pub count: u64,
    /// The median.
    pub p50_ns: u64,
    /// 90 of 100 are at most this.
    pub p90_ns: u64,
    /// 99 of 100.
    pub p99_ns: u64,
    /// 999 of 1,000.
    pub p999_ns: u64,
    /// 9,999 of 10,000.
    pub p9999_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_ranks() {
        let (mut low, mut high) = (Latencies::default(), Latencies::default());
        (1..=500).for_each(|micros| low.record(Duration::from_micros(micros)));
        (501..=1_000).for_each(|micros| high.record(Duration::from_micros(micros)));
        low.add(&high);
        let percentiles = low.percentiles();
        assert_eq!(percentiles.count, 1_000);
        let near = |value: u64, micros: u64| value.abs_diff(micros * 1_000) <= micros;
        assert!(near(percentiles.p50_ns, 500) && near(percentiles.p90_ns, 900), "{percentiles:?}");
        assert!(near(percentiles.p99_ns, 990) && near(percentiles.max_ns, 1_000), "{percentiles:?}");
    }
}
