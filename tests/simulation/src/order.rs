//! An order as the naive fold has it.
//!
//! It owns what is read of an order's own fields. It must never decide: whether an order waits or has a limit
//! follows from its type alone.

use crate::known::Kind;
use model::{
    CancelReason, ClientOrderId, InstrumentId, OrderId, OrderStatus, OrderTerms, Price, Qty, Reject, Reservation,
    Side, SubmittedBy, Symbol, Time,
};
use persistence::OrderRow;

/// An order, open or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// Who sent it.
    pub by: SubmittedBy,
    /// What it trades; `None` where it was refused.
    pub instrument: Option<InstrumentId>,
    /// The ticker as sent.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// What it asks for now.
    pub terms: OrderTerms,
    /// When it ends by itself.
    pub expires_at: Option<Time>,
    /// Where it stands.
    pub status: OrderStatus,
    /// How many are filled.
    pub filled: i128,
    /// What those were worth.
    pub filled_value: i128,
    /// The mark as of the last event.
    pub hwm: Option<Price>,
    /// Whether its stop was released.
    pub triggered: bool,
    /// What it holds back.
    pub reserved: Reservation,
    /// How often it was changed.
    pub revision: u32,
    /// Why it was refused.
    pub reject: Option<Reject>,
    /// Why it was cancelled.
    pub cancel_reason: Option<CancelReason>,
    /// When it was taken.
    pub created_at: Time,
    /// When it changed last.
    pub updated_at: Time,
    /// The event that gave it its place among equals.
    pub priority: u64,
}

impl Order {
    /// Type and prices now.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::of(self.terms.kind)
    }

    /// Whether it waits for its stop.
    #[must_use]
    pub fn waits(&self) -> bool {
        match self.kind() {
            Kind::Market | Kind::Limit { .. } => false,
            Kind::Stop { .. } | Kind::StopLimit { .. } | Kind::TrailingStop { .. } => !self.triggered,
        }
    }

    /// Whether its stop follows the price.
    #[must_use]
    pub fn trails(&self) -> bool {
        match self.kind() {
            Kind::TrailingStop { .. } => true,
            Kind::Market | Kind::Limit { .. } | Kind::Stop { .. } | Kind::StopLimit { .. } => false,
        }
    }

    /// The worst price it may trade at.
    #[must_use]
    pub fn limit(&self) -> Option<Price> {
        match self.kind() {
            Kind::Limit { limit } | Kind::StopLimit { limit, .. } => Some(limit),
            Kind::Market | Kind::Stop { .. } | Kind::TrailingStop { .. } => None,
        }
    }

    /// As readers of the product should see it.
    #[must_use]
    pub fn row(&self) -> OrderRow {
        OrderRow {
            id: self.id,
            client_order_id: self.client_order_id.clone(),
            by: self.by,
            instrument: self.instrument,
            symbol: self.symbol,
            side: self.side,
            terms: self.terms,
            cap: None,
            link: None,
            legs: None,
            held: false,
            expires_at: self.expires_at,
            status: self.status,
            filled_qty: Qty::from_raw(i64::try_from(self.filled).expect("quantities fit")),
            filled_value: model::Money::from_raw(self.filled_value),
            hwm: self.hwm,
            triggered: self.triggered,
            reserved: self.reserved,
            revision: self.revision,
            reject: self.reject.clone(),
            cancel_reason: self.cancel_reason,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
