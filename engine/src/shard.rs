//! The shard's inputs, in the order in which they act.
//!
//! Owns the state and the rule that timers up to an input's time run before the input. Every
//! change of what is journaled goes through an event; what the market says is kept beside it.

use crate::bar_course::Course;
use crate::bars::LastBar;
use crate::book::Book;
use crate::commit::{BEFORE_FIRST, row_of};
use crate::ledger::Ledger;
use crate::market::{Arrival, HotSymbol};
use crate::orders::{Orders, Slot};
use crate::portfolios::Portfolios;
use crate::session::Sessions;
use crate::timers::{Timers, UNDATED};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::hint::cold_path;
use model::{
    Event, EventBody, Instrument, InstrumentId, OrderId, OrderReplaced, Origin, Price, ShardSeq, Stamped,
    SubmittedBy, Symbol, TickSeq, Time, UserId,
};

/// Whose opening hours rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CalendarPolicy {
    /// Each instrument's own calendar.
    #[default]
    OfInstrument,
    /// Every instrument trades always; its day ends at midnight UTC.
    AlwaysOpen,
}

/// How a shard behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardConfig {
    /// Whose opening hours rule.
    pub calendar: CalendarPolicy,
    /// Age in nanoseconds beyond which a quote is stale and fills nothing.
    pub quote_age_max_ns: i64,
    /// How long an order works that is good till cancelled; without an end when absent.
    pub gtc_life_ns: Option<i64>,
    /// What every draw begins with: equal seeds give equal draws.
    pub seed: u64,
    /// How long in nanoseconds after the bell an auction's print is waited for; where the market comes as
    /// bars, at least as long as those are.
    pub auction_wait_ns: i64,
}

impl Default for ShardConfig {
    /// Each instrument's calendar, quotes that serve for one hour, orders without an end, and a minute for an
    /// auction's print, as LEAN has it.
    fn default() -> Self {
        Self {
            calendar: CalendarPolicy::OfInstrument,
            quote_age_max_ns: 3_600_000_000_000,
            gtc_life_ns: None,
            seed: 0,
            auction_wait_ns: 60_000_000_000,
        }
    }
}

/// One single-threaded engine: portfolios, their open orders, and the market as it sees it.
#[derive(Debug)]
pub struct Shard {
    config: ShardConfig,
    pub(crate) seq: ShardSeq,
    pub(crate) now: Time,
    pub(crate) event_time: Time,
    pub(crate) tick: TickSeq,
    pub(crate) hot: Vec<HotSymbol>,
    pub(crate) books: Vec<Book>,
    pub(crate) instruments: Vec<Option<Instrument>>,
    pub(crate) symbols: BTreeMap<Symbol, InstrumentId>,
    pub(crate) orders: Orders,
    pub(crate) portfolios: Portfolios,
    pub(crate) timers: Timers,
    pub(crate) sessions: Sessions,
    pub(crate) ledger: Ledger,
    pub(crate) scratch: Vec<Slot>,
    /// Legs that were set free in this step and have not looked at the market yet.
    pub(crate) arrivals: Vec<OrderId>,
    /// The last bar of each instrument that comes as bars.
    pub(crate) bars: BTreeMap<InstrumentId, LastBar>,
    /// The bar that a portfolio's orders are in.
    pub(crate) course: Option<Box<Course>>,
    /// Where the other paths of a bar are tried.
    pub(crate) copy: Option<Box<Self>>,
    moved: Vec<InstrumentId>,
}

impl Shard {
    /// An empty shard.
    #[must_use]
    pub fn new(config: ShardConfig) -> Self {
        Self {
            config,
            seq: BEFORE_FIRST,
            now: Time::EARLIEST,
            event_time: Time::EARLIEST,
            tick: TickSeq::default(),
            hot: Vec::new(),
            books: Vec::new(),
            instruments: Vec::new(),
            symbols: BTreeMap::new(),
            orders: Orders::default(),
            portfolios: Portfolios::default(),
            timers: Timers::new(),
            sessions: Sessions::new(config.calendar, config.auction_wait_ns),
            ledger: Ledger::default(),
            scratch: Vec::new(),
            arrivals: Vec::new(),
            bars: BTreeMap::new(),
            course: None,
            copy: None,
            moved: Vec::new(),
        }
    }

    /// Applies a recorded event exactly as it was applied when it happened.
    ///
    /// # Panics
    /// When the event does not fit the state: the journal is damaged.
    pub fn fold(&mut self, event: &Event) {
        self.now = self.now.max(event.time);
        self.commit(event);
    }

    /// Takes a tick; what it fills, releases or ends is added to `out`.
    ///
    /// A tick that does nothing costs a look-up and a few compares, whatever the number of orders.
    #[inline(always)]
    pub fn on_tick(&mut self, stamped: &Stamped, out: &mut Vec<Event>) {
        // Branches, so that no tick waits for the times of the one before.
        let now = if stamped.now < self.now || stamped.now >= self.timers.next() {
            cold_path();
            self.advance(stamped.now, out);
            self.now
        } else {
            stamped.now
        };
        self.now = now;
        self.tick = stamped.seq;
        let tick = &stamped.tick;
        let arrival = Arrival { now, quote_age_max_ns: self.config.quote_age_max_ns };
        let Some(hot) = self.hot.get_mut(row_of(tick.instrument)) else { return };
        if !hot.take_quiet(tick, arrival) {
            cold_path();
            self.on_loud_tick(tick, out);
            self.let_arrive(out);
        }
    }

    /// What was set free looks at the market, once all that set it free is done.
    pub(crate) fn let_arrive(&mut self, out: &mut Vec<Event>) {
        while !self.arrivals.is_empty() {
            for id in core::mem::take(&mut self.arrivals) {
                if let Some(slot) = self.find_open(id) {
                    self.arrive(slot, out);
                }
            }
        }
    }

    /// Lets time pass without data: what ends by then ends, each at its own instant.
    pub fn on_time(&mut self, now: Time, out: &mut Vec<Event>) {
        self.advance(now, out);
    }

    /// The feed was interrupted: every quote is stale until a new one comes. What ends by then ends first.
    pub fn on_feed_lost(&mut self, now: Time, out: &mut Vec<Event>) {
        self.advance(now, out);
        for hot in &mut self.hot {
            hot.distrust_quote();
        }
    }

    /// One event for each open order whose trailing mark moved since the last flush.
    pub fn flush_trailing(&mut self, out: &mut Vec<Event>) {
        if self.moved.is_empty() {
            return;
        }
        let mut marks: Vec<(Slot, Price)> = Vec::new();
        let symbols = core::mem::take(&mut self.moved);
        for instrument in &symbols {
            let book = &self.books[row_of(*instrument)];
            book.collect_moved(&mut marks);
            let mut pegs = Vec::new();
            book.collect_pegs(&mut pegs);
            marks.extend(pegs.iter().filter_map(|slot| Some((*slot, self.orders.get(*slot).pegged_elsewhere()?))));
        }
        marks.sort_unstable_by_key(|(slot, _)| self.orders.get(*slot).priority);
        for (slot, hwm) in marks {
            let order = self.orders.get(slot);
            if order.hwm() != Some(hwm) {
                let id = order.id;
                self.emit(id.portfolio(), EventBody::OrderTrailed { order: id, hwm }, out);
            }
        }
        for instrument in symbols {
            self.books[row_of(instrument)].set_flushed();
        }
    }

    /// A symbol's marks moved for the first time since the last flush; the next one records them.
    pub(crate) fn note_moved(&mut self, instrument: InstrumentId) {
        self.moved.push(instrument);
    }

    /// When the next timer is due; [`Time::NEVER`] when none is.
    #[must_use]
    pub fn next_timer(&self) -> Time {
        self.timers.next()
    }

    /// Events committed or folded so far.
    #[must_use]
    pub fn seq(&self) -> ShardSeq {
        self.seq
    }

    /// Engine time: of the last input, or of the last event folded.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// How many orders are open.
    #[must_use]
    pub fn open_order_count(&self) -> usize {
        self.orders.len()
    }

    pub(crate) fn seed(&self) -> u64 {
        self.config.seed
    }

    pub(crate) const fn config(&self) -> ShardConfig {
        self.config
    }

    pub(crate) fn arrival(&self) -> Arrival {
        Arrival { now: self.now, quote_age_max_ns: self.config.quote_age_max_ns }
    }

    /// When an order sent now ends that is good till cancelled.
    pub(crate) fn gtc_end(&self) -> Option<Time> {
        self.config.gtc_life_ns.filter(|_| self.now > Time::EARLIEST).map(|life| self.now.plus_nanos(life))
    }

    /// Timers first: what ends at an instant ends before anything else of that instant.
    pub(crate) fn advance(&mut self, now: Time, out: &mut Vec<Event>) {
        if now >= self.timers.next() {
            self.run_timers(now, out);
        }
        self.now = self.now.max(now);
    }

    fn run_timers(&mut self, now: Time, out: &mut Vec<Event>) {
        while let Some((at, orders)) = self.timers.due(now, &self.orders) {
            for order in orders {
                if at == UNDATED {
                    self.give_day_end(order, now, out);
                    continue;
                }
                self.now = self.now.max(at);
                // Those before it may have ended it.
                let Some(slot) = self.find_open(order) else { continue };
                if self.orders.get(slot).waits_for_auction() {
                    self.end_auction(slot, out);
                }
                if self.find_open(order).is_some() {
                    self.emit(order.portfolio(), EventBody::OrderExpired { order }, out);
                }
                self.let_arrive(out);
            }
        }
    }

    /// A day order that came before any time was known learns when its day ends.
    fn give_day_end(&mut self, id: OrderId, now: Time, out: &mut Vec<Event>) {
        self.now = now;
        let order = self.orders.get(self.slot_of(id));
        let calendar = self.instrument(order.instrument).calendar;
        let replaced = OrderReplaced {
            order: id,
            by: SubmittedBy { user: UserId::new(0), origin: Origin::System },
            terms: order.terms(),
            expires_at: self.sessions.day_end(calendar, order.instructions().hours, now),
            hwm: order.hwm(),
            reserved: order.reserved(),
            revision: order.revision(),
            keeps_priority: true,
        };
        assert!(replaced.expires_at.is_some(), "time is known by now");
        self.emit(id.portfolio(), EventBody::OrderReplaced(Box::new(replaced)), out);
    }
}
