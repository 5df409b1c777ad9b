//! Folding durable events into views, and publishing what they make.
//!
//! One thread folds. It encodes every stream message once, hands it to the portfolio's clients, and
//! only then completes the replies of the same commit, so that whoever got an answer reads its effect.
//! It must never see an event that is not durable, unless the system was started to publish ahead. Invariant:
//! `published <= durable`, or else `published <= applied`.

use crate::capacities::StreamBounds;
use crate::command_queue::Answer;
use crate::message_run::{Framing, RunBuilder};
use crate::portfolio_state::{PortfolioState, Touched};
use crate::rows_ahead::OpenRows;
use crate::shared::{Shared, lock};
use crate::threads::PanicLatch;
use crate::views::{StreamEncoder, StreamItem, StreamMessage};
use crate::way::{Part, await_work};
use crossbeam::channel::{Receiver, Sender, TryRecvError};
use dashmap::DashMap;
use engine::Shard;
use model::{
    CommandReply, Event, EventBody, Instrument, InstrumentId, MessageKind, OrderId, PortfolioId, PortfolioSeq,
    ShardId, ShardSeq,
};
use persistence::{MessageRow, ViewBatch, ViewStore};
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::oneshot;

/// Events of one shard that are durable.
#[derive(Debug)]
pub(crate) struct DurableEvents {
    pub(crate) shard: ShardId,
    pub(crate) first_seq: ShardSeq,
    pub(crate) events: Vec<Event>,
}

/// An answer that waits for its events to be seen.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) answer: oneshot::Sender<Answer>,
    pub(crate) reply: CommandReply,
    pub(crate) received: Instant,
}

/// One commit: what became durable with it, and the answers that waited for it.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) shards: Vec<DurableEvents>,
    pub(crate) replies: Vec<Reply>,
}

/// Spreads portfolios' ids over a table. They are given by us and without gaps, so that nobody can have them collide.
#[derive(Debug, Default)]
struct PortfolioHasher(u64);

impl Hasher for PortfolioHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        // The upper bits choose the part of the table, the lower ones the place in it.
        let mixed = (self.0 ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// The views that readers share.
#[derive(Debug)]
pub(crate) struct Projections {
    portfolios: DashMap<PortfolioId, Arc<Mutex<PortfolioState>>, BuildHasherDefault<PortfolioHasher>>,
    pub(crate) store: Arc<ViewStore>,
    /// The last event of each shard whose rows are all on disk.
    stored: Vec<AtomicU64>,
    pub(crate) bounds: StreamBounds,
    pub(crate) framing: Framing,
}

impl Projections {
    /// Views of nothing, in front of this store.
    pub(crate) fn new(store: Arc<ViewStore>, shards: u16, bounds: StreamBounds, framing: Framing) -> Self {
        let stored = (0..shards).map(|_| AtomicU64::new(0)).collect();
        Self { portfolios: DashMap::default(), store, stored, bounds, framing }
    }

    /// One portfolio.
    pub(crate) fn portfolio(&self, id: PortfolioId) -> Option<Arc<Mutex<PortfolioState>>> {
        self.portfolios.get(&id).map(|entry| Arc::clone(entry.value()))
    }

    /// How far the rows of a shard are on disk.
    pub(crate) fn stored(&self, shard: ShardId) -> ShardSeq {
        ShardSeq::new(self.stored[usize::from(shard.get())].load(Ordering::Acquire))
    }

    /// The rows of every shard are on disk up to here.
    pub(crate) fn stand_at(&self, seqs: &[ShardSeq]) {
        for (stored, seq) in self.stored.iter().zip(seqs) {
            stored.store(seq.get(), Ordering::Release);
        }
    }

    /// Writes rows to disk, then lets memory go of them.
    pub(crate) fn write(&self, batch: &ViewBatch) -> Result<(), persistence::ViewError> {
        self.store.append(batch)?;
        for order in batch.orders.iter().filter(|order| !order.status.is_open()) {
            self.with(order.id.portfolio(), |state| state.stored_order(order.id));
        }
        for trade in &batch.trades {
            self.with(trade.portfolio, |state| state.stored_trade(trade.fill.trade));
        }
        let mut messages: BTreeMap<PortfolioId, PortfolioSeq> = BTreeMap::new();
        for message in &batch.messages {
            let last = messages.entry(message.portfolio).or_default();
            *last = (*last).max(message.seq);
        }
        for (portfolio, through) in messages {
            self.with(portfolio, |state| state.stored_messages(through, self.bounds));
        }
        for (shard, seq) in &batch.markers {
            self.stored[usize::from(shard.get())].store(seq.get(), Ordering::Release);
        }
        Ok(())
    }

    /// Ends every client's subscription.
    pub(crate) fn end_streams(&self) {
        for entry in &self.portfolios {
            lock(entry.value()).outboxes.drain(..).for_each(|outbox| outbox.stop());
        }
    }

    /// Sends every client's subscription to the state that stands in place of this one.
    pub(crate) fn renew_streams(&self) {
        for entry in &self.portfolios {
            lock(entry.value()).outboxes.drain(..).for_each(|outbox| outbox.renew());
        }
    }

    fn with(&self, id: PortfolioId, act: impl FnOnce(&mut PortfolioState)) {
        if let Some(portfolio) = self.portfolio(id) {
            act(&mut lock(&portfolio));
        }
    }
}

/// The fold itself; one exists.
pub(crate) struct Folder {
    pub(crate) projections: Arc<Projections>,
    encoder: Arc<dyn StreamEncoder>,
    /// The instrument table as each shard knows it, so that the same events give the same bytes.
    instruments: Vec<BTreeMap<InstrumentId, Instrument>>,
    /// Rows for the disk that were made since the last [`Folder::take_rows`].
    rows: ViewBatch,
    /// Orders that changed since then.
    changed: Vec<OrderId>,
    scratch: Vec<u8>,
    /// Messages of the portfolio at hand that are not published yet.
    run: RunBuilder,
    /// Counted for the meters.
    pub(crate) messages: u64,
    pub(crate) cut_off: u64,
}

impl fmt::Debug for Folder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Folder").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Folder {
    /// A fold that begins before the first event.
    pub(crate) fn new(projections: Arc<Projections>, encoder: Arc<dyn StreamEncoder>) -> Self {
        let instruments = projections.stored.iter().map(|_| BTreeMap::new()).collect();
        let run = RunBuilder::new(projections.framing);
        Self {
            projections,
            encoder,
            instruments,
            rows: ViewBatch::default(),
            changed: Vec::new(),
            scratch: Vec::new(),
            run,
            messages: 0,
            cut_off: 0,
        }
    }

    /// Begins a shard's views as its engine stands, with the rows of all its open orders.
    pub(crate) fn restore(&mut self, shard: ShardId, engine: &Shard, open: OpenRows) {
        let table = &mut self.instruments[usize::from(shard.get())];
        table.extend(engine.instruments().map(|instrument| (instrument.id, instrument.clone())));
        let mut open = open.into_iter().peekable();
        for standing in engine.portfolios() {
            let of_it = std::iter::from_fn(|| open.next_if(|(id, _)| id.portfolio() == standing.id));
            let of_it = of_it.map(|(id, row)| (id.number(), row)).collect();
            let state = PortfolioState::standing(&standing, of_it);
            self.projections.portfolios.insert(standing.id, Arc::new(Mutex::new(state)));
        }
        assert!(open.peek().is_none(), "every open order belongs to a portfolio");
    }

    /// Has these orders written with the next rows.
    pub(crate) fn write_orders(&mut self, orders: impl Iterator<Item = OrderId>) {
        self.changed.extend(orders);
    }

    /// Folds events that were just made: neighbours of one portfolio under one lock, with one publication.
    fn fold_all(&mut self, shard: ShardId, events: &[Event]) {
        for of_one in events.chunk_by(|event, next| event.portfolio == next.portfolio) {
            for together in of_one.chunks(EVENTS_TOGETHER_MAX) {
                self.fold(shard, together);
            }
        }
    }

    /// Folds events of one portfolio, and makes their rows and messages.
    pub(crate) fn fold(&mut self, shard: ShardId, events: &[Event]) {
        let Some(first) = events.first() else { return };
        if first.portfolio == PortfolioId::SYSTEM {
            return self.define(shard, events);
        }
        if let Some(opened) = PortfolioState::opened(first) {
            self.projections.portfolios.insert(first.portfolio, Arc::new(Mutex::new(opened)));
        }
        let portfolio = self.projections.portfolio(first.portfolio).expect("an event's portfolio was opened");
        let mut state = lock(&portfolio);
        for event in events {
            let touched = state.fold(event);
            self.changed.extend(touched.order);
            self.rows.trades.extend(touched.trade.and_then(|number| state.trade(number)).cloned());
            self.encode(shard, &state, event, touched);
            if self.run.is_full() {
                self.publish(&mut state);
            }
        }
        self.publish(&mut state);
    }

    /// Instruments belong to no portfolio.
    fn define(&mut self, shard: ShardId, events: &[Event]) {
        let table = &mut self.instruments[usize::from(shard.get())];
        for event in events {
            if let EventBody::InstrumentDefined(instrument) = &event.body {
                table.insert(instrument.id, Instrument::clone(instrument));
            }
        }
    }

    fn encode(&mut self, shard: ShardId, state: &PortfolioState, event: &Event, touched: Touched) {
        let table = &self.instruments[usize::from(shard.get())];
        let mut seq = event.seq;
        for kind in event.body.messages() {
            self.scratch.clear();
            let mut encode = |item: StreamItem<'_>| {
                let message = StreamMessage { portfolio: event.portfolio, seq, time: event.time, item };
                self.encoder.encode(&message, &mut self.scratch);
            };
            match kind {
                MessageKind::Order => {
                    let row = touched.order.and_then(|id| state.order(id));
                    encode(StreamItem::Order(row.expect("the event's order is held")));
                }
                MessageKind::Fill => {
                    let row = touched.trade.and_then(|number| state.trade(number));
                    encode(StreamItem::Fill(row.expect("the event's trade is held")));
                }
                MessageKind::Position => {
                    let instrument = touched.instrument.expect("a fill names its instrument");
                    let symbol = table.get(&instrument).expect("what trades is in the table").symbol;
                    encode(StreamItem::Position(&state.position(instrument, symbol)));
                }
                MessageKind::Cash => encode(StreamItem::Cash(&state.cash())),
                MessageKind::Portfolio => {
                    let view = crate::PortfolioView { head_seq: seq, ..state.view() };
                    encode(StreamItem::Portfolio(&view));
                }
            }
            self.run.add(&self.scratch);
            seq = seq.next();
        }
    }

    /// Hands what was encoded to the portfolio's clients, before anyone else may look at it.
    fn publish(&mut self, state: &mut PortfolioState) {
        let Some(run) = self.run.finish(state.head.next()) else { return };
        self.messages += run.count() as u64;
        let portfolio = state.id;
        self.rows.messages.extend(run.messages().map(|(seq, bytes)| MessageRow { portfolio, seq, bytes }));
        self.cut_off += state.publish(run, self.projections.bounds);
    }

    /// The instrument table as a shard knows it.
    pub(crate) fn instruments(&self, shard: ShardId) -> &BTreeMap<InstrumentId, Instrument> {
        &self.instruments[usize::from(shard.get())]
    }

    /// How many rows wait to be taken, about.
    pub(crate) fn row_count(&self) -> usize {
        self.rows.messages.len() + self.changed.len() + self.rows.trades.len()
    }

    /// The rows that were made, with the orders as they are now and each shard's place.
    pub(crate) fn take_rows(&mut self, markers: Vec<(ShardId, ShardSeq)>) -> ViewBatch {
        self.changed.sort_unstable();
        self.changed.dedup();
        for id in self.changed.drain(..) {
            if let Some(portfolio) = self.projections.portfolio(id.portfolio()) {
                self.rows.orders.extend(lock(&portfolio).order(id).cloned());
            }
        }
        let mut rows = std::mem::take(&mut self.rows);
        rows.markers = markers;
        rows
    }
}

/// The projection thread's state.
#[derive(Debug)]
pub(crate) struct ProjectionThread {
    pub(crate) folder: Folder,
    pub(crate) shared: Arc<Shared>,
    pub(crate) rounds: Receiver<Round>,
    pub(crate) writer: Sender<ViewBatch>,
    pub(crate) publication: Publication,
}

/// What may be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Publication {
    /// What is durable, and nothing else.
    Durable,
    /// What an engine applied: a crash may take it back.
    Ahead,
}

/// Events that are folded under one lock: whoever reads the portfolio waits for them, a fraction of a millisecond.
const EVENTS_TOGETHER_MAX: usize = 64;
/// Events of a round beyond which folding is nothing to do in passing.
const EVENTS_HERE_MAX: usize = 64;

impl ProjectionThread {
    /// Runs until the journal thread ends. Streams stay: whoever ended the threads ends or renews them.
    pub(crate) fn run(this: &Mutex<Self>) {
        let rounds = lock(this).rounds.clone();
        loop {
            await_work(&rounds);
            let mut projection = lock(this);
            match rounds.try_recv() {
                Ok(round) => projection.fold_round(round),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }

    /// Folds one commit, publishes what it made, answers, and passes its rows on.
    pub(crate) fn fold_round(&mut self, round: Round) {
        let Self { folder, shared, writer, publication, .. } = self;
        // Whichever thread folds: the failure stands before the answers go with the round.
        let _latch = PanicLatch { name: "projection", shared, of: None };
        let began = Instant::now();
        let mut markers = Vec::with_capacity(round.shards.len());
        for durable in &round.shards {
            let count = u64::try_from(durable.events.len()).expect("a batch is bounded");
            let last = durable.first_seq.get() + count - 1;
            let progress = shared.progress(durable.shard);
            match publication {
                Publication::Durable => {
                    assert!(last <= progress.durable.load(Ordering::Acquire), "only what is durable is published");
                }
                Publication::Ahead => {
                    assert!(
                        last <= progress.applied.load(Ordering::Acquire),
                        "only what was applied is published"
                    );
                }
            }
            folder.fold_all(durable.shard, &durable.events);
            progress.published.store(last, Ordering::Release);
            markers.push((durable.shard, ShardSeq::new(last)));
        }
        for Reply { answer, reply, .. } in round.replies {
            // A requester that went away learns the outcome when it asks again.
            let _ = answer.send(Ok(reply));
        }
        let meters = &shared.meters;
        meters.messages_published.fetch_add(std::mem::take(&mut folder.messages), Ordering::Relaxed);
        meters.slow_consumers.fetch_add(std::mem::take(&mut folder.cut_off), Ordering::Relaxed);
        if !markers.is_empty() {
            meters.fold.record(began.elapsed());
            // The writer ends early only after a failure, which is latched.
            let _ = writer.send(folder.take_rows(markers));
        }
    }
}

impl Part<Round> for ProjectionThread {
    fn takes_here(&self, round: &Round) -> bool {
        let events: usize = round.shards.iter().map(|durable| durable.events.len()).sum();
        events <= EVENTS_HERE_MAX && !self.writer.is_full()
    }

    fn take_here(&mut self, round: Round) {
        self.fold_round(round);
    }
}
