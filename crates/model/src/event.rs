//! Facts: what inputs changed. The journal is a list of these, and everything anyone sees is a
//! fold over them.
//!
//! An event carries what folding it needs, so that no rule has to be decided again: a fill says
//! how much cash moved and how much profit it realised. Archived: changing a type here is a new
//! format version.

use crate::{
    Bar, ClientOrderId, ClientOrderKey, Currency, ExecutionProfile, Instrument, InstrumentId, Money, Note,
    OrderFees, OrderId, OrderLegs, OrderLink, OrderTerms, PortfolioId, PortfolioSeq, Price, PriceCap, Qty, Quote,
    Reject, RiskLimits, Side, SubmittedBy, Symbol, TickSeq, Time, Trade, TradeNumber,
};
use alloc::boxed::Box;
use rkyv::{Archive, Deserialize, Serialize};

/// A fact.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whose it is.
    pub portfolio: PortfolioId,
    /// Number of the first stream message it makes; it makes [`EventBody::messages`] of them, and
    /// the next event of the portfolio goes on from there.
    pub seq: PortfolioSeq,
    /// Engine time.
    pub time: Time,
    /// The last tick that the shard had seen.
    pub tick: TickSeq,
    /// What happened.
    pub body: EventBody,
}

/// What an order holds back: money for a buy, holdings for a sell.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reservation {
    /// Cash that no other order may spend.
    pub cash: Money,
    /// Holdings that no other order may sell.
    pub qty: Qty,
}

/// An order was taken.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OrderAccepted {
    /// Its id.
    pub order: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// The hash of that name.
    pub key: ClientOrderKey,
    /// Hash of what it means.
    pub fingerprint: u64,
    /// Who sent it.
    pub by: SubmittedBy,
    /// What it trades.
    pub instrument: InstrumentId,
    /// The ticker at that time.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// What it asks for.
    pub terms: OrderTerms,
    /// When it ends by itself.
    pub expires_at: Option<Time>,
    /// The reference price a trailing stop starts from, where there was one.
    pub hwm: Option<Price>,
    /// What it holds back.
    pub reserved: Reservation,
    /// Where it stands in a chain.
    pub link: Option<OrderLink>,
    /// What was sent with it.
    pub legs: Option<OrderLegs>,
}

/// An order was refused; it exists, rejected.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OrderRejected {
    /// Its id.
    pub order: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// The hash of that name.
    pub key: ClientOrderKey,
    /// Hash of what it means.
    pub fingerprint: u64,
    /// Who sent it.
    pub by: SubmittedBy,
    /// The ticker as sent, known or not.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// What it asks for.
    pub terms: OrderTerms,
    /// Why not.
    pub reject: Reject,
    /// Where it would have stood in a chain.
    pub link: Option<OrderLink>,
    /// What was sent with it.
    pub legs: Option<OrderLegs>,
}

/// An order was changed in place: its terms after the change, whole.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OrderReplaced {
    /// Which.
    pub order: OrderId,
    /// Who changed it.
    pub by: SubmittedBy,
    /// What it asks for now.
    pub terms: OrderTerms,
    /// When it ends by itself now.
    pub expires_at: Option<Time>,
    /// The trailing stop's mark now.
    pub hwm: Option<Price>,
    /// What it holds back now.
    pub reserved: Reservation,
    /// How often it was changed, this time included.
    pub revision: u32,
    /// Whether it keeps its place in the queue: only when just the quantity fell.
    pub keeps_priority: bool,
}

/// An order of a chain is larger or smaller, begins to work, or waits again, because of what another did.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderSized {
    /// Which.
    pub order: OrderId,
    /// How much now, filled part included.
    pub qty: Qty,
    /// How much its parent set free so far.
    pub released: Qty,
    /// Whether it waits for its parent.
    pub held: bool,
    /// Whether it is done: nothing is left of it, and nothing more will be set free.
    pub completes: bool,
    /// When it ends by itself now.
    pub expires_at: Option<Time>,
    /// What it holds back now.
    pub reserved: Reservation,
}

/// Which side of a trade an order was on.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Liquidity {
    /// It rested and was met.
    Maker,
    /// It met what rested.
    Taker,
}

/// Which rule made a fill.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FillRule {
    /// Took the displayed opposite side of the standing quote as it came in or was released.
    TookStandingQuote,
    /// Waited for a price and took the displayed opposite side of a new quote.
    TookNewQuote,
    /// Rested, and a new quote on the other side came to its limit or beyond.
    QuoteCrossedLimit,
    /// Rested, and a trade at its limit went on after the queue ahead was used up.
    TradeAtLimit,
    /// Rested, and a trade went through its limit.
    TradeThroughLimit,
    /// Took part in the opening auction, at its price.
    OpeningAuction,
    /// Took part in the closing auction, at its price.
    ClosingAuction,
    /// No auction print came in time; filled at the last price instead.
    AuctionFallback,
    /// Waited for a bar and traded at its open.
    BarOpen,
    /// Waited for a bar and traded halfway between its open and its close.
    BarMiddle,
    /// Traded at a bar's close.
    BarClose,
    /// Rested, and a bar's price came to its limit.
    BarAtLimit,
    /// Rested, and a bar's price went through its limit.
    BarThroughLimit,
    /// Was released within a bar and traded where that happened.
    BarTrigger,
    /// Wanted more than there was before, and traded at the next price of the bar's path.
    BarPath,
}

impl FillRule {
    /// Whether it has one price for everybody.
    #[must_use]
    pub const fn is_auction(self) -> bool {
        matches!(self, Self::OpeningAuction | Self::ClosingAuction | Self::AuctionFallback)
    }

    /// The name as clients read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TookStandingQuote => "took_standing_quote",
            Self::TookNewQuote => "took_new_quote",
            Self::QuoteCrossedLimit => "quote_crossed_limit",
            Self::TradeAtLimit => "trade_at_limit",
            Self::TradeThroughLimit => "trade_through_limit",
            Self::OpeningAuction => "opening_auction",
            Self::ClosingAuction => "closing_auction",
            Self::AuctionFallback => "auction_fallback",
            Self::BarOpen => "bar_open",
            Self::BarMiddle => "bar_middle",
            Self::BarClose => "bar_close",
            Self::BarAtLimit => "bar_at_limit",
            Self::BarThroughLimit => "bar_through_limit",
            Self::BarTrigger => "bar_trigger",
            Self::BarPath => "bar_path",
        }
    }
}

/// The market that a fill was made from.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The standing quote.
    pub quote: Quote,
    /// The exchange's time of that quote.
    pub quote_time: Time,
    /// The trade, where a trade made the fill.
    pub trade: Option<Trade>,
    /// The bar, where a bar made the fill.
    pub bar: Option<Box<Bar>>,
}

/// An order traded.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Which order.
    pub order: OrderId,
    /// The trade's number in its portfolio.
    pub trade: TradeNumber,
    /// What was traded.
    pub instrument: InstrumentId,
    /// Bought or sold.
    pub side: Side,
    /// At what price.
    pub price: Price,
    /// How many.
    pub qty: Qty,
    /// Price times quantity, rounded half to even.
    pub value: Money,
    /// What rounding that value moved, in units of 1e-16.
    pub residue: i64,
    /// Commission and other fees; below nothing it is a rebate.
    pub fee: Money,
    /// The part of it that authorities charge.
    pub regulatory: Money,
    /// The commission by the rates, before an order's least and most.
    pub accrued: Money,
    /// Profit or loss realised on the part that closed a holding, before fees.
    pub realized_pnl: Money,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// Why it filled.
    pub rule: FillRule,
    /// From what market.
    pub evidence: Evidence,
    /// Whether another order of the bar's prices would have made another fill of it, or none.
    pub ambiguous: bool,
    /// By how much the price is worse than what was shown.
    pub slippage: Price,
    /// How much of it was not displayed.
    pub synthetic: Qty,
    /// What the order still holds back afterwards; nothing when the fill completes it.
    pub reserved: Reservation,
    /// Whether the order is done: nothing is left, or what is left of its amount buys no lot.
    pub completes: bool,
}

impl Fill {
    /// What it adds to its order's commission.
    #[must_use]
    pub fn fees(&self) -> OrderFees {
        OrderFees { accrued: self.accrued, commission: self.fee - self.regulatory }
    }
}

/// Why an order was cancelled.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CancelReason {
    /// Its owner asked.
    Requested,
    /// IOC: the rest could not be had at once.
    ImmediateOrCancel,
    /// FOK: not all could be had at once.
    FillOrKill,
    /// When it came to trade, the price had run away from what the portfolio can pay.
    InsufficientBuyingPower,
    /// Its stop was released, and it would have taken although it must not.
    PostOnly,
    /// It may only reduce a position, and there is none left.
    ReduceOnly,
    /// An alternative to it traded or ended.
    Sibling,
    /// The order that it waited for ended, and nothing of it had been set free or was left.
    Parent,
    /// The market is further away than an order without a limit may go.
    PriceProtection,
}

impl CancelReason {
    /// The name as clients read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::ImmediateOrCancel => "immediate_or_cancel",
            Self::FillOrKill => "fill_or_kill",
            Self::InsufficientBuyingPower => "insufficient_buying_power",
            Self::PostOnly => "post_only",
            Self::ReduceOnly => "reduce_only",
            Self::Sibling => "sibling",
            Self::Parent => "parent",
            Self::PriceProtection => "price_protection",
        }
    }
}

/// Which way money crossed the portfolio's border.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowKind {
    /// In.
    Deposit,
    /// Out.
    Withdrawal,
}

/// What happened.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum EventBody {
    /// An instrument stands in the table, new or changed.
    InstrumentDefined(Box<Instrument>),
    /// A portfolio was opened.
    PortfolioOpened {
        /// The currency of its cash.
        currency: Currency,
        /// Its first cash.
        starting_balance: Money,
        /// What its orders may not break.
        limits: RiskLimits,
        /// How its orders fill.
        profile: Box<ExecutionProfile>,
        /// Who opened it.
        by: SubmittedBy,
    },
    /// A portfolio's limits were changed.
    LimitsSet {
        /// The limits now.
        limits: RiskLimits,
        /// Who changed them.
        by: SubmittedBy,
    },
    /// Money came in or went out.
    CashFlowed {
        /// Which way.
        kind: FlowKind,
        /// How much; above nothing.
        amount: Money,
        /// Why.
        note: Note,
        /// Who moved it.
        by: SubmittedBy,
    },
    /// An order was taken.
    OrderAccepted(Box<OrderAccepted>),
    /// An order was refused.
    OrderRejected(Box<OrderRejected>),
    /// An order was changed.
    OrderReplaced(Box<OrderReplaced>),
    /// An order of a chain follows another.
    OrderSized(Box<OrderSized>),
    /// A stop was released.
    OrderTriggered {
        /// Which.
        order: OrderId,
        /// The price that released it.
        reference: Price,
    },
    /// A trailing stop's mark moved. Several moves between two commits are one event.
    OrderTrailed {
        /// Which.
        order: OrderId,
        /// The mark now.
        hwm: Price,
    },
    /// An order traded.
    Filled(Box<Fill>),
    /// An order was cancelled; what it held back is free.
    OrderCanceled {
        /// Which.
        order: OrderId,
        /// Why.
        reason: CancelReason,
        /// Who, where someone asked.
        by: Option<SubmittedBy>,
    },
    /// An order ended by time at exactly the event's time; what it held back is free.
    OrderExpired {
        /// Which.
        order: OrderId,
    },
    /// It is known how far an order without a limit may go, or it has come to rest there.
    OrderCapped {
        /// Which.
        order: OrderId,
        /// How far.
        cap: PriceCap,
        /// What it holds back now.
        reserved: Reservation,
    },
}

/// One message of a portfolio's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// The order as it is now.
    Order,
    /// The trade.
    Fill,
    /// The position as it is now.
    Position,
    /// Cash and what is reserved of it.
    Cash,
    /// The portfolio's rules.
    Portfolio,
}

impl MessageKind {
    /// The name as clients read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Fill => "fill",
            Self::Position => "position",
            Self::Cash => "cash",
            Self::Portfolio => "portfolio",
        }
    }
}

/// The messages that one event makes, in order.
pub type StreamMessages = &'static [MessageKind];

impl EventBody {
    /// The messages that this event makes in its portfolio's stream, numbered from [`Event::seq`].
    ///
    /// A function of the body alone, so that numbering is the same wherever it is computed.
    #[must_use]
    pub const fn messages(&self) -> StreamMessages {
        use MessageKind::{Cash, Fill, Order, Portfolio, Position};
        match self {
            Self::InstrumentDefined(_) => &[],
            Self::PortfolioOpened { .. } => &[Portfolio, Cash],
            Self::LimitsSet { .. } => &[Portfolio],
            Self::CashFlowed { .. } => &[Cash],
            Self::OrderRejected(_) | Self::OrderTriggered { .. } | Self::OrderTrailed { .. } => &[Order],
            Self::OrderAccepted(_)
            | Self::OrderReplaced(_)
            | Self::OrderSized(_)
            | Self::OrderCanceled { .. }
            | Self::OrderExpired { .. }
            | Self::OrderCapped { .. } => &[Order, Cash],
            Self::Filled(_) => &[Fill, Order, Position, Cash],
        }
    }

    /// How many messages those are.
    #[must_use]
    pub const fn message_count(&self) -> u64 {
        self.messages().len() as u64
    }
}
