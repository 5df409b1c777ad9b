//! The whole server, over sockets of this machine: requests with any head and body, and WebSocket
//! sessions.
//!
//! The server is a real one whose journal is off and whose files are in memory. `$TOKEN`, `$PORTFOLIO`,
//! `$KEY`, `$SECRET` and `$ORDER` in an input stand for what a signed-in user has. Rules: every answer is
//! whole, none is a failure of the server, refusals of the interface are problem documents; a session's
//! frames are well-formed and its messages of a documented kind; streams have no gap.

use crate::wire::{self, ServerFrame};
use crate::{Target, kind_of};
use feeds::alpaca::{AlpacaServer, CloseAtEnd, IteratorSource, ServerConfig, SymbolTick};
use gateway::{Calendar, FeedKind, Server, Settings};
use model::{Price, Qty, Quote, Symbol, TickBody, Time};
use persistence::SimulatedStorage;
use runtime::{ClockMode, Durability};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Runtime;

const REQUEST_WORDS: &[&str] = &[
    "GET ",
    "POST ",
    "PATCH ",
    "DELETE ",
    "PUT ",
    "HEAD ",
    "OPTIONS ",
    "/api/paper/orders/",
    "/api/paper/portfolios/",
    "/api/paper/trades/",
    "/api/paper/orders/$ORDER/",
    "/api/paper/portfolios/$PORTFOLIO/",
    "positions/",
    "events/",
    "?portfolio_id=$PORTFOLIO",
    "&limit=500",
    "&cursor=",
    "&status=open",
    "deposit/",
    "withdraw/",
    "/api/token/",
    "/api/users/me/",
    "/api/users/me/api-keys/",
    "/api/market/quote/?symbol=AAPL",
    "/api/market/history/",
    "authorization: Bearer $TOKEN\n",
    "apca-api-key-id: $KEY\napca-api-secret-key: $SECRET\n",
    "content-type: application/json\n",
    "expect: 100-continue\n",
    "range: bytes=0-1\n",
    "%2e%2e/",
    "%00",
    "{\"amount\":\"1\"}",
    "{\"symbol\":\"AAPL\",",
    "\"client_order_id\":\"f\"",
    "\"type\":\"MARKET\"",
    "\"qty\":\"1\"",
];
const SOCKET_WORDS: &[&str] = &[
    "{\"op\":\"auth\",\"token\":\"$TOKEN\"}",
    "{\"op\":\"auth\",\"key_id\":\"$KEY\",\"secret\":\"$SECRET\"}",
    "{\"op\":\"subscribe\",\"channel\":\"portfolio\",\"portfolio_id\":\"$PORTFOLIO\",\"after_seq\":0}",
    "{\"op\":\"unsubscribe\",\"channel\":\"portfolio\",\"portfolio_id\":\"$PORTFOLIO\"}",
    "{\"op\":\"subscribe\",\"channel\":\"quotes\",\"symbols\":[\"AAPL\"]}",
    "{\"op\":\"ping\"}",
    "\nT",
    "\nB",
    "\nP",
    "\nC",
    "\nF",
    "\nR",
    "\"after_seq\":18446744073709551615",
    "\"epoch\":\"0\"",
];

/// One request and its answer.
pub(super) const REQUESTS: Target =
    Target { name: "requests", run: request, words: REQUEST_WORDS, executions: 1_500, bytes_max: 8_192 };

/// One WebSocket session.
pub(super) const SOCKETS: Target =
    Target { name: "stream_sockets", run: session, words: SOCKET_WORDS, executions: 1_000, bytes_max: 4_096 };

/// How long an answer may take: far above what one does on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Stand {
    address: SocketAddr,
    names: BTreeMap<&'static str, String>,
    _runtime: Runtime,
    _server: Server,
    _feed: AlpacaServer,
}

fn stand() -> &'static Stand {
    static STAND: OnceLock<Stand> = OnceLock::new();
    STAND.get_or_init(|| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (server, feed) = runtime.block_on(start());
        let address = server.address();
        let names = sign_in(address);
        Stand { address, names, _runtime: runtime, _server: server, _feed: feed }
    })
}

async fn start() -> (Server, AlpacaServer) {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = ServerConfig { close_at_end: CloseAtEnd::No, ..ServerConfig::with_secret("s") };
    let feed = AlpacaServer::start(config, any, || IteratorSource::new(std::iter::once(quote()))).await;
    let feed = feed.expect("a feed on this machine");
    let settings = Settings {
        listen: any,
        data_dir: "data".into(),
        feed: FeedKind::Alpaca,
        feed_url: feed.url(feeds::Encoding::Json),
        feed_key: "k".to_owned(),
        feed_secret: "s".to_owned(),
        symbols: vec![quote().symbol],
        calendar: Some(Calendar::AlwaysOpen),
        clock: ClockMode::Feed,
        durability: Durability::Off,
        shards: Some(1),
        ..Settings::default()
    };
    let server = gateway::serve_on(settings, Arc::new(SimulatedStorage::new())).await.expect("a server");
    (server, feed)
}

fn quote() -> SymbolTick {
    let size = Qty::whole(1_000_000);
    let quote = Quote { bid: Price::whole(99), bid_size: size, ask: Price::whole(101), ask_size: size };
    SymbolTick {
        symbol: Symbol::parse("AAPL").expect("a ticker"),
        time: Time::from_seconds(1_700_000_000),
        body: TickBody::Quote(quote),
    }
}

/// Makes a user with a portfolio, a key and an order.
fn sign_in(address: SocketAddr) -> BTreeMap<&'static str, String> {
    let mut names = BTreeMap::new();
    let ask = |names: &BTreeMap<&'static str, String>, line: &str, body: &Value| -> Value {
        let head = "content-type: application/json\nauthorization: Bearer $TOKEN\n";
        let input = format!("{line}\n{head}\n{body}");
        let heard = exchange(address, &request_bytes(input.as_bytes(), names));
        let (status, _, body) = wire::answer(&heard).expect("an answer");
        assert!(status < 300, "{line}: {status} {}", String::from_utf8_lossy(body));
        serde_json::from_slice(body).expect("an answer in JSON")
    };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let person = json!({"username": "fuzz", "password": "long enough to pass"});
    ask(&names, "POST /api/users/register/", &person);
    names.insert("$TOKEN", text(&ask(&names, "POST /api/token/", &person)["access"]));
    let portfolios = ask(&names, "GET /api/paper/portfolios/", &json!({}));
    names.insert("$PORTFOLIO", text(&portfolios["results"][0]["id"]));
    let key = ask(&names, "POST /api/users/me/api-keys/", &json!({"label": "f", "scopes": ["read", "trade"]}));
    names.insert("$KEY", text(&key["key_id"]));
    names.insert("$SECRET", text(&key["secret"]));
    let order = json!({"portfolio_id": names["$PORTFOLIO"], "symbol": "AAPL", "side": "BUY", "type": "LIMIT",
        "qty": "1", "limit_price": "1", "time_in_force": "GTC"});
    names.insert("$ORDER", text(&ask(&names, "POST /api/paper/orders/", &order)["id"]));
    names
}

fn named(input: &[u8], names: &BTreeMap<&'static str, String>) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((first, tail)) = rest.split_first() {
        match names.iter().find(|(name, _)| *first == b'$' && rest.starts_with(name.as_bytes())) {
            Some((name, value)) => {
                out.extend_from_slice(value.as_bytes());
                rest = &rest[name.len()..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// An input as one HTTP request: its first line, its headers, an empty line, the body; the length of the
/// body and the wish to end the connection are added.
fn request_bytes(input: &[u8], names: &BTreeMap<&'static str, String>) -> Vec<u8> {
    let input = named(input, names);
    let split = input.windows(2).position(|window| window == b"\n\n");
    let (head, body) = match split {
        Some(at) => (&input[..at], &input[at + 2..]),
        None => (input.as_slice(), [].as_slice()),
    };
    let mut lines = head.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut bytes = Vec::new();
    bytes.extend(lines.next().unwrap_or(b"GET /").iter().filter(|byte| **byte != b'\r'));
    bytes.extend_from_slice(b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for line in lines {
        let lower = line.to_ascii_lowercase();
        let ours = ["connection", "content-length", "transfer-encoding", "host", "upgrade", "expect"];
        if !ours.iter().any(|name| lower.starts_with(name.as_bytes())) {
            bytes.extend(line.iter().filter(|byte| **byte != b'\r'));
            bytes.extend_from_slice(b"\r\n");
        }
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a patience");
    stream
}

/// Everything that comes until the server ends the connection.
fn hear(mut stream: TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut buffer = [0; 16_384];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return heard,
            Ok(read) => heard.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return heard,
            Err(error) => panic!("the server neither answers nor hangs up: {error}"),
        }
    }
}

fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    // A server that refuses early may hang up before all is sent.
    let _ = stream.write_all(bytes);
    hear(stream)
}

fn request(input: &[u8]) -> u64 {
    let stand = stand();
    let bytes = request_bytes(input, &stand.names);
    let heard = exchange(stand.address, &bytes);
    let Some((status, head, body)) = wire::answer(&heard) else {
        // What is no HTTP at all may be answered by hanging up.
        assert!(heard.is_empty(), "{:?}", String::from_utf8_lossy(&heard));
        return 1;
    };
    let told = String::from_utf8_lossy(body);
    assert!(status < 500 || status == 501, "{status} {told}");
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let is_api = bytes.split(|byte| *byte == b' ').nth(1).is_some_and(|path| path.starts_with(b"/api/"));
    let is_head = bytes.starts_with(b"HEAD ");
    let mut code = String::new();
    if status >= 400 && is_api && !is_head && head.contains("x-request-id") {
        assert!(head.contains("content-type: application/problem+json"), "{status} {head} {told}");
        let document: Value = serde_json::from_slice(body).expect("a problem document is JSON");
        assert_eq!(document["status"], status, "{told}");
        code = document["code"].as_str().expect("a problem has a code").to_owned();
    }
    let method = input.split(|byte| *byte == b' ').next().unwrap_or_default();
    kind_of(&format!("{}{status:?}{code}", String::from_utf8_lossy(method))) ^ u64::from(status)
}

fn session(input: &[u8]) -> u64 {
    let stand = stand();
    let mut bytes = Vec::new();
    let input = named(input, &stand.names);
    wire::client_bytes(&input, &mut bytes);
    let mut stream = connect(stand.address);
    stream.write_all(wire::opening("/ws", "").as_bytes()).expect("the server listens");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a good handshake is answered");
        head.extend_from_slice(&byte);
    }
    let (status, ..) = wire::answer(&head).expect("an answer has a status");
    assert_eq!(status, 101, "a good handshake is taken");
    // The server may hang up first.
    let _ = stream.write_all(&bytes);
    let _ = stream.shutdown(Shutdown::Write);
    judge(&wire::server_frames(&hear(stream)))
}

fn judge(frames: &[ServerFrame<'_>]) -> u64 {
    const REPLIES: [&str; 6] = ["authenticated", "subscribed", "unsubscribed", "heartbeat", "pong", "error"];
    let mut story = String::new();
    let mut last_seq: BTreeMap<String, u64> = BTreeMap::new();
    for (index, frame) in frames.iter().enumerate() {
        assert!(frame.opcode != wire::BINARY, "the server speaks text");
        if frame.opcode != wire::TEXT {
            let is_end = frame.opcode != wire::CLOSE || index + 1 == frames.len();
            assert!(is_end, "the server goes on after it said goodbye");
            story.push_str(&format!("#{}", frame.opcode));
            if let Some(code) = frame.payload.first_chunk::<2>() {
                story.push_str(if u16::from_be_bytes(*code) >= 4_000 { "ours" } else { "theirs" });
            }
            continue;
        }
        let message: Value = serde_json::from_slice(frame.payload).expect("a message is JSON");
        match (message["op"].as_str(), message["channel"].as_str()) {
            (Some(op), _) => {
                assert!(REPLIES.contains(&op), "{message}");
                story.push_str(op);
                story.push_str(message["code"].as_str().unwrap_or_default());
                if op == "subscribed" {
                    last_seq.remove(message["portfolio_id"].as_str().unwrap_or_default());
                }
            }
            (None, Some("quotes")) => {}
            (None, Some("portfolio")) => {
                let seq = message["seq"].as_u64().expect("a message of a stream has its number");
                let id = message["portfolio_id"].as_str().expect("a message names its stream").to_owned();
                if let Some(before) = last_seq.insert(id, seq) {
                    assert_eq!(seq, before + 1, "a stream has no gap");
                }
                story.push('m');
            }
            (None, _) => panic!("a message of no kind: {message}"),
        }
    }
    kind_of(&story)
}
