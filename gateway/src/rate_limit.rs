//! How many requests one user may send: a bucket for each, by the wall clock. Off unless configured.

use crate::problem::Problem;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use model::UserId;
use std::num::NonZeroU32;

/// A limit per user, or none.
pub(crate) struct RateLimit {
    limiter: Option<DefaultKeyedRateLimiter<u32>>,
}

impl RateLimit {
    /// So many requests a second, twice that at once; 0 is no limit.
    pub(crate) fn per_second(rate: u32) -> Self {
        let limiter = NonZeroU32::new(rate).map(|rate| {
            let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(1));
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        });
        Self { limiter }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub(crate) fn check(&self, user: UserId) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check_key(&user.get()).map_err(|early| {
            let wait = early.wait_time_from(DefaultClock::default().now());
            Problem::too_many_requests(wait.as_secs() + 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_burst_passes_and_the_next_waits() {
        let limit = RateLimit::per_second(2);
        let passed = (0..20).filter(|_| limit.check(UserId::new(1)).is_ok()).count();
        assert!((4..=6).contains(&passed), "{passed}");
        assert!(limit.check(UserId::new(2)).is_ok(), "another user has a bucket of its own");
        let unlimited = RateLimit::per_second(0);
        assert!((0..1_000).all(|_| unlimited.check(UserId::new(1)).is_ok()));
    }
}
