//! Decimals and instants as clients write and read them.
//!
//! A number is taken from its literal text, whether it stands in a JSON string or as a JSON number:
//! no float ever touches it, and nothing is rounded. Replies are strings.

use model::calendar::Date;
use model::{Money, NetQty, Percent, Price, Qty, Time};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// A decimal in units of 1e-8, of any kind: which kind is known to whoever holds it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decimal(i128);

impl Decimal {
    /// In units of 1e-8.
    pub(crate) const fn raw(self) -> i128 {
        self.0
    }

    /// Parses plain decimal text.
    pub(crate) fn parse(text: &str) -> Result<Self, model::ParseNumberError> {
        model::parse_fixed(text).map(Self)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        Money::from_raw(self.0).fmt(out)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

macro_rules! from_fixed {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Decimal {
            fn from(value: $kind) -> Self {
                Self(value.raw().into())
            }
        })*
    };
}

from_fixed!(Price, Qty, NetQty, Money, Percent);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(Text::of_decimal(self.0).as_str())
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let literal = <&RawValue>::deserialize(reader)?.get();
        let parsed = match literal.as_bytes().first() {
            Some(b'"') => {
                let text: String = serde_json::from_str(literal).map_err(D::Error::custom)?;
                Self::parse(&text)
            }
            Some(b'-' | b'0'..=b'9') => Self::parse(literal),
            Some(_) | None => return Err(D::Error::custom("must be a decimal, as a string or a number")),
        };
        parsed.map_err(D::Error::custom)
    }
}

impl PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("decimal".to_owned())))
            .description(Some(
                "A decimal with at most 8 digits after the point. Requests may send it as a JSON number, too.",
            ))
            .pattern(Some(r"^-?[0-9]+(\.[0-9]+)?$"))
            .examples([serde_json::Value::from("10.05")])
            .into()
    }
}

impl ToSchema for Decimal {}

/// An instant, RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timestamp(pub(crate) Time);

impl Timestamp {
    /// Parses RFC 3339 with any offset.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "must be an instant such as 2026-11-21T14:30:00Z";
        let instant: jiff::Timestamp = text.parse().map_err(|_| WRONG)?;
        let nanos = i64::try_from(instant.as_nanosecond()).map_err(|_| WRONG)?;
        if nanos < 0 { Err(WRONG) } else { Ok(Self(Time::from_nanos(nanos))) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(Text::of_instant(self.0).as_str())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let text = String::deserialize(reader)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples([serde_json::Value::from("2026-11-21T14:30:00Z")])
            .into()
    }
}

impl ToSchema for Timestamp {}

/// A short text on the stack. A reply has some thirty numbers, and the formatting machinery would cost most of it.
struct Text {
    bytes: [u8; Self::BYTES],
    length: usize,
}

impl Text {
    /// The longest: the sign, 39 digits of an `i128`, and a point.
    const BYTES: usize = 41;

    /// The same text as the number's `Display` gives.
    fn of_decimal(raw: i128) -> Self {
        const UNIT: u128 = 100_000_000;
        let mut text = Self { bytes: [0; Self::BYTES], length: 0 };
        if raw < 0 {
            text.push(b'-');
        }
        let (whole, fraction) = (raw.unsigned_abs() / UNIT, raw.unsigned_abs() % UNIT);
        match u64::try_from(whole) {
            Ok(whole) => text.push_number(whole, 1),
            // Beyond every amount within limits.
            Err(_) => whole.to_string().bytes().for_each(|digit| text.push(digit)),
        }
        if fraction > 0 {
            text.push(b'.');
            text.push_number(u64::try_from(fraction).unwrap_or(0), 8);
            while text.as_str().ends_with('0') {
                text.length -= 1;
            }
        }
        text
    }

    /// The same text as the instant's `Display` gives.
    fn of_instant(time: Time) -> Self {
        let mut text = Self { bytes: [0; Self::BYTES], length: 0 };
        let number = |value: i64| u64::try_from(value).unwrap_or(0);
        let date = Date::from_days(i32::try_from(time.seconds().div_euclid(86_400)).unwrap_or(0));
        text.push_number(number(date.year().into()), 4);
        text.push(b'-');
        text.push_number(number(date.month().into()), 2);
        text.push(b'-');
        text.push_number(number(date.day().into()), 2);
        let second = number(time.seconds().rem_euclid(86_400));
        for (mark, part) in [(b'T', second / 3_600), (b':', second / 60 % 60), (b':', second % 60)] {
            text.push(mark);
            text.push_number(part, 2);
        }
        let nanos = number(time.nanos().rem_euclid(1_000_000_000));
        if nanos > 0 {
            text.push(b'.');
            match nanos {
                nanos if nanos % 1_000_000 == 0 => text.push_number(nanos / 1_000_000, 3),
                nanos if nanos % 1_000 == 0 => text.push_number(nanos / 1_000, 6),
                nanos => text.push_number(nanos, 9),
            }
        }
        text.push(b'Z');
        text
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    /// Writes a number with at least this many digits.
    fn push_number(&mut self, mut number: u64, digits_min: usize) {
        let mut digits = [b'0'; 20];
        let mut begin = digits.len();
        while number > 0 {
            begin -= 1;
            digits[begin] = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
        let begin = begin.min(digits.len() - digits_min);
        for digit in &digits[begin..] {
            self.push(*digit);
        }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("digits and marks are ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_instants_are_written_as_they_are_displayed() {
        let raws = [0, 1, -1, 10, 99_999_999, 100_000_000, 100_000_001, -1_005_000_000, i128::from(i64::MAX)];
        let wide = [
            i128::from(u64::MAX) * 100_000_000,
            i128::from(u64::MAX) * 100_000_000 + 100_000_000,
            i128::MAX,
            i128::MIN,
        ];
        for raw in raws.into_iter().chain(wide) {
            assert_eq!(Text::of_decimal(raw).as_str(), Decimal(raw).to_string());
        }
        for nanos in [0, 1, 999, 1_000, 5_000_000, 1_381_152_600_000_000_000, 1_381_152_600_120_000_000, i64::MAX]
        {
            for nanos in [nanos, nanos / 7, nanos / 1_000 * 1_000] {
                let time = Time::from_nanos(nanos);
                assert_eq!(Text::of_instant(time).as_str(), time.to_string());
            }
        }
    }

    fn check(json: &str, expected: Option<&str>) {
        let parsed = serde_json::from_str::<Decimal>(json).ok().map(|decimal| decimal.to_string());
        assert_eq!(parsed.as_deref(), expected, "{json}");
    }

    #[test]
    fn decimals_are_read_from_their_literal_text() {
        check("\"10.05\"", Some("10.05"));
        check("10.05", Some("10.05"));
        check("0.1", Some("0.1"));
        check("100", Some("100"));
        check("\"-3\"", Some("-3"));
        check("1.00000001", Some("1.00000001"));
        check("\"\\u0031\"", Some("1"));
        check("12345678901234567.00000001", Some("12345678901234567.00000001"));
    }

    #[test]
    fn what_is_not_exactly_a_decimal_is_refused() {
        for json in [
            "1e5",
            "\"1e5\"",
            "1E-30",
            "\"1_000\"",
            "\" 1\"",
            "\"1 \"",
            "\"\"",
            "\".5\"",
            "\"5.\"",
            "\"+1\"",
            "\"NaN\"",
            "\"Infinity\"",
            "true",
            "null",
            "[]",
            "{}",
            "0.333333333333333333333",
            "\"0.000000001\"",
            "\"٣\"",
            "\"1,000\"",
            "\"0x10\"",
        ] {
            check(json, None);
        }
        check(&format!("\"{}\"", "9".repeat(60)), None);
        check(&"9".repeat(60), None);
    }

    #[test]
    fn instants_are_read_with_any_offset_and_written_in_utc() {
        let read = |text: &str| Timestamp::parse(text).map(|timestamp| timestamp.0.to_string()).ok();
        assert_eq!(read("2013-10-07T09:30:00-04:00").as_deref(), Some("2013-10-07T13:30:00Z"));
        assert_eq!(read("2013-10-07T13:30:00.005Z").as_deref(), Some("2013-10-07T13:30:00.005Z"));
        for odd in
            ["", "yesterday", "2013-10-07", "2013-13-07T13:30:00Z", "9999-12-31T00:00:00Z", "1960-01-01T00:00:00Z"]
        {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
