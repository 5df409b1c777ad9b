//! A real server on a small real disk that a neighbour fills: growth is refused, cancels go through,
//! reads go on, and when the room is back so is everything, in the same process.
//!
//! Expected values come from what the client itself was told. Where no disk can be mounted the test
//! says so and does nothing.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tests::client::{Client, Reply};
use tests::server::{Server, Setup};
use tests::stream::{self, Follower, Incoming};

/// The whole disk.
const DISK_MEGABYTES: u64 = 24;
/// Below it growth is refused.
const SOFT: u64 = 6 << 20;
/// Below it nothing but cancels is taken.
const HARD: u64 = 2 << 20;
/// Names the mounted folder to a test that was started again in a namespace of its own.
const MOUNTED: &str = "PAPERTAPE_SMALL_DISK";
/// Longest wait for anything that has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A small file system, taken away in the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Path) -> Option<Self> {
        let size = format!("size={DISK_MEGABYTES}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "papertape"]).arg(folder).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(folder.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Runs this very test again where a user may mount: in a namespace of its own.
fn run_in_namespace(folder: &Path) -> Result<bool> {
    let test = std::env::current_exe()?;
    let script = format!(
        "mount -t tmpfs -o size={DISK_MEGABYTES}m papertape \"$1\" || exit 77; exec \"$2\" --exact \"$3\" --nocapture"
    );
    let status = Command::new("unshare")
        .args(["-rm", "sh", "-c", &script, "sh"])
        .arg(folder)
        .arg(test)
        .arg("disk_full::a_full_disk_costs_nothing_that_was_acknowledged")
        .env(MOUNTED, folder)
        .status();
    match status {
        Ok(status) if status.success() => Ok(true),
        Ok(status) if status.code() == Some(101) => bail!("the test failed in its namespace"),
        Ok(_) | Err(_) => Ok(false),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_costs_nothing_that_was_acknowledged() -> Result<()> {
    if let Some(folder) = std::env::var_os(MOUNTED) {
        return fill_and_heal(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir()?;
    if let Some(disk) = SmallDisk::mount(folder.path()) {
        let done = fill_and_heal(folder.path()).await;
        drop(disk);
        return done;
    }
    if !run_in_namespace(folder.path())? {
        eprintln!("skipped: neither mount nor unshare -rm gives this user a small disk");
    }
    Ok(())
}

/// Bytes that may still be written.
fn free(folder: &Path) -> Result<u64> {
    let output = Command::new("df").args(["--output=avail", "-B1"]).arg(folder).output()?;
    let text = String::from_utf8(output.stdout)?;
    text.lines().nth(1).and_then(|line| line.trim().parse().ok()).context("df tells the free bytes")
}

/// A neighbour's file.
struct Neighbour {
    folder: PathBuf,
    file: std::fs::File,
}

impl Neighbour {
    fn new(folder: &Path) -> Result<Self> {
        Ok(Self { folder: folder.to_owned(), file: std::fs::File::create(folder.join("neighbour"))? })
    }

    /// Grows until so many bytes are free, or nothing more can be written.
    fn leave(&mut self, bytes: u64) -> Result<()> {
        let block = vec![1; 16 << 10];
        while free(&self.folder)? > bytes {
            if self.file.write_all(&block).is_err() {
                // What is left is less than a block.
                while self.file.write_all(&[1]).is_ok() {}
                return Ok(());
            }
        }
        Ok(())
    }

    fn leave_nothing(&mut self) {
        let block = vec![1; 16 << 10];
        while self.file.write_all(&block).is_ok() {}
        while self.file.write_all(&[1; 64]).is_ok() {}
    }
}

/// What the client was told.
#[derive(Default)]
struct Record {
    /// Ids of orders by the client's own name.
    orders: BTreeMap<String, String>,
    canceled: BTreeSet<String>,
    /// Names of orders of which nobody knows whether they happened.
    unknown: BTreeSet<String>,
    sent: u32,
}

struct Trader {
    client: Client,
    portfolio: String,
    record: Record,
}

impl Trader {
    fn wish(&self, name: &str) -> Value {
        json!({"portfolio_id": self.portfolio, "client_order_id": name, "symbol": "AAPL", "side": "BUY",
            "type": "LIMIT", "limit_price": "1", "qty": "10", "time_in_force": "GTC"})
    }

    /// Sends another order and takes down what it was told.
    async fn send(&mut self) -> Result<Reply> {
        self.record.sent += 1;
        let name = format!("order-{}", self.record.sent);
        let reply = self.client.post("/api/paper/orders/", &self.wish(&name)).await?;
        match (reply.status, reply.text("code")) {
            (201, _) => {
                self.record.orders.insert(name, reply.text("id").to_owned());
            }
            (503, "OUTCOME_UNKNOWN") => {
                self.record.unknown.insert(name);
            }
            (507, "STORAGE_LOW") | (503, "STORAGE_FULL" | "STORAGE_UNAVAILABLE") => {}
            _ => bail!("{name} was answered with {reply:?}"),
        }
        Ok(reply)
    }

    /// Sends orders until one is answered like this.
    async fn send_until(&mut self, status: u16, code: &str) -> Result<()> {
        let begun = Instant::now();
        loop {
            let reply = self.send().await?;
            if reply.status == status && reply.text("code") == code {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "still {reply:?}, not {status} {code}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends an order, however often that must be asked for.
    async fn cancel(&mut self, name: &str) -> Result<()> {
        let id = self.record.orders[name].clone();
        let begun = Instant::now();
        let mut unknown = false;
        loop {
            let reply = self.client.delete(&format!("/api/paper/orders/{id}/")).await?;
            match (reply.status, reply.text("code")) {
                (200, _) => break,
                (409, "ORDER_NOT_OPEN") if unknown => break,
                (503, "OUTCOME_UNKNOWN") => unknown = true,
                (503, "STORAGE_UNAVAILABLE") => {}
                _ => bail!("the cancel of {name} was answered with {reply:?}"),
            }
            ensure!(begun.elapsed() < PATIENCE, "a cancel does not go through: {reply:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.record.canceled.insert(name.to_owned());
        Ok(())
    }

    /// Every order that was acknowledged is there, once, in the state that was acknowledged last.
    async fn check(&self) -> Result<()> {
        let rows = self.client.list(&format!("/api/paper/orders/?portfolio_id={}", self.portfolio)).await?;
        let mut found = BTreeMap::new();
        for row in &rows {
            let name = row["client_order_id"].as_str().context("an order has its name")?;
            ensure!(found.insert(name, row).is_none(), "{name} is there twice");
        }
        for (name, id) in &self.record.orders {
            let row =
                found.remove(name.as_str()).with_context(|| format!("{name} was acknowledged and is gone"))?;
            ensure!(row["id"] == id.as_str(), "{name} is another order now: {row}");
            let wanted = if self.record.canceled.contains(name) { "CANCELED" } else { "NEW" };
            ensure!(row["status"] == wanted, "{name}: {row}");
        }
        let unknown = |name: &&str| self.record.unknown.contains(*name);
        ensure!(found.keys().all(unknown), "orders that nobody sent: {found:?}");
        Ok(())
    }

    async fn reads_go_on(&self) -> Result<()> {
        for path in [
            format!("/api/paper/portfolios/{}/", self.portfolio),
            format!("/api/paper/orders/?portfolio_id={}", self.portfolio),
            "/healthz".to_owned(),
        ] {
            let reply = self.client.get(&path).await?;
            ensure!(reply.status == 200, "{path} answered {reply:?}");
        }
        Ok(())
    }
}

/// Follows the stream over one socket that is never opened again.
async fn follow(url: String, token: String, follower: Arc<Mutex<Follower>>) -> Result<()> {
    let mut socket = stream::open_signed_in(&url, &token).await?;
    let mut wish = follower.lock().expect("no holder panics").clone();
    wish.subscribe(&mut socket, 0).await?;
    loop {
        match stream::hear(&mut socket).await? {
            Incoming::Json(message, text) => follower.lock().expect("no holder panics").keep(&message, &text),
            Incoming::Closed(code, reason) => bail!("the socket was closed with {code} {reason}"),
        }
    }
}

async fn fill_and_heal(disk: &Path) -> Result<()> {
    let flags = ["--shards", "1", "--symbols", "AAPL", "--segment-megabytes", "1", "--space-ballast", "512KiB"];
    let mut setup = Setup::with(flags);
    for (flag, bytes) in [("--space-soft", SOFT), ("--space-hard", HARD)] {
        setup.flags.extend([flag.to_owned(), bytes.to_string()]);
    }
    setup.data_dir = Some(disk.join("data"));
    let mut server = Server::start(setup).await?;
    let process = server.process_id();
    let client = Client::register(&server.url(), "tenant").await?;
    let portfolio = client.open_portfolio("small", "1000000").await?;
    let follower = Arc::new(Mutex::new(Follower::new(&portfolio)));
    let follow = tokio::spawn(follow(server.socket_url(), client.token().to_owned(), Arc::clone(&follower)));
    let mut trader = Trader { client: client.clone(), portfolio: portfolio.clone(), record: Record::default() };
    for _ in 0..40 {
        ensure!(trader.send().await?.status == 201, "there is room: {}", free(disk)?);
    }

    let mut neighbour = Neighbour::new(disk)?;
    neighbour.leave(SOFT - (1 << 20))?;
    trader.send_until(507, "STORAGE_LOW").await?;
    trader.cancel("order-1").await?;
    let smaller = format!("/api/paper/orders/{}/", trader.record.orders["order-2"]);
    let amended = client.patch(&smaller, &json!({"qty": "5"})).await?;
    ensure!(amended.status == 200, "a smaller quantity was answered with {amended:?}");
    let stranger = json!({"username": "stranger", "password": "correct horse battery staple"});
    let refused = client.post("/api/users/register/", &stranger).await?;
    ensure!(refused.status == 507, "registering was answered with {refused:?}");
    trader.reads_go_on().await?;

    neighbour.leave_nothing();
    eprintln!("full: {} bytes free", free(disk)?);
    trader.send_until(503, "STORAGE_FULL").await?;
    let refused = client.post("/api/users/register/", &stranger).await?;
    ensure!(refused.status == 503, "registering was answered with {refused:?}");
    for name in 3..=20 {
        trader.cancel(&format!("order-{name}")).await?;
    }
    trader.reads_go_on().await?;
    trader.check().await?;

    std::fs::remove_file(disk.join("neighbour"))?;
    drop(neighbour);
    let begun = Instant::now();
    while trader.send().await?.status != 201 {
        ensure!(begun.elapsed() < PATIENCE, "the server does not go on:\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for name in std::mem::take(&mut trader.record.unknown) {
        let reply = client.post("/api/paper/orders/", &trader.wish(&name)).await?;
        ensure!(reply.status == 200 || reply.status == 201, "{name} sent again was answered with {reply:?}");
        trader.record.orders.insert(name, reply.text("id").to_owned());
    }
    ensure!(client.post("/api/users/register/", &stranger).await?.status == 201, "registering goes on");
    trader.check().await?;
    ensure!(server.process_id() == process, "it is the same process");
    let metrics = client.get_text("/metrics").await?;
    for line in metrics.lines().filter(|line| line.starts_with("papertape_storage_") && line.contains("_total")) {
        eprintln!("{line}");
    }

    // The socket was open all along: it has every message up to the last one, and a restart the same.
    let events = client.get(&format!("/api/paper/portfolios/{portfolio}/events/?after_seq=0&limit=1")).await?;
    let head = events.body["head_seq"].as_u64().context("the stream has a head")?;
    let begun = Instant::now();
    while follower.lock().expect("no holder panics").last() < head {
        ensure!(!follow.is_finished(), "the follower ended: {:?}", follow.await);
        ensure!(begun.elapsed() < PATIENCE, "messages are missing on the socket");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    follow.abort();
    server.kill()?;
    server.restart().await?;
    trader.check().await?;
    ensure!(server.terminate().await?.success(), "the server did not drain:\n{}", server.log());
    Ok(())
}
