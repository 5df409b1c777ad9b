//! How each event changes the state: the one code path of live work and of recovery.
//!
//! Committing decides nothing and cannot fail. An event that does not fit the state is a defect or
//! a damaged journal, and stops the process.

use crate::book::Book;
use crate::market::HotSymbol;
use crate::names::NamedOrder;
use crate::orders::{OpenOrder, QueueAhead, Slot};
use crate::portfolio::Portfolio;
use crate::shard::Shard;
use alloc::boxed::Box;
use model::{
    CalendarId, Event, EventBody, Fill, Instrument, InstrumentId, InstrumentStatus, OrderAccepted, OrderId,
    OrderRejected, OrderReplaced, OrderSized, PortfolioId, PortfolioSeq, Price, PriceCap, Reservation, ShardSeq,
    Time,
};

impl Shard {
    /// Folds one event.
    pub(crate) fn commit(&mut self, event: &Event) {
        self.seq = self.seq.next();
        self.event_time = event.time;
        match &event.body {
            EventBody::InstrumentDefined(instrument) => self.commit_instrument(instrument),
            EventBody::PortfolioOpened { currency, starting_balance, limits, profile, .. } => {
                let portfolio = Portfolio::opened(*currency, *starting_balance, *limits, **profile);
                self.portfolios.insert(event.portfolio, portfolio);
            }
            EventBody::LimitsSet { limits, .. } => self.portfolio_mut(event.portfolio).limits = *limits,
            EventBody::CashFlowed { kind, amount, .. } => {
                self.portfolio_mut(event.portfolio).account.flow(*kind, *amount);
            }
            EventBody::OrderAccepted(accepted) => self.commit_accepted(event, accepted),
            EventBody::OrderRejected(rejected) => self.commit_rejected(event.portfolio, rejected),
            EventBody::OrderReplaced(replaced) => self.commit_replaced(replaced),
            EventBody::OrderSized(sized) => self.commit_sized(sized),
            EventBody::OrderTriggered { order, .. } => self.commit_triggered(*order),
            EventBody::OrderTrailed { order, hwm } => self.commit_trailed(*order, *hwm),
            EventBody::Filled(fill) => self.commit_filled(fill, event.time),
            EventBody::OrderCanceled { order, .. } => self.commit_ended(*order),
            EventBody::OrderExpired { order } => {
                let expires_at = self.orders.get(self.slot_of(*order)).expires_at();
                assert_eq!(expires_at, event.time, "an order expires at exactly its time");
                self.commit_ended(*order);
            }
            EventBody::OrderCapped { order, cap, reserved } => self.commit_capped(*order, *cap, *reserved),
        }
        self.ledger.post(&event.body);
        self.number(event);
    }

    /// The stream of a portfolio is numbered without gaps.
    fn number(&mut self, event: &Event) {
        if event.portfolio == PortfolioId::SYSTEM {
            return;
        }
        let portfolio = self.portfolio_mut(event.portfolio);
        assert_eq!(event.seq, portfolio.last_seq.next(), "messages are numbered without gaps");
        portfolio.last_seq = PortfolioSeq::new(portfolio.last_seq.get() + event.body.message_count());
    }

    pub(crate) fn commit_instrument(&mut self, instrument: &Instrument) {
        let row = row_of(instrument.id);
        if row >= self.hot.len() {
            self.hot.resize(row + 1, HotSymbol::undefined());
            self.books.resize_with(row + 1, Book::new);
            self.instruments.resize(row + 1, None);
        }
        let status_before = self.instruments[row].as_ref().map(|before| before.status);
        if status_before != Some(instrument.status) {
            // A quote from before a halt says nothing about the market after it.
            let interrupts = match instrument.status {
                InstrumentStatus::Halted | InstrumentStatus::Delisted => true,
                InstrumentStatus::Active => status_before.is_some(),
            };
            if interrupts {
                self.hot[row].distrust_quote();
            }
            self.hot[row].set_unjudged();
        }
        let keeps_hours = match self.sessions.effective(instrument.calendar) {
            CalendarId::Xnys => true,
            CalendarId::AlwaysOpen => false,
        };
        self.hot[row].define(keeps_hours);
        self.symbols.insert(instrument.symbol, instrument.id);
        self.instruments[row] = Some(instrument.clone());
    }

    fn commit_accepted(&mut self, event: &Event, accepted: &OrderAccepted) {
        let order = OpenOrder::accepted(accepted, event.time, self.seq.get());
        let portfolio = self.portfolio_mut(event.portfolio);
        let number = accepted.order.number();
        let named = NamedOrder { order: number, fingerprint: accepted.fingerprint };
        portfolio.names.add(accepted.key, named, false);
        self.insert_order(order);
    }

    /// Puts an open order everywhere it belongs; its reservation is held from here on.
    pub(crate) fn insert_order(&mut self, order: OpenOrder) -> Slot {
        let (id, instrument) = (order.id, order.instrument);
        let (reserved, reduces, link) = (order.reserved(), order.instructions().reduce_only, order.link());
        let timer = order.timer();
        let slot = self.orders.insert(order);
        self.timers.set(timer, slot);
        let portfolio = self.portfolio_mut(id.portfolio());
        portfolio.account.reserve(instrument, Reservation::default(), reserved);
        portfolio.open.add(id.number(), slot);
        if reduces {
            portfolio.reducing.insert((instrument, id.number()));
        }
        if let Some(link) = link {
            portfolio.chains.add(id.number(), link);
        }
        self.enter_book(slot);
        slot
    }

    fn commit_rejected(&mut self, portfolio: PortfolioId, rejected: &OrderRejected) {
        let order = rejected.order.number();
        let named = NamedOrder { order, fingerprint: rejected.fingerprint };
        self.portfolio_mut(portfolio).names.add(rejected.key, named, true);
    }

    fn commit_replaced(&mut self, replaced: &OrderReplaced) {
        let slot = self.slot_of(replaced.order);
        self.leave_book(slot);
        let (seq, since) = (self.seq, self.event_time);
        let order = self.orders.get_mut(slot);
        let (before, queue, timer) = (order.reserved(), order.queue_ahead(), order.timer());
        order.replace(replaced);
        if !replaced.keeps_priority {
            order.priority = seq.get();
            order.set_since(since);
        }
        assert_eq!(order.reserved(), replaced.reserved, "what is held back is what the event says");
        let (instrument, timer_now) = (order.instrument, order.timer());
        self.timers.clear(timer, &self.orders);
        self.timers.set(timer_now, slot);
        let account = &mut self.portfolio_mut(replaced.order.portfolio()).account;
        account.reserve(instrument, before, replaced.reserved);
        self.enter_book(slot);
        if replaced.keeps_priority {
            self.orders.get_mut(slot).set_queue_ahead(queue);
        }
    }

    /// An order grows at the end of the queue; one that shrinks keeps its place.
    fn commit_sized(&mut self, sized: &OrderSized) {
        let slot = self.slot_of(sized.order);
        let (seq, since) = (self.seq, self.event_time);
        self.leave_book(slot);
        let order = self.orders.get_mut(slot);
        let (before, queue, timer, leaves, was_held) =
            (order.reserved(), order.queue_ahead(), order.timer(), order.leaves(), order.is_held());
        order.resize(sized);
        assert!(order.filled_qty() <= sized.qty, "a size does not fall below what is filled");
        let grows = was_held || order.leaves() > leaves;
        if grows {
            order.priority = seq.get();
        }
        if was_held && !order.is_held() {
            order.set_since(since);
        }
        let (instrument, timer_now) = (order.instrument, order.timer());
        self.timers.clear(timer, &self.orders);
        self.timers.set(timer_now, slot);
        let account = &mut self.portfolio_mut(sized.order.portfolio()).account;
        account.reserve(instrument, before, sized.reserved);
        self.enter_book(slot);
        if !grows {
            self.orders.get_mut(slot).set_queue_ahead(queue);
        }
        if sized.completes {
            self.remove_order(slot);
        }
    }

    fn commit_triggered(&mut self, id: OrderId) {
        let slot = self.slot_of(id);
        let seq = self.seq;
        self.leave_book(slot);
        let order = self.orders.get_mut(slot);
        assert!(order.waits_for_trigger(), "a stop is released once");
        order.set_triggered();
        order.priority = seq.get();
        self.enter_book(slot);
    }

    fn commit_trailed(&mut self, id: OrderId, hwm: Price) {
        let slot = self.slot_of(id);
        let order = self.orders.get(slot);
        if order.peg().is_some() {
            self.orders.get_mut(slot).set_hwm(hwm);
            return;
        }
        // Live, the mark moved with its whole group; in recovery it moves here.
        if self.books[row_of(order.instrument)].mark(order) == Some(hwm) {
            self.orders.get_mut(slot).set_hwm(hwm);
            return;
        }
        self.leave_book(slot);
        self.orders.get_mut(slot).set_hwm(hwm);
        self.enter_book(slot);
    }

    /// An order that comes to rest at its cap stands behind those that are there.
    fn commit_capped(&mut self, id: OrderId, cap: PriceCap, reserved: Reservation) {
        let slot = self.slot_of(id);
        let seq = self.seq;
        self.leave_book(slot);
        let order = self.orders.get_mut(slot);
        assert!(order.limit().is_none(), "an order with a limit has no cap");
        order.set_cap(cap);
        if cap.rests {
            order.priority = seq.get();
        }
        let (before, instrument) = (order.reserved(), order.instrument);
        order.set_reserved(reserved);
        self.portfolio_mut(id.portfolio()).account.reserve(instrument, before, reserved);
        self.enter_book(slot);
    }

    fn commit_filled(&mut self, fill: &Fill, time: Time) {
        let slot = self.slot_of(fill.order);
        let order = self.orders.get_mut(slot);
        assert!(!order.waits_for_trigger(), "a stop trades only once released");
        assert!(!order.is_held(), "what waits for another order does not trade");
        assert!(fill.qty.is_positive(), "a fill trades something");
        if let Some(worst) = order.worst_price() {
            assert!(order.side.within(fill.price, worst), "no fill is worse than its limit");
        }
        let before = order.reserved();
        if fill.completes {
            order.filled_with(fill.qty, fill.value);
        } else {
            order.add_fill(fill.qty, fill.value, fill.fees());
        }
        order.set_reserved(fill.reserved);
        let portfolio = self.portfolio_mut(fill.order.portfolio());
        assert_eq!(fill.trade, portfolio.last_trade.next(), "trades are numbered without gaps");
        portfolio.last_trade = fill.trade;
        portfolio.count_traded(fill, time);
        portfolio.account.fill(fill, before);
        if fill.completes {
            self.remove_order(slot);
        }
    }

    fn commit_ended(&mut self, id: OrderId) {
        let slot = self.slot_of(id);
        self.remove_order(slot);
    }

    /// Takes an order out everywhere; what it still held back is free.
    pub(crate) fn remove_order(&mut self, slot: Slot) {
        self.leave_book(slot);
        let order = self.orders.remove(slot);
        self.timers.clear(order.timer(), &self.orders);
        let portfolio = self.portfolio_mut(order.id.portfolio());
        portfolio.open.remove(order.id.number());
        if order.instructions().reduce_only {
            portfolio.reducing.remove(&(order.instrument, order.id.number()));
        }
        if let Some(link) = order.link() {
            portfolio.chains.remove(order.id.number(), link);
        }
        portfolio.account.reserve(order.instrument, order.reserved(), Reservation::default());
        if portfolio.open.is_empty() {
            assert!(portfolio.account.reserved_cash.is_zero(), "no open order, nothing held back");
        }
    }

    /// Where the order belongs by its terms, behind what is displayed there.
    pub(crate) fn enter_book(&mut self, slot: Slot) {
        let arrival = self.arrival();
        let order = self.orders.get_mut(slot);
        let row = row_of(order.instrument);
        let mut best = *self.hot[row].triggers();
        self.books[row].insert(order, slot, &mut best);
        self.hot[row].set_triggers(&best);
        self.hot[row].set_followed(self.books[row].has_pegs());
        if order.may_trade() {
            let hot = &mut self.hot[row];
            hot.set_unjudged();
            if let Some(limit) = order.limit() {
                let ahead = hot.queue_at(order.side, limit, arrival);
                order.set_queue_ahead(ahead);
                if ahead == QueueAhead::Unknown {
                    hot.set_queue_unknown();
                }
            }
        }
    }

    pub(crate) fn leave_book(&mut self, slot: Slot) {
        let order = self.orders.get(slot);
        let row = row_of(order.instrument);
        let mut best = *self.hot[row].triggers();
        self.books[row].remove(order, &mut best);
        self.hot[row].set_triggers(&best);
        self.hot[row].set_followed(self.books[row].has_pegs());
    }

    /// The slot of an open order.
    pub(crate) fn slot_of(&self, id: OrderId) -> Slot {
        self.find_open(id).expect("an event concerns an open order")
    }

    pub(crate) fn find_open(&self, id: OrderId) -> Option<Slot> {
        self.portfolios.get(id.portfolio())?.open.get(id.number())
    }

    pub(crate) fn portfolio(&self, id: PortfolioId) -> &Portfolio {
        self.portfolios.get(id).expect("an open order's portfolio stands")
    }

    pub(crate) fn portfolio_mut(&mut self, id: PortfolioId) -> &mut Portfolio {
        self.portfolios.get_mut(id).expect("an event concerns a portfolio that stands")
    }

    /// Makes an event a fact now.
    pub(crate) fn emit(&mut self, portfolio: PortfolioId, body: EventBody, out: &mut alloc::vec::Vec<Event>) {
        let last = self.portfolios.get(portfolio).map_or(PortfolioSeq::default(), |row| row.last_seq);
        let event = Event { portfolio, seq: last.next(), time: self.now, tick: self.tick, body };
        let before = self.before(&event.body);
        self.commit(&event);
        out.push(event);
        if let Some(before) = before {
            self.follow(before, out.len() - 1, out);
        }
    }

    pub(crate) fn emit_fill(&mut self, fill: Fill, out: &mut alloc::vec::Vec<Event>) {
        self.emit(fill.order.portfolio(), EventBody::Filled(Box::new(fill)), out);
    }
}

/// The row of an instrument in the tables.
pub(crate) const fn row_of(instrument: InstrumentId) -> usize {
    instrument.get() as usize
}

/// Positions in the journal start here.
pub(crate) const BEFORE_FIRST: ShardSeq = ShardSeq::new(0);
