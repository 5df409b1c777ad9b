//! The journal: every fact of every shard, in order, in bounded files.
//!
//! It owns segments, the manifest and the chain of hashes through both. It must never skip, cut or
//! invent a row, nor try again after a failed sync. Invariant: after `append` returned, its batches
//! are found by every later start, whole and in order.

mod append;
mod batch;
mod error;
mod manifest;
mod open;
mod segment;
mod witness;

pub use error::{AppendError, Corruption, FirstEvents, OpenError, Place};

pub(crate) use batch::{Batch, ENGINE_RULES, decode};
pub(crate) use manifest::{Manifest, manifest_path, read_manifest};
pub(crate) use open::{end_mismatch, shard_id};
pub(crate) use segment::{Rows, SegmentError, SegmentReader, segment_name};
pub(crate) use witness::{Sighting, Testimony, compare, read_witness};

use crate::storage::{Storage, StorageLock};
use append::RowSize;
use core::fmt;
use model::{Event, ShardId, ShardSeq, Time};
use rkyv::util::AlignedVec;
use segment::ActiveSegment;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use witness::Witness;

/// A journal's identity: drawn when it is made, so that another one in its place is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u128);

impl Epoch {
    /// From its number.
    #[must_use]
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u128 {
        self.0
    }

    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }

    pub(crate) const fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", self.0)
    }
}

/// Where a shard's chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardHead {
    /// The last event; 0 before the first.
    pub seq: ShardSeq,
    /// The hash of the row that holds it; before the first, one made from the epoch and the shard.
    pub hash: [u8; 32],
}

/// A segment that is full and will not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSegment {
    /// Its number, from 1.
    pub number: u32,
    /// Where each shard stood at its end, by shard.
    pub heads: Vec<ShardHead>,
}

/// Where the journal lies and how it is kept.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// The directory; made where it is missing.
    pub dir: PathBuf,
    /// How many shards write it; fixed when it is made. See [`Journal::stored_shards`].
    pub shards: u16,
    /// Bytes of rows after which a segment is sealed.
    pub segment_bytes_max: u64,
    /// Memory for pages of one open segment, in bytes.
    pub cache_bytes: usize,
    /// The files.
    pub storage: Arc<dyn Storage>,
}

/// The events that one shard made together.
#[derive(Clone, Copy, Debug)]
pub struct ShardBatch<'a> {
    /// Whose.
    pub shard: ShardId,
    /// The place of the first event: the one after the shard's last.
    pub first_seq: ShardSeq,
    /// Engine time.
    pub time: Time,
    /// The events; at least one.
    pub events: &'a [Event],
}

/// Called with each segment that is sealed, on the thread that appends.
pub type SealedHook = Box<dyn FnMut(&SealedSegment) + Send>;

/// Lets a thread beside the journal say which segments are no longer needed. Clones say it to the
/// same journal.
#[derive(Clone, Debug)]
pub struct Trimmer {
    through: Arc<AtomicU32>,
}

impl Trimmer {
    /// Has the sealed segments up to this one removed with the next change of segments, which replaces
    /// the manifest anyway. The caller vouches that snapshots cover them: see
    /// [`crate::snapshot::covered`].
    pub fn request(&self, through: u32) {
        self.through.fetch_max(through, Ordering::AcqRel);
    }
}

/// The journal of a data directory. One exists per directory at a time, in all processes together.
pub struct Journal {
    config: JournalConfig,
    manifest: Manifest,
    heads: Vec<ShardHead>,
    /// Where the shards will stand once the transaction at hand is durable.
    heads_next: Vec<ShardHead>,
    /// `None` once an operation failed: what the disk holds is unknown until it is read again.
    active: Option<ActiveSegment>,
    witness: Witness,
    /// Up to which segment the next change of segments may remove; 0 for none.
    trim_through: Arc<AtomicU32>,
    buffer: AlignedVec,
    row_size: RowSize,
    sealed_hook: Option<SealedHook>,
    /// Let go last, after the files are closed.
    _lock: Box<dyn StorageLock>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Journal")
            .field("dir", &self.config.dir)
            .field("epoch", &self.manifest.epoch)
            .field("heads", &self.heads)
            .field("poisoned", &self.active.is_none())
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// The journal's identity.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.manifest.epoch
    }

    /// How many shards write it.
    #[must_use]
    pub fn shards(&self) -> u16 {
        self.manifest.shards
    }

    /// Where each shard stands, by shard.
    #[must_use]
    pub fn heads(&self) -> &[ShardHead] {
        &self.heads
    }

    /// The last segment that was sealed.
    #[must_use]
    pub fn last_sealed(&self) -> Option<&SealedSegment> {
        self.manifest.sealed.last()
    }

    /// Whether an operation failed, so that nothing more is appended until it is opened again.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.active.is_none()
    }

    /// Has each segment that is sealed from now on passed to `hook`, on the thread that appends.
    pub fn on_sealed(&mut self, hook: SealedHook) {
        self.sealed_hook = Some(hook);
    }

    /// The number of the first segment that is there: above 1 once segments were removed.
    #[must_use]
    pub fn first_segment(&self) -> u32 {
        self.manifest.first()
    }

    /// A handle with which another thread says what may be removed.
    #[must_use]
    pub fn trimmer(&self) -> Trimmer {
        Trimmer { through: Arc::clone(&self.trim_through) }
    }

    pub(crate) fn config(&self) -> &JournalConfig {
        &self.config
    }

    /// Reads the segment that is written; `None` once an operation failed.
    pub(crate) fn active_reader(&self) -> Option<SegmentReader<'_>> {
        self.active.as_ref().map(SegmentReader::of_active)
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

impl ShardHead {
    /// Where a shard of a new journal stands. The epoch goes into the chain, so that rows of another
    /// journal never fit.
    pub(crate) fn genesis(epoch: Epoch, shard: ShardId) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"papertape journal genesis");
        hasher.update(&epoch.to_bytes());
        hasher.update(&shard.get().to_le_bytes());
        Self { seq: ShardSeq::new(0), hash: *hasher.finalize().as_bytes() }
    }
}

/// Makes rows as the journal does, one after another in the same memory: for proofs of the layout
/// and for measuring what the files cost.
#[derive(Debug, Default)]
pub struct RowEncoder {
    buffer: AlignedVec,
}

impl RowEncoder {
    /// The very bytes that a batch becomes, behind a chain that stands at `before`, and where the
    /// chain stands after it.
    ///
    /// # Panics
    /// When the batch is empty or does not follow on `before`.
    #[must_use]
    pub fn encode(&mut self, batch: &ShardBatch<'_>, before: &ShardHead) -> (&[u8], ShardHead) {
        let head = batch::encode(batch, before, &mut self.buffer);
        (&self.buffer, head)
    }
}

/// One row in memory of its own: see [`RowEncoder::encode`].
///
/// # Panics
/// When the batch is empty or does not follow on `before`.
#[must_use]
pub fn encode_row(batch: &ShardBatch<'_>, before: &ShardHead) -> (Vec<u8>, ShardHead) {
    let mut encoder = RowEncoder::default();
    let (row, head) = encoder.encode(batch, before);
    (row.to_vec(), head)
}

/// A hash as people read it.
pub(crate) fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
