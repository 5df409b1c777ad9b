//! The bytes of stream messages in the simulation: plain numbers in a fixed order.
//!
//! Made twice: by the product from its views, and by the naive fold from its own figures. Equal bytes mean that
//! the product told clients what the events say.

use crate::book::Folio;
use crate::order::Order;
use model::{
    Instructions, InstrumentId, Money, OrderKind, PortfolioId, PortfolioSeq, Price, Qty, RiskLimits, Size, Time,
    TimeInForce, Trail,
};
use persistence::{OrderRow, TradeRow};
use runtime::{StreamEncoder, StreamItem, StreamMessage};

/// Puts numbers one behind the other.
#[derive(Debug)]
pub struct Writer<'a>(pub &'a mut Vec<u8>);

impl Writer<'_> {
    fn begin(&mut self, tag: u8, portfolio: PortfolioId, seq: PortfolioSeq, time: Time) {
        self.0.push(tag);
        self.0.extend_from_slice(&portfolio.get().to_le_bytes());
        self.0.extend_from_slice(&seq.get().to_le_bytes());
        self.number(i128::from(time.nanos()));
    }

    fn number(&mut self, number: i128) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn numbers(&mut self, numbers: &[i128]) {
        numbers.iter().for_each(|number| self.number(*number));
    }
}

fn optional(raw: Option<i64>) -> i128 {
    raw.map_or(i128::MIN, i128::from)
}

fn limits(limits: &RiskLimits) -> [i128; 5] {
    [
        limits.open_positions_max.map_or(-1, i128::from),
        limits.position_percent_max.map_or(-1, |percent| i128::from(percent.raw())),
        limits.gross_exposure_max.map_or(-1, Money::raw),
        limits.order_value_max.map_or(-1, Money::raw),
        limits.price_min.map_or(-1, |price| i128::from(price.raw())),
    ]
}

/// Type and prices as numbers.
fn kind_numbers(kind: OrderKind) -> [i128; 4] {
    let (number, first, second) = match kind {
        OrderKind::Market => (0, 0, None),
        OrderKind::Limit { limit } => (1, limit.raw(), None),
        OrderKind::Stop { stop } => (2, stop.raw(), None),
        OrderKind::StopLimit { stop, limit } => (3, stop.raw(), Some(limit)),
        OrderKind::TrailingStop { trail: Trail::Amount(amount), .. } => (4, amount.raw(), None),
        OrderKind::TrailingStop { trail: Trail::Percent(percent), .. } => (5, percent.raw(), None),
        OrderKind::TrailingStopLimit { trail: Trail::Amount(amount), offset, .. } => {
            (6, amount.raw(), Some(offset))
        }
        OrderKind::TrailingStopLimit { trail: Trail::Percent(percent), offset, .. } => {
            (7, percent.raw(), Some(offset))
        }
        OrderKind::MarketIfTouched { trigger } => (8, trigger.raw(), None),
        OrderKind::LimitIfTouched { trigger, limit } => (9, trigger.raw(), Some(limit)),
        OrderKind::Pegged(peg) => (10 + peg.reference as i128, peg.offset.raw(), peg.cap),
    };
    [number, first.into(), optional(second.map(Price::raw)), optional(kind.activation().map(Price::raw))]
}

/// Size as numbers.
fn size_numbers(size: Size) -> [i128; 2] {
    match size {
        Size::Shares(qty) => [0, qty.raw().into()],
        Size::Notional(amount) => [1, amount.raw()],
    }
}

/// Time in force as numbers.
fn time_in_force_numbers(time_in_force: TimeInForce) -> [i128; 2] {
    match time_in_force {
        TimeInForce::Day => [0, 0],
        TimeInForce::GoodTilCanceled => [1, 0],
        TimeInForce::ImmediateOrCancel => [2, 0],
        TimeInForce::FillOrKill => [3, 0],
        TimeInForce::GoodTilDate(end) => [4, end.nanos().into()],
        TimeInForce::AtOpen => [5, 0],
        TimeInForce::AtClose => [6, 0],
    }
}

/// Instructions as numbers.
fn instruction_numbers(instructions: Instructions) -> [i128; 5] {
    [
        instructions.hours as i128,
        instructions.post_only.into(),
        instructions.reduce_only.into(),
        optional(instructions.display_qty.map(Qty::raw)),
        instructions.trigger_source as i128,
    ]
}

/// An order in a message: the same numbers from a row of the product and from the naive fold.
fn write_order(writer: &mut Writer<'_>, row: &OrderRow) {
    writer.numbers(&[i128::from(row.id.get()), row.status as i128]);
    writer.numbers(&kind_numbers(row.terms.kind));
    writer.numbers(&size_numbers(row.terms.size));
    writer.numbers(&time_in_force_numbers(row.terms.time_in_force));
    writer.numbers(&instruction_numbers(row.terms.instructions));
    writer.numbers(&[
        row.instrument.map_or(-1, |instrument| instrument.get().into()),
        row.side as i128,
        optional(row.expires_at.map(Time::nanos)),
        row.filled_qty.raw().into(),
        row.filled_value.raw(),
        optional(row.hwm.map(Price::raw)),
        i128::from(row.triggered),
        row.reserved.cash.raw(),
        row.reserved.qty.raw().into(),
        row.revision.into(),
        row.reject.as_ref().map_or(-1, |reject| reject.code as i128),
        row.cancel_reason.map_or(-1, |reason| reason as i128),
        row.created_at.nanos().into(),
        row.updated_at.nanos().into(),
    ]);
    writer.0.extend_from_slice(row.client_order_id.as_str().as_bytes());
}

fn write_trade(writer: &mut Writer<'_>, row: &TradeRow) {
    let fill = &row.fill;
    writer.numbers(&[
        i128::from(fill.order.get()),
        fill.trade.get().into(),
        fill.instrument.get().into(),
        fill.side as i128,
        fill.price.raw().into(),
        fill.qty.raw().into(),
        fill.value.raw(),
        fill.fee.raw(),
        fill.realized_pnl.raw(),
        fill.liquidity as i128,
        fill.rule as i128,
        row.time.nanos().into(),
        row.seq.get().into(),
    ]);
}

/// Encodes what the product wants to tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoder;

impl StreamEncoder for Encoder {
    fn encode(&self, message: &StreamMessage<'_>, out: &mut Vec<u8>) {
        let StreamMessage { portfolio, seq, time, item } = message;
        let writer = &mut Writer(out);
        match item {
            StreamItem::Order(row) => {
                writer.begin(0, *portfolio, *seq, *time);
                write_order(writer, row);
            }
            StreamItem::Fill(row) => {
                writer.begin(1, *portfolio, *seq, *time);
                write_trade(writer, row);
            }
            StreamItem::Position(view) => {
                writer.begin(2, *portfolio, *seq, *time);
                writer.numbers(&[
                    view.instrument.get().into(),
                    view.qty.raw().into(),
                    view.cost_basis.raw(),
                    view.realized_pnl.raw(),
                    view.reserved_qty.raw().into(),
                ]);
            }
            StreamItem::Cash(view) => {
                writer.begin(3, *portfolio, *seq, *time);
                let figures = [view.cash, view.reserved, view.available, view.net_flows];
                figures.iter().for_each(|money| writer.number(money.raw()));
                writer.numbers(&[view.realized_pnl.raw(), view.fees_paid.raw()]);
            }
            StreamItem::Portfolio(view) => {
                writer.begin(4, *portfolio, *seq, *time);
                writer.number(view.starting_balance.raw());
                writer.numbers(&limits(&view.limits));
                writer.number(view.head_seq.get().into());
            }
        }
    }
}

/// Where a message of the naive fold stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Whose stream.
    pub portfolio: PortfolioId,
    /// Its number.
    pub seq: PortfolioSeq,
    /// Its time.
    pub time: Time,
}

impl Place {
    fn writer(self, tag: u8, out: &mut Vec<u8>) -> Writer<'_> {
        let mut writer = Writer(out);
        writer.begin(tag, self.portfolio, self.seq, self.time);
        writer
    }

    /// The order as the naive fold has it.
    pub fn order(self, order: &Order, out: &mut Vec<u8>) {
        write_order(&mut self.writer(0, out), &order.row());
    }

    /// The trade.
    pub fn trade(self, row: &TradeRow, out: &mut Vec<u8>) {
        write_trade(&mut self.writer(1, out), row);
    }

    /// The holding, with what open sells hold back of it.
    pub fn position(self, folio: &Folio, instrument: InstrumentId, reserved: Qty, out: &mut Vec<u8>) {
        let held = folio.holdings.get(&instrument).copied().unwrap_or_default();
        self.writer(2, out).numbers(&[
            instrument.get().into(),
            held.qty,
            held.cost,
            held.realized,
            reserved.raw().into(),
        ]);
    }

    /// Cash, with what open buys hold back of it.
    pub fn cash(self, folio: &Folio, reserved: i128, out: &mut Vec<u8>) {
        self.writer(3, out).numbers(&[
            folio.cash,
            reserved,
            folio.cash - reserved,
            folio.net_flows,
            folio.realized,
            folio.fees,
        ]);
    }

    /// The portfolio's rules.
    pub fn portfolio(self, folio: &Folio, out: &mut Vec<u8>) {
        let mut writer = self.writer(4, out);
        writer.number(folio.starting);
        writer.numbers(&limits(&folio.limits));
        writer.number(self.seq.get().into());
    }
}
