//! Rows of open orders, read from disk while events are folded.
//!
//! It owns the thread that reads, and ends it with itself. It must never read what is being written:
//! rows of a shard are written only after its rows were taken. Invariant: rows come in the order in
//! which they were asked for, a bounded number ahead.

use crossbeam::channel::{Receiver, bounded};
use model::OrderId;
use persistence::{OrderRow, ViewError, ViewStore};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Orders that are looked up at a time.
const ORDERS_PER_LOOK: usize = 1_024;
/// Looks ahead of whoever takes: some fifty megabytes of rows.
const LOOKS_AHEAD: usize = 128;

/// Orders with their rows; `None` for one that is not on disk.
type Look = Result<Vec<(OrderId, Option<OrderRow>)>, ViewError>;

/// See the module.
#[derive(Debug)]
pub(crate) struct RowsAhead {
    /// Taken out at the end, so that the thread cannot wait for room any more.
    looks: Option<Receiver<Look>>,
    thread: Option<JoinHandle<()>>,
}

impl RowsAhead {
    /// Begins to read. Ids in order are found several times faster than others.
    pub(crate) fn read(store: Arc<ViewStore>, mut ids: Vec<OrderId>) -> Self {
        let (sender, looks) = bounded(LOOKS_AHEAD);
        let thread = std::thread::spawn(move || {
            ids.sort_unstable();
            for ids in ids.chunks(ORDERS_PER_LOOK) {
                let rows = store.orders_of(ids).map(|rows| ids.iter().copied().zip(rows).collect());
                let is_last = rows.is_err();
                if sender.send(rows).is_err() || is_last {
                    return;
                }
            }
        });
        Self { looks: Some(looks), thread: Some(thread) }
    }

    /// The rows, a look at a time.
    pub(crate) fn looks(&self) -> impl Iterator<Item = Look> + '_ {
        self.looks.iter().flatten()
    }
}

impl Drop for RowsAhead {
    fn drop(&mut self) {
        self.looks = None;
        if let Some(thread) = self.thread.take() {
            // A panic there is one of the database's; whoever took rows has noticed that some are missing.
            let _ = thread.join();
        }
    }
}
