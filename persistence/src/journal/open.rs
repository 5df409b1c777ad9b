//! Opening a journal: making a new one, or checking that everything is there.
//!
//! It owns the order of steps that makes a crash at any of them harmless. It must never make a
//! journal where files of one lie. Invariant: a segment holds rows only once the manifest lists it.

use super::append::RowSize;
use super::manifest::{Manifest, manifest_path, read_manifest};
use super::segment::{self, ActiveSegment, SegmentError, SegmentReader, segment_name, segment_number};
use super::witness::{self, Sighting, Testimony, WITNESS_FILE, Witness, witness_path};
use super::{Epoch, Journal, JournalConfig, OpenError, ShardHead, batch};
use crate::storage::Storage;
use model::ShardId;
use rkyv::util::AlignedVec;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

impl Journal {
    /// Opens the journal of a directory, or makes one where there is none.
    ///
    /// # Errors
    /// When another process holds it, something listed is missing or damaged, it was made for
    /// another number of shards, or the disk fails.
    ///
    /// # Panics
    /// When the configuration names no shards.
    pub fn open(config: JournalConfig) -> Result<Self, OpenError> {
        assert!(config.shards > 0, "a journal has at least one shard");
        let storage = config.storage.clone();
        let io = |source| OpenError::Io { path: config.dir.clone(), source };
        storage.create_dir(&config.dir).map_err(io)?;
        let lock_path = config.dir.join("LOCK");
        let lock = storage
            .lock(&lock_path)
            .map_err(|source| OpenError::Io { path: lock_path.clone(), source })?
            .ok_or(OpenError::InUse { path: lock_path })?;
        // A process that was killed may have left names that are seen and not yet durable; nothing is
        // built on those.
        storage.sync_dir(&config.dir).map_err(io)?;
        let manifest = match read_manifest(&*storage, &config.dir)? {
            Some(manifest) => manifest,
            None => create(&config)?,
        };
        if manifest.shards != config.shards {
            return Err(OpenError::Shards {
                path: manifest_path(&config.dir),
                stored: manifest.shards,
                asked: config.shards,
            });
        }
        check_segments(&config, &manifest)?;
        let (active, heads) = open_active(&config, &manifest)?;
        check_closed(&config, &manifest, &heads)?;
        let witness = open_witness(&config, &manifest, &active, &heads)?;
        let mut journal = Self {
            heads_next: heads.clone(),
            heads,
            manifest,
            active: Some(active),
            witness,
            trim_through: Arc::new(AtomicU32::new(0)),
            buffer: AlignedVec::new(),
            row_size: RowSize::new(),
            sealed_hook: None,
            config,
            _lock: lock,
        };
        journal.leave_closed_state()?;
        journal.finish_rollover()?;
        Ok(journal)
    }

    /// How many shards the journal of a directory was made with; `None` where there is none yet.
    ///
    /// # Errors
    /// When the manifest cannot be read.
    pub fn stored_shards(storage: &dyn Storage, dir: &Path) -> Result<Option<u16>, OpenError> {
        Ok(read_manifest(storage, dir)?.map(|manifest| manifest.shards))
    }

    /// After an orderly end the manifest knows where the chains end; from here on it does not.
    fn leave_closed_state(&mut self) -> Result<(), OpenError> {
        if self.manifest.closed.take().is_none() {
            return Ok(());
        }
        let storage = self.config.storage.clone();
        self.manifest
            .store(&*storage, &self.config.dir)
            .map_err(|source| OpenError::Io { path: manifest_path(&self.config.dir), source })
    }

    /// A segment may have been sealed just before a crash: the next one is begun now.
    fn finish_rollover(&mut self) -> Result<(), OpenError> {
        let Some(active) = &self.active else { return Ok(()) };
        let number = active.number;
        let reader = SegmentReader::of_active(active);
        let meta = reader.meta().map_err(|error| open_error(&self.config, number, error))?;
        let sealed = meta
            .is_sealed(number, &self.heads)
            .map_err(|corruption| OpenError::Corrupt { dir: self.config.dir.clone(), corruption })?;
        drop(reader);
        if sealed { self.begin_next_segment() } else { Ok(()) }
    }
}

/// How a shard's chain should have ended.
pub(crate) fn end_mismatch(
    segment: u32,
    shard: usize,
    expected: &ShardHead,
    actual: &ShardHead,
) -> super::Corruption {
    super::Corruption::End {
        segment,
        shard: u16::try_from(shard).expect("shards are counted in 16 bits"),
        expected_seq: expected.seq.get(),
        expected: super::hex(&expected.hash),
        actual_seq: actual.seq.get(),
        actual: super::hex(&actual.hash),
    }
}

pub(super) fn open_error(config: &JournalConfig, number: u32, error: SegmentError) -> OpenError {
    let path = config.dir.join(segment_name(number));
    match error {
        SegmentError::Corrupt(corruption) => OpenError::Corrupt { dir: config.dir.clone(), corruption },
        SegmentError::Database(source) => match *source {
            redb::Error::DatabaseAlreadyOpen => OpenError::InUse { path },
            source => OpenError::Database { path, source: Box::new(source) },
        },
        SegmentError::Io(source) => OpenError::Io { path, source },
        SegmentError::Missing => OpenError::SegmentMissing { path },
    }
}

/// Makes a journal in a directory that has none: the first segment, then the manifest.
fn create(config: &JournalConfig) -> Result<Manifest, OpenError> {
    let storage = &*config.storage;
    let io = |source| OpenError::Io { path: config.dir.clone(), source };
    let missing = |found| OpenError::ManifestMissing { path: manifest_path(&config.dir), found };
    let names = storage.list(&config.dir).map_err(io)?;
    let first = segment_name(1);
    let listed = |name: &&String| {
        let is_witness = name.as_str() == WITNESS_FILE;
        is_witness || segment_number(name).is_some() || crate::snapshot::is_snapshot_name(name)
    };
    if let Some(found) = names.iter().filter(listed).find(|name| **name != first) {
        return Err(missing(found.clone()));
    }
    if names.contains(&first) {
        // What a crash leaves of an earlier attempt: made, and never listed.
        remove_unlisted(config, 1).map_err(|error| match error {
            OpenError::SegmentUnlisted { .. } => missing(first),
            other => other,
        })?;
    }
    let mut epoch = [0; 16];
    storage.random(&mut epoch).map_err(io)?;
    let manifest = Manifest {
        epoch: Epoch::from_bytes(epoch),
        shards: config.shards,
        trimmed: None,
        sealed: Vec::new(),
        closed: None,
    };
    let path = config.dir.join(segment_name(1));
    segment::create(storage, &path, manifest.epoch, 1, &manifest.heads_before(1))?;
    manifest
        .store(storage, &config.dir)
        .map_err(|source| OpenError::Io { path: manifest_path(&config.dir), source })?;
    Ok(manifest)
}

/// Removes a segment that was made but never listed; one with rows in it is never removed.
pub(super) fn remove_unlisted(config: &JournalConfig, number: u32) -> Result<(), OpenError> {
    let path = config.dir.join(segment_name(number));
    let reader = SegmentReader::open(&*config.storage, &config.dir, number, config.cache_bytes)
        .map_err(|error| open_error(config, number, error))?;
    if !reader.is_empty().map_err(|error| open_error(config, number, error))? {
        return Err(OpenError::SegmentUnlisted { path });
    }
    drop(reader);
    config.storage.remove(&path).map_err(|source| OpenError::Io { path, source })
}

/// Removes the file of a segment that the manifest no longer lists.
pub(super) fn remove_segment(config: &JournalConfig, number: u32) -> Result<(), OpenError> {
    let path = config.dir.join(segment_name(number));
    config.storage.remove(&path).map_err(|source| OpenError::Io { path, source })
}

/// Whether every listed segment is there, and no other.
fn check_segments(config: &JournalConfig, manifest: &Manifest) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: config.dir.clone(), source };
    let names = config.storage.list(&config.dir).map_err(io)?;
    for number in manifest.first()..=manifest.active() {
        let name = segment_name(number);
        if !names.contains(&name) {
            return Err(OpenError::SegmentMissing { path: config.dir.join(name) });
        }
    }
    for name in &names {
        match segment_number(name) {
            Some(number) if number > manifest.active() => remove_unlisted(config, number)?,
            Some(number) if (1..manifest.first()).contains(&number) => {
                // Trimming was cut off between the manifest and the file.
                remove_segment(config, number)?;
            }
            Some(0) => return Err(OpenError::SegmentUnlisted { path: config.dir.join(name) }),
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Whether the chains end where they ended when the journal was closed in order, if it was.
fn check_closed(config: &JournalConfig, manifest: &Manifest, heads: &[ShardHead]) -> Result<(), OpenError> {
    let Some(closed) = &manifest.closed else { return Ok(()) };
    for (shard, (expected, actual)) in closed.iter().zip(heads).enumerate() {
        if expected != actual {
            let corruption = end_mismatch(manifest.active(), shard, expected, actual);
            return Err(OpenError::Corrupt { dir: config.dir.clone(), corruption });
        }
    }
    Ok(())
}

/// Asks the witness whether anything acknowledged is gone, before anything is written, and has it
/// see what is there: by now all of that is durable, since opening a database syncs it.
fn open_witness(
    config: &JournalConfig,
    manifest: &Manifest,
    active: &ActiveSegment,
    heads: &[ShardHead],
) -> Result<Witness, OpenError> {
    let (storage, dir) = (&*config.storage, &config.dir);
    let io = |source| OpenError::Io { path: witness_path(dir), source };
    let number = active.number;
    let here = Sighting { segment: number, heads: heads.to_vec() };
    match witness::read_witness(storage, dir, manifest.epoch, manifest.shards).map_err(io)? {
        Testimony::Foreign => Err(OpenError::WitnessForeign { path: witness_path(dir) }),
        Testimony::Absent | Testimony::Unreadable => {
            Witness::create(storage, dir, manifest.epoch, &here, 0).map_err(io)
        }
        Testimony::Seen(seen, count) => {
            let reader = SegmentReader::of_active(active);
            let before = manifest.heads_before(number);
            witness::compare(&seen, &before, heads, |shard, seq| reader.hash_at(shard_id(shard), seq))
                .map_err(|error| open_error(config, number, error))?
                .map_err(|corruption| OpenError::Corrupt { dir: dir.clone(), corruption })?;
            Witness::resume(storage, dir, manifest.epoch, &here, count).map_err(io)
        }
    }
}

pub(crate) fn shard_id(index: usize) -> ShardId {
    ShardId::new(u16::try_from(index).expect("shards are counted in 16 bits"))
}

/// Opens the segment that is written and finds where each shard stands.
fn open_active(config: &JournalConfig, manifest: &Manifest) -> Result<(ActiveSegment, Vec<ShardHead>), OpenError> {
    let number = manifest.active();
    let mut heads = manifest.heads_before(number);
    let before = heads.clone();
    let failed = |error: SegmentError| open_error(config, number, error.with_first(&before));
    let path = config.dir.join(segment_name(number));
    let mut active = segment::open_active(&*config.storage, &path, number, config.cache_bytes).map_err(failed)?;
    let reader = SegmentReader::of_active(&active);
    let corrupt = |corruption: super::Corruption| failed(SegmentError::Corrupt(corruption));
    reader.meta().map_err(failed)?.check(manifest.epoch, number, &heads).map_err(corrupt)?;
    for (shard, head) in (0..manifest.shards).map(ShardId::new).zip(&mut heads) {
        if let Some(row) = reader.last_row(shard).map_err(failed)? {
            *head = batch::head_of(&row.bytes, number, shard, row.first_seq).map_err(corrupt)?;
        }
    }
    let empty = reader.is_empty().map_err(failed)?;
    drop(reader);
    if empty {
        // A file has a length before it has a row.
        active.bytes = 0;
    }
    Ok((active, heads))
}
