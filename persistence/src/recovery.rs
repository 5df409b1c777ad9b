//! Recovery: the newest good snapshot of each shard, then every event after it.
//!
//! It owns the order in which a shard's past is told. It must never skip an event, and never tell
//! one whose row was not verified. Invariant: when it succeeds, the chain from the snapshot to the
//! last event is whole, and passes through every seal on its way.

use crate::journal::{
    Batch, Corruption, Epoch, Journal, JournalConfig, Manifest, Rows, SegmentError, SegmentReader, ShardHead,
    decode, end_mismatch, shard_id,
};
use crate::snapshot::{self, SnapshotError};
use model::{Event, ShardId, ShardImage, ShardSeq};
use std::io;
use std::path::PathBuf;

/// Is told the past of every shard.
pub trait RecoveryVisitor {
    /// A shard begins from this image; an empty one at the very beginning. Called once for each
    /// shard, before any event.
    fn begin(&mut self, shard: ShardId, image: &ShardImage);

    /// The next event of a shard.
    fn event(&mut self, shard: ShardId, seq: ShardSeq, event: &Event);

    /// The next events of a shard, which were one row: for whoever keeps them.
    fn events(&mut self, shard: ShardId, first_seq: ShardSeq, events: Vec<Event>) {
        let mut seq = first_seq;
        for event in &events {
            self.event(shard, seq, event);
            seq = seq.next();
        }
    }
}

/// What recovery found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The journal's identity.
    pub epoch: Epoch,
    /// The last event of each shard, by shard.
    pub heads: Vec<ShardSeq>,
    /// What was wrong, and could be made good.
    pub warnings: Vec<RecoveryWarning>,
}

/// Something wrong that recovery could make good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: the snapshot cannot be used ({reason}); an older one, or the whole journal, was used instead")]
pub struct RecoveryWarning {
    /// The snapshot.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// Why recovery did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The journal's last operation failed; it must be opened again.
    #[error("an earlier operation on the journal failed; it must be opened again")]
    Poisoned,
    /// A file operation failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database beneath a segment failed.
    #[error("{dir}, segment {segment}: {source}")]
    Database {
        /// The journal.
        dir: PathBuf,
        /// The segment.
        segment: u32,
        /// What the database said.
        source: Box<redb::Error>,
    },
    /// A segment is gone.
    #[error("{dir}: segment {segment} is missing although the manifest lists it; restore it from a backup")]
    SegmentMissing {
        /// The journal.
        dir: PathBuf,
        /// The segment.
        segment: u32,
    },
    /// Bytes are not what was written. Nothing after them was told.
    #[error("{dir}: {corruption}; restore the journal from a backup, or see papertape salvage")]
    Corrupt {
        /// The journal.
        dir: PathBuf,
        /// What was found.
        corruption: Corruption,
    },
    /// The first events were removed, and no snapshot stands for them.
    #[error(
        "{dir}: the segments before {first_segment} were removed by trimming, and no snapshot of shard \
         {shard} holds; restore the journal from a backup"
    )]
    Trimmed {
        /// The journal.
        dir: PathBuf,
        /// The shard.
        shard: u16,
        /// The first segment that is there.
        first_segment: u32,
    },
    /// A snapshot knows of events that the journal does not have.
    #[error(
        "{path}: the snapshot ends at event {snapshot} of shard {shard}, the journal at event {journal}: the journal is too old"
    )]
    Behind {
        /// The snapshot.
        path: PathBuf,
        /// The shard.
        shard: u16,
        /// Where the snapshot ends.
        snapshot: u64,
        /// Where the journal ends.
        journal: u64,
    },
}

impl Journal {
    /// Tells each shard's newest good snapshot, then every later event, all verified.
    ///
    /// # Errors
    /// When anything is missing or damaged, or the disk fails; what was told until then is of no use.
    pub fn recover(&mut self, visitor: &mut dyn RecoveryVisitor) -> Result<Recovered, RecoverError> {
        let mut warnings = Vec::new();
        let mut heads = Vec::new();
        for (shard, journal) in (0..self.shards()).map(ShardId::new).zip(self.heads()) {
            let found = snapshot::newest_good(self.config(), self.manifest(), shard, &mut warnings)
                .map_err(snapshot_error)?;
            match found {
                Some(found) if found.head.seq > journal.seq => {
                    return Err(RecoverError::Behind {
                        path: found.path,
                        shard: shard.get(),
                        snapshot: found.head.seq.get(),
                        journal: journal.seq.get(),
                    });
                }
                Some(found) => {
                    visitor.begin(shard, &found.image);
                    heads.push(found.head);
                }
                None => {
                    heads.push(snapshot::beginning(self.config(), self.manifest(), shard)?);
                    visitor.begin(shard, &ShardImage::default());
                }
            }
        }
        self.tell(heads, warnings, visitor)
    }

    /// Tells every event from the very first, all verified: for views that are made anew, and to
    /// check a whole journal. Where the first segments were removed it begins with the oldest snapshot
    /// of each shard instead, since nothing older is left.
    ///
    /// # Errors
    /// As for [`Journal::recover`].
    pub fn replay(&mut self, visitor: &mut dyn RecoveryVisitor) -> Result<Recovered, RecoverError> {
        let mut warnings = Vec::new();
        let mut heads = Vec::new();
        for shard in (0..self.shards()).map(ShardId::new) {
            let oldest = if self.first_segment() > 1 {
                snapshot::oldest_good(self.config(), self.manifest(), shard, &mut warnings)
                    .map_err(snapshot_error)?
            } else {
                None
            };
            if let Some(oldest) = oldest {
                visitor.begin(shard, &oldest.image);
                heads.push(oldest.head);
            } else {
                heads.push(snapshot::beginning(self.config(), self.manifest(), shard)?);
                visitor.begin(shard, &ShardImage::default());
            }
        }
        self.tell(heads, warnings, visitor)
    }

    fn tell(
        &self,
        mut heads: Vec<ShardHead>,
        warnings: Vec<RecoveryWarning>,
        visitor: &mut dyn RecoveryVisitor,
    ) -> Result<Recovered, RecoverError> {
        let mut batch_told = |shard: ShardId, batch: Batch| visitor.events(shard, batch.first_seq, batch.events);
        fold_sealed(self.config(), self.manifest(), self.manifest().active(), &mut heads, &mut batch_told)?;
        let active = self.active_reader().ok_or(RecoverError::Poisoned)?;
        let number = self.manifest().active();
        for (shard, head) in heads.iter_mut().enumerate() {
            let until = &self.heads()[shard];
            fold_segment(&active, shard_id(shard), head, until, &mut batch_told)
                .map_err(|error| recover_error(self.config(), number, error))?;
        }
        Ok(Recovered { epoch: self.epoch(), heads: heads.iter().map(|head| head.seq).collect(), warnings })
    }
}

/// Passes on every batch after `heads` of the sealed segments below number `end`, segment by
/// segment, and moves the heads on.
pub(crate) fn fold_sealed(
    config: &JournalConfig,
    manifest: &Manifest,
    end: u32,
    heads: &mut [ShardHead],
    told: &mut dyn FnMut(ShardId, Batch),
) -> Result<(), RecoverError> {
    for sealed in manifest.sealed.iter().filter(|sealed| sealed.number < end) {
        let number = sealed.number;
        let behind = heads.iter().zip(&sealed.heads).any(|(head, until)| head.seq < until.seq);
        if !behind {
            continue;
        }
        let reader = SegmentReader::open(&*config.storage, &config.dir, number, config.cache_bytes)
            .and_then(|reader| {
                reader.check(manifest, number)?;
                Ok(reader)
            })
            .map_err(|error| recover_error(config, number, error.with_first(&manifest.heads_before(number))))?;
        for (shard, (head, until)) in heads.iter_mut().zip(&sealed.heads).enumerate() {
            if head.seq < until.seq {
                fold_segment(&reader, shard_id(shard), head, until, told)
                    .map_err(|error| recover_error(config, number, error))?;
            }
        }
    }
    Ok(())
}

/// Passes on every batch of a shard in one segment, which must end at `until`.
fn fold_segment(
    reader: &SegmentReader<'_>,
    shard: ShardId,
    head: &mut ShardHead,
    until: &ShardHead,
    told: &mut dyn FnMut(ShardId, Batch),
) -> Result<(), SegmentError> {
    let segment = reader.number();
    let mut rows = Rows::default();
    loop {
        reader.read_rows(shard, head.seq.next(), &mut rows)?;
        if rows.is_empty() {
            break;
        }
        for (first_seq, row) in rows.iter() {
            let batch = decode(row, segment, shard, head).map_err(SegmentError::Corrupt)?;
            if first_seq != batch.first_seq {
                return Err(SegmentError::Corrupt(Corruption::Gap {
                    segment,
                    shard: shard.get(),
                    expected: batch.first_seq.get(),
                    found: first_seq.get(),
                }));
            }
            let after = batch.head;
            told(shard, batch);
            *head = after;
        }
    }
    if head == until {
        return Ok(());
    }
    Err(SegmentError::Corrupt(end_mismatch(segment, usize::from(shard.get()), until, head)))
}

pub(crate) fn recover_error(config: &JournalConfig, segment: u32, error: SegmentError) -> RecoverError {
    let dir = config.dir.clone();
    match error {
        SegmentError::Corrupt(corruption) => RecoverError::Corrupt { dir, corruption },
        SegmentError::Database(source) => RecoverError::Database { dir, segment, source },
        SegmentError::Io(source) => RecoverError::Io { path: dir, source },
        SegmentError::Missing => RecoverError::SegmentMissing { dir, segment },
    }
}

fn snapshot_error(error: SnapshotError) -> RecoverError {
    match error {
        SnapshotError::Io { path, source } => RecoverError::Io { path, source },
        SnapshotError::Journal(error) => *error,
        other @ (SnapshotError::Manifest(_) | SnapshotError::Unverified { .. } | SnapshotError::Image { .. }) => {
            RecoverError::Io { path: "snapshot".into(), source: io::Error::other(other) }
        }
    }
}
