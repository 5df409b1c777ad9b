//! Orders by price, first come first.
//!
//! Owns a sorted list cut into short runs: finding is two binary searches, changing moves a few
//! hundred bytes, and memory follows what is in it closely, where a tree leaves its nodes half
//! empty. The first to act is the last in memory, so that taking it moves nothing. It knows nothing
//! of what the ranks mean. Invariant: no run is empty or longer than
//! [`RUN_MAX`], and entries descend within and across runs.

use crate::blocks::{capacity_for, grow_tightly};
use crate::orders::Slot;
use alloc::vec::Vec;

const RUN_MAX: usize = 128;

/// Twenty bytes: what is as wide as eight is kept in halves, so that nothing pads.
#[derive(Clone, Copy, Debug)]
struct Entry {
    rank: [u8; 8],
    priority: [u8; 8],
    slot: Slot,
}

impl Entry {
    fn key(self) -> (i64, u64) {
        (i64::from_le_bytes(self.rank), u64::from_le_bytes(self.priority))
    }
}

/// A part of the list, and the key of its last entry, so that the search for a run reads no other.
#[derive(Debug)]
struct Run {
    last: (i64, u64),
    entries: Vec<Entry>,
}

impl Run {
    fn of(entries: Vec<Entry>) -> Self {
        let mut run = Self { last: (0, 0), entries };
        run.refresh();
        run
    }

    fn refresh(&mut self) {
        self.last = self.entries.last().expect("no run is empty").key();
    }
}

/// Slots by (rank, place in time).
#[derive(Debug, Default)]
pub(crate) struct ByPrice {
    runs: Vec<Run>,
}

impl ByPrice {
    pub(crate) const fn new() -> Self {
        Self { runs: Vec::new() }
    }

    /// Puts an order in. Says whether its place was free.
    pub(crate) fn insert(&mut self, rank: i64, priority: u64, slot: Slot) -> bool {
        let key = (rank, priority);
        let entry = Entry { rank: rank.to_le_bytes(), priority: priority.to_le_bytes(), slot };
        let index = self.run_of(key);
        let Some(run) = self.runs.get_mut(index) else {
            self.runs.push(Run::of(Vec::from([entry])));
            return true;
        };
        let Err(at) = place_of(&run.entries, key) else { return false };
        grow_tightly(&mut run.entries);
        run.entries.insert(at, entry);
        if run.entries.len() > RUN_MAX {
            let mut upper = run.entries.split_off(RUN_MAX / 2);
            upper.shrink_to_fit();
            run.entries.shrink_to_fit();
            run.refresh();
            self.runs.insert(index + 1, Run::of(upper));
        } else {
            run.refresh();
        }
        true
    }

    /// Takes an order out. Says whether it was there.
    pub(crate) fn remove(&mut self, rank: i64, priority: u64) -> bool {
        let key = (rank, priority);
        let index = self.run_of(key);
        let Some(run) = self.runs.get_mut(index) else { return false };
        let entries = &mut run.entries;
        if run.last == key {
            entries.pop();
        } else {
            let Ok(at) = place_of(entries, key) else { return false };
            entries.remove(at);
        }
        if entries.is_empty() {
            self.runs.remove(index);
            return true;
        }
        if entries.len() < entries.capacity() / 2 {
            entries.shrink_to(capacity_for::<Entry>(entries.len() + entries.len() / 8));
        }
        run.refresh();
        true
    }

    /// The rank of the first.
    pub(crate) fn first_rank(&self) -> Option<i64> {
        self.runs.last().map(|run| run.last.0)
    }

    /// The slots of ranks from `best` to `worst`, both included, in order.
    pub(crate) fn range(&self, best: i64, worst: i64) -> impl Iterator<Item = Slot> + '_ {
        let entries = self.runs.iter().rev().flat_map(|run| run.entries.iter().rev());
        entries
            .skip_while(move |entry| entry.key().0 < best)
            .take_while(move |entry| entry.key().0 <= worst)
            .map(|entry| entry.slot)
    }

    /// Every slot, in order.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.runs.iter().rev().flat_map(|run| run.entries.iter().rev()).map(|entry| entry.slot)
    }

    /// The run that holds the key or would: the first that does not end behind it, or the last.
    fn run_of(&self, key: (i64, u64)) -> usize {
        self.runs.partition_point(|run| run.last > key).min(self.runs.len().saturating_sub(1))
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
            if step % 50 == 0 {
                let all: Vec<Slot> = tree.values().copied().collect();
                assert_eq!(list.slots().collect::<Vec<_>>(), all);
                let worst = rank.max(-20);
                let part: Vec<Slot> = tree.range((-20, 0)..=(worst, u64::MAX)).map(|(_, slot)| *slot).collect();
                assert_eq!(list.range(-20, worst).collect::<Vec<_>>(), part);
            }
            assert!(list.runs.iter().all(|run| !run.entries.is_empty() && run.entries.len() <= RUN_MAX));
        }
    }

    #[test]
    fn an_entry_takes_20_bytes() {
        assert_eq!(size_of::<Entry>(), 20);
    }
}
