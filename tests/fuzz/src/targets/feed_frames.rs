//! Market data frames: JSON, MessagePack and our binary form, and the checks behind them.
//!
//! The first byte of a frame's input chooses the form. Rules: the fast JSON reader and serde agree; a
//! tick that is written again in any form reads the same; what passes the checks is within limits.

use crate::{Target, kind_of};
use feeds::alpaca::{Message, QuoteSizes, SymbolTick, binary, encode, json, msgpack};
use feeds::checks::{CheckConfig, Checks, Verdict};
use model::{
    Aggressor, InstrumentId, Price, Qty, Quote, Symbol, Tick, TickBody, Time, Trade, TradeConditions, limits,
};

const WORDS: &[&str] = &[
    "\"T\":\"q\"",
    "\"T\":\"t\"",
    "\"T\":\"b\"",
    "\"T\":\"s\"",
    "\"T\":\"success\"",
    "\"T\":\"error\"",
    "\"T\":\"subscription\"",
    "\"S\":\"AAPL\"",
    "\"S\":\"BTC/USD\"",
    "\"bp\":",
    "\"bs\":",
    "\"ap\":",
    "\"as\":",
    "\"p\":",
    "\"s\":",
    "\"t\":\"2026-11-20T14:30:00.000000001Z\"",
    "\"c\":[\"@\",\"I\"]",
    "\"c\":null",
    "\"tks\":\"B\"",
    "\"code\":406",
    "\"msg\":\"connected\"",
    "\"sc\":\"H\"",
    "\\u0041",
    "-05:00",
    "1e-9",
    ",",
    "{",
    "}",
    "[",
    "]",
    "PTMD",
    "\u{1}",
    "null",
    "true",
    "\"\"",
    "\"trades\":[\"*\"]",
];

/// Whole frames as a server might send them.
pub(super) const FRAMES: Target =
    Target { name: "feed_frames", run: frames, words: WORDS, executions: 60_000, bytes_max: 4_096 };

/// Ticks made of bytes, through all three forms and back.
pub(super) const TICKS: Target =
    Target { name: "feed_ticks", run: ticks, words: &[], executions: 30_000, bytes_max: 1_024 };

/// A message without borrowed parts.
fn owned(message: &Message<'_>) -> String {
    format!("{message:?}")
}

fn frames(input: &[u8]) -> u64 {
    let Some((form, frame)) = input.split_first() else { return 0 };
    let sizes = if form & 0x80 == 0 { QuoteSizes::Shares } else { QuoteSizes::RoundLots };
    let mut seen = Vec::new();
    let mut kept = Vec::new();
    let mut take = |message: Message<'_>| {
        seen.push(owned(&message));
        kept.extend(tick_of(&message));
    };
    let outcome = match form % 3 {
        0 => {
            let mut fast = Vec::new();
            let outcome = json::decode(frame, sizes, &mut |message| fast.push(owned(&message)));
            let slow = json::decode_by_serde(frame, sizes, &mut take);
            assert_eq!(outcome.is_ok(), slow.is_ok(), "one reader takes what the other refuses");
            if slow.is_ok() {
                assert_eq!(fast, seen, "the fast reader and serde tell the same");
            }
            slow
        }
        1 => msgpack::decode(frame, sizes, &mut take),
        _ => {
            // Two frames of one connection: names of symbols, then ticks that use them.
            let mut decoder = binary::Decoder::new();
            let middle = frame.len().min(usize::from(*form) & 0x3c).max(36).min(frame.len());
            let (names, records) = frame.split_at(middle);
            decoder.decode(names, &mut take).and_then(|()| decoder.decode(records, &mut take))
        }
    };
    assert!(seen.len() <= frame.len(), "more messages than bytes");
    check_limits(&kept);
    let writable: Vec<SymbolTick> = kept.into_iter().filter(is_writable).collect();
    assert_same(&written_as_json(&writable), &writable, "JSON");
    assert_same(&written_as_binary(&writable), &writable, "binary");
    let words = seen.iter().map(|message| message.split([' ', '{']).next().unwrap_or_default());
    kind_of(&format!("{form}{outcome:?}{:?}", words.take(4).collect::<Vec<_>>()))
}

fn ticks(input: &[u8]) -> u64 {
    let ticks: Vec<SymbolTick> = input.chunks_exact(34).map(invent).collect();
    assert_same(&written_as_json(&ticks), &ticks, "JSON");
    assert_same(&written_as_binary(&ticks), &ticks, "binary");
    let mut bytes = Vec::new();
    msgpack::encode(&ticks, &mut bytes);
    let mut read = Vec::new();
    msgpack::decode(&bytes, QuoteSizes::Shares, &mut |message| read.extend(tick_of(&message)))
        .expect("what was written is read");
    assert_eq!(read.len(), ticks.len(), "MessagePack keeps every tick");
    for (read, written) in read.iter().zip(&ticks) {
        assert_eq!((read.symbol, read.time), (written.symbol, written.time));
        assert_close(read, written);
    }
    check_limits(&ticks);
    ticks
        .iter()
        .fold(ticks.len() as u64, |kind, tick| kind * 3 + u64::from(matches!(tick.body, TickBody::Quote(_))))
}

/// A tick with the numbers that a feed may name: prices and sizes up to twice their limits.
fn invent(bytes: &[u8]) -> SymbolTick {
    const SYMBOLS: [&str; 4] = ["AAPL", "BRK.B", "BTC/USD", "ABCDEFGHIJKLMNO"];
    let number = |at: usize, max: i64| {
        let bytes: [u8; 8] = std::array::from_fn(|index| if index < 7 { bytes[at + index] } else { 0 });
        i64::from_le_bytes(bytes) % (2 * max)
    };
    let (price_max, qty_max) = (limits::PRICE_MAX.raw(), limits::QTY_MAX.raw());
    let (first, second) = (number(6, price_max), number(13, qty_max));
    let (third, fourth) = (number(20, price_max), number(27, qty_max));
    // A side without a price has no size on the wire either.
    let side =
        |price: i64, size: i64| (Price::from_raw(price), if price == 0 { Qty::ZERO } else { Qty::from_raw(size) });
    let body = if bytes[0] & 1 == 0 {
        let ((bid, bid_size), (ask, ask_size)) = (side(first, second), side(third, fourth));
        TickBody::Quote(Quote { bid, bid_size, ask, ask_size })
    } else {
        let aggressor = [Aggressor::Unknown, Aggressor::Buyer, Aggressor::Seller][usize::from(bytes[1] % 3)];
        let conditions = [TradeConditions::Regular, TradeConditions::Ineligible][usize::from(bytes[2] % 2)];
        TickBody::Trade(Trade {
            price: Price::from_raw(first),
            size: Qty::from_raw(second),
            aggressor,
            conditions,
        })
    };
    let symbol = Symbol::parse(SYMBOLS[usize::from(bytes[3] % 4)]).expect("a ticker");
    let seconds = i64::from(u16::from_le_bytes([bytes[4], bytes[5]])) * 70_000;
    SymbolTick { symbol, time: Time::from_nanos(seconds * 1_000_000_000 + third % 1_000_000_000), body }
}

fn tick_of(message: &Message<'_>) -> Option<SymbolTick> {
    let (symbol, time, body) = match message {
        Message::Quote { symbol, time, quote } => (symbol, time, TickBody::Quote(*quote)),
        Message::Trade { symbol, time, trade } => (symbol, time, TickBody::Trade(*trade)),
        Message::Bar { .. }
        | Message::Status { .. }
        | Message::Connected
        | Message::Authenticated
        | Message::Subscription { .. }
        | Message::Error { .. }
        | Message::Other
        | Message::Malformed => return None,
    };
    Some(SymbolTick { symbol: Symbol::parse(symbol).ok()?, time: *time, body })
}

/// Whether a JSON or binary writer can tell this tick without loss: times from 1970 to 2261, and a side
/// without a price without a size.
fn is_writable(tick: &SymbolTick) -> bool {
    let numbers = match tick.body {
        TickBody::Quote(quote) => {
            let sides = [(quote.bid, quote.bid_size), (quote.ask, quote.ask_size)];
            if sides.iter().any(|(price, size)| price.is_zero() && !size.is_zero()) {
                return false;
            }
            [quote.bid.raw(), quote.bid_size.raw(), quote.ask.raw(), quote.ask_size.raw()]
        }
        TickBody::Trade(trade) => [trade.price.raw(), trade.size.raw(), 0, 0],
    };
    let end = Time::from_seconds(9_214_646_400);
    tick.time >= Time::EARLIEST && tick.time < end && numbers.iter().all(|raw| *raw != i64::MIN)
}

fn written_as_json(ticks: &[SymbolTick]) -> Vec<SymbolTick> {
    let mut bytes = Vec::new();
    encode::json(ticks, &mut bytes);
    let mut read = Vec::new();
    let outcome = json::decode(&bytes, QuoteSizes::Shares, &mut |message| read.extend(tick_of(&message)));
    assert_eq!(outcome, Ok(()), "what was written is a frame");
    read
}

fn written_as_binary(ticks: &[SymbolTick]) -> Vec<SymbolTick> {
    let (mut encoder, mut decoder) = (binary::Encoder::new(), binary::Decoder::new());
    let (mut names, mut records) = (Vec::new(), Vec::new());
    encoder.symbols(ticks, &mut names);
    encoder.ticks(ticks, &mut records);
    let mut read = Vec::new();
    let mut take = |message: Message<'_>| read.extend(tick_of(&message));
    if !names.is_empty() {
        assert_eq!(decoder.decode(&names, &mut take), Ok(()), "names are a frame");
    }
    assert_eq!(decoder.decode(&records, &mut take), Ok(()), "ticks are a frame");
    read
}

fn assert_same(read: &[SymbolTick], written: &[SymbolTick], form: &str) {
    assert_eq!(read, written, "{form}: what is read is what was written");
}

/// MessagePack carries floats: exact to fifteen digits, which is every price and every size below ten
/// million with all its digits.
fn assert_close(read: &SymbolTick, written: &SymbolTick) {
    const EXACT_BELOW: i64 = 1_000_000_000_000_000;
    let numbers = |tick: &SymbolTick| match tick.body {
        TickBody::Quote(quote) => {
            vec![quote.bid.raw(), quote.bid_size.raw(), quote.ask.raw(), quote.ask_size.raw()]
        }
        TickBody::Trade(trade) => vec![
            trade.price.raw(),
            trade.size.raw(),
            i64::from(trade.aggressor == Aggressor::Buyer),
            i64::from(trade.conditions == TradeConditions::Regular),
        ],
    };
    for (read, written) in numbers(read).into_iter().zip(numbers(written)) {
        let allowed = if written < EXACT_BELOW { 0 } else { written / EXACT_BELOW };
        assert!(read.abs_diff(written) <= allowed.unsigned_abs(), "{written} was read as {read}");
    }
}

/// What the checks let through is what the model may hold.
fn check_limits(ticks: &[SymbolTick]) {
    let mut checks = Checks::new(CheckConfig::default());
    for tick in ticks {
        let tick = Tick { instrument: InstrumentId::new(1), time: tick.time, body: tick.body };
        let passed = match checks.check(&tick) {
            Verdict::Pass | Verdict::Marked(_) => true,
            Verdict::Dropped(_) => false,
        };
        if !passed {
            continue;
        }
        let (prices, sizes) = match tick.body {
            TickBody::Quote(quote) => ([quote.bid, quote.ask], [quote.bid_size, quote.ask_size]),
            TickBody::Trade(trade) => {
                assert!(trade.price.is_positive() && trade.size.is_positive(), "a trade of nothing passed");
                ([trade.price; 2], [trade.size; 2])
            }
        };
        assert!(prices.iter().all(|price| (Price::ZERO..=limits::PRICE_MAX).contains(price)), "{tick:?}");
        assert!(prices.iter().any(|price| price.is_positive()), "{tick:?}");
        assert!(sizes.iter().all(|size| (Qty::ZERO..=limits::QTY_MAX).contains(size)), "{tick:?}");
    }
}
