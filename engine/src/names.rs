//! The names that clients gave their orders, and which orders are open.
//!
//! Orders are numbered without gaps, so that what is known of each lies in a list by number; a hash
//! table finds the number of a name. The table is cut into short buckets and grows by parting one of
//! them at a time, so that no order waits for all names to be put elsewhere. It is never walked, so
//! that its layout shows nowhere, and its hash has no seed, so that every run is the same.

use crate::blocks::{Blocks, capacity_for, grow_tightly};
use crate::orders::Slot;
use alloc::vec::Vec;
use core::cmp::Ordering;
use model::{ClientOrderEntry, ClientOrderKey, OrderNumber};

/// What a client order id named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NamedOrder {
    pub(crate) order: OrderNumber,
    pub(crate) fingerprint: u64,
}

/// A key in halves, which need no wider alignment than eight.
#[derive(Clone, Copy, Debug)]
struct Row {
    key: [u64; 2],
    fingerprint: u64,
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
fn halves(key: ClientOrderKey) -> [u64; 2] {
    [key.get() as u64, (key.get() >> 64) as u64]
}

/// Keys are hashes already where a client's text made them; mixed once more for those that are not.
fn hash(key: [u64; 2]) -> u64 {
    let mut mixed = key[0] ^ key[1].wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    mixed ^ (mixed >> 32)
}

/// Names in a bucket, on the average, before another bucket is added.
const BUCKET: usize = 40;

/// Where a name is: a byte of its hash, and the order's number.
#[derive(Clone, Copy, Debug)]
struct Place {
    tag: u8,
    number: [u8; 4],
}

impl Place {
    fn number(self) -> u32 {
        u32::from_le_bytes(self.number)
    }
}

/// A byte of the hash that does not choose the bucket.
fn tag_of(hash: u64) -> u8 {
    let [.., tag] = hash.to_le_bytes();
    tag
}

/// Every name that was used.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// By order number, from 1.
    rows: Blocks<Row>,
    rejected: Vec<OrderNumber>,
    /// By the lowest bits of the hash: by as many as it takes to count the buckets, or by one less
    /// where there is no such bucket yet.
    buckets: Blocks<Vec<Place>>,
}

impl Names {
    /// The last number given.
    pub(crate) fn last(&self) -> OrderNumber {
        OrderNumber::new(u32::try_from(self.rows.len()).expect("numbers count to the range of their type"))
    }

    pub(crate) fn get(&self, key: ClientOrderKey) -> Option<NamedOrder> {
        let key = halves(key);
        let hash = hash(key);
        let tag = tag_of(hash);
        let bucket = self.buckets.get(bucket_of(hash, self.buckets.len()))?;
        let tagged = bucket.iter().filter(|place| place.tag == tag);
        tagged.map(|place| place.number()).find_map(|number| {
            let row = self.row(number).filter(|row| row.key == key)?;
            Some(NamedOrder { order: OrderNumber::new(number), fingerprint: row.fingerprint })
        })
    }

    /// Adds the next order under a name that is new.
    pub(crate) fn add(&mut self, key: ClientOrderKey, named: NamedOrder, rejected: bool) {
        assert_eq!(named.order, self.last().next(), "orders are numbered without gaps");
        assert!(self.get(key).is_none(), "a client order id names one order");
        let key = halves(key);
        if self.rows.len() >= self.buckets.len() * BUCKET {
            self.add_bucket();
        }
        self.rows.push(Row { key, fingerprint: named.fingerprint });
        if rejected {
            self.rejected.push(named.order);
        }
        let hash = hash(key);
        let at = bucket_of(hash, self.buckets.len());
        let bucket = self.buckets.get_mut(at).expect("a bucket that is there was chosen");
        grow_tightly(bucket);
        bucket.push(Place { tag: tag_of(hash), number: named.order.get().to_le_bytes() });
    }

    /// Every entry by key, as images keep them.
    pub(crate) fn entries(&self) -> Vec<ClientOrderEntry> {
        let mut number = OrderNumber::default();
        let entry = |row: &Row| {
            number = number.next();
            let key = ClientOrderKey::new(u128::from(row.key[1]) << 64 | u128::from(row.key[0]));
            let rejected = self.rejected.binary_search(&number).is_ok();
            ClientOrderEntry { key, order: number, fingerprint: row.fingerprint, rejected }
        };
        let mut entries: Vec<ClientOrderEntry> = self.rows.iter().map(entry).collect();
        entries.sort_unstable_by_key(|entry| entry.key);
        entries
    }

    pub(crate) fn from_entries(entries: &[ClientOrderEntry]) -> Self {
        let mut by_number: Vec<&ClientOrderEntry> = entries.iter().collect();
        by_number.sort_unstable_by_key(|entry| entry.order);
        let mut names = Self::default();
        for entry in by_number {
            let named = NamedOrder { order: entry.order, fingerprint: entry.fingerprint };
            names.add(entry.key, named, entry.rejected);
        }
        names
    }

    fn row(&self, number: u32) -> Option<&Row> {
        self.rows.get(number.checked_sub(1)? as usize)
    }

    /// Parts the bucket whose names may belong to the next one.
    fn add_bucket(&mut self) {
        let added = self.buckets.len();
        let Some(bits) = added.checked_ilog2() else { return self.buckets.push(Vec::new()) };
        let parted = self.buckets.get_mut(added ^ (1 << bits)).expect("its namesake of one bit less is there");
        let (mut stay, mut go) = (core::mem::take(parted), Vec::new());
        stay.retain(|place| {
            let row = self.row(place.number()).expect("a name in a bucket has a row");
            let stays = bucket_of(hash(row.key), added + 1) != added;
            if !stays {
                grow_tightly(&mut go);
                go.push(*place);
            }
            stays
        });
        stay.shrink_to(capacity_for::<Place>(stay.len()));
        *self.buckets.get_mut(added ^ (1 << bits)).expect("it was there") = stay;
        self.buckets.push(go);
    }
}

/// The bucket of a hash among so many.
fn bucket_of(hash: u64, buckets: usize) -> usize {
    let mask = buckets.next_power_of_two() as u64 - 1;
    let [wide, narrow] = [hash & mask, hash & (mask >> 1)].map(|at| usize::try_from(at).expect("below the mask"));
    if wide < buckets { wide } else { narrow }
}

/// The open orders of a portfolio by number: a list in which the ended leave a gap until half of it
/// is gaps. A number only ever comes after those before it, and is near where it would be without
/// gaps.
#[derive(Debug, Default)]
pub(crate) struct OpenNumbers {
    rows: Blocks<(OrderNumber, Option<Slot>)>,
    open: usize,
}

impl OpenNumbers {
    pub(crate) fn len(&self) -> usize {
        self.open
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open == 0
    }

    pub(crate) fn get(&self, number: OrderNumber) -> Option<Slot> {
        self.rows.get(self.find(number)?)?.1
    }

    /// Adds an order with a number above all before it.
    pub(crate) fn add(&mut self, number: OrderNumber, slot: Slot) {
        let is_last = self.rows.last().is_none_or(|(last, _)| *last < number);
        assert!(is_last, "orders open in the order of their numbers");
        self.rows.push((number, Some(slot)));
        self.open += 1;
    }

    /// Takes an open order out.
    pub(crate) fn remove(&mut self, number: OrderNumber) {
        let at = self.find(number).expect("only open orders end");
        let slot = self.rows.get_mut(at).and_then(|(_, slot)| slot.take());
        assert!(slot.is_some(), "an order ends once");
        self.open -= 1;
        if self.rows.len() > 2 * self.open + 8 {
            self.rows.retain(|(_, slot)| slot.is_some());
        }
    }

    /// Open orders by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (OrderNumber, Slot)> + '_ {
        self.rows.iter().filter_map(|(number, slot)| Some((*number, (*slot)?)))
    }

    fn find(&self, number: OrderNumber) -> Option<usize> {
        let (first, last) = (self.rows.get(0)?.0, self.rows.last()?.0);
        let behind = last.get().checked_sub(number.get())? as usize;
        let before = number.get().checked_sub(first.get())? as usize;
        // Numbers ascend by at least one, which bounds the place from both sides.
        let mut from = (self.rows.len() - 1).saturating_sub(behind);
        let mut to = before.min(self.rows.len() - 1);
        while from <= to {
            let middle = usize::midpoint(from, to);
            match self.rows.get(middle)?.0.cmp(&number) {
                Ordering::Equal => return Some(middle),
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle.checked_sub(1)?,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    fn draw(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 33
    }

    #[test]
    fn names_are_found_whatever_their_keys_look_like() {
        let shapes: [fn(u32) -> u128; 4] = [
            |n| u128::from(n),
            |n| u128::from(n) << 96,
            |n| u128::from(n) << 64 | 7,
            |n| u128::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834),
        ];
        for shape in shapes {
            let mut names = Names::default();
            for n in 1..=3_000 {
                let key = ClientOrderKey::new(shape(n));
                assert_eq!(names.get(key), None);
                let named = NamedOrder { order: OrderNumber::new(n), fingerprint: u64::from(n) * 3 };
                names.add(key, named, n % 5 == 0);
                assert_eq!(names.get(key), Some(named));
            }
            for n in 1..=3_000 {
                let found = names.get(ClientOrderKey::new(shape(n)));
                assert_eq!(found.map(|named| named.order), Some(OrderNumber::new(n)));
            }
            let entries = names.entries();
            assert!(entries.is_sorted_by_key(|entry| entry.key) && entries.len() == 3_000);
            assert!(entries.iter().all(|entry| entry.rejected == (entry.order.get() % 5 == 0)));
            assert_eq!(Names::from_entries(&entries).entries(), entries);
        }
    }

    #[test]
    fn open_numbers_hold_what_a_tree_holds() {
        let (mut open, mut tree, mut state) = (OpenNumbers::default(), BTreeMap::new(), 1);
        let mut next = 0;
        for step in 0..30_000_usize {
            next += 1 + u32::try_from(draw(&mut state) % 3).expect("small");
            if step % 3 != 2 || step > 15_000 {
                open.add(OrderNumber::new(next), Slot::from_index(step));
                tree.insert(OrderNumber::new(next), Slot::from_index(step));
            }
            for _ in 0..draw(&mut state) % 3 {
                let pick = OrderNumber::new(u32::try_from(draw(&mut state)).expect("31 bits") % (next + 2));
                let nearest = tree.range(pick..).next().map(|(number, _)| *number);
                assert_eq!(open.get(pick), tree.get(&pick).copied());
                if let Some(number) = nearest {
                    tree.remove(&number);
                    open.remove(number);
                }
            }
            assert_eq!((open.len(), open.is_empty()), (tree.len(), tree.is_empty()));
            if step % 100 == 0 {
                assert!(open.iter().eq(tree.iter().map(|(number, slot)| (*number, *slot))));
            }
        }
    }
}
