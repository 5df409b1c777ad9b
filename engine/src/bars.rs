//! Bars: what a stretch of time does to open orders, once it is over.
//!
//! Owns the taking of a bar: what of it lies within trading hours, and which orders it concerns. They meet it in
//! the passes of `bar_passes`: `bar_path` leads them along its prices, `bar_extremes` does without a path. A bar is seen at its end. All that it causes carries the last instant before that, so that what
//! ends with it still had all of it; what ends within it takes no part, whoever told the time meanwhile.

use crate::bar_course::{Course, Point};
use crate::bar_path::{Active, First};
use crate::commit::row_of;
use crate::market::Arrival;
use crate::orders::{OpenOrder, Slot};
use crate::session::Phase;
use crate::shard::Shard;
use alloc::boxed::Box;
use alloc::vec::Vec;
use model::calendar::{Session, session_at_or_after};
use model::{
    Bar, BarPath, BarPolicies, CalendarId, Event, EventBody, FillRule, InstrumentId, InstrumentStatus,
    MarketOnBar, OrderId, OrderKind, PortfolioId, Price, Side, StampedBar, Time, TimeInForce, TradingHours,
    TriggerSource,
};

/// The last bar of an instrument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastBar {
    pub(crate) bar: Bar,
    phase: Phase,
}

/// A bar as the shard takes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) bar: Bar,
    /// From when on it is within trading hours: who came later did not see all of it.
    from: Time,
    /// Until when it is.
    until: Time,
    pub(crate) phase: Phase,
    /// The exchange's session that it belongs to.
    session: Option<Session>,
    /// Whether its open is the first price of that session.
    pub(crate) opens_session: bool,
    /// The last price before it, where one is known.
    pub(crate) last: Option<Price>,
    /// Whether a quote stands that orders may watch.
    quote_stands: bool,
}

impl Taken {
    /// Whether an order was there when it began.
    pub(crate) fn is_seen_by(&self, order: &OpenOrder) -> bool {
        order.since() <= self.from
    }

    /// Whether it holds the auction that an order waits for.
    pub(crate) fn holds_auction(&self, auction: TimeInForce, bell: Time) -> bool {
        self.session.is_some_and(|session| match auction {
            TimeInForce::AtOpen => self.opens_session && bell == session.open,
            TimeInForce::AtClose => self.until == session.close && bell == session.close,
            TimeInForce::Day
            | TimeInForce::GoodTilCanceled
            | TimeInForce::GoodTilDate(_)
            | TimeInForce::ImmediateOrCancel
            | TimeInForce::FillOrKill => false,
        })
    }
}

impl Shard {
    /// Takes a bar that is over; what it fills, releases or ends is added to `out`.
    ///
    /// The bars of an instant come before its commands, its ticks and its time. A bar with a fault, one that
    /// has not ended yet and one that began before the last one ended does nothing: where bars of several
    /// lengths come, the shortest rule.
    pub fn on_bar(&mut self, stamped: &StampedBar, out: &mut Vec<Event>) {
        if let Some(taken) = self.look_at(stamped) {
            self.advance(taken.until.plus_nanos(-1), out);
            self.tick = stamped.seq;
            if taken.phase != Phase::Closed {
                self.meet_bar(&taken, out);
            }
            self.bars.insert(taken.bar.instrument, LastBar { bar: taken.bar, phase: taken.phase });
        }
        self.advance(stamped.now, out);
        self.let_arrive(out);
    }

    /// What of a bar counts; nothing of one that may not be taken.
    fn look_at(&self, stamped: &StampedBar) -> Option<Taken> {
        let bar = stamped.bar;
        let row = row_of(bar.instrument);
        let instrument = self.instruments.get(row)?.as_ref()?;
        let before = self.bars.get(&bar.instrument).map(|last| last.bar);
        let is_old = before.is_some_and(|before| bar.open_time < before.close_time);
        if bar.fault().is_some() || is_old || stamped.now < bar.close_time {
            return None;
        }
        let calendar = self.sessions.effective(instrument.calendar);
        let session = session_at_or_after(calendar, bar.open_time);
        let (phase, session) = match (instrument.status, calendar) {
            (InstrumentStatus::Halted | InstrumentStatus::Delisted, _) => (Phase::Closed, None),
            (InstrumentStatus::Active, CalendarId::AlwaysOpen) => (Phase::Regular, None),
            (InstrumentStatus::Active, CalendarId::Xnys) if session.open < bar.close_time => {
                (Phase::Regular, Some(session))
            }
            (InstrumentStatus::Active, CalendarId::Xnys) => {
                (self.sessions.phase_at(instrument.calendar, bar.open_time), None)
            }
        };
        let from = session.map_or(bar.open_time, |session| bar.open_time.max(session.open));
        let until = session.map_or(bar.close_time, |session| Ord::min(bar.close_time, session.close));
        let is_first =
            |session: Session| before.map_or(from == session.open, |last| last.close_time <= session.open);
        let (hot, arrival) = (&self.hot[row], Arrival { now: bar.close_time, ..self.arrival() });
        Some(Taken {
            bar,
            from,
            until,
            phase,
            session,
            opens_session: session.is_some_and(is_first),
            last: hot.last(),
            quote_stands: [Side::Buy, Side::Sell].into_iter().any(|side| hot.opposite(side, arrival).is_some()),
        })
    }

    fn meet_bar(&mut self, taken: &Taken, out: &mut Vec<Event>) {
        let (bar, row) = (taken.bar, row_of(taken.bar.instrument));
        let concerned = self.concerned_by(taken);
        let portfolio_of = |slot: &Slot| self.orders.get(*slot).id.portfolio();
        let portfolios: Vec<(PortfolioId, Vec<Slot>)> = concerned
            .chunk_by(|one, other| portfolio_of(one) == portfolio_of(other))
            .map(|slots| (portfolio_of(&slots[0]), slots.to_vec()))
            .collect();
        for (portfolio, slots) in portfolios {
            let policies = self.portfolio(portfolio).profile.bars;
            let elsewhere = self.fills_elsewhere((portfolio, &slots), taken);
            self.meet_orders(&slots, Course::begin(taken, policies, elsewhere), out);
        }
        if taken.phase == Phase::Regular {
            self.hot[row].take_bar_price(bar.close);
        }
    }

    /// The orders that a bar may fill, release or move, by portfolio and place in the order of time.
    pub(crate) fn concerned_by(&self, taken: &Taken) -> Vec<Slot> {
        let (bar, mut slots) = (taken.bar, Vec::new());
        self.books[row_of(bar.instrument)].collect_within(bar.low, bar.high, &mut slots);
        slots.retain(|slot| {
            let order = self.orders.get(*slot);
            let watches_quotes = match order.instructions().trigger_source {
                TriggerSource::Last | TriggerSource::DoubleLast => false,
                TriggerSource::BidAsk | TriggerSource::Mid | TriggerSource::DoubleBidAsk => taken.quote_stands,
            };
            match taken.phase {
                Phase::Closed => false,
                Phase::Extended => order.may_trade() && order.instructions().hours == TradingHours::Extended,
                Phase::Regular => !(order.waits_for_trigger() && watches_quotes),
            }
        });
        slots.sort_unstable_by_key(|slot| {
            let order = self.orders.get(*slot);
            (order.id.portfolio(), order.priority)
        });
        slots
    }

    /// The orders of one portfolio meet a bar.
    pub(crate) fn meet_orders(&mut self, slots: &[Slot], course: Course, out: &mut Vec<Event>) {
        let (taken, policies) = (course.taken, course.policies);
        let is_early = |slot: &&Slot| {
            let order = self.orders.get(**slot);
            order.waits_for_auction() || taken.is_seen_by(order)
        };
        let (early, late): (Vec<Slot>, Vec<Slot>) = slots.iter().partition(is_early);
        let passes = self.passes(&early, &taken, policies.path);
        self.course = Some(Box::new(course));
        for pass in passes {
            let active = self.active(pass.slots);
            match pass.first {
                Some(first) => self.go_along(first, active, out),
                None => self.go_by_extremes(active, out),
            }
        }
        self.meet_close(&late, out);
        self.course = None;
    }

    /// Orders that came while the bar ran know its close alone.
    fn meet_close(&mut self, late: &[Slot], out: &mut Vec<Event>) {
        let Some(course) = self.course.as_deref_mut() else { return };
        let (close, until, policies) = (course.taken.bar.close, course.taken.until, course.policies);
        self.stand_at_close();
        for &slot in late {
            let Some(order) = self.orders.find(slot) else { continue };
            let came_within = order.since() < until && order.kind() == OrderKind::Market && order.may_trade();
            if came_within && policies.market == MarketOnBar::ThisClose {
                self.take_on_path(slot, out);
                self.let_join(out);
            } else if order.kind().trail().is_some() && order.waits_for_trigger() {
                self.follow_close(slot, close, out);
            }
        }
    }

    /// A trailing stop that came while the bar ran follows from its close, once that touches where it begins.
    fn follow_close(&mut self, slot: Slot, close: Price, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let (id, side) = (order.id, order.side);
        let mark = self.books[row_of(order.instrument)].mark(order);
        let moves = match (order.dormant_until(), mark) {
            (Some(activation), _) => side.touched(close, activation),
            (None, Some(mark)) => side.improves(close, mark),
            (None, None) => true,
        };
        if moves {
            self.emit(id.portfolio(), EventBody::OrderTrailed { order: id, hwm: close }, out);
        }
    }

    fn active(&self, slots: Vec<Slot>) -> Active {
        // What an earlier pass made of one may have ended others.
        let slots: Vec<Slot> = slots.into_iter().filter(|slot| self.orders.find(*slot).is_some()).collect();
        let trailing = slots.iter().copied().filter(|slot| {
            let order = self.orders.get(*slot);
            order.waits_for_trigger() && order.kind().trail().is_some() && order.dormant_until().is_none()
        });
        let mark = |slot: Slot| {
            let order = self.orders.get(slot);
            self.books[row_of(order.instrument)].mark(order).map(|mark| (slot, mark))
        };
        let marks = trailing.filter_map(mark).collect();
        Active { slots, marks }
    }

    /// An order that comes after a bar trades at its close at once, where its portfolio has it so.
    pub(crate) fn take_last_close(&mut self, id: OrderId, out: &mut Vec<Event>) {
        let Some(slot) = self.find_open(id) else { return };
        let order = self.orders.get(slot);
        if self.course_of(order.instrument).is_some() {
            return;
        }
        let (instrument, hours) = (order.instrument, order.instructions().hours);
        let policies = self.portfolio(id.portfolio()).profile.bars;
        let Some(&LastBar { bar, phase: Phase::Regular }) = self.bars.get(&instrument) else { return };
        let age_max = self.arrival().quote_age_max_ns;
        let is_fresh = self.now.nanos_since(bar.close_time) <= age_max;
        let (at_end, is_market) = (self.now == bar.close_time, order.kind() == OrderKind::Market);
        let admits = self.phase(instrument).admits(hours);
        let takes = match policies.market {
            MarketOnBar::NextOpen | MarketOnBar::Mid => false,
            MarketOnBar::ThisClose => at_end && is_market && admits,
            MarketOnBar::LastClose => is_fresh && (at_end || admits),
        };
        if !takes {
            return;
        }
        let taken = Taken {
            bar,
            from: bar.open_time,
            until: bar.close_time,
            phase: Phase::Regular,
            session: None,
            opens_session: false,
            last: None,
            quote_stands: false,
        };
        // It may be a leg of another symbol than that of the bar that set it free.
        let outer = self.course.replace(Box::new(Course::begin(&taken, policies, Vec::new())));
        self.stand_at_close();
        self.take_on_path(slot, out);
        self.course = outer;
    }

    /// The price is at the close of the bar.
    pub(crate) fn stand_at_close(&mut self) {
        let Some(course) = self.course.as_deref_mut() else { return };
        course.go_on(Point::Close, FillRule::BarClose);
        let close = course.taken.bar.close;
        self.stand_at(close);
    }

    /// Whether the shard is within a bar of this instrument.
    pub(crate) fn course_of(&self, instrument: InstrumentId) -> Option<&Course> {
        self.course.as_deref().filter(|course| course.taken.bar.instrument == instrument)
    }
}

/// The paths that a bar's prices may have taken, besides the one that a portfolio's orders are led along.
pub(crate) fn other_paths(policies: &BarPolicies, bar: &Bar) -> &'static [BarPath] {
    const BOTH: &[BarPath] = &[BarPath::OpenHighLowClose, BarPath::OpenLowHighClose];
    match policies.path {
        BarPath::OpenHighLowClose => &[BarPath::OpenLowHighClose],
        BarPath::OpenLowHighClose => &[BarPath::OpenHighLowClose],
        BarPath::Adaptive => match First::nearer(bar) {
            First::High => &[BarPath::OpenLowHighClose],
            First::Low => &[BarPath::OpenHighLowClose],
        },
        BarPath::Pessimistic | BarPath::Optimistic | BarPath::Extremes => BOTH,
    }
}
