//! The shard: a deterministic state machine that owns portfolios, their orders and their money.
//!
//! Three kinds of input reach it in one order (commands, ticks and time) and it answers with
//! events. It reads no clock, draws no number, does no input or output and holds no float:
//! `no_std` and the lints below let the compiler check that. Deciding looks and changes nothing;
//! committing folds an event into the state and cannot fail; recovery folds the same events with
//! the same code.
//!
//! | file | owns |
//! |---|---|
//! | `shard`, `commands` | the inputs and their order |
//! | `decide_submit`, `decide_replace`, `terms`, `risk` | what a command would cause, or why not |
//! | `commit` | how each event changes the state |
//! | `account`, `ledger`, `portfolio`, `portfolios`, `names` | money, holdings, double entry, numbering |
//! | `orders`, `book`, `by_price`, `trailing` | open orders, their index by price |
//! | `market` | the market's state; what a quiet tick reads and writes |
//! | `matching`, `on_market`, `liquidity` | what ticks fill, release and ratchet; sizes spent once |
//! | `session`, `timers`, `image`, `standing` | opening hours, expiry, snapshots, what views begin from |
//! | `walk` | the price index laid open, for proofs |
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::float_arithmetic)]

extern crate alloc;

pub mod account;
mod blocks;
mod book;
mod by_price;
mod commands;
mod commit;
mod decide_replace;
mod decide_submit;
mod image;
mod ledger;
mod liquidity;
mod market;
mod matching;
mod names;
mod on_market;
mod orders;
mod portfolio;
mod portfolios;
mod risk;
mod session;
mod shard;
mod standing;
mod terms;
mod timers;
mod trailing;
mod walk;

pub use account::{Account, Position};
pub use shard::{CalendarPolicy, Shard, ShardConfig};
pub use standing::Standing;
pub use walk::IndexWalk;
