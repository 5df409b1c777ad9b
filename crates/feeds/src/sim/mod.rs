//! The simulated exchange: a seeded, deterministic market served over a real WebSocket.
//!
//! [`serve`] runs the market in wall time for any number of clients; [`Tape`] is the same market as
//! a plain iterator; [`History`] is its past, as bars. All three follow one path of fair prices that
//! depends on the seed and the symbol alone, so that a restart goes on where the market would have
//! been. Nothing here knows of orders: the market does not react to anyone. The invariant: one seed,
//! one start and one set of symbols make one tape.

mod clock;
mod exchange;
mod history;
mod path;
mod process;
mod random;
mod tape;

pub use exchange::{SimConfig, SimServer, serve};
pub use history::History;
pub use process::SimInstrument;
pub use tape::{Sessions, Tape, TapeConfig};

#[cfg(test)]
mod tests;
