//! How a feed is configured, and how it can fail for good.

use std::time::Duration;

/// Which provider to run, and how to reach it.
#[derive(Clone, Debug)]
pub enum FeedConfig {
    /// The simulated exchange, reached over its socket in the compact binary form.
    Sim {
        /// Where it listens: `ws://127.0.0.1:PORT/v2/binary` (see `sim::SimServer::url`).
        url: String,
        /// The secret that it wants.
        token: String,
    },
    /// Any server that speaks Alpaca's market data protocol.
    Alpaca(AlpacaConfig),
}

/// How to reach a server that speaks Alpaca's market data protocol, version 2.
#[derive(Clone)]
pub struct AlpacaConfig {
    /// Its address, such as `wss://stream.data.alpaca.markets/v2/iex`.
    pub url: String,
    /// Key id.
    pub key: String,
    /// Secret; never logged.
    pub secret: String,
    /// Whether quote sizes are round lots of 100 shares rather than shares.
    pub round_lots: bool,
    /// The form that is asked for.
    pub encoding: Encoding,
    /// Waits and back-offs.
    pub timing: Timing,
}

/// The secret stays out of logs.
impl std::fmt::Debug for AlpacaConfig {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("AlpacaConfig")
            .field("url", &self.url)
            .field("key", &self.key)
            .field("round_lots", &self.round_lots)
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

/// The form of messages on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// JSON text.
    #[default]
    Json,
    /// MessagePack in binary frames, times as the timestamp extension.
    MessagePack,
    /// Our own batched fixed records; only the simulated exchange and our own server speak it.
    Binary,
}

/// Waits and back-offs of a provider's task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Upper bound of the first wait before a new attempt; doubles with every failure.
    pub backoff_first: Duration,
    /// Upper bound that doubling stops at.
    pub backoff_max: Duration,
    /// After this much good data the next failure waits as little as a first one.
    pub healthy_after: Duration,
    /// A ping is sent after this long without a frame.
    pub ping_after: Duration,
    /// A connection without a frame, pongs included, for this long is given up.
    pub silent_max: Duration,
    /// A connection that is not authenticated and subscribed by then is given up.
    pub handshake_max: Duration,
    /// The wait after the provider says that another connection is still open (error 406).
    pub connection_limit_wait: Duration,
}

impl Default for Timing {
    /// What the providers ask for in their documents: 1 to 30 s, a ping each 10 s.
    fn default() -> Self {
        Self {
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_secs(30),
            healthy_after: Duration::from_secs(60),
            ping_after: Duration::from_secs(10),
            silent_max: Duration::from_secs(30),
            handshake_max: Duration::from_secs(10),
            connection_limit_wait: Duration::from_secs(30),
        }
    }
}

/// Why a feed ended for good. Interruptions are not errors: the supervisor tries again.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The address is not one that can be connected to.
    #[error("{url} is not a WebSocket address: {reason}")]
    BadUrl {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The provider does not know this key, or the key may not have this data. Trying again would
    /// only get the account locked.
    #[error("{url} refused the credentials: {code} {message}")]
    Refused {
        /// The address.
        url: String,
        /// The provider's code: 402 or 409.
        code: u16,
        /// The provider's words.
        message: String,
    },
}
