//! What the market of one symbol says, laid out so that a quiet tick touches only this.
//!
//! Owns the standing quote, the last prices and, cached in front of the book, the best trigger of
//! each kind. Taking a tick stores it and answers whether anything could follow; it never looks
//! into the book and its cost does not depend on how many orders are open. Not journaled: after a
//! restart the market is taken anew from the feed.

use crate::orders::QueueAhead;
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

    /// The highest reference at which a stop is released or a mark moves downward.
    fn below(&self) -> i64 {
        self.stop_sell.max(self.mark_buy.saturating_sub(1))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Direction {
    Unknown,
    Up,
    Down,
}

/// What of a trade still has to be looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TradeWork {
    /// Who took, by the feed or by the rules.
    pub(crate) aggressor: Aggressor,
    /// Whether the print may release stops and move marks.
    pub(crate) elects: bool,
}

/// One symbol's market: two cache lines, of which quotes use the first and trades the second.
#[derive(Clone, Debug)]
#[repr(C, align(128))]
pub(crate) struct HotSymbol {
    quote: Quote,
    quote_time: Time,
    /// Engine time after which the quote is too old to be traded on.
    fresh_until: Time,
    /// See [`Triggers::buy`].
    buy: i64,
    /// See [`Triggers::sell`].
    sell: i64,
    flags: u8,
    direction: Direction,
    ask_version: u32,
    bid_version: u32,
    trade_time: Time,
    /// Last regular trade's price; nothing before the first.
    last: Price,
    /// Last price that may elect stops; nothing before the first.
    reference: Price,
    /// See [`Triggers::above`].
    above: i64,
    /// See [`Triggers::below`].
    below: i64,
}

const _: () = assert!(size_of::<HotSymbol>() == 128);

impl HotSymbol {
    /// A row that takes no tick, until its instrument is defined.
    pub(crate) fn undefined() -> Self {
        let none = Triggers::NONE;
        Self {
            quote: Quote::default(),
            quote_time: Time::NEVER,
            fresh_until: LONG_AGO,
            buy: none.buy,
            sell: none.sell,
            flags: 0,
            direction: Direction::Unknown,
            ask_version: 0,
            bid_version: 0,
            trade_time: Time::NEVER,
            last: Price::ZERO,
            reference: Price::ZERO,
            above: none.above(),
            below: none.below(),
        }
    }

    /// Opens the row for ticks.
    pub(crate) fn define(&mut self) {
        if self.quote_time == Time::NEVER {
            self.quote_time = Time::EARLIEST;
            self.trade_time = Time::EARLIEST;
        }
    }

    /// Stores a quote unless it is older than the last, and says what it may lead to.
    #[inline]
    pub(crate) fn take_quote(&mut self, quote: Quote, time: Time, arrival: Arrival) -> QuoteWork {
        if time < self.quote_time {
            return QuoteWork::default();
        }
        // Single bars throughout: a branch on what the market does cannot be predicted.
        let ask_changed = (quote.ask != self.quote.ask) | (quote.ask_size != self.quote.ask_size);
        let bid_changed = (quote.bid != self.quote.bid) | (quote.bid_size != self.quote.bid_size);
        let unjudged = (self.flags & UNJUDGED != 0) | !self.is_fresh(arrival);
        self.ask_version = self.ask_version.wrapping_add(u32::from(ask_changed));
        self.bid_version = self.bid_version.wrapping_add(u32::from(bid_changed));
        self.quote = quote;
        self.quote_time = time;
        self.fresh_until = arrival.now.plus_nanos(arrival.quote_age_max_ns);
        let ask_met = quote.ask.is_positive() & (quote.ask.raw() <= self.buy);
        let bid_met = quote.bid.is_positive() & (quote.bid.raw() >= self.sell);
        QuoteWork {
            buys: ask_met & (ask_changed | unjudged),
            sells: bid_met & (bid_changed | unjudged),
            other: self.flags != 0,
        }
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
        if self.last.is_positive() && trade.price != self.last {
            self.direction = if trade.price > self.last { Direction::Up } else { Direction::Down };
        }
        self.last = trade.price;
        let elects = self.is_inside_quote(trade.price, arrival);
        if elects {
            self.reference = trade.price;
            self.flags &= !STOPS_BY_QUOTE;
        }
        let price = trade.price.raw();
        let fills = (price <= self.buy) | (price >= self.sell);
        let releases = elects & ((price >= self.above) | (price <= self.below));
        (fills | releases).then(|| TradeWork { aggressor: self.judge(trade, arrival), elects })
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
        match self.direction {
            Direction::Unknown => Aggressor::Unknown,
            Direction::Up => Aggressor::Buyer,
            Direction::Down => Aggressor::Seller,
        }
    }

    /// Whether the standing quote may be traded on as far as its age goes.
    pub(crate) fn is_fresh(&self, arrival: Arrival) -> bool {
        arrival.now <= self.fresh_until
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
        [opposite, self.reference, self.last].into_iter().find(|price| price.is_positive())
    }

    /// The price that stops of `side` watch.
    pub(crate) fn reference(&self, side: Side, arrival: Arrival) -> Option<Price> {
        if self.reference.is_positive() {
            return Some(self.reference);
        }
        self.opposite(side, arrival).map(|(price, _)| price)
    }

    /// Whether quotes stand in for trades: none was ever seen.
    pub(crate) fn stops_watch_quotes(&self) -> bool {
        self.reference.is_zero()
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

    /// Caches the best of each kind.
    pub(crate) fn set_triggers(&mut self, triggers: &Triggers) {
        (self.buy, self.sell) = (triggers.buy, triggers.sell);
        (self.above, self.below) = (triggers.above(), triggers.below());
        let none = Triggers::NONE;
        let has_stops = self.above != none.above() || self.below != none.below();
        if self.stops_watch_quotes() && has_stops {
            self.flags |= STOPS_BY_QUOTE;
        } else {
            self.flags &= !STOPS_BY_QUOTE;
        }
    }

    /// The standing quote may be traded on no more; the next one is judged anew.
    pub(crate) fn distrust_quote(&mut self) {
        self.fresh_until = LONG_AGO;
    }

    pub(crate) fn set_unjudged(&mut self) {
        self.flags |= UNJUDGED;
    }

    pub(crate) fn set_judged(&mut self) {
        self.flags &= !UNJUDGED;
    }

    pub(crate) fn set_queue_unknown(&mut self) {
        self.flags |= QUEUE_UNKNOWN;
    }

    /// Whether some order waits to learn its queue; asking clears it.
    pub(crate) fn take_queue_unknown(&mut self) -> bool {
        let unknown = self.flags & QUEUE_UNKNOWN != 0;
        self.flags &= !QUEUE_UNKNOWN;
        unknown
    }
}

/// When a tick or a question came, and for how long a quote serves from then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) now: Time,
    pub(crate) quote_age_max_ns: i64,
}
