//! Appending: one transaction for all batches at hand, and the change to the next segment.
//!
//! It owns group commit. It must never report success before the sync returned, nor tell the witness
//! before. Invariant: after an error nothing more is written through this journal.

use super::manifest::manifest_path;
use super::segment::{self, BATCHES, segment_name};
use super::{AppendError, Journal, OpenError, SealedSegment, ShardBatch, batch};
use model::ShardSeq;
use redb::Durability;
use std::sync::atomic::Ordering;

impl Journal {
    /// Appends batches in one durable transaction, one row for each; a batch of more than some sixty
    /// kilobytes becomes several.
    ///
    /// # Errors
    /// When the disk fails. Whether the batches are durable is unknown then, and every later append
    /// fails too, until the journal is opened and recovered again.
    ///
    /// # Panics
    /// When a batch is empty, of an unknown shard, or does not follow on its shard's last event.
    pub fn append(&mut self, batches: &[ShardBatch<'_>]) -> Result<(), AppendError> {
        if self.active.is_none() {
            return Err(AppendError::Poisoned);
        }
        if batches.is_empty() {
            return Ok(());
        }
        let appended = self.roll_over_when_full().and_then(|()| self.commit(batches));
        if appended.is_err() {
            self.poison();
        }
        appended
    }

    /// Ends the journal in order: the manifest learns where the chains end, so that the next start
    /// can tell whether anything was lost in between.
    ///
    /// # Errors
    /// When the disk fails; everything that was appended is durable all the same.
    pub fn close(mut self) -> Result<(), AppendError> {
        let Some(active) = self.active.take() else { return Err(AppendError::Poisoned) };
        drop(active.database);
        self.witness.sync().map_err(|source| self.witness_failed(source))?;
        self.manifest.closed = Some(self.heads.clone());
        self.manifest
            .store(&*self.config.storage, &self.config.dir)
            .map_err(|source| AppendError::Io { path: manifest_path(&self.config.dir), source })
    }

    /// Removes the sealed segments up to this one: first from the manifest, then their files. Says how
    /// many there were. The caller vouches that snapshots cover them: see [`crate::snapshot::covered`].
    /// What a crash leaves of the files is removed at the next start.
    ///
    /// # Errors
    /// When the disk fails; as after a failed append the journal must be opened again.
    pub fn trim(&mut self, through: u32) -> Result<u32, AppendError> {
        if self.active.is_none() {
            return Err(AppendError::Poisoned);
        }
        let mut manifest = self.manifest.clone();
        let removed = manifest.trim(through);
        let count = removed.end - removed.start;
        if count == 0 {
            return Ok(0);
        }
        let stored = manifest
            .store(&*self.config.storage, &self.config.dir)
            .map_err(|source| OpenError::Io { path: manifest_path(&self.config.dir), source });
        self.manifest = manifest;
        let done = stored.and_then(|()| self.remove_segments(removed));
        if done.is_err() {
            self.poison();
        }
        done.map(|()| count).map_err(append_error)
    }

    fn remove_segments(&self, removed: std::ops::Range<u32>) -> Result<(), OpenError> {
        if removed.is_empty() {
            return Ok(());
        }
        for number in removed {
            super::open::remove_segment(&self.config, number)?;
        }
        let dir = &self.config.dir;
        self.config.storage.sync_dir(dir).map_err(|source| OpenError::Io { path: dir.clone(), source })
    }

    fn witness_failed(&self, source: std::io::Error) -> AppendError {
        AppendError::Io { path: self.witness.path().to_owned(), source }
    }

    /// Begins the next segment; the one at hand is sealed and holds the last rows.
    pub(super) fn begin_next_segment(&mut self) -> Result<(), OpenError> {
        let sealed = self.active.take().expect("a journal that is used is not poisoned");
        let number = sealed.number + 1;
        // Closing can fail in silence; what it held was durable before.
        drop(sealed.database);
        let storage = self.config.storage.clone();
        self.witness.sync().map_err(|source| OpenError::Io { path: self.witness.path().to_owned(), source })?;
        let path = self.config.dir.join(segment_name(number));
        segment::create(&*storage, &path, self.manifest.epoch, number, &self.heads)?;
        let mut manifest = self.manifest.clone();
        manifest.sealed.push(SealedSegment { number: sealed.number, heads: self.heads.clone() });
        let removed = manifest.trim(self.trim_through.load(Ordering::Acquire).min(sealed.number));
        manifest
            .store(&*storage, &self.config.dir)
            .map_err(|source| OpenError::Io { path: manifest_path(&self.config.dir), source })?;
        self.manifest = manifest;
        self.remove_segments(removed)?;
        let mut active = segment::open_active(&*storage, &path, number, self.config.cache_bytes)
            .map_err(|error| super::open::open_error(&self.config, number, error))?;
        active.bytes = 0;
        self.active = Some(active);
        Ok(())
    }

    fn poison(&mut self) {
        if let Some(active) = self.active.take() {
            // The file is in an unknown state: letting go of it must not end the process.
            let dropped = std::panic::AssertUnwindSafe(|| drop(active));
            let _ = std::panic::catch_unwind(dropped);
        }
    }

    fn roll_over_when_full(&mut self) -> Result<(), AppendError> {
        let active = self.active.as_ref().expect("checked at the start of the append");
        if active.bytes < self.config.segment_bytes_max {
            return Ok(());
        }
        segment::write_seal(&active.database, &self.heads)
            .map_err(|source| AppendError::Database { path: active.path.clone(), source: Box::new(source) })?;
        self.begin_next_segment().map_err(append_error)?;
        let sealed = self.manifest.sealed.last().expect("the segment at hand was sealed just now");
        if let Some(hook) = &mut self.sealed_hook {
            hook(sealed);
        }
        Ok(())
    }

    /// One transaction with one sync: the database's checksums tell afterwards whether it is whole.
    /// Where its pages rotted the database would fall back to the commit before, in silence; the
    /// witness, written behind the commit, breaks that silence.
    fn commit(&mut self, batches: &[ShardBatch<'_>]) -> Result<(), AppendError> {
        let active = self.active.as_mut().expect("checked at the start of the append");
        self.heads_next.clone_from(&self.heads);
        let mut bytes = 0;
        let written = (|| {
            let mut transaction = active.database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            {
                let mut table = transaction.open_table(BATCHES)?;
                for batch in batches {
                    assert!(!batch.events.is_empty(), "a batch holds events");
                    let head = &mut self.heads_next[usize::from(batch.shard.get())];
                    let mut left = *batch;
                    while !left.events.is_empty() {
                        let (row, rest) = self.row_size.split(left);
                        *head = batch::encode(&row, head, &mut self.buffer);
                        self.row_size.learn(self.buffer.len(), row.events.len());
                        let key = (row.shard.get(), row.first_seq.get());
                        let before = table.insert(key, self.buffer.as_slice())?;
                        assert!(before.is_none(), "a row of the journal is never written twice");
                        bytes += self.buffer.len() as u64;
                        left = rest;
                    }
                }
            }
            transaction.commit()?;
            Ok::<_, redb::Error>(())
        })();
        written.map_err(|source| AppendError::Database { path: active.path.clone(), source: Box::new(source) })?;
        active.bytes += bytes;
        let segment = active.number;
        self.witness.see(segment, &self.heads_next).map_err(|source| self.witness_failed(source))?;
        std::mem::swap(&mut self.heads, &mut self.heads_next);
        Ok(())
    }
}

/// Learns how many events make a row that fills its page. The database keeps a row in a page of its
/// own whose size is a power of two, and writes that page whole: a row of 284 kB would cost 512.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowSize {
    bytes_per_event: usize,
}

/// Somewhat below a page of 64 kB, since events differ in size.
const ROW_BYTES: usize = 60_000;
/// Rows with fewer events than this say little about the next one's size.
const LEARNED_EVENTS_MIN: usize = 32;

impl RowSize {
    /// Before the first row: an order taken and a fill come to about 280 bytes each.
    pub(super) const fn new() -> Self {
        Self { bytes_per_event: 280 }
    }

    /// The events for one row, and those that are left.
    fn split<'a>(self, batch: ShardBatch<'a>) -> (ShardBatch<'a>, ShardBatch<'a>) {
        let fit = (ROW_BYTES / self.bytes_per_event).max(1).min(batch.events.len());
        let (row, rest) = batch.events.split_at(fit);
        let next = ShardSeq::new(batch.first_seq.get() + row.len() as u64);
        (ShardBatch { events: row, ..batch }, ShardBatch { events: rest, first_seq: next, ..batch })
    }

    fn learn(&mut self, bytes: usize, events: usize) {
        if events >= LEARNED_EVENTS_MIN {
            self.bytes_per_event = (3 * self.bytes_per_event + bytes / events) / 4;
        }
    }
}

fn append_error(error: OpenError) -> AppendError {
    match error {
        OpenError::Io { path, source } => AppendError::Io { path, source },
        OpenError::Database { path, source } => AppendError::Database { path, source },
        other @ (OpenError::InUse { .. }
        | OpenError::Manifest { .. }
        | OpenError::ManifestMissing { .. }
        | OpenError::Format { .. }
        | OpenError::Shards { .. }
        | OpenError::SegmentMissing { .. }
        | OpenError::SegmentUnlisted { .. }
        | OpenError::WitnessForeign { .. }
        | OpenError::Corrupt { .. }) => {
            AppendError::Io { path: "segment".into(), source: std::io::Error::other(other) }
        }
    }
}
