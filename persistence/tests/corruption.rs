//! Every byte of a journal and of its snapshots, changed, and every length it can be cut to: noticed
//! with its place, or harmless. Never another past in silence, never a panic that is not a diagnosis.
//!
//! The files are those of two real shards, of more than a megabyte, after an orderly end and after a
//! process that died. For each change one file is read again over the unchanged bytes of the others; a
//! sample goes through a whole start as well. A spread of the changes runs always; all of them with
//! the ignored test, which keeps its place in a file and goes on from there.

mod common;
#[path = "common/market.rs"]
mod market;

use market::{Market, shard_config};
use model::{Event, ShardId, ShardImage, ShardSeq, Time};
use persistence::storage::{Backend, OpenMode, StorageLock};
use persistence::{
    Journal, JournalConfig, RecoveryVisitor, ShardBatch, ShardHead, SimulatedStorage, Source, Storage, snapshot,
};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const SHARDS: u16 = 2;
const DIR: &str = "data";
/// Bytes of rows in a segment.
const SEGMENT_BYTES: u64 = 300 << 10;
/// Events in a row.
const ROW_EVENTS: usize = 24;
const JOURNAL_BYTES_MIN: usize = 1 << 20;
const SNAPSHOT_BYTES_MIN: usize = 1 << 20;
const CACHE_BYTES: usize = 4 << 20;

type Files = BTreeMap<PathBuf, Arc<Vec<u8>>>;

/// One change of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
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

    /// The change with this number, of three for each byte.
    fn numbered(number: usize) -> Self {
        match number % 3 {
            0 => Self::Bit(number / 3),
            1 => Self::Byte(number / 3),
            _ => Self::Cut(number / 3),
        }
    }
}

/// Files in memory, shared and never written: what is written stays with one reading.
#[derive(Clone, Debug)]
struct Image {
    files: Arc<Files>,
    /// Files that this reading sees otherwise.
    own: Arc<Mutex<Files>>,
}

impl Image {
    fn with(files: &Arc<Files>, path: &Path, bytes: Vec<u8>) -> Self {
        let own = BTreeMap::from([(path.to_owned(), Arc::new(bytes))]);
        Self { files: Arc::clone(files), own: Arc::new(Mutex::new(own)) }
    }

    fn find(&self, path: &Path) -> Option<Arc<Vec<u8>>> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.get(path).or_else(|| self.files.get(path)).cloned()
    }

    fn put(&self, path: &Path, bytes: Vec<u8>) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), Arc::new(bytes));
    }
}

#[derive(Debug)]
struct NoLock;

impl StorageLock for NoLock {}

impl Storage for Image {
    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        Ok(Some(Box::new(NoLock)))
    }

    fn list(&self, _dir: &Path) -> io::Result<Vec<String>> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let names = self.files.keys().chain(own.keys()).filter_map(|path| path.file_name()?.to_str());
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn len(&self, path: &Path) -> io::Result<Option<u64>> {
        Ok(self.find(path).map(|bytes| bytes.len() as u64))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Ok(self.find(path).ok_or(io::ErrorKind::NotFound)?.to_vec())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.put(path, bytes.to_vec());
        Ok(())
    }

    fn sync(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let bytes = self.find(from).ok_or(io::ErrorKind::NotFound)?;
        self.put(to, bytes.to_vec());
        Ok(())
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Backend> {
        let bytes = match (self.find(path), mode) {
            (Some(bytes), OpenMode::ReadOnly) => Bytes::Shared(bytes),
            (Some(bytes), OpenMode::Existing) => Bytes::Own(bytes.to_vec()),
            (None, OpenMode::CreateNew) => Bytes::Own(Vec::new()),
            (Some(_), OpenMode::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (None, OpenMode::ReadOnly | OpenMode::Existing) => return Err(io::ErrorKind::NotFound.into()),
        };
        Ok(Backend::new(Opened(Mutex::new(bytes))))
    }

    fn random(&self, out: &mut [u8]) -> io::Result<()> {
        out.fill(1);
        Ok(())
    }
}

/// A file that is open: of others' bytes until it is written.
#[derive(Debug)]
enum Bytes {
    Shared(Arc<Vec<u8>>),
    Own(Vec<u8>),
}

#[derive(Debug)]
struct Opened(Mutex<Bytes>);

impl Opened {
    fn with<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Bytes::Shared(bytes) => work(bytes),
            Bytes::Own(bytes) => work(bytes),
        }
    }

    fn change(&self, work: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Bytes::Shared(_) => Err(io::ErrorKind::PermissionDenied.into()),
            Bytes::Own(bytes) => {
                work(bytes);
                Ok(())
            }
        }
    }
}

impl redb::StorageBackend for Opened {
    fn len(&self) -> io::Result<u64> {
        Ok(self.with(|bytes| bytes.len() as u64))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        self.with(|bytes| {
            let end = start.checked_add(out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            out.copy_from_slice(bytes.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::StorageFull)?;
        self.change(|bytes| bytes.resize(len, 0))
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::StorageFull)?;
        self.change(|bytes| {
            bytes.resize(bytes.len().max(start + data.len()), 0);
            bytes[start..start + data.len()].copy_from_slice(data);
        })
    }

    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, redb::BackendError> {
        Ok(true)
    }

    fn try_lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, redb::BackendError> {
        Ok(true)
    }

    fn lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), redb::BackendError> {
        Ok(())
    }

    fn lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), redb::BackendError> {
        Ok(())
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), redb::BackendError> {
        Ok(())
    }

    fn query_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, redb::BackendError> {
        Ok(false)
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
struct Subject {
    files: Arc<Files>,
    heads: Vec<ShardHead>,
    states: Vec<ShardImage>,
    active: u32,
}

/// A journal of two shards with snapshots, after an orderly end or without one.
fn subject(is_closed: bool) -> Subject {
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

fn start(image: Image) -> Result<Vec<ShardImage>, String> {
    let mut journal = Journal::open(config(Arc::new(image))).map_err(|error| error.to_string())?;
    let mut fold = Fold(Vec::new());
    journal.recover(&mut fold).map_err(|error| error.to_string())?;
    Ok(fold.0.iter().map(engine::Shard::image).collect())
}

fn states(files: &Arc<Files>) -> Vec<ShardImage> {
    start(Image { files: Arc::clone(files), own: Arc::default() }).expect("it starts")
}

/// What became of the changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    detected: u64,
    harmless: u64,
    silent: u64,
    panics: u64,
}

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Detected => self.detected += 1,
            Outcome::Harmless => self.harmless += 1,
            Outcome::Silent => self.silent += 1,
            Outcome::Panicked => self.panics += 1,
        }
    }

    fn is_proof(self) -> bool {
        self.silent == 0 && self.panics == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
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
    fn outcome(&self, path: &Path, change: Change) -> Outcome {
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
        self.judge_start(image)
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

    /// Through everything that a start does.
    fn judge_start(&self, image: Image) -> Outcome {
        match start(image) {
            Ok(states) if states == self.states => Outcome::Harmless,
            Ok(_) => Outcome::Silent,
            Err(_) => Outcome::Detected,
        }
    }

    fn whole_start(&self, path: &Path, change: Change) -> Outcome {
        let mut bytes = self.files[path].to_vec();
        change.apply(&mut bytes);
        let image = Image::with(&self.files, path, bytes);
        catch_unwind(AssertUnwindSafe(|| self.judge_start(image))).unwrap_or(Outcome::Panicked)
    }

    /// Files whose every byte is a subject.
    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.keys().filter(|path| !path.ends_with("LOCK"))
    }
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
fn silently<T>(work: impl FnOnce() -> T) -> T {
    std::panic::set_hook(Box::new(|_| {}));
    let value = catch_unwind(AssertUnwindSafe(work));
    let _ = std::panic::take_hook();
    value.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Every so-many-th change of every file, and fewer of them through a whole start.
fn spread(subject: &Subject, changes: usize, starts: usize) -> (Counts, Counts) {
    let (mut alone, mut whole) = (Counts::default(), Counts::default());
    let total: usize = subject.paths().map(|path| 3 * subject.files[path].len()).sum();
    let mut bad = Vec::new();
    for path in subject.paths() {
        let len = subject.files[path].len();
        // Odd, so that all three kinds take part; and never so far that a small file has no part.
        let step = ((total / changes) | 1).min((len / 40) | 1);
        for number in (0..3 * len).step_by(step) {
            let change = Change::numbered(number);
            let outcome = subject.outcome(path, change);
            alone.add(outcome);
            if !matches!(outcome, Outcome::Detected | Outcome::Harmless) {
                bad.push((path.clone(), change, outcome));
            }
        }
        for number in (0..3 * len).step_by(((total / starts) | 1).min((len / 4) | 1)) {
            let change = Change::numbered(number);
            let outcome = subject.whole_start(path, change);
            whole.add(outcome);
            if !matches!(outcome, Outcome::Detected | Outcome::Harmless) {
                bad.push((path.clone(), change, outcome));
            }
        }
    }
    assert!(bad.is_empty(), "{} of them, such as {:?}", bad.len(), &bad[..bad.len().min(5)]);
    (alone, whole)
}

#[test]
fn a_spread_of_all_changes_is_detected_or_harmless_after_an_orderly_end_and_after_a_crash() {
    for is_closed in [true, false] {
        let subject = subject(is_closed);
        let sizes = |prefix: &str| -> usize {
            let of =
                |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
            subject.files.keys().filter(of).map(|path| subject.files[path].len()).sum()
        };
        assert!(sizes("segment-") > JOURNAL_BYTES_MIN, "{} bytes of segments", sizes("segment-"));
        assert!(sizes("snapshot-") > SNAPSHOT_BYTES_MIN, "{} bytes of snapshots", sizes("snapshot-"));
        let (alone, whole) = silently(|| spread(&subject, 3_000, 120));
        assert!(alone.is_proof() && whole.is_proof(), "{alone:?}, {whole:?}");
        assert!(alone.detected > 1_000, "{alone:?}");
    }
}

/// Where the run over every change stands.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    next: usize,
    counts: Counts,
}

impl Progress {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [next, detected, harmless, silent, panics] = numbers[..] else { return Self::default() };
        let next = usize::try_from(next).expect("counts fit");
        Self { next, counts: Counts { detected, harmless, silent, panics } }
    }

    fn write(self, path: &Path) {
        let Counts { detected, harmless, silent, panics } = self.counts;
        let text = format!("{} {detected} {harmless} {silent} {panics}\n", self.next);
        std::fs::write(path, text).expect("the progress is kept");
    }
}

/// Changes between two notes of the progress.
const BLOCK: usize = 20_000;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Every change of every file. `PAPERTAPE_CORRUPTION_PROGRESS` names the file that keeps the place,
/// `PAPERTAPE_CORRUPTION_SECONDS` ends a run early, `PAPERTAPE_CORRUPTION_THREADS` is 2 by itself.
#[test]
#[ignore = "an hour or more; see docs/PROOF.md"]
#[expect(clippy::print_stderr, reason = "a long run tells how far it is")]
fn every_change_is_detected_or_harmless() {
    let subjects = [subject(true), subject(false)];
    let mut changes: Vec<(usize, &PathBuf)> = Vec::new();
    for (index, subject) in subjects.iter().enumerate() {
        // Files that a crash leaves as an orderly end does are read once.
        let is_other = |path: &&PathBuf| index == 0 || subjects[0].files.get(*path) != subject.files.get(*path);
        changes.extend(subject.paths().filter(is_other).map(|path| (index, path)));
    }
    let lens: Vec<usize> = changes.iter().map(|(index, path)| 3 * subjects[*index].files[*path].len()).collect();
    let total: usize = lens.iter().sum();
    let file = std::env::var_os("PAPERTAPE_CORRUPTION_PROGRESS");
    let file = file.map_or_else(|| std::env::temp_dir().join("papertape-corruption"), PathBuf::from);
    let (begun, limit) = (std::time::Instant::now(), variable("PAPERTAPE_CORRUPTION_SECONDS"));
    let threads = usize::try_from(variable("PAPERTAPE_CORRUPTION_THREADS").unwrap_or(2)).expect("a few").max(1);
    let mut progress = Progress::read(&file);
    silently(|| {
        while progress.next < total && limit.is_none_or(|limit| begun.elapsed().as_secs() < limit) {
            let end = (progress.next + BLOCK).min(total);
            let part = |thread: usize| {
                let mut counts = Counts::default();
                for number in (progress.next..end).skip(thread).step_by(threads) {
                    let (mut at, mut left) = (0, number);
                    while left >= lens[at] {
                        left -= lens[at];
                        at += 1;
                    }
                    let (index, path) = changes[at];
                    let outcome = subjects[index].outcome(path, Change::numbered(left));
                    if !matches!(outcome, Outcome::Detected | Outcome::Harmless) {
                        eprintln!("{}: {:?}: {outcome:?}", path.display(), Change::numbered(left));
                    }
                    counts.add(outcome);
                }
                counts
            };
            let counts: Vec<Counts> = std::thread::scope(|scope| {
                let handles: Vec<_> = (0..threads)
                    .map(|thread| {
                        scope.spawn({
                            let part = &part;
                            move || part(thread)
                        })
                    })
                    .collect();
                handles.into_iter().map(|handle| handle.join().expect("a part does not panic")).collect()
            });
            for part in counts {
                progress.counts.detected += part.detected;
                progress.counts.harmless += part.harmless;
                progress.counts.silent += part.silent;
                progress.counts.panics += part.panics;
            }
            progress.next = end;
            progress.write(&file);
            eprintln!("{end} of {total} changes of {} files: {:?}", changes.len(), progress.counts);
        }
    });
    assert!(progress.counts.is_proof(), "{:?}", progress.counts);
}
