//! Orders over REST: a mix of new ones, cancels and replacements, each sent when it is due.
//!
//! Connections take arrivals in turn; when all are busy an arrival waits, and its wait counts. What an
//! arrival does follows from the seed and its number; which order a cancel meets depends on the
//! connection that takes it. The invariant: every arrival is answered, failed, or left unsent.

use crate::http::Connection;
use crate::session::User;
use crate::{Latencies, Market, OrderPlan, Schedule};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Open orders that a connection remembers for cancels and replacements.
const REMEMBERED_MAX: usize = 256;
/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Pause before a lost connection is opened again.
const REOPEN_WAIT: Duration = Duration::from_millis(50);

/// What became of the measured arrivals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OrderCounts {
    /// How many were due.
    pub scheduled: u64,
    /// How many were sent.
    pub sent: u64,
    /// How many were answered, whatever the answer.
    pub answered: u64,
    /// How many were sent and not answered: the connection failed or the wait was too long.
    pub failed: u64,
    /// How many were not sent before the test ended.
    pub unsent: u64,
    /// Answers by status code.
    pub by_status: BTreeMap<u16, u64>,
}

impl OrderCounts {
    /// Answers that no server should give to this load: its own failures, and refusals to talk.
    #[must_use]
    pub fn errors(&self) -> u64 {
        let is_error =
            |status: u16| status >= 500 || matches!(status, 400 | 401 | 403 | 404 | 429) || status < 200;
        let bad: u64 =
            self.by_status.iter().filter(|(status, _)| is_error(**status)).map(|(_, count)| count).sum();
        bad + self.failed + self.unsent
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.answered += other.answered;
        self.failed += other.failed;
        for (status, count) in &other.by_status {
            *self.by_status.entry(*status).or_default() += count;
        }
    }
}

/// What the orders did.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderOutcome {
    pub(crate) counts: OrderCounts,
    /// From when a request was due to its answer.
    pub(crate) latency: Latencies,
    /// From when it was due to when it was sent: what waiting for a free connection took.
    pub(crate) waited: Latencies,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct OrderLoad {
    pub(crate) address: SocketAddr,
    pub(crate) plan: OrderPlan,
    pub(crate) seed: u64,
    pub(crate) users: Vec<User>,
    pub(crate) market: Market,
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) begins: Instant,
    pub(crate) measured_from: Duration,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) next: AtomicU64,
    pub(crate) answered: AtomicU64,
    pub(crate) give_up: AtomicBool,
}

/// Runs all connections until the schedule is done or given up.
pub(crate) async fn run(load: Arc<OrderLoad>) -> OrderOutcome {
    let connections: Vec<_> = (0..load.plan.connections)
        .map(|index| tokio::spawn(Sender::new(Arc::clone(&load), index).run()))
        .collect();
    let mut outcome = OrderOutcome::default();
    for connection in connections {
        if let Ok(part) = connection.await {
            outcome.counts.add(&part.counts);
            outcome.latency.add(&part.latency);
            outcome.waited.add(&part.waited);
        }
    }
    let count = load.schedule.count();
    let warm = count
        - (0..count).rev().take_while(|index| load.schedule.due(*index) >= load.measured_from).count() as u64;
    outcome.counts.scheduled = count - warm;
    outcome.counts.unsent = outcome.counts.scheduled.saturating_sub(outcome.counts.sent);
    outcome
}

/// What one arrival asks for.
struct Wish {
    method: &'static str,
    path: String,
    body: String,
    cancels: bool,
}

struct Sender {
    load: Arc<OrderLoad>,
    index: usize,
    open: VecDeque<String>,
    outcome: OrderOutcome,
}

impl Sender {
    fn new(load: Arc<OrderLoad>, index: usize) -> Self {
        Self { load, index, open: VecDeque::new(), outcome: OrderOutcome::default() }
    }

    async fn run(mut self) -> OrderOutcome {
        let load = Arc::clone(&self.load);
        let mut connection = None;
        loop {
            let Ok(permit) = load.permits.acquire().await else { return self.outcome };
            permit.forget();
            let arrival = load.next.fetch_add(1, Ordering::Relaxed);
            if arrival >= load.schedule.count() || load.give_up.load(Ordering::Relaxed) {
                return self.outcome;
            }
            self.send(&mut connection, arrival).await;
        }
    }

    async fn send(&mut self, connection: &mut Option<Connection>, arrival: u64) {
        let load = Arc::clone(&self.load);
        let due = load.schedule.due(arrival);
        let is_measured = due >= load.measured_from;
        let user = &load.users[self.index % load.users.len()];
        let wish = self.wish(user, arrival);
        let sent = load.begins.elapsed();
        let answer = tokio::time::timeout(ANSWER_MAX, exchange(connection, &load, user, &wish)).await;
        let answered = load.begins.elapsed();
        let counts = &mut self.outcome.counts;
        counts.sent += u64::from(is_measured);
        match answer {
            Ok(Ok((status, id))) => {
                load.answered.fetch_add(1, Ordering::Relaxed);
                if is_measured {
                    counts.answered += 1;
                    *counts.by_status.entry(status).or_default() += 1;
                    self.outcome.latency.record(answered.saturating_sub(due));
                    self.outcome.waited.record(sent.saturating_sub(due));
                }
                if let Some(id) = id.filter(|_| status == 201 && !wish.cancels) {
                    self.open.push_back(id);
                    if self.open.len() > REMEMBERED_MAX {
                        self.open.pop_front();
                    }
                }
            }
            Ok(Err(_)) | Err(_) => {
                counts.failed += u64::from(is_measured);
                *connection = None;
                tokio::time::sleep(REOPEN_WAIT).await;
            }
        }
    }

    /// Of a hundred arrivals: 50 limits far below the market, 15 a cent below it, 10 market orders of
    /// either side, 5 stops, 12 cancels, 8 replacements.
    fn wish(&mut self, user: &User, arrival: u64) -> Wish {
        let mut random = SmallRng::seed_from_u64(self.load.seed ^ arrival.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let draw = random.random_range(0..100_u32);
        if draw >= 80
            && let Some(id) = self.open.pop_front()
        {
            let path = format!("/api/paper/orders/{id}/");
            if draw < 92 {
                return Wish { method: "DELETE", path, body: String::new(), cancels: true };
            }
            self.open.push_back(id);
            let body = format!(r#"{{"qty":"{}"}}"#, random.random_range(2..9_u32));
            return Wish { method: "PATCH", path, body, cancels: true };
        }
        let place = random.random_range(0..usize::MAX);
        let portfolio = &user.portfolios[random.random_range(0..user.portfolios.len())];
        let market = &self.load.market;
        let symbol = market.symbols().nth(place % market.symbols().count()).map(|symbol| symbol.to_string());
        let cents = market.cents(place % market.symbols().count());
        let money = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let terms = match draw {
            50..65 => format!(r#""side":"BUY","type":"LIMIT","limit_price":"{}""#, money(cents - 1)),
            65..75 => r#""side":"BUY","type":"MARKET""#.to_owned(),
            75..80 => format!(r#""side":"BUY","type":"STOP","stop_price":"{}""#, money(cents + cents / 4)),
            _ => format!(r#""side":"BUY","type":"LIMIT","limit_price":"{}""#, money(cents / 2)),
        };
        let (symbol, seed) = (symbol.unwrap_or_default(), self.load.seed);
        let body = format!(
            r#"{{"portfolio_id":"{portfolio}","client_order_id":"{seed}-{arrival}","symbol":"{symbol}",{terms},"qty":"1","time_in_force":"GTC"}}"#
        );
        Wish { method: "POST", path: "/api/paper/orders/".to_owned(), body, cancels: false }
    }
}

async fn exchange(
    connection: &mut Option<Connection>,
    load: &OrderLoad,
    user: &User,
    wish: &Wish,
) -> std::io::Result<(u16, Option<String>)> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(Connection::open(load.address).await?),
    };
    let answer = connection.send(wish.method, &wish.path, &user.token, wish.body.as_bytes()).await?;
    Ok((answer.status, order_id(answer.body)))
}

/// The id of an order's answer: its first member of that name.
fn order_id(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("\"id\":\"")?;
    rest.split_once('"').map(|(id, _)| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_refusals_are_answers_and_failures_are_errors() {
        let by_status = [(200, 5), (201, 50), (409, 2), (422, 3), (429, 1), (503, 4)].into_iter().collect();
        let counts = OrderCounts { failed: 2, unsent: 7, by_status, ..OrderCounts::default() };
        assert_eq!(counts.errors(), 1 + 4 + 2 + 7);
    }

    #[test]
    fn an_answers_id_is_found() {
        assert_eq!(order_id(br#"{"id":"a-1","parent_id":"b"}"#).as_deref(), Some("a-1"));
        assert_eq!(order_id(b"{}"), None);
    }
}
