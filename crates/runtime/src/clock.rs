//! Engine time: where instants come from before they are data.
//!
//! The only place of this crate that reads the machine's clock for engine time. Its invariant:
//! whatever the machine's clock does, engine time never goes back.

use crate::ClockMode;
use model::Time;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

/// Nanoseconds since 1970 by the machine's clock; 0 for a clock that stands before that.
fn machine_nanos() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_nanos()).ok())
        .unwrap_or(0)
}

/// What stands for the machine's clock.
#[derive(Clone, Debug, Default)]
pub(crate) enum Wall {
    /// The machine's clock itself.
    #[default]
    Machine,
    /// A clock that its owner moves, in nanoseconds since 1970.
    Hand(Arc<AtomicI64>),
}

impl Wall {
    fn nanos(&self) -> i64 {
        match self {
            Self::Machine => machine_nanos(),
            Self::Hand(nanos) => nanos.load(Ordering::Relaxed),
        }
    }
}

/// The clock that threads share.
#[derive(Debug)]
pub(crate) struct Clock {
    mode: ClockMode,
    wall: Wall,
    /// The latest stamp that the sequencer gave; written by it alone.
    stamped: AtomicI64,
}

impl Clock {
    /// A clock that goes on from this instant.
    pub(crate) fn new(mode: ClockMode, wall: Wall, from: Time) -> Self {
        Self { mode, wall, stamped: AtomicI64::new(from.nanos()) }
    }

    /// Nanoseconds since 1970 by the wall clock.
    pub(crate) fn wall_nanos(&self) -> i64 {
        self.wall.nanos()
    }

    /// Goes on no earlier than another clock stands. Called by the one sequencer.
    pub(crate) fn go_on_after(&self, before: &Self) {
        self.stamped.fetch_max(before.stamped.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// The latest stamp.
    pub(crate) fn stamped(&self) -> Time {
        Time::from_nanos(self.stamped.load(Ordering::Relaxed))
    }

    /// Where time comes from.
    pub(crate) fn mode(&self) -> ClockMode {
        self.mode
    }

    /// The stamp of a tick that arrives at `arrival` (wall clock) and says `exchange`. Called by the
    /// one sequencer.
    pub(crate) fn stamp(&self, arrival: i64, exchange: Time) -> Time {
        let source = match self.mode {
            ClockMode::Wall => arrival,
            ClockMode::Feed => exchange.nanos(),
        };
        let stamp = source.max(self.stamped.load(Ordering::Relaxed));
        self.stamped.store(stamp, Ordering::Relaxed);
        Time::from_nanos(stamp)
    }

    /// The instant at which something that is no tick happens, for one who has seen `seen`.
    pub(crate) fn now(&self, seen: Time) -> Time {
        match self.mode {
            ClockMode::Wall => seen.max(Time::from_nanos(self.wall_nanos())),
            ClockMode::Feed => seen,
        }
    }

    /// Engine time as readers see it.
    pub(crate) fn latest(&self) -> Time {
        self.now(Time::from_nanos(self.stamped.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feed_time_follows_the_feed_and_never_goes_back() {
        let clock = Clock::new(ClockMode::Feed, Wall::Machine, Time::from_nanos(5));
        assert_eq!(clock.stamp(100, Time::from_nanos(3)), Time::from_nanos(5));
        assert_eq!(clock.stamp(100, Time::from_nanos(9)), Time::from_nanos(9));
        assert_eq!(clock.stamp(100, Time::from_nanos(8)), Time::from_nanos(9));
        assert_eq!(clock.latest(), Time::from_nanos(9));
        assert_eq!(clock.now(Time::from_nanos(7)), Time::from_nanos(7));
    }

    #[test]
    fn wall_time_ignores_the_feed_and_never_goes_back() {
        let clock = Clock::new(ClockMode::Wall, Wall::Machine, Time::from_nanos(50));
        assert_eq!(clock.stamp(40, Time::from_nanos(999)), Time::from_nanos(50));
        assert_eq!(clock.stamp(60, Time::from_nanos(1)), Time::from_nanos(60));
    }
}
