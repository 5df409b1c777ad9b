//! What a load test does: every number a caller can choose, in one plain description.

use feeds::Encoding;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// When arrivals are due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrivals {
    /// At equal distances.
    #[default]
    Constant,
    /// At random distances of the same mean, as independent people make them.
    Poisson,
}

/// Which server bears the load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One that runs.
    Running(SocketAddr),
    /// A child process on an empty directory of its own, which is removed at the end.
    Child {
        /// The `papertape` binary.
        binary: PathBuf,
        /// Further flags for `serve`.
        flags: Vec<String>,
    },
}

/// Ticks over a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickPlan {
    /// Ticks a second; 0 serves none but the first quotes.
    pub per_second: u64,
    /// The form of the frames.
    pub encoding: Encoding,
    /// Ticks in one frame.
    pub per_frame: u32,
    /// Instruments that tick, from the top of the built-in table.
    pub symbols: usize,
    /// Where the feed listens; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// Orders over REST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderPlan {
    /// Requests a second; 0 sends none.
    pub per_second: u64,
    /// Keep-alive connections, each with one request under way.
    pub connections: usize,
    /// Users that are registered for the test.
    pub users: usize,
    /// Portfolios of each.
    pub portfolios: usize,
}

/// Clients of the live streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamPlan {
    /// Clients that read.
    pub readers: usize,
    /// Clients that subscribe and never read.
    pub stalled: usize,
}

/// What must hold for the test to pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// 99 of 100 requests are answered within this time from when they were due.
    pub p99_max: Option<Duration>,
    /// Most requests that may fail, be left unsent, or stream messages that may be missing or doubled.
    pub errors_max: Option<u64>,
}

/// A load test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which server.
    pub target: Target,
    /// Names the schedule, the market and the orders among all.
    pub seed: u64,
    /// When arrivals are due.
    pub arrivals: Arrivals,
    /// Load before measuring begins.
    pub warm_up: Duration,
    /// How long is measured.
    pub measured: Duration,
    /// Ticks.
    pub ticks: TickPlan,
    /// Orders.
    pub orders: OrderPlan,
    /// Streaming clients.
    pub streams: StreamPlan,
    /// What must hold.
    pub limits: Limits,
}

impl Default for Plan {
    /// A quarter of a minute that any machine of two cores bears, against `papertape` in the path.
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            target: Target::Child { binary: PathBuf::from("papertape"), flags: Vec::new() },
            seed: 1,
            arrivals: Arrivals::Constant,
            warm_up: Duration::from_secs(3),
            measured: Duration::from_secs(10),
            ticks: TickPlan { per_second: 10_000, encoding: Encoding::Json, per_frame: 1, symbols: 100, listen },
            orders: OrderPlan { per_second: 1_000, connections: 64, users: 4, portfolios: 8 },
            streams: StreamPlan { readers: 32, stalled: 0 },
            limits: Limits::default(),
        }
    }
}
