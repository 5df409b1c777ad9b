//! From a tick to the fill in a client's hands, beside the least that any program between two sockets can take.
//!
//! Workload: the real server; a market-data server sends one quote at a time over a WebSocket, each of
//! which fills one resting order; a client on a WebSocket receives the fill. One tick every few
//! milliseconds whether or not the last one was answered (an open loop), so that nothing is warm. In turns:
//! a thread between the same two ends that takes the quote's bytes off one TCP socket and puts a fill's bytes,
//! as many as the server's, on another; the same with one append and `fdatasync` between; the server that
//! publishes ahead of the disk; the server as it is by default.

use anyhow::{Context, Result, ensure};
use benches::{median, result, say};
use hdrhistogram::Histogram;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tests::alpaca_feed::{self, AlpacaFeed};
use tests::client::Client;
use tests::fixed;
use tests::oracle::{Tick, TickBody, TopOfBook};
use tests::server::{Server, Setup};
use tests::stream::{self, Incoming, Socket};
use tokio_tungstenite::tungstenite;

const ROUNDS: usize = 5;
const TICKS_PER_ROUND: usize = 300;
/// Ticks of a round that are not counted.
const WARM_UP: usize = 30;
const INTERVAL: Duration = Duration::from_millis(5);
/// After a fill's messages nothing comes for longer than this.
const QUIET: Duration = Duration::from_millis(50);
/// What a fill's row in the journal is long, about.
const ROW_BYTES: usize = 512;
/// The price of the first order, in cents; each further one waits a cent lower.
const FIRST_CENTS: i64 = 10_000;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run())
}

/// What takes turns.
enum Way {
    Relay(Box<Relay>),
    Server(Box<Papertape>),
}

async fn run() -> Result<()> {
    let names = ["relay", "relay, one sync", "server, behind", "server, journal"];
    say(&format!("{ROUNDS} rounds of {TICKS_PER_ROUND} ticks each in turns, one every {INTERVAL:?}"));
    let (mut behind, journal) = (Papertape::start("behind").await?, Papertape::start("journal").await?);
    let messages = behind.messages_of_a_fill().await?;
    let mut ways = [
        Way::Relay(Box::new(Relay::start(Sync::Never, messages.clone()).await?)),
        Way::Relay(Box::new(Relay::start(Sync::Each, messages).await?)),
        Way::Server(Box::new(behind)),
        Way::Server(Box::new(journal)),
    ];
    let mut medians: [Vec<f64>; 4] = Default::default();
    let mut tails: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        for (index, way) in ways.iter_mut().enumerate() {
            let latency = round(way).await.context(names[index])?;
            let at = |quantile: f64| {
                u32::try_from(latency.value_at_quantile(quantile)).map_or(f64::NAN, f64::from) / 1e3
            };
            say(&format!(
                "{:<16} p50 {:>7.1} us, p90 {:>7.1} us, p99 {:>8.1} us",
                names[index],
                at(0.5),
                at(0.9),
                at(0.99)
            ));
            medians[index].push(at(0.5));
            tails[index].push(at(0.99));
        }
    }
    let [relay, relay_sync, behind, journal] = medians.map(median);
    let [.., behind_tail, journal_tail] = tails.map(median);
    say(&format!("without waiting for the disk: {:.2}x of a raw relay (aim: 1.25)", behind / relay));
    say(&format!(
        "waiting for it, the default: {:.2}x of a relay with one raw sync (aim: 1.15)",
        journal / relay_sync
    ));
    say("left out: a network; the sender, the client and their wake-ups are the same in all four");
    result(&json!({
        "benchmark": "tick_to_fill", "relay_p50_us": relay, "relay_sync_p50_us": relay_sync,
        "behind_p50_us": behind, "journal_p50_us": journal, "behind_over_relay": behind / relay,
        "journal_over_relay_sync": journal / relay_sync, "behind_p99_us": behind_tail, "journal_p99_us": journal_tail,
    }));
    Ok(())
}

/// One way's turn: ticks at their times, each waited for.
async fn round(way: &mut Way) -> Result<Histogram<u64>> {
    let mut latency = Histogram::<u64>::new(3)?;
    let mut due = tokio::time::Instant::now();
    for tick in 0..TICKS_PER_ROUND {
        due += INTERVAL;
        tokio::time::sleep_until(due).await;
        let begun = Instant::now();
        match way {
            Way::Relay(relay) => relay.pass().await?,
            Way::Server(server) => server.fill().await?,
        }
        if tick >= WARM_UP {
            latency.record(u64::try_from(begun.elapsed().as_nanos())?)?;
        }
    }
    Ok(latency)
}

/// Whether the relay writes and syncs what it passes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sync {
    Never,
    Each,
}

/// A thread between the same two ends: it takes the bytes of a quote and sends those of a fill's messages.
struct Relay {
    feed: AlpacaFeed,
    socket: Socket,
    ticks: i64,
}

impl Relay {
    async fn start(sync: Sync, messages: Vec<u8>) -> Result<Self> {
        let feed = AlpacaFeed::start().await?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let source = feed.url();
        std::thread::spawn(move || relay(&source, &listener, sync, &messages));
        let socket = stream::open(&format!("ws://{address}/")).await?;
        Ok(Self { feed, socket, ticks: 0 })
    }

    async fn pass(&mut self) -> Result<()> {
        self.ticks += 1;
        self.feed.play("AAPL", &[quote(FIRST_CENTS - self.ticks)]).await?;
        hear_fill(&mut self.socket).await
    }
}

/// Shakes hands on both sides, and then only passes on bytes.
fn relay(feed: &str, clients: &std::net::TcpListener, sync: Sync, messages: &[u8]) -> Result<()> {
    let source = TcpStream::connect(feed.trim_start_matches("ws://").trim_end_matches("/v2/iex"))?;
    let (mut source, _) = tungstenite::client(feed, source)?;
    source.read()?;
    let wishes = [
        json!({"action": "auth", "key": alpaca_feed::KEY, "secret": alpaca_feed::SECRET}),
        json!({"action": "subscribe", "quotes": ["AAPL"]}),
    ];
    for wish in wishes {
        source.send(tungstenite::Message::text(wish.to_string()))?;
        source.read()?;
    }
    let mut source = source.into_inner();
    let (client, _) = clients.accept()?;
    let mut client = tungstenite::accept(client)?.into_inner();
    source.set_nodelay(true)?;
    client.set_nodelay(true)?;
    let mut file = tempfile::tempfile()?;
    let (mut frame, row) = ([0; 4_096], [7; ROW_BYTES]);
    while source.read(&mut frame)? > 0 {
        if sync == Sync::Each {
            file.write_all(&row)?;
            file.sync_data()?;
        }
        client.write_all(messages)?;
    }
    Ok(())
}

/// The server with a market-data server before it and a client behind it.
struct Papertape {
    feed: AlpacaFeed,
    socket: Socket,
    ticks: i64,
    _server: Server,
}

impl Papertape {
    async fn start(durability: &str) -> Result<Self> {
        let feed = AlpacaFeed::start().await?;
        let mut flags = feed.flags();
        flags.extend(["--calendar", "24x7", "--symbols", "AAPL", "--durability", durability].map(str::to_owned));
        let server = Server::start(Setup::with(flags)).await?;
        let client = Client::register(&server.url(), "latency").await?;
        let portfolio = client.open_portfolio("latency", "1000000000").await?;
        feed.play("AAPL", &[quote(FIRST_CENTS + 100)]).await?;
        for order in 0..=i64::try_from(ROUNDS * TICKS_PER_ROUND)? {
            let cents = FIRST_CENTS - order;
            let body = json!({
                "portfolio_id": portfolio, "client_order_id": format!("{order}"), "symbol": "AAPL", "side": "BUY",
                "type": "LIMIT", "qty": "1", "limit_price": format!("{}.{:02}", cents / 100, cents % 100), "time_in_force": "GTC",
            });
            let reply = client.post("/api/paper/orders/", &body).await?;
            ensure!(reply.status == 201, "an order was answered {reply:?}");
        }
        let mut socket = stream::open_signed_in(&server.socket_url(), client.token()).await?;
        let wish = json!({"op": "subscribe", "channel": "portfolio", "portfolio_id": portfolio});
        stream::say(&mut socket, &wish).await?;
        let answer = stream::answer(&mut socket).await?;
        ensure!(answer["op"] == "subscribed", "subscribing was answered {answer}");
        Ok(Self { feed, socket, ticks: 0, _server: server })
    }

    /// Sends the quote that fills the next order, and waits until the client has the fill.
    async fn fill(&mut self) -> Result<()> {
        let cents = FIRST_CENTS - self.ticks;
        self.ticks += 1;
        self.feed.play("AAPL", &[quote(cents)]).await?;
        hear_fill(&mut self.socket).await
    }

    /// All messages of one fill, as the frames that the client gets.
    async fn messages_of_a_fill(&mut self) -> Result<Vec<u8>> {
        self.feed.play("AAPL", &[quote(FIRST_CENTS)]).await?;
        self.ticks += 1;
        let mut frames = Vec::new();
        while let Ok(heard) = tokio::time::timeout(QUIET, stream::hear(&mut self.socket)).await {
            match heard? {
                Incoming::Json(message, text) if message["op"].is_null() => {
                    frames.extend([0x81, 126]);
                    frames.extend(u16::try_from(text.len())?.to_be_bytes());
                    frames.extend(text.as_bytes());
                }
                Incoming::Json(..) => {}
                Incoming::Closed(code, reason) => anyhow::bail!("closed with {code} {reason}"),
            }
        }
        Ok(frames)
    }
}

/// Waits for a fill.
async fn hear_fill(socket: &mut Socket) -> Result<()> {
    loop {
        match stream::hear(socket).await? {
            Incoming::Json(message, _) if message["type"] == "fill" => {
                ensure!(message["data"]["qty"] == "1", "the fill is not the order's: {message}");
                return Ok(());
            }
            Incoming::Json(..) => {}
            Incoming::Closed(code, reason) => anyhow::bail!("closed with {code} {reason}"),
        }
    }
}

/// A quote whose ask is this many cents, for one share.
fn quote(cents: i64) -> Tick {
    let price = |cents: i64| i128::from(cents) * fixed::ONE / 100;
    let (bid, ask) = (price(cents - 1), price(cents));
    let body = TickBody::Quote(TopOfBook { bid, bid_size: fixed::ONE, ask, ask_size: fixed::ONE });
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Tick { time: i64::try_from(since.as_nanos()).unwrap_or(0), body }
}
