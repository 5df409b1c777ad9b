//! When orders end by time.
//!
//! Owns the expiry of each open order that has one, soonest first, and the next instant at which
//! something is due, so that an input asks with one compare.

use alloc::collections::BTreeSet;
use model::{OrderId, Time};

/// The place of day orders that came before any time was known: due with the first time.
pub(crate) const UNDATED: Time = Time::from_nanos(1);

/// Pending expiries.
#[derive(Debug)]
pub(crate) struct Timers {
    expiries: BTreeSet<(Time, OrderId)>,
    next: Time,
}

impl Timers {
    pub(crate) const fn new() -> Self {
        Self { expiries: BTreeSet::new(), next: Time::NEVER }
    }

    /// When the next one is due; [`Time::NEVER`] when none is.
    pub(crate) const fn next(&self) -> Time {
        self.next
    }

    /// `at` may be [`Time::NEVER`], which sets nothing.
    pub(crate) fn set(&mut self, at: Time, order: OrderId) {
        if at != Time::NEVER {
            self.expiries.insert((at, order));
            self.refresh();
        }
    }

    pub(crate) fn clear(&mut self, at: Time, order: OrderId) {
        if at != Time::NEVER {
            self.expiries.remove(&(at, order));
            self.refresh();
        }
    }

    /// The first expiry due by `now`.
    pub(crate) fn due(&self, now: Time) -> Option<(Time, OrderId)> {
        self.expiries.first().copied().filter(|(at, _)| *at <= now)
    }

    fn refresh(&mut self) {
        self.next = self.expiries.first().map_or(Time::NEVER, |(at, _)| *at);
    }
}
