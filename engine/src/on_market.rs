//! What a tick makes happen, once it was seen that something could.
//!
//! Owns the order of work: on a quote the waiting buys, then the sells, then the orders that watch
//! quotes (stops do where quotes stand in for trades); on a trade the resting limits, then the stops
//! at their old marks, then the marks.

use crate::commit::row_of;
use crate::market::{QuoteWork, TradeWork};
use crate::matching::Offer;
use crate::orders::{QueueAhead, Slot};
use crate::session::Phase;
use crate::shard::Shard;
use crate::waiting::{References, Span, Wait};
use alloc::vec::Vec;
use model::{
    Aggressor, Event, EventBody, FillRule, InstrumentId, Liquidity, Price, Qty, Quote, Side, Tick, TickBody,
    Trade, TradeConditions, TriggerSource,
};

/// A trade that reached the book.
struct Print<'a> {
    instrument: InstrumentId,
    trade: &'a Trade,
    phase: Phase,
}

impl Shard {
    /// A tick that may lead to something.
    #[cold]
    #[inline(never)]
    pub(crate) fn on_loud_tick(&mut self, tick: &Tick, out: &mut Vec<Event>) {
        match &tick.body {
            TickBody::Quote(quote) => {
                let arrival = self.arrival();
                let row = row_of(tick.instrument);
                let work = self.hot[row].take_quote(quote, tick.time, arrival);
                if work.renews_ask {
                    self.books[row].renew_display(Side::Buy);
                }
                if work.renews_bid {
                    self.books[row].renew_display(Side::Sell);
                }
                if work.any() {
                    self.on_quote(tick.instrument, work, out);
                }
            }
            TickBody::Trade(trade) => self.on_print(tick, trade, out),
        }
    }

    fn on_quote(&mut self, instrument: InstrumentId, work: QuoteWork, out: &mut Vec<Event>) {
        let row = row_of(instrument);
        if self.hot[row].take_queue_unknown() {
            self.learn_queues(instrument);
        }
        let (quote, _) = self.hot[row].quote();
        if work.moves {
            self.move_pegs(instrument);
        }
        let phase = self.phase(instrument);
        if phase == Phase::Closed || quote.is_crossed() {
            self.hot[row].set_unjudged();
            self.hot[row].set_quote_alone();
            return;
        }
        self.hot[row].set_judged();
        if work.buys {
            self.cross(instrument, Side::Buy, phase, out);
        }
        if work.sells {
            self.cross(instrument, Side::Sell, phase, out);
        }
        if phase == Phase::Extended {
            // Orders of the regular session that it met are judged anew then.
            self.hot[row].set_unjudged();
            self.hot[row].set_quote_alone();
            return;
        }
        if self.hot[row].stops_watch_quotes() {
            self.elect(instrument, TriggerSource::Last, References::of_quote(&quote), out);
        }
        if work.watched {
            self.elect(instrument, TriggerSource::BidAsk, References::of_quote(&quote), out);
            self.elect(instrument, TriggerSource::Mid, References::of_middle(&quote), out);
            let both = References::of_two(&work.before, &quote);
            self.elect(instrument, TriggerSource::DoubleBidAsk, both, out);
        }
    }

    fn on_print(&mut self, tick: &Tick, trade: &Trade, out: &mut Vec<Event>) {
        self.hold_auction(tick.instrument, trade, out);
        let arrival = self.arrival();
        let hot = &mut self.hot[row_of(tick.instrument)];
        // Prints outside the regular session are neither what stops watch nor a last price to
        // judge the next one by.
        if hot.keeps_hours() {
            match self.sessions.regular_until(arrival.now) {
                Some(end) => hot.set_session_end(end),
                None => return self.on_extended_trade(tick.instrument, trade, out),
            }
        }
        if let Some(work) = hot.take_trade(trade, tick.time, arrival) {
            self.on_trade(tick.instrument, trade, work, out);
        }
    }

    fn on_trade(&mut self, instrument: InstrumentId, trade: &Trade, work: TradeWork, out: &mut Vec<Event>) {
        if self.phase(instrument) == Phase::Closed {
            self.hot[row_of(instrument)].set_trade_alone();
            return;
        }
        // In an auction both sides meet at one price.
        let aggressor = match trade.conditions {
            TradeConditions::OpeningAuction | TradeConditions::ClosingAuction => Aggressor::Unknown,
            TradeConditions::Regular | TradeConditions::Ineligible => work.aggressor,
        };
        self.meet_sides(&Print { instrument, trade, phase: Phase::Regular }, aggressor, out);
        if work.elects {
            self.elect(instrument, TriggerSource::Last, References::of(trade.price), out);
            if work.before.is_positive() {
                let span = Some(Span::of_two(work.before, trade.price));
                let both = References { buys: span, sells: span };
                self.elect(instrument, TriggerSource::DoubleLast, both, out);
            }
        }
    }

    /// A print before or after the regular session fills what may trade then, and does nothing else.
    fn on_extended_trade(&mut self, instrument: InstrumentId, trade: &Trade, out: &mut Vec<Event>) {
        let takes_part = trade.conditions == TradeConditions::Regular && trade.price.is_positive();
        if takes_part && self.phase(instrument) == Phase::Extended {
            let aggressor = self.hot[row_of(instrument)].judge(trade, self.arrival());
            self.meet_sides(&Print { instrument, trade, phase: Phase::Extended }, aggressor, out);
        }
    }

    fn meet_sides(&mut self, print: &Print<'_>, aggressor: Aggressor, out: &mut Vec<Event>) {
        if aggressor != Aggressor::Buyer {
            self.meet_resting(print, Side::Buy, out);
        }
        if aggressor != Aggressor::Seller {
            self.meet_resting(print, Side::Sell, out);
        }
    }

    /// Waiting orders of a side against the other side of a new quote.
    fn cross(&mut self, instrument: InstrumentId, side: Side, phase: Phase, out: &mut Vec<Event>) {
        let row = row_of(instrument);
        let Some((price, displayed)) = self.hot[row].opposite(side, self.arrival()) else { return };
        let mut slots = self.take_scratch();
        self.books[row].collect_crossed(side, price, &mut slots);
        for &slot in &slots {
            // What another one's fill ended meanwhile is not there any more.
            let Some(order) = self.orders.find(slot).filter(|order| phase.admits(order.instructions().hours))
            else {
                continue;
            };
            let Some(limit) = order.limit() else {
                self.take(slot, FillRule::TookNewQuote, out);
                continue;
            };
            let (portfolio, display) = (order.id.portfolio(), self.display_for(order));
            let offer = Offer {
                price: limit,
                qty: self.portfolio(portfolio).budgets.left_of_display(display, displayed),
                liquidity: Liquidity::Maker,
                rule: FillRule::QuoteCrossedLimit,
                trade: None,
            };
            let filled = self.execute(slot, &offer, out);
            self.spend_display(portfolio, display, filled);
        }
        self.give_scratch(slots);
    }

    /// Resting limits of a side against a trade whose aggressor hit that side.
    fn meet_resting(&mut self, print: &Print<'_>, side: Side, out: &mut Vec<Event>) {
        let mut slots = self.take_scratch();
        self.books[row_of(print.instrument)].collect_limits_met(side, print.trade.price, &mut slots);
        for &slot in &slots {
            let order = self.orders.find(slot);
            if order.is_some_and(|order| print.phase.admits(order.instructions().hours)) {
                self.meet_one(print, slot, out);
            }
        }
        self.give_scratch(slots);
    }

    fn meet_one(&mut self, print: &Print<'_>, slot: Slot, out: &mut Vec<Event>) {
        let size = print.trade.size;
        let order = self.orders.get_mut(slot);
        let limit = order.limit().expect("only limits rest");
        let (price, reachable, rule) = if print.trade.price == limit {
            let QueueAhead::Known(ahead) = order.queue_ahead() else { return };
            order.set_queue_ahead(QueueAhead::Known(ahead.saturating_sub(size)));
            (limit, size.saturating_sub(ahead), FillRule::TradeAtLimit)
        } else {
            // Whoever stood ahead at the limit was met before the price went through it.
            order.set_queue_ahead(QueueAhead::Known(Qty::ZERO));
            match print.trade.conditions {
                // Everyone gets the price of an auction.
                TradeConditions::OpeningAuction => (print.trade.price, size, FillRule::OpeningAuction),
                TradeConditions::ClosingAuction => (print.trade.price, size, FillRule::ClosingAuction),
                TradeConditions::Regular | TradeConditions::Ineligible => {
                    (limit, size, FillRule::TradeThroughLimit)
                }
            }
        };
        // At its limit only what an iceberg shows is met.
        let shown = order.slice_left().filter(|_| rule == FillRule::TradeAtLimit);
        let (portfolio, tick) = (order.id.portfolio(), self.tick);
        let left = self.portfolio(portfolio).budgets.left_of_trade(tick, reachable);
        let offer = Offer {
            price,
            qty: shown.map_or(left, |shown| left.min(shown)),
            liquidity: Liquidity::Maker,
            rule,
            trade: Some(*print.trade),
        };
        let filled = self.execute(slot, &offer, out);
        self.portfolio_mut(portfolio).budgets.spend_trade(tick, filled);
        if rule == FillRule::TradeAtLimit && filled.is_positive() {
            self.show_next_slice(slot, filled);
        }
    }

    /// The next slice of an iceberg joins behind what is displayed.
    fn show_next_slice(&mut self, slot: Slot, filled: Qty) {
        let arrival = self.arrival();
        let Some((side, limit)) = self.orders.find(slot).and_then(|order| Some((order.side, order.limit()?)))
        else {
            return;
        };
        let order = self.orders.get_mut(slot);
        if order.fill_slice(filled) {
            let hot = &mut self.hot[row_of(order.instrument)];
            let ahead = hot.queue_at(side, limit, arrival);
            order.set_queue_ahead(ahead);
            if ahead == QueueAhead::Unknown {
                hot.set_queue_unknown();
            }
        }
    }

    /// Moves nothing before it released what was reached: the old stop is tested before the mark moves.
    fn elect(
        &mut self,
        instrument: InstrumentId,
        source: TriggerSource,
        references: References,
        out: &mut Vec<Event>,
    ) {
        let row = row_of(instrument);
        let Some(watch) = self.books[row].watch(source, self.hot[row].triggers()) else { return };
        if references.reach(&watch) {
            self.release(instrument, source, references, out);
        }
        let watch = self.books[row].watch(source, self.hot[row].triggers());
        if watch.is_some_and(|watch| references.move_marks(&watch)) {
            let mut best = *self.hot[row].triggers();
            let is_news = self.books[row].ratchet(source, references, &mut best);
            self.hot[row].set_triggers(&best);
            if is_news {
                self.note_moved(instrument);
            }
        }
    }

    /// Everything that was reached, in the order of time, tries the standing quote at once.
    fn release(
        &mut self,
        instrument: InstrumentId,
        source: TriggerSource,
        references: References,
        out: &mut Vec<Event>,
    ) {
        let mut slots = self.take_scratch();
        if let Some(waiting) = self.books[row_of(instrument)].waiting(source) {
            waiting.collect_reached(references, &mut slots);
        }
        slots.sort_unstable_by_key(|slot| self.orders.get(*slot).priority);
        for &slot in &slots {
            // What another one's fill ended or set free meanwhile waits no more.
            let Some(order) = self.orders.find(slot).filter(|order| order.waits_for_trigger()) else { continue };
            if let Some(reference) = references.releasing(order.side, Wait::of(order)) {
                self.release_one(slot, reference, out);
            }
        }
        self.give_scratch(slots);
    }

    /// An order's price has come: it may trade from now on, or begins to follow.
    pub(crate) fn release_one(&mut self, slot: Slot, reference: Price, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let (id, recorded) = (order.id, order.hwm());
        if order.dormant_until().is_some() {
            self.emit(id.portfolio(), EventBody::OrderTrailed { order: id, hwm: reference }, out);
            return;
        }
        let mark = self.books[row_of(order.instrument)].mark(order);
        if let Some(hwm) = mark.filter(|_| mark != recorded) {
            self.emit(id.portfolio(), EventBody::OrderTrailed { order: id, hwm }, out);
        }
        self.emit(id.portfolio(), EventBody::OrderTriggered { order: id, reference }, out);
        self.arrive(slot, out);
    }

    /// Resting orders that came without a quote learn what is displayed ahead of them.
    fn learn_queues(&mut self, instrument: InstrumentId) {
        let arrival = self.arrival();
        let mut slots = self.take_scratch();
        for side in [Side::Buy, Side::Sell] {
            self.books[row_of(instrument)].collect_trading(side, &mut slots);
        }
        for &slot in &slots {
            let order = self.orders.get_mut(slot);
            if let (Some(limit), QueueAhead::Unknown) = (order.limit(), order.queue_ahead()) {
                let ahead = self.hot[row_of(instrument)].queue_at(order.side, limit, arrival);
                order.set_queue_ahead(ahead);
            }
        }
        self.give_scratch(slots);
    }

    fn take_scratch(&mut self) -> Vec<Slot> {
        core::mem::take(&mut self.scratch)
    }

    fn give_scratch(&mut self, mut slots: Vec<Slot>) {
        slots.clear();
        self.scratch = slots;
    }
}

impl References {
    /// The ask for buys, the bid for sells.
    fn of_quote(quote: &Quote) -> Self {
        let span = |price: Price| price.is_positive().then_some(Span::of(price));
        Self { buys: span(quote.ask), sells: span(quote.bid) }
    }

    /// The middle, where there are two sides.
    fn of_middle(quote: &Quote) -> Self {
        let middle = quote.middle().map(Span::of);
        Self { buys: middle, sells: middle }
    }

    /// What two quotes in a row agree on.
    fn of_two(before: &Quote, quote: &Quote) -> Self {
        let span = |one: Price, other: Price| {
            (one.is_positive() && other.is_positive()).then_some(Span::of_two(one, other))
        };
        Self { buys: span(before.ask, quote.ask), sells: span(before.bid, quote.bid) }
    }
}
