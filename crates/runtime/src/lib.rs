//! The threads and the clock around the engine: how inputs reach a shard, how events become durable,
//! and how what became durable becomes visible.
//!
//! This crate owns every thread of a running system. It decides nothing about trading: rules live in
//! `engine`. Its one invariant: nothing that depends on an event leaves before the commit of the
//! batch that holds the event returned, which is `published <= durable <= applied` for every shard.
//!
//! ```text
//! feed -> sequencer -> lane of each shard -> shard thread -+-> journal thread -> projection -> replies,
//! request -> command queue of the shard  ------------------+   (one commit)      (views)       streams
//!                                                                                   |
//!                                                                              view writer
//! ```
//!
//! | file | owns |
//! |---|---|
//! | `system`, `parts`, `startup`, `recovery`, `rows_ahead` | start and stop; from files to running state |
//! | `healing`, `threads`, `panics` | one life after another: failures, and going on after them |
//! | `space` | room on the disk, and what is taken in while it is little |
//! | `stepping` | the same parts without threads, driven by hand |
//! | `capacities` | how much room there is between the parts |
//! | `handle` | requests in, views out |
//! | `sequencer`, `lane`, `conflate`, `quotes`, `clock` | the way of ticks, and engine time |
//! | `command_queue`, `shard_thread`, `waker` | inputs before an engine |
//! | `journal_thread`, `way` | group commit; passing work on without waking a thread |
//! | `projection`, `portfolio_state`, `view_writer`, `message_run`, `stream` | what readers and clients see |
//! | `instruments`, `market_data` | the instrument table, bars |
//! | `snapshotter` | snapshots behind the system's back |
//! | `shared`, `measure` | how far everyone got, and how fast |
#![forbid(unsafe_code)]

mod capacities;
mod clock;
mod command_queue;
mod config;
mod conflate;
mod handle;
mod healing;
mod instruments;
mod journal_thread;
mod lane;
mod market_data;
mod measure;
mod message_run;
mod panics;
mod parts;
mod portfolio_state;
mod projection;
mod quotes;
mod recovery;
mod rows_ahead;
mod sequencer;
mod shard_thread;
mod shared;
mod snapshotter;
mod space;
mod startup;
pub mod stepping;
mod stream;
mod system;
#[cfg(test)]
mod testing;
mod threads;
mod view_writer;
mod views;
mod waker;
mod way;

pub use capacities::{Capacities, CommandPlaces, StreamBounds};
pub use config::{ClockMode, Durability, Keep, Overflow, SystemConfig};
pub use handle::{ChangeError, DefineError, Handle, RequestError, ViewError};
pub use instruments::{InstrumentDirectory, InstrumentSpec};
pub use measure::{Counters, LatencySummary, Measurements};
pub use message_run::{Framing, MessageRun};
pub use sequencer::FeedPort;
pub use shared::{Failure, ShardStatus, SystemStatus};
pub use space::{Change, SpaceLimits, SpaceState, SpaceStatus};
pub use stream::{After, CutOff, MessagePage, SlowConsumer, StreamBatch, SubscribeError, Subscription};
pub use system::{StartError, StopError, System};
pub use views::{CashView, PortfolioView, PositionView, QuoteView, StreamEncoder, StreamItem, StreamMessage};
