//! Bars without a path: each order by itself against the high and the low, as LEAN has it.
//!
//! Owns what an order gets that does not care when within the bar its price was there: stops and limits at
//! their price or at the open behind it, what trails against the stop that it began with, and a limit behind a
//! stop judged by the close. Orders meet the bar in the order in which they were sent.

use crate::bar_course::Point;
use crate::bar_path::Active;
use crate::orders::{OpenOrder, Slot};
use crate::shard::Shard;
use crate::waiting::Wait;
use alloc::vec::Vec;
use model::{Bar, Event, EventBody, FillRule, Liquidity, OrderKind, Price, Side, TimeInForce, Trigger};

/// The prices of a bar as one side sees them.
#[derive(Clone, Copy)]
struct Seen {
    open: Price,
    close: Price,
    /// The extreme on the side to which a stop of this side waits.
    against: Price,
    /// The other one.
    with: Price,
}

impl Seen {
    fn by(side: Side, bar: &Bar) -> Self {
        let Bar { open, high, low, close, .. } = *bar;
        match side {
            Side::Buy => Self { open, close, against: high, with: low },
            Side::Sell => Self { open, close, against: low, with: high },
        }
    }
}

impl Shard {
    /// Each order meets the whole bar.
    pub(crate) fn go_by_extremes(&mut self, mut active: Active, out: &mut Vec<Event>) {
        let Some(bar) = self.course.as_deref().map(|course| course.taken.bar) else { return };
        self.begin_at_open();
        self.hold_bar_auction(TimeInForce::AtOpen, &active, out);
        self.let_join(out);
        for slot in active.slots.clone() {
            self.begin_at_open();
            let is_open = |order: &&OpenOrder| !order.is_held() && !order.waits_for_auction();
            let Some(order) = self.orders.find(slot).filter(is_open) else { continue };
            let seen = Seen::by(order.side, &bar);
            match (order.kind(), order.waits_for_trigger()) {
                (OrderKind::StopLimit { .. } | OrderKind::LimitIfTouched { .. }, _)
                | (OrderKind::TrailingStopLimit { .. }, false) => self.judge_by_close(slot, seen, out),
                (_, true) if order.kind().trail().is_some() => self.judge_trailing(slot, seen, &mut active, out),
                (_, true) => self.release_at_extreme(slot, seen, &mut active, out),
                (_, false) if order.limit().is_some() => self.judge_limit(slot, seen, out),
                (_, false) => self.take_at_open(slot, out),
            }
            self.stand_at_close();
            self.let_join(out);
        }
        self.stand_at_close();
        self.hold_bar_auction(TimeInForce::AtClose, &active, out);
        self.let_join(out);
        self.ratchet_by_extremes(&mut active, &bar);
        self.record_marks(&active, out);
    }

    /// Sets where the price is for an order, and by which rule it takes there.
    fn stand_to_trigger(&mut self, price: Price) {
        if let Some(course) = self.course.as_deref_mut() {
            course.go_on(Point::Close, FillRule::BarTrigger);
        }
        self.stand_at(price);
    }

    /// A stop or a touched order at its price, or at the open behind it.
    fn release_at_extreme(&mut self, slot: Slot, seen: Seen, active: &mut Active, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let reached = |price: Price| match Wait::of(order) {
            Wait::Rise(awaited) => price >= awaited,
            Wait::Fall(awaited) => price <= awaited,
            Wait::Trail(_) => false,
        };
        let (Wait::Rise(awaited) | Wait::Fall(awaited)) = Wait::of(order) else { return };
        let is_touch = matches!(order.kind().trigger(), Some(Trigger::Touch(_)));
        let extreme = if is_touch { seen.with } else { seen.against };
        if reached(seen.open) {
            self.release_on_path(slot, active, out);
        } else if reached(extreme) {
            self.stand_to_trigger(awaited);
            self.release_on_path(slot, active, out);
        }
    }

    /// A trailing stop against the stop that it began the bar with; it trades at that or at the close, which
    /// is worse. One that waits for its activation begins there.
    fn judge_trailing(&mut self, slot: Slot, seen: Seen, active: &mut Active, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let side = order.side;
        if let Some(activation) = order.dormant_until() {
            if side.touched(seen.with, activation) {
                self.stand_to_trigger(activation);
                self.release_on_path(slot, active, out);
            }
            return;
        }
        let (Wait::Trail(key), Some(&mark)) = (Wait::of(order), active.marks.get(&slot)) else { return };
        let stop = key.trail.stop_price(side, mark);
        if side.stop_reached(seen.against, stop) {
            self.stand_to_trigger(if side.improves(stop, seen.close) { seen.close } else { stop });
            self.release_on_path(slot, active, out);
        }
    }

    /// A limit behind a stop, or behind a price that is touched: the price sets it free for good, and it trades
    /// on a bar that closes within the limit.
    fn judge_by_close(&mut self, slot: Slot, seen: Seen, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let (id, side) = (order.id, order.side);
        if order.waits_for_trigger() {
            let (is_set_free, reference) = match order.kind().trigger() {
                // Beyond it, not just to it.
                Some(Trigger::Stop(stop)) => (side.improves(stop, seen.against), stop),
                Some(Trigger::Touch(price)) => (side.touched(seen.with, price), price),
                Some(Trigger::Trail(_)) | None => return,
            };
            if !is_set_free {
                return;
            }
            self.emit(id.portfolio(), EventBody::OrderTriggered { order: id, reference }, out);
        }
        let order = self.orders.get(slot);
        let Some(limit) = order.limit().filter(|limit| side.improves(seen.close, *limit)) else { return };
        let price = match order.kind().trigger() {
            Some(Trigger::Touch(_)) => seen.close,
            Some(Trigger::Stop(_) | Trigger::Trail(_)) | None if side.improves(seen.against, limit) => {
                seen.against
            }
            Some(Trigger::Stop(_) | Trigger::Trail(_)) | None => limit,
        };
        self.stand_to_trigger(price);
        self.fill_on_path(slot, (price, Liquidity::Taker, FillRule::BarTrigger), out);
    }

    /// A limit that the bar is beyond, at its price or at the open.
    fn judge_limit(&mut self, slot: Slot, seen: Seen, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let (Some(limit), Some(course)) = (order.limit(), self.course.as_deref()) else { return };
        if course.meets(order.side, seen.open, limit) {
            self.meet_limit_at_open(slot, out);
        } else if course.meets(order.side, seen.with, limit) {
            let rule = if seen.with == limit { FillRule::BarAtLimit } else { FillRule::BarThroughLimit };
            self.stand_to_trigger(limit);
            self.fill_on_path(slot, (limit, Liquidity::Maker, rule), out);
        }
    }

    /// Marks follow the extreme once the bar is over.
    fn ratchet_by_extremes(&mut self, active: &mut Active, bar: &Bar) {
        for price in [bar.high, bar.low] {
            self.stand_at(price);
            self.ratchet_on_path(active);
        }
        self.stand_at(bar.close);
    }
}
