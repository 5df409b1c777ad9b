//! What a tick makes happen, once it was seen that something could.
//!
//! Owns the order of work: on a quote the waiting buys, then the sells, then the stops where
//! quotes stand in for trades; on a trade the resting limits, then the stops at their old marks,
//! then the marks.

use crate::commit::row_of;
use crate::market::{QuoteWork, TradeWork, Triggers};
use crate::matching::Offer;
use crate::orders::{QueueAhead, Slot};
use crate::shard::Shard;
use alloc::vec::Vec;
use model::{
    Aggressor, Event, EventBody, FillRule, InstrumentId, Liquidity, Price, Qty, Side, Tick, TickBody, Trade,
};

/// A trade that reached the book.
struct Print<'a> {
    instrument: InstrumentId,
    trade: &'a Trade,
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
        if !self.trades_now(instrument) || quote.is_crossed() {
            self.hot[row].set_unjudged();
            return;
        }
        self.hot[row].set_judged();
        if work.buys {
            self.cross(instrument, Side::Buy, out);
        }
        if work.sells {
            self.cross(instrument, Side::Sell, out);
        }
        if self.hot[row].stops_watch_quotes() {
            let reference = |price: Price| price.is_positive().then_some(price);
            self.elect(instrument, References { buy: reference(quote.ask), sell: reference(quote.bid) }, out);
        }
    }

    fn on_print(&mut self, tick: &Tick, trade: &Trade, out: &mut Vec<Event>) {
        let arrival = self.arrival();
        let hot = &mut self.hot[row_of(tick.instrument)];
        // Prints outside the regular session are neither what stops watch nor a last price to
        // judge the next one by.
        if hot.keeps_hours() {
            let Some(end) = self.sessions.regular_until(arrival.now) else { return };
            hot.set_session_end(end);
        }
        if let Some(work) = hot.take_trade(trade, tick.time, arrival) {
            self.on_trade(tick.instrument, trade, work, out);
        }
    }

    fn on_trade(&mut self, instrument: InstrumentId, trade: &Trade, work: TradeWork, out: &mut Vec<Event>) {
        if !self.trades_now(instrument) {
            return;
        }
        let print = Print { instrument, trade };
        match work.aggressor {
            Aggressor::Seller => self.meet_resting(&print, Side::Buy, out),
            Aggressor::Buyer => self.meet_resting(&print, Side::Sell, out),
            Aggressor::Unknown => {
                self.meet_resting(&print, Side::Buy, out);
                self.meet_resting(&print, Side::Sell, out);
            }
        }
        if work.elects {
            let price = Some(trade.price);
            self.elect(instrument, References { buy: price, sell: price }, out);
        }
    }

    /// Waiting orders of a side against the other side of a new quote.
    fn cross(&mut self, instrument: InstrumentId, side: Side, out: &mut Vec<Event>) {
        let row = row_of(instrument);
        let Some((price, displayed)) = self.hot[row].opposite(side, self.arrival()) else { return };
        let mut slots = self.take_scratch();
        self.books[row].collect_crossed(side, price, &mut slots);
        for &slot in &slots {
            let order = self.orders.get(slot);
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
            self.meet_one(print, slot, out);
        }
        self.give_scratch(slots);
    }

    fn meet_one(&mut self, print: &Print<'_>, slot: Slot, out: &mut Vec<Event>) {
        let size = print.trade.size;
        let order = self.orders.get_mut(slot);
        let limit = order.limit().expect("only limits rest");
        let (reachable, rule) = if print.trade.price == limit {
            let QueueAhead::Known(ahead) = order.queue_ahead() else { return };
            order.set_queue_ahead(QueueAhead::Known(ahead.saturating_sub(size)));
            (size.saturating_sub(ahead), FillRule::TradeAtLimit)
        } else {
            // Whoever stood ahead at the limit was met before the price went through it.
            order.set_queue_ahead(QueueAhead::Known(Qty::ZERO));
            (size, FillRule::TradeThroughLimit)
        };
        let portfolio = order.id.portfolio();
        let tick = self.tick;
        let offer = Offer {
            price: limit,
            qty: self.portfolio(portfolio).budgets.left_of_trade(tick, reachable),
            liquidity: Liquidity::Maker,
            rule,
            trade: Some(*print.trade),
        };
        let filled = self.execute(slot, &offer, out);
        self.portfolio_mut(portfolio).budgets.spend_trade(tick, filled);
    }

    /// Releases the stops that a reference reached, then moves the marks it is beyond.
    fn elect(&mut self, instrument: InstrumentId, references: References, out: &mut Vec<Event>) {
        let row = row_of(instrument);
        if references.reach(self.hot[row].triggers()) {
            self.release(instrument, references, out);
        }
        if references.move_marks(self.hot[row].triggers()) {
            for side in [Side::Buy, Side::Sell] {
                if let Some(price) = references.of(side) {
                    self.books[row].trailing_mut(side).ratchet(price);
                }
            }
            let mut best = *self.hot[row].triggers();
            self.books[row].refresh_stops(&mut best);
            self.hot[row].set_triggers(&best);
            self.note_moved(instrument);
        }
    }

    /// Every stop that was reached, in the order of time, tries the standing quote at once.
    fn release(&mut self, instrument: InstrumentId, references: References, out: &mut Vec<Event>) {
        let mut slots = self.take_scratch();
        for side in [Side::Buy, Side::Sell] {
            if let Some(price) = references.of(side) {
                self.books[row_of(instrument)].collect_released(side, price, &mut slots);
            }
        }
        slots.sort_unstable_by_key(|slot| self.orders.get(*slot).priority);
        for &slot in &slots {
            self.release_one(slot, references, out);
        }
        self.give_scratch(slots);
    }

    fn release_one(&mut self, slot: Slot, references: References, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let (id, side, recorded) = (order.id, order.side, order.hwm());
        let reference = references.of(side).expect("a reference released it");
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

/// The prices that stops watch now: the last trade for both sides, or a quote's two.
#[derive(Clone, Copy, Debug)]
struct References {
    buy: Option<Price>,
    sell: Option<Price>,
}

impl References {
    fn of(self, side: Side) -> Option<Price> {
        match side {
            Side::Buy => self.buy,
            Side::Sell => self.sell,
        }
    }

    fn reach(self, triggers: &Triggers) -> bool {
        self.buy.is_some_and(|price| price.raw() >= triggers.stop_buy)
            || self.sell.is_some_and(|price| price.raw() <= triggers.stop_sell)
    }

    fn move_marks(self, triggers: &Triggers) -> bool {
        self.buy.is_some_and(|price| price.raw() < triggers.mark_buy)
            || self.sell.is_some_and(|price| price.raw() > triggers.mark_sell)
    }
}
