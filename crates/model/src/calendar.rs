//! Trading calendars: when an instrument's market is open.
//!
//! Own rules, in integers, because every library that was compared has wrong dates. The rules
//! reproduce the official sessions of the New York Stock Exchange from 1990 on, checked day by day
//! against an independent list. This module reads no clock: every answer depends on its arguments
//! alone.

mod xnys;

use crate::{CalendarId, Time};

const SECONDS_PER_DAY: i64 = 86_400;

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    days: i32,
}

impl Date {
    /// From days since 1970-01-01.
    #[must_use]
    pub const fn from_days(days: i32) -> Self {
        Self { days }
    }

    /// From year, month (1 to 12) and day (1 to 31). Howard Hinnant's `days_from_civil`.
    #[must_use]
    pub const fn from_civil(year: i32, month: i32, day: i32) -> Self {
        let shifted = if month <= 2 { year - 1 } else { year };
        let era = shifted.div_euclid(400);
        let year_of_era = shifted.rem_euclid(400);
        let month_from_march = (month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self { days: era * 146_097 + day_of_era - 719_468 }
    }

    /// The day in UTC that holds an instant.
    #[must_use]
    pub fn of_utc(time: Time) -> Self {
        let days = time.seconds().div_euclid(SECONDS_PER_DAY);
        Self { days: i32::try_from(days).expect("an i64 of nanoseconds spans 292 years") }
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i32 {
        self.days
    }

    /// Year, month, day. Howard Hinnant's `civil_from_days`.
    #[must_use]
    pub const fn civil(self) -> (i32, i32, i32) {
        let shifted = self.days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month, day)
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.civil().0
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> i32 {
        self.civil().1
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> i32 {
        self.civil().2
    }

    /// The day of the week, 0 for Sunday to 6 for Saturday.
    #[must_use]
    pub const fn weekday(self) -> i32 {
        (self.days + 4).rem_euclid(7)
    }

    /// The day this many later.
    #[must_use]
    pub const fn plus_days(self, days: i32) -> Self {
        Self { days: self.days + days }
    }

    /// Midnight UTC at its start.
    #[must_use]
    pub const fn midnight_utc(self) -> Time {
        Time::from_seconds(self.days as i64 * SECONDS_PER_DAY)
    }
}

/// One stretch of regular trading, open included, close excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The first instant of trading.
    pub open: Time,
    /// The first instant after it.
    pub close: Time,
    /// Whether it closes before the usual hour.
    pub early_close: bool,
}

impl Session {
    /// Whether the market trades at this instant of the session.
    #[must_use]
    pub fn contains(&self, time: Time) -> bool {
        self.open <= time && time < self.close
    }
}

/// The session of a calendar on a day of its own zone, or `None` when it does not trade that day.
#[must_use]
pub fn session_on(calendar: CalendarId, date: Date) -> Option<Session> {
    match calendar {
        CalendarId::AlwaysOpen => Some(Session {
            open: date.midnight_utc(),
            close: date.plus_days(1).midnight_utc(),
            early_close: false,
        }),
        CalendarId::Xnys => xnys::session(date),
    }
}

/// The session that contains an instant, or else the next one after it.
#[must_use]
pub fn session_at_or_after(calendar: CalendarId, time: Time) -> Session {
    // A zone is at most a day away from UTC, and no calendar closes for three weeks.
    let today = Date::of_utc(time);
    (-1..=21)
        .filter_map(|offset| session_on(calendar, today.plus_days(offset)))
        .find(|session| time < session.close)
        .expect("every calendar trades at least once in three weeks")
}

/// Whether a market trades at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketState {
    /// It trades.
    Open {
        /// The session that is running.
        session: Session,
    },
    /// It does not.
    Closed {
        /// The session that comes next.
        next: Session,
    },
}

/// Whether a calendar's market trades at an instant, and the session that matters then.
#[must_use]
pub fn market_state(calendar: CalendarId, time: Time) -> MarketState {
    let session = session_at_or_after(calendar, time);
    if session.contains(time) { MarketState::Open { session } } else { MarketState::Closed { next: session } }
}

/// The day that an instant falls on in the calendar's own zone: New York, or UTC where it is
/// always open.
#[must_use]
pub fn local_date(calendar: CalendarId, time: Time) -> Date {
    Date::of_utc(time.plus_nanos(utc_offset_seconds(calendar, time) * 1_000_000_000))
}

/// Seconds that the calendar's local clock is ahead of UTC at an instant (negative in New York).
#[must_use]
pub fn utc_offset_seconds(calendar: CalendarId, time: Time) -> i64 {
    match calendar {
        CalendarId::AlwaysOpen => 0,
        CalendarId::Xnys => xnys::utc_offset_seconds(time),
    }
}

/// The instant at which a day begins on the calendar's local clock.
#[must_use]
pub fn local_midnight(calendar: CalendarId, date: Date) -> Time {
    match calendar {
        CalendarId::AlwaysOpen => date.midnight_utc(),
        CalendarId::Xnys => xnys::midnight(date),
    }
}

/// The stretches before and after the regular session in which venues trade on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedHours {
    /// The first instant of trading before the session, which ends at its open.
    pub pre_market_open: Time,
    /// The first instant after the trading that follows the session's close.
    pub post_market_close: Time,
}

/// The extended hours around a day's session, or `None` where there are none: on days without a
/// session, and in a calendar that never closes.
///
/// In New York from 04:00 to the open, and for four hours after the close: to 20:00, or to 17:00
/// when it closes early.
#[must_use]
pub fn extended_hours_on(calendar: CalendarId, date: Date) -> Option<ExtendedHours> {
    match calendar {
        CalendarId::AlwaysOpen => None,
        CalendarId::Xnys => xnys::extended_hours(date),
    }
}
