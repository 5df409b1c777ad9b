//! One portfolio as readers see it: money, open orders, and what has not reached the disk yet.
//!
//! A fold over durable events with the engine's own account. It must never decide, and never hold a
//! row that no event made. Invariant: orders, trades and messages that are missing here are on disk.

use crate::capacities::StreamBounds;
use crate::message_run::MessageRun;
use crate::stream::{Delivery, Load, Message, Outbox};
use crate::views::{CashView, PortfolioView, PositionView};
use engine::{Account, Standing};
use model::{
    Currency, Event, EventBody, ExecutionProfile, Fill, InstrumentId, Money, OrderId, OrderImage, OrderNumber,
    OrderStatus, PortfolioId, PortfolioSeq, Reservation, RiskLimits, Symbol, TradeNumber,
};
use persistence::{OrderFilter, OrderRow, StatusFilter, TradeFilter, TradeRow};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub(crate) struct PortfolioState {
    pub(crate) id: PortfolioId,
    currency: Currency,
    starting_balance: Money,
    limits: RiskLimits,
    profile: ExecutionProfile,
    account: Account,
    /// The last message that was made.
    pub(crate) head: PortfolioSeq,
    /// Boxed, as all rows here: a tree's node has room for eleven, and most portfolios have few.
    open: BTreeMap<OrderNumber, Box<OrderRow>>,
    /// Orders that ended and are not on disk yet.
    closed: BTreeMap<OrderNumber, Box<OrderRow>>,
    /// Trades that are not on disk yet.
    trades: BTreeMap<TradeNumber, Box<TradeRow>>,
    /// The latest messages, all that are not on disk among them.
    ring: VecDeque<MessageRun>,
    /// Messages in all runs of the ring.
    ring_messages: usize,
    /// The last message that is on disk.
    stored: PortfolioSeq,
    pub(crate) outboxes: Vec<Arc<Outbox>>,
}

/// What one event changed, for the messages and rows it makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) order: Option<OrderId>,
    pub(crate) trade: Option<TradeNumber>,
    pub(crate) instrument: Option<InstrumentId>,
}

impl PortfolioState {
    /// A portfolio that this event opens.
    pub(crate) fn opened(event: &Event) -> Option<Self> {
        match &event.body {
            EventBody::PortfolioOpened { currency, starting_balance, limits, profile, .. } => Some(Self {
                id: event.portfolio,
                currency: *currency,
                starting_balance: *starting_balance,
                limits: *limits,
                profile: **profile,
                account: Account::opened(*starting_balance),
                head: PortfolioSeq::new(0),
                open: BTreeMap::new(),
                closed: BTreeMap::new(),
                trades: BTreeMap::new(),
                ring: VecDeque::new(),
                ring_messages: 0,
                stored: PortfolioSeq::new(0),
                outboxes: Vec::new(),
            }),
            EventBody::InstrumentDefined(_)
            | EventBody::LimitsSet { .. }
            | EventBody::CashFlowed { .. }
            | EventBody::OrderAccepted(_)
            | EventBody::OrderRejected(_)
            | EventBody::OrderReplaced(_)
            | EventBody::OrderSized(_)
            | EventBody::OrderCapped { .. }
            | EventBody::OrderTriggered { .. }
            | EventBody::OrderTrailed { .. }
            | EventBody::Filled(_)
            | EventBody::OrderCanceled { .. }
            | EventBody::OrderExpired { .. } => None,
        }
    }

    /// A portfolio as an engine holds it, with the rows of its open orders.
    pub(crate) fn standing(standing: &Standing<'_>, open: BTreeMap<OrderNumber, Box<OrderRow>>) -> Self {
        Self {
            id: standing.id,
            currency: standing.currency,
            starting_balance: standing.starting_balance,
            limits: *standing.limits,
            profile: standing.profile,
            account: standing.account.clone(),
            head: standing.last_seq,
            open,
            closed: BTreeMap::new(),
            trades: BTreeMap::new(),
            ring: VecDeque::new(),
            ring_messages: 0,
            stored: standing.last_seq,
            outboxes: Vec::new(),
        }
    }

    /// Folds one event of this portfolio.
    pub(crate) fn fold(&mut self, event: &Event) -> Touched {
        let mut touched = Touched::default();
        match &event.body {
            EventBody::InstrumentDefined(_) | EventBody::PortfolioOpened { .. } => {}
            EventBody::LimitsSet { limits, .. } => self.limits = *limits,
            EventBody::CashFlowed { kind, amount, .. } => self.account.flow(*kind, *amount),
            EventBody::OrderAccepted(accepted) => {
                self.account.reserve(accepted.instrument, Reservation::default(), accepted.reserved);
                self.open.insert(accepted.order.number(), Box::new(OrderRow::accepted(accepted, event.time)));
                touched.order = Some(accepted.order);
            }
            EventBody::OrderRejected(rejected) => {
                self.close(Box::new(OrderRow::rejected(rejected, event.time)));
                touched.order = Some(rejected.order);
            }
            EventBody::OrderReplaced(replaced) => self.change_order(replaced.order, event, &mut touched),
            EventBody::OrderSized(sized) => self.change_order(sized.order, event, &mut touched),
            EventBody::Filled(fill) => self.fill(fill, event, &mut touched),
            EventBody::OrderTriggered { order, .. }
            | EventBody::OrderCapped { order, .. }
            | EventBody::OrderTrailed { order, .. }
            | EventBody::OrderCanceled { order, .. }
            | EventBody::OrderExpired { order } => self.change_order(*order, event, &mut touched),
        }
        touched
    }

    /// What an order changes besides trading: its row and what it holds back.
    fn change_order(&mut self, order: OrderId, event: &Event, touched: &mut Touched) {
        let row = self.open.get_mut(&order.number()).expect("an event's order is open");
        let before = row.reserved;
        row.fold(event);
        let instrument = row.instrument.expect("an open order has an instrument");
        self.account.reserve(instrument, before, row.reserved);
        self.close_if_ended(order);
        touched.order = Some(order);
        touched.instrument = Some(instrument);
    }

    fn fill(&mut self, fill: &Fill, event: &Event, touched: &mut Touched) {
        let row = self.open.get_mut(&fill.order.number()).expect("a fill's order is open");
        let before = row.reserved;
        row.fold(event);
        self.account.fill(fill, before);
        let trade = TradeRow {
            portfolio: self.id,
            seq: event.seq,
            time: event.time,
            symbol: row.symbol,
            by: row.by,
            fill: fill.clone(),
        };
        self.trades.insert(fill.trade, Box::new(trade));
        self.close_if_ended(fill.order);
        *touched = Touched { order: Some(fill.order), trade: Some(fill.trade), instrument: Some(fill.instrument) };
    }

    fn close_if_ended(&mut self, order: OrderId) {
        if self.open.get(&order.number()).is_some_and(|row| !row.status.is_open())
            && let Some(row) = self.open.remove(&order.number())
        {
            self.close(row);
        }
    }

    fn close(&mut self, row: Box<OrderRow>) {
        self.closed.insert(row.id.number(), row);
    }

    /// Puts messages at the end of the ring and tells every outbox; returns how many clients were cut off
    /// for them.
    pub(crate) fn publish(&mut self, run: MessageRun, bounds: StreamBounds) -> u64 {
        assert_eq!(run.first(), self.head.next(), "messages are numbered without gaps");
        self.head = run.last();
        let arrived = Load::of(&run);
        self.ring_messages += run.count();
        self.ring.push_back(run);
        let mut cut_off = 0;
        self.outboxes.retain(|outbox| match outbox.push(arrived) {
            Delivery::Taken => true,
            Delivery::Gone => false,
            Delivery::CutOff => {
                cut_off += 1;
                false
            }
        });
        self.trim_ring(bounds);
        cut_off
    }

    /// Messages up to this one are on disk now: memory lets them go as it needs.
    pub(crate) fn stored_messages(&mut self, through: PortfolioSeq, bounds: StreamBounds) {
        self.stored = self.stored.max(through);
        self.trim_ring(bounds);
    }

    /// An order that ended is on disk now.
    pub(crate) fn stored_order(&mut self, order: OrderId) {
        self.closed.remove(&order.number());
    }

    /// A trade is on disk now.
    pub(crate) fn stored_trade(&mut self, trade: TradeNumber) {
        self.trades.remove(&trade);
    }

    fn trim_ring(&mut self, bounds: StreamBounds) {
        let messages_max = if self.outboxes.is_empty() { bounds.unwatched } else { bounds.watched };
        while self.ring_messages > messages_max
            && let Some(oldest) = self.ring.pop_front_if(|run| run.last() <= self.stored)
        {
            self.ring_messages -= oldest.count();
        }
    }

    /// The first message that memory holds; one after the head when it holds none.
    pub(crate) fn ring_start(&self) -> PortfolioSeq {
        self.ring.front().map_or(self.head.next(), MessageRun::first)
    }

    /// Messages after this one that memory holds, at most `limit`.
    pub(crate) fn ring_after(&self, after: PortfolioSeq, limit: usize) -> Vec<Message> {
        self.runs_after(after).flat_map(|run| run.messages().collect::<Vec<_>>()).take(limit).collect()
    }

    /// The same as runs, all of them.
    pub(crate) fn runs_after(&self, after: PortfolioSeq) -> impl Iterator<Item = MessageRun> + '_ {
        let passed = self.ring.partition_point(|run| run.last() <= after);
        self.ring.range(passed..).filter_map(move |run| run.after(after))
    }

    /// An order that memory holds.
    pub(crate) fn order(&self, id: OrderId) -> Option<&OrderRow> {
        self.open.get(&id.number()).or_else(|| self.closed.get(&id.number())).map(|row| &**row)
    }

    /// A trade that memory holds.
    pub(crate) fn trade(&self, number: TradeNumber) -> Option<&TradeRow> {
        self.trades.get(&number).map(|row| &**row)
    }

    /// Orders that memory holds below `before`, newest first: all that the filter admits among the
    /// open ones or the ones not on disk.
    pub(crate) fn orders(&self, filter: &OrderFilter, before: Option<OrderId>, limit: usize) -> Vec<OrderRow> {
        let end = before.map_or(OrderNumber::new(u32::MAX), OrderId::number);
        let mut open = self.open.range(..end).rev().map(|(_, row)| row).peekable();
        let mut closed = self.closed.range(..end).rev().map(|(_, row)| row).peekable();
        let merged = std::iter::from_fn(|| match (open.peek(), closed.peek()) {
            (Some(left), Some(right)) if left.id < right.id => closed.next(),
            (Some(_), _) => open.next(),
            (None, _) => closed.next(),
        });
        merged.filter(|row| filter.admits(row)).take(limit).map(|row| OrderRow::clone(row)).collect()
    }

    /// The numbers of all orders that memory holds, whose rows on disk may be old.
    pub(crate) fn knows_order(&self, id: OrderId) -> bool {
        self.order(id).is_some()
    }

    /// Trades that memory holds below `before`, newest first.
    pub(crate) fn trades(&self, filter: &TradeFilter, before: Option<TradeNumber>, limit: usize) -> Vec<TradeRow> {
        let end = before.unwrap_or(TradeNumber::new(u32::MAX));
        let newest_first = self.trades.range(..end).rev().map(|(_, row)| row);
        newest_first.filter(|row| filter.admits(row)).take(limit).map(|row| TradeRow::clone(row)).collect()
    }

    /// Money and rules.
    pub(crate) fn view(&self) -> PortfolioView {
        PortfolioView {
            id: self.id,
            currency: self.currency,
            starting_balance: self.starting_balance,
            cash: self.account.cash,
            reserved: self.account.reserved_cash,
            net_flows: self.account.net_flows,
            realized_pnl: self.account.realized_pnl,
            fees_paid: self.account.fees_paid,
            limits: self.limits,
            profile: self.profile,
            head_seq: self.head,
            open_positions: self.account.positions.values().filter(|position| !position.qty.is_zero()).count(),
            open_orders: self.open.len(),
        }
    }

    /// Cash.
    pub(crate) fn cash(&self) -> CashView {
        CashView {
            currency: self.currency,
            cash: self.account.cash,
            reserved: self.account.reserved_cash,
            available: self.account.available_cash(),
            net_flows: self.account.net_flows,
            realized_pnl: self.account.realized_pnl,
            fees_paid: self.account.fees_paid,
        }
    }

    /// One holding; nothing of it when there never was one.
    pub(crate) fn position(&self, instrument: InstrumentId, symbol: Symbol) -> PositionView {
        let position = self.account.position(instrument).copied().unwrap_or_default();
        PositionView {
            instrument,
            symbol,
            qty: position.qty,
            cost_basis: position.cost_basis,
            avg_price: (!position.qty.is_zero())
                .then(|| position.cost_basis.abs().per_unit_half_even(position.qty.size())),
            realized_pnl: position.realized_pnl,
            reserved_qty: position.reserved_qty,
        }
    }

    /// The instruments that are or were held.
    pub(crate) fn instruments(&self) -> Vec<InstrumentId> {
        self.account.positions.keys().copied().collect()
    }
}

/// Whether a listing with this filter can only show open orders, all of which are in memory.
pub(crate) fn shows_open_alone(filter: &OrderFilter) -> bool {
    match filter.status {
        Some(StatusFilter::Open) => true,
        Some(StatusFilter::Is(status)) => status.is_open(),
        Some(StatusFilter::Closed) | None => false,
    }
}

/// An open order as an engine tells it. What that does not know (names and texts) stands for itself.
pub(crate) fn row_of_image(image: &OrderImage, symbol: Symbol) -> OrderRow {
    OrderRow {
        id: image.id,
        client_order_id: model::ClientOrderId::parse("-").expect("a dash is a name"),
        by: model::SubmittedBy { user: model::UserId::new(0), origin: model::Origin::System },
        instrument: Some(image.instrument),
        symbol,
        side: image.side,
        terms: image.terms,
        link: image.leg.map(|leg| leg.link),
        legs: None,
        held: image.leg.is_some_and(|leg| leg.held),
        expires_at: image.expires_at,
        status: status_of_image(image),
        filled_qty: image.filled_qty,
        filled_value: image.filled_value,
        hwm: image.trail.and_then(|trail| trail.hwm),
        triggered: image.triggered,
        cap: image.cap,
        reserved: image.reserved,
        revision: image.revision,
        reject: None,
        cancel_reason: None,
        created_at: image.accepted_at,
        updated_at: image.accepted_at,
    }
}

fn status_of_image(image: &OrderImage) -> OrderStatus {
    if image.filled_qty.is_zero() { OrderStatus::New } else { OrderStatus::PartiallyFilled }
}

/// Whether a row and an engine tell the same story of an open order.
pub(crate) fn is_story_of(row: &OrderRow, image: &OrderImage) -> bool {
    (row.id, row.terms, row.reserved) == (image.id, image.terms, image.reserved)
        && (row.filled_qty, row.filled_value) == (image.filled_qty, image.filled_value)
        && (row.status, row.revision) == (status_of_image(image), image.revision)
        && (row.link, row.held) == (image.leg.map(|leg| leg.link), image.leg.is_some_and(|leg| leg.held))
}
