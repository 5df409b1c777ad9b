//! When a tick is due.
//!
//! Owns the relation between the machine's clock, which it is told, and the tape's. It reads no
//! clock itself. Invariant: the tape's position never goes back, however often the rate changes.

use model::Time;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// How fast the tape moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rate {
    Stopped,
    Times(NonZeroU32),
    Unbounded,
}

/// A tape's position over time.
#[derive(Debug)]
pub(super) struct Pacer {
    rate: Rate,
    anchored_at: Instant,
    /// The tape's time at the anchor; `None` until the first tick sets it.
    position: Option<Time>,
}

impl Pacer {
    pub(super) const fn new(now: Instant, rate: Rate) -> Self {
        Self { rate, anchored_at: now, position: None }
    }

    /// Changes the rate from here on.
    pub(super) fn set_rate(&mut self, now: Instant, rate: Rate) {
        self.position = self.position_at(now);
        self.anchored_at = now;
        self.rate = rate;
    }

    /// How long until a tick is due: nothing when it is, `None` while the tape stands still.
    pub(super) fn wait_for(&mut self, now: Instant, tick: Time) -> Option<Duration> {
        let times = match self.rate {
            Rate::Stopped => return None,
            Rate::Unbounded => {
                // Where the tape goes on from when it slows down.
                self.position = Some(self.position.map_or(tick, |position| position.max(tick)));
                return Some(Duration::ZERO);
            }
            Rate::Times(times) => times,
        };
        let Some(position) = self.position_at(now) else {
            self.position = Some(tick);
            self.anchored_at = now;
            return Some(Duration::ZERO);
        };
        let ahead = u64::try_from(tick.nanos_since(position)).unwrap_or(0);
        // Rounded up: a wait that is over is never a nanosecond short.
        Some(Duration::from_nanos(ahead.div_ceil(u64::from(times.get()))))
    }

    fn position_at(&self, now: Instant) -> Option<Time> {
        let times = match self.rate {
            Rate::Stopped | Rate::Unbounded => return self.position,
            Rate::Times(times) => times,
        };
        let elapsed = now.saturating_duration_since(self.anchored_at).as_nanos();
        let moved = i64::try_from(elapsed.saturating_mul(u128::from(times.get()))).unwrap_or(i64::MAX);
        self.position.map(|position| position.plus_nanos(moved))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(count: u32) -> Rate {
        Rate::Times(NonZeroU32::new(count).expect("above nothing"))
    }

    const fn tape(millis: i64) -> Time {
        Time::from_millis(1_000_000 + millis)
    }

    const fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn the_first_tick_is_due_at_once_and_the_next_after_the_tapes_distance() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, times(1));
        assert_eq!(pacer.wait_for(start + millis(70), tape(0)), Some(Duration::ZERO));
        assert_eq!(pacer.wait_for(start + millis(70), tape(500)), Some(millis(500)));
        assert_eq!(pacer.wait_for(start + millis(170), tape(500)), Some(millis(400)));
        assert_eq!(pacer.wait_for(start + millis(570), tape(500)), Some(Duration::ZERO));
        // What is late is due at once, and so is what is older than the tape's position.
        assert_eq!(pacer.wait_for(start + millis(900), tape(500)), Some(Duration::ZERO));
    }

    #[test]
    fn a_faster_tape_waits_a_fraction() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, times(10));
        assert_eq!(pacer.wait_for(start, tape(0)), Some(Duration::ZERO));
        assert_eq!(pacer.wait_for(start, tape(500)), Some(millis(50)));
        assert_eq!(pacer.wait_for(start + millis(20), tape(500)), Some(millis(30)));
    }

    #[test]
    fn a_change_of_rate_counts_from_where_the_tape_is() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, times(1));
        assert_eq!(pacer.wait_for(start, tape(0)), Some(Duration::ZERO));
        // 400 ms of 1,000 are behind when the rate doubles: 600 are left, and take 300.
        pacer.set_rate(start + millis(400), times(2));
        assert_eq!(pacer.wait_for(start + millis(400), tape(1_000)), Some(millis(300)));
    }

    #[test]
    fn a_pause_stops_the_tape_and_costs_nothing_of_it() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, times(1));
        assert_eq!(pacer.wait_for(start, tape(0)), Some(Duration::ZERO));
        pacer.set_rate(start + millis(400), Rate::Stopped);
        assert_eq!(pacer.wait_for(start + millis(9_000), tape(1_000)), None);
        pacer.set_rate(start + millis(9_000), times(1));
        assert_eq!(pacer.wait_for(start + millis(9_000), tape(1_000)), Some(millis(600)));
    }

    #[test]
    fn full_speed_never_waits_and_slows_down_from_its_last_tick() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, Rate::Unbounded);
        assert_eq!(pacer.wait_for(start, tape(0)), Some(Duration::ZERO));
        assert_eq!(pacer.wait_for(start, tape(5_000)), Some(Duration::ZERO));
        pacer.set_rate(start + millis(10), times(1));
        assert_eq!(pacer.wait_for(start + millis(10), tape(5_250)), Some(millis(250)));
    }
}
