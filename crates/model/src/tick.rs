//! What the market says: quotes and trades, and how they reach a shard.

use crate::{Command, InstrumentId, Price, Qty, Request, TickSeq, Time};
use rkyv::{Archive, Deserialize, Serialize};

/// The best bid and ask. A missing side has price and size zero.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// Highest price that someone pays.
    pub bid: Price,
    /// Displayed size there, in shares.
    pub bid_size: Qty,
    /// Lowest price that someone asks.
    pub ask: Price,
    /// Displayed size there, in shares.
    pub ask_size: Qty,
}

impl Quote {
    /// Whether both sides are there and the bid is above the ask: nothing fills against it.
    #[must_use]
    pub fn is_crossed(self) -> bool {
        self.bid.is_positive() && self.ask.is_positive() && self.bid > self.ask
    }

    /// Halfway between bid and ask, where both are there and not crossed.
    #[must_use]
    pub fn middle(self) -> Option<Price> {
        let is_two_sided = self.bid.is_positive() && self.ask.is_positive() && !self.is_crossed();
        is_two_sided.then(|| Price::from_raw(i64::midpoint(self.bid.raw(), self.ask.raw())))
    }
}

/// Who took the other's offer in a trade.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aggressor {
    /// The feed does not say; the engine judges by the quote rule, then the tick rule.
    Unknown,
    /// A buyer lifted an offer.
    Buyer,
    /// A seller hit a bid.
    Seller,
}

/// What a trade's sale conditions allow it to do. A plain trade may do everything.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradeConditions {
    /// A regular trade: sets the last price, fills resting orders and elects stops.
    Regular,
    /// The print of the opening auction, which is a regular trade too.
    OpeningAuction,
    /// The print of the closing auction, which is a regular trade too.
    ClosingAuction,
    /// An odd lot, a derivatively priced or late print and the like: it shows, but neither
    /// elects a stop nor sets the last price.
    Ineligible,
}

/// One print.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Price of the print.
    pub price: Price,
    /// Size of the print, in shares.
    pub size: Qty,
    /// Who took, where the feed says.
    pub aggressor: Aggressor,
    /// What the print may do.
    pub conditions: TradeConditions,
}

/// What a tick says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickBody {
    /// The best bid and ask changed.
    Quote(Quote),
    /// Something traded.
    Trade(Trade),
}

/// One quote or trade of one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// When the exchange says it happened.
    pub time: Time,
    /// What happened.
    pub body: TickBody,
}

/// A tick with the place and the engine time that the sequencer gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// Its place among all ticks since the process started.
    pub seq: TickSeq,
    /// Engine time: never goes back.
    pub now: Time,
    /// The tick.
    pub tick: Tick,
}

/// Everything that can reach a shard, in the one order in which it does.
#[derive(Clone, Debug)]
pub enum Input {
    /// A request, at this engine time.
    Request(Time, Request<Command>),
    /// Market data.
    Tick(Stamped),
    /// Time passed without data: timers up to it run.
    Time(Time),
    /// The feed was interrupted: what is known of every market may be old.
    FeedLost(Time),
}
