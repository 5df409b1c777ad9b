//! How soon a killed server answers again, and how fast its past is told.
//!
//! Workload: 100,000 portfolios with a resting order each behind a snapshot; after it 1,000,000 events
//! (orders taken, filled and cancelled, evenly over the portfolios) that no snapshot holds. The data folder is
//! made by the server itself in this process, in memory, and copied to the disk. Then the real binary is
//! started on it, takes an order, is killed with SIGKILL, and started again: the clock runs from the new
//! process's start to its first 2xx. Beside it, in turns: reading the tail with its chain of hashes verified,
//! and the same with every event applied to an engine.

use anyhow::{Context, Result, ensure};
use benches::{median, nanoseconds_each, result, say};
use engine::{Shard, ShardConfig};
use gateway::Settings;
use model::{
    ClientOrderId, ClientOrderKey, Command, CommandReply, Currency, Event, ExecutionProfile, Money, NewOrder,
    OrderId, OrderKind, OrderTerms, Origin, PortfolioId, PortfolioName, Price, Qty, Request, RiskLimits, ShardId,
    ShardImage, ShardSeq, Side, Size, SubmittedBy, Symbol, Time, UserId,
};
use persistence::{FileStorage, Journal, JournalConfig, NewPortfolio, NewUser, RecoveryVisitor};
use runtime::Handle;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::alpaca_feed::AlpacaFeed;
use tests::fixed;
use tests::oracle::{Tick, TickBody, TopOfBook};

const PORTFOLIOS: u32 = 100_000;
const PORTFOLIOS_PER_USER: u32 = 100;
/// Events that each portfolio adds to the tail; the sum is 1,000,000.
const EVENTS_EACH: u32 = 10;
const ROUNDS: usize = 5;
/// Tasks that drive portfolios at one time.
const TASKS: u32 = 500;
/// Small, so that the portfolios and their first orders get behind a snapshot.
const SEGMENT_MEGABYTES_FIRST: u32 = 4;
/// Large, so that the tail stays one that no snapshot holds.
const SEGMENT_MEGABYTES_TAIL: u32 = 4_096;
/// Between two questions whether the server answers.
const ASK_EVERY: Duration = Duration::from_millis(1);
/// About as long as the rounds leave memory alone between two servers.
const PAUSE: Duration = Duration::from_secs(3);
const PAGE_BYTES: usize = 4_096;
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> Result<()> {
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let memory = tempfile::Builder::new().prefix("papertape").tempdir_in(memory_folder())?;
    let disk = tempfile::tempdir()?;
    let begun = Instant::now();
    let feed = threads.block_on(AlpacaFeed::start())?;
    threads.block_on(make(&feed, memory.path()))?;
    copy(memory.path(), disk.path())?;
    say(&format!("the data folder was made in {:.0?}: {} MB", begun.elapsed(), megabytes(disk.path())?));
    let (mut ready, mut read, mut applied) = (Vec::new(), Vec::new(), Vec::new());
    let mut reopened = Vec::new();
    let mut events = 0;
    let mut server = Process::start(&feed, disk.path())?;
    server.first_answer()?;
    for _ in 0..ROUNDS {
        server.kill()?;
        let begun = Instant::now();
        drop(journal(disk.path())?);
        reopened.push(begun.elapsed().as_secs_f64());
        let (took, count) = tell(disk.path(), Apply::No)?;
        read.push(took.as_secs_f64());
        let (took, _) = tell(disk.path(), Apply::Yes)?;
        applied.push(took.as_secs_f64());
        events = count;
        server = Process::start(&feed, disk.path())?;
        let took = server.first_answer()?;
        ready.push(took.as_secs_f64());
        say(&format!(
            "first 2xx {took:.0?}; tail of {count} events: reading it {:.0} ns an event, with apply {:.0} ns",
            nanoseconds_each(Duration::from_secs_f64(read[read.len() - 1]), count),
            nanoseconds_each(Duration::from_secs_f64(applied[applied.len() - 1]), count),
        ));
    }
    let resident = server.resident_bytes()?;
    server.kill()?;
    let touches = (0..ROUNDS).map(|_| first_touch(resident).as_secs_f64()).collect();
    let touch: f64 = median(touches);
    let slowest = ready.iter().copied().fold(0.0, f64::max);
    let (ready, read, applied, reopened) = (median(ready), median(read), median(applied), median(reopened));
    say(&format!("from a kill to the first 2xx: {ready:.2} s, slowest {slowest:.2} s (aim: 1 s)"));
    say(&format!("replay with apply: {:.2}x of reading with the chain verified (aim: 0.5)", read / applied));
    say(&format!("opening the journal after a kill: {:.1} ms", reopened * 1e3));
    let megabytes = resident >> 20;
    say(&format!(
        "handing out {megabytes} MB, which the server comes to, takes this machine {touch:.2} s by itself"
    ));
    say("left out: a cold page cache; the tail was written by this machine just before");
    result(&json!({
        "benchmark": "recovery", "portfolios": PORTFOLIOS, "tail_events": events, "first_2xx_s": ready,
        "first_2xx_s_max": slowest, "read_s": read, "replay_with_apply_s": applied, "read_over_replay": read / applied,
        "reopen_ms": reopened * 1e3, "resident_bytes": resident, "first_touch_s": touch,
    }));
    Ok(())
}

/// How long memory takes that nobody has touched for a while: a virtual machine's host has taken it back by then.
fn first_touch(bytes: usize) -> Duration {
    std::thread::sleep(PAUSE);
    let begun = Instant::now();
    let mut memory = vec![0_u8; bytes];
    memory.iter_mut().step_by(PAGE_BYTES).for_each(|byte| *byte = 1);
    std::hint::black_box(&memory);
    begun.elapsed()
}

/// A folder in memory where there is one.
fn memory_folder() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

fn settings(feed: &AlpacaFeed, dir: &Path, segment_megabytes: u32) -> Result<Settings> {
    let text = json!({
        "listen": "127.0.0.1:0", "data-dir": dir, "segment-megabytes": segment_megabytes.to_string(), "feed": "alpaca",
        "feed-url": feed.url(), "feed-key": tests::alpaca_feed::KEY, "feed-secret": tests::alpaca_feed::SECRET,
        "calendar": "24x7", "symbols": "AAPL", "space-ballast": "0",
    });
    let lines = text.as_object().context("an object")?.iter().map(|(name, value)| format!("{name} = {value}\n"));
    Ok(Settings::from_toml(&lines.collect::<String>())?)
}

/// Makes the folder: first what a snapshot will hold, then the tail.
async fn make(feed: &AlpacaFeed, dir: &Path) -> Result<()> {
    let server = gateway::serve(settings(feed, dir, SEGMENT_MEGABYTES_FIRST)?).await?;
    let handle = server.handle();
    let catalogue = Arc::clone(handle.catalogue());
    tokio::task::spawn_blocking(move || {
        (1..=PORTFOLIOS / PORTFOLIOS_PER_USER).try_for_each(|user| enrol(&catalogue, user))
    })
    .await??;
    feed.play("AAPL", &[quote()]).await?;
    let user = |portfolio: PortfolioId| UserId::new((portfolio.get() - 1) / PORTFOLIOS_PER_USER + 1);
    each_portfolio(&handle, move |handle, portfolio| async move {
        let by = SubmittedBy { user: user(portfolio), origin: Origin::Manual };
        let open = Command::OpenPortfolio {
            portfolio,
            currency: Currency::Usd,
            starting_balance: Money::whole(100_000),
            limits: RiskLimits::default(),
            profile: Box::new(ExecutionProfile::REALISTIC),
        };
        send(&handle, by, open).await?;
        send(&handle, by, order(portfolio, 0, Side::Buy, Some(1))).await?;
        Ok(())
    })
    .await?;
    drop(handle);
    server.stop().await?;
    let server = gateway::serve(settings(feed, dir, SEGMENT_MEGABYTES_TAIL)?).await?;
    let handle = server.handle();
    feed.play("AAPL", &[quote()]).await?;
    while handle.instruments().by_symbol(Symbol::parse("AAPL")?).and_then(|found| handle.quote(found.id)).is_none()
    {
        tokio::time::sleep(ASK_EVERY).await;
    }
    each_portfolio(&handle, move |handle, portfolio| async move {
        let by = SubmittedBy { user: user(portfolio), origin: Origin::Automated };
        // Two events each: taken and filled.
        send(&handle, by, order(portfolio, 1, Side::Buy, None)).await?;
        send(&handle, by, order(portfolio, 2, Side::Sell, None)).await?;
        for number in 3..6 {
            match send(&handle, by, order(portfolio, number, Side::Buy, Some(2))).await? {
                CommandReply::Accepted(order) => send(&handle, by, Command::Cancel { order }).await?,
                other => anyhow::bail!("an order was answered {other:?}"),
            };
        }
        Ok(())
    })
    .await?;
    let events: u64 = handle.status().shards.iter().map(|shard| shard.durable).sum();
    ensure!(events > u64::from(PORTFOLIOS * EVENTS_EACH), "{events} events are too few");
    drop(handle);
    server.stop().await?;
    Ok(())
}

fn enrol(catalogue: &persistence::Catalogue, user: u32) -> Result<()> {
    let created_at = Time::from_seconds(1);
    let (username, nickname) = (format!("user-{user}"), format!("nick-{user}"));
    let user = catalogue.create_user(NewUser { username, password_hash: String::new(), nickname, created_at })?;
    for number in 0..PORTFOLIOS_PER_USER {
        catalogue.create_portfolio(NewPortfolio {
            user: user.id,
            name: PortfolioName::parse(&format!("{number}")).map_err(|error| anyhow::anyhow!("{error:?}"))?,
            created_at,
            currency: Currency::Usd,
            starting_balance: Money::whole(100_000),
            limits: RiskLimits::default(),
            profile: ExecutionProfile::REALISTIC,
        })?;
    }
    Ok(())
}

async fn each_portfolio<F>(
    handle: &Handle,
    act: impl Fn(Handle, PortfolioId) -> F + Copy + Send + 'static,
) -> Result<()>
where
    F: Future<Output = Result<()>> + Send,
{
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let handle = handle.clone();
            tokio::spawn(async move {
                for portfolio in (1..=PORTFOLIOS).skip(task as usize).step_by(TASKS as usize) {
                    act(handle.clone(), PortfolioId::new(portfolio)).await?;
                }
                Ok::<(), anyhow::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn send(handle: &Handle, by: SubmittedBy, command: Command) -> Result<CommandReply> {
    let reply = handle.request(Request { by, command }).await?;
    match &reply {
        CommandReply::Refused(reject) | CommandReply::OrderRejected(_, reject) => anyhow::bail!("{reject:?}"),
        CommandReply::Done
        | CommandReply::Accepted(_)
        | CommandReply::Duplicate(_)
        | CommandReply::Replaced(_)
        | CommandReply::Canceled(_) => Ok(reply),
    }
}

/// One share: at the market, or resting at this price.
fn order(portfolio: PortfolioId, number: u32, side: Side, limit: Option<i64>) -> Command {
    let id = OrderId::of(portfolio, model::OrderNumber::new(number));
    let kind = limit.map_or(OrderKind::Market, |limit| OrderKind::Limit { limit: Price::whole(limit) });
    Command::Submit(NewOrder {
        portfolio,
        client_order_id: ClientOrderId::parse(&format!("client-order-{number}")).expect("a name"),
        key: ClientOrderKey::new(u128::from(id.get())),
        fingerprint: u64::from(number),
        symbol: Symbol::parse("AAPL").expect("a ticker"),
        side,
        terms: OrderTerms::plain(kind, Size::Shares(Qty::whole(1))),
        chain: None,
    })
}

/// A market deep enough for everyone.
fn quote() -> Tick {
    let (bid, ask) = (100 * fixed::ONE, 101 * fixed::ONE);
    let size = 100_000_000 * fixed::ONE;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let body = TickBody::Quote(TopOfBook { bid, bid_size: size, ask, ask_size: size });
    Tick { time: i64::try_from(since.as_nanos()).unwrap_or(0), body }
}

/// Copies the folder's files, and has them on the disk.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
            std::fs::File::open(&target)?.sync_all()?;
        }
    }
    Ok(())
}

fn megabytes(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        bytes +=
            if entry.file_type()?.is_dir() { megabytes(&entry.path())? << 20 } else { entry.metadata()?.len() };
    }
    Ok(bytes >> 20)
}

/// Whether events are applied to an engine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Apply {
    Yes,
    No,
}

/// Is told the tail.
struct Tail {
    apply: Apply,
    shards: Vec<Shard>,
    events: usize,
    /// When the first event was told: the image before it is not the tail's.
    begun: Option<Instant>,
}

impl RecoveryVisitor for Tail {
    fn begin(&mut self, _shard: ShardId, image: &ShardImage) {
        let calendar = engine::CalendarPolicy::AlwaysOpen;
        let config = ShardConfig { calendar, quote_age_max_ns: i64::MAX, ..ShardConfig::default() };
        self.shards.push(Shard::restore(config, image));
    }

    fn event(&mut self, shard: ShardId, _seq: ShardSeq, event: &Event) {
        self.begun.get_or_insert_with(Instant::now);
        self.events += 1;
        match self.apply {
            Apply::Yes => self.shards[usize::from(shard.get())].fold(event),
            Apply::No => {}
        }
    }
}

fn journal(dir: &Path) -> Result<Journal> {
    let dir = dir.join("journal");
    let storage = Arc::new(FileStorage);
    let shards = Journal::stored_shards(&*storage, &dir)?.context("a journal lies there")?;
    Ok(Journal::open(JournalConfig { dir, shards, segment_bytes_max: 4 << 30, cache_bytes: 16 << 20, storage })?)
}

fn tell(dir: &Path, apply: Apply) -> Result<(Duration, usize)> {
    let mut journal = journal(dir)?;
    let mut tail = Tail { apply, shards: Vec::new(), events: 0, begun: None };
    journal.recover(&mut tail)?;
    let took = tail.begun.context("there is a tail")?.elapsed();
    Ok((took, tail.events))
}

/// The real binary on the folder.
struct Process {
    address: SocketAddr,
    begun: Instant,
    child: Child,
}

impl Process {
    fn start(feed: &AlpacaFeed, dir: &Path) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let begun = Instant::now();
        let log = std::fs::File::options().create(true).append(true).open(dir.join("server.log"))?;
        let child = std::process::Command::new(tests::server::binary()?)
            .args(["serve", "--listen", &address.to_string(), "--calendar", "24x7", "--symbols", "AAPL"])
            .args(["--segment-megabytes", &SEGMENT_MEGABYTES_TAIL.to_string()])
            .args(feed.flags())
            .arg("--data-dir")
            .arg(dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start the server")?;
        Ok(Self { address, begun, child })
    }

    /// From the process's start to its first 2xx.
    fn first_answer(&mut self) -> Result<Duration> {
        loop {
            if self.asked().is_ok_and(|answered| answered) {
                return Ok(self.begun.elapsed());
            }
            ensure!(self.child.try_wait()?.is_none(), "the server ended");
            ensure!(self.begun.elapsed() < PATIENCE, "no answer after {PATIENCE:?}");
            std::thread::sleep(ASK_EVERY);
        }
    }

    fn asked(&self) -> Result<bool> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: papertape\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head.starts_with(b"HTTP/1.1 2"))
    }

    /// The most memory it has had.
    fn resident_bytes(&self) -> Result<usize> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("a peak")?;
        let kilobytes: usize = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes << 10)
    }

    fn kill(&mut self) -> Result<()> {
        // The standard library's kill is SIGKILL.
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
