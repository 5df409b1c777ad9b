//! Decimal numbers between text, floats and units of 1e-8.
//!
//! Text with at most eight digits after the point is taken exactly; more digits are rounded half to
//! even once, and what is beyond the range becomes its end, which the checks then refuse. A float
//! stands for the shortest decimal text that names it.

use super::digits;

const DECIMALS: i32 = 8;
const SCALE: f64 = 1e8;
/// Below this many units a float names at most one decimal of 15 digits.
const FLOAT_EXACT_MAX: f64 = 1e15;
const POWERS: [i64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Reads plain decimal digits at the start of the bytes, with up to ten digits before the point and
/// eight after it: the units, and how many bytes they took. Anything else is `None`.
pub(super) fn parse_plain(bytes: &[u8]) -> Option<(i64, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let whole_at = at;
    let mut value: i64 = 0;
    while let Some(digit) = digit_at(bytes, at) {
        value = value.wrapping_mul(10).wrapping_add(digit);
        at += 1;
    }
    let whole_len = at - whole_at;
    if whole_len == 0 || whole_len > 10 || (whole_len > 1 && bytes[whole_at] == b'0') {
        return None;
    }
    let mut fraction_len = 0;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let fraction_at = at;
        while let Some(digit) = digit_at(bytes, at) {
            value = value.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        fraction_len = at - fraction_at;
        if fraction_len == 0 || fraction_len > 8 {
            return None;
        }
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        return None;
    }
    // At most 18 digits: below the end of an i64.
    let raw = value * POWERS[8 - fraction_len];
    Some((if negative { -raw } else { raw }, at))
}

/// The same of at most seven digits before the point and seven after it, a word at a time: the units, and
/// how many bytes they took. An exponent is left for the caller to find. Anything else is `None`.
#[inline]
pub(super) fn parse_short(bytes: &[u8]) -> Option<(i64, usize)> {
    let (values, len) = digits::leading(u64::from_le_bytes(*bytes.first_chunk()?));
    if len == 0 || len == 8 || (len > 1 && bytes[0] == b'0') {
        return None;
    }
    let whole = digits::join(values << (64 - 8 * len)) * 100_000_000;
    let at = usize::try_from(len).ok()?;
    if bytes[at] != b'.' {
        return Some((whole, at));
    }
    let (values, len) = digits::leading(u64::from_le_bytes(*bytes.get(at + 1..)?.first_chunk()?));
    if len == 0 || len == 8 {
        return None;
    }
    // Zeros in place of what follows: eight digits after the point are the units.
    let fraction = digits::join(values & ((1 << (8 * len)) - 1));
    Some((whole + fraction, at + 1 + usize::try_from(len).ok()?))
}

fn digit_at(bytes: &[u8], at: usize) -> Option<i64> {
    bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10).map(i64::from)
}

/// Reads any JSON number, exponent included. `None` when it is not one.
pub(super) fn parse_any(text: &str) -> Option<i64> {
    if let Some((raw, len)) = parse_plain(text.as_bytes())
        && len == text.len()
    {
        return Some(raw);
    }
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || mantissa.ends_with('.') || !digits.clone().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let raw = scale_digits(digits, i64::try_from(whole.len()).ok()? + i64::from(exponent) + i64::from(DECIMALS));
    Some(if negative { -raw } else { raw })
}

/// The number whose point stands after `kept` of the digits, rounded half to even.
fn scale_digits(digits: impl Iterator<Item = u8>, kept: i64) -> i64 {
    let mut digits = digits.map(|byte| i128::from(byte - b'0'));
    let mut value: i128 = 0;
    let mut position = 0;
    while position < kept {
        match digits.next() {
            Some(digit) => value = value * 10 + digit,
            None if value == 0 => return 0,
            None => value *= 10,
        }
        position += 1;
        if value > i128::from(i64::MAX) {
            return i64::MAX;
        }
    }
    // A point before the first digit leaves at most a tenth of a unit.
    let first = if kept < 0 { 0 } else { digits.next().unwrap_or(0) };
    let rest = digits.any(|digit| digit != 0);
    let up = first > 5 || (first == 5 && (rest || value % 2 != 0));
    i64::try_from(value + i128::from(up)).unwrap_or(i64::MAX)
}

/// The units of the shortest decimal text that names a float. `None` for what is not a number.
pub(super) fn from_float(value: f64) -> Option<i64> {
    if !value.is_finite() {
        return None;
    }
    let units = (value * SCALE).round();
    if units.abs() < FLOAT_EXACT_MAX && (units / SCALE).to_bits() == value.to_bits() {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 1e15")]
        return Some(units as i64);
    }
    parse_any(&format!("{value:e}"))
}

/// The float whose shortest text is that many units.
#[expect(clippy::cast_precision_loss, reason = "the nearest float is what the wire carries")]
pub(super) fn to_float(raw: i64) -> f64 {
    raw as f64 / SCALE
}

/// Writes units as decimal text without needless zeros.
pub(super) fn write(raw: i64, out: &mut Vec<u8>) {
    if raw < 0 {
        out.push(b'-');
    }
    let magnitude = raw.unsigned_abs();
    write_unsigned(magnitude / 100_000_000, out);
    let mut fraction = magnitude % 100_000_000;
    if fraction == 0 {
        return;
    }
    out.push(b'.');
    let mut power = 10_000_000;
    while fraction > 0 {
        out.push(ascii_digit(fraction / power));
        fraction %= power;
        power /= 10;
    }
}

/// Writes a whole number.
pub(super) fn write_unsigned(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = ascii_digit(number % 10);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn ascii_digit(digit: u64) -> u8 {
    b'0' + u8::try_from(digit).expect("a decimal digit")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(parse_any(text), expected, "{text}");
    }

    #[test]
    fn numbers_are_taken_as_written() {
        check("10.05", Some(1_005_000_000));
        check("-0.00000001", Some(-1));
        check("0", Some(0));
        check("1e-5", Some(1_000));
        check("1.5E2", Some(15_000_000_000));
        check("1e+2", Some(10_000_000_000));
        check("0.000000015", Some(2));
        check("0.000000025", Some(2));
        check("0.0000000251", Some(3));
        check("1e-9", Some(0));
        check("6e-9", Some(1));
        check("9e-30", Some(0));
        check("0e400", Some(0));
        check("1e400", Some(i64::MAX));
        check("92233720368.54775807", Some(i64::MAX));
        check("99999999999999999999", Some(i64::MAX));
        for odd in ["", "-", ".5", "5.", "NaN", "Infinity", "1e", "0x10", "1,5", "null"] {
            check(odd, None);
        }
    }

    #[test]
    fn floats_stand_for_their_shortest_text() {
        assert_eq!(from_float(10.05), Some(1_005_000_000));
        assert_eq!(from_float(0.1 + 0.2), Some(30_000_000));
        assert_eq!(from_float(1e-9), Some(0));
        assert_eq!(from_float(f64::NAN), None);
        assert_eq!(from_float(f64::INFINITY), None);
        assert_eq!(from_float(1e300), Some(i64::MAX));
    }

    #[test]
    fn the_short_way_is_the_plain_way_where_it_goes() {
        let check = |text: &str, expected: Option<(i64, usize)>| {
            assert_eq!(parse_short(text.as_bytes()), expected, "{text}");
            if expected.is_some() {
                assert_eq!(parse_plain(text.as_bytes()), expected, "{text}");
            }
        };
        check("187.43,\"bs\":3", Some((18_743_000_000, 6)));
        check("300,\"ax\":\"V\"", Some((30_000_000_000, 3)));
        check("0,\"ax\":\"V\",", Some((0, 1)));
        check("9999999.9999999,\"as\"", Some((999_999_999_999_990, 15)));
        for other in
            ["", "1", "12345678,,,,,,,,,", "1.12345678,,,,,,,", "1.,,,,,,,,,", "07,,,,,,,,", "-1,,,,,,,,,", "1.5"]
        {
            check(other, None);
        }
    }

    proptest! {
        #[test]
        fn short_numbers_are_plain_numbers(text in "[0-9]{1,9}(\\.[0-9]{0,9})?,\"bs\":300") {
            if let Some(short) = parse_short(text.as_bytes()) {
                prop_assert_eq!(parse_plain(text.as_bytes()), Some(short));
            }
        }

        #[test]
        fn written_numbers_are_read_back(raw in any::<i64>()) {
            prop_assume!(raw != i64::MIN);
            let mut text = Vec::new();
            write(raw, &mut text);
            prop_assert_eq!(parse_any(std::str::from_utf8(&text).expect("digits")), Some(raw));
        }

        #[test]
        fn a_price_survives_being_a_float(raw in -1_000_000_000_000_000_i64..1_000_000_000_000_000) {
            prop_assert_eq!(from_float(to_float(raw)), Some(raw));
        }

        #[test]
        fn the_short_way_for_floats_agrees_with_their_text(value in -1e9_f64..1e9) {
            prop_assert_eq!(from_float(value), parse_any(&format!("{value:e}")));
        }
    }
}
