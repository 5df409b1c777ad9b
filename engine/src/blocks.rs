//! A list that grows without moving what is in it.
//!
//! Owns how lists that may become long take memory: in blocks of a fixed length, so that growing
//! copies at most one block and leaves no large hole behind, and in steps that fit the sizes which
//! allocators hand out. It knows nothing of what it holds. Invariant: every block but the last is
//! full, and none is empty.

use alloc::vec::Vec;

/// Bytes of a block, in a size that allocators hand out less a word, which some add for the alignment
/// (measured with mimalloc). Small enough that a short list fits well, too.
const BLOCK_BYTES: usize = 1_536 - 8;

/// Elements by place, from nothing on.
#[derive(Debug)]
pub(crate) struct Blocks<T>(Vec<Vec<T>>);

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Blocks<T> {
    /// Elements of a block.
    const BLOCK: usize = BLOCK_BYTES / size_of::<T>();

    pub(crate) fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * Self::BLOCK + last.len())
    }

    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.0.get(at / Self::BLOCK)?.get(at % Self::BLOCK)
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.0.get_mut(at / Self::BLOCK)?.get_mut(at % Self::BLOCK)
    }

    pub(crate) fn last(&self) -> Option<&T> {
        self.0.last()?.last()
    }

    pub(crate) fn push(&mut self, element: T) {
        // Short lists grow in small steps, long ones by a block.
        let room = (self.len() / 8).clamp(1, Self::BLOCK);
        if self.0.last().is_none_or(|last| last.len() == Self::BLOCK) {
            self.0.push(Vec::new());
        }
        let last = self.0.last_mut().expect("a block was there or was added");
        if last.len() == last.capacity() {
            let step = capacity_for::<T>(last.len() + room).min(Self::BLOCK) - last.len();
            last.reserve_exact(step);
        }
        last.push(element);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }

    /// Takes out what is not to be kept; the rest moves up.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        for block in core::mem::take(&mut self.0) {
            for element in block {
                if keep(&element) {
                    self.push(element);
                }
            }
        }
    }
}

impl<T> FromIterator<T> for Blocks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut blocks = Self::default();
        for element in elements {
            blocks.push(element);
        }
        blocks
    }
}

/// Makes room for one more, and for no more than an allocator hands out for it anyway.
pub(crate) fn grow_tightly<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact(capacity_for::<T>(list.len() + 1) - list.len());
    }
}

/// How many elements fit where so many must: allocators round up to an eighth of the next power of
/// two.
pub(crate) fn capacity_for<T>(elements: usize) -> usize {
    let bytes = (elements * size_of::<T>()).max(16);
    let step = (bytes.next_power_of_two() / 8).max(8);
    bytes.next_multiple_of(step) / size_of::<T>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_a_list_holds() {
        let (mut blocks, mut list) = (Blocks::default(), Vec::new());
        for number in 0..3_000_u32 {
            blocks.push(number);
            list.push(number);
            let last = list.len() - 1;
            assert_eq!((blocks.len(), blocks.last(), blocks.get(last)), (list.len(), list.last(), list.last()));
            assert_eq!(blocks.get(last + 1), None);
        }
        assert!(blocks.iter().eq(&list));
        *blocks.get_mut(700).expect("it is there") = 9_000;
        list[700] = 9_000;
        blocks.retain(|number| number % 7 == 5);
        list.retain(|number| number % 7 == 5);
        assert!(blocks.iter().eq(&list));
        assert_eq!(blocks.len(), list.len());
        blocks.retain(|_| false);
        assert_eq!((blocks.len(), blocks.last(), blocks.get(0)), (0, None, None));
        assert!(list.iter().copied().collect::<Blocks<u32>>().iter().eq(&list));
    }

    #[test]
    fn room_follows_what_is_in_it() {
        for elements in 20..2_000 {
            let capacity = capacity_for::<[u8; 20]>(elements);
            assert!(elements <= capacity && capacity <= elements + elements / 4 + 1, "{elements}: {capacity}");
        }
    }
}
