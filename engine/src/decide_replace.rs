//! Whether an open order may be changed, and into what. Looks only.

use crate::commit::row_of;
use crate::orders::OpenOrder;
use crate::shard::Shard;
use crate::terms::Terms;
use alloc::format;
use model::{
    Amendment, Instructions, OrderId, OrderKind, OrderReplaced, OrderTerms, Price, Qty, Reject, RejectCode, Size,
    SubmittedBy, TimeInForce, Trail,
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
        if order.link().is_some() && amendment.qty.is_some() {
            return Err(not_amendable("the quantity of an order in a chain follows the others"));
        }
        let asked = OrderTerms {
            kind: amended_kind(order, amendment)?,
            size: amended_size(order, amendment)?,
            time_in_force: amended_time_in_force(order, amendment)?,
            instructions: amended_instructions(order, amendment)?,
        };
        let mark = self.books[row_of(order.instrument)].mark(order);
        let terms = Terms {
            portfolio: id.portfolio(),
            instrument: order.instrument,
            side: order.side,
            asked,
            filled_qty: order.filled_qty(),
            filled_value: order.filled_value(),
            fees: order.fees(),
            rests_at: order.cap().filter(|cap| cap.rests).map(|cap| cap.price),
            hwm: mark,
            triggered: order.triggered(),
            held: order.reserved(),
        };
        self.check_steps(&terms)?;
        check_above_filled(asked.size, order.filled_qty())?;
        let before = order.terms();
        let expires_at =
            if asked.time_in_force == before.time_in_force { order.expiry() } else { self.end_of(&terms)? };
        if !order.is_held() {
            self.check_stop(&terms)?;
            self.check_post_only(&terms)?;
        }
        let mut worth = self.worth(&terms)?;
        self.check_limits(&terms, &worth)?;
        if order.is_held() || !self.carries(order) {
            // Nothing yet, or what an alternative holds back serves for it, too.
            worth.reserved = order.reserved();
        } else {
            self.check_means(&terms, &worth)?;
        }
        Ok(OrderReplaced {
            order: id,
            by,
            terms: asked,
            expires_at,
            hwm: mark,
            reserved: worth.reserved,
            revision: order.revision() + 1,
            keeps_priority: asked.size <= before.size && OrderTerms { size: before.size, ..asked } == before,
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
}

/// The portfolio is not there.
pub(crate) fn unknown_portfolio() -> Reject {
    Reject::new(RejectCode::UnknownPortfolio, "there is no such portfolio")
}

fn not_amendable(what: &str) -> Reject {
    Reject::new(RejectCode::NotAmendable, what)
}

fn amended_kind(order: &OpenOrder, amendment: &Amendment) -> Result<OrderKind, Reject> {
    let Amendment { limit, stop, trail, trigger, .. } = *amendment;
    if order.triggered() && (stop.is_some() || trail.is_some() || trigger.is_some()) {
        return Err(not_amendable("the order was released already"));
    }
    let kind = order.kind();
    let lacks = [
        (limit.is_some() && kind.limit_price().is_none(), "an order of this type has no limit price"),
        (stop.is_some() && kind.stop_price().is_none(), "an order of this type has no stop price"),
        (trigger.is_some() && kind.touch_price().is_none(), "an order of this type has no trigger price"),
        (trail.is_some() && kind.trail().is_none(), "an order of this type does not trail"),
    ];
    if let Some((_, what)) = lacks.into_iter().find(|(lacks, _)| *lacks) {
        return Err(not_amendable(what));
    }
    let or = |new: Option<Price>, old: Price| new.unwrap_or(old);
    Ok(match kind {
        OrderKind::Market => OrderKind::Market,
        OrderKind::Pegged(peg) => OrderKind::Pegged(peg),
        OrderKind::Limit { limit: old } => OrderKind::Limit { limit: or(limit, old) },
        OrderKind::Stop { stop: old } => OrderKind::Stop { stop: or(stop, old) },
        OrderKind::StopLimit { stop: old_stop, limit: old_limit } => {
            OrderKind::StopLimit { stop: or(stop, old_stop), limit: or(limit, old_limit) }
        }
        OrderKind::MarketIfTouched { trigger: old } => OrderKind::MarketIfTouched { trigger: or(trigger, old) },
        OrderKind::LimitIfTouched { trigger: old_trigger, limit: old_limit } => {
            OrderKind::LimitIfTouched { trigger: or(trigger, old_trigger), limit: or(limit, old_limit) }
        }
        OrderKind::TrailingStop { trail: old, activation } => {
            OrderKind::TrailingStop { trail: amended_trail(old, trail)?, activation }
        }
        OrderKind::TrailingStopLimit { trail: old, offset, activation } => {
            OrderKind::TrailingStopLimit { trail: amended_trail(old, trail)?, offset, activation }
        }
    })
}

fn amended_instructions(order: &OpenOrder, amendment: &Amendment) -> Result<Instructions, Reject> {
    let before = order.instructions();
    match (before.display_qty, amendment.display_qty) {
        (_, None) => Ok(before),
        (None, Some(_)) => Err(not_amendable("the order shows all of itself")),
        (Some(_), Some(shown)) => Ok(Instructions { display_qty: Some(shown), ..before }),
    }
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
    let rests = |time_in_force: TimeInForce| !time_in_force.is_immediate() && !time_in_force.is_auction();
    if !rests(new) || !rests(order.time_in_force()) {
        return Err(not_amendable("only DAY, GTC and GTD can be exchanged for each other"));
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
