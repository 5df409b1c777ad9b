//! What a system is started with. Owns settings and their defaults; reads no file and no environment.

use crate::SpaceLimits;
use persistence::Storage;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where engine time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMode {
    /// The machine's clock, never going back.
    Wall,
    /// The event times of the feed, never going back; it stands still without ticks.
    Feed,
}

/// Whether events are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every event is on disk before anyone hears of it.
    Journal,
    /// Answers and streams go out before the disk has them, which is a moment later: a crash may take back
    /// what was seen. Every start has an epoch of its own, so that no stream goes on over a lost end.
    Behind,
    /// Nothing survives: for measuring what the journal costs.
    Off,
}

impl Durability {
    /// As the setting names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Behind => "behind",
            Self::Off => "off",
        }
    }
}

/// How much of the journal is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// All of it: whatever else is lost can be folded anew.
    #[default]
    Whole,
    /// Only what two snapshots of every shard do not cover. Lost views begin with the oldest snapshots
    /// then: closed orders, trades and messages from before are gone.
    Snapshots,
}

/// What happens to a tick when a shard cannot take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Ticks of one instrument are merged, keeping the extremes: for live feeds, which do not wait.
    Conflate,
    /// The feed is told to wait and offer the tick again: for lossless replays.
    Block,
}

/// Everything that a system is started with.
#[derive(Clone)]
pub struct SystemConfig {
    /// The directory of the journal, the views and the catalogue; made when it is not there.
    pub data_dir: PathBuf,
    /// How many shards; `None` takes what the directory was made with, or a default for a new one.
    pub shards: Option<u16>,
    /// How every shard works.
    pub shard: engine::ShardConfig,
    /// Where engine time comes from.
    pub clock: ClockMode,
    /// Whether events are kept.
    pub durability: Durability,
    /// What happens to a tick when a shard cannot take it.
    pub overflow: Overflow,
    /// Bytes of a journal segment after which the next one is begun.
    pub segment_bytes_max: u64,
    /// How much of the journal is kept.
    pub keep: Keep,
    /// Longest that a row of the views waits in memory for others to join it. A commit rewrites the
    /// pages it touches, so rare large ones cost a fraction of many small ones; what waits is folded
    /// anew after a crash.
    pub views_wait: Duration,
    /// How little room on the disk is too little.
    pub space: SpaceLimits,
    /// The files; tests put failing ones here.
    pub storage: Arc<dyn Storage>,
}

impl fmt::Debug for SystemConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SystemConfig")
            .field("data_dir", &self.data_dir)
            .field("shards", &self.shards)
            .field("clock", &self.clock)
            .field("durability", &self.durability)
            .field("overflow", &self.overflow)
            .field("segment_bytes_max", &self.segment_bytes_max)
            .field("keep", &self.keep)
            .field("views_wait", &self.views_wait)
            .field("space", &self.space)
            .finish_non_exhaustive()
    }
}
