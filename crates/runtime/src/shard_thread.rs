//! One engine's thread: takes inputs in turn, and hands what they made to the journal.
//!
//! It owns the order of ticks, commands and time before the engine. It must never answer a request
//! itself. Invariant: events and answers are handed over in the order in which they were made, and a
//! full journal stops the taking of inputs.

use crate::ClockMode;
use crate::command_queue::CommandQueue;
use crate::journal_thread::Batch;
use crate::lane::{LaneItem, LaneTaker};
use crate::projection::Reply;
use crate::shared::Shared;
use crate::waker::Sleeper;
use crossbeam::channel::Sender;
use crossbeam::utils::Backoff;
use engine::Shard;
use model::limits::EVENTS_PER_BATCH_MAX;
use model::{Event, ShardId, ShardSeq, Stamped, Time};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Ticks taken before commands get their turn.
const TICKS_PER_TURN: usize = 1_024;
/// Commands taken before ticks get their turn.
const COMMANDS_PER_TURN: usize = 256;
/// Engine time between two records of trailing stops' marks.
const TRAIL_INTERVAL_NS: i64 = 250_000_000;
/// Longest sleep: how late a timer may run when the machine's clock is changed.
const SLEEP_MAX: Duration = Duration::from_millis(20);

/// See the module.
#[derive(Debug)]
pub(crate) struct ShardThread {
    pub(crate) id: ShardId,
    pub(crate) shard: Shard,
    pub(crate) ticks: LaneTaker,
    pub(crate) commands: Arc<CommandQueue>,
    pub(crate) journal: Sender<Batch>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) sleeper: Sleeper,
}

/// What this turn made so far.
#[derive(Debug)]
struct Turn {
    first_seq: ShardSeq,
    events: Vec<Event>,
    replies: Vec<Reply>,
    tick_arrivals: Vec<i64>,
    ticks: u64,
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

impl ShardThread {
    /// Runs until the system stops, and finishes what waits then.
    pub(crate) fn run(mut self) {
        let backoff = Backoff::new();
        // The first mark is recorded one interval after the first sight of time.
        let mut trail_due = self.shard.now().plus_nanos(TRAIL_INTERVAL_NS);
        loop {
            let stopping = self.shared.is_stopping();
            let mut turn = Turn::begin(&self.shard);
            self.take_ticks(&mut turn, &mut trail_due, TICKS_PER_TURN);
            let commands = self.take_commands(&mut turn);
            self.pass_time(&mut turn, &mut trail_due);
            let worked = turn.ticks > 0 || commands > 0;
            self.hand_over(turn);
            if stopping && self.commands.is_finished() {
                break;
            }
            if worked {
                backoff.reset();
            } else if backoff.is_completed() {
                self.sleep(trail_due);
            } else {
                backoff.snooze();
            }
        }
        self.finish(&mut trail_due);
    }

    fn take_ticks(&mut self, turn: &mut Turn, trail_due: &mut Time, most: usize) {
        for _ in 0..most {
            if turn.is_full() {
                return;
            }
            match self.ticks.take() {
                Some(LaneItem::Tick(stamped, arrival)) => self.tick(turn, trail_due, (stamped, arrival)),
                Some(LaneItem::FeedLost(now)) => self.shard.on_feed_lost(now.max(self.shard.now())),
                None => return,
            }
        }
    }

    fn tick(&mut self, turn: &mut Turn, trail_due: &mut Time, (mut stamped, arrival): (Stamped, i64)) {
        // A command may have been stamped since this tick was: time does not go back.
        stamped.now = stamped.now.max(self.shard.now());
        if stamped.now >= *trail_due {
            self.shard.flush_trailing(&mut turn.events);
            *trail_due = stamped.now.plus_nanos(TRAIL_INTERVAL_NS);
        }
        let before = turn.events.len();
        self.shard.on_tick(&stamped, &mut turn.events);
        if turn.events.len() > before {
            turn.tick_arrivals.push(arrival);
        }
        turn.ticks += 1;
    }

    fn take_commands(&mut self, turn: &mut Turn) -> usize {
        for taken in 0..COMMANDS_PER_TURN {
            if turn.is_full() {
                return taken;
            }
            let Some(pending) = self.commands.pop() else { return taken };
            let now = self.shared.clock.now(self.shard.now());
            let reply = self.shard.apply(&pending.request, now, &mut turn.events);
            turn.replies.push(Reply { answer: pending.answer, reply, received: pending.received });
        }
        COMMANDS_PER_TURN
    }

    /// Under the feed's clock time passes by ticks alone.
    fn pass_time(&mut self, turn: &mut Turn, trail_due: &mut Time) {
        match self.shared.clock.mode() {
            ClockMode::Feed => {}
            ClockMode::Wall => {
                let now = self.shared.clock.now(self.shard.now());
                if self.shard.next_timer() <= now {
                    self.shard.on_time(now, &mut turn.events);
                }
                if now >= *trail_due {
                    self.shard.flush_trailing(&mut turn.events);
                    *trail_due = now.plus_nanos(TRAIL_INTERVAL_NS);
                }
            }
        }
    }

    fn hand_over(&mut self, turn: Turn) {
        let progress = self.shared.progress(self.id);
        if !turn.events.is_empty() || !turn.replies.is_empty() {
            let count = u64::try_from(turn.events.len()).expect("a turn is bounded");
            assert_eq!(turn.first_seq.get() + count, self.shard.seq().next().get(), "every event is handed over");
            progress.applied.store(self.shard.seq().get(), Ordering::Release);
            progress.open_orders.store(self.shard.open_order_count() as u64, Ordering::Relaxed);
            self.shared.meters.commands.fetch_add(turn.replies.len() as u64, Ordering::Relaxed);
            let batch = Batch {
                shard: self.id,
                first_seq: turn.first_seq,
                time: self.shard.now(),
                events: turn.events,
                replies: turn.replies,
                tick_arrivals: turn.tick_arrivals,
            };
            // Waits while the journal is full: that is how taking inputs stops. Without a journal
            // thread the answers go with the batch: requesters learn that the outcome is unknown.
            let _ = self.journal.send(batch);
        }
        if turn.ticks > 0 {
            progress.ticks_evaluated.fetch_add(turn.ticks, Ordering::AcqRel);
        }
    }

    fn sleep(&self, trail_due: Time) {
        let at_most = match self.shared.clock.mode() {
            ClockMode::Feed => SLEEP_MAX,
            ClockMode::Wall => {
                let now = self.shared.clock.now(self.shard.now());
                let due = self.shard.next_timer().min(trail_due).nanos_since(now);
                Duration::from_nanos(u64::try_from(due).unwrap_or(0)).min(SLEEP_MAX)
            }
        };
        let has_work = || !self.ticks.is_empty() || self.commands.depth() > 0 || self.shared.is_stopping();
        self.sleeper.sleep(at_most, has_work);
    }

    /// The ticks that waited when the system was stopped, and the trailing stops' marks.
    fn finish(&mut self, trail_due: &mut Time) {
        let mut left = self.ticks.count();
        while left > 0 {
            let mut turn = Turn::begin(&self.shard);
            let most = left.min(TICKS_PER_TURN);
            self.take_ticks(&mut turn, trail_due, most);
            left -= most;
            self.hand_over(turn);
        }
        let mut turn = Turn::begin(&self.shard);
        self.shard.flush_trailing(&mut turn.events);
        self.hand_over(turn);
    }
}
