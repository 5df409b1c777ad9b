//! A server that speaks the protocol: the simulated exchange stands on it, and so do replays and
//! load tests.
//!
//! It owns connections and their subscriptions; where ticks come from is a [`TickSource`], one for
//! each connection. A slow client slows its own source and nothing else. The invariant: a client is
//! sent only what it subscribed to, in the order of its source.

use super::{CONTENT_TYPE_BINARY, CONTENT_TYPE_MSGPACK, SymbolTick, binary, encode, msgpack};
use crate::Encoding;
use futures_util::{SinkExt, StreamExt};
use model::{Symbol, TickBody, limits};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message as Frame};

/// Ticks in one frame: at 130 bytes a tick in JSON, an eighth of the longest frame that clients take.
const TICKS_PER_FRAME: usize = 1_000;
/// Lists that a client may subscribe to, in the order of the reply.
const CHANNELS: [&str; 9] =
    ["trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds", "corrections", "cancelErrors"];
const TRADES: usize = 0;
const QUOTES: usize = 1;

/// Whether a source has more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// There will be more ticks.
    More,
    /// These were the last.
    End,
    /// The client was too slow, and ticks are lost: it is told (error 407) and let go.
    Lagged,
}

/// Where the ticks of one connection come from.
pub trait TickSource: Send + 'static {
    /// Appends the next ticks, as many as there are but at least one unless it is the end.
    ///
    /// Dropping the future before it is done must lose no tick.
    fn next(&mut self, out: &mut Vec<SymbolTick>) -> impl Future<Output = SourceState> + Send;

    /// Appends what a client should know at once about symbols that it has just asked for.
    fn snapshot(&mut self, is_new: &(dyn Fn(Symbol) -> bool + Sync), out: &mut Vec<SymbolTick>) {
        let _ = (is_new, out);
    }
}

/// Ticks of an iterator, as fast as the client takes them.
#[derive(Debug)]
pub struct IteratorSource<I> {
    ticks: I,
}

impl<I: Iterator<Item = SymbolTick> + Send + 'static> IteratorSource<I> {
    /// A source of these ticks.
    pub const fn new(ticks: I) -> Self {
        Self { ticks }
    }
}

impl<I: Iterator<Item = SymbolTick> + Send + 'static> TickSource for IteratorSource<I> {
    async fn next(&mut self, out: &mut Vec<SymbolTick>) -> SourceState {
        out.extend(self.ticks.by_ref().take(TICKS_PER_FRAME));
        if out.is_empty() { SourceState::End } else { SourceState::More }
    }
}

/// What a server asks of its clients.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The key that is taken; any for `None`.
    pub key: Option<String>,
    /// The secret that is taken.
    pub secret: String,
    /// How long a client may take to authenticate.
    pub auth_wait: Duration,
    /// Most symbols with trades or quotes that one client may have.
    pub symbols_max: usize,
    /// Most clients at once.
    pub connections_max: u64,
    /// Whether the connection is closed when its source ends.
    pub close_at_end: CloseAtEnd,
}

/// What follows the last tick of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseAtEnd {
    /// The connection is closed.
    Yes,
    /// The connection stays, silent.
    No,
}

impl ServerConfig {
    /// A server that takes this secret with any key.
    #[must_use]
    pub fn with_secret(secret: &str) -> Self {
        Self {
            key: None,
            secret: secret.to_owned(),
            auth_wait: Duration::from_secs(10),
            symbols_max: limits::INSTRUMENTS_MAX,
            connections_max: 1_024,
            close_at_end: CloseAtEnd::No,
        }
    }
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct AlpacaServer {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    accepted: Arc<AtomicU64>,
}

impl AlpacaServer {
    /// Listens, and serves every client from a source of its own that `source` makes.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start<S: TickSource>(
        config: ServerConfig,
        listen: SocketAddr,
        source: impl Fn() -> S + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let accepted = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(accept_all(listener, Arc::new(config), source, stopped, Arc::clone(&accepted)));
        Ok(Self { addr, stop, task, accepted })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address for a client that wants this form.
    #[must_use]
    pub fn url(&self, encoding: Encoding) -> String {
        match encoding {
            Encoding::Json | Encoding::MessagePack => format!("ws://{}/v2/iex", self.addr),
            Encoding::Binary => format!("ws://{}/v2/binary", self.addr),
        }
    }

    /// Connections taken so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Ends every connection and waits until they are gone.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
    }
}

async fn accept_all<S: TickSource>(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    source: impl Fn() -> S,
    mut stop: watch::Receiver<bool>,
    accepted: Arc<AtomicU64>,
) {
    let mut connections = JoinSet::new();
    let stopped = stop.clone();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            stream = listener.accept() => {
                let Ok((stream, _)) = stream else { continue };
                accepted.fetch_add(1, Ordering::Relaxed);
                let places = config.connections_max.saturating_sub(connections.len() as u64);
                let mut stopped = stopped.clone();
                let (config, source) = (Arc::clone(&config), source());
                connections.spawn(async move {
                    // Without it small frames would wait for more; a connection that is gone says so when it is read.
                    let _ = stream.set_nodelay(true);
                    tokio::select! {
                        _ = stopped.wait_for(|stop| *stop) => {}
                        end = serve_one(stream, &config, source, places) => {
                            if let Err(error) = end {
                                tracing::debug!(%error, "a market data client is gone");
                            }
                        }
                    }
                });
            }
        }
    }
    connections.shutdown().await;
}

/// What the opening request says.
#[derive(Default)]
struct Opening {
    encoding: Encoding,
    key: Option<String>,
    secret: Option<String>,
}

impl Opening {
    fn of(request: &Request) -> Self {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let encoding = match header("content-type") {
            _ if request.uri().path().ends_with("/binary") => Encoding::Binary,
            Some(CONTENT_TYPE_BINARY) => Encoding::Binary,
            Some(CONTENT_TYPE_MSGPACK) => Encoding::MessagePack,
            Some(_) | None => Encoding::Json,
        };
        let owned = |name| header(name).map(str::to_owned);
        Self { encoding, key: owned("apca-api-key-id"), secret: owned("apca-api-secret-key") }
    }
}

/// Serves one client over any stream of bytes, from the handshake to the end.
///
/// `places` says how many more clients there may be; with none, this one is told so and let go.
///
/// # Errors
/// When the client breaks the protocol of WebSockets, or the stream fails.
pub async fn serve_one<S: TickSource, B: AsyncRead + AsyncWrite + Unpin>(
    stream: B,
    config: &ServerConfig,
    source: S,
    places: u64,
) -> Result<(), tungstenite::Error> {
    let mut opening = Opening::default();
    #[expect(clippy::result_large_err, reason = "the shape that the handshake wants")]
    let read_opening = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        opening = Opening::of(request);
        Ok(response)
    };
    let limits = WebSocketConfig::default()
        .max_message_size(Some(limits::FEED_FRAME_BYTES_MAX))
        .max_frame_size(Some(limits::FEED_FRAME_BYTES_MAX));
    let handshake = tokio_tungstenite::accept_hdr_async_with_config(stream, read_opening, Some(limits));
    let Ok(socket) = tokio::time::timeout(config.auth_wait, handshake).await else { return Ok(()) };
    let mut connection = Connection {
        socket: socket?,
        config,
        source,
        encoding: opening.encoding,
        encoder: binary::Encoder::new(),
        wanted: Wanted::default(),
    };
    connection.say(&json!([{"T": "success", "msg": "connected"}])).await?;
    if places == 0 {
        return connection.refuse(406, "connection limit exceeded").await;
    }
    if connection.authenticate(&opening).await? {
        connection.run().await?;
    }
    connection.socket.close(None).await
}

struct Connection<'a, S, B> {
    socket: WebSocketStream<B>,
    config: &'a ServerConfig,
    source: S,
    encoding: Encoding,
    encoder: binary::Encoder,
    wanted: Wanted,
}

impl<S: TickSource, B: AsyncRead + AsyncWrite + Unpin> Connection<'_, S, B> {
    /// Waits for good credentials; `false` when the client is to be let go.
    async fn authenticate(&mut self, opening: &Opening) -> Result<bool, tungstenite::Error> {
        if let (Some(key), Some(secret)) = (&opening.key, &opening.secret) {
            return self.judge(key, secret).await;
        }
        let deadline = tokio::time::Instant::now() + self.config.auth_wait;
        loop {
            let Ok(frame) = tokio::time::timeout_at(deadline, self.socket.next()).await else {
                self.refuse(404, "auth timeout").await?;
                return Ok(false);
            };
            let Some(frame) = frame else { return Ok(false) };
            let Some(request) = request_of(&frame?) else { continue };
            let Some(request) = request else {
                self.refuse(400, "invalid syntax").await?;
                continue;
            };
            if request["action"] != "auth" {
                self.refuse(401, "not authenticated").await?;
                continue;
            }
            let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
            return self.judge(&text("key"), &text("secret")).await;
        }
    }

    async fn judge(&mut self, key: &str, secret: &str) -> Result<bool, tungstenite::Error> {
        let good = secret == self.config.secret && self.config.key.as_deref().is_none_or(|wanted| wanted == key);
        if good {
            self.say(&json!([{"T": "success", "msg": "authenticated"}])).await?;
        } else {
            self.refuse(402, "auth failed").await?;
        }
        Ok(good)
    }

    async fn run(&mut self) -> Result<(), tungstenite::Error> {
        let mut ticks = Vec::new();
        let mut ended = false;
        loop {
            ticks.clear();
            tokio::select! {
                biased;
                frame = self.socket.next() => {
                    let Some(frame) = frame else { return Ok(()) };
                    let Some(request) = request_of(&frame?) else { continue };
                    self.answer(request.as_ref(), &mut ticks).await?;
                    self.send(&mut ticks).await?;
                }
                state = self.source.next(&mut ticks), if !ended && self.wanted.any() => {
                    self.send(&mut ticks).await?;
                    match state {
                        SourceState::More => {}
                        SourceState::Lagged => return self.refuse(407, "slow client").await,
                        SourceState::End => match self.config.close_at_end {
                            CloseAtEnd::Yes => return Ok(()),
                            CloseAtEnd::No => ended = true,
                        },
                    }
                }
            }
        }
    }

    async fn answer(
        &mut self,
        request: Option<&Value>,
        ticks: &mut Vec<SymbolTick>,
    ) -> Result<(), tungstenite::Error> {
        let Some(request) = request else { return self.refuse(400, "invalid syntax").await };
        match request["action"].as_str() {
            Some("auth") => self.refuse(403, "already authenticated").await,
            Some("subscribe") => {
                let before = self.wanted.clone();
                self.wanted.add(request);
                if self.wanted.count() > self.config.symbols_max {
                    self.wanted = before;
                    return self.refuse(405, "symbol limit exceeded").await;
                }
                let now = &self.wanted;
                self.source.snapshot(&|symbol| now.wants_any(symbol) && !before.wants_any(symbol), ticks);
                self.say(&self.wanted.reply()).await
            }
            Some("unsubscribe") => {
                self.wanted.remove(request);
                self.say(&self.wanted.reply()).await
            }
            Some(_) | None => self.refuse(400, "invalid syntax").await,
        }
    }

    async fn send(&mut self, ticks: &mut Vec<SymbolTick>) -> Result<(), tungstenite::Error> {
        ticks.retain(|tick| self.wanted.wants(tick));
        for batch in ticks.chunks(TICKS_PER_FRAME) {
            let mut bytes = Vec::with_capacity(batch.len() * 160);
            match self.encoding {
                Encoding::Json => {
                    encode::json(batch, &mut bytes);
                    let text = String::from_utf8(bytes).expect("symbols and digits are ASCII");
                    self.socket.feed(Frame::text(text)).await?;
                    continue;
                }
                Encoding::MessagePack => msgpack::encode(batch, &mut bytes),
                Encoding::Binary => {
                    self.encoder.symbols(batch, &mut bytes);
                    if !bytes.is_empty() {
                        self.socket.feed(Frame::binary(std::mem::take(&mut bytes))).await?;
                    }
                    self.encoder.ticks(batch, &mut bytes);
                }
            }
            self.socket.feed(Frame::binary(bytes)).await?;
        }
        self.socket.flush().await
    }

    async fn refuse(&mut self, code: u16, text: &str) -> Result<(), tungstenite::Error> {
        self.say(&json!([{"T": "error", "code": code, "msg": text}])).await
    }

    async fn say(&mut self, message: &Value) -> Result<(), tungstenite::Error> {
        let frame = match self.encoding {
            Encoding::Json | Encoding::Binary => Frame::text(message.to_string()),
            Encoding::MessagePack => {
                let mut bytes = Vec::new();
                msgpack::encode_value(message, &mut bytes);
                Frame::binary(bytes)
            }
        };
        self.socket.send(frame).await
    }
}

/// A client's request: `None` for frames that are none, `Some(None)` for one that cannot be read.
fn request_of(frame: &Frame) -> Option<Option<Value>> {
    match frame {
        Frame::Text(text) => Some(serde_json::from_str(text).ok()),
        Frame::Binary(bytes) => Some(
            rmp_serde::from_slice(bytes)
                .ok()
                .filter(Value::is_object)
                .or_else(|| serde_json::from_slice(bytes).ok()),
        ),
        Frame::Ping(_) | Frame::Pong(_) | Frame::Close(_) | Frame::Frame(_) => None,
    }
}

/// What a client subscribed to.
#[derive(Clone, Debug, Default)]
struct Wanted {
    channels: [BTreeSet<String>; CHANNELS.len()],
    symbols: HashMap<Symbol, Kinds>,
    all: Kinds,
}

#[derive(Clone, Copy, Debug, Default)]
struct Kinds {
    trades: bool,
    quotes: bool,
}

impl Wanted {
    fn add(&mut self, request: &Value) {
        self.change(request, |channel, symbol| {
            channel.insert(symbol.to_owned());
        });
    }

    fn remove(&mut self, request: &Value) {
        self.change(request, |channel, symbol| {
            channel.remove(symbol);
        });
    }

    fn change(&mut self, request: &Value, change: impl Fn(&mut BTreeSet<String>, &str)) {
        for (name, channel) in CHANNELS.iter().zip(&mut self.channels) {
            for symbol in request[name].as_array().into_iter().flatten().filter_map(Value::as_str) {
                change(channel, symbol);
            }
        }
        self.symbols.clear();
        let parsed = |channel: &BTreeSet<String>| -> Vec<Symbol> {
            channel.iter().filter_map(|text| Symbol::parse(text).ok()).collect()
        };
        for symbol in parsed(&self.channels[TRADES]) {
            self.symbols.entry(symbol).or_default().trades = true;
        }
        for symbol in parsed(&self.channels[QUOTES]) {
            self.symbols.entry(symbol).or_default().quotes = true;
        }
        let all = |channel: &BTreeSet<String>| channel.contains("*");
        self.all = Kinds { trades: all(&self.channels[TRADES]), quotes: all(&self.channels[QUOTES]) };
    }

    fn count(&self) -> usize {
        self.symbols.len()
    }

    fn any(&self) -> bool {
        self.all.trades || self.all.quotes || !self.symbols.is_empty()
    }

    fn kinds(&self, symbol: Symbol) -> Kinds {
        let own = self.symbols.get(&symbol).copied().unwrap_or_default();
        Kinds { trades: own.trades || self.all.trades, quotes: own.quotes || self.all.quotes }
    }

    fn wants_any(&self, symbol: Symbol) -> bool {
        let kinds = self.kinds(symbol);
        kinds.trades || kinds.quotes
    }

    fn wants(&self, tick: &SymbolTick) -> bool {
        match tick.body {
            TickBody::Quote(_) => self.kinds(tick.symbol).quotes,
            TickBody::Trade(_) => self.kinds(tick.symbol).trades,
        }
    }

    fn reply(&self) -> Value {
        let mut reply = json!({"T": "subscription"});
        for (name, channel) in CHANNELS.iter().zip(&self.channels) {
            reply[name] = json!(channel);
        }
        json!([reply])
    }
}
