//! The read views on disk: closed orders, trades and stream messages, in `views.redb`.
//!
//! It owns what readers look up once memory has let it go. It must never hold the only copy of
//! anything: a file that is missing, torn or of another journal is thrown away and folded anew.
//! Invariant: a marker is never ahead of the rows it covers, because both are one transaction.

mod messages;
mod read;
mod rows;
mod store;

pub use read::{OrderFilter, StatusFilter, TradeFilter};
pub use rows::{MessageRow, OrderRow, TradeRow};
pub use store::{ViewBatch, ViewConfig, ViewError, ViewOrigin, ViewStore};
