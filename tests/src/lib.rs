//! What the end-to-end tests stand on: a real server process, a client, a market-data server that
//! plays given ticks, the recorded ticks of a real week, and a naive model of how orders fill.
//!
//! Nothing depends on this crate. The naive model is written from the documented rules alone, with
//! integer maths of its own, so that it can contradict the engine; it must never call the engine.

pub mod alpaca_feed;
pub mod client;
pub mod fixed;
pub mod ibm;
pub mod invent;
pub mod oracle;
pub mod server;
pub mod stream;
