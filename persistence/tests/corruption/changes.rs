//! The files of a journal and its snapshots, a change of them, and what became of it.
//!
//! The files are those of two real shards, of more than a megabyte, after an orderly end and after a
//! process that died. A changed file is read again over the unchanged bytes of the others, or goes
//! through a whole start.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/image.rs"]
mod image;
#[path = "../common/market.rs"]
mod market;

use image::{Files, Image};
use market::{Market, shard_config};
use model::{Event, ShardId, ShardImage, ShardSeq, Time};
use persistence::{
    Journal, JournalConfig, RecoveryVisitor, ShardBatch, ShardHead, SimulatedStorage, Source, Storage, snapshot,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SHARDS: u16 = 2;
const DIR: &str = "data";
/// Bytes of rows in a segment.
const SEGMENT_BYTES: u64 = 300 << 10;
/// Events in a row.
const ROW_EVENTS: usize = 24;
pub(crate) const JOURNAL_BYTES_MIN: usize = 1 << 20;
pub(crate) const SNAPSHOT_BYTES_MIN: usize = 1 << 20;
const CACHE_BYTES: usize = 4 << 20;

/// One change of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// One bit of a byte; which one depends on the place.
    Bit(usize),
    /// All bits of a byte.
    Byte(usize),
    /// Cut to this length.
    Cut(usize),
}

impl Change {
    fn apply(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Bit(at) => bytes[at] ^= 1 << (at.wrapping_mul(0x9e37) >> 3 & 7),
            Self::Byte(at) => bytes[at] ^= 0xff,
            Self::Cut(len) => bytes.truncate(len),
        }
    }

    /// How many changes there are of a file of this length.
    pub(crate) const fn count(len: usize) -> usize {
        3 * len
    }

    /// The change with this number, of three for each byte.
    pub(crate) fn numbered(number: usize) -> Self {
        match number % 3 {
            0 => Self::Bit(number / 3),
            1 => Self::Byte(number / 3),
            _ => Self::Cut(number / 3),
        }
    }
}

fn config(storage: Arc<dyn Storage>) -> JournalConfig {
    JournalConfig {
        dir: DIR.into(),
        shards: SHARDS,
        segment_bytes_max: SEGMENT_BYTES,
        cache_bytes: CACHE_BYTES,
        storage,
    }
}

/// The files of a journal, and what is right.
pub(crate) struct Subject {
    pub(crate) files: Arc<Files>,
    heads: Vec<ShardHead>,
    states: Vec<ShardImage>,
    active: u32,
}

/// A journal of two shards with snapshots, after an orderly end or without one.
pub(crate) fn subject(is_closed: bool) -> Subject {
    let storage = SimulatedStorage::new();
    let mut journal = Journal::open(config(Arc::new(storage.clone()))).expect("it opens");
    let sealed = common::collect_sealed(&mut journal);
    let mut events: Vec<Vec<Event>> = vec![Vec::new(); usize::from(SHARDS)];
    let mut markets: Vec<Market> =
        (0..SHARDS).map(|shard| Market::open(2 + u32::from(shard), &mut events[usize::from(shard)])).collect();
    let mut written = 0;
    let image_bytes = |storage: &SimulatedStorage| {
        let names = storage.list(Path::new(DIR)).expect("it lists");
        let snapshots = names.iter().filter(|name| name.starts_with("snapshot-00000-"));
        snapshots.map(|name| storage.len(&Path::new(DIR).join(name)).expect("it is there").unwrap_or(0)).max()
    };
    // The first shard makes the most of it, so that its snapshots grow.
    while written < 4 * JOURNAL_BYTES_MIN || image_bytes(&storage).unwrap_or(0) < SNAPSHOT_BYTES_MIN as u64 {
        for (shard, market) in (0..).map(ShardId::new).zip(&mut markets) {
            let events = &mut events[usize::from(shard.get())];
            while events.len() < ROW_EVENTS {
                market.step(events);
            }
            if shard.get() == 1 && written % 7 != 0 {
                continue;
            }
            let first_seq = journal.heads()[usize::from(shard.get())].seq.next();
            let time = Time::from_seconds(1_700_000_000);
            journal.append(&[ShardBatch { shard, first_seq, time, events }]).expect("it appends");
            written += events.len() * 280;
            events.clear();
        }
        for segment in std::mem::take(&mut *sealed.lock().expect("no panic holds it")) {
            snapshot::make_ahead(&config(Arc::new(storage.clone())), shard_config(), &segment)
                .expect("it is made");
            let covered = snapshot::covered(&config(Arc::new(storage.clone()))).expect("it reads");
            journal.trim(covered.unwrap_or(0)).expect("it trims");
        }
    }
    let heads = journal.heads().to_vec();
    let active = journal.last_sealed().expect("some are sealed").number + 1;
    if is_closed {
        journal.close().expect("it closes");
    }
    let names = storage.list(Path::new(DIR)).expect("it lists");
    let paths = names.iter().map(|name| Path::new(DIR).join(name));
    let files: Files =
        paths.map(|path| (path.clone(), Arc::new(storage.read(&path).expect("it is there")))).collect();
    // Leftover events that were made and not appended are no part of the past.
    let states = states(&Arc::new(files.clone()));
    Subject { files: Arc::new(files), heads, states, active }
}

/// Folds what a start tells.
struct Fold(Vec<engine::Shard>);

impl RecoveryVisitor for Fold {
    fn begin(&mut self, _shard: ShardId, image: &ShardImage) {
        self.0.push(engine::Shard::restore(shard_config(), image));
    }

    fn event(&mut self, shard: ShardId, _seq: ShardSeq, event: &Event) {
        self.0[usize::from(shard.get())].fold(event);
    }
}

/// The states, and what the start warned of; or why it refused.
fn start(image: Image) -> Result<(Vec<ShardImage>, Vec<String>), String> {
    let mut journal = Journal::open(config(Arc::new(image))).map_err(|error| error.to_string())?;
    let mut fold = Fold(Vec::new());
    let recovered = journal.recover(&mut fold).map_err(|error| error.to_string())?;
    let warnings = recovered.warnings.iter().map(ToString::to_string).collect();
    Ok((fold.0.iter().map(engine::Shard::image).collect(), warnings))
}

fn states(files: &Arc<Files>) -> Vec<ShardImage> {
    start(Image::of(files)).expect("it starts").0
}

/// What became of the changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) detected: u64,
    pub(crate) harmless: u64,
    pub(crate) silent: u64,
    pub(crate) panics: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Detected => self.detected += 1,
            Outcome::Harmless => self.harmless += 1,
            Outcome::Silent => self.silent += 1,
            Outcome::Panicked => self.panics += 1,
        }
    }

    pub(crate) fn is_proof(self) -> bool {
        self.silent == 0 && self.panics == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Refused, with the place named.
    Detected,
    /// Read back as what was written.
    Harmless,
    /// Read back as something else, or refused without a place.
    Silent,
    /// Ended in a panic that nobody caught.
    Panicked,
}

impl Subject {
    /// The changed file alone, read as a start reads it.
    pub(crate) fn outcome(&self, path: &Path, change: Change) -> Outcome {
        let mut bytes = self.files[path].to_vec();
        change.apply(&mut bytes);
        let image = Image::with(&self.files, path, bytes);
        let name = path.file_name().and_then(|name| name.to_str()).expect("files have names").to_owned();
        catch_unwind(AssertUnwindSafe(|| self.judge(image, &name))).unwrap_or(Outcome::Panicked)
    }

    fn judge(&self, image: Image, name: &str) -> Outcome {
        let segment = name.strip_prefix("segment-").and_then(|name| name.strip_suffix(".redb"));
        if let Some(number) = segment.and_then(|number| number.parse::<u32>().ok()) {
            return self.judge_segment(image, number);
        }
        if let Some((shard, seq)) = snapshot_of(name) {
            let source = Source::open(Arc::new(image), Path::new(DIR), CACHE_BYTES);
            let source = source.expect("it reads").expect("it is there");
            // A snapshot that does not hold is left for an older one, by name.
            return match source.inspect_snapshot(shard, seq).expect("memory does not fail") {
                Some(warning) if warning.to_string().contains(name) => Outcome::Detected,
                // One whose hash held after its bytes were changed would be another state in silence.
                Some(_) | None => Outcome::Silent,
            };
        }
        self.judge_start(image, name)
    }

    fn judge_segment(&self, image: Image, number: u32) -> Outcome {
        let source = Source::open(Arc::new(image), Path::new(DIR), CACHE_BYTES);
        let source = source.expect("the manifest was not touched").expect("it is there");
        let found = match source.inspect_segment(number) {
            Ok(found) => found,
            Err(error) => return named(&error.to_string(), number),
        };
        if let Some(damage) = found.damage.first() {
            return named(&damage.to_string(), number);
        }
        // The chain of hashes ends where it should: all before it is what it was.
        let is_right = number < self.active || found.heads == self.heads;
        if is_right { Outcome::Harmless } else { Outcome::Silent }
    }

    /// Through everything that a start does. Where it goes on without the changed file, that file is
    /// one it can do without: a snapshot or the witness, or bytes of a segment that hold nothing.
    fn judge_start(&self, image: Image, name: &str) -> Outcome {
        match start(image) {
            Ok((states, _)) if states != self.states => Outcome::Silent,
            Ok((_, warnings)) if warnings.iter().any(|warning| !warning.contains(name)) => Outcome::Silent,
            Ok(_) => Outcome::Harmless,
            Err(message) => refused(&message, name),
        }
    }

    pub(crate) fn whole_start(&self, path: &Path, change: Change) -> Outcome {
        let mut bytes = self.files[path].to_vec();
        change.apply(&mut bytes);
        let image = Image::with(&self.files, path, bytes);
        let name = path.file_name().and_then(|name| name.to_str()).expect("files have names");
        catch_unwind(AssertUnwindSafe(|| self.judge_start(image, name))).unwrap_or(Outcome::Panicked)
    }

    /// Files whose every byte is a subject.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.keys().filter(|path| !path.ends_with("LOCK"))
    }
}

/// A refusal of a start names the changed file and the place in it.
fn refused(message: &str, name: &str) -> Outcome {
    let segment = name.strip_prefix("segment-").and_then(|name| name.strip_suffix(".redb"));
    if let Some(number) = segment.and_then(|number| number.parse().ok()) {
        return named(message, number);
    }
    let has = |word: &str| message.contains(word);
    // The manifest names a line or a byte. Neither snapshots nor a torn witness ever stop a start.
    let is_named = name == "MANIFEST" && has(name) && (has("line ") || has("byte "));
    if is_named { Outcome::Detected } else { Outcome::Silent }
}

/// A refusal names segment, shard and event.
fn named(message: &str, number: u32) -> Outcome {
    let has = |word: &str| message.contains(word);
    let is_named = has(&format!("segment {number}")) && has("shard") && (has("event") || has("batch"));
    if is_named { Outcome::Detected } else { Outcome::Silent }
}

fn snapshot_of(name: &str) -> Option<(ShardId, ShardSeq)> {
    let (shard, seq) = name.strip_prefix("snapshot-")?.strip_suffix(".bin")?.split_once('-')?;
    Some((ShardId::new(shard.parse().ok()?), ShardSeq::new(seq.parse().ok()?)))
}

/// Panics inside the database are expected here, and their messages are of no use.
pub(crate) fn silently<T>(work: impl FnOnce() -> T) -> T {
    std::panic::set_hook(Box::new(|_| {}));
    let value = catch_unwind(AssertUnwindSafe(work));
    let _ = std::panic::take_hook();
    value.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
