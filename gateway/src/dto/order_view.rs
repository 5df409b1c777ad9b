//! Orders and trades as clients read them, over REST and in the stream alike.

use super::names::{
    AggressorName, CancelReasonName, FillRuleName, LiquidityName, OrderStatusName, RejectCodeName,
};
use super::order_parts::{OrderClassName, Peg, SideName, TimeInForceName, TriggerSourceName, TypeName};
use super::{Decimal, Timestamp};
use crate::ids::Ids;
use model::{OrderId, OrderTerms, Origin, Price, Quote, Size, Time, TimeInForce, TradingHours, Trail};
use persistence::{OrderRow, TradeRow};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An order: what was asked, and where it stands. Members of features that are not offered are
/// there with the value that they have when unused.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderView {
    pub(crate) id: Uuid,
    pub(crate) portfolio_id: Uuid,
    pub(crate) client_order_id: String,
    #[schema(example = "AAPL")]
    pub(crate) symbol: String,
    pub(crate) side: SideName,
    pub(crate) r#type: TypeName,
    pub(crate) qty: Option<Decimal>,
    pub(crate) notional: Option<Decimal>,
    pub(crate) limit_price: Option<Decimal>,
    pub(crate) stop_price: Option<Decimal>,
    pub(crate) trigger_price: Option<Decimal>,
    pub(crate) trail_amount: Option<Decimal>,
    pub(crate) trail_percent: Option<Decimal>,
    pub(crate) limit_offset: Option<Decimal>,
    pub(crate) activation_price: Option<Decimal>,
    /// Which price releases it; null for types that wait for none.
    pub(crate) trigger_source: Option<TriggerSourceName>,
    pub(crate) time_in_force: TimeInForceName,
    /// When it ends by itself.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) extended_hours: bool,
    pub(crate) reduce_only: bool,
    pub(crate) post_only: bool,
    pub(crate) display_qty: Option<Decimal>,
    /// What a pegged order follows; its limit now is `working_price`.
    pub(crate) peg: Option<Peg>,
    #[schema(value_type = Option<Object>)]
    pub(crate) algo: Option<()>,
    #[schema(value_type = Option<Object>)]
    pub(crate) condition: Option<()>,
    pub(crate) order_class: OrderClassName,
    #[schema(value_type = Option<Object>)]
    pub(crate) take_profit: Option<()>,
    #[schema(value_type = Option<Object>)]
    pub(crate) stop_loss: Option<()>,
    /// The orders that hang on it or stand beside it, where the reply is nested; null otherwise.
    #[schema(no_recursion)]
    pub(crate) legs: Option<Vec<OrderView>>,
    pub(crate) parent_id: Option<Uuid>,
    pub(crate) strategy_id: Option<String>,
    pub(crate) status: OrderStatusName,
    pub(crate) filled_qty: Decimal,
    pub(crate) filled_avg_price: Option<Decimal>,
    /// What is neither filled nor ended; null while an order by amount works.
    pub(crate) leaves_qty: Option<Decimal>,
    /// Whether it waits for another order.
    pub(crate) held: bool,
    /// Whether its stop was released.
    pub(crate) triggered: bool,
    /// The best price a trailing stop has seen.
    pub(crate) hwm: Option<Decimal>,
    /// The price it waits for now.
    pub(crate) working_price: Option<Decimal>,
    /// Cash that it holds back.
    pub(crate) reserved_cash: Decimal,
    /// Why it was refused.
    pub(crate) reject_code: Option<RejectCodeName>,
    pub(crate) reject_message: Option<String>,
    /// Why it was cancelled.
    pub(crate) cancel_reason: Option<CancelReasonName>,
    /// How often it was changed.
    pub(crate) revision: u32,
    /// Whether a person sent it, and not a program.
    pub(crate) manual: bool,
    pub(crate) created_at: Timestamp,
    /// For an expired order the instant of expiry.
    pub(crate) updated_at: Timestamp,
}

impl OrderView {
    /// What clients read of a row.
    pub(crate) fn of(row: &OrderRow, ids: &Ids) -> Self {
        let OrderTerms { kind, size, time_in_force, instructions } = row.terms;
        let (qty, notional) = match size {
            Size::Shares(qty) => (Some(qty.into()), None),
            Size::Notional(amount) => (None, Some(amount.into())),
        };
        let (trail_amount, trail_percent) = match kind.trail() {
            Some(Trail::Amount(amount)) => (Some(amount.into()), None),
            Some(Trail::Percent(percent)) => (None, Some(percent.into())),
            None => (None, None),
        };
        Self {
            id: ids.order(row.id),
            portfolio_id: ids.portfolio(row.id.portfolio()),
            client_order_id: row.client_order_id.as_str().to_owned(),
            symbol: row.symbol.as_str().to_owned(),
            side: row.side.into(),
            r#type: kind.order_type().into(),
            qty,
            notional,
            limit_price: kind.limit_price().map(Decimal::from),
            stop_price: kind.stop_price().map(Decimal::from),
            trigger_price: kind.touch_price().map(Decimal::from),
            trail_amount,
            trail_percent,
            limit_offset: kind.limit_offset().map(Decimal::from),
            activation_price: kind.activation().map(Decimal::from),
            trigger_source: kind.waits_for_trigger().then(|| instructions.trigger_source.into()),
            time_in_force: time_in_force.into(),
            expires_at: expires_at(row).map(Timestamp),
            extended_hours: instructions.hours == TradingHours::Extended,
            reduce_only: instructions.reduce_only,
            post_only: instructions.post_only,
            display_qty: instructions.display_qty.map(Decimal::from),
            peg: kind.peg().map(Peg::from),
            algo: None,
            condition: None,
            order_class: row.legs.map_or(OrderClassName::Simple, |legs| legs.contingency.into()),
            take_profit: None,
            stop_loss: None,
            legs: None,
            parent_id: parent(row).map(|id| ids.order(id)),
            strategy_id: strategy_id(row.by.origin),
            status: row.status.into(),
            filled_qty: row.filled_qty.into(),
            filled_avg_price: row.filled_avg_price().map(Decimal::from),
            leaves_qty: row.leaves_qty().map(Decimal::from),
            held: row.held,
            triggered: row.triggered,
            hwm: hwm(row),
            working_price: row.working_price().map(Decimal::from),
            reserved_cash: row.reserved.cash.into(),
            reject_code: row.reject.as_ref().map(|reject| RejectCodeName(reject.code)),
            reject_message: row.reject.as_ref().map(|reject| reject.message.to_string()),
            cancel_reason: row.cancel_reason.map(CancelReasonName::from),
            revision: row.revision,
            manual: is_manual(row.by.origin),
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

fn hwm(row: &OrderRow) -> Option<Decimal> {
    row.terms.kind.trail().and(row.hwm).map(Decimal::from)
}

/// The order that it hangs on, or of alternatives the first.
pub(crate) fn parent(row: &OrderRow) -> Option<OrderId> {
    let link = row.link?;
    let number = link.parent.or(link.group).filter(|number| *number != row.id.number())?;
    Some(OrderId::of(row.id.portfolio(), number))
}

/// When it ends; of an order that was refused, when it was to end.
fn expires_at(row: &OrderRow) -> Option<Time> {
    match row.terms.time_in_force {
        TimeInForce::GoodTilDate(end) => Some(end),
        TimeInForce::Day
        | TimeInForce::GoodTilCanceled
        | TimeInForce::ImmediateOrCancel
        | TimeInForce::FillOrKill
        | TimeInForce::AtOpen
        | TimeInForce::AtClose => row.expires_at,
    }
}

fn strategy_id(origin: Origin) -> Option<String> {
    match origin {
        Origin::Strategy(id) => Some(id.to_string()),
        Origin::System | Origin::Manual | Origin::Automated => None,
    }
}

const fn is_manual(origin: Origin) -> bool {
    match origin {
        Origin::Manual => true,
        Origin::System | Origin::Automated | Origin::Strategy(_) => false,
    }
}

/// The market that a fill was made from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FillEvidence {
    pub(crate) bid: Option<Decimal>,
    pub(crate) bid_size: Decimal,
    pub(crate) ask: Option<Decimal>,
    pub(crate) ask_size: Decimal,
    /// The exchange's time of the quote.
    pub(crate) time: Timestamp,
    /// Price of the print that made the fill, where one did.
    pub(crate) trade_price: Option<Decimal>,
    /// Size of that print.
    pub(crate) trade_size: Option<Decimal>,
    /// BUYER or SELLER, where the feed says who took.
    pub(crate) trade_aggressor: Option<AggressorName>,
}

/// A trade: one fill of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Trade)]
pub(crate) struct TradeView {
    pub(crate) id: Uuid,
    pub(crate) portfolio_id: Uuid,
    pub(crate) order_id: Uuid,
    #[schema(example = "AAPL")]
    pub(crate) symbol: String,
    pub(crate) side: SideName,
    pub(crate) price: Decimal,
    pub(crate) qty: Decimal,
    /// Price times quantity.
    pub(crate) value: Decimal,
    pub(crate) fee: Decimal,
    /// What the price was worse than the market by, in all.
    pub(crate) slippage: Decimal,
    pub(crate) liquidity: LiquidityName,
    /// The part that no displayed size stood behind.
    pub(crate) synthetic_qty: Decimal,
    pub(crate) quote: FillEvidence,
    pub(crate) reason: FillRuleName,
    /// Profit realised on the part that closed a holding, before fees.
    pub(crate) realized_pnl: Decimal,
    /// Whether a person sent the order.
    pub(crate) manual: bool,
    pub(crate) strategy_id: Option<String>,
    pub(crate) time: Timestamp,
    /// The number of its message in the portfolio's stream.
    pub(crate) seq: u64,
}

impl TradeView {
    /// What clients read of a row.
    pub(crate) fn of(row: &TradeRow, ids: &Ids) -> Self {
        let fill = &row.fill;
        Self {
            id: ids.trade(row.portfolio, fill.trade),
            portfolio_id: ids.portfolio(row.portfolio),
            order_id: ids.order(fill.order),
            symbol: row.symbol.as_str().to_owned(),
            side: fill.side.into(),
            price: fill.price.into(),
            qty: fill.qty.into(),
            value: fill.value.into(),
            fee: fill.fee.into(),
            slippage: (fill.slippage * fill.qty).into(),
            liquidity: fill.liquidity.into(),
            synthetic_qty: fill.synthetic.into(),
            quote: evidence(fill),
            reason: fill.rule.into(),
            realized_pnl: fill.realized_pnl.into(),
            manual: is_manual(row.by.origin),
            strategy_id: strategy_id(row.by.origin),
            time: Timestamp(row.time),
            seq: row.seq.get(),
        }
    }
}

fn evidence(fill: &model::Fill) -> FillEvidence {
    let Quote { bid, bid_size, ask, ask_size } = fill.evidence.quote;
    let trade = fill.evidence.trade;
    FillEvidence {
        bid: present(bid),
        bid_size: bid_size.into(),
        ask: present(ask),
        ask_size: ask_size.into(),
        time: Timestamp(fill.evidence.quote_time),
        trade_price: trade.map(|trade| trade.price.into()),
        trade_size: trade.map(|trade| trade.size.into()),
        trade_aggressor: trade.and_then(|trade| AggressorName::known(trade.aggressor)),
    }
}

/// A price, or `None` for a side that is not there.
pub(crate) fn present(price: Price) -> Option<Decimal> {
    price.is_positive().then(|| price.into())
}
