//! The trading calendars against an independent list of sessions, and at their corners.
//!
//! Owns no rule itself: every expected value is a published date or a line of the reference list.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test says what it skips, and fails by panicking")]

use model::calendar::{
    Date, MarketState, extended_hours_on, local_date, local_midnight, market_state, session_at_or_after,
    session_on, utc_offset_seconds,
};
use model::{CalendarId, Time};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn reference(name: &str) -> Option<String> {
    let root = std::env::var_os("PAPERTAPE_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let text = std::fs::read_to_string(root.join("05_calendar").join(name)).ok();
    if text.is_none() {
        println!("skipped: no reference list {name}");
    }
    text
}

fn date(text: &str) -> Date {
    let parts: Vec<i32> = text.split('-').map(|part| part.parse().unwrap()).collect();
    Date::from_civil(parts[0], parts[1], parts[2])
}

/// `2026-03-06T21:00:00Z` to an instant.
fn instant(text: &str) -> Time {
    let (day, clock) = text.trim_end_matches('Z').split_once('T').unwrap();
    let parts: Vec<i64> = clock.split(':').map(|part| part.parse().unwrap()).collect();
    let seconds = i64::from(date(day).days()) * 86_400 + parts[0] * 3_600 + parts[1] * 60 + parts[2];
    Time::from_seconds(seconds)
}

fn check_session(day: &str, open: &str, close: &str) {
    let session = session_on(CalendarId::Xnys, date(day)).unwrap_or_else(|| panic!("{day} has a session"));
    assert_eq!((session.open, session.close), (instant(open), instant(close)), "{day}");
}

#[test]
fn every_day_from_1990_to_2027_is_as_the_reference_list_says() {
    let Some(text) = reference("xnys_sessions_1990_2027.csv") else { return };
    let listed: BTreeMap<Date, (Time, Time, bool)> = text
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (date(fields[0]), (instant(fields[1]), instant(fields[2]), fields[5] == "1"))
        })
        .collect();
    assert_eq!(listed.len(), 9_569);
    let mut day = Date::from_civil(1990, 1, 1);
    while day <= Date::from_civil(2027, 12, 31) {
        let ours =
            session_on(CalendarId::Xnys, day).map(|session| (session.open, session.close, session.early_close));
        assert_eq!(ours, listed.get(&day).copied(), "{:?}", day.civil());
        day = day.plus_days(1);
    }
}

#[test]
fn every_listed_weekday_closure_is_closed() {
    let Some(text) = reference("xnys_weekday_closures_1990_2027.csv") else { return };
    for line in text.lines().skip(1) {
        let day = date(line.split(',').next().unwrap());
        assert_eq!(session_on(CalendarId::Xnys, day), None, "{line}");
    }
}

#[test]
fn announced_early_closes_end_at_one_o_clock() {
    // The exchange's published hours for 2027 to 2029; all fall in standard time but July.
    for day in ["2027-11-26", "2028-11-24", "2029-11-23", "2029-12-24"] {
        check_session(day, &format!("{day}T14:30:00Z"), &format!("{day}T18:00:00Z"));
    }
    for day in ["2028-07-03", "2029-07-03"] {
        check_session(day, &format!("{day}T13:30:00Z"), &format!("{day}T17:00:00Z"));
    }
}

#[test]
fn a_saturday_new_year_is_not_made_up_for() {
    // 1 January 2028 is a Saturday: the Friday before is a full day, and so is Monday the 3rd.
    check_session("2027-12-31", "2027-12-31T14:30:00Z", "2027-12-31T21:00:00Z");
    check_session("2028-01-03", "2028-01-03T14:30:00Z", "2028-01-03T21:00:00Z");
}

#[test]
fn the_close_follows_new_york_early_and_over_the_change_of_clocks() {
    check_session("2025-11-28", "2025-11-28T14:30:00Z", "2025-11-28T18:00:00Z");
    check_session("2026-03-06", "2026-03-06T14:30:00Z", "2026-03-06T21:00:00Z");
    check_session("2026-03-09", "2026-03-09T13:30:00Z", "2026-03-09T20:00:00Z");
    check_session("2026-10-30", "2026-10-30T13:30:00Z", "2026-10-30T20:00:00Z");
    check_session("2026-11-02", "2026-11-02T14:30:00Z", "2026-11-02T21:00:00Z");
}

#[test]
fn the_offset_changes_at_two_in_the_morning() {
    let hours = |text: &str| utc_offset_seconds(CalendarId::Xnys, instant(text)) / 3_600;
    assert_eq!(hours("2026-03-08T06:59:59Z"), -5);
    assert_eq!(hours("2026-03-08T07:00:00Z"), -4);
    assert_eq!(hours("2026-11-01T05:59:59Z"), -4);
    assert_eq!(hours("2026-11-01T06:00:00Z"), -5);
    // Old rule: first Sunday of April to last Sunday of October.
    assert_eq!(hours("2006-04-02T06:59:59Z"), -5);
    assert_eq!(hours("2006-04-02T07:00:00Z"), -4);
    assert_eq!(hours("2006-10-29T06:00:00Z"), -5);
}

#[test]
fn local_days_begin_at_new_york_midnight() {
    let midnight = |day: &str| local_midnight(CalendarId::Xnys, date(day));
    assert_eq!(midnight("2013-10-07"), instant("2013-10-07T04:00:00Z"));
    // On the days of the change midnight still has the old offset.
    assert_eq!(midnight("2026-03-08"), instant("2026-03-08T05:00:00Z"));
    assert_eq!(midnight("2026-03-09"), instant("2026-03-09T04:00:00Z"));
    assert_eq!(midnight("2026-11-01"), instant("2026-11-01T04:00:00Z"));
    assert_eq!(midnight("2026-11-02"), instant("2026-11-02T05:00:00Z"));
    let day_of = |text: &str| local_date(CalendarId::Xnys, instant(text));
    assert_eq!(day_of("2026-03-10T03:59:59Z"), date("2026-03-09"));
    assert_eq!(day_of("2026-03-10T04:00:00Z"), date("2026-03-10"));
    assert_eq!(local_date(CalendarId::AlwaysOpen, instant("2026-03-10T03:59:59Z")), date("2026-03-10"));
}

#[test]
fn a_market_is_open_from_the_open_until_just_before_the_close() {
    let is_open = |text: &str| matches!(market_state(CalendarId::Xnys, instant(text)), MarketState::Open { .. });
    // The day before Independence Day 2025 closes at 13:00 New York.
    assert!(!is_open("2025-07-03T13:29:59Z"));
    assert!(is_open("2025-07-03T13:30:00Z"));
    assert!(is_open("2025-07-03T16:59:59Z"));
    assert!(!is_open("2025-07-03T17:00:00Z"));
}

#[test]
fn a_closed_market_names_the_next_session_over_holidays_and_weekends() {
    let next = |text: &str| match market_state(CalendarId::Xnys, instant(text)) {
        MarketState::Open { session } => panic!("open: {session:?}"),
        MarketState::Closed { next } => next.open,
    };
    assert_eq!(next("2025-07-03T17:00:00Z"), instant("2025-07-07T13:30:00Z"));
    assert_eq!(next("2001-09-11T13:30:00Z"), instant("2001-09-17T13:30:00Z"));
    // Late on a Friday in New York it is already Saturday in UTC.
    assert_eq!(next("2026-11-21T01:00:00Z"), instant("2026-11-23T14:30:00Z"));
    assert_eq!(next("2026-11-23T00:00:00Z"), instant("2026-11-23T14:30:00Z"));
}

#[test]
fn the_always_open_market_turns_its_day_at_midnight_utc() {
    let session = session_at_or_after(CalendarId::AlwaysOpen, instant("2026-07-04T12:00:00Z"));
    assert_eq!(session.open, instant("2026-07-04T00:00:00Z"));
    assert_eq!(session.close, instant("2026-07-05T00:00:00Z"));
    assert_eq!(
        market_state(CalendarId::AlwaysOpen, instant("2026-07-04T00:00:00Z")),
        MarketState::Open { session }
    );
    assert_eq!(extended_hours_on(CalendarId::AlwaysOpen, date("2026-07-04")), None);
}

#[test]
fn extended_hours_run_from_four_to_eight_or_to_five_after_an_early_close() {
    let hours = extended_hours_on(CalendarId::Xnys, date("2026-11-23")).unwrap();
    assert_eq!(hours.pre_market_open, instant("2026-11-23T09:00:00Z"));
    assert_eq!(hours.post_market_close, instant("2026-11-24T01:00:00Z"));
    let early = extended_hours_on(CalendarId::Xnys, date("2026-11-27")).unwrap();
    assert_eq!(early.post_market_close, instant("2026-11-27T22:00:00Z"));
    assert_eq!(extended_hours_on(CalendarId::Xnys, date("2026-11-26")), None);
}
