//! What the market of one symbol says, laid out so that a quiet tick reads only this.
//!
//! Owns the standing quote, the last prices and, cached in front of the book, the best trigger of
//! each kind. Taking a tick stores it and answers whether anything could follow; it never looks
//! into the book and its cost does not depend on how many orders are open. Not journaled: after a
//! restart the market is taken anew from the feed.

use crate::orders::QueueAhead;
use crate::waiting::Watch;
use core::cmp::Ordering;
use core::hint::select_unpredictable;
use model::{Aggressor, Price, Qty, Quote, Side, Tick, TickBody, Time, Trade, TradeConditions, TriggerSource};

/// Something waits that was not yet judged against a quote.
const UNJUDGED: u8 = 1;
/// Some resting order does not know what is ahead of it.
const QUEUE_UNKNOWN: u8 = 2;
/// Stops wait and no trade was ever seen, so that quotes stand in for trades.
const STOPS_BY_QUOTE: u8 = 4;
/// Somebody took of the displayed ask since it last changed.
const ASK_SPENT: u8 = 8;
/// Somebody took of the displayed bid since it last changed.
const BID_SPENT: u8 = 16;

/// Something follows the quote, wherever that goes.
const FOLLOWED: u8 = 32;
/// The standing quote came when nothing could be released: it is not the first of two in a row.
const QUOTE_ALONE: u8 = 64;
/// The last trade came when nothing could be released: it is not the first of two in a row.
const TRADE_ALONE: u8 = 128;
/// Flags that leave quotes between the limits quiet.
const QUIET: u8 = STOPS_BY_QUOTE | FOLLOWED | QUOTE_ALONE | TRADE_ALONE;

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
    /// Orders that follow the quote are to be looked at.
    pub(crate) moves: bool,
    /// Orders that watch quotes are to be looked at.
    pub(crate) watched: bool,
    /// The ask that somebody took of is another one now.
    pub(crate) renews_ask: bool,
    /// The bid that somebody took of is another one now.
    pub(crate) renews_bid: bool,
    /// The quote that stood before.
    pub(crate) before: Quote,
}

impl QuoteWork {
    pub(crate) fn any(self) -> bool {
        self.buys | self.sells | self.other | self.watched | self.moves
    }
}

/// The prices at which something would happen; each has a value that no price reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Triggers {
    /// Highest price that a waiting buy pays: acts when the ask falls to it.
    pub(crate) buy: i64,
    /// Lowest price that a waiting sell takes: acts when the bid rises to it.
    pub(crate) sell: i64,
    /// What is watched of the last price.
    pub(crate) last: Watch,
    /// What is watched of quotes by those that name them.
    pub(crate) quotes: Watch,
    /// What is watched of two trades in a row.
    pub(crate) double_last: Watch,
}

impl Triggers {
    /// Nothing waits.
    pub(crate) const NONE: Self =
        Self { buy: i64::MIN, sell: i64::MAX, last: Watch::NONE, quotes: Watch::NONE, double_last: Watch::NONE };
}

impl Watch {
    /// Whether something is released, or a mark moved, by a quote.
    fn concerned_by(&self, quote: &Quote) -> bool {
        let (ask, bid) = (quote.ask.raw(), quote.bid.raw());
        // Each price for itself, as the other side may be missing.
        (ask > 0 && (ask >= self.rise || ask <= self.fall || ask < self.mark_buy))
            || (bid > 0 && (bid <= self.fall || bid >= self.rise || bid > self.mark_sell))
    }
}

/// What of a trade still has to be looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TradeWork {
    /// Who took, by the feed or by the rules.
    pub(crate) aggressor: Aggressor,
    /// Whether the print may release stops and move marks.
    pub(crate) elects: bool,
    /// The print before it that might; nothing where there was none.
    pub(crate) before: Price,
}

/// One symbol's market in four cache lines: quotes read the first two, trades the first and the
/// last.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct HotSymbol {
    quote: Quote,
    quote_time: Time,
    /// Until when the quote may be traded on; [`LONG_AGO`] when it is trusted no more.
    serves_until: Time,
    /// An ask at or below this is looked at closely.
    ask_floor: i64,
    /// A bid at or above this is looked at closely.
    bid_ceiling: i64,
    /// An ask at or above this is looked at closely: stops watch quotes.
    ask_ceiling: i64,
    /// A bid at or below this is looked at closely: stops watch quotes.
    bid_floor: i64,
    triggers: Triggers,
    trade_time: Time,
    /// A trade at or below this is looked at closely.
    trade_floor: i64,
    /// A trade at or above this is looked at closely.
    trade_ceiling: i64,
    /// From this engine time on every trade is looked at closely.
    session_end: Time,
    /// Last regular trade's price; nothing before the first.
    last: Price,
    /// The last regular price that was another than the last; nothing before it.
    before: Price,
    /// Last price that may elect stops; nothing before the first.
    reference: Price,
    flags: u8,
    /// Whether only prints of the regular session count.
    keeps_hours: bool,
}

const _: () = assert!(core::mem::offset_of!(HotSymbol, ask_ceiling) == 64);
const _: () = assert!(core::mem::offset_of!(HotSymbol, trade_time) == 192);
const _: () = assert!(size_of::<HotSymbol>() == 256);

impl HotSymbol {
    /// A row that takes no tick, until its instrument is defined.
    pub(crate) fn undefined() -> Self {
        let mut row = Self {
            quote: Quote::default(),
            quote_time: Time::NEVER,
            serves_until: LONG_AGO,
            ask_floor: i64::MIN,
            bid_ceiling: i64::MAX,
            ask_ceiling: i64::MAX,
            bid_floor: i64::MIN,
            triggers: Triggers::NONE,
            trade_time: Time::NEVER,
            trade_floor: i64::MIN,
            trade_ceiling: i64::MAX,
            session_end: LONG_AGO,
            last: Price::ZERO,
            before: Price::ZERO,
            reference: Price::ZERO,
            flags: 0,
            keeps_hours: false,
        };
        row.set_limits();
        row
    }

    /// Opens the row for ticks.
    pub(crate) fn define(&mut self, keeps_hours: bool) {
        self.keeps_hours = keeps_hours;
        self.session_end = if keeps_hours { LONG_AGO } else { Time::NEVER };
        if self.quote_time == Time::NEVER {
            self.quote_time = Time::EARLIEST;
            self.trade_time = Time::EARLIEST;
        }
    }

    pub(crate) fn keeps_hours(&self) -> bool {
        self.keeps_hours
    }

    /// Trades before that time count without asking whether the session is open.
    pub(crate) fn set_session_end(&mut self, end: Time) {
        self.session_end = end;
    }

    /// Stores a tick from which nothing can follow, and says whether it was one. The others are for
    /// [`Self::take_quote`] and [`Self::take_trade`].
    ///
    /// Single bars throughout: what the market does cannot be predicted, that it is quiet can.
    #[inline(always)]
    pub(crate) fn take_quiet(&mut self, tick: &Tick, arrival: Arrival) -> bool {
        match &tick.body {
            TickBody::Quote(quote) => self.take_quiet_quote(quote, tick.time, arrival),
            TickBody::Trade(trade) => self.take_quiet_trade(trade, tick.time, arrival),
        }
    }

    /// [`Self::take_quiet`] of a quote.
    #[inline(always)]
    fn take_quiet_quote(&mut self, quote: &Quote, time: Time, arrival: Arrival) -> bool {
        let is_quiet = (time >= self.quote_time)
            & (quote.ask.raw() > self.ask_floor)
            & (quote.bid.raw() < self.bid_ceiling)
            & (quote.ask.raw() < self.ask_ceiling)
            & (quote.bid.raw() > self.bid_floor);
        if is_quiet {
            self.store_quote(quote, time, arrival);
        }
        is_quiet
    }

    /// [`Self::take_quiet`] of a trade.
    #[inline(always)]
    fn take_quiet_trade(&mut self, trade: &Trade, time: Time, arrival: Arrival) -> bool {
        let is_quiet = (time >= self.trade_time)
            & (arrival.now < self.session_end)
            & (trade.price.raw() > self.trade_floor)
            & (trade.price.raw() < self.trade_ceiling)
            & (trade.conditions as u8 == TradeConditions::Regular as u8);
        if is_quiet {
            self.store_trade(trade, time, arrival);
        }
        is_quiet
    }

    #[inline(always)]
    fn store_quote(&mut self, quote: &Quote, time: Time, arrival: Arrival) {
        self.quote = *quote;
        self.quote_time = time;
        self.serves_until = arrival.now.plus_nanos(arrival.quote_age_max_ns);
    }

    /// Says whether the print elects: it lies within a fresh two-sided quote, or there is no such
    /// quote. Chosen, not branched: which way the market goes cannot be predicted.
    #[inline(always)]
    fn store_trade(&mut self, trade: &Trade, time: Time, arrival: Arrival) -> bool {
        let price = trade.price;
        let Quote { bid, ask, .. } = self.quote;
        let judges = bid.is_positive() & (bid <= ask) & self.is_fresh(arrival);
        let elects = !judges | ((bid <= price) & (price <= ask));
        self.reference = select_unpredictable(elects, price, self.reference);
        self.before = select_unpredictable(price == self.last, self.before, self.last);
        self.last = price;
        self.trade_time = time;
        elects
    }

    /// Stores a quote unless it is older than the last, and says what it may lead to.
    pub(crate) fn take_quote(&mut self, quote: &Quote, time: Time, arrival: Arrival) -> QuoteWork {
        if time < self.quote_time {
            return QuoteWork::default();
        }
        let ask_changed = (quote.ask != self.quote.ask) | (quote.ask_size != self.quote.ask_size);
        let bid_changed = (quote.bid != self.quote.bid) | (quote.bid_size != self.quote.bid_size);
        let moved = quote.ask != self.quote.ask || quote.bid != self.quote.bid;
        let unjudged = self.flags & UNJUDGED != 0 || !self.is_fresh(arrival);
        let before = if self.flags & QUOTE_ALONE == 0 { self.quote } else { Quote::default() };
        self.set_flag(QUOTE_ALONE, false);
        self.store_quote(quote, time, arrival);
        if self.follows_quote() {
            self.set_limits();
        }
        let renews_ask = ask_changed && self.flags & ASK_SPENT != 0;
        let renews_bid = bid_changed && self.flags & BID_SPENT != 0;
        self.set_flag(if renews_ask { ASK_SPENT } else { 0 } | if renews_bid { BID_SPENT } else { 0 }, false);
        let Triggers { buy, sell, .. } = self.triggers;
        let ask_met = quote.ask.is_positive() && quote.ask.raw() <= buy;
        let bid_met = quote.bid.is_positive() && quote.bid.raw() >= sell;
        let by_quote = self.flags & STOPS_BY_QUOTE != 0 && self.triggers.last.concerned_by(quote);
        QuoteWork {
            buys: ask_met && (ask_changed || unjudged),
            sells: bid_met && (bid_changed || unjudged),
            other: by_quote || self.flags & (UNJUDGED | QUEUE_UNKNOWN) != 0,
            watched: self.triggers.quotes.concerned_by(quote),
            moves: self.follows_quote() && moved,
            renews_ask,
            renews_bid,
            before,
        }
    }

    /// Stores a trade unless it is older than the last or may do nothing, and says what it may
    /// lead to.
    pub(crate) fn take_trade(&mut self, trade: &Trade, time: Time, arrival: Arrival) -> Option<TradeWork> {
        let takes_part = match trade.conditions {
            TradeConditions::Regular | TradeConditions::OpeningAuction | TradeConditions::ClosingAuction => {
                trade.price.is_positive()
            }
            TradeConditions::Ineligible => false,
        };
        if time < self.trade_time || !takes_part {
            return None;
        }
        let before = if self.flags & TRADE_ALONE == 0 { self.reference } else { Price::ZERO };
        self.set_flag(TRADE_ALONE, false);
        let elects = self.store_trade(trade, time, arrival);
        if elects {
            self.set_flag(STOPS_BY_QUOTE, false);
        }
        let (price, triggers) = (trade.price.raw(), &self.triggers);
        let fills = price <= triggers.buy || price >= triggers.sell;
        let reaches = |watch: &Watch| price >= watch.above() || price <= watch.below();
        let releases = elects && (reaches(&triggers.last) || reaches(&triggers.double_last));
        (fills || releases).then(|| TradeWork { aggressor: self.judge(trade, arrival), elects, before })
    }

    /// Who took: as the feed says, else by the quote rule, else by the tick rule.
    pub(crate) fn judge(&self, trade: &Trade, arrival: Arrival) -> Aggressor {
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
        match (self.before.is_zero(), self.last.cmp(&self.before)) {
            (true, _) | (false, Ordering::Equal) => Aggressor::Unknown,
            (false, Ordering::Greater) => Aggressor::Buyer,
            (false, Ordering::Less) => Aggressor::Seller,
        }
    }

    /// Whether the standing quote may be traded on as far as its age goes.
    #[inline(always)]
    pub(crate) fn is_fresh(&self, arrival: Arrival) -> bool {
        arrival.now <= self.serves_until
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

    /// The price that an order of `side` watches; two in a row are not known before the next one.
    pub(crate) fn watched_price(&self, source: TriggerSource, side: Side, arrival: Arrival) -> Option<Price> {
        match source {
            TriggerSource::Last => self.reference(side, arrival),
            TriggerSource::BidAsk => self.opposite(side, arrival).map(|(price, _)| price),
            TriggerSource::Mid => self.quote.middle().filter(|_| self.is_fresh(arrival)),
            TriggerSource::DoubleLast | TriggerSource::DoubleBidAsk => None,
        }
    }

    /// The last regular price; nothing before the first.
    pub(crate) fn last(&self) -> Option<Price> {
        self.last.is_positive().then_some(self.last)
    }

    /// The price on the path of a bar, which is one of trades.
    pub(crate) fn take_bar_price(&mut self, price: Price) {
        self.before = if price == self.last { self.before } else { self.last };
        (self.last, self.reference) = (price, price);
        self.set_flag(STOPS_BY_QUOTE, false);
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

    /// An order of `side` took of the other side's display. Until that changes, quotes are looked
    /// at closely; without this the changes need not be counted.
    pub(crate) fn note_spent(&mut self, side: Side) {
        let flag = match side {
            Side::Buy => ASK_SPENT,
            Side::Sell => BID_SPENT,
        };
        self.set_flag(flag, true);
    }

    pub(crate) fn quote(&self) -> (Quote, Time) {
        (self.quote, self.quote_time)
    }

    /// The best of each kind.
    pub(crate) fn triggers(&self) -> &Triggers {
        &self.triggers
    }

    /// Caches the best of each kind.
    pub(crate) fn set_triggers(&mut self, triggers: &Triggers) {
        self.triggers = *triggers;
        let has_stops = triggers.last != Watch::NONE;
        self.flags = with_flag(self.flags, STOPS_BY_QUOTE, self.stops_watch_quotes() && has_stops);
        self.set_limits();
    }

    fn follows_quote(&self) -> bool {
        self.flags & FOLLOWED != 0
    }

    /// Whether something follows the quote.
    pub(crate) fn set_followed(&mut self, followed: bool) {
        self.set_flag(FOLLOWED, followed);
    }

    /// The standing quote may be traded on no more; the next one is judged anew.
    pub(crate) fn distrust_quote(&mut self) {
        self.serves_until = LONG_AGO;
    }

    /// The standing quote released nothing, whatever it says: the next one is the first of two.
    pub(crate) fn set_quote_alone(&mut self) {
        self.set_flag(QUOTE_ALONE, true);
    }

    /// The last trade released nothing, whatever it says: the next one is the first of two.
    pub(crate) fn set_trade_alone(&mut self) {
        self.set_flag(TRADE_ALONE, true);
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

    /// Raises or lowers a flag.
    fn set_flag(&mut self, flag: u8, up: bool) {
        let flags = with_flag(self.flags, flag, up);
        if flags != self.flags {
            self.flags = flags;
            self.set_limits();
        }
    }

    /// Within which prices ticks are quiet. While something is unjudged every quote is looked at
    /// closely; while stops watch quotes every trade is, as it may be the first.
    fn set_limits(&mut self) {
        let Self { triggers, flags, .. } = *self;
        let Triggers { buy, sell, last, quotes, double_last } = triggers;
        let by_quote = if flags & STOPS_BY_QUOTE != 0 { last.merged(quotes) } else { quotes };
        if flags & !QUIET == 0 {
            (self.ask_ceiling, self.bid_floor) = (by_quote.rise, by_quote.fall);
            self.ask_floor = buy.max(by_quote.below());
            self.bid_ceiling = sell.min(by_quote.above());
        } else {
            (self.ask_ceiling, self.bid_floor) = (i64::MAX, i64::MIN);
            (self.ask_floor, self.bid_ceiling) = (i64::MAX, i64::MIN);
        }
        if self.follows_quote() {
            // Quiet is only what leaves both prices where they are.
            let (ask, bid) = (self.quote.ask.raw(), self.quote.bid.raw());
            self.ask_floor = self.ask_floor.max(ask - 1);
            self.ask_ceiling = self.ask_ceiling.min(ask + 1);
            self.bid_ceiling = self.bid_ceiling.min(bid + 1);
            self.bid_floor = self.bid_floor.max(bid - 1);
        }
        let may_be_first = flags & STOPS_BY_QUOTE != 0;
        let by_trade = last.merged(double_last);
        self.trade_floor = if may_be_first { i64::MAX } else { buy.max(by_trade.below()).max(0) };
        self.trade_ceiling = sell.min(by_trade.above());
    }
}

const fn with_flag(flags: u8, flag: u8, up: bool) -> u8 {
    if up { flags | flag } else { flags & !flag }
}

/// When a tick or a question came, and for how long a quote serves from then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) now: Time,
    pub(crate) quote_age_max_ns: i64,
}
