//! Sleeping and being woken without a lost wake-up and without a system call while awake.
//!
//! The sleeper announces itself, looks once more whether there is work, and only then parks; who
//! brings work looks for the announcement after bringing it. The fences order the two, so that one
//! of them always sees the other.

use crossbeam::sync::{Parker, Unparker};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::time::Duration;

/// Wakes one thread.
#[derive(Debug)]
pub(crate) struct Waker {
    asleep: AtomicBool,
    unparker: Unparker,
}

impl Waker {
    /// Whether the thread sleeps, or is about to and will look for work once more. Ask after the work is in place.
    pub(crate) fn is_asleep(&self) -> bool {
        fence(Ordering::SeqCst);
        self.asleep.load(Ordering::Relaxed)
    }

    /// Wakes the thread if it sleeps. Call it after the work is in place.
    pub(crate) fn wake(&self) {
        if self.is_asleep() {
            self.unparker.unpark();
        }
    }
}

/// The sleeping end.
#[derive(Debug)]
pub(crate) struct Sleeper {
    parker: Parker,
    waker: Arc<Waker>,
}

impl Sleeper {
    /// Both ends for one thread.
    pub(crate) fn new() -> Self {
        let parker = Parker::new();
        let waker = Waker { asleep: AtomicBool::new(false), unparker: parker.unparker().clone() };
        Self { parker, waker: Arc::new(waker) }
    }

    /// The end for those who bring work.
    pub(crate) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Sleeps until woken, at most this long, unless there is work already.
    pub(crate) fn sleep(&self, at_most: Duration, has_work: impl Fn() -> bool) {
        self.waker.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !has_work() {
            self.parker.park_timeout(at_most);
        }
        self.waker.asleep.store(false, Ordering::Relaxed);
    }
}
