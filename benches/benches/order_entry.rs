//! What durability costs: orders over REST at 256 connections, with the journal and without it.
//!
//! Workload: 64 portfolios; 256 keep-alive connections, each of which sends a limit order that rests
//! and waits for its 201 before the next (a closed loop). The two servers take turns, A/B/A/B, each
//! with an empty data folder, so that drift of the machine touches both alike. Load and server share
//! this machine's cores, which is said in the report.

use anyhow::{Context, Result, ensure};
use benches::{median, result, say};
use hdrhistogram::Histogram;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tests::alpaca_feed::AlpacaFeed;
use tests::client::Client;
use tests::server::{Server, Setup};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 256;
const PORTFOLIOS: usize = 64;
const ROUNDS: usize = 4;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(5);
/// Longest reply that is read.
const REPLY_BYTES_MAX: usize = 16 * 1024;

/// One of the two servers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Journal {
    On,
    Off,
}

impl Journal {
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::On => &["--durability", "journal"],
            Self::Off => &["--durability", "off"],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::On => "journal on ",
            Self::Off => "journal off",
        }
    }
}

/// What one round gave.
struct Round {
    per_second: f64,
    latency: Histogram<u64>,
}

fn main() -> Result<()> {
    let threads = std::thread::available_parallelism()?;
    say(&format!(
        "{CONNECTIONS} connections, {ROUNDS} rounds of {MEASURED:?} each in turns, {threads} shared cores"
    ));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut on, mut off) = (Vec::new(), Vec::new());
    let (mut latency_on, mut latency_off) = (Histogram::<u64>::new(3)?, Histogram::<u64>::new(3)?);
    for _ in 0..ROUNDS {
        for journal in [Journal::On, Journal::Off] {
            let round = runtime.block_on(round(journal))?;
            say(&format!(
                "{} {:>9.0} orders/s, {}",
                journal.name(),
                round.per_second,
                percentiles(&round.latency)
            ));
            match journal {
                Journal::On => (on.push(round.per_second), latency_on.add(round.latency)?).0,
                Journal::Off => (off.push(round.per_second), latency_off.add(round.latency)?).0,
            }
        }
    }
    let (on, off) = (median(on), median(off));
    say(&format!("durable order entry: {:.2}x of the same server with the journal off", on / off));
    say("left out: the load's own share of the cores; a closed loop, so latency holds the queue of 256");
    result(&json!({
        "benchmark": "order_entry", "connections": CONNECTIONS, "journal_on_per_s": on, "journal_off_per_s": off,
        "on_over_off": on / off, "p99_us_on": latency_on.value_at_quantile(0.99),
        "p99_us_off": latency_off.value_at_quantile(0.99),
    }));
    Ok(())
}

fn percentiles(latency: &Histogram<u64>) -> String {
    let at = |quantile: f64| latency.value_at_quantile(quantile);
    format!("p50 {} us, p99 {} us, p99.9 {} us, max {} us", at(0.5), at(0.99), at(0.999), latency.max())
}

async fn round(journal: Journal) -> Result<Round> {
    let feed = AlpacaFeed::start().await?;
    let mut flags = feed.flags();
    flags.extend(["--calendar", "24x7"].iter().chain(journal.flags()).map(|flag| (*flag).to_owned()));
    let mut server = Server::start(Setup::with(flags)).await?;
    let client = Client::register(&server.url(), "load").await?;
    let mut portfolios = Vec::new();
    for index in 0..PORTFOLIOS {
        portfolios.push(client.open_portfolio(&format!("load {index}"), "1000000000").await?);
    }
    let load = Arc::new(Load {
        address: server.address(),
        token: client.token().to_owned(),
        portfolios,
        serial: AtomicU64::new(0),
        counted_from: Instant::now() + WARM_UP,
        ends: Instant::now() + WARM_UP + MEASURED,
    });
    let connections: Vec<_> =
        (0..CONNECTIONS).map(|index| tokio::spawn(connection(Arc::clone(&load), index))).collect();
    let mut latency = Histogram::<u64>::new(3)?;
    for connection in connections {
        latency.add(connection.await??)?;
    }
    let counted = u32::try_from(latency.len()).map(f64::from).context("orders of a round fit")?;
    server.kill()?;
    Ok(Round { per_second: counted / MEASURED.as_secs_f64(), latency })
}

/// What all connections share.
struct Load {
    address: SocketAddr,
    token: String,
    portfolios: Vec<String>,
    serial: AtomicU64,
    counted_from: Instant,
    ends: Instant,
}

/// One connection's loop: send, wait, count.
async fn connection(load: Arc<Load>, index: usize) -> Result<Histogram<u64>> {
    let mut stream = TcpStream::connect(load.address).await?;
    stream.set_nodelay(true)?;
    let portfolio = &load.portfolios[index % load.portfolios.len()];
    let mut latency = Histogram::<u64>::new(3)?;
    let mut reply = vec![0; REPLY_BYTES_MAX];
    loop {
        let serial = load.serial.fetch_add(1, Ordering::Relaxed);
        let request = request(&load, portfolio, serial);
        let begun = Instant::now();
        if begun >= load.ends {
            return Ok(latency);
        }
        stream.write_all(request.as_bytes()).await?;
        let length = read_reply(&mut stream, &mut reply).await?;
        ensure!(reply.starts_with(b"HTTP/1.1 201"), "{}", String::from_utf8_lossy(&reply[..length]));
        let ended = Instant::now();
        if begun >= load.counted_from && ended < load.ends {
            latency.record(u64::try_from((ended - begun).as_micros())?)?;
        }
    }
}

fn request(load: &Load, portfolio: &str, serial: u64) -> String {
    let body = format!(
        r#"{{"portfolio_id":"{portfolio}","client_order_id":"{serial}","symbol":"AAPL","side":"BUY","type":"LIMIT","qty":"1","limit_price":"1.00","time_in_force":"GTC"}}"#
    );
    format!(
        "POST /api/paper/orders/ HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        load.address,
        load.token,
        body.len()
    )
}

/// Reads one whole reply; the answer is how many bytes it has.
async fn read_reply(stream: &mut TcpStream, reply: &mut [u8]) -> Result<usize> {
    let mut length = 0;
    loop {
        let read = stream.read(&mut reply[length..]).await?;
        ensure!(read > 0, "the server closed: {}", String::from_utf8_lossy(&reply[..length]));
        length += read;
        let Some(head) = reply[..length].windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&reply[..head])?.to_ascii_lowercase();
        let body = text.split("content-length: ").nth(1).context("a reply says how long it is")?;
        let body: usize = body.split("\r\n").next().unwrap_or_default().trim().parse()?;
        if length >= head + 4 + body {
            return Ok(length);
        }
    }
}
