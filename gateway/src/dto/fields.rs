//! Members that appear in several requests: each is brought within its limits here, once.

use super::Decimal;
use crate::problem::Problem;
use model::{Money, Percent, PortfolioName, Price, Qty, Symbol, limits};

/// A price above nothing and within the limit.
pub(crate) fn price(field: &'static str, value: Decimal) -> Result<Price, Problem> {
    bounded(field, value, limits::PRICE_MAX.into()).map(Price::from_raw)
}

/// A difference of prices, which may be below nothing, within the limit.
pub(crate) fn signed_price(field: &'static str, value: Decimal) -> Result<Price, Problem> {
    at_most(field, value, limits::PRICE_MAX.into())?;
    let raw = i64::try_from(value.raw()).ok().filter(|raw| *raw >= -limits::PRICE_MAX.raw());
    raw.map(Price::from_raw)
        .ok_or_else(|| Problem::invalid(field, format!("must be at least -{}", limits::PRICE_MAX)))
}

/// A quantity above nothing and within the limit.
pub(crate) fn qty(field: &'static str, value: Decimal) -> Result<Qty, Problem> {
    bounded(field, value, limits::QTY_MAX.into()).map(Qty::from_raw)
}

/// An amount of money above nothing and within the limit.
pub(crate) fn money(field: &'static str, value: Decimal) -> Result<Money, Problem> {
    above_nothing(field, value)?;
    at_most(field, value, limits::MONEY_MAX.into())?;
    Ok(Money::from_raw(value.raw()))
}

/// A percentage above nothing and at most `max`.
pub(crate) fn percent(field: &'static str, value: Decimal, max: i64) -> Result<Percent, Problem> {
    bounded(field, value, Percent::whole(max).into()).map(Percent::from_raw)
}

/// A ticker; lower case is taken as upper case.
pub(crate) fn symbol(field: &'static str, text: &str) -> Result<Symbol, Problem> {
    Symbol::parse(&text.to_ascii_uppercase()).map_err(|error| Problem::invalid(field, error.to_string()))
}

/// A portfolio's or a key's name, without blanks around it.
pub(crate) fn name(field: &'static str, text: &str) -> Result<PortfolioName, Problem> {
    if text.chars().any(is_invisible) {
        return Err(Problem::invalid(field, "contains a character that cannot be seen"));
    }
    PortfolioName::parse(text.trim()).map_err(|error| Problem::invalid(field, error.to_string()))
}

/// Characters that change how other text looks, or that nobody sees: zero width and direction marks.
pub(crate) const fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn above_nothing(field: &'static str, value: Decimal) -> Result<(), Problem> {
    if value.raw() > 0 { Ok(()) } else { Err(Problem::invalid(field, "must be above 0")) }
}

fn at_most(field: &'static str, value: Decimal, max: Decimal) -> Result<(), Problem> {
    if value <= max { Ok(()) } else { Err(Problem::invalid(field, format!("must be at most {max}"))) }
}

fn bounded(field: &'static str, value: Decimal, max: Decimal) -> Result<i64, Problem> {
    above_nothing(field, value)?;
    at_most(field, value, max)?;
    i64::try_from(value.raw()).map_err(|_| Problem::invalid(field, format!("must be at most {max}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_price(text: &str, valid: bool) {
        let decimal = Decimal::parse(text).expect("a decimal of the test");
        assert_eq!(price("limit_price", decimal).is_ok(), valid, "{text}");
    }

    #[test]
    fn numbers_are_above_nothing_and_within_limits() {
        check_price("0.00000001", true);
        check_price("10000000", true);
        check_price("0", false);
        check_price("-0", false);
        check_price("-1", false);
        check_price("10000000.00000001", false);
        check_price("99999999999999999999", false);
    }

    #[test]
    fn tickers_are_taken_in_either_case() {
        assert_eq!(symbol("symbol", "brk.b").map(|symbol| symbol.to_string()).ok().as_deref(), Some("BRK.B"));
        for odd in ["", "A B", "AAPL\n", "ÄPL", "ABCDEFGHIJKLMNOP", "<script>"] {
            assert!(symbol("symbol", odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn names_hide_nothing() {
        assert!(name("name", " Growth ").is_ok_and(|name| name.as_str() == "Growth"));
        for odd in ["", "   ", "a\u{200b}b", "a\u{202e}b", "a\u{0}b", &"x".repeat(65)] {
            assert!(name("name", odd).is_err(), "{odd:?}");
        }
    }
}
