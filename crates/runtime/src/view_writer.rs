//! Writing the views to disk in the background, many rows at a time.
//!
//! Views may lag: memory holds what is not on disk yet, and recovery folds it anew. It must never
//! write a marker before the rows it covers, which the store does in one transaction. Invariant:
//! memory lets go of a row only after the commit that holds it.

use crate::projection::Projections;
use crate::shared::{Failure, Shared};
use crossbeam::channel::{Receiver, RecvTimeoutError};
use model::{OrderId, ShardId, ShardSeq};
use persistence::{OrderRow, ViewBatch};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Rows after which a batch is written without waiting for more: some 50 MB of messages.
const ROWS_MAX: usize = 50_000;

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

/// The view writer thread: runs until the projection thread ends, and writes all that came.
pub(crate) fn run(projections: &Projections, shared: &Shared, wait_max: Duration, rows: &Receiver<ViewBatch>) {
    let mut gathered = Gathered::default();
    while let Ok(first) = rows.recv() {
        gathered.add(first);
        let deadline = Instant::now() + wait_max;
        while gathered.rows() < ROWS_MAX {
            match rows.recv_deadline(deadline) {
                Ok(more) => gathered.add(more),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Err(error) = projections.write(&gathered.take()) {
            // What is in memory stays readable; without the disk it would grow without bound.
            shared.fail(Failure::Views(error.to_string()));
            return;
        }
    }
}
