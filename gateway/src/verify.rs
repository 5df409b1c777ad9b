//! `papertape verify`: reads a whole journal back and says whether every byte is what was written.
//!
//! Takes the directory's lock where there is one, so no server may be running on it, and changes
//! nothing. Invariant: "ok" means that every event was read, that each shard's chain of hashes holds
//! from the first to the last, that nothing the witness saw is gone, and that the state could be built.

use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{Event, ShardId, ShardImage, ShardSeq};
use persistence::{Corruption, FileStorage, Inspection, OpenError, RecoveryVisitor, SegmentReport, Source};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Memory for pages of one segment.
pub(crate) const CACHE_BYTES: usize = 16 << 20;
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
    /// It cannot be read: it is in use, its manifest is damaged, or the machine fails.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It is damaged; the report says where.
    #[error("{path}: the journal is damaged in {places} place(s); restore a backup, or see papertape salvage")]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// How many damages were found.
        places: usize,
    },
}

/// What was read.
#[derive(Clone, Debug)]
pub(crate) struct VerifyReport {
    /// The journal.
    pub(crate) journal: PathBuf,
    /// What was found in it.
    pub(crate) inspection: Inspection,
    /// Open orders in the state that the events make, as far as they are whole.
    pub(crate) open_orders: usize,
}

impl VerifyReport {
    /// Whether nothing is damaged.
    pub(crate) fn result(&self) -> Result<(), VerifyError> {
        match self.inspection.damage.len() {
            0 => Ok(()),
            places => Err(VerifyError::Damaged { path: self.journal.clone(), places }),
        }
    }

    fn events(&self) -> u64 {
        self.inspection.segments.iter().map(|segment| segment.events).sum()
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let found = &self.inspection;
        let verdict = if found.is_whole() { "ok" } else { "DAMAGED" };
        let mut text = format!(
            "{}: {verdict}\n  epoch {}\n  {} events in {} segments, {} open orders\n",
            self.journal.display(),
            found.epoch,
            self.events(),
            found.segments.len(),
            self.open_orders
        );
        for segment in &found.segments {
            let _ = writeln!(text, "  {}", segment_line(segment));
        }
        let end = if found.is_whole() { "ends at" } else { "is whole up to" };
        for (shard, head) in found.heads.iter().enumerate() {
            let _ = writeln!(text, "  shard {shard} {end} event {} with hash {}", head.seq, hex(&head.hash));
        }
        for warning in &found.snapshots {
            let _ = writeln!(text, "  warning: {warning}");
        }
        for damage in &found.damage {
            text.push_str(&damage_block(damage));
        }
        text
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let found = &self.inspection;
        let segment = |segment: &SegmentReport| {
            json!({
                "number": segment.number, "file": segment.file, "sealed": segment.sealed,
                "batches": segment.batches, "events": segment.events, "bytes": segment.bytes,
                "damage": segment.damage,
            })
        };
        let heads = found.heads.iter().enumerate();
        let head = |(shard, head): (usize, &persistence::ShardHead)| json!({"shard": shard, "seq": head.seq.get(), "hash": hex(&head.hash)});
        let snapshots: Vec<String> = found.snapshots.iter().map(ToString::to_string).collect();
        json!({
            "ok": found.is_whole(), "journal": self.journal, "epoch": found.epoch.to_string(),
            "events": self.events(), "open_orders": self.open_orders,
            "segments": found.segments.iter().map(segment).collect::<Vec<_>>(),
            "heads": heads.map(head).collect::<Vec<_>>(),
            "damage": found.damage.iter().map(damage_json).collect::<Vec<_>>(),
            "snapshot_warnings": snapshots,
        })
    }
}

fn segment_line(segment: &SegmentReport) -> String {
    let state = if segment.sealed { "sealed" } else { "written" };
    let damage = if segment.damage == 0 { "" } else { ", DAMAGED" };
    format!(
        "{} {state}: {} batches, {} events, {} bytes{damage}",
        segment.file, segment.batches, segment.events, segment.bytes
    )
}

/// One damage for people: what, then where, line by line.
fn damage_block(damage: &Corruption) -> String {
    let place = damage.place();
    let mut text = format!("damage: {damage}\n  segment   {}\n", place.segment);
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name:<9} {value}");
        }
    };
    line("shard", place.shard.map(|shard| shard.to_string()));
    line("event", place.seq.map(|seq| seq.to_string()));
    line("expected", place.expected);
    line("found", place.found);
    text
}

fn damage_json(damage: &Corruption) -> Value {
    let place = damage.place();
    json!({
        "reason": damage.to_string(), "segment": place.segment, "shard": place.shard, "seq": place.seq,
        "expected_hash": place.expected, "found_hash": place.found,
    })
}

/// Builds the state from the events, which is the last proof that they fit together.
struct Rebuild {
    shards: BTreeMap<u16, Shard>,
}

impl RecoveryVisitor for Rebuild {
    fn begin(&mut self, shard: ShardId, image: &ShardImage) {
        let (calendar, quote_age_max_ns) = (CalendarPolicy::OfInstrument, QUOTE_AGE_MAX_NS);
        let config = ShardConfig { calendar, quote_age_max_ns, ..ShardConfig::default() };
        self.shards.insert(shard.get(), Shard::restore(config, image));
    }

    fn event(&mut self, shard: ShardId, _seq: ShardSeq, event: &Event) {
        if let Some(shard) = self.shards.get_mut(&shard.get()) {
            shard.fold(event);
        }
    }
}

/// Opens the journal of a data directory for reading.
pub(crate) fn open(data_dir: &Path) -> Result<Source, VerifyError> {
    let dir = data_dir.join("journal");
    Source::open(Arc::new(FileStorage), &dir, CACHE_BYTES)?.ok_or(VerifyError::Absent { path: dir })
}

/// Reads the journal of a data directory from its first event to its last; damage is in the report.
///
/// # Errors
/// When there is no journal, a server runs on it, or it cannot be read at all.
pub(crate) fn verify(data_dir: &Path) -> Result<VerifyReport, VerifyError> {
    let source = open(data_dir)?;
    let mut rebuild = Rebuild { shards: BTreeMap::new() };
    let inspection = source.inspect(&mut rebuild)?;
    Ok(VerifyReport {
        journal: source.dir().to_owned(),
        inspection,
        open_orders: rebuild.shards.values().map(Shard::open_order_count).sum(),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
