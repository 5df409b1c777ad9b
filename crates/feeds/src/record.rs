//! The recorder: market data as it arrives, written to files in the tape format.
//!
//! Owns a writing thread and the queue before it. It never slows down whoever gives it ticks: what
//! the queue cannot hold is dropped from the recording, and counted, and so is everything after a
//! write that failed. It never overwrites a file. What it wrote, [`crate::replay`] plays back tick
//! for tick.

use crate::replay::{HEADER, PART_DIGITS, SymbolTick, write_row};
use crate::{FeedConfig, FeedError, FeedStatus, Push, StopSignal, Subscriptions, Symbols, TickSink};
use model::calendar::Date;
use model::{InstrumentId, Symbol, Tick};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest time that a written tick stays out of the file.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);
/// Bytes gathered for one write.
const BUFFER_BYTES: usize = 256 * 1024;

/// When a recording goes on in a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Never: one file under the very name that was given.
    Never,
    /// Once a part has this many bytes. Parts of `ticks.csv` are `ticks-000001.csv` and so on.
    BySize {
        /// How many.
        bytes_max: u64,
    },
    /// When a tick's exchange time enters a new day in UTC; parts are named as by size.
    ByDay,
}

/// Where and how to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordConfig {
    /// The file, or with rotation the name that the parts' names are made from.
    pub path: PathBuf,
    /// When to begin a new part.
    pub rotation: Rotation,
    /// Ticks that may wait to be written; what comes on top is dropped and counted.
    pub queue_ticks_max: usize,
}

impl RecordConfig {
    /// One file, and room for some hundred thousand ticks (guess: seconds of a busy market).
    #[must_use]
    pub const fn to_file(path: PathBuf) -> Self {
        Self { path, rotation: Rotation::Never, queue_ticks_max: 1 << 17 }
    }
}

/// Why a recording could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A file could not be made or written. An existing file is never overwritten.
    #[error("cannot record to {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The writing thread could not be started or has ended in an unforeseen way.
    #[error("the recorder's thread failed")]
    Thread,
    /// The feed that was to be recorded failed for good.
    #[error(transparent)]
    Feed(#[from] FeedError),
}

impl RecordError {
    fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// What became of the ticks so far; anyone may read it at any time.
#[derive(Debug, Default)]
pub struct RecordStatus {
    written: AtomicU64,
    dropped: AtomicU64,
    has_failed: AtomicBool,
}

impl RecordStatus {
    /// Ticks written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Ticks missing from the recording.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Whether a write failed and the recording ended there.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }
}

/// How a recording went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordReport {
    /// Ticks written.
    pub written: u64,
    /// Ticks missing.
    pub dropped: u64,
    /// The files, in order.
    pub files: Vec<PathBuf>,
}

enum Message {
    Tick(Tick),
    Stop,
}

/// A running recording.
#[derive(Debug)]
pub struct Recorder {
    queue: SyncSender<Message>,
    status: Arc<RecordStatus>,
    thread: JoinHandle<Result<Vec<PathBuf>, RecordError>>,
}

impl Recorder {
    /// Makes the first file and starts writing.
    ///
    /// # Errors
    /// When the file exists already or cannot be made.
    pub fn start(config: RecordConfig, symbols: Arc<dyn Symbols>) -> Result<Self, RecordError> {
        let (queue, waiting) = sync_channel(config.queue_ticks_max);
        let status = Arc::new(RecordStatus::default());
        let files = Files::create(config)?;
        let mut writer = Writer { files, symbols, known: HashMap::new(), status: Arc::clone(&status) };
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || writer.run(&waiting).map(|()| writer.files.paths))
            .map_err(|_| RecordError::Thread)?;
        Ok(Self { queue, status, thread })
    }

    /// The counters.
    #[must_use]
    pub fn status(&self) -> Arc<RecordStatus> {
        Arc::clone(&self.status)
    }

    /// A sink that records what another one takes.
    #[must_use]
    pub fn wrap(&self, inner: Box<dyn TickSink>) -> Box<dyn TickSink> {
        Box::new(RecordingSink { inner, queue: self.queue.clone(), status: Arc::clone(&self.status) })
    }

    /// A sink that only records.
    #[must_use]
    pub fn sink(&self) -> Box<dyn TickSink> {
        self.wrap(Box::new(Nowhere))
    }

    /// Writes what waits, closes the file and makes it durable. Blocks. Sinks that are still there
    /// work on, without recording.
    ///
    /// # Errors
    /// When a write failed, now or earlier.
    pub fn stop(self) -> Result<RecordReport, RecordError> {
        // Without a receiver the thread has failed, and says why below.
        let _ = self.queue.send(Message::Stop);
        let files = self.thread.join().map_err(|_| RecordError::Thread)??;
        Ok(RecordReport { written: self.status.written(), dropped: self.status.dropped(), files })
    }
}

/// Records a feed and does nothing else with it, until told to stop.
///
/// # Errors
/// When the file cannot be made or written, or the feed fails for good.
pub async fn record_feed(
    feed: FeedConfig,
    symbols: Arc<dyn Symbols>,
    subscriptions: Subscriptions,
    config: RecordConfig,
    stop: StopSignal,
) -> Result<RecordReport, RecordError> {
    let recorder = Recorder::start(config, Arc::clone(&symbols))?;
    let status = Arc::new(FeedStatus::new());
    let outcome = crate::run(feed, symbols, subscriptions, recorder.sink(), status, stop).await;
    let report = tokio::task::spawn_blocking(|| recorder.stop()).await.map_err(|_| RecordError::Thread)?;
    outcome?;
    report
}

struct RecordingSink {
    inner: Box<dyn TickSink>,
    queue: SyncSender<Message>,
    status: Arc<RecordStatus>,
}

impl TickSink for RecordingSink {
    fn push(&mut self, tick: Tick) -> Push {
        let push = self.inner.push(tick);
        match push {
            Push::Accepted => {
                if self.queue.try_send(Message::Tick(tick)).is_err() {
                    self.status.dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
            // It comes again.
            Push::Full => {}
        }
        push
    }

    fn feed_up(&mut self) {
        self.inner.feed_up();
    }

    fn feed_lost(&mut self) {
        self.inner.feed_lost();
    }
}

/// Takes everything and keeps nothing.
struct Nowhere;

impl TickSink for Nowhere {
    fn push(&mut self, _tick: Tick) -> Push {
        Push::Accepted
    }

    fn feed_up(&mut self) {}

    fn feed_lost(&mut self) {}
}

struct Writer {
    files: Files,
    symbols: Arc<dyn Symbols>,
    known: HashMap<InstrumentId, Symbol>,
    status: Arc<RecordStatus>,
}

impl Writer {
    fn run(&mut self, waiting: &Receiver<Message>) -> Result<(), RecordError> {
        let outcome = self.write_all(waiting);
        if let Err(error) = &outcome {
            tracing::error!(%error, "the recording ended");
            self.status.has_failed.store(true, Ordering::Relaxed);
            // Counted here, because their senders saw them enter the queue.
            let lost = waiting.try_iter().filter(|message| matches!(message, Message::Tick(_))).count();
            self.status.dropped.fetch_add(lost as u64, Ordering::Relaxed);
        }
        outcome
    }

    fn write_all(&mut self, waiting: &Receiver<Message>) -> Result<(), RecordError> {
        let mut flush_at = Instant::now() + FLUSH_INTERVAL;
        loop {
            let now = Instant::now();
            // Looked at each time, as a busy queue never times out.
            if now >= flush_at {
                self.files.flush()?;
                flush_at = now + FLUSH_INTERVAL;
            }
            match waiting.recv_timeout(flush_at.saturating_duration_since(now)) {
                Ok(Message::Tick(tick)) => self.write(&tick)?,
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return self.files.close(),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn write(&mut self, tick: &Tick) -> Result<(), RecordError> {
        let known = self.known.get(&tick.instrument).copied().or_else(|| self.symbols.symbol(tick.instrument));
        let Some(symbol) = known else {
            self.status.dropped.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        self.known.insert(tick.instrument, symbol);
        self.files.write(&SymbolTick { symbol, time: tick.time, body: tick.body }).inspect_err(|_| {
            self.status.dropped.fetch_add(1, Ordering::Relaxed);
        })?;
        self.status.written.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The files of a recording, of which the last is open.
struct Files {
    config: RecordConfig,
    paths: Vec<PathBuf>,
    out: BufWriter<File>,
    part: u64,
    bytes: u64,
    day: Option<Date>,
    line: Vec<u8>,
}

impl Files {
    fn create(config: RecordConfig) -> Result<Self, RecordError> {
        let (path, file, part) = match config.rotation {
            Rotation::Never => (config.path.clone(), create_file(&config.path)?, 0),
            Rotation::BySize { .. } | Rotation::ByDay => create_part(&config.path, 1)?,
        };
        let mut files = Self {
            config,
            paths: vec![path],
            out: BufWriter::with_capacity(BUFFER_BYTES, file),
            part,
            bytes: 0,
            day: None,
            line: Vec::new(),
        };
        files.write_header()?;
        Ok(files)
    }

    fn write(&mut self, tick: &SymbolTick) -> Result<(), RecordError> {
        self.line.clear();
        write_row(&mut self.line, tick).map_err(|source| self.failure(source))?;
        let day = self.day.map_or(Date::of_utc(tick.time), |day| day.max(Date::of_utc(tick.time)));
        let is_full = match self.config.rotation {
            Rotation::Never => false,
            // A part holds at least one tick.
            Rotation::BySize { bytes_max } => {
                self.day.is_some() && self.bytes + self.line.len() as u64 > bytes_max
            }
            Rotation::ByDay => self.day.is_some_and(|last| last < day),
        };
        if is_full {
            self.begin_part()?;
        }
        self.day = Some(day);
        self.bytes += self.line.len() as u64;
        self.out.write_all(&self.line).map_err(|source| self.failure(source))
    }

    fn begin_part(&mut self) -> Result<(), RecordError> {
        self.close()?;
        let (path, file, part) = create_part(&self.config.path, self.part + 1)?;
        self.paths.push(path);
        self.out = BufWriter::with_capacity(BUFFER_BYTES, file);
        self.part = part;
        self.bytes = 0;
        self.write_header()
    }

    fn write_header(&mut self) -> Result<(), RecordError> {
        self.bytes += HEADER.len() as u64 + 1;
        writeln!(self.out, "{HEADER}").map_err(|source| self.failure(source))
    }

    fn flush(&mut self) -> Result<(), RecordError> {
        self.out.flush().map_err(|source| self.failure(source))
    }

    fn close(&mut self) -> Result<(), RecordError> {
        self.flush()?;
        self.out.get_ref().sync_all().map_err(|source| self.failure(source))
    }

    fn failure(&self, source: std::io::Error) -> RecordError {
        RecordError::io(self.paths.last().unwrap_or(&self.config.path), source)
    }
}

fn create_file(path: &Path) -> Result<File, RecordError> {
    File::create_new(path).map_err(|source| RecordError::io(path, source))
}

/// The first part from this number on whose name is free, after every part that is there.
fn create_part(base: &Path, from: u64) -> Result<(PathBuf, File, u64), RecordError> {
    let stem = base.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut part = from;
    loop {
        let path = base.with_file_name(format!("{stem}-{part:0width$}.csv", width = PART_DIGITS));
        match File::create_new(&path) {
            Ok(file) => return Ok((path, file, part)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => part += 1,
            Err(source) => return Err(RecordError::io(&path, source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::{Tape, TapeInput};
    use model::{Aggressor, Price, Qty, Quote, TickBody, Time, Trade, TradeConditions};

    const HOUR_NANOS: i64 = 3_600_000_000_000;

    struct Table;

    impl Symbols for Table {
        fn resolve(&self, symbol: &str) -> Option<InstrumentId> {
            ["AAPL", "BTC/USD"].iter().position(|known| *known == symbol).map(id)
        }

        fn symbol(&self, id: InstrumentId) -> Option<Symbol> {
            let known = ["AAPL", "BTC/USD"].get(usize::try_from(id.get()).ok()?)?;
            Symbol::parse(known).ok()
        }
    }

    fn id(index: usize) -> InstrumentId {
        InstrumentId::new(u32::try_from(index).expect("small"))
    }

    /// Ticks an hour apart, of both kinds and two instruments; one is older than the one before.
    fn ticks() -> Vec<Tick> {
        let day = 20_000 * 24 * HOUR_NANOS;
        (0..60)
            .map(|count| {
                let price = Price::from_raw(10_000_000_000 + count * 12_345);
                let body = if count % 3 == 0 {
                    TickBody::Trade(Trade {
                        price,
                        size: Qty::from_raw(count + 1),
                        aggressor: if count % 2 == 0 { Aggressor::Buyer } else { Aggressor::Unknown },
                        conditions: if count % 9 == 0 {
                            TradeConditions::Ineligible
                        } else {
                            TradeConditions::Regular
                        },
                    })
                } else {
                    let ask = price + Price::from_raw(1);
                    TickBody::Quote(Quote {
                        bid: price,
                        bid_size: Qty::whole(count),
                        ask,
                        ask_size: Qty::from_raw(1),
                    })
                };
                let hour = if count == 30 { 28 } else { count };
                let time = Time::from_nanos(day + hour * HOUR_NANOS + count);
                Tick { instrument: id(usize::from(count % 5 == 0)), time, body }
            })
            .collect()
    }

    fn record(config: RecordConfig) -> RecordReport {
        let recorder = Recorder::start(config, Arc::new(Table)).expect("a new file");
        let mut sink = recorder.sink();
        for tick in ticks() {
            assert_eq!(sink.push(tick), Push::Accepted);
        }
        recorder.stop().expect("the disk takes it")
    }

    fn play(path: &Path) -> Vec<Tick> {
        let tape = Tape::open(&TapeInput::Csv(vec![path.to_owned()])).expect("a tape");
        tape.map(|tick| {
            let tick = tick.expect("a good line");
            let instrument = Table.resolve(tick.symbol.as_str()).expect("known");
            Tick { instrument, time: tick.time, body: tick.body }
        })
        .collect()
    }

    #[test]
    fn what_is_recorded_is_played_back_tick_for_tick() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ticks.csv");
        let report = record(RecordConfig::to_file(path.clone()));
        assert_eq!((report.written, report.dropped, report.files), (60, 0, vec![path.clone()]));
        assert_eq!(play(&path), ticks());
    }

    #[test]
    fn the_parts_of_a_recording_are_played_back_as_one() {
        // A header has 79 bytes and a line at most some 90, so that 300 bytes hold at least two
        // lines and never four; 60 hours cover three days.
        for (rotation, parts) in [(Rotation::BySize { bytes_max: 300 }, 16..=30), (Rotation::ByDay, 3..=3)] {
            let folder = tempfile::tempdir().expect("a folder");
            let config = RecordConfig { rotation, ..RecordConfig::to_file(folder.path().join("ticks.csv")) };
            let report = record(config);
            assert!(parts.contains(&report.files.len()), "{rotation:?}: {} parts", report.files.len());
            assert!(report.files[0].ends_with("ticks-000001.csv"));
            assert_eq!(play(folder.path()), ticks(), "{rotation:?}");
        }
    }

    #[test]
    fn an_existing_recording_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ticks.csv");
        record(RecordConfig::to_file(path.clone()));
        let again = Recorder::start(RecordConfig::to_file(path.clone()), Arc::new(Table));
        assert!(matches!(again, Err(RecordError::Io { path: named, .. }) if named == path));
        let config = RecordConfig { rotation: Rotation::ByDay, ..RecordConfig::to_file(path) };
        record(config.clone());
        let second = record(config);
        assert!(second.files[0].ends_with("ticks-000004.csv"), "parts go on after those that are there");
    }

    #[test]
    fn a_full_queue_drops_from_the_recording_and_not_from_the_sink() {
        let (queue, _waiting) = sync_channel(1);
        let status = Arc::new(RecordStatus::default());
        let mut sink = RecordingSink { inner: Box::new(Nowhere), queue, status: Arc::clone(&status) };
        for tick in ticks().into_iter().take(3) {
            assert_eq!(sink.push(tick), Push::Accepted);
        }
        assert_eq!(status.dropped(), 2);
    }

    #[test]
    fn a_tick_that_found_no_room_is_recorded_when_it_is_taken() {
        struct EverySecond(bool);
        impl TickSink for EverySecond {
            fn push(&mut self, _tick: Tick) -> Push {
                self.0 = !self.0;
                if self.0 { Push::Full } else { Push::Accepted }
            }
            fn feed_up(&mut self) {}
            fn feed_lost(&mut self) {}
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ticks.csv");
        let recorder = Recorder::start(RecordConfig::to_file(path.clone()), Arc::new(Table)).expect("a new file");
        let mut sink = recorder.wrap(Box::new(EverySecond(false)));
        for tick in ticks() {
            assert_eq!(sink.push(tick), Push::Full);
            assert_eq!(sink.push(tick), Push::Accepted);
        }
        recorder.stop().expect("the disk takes it");
        assert_eq!(play(&path), ticks());
    }

    #[test]
    fn a_full_disk_ends_the_recording_with_an_error_that_names_the_file() {
        let path = PathBuf::from("/dev/full");
        let Ok(file) = File::options().write(true).open(&path) else { return };
        let files = Files {
            config: RecordConfig::to_file(path.clone()),
            paths: vec![path.clone()],
            out: BufWriter::with_capacity(64, file),
            part: 0,
            bytes: 0,
            day: None,
            line: Vec::new(),
        };
        let status = Arc::new(RecordStatus::default());
        let mut writer =
            Writer { files, symbols: Arc::new(Table), known: HashMap::new(), status: Arc::clone(&status) };
        let (queue, waiting) = sync_channel(100);
        let mut sink = RecordingSink { inner: Box::new(Nowhere), queue, status: Arc::clone(&status) };
        ticks().into_iter().for_each(|tick| assert_eq!(sink.push(tick), Push::Accepted));
        let outcome = writer.run(&waiting);
        assert!(matches!(outcome, Err(RecordError::Io { path: named, .. }) if named == path));
        assert!(status.has_failed());
        assert_eq!(status.written() + status.dropped(), 60, "every tick is accounted for");
    }
}
