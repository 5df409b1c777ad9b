//! Trailing stops of one symbol and side, moved together.
//!
//! Orders with the same mark form a group; a reference beyond a group's mark moves the whole group
//! by changing one number, and groups that meet become one (the smaller is poured into the
//! larger). Groups are stacked with the mark that moves first on top, and each remembers the best
//! stop of itself and all below it, so that a moving price costs the same for one order and for a
//! million. Marks never move against profit.
//!
//! Prices are turned (negated for buys) so that profit is upward for both sides.

use crate::orders::Slot;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use model::{Percent, Price, Side, Trail};

/// The mark of orders that have seen no reference yet, and the stop of such a group.
const NONE: i64 = i64::MIN;

type ByDistance = BTreeMap<(i64, u64), Slot>;

/// What identifies an order in its group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrailKey {
    pub(crate) trail: Trail,
    pub(crate) priority: u64,
}

#[derive(Debug)]
struct Group {
    mark: i64,
    /// Whether it moved since the last flush.
    moved: bool,
    amounts: ByDistance,
    percents: ByDistance,
    /// Best stop of this group and all below it in the stack.
    best_stop: i64,
}

impl Group {
    fn set(&mut self, key: TrailKey) -> (&mut ByDistance, (i64, u64)) {
        match key.trail {
            Trail::Amount(amount) => (&mut self.amounts, (amount.raw(), key.priority)),
            Trail::Percent(percent) => (&mut self.percents, (percent.raw(), key.priority)),
        }
    }

    fn contains(&self, key: TrailKey) -> bool {
        match key.trail {
            Trail::Amount(amount) => self.amounts.contains_key(&(amount.raw(), key.priority)),
            Trail::Percent(percent) => self.percents.contains_key(&(percent.raw(), key.priority)),
        }
    }

    fn is_empty(&self) -> bool {
        self.amounts.is_empty() && self.percents.is_empty()
    }

    /// Each order with its turned stop, nearest stop first within each kind of distance.
    fn stops(&self, side: Side) -> [impl Iterator<Item = (i64, Slot)> + '_; 2] {
        let kinds = [(&self.amounts, false), (&self.percents, true)];
        kinds.map(move |(set, is_percent)| {
            set.iter().map(move |(&(distance, _), &slot)| {
                let trail = if is_percent {
                    Trail::Percent(Percent::from_raw(distance))
                } else {
                    Trail::Amount(Price::from_raw(distance))
                };
                (turned_stop(side, trail, self.mark), slot)
            })
        })
    }

    fn own_best_stop(&self, side: Side) -> i64 {
        let [amounts, percents] = self.stops(side);
        [amounts, percents]
            .into_iter()
            .filter_map(|mut kind| kind.next())
            .map(|(stop, _)| stop)
            .max()
            .unwrap_or(NONE)
    }

    fn absorb(&mut self, mut other: Self) {
        for (mine, theirs) in [(&mut self.amounts, &mut other.amounts), (&mut self.percents, &mut other.percents)]
        {
            if mine.len() < theirs.len() {
                core::mem::swap(mine, theirs);
            }
            mine.extend(core::mem::take(theirs));
        }
    }
}

fn turn(side: Side, price: Price) -> i64 {
    match side {
        Side::Sell => price.raw(),
        Side::Buy => -price.raw(),
    }
}

fn turned_mark(side: Side, mark: Option<Price>) -> i64 {
    mark.map_or(NONE, |price| turn(side, price))
}

fn unturned(side: Side, turned: i64) -> Option<Price> {
    let raw = match side {
        Side::Sell => turned,
        Side::Buy => turned.checked_neg()?,
    };
    (turned != NONE).then(|| Price::from_raw(raw))
}

fn turned_stop(side: Side, trail: Trail, mark: i64) -> i64 {
    unturned(side, mark).map_or(NONE, |hwm| turn(side, trail.stop_price(side, hwm)))
}

/// The trailing stops of one side of a symbol.
#[derive(Debug)]
pub(crate) struct TrailingSide {
    side: Side,
    /// Highest turned mark first, so that what moves next is last.
    groups: Vec<Group>,
}

impl TrailingSide {
    pub(crate) const fn new(side: Side) -> Self {
        Self { side, groups: Vec::new() }
    }

    pub(crate) fn insert(&mut self, mark: Option<Price>, key: TrailKey, slot: Slot) {
        let mark = turned_mark(self.side, mark);
        let index = self.groups.partition_point(|group| group.mark > mark);
        if self.groups.get(index).is_none_or(|group| group.mark != mark) {
            let group = Group {
                mark,
                moved: false,
                amounts: ByDistance::new(),
                percents: ByDistance::new(),
                best_stop: NONE,
            };
            self.groups.insert(index, group);
        }
        let (set, key) = self.groups[index].set(key);
        let earlier = set.insert(key, slot);
        assert!(earlier.is_none(), "a place in the order of time is given once");
        self.refresh_from(index);
    }

    /// `recorded` is the mark as of the order's last event.
    pub(crate) fn remove(&mut self, recorded: Option<Price>, key: TrailKey) {
        let index = self.find(recorded, key);
        let (set, key) = self.groups[index].set(key);
        set.remove(&key);
        if self.groups[index].is_empty() {
            self.groups.remove(index);
        }
        self.refresh_from(index);
    }

    /// The order's mark now, which may be ahead of the recorded one.
    pub(crate) fn mark(&self, recorded: Option<Price>, key: TrailKey) -> Option<Price> {
        unturned(self.side, self.groups[self.find(recorded, key)].mark)
    }

    /// Moves every mark that the reference is beyond.
    pub(crate) fn ratchet(&mut self, reference: Price) {
        let reference = turn(self.side, reference);
        let Some(mut group) = self.groups.pop_if(|group| group.mark < reference) else {
            return;
        };
        while let Some(met) = self.groups.pop_if(|next| next.mark <= reference) {
            group.absorb(met);
        }
        group.mark = reference;
        group.moved = true;
        self.groups.push(group);
        self.refresh_from(self.groups.len() - 1);
    }

    /// Adds every order whose stop the reference has reached.
    pub(crate) fn collect_reached(&self, reference: Price, reached: &mut Vec<Slot>) {
        let reference = turn(self.side, reference);
        for group in self.groups.iter().rev().take_while(|group| group.best_stop >= reference) {
            for kind in group.stops(self.side) {
                reached.extend(
                    kind.take_while(|(stop, _)| *stop >= reference && *stop != NONE).map(|(_, slot)| slot),
                );
            }
        }
    }

    /// Adds every order, in no order.
    pub(crate) fn collect_all(&self, all: &mut Vec<Slot>) {
        let sets = self.groups.iter().flat_map(|group| [&group.amounts, &group.percents]);
        all.extend(sets.flat_map(|set| set.values().copied()));
    }

    /// Adds every order whose group moved since the last flush, with its mark.
    pub(crate) fn collect_moved(&self, moved: &mut Vec<(Slot, Price)>) {
        for group in self.groups.iter().filter(|group| group.moved) {
            let mark = unturned(self.side, group.mark).expect("a group moves to a price");
            moved.extend(group.stops(self.side).into_iter().flatten().map(|(_, slot)| (slot, mark)));
        }
    }

    /// Every moved mark is recorded now.
    pub(crate) fn set_flushed(&mut self) {
        for group in &mut self.groups {
            group.moved = false;
        }
    }

    /// The stop that is reached first.
    pub(crate) fn best_stop(&self) -> Option<Price> {
        self.groups.last().and_then(|group| unturned(self.side, group.best_stop))
    }

    /// The mark that moves first: `None` when there is no order, zero when one has no mark yet.
    pub(crate) fn next_mark(&self) -> Option<Price> {
        self.groups.last().map(|group| unturned(self.side, group.mark).unwrap_or(Price::ZERO))
    }

    /// An unmoved group stands at the recorded mark; the few that moved are searched.
    fn find(&self, recorded: Option<Price>, key: TrailKey) -> usize {
        let mark = turned_mark(self.side, recorded);
        let index = self.groups.partition_point(|group| group.mark > mark);
        if self.groups.get(index).is_some_and(|group| group.mark == mark && group.contains(key)) {
            return index;
        }
        self.groups
            .iter()
            .position(|group| group.moved && group.contains(key))
            .expect("a waiting trailing stop is in a group")
    }

    fn refresh_from(&mut self, index: usize) {
        let mut best = index.checked_sub(1).map_or(NONE, |below| self.groups[below].best_stop);
        for group in &mut self.groups[index..] {
            best = best.max(group.own_best_stop(self.side));
            group.best_stop = best;
        }
    }
}
