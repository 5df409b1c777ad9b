//! Instants, as data: nobody in the pure rooms reads a clock.

use core::fmt;
use rkyv::{Archive, Deserialize, Serialize};

/// Nanoseconds in one second.
const NANOS: i64 = 1_000_000_000;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// Before every instant that is used.
    pub const EARLIEST: Self = Self(0);
    /// After every instant that is used: "never", for timers.
    pub const NEVER: Self = Self(i64::MAX);

    /// From nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From seconds since the epoch.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * NANOS)
    }

    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000_000)
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(NANOS)
    }

    /// The instant this many nanoseconds later, or [`Time::NEVER`] beyond the end.
    #[must_use]
    pub const fn plus_nanos(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Nanoseconds from `earlier` to here.
    #[must_use]
    pub const fn nanos_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The later of two.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Ord::max(self, other)
    }
}

/// RFC 3339 in UTC with as many digits of a second as are needed: `2013-10-07T13:30:00.005Z`.
impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = crate::calendar::Date::from_days(i32::try_from(self.seconds().div_euclid(86_400)).unwrap_or(0));
        let second = self.seconds().rem_euclid(86_400);
        let nanos = self.0.rem_euclid(NANOS);
        write!(
            out,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            date.year(),
            date.month(),
            date.day(),
            second / 3_600,
            second / 60 % 60,
            second % 60
        )?;
        match nanos {
            0 => out.write_str("Z"),
            nanos if nanos % 1_000_000 == 0 => write!(out, ".{:03}Z", nanos / 1_000_000),
            nanos if nanos % 1_000 == 0 => write!(out, ".{:06}Z", nanos / 1_000),
            nanos => write!(out, ".{nanos:09}Z"),
        }
    }
}
