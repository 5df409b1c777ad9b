//! Salvage: a new journal that holds what is whole of a damaged one, up to a chosen event.
//!
//! It owns that choice and the copying. It must never write to the damaged one, nor copy an event
//! behind damage. Invariant: the new journal is one like any other, of an epoch of its own, so that
//! clients learn that the past changed.

use crate::inspect::{Inspection, Nobody, Source, Walk};
use crate::journal::{AppendError, Batch, Epoch, Journal, JournalConfig, OpenError, ShardBatch};
use model::{ShardId, ShardImage, ShardSeq};
use std::path::PathBuf;

/// Why nothing could be salvaged.
#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    /// The damaged journal cannot be read, or the new one cannot be made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The new one cannot be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// There is a journal already where the new one should be.
    #[error("{path}: there is a journal here already; choose a directory without one")]
    Occupied {
        /// Where.
        path: PathBuf,
    },
    /// More was asked for than is whole.
    #[error("shard {shard} is whole up to event {whole}; event {asked} lies behind damage")]
    BehindDamage {
        /// The shard.
        shard: u16,
        /// The last event that is whole.
        whole: u64,
        /// The last event that was asked for.
        asked: u64,
    },
    /// The shard does not exist.
    #[error("there is no shard {shard}; the journal has {shards}")]
    Shard {
        /// Which was named.
        shard: u16,
        /// How many there are.
        shards: u16,
    },
    /// The first segments were removed, so that there is no first event to begin from.
    #[error(
        "{path}: the segments before {first_segment} were removed by trimming; salvage needs a journal from \
         its first event on: restore a backup"
    )]
    Trimmed {
        /// The journal.
        path: PathBuf,
        /// The first segment that is there.
        first_segment: u32,
    },
}

/// What a new journal will hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SalvagePlan {
    /// What was found in the damaged one.
    pub inspection: Inspection,
    /// The last event of each shard that is copied, by shard.
    pub until: Vec<ShardSeq>,
}

/// Where each shard is to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Until {
    /// The last event of every shard that is not named by itself; one that ends before it is copied
    /// whole. `None`: as far as the chain is whole.
    pub every: Option<u64>,
    /// The last events of these shards.
    pub shards: Vec<(u16, u64)>,
}

/// Reads the damaged journal and says what a new one would hold. Nothing is written.
///
/// # Errors
/// When it cannot be read, or events behind damage are asked for.
pub fn plan(source: &Source, until: &Until) -> Result<SalvagePlan, SalvageError> {
    if source.manifest.first() > 1 {
        let path = source.config.dir.clone();
        return Err(SalvageError::Trimmed { path, first_segment: source.manifest.first() });
    }
    let inspection = source.walk(&mut Nobody)?;
    if let Some((shard, _)) = until.shards.iter().find(|(shard, _)| *shard >= source.shards()) {
        return Err(SalvageError::Shard { shard: *shard, shards: source.shards() });
    }
    let mut ends = Vec::new();
    for shard in 0..source.shards() {
        let whole = inspection.whole_until(shard).get();
        let is_damaged = inspection.damage.iter().any(|damage| damage.place().shard.is_none_or(|of| of == shard));
        let named = until.shards.iter().rev().find(|(of, _)| *of == shard).map(|(_, seq)| *seq);
        let asked = named.or(until.every).unwrap_or(whole);
        if asked > whole && (named.is_some() || is_damaged) {
            return Err(SalvageError::BehindDamage { shard, whole, asked });
        }
        ends.push(ShardSeq::new(asked.min(whole)));
    }
    Ok(SalvagePlan { inspection, until: ends })
}

/// Makes the new journal: every event of each shard up to the plan's, in the same batches.
///
/// # Errors
/// When there is one already at `to`, or a disk fails; what was made until then is of no use.
pub fn copy(source: &Source, plan: &SalvagePlan, to: JournalConfig) -> Result<Epoch, SalvageError> {
    let names = to.storage.list(&to.dir).unwrap_or_default();
    if Journal::stored_shards(&*to.storage, &to.dir)?.is_some() || names.iter().any(|name| name != "LOCK") {
        return Err(SalvageError::Occupied { path: to.dir });
    }
    let journal = Journal::open(JournalConfig { shards: source.shards(), ..to })?;
    let epoch = journal.epoch();
    let mut copying = Copying { journal, until: &plan.until, failed: None };
    source.walk(&mut copying)?;
    if let Some(error) = copying.failed {
        return Err(error.into());
    }
    copying.journal.close()?;
    Ok(epoch)
}

struct Copying<'a> {
    journal: Journal,
    until: &'a [ShardSeq],
    failed: Option<AppendError>,
}

impl Walk for Copying<'_> {
    fn begin(&mut self, _shard: ShardId, _image: &ShardImage) {}

    fn batch(&mut self, shard: ShardId, batch: &Batch) {
        let until = self.until[usize::from(shard.get())].get();
        let wanted = (until + 1).saturating_sub(batch.first_seq.get());
        let count = usize::try_from(wanted).unwrap_or(usize::MAX).min(batch.events.len());
        if count == 0 || self.failed.is_some() {
            return;
        }
        let events = &batch.events[..count];
        let copied = ShardBatch { shard, first_seq: batch.first_seq, time: batch.time, events };
        self.failed = self.journal.append(&[copied]).err();
    }
}
