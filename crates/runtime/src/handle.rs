//! What the rest of the program holds of a running system: requests in, views out.
//!
//! Reads never touch a shard: they come from the views, which hold what is durable. Memory is looked
//! at before the disk, since rows move from the one to the other. It must never answer a request by
//! itself, except that nothing happened.

use crate::command_queue::{Answer, CommandQueue, Pending};
use crate::market_data::BarBoard;
use crate::portfolio_state::{PortfolioState, shows_open_alone};
use crate::projection::Projections;
use crate::quotes::QuoteBoard;
use crate::shared::{Shared, lock, read, write};
use crate::space::Space;
use crate::stream::{Source, oldest_message, stored_messages};
use crate::{
    After, Change, InstrumentDirectory, InstrumentSpec, Measurements, MessagePage, PortfolioView, PositionView,
    QuoteView, SpaceLimits, SubscribeError, Subscription, SystemStatus,
};
use feeds::Symbols;
use feeds::bars::{Bar, BarInterval};
use model::{
    Command, CommandReply, Instrument, InstrumentId, OrderId, Origin, PortfolioId, PortfolioSeq, Request,
    SubmittedBy, Symbol, Time, TradeNumber, UserId,
};
use persistence::{Catalogue, Epoch, OrderFilter, OrderRow, TradeFilter, TradeRow, ViewStore};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;
use thiserror::Error;
use tokio::sync::oneshot;

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The shard's queue is full; nothing happened, and the request can be sent again.
    #[error("the shard is overloaded; nothing happened")]
    Overloaded,
    /// The system is stopping; nothing happened.
    #[error("the system is stopping; nothing happened")]
    Stopping,
    /// The disk failed while the request was under way: it may or may not have happened. Sending
    /// it again with the same client order id is safe.
    #[error("the disk failed; the request may or may not have happened")]
    OutcomeUnknown,
    /// The disk failed and what was open is being opened anew; nothing happened.
    #[error("the storage failed and is being opened again; nothing happened")]
    Unavailable,
    /// Too little room is left for what makes data grow; nothing happened.
    #[error("only {free_bytes} bytes are free, below the limit of {limit_bytes}; nothing happened")]
    StorageLow {
        /// Bytes that may still be written.
        free_bytes: u64,
        /// The soft limit.
        limit_bytes: u64,
    },
    /// Too little room is left for anything but cancels; nothing happened.
    #[error("only {free_bytes} bytes are free, below the limit of {limit_bytes}; nothing happened")]
    StorageFull {
        /// Bytes that may still be written.
        free_bytes: u64,
        /// The hard limit.
        limit_bytes: u64,
    },
}

/// Why the catalogue was not changed.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// The change was not taken in, or nobody knows whether it happened.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The catalogue said no, or is damaged.
    #[error(transparent)]
    Catalogue(persistence::CatalogueError),
}

/// Why a view cannot be read.
#[derive(Debug, Error)]
pub enum ViewError {
    /// The view store is damaged.
    #[error("the views cannot be read: {source}")]
    Store {
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk failed, or the store is being opened again: asking later may help.
    #[error("the views cannot be read now: {source}")]
    Unavailable {
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<persistence::ViewError> for ViewError {
    fn from(error: persistence::ViewError) -> Self {
        let is_passing = error.is_storage_failure();
        let source = Box::new(error);
        if is_passing { Self::Unavailable { source } } else { Self::Store { source } }
    }
}

/// Why an instrument could not be defined.
#[derive(Debug, Error)]
pub enum DefineError {
    /// The catalogue failed.
    #[error("the catalogue failed: {source}")]
    Catalogue {
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It was not taken in, or a shard did not answer.
    #[error("an instrument was not taken: {0}")]
    Request(#[from] RequestError),
    /// A shard said no.
    #[error("a shard refused the instrument: {0}")]
    Refused(model::Reject),
}

/// Instruments that are under way to the shards at one time: far below a queue's places.
const DEFINITIONS_AT_ONCE: usize = 256;

/// An instrument on its way to every shard.
#[derive(Debug)]
struct Definition {
    instrument: Instrument,
    answers: Vec<oneshot::Receiver<Answer>>,
}

/// What a system is from one start or healing to the next failure.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queues: Vec<Arc<CommandQueue>>,
    pub(crate) projections: Arc<Projections>,
}

/// What handles share, through all lives.
#[derive(Debug)]
pub(crate) struct Core {
    /// Read by everyone for a moment; written when a life begins.
    life: RwLock<Arc<Life>>,
    pub(crate) quotes: Arc<QuoteBoard>,
    pub(crate) bars: Arc<BarBoard>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) instruments: Arc<InstrumentDirectory>,
    pub(crate) epoch: Epoch,
    pub(crate) space: Arc<Space>,
    /// Set by whoever saw a write of the catalogue fail, cleared once it is open again.
    pub(crate) catalogue_failed: AtomicBool,
    pub(crate) failures: AtomicU64,
    pub(crate) heals: AtomicU64,
    /// Held while instruments are defined, so that all shards take them in the same order.
    defining: tokio::sync::Mutex<()>,
}

impl Core {
    /// Joins the parts.
    pub(crate) fn new(
        life: Life,
        (quotes, bars): (Arc<QuoteBoard>, Arc<BarBoard>),
        (catalogue, instruments, epoch): (Arc<Catalogue>, Arc<InstrumentDirectory>, Epoch),
        space: SpaceLimits,
    ) -> Self {
        Self {
            life: RwLock::new(Arc::new(life)),
            quotes,
            bars,
            catalogue,
            instruments,
            epoch,
            space: Arc::new(Space::new(space)),
            catalogue_failed: AtomicBool::new(false),
            failures: AtomicU64::new(0),
            heals: AtomicU64::new(0),
            defining: tokio::sync::Mutex::new(()),
        }
    }

    /// The life that stands.
    pub(crate) fn life(&self) -> Arc<Life> {
        Arc::clone(&read(&self.life))
    }

    /// Begins another life; returns the one before.
    pub(crate) fn begin(&self, life: Arc<Life>) -> Arc<Life> {
        std::mem::replace(&mut *write(&self.life), life)
    }

    /// Takes down that the catalogue failed, and has it opened anew.
    pub(crate) fn catalogue_has_failed(&self, error: &str) {
        if !self.catalogue_failed.swap(true, Ordering::AcqRel) {
            tracing::error!(error, "the catalogue failed");
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        self.life().shared.alarm().ring();
    }
}

/// Puts a request into a shard's queue.
fn send(
    life: &Life,
    queue: &CommandQueue,
    request: Request<Command>,
) -> Result<oneshot::Receiver<Answer>, RequestError> {
    if life.shared.has_failed() {
        return Err(RequestError::Unavailable);
    }
    let (answer, answered) = oneshot::channel();
    match queue.push(Pending { request, answer, received: Instant::now() }) {
        Ok(()) => Ok(answered),
        Err(RequestError::Overloaded) => {
            life.shared.meters.overload_refusals.fetch_add(1, Ordering::Relaxed);
            Err(RequestError::Overloaded)
        }
        // The queue of a life that ended is closed, and another one begins.
        Err(_) if life.shared.has_failed() => Err(RequestError::Unavailable),
        Err(error) => Err(error),
    }
}

/// A running system, to send requests to and to read from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    core: Arc<Core>,
}

impl Handle {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Sends a request to its portfolio's shard and waits until the answer is durable. An instrument
    /// definition goes to every shard.
    ///
    /// # Errors
    /// See [`RequestError`]; a business refusal is an answer, not an error.
    pub async fn request(&self, request: Request<Command>) -> Result<CommandReply, RequestError> {
        let life = self.core.life();
        self.admit(&life, &request.command)?;
        if let Command::DefineInstrument(instrument) = request.command {
            let _turn = self.core.defining.lock().await;
            let definition = self.begin_definition(&life, instrument, request.by)?;
            return self.finish_definition(definition).await;
        }
        let shards = u16::try_from(life.queues.len()).expect("shards are counted in 16 bits");
        let shard = request.command.portfolio().shard(shards);
        let answer = send(&life, &life.queues[usize::from(shard.get())], request)?;
        drop(life);
        answer.await.unwrap_or(Err(RequestError::OutcomeUnknown))
    }

    /// Whether the disk has room for what a command makes.
    fn admit(&self, life: &Life, command: &Command) -> Result<(), RequestError> {
        self.core.space.admit(|| {
            Change::of(command, || {
                let Command::Replace { order, .. } = command else { return None };
                let portfolio = life.projections.portfolio(order.portfolio())?;
                lock(&portfolio).order(*order).map(|row| row.terms.size)
            })
        })
    }

    /// Changes the catalogue, unless the disk has too little room for it or failed. Blocks.
    ///
    /// # Errors
    /// See [`ChangeError`].
    pub fn change_catalogue<T>(
        &self,
        change: Change,
        work: impl FnOnce(&Catalogue) -> Result<T, persistence::CatalogueError>,
    ) -> Result<T, ChangeError> {
        if self.core.life().shared.has_failed() || self.core.catalogue_failed.load(Ordering::Acquire) {
            return Err(RequestError::Unavailable.into());
        }
        self.core.space.admit(|| change)?;
        work(&self.core.catalogue).map_err(|error| {
            if error.is_storage_failure() {
                self.core.catalogue_has_failed(&error.to_string());
                return RequestError::OutcomeUnknown.into();
            }
            ChangeError::Catalogue(error)
        })
    }

    /// Sends an instrument to every shard; [`Self::finish_definition`] waits for them.
    fn begin_definition(
        &self,
        life: &Life,
        instrument: Instrument,
        by: SubmittedBy,
    ) -> Result<Definition, RequestError> {
        let send = |queue: &Arc<CommandQueue>| {
            send(life, queue, Request { by, command: Command::DefineInstrument(instrument.clone()) })
        };
        let answers = life.queues.iter().map(send).collect::<Result<_, _>>()?;
        Ok(Definition { instrument, answers })
    }

    async fn finish_definition(&self, definition: Definition) -> Result<CommandReply, RequestError> {
        let mut refusal = None;
        for answer in definition.answers {
            let reply = answer.await.unwrap_or(Err(RequestError::OutcomeUnknown))?;
            if let CommandReply::Refused(_) = reply {
                refusal = Some(reply);
            }
        }
        Ok(refusal.unwrap_or_else(|| {
            self.core.instruments.insert(definition.instrument);
            CommandReply::Done
        }))
    }

    /// One order, open or closed.
    ///
    /// # Errors
    /// When the view store cannot be read.
    pub fn order(&self, id: OrderId) -> Result<Option<OrderRow>, ViewError> {
        let portfolio = self.state(id.portfolio());
        match portfolio.and_then(|portfolio| lock(&portfolio).order(id).cloned()) {
            Some(row) => Ok(Some(row)),
            None => self.stored(|store| store.order(id)),
        }
    }

    /// Orders of a portfolio, newest first, from before `before` on, at most `limit`.
    ///
    /// # Errors
    /// When the view store cannot be read.
    pub fn orders(
        &self,
        portfolio: PortfolioId,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<OrderRow>, ViewError> {
        let Some(state) = self.state(portfolio) else { return Ok(Vec::new()) };
        let mut rows = lock(&state).orders(filter, before, limit);
        if shows_open_alone(filter) {
            return Ok(rows);
        }
        let mut seen: BTreeSet<OrderId> = rows.iter().map(|row| row.id).collect();
        let mut cursor = before;
        let mut found = 0;
        while found < limit {
            let page = self.stored(|store| store.orders(portfolio, filter, cursor, limit))?;
            let Some(last) = page.last() else { break };
            cursor = Some(last.id);
            let complete = page.len() == limit;
            for row in page {
                // What memory holds is newer; an open row on disk is memory's to tell.
                if row.status.is_open() || seen.contains(&row.id) || lock(&state).knows_order(row.id) {
                    continue;
                }
                seen.insert(row.id);
                rows.push(row);
                found += 1;
            }
            if !complete {
                break;
            }
        }
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
        rows.truncate(limit);
        Ok(rows)
    }

    /// Trades of a portfolio, newest first, from before `before` on, at most `limit`.
    ///
    /// # Errors
    /// When the view store cannot be read.
    pub fn trades(
        &self,
        portfolio: PortfolioId,
        filter: &TradeFilter,
        before: Option<TradeNumber>,
        limit: usize,
    ) -> Result<Vec<TradeRow>, ViewError> {
        let Some(state) = self.state(portfolio) else { return Ok(Vec::new()) };
        let mut rows = lock(&state).trades(filter, before, limit);
        // Trades reach the disk in order: what memory holds comes before what the disk adds.
        let before = rows.last().map_or(before, |row| Some(row.fill.trade));
        if rows.len() < limit {
            let left = limit - rows.len();
            rows.extend(self.stored(|store| store.trades(portfolio, filter, before, left))?);
        }
        Ok(rows)
    }

    /// A portfolio's money and rules.
    #[must_use]
    pub fn portfolio(&self, id: PortfolioId) -> Option<PortfolioView> {
        self.state(id).map(|state| lock(&state).view())
    }

    /// A portfolio's holdings, past ones with realised profit included, by instrument.
    #[must_use]
    pub fn positions(&self, id: PortfolioId) -> Vec<PositionView> {
        let Some(state) = self.state(id) else { return Vec::new() };
        let state = lock(&state);
        let views = state.instruments().into_iter().filter_map(|instrument| {
            let symbol = self.core.instruments.symbol(instrument)?;
            Some(state.position(instrument, symbol))
        });
        views.collect()
    }

    /// The market of an instrument; `None` before its first tick.
    #[must_use]
    pub fn quote(&self, instrument: InstrumentId) -> Option<QuoteView> {
        self.core.quotes.read(instrument, self.engine_time())
    }

    /// The instrument table.
    #[must_use]
    pub fn instruments(&self) -> Arc<InstrumentDirectory> {
        Arc::clone(&self.core.instruments)
    }

    /// Adds an instrument or changes one, on every shard. Equal to what stands, nothing happens.
    ///
    /// # Errors
    /// See [`DefineError`].
    pub async fn define_instrument(&self, spec: InstrumentSpec) -> Result<Arc<Instrument>, DefineError> {
        let symbol = spec.symbol;
        self.define_instruments(vec![spec]).await?;
        Ok(self.core.instruments.by_symbol(symbol).expect("it was defined just now"))
    }

    /// Adds or changes many instruments, all under way at once.
    ///
    /// # Errors
    /// See [`DefineError`]; some may be defined then. Doing it again is safe.
    pub async fn define_instruments(&self, specs: Vec<InstrumentSpec>) -> Result<(), DefineError> {
        let _turn = self.core.defining.lock().await;
        let changed: Vec<InstrumentSpec> = specs.into_iter().filter(|spec| !self.stands(spec)).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let symbols: Vec<Symbol> = changed.iter().map(|spec| spec.symbol).collect();
        let handle = self.clone();
        let numbering =
            move || handle.change_catalogue(Change::Growth, |catalogue| catalogue.instrument_ids(&symbols));
        let ids = match tokio::task::spawn_blocking(numbering).await {
            Ok(Ok(ids)) => ids,
            Ok(Err(ChangeError::Request(error))) => return Err(DefineError::Request(error)),
            Ok(Err(ChangeError::Catalogue(error))) => {
                return Err(DefineError::Catalogue { source: Box::new(error) });
            }
            Err(error) => return Err(DefineError::Catalogue { source: Box::new(error) }),
        };
        let life = self.core.life();
        let by = SubmittedBy { user: UserId::new(0), origin: Origin::System };
        let mut defined = changed.into_iter().zip(ids).map(|(spec, id)| spec.with_id(id)).peekable();
        // In parts, so that a large table does not look like an overload.
        while defined.peek().is_some() {
            let part = defined.by_ref().take(DEFINITIONS_AT_ONCE);
            let begun: Vec<Definition> =
                part.map(|instrument| self.begin_definition(&life, instrument, by)).collect::<Result<_, _>>()?;
            for definition in begun {
                if let CommandReply::Refused(reject) = self.finish_definition(definition).await? {
                    return Err(DefineError::Refused(reject));
                }
            }
        }
        Ok(())
    }

    fn stands(&self, spec: &InstrumentSpec) -> bool {
        let standing = self.core.instruments.by_symbol(spec.symbol);
        standing.is_some_and(|standing| spec.clone().with_id(standing.id) == *standing)
    }

    /// Users, keys and names.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.core.catalogue
    }

    /// Follows a portfolio's stream.
    ///
    /// # Errors
    /// See [`SubscribeError`].
    pub fn subscribe(
        &self,
        portfolio: PortfolioId,
        after: After,
        epoch: Option<Epoch>,
    ) -> Result<Subscription, SubscribeError> {
        let life = self.core.life();
        let state = life.projections.portfolio(portfolio).ok_or(SubscribeError::Unknown)?;
        if epoch.is_some_and(|epoch| epoch != self.core.epoch) {
            return Err(SubscribeError::EpochChanged { epoch: self.core.epoch });
        }
        let store = Arc::clone(&life.projections.store);
        let bounds = life.projections.bounds;
        let core = Arc::downgrade(&self.core);
        let framing = life.projections.framing;
        Subscription::begin(Source { epoch: self.core.epoch, state, store, bounds, framing, core }, after)
    }

    /// Messages of a portfolio's stream after `after`, at most `limit`, oldest first. Where the first
    /// one is not `after + 1`, those between are not kept.
    ///
    /// # Errors
    /// When the view store cannot be read.
    pub fn messages(
        &self,
        portfolio: PortfolioId,
        after: PortfolioSeq,
        limit: usize,
    ) -> Result<MessagePage, ViewError> {
        let Some(state) = self.state(portfolio) else { return Ok(MessagePage::default()) };
        let (head_seq, ring_start) = {
            let state = lock(&state);
            (state.head, state.ring_start())
        };
        let mut messages = Vec::new();
        if after.next() < ring_start {
            messages = self.stored(|store| stored_messages(store, portfolio, after, limit))?;
        }
        if messages.len() < limit {
            let after = messages.last().map_or(after, |(seq, _)| *seq);
            let left = limit - messages.len();
            messages.extend(lock(&state).ring_after(after, left));
        }
        let oldest_seq = self.stored(|store| oldest_message(store, portfolio, ring_start))?;
        Ok(MessagePage { messages, head_seq, oldest_seq })
    }

    /// The number of a portfolio's last stream message.
    #[must_use]
    pub fn head_seq(&self, portfolio: PortfolioId) -> Option<PortfolioSeq> {
        self.state(portfolio).map(|state| lock(&state).head)
    }

    /// The latest bars of an instrument, oldest first, the unfinished one last.
    #[must_use]
    pub fn bars(&self, instrument: InstrumentId, interval: BarInterval, limit: usize) -> Vec<Bar> {
        self.core.bars.latest(instrument, interval, limit)
    }

    /// Engine time now.
    #[must_use]
    pub fn engine_time(&self) -> Time {
        self.core.life().shared.clock.latest()
    }

    /// The journal's generation: another value means another history.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.core.epoch
    }

    /// How the system stands.
    #[must_use]
    pub fn status(&self) -> SystemStatus {
        let life = self.core.life();
        let mut status = life.shared.status();
        for (shard, queue) in status.shards.iter_mut().zip(&life.queues) {
            shard.commands_queued = queue.depth() as u64;
            shard.stored = life.projections.stored(shard.shard).get();
        }
        status.catalogue_failed = self.core.catalogue_failed.load(Ordering::Acquire);
        status.failures = self.core.failures.load(Ordering::Relaxed);
        status.heals = self.core.heals.load(Ordering::Relaxed);
        status.space = self.core.space.status();
        status
    }

    /// Latencies and counters since the start.
    #[must_use]
    pub fn measurements(&self) -> Measurements {
        let ticks_evaluated = self.status().shards.iter().map(|shard| shard.ticks_evaluated).sum();
        self.core.life().shared.meters.read(ticks_evaluated)
    }

    fn state(&self, portfolio: PortfolioId) -> Option<Arc<Mutex<PortfolioState>>> {
        self.core.life().projections.portfolio(portfolio)
    }

    /// Reads what is on disk; see [`Shared::judge_read`].
    fn stored<T>(
        &self,
        read: impl FnOnce(&ViewStore) -> Result<T, persistence::ViewError>,
    ) -> Result<T, ViewError> {
        let life = self.core.life();
        life.shared.judge_read(read(&life.projections.store))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClockMode;
    use crate::capacities::{CommandPlaces, StreamBounds};
    use crate::clock::{Clock, Wall};
    use crate::message_run::Framing;
    use crate::waker::Sleeper;
    use model::ShardSeq;
    use persistence::{SimulatedStorage, Storage, ViewConfig, ViewStore};
    use std::path::{Path, PathBuf};

    /// A handle in front of a shard that takes nothing out.
    fn handle() -> Handle {
        let storage: Arc<dyn Storage> = Arc::new(SimulatedStorage::new());
        let epoch = Epoch::new(1);
        let path = PathBuf::from("/views.redb");
        let views = ViewConfig { path, epoch, cache_bytes: 1 << 20, storage: Arc::clone(&storage) };
        let store = ViewStore::open(&views).expect("an empty disk");
        let catalogue = Catalogue::open(Path::new("/catalog.redb"), &storage).expect("an empty disk");
        let clock = Clock::new(ClockMode::Feed, Wall::Machine, Time::EARLIEST);
        let queue = Arc::new(CommandQueue::new(CommandPlaces::default(), Sleeper::new().waker()));
        let board = (Arc::new(QuoteBoard::new(0)), Arc::new(BarBoard::default()));
        let life = Life {
            shared: Arc::new(Shared::new(clock, &[ShardSeq::new(0)])),
            queues: vec![queue],
            projections: Arc::new(Projections::new(Arc::new(store), 1, StreamBounds::default(), Framing::NONE)),
        };
        let kept = (Arc::new(catalogue), Arc::new(InstrumentDirectory::default()), epoch);
        Handle::new(Arc::new(Core::new(life, board, kept, SpaceLimits::OFF)))
    }

    #[test]
    fn an_overloaded_shard_refuses_before_anything_happened() {
        let handle = handle();
        let by = SubmittedBy { user: UserId::new(1), origin: Origin::Manual };
        let portfolio = PortfolioId::new(1);
        let limits =
            || Request { by, command: Command::SetLimits { portfolio, limits: model::RiskLimits::default() } };
        let cancel = || Request { by, command: Command::CancelAll { portfolio, symbol: None } };
        let life = handle.core.life();
        let queue = &life.queues[0];
        let send = |request| send(&life, queue, request).map(|_| ());
        while send(limits()).is_ok() {}
        assert_eq!(queue.depth(), 7_168);
        assert_eq!(send(limits()), Err(RequestError::Overloaded));
        assert_eq!(queue.depth(), 7_168, "a refused request left nothing behind");
        assert_eq!(send(cancel()), Ok(()), "risk can still be taken down");
        assert_eq!(handle.measurements().counters.overload_refusals, 2);
        assert_eq!(handle.status().shards[0].commands_queued, 7_169);
    }
}
