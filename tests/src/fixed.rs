//! Decimal numbers as integers of 1e-8, apart from the product's own arithmetic.
//!
//! Slow and plain on purpose; its only reader is the naive model and the tests' comparisons.

/// Units in one.
pub const ONE: i128 = 100_000_000;

/// Reads a plain decimal text such as `-12.5`.
///
/// # Panics
/// When the text is not a decimal with at most eight digits after the point: a reply that says
/// anything else is a failed test.
#[must_use]
pub fn parse(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 8 && !whole.is_empty(), "not a decimal of this scale: {text:?}");
    let padded = format!("{whole}{fraction:0<8}");
    sign * padded.parse::<i128>().unwrap_or_else(|error| panic!("{text:?} is not a decimal: {error}"))
}

/// Writes units of 1e-8 as decimal text without trailing zeros.
#[must_use]
pub fn format(units: i128) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let (whole, fraction) = (units.abs() / ONE, units.abs() % ONE);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{fraction:08}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

/// The quotient to the nearest integer, a tie to the even one.
#[must_use]
pub fn divide_half_even(dividend: i128, divisor: i128) -> i128 {
    let (floor, rest) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor));
    match (rest * 2).cmp(&divisor) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Greater => floor + 1,
        std::cmp::Ordering::Equal => floor + floor.rem_euclid(2),
    }
}

/// Price times quantity, to the nearest 1e-8.
#[must_use]
pub fn value(price: i128, qty: i128) -> i128 {
    divide_half_even(price * qty, ONE)
}

/// Price times quantity, rounded up at 1e-8.
#[must_use]
pub fn value_up(price: i128, qty: i128) -> i128 {
    -(-(price * qty)).div_euclid(ONE)
}

/// Whole lots that an amount pays for at a price.
#[must_use]
pub fn lots_for(amount: i128, price: i128, lot: i128) -> i128 {
    if amount <= 0 { 0 } else { amount * ONE / price / lot * lot }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_and_written_exactly() {
        for text in ["0", "1", "-12.5", "182.06", "0.00000001"] {
            assert_eq!(format(parse(text)), text);
        }
        assert_eq!(parse("10.0"), 10 * ONE);
    }

    #[test]
    fn ties_go_to_the_even_neighbour() {
        assert_eq!([divide_half_even(5, 2), divide_half_even(7, 2), divide_half_even(-5, 2)], [2, 4, -2]);
        assert_eq!(value_up(1, 1), 1);
        assert_eq!(lots_for(1_000 * ONE, 300 * ONE, ONE), 3 * ONE);
    }
}
