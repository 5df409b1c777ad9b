//! Whether a new order is taken, and as what. Looks only.

use crate::shard::Shard;
use crate::terms::Terms;
use alloc::format;
use model::{
    InstrumentStatus, NewOrder, OrderAccepted, OrderRejected, Price, Reject, RejectCode, SubmittedBy, limits,
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
        let mut terms = Terms::new(order.portfolio, instrument, order.side, order.terms);
        terms.hwm = self.first_mark(&terms);
        self.check_steps(&terms)?;
        let expires_at = self.end_of(&terms)?;
        self.check_stop(&terms)?;
        self.check_post_only(&terms)?;
        self.check_reduces(&terms)?;
        let worth = self.worth(&terms)?;
        self.check_room(order)?;
        self.check_limits(&terms, &worth)?;
        self.check_means(&terms, &worth)?;
        Ok(OrderAccepted {
            order: self.portfolio(order.portfolio).next_order(order.portfolio),
            client_order_id: order.client_order_id.clone(),
            key: order.key,
            fingerprint: order.fingerprint,
            by,
            instrument,
            symbol: order.symbol,
            side: order.side,
            terms: order.terms,
            expires_at,
            hwm: terms.hwm,
            reserved: worth.reserved,
            link: None,
            legs: None,
        })
    }

    /// Where a trailing stop begins to follow: at the market, once that has touched its activation.
    pub(crate) fn first_mark(&self, terms: &Terms) -> Option<Price> {
        terms.asked.kind.trail()?;
        let reference = self.reference_of(terms)?;
        let is_active = terms.asked.kind.activation().is_none_or(|price| terms.side.touched(reference, price));
        is_active.then_some(reference)
    }

    fn check_room(&self, order: &NewOrder) -> Result<(), Reject> {
        let open = self.portfolio(order.portfolio).open.len();
        let sent = 1 + order.chain.as_ref().map_or(0, |chain| chain.count());
        if open + sent <= limits::OPEN_ORDERS_PER_PORTFOLIO_MAX as usize {
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
            terms: order.terms,
            reject,
            link: None,
            legs: order.chain.as_ref().map(|chain| chain.shape()),
        }
    }
}
