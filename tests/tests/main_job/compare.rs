//! Gives the model the same ticks and commands at the same places, and compares every order, fill
//! and balance with what the server says.

use super::trader::{Action, Log, nanoseconds};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use tests::fixed;
use tests::ibm;
use tests::oracle::{Kind, Oracle, Order, Tick, TimeInForce};

/// Differences that are printed before the test fails.
const DIFFERENCES_SHOWN: usize = 25;

/// What the model is given.
pub(crate) struct Truth<'a> {
    pub(crate) ticks: &'a [Tick],
    pub(crate) balances: &'a [i128],
    pub(crate) lot: i128,
}

/// What the server says of one portfolio.
struct Account {
    portfolio: Value,
    orders: HashMap<String, Value>,
    trades: HashMap<String, Vec<Value>>,
    position: Option<Value>,
    changes: HashMap<(String, u64), i64>,
    cancels: HashMap<String, i64>,
}

struct Placed {
    time: i64,
    portfolio: usize,
    action: Action,
}

/// Runs the model and compares.
pub(crate) async fn against_the_model(truth: &Truth<'_>, logs: &[Log]) -> Result<()> {
    let mut accounts = Vec::new();
    let mut placed = Vec::new();
    for log in logs {
        let account = fetch(log).await?;
        placed.extend(place(log, &account)?);
        accounts.push(account);
    }
    placed.sort_by_key(|placed| placed.time);
    let (oracle, indexes) = run(truth, &placed, logs.len());
    let mut differences = Vec::new();
    for (log, account) in logs.iter().zip(&accounts) {
        compare_orders(&oracle, &indexes[log.index], log, account, &mut differences)?;
        compare_money(&oracle, log, account, &mut differences)?;
    }
    let refusals = logs.iter().flat_map(|log| &log.refusals).fold(BTreeMap::new(), |mut sum, (code, count)| {
        *sum.entry(code.clone()).or_insert(0) += count;
        sum
    });
    let fills: usize = oracle.orders().iter().map(|order| order.fills.len()).sum();
    let changes = placed.iter().filter(|placed| matches!(placed.action, Action::Replace(..))).count();
    let cancels = placed.iter().filter(|placed| matches!(placed.action, Action::Cancel(_))).count();
    let orders = oracle.orders().len();
    eprintln!("{orders} orders, {fills} fills, {changes} changes, {cancels} cancels, refused {refusals:?}");
    ensure!(changes >= 50 && cancels >= 50, "{changes} changes and {cancels} cancels are too few");
    for difference in differences.iter().take(DIFFERENCES_SHOWN) {
        eprintln!("{difference}");
    }
    ensure!(differences.is_empty(), "{} differences between the server and the model", differences.len());
    the_load_was_what_it_should_be(oracle.orders(), fills)
}

async fn fetch(log: &Log) -> Result<Account> {
    let id = &log.portfolio;
    let portfolio = log.client.get(&format!("/api/paper/portfolios/{id}/")).await?.body;
    let orders = log.client.list(&format!("/api/paper/orders/?portfolio_id={id}")).await?;
    let mut trades: HashMap<String, Vec<Value>> = HashMap::new();
    for trade in log.client.list(&format!("/api/paper/trades/?portfolio_id={id}")).await? {
        trades.entry(trade["order_id"].as_str().unwrap_or_default().to_owned()).or_default().push(trade);
    }
    let positions = log.client.list(&format!("/api/paper/portfolios/{id}/positions/")).await?;
    let (changes, cancels) = history(log).await?;
    let orders = orders.into_iter().map(|row| (row["id"].as_str().unwrap_or_default().to_owned(), row)).collect();
    let position = positions.into_iter().find(|row| row["symbol"] == ibm::SYMBOL);
    Ok(Account { portfolio, orders, trades, position, changes, cancels })
}

/// When each revision of each order was made, and when each order was cancelled.
async fn history(log: &Log) -> Result<(HashMap<(String, u64), i64>, HashMap<String, i64>)> {
    let (mut changes, mut cancels) = (HashMap::new(), HashMap::new());
    let mut after = 0;
    loop {
        let path = format!("/api/paper/portfolios/{}/events/?after_seq={after}&limit=500", log.portfolio);
        let page = log.client.get(&path).await?;
        let messages = page.body["results"].as_array().with_context(|| format!("events answered {page:?}"))?;
        for message in messages {
            let seq = message["seq"].as_u64().context("a message has a number")?;
            ensure!(seq == after + 1, "message {} is missing in {}", after + 1, log.portfolio);
            after = seq;
            if message["type"] == "order" {
                let (time, order) = (nanoseconds(&message["time"])?, &message["data"]);
                let id = order["id"].as_str().context("an order has an id")?.to_owned();
                let revision = order["revision"].as_u64().context("an order has a revision")?;
                changes.entry((id.clone(), revision)).or_insert(time);
                if order["status"] == "CANCELED" {
                    cancels.entry(id).or_insert(time);
                }
            }
        }
        if messages.is_empty() {
            return Ok((changes, cancels));
        }
    }
}

fn place(log: &Log, account: &Account) -> Result<Vec<Placed>> {
    let mut placed: Vec<Placed> = Vec::new();
    let mut submitted = 0;
    for action in &log.actions {
        let time = match action {
            Action::Submit(_) => {
                submitted += 1;
                nanoseconds(&row(log, account, submitted - 1)?["created_at"])?
            }
            Action::Cancel(place) => {
                let id = &log.orders[*place];
                *account.cancels.get(id).with_context(|| format!("no message says that {id} was cancelled"))?
            }
            Action::Replace(place, _, revision) => {
                let key = (log.orders[*place].clone(), *revision);
                *account.changes.get(&key).with_context(|| format!("no message shows the change {key:?}"))?
            }
        };
        let latest = placed.last().map_or(i64::MIN, |placed| placed.time);
        ensure!(time >= latest, "engine time went back from {latest} to {time} at {action:?}");
        placed.push(Placed { time, portfolio: log.index, action: *action });
    }
    Ok(placed)
}

fn row<'a>(log: &Log, account: &'a Account, place: usize) -> Result<&'a Value> {
    let id = &log.orders[place];
    account.orders.get(id).with_context(|| format!("order {id} of portfolio {} is not listed", log.index))
}

/// The model after everything, and the model's index of each portfolio's orders.
fn run(truth: &Truth<'_>, placed: &[Placed], portfolios: usize) -> (Oracle, Vec<Vec<usize>>) {
    let mut oracle = Oracle::new(truth.balances, truth.lot, ibm::sessions());
    let mut indexes = vec![Vec::new(); portfolios];
    let mut commands = placed.iter().peekable();
    let mut act = |oracle: &mut Oracle, placed: &Placed| match placed.action {
        Action::Submit(order) => indexes[placed.portfolio].push(oracle.submit(placed.time, order)),
        Action::Cancel(place) => oracle.cancel(placed.time, indexes[placed.portfolio][place]),
        Action::Replace(place, change, _) => oracle.replace(placed.time, indexes[placed.portfolio][place], change),
    };
    for tick in truth.ticks {
        while let Some(placed) = commands.next_if(|placed| placed.time < tick.time) {
            act(&mut oracle, placed);
        }
        oracle.tick(tick);
    }
    commands.for_each(|placed| act(&mut oracle, placed));
    (oracle, indexes)
}

fn compare_orders(
    oracle: &Oracle,
    indexes: &[usize],
    log: &Log,
    account: &Account,
    differences: &mut Vec<String>,
) -> Result<()> {
    for (place, index) in indexes.iter().enumerate() {
        let order = &oracle.orders()[*index];
        let row = row(log, account, place)?;
        let empty = Vec::new();
        let trades = account.trades.get(&log.orders[place]).unwrap_or(&empty);
        let (expected, found) = (order.summary(), describe_server(row, trades)?);
        if expected != found {
            differences.push(format!(
                "portfolio {} order {place} {:?}\n  model  {expected}\n  server {found}",
                log.index, order.new
            ));
        }
    }
    let extra = account.orders.len() - indexes.len();
    if extra != 0 {
        differences.push(format!("portfolio {}: {extra} orders that nobody sent", log.index));
    }
    Ok(())
}

fn describe_server(row: &Value, trades: &[Value]) -> Result<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let number = |value: &Value| value.as_str().map_or("-".to_owned(), |text| fixed::format(fixed::parse(text)));
    let mut trades: Vec<&Value> = trades.iter().collect();
    trades.sort_by_key(|trade| trade["seq"].as_u64());
    let mut fills = Vec::new();
    for trade in trades {
        let liquidity = text(&trade["liquidity"]).to_uppercase();
        let time = nanoseconds(&trade["time"])?;
        fills.push(format!("{}@{} {liquidity} at {time}", number(&trade["qty"]), number(&trade["price"])));
        ensure!(number(&trade["fee"]) == "0", "the default profile charges nothing: {trade}");
    }
    let code = row["reject_code"].as_str().filter(|_| row["status"] == "REJECTED").unwrap_or_default();
    let (status, filled) = (text(&row["status"]), number(&row["filled_qty"]));
    Ok(format!("{status} {code} {filled} avg {} {fills:?}", number(&row["filled_avg_price"])))
}

fn compare_money(oracle: &Oracle, log: &Log, account: &Account, differences: &mut Vec<String>) -> Result<()> {
    let model = oracle.account(log.index);
    let mut check = |name: &str, expected: i128, row: &Value| {
        let found = row[name].as_str().map_or(0, fixed::parse);
        if found != expected {
            let (expected, found) = (fixed::format(expected), fixed::format(found));
            differences.push(format!("portfolio {}: {name} is {found}, the model has {expected}", log.index));
        }
    };
    check("cash", model.cash, &account.portfolio);
    check("reserved", model.reserved_cash, &account.portfolio);
    check("realized_pnl", model.realized, &account.portfolio);
    let none = Value::Null;
    let position = account.position.as_ref().unwrap_or(&none);
    check("qty", model.qty, position);
    check("cost_basis", model.cost, position);
    Ok(())
}

/// A comparison of nothing would pass too: every kind must have been there, and most must have traded.
fn the_load_was_what_it_should_be(orders: &[Order], fills: usize) -> Result<()> {
    ensure!(orders.len() >= 2_000, "only {} orders were sent", orders.len());
    ensure!(fills >= 1_000, "only {fills} fills were made");
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for order in orders {
        let kind = match order.new.kind {
            Kind::Market => "market",
            Kind::Limit { .. } => "limit",
            Kind::Stop { .. } => "stop",
            Kind::StopLimit { .. } => "stop-limit",
            Kind::Trailing { .. } => "trailing",
        };
        *kinds.entry(kind).or_default() += 1;
        *kinds.entry(order.status.name()).or_default() += 1;
        let time_in_force = match order.new.time_in_force {
            TimeInForce::Day => "day",
            TimeInForce::Gtc => "gtc",
            TimeInForce::Ioc => "ioc",
            TimeInForce::Fok => "fok",
        };
        *kinds.entry(time_in_force).or_default() += 1;
    }
    eprintln!("{kinds:?}");
    let wanted = ["market", "limit", "stop", "stop-limit", "trailing", "day", "gtc", "ioc", "fok"];
    let outcomes = ["FILLED", "CANCELED", "EXPIRED", "REJECTED"];
    for name in wanted.iter().chain(&outcomes) {
        let count = kinds.get(name).copied().unwrap_or(0);
        ensure!(count >= 15, "only {count} orders were {name}");
    }
    Ok(())
}
