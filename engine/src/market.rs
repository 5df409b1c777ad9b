//! What the market of one symbol says, laid out so that a quiet tick reads only this.
//!
//! Owns the standing quote, the last prices and, cached in front of the book, the best trigger of
//! each kind. Taking a tick stores it and answers whether anything could follow; it never looks
//! into the book and its cost does not depend on how many orders are open. Not journaled: after a
//! restart the market is taken anew from the feed.

use crate::orders::QueueAhead;
use core::cmp::Ordering;
use core::hint::cold_path;
use model::{Aggressor, Price, Qty, Quote, Side, Time, Trade, TradeConditions};

/// Something waits that was not yet judged against a quote.
const UNJUDGED: u8 = 1;
/// Some resting order does not know what is ahead of it.
const QUEUE_UNKNOWN: u8 = 2;
/// Stops wait and no trade was ever seen, so that quotes stand in for trades.
const STOPS_BY_QUOTE: u8 = 4;

/// Before every engine time, the first included.
const LONG_AGO: Time = Time::from_nanos(i64::MIN);

/// What a tick may lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct QuoteWork {
    /// Waiting buys are to be judged against the ask.
    pub(crate) buys: bool,
    /// Waiting sells are to be judged against the bid.
    pub(crate) sells: bool,
    /// Something else is to be looked at.
    pub(crate) other: bool,
}

impl QuoteWork {
    pub(crate) fn any(self) -> bool {
        self.buys | self.sells | self.other
    }
}

/// The prices at which something would happen; each has a value that no price reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Triggers {
    /// Highest price that a waiting buy pays: acts when the ask falls to it.
    pub(crate) buy: i64,
    /// Lowest price that a waiting sell takes: acts when the bid rises to it.
    pub(crate) sell: i64,
    /// Lowest stop of a buy: acts when the reference rises to it.
    pub(crate) stop_buy: i64,
    /// Highest stop of a sell: acts when the reference falls to it.
    pub(crate) stop_sell: i64,
    /// Lowest mark of a trailing sell: moves when the reference rises above it.
    pub(crate) mark_sell: i64,
    /// Highest mark of a trailing buy: moves when the reference falls below it.
    pub(crate) mark_buy: i64,
}

impl Triggers {
    /// Nothing waits.
    pub(crate) const NONE: Self = Self {
        buy: i64::MIN,
        sell: i64::MAX,
        stop_buy: i64::MAX,
        stop_sell: i64::MIN,
        mark_sell: i64::MAX,
        mark_buy: i64::MIN,
    };

    /// The lowest reference at which a stop is released or a mark moves upward.
    fn above(&self) -> i64 {
        self.stop_buy.min(self.mark_sell.saturating_add(1))
    }

    /// Whether a stop is released, or a mark moved, by a quote that stands in for a trade.
    fn concern_stops(&self, quote: &Quote) -> bool {
        let (ask, bid) = (quote.ask.raw(), quote.bid.raw());
        (ask > 0 && (ask >= self.stop_buy || ask < self.mark_buy))
            || (bid > 0 && (bid <= self.stop_sell || bid > self.mark_sell))
    }

    /// The highest reference at which a stop is released or a mark moves downward.
    fn below(&self) -> i64 {
        self.stop_sell.max(self.mark_buy.saturating_sub(1))
    }
}

/// What of a trade still has to be looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TradeWork {
    /// Who took, by the feed or by the rules.
    pub(crate) aggressor: Aggressor,
    /// Whether the print may release stops and move marks.
    pub(crate) elects: bool,
}

/// One symbol's market in three cache lines: what every quote reads, what every trade reads
/// besides, and what is read only when something may follow.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct HotSymbol {
    quote: Quote,
    quote_time: Time,
    /// An ask at or below this is looked at closely.
    ask_floor: i64,
    /// A bid at or above this is looked at closely.
    bid_ceiling: i64,
    ask_version: u32,
    bid_version: u32,
    /// Engine time at which the quote came; [`LONG_AGO`] when it is trusted no more.
    received: Time,
    /// An ask at or above this is looked at closely: stops watch quotes.
    ask_ceiling: i64,
    /// A bid at or below this is looked at closely: stops watch quotes.
    bid_floor: i64,
    trade_time: Time,
    /// Last regular trade's price; nothing before the first.
    last: Price,
    /// See [`Triggers::above`].
    above: i64,
    /// See [`Triggers::below`].
    below: i64,
    flags: u8,
    /// Whether only prints of the regular session count.
    keeps_hours: bool,
    rare: Rare,
}

/// The line of a row that quiet ticks do not read.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Rare {
    /// Last price that may elect stops; nothing before the first.
    reference: Price,
    /// The last regular price that was another than the last; nothing before it.
    before: Price,
    triggers: Triggers,
}

const _: () = assert!(core::mem::offset_of!(HotSymbol, received) == 64);
const _: () = assert!(core::mem::offset_of!(HotSymbol, rare) == 128);
const _: () = assert!(size_of::<HotSymbol>() == 192);

impl HotSymbol {
    /// A row that takes no tick, until its instrument is defined.
    pub(crate) fn undefined() -> Self {
        let none = Triggers::NONE;
        Self {
            quote: Quote::default(),
            quote_time: Time::NEVER,
            ask_floor: none.buy,
            bid_ceiling: none.sell,
            ask_version: 0,
            bid_version: 0,
            received: LONG_AGO,
            ask_ceiling: i64::MAX,
            bid_floor: i64::MIN,
            trade_time: Time::NEVER,
            last: Price::ZERO,
            above: none.above(),
            below: none.below(),
            flags: 0,
            keeps_hours: false,
            rare: Rare { reference: Price::ZERO, before: Price::ZERO, triggers: none },
        }
    }

    /// Opens the row for ticks.
    pub(crate) fn define(&mut self, keeps_hours: bool) {
        self.keeps_hours = keeps_hours;
        if self.quote_time == Time::NEVER {
            self.quote_time = Time::EARLIEST;
            self.trade_time = Time::EARLIEST;
        }
    }

    pub(crate) fn keeps_hours(&self) -> bool {
        self.keeps_hours
    }

    /// Stores a quote to which nothing can follow, and says whether it was one. The other quotes
    /// are for [`Self::take_quote`].
    #[inline(always)]
    pub(crate) fn take_quiet_quote(&mut self, quote: &Quote, time: Time, now: Time) -> bool {
        // Single bars: what the market does cannot be predicted, that it is quiet can.
        let is_quiet = (time >= self.quote_time)
            & (quote.ask.raw() > self.ask_floor)
            & (quote.bid.raw() < self.bid_ceiling)
            & (quote.ask.raw() < self.ask_ceiling)
            & (quote.bid.raw() > self.bid_floor);
        if is_quiet {
            self.store_quote(quote, time, now);
        }
        is_quiet
    }

    /// Stores a quote unless it is older than the last, and says what it may lead to.
    pub(crate) fn take_quote(&mut self, quote: &Quote, time: Time, arrival: Arrival) -> QuoteWork {
        if time < self.quote_time {
            return QuoteWork::default();
        }
        let ask_changed = self.ask_changes(quote);
        let bid_changed = self.bid_changes(quote);
        let unjudged = self.flags & UNJUDGED != 0 || !self.is_fresh(arrival);
        self.store_quote(quote, time, arrival.now);
        let Triggers { buy, sell, .. } = self.rare.triggers;
        let ask_met = quote.ask.is_positive() && quote.ask.raw() <= buy;
        let bid_met = quote.bid.is_positive() && quote.bid.raw() >= sell;
        QuoteWork {
            buys: ask_met && (ask_changed || unjudged),
            sells: bid_met && (bid_changed || unjudged),
            other: self.flags & !STOPS_BY_QUOTE != 0
                || (self.flags != 0 && self.rare.triggers.concern_stops(quote)),
        }
    }

    #[inline(always)]
    fn store_quote(&mut self, quote: &Quote, time: Time, now: Time) {
        self.ask_version = self.ask_version.wrapping_add(u32::from(self.ask_changes(quote)));
        self.bid_version = self.bid_version.wrapping_add(u32::from(self.bid_changes(quote)));
        self.quote = *quote;
        self.quote_time = time;
        self.received = now;
    }

    #[inline(always)]
    fn ask_changes(&self, quote: &Quote) -> bool {
        (quote.ask != self.quote.ask) | (quote.ask_size != self.quote.ask_size)
    }

    #[inline(always)]
    fn bid_changes(&self, quote: &Quote) -> bool {
        (quote.bid != self.quote.bid) | (quote.bid_size != self.quote.bid_size)
    }

    /// Stores a trade unless it is older than the last or may do nothing, and says what it may
    /// lead to; `None` is the usual end.
    #[inline]
    pub(crate) fn take_trade(&mut self, trade: &Trade, time: Time, arrival: Arrival) -> Option<TradeWork> {
        let takes_part = match trade.conditions {
            TradeConditions::Regular => trade.price.is_positive(),
            TradeConditions::Ineligible => false,
        };
        if time < self.trade_time || !takes_part {
            return None;
        }
        self.trade_time = time;
        // Chosen, not branched: which way the market goes cannot be predicted.
        self.rare.before = if trade.price == self.last { self.rare.before } else { self.last };
        self.last = trade.price;
        let elects = self.is_inside_quote(trade.price, arrival);
        if elects {
            self.rare.reference = trade.price;
        }
        let price = trade.price.raw();
        let fills = (price <= self.ask_floor) | (price >= self.bid_ceiling);
        let releases = (price >= self.above) | (price <= self.below) | (self.flags != 0);
        if fills | (elects & releases) {
            cold_path();
            return self.judge_trade(trade, elects, arrival);
        }
        None
    }

    /// What a trade leads to that something may wait for.
    fn judge_trade(&mut self, trade: &Trade, elects: bool, arrival: Arrival) -> Option<TradeWork> {
        if elects {
            self.set_flag(STOPS_BY_QUOTE, false);
        }
        let price = trade.price.raw();
        let fills = price <= self.rare.triggers.buy || price >= self.rare.triggers.sell;
        let releases = elects && (price >= self.above || price <= self.below);
        (fills || releases).then(|| TradeWork { aggressor: self.judge(trade, arrival), elects })
    }

    /// A print elects when it lies within a fresh two-sided quote, or there is no such quote.
    fn is_inside_quote(&self, price: Price, arrival: Arrival) -> bool {
        let judges = self.quote.bid.is_positive()
            & self.quote.ask.is_positive()
            & (self.quote.bid <= self.quote.ask)
            & self.is_fresh(arrival);
        !judges | ((self.quote.bid <= price) & (price <= self.quote.ask))
    }

    /// Who took: as the feed says, else by the quote rule, else by the tick rule.
    fn judge(&self, trade: &Trade, arrival: Arrival) -> Aggressor {
        match trade.aggressor {
            Aggressor::Buyer | Aggressor::Seller => return trade.aggressor,
            Aggressor::Unknown => {}
        }
        if self.is_fresh(arrival) && !self.quote.is_crossed() {
            let Quote { bid, ask, .. } = self.quote;
            let at_ask = ask.is_positive() && trade.price >= ask;
            let at_bid = bid.is_positive() && trade.price <= bid;
            let two_sided = bid.is_positive() && ask.is_positive();
            // Doubled, so that the middle needs no rounding.
            let twice = trade.price.raw().saturating_mul(2);
            let middle = bid.raw() + ask.raw();
            match (at_ask, at_bid) {
                (true, false) => return Aggressor::Buyer,
                (false, true) => return Aggressor::Seller,
                (false, false) if two_sided && twice > middle => return Aggressor::Buyer,
                (false, false) if two_sided && twice < middle => return Aggressor::Seller,
                (true, true) | (false, false) => {}
            }
        }
        match (self.rare.before.is_zero(), self.last.cmp(&self.rare.before)) {
            (true, _) | (false, Ordering::Equal) => Aggressor::Unknown,
            (false, Ordering::Greater) => Aggressor::Buyer,
            (false, Ordering::Less) => Aggressor::Seller,
        }
    }

    /// Whether the standing quote may be traded on as far as its age goes.
    pub(crate) fn is_fresh(&self, arrival: Arrival) -> bool {
        self.received != LONG_AGO && arrival.now.nanos_since(self.received) <= arrival.quote_age_max_ns
    }

    /// The opposite side of the standing quote for an order of `side`, when it can be traded on.
    pub(crate) fn opposite(&self, side: Side, arrival: Arrival) -> Option<(Price, Qty)> {
        let (price, size) = match side {
            Side::Buy => (self.quote.ask, self.quote.ask_size),
            Side::Sell => (self.quote.bid, self.quote.bid_size),
        };
        let stands = self.is_fresh(arrival) && !self.quote.is_crossed() && price.is_positive();
        stands.then_some((price, size))
    }

    /// What an order of `side` would be priced at without a limit: the other side of the quote,
    /// however old, else the last price.
    pub(crate) fn price_without_limit(&self, side: Side) -> Option<Price> {
        let opposite = match side {
            Side::Buy => self.quote.ask,
            Side::Sell => self.quote.bid,
        };
        [opposite, self.rare.reference, self.last].into_iter().find(|price| price.is_positive())
    }

    /// The price that stops of `side` watch.
    pub(crate) fn reference(&self, side: Side, arrival: Arrival) -> Option<Price> {
        if self.rare.reference.is_positive() {
            return Some(self.rare.reference);
        }
        self.opposite(side, arrival).map(|(price, _)| price)
    }

    /// Whether quotes stand in for trades: none was ever seen.
    pub(crate) fn stops_watch_quotes(&self) -> bool {
        self.rare.reference.is_zero()
    }

    /// What is displayed ahead of an order of `side` that comes to rest at `limit`.
    pub(crate) fn queue_at(&self, side: Side, limit: Price, arrival: Arrival) -> QueueAhead {
        if !self.is_fresh(arrival) {
            return QueueAhead::Unknown;
        }
        let (own, size) = match side {
            Side::Buy => (self.quote.bid, self.quote.bid_size),
            Side::Sell => (self.quote.ask, self.quote.ask_size),
        };
        QueueAhead::Known(if own == limit { size } else { Qty::ZERO })
    }

    /// Counts the changes of the side that an order of `side` trades against: displayed size is
    /// spent once for each.
    pub(crate) fn opposite_version(&self, side: Side) -> u32 {
        match side {
            Side::Buy => self.ask_version,
            Side::Sell => self.bid_version,
        }
    }

    pub(crate) fn quote(&self) -> (Quote, Time) {
        (self.quote, self.quote_time)
    }

    /// The best of each kind.
    pub(crate) fn triggers(&self) -> &Triggers {
        &self.rare.triggers
    }

    /// Caches the best of each kind.
    pub(crate) fn set_triggers(&mut self, triggers: &Triggers) {
        self.rare.triggers = *triggers;
        (self.above, self.below) = (triggers.above(), triggers.below());
        let none = Triggers::NONE;
        let has_stops = self.above != none.above() || self.below != none.below();
        self.set_flag(STOPS_BY_QUOTE, self.stops_watch_quotes() && has_stops);
    }

    /// The standing quote may be traded on no more; the next one is judged anew.
    pub(crate) fn distrust_quote(&mut self) {
        self.received = LONG_AGO;
    }

    pub(crate) fn set_unjudged(&mut self) {
        self.set_flag(UNJUDGED, true);
    }

    pub(crate) fn set_judged(&mut self) {
        self.set_flag(UNJUDGED, false);
    }

    pub(crate) fn set_queue_unknown(&mut self) {
        self.set_flag(QUEUE_UNKNOWN, true);
    }

    /// Whether some order waits to learn its queue; asking clears it.
    pub(crate) fn take_queue_unknown(&mut self) -> bool {
        let unknown = self.flags & QUEUE_UNKNOWN != 0;
        self.set_flag(QUEUE_UNKNOWN, false);
        unknown
    }

    /// Raises or lowers a flag. While something is unjudged every quote is looked at closely.
    fn set_flag(&mut self, flag: u8, up: bool) {
        self.flags = if up { self.flags | flag } else { self.flags & !flag };
        let Triggers { buy, sell, stop_buy, stop_sell, mark_buy, mark_sell } = self.rare.triggers;
        (self.ask_ceiling, self.bid_floor) = (i64::MAX, i64::MIN);
        (self.ask_floor, self.bid_ceiling) = (buy, sell);
        if self.flags == STOPS_BY_QUOTE {
            (self.ask_ceiling, self.bid_floor) = (stop_buy, stop_sell);
            self.ask_floor = buy.max(mark_buy.saturating_sub(1));
            self.bid_ceiling = sell.min(mark_sell.saturating_add(1));
        } else if self.flags != 0 {
            (self.ask_floor, self.bid_ceiling) = (i64::MAX, i64::MIN);
        }
    }
}

/// When a tick or a question came, and for how long a quote serves from then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) now: Time,
    pub(crate) quote_age_max_ns: i64,
}
