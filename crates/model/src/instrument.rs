//! What can be traded: one row of the instrument table.

use crate::{InstrumentId, Price, Qty, Symbol};
use alloc::boxed::Box;
use rkyv::{Archive, Deserialize, Serialize};

/// The kind of thing an instrument is. The reserved kinds are named so that rows need no new shape.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetClass {
    /// A share of a company.
    Equity,
    /// An exchange-traded fund.
    Etf,
    /// A pair of crypto currencies, such as `BTC/USD`.
    Crypto,
    /// Reserved.
    Option,
    /// Reserved.
    Future,
    /// Reserved.
    Fx,
    /// Reserved.
    Bond,
}

/// The currency of an amount. US dollars now; amounts carry it so that others can come.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Currency {
    /// US dollars.
    #[default]
    Usd,
}

impl Currency {
    /// The ISO 4217 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
        }
    }
}

/// Which trading calendar rules an instrument.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CalendarId {
    /// The New York Stock Exchange and the other US equity venues.
    Xnys,
    /// Always open; the day ends at midnight UTC.
    AlwaysOpen,
}

/// Whether an instrument trades now.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstrumentStatus {
    /// Trades.
    Active,
    /// Orders rest; nothing fills until it resumes.
    Halted,
    /// Trades no more.
    Delisted,
}

/// An instrument.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Its row in the table.
    pub id: InstrumentId,
    /// Its ticker.
    pub symbol: Symbol,
    /// Its name, as people know it.
    pub name: Box<str>,
    /// Where it is listed: `NASDAQ`, `NYSE`, `ARCA`, `CRYPTO`, ...
    pub exchange: Box<str>,
    /// What kind of thing it is.
    pub asset_class: AssetClass,
    /// The currency of its price.
    pub currency: Currency,
    /// Smallest price step at or above one unit of currency.
    pub tick_size: Price,
    /// Smallest price step below one unit of currency (US rule 612: a hundredth of a cent).
    pub tick_size_below_one: Price,
    /// Smallest quantity step.
    pub lot_size: Qty,
    /// Its trading calendar.
    pub calendar: CalendarId,
    /// Whether orders are taken at all.
    pub tradable: bool,
    /// Whether it can be sold short.
    pub shortable: bool,
    /// Whether it trades.
    pub status: InstrumentStatus,
}

impl Instrument {
    /// Whether quantities may be fractions of one.
    #[must_use]
    pub fn fractionable(&self) -> bool {
        self.lot_size < Qty::whole(1)
    }

    /// The price step that rules at this price.
    #[must_use]
    pub fn increment_at(&self, price: Price) -> Price {
        if price < Price::whole(1) { self.tick_size_below_one } else { self.tick_size }
    }
}
