//! Rows of open orders, read from disk while the past is folded.
//!
//! It owns the thread that reads, and ends it with itself. It must never read what is being written:
//! nothing is written before the rows of a shard were taken. Invariant: the rows of a shard are those
//! of all its orders that were open at its marker.

use crate::parts::Hands;
use model::{OrderId, ShardId};
use persistence::{OrderRow, ViewError, ViewStore};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Rows by id; boxed, as they go into the views.
pub(crate) type OpenRows = BTreeMap<OrderId, Box<OrderRow>>;

/// See the module.
#[derive(Debug)]
pub(crate) struct RowsAhead {
    store: Arc<ViewStore>,
    shards: u16,
    /// Until rows are taken for the first time, where a thread reads them.
    thread: Option<JoinHandle<Result<Vec<OpenRows>, ViewError>>>,
    /// From then on.
    rows: Option<Vec<OpenRows>>,
}

impl RowsAhead {
    /// Begins to read, if another hand is there.
    pub(crate) fn new(store: Arc<ViewStore>, shards: u16, hands: Hands) -> Self {
        let thread = match hands {
            Hands::Many => {
                let store = Arc::clone(&store);
                Some(std::thread::spawn(move || read(&store, shards)))
            }
            Hands::One => None,
        };
        Self { store, shards, thread, rows: None }
    }

    /// The rows of a shard, once.
    pub(crate) fn take(&mut self, shard: ShardId) -> Result<OpenRows, ViewError> {
        let mut rows = match (self.rows.take(), self.thread.take()) {
            (Some(rows), _) => rows,
            (None, Some(thread)) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
            (None, None) => read(&self.store, self.shards)?,
        };
        let taken = std::mem::take(&mut rows[usize::from(shard.get())]);
        self.rows = Some(rows);
        Ok(taken)
    }
}

impl Drop for RowsAhead {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // What it found, or failed at, is of no use any more.
            let _ = thread.join();
        }
    }
}

fn read(store: &ViewStore, shards: u16) -> Result<Vec<OpenRows>, ViewError> {
    let mut rows: Vec<OpenRows> = (0..shards).map(|_| OpenRows::new()).collect();
    let told = |row: OrderRow| {
        let shard = row.id.portfolio().shard(shards);
        rows[usize::from(shard.get())].insert(row.id, Box::new(row));
    };
    store.open_orders(told)?;
    Ok(rows)
}
