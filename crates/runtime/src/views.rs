//! What readers see, and what stream messages are made from. Plain data, copied out of the
//! projections; nothing here changes state.

use crate::message_run::Framing;
use model::{
    Currency, ExecutionProfile, InstrumentId, Money, NetQty, PortfolioId, PortfolioSeq, Price, Qty, RiskLimits,
    Symbol, Time,
};
use persistence::{OrderRow, TradeRow};

/// A portfolio's money and rules, without market prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortfolioView {
    /// Its id.
    pub id: PortfolioId,
    /// The currency of its cash.
    pub currency: Currency,
    /// What it was opened with.
    pub starting_balance: Money,
    /// Cash, reserved part included.
    pub cash: Money,
    /// The part of cash that open buy orders hold back.
    pub reserved: Money,
    /// Deposits less withdrawals, starting balance included.
    pub net_flows: Money,
    /// Profit realised, before fees.
    pub realized_pnl: Money,
    /// Fees paid.
    pub fees_paid: Money,
    /// What its orders may not break.
    pub limits: RiskLimits,
    /// How its orders fill.
    pub profile: ExecutionProfile,
    /// The number of the last stream message.
    pub head_seq: PortfolioSeq,
    /// How many instruments it holds.
    pub open_positions: usize,
    /// How many orders are open.
    pub open_orders: usize,
}

/// A portfolio's cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashView {
    /// The currency of it.
    pub currency: Currency,
    /// Cash, reserved part included.
    pub cash: Money,
    /// The part that open buy orders hold back.
    pub reserved: Money,
    /// What a new order may spend: cash less the reserved part.
    pub available: Money,
    /// Deposits less withdrawals, starting balance included.
    pub net_flows: Money,
    /// Profit realised, before fees.
    pub realized_pnl: Money,
    /// Fees paid.
    pub fees_paid: Money,
}

/// A holding, without market prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionView {
    /// Of what.
    pub instrument: InstrumentId,
    /// Its ticker.
    pub symbol: Symbol,
    /// How much; negative when short.
    pub qty: NetQty,
    /// What it cost, signed like the quantity.
    pub cost_basis: Money,
    /// Cost of one unit, rounded half to even; `None` when nothing is held.
    pub avg_price: Option<Price>,
    /// Profit realised on it so far, before fees.
    pub realized_pnl: Money,
    /// How much of it open sell orders hold back.
    pub reserved_qty: Qty,
}

/// The market of one instrument as the sequencer last saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteView {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Highest price that someone pays; zero when there is none.
    pub bid: Price,
    /// Displayed size there, in shares.
    pub bid_size: Qty,
    /// Lowest price that someone asks; zero when there is none.
    pub ask: Price,
    /// Displayed size there, in shares.
    pub ask_size: Qty,
    /// Price of the last regular trade; zero when there was none.
    pub last: Price,
    /// Size of that trade, in shares.
    pub last_size: Qty,
    /// The exchange's time of the latest tick.
    pub time: Time,
    /// Engine time when that tick arrived.
    pub received: Time,
    /// Whether it is older than the feed's interruption or than the age allowed.
    pub stale: bool,
    /// Grows with every change of the above but `stale`: equal versions are equal quotes.
    pub version: u64,
}

/// What a stream message is about.
#[derive(Clone, Copy, Debug)]
pub enum StreamItem<'a> {
    /// The order as it is now.
    Order(&'a OrderRow),
    /// The trade.
    Fill(&'a TradeRow),
    /// The position as it is now.
    Position(&'a PositionView),
    /// The cash as it is now.
    Cash(&'a CashView),
    /// The portfolio as it is now.
    Portfolio(&'a PortfolioView),
}

/// One message of a portfolio's stream, before it is bytes.
#[derive(Clone, Copy, Debug)]
pub struct StreamMessage<'a> {
    /// Whose stream.
    pub portfolio: PortfolioId,
    /// Its place in the stream.
    pub seq: PortfolioSeq,
    /// Engine time of the event behind it.
    pub time: Time,
    /// What it says.
    pub item: StreamItem<'a>,
}

/// Turns a stream message into the bytes that clients receive.
///
/// It is called once for each message, and again for the same message only when views are made anew
/// from the journal; it must then give the same bytes, so it may depend on nothing but the message.
pub trait StreamEncoder: Send + Sync {
    /// Appends the message's bytes to `out`.
    fn encode(&self, message: &StreamMessage<'_>, out: &mut Vec<u8>);

    /// How the bytes are framed for the connections that carry them.
    fn framing(&self) -> Framing {
        Framing::NONE
    }
}
