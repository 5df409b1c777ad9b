//! Open orders of one symbol, ordered by the price at which each acts.
//!
//! Owns where an order waits: in one of four one-sided sets (buys and sells that may trade, buy
//! and sell stops that wait for their release) or among the trailing stops. Orders of equal price
//! stand in the order of time. The best of each is cached in front, in [`Triggers`].

use crate::market::Triggers;
use crate::orders::{OpenOrder, Slot};
use crate::trailing::{TrailKey, TrailingSide};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use model::{OrderKind, Price, Side};

/// The rank of an order without a limit: before every price.
const BEFORE_EVERY_PRICE: i64 = i64::MIN;

/// Orders by (price turned so that the first acts first, place in time).
type ByPrice = BTreeMap<(i64, u64), Slot>;

/// Where an order waits.
enum Place {
    /// It may trade.
    Trading(i64),
    /// It waits for a fixed stop.
    Stop(i64),
    /// It waits for a stop that follows.
    Trailing(TrailKey),
}

/// A buy's limits act from the highest down, a sell's from the lowest up.
fn limit_rank(side: Side, limit: Option<Price>) -> i64 {
    let Some(limit) = limit else { return BEFORE_EVERY_PRICE };
    match side {
        Side::Buy => -limit.raw(),
        Side::Sell => limit.raw(),
    }
}

/// A buy's stops act from the lowest up, a sell's from the highest down.
fn stop_rank(side: Side, stop: Price) -> i64 {
    -limit_rank(side, Some(stop))
}

fn place(order: &OpenOrder) -> Place {
    if !order.waits_for_trigger() {
        return Place::Trading(limit_rank(order.side, order.limit()));
    }
    match order.kind() {
        OrderKind::Stop { stop } | OrderKind::StopLimit { stop, .. } => Place::Stop(stop_rank(order.side, stop)),
        OrderKind::TrailingStop { trail } => Place::Trailing(TrailKey { trail, priority: order.priority }),
        OrderKind::Market | OrderKind::Limit { .. } => {
            unreachable!("only stops wait for a trigger")
        }
    }
}

#[derive(Debug)]
struct BookSide {
    side: Side,
    trading: ByPrice,
    stops: ByPrice,
    trailing: TrailingSide,
}

impl BookSide {
    const fn new(side: Side) -> Self {
        Self { side, trading: ByPrice::new(), stops: ByPrice::new(), trailing: TrailingSide::new(side) }
    }
}

/// The open orders of one symbol.
#[derive(Debug)]
pub(crate) struct Book {
    buys: BookSide,
    sells: BookSide,
    /// Whether a trailing mark moved since the last flush.
    has_moved: bool,
}

impl Book {
    pub(crate) const fn new() -> Self {
        Self { buys: BookSide::new(Side::Buy), sells: BookSide::new(Side::Sell), has_moved: false }
    }

    fn side(&self, side: Side) -> &BookSide {
        match side {
            Side::Buy => &self.buys,
            Side::Sell => &self.sells,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut BookSide {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }

    pub(crate) fn insert(&mut self, order: &OpenOrder, slot: Slot) {
        let side = self.side_mut(order.side);
        let earlier = match place(order) {
            Place::Trading(rank) => side.trading.insert((rank, order.priority), slot),
            Place::Stop(rank) => side.stops.insert((rank, order.priority), slot),
            Place::Trailing(key) => {
                side.trailing.insert(order.hwm(), key, slot);
                None
            }
        };
        assert!(earlier.is_none(), "a place in the order of time is given once");
    }

    pub(crate) fn remove(&mut self, order: &OpenOrder) {
        let side = self.side_mut(order.side);
        let removed = match place(order) {
            Place::Trading(rank) => side.trading.remove(&(rank, order.priority)).is_some(),
            Place::Stop(rank) => side.stops.remove(&(rank, order.priority)).is_some(),
            Place::Trailing(key) => {
                side.trailing.remove(order.hwm(), key);
                true
            }
        };
        assert!(removed, "an open order waits where its terms say");
    }

    /// A trailing stop's mark now; other orders have none.
    pub(crate) fn mark(&self, order: &OpenOrder) -> Option<Price> {
        match place(order) {
            Place::Trading(_) | Place::Stop(_) => order.hwm(),
            Place::Trailing(key) => self.side(order.side).trailing.mark(order.hwm(), key),
        }
    }

    /// Adds orders of a side that would trade at `price`: those without a limit first, then the
    /// better limit, then the earlier.
    pub(crate) fn collect_crossed(&self, side: Side, price: Price, crossed: &mut Vec<Slot>) {
        let worst = (limit_rank(side, Some(price)), u64::MAX);
        crossed.extend(self.side(side).trading.range(..=worst).map(|(_, slot)| *slot));
    }

    /// The same for orders with a limit only.
    pub(crate) fn collect_limits_met(&self, side: Side, price: Price, met: &mut Vec<Slot>) {
        let best = (BEFORE_EVERY_PRICE + 1, 0);
        let worst = (limit_rank(side, Some(price)), u64::MAX);
        met.extend(self.side(side).trading.range(best..=worst).map(|(_, slot)| *slot));
    }

    /// Every order of a side that may trade.
    pub(crate) fn collect_trading(&self, side: Side, all: &mut Vec<Slot>) {
        all.extend(self.side(side).trading.values());
    }

    /// Adds stops of a side that the reference has reached, trailing ones included.
    pub(crate) fn collect_released(&self, side: Side, reference: Price, released: &mut Vec<Slot>) {
        let book = self.side(side);
        let worst = (stop_rank(side, reference), u64::MAX);
        released.extend(book.stops.range(..=worst).map(|(_, slot)| *slot));
        book.trailing.collect_reached(reference, released);
    }

    /// Notes that marks moved, and says whether that is news.
    pub(crate) fn note_moved(&mut self) -> bool {
        !core::mem::replace(&mut self.has_moved, true)
    }

    /// Every moved mark is recorded now.
    pub(crate) fn set_flushed(&mut self) {
        self.has_moved = false;
        self.buys.trailing.set_flushed();
        self.sells.trailing.set_flushed();
    }

    pub(crate) fn trailing_mut(&mut self, side: Side) -> &mut TrailingSide {
        &mut self.side_mut(side).trailing
    }

    pub(crate) fn trailing(&self, side: Side) -> &TrailingSide {
        &self.side(side).trailing
    }

    /// The best of each kind.
    pub(crate) fn triggers(&self) -> Triggers {
        let first = |set: &ByPrice| set.first_key_value().map(|((rank, _), _)| *rank);
        let stop = |side: &BookSide| {
            let fixed = first(&side.stops);
            let following = side.trailing.best_stop().map(|stop| stop_rank(side.side, stop));
            [fixed, following].into_iter().flatten().min()
        };
        let mark = |side: &BookSide| side.trailing.next_mark();
        let none = Triggers::NONE;
        Triggers {
            buy: first(&self.buys.trading).map_or(none.buy, |rank| rank.checked_neg().unwrap_or(i64::MAX)),
            sell: first(&self.sells.trading).unwrap_or(none.sell),
            stop_buy: stop(&self.buys).unwrap_or(none.stop_buy),
            stop_sell: stop(&self.sells).map_or(none.stop_sell, |rank| -rank),
            mark_sell: mark(&self.sells).map_or(none.mark_sell, Price::raw),
            mark_buy: mark(&self.buys).map_or(
                none.mark_buy,
                |mark| {
                    if mark.is_zero() { i64::MAX } else { mark.raw() }
                },
            ),
        }
    }
}
