//! An open order in as little memory as what it asks for takes.
//!
//! Owns what is known of one order besides its place in the books: what its owner asked, what it has
//! traded, where it stands in a chain. What few orders have lies in a part of its own. Nothing here
//! decides.

mod prices;

use crate::compact::{Amount, Second};
use crate::timers::UNDATED;
use alloc::boxed::Box;
use model::{
    Instructions, InstrumentId, LegImage, Money, OrderAccepted, OrderFees, OrderId, OrderImage, OrderKind,
    OrderLink, OrderReplaced, OrderSized, OrderTerms, Peg, Percent, Price, Qty, Reservation, Side, Size, Time,
    TimeInForce, TradingHours, Trail, TrailImage, TriggerSource,
};

/// What most open orders do not have.
#[derive(Clone, Copy, Debug)]
struct Rare {
    filled_qty: Qty,
    filled_value: Amount,
    revision: u32,
    /// What its end is behind a whole second.
    end_nanos: u32,
    /// What is ahead of a released stop; below nothing when unknown.
    queue_ahead: i64,
    instructions: Instructions,
    /// Where a trailing stop begins to follow.
    activation: Option<Price>,
    /// How far beyond its stop a trailing stop's limit lies.
    offset: Price,
    /// What is filled of the slice that an iceberg shows.
    slice_filled: Qty,
    link: Option<OrderLink>,
    /// How much its parent set free so far.
    released: Qty,
    /// When it came to stand as it does, where that was not when it was sent.
    since: Option<Time>,
    peg: Option<Peg>,
    /// A pegged order's limit as of the last event.
    peg_recorded: Price,
    /// What its fills came to in commission.
    fees: OrderFees,
    /// How far it may go, where it has no limit and that is known.
    cap: Option<Price>,
}

impl Rare {
    const NONE: Self = Self {
        filled_qty: Qty::ZERO,
        filled_value: Amount::NONE,
        revision: 0,
        end_nanos: 0,
        queue_ahead: QUEUE_UNKNOWN,
        instructions: Instructions {
            hours: TradingHours::Regular,
            post_only: false,
            reduce_only: false,
            display_qty: None,
            trigger_source: TriggerSource::Last,
        },
        activation: None,
        offset: Price::ZERO,
        slice_filled: Qty::ZERO,
        link: None,
        released: Qty::ZERO,
        since: None,
        peg: None,
        peg_recorded: Price::ZERO,
        fees: OrderFees { accrued: Money::ZERO, commission: Money::ZERO },
        cap: None,
    };
}

/// What stands for an unknown queue.
const QUEUE_UNKNOWN: i64 = -1;

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
    TrailingAmountLimit,
    TrailingPercentLimit,
    MarketIfTouched,
    LimitIfTouched,
    Pegged,
}

/// An order's stop was released.
const TRIGGERED: u8 = 1;
/// An order's size is an amount of money.
const BY_MONEY: u8 = 2;
/// An order waits for its parent.
const HELD: u8 = 1 << 5;
/// An order without a limit rests at its cap.
const AT_CAP: u8 = 1 << 6;

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
    rare: Option<Box<Rare>>,
    size: Amount,
    reserved: Amount,
    pub(crate) instrument: InstrumentId,
    end: Second,
    shape: Shape,
    pub(crate) side: Side,
    /// [`TRIGGERED`], [`BY_MONEY`], how long it works in three bits above them, [`HELD`] and [`AT_CAP`].
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
            rare: None,
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
        order.set_end(event.expires_at);
        order.set_terms(&event.terms, event.hwm);
        order.set_reserved(event.reserved);
        if let Some(link) = event.link {
            order.rare_mut().link = Some(link);
            order.set_held(link.parent.is_some());
        }
        order
    }

    /// As an image tells.
    pub(crate) fn from_image(image: &OrderImage) -> Self {
        let mut order = Self::blank(image.id, image.instrument, image.side);
        (order.priority, order.accepted_at) = (image.priority, image.accepted_at);
        order.set_end(image.expires_at);
        if image.triggered {
            order.set_triggered();
        }
        order.set_terms(&image.terms, image.trail.and_then(|trail| trail.hwm));
        order.set_reserved(image.reserved);
        if image.filled_qty.is_positive() {
            order.add_fill(image.filled_qty, image.filled_value, image.fees);
        }
        if let Some(cap) = image.cap {
            order.set_cap(cap);
        }
        if image.revision != 0 {
            order.rare_mut().revision = image.revision;
        }
        if let Some(leg) = image.leg {
            let rare = order.rare_mut();
            (rare.link, rare.released) = (Some(leg.link), leg.released);
            order.set_held(leg.held);
        }
        order
    }

    /// The row of an image.
    pub(crate) fn image(&self) -> OrderImage {
        OrderImage {
            id: self.id,
            instrument: self.instrument,
            side: self.side,
            terms: self.terms(),
            accepted_at: self.accepted_at,
            expires_at: self.expiry(),
            filled_qty: self.filled_qty(),
            filled_value: self.filled_value(),
            fees: self.fees(),
            reserved: self.reserved(),
            triggered: self.triggered(),
            trail: (self.is_trailing() || self.peg().is_some()).then(|| TrailImage { hwm: self.hwm() }),
            cap: self.cap(),
            leg: self.link().map(|link| LegImage { link, released: self.released(), held: self.is_held() }),
            revision: self.revision(),
            priority: self.priority,
        }
    }

    /// Takes the terms of a replace.
    pub(crate) fn replace(&mut self, event: &OrderReplaced) {
        self.set_end(event.expires_at);
        self.set_terms(&event.terms, event.hwm);
        self.set_reserved(event.reserved);
        self.rare_mut().revision = event.revision;
    }

    /// Takes what another order of its chain made of it.
    pub(crate) fn resize(&mut self, event: &OrderSized) {
        self.set_size(Size::Shares(event.qty));
        self.set_reserved(event.reserved);
        self.set_end(event.expires_at);
        self.set_held(event.held);
        self.rare_mut().released = event.released;
    }

    /// Where it stands in a chain.
    pub(crate) fn link(&self) -> Option<OrderLink> {
        self.rare.as_ref().and_then(|rare| rare.link)
    }

    /// How much its parent set free so far.
    pub(crate) fn released(&self) -> Qty {
        self.rare.as_ref().map_or(Qty::ZERO, |rare| rare.released)
    }

    /// Whether it waits for its parent.
    pub(crate) fn is_held(&self) -> bool {
        self.flags & HELD != 0
    }

    fn set_held(&mut self, held: bool) {
        self.flags = if held { self.flags | HELD } else { self.flags & !HELD };
    }

    /// Since when it stands as it does: sent, changed or set free. Of one from an image, since it was sent.
    pub(crate) fn since(&self) -> Time {
        self.rare.as_ref().and_then(|rare| rare.since).unwrap_or(self.accepted_at)
    }

    pub(crate) fn set_since(&mut self, time: Time) {
        self.rare_mut().since = Some(time);
    }

    /// What of a size in shares is not filled.
    pub(crate) fn leaves(&self) -> Option<Qty> {
        match self.size() {
            Size::Shares(total) => Some(total - self.filled_qty()),
            Size::Notional(_) => None,
        }
    }

    /// What its owner asked.
    pub(crate) fn terms(&self) -> OrderTerms {
        OrderTerms {
            kind: self.kind(),
            size: self.size(),
            time_in_force: self.time_in_force(),
            instructions: self.instructions(),
        }
    }

    /// Its end must be set before: it is where a GTD order keeps its date.
    fn set_terms(&mut self, terms: &OrderTerms, mark: Option<Price>) {
        let OrderTerms { kind, size, time_in_force, instructions } = *terms;
        self.set_time_in_force(time_in_force);
        self.set_kind(kind, mark);
        self.set_size(size);
        if instructions != Instructions::default() || self.rare.is_some() {
            self.rare_mut().instructions = instructions;
        }
        assert_eq!(self.terms(), *terms, "terms come back as they were put in");
    }

    pub(crate) fn instructions(&self) -> Instructions {
        self.rare.as_ref().map_or(Rare::NONE.instructions, |rare| rare.instructions)
    }

    pub(crate) fn kind(&self) -> OrderKind {
        let (limit, stop) = (self.limit_or_mark, self.stop_or_queue);
        let amount = Price::from_raw(stop);
        let (by_amount, by_percent) = (Trail::Amount(amount), Trail::Percent(Percent::from_raw(stop)));
        let rare = self.rare.as_ref();
        let activation = rare.and_then(|rare| rare.activation);
        let offset = rare.map_or(Price::ZERO, |rare| rare.offset);
        match self.shape {
            Shape::Market => OrderKind::Market,
            Shape::Limit => OrderKind::Limit { limit },
            Shape::Stop => OrderKind::Stop { stop: amount },
            Shape::StopLimit => OrderKind::StopLimit { stop: amount, limit },
            Shape::TrailingAmount => OrderKind::TrailingStop { trail: by_amount, activation },
            Shape::TrailingPercent => OrderKind::TrailingStop { trail: by_percent, activation },
            Shape::TrailingAmountLimit => OrderKind::TrailingStopLimit { trail: by_amount, offset, activation },
            Shape::TrailingPercentLimit => OrderKind::TrailingStopLimit { trail: by_percent, offset, activation },
            Shape::MarketIfTouched => OrderKind::MarketIfTouched { trigger: amount },
            Shape::LimitIfTouched => OrderKind::LimitIfTouched { trigger: amount, limit },
            Shape::Pegged => OrderKind::Pegged(self.peg().expect("a pegged order has a peg")),
        }
    }

    fn set_kind(&mut self, kind: OrderKind, mark: Option<Price>) {
        let queue = self.queue_ahead();
        let mark = mark.unwrap_or(Price::ZERO);
        let trailing = |trail, by_amount, by_percent| match trail {
            Trail::Amount(amount) => (by_amount, mark, Price::raw(amount)),
            Trail::Percent(percent) => (by_percent, mark, Percent::raw(percent)),
        };
        (self.shape, self.limit_or_mark, self.stop_or_queue) = match kind {
            OrderKind::Market => (Shape::Market, Price::ZERO, QUEUE_UNKNOWN),
            OrderKind::Limit { limit } => (Shape::Limit, limit, QUEUE_UNKNOWN),
            OrderKind::Stop { stop } => (Shape::Stop, Price::ZERO, stop.raw()),
            OrderKind::StopLimit { stop, limit } => (Shape::StopLimit, limit, stop.raw()),
            OrderKind::TrailingStop { trail, .. } => {
                trailing(trail, Shape::TrailingAmount, Shape::TrailingPercent)
            }
            OrderKind::TrailingStopLimit { trail, .. } => {
                trailing(trail, Shape::TrailingAmountLimit, Shape::TrailingPercentLimit)
            }
            OrderKind::MarketIfTouched { trigger } => (Shape::MarketIfTouched, Price::ZERO, trigger.raw()),
            OrderKind::LimitIfTouched { trigger, limit } => (Shape::LimitIfTouched, limit, trigger.raw()),
            // Its limit comes with the quotes.
            OrderKind::Pegged(_) => (Shape::Pegged, Price::ZERO, QUEUE_UNKNOWN),
        };
        if kind.peg().is_some() || self.peg().is_some() {
            let rare = self.rare_mut();
            (rare.peg, rare.peg_recorded) = (kind.peg(), mark);
        }
        let (activation, offset) = (kind.activation(), kind.limit_offset().unwrap_or(Price::ZERO));
        if activation.is_some() || !offset.is_zero() || self.rare.is_some() {
            let rare = self.rare_mut();
            (rare.activation, rare.offset) = (activation, offset);
        }
        self.set_queue_ahead(queue);
    }

    /// Whether the field of a stop is free for what is ahead.
    fn has_no_stop(&self) -> bool {
        matches!(self.shape, Shape::Market | Shape::Limit | Shape::Pegged)
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
        match self.flags >> 2 & 0b111 {
            0 => TimeInForce::Day,
            1 => TimeInForce::GoodTilCanceled,
            2 => TimeInForce::ImmediateOrCancel,
            3 => TimeInForce::FillOrKill,
            4 => TimeInForce::GoodTilDate(self.expires_at()),
            5 => TimeInForce::AtOpen,
            6 => TimeInForce::AtClose,
            7.. => unreachable!("at most six was put in"),
        }
    }

    fn set_time_in_force(&mut self, time_in_force: TimeInForce) {
        let bits = match time_in_force {
            TimeInForce::Day => 0,
            TimeInForce::GoodTilCanceled => 1,
            TimeInForce::ImmediateOrCancel => 2,
            TimeInForce::FillOrKill => 3,
            TimeInForce::GoodTilDate(end) => {
                assert_eq!(end, self.expires_at(), "a date is the end");
                4
            }
            TimeInForce::AtOpen => 5,
            TimeInForce::AtClose => 6,
        };
        self.flags = self.flags & !(0b111 << 2) | bits << 2;
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
        self.rare.as_ref().map_or(Qty::ZERO, |rare| rare.filled_qty)
    }

    pub(crate) fn filled_value(&self) -> Money {
        self.rare.as_ref().map_or(Money::ZERO, |rare| rare.filled_value.money())
    }

    /// How often it was replaced.
    pub(crate) fn revision(&self) -> u32 {
        self.rare.as_ref().map_or(0, |rare| rare.revision)
    }

    fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_with(|| Box::new(Rare::NONE))
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

    /// Notes a fill that leaves the order open, and what it added in commission.
    pub(crate) fn add_fill(&mut self, qty: Qty, value: Money, fees: OrderFees) {
        let (filled_qty, filled_value) = self.filled_with(qty, value);
        let rare = self.rare_mut();
        (rare.filled_qty, rare.filled_value) = (filled_qty, Amount::of(filled_value));
        rare.fees = rare.fees.with(fees);
    }

    /// What its fills came to in commission.
    pub(crate) fn fees(&self) -> OrderFees {
        self.rare.as_ref().map_or(OrderFees::default(), |rare| rare.fees)
    }

    /// What of an amount its fills spent: a purchase pays for its commission, too. A rebate is not
    /// spent again.
    pub(crate) fn spent(&self) -> Money {
        spent(self.side, self.filled_value(), self.fees())
    }

    /// Whether it waits for its stop.
    pub(crate) fn waits_for_trigger(&self) -> bool {
        !self.has_no_stop() && !self.triggered()
    }

    /// Whether it may trade as soon as the market comes to it.
    pub(crate) fn may_trade(&self) -> bool {
        let is_suspended = self.shape == Shape::Pegged && self.limit_or_mark.is_zero();
        !self.is_held() && !self.waits_for_trigger() && !self.waits_for_auction() && !is_suspended
    }

    /// Whether it waits for an auction, the only time at which it trades.
    pub(crate) fn waits_for_auction(&self) -> bool {
        self.time_in_force().is_auction()
    }

    /// When the timers look at it: at its end, or with the first time there is when it is a day
    /// order that came before any.
    pub(crate) fn timer(&self) -> Time {
        // A held one is given its end when it begins to work.
        let is_undated = self.time_in_force() == TimeInForce::Day && self.end == Second::NEVER && !self.is_held();
        if is_undated { UNDATED } else { self.expires_at() }
    }

    /// [`Time::NEVER`] where it does not end by itself.
    pub(crate) fn expires_at(&self) -> Time {
        self.end.time().plus_nanos(self.rare.as_ref().map_or(0, |rare| rare.end_nanos.into()))
    }

    pub(crate) fn expiry(&self) -> Option<Time> {
        (self.end != Second::NEVER).then(|| self.expires_at())
    }

    /// Sessions close on whole seconds; another end takes memory of its own.
    fn set_end(&mut self, end: Option<Time>) {
        let end = end.unwrap_or(Time::NEVER);
        self.end = Second::of(end);
        let nanos = end.nanos_since(self.end.time());
        if nanos != 0 || self.rare.is_some() {
            self.rare_mut().end_nanos = u32::try_from(nanos).expect("less than a second");
        }
    }
}

/// What fills of this value and commission spend of an amount.
pub(crate) fn spent(side: Side, filled_value: Money, fees: OrderFees) -> Money {
    match side {
        Side::Buy => filled_value + fees.commission.max(Money::ZERO),
        Side::Sell => filled_value,
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
            OrderKind::TrailingStop { trail: Trail::Amount(stop), activation: None },
            OrderKind::TrailingStop { trail: Trail::Percent(Percent::from_raw(500)), activation: Some(limit) },
            OrderKind::TrailingStopLimit { trail: Trail::Amount(stop), offset: limit, activation: None },
            OrderKind::MarketIfTouched { trigger: stop },
            OrderKind::LimitIfTouched { trigger: stop, limit },
        ];
        let times = [
            TimeInForce::Day,
            TimeInForce::GoodTilCanceled,
            TimeInForce::ImmediateOrCancel,
            TimeInForce::FillOrKill,
            TimeInForce::GoodTilDate(Time::from_nanos(1_772_463_600_000_000_001)),
            TimeInForce::AtOpen,
            TimeInForce::AtClose,
        ];
        let ahead = QueueAhead::Known(Qty::whole(300));
        for (kind, time_in_force) in kinds.into_iter().flat_map(|kind| times.map(|time| (kind, time))) {
            let mut order = OpenOrder::blank(id, InstrumentId::new(1), Side::Sell);
            if let TimeInForce::GoodTilDate(end) = time_in_force {
                order.set_end(Some(end));
            }
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
