//! One connection to a server that speaks the protocol, from the handshake to its end.
//!
//! Ticks go to the sink in the order of arrival. Nothing is retried here: how a connection ended is
//! told to the supervisor. The invariant: `feed_up` is called before the first tick of a connection,
//! and only for one that sends ticks.

use super::known::KnownSymbols;
use super::{CONTENT_TYPE_BINARY, CONTENT_TYPE_MSGPACK, FrameError, Message, QuoteSizes, binary, json, msgpack};
use crate::checks::{CheckConfig, Checks, Verdict};
use crate::socket::Socket;
use crate::websocket;
use crate::{
    AlpacaConfig, DropReason, Encoding, FeedStatus, StopSignal, Subscriptions, Symbols, TickSink, stopped,
};
use model::{InstrumentId, Symbol, Tick, TickBody, Time};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request, header::CONTENT_TYPE};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message as Frame, Utf8Bytes};

/// Symbols in one subscribe message, so that it stays far below the frames that servers take.
const SYMBOLS_PER_REQUEST: usize = 1_000;
/// Ticks that are read before they are passed on, where so many are there.
const TICKS_TOGETHER: usize = 1_024;
/// How often to let others run before waiting for a sink that is full.
const YIELDS_MAX: usize = 64;
/// How long to wait before pushing again to a sink that is full.
const FULL_WAIT: Duration = Duration::from_micros(200);
/// How long to try to say goodbye.
const CLOSE_MAX: Duration = Duration::from_secs(1);
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
    intake: Intake,
    up_since: Option<Instant>,
    logged_at: Option<Instant>,
}

/// Turns messages into good ticks of known instruments.
struct Intake {
    symbols: Arc<dyn Symbols>,
    status: Arc<FeedStatus>,
    sizes: QuoteSizes,
    known: KnownSymbols,
    checks: Checks,
    /// Instruments by the numbers that the binary form gives to symbols on this connection.
    numbered: Vec<Option<InstrumentId>>,
    /// Those that passed the checks.
    ticks: Vec<Tick>,
    /// Ticks of known instruments that were read, passed or not.
    received: usize,
    /// Why the latest of them was dropped, until it is logged.
    dropped: Option<DropReason>,
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
        let intake = Intake {
            symbols,
            status: Arc::clone(&status),
            sizes,
            known: KnownSymbols::new(),
            checks: Checks::new(CheckConfig::default()),
            numbered: Vec::new(),
            ticks: Vec::new(),
            received: 0,
            dropped: None,
            controls: Vec::new(),
        };
        Self { config, subscriptions, status, sink, stop, intake, up_since: None, logged_at: None }
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
        self.intake.checks.reconnected();
        let connect = Socket::connect(request);
        let mut stop = self.stop.clone();
        let connected = tokio::select! {
            () = stopped(&mut stop) => return End::Stopped,
            connected = timeout(self.config.timing.handshake_max, connect) => connected,
        };
        match connected {
            Err(_) => End::Lost("the connection took too long to open".to_owned()),
            Ok(Err(why)) => End::Lost(why),
            Ok(Ok(socket)) => match self.read(socket).await {
                Ok(end) | Err(end) => end,
            },
        }
    }

    async fn read(&mut self, mut socket: Socket) -> Result<End, End> {
        let timing = self.config.timing;
        let mut stop = self.stop.clone();
        let mut wanted = self.subscriptions.watch();
        let mut decoder = binary::Decoder::new();
        self.intake.numbered.clear();
        let mut stage = Stage::Connecting;
        let opened = Instant::now();
        let (mut heard, mut pinged) = (opened, false);
        let wake = tokio::time::sleep(timing.ping_after.min(timing.handshake_max));
        tokio::pin!(wake);
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => {
                    close(&mut socket, None).await;
                    return Ok(End::Stopped);
                }
                Ok(()) = wanted.changed() => {
                    if let Stage::Subscribed { count } = stage {
                        stage = Stage::Subscribed { count: self.subscribe(&mut socket, count).await? };
                    }
                }
                end = poll_fn(|ctx| self.poll_frames(&mut socket, &mut decoder, ctx)) => {
                    (heard, pinged) = (Instant::now(), false);
                    self.deliver().await?;
                    match end {
                        None => {}
                        Some(Over::Lost(why)) => return Ok(End::Lost(why)),
                        Some(Over::Closed(reply, why)) => {
                            close(&mut socket, reply).await;
                            return Ok(End::Lost(why));
                        }
                    }
                    if let Some(pong) = socket.pong() {
                        self.write(&mut socket, pong).await?;
                    }
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
                        self.write(&mut socket, Frame::Ping(bytes::Bytes::new())).await?;
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

    /// Takes the frames that are there, up to a number of ticks or an answer to this side, so that what
    /// follows is done once for all of them; and says how the connection ended, if it did.
    fn poll_frames(
        &mut self,
        socket: &mut Socket,
        decoder: &mut binary::Decoder,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Over>> {
        let (mut frames, mut bytes) = (0, 0);
        let over = loop {
            let frame = match socket.poll_frame(ctx) {
                Poll::Ready(Ok(frame)) => frame,
                Poll::Ready(Err(why)) => break Some(Over::Lost(why)),
                Poll::Pending if frames == 0 => return Poll::Pending,
                Poll::Pending => break None,
            };
            frames += 1;
            match frame {
                websocket::Frame::Text(text) => {
                    bytes += text.len();
                    let decoded = json::decode_text(text, self.intake.sizes, &mut self.intake.taker());
                    self.take(decoded);
                }
                websocket::Frame::Binary(data) => {
                    bytes += data.len();
                    self.take_binary(data, decoder);
                }
                websocket::Frame::Ping(_) | websocket::Frame::Pong => {}
                websocket::Frame::Close(close) => break Some(Over::of(close)),
            }
            if self.intake.received >= TICKS_TOGETHER || !self.intake.controls.is_empty() {
                break None;
            }
        };
        if bytes > 0 {
            self.status.note_messages(frames, bytes);
        }
        Poll::Ready(over)
    }

    fn take_binary(&mut self, data: &[u8], decoder: &mut binary::Decoder) {
        let intake = &mut self.intake;
        let decoded = match self.config.encoding {
            Encoding::MessagePack => msgpack::decode(data, intake.sizes, &mut intake.taker()),
            Encoding::Binary => decoder.decode_numbered(data, intake),
            Encoding::Json => json::decode(data, intake.sizes, &mut intake.taker()),
        };
        self.take(decoded);
    }

    fn take(&mut self, decoded: Result<(), FrameError>) {
        if let Err(FrameError { reason }) = decoded {
            self.status.note(DropReason::Malformed);
            self.log_drop(&reason);
        }
    }

    /// Pushes the good ticks of those that were read, waiting while the sink is full.
    async fn deliver(&mut self) -> Result<(), End> {
        let received = std::mem::take(&mut self.intake.received);
        if received == 0 {
            return Ok(());
        }
        if let Some(reason) = self.intake.dropped.take() {
            self.log_drop(reason.name());
        }
        let mut ticks = std::mem::take(&mut self.intake.ticks);
        if self.up_since.is_none() && !ticks.is_empty() {
            self.up_since = Some(Instant::now());
            self.sink.feed_up();
            self.status.note_up();
        }
        let mut pushed = self.sink.push_all(&ticks);
        let mut yields = 0;
        while pushed < ticks.len() {
            if *self.stop.borrow() || self.stop.has_changed().is_err() {
                return Err(End::Stopped);
            }
            // Timers are coarse: a sink that soon has room again is not slept over.
            yields += 1;
            if yields <= YIELDS_MAX {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(FULL_WAIT).await;
            }
            let more = self.sink.push_all(&ticks[pushed..]);
            pushed += more;
            yields = if more > 0 { 0 } else { yields };
        }
        self.status.note_ticks(received as u64, pushed as u64);
        ticks.clear();
        self.intake.ticks = ticks;
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
        self.write(socket, frame).await
    }

    async fn write(&mut self, socket: &mut Socket, frame: Frame) -> Result<(), End> {
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
        let Some(instrument) = self.known.get(symbol).or_else(|| self.learn(symbol)) else {
            self.status.note_ticks(1, 0);
            self.status.note(DropReason::UnknownSymbol);
            return;
        };
        self.judge(Tick { instrument, time, body });
    }

    /// Keeps a tick when it is good, and counts it either way.
    #[inline]
    fn judge(&mut self, tick: Tick) {
        self.received += 1;
        match self.checks.check(&tick) {
            Verdict::Pass => self.ticks.push(tick),
            Verdict::Marked(reason) => {
                self.status.note(reason);
                self.ticks.push(tick);
            }
            Verdict::Dropped(reason) => {
                self.status.note(reason);
                self.dropped = Some(reason);
            }
        }
    }

    fn learn(&mut self, symbol: &str) -> Option<InstrumentId> {
        let instrument = self.symbols.resolve(symbol)?;
        self.known.insert(symbol, instrument);
        Some(instrument)
    }
}

impl binary::Take for Intake {
    fn tick(&mut self, number: usize, symbol: &Symbol, (time, body): (Time, TickBody)) {
        if let Some(Some(instrument)) = self.numbered.get(number) {
            return self.judge(Tick { instrument: *instrument, time, body });
        }
        self.tick(symbol.as_str(), time, body);
        if let Some(instrument) = self.known.get(symbol.as_str()) {
            if self.numbered.len() <= number {
                self.numbered.resize(number + 1, None);
            }
            self.numbered[number] = Some(instrument);
        }
    }

    fn malformed(&mut self) {
        self.status.note(DropReason::Malformed);
    }
}

/// Why there is nothing more to read.
#[derive(Debug)]
enum Over {
    /// Whatever it was.
    Lost(String),
    /// The server closed: what it is answered with, and what it said.
    Closed(Option<CloseFrame>, String),
}

impl Over {
    fn of(close: Option<(u16, &str)>) -> Self {
        let Some((code, reason)) = close else { return Self::Closed(None, "the server closed".to_owned()) };
        let code = CloseCode::from(code);
        let said = format!("the server closed: {reason} ({code})");
        // A code that may not be sent is answered as what it is.
        let code = if code.is_allowed() { code } else { CloseCode::Protocol };
        Self::Closed(Some(CloseFrame { code, reason: Utf8Bytes::default() }), said)
    }
}

/// Says that this side closes, to a server that may not listen any more.
async fn close(socket: &mut Socket, frame: Option<CloseFrame>) {
    let _ = timeout(CLOSE_MAX, socket.send(Frame::Close(frame))).await;
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn lost(error: tungstenite::Error) -> End {
    End::Lost(error.to_string())
}
