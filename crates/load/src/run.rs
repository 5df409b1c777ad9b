//! A load test from its beginning to its report.

use crate::http::Connection;
use crate::market::wall_time;
use crate::metrics::{Metrics, ServerCounts};
use crate::orders::{self, OrderLoad, OrderOutcome};
use crate::pacer::Pacer;
use crate::report::grouped;
use crate::session::{self, User};
use crate::streams::{self, Reader, Stage, StreamOutcome};
use crate::{Child, FeedPlan, Market, Plan, Report, Schedule, Target, TickFeed, child};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// From the end of preparations to the first arrival.
const LEAD: Duration = Duration::from_millis(100);
/// How long what was due may take after the end; what is left then counts as unsent.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// How long readers may take to receive what there is.
const FINISH_MAX: Duration = Duration::from_secs(30);
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// Longest test, so that no token runs out.
const LENGTH_MAX: Duration = Duration::from_secs(23 * 3_600);

/// Why a load test could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Plan(String),
    /// The server does not do what it must for a test.
    #[error("the server cannot be tested: {0}")]
    Server(String),
    /// A file, process or connection failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A limit was not kept.
    #[error("a limit was missed: {0}")]
    Missed(String),
}

/// Everything that was prepared.
struct Prepared {
    address: SocketAddr,
    child: Option<Child>,
    feed: TickFeed,
    users: Vec<User>,
    readers: Vec<JoinHandle<StreamOutcome>>,
    stalled: Vec<streams::Open>,
    stage: watch::Sender<Stage>,
    received: Arc<AtomicU64>,
    resident_before: u64,
}

/// Runs a load test; `tell` is given a line of progress each second.
///
/// # Errors
/// See [`LoadError`]; a limit that is not kept is no error here, but stands in the report.
pub async fn run(plan: &Plan, mut tell: impl FnMut(&str)) -> Result<Report, LoadError> {
    if plan.warm_up + plan.measured > LENGTH_MAX || plan.measured.is_zero() {
        return Err(LoadError::Plan("the measured time must be above 0, the test shorter than a day".to_owned()));
    }
    if plan.orders.per_second > 0 && plan.orders.connections == 0 {
        return Err(LoadError::Plan("orders need at least one connection".to_owned()));
    }
    let mut prepared = prepare(plan, &mut tell).await?;
    let whole = plan.warm_up + plan.measured;
    let begins = Instant::now() + LEAD;
    let wall = wall_time().plus_nanos(i64::try_from(LEAD.as_nanos()).unwrap_or(0));
    let ticks = Arc::new(Schedule::new(plan.arrivals, plan.ticks.per_second, whole, plan.seed));
    prepared.feed.begin(Arc::clone(&ticks), (begins, wall), plan.warm_up);
    let schedule = Arc::new(Schedule::new(plan.arrivals, plan.orders.per_second, whole, plan.seed ^ 1));
    let pacer = Pacer::start(Arc::clone(&schedule), begins, plan.orders.connections);
    let load = Arc::new(OrderLoad {
        address: prepared.address,
        plan: plan.orders,
        seed: plan.seed,
        users: prepared.users.clone(),
        market: Market::new(plan.ticks.symbols, plan.seed),
        schedule,
        begins,
        measured_from: plan.warm_up,
        permits: pacer.permits(),
        next: AtomicU64::new(0),
        answered: AtomicU64::new(0),
        give_up: AtomicBool::new(false),
    });
    let sending = tokio::spawn(orders::run(Arc::clone(&load)));
    until(begins + plan.warm_up, &load, &prepared, &mut tell).await;
    let before = scrape(prepared.address).await?;
    let measuring = Instant::now();
    prepared.stage.send_replace(Stage::Measured);
    until(begins + whole, &load, &prepared, &mut tell).await;
    let after = scrape(prepared.address).await?;
    let measured = measuring.elapsed();
    prepared.stage.send_replace(Stage::WarmUp);
    let orders = drain(sending, &load).await;
    let mut report = finish(&mut prepared, orders, (&before, &after)).await;
    report.seed = plan.seed;
    report.ticks.scheduled = ticks.count();
    report.finish(measured, &plan.limits);
    prepared.stalled.clear();
    prepared.feed.stop().await;
    if let Some(child) = prepared.child {
        child.stop().await?;
    }
    Ok(report)
}

async fn prepare(plan: &Plan, tell: &mut impl FnMut(&str)) -> Result<Prepared, LoadError> {
    let market = Market::new(plan.ticks.symbols, plan.seed);
    let symbols: Vec<String> = market.symbols().map(|symbol| symbol.to_string()).collect();
    let feed_plan =
        FeedPlan { encoding: plan.ticks.encoding, per_frame: plan.ticks.per_frame, listen: plan.ticks.listen };
    let feed = TickFeed::start(market, feed_plan).await?;
    let (address, child) = match &plan.target {
        Target::Running(address) => {
            if plan.ticks.per_second > 0 && !feed.has_client() {
                tell(&format!("waiting for a server started with: {}", feed.flags().join(" ")));
            }
            (*address, None)
        }
        Target::Child { binary, flags } => {
            let mut all = feed.flags();
            let own = ["--calendar", "24x7", "--access-minutes", "1440", "--log", "warn"];
            all.extend(own.iter().map(|flag| (*flag).to_owned()));
            all.extend(flags.iter().cloned());
            let child = Child::start(binary, &all).await?;
            (child.address(), Some(child))
        }
    };
    let mark = format!("{:x}", wall_time().nanos());
    let users = session::users(address, &mark, (plan.orders.users, plan.orders.portfolios)).await?;
    tell("waiting for the first quotes");
    session::quoted(address, &users[0].token, &symbols).await?;
    let (stage, stages) = watch::channel(Stage::WarmUp);
    let received = Arc::new(AtomicU64::new(0));
    let mut readers = Vec::with_capacity(plan.streams.readers);
    for index in 0..plan.streams.readers {
        let (user, portfolio) = portfolio_of(&users, index);
        let opened = streams::open(address, &user.token, portfolio, None).await;
        let (socket, head) = opened.map_err(LoadError::Server)?;
        let (token, portfolio) = (user.token.clone(), portfolio.clone());
        let reader = Reader { address, token, portfolio, stage: stages.clone(), received: Arc::clone(&received) };
        readers.push(tokio::spawn(reader.run(socket, head)));
    }
    let resident_before = resident(child.as_ref());
    let mut stalled = Vec::with_capacity(plan.streams.stalled);
    for index in 0..plan.streams.stalled {
        let (user, portfolio) = portfolio_of(&users, index);
        let opened = streams::open_stalled(address, &user.token, portfolio).await;
        stalled.push(opened.map_err(LoadError::Server)?);
    }
    Ok(Prepared { address, child, feed, users, readers, stalled, stage, received, resident_before })
}

/// Clients spread over all portfolios.
fn portfolio_of(users: &[User], index: usize) -> (&User, &String) {
    let user = &users[index % users.len()];
    (user, &user.portfolios[index / users.len() % user.portfolios.len()])
}

fn resident(child: Option<&Child>) -> u64 {
    child.and_then(|child| child::resident_bytes(child.process_id())).unwrap_or(0)
}

/// Waits until an instant, and tells how far the load is.
async fn until(end: Instant, load: &OrderLoad, prepared: &Prepared, tell: &mut impl FnMut(&str)) {
    let numbers = || {
        let answered = load.answered.load(Ordering::Relaxed);
        [prepared.feed.sent(), answered, prepared.received.load(Ordering::Relaxed)]
    };
    let mut last = numbers();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left <= PROGRESS_EVERY {
            tokio::time::sleep(left).await;
            return;
        }
        tokio::time::sleep(PROGRESS_EVERY).await;
        let now = numbers();
        let [ticks, orders, messages] = [0, 1, 2].map(|place| grouped(now[place] - last[place]));
        tell(&format!(
            "{:>4} s left: {ticks} ticks/s, {orders} orders/s, {messages} messages/s",
            left.as_secs().saturating_sub(1)
        ));
        last = now;
    }
}

async fn drain(mut sending: JoinHandle<OrderOutcome>, load: &OrderLoad) -> OrderOutcome {
    let outcome = match tokio::time::timeout(DRAIN_MAX, &mut sending).await {
        Ok(outcome) => outcome,
        Err(_) => {
            load.give_up.store(true, Ordering::Relaxed);
            sending.await
        }
    };
    outcome.unwrap_or_default()
}

async fn finish(prepared: &mut Prepared, orders: OrderOutcome, (before, after): (&Metrics, &Metrics)) -> Report {
    prepared.stage.send_replace(Stage::Finishing);
    let mut streams = StreamOutcome::default();
    for reader in prepared.readers.drain(..) {
        let abort = reader.abort_handle();
        match tokio::time::timeout(FINISH_MAX, reader).await {
            Ok(Ok(outcome)) => streams.add(&outcome),
            Ok(Err(_)) | Err(_) => {
                abort.abort();
                streams.counts.failed += 1;
            }
        }
    }
    streams.counts.stalled = prepared.stalled.len() as u64;
    let both = |name: &str| [after.quantile_ns(name, "0.5"), after.quantile_ns(name, "0.99")];
    let mut report = Report::default();
    report.ticks.sent = prepared.feed.sent();
    report.ticks.late = prepared.feed.late().percentiles();
    report.ticks.to_client = streams.tick_to_client.percentiles();
    report.orders.counts = orders.counts;
    report.orders.latency = orders.latency.percentiles();
    report.orders.waited = orders.waited.percentiles();
    report.streams.counts = streams.counts;
    report.streams.event_to_client = streams.event_to_client.percentiles();
    report.server.shards = after.shards();
    report.server.counts = ServerCounts::between(before, after);
    report.server.commit_ns = both("journal_commit");
    report.server.tick_to_durable_ns = both("tick_to_durable");
    report.server.resident_bytes = [prepared.resident_before, resident(prepared.child.as_ref())];
    report
}

async fn scrape(address: SocketAddr) -> Result<Metrics, LoadError> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.send("GET", "/metrics", "", b"").await?;
    match answer.status {
        200 => Ok(Metrics::parse(&String::from_utf8_lossy(answer.body))),
        status => Err(LoadError::Server(format!("/metrics was answered by {status}"))),
    }
}
