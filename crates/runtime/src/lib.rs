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
//! | `system`, `startup`, `recovery` | start and stop; from files to running state |
//! | `handle` | requests in, views out |
//! | `sequencer`, `lane`, `conflate`, `quotes`, `clock` | the way of ticks, and engine time |
//! | `command_queue`, `shard_thread`, `waker` | inputs before an engine |
//! | `journal_thread` | group commit |
//! | `projection`, `portfolio_state`, `view_writer`, `stream` | what readers and clients see |
//! | `instruments`, `market_data` | the instrument table, bars |
//! | `snapshotter` | snapshots behind the system's back |
//! | `shared`, `measure` | how far everyone got, and how fast |
#![forbid(unsafe_code)]

mod clock;
mod command_queue;
mod config;
mod conflate;
mod handle;
mod instruments;
mod journal_thread;
mod lane;
mod market_data;
mod measure;
mod portfolio_state;
mod projection;
mod quotes;
mod recovery;
mod sequencer;
mod shard_thread;
mod shared;
mod snapshotter;
mod startup;
mod stream;
mod system;
#[cfg(test)]
mod testing;
mod view_writer;
mod views;
mod waker;

pub use config::{ClockMode, Durability, Overflow, SystemConfig};
pub use handle::{DefineError, Handle, RequestError, ViewError};
pub use instruments::{InstrumentDirectory, InstrumentSpec};
pub use measure::{Counters, LatencySummary, Measurements};
pub use sequencer::FeedPort;
pub use shared::{Failure, ShardStatus, SystemStatus};
pub use stream::{After, CutOff, MessagePage, SlowConsumer, StreamBatch, SubscribeError, Subscription};
pub use system::{StartError, StopError, System};
pub use views::{CashView, PortfolioView, PositionView, QuoteView, StreamEncoder, StreamItem, StreamMessage};
