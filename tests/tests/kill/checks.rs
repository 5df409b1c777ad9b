//! What must hold after a restart, and at the end.

use super::load::{CASH, Desk, Promises};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tests::fixed;

/// Every order, cancel and message that was acknowledged before the kill is there after it.
pub(crate) async fn promises_are_kept(desk: &Desk, promises: &Promises) -> Result<()> {
    let orders = orders(desk).await?;
    for (name, id) in &promises.orders {
        let row = orders.get(name).with_context(|| format!("the acknowledged order {name} is gone"))?;
        ensure!(row["id"] == id.as_str(), "{name} was acknowledged as {id} and is now {row}");
        let canceled = row["status"] == "CANCELED";
        ensure!(canceled || !promises.cancels.contains(id), "the cancel of {name} is forgotten: {row}");
    }
    let Some((last, _)) = promises.messages.last_key_value() else { return Ok(()) };
    let stored = messages(desk, last.saturating_sub(200)).await?;
    for (seq, text) in promises.messages.range(last.saturating_sub(199)..) {
        let again = stored.get(seq).with_context(|| format!("message {seq} was seen and is gone: {text}"))?;
        ensure!(again == text, "message {seq} was seen as {text} and is now {again}");
    }
    Ok(())
}

/// At rest: no order twice, the stream gapless and as it was seen, and money and holdings equal to
/// the sum of the fills.
pub(crate) async fn everything_adds_up(desk: &Desk) -> Result<()> {
    let promises = desk.promises();
    promises_are_kept(desk, &promises).await?;
    let orders = orders(desk).await?;
    ensure!(
        orders.keys().collect::<Vec<_>>() == promises.orders.keys().collect::<Vec<_>>(),
        "the orders that stand are not the orders that were sent"
    );
    let stored = messages(desk, 0).await?;
    for (place, seq) in (1..).zip(stored.keys()) {
        ensure!(place == *seq, "message {place} is missing");
    }
    for (seq, text) in &promises.messages {
        ensure!(
            stored.get(seq) == Some(text),
            "message {seq} was seen as {text}, stored is {:?}",
            stored.get(seq)
        );
    }
    let trades = desk.client.list(&format!("/api/paper/trades/?portfolio_id={}", desk.portfolio)).await?;
    let ids: BTreeSet<_> = trades.iter().map(|trade| trade["id"].to_string()).collect();
    ensure!(ids.len() == trades.len(), "a trade is listed twice");
    for text in stored.values().filter(|text| text.contains(r#""type":"fill""#)) {
        let message: Value = serde_json::from_str(text)?;
        ensure!(ids.contains(&message["data"]["id"].to_string()), "a fill that was announced is gone: {text}");
    }
    money_adds_up(desk, &orders, &trades).await
}

async fn money_adds_up(desk: &Desk, orders: &BTreeMap<String, Value>, trades: &[Value]) -> Result<()> {
    let number = |row: &Value, name: &str| row[name].as_str().map_or(0, fixed::parse);
    let (mut cash, mut held, mut filled) = (CASH, HashMap::new(), HashMap::new());
    for trade in trades {
        let (price, qty) = (number(trade, "price"), number(trade, "qty"));
        let sign = if trade["side"] == "BUY" { 1 } else { -1 };
        cash -= sign * fixed::value(price, qty);
        *held.entry(trade["symbol"].to_string()).or_insert(0) += sign * qty;
        *filled.entry(trade["order_id"].to_string()).or_insert(0) += qty;
    }
    for row in orders.values() {
        let traded = filled.get(&row["id"].to_string()).copied().unwrap_or(0);
        ensure!(number(row, "filled_qty") == traded, "the trades of an order sum to {traded}: {row}");
    }
    let portfolio = desk.client.get(&format!("/api/paper/portfolios/{}/", desk.portfolio)).await?.body;
    ensure!(number(&portfolio, "cash") == cash, "cash is {}, trades leave {cash}", portfolio["cash"]);
    for position in desk.client.list(&format!("/api/paper/portfolios/{}/positions/", desk.portfolio)).await? {
        let traded = held.remove(&position["symbol"].to_string()).unwrap_or(0);
        ensure!(number(&position, "qty") == traded, "trades sum to {traded}: {position}");
    }
    ensure!(held.values().all(|qty| *qty == 0), "a holding is not listed: {held:?}");
    Ok(())
}

/// The orders that stand, by client order id; a name that stands twice is a failure.
async fn orders(desk: &Desk) -> Result<BTreeMap<String, Value>> {
    let mut orders = BTreeMap::new();
    for row in desk.client.list(&format!("/api/paper/orders/?portfolio_id={}", desk.portfolio)).await? {
        let name = row["client_order_id"].as_str().context("an order has a client order id")?.to_owned();
        let before = orders.insert(name, row);
        ensure!(before.is_none(), "one client order id made two orders: {before:?}");
    }
    Ok(orders)
}

/// The very bytes of the messages after a number.
async fn messages(desk: &Desk, mut after: u64) -> Result<BTreeMap<u64, String>> {
    #[derive(serde::Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        results: Vec<&'a RawValue>,
    }
    #[derive(serde::Deserialize)]
    struct Numbered {
        seq: u64,
    }
    let mut messages = BTreeMap::new();
    loop {
        let path = format!("/api/paper/portfolios/{}/events/?after_seq={after}&limit=500", desk.portfolio);
        let text = desk.client.get_text(&path).await?;
        let page: Page<'_> = serde_json::from_str(&text)?;
        if page.results.is_empty() {
            return Ok(messages);
        }
        for raw in page.results {
            after = serde_json::from_str::<Numbered>(raw.get())?.seq;
            messages.insert(after, raw.get().to_owned());
        }
    }
}
