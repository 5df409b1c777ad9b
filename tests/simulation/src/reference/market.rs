//! The model's market: what a quote or a print leads to, by looking at every open order.

use super::Walk;
use crate::violation::Checked;
use model::{
    Aggressor, CalendarId, EventBody, FillRule, InstrumentId, Liquidity, OrderId, Price, Quote, Side, Trade,
    TradeConditions,
};

/// One instrument's market as the engine has seen it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Market {
    pub(super) quote: Quote,
    pub(super) quote_time: i64,
    /// When the quote came, while it may be traded on.
    pub(super) received: Option<i64>,
    trade_time: i64,
    pub(super) last: i64,
    before: i64,
    /// The last price that may release stops; 0 before any.
    pub(super) reference: i64,
    /// Something waits that was not judged against a quote yet.
    pub(super) unjudged: bool,
    /// Some resting order does not know what is ahead of it.
    pub(super) queue_unknown: bool,
}

impl Default for Market {
    fn default() -> Self {
        Self {
            quote: Quote::default(),
            quote_time: 0,
            received: None,
            trade_time: 0,
            last: 0,
            before: 0,
            reference: 0,
            unjudged: true,
            queue_unknown: false,
        }
    }
}

impl Market {
    pub(super) fn distrust(&mut self) {
        self.received = None;
    }

    fn is_crossed(&self) -> bool {
        self.quote.bid.raw() > 0 && self.quote.ask.raw() > 0 && self.quote.bid > self.quote.ask
    }

    pub(super) fn is_fresh(&self, now: i64, age: i64) -> bool {
        self.received.is_some_and(|received| now - received <= age)
    }
}

/// An offer to an order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) price: i64,
    pub(super) qty: i128,
    pub(super) liquidity: Liquidity,
    pub(super) rule: FillRule,
    pub(super) trade: Option<Trade>,
}

impl Walk<'_> {
    pub(super) fn market(&self, instrument: InstrumentId) -> &Market {
        &self.model.markets[&instrument]
    }

    pub(super) fn market_mut(&mut self, instrument: InstrumentId) -> &mut Market {
        self.model.markets.get_mut(&instrument).expect("a defined instrument has a market")
    }

    /// The other side of a quote that may be traded on: price and displayed size.
    pub(super) fn opposite(&self, instrument: InstrumentId, side: Side) -> Option<(i64, i128)> {
        let market = self.market(instrument);
        let (price, size) = match side {
            Side::Buy => (market.quote.ask, market.quote.ask_size),
            Side::Sell => (market.quote.bid, market.quote.bid_size),
        };
        let stands = market.is_fresh(self.model.now, self.model.age) && !market.is_crossed() && price.raw() > 0;
        stands.then_some((price.raw(), i128::from(size.raw())))
    }

    /// The price that stops of a side watch.
    pub(super) fn reference(&self, instrument: InstrumentId, side: Side) -> Option<i64> {
        let market = self.market(instrument);
        if market.reference > 0 {
            return Some(market.reference);
        }
        self.opposite(instrument, side).map(|(price, _)| price)
    }

    /// Open orders of an instrument and side that are in the market and agree to a price: the keenest first, then
    /// the longest waiting.
    fn willing(&self, instrument: InstrumentId, side: Side, price: i64) -> Vec<OrderId> {
        let mut willing = self.open(|order| {
            order.instrument == Some(instrument)
                && order.side == side
                && !order.waits()
                && order.limit().is_none_or(|limit| side.within(Price::from_raw(price), limit))
        });
        willing.sort_by_key(|id| {
            let order = self.order(*id);
            (super::keenness(order), order.priority)
        });
        willing
    }

    fn waiting(&self, instrument: InstrumentId) -> Vec<OrderId> {
        self.open(|order| order.instrument == Some(instrument) && order.waits())
    }

    /// Whether quotes stand in for trades, and one of its prices would release a stop or move a mark.
    fn concerns_stops(&self, instrument: InstrumentId, quote: &Quote) -> bool {
        if self.market(instrument).reference > 0 {
            return false;
        }
        self.waiting(instrument).iter().any(|id| {
            let order = self.order(*id);
            let trails = order.trails();
            let mark = self.model.marks.get(id).map(|mark| mark.raw());
            let stop = self.stop_of(order);
            match order.side {
                Side::Buy => {
                    let ask = quote.ask.raw();
                    let moves = trails && mark.is_none_or(|mark| ask < mark);
                    ask > 0 && (moves || stop.is_some_and(|stop| ask >= stop))
                }
                Side::Sell => {
                    let bid = quote.bid.raw();
                    let moves = trails && mark.is_none_or(|mark| bid > mark);
                    bid > 0 && (moves || stop.is_some_and(|stop| bid <= stop))
                }
            }
        })
    }

    pub(super) fn quote(&mut self, instrument: InstrumentId, time: i64, quote: Quote) -> Checked {
        let (now, age) = (self.model.now, self.model.age);
        let market = self.market_mut(instrument);
        if time < market.quote_time {
            return Ok(());
        }
        let before = market.quote;
        let ask_changed = (before.ask, before.ask_size) != (quote.ask, quote.ask_size);
        let bid_changed = (before.bid, before.bid_size) != (quote.bid, quote.bid_size);
        let unjudged = market.unjudged || !market.is_fresh(now, age);
        (market.quote, market.quote_time, market.received) = (quote, time, Some(now));
        let flagged = market.unjudged || market.queue_unknown;
        self.model.taken.retain(|(of, side, _), _| {
            *of != instrument || if *side == Side::Buy { !ask_changed } else { !bid_changed }
        });
        let meets = |walk: &Self, side: Side, price: Price, changed: bool| {
            price.raw() > 0 && (changed || unjudged) && !walk.willing(instrument, side, price.raw()).is_empty()
        };
        let buys = meets(self, Side::Buy, quote.ask, ask_changed);
        let sells = meets(self, Side::Sell, quote.bid, bid_changed);
        if !buys && !sells && !flagged && !self.concerns_stops(instrument, &quote) {
            return Ok(());
        }
        self.learn_queues(instrument);
        let judges = self.trades_now(instrument) && !self.market(instrument).is_crossed();
        self.market_mut(instrument).unjudged = !judges;
        if !judges {
            return Ok(());
        }
        if buys {
            self.cross(instrument, Side::Buy)?;
        }
        if sells {
            self.cross(instrument, Side::Sell)?;
        }
        if self.market(instrument).reference == 0 {
            let positive = |price: Price| (price.raw() > 0).then_some(price.raw());
            self.elect(instrument, (positive(quote.ask), positive(quote.bid)))?;
        }
        Ok(())
    }

    /// Resting orders that came without a quote learn what is displayed ahead of them.
    fn learn_queues(&mut self, instrument: InstrumentId) {
        if !std::mem::replace(&mut self.market_mut(instrument).queue_unknown, false) {
            return;
        }
        let resting =
            self.open(|order| order.instrument == Some(instrument) && !order.waits() && order.limit().is_some());
        for id in resting {
            if !self.model.ahead.contains_key(&id) {
                let ahead = self.displayed_ahead(id);
                self.set_ahead(id, ahead);
            }
        }
    }

    /// What is displayed ahead of an order at its limit; nothing is known without a fresh quote.
    pub(super) fn displayed_ahead(&self, id: OrderId) -> Option<i128> {
        let order = self.order(id);
        let market = self.market(order.instrument.expect("open"));
        if !market.is_fresh(self.model.now, self.model.age) {
            return None;
        }
        let (own, size) = match order.side {
            Side::Buy => (market.quote.bid, market.quote.bid_size),
            Side::Sell => (market.quote.ask, market.quote.ask_size),
        };
        Some(if Some(own) == order.limit() { i128::from(size.raw()) } else { 0 })
    }

    /// Waiting orders of a side against the other side of a new quote.
    fn cross(&mut self, instrument: InstrumentId, side: Side) -> Checked {
        let Some((price, shown)) = self.opposite(instrument, side) else { return Ok(()) };
        for id in self.willing(instrument, side, price) {
            let Some(limit) = self.order(id).limit() else {
                self.take(id, FillRule::TookNewQuote)?;
                continue;
            };
            let key = (instrument, side, id.portfolio());
            let taken = self.model.taken.get(&key).copied().unwrap_or(0);
            let offer = Offer {
                price: limit.raw(),
                qty: (shown - taken).max(0),
                liquidity: Liquidity::Maker,
                rule: FillRule::QuoteCrossedLimit,
                trade: None,
            };
            let filled = self.execute(id, &offer)?;
            *self.model.taken.entry(key).or_default() += filled;
        }
        Ok(())
    }

    pub(super) fn print(&mut self, instrument: InstrumentId, time: i64, trade: Trade) -> Checked {
        let keeps_hours = self.calendar(instrument) == CalendarId::Xnys;
        if keeps_hours && !self.is_open(CalendarId::Xnys) {
            return Ok(());
        }
        let (now, age) = (self.model.now, self.model.age);
        let market = self.market_mut(instrument);
        let counts = trade.conditions == TradeConditions::Regular && trade.price.raw() > 0;
        if !counts || time < market.trade_time {
            return Ok(());
        }
        market.trade_time = time;
        let price = trade.price.raw();
        if price != market.last {
            market.before = market.last;
            market.last = price;
        }
        let Quote { bid, ask, .. } = market.quote;
        let judges = bid.raw() > 0 && ask.raw() > 0 && bid <= ask && market.is_fresh(now, age);
        let elects = !judges || (bid.raw() <= price && price <= ask.raw());
        if elects {
            market.reference = price;
        }
        let hit = aggressor(market, &trade, market.is_fresh(now, age));
        if !self.trades_now(instrument) {
            return Ok(());
        }
        for side in [Side::Buy, Side::Sell] {
            let reached = match hit {
                Aggressor::Unknown => true,
                Aggressor::Seller => side == Side::Buy,
                Aggressor::Buyer => side == Side::Sell,
            };
            if reached {
                for id in self.willing(instrument, side, price) {
                    self.meet_print(id, &trade)?;
                }
            }
        }
        if elects { self.elect(instrument, (Some(price), Some(price))) } else { Ok(()) }
    }

    fn meet_print(&mut self, id: OrderId, trade: &Trade) -> Checked {
        let Some(limit) = self.order(id).limit() else { return Ok(()) };
        let size = i128::from(trade.size.raw());
        let (reachable, rule) = if trade.price == limit {
            let Some(ahead) = self.model.ahead.get(&id).copied() else { return Ok(()) };
            self.model.ahead.insert(id, (ahead - size).max(0));
            ((size - ahead).max(0), FillRule::TradeAtLimit)
        } else {
            self.model.ahead.insert(id, 0);
            (size, FillRule::TradeThroughLimit)
        };
        if self.model.print != self.model.tick {
            self.model.print = self.model.tick;
            self.model.taken_of_print.clear();
        }
        let taken = self.model.taken_of_print.get(&id.portfolio()).copied().unwrap_or(0);
        let offer = Offer {
            price: limit.raw(),
            qty: (reachable - taken).max(0),
            liquidity: Liquidity::Maker,
            rule,
            trade: Some(*trade),
        };
        let filled = self.execute(id, &offer)?;
        *self.model.taken_of_print.entry(id.portfolio()).or_default() += filled;
        Ok(())
    }

    /// Releases the stops that were reached, in the order of time; then marks move.
    fn elect(&mut self, instrument: InstrumentId, (buy, sell): (Option<i64>, Option<i64>)) -> Checked {
        let reference = |side: Side| match side {
            Side::Buy => buy,
            Side::Sell => sell,
        };
        let mut released: Vec<OrderId> = self
            .waiting(instrument)
            .into_iter()
            .filter(|id| {
                let order = self.order(*id);
                let pair = reference(order.side).zip(self.stop_of(order));
                pair.is_some_and(|(price, stop)| match order.side {
                    Side::Buy => price >= stop,
                    Side::Sell => price <= stop,
                })
            })
            .collect();
        released.sort_by_key(|id| self.order(*id).priority);
        for id in released {
            self.release(id, reference(self.order(id).side).expect("a reference released it"))?;
        }
        for id in self.waiting(instrument) {
            let order = self.order(id);
            let trails = order.trails();
            let Some(price) = reference(order.side).filter(|_| trails) else { continue };
            let better = self.model.marks.get(&id).is_none_or(|mark| match order.side {
                Side::Sell => price > mark.raw(),
                Side::Buy => price < mark.raw(),
            });
            if better {
                self.model.marks.insert(id, Price::from_raw(price));
            }
        }
        Ok(())
    }

    fn release(&mut self, id: OrderId, reference: i64) -> Checked {
        let order = self.order(id);
        let (portfolio, recorded) = (id.portfolio(), order.hwm);
        if let Some(hwm) = self.model.marks.get(&id).copied().filter(|mark| Some(*mark) != recorded) {
            self.emit(portfolio, EventBody::OrderTrailed { order: id, hwm })?;
        }
        self.emit(portfolio, EventBody::OrderTriggered { order: id, reference: Price::from_raw(reference) })?;
        self.model.marks.remove(&id);
        self.enter(id);
        self.arrive(id)
    }
}

/// Who took: as the feed says, else by the quote, else by the last other price.
fn aggressor(market: &Market, trade: &Trade, fresh: bool) -> Aggressor {
    if trade.aggressor != Aggressor::Unknown {
        return trade.aggressor;
    }
    let price = i128::from(trade.price.raw());
    if fresh && !market.is_crossed() {
        let (bid, ask) = (i128::from(market.quote.bid.raw()), i128::from(market.quote.ask.raw()));
        let at_ask = ask > 0 && price >= ask;
        let at_bid = bid > 0 && price <= bid;
        if at_ask != at_bid {
            return if at_ask { Aggressor::Buyer } else { Aggressor::Seller };
        }
        if !at_ask && bid > 0 && ask > 0 && price * 2 != bid + ask {
            return if price * 2 > bid + ask { Aggressor::Buyer } else { Aggressor::Seller };
        }
    }
    match (market.before, market.last.cmp(&market.before)) {
        (0, _) | (_, std::cmp::Ordering::Equal) => Aggressor::Unknown,
        (_, std::cmp::Ordering::Greater) => Aggressor::Buyer,
        (_, std::cmp::Ordering::Less) => Aggressor::Seller,
    }
}
