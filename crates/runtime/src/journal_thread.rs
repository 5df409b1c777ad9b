//! Group commit: whatever all shards have queued becomes durable in one append, again and again.
//!
//! It is a thread of its own, and lends itself to whoever brings a little while it rests. There is no
//! timer: while one sync runs, the next batch gathers by itself. It must never pass anything on before
//! its append returned. Invariant: after the first failure nothing is passed on,
//! and everyone who waits or comes is told that the outcome is unknown.

use crate::RequestError;
use crate::measure::nanos;
use crate::projection::{DurableEvents, ProjectionThread, Publication, Reply, Round};
use crate::shared::{Failure, Shared, lock};
use crate::threads::PanicLatch;
use crate::way::{Part, Way, await_work};
use crossbeam::channel::{Receiver, TryRecvError};
use model::limits::EVENTS_PER_BATCH_MAX;
use model::{Event, ShardId, ShardSeq, Time};
use persistence::{AppendError, Journal, ShardBatch};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Events after which one append takes no more batches: bounds the time of a commit.
pub(crate) const EVENTS_PER_ROUND_MAX: usize = 4 * EVENTS_PER_BATCH_MAX;

/// A commit that took longer is left to the journal's thread the next time: waking it is little beside it.
const COMMIT_HERE_MAX: Duration = Duration::from_millis(1);
/// Without a commit for this long the journal rests (measured: below it the thread is often awake anyway).
const REST_MIN: Duration = Duration::from_millis(1);
/// Events beyond which a commit is nothing to do in passing.
const EVENTS_HERE_MAX: usize = 64;

/// How often the journal's thread looks for more where nobody waits for it. It is not woken meanwhile: whoever
/// brings a batch has messages to send at that moment.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How many times it looks before it sleeps until it is woken.
const LOOKS_AHEAD: u32 = 20;

/// What a shard hands over: events it made and answers that wait for them.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) shard: ShardId,
    /// The place of the first event.
    pub(crate) first_seq: ShardSeq,
    /// Engine time at the hand-over.
    pub(crate) time: Time,
    pub(crate) events: Vec<Event>,
    pub(crate) replies: Vec<Reply>,
    /// Arrivals, by the wall clock, of the ticks that made events.
    pub(crate) tick_arrivals: Vec<i64>,
}

/// The journal thread's state.
#[derive(Debug)]
pub(crate) struct JournalThread {
    pub(crate) shared: Arc<Shared>,
    /// `None` when nothing is kept.
    pub(crate) journal: Option<Journal>,
    pub(crate) batches: Receiver<Batch>,
    pub(crate) rounds: Way<Round, ProjectionThread>,
    /// Whether its commits are published by it, or were before.
    pub(crate) publication: Publication,
    pub(crate) pace: Pace,
}

/// When the last commit ended, and how long it took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    last: Option<(Instant, Duration)>,
}

impl Pace {
    /// Whether committing in somebody's place costs less than a wake-up is worth: the disk is quick, and commits
    /// are rare enough for the thread to be asleep.
    fn is_leisurely(self) -> bool {
        self.last.is_none_or(|(ended, took)| took <= COMMIT_HERE_MAX && ended.elapsed() >= REST_MIN)
    }
}

/// Batches of one round: those of one shard joined.
#[derive(Debug, Default)]
struct Gathered {
    shards: Vec<(DurableEvents, Time)>,
    replies: Vec<Reply>,
    tick_arrivals: Vec<i64>,
    events: usize,
}

impl Gathered {
    fn add(&mut self, mut batch: Batch) {
        self.replies.append(&mut batch.replies);
        self.tick_arrivals.append(&mut batch.tick_arrivals);
        self.events += batch.events.len();
        if batch.events.is_empty() {
            return;
        }
        match self.shards.iter_mut().find(|(durable, _)| durable.shard == batch.shard) {
            Some((durable, time)) => {
                let next = durable.first_seq.get() + durable.events.len() as u64;
                assert_eq!(next, batch.first_seq.get(), "a shard's batches follow each other");
                durable.events.append(&mut batch.events);
                *time = batch.time;
            }
            None => {
                let Batch { shard, first_seq, events, time, .. } = batch;
                self.shards.push((DurableEvents { shard, first_seq, events }, time));
            }
        }
    }
}

impl JournalThread {
    /// Runs until every shard's thread has ended; closes the journal then.
    pub(crate) fn run(this: &Mutex<Self>) {
        let (batches, publication) = {
            let journal = lock(this);
            (journal.batches.clone(), journal.publication)
        };
        let mut looks = 0;
        loop {
            if looks > 0 && batches.is_empty() {
                looks -= 1;
                std::thread::sleep(LOOK_EVERY);
                continue;
            }
            await_work(&batches);
            let mut journal = lock(this);
            match batches.try_recv() {
                Ok(first) => {
                    journal.commit_from(first, EVENTS_PER_ROUND_MAX);
                    looks = match publication {
                        Publication::Durable => 0,
                        Publication::Ahead => LOOKS_AHEAD,
                    };
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return journal.close(),
            }
        }
    }

    /// Makes this batch and those that wait behind it durable in one round, until it holds this many events.
    pub(crate) fn commit_from(&mut self, first: Batch, events_max: usize) {
        let shared = Arc::clone(&self.shared);
        // Whichever thread commits: the failure stands before anyone else can hold the journal.
        let _latch = PanicLatch { name: "journal", shared: &shared, of: None };
        let mut gathered = Gathered::default();
        gathered.add(first);
        while gathered.events < events_max
            && let Ok(more) = self.batches.try_recv()
        {
            gathered.add(more);
        }
        if self.shared.has_failed() {
            refuse(gathered.replies);
        } else {
            self.round(gathered);
        }
    }

    /// Ends the journal in order, unless it failed.
    pub(crate) fn close(&mut self) {
        if let Some(journal) = self.journal.take().filter(|journal| !journal.is_poisoned())
            && let Err(error) = journal.close()
        {
            tracing::warn!(%error, "the journal was not closed in order; every event is durable");
        }
    }

    fn round(&mut self, gathered: Gathered) {
        let began = Instant::now();
        if !gathered.shards.is_empty()
            && let Err(error) = self.append(&gathered.shards)
        {
            self.shared.fail(Failure::Journal(error.to_string()));
            refuse(gathered.replies);
            return;
        }
        self.measure(&gathered, began);
        self.pace.last = Some((Instant::now(), began.elapsed()));
        let shards = gathered.shards.into_iter().map(|(durable, _)| durable);
        let shards: Vec<DurableEvents> = shards
            .inspect(|durable| {
                let progress = self.shared.progress(durable.shard);
                let last = durable.first_seq.get() + durable.events.len() as u64 - 1;
                assert!(last <= progress.applied.load(Ordering::Acquire), "only what was applied is durable");
                progress.durable.store(last, Ordering::Release);
            })
            .collect();
        match self.publication {
            Publication::Durable => self.publish(Round { shards, replies: gathered.replies }),
            Publication::Ahead => {}
        }
    }

    /// The one place from which something becomes visible, unless it is published ahead.
    fn publish(&self, round: Round) {
        // While more waits for the journal, folding is left to the projection's thread, beside the next sync.
        let passed = if self.batches.is_empty() { self.rounds.pass(round) } else { self.rounds.send(round) };
        if let Err(unsent) = passed {
            // The projection thread is gone, which its guard has latched as a failure.
            refuse(unsent.into_inner().replies);
        }
    }

    fn append(&mut self, shards: &[(DurableEvents, Time)]) -> Result<(), AppendError> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let rows: Vec<ShardBatch<'_>> = shards
            .iter()
            .flat_map(|(durable, time)| {
                let mut first_seq = durable.first_seq;
                durable.events.chunks(EVENTS_PER_BATCH_MAX).map(move |events| {
                    let row = ShardBatch { shard: durable.shard, first_seq, time: *time, events };
                    first_seq = ShardSeq::new(first_seq.get() + events.len() as u64);
                    row
                })
            })
            .collect();
        journal.append(&rows)
    }

    fn measure(&self, gathered: &Gathered, began: Instant) {
        let meters = &self.shared.meters;
        let now = Instant::now();
        if !gathered.shards.is_empty() {
            meters.commit.record(now - began);
            meters.commits.fetch_add(1, Ordering::Relaxed);
            meters.events_journaled.fetch_add(gathered.events as u64, Ordering::Relaxed);
        }
        if !gathered.replies.is_empty() {
            let waits = gathered.replies.iter().map(|reply| nanos(now - reply.received));
            meters.command_to_durable.record_all(waits);
        }
        if !gathered.tick_arrivals.is_empty() {
            let now = self.shared.clock.wall_nanos();
            let waits = gathered.tick_arrivals.iter().map(|arrival| u64::try_from(now - arrival).unwrap_or(0));
            meters.tick_to_durable.record_all(waits);
        }
    }
}

impl Part<Batch> for JournalThread {
    fn takes_here(&self, batch: &Batch) -> bool {
        // Nobody else sends rounds: seen with room under the lock, passing one on does not wait.
        batch.events.len() <= EVENTS_HERE_MAX && !self.rounds.is_full() && self.pace.is_leisurely()
    }

    fn take_here(&mut self, batch: Batch) {
        self.commit_from(batch, EVENTS_HERE_MAX);
    }
}

/// Tells requesters that nobody knows.
fn refuse(replies: Vec<Reply>) {
    for Reply { answer, .. } in replies {
        let _ = answer.send(Err(RequestError::OutcomeUnknown));
    }
}
