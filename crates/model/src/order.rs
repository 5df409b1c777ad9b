//! What an order is: side, type, size, time in force, status.

use crate::{Money, NetQty, Percent, Price, Qty};
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

    /// Whether a stop of this side at `stop` is reached by `reference`: risen to it for a buy,
    /// fallen to it for a sell, touch included.
    #[must_use]
    pub fn stop_reached(self, reference: Price, stop: Price) -> bool {
        match self {
            Self::Buy => reference >= stop,
            Self::Sell => reference <= stop,
        }
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

/// How far a trailing stop follows.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trail {
    /// By an amount of price.
    Amount(Price),
    /// By a share of the high-water mark.
    Percent(Percent),
}

impl Trail {
    /// The stop price that belongs to a high-water mark (the low-water mark, for a buy).
    #[must_use]
    pub fn stop_price(self, side: Side, hwm: Price) -> Price {
        let distance = match self {
            Self::Amount(amount) => amount,
            Self::Percent(percent) => hwm.percent_half_even(percent),
        };
        match side {
            Side::Sell => hwm - distance,
            Side::Buy => hwm + distance,
        }
    }
}

/// The type of an order with exactly the prices that the type needs.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderKind {
    /// At the best price there is.
    Market,
    /// At `limit` or better.
    Limit {
        /// The worst price to trade at.
        limit: Price,
    },
    /// Becomes a market order once the last price reaches `stop`.
    Stop {
        /// The price that releases it.
        stop: Price,
    },
    /// Becomes a limit order once the last price reaches `stop`.
    StopLimit {
        /// The price that releases it.
        stop: Price,
        /// The worst price to trade at.
        limit: Price,
    },
    /// A stop that follows the best price seen at a distance.
    TrailingStop {
        /// The distance.
        trail: Trail,
    },
}

/// The name of an order's type, without its prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderType {
    /// See [`OrderKind::Market`].
    Market,
    /// See [`OrderKind::Limit`].
    Limit,
    /// See [`OrderKind::Stop`].
    Stop,
    /// See [`OrderKind::StopLimit`].
    StopLimit,
    /// See [`OrderKind::TrailingStop`].
    TrailingStop,
}

impl OrderKind {
    /// The type's name.
    #[must_use]
    pub const fn order_type(self) -> OrderType {
        match self {
            Self::Market => OrderType::Market,
            Self::Limit { .. } => OrderType::Limit,
            Self::Stop { .. } => OrderType::Stop,
            Self::StopLimit { .. } => OrderType::StopLimit,
            Self::TrailingStop { .. } => OrderType::TrailingStop,
        }
    }

    /// The worst price to trade at, where the type has one.
    #[must_use]
    pub const fn limit_price(self) -> Option<Price> {
        match self {
            Self::Limit { limit } | Self::StopLimit { limit, .. } => Some(limit),
            Self::Market | Self::Stop { .. } | Self::TrailingStop { .. } => None,
        }
    }

    /// The fixed price that releases it, where the type has one.
    #[must_use]
    pub const fn stop_price(self) -> Option<Price> {
        match self {
            Self::Stop { stop } | Self::StopLimit { stop, .. } => Some(stop),
            Self::Market | Self::Limit { .. } | Self::TrailingStop { .. } => None,
        }
    }

    /// The distance of a trailing stop.
    #[must_use]
    pub const fn trail(self) -> Option<Trail> {
        match self {
            Self::TrailingStop { trail } => Some(trail),
            Self::Market | Self::Limit { .. } | Self::Stop { .. } | Self::StopLimit { .. } => None,
        }
    }

    /// Whether it waits for a price before it may trade.
    #[must_use]
    pub const fn waits_for_trigger(self) -> bool {
        match self {
            Self::Stop { .. } | Self::StopLimit { .. } | Self::TrailingStop { .. } => true,
            Self::Market | Self::Limit { .. } => false,
        }
    }
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

/// How long an order works.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeInForce {
    /// Until the session's real close; sent while closed, until the next session's.
    Day,
    /// Until filled or cancelled.
    GoodTilCanceled,
    /// What can be had at once; the rest is cancelled.
    ImmediateOrCancel,
    /// All at once or nothing.
    FillOrKill,
}

impl TimeInForce {
    /// The name as clients write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::GoodTilCanceled => "GTC",
            Self::ImmediateOrCancel => "IOC",
            Self::FillOrKill => "FOK",
        }
    }

    /// Whether the order must trade at its first look at the market or end.
    #[must_use]
    pub const fn is_immediate(self) -> bool {
        match self {
            Self::ImmediateOrCancel | Self::FillOrKill => true,
            Self::Day | Self::GoodTilCanceled => false,
        }
    }
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
