//! The price index laid open, so that a proof can compare it with a plain scan of the open orders.
//!
//! Looks only. Nothing of a running system calls it.

use crate::commit::row_of;
use crate::orders::Slot;
use crate::shard::Shard;
use alloc::vec::Vec;
use model::{InstrumentId, OrderId, Side, TriggerSource};

/// What the index of one instrument and side holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexWalk {
    /// Orders that may trade, in the order in which they would.
    pub trading: Vec<OrderId>,
    /// Stops with a price that wait for their release, trailing ones included, in no order.
    pub stops: Vec<OrderId>,
    /// The cached limit of the first that may trade, raw; the end of the number range that every price reaches
    /// where it has none, and the other end where nobody waits.
    pub first_limit: i64,
    /// The cached stop that is reached first, raw; the end of the number range that no price reaches for none.
    pub first_stop: i64,
}

impl Shard {
    /// The index of an instrument's orders of one side; `None` for an instrument that is not defined.
    #[must_use]
    pub fn walk_index(&self, instrument: InstrumentId, side: Side) -> Option<IndexWalk> {
        let row = row_of(instrument);
        let (book, hot) = (self.books.get(row)?, self.hot.get(row)?);
        let id = |slot: &Slot| self.orders.get(*slot).id;
        let (mut trading, mut stops) = (Vec::new(), Vec::new());
        book.collect_trading(side, &mut trading);
        if let Some(waiting) = book.waiting(TriggerSource::Last) {
            waiting.collect_all(&mut stops);
        }
        stops.retain(|slot| self.orders.get(*slot).side == side);
        let triggers = hot.triggers();
        let (first_limit, first_stop) = match side {
            Side::Buy => (triggers.buy, triggers.last.rise),
            Side::Sell => (triggers.sell, triggers.last.fall),
        };
        Some(IndexWalk {
            trading: trading.iter().map(id).collect(),
            stops: stops.iter().map(id).collect(),
            first_limit,
            first_stop,
        })
    }
}
