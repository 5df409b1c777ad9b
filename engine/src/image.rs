//! The state that events made, to an image and back.
//!
//! Equal states give equal images: every list is sorted by its key. What the market made (quotes,
//! queues, spent sizes, marks not yet flushed) is not part of it.

use crate::ledger::Ledger;
use crate::orders::OpenOrder;
use crate::portfolio::Portfolio;
use crate::shard::{Shard, ShardConfig};
use alloc::vec::Vec;
use model::{OrderImage, ShardImage};

impl Shard {
    /// The whole state that events made, sorted and canonical.
    #[must_use]
    pub fn image(&self) -> ShardImage {
        let mut orders: Vec<OrderImage> = self.open_orders().collect();
        orders.sort_unstable_by_key(|order| order.id);
        ShardImage {
            seq: self.seq,
            time: self.event_time,
            instruments: self.instruments().cloned().collect(),
            portfolios: self.portfolios.iter().map(|(id, portfolio)| portfolio.image(id)).collect(),
            orders,
            rounding_residue: self.ledger.rounding(),
        }
    }

    /// A shard as an image tells. Its market is empty: quotes come anew from the feed.
    #[must_use]
    pub fn restore(config: ShardConfig, image: &ShardImage) -> Self {
        let mut shard = Self::new(config);
        shard.seq = image.seq;
        shard.event_time = image.time;
        shard.now = image.time;
        for instrument in &image.instruments {
            shard.commit_instrument(instrument);
        }
        for portfolio in &image.portfolios {
            shard.portfolios.insert(portfolio.id, Portfolio::from_image(portfolio));
        }
        for order in &image.orders {
            shard.insert_order(OpenOrder::from_image(order));
        }
        shard.ledger = Ledger::from_image(image);
        shard
    }
}
