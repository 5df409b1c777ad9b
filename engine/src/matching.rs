//! How one order meets one offer.
//!
//! Owns the size and the price of a fill, what is held back afterwards, and what happens when the
//! money or the holding does not reach. Looks first, then makes events.

use crate::account::Position;
use crate::commit::row_of;
use crate::fees::{Charging, Lot};
use crate::liquidity::Display;
use crate::orders::{OpenOrder, Slot, spent};
use crate::portfolio::Portfolio;
use crate::regulatory::{Sale, regulatory_fee};
use crate::session::Phase;
use crate::shard::Shard;
use crate::slippage::{Draw, Encounter, slipped};
use crate::waiting::{References, Wait};
use alloc::vec::Vec;
use model::{
    CancelReason, Event, EventBody, Evidence, Fill, FillRule, Instrument, InstrumentId, InstrumentStatus,
    Liquidity, Money, OrderFees, OrderId, OrderKind, OrderNumber, PortfolioId, Price, Qty, Quote, Reservation,
    Side, Size, SlippageModel, Time, TimeInForce, Trade, limits,
};

/// Most that one position may hold, so that sums stay in range whatever is open.
const HOLDING_MAX: i64 = 50 * limits::QTY_MAX.raw();

/// What the market offers to one order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    pub(crate) price: Price,
    pub(crate) qty: Qty,
    pub(crate) liquidity: Liquidity,
    pub(crate) rule: FillRule,
    pub(crate) trade: Option<Trade>,
}

/// What an order would do with an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FillPlan {
    /// What it still wants at this price.
    wanted: Qty,
    /// What it gets.
    qty: Qty,
    /// Whether its portfolio cannot pay for, or does not hold, what it wants and could get.
    falls_short: bool,
}

impl Shard {
    /// What the instrument's market does now; a halted one nothing.
    pub(crate) fn phase(&mut self, instrument: InstrumentId) -> Phase {
        if let Some(course) = self.course_of(instrument) {
            return course.taken.phase;
        }
        let row = self.instruments[row_of(instrument)].as_ref().expect("a defined row takes ticks");
        match row.status {
            InstrumentStatus::Active => self.sessions.phase(row.calendar, self.now),
            InstrumentStatus::Halted | InstrumentStatus::Delisted => Phase::Closed,
        }
    }

    /// An order that may trade has come: it takes what stands, and an immediate one ends.
    pub(crate) fn arrive(&mut self, slot: Slot, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        if order.is_held() || order.waits_for_auction() {
            return;
        }
        if order.waits_for_trigger() {
            self.release_if_touched(slot, out);
            return;
        }
        if order.peg().is_some() {
            self.follow_quote(slot);
            return;
        }
        let (id, instrument, time_in_force) = (order.id, order.instrument, order.time_in_force());
        let instructions = order.instructions();
        if instructions.post_only && order.limit().is_some_and(|limit| self.must_not_take(order, limit)) {
            let body = EventBody::OrderCanceled { order: id, reason: CancelReason::PostOnly, by: None };
            self.emit(id.portfolio(), body, out);
            return;
        }
        if self.phase(instrument).admits(instructions.hours) {
            self.take(slot, FillRule::TookStandingQuote, out);
        }
        self.take_last_close(id, out);
        let reason = match time_in_force {
            TimeInForce::ImmediateOrCancel => CancelReason::ImmediateOrCancel,
            TimeInForce::FillOrKill => CancelReason::FillOrKill,
            TimeInForce::Day
            | TimeInForce::GoodTilCanceled
            | TimeInForce::GoodTilDate(_)
            | TimeInForce::AtOpen
            | TimeInForce::AtClose => return,
        };
        if self.find_open(id).is_some() {
            let body = EventBody::OrderCanceled { order: id, reason, by: None };
            self.emit(id.portfolio(), body, out);
        }
    }

    fn must_not_take(&self, order: &OpenOrder, limit: Price) -> bool {
        self.takes_at(order.instrument, order.side, limit).is_some()
    }

    /// What waits for a price that has come already is released at once: a touch order that is sent so,
    /// and whatever another order's fill sets free behind the market.
    fn release_if_touched(&mut self, slot: Slot, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let (instrument, side, wait) = (order.instrument, order.side, Wait::of(order));
        let source = order.instructions().trigger_source;
        let price = self.hot[row_of(instrument)].watched_price(source, side, self.arrival());
        let (Some(price), Phase::Regular) = (price, self.phase(instrument)) else { return };
        match wait {
            Wait::Rise(_) | Wait::Fall(_) => {
                if let Some(reference) = References::of(price).releasing(side, wait) {
                    self.release_one(slot, reference, out);
                }
            }
            // It follows from here on, or from the first price it sees.
            Wait::Trail(_) => {}
        }
    }

    /// Takes the displayed other side of the standing quote, as far as it goes.
    pub(crate) fn take(&mut self, slot: Slot, rule: FillRule, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        if self.course_of(order.instrument).is_some() {
            return self.take_on_path(slot, out);
        }
        let opposite = self.hot[row_of(order.instrument)].opposite(order.side, self.arrival());
        let Some((price, displayed)) = opposite else { return };
        if order.limit().is_some_and(|limit| !order.side.within(price, limit)) {
            return;
        }
        let display = self.display_for(order);
        let qty = self.portfolio(order.id.portfolio()).budgets.left_of_display(display, displayed);
        let offer = Offer { price, qty, liquidity: Liquidity::Taker, rule, trade: None };
        let id = order.id;
        let filled = self.take_offer(slot, &offer, out);
        self.spend_display(id.portfolio(), display, filled);
        self.keep_cap(id, price, out);
    }

    /// Takes of an offer what it wants, and nothing where it wants all of that or nothing and cannot have it.
    pub(crate) fn take_offer(&mut self, slot: Slot, offer: &Offer, out: &mut Vec<Event>) -> Qty {
        let order = self.orders.get(slot);
        let (id, all_or_nothing) = (order.id, order.time_in_force() == TimeInForce::FillOrKill);
        self.carry(id, out);
        if all_or_nothing {
            let plan = self.deal(self.orders.get(slot), offer).plan();
            if plan.qty < plan.wanted || plan.falls_short {
                return Qty::ZERO;
            }
        }
        self.execute(slot, offer, out)
    }

    /// Notes what a portfolio took of a display.
    pub(crate) fn spend_display(&mut self, portfolio: PortfolioId, display: Display, filled: Qty) {
        if filled.is_positive() {
            self.hot[row_of(display.instrument)].note_spent(display.side);
            self.portfolio_mut(portfolio).budgets.spend_display(display, filled);
        }
    }

    /// The displayed size that an order trades against.
    pub(crate) fn display_for(&self, order: &OpenOrder) -> Display {
        Display {
            instrument: order.instrument,
            side: order.side,
            version: self.books[row_of(order.instrument)].display(order.side),
        }
    }

    /// Fills the order from the offer. Returns how much was filled; the order may be gone then.
    pub(crate) fn execute(&mut self, slot: Slot, offer: &Offer, out: &mut Vec<Event>) -> Qty {
        if self.stop_at_cap(slot, offer.price, out) || offer.qty.is_zero() {
            return Qty::ZERO;
        }
        let order = self.orders.get(slot);
        let (id, instrument, reduces) = (order.id, order.instrument, order.instructions().reduce_only);
        self.carry(id, out);
        let order = self.orders.get(slot);
        let deal = self.deal(order, offer);
        let plan = deal.plan();
        if plan.qty.is_positive() {
            let mut fill = deal.fill(plan.qty, self.hot[row_of(order.instrument)].quote());
            self.tell_of_bar(&mut fill);
            self.emit_fill(fill, out);
            self.end_what_reduces_nothing(id.portfolio(), instrument, out);
        }
        if plan.falls_short && self.find_open(id).is_some() {
            let reason = if reduces { CancelReason::ReduceOnly } else { CancelReason::InsufficientBuyingPower };
            let body = EventBody::OrderCanceled { order: id, reason, by: None };
            self.emit(id.portfolio(), body, out);
        }
        plan.qty
    }

    /// Orders that may only reduce a position end with it.
    fn end_what_reduces_nothing(&mut self, id: PortfolioId, instrument: InstrumentId, out: &mut Vec<Event>) {
        let portfolio = self.portfolio(id);
        let is_flat = portfolio.account.position(instrument).is_none_or(|position| position.qty.is_zero());
        if portfolio.reducing.is_empty() || !is_flat {
            return;
        }
        let orders: Vec<OrderNumber> = portfolio
            .reducing
            .range((instrument, OrderNumber::new(0))..)
            .map_while(|(of, number)| (*of == instrument).then_some(*number))
            .collect();
        for number in orders {
            let order = OrderId::of(id, number);
            if self.find_open(order).is_some() {
                let body = EventBody::OrderCanceled { order, reason: CancelReason::ReduceOnly, by: None };
                self.emit(id, body, out);
            }
        }
    }

    fn deal<'a>(&'a self, order: &'a OpenOrder, offer: &'a Offer) -> Deal<'a> {
        let portfolio = self.portfolio(order.id.portfolio());
        let held = portfolio.account.position(order.instrument).copied().unwrap_or_default();
        let instrument = self.instrument(order.instrument);
        let mut deal = Deal {
            order,
            offer,
            portfolio,
            held,
            instrument,
            charging: Charging::new(portfolio, (order.fees(), order.filled_value()), self.now),
            price: offer.price,
            now: self.now,
            may_grow: self.parent_is_open(order),
        };
        if offer.liquidity == Liquidity::Taker && portfolio.profile.slippage.model != SlippageModel::None {
            deal.price = self.slipped_price(&deal);
        }
        deal
    }

    /// What it trades at when it takes: worse than what is shown by its profile's slippage.
    fn slipped_price(&self, deal: &Deal<'_>) -> Price {
        let Deal { order, offer, instrument, .. } = *deal;
        let hot = &self.hot[row_of(order.instrument)];
        let (quote, _) = hot.quote();
        let (size, worst) = match (offer.rule, offer.trade, order.side) {
            (FillRule::TookStandingQuote | FillRule::TookNewQuote, _, side) => {
                let size = if side == Side::Buy { quote.ask_size } else { quote.bid_size };
                (size, order.limit().or_else(|| self.cap_at(order, offer.price)))
            }
            (_, Some(trade), _) => (trade.size, order.worst_price()),
            (rule, None, _) => {
                let bar = self.course_of(order.instrument).map(|course| &course.taken.bar);
                let volume = bar.and_then(|bar| bar.volume).unwrap_or(Qty::ZERO);
                let cap = if rule.is_auction() { None } else { self.cap_at(order, offer.price) };
                (volume, order.worst_price().or(cap))
            }
        };
        let is_two_sided = quote.middle().is_some() && hot.is_fresh(self.arrival());
        let met = Encounter {
            price: offer.price,
            qty: deal.wanted().min(offer.qty),
            volume: size,
            spread: if is_two_sided { quote.ask - quote.bid } else { Price::ZERO },
            step: instrument.increment_at(offer.price),
        };
        let draw = Draw { seed: self.seed(), order: order.id, filled: order.filled_qty() };
        slipped(&deal.portfolio.profile.slippage, (order.side, worst), (&met, instrument), draw)
    }
}

/// An order that meets an offer, and what stands behind it: each looked up once.
struct Deal<'a> {
    order: &'a OpenOrder,
    offer: &'a Offer,
    portfolio: &'a Portfolio,
    /// What the portfolio holds of the instrument.
    held: Position,
    instrument: &'a Instrument,
    charging: Charging<'a>,
    /// What it trades at: what is offered, and what it slips.
    price: Price,
    now: Time,
    /// Whether another order may still set more of it free, so that it is not done with what it has.
    may_grow: bool,
}

/// What a fill is charged.
#[derive(Clone, Copy, Debug)]
struct Fees {
    /// Of the commission by the rates.
    accrued: Money,
    commission: Money,
    regulatory: Money,
}

impl Deal<'_> {
    fn plan(&self) -> FillPlan {
        let lot = self.instrument.lot_size;
        let wanted = self.wanted();
        let offered = Qty::from_raw(self.offer.qty.raw() - self.offer.qty.raw() % lot.raw());
        let reachable = wanted.min(offered);
        let payable = self.payable(reachable);
        FillPlan {
            wanted,
            qty: reachable.min(payable),
            // An amount that buys no lot any more has been outrun by the price, too.
            falls_short: payable < reachable || wanted.is_zero(),
        }
    }

    /// What it still wants at its price.
    fn wanted(&self) -> Qty {
        let Self { order, price, .. } = *self;
        let lot = self.instrument.lot_size;
        match (order.size(), order.side) {
            (Size::Shares(total), _) => total - order.filled_qty(),
            (Size::Notional(amount), Side::Buy) => {
                self.charging.affordable_as(self.offer.liquidity, amount - order.spent(), price, lot)
            }
            (Size::Notional(amount), Side::Sell) => Qty::affordable_floor(amount - order.spent(), price, lot),
        }
    }

    /// How much of `qty` the portfolio can pay for, or holds, with what this order holds back.
    fn payable(&self, qty: Qty) -> Qty {
        let Self { order, price, .. } = *self;
        let (lot, account) = (self.instrument.lot_size, &self.portfolio.account);
        match order.side {
            Side::Buy => {
                let cash = order.reserved().cash + account.available_cash();
                let room = HOLDING_MAX.saturating_sub(self.held.qty.raw());
                let qty = qty.min(Qty::from_raw((room - room % lot.raw()).max(0)));
                if qty.is_zero() || price * qty + self.commission(qty).max(Money::ZERO) <= cash {
                    return qty;
                }
                self.charging.affordable_as(self.offer.liquidity, cash, price, lot).min(qty)
            }
            Side::Sell => qty.min(order.reserved().qty + self.held.available_qty()),
        }
    }

    fn commission(&self, qty: Qty) -> Money {
        let lot = Lot { qty, value: self.price * qty };
        self.charging.charge(lot, self.offer.liquidity).commission
    }

    /// What so much of it is charged. A sale pays from what it brings and from what is free: what is more than
    /// both is not charged, the commission first. Commission that was not is charged with the order's next fill.
    fn fees(&self, lot: Lot) -> Fees {
        let OrderFees { accrued, commission } = self.charging.charge(lot, self.offer.liquidity);
        let Self { order, portfolio, instrument, .. } = *self;
        if order.side == Side::Buy {
            return Fees { accrued, commission, regulatory: Money::ZERO };
        }
        let sale = Sale { asset_class: instrument.asset_class, time: self.now, qty: lot.qty, value: lot.value };
        let regulatory = regulatory_fee(portfolio.profile.regulatory, &sale);
        let most = portfolio.account.available_cash() + lot.value;
        let regulatory = regulatory.min(most - commission.min(Money::ZERO));
        Fees { accrued, commission: commission.min(most - regulatory), regulatory }
    }

    /// The fill of so much of it, at what the market said then.
    fn fill(&self, qty: Qty, (quote, quote_time): (Quote, Time)) -> Fill {
        let Self { order, offer, price, .. } = *self;
        let value = price * qty;
        let Fees { accrued, commission, regulatory } = self.fees(Lot { qty, value });
        let (reserved, completes) = self.held_after(Lot { qty, value }, OrderFees { accrued, commission });
        Fill {
            order: order.id,
            trade: self.portfolio.last_trade.next(),
            instrument: order.instrument,
            side: order.side,
            price,
            qty,
            value,
            residue: price.value_residue(qty),
            fee: commission + regulatory,
            regulatory,
            accrued,
            realized_pnl: self.held.realized_by(order.side, qty, value),
            liquidity: offer.liquidity,
            rule: offer.rule,
            evidence: Evidence { quote, quote_time, trade: offer.trade, bar: None },
            ambiguous: false,
            slippage: Price::from_raw((price.raw() - offer.price.raw()).abs()),
            synthetic: Qty::ZERO,
            reserved,
            completes,
        }
    }

    /// What a sell may still sell of the holding once so much of it is sold.
    fn sellable_after(&self, qty: Qty) -> Qty {
        (self.order.reserved().qty + self.held.available_qty()).saturating_sub(qty)
    }

    /// What an order holds back after such a fill, and whether it is done.
    fn held_after(&self, Lot { qty, value }: Lot, added: OrderFees) -> (Reservation, bool) {
        let Self { order, price, .. } = *self;
        let lot = self.instrument.lot_size;
        let before = order.reserved();
        let (filled_value, fees) = (order.filled_value() + value, order.fees().with(added));
        let charging = Charging::new(self.portfolio, (fees, filled_value), self.now);
        let (leaves, completes, rest) = match order.size() {
            Size::Shares(total) => {
                let leaves = total - order.filled_qty() - qty;
                (leaves, leaves.is_zero() && !self.may_grow, Money::ZERO)
            }
            Size::Notional(amount) => {
                let rest = amount - spent(order.side, filled_value, fees);
                let buys = match order.side {
                    Side::Buy => charging.affordable(rest, price, lot),
                    Side::Sell => Qty::affordable_floor(rest, price, lot),
                };
                (buys, buys.is_zero(), rest)
            }
        };
        if completes || leaves.is_zero() || order.instructions().reduce_only {
            return (Reservation::default(), completes);
        }
        let is_amount = matches!(order.size(), Size::Notional(_));
        let held = match order.side {
            Side::Sell if is_amount => {
                let worst = order.limit().unwrap_or(price);
                let target = Qty::affordable_floor(rest, worst, lot);
                // A falling price needs more of the holding than was held back, as far as it goes.
                Reservation { cash: Money::ZERO, qty: target.min(self.sellable_after(qty)) }
            }
            // A leg may have been set free for more than is held.
            Side::Sell => Reservation { cash: Money::ZERO, qty: leaves.min(self.sellable_after(qty)) },
            Side::Buy => {
                let target = if is_amount { rest } else { held_for(order, leaves, leaves + qty, &charging) };
                let account = &self.portfolio.account;
                // What ran away in price is paid from what was free, and never beyond it.
                let left = before.cash + account.available_cash() - value - added.commission;
                Reservation { cash: target.min(left), qty: Qty::ZERO }
            }
        };
        (held, false)
    }
}

/// Cash that a buy of `leaves` more holds back: at its own price, so that a better fill frees the
/// difference, with what it would be charged; or else the part of what it held for `leaves_before`.
fn held_for(order: &OpenOrder, leaves: Qty, leaves_before: Qty, charging: &Charging<'_>) -> Money {
    let at = |price: Price| {
        let value = price.value_ceil(leaves);
        value + charging.ahead(Lot { qty: leaves, value })
    };
    if let Some(cap) = order.cap().filter(|cap| cap.rests) {
        return at(cap.price);
    }
    match order.kind() {
        OrderKind::Limit { limit }
        | OrderKind::StopLimit { limit, .. }
        | OrderKind::LimitIfTouched { limit, .. } => at(limit),
        OrderKind::Stop { stop } => at(stop),
        OrderKind::MarketIfTouched { trigger } => at(trigger),
        OrderKind::Market
        | OrderKind::Pegged(_)
        | OrderKind::TrailingStop { .. }
        | OrderKind::TrailingStopLimit { .. } => order.reserved().cash.share_half_even(leaves, leaves_before),
    }
}
