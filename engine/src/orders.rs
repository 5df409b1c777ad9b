//! Open orders, by slot.
//!
//! Owns the memory of every open order: compact rows in a slab whose places are used again, cut
//! into blocks so that it grows without moving. Closed orders are gone from here; they live in
//! events. Nothing here decides or indexes.

pub(crate) use crate::open_order::{OpenOrder, QueueAhead, spent};
use alloc::vec::Vec;
use core::num::NonZeroU32;
use model::Time;

/// A place in the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(NonZeroU32);

impl Slot {
    /// The first place.
    pub(crate) const FIRST: Self = Self(NonZeroU32::MIN);

    pub(crate) fn from_index(index: usize) -> Self {
        let number = u32::try_from(index).ok().and_then(|index| NonZeroU32::MIN.checked_add(index));
        Self(number.expect("memory ends before slots do"))
    }

    const fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    /// As it lies where nothing pads.
    pub(crate) const fn to_bytes(self) -> [u8; 4] {
        self.0.get().to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(NonZeroU32::new(u32::from_le_bytes(bytes)).expect("a slot was put in"))
    }
}

/// All open orders of a shard.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// Full blocks of [`BLOCK`] rows, but for the last.
    blocks: Vec<Vec<Option<OpenOrder>>>,
    free: Vec<Slot>,
    open: usize,
}

/// Rows that are allocated at once: one less than fill a size that allocators hand out, as one that
/// adds a word for the alignment would take the next size (measured with mimalloc: 96 bytes a row).
const BLOCK: usize = 1_023;

impl Orders {
    pub(crate) fn insert(&mut self, order: OpenOrder) -> Slot {
        self.open += 1;
        if let Some(slot) = self.free.pop() {
            *self.row_mut(slot) = Some(order);
            return slot;
        }
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let before = (self.blocks.len() - 1) * BLOCK;
        let block = self.blocks.last_mut().expect("a block was there or was added");
        block.push(Some(order));
        Slot::from_index(before + block.len() - 1)
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> OpenOrder {
        self.free.push(slot);
        self.open -= 1;
        self.row_mut(slot).take().expect("only open orders are removed")
    }

    pub(crate) fn get(&self, slot: Slot) -> &OpenOrder {
        let row = &self.blocks[slot.index() / BLOCK][slot.index() % BLOCK];
        row.as_ref().expect("the index names open orders only")
    }

    /// When the order at a place ends by time, where one is open there.
    pub(crate) fn timer(&self, slot: Slot) -> Option<Time> {
        self.find(slot).map(OpenOrder::timer)
    }

    /// The order at a place, where it is still open: others may have ended it meanwhile.
    pub(crate) fn find(&self, slot: Slot) -> Option<&OpenOrder> {
        self.blocks.get(slot.index() / BLOCK)?.get(slot.index() % BLOCK)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> &mut OpenOrder {
        self.row_mut(slot).as_mut().expect("the index names open orders only")
    }

    fn row_mut(&mut self, slot: Slot) -> &mut Option<OpenOrder> {
        &mut self.blocks[slot.index() / BLOCK][slot.index() % BLOCK]
    }

    pub(crate) fn len(&self) -> usize {
        self.open
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &OpenOrder> {
        self.blocks.iter().flatten().flatten()
    }
}
