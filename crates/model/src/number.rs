//! Exact numbers: prices, quantities and amounts as integers with one fixed scale of 1e-8.
//!
//! Nothing here rounds in silence. Sums are checked; products and quotients name their rounding.
//! Decimal text is parsed strictly: no exponent, no separators, no excess precision, because a
//! float or a lenient parser would change what a person typed.

use alloc::string::String;
use core::fmt;
use rkyv::{Archive, Deserialize, Serialize};

/// Units in one dollar, one share or one percent.
pub const SCALE: i64 = 100_000_000;
const SCALE_I128: i128 = SCALE as i128;
/// Digits after the point that [`SCALE`] can hold.
const DECIMALS: u32 = 8;

macro_rules! fixed {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Archive, Serialize, Deserialize, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
        )]
        pub struct $name($inner);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// The largest value; the engine uses it as "beyond every other".
            pub const MAX: Self = Self(<$inner>::MAX);

            /// From units of 1e-8.
            #[must_use]
            pub const fn from_raw(raw: $inner) -> Self {
                Self(raw)
            }

            /// In units of 1e-8.
            #[must_use]
            pub const fn raw(self) -> $inner {
                self.0
            }

            /// From a whole number.
            ///
            /// # Panics
            /// When the number is too large for the scale; meant for constants and tests.
            #[must_use]
            pub const fn whole(whole: i64) -> Self {
                Self((whole as $inner) * (SCALE as $inner))
            }

            /// Whether this is nothing.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// Whether this is above nothing.
            #[must_use]
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// The sum, or `None` beyond the type's range.
            #[must_use]
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }

            /// The difference, or `None` beyond the type's range.
            #[must_use]
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Some(Self(difference)),
                    None => None,
                }
            }

            /// The smaller of two.
            #[must_use]
            pub fn min(self, other: Self) -> Self {
                Ord::min(self, other)
            }

            /// The larger of two.
            #[must_use]
            pub fn max(self, other: Self) -> Self {
                Ord::max(self, other)
            }
        }

        impl core::ops::Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                self.checked_add(other).expect("bounded by model::limits")
            }
        }

        impl core::ops::Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                self.checked_sub(other).expect("bounded by model::limits")
            }
        }

        impl core::ops::AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl core::ops::SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }

        impl core::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                values.fold(Self::ZERO, |sum, value| sum + value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_fixed(out, i128::from(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_fixed(out, i128::from(self.0))
            }
        }
    };
}

fixed! {
    /// A price of one unit of an instrument, in its currency.
    Price(i64)
}
fixed! {
    /// A quantity to trade, never negative; direction is a [`crate::Side`].
    Qty(i64)
}
fixed! {
    /// A signed quantity held: positive when long, negative when short.
    NetQty(i64)
}
fixed! {
    /// An amount of money.
    Money(i128)
}
fixed! {
    /// A share of a hundred: `Percent::whole(5)` is five percent.
    Percent(i64)
}

impl core::ops::Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl core::ops::Neg for NetQty {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// The value of a quantity at a price, rounded half to even at 1e-8.
///
/// Exact for whole shares. The part that rounding moved is [`Price::value_residue`].
impl core::ops::Mul<Qty> for Price {
    type Output = Money;
    fn mul(self, qty: Qty) -> Money {
        Money(div_half_even(i128::from(self.0) * i128::from(qty.0), SCALE_I128))
    }
}

impl core::ops::Mul<NetQty> for Price {
    type Output = Money;
    fn mul(self, qty: NetQty) -> Money {
        Money(div_half_even(i128::from(self.0) * i128::from(qty.0), SCALE_I128))
    }
}

impl Price {
    /// The value rounded up at 1e-8: what must be held so that a fill can never cost more.
    #[must_use]
    pub fn value_ceil(self, qty: Qty) -> Money {
        let exact = i128::from(self.0) * i128::from(qty.0);
        let floor = exact.div_euclid(SCALE_I128);
        Money(if exact.rem_euclid(SCALE_I128) == 0 { floor } else { floor + 1 })
    }

    /// The value rounded down at 1e-8.
    #[must_use]
    pub fn value_floor(self, qty: Qty) -> Money {
        Money((i128::from(self.0) * i128::from(qty.0)).div_euclid(SCALE_I128))
    }

    /// Exact value less rounded value, in units of 1e-16: what the rounding account receives.
    #[must_use]
    pub fn value_residue(self, qty: Qty) -> i64 {
        let exact = i128::from(self.0) * i128::from(qty.0);
        let residue = exact - (self * qty).0 * SCALE_I128;
        i64::try_from(residue).expect("a residue is at most half of 1e8")
    }

    /// This share of the price, rounded half to even at 1e-8.
    #[must_use]
    pub fn percent_half_even(self, percent: Percent) -> Self {
        let exact = i128::from(self.0) * i128::from(percent.0);
        let rounded = div_half_even(exact, 100 * SCALE_I128);
        Self(i64::try_from(rounded).expect("a bounded percentage of a price fits a price"))
    }

    /// Whether the price is a whole number of increments.
    #[must_use]
    pub fn is_multiple_of(self, increment: Self) -> bool {
        increment.0 > 0 && self.0 % increment.0 == 0
    }
}

impl Qty {
    /// The quantity that an amount buys at a price, rounded down to whole lots.
    #[must_use]
    pub fn affordable_floor(amount: Money, price: Price, lot: Self) -> Self {
        if amount.0 <= 0 || price.0 <= 0 || lot.0 <= 0 {
            return Self::ZERO;
        }
        let exact = amount.0 * SCALE_I128 / i128::from(price.0);
        let lots = exact / i128::from(lot.0);
        i64::try_from(lots * i128::from(lot.0)).map_or(Self::MAX, Self)
    }

    /// Whether the quantity is a whole number of lots.
    #[must_use]
    pub fn is_multiple_of(self, lot: Self) -> bool {
        lot.0 > 0 && self.0 % lot.0 == 0
    }

    /// As a holding on the long side.
    #[must_use]
    pub const fn long(self) -> NetQty {
        NetQty(self.0)
    }

    /// As a holding on the short side.
    #[must_use]
    pub const fn short(self) -> NetQty {
        NetQty(-self.0)
    }

    /// The difference, or nothing where it would be negative.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        if self.0 > other.0 { Self(self.0 - other.0) } else { Self(0) }
    }
}

impl NetQty {
    /// The size of the holding without its direction.
    #[must_use]
    pub const fn size(self) -> Qty {
        Qty(self.0.abs())
    }
}

impl Money {
    /// This share of an amount, rounded half to even: the cost of a part of a position.
    ///
    /// # Panics
    /// When `whole` is nothing.
    #[must_use]
    pub fn share_half_even(self, part: Qty, whole: Qty) -> Self {
        assert!(whole.0 > 0, "a share of nothing was asked for");
        // Split so that the product stays far inside i128 for every amount within limits.
        let quotient = self.0 / i128::from(whole.0);
        let remainder = self.0 % i128::from(whole.0);
        let part = i128::from(part.0);
        Self(quotient * part + div_half_even(remainder * part, i128::from(whole.0)))
    }

    /// This part of an amount, rounded down at 1e-8.
    #[must_use]
    pub fn percent_floor(self, percent: Percent) -> Self {
        Self((self.0 * i128::from(percent.0)).div_euclid(100 * SCALE_I128))
    }

    /// This part of an amount, rounded up at 1e-8.
    #[must_use]
    pub fn percent_ceil(self, percent: Percent) -> Self {
        -(-self).percent_floor(percent)
    }

    /// The average price of a quantity that cost this much, rounded half to even.
    ///
    /// To 1e-8 for one unit or more. An amount is itself rounded to 1e-8, so the average of a part
    /// of a unit has fewer digits that mean anything; the others are not shown.
    #[must_use]
    pub fn per_unit_half_even(self, qty: Qty) -> Price {
        if qty.0 == 0 {
            return Price::ZERO;
        }
        let exact = self.0 * SCALE_I128;
        let mut step: i128 = 1;
        while i128::from(qty.0) * step < SCALE_I128 {
            step *= 10;
        }
        if step > 1 {
            // One digit more, for amounts that several fills have rounded.
            step *= 10;
        }
        let rounded = div_half_even(exact, i128::from(qty.0) * step) * step;
        Price(i64::try_from(rounded).expect("an average of prices fits a price"))
    }

    /// The amount without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// Whether the amount is below nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

/// Quotient rounded to the nearest, ties to the even one. The divisor must be positive.
fn div_half_even(dividend: i128, divisor: i128) -> i128 {
    assert!(divisor > 0, "rounded division takes a positive divisor");
    let floor = dividend.div_euclid(divisor);
    let twice = dividend.rem_euclid(divisor) * 2;
    if twice > divisor || (twice == divisor && floor % 2 != 0) { floor + 1 } else { floor }
}

/// Why a piece of text is not a number that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseNumberError {
    /// Not plain decimal digits with at most one point and a leading minus.
    NotDecimal,
    /// More digits after the point than the scale holds; nothing is rounded away in silence.
    TooPrecise,
    /// Beyond the range of the type.
    TooLarge,
    /// Below nothing where that means nothing.
    Negative,
}

impl fmt::Display for ParseNumberError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotDecimal => "must be a plain decimal number such as 10.05",
            Self::TooPrecise => "has more than 8 digits after the decimal point",
            Self::TooLarge => "is too large",
            Self::Negative => "must not be negative",
        })
    }
}

impl core::error::Error for ParseNumberError {}

/// Parses plain decimal text into units of 1e-8, exactly or not at all.
///
/// # Errors
/// When the text is not a plain decimal, is too precise, or is out of range.
pub fn parse_fixed(text: &str) -> Result<i128, ParseNumberError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let well_formed = !whole.is_empty()
        && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
        && !digits.ends_with('.');
    if !well_formed {
        return Err(ParseNumberError::NotDecimal);
    }
    let significant = fraction.trim_end_matches('0');
    if significant.len() > DECIMALS as usize {
        return Err(ParseNumberError::TooPrecise);
    }
    let mut value: i128 = 0;
    let padding = core::iter::repeat_n(b'0', DECIMALS as usize - significant.len());
    for byte in whole.bytes().chain(significant.bytes()).chain(padding) {
        value = value
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(i128::from(byte - b'0')))
            .filter(|value| *value <= i128::MAX / 4)
            .ok_or(ParseNumberError::TooLarge)?;
    }
    Ok(if negative { -value } else { value })
}

macro_rules! parse_unsigned {
    ($name:ident, $inner:ty) => {
        impl core::str::FromStr for $name {
            type Err = ParseNumberError;
            fn from_str(text: &str) -> Result<Self, ParseNumberError> {
                let raw = parse_fixed(text)?;
                if raw < 0 {
                    return Err(ParseNumberError::Negative);
                }
                <$inner>::try_from(raw).map(Self).map_err(|_| ParseNumberError::TooLarge)
            }
        }
    };
}

parse_unsigned!(Price, i64);
parse_unsigned!(Qty, i64);
parse_unsigned!(Percent, i64);

impl core::str::FromStr for Money {
    type Err = ParseNumberError;
    fn from_str(text: &str) -> Result<Self, ParseNumberError> {
        parse_fixed(text).map(Self)
    }
}

fn write_fixed(out: &mut fmt::Formatter<'_>, raw: i128) -> fmt::Result {
    let magnitude = raw.unsigned_abs();
    let scale = SCALE_I128.unsigned_abs();
    let sign = if raw < 0 { "-" } else { "" };
    let (whole, fraction) = (magnitude / scale, magnitude % scale);
    if fraction == 0 {
        return write!(out, "{sign}{whole}");
    }
    let digits: String = alloc::format!("{fraction:08}");
    write!(out, "{sign}{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn check_parse(text: &str, expected: Result<i128, ParseNumberError>) {
        assert_eq!(parse_fixed(text), expected, "{text:?}");
    }

    #[test]
    fn decimal_text_is_taken_exactly_or_refused() {
        check_parse("10.05", Ok(1_005_000_000));
        check_parse("0.00000001", Ok(1));
        check_parse("0.000000010", Ok(1));
        check_parse("-3", Ok(-300_000_000));
        check_parse("0.000000001", Err(ParseNumberError::TooPrecise));
        for odd in ["", "-", ".", ".5", "5.", "1e5", "1_000", " 1", "1 ", "+1", "NaN", "1.2.3", "٣"] {
            check_parse(odd, Err(ParseNumberError::NotDecimal));
        }
        check_parse(&"9".repeat(60), Err(ParseNumberError::TooLarge));
    }

    #[test]
    fn printing_and_parsing_agree() {
        for text in ["0", "1", "10.05", "0.00000001", "92233720368.54775807"] {
            assert_eq!(text.parse::<Price>().map(|price| price.to_string()), Ok(text.to_string()));
        }
    }

    #[test]
    fn values_round_half_to_even_and_the_residue_is_kept() {
        let (price, qty) = (Price::from_raw(3), Qty::from_raw(SCALE / 2));
        assert_eq!(price * qty, Money::from_raw(2));
        assert_eq!(price.value_residue(qty), -(SCALE / 2));
        assert_eq!(price.value_ceil(qty), Money::from_raw(2));
        assert_eq!(Price::whole(300) * Qty::from_raw(333_333_333), Money::from_raw(99_999_999_900));
    }

    #[test]
    fn parts_of_an_amount_round_as_they_say() {
        let (cent, third) = (Percent::from_raw(1), Percent::from_raw(3_333_333_333));
        assert_eq!(
            (Money::from_raw(1).percent_floor(cent), Money::from_raw(1).percent_ceil(cent)),
            (Money::ZERO, Money::from_raw(1))
        );
        assert_eq!(Money::whole(10).percent_floor(third).to_string(), "3.33333333");
        let loss = Money::from_raw(-1);
        assert_eq!((loss.percent_floor(cent), loss.percent_ceil(cent)), (loss, Money::ZERO));
        let (price, half) = (Price::from_raw(3), Qty::from_raw(SCALE / 2));
        assert_eq!((price.value_floor(half), price.value_ceil(half)), (Money::from_raw(1), Money::from_raw(2)));
    }

    #[test]
    fn an_amount_never_buys_more_than_it_can_pay() {
        let qty = Qty::affordable_floor(Money::whole(1_000), Price::whole(300), Qty::from_raw(1));
        assert_eq!(qty.to_string(), "3.33333333");
        assert_eq!(Qty::affordable_floor(Money::whole(99), Price::whole(100), Qty::whole(1)), Qty::ZERO);
    }

    #[test]
    fn an_average_shows_the_digits_that_the_amount_supports() {
        let (price, qty) = (Price::from_raw(9_524_458_000_000), Qty::from_raw(525_541));
        assert_eq!((price * qty).per_unit_half_even(qty), price);
        let cost = Money::whole(20);
        assert_eq!(cost.per_unit_half_even(Qty::whole(3)).to_string(), "6.66666667");
    }

    #[test]
    fn shares_of_an_amount_add_up() {
        let cost = Money::whole(100);
        let third = cost.share_half_even(Qty::whole(1), Qty::whole(3));
        let rest = cost - third;
        assert_eq!(rest.share_half_even(Qty::whole(2), Qty::whole(2)), rest);
        assert_eq!(third.to_string(), "33.33333333");
    }
}
