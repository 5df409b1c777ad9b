//! From a tick to the fill in a client's hands, beside the least that any program between two sockets can take.
//!
//! Workload: the real server; a market-data server sends one quote at a time over a WebSocket, each of
//! which fills one resting order; a client on a WebSocket receives the fill. One tick every few
//! milliseconds whether or not the last one was answered (an open loop), so that nothing is warm. In turns:
//! a thread that relays bytes between two TCP sockets; the same with one append and `fdatasync` before it
//! sends; the server that publishes behind (without waiting for the disk); the server as it is by default.

use anyhow::{Context, Result, ensure};
use benches::{median, result, say};
use hdrhistogram::Histogram;
use serde_json::json;
use std::io::{Read, Write};
use std::time::{Duration, Instant};
use tests::alpaca_feed::AlpacaFeed;
use tests::client::Client;
use tests::fixed;
use tests::oracle::{Tick, TickBody, TopOfBook};
use tests::server::{Server, Setup};
use tests::stream::{self, Incoming, Socket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ROUNDS: usize = 5;
const TICKS_PER_ROUND: usize = 300;
/// Ticks of a round that are not counted.
const WARM_UP: usize = 30;
const INTERVAL: Duration = Duration::from_millis(5);
/// What a tick is long, about; the relay carries as much.
const FRAME_BYTES: usize = 150;
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
    Relay(Relay),
    Server(Box<Papertape>),
}

async fn run() -> Result<()> {
    let names = ["relay", "relay, one sync", "server, behind", "server, journal"];
    say(&format!("{ROUNDS} rounds of {TICKS_PER_ROUND} ticks each in turns, one every {INTERVAL:?}"));
    let mut ways = [
        Way::Relay(Relay::start(Sync::Never).await?),
        Way::Relay(Relay::start(Sync::Each).await?),
        Way::Server(Box::new(Papertape::start("behind").await?)),
        Way::Server(Box::new(Papertape::start("journal").await?)),
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
    say("left out: a network; the sender's and the client's own wake-ups are in all four");
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

/// A thread between two sockets.
struct Relay {
    tick_in: TcpStream,
    fill_out: TcpStream,
}

impl Relay {
    async fn start(sync: Sync) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let tick_in = TcpStream::connect(address).await?;
        let (source, _) = listener.accept().await?;
        let fill_out = TcpStream::connect(address).await?;
        let (sink, _) = listener.accept().await?;
        for stream in [&tick_in, &fill_out, &source, &sink] {
            stream.set_nodelay(true)?;
        }
        let (mut source, mut sink) = (source.into_std()?, sink.into_std()?);
        source.set_nonblocking(false)?;
        sink.set_nonblocking(false)?;
        let mut file = tempfile::tempfile()?;
        std::thread::spawn(move || -> Result<()> {
            let (mut frame, row) = ([0; FRAME_BYTES], [7; ROW_BYTES]);
            loop {
                source.read_exact(&mut frame)?;
                if sync == Sync::Each {
                    file.write_all(&row)?;
                    file.sync_data()?;
                }
                sink.write_all(&frame)?;
            }
        });
        Ok(Self { tick_in, fill_out })
    }

    async fn pass(&mut self) -> Result<()> {
        let mut frame = [1; FRAME_BYTES];
        self.tick_in.write_all(&frame).await?;
        self.fill_out.read_exact(&mut frame).await?;
        Ok(())
    }
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
        for order in 0..i64::try_from(ROUNDS * TICKS_PER_ROUND)? {
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
        loop {
            match stream::hear(&mut self.socket).await? {
                Incoming::Json(message, _) if message["type"] == "fill" => {
                    ensure!(message["data"]["qty"] == "1", "the fill is not the order's: {message}");
                    return Ok(());
                }
                Incoming::Json(..) => {}
                Incoming::Closed(code, reason) => anyhow::bail!("closed with {code} {reason}"),
            }
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
