//! The way to the next part: through its queue, or by doing its work right here while it rests.
//!
//! Waking a sleeping thread costs more than evaluating a tick, folding a fill, or on a quick disk a good
//! part of a commit. It must never overtake: work is done here only where nothing waits for the part,
//! which is known under the part's lock, and a part takes from its queue under that lock alone.
//! Invariant: what one sender passes on is worked in the order in which it was passed.
//!
//! Locks are taken downstream alone, shard, journal, projection, portfolio, outbox, and each but the
//! last two only by its own thread or by an attempt that never waits; so nobody waits in a circle.
//! A full queue is waited for with upstream locks held, never with those of the part that empties it.
//! Whoever works here waits for at most one append that was expected to be short: there is one feed,
//! so at most one thread of the network is held by the disk, and the next append goes by the queue.
//! A panic poisons the part and is latched, before its lock is let go, as the failure of the part.

use crossbeam::channel::{Receiver, Select, SendError, Sender};
use std::sync::{Arc, Mutex, TryLockError, Weak};

/// A part that whoever holds it can have work.
pub(crate) trait Part<T> {
    /// Whether this is little, and now is a good time: whoever asks waits for it.
    fn takes_here(&self, work: &T) -> bool;

    /// Does it.
    fn take_here(&mut self, work: T);
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Way<T, P> {
    queue: Sender<T>,
    /// Nobody before threads run. Weak, so that a part ends with its own thread.
    part: Weak<Mutex<P>>,
}

impl<T, P> Clone for Way<T, P> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), part: Weak::clone(&self.part) }
    }
}

impl<T, P: Part<T>> Way<T, P> {
    /// Through the queue alone.
    pub(crate) fn queued(queue: Sender<T>) -> Self {
        Self { queue, part: Weak::new() }
    }

    /// From now on also by doing this part's work.
    pub(crate) fn lead_to(&mut self, part: &Arc<Mutex<P>>) {
        self.part = Arc::downgrade(part);
    }

    /// Puts work into the queue; waits while it is full.
    pub(crate) fn send(&self, work: T) -> Result<(), SendError<T>> {
        self.queue.send(work)
    }

    /// Does the work here where the part rests and likes it so, and queues it otherwise.
    pub(crate) fn pass(&self, work: T) -> Result<(), SendError<T>> {
        if self.queue.is_empty()
            && let Some(part) = self.part.upgrade()
        {
            let held = match part.try_lock() {
                Ok(held) => Some(held),
                Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            // Looked at again under the lock: only now can nothing be taken out behind our back.
            if let Some(mut held) = held
                && self.queue.is_empty()
                && held.takes_here(&work)
            {
                held.take_here(work);
                return Ok(());
            }
        }
        self.queue.send(work)
    }

    /// Whether the queue has no room.
    pub(crate) fn is_full(&self) -> bool {
        self.queue.is_full()
    }
}

/// Waits until there is something to take out or everyone who sends is gone; takes nothing.
pub(crate) fn await_work<T>(queue: &Receiver<T>) {
    let mut select = Select::new();
    select.recv(queue);
    select.ready();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam::channel::bounded;

    /// Writes down what it was given.
    struct Scribe {
        written: Vec<u32>,
        willing: bool,
    }

    impl Part<u32> for Scribe {
        fn takes_here(&self, _work: &u32) -> bool {
            self.willing
        }

        fn take_here(&mut self, work: u32) {
            self.written.push(work);
        }
    }

    #[test]
    fn work_is_done_here_only_where_the_part_rests_is_willing_and_nothing_waits() {
        let (sender, queue) = bounded(4);
        let part = Arc::new(Mutex::new(Scribe { written: Vec::new(), willing: true }));
        let mut way = Way::queued(sender);
        way.pass(1).expect("room");
        assert_eq!(queue.try_recv(), Ok(1), "it leads to nobody yet");
        way.lead_to(&part);
        way.pass(2).expect("room");
        assert_eq!(part.lock().expect("unpoisoned").written, [2]);
        {
            let _busy = part.lock().expect("unpoisoned");
            way.pass(3).expect("room");
        }
        way.pass(4).expect("room");
        assert_eq!(part.lock().expect("unpoisoned").written, [2], "4 must not overtake 3");
        assert_eq!((queue.try_recv(), queue.try_recv()), (Ok(3), Ok(4)));
        part.lock().expect("unpoisoned").willing = false;
        way.pass(5).expect("room");
        assert_eq!(queue.try_recv(), Ok(5));
        drop(part);
        way.pass(6).expect("room");
        assert_eq!(queue.try_recv(), Ok(6), "the part is gone");
    }
}
