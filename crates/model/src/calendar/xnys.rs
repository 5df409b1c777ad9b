//! The New York Stock Exchange's days and hours, by rule.
//!
//! Owns US daylight saving time, the holidays, the early closes, and the short list of closures
//! that no rule foresees. It holds from 1990 on; the rules run on unchanged into the future, so an
//! announcement that differs from them becomes a row in a table here.

use super::{Date, ExtendedHours, Session};
use crate::Time;

const HOUR_SECONDS: i64 = 3_600;
const STANDARD_OFFSET_SECONDS: i64 = -5 * HOUR_SECONDS;
const DAYLIGHT_OFFSET_SECONDS: i64 = -4 * HOUR_SECONDS;

const PRE_MARKET_SECONDS: i64 = 4 * HOUR_SECONDS;
const OPEN_SECONDS: i64 = 9 * HOUR_SECONDS + HOUR_SECONDS / 2;
const CLOSE_SECONDS: i64 = 16 * HOUR_SECONDS;
const EARLY_CLOSE_SECONDS: i64 = 13 * HOUR_SECONDS;
/// Until the end of 1992 an early close meant two o'clock.
const EARLY_CLOSE_UNTIL_1992_SECONDS: i64 = 14 * HOUR_SECONDS;
const POST_MARKET_LENGTH_SECONDS: i64 = 4 * HOUR_SECONDS;

const SUNDAY: i32 = 0;
const MONDAY: i32 = 1;
const TUESDAY: i32 = 2;
const THURSDAY: i32 = 4;
const FRIDAY: i32 = 5;
const SATURDAY: i32 = 6;

/// Days closed by announcement.
const SPECIAL_CLOSURES: [Date; 11] = [
    Date::from_civil(1994, 4, 27), // funeral of Richard Nixon
    Date::from_civil(2001, 9, 11), // attacks of 11 September, and the days after
    Date::from_civil(2001, 9, 12),
    Date::from_civil(2001, 9, 13),
    Date::from_civil(2001, 9, 14),
    Date::from_civil(2004, 6, 11),  // mourning for Ronald Reagan
    Date::from_civil(2007, 1, 2),   // mourning for Gerald Ford
    Date::from_civil(2012, 10, 29), // hurricane Sandy
    Date::from_civil(2012, 10, 30),
    Date::from_civil(2018, 12, 5), // mourning for George H. W. Bush
    Date::from_civil(2025, 1, 9),  // mourning for Jimmy Carter
];

/// Early closes by announcement: the Fridays after a Thursday Christmas, and the eve of 2000.
const SPECIAL_EARLY_CLOSES: [Date; 3] =
    [Date::from_civil(1997, 12, 26), Date::from_civil(1999, 12, 31), Date::from_civil(2003, 12, 26)];

/// The regular session of a day in New York, or `None` when the exchange is closed.
pub(super) fn session(date: Date) -> Option<Session> {
    if matches!(date.weekday(), SUNDAY | SATURDAY) || is_holiday(date) || SPECIAL_CLOSURES.contains(&date) {
        return None;
    }
    let early_close = is_early_close(date);
    let close_seconds = match early_close {
        false => CLOSE_SECONDS,
        true if date.year() <= 1992 => EARLY_CLOSE_UNTIL_1992_SECONDS,
        true => EARLY_CLOSE_SECONDS,
    };
    Some(Session { open: at(date, OPEN_SECONDS), close: at(date, close_seconds), early_close })
}

/// Trading before and after the session of a day.
pub(super) fn extended_hours(date: Date) -> Option<ExtendedHours> {
    let session = session(date)?;
    Some(ExtendedHours {
        pre_market_open: at(date, PRE_MARKET_SECONDS),
        post_market_close: session.close.plus_nanos(POST_MARKET_LENGTH_SECONDS * 1_000_000_000),
    })
}

/// Midnight in New York at the start of a day. Clocks change at two in the morning, so midnight
/// still belongs to the time that ruled the day before.
pub(super) fn midnight(date: Date) -> Time {
    Time::from_seconds(date.midnight_utc().seconds() - day_offset_seconds(date.plus_days(-1)))
}

/// Seconds that New York's clock is ahead of UTC at an instant.
pub(super) fn utc_offset_seconds(time: Time) -> i64 {
    let (starts, ends) = daylight_saving(Date::of_utc(time).year());
    // Two o'clock local: of standard time in spring, of daylight time in autumn.
    let starts_at = starts.midnight_utc().seconds() + 2 * HOUR_SECONDS - STANDARD_OFFSET_SECONDS;
    let ends_at = ends.midnight_utc().seconds() + 2 * HOUR_SECONDS - DAYLIGHT_OFFSET_SECONDS;
    if (starts_at..ends_at).contains(&time.seconds()) { DAYLIGHT_OFFSET_SECONDS } else { STANDARD_OFFSET_SECONDS }
}

/// The instant that a New York wall clock shows this many seconds after midnight. For hours after
/// two in the morning, when the day's clock has settled.
fn at(date: Date, seconds: i64) -> Time {
    Time::from_seconds(date.midnight_utc().seconds() + seconds - day_offset_seconds(date))
}

/// The offset that rules on a day after two in the morning.
fn day_offset_seconds(date: Date) -> i64 {
    let (starts, ends) = daylight_saving(date.year());
    if starts <= date && date < ends { DAYLIGHT_OFFSET_SECONDS } else { STANDARD_OFFSET_SECONDS }
}

/// The Sundays on which daylight saving time starts and ends.
///
/// Source: Uniform Time Act as amended in 1986, and the Energy Policy Act of 2005 from 2007 on.
fn daylight_saving(year: i32) -> (Date, Date) {
    if year < 2007 {
        (nth_weekday(year, 4, SUNDAY, 1), last_weekday(year, 10, SUNDAY))
    } else {
        (nth_weekday(year, 3, SUNDAY, 2), nth_weekday(year, 11, SUNDAY, 1))
    }
}

fn is_holiday(date: Date) -> bool {
    let (year, month, day) = date.civil();
    match month {
        // A Saturday's new year is not made up for: the Friday closes the old year's books.
        1 => {
            let new_year = Date::from_civil(year, 1, 1);
            date == if new_year.weekday() == SUNDAY { new_year.plus_days(1) } else { new_year }
                || (year >= 1998 && date == nth_weekday(year, 1, MONDAY, 3))
        }
        2 => date == nth_weekday(year, 2, MONDAY, 3),
        3 | 4 => date == easter(year).plus_days(-2),
        5 => date == last_weekday(year, 5, MONDAY),
        6 => year >= 2022 && date == observed(Date::from_civil(year, 6, 19)),
        7 => date == observed(Date::from_civil(year, 7, 4)),
        9 => date == nth_weekday(year, 9, MONDAY, 1),
        11 => date == nth_weekday(year, 11, THURSDAY, 4),
        12 => day >= 24 && date == observed(Date::from_civil(year, 12, 25)),
        _ => false,
    }
}

fn is_early_close(date: Date) -> bool {
    let (year, month, day) = date.civil();
    let weekday = date.weekday();
    let is_rule = match (month, day) {
        // The eve of Independence Day. Before 2013, where that fell on a Thursday, the Friday
        // after it closed early instead.
        (7, 3) if year >= 2013 => (MONDAY..=THURSDAY).contains(&weekday),
        (7, 3) => year >= 1995 && matches!(weekday, MONDAY | TUESDAY | THURSDAY),
        (7, 5) => (1995..2013).contains(&year) && weekday == FRIDAY,
        (11, _) => year >= 1992 && date == nth_weekday(year, 11, THURSDAY, 4).plus_days(1),
        (12, 24) => (MONDAY..=THURSDAY).contains(&weekday),
        _ => false,
    };
    is_rule || SPECIAL_EARLY_CLOSES.contains(&date)
}

/// A Saturday's holiday is kept on the Friday before, a Sunday's on the Monday after.
fn observed(date: Date) -> Date {
    match date.weekday() {
        SATURDAY => date.plus_days(-1),
        SUNDAY => date.plus_days(1),
        _ => date,
    }
}

fn nth_weekday(year: i32, month: i32, weekday: i32, nth: i32) -> Date {
    let first = Date::from_civil(year, month, 1);
    first.plus_days((weekday - first.weekday()).rem_euclid(7) + 7 * (nth - 1))
}

/// For months that have a next one in the same year.
fn last_weekday(year: i32, month: i32, weekday: i32) -> Date {
    nth_weekday(year, month + 1, weekday, 1).plus_days(-7)
}

/// Easter Sunday of the Gregorian calendar. Source: the anonymous algorithm of 1876, as Meeus
/// gives it in "Astronomical Algorithms", chapter 8.
fn easter(year: i32) -> Date {
    let golden = year % 19;
    let (century, year_of_century) = (year / 100, year % 100);
    let correction = (century + 8) / 25;
    let epact = (19 * golden + century - century / 4 - (century - correction + 1) / 3 + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (year_of_century / 4) - epact - year_of_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let sum = epact + weekday - 7 * late + 114;
    Date::from_civil(year, sum / 31, sum % 31 + 1)
}
