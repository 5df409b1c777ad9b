//! Group commit: whatever all shards have queued becomes durable in one append, again and again.
//!
//! There is no timer: while one sync runs, the next batch gathers by itself. It must never pass
//! anything on before its append returned. Invariant: after the first failure nothing is passed on,
//! and everyone who waits or comes is told that the outcome is unknown.

use crate::RequestError;
use crate::clock::wall_nanos;
use crate::measure::nanos;
use crate::projection::{DurableEvents, Reply, Round};
use crate::shared::{Failure, Shared};
use crossbeam::channel::{Receiver, Sender};
use model::limits::EVENTS_PER_BATCH_MAX;
use model::{Event, ShardId, ShardSeq, Time};
use persistence::{AppendError, Journal, ShardBatch};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Events after which one append takes no more batches: bounds the time of a commit.
const EVENTS_PER_ROUND_MAX: usize = 4 * EVENTS_PER_BATCH_MAX;

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
pub(crate) struct JournalThread<'a> {
    pub(crate) shared: &'a Shared,
    /// `None` when nothing is kept.
    pub(crate) journal: Option<Journal>,
    pub(crate) rounds: Sender<Round>,
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

impl JournalThread<'_> {
    /// Runs until every shard's thread has ended; closes the journal then.
    pub(crate) fn run(mut self, batches: &Receiver<Batch>) {
        while let Ok(first) = batches.recv() {
            let mut gathered = Gathered::default();
            gathered.add(first);
            while gathered.events < EVENTS_PER_ROUND_MAX
                && let Ok(more) = batches.try_recv()
            {
                gathered.add(more);
            }
            if self.shared.has_failed() {
                refuse(gathered.replies);
            } else {
                self.round(gathered);
            }
        }
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
        let shards = gathered.shards.into_iter().map(|(durable, _)| durable);
        let shards: Vec<DurableEvents> = shards
            .inspect(|durable| {
                let progress = self.shared.progress(durable.shard);
                let last = durable.first_seq.get() + durable.events.len() as u64 - 1;
                assert!(last <= progress.applied.load(Ordering::Acquire), "only what was applied is durable");
                progress.durable.store(last, Ordering::Release);
            })
            .collect();
        let round = Round { shards, replies: gathered.replies };
        if let Err(unsent) = self.rounds.send(round) {
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
            let now = wall_nanos();
            let waits = gathered.tick_arrivals.iter().map(|arrival| u64::try_from(now - arrival).unwrap_or(0));
            meters.tick_to_durable.record_all(waits);
        }
    }
}

/// Tells requesters that nobody knows.
fn refuse(replies: Vec<Reply>) {
    for Reply { answer, .. } in replies {
        let _ = answer.send(Err(RequestError::OutcomeUnknown));
    }
}
