//! `papertape verify`: reads a whole journal back and says whether every byte is what was written.
//!
//! Takes the directory's lock, so no server may be running on it. Changes nothing that was written;
//! the mark of an orderly end is put back. Invariant: "ok" means that every event was read, that each
//! shard's chain of hashes holds from the first to the last, and that the state could be built from it.

use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{Event, ShardId, ShardImage, ShardSeq};
use persistence::{
    AppendError, FileStorage, Journal, JournalConfig, OpenError, RecoverError, Recovered, RecoveryVisitor,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Memory for pages of one segment.
const CACHE_BYTES: usize = 16 << 20;
/// Nothing is written, so that no segment is ever full.
const SEGMENT_BYTES_MAX: u64 = u64::MAX;
/// Age of quotes plays no part in folding events.
const QUOTE_AGE_MAX_NS: i64 = 3_600_000_000_000;

/// Why a journal could not be found whole.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no journal here.
    #[error("{path}: there is no journal here")]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It cannot be opened: it is in use, or damaged.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read to its end.
    #[error(transparent)]
    Read(#[from] RecoverError),
    /// The mark of an orderly end could not be put back.
    #[error(transparent)]
    Close(#[from] AppendError),
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct VerifyReport {
    /// The journal.
    pub(crate) journal: PathBuf,
    /// Its identity.
    pub(crate) epoch: String,
    /// Files of events.
    pub(crate) segments: u32,
    /// Events, of all shards.
    pub(crate) events: u64,
    /// Open orders in the state that the events make.
    pub(crate) open_orders: usize,
    /// Where each shard's chain ends.
    pub(crate) heads: Vec<HeadReport>,
}

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct HeadReport {
    pub(crate) shard: usize,
    /// The number of the last event.
    pub(crate) seq: u64,
    /// The hash of the row that holds it.
    pub(crate) hash: String,
}

impl VerifyReport {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "{}: ok\n  epoch {}\n  {} events in {} segments, {} open orders\n",
            self.journal.display(),
            self.epoch,
            self.events,
            self.segments,
            self.open_orders
        );
        for head in &self.heads {
            let _ = writeln!(text, "  shard {} ends at event {} with hash {}", head.shard, head.seq, head.hash);
        }
        text
    }
}

/// Builds the state from the events, which is the last proof that they fit together.
struct Rebuild {
    shards: BTreeMap<u16, Shard>,
    events: u64,
}

impl RecoveryVisitor for Rebuild {
    fn begin(&mut self, shard: ShardId, image: &ShardImage) {
        let config = ShardConfig { calendar: CalendarPolicy::OfInstrument, quote_age_max_ns: QUOTE_AGE_MAX_NS };
        self.shards.insert(shard.get(), Shard::restore(config, image));
    }

    fn event(&mut self, shard: ShardId, _seq: ShardSeq, event: &Event) {
        self.events += 1;
        if let Some(shard) = self.shards.get_mut(&shard.get()) {
            shard.fold(event);
        }
    }
}

/// Reads the journal of a data directory from its first event to its last.
///
/// # Errors
/// With the exact place of the damage, where there is one.
pub(crate) fn verify(data_dir: &Path) -> Result<VerifyReport, VerifyError> {
    let dir = data_dir.join("journal");
    let storage = Arc::new(FileStorage);
    let shards = Journal::stored_shards(&*storage, &dir)?;
    let shards = shards.ok_or_else(|| VerifyError::Absent { path: dir.clone() })?;
    let config = JournalConfig {
        dir: dir.clone(),
        shards,
        segment_bytes_max: SEGMENT_BYTES_MAX,
        cache_bytes: CACHE_BYTES,
        storage,
    };
    let mut journal = Journal::open(config)?;
    let mut rebuild = Rebuild { shards: BTreeMap::new(), events: 0 };
    let Recovered { epoch, .. } = journal.replay(&mut rebuild)?;
    let heads = journal.heads().iter().enumerate();
    let heads =
        heads.map(|(shard, head)| HeadReport { shard, seq: head.seq.get(), hash: hex(&head.hash) }).collect();
    let segments = journal.last_sealed().map_or(1, |sealed| sealed.number + 1);
    journal.close()?;
    Ok(VerifyReport {
        journal: dir,
        epoch: epoch.to_string(),
        segments,
        events: rebuild.events,
        open_orders: rebuild.shards.values().map(Shard::open_order_count).sum(),
        heads,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
