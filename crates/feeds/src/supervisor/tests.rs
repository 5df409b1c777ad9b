//! The supervisor against scripted servers on free ports, and against our own server.

use super::*;
use crate::alpaca::{AlpacaServer, CloseAtEnd, IteratorSource, ServerConfig, SymbolTick};
use crate::sim::{self, SimConfig, TapeConfig};
use crate::{DropReason, Push};
use futures_util::{SinkExt, StreamExt};
use model::{InstrumentId, Symbol, Tick, TickBody, Time};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Nothing here takes seconds; a test that gets here hangs.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Up,
    Lost,
    Tick(Tick),
}

struct Sink {
    heard: mpsc::UnboundedSender<Heard>,
    /// Every hundredth push is refused, as a full ring would.
    stutters: bool,
    pushes: u64,
}

impl TickSink for Sink {
    fn push(&mut self, tick: Tick) -> Push {
        self.pushes += 1;
        if self.stutters && self.pushes.is_multiple_of(100) {
            return Push::Full;
        }
        let _ = self.heard.send(Heard::Tick(tick));
        Push::Accepted
    }

    fn feed_up(&mut self) {
        let _ = self.heard.send(Heard::Up);
    }

    fn feed_lost(&mut self) {
        let _ = self.heard.send(Heard::Lost);
    }
}

/// A table in which instruments are numbered as they are asked for.
#[derive(Default)]
struct Table {
    rows: Mutex<Vec<Symbol>>,
}

impl Symbols for Table {
    fn resolve(&self, symbol: &str) -> Option<InstrumentId> {
        let symbol = Symbol::parse(symbol).ok().filter(|symbol| symbol.as_str() != "UNKNOWN")?;
        let mut rows = self.rows.lock().expect("no test panics while holding it");
        let index = rows.iter().position(|row| *row == symbol).unwrap_or_else(|| {
            rows.push(symbol);
            rows.len() - 1
        });
        Some(InstrumentId::new(u32::try_from(index).expect("few instruments")))
    }

    fn symbol(&self, id: InstrumentId) -> Option<Symbol> {
        let rows = self.rows.lock().expect("no test panics while holding it");
        rows.get(usize::try_from(id.get()).ok()?).copied()
    }
}

struct Harness {
    heard: mpsc::UnboundedReceiver<Heard>,
    subscriptions: Subscriptions,
    status: Arc<FeedStatus>,
    table: Arc<Table>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), FeedError>>,
}

impl Harness {
    fn start(config: FeedConfig, symbols: &[&str], stutters: bool) -> Self {
        let (sender, heard) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let (subscriptions, status, table) =
            (Subscriptions::new(), Arc::new(FeedStatus::new()), Arc::new(Table::default()));
        subscriptions.add(&symbols.iter().map(|text| symbol(text)).collect::<Vec<_>>());
        let sink = Box::new(Sink { heard: sender, stutters, pushes: 0 });
        let symbols: Arc<dyn Symbols> = table.clone();
        let task = tokio::spawn(run(config, symbols, subscriptions.clone(), sink, Arc::clone(&status), stopped));
        Self { heard, subscriptions, status, table, stop, task }
    }

    async fn next(&mut self) -> Heard {
        within(self.heard.recv()).await.expect("the task runs")
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        within(self.task).await.expect("no panic").expect("a clean stop");
        assert!(!self.status.connected());
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("in time")
}

fn symbol(text: &str) -> Symbol {
    Symbol::parse(text).expect("a ticker of the test")
}

fn config(url: String, encoding: Encoding) -> AlpacaConfig {
    let timing = Timing {
        backoff_first: Duration::from_millis(1),
        backoff_max: Duration::from_millis(5),
        connection_limit_wait: Duration::from_millis(1),
        ..Timing::default()
    };
    let (key, secret) = ("key".to_owned(), "secret".to_owned());
    AlpacaConfig { url, key, secret, round_lots: false, encoding, timing }
}

/// The other side of one connection, by hand.
struct Script {
    socket: WebSocketStream<TcpStream>,
}

impl Script {
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = within(listener.accept()).await.expect("a connection");
        Self { socket: within(tokio_tungstenite::accept_async(stream)).await.expect("a handshake") }
    }

    async fn say(&mut self, text: &str) {
        within(self.socket.send(Frame::text(text))).await.expect("the client reads");
    }

    async fn hear(&mut self) -> serde_json::Value {
        loop {
            match within(self.socket.next()).await.expect("the client is there").expect("a good frame") {
                Frame::Text(text) => return serde_json::from_str(&text).expect("a request"),
                Frame::Ping(_) | Frame::Pong(_) => {}
                other => panic!("{other:?} is no request"),
            }
        }
    }

    /// The handshake, to the subscribe request.
    async fn open(&mut self) -> serde_json::Value {
        self.say(r#"[{"T":"success","msg":"connected"}]"#).await;
        assert_eq!(self.hear().await, serde_json::json!({"action": "auth", "key": "key", "secret": "secret"}));
        self.say(r#"[{"T":"success","msg":"authenticated"}]"#).await;
        self.hear().await
    }

    async fn trade(&mut self, second: u8) {
        self.say(&format!(r#"[{{"T":"t","S":"AAPL","p":10.05,"s":1,"t":"2024-01-02T15:00:{second:02}Z"}}]"#))
            .await;
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind(ANY_PORT).await.expect("a free port");
    let url = format!("ws://{}/v2/iex", listener.local_addr().expect("an address"));
    (listener, url)
}

#[tokio::test]
async fn refused_credentials_end_the_task_with_a_clear_error() {
    for code in [402, 409] {
        let (listener, url) = listen().await;
        let harness = Harness::start(FeedConfig::Alpaca(config(url.clone(), Encoding::Json)), &["AAPL"], false);
        let mut script = Script::accept(&listener).await;
        script.say(r#"[{"T":"success","msg":"connected"}]"#).await;
        script.hear().await;
        script.say(&format!(r#"[{{"T":"error","code":{code},"msg":"no"}}]"#)).await;
        let error = within(harness.task).await.expect("no panic").expect_err("an error");
        assert_eq!(error.to_string(), format!("{url} refused the credentials: {code} no"));
        assert_eq!(harness.status.last_error(), Some(format!("{code} no")));
        assert!(!error.to_string().contains("secret"));
    }
}

#[tokio::test]
async fn what_is_no_address_ends_the_task() {
    for url in ["", "localhost", "http://localhost/", "ws://", "wss:///x"] {
        let harness = Harness::start(FeedConfig::Alpaca(config(url.to_owned(), Encoding::Json)), &[], false);
        let error = within(harness.task).await.expect("no panic").expect_err("an error");
        assert!(matches!(error, FeedError::BadUrl { .. }), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_lost_connection_is_told_and_made_again_with_every_subscription() {
    let (listener, url) = listen().await;
    let mut harness = Harness::start(FeedConfig::Alpaca(config(url, Encoding::Json)), &["AAPL", "BTC/USD"], false);
    let mut script = Script::accept(&listener).await;
    let first = script.open().await;
    assert_eq!(
        first,
        serde_json::json!({"action": "subscribe", "trades": ["AAPL", "BTC/USD"], "quotes": ["AAPL", "BTC/USD"]})
    );
    harness.subscriptions.add(&[symbol("MSFT"), symbol("AAPL")]);
    assert_eq!(script.hear().await["trades"], serde_json::json!(["MSFT"]));
    script.trade(1).await;
    assert_eq!(harness.next().await, Heard::Up);
    assert!(matches!(harness.next().await, Heard::Tick(_)));
    assert!(harness.status.connected());
    drop(script);
    assert_eq!(harness.next().await, Heard::Lost);
    let mut script = Script::accept(&listener).await;
    let again = script.open().await;
    assert_eq!(again["quotes"], serde_json::json!(["AAPL", "BTC/USD", "MSFT"]));
    // The same tick again: a new connection may resend the past.
    script.trade(1).await;
    assert_eq!(harness.next().await, Heard::Up);
    assert!(matches!(harness.next().await, Heard::Tick(_)));
    script.trade(0).await;
    script.say(r#"[{"T":"t","S":"UNKNOWN","p":1,"s":1,"t":"2024-01-02T15:00:00Z"}]"#).await;
    script.say("not json").await;
    script.trade(2).await;
    assert!(matches!(harness.next().await, Heard::Tick(tick) if tick.time.seconds() % 60 == 2));
    let status = Arc::clone(&harness.status);
    assert_eq!(status.count(DropReason::OutOfOrder), 1);
    assert_eq!(status.count(DropReason::UnknownSymbol), 1);
    assert_eq!(status.count(DropReason::Malformed), 1);
    assert_eq!((status.reconnects(), status.disconnects()), (1, 1));
    harness.stop().await;
}

#[tokio::test]
async fn a_frame_that_is_too_long_ends_the_connection() {
    let (listener, url) = listen().await;
    let mut harness = Harness::start(FeedConfig::Alpaca(config(url, Encoding::Json)), &["AAPL"], false);
    let mut script = Script::accept(&listener).await;
    script.open().await;
    script.trade(1).await;
    assert_eq!(harness.next().await, Heard::Up);
    assert!(matches!(harness.next().await, Heard::Tick(_)));
    let long = "x".repeat(model::limits::FEED_FRAME_BYTES_MAX + 1);
    // The client may hang up before it has read all of it.
    let _ = within(script.socket.send(Frame::text(long))).await;
    assert_eq!(harness.next().await, Heard::Lost);
    Script::accept(&listener).await.open().await;
    harness.stop().await;
}

#[tokio::test]
async fn a_silent_server_is_pinged_and_then_given_up() {
    let (listener, url) = listen().await;
    let mut config = config(url, Encoding::Json);
    config.timing.ping_after = Duration::from_millis(20);
    config.timing.silent_max = Duration::from_millis(60);
    let mut harness = Harness::start(FeedConfig::Alpaca(config), &["AAPL"], false);
    let mut script = Script::accept(&listener).await;
    script.open().await;
    script.trade(1).await;
    assert_eq!(harness.next().await, Heard::Up);
    assert!(matches!(harness.next().await, Heard::Tick(_)));
    // The script does not read, so that no pong is sent.
    assert_eq!(harness.next().await, Heard::Lost);
    assert!(harness.status.last_error().is_some_and(|why| why.contains("nothing was heard")));
    let ping = within(script.socket.next()).await.expect("a frame").expect("a good frame");
    assert!(ping.is_ping());
    // Another connection that stays silent, but answers pings, is kept.
    let mut script = Script::accept(&listener).await;
    script.open().await;
    for _ in 0..6 {
        assert!(within(script.socket.next()).await.expect("a frame").expect("a good frame").is_ping());
        within(script.socket.flush()).await.expect("the pong is sent");
    }
    assert_eq!(harness.status.disconnects(), 1);
    harness.stop().await;
}

#[tokio::test]
async fn a_connection_limit_is_waited_out_and_a_stuck_handshake_given_up() {
    let (listener, url) = listen().await;
    let mut config = config(url, Encoding::Json);
    config.timing.handshake_max = Duration::from_millis(40);
    let harness = Harness::start(FeedConfig::Alpaca(config), &["AAPL"], false);
    let mut script = Script::accept(&listener).await;
    script.say(r#"[{"T":"error","code":406,"msg":"connection limit exceeded"}]"#).await;
    let stuck = Script::accept(&listener).await;
    assert_eq!(harness.status.last_error().as_deref(), Some("406 connection limit exceeded"));
    let mut script = Script::accept(&listener).await;
    assert!(harness.status.last_error().is_some_and(|why| why.contains("handshake")));
    script.open().await;
    drop(stuck);
    harness.stop().await;
}

#[test]
fn waits_double_up_to_their_limit_and_are_never_longer() {
    let timing = Timing::default();
    let mut backoff = Backoff::new(timing);
    for bound in [1, 2, 4, 8, 16, 30, 30, 30] {
        assert_eq!(backoff.bound, Duration::from_secs(bound));
        assert!(backoff.next_wait() <= Duration::from_secs(bound));
    }
}

fn tape(count: usize) -> Vec<SymbolTick> {
    let mut config =
        TapeConfig::builtin(&["AAPL", "BTC/USD", "SPY"].map(symbol), 21, Time::from_seconds(1_704_207_600));
    config.rate = 50.0;
    sim::Tape::new(&config).take(count).collect()
}

#[tokio::test]
async fn every_form_delivers_a_whole_tape_at_the_pace_of_a_slow_sink() {
    let expected = tape(5_000);
    for encoding in [Encoding::Json, Encoding::MessagePack, Encoding::Binary] {
        let config_of_server =
            ServerConfig { close_at_end: CloseAtEnd::No, ..ServerConfig::with_secret("secret") };
        let source = || IteratorSource::new(tape(5_000).into_iter());
        let server = AlpacaServer::start(config_of_server, ANY_PORT, source).await.expect("a free port");
        let config = FeedConfig::Alpaca(config(server.url(encoding), encoding));
        let mut harness = Harness::start(config, &["AAPL", "BTC/USD", "SPY"], true);
        assert_eq!(harness.next().await, Heard::Up);
        for (index, expected) in expected.iter().enumerate() {
            let Heard::Tick(tick) = harness.next().await else { panic!("{encoding:?} {index}: no tick") };
            let symbol = harness.table.symbol(tick.instrument).expect("in the table");
            assert_eq!(SymbolTick { symbol, time: tick.time, body: tick.body }, *expected, "{encoding:?} {index}");
        }
        harness.stop().await;
        server.stop().await;
    }
}

#[tokio::test]
async fn a_server_sends_only_what_was_asked_for_and_refuses_with_the_documented_codes() {
    let config = ServerConfig { symbols_max: 2, ..ServerConfig::with_secret("secret") };
    let source = || IteratorSource::new(tape(300).into_iter());
    let server = AlpacaServer::start(config, ANY_PORT, source).await.expect("a free port");
    let (mut socket, _) =
        within(tokio_tungstenite::connect_async(server.url(Encoding::Json))).await.expect("a connection");
    let ask = async |socket: &mut WebSocketStream<_>, request: &str| -> serde_json::Value {
        if !request.is_empty() {
            within(socket.send(Frame::text(request))).await.expect("the server reads");
        }
        let frame = within(socket.next()).await.expect("an answer").expect("a good frame");
        serde_json::from_str::<serde_json::Value>(frame.to_text().expect("text")).expect("JSON")[0].take()
    };
    assert_eq!(ask(&mut socket, "").await["msg"], "connected");
    assert_eq!(ask(&mut socket, "{").await["code"], 400);
    assert_eq!(ask(&mut socket, r#"{"action":"subscribe","trades":["*"]}"#).await["code"], 401);
    assert_eq!(ask(&mut socket, r#"{"action":"auth","key":"k","secret":"secret"}"#).await["msg"], "authenticated");
    assert_eq!(ask(&mut socket, r#"{"action":"auth","key":"k","secret":"secret"}"#).await["code"], 403);
    assert_eq!(ask(&mut socket, r#"{"action":"dance"}"#).await["code"], 400);
    assert_eq!(ask(&mut socket, r#"{"action":"subscribe","quotes":["A","B","C"]}"#).await["code"], 405);
    let bars = ask(&mut socket, r#"{"action":"subscribe","bars":["*"]}"#).await;
    assert_eq!((&bars["bars"], &bars["trades"]), (&serde_json::json!(["*"]), &serde_json::json!([])));
    let reply = ask(&mut socket, r#"{"action":"subscribe","trades":["AAPL"]}"#).await;
    assert_eq!((&reply["T"], &reply["trades"]), (&"subscription".into(), &serde_json::json!(["AAPL"])));
    let frame = within(socket.next()).await.expect("ticks").expect("a good frame");
    let ticks: serde_json::Value = serde_json::from_str(frame.to_text().expect("text")).expect("JSON");
    let ticks = ticks.as_array().expect("an array");
    assert!(!ticks.is_empty() && ticks.iter().all(|tick| tick["T"] == "t" && tick["S"] == "AAPL"));
    let reply = ask(&mut socket, r#"{"action":"unsubscribe","trades":["AAPL"],"bars":["*"]}"#).await;
    assert_eq!((&reply["trades"], &reply["bars"]), (&serde_json::json!([]), &serde_json::json!([])));
    let (mut other, _) =
        within(tokio_tungstenite::connect_async(server.url(Encoding::Json))).await.expect("a connection");
    assert_eq!(ask(&mut other, "").await["msg"], "connected");
    assert_eq!(ask(&mut other, r#"{"action":"auth","key":"k","secret":"wrong"}"#).await["code"], 402);
    server.stop().await;
}

#[tokio::test]
async fn the_simulated_exchange_quotes_every_symbol_at_once() {
    let exchange = sim::serve(SimConfig { token: "token".to_owned(), ..SimConfig::default() }, ANY_PORT)
        .await
        .expect("a free port");
    let names = ["AAPL", "KO", "BTC/USD"];
    let config = FeedConfig::Sim { url: exchange.url(), token: exchange.token().to_owned() };
    let mut harness = Harness::start(config, &names, false);
    assert_eq!(harness.next().await, Heard::Up);
    let mut quoted: HashMap<InstrumentId, Tick> = HashMap::new();
    while quoted.len() < names.len() {
        if let Heard::Tick(tick) = harness.next().await
            && matches!(tick.body, TickBody::Quote(_))
        {
            quoted.insert(tick.instrument, tick);
        }
    }
    harness.subscriptions.add(&[symbol("MSFT")]);
    let microsoft = harness.table.resolve("MSFT").expect("in the table");
    while !matches!(harness.next().await, Heard::Tick(tick) if tick.instrument == microsoft) {}
    assert_eq!(harness.status.quarantined(), 0);
    harness.stop().await;
    exchange.stop().await;
}
