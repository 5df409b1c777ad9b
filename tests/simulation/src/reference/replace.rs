//! The model's changes of open orders.

use super::Walk;
use super::decide::{Terms, refused};
use crate::known::{Kind, TimeInForce};
use crate::order::Order;
use crate::violation::Checked;
use model::{
    Amendment, CommandReply, EventBody, OrderId, OrderReplaced, OrderTerms, RejectCode, Size, SubmittedBy, Trail,
};

impl Walk<'_> {
    /// Why an order cannot be changed or ended, when it cannot.
    pub(super) fn refuse_ended(&self, id: OrderId) -> Option<CommandReply> {
        let book = &self.history.book;
        if book.open.contains(&id) {
            return None;
        }
        let last = book.folios.get(&id.portfolio()).map_or(0, |folio| folio.last_order);
        let number = id.number().get();
        let code = if number == 0 || number > last { RejectCode::UnknownOrder } else { RejectCode::OrderNotOpen };
        Some(refused(code))
    }

    pub(super) fn replace(
        &mut self,
        id: OrderId,
        amendment: &Amendment,
        by: SubmittedBy,
    ) -> Checked<CommandReply> {
        if let Some(refused) = self.refuse_ended(id) {
            return Ok(refused);
        }
        let replaced = match self.amended(id, amendment, by) {
            Ok(replaced) => replaced,
            Err(code) => return Ok(refused(code)),
        };
        let keeps_place = replaced.keeps_priority;
        let ahead = self.model.ahead.get(&id).copied();
        self.emit(id.portfolio(), EventBody::OrderReplaced(Box::new(replaced)))?;
        self.enter(id);
        if keeps_place {
            self.set_ahead(id, ahead);
        } else {
            self.arrive(id)?;
        }
        Ok(CommandReply::Replaced(id))
    }

    fn amended(&self, id: OrderId, amendment: &Amendment, by: SubmittedBy) -> Result<OrderReplaced, RejectCode> {
        let order = self.order(id);
        let kind = amended_kind(order, amendment)?;
        let before = order.terms;
        let size = match (before.size, amendment.qty) {
            (size, None) => size,
            (Size::Shares(_), Some(qty)) => Size::Shares(qty),
            (Size::Notional(_), Some(_)) => return Err(RejectCode::NotAmendable),
        };
        let time_in_force = match amendment.time_in_force {
            None => before.time_in_force,
            Some(new) if new.is_immediate() || before.time_in_force.is_immediate() => {
                return Err(RejectCode::NotAmendable);
            }
            Some(new) => new,
        };
        let mark = if order.waits() { self.model.marks.get(&id).copied() } else { order.hwm };
        let terms = Terms {
            portfolio: id.portfolio(),
            instrument: order.instrument.expect("open"),
            side: order.side,
            kind,
            size,
            filled: order.filled,
            filled_value: order.filled_value,
            mark,
            triggered: order.triggered,
            held: order.reserved,
        };
        self.check_steps(&terms)?;
        if let Size::Shares(qty) = size
            && i128::from(qty.raw()) <= order.filled
        {
            return Err(RejectCode::QtyBelowFilled);
        }
        self.check_stop(&terms)?;
        let reserved = self.check_worth(&terms)?;
        let expires_at = match TimeInForce::of(time_in_force) {
            same if same == TimeInForce::of(before.time_in_force) => order.expires_at,
            TimeInForce::Day => self.day_end(terms.instrument),
            TimeInForce::GoodTilCanceled | TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill => None,
        };
        let grew = match (before.size, size) {
            (Size::Shares(old), Size::Shares(new)) => new > old,
            (Size::Notional(_), _) | (_, Size::Notional(_)) => false,
        };
        let kind = kind.asked();
        Ok(OrderReplaced {
            order: id,
            by,
            terms: OrderTerms { kind, size, time_in_force, ..before },
            expires_at,
            hwm: mark,
            reserved,
            revision: order.revision + 1,
            keeps_priority: kind == before.kind && !grew && time_in_force == before.time_in_force,
        })
    }
}

/// A field that the type lacks, or that is spent, cannot be changed.
fn amended_kind(order: &Order, amendment: &Amendment) -> Result<Kind, RejectCode> {
    let Amendment { limit, stop, trail, .. } = *amendment;
    let lacks = match order.kind() {
        Kind::Market => limit.is_some() || stop.is_some() || trail.is_some(),
        Kind::Limit { .. } => stop.is_some() || trail.is_some(),
        Kind::Stop { .. } => limit.is_some() || trail.is_some(),
        Kind::StopLimit { .. } => trail.is_some(),
        Kind::TrailingStop { .. } => limit.is_some() || stop.is_some(),
    };
    let spent = order.triggered && (stop.is_some() || trail.is_some());
    if lacks || spent {
        return Err(RejectCode::NotAmendable);
    }
    Ok(match order.kind() {
        Kind::Market => Kind::Market,
        Kind::Limit { limit: old } => Kind::Limit { limit: limit.unwrap_or(old) },
        Kind::Stop { stop: old } => Kind::Stop { stop: stop.unwrap_or(old) },
        Kind::StopLimit { stop: old_stop, limit: old_limit } => {
            Kind::StopLimit { stop: stop.unwrap_or(old_stop), limit: limit.unwrap_or(old_limit) }
        }
        Kind::TrailingStop { trail: old } => Kind::TrailingStop {
            trail: match (old, trail) {
                (old, None) => old,
                (Trail::Amount(_), Some(new @ Trail::Amount(_)))
                | (Trail::Percent(_), Some(new @ Trail::Percent(_))) => new,
                (Trail::Amount(_), Some(Trail::Percent(_))) | (Trail::Percent(_), Some(Trail::Amount(_))) => {
                    return Err(RejectCode::NotAmendable);
                }
            },
        },
    })
}
