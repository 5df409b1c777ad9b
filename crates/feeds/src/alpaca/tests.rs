//! The codecs against the documented messages, against each other, and against independent ones.

use super::*;
use crate::sim::{Tape, TapeConfig};
use model::{Price, Symbol};
use proptest::prelude::*;
use serde::Serialize;
use std::path::PathBuf;

const QUOTES_AND_TRADE: &str = r#"[{"T":"q","S":"AMD","bx":"U","bp":87.66,"bs":1,"ax":"X","ap":87.67,"as":4,"t":"2021-02-22T15:51:45.3355677Z","c":["R"],"z":"C"},{"T":"t","i":96921,"S":"AAPL","x":"D","p":126.55,"s":1,"t":"2021-02-22T15:51:44.208Z","c":["@","I"],"z":"C"}]"#;

fn price(text: &str) -> Price {
    text.parse().expect("a price of the test")
}

fn quote<'a>(symbol: &'a str, sides: [&str; 4], nanos: i64) -> Message<'a> {
    let [bid, bid_size, ask, ask_size] = sides;
    let size = |text: &str| text.parse().expect("a size of the test");
    let quote = Quote { bid: price(bid), bid_size: size(bid_size), ask: price(ask), ask_size: size(ask_size) };
    Message::Quote { symbol, time: Time::from_nanos(nanos), quote }
}

fn trade(symbol: &str, at: &str, size: &str, conditions: TradeConditions, nanos: i64) -> Message<'static> {
    let size = size.parse().expect("a size of the test");
    let trade = Trade { price: price(at), size, aggressor: Aggressor::Unknown, conditions };
    Message::Trade { symbol: String::leak(symbol.to_owned()), time: Time::from_nanos(nanos), trade }
}

/// Messages that outlive the frame: as text, since they borrow.
fn texts(decode: impl FnOnce(&mut dyn FnMut(Message<'_>)) -> Result<(), FrameError>) -> Vec<String> {
    let mut messages = Vec::new();
    decode(&mut |message| messages.push(format!("{message:?}"))).expect("a good frame");
    messages
}

fn by_json(frame: &str, sizes: QuoteSizes) -> Vec<String> {
    let fast = texts(|take| json::decode(frame.as_bytes(), sizes, &mut |message| take(message)));
    let slow = texts(|take| json::decode_by_serde(frame.as_bytes(), sizes, &mut |message| take(message)));
    assert_eq!(fast, slow, "{frame}");
    fast
}

fn check(frame: &str, expected: &[Message<'_>]) {
    let expected: Vec<String> = expected.iter().map(|message| format!("{message:?}")).collect();
    assert_eq!(by_json(frame, QuoteSizes::Shares), expected, "{frame}");
}

#[test]
fn documented_messages_are_read_as_documented() {
    check(
        QUOTES_AND_TRADE,
        &[
            quote("AMD", ["87.66", "1", "87.67", "4"], 1_614_009_105_335_567_700),
            trade("AAPL", "126.55", "1", TradeConditions::Ineligible, 1_614_009_104_208_000_000),
        ],
    );
    check(r#"[{"T":"success","msg":"connected"}]"#, &[Message::Connected]);
    check(r#"[{"T":"success","msg":"authenticated"}]"#, &[Message::Authenticated]);
    check(
        r#"[{"T":"subscription","trades":["AAPL"],"quotes":["AMD","CLDR"],"bars":["*"]}]"#,
        &[Message::Subscription { trades: 1, quotes: 2 }],
    );
    check(
        r#"[{"T":"error","code":402,"msg":"auth failed"}]"#,
        &[Message::Error { code: 402, text: "auth failed" }],
    );
    check(
        r#"[{"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"T12","rm":"","t":"2021-02-22T19:15:00Z","z":"C"}]"#,
        &[Message::Status { symbol: "AAPL", code: "H" }],
    );
    let bar = Bar {
        open_time: Time::from_seconds(1_614_021_300),
        open: price("388.985"),
        high: price("389.13"),
        low: price("388.975"),
        close: price("389.12"),
        volume: Qty::whole(49_378),
    };
    check(
        r#"[{"T":"b","S":"SPY","o":388.985,"h":389.13,"l":388.975,"c":389.12,"v":49378,"t":"2021-02-22T19:15:00Z"}]"#,
        &[Message::Bar { symbol: "SPY", kind: BarKind::Minute, bar }],
    );
    check(
        r#"[{"T":"n","id":1,"headline":"\u00e9"},{"T":"new","S":{}},{}]"#,
        &[Message::Other, Message::Malformed, Message::Malformed],
    );
    check("[]", &[]);
}

#[test]
fn odd_spellings_mean_the_same() {
    let plain = by_json(QUOTES_AND_TRADE, QuoteSizes::Shares);
    let spaced = QUOTES_AND_TRADE.replace(',', " ,\n ").replace(':', " : ").replace("15 : 51 : 4", "15:51:4");
    assert_eq!(by_json(&spaced, QuoteSizes::Shares), plain);
    let escaped =
        QUOTES_AND_TRADE.replace("AMD", "\\u0041MD").replace("87.66", "8766e-2").replace("126.55", "\"126.55\"");
    assert_eq!(by_json(&escaped, QuoteSizes::Shares), plain);
    let reordered = r#"[{"z":"C","t":"2021-02-22T15:51:44.208Z","c":["I"],"s":1,"p":126.550,"x":"D","S":"AAPL","i":1,"T":"t"}]"#;
    assert_eq!(by_json(reordered, QuoteSizes::Shares)[0], plain[1]);
}

#[test]
fn sizes_are_shares_unless_lots_are_configured_and_pairs_never_are() {
    let frame = QUOTES_AND_TRADE.replace("AAPL", "BTC/USD");
    let lots = by_json(&frame, QuoteSizes::RoundLots);
    assert_eq!(
        lots[0],
        format!("{:?}", quote("AMD", ["87.66", "100", "87.67", "400"], 1_614_009_105_335_567_700))
    );
    let pair = QUOTES_AND_TRADE.replace("AMD", "BTC/USD");
    assert_eq!(by_json(&pair, QuoteSizes::RoundLots), by_json(&pair, QuoteSizes::Shares));
}

#[test]
fn a_missing_side_has_neither_price_nor_size() {
    let frame = r#"[{"T":"q","S":"A","bp":0,"bs":7,"ap":1.5,"as":2,"t":"1970-01-01T00:00:01Z"}]"#;
    check(frame, &[quote("A", ["0", "0", "1.5", "2"], 1_000_000_000)]);
}

#[test]
fn sale_conditions_and_taker_sides_are_understood() {
    let decode = |tail: &str| {
        let frame = format!(r#"[{{"T":"t","S":"A","p":1,"s":1,"t":"1970-01-01T00:00:01Z"{tail}}}]"#);
        by_json(&frame, QuoteSizes::Shares).remove(0)
    };
    for code in ["B", "W", "4", "7", "9", "C", "G", "H", "I", "M", "N", "P", "Q", "R", "T", "U", "V", "Z"] {
        assert!(decode(&format!(r#","c":["@","{code}"]"#)).contains("Ineligible"), "{code}");
    }
    for code in ["", "@", " ", "A", "D", "E", "F", "K", "L", "S", "X", "Y", "1", "5", "8"] {
        assert!(decode(&format!(r#","c":["{code}"]"#)).contains("Regular"), "{code}");
    }
    assert!(decode(r#","c":["@","O"]"#).contains("OpeningAuction"));
    assert!(decode(r#","c":["6"]"#).contains("ClosingAuction"));
    assert!(decode(r#","c":["O","I"]"#).contains("Ineligible"));
    assert!(decode(r#","c":[]"#).contains("Regular"));
    assert!(decode(r#","c":null"#).contains("Regular"));
    assert_eq!(decode(r#","c":7"#), "Malformed");
    assert!(decode(r#","tks":"B""#).contains("Buyer"));
    assert!(decode(r#","tks":"S""#).contains("Seller"));
    assert!(decode(r#","tks":"""#).contains("Unknown"));
}

#[test]
fn what_cannot_be_read_is_malformed_and_what_is_no_array_is_refused() {
    let cases = [
        r#"[{"T":"t","S":"A","s":1,"t":"1970-01-01T00:00:01Z"}]"#,
        r#"[{"T":"t","S":"A","p":1,"s":1,"t":null}]"#,
        r#"[{"T":"t","S":"A","p":"x","s":1,"t":"1970-01-01T00:00:01Z"}]"#,
        r#"[{"T":"t","S":"A","p":1,"p":2,"s":1,"t":"1970-01-01T00:00:01Z"}]"#,
        r#"[{"T":"t","S":5,"p":1,"s":1,"t":"1970-01-01T00:00:01Z"}]"#,
        r#"[{"T":"q","S":"A","bp":1,"bs":1,"ap":1,"t":"1970-01-01T00:00:01Z"}]"#,
        r#"[{"T":"b","S":"A","o":1,"h":1,"l":1,"t":"1970-01-01T00:00:01Z"}]"#,
        r#"[7]"#,
        r#"[null]"#,
    ];
    for case in cases {
        check(case, &[Message::Malformed]);
    }
    for case in ["", "{}", "[", "[{}", "[{\"T\":\"q\"", "nonsense", "[{}]x", "[{},]"] {
        assert!(json::decode(case.as_bytes(), QuoteSizes::Shares, &mut |_| {}).is_err(), "{case}");
    }
    for case in
        [&b""[..], b"\x80", b"\x91", b"\x91\x01", b"\xdd\xff\xff\xff\xff", b"\x91\x80x", b"\x91\x81\xa1T\xc1"]
    {
        assert!(msgpack::decode(case, QuoteSizes::Shares, &mut |_| {}).is_err(), "{case:?}");
    }
}

/// Every line of the collected sample; those without a time cannot be ticks.
#[test]
fn the_recorded_sample_is_read() {
    let data = std::env::var_os("PAPERTAPE_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let Ok(sample) = std::fs::read_to_string(data.join("07_ws/alpaca_v2_market_data_sample.jsonl")) else {
        println!("skipped: no sample data at {}", data.display());
        return;
    };
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for line in sample.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        if record["dir"] != "in" {
            continue;
        }
        for message in by_json(record["raw"].as_str().expect("a frame"), QuoteSizes::Shares) {
            let name = message.split([' ', '{']).next().unwrap_or_default().to_owned();
            *counts.entry(name).or_default() += 1;
        }
    }
    println!("{counts:?}");
    for (name, at_least) in
        [("Quote", 3), ("Trade", 1), ("Bar", 2), ("Status", 2), ("Error", 11), ("Subscription", 2)]
    {
        assert!(counts.get(name).is_some_and(|count| *count >= at_least), "{name}: {counts:?}");
    }
    assert!(counts.get("Malformed").is_none_or(|count| *count <= 6), "only times of null: {counts:?}");
}

/// A trade as an independent encoder writes it, with the three forms of the timestamp extension.
#[derive(Serialize)]
struct PackedTrade<'a> {
    #[serde(rename = "T")]
    kind: &'a str,
    #[serde(rename = "S")]
    symbol: &'a str,
    p: f64,
    s: i32,
    c: Vec<&'a str>,
    t: Timestamp,
    nested: Vec<Vec<u8>>,
}

#[derive(Serialize)]
#[serde(rename = "_ExtStruct")]
struct Timestamp((i8, serde_bytes_like::Bytes));

/// The extension's bytes, serialised as bytes.
mod serde_bytes_like {
    pub(super) struct Bytes(pub(super) Vec<u8>);

    impl serde::Serialize for Bytes {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }
}

#[test]
fn message_pack_of_another_encoder_is_read() {
    let (seconds, nanos) = (1_614_009_104_u64, 208_000_001_u64);
    let mut long = u32::try_from(nanos).expect("below a second").to_be_bytes().to_vec();
    long.extend_from_slice(&seconds.to_be_bytes());
    let short = u32::try_from(seconds).expect("before 2106").to_be_bytes().to_vec();
    for (bytes, nanos) in [(short, 0), (((nanos << 34) | seconds).to_be_bytes().to_vec(), nanos), (long, nanos)] {
        let t = Timestamp((-1, serde_bytes_like::Bytes(bytes)));
        let packed = PackedTrade {
            kind: "t",
            symbol: "AAPL",
            p: 126.55,
            s: 1,
            c: vec!["@"],
            t,
            nested: vec![vec![1], vec![]],
        };
        let frame = rmp_serde::to_vec_named(&[packed]).expect("a frame");
        let read = texts(|take| msgpack::decode(&frame, QuoteSizes::Shares, &mut |message| take(message)));
        let at = i64::try_from(seconds * 1_000_000_000 + nanos).expect("a time");
        assert_eq!(read, [format!("{:?}", trade("AAPL", "126.55", "1", TradeConditions::Regular, at))]);
    }
}

fn owned(symbol: &str, message: &Message<'_>) -> Option<SymbolTick> {
    let symbol = Symbol::parse(symbol).ok()?;
    match *message {
        Message::Quote { time, quote, .. } => Some(SymbolTick { symbol, time, body: TickBody::Quote(quote) }),
        Message::Trade { time, trade, .. } => Some(SymbolTick { symbol, time, body: TickBody::Trade(trade) }),
        _ => None,
    }
}

fn collect(into: &mut Vec<SymbolTick>) -> impl FnMut(Message<'_>) + '_ {
    |message| {
        let symbol = match message {
            Message::Quote { symbol, .. } | Message::Trade { symbol, .. } => symbol,
            ref other => panic!("{other:?} is no tick"),
        };
        into.push(owned(symbol, &message).expect("a tick with a ticker"));
    }
}

/// All three forms of some ticks, read back.
fn round_trips(ticks: &[SymbolTick]) -> [Vec<SymbolTick>; 4] {
    let mut read = [const { Vec::new() }; 4];
    let mut frame = Vec::new();
    encode::json(ticks, &mut frame);
    json::decode(&frame, QuoteSizes::Shares, &mut collect(&mut read[0])).expect("our JSON");
    json::decode_by_serde(&frame, QuoteSizes::Shares, &mut collect(&mut read[1])).expect("our JSON");
    let value: serde_json::Value = serde_json::from_slice(&frame).expect("JSON that others read");
    assert_eq!(value.as_array().map(Vec::len), Some(ticks.len()));
    frame.clear();
    msgpack::encode(ticks, &mut frame);
    msgpack::decode(&frame, QuoteSizes::Shares, &mut collect(&mut read[2])).expect("our MessagePack");
    let (mut encoder, mut decoder) = (binary::Encoder::new(), binary::Decoder::new());
    for half in ticks.chunks(ticks.len().div_ceil(2).max(1)) {
        let (mut names, mut frame) = (Vec::new(), Vec::new());
        encoder.symbols(half, &mut names);
        encoder.ticks(half, &mut frame);
        if !names.is_empty() {
            decoder.decode(&names, &mut |_| panic!("names are no ticks")).expect("our names");
        }
        decoder.decode(&frame, &mut collect(&mut read[3])).expect("our records");
    }
    read
}

#[test]
fn the_three_forms_of_one_tape_say_the_same() {
    let config = TapeConfig::builtin(&[], 11, Time::from_seconds(1_704_153_600));
    let ticks: Vec<SymbolTick> = Tape::new(&config).take(20_000).collect();
    for read in round_trips(&ticks) {
        assert_eq!(read.len(), ticks.len());
        assert!(read == ticks);
    }
}

#[test]
fn odd_names_and_values_are_left_to_serde() {
    let rest = r#""S":"AMD","bp":87.66,"bs":1,"ap":87.67,"as":4,"t":"2021-02-22T15:51:45.3355677Z"}]"#;
    let expected = [quote("AMD", ["87.66", "1", "87.67", "4"], 1_614_009_105_335_567_700)];
    for odd in [
        r#""\n":"x""#,
        r#""\"":"x""#,
        r#""\\":"x""#,
        r#""x\"":"x""#,
        r#""z":"\"""#,
        r#""x":"""#,
        r#""c":["\""]"#,
        r#""zz":[1]"#,
        r#""bpx":1"#,
    ] {
        check(&format!(r#"[{{"T":"q",{odd},{rest}"#), &expected);
    }
}

#[test]
fn binary_frames_are_taken_whole_or_not_at_all() {
    let config = TapeConfig::builtin(&[], 11, Time::from_seconds(1_704_153_600));
    let ticks: Vec<SymbolTick> = Tape::new(&config).take(3).collect();
    let (mut encoder, mut names, mut frame) = (binary::Encoder::new(), Vec::new(), Vec::new());
    encoder.symbols(&ticks, &mut names);
    encoder.ticks(&ticks, &mut frame);
    assert_eq!((names.len(), frame.len()), (16 + 3 * 20, 16 + 3 * 48));
    let mut decoder = binary::Decoder::new();
    for len in 0..names.len() {
        assert!(decoder.decode(&names[..len], &mut |_| {}).is_err(), "{len} bytes");
    }
    let unnamed = texts(|take| decoder.decode(&frame, &mut |message| take(message)));
    assert_eq!(unnamed, ["Malformed"; 3]);
    decoder.decode(&names, &mut |_| {}).expect("our names");
    assert!(decoder.decode(&names, &mut |_| {}).is_err(), "named again");
    frame[16 + 12] = 9;
    assert_eq!(texts(|take| decoder.decode(&frame, &mut |message| take(message)))[0], "Malformed");
}

fn any_tick() -> impl Strategy<Value = SymbolTick> {
    let amount = || 0..1_000_000_000_000_000_i64;
    let sides = (amount(), amount(), amount(), amount(), 0..3_usize, any::<bool>(), 0..4_usize);
    ("[A-Z0-9./_-]{1,15}", 0..8_000_000_000_000_000_000_i64, sides).prop_map(|(symbol, nanos, sides)| {
        let (bid, bid_size, ask, ask_size, aggressor, is_trade, conditions) = sides;
        let aggressor = [Aggressor::Unknown, Aggressor::Buyer, Aggressor::Seller][aggressor];
        let conditions = [
            TradeConditions::Regular,
            TradeConditions::OpeningAuction,
            TradeConditions::ClosingAuction,
            TradeConditions::Ineligible,
        ][conditions];
        let body = if is_trade {
            let (price, size) = (Price::from_raw(bid), Qty::from_raw(bid_size));
            TickBody::Trade(Trade { price, size, aggressor, conditions })
        } else {
            TickBody::Quote(QuoteSizes::Shares.quote("A", (bid, bid_size), (ask, ask_size)))
        };
        let symbol = Symbol::parse(&symbol).expect("the pattern of tickers");
        SymbolTick { symbol, time: Time::from_nanos(nanos), body }
    })
}

/// Objects of the shape of quotes and trades, with anything odd about them.
fn any_object() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "-?[0-9]{1,12}(\\.[0-9]{1,10})?([eE][+-]?[0-9]{1,2})?",
        "\"[ -~]{0,6}\"",
        Just("\"2021-02-22T15:51:44.208Z\"".to_owned()),
        Just("[\"@\",\"I\"]".to_owned()),
        Just("[]".to_owned()),
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("{\"a\":[1]}".to_owned()),
    ];
    let key = prop::sample::select(vec![
        "S", "t", "p", "s", "bp", "bs", "ap", "as", "c", "tks", "i", "x", "z", "code", "msg", "sc", "trades", "h",
    ]);
    let kind = prop::sample::select(vec!["q", "t", "q", "t", "b", "error", "zz"]);
    let base = prop::sample::select(vec![
        r#","S":"AB","bp":1.5,"bs":2,"ap":1.6,"as":3,"t":"2021-02-22T15:51:44.208Z""#,
        r#","S":"AB","p":1.5,"s":2,"t":"2021-02-22T15:51:44Z""#,
        "",
    ]);
    (kind, base, prop::collection::vec((key, value), 0..4)).prop_map(|(kind, base, fields)| {
        let fields: String = fields.iter().map(|(key, value)| format!(",\"{key}\":{value}")).collect();
        format!("{{\"T\":\"{kind}\"{base}{fields}}}")
    })
}

proptest! {
    #[test]
    fn every_form_gives_back_every_tick(ticks in prop::collection::vec(any_tick(), 0..20)) {
        for read in round_trips(&ticks) {
            prop_assert_eq!(&read, &ticks);
        }
    }

    #[test]
    fn the_splitter_and_serde_agree(objects in prop::collection::vec(any_object(), 1..6)) {
        let frame = format!("[{}]", objects.join(","));
        let read = |by_serde: bool| {
            let mut messages = Vec::new();
            let take = &mut |message: Message<'_>| messages.push(format!("{message:?}"));
            let end = if by_serde {
                json::decode_by_serde(frame.as_bytes(), QuoteSizes::Shares, take)
            } else {
                json::decode(frame.as_bytes(), QuoteSizes::Shares, take)
            };
            end.map(|()| messages)
        };
        let (fast, slow) = (read(false), read(true));
        // Of a frame that is no JSON, the splitter may have read a part.
        match slow {
            Ok(slow) => prop_assert_eq!(fast.expect("serde read it"), slow),
            Err(_) => prop_assert!(fast.is_err()),
        }
    }

    #[test]
    fn no_bytes_break_a_decoder(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = json::decode(&bytes, QuoteSizes::RoundLots, &mut |_| {});
        let _ = msgpack::decode(&bytes, QuoteSizes::RoundLots, &mut |_| {});
        let _ = binary::Decoder::new().decode(&bytes, &mut |_| {});
    }
}
