//! What authorities charge for sales, by tables with their dates.
//!
//! Each fill pays the rate of its own day in New York. What was before the first row of a table is not in it
//! and costs nothing. Looks only.

use model::calendar::{Date, local_date};
use model::{AssetClass, CalendarId, Money, Price, Qty, RegulatoryFees, Time};

/// A sale.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sale {
    pub(crate) asset_class: AssetClass,
    pub(crate) time: Time,
    pub(crate) qty: Qty,
    pub(crate) value: Money,
}

/// A rate of Section 31, and the first day on which it holds.
struct SectionThirtyOne {
    from: Date,
    /// Cents for a million dollars.
    cents: u32,
}

const fn section_31(year: i32, month: i32, day: i32, cents: u32) -> SectionThirtyOne {
    SectionThirtyOne { from: Date::from_civil(year, month, day), cents }
}

/// Fees under Section 31 of the Securities Exchange Act of 1934 on covered sales.
///
/// From the SEC's fee rate advisories, as FINRA's information notices and the Federal Register repeat
/// them (85 FR 2218, 88 FR 5051, 89 FR 29402, FR 2026-04233). A rate begins sixty days after the
/// appropriation that it follows, but for that of 2025-05-14, when enough was collected. The table begins
/// with the rate that the advisory of 2012-11-15 calls current.
const SECTION_31: [SectionThirtyOne; 15] = [
    section_31(2012, 7, 1, 2_240),
    section_31(2013, 5, 25, 1_740),
    section_31(2014, 3, 18, 2_210),
    section_31(2015, 2, 14, 1_840),
    section_31(2016, 2, 16, 2_180),
    section_31(2017, 7, 4, 2_310),
    section_31(2018, 5, 22, 1_300),
    section_31(2019, 4, 16, 2_070),
    section_31(2020, 2, 18, 2_210),
    section_31(2021, 2, 25, 510),
    section_31(2022, 5, 14, 2_290),
    section_31(2023, 2, 27, 800),
    section_31(2024, 5, 22, 2_780),
    section_31(2025, 5, 14, 0),
    section_31(2026, 4, 4, 2_060),
];

/// A rate of the trading activity fee, and the first day on which it holds.
struct TradingActivity {
    from: Date,
    /// For each share sold.
    per_share: Price,
    /// Most for one trade.
    most: Money,
}

/// In millionths of a dollar for each share, and in cents for one trade.
const fn trading_activity(year: i32, millionths: i64, cents: i128) -> TradingActivity {
    TradingActivity {
        from: Date::from_civil(year, if year == 2012 { 7 } else { 1 }, 1),
        per_share: Price::from_raw(millionths * 100),
        most: Money::from_raw(cents * 1_000_000),
    }
}

/// FINRA's trading activity fee on sales of covered equity securities, by Section 1 of Schedule A to its
/// by-laws: Regulatory Notice 12-31 (from 2012-07-01), SR-FINRA-2020-032 (2022 to 2024) and
/// SR-FINRA-2024-019 (2026 to 2028).
const TRADING_ACTIVITY: [TradingActivity; 7] = [
    trading_activity(2012, 119, 595),
    trading_activity(2022, 130, 649),
    trading_activity(2023, 145, 727),
    trading_activity(2024, 166, 830),
    trading_activity(2026, 195, 979),
    trading_activity(2027, 232, 1_161),
    trading_activity(2028, 240, 1_205),
];

/// What a sale is charged, each fee rounded up at 1e-8; purchases are charged nothing.
pub(crate) fn regulatory_fee(fees: RegulatoryFees, sale: &Sale) -> Money {
    let is_covered = match (fees, sale.asset_class) {
        (RegulatoryFees::UnitedStates, AssetClass::Equity | AssetClass::Etf) => true,
        (RegulatoryFees::None, _) => false,
        (RegulatoryFees::UnitedStates, AssetClass::Crypto | AssetClass::Fx | AssetClass::Bond) => false,
        // They are charged by the contract, by rows that are not here before they can be traded.
        (RegulatoryFees::UnitedStates, AssetClass::Option | AssetClass::Future) => false,
    };
    if !is_covered {
        return Money::ZERO;
    }
    let date = local_date(CalendarId::Xnys, sale.time);
    let of_value = SECTION_31.iter().rev().find(|row| row.from <= date).map_or(Money::ZERO, |row| {
        // A cent for a million dollars is a hundred-millionth.
        let exact = sale.value.raw().unsigned_abs() * u128::from(row.cents);
        Money::from_raw(i128::try_from(exact.div_ceil(100_000_000)).expect("less than what was sold"))
    });
    let of_shares = TRADING_ACTIVITY.iter().rev().find(|row| row.from <= date);
    of_value + of_shares.map_or(Money::ZERO, |row| row.per_share.value_ceil(sale.qty).min(row.most))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares at whole dollars on a day, and the fee in millionths of a dollar.
    fn check((year, month, day): (i32, i32, i32), (qty, dollars): (i64, i64), expected: i128) {
        let (qty, price) = (Qty::whole(qty), Price::whole(dollars));
        // Noon in New York or an hour off.
        let time = Date::from_civil(year, month, day).midnight_utc().plus_nanos(17 * 3_600_000_000_000);
        let sale = Sale { asset_class: AssetClass::Equity, time, qty, value: price * qty };
        let fee = regulatory_fee(RegulatoryFees::UnitedStates, &sale);
        assert_eq!(fee, Money::from_raw(expected * 100), "{year}-{month}-{day}");
    }

    #[test]
    fn each_sale_pays_the_rates_of_its_day() {
        // 10,000 dollars in 100 shares, by hand: 22.40 and 0.000119, ..., 20.60 and 0.000195.
        check((2012, 6, 29), (100, 100), 0);
        check((2012, 7, 2), (100, 100), 224_000 + 11_900);
        check((2013, 5, 24), (100, 100), 224_000 + 11_900);
        check((2013, 5, 28), (100, 100), 174_000 + 11_900);
        check((2019, 4, 15), (100, 100), 130_000 + 11_900);
        check((2019, 4, 16), (100, 100), 207_000 + 11_900);
        check((2021, 12, 31), (100, 100), 51_000 + 11_900);
        check((2022, 1, 3), (100, 100), 51_000 + 13_000);
        check((2023, 2, 27), (100, 100), 80_000 + 14_500);
        check((2024, 5, 21), (100, 100), 80_000 + 16_600);
        check((2024, 5, 22), (100, 100), 278_000 + 16_600);
        check((2025, 5, 14), (100, 100), 16_600);
        check((2026, 4, 3), (100, 100), 19_500);
        check((2026, 4, 6), (100, 100), 206_000 + 19_500);
        check((2027, 1, 4), (100, 100), 206_000 + 23_200);
        check((2030, 1, 2), (100, 100), 206_000 + 24_000);
    }

    #[test]
    fn the_trading_activity_fee_has_a_most() {
        // 8.30 is reached at 50,000 shares.
        check((2025, 6, 2), (49_999, 1), 8_299_834);
        check((2025, 6, 2), (50_000, 1), 8_300_000);
        check((2025, 6, 2), (1_000_000, 1), 8_300_000);
    }

    #[test]
    fn a_day_is_new_yorks() {
        // 03:59 and 04:01 UTC on 2024-05-22 are before and after midnight in New York.
        let at = |minutes: i64| {
            let time = Date::from_civil(2024, 5, 22).midnight_utc().plus_nanos(minutes * 60_000_000_000);
            let value = Money::whole(1_000_000);
            let sale = Sale { asset_class: AssetClass::Etf, time, qty: Qty::ZERO, value };
            regulatory_fee(RegulatoryFees::UnitedStates, &sale)
        };
        assert_eq!((at(239), at(241)), (Money::whole(8), Money::from_raw(2_780_000_000)));
    }

    #[test]
    fn only_shares_and_funds_are_charged_and_only_where_it_is_asked() {
        let time = Date::from_civil(2026, 6, 1).midnight_utc().plus_nanos(61_200_000_000_000);
        let sale = Sale { asset_class: AssetClass::Crypto, time, qty: Qty::whole(1), value: Money::whole(1) };
        assert_eq!(regulatory_fee(RegulatoryFees::UnitedStates, &sale), Money::ZERO);
        let sale = Sale { asset_class: AssetClass::Equity, ..sale };
        assert_eq!(regulatory_fee(RegulatoryFees::None, &sale), Money::ZERO);
        // 0.0000206 of a dollar and 0.000195 of a share.
        assert_eq!(regulatory_fee(RegulatoryFees::UnitedStates, &sale), Money::from_raw(2_060 + 19_500));
    }

    #[test]
    fn tables_are_in_the_order_of_time() {
        assert!(SECTION_31.is_sorted_by(|one, next| one.from < next.from));
        assert!(TRADING_ACTIVITY.is_sorted_by(|one, next| one.from < next.from));
    }
}
