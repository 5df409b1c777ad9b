//! The path of a bar's prices, and what orders do along it.
//!
//! Owns the movement: from point to point, never back between two of them, and always to the nearest price
//! at which something acts. Where several act at one price, stops come before what is touched and that before
//! limits, the earlier first. What an order's fill sets free joins where the price is then.

use crate::bar_course::{Course, Point};
use crate::orders::{OpenOrder, Slot};
use crate::shard::Shard;
use crate::waiting::Wait;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use model::{
    Bar, Event, EventBody, FillRule, LimitGap, Liquidity, MarketOnBar, OrderKind, Price, Side, TimeInForce,
    Trigger, TriggerSource,
};

/// Which extreme of a bar comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum First {
    High,
    Low,
}

impl First {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::High => Self::Low,
            Self::Low => Self::High,
        }
    }

    /// The one that is nearer to the open; of two as near the low.
    pub(crate) fn nearer(bar: &Bar) -> Self {
        if bar.high - bar.open < bar.open - bar.low { Self::High } else { Self::Low }
    }
}

/// The orders that are led along a path.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) slots: Vec<Slot>,
    /// How far those have followed that trail.
    pub(crate) marks: BTreeMap<Slot, Price>,
}

/// Where an order acts on a way: the nearer first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    /// The price, negated on the way down.
    distance: i64,
    rank: Rank,
    priority: u64,
    slot: Slot,
}

/// What comes first at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Market,
    Stop,
    Touch,
    Limit,
}

/// A way to a price.
#[derive(Clone, Copy, Debug)]
struct Way {
    heading: Heading,
    to: Price,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heading {
    Up,
    Down,
}

impl Way {
    /// How far a price lies along the way.
    const fn distance(self, price: Price) -> i64 {
        match self.heading {
            Heading::Up => price.raw(),
            Heading::Down => -price.raw(),
        }
    }

    const fn price_at(self, distance: i64) -> Price {
        match self.heading {
            Heading::Up => Price::from_raw(distance),
            Heading::Down => Price::from_raw(-distance),
        }
    }
}

/// The price that an order waits for, and from where it has to come.
#[derive(Clone, Copy, Debug)]
struct Awaited {
    price: Price,
    heading: Heading,
}

impl Shard {
    /// Leads orders along the prices of the bar, its extremes in this order.
    pub(crate) fn go_along(&mut self, first: First, mut active: Active, out: &mut Vec<Event>) {
        let Some(bar) = self.course.as_deref().map(|course| course.taken.bar) else { return };
        self.meet_open(&mut active, out);
        let (high, low) = ((Point::High, bar.high), (Point::Low, bar.low));
        let extremes = match first {
            First::High => [high, low],
            First::Low => [low, high],
        };
        for (point, price) in extremes.into_iter().chain([(Point::Close, bar.close)]) {
            self.go_to((point, price), &mut active, out);
        }
        self.hold_bar_auction(TimeInForce::AtClose, &active, out);
        self.join(&mut active, out);
        self.record_marks(&active, out);
    }

    /// All that acts at the open: the auction, then everybody in the order of rank and time.
    fn meet_open(&mut self, active: &mut Active, out: &mut Vec<Event>) {
        self.begin_at_open();
        self.hold_bar_auction(TimeInForce::AtOpen, active, out);
        self.join(active, out);
        let mut turns: Vec<Turn> = active.slots.iter().filter_map(|slot| self.turn_at_open(*slot)).collect();
        turns.sort_unstable();
        for Turn { slot, rank, .. } in turns {
            self.begin_at_open();
            if self.orders.find(slot).is_none_or(OpenOrder::is_held) {
                continue;
            }
            match rank {
                Rank::Market => self.take_at_open(slot, out),
                Rank::Stop | Rank::Touch => self.release_at_open(slot, active, out),
                Rank::Limit => self.meet_limit_at_open(slot, out),
            }
            self.join(active, out);
        }
        self.begin_at_open();
        self.ratchet_on_path(active);
    }

    /// The price is at the open.
    pub(crate) fn begin_at_open(&mut self) {
        let Some(course) = self.course.as_deref_mut() else { return };
        course.go_on(Point::Open, FillRule::BarOpen);
        let open = course.taken.bar.open;
        self.stand_at(open);
    }

    fn turn_at_open(&self, slot: Slot) -> Option<Turn> {
        let order = self.orders.find(slot).filter(|order| !order.is_held() && !order.waits_for_auction())?;
        let rank = match order.kind().trigger() {
            Some(Trigger::Stop(_) | Trigger::Trail(_)) if order.waits_for_trigger() => Rank::Stop,
            Some(Trigger::Touch(_)) if order.waits_for_trigger() => Rank::Touch,
            Some(_) | None if order.limit().is_some() => Rank::Limit,
            Some(_) | None => Rank::Market,
        };
        Some(Turn { distance: 0, rank, priority: order.priority, slot })
    }

    /// A market order trades at the open or, by policy, in the middle of the bar.
    pub(crate) fn take_at_open(&mut self, slot: Slot, out: &mut Vec<Event>) {
        let is_market = self.orders.get(slot).kind() == OrderKind::Market;
        let Some(course) = self.course.as_deref_mut() else { return };
        if is_market && course.policies.market == MarketOnBar::Mid {
            course.set_rule(FillRule::BarMiddle);
            let middle = course.taken.bar.middle();
            self.stand_at(middle);
        }
        self.take_on_path(slot, out);
    }

    /// What waits for a price that the open has come to, or has left behind, is released there.
    fn release_at_open(&mut self, slot: Slot, active: &mut Active, out: &mut Vec<Event>) {
        let Some(open) = self.course.as_deref().map(Course::price) else { return };
        // One without a mark follows from here on.
        let Some(Awaited { price, heading }) = self.awaited(slot, active) else { return };
        let is_reached = match heading {
            Heading::Up => price <= open,
            Heading::Down => price >= open,
        };
        if is_reached {
            self.release_on_path(slot, active, out);
        }
    }

    /// A limit that the open is beyond.
    pub(crate) fn meet_limit_at_open(&mut self, slot: Slot, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let (Some(course), Some(limit)) = (self.course.as_deref(), order.limit()) else { return };
        let (open, taken, side) = (course.price(), &course.taken, order.side);
        if !course.meets(side, open, limit) {
            return;
        }
        if course.was_beyond(order, limit) {
            return self.take_on_path(slot, out);
        }
        let at_open = match course.policies.limit_gap {
            LimitGap::AlwaysOpen => true,
            LimitGap::AlwaysLimit => false,
            LimitGap::LimitIntradayOpenAtSessionStart => taken.opens_session,
        };
        let at_limit = if side.improves(open, limit) { FillRule::BarThroughLimit } else { FillRule::BarAtLimit };
        let (price, rule) = if at_open { (open, FillRule::BarOpen) } else { (limit, at_limit) };
        self.fill_on_path(slot, (price, Liquidity::Maker, rule), out);
    }

    /// Goes on to a point, past everything that acts on the way.
    fn go_to(&mut self, (point, to): (Point, Price), active: &mut Active, out: &mut Vec<Event>) {
        let Some(course) = self.course.as_deref_mut() else { return };
        course.go_on(point, FillRule::BarTrigger);
        let start = course.price();
        let way = Way { heading: if to > start { Heading::Up } else { Heading::Down }, to };
        let mut turns: BTreeSet<Turn> = BTreeSet::new();
        if to != start {
            turns.extend(active.slots.iter().filter_map(|slot| self.turn(*slot, way, active)));
        }
        while let Some(turn) = turns.pop_first() {
            // What another one's fill made of it acts elsewhere, or not at all.
            let now = self.turn(turn.slot, way, active);
            if now != Some(turn) {
                turns.extend(now);
                continue;
            }
            self.stand_at(way.price_at(turn.distance));
            let is_released = self.act(turn.slot, way, active, out);
            let again = self.join(active, out).into_iter().chain(is_released.then_some(turn.slot));
            turns.extend(again.filter_map(|slot| self.turn(slot, way, active)));
        }
        self.stand_at(to);
        self.ratchet_on_path(active);
        self.take_what_is_left(active, out);
    }

    /// Where an order acts on a way, from where the price is.
    fn turn(&self, slot: Slot, way: Way, active: &Active) -> Option<Turn> {
        let order = self.orders.find(slot)?;
        let course = self.course.as_deref()?;
        let (here, end) = (way.distance(course.price()), way.distance(way.to));
        let turn = |distance, rank| Turn { distance, rank, priority: order.priority, slot };
        if order.is_held() || order.waits_for_auction() {
            return None;
        }
        if order.waits_for_trigger() {
            let awaited = self.awaited(slot, active).filter(|awaited| awaited.heading == way.heading)?;
            let distance = way.distance(awaited.price);
            let rank = match (Wait::of(order), order.side) {
                (Wait::Rise(_), Side::Sell) | (Wait::Fall(_), Side::Buy) => Rank::Touch,
                (Wait::Rise(_), Side::Buy) | (Wait::Fall(_), Side::Sell) | (Wait::Trail(_), _) => Rank::Stop,
            };
            return (distance <= end).then(|| turn(distance.max(here), rank));
        }
        let heading = match order.side {
            Side::Buy => Heading::Down,
            Side::Sell => Heading::Up,
        };
        let limit = order.limit().filter(|_| heading == way.heading)?;
        let distance = way.distance(limit);
        (distance >= here && course.meets(order.side, way.to, limit)).then(|| turn(distance, Rank::Limit))
    }

    /// What an order waits for that was not released yet; of one that trails, its stop as far as it followed.
    fn awaited(&self, slot: Slot, active: &Active) -> Option<Awaited> {
        let order = self.orders.get(slot);
        let (price, heading) = match (Wait::of(order), order.side) {
            (Wait::Rise(price), _) => (price, Heading::Up),
            (Wait::Fall(price), _) => (price, Heading::Down),
            (Wait::Trail(key), side) => {
                let stop = key.trail.stop_price(side, *active.marks.get(&slot)?);
                (stop, if side == Side::Buy { Heading::Up } else { Heading::Down })
            }
        };
        let step = self.instrument(order.instrument).increment_at(price);
        let beyond = match (order.instructions().trigger_source, heading) {
            (TriggerSource::Last | TriggerSource::BidAsk | TriggerSource::Mid, _) => price,
            // Two in a row: the price that comes to it, and one beyond.
            (TriggerSource::DoubleLast | TriggerSource::DoubleBidAsk, Heading::Up) => price + step,
            (TriggerSource::DoubleLast | TriggerSource::DoubleBidAsk, Heading::Down) => price - step,
        };
        Some(Awaited { price: beyond, heading })
    }

    /// An order's price has come. Says whether it was released there, and may act once more.
    fn act(&mut self, slot: Slot, way: Way, active: &mut Active, out: &mut Vec<Event>) -> bool {
        let order = self.orders.get(slot);
        if order.waits_for_trigger() {
            self.release_on_path(slot, active, out);
            return true;
        }
        if let Some(limit) = order.limit() {
            let rule = if limit == way.to { FillRule::BarAtLimit } else { FillRule::BarThroughLimit };
            self.fill_on_path(slot, (limit, Liquidity::Maker, rule), out);
        }
        false
    }

    /// Releases an order where the price is; one that trails first tells how far it followed.
    pub(crate) fn release_on_path(&mut self, slot: Slot, active: &mut Active, out: &mut Vec<Event>) {
        let Some(reference) = self.course.as_deref().map(Course::price) else { return };
        let order = self.orders.get(slot);
        let (id, is_dormant) = (order.id, order.dormant_until().is_some());
        if let Some(&hwm) = active.marks.get(&slot).filter(|mark| order.hwm() != Some(**mark)) {
            self.emit(id.portfolio(), EventBody::OrderTrailed { order: id, hwm }, out);
        }
        self.release_one(slot, reference, out);
        if is_dormant {
            active.marks.insert(slot, reference);
        }
    }

    /// At a point its own share of the volume is there for those that wanted more than there was before.
    fn take_what_is_left(&mut self, active: &mut Active, out: &mut Vec<Event>) {
        if let Some(course) = self.course.as_deref_mut() {
            course.set_rule(FillRule::BarPath);
        }
        for slot in active.slots.clone() {
            let Some(order) = self.orders.find(slot).filter(|order| order.may_trade()) else { continue };
            let Some(course) = self.course.as_deref() else { return };
            match order.limit() {
                None => self.take_on_path(slot, out),
                Some(limit) if !course.meets(order.side, course.price(), limit) => {}
                Some(limit) if course.was_beyond(order, limit) => self.take_on_path(slot, out),
                Some(limit) => {
                    self.fill_on_path(slot, (limit, Liquidity::Maker, FillRule::BarThroughLimit), out);
                }
            }
            self.join(active, out);
        }
    }

    /// An auction that lies within the bar, at its open or its close.
    pub(crate) fn hold_bar_auction(&mut self, auction: TimeInForce, active: &Active, out: &mut Vec<Event>) {
        let Some(course) = self.course.as_deref() else { return };
        let (price, taken) = (course.price(), course.taken);
        let rule =
            if auction == TimeInForce::AtOpen { FillRule::OpeningAuction } else { FillRule::ClosingAuction };
        for &slot in &active.slots {
            let Some(order) = self.orders.find(slot).filter(|order| order.time_in_force() == auction) else {
                continue;
            };
            let is_within = order.limit().is_none_or(|limit| order.side.within(price, limit));
            if is_within && taken.holds_auction(auction, self.sessions.bell(order.expires_at())) {
                self.fill_on_path(slot, (price, Liquidity::Taker, rule), out);
            }
        }
    }

    /// Marks follow the price that is reached.
    pub(crate) fn ratchet_on_path(&self, active: &mut Active) {
        let Some(price) = self.course.as_deref().map(Course::price) else { return };
        for &slot in &active.slots {
            let follows = |order: &&OpenOrder| {
                order.waits_for_trigger() && order.kind().trail().is_some() && order.dormant_until().is_none()
            };
            if let Some(order) = self.orders.find(slot).filter(follows) {
                let mark = active.marks.entry(slot).or_insert_with(|| order.hwm().unwrap_or(price));
                if order.side.improves(price, *mark) {
                    *mark = price;
                }
            }
        }
    }

    /// What followed says where to.
    pub(crate) fn record_marks(&mut self, active: &Active, out: &mut Vec<Event>) {
        for &slot in &active.slots {
            let Some(order) = self.orders.find(slot).filter(|order| order.waits_for_trigger()) else { continue };
            let (id, recorded) = (order.id, order.hwm());
            if let Some(&hwm) = active.marks.get(&slot).filter(|mark| recorded != Some(**mark)) {
                self.emit(id.portfolio(), EventBody::OrderTrailed { order: id, hwm }, out);
            }
        }
    }

    /// What was set free by a fill looks at the price that is there, and goes along from here on.
    pub(crate) fn join(&mut self, active: &mut Active, out: &mut Vec<Event>) -> Vec<Slot> {
        let joined = self.let_join(out);
        active.slots.extend(&joined);
        joined
    }
}
