//! One portfolio's messages to a thousand WebSocket clients: our server, beside one that sends message
//! by message; and what a thousand clients that never read cost the server and the others.
//!
//! Workload: a burst of orders on one portfolio that every client follows; the clock runs from the
//! first order (which our server also checks, journals and answers) to the last byte at the last
//! client. The other server has the very same messages in memory and sends each to each client as the
//! library's `send` does. Both take turns; the clients, the same for both, share the two cores.

use anyhow::{Context, Result, bail, ensure};
use benches::{median, result, say};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use load::http::Connection;
use load::{Child, Limits, OrderPlan, Plan, StreamPlan, Target, TickPlan, resident_bytes};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tests::alpaca_feed::AlpacaFeed;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

const CLIENTS: usize = 1_000;
const ROUNDS: usize = 3;
/// Orders of a burst: its messages stay below what may wait for a client.
const ORDERS: usize = 400;
const WARM_UP_ORDERS: usize = 10;
/// Connections that the burst comes over.
const SENDERS: usize = 100;
/// What clients read at once, as the library does by itself. They run on one thread and share the memory.
const READ_BYTES: usize = 128 * 1024;
const ROUND_MAX: Duration = Duration::from_secs(120);

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut ours, mut naive) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (rate, messages) = runtime.block_on(our_round())?;
        ours.push(rate);
        naive.push(runtime.block_on(naive_round(messages))?);
        let (ours, naive) = (ours[ours.len() - 1], naive[naive.len() - 1]);
        say(&format!("{ours:>12.0} deliveries/s, message by message {naive:>12.0}, {:.1}x", ours / naive));
    }
    let (ours, naive) = (median(ours), median(naive));
    say(&format!("fan-out to {CLIENTS} clients: {:.1}x of sending message by message", ours / naive));
    let alone = runtime.block_on(with_stalled(0))?;
    let beside = runtime.block_on(with_stalled(CLIENTS))?;
    let each = beside.grown.saturating_sub(alone.grown) / CLIENTS as u64;
    say(&format!(
        "event to client at a steady rate: p50 {} us, p99 {} us; beside {CLIENTS} clients that never read: p50 {} us, p99 {} us; {} KiB for each of them, {} cut off",
        alone.p50 / 1_000,
        alone.p99 / 1_000,
        beside.p50 / 1_000,
        beside.p99 / 1_000,
        each >> 10,
        beside.cut_off
    ));
    say("left out: encryption; the network; clients and server share the cores");
    result(&json!({
        "benchmark": "fan_out", "clients": CLIENTS, "deliveries_per_s": ours, "naive_per_s": naive,
        "over_naive": ours / naive, "p99_ns_alone": alone.p99, "p99_ns_beside_stalled": beside.p99,
        "bytes_a_stalled_client": each, "cut_off": beside.cut_off,
    }));
    Ok(())
}

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// A client that takes frames apart as cheaply as it can and counts the messages.
struct Client {
    stream: TcpStream,
    buffer: BytesMut,
    count: usize,
    kept: Option<Vec<Utf8Bytes>>,
}

impl Client {
    /// Opens a WebSocket by hand, so that nothing that was read is lost in a library's buffer.
    async fn open(address: SocketAddr, says: &[Value]) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /ws HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut client = Self { stream, buffer: BytesMut::with_capacity(32 * 1024), count: 0, kept: None };
        let head = loop {
            if let Some(end) = client.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            client.fill().await?;
        };
        ensure!(client.buffer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&client.buffer));
        client.buffer.advance(head);
        for message in says {
            client.say(&message.to_string()).await?;
        }
        Ok(client)
    }

    /// Sends a text masked with zeros.
    async fn say(&mut self, text: &str) -> Result<()> {
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend_from_slice(&u16::try_from(text.len())?.to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        Ok(self.stream.write_all(&frame).await?)
    }

    async fn fill(&mut self) -> Result<()> {
        self.buffer.reserve(16 * 1024);
        ensure!(
            self.stream.read_buf(&mut self.buffer).await? > 0,
            "the server closed after {} messages",
            self.count
        );
        Ok(())
    }

    /// The next frame's payload, when it is there.
    fn frame(&mut self) -> Option<BytesMut> {
        let place = frame_in(&self.buffer)?;
        self.buffer.advance(place.start);
        Some(self.buffer.split_to(place.len()))
    }

    /// Counts the portfolio messages among the whole frames at the beginning; returns where these end.
    fn count_in(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut at = 0;
        while let Some(place) = frame_in(&bytes[at..]) {
            let text = &bytes[at + place.start..at + place.end];
            if text.starts_with(br#"{"channel":"portfolio""#) {
                self.count += 1;
                if let Some(kept) = &mut self.kept {
                    kept.push(Utf8Bytes::try_from(Bytes::copy_from_slice(text))?);
                }
            }
            at += place.end;
        }
        Ok(at)
    }

    /// Reads until a text comes that holds these words.
    async fn until(&mut self, words: &str) -> Result<()> {
        loop {
            while let Some(frame) = self.frame() {
                if String::from_utf8_lossy(&frame).contains(words) {
                    return Ok(());
                }
            }
            self.fill().await?;
        }
    }

    /// Reads until so many portfolio messages came.
    async fn read_to(&mut self, target: usize) -> Result<()> {
        let rest = std::mem::take(&mut self.buffer);
        let whole = self.count_in(&rest)?;
        self.buffer = rest;
        self.buffer.advance(whole);
        while self.count < target {
            self.stream.readable().await?;
            READ.with_borrow_mut(|bytes| self.read_into(bytes))?;
        }
        Ok(())
    }

    /// Reads what is there behind what was left, and keeps what is not a whole frame.
    fn read_into(&mut self, bytes: &mut [u8]) -> Result<()> {
        let left = self.buffer.len();
        bytes[..left].copy_from_slice(&self.buffer);
        let there = match self.stream.try_read(&mut bytes[left..]) {
            Ok(0) => bail!("the server closed after {} messages", self.count),
            Ok(read) => left + read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let whole = self.count_in(&bytes[..there])?;
        self.buffer.clear();
        self.buffer.extend_from_slice(&bytes[whole..there]);
        Ok(())
    }
}

/// Where the payload of the first frame is, when all of it is there.
fn frame_in(bytes: &[u8]) -> Option<Range<usize>> {
    let (length, head) = match *bytes.get(1)? {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?, 10),
        length => (usize::from(length), 2),
    };
    (bytes.len() >= head + length).then_some(head..head + length)
}

/// Clients that read until their target is told and reached; the last one's end is the round's.
async fn read_all(clients: Vec<Client>, mut target: watch::Receiver<usize>) -> Result<Vec<Client>> {
    target.wait_for(|target| *target > 0).await?;
    let wanted = *target.borrow();
    let reading: Vec<_> = clients
        .into_iter()
        .map(|mut client| tokio::spawn(async move { client.read_to(wanted).await.map(|()| client) }))
        .collect();
    let mut done = Vec::with_capacity(reading.len());
    for client in reading {
        done.push(tokio::time::timeout(ROUND_MAX, client).await??.context("a client")?);
    }
    Ok(done)
}

/// Our server: deliveries a second, and the messages for the other one.
async fn our_round() -> Result<(f64, Vec<Utf8Bytes>)> {
    let feed = AlpacaFeed::start().await?;
    let mut flags = feed.flags();
    flags.extend(["--calendar", "24x7", "--log", "warn"].map(str::to_owned));
    let server = Child::start(tests::server::binary()?, &flags).await?;
    let (token, portfolio) = sign_in(server.address()).await?;
    let says = [
        json!({"op": "auth", "token": token}),
        json!({"op": "subscribe", "channel": "portfolio", "portfolio_id": portfolio}),
    ];
    let mut clients = Vec::with_capacity(CLIENTS);
    for _ in 0..CLIENTS {
        let mut client = Client::open(server.address(), &says).await?;
        client.until(r#""op":"subscribed""#).await?;
        clients.push(client);
    }
    clients[0].kept = Some(Vec::new());
    orders(server.address(), (&token, &portfolio), 0..WARM_UP_ORDERS).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    // What is there is read without a target: one message is the least that came.
    clients[0].read_to(1).await?;
    let each = clients[0].count / WARM_UP_ORDERS;
    for client in &mut clients {
        client.read_to(each * WARM_UP_ORDERS).await?;
    }
    let wanted = each * (WARM_UP_ORDERS + ORDERS);
    let (target, told) = watch::channel(wanted);
    let reading = tokio::spawn(read_all(clients, told));
    let begun = Instant::now();
    let per_sender = ORDERS / SENDERS;
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (address, token, portfolio) = (server.address(), token.clone(), portfolio.clone());
            let first = WARM_UP_ORDERS + sender * per_sender;
            tokio::spawn(async move { orders(address, (&token, &portfolio), first..first + per_sender).await })
        })
        .collect();
    for sender in senders {
        sender.await??;
    }
    let mut clients = reading.await??;
    let took = begun.elapsed();
    drop(target);
    let mut messages = clients[0].kept.take().unwrap_or_default();
    drop(messages.drain(..each * WARM_UP_ORDERS));
    ensure!(messages.len() == each * ORDERS, "{} messages", messages.len());
    drop(clients);
    server.stop().await?;
    Ok(((messages.len() * CLIENTS) as f64 / took.as_secs_f64(), messages))
}

async fn sign_in(address: SocketAddr) -> Result<(String, String)> {
    let mut connection = Connection::open(address).await?;
    let credentials = json!({"username": "fan", "password": "correct horse battery staple"}).to_string();
    let answer = connection.send("POST", "/api/users/register/", "", credentials.as_bytes()).await?;
    ensure!(answer.status == 201, "{}", String::from_utf8_lossy(answer.body));
    let answer = connection.send("POST", "/api/token/", "", credentials.as_bytes()).await?;
    let tokens: Value = serde_json::from_slice(answer.body)?;
    let token = tokens["access"].as_str().context("a token")?.to_owned();
    let wish = json!({"name": "fan", "starting_balance": "1000000000"}).to_string();
    let answer = connection.send("POST", "/api/paper/portfolios/", &token, wish.as_bytes()).await?;
    let opened: Value = serde_json::from_slice(answer.body)?;
    Ok((token, opened["id"].as_str().context("an id")?.to_owned()))
}

/// Sends limit orders that rest, one after another.
async fn orders(address: SocketAddr, (token, portfolio): (&str, &str), numbers: Range<usize>) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    for number in numbers {
        let body = json!({
            "portfolio_id": portfolio, "client_order_id": number.to_string(), "symbol": "AAPL", "side": "BUY",
            "type": "LIMIT", "qty": "1", "limit_price": "1.00", "time_in_force": "GTC",
        });
        let answer = connection.send("POST", "/api/paper/orders/", token, body.to_string().as_bytes()).await?;
        ensure!(answer.status == 201, "{}", String::from_utf8_lossy(answer.body));
    }
    Ok(())
}

/// A server that sends each message to each client with a write of its own, on a runtime like ours.
async fn naive_round(messages: Vec<Utf8Bytes>) -> Result<f64> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = listener.into_std()?;
    let (publish, _) = broadcast::channel::<Utf8Bytes>(messages.len());
    let ready = Arc::new(AtomicUsize::new(0));
    let (publishing, counting) = (publish.clone(), Arc::clone(&ready));
    runtime.spawn(async move {
        let Ok(listener) = TcpListener::from_std(listener) else { return };
        while let Ok((stream, _)) = listener.accept().await {
            let mut published = publishing.subscribe();
            let counting = Arc::clone(&counting);
            tokio::spawn(async move {
                let _ = stream.set_nodelay(true);
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
                counting.fetch_add(1, Ordering::SeqCst);
                while let Ok(message) = published.recv().await {
                    if socket.send(Message::Text(message)).await.is_err() {
                        return;
                    }
                }
                while let Some(Ok(_)) = socket.next().await {}
            });
        }
    });
    let mut clients = Vec::with_capacity(CLIENTS);
    for _ in 0..CLIENTS {
        clients.push(Client::open(address, &[]).await?);
    }
    while ready.load(Ordering::SeqCst) < CLIENTS {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (_target, told) = watch::channel(messages.len());
    let reading = tokio::spawn(read_all(clients, told));
    let begun = Instant::now();
    for message in &messages {
        publish.send(message.clone())?;
    }
    let clients = reading.await??;
    let took = begun.elapsed();
    drop(clients);
    runtime.shutdown_background();
    Ok((messages.len() * CLIENTS) as f64 / took.as_secs_f64())
}

/// What the readers of a steady stream see beside clients that never read.
struct Steady {
    p50: u64,
    p99: u64,
    grown: u64,
    cut_off: u64,
}

async fn with_stalled(stalled: usize) -> Result<Steady> {
    let plan = Plan {
        target: Target::Child { binary: tests::server::binary()?.to_owned(), flags: Vec::new() },
        measured: Duration::from_secs(10),
        ticks: TickPlan { per_second: 0, symbols: 10, ..Plan::default().ticks },
        orders: OrderPlan { per_second: 20, connections: 8, users: 1, portfolios: 1 },
        streams: StreamPlan { readers: 32, stalled },
        limits: Limits::default(),
        ..Plan::default()
    };
    let report = load::run(&plan, |_| {}).await?;
    ensure!(report.errors() == 0, "{}", report.table());
    let [before, after] = report.server.resident_bytes;
    ensure!(before > 0 || resident_bytes(std::process::id()).is_none(), "the server's memory is known");
    let latency = report.streams.event_to_client;
    let cut_off = report.server.counts.slow_consumers;
    Ok(Steady { p50: latency.p50_ns, p99: latency.p99_ns, grown: after.saturating_sub(before), cut_off })
}
