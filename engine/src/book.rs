//! Open orders of one symbol, ordered by the price at which each acts.
//!
//! Owns where an order waits: among the buys or sells that may trade, among those that wait for a
//! price (one set for each kind of price that orders watch), for an auction, or for another order.
//! Orders of equal price stand in the order of time. The best of each is cached in front, in
//! [`Triggers`].

use crate::by_price::ByPrice;
use crate::market::Triggers;
use crate::orders::{OpenOrder, Slot};
use crate::waiting::{References, Waiting, Watch};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use model::{Price, Side, Time, TriggerSource};

/// The rank of an order without a limit: before every price.
const BEFORE_EVERY_PRICE: i64 = i64::MIN;
/// The rank of no order.
const BEHIND_EVERY_PRICE: i64 = i64::MAX;

/// Where an order waits.
enum Place {
    /// It may trade.
    Trading(i64),
    /// It waits for a price.
    Waiting(TriggerSource),
    /// It waits for an auction.
    Auction,
    /// It waits for another order, out of every list.
    Held,
    /// It follows the quote, and there is none that it could follow.
    Suspended,
}

/// A buy's limits act from the highest down, a sell's from the lowest up.
fn limit_rank(side: Side, limit: Option<Price>) -> i64 {
    let Some(limit) = limit else { return BEFORE_EVERY_PRICE };
    match side {
        Side::Buy => -limit.raw(),
        Side::Sell => limit.raw(),
    }
}

fn place(order: &OpenOrder) -> Place {
    if order.is_held() {
        Place::Held
    } else if order.waits_for_trigger() {
        Place::Waiting(order.instructions().trigger_source)
    } else if order.waits_for_auction() {
        Place::Auction
    } else if order.may_trade() {
        Place::Trading(limit_rank(order.side, order.limit()))
    } else {
        Place::Suspended
    }
}

#[derive(Debug)]
struct BookSide {
    side: Side,
    trading: ByPrice,
    /// Which display of the other side stands, counted by those that somebody took of.
    display: u32,
}

impl BookSide {
    const fn new(side: Side) -> Self {
        Self { side, trading: ByPrice::new(), display: 0 }
    }

    fn refresh_trading(&self, best: &mut Triggers) {
        best.set_trading_rank(self.side, self.trading.first_rank().unwrap_or(BEHIND_EVERY_PRICE));
    }
}

/// What few symbols have: orders that watch another price than the last, or wait for an auction.
#[derive(Debug)]
struct Unusual {
    bid_ask: Waiting,
    mid: Waiting,
    double_last: Waiting,
    double_bid_ask: Waiting,
    /// By place in the order of time.
    auctions: BTreeMap<u64, Slot>,
    auction_held: Option<Time>,
    /// Orders that follow the quote, by place in the order of time.
    pegs: BTreeMap<u64, Slot>,
}

/// The open orders of one symbol.
#[derive(Debug)]
pub(crate) struct Book {
    buys: BookSide,
    sells: BookSide,
    last: Waiting,
    unusual: Option<Box<Unusual>>,
    /// Whether a trailing mark moved since the last flush.
    has_moved: bool,
}

impl Book {
    pub(crate) const fn new() -> Self {
        Self {
            buys: BookSide::new(Side::Buy),
            sells: BookSide::new(Side::Sell),
            last: Waiting::new(),
            unusual: None,
            has_moved: false,
        }
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

    fn unusual_mut(&mut self) -> &mut Unusual {
        self.unusual.get_or_insert_with(|| {
            Box::new(Unusual {
                bid_ask: Waiting::new(),
                mid: Waiting::new(),
                double_last: Waiting::new(),
                double_bid_ask: Waiting::new(),
                auctions: BTreeMap::new(),
                auction_held: None,
                pegs: BTreeMap::new(),
            })
        })
    }

    /// The orders that watch this kind of price; `None` where there never was one.
    pub(crate) fn waiting(&self, source: TriggerSource) -> Option<&Waiting> {
        let unusual = self.unusual.as_deref();
        match source {
            TriggerSource::Last => Some(&self.last),
            TriggerSource::BidAsk => unusual.map(|unusual| &unusual.bid_ask),
            TriggerSource::Mid => unusual.map(|unusual| &unusual.mid),
            TriggerSource::DoubleLast => unusual.map(|unusual| &unusual.double_last),
            TriggerSource::DoubleBidAsk => unusual.map(|unusual| &unusual.double_bid_ask),
        }
    }

    fn waiting_mut(&mut self, source: TriggerSource) -> &mut Waiting {
        match source {
            TriggerSource::Last => &mut self.last,
            TriggerSource::BidAsk => &mut self.unusual_mut().bid_ask,
            TriggerSource::Mid => &mut self.unusual_mut().mid,
            TriggerSource::DoubleLast => &mut self.unusual_mut().double_last,
            TriggerSource::DoubleBidAsk => &mut self.unusual_mut().double_bid_ask,
        }
    }

    /// What is watched of this kind of price; `None` where nobody ever watched it.
    pub(crate) fn watch(&self, source: TriggerSource, best: &Triggers) -> Option<Watch> {
        match source {
            TriggerSource::Last => Some(best.last),
            TriggerSource::DoubleLast => Some(best.double_last),
            TriggerSource::BidAsk | TriggerSource::Mid | TriggerSource::DoubleBidAsk => {
                self.waiting(source).map(Waiting::watch)
            }
        }
    }

    /// Puts an order where it waits and keeps `best` true.
    pub(crate) fn insert(&mut self, order: &OpenOrder, slot: Slot, best: &mut Triggers) {
        let is_free = match place(order) {
            Place::Trading(rank) => {
                if rank < best.trading_rank(order.side) {
                    best.set_trading_rank(order.side, rank);
                }
                self.side_mut(order.side).trading.insert(rank, order.priority, slot)
            }
            Place::Waiting(TriggerSource::Last) => self.last.insert(order, slot, &mut best.last),
            Place::Waiting(source) => {
                let is_free = self.waiting_mut(source).insert(order, slot, &mut { Watch::NONE });
                self.refresh_unusual(best);
                is_free
            }
            Place::Auction => self.unusual_mut().auctions.insert(order.priority, slot).is_none(),
            Place::Held | Place::Suspended => true,
        };
        assert!(is_free, "a place in the order of time is given once");
        if order.peg().is_some() && !order.is_held() {
            self.unusual_mut().pegs.insert(order.priority, slot);
        }
    }

    /// Takes an order from where it waits and keeps `best` true.
    pub(crate) fn remove(&mut self, order: &OpenOrder, best: &mut Triggers) {
        let removed = match place(order) {
            Place::Trading(rank) => {
                let side = self.side_mut(order.side);
                let removed = side.trading.remove(rank, order.priority);
                if rank == best.trading_rank(order.side) {
                    side.refresh_trading(best);
                }
                removed
            }
            Place::Waiting(TriggerSource::Last) => self.last.remove(order, &mut best.last),
            Place::Waiting(source) => {
                let removed = self.waiting_mut(source).remove(order, &mut { Watch::NONE });
                self.refresh_unusual(best);
                removed
            }
            Place::Auction => self.unusual_mut().auctions.remove(&order.priority).is_some(),
            Place::Held | Place::Suspended => true,
        };
        assert!(removed, "an open order waits where its terms say");
        if order.peg().is_some() && !order.is_held() {
            self.unusual_mut().pegs.remove(&order.priority);
        }
    }

    /// Reads what the rarer kinds of price have to watch anew.
    fn refresh_unusual(&self, best: &mut Triggers) {
        let watch = |source| self.waiting(source).map_or(Watch::NONE, Waiting::watch);
        let mut mid = watch(TriggerSource::Mid);
        // The middle may move while the side that is watched stands: its marks are asked with every quote.
        if mid.mark_sell != Watch::NONE.mark_sell {
            mid.mark_sell = i64::MIN;
        }
        if mid.mark_buy != Watch::NONE.mark_buy {
            mid.mark_buy = i64::MAX;
        }
        best.quotes = watch(TriggerSource::BidAsk).merged(mid).merged(watch(TriggerSource::DoubleBidAsk));
        best.double_last = watch(TriggerSource::DoubleLast);
    }

    /// A trailing stop's mark now; other orders have none.
    pub(crate) fn mark(&self, order: &OpenOrder) -> Option<Price> {
        match place(order) {
            Place::Trading(_) | Place::Auction | Place::Held | Place::Suspended => order.hwm(),
            Place::Waiting(source) => self.waiting(source).and_then(|waiting| waiting.mark(order)),
        }
    }

    /// Adds orders of a side that would trade at `price`: those without a limit first, then the
    /// better limit, then the earlier.
    pub(crate) fn collect_crossed(&self, side: Side, price: Price, crossed: &mut Vec<Slot>) {
        let worst = limit_rank(side, Some(price));
        crossed.extend(self.side(side).trading.range(BEFORE_EVERY_PRICE, worst));
    }

    /// Adds every order that a price from `low` to `high` may concern, every one that trails, and every one
    /// that waits for an auction.
    pub(crate) fn collect_within(&self, low: Price, high: Price, found: &mut Vec<Slot>) {
        self.collect_crossed(Side::Buy, low, found);
        self.collect_crossed(Side::Sell, high, found);
        for waiting in SOURCES.into_iter().filter_map(|source| self.waiting(source)) {
            waiting.collect_within(low, high, found);
        }
        self.collect_auction(found);
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

    /// Every order that waits for an auction, in the order of time.
    pub(crate) fn collect_auction(&self, orders: &mut Vec<Slot>) {
        orders.extend(self.unusual.iter().flat_map(|unusual| unusual.auctions.values().copied()));
    }

    /// Whether something follows the quote.
    pub(crate) fn has_pegs(&self) -> bool {
        self.unusual.as_ref().is_some_and(|unusual| !unusual.pegs.is_empty())
    }

    /// Every order that follows the quote, in the order of time.
    pub(crate) fn collect_pegs(&self, orders: &mut Vec<Slot>) {
        orders.extend(self.unusual.iter().flat_map(|unusual| unusual.pegs.values().copied()));
    }

    /// Notes that something moved, and says whether that is the first since the last flush.
    pub(crate) fn note_moved(&mut self) -> bool {
        !core::mem::replace(&mut self.has_moved, true)
    }

    /// Notes that an auction was held.
    pub(crate) fn note_auction(&mut self, time: Time) {
        if let Some(unusual) = self.unusual.as_deref_mut() {
            unusual.auction_held = Some(time);
        }
    }

    /// When the last auction was held in which orders waited.
    pub(crate) fn auction_held(&self) -> Option<Time> {
        self.unusual.as_ref().and_then(|unusual| unusual.auction_held)
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

    /// Moves the marks that the prices are beyond, keeps `best` true, and says whether that is the first
    /// move since the last flush.
    pub(crate) fn ratchet(&mut self, source: TriggerSource, references: References, best: &mut Triggers) -> bool {
        self.waiting_mut(source).ratchet(references);
        match source {
            TriggerSource::Last => best.last = self.last.watch(),
            TriggerSource::BidAsk
            | TriggerSource::Mid
            | TriggerSource::DoubleLast
            | TriggerSource::DoubleBidAsk => self.refresh_unusual(best),
        }
        self.note_moved()
    }

    /// Adds every order whose mark moved since the last flush, with its mark.
    pub(crate) fn collect_moved(&self, moved: &mut Vec<(Slot, Price)>) {
        for waiting in SOURCES.into_iter().filter_map(|source| self.waiting(source)) {
            waiting.collect_moved(moved);
        }
    }

    /// Every moved mark is recorded now.
    pub(crate) fn set_flushed(&mut self) {
        self.has_moved = false;
        self.last.set_flushed();
        if let Some(unusual) = self.unusual.as_deref_mut() {
            let Unusual { bid_ask, mid, double_last, double_bid_ask, .. } = unusual;
            [bid_ask, mid, double_last, double_bid_ask].into_iter().for_each(Waiting::set_flushed);
        }
    }
}

/// Every kind of price that orders watch.
const SOURCES: [TriggerSource; 5] = [
    TriggerSource::Last,
    TriggerSource::BidAsk,
    TriggerSource::Mid,
    TriggerSource::DoubleLast,
    TriggerSource::DoubleBidAsk,
];

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
}

/// Negated, where "before all" and "behind all" are each other's opposite.
fn turned(rank: i64) -> i64 {
    match rank {
        BEHIND_EVERY_PRICE => BEFORE_EVERY_PRICE,
        BEFORE_EVERY_PRICE => BEHIND_EVERY_PRICE,
        price => -price,
    }
}
