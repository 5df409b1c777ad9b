//! How much room the queues, rings and caches of a system have.
//!
//! The defaults are the product's limits. A simulation starts with tiny ones, so that what is rare
//! with large ones (a full queue, a merged tick, a client that is cut off) happens all the time.

use model::limits::{
    CLIENT_BYTES_MAX, CLIENT_MESSAGES_MAX, JOURNAL_BATCHES_MAX, SHARD_COMMANDS_MAX,
    SHARD_COMMANDS_RESERVED_FOR_CANCELS, SHARD_TICKS_MAX, STREAM_MESSAGES_IN_MEMORY_MAX,
};

/// Places for commands before one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandPlaces {
    /// All of them.
    pub all: usize,
    /// Those that only cancels may use.
    pub kept_for_cancels: usize,
}

impl Default for CommandPlaces {
    fn default() -> Self {
        Self { all: SHARD_COMMANDS_MAX, kept_for_cancels: SHARD_COMMANDS_RESERVED_FOR_CANCELS }
    }
}

/// Bounds of what is held for streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamBounds {
    /// Messages that wait for one client before it is cut off.
    pub client_messages: usize,
    /// Bytes that wait for one client before it is cut off.
    pub client_bytes: usize,
    /// Messages of a portfolio kept in memory while somebody follows.
    pub watched: usize,
    /// Messages of a portfolio kept in memory while nobody follows, so that many portfolios fit (guess).
    pub unwatched: usize,
}

impl Default for StreamBounds {
    fn default() -> Self {
        Self {
            client_messages: CLIENT_MESSAGES_MAX,
            client_bytes: CLIENT_BYTES_MAX,
            watched: STREAM_MESSAGES_IN_MEMORY_MAX,
            unwatched: 64,
        }
    }
}

/// Everything that is bounded in a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacities {
    /// Ticks that may wait for one shard before they are merged.
    pub ticks: usize,
    /// Commands that may wait for one shard.
    pub commands: CommandPlaces,
    /// Batches that may wait for the journal.
    pub batches: usize,
    /// Commits that may wait to be folded.
    pub rounds: usize,
    /// Folded commits whose rows may wait to be written.
    pub row_batches: usize,
    /// What is held for streams.
    pub stream: StreamBounds,
    /// Memory for pages of the open journal segment.
    pub journal_cache_bytes: usize,
    /// Memory for pages of the views.
    pub views_cache_bytes: usize,
}

impl Default for Capacities {
    /// What the product runs with. The bounds of rounds and row batches are guesses: some milliseconds of work.
    fn default() -> Self {
        Self {
            ticks: SHARD_TICKS_MAX,
            commands: CommandPlaces::default(),
            batches: JOURNAL_BATCHES_MAX,
            rounds: 64,
            row_batches: 256,
            stream: StreamBounds::default(),
            journal_cache_bytes: 16 << 20,
            views_cache_bytes: 64 << 20,
        }
    }
}
