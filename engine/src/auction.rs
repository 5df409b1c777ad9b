//! Orders on the open and on the close.
//!
//! They trade in the auction alone: at its print, which is waited for until a while after the bell.
//! Where none comes, they trade at the last price and say so.

use crate::commit::row_of;
use crate::matching::Offer;
use crate::orders::Slot;
use crate::shard::Shard;
use alloc::vec::Vec;
use model::{
    Event, FillRule, InstrumentId, InstrumentStatus, Liquidity, Size, TimeInForce, Trade, TradeConditions,
};

impl Shard {
    /// The print of an auction fills those that waited for it, at its price and up to its size.
    pub(crate) fn hold_auction(&mut self, instrument: InstrumentId, trade: &Trade, out: &mut Vec<Event>) {
        let (waited_for, rule) = match trade.conditions {
            TradeConditions::OpeningAuction => (TimeInForce::AtOpen, FillRule::OpeningAuction),
            TradeConditions::ClosingAuction => (TimeInForce::AtClose, FillRule::ClosingAuction),
            TradeConditions::Regular | TradeConditions::Ineligible => return,
        };
        let row = row_of(instrument);
        if self.instrument(instrument).status != InstrumentStatus::Active || !trade.price.is_positive() {
            return;
        }
        let now = self.now;
        self.books[row].note_auction(now);
        let mut slots = Vec::new();
        self.books[row].collect_auction(&mut slots);
        for slot in slots {
            let Some(order) = self.orders.find(slot) else { continue };
            let bell = self.sessions.bell(order.expires_at());
            let within = order.limit().is_none_or(|limit| order.side.within(trade.price, limit));
            // One that waits for tomorrow's takes no part in today's.
            if order.time_in_force() != waited_for || now < bell || !within {
                continue;
            }
            let (portfolio, tick) = (order.id.portfolio(), self.tick);
            let offer = Offer {
                price: trade.price,
                qty: self.portfolio(portfolio).budgets.left_of_trade(tick, trade.size),
                liquidity: Liquidity::Taker,
                rule,
                trade: Some(*trade),
            };
            let filled = self.execute(slot, &offer, out);
            self.portfolio_mut(portfolio).budgets.spend_trade(tick, filled);
        }
    }

    /// The wait is over: without any print the last price stands in for it.
    pub(crate) fn end_auction(&mut self, slot: Slot, out: &mut Vec<Event>) {
        let order = self.orders.get(slot);
        let row = row_of(order.instrument);
        let bell = self.sessions.bell(order.expires_at());
        let was_held = self.books[row].auction_held().is_some_and(|time| time >= bell);
        let is_active = self.instrument(order.instrument).status == InstrumentStatus::Active;
        // The last price of a bar says nothing of what the auction would have made.
        let by_bars = self.bars.contains_key(&order.instrument);
        let Some(price) = self.hot[row].last().filter(|_| is_active && !was_held && !by_bars) else { return };
        if order.limit().is_some_and(|limit| !order.side.within(price, limit)) {
            return;
        }
        let qty = match order.size() {
            Size::Shares(total) => total - order.filled_qty(),
            Size::Notional(amount) => {
                let lot = self.instrument(order.instrument).lot_size;
                model::Qty::affordable_floor(amount - order.filled_value(), price, lot)
            }
        };
        let offer =
            Offer { price, qty, liquidity: Liquidity::Taker, rule: FillRule::AuctionFallback, trade: None };
        self.execute(slot, &offer, out);
    }
}
