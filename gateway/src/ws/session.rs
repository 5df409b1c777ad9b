//! One client's conversation: authentication, subscriptions, heartbeats, the end.
//!
//! Portfolio messages are never dropped: a client that reads too slowly is cut off with the last
//! sequence it was given, and resumes from there. Quotes are conflated. Whatever a client does, it
//! holds a bounded amount of memory and nobody waits for it.

use super::protocol::{Channel, ClientMessage, Head, Operation, ServerMessage, Subscribed};
use super::socket::Socket;
use crate::auth::{Principal, identify_key, identify_token};
use crate::dto::{Timestamp, symbol};
use crate::json::parse_object;
use crate::problem::Problem;
use crate::state::{AppState, stopped};
use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::stream::{self, AbortHandle, BoxStream, SelectAll};
use futures_util::{FutureExt, StreamExt};
use model::{Instrument, PortfolioId, PortfolioSeq, Symbol};
use runtime::{After, CutOff, SlowConsumer, StreamBatch, SubscribeError, Subscription};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use uuid::Uuid;

const AUTH_DEADLINE: Duration = Duration::from_secs(5);
const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);
const QUOTES_EVERY: Duration = Duration::from_millis(100);
/// A client that says nothing for this long is pinged, and after twice this long let go.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// How long a write may wait for a client that does not read.
const WRITE_MAX: Duration = Duration::from_secs(30);
/// How often a key is looked up again, so that a revoked one ends its sockets.
const RECHECK_EVERY: Duration = Duration::from_secs(3);
/// Portfolios that one socket may follow (guess: all that a user may hold).
const PORTFOLIOS_MAX: usize = 100;
/// Symbols that one socket may follow (guess: a large watch list).
const SYMBOLS_MAX: usize = 1_000;
/// Batches that are written before the client is listened to again.
const BATCHES_TOGETHER_MAX: usize = 8;

const CLOSE_GOING_AWAY: u16 = 1001;
const CLOSE_AUTH: u16 = 4001;
const CLOSE_IDLE: u16 = 4000;
const CLOSE_SLOW: u16 = 4008;
/// Longest reason in a close frame (RFC 6455, section 5.5: 125 bytes with the code).
const REASON_BYTES_MAX: usize = 123;

/// Why a conversation ends: the close code and its reason, or nothing when the client is gone.
type End = Option<(u16, String)>;

/// What a portfolio's stream sends to its socket.
enum FromStream {
    Batch(StreamBatch),
    Ended(Uuid, SlowConsumer),
}

struct Follow {
    id: PortfolioId,
    abort: AbortHandle,
}

struct Watched {
    instrument: Arc<Instrument>,
    sent: Option<(u64, bool)>,
}

struct Session {
    state: AppState,
    socket: Socket,
    principal: Principal,
    portfolios: BTreeMap<Uuid, Follow>,
    quotes: BTreeMap<Symbol, Watched>,
    streams: SelectAll<BoxStream<'static, FromStream>>,
    last_heard: Instant,
    last_checked: Instant,
}

/// Runs a conversation to its end.
pub(super) async fn run(state: AppState, mut socket: Socket) {
    let _counted = state.metrics.socket_opened();
    let end = match authenticate(&state, &mut socket).await {
        Ok(principal) => {
            let now = Instant::now();
            let mut session = Session {
                state,
                socket,
                principal,
                portfolios: BTreeMap::new(),
                quotes: BTreeMap::new(),
                streams: SelectAll::new(),
                last_heard: now,
                last_checked: now,
            };
            let end = session.converse().await;
            socket = session.socket;
            end
        }
        Err(end) => end,
    };
    let Some((code, reason)) = end else { return };
    if code == CLOSE_AUTH {
        let error = ServerMessage::error("UNAUTHORIZED", reason.clone());
        let _ = timeout(WRITE_MAX, socket.put(error.text().as_bytes())).await;
    }
    let frame = CloseFrame { code: code.into(), reason: fitting(reason).into() };
    let _ = timeout(WRITE_MAX, socket.send(Message::Close(Some(frame)))).await;
    // The client's answer is waited for, so that its last bytes are not lost to a reset.
    let drain = async { while let Some(Ok(_)) = socket.next().await {} };
    let _ = timeout(Duration::from_secs(2), drain).await;
}

/// What of a reason fits into a close frame; it may quote what a client sent.
fn fitting(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
    reason
}

/// Waits for the first message, which must prove who it is.
async fn authenticate(state: &AppState, socket: &mut Socket) -> Result<Principal, End> {
    let refuse = |reason: &str| Some((CLOSE_AUTH, reason.to_owned()));
    let deadline = Instant::now() + AUTH_DEADLINE;
    loop {
        let Ok(received) = timeout_at(deadline, socket.next()).await else {
            return Err(refuse("no authentication within 5 seconds"));
        };
        match received {
            Some(Ok(Message::Text(text))) => {
                let message = parse_object::<ClientMessage>(text.as_bytes())
                    .map_err(|problem| refuse(&format!("the first message must be auth: {}", problem.detail())))?;
                if message.op != Operation::Auth {
                    return Err(refuse("the first message must be auth"));
                }
                return prove(state, &message).map_err(|_| refuse("valid credentials are required"));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Binary(_))) => return Err(refuse("the first message must be auth")),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(None),
        }
    }
}

fn prove(state: &AppState, message: &ClientMessage) -> Result<Principal, Problem> {
    match (&message.token, &message.key_id, &message.secret) {
        (Some(token), None, None) => identify_token(state, token),
        (None, Some(key_id), Some(secret)) => identify_key(state, key_id, secret),
        _ => Err(Problem::unauthorized()),
    }
}

impl Session {
    async fn converse(&mut self) -> End {
        if let Err(end) = self.tell(&ServerMessage::Authenticated {}).await {
            return end;
        }
        let mut heartbeat = interval(HEARTBEAT_EVERY);
        let mut quotes = interval(QUOTES_EVERY);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        quotes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = self.state.stopping.clone();
        loop {
            let step = tokio::select! {
                biased;
                () = stopped(&mut stopping) => Err(Some((CLOSE_GOING_AWAY, "the server is stopping".to_owned()))),
                received = self.socket.next() => self.hear(received).await,
                Some(first) = self.streams.next(), if !self.streams.is_empty() => self.pass_on(first).await,
                _ = heartbeat.tick() => self.beat().await,
                _ = quotes.tick(), if !self.quotes.is_empty() => self.send_quotes().await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn tell(&mut self, message: &ServerMessage) -> Result<(), End> {
        self.put(message.text().as_bytes()).await?;
        self.finish().await
    }

    async fn put(&mut self, text: &[u8]) -> Result<(), End> {
        match timeout(WRITE_MAX, self.socket.put(text)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(None),
        }
    }

    async fn finish(&mut self) -> Result<(), End> {
        match timeout(WRITE_MAX, self.socket.finish()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(None),
        }
    }

    /// Sends what streams have, all that is there before one writing, under one deadline.
    async fn pass_on(&mut self, first: FromStream) -> Result<(), End> {
        let (socket, streams) = (&mut self.socket, &mut self.streams);
        let sending = async {
            let (mut next, mut batches) = (Some(first), 0);
            let mut ended = Ok(());
            while let Some(from_stream) = next.take() {
                match from_stream {
                    FromStream::Batch(batch) => {
                        socket.pass_on(&batch.runs).await.map_err(|_| None)?;
                        batches += 1;
                    }
                    FromStream::Ended(portfolio, end) => {
                        ended = Err(Some(cut_off(portfolio, end)));
                        break;
                    }
                }
                if batches < BATCHES_TOGETHER_MAX {
                    next = streams.next().now_or_never().flatten();
                }
            }
            ended
        };
        timeout(WRITE_MAX, sending).await.unwrap_or(Err(None))
    }

    async fn beat(&mut self) -> Result<(), End> {
        let now = Instant::now();
        let silent = now.saturating_duration_since(self.last_heard);
        if silent > 2 * IDLE_MAX {
            return Err(Some((CLOSE_IDLE, "nothing was heard for 60 seconds".to_owned())));
        }
        self.check_credentials(now)?;
        let head = |(portfolio_id, follow): (&Uuid, &Follow)| Head {
            channel: Channel::Portfolio,
            portfolio_id: *portfolio_id,
            head_seq: self.state.handle.head_seq(follow.id).map_or(0, PortfolioSeq::get),
        };
        let heads = self.portfolios.iter().map(head).collect();
        let time = Timestamp(self.state.handle.engine_time());
        self.put(ServerMessage::Heartbeat { time, heads }.text().as_bytes()).await?;
        if silent > IDLE_MAX {
            let ping = timeout(WRITE_MAX, self.socket.send(Message::Ping(Bytes::new()))).await;
            if !matches!(ping, Ok(Ok(()))) {
                return Err(None);
            }
        }
        self.finish().await
    }

    /// That the token has not run out and the key was not revoked.
    fn check_credentials(&mut self, now: Instant) -> Result<(), End> {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if self.principal.expires_at.is_some_and(|end| wall >= end) {
            return Err(Some((CLOSE_AUTH, "the token has run out".to_owned())));
        }
        let Some(key_id) = &self.principal.key_id else { return Ok(()) };
        if now.saturating_duration_since(self.last_checked) < RECHECK_EVERY {
            return Ok(());
        }
        self.last_checked = now;
        match self.state.catalogue().key(key_id) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Some((CLOSE_AUTH, "the key was revoked".to_owned()))),
            Err(error) => {
                tracing::error!(%error, "a key cannot be looked up");
                Ok(())
            }
        }
    }

    async fn send_quotes(&mut self) -> Result<(), End> {
        let state = self.state.clone();
        let mut changed = Vec::new();
        for watched in self.quotes.values_mut() {
            if let Some(quote) = state.market.quote_message(&state.handle, &watched.instrument)
                && watched.sent != Some(quote.version)
            {
                watched.sent = Some(quote.version);
                changed.push(quote.bytes);
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        for bytes in changed {
            self.put(&bytes).await?;
        }
        self.finish().await
    }

    async fn hear(&mut self, received: Option<Result<Message, Error>>) -> Result<(), End> {
        self.last_heard = Instant::now();
        let text = match received {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Ok(()),
            Some(Ok(Message::Binary(_))) => {
                return self.tell(&ServerMessage::error("INVALID_JSON", "messages are JSON text")).await;
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(None),
        };
        let message = match parse_object::<ClientMessage>(text.as_bytes()) {
            Ok(message) => message,
            Err(problem) => {
                return self.tell(&ServerMessage::error(problem.code(), problem.detail().to_owned())).await;
            }
        };
        let reply = match (message.op, message.channel) {
            (Operation::Ping, _) => ServerMessage::Pong {},
            (Operation::Auth, _) => self.renew(&message)?,
            (Operation::Subscribe, Some(Channel::Portfolio)) => return self.follow(&message).await,
            (Operation::Subscribe, Some(Channel::Quotes)) => self.watch(message.symbols),
            (Operation::Unsubscribe, Some(Channel::Portfolio)) => self.unfollow(message.portfolio_id),
            (Operation::Unsubscribe, Some(Channel::Quotes)) => self.unwatch(message.symbols),
            (Operation::Subscribe | Operation::Unsubscribe, None) => {
                ServerMessage::error("MISSING_FIELD", "channel is required")
            }
        };
        self.tell(&reply).await
    }

    /// Takes a newer proof of the same user.
    fn renew(&mut self, message: &ClientMessage) -> Result<ServerMessage, End> {
        match prove(&self.state, message) {
            Ok(principal)
                if principal.user == self.principal.user && principal.bound_to == self.principal.bound_to =>
            {
                self.principal = principal;
                Ok(ServerMessage::Authenticated {})
            }
            Ok(_) | Err(_) => Err(Some((CLOSE_AUTH, "valid credentials are required".to_owned()))),
        }
    }

    async fn follow(&mut self, message: &ClientMessage) -> Result<(), End> {
        let Some(portfolio_id) = message.portfolio_id else {
            return self.tell(&ServerMessage::error("MISSING_FIELD", "portfolio_id is required")).await;
        };
        match self.open_stream(portfolio_id, message).await {
            Ok((id, subscription)) => {
                let subscribed = Subscribed::Portfolio {
                    channel: Channel::Portfolio,
                    portfolio_id,
                    epoch: subscription.epoch.to_string(),
                    head_seq: subscription.head_seq.get(),
                    oldest_seq: subscription.oldest_seq.get(),
                };
                self.tell(&ServerMessage::Subscribed(subscribed)).await?;
                let (messages, abort) = stream::abortable(messages(portfolio_id, subscription));
                self.streams.push(messages.boxed());
                self.portfolios.insert(portfolio_id, Follow { id, abort });
                Ok(())
            }
            Err(problem) => {
                let error = ServerMessage::about(&problem, Channel::Portfolio, Some(portfolio_id));
                self.tell(&error).await
            }
        }
    }

    async fn open_stream(
        &mut self,
        portfolio_id: Uuid,
        message: &ClientMessage,
    ) -> Result<(PortfolioId, Subscription), Problem> {
        if self.portfolios.contains_key(&portfolio_id) {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "ALREADY_SUBSCRIBED",
                "this stream is followed already",
            ));
        }
        if self.portfolios.len() >= PORTFOLIOS_MAX {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "TOO_MANY_SUBSCRIPTIONS",
                "at most 100 streams a connection",
            ));
        }
        let row = self.state.owned_portfolio(&self.principal, portfolio_id).await?;
        let epoch = self.state.handle.epoch();
        if message.epoch.as_ref().is_some_and(|known| *known != epoch.to_string()) {
            let detail = format!("the history is another one: {epoch}");
            return Err(Problem::new(StatusCode::CONFLICT, "EPOCH_CHANGED", detail));
        }
        let after = message.after_seq.map_or(After::Now, |seq| After::Seq(PortfolioSeq::new(seq)));
        let subscription =
            self.state.handle.subscribe(row.id, after, None).map_err(|error| subscribe_problem(&error))?;
        Ok((row.id, subscription))
    }

    fn unfollow(&mut self, portfolio_id: Option<Uuid>) -> ServerMessage {
        let Some(portfolio_id) = portfolio_id else {
            return ServerMessage::error("MISSING_FIELD", "portfolio_id is required");
        };
        if let Some(follow) = self.portfolios.remove(&portfolio_id) {
            follow.abort.abort();
        }
        ServerMessage::Unsubscribed {
            channel: Channel::Portfolio,
            portfolio_id: Some(portfolio_id),
            symbols: None,
        }
    }

    fn watch(&mut self, symbols: Option<Vec<String>>) -> ServerMessage {
        let Some(symbols) = symbols else {
            return ServerMessage::error("MISSING_FIELD", "symbols is required");
        };
        if symbols.len() + self.quotes.len() > SYMBOLS_MAX {
            return ServerMessage::error("TOO_MANY_SUBSCRIPTIONS", "at most 1000 symbols a connection");
        }
        let mut found = Vec::new();
        for text in &symbols {
            let known = symbol("symbols", text).ok().and_then(|ticker| Some((ticker, self.state.watch(ticker)?)));
            match known {
                Some(known) => found.push(known),
                None => return ServerMessage::error("UNKNOWN_SYMBOL", format!("{text:.20} is not known here")),
            }
        }
        for (ticker, instrument) in found {
            self.quotes.insert(ticker, Watched { instrument, sent: None });
        }
        let symbols = self.quotes.keys().map(ToString::to_string).collect();
        ServerMessage::Subscribed(Subscribed::Quotes { channel: Channel::Quotes, symbols })
    }

    fn unwatch(&mut self, symbols: Option<Vec<String>>) -> ServerMessage {
        match &symbols {
            None => self.quotes.clear(),
            Some(symbols) => {
                let gone: Vec<Symbol> = symbols.iter().filter_map(|text| symbol("symbols", text).ok()).collect();
                self.quotes.retain(|ticker, _| !gone.contains(ticker));
            }
        }
        ServerMessage::Unsubscribed { channel: Channel::Quotes, portfolio_id: None, symbols }
    }
}

/// A portfolio's batches until it ends, and how it did.
fn messages(portfolio: Uuid, subscription: Subscription) -> impl stream::Stream<Item = FromStream> + Send {
    stream::unfold(Some(subscription), move |subscription| async move {
        let mut subscription = subscription?;
        match subscription.next().await {
            Ok(batch) => Some((FromStream::Batch(batch), Some(subscription))),
            Err(ended) => Some((FromStream::Ended(portfolio, ended), None)),
        }
    })
}

fn cut_off(portfolio: Uuid, ended: SlowConsumer) -> (u16, String) {
    let reason = format!("{{\"last_seq\":{},\"portfolio_id\":\"{portfolio}\"}}", ended.last_seq);
    match ended.reason {
        CutOff::Slow | CutOff::Unreadable => (CLOSE_SLOW, reason),
        CutOff::Stopped => (CLOSE_GOING_AWAY, reason),
    }
}

fn subscribe_problem(error: &SubscribeError) -> Problem {
    let conflict = |code: &'static str| Problem::new(StatusCode::CONFLICT, code, error.to_string());
    match error {
        SubscribeError::SeqAhead { .. } => conflict("SEQ_AHEAD"),
        SubscribeError::EpochChanged { .. } => conflict("EPOCH_CHANGED"),
        SubscribeError::Gone { .. } => conflict("SEQ_GONE"),
        SubscribeError::Unknown => Problem::not_found(),
        SubscribeError::View(error) => Problem::unreadable(error),
    }
}
