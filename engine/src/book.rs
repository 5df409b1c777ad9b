//! Open orders of one symbol, ordered by the price at which each acts.
//!
//! Owns where an order waits: in one of four one-sided sets (buys and sells that may trade, buy
//! and sell stops that wait for their release) or among the trailing stops. Orders of equal price
//! stand in the order of time. The best of each is cached in front, in [`Triggers`].

use crate::by_price::ByPrice;
use crate::market::Triggers;
use crate::orders::{OpenOrder, Slot};
use crate::trailing::{TrailKey, TrailingSide};
use alloc::vec::Vec;
use model::{OrderKind, Price, Side};

/// The rank of an order without a limit: before every price.
const BEFORE_EVERY_PRICE: i64 = i64::MIN;
/// The rank of no order.
const BEHIND_EVERY_PRICE: i64 = i64::MAX;

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
    /// Which display of the other side stands, counted by those that somebody took of.
    display: u32,
}

impl BookSide {
    const fn new(side: Side) -> Self {
        Self {
            side,
            trading: ByPrice::new(),
            stops: ByPrice::new(),
            trailing: TrailingSide::new(side),
            display: 0,
        }
    }

    fn refresh_trading(&self, best: &mut Triggers) {
        best.set_trading_rank(self.side, self.trading.first_rank().unwrap_or(BEHIND_EVERY_PRICE));
    }

    /// The nearest stop, fixed or following, and the mark that moves first.
    fn refresh_stops(&self, best: &mut Triggers) {
        let following = self.trailing.best_stop().map(|stop| stop_rank(self.side, stop));
        let nearest = [self.stops.first_rank(), following].into_iter().flatten().min();
        best.set_stop_rank(self.side, nearest.unwrap_or(BEHIND_EVERY_PRICE));
        let mark = self.trailing.next_mark();
        match self.side {
            Side::Sell => best.mark_sell = mark.map_or(Triggers::NONE.mark_sell, Price::raw),
            Side::Buy => {
                let first = |mark: Price| if mark.is_zero() { i64::MAX } else { mark.raw() };
                best.mark_buy = mark.map_or(Triggers::NONE.mark_buy, first);
            }
        }
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

    /// Puts an order where it waits and keeps `best` true.
    pub(crate) fn insert(&mut self, order: &OpenOrder, slot: Slot, best: &mut Triggers) {
        let side = self.side_mut(order.side);
        let is_free = match place(order) {
            Place::Trading(rank) => {
                if rank < best.trading_rank(order.side) {
                    best.set_trading_rank(order.side, rank);
                }
                side.trading.insert(rank, order.priority, slot)
            }
            Place::Stop(rank) => {
                if rank < best.stop_rank(order.side) {
                    best.set_stop_rank(order.side, rank);
                }
                side.stops.insert(rank, order.priority, slot)
            }
            Place::Trailing(key) => {
                side.trailing.insert(order.hwm(), key, slot);
                side.refresh_stops(best);
                true
            }
        };
        assert!(is_free, "a place in the order of time is given once");
    }

    /// Takes an order from where it waits and keeps `best` true.
    pub(crate) fn remove(&mut self, order: &OpenOrder, best: &mut Triggers) {
        let side = self.side_mut(order.side);
        let removed = match place(order) {
            Place::Trading(rank) => {
                let removed = side.trading.remove(rank, order.priority);
                if rank == best.trading_rank(order.side) {
                    side.refresh_trading(best);
                }
                removed
            }
            Place::Stop(rank) => {
                let removed = side.stops.remove(rank, order.priority);
                if rank == best.stop_rank(order.side) {
                    side.refresh_stops(best);
                }
                removed
            }
            Place::Trailing(key) => {
                side.trailing.remove(order.hwm(), key);
                side.refresh_stops(best);
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
        let worst = limit_rank(side, Some(price));
        crossed.extend(self.side(side).trading.range(BEFORE_EVERY_PRICE, worst));
    }

    /// The same for orders with a limit only.
    pub(crate) fn collect_limits_met(&self, side: Side, price: Price, met: &mut Vec<Slot>) {
        let worst = limit_rank(side, Some(price));
        met.extend(self.side(side).trading.range(BEFORE_EVERY_PRICE + 1, worst));
    }

    /// Every order of a side that may trade.
    pub(crate) fn collect_trading(&self, side: Side, all: &mut Vec<Slot>) {
        all.extend(self.side(side).trading.slots());
    }

    /// Adds stops of a side that the reference has reached, trailing ones included.
    pub(crate) fn collect_released(&self, side: Side, reference: Price, released: &mut Vec<Slot>) {
        let book = self.side(side);
        released.extend(book.stops.range(BEFORE_EVERY_PRICE, stop_rank(side, reference)));
        book.trailing.collect_reached(reference, released);
    }

    /// Which display of the other side orders of `side` trade against: another one once it changed
    /// after somebody took of it. Displayed size is spent once for each.
    pub(crate) fn display(&self, side: Side) -> u32 {
        self.side(side).display
    }

    /// The display that somebody took of has changed.
    pub(crate) fn renew_display(&mut self, side: Side) {
        let display = &mut self.side_mut(side).display;
        *display = display.wrapping_add(1);
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

    /// Reads the best stops and marks anew after marks moved.
    pub(crate) fn refresh_stops(&self, best: &mut Triggers) {
        self.buys.refresh_stops(best);
        self.sells.refresh_stops(best);
    }
}

/// The cached best of each kind, as ranks: the lowest acts first.
impl Triggers {
    fn trading_rank(&self, side: Side) -> i64 {
        match side {
            Side::Buy => turned(self.buy),
            Side::Sell => self.sell,
        }
    }

    fn set_trading_rank(&mut self, side: Side, rank: i64) {
        match side {
            Side::Buy => self.buy = turned(rank),
            Side::Sell => self.sell = rank,
        }
    }

    fn stop_rank(&self, side: Side) -> i64 {
        match side {
            Side::Buy => self.stop_buy,
            Side::Sell => turned(self.stop_sell),
        }
    }

    fn set_stop_rank(&mut self, side: Side, rank: i64) {
        match side {
            Side::Buy => self.stop_buy = rank,
            Side::Sell => self.stop_sell = turned(rank),
        }
    }
}

/// Negated, where "before all" and "behind all" are each other's opposite.
fn turned(rank: i64) -> i64 {
    match rank {
        BEHIND_EVERY_PRICE => BEFORE_EVERY_PRICE,
        BEFORE_EVERY_PRICE => BEHIND_EVERY_PRICE,
        price => -price,
    }
}
