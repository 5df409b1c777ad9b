//! Deterministic simulation of the whole core: engines, journal, recovery, snapshots, projections, streams and
//! queues, the real ones, driven in one thread from one seed under a simulated disk, clock, feed and clients.
//!
//! A seed switches features and faults on and off, runs a phase with faults and then one in which everything
//! must heal. After every step invariants are checked; see [`violation::Invariant`]. A seed that fails is
//! printed with what broke, the last lines of what happened, and the command that repeats it.
//!
//! | module | owns |
//! |---|---|
//! | `plan`, `random` | what a seed means |
//! | `world` | the run: who steps, who sends, what fails, what is compared |
//! | `book`, `order`, `history`, `message` | the naive fold: the simulation's own record of the past |
//! | `reference` | the naive model: what an engine must do with an input |
//! | `known` | the orders that the model has rules for |
//! | `violation`, `trace` | what is said when something does not hold |
//! | `runner` | many seeds |
#![forbid(unsafe_code)]

pub mod book;
pub mod feed;
pub mod history;
pub mod known;
pub mod message;
pub mod order;
pub mod plan;
pub mod random;
pub mod reference;
pub mod runner;
pub mod trace;
pub mod violation;
pub mod world;
