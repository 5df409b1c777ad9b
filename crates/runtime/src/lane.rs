//! The way of ticks from the sequencer to one thread: a ring, and behind it the conflator.
//!
//! The ring is for the usual case: no lock, no allocation. When it is full, ticks go through the
//! conflator until the taker has emptied both, so that order is kept and nothing waits for a later
//! tick to push it on. Invariant: the taker sees ticks in the order of their places.

use crate::conflate::{Conflator, Sizes};
use crate::shard_thread::{self, ShardThread};
use crate::shared::lock;
use crate::waker::Waker;
use model::{Stamped, TickBody, Time};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// What a lane carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LaneItem {
    /// A tick, and its arrival by the wall clock in nanoseconds.
    Tick(Stamped, i64),
    /// The feed was interrupted at this engine time.
    FeedLost(Time),
}

impl LaneItem {
    const fn is_quote(&self) -> bool {
        match self {
            Self::Tick(stamped, _) => matches!(stamped.tick.body, TickBody::Quote(_)),
            Self::FeedLost(_) => false,
        }
    }
}

/// What did not fit into the ring.
#[derive(Debug)]
struct Overflowing {
    /// Whether ticks go here. Set by the sender, cleared by the taker, both under the lock; while it
    /// is set nothing goes into the ring.
    active: AtomicBool,
    conflator: Mutex<Conflator>,
}

/// What is done for a taker that sleeps while ticks wait for it.
#[derive(Debug)]
enum Settling {
    /// It is woken.
    Wake,
    /// It is woken once the ring is an eighth full; it looks by itself often enough.
    Lazily,
    /// What waits is evaluated right there.
    Here(Weak<Mutex<ShardThread>>),
}

/// The sequencer's end.
#[derive(Debug)]
pub(crate) struct LaneSender {
    trades_only: bool,
    ring: Producer<LaneItem>,
    overflowing: Arc<Overflowing>,
    waker: Arc<Waker>,
    settling: Settling,
}

/// The taking thread's end.
#[derive(Debug)]
pub(crate) struct LaneTaker {
    ring: Consumer<LaneItem>,
    overflowing: Arc<Overflowing>,
}

/// A lane for this many ticks, whose taker is woken by `waker`.
pub(crate) fn lane(capacity: usize, sizes: Sizes, waker: Arc<Waker>) -> (LaneSender, LaneTaker) {
    let (sender, taker) = RingBuffer::new(capacity);
    let overflowing =
        Arc::new(Overflowing { active: AtomicBool::new(false), conflator: Mutex::new(Conflator::new(sizes)) });
    let taker = LaneTaker { ring: taker, overflowing: Arc::clone(&overflowing) };
    // Sizes are summed for bars, which are made of trades alone.
    let trades_only = sizes == Sizes::Summed;
    (LaneSender { trades_only, ring: sender, overflowing, waker, settling: Settling::Wake }, taker)
}

impl LaneSender {
    /// Whether a tick would go into the ring now. A lane without a taker has room for ever.
    pub(crate) fn has_room(&self) -> bool {
        self.ring.is_abandoned() || (!self.ring.is_full() && !self.overflowing.active.load(Ordering::Acquire))
    }

    /// Its taker is not woken for every tick from now on.
    pub(crate) fn settle_lazily(&mut self) {
        self.settling = Settling::Lazily;
    }

    /// What its taker would be woken for is done in its place from now on.
    pub(crate) fn settle_here(&mut self, shard: &Arc<Mutex<ShardThread>>) {
        self.settling = Settling::Here(Arc::downgrade(shard));
    }

    /// Has what was sent looked at: it may lie until then. Nothing happens while the taker is awake.
    pub(crate) fn settle(&self) {
        if !self.waker.is_asleep() {
            return;
        }
        match &self.settling {
            Settling::Wake => self.waker.wake(),
            Settling::Lazily => {
                let capacity = self.ring.buffer().capacity();
                if capacity - self.ring.slots() >= capacity / 8 {
                    self.waker.wake();
                }
            }
            Settling::Here(shard) => match shard_thread::turn_here(shard) {
                shard_thread::Turned::Done => {}
                shard_thread::Turned::WorkLeft => self.waker.wake(),
            },
        }
    }

    /// Passes on; returns how many ticks were dropped by merging. [`Self::settle`] has it looked at.
    pub(crate) fn send(&mut self, item: LaneItem) -> u64 {
        if self.trades_only && item.is_quote() {
            return 0;
        }
        let active = self.overflowing.active.load(Ordering::Acquire);
        let taken = (!active && self.ring.push(item).is_ok()) || self.ring.is_abandoned();
        if taken { 0 } else { self.send_merged(item) }
    }

    fn send_merged(&self, item: LaneItem) -> u64 {
        let mut conflator = lock(&self.overflowing.conflator);
        self.overflowing.active.store(true, Ordering::Release);
        conflator.push(item)
    }
}

impl LaneTaker {
    /// The next one.
    pub(crate) fn take(&mut self) -> Option<LaneItem> {
        if let Ok(item) = self.ring.pop() {
            return Some(item);
        }
        if !self.overflowing.active.load(Ordering::Acquire) {
            return None;
        }
        // Seen active, the ring gets nothing more: what it holds now is older than what was merged.
        if let Ok(item) = self.ring.pop() {
            return Some(item);
        }
        let mut conflator = lock(&self.overflowing.conflator);
        let item = conflator.pop();
        if conflator.is_empty() {
            self.overflowing.active.store(false, Ordering::Release);
        }
        item
    }

    /// Whether there is nothing to take.
    pub(crate) fn is_empty(&self) -> bool {
        self.ring.is_empty() && !self.overflowing.active.load(Ordering::Acquire)
    }

    /// How many wait in the ring.
    pub(crate) fn count(&self) -> usize {
        self.ring.slots()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waker::Sleeper;
    use model::{InstrumentId, Price, Qty, Quote, Tick, TickSeq};

    fn quote(seq: u64) -> LaneItem {
        let (price, size) = (Price::whole(10), Qty::whole(1));
        let body = TickBody::Quote(Quote { bid: price, bid_size: size, ask: price, ask_size: size });
        let now = Time::from_nanos(i64::try_from(seq).expect("small"));
        let tick = Tick { instrument: InstrumentId::new(1), time: now, body };
        LaneItem::Tick(Stamped { seq: TickSeq::new(seq), now, tick }, 0)
    }

    fn places(taker: &mut LaneTaker) -> Vec<u64> {
        let items = std::iter::from_fn(|| taker.take());
        let place = |item| match item {
            LaneItem::Tick(stamped, _) => stamped.seq.get(),
            LaneItem::FeedLost(_) => 0,
        };
        items.map(place).collect()
    }

    #[test]
    fn a_full_ring_is_followed_by_what_was_merged_and_then_used_again() {
        let (mut sender, mut taker) = lane(2, Sizes::AsPrinted, Sleeper::new().waker());
        let dropped: u64 = (1..=9).map(|seq| sender.send(quote(seq))).sum();
        // 1 and 2 fill the ring; of the equal quotes behind it the first is the extreme, 9 the latest.
        assert_eq!(dropped, 5);
        assert!(!sender.has_room());
        assert_eq!(sender.send(LaneItem::FeedLost(Time::from_nanos(9))), 0);
        assert!(!taker.is_empty());
        assert_eq!(places(&mut taker), [1, 2, 3, 9, 0]);
        assert!(taker.is_empty() && sender.has_room());
        assert_eq!(sender.send(quote(10)), 0);
        assert_eq!(places(&mut taker), [10]);
    }

    #[test]
    fn a_lane_without_a_taker_takes_everything_and_keeps_nothing() {
        let (mut sender, taker) = lane(1, Sizes::AsPrinted, Sleeper::new().waker());
        drop(taker);
        for seq in 1..9 {
            assert!(sender.has_room());
            assert_eq!(sender.send(quote(seq)), 0);
        }
    }

    #[test]
    fn order_is_kept_whatever_the_taker_does() {
        let (mut sender, mut taker) = lane(4, Sizes::AsPrinted, Sleeper::new().waker());
        std::thread::scope(|scope| {
            let taking = scope.spawn(move || {
                let (mut last, mut count) = (0, 0_u64);
                while last < 50_000 {
                    if let Some(LaneItem::Tick(stamped, _)) = taker.take() {
                        assert!(stamped.seq.get() > last, "places increase");
                        last = stamped.seq.get();
                        count += 1;
                    }
                }
                count
            });
            let dropped: u64 = (1..=50_000).map(|seq| sender.send(quote(seq))).sum();
            assert_eq!(taking.join().expect("places increase") + dropped, 50_000);
        });
    }
}
