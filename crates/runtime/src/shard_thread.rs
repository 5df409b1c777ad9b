//! One engine's thread: takes inputs in turn, and hands what they made to the journal.
//!
//! It owns the order of ticks, commands and time before the engine. It must never answer a request
//! itself. Invariant: events and answers are handed over in the order in which they were made, and a
//! full journal stops the taking of inputs.

use crate::ClockMode;
use crate::command_queue::CommandQueue;
use crate::journal_thread::{Batch, JournalThread};
use crate::lane::{LaneItem, LaneTaker};
use crate::panics::Work;
use crate::projection::{DurableEvents, ProjectionThread, Reply, Round};
use crate::shared::{Shared, lock};
use crate::threads::PanicLatch;
use crate::waker::Sleeper;
use crate::way::Way;
use crossbeam::channel::SendError;
use crossbeam::utils::Backoff;
use engine::Shard;
use model::limits::EVENTS_PER_BATCH_MAX;
use model::{Command, CommandReply, Event, Request, ShardId, ShardSeq, Stamped, Time};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// Ticks taken before commands get their turn.
const TICKS_PER_TURN: usize = 1_024;
/// Commands taken before ticks get their turn.
const COMMANDS_PER_TURN: usize = 256;
/// Ticks that are looked at where they lie before their room is given back (guess: few beside the ring,
/// many beside what giving back costs).
const TICKS_TOGETHER: usize = 64;
/// Ticks that are evaluated in place of a sleeping thread: more are worth waking it.
const TICKS_HERE: usize = 256;
/// Engine time between two records of trailing stops' marks.
const TRAIL_INTERVAL_NS: i64 = 250_000_000;
/// Longest sleep: how late a timer may run when the machine's clock is changed.
const SLEEP_MAX: Duration = Duration::from_millis(20);

/// What the loop asks of an engine. A simulation puts a listener around the real one.
pub(crate) trait Evaluate {
    /// See [`Shard::apply`].
    fn apply(&mut self, request: &Request<Command>, now: Time, out: &mut Vec<Event>) -> CommandReply;
    /// See [`Shard::on_tick`].
    fn on_tick(&mut self, stamped: &Stamped, out: &mut Vec<Event>);
    /// See [`Shard::on_time`].
    fn on_time(&mut self, now: Time, out: &mut Vec<Event>);
    /// See [`Shard::on_feed_lost`].
    fn on_feed_lost(&mut self, now: Time, out: &mut Vec<Event>);
    /// See [`Shard::flush_trailing`].
    fn flush_trailing(&mut self, out: &mut Vec<Event>);
    /// The engine itself, to look at.
    fn shard(&self) -> &Shard;
}

impl Evaluate for Shard {
    fn apply(&mut self, request: &Request<Command>, now: Time, out: &mut Vec<Event>) -> CommandReply {
        Self::apply(self, request, now, out)
    }

    #[inline]
    fn on_tick(&mut self, stamped: &Stamped, out: &mut Vec<Event>) {
        Self::on_tick(self, stamped, out);
    }

    fn on_time(&mut self, now: Time, out: &mut Vec<Event>) {
        Self::on_time(self, now, out);
    }

    fn on_feed_lost(&mut self, now: Time, out: &mut Vec<Event>) {
        Self::on_feed_lost(self, now, out);
    }

    fn flush_trailing(&mut self, out: &mut Vec<Event>) {
        Self::flush_trailing(self, out);
    }

    #[inline]
    fn shard(&self) -> &Shard {
        self
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct ShardThread<S = Shard> {
    pub(crate) id: ShardId,
    pub(crate) engine: S,
    pub(crate) ticks: LaneTaker,
    pub(crate) commands: Arc<CommandQueue>,
    pub(crate) outlet: Outlet,
    pub(crate) shared: Arc<Shared>,
    /// The running thread takes it out.
    sleeper: Option<Sleeper>,
    /// When the marks of trailing stops are recorded next.
    trail_due: Time,
}

/// What one turn may take and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) ticks: usize,
    pub(crate) commands: usize,
}

impl Taken {
    /// What the thread takes in one turn.
    const TURN: Self = Self { ticks: TICKS_PER_TURN, commands: COMMANDS_PER_TURN };

    /// Whether it was nothing.
    pub(crate) fn is_nothing(self) -> bool {
        self.ticks == 0 && self.commands == 0
    }
}

/// Where what a shard made goes.
#[derive(Clone, Debug)]
pub(crate) struct Outlet {
    pub(crate) journal: Way<Batch, JournalThread>,
    /// Where it is published before it is durable; `None` where the journal publishes.
    pub(crate) ahead: Option<Way<Round, ProjectionThread>>,
}

/// Where a shard's inputs come from.
#[derive(Debug)]
pub(crate) struct Inputs {
    pub(crate) ticks: LaneTaker,
    pub(crate) commands: Arc<CommandQueue>,
    pub(crate) sleeper: Sleeper,
}

/// What this turn made so far.
#[derive(Debug)]
struct Turn {
    first_seq: ShardSeq,
    events: Vec<Event>,
    replies: Vec<Reply>,
    tick_arrivals: Vec<i64>,
    ticks: usize,
}

impl Turn {
    fn begin(shard: &Shard) -> Self {
        Self {
            first_seq: shard.seq().next(),
            events: Vec::new(),
            replies: Vec::new(),
            tick_arrivals: Vec::new(),
            ticks: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.events.len() >= EVENTS_PER_BATCH_MAX
    }
}

impl<S: Evaluate> ShardThread<S> {
    /// The loop around an engine.
    pub(crate) fn new((id, engine): (ShardId, S), inputs: Inputs, outlet: Outlet, shared: Arc<Shared>) -> Self {
        let Inputs { ticks, commands, sleeper } = inputs;
        // The first mark is recorded one interval after the first sight of time.
        let trail_due = engine.shard().now().plus_nanos(TRAIL_INTERVAL_NS);
        Self { id, engine, ticks, commands, outlet, shared, sleeper: Some(sleeper), trail_due }
    }

    /// The same loop around something else that evaluates.
    pub(crate) fn map<T: Evaluate>(self, around: impl FnOnce(S) -> T) -> ShardThread<T> {
        let Self { id, engine, ticks, commands, outlet, shared, sleeper, trail_due } = self;
        ShardThread { id, engine: around(engine), ticks, commands, outlet, shared, sleeper, trail_due }
    }

    /// Runs until the system stops, and finishes what waits then.
    pub(crate) fn run(this: &Mutex<Self>) {
        let backoff = Backoff::new();
        let sleeper = lock(this).sleeper.take().expect("a part is run once");
        loop {
            // Poisoned by whoever evaluated in this thread's place: latched, and the end of this shard's life.
            let Ok(mut shard) = this.lock() else { return };
            let stopping = shard.shared.is_stopping();
            let taken = shard.turn(Taken::TURN);
            if stopping && shard.commands.is_finished() {
                let mut waiting = shard.tick_count();
                while waiting > 0 {
                    waiting = shard.finish_ticks(waiting);
                }
                shard.finish_marks();
                return;
            }
            let sleep_max = shard.sleep_max();
            drop(shard);
            if !taken.is_nothing() {
                backoff.reset();
            } else if backoff.is_completed() {
                sleeper.sleep(sleep_max, || lock(this).has_work());
            } else {
                backoff.snooze();
            }
        }
    }

    /// Takes at most this many inputs of each kind, lets time pass, and hands over what that made.
    pub(crate) fn turn(&mut self, most: Taken) -> Taken {
        let mut turn = Turn::begin(self.engine.shard());
        self.take_ticks(&mut turn, most.ticks);
        let commands = self.take_commands(&mut turn, most.commands);
        self.pass_time(&mut turn);
        let taken = Taken { ticks: turn.ticks, commands };
        self.hand_over(turn);
        taken
    }

    /// Takes ticks until so many were taken, none is left or the turn is full; says how many are still wanted.
    fn take_ticks(&mut self, turn: &mut Turn, most: usize) -> usize {
        let mut left = most;
        while left > 0 && !turn.is_full() {
            let Self { engine, ticks, trail_due, .. } = self;
            let taken = ticks.take_some(left.min(TICKS_TOGETHER), |item| {
                evaluate(engine, trail_due, turn, item);
                if turn.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            left -= taken;
            if taken == 0 {
                // None in the ring: perhaps merged ones behind it.
                let Some(item) = ticks.take() else { break };
                evaluate(engine, trail_due, turn, &item);
                left -= 1;
            }
        }
        left
    }

    fn take_commands(&mut self, turn: &mut Turn, most: usize) -> usize {
        for taken in 0..most {
            if turn.is_full() {
                return taken;
            }
            let Some(pending) = self.commands.pop() else { return taken };
            let now = self.shared.clock.now(self.engine.shard().now());
            // For the diagnosis, should this command be the end of the thread.
            let work = &self.shared.progress(self.id).work;
            work.store(Work::of(&pending.request.command).number(), Ordering::Relaxed);
            let reply = self.engine.apply(&pending.request, now, &mut turn.events);
            work.store(Work::NONE.number(), Ordering::Relaxed);
            turn.replies.push(Reply { answer: pending.answer, reply, received: pending.received });
        }
        most
    }

    /// Under the feed's clock time passes by ticks alone.
    fn pass_time(&mut self, turn: &mut Turn) {
        match self.shared.clock.mode() {
            ClockMode::Feed => {}
            ClockMode::Wall => {
                let now = self.shared.clock.now(self.engine.shard().now());
                if self.engine.shard().next_timer() <= now {
                    self.engine.on_time(now, &mut turn.events);
                }
                if now >= self.trail_due {
                    self.engine.flush_trailing(&mut turn.events);
                    self.trail_due = now.plus_nanos(TRAIL_INTERVAL_NS);
                }
            }
        }
    }

    fn hand_over(&mut self, turn: Turn) {
        let progress = self.shared.progress(self.id);
        if !turn.events.is_empty() || !turn.replies.is_empty() {
            let count = u64::try_from(turn.events.len()).expect("a turn is bounded");
            assert_eq!(
                turn.first_seq.get() + count,
                self.engine.shard().seq().next().get(),
                "every event is handed over"
            );
            progress.applied.store(self.engine.shard().seq().get(), Ordering::Release);
            progress.open_orders.store(self.engine.shard().open_order_count() as u64, Ordering::Relaxed);
            self.shared.meters.commands.fetch_add(turn.replies.len() as u64, Ordering::Relaxed);
            let batch = Batch {
                shard: self.id,
                first_seq: turn.first_seq,
                time: self.engine.shard().now(),
                events: turn.events,
                replies: turn.replies,
                tick_arrivals: turn.tick_arrivals,
            };
            // Waits while the journal is full: that is how taking inputs stops. Without a journal
            // thread the answers go with the batch: requesters learn that the outcome is unknown.
            let _ = self.outlet.take(batch);
        }
        if turn.ticks > 0 {
            progress.ticks_evaluated.fetch_add(turn.ticks as u64, Ordering::AcqRel);
        }
    }

    /// How long nothing happens by itself.
    fn sleep_max(&self) -> Duration {
        match self.shared.clock.mode() {
            ClockMode::Feed => SLEEP_MAX,
            ClockMode::Wall => {
                let now = self.shared.clock.now(self.engine.shard().now());
                let due = self.engine.shard().next_timer().min(self.trail_due).nanos_since(now);
                Duration::from_nanos(u64::try_from(due).unwrap_or(0)).min(SLEEP_MAX)
            }
        }
    }

    fn has_work(&self) -> bool {
        !self.ticks.is_empty() || self.commands.depth() > 0 || self.shared.is_stopping()
    }

    /// How many ticks wait.
    pub(crate) fn tick_count(&self) -> usize {
        self.ticks.count()
    }

    /// A turn of so many ticks, which waited when the system was stopped; says how many are left.
    pub(crate) fn finish_ticks(&mut self, waiting: usize) -> usize {
        let most = waiting.min(TICKS_PER_TURN);
        let mut turn = Turn::begin(self.engine.shard());
        let taken = most - self.take_ticks(&mut turn, most);
        self.hand_over(turn);
        // A full turn leaves some for the next; none at all means that none is there any more.
        if taken == 0 { 0 } else { waiting - taken }
    }

    /// The trailing stops' marks, at the very end.
    pub(crate) fn finish_marks(&mut self) {
        let mut turn = Turn::begin(self.engine.shard());
        self.engine.flush_trailing(&mut turn.events);
        self.hand_over(turn);
    }
}

/// Shows an engine what a lane brought.
fn evaluate<S: Evaluate>(engine: &mut S, trail_due: &mut Time, turn: &mut Turn, item: &LaneItem) {
    let (mut stamped, arrival) = match item {
        LaneItem::Tick(stamped, arrival) => (*stamped, *arrival),
        LaneItem::FeedLost(now) => {
            return engine.on_feed_lost((*now).max(engine.shard().now()), &mut turn.events);
        }
    };
    // A command may have been stamped since this tick was: time does not go back.
    stamped.now = stamped.now.max(engine.shard().now());
    if stamped.now >= *trail_due {
        engine.flush_trailing(&mut turn.events);
        *trail_due = stamped.now.plus_nanos(TRAIL_INTERVAL_NS);
    }
    let before = turn.events.len();
    engine.on_tick(&stamped, &mut turn.events);
    if turn.events.len() > before {
        turn.tick_arrivals.push(arrival);
    }
    turn.ticks += 1;
}

impl Outlet {
    /// Whether whoever passes something on may have to wait.
    fn is_full(&self) -> bool {
        self.journal.is_full() || self.ahead.as_ref().is_some_and(Way::is_full)
    }

    /// Passes on what a turn made. Commands' batches always wait their turn, so that evaluating the next ones
    /// overlaps with the sync.
    fn take(&self, mut batch: Batch) -> Result<(), SendError<Batch>> {
        if let Some(ahead) = &self.ahead {
            let (shard, first_seq, events) = (batch.shard, batch.first_seq, batch.events.clone());
            let shards =
                if events.is_empty() { Vec::new() } else { vec![DurableEvents { shard, first_seq, events }] };
            // Without a projection thread the answers go: requesters learn that the outcome is unknown.
            let _ = ahead.pass(Round { shards, replies: std::mem::take(&mut batch.replies) });
            return if batch.events.is_empty() { Ok(()) } else { self.journal.send(batch) };
        }
        if batch.replies.is_empty() { self.journal.pass(batch) } else { self.journal.send(batch) }
    }
}

/// What evaluating in a sleeping thread's place came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// Nothing is left for the thread.
    Done,
    /// The thread is to be woken.
    WorkLeft,
}

/// Evaluates the ticks that wait for a shard while its thread sleeps: waking it would take longer.
pub(crate) fn turn_here(shard: &Weak<Mutex<ShardThread>>) -> Turned {
    // Without a thread there is nobody to be woken.
    let Some(shard) = shard.upgrade() else { return Turned::Done };
    let Ok(shard) = shard.try_lock() else { return Turned::WorkLeft };
    // The feed's thread may not wait for room.
    if shard.shared.has_failed() || shard.shared.is_stopping() || shard.outlet.is_full() {
        return Turned::WorkLeft;
    }
    let turned = catch_unwind(AssertUnwindSafe(move || {
        let (shared, commands) = (Arc::clone(&shard.shared), Arc::clone(&shard.commands));
        // Dropped before the guard is: nobody finds the shard as a panic left it, and no failure latched.
        let mut shard = shard;
        let name = format!("shard-{}", shard.id);
        let _latch = PanicLatch { name: &name, shared: &shared, of: Some((shard.id, &commands)) };
        shard.turn(Taken { ticks: TICKS_HERE, commands: 0 });
        if shard.has_work() { Turned::WorkLeft } else { Turned::Done }
    }));
    // The feed goes on; the shard's thread ends as if it had panicked itself.
    turned.unwrap_or(Turned::WorkLeft)
}
