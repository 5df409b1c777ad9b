//! The image of a shard on disk: what a snapshot holds.
//!
//! Only what events made. Quotes, queue positions and spent displayed size are the market's state:
//! after a restart they are taken anew from the feed, on the cautious side. Lists are sorted by
//! their key, so that equal states have equal bytes.

use crate::{
    ClientOrderKey, Currency, ExecutionProfile, Instrument, InstrumentId, Money, MonthTraded, NetQty, OrderFees,
    OrderId, OrderLink, OrderNumber, OrderTerms, PortfolioId, PortfolioSeq, Price, PriceCap, Qty, Reservation,
    RiskLimits, ShardSeq, Side, Time, TradeNumber,
};
use alloc::vec::Vec;
use rkyv::{Archive, Deserialize, Serialize};

/// A whole shard.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardImage {
    /// The last event folded in.
    pub seq: ShardSeq,
    /// Engine time of that event.
    pub time: Time,
    /// The instrument table, by id.
    pub instruments: Vec<Instrument>,
    /// The portfolios, by id.
    pub portfolios: Vec<PortfolioImage>,
    /// The open orders, by id.
    pub orders: Vec<OrderImage>,
    /// What rounding moved in all, in units of 1e-16.
    pub rounding_residue: i128,
}

/// A portfolio.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct PortfolioImage {
    /// Its id.
    pub id: PortfolioId,
    /// The currency of its cash.
    pub currency: Currency,
    /// How its orders fill.
    pub profile: ExecutionProfile,
    /// What its orders may not break.
    pub limits: RiskLimits,
    /// What it was opened with.
    pub starting_balance: Money,
    /// Cash, reserved part included.
    pub cash: Money,
    /// Deposits less withdrawals, starting balance included.
    pub net_flows: Money,
    /// Profit realised, before fees.
    pub realized_pnl: Money,
    /// Fees paid.
    pub fees_paid: Money,
    /// What it traded in the month of its last fill, where its commission has steps.
    pub month_traded: MonthTraded,
    /// The number of the last stream message.
    pub last_seq: PortfolioSeq,
    /// The number of the last order.
    pub last_order: OrderNumber,
    /// The number of the last trade.
    pub last_trade: TradeNumber,
    /// Holdings, past ones with realised profit included, by instrument.
    pub positions: Vec<PositionImage>,
    /// Every client order id ever used, by key.
    pub client_orders: Vec<ClientOrderEntry>,
}

/// A holding.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct PositionImage {
    /// Of what.
    pub instrument: InstrumentId,
    /// How much; negative when short.
    pub qty: NetQty,
    /// What it cost, signed like the quantity.
    pub cost_basis: Money,
    /// Profit realised on it so far, before fees.
    pub realized_pnl: Money,
}

/// A client order id that was used, and for what.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientOrderEntry {
    /// The hash of the name.
    pub key: ClientOrderKey,
    /// The order it named.
    pub order: OrderNumber,
    /// The hash of what that order meant.
    pub fingerprint: u64,
    /// Whether that order was refused.
    pub rejected: bool,
}

/// A trailing stop's mark.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrailImage {
    /// The best price seen, where one was.
    pub hwm: Option<Price>,
}

/// Where an order stands in its chain.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegImage {
    /// On which others it depends.
    pub link: OrderLink,
    /// How much its parent set free so far.
    pub released: Qty,
    /// Whether it waits for its parent.
    pub held: bool,
}

/// An open order.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OrderImage {
    /// Its id.
    pub id: OrderId,
    /// What it trades.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// What it asks for.
    pub terms: OrderTerms,
    /// When it was taken.
    pub accepted_at: Time,
    /// When it ends by itself.
    pub expires_at: Option<Time>,
    /// How many are filled.
    pub filled_qty: Qty,
    /// What those were worth.
    pub filled_value: Money,
    /// What those came to in commission.
    pub fees: OrderFees,
    /// What it holds back.
    pub reserved: Reservation,
    /// Whether its stop was released.
    pub triggered: bool,
    /// A trailing stop's mark.
    pub trail: Option<TrailImage>,
    /// How far it may go, where it has no limit and that is known.
    pub cap: Option<PriceCap>,
    /// Where it stands in a chain.
    pub leg: Option<LegImage>,
    /// How often it was changed.
    pub revision: u32,
    /// Its place in the order of time among equals: the shard's event that gave it its place.
    pub priority: u64,
}
