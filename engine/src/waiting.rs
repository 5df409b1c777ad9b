//! Orders of one symbol that wait for one kind of price.
//!
//! Owns where a stop, a touch order, a trailing stop and one that does not follow yet wait: for the
//! price to rise to theirs, to fall to it, or to fall back from its best. The nearest of each is
//! cached in front, in [`Watch`]. It knows nothing of what the price is: trades, quotes or two in a
//! row are one set each.

use crate::by_price::ByPrice;
use crate::orders::{OpenOrder, Slot};
use crate::trailing::{TrailKey, TrailingSide};
use alloc::vec::Vec;
use model::{Price, Side, Trigger};

/// Before every price.
const BEFORE_EVERY_PRICE: i64 = i64::MIN;

/// The prices at which something would happen; each has a value that no price reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watch {
    /// Acts when the price rises to it.
    pub(crate) rise: i64,
    /// Acts when the price falls to it.
    pub(crate) fall: i64,
    /// Lowest mark of a trailing sell: moves when the price rises above it.
    pub(crate) mark_sell: i64,
    /// Highest mark of a trailing buy: moves when the price falls below it.
    pub(crate) mark_buy: i64,
}

impl Watch {
    /// Nothing waits.
    pub(crate) const NONE: Self = Self { rise: i64::MAX, fall: i64::MIN, mark_sell: i64::MAX, mark_buy: i64::MIN };

    /// The lowest price at which something happens on the way up.
    pub(crate) fn above(&self) -> i64 {
        self.rise.min(self.mark_sell.saturating_add(1))
    }

    /// The highest price at which something happens on the way down.
    pub(crate) fn below(&self) -> i64 {
        self.fall.max(self.mark_buy.saturating_sub(1))
    }

    /// What concerns either.
    pub(crate) fn merged(self, other: Self) -> Self {
        Self {
            rise: self.rise.min(other.rise),
            fall: self.fall.max(other.fall),
            mark_sell: self.mark_sell.min(other.mark_sell),
            mark_buy: self.mark_buy.max(other.mark_buy),
        }
    }
}

/// What a price source says for one side: the span of the samples that have to agree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) low: Price,
    pub(crate) high: Price,
}

impl Span {
    pub(crate) const fn of(price: Price) -> Self {
        Self { low: price, high: price }
    }

    pub(crate) fn of_two(one: Price, other: Price) -> Self {
        Self { low: one.min(other), high: one.max(other) }
    }
}

/// The prices that orders of each side watch now; `None` where a source has none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct References {
    pub(crate) buys: Option<Span>,
    pub(crate) sells: Option<Span>,
}

impl References {
    /// One price for both sides.
    pub(crate) const fn of(price: Price) -> Self {
        let span = Some(Span::of(price));
        Self { buys: span, sells: span }
    }

    fn side(self, side: Side) -> Option<Span> {
        match side {
            Side::Buy => self.buys,
            Side::Sell => self.sells,
        }
    }

    /// To which price both samples of a side have risen, of the side where that is more.
    fn risen(self) -> Option<Price> {
        let low = |span: Option<Span>| span.map(|span| span.low);
        low(self.buys).max(low(self.sells))
    }

    /// To which price both samples of a side have fallen, of the side where that is less.
    fn fallen(self) -> Option<Price> {
        let spans = [self.buys, self.sells].into_iter().flatten();
        spans.map(|span| span.high).min()
    }

    /// Whether something is released.
    pub(crate) fn reach(self, watch: &Watch) -> bool {
        self.risen().is_some_and(|price| price.raw() >= watch.rise)
            || self.fallen().is_some_and(|price| price.raw() <= watch.fall)
    }

    /// Whether a mark moves.
    pub(crate) fn move_marks(self, watch: &Watch) -> bool {
        self.buys.is_some_and(|span| span.high.raw() < watch.mark_buy)
            || self.sells.is_some_and(|span| span.low.raw() > watch.mark_sell)
    }

    /// The price that released an order which waits so, where it did.
    pub(crate) fn releasing(self, side: Side, wait: Wait) -> Option<Price> {
        let span = self.side(side)?;
        match (wait, side) {
            (Wait::Rise(price), _) => (span.low >= price).then_some(span.low),
            (Wait::Fall(price), _) => (span.high <= price).then_some(span.high),
            (Wait::Trail(_), Side::Buy) => Some(span.low),
            (Wait::Trail(_), Side::Sell) => Some(span.high),
        }
    }
}

/// What an order waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    /// The price rises to this.
    Rise(Price),
    /// The price falls to this.
    Fall(Price),
    /// The price falls back from its best.
    Trail(TrailKey),
}

impl Wait {
    /// What an order waits for that was not released yet.
    pub(crate) fn of(order: &OpenOrder) -> Self {
        let touch = |price| match order.side {
            Side::Buy => Self::Fall(price),
            Side::Sell => Self::Rise(price),
        };
        if let Some(activation) = order.dormant_until() {
            return touch(activation);
        }
        match order.kind().trigger().expect("only orders with a trigger wait") {
            Trigger::Touch(price) => touch(price),
            Trigger::Stop(price) => match order.side {
                Side::Buy => Self::Rise(price),
                Side::Sell => Self::Fall(price),
            },
            Trigger::Trail(trail) => Self::Trail(TrailKey { trail, priority: order.priority }),
        }
    }
}

/// The waiting orders of one symbol and one kind of price.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// By price.
    rising: ByPrice,
    /// By negated price.
    falling: ByPrice,
    buys: TrailingSide,
    sells: TrailingSide,
}

impl Waiting {
    pub(crate) const fn new() -> Self {
        Self {
            rising: ByPrice::new(),
            falling: ByPrice::new(),
            buys: TrailingSide::new(Side::Buy),
            sells: TrailingSide::new(Side::Sell),
        }
    }

    /// Puts an order where it waits and keeps `watch` true. Says whether its place was free.
    pub(crate) fn insert(&mut self, order: &OpenOrder, slot: Slot, watch: &mut Watch) -> bool {
        match Wait::of(order) {
            Wait::Rise(price) => {
                watch.rise = watch.rise.min(price.raw());
                self.rising.insert(price.raw(), order.priority, slot)
            }
            Wait::Fall(price) => {
                watch.fall = watch.fall.max(price.raw());
                self.falling.insert(-price.raw(), order.priority, slot)
            }
            Wait::Trail(key) => {
                self.trailing_mut(order.side).insert(order.hwm(), key, slot);
                *watch = self.watch();
                true
            }
        }
    }

    /// Takes an order from where it waits and keeps `watch` true. Says whether it was there.
    pub(crate) fn remove(&mut self, order: &OpenOrder, watch: &mut Watch) -> bool {
        let (removed, was_first) = match Wait::of(order) {
            Wait::Rise(price) => (self.rising.remove(price.raw(), order.priority), price.raw() == watch.rise),
            Wait::Fall(price) => (self.falling.remove(-price.raw(), order.priority), price.raw() == watch.fall),
            Wait::Trail(key) => {
                self.trailing_mut(order.side).remove(order.hwm(), key);
                (true, true)
            }
        };
        if was_first {
            *watch = self.watch();
        }
        removed
    }

    /// The nearest of each kind, read anew.
    pub(crate) fn watch(&self) -> Watch {
        let stop = |side: &TrailingSide| side.best_stop().map(Price::raw);
        let rise = [self.rising.first_rank(), stop(&self.buys)].into_iter().flatten().min();
        let fall = [self.falling.first_rank().map(|rank| -rank), stop(&self.sells)].into_iter().flatten().max();
        let first = |mark: Price| if mark.is_zero() { i64::MAX } else { mark.raw() };
        Watch {
            rise: rise.unwrap_or(Watch::NONE.rise),
            fall: fall.unwrap_or(Watch::NONE.fall),
            mark_sell: self.sells.next_mark().map_or(Watch::NONE.mark_sell, Price::raw),
            mark_buy: self.buys.next_mark().map_or(Watch::NONE.mark_buy, first),
        }
    }

    /// A trailing stop's mark now; other orders have none.
    pub(crate) fn mark(&self, order: &OpenOrder) -> Option<Price> {
        match Wait::of(order) {
            Wait::Rise(_) | Wait::Fall(_) => order.hwm(),
            Wait::Trail(key) => self.trailing(order.side).mark(order.hwm(), key),
        }
    }

    /// Adds every order that may be released or begin to follow; each is to be asked once more, as the
    /// two sides may watch different prices.
    pub(crate) fn collect_reached(&self, references: References, reached: &mut Vec<Slot>) {
        if let Some(price) = references.risen() {
            reached.extend(self.rising.range(BEFORE_EVERY_PRICE, price.raw()));
        }
        if let Some(price) = references.fallen() {
            reached.extend(self.falling.range(BEFORE_EVERY_PRICE, -price.raw()));
        }
        if let Some(span) = references.buys {
            self.buys.collect_reached(span.low, reached);
        }
        if let Some(span) = references.sells {
            self.sells.collect_reached(span.high, reached);
        }
    }

    /// Adds every order that a price from `low` to `high` may release, and every one that trails.
    pub(crate) fn collect_within(&self, low: Price, high: Price, found: &mut Vec<Slot>) {
        found.extend(self.rising.range(BEFORE_EVERY_PRICE, high.raw()));
        found.extend(self.falling.range(BEFORE_EVERY_PRICE, -low.raw()));
        self.buys.collect_all(found);
        self.sells.collect_all(found);
    }

    /// Moves every mark that the prices are beyond.
    pub(crate) fn ratchet(&mut self, references: References) {
        if let Some(span) = references.buys {
            self.buys.ratchet(span.high);
        }
        if let Some(span) = references.sells {
            self.sells.ratchet(span.low);
        }
    }

    /// Adds every order whose mark moved since the last flush, with its mark.
    pub(crate) fn collect_moved(&self, moved: &mut Vec<(Slot, Price)>) {
        self.buys.collect_moved(moved);
        self.sells.collect_moved(moved);
    }

    /// Every moved mark is recorded now.
    pub(crate) fn set_flushed(&mut self) {
        self.buys.set_flushed();
        self.sells.set_flushed();
    }

    /// Every order that waits for a price there is, in no order.
    pub(crate) fn collect_all(&self, all: &mut Vec<Slot>) {
        all.extend(self.rising.slots());
        all.extend(self.falling.slots());
        self.buys.collect_reached(Price::from_raw(i64::MAX), all);
        self.sells.collect_reached(Price::from_raw(i64::MIN + 2), all);
    }

    fn trailing(&self, side: Side) -> &TrailingSide {
        match side {
            Side::Buy => &self.buys,
            Side::Sell => &self.sells,
        }
    }

    fn trailing_mut(&mut self, side: Side) -> &mut TrailingSide {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }
}
