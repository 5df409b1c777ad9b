//! Whether a new order is taken, and as what. Looks only.

use crate::commit::row_of;
use crate::shard::Shard;
use crate::terms::Terms;
use alloc::format;
use model::{
    InstrumentStatus, Money, NewOrder, OrderAccepted, OrderKind, OrderRejected, Qty, Reject, RejectCode,
    Reservation, SubmittedBy, TimeInForce, limits,
};

impl Shard {
    /// The order as it would be taken.
    ///
    /// # Errors
    /// The first reason against it, in the order of [`RejectCode`].
    pub(crate) fn decide_submit(&self, order: &NewOrder, by: SubmittedBy) -> Result<OrderAccepted, Reject> {
        let Some(&instrument) = self.symbols.get(&order.symbol) else {
            let message = format!("nobody here knows {}", order.symbol);
            return Err(Reject::new(RejectCode::UnknownSymbol, message));
        };
        let row = self.instrument(instrument);
        if !row.tradable || row.status == InstrumentStatus::Delisted {
            let message = format!("{} takes no orders", order.symbol);
            return Err(Reject::new(RejectCode::NotTradable, message));
        }
        let reference = self.hot[row_of(instrument)].reference(order.side, self.arrival());
        let hwm = match order.kind {
            OrderKind::TrailingStop { .. } => reference,
            OrderKind::Market | OrderKind::Limit { .. } | OrderKind::Stop { .. } | OrderKind::StopLimit { .. } => {
                None
            }
        };
        let terms = Terms {
            portfolio: order.portfolio,
            instrument,
            side: order.side,
            kind: order.kind,
            size: order.size,
            filled_qty: Qty::ZERO,
            filled_value: Money::ZERO,
            hwm,
            triggered: false,
            held: Reservation::default(),
        };
        self.check_steps(&terms)?;
        self.check_stop(&terms)?;
        let worth = self.worth(&terms)?;
        self.check_room(order)?;
        self.check_limits(&terms, &worth)?;
        self.check_means(&terms, &worth)?;
        let expires_at = match order.time_in_force {
            TimeInForce::Day => self.sessions.day_end(row.calendar, self.now),
            TimeInForce::GoodTilCanceled | TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill => None,
        };
        Ok(OrderAccepted {
            order: self.portfolio(order.portfolio).next_order(order.portfolio),
            client_order_id: order.client_order_id.clone(),
            key: order.key,
            fingerprint: order.fingerprint,
            by,
            instrument,
            symbol: order.symbol,
            side: order.side,
            kind: order.kind,
            size: order.size,
            time_in_force: order.time_in_force,
            expires_at,
            hwm,
            reserved: worth.reserved,
        })
    }

    fn check_room(&self, order: &NewOrder) -> Result<(), Reject> {
        let open = self.portfolio(order.portfolio).open.len();
        if open < limits::OPEN_ORDERS_PER_PORTFOLIO_MAX as usize {
            return Ok(());
        }
        let message = format!("{open} orders are open, as many as may be");
        Err(Reject::new(RejectCode::TooManyOpenOrders, message))
    }

    /// The fact that an order was refused.
    pub(crate) fn rejected(&self, order: &NewOrder, by: SubmittedBy, reject: Reject) -> OrderRejected {
        OrderRejected {
            order: self.portfolio(order.portfolio).next_order(order.portfolio),
            client_order_id: order.client_order_id.clone(),
            key: order.key,
            fingerprint: order.fingerprint,
            by,
            symbol: order.symbol,
            side: order.side,
            kind: order.kind,
            size: order.size,
            time_in_force: order.time_in_force,
            reject,
        }
    }
}
