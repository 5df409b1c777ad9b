//! A WebSocket client that follows one portfolio's messages and can resume.
//!
//! Keeps every message's bytes by sequence number, so that a test can ask whether the same number
//! ever came with other bytes, and whether one is missing.

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longest silence: a heartbeat comes every second.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// An open socket.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What came over the socket.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// A message, with its text as it came.
    Json(Value, String),
    /// The server closed, with code and reason.
    Closed(u16, String),
}

/// Opens a socket without signing in.
///
/// # Errors
/// When the server cannot be reached.
pub async fn open(url: &str) -> Result<Socket> {
    Ok(connect_async(url).await.context("cannot open a WebSocket")?.0)
}

/// Sends one JSON message.
///
/// # Errors
/// When the connection is gone.
pub async fn say(socket: &mut Socket, message: &Value) -> Result<()> {
    Ok(socket.send(Message::text(message.to_string())).await?)
}

/// The next message.
///
/// # Errors
/// When the connection breaks or stays silent.
pub async fn hear(socket: &mut Socket) -> Result<Incoming> {
    loop {
        let frame = tokio::time::timeout(SILENCE_MAX, socket.next()).await.context("the server is silent")?;
        match frame.context("the connection ended without a close")?? {
            Message::Text(text) => {
                let value = serde_json::from_str(&text).context("a message is JSON")?;
                return Ok(Incoming::Json(value, text.to_string()));
            }
            Message::Close(frame) => {
                let (code, reason) =
                    frame.map_or((1005, String::new()), |frame| (u16::from(frame.code), frame.reason.to_string()));
                return Ok(Incoming::Closed(code, reason));
            }
            Message::Binary(_) => bail!("the server sent a binary message"),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

/// The next message that is an answer, not a heartbeat and not data.
///
/// # Errors
/// When the connection breaks, closes or stays silent.
pub async fn answer(socket: &mut Socket) -> Result<Value> {
    loop {
        match hear(socket).await? {
            Incoming::Json(value, _) if value["op"].is_string() && value["op"] != "heartbeat" => return Ok(value),
            Incoming::Json(..) => {}
            Incoming::Closed(code, reason) => bail!("closed with {code} {reason:?} instead of an answer"),
        }
    }
}

/// Opens a socket and signs in.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn open_signed_in(url: &str, token: &str) -> Result<Socket> {
    let mut socket = open(url).await?;
    say(&mut socket, &json!({"op": "auth", "token": token})).await?;
    let reply = answer(&mut socket).await?;
    ensure!(reply["op"] == "authenticated", "signing in answered {reply}");
    Ok(socket)
}

/// A follower of one portfolio.
#[derive(Clone, Debug, Default)]
pub struct Follower {
    /// The portfolio's id.
    pub portfolio: String,
    /// The epoch of the first subscription.
    pub epoch: Option<String>,
    /// Every message by its sequence number.
    pub messages: BTreeMap<u64, String>,
}

impl Follower {
    /// A follower that has seen nothing.
    #[must_use]
    pub fn new(portfolio: &str) -> Self {
        Self { portfolio: portfolio.to_owned(), ..Self::default() }
    }

    /// The number of the last message without a gap before it.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.messages.last_key_value().map_or(0, |(seq, _)| *seq)
    }

    /// Asks for all messages after a number.
    ///
    /// # Errors
    /// When the server refuses or the connection breaks.
    pub async fn subscribe(&mut self, socket: &mut Socket, after: u64) -> Result<Value> {
        let mut wish = json!({
            "op": "subscribe", "channel": "portfolio", "portfolio_id": self.portfolio, "after_seq": after,
        });
        if let Some(epoch) = &self.epoch {
            wish["epoch"] = json!(epoch);
        }
        say(socket, &wish).await?;
        let reply = answer(socket).await?;
        ensure!(reply["op"] == "subscribed", "subscribing answered {reply}");
        let epoch = reply["epoch"].as_str().context("a subscription names the epoch")?;
        self.epoch.get_or_insert_with(|| epoch.to_owned());
        Ok(reply)
    }

    /// Keeps a message of this portfolio.
    ///
    /// # Panics
    /// When a number comes again with other bytes, or a number was left out.
    pub fn keep(&mut self, message: &Value, text: &str) {
        if message["channel"] != "portfolio" || message["portfolio_id"] != self.portfolio.as_str() {
            return;
        }
        let Some(seq) = message["seq"].as_u64() else { return };
        if let Some(before) = self.messages.get(&seq) {
            assert_eq!(before, text, "message {seq} came twice with different bytes");
            return;
        }
        assert_eq!(seq, self.last() + 1, "a message is missing before {seq}: {text}");
        self.messages.insert(seq, text.to_owned());
    }
}
