//! Open orders, by slot.
//!
//! Owns the memory of every open order: compact rows in a slab whose places are used again. Closed
//! orders are gone from here; they live in events. Nothing here decides or indexes.

use alloc::boxed::Box;
use alloc::vec::Vec;
use model::{
    InstrumentId, Money, OrderAccepted, OrderId, OrderImage, OrderKind, OrderReplaced, OrderType, Percent, Price,
    Qty, Reservation, Side, Size, Time, TimeInForce, Trail, TrailImage,
};

/// A place in the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(u32);

/// An amount without the sixteen-byte alignment that would widen every row.
#[derive(Clone, Copy, Debug, Default)]
struct Amount([u8; 16]);

impl Amount {
    fn of(money: Money) -> Self {
        Self(money.raw().to_le_bytes())
    }

    fn money(self) -> Money {
        Money::from_raw(i128::from_le_bytes(self.0))
    }
}

#[derive(Clone, Copy, Debug)]
struct FilledPart {
    qty: Qty,
    value: Money,
}

/// What is displayed ahead of a resting order at its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueAhead {
    /// No quote was seen since the order rests: trades at its price cannot be judged yet.
    Unknown,
    /// So many.
    Known(Qty),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TrailUnit {
    Price,
    Percent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SizeUnit {
    Shares,
    Money,
}

/// An open order.
#[derive(Clone, Debug)]
pub(crate) struct OpenOrder {
    pub(crate) id: OrderId,
    pub(crate) priority: u64,
    pub(crate) accepted_at: Time,
    /// [`Time::NEVER`] where it does not end by itself.
    pub(crate) expires_at: Time,
    limit: Price,
    /// A stop price or a trailing distance in units of 1e-8, by type.
    stop: i64,
    /// Nothing where no mark was seen. As of the last event: the book knows later ones.
    hwm: Price,
    size: Amount,
    reserved: Amount,
    filled: Option<Box<FilledPart>>,
    /// Below nothing when unknown.
    queue_ahead: i64,
    pub(crate) instrument: InstrumentId,
    pub(crate) revision: u32,
    order_type: OrderType,
    trail_unit: TrailUnit,
    size_unit: SizeUnit,
    pub(crate) side: Side,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) triggered: bool,
}

impl OpenOrder {
    /// As it was taken; `priority` is the event that took it.
    pub(crate) fn accepted(event: &OrderAccepted, time: Time, priority: u64) -> Self {
        let mut order = Self {
            id: event.order,
            priority,
            accepted_at: time,
            expires_at: event.expires_at.unwrap_or(Time::NEVER),
            limit: Price::ZERO,
            stop: 0,
            hwm: event.hwm.unwrap_or(Price::ZERO),
            size: Amount::default(),
            reserved: Amount::default(),
            filled: None,
            queue_ahead: -1,
            instrument: event.instrument,
            revision: 0,
            order_type: OrderType::Market,
            trail_unit: TrailUnit::Price,
            size_unit: SizeUnit::Shares,
            side: event.side,
            time_in_force: event.time_in_force,
            triggered: false,
        };
        order.set_kind(event.kind);
        order.set_size(event.size);
        order.set_reserved(event.reserved);
        order
    }

    /// As an image tells.
    pub(crate) fn from_image(image: &OrderImage) -> Self {
        let mut order = Self {
            id: image.id,
            priority: image.priority,
            accepted_at: image.accepted_at,
            expires_at: image.expires_at.unwrap_or(Time::NEVER),
            limit: Price::ZERO,
            stop: 0,
            hwm: image.trail.and_then(|trail| trail.hwm).unwrap_or(Price::ZERO),
            size: Amount::default(),
            reserved: Amount::default(),
            filled: None,
            queue_ahead: -1,
            instrument: image.instrument,
            revision: image.revision,
            order_type: OrderType::Market,
            trail_unit: TrailUnit::Price,
            size_unit: SizeUnit::Shares,
            side: image.side,
            time_in_force: image.time_in_force,
            triggered: image.triggered,
        };
        order.set_kind(image.kind);
        order.set_size(image.size);
        order.set_reserved(image.reserved);
        if image.filled_qty.is_positive() {
            order.add_fill(image.filled_qty, image.filled_value);
        }
        order
    }

    /// The row of an image.
    pub(crate) fn image(&self) -> OrderImage {
        let is_trailing = self.order_type == OrderType::TrailingStop;
        OrderImage {
            id: self.id,
            instrument: self.instrument,
            side: self.side,
            kind: self.kind(),
            size: self.size(),
            time_in_force: self.time_in_force,
            accepted_at: self.accepted_at,
            expires_at: self.expiry(),
            filled_qty: self.filled_qty(),
            filled_value: self.filled_value(),
            reserved: self.reserved(),
            triggered: self.triggered,
            trail: is_trailing.then(|| TrailImage { hwm: self.hwm() }),
            revision: self.revision,
            priority: self.priority,
        }
    }

    /// Takes the terms of a replace.
    pub(crate) fn replace(&mut self, event: &OrderReplaced) {
        self.set_kind(event.kind);
        self.set_size(event.size);
        self.set_reserved(event.reserved);
        self.time_in_force = event.time_in_force;
        self.expires_at = event.expires_at.unwrap_or(Time::NEVER);
        self.hwm = event.hwm.unwrap_or(Price::ZERO);
        self.revision = event.revision;
    }

    pub(crate) fn kind(&self) -> OrderKind {
        match self.order_type {
            OrderType::Market => OrderKind::Market,
            OrderType::Limit => OrderKind::Limit { limit: self.limit },
            OrderType::Stop => OrderKind::Stop { stop: Price::from_raw(self.stop) },
            OrderType::StopLimit => OrderKind::StopLimit { stop: Price::from_raw(self.stop), limit: self.limit },
            OrderType::TrailingStop => OrderKind::TrailingStop { trail: self.trail() },
        }
    }

    fn trail(&self) -> Trail {
        match self.trail_unit {
            TrailUnit::Price => Trail::Amount(Price::from_raw(self.stop)),
            TrailUnit::Percent => Trail::Percent(Percent::from_raw(self.stop)),
        }
    }

    fn set_kind(&mut self, kind: OrderKind) {
        (self.limit, self.stop) = (Price::ZERO, 0);
        match kind {
            OrderKind::Market => self.order_type = OrderType::Market,
            OrderKind::Limit { limit } => {
                self.order_type = OrderType::Limit;
                self.limit = limit;
            }
            OrderKind::Stop { stop } => {
                self.order_type = OrderType::Stop;
                self.stop = stop.raw();
            }
            OrderKind::StopLimit { stop, limit } => {
                self.order_type = OrderType::StopLimit;
                self.limit = limit;
                self.stop = stop.raw();
            }
            OrderKind::TrailingStop { trail } => {
                self.order_type = OrderType::TrailingStop;
                (self.trail_unit, self.stop) = match trail {
                    Trail::Amount(amount) => (TrailUnit::Price, amount.raw()),
                    Trail::Percent(percent) => (TrailUnit::Percent, percent.raw()),
                };
            }
        }
    }

    /// The worst price it may trade at, where it names one.
    pub(crate) fn limit(&self) -> Option<Price> {
        self.limit.is_positive().then_some(self.limit)
    }

    pub(crate) fn size(&self) -> Size {
        match self.size_unit {
            SizeUnit::Shares => Size::Shares(self.qty_total()),
            SizeUnit::Money => Size::Notional(self.size.money()),
        }
    }

    fn set_size(&mut self, size: Size) {
        (self.size_unit, self.size) = match size {
            Size::Shares(qty) => (SizeUnit::Shares, Amount::of(Money::from_raw(qty.raw().into()))),
            Size::Notional(amount) => (SizeUnit::Money, Amount::of(amount)),
        };
    }

    fn qty_total(&self) -> Qty {
        let raw = i64::try_from(self.size.money().raw()).expect("a quantity was put in");
        Qty::from_raw(raw)
    }

    /// A buy holds back money and a sell holdings, so that one number is enough.
    pub(crate) fn reserved(&self) -> Reservation {
        let held = self.reserved.money();
        match self.side {
            Side::Buy => Reservation { cash: held, qty: Qty::ZERO },
            Side::Sell => {
                let raw = i64::try_from(held.raw()).expect("a quantity was put in");
                Reservation { cash: Money::ZERO, qty: Qty::from_raw(raw) }
            }
        }
    }

    pub(crate) fn set_reserved(&mut self, reserved: Reservation) {
        self.reserved = Amount::of(match self.side {
            Side::Buy => reserved.cash,
            Side::Sell => Money::from_raw(reserved.qty.raw().into()),
        });
        assert_eq!(self.reserved(), reserved, "a buy holds back money only, a sell holdings only");
    }

    pub(crate) fn filled_qty(&self) -> Qty {
        self.filled.as_ref().map_or(Qty::ZERO, |part| part.qty)
    }

    pub(crate) fn filled_value(&self) -> Money {
        self.filled.as_ref().map_or(Money::ZERO, |part| part.value)
    }

    pub(crate) fn add_fill(&mut self, qty: Qty, value: Money) {
        let part = FilledPart { qty: self.filled_qty() + qty, value: self.filled_value() + value };
        match self.size() {
            Size::Shares(total) => assert!(part.qty <= total, "no more is filled than was asked"),
            Size::Notional(amount) => assert!(part.value <= amount, "no more is spent than was asked"),
        }
        match &mut self.filled {
            Some(filled) => **filled = part,
            None => self.filled = Some(Box::new(part)),
        }
    }

    /// Whether it waits for its stop.
    pub(crate) fn waits_for_trigger(&self) -> bool {
        self.kind().waits_for_trigger() && !self.triggered
    }

    pub(crate) fn expiry(&self) -> Option<Time> {
        (self.expires_at != Time::NEVER).then_some(self.expires_at)
    }

    /// The trailing mark as of the last event.
    pub(crate) fn hwm(&self) -> Option<Price> {
        self.hwm.is_positive().then_some(self.hwm)
    }

    pub(crate) fn set_hwm(&mut self, hwm: Price) {
        self.hwm = hwm;
    }

    pub(crate) fn queue_ahead(&self) -> QueueAhead {
        if self.queue_ahead < 0 { QueueAhead::Unknown } else { QueueAhead::Known(Qty::from_raw(self.queue_ahead)) }
    }

    pub(crate) fn set_queue_ahead(&mut self, ahead: QueueAhead) {
        self.queue_ahead = match ahead {
            QueueAhead::Unknown => -1,
            QueueAhead::Known(qty) => qty.raw(),
        };
    }
}

/// All open orders of a shard.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    rows: Vec<Option<OpenOrder>>,
    free: Vec<Slot>,
}

impl Orders {
    pub(crate) fn insert(&mut self, order: OpenOrder) -> Slot {
        if let Some(slot) = self.free.pop() {
            self.rows[slot.0 as usize] = Some(order);
            return slot;
        }
        let slot = Slot(u32::try_from(self.rows.len()).expect("memory ends before slots do"));
        self.rows.push(Some(order));
        slot
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> OpenOrder {
        self.free.push(slot);
        self.rows[slot.0 as usize].take().expect("only open orders are removed")
    }

    pub(crate) fn get(&self, slot: Slot) -> &OpenOrder {
        self.rows[slot.0 as usize].as_ref().expect("the index names open orders only")
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> &mut OpenOrder {
        self.rows[slot.0 as usize].as_mut().expect("the index names open orders only")
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len() - self.free.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &OpenOrder> {
        self.rows.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_order_takes_at_most_120_bytes() {
        assert!(size_of::<Option<OpenOrder>>() <= 120, "{}", size_of::<Option<OpenOrder>>());
    }
}
