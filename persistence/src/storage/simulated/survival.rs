//! What a crash leaves of unsynced changes.
//!
//! It owns the ways to survive and how they are applied to the changes of a disk. It must never
//! drop a change that was synced. Invariant: an image is a function of the disk and the way alone.

use super::disk::{Change, FileId, State, Written};
use super::pages::PAGE_BYTES;

/// What a disk writes whole or not at all.
pub(super) const SECTOR_BYTES: usize = 512;

/// Which unsynced changes a crash leaves. Changes of bytes and of names are counted together, in the
/// order in which they were made, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrashSurvival {
    /// None at all.
    Nothing,
    /// All of them.
    Everything,
    /// New names, and none of the bytes.
    Names,
    /// The bytes of files whose names are durable, and no new names.
    Bytes,
    /// New names, and of each file's changes the last alone.
    LastChange,
    /// New names, and of each file's changes all but the last.
    AllButLastChange,
    /// Any names up to a point, and any changes, chosen by this seed.
    Subset(u64),
    /// As with a subset, and each change in any of its sectors.
    Torn(u64),
    /// All but this one.
    Dropped(usize),
    /// This one alone.
    Kept(usize),
    /// All, and of this write these sectors alone.
    TornAmongAll(usize, Tear),
    /// Of this write these sectors, and nothing else.
    TornAlone(usize, Tear),
}

/// Which sectors of a write survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tear {
    /// So many from its start.
    First(usize),
    /// So many from its end.
    Last(usize),
    /// Those that this seed chooses.
    Chosen(u64),
}

impl State {
    /// The disk after a crash, with what survives.
    pub(super) fn after_crash(&self, survival: CrashSurvival) -> Self {
        let mut image = self.durable_alone();
        let mut seed = match survival {
            CrashSurvival::Subset(seed) | CrashSurvival::Torn(seed) => seed,
            CrashSurvival::Nothing
            | CrashSurvival::Everything
            | CrashSurvival::Names
            | CrashSurvival::Bytes
            | CrashSurvival::LastChange
            | CrashSurvival::AllButLastChange
            | CrashSurvival::Dropped(_)
            | CrashSurvival::Kept(_)
            | CrashSurvival::TornAmongAll(..)
            | CrashSurvival::TornAlone(..) => 0,
        };
        let names = self.pending().iter().filter(|change| change.is_name()).count();
        let mut names_left = match survival {
            CrashSurvival::Subset(_) | CrashSurvival::Torn(_) => below(&mut seed, names + 1),
            CrashSurvival::Nothing
            | CrashSurvival::Everything
            | CrashSurvival::Names
            | CrashSurvival::Bytes
            | CrashSurvival::LastChange
            | CrashSurvival::AllButLastChange
            | CrashSurvival::Dropped(_)
            | CrashSurvival::Kept(_)
            | CrashSurvival::TornAmongAll(..)
            | CrashSurvival::TornAlone(..) => names,
        };
        for (index, change) in self.pending().iter().enumerate() {
            let survives = match survival {
                CrashSurvival::Nothing => false,
                CrashSurvival::Everything => true,
                CrashSurvival::Names => change.is_name(),
                CrashSurvival::Bytes => !change.is_name(),
                CrashSurvival::LastChange => change.is_name() || self.is_last_of_file(index),
                CrashSurvival::AllButLastChange => change.is_name() || !self.is_last_of_file(index),
                CrashSurvival::Dropped(dropped) => index != dropped,
                CrashSurvival::Kept(kept) => index == kept,
                CrashSurvival::Subset(_) | CrashSurvival::Torn(_) if change.is_name() => {
                    let survives = names_left > 0;
                    names_left = names_left.saturating_sub(1);
                    survives
                }
                CrashSurvival::Subset(_) => below(&mut seed, 2) == 1,
                CrashSurvival::Torn(_) => {
                    image.apply_torn(change, Tear::Chosen(next_random(&mut seed)));
                    false
                }
                CrashSurvival::TornAmongAll(torn, tear) | CrashSurvival::TornAlone(torn, tear)
                    if torn == index =>
                {
                    image.apply_torn(change, tear);
                    false
                }
                CrashSurvival::TornAmongAll(..) => true,
                CrashSurvival::TornAlone(..) => false,
            };
            if survives {
                image.apply(change);
            }
        }
        image.settle();
        image
    }

    fn is_last_of_file(&self, index: usize) -> bool {
        let file = self.pending()[index].file();
        self.pending()[index + 1..].iter().all(|later| later.is_name() || later.file() != file)
    }

    fn apply_torn(&mut self, change: &Change, tear: Tear) {
        match change {
            Change::Write { file, offset, data } => self.write_sectors(*file, *offset, data, tear),
            Change::SetLen { .. } => match tear {
                Tear::First(_) | Tear::Last(_) => self.apply(change),
                Tear::Chosen(mut seed) => {
                    if below(&mut seed, 2) == 1 {
                        self.apply(change);
                    }
                }
            },
            Change::Link { .. } | Change::Rename { .. } | Change::Unlink { .. } => self.apply(change),
        }
    }

    fn write_sectors(&mut self, file: FileId, offset: usize, data: &Written, tear: Tear) {
        let bytes = data.bytes();
        let count = sectors(offset, bytes.len());
        let mut seed = match tear {
            Tear::Chosen(seed) => seed,
            Tear::First(_) | Tear::Last(_) => 0,
        };
        let mut start = 0;
        for sector in 0..count {
            // Sectors are the disk's, not the write's.
            let end = (start + SECTOR_BYTES - (offset + start) % SECTOR_BYTES).min(bytes.len());
            let survives = match tear {
                Tear::First(first) => sector < first,
                Tear::Last(last) => sector + last >= count,
                Tear::Chosen(_) => below(&mut seed, 2) == 1,
            };
            if survives {
                self.write_bytes(file, offset + start, &bytes[start..end]);
            }
            start = end;
        }
    }
}

/// How many sectors of the disk a write touches.
pub(super) fn sectors(offset: usize, len: usize) -> usize {
    if len == 0 { 0 } else { (offset + len - 1) / SECTOR_BYTES - offset / SECTOR_BYTES + 1 }
}

const _: () = assert!(PAGE_BYTES.is_multiple_of(SECTOR_BYTES));

/// Sebastiano Vigna's splitmix64: enough to choose survivors, and the same everywhere.
pub(super) fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

pub(super) fn below(state: &mut u64, bound: usize) -> usize {
    usize::try_from(next_random(state) % bound as u64).expect("below a usize")
}
