//! The clock that prices move by: days of usual volatility that have passed at an instant.
//!
//! A market that never closes has one such day in 24 hours. One that keeps sessions has five in
//! every week from Monday, UTC: most of them pass in its sessions, the rest while it is closed, so
//! that it opens with a gap. The invariant: time never stands still, and both clocks show a whole
//! number of weeks at the same instants.

use super::process::to_float_steps;
use model::CalendarId;
use model::calendar::{Date, session_on};

pub(super) const DAY_NS: i64 = 86_400_000_000_000;
pub(super) const WEEK_NS: i64 = 7 * DAY_NS;
/// Monday 1970-01-05, the first beginning of a week since 1970.
const FIRST_WEEK_DAYS: i64 = 4;
/// Days that pass in a week of sessions: holidays make the days that are left livelier.
const SESSIONS_PER_WEEK: f64 = 5.0;
/// Part of a day's variance that belongs to the hours without a session (guess: a fifth to a third
/// for US shares).
const CLOSED_SHARE: f64 = 0.25;

/// The week that begins at or before an instant, counted from the first one since 1970.
pub(super) const fn week_of(time: i64) -> i64 {
    (time - FIRST_WEEK_DAYS * DAY_NS).div_euclid(WEEK_NS)
}

/// The first instant of a week.
pub(super) const fn week_begin(week: i64) -> i64 {
    week * WEEK_NS + FIRST_WEEK_DAYS * DAY_NS
}

/// Tells volatility's time; remembers the week it was asked about last.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    calendar: CalendarId,
    week: Option<i64>,
    /// Instants of that week at which the pace changes, and the days passed until then.
    marks: Vec<(i64, f64)>,
}

impl Clock {
    pub(super) const fn new(calendar: CalendarId) -> Self {
        Self { calendar, week: None, marks: Vec::new() }
    }

    /// Days of a week.
    pub(super) const fn days_per_week(&self) -> f64 {
        match self.calendar {
            CalendarId::AlwaysOpen => 7.0,
            CalendarId::Xnys => SESSIONS_PER_WEEK,
        }
    }

    /// Days that passed until an instant.
    pub(super) fn days(&mut self, time: i64) -> f64 {
        let week = week_of(time);
        let begin = week_begin(week);
        let before = to_float_steps(week) * self.days_per_week();
        if time == begin {
            return before;
        }
        match self.calendar {
            CalendarId::AlwaysOpen => before + to_float_steps(time - begin) / to_float_steps(DAY_NS),
            CalendarId::Xnys => before + self.days_into(week, time),
        }
    }

    fn days_into(&mut self, week: i64, time: i64) -> f64 {
        if self.week != Some(week) {
            self.mark(week);
        }
        let next = self.marks.partition_point(|(at, _)| *at <= time).min(self.marks.len() - 1);
        let ((begin, days), (end, days_later)) = (self.marks[next - 1], self.marks[next]);
        days + (days_later - days) * (to_float_steps(time - begin) / to_float_steps(end - begin))
    }

    /// Half a closed stretch, then sessions with a closed stretch between each two, then half a one.
    fn mark(&mut self, week: i64) {
        let monday = week * 7 + FIRST_WEEK_DAYS;
        let sessions: Vec<_> = (monday..monday + 7)
            .filter_map(|day| session_on(self.calendar, Date::from_days(i32::try_from(day).ok()?)))
            .collect();
        let each = SESSIONS_PER_WEEK / to_float_steps(i64::try_from(sessions.len()).unwrap_or(1).max(1));
        let mut days = each * CLOSED_SHARE / 2.0;
        self.week = Some(week);
        self.marks.clear();
        self.marks.push((week_begin(week), 0.0));
        for session in &sessions {
            self.marks.push((session.open.nanos(), days));
            days += each * (1.0 - CLOSED_SHARE);
            self.marks.push((session.close.nanos(), days));
            days += each * CLOSED_SHARE;
        }
        self.marks.push((week_begin(week + 1), SESSIONS_PER_WEEK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday 2024-07-01T00:00:00Z: a week with a half day on Wednesday and a holiday on Thursday.
    const MONDAY: i64 = 1_719_792_000;

    fn at(seconds: i64) -> i64 {
        (MONDAY + seconds) * 1_000_000_000
    }

    #[test]
    fn a_week_of_sessions_has_five_days_most_of_them_in_the_sessions() {
        let mut clock = Clock::new(CalendarId::Xnys);
        let begin = clock.days(at(0));
        // Four sessions share five days: each has 0.9375 of 1.25, and each closed stretch 0.3125.
        // New York opens at 13:30 and closes at 20:00 UTC, on the half day at 17:00.
        let expected = [
            (13 * 3_600 + 1_800, 0.15625),
            (20 * 3_600, 1.09375),
            (86_400 + 13 * 3_600 + 1_800, 1.40625),
            (2 * 86_400 + 13 * 3_600 + 1_800, 2.65625),
            (2 * 86_400 + 17 * 3_600, 3.59375),
            (4 * 86_400 + 20 * 3_600, 4.84375),
            (7 * 86_400, 5.0),
        ];
        for (seconds, days) in expected {
            assert!((clock.days(at(seconds)) - begin - days).abs() < 1e-9, "{seconds}");
        }
    }

    #[test]
    fn a_market_that_never_closes_has_a_day_a_day() {
        let mut clock = Clock::new(CalendarId::AlwaysOpen);
        let begin = clock.days(at(-86_400 * 30));
        assert!((clock.days(at(43_200)) - begin - 30.5).abs() < 1e-9);
    }
}
