//! What can be asked of a shard, and what it answers.

use crate::{
    ClientOrderId, ClientOrderKey, Contingency, Currency, ExecutionProfile, Instrument, LegShare, Money, Note,
    OrderId, OrderLegs, OrderTerms, PortfolioId, Price, Qty, Reject, RiskLimits, Side, StrategyId, Symbol,
    TimeInForce, Trail, UserId,
};
use alloc::boxed::Box;
use alloc::vec::Vec;
use rkyv::{Archive, Deserialize, Serialize};

/// What kind of hand sent a request.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The system itself: start-up and schedules.
    System,
    /// A person, in the interface.
    Manual,
    /// A program, with an API key.
    Automated,
    /// A strategy that runs here.
    Strategy(StrategyId),
}

/// Who sent a request, for the audit trail.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubmittedBy {
    /// The user, or 0 for the system.
    pub user: UserId,
    /// With what kind of hand.
    pub origin: Origin,
}

/// A command and who sent it.
#[derive(Clone, Debug)]
pub struct Request<C> {
    /// Who sent it.
    pub by: SubmittedBy,
    /// What is asked.
    pub command: C,
}

/// An order as it was asked for, parsed and within limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Whose money.
    pub portfolio: PortfolioId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// The hash of that name.
    pub key: ClientOrderKey,
    /// Hash of everything the order means, so that the same name with another meaning is noticed.
    pub fingerprint: u64,
    /// What to trade; may be unknown, which is a reject.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// What it asks for.
    pub terms: OrderTerms,
    /// What hangs on it.
    pub chain: Option<Box<NewChain>>,
}

/// The orders that are sent with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChain {
    /// What they are to it and to each other.
    pub contingency: Contingency,
    /// At least one; with all that hangs on them at most [`crate::limits::CHAIN_ORDERS_MAX`].
    pub legs: Vec<NewLeg>,
}

/// An order that is sent with another: of the same portfolio and sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLeg {
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// The hash of that name.
    pub key: ClientOrderKey,
    /// What to trade.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// What it asks for; by quantity.
    pub terms: OrderTerms,
    /// How much of it its parent's fills set free; of alternatives to the order itself [`LegShare::AsFilled`].
    pub share: LegShare,
    /// What hangs on it; never alternatives to it.
    pub chain: Option<Box<NewChain>>,
}

impl NewChain {
    /// What this is to the order that it is sent with.
    #[must_use]
    pub fn shape(&self) -> OrderLegs {
        let count = u16::try_from(self.count()).expect("a chain is bounded");
        OrderLegs { contingency: self.contingency, count }
    }

    /// How many orders these are, with all that hangs on them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.legs.iter().map(|leg| 1 + leg.chain.as_ref().map_or(0, |chain| chain.count())).sum()
    }
}

/// What a replace changes; `None` leaves it. A field that the order's type lacks is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amendment {
    /// New total quantity, filled part included.
    pub qty: Option<Qty>,
    /// New limit price.
    pub limit: Option<Price>,
    /// New stop price.
    pub stop: Option<Price>,
    /// New distance; the kind of distance (amount or percent) cannot change.
    pub trail: Option<Trail>,
    /// New price that has to be touched.
    pub trigger: Option<Price>,
    /// New time in force; only DAY, GTC and GTD.
    pub time_in_force: Option<TimeInForce>,
    /// New displayed part.
    pub display_qty: Option<Qty>,
}

/// What can be asked of a shard. Each names the portfolio it concerns, and so the shard.
#[derive(Clone, Debug)]
pub enum Command {
    /// Adds an instrument or changes one. Equal to what stands, it changes nothing.
    DefineInstrument(Instrument),
    /// Opens a portfolio. Opening one that stands changes nothing.
    OpenPortfolio {
        /// Its id, from the catalogue.
        portfolio: PortfolioId,
        /// The currency of its cash.
        currency: Currency,
        /// Its first cash.
        starting_balance: Money,
        /// What its orders may not break.
        limits: RiskLimits,
        /// How its orders fill.
        profile: Box<ExecutionProfile>,
    },
    /// Changes what a portfolio's orders may not break.
    SetLimits {
        /// Whose.
        portfolio: PortfolioId,
        /// The new limits, whole.
        limits: RiskLimits,
    },
    /// Puts money in.
    Deposit {
        /// Where.
        portfolio: PortfolioId,
        /// How much; above nothing.
        amount: Money,
        /// Why.
        note: Note,
    },
    /// Takes money out; refused beyond what is free.
    Withdraw {
        /// From where.
        portfolio: PortfolioId,
        /// How much; above nothing.
        amount: Money,
        /// Why.
        note: Note,
    },
    /// Sends an order.
    Submit(NewOrder),
    /// Ends an open order.
    Cancel {
        /// Which.
        order: OrderId,
    },
    /// Ends all open orders of a portfolio.
    CancelAll {
        /// Whose.
        portfolio: PortfolioId,
        /// Only this instrument's, where named.
        symbol: Option<Symbol>,
    },
    /// Changes an open order in place.
    Replace {
        /// Which.
        order: OrderId,
        /// What changes.
        amendment: Amendment,
    },
}

impl Command {
    /// The portfolio it concerns; [`PortfolioId::SYSTEM`] for what concerns all shards.
    #[must_use]
    pub const fn portfolio(&self) -> PortfolioId {
        match self {
            Self::DefineInstrument(_) => PortfolioId::SYSTEM,
            Self::OpenPortfolio { portfolio, .. }
            | Self::SetLimits { portfolio, .. }
            | Self::Deposit { portfolio, .. }
            | Self::Withdraw { portfolio, .. }
            | Self::CancelAll { portfolio, .. } => *portfolio,
            Self::Submit(order) => order.portfolio,
            Self::Cancel { order } | Self::Replace { order, .. } => order.portfolio(),
        }
    }

    /// Whether it only takes risk down, and so may use the places kept for that.
    #[must_use]
    pub const fn is_cancel(&self) -> bool {
        match self {
            Self::Cancel { .. } | Self::CancelAll { .. } => true,
            Self::DefineInstrument(_)
            | Self::OpenPortfolio { .. }
            | Self::SetLimits { .. }
            | Self::Deposit { .. }
            | Self::Withdraw { .. }
            | Self::Submit(_)
            | Self::Replace { .. } => false,
        }
    }
}

/// What a shard answers, once the events behind it are durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandReply {
    /// Done; there is nothing more to say.
    Done,
    /// An order was taken (and may have traded since).
    Accepted(OrderId),
    /// An order was refused; it exists, rejected, and says why.
    OrderRejected(OrderId, Reject),
    /// The client order id was seen before with the same meaning: that order.
    Duplicate(OrderId),
    /// The order was changed.
    Replaced(OrderId),
    /// These orders ended.
    Canceled(Vec<OrderId>),
    /// No; nothing changed.
    Refused(Reject),
}
