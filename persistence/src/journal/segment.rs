//! One segment: a bounded database file with rows of all shards.
//!
//! It owns its tables, how one is made, and how rows are read from one. It must never make a file at
//! a place that the manifest lists. Invariant: under its own name a segment is always whole, because
//! it gets that name only once it is closed and synced.

use super::manifest::{Manifest, encode_heads};
use super::{Corruption, Epoch, FirstEvents, OpenError, ShardHead, batch};
use crate::rows;
use crate::storage::{OpenMode, Overlay, Storage, parent, temporary_path};
use model::{ShardId, ShardSeq};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Shard and first event to row.
pub(super) const BATCHES: TableDefinition<'static, (u16, u64), &[u8]> = TableDefinition::new("batches");
const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");
const SEGMENT_FORMAT: u16 = 1;

/// Bytes of rows that are read in one go: no read transaction lives long, and they stay in the processor's caches.
const READ_BYTES: usize = 256 << 10;

/// The segment that is written.
#[derive(Debug)]
pub(super) struct ActiveSegment {
    pub(super) number: u32,
    pub(super) path: PathBuf,
    pub(super) database: Database,
    /// Bytes of rows so far; after a restart the file's length, which is somewhat more.
    pub(super) bytes: u64,
}

/// A row as it lies in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) first_seq: ShardSeq,
    pub(crate) bytes: Vec<u8>,
}

/// Rows that were read in one go, in memory that is used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    bytes: Vec<u8>,
    /// The first event of each, and where it ends.
    ends: Vec<(ShardSeq, usize)>,
}

impl Rows {
    /// The first event of each, and its bytes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ShardSeq, &[u8])> {
        let mut begin = 0;
        self.ends
            .iter()
            .map(move |(first_seq, end)| (*first_seq, &self.bytes[std::mem::replace(&mut begin, *end)..*end]))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// What a segment says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentMeta {
    header: Option<Vec<u8>>,
    seal: Option<Vec<u8>>,
}

/// The name of a segment's file.
pub(crate) fn segment_name(number: u32) -> String {
    format!("segment-{number:08}.redb")
}

/// The number in a segment's name.
pub(super) fn segment_number(name: &str) -> Option<u32> {
    let number = name.strip_prefix("segment-")?.strip_suffix(".redb")?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

/// What identifies a segment: format, epoch, number, and where the shards stood before it.
fn header_bytes(epoch: Epoch, number: u32, heads: &[ShardHead]) -> Vec<u8> {
    let mut bytes = SEGMENT_FORMAT.to_le_bytes().to_vec();
    bytes.extend_from_slice(&epoch.to_bytes());
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&encode_heads(heads));
    rows::seal(&bytes)
}

/// Makes an empty segment under a temporary name and gives it its own once it is whole.
pub(super) fn create(
    storage: &dyn Storage,
    path: &Path,
    epoch: Epoch,
    number: u32,
    heads: &[ShardHead],
) -> Result<(), OpenError> {
    let temporary = temporary_path(path);
    let io = |source| OpenError::Io { path: temporary.clone(), source };
    let failed = |error: redb::Error| OpenError::Database { path: temporary.clone(), source: Box::new(error) };
    if storage.len(&temporary).map_err(io)?.is_some() {
        storage.remove(&temporary).map_err(io)?;
    }
    let backend = storage.open(&temporary, OpenMode::CreateNew).map_err(io)?;
    let database = redb::Builder::new().create_with_backend(backend).map_err(|error| failed(error.into()))?;
    write_meta(&database, "header", &header_bytes(epoch, number, heads)).map_err(failed)?;
    drop(database);
    storage.sync(&temporary).map_err(io)?;
    storage.rename(&temporary, path).map_err(io)?;
    storage.sync_dir(parent(path)).map_err(io)
}

/// Writes what a segment says at its end, so that it opens fast and is known to be whole.
pub(super) fn write_seal(database: &Database, heads: &[ShardHead]) -> Result<(), redb::Error> {
    write_meta(database, "seal", &rows::seal(&encode_heads(heads)))
}

fn write_meta(database: &Database, key: &str, row: &[u8]) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    transaction.set_quick_repair(true);
    {
        transaction.open_table(META)?.insert(key, row)?;
        transaction.open_table(BATCHES)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Runs work on a database that trusts its file: a panic there is a damaged file.
fn guarded<T>(segment: u32, work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, SegmentError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(redb::Error::Corrupted(reason))) => {
            Err(SegmentError::Corrupt(Corruption::Database { segment, first: FirstEvents::default(), reason }))
        }
        Ok(Err(redb::Error::Io(error))) if looks_damaged(&error) => {
            Err(SegmentError::Corrupt(Corruption::Database {
                segment,
                first: FirstEvents::default(),
                reason: error.to_string(),
            }))
        }
        Ok(Err(error)) => Err(SegmentError::Database(Box::new(error))),
        Err(_) => Err(SegmentError::Corrupt(Corruption::Database {
            segment,
            first: FirstEvents::default(),
            reason: "its pages contradict each other".to_owned(),
        })),
    }
}

/// The same for the rows of a shard from an event on.
fn guarded_rows<T>(
    segment: u32,
    shard: ShardId,
    seq: ShardSeq,
    work: impl FnOnce() -> Result<T, redb::Error>,
) -> Result<T, SegmentError> {
    guarded(segment, work).map_err(|error| match error {
        SegmentError::Corrupt(Corruption::Database { segment, reason, .. }) => {
            SegmentError::Corrupt(Corruption::Pages { segment, shard: shard.get(), seq: seq.get(), reason })
        }
        other @ (SegmentError::Corrupt(_)
        | SegmentError::Database(_)
        | SegmentError::Io(_)
        | SegmentError::Missing) => other,
    })
}

fn looks_damaged(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof)
}

/// Why a segment cannot be read.
#[derive(Debug)]
pub(crate) enum SegmentError {
    /// Its bytes are not what was written.
    Corrupt(Corruption),
    /// The machine failed.
    Database(Box<redb::Error>),
    /// The machine failed.
    Io(std::io::Error),
    /// The file is gone.
    Missing,
}

impl SegmentError {
    /// The same, with the events of the segment named where the whole of it is meant.
    pub(crate) fn with_first(self, before: &[ShardHead]) -> Self {
        match self {
            Self::Corrupt(corruption) => Self::Corrupt(corruption.with_first(before)),
            other @ (Self::Database(_) | Self::Io(_) | Self::Missing) => other,
        }
    }
}

/// Opens a segment for appending.
pub(super) fn open_active(
    storage: &dyn Storage,
    path: &Path,
    number: u32,
    cache_bytes: usize,
) -> Result<ActiveSegment, SegmentError> {
    let bytes = match storage.len(path).map_err(SegmentError::Io)? {
        None => return Err(SegmentError::Missing),
        Some(0) => {
            return Err(SegmentError::Corrupt(Corruption::Database {
                segment: number,
                first: FirstEvents::default(),
                reason: "it is empty".to_owned(),
            }));
        }
        Some(bytes) => bytes,
    };
    let backend = storage.open(path, OpenMode::Existing).map_err(SegmentError::Io)?;
    let database =
        guarded(number, || Ok(redb::Builder::new().set_cache_size(cache_bytes).create_with_backend(backend)?))?;
    Ok(ActiveSegment { number, path: path.to_owned(), database, bytes })
}

/// A segment that is read.
pub(crate) struct SegmentReader<'a> {
    number: u32,
    database: Handle<'a>,
}

enum Handle<'a> {
    Borrowed(&'a Database),
    Own(Option<Database>),
}

impl<'a> SegmentReader<'a> {
    /// Reads the segment that is written.
    pub(super) fn of_active(active: &'a ActiveSegment) -> Self {
        Self { number: active.number, database: Handle::Borrowed(&active.database) }
    }

    /// Opens a segment for reading alone; its file is not touched.
    pub(crate) fn open(
        storage: &dyn Storage,
        dir: &Path,
        number: u32,
        cache_bytes: usize,
    ) -> Result<Self, SegmentError> {
        let path = dir.join(segment_name(number));
        match storage.len(&path).map_err(SegmentError::Io)? {
            None => return Err(SegmentError::Missing),
            Some(0) => {
                return Err(SegmentError::Corrupt(Corruption::Database {
                    segment: number,
                    first: FirstEvents::default(),
                    reason: "it is empty".to_owned(),
                }));
            }
            Some(_) => {}
        }
        let backend = storage.open(&path, OpenMode::ReadOnly).map_err(SegmentError::Io)?;
        let overlay = Overlay::new(backend).map_err(SegmentError::Io)?;
        let database = guarded(number, || {
            Ok(redb::Builder::new().set_cache_size(cache_bytes).create_with_backend(overlay)?)
        })?;
        Ok(Self { number, database: Handle::Own(Some(database)) })
    }

    /// Its number.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Reads rows of a shard from the one that begins at `from` on, in order, as many as are read in
    /// one go; none at the end.
    pub(crate) fn read_rows(&self, shard: ShardId, from: ShardSeq, rows: &mut Rows) -> Result<(), SegmentError> {
        let database = self.database();
        rows.bytes.clear();
        rows.ends.clear();
        guarded_rows(self.number, shard, from, || {
            let transaction = database.begin_read()?;
            let table = transaction.open_table(BATCHES)?;
            for entry in table.range((shard.get(), from.get())..=(shard.get(), u64::MAX))? {
                let (key, row) = entry?;
                rows.bytes.extend_from_slice(row.value());
                rows.ends.push((ShardSeq::new(key.value().1), rows.bytes.len()));
                if rows.bytes.len() >= READ_BYTES {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The last row of a shard.
    pub(super) fn last_row(&self, shard: ShardId) -> Result<Option<Row>, SegmentError> {
        self.last_row_until(shard, ShardSeq::new(u64::MAX))
    }

    /// The last row of a shard that begins at this event or before it.
    fn last_row_until(&self, shard: ShardId, seq: ShardSeq) -> Result<Option<Row>, SegmentError> {
        let database = self.database();
        guarded_rows(self.number, shard, seq, || {
            let transaction = database.begin_read()?;
            let table = transaction.open_table(BATCHES)?;
            let mut range = table.range((shard.get(), 0)..=(shard.get(), seq.get()))?;
            let last = range.next_back().transpose()?;
            Ok(last.map(|(key, row)| Row { first_seq: ShardSeq::new(key.value().1), bytes: row.value().to_vec() }))
        })
    }

    /// The hash of the row of a shard that ends at an event; `None` where none does.
    pub(crate) fn hash_at(&self, shard: ShardId, seq: ShardSeq) -> Result<Option<[u8; 32]>, SegmentError> {
        let Some(row) = self.last_row_until(shard, seq)? else { return Ok(None) };
        let head = batch::head_of(&row.bytes, self.number, shard, row.first_seq).map_err(SegmentError::Corrupt)?;
        Ok((head.seq == seq).then_some(head.hash))
    }

    /// Whether no shard has a row in it.
    pub(super) fn is_empty(&self) -> Result<bool, SegmentError> {
        let database = self.database();
        guarded(self.number, || {
            let transaction = database.begin_read()?;
            let table = transaction.open_table(BATCHES)?;
            Ok(table.first()?.is_none())
        })
    }

    /// What it says of itself.
    pub(super) fn meta(&self) -> Result<SegmentMeta, SegmentError> {
        let database = self.database();
        guarded(self.number, || {
            let transaction = database.begin_read()?;
            let table = match transaction.open_table(META) {
                Ok(table) => table,
                Err(redb::TableError::TableDoesNotExist(_)) => {
                    return Ok(SegmentMeta { header: None, seal: None });
                }
                Err(error) => return Err(error.into()),
            };
            let read = |key| Ok::<_, redb::Error>(table.get(key)?.map(|row| row.value().to_vec()));
            Ok(SegmentMeta { header: read("header")?, seal: read("seal")? })
        })
    }

    /// Whether it is this segment of this journal.
    pub(crate) fn check_header(&self, manifest: &Manifest, number: u32) -> Result<SegmentMeta, SegmentError> {
        let meta = self.meta()?;
        meta.check(manifest.epoch, number, &manifest.heads_before(number)).map_err(SegmentError::Corrupt)?;
        Ok(meta)
    }

    /// Whether it is this segment of this journal, sealed as the manifest says.
    pub(crate) fn check(&self, manifest: &Manifest, number: u32) -> Result<(), SegmentError> {
        let meta = self.check_header(manifest, number)?;
        match meta.is_sealed(number, &manifest.heads_before(number + 1)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(SegmentError::Corrupt(Corruption::Segment {
                segment: number,
                first: FirstEvents::default(),
                reason: "its seal is missing although the manifest lists it as sealed".to_owned(),
            })),
            Err(corruption) => Err(SegmentError::Corrupt(corruption)),
        }
    }

    fn database(&self) -> &Database {
        match &self.database {
            Handle::Borrowed(database) => database,
            Handle::Own(database) => database.as_ref().expect("taken in drop alone"),
        }
    }
}

impl Drop for SegmentReader<'_> {
    fn drop(&mut self) {
        if let Handle::Own(database) = &mut self.database {
            // Closing walks the file too, and a damaged one may panic once more.
            let database = database.take();
            let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
        }
    }
}

impl SegmentMeta {
    /// Whether it is this segment of this journal, after these heads.
    pub(super) fn check(&self, epoch: Epoch, number: u32, before: &[ShardHead]) -> Result<(), Corruption> {
        let wrong = |reason: &str| Corruption::Segment {
            segment: number,
            first: FirstEvents::default(),
            reason: reason.to_owned(),
        };
        let header = self.header.as_ref().ok_or_else(|| wrong("it does not say which it is"))?;
        if *header == header_bytes(epoch, number, before) {
            return Ok(());
        }
        let body = rows::open(header).map_err(|_| wrong("what it says of itself is damaged"))?;
        let format = body.get(..2).map_or(0, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
        if format != SEGMENT_FORMAT {
            return Err(wrong(&format!(
                "its format {format} is unknown, this version reads format {SEGMENT_FORMAT}"
            )));
        }
        Err(wrong("it belongs to another journal, or to another place in this one"))
    }

    /// Whether it was sealed, at these heads.
    pub(super) fn is_sealed(&self, number: u32, heads: &[ShardHead]) -> Result<bool, Corruption> {
        match &self.seal {
            None => Ok(false),
            Some(seal) if *seal == rows::seal(&encode_heads(heads)) => Ok(true),
            Some(_) => Err(Corruption::Segment {
                segment: number,
                first: FirstEvents::default(),
                reason: "its seal does not fit its last rows".to_owned(),
            }),
        }
    }
}
