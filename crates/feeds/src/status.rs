//! What is known about the health of a feed, as counters that anyone may read at any time.
//!
//! Written by the provider's task alone; read by health pages and metrics. Nothing here is exact
//! across counters: each is true by itself.

use model::Time;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Why a tick was not passed on, or what was odd about one that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The message could not be read.
    Malformed,
    /// No instrument has this symbol.
    UnknownSymbol,
    /// A price of zero or less, or a quote without any side.
    PriceNotPositive,
    /// A price above `limits::PRICE_MAX`.
    PriceOverLimit,
    /// A size below zero, or a trade of nothing.
    SizeNotPositive,
    /// A size above what a listing can trade in a day; a wrong scale.
    SizeOverLimit,
    /// Older than the last one of its kind for its symbol.
    OutOfOrder,
    /// Too far from the last good price, and not confirmed.
    Jump,
    /// Passed on, but equal to the last one of its kind, time included. Equal prints in one
    /// instant are common, and an equal quote restores nothing.
    Duplicate,
    /// Passed on, but bid above ask: nothing fills against it.
    Crossed,
    /// Passed on, but one side is missing.
    OneSided,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::Malformed,
        Self::UnknownSymbol,
        Self::PriceNotPositive,
        Self::PriceOverLimit,
        Self::SizeNotPositive,
        Self::SizeOverLimit,
        Self::OutOfOrder,
        Self::Jump,
        Self::Duplicate,
        Self::Crossed,
        Self::OneSided,
    ];

    /// A stable name for metrics and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownSymbol => "unknown_symbol",
            Self::PriceNotPositive => "price_not_positive",
            Self::PriceOverLimit => "price_over_limit",
            Self::SizeNotPositive => "size_not_positive",
            Self::SizeOverLimit => "size_over_limit",
            Self::OutOfOrder => "out_of_order",
            Self::Duplicate => "duplicate",
            Self::Jump => "jump",
            Self::Crossed => "crossed",
            Self::OneSided => "one_sided",
        }
    }

    /// Whether a tick with this mark is kept from the sink.
    #[must_use]
    pub const fn drops(self) -> bool {
        match self {
            Self::Duplicate | Self::Crossed | Self::OneSided => false,
            Self::Malformed
            | Self::UnknownSymbol
            | Self::PriceNotPositive
            | Self::PriceOverLimit
            | Self::SizeNotPositive
            | Self::SizeOverLimit
            | Self::OutOfOrder
            | Self::Jump => true,
        }
    }
}

/// The health of one feed.
#[derive(Debug, Default)]
pub struct FeedStatus {
    connected: AtomicBool,
    received: AtomicU64,
    accepted: AtomicU64,
    messages: AtomicU64,
    bytes: AtomicU64,
    connects: AtomicU64,
    disconnects: AtomicU64,
    last_message_nanos: AtomicI64,
    counts: [AtomicU64; DropReason::ALL.len()],
    last_error: Mutex<Option<String>>,
}

impl FeedStatus {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether data flows now.
    #[must_use]
    pub fn connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Ticks read from the provider, good or not.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Ticks passed to the sink.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Frames read from the provider.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Bytes of those frames.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Connections made after the first one.
    #[must_use]
    pub fn reconnects(&self) -> u64 {
        self.connects.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// Connections that ended or could not be made.
    #[must_use]
    pub fn disconnects(&self) -> u64 {
        self.disconnects.load(Ordering::Relaxed)
    }

    /// Wall time of the last frame, where there was one.
    #[must_use]
    pub fn last_message_at(&self) -> Option<Time> {
        match self.last_message_nanos.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(Time::from_nanos(nanos)),
        }
    }

    /// How many ticks carried this mark.
    #[must_use]
    pub fn count(&self, reason: DropReason) -> u64 {
        self.counts[reason as usize].load(Ordering::Relaxed)
    }

    /// Every mark with its count.
    #[must_use]
    pub fn counts(&self) -> [(DropReason, u64); DropReason::ALL.len()] {
        DropReason::ALL.map(|reason| (reason, self.count(reason)))
    }

    /// Ticks that were kept from the sink, for whatever reason.
    #[must_use]
    pub fn quarantined(&self) -> u64 {
        DropReason::ALL.iter().filter(|reason| reason.drops()).map(|reason| self.count(*reason)).sum()
    }

    /// Why the last connection ended or could not be made.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes one mark.
    pub fn note(&self, reason: DropReason) {
        self.counts[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Notes ticks read and ticks passed on.
    pub fn note_ticks(&self, received: u64, accepted: u64) {
        self.received.fetch_add(received, Ordering::Relaxed);
        self.accepted.fetch_add(accepted, Ordering::Relaxed);
    }

    /// Notes frames of so many bytes together, read now.
    pub fn note_messages(&self, count: usize, bytes: usize) {
        self.messages.fetch_add(count as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.last_message_nanos.store(wall_nanos(), Ordering::Relaxed);
    }

    /// Notes that a connection was made and authenticated.
    pub fn note_connect(&self) {
        self.connects.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that data flows.
    pub fn note_up(&self) {
        self.connected.store(true, Ordering::Relaxed);
    }

    /// Notes that a connection ended, or could not be made, and why.
    pub fn note_disconnect(&self, why: &str) {
        self.connected.store(false, Ordering::Relaxed);
        self.disconnects.fetch_add(1, Ordering::Relaxed);
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.to_owned());
    }

    /// Notes that the task ended because it was told to.
    pub fn note_stopped(&self) {
        self.connected.store(false, Ordering::Relaxed);
    }
}

fn wall_nanos() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_counter_and_name() {
        let status = FeedStatus::new();
        for (index, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
            status.note(reason);
        }
        assert!(status.counts().iter().all(|(_, count)| *count == 1));
        assert_eq!(status.quarantined(), 8, "three of the eleven marks pass");
        let names: std::collections::HashSet<_> = DropReason::ALL.iter().map(|reason| reason.name()).collect();
        assert_eq!(names.len(), DropReason::ALL.len());
    }
}
