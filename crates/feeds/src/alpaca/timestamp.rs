//! RFC 3339 times to nanoseconds, without allocation.

use model::Time;
use model::calendar::Date;

/// Stands for two bytes that are no digits.
const NO_PAIR: i32 = 100_000;

/// Parses `2021-02-22T15:51:45.3355677Z`, or with an offset such as `-05:00`. Digits beyond the
/// nanosecond are dropped. `None` when it is not such a time, or before 1970 or after 2261.
pub(super) fn parse(text: &[u8]) -> Option<Time> {
    let (head, tail) = text.split_first_chunk::<19>()?;
    let separators = [head[4], head[7], head[13], head[16]] == *b"--::";
    if !separators || !matches!(head[10], b'T' | b't' | b' ') {
        return None;
    }
    let [century, years, month, day, hour, minute, second] = [0, 2, 5, 8, 11, 14, 17].map(|at| pair(head, at));
    let year = century * 100 + years;
    let in_range = (1970..=2261).contains(&year) && (1..=12).contains(&month);
    // A leap second is counted as the first second of the next minute.
    if !in_range || !(1..=month_days(year, month)).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let date = Date::from_civil(year, month, day);
    let (nanos, zone) = fraction(tail)?;
    let seconds = i64::from(date.days()) * 86_400 + i64::from(hour * 3_600 + minute * 60 + second) - offset(zone)?;
    (seconds >= 0).then(|| Time::from_nanos(seconds * 1_000_000_000 + nanos))
}

/// Two digits as a number; what is not two digits as one that is beyond every field of a time.
fn pair(head: &[u8; 19], at: usize) -> i32 {
    let (tens, ones) = (head[at].wrapping_sub(b'0'), head[at + 1].wrapping_sub(b'0'));
    if tens > 9 || ones > 9 { NO_PAIR } else { i32::from(tens) * 10 + i32::from(ones) }
}

fn month_days(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Eight digits as a number, all at once.
fn eight(digits: [u8; 8]) -> Option<i64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let text = u64::from_le_bytes(digits);
    let are_digits =
        (text & (0xF0 * ONES)) == 0x30 * ONES && ((text.wrapping_add(0x06 * ONES)) & (0xF0 * ONES)) == 0x30 * ONES;
    if !are_digits {
        return None;
    }
    // Neighbours are joined: eight digits to four pairs, to two fours, to one.
    let pairs = (text & (0x0F * ONES)).wrapping_mul((10 << 8) + 1) >> 8;
    let fours = (pairs & 0x00FF_00FF_00FF_00FF).wrapping_mul((100 << 16) + 1) >> 16;
    let whole = (fours & 0x0000_FFFF_0000_FFFF).wrapping_mul((10_000 << 32) + 1) >> 32;
    i64::try_from(whole).ok()
}

/// Nanoseconds after the point, and what follows them.
fn fraction(tail: &[u8]) -> Option<(i64, &[u8])> {
    // All nine of them, as most feeds write.
    if let [b'.', a, b, c, d, e, f, g, h, last @ b'0'..=b'9', b'Z'] = tail
        && let Some(first) = eight([*a, *b, *c, *d, *e, *f, *g, *h])
    {
        return Some((first * 10 + i64::from(last - b'0'), &tail[10..]));
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
