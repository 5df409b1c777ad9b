//! `papertape record`: writes a feed to files that `--feed replay` plays back tick for tick.
//!
//! Owns nothing but the wiring: the feed and the writer are the feeds' own. Runs until it is told to
//! stop, or for a given time, and says every few seconds how far it is.

use crate::config::{FeedKind, Settings};
use crate::serve::{ServeError, Source, initial_symbols, source};
use feeds::record::{RecordConfig, RecordError, RecordReport, Recorder, Rotation};
use feeds::{FeedStatus, Subscriptions, Symbols, instruments};
use model::{InstrumentId, Symbol};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// What to record to, and for how long.
pub(crate) struct RecordPlan {
    pub(crate) path: PathBuf,
    pub(crate) rotation: Rotation,
    pub(crate) lasting: Option<Duration>,
}

/// Why a recording did not come about.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// What was asked for cannot be recorded.
    #[error("{0}")]
    Unusable(&'static str),
    /// The feed could not be set up.
    #[error(transparent)]
    Feed(#[from] ServeError),
    /// A file cannot be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A task panicked.
    #[error("a task ended badly: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// The symbols that are recorded, numbered by their place.
struct Numbered(Vec<Symbol>);

impl Symbols for Numbered {
    fn resolve(&self, symbol: &str) -> Option<InstrumentId> {
        let place = self.0.iter().position(|known| known.as_str() == symbol)?;
        u32::try_from(place).ok().map(InstrumentId::new)
    }

    fn symbol(&self, id: InstrumentId) -> Option<Symbol> {
        self.0.get(usize::try_from(id.get()).ok()?).copied()
    }
}

/// Records until `stop` turns true or the time is over.
///
/// # Errors
/// See [`RecordingError`].
pub(crate) async fn record(
    settings: &Settings,
    plan: RecordPlan,
    (stop, mut stopping): (watch::Sender<bool>, watch::Receiver<bool>),
) -> Result<RecordReport, RecordingError> {
    let symbols = match settings.feed {
        FeedKind::Replay => {
            return Err(RecordingError::Unusable("a replay is a recording already; name another --feed"));
        }
        FeedKind::Alpaca if settings.symbols.is_empty() => {
            return Err(RecordingError::Unusable("name what to record with --symbols"));
        }
        FeedKind::Sim if settings.symbols.is_empty() => {
            instruments::builtin().iter().map(|row| row.symbol).collect()
        }
        FeedKind::Sim | FeedKind::Alpaca => initial_symbols(settings),
    };
    let (source, exchange) = source(settings).await?;
    let Source::Provider(feed) = source else {
        return Err(RecordingError::Unusable("only a live feed can be recorded"));
    };
    let subscriptions = Subscriptions::new();
    subscriptions.add(&symbols);
    let symbols: Arc<dyn Symbols> = Arc::new(Numbered(symbols));
    let config = RecordConfig { rotation: plan.rotation, ..RecordConfig::to_file(plan.path) };
    let recorder = Recorder::start(config, Arc::clone(&symbols))?;
    let status = Arc::new(FeedStatus::new());
    let task = tokio::spawn(feeds::run(
        feed,
        symbols,
        subscriptions,
        recorder.sink(),
        Arc::clone(&status),
        stopping.clone(),
    ));
    let begun = Instant::now();
    let written = recorder.status();
    let mut progress = interval(PROGRESS_EVERY);
    progress.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => break,
            () = until(begun, plan.lasting) => break,
            _ = progress.tick() => {
                tracing::info!(ticks = written.written(), missing = written.dropped(), connected = status.connected(), "recording");
                if written.has_failed() || task.is_finished() {
                    break;
                }
            }
        }
    }
    stop.send_replace(true);
    let outcome = task.await?;
    if let Some(exchange) = exchange {
        exchange.stop().await;
    }
    let report = tokio::task::spawn_blocking(|| recorder.stop()).await?;
    outcome.map_err(RecordError::from)?;
    Ok(report?)
}

async fn until(begun: Instant, lasting: Option<Duration>) {
    match lasting {
        Some(lasting) => sleep(lasting.saturating_sub(begun.elapsed())).await,
        None => std::future::pending().await,
    }
}
