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
    InstrumentId, Money, OrderAccepted, OrderId, OrderImage, OrderKind, OrderReplaced, Percent, Price, Qty,
    Reservation, Side, Size, Time, TimeInForce, Trail, TrailImage, limits,
};

/// A place in the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(NonZeroU32);

impl Slot {
    /// The first place.
    pub(crate) const FIRST: Self = Self(NonZeroU32::MIN);

    pub(crate) fn from_index(index: usize) -> Self {
        let number = u32::try_from(index).ok().and_then(|index| NonZeroU32::MIN.checked_add(index));
        Self(number.expect("memory ends before slots do"))
    }

    const fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    /// As it lies where nothing pads.
    pub(crate) const fn to_bytes(self) -> [u8; 4] {
        self.0.get().to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(NonZeroU32::new(u32::from_le_bytes(bytes)).expect("a slot was put in"))
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
#[derive(Clone, Copy, Debug)]
struct Past {
    filled_qty: Qty,
    filled_value: Amount,
    revision: u32,
    /// What its end is behind a whole second.
    end_nanos: u32,
    /// What is ahead of a released stop; below nothing when unknown.
    queue_ahead: i64,
}

impl Past {
    const NONE: Self = Self {
        filled_qty: Qty::ZERO,
        filled_value: Amount([0; 10]),
        revision: 0,
        end_nanos: 0,
        queue_ahead: QUEUE_UNKNOWN,
    };
}

/// What stands for an unknown queue.
const QUEUE_UNKNOWN: i64 = -1;

/// A whole second of the range of [`Time`], or [`Time::NEVER`], in five bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Second([u8; 5]);

impl Second {
    const NEVER: Self = Self([0xFF; 5]);
    /// Seconds before the epoch at which counting begins.
    const BEFORE_EPOCH: i64 = 1 << 38;

    fn of(time: Time) -> Self {
        if time == Time::NEVER {
            return Self::NEVER;
        }
        let bytes = (time.seconds() + Self::BEFORE_EPOCH).to_le_bytes();
        let (low, high) = bytes.split_first_chunk().expect("eight are more than five");
        assert_eq!(high, [0; 3], "64 bits of nanoseconds are fewer than 40 of seconds");
        Self(*low)
    }

    fn time(self) -> Time {
        if self == Self::NEVER {
            return Time::NEVER;
        }
        let mut bytes = [0; 8];
        bytes[..5].copy_from_slice(&self.0);
        Time::from_nanos((i64::from_le_bytes(bytes) - Self::BEFORE_EPOCH).saturating_mul(SECOND_NANOS))
    }
}

const SECOND_NANOS: i64 = 1_000_000_000;

/// What is displayed ahead of a resting order at its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueAhead {
    /// No quote was seen since the order rests: trades at its price cannot be judged yet.
    Unknown,
    /// So many.
    Known(Qty),
}

/// The type of an order, and of a trailing stop the unit of its distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Market,
    Limit,
    Stop,
    StopLimit,
    TrailingAmount,
    TrailingPercent,
}

/// An order's stop was released.
const TRIGGERED: u8 = 1;
/// An order's size is an amount of money.
const BY_MONEY: u8 = 2;

/// An open order. What is as wide as eight comes first, so that nothing pads.
#[derive(Clone, Debug)]
pub(crate) struct OpenOrder {
    pub(crate) id: OrderId,
    pub(crate) priority: u64,
    pub(crate) accepted_at: Time,
    /// A limit, or a trailing mark as of the last event, by type; nothing where there is none.
    limit_or_mark: Price,
    /// A stop price or a trailing distance in units of 1e-8, by type. Where there is none, what is
    /// ahead of the order at its price, below nothing when unknown.
    stop_or_queue: i64,
    past: Option<Box<Past>>,
    size: Amount,
    reserved: Amount,
    pub(crate) instrument: InstrumentId,
    end: Second,
    shape: Shape,
    pub(crate) side: Side,
    /// [`TRIGGERED`], [`BY_MONEY`] and, above them, how long it works.
    flags: u8,
}

impl OpenOrder {
    /// A market order for nothing, without an end.
    fn blank(id: OrderId, instrument: InstrumentId, side: Side) -> Self {
        Self {
            id,
            priority: 0,
            accepted_at: Time::EARLIEST,
            limit_or_mark: Price::ZERO,
            stop_or_queue: QUEUE_UNKNOWN,
            past: None,
            size: Amount::default(),
            reserved: Amount::default(),
            instrument,
            end: Second::NEVER,
            shape: Shape::Market,
            side,
            flags: 0,
        }
    }

    /// As it was taken; `priority` is the event that took it.
    pub(crate) fn accepted(event: &OrderAccepted, time: Time, priority: u64) -> Self {
        let mut order = Self::blank(event.order, event.instrument, event.side);
        (order.priority, order.accepted_at) = (priority, time);
        order.set_time_in_force(event.time_in_force);
        order.set_end(event.expires_at);
        order.set_kind(event.kind, event.hwm);
        order.set_size(event.size);
        order.set_reserved(event.reserved);
        order
    }

    /// As an image tells.
    pub(crate) fn from_image(image: &OrderImage) -> Self {
        let mut order = Self::blank(image.id, image.instrument, image.side);
        (order.priority, order.accepted_at) = (image.priority, image.accepted_at);
        order.set_time_in_force(image.time_in_force);
        order.set_end(image.expires_at);
        if image.triggered {
            order.set_triggered();
        }
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
            time_in_force: self.time_in_force(),
            accepted_at: self.accepted_at,
            expires_at: self.expiry(),
            filled_qty: self.filled_qty(),
            filled_value: self.filled_value(),
            reserved: self.reserved(),
            triggered: self.triggered(),
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
        self.set_time_in_force(event.time_in_force);
        self.set_end(event.expires_at);
        self.past_mut().revision = event.revision;
    }

    pub(crate) fn kind(&self) -> OrderKind {
        let (limit, stop) = (self.limit_or_mark, self.stop_or_queue);
        let amount = Price::from_raw(stop);
        match self.shape {
            Shape::Market => OrderKind::Market,
            Shape::Limit => OrderKind::Limit { limit },
            Shape::Stop => OrderKind::Stop { stop: amount },
            Shape::StopLimit => OrderKind::StopLimit { stop: amount, limit },
            Shape::TrailingAmount => OrderKind::TrailingStop { trail: Trail::Amount(amount) },
            Shape::TrailingPercent => OrderKind::TrailingStop { trail: Trail::Percent(Percent::from_raw(stop)) },
        }
    }

    fn set_kind(&mut self, kind: OrderKind, mark: Option<Price>) {
        let queue = self.queue_ahead();
        let mark = mark.unwrap_or(Price::ZERO);
        (self.shape, self.limit_or_mark, self.stop_or_queue) = match kind {
            OrderKind::Market => (Shape::Market, Price::ZERO, QUEUE_UNKNOWN),
            OrderKind::Limit { limit } => (Shape::Limit, limit, QUEUE_UNKNOWN),
            OrderKind::Stop { stop } => (Shape::Stop, Price::ZERO, stop.raw()),
            OrderKind::StopLimit { stop, limit } => (Shape::StopLimit, limit, stop.raw()),
            OrderKind::TrailingStop { trail: Trail::Amount(amount) } => {
                (Shape::TrailingAmount, mark, amount.raw())
            }
            OrderKind::TrailingStop { trail: Trail::Percent(percent) } => {
                (Shape::TrailingPercent, mark, percent.raw())
            }
        };
        self.set_queue_ahead(queue);
    }

    /// Whether the field of a stop is free for what is ahead.
    fn has_no_stop(&self) -> bool {
        matches!(self.shape, Shape::Market | Shape::Limit)
    }

    /// The worst price it may trade at, where it names one.
    pub(crate) fn limit(&self) -> Option<Price> {
        (!self.is_trailing() && self.limit_or_mark.is_positive()).then_some(self.limit_or_mark)
    }

    fn is_trailing(&self) -> bool {
        matches!(self.shape, Shape::TrailingAmount | Shape::TrailingPercent)
    }

    pub(crate) fn size(&self) -> Size {
        if self.flags & BY_MONEY == 0 { Size::Shares(self.qty_total()) } else { Size::Notional(self.size.money()) }
    }

    fn set_size(&mut self, size: Size) {
        let (unit, amount) = match size {
            Size::Shares(qty) => (0, Money::from_raw(qty.raw().into())),
            Size::Notional(amount) => (BY_MONEY, amount),
        };
        self.flags = self.flags & !BY_MONEY | unit;
        self.size = Amount::of(amount);
    }

    pub(crate) fn time_in_force(&self) -> TimeInForce {
        match self.flags >> 2 {
            0 => TimeInForce::Day,
            1 => TimeInForce::GoodTilCanceled,
            2 => TimeInForce::ImmediateOrCancel,
            3 => TimeInForce::FillOrKill,
            4.. => unreachable!("two bits were put in"),
        }
    }

    fn set_time_in_force(&mut self, time_in_force: TimeInForce) {
        let bits = match time_in_force {
            TimeInForce::Day => 0,
            TimeInForce::GoodTilCanceled => 1,
            TimeInForce::ImmediateOrCancel => 2,
            TimeInForce::FillOrKill => 3,
        };
        self.flags = self.flags & (TRIGGERED | BY_MONEY) | bits << 2;
    }

    /// Whether its stop was released.
    pub(crate) fn triggered(&self) -> bool {
        self.flags & TRIGGERED != 0
    }

    pub(crate) fn set_triggered(&mut self) {
        self.flags |= TRIGGERED;
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
        self.past.as_ref().map_or(Money::ZERO, |past| past.filled_value.money())
    }

    /// How often it was replaced.
    pub(crate) fn revision(&self) -> u32 {
        self.past.as_ref().map_or(0, |past| past.revision)
    }

    fn past_mut(&mut self) -> &mut Past {
        self.past.get_or_insert_with(|| Box::new(Past::NONE))
    }

    /// What is filled with a fill more, which is within what was asked.
    pub(crate) fn filled_with(&self, qty: Qty, value: Money) -> (Qty, Money) {
        let (filled_qty, filled_value) = (self.filled_qty() + qty, self.filled_value() + value);
        match self.size() {
            Size::Shares(total) => assert!(filled_qty <= total, "no more is filled than was asked"),
            Size::Notional(amount) => assert!(filled_value <= amount, "no more is spent than was asked"),
        }
        (filled_qty, filled_value)
    }

    /// Notes a fill that leaves the order open.
    pub(crate) fn add_fill(&mut self, qty: Qty, value: Money) {
        let (filled_qty, filled_value) = self.filled_with(qty, value);
        let past = self.past_mut();
        (past.filled_qty, past.filled_value) = (filled_qty, Amount::of(filled_value));
    }

    /// Whether it waits for its stop.
    pub(crate) fn waits_for_trigger(&self) -> bool {
        !self.has_no_stop() && !self.triggered()
    }

    /// When the timers look at it: at its end, or with the first time there is when it is a day
    /// order that came before any.
    pub(crate) fn timer(&self) -> Time {
        let is_undated = self.time_in_force() == TimeInForce::Day && self.end == Second::NEVER;
        if is_undated { UNDATED } else { self.expires_at() }
    }

    /// [`Time::NEVER`] where it does not end by itself.
    pub(crate) fn expires_at(&self) -> Time {
        self.end.time().plus_nanos(self.past.as_ref().map_or(0, |past| past.end_nanos.into()))
    }

    pub(crate) fn expiry(&self) -> Option<Time> {
        (self.end != Second::NEVER).then(|| self.expires_at())
    }

    /// Sessions close on whole seconds; another end takes memory of its own.
    fn set_end(&mut self, end: Option<Time>) {
        let end = end.unwrap_or(Time::NEVER);
        self.end = Second::of(end);
        let nanos = end.nanos_since(self.end.time());
        if nanos != 0 || self.past.is_some() {
            self.past_mut().end_nanos = u32::try_from(nanos).expect("less than a second");
        }
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
        let ahead = match self.past.as_ref() {
            _ if self.has_no_stop() => self.stop_or_queue,
            Some(past) => past.queue_ahead,
            None => QUEUE_UNKNOWN,
        };
        if ahead == QUEUE_UNKNOWN { QueueAhead::Unknown } else { QueueAhead::Known(Qty::from_raw(ahead)) }
    }

    pub(crate) fn set_queue_ahead(&mut self, ahead: QueueAhead) {
        let ahead = match ahead {
            QueueAhead::Unknown => QUEUE_UNKNOWN,
            QueueAhead::Known(qty) => qty.raw(),
        };
        if self.has_no_stop() {
            self.stop_or_queue = ahead;
        } else if ahead != QUEUE_UNKNOWN || self.past.is_some() {
            self.past_mut().queue_ahead = ahead;
        }
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

/// Rows that are allocated at once: one less than fill a size that allocators hand out, as one that
/// adds a word for the alignment would take the next size (measured with mimalloc: 96 bytes a row).
const BLOCK: usize = 1_023;

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

    /// When the order at a place ends by time, where one is open there.
    pub(crate) fn timer(&self, slot: Slot) -> Option<Time> {
        let row = self.blocks.get(slot.index() / BLOCK)?.get(slot.index() % BLOCK)?;
        row.as_ref().map(OpenOrder::timer)
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
    use model::{OrderNumber, PortfolioId};

    #[test]
    fn an_open_order_takes_80_bytes() {
        assert_eq!(size_of::<Option<OpenOrder>>(), 80);
    }

    #[test]
    fn every_end_comes_back_as_it_was_put_in() {
        let id = OrderId::of(PortfolioId::new(1), OrderNumber::new(1));
        let mut order = OpenOrder::blank(id, InstrumentId::new(1), Side::Buy);
        assert_eq!((order.expiry(), order.expires_at()), (None, Time::NEVER));
        for nanos in [i64::MIN, -1, 0, 1, 1_764_277_200_000_000_000, 1_764_277_200_000_000_001, i64::MAX - 1] {
            let end = Time::from_nanos(nanos);
            order.set_end(Some(end));
            assert_eq!((order.expiry(), order.expires_at(), order.timer()), (Some(end), end, end));
            order.set_end(None);
            assert_eq!((order.expiry(), order.timer()), (None, UNDATED));
        }
    }

    #[test]
    fn flags_and_what_is_ahead_keep_out_of_each_others_way() {
        let id = OrderId::of(PortfolioId::new(1), OrderNumber::new(1));
        let (stop, limit) = (Price::whole(12), Price::whole(13));
        let kinds = [
            OrderKind::Market,
            OrderKind::Limit { limit },
            OrderKind::Stop { stop },
            OrderKind::StopLimit { stop, limit },
            OrderKind::TrailingStop { trail: Trail::Amount(stop) },
            OrderKind::TrailingStop { trail: Trail::Percent(Percent::from_raw(500)) },
        ];
        let times = [
            TimeInForce::Day,
            TimeInForce::GoodTilCanceled,
            TimeInForce::ImmediateOrCancel,
            TimeInForce::FillOrKill,
        ];
        let ahead = QueueAhead::Known(Qty::whole(300));
        for (kind, time_in_force) in kinds.into_iter().flat_map(|kind| times.map(|time| (kind, time))) {
            let mut order = OpenOrder::blank(id, InstrumentId::new(1), Side::Sell);
            order.set_time_in_force(time_in_force);
            order.set_kind(kind, None);
            order.set_size(Size::Notional(Money::whole(7)));
            assert_eq!(order.waits_for_trigger(), kind.waits_for_trigger());
            assert_eq!(order.queue_ahead(), QueueAhead::Unknown);
            order.set_triggered();
            order.set_queue_ahead(ahead);
            assert!(order.triggered() && !order.waits_for_trigger());
            assert_eq!((order.kind(), order.time_in_force()), (kind, time_in_force));
            assert_eq!((order.size(), order.queue_ahead()), (Size::Notional(Money::whole(7)), ahead));
            // New terms leave what is ahead to whoever takes the order in again.
            for kind in kinds {
                order.set_kind(kind, None);
                assert_eq!((order.kind(), order.queue_ahead()), (kind, ahead));
            }
            order.set_size(Size::Shares(Qty::whole(9)));
            order.set_queue_ahead(QueueAhead::Unknown);
            assert_eq!((order.size(), order.queue_ahead()), (Size::Shares(Qty::whole(9)), QueueAhead::Unknown));
        }
    }
}
