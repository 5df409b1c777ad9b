//! Start and stop: files opened, the past folded, threads begun, and all of it in reverse.
//!
//! It owns the threads. It must never run one before recovery is done. Invariant: when stopping
//! returned, everything that was taken in is durable and no thread is left.

use crate::clock::Clock;
use crate::command_queue::CommandQueue;
use crate::config::Durability;
use crate::conflate::Sizes;
use crate::handle::Core;
use crate::instruments::InstrumentDirectory;
use crate::journal_thread::{Batch, JournalThread};
use crate::lane::{LaneSender, lane};
use crate::market_data::BarBoard;
use crate::projection::{Folder, Projections, Round};
use crate::quotes::QuoteBoard;
use crate::recovery::{Recovery, Restored};
use crate::sequencer::Sequencer;
use crate::shard_thread::ShardThread;
use crate::shared::Shared;
use crate::waker::{Sleeper, Waker};
use crate::{Failure, FeedPort, Handle, StreamEncoder, SystemConfig};
use crate::{market_data, projection, snapshotter, startup, view_writer};
use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use model::limits::{JOURNAL_BATCHES_MAX, SHARD_TICKS_MAX};
use model::{ShardId, ShardSeq, TickSeq, Time};
use persistence::{Catalogue, Epoch, Journal, JournalConfig, ViewConfig};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use thiserror::Error;
use tokio::sync::watch;

/// Memory for pages of the open journal segment.
const JOURNAL_CACHE_BYTES: usize = 16 << 20;
/// Memory for pages of the views.
const VIEWS_CACHE_BYTES: usize = 64 << 20;
/// Commits that may wait to be folded (guess: some milliseconds of work).
const ROUNDS_MAX: usize = 64;
/// Folded commits whose rows may wait to be written.
const ROW_BATCHES_MAX: usize = 256;
/// Most shards that a new data directory gets by default.
const DEFAULT_SHARDS_MAX: usize = 8;

/// Why a system does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A file could not be opened or read.
    #[error("{what} cannot be opened: {source}")]
    Open {
        /// Which file.
        what: &'static str,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The journal could not be read back.
    #[error("the journal cannot be recovered: {source}")]
    Recover {
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A thread could not be started.
    #[error("a thread cannot be started: {0}")]
    Thread(#[source] std::io::Error),
}

impl StartError {
    pub(crate) fn open(what: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Open { what, source: Box::new(error) }
    }
}

/// Why a system did not stop well.
#[derive(Debug, Error)]
pub enum StopError {
    /// It had failed before.
    #[error("{0}")]
    Failed(Failure),
}

/// A running system. Dropping it stops it.
#[derive(Debug)]
pub struct System {
    core: Arc<Core>,
    port: Arc<Mutex<Option<Sequencer>>>,
    wakers: Vec<Arc<Waker>>,
    /// In the order in which they end.
    threads: Vec<JoinHandle<()>>,
}

/// What was read from files, before threads run.
struct Opened {
    journal: Option<(Journal, JournalConfig)>,
    catalogue: Catalogue,
    restored: Restored,
    epoch: Epoch,
    clock: Clock,
    instruments: Arc<InstrumentDirectory>,
}

impl System {
    /// Opens the files, recovers, and starts the threads.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(config: SystemConfig, encoder: Arc<dyn StreamEncoder>) -> Result<Self, StartError> {
        let opened = open(&config, encoder)?;
        launch(&config, opened)
    }

    /// To send requests to and to read from.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.core))
    }

    /// The feed's way in. There is one; dropping it gives it back.
    ///
    /// # Panics
    /// When the last one given out is still alive.
    pub fn feed_port(&mut self) -> FeedPort {
        FeedPort::take(&self.port).expect("the last feed port was dropped before another is taken")
    }

    /// Changes to `Some` when the system failed; it must then be stopped, and may be started again.
    #[must_use]
    pub fn failure(&self) -> watch::Receiver<Option<Failure>> {
        self.core.shared.failure()
    }

    /// Refuses new requests, finishes what waits, and ends the threads. Blocks.
    ///
    /// # Errors
    /// When the system had failed.
    pub fn stop(mut self) -> Result<(), StopError> {
        self.shut_down();
        match self.core.shared.failure().borrow().clone() {
            Some(failure) => Err(StopError::Failed(failure)),
            None => Ok(()),
        }
    }

    fn shut_down(&mut self) {
        self.core.shared.stopping.store(true, Ordering::Release);
        self.core.queues.iter().for_each(|queue| queue.close());
        self.wakers.iter().for_each(|waker| waker.wake());
        for thread in self.threads.drain(..) {
            // A panic was latched as the failure when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.shut_down();
    }
}

fn open(config: &SystemConfig, encoder: Arc<dyn StreamEncoder>) -> Result<Opened, StartError> {
    let storage = &config.storage;
    let opening = |what| move |error| StartError::open(what, error);
    storage.create_dir(&config.data_dir).map_err(opening("the data directory"))?;
    let catalogue = Catalogue::open(&config.data_dir.join("catalog.redb"), storage)
        .map_err(|error| StartError::open("the catalogue", error))?;
    let views = |name: &str, epoch| ViewConfig {
        path: config.data_dir.join(name),
        epoch,
        cache_bytes: VIEWS_CACHE_BYTES,
        storage: Arc::clone(storage),
    };
    let (mut journal, epoch, mut restored) = match config.durability {
        Durability::Journal => {
            let journal_config = journal_config(config)?;
            let mut journal =
                Journal::open(journal_config.clone()).map_err(|error| StartError::open("the journal", error))?;
            let epoch = journal.epoch();
            let recovery = Recovery { views: views("views.redb", epoch), shard: config.shard, encoder };
            let restored = recovery.run(&mut journal)?;
            (Some((journal, journal_config)), epoch, restored)
        }
        Durability::Off => {
            let mut number = [0; 16];
            storage.random(&mut number).map_err(opening("the random source"))?;
            let epoch = Epoch::new(u128::from_le_bytes(number));
            let recovery = Recovery { views: views("views-unkept.redb", epoch), shard: config.shard, encoder };
            let restored = recovery.empty(config.shards.unwrap_or_else(default_shards))?;
            (None, epoch, restored)
        }
    };
    let from = restored.shards.iter().map(engine::Shard::now).max().unwrap_or(Time::EARLIEST);
    let clock = Clock::new(config.clock, from);
    let instruments = Arc::new(InstrumentDirectory::default());
    let kept = journal.as_mut().map(|(journal, _)| journal);
    startup::complete(&mut restored, kept, &catalogue, (&clock, &instruments))?;
    Ok(Opened { journal, catalogue, restored, epoch, clock, instruments })
}

fn journal_config(config: &SystemConfig) -> Result<JournalConfig, StartError> {
    let dir = config.data_dir.join("journal");
    let stored =
        Journal::stored_shards(&*config.storage, &dir).map_err(|error| StartError::open("the journal", error))?;
    Ok(JournalConfig {
        dir,
        shards: config.shards.or(stored).unwrap_or_else(default_shards),
        segment_bytes_max: config.segment_bytes_max,
        cache_bytes: JOURNAL_CACHE_BYTES,
        storage: Arc::clone(&config.storage),
    })
}

/// Half of the cores: the other half is for the journal, the views and the network.
fn default_shards() -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u16::try_from((cores / 2).clamp(1, DEFAULT_SHARDS_MAX)).unwrap_or(1)
}

fn launch(config: &SystemConfig, opened: Opened) -> Result<System, StartError> {
    let Opened { journal, catalogue, restored, epoch, clock, instruments } = opened;
    let Restored { shards, folder } = restored;
    let heads: Vec<ShardSeq> = shards.iter().map(engine::Shard::seq).collect();
    let shared = Arc::new(Shared::new(clock, &heads));
    let quotes = Arc::new(QuoteBoard::new(config.shard.quote_age_max_ns));
    let bars = Arc::new(BarBoard::default());
    let sleepers: Vec<Sleeper> = shards.iter().map(|_| Sleeper::new()).collect();
    let queues: Vec<Arc<CommandQueue>> =
        sleepers.iter().map(|sleeper| Arc::new(CommandQueue::new(sleeper.waker()))).collect();
    let core = Arc::new(Core::new(
        Arc::clone(&shared),
        queues,
        Arc::clone(&folder.projections),
        (Arc::clone(&quotes), Arc::clone(&bars)),
        (catalogue, instruments, epoch),
    ));
    // From here on a failure to start a thread drops the system, which ends those that run.
    let port = Arc::new(Mutex::new(None));
    let mut system = System { core, port, wakers: Vec::new(), threads: Vec::new() };
    let (batch_sender, batches) = bounded(JOURNAL_BATCHES_MAX);
    let mut lanes = system.spawn_shards(shards.into_iter().zip(sleepers), &batch_sender)?;
    drop(batch_sender);
    let (rounds_sender, rounds) = bounded(ROUNDS_MAX);
    system.spawn_journal(journal, config, &folder.projections, (batches, rounds_sender))?;
    system.spawn_views(config, folder, rounds)?;
    lanes.push(system.spawn_market_data(bars)?);
    let sequencer = Sequencer { lanes, overflow: config.overflow, quotes, shared, last: TickSeq::new(0) };
    *crate::shared::lock(&system.port) = Some(sequencer);
    Ok(system)
}

impl System {
    fn spawn_shards(
        &mut self,
        shards: impl Iterator<Item = (engine::Shard, Sleeper)>,
        batches: &Sender<Batch>,
    ) -> Result<Vec<LaneSender>, StartError> {
        let mut lanes = Vec::new();
        for ((shard, sleeper), id) in shards.zip(0..) {
            let (sender, ticks) = lane(SHARD_TICKS_MAX, Sizes::AsPrinted, sleeper.waker());
            lanes.push(sender);
            let commands = Arc::clone(&self.core.queues[usize::from(id)]);
            let guarded = Some(Arc::clone(&commands));
            let thread = ShardThread {
                id: ShardId::new(id),
                shard,
                ticks,
                commands,
                journal: batches.clone(),
                shared: Arc::clone(&self.core.shared),
                sleeper,
            };
            self.spawn(format!("shard-{id}"), guarded, move || thread.run())?;
        }
        Ok(lanes)
    }

    fn spawn_journal(
        &mut self,
        journal: Option<(Journal, JournalConfig)>,
        config: &SystemConfig,
        projections: &Arc<Projections>,
        (batches, rounds): (Receiver<Batch>, Sender<Round>),
    ) -> Result<(), StartError> {
        let shared = Arc::clone(&self.core.shared);
        let Some((mut journal, journal_config)) = journal else {
            return self.spawn("journal".to_owned(), None, move || {
                JournalThread { shared: &shared, journal: None, rounds }.run(&batches);
            });
        };
        let (sealed_sender, sealed) = unbounded();
        // The last segment may have been sealed just before the end of the last run.
        journal.last_sealed().into_iter().for_each(|segment| drop(sealed_sender.send(segment.clone())));
        journal.on_sealed(Box::new(move |segment| drop(sealed_sender.send(segment.clone()))));
        self.spawn("journal".to_owned(), None, move || {
            JournalThread { shared: &shared, journal: Some(journal), rounds }.run(&batches);
        })?;
        let (shard_config, projections) = (config.shard, Arc::clone(projections));
        let shared = Arc::clone(&self.core.shared);
        self.spawn("snapshotter".to_owned(), None, move || {
            snapshotter::run(&journal_config, shard_config, &projections, (&sealed, &shared));
        })
    }

    fn spawn_views(
        &mut self,
        config: &SystemConfig,
        folder: Folder,
        rounds: Receiver<Round>,
    ) -> Result<(), StartError> {
        let views_wait = config.views_wait;
        let projections = Arc::clone(&folder.projections);
        let (row_sender, rows) = bounded(ROW_BATCHES_MAX);
        let shared = Arc::clone(&self.core.shared);
        self.spawn("projection".to_owned(), None, move || {
            projection::run(folder, &shared, &rounds, &row_sender);
        })?;
        let shared = Arc::clone(&self.core.shared);
        self.spawn("view-writer".to_owned(), None, move || {
            view_writer::run(&projections, &shared, views_wait, &rows);
        })
    }

    fn spawn_market_data(&mut self, bars: Arc<BarBoard>) -> Result<LaneSender, StartError> {
        let sleeper = Sleeper::new();
        self.wakers.push(sleeper.waker());
        let (sender, ticks) = lane(SHARD_TICKS_MAX, Sizes::Summed, sleeper.waker());
        let shared = Arc::clone(&self.core.shared);
        self.spawn("market-data".to_owned(), None, move || market_data::run(ticks, &bars, &shared, &sleeper))?;
        Ok(sender)
    }

    /// Starts a thread whose panic is latched as the system's failure.
    fn spawn(
        &mut self,
        name: String,
        queue: Option<Arc<CommandQueue>>,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<(), StartError> {
        let guard = Guard { name: name.clone(), shared: Arc::clone(&self.core.shared), queue };
        let body = move || {
            let _guard = guard;
            run();
        };
        let thread = std::thread::Builder::new().name(name).spawn(body).map_err(StartError::Thread)?;
        self.threads.push(thread);
        Ok(())
    }
}

/// Latches a panic of the thread that holds it.
struct Guard {
    name: String,
    shared: Arc<Shared>,
    queue: Option<Arc<CommandQueue>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        self.shared.fail(Failure::Panic(self.name.clone()));
        if let Some(queue) = &self.queue {
            queue.close();
            // Requests that are dropped answer that their outcome is unknown.
            while queue.depth() > 0 {
                drop(queue.pop());
            }
        }
    }
}
