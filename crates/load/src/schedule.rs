//! When things are due: fixed before the first of them, so that no answer can delay the next.

use crate::Arrivals;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::time::Duration;

/// Arrivals of a random schedule, so that its memory stays small: 8 bytes each.
const RANDOM_ARRIVALS_MAX: u64 = 50_000_000;

/// The due times of a number of arrivals, counted from a common start.
#[derive(Clone, Debug)]
pub struct Schedule {
    per_second: u64,
    count: u64,
    /// Nanoseconds of each arrival; empty where they are at equal distances.
    random: Vec<u64>,
}

impl Schedule {
    /// The arrivals of this long at this rate. Of a random schedule the first 50 million are kept.
    #[must_use]
    pub fn new(arrivals: Arrivals, per_second: u64, lasting: Duration, seed: u64) -> Self {
        let nanos = u64::try_from(lasting.as_nanos()).unwrap_or(u64::MAX);
        let count = u128::from(per_second) * u128::from(nanos) / 1_000_000_000;
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        match arrivals {
            Arrivals::Constant => Self { per_second, count, random: Vec::new() },
            Arrivals::Poisson => {
                let random = poisson(per_second, nanos, count, seed);
                Self { per_second, count: random.len() as u64, random }
            }
        }
    }

    /// How many arrivals there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// When one is due, from the start; what is beyond the last is due with it.
    #[must_use]
    pub fn due(&self, index: u64) -> Duration {
        if !self.random.is_empty() {
            let place = usize::try_from(index).unwrap_or(usize::MAX).min(self.random.len() - 1);
            return Duration::from_nanos(self.random[place]);
        }
        let nanos = u128::from(index) * 1_000_000_000 / u128::from(self.per_second.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many are due by then.
    #[must_use]
    pub fn due_by(&self, elapsed: Duration) -> u64 {
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        if !self.random.is_empty() {
            return self.random.partition_point(|due| *due <= nanos) as u64;
        }
        let due = u128::from(nanos) * u128::from(self.per_second) / 1_000_000_000;
        u64::try_from(due).unwrap_or(u64::MAX).saturating_add(1).min(self.count)
    }
}

fn poisson(per_second: u64, nanos: u64, expected: u64, seed: u64) -> Vec<u64> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut dues = Vec::with_capacity(usize::try_from(expected.min(RANDOM_ARRIVALS_MAX)).unwrap_or(0));
    #[expect(clippy::cast_precision_loss, reason = "a rate far below 2^53")]
    let mean = 1e9 / per_second.max(1) as f64;
    let mut at = 0.0_f64;
    loop {
        // The distance between independent arrivals is distributed exponentially.
        at += -(1.0 - random.random::<f64>()).ln() * mean;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is above zero"
        )]
        let due = at as u64;
        if due >= nanos || dues.len() as u64 >= RANDOM_ARRIVALS_MAX || per_second == 0 {
            return dues;
        }
        dues.push(due);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_arrivals_are_equally_far_apart() {
        let schedule = Schedule::new(Arrivals::Constant, 4, Duration::from_secs(2), 1);
        assert_eq!(schedule.count(), 8);
        assert_eq!(schedule.due(0), Duration::ZERO);
        assert_eq!(schedule.due(5), Duration::from_millis(1_250));
        let by = |millis| schedule.due_by(Duration::from_millis(millis));
        assert_eq!((by(0), by(249), by(250), by(1_999), by(9_999)), (1, 1, 2, 8, 8));
    }

    #[test]
    fn random_arrivals_are_the_same_for_the_same_seed_and_have_the_mean() {
        let of = |seed| Schedule::new(Arrivals::Poisson, 1_000, Duration::from_secs(10), seed);
        let (first, again, other) = (of(7), of(7), of(8));
        assert_eq!(first.random, again.random);
        assert_ne!(first.random, other.random);
        // 10,000 expected; the standard deviation is 100.
        assert!((9_500..10_500).contains(&first.count()), "{}", first.count());
        assert!(first.random.is_sorted());
        assert_eq!(first.due_by(Duration::from_secs(10)), first.count());
        assert_eq!(first.due_by(first.due(41)), 42);
    }

    #[test]
    fn a_rate_of_nothing_has_no_arrivals() {
        for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
            assert_eq!(Schedule::new(arrivals, 0, Duration::from_secs(1), 1).count(), 0);
        }
    }
}
