//! Market data in: providers, their supervisor, the checks every tick passes, and the simulated
//! exchange that serves the default market over a real socket.
//!
//! This crate turns foreign bytes into [`model::Tick`]s and hands them to a [`TickSink`]. It never
//! decides anything about orders and never stamps engine time. Its invariant: a tick that reaches
//! the sink names a known instrument, has passed [`checks`], and carries the exchange's own time.
//!
//! # From socket to sink
//!
//! ```text
//! supervisor: connect, authenticate, subscribe -> socket: frames -> alpaca codec -> checks -> TickSink
//! ```

pub mod alpaca;
pub mod bars;
pub mod checks;
mod config;
pub mod instruments;
pub mod record;
pub mod replay;
pub mod sim;
mod socket;
mod status;
mod subscriptions;
mod supervisor;
pub mod websocket;

use model::{InstrumentId, Symbol, Tick};

pub use config::{AlpacaConfig, Encoding, FeedConfig, FeedError, Timing};
pub use status::{DropReason, FeedStatus};
pub use subscriptions::Subscriptions;
pub use supervisor::run;

/// What became of a tick that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// It was taken.
    Accepted,
    /// There is no room now: wait a little and push the same tick again. Only a sink that must not
    /// lose anything answers this; a live sink conflates instead.
    Full,
}

/// Where ticks go.
pub trait TickSink: Send {
    /// Takes one tick.
    fn push(&mut self, tick: Tick) -> Push;

    /// Takes ticks in order, as many as there is room for, and says how many it took. The rest are to
    /// be pushed again, as after [`Push::Full`].
    fn push_all(&mut self, ticks: &[Tick]) -> usize {
        ticks.iter().take_while(|tick| self.push(**tick) == Push::Accepted).count()
    }

    /// Data flows again after a start or an interruption.
    fn feed_up(&mut self);

    /// The connection ended: what is known of every market may be old.
    fn feed_lost(&mut self);
}

/// The instrument table, as far as a feed needs it.
pub trait Symbols: Send + Sync {
    /// The instrument that trades under a ticker.
    fn resolve(&self, symbol: &str) -> Option<InstrumentId>;

    /// The ticker of an instrument.
    fn symbol(&self, id: InstrumentId) -> Option<Symbol>;
}

/// Tells a task to end: it does once the value is `true` or the sender is gone.
pub type StopSignal = tokio::sync::watch::Receiver<bool>;

/// Waits until a task is told to end.
async fn stopped(signal: &mut StopSignal) {
    // An error means that the sender is gone, which tells the same.
    let _ = signal.wait_for(|stop| *stop).await;
}
