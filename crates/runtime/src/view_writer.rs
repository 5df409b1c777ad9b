//! Writing the views to disk in the background, many rows at a time.
//!
//! Views may lag: memory holds what is not on disk yet, and recovery folds it anew. It must never
//! write a marker before the rows it covers, which the store does in one transaction. Invariant:
//! memory lets go of a row only after the commit that holds it.

use crate::projection::{Projections, Publication};
use crate::shared::{Failure, Shared};
use crossbeam::channel::{Receiver, TryRecvError};
use model::{OrderId, ShardId, ShardSeq};
use persistence::{OrderRow, ViewBatch};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Rows after which a batch is written without waiting for more: some 50 MB of messages.
const ROWS_MAX: usize = 50_000;

/// How often rows are looked for while others wait to be written with them.
const ROWS_LOOK_EVERY: Duration = Duration::from_millis(5);

/// How often the journal is looked at while rows are ahead of it: about a sync.
const DURABLE_LOOK_EVERY: Duration = Duration::from_millis(1);

/// Rows that wait to be written, each order's latest state alone.
#[derive(Debug, Default)]
struct Gathered {
    batch: ViewBatch,
    orders: BTreeMap<OrderId, OrderRow>,
    markers: BTreeMap<ShardId, ShardSeq>,
}

impl Gathered {
    fn add(&mut self, mut rows: ViewBatch) {
        self.orders.extend(rows.orders.into_iter().map(|row| (row.id, row)));
        self.batch.trades.append(&mut rows.trades);
        self.batch.messages.append(&mut rows.messages);
        self.markers.extend(rows.markers);
    }

    fn rows(&self) -> usize {
        self.orders.len() + self.batch.trades.len() + self.batch.messages.len()
    }

    fn take(&mut self) -> ViewBatch {
        let mut gathered = std::mem::take(self);
        // Neighbours in the table share pages.
        gathered.batch.messages.sort_unstable_by_key(|message| (message.portfolio, message.seq));
        ViewBatch {
            orders: gathered.orders.into_values().collect(),
            markers: gathered.markers.into_iter().collect(),
            ..gathered.batch
        }
    }
}

/// The view writer thread's state.
#[derive(Debug)]
pub(crate) struct ViewWriter {
    pub(crate) projections: Arc<Projections>,
    pub(crate) shared: Arc<Shared>,
    /// Longest that rows wait for others.
    pub(crate) wait_max: Duration,
    pub(crate) rows: Receiver<ViewBatch>,
    pub(crate) publication: Publication,
}

/// Whether rows reached the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// They did.
    Yes,
    /// The failure is latched, and nothing more is written.
    No,
}

impl ViewWriter {
    /// Runs until the projection thread ends, and writes all that came.
    pub(crate) fn run(self) {
        while let Ok(first) = self.rows.recv() {
            let deadline = Instant::now() + self.wait_max;
            match self.write_from(first, ROWS_MAX, || self.more(deadline)) {
                Written::Yes => {}
                Written::No => return,
            }
        }
    }

    /// Rows that came until the deadline. This looks at the queue and does not wait in it: who waits is woken,
    /// and whoever brings rows has messages to send at that moment.
    fn more(&self, deadline: Instant) -> Option<ViewBatch> {
        loop {
            match self.rows.try_recv() {
                Ok(rows) => return Some(rows),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    std::thread::sleep(left.min(ROWS_LOOK_EVERY));
                }
            }
        }
    }

    /// Waits until the journal holds what the rows were made from, where they were published ahead of it: they must
    /// not outlive it.
    /// `false` when it never will.
    fn await_durable(&self, markers: &[(ShardId, ShardSeq)]) -> bool {
        let is_durable = |(shard, seq): &(ShardId, ShardSeq)| {
            seq.get() <= self.shared.progress(*shard).durable.load(Ordering::Acquire)
        };
        match self.publication {
            Publication::Durable => assert!(markers.iter().all(is_durable), "only what is durable is written"),
            Publication::Ahead => {
                while !markers.iter().all(is_durable) {
                    if self.shared.has_failed() {
                        return false;
                    }
                    std::thread::sleep(DURABLE_LOOK_EVERY);
                }
            }
        }
        true
    }

    /// Writes these rows, and in one commit with them what `more` gives until there are enough.
    pub(crate) fn write_from(
        &self,
        first: ViewBatch,
        enough: usize,
        mut more: impl FnMut() -> Option<ViewBatch>,
    ) -> Written {
        let mut gathered = Gathered::default();
        gathered.add(first);
        while gathered.rows() < enough
            && let Some(rows) = more()
        {
            gathered.add(rows);
        }
        let batch = gathered.take();
        if !self.await_durable(&batch.markers) {
            return Written::No;
        }
        match self.projections.write(&batch) {
            Ok(()) => Written::Yes,
            Err(error) => {
                // What is in memory stays readable; without the disk it would grow without bound.
                self.shared.fail(Failure::Views(error.to_string()));
                Written::No
            }
        }
    }
}
