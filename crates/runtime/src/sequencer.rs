//! Where ticks enter: the one place that gives them their place and their engine time.
//!
//! It writes the quote board and passes every tick to every shard's ring and to the market data
//! ring. It never waits for room; where a shard's thread sleeps, it lends it the feed's thread for what
//! it brought. Invariant: places have no gap at the entrance, engine time does not go back, and every
//! ring carries its ticks in the order of their places.

use crate::config::Overflow;
use crate::lane::{Arrived, LaneItem, LaneSender};
use crate::quotes::QuoteBoard;
use crate::shared::{Shared, lock};
use feeds::{Push, TickSink};
use model::{Stamped, Tick, TickSeq, Time};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// See the module.
#[derive(Debug)]
pub(crate) struct Sequencer {
    pub(crate) lanes: Vec<LaneSender>,
    pub(crate) overflow: Overflow,
    pub(crate) quotes: Arc<QuoteBoard>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) last: TickSeq,
    /// The engine times of the ticks that are being passed on: kept for its memory alone.
    pub(crate) nows: Vec<Time>,
    pub(crate) relay: Arc<Relay>,
}

/// Where the lanes of the next life of a system are laid down for the sequencer.
#[derive(Debug, Default)]
pub(crate) struct Relay(Mutex<Option<(Vec<LaneSender>, Arc<Shared>)>>);

impl Relay {
    /// Lays them down.
    pub(crate) fn offer(&self, lanes: Vec<LaneSender>, shared: Arc<Shared>) {
        *lock(&self.0) = Some((lanes, shared));
    }
}

impl Sequencer {
    /// Takes ticks that arrived together, as many as there is room for; returns how many.
    fn push_all(&mut self, ticks: &[Tick]) -> usize {
        if self.shared.is_stopping() && !self.renew() {
            return ticks.iter().take_while(|tick| self.push_to_nobody(**tick) == Push::Accepted).count();
        }
        let room = match self.overflow {
            Overflow::Block => self.lanes.iter().map(|lane| lane.room(ticks)).min().unwrap_or(ticks.len()),
            Overflow::Conflate => ticks.len(),
        };
        let ticks = &ticks[..room];
        let arrival = self.shared.clock.wall_nanos();
        let first = self.last.next();
        self.nows.clear();
        for tick in ticks {
            self.last = self.last.next();
            let now = self.shared.clock.stamp(arrival, tick.time);
            self.quotes.record(&Stamped { seq: self.last, now, tick: *tick });
            self.nows.push(now);
        }
        let arrived = Arrived { ticks, nows: &self.nows, first, arrival };
        let dropped = self.lanes.iter_mut().map(|lane| lane.send_all(&arrived)).sum::<u64>();
        let meters = &self.shared.meters;
        meters.ticks_received.store(self.last.get(), Ordering::Release);
        if dropped > 0 {
            meters.ticks_conflated.fetch_add(dropped, Ordering::Relaxed);
        }
        ticks.len()
    }

    /// No shard is there: readers still see the market, and a feed that must lose nothing waits.
    fn push_to_nobody(&mut self, tick: Tick) -> Push {
        match self.overflow {
            Overflow::Block if self.shared.has_failed() => Push::Full,
            Overflow::Block | Overflow::Conflate => {
                let now = self.shared.clock.stamp(self.shared.clock.wall_nanos(), tick.time);
                self.quotes.record(&Stamped { seq: self.last, now, tick });
                Push::Accepted
            }
        }
    }

    /// Takes the lanes of the next life, where they lie. Its shards know no market yet, so every quote
    /// is stale until a tick comes.
    fn renew(&mut self) -> bool {
        let Some((lanes, shared)) = lock(&self.relay.0).take() else { return false };
        shared.clock.go_on_after(&self.shared.clock);
        shared.feed_up.store(self.shared.feed_up.load(Ordering::Relaxed), Ordering::Relaxed);
        self.lanes = lanes;
        self.shared = shared;
        self.quotes.feed_lost();
        !self.shared.is_stopping()
    }

    /// Has what was pushed looked at.
    fn settle(&self) {
        self.lanes.iter().for_each(LaneSender::settle);
    }

    fn feed_lost(&mut self) {
        self.shared.feed_up.store(false, Ordering::Relaxed);
        self.quotes.feed_lost();
        let now = self.shared.clock.latest();
        for lane in &mut self.lanes {
            lane.send(LaneItem::FeedLost(now));
        }
        self.settle();
    }
}

/// The feed's way in: give it to the feed task. Dropping it gives the way back to the system.
#[derive(Debug)]
pub struct FeedPort {
    /// There from making to dropping.
    sequencer: Option<Sequencer>,
    home: Arc<Mutex<Option<Sequencer>>>,
}

impl FeedPort {
    /// Takes the sequencer out of its home; `None` when another port has it.
    pub(crate) fn take(home: &Arc<Mutex<Option<Sequencer>>>) -> Option<Self> {
        let sequencer = lock(home).take()?;
        Some(Self { sequencer: Some(sequencer), home: Arc::clone(home) })
    }

    fn sequencer(&mut self) -> &mut Sequencer {
        self.sequencer.as_mut().expect("a port has its sequencer until it is dropped")
    }
}

impl TickSink for FeedPort {
    fn push(&mut self, tick: Tick) -> Push {
        let sequencer = self.sequencer();
        let taken = sequencer.push_all(&[tick]);
        sequencer.settle();
        if taken == 1 { Push::Accepted } else { Push::Full }
    }

    fn push_all(&mut self, ticks: &[Tick]) -> usize {
        let sequencer = self.sequencer();
        let taken = sequencer.push_all(ticks);
        // Once for all of them, also for those before the one that found no room.
        sequencer.settle();
        taken
    }

    fn feed_up(&mut self) {
        let sequencer = self.sequencer();
        if sequencer.shared.is_stopping() {
            sequencer.renew();
        }
        sequencer.shared.feed_up.store(true, Ordering::Relaxed);
    }

    fn feed_lost(&mut self) {
        let sequencer = self.sequencer();
        if sequencer.shared.is_stopping() {
            sequencer.renew();
        }
        sequencer.feed_lost();
    }
}

impl Drop for FeedPort {
    fn drop(&mut self) {
        *lock(&self.home) = self.sequencer.take();
    }
}
