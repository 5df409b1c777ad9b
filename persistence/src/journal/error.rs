//! What can go wrong with the journal, by operation.
//!
//! It owns the words that a person reads when start-up refuses. It must never lose the source.

use core::fmt;
use std::io;
use std::path::PathBuf;

/// Bytes that are not what was written. Nothing is skipped and nothing repaired.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum Corruption {
    /// The database beneath a segment is damaged.
    #[error("segment {segment}{first}: the file is damaged: {reason}")]
    Database {
        /// Its number.
        segment: u32,
        /// The events that are in it.
        first: FirstEvents,
        /// What was noticed.
        reason: String,
    },
    /// A segment does not say what the manifest says of it.
    #[error("segment {segment}{first}: {reason}")]
    Segment {
        /// Its number.
        segment: u32,
        /// The events that are in it.
        first: FirstEvents,
        /// What does not fit.
        reason: String,
    },
    /// Rows cannot be read because the database beneath them is damaged.
    #[error("segment {segment}, shard {shard}, from event {seq} on: the file is damaged: {reason}")]
    Pages {
        /// The segment.
        segment: u32,
        /// The shard.
        shard: u16,
        /// The first event that cannot be read.
        seq: u64,
        /// What was noticed.
        reason: String,
    },
    /// A row's header cannot be read.
    #[error("segment {segment}, shard {shard}, batch {seq}: the row's header is damaged: {reason}")]
    Header {
        /// The segment.
        segment: u32,
        /// The shard.
        shard: u16,
        /// The first event of the batch.
        seq: u64,
        /// What does not fit.
        reason: String,
    },
    /// A row was written in a format that this version does not know.
    #[error(
        "segment {segment}, shard {shard}, batch {seq}: format {found} is unknown, this version reads format \
         {known}; start the version that wrote it"
    )]
    Format {
        /// The segment.
        segment: u32,
        /// The shard.
        shard: u16,
        /// The first event of the batch.
        seq: u64,
        /// The format it names.
        found: u16,
        /// The format that is read here.
        known: u16,
    },
    /// A row was made under trading rules that this version does not know.
    #[error(
        "segment {segment}, shard {shard}, batch {seq}: made under engine rules {found}, this version knows rules \
         up to {known}; start the version that wrote it"
    )]
    Rules {
        /// The segment.
        segment: u32,
        /// The shard.
        shard: u16,
        /// The first event of the batch.
        seq: u64,
        /// The rules it names.
        found: u16,
        /// The newest rules that are known here.
        known: u16,
    },
    /// A row's bytes have another hash than it says.
    #[error("segment {segment}, shard {shard}, batch {seq}: hash {actual}, expected {expected}")]
    Hash {
        /// The segment.
        segment: u32,
        /// The shard.
        shard: u16,
        /// The first event of the batch.
        seq: u64,
        /// The hash it says.
        expected: String,
        /// The hash its bytes have.
        actual: String,
    },
    /// A row does not follow on the row before it.
    #[error("segment {segment}, shard {shard}, batch {seq}: follows on hash {actual}, expected {expected}")]
    Chain {
        /// The segment.
        segment: u32,
        /// The shard.
        shard: u16,
        /// The first event of the batch.
        seq: u64,
        /// The hash of the row before it.
        expected: String,
        /// The hash that it says it follows on.
        actual: String,
    },
    /// Events are missing between two rows.
    #[error("segment {segment}, shard {shard}: event {expected} is missing, the next one found is {found}")]
    Gap {
        /// The segment.
        segment: u32,
        /// The shard.
        shard: u16,
        /// The event that should come.
        expected: u64,
        /// The event that comes.
        found: u64,
    },
    /// A row holds another number of events than it says, or bytes that are no events.
    #[error("segment {segment}, shard {shard}, batch {seq}: {reason}")]
    Events {
        /// The segment.
        segment: u32,
        /// The shard.
        shard: u16,
        /// The first event of the batch.
        seq: u64,
        /// What does not fit.
        reason: String,
    },
    /// The journal ends before the last commit that the witness saw.
    #[error(
        "segment {segment}, shard {shard}: acknowledged rows are gone: it ends at event {actual_seq} with hash \
         {actual}, the witness saw event {expected_seq} with hash {expected}"
    )]
    Gone {
        /// The segment that was written when the witness saw it.
        segment: u32,
        /// The shard.
        shard: u16,
        /// The last event that the witness saw.
        expected_seq: u64,
        /// The hash of the row that held it.
        expected: String,
        /// The last event that is there.
        actual_seq: u64,
        /// The hash of the row that holds it.
        actual: String,
    },
    /// The row that the witness saw is another one.
    #[error(
        "segment {segment}, shard {shard}, event {seq}: the row that ends here has hash {actual}, the witness saw \
         {expected}"
    )]
    Witness {
        /// The segment that was written when the witness saw it.
        segment: u32,
        /// The shard.
        shard: u16,
        /// The last event of the row.
        seq: u64,
        /// The hash that the witness saw.
        expected: String,
        /// The hash of the row that is there; zeros when no row ends there.
        actual: String,
    },
    /// A shard's chain does not end where it was known to end.
    #[error(
        "segment {segment}, shard {shard}: ends at event {actual_seq} with hash {actual}, expected event \
         {expected_seq} with hash {expected}"
    )]
    End {
        /// The segment.
        segment: u32,
        /// The shard.
        shard: u16,
        /// The event it should end at.
        expected_seq: u64,
        /// The hash there.
        expected: String,
        /// The event it ends at.
        actual_seq: u64,
        /// The hash there.
        actual: String,
    },
}

/// The first event of each shard that a segment holds, or would hold; empty where that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstEvents(pub Vec<u64>);

impl fmt::Display for FirstEvents {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shard, seq) in self.0.iter().enumerate() {
            write!(out, "{}shard {shard} from event {seq} on", if shard == 0 { " (" } else { ", " })?;
        }
        if self.0.is_empty() { Ok(()) } else { out.write_str(")") }
    }
}

/// Where damage lies, as far as it can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The segment.
    pub segment: u32,
    /// The shard; `None` where the whole segment is damaged.
    pub shard: Option<u16>,
    /// The first event of the batch, or the event where the chain ends.
    pub seq: Option<u64>,
    /// The hash that should be there.
    pub expected: Option<String>,
    /// The hash that is there.
    pub found: Option<String>,
}

impl Corruption {
    /// The place alone, for programs.
    #[must_use]
    pub fn place(&self) -> Place {
        let of = |segment: &u32, shard: Option<u16>, seq: Option<u64>| Place {
            segment: *segment,
            shard,
            seq,
            expected: None,
            found: None,
        };
        match self {
            Self::Database { segment, .. } | Self::Segment { segment, .. } => of(segment, None, None),
            Self::Pages { segment, shard, seq, .. }
            | Self::Header { segment, shard, seq, .. }
            | Self::Format { segment, shard, seq, .. }
            | Self::Rules { segment, shard, seq, .. }
            | Self::Events { segment, shard, seq, .. } => of(segment, Some(*shard), Some(*seq)),
            Self::Gap { segment, shard, expected, .. } => of(segment, Some(*shard), Some(*expected)),
            Self::Hash { segment, shard, seq, expected, actual }
            | Self::Chain { segment, shard, seq, expected, actual }
            | Self::Witness { segment, shard, seq, expected, actual } => Place {
                expected: Some(expected.clone()),
                found: Some(actual.clone()),
                ..of(segment, Some(*shard), Some(*seq))
            },
            Self::Gone { segment, shard, expected, actual_seq, actual, .. }
            | Self::End { segment, shard, expected, actual_seq, actual, .. } => Place {
                expected: Some(expected.clone()),
                found: Some(actual.clone()),
                ..of(segment, Some(*shard), Some(*actual_seq))
            },
        }
    }

    /// The same, with the events of the segment named where the whole of it is meant.
    pub(crate) fn with_first(self, before: &[super::ShardHead]) -> Self {
        let named = || FirstEvents(before.iter().map(|head| head.seq.get() + 1).collect());
        match self {
            Self::Database { segment, reason, .. } => Self::Database { segment, first: named(), reason },
            Self::Segment { segment, reason, .. } => Self::Segment { segment, first: named(), reason },
            other @ (Self::Pages { .. }
            | Self::Header { .. }
            | Self::Format { .. }
            | Self::Rules { .. }
            | Self::Hash { .. }
            | Self::Chain { .. }
            | Self::Gap { .. }
            | Self::Events { .. }
            | Self::Gone { .. }
            | Self::Witness { .. }
            | Self::End { .. }) => other,
        }
    }
}

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another journal in this one, has the directory.
    #[error("{path}: the data directory is in use by another process")]
    InUse {
        /// The lock.
        path: PathBuf,
    },
    /// A file operation failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database beneath a segment failed.
    #[error("{path}: {source}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: Box<redb::Error>,
    },
    /// The manifest cannot be believed.
    #[error("{path}: the manifest is damaged: {reason}; restore the directory from a backup")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The manifest is gone, yet there are files that it should list.
    #[error("{path}: the manifest is missing, yet {found} is there; restore the directory from a backup")]
    ManifestMissing {
        /// Where it should be.
        path: PathBuf,
        /// A file that it should list.
        found: String,
    },
    /// The journal was written in a format that this version does not know.
    #[error(
        "{path}: format {found} is unknown, this version reads format {known}; start the version that wrote it"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// The format it names.
        found: String,
        /// The format that is read here.
        known: u16,
    },
    /// The journal was made for another number of shards.
    #[error("{path}: the journal was made with {stored} shards and cannot be opened with {asked}")]
    Shards {
        /// The manifest.
        path: PathBuf,
        /// How many it was made with.
        stored: u16,
        /// How many were asked for.
        asked: u16,
    },
    /// A segment that the manifest lists is gone.
    #[error("{path}: the segment is missing although the manifest lists it; restore it from a backup")]
    SegmentMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// A segment that holds events is not listed.
    #[error("{path}: the segment holds events although the manifest does not list it; the manifest is too old")]
    SegmentUnlisted {
        /// The file.
        path: PathBuf,
    },
    /// The witness was written beside another journal.
    #[error(
        "{path}: the witness is of another journal; where a backup was restored without its own, remove this one"
    )]
    WitnessForeign {
        /// The file.
        path: PathBuf,
    },
    /// Bytes are not what was written.
    #[error("{dir}: {corruption}; restore the journal from a backup, or see papertape salvage")]
    Corrupt {
        /// The journal.
        dir: PathBuf,
        /// What was found.
        corruption: Corruption,
    },
}

/// Why an append did not succeed. Whether its events are durable is unknown until the journal is
/// opened again and recovered.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// An earlier operation failed; the journal must be opened again.
    #[error("an earlier write to the journal failed; it must be opened again")]
    Poisoned,
    /// A file operation failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database beneath the segment failed.
    #[error("{path}: {source}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: Box<redb::Error>,
    },
}
