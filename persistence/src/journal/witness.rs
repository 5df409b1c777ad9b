//! The witness: a small file beside the segments that saw how far the journal had come.
//!
//! It owns two slots, written in turn after each commit and never synced by themselves. It must never
//! be written before the commit that it tells of returned. Invariant: on an honest disk it is never
//! ahead of what is durable, so a journal that ends before it lost acknowledged rows.

use super::manifest::encode_heads;
use super::{Corruption, Epoch, ShardHead};
use crate::rows;
use crate::storage::{Backend, OpenMode, Storage, replace_file};
use model::ShardSeq;
use redb::StorageBackend as _;
use std::io;
use std::path::{Path, PathBuf};

/// The name of the file.
pub(crate) const WITNESS_FILE: &str = "WITNESS";
const WITNESS_FORMAT: u16 = 1;
const MAGIC: [u8; 8] = *b"PTWITN\r\n";
/// Slots begin at multiples of this, so that no page of a disk or of memory holds parts of both.
const SLOT_ALIGN: usize = 4_096;
/// Magic, format, shards, segment, epoch and count.
const FIXED_BYTES: usize = 8 + 2 + 2 + 4 + 16 + 8;
const HEAD_BYTES: usize = 40;

/// What was seen: where every shard stood after some commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// The segment that was written then.
    pub(crate) segment: u32,
    /// By shard.
    pub(crate) heads: Vec<ShardHead>,
}

/// What the file says at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Testimony {
    /// There is no such file: it was never made, or a backup came without it.
    Absent,
    /// Neither slot is whole: power was lost while both waited to be written.
    Unreadable,
    /// The newer of the whole slots, its number, and how many commits the file had seen.
    Seen(Sighting, u64),
    /// It is of another journal.
    Foreign,
}

/// The open file.
#[derive(Debug)]
pub(crate) struct Witness {
    path: PathBuf,
    file: Backend,
    epoch: Epoch,
    /// How many times a slot was written; its parity names the slot.
    count: u64,
    slot: Vec<u8>,
}

/// Where a journal's witness lies.
pub(crate) fn witness_path(dir: &Path) -> PathBuf {
    dir.join(WITNESS_FILE)
}

/// Bytes from the beginning of one slot to that of the next.
fn stride(shards: usize) -> usize {
    (rows::ROW_HASH_BYTES + FIXED_BYTES + shards * HEAD_BYTES).next_multiple_of(SLOT_ALIGN)
}

fn put_slot(slot: &mut Vec<u8>, epoch: Epoch, count: u64, segment: u32, heads: &[ShardHead]) {
    let shards = u16::try_from(heads.len()).expect("shards are counted in 16 bits");
    slot.clear();
    slot.extend_from_slice(&[0; rows::ROW_HASH_BYTES]);
    slot.extend_from_slice(&MAGIC);
    slot.extend_from_slice(&WITNESS_FORMAT.to_le_bytes());
    slot.extend_from_slice(&shards.to_le_bytes());
    slot.extend_from_slice(&segment.to_le_bytes());
    slot.extend_from_slice(&epoch.to_bytes());
    slot.extend_from_slice(&count.to_le_bytes());
    slot.extend_from_slice(&encode_heads(heads));
    let hash = blake3::hash(&slot[rows::ROW_HASH_BYTES..]);
    slot[..rows::ROW_HASH_BYTES].copy_from_slice(&hash.as_bytes()[..rows::ROW_HASH_BYTES]);
}

/// The epoch, the count and what was seen; `None` where the slot is not whole.
fn read_slot(bytes: &[u8], shards: usize) -> Option<(Epoch, u64, Sighting)> {
    let row = bytes.get(..rows::ROW_HASH_BYTES + FIXED_BYTES + shards * HEAD_BYTES)?;
    let body = rows::open(row).ok()?;
    let (fixed, heads) = body.split_at(FIXED_BYTES);
    let known = fixed[..8] == MAGIC && fixed[8..10] == WITNESS_FORMAT.to_le_bytes();
    if !known || usize::from(u16::from_le_bytes(field(fixed, 10))) != shards {
        return None;
    }
    let segment = u32::from_le_bytes(field(fixed, 12));
    let epoch = Epoch::from_bytes(field(fixed, 16));
    let count = u64::from_le_bytes(field(fixed, 32));
    let heads = heads
        .chunks_exact(HEAD_BYTES)
        .map(|head| ShardHead { seq: ShardSeq::new(u64::from_le_bytes(field(head, 0))), hash: field(head, 8) })
        .collect();
    Some((epoch, count, Sighting { segment, heads }))
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("the length was checked")
}

/// Reads what the file of a directory says.
pub(crate) fn read_witness(storage: &dyn Storage, dir: &Path, epoch: Epoch, shards: u16) -> io::Result<Testimony> {
    let path = witness_path(dir);
    if storage.len(&path)?.is_none() {
        return Ok(Testimony::Absent);
    }
    let bytes = storage.read(&path)?;
    let shards = usize::from(shards);
    let slots = [0, stride(shards)].map(|at| bytes.get(at..).and_then(|slot| read_slot(slot, shards)));
    let newest = slots.into_iter().flatten().max_by_key(|(_, count, _)| *count);
    Ok(match newest {
        None => Testimony::Unreadable,
        Some((found, _, _)) if found != epoch => Testimony::Foreign,
        Some((_, count, sighting)) => Testimony::Seen(sighting, count),
    })
}

impl Witness {
    /// Makes the file anew, durably, in place of one that stands, and keeps it open.
    pub(crate) fn create(
        storage: &dyn Storage,
        dir: &Path,
        epoch: Epoch,
        seen: &Sighting,
        count: u64,
    ) -> io::Result<Self> {
        let path = witness_path(dir);
        let stride = stride(seen.heads.len());
        let (mut bytes, mut slot) = (Vec::new(), Vec::new());
        for (index, count) in [count & !1, count | 1].into_iter().enumerate() {
            put_slot(&mut slot, epoch, count, seen.segment, &seen.heads);
            bytes.resize(index * stride, 0);
            bytes.extend_from_slice(&slot);
        }
        bytes.resize(2 * stride, 0);
        replace_file(storage, &path, &bytes)?;
        let file = storage.open(&path, OpenMode::Existing)?;
        Ok(Self { path, file, epoch, count: count | 1, slot })
    }

    /// Keeps the file that stands open, and has it see this.
    pub(crate) fn resume(
        storage: &dyn Storage,
        dir: &Path,
        epoch: Epoch,
        seen: &Sighting,
        count: u64,
    ) -> io::Result<Self> {
        let path = witness_path(dir);
        let file = storage.open(&path, OpenMode::Existing)?;
        let mut witness = Self { path, file, epoch, count, slot: Vec::new() };
        if witness.file.len()? < 2 * stride(seen.heads.len()) as u64 {
            drop(witness);
            return Self::create(storage, dir, epoch, seen, count);
        }
        witness.see(seen.segment, &seen.heads)?;
        Ok(witness)
    }

    /// Writes where the shards stand, over the older slot. Not synced: a crash of the process leaves
    /// it whole, and a loss of power may leave an older one.
    pub(crate) fn see(&mut self, segment: u32, heads: &[ShardHead]) -> io::Result<()> {
        self.count += 1;
        put_slot(&mut self.slot, self.epoch, self.count, segment, heads);
        let slot = usize::try_from(self.count % 2).expect("zero or one");
        self.file.write((slot * stride(heads.len())) as u64, &self.slot)
    }

    /// Makes what it saw durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether a journal that ends at `heads` holds everything that was seen. `hash_at` tells the hash of
/// the row that ends at an event, `None` where no row does, for events of the segment that is written.
pub(crate) fn compare<E>(
    seen: &Sighting,
    before: &[ShardHead],
    heads: &[ShardHead],
    mut hash_at: impl FnMut(usize, ShardSeq) -> Result<Option<[u8; 32]>, E>,
) -> Result<Result<(), Corruption>, E> {
    for (shard, (seen_head, head)) in seen.heads.iter().zip(heads).enumerate() {
        let found = if seen_head.seq > head.seq {
            Some((*head, true))
        } else if seen_head.seq == head.seq {
            (seen_head.hash != head.hash).then_some((*head, false))
        } else if seen_head.seq > before[shard].seq {
            let hash = hash_at(shard, seen_head.seq)?;
            let actual = ShardHead { seq: seen_head.seq, hash: hash.unwrap_or_default() };
            (hash != Some(seen_head.hash)).then_some((actual, false))
        } else {
            // Older than the segment: the seals vouch for it.
            None
        };
        if let Some((actual, is_short)) = found {
            return Ok(Err(mismatch(seen.segment, shard, seen_head, &actual, is_short)));
        }
    }
    Ok(Ok(()))
}

fn mismatch(segment: u32, shard: usize, seen: &ShardHead, actual: &ShardHead, is_short: bool) -> Corruption {
    let shard = u16::try_from(shard).expect("shards are counted in 16 bits");
    let (expected, actual_hash) = (super::hex(&seen.hash), super::hex(&actual.hash));
    if is_short {
        Corruption::Gone {
            segment,
            shard,
            expected_seq: seen.seq.get(),
            expected,
            actual_seq: actual.seq.get(),
            actual: actual_hash,
        }
    } else {
        Corruption::Witness { segment, shard, seq: seen.seq.get(), expected, actual: actual_hash }
    }
}
