//! Open orders, by slot.
//!
//! Owns the memory of every open order: compact rows in a slab whose places are used again, cut
//! into blocks so that it grows without moving. Closed orders are gone from here; they live in
//! events. Nothing here decides or indexes.

use crate::timers::UNDATED;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;
use model::{
    InstrumentId, Money, OrderAccepted, OrderId, OrderImage, OrderKind, OrderReplaced, OrderType, Percent, Price,
    Qty, Reservation, Side, Size, Time, TimeInForce, Trail, TrailImage, limits,
};

/// A place in the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(NonZeroU32);

impl Slot {
    pub(crate) fn from_index(index: usize) -> Self {
        let number = u32::try_from(index).ok().and_then(|index| NonZeroU32::MIN.checked_add(index));
        Self(number.expect("memory ends before slots do"))
    }

    const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// An amount from nothing to [`limits::VALUE_MAX`] in the bytes that this takes.
#[derive(Clone, Copy, Debug, Default)]
struct Amount([u8; 10]);

const _: () = assert!(limits::VALUE_MAX.raw() < 1 << 80);

impl Amount {
    fn of(money: Money) -> Self {
        let bytes = money.raw().to_le_bytes();
        let (low, high) = bytes.split_first_chunk().expect("sixteen are more than ten");
        assert_eq!(high, [0; 6], "an order's amount is within the range of amounts");
        Self(*low)
    }

    fn money(self) -> Money {
        let mut bytes = [0; 16];
        bytes[..10].copy_from_slice(&self.0);
        Money::from_raw(i128::from_le_bytes(bytes))
    }
}

/// What most open orders do not have.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    filled_qty: Qty,
    filled_value: Money,
    revision: u32,
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
    /// A limit, or a trailing mark as of the last event, by type; nothing where there is none.
    limit_or_mark: Price,
    /// A stop price or a trailing distance in units of 1e-8, by type.
    stop: i64,
    size: Amount,
    reserved: Amount,
    past: Option<Box<Past>>,
    /// Below nothing when unknown.
    queue_ahead: i64,
    pub(crate) instrument: InstrumentId,
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
            limit_or_mark: Price::ZERO,
            stop: 0,
            size: Amount::default(),
            reserved: Amount::default(),
            past: None,
            queue_ahead: -1,
            instrument: event.instrument,
            order_type: OrderType::Market,
            trail_unit: TrailUnit::Price,
            size_unit: SizeUnit::Shares,
            side: event.side,
            time_in_force: event.time_in_force,
            triggered: false,
        };
        order.set_kind(event.kind, event.hwm);
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
            limit_or_mark: Price::ZERO,
            stop: 0,
            size: Amount::default(),
            reserved: Amount::default(),
            past: None,
            queue_ahead: -1,
            instrument: image.instrument,
            order_type: OrderType::Market,
            trail_unit: TrailUnit::Price,
            size_unit: SizeUnit::Shares,
            side: image.side,
            time_in_force: image.time_in_force,
            triggered: image.triggered,
        };
        order.set_kind(image.kind, image.trail.and_then(|trail| trail.hwm));
        order.set_size(image.size);
        order.set_reserved(image.reserved);
        if image.filled_qty.is_positive() {
            order.add_fill(image.filled_qty, image.filled_value);
        }
        if image.revision != 0 {
            order.past_mut().revision = image.revision;
        }
        order
    }

    /// The row of an image.
    pub(crate) fn image(&self) -> OrderImage {
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
            trail: self.is_trailing().then(|| TrailImage { hwm: self.hwm() }),
            revision: self.revision(),
            priority: self.priority,
        }
    }

    /// Takes the terms of a replace.
    pub(crate) fn replace(&mut self, event: &OrderReplaced) {
        self.set_kind(event.kind, event.hwm);
        self.set_size(event.size);
        self.set_reserved(event.reserved);
        self.time_in_force = event.time_in_force;
        self.expires_at = event.expires_at.unwrap_or(Time::NEVER);
        self.past_mut().revision = event.revision;
    }

    pub(crate) fn kind(&self) -> OrderKind {
        match self.order_type {
            OrderType::Market => OrderKind::Market,
            OrderType::Limit => OrderKind::Limit { limit: self.limit_or_mark },
            OrderType::Stop => OrderKind::Stop { stop: Price::from_raw(self.stop) },
            OrderType::StopLimit => {
                OrderKind::StopLimit { stop: Price::from_raw(self.stop), limit: self.limit_or_mark }
            }
            OrderType::TrailingStop => OrderKind::TrailingStop { trail: self.trail() },
        }
    }

    fn trail(&self) -> Trail {
        match self.trail_unit {
            TrailUnit::Price => Trail::Amount(Price::from_raw(self.stop)),
            TrailUnit::Percent => Trail::Percent(Percent::from_raw(self.stop)),
        }
    }

    fn set_kind(&mut self, kind: OrderKind, mark: Option<Price>) {
        (self.limit_or_mark, self.stop) = (Price::ZERO, 0);
        match kind {
            OrderKind::Market => self.order_type = OrderType::Market,
            OrderKind::Limit { limit } => {
                self.order_type = OrderType::Limit;
                self.limit_or_mark = limit;
            }
            OrderKind::Stop { stop } => {
                self.order_type = OrderType::Stop;
                self.stop = stop.raw();
            }
            OrderKind::StopLimit { stop, limit } => {
                self.order_type = OrderType::StopLimit;
                self.limit_or_mark = limit;
                self.stop = stop.raw();
            }
            OrderKind::TrailingStop { trail } => {
                self.order_type = OrderType::TrailingStop;
                self.limit_or_mark = mark.unwrap_or(Price::ZERO);
                (self.trail_unit, self.stop) = match trail {
                    Trail::Amount(amount) => (TrailUnit::Price, amount.raw()),
                    Trail::Percent(percent) => (TrailUnit::Percent, percent.raw()),
                };
            }
        }
    }

    /// The worst price it may trade at, where it names one.
    pub(crate) fn limit(&self) -> Option<Price> {
        (!self.is_trailing() && self.limit_or_mark.is_positive()).then_some(self.limit_or_mark)
    }

    fn is_trailing(&self) -> bool {
        self.order_type == OrderType::TrailingStop
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
        self.past.as_ref().map_or(Qty::ZERO, |past| past.filled_qty)
    }

    pub(crate) fn filled_value(&self) -> Money {
        self.past.as_ref().map_or(Money::ZERO, |past| past.filled_value)
    }

    /// How often it was replaced.
    pub(crate) fn revision(&self) -> u32 {
        self.past.as_ref().map_or(0, |past| past.revision)
    }

    fn past_mut(&mut self) -> &mut Past {
        self.past.get_or_insert_default()
    }

    pub(crate) fn add_fill(&mut self, qty: Qty, value: Money) {
        let (filled_qty, filled_value) = (self.filled_qty() + qty, self.filled_value() + value);
        match self.size() {
            Size::Shares(total) => assert!(filled_qty <= total, "no more is filled than was asked"),
            Size::Notional(amount) => assert!(filled_value <= amount, "no more is spent than was asked"),
        }
        let past = self.past_mut();
        (past.filled_qty, past.filled_value) = (filled_qty, filled_value);
    }

    /// Whether it waits for its stop.
    pub(crate) fn waits_for_trigger(&self) -> bool {
        self.kind().waits_for_trigger() && !self.triggered
    }

    /// When the timers look at it: at its end, or with the first time there is when it is a day
    /// order that came before any.
    pub(crate) fn timer(&self) -> Time {
        let is_undated = self.time_in_force == TimeInForce::Day && self.expires_at == Time::NEVER;
        if is_undated { UNDATED } else { self.expires_at }
    }

    pub(crate) fn expiry(&self) -> Option<Time> {
        (self.expires_at != Time::NEVER).then_some(self.expires_at)
    }

    /// The trailing mark as of the last event.
    pub(crate) fn hwm(&self) -> Option<Price> {
        (self.is_trailing() && self.limit_or_mark.is_positive()).then_some(self.limit_or_mark)
    }

    pub(crate) fn set_hwm(&mut self, hwm: Price) {
        assert!(self.is_trailing(), "only a trailing stop has a mark");
        self.limit_or_mark = hwm;
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
    /// Full blocks of [`BLOCK`] rows, but for the last.
    blocks: Vec<Vec<Option<OpenOrder>>>,
    free: Vec<Slot>,
    open: usize,
}

/// Rows that are allocated at once.
const BLOCK: usize = 1_024;

impl Orders {
    pub(crate) fn insert(&mut self, order: OpenOrder) -> Slot {
        self.open += 1;
        if let Some(slot) = self.free.pop() {
            *self.row_mut(slot) = Some(order);
            return slot;
        }
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let before = (self.blocks.len() - 1) * BLOCK;
        let block = self.blocks.last_mut().expect("a block was there or was added");
        block.push(Some(order));
        Slot::from_index(before + block.len() - 1)
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> OpenOrder {
        self.free.push(slot);
        self.open -= 1;
        self.row_mut(slot).take().expect("only open orders are removed")
    }

    pub(crate) fn get(&self, slot: Slot) -> &OpenOrder {
        let row = &self.blocks[slot.index() / BLOCK][slot.index() % BLOCK];
        row.as_ref().expect("the index names open orders only")
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> &mut OpenOrder {
        self.row_mut(slot).as_mut().expect("the index names open orders only")
    }

    fn row_mut(&mut self, slot: Slot) -> &mut Option<OpenOrder> {
        &mut self.blocks[slot.index() / BLOCK][slot.index() % BLOCK]
    }

    pub(crate) fn len(&self) -> usize {
        self.open
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &OpenOrder> {
        self.blocks.iter().flatten().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_order_takes_at_most_96_bytes() {
        assert!(size_of::<Option<OpenOrder>>() <= 96, "{}", size_of::<Option<OpenOrder>>());
    }
}
