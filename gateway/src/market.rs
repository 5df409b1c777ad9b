//! Quotes and history for clients, and the list of symbols that the feed is asked for.
//!
//! A quote is encoded once for each version and shared by all who read it. Owns no price: everything
//! is read from the runtime's board.

use crate::config::FeedKind;
use crate::dto::QuoteReply;
use crate::ws::{Channel, QuoteMessage};
use bytes::Bytes;
use dashmap::DashMap;
use feeds::Subscriptions;
use feeds::bars::{Bar, BarInterval};
use model::{Instrument, InstrumentId, NetQty, Price, Time};
use runtime::{Handle, QuoteView};

/// An encoded quote and the version it is of.
#[derive(Clone)]
pub(crate) struct EncodedQuote {
    pub(crate) version: (u64, bool),
    pub(crate) bytes: Bytes,
}

/// What is known of the market besides the runtime's board.
pub(crate) struct Market {
    pub(crate) subscriptions: Subscriptions,
    feed: FeedKind,
    encoded: DashMap<InstrumentId, EncodedQuote>,
}

impl Market {
    /// With the wish list that the feed follows.
    pub(crate) fn new(subscriptions: Subscriptions, feed: FeedKind) -> Self {
        Self { subscriptions, feed, encoded: DashMap::new() }
    }

    /// The stream message of an instrument's quote; `None` before its first tick.
    pub(crate) fn quote_message(&self, handle: &Handle, instrument: &Instrument) -> Option<EncodedQuote> {
        let view = handle.quote(instrument.id)?;
        let version = (view.version, view.stale);
        if let Some(known) = self.encoded.get(&instrument.id).filter(|known| known.version == version) {
            return Some(known.clone());
        }
        let quote = QuoteReply::of(instrument.symbol, Some(&view));
        let message = QuoteMessage { channel: Channel::Quotes, data: quote };
        let text = serde_json::to_string(&message).expect("plain data always serialises into memory");
        let encoded = EncodedQuote { version, bytes: Bytes::from(text) };
        self.encoded.insert(instrument.id, encoded.clone());
        Some(encoded)
    }

    /// Bars of an instrument, oldest first: those built from ticks, and before them the simulated
    /// exchange's past where that is the feed.
    pub(crate) fn bars(
        &self,
        handle: &Handle,
        instrument: &Instrument,
        interval: BarInterval,
        from: Time,
    ) -> Vec<Bar> {
        let now = handle.engine_time();
        let span = now.nanos_since(from).max(0);
        let count = usize::try_from(span / interval.nanos() + 2).unwrap_or(BARS_MAX).min(BARS_MAX);
        let mut live = handle.bars(instrument.id, interval, count);
        live.retain(|bar| bar.open_time >= interval.start(from));
        let mut bars = match self.feed {
            FeedKind::Alpaca | FeedKind::Replay => Vec::new(),
            FeedKind::Sim => {
                let until = live.first().map_or(now, |bar| bar.open_time);
                feeds::sim::history(instrument.symbol, interval, from, until)
            }
        };
        bars.append(&mut live);
        if bars.len() > BARS_MAX {
            bars.drain(..bars.len() - BARS_MAX);
        }
        bars
    }
}

/// Most bars of one reply (guess: three times a wide screen).
pub(crate) const BARS_MAX: usize = 10_000;

/// What a holding is valued at: the last price, else the middle of a sound quote, else either side.
pub(crate) fn mark(quote: Option<&QuoteView>, qty: NetQty) -> Option<Price> {
    let quote = quote?;
    let sides = [quote.bid, quote.ask];
    if quote.last.is_positive() {
        return Some(quote.last);
    }
    if sides.iter().all(|price| price.is_positive()) {
        return Some(Price::from_raw((quote.bid.raw() + quote.ask.raw()) / 2));
    }
    // One side is left: the one that a holder would have to look at comes first.
    let [bid, ask] = sides;
    let ordered = if qty.is_positive() { [bid, ask] } else { [ask, bid] };
    ordered.into_iter().find(|price| price.is_positive())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Qty;

    fn check(bid: i64, ask: i64, last: i64, expected: Option<&str>) {
        let view = QuoteView {
            instrument: InstrumentId::new(1),
            bid: Price::whole(bid),
            bid_size: Qty::whole(1),
            ask: Price::whole(ask),
            ask_size: Qty::whole(1),
            last: Price::whole(last),
            last_size: Qty::whole(1),
            time: Time::EARLIEST,
            received: Time::EARLIEST,
            stale: false,
            version: 1,
        };
        let marked = mark(Some(&view), NetQty::whole(1)).map(|price| price.to_string());
        assert_eq!(marked.as_deref(), expected);
    }

    #[test]
    fn a_holding_is_valued_at_the_best_price_that_is_known() {
        check(10, 11, 12, Some("12"));
        check(10, 11, 0, Some("10.5"));
        check(10, 0, 0, Some("10"));
        check(0, 11, 0, Some("11"));
        check(0, 0, 0, None);
        assert_eq!(mark(None, NetQty::whole(1)), None);
    }
}
