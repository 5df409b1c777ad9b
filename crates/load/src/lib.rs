//! The load tester: ticks, orders and streaming clients at a fixed schedule, and what came of them.
//!
//! It knows the product only from outside: over HTTP, WebSockets and `/metrics`. It never waits for
//! an answer before it decides when the next request is due (an open loop), and measures from when
//! that was: a server that stalls is charged for all that should have come meanwhile. The invariant:
//! whatever was scheduled is accounted for, as answered, failed or never sent.
//!
//! ```text
//! schedule -> pacer -> orders  -> HTTP connections ----------> server -> WebSockets -> streams
//!                   -> market  -> feed server  <- connects to -- server
//! ```

mod child;
pub mod http;
mod latency;
mod market;
pub mod metrics;
mod orders;
mod pacer;
mod plan;
mod report;
mod run;
mod schedule;
mod session;
mod streams;

pub use child::{Child, data_directory, resident_bytes};
pub use latency::{Latencies, Percentiles};
pub use market::{FeedPlan, Market, TickFeed};
pub use plan::{Arrivals, Limits, OrderPlan, Plan, StreamPlan, Target, TickPlan};
pub use report::{Missed, Report};
pub use run::{LoadError, run};
pub use schedule::Schedule;
pub use streams::parse_message;
