//! The simulated market in wall time, served to any number of clients.
//!
//! One task lets the tape catch up with the clock and sends what is new to all connections. The
//! invariant: every client sees the same ticks in the same order, whichever form it reads them in.

use super::tape::{Sessions, Tape, TapeConfig};
use crate::Encoding;
use crate::alpaca::{AlpacaServer, ServerConfig, SourceState, SymbolTick, TickSource};
use model::{Symbol, TickBody, Time};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinHandle;

/// How often the tape catches up with the clock.
const PULSE: Duration = Duration::from_millis(10);
/// Pulses that may wait for one client before it counts as too slow: ten seconds.
const PULSES_WAITING_MAX: usize = 1_024;
/// A clock that jumped ahead by more than this finds the market paused rather than in a hurry.
const BEHIND_MAX_NS: i64 = 5_000_000_000;

/// What the simulated exchange is made from.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// Names the market among all markets.
    pub seed: u64,
    /// When it is open.
    pub sessions: Sessions,
    /// Multiplies how often instruments speak; at 1.0 the whole table makes about 1,000 ticks a second.
    pub rate: f64,
    /// Built-in instruments that trade; all of them when empty.
    pub symbols: Vec<Symbol>,
    /// The secret that clients must name.
    pub token: String,
}

impl Default for SimConfig {
    fn default() -> Self {
        let sessions = Sessions::AlwaysOpen;
        Self { seed: 1, sessions, rate: 1.0, symbols: Vec::new(), token: "simulated".to_owned() }
    }
}

/// The running simulated exchange.
#[derive(Debug)]
pub struct SimServer {
    server: AlpacaServer,
    driver: JoinHandle<()>,
    token: String,
}

impl SimServer {
    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Its address for the compact binary form, as `FeedConfig::Sim` wants it.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(Encoding::Binary)
    }

    /// The secret that clients must name.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Ends every connection and the market.
    pub async fn stop(self) {
        self.driver.abort();
        self.server.stop().await;
    }
}

/// Opens the simulated exchange at an address; port 0 takes a free one.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(config: SimConfig, listen: SocketAddr) -> std::io::Result<SimServer> {
    let mut tape_config = TapeConfig::builtin(&config.symbols, config.seed, wall_time());
    tape_config.sessions = config.sessions;
    tape_config.rate = config.rate;
    let (sender, _) = broadcast::channel(PULSES_WAITING_MAX);
    let market = Arc::new(Market { latest: Mutex::new(HashMap::new()), sender });
    // The first round is quoted before anyone can ask for it.
    let mut tape = Tape::new(&tape_config);
    market.publish(&mut tape, tape_config.start.plus_nanos(1));
    let for_clients = Arc::clone(&market);
    let source = move || SimSource { pulses: for_clients.sender.subscribe(), market: Arc::clone(&for_clients) };
    let server = AlpacaServer::start(ServerConfig::with_secret(&config.token), listen, source).await?;
    let driver = tokio::spawn(drive(tape, market));
    Ok(SimServer { server, driver, token: config.token })
}

async fn drive(mut tape: Tape, market: Arc<Market>) {
    let mut pulse = tokio::time::interval(PULSE);
    pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        pulse.tick().await;
        let now = wall_time();
        match tape.next_time() {
            None => return,
            Some(next) if now.nanos_since(next) > BEHIND_MAX_NS => tape.pause_until(now),
            Some(_) => {}
        }
        market.publish(&mut tape, now);
    }
}

/// What all connections share.
#[derive(Debug)]
struct Market {
    latest: Mutex<HashMap<Symbol, SymbolTick>>,
    sender: broadcast::Sender<Arc<[SymbolTick]>>,
}

impl Market {
    fn publish(&self, tape: &mut Tape, now: Time) {
        let mut ticks = Vec::new();
        while tape.next_time().is_some_and(|next| next <= now) {
            ticks.extend(tape.next());
        }
        if ticks.is_empty() {
            return;
        }
        // Sent under the lock, so that a snapshot and what follows it neither overlap nor gap.
        let mut latest = self.latest();
        for tick in &ticks {
            if matches!(tick.body, TickBody::Quote(_)) {
                latest.insert(tick.symbol, *tick);
            }
        }
        // Nobody may be listening, which is no error.
        let _ = self.sender.send(ticks.into());
    }

    fn latest(&self) -> MutexGuard<'_, HashMap<Symbol, SymbolTick>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One client's view of the market.
struct SimSource {
    pulses: broadcast::Receiver<Arc<[SymbolTick]>>,
    market: Arc<Market>,
}

impl TickSource for SimSource {
    async fn next(&mut self, out: &mut Vec<SymbolTick>) -> SourceState {
        match self.pulses.recv().await {
            Ok(ticks) => out.extend_from_slice(&ticks),
            Err(RecvError::Lagged(_)) => return SourceState::Lagged,
            Err(RecvError::Closed) => return SourceState::End,
        }
        SourceState::More
    }

    fn snapshot(&mut self, is_new: &(dyn Fn(Symbol) -> bool + Sync), out: &mut Vec<SymbolTick>) {
        let market = Arc::clone(&self.market);
        let latest = market.latest();
        // What waits is older than the snapshot: the symbols that are not new get it first. A client
        // that lagged starts afresh here, since every symbol it has is quoted again within seconds.
        loop {
            match self.pulses.try_recv() {
                Ok(ticks) => out.extend(ticks.iter().filter(|tick| !is_new(tick.symbol))),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        let mut quotes: Vec<SymbolTick> = latest.values().filter(|tick| is_new(tick.symbol)).copied().collect();
        quotes.sort_by_key(|tick| (tick.time, tick.symbol));
        out.extend(quotes);
    }
}

fn wall_time() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_subscriber_gets_every_quote_at_once_and_nothing_twice() {
        let (sender, _) = broadcast::channel(8);
        let market = Arc::new(Market { latest: Mutex::new(HashMap::new()), sender });
        let mut source = SimSource { pulses: market.sender.subscribe(), market: Arc::clone(&market) };
        let config = TapeConfig::builtin(&[], 9, Time::from_seconds(1_704_153_600));
        let mut tape = Tape::new(&config);
        market.publish(&mut tape, config.start.plus_nanos(1_000_000_000));
        let mut ticks = Vec::new();
        source.snapshot(&|_| true, &mut ticks);
        assert_eq!(ticks.len(), config.instruments.len());
        market.publish(&mut tape, config.start.plus_nanos(2_000_000_000));
        let newest = ticks.iter().map(|tick| tick.time).max().expect("there are quotes");
        ticks.clear();
        assert_eq!(source.next(&mut ticks).await, SourceState::More);
        assert!(ticks.iter().all(|tick| tick.time > newest));
    }
}
