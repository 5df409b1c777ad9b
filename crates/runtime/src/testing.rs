//! What the tests of this crate share: plain instruments.

use crate::InstrumentSpec;
use model::{AssetClass, CalendarId, Currency, InstrumentStatus, Price, Qty, Symbol};

/// A share that trades in cents and whole lots, always.
pub(crate) fn spec(symbol: &str) -> InstrumentSpec {
    InstrumentSpec {
        symbol: Symbol::parse(symbol).expect("a ticker of the test"),
        name: symbol.into(),
        exchange: "TEST".into(),
        asset_class: AssetClass::Equity,
        currency: Currency::Usd,
        tick_size: Price::from_raw(1_000_000),
        tick_size_below_one: Price::from_raw(10_000),
        lot_size: Qty::whole(1),
        calendar: CalendarId::AlwaysOpen,
        tradable: true,
        shortable: false,
        status: InstrumentStatus::Active,
    }
}
