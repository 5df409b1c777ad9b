//! The simulated exchange: a seeded, deterministic market served over a real WebSocket.
//!
//! [`serve`] runs the market in wall time for any number of clients; [`Tape`] is the same market as
//! a plain iterator; [`history`] is its past, as bars. Nothing here knows of orders: the market
//! does not react to anyone. The invariant: one seed, one start and one set of symbols make one tape.

mod exchange;
mod history;
mod process;
mod random;
mod tape;

pub use exchange::{SimConfig, SimServer, serve};
pub use history::history;
pub use process::SimInstrument;
pub use tape::{Sessions, Tape, TapeConfig};
