//! The bounded queue of requests in front of a shard.
//!
//! Admission is counted before anything is put in, so that a refusal is certain to have changed
//! nothing, the places kept for cancels stay free under any race, and after closing nothing can slip
//! in unseen. Invariant: requests in the queue plus those being put in never exceed the bound.

use crate::RequestError;
use crate::capacities::CommandPlaces;
use crate::waker::Waker;
use crossbeam::queue::ArrayQueue;
use model::{Command, CommandReply, Request};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::oneshot;

/// What a requester waits for.
pub(crate) type Answer = Result<CommandReply, RequestError>;

/// A request on its way, and where its answer goes.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) request: Request<Command>,
    pub(crate) answer: oneshot::Sender<Answer>,
    pub(crate) received: Instant,
}

/// The bit of the depth that says that the queue takes nothing more.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// See the module.
#[derive(Debug)]
pub(crate) struct CommandQueue {
    queue: ArrayQueue<Pending>,
    places: CommandPlaces,
    depth: AtomicUsize,
    waker: Arc<Waker>,
}

impl CommandQueue {
    /// An empty queue whose taker is woken by `waker`.
    pub(crate) fn new(places: CommandPlaces, waker: Arc<Waker>) -> Self {
        Self { queue: ArrayQueue::new(places.all), places, depth: AtomicUsize::new(0), waker }
    }

    /// Puts a request in, or says why not; then nothing happened.
    pub(crate) fn push(&self, pending: Pending) -> Result<(), RequestError> {
        let places = if pending.request.command.is_cancel() {
            self.places.all
        } else {
            self.places.all - self.places.kept_for_cancels
        };
        let admitted = self
            .depth
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |depth| (depth < places).then_some(depth + 1));
        if let Err(depth) = admitted {
            return Err(if depth & CLOSED == 0 { RequestError::Overloaded } else { RequestError::Stopping });
        }
        self.queue.push(pending).expect("a place was counted for it");
        self.waker.wake();
        Ok(())
    }

    /// Takes the oldest request out.
    pub(crate) fn pop(&self) -> Option<Pending> {
        let pending = self.queue.pop()?;
        self.depth.fetch_sub(1, Ordering::AcqRel);
        Some(pending)
    }

    /// Takes nothing more from now on. What is in stays to be taken out.
    pub(crate) fn close(&self) {
        self.depth.fetch_or(CLOSED, Ordering::AcqRel);
        self.waker.wake();
    }

    /// How many wait, those being put in included.
    pub(crate) fn depth(&self) -> usize {
        self.depth.load(Ordering::Acquire) & !CLOSED
    }

    /// Whether nothing is in and nothing more can come.
    pub(crate) fn is_finished(&self) -> bool {
        self.depth.load(Ordering::Acquire) == CLOSED
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waker::Sleeper;
    use model::{OrderId, Origin, PortfolioId, RiskLimits, SubmittedBy, UserId};

    fn pending(command: Command) -> Pending {
        let by = SubmittedBy { user: UserId::new(1), origin: Origin::Manual };
        let (answer, _) = oneshot::channel();
        Pending { request: Request { by, command }, answer, received: Instant::now() }
    }

    fn limits() -> Pending {
        pending(Command::SetLimits { portfolio: PortfolioId::new(1), limits: RiskLimits::default() })
    }

    fn cancel() -> Pending {
        pending(Command::Cancel { order: OrderId::new(1) })
    }

    #[test]
    fn cancels_find_a_place_when_nothing_else_does() {
        let queue = CommandQueue::new(CommandPlaces::default(), Sleeper::new().waker());
        for _ in 0..7_168 {
            queue.push(limits()).expect("below the places for all");
        }
        assert_eq!(queue.push(limits()), Err(RequestError::Overloaded));
        for _ in 0..1_024 {
            queue.push(cancel()).expect("the places kept for cancels");
        }
        assert_eq!(queue.push(cancel()), Err(RequestError::Overloaded));
        assert_eq!(queue.depth(), 8_192);
        assert!(queue.pop().is_some());
        queue.push(cancel()).expect("a place became free");
    }

    #[test]
    fn a_closed_queue_takes_nothing_and_gives_what_it_has() {
        let queue = CommandQueue::new(CommandPlaces::default(), Sleeper::new().waker());
        queue.push(limits()).expect("open");
        queue.close();
        assert_eq!(queue.push(limits()), Err(RequestError::Stopping));
        assert!(!queue.is_finished());
        assert!(queue.pop().is_some());
        assert!(queue.is_finished());
    }
}
