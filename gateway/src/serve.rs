//! From settings to a running server: recovery, instruments, the feed, the listener; and the way back.

use crate::auth::{Backoff, KeyCache, PasswordPool, Tokens};
use crate::config::{Calendar, FeedKind, Settings};
use crate::encoder::JsonEncoder;
use crate::ids::Ids;
use crate::market::Market;
use crate::metrics::GatewayMetrics;
use crate::rate_limit::RateLimit;
use crate::state::{AppState, Shared};
use crate::{app, demo, server};
use dashmap::DashMap;
use engine::{CalendarPolicy, ShardConfig};
use feeds::replay::{self, LeanSelection, ReplayControl, ReplaySource, Tape, TapeInput};
use feeds::sim::{History, Sessions, SimConfig, SimServer};
use feeds::{AlpacaConfig, FeedConfig, FeedStatus, Subscriptions, Symbols, Timing, instruments};
use model::{Instrument, InstrumentId, Symbol};
use persistence::{Catalogue, FileStorage, Storage};
use runtime::{ClockMode, Failure, Handle, InstrumentSpec, Overflow, System, SystemConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The runtime keeps the catalogue under this name in the data directory.
const CATALOGUE_FILE: &str = "catalog.redb";

/// Pages that may be read from the disk at one time (guess: more would wait for the disk anyway).
const READERS_MAX: usize = 32;
/// How long rows of the views are gathered before they are written (guess: a second of rows is little
/// to fold anew after a crash).
const VIEWS_WAIT: Duration = Duration::from_secs(1);
/// How long sockets may take to say goodbye.
const GOODBYE_MAX: Duration = Duration::from_secs(3);

/// Why a server could not be started or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory cannot be used.
    #[error("{path}: {source}")]
    Catalogue {
        /// The catalogue's file.
        path: std::path::PathBuf,
        /// What it said.
        source: persistence::CatalogueError,
    },
    /// The system could not be started.
    #[error(transparent)]
    Start(#[from] runtime::StartError),
    /// The instruments could not be defined.
    #[error("the instruments cannot be defined: {0}")]
    Instruments(#[from] runtime::DefineError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The simulated exchange could not be started.
    #[error("the simulated exchange cannot be started: {0}")]
    Exchange(std::io::Error),
    /// The recordings cannot be read.
    #[error("the recordings cannot be read: {0}")]
    Tape(#[from] feeds::replay::TapeError),
    /// The system failed while it ran.
    #[error("{0}")]
    Failed(Failure),
    /// The system did not stop well.
    #[error(transparent)]
    Stop(#[from] runtime::StopError),
    /// A task of the server panicked.
    #[error("a task ended badly: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// A running server.
pub struct Server {
    address: SocketAddr,
    handle: Handle,
    state: AppState,
    system: System,
    stop: watch::Sender<bool>,
    listener: JoinHandle<()>,
    feed: JoinHandle<()>,
    exchange: Option<SimServer>,
    failure: watch::Receiver<Option<Failure>>,
}

/// Starts a server: when this returns, it is recovered and listens.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve(settings: Settings) -> Result<Server, ServeError> {
    serve_on(settings, Arc::new(FileStorage)).await
}

/// The same with its files elsewhere: tests put them on a disk that fails when it is told to.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve_on(settings: Settings, storage: Arc<dyn Storage>) -> Result<Server, ServeError> {
    let settings = Arc::new(settings);
    let (tag, secret) = installation(&settings, &storage)?;
    let ids = Arc::new(Ids::new(tag));
    let mut system = start_system(&settings, storage, Arc::clone(&ids)).await?;
    let handle = system.handle();
    handle.define_instruments(instrument_specs(&settings)).await?;
    let subscriptions = Subscriptions::new();
    subscriptions.add(&initial_symbols(&settings));
    let (stop, stopping) = watch::channel(false);
    let (source, exchange) = source(&settings).await?;
    let feed_status = Arc::new(FeedStatus::new());
    let market = Market::new(subscriptions.clone(), simulated_past(&settings));
    let status = Arc::clone(&feed_status);
    let state = new_state(&settings, (handle.clone(), ids, secret), (market, status), stopping.clone());
    let port = Box::new(system.feed_port());
    let symbols: Arc<dyn Symbols> = match settings.feed {
        FeedKind::Replay => Arc::new(TapeSymbols { live: LiveSymbols { handle: handle.clone() } }),
        FeedKind::Sim | FeedKind::Alpaca => Arc::new(LiveSymbols { handle: handle.clone() }),
    };
    let feed = match source {
        Source::Provider(config) => {
            spawn_feed(feeds::run(config, symbols, subscriptions, port, feed_status, stopping.clone()))
        }
        Source::Recording(tape, control) => {
            let stopping = stopping.clone();
            spawn_feed(async move {
                let recording = ReplaySource::start(tape, control.subscribe());
                let report = replay::run(recording, symbols, port, feed_status, stopping).await?;
                tracing::info!(?report, "the replay ended");
                Ok::<(), replay::TapeError>(())
            })
        }
    };
    if settings.demo {
        demo::prepare(&state).await;
    }
    let listen = |source| ServeError::Listen { address: settings.listen, source };
    let listener = server::listen(settings.listen).map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let failure = system.failure();
    let listener = tokio::spawn(server::accept(listener, app::build(&state), state.clone(), stopping));
    Ok(Server { address, handle, state, system, stop, listener, feed, exchange, failure })
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The system behind it, for tests and measurements in the same process.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Waits until the system behind it fails in a way that only a new process can end. Other failures
    /// heal, or leave a server that is still read from.
    pub async fn failed(&mut self) -> Failure {
        let is_the_end = |failure: &Option<Failure>| failure.as_ref().is_some_and(Failure::ends_process);
        match self.failure.wait_for(is_the_end).await {
            Ok(failure) => match failure.clone() {
                Some(failure) => failure,
                None => std::future::pending().await,
            },
            // The system is gone without a failure: it is being stopped.
            Err(_) => std::future::pending().await,
        }
    }

    /// Stops accepting, finishes requests, says goodbye to sockets, and makes the rest durable.
    ///
    /// # Errors
    /// When the system had failed, or a task panicked.
    pub async fn stop(self) -> Result<(), ServeError> {
        let Self { handle, state, system, stop, listener, feed, exchange, .. } = self;
        stop.send_replace(true);
        listener.await?;
        let goodbyes = async {
            while state.metrics.sockets_open() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(GOODBYE_MAX, goodbyes).await.is_err() {
            tracing::warn!("some sockets did not hear the goodbye");
        }
        feed.await?;
        if let Some(exchange) = exchange {
            exchange.stop().await;
        }
        drop((handle, state));
        tokio::task::spawn_blocking(move || system.stop()).await??;
        Ok(())
    }
}

/// What handlers share, at the start.
pub(crate) fn new_state(
    settings: &Arc<Settings>,
    (handle, ids, secret): (Handle, Arc<Ids>, [u8; 32]),
    (market, feed_status): (Market, Arc<FeedStatus>),
    stopping: watch::Receiver<bool>,
) -> AppState {
    AppState::new(Shared {
        handle,
        ids,
        tokens: Tokens::new(&secret, settings.access_life, settings.refresh_life),
        passwords: PasswordPool::new(),
        keys: KeyCache::default(),
        backoff: Backoff::default(),
        rate_limit: RateLimit::per_second(settings.rate_limit),
        market,
        feed_status,
        metrics: GatewayMetrics::new(),
        settings: Arc::clone(settings),
        stopping,
        open_portfolios: DashMap::new(),
        readers: tokio::sync::Semaphore::new(READERS_MAX),
        first_use: tokio::sync::Mutex::new(()),
    })
}

/// The installation's tag and secret, which are wanted before recovery encodes anything.
pub(crate) fn installation(
    settings: &Settings,
    storage: &Arc<dyn Storage>,
) -> Result<(u64, [u8; 32]), ServeError> {
    let path = settings.data_dir.join(CATALOGUE_FILE);
    let catalogue =
        Catalogue::open(&path, storage).map_err(|source| ServeError::Catalogue { path: path.clone(), source })?;
    Ok((catalogue.installation_tag(), *catalogue.jwt_secret()))
}

pub(crate) async fn start_system(
    settings: &Settings,
    storage: Arc<dyn Storage>,
    ids: Arc<Ids>,
) -> Result<System, ServeError> {
    let calendar = match settings.effective_calendar() {
        Calendar::OfInstrument => CalendarPolicy::OfInstrument,
        Calendar::AlwaysOpen => CalendarPolicy::AlwaysOpen,
    };
    let quote_age_max_ns = i64::try_from(settings.quote_age_max.as_nanos()).unwrap_or(i64::MAX);
    let config = SystemConfig {
        data_dir: settings.data_dir.clone(),
        shards: settings.shards,
        shard: ShardConfig { calendar, quote_age_max_ns, ..ShardConfig::default() },
        clock: settings.clock,
        durability: settings.durability,
        // Following the feed's clock means replaying it: nothing may be lost, and the feed can wait.
        overflow: match settings.clock {
            ClockMode::Feed => Overflow::Block,
            ClockMode::Wall => Overflow::Conflate,
        },
        segment_bytes_max: settings.segment_bytes_max,
        keep: settings.keep,
        views_wait: VIEWS_WAIT,
        space: settings.space,
        storage,
    };
    let encoder = Arc::new(JsonEncoder::new(ids));
    // Recovery reads files and may take a while.
    Ok(tokio::task::spawn_blocking(move || System::start(config, encoder)).await??)
}

/// The built-in table and whatever else was configured.
fn instrument_specs(settings: &Settings) -> Vec<InstrumentSpec> {
    let unnumbered = InstrumentId::new(0);
    let builtin = instruments::builtin().iter().map(|row| row.to_instrument(unnumbered));
    let further = settings.symbols.iter().filter(|symbol| instruments::find(**symbol).is_none());
    let further = further.map(|symbol| instruments::instrument_for(*symbol, unnumbered));
    builtin.chain(further).map(spec).collect()
}

pub(crate) fn spec(instrument: Instrument) -> InstrumentSpec {
    InstrumentSpec {
        symbol: instrument.symbol,
        name: instrument.name,
        exchange: instrument.exchange,
        asset_class: instrument.asset_class,
        currency: instrument.currency,
        tick_size: instrument.tick_size,
        tick_size_below_one: instrument.tick_size_below_one,
        lot_size: instrument.lot_size,
        calendar: instrument.calendar,
        tradable: instrument.tradable,
        shortable: instrument.shortable,
        status: instrument.status,
    }
}

/// The configured list; the simulated exchange costs nothing, so there some lively names follow.
pub(crate) fn initial_symbols(settings: &Settings) -> Vec<Symbol> {
    const LIVELY: [&str; 10] = ["AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "TSLA", "SPY", "QQQ", "BTC/USD"];
    match settings.feed {
        FeedKind::Sim if settings.symbols.is_empty() => {
            LIVELY.iter().filter_map(|text| Symbol::parse(text).ok()).collect()
        }
        FeedKind::Sim | FeedKind::Alpaca | FeedKind::Replay => settings.symbols.clone(),
    }
}

fn sim_sessions(settings: &Settings) -> Sessions {
    if settings.sim_always_open { Sessions::AlwaysOpen } else { Sessions::OfCalendar }
}

/// The past of the very market that is being simulated, where one is.
fn simulated_past(settings: &Settings) -> Option<History> {
    match settings.feed {
        FeedKind::Sim => Some(History { seed: settings.sim_seed, sessions: sim_sessions(settings) }),
        FeedKind::Alpaca | FeedKind::Replay => None,
    }
}

fn sim_config(settings: &Settings, token: &str) -> SimConfig {
    SimConfig {
        seed: settings.sim_seed,
        sessions: sim_sessions(settings),
        rate: settings.sim_rate,
        symbols: Vec::new(),
        token: token.to_owned(),
    }
}

/// Where ticks come from.
pub(crate) enum Source {
    Provider(FeedConfig),
    Recording(Tape, watch::Sender<ReplayControl>),
}

pub(crate) async fn source(settings: &Settings) -> Result<(Source, Option<SimServer>), ServeError> {
    match settings.feed {
        FeedKind::Alpaca => {
            let config = AlpacaConfig {
                url: settings.feed_url.clone(),
                key: settings.feed_key.clone(),
                secret: settings.feed_secret.clone(),
                round_lots: settings.feed_round_lots,
                encoding: settings.feed_encoding,
                timing: Timing::default(),
            };
            Ok((Source::Provider(FeedConfig::Alpaca(config)), None))
        }
        FeedKind::Sim => {
            let token = uuid::Uuid::new_v4().to_string();
            let config = sim_config(settings, &token);
            let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
            let exchange = feeds::sim::serve(config, any_port).await.map_err(ServeError::Exchange)?;
            Ok((Source::Provider(FeedConfig::Sim { url: exchange.url(), token }), Some(exchange)))
        }
        FeedKind::Replay => {
            let input = match &settings.replay_lean {
                Some(root) => TapeInput::Lean(LeanSelection {
                    root: root.clone(),
                    symbols: settings.symbols.clone(),
                    from: settings.replay_from,
                    to: settings.replay_to,
                }),
                None => TapeInput::Csv(settings.replay_files.clone()),
            };
            let tape = tokio::task::spawn_blocking(move || Tape::open(&input)).await??;
            let (control, _) = watch::channel(ReplayControl::running(settings.replay_speed));
            Ok((Source::Recording(tape, control), None))
        }
    }
}

/// The instrument table as it grows.
struct LiveSymbols {
    handle: Handle,
}

impl Symbols for LiveSymbols {
    fn resolve(&self, symbol: &str) -> Option<InstrumentId> {
        self.handle.instruments().resolve(symbol)
    }

    fn symbol(&self, id: InstrumentId) -> Option<Symbol> {
        self.handle.instruments().symbol(id)
    }
}

/// The same for a recording, whose symbols are registered as they come: a tape is its own list.
struct TapeSymbols {
    live: LiveSymbols,
}

impl Symbols for TapeSymbols {
    fn resolve(&self, symbol: &str) -> Option<InstrumentId> {
        if let Some(known) = self.live.resolve(symbol) {
            return Some(known);
        }
        let ticker = Symbol::parse(symbol).ok()?;
        let unlisted = spec(instruments::instrument_for(ticker, InstrumentId::new(0)));
        let handle = &self.live.handle;
        let defining = || tokio::runtime::Handle::current().block_on(handle.define_instruments(vec![unlisted]));
        if let Err(error) = tokio::task::block_in_place(defining) {
            tracing::warn!(%error, symbol, "a symbol of the recording cannot be registered");
        }
        self.live.resolve(symbol)
    }

    fn symbol(&self, id: InstrumentId) -> Option<Symbol> {
        self.live.symbol(id)
    }
}

fn spawn_feed<E: std::fmt::Display>(feed: impl Future<Output = Result<(), E>> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = feed.await {
            // Trading goes on with stale quotes, on which nothing fills, until an operator acts.
            tracing::error!(%error, "the feed ended for good");
        }
    })
}
