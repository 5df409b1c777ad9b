//! Appending: one transaction for all batches at hand, and the change to the next segment.
//!
//! It owns group commit. It must never report success before the second sync returned. Invariant:
//! after an error nothing more is written through this journal.

use super::manifest::manifest_path;
use super::segment::{self, BATCHES, segment_name};
use super::{AppendError, Journal, OpenError, SealedSegment, ShardBatch, batch};
use redb::Durability;

impl Journal {
    /// Appends batches in one durable transaction, one row for each.
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
        self.manifest.closed = Some(self.heads.clone());
        self.manifest
            .store(&*self.config.storage, &self.config.dir)
            .map_err(|source| AppendError::Io { path: manifest_path(&self.config.dir), source })
    }

    /// Begins the next segment; the one at hand is sealed and holds the last rows.
    pub(super) fn begin_next_segment(&mut self) -> Result<(), OpenError> {
        let sealed = self.active.take().expect("a journal that is used is not poisoned");
        let number = sealed.number + 1;
        // Closing can fail in silence; what it held was durable before.
        drop(sealed.database);
        let storage = self.config.storage.clone();
        let path = self.config.dir.join(segment_name(number));
        segment::create(&*storage, &path, self.manifest.epoch, number, &self.heads)?;
        let mut manifest = self.manifest.clone();
        manifest.sealed.push(SealedSegment { number: sealed.number, heads: self.heads.clone() });
        manifest
            .store(&*storage, &self.config.dir)
            .map_err(|source| OpenError::Io { path: manifest_path(&self.config.dir), source })?;
        self.manifest = manifest;
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

    fn commit(&mut self, batches: &[ShardBatch<'_>]) -> Result<(), AppendError> {
        let active = self.active.as_mut().expect("checked at the start of the append");
        self.heads_next.clone_from(&self.heads);
        let mut bytes = 0;
        let written = (|| {
            let mut transaction = active.database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            transaction.set_two_phase_commit(true);
            {
                let mut table = transaction.open_table(BATCHES)?;
                for batch in batches {
                    let head = &mut self.heads_next[usize::from(batch.shard.get())];
                    *head = batch::encode(batch, head, &mut self.buffer);
                    let key = (batch.shard.get(), batch.first_seq.get());
                    let before = table.insert(key, self.buffer.as_slice())?;
                    assert!(before.is_none(), "a row of the journal is never written twice");
                    bytes += self.buffer.len() as u64;
                }
            }
            transaction.commit()?;
            Ok::<_, redb::Error>(())
        })();
        written.map_err(|source| AppendError::Database { path: active.path.clone(), source: Box::new(source) })?;
        active.bytes += bytes;
        std::mem::swap(&mut self.heads, &mut self.heads_next);
        Ok(())
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
        | OpenError::Corrupt { .. }) => {
            AppendError::Io { path: "segment".into(), source: std::io::Error::other(other) }
        }
    }
}
