//! Quotes and history for clients, and the list of symbols that the feed is asked for.
//!
//! A quote is encoded once for each version and shared by all who read it. Owns no price: everything
//! is read from the runtime's board.

use crate::dto::QuoteReply;
use crate::ws::{Channel, QuoteMessage};
use bytes::Bytes;
use dashmap::DashMap;
use feeds::Subscriptions;
use feeds::bars::{Bar, BarInterval, aggregate};
use feeds::sim::History;
use model::{Instrument, InstrumentId, NetQty, Price, Symbol, Time};
use runtime::{Handle, QuoteView};
use std::collections::BTreeMap;
use std::ops::Range;

/// An encoded quote and the version it is of.
#[derive(Clone)]
pub(crate) struct EncodedQuote {
    pub(crate) version: (u64, bool),
    pub(crate) bytes: Bytes,
}

/// What is known of the market besides the runtime's board.
pub(crate) struct Market {
    pub(crate) subscriptions: Subscriptions,
    past: Option<History>,
    encoded: DashMap<InstrumentId, EncodedQuote>,
}

impl Market {
    /// With the wish list that the feed follows, and the past where the market is the simulated one.
    pub(crate) fn new(subscriptions: Subscriptions, past: Option<History>) -> Self {
        Self { subscriptions, past, encoded: DashMap::new() }
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

    /// Bars of an instrument, oldest first: those built from ticks, and where the market is simulated
    /// what its past says of the times without such bars.
    pub(crate) fn bars(
        &self,
        handle: &Handle,
        instrument: &Instrument,
        interval: BarInterval,
        from: Time,
    ) -> Vec<Bar> {
        if let Some(past) = self.past {
            let minutes = handle.bars(instrument.id, BarInterval::OneMinute, BARS_MAX);
            let within = from..handle.engine_time();
            return joined_bars(past, &minutes, instrument.symbol, interval, within);
        }
        let mut bars = handle.bars(instrument.id, interval, BARS_MAX);
        bars.retain(|bar| bar.open_time >= interval.start(from));
        bars
    }
}

/// Bars of the past, with the minutes that were built from ticks in their places.
///
/// Longer bars are made from minutes wherever there is one from ticks in them, so that every
/// interval tells the same. The oldest minute from ticks may have begun before the first tick: of
/// that one the past knows more.
fn joined_bars(
    past: History,
    minutes: &[Bar],
    symbol: Symbol,
    interval: BarInterval,
    within: Range<Time>,
) -> Vec<Bar> {
    let begin = interval.start(within.start);
    let mut whole = minutes.iter().skip(1).filter(|minute| minute.open_time >= begin).peekable();
    let Some(first) = whole.peek() else { return past.bars(symbol, interval, within, BARS_MAX) };
    let seam = interval.start(first.open_time);
    let recent = past.bars(symbol, BarInterval::OneMinute, seam..within.end, usize::MAX);
    let mut recent: BTreeMap<Time, Bar> = recent.into_iter().map(|bar| (bar.open_time, bar)).collect();
    recent.extend(whole.map(|bar| (bar.open_time, *bar)));
    let recent: Vec<Bar> = recent.into_values().collect();
    let recent = aggregate(&recent, interval);
    let mut bars = past.bars(symbol, interval, begin..seam, BARS_MAX.saturating_sub(recent.len()));
    bars.extend(recent);
    bars
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
    use feeds::sim::Sessions;
    use model::Qty;

    const MINUTE: i64 = 60_000_000_000;
    /// 2024-01-10T14:37:20Z.
    const NOW: Time = Time::from_seconds(1_704_897_440);

    fn from_ticks(minute: i64, price: i64) -> Bar {
        let open_time = BarInterval::OneMinute.start(NOW.plus_nanos(minute * MINUTE));
        Bar::of_trade(open_time, Price::whole(price), Qty::whole(7))
    }

    #[test]
    fn bars_from_ticks_and_from_the_past_neither_gap_nor_double() {
        let apple = Symbol::parse("AAPL").expect("a ticker");
        let past = History { seed: 1, sessions: Sessions::AlwaysOpen };
        let within = BarInterval::OneDay.start(NOW)..NOW;
        // Ticks since twelve minutes ago, none three minutes ago; the first minute was not seen whole.
        let ago = [-12, -11, -10, -9, -8, -7, -6, -5, -4, -2, -1, 0];
        let live: Vec<Bar> = ago.iter().map(|minute| from_ticks(*minute, 1_000 + minute)).collect();
        let minutes = joined_bars(past, &live, apple, BarInterval::OneMinute, within.clone());
        let of_past = past.bars(apple, BarInterval::OneMinute, within.clone(), usize::MAX);
        assert_eq!(minutes.len(), 14 * 60 + 38);
        for (index, (minute, of_past)) in minutes.iter().zip(&of_past).enumerate() {
            assert_eq!(minute.open_time, of_past.open_time);
            let ago = i64::try_from(index).expect("few") - (14 * 60 + 37);
            let expected = if ago > -12 && ago != -3 { from_ticks(ago, 1_000 + ago) } else { *of_past };
            assert_eq!(*minute, expected, "{ago}");
        }
        for interval in BarInterval::ALL {
            let bars = joined_bars(past, &live, apple, interval, within.clone());
            assert_eq!(bars, aggregate(&minutes, interval), "{}", interval.name());
        }
    }

    #[test]
    fn without_a_whole_minute_of_ticks_the_past_speaks_alone() {
        let apple = Symbol::parse("AAPL").expect("a ticker");
        let past = History { seed: 1, sessions: Sessions::AlwaysOpen };
        let within = NOW.plus_nanos(-90 * MINUTE)..NOW;
        for live in [vec![], vec![from_ticks(0, 1_000)]] {
            let bars = joined_bars(past, &live, apple, BarInterval::FiveMinutes, within.clone());
            assert_eq!(bars, past.bars(apple, BarInterval::FiveMinutes, within.clone(), usize::MAX));
        }
    }

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
