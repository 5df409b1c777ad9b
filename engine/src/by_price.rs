//! Orders by price, first come first.
//!
//! Owns a sorted list cut into short runs: finding is two binary searches, changing moves a few
//! hundred bytes, and memory follows what is in it closely, where a tree leaves its nodes half
//! empty. The first to act is the last in memory, so that taking it moves nothing. It knows nothing
//! of what the ranks mean. Invariant: no run is longer than [`RUN_MAX`], none but the best is empty
//! and that only alone, and entries descend within and across runs.

use crate::blocks::{capacity_for, grow_tightly};
use crate::orders::Slot;
use alloc::vec::Vec;
use model::limits;

const RUN_MAX: usize = 128;

/// In the bytes that ranks and places in time take, so that nothing pads.
#[derive(Clone, Copy, Debug)]
struct Entry {
    rank: [u8; 7],
    priority: [u8; 6],
    slot: [u8; 4],
}

/// The lowest of seven bytes stands for the lowest of eight, which is before every price.
const RANK_MIN: i64 = -(1 << 55);

const _: () = assert!(limits::PRICE_MAX.raw() < -(RANK_MIN + 1));

impl Entry {
    /// No order: what a run without entries has for its last.
    const NONE: Self = Self { rank: [0; 7], priority: [0; 6], slot: Slot::FIRST.to_bytes() };

    fn new(key: (i64, u64), slot: Slot) -> Self {
        let (rank, priority) = key;
        let [rank @ .., _] = (if rank == i64::MIN { RANK_MIN } else { rank }).to_le_bytes();
        let [priority @ .., _, _] = priority.to_le_bytes();
        let entry = Self { rank, priority, slot: slot.to_bytes() };
        assert_eq!(entry.key(), key, "prices fit seven bytes and events six");
        entry
    }

    fn key(self) -> (i64, u64) {
        let [a, b, c, d, e, f, g] = self.rank;
        let rank = i64::from_le_bytes([0, a, b, c, d, e, f, g]) >> 8;
        let [a, b, c, d, e, f] = self.priority;
        let priority = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
        (if rank == RANK_MIN { i64::MIN } else { rank }, priority)
    }

    fn slot(self) -> Slot {
        Slot::from_bytes(self.slot)
    }
}

/// A part of the list, and a copy of its last entry, so that the search for a run reads no other.
#[derive(Debug)]
struct Run {
    last: Entry,
    entries: Vec<Entry>,
}

impl Run {
    const fn new() -> Self {
        Self { last: Entry::NONE, entries: Vec::new() }
    }

    fn refresh(&mut self) {
        if let Some(last) = self.entries.last() {
            self.last = *last;
        }
    }

    /// Takes out the half that acts first, when there are too many.
    fn part(&mut self) -> Option<Self> {
        if self.entries.len() <= RUN_MAX {
            return None;
        }
        let mut upper = Self { entries: self.entries.split_off(RUN_MAX / 2), ..Self::new() };
        upper.entries.shrink_to_fit();
        self.entries.shrink_to_fit();
        upper.refresh();
        self.refresh();
        Some(upper)
    }
}

/// Slots by (rank, place in time).
#[derive(Debug)]
pub(crate) struct ByPrice {
    /// All runs but the best.
    runs: Vec<Run>,
    /// The run that acts first, kept here so that the first order is found without a look at the
    /// others; empty where there is no order.
    best: Run,
    /// The rank of the one behind the first, so that where only the first is reached the run itself
    /// need not come from memory; [`NO_RANK`] where there is none.
    second_rank: i64,
}

/// Behind every rank.
const NO_RANK: i64 = i64::MAX;

impl ByPrice {
    pub(crate) const fn new() -> Self {
        Self { runs: Vec::new(), best: Run::new(), second_rank: NO_RANK }
    }

    /// Puts an order in. Says whether its place was free.
    pub(crate) fn insert(&mut self, rank: i64, priority: u64, slot: Slot) -> bool {
        let key = (rank, priority);
        let entry = Entry::new(key, slot);
        let (index, runs_before) = (self.run_of(key), self.runs.len());
        let run = self.run_mut(index);
        let Err(at) = place_of(&run.entries, key) else { return false };
        grow_tightly(&mut run.entries);
        run.entries.insert(at, entry);
        run.refresh();
        let parted = run.part();
        match parted {
            Some(upper) if index < self.runs.len() => self.runs.insert(index + 1, upper),
            Some(upper) => {
                let lower = core::mem::replace(&mut self.best, upper);
                self.runs.push(lower);
            }
            None => {}
        }
        self.refresh_second(index == runs_before);
        true
    }

    /// Takes an order out. Says whether it was there.
    pub(crate) fn remove(&mut self, rank: i64, priority: u64) -> bool {
        let key = (rank, priority);
        let is_first = self.first().is_some_and(|first| first.key() == key);
        let runs_before = self.runs.len();
        let index = if is_first { runs_before } else { self.run_of(key) };
        let run = self.run_mut(index);
        let entries = &mut run.entries;
        if is_first {
            entries.pop();
        } else {
            let Ok(at) = place_of(entries, key) else { return false };
            entries.remove(at);
        }
        if entries.is_empty() {
            if index < self.runs.len() {
                self.runs.remove(index);
            } else {
                self.best = self.runs.pop().unwrap_or(const { Run::new() });
            }
            self.refresh_second(index == runs_before);
            return true;
        }
        if entries.len() < entries.capacity() / 2 {
            entries.shrink_to(capacity_for::<Entry>(entries.len() + entries.len() / 8));
        }
        run.refresh();
        self.refresh_second(index == runs_before);
        true
    }

    /// Reads the second's rank anew, unless the change was elsewhere than in the best run and that has
    /// two of its own.
    fn refresh_second(&mut self, best_changed: bool) {
        let entries = &self.best.entries;
        if !best_changed && entries.len() > 1 {
            return;
        }
        let behind = entries.len().checked_sub(2).and_then(|at| entries.get(at));
        let second = behind.or_else(|| self.runs.last().map(|run| &run.last));
        self.second_rank = second.map_or(NO_RANK, |second| second.key().0);
    }

    /// The rank of the first.
    pub(crate) fn first_rank(&self) -> Option<i64> {
        self.first().map(|first| first.key().0)
    }

    /// The slots of ranks from `best` to `worst`, both included, in order.
    pub(crate) fn range(&self, best: i64, worst: i64) -> impl Iterator<Item = Slot> + '_ {
        let reached = if self.second_rank > worst { 1 } else { usize::MAX };
        self.entries()
            .take(reached)
            .skip_while(move |entry| entry.key().0 < best)
            .take_while(move |entry| entry.key().0 <= worst)
            .map(|entry| entry.slot())
    }

    /// Every slot, in order.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.entries().map(|entry| entry.slot())
    }

    /// The first comes from here, so that what it names can be fetched while the next is.
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let rest = self.runs.iter().rev().flat_map(|run| run.entries.iter().rev());
        self.first().into_iter().chain(self.best.entries.iter().rev().skip(1)).chain(rest)
    }

    fn first(&self) -> Option<&Entry> {
        (!self.best.entries.is_empty()).then_some(&self.best.last)
    }

    fn run_mut(&mut self, index: usize) -> &mut Run {
        self.runs.get_mut(index).unwrap_or(&mut self.best)
    }

    /// The run that holds the key or would: the first that does not end behind it, or the best.
    fn run_of(&self, key: (i64, u64)) -> usize {
        self.runs.partition_point(|run| run.last.key() > key)
    }
}

fn place_of(run: &[Entry], key: (i64, u64)) -> Result<usize, usize> {
    run.binary_search_by(|entry| key.cmp(&entry.key()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    #[test]
    fn it_holds_what_a_tree_holds() {
        let (mut list, mut tree) = (ByPrice::new(), BTreeMap::new());
        let mut state = 1_u64;
        for step in 0..20_000_usize {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (rank, priority) = ((state >> 57).cast_signed() - 64, (state >> 40) & 63);
            let slot = Slot::from_index(step);
            if (state >> 20) % 5 < if step < 10_000 { 2 } else { 3 } {
                assert_eq!(list.remove(rank, priority), tree.remove(&(rank, priority)).is_some());
            } else {
                let is_free = !tree.contains_key(&(rank, priority));
                assert_eq!(list.insert(rank, priority, slot), is_free);
                if is_free {
                    tree.insert((rank, priority), slot);
                }
            }
            assert_eq!(list.first_rank(), tree.keys().next().map(|(rank, _)| *rank));
            assert_eq!(list.second_rank, tree.keys().nth(1).map_or(NO_RANK, |(rank, _)| *rank));
            let first: Vec<Slot> = tree.values().take(1).copied().collect();
            if let Some(rank) = list.first_rank().filter(|rank| *rank < list.second_rank) {
                assert_eq!(list.range(i64::MIN, rank).collect::<Vec<_>>(), first);
            }
            if step % 50 == 0 {
                let all: Vec<Slot> = tree.values().copied().collect();
                assert_eq!(list.slots().collect::<Vec<_>>(), all);
                let worst = rank.max(-20);
                let part: Vec<Slot> = tree.range((-20, 0)..=(worst, u64::MAX)).map(|(_, slot)| *slot).collect();
                assert_eq!(list.range(-20, worst).collect::<Vec<_>>(), part);
            }
            assert!(list.runs.iter().all(|run| !run.entries.is_empty() && run.entries.len() <= RUN_MAX));
            assert!(list.best.entries.len() <= RUN_MAX && list.best.entries.is_empty() == tree.is_empty());
        }
    }

    #[test]
    fn an_entry_takes_17_bytes() {
        assert_eq!(size_of::<Entry>(), 17);
    }

    #[test]
    fn the_ends_of_the_ranges_come_back_as_they_were_put_in() {
        let most = limits::PRICE_MAX.raw();
        for key in [(i64::MIN, 0), (-most, 1), (-1, (1 << 48) - 1), (0, 0), (1, 255), (most, 1 << 47)] {
            let slot = Slot::from_index(4_000_000_000);
            let entry = Entry::new(key, slot);
            assert_eq!((entry.key(), entry.slot()), (key, slot));
        }
    }
}
