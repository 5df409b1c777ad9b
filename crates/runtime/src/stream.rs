//! Portfolios' streams: gapless, resumable, bounded.
//!
//! A subscription first catches up from disk, then takes what memory holds and joins the live
//! messages, both under the portfolio's lock: that is the one place where the two meet, and it leaves
//! neither gap nor double. It must never make the publisher wait: a client that does not keep up is
//! cut off and may resume. Invariant: what is handed out is numbered without a gap.

use crate::ViewError;
use crate::capacities::StreamBounds;
use crate::handle::Core;
use crate::message_run::{Framing, MessageRun, RunBuilder};
use crate::portfolio_state::PortfolioState;
use crate::shared::{Shared, lock};
use bytes::Bytes;
use model::limits::PAGE_ROWS_MAX;
use model::{PortfolioId, PortfolioSeq};
use persistence::{Epoch, ViewStore};
use std::sync::{Arc, Mutex, Weak};
use thiserror::Error;
use tokio::sync::Notify;

/// A message: its number and the bytes that clients receive.
pub(crate) type Message = (PortfolioSeq, Bytes);

/// Bytes of frames that one call hands out, unless a single run has more: a client that does not read keeps
/// this much from going away.
const BATCH_BYTES_MAX: usize = 48 * 1024;
/// Messages that are read from disk at once: about as many as a batch may have.
const PAGE_MESSAGES_MAX: usize = 64;
const _: () = assert!(PAGE_MESSAGES_MAX <= PAGE_ROWS_MAX);

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// With what comes from now on.
    Now,
    /// With the message after this one; 0 is all that is kept.
    Seq(PortfolioSeq),
}

/// Why a subscription is not possible.
#[derive(Debug, Error)]
pub enum SubscribeError {
    /// The client has seen more than there is.
    #[error("the sequence is ahead of the stream, whose last message is {head}")]
    SeqAhead {
        /// The last there is.
        head: PortfolioSeq,
    },
    /// The client's sequence belongs to another history.
    #[error("the stream belongs to another epoch")]
    EpochChanged {
        /// The history that stands.
        epoch: Epoch,
    },
    /// There is no such portfolio.
    #[error("there is no such portfolio")]
    Unknown,
    /// The messages that would follow are not kept any more.
    #[error("the oldest message kept is {oldest}")]
    Gone {
        /// The oldest kept.
        oldest: PortfolioSeq,
    },
    /// The view store failed.
    #[error(transparent)]
    View(#[from] ViewError),
}

/// Why a subscription ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutOff {
    /// More waited for the client than it may.
    Slow,
    /// The system stopped or failed.
    Stopped,
    /// Kept messages could not be read.
    Unreadable,
}

/// The subscription ended; the client may resume after `last_seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the subscription ended after message {last_seq}: {reason:?}")]
pub struct SlowConsumer {
    /// The last message that was handed out.
    pub last_seq: PortfolioSeq,
    /// Why.
    pub reason: CutOff,
}

/// Messages in order, without a gap to those before.
#[derive(Clone, Debug)]
pub struct StreamBatch {
    /// Runs of messages, never none.
    pub runs: Vec<MessageRun>,
}

impl StreamBatch {
    /// Number and bytes of each message, oldest first.
    pub fn messages(&self) -> impl Iterator<Item = (PortfolioSeq, Bytes)> + '_ {
        self.runs.iter().flat_map(MessageRun::messages)
    }
}

/// A page of a portfolio's stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessagePage {
    /// Number and bytes of each, oldest first.
    pub messages: Vec<(PortfolioSeq, Bytes)>,
    /// The last message there is.
    pub head_seq: PortfolioSeq,
    /// The oldest that is kept; one above the head when none is.
    pub oldest_seq: PortfolioSeq,
}

/// How much waits for one client. The messages themselves wait in the portfolio's ring, or on disk once the
/// ring has let go of them, so that a client that does not read costs two numbers.
#[derive(Debug)]
pub(crate) struct Outbox {
    bounds: StreamBounds,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    load: Load,
    ended: Option<Ended>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    CutOff(CutOff),
    Dropped,
    /// The portfolio's state was folded anew after a failure: the subscription joins that one.
    Renewed,
}

/// Messages and the bytes of their frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    messages: usize,
    bytes: usize,
}

impl Load {
    pub(crate) fn of(run: &MessageRun) -> Self {
        Self { messages: run.count(), bytes: run.frames().len() }
    }

    fn plus(self, other: Self) -> Self {
        Self { messages: self.messages + other.messages, bytes: self.bytes + other.bytes }
    }

    fn exceeds(self, bounds: StreamBounds) -> bool {
        self.messages > bounds.client_messages || self.bytes > bounds.client_bytes
    }
}

/// Where the next messages are.
#[derive(Debug)]
enum Next {
    Here(Vec<MessageRun>),
    OnDisk,
    Nowhere(Arc<Outbox>),
}

/// What became of a message that was put into an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// It waits there.
    Taken,
    /// The client was too slow and is cut off with it.
    CutOff,
    /// The client is gone.
    Gone,
}

impl Outbox {
    fn new(bounds: StreamBounds) -> Self {
        Self { bounds, waiting: Mutex::default(), arrived: Notify::new() }
    }

    /// Counts messages that the ring has now, or ends the outbox.
    pub(crate) fn push(&self, arrived: Load) -> Delivery {
        let mut waiting = lock(&self.waiting);
        if waiting.ended.is_some() {
            return Delivery::Gone;
        }
        let load = waiting.load.plus(arrived);
        let delivery = if load.exceeds(self.bounds) {
            waiting.end(Ended::CutOff(CutOff::Slow));
            Delivery::CutOff
        } else {
            waiting.load = load;
            Delivery::Taken
        };
        drop(waiting);
        self.arrived.notify_one();
        delivery
    }

    /// Whether anything waits; `None` when the subscription is to join another state.
    fn has_any(&self, delivered: PortfolioSeq) -> Result<Option<bool>, SlowConsumer> {
        let waiting = lock(&self.waiting);
        match waiting.ended {
            None => Ok(Some(waiting.load.messages > 0)),
            Some(Ended::Renewed) => Ok(None),
            Some(Ended::CutOff(reason)) => Err(SlowConsumer { last_seq: delivered, reason }),
            Some(Ended::Dropped) => Err(SlowConsumer { last_seq: delivered, reason: CutOff::Stopped }),
        }
    }

    /// Ends the outbox because the system stops.
    pub(crate) fn stop(&self) {
        lock(&self.waiting).end(Ended::CutOff(CutOff::Stopped));
        self.arrived.notify_one();
    }

    /// Ends the outbox because another state of the portfolio stands in place of this one.
    pub(crate) fn renew(&self) {
        lock(&self.waiting).end(Ended::Renewed);
        self.arrived.notify_one();
    }

    /// That these were handed out.
    fn hand_out(&self, taken: Load) {
        let mut waiting = lock(&self.waiting);
        if waiting.ended.is_none() {
            // A state that is about to be replaced may lack what the disk already has.
            waiting.load.messages = waiting.load.messages.saturating_sub(taken.messages);
            waiting.load.bytes = waiting.load.bytes.saturating_sub(taken.bytes);
        }
    }

    /// Whether nothing is taken any more.
    pub(crate) fn has_ended(&self) -> bool {
        lock(&self.waiting).ended.is_some()
    }
}

impl Waiting {
    /// The first end stands.
    fn end(&mut self, ended: Ended) {
        self.ended.get_or_insert(ended);
    }
}

/// One client's place in a portfolio's stream.
#[derive(Debug)]
pub struct Subscription {
    /// The journal's generation.
    pub epoch: Epoch,
    /// The last message there was when it began.
    pub head_seq: PortfolioSeq,
    /// The oldest message kept when it began.
    pub oldest_seq: PortfolioSeq,
    portfolio: PortfolioId,
    /// The last message that was handed out.
    delivered: PortfolioSeq,
    phase: Phase,
    state: Arc<Mutex<PortfolioState>>,
    store: Arc<ViewStore>,
    bounds: StreamBounds,
    framing: Framing,
    core: Weak<Core>,
}

#[derive(Debug)]
enum Phase {
    /// Reads from disk until memory holds what comes next.
    CatchUp,
    /// Hands out what memory holds. What came up to `joined` was there before the outbox, which does not count it.
    Live { joined: PortfolioSeq, outbox: Arc<Outbox> },
}

/// What a subscription needs besides its place.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) epoch: Epoch,
    pub(crate) state: Arc<Mutex<PortfolioState>>,
    pub(crate) store: Arc<ViewStore>,
    pub(crate) bounds: StreamBounds,
    pub(crate) framing: Framing,
    /// Where the portfolio's state is found anew after a failure.
    pub(crate) core: Weak<Core>,
}

impl Subscription {
    /// Begins after a message, or now.
    pub(crate) fn begin(source: Source, after: After) -> Result<Self, SubscribeError> {
        let Source { epoch, state, store, bounds, framing, core } = source;
        let (portfolio, head, ring_start) = {
            let state = lock(&state);
            (state.id, state.head, state.ring_start())
        };
        let shared = shared_of(&core);
        let oldest = judge(shared.as_deref(), oldest_message(&store, portfolio, ring_start))?;
        let mut subscription = Self {
            epoch,
            head_seq: head,
            oldest_seq: oldest,
            portfolio,
            delivered: head,
            phase: Phase::CatchUp,
            state,
            store,
            bounds,
            framing,
            core,
        };
        match after {
            After::Now => {
                let head = subscription.join_live(After::Now);
                subscription.head_seq = head;
            }
            After::Seq(after) if after > head => return Err(SubscribeError::SeqAhead { head }),
            After::Seq(after) if after.next() < oldest => return Err(SubscribeError::Gone { oldest }),
            After::Seq(after) => {
                subscription.delivered = after;
                subscription.join_live(After::Seq(after));
            }
        }
        Ok(subscription)
    }

    /// Waits for messages and hands out what is there, within a bound. Safe to cancel.
    ///
    /// # Errors
    /// When the subscription was cut off.
    pub async fn next(&mut self) -> Result<StreamBatch, SlowConsumer> {
        loop {
            match self.look()? {
                Next::Here(runs) => return Ok(self.hand_out(runs)),
                Next::OnDisk => {
                    let page = self.read_page().await?;
                    return Ok(self.hand_out(vec![page]));
                }
                Next::Nowhere(outbox) => outbox.arrived.notified().await,
            }
        }
    }

    /// What is there now, within a bound, without waiting and read from disk on the caller's thread;
    /// `None` when nothing is.
    ///
    /// # Errors
    /// When the subscription was cut off.
    pub fn try_next(&mut self) -> Result<Option<StreamBatch>, SlowConsumer> {
        match self.look()? {
            Next::Here(runs) => Ok(Some(self.hand_out(runs))),
            Next::OnDisk => {
                let shared = shared_of(&self.core);
                let page = stored_messages(&self.store, self.portfolio, self.delivered, PAGE_MESSAGES_MAX);
                let page = self.check_page(judge(shared.as_deref(), page))?;
                Ok(Some(self.hand_out(vec![page])))
            }
            Next::Nowhere(_) => Ok(None),
        }
    }

    /// Finds what follows the last message that was handed out.
    fn look(&mut self) -> Result<Next, SlowConsumer> {
        loop {
            let (outbox, joined) = match &self.phase {
                Phase::CatchUp => {
                    self.join_live(After::Seq(self.delivered));
                    match &self.phase {
                        Phase::CatchUp => return Ok(Next::OnDisk),
                        Phase::Live { outbox, joined } => (outbox, *joined),
                    }
                }
                Phase::Live { outbox, joined } => (outbox, *joined),
            };
            match outbox.has_any(self.delivered)? {
                Some(true) => {}
                Some(false) if self.delivered < joined => {}
                Some(false) => return Ok(Next::Nowhere(Arc::clone(outbox))),
                None => {
                    self.phase = Phase::CatchUp;
                    continue;
                }
            }
            return Ok(match self.runs_in_memory() {
                None => Next::OnDisk,
                Some(runs) if runs.is_empty() => Next::Nowhere(Arc::clone(outbox)),
                Some(runs) => Next::Here(runs),
            });
        }
    }

    /// What the ring has of what comes next, within a bound; `None` where it let go of that.
    fn runs_in_memory(&self) -> Option<Vec<MessageRun>> {
        let state = lock(&self.state);
        let mut runs: Vec<MessageRun> = Vec::new();
        if self.delivered.next() < state.ring_start() {
            return None;
        }
        let mut bytes = 0;
        for run in state.runs_after(self.delivered) {
            bytes += run.frames().len();
            if bytes > BATCH_BYTES_MAX && !runs.is_empty() {
                break;
            }
            runs.push(run);
        }
        Some(runs)
    }

    fn hand_out(&mut self, runs: Vec<MessageRun>) -> StreamBatch {
        for run in &runs {
            assert_eq!(run.first(), self.delivered.next(), "a stream has no gap");
            self.delivered = run.last();
            if let Phase::Live { outbox, joined } = &self.phase
                && let Some(counted) = run.after(*joined)
            {
                outbox.hand_out(Load::of(&counted));
            }
        }
        StreamBatch { runs }
    }

    /// Joins the live messages if memory holds all that comes next; returns the head at that moment.
    fn join_live(&mut self, after: After) -> PortfolioSeq {
        loop {
            let head = self.join_state(after);
            // The states are changed first and the outboxes of the old ones ended then: whoever joined
            // an old state sees one or the other.
            let standing = self.core.upgrade().and_then(|core| core.life().projections.portfolio(self.portfolio));
            match standing {
                Some(state) if !Arc::ptr_eq(&state, &self.state) => {
                    self.state = state;
                    self.phase = Phase::CatchUp;
                }
                Some(_) | None => return head,
            }
        }
    }

    fn join_state(&mut self, after: After) -> PortfolioSeq {
        let mut state = lock(&self.state);
        let head = state.head;
        let after = match after {
            After::Now => head,
            After::Seq(after) => after,
        };
        if after.next() >= state.ring_start() {
            let outbox = Arc::new(Outbox::new(self.bounds));
            state.outboxes.retain(|outbox| !outbox.has_ended());
            state.outboxes.push(Arc::clone(&outbox));
            self.phase = Phase::Live { joined: head, outbox };
            self.delivered = after;
        }
        head
    }

    async fn read_page(&self) -> Result<MessageRun, SlowConsumer> {
        let (store, portfolio, after) = (Arc::clone(&self.store), self.portfolio, self.delivered);
        let shared = shared_of(&self.core);
        let page = tokio::task::spawn_blocking(move || {
            judge(shared.as_deref(), stored_messages(&store, portfolio, after, PAGE_MESSAGES_MAX))
        });
        match page.await {
            Ok(page) => self.check_page(page),
            Err(_) => Err(self.unreadable()),
        }
    }

    /// A page from disk as a run, within a bound.
    fn check_page(&self, page: Result<Vec<Message>, ViewError>) -> Result<MessageRun, SlowConsumer> {
        match page {
            Ok(page) => {
                let first = self.delivered.next();
                let follows = |(at, (seq, _)): &(u64, &Message)| seq.get() == first.get() + at;
                let mut run = RunBuilder::new(self.framing);
                for (_, (_, bytes)) in (0..).zip(&page).take_while(follows) {
                    if run.bytes() + bytes.len() > BATCH_BYTES_MAX && run.bytes() > 0 {
                        break;
                    }
                    run.add(bytes);
                }
                run.finish(first).ok_or_else(|| self.unreadable())
            }
            Err(error) => {
                tracing::error!(%error, portfolio = %self.portfolio, "kept messages cannot be read");
                Err(self.unreadable())
            }
        }
    }

    fn unreadable(&self) -> SlowConsumer {
        SlowConsumer { last_seq: self.delivered, reason: CutOff::Unreadable }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Phase::Live { outbox, .. } = &self.phase {
            lock(&outbox.waiting).end(Ended::Dropped);
        }
    }
}

/// What the life that stands shares: taken before a read, so that no later life is blamed for it.
fn shared_of(core: &Weak<Core>) -> Option<Arc<Shared>> {
    core.upgrade().map(|core| Arc::clone(&core.life().shared))
}

/// See [`Shared::judge_read`]; without a system there is nobody to tell.
fn judge<T>(shared: Option<&Shared>, read: Result<T, persistence::ViewError>) -> Result<T, ViewError> {
    match shared {
        Some(shared) => shared.judge_read(read),
        None => Ok(read?),
    }
}

/// Messages on disk after this one, oldest first.
pub(crate) fn stored_messages(
    store: &ViewStore,
    portfolio: PortfolioId,
    after: PortfolioSeq,
    limit: usize,
) -> Result<Vec<Message>, persistence::ViewError> {
    let rows = store.messages(portfolio, after, limit)?;
    Ok(rows.into_iter().map(|row| (row.seq, row.bytes)).collect())
}

/// The oldest message there is, on disk or from `ring_start` on in memory.
pub(crate) fn oldest_message(
    store: &ViewStore,
    portfolio: PortfolioId,
    ring_start: PortfolioSeq,
) -> Result<PortfolioSeq, persistence::ViewError> {
    let stored = store.oldest_message(portfolio)?;
    Ok(stored.map_or(ring_start, |stored| stored.min(ring_start)))
}
