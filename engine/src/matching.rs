//! How one order meets one offer.
//!
//! Owns the size and the price of a fill, what is held back afterwards, and what happens when the
//! money or the holding does not reach. Looks first, then makes events.

use crate::account::Position;
use crate::commit::row_of;
use crate::liquidity::Display;
use crate::orders::{OpenOrder, Slot};
use crate::portfolio::Portfolio;
use crate::shard::Shard;
use alloc::vec::Vec;
use model::{
    CancelReason, Event, EventBody, Evidence, Fill, FillRule, InstrumentId, InstrumentStatus, Liquidity, Money,
    OrderKind, PortfolioId, Price, Qty, Quote, Reservation, Side, Size, Time, TimeInForce, Trade, limits,
};

/// No profile charges a commission unless one is configured.
const FEE: Money = Money::ZERO;
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
    /// Whether the instrument's market is open and not halted.
    pub(crate) fn trades_now(&mut self, instrument: InstrumentId) -> bool {
        let row = self.instruments[row_of(instrument)].as_ref().expect("a defined row takes ticks");
        match row.status {
            InstrumentStatus::Active => self.sessions.is_open(row.calendar, self.now),
            InstrumentStatus::Halted | InstrumentStatus::Delisted => false,
        }
    }

    /// An order that may trade has come: it takes what stands, and an immediate one ends.
    pub(crate) fn arrive(&mut self, slot: Slot, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        if order.waits_for_trigger() {
            return;
        }
        let (id, instrument, time_in_force) = (order.id, order.instrument, order.time_in_force());
        if self.trades_now(instrument) {
            self.take(slot, FillRule::TookStandingQuote, out);
        }
        let reason = match time_in_force {
            TimeInForce::ImmediateOrCancel => CancelReason::ImmediateOrCancel,
            TimeInForce::FillOrKill => CancelReason::FillOrKill,
            TimeInForce::Day | TimeInForce::GoodTilCanceled => return,
        };
        if self.find_open(id).is_some() {
            let body = EventBody::OrderCanceled { order: id, reason, by: None };
            self.emit(id.portfolio(), body, out);
        }
    }

    /// Takes the displayed other side of the standing quote, as far as it goes.
    pub(crate) fn take(&mut self, slot: Slot, rule: FillRule, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let opposite = self.hot[row_of(order.instrument)].opposite(order.side, self.arrival());
        let Some((price, displayed)) = opposite else { return };
        if order.limit().is_some_and(|limit| !order.side.within(price, limit)) {
            return;
        }
        let display = self.display_for(order);
        let qty = self.portfolio(order.id.portfolio()).budgets.left_of_display(display, displayed);
        let offer = Offer { price, qty, liquidity: Liquidity::Taker, rule, trade: None };
        if order.time_in_force() == TimeInForce::FillOrKill {
            let plan = self.deal(order, &offer).plan();
            if plan.qty < plan.wanted || plan.falls_short {
                return;
            }
        }
        let portfolio = order.id.portfolio();
        let filled = self.execute(slot, &offer, out);
        self.spend_display(portfolio, display, filled);
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
        let order = self.orders.get(slot);
        if offer.qty.is_zero() {
            return Qty::ZERO;
        }
        let id = order.id;
        let deal = self.deal(order, offer);
        let plan = deal.plan();
        if plan.qty.is_positive() {
            let fill = deal.fill(plan.qty, self.hot[row_of(order.instrument)].quote());
            self.emit_fill(fill, out);
        }
        if plan.falls_short && self.find_open(id).is_some() {
            let reason = CancelReason::InsufficientBuyingPower;
            let body = EventBody::OrderCanceled { order: id, reason, by: None };
            self.emit(id.portfolio(), body, out);
        }
        plan.qty
    }

    fn deal<'a>(&'a self, order: &'a OpenOrder, offer: &'a Offer) -> Deal<'a> {
        let portfolio = self.portfolio(order.id.portfolio());
        let held = portfolio.account.position(order.instrument).copied().unwrap_or_default();
        let instrument = self.instruments[row_of(order.instrument)].as_ref();
        let lot = instrument.map_or(Qty::whole(1), |row| row.lot_size);
        Deal { order, offer, portfolio, held, lot }
    }
}

/// An order that meets an offer, and what stands behind it: each looked up once.
struct Deal<'a> {
    order: &'a OpenOrder,
    offer: &'a Offer,
    portfolio: &'a Portfolio,
    /// What the portfolio holds of the instrument.
    held: Position,
    lot: Qty,
}

impl Deal<'_> {
    fn plan(&self) -> FillPlan {
        let Self { order, offer, lot, .. } = *self;
        let wanted = match order.size() {
            Size::Shares(total) => total - order.filled_qty(),
            Size::Notional(amount) => Qty::affordable_floor(amount - order.filled_value(), offer.price, lot),
        };
        let offered = Qty::from_raw(offer.qty.raw() - offer.qty.raw() % lot.raw());
        let reachable = wanted.min(offered);
        let payable = self.payable(reachable);
        FillPlan {
            wanted,
            qty: reachable.min(payable),
            // An amount that buys no lot any more has been outrun by the price, too.
            falls_short: payable < reachable || wanted.is_zero(),
        }
    }

    /// How much of `qty` the portfolio can pay for, or holds, with what this order holds back.
    fn payable(&self, qty: Qty) -> Qty {
        let Self { order, lot, .. } = *self;
        let (price, account) = (self.offer.price, &self.portfolio.account);
        match order.side {
            Side::Buy => {
                let cash = order.reserved().cash + account.available_cash();
                let room = HOLDING_MAX.saturating_sub(self.held.qty.raw());
                let qty = qty.min(Qty::from_raw((room - room % lot.raw()).max(0)));
                if price * qty + FEE <= cash { qty } else { Qty::affordable_floor(cash - FEE, price, lot) }
            }
            Side::Sell => qty.min(order.reserved().qty + self.held.available_qty()),
        }
    }

    /// The fill of so much of it, at what the market said then.
    fn fill(&self, qty: Qty, (quote, quote_time): (Quote, Time)) -> Fill {
        let Self { order, offer, .. } = *self;
        let value = offer.price * qty;
        let (reserved, completes) = self.held_after(qty);
        Fill {
            order: order.id,
            trade: self.portfolio.last_trade.next(),
            instrument: order.instrument,
            side: order.side,
            price: offer.price,
            qty,
            value,
            residue: offer.price.value_residue(qty),
            fee: FEE,
            realized_pnl: self.held.realized_by(order.side, qty, value),
            liquidity: offer.liquidity,
            rule: offer.rule,
            evidence: Evidence { quote, quote_time, trade: offer.trade },
            reserved,
            completes,
        }
    }

    /// What an order holds back after such a fill, and whether it is done.
    fn held_after(&self, qty: Qty) -> (Reservation, bool) {
        let Self { order, lot, .. } = *self;
        let price = self.offer.price;
        let before = order.reserved();
        let value = price * qty;
        let (leaves, completes, rest) = match order.size() {
            Size::Shares(total) => {
                let leaves = total - order.filled_qty() - qty;
                (leaves, leaves.is_zero(), Money::ZERO)
            }
            Size::Notional(amount) => {
                let rest = amount - order.filled_value() - value;
                let buys = Qty::affordable_floor(rest, price, lot);
                (buys, buys.is_zero(), rest)
            }
        };
        if completes {
            return (Reservation::default(), true);
        }
        let is_amount = matches!(order.size(), Size::Notional(_));
        let held = match order.side {
            Side::Sell if is_amount => {
                let worst = order.limit().unwrap_or(price);
                let target = Qty::affordable_floor(rest, worst, lot);
                // A falling price needs more of the holding than was held back, as far as it goes.
                let left = (before.qty + self.held.available_qty()).saturating_sub(qty);
                Reservation { cash: Money::ZERO, qty: target.min(left) }
            }
            Side::Sell => Reservation { cash: Money::ZERO, qty: leaves },
            Side::Buy => {
                let target = if is_amount { rest } else { held_for(order, leaves, leaves + qty) };
                let account = &self.portfolio.account;
                // What ran away in price is paid from what was free, and never beyond it.
                let left = before.cash + account.available_cash() - value - FEE;
                Reservation { cash: target.min(left), qty: Qty::ZERO }
            }
        };
        (held, false)
    }
}

/// Cash that a buy of `leaves` more holds back: at its own price, so that a better fill frees the
/// difference, or else the part of what it held for `leaves_before`.
fn held_for(order: &OpenOrder, leaves: Qty, leaves_before: Qty) -> Money {
    match order.kind() {
        OrderKind::Limit { limit } | OrderKind::StopLimit { limit, .. } => limit.value_ceil(leaves),
        OrderKind::Stop { stop } => stop.value_ceil(leaves),
        OrderKind::Market | OrderKind::TrailingStop { .. } => {
            order.reserved().cash.share_half_even(leaves, leaves_before)
        }
    }
}
