//! Snapshots: a shard's whole state at the end of a sealed segment, so that recovery starts there.
//!
//! It owns snapshot files. It must never be needed: every one can be made again from the journal.
//! They are made by running recovery ahead of time, from sealed segments alone, so that a shard
//! never stops for one and recovery's code runs every day. Invariant: under its own name a snapshot
//! is whole, and its hash says so.

use crate::journal::{
    ENGINE_RULES, Epoch, JournalConfig, Manifest, OpenError, SealedSegment, ShardHead, manifest_path,
    read_manifest,
};
use crate::recovery::{RecoverError, RecoveryWarning, fold_sealed};
use crate::rows;
use crate::storage::replace_file;
use engine::{Shard, ShardConfig};
use model::{Event, ShardId, ShardImage, ShardSeq};
use rkyv::rancor;
use std::io;
use std::path::{Path, PathBuf};

/// Version of the file and of the archived image types.
const SNAPSHOT_FORMAT: u16 = 2;
const MAGIC: [u8; 8] = *b"PTSNAP\r\n";
/// Bytes of the header up to its hash: what the hash covers of it.
const HASHED_BYTES: usize = 80;
const HEADER_BYTES: usize = 112;

/// Why a snapshot could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A file operation failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The manifest cannot be read, or does not list the segment.
    #[error(transparent)]
    Manifest(Box<OpenError>),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(Box<RecoverError>),
    /// What was written does not read back the same.
    #[error("{path}: the snapshot was written and does not read back: {reason}")]
    Unverified {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The state that was folded is not at the event where it should be.
    #[error("shard {shard}: folded to event {actual}, expected event {expected}")]
    Image {
        /// The shard.
        shard: u16,
        /// Where it should be.
        expected: u64,
        /// Where it is.
        actual: u64,
    },
}

/// A state that events can be folded into.
pub trait Fold {
    /// Takes in the next event.
    fn fold(&mut self, event: &Event);
    /// The state, whole.
    fn image(&self) -> ShardImage;
}

impl Fold for Shard {
    fn fold(&mut self, event: &Event) {
        Self::fold(self, event);
    }

    fn image(&self) -> ShardImage {
        Self::image(self)
    }
}

/// A snapshot that was read and holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) path: PathBuf,
    pub(crate) head: ShardHead,
    pub(crate) image: ShardImage,
}

/// [`make_ahead_with`] with the engine's own shard, which is what recovery folds with.
///
/// # Errors
/// As for [`make_ahead_with`].
pub fn make_ahead(
    config: &JournalConfig,
    shard_config: ShardConfig,
    through: &SealedSegment,
) -> Result<(), SnapshotError> {
    make_ahead_with(config, through, |image| Shard::restore(shard_config, image))
}

/// Writes a snapshot of every shard as it stood at the end of a sealed segment, where there is none
/// yet, and keeps the newest two of each. Runs on a thread of its own beside the journal; one at a
/// time. The caller sees to it that the read views hold everything up to there: rows older than the
/// snapshot are not told again.
///
/// `restore` makes the state from an image; an empty one at the very beginning.
///
/// # Errors
/// When the journal cannot be read or the disk fails. The snapshots that stand are as good as before.
pub fn make_ahead_with<F: Fold>(
    config: &JournalConfig,
    through: &SealedSegment,
    restore: impl Fn(&ShardImage) -> F,
) -> Result<(), SnapshotError> {
    let manifest = read_manifest(&*config.storage, &config.dir)
        .map_err(|error| SnapshotError::Manifest(Box::new(error)))?
        .filter(|manifest| manifest.sealed.contains(through))
        .ok_or_else(|| {
            SnapshotError::Manifest(Box::new(OpenError::Manifest {
                path: manifest_path(&config.dir),
                reason: format!("it does not list segment {} as it was sealed", through.number),
            }))
        })?;
    for shard in 0..manifest.shards {
        make_one(config, &manifest, through, ShardId::new(shard), &restore)?;
    }
    Ok(())
}

fn make_one<F: Fold>(
    config: &JournalConfig,
    manifest: &Manifest,
    through: &SealedSegment,
    shard: ShardId,
    restore: &impl Fn(&ShardImage) -> F,
) -> Result<(), SnapshotError> {
    let index = usize::from(shard.get());
    let target = through.heads[index];
    let base = newest_good(config, manifest, shard, &mut Vec::new())?;
    if target.seq.get() == 0 || base.as_ref().is_some_and(|base| base.head.seq >= target.seq) {
        return Ok(());
    }
    // Other shards stand at the end already, so that none of their rows is read.
    let mut heads = through.heads.clone();
    let mut state = if let Some(base) = &base {
        heads[index] = base.head;
        restore(&base.image)
    } else {
        heads[index] =
            beginning(config, manifest, shard).map_err(|error| SnapshotError::Journal(Box::new(error)))?;
        restore(&ShardImage::default())
    };
    fold_sealed(config, manifest, through.number + 1, &mut heads, &mut |_, batch| {
        for event in &batch.events {
            state.fold(event);
        }
    })
    .map_err(|error| SnapshotError::Journal(Box::new(error)))?;
    let image = state.image();
    if image.seq != target.seq {
        return Err(SnapshotError::Image {
            shard: shard.get(),
            expected: target.seq.get(),
            actual: image.seq.get(),
        });
    }
    write(config, manifest.epoch, shard, &target, &image)?;
    keep(config, shard, target.seq, base.map(|base| base.head.seq))
}

/// The newest snapshot of a shard that holds; one that does not becomes a warning.
pub(crate) fn newest_good(
    config: &JournalConfig,
    manifest: &Manifest,
    shard: ShardId,
    warnings: &mut Vec<RecoveryWarning>,
) -> Result<Option<Snapshot>, SnapshotError> {
    for (seq, path) in list(config, shard)?.into_iter().rev() {
        match read(config, manifest, shard, seq, &path)? {
            Ok(snapshot) => return Ok(Some(snapshot)),
            Err(reason) => warnings.push(RecoveryWarning { path, reason }),
        }
    }
    Ok(None)
}

/// The oldest snapshot of a shard that holds.
pub(crate) fn oldest_good(
    config: &JournalConfig,
    manifest: &Manifest,
    shard: ShardId,
    warnings: &mut Vec<RecoveryWarning>,
) -> Result<Option<Snapshot>, SnapshotError> {
    Ok(good(config, manifest, shard, warnings)?.into_iter().next())
}

/// The snapshots of a shard that hold, oldest first.
fn good(
    config: &JournalConfig,
    manifest: &Manifest,
    shard: ShardId,
    warnings: &mut Vec<RecoveryWarning>,
) -> Result<Vec<Snapshot>, SnapshotError> {
    let mut found = Vec::new();
    for (seq, path) in list(config, shard)? {
        match read(config, manifest, shard, seq, &path)? {
            Ok(snapshot) => found.push(snapshot),
            Err(reason) => warnings.push(RecoveryWarning { path, reason }),
        }
    }
    Ok(found)
}

/// Whether the snapshot of a shard that is named for this event holds; `None` where it does.
pub(crate) fn check(
    config: &JournalConfig,
    manifest: &Manifest,
    shard: ShardId,
    seq: ShardSeq,
) -> Result<Option<RecoveryWarning>, SnapshotError> {
    let path = config.dir.join(name(shard, seq));
    let found = read(config, manifest, shard, seq, &path)?;
    Ok(found.err().map(|reason| RecoveryWarning { path, reason }))
}

/// Whether a name is one that snapshots have.
pub(crate) fn is_snapshot_name(name: &str) -> bool {
    parse_name(name).is_some()
}

fn name(shard: ShardId, seq: ShardSeq) -> String {
    format!("snapshot-{:05}-{:020}.bin", shard.get(), seq.get())
}

fn parse_name(text: &str) -> Option<(ShardId, ShardSeq)> {
    let (shard, seq) = text.strip_prefix("snapshot-")?.strip_suffix(".bin")?.split_once('-')?;
    let parsed = (ShardId::new(shard.parse().ok()?), ShardSeq::new(seq.parse().ok()?));
    (name(parsed.0, parsed.1) == text).then_some(parsed)
}

/// The snapshots of a shard, oldest first.
fn list(config: &JournalConfig, shard: ShardId) -> Result<Vec<(ShardSeq, PathBuf)>, SnapshotError> {
    let names = config
        .storage
        .list(&config.dir)
        .map_err(|source| SnapshotError::Io { path: config.dir.clone(), source })?;
    let mut found: Vec<(ShardSeq, PathBuf)> = names
        .iter()
        .filter_map(|name| {
            parse_name(name).filter(|(owner, _)| *owner == shard).map(|(_, seq)| (seq, config.dir.join(name)))
        })
        .collect();
    found.sort_unstable();
    Ok(found)
}

fn write(
    config: &JournalConfig,
    epoch: Epoch,
    shard: ShardId,
    head: &ShardHead,
    image: &ShardImage,
) -> Result<(), SnapshotError> {
    let path = config.dir.join(name(shard, head.seq));
    let io = |source| SnapshotError::Io { path: path.clone(), source };
    let bytes = encode(epoch, shard, head, image);
    replace_file(&*config.storage, &path, &bytes).map_err(io)?;
    let unverified = |reason: String| SnapshotError::Unverified { path: path.clone(), reason };
    let back = config.storage.read(&path).map_err(io)?;
    let decoded = decode(&back, epoch, shard).map_err(unverified)?;
    if decoded != (*head, image.clone()) {
        return Err(unverified("it reads back as another state".to_owned()));
    }
    Ok(())
}

/// Removes all snapshots of a shard but the one just made and the one it was made from.
fn keep(
    config: &JournalConfig,
    shard: ShardId,
    made: ShardSeq,
    base: Option<ShardSeq>,
) -> Result<(), SnapshotError> {
    for (seq, path) in list(config, shard)? {
        if seq < made && Some(seq) != base {
            config.storage.remove(&path).map_err(|source| SnapshotError::Io { path: path.clone(), source })?;
        }
    }
    Ok(())
}

/// Reads a snapshot: `Ok(Err(reason))` where it does not hold.
fn read(
    config: &JournalConfig,
    manifest: &Manifest,
    shard: ShardId,
    seq: ShardSeq,
    path: &Path,
) -> Result<Result<Snapshot, String>, SnapshotError> {
    let bytes = config.storage.read(path).map_err(|source| SnapshotError::Io { path: path.to_owned(), source })?;
    Ok(decode(&bytes, manifest.epoch, shard).and_then(|(head, image)| {
        if head.seq != seq {
            return Err(format!("it ends at event {} and is named for event {seq}", head.seq));
        }
        // Every snapshot is made where a segment was sealed, so the manifest knows its hash.
        let ends = manifest.trimmed.iter().chain(&manifest.sealed);
        let sealed = ends.map(|sealed| sealed.heads[usize::from(shard.get())]);
        let mut known = sealed.filter(|sealed| sealed.seq == seq);
        match known.next() {
            Some(sealed) if sealed.hash != head.hash => Err("it belongs to another chain of events".to_owned()),
            Some(_) => Ok(Snapshot { path: path.to_owned(), head, image }),
            // Later than every seal: whether the journal lost events is for the caller to say.
            None if is_trimmed(manifest, shard, seq) => Err("the events that follow it were removed".to_owned()),
            None if manifest.sealed.last().is_none_or(|last| last.heads[usize::from(shard.get())].seq < seq) => {
                Ok(Snapshot { path: path.to_owned(), head, image })
            }
            None => Err("no segment ends where it does".to_owned()),
        }
    }))
}

/// Whether events after this one were removed with their segments.
fn is_trimmed(manifest: &Manifest, shard: ShardId, seq: ShardSeq) -> bool {
    manifest.trimmed.as_ref().is_some_and(|trimmed| seq < trimmed.heads[usize::from(shard.get())].seq)
}

/// Where the state of a shard without any snapshot begins; refused once its first events were removed.
pub(crate) fn beginning(
    config: &JournalConfig,
    manifest: &Manifest,
    shard: ShardId,
) -> Result<ShardHead, RecoverError> {
    if is_trimmed(manifest, shard, ShardSeq::new(0)) {
        let dir = config.dir.clone();
        return Err(RecoverError::Trimmed { dir, shard: shard.get(), first_segment: manifest.first() });
    }
    Ok(ShardHead::genesis(manifest.epoch, shard))
}

/// The last sealed segment that is no longer needed: every shard has two snapshots that hold, read
/// and checked here, and the older of them stands at its end or later. `None` where there is none.
///
/// # Errors
/// When the manifest or the disk fails.
pub fn covered(config: &JournalConfig) -> Result<Option<u32>, SnapshotError> {
    let Some(manifest) =
        read_manifest(&*config.storage, &config.dir).map_err(|error| SnapshotError::Manifest(Box::new(error)))?
    else {
        return Ok(None);
    };
    let mut covered = Vec::new();
    for shard in (0..manifest.shards).map(ShardId::new) {
        let good = good(config, &manifest, shard, &mut Vec::new())?;
        covered.push(good.into_iter().rev().nth(1).map_or(ShardSeq::new(0), |snapshot| snapshot.head.seq));
    }
    let is_covered =
        |sealed: &&SealedSegment| sealed.heads.iter().zip(&covered).all(|(head, covered)| head.seq <= *covered);
    Ok(manifest.sealed.iter().take_while(is_covered).last().map(|sealed| sealed.number))
}

fn encode(epoch: Epoch, shard: ShardId, head: &ShardHead, image: &ShardImage) -> Vec<u8> {
    let body = rkyv::to_bytes::<rancor::Error>(image).expect("archiving into memory cannot fail");
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&SNAPSHOT_FORMAT.to_le_bytes());
    bytes.extend_from_slice(&ENGINE_RULES.to_le_bytes());
    bytes.extend_from_slice(&shard.get().to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    bytes.extend_from_slice(&epoch.to_bytes());
    bytes.extend_from_slice(&head.seq.get().to_le_bytes());
    bytes.extend_from_slice(&head.hash);
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    assert_eq!(bytes.len(), HASHED_BYTES, "the header is written whole before it is hashed");
    let hash = hash(&bytes, &body);
    bytes.extend_from_slice(&hash);
    bytes.extend_from_slice(&body);
    bytes
}

fn hash(header: &[u8], body: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(header);
    hasher.update(body);
    *hasher.finalize().as_bytes()
}

fn decode(bytes: &[u8], epoch: Epoch, shard: ShardId) -> Result<(ShardHead, ShardImage), String> {
    let (header, body) = bytes.split_at_checked(HEADER_BYTES).ok_or("it is shorter than its header")?;
    if header[..8] != MAGIC {
        return Err("it does not begin as a snapshot does".to_owned());
    }
    if header[HASHED_BYTES..] != hash(&header[..HASHED_BYTES], body) {
        return Err("its hash does not match its bytes".to_owned());
    }
    let format = u16::from_le_bytes(field(header, 8));
    if format != SNAPSHOT_FORMAT {
        return Err(format!("its format {format} is unknown, this version reads format {SNAPSHOT_FORMAT}"));
    }
    if field(header, 12) != shard.get().to_le_bytes() {
        return Err("it is another shard's".to_owned());
    }
    if field(header, 16) != epoch.to_bytes() {
        return Err("it belongs to another journal".to_owned());
    }
    if u64::from_le_bytes(field(header, 72)) != body.len() as u64 {
        return Err("it is not as long as it says".to_owned());
    }
    let image: ShardImage = rows::decode_body(body).map_err(|error| error.to_string())?;
    let head = ShardHead { seq: ShardSeq::new(u64::from_le_bytes(field(header, 32))), hash: field(header, 40) };
    if image.seq != head.seq {
        return Err(format!("it holds the state at event {} and says {}", image.seq, head.seq));
    }
    Ok((head, image))
}

fn field<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    header[at..at + N].try_into().expect("the header's length was checked")
}
