//! How far an order without a limit may go.
//!
//! Owns the cap: a distance from the best price of the other side as it was when the order first came to
//! trade, which it keeps from then on. What meets a price beyond it ends there, or comes to rest at
//! it as a limit order. An auction has one price for everyone and no best price of another side, so that it
//! measures no cap.

use crate::orders::{OpenOrder, Slot};
use crate::shard::Shard;
use crate::slippage::on_step_within;
use crate::terms::Terms;
use alloc::vec::Vec;
use model::{
    BeyondProtection, CancelReason, Event, EventBody, Instrument, OrderId, Price, PriceCap, PriceProtection,
    ProtectionDistance, Reservation, Side,
};

impl Shard {
    /// The cap of an order that meets this price: the one it has, or the one that it would be given.
    pub(crate) fn cap_at(&self, order: &OpenOrder, price: Price) -> Option<Price> {
        let kept = order.cap().map(|cap| cap.price);
        kept.or_else(|| match self.portfolio(order.id.portfolio()).profile.protection {
            PriceProtection::None => None,
            PriceProtection::Within { distance, .. } => {
                Some(measured(distance, (order.side, price), self.instrument(order.instrument)))
            }
        })
    }

    /// Says whether the market has left an order without a limit behind its cap. Then it ended, or rests.
    pub(crate) fn stop_at_cap(&mut self, slot: Slot, price: Price, out: &mut Vec<Event>) -> bool {
        let order = self.orders.get(slot);
        let (id, side) = (order.id, order.side);
        let cap = order.cap().filter(|cap| !cap.rests && !side.within(price, cap.price));
        let Some(cap) = cap.map(|cap| cap.price) else { return false };
        let body = match self.portfolio(id.portfolio()).profile.protection {
            PriceProtection::Within { beyond: BeyondProtection::Rests, .. } => EventBody::OrderCapped {
                order: id,
                cap: PriceCap { price: cap, rests: true },
                reserved: self.held_at_cap(order, cap),
            },
            PriceProtection::Within { beyond: BeyondProtection::Cancels, .. } | PriceProtection::None => {
                EventBody::OrderCanceled { order: id, reason: CancelReason::PriceProtection, by: None }
            }
        };
        self.emit(id.portfolio(), body, out);
        true
    }

    /// What is left of an order that has just met this price keeps the cap that was measured there.
    pub(crate) fn keep_cap(&mut self, id: OrderId, price: Price, out: &mut Vec<Event>) {
        let Some(order) = self.find_open(id).map(|slot| self.orders.get(slot)) else { return };
        let is_settled = order.worst_price().is_some() || order.time_in_force().is_immediate();
        if let (false, Some(price)) = (is_settled, self.cap_at(order, price)) {
            let cap = PriceCap { price, rests: false };
            let body = EventBody::OrderCapped { order: id, cap, reserved: order.reserved() };
            self.emit(id.portfolio(), body, out);
        }
    }

    /// What an order holds back that rests at its cap: as a limit order would, as far as there is something
    /// free.
    fn held_at_cap(&self, order: &OpenOrder, cap: Price) -> Reservation {
        let before = order.reserved();
        if order.side == Side::Sell || !self.carries(order) {
            return before;
        }
        let terms = Terms { rests_at: Some(cap), ..Terms::of(order, None) };
        let Ok(worth) = self.worth(&terms) else { return before };
        let free = self.portfolio(order.id.portfolio()).account.available_cash() + before.cash;
        Reservation { cash: worth.reserved.cash.min(free), qty: before.qty }
    }
}

/// A cap at a distance from this price, on the price step and never better than the price itself.
fn measured(distance: ProtectionDistance, (side, price): (Side, Price), instrument: &Instrument) -> Price {
    let distance = match distance {
        ProtectionDistance::Ticks(ticks) => {
            Price::from_raw(instrument.increment_at(price).raw() * i64::from(ticks))
        }
        ProtectionDistance::Amount(amount) => amount,
        ProtectionDistance::Percent(percent) => price.percent_half_even(percent),
    };
    let cap = on_step_within(side, side.worse_by(price, distance), instrument);
    if side.within(price, cap) { cap } else { price }
}
