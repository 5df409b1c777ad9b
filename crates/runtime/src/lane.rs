//! The way of ticks from the sequencer to one thread: a ring, and behind it the conflator.
//!
//! The ring is for the usual case: no lock, no allocation. When it is full, ticks go through the
//! conflator until the taker has emptied both, so that order is kept and nothing waits for a later
//! tick to push it on. Invariant: the taker sees ticks in the order of their places.

use crate::conflate::{Conflator, Sizes};
use crate::shard_thread::{self, ShardThread};
use crate::shared::lock;
use crate::waker::Waker;
use model::{Stamped, Tick, TickBody, TickSeq, Time};
use rtrb::{Consumer, Producer, RingBuffer};
use std::ops::ControlFlow;
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
            Self::Tick(stamped, _) => is_quote(&stamped.tick),
            Self::FeedLost(_) => false,
        }
    }
}

const fn is_quote(tick: &Tick) -> bool {
    matches!(tick.body, TickBody::Quote(_))
}

/// Ticks that arrived together, with the places and engine times that they were given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived<'a> {
    pub(crate) ticks: &'a [Tick],
    /// One for each tick.
    pub(crate) nows: &'a [Time],
    /// The first tick's place; the others follow without a gap.
    pub(crate) first: TickSeq,
    /// By the wall clock, in nanoseconds.
    pub(crate) arrival: i64,
}

impl<'a> Arrived<'a> {
    fn items<W: Fn(&Tick) -> bool>(&self, wanted: W) -> impl Iterator<Item = LaneItem> + use<'a, W> {
        let arrival = self.arrival;
        (self.first.get()..).zip(self.ticks.iter().zip(self.nows)).filter(move |(_, (tick, _))| wanted(tick)).map(
            move |(seq, (tick, now))| {
                LaneItem::Tick(Stamped { seq: TickSeq::new(seq), now: *now, tick: *tick }, arrival)
            },
        )
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
    /// How many of these ticks, from the first on, would go into the ring now. A lane without a taker has
    /// room for ever.
    pub(crate) fn room(&self, ticks: &[Tick]) -> usize {
        if self.ring.is_abandoned() {
            return ticks.len();
        }
        if self.overflowing.active.load(Ordering::Acquire) {
            return 0;
        }
        let slots = self.ring.slots();
        if slots >= ticks.len() {
            ticks.len()
        } else if self.trades_only {
            let mut trades = ticks.iter().enumerate().filter(|(_, tick)| !is_quote(tick));
            trades.nth(slots).map_or(ticks.len(), |(index, _)| index)
        } else {
            slots
        }
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

    /// Passes on what arrived together, as [`Self::send`] does one after another; what finds room is
    /// written at once.
    pub(crate) fn send_all(&mut self, arrived: &Arrived<'_>) -> u64 {
        if self.trades_only {
            return arrived.items(|tick| !is_quote(tick)).map(|item| self.send(item)).sum();
        }
        let mut items = arrived.items(|_| true);
        if !self.overflowing.active.load(Ordering::Acquire) {
            let room = self.ring.slots().min(arrived.ticks.len());
            if let Ok(chunk) = self.ring.write_chunk_uninit(room) {
                chunk.fill_from_iter(&mut items);
            }
        }
        items.map(|item| self.send(item)).sum()
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
    /// Hands over what waits in the ring where it lies, oldest first, at most so many, until it is told
    /// to stop; says how many. Their room is given back together. What was merged is left to [`Self::take`].
    pub(crate) fn take_some(&mut self, most: usize, mut each: impl FnMut(&LaneItem) -> ControlFlow<()>) -> usize {
        let waiting = self.ring.slots().min(most);
        let Ok(chunk) = self.ring.read_chunk(waiting) else { return 0 };
        let (first, rest) = chunk.as_slices();
        let mut taken = 0;
        for item in first.iter().chain(rest) {
            taken += 1;
            if each(item).is_break() {
                break;
            }
        }
        chunk.commit(taken);
        taken
    }

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
    use model::{Aggressor, InstrumentId, Price, Qty, Quote, Trade, TradeConditions};

    fn tick(seq: u64) -> Tick {
        let (price, size) = (Price::whole(10), Qty::whole(1));
        let body = TickBody::Quote(Quote { bid: price, bid_size: size, ask: price, ask_size: size });
        let now = Time::from_nanos(i64::try_from(seq).expect("small"));
        Tick { instrument: InstrumentId::new(1), time: now, body }
    }

    fn quote(seq: u64) -> LaneItem {
        let tick = tick(seq);
        LaneItem::Tick(Stamped { seq: TickSeq::new(seq), now: tick.time, tick }, 0)
    }

    fn has_room(sender: &LaneSender) -> bool {
        sender.room(&[tick(1)]) == 1
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
        assert!(!has_room(&sender));
        assert_eq!(sender.send(LaneItem::FeedLost(Time::from_nanos(9))), 0);
        assert!(!taker.is_empty());
        assert_eq!(places(&mut taker), [1, 2, 3, 9, 0]);
        assert!(taker.is_empty() && has_room(&sender));
        assert_eq!(sender.send(quote(10)), 0);
        assert_eq!(places(&mut taker), [10]);
    }

    #[test]
    fn a_lane_without_a_taker_takes_everything_and_keeps_nothing() {
        let (mut sender, taker) = lane(1, Sizes::AsPrinted, Sleeper::new().waker());
        drop(taker);
        for seq in 1..9 {
            assert!(has_room(&sender));
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

    #[test]
    fn what_arrives_together_is_passed_on_as_one_after_another() {
        let trade = |seq: u64| {
            let (aggressor, conditions) = (Aggressor::Unknown, TradeConditions::Regular);
            let trade = Trade { price: Price::whole(10), size: Qty::whole(1), aggressor, conditions };
            Tick { body: TickBody::Trade(trade), ..tick(seq) }
        };
        let ticks: Vec<Tick> = (1..=9).map(|seq| if seq % 3 == 0 { trade(seq) } else { tick(seq) }).collect();
        let nows: Vec<Time> = ticks.iter().map(|tick| tick.time).collect();
        let arrived = Arrived { ticks: &ticks, nows: &nows, first: TickSeq::new(1), arrival: 0 };
        for (sizes, capacity) in [Sizes::AsPrinted, Sizes::Summed]
            .into_iter()
            .flat_map(|sizes| [1, 2, 5, 20].map(|capacity| (sizes, capacity)))
        {
            let (mut together, mut takes) = lane(capacity, sizes, Sleeper::new().waker());
            let (mut single, mut expected) = lane(capacity, sizes, Sleeper::new().waker());
            let room = together.room(&ticks);
            let dropped: u64 = arrived.items(|_| true).map(|item| single.send(item)).sum();
            assert_eq!(together.send_all(&arrived), dropped, "{capacity}");
            assert_eq!(
                dropped == 0 && has_room(&together),
                room == ticks.len() && has_room(&single),
                "{capacity}"
            );
            let mut some = Vec::new();
            let taken = takes.take_some(4, |item| {
                some.push(*item);
                if some.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert_eq!(taken, some.len());
            let all: Vec<LaneItem> = some.into_iter().chain(std::iter::from_fn(|| takes.take())).collect();
            assert_eq!(all, std::iter::from_fn(|| expected.take()).collect::<Vec<_>>(), "{capacity}");
        }
    }

    #[test]
    fn room_is_that_of_the_ticks_that_a_lane_takes() {
        let (sender, _taker) = lane(2, Sizes::AsPrinted, Sleeper::new().waker());
        assert_eq!(sender.room(&[tick(1), tick(2), tick(3)]), 2);
        let (sender, _taker) = lane(2, Sizes::Summed, Sleeper::new().waker());
        assert_eq!(sender.room(&[tick(1), tick(2), tick(3)]), 3);
    }
}
