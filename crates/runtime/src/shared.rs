//! What threads share: how far each shard got, whether the system still works, and its clock.
//!
//! It owns the three counters of the output-commit rule and the latch of failures. It must never
//! hold state that decides anything. Invariant: `published <= durable <= applied` for every shard.

use crate::clock::Clock;
use crate::measure::Meters;
use crate::{SpaceStatus, ViewError};
use crossbeam::channel::{Receiver, Sender, bounded};
use model::{ShardId, ShardSeq};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::watch;

/// Why a system takes nothing in. Unless it is final, everything is opened anew and it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The journal could not be written; its text.
    Journal(String),
    /// The views could not be written or read; its text.
    Views(String),
    /// A thread panicked; its name, how far it was and what it worked on.
    Panic(String),
    /// What is on disk is not what was written: where, as far as it is known. Final; what stands in
    /// the views can still be read.
    Corrupt(String),
    /// Threads panicked again and again; over what. Final.
    Poison(String),
    /// It failed, and what was seen before is not all on disk, so that it could not go on from there.
    /// Final.
    Unkept(String),
}

impl Failure {
    /// Whether nothing but a new start, by a person, ends it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Journal(_) | Self::Views(_) | Self::Panic(_) => false,
            Self::Corrupt(_) | Self::Poison(_) | Self::Unkept(_) => true,
        }
    }

    /// Whether the process is of no more use: it should end and say so.
    #[must_use]
    pub fn ends_process(&self) -> bool {
        match self {
            Self::Journal(_) | Self::Views(_) | Self::Panic(_) | Self::Corrupt(_) => false,
            Self::Poison(_) | Self::Unkept(_) => true,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Journal(text) => write!(out, "the journal failed: {text}"),
            Self::Views(text) => write!(out, "the views failed: {text}"),
            Self::Panic(what) => write!(out, "the thread {what} panicked"),
            Self::Corrupt(text) => write!(out, "what is on disk is damaged: {text}"),
            Self::Poison(text) => write!(out, "the same failure again and again: {text}"),
            Self::Unkept(text) => write!(out, "{text}; with this durability it does not go on by itself"),
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
    /// Why it takes nothing in, while it does not.
    pub failure: Option<Failure>,
    /// Whether the catalogue failed and is being opened anew; nothing is written to it meanwhile.
    pub catalogue_failed: bool,
    /// How often the system or its catalogue failed since the start.
    pub failures: u64,
    /// How often one of them went on after everything was opened anew.
    pub heals: u64,
    /// The room on the disk.
    pub space: SpaceStatus,
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
    /// The command at hand, as [`crate::panics::Work`] writes it; 0 for none. Written by the shard's
    /// thread, read when it panicked.
    pub(crate) work: AtomicU64,
}

/// What every thread holds.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) meters: Arc<Meters>,
    pub(crate) stopping: AtomicBool,
    pub(crate) feed_up: AtomicBool,
    failed: AtomicBool,
    /// The same one through all lives of a system.
    failure: Arc<watch::Sender<Option<Failure>>>,
    alarm: Alarm,
    progress: Vec<Progress>,
}

/// Calls whoever looks after the system. Clones call the same one; calls that were not heard yet are
/// one call.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    ring: Sender<()>,
    pub(crate) rung: Receiver<()>,
}

impl Default for Alarm {
    fn default() -> Self {
        let (ring, rung) = bounded(1);
        Self { ring, rung }
    }
}

impl Alarm {
    /// Calls.
    pub(crate) fn ring(&self) {
        // Full, it rings already.
        let _ = self.ring.try_send(());
    }
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
            meters: Arc::default(),
            stopping: AtomicBool::new(false),
            feed_up: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            failure: Arc::new(watch::channel(None).0),
            alarm: Alarm::default(),
            progress: progress.collect(),
        }
    }

    /// The same after a failure: counters go on, and followers of the failure go on following.
    pub(crate) fn after(before: &Self, clock: Clock, heads: &[ShardSeq]) -> Self {
        let after = Self {
            meters: Arc::clone(&before.meters),
            failure: Arc::clone(&before.failure),
            alarm: before.alarm.clone(),
            feed_up: AtomicBool::new(before.feed_up.load(Ordering::Relaxed)),
            ..Self::new(clock, heads)
        };
        for (after, before) in after.progress.iter().zip(&before.progress) {
            after.ticks_evaluated.store(before.ticks_evaluated.load(Ordering::Acquire), Ordering::Release);
        }
        after
    }

    /// Calls whoever looks after the system.
    pub(crate) fn alarm(&self) -> &Alarm {
        &self.alarm
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
        self.alarm.ring();
    }

    /// What a read of the views gave. Where the disk failed it nothing can be read until the views are opened anew:
    /// that is a failure of this life, since no write may come to find it.
    pub(crate) fn judge_read<T>(&self, read: Result<T, persistence::ViewError>) -> Result<T, ViewError> {
        if let Err(error) = &read
            && error.is_storage_failure()
            && !self.has_failed()
            && !self.is_stopping()
        {
            self.fail(Failure::Views(error.to_string()));
        }
        Ok(read?)
    }

    /// Puts a final failure in place of the one that is latched.
    pub(crate) fn give_up(&self, failure: Failure) {
        tracing::error!(%failure, "the system will not go on by itself");
        self.failed.store(true, Ordering::Release);
        self.failure.send_replace(Some(failure));
    }

    /// Takes the failure of the life before back: this one has begun.
    pub(crate) fn recovered(&self) {
        self.failure.send_replace(None);
        // It may have failed already, and found the old failure latched.
        if self.has_failed() {
            self.fail(Failure::Journal("the disk failed again at once".to_owned()));
        }
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
            catalogue_failed: false,
            failures: 0,
            heals: 0,
            space: SpaceStatus::default(),
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
