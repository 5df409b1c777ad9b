//! What another path of a bar would have made of the same orders.
//!
//! Owns a second shard into which a portfolio's account and its orders in one instrument are copied, so that
//! the same code leads them along the other path. Nothing of it comes back but which fills there were, so that a
//! fill that differs from them is called ambiguous, and what was left in the end.

use crate::bar_course::{Course, Elsewhere, Glimpse};
use crate::bars::{Taken, other_paths};
use crate::book::Book;
use crate::commit::row_of;
use crate::market::Triggers;
use crate::orders::{OpenOrder, Slot};
use crate::portfolio::Portfolio;
use crate::shard::Shard;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use model::{
    BarPath, BarPolicies, BarVolume, EventBody, InstrumentId, Money, NetQty, OrderId, OrderNumber, PortfolioId,
    Qty, Side,
};

/// What is tried: the orders of a portfolio in a bar, or those of them that hang together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial<'a> {
    pub(crate) portfolio: PortfolioId,
    pub(crate) taken: &'a Taken,
    pub(crate) family: Option<&'a BTreeSet<OrderNumber>>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    fills: BTreeMap<OrderId, Vec<Glimpse>>,
    /// Cash, and the holding at the bar's close.
    pub(crate) worth: Money,
}

impl Shard {
    /// The fills that the other paths of a bar would make; nothing where no path makes a difference.
    pub(crate) fn fills_elsewhere(
        &mut self,
        (portfolio, slots): (PortfolioId, &[Slot]),
        taken: &Taken,
    ) -> Elsewhere {
        if !self.may_differ(slots, taken) {
            return Vec::new();
        }
        let policies = self.portfolio(portfolio).profile.bars;
        let paths = other_paths(&policies, &taken.bar).iter();
        paths.map(|path| self.try_path(*path, Trial { portfolio, taken, family: None }).fills).collect()
    }

    /// Leads orders along a path elsewhere.
    pub(crate) fn try_path(&mut self, path: BarPath, trial: Trial<'_>) -> Outcome {
        let mut copy = self.copy.take().unwrap_or_else(|| Box::new(Self::new(self.config())));
        let outcome = copy.lead_as_there(path, self, trial);
        self.copy = Some(copy);
        outcome
    }

    /// Whether the path could matter: never to a single order that trades at its price whenever that comes.
    pub(crate) fn may_differ(&self, slots: &[Slot], taken: &Taken) -> bool {
        let Some(first) = slots.first() else { return false };
        let policies = self.portfolio(self.orders.get(*first).id.portfolio()).profile.bars;
        let bar = &taken.bar;
        let is_split = policies.volume == BarVolume::Split && bar.volume.is_some_and(Qty::is_positive);
        let mut may_fill = slots.iter().map(|slot| self.orders.get(*slot)).filter(|order| {
            let Some(trail) = order.kind().trail().filter(|_| order.waits_for_trigger()) else { return true };
            let (with, against) = match order.side {
                Side::Buy => (bar.low, bar.high),
                Side::Sell => (bar.high, bar.low),
            };
            let mark = self.books[row_of(order.instrument)].mark(order).unwrap_or(bar.open);
            let best = if order.side.improves(with, mark) { with } else { mark };
            // Where its best stop is not reached, none that it had before is.
            order.side.stop_reached(against, trail.stop_price(order.side, best))
        });
        match (may_fill.next(), may_fill.next()) {
            (None, _) => false,
            (Some(_), Some(_)) => true,
            (Some(order), None) => is_split || !self.is_plain(order),
        }
    }

    /// Whether an order trades at one price or not at all, whatever came before, and sets nothing else free.
    fn is_plain(&self, order: &OpenOrder) -> bool {
        let waits_twice = order.waits_for_trigger() && order.kind().limit_price().is_some();
        let chains = &self.portfolio(order.id.portfolio()).chains;
        let is_alone = order.link().is_none() && chains.children(order.id.number()).is_empty();
        is_alone && order.kind().trail().is_none() && !waits_twice
    }

    /// Leads orders along a path here, as they are there.
    fn lead_as_there(&mut self, path: BarPath, there: &Self, trial: Trial<'_>) -> Outcome {
        let Trial { portfolio, taken, .. } = trial;
        self.imitate(there, trial);
        let policies = BarPolicies { path, ..there.portfolio(portfolio).profile.bars };
        let slots = self.concerned_by(taken);
        let mut events = Vec::new();
        self.meet_orders(&slots, Course::begin(taken, policies, Vec::new()), &mut events);
        let account = &self.portfolio(portfolio).account;
        let held = account.position(taken.bar.instrument).map_or(NetQty::default(), |position| position.qty);
        let worth = account.cash + taken.bar.close * held;
        self.forget(portfolio);
        let mut fills: BTreeMap<OrderId, Vec<Glimpse>> = BTreeMap::new();
        for event in &events {
            if let EventBody::Filled(fill) = &event.body {
                fills.entry(fill.order).or_default().push(Glimpse::of(fill));
            }
        }
        Outcome { fills, worth }
    }

    /// Takes over what the orders of a portfolio in an instrument depend on.
    fn imitate(&mut self, there: &Self, Trial { portfolio: id, taken, family }: Trial<'_>) {
        let instrument = taken.bar.instrument;
        let row = row_of(instrument);
        (self.seq, self.now, self.event_time, self.tick) = (there.seq, there.now, there.event_time, there.tick);
        if self.instruments.get(row).and_then(Option::as_ref) != Some(there.instrument(instrument)) {
            self.commit_instrument(there.instrument(instrument));
        }
        self.books[row] = Book::new();
        self.hot[row] = there.hot[row].clone();
        self.hot[row].set_triggers(&Triggers::NONE);
        let portfolio = there.portfolio(id);
        let slots: Vec<Slot> = match family {
            Some(family) => family.iter().filter_map(|number| portfolio.open.get(*number)).collect(),
            None => portfolio.open.iter().map(|(_, slot)| slot).collect(),
        };
        let open = slots.iter().map(|slot| there.orders.get(*slot));
        let mut orders: Vec<OpenOrder> = open.filter(|order| order.instrument == instrument).cloned().collect();
        for order in &mut orders {
            // Marks that moved since their last event.
            if let Some(mark) = there.books[row].mark(order).filter(|_| order.peg().is_none()) {
                order.set_hwm(mark);
            }
        }
        let held: Money = orders.iter().map(|order| order.reserved().cash).sum();
        let held_qty: Qty = orders.iter().map(|order| order.reserved().qty).sum();
        self.portfolios.insert(id, portfolio.without_orders((held, held_qty), instrument));
        for order in orders {
            self.insert_order(order);
        }
    }

    /// Ends what is left here, so that the next one finds the place empty.
    fn forget(&mut self, id: PortfolioId) {
        let open: Vec<Slot> = self.portfolio(id).open.iter().map(|(_, slot)| slot).collect();
        for slot in open {
            self.remove_order(slot);
        }
        self.portfolios.remove(id);
        self.arrivals.clear();
    }
}

impl Portfolio {
    /// A copy as if no order was open but those that hold back so much of its cash and of its holding of an
    /// instrument, which are to come: whatever else is held back is not there.
    fn without_orders(&self, (cash, qty): (Money, Qty), instrument: InstrumentId) -> Self {
        let mut account = self.account.clone();
        account.cash = account.available_cash() + cash;
        account.reserved_cash = Money::ZERO;
        if let Some(position) = account.positions.get_mut(&instrument) {
            // Nobody else may sell what others hold back, as if they did.
            position.reserved_qty -= qty;
        }
        let opened = Self::opened(self.currency, self.starting_balance, self.limits, self.profile);
        Self {
            account,
            month_traded: self.month_traded,
            last_seq: self.last_seq,
            last_trade: self.last_trade,
            ..opened
        }
    }
}
