//! The model's matching: an order comes to the market, and meets what is offered.

use super::market::Offer;
use super::{Filled, Walk};
use crate::book::divide_half_even;
use crate::known::{Kind, TimeInForce};
use crate::order::Order;
use crate::violation::Checked;
use model::{
    CancelReason, EventBody, Evidence, Fill, FillRule, Liquidity, Money, OrderId, Price, Qty, Reservation, SCALE,
    Side, Size, TradeNumber,
};

const ONE: i128 = SCALE as i128;
/// Most that one position may hold.
const HOLDING_MAX: i128 = 50 * 1_000_000_000 * ONE;

/// What an order would do with an offer.
struct Plan {
    wanted: i128,
    qty: i128,
    falls_short: bool,
}

/// Whole lots that an amount pays for.
pub(super) fn lots_for(amount: i128, price: i64, lot: i128) -> i128 {
    if amount <= 0 || price <= 0 { 0 } else { amount * ONE / i128::from(price) / lot * lot }
}

/// The value to the nearest unit.
fn value_of(price: i64, qty: i128) -> i128 {
    divide_half_even(i128::from(price) * qty, ONE)
}

/// The value rounded up.
pub(super) fn value_up(price: i64, qty: i128) -> i128 {
    -(-(i128::from(price) * qty)).div_euclid(ONE)
}

impl Walk<'_> {
    /// An order stands in the market from now on, or waits.
    pub(super) fn enter(&mut self, id: OrderId) {
        let order = self.order(id);
        let (instrument, waits, limit) = (order.instrument.expect("open"), order.waits(), order.limit());
        if let Some(mark) = order.hwm.filter(|_| waits) {
            self.model.marks.insert(id, mark);
        }
        if waits {
            return;
        }
        self.market_mut(instrument).unjudged = true;
        if limit.is_some() {
            let ahead = self.displayed_ahead(id);
            self.market_mut(instrument).queue_unknown |= ahead.is_none();
            self.set_ahead(id, ahead);
        }
    }

    /// An order that may trade takes what stands; an immediate one ends.
    pub(super) fn arrive(&mut self, id: OrderId) -> Checked {
        let order = self.order(id);
        if order.waits() {
            return Ok(());
        }
        let reason = match TimeInForce::of(order.terms.time_in_force) {
            TimeInForce::ImmediateOrCancel => Some(CancelReason::ImmediateOrCancel),
            TimeInForce::FillOrKill => Some(CancelReason::FillOrKill),
            TimeInForce::Day | TimeInForce::GoodTilCanceled => None,
        };
        if self.trades_now(order.instrument.expect("open")) {
            self.take(id, FillRule::TookStandingQuote)?;
        }
        match reason.filter(|_| self.history.book.open.contains(&id)) {
            Some(reason) => self.cancel(id, reason, None),
            None => Ok(()),
        }
    }

    /// Takes the displayed other side, as far as it goes.
    pub(super) fn take(&mut self, id: OrderId, rule: FillRule) -> Checked {
        let order = self.order(id);
        let (instrument, side) = (order.instrument.expect("open"), order.side);
        let Some((price, shown)) = self.opposite(instrument, side) else { return Ok(()) };
        if order.limit().is_some_and(|limit| !side.within(Price::from_raw(price), limit)) {
            return Ok(());
        }
        let key = (instrument, side, id.portfolio());
        let taken = self.model.taken.get(&key).copied().unwrap_or(0);
        let offer = Offer { price, qty: (shown - taken).max(0), liquidity: Liquidity::Taker, rule, trade: None };
        if TimeInForce::of(order.terms.time_in_force) == TimeInForce::FillOrKill {
            let plan = self.plan(order, &offer);
            if plan.qty < plan.wanted || plan.falls_short {
                return Ok(());
            }
        }
        let filled = self.execute(id, &offer)?;
        *self.model.taken.entry(key).or_default() += filled;
        Ok(())
    }

    /// Fills an order from an offer; how much that was.
    pub(super) fn execute(&mut self, id: OrderId, offer: &Offer) -> Checked<i128> {
        if offer.qty == 0 {
            return Ok(0);
        }
        let order = self.order(id);
        let plan = self.plan(order, offer);
        if plan.qty > 0 {
            let fill: Filled = Box::new(self.fill(order, offer, plan.qty));
            self.emit(id.portfolio(), EventBody::Filled(fill))?;
            self.forget(id);
        }
        if plan.falls_short && self.history.book.open.contains(&id) {
            self.cancel(id, CancelReason::InsufficientBuyingPower, None)?;
        }
        Ok(plan.qty)
    }

    pub(super) fn lot(&self, order: &Order) -> i128 {
        i128::from(self.history.book.instruments[&order.instrument.expect("open")].lot_size.raw())
    }

    pub(super) fn free_cash(&self, order: &Order) -> i128 {
        let folio = &self.history.book.folios[&order.id.portfolio()];
        folio.cash - folio.reserved
    }

    pub(super) fn held(&self, order: &Order) -> i128 {
        let folio = &self.history.book.folios[&order.id.portfolio()];
        folio.holdings.get(&order.instrument.expect("open")).map_or(0, |held| held.qty)
    }

    /// What can still be sold of an order's instrument.
    pub(super) fn free_qty(&self, order: &Order) -> i128 {
        let instrument = order.instrument.expect("open");
        let back = self.history.book.reserved_qty(order.id.portfolio(), instrument);
        (self.held(order).max(0) - i128::from(back.raw())).max(0)
    }

    fn plan(&self, order: &Order, offer: &Offer) -> Plan {
        let lot = self.lot(order);
        let wanted = match order.terms.size {
            Size::Shares(total) => i128::from(total.raw()) - order.filled,
            Size::Notional(amount) => lots_for(amount.raw() - order.filled_value, offer.price, lot),
        };
        let reachable = wanted.min(offer.qty / lot * lot);
        let payable = match order.side {
            Side::Buy => {
                let cash = order.reserved.cash.raw() + self.free_cash(order);
                let room = HOLDING_MAX - self.held(order);
                let qty = reachable.min(room / lot * lot);
                if value_of(offer.price, qty) <= cash { qty } else { lots_for(cash, offer.price, lot) }
            }
            Side::Sell => reachable.min(i128::from(order.reserved.qty.raw()) + self.free_qty(order)),
        };
        Plan { wanted, qty: reachable.min(payable), falls_short: payable < reachable || wanted == 0 }
    }

    fn fill(&self, order: &Order, offer: &Offer, qty: i128) -> Fill {
        let instrument = order.instrument.expect("open");
        let market = self.market(instrument);
        let value = value_of(offer.price, qty);
        let exact = i128::from(offer.price) * qty;
        let folio = &self.history.book.folios[&order.id.portfolio()];
        let held = folio.holdings.get(&instrument).copied().unwrap_or_default();
        let realized = match order.side {
            Side::Buy => 0,
            Side::Sell => value - divide_half_even(held.cost * qty, held.qty.max(1)),
        };
        let (reserved, completes) = self.held_after(order, offer.price, qty);
        Fill {
            order: order.id,
            trade: TradeNumber::new(folio.last_trade + 1),
            instrument,
            side: order.side,
            price: Price::from_raw(offer.price),
            qty: quantity(qty),
            value: Money::from_raw(value),
            residue: i64::try_from(exact - value * ONE).expect("a residue is small"),
            fee: Money::ZERO,
            regulatory: Money::ZERO,
            accrued: Money::ZERO,
            realized_pnl: Money::from_raw(realized),
            liquidity: offer.liquidity,
            rule: offer.rule,
            evidence: Evidence {
                quote: market.quote,
                quote_time: model::Time::from_nanos(market.quote_time),
                trade: offer.trade,
                bar: None,
            },
            ambiguous: false,
            slippage: Price::ZERO,
            synthetic: Qty::ZERO,
            reserved,
            completes,
        }
    }

    /// What an order holds back after such a fill, and whether it is done.
    fn held_after(&self, order: &Order, price: i64, qty: i128) -> (Reservation, bool) {
        let (lot, value) = (self.lot(order), value_of(price, qty));
        let (leaves, rest) = match order.terms.size {
            Size::Shares(total) => (i128::from(total.raw()) - order.filled - qty, None),
            Size::Notional(amount) => {
                let rest = amount.raw() - order.filled_value - value;
                (lots_for(rest, price, lot), Some(rest))
            }
        };
        if leaves == 0 {
            return (Reservation::default(), true);
        }
        let reserved = match order.side {
            Side::Sell => {
                let target = match rest {
                    None => leaves,
                    Some(rest) => {
                        let worst = order.limit().map_or(price, Price::raw);
                        let left = (i128::from(order.reserved.qty.raw()) + self.free_qty(order) - qty).max(0);
                        lots_for(rest, worst, lot).min(left)
                    }
                };
                Reservation { cash: Money::ZERO, qty: quantity(target) }
            }
            Side::Buy => {
                let target = rest.unwrap_or_else(|| held_for(order, leaves, leaves + qty));
                let left = order.reserved.cash.raw() + self.free_cash(order) - value;
                Reservation { cash: Money::from_raw(target.min(left)), qty: Qty::ZERO }
            }
        };
        (reserved, false)
    }
}

pub(super) fn quantity(raw: i128) -> Qty {
    Qty::from_raw(i64::try_from(raw).expect("quantities fit"))
}

/// Cash that a buy of so many more holds back.
fn held_for(order: &Order, leaves: i128, before: i128) -> i128 {
    match order.kind() {
        Kind::Limit { limit } | Kind::StopLimit { limit, .. } => value_up(limit.raw(), leaves),
        Kind::Stop { stop } => value_up(stop.raw(), leaves),
        Kind::Market | Kind::TrailingStop { .. } => divide_half_even(order.reserved.cash.raw() * leaves, before),
    }
}
