//! A market-data server that speaks Alpaca's protocol and plays the ticks it is given.
//!
//! One frame for each batch, as fast as the reader takes them: the only brake is the connection
//! itself. It invents nothing; a batch given while nobody listens waits for the next listener.

use crate::fixed;
use crate::oracle::{Tick, TickBody};
use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

/// The key id that the server takes.
pub const KEY: &str = "feed-key";
/// The secret that the server takes.
pub const SECRET: &str = "feed-secret";
/// Frames that may wait for the connection.
const FRAMES_WAITING_MAX: usize = 4;

/// A running market-data server.
#[derive(Debug)]
pub struct AlpacaFeed {
    address: SocketAddr,
    frames: mpsc::Sender<String>,
    listeners: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl AlpacaFeed {
    /// Starts it on a free port of this machine.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (frames, waiting) = mpsc::channel(FRAMES_WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let listeners = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&listeners);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (waiting, counter) = (Arc::clone(&waiting), Arc::clone(&counter));
                tokio::spawn(async move {
                    // How it ends is the reader's business: it is killed in some tests.
                    let _ = serve(stream, waiting, counter).await;
                });
            }
        });
        Ok(Self { address, frames, listeners, task })
    }

    /// Its address for `--feed-url`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}/v2/iex", self.address)
    }

    /// The flags that make a server consume this feed.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let words = ["--feed", "alpaca", "--feed-url", &self.url(), "--feed-key", KEY, "--feed-secret", SECRET];
        words.map(str::to_owned).to_vec()
    }

    /// How many connections have subscribed so far.
    #[must_use]
    pub fn subscriptions(&self) -> usize {
        self.listeners.load(Ordering::SeqCst)
    }

    /// Plays ticks of one symbol as one frame; waits while the connection is full or nobody listens.
    ///
    /// # Errors
    /// When the server is gone.
    pub async fn play(&self, symbol: &str, ticks: &[Tick]) -> Result<()> {
        self.frames.send(encode(symbol, ticks)).await.context("the market-data server is gone")
    }
}

impl Drop for AlpacaFeed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    frames: Arc<Mutex<mpsc::Receiver<String>>>,
    listeners: Arc<AtomicUsize>,
) -> Result<()> {
    stream.set_nodelay(true)?;
    let (mut sink, mut source) = accept_async(stream).await?.split();
    sink.send(status("connected")).await?;
    loop {
        let wish = next_json(&mut source).await?;
        match wish["action"].as_str() {
            Some("auth") if wish["key"] == KEY && wish["secret"] == SECRET => {
                sink.send(status("authenticated")).await?;
            }
            Some("auth") => {
                sink.send(Message::text(r#"[{"T":"error","code":402,"msg":"auth failed"}]"#)).await?;
                bail!("wrong credentials: {wish}");
            }
            Some("subscribe") => {
                sink.send(subscription(&wish)).await?;
                break;
            }
            Some(_) | None => {
                sink.send(Message::text(r#"[{"T":"error","code":400,"msg":"invalid syntax"}]"#)).await?;
            }
        }
    }
    listeners.fetch_add(1, Ordering::SeqCst);
    let mut frames = frames.lock().await;
    loop {
        tokio::select! {
            frame = frames.recv() => match frame {
                Some(frame) => sink.send(Message::text(frame)).await?,
                None => return Ok(()),
            },
            wish = next_json(&mut source) => sink.send(subscription(&wish?)).await?,
        }
    }
}

async fn next_json(
    source: &mut (impl StreamExt<Item = Result<Message, tungstenite::Error>> + Unpin),
) -> Result<Value> {
    loop {
        match source.next().await.context("the reader is gone")?? {
            Message::Text(text) => return Ok(serde_json::from_str(&text)?),
            Message::Binary(_) => bail!("the reader sent a binary message"),
            Message::Close(_) => bail!("the reader closed"),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

use tokio_tungstenite::tungstenite;

fn status(word: &str) -> Message {
    Message::text(json!([{"T": "success", "msg": word}]).to_string())
}

fn subscription(wish: &Value) -> Message {
    let list = |name: &str| wish.get(name).cloned().unwrap_or_else(|| json!([]));
    let reply =
        json!([{"T": "subscription", "trades": list("trades"), "quotes": list("quotes"), "bars": list("bars")}]);
    Message::text(reply.to_string())
}

fn encode(symbol: &str, ticks: &[Tick]) -> String {
    let mut frame = String::from("[");
    for (index, tick) in ticks.iter().enumerate() {
        if index > 0 {
            frame.push(',');
        }
        let time = jiff::Timestamp::from_nanosecond(i128::from(tick.time)).expect("a tick's time is in range");
        match tick.body {
            TickBody::Quote(quote) => write!(
                frame,
                r#"{{"T":"q","S":"{symbol}","bx":"V","bp":{},"bs":{},"ax":"V","ap":{},"as":{},"c":["R"],"z":"A","t":"{time}"}}"#,
                fixed::format(quote.bid),
                fixed::format(quote.bid_size),
                fixed::format(quote.ask),
                fixed::format(quote.ask_size),
            ),
            TickBody::Print(print) => write!(
                frame,
                r#"{{"T":"t","S":"{symbol}","i":{index},"x":"V","p":{},"s":{},"c":{},"z":"A","t":"{time}"}}"#,
                fixed::format(print.price),
                fixed::format(print.size),
                json!(print.conditions),
            ),
        }
        .expect("writing to a string cannot fail");
    }
    frame.push(']');
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::{Print, TopOfBook};

    #[test]
    fn ticks_are_written_as_the_provider_documents_them() {
        let quote = TopOfBook { bid: 1_005 * fixed::ONE / 100, bid_size: fixed::ONE, ..TopOfBook::default() };
        let print = Print { price: fixed::ONE, size: 2 * fixed::ONE, conditions: &["@", "F"] };
        let ticks =
            [Tick { time: 1, body: TickBody::Quote(quote) }, Tick { time: 2, body: TickBody::Print(print) }];
        let frame: Value = serde_json::from_str(&encode("IBM", &ticks)).expect("a frame is JSON");
        assert_eq!((&frame[0]["T"], &frame[0]["bp"], &frame[0]["as"]), (&json!("q"), &json!(10.05), &json!(0)));
        assert_eq!((&frame[1]["p"], &frame[1]["c"]), (&json!(1), &json!(["@", "F"])));
        assert_eq!(frame[1]["t"], "1970-01-01T00:00:00.000000002Z");
    }
}
