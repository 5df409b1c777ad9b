//! The decimal parser, against arithmetic on the digits themselves and against `rust_decimal`.
//!
//! Rules: exactly the documented language is taken; the value is the digits' own; what is written is
//! read back the same.

use crate::{Target, kind_of};
use model::{Money, ParseNumberError, Price, Qty, parse_fixed};
use rust_decimal::Decimal;

const WORDS: &[&str] =
    &["0.", ".00000001", "-", "170141183460469231731687303715", "e5", "+", "_", " ", "\u{ff11}"];

pub(super) const TARGET: Target =
    Target { name: "decimals", run, words: WORDS, executions: 200_000, bytes_max: 64 };

/// The digits of a plain decimal as the documentation describes one, sign apart; `None` for other text.
fn digits_of(text: &str) -> Option<(bool, &str, &str)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    (all_digits && !whole.is_empty()).then_some((negative, whole, fraction))
}

/// The value in units of 1e-8 by long multiplication; `None` beyond an i128.
fn units(negative: bool, whole: &str, fraction: &str) -> Option<i128> {
    let padded = format!("{whole}{fraction}{}", "0".repeat(8 - fraction.len()));
    let text = format!("{}{}", if negative { "-" } else { "" }, padded.trim_start_matches('0'));
    if text.is_empty() || text == "-" { Some(0) } else { text.parse().ok() }
}

fn run(input: &[u8]) -> u64 {
    let Ok(text) = std::str::from_utf8(input) else { return 0 };
    let parsed = parse_fixed(text);
    match (digits_of(text), parsed) {
        (None, taken) => assert_eq!(taken, Err(ParseNumberError::NotDecimal), "{text:?} is no plain decimal"),
        (Some((negative, whole, fraction)), taken) => {
            let excess = fraction.get(8..).is_some_and(|rest| rest.bytes().any(|digit| digit != b'0'));
            let kept = &fraction[..fraction.len().min(8)];
            match units(negative, whole, kept) {
                // Room is left for sums, as the parser says.
                Some(expected) if expected.unsigned_abs() > i128::MAX.unsigned_abs() / 4 => {
                    assert!(taken.is_err(), "{text:?} was taken as {taken:?}");
                }
                // Zeros beyond the scale change nothing; whether they are taken is the parser's choice.
                Some(expected) if fraction.len() <= 8 => assert_eq!(taken, Ok(expected), "{text:?}"),
                Some(expected) if !excess => {
                    assert!(
                        taken == Ok(expected) || taken == Err(ParseNumberError::TooPrecise),
                        "{text:?} is {taken:?}"
                    );
                }
                Some(_) | None => assert!(taken.is_err(), "{text:?} was taken as {taken:?}"),
            }
        }
    }
    if let Ok(raw) = parsed {
        let written = Money::from_raw(raw).to_string();
        assert_eq!(parse_fixed(&written), Ok(raw), "{raw} is written as {written:?}");
        if let Some(theirs) = in_their_range(text, raw) {
            assert_eq!(theirs, raw, "rust_decimal reads {text:?} otherwise");
        }
    }
    narrower(text, parsed);
    kind_of(&format!("{:?}", parsed.map(|raw| raw.signum())))
}

/// What `rust_decimal` makes of it, where its 28 digits hold every digit.
fn in_their_range(text: &str, raw: i128) -> Option<i128> {
    let significant = raw.unsigned_abs() < 10_u128.pow(27) && text.len() < 28;
    let decimal: Decimal = significant.then(|| text.parse().ok())??;
    let scaled = decimal.checked_mul(Decimal::from(100_000_000))?.normalize();
    (scaled.scale() == 0).then(|| scaled.mantissa())
}

/// The types take what fits them, and quantities nothing below zero.
fn narrower(text: &str, parsed: Result<i128, ParseNumberError>) {
    let fits = parsed.ok().and_then(|raw| i64::try_from(raw).ok());
    if let Ok(price) = text.parse::<Price>() {
        assert_eq!(Some(price.raw()), fits, "{text:?} as a price");
    }
    if let Ok(qty) = text.parse::<Qty>() {
        assert_eq!(Some(qty.raw()), fits, "{text:?} as a quantity");
        assert!(qty.raw() >= 0, "{text:?} is a quantity below nothing");
    }
}
