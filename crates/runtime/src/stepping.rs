//! The same pieces driven by hand, one step at a time, for deterministic simulation and for measuring.
//!
//! A system without threads: who steps it decides which part goes next and what time it is. Every step calls
//! the very function that the part's thread calls in its loop. It must never do what a thread does not.
//! Where a thread would wait because the next part's queue is full, a step says so and does nothing.

use crate::capacities::Capacities;
use crate::clock::Wall;
use crate::handle::Core;
use crate::journal_thread::JournalThread;
use crate::market_data::MarketData;
use crate::parts::{Frame, Hands, Parts, assemble};
use crate::projection::ProjectionThread;
use crate::shard_thread::{Evaluate, ShardThread, Taken};
use crate::snapshotter::Snapshotter;
use crate::system::{StartError, open};
use crate::view_writer::{ViewWriter, Written};
use crate::{Failure, FeedPort, Handle, StreamEncoder, SystemConfig};
use engine::Shard;
use model::{Command, CommandReply, Event, Request, Stamped, Time};
use persistence::SealedSegment;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

/// A clock that stands where it was put. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    /// A clock that stands at this instant.
    #[must_use]
    pub fn new(time: Time) -> Self {
        Self(Arc::new(AtomicI64::new(time.nanos())))
    }

    /// Puts it somewhere, backwards included.
    pub fn set(&self, time: Time) {
        self.0.store(time.nanos(), Ordering::Relaxed);
    }

    /// Where it stands.
    #[must_use]
    pub fn time(&self) -> Time {
        Time::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There was nothing to do.
    Idle,
    /// Something was done.
    Worked,
    /// Nothing was done: what comes next has no room.
    Blocked,
    /// The part ended, for good until the system is started again.
    Ended,
}

/// What reached an engine.
#[derive(Clone, Debug)]
pub enum SeenInput {
    /// A request, at this engine time, and its answer.
    Request(Request<Command>, Time, CommandReply),
    /// Market data.
    Tick(Stamped),
    /// Time passed without data.
    Time(Time),
    /// The feed was interrupted.
    FeedLost(Time),
    /// The marks of trailing stops were recorded.
    Flush,
}

/// An input of an engine, and the events that it made.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What reached it.
    pub input: SeenInput,
    /// What that made.
    pub events: Vec<Event>,
}

/// The real engine, with a list of what reached it.
#[derive(Debug)]
struct Watched {
    shard: Shard,
    seen: Vec<Seen>,
}

impl Watched {
    fn note(&mut self, input: SeenInput, events: &[Event]) {
        self.seen.push(Seen { input, events: events.to_vec() });
    }
}

impl Evaluate for Watched {
    fn apply(&mut self, request: &Request<Command>, now: Time, out: &mut Vec<Event>) -> CommandReply {
        let before = out.len();
        let reply = self.shard.apply(request, now, out);
        self.note(SeenInput::Request(request.clone(), now, reply.clone()), &out[before..]);
        reply
    }

    fn on_tick(&mut self, stamped: &Stamped, out: &mut Vec<Event>) {
        let before = out.len();
        self.shard.on_tick(stamped, out);
        self.note(SeenInput::Tick(*stamped), &out[before..]);
    }

    fn on_time(&mut self, now: Time, out: &mut Vec<Event>) {
        let before = out.len();
        self.shard.on_time(now, out);
        self.note(SeenInput::Time(now), &out[before..]);
    }

    fn on_feed_lost(&mut self, now: Time, out: &mut Vec<Event>) {
        let before = out.len();
        self.shard.on_feed_lost(now, out);
        self.note(SeenInput::FeedLost(now), &out[before..]);
    }

    fn flush_trailing(&mut self, out: &mut Vec<Event>) {
        let before = out.len();
        self.shard.flush_trailing(out);
        self.note(SeenInput::Flush, &out[before..]);
    }

    fn shard(&self) -> &Shard {
        &self.shard
    }
}

/// A system without threads. Dropping it is what the end of a process is: nothing is finished.
#[derive(Debug)]
pub struct SteppedSystem {
    core: Arc<Core>,
    port: FeedPort,
    shards: Vec<ShardThread<Watched>>,
    journal: JournalThread,
    snapshotter: Option<Snapshotter>,
    /// The sealed segment whose rows are waited for.
    to_snapshot: Option<SealedSegment>,
    projection: ProjectionThread,
    /// `None` once it failed.
    view_writer: Option<ViewWriter>,
    market_data: MarketData,
}

impl SteppedSystem {
    /// Opens the files and recovers, and puts the parts together.
    ///
    /// # Errors
    /// As [`crate::System::start`].
    pub fn start(
        config: &SystemConfig,
        capacities: Capacities,
        clock: &HandClock,
        encoder: Arc<dyn StreamEncoder>,
    ) -> Result<Self, StartError> {
        let frame = Frame { wall: Wall::Hand(Arc::clone(&clock.0)), capacities, hands: Hands::One };
        let opened = open(config, &frame, (encoder, None))?;
        let Parts { core, sequencer, shards, journal, snapshotter, projection, view_writer, market_data } =
            assemble(config, &frame.capacities, opened);
        let port = FeedPort::take(&Arc::new(Mutex::new(Some(sequencer)))).expect("the sequencer is at home");
        Ok(Self {
            core,
            port,
            shards: shards.into_iter().map(watched).collect(),
            journal,
            snapshotter,
            to_snapshot: None,
            projection,
            view_writer: Some(view_writer),
            market_data,
        })
    }

    /// To send requests to and to read from. A request's future makes progress only by steps.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.core))
    }

    /// The feed's way in.
    pub fn feed(&mut self) -> &mut FeedPort {
        &mut self.port
    }

    /// How many shards there are.
    #[must_use]
    pub fn shard_count(&self) -> usize {
        self.shards.len()
    }

    /// A shard's engine, to look at.
    #[must_use]
    pub fn shard(&self, shard: usize) -> &Shard {
        self.shards[shard].engine.shard()
    }

    /// What reached a shard's engine since this was last asked.
    pub fn take_seen(&mut self, shard: usize) -> Vec<Seen> {
        std::mem::take(&mut self.shards[shard].engine.seen)
    }

    /// Why the system does not work any more, when it does not.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.core.life().shared.failure().borrow().clone()
    }

    /// One turn of a shard's loop with at most this many ticks and commands.
    pub fn step_shard(&mut self, shard: usize, ticks: usize, commands: usize) -> Step {
        let shard = &mut self.shards[shard];
        if shard.outlet.journal.is_full() {
            return Step::Blocked;
        }
        worked(!shard.turn(Taken { ticks, commands }).is_nothing())
    }

    /// One round of the journal: whatever waits, until it holds this many events.
    pub fn step_journal(&mut self, events_max: usize) -> Step {
        if self.journal.rounds.is_full() {
            return Step::Blocked;
        }
        let Ok(first) = self.journal.batches.try_recv() else { return Step::Idle };
        self.journal.commit_from(first, events_max);
        Step::Worked
    }

    /// Folds one commit.
    pub fn step_projection(&mut self) -> Step {
        if self.projection.writer.is_full() {
            return Step::Blocked;
        }
        let Ok(round) = self.projection.rounds.try_recv() else { return Step::Idle };
        self.projection.fold_round(round);
        Step::Worked
    }

    /// Writes the rows that wait, until there are this many, in one commit.
    pub fn step_views(&mut self, rows_max: usize) -> Step {
        let Some(writer) = &self.view_writer else { return Step::Ended };
        let Ok(first) = writer.rows.try_recv() else { return Step::Idle };
        match writer.write_from(first, rows_max, || writer.rows.try_recv().ok()) {
            Written::Yes => Step::Worked,
            Written::No => {
                self.view_writer = None;
                Step::Ended
            }
        }
    }

    /// Makes the snapshots of the newest sealed segment, once its rows are on disk.
    pub fn step_snapshotter(&mut self) -> Step {
        let Some(snapshotter) = &self.snapshotter else { return Step::Idle };
        while let Ok(newer) = snapshotter.sealed.try_recv() {
            self.to_snapshot = Some(newer);
        }
        match self.to_snapshot.take_if(|segment| snapshotter.views_hold(segment)) {
            Some(segment) => {
                snapshotter.make(&segment);
                Step::Worked
            }
            None if self.to_snapshot.is_some() => Step::Blocked,
            None => Step::Idle,
        }
    }

    /// Whether no tick waits for a shard.
    #[must_use]
    pub fn lane_is_empty(&self, shard: usize) -> bool {
        self.shards[shard].ticks.is_empty()
    }

    /// Takes one tick into the bars.
    pub fn step_market_data(&mut self) -> Step {
        worked(self.market_data.take_one())
    }

    /// Ends in order: refuses new requests, finishes what waits, closes the journal. What is left is
    /// to be dropped.
    pub fn finish(&mut self) {
        let shared = Arc::clone(&self.core.life().shared);
        shared.stopping.store(true, Ordering::Release);
        self.core.life().queues.iter().for_each(|queue| queue.close());
        for shard in 0..self.shards.len() {
            while !self.shards[shard].commands.is_finished() {
                self.drain();
                self.step_shard(shard, 1, 1);
            }
            self.drain();
            let mut waiting = self.shards[shard].tick_count();
            while waiting > 0 {
                waiting = self.shards[shard].finish_ticks(waiting);
                self.drain();
            }
            self.shards[shard].finish_marks();
        }
        self.drain();
        self.journal.close();
        self.projection.folder.projections.end_streams();
    }

    /// Lets everything behind the shards finish.
    fn drain(&mut self) {
        loop {
            let steps = [self.step_journal(usize::MAX), self.step_projection(), self.step_views(usize::MAX)];
            if !steps.contains(&Step::Worked) {
                return;
            }
        }
    }
}

fn watched(thread: ShardThread) -> ShardThread<Watched> {
    thread.map(|shard| Watched { shard, seen: Vec::new() })
}

fn worked(worked: bool) -> Step {
    if worked { Step::Worked } else { Step::Idle }
}
