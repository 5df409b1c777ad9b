//! Where ticks enter: the one place that gives them their place and their engine time.
//!
//! It writes the quote board and passes every tick to every shard's ring and to the market data
//! ring. It never waits and never evaluates. Invariant: places have no gap at the entrance, engine
//! time does not go back, and every ring carries its ticks in the order of their places.

use crate::clock::wall_nanos;
use crate::config::Overflow;
use crate::lane::{LaneItem, LaneSender};
use crate::quotes::QuoteBoard;
use crate::shared::{Shared, lock};
use feeds::{Push, TickSink};
use model::{Stamped, Tick, TickSeq};
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
}

impl Sequencer {
    fn push(&mut self, tick: Tick) -> Push {
        if self.shared.is_stopping() {
            return Push::Accepted;
        }
        match self.overflow {
            Overflow::Block if !self.lanes.iter().all(LaneSender::has_room) => return Push::Full,
            Overflow::Block | Overflow::Conflate => {}
        }
        let arrival = wall_nanos();
        self.last = self.last.next();
        let now = self.shared.clock.stamp(arrival, tick.time);
        let stamped = Stamped { seq: self.last, now, tick };
        self.quotes.record(&stamped);
        let dropped: u64 = self.lanes.iter_mut().map(|lane| lane.send(LaneItem::Tick(stamped, arrival))).sum();
        let meters = &self.shared.meters;
        meters.ticks_received.store(self.last.get(), Ordering::Release);
        if dropped > 0 {
            meters.ticks_conflated.fetch_add(dropped, Ordering::Relaxed);
        }
        Push::Accepted
    }

    fn feed_lost(&mut self) {
        self.shared.feed_up.store(false, Ordering::Relaxed);
        self.quotes.feed_lost();
        let now = self.shared.clock.latest();
        for lane in &mut self.lanes {
            lane.send(LaneItem::FeedLost(now));
        }
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
        self.sequencer().push(tick)
    }

    fn feed_up(&mut self) {
        self.sequencer().shared.feed_up.store(true, Ordering::Relaxed);
    }

    fn feed_lost(&mut self) {
        self.sequencer().feed_lost();
    }
}

impl Drop for FeedPort {
    fn drop(&mut self) {
        *lock(&self.home) = self.sequencer.take();
    }
}
