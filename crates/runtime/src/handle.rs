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
use crate::shared::{Shared, lock};
use crate::stream::{Source, oldest_message, stored_messages};
use crate::{
    After, InstrumentDirectory, InstrumentSpec, Measurements, MessagePage, PortfolioView, PositionView, QuoteView,
    SubscribeError, Subscription, SystemStatus,
};
use feeds::Symbols;
use feeds::bars::{Bar, BarInterval};
use model::{
    Command, CommandReply, Instrument, InstrumentId, OrderId, Origin, PortfolioId, PortfolioSeq, Request,
    SubmittedBy, Symbol, Time, TradeNumber, UserId,
};
use persistence::{Catalogue, Epoch, OrderFilter, OrderRow, TradeFilter, TradeRow};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
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
    /// The journal failed while the request was under way: it may or may not have happened. Sending
    /// it again with the same client order id is safe.
    #[error("the journal failed; the request may or may not have happened")]
    OutcomeUnknown,
}

/// Why a view cannot be read.
#[derive(Debug, Error)]
pub enum ViewError {
    /// The view store failed.
    #[error("the views cannot be read: {source}")]
    Store {
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<persistence::ViewError> for ViewError {
    fn from(error: persistence::ViewError) -> Self {
        Self::Store { source: Box::new(error) }
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
    /// A shard did not answer.
    #[error("a shard did not take the instrument: {0}")]
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

/// What handles share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queues: Vec<Arc<CommandQueue>>,
    projections: Arc<Projections>,
    quotes: Arc<QuoteBoard>,
    bars: Arc<BarBoard>,
    catalogue: Arc<Catalogue>,
    instruments: Arc<InstrumentDirectory>,
    epoch: Epoch,
    /// Held while instruments are defined, so that all shards take them in the same order.
    defining: tokio::sync::Mutex<()>,
}

impl Core {
    /// Joins the parts.
    pub(crate) fn new(
        shared: Arc<Shared>,
        queues: Vec<Arc<CommandQueue>>,
        projections: Arc<Projections>,
        (quotes, bars): (Arc<QuoteBoard>, Arc<BarBoard>),
        (catalogue, instruments, epoch): (Catalogue, Arc<InstrumentDirectory>, Epoch),
    ) -> Self {
        Self {
            shared,
            queues,
            projections,
            quotes,
            bars,
            catalogue: Arc::new(catalogue),
            instruments,
            epoch,
            defining: tokio::sync::Mutex::new(()),
        }
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
        if let Command::DefineInstrument(instrument) = request.command {
            let _turn = self.core.defining.lock().await;
            let definition = self.begin_definition(instrument, request.by)?;
            return self.finish_definition(definition).await;
        }
        let shards = u16::try_from(self.core.queues.len()).expect("shards are counted in 16 bits");
        let shard = request.command.portfolio().shard(shards);
        let answer = self.send(&self.core.queues[usize::from(shard.get())], request)?;
        answer.await.unwrap_or(Err(RequestError::OutcomeUnknown))
    }

    fn send(
        &self,
        queue: &CommandQueue,
        request: Request<Command>,
    ) -> Result<oneshot::Receiver<Answer>, RequestError> {
        if self.core.shared.has_failed() {
            return Err(RequestError::OutcomeUnknown);
        }
        let (answer, answered) = oneshot::channel();
        queue.push(Pending { request, answer, received: Instant::now() }).inspect_err(|error| {
            if *error == RequestError::Overloaded {
                self.core.shared.meters.overload_refusals.fetch_add(1, Ordering::Relaxed);
            }
        })?;
        Ok(answered)
    }

    /// Sends an instrument to every shard; [`Self::finish_definition`] waits for them.
    fn begin_definition(&self, instrument: Instrument, by: SubmittedBy) -> Result<Definition, RequestError> {
        let send = |queue: &Arc<CommandQueue>| {
            self.send(queue, Request { by, command: Command::DefineInstrument(instrument.clone()) })
        };
        let answers = self.core.queues.iter().map(send).collect::<Result<_, _>>()?;
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
            None => Ok(self.core.projections.store.order(id)?),
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
            let page = self.core.projections.store.orders(portfolio, filter, cursor, limit)?;
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
            rows.extend(self.core.projections.store.trades(portfolio, filter, before, left)?);
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
        let catalogue = Arc::clone(&self.core.catalogue);
        let ids = tokio::task::spawn_blocking(move || catalogue.instrument_ids(&symbols)).await;
        let ids = ids
            .map_err(|error| DefineError::Catalogue { source: Box::new(error) })?
            .map_err(|error| DefineError::Catalogue { source: Box::new(error) })?;
        let by = SubmittedBy { user: UserId::new(0), origin: Origin::System };
        let mut defined = changed.into_iter().zip(ids).map(|(spec, id)| spec.with_id(id)).peekable();
        // In parts, so that a large table does not look like an overload.
        while defined.peek().is_some() {
            let part = defined.by_ref().take(DEFINITIONS_AT_ONCE);
            let begun: Vec<Definition> =
                part.map(|instrument| self.begin_definition(instrument, by)).collect::<Result<_, _>>()?;
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
        let state = self.state(portfolio).ok_or(SubscribeError::Unknown)?;
        if epoch.is_some_and(|epoch| epoch != self.core.epoch) {
            return Err(SubscribeError::EpochChanged { epoch: self.core.epoch });
        }
        let store = Arc::clone(&self.core.projections.store);
        Subscription::begin(Source { epoch: self.core.epoch, state, store }, after)
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
        let store = &self.core.projections.store;
        let (head_seq, ring_start) = {
            let state = lock(&state);
            (state.head, state.ring_start())
        };
        let mut messages = Vec::new();
        if after.next() < ring_start {
            messages = stored_messages(store, portfolio, after, limit)?;
        }
        if messages.len() < limit {
            let after = messages.last().map_or(after, |(seq, _)| *seq);
            let left = limit - messages.len();
            messages.extend(lock(&state).ring_after(after, left));
        }
        let oldest_seq = oldest_message(store, portfolio, ring_start)?;
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
        self.core.shared.clock.latest()
    }

    /// The journal's generation: another value means another history.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.core.epoch
    }

    /// How the system stands.
    #[must_use]
    pub fn status(&self) -> SystemStatus {
        let mut status = self.core.shared.status();
        for (shard, queue) in status.shards.iter_mut().zip(&self.core.queues) {
            shard.commands_queued = queue.depth() as u64;
            shard.stored = self.core.projections.stored(shard.shard).get();
        }
        status
    }

    /// Latencies and counters since the start.
    #[must_use]
    pub fn measurements(&self) -> Measurements {
        let ticks_evaluated = self.status().shards.iter().map(|shard| shard.ticks_evaluated).sum();
        self.core.shared.meters.read(ticks_evaluated)
    }

    fn state(&self, portfolio: PortfolioId) -> Option<Arc<Mutex<PortfolioState>>> {
        self.core.projections.portfolio(portfolio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClockMode;
    use crate::clock::Clock;
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
        let clock = Clock::new(ClockMode::Feed, Time::EARLIEST);
        let queue = Arc::new(CommandQueue::new(Sleeper::new().waker()));
        let board = (Arc::new(QuoteBoard::new(0)), Arc::new(BarBoard::default()));
        Handle::new(Arc::new(Core::new(
            Arc::new(Shared::new(clock, &[ShardSeq::new(0)])),
            vec![queue],
            Arc::new(Projections::new(Arc::new(store), 1)),
            board,
            (catalogue, Arc::new(InstrumentDirectory::default()), epoch),
        )))
    }

    #[test]
    fn an_overloaded_shard_refuses_before_anything_happened() {
        let handle = handle();
        let by = SubmittedBy { user: UserId::new(1), origin: Origin::Manual };
        let portfolio = PortfolioId::new(1);
        let limits =
            || Request { by, command: Command::SetLimits { portfolio, limits: model::RiskLimits::default() } };
        let cancel = || Request { by, command: Command::CancelAll { portfolio, symbol: None } };
        let queue = &handle.core.queues[0];
        let send = |request| handle.send(queue, request).map(|_| ());
        while send(limits()).is_ok() {}
        assert_eq!(queue.depth(), 7_168);
        assert_eq!(send(limits()), Err(RequestError::Overloaded));
        assert_eq!(queue.depth(), 7_168, "a refused request left nothing behind");
        assert_eq!(send(cancel()), Ok(()), "risk can still be taken down");
        assert_eq!(handle.measurements().counters.overload_refusals, 2);
        assert_eq!(handle.status().shards[0].commands_queued, 7_169);
    }
}
