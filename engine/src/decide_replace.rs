//! Whether an open order may be changed, and into what. Looks only.

use crate::commit::row_of;
use crate::orders::OpenOrder;
use crate::shard::Shard;
use crate::terms::Terms;
use alloc::format;
use model::{
    Amendment, OrderId, OrderKind, OrderReplaced, Price, Qty, Reject, RejectCode, Size, SubmittedBy, Time,
    TimeInForce, Trail,
};

impl Shard {
    /// The order as it would be after the change.
    ///
    /// # Errors
    /// The first reason against it, in the order of [`RejectCode`].
    pub(crate) fn decide_replace(
        &self,
        id: OrderId,
        amendment: &Amendment,
        by: SubmittedBy,
    ) -> Result<OrderReplaced, Reject> {
        let order = self.orders.get(self.check_open(id)?);
        let kind = amended_kind(order, amendment)?;
        let size = amended_size(order, amendment)?;
        let time_in_force = amended_time_in_force(order, amendment)?;
        let mark = self.books[row_of(order.instrument)].mark(order);
        let terms = Terms {
            portfolio: id.portfolio(),
            instrument: order.instrument,
            side: order.side,
            kind,
            size,
            filled_qty: order.filled_qty(),
            filled_value: order.filled_value(),
            hwm: mark,
            triggered: order.triggered(),
            held: order.reserved(),
        };
        self.check_steps(&terms)?;
        check_above_filled(size, order.filled_qty())?;
        self.check_stop(&terms)?;
        let worth = self.worth(&terms)?;
        self.check_limits(&terms, &worth)?;
        self.check_means(&terms, &worth)?;
        Ok(OrderReplaced {
            order: id,
            by,
            kind,
            size,
            time_in_force,
            expires_at: self.amended_expiry(order, time_in_force),
            hwm: mark,
            reserved: worth.reserved,
            revision: order.revision() + 1,
            keeps_priority: kind == order.kind() && size <= order.size() && time_in_force == order.time_in_force(),
        })
    }

    /// The slot of an order that is still open.
    ///
    /// # Errors
    /// When its portfolio or it was never there, or it has ended.
    pub(crate) fn check_open(&self, id: OrderId) -> Result<crate::orders::Slot, Reject> {
        let Some(portfolio) = self.portfolios.get(id.portfolio()) else {
            return Err(unknown_portfolio());
        };
        if let Some(slot) = portfolio.open.get(id.number()) {
            return Ok(slot);
        }
        let number = id.number();
        if number.get() == 0 || number > portfolio.names.last() {
            return Err(Reject::new(RejectCode::UnknownOrder, "the portfolio has no such order"));
        }
        Err(Reject::new(RejectCode::OrderNotOpen, "the order has ended already"))
    }

    fn amended_expiry(&self, order: &OpenOrder, time_in_force: TimeInForce) -> Option<Time> {
        if time_in_force == order.time_in_force() {
            return order.expiry();
        }
        match time_in_force {
            TimeInForce::Day => self.sessions.day_end(self.instrument(order.instrument).calendar, self.now),
            TimeInForce::GoodTilCanceled | TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill => None,
        }
    }
}

/// The portfolio is not there.
pub(crate) fn unknown_portfolio() -> Reject {
    Reject::new(RejectCode::UnknownPortfolio, "there is no such portfolio")
}

fn not_amendable(what: &str) -> Reject {
    Reject::new(RejectCode::NotAmendable, what)
}

fn amended_kind(order: &OpenOrder, amendment: &Amendment) -> Result<OrderKind, Reject> {
    let kind = order.kind();
    let Amendment { limit, stop, trail, .. } = *amendment;
    if order.triggered() && (stop.is_some() || trail.is_some()) {
        return Err(not_amendable("the stop was released already"));
    }
    let unless = |given: bool, what: &'static str| if given { Err(not_amendable(what)) } else { Ok(()) };
    match kind {
        OrderKind::Limit { .. } | OrderKind::StopLimit { .. } => {}
        OrderKind::Market | OrderKind::Stop { .. } | OrderKind::TrailingStop { .. } => {
            unless(limit.is_some(), "an order of this type has no limit price")?;
        }
    }
    match kind {
        OrderKind::Stop { .. } | OrderKind::StopLimit { .. } => {}
        OrderKind::Market | OrderKind::Limit { .. } | OrderKind::TrailingStop { .. } => {
            unless(stop.is_some(), "an order of this type has no stop price")?;
        }
    }
    let or = |new: Option<Price>, old: Price| new.unwrap_or(old);
    Ok(match kind {
        OrderKind::TrailingStop { trail: old } => OrderKind::TrailingStop { trail: amended_trail(old, trail)? },
        OrderKind::Market | OrderKind::Limit { .. } | OrderKind::Stop { .. } | OrderKind::StopLimit { .. }
            if trail.is_some() =>
        {
            return Err(not_amendable("an order of this type does not trail"));
        }
        OrderKind::Market => OrderKind::Market,
        OrderKind::Limit { limit: old } => OrderKind::Limit { limit: or(limit, old) },
        OrderKind::Stop { stop: old } => OrderKind::Stop { stop: or(stop, old) },
        OrderKind::StopLimit { stop: old_stop, limit: old_limit } => {
            OrderKind::StopLimit { stop: or(stop, old_stop), limit: or(limit, old_limit) }
        }
    })
}

fn amended_trail(old: Trail, new: Option<Trail>) -> Result<Trail, Reject> {
    match (old, new) {
        (_, None) => Ok(old),
        (Trail::Amount(_), Some(Trail::Amount(amount))) => Ok(Trail::Amount(amount)),
        (Trail::Percent(_), Some(Trail::Percent(percent))) => Ok(Trail::Percent(percent)),
        (Trail::Amount(_), Some(Trail::Percent(_))) | (Trail::Percent(_), Some(Trail::Amount(_))) => {
            Err(not_amendable("the kind of trail, amount or percent, cannot change"))
        }
    }
}

fn amended_size(order: &OpenOrder, amendment: &Amendment) -> Result<Size, Reject> {
    match (order.size(), amendment.qty) {
        (size, None) => Ok(size),
        (Size::Shares(_), Some(qty)) => Ok(Size::Shares(qty)),
        (Size::Notional(_), Some(_)) => Err(not_amendable("an order by amount has no quantity")),
    }
}

fn amended_time_in_force(order: &OpenOrder, amendment: &Amendment) -> Result<TimeInForce, Reject> {
    let Some(new) = amendment.time_in_force else { return Ok(order.time_in_force()) };
    if new.is_immediate() || order.time_in_force().is_immediate() {
        return Err(not_amendable("only DAY and GTC can be exchanged for each other"));
    }
    Ok(new)
}

fn check_above_filled(size: Size, filled: Qty) -> Result<(), Reject> {
    match size {
        Size::Shares(qty) if qty <= filled => {
            let message = format!("{filled} are filled already, {qty} must be more");
            Err(Reject::new(RejectCode::QtyBelowFilled, message))
        }
        Size::Shares(_) | Size::Notional(_) => Ok(()),
    }
}
