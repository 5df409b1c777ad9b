//! The rows of the read views, and how orders fold.
//!
//! It owns what an order and a trade look like to readers. It must never decide: a row is a fold of
//! events and nothing else. Invariant: folding the same events gives the same row.

use bytes::Bytes;
use model::{
    CancelReason, ClientOrderId, Event, EventBody, Fill, InstrumentId, Money, OrderAccepted, OrderId, OrderLegs,
    OrderLink, OrderRejected, OrderReplaced, OrderSized, OrderStatus, OrderTerms, PortfolioId, PortfolioSeq,
    Price, PriceCap, Qty, Reject, Reservation, Side, Size, SubmittedBy, Symbol, Time, Trail, Trigger,
};
use rkyv::{Archive, Deserialize, Serialize};

/// An order as readers see it.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// Its id.
    pub id: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// Who sent it.
    pub by: SubmittedBy,
    /// What it trades; `None` for a refused order, whose symbol may be unknown.
    pub instrument: Option<InstrumentId>,
    /// The ticker at that time.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// What it asks for.
    pub terms: OrderTerms,
    /// Where it stands in a chain.
    pub link: Option<OrderLink>,
    /// What was sent with it.
    pub legs: Option<OrderLegs>,
    /// Whether it waits for its parent.
    pub held: bool,
    /// When it ends by itself.
    pub expires_at: Option<Time>,
    /// Where it stands.
    pub status: OrderStatus,
    /// How many are filled.
    pub filled_qty: Qty,
    /// What those were worth.
    pub filled_value: Money,
    /// A trailing stop's mark.
    pub hwm: Option<Price>,
    /// Whether its stop was released.
    pub triggered: bool,
    /// How far it may go, once that is known of an order without a limit.
    pub cap: Option<PriceCap>,
    /// What it holds back.
    pub reserved: Reservation,
    /// How often it was changed.
    pub revision: u32,
    /// Why it was refused.
    pub reject: Option<Reject>,
    /// Why it was cancelled.
    pub cancel_reason: Option<CancelReason>,
    /// Engine time at which it was taken or refused.
    pub created_at: Time,
    /// Engine time of its last change.
    pub updated_at: Time,
}

impl OrderRow {
    /// An order that was taken at this time.
    #[must_use]
    pub fn accepted(accepted: &OrderAccepted, time: Time) -> Self {
        Self {
            id: accepted.order,
            client_order_id: accepted.client_order_id.clone(),
            by: accepted.by,
            instrument: Some(accepted.instrument),
            symbol: accepted.symbol,
            side: accepted.side,
            terms: accepted.terms,
            link: accepted.link,
            legs: accepted.legs,
            held: accepted.link.is_some_and(|link| link.parent.is_some()),
            expires_at: accepted.expires_at,
            status: OrderStatus::New,
            filled_qty: Qty::ZERO,
            filled_value: Money::ZERO,
            hwm: accepted.hwm,
            triggered: false,
            cap: None,
            reserved: accepted.reserved,
            revision: 0,
            reject: None,
            cancel_reason: None,
            created_at: time,
            updated_at: time,
        }
    }

    /// An order that was refused at this time.
    #[must_use]
    pub fn rejected(rejected: &OrderRejected, time: Time) -> Self {
        Self {
            id: rejected.order,
            client_order_id: rejected.client_order_id.clone(),
            by: rejected.by,
            instrument: None,
            symbol: rejected.symbol,
            side: rejected.side,
            terms: rejected.terms,
            link: rejected.link,
            legs: rejected.legs,
            held: false,
            expires_at: None,
            status: OrderStatus::Rejected,
            filled_qty: Qty::ZERO,
            filled_value: Money::ZERO,
            hwm: None,
            triggered: false,
            cap: None,
            reserved: Reservation::default(),
            revision: 0,
            reject: Some(rejected.reject.clone()),
            cancel_reason: None,
            created_at: time,
            updated_at: time,
        }
    }

    /// Takes in an event of this order. One that concerns no order, or that made the order, changes
    /// nothing.
    ///
    /// # Panics
    /// When the event is another order's, or the order had ended: the caller found the wrong row.
    pub fn fold(&mut self, event: &Event) {
        let order = match &event.body {
            EventBody::InstrumentDefined(_)
            | EventBody::PortfolioOpened { .. }
            | EventBody::LimitsSet { .. }
            | EventBody::CashFlowed { .. }
            | EventBody::OrderAccepted(_)
            | EventBody::OrderRejected(_) => return,
            EventBody::OrderReplaced(replaced) => replaced.order,
            EventBody::OrderSized(sized) => sized.order,
            EventBody::Filled(fill) => fill.order,
            EventBody::OrderTriggered { order, .. }
            | EventBody::OrderCapped { order, .. }
            | EventBody::OrderTrailed { order, .. }
            | EventBody::OrderCanceled { order, .. }
            | EventBody::OrderExpired { order } => *order,
        };
        assert_eq!(order, self.id, "an order folds its own events alone");
        assert!(self.status.is_open(), "an order that has ended does not change");
        match &event.body {
            EventBody::OrderReplaced(replaced) => self.replace(replaced),
            EventBody::OrderSized(sized) => self.resize(sized),
            EventBody::OrderTriggered { .. } => self.triggered = true,
            EventBody::OrderCapped { cap, reserved, .. } => {
                self.cap = Some(*cap);
                self.reserved = *reserved;
            }
            EventBody::OrderTrailed { hwm, .. } => self.hwm = Some(*hwm),
            EventBody::Filled(fill) => self.fill(fill),
            EventBody::OrderCanceled { reason, .. } => {
                self.end(OrderStatus::Canceled);
                self.cancel_reason = Some(*reason);
            }
            EventBody::OrderExpired { .. } => self.end(OrderStatus::Expired),
            EventBody::InstrumentDefined(_)
            | EventBody::PortfolioOpened { .. }
            | EventBody::LimitsSet { .. }
            | EventBody::CashFlowed { .. }
            | EventBody::OrderAccepted(_)
            | EventBody::OrderRejected(_) => {}
        }
        self.updated_at = event.time;
    }

    /// The part that is neither filled nor cancelled: nothing once the order has ended, `None` while
    /// an order by amount works.
    #[must_use]
    pub fn leaves_qty(&self) -> Option<Qty> {
        if !self.status.is_open() {
            return Some(Qty::ZERO);
        }
        match self.terms.size {
            Size::Shares(qty) => Some(qty.saturating_sub(self.filled_qty)),
            Size::Notional(_) => None,
        }
    }

    /// What was paid or received for one, on average, rounded half to even; `None` before a fill.
    #[must_use]
    pub fn filled_avg_price(&self) -> Option<Price> {
        self.filled_qty.is_positive().then(|| self.filled_value.per_unit_half_even(self.filled_qty))
    }

    /// The price the order waits for now: the one that releases it (a trailing stop's as it stands)
    /// until it is released, its limit otherwise, and `None` where it takes any price or has ended.
    #[must_use]
    pub fn working_price(&self) -> Option<Price> {
        if !self.status.is_open() {
            return None;
        }
        match self.terms.kind.trigger() {
            Some(trigger) if !self.triggered => self.releasing_price(trigger),
            Some(Trigger::Trail(trail)) => self.trailed_limit(trail),
            Some(Trigger::Stop(_) | Trigger::Touch(_)) => self.terms.kind.limit_price(),
            // A pegged order's limit is told as marks are.
            None if self.terms.kind.peg().is_some() => self.hwm,
            None => self.terms.kind.limit_price().or(self.cap.filter(|cap| cap.rests).map(|cap| cap.price)),
        }
    }

    /// A trailing stop that does not follow yet waits for the price at which it begins.
    fn releasing_price(&self, trigger: Trigger) -> Option<Price> {
        match (trigger, self.hwm) {
            (Trigger::Stop(price) | Trigger::Touch(price), _) => Some(price),
            (Trigger::Trail(trail), Some(hwm)) => Some(trail.stop_price(self.side, hwm)),
            (Trigger::Trail(_), None) => self.terms.kind.activation(),
        }
    }

    /// The limit of a trailing stop that was released: beyond its stop as that stood then.
    fn trailed_limit(&self, trail: Trail) -> Option<Price> {
        let stop = trail.stop_price(self.side, self.hwm?);
        Some(self.side.worse_by(stop, self.terms.kind.limit_offset()?))
    }

    fn replace(&mut self, replaced: &OrderReplaced) {
        self.terms = replaced.terms;
        self.expires_at = replaced.expires_at;
        self.hwm = replaced.hwm;
        self.reserved = replaced.reserved;
        self.revision = replaced.revision;
    }

    /// It follows what another order of its chain did.
    fn resize(&mut self, sized: &OrderSized) {
        self.terms.size = Size::Shares(sized.qty);
        self.held = sized.held;
        self.expires_at = sized.expires_at;
        self.reserved = sized.reserved;
        if sized.completes {
            self.end(OrderStatus::Filled);
        }
    }

    fn fill(&mut self, fill: &Fill) {
        self.filled_qty += fill.qty;
        self.filled_value += fill.value;
        self.reserved = fill.reserved;
        if fill.completes {
            self.end(OrderStatus::Filled);
        } else {
            self.status = OrderStatus::PartiallyFilled;
        }
    }

    fn end(&mut self, status: OrderStatus) {
        self.status = status;
        self.reserved = Reservation::default();
    }
}

/// A trade as readers see it.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct TradeRow {
    /// Whose.
    pub portfolio: PortfolioId,
    /// The number of its stream message.
    pub seq: PortfolioSeq,
    /// Engine time.
    pub time: Time,
    /// The ticker at that time.
    pub symbol: Symbol,
    /// Who sent the order.
    pub by: SubmittedBy,
    /// The trade itself.
    pub fill: Fill,
}

/// A message of a portfolio's stream: the very bytes that were published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Whose.
    pub portfolio: PortfolioId,
    /// Its number.
    pub seq: PortfolioSeq,
    /// What was published, shared with those who receive it.
    pub bytes: Bytes,
}
