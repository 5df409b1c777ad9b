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
//! | `decide_submit`, `decide_chain`, `decide_replace`, `terms`, `risk` | what a command would cause, or why not |
//! | `chains`, `follow` | what orders do to the ones they hang together with |
//! | `commit` | how each event changes the state |
//! | `account`, `ledger`, `portfolio`, `portfolios`, `names` | money, holdings, double entry, numbering |
//! | `orders`, `open_order`, `compact` | open orders and their memory |
//! | `book`, `by_price`, `waiting`, `trailing` | open orders by the price at which each acts |
//! | `market` | the market's state; what a quiet tick reads and writes |
//! | `matching`, `on_market`, `auction`, `pegs`, `liquidity` | what ticks fill, release and ratchet; sizes spent once |
//! | `fees`, `regulatory`, `slippage`, `protection` | what a fill costs beyond its price, and how far one without a limit goes |
//! | `bars`, `bar_passes`, `bar_path`, `bar_extremes`, `bar_course`, `bar_elsewhere` | what bars fill, on which path, and what another would |
//! | `session`, `timers`, `image`, `standing` | opening hours, expiry, snapshots, what views begin from |
//! | `walk` | the price index laid open, for proofs |
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::float_arithmetic)]

extern crate alloc;

pub mod account;
mod auction;
mod bar_course;
mod bar_elsewhere;
mod bar_extremes;
mod bar_passes;
mod bar_path;
mod bars;
mod blocks;
mod book;
mod by_price;
mod chains;
mod commands;
mod commit;
mod compact;
mod decide_chain;
mod decide_replace;
mod decide_submit;
mod fees;
mod follow;
mod image;
mod ledger;
mod liquidity;
mod market;
mod matching;
mod names;
mod on_market;
mod open_order;
mod orders;
mod pegs;
mod portfolio;
mod portfolios;
mod protection;
mod regulatory;
mod risk;
mod session;
mod shard;
mod slippage;
mod standing;
mod terms;
mod timers;
mod trailing;
mod waiting;
mod walk;

pub use account::{Account, Position};
pub use shard::{CalendarPolicy, Shard, ShardConfig};
pub use standing::Standing;
pub use walk::IndexWalk;
