//! Orders whose limit follows the quote.
//!
//! A limit moves only when a price of the quote does, and joins the end of the queue there. What it is now is
//! the market's state: after a restart an order is suspended until a quote shows where it belongs. Events
//! record it as they record trailing marks.

use crate::commit::row_of;
use crate::orders::Slot;
use crate::shard::Shard;
use alloc::vec::Vec;
use model::{InstrumentId, PegReference, Price};

impl Shard {
    /// The quote moved: whatever follows it moves with it.
    pub(crate) fn move_pegs(&mut self, instrument: InstrumentId) {
        let mut slots = Vec::new();
        self.books[row_of(instrument)].collect_pegs(&mut slots);
        for slot in slots {
            self.follow_quote(slot);
        }
    }

    /// Gives a pegged order the limit that belongs to the standing quote.
    pub(crate) fn follow_quote(&mut self, slot: Slot) {
        let order = self.orders.get(slot);
        let Some(peg) = order.peg() else { return };
        let (instrument, side, before) = (order.instrument, order.side, order.limit());
        let hot = &self.hot[row_of(instrument)];
        let quote = hot.quote().0;
        let step = self.instrument(instrument).increment_at(quote.bid);
        let fresh = if hot.is_fresh(self.arrival()) { peg.limit(side, quote, step) } else { None };
        let limit = match (peg.reference, fresh, before) {
            // It follows its own side towards the other, and does not fall back with it.
            (PegReference::Primary, Some(limit), Some(before)) if side.improves(limit, before) => {
                Some(if is_behind(quote, side, before) { before } else { limit })
            }
            (PegReference::Primary | PegReference::Market | PegReference::Midpoint, limit, _) => limit,
        };
        if limit == before {
            return;
        }
        self.leave_book(slot);
        self.orders.get_mut(slot).set_pegged_limit(limit);
        self.enter_book(slot);
        if self.books[row_of(instrument)].note_moved() {
            self.note_moved(instrument);
        }
    }
}

/// Whether a limit of this side does not reach the other side of the quote.
fn is_behind(quote: model::Quote, side: model::Side, limit: Price) -> bool {
    let other = match side {
        model::Side::Buy => quote.ask,
        model::Side::Sell => quote.bid,
    };
    side.improves(limit, other)
}
