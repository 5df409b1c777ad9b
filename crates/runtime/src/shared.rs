//! What threads share: how far each shard got, whether the system still works, and its clock.
//!
//! It owns the three counters of the output-commit rule and the latch of failures. It must never
//! hold state that decides anything. Invariant: `published <= durable <= applied` for every shard.

use crate::clock::Clock;
use crate::measure::Meters;
use model::{ShardId, ShardSeq};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::watch;

/// Why a system does not work any more: it must be stopped and started again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The journal could not be written; its text.
    Journal(String),
    /// The views could not be written; its text.
    Views(String),
    /// A thread panicked; its name.
    Panic(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Journal(text) => write!(out, "the journal failed: {text}"),
            Self::Views(text) => write!(out, "the views failed: {text}"),
            Self::Panic(name) => write!(out, "the thread {name} panicked"),
        }
    }
}

/// How one shard stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardStatus {
    /// Which.
    pub shard: ShardId,
    /// Events that the engine made.
    pub applied: u64,
    /// Events that are on disk.
    pub durable: u64,
    /// Events that readers see.
    pub published: u64,
    /// Events whose rows are on disk in the views; the rest would be folded again after a crash.
    pub stored: u64,
    /// Open orders it holds.
    pub open_orders: u64,
    /// Requests that wait for it.
    pub commands_queued: u64,
    /// Ticks it evaluated.
    pub ticks_evaluated: u64,
}

/// How the system stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemStatus {
    /// Why it does not work any more, when it does not.
    pub failure: Option<Failure>,
    /// Whether it is draining before the end.
    pub stopping: bool,
    /// Whether ticks come from the feed.
    pub feed_up: bool,
    /// Ticks that came since the start.
    pub ticks_received: u64,
    /// The shards, by id.
    pub shards: Vec<ShardStatus>,
}

/// How far one shard got; each field has one writer.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Written by the shard's thread.
    pub(crate) applied: AtomicU64,
    /// Written by the journal thread.
    pub(crate) durable: AtomicU64,
    /// Written by the projection thread.
    pub(crate) published: AtomicU64,
    /// Written by the shard's thread.
    pub(crate) open_orders: AtomicU64,
    /// Written by the shard's thread.
    pub(crate) ticks_evaluated: AtomicU64,
}

/// What every thread holds.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) meters: Meters,
    pub(crate) stopping: AtomicBool,
    pub(crate) feed_up: AtomicBool,
    failed: AtomicBool,
    failure: watch::Sender<Option<Failure>>,
    progress: Vec<Progress>,
}

impl Shared {
    /// For shards that stand at these events.
    pub(crate) fn new(clock: Clock, heads: &[ShardSeq]) -> Self {
        let progress = heads.iter().map(|head| Progress {
            applied: AtomicU64::new(head.get()),
            durable: AtomicU64::new(head.get()),
            published: AtomicU64::new(head.get()),
            ..Progress::default()
        });
        Self {
            clock,
            meters: Meters::default(),
            stopping: AtomicBool::new(false),
            feed_up: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            failure: watch::channel(None).0,
            progress: progress.collect(),
        }
    }

    /// How far a shard got.
    pub(crate) fn progress(&self, shard: ShardId) -> &Progress {
        &self.progress[usize::from(shard.get())]
    }

    /// Latches the first failure.
    pub(crate) fn fail(&self, failure: Failure) {
        tracing::error!(%failure, "the system failed");
        self.failed.store(true, Ordering::Release);
        self.failure.send_if_modified(|latched| {
            let first = latched.is_none();
            if first {
                *latched = Some(failure);
            }
            first
        });
    }

    /// Whether something failed for good.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Whether the system is draining.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Follows the failure.
    pub(crate) fn failure(&self) -> watch::Receiver<Option<Failure>> {
        self.failure.subscribe()
    }

    /// How things stand, without what the queues know.
    pub(crate) fn status(&self) -> SystemStatus {
        let shards = self.progress.iter().zip(0..).map(|(progress, shard)| {
            // Read in this order, so that what is read keeps the order of the invariant.
            let published = progress.published.load(Ordering::Acquire);
            let durable = progress.durable.load(Ordering::Acquire);
            ShardStatus {
                shard: ShardId::new(shard),
                applied: progress.applied.load(Ordering::Acquire),
                durable,
                published,
                stored: 0,
                open_orders: progress.open_orders.load(Ordering::Relaxed),
                commands_queued: 0,
                ticks_evaluated: progress.ticks_evaluated.load(Ordering::Acquire),
            }
        });
        SystemStatus {
            failure: self.failure.borrow().clone(),
            stopping: self.is_stopping(),
            feed_up: self.feed_up.load(Ordering::Relaxed),
            ticks_received: self.meters.ticks_received.load(Ordering::Relaxed),
            shards: shards.collect(),
        }
    }
}

/// Locks; what a panicked holder left behind is still read, since the failure is latched elsewhere.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for reading; see [`lock`].
pub(crate) fn read<T>(guarded: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    guarded.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for writing; see [`lock`].
pub(crate) fn write<T>(guarded: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    guarded.write().unwrap_or_else(PoisonError::into_inner)
}
