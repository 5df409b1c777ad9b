//! What an order asks for, whole: type, size, duration and instructions.
//!
//! The same terms travel from the request through the facts into every view, so that no place can
//! forget one. A type carries exactly the prices that it needs.

use crate::{OrderType, Percent, Price, Qty, Quote, Side, Size, Time};
use rkyv::{Archive, Deserialize, Serialize};

/// What its owner asked of an order, and may change.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderTerms {
    /// Type and prices.
    pub kind: OrderKind,
    /// How much, filled part included.
    pub size: Size,
    /// How long.
    pub time_in_force: TimeInForce,
    /// What else it has to heed.
    pub instructions: Instructions,
}

impl OrderTerms {
    /// A type and a size, good till cancelled, without instructions.
    #[must_use]
    pub fn plain(kind: OrderKind, size: Size) -> Self {
        Self { kind, size, time_in_force: TimeInForce::GoodTilCanceled, instructions: Instructions::default() }
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
    /// Becomes a market order once the reference price reaches `stop`.
    Stop {
        /// The price that releases it.
        stop: Price,
    },
    /// Becomes a limit order once the reference price reaches `stop`.
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
        /// Where it begins to follow; at once when absent.
        activation: Option<Price>,
    },
    /// The same, and a limit order once released.
    TrailingStopLimit {
        /// The distance.
        trail: Trail,
        /// How far beyond the stop its limit lies.
        offset: Price,
        /// Where it begins to follow; at once when absent.
        activation: Option<Price>,
    },
    /// Becomes a market order once the reference price touches `trigger` from the worse side.
    MarketIfTouched {
        /// The price that releases it.
        trigger: Price,
    },
    /// Becomes a limit order once the reference price touches `trigger` from the worse side.
    LimitIfTouched {
        /// The price that releases it.
        trigger: Price,
        /// The worst price to trade at.
        limit: Price,
    },
    /// A limit order whose limit follows the quote.
    Pegged(Peg),
}

/// What a pegged order follows.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peg {
    /// Which price.
    pub reference: PegReference,
    /// How much more aggressive than it (primary, midpoint) or how far behind it (market); may be below
    /// nothing.
    pub offset: Price,
    /// The worst price it follows to.
    pub cap: Option<Price>,
}

/// The price that a pegged order follows.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PegReference {
    /// The quote's own side: the bid for a buy.
    Primary,
    /// The quote's other side: the ask for a buy.
    Market,
    /// The middle.
    Midpoint,
}

impl PegReference {
    /// The name as clients write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::Market => "MARKET",
            Self::Midpoint => "MIDPOINT",
        }
    }
}

impl Peg {
    /// The limit that belongs to a quote, on the price step of the less aggressive side and never at or
    /// beyond the other side; `None` where the quote has not two uncrossed sides, or no price is left.
    #[must_use]
    pub fn limit(self, side: Side, quote: Quote, step: Price) -> Option<Price> {
        quote.middle()?;
        let (own, other) = match side {
            Side::Buy => (quote.bid, quote.ask),
            Side::Sell => (quote.ask, quote.bid),
        };
        // In halves of a unit, so that the middle is exact.
        let doubled = match self.reference {
            PegReference::Primary => 2 * side.worse_by(own, self.offset).raw(),
            PegReference::Market => 2 * side.opposite().worse_by(other, self.offset).raw(),
            PegReference::Midpoint => own.raw() + other.raw() + 2 * side.worse_by(Price::ZERO, self.offset).raw(),
        };
        let steps = match side {
            Side::Buy => doubled.div_euclid(2 * step.raw()),
            Side::Sell => -(-doubled).div_euclid(2 * step.raw()),
        };
        let wished = Price::from_raw(steps * step.raw());
        let behind_other = side.opposite().worse_by(other, step);
        let least_aggressive = |one: Price, two: Price| if side.improves(one, two) { one } else { two };
        let limit = self.cap.into_iter().fold(least_aggressive(wished, behind_other), least_aggressive);
        limit.is_positive().then_some(limit)
    }
}

/// What releases an order that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trigger {
    /// The price moving against the holder: up for a buy, down for a sell.
    Stop(Price),
    /// The price moving in favour: down for a buy, up for a sell.
    Touch(Price),
    /// The price falling back from its best by a distance.
    Trail(Trail),
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
            Self::TrailingStopLimit { .. } => OrderType::TrailingStopLimit,
            Self::MarketIfTouched { .. } => OrderType::MarketIfTouched,
            Self::LimitIfTouched { .. } => OrderType::LimitIfTouched,
            Self::Pegged(_) => OrderType::Pegged,
        }
    }

    /// What releases it, where the type waits for a price before it may trade.
    #[must_use]
    pub const fn trigger(self) -> Option<Trigger> {
        match self {
            Self::Market | Self::Limit { .. } | Self::Pegged(_) => None,
            Self::Stop { stop } | Self::StopLimit { stop, .. } => Some(Trigger::Stop(stop)),
            Self::MarketIfTouched { trigger } | Self::LimitIfTouched { trigger, .. } => {
                Some(Trigger::Touch(trigger))
            }
            Self::TrailingStop { trail, .. } | Self::TrailingStopLimit { trail, .. } => {
                Some(Trigger::Trail(trail))
            }
        }
    }

    /// The worst price to trade at, where the type names one; a trailing stop's limit follows its stop.
    #[must_use]
    pub const fn limit_price(self) -> Option<Price> {
        match self {
            Self::Limit { limit } | Self::StopLimit { limit, .. } | Self::LimitIfTouched { limit, .. } => {
                Some(limit)
            }
            Self::Market
            | Self::Stop { .. }
            | Self::TrailingStop { .. }
            | Self::TrailingStopLimit { .. }
            | Self::MarketIfTouched { .. }
            | Self::Pegged(_) => None,
        }
    }

    /// The fixed price of its stop, where the type has one.
    #[must_use]
    pub const fn stop_price(self) -> Option<Price> {
        match self.trigger() {
            Some(Trigger::Stop(stop)) => Some(stop),
            Some(Trigger::Touch(_) | Trigger::Trail(_)) | None => None,
        }
    }

    /// The price that has to be touched, where the type has one.
    #[must_use]
    pub const fn touch_price(self) -> Option<Price> {
        match self.trigger() {
            Some(Trigger::Touch(price)) => Some(price),
            Some(Trigger::Stop(_) | Trigger::Trail(_)) | None => None,
        }
    }

    /// The distance of a trailing stop.
    #[must_use]
    pub const fn trail(self) -> Option<Trail> {
        match self.trigger() {
            Some(Trigger::Trail(trail)) => Some(trail),
            Some(Trigger::Stop(_) | Trigger::Touch(_)) | None => None,
        }
    }

    /// Where a trailing stop begins to follow, where it waits for that.
    #[must_use]
    pub const fn activation(self) -> Option<Price> {
        match self {
            Self::TrailingStop { activation, .. } | Self::TrailingStopLimit { activation, .. } => activation,
            Self::Market
            | Self::Limit { .. }
            | Self::Stop { .. }
            | Self::StopLimit { .. }
            | Self::MarketIfTouched { .. }
            | Self::LimitIfTouched { .. }
            | Self::Pegged(_) => None,
        }
    }

    /// How far beyond its stop a trailing stop's limit lies.
    #[must_use]
    pub const fn limit_offset(self) -> Option<Price> {
        match self {
            Self::TrailingStopLimit { offset, .. } => Some(offset),
            Self::Market
            | Self::Limit { .. }
            | Self::Stop { .. }
            | Self::StopLimit { .. }
            | Self::TrailingStop { .. }
            | Self::MarketIfTouched { .. }
            | Self::LimitIfTouched { .. }
            | Self::Pegged(_) => None,
        }
    }

    /// What a pegged order follows.
    #[must_use]
    pub const fn peg(self) -> Option<Peg> {
        match self {
            Self::Pegged(peg) => Some(peg),
            Self::Market
            | Self::Limit { .. }
            | Self::Stop { .. }
            | Self::StopLimit { .. }
            | Self::TrailingStop { .. }
            | Self::TrailingStopLimit { .. }
            | Self::MarketIfTouched { .. }
            | Self::LimitIfTouched { .. } => None,
        }
    }

    /// Whether it waits for a price before it may trade.
    #[must_use]
    pub const fn waits_for_trigger(self) -> bool {
        self.trigger().is_some()
    }

    /// Every fixed price and every distance in price that it names.
    pub fn prices(self) -> impl Iterator<Item = Price> {
        let amount = match self.trail() {
            Some(Trail::Amount(amount)) => Some(amount),
            Some(Trail::Percent(_)) | None => None,
        };
        let named = [self.stop_price(), self.touch_price(), amount, self.limit_price(), self.limit_offset()];
        let peg = self.peg();
        let of_peg = [peg.map(|peg| peg.offset), peg.and_then(|peg| peg.cap)];
        named.into_iter().chain([self.activation()]).chain(of_peg).flatten()
    }
}

/// How long an order works.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeInForce {
    /// Until the session's real close; sent while closed, until the next session's.
    Day,
    /// Until filled or cancelled, or for as long as the system keeps such orders.
    GoodTilCanceled,
    /// Until this instant.
    GoodTilDate(Time),
    /// What can be had at once; the rest is cancelled.
    ImmediateOrCancel,
    /// All at once or nothing.
    FillOrKill,
    /// In the opening auction alone.
    AtOpen,
    /// In the closing auction alone.
    AtClose,
}

impl TimeInForce {
    /// The name as clients write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::GoodTilCanceled => "GTC",
            Self::GoodTilDate(_) => "GTD",
            Self::ImmediateOrCancel => "IOC",
            Self::FillOrKill => "FOK",
            Self::AtOpen => "OPG",
            Self::AtClose => "CLS",
        }
    }

    /// Whether the order must trade at its first look at the market or end.
    #[must_use]
    pub const fn is_immediate(self) -> bool {
        match self {
            Self::ImmediateOrCancel | Self::FillOrKill => true,
            Self::Day | Self::GoodTilCanceled | Self::GoodTilDate(_) | Self::AtOpen | Self::AtClose => false,
        }
    }

    /// Whether the order trades in an auction alone.
    #[must_use]
    pub const fn is_auction(self) -> bool {
        match self {
            Self::AtOpen | Self::AtClose => true,
            Self::Day
            | Self::GoodTilCanceled
            | Self::GoodTilDate(_)
            | Self::ImmediateOrCancel
            | Self::FillOrKill => false,
        }
    }
}

/// What an order has to heed besides its type, size and duration.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instructions {
    /// In which hours it may trade.
    pub hours: TradingHours,
    /// Refused, or cancelled when released, rather than that it takes.
    pub post_only: bool,
    /// Never opens or turns a position, and holds nothing back for that reason.
    pub reduce_only: bool,
    /// How much of it others see at a time.
    pub display_qty: Option<Qty>,
    /// Which price releases it.
    pub trigger_source: TriggerSource,
}

/// In which hours an order may trade.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradingHours {
    /// The regular session.
    #[default]
    Regular,
    /// Before and after it, too.
    Extended,
}

/// Which price releases an order that waits.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TriggerSource {
    /// The last regular trade inside the quote; quotes where a feed has no trades.
    #[default]
    Last,
    /// The ask for buys, the bid for sells.
    BidAsk,
    /// The middle of the quote.
    Mid,
    /// Two trades in a row.
    DoubleLast,
    /// Two quotes in a row.
    DoubleBidAsk,
}

impl TriggerSource {
    /// The name as clients write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Last => "LAST",
            Self::BidAsk => "BID_ASK",
            Self::Mid => "MID",
            Self::DoubleLast => "DOUBLE_LAST",
            Self::DoubleBidAsk => "DOUBLE_BID_ASK",
        }
    }
}
