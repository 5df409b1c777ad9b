//! How far the orders of one portfolio have come in a bar, and how they trade there.
//!
//! Owns where the price is and by which rule orders take there, which part of the volume is left for them, and
//! what a fill owes to its bar: which one that was, and whether another path would have made another fill.

use crate::bars::Taken;
use crate::commit::row_of;
use crate::liquidity::BarShare;
use crate::matching::Offer;
use crate::orders::{OpenOrder, Slot};
use crate::session::Phase;
use crate::shard::Shard;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use model::{
    BarPath, BarPolicies, BarVolume, Event, Fill, FillRule, LimitTouch, Liquidity, Money, OrderId, Price, Qty,
    Side,
};

/// A named price of a bar: that of which a part of the volume is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    Open,
    High,
    Low,
    Close,
}

/// A fill on another path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glimpse {
    price: Price,
    qty: Qty,
}

impl Glimpse {
    pub(crate) fn of(fill: &Fill) -> Self {
        Self { price: fill.price, qty: fill.qty }
    }
}

/// What every other path makes of a portfolio's orders: the fills of each in their order.
pub(crate) type Elsewhere = Vec<BTreeMap<OrderId, Vec<Glimpse>>>;

/// How far the orders of one portfolio have come in a bar.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) taken: Taken,
    pub(crate) policies: BarPolicies,
    /// Where the price is.
    price: Price,
    /// By which rule an order takes that comes to trade here.
    rule: FillRule,
    point: Point,
    elsewhere: Elsewhere,
    /// How many fills of each order it made so far.
    filled: BTreeMap<OrderId, usize>,
}

impl Course {
    pub(crate) fn begin(taken: &Taken, policies: BarPolicies, elsewhere: Elsewhere) -> Self {
        Self {
            taken: *taken,
            policies,
            price: taken.bar.open,
            rule: FillRule::BarOpen,
            point: Point::Open,
            elsewhere,
            filled: BTreeMap::new(),
        }
    }

    pub(crate) const fn price(&self) -> Price {
        self.price
    }

    /// From here on the share of a point is there to be had, and this is the rule by which orders take.
    pub(crate) const fn go_on(&mut self, point: Point, rule: FillRule) {
        (self.point, self.rule) = (point, rule);
    }

    pub(crate) const fn set_rule(&mut self, rule: FillRule) {
        self.rule = rule;
    }

    /// Whether a price is where a limit of this side fills.
    pub(crate) fn meets(&self, side: Side, price: Price, limit: Price) -> bool {
        match self.policies.limit_touch {
            LimitTouch::Strict => side.improves(price, limit),
            LimitTouch::AtTouch => side.within(price, limit),
        }
    }

    /// Whether the market was beyond an order's limit before the bar and at its open, so that it takes: the price
    /// did not come past it. Without a price before, nobody knows that it did.
    pub(crate) fn was_beyond(&self, order: &OpenOrder, limit: Price) -> bool {
        let prices = [self.taken.last, Some(self.taken.bar.open)];
        let meets = |price: Price| self.meets(order.side, price, limit);
        prices.into_iter().flatten().all(meets) && !order.instructions().post_only
    }

    /// Which share of the volume is there to be had, and how much that is; `None` without end.
    fn share(&self, lot: Qty) -> Option<(BarShare, Qty)> {
        let bar = &self.taken.bar;
        let volume = bar.volume.filter(|volume| volume.is_positive())?;
        let share = |point| BarShare { instrument: bar.instrument, close_time: bar.close_time, point };
        match self.policies.volume {
            BarVolume::Unlimited => None,
            BarVolume::Participation(percent) => {
                let part = Money::from_raw(volume.raw().into()).percent_floor(percent);
                let part = Qty::from_raw(i64::try_from(part.raw()).expect("a part of a quantity"));
                Some((share(Point::Close), part))
            }
            BarVolume::Split => Some((share(self.point), split(volume, lot, self.point))),
        }
    }

    /// Counts a fill, and says whether another path would have made another one of it, or none.
    fn count(&mut self, order: OrderId, glimpse: Glimpse) -> bool {
        let count = self.filled.entry(order).or_default();
        let earlier = *count;
        *count += 1;
        let there = |fills: &BTreeMap<OrderId, Vec<Glimpse>>| fills.get(&order)?.get(earlier).copied();
        let mut others = self.elsewhere.iter().map(there);
        let own = match self.policies.path {
            // It has no path of its own: the others have to agree.
            BarPath::Extremes => others.next().flatten(),
            BarPath::OpenHighLowClose
            | BarPath::OpenLowHighClose
            | BarPath::Adaptive
            | BarPath::Pessimistic
            | BarPath::Optimistic => Some(glimpse),
        };
        others.any(|other| other != own)
    }
}

/// What of a volume belongs to a point: a quarter in whole lots, and the rest to the close; of less than four
/// lots as nautilus has it.
fn split(volume: Qty, lot: Qty, point: Point) -> Qty {
    let lots = volume.raw() / lot.raw();
    let quarters = match lots {
        2 => [0, 1, 1],
        3 => [1, 1, 1],
        lots => [lots / 4; 3],
    };
    let of = |lots: i64| Qty::from_raw(lots * lot.raw());
    match point {
        Point::Open => of(quarters[0]),
        Point::High => of(quarters[1]),
        Point::Low => of(quarters[2]),
        Point::Close => volume - of(quarters.iter().sum()),
    }
}

impl Shard {
    /// The price is here now.
    pub(crate) fn stand_at(&mut self, price: Price) {
        let Some(course) = self.course.as_deref_mut() else { return };
        course.price = price;
        if course.taken.phase == Phase::Regular {
            self.hot[row_of(course.taken.bar.instrument)].take_bar_price(price);
        }
    }

    /// What was set free looks at the market. Says who of them wait for more of this bar.
    pub(crate) fn let_join(&mut self, out: &mut Vec<Event>) -> Vec<Slot> {
        let Some(instrument) = self.course.as_deref().map(|course| course.taken.bar.instrument) else {
            return Vec::new();
        };
        let mut joined = Vec::new();
        while !self.arrivals.is_empty() {
            for id in core::mem::take(&mut self.arrivals) {
                if let Some(slot) = self.find_open(id) {
                    if self.orders.get(slot).instrument == instrument {
                        joined.push(slot);
                    }
                    self.arrive(slot, out);
                }
            }
        }
        joined.retain(|slot| self.orders.find(*slot).is_some());
        joined
    }

    /// Takes at the price that is there.
    pub(crate) fn take_on_path(&mut self, slot: Slot, out: &mut Vec<Event>) {
        let Some((price, rule)) = self.course.as_deref().map(|course| (course.price, course.rule)) else { return };
        let order = self.orders.get(slot);
        match order.limit() {
            Some(limit) if !order.side.within(price, limit) => return,
            Some(_) => {}
            None if self.stop_at_cap(slot, price, out) => return,
            None => {}
        }
        let id = self.orders.get(slot).id;
        self.fill_on_path(slot, (price, Liquidity::Taker, rule), out);
        self.keep_cap(id, price, out);
    }

    /// Fills an order at a price of the path, as far as the volume goes.
    pub(crate) fn fill_on_path(
        &mut self,
        slot: Slot,
        (price, liquidity, rule): (Price, Liquidity, FillRule),
        out: &mut Vec<Event>,
    ) {
        let Some(course) = self.course.as_deref() else { return };
        let order = self.orders.get(slot);
        let (portfolio, lot) = (order.id.portfolio(), self.instrument(order.instrument).lot_size);
        let share = course.share(lot);
        let budgets = &self.portfolio(portfolio).budgets;
        let qty = share.map_or(Qty::MAX, |(share, qty)| budgets.left_of_bar(share, qty));
        let offer = Offer { price, qty, liquidity, rule, trade: None };
        let filled = self.take_offer(slot, &offer, out);
        if let Some((share, _)) = share {
            self.portfolio_mut(portfolio).budgets.spend_bar(share, filled);
        }
    }

    /// What a fill owes to the bar it was made from.
    pub(crate) fn tell_of_bar(&mut self, fill: &mut Fill) {
        let Some(course) = self.course.as_deref_mut() else { return };
        if course.taken.bar.instrument == fill.instrument {
            fill.evidence.bar = Some(Box::new(course.taken.bar));
            fill.ambiguous = course.count(fill.order, Glimpse::of(fill));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_split(volume: i64, expected: [i64; 4]) {
        let points = [Point::Open, Point::High, Point::Low, Point::Close];
        let shares = points.map(|point| split(Qty::whole(volume), Qty::whole(1), point));
        assert_eq!(shares, expected.map(Qty::whole), "{volume}");
    }

    #[test]
    fn a_volume_is_split_in_whole_lots() {
        check_split(1, [0, 0, 0, 1]);
        check_split(2, [0, 1, 1, 0]);
        check_split(3, [1, 1, 1, 0]);
        check_split(4, [1, 1, 1, 1]);
        check_split(103, [25, 25, 25, 28]);
    }
}
