//! RFC 3339 times to nanoseconds, without allocation.

use super::digits;
use model::Time;
use model::calendar::Date;

/// Parses `2021-02-22T15:51:45.3355677Z`, or with an offset such as `-05:00`. Digits beyond the
/// nanosecond are dropped. `None` when it is not such a time, or before 1970 or after 2261.
pub(super) fn parse(text: &[u8]) -> Option<Time> {
    let (head, tail) = text.split_first_chunk::<19>()?;
    let seconds = civil_seconds(head)?;
    let (nanos, zone) = fraction(tail)?;
    let seconds = seconds - offset(zone)?;
    (seconds >= 0).then(|| Time::from_nanos(seconds * 1_000_000_000 + nanos))
}

/// Seconds since 1970 of `2021-02-22T15:51:45` without a zone. Two words cover all but the seconds; in each
/// the separators are compared, and neighbouring digits joined.
#[inline]
fn civil_seconds(head: &[u8; 19]) -> Option<i64> {
    const DATE: u64 = u64::from_le_bytes(*b"0000-00-");
    const CLOCK: u64 = u64::from_le_bytes(*b"00T00:00");
    const DATE_SEPARATORS: u64 = 0xFF00_00FF_0000_0000;
    const CLOCK_SEPARATORS: u64 = 0x0000_FF00_00FF_0000;
    let date = u64::from_le_bytes(*head.first_chunk()?) ^ DATE;
    let mut clock = u64::from_le_bytes(*head[8..].first_chunk()?) ^ CLOCK;
    if matches!(head[10], b't' | b' ') {
        clock &= !0x00FF_0000;
    }
    let (tens, ones) = (head[17].wrapping_sub(b'0'), head[18].wrapping_sub(b'0'));
    let odd = (date & DATE_SEPARATORS)
        | (clock & CLOCK_SEPARATORS)
        | digits::beyond_nine(date & !DATE_SEPARATORS)
        | digits::beyond_nine(clock & !CLOCK_SEPARATORS);
    if odd != 0 || head[16] != b':' || tens > 9 || ones > 9 {
        return None;
    }
    let [century, _, years, _, _, month, _, _] = pairs(date);
    let [day, _, _, hour, _, _, minute, _] = pairs(clock);
    let year = century * 100 + years;
    let second = i32::from(tens) * 10 + i32::from(ones);
    let in_range = (1970..=2261).contains(&year) && (1..=12).contains(&month);
    // A leap second is counted as the first second of the next minute.
    if !in_range || !(1..=month_days(year, month)).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let date = Date::from_civil(year, month, day);
    Some(i64::from(date.days()) * 86_400 + i64::from(hour * 3_600 + minute * 60 + second))
}

/// What two neighbouring digits mean, each at the place of the first of them.
fn pairs(values: u64) -> [i32; 8] {
    values.wrapping_mul(10).wrapping_add(values >> 8).to_le_bytes().map(i32::from)
}

fn month_days(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Nanoseconds after the point, and what follows them.
fn fraction(tail: &[u8]) -> Option<(i64, &[u8])> {
    // All nine of them, as most feeds write.
    if let [b'.', eight @ .., last @ b'0'..=b'9', b'Z'] = tail
        && let Ok(eight) = eight.try_into()
        && let (values, 8) = digits::leading(u64::from_le_bytes(eight))
    {
        return Some((digits::join(values) * 10 + i64::from(last - b'0'), &tail[10..]));
    }
    let Some((b'.', digits)) = tail.split_first() else { return Some((0, tail)) };
    let len = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if len == 0 {
        return None;
    }
    let mut nanos = 0;
    for byte in digits[..len].iter().chain(b"000000000").take(9) {
        nanos = nanos * 10 + i64::from(byte - b'0');
    }
    Some((nanos, &digits[len..]))
}

/// Seconds that the zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), hours @ .., b':', tens, ones] if hours.len() == 2 => {
            let (hours, minutes) = (number(hours)?, number(&[*tens, *ones])?);
            let seconds = i64::from(hours * 3_600 + minutes * 60);
            (hours < 24 && minutes < 60).then_some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i32::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(parse(text.as_bytes()).map(Time::nanos), expected, "{text}");
    }

    #[test]
    fn times_are_taken_to_the_nanosecond() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2021-02-22T15:51:45.335689322Z", Some(1_614_009_105_335_689_322));
        check("2021-02-22T15:51:45.3355677Z", Some(1_614_009_105_335_567_700));
        check("2021-02-22T15:51:44.208Z", Some(1_614_009_104_208_000_000));
        check("2021-02-22T10:51:44.208-05:00", Some(1_614_009_104_208_000_000));
        check("2021-02-22T15:51:44.2080000009999Z", Some(1_614_009_104_208_000_000));
        let odd = [
            "",
            "2021-02-22",
            "2021-02-30T00:00:00Z",
            "2021-13-01T00:00:00Z",
            "2021-02-22T24:00:00Z",
            "2021-02-22T15:51:44.Z",
            "2021-02-22T15:51:44",
            "2021-02-22T15:51:44+5:00",
            "1969-12-31T23:59:59Z",
            "2021-02-22T15:51:44ZZ",
            "2O21-02-22T15:51:44Z",
        ];
        for text in odd {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn printed_times_are_read_back(nanos in 0..9_000_000_000_000_000_000_i64) {
            let time = Time::from_nanos(nanos);
            prop_assert_eq!(parse(time.to_string().as_bytes()), Some(time));
        }
    }
}
