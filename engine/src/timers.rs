//! When orders end by time.
//!
//! Owns which open orders end at each instant, soonest first, and the next instant at which
//! something is due, so that an input asks with one compare. Day orders end with their session, so
//! that there are few instants and many orders at each: an instant keeps a list of places in the
//! slab, in which those that ended otherwise stay until half of it is such. Each place is therefore
//! checked against its row before it counts.

use crate::blocks::Blocks;
use crate::orders::{Orders, Slot};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use model::{OrderId, Time};

/// The place of day orders that came before any time was known: due with the first time.
pub(crate) const UNDATED: Time = Time::from_nanos(1);
/// So many places that count no more are never worth a sweep.
const STALE_MIN: usize = 64;

/// The orders of one instant.
#[derive(Debug, Default)]
struct Due {
    slots: Blocks<Slot>,
    /// How many of the places count.
    open: usize,
}

/// Pending expiries.
#[derive(Debug)]
pub(crate) struct Timers {
    expiries: BTreeMap<Time, Due>,
    next: Time,
}

impl Timers {
    pub(crate) const fn new() -> Self {
        Self { expiries: BTreeMap::new(), next: Time::NEVER }
    }

    /// When the next one is due; [`Time::NEVER`] when none is.
    pub(crate) const fn next(&self) -> Time {
        self.next
    }

    /// `at` may be [`Time::NEVER`], which sets nothing.
    pub(crate) fn set(&mut self, at: Time, slot: Slot) {
        if at != Time::NEVER {
            let due = self.expiries.entry(at).or_default();
            due.slots.push(slot);
            due.open += 1;
            self.next = self.next.min(at);
        }
    }

    /// Some order's expiry at `at` is void; `orders` must say so already, or say what will be set.
    pub(crate) fn clear(&mut self, at: Time, orders: &Orders) {
        if at == Time::NEVER {
            return;
        }
        let due = self.expiries.get_mut(&at).expect("what is cleared was set");
        due.open -= 1;
        if due.open == 0 {
            self.expiries.remove(&at);
            self.next = self.expiries.first_key_value().map_or(Time::NEVER, |(at, _)| *at);
        } else if due.slots.len() > 2 * due.open + STALE_MIN {
            let stand = due.slots.iter().filter(|slot| orders.timer(**slot) == Some(at));
            let mut stand: Vec<Slot> = stand.copied().collect();
            stand.sort_unstable();
            stand.dedup();
            due.slots = stand.into_iter().collect();
        }
    }

    /// The first instant that is due by `now`, and the orders of it by id.
    pub(crate) fn due(&self, now: Time, orders: &Orders) -> Option<(Time, Vec<OrderId>)> {
        let (&at, due) = self.expiries.first_key_value().filter(|(at, _)| **at <= now)?;
        let stand = due.slots.iter().filter(|slot| orders.timer(**slot) == Some(at));
        let mut ids: Vec<OrderId> = stand.map(|slot| orders.get(*slot).id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), due.open, "every expiry that was set is there until it is cleared");
        Some((at, ids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::OpenOrder;
    use alloc::vec;
    use model::{
        InstrumentId, Money, OrderFees, OrderImage, OrderKind, OrderNumber, OrderTerms, PortfolioId, Price, Qty,
        Reservation, Side, Size, TimeInForce,
    };

    #[test]
    fn the_next_instant_is_the_soonest_that_is_set() {
        let (mut timers, orders) = (Timers::new(), Orders::default());
        let at = Time::from_nanos;
        timers.set(at(20), Slot::from_index(1));
        timers.set(at(10), Slot::from_index(2));
        timers.set(at(10), Slot::from_index(3));
        timers.set(Time::NEVER, Slot::from_index(4));
        assert_eq!(timers.next(), at(10));
        timers.clear(at(10), &orders);
        assert_eq!(timers.next(), at(10));
        timers.clear(at(10), &orders);
        assert_eq!(timers.next(), at(20));
        timers.clear(at(20), &orders);
        timers.clear(Time::NEVER, &orders);
        assert_eq!(timers.next(), Time::NEVER);
    }

    /// A day order of one portfolio that ends then.
    fn order(number: u32, end: Time) -> OpenOrder {
        OpenOrder::from_image(&OrderImage {
            id: OrderId::of(PortfolioId::new(1), OrderNumber::new(number)),
            instrument: InstrumentId::new(1),
            side: Side::Buy,
            terms: OrderTerms {
                time_in_force: TimeInForce::Day,
                ..OrderTerms::plain(OrderKind::Limit { limit: Price::whole(1) }, Size::Shares(Qty::whole(1)))
            },
            accepted_at: Time::EARLIEST,
            expires_at: Some(end),
            filled_qty: Qty::ZERO,
            filled_value: Money::ZERO,
            fees: OrderFees::default(),
            reserved: Reservation::default(),
            triggered: false,
            trail: None,
            cap: None,
            leg: None,
            revision: 0,
            priority: u64::from(number),
        })
    }

    /// Orders and their timers, changed as the shard changes them.
    struct Ends {
        timers: Timers,
        orders: Orders,
    }

    impl Ends {
        fn new() -> Self {
            Self { timers: Timers::new(), orders: Orders::default() }
        }

        fn open(&mut self, number: u32, end: Time) -> Slot {
            let slot = self.orders.insert(order(number, end));
            self.timers.set(end, slot);
            slot
        }

        fn close(&mut self, slot: Slot) {
            let end = self.orders.remove(slot).timer();
            self.timers.clear(end, &self.orders);
        }

        fn due(&self, now: Time) -> Option<(Time, Vec<u32>)> {
            let (at, ids) = self.timers.due(now, &self.orders)?;
            Some((at, ids.iter().map(|id| id.number().get()).collect()))
        }

        fn places(&self, at: Time) -> usize {
            self.timers.expiries.get(&at).map_or(0, |due| due.slots.len())
        }
    }

    #[test]
    fn places_of_ended_orders_are_swept_before_they_outweigh_the_open() {
        let (mut ends, close) = (Ends::new(), Time::from_seconds(100));
        // Numbers descend, so that the order of places is not the order of ids.
        let slots: Vec<Slot> = (1..=1_000).map(|place| ends.open(1_001 - place, close)).collect();
        for (ended, slot) in (1..).zip(&slots[..990]) {
            ends.close(*slot);
            let open = 1_000 - ended;
            assert!(ends.places(close) <= 2 * open + STALE_MIN, "{open} open in {} places", ends.places(close));
        }
        assert_eq!(ends.due(close), Some((close, (1..=10).collect())));
        slots[990..].iter().for_each(|slot| ends.close(*slot));
        assert_eq!((ends.due(Time::NEVER), ends.timers.next(), ends.places(close)), (None, Time::NEVER, 0));
    }

    #[test]
    fn a_place_that_is_used_again_at_the_same_instant_counts_once() {
        let (mut ends, close) = (Ends::new(), Time::from_seconds(100));
        let kept = ends.open(1, close);
        let mut again = ends.open(2, close);
        // Beyond the first sweep, so that swept and unswept lists are both looked at.
        for number in 3..300 {
            ends.close(again);
            let reused = ends.open(number, close);
            assert_eq!(reused, again, "the place that is free is used");
            again = reused;
            assert_eq!(ends.due(close), Some((close, vec![1, number])));
        }
        ends.close(again);
        assert_eq!(ends.due(close), Some((close, vec![1])));
        ends.close(kept);
        assert_eq!(ends.due(close), None);
    }

    #[test]
    fn a_place_that_is_used_again_for_another_instant_counts_there_only() {
        let mut ends = Ends::new();
        let (soon, late) = (Time::from_seconds(100), Time::from_seconds(200));
        ends.open(1, soon);
        let again = ends.open(2, soon);
        ends.close(again);
        assert_eq!(ends.open(3, late), again);
        assert_eq!(ends.due(late), Some((soon, vec![1])));
        ends.close(Slot::from_index(0));
        assert_eq!(ends.due(soon), None);
        assert_eq!(ends.due(late), Some((late, vec![3])));
    }
}
