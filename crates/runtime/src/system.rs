//! Start and stop: files opened, the past folded, threads begun, and all of it in reverse.
//!
//! It must never run a thread before recovery is done. Invariant: when stopping returned, everything
//! that was taken in is durable and no thread is left.

use crate::clock::Clock;
use crate::config::Durability;
use crate::handle::Core;
use crate::healing::{Keeper, KeeperThread};
use crate::instruments::InstrumentDirectory;
use crate::parts::{Frame, Opened, assemble};
use crate::recovery::Recovery;
use crate::sequencer::Sequencer;
use crate::shared::Shared;
use crate::startup;
use crate::threads::Threads;
use crate::{Failure, FeedPort, Handle, StreamEncoder, SystemConfig};
use model::Time;
use persistence::{
    Catalogue, CatalogueError, Epoch, Journal, JournalConfig, ObservedStorage, OpenError, RecoverError, Storage,
    ViewConfig, ViewStore,
};
use std::sync::{Arc, Mutex};
use thiserror::Error;
use tokio::sync::watch;

/// Users, keys and names.
pub(crate) const CATALOGUE_FILE: &str = "catalog.redb";
/// What readers see.
pub(crate) const VIEWS_FILE: &str = "views.redb";
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
    /// Another journal lies where this system's lay while it ran.
    #[error("another journal, of epoch {epoch}, lies in the data directory now")]
    Replaced {
        /// The one that was found.
        epoch: Epoch,
    },
    /// A thread could not be started.
    #[error("a thread cannot be started: {0}")]
    Thread(#[source] std::io::Error),
}

impl StartError {
    pub(crate) fn open(what: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Open { what, source: Box::new(error) }
    }

    /// Whether what lies on the disk is at fault, rather than the disk for the moment: trying again
    /// gives the same.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Open { source, .. } | Self::Recover { source } => {
                let journal = source.downcast_ref::<OpenError>().is_some_and(|error| {
                    !matches!(error, OpenError::InUse { .. } | OpenError::Io { .. } | OpenError::Database { .. })
                });
                let told = source.downcast_ref::<RecoverError>().is_some_and(|error| {
                    !matches!(
                        error,
                        RecoverError::Poisoned | RecoverError::Io { .. } | RecoverError::Database { .. }
                    )
                });
                let catalogue =
                    source.downcast_ref::<CatalogueError>().is_some_and(|error| !error.is_storage_failure());
                journal || told || catalogue
            }
            Self::Replaced { .. } => true,
            Self::Thread(_) => false,
        }
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
    keeper: Option<KeeperThread>,
}

impl System {
    /// Opens the files, recovers, and starts the threads.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(mut config: SystemConfig, encoder: Arc<dyn StreamEncoder>) -> Result<Self, StartError> {
        let frame = Frame::default();
        let files = ObservedStorage::new(config.storage);
        config.storage = Arc::new(files.clone());
        let opened = open(&config, &frame, (Arc::clone(&encoder), None))?;
        let parts = assemble(&config, &frame.capacities, opened);
        let core = Arc::clone(&parts.core);
        let (threads, sequencer) = Threads::begin(parts)?;
        let relay = Arc::clone(&sequencer.relay);
        let port = Arc::new(Mutex::new(Some(sequencer)));
        let keeper = KeeperThread::start(Keeper::new(
            (config, files, frame, encoder),
            Arc::clone(&core),
            (threads, relay),
        ))?;
        Ok(Self { core, port, keeper: Some(keeper) })
    }

    /// To send requests to and to read from.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.core))
    }

    /// The feed's way in. There is one; dropping it gives it back. It stays good through failures.
    ///
    /// # Panics
    /// When the last one given out is still alive.
    pub fn feed_port(&mut self) -> FeedPort {
        FeedPort::take(&self.port).expect("the last feed port was dropped before another is taken")
    }

    /// `Some` while the system takes nothing in because it failed, `None` again once it went on. After
    /// a failure that is final it has to be stopped.
    #[must_use]
    pub fn failure(&self) -> watch::Receiver<Option<Failure>> {
        self.core.life().shared.failure()
    }

    /// Refuses new requests, finishes what waits, and ends the threads. Blocks.
    ///
    /// # Errors
    /// When the system had failed and did not go on.
    pub fn stop(mut self) -> Result<(), StopError> {
        self.shut_down();
        match self.core.life().shared.failure().borrow().clone() {
            Some(failure) => Err(StopError::Failed(failure)),
            None => Ok(()),
        }
    }

    fn shut_down(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.stop();
            self.core.life().projections.end_streams();
        }
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// What outlives a failure: readers hold it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) instruments: Arc<InstrumentDirectory>,
    pub(crate) store: Arc<ViewStore>,
    pub(crate) epoch: Epoch,
    pub(crate) shared: Arc<Shared>,
}

/// Opens the files and recovers.
pub(crate) fn open(
    config: &SystemConfig,
    frame: &Frame,
    (encoder, kept): (Arc<dyn StreamEncoder>, Option<Kept>),
) -> Result<Opened, StartError> {
    let storage = &config.storage;
    let opening = |what| move |error| StartError::open(what, error);
    storage.create_dir(&config.data_dir).map_err(opening("the data directory"))?;
    let (catalogue, instruments) = match &kept {
        Some(kept) => (Arc::clone(&kept.catalogue), Arc::clone(&kept.instruments)),
        None => {
            let catalogue = Catalogue::open(&config.data_dir.join(CATALOGUE_FILE), storage)
                .map_err(|error| StartError::open("the catalogue", error))?;
            (Arc::new(catalogue), Arc::default())
        }
    };
    let (mut journal, epoch, mut restored) = match config.durability {
        Durability::Journal | Durability::Behind => {
            let journal_config = journal_config(config, frame.capacities.journal_cache_bytes)?;
            let mut journal =
                Journal::open(journal_config.clone()).map_err(|error| StartError::open("the journal", error))?;
            let epoch = journal.epoch();
            if kept.as_ref().is_some_and(|kept| kept.epoch != epoch) {
                return Err(StartError::Replaced { epoch });
            }
            let recovery = recovery(config, frame, (VIEWS_FILE, epoch), (encoder, kept.as_ref()));
            let restored = recovery.run(&mut journal)?;
            // Ahead of the journal, what was seen before this start may be another history than the one that is kept.
            let seen = match config.durability {
                Durability::Behind => random_epoch(&**storage).map_err(opening("the random source"))?,
                Durability::Journal | Durability::Off => epoch,
            };
            (Some((journal, journal_config)), seen, restored)
        }
        Durability::Off => {
            let epoch = random_epoch(&**storage).map_err(opening("the random source"))?;
            let recovery = recovery(config, frame, ("views-unkept.redb", epoch), (encoder, None));
            let restored = recovery.empty(config.shards.unwrap_or_else(default_shards))?;
            (None, epoch, restored)
        }
    };
    let before = kept.map(|kept| kept.shared);
    let from = restored.shards.iter().map(engine::Shard::now).max().unwrap_or(Time::EARLIEST);
    let from = before.as_ref().map_or(from, |before| before.clock.stamped().max(from));
    let clock = Clock::new(config.clock, frame.wall.clone(), from);
    let written = journal.as_mut().map(|(journal, _)| journal);
    startup::complete(&mut restored, written, &catalogue, (&clock, &instruments))?;
    Ok(Opened { journal, catalogue, restored, epoch, clock, instruments, before })
}

fn random_epoch(storage: &dyn Storage) -> std::io::Result<Epoch> {
    let mut number = [0; 16];
    storage.random(&mut number)?;
    Ok(Epoch::new(u128::from_le_bytes(number)))
}

fn recovery(
    config: &SystemConfig,
    frame: &Frame,
    (name, epoch): (&str, Epoch),
    (encoder, kept): (Arc<dyn StreamEncoder>, Option<&Kept>),
) -> Recovery {
    let views = ViewConfig {
        path: config.data_dir.join(name),
        epoch,
        cache_bytes: frame.capacities.views_cache_bytes,
        storage: Arc::clone(&config.storage),
    };
    let store = kept.map(|kept| Arc::clone(&kept.store));
    let (bounds, hands) = (frame.capacities.stream, frame.hands);
    Recovery { views, shard: config.shard, bounds, encoder, store, hands }
}

fn journal_config(config: &SystemConfig, cache_bytes: usize) -> Result<JournalConfig, StartError> {
    let dir = config.data_dir.join("journal");
    let stored =
        Journal::stored_shards(&*config.storage, &dir).map_err(|error| StartError::open("the journal", error))?;
    Ok(JournalConfig {
        dir,
        shards: config.shards.or(stored).unwrap_or_else(default_shards),
        segment_bytes_max: config.segment_bytes_max,
        cache_bytes,
        storage: Arc::clone(&config.storage),
    })
}

/// Half of the cores: the other half is for the journal, the views and the network.
fn default_shards() -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u16::try_from((cores / 2).clamp(1, DEFAULT_SHARDS_MAX)).unwrap_or(1)
}
