//! The load: workers that submit and cancel and retry until they have an answer, followers that read
//! the stream and resume, and a market that moves with them.

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tests::alpaca_feed::AlpacaFeed;
use tests::client::{Client, Reply};
use tests::fixed::{self, ONE};
use tests::oracle::{Print, Tick, TickBody, TopOfBook};
use tests::stream::{self, Follower, Incoming};
use tokio::sync::Notify;

/// What is traded.
pub(crate) const SYMBOLS: [&str; 3] = ["AAPL", "MSFT", "IBM"];
/// The middle of the market at the start.
const MIDDLE: i128 = 100 * ONE;
/// One cent.
const CENT: i128 = ONE / 100;
/// Cash of a portfolio at the start.
pub(crate) const CASH: i128 = 100_000_000 * ONE;

/// Which life of the server this is, and how many answers came.
#[derive(Debug, Default)]
pub(crate) struct Generation {
    number: AtomicU64,
    pub(crate) answers: AtomicUsize,
    stopping: AtomicBool,
    changed: Notify,
}

impl Generation {
    pub(crate) fn server_is_back(&self) {
        self.number.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn answered(&self) {
        self.answers.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    pub(crate) async fn until_more_answers(&self, count: usize) {
        let goal = self.answers.load(Ordering::SeqCst) + count;
        self.until(|| self.answers.load(Ordering::SeqCst) >= goal).await;
    }

    /// Waits for a later life than the named one; the last one has no later.
    async fn until_after(&self, number: u64) {
        self.until(|| self.number.load(Ordering::SeqCst) > number || self.is_stopping()).await;
    }

    async fn until(&self, holds: impl Fn() -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if holds() {
                return;
            }
            changed.await;
        }
    }
}

/// What the server has acknowledged to one portfolio's owner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Promises {
    /// Order ids by client order id; every one was acknowledged.
    pub(crate) orders: BTreeMap<String, String>,
    /// Orders whose cancel was acknowledged.
    pub(crate) cancels: BTreeSet<String>,
    /// Messages seen on the stream, by number.
    pub(crate) messages: BTreeMap<u64, String>,
}

/// One portfolio and what its owner knows.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) client: Client,
    pub(crate) portfolio: String,
    pub(crate) index: usize,
    promises: Mutex<Promises>,
}

impl Desk {
    pub(crate) async fn open(client: &Client, index: usize) -> Result<Self> {
        let portfolio = client.open_portfolio(&format!("desk {index}"), &fixed::format(CASH)).await?;
        Ok(Self { client: client.clone(), portfolio, index, promises: Mutex::default() })
    }

    /// What was acknowledged up to now.
    pub(crate) fn promises(&self) -> Promises {
        self.promises.lock().expect("no holder panics").clone()
    }

    fn note(&self, change: impl FnOnce(&mut Promises)) {
        change(&mut self.promises.lock().expect("no holder panics"));
    }
}

/// Submits and cancels until told to stop. Every command is repeated until it was answered.
pub(crate) async fn work(desk: Arc<Desk>, generation: Arc<Generation>, seed: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut open: Vec<String> = Vec::new();
    for number in 0.. {
        if generation.is_stopping() {
            break;
        }
        if !open.is_empty() && random.random_bool(0.3) {
            let id = open.swap_remove(random.random_range(0..open.len()));
            let path = format!("/api/paper/orders/{id}/");
            let reply = repeat(&generation, || desk.client.delete(&path)).await;
            ensure!(matches!(reply.status, 200 | 409), "a cancel answered {reply:?}");
            if reply.status == 200 {
                desk.note(|promises| {
                    promises.cancels.insert(id);
                });
            }
        } else {
            let name = format!("{}-{number}", desk.index);
            let order = invent(&desk, &name, &mut random);
            let reply = repeat(&generation, || desk.client.post("/api/paper/orders/", &order)).await;
            let row = match reply.status {
                201 => &reply.body,
                200 => {
                    ensure!(reply.replayed, "a repeated order is marked as one: {reply:?}");
                    &reply.body
                }
                422 => &reply.body["order"],
                _ => anyhow::bail!("an order answered {reply:?}"),
            };
            let id = row["id"].as_str().with_context(|| format!("an order has an id: {reply:?}"))?.to_owned();
            desk.note(|promises| drop(promises.orders.insert(name, id.clone())));
            open.push(id);
        }
        generation.answered();
    }
    Ok(())
}

fn invent(desk: &Desk, name: &str, random: &mut StdRng) -> Value {
    let side = if random.random_bool(0.6) { "BUY" } else { "SELL" };
    let mut order = json!({
        "portfolio_id": desk.portfolio,
        "client_order_id": name,
        "symbol": SYMBOLS[random.random_range(0..SYMBOLS.len())],
        "side": side,
        "type": "LIMIT",
        "qty": fixed::format(i128::from(random.random_range(1..300)) * ONE),
        "time_in_force": "GTC",
    });
    match random.random_range(0..4) {
        0 => order["type"] = json!("MARKET"),
        1 => {
            order["type"] = json!("TRAILING_STOP");
            order["trail_amount"] = json!(fixed::format(i128::from(random.random_range(2..60)) * CENT));
        }
        _ => {
            let cents = i128::from(random.random_range(-120..120));
            order["limit_price"] = json!(fixed::format(MIDDLE + cents * CENT));
        }
    }
    order
}

/// Sends until an answer comes that says what happened.
async fn repeat<F: Future<Output = Result<Reply>>>(generation: &Generation, send: impl Fn() -> F) -> Reply {
    loop {
        let number = generation.number.load(Ordering::SeqCst);
        match send().await {
            // 503 says that nothing happened, or that the outcome is unknown; repeating settles both.
            Ok(reply) if reply.status == 503 => tokio::task::yield_now().await,
            Ok(reply) => return reply,
            Err(_) => generation.until_after(number).await,
        }
    }
}

/// Follows the portfolio's stream and resumes after every loss, sometimes from further back.
pub(crate) async fn follow(desk: Arc<Desk>, generation: Arc<Generation>, url: String, seed: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut follower = Follower::new(&desk.portfolio);
    while !generation.is_stopping() {
        let number = generation.number.load(Ordering::SeqCst);
        let back = random.random_range(0..20);
        match follow_once(&desk, &generation, &mut follower, (&url, back)).await {
            Ok(()) => {}
            Err(Loss::Connection) => generation.until_after(number).await,
            Err(Loss::Refusal(error)) => return Err(error),
        }
    }
    Ok(())
}

enum Loss {
    Connection,
    Refusal(anyhow::Error),
}

async fn follow_once(
    desk: &Desk,
    generation: &Generation,
    follower: &mut Follower,
    (url, back): (&str, u64),
) -> Result<(), Loss> {
    let Ok(mut socket) = stream::open_signed_in(url, desk.client.token()).await else {
        return Err(Loss::Connection);
    };
    let after = follower.last().saturating_sub(back);
    if let Err(error) = follower.subscribe(&mut socket, after).await {
        let refused = error.to_string().contains("subscribing answered");
        return Err(if refused { Loss::Refusal(error) } else { Loss::Connection });
    }
    while !generation.is_stopping() {
        match stream::hear(&mut socket).await {
            Ok(Incoming::Json(message, text)) => {
                follower.keep(&message, &text);
                if let Some((seq, text)) = follower.messages.last_key_value() {
                    let (seq, text) = (*seq, text.clone());
                    desk.note(|promises| drop(promises.messages.insert(seq, text)));
                }
            }
            Ok(Incoming::Closed(..)) | Err(_) => return Err(Loss::Connection),
        }
    }
    Ok(())
}

/// Moves the market one step with every answer.
pub(crate) async fn play(feed: Arc<AlpacaFeed>, generation: Arc<Generation>, seed: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut middles = [MIDDLE; SYMBOLS.len()];
    let mut latest = 0;
    loop {
        for (symbol, middle) in SYMBOLS.iter().zip(&mut middles) {
            *middle += i128::from(random.random_range(-4..5)) * CENT;
            *middle = (*middle).clamp(MIDDLE - 80 * CENT, MIDDLE + 80 * CENT);
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
            latest = i64::max(latest + 2, i64::try_from(now)?);
            let size = i128::from(random.random_range(1..12)) * 100 * ONE;
            let quote = TopOfBook { bid: *middle - CENT, bid_size: size, ask: *middle + CENT, ask_size: size };
            let print = Print { price: *middle, size, conditions: &["@"] };
            let ticks = [
                Tick { time: latest, body: TickBody::Quote(quote) },
                Tick { time: latest + 1, body: TickBody::Print(print) },
            ];
            feed.play(symbol, &ticks).await?;
        }
        generation.until_more_answers(usize::from(random.random_bool(0.7))).await;
    }
}
