//! Which orders meet a bar together, and on which path.
//!
//! Owns what worse and better mean: an order and all that hangs together with it are led along both paths of
//! the bar by themselves, and the one that leaves less at the close is the worse.

use crate::bar_elsewhere::Trial;
use crate::bar_path::First;
use crate::bars::Taken;
use crate::orders::{OpenOrder, Slot};
use crate::shard::Shard;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cmp::Ordering;
use model::{BarPath, OrderId, OrderNumber, Side};

/// Orders that meet a bar together.
#[derive(Debug)]
pub(crate) struct Pass {
    /// Which of its extremes they see first; `None` without a path.
    pub(crate) first: Option<First>,
    pub(crate) slots: Vec<Slot>,
}

impl Shard {
    /// The passes in which orders of one portfolio meet a bar, first come first.
    pub(crate) fn passes(&mut self, slots: &[Slot], taken: &Taken, path: BarPath) -> Vec<Pass> {
        let all = |first| Vec::from([Pass { first, slots: slots.to_vec() }]);
        let sides = match path {
            BarPath::OpenHighLowClose => return all(Some(First::High)),
            BarPath::OpenLowHighClose => return all(Some(First::Low)),
            BarPath::Adaptive => return all(Some(First::nearer(&taken.bar))),
            BarPath::Extremes => return all(None),
            // Who buys first cannot spend what the others sell for.
            BarPath::Pessimistic => [Side::Buy, Side::Sell],
            BarPath::Optimistic => [Side::Sell, Side::Buy],
        };
        let mut sided: BTreeMap<(usize, First), Vec<Slot>> = BTreeMap::new();
        let mut placed: BTreeSet<OrderNumber> = BTreeSet::new();
        for slot in slots {
            let order = self.orders.get(*slot);
            let side = order.side;
            if placed.contains(&order.id.number()) {
                continue;
            }
            let family = self.family_of(order);
            let is_of_it = |slot: &&Slot| family.contains(&self.orders.get(**slot).id.number());
            let own: Vec<Slot> = if family.len() == 1 {
                Vec::from([*slot])
            } else {
                slots.iter().filter(is_of_it).copied().collect()
            };
            let worse = self.worse_first((&family, &own), taken);
            let first = if path == BarPath::Pessimistic { worse } else { worse.other() };
            let place = sides.iter().position(|known| *known == side).expect("there are two sides");
            sided.entry((place, first)).or_default().extend(own);
            placed.extend(family);
        }
        sided.into_iter().map(|((_, first), slots)| Pass { first: Some(first), slots }).collect()
    }

    /// Which extreme comes first on the path that is worse for the owner of orders that hang together. Where
    /// both are as good, the one on which the price goes against the trade before it can go with it.
    fn worse_first(&mut self, (family, slots): (&BTreeSet<OrderNumber>, &[Slot]), taken: &Taken) -> First {
        let order = self.orders.get(slots[0]);
        let (portfolio, side) = (order.id.portfolio(), order.side);
        let against = match side {
            Side::Buy => First::High,
            Side::Sell => First::Low,
        };
        if !self.may_differ(slots, taken) {
            return against;
        }
        let trial = Trial { portfolio, taken, family: Some(family) };
        let paths = [BarPath::OpenHighLowClose, BarPath::OpenLowHighClose];
        let [high, low] = paths.map(|path| self.try_path(path, trial).worth);
        match high.cmp(&low) {
            Ordering::Less => First::High,
            Ordering::Greater => First::Low,
            Ordering::Equal => against,
        }
    }

    /// The open orders that hang together with an order, itself included: over parents, children and groups.
    fn family_of(&self, order: &OpenOrder) -> BTreeSet<OrderNumber> {
        let portfolio = order.id.portfolio();
        let chains = &self.portfolio(portfolio).chains;
        let mut family = BTreeSet::new();
        let mut unseen = Vec::from([order.id.number()]);
        while let Some(number) = unseen.pop() {
            let Some(slot) = self.find_open(OrderId::of(portfolio, number)) else { continue };
            if family.insert(number) {
                let link = self.orders.get(slot).link();
                unseen.extend(chains.children(number));
                unseen.extend(link.and_then(|link| link.parent));
                unseen
                    .extend(link.and_then(|link| link.group).into_iter().flat_map(|group| chains.members(group)));
            }
        }
        family
    }
}
