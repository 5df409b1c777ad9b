//! What the orders of a chain do after one of them traded, changed or ended.
//!
//! Owns the promise that protection neither lapses nor overfills. After any fill the alternatives of a
//! group have the same left, which is what their parent set free less what all of them traded; an
//! order that waits for another never trades; none is left behind when its parent ends. Each change
//! is an event of its own, made in the same step as the one that causes it.

use crate::orders::{OpenOrder, Slot};
use crate::shard::Shard;
use crate::terms::Terms;
use alloc::boxed::Box;
use alloc::vec::Vec;
use model::{
    CancelReason, Event, EventBody, LegShare, LegsBegin, Money, OrderId, OrderNumber, OrderSized, PartialParent,
    Qty, Reservation, SiblingExpiry, SiblingFill, Side, Time,
};

/// What an order came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// It traded so much; perhaps that was all.
    Traded(Qty, Done),
    /// It is done with what it traded before.
    Completed,
    /// It ended by time.
    Expired,
    /// It ended otherwise.
    Canceled(CancelReason),
}

/// Whether an order is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Yes,
    No,
}

/// An order of a chain as it was just before an event of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    id: OrderId,
    group: Option<OrderNumber>,
    filled: Qty,
}

impl Shard {
    /// The order that an event is about, where it may hang together with others.
    pub(crate) fn before(&self, body: &EventBody) -> Option<Before> {
        let id = match body {
            EventBody::Filled(fill) => fill.order,
            EventBody::OrderReplaced(replaced) => replaced.order,
            EventBody::OrderExpired { order } | EventBody::OrderCanceled { order, .. } => *order,
            EventBody::OrderSized(sized) if sized.completes => sized.order,
            EventBody::OrderSized(_)
            | EventBody::InstrumentDefined(_)
            | EventBody::PortfolioOpened { .. }
            | EventBody::LimitsSet { .. }
            | EventBody::CashFlowed { .. }
            | EventBody::OrderAccepted(_)
            | EventBody::OrderRejected(_)
            | EventBody::OrderTriggered { .. }
            | EventBody::OrderTrailed { .. }
            | EventBody::OrderCapped { .. } => return None,
        };
        if self.portfolios.get(id.portfolio())?.chains.is_empty() {
            return None;
        }
        let order = self.orders.get(self.find_open(id)?);
        let group = order.link().and_then(|link| link.group);
        Some(Before { id, group, filled: order.filled_qty() })
    }

    /// Draws the consequences of the event at this place for the orders that hang together with its own.
    pub(crate) fn follow(&mut self, before: Before, at: usize, out: &mut Vec<Event>) {
        let came = match &out[at].body {
            EventBody::Filled(fill) if fill.completes => Came::Traded(fill.qty, Done::Yes),
            EventBody::Filled(fill) => Came::Traded(fill.qty, Done::No),
            EventBody::OrderExpired { .. } => Came::Expired,
            EventBody::OrderCanceled { reason, .. } => Came::Canceled(*reason),
            EventBody::OrderReplaced(_) => return self.follow_replaced(before.id, out),
            EventBody::OrderSized(_) => Came::Completed,
            EventBody::InstrumentDefined(_)
            | EventBody::PortfolioOpened { .. }
            | EventBody::LimitsSet { .. }
            | EventBody::CashFlowed { .. }
            | EventBody::OrderAccepted(_)
            | EventBody::OrderRejected(_)
            | EventBody::OrderTriggered { .. }
            | EventBody::OrderTrailed { .. }
            | EventBody::OrderCapped { .. } => unreachable!("nothing was noted before it"),
        };
        if let Some(group) = before.group {
            self.follow_sibling(before.id, group, came, out);
        }
        self.rest_if_used_up(before.id, out);
        self.follow_parent(before, came, out);
    }

    fn follow_sibling(&mut self, id: OrderId, group: OrderNumber, came: Came, out: &mut Vec<Event>) {
        let profile = self.portfolio(id.portfolio()).profile;
        let siblings = self.siblings(id, group);
        let reason = match (came, profile.sibling_fill, profile.sibling_expiry) {
            (Came::Traded(qty, _), SiblingFill::Reduces, _) => {
                for sibling in siblings {
                    self.reduce(sibling, qty, out);
                }
                return;
            }
            // Whoever ended it for its sake ends the others, or goes on.
            (Came::Canceled(CancelReason::Sibling) | Came::Completed, ..) => return,
            (Came::Expired, _, SiblingExpiry::Keeps) => {
                // What it held back for the group is now held back by the next.
                if let Some(next) = siblings.first() {
                    self.carry(*next, out);
                }
                return;
            }
            (Came::Canceled(CancelReason::Parent), ..) => CancelReason::Parent,
            (Came::Traded(..) | Came::Expired | Came::Canceled(_), ..) => CancelReason::Sibling,
        };
        for sibling in siblings {
            self.end_leg(sibling, reason, out);
        }
    }

    /// An alternative has as much less left as another one traded.
    fn reduce(&mut self, id: OrderId, qty: Qty, out: &mut Vec<Event>) {
        let Some(order) = self.find_open(id).map(|slot| self.orders.get(slot)) else { return };
        let leaves = order.leaves().expect("alternatives are sized in shares");
        let total = order.filled_qty() + leaves.saturating_sub(qty);
        let (released, reserved) = (order.released(), order.reserved());
        if leaves > qty {
            let reserved = self.share_of(order, reserved, leaves, total - order.filled_qty());
            self.size(id, Sizing { total, released, held: order.is_held(), reserved }, out);
        } else if self.parent_is_open(order) {
            self.size(id, Sizing { total, released, held: true, reserved: Reservation::default() }, out);
        } else {
            self.end_leg(id, CancelReason::Sibling, out);
        }
    }

    /// A leg that used up what is free, while its parent may set more free, waits for that.
    fn rest_if_used_up(&mut self, id: OrderId, out: &mut Vec<Event>) {
        let Some(order) = self.find_open(id).map(|slot| self.orders.get(slot)) else { return };
        if order.leaves().is_some_and(Qty::is_zero) && !order.is_held() {
            let (total, released) = (order.filled_qty(), order.released());
            self.size(id, Sizing { total, released, held: true, reserved: Reservation::default() }, out);
        }
    }

    fn follow_parent(&mut self, before: Before, came: Came, out: &mut Vec<Event>) {
        let Before { id, filled, .. } = before;
        let portfolio = self.portfolio(id.portfolio());
        let (profile, children) = (portfolio.profile, portfolio.chains.children(id.number()));
        let (traded, works_on) = match came {
            Came::Traded(qty, done) => (qty, done == Done::No),
            Came::Completed | Came::Expired | Came::Canceled(_) => (Qty::ZERO, false),
        };
        let is_complete = matches!(came, Came::Completed | Came::Traded(_, Done::Yes));
        let begins = match profile.legs_begin {
            LegsBegin::Incremental | LegsBegin::FirstFill => traded.is_positive(),
            LegsBegin::Complete => is_complete || (!works_on && profile.partial_parent == PartialParent::LegsWork),
        };
        for child in children {
            let child = OrderId::of(id.portfolio(), child);
            let Some(order) = self.find_open(child).map(|slot| self.orders.get(slot)) else { continue };
            if begins {
                let free = self.free_of(order, filled + traded, profile.legs_begin);
                if free > order.released() {
                    self.release_leg(child, free, out);
                } else {
                    self.hold_back_more(child, out);
                }
            }
            if !works_on {
                self.end_if_nothing_comes(child, out);
            }
        }
    }

    /// How much of a leg is free once its parent filled so much.
    fn free_of(&self, leg: &OpenOrder, filled: Qty, begin: LegsBegin) -> Qty {
        let lot = self.instrument(leg.instrument).lot_size;
        let share = leg.link().map_or(LegShare::AsFilled, |link| link.share);
        match (begin, share) {
            (LegsBegin::FirstFill, LegShare::Part { leg, .. }) => leg,
            (LegsBegin::FirstFill, LegShare::AsFilled) if leg.released().is_zero() => {
                leg.leaves().unwrap_or(Qty::ZERO).max(share.of(filled, lot))
            }
            (LegsBegin::FirstFill, LegShare::AsFilled) => leg.released().max(share.of(filled, lot)),
            (LegsBegin::Incremental | LegsBegin::Complete, _) => share.of(filled, lot),
        }
    }

    /// A leg begins to work, or has more to work on.
    fn release_leg(&mut self, id: OrderId, free: Qty, out: &mut Vec<Event>) {
        let slot = self.slot_of(id);
        let order = self.orders.get(slot);
        let more = free - order.released();
        let total = match order.released().is_zero() {
            true => more,
            false => order.filled_qty() + order.leaves().unwrap_or(Qty::ZERO) + more,
        };
        let carries = self.carries(order);
        let reserved =
            if carries { self.reservation_for(order, total - order.filled_qty()) } else { Reservation::default() };
        let was_held = order.is_held();
        if was_held && order.hwm().is_none() {
            self.set_first_mark(slot, out);
        }
        self.size(id, Sizing { total, released: free, held: false, reserved }, out);
        if was_held && self.find_open(id).is_some() {
            self.arrivals.push(id);
        }
    }

    /// A leg that was set free for more than there was holds back what has come since.
    fn hold_back_more(&mut self, id: OrderId, out: &mut Vec<Event>) {
        let order = self.orders.get(self.slot_of(id));
        if order.is_held() || !self.carries(order) {
            return;
        }
        let reserved = self.reservation_for(order, order.leaves().unwrap_or(Qty::ZERO));
        if reserved != order.reserved() {
            self.size(id, Sizing::unchanged(order, reserved), out);
        }
    }

    /// A trailing stop follows from the market at which it begins to work.
    fn set_first_mark(&mut self, slot: Slot, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let terms = Terms::of(order, None);
        if let (Some(hwm), id) = (self.first_mark(&terms), order.id) {
            self.emit(id.portfolio(), EventBody::OrderTrailed { order: id, hwm }, out);
        }
    }

    /// A leg whose parent ended is done when nothing is left of it.
    fn end_if_nothing_comes(&mut self, id: OrderId, out: &mut Vec<Event>) {
        let Some(order) = self.find_open(id).map(|slot| self.orders.get(slot)) else { return };
        let (filled, released) = (order.filled_qty(), order.released());
        let nothing_left = order.is_held() && (released.is_zero() || order.leaves().is_none_or(Qty::is_zero));
        if !nothing_left {
            return;
        }
        if filled.is_positive() {
            self.size_and_complete(id, filled, released, out);
        } else {
            self.end_leg(id, CancelReason::Parent, out);
        }
    }

    /// Legs that wait for the first fill are as large as their parent is now.
    fn follow_replaced(&mut self, id: OrderId, out: &mut Vec<Event>) {
        let Some(parent) = self.find_open(id).map(|slot| self.orders.get(slot)) else { return };
        let Some(total) = parent.leaves().map(|leaves| leaves + parent.filled_qty()) else { return };
        for child in self.portfolio(id.portfolio()).chains.children(id.number()) {
            let child = OrderId::of(id.portfolio(), child);
            let order = self.orders.get(self.slot_of(child));
            let follows = order.link().is_some_and(|link| link.share == LegShare::AsFilled);
            if follows && order.is_held() && order.released().is_zero() && order.leaves() != Some(total) {
                let reserved = Reservation::default();
                self.size(child, Sizing { total, released: Qty::ZERO, held: true, reserved }, out);
            }
        }
    }

    /// Ends an order of a chain, if it is still open.
    fn end_leg(&mut self, id: OrderId, reason: CancelReason, out: &mut Vec<Event>) {
        if self.find_open(id).is_some() {
            self.emit(id.portfolio(), EventBody::OrderCanceled { order: id, reason, by: None }, out);
        }
    }

    /// What a group holds back is held back by the one that trades: it goes over to this order.
    pub(crate) fn carry(&mut self, id: OrderId, out: &mut Vec<Event>) {
        let Some(order) = self.find_open(id).map(|slot| self.orders.get(slot)) else { return };
        let Some(group) = order.link().and_then(|link| link.group) else { return };
        if order.is_held() || order.instructions().reduce_only {
            return;
        }
        let siblings = self.siblings(id, group).into_iter().filter_map(|sibling| self.find_open(sibling));
        let carrier =
            siblings.map(|slot| self.orders.get(slot)).find(|order| order.reserved() != Reservation::default());
        let held = match carrier {
            Some(carrier) => {
                let (held, other) = (carrier.reserved(), carrier.id);
                let sizing = Sizing::unchanged(carrier, Reservation::default());
                self.size(other, sizing, out);
                held
            }
            None if order.reserved() == Reservation::default() => {
                let leaves = order.leaves().unwrap_or(Qty::ZERO);
                self.reservation_for(order, leaves)
            }
            None => return,
        };
        let order = self.orders.get(self.slot_of(id));
        let sizing = Sizing::unchanged(order, held);
        self.size(id, sizing, out);
    }

    fn size(&mut self, id: OrderId, sizing: Sizing, out: &mut Vec<Event>) {
        let order = self.orders.get(self.slot_of(id));
        let begins = order.is_held() && !sizing.held;
        let expires_at = if begins { self.end_at_release(order) } else { order.expiry() };
        let Sizing { total, released, held, reserved } = sizing;
        let sized = OrderSized { order: id, qty: total, released, held, completes: false, expires_at, reserved };
        self.emit(id.portfolio(), EventBody::OrderSized(Box::new(sized)), out);
    }

    fn size_and_complete(&mut self, id: OrderId, filled: Qty, released: Qty, out: &mut Vec<Event>) {
        let expires_at = self.orders.get(self.slot_of(id)).expiry();
        let sized = OrderSized {
            order: id,
            qty: filled,
            released,
            held: false,
            completes: true,
            expires_at,
            reserved: Reservation::default(),
        };
        self.emit(id.portfolio(), EventBody::OrderSized(Box::new(sized)), out);
    }

    /// A leg's day begins when it begins to work; a date stays a date.
    fn end_at_release(&self, order: &OpenOrder) -> Option<Time> {
        order.expiry().or_else(|| self.end_at_latest(&Terms::of(order, None)))
    }

    /// What a leg holds back for so much left, as far as there is something free.
    fn reservation_for(&self, order: &OpenOrder, leaves: Qty) -> Reservation {
        if order.instructions().reduce_only {
            return Reservation::default();
        }
        let account = &self.portfolio(order.id.portfolio()).account;
        let before = order.reserved();
        match order.side {
            Side::Sell => {
                let free = account.available_qty(order.instrument) + before.qty;
                Reservation { cash: Money::ZERO, qty: leaves.min(free) }
            }
            Side::Buy => {
                let wanted =
                    self.worth(&Terms::of(order, Some(leaves))).map_or(Money::ZERO, |worth| worth.reserved.cash);
                Reservation { cash: wanted.min(account.available_cash() + before.cash), qty: Qty::ZERO }
            }
        }
    }

    /// What is held back of what was, when less is left.
    fn share_of(&self, order: &OpenOrder, held: Reservation, before: Qty, left: Qty) -> Reservation {
        match order.side {
            Side::Sell => Reservation { cash: Money::ZERO, qty: held.qty.min(left) },
            Side::Buy => Reservation { cash: held.cash.share_half_even(left, before), qty: Qty::ZERO },
        }
    }

    /// Whether it holds back for its group: nobody else does.
    pub(crate) fn carries(&self, order: &OpenOrder) -> bool {
        let Some(group) = order.link().and_then(|link| link.group) else { return true };
        let mut siblings =
            self.siblings(order.id, group).into_iter().filter_map(|sibling| self.find_open(sibling));
        siblings.all(|slot| self.orders.get(slot).reserved() == Reservation::default())
    }

    fn siblings(&self, id: OrderId, group: OrderNumber) -> Vec<OrderId> {
        let members = self.portfolio(id.portfolio()).chains.members(group);
        members
            .into_iter()
            .filter(|number| *number != id.number())
            .map(|number| OrderId::of(id.portfolio(), number))
            .collect()
    }

    /// Whether more may be set free.
    pub(crate) fn parent_is_open(&self, order: &OpenOrder) -> bool {
        let parent = order.link().and_then(|link| link.parent);
        parent.is_some_and(|parent| self.find_open(OrderId::of(order.id.portfolio(), parent)).is_some())
    }
}

/// What becomes of an order.
#[derive(Clone, Copy, Debug)]
struct Sizing {
    total: Qty,
    released: Qty,
    held: bool,
    reserved: Reservation,
}

impl Sizing {
    /// All as it is but what is held back.
    fn unchanged(order: &OpenOrder, reserved: Reservation) -> Self {
        let total = order.filled_qty() + order.leaves().unwrap_or(Qty::ZERO);
        Self { total, released: order.released(), held: order.is_held(), reserved }
    }
}
