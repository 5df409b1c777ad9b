//! What an order is: side, type, size, status.

use crate::{Money, NetQty, Price, Qty};
use rkyv::{Archive, Deserialize, Serialize};

/// Buy or sell. Rules that mirror each other are written once in terms of it.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Adds to the holding.
    Buy,
    /// Takes from the holding.
    Sell,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// Whether trading at `price` keeps within `limit`: a buy at or below, a sell at or above.
    #[must_use]
    pub fn within(self, price: Price, limit: Price) -> bool {
        match self {
            Self::Buy => price <= limit,
            Self::Sell => price >= limit,
        }
    }

    /// Whether `price` is strictly better for this side than `than`: lower to buy, higher to sell.
    #[must_use]
    pub fn improves(self, price: Price, than: Price) -> bool {
        match self {
            Self::Buy => price < than,
            Self::Sell => price > than,
        }
    }

    /// The price that is worse than `price` by so much: higher to buy, lower to sell.
    #[must_use]
    pub fn worse_by(self, price: Price, distance: Price) -> Price {
        match self {
            Self::Buy => price + distance,
            Self::Sell => price - distance,
        }
    }

    /// Whether a stop of this side at `stop` is reached by `reference`: risen to it for a buy,
    /// fallen to it for a sell, touch included.
    #[must_use]
    pub fn stop_reached(self, reference: Price, stop: Price) -> bool {
        match self {
            Self::Buy => reference >= stop,
            Self::Sell => reference <= stop,
        }
    }

    /// Whether a price of this side at `trigger` is touched by `reference` from the worse side: fallen to
    /// it for a buy, risen to it for a sell, touch included.
    #[must_use]
    pub fn touched(self, reference: Price, trigger: Price) -> bool {
        self.opposite().stop_reached(reference, trigger)
    }

    /// The change of a holding by this many.
    #[must_use]
    pub const fn signed(self, qty: Qty) -> NetQty {
        match self {
            Self::Buy => qty.long(),
            Self::Sell => qty.short(),
        }
    }
}

/// The name of an order's type, without its prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderType {
    /// See [`crate::OrderKind::Market`].
    Market,
    /// See [`crate::OrderKind::Limit`].
    Limit,
    /// See [`crate::OrderKind::Stop`].
    Stop,
    /// See [`crate::OrderKind::StopLimit`].
    StopLimit,
    /// See [`crate::OrderKind::TrailingStop`].
    TrailingStop,
    /// See [`crate::OrderKind::TrailingStopLimit`].
    TrailingStopLimit,
    /// See [`crate::OrderKind::MarketIfTouched`].
    MarketIfTouched,
    /// See [`crate::OrderKind::LimitIfTouched`].
    LimitIfTouched,
    /// See [`crate::OrderKind::Pegged`].
    Pegged,
}

impl OrderType {
    /// The name as clients write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Market => "MARKET",
            Self::Limit => "LIMIT",
            Self::Stop => "STOP",
            Self::StopLimit => "STOP_LIMIT",
            Self::TrailingStop => "TRAILING_STOP",
            Self::TrailingStopLimit => "TRAILING_STOP_LIMIT",
            Self::MarketIfTouched => "MARKET_IF_TOUCHED",
            Self::LimitIfTouched => "LIMIT_IF_TOUCHED",
            Self::Pegged => "PEGGED",
        }
    }
}

/// How much to trade.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Size {
    /// So many units.
    Shares(Qty),
    /// For so much money: each fill takes as many whole lots as the rest of it pays for.
    Notional(Money),
}

/// Where an order stands.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderStatus {
    /// Working, nothing filled.
    New,
    /// Working, partly filled.
    PartiallyFilled,
    /// Done.
    Filled,
    /// Ended by its owner or by its own terms; may be partly filled.
    Canceled,
    /// Never worked.
    Rejected,
    /// Ended by time; may be partly filled.
    Expired,
}

impl OrderStatus {
    /// Whether it still works. The other states are final.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::New | Self::PartiallyFilled => true,
            Self::Filled | Self::Canceled | Self::Rejected | Self::Expired => false,
        }
    }

    /// The name as clients write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::PartiallyFilled => "PARTIALLY_FILLED",
            Self::Filled => "FILLED",
            Self::Canceled => "CANCELED",
            Self::Rejected => "REJECTED",
            Self::Expired => "EXPIRED",
        }
    }
}
