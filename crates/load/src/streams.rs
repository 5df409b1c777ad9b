//! Clients of the live streams: some read and check, some never read.
//!
//! A reader follows one portfolio, holds every message's number against the one before it, and takes
//! up again where it was when it is cut off. The invariant: a message is counted once, as received,
//! doubled, or missing.

use crate::{Latencies, market::wall_time};
use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// Longest silence: a heartbeat comes every second.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// What the system may take in for a client that never reads.
const STALLED_BYTES: u32 = 4 * 1024;
/// How often a client that was cut off comes back.
const RETURNS_MAX: u64 = 100;

/// An open stream.
pub(crate) type Open = WebSocketStream<TcpStream>;

type Socket = Open;

/// What the readers saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StreamCounts {
    /// Readers that stayed to the end.
    pub readers: u64,
    /// Clients that never read and were still connected at the end.
    pub stalled: u64,
    /// Messages received while measured.
    pub received: u64,
    /// Messages received in all.
    pub received_in_all: u64,
    /// Numbers that were left out.
    pub missing: u64,
    /// Numbers that came again.
    pub doubled: u64,
    /// Times that a reader was cut off and took up again.
    pub cut_off: u64,
    /// Readers that ended before the test.
    pub failed: u64,
}

/// What one reader or all of them saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct StreamOutcome {
    pub(crate) counts: StreamCounts,
    /// From an event's time to its message at the client.
    pub(crate) event_to_client: Latencies,
    /// From when a tick was due to the message of the resting order that it filled.
    pub(crate) tick_to_client: Latencies,
}

impl StreamOutcome {
    pub(crate) fn add(&mut self, other: &Self) {
        let (counts, part) = (&mut self.counts, &other.counts);
        counts.readers += part.readers;
        counts.received += part.received;
        counts.received_in_all += part.received_in_all;
        counts.missing += part.missing;
        counts.doubled += part.doubled;
        counts.cut_off += part.cut_off;
        counts.failed += part.failed;
        self.event_to_client.add(&other.event_to_client);
        self.tick_to_client.add(&other.tick_to_client);
    }
}

/// How far the test is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Messages are counted, not measured.
    WarmUp,
    /// Messages are measured.
    Measured,
    /// Readers stop once they have all there is.
    Finishing,
}

/// Where a reader listens, and for what.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) portfolio: String,
    pub(crate) stage: watch::Receiver<Stage>,
    pub(crate) received: Arc<AtomicU64>,
}

/// Opens a stream of a portfolio: after a number, or from now on.
pub(crate) async fn open(
    address: SocketAddr,
    token: &str,
    portfolio: &str,
    after: Option<u64>,
) -> Result<(Socket, u64), String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    open_on(stream, (address, token, portfolio), after).await
}

/// Opens a stream of a portfolio for a client that will never read: its system takes in next to nothing
/// for it, so that what is sent to it soon waits in the server.
pub(crate) async fn open_stalled(address: SocketAddr, token: &str, portfolio: &str) -> Result<Open, String> {
    let connect = async {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_recv_buffer_size(STALLED_BYTES)?;
        socket.connect(address).await
    };
    let stream = connect.await.map_err(|error: std::io::Error| error.to_string())?;
    Ok(open_on(stream, (address, token, portfolio), None).await?.0)
}

async fn open_on(
    stream: TcpStream,
    (address, token, portfolio): (SocketAddr, &str, &str),
    after: Option<u64>,
) -> Result<(Socket, u64), String> {
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let config = WebSocketConfig::default().read_buffer_size(16 * 1024);
    let (mut socket, _) = client_async_with_config(format!("ws://{address}/ws"), stream, Some(config))
        .await
        .map_err(|error| error.to_string())?;
    say(&mut socket, &json!({"op": "auth", "token": token})).await?;
    let mut wish = json!({"op": "subscribe", "channel": "portfolio", "portfolio_id": portfolio});
    if let Some(after) = after {
        wish["after_seq"] = after.into();
    }
    say(&mut socket, &wish).await?;
    loop {
        let frame = tokio::time::timeout(SILENCE_MAX, socket.next()).await.map_err(|_| "silence".to_owned())?;
        let frame = frame.ok_or("closed")?.map_err(|error| error.to_string())?;
        let Message::Text(text) = frame else { continue };
        let reply: Value = serde_json::from_str(&text).unwrap_or_default();
        match reply["op"].as_str() {
            Some("subscribed") => return Ok((socket, reply["head_seq"].as_u64().unwrap_or(0))),
            Some("error") => return Err(text.to_string()),
            Some(_) | None => {}
        }
    }
}

async fn say(socket: &mut Socket, message: &Value) -> Result<(), String> {
    socket.send(Message::text(message.to_string())).await.map_err(|error| error.to_string())
}

impl Reader {
    /// Reads to the end of the test.
    pub(crate) async fn run(mut self, mut socket: Socket, head: u64) -> StreamOutcome {
        let mut outcome = StreamOutcome::default();
        let mut last = head;
        loop {
            if self.read(&mut socket, &mut last, &mut outcome).await {
                outcome.counts.readers += 1;
                return outcome;
            }
            outcome.counts.cut_off += 1;
            let again = open(self.address, &self.token, &self.portfolio, Some(last)).await;
            match again {
                Ok((again, _)) if outcome.counts.cut_off <= RETURNS_MAX => socket = again,
                Ok(_) | Err(_) => {
                    outcome.counts.failed += 1;
                    return outcome;
                }
            }
        }
    }

    /// Reads until the connection ends (`false`) or the test does (`true`).
    async fn read(&mut self, socket: &mut Socket, last: &mut u64, outcome: &mut StreamOutcome) -> bool {
        loop {
            let Ok(Some(Ok(frame))) = tokio::time::timeout(SILENCE_MAX, socket.next()).await else { return false };
            let text = match frame {
                Message::Text(text) => text,
                Message::Close(_) => return false,
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            };
            let stage = *self.stage.borrow_and_update();
            if let Some(message) = parse_message(&text) {
                self.received.fetch_add(1, Ordering::Relaxed);
                take(&message, stage, last, outcome);
            } else if stage == Stage::Finishing && head_of(&text).is_some_and(|head| head <= *last) {
                return true;
            }
        }
    }
}

fn take(message: &StreamMessage<'_>, stage: Stage, last: &mut u64, outcome: &mut StreamOutcome) {
    let counts = &mut outcome.counts;
    counts.received_in_all += 1;
    if message.seq <= *last {
        counts.doubled += 1;
        return;
    }
    counts.missing += message.seq - *last - 1;
    *last = message.seq;
    if stage != Stage::Measured {
        return;
    }
    counts.received += 1;
    let now = wall_time();
    let since = |time: &str| {
        let then: jiff::Timestamp = time.parse().ok()?;
        let nanos = i128::from(now.nanos()) - then.as_nanosecond();
        Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)))
    };
    if let Some(latency) = message.time.and_then(since) {
        outcome.event_to_client.record(latency);
    }
    if let Some(latency) = message.quote_time.and_then(since) {
        outcome.tick_to_client.record(latency);
    }
}

/// What a reader needs of a portfolio's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamMessage<'a> {
    /// Its number.
    pub seq: u64,
    /// The event's time.
    pub time: Option<&'a str>,
    /// Of a resting order's fill, the time of the quote that it was made from.
    pub quote_time: Option<&'a str>,
}

/// Finds the members of a portfolio's message without reading all of it; `None` for other messages.
#[must_use]
pub fn parse_message(text: &str) -> Option<StreamMessage<'_>> {
    let rest = text.strip_prefix(r#"{"channel":"portfolio","#)?;
    let (_, rest) = rest.split_once(r#""seq":"#)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let seq = rest[..digits].parse().ok()?;
    let time_in = |text: &'static str, rest: &str| -> Option<(usize, usize)> {
        let start = rest.find(text)? + text.len();
        Some((start, start + rest[start..].find('"')?))
    };
    let time = time_in(r#""time":""#, rest).map(|(start, end)| &rest[start..end]);
    let is_maker = rest.contains(r#""type":"fill""#) && rest.contains(r#""liquidity":"MAKER""#);
    let quote = if is_maker { rest.find(r#""quote":{"#).map(|at| &rest[at..]) } else { None };
    let quote_time = quote.and_then(|quote| time_in(r#""time":""#, quote).map(|(start, end)| &quote[start..end]));
    Some(StreamMessage { seq, time, quote_time })
}

/// The end of the stream that a heartbeat tells.
fn head_of(text: &str) -> Option<u64> {
    let reply: Value = serde_json::from_str(text).ok()?;
    if reply["op"] != "heartbeat" {
        return None;
    }
    reply["heads"][0]["head_seq"].as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_messages_number_and_times_are_found() {
        let order =
            r#"{"channel":"portfolio","portfolio_id":"p","seq":41,"type":"order","time":"T1","data":{"id":"x"}}"#;
        assert_eq!(parse_message(order), Some(StreamMessage { seq: 41, time: Some("T1"), quote_time: None }));
        let fill = r#"{"channel":"portfolio","portfolio_id":"p","seq":7,"type":"fill","time":"T1","data":{"liquidity":"MAKER","quote":{"bid":"1","time":"T2"},"time":"T1"}}"#;
        assert_eq!(parse_message(fill), Some(StreamMessage { seq: 7, time: Some("T1"), quote_time: Some("T2") }));
        let taker = fill.replace("MAKER", "TAKER");
        assert_eq!(parse_message(&taker).and_then(|message| message.quote_time), None);
        assert_eq!(parse_message(r#"{"op":"heartbeat"}"#), None);
    }

    #[test]
    fn missing_and_doubled_numbers_are_told_apart() {
        let (mut last, mut outcome) = (10, StreamOutcome::default());
        for seq in [11, 12, 12, 15, 11, 16] {
            take(&StreamMessage { seq, time: None, quote_time: None }, Stage::Measured, &mut last, &mut outcome);
        }
        let counts = outcome.counts;
        assert_eq!((counts.received, counts.received_in_all), (4, 6));
        assert_eq!((counts.missing, counts.doubled, last), (2, 2, 16));
    }

    #[test]
    fn a_heartbeat_tells_the_end_of_the_stream() {
        let beat =
            r#"{"op":"heartbeat","time":"T","heads":[{"channel":"portfolio","portfolio_id":"p","head_seq":9}]}"#;
        assert_eq!(head_of(beat), Some(9));
        assert_eq!(head_of(r#"{"op":"pong"}"#), None);
    }
}
