//! An invented market from a seed, and the feed that serves it in Alpaca's protocol on a schedule.
//!
//! Every tick carries the instant at which it was due as its exchange time, so that whatever comes of
//! it can be measured from there. The invariant: the same seed gives the same prices in the same order.

use crate::{Latencies, Schedule, pacer::Pacer};
use feeds::Encoding;
use feeds::alpaca::{AlpacaServer, ServerConfig, SourceState, SymbolTick, TickSource};
use feeds::instruments;
use model::{Aggressor, AssetClass, Price, Qty, Quote, Symbol, TickBody, Time, Trade, TradeConditions};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Semaphore;

/// The secret that the feed wants.
const SECRET: &str = "load";
/// One cent.
const CENT: i64 = 1_000_000;
/// One tick in this many is a trade.
const TRADE_EVERY: u32 = 10;

/// The prices of an invented market.
#[derive(Debug)]
pub struct Market {
    random: SmallRng,
    rows: Vec<(Symbol, i64)>,
}

impl Market {
    /// The first instruments of the built-in table that trade in cents, at the table's prices.
    #[must_use]
    pub fn new(symbols: usize, seed: u64) -> Self {
        let plain = instruments::builtin().iter().filter(|row| row.asset_class != AssetClass::Crypto);
        let rows = plain.map(|row| (row.symbol, row.price.raw() / CENT)).take(symbols.max(1)).collect();
        Self { random: SmallRng::seed_from_u64(seed), rows }
    }

    /// The instruments.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol> + '_ {
        self.rows.iter().map(|(symbol, _)| *symbol)
    }

    /// The middle of the market of an instrument, in cents.
    #[must_use]
    pub fn cents(&self, place: usize) -> i64 {
        self.rows[place % self.rows.len()].1
    }

    /// The quote of an instrument as it stands.
    #[must_use]
    pub fn quote(&self, place: usize, time: Time) -> SymbolTick {
        let (symbol, cents) = self.rows[place % self.rows.len()];
        let price = |cents: i64| Price::from_raw(cents * CENT);
        let (bid, ask) = (price(cents - 1), price(cents + 1));
        let quote = Quote { bid, bid_size: Qty::whole(500), ask, ask_size: Qty::whole(500) };
        SymbolTick { symbol, time, body: TickBody::Quote(quote) }
    }

    /// The next tick: an instrument's price moves by a cent and is quoted, or it trades.
    pub fn next(&mut self, time: Time) -> SymbolTick {
        let place = self.random.random_range(0..self.rows.len());
        if self.random.random_ratio(1, TRADE_EVERY) {
            let (symbol, cents) = self.rows[place];
            let trade = Trade {
                price: Price::from_raw((cents + 1) * CENT),
                size: Qty::whole(100),
                aggressor: Aggressor::Unknown,
                conditions: TradeConditions::Regular,
            };
            return SymbolTick { symbol, time, body: TickBody::Trade(trade) };
        }
        // Never below a dollar, where increments are finer.
        let step = if self.random.random::<bool>() || self.rows[place].1 <= 200 { 1 } else { -1 };
        self.rows[place].1 += step;
        self.quote(place, time)
    }
}

/// How the feed serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedPlan {
    /// The form of the frames.
    pub encoding: Encoding,
    /// Ticks in one frame.
    pub per_frame: u32,
    /// Where it listens.
    pub listen: SocketAddr,
}

/// What the feed did.
#[derive(Debug, Default)]
pub(crate) struct FeedCounts {
    pub(crate) sent: AtomicU64,
    pub(crate) late: Mutex<Latencies>,
}

/// The run that is under way: its schedule and the permits of its pacer.
#[derive(Debug)]
struct Going {
    schedule: Arc<Schedule>,
    permits: Arc<Semaphore>,
    begins: Instant,
    wall: Time,
    measured_from: Duration,
    _pacer: Pacer,
}

#[derive(Debug)]
struct Shared {
    market: Mutex<Market>,
    per_frame: u32,
    going: OnceLock<Going>,
    started: tokio::sync::Notify,
    counts: FeedCounts,
}

/// A running feed.
#[derive(Debug)]
pub struct TickFeed {
    server: AlpacaServer,
    shared: Arc<Shared>,
    encoding: Encoding,
}

impl TickFeed {
    /// Listens. Until the schedule begins, subscribers get one quote of each symbol.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(market: Market, plan: FeedPlan) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            market: Mutex::new(market),
            per_frame: plan.per_frame.max(1),
            going: OnceLock::new(),
            started: tokio::sync::Notify::new(),
            counts: FeedCounts::default(),
        });
        let for_clients = Arc::clone(&shared);
        let source = move || Paced { shared: Arc::clone(&for_clients) };
        let server = AlpacaServer::start(ServerConfig::with_secret(SECRET), plan.listen, source).await?;
        Ok(Self { server, shared, encoding: plan.encoding })
    }

    /// The flags that make `papertape serve` consume it.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let encoding = match self.encoding {
            Encoding::Json => "json",
            Encoding::MessagePack => "msgpack",
            Encoding::Binary => "binary",
        };
        let symbols: Vec<String> = self.shared.market().symbols().map(|symbol| symbol.to_string()).collect();
        let (url, symbols) = (self.server.url(self.encoding), symbols.join(","));
        let words = ["--feed", "alpaca", "--feed-url", &url, "--feed-key", "load", "--feed-secret", SECRET];
        let more = ["--feed-encoding", encoding, "--symbols", &symbols];
        words.iter().chain(&more).map(|word| (*word).to_owned()).collect()
    }

    /// Whether a server has connected.
    #[must_use]
    pub fn has_client(&self) -> bool {
        self.server.accepted() > 0
    }

    /// Begins the schedule at an instant that stands for this wall time; what is due before
    /// `measured_from` is sent and not measured.
    pub fn begin(&self, schedule: Arc<Schedule>, (begins, wall): (Instant, Time), measured_from: Duration) {
        let pacer = Pacer::start(Arc::clone(&schedule), begins, 0);
        let going = Going { schedule, permits: pacer.permits(), begins, wall, measured_from, _pacer: pacer };
        // A second beginning is ignored: the first schedule goes on.
        let _ = self.shared.going.set(going);
        self.shared.started.notify_waiters();
    }

    /// Ticks handed to the socket so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.shared.counts.sent.load(Ordering::Relaxed)
    }

    /// How much later than due ticks were handed to the socket.
    #[must_use]
    pub fn late(&self) -> Latencies {
        self.shared.counts.late.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

impl Shared {
    fn market(&self) -> MutexGuard<'_, Market> {
        self.market.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One client's source. Several clients share the schedule: each tick goes to one of them.
struct Paced {
    shared: Arc<Shared>,
}

impl TickSource for Paced {
    async fn next(&mut self, out: &mut Vec<SymbolTick>) -> SourceState {
        let going = loop {
            // Announced before the look, so that a beginning between the two is not missed.
            let started = self.shared.started.notified();
            if let Some(going) = self.shared.going.get() {
                break going;
            }
            started.await;
        };
        let left = going.schedule.count().saturating_sub(self.shared.counts.sent.load(Ordering::Relaxed));
        let wanted = u32::try_from(left).unwrap_or(u32::MAX).min(self.shared.per_frame);
        if wanted == 0 {
            return SourceState::End;
        }
        let Ok(permits) = going.permits.acquire_many(wanted).await else { return SourceState::End };
        permits.forget();
        let first = self.shared.counts.sent.fetch_add(wanted.into(), Ordering::Relaxed);
        let now = going.begins.elapsed();
        let mut market = self.shared.market();
        let mut late = self.shared.counts.late.lock().unwrap_or_else(PoisonError::into_inner);
        for index in first..first + u64::from(wanted) {
            let due = going.schedule.due(index);
            out.push(market.next(going.wall.plus_nanos(i64::try_from(due.as_nanos()).unwrap_or(i64::MAX))));
            if due >= going.measured_from {
                late.record(now.saturating_sub(due));
            }
        }
        SourceState::More
    }

    fn snapshot(&mut self, is_new: &(dyn Fn(Symbol) -> bool + Sync), out: &mut Vec<SymbolTick>) {
        let market = self.shared.market();
        let now = wall_time();
        // Exchange times must not lie after those of the schedule.
        let time = self.shared.going.get().map_or(now, |going| going.wall.min(now));
        let places = market.symbols().enumerate().filter(|(_, symbol)| is_new(*symbol)).map(|(place, _)| place);
        out.extend(places.collect::<Vec<_>>().into_iter().map(|place| market.quote(place, time)));
    }
}

/// The machine's clock.
pub(crate) fn wall_time() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_market() {
        let ticks = |seed| {
            let mut market = Market::new(20, seed);
            (0..500).map(|nanos| market.next(Time::from_nanos(nanos))).collect::<Vec<_>>()
        };
        assert_eq!(ticks(3), ticks(3));
        assert_ne!(ticks(3), ticks(4));
    }

    #[test]
    fn quotes_have_a_spread_of_two_cents_and_both_sizes() {
        let market = Market::new(5, 1);
        assert_eq!(market.symbols().count(), 5);
        let TickBody::Quote(quote) = market.quote(2, Time::from_nanos(1)).body else { panic!("a quote") };
        assert_eq!(quote.ask.raw() - quote.bid.raw(), 2 * CENT);
        assert!(quote.bid_size.is_positive() && quote.ask_size.is_positive() && quote.bid.is_positive());
    }
}
