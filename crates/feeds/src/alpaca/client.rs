//! One connection to a server that speaks the protocol, from the handshake to its end.
//!
//! Ticks go to the sink in the order of arrival. Nothing is retried here: how a connection ended is
//! told to the supervisor. The invariant: `feed_up` is called before the first tick of a connection,
//! and only for one that sends ticks.

use super::{CONTENT_TYPE_BINARY, CONTENT_TYPE_MSGPACK, FrameError, Message, QuoteSizes, binary, json, msgpack};
use crate::checks::{CheckConfig, Checks, Verdict};
use crate::{
    AlpacaConfig, DropReason, Encoding, FeedStatus, Push, StopSignal, Subscriptions, Symbols, TickSink, stopped,
};
use futures_util::{SinkExt, StreamExt};
use model::{InstrumentId, Symbol, Tick, TickBody, Time, limits};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request, header::CONTENT_TYPE};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Symbols in one subscribe message, so that it stays far below the frames that servers take.
const SYMBOLS_PER_REQUEST: usize = 1_000;
/// How long to wait before pushing again to a sink that is full.
const FULL_WAIT: Duration = Duration::from_micros(200);
/// At most one line about bad ticks in this time.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The task was told to stop.
    Stopped,
    /// Whatever it was, it may be tried again.
    Lost(String),
    /// Another connection is still open (406): to be tried again after a while.
    ConnectionLimit(String),
    /// It makes no sense to try again.
    Refused {
        /// The protocol's code.
        code: u16,
        /// The server's words.
        text: String,
    },
}

/// A provider: what outlives its connections.
pub(crate) struct Client {
    pub(crate) config: AlpacaConfig,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) status: Arc<FeedStatus>,
    pub(crate) sink: Box<dyn TickSink>,
    stop: StopSignal,
    checks: Checks,
    intake: Intake,
    up_since: Option<Instant>,
    logged_at: Option<Instant>,
}

/// Turns messages into ticks of known instruments.
struct Intake {
    symbols: Arc<dyn Symbols>,
    status: Arc<FeedStatus>,
    sizes: QuoteSizes,
    known: HashMap<Box<str>, InstrumentId>,
    ticks: Vec<Tick>,
    controls: Vec<Control>,
}

#[derive(Debug)]
enum Control {
    Connected,
    Authenticated,
    Error { code: u16, text: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Authenticating,
    Subscribed { count: usize },
}

impl Client {
    pub(crate) fn new(
        config: AlpacaConfig,
        symbols: Arc<dyn Symbols>,
        subscriptions: Subscriptions,
        (sink, status, stop): (Box<dyn TickSink>, Arc<FeedStatus>, StopSignal),
    ) -> Self {
        let sizes = if config.round_lots { QuoteSizes::RoundLots } else { QuoteSizes::Shares };
        let (known, ticks, controls) = (HashMap::new(), Vec::new(), Vec::new());
        let intake = Intake { symbols, status: Arc::clone(&status), sizes, known, ticks, controls };
        let checks = Checks::new(CheckConfig::default());
        Self { config, subscriptions, status, sink, stop, checks, intake, up_since: None, logged_at: None }
    }

    /// The opening request, or what is wrong with the address.
    pub(crate) fn request(config: &AlpacaConfig) -> Result<Request<()>, String> {
        let mut request = config.url.as_str().into_client_request().map_err(|error| error.to_string())?;
        let scheme = request.uri().scheme_str().unwrap_or_default();
        if !matches!(scheme, "ws" | "wss") || request.uri().host().is_none_or(str::is_empty) {
            return Err("it must begin with ws:// or wss:// and name a host".to_owned());
        }
        let content_type = match config.encoding {
            Encoding::Json => return Ok(request),
            Encoding::MessagePack => CONTENT_TYPE_MSGPACK,
            Encoding::Binary => CONTENT_TYPE_BINARY,
        };
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Ok(request)
    }

    /// How long data has flowed on the connection that just ended.
    pub(crate) fn healthy_for(&self) -> Duration {
        self.up_since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Tells the sink and the status that the connection is over.
    pub(crate) fn lost(&mut self, why: &str) {
        if self.up_since.is_some() {
            self.sink.feed_lost();
        }
        self.status.note_disconnect(why);
    }

    /// Connects and reads until the connection ends.
    pub(crate) async fn connect(&mut self, request: Request<()>) -> End {
        self.up_since = None;
        self.checks.reconnected();
        let frame_limits = WebSocketConfig::default()
            .max_message_size(Some(limits::FEED_FRAME_BYTES_MAX))
            .max_frame_size(Some(limits::FEED_FRAME_BYTES_MAX));
        let connect = tokio_tungstenite::connect_async_with_config(request, Some(frame_limits), true);
        let mut stop = self.stop.clone();
        let connected = tokio::select! {
            () = stopped(&mut stop) => return End::Stopped,
            connected = timeout(self.config.timing.handshake_max, connect) => connected,
        };
        match connected {
            Err(_) => End::Lost("the connection took too long to open".to_owned()),
            Ok(Err(error)) => End::Lost(error.to_string()),
            Ok(Ok((socket, _))) => match self.read(socket).await {
                Ok(end) | Err(end) => end,
            },
        }
    }

    async fn read(&mut self, mut socket: Socket) -> Result<End, End> {
        let timing = self.config.timing;
        let mut stop = self.stop.clone();
        let mut wanted = self.subscriptions.watch();
        let mut decoder = binary::Decoder::new();
        let mut stage = Stage::Connecting;
        let opened = Instant::now();
        let (mut heard, mut pinged) = (opened, false);
        let wake = tokio::time::sleep(timing.ping_after.min(timing.handshake_max));
        tokio::pin!(wake);
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => {
                    let _ = timeout(Duration::from_secs(1), socket.close(None)).await;
                    return Ok(End::Stopped);
                }
                Ok(()) = wanted.changed() => {
                    if let Stage::Subscribed { count } = stage {
                        stage = Stage::Subscribed { count: self.subscribe(&mut socket, count).await? };
                    }
                }
                frame = socket.next() => {
                    let Some(frame) = frame else { return Ok(End::Lost("the server closed".to_owned())) };
                    (heard, pinged) = (Instant::now(), false);
                    self.take(&frame.map_err(lost)?, &mut decoder)?;
                    self.deliver().await?;
                    stage = self.follow(&mut socket, stage).await?;
                }
                () = &mut wake => {
                    let silent = heard.elapsed();
                    if !matches!(stage, Stage::Subscribed { .. }) && opened.elapsed() >= timing.handshake_max {
                        return Ok(End::Lost("the server did not finish the handshake".to_owned()));
                    }
                    if silent >= timing.silent_max {
                        return Ok(End::Lost(format!("nothing was heard for {} ms", silent.as_millis())));
                    }
                    if silent >= timing.ping_after && !pinged {
                        socket.send(Frame::Ping(bytes::Bytes::new())).await.map_err(lost)?;
                        pinged = true;
                    }
                    let next = if pinged { heard + timing.silent_max } else { heard + timing.ping_after };
                    let next = match stage {
                        Stage::Subscribed { .. } => next,
                        Stage::Connecting | Stage::Authenticating => next.min(opened + timing.handshake_max),
                    };
                    wake.as_mut().reset(next);
                }
            }
        }
    }

    fn take(&mut self, frame: &Frame, decoder: &mut binary::Decoder) -> Result<(), End> {
        let (data, is_text): (&[u8], bool) = match frame {
            Frame::Text(text) => (text.as_bytes(), true),
            Frame::Binary(data) => (data, false),
            Frame::Close(close) => return Err(End::Lost(close_reason(close.as_ref()))),
            Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_) => return Ok(()),
        };
        self.status.note_message(data.len());
        let decoded = match self.config.encoding {
            Encoding::MessagePack if !is_text => {
                msgpack::decode(data, self.intake.sizes, &mut self.intake.taker())
            }
            Encoding::Binary if !is_text => decoder.decode(data, &mut self.intake.taker()),
            Encoding::Json | Encoding::MessagePack | Encoding::Binary => {
                json::decode(data, self.intake.sizes, &mut self.intake.taker())
            }
        };
        if let Err(FrameError { reason }) = decoded {
            self.status.note(DropReason::Malformed);
            self.log_drop(&reason);
        }
        Ok(())
    }

    /// Checks the ticks of a frame and pushes the good ones, waiting while the sink is full.
    async fn deliver(&mut self) -> Result<(), End> {
        let ticks = std::mem::take(&mut self.intake.ticks);
        let mut accepted = 0;
        for tick in &ticks {
            match self.checks.check(tick) {
                Verdict::Pass => {}
                Verdict::Marked(reason) => self.status.note(reason),
                Verdict::Dropped(reason) => {
                    self.status.note(reason);
                    self.log_drop(reason.name());
                    continue;
                }
            }
            if self.up_since.is_none() {
                self.up_since = Some(Instant::now());
                self.sink.feed_up();
                self.status.note_up();
            }
            while self.sink.push(*tick) == Push::Full {
                if *self.stop.borrow() || self.stop.has_changed().is_err() {
                    return Err(End::Stopped);
                }
                tokio::time::sleep(FULL_WAIT).await;
            }
            accepted += 1;
        }
        self.status.note_ticks(ticks.len() as u64, accepted);
        self.intake.ticks = ticks;
        self.intake.ticks.clear();
        Ok(())
    }

    /// Goes on with the handshake, or hears a refusal.
    async fn follow(&mut self, socket: &mut Socket, mut stage: Stage) -> Result<Stage, End> {
        for control in std::mem::take(&mut self.intake.controls) {
            match control {
                Control::Connected => {
                    let (key, secret) = (&self.config.key, &self.config.secret);
                    let request = serde_json::json!({"action": "auth", "key": key, "secret": secret});
                    self.send(socket, &request).await?;
                    stage = Stage::Authenticating;
                }
                Control::Authenticated => {
                    self.status.note_connect();
                    stage = Stage::Subscribed { count: self.subscribe(socket, 0).await? };
                }
                Control::Error { code, text } => self.hear_error(code, text)?,
            }
        }
        Ok(stage)
    }

    fn hear_error(&self, code: u16, text: String) -> Result<(), End> {
        match code {
            402 | 408 | 409 => Err(End::Refused { code, text }),
            406 => Err(End::ConnectionLimit(text)),
            403 | 405 => {
                tracing::warn!(url = %self.config.url, code, text, "the feed refused a request");
                Ok(())
            }
            _ => Err(End::Lost(format!("the server said {code} {text}"))),
        }
    }

    /// Asks for the symbols after the first `known`; returns how many are asked for then.
    async fn subscribe(&mut self, socket: &mut Socket, known: usize) -> Result<usize, End> {
        let added = self.subscriptions.added_after(known);
        for symbols in added.chunks(SYMBOLS_PER_REQUEST) {
            let symbols: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
            let request = serde_json::json!({"action": "subscribe", "trades": symbols, "quotes": symbols});
            self.send(socket, &request).await?;
        }
        Ok(known + added.len())
    }

    async fn send(&mut self, socket: &mut Socket, request: &serde_json::Value) -> Result<(), End> {
        let frame = match self.config.encoding {
            Encoding::Json | Encoding::Binary => Frame::text(request.to_string()),
            Encoding::MessagePack => {
                let mut bytes = Vec::new();
                msgpack::encode_value(request, &mut bytes);
                Frame::binary(bytes)
            }
        };
        timeout(self.config.timing.silent_max, socket.send(frame))
            .await
            .map_err(|_| End::Lost("the server takes nothing".to_owned()))?
            .map_err(lost)
    }

    fn log_drop(&mut self, reason: &str) {
        if self.logged_at.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
            self.logged_at = Some(Instant::now());
            let quarantined = self.status.quarantined();
            tracing::warn!(url = %self.config.url, reason, quarantined, "a tick was dropped; not every one is logged");
        }
    }
}

impl Intake {
    fn taker(&mut self) -> impl FnMut(Message<'_>) + '_ {
        move |message| match message {
            Message::Quote { symbol, time, quote } => self.tick(symbol, time, TickBody::Quote(quote)),
            Message::Trade { symbol, time, trade } => self.tick(symbol, time, TickBody::Trade(trade)),
            Message::Connected => self.controls.push(Control::Connected),
            Message::Authenticated => self.controls.push(Control::Authenticated),
            Message::Error { code, text } => self.controls.push(Control::Error { code, text: text.to_owned() }),
            Message::Malformed => self.status.note(DropReason::Malformed),
            Message::Bar { .. } | Message::Status { .. } | Message::Subscription { .. } | Message::Other => {}
        }
    }

    fn tick(&mut self, symbol: &str, time: Time, body: TickBody) {
        let known = self.known.get(symbol).copied();
        let Some(instrument) = known.or_else(|| self.learn(symbol)) else {
            self.status.note_ticks(1, 0);
            self.status.note(DropReason::UnknownSymbol);
            return;
        };
        self.ticks.push(Tick { instrument, time, body });
    }

    fn learn(&mut self, symbol: &str) -> Option<InstrumentId> {
        let instrument = self.symbols.resolve(symbol)?;
        self.known.insert(symbol.into(), instrument);
        Some(instrument)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn lost(error: tungstenite::Error) -> End {
    End::Lost(error.to_string())
}

fn close_reason(close: Option<&tungstenite::protocol::CloseFrame>) -> String {
    close.map_or_else(|| "the server closed".to_owned(), |close| format!("the server closed: {close}"))
}
