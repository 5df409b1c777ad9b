//! Our market data server's side of the protocol: a client's bytes after a good handshake.
//!
//! The first byte chooses the form and whether credentials came with the handshake; the lines after it
//! are frames, see [`crate::wire`]. Rules: the conversation ends once the client is gone; what the
//! server says is well-formed; a tick is sent only while it is subscribed to.

use crate::wire::{self, ServerFrame};
use crate::{Target, kind_of};
use feeds::alpaca::{
    CONTENT_TYPE_MSGPACK, CloseAtEnd, IteratorSource, Message, QuoteSizes, ServerConfig, SymbolTick, binary, json,
    msgpack, serve_one,
};
use model::{Aggressor, Price, Qty, Quote, Symbol, TickBody, Time, Trade, TradeConditions};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const WORDS: &[&str] = &[
    r#"{"action":"auth","key":"k","secret":"s"}"#,
    r#"{"action":"subscribe","trades":["AAPL"],"quotes":["*"]}"#,
    r#"{"action":"unsubscribe","quotes":["AAPL"]}"#,
    "\nT",
    "\nB",
    "\nP",
    "\nC",
    "\nF",
    "\nR",
    "[\"*\"]",
    "\"bars\":",
    "\"quotes\":",
    "\"trades\":",
    "null",
    "\\u0000",
];

pub(super) const TARGET: Target =
    Target { name: "feed_server", run, words: WORDS, executions: 3_000, bytes_max: 4_096 };

fn run(input: &[u8]) -> u64 {
    let Some((form, lines)) = input.split_first() else { return 0 };
    let binary = form & 1 == 1;
    let packed = !binary && form & 2 == 2;
    let mut headers = String::new();
    if packed {
        headers.push_str(&format!("Content-Type: {CONTENT_TYPE_MSGPACK}\r\n"));
    }
    if form & 4 == 4 {
        headers.push_str("APCA-API-KEY-ID: k\r\nAPCA-API-SECRET-KEY: s\r\n");
    }
    let path = if binary { "/v2/binary" } else { "/v2/iex" };
    let mut bytes = Vec::new();
    wire::client_bytes(lines, &mut bytes);
    let heard = converse(wire::opening(path, &headers).as_bytes(), &bytes);
    let (status, _, rest) = wire::answer(&heard).expect("a good handshake is answered");
    assert_eq!(status, 101, "a good handshake is taken");
    let frames = wire::server_frames(rest);
    judge(&frames, packed)
}

/// Opens, sends everything once that is answered, ends the sending side, and hears the server to its end.
fn converse(opening: &[u8], bytes: &[u8]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let (client, server) = tokio::io::duplex(1 << 16);
        let config = ServerConfig { close_at_end: CloseAtEnd::No, ..ServerConfig::with_secret("s") };
        let (mut reader, mut writer) = tokio::io::split(client);
        let serve = async {
            // How it ends is for the client to see.
            let _ = serve_one(server, &config, IteratorSource::new(ticks().into_iter()), 1).await;
        };
        let talk = async {
            let mut heard = Vec::new();
            writer.write_all(opening).await.expect("memory takes it");
            while !heard.ends_with(b"\r\n\r\n") {
                heard.push(reader.read_u8().await.expect("a good handshake is answered"));
            }
            // The server may hang up first.
            let send = async {
                let _ = writer.write_all(bytes).await;
                let _ = writer.shutdown().await;
            };
            let (_, read) = tokio::join!(send, reader.read_to_end(&mut heard));
            read.expect("memory does not fail");
            heard
        };
        let conversation = async { tokio::join!(serve, talk) };
        let ended = tokio::time::timeout(Duration::from_secs(20), conversation).await;
        let ((), heard) = ended.expect("the server ends once its client is gone");
        heard
    })
}

fn ticks() -> Vec<SymbolTick> {
    let mut ticks = Vec::new();
    for index in 0..12 {
        let symbol = Symbol::parse(["AAPL", "MSFT", "BTC/USD"][index % 3]).expect("a ticker");
        let time = Time::from_seconds(1_700_000_000 + i64::try_from(index).expect("small"));
        let size = Qty::whole(100);
        let body = if index % 2 == 0 {
            TickBody::Quote(Quote { bid: Price::whole(10), bid_size: size, ask: Price::whole(11), ask_size: size })
        } else {
            let (aggressor, conditions) = (Aggressor::Unknown, TradeConditions::Regular);
            TickBody::Trade(Trade { price: Price::whole(10), size, aggressor, conditions })
        };
        ticks.push(SymbolTick { symbol, time, body });
    }
    ticks
}

/// What a client subscribed to, as the server last said.
#[derive(Default)]
struct Subscribed {
    trades: BTreeSet<String>,
    quotes: BTreeSet<String>,
}

impl Subscribed {
    fn covers(&self, tick: &Message<'_>) -> bool {
        let (list, symbol) = match tick {
            Message::Quote { symbol, .. } => (&self.quotes, symbol),
            Message::Trade { symbol, .. } => (&self.trades, symbol),
            Message::Bar { .. }
            | Message::Status { .. }
            | Message::Connected
            | Message::Authenticated
            | Message::Subscription { .. }
            | Message::Error { .. }
            | Message::Other
            | Message::Malformed => return true,
        };
        list.contains("*") || list.contains(*symbol)
    }
}

fn judge(frames: &[ServerFrame<'_>], packed: bool) -> u64 {
    let mut subscribed = Subscribed::default();
    let mut authenticated = false;
    let mut decoder = binary::Decoder::new();
    let mut story = String::new();
    for frame in frames {
        match frame.opcode {
            wire::TEXT => {
                let value: Value = serde_json::from_slice(frame.payload).expect("a text of the server is JSON");
                let first = &value[0];
                match first["T"].as_str().expect("a message names its kind") {
                    "subscription" => {
                        subscribed = Subscribed { trades: list(first, "trades"), quotes: list(first, "quotes") }
                    }
                    "success" => authenticated |= first["msg"] == "authenticated",
                    "error" => assert!(first["code"].as_u64().is_some_and(|code| (400..=500).contains(&code))),
                    "q" | "t" => {}
                    other => panic!("the server sent a message of kind {other}"),
                }
                story.push_str(first["T"].as_str().unwrap_or_default());
                story.push_str(&first["code"].to_string());
                json::decode(frame.payload, QuoteSizes::Shares, &mut |message| {
                    check(&message, &subscribed, authenticated)
                })
                .expect("the server's frames are frames");
            }
            wire::BINARY if packed => {
                let mut told = None;
                msgpack::decode(frame.payload, QuoteSizes::Shares, &mut |message| {
                    if let Message::Subscription { trades, quotes } = message {
                        told = Some((trades, quotes));
                    }
                    story.push(format!("{message:?}").chars().next().unwrap_or(' '));
                })
                .expect("the server's frames are frames");
            }
            wire::BINARY => decoder
                .decode(frame.payload, &mut |message| check(&message, &subscribed, authenticated))
                .expect("the server's frames are frames"),
            _ => story.push_str(["close", "ping", "pong"][usize::from(frame.opcode - wire::CLOSE)]),
        }
    }
    kind_of(&story)
}

fn check(message: &Message<'_>, subscribed: &Subscribed, authenticated: bool) {
    assert!(subscribed.covers(message), "{message:?} was sent without a subscription");
    let is_tick = matches!(message, Message::Quote { .. } | Message::Trade { .. });
    assert!(authenticated || !is_tick, "{message:?} was sent to a stranger");
    assert!(!matches!(message, Message::Malformed), "the server's own message cannot be read");
}

fn list(message: &Value, name: &str) -> BTreeSet<String> {
    let items = message[name].as_array().expect("a subscription lists its channels");
    items.iter().map(|item| item.as_str().expect("a symbol is a text").to_owned()).collect()
}
