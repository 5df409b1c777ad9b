//! The orders that the naive model knows: those that the simulation's clients send.
//!
//! It owns the model's words for types and times in force, so that its rules match each of them and no other. It
//! must never guess: an order that no client sends ends the run, since the model has no rule for it.

use model::{OrderKind, Price, Trail};

/// A type with its prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At any price.
    Market,
    /// At this price or better.
    Limit {
        /// The worst price.
        limit: Price,
    },
    /// At any price, once released.
    Stop {
        /// What releases it.
        stop: Price,
    },
    /// At this price or better, once released.
    StopLimit {
        /// What releases it.
        stop: Price,
        /// The worst price.
        limit: Price,
    },
    /// At any price, once released by a stop that follows.
    TrailingStop {
        /// How far behind.
        trail: Trail,
    },
}

impl Kind {
    /// The model's word for it.
    ///
    /// # Panics
    /// When no client sends such an order.
    #[must_use]
    pub fn of(kind: OrderKind) -> Self {
        match kind {
            OrderKind::Market => Self::Market,
            OrderKind::Limit { limit } => Self::Limit { limit },
            OrderKind::Stop { stop } => Self::Stop { stop },
            OrderKind::StopLimit { stop, limit } => Self::StopLimit { stop, limit },
            OrderKind::TrailingStop { trail, activation: None } => Self::TrailingStop { trail },
            OrderKind::TrailingStop { activation: Some(_), .. }
            | OrderKind::TrailingStopLimit { .. }
            | OrderKind::MarketIfTouched { .. }
            | OrderKind::LimitIfTouched { .. }
            | OrderKind::Pegged(_) => unreachable!("the model is not asked for {kind:?}"),
        }
    }

    /// The product's word for it.
    #[must_use]
    pub const fn asked(self) -> OrderKind {
        match self {
            Self::Market => OrderKind::Market,
            Self::Limit { limit } => OrderKind::Limit { limit },
            Self::Stop { stop } => OrderKind::Stop { stop },
            Self::StopLimit { stop, limit } => OrderKind::StopLimit { stop, limit },
            Self::TrailingStop { trail } => OrderKind::TrailingStop { trail, activation: None },
        }
    }
}

/// How long an order works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeInForce {
    /// Until the session's close.
    Day,
    /// Until it is ended.
    GoodTilCanceled,
    /// What can be had at once.
    ImmediateOrCancel,
    /// All at once or nothing.
    FillOrKill,
}

impl TimeInForce {
    /// The model's word for it.
    ///
    /// # Panics
    /// When no client sends such an order.
    #[must_use]
    pub fn of(time_in_force: model::TimeInForce) -> Self {
        match time_in_force {
            model::TimeInForce::Day => Self::Day,
            model::TimeInForce::GoodTilCanceled => Self::GoodTilCanceled,
            model::TimeInForce::ImmediateOrCancel => Self::ImmediateOrCancel,
            model::TimeInForce::FillOrKill => Self::FillOrKill,
            model::TimeInForce::GoodTilDate(_) | model::TimeInForce::AtOpen | model::TimeInForce::AtClose => {
                unreachable!("the model is not asked for {time_in_force:?}")
            }
        }
    }
}
