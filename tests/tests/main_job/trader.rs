//! A portfolio's owner: sends orders of every kind, cancels and replaces some, and keeps a log of
//! what was sent and answered.

use super::tape::Pace;
use anyhow::{Context, Result, bail, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::sync::Arc;
use tests::client::Client;
use tests::fixed::{self, ONE};
use tests::ibm;
use tests::invent;
use tests::oracle::{Change, Kind, NewOrder, Side, Size, TimeInForce, Trail};

/// One cent.
const CENT: i128 = ONE / 100;

/// Orders that are tried in turn until one is still open and takes a change.
const ATTEMPTS_MAX: usize = 12;

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    /// A new order.
    Submit(NewOrder),
    /// The end of the order with this place among the portfolio's orders.
    Cancel(usize),
    /// A change of the order with this place, which gave it this revision.
    Replace(usize, Change, u64),
}

/// What one portfolio did.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) client: Client,
    pub(crate) portfolio: String,
    pub(crate) index: usize,
    /// The server's ids of its orders, in the order in which they were sent.
    pub(crate) orders: Vec<String>,
    /// What was done, in order; refused changes and cancels are left out, for they changed nothing.
    pub(crate) actions: Vec<Action>,
    /// How many changes and cancels were refused, by code.
    pub(crate) refusals: std::collections::BTreeMap<String, usize>,
}

/// The owner of one portfolio.
#[derive(Debug)]
pub(crate) struct Trader {
    pub(crate) balance: i128,
    log: Log,
    random: StdRng,
    shapes: Vec<NewOrder>,
    /// Orders that were open when they were last heard of.
    working: Vec<usize>,
}

impl Trader {
    /// Opens the portfolio. Every fifth is poor, so that buying power runs out.
    pub(crate) async fn open(client: &Client, index: usize, seed: u64) -> Result<Self> {
        let balance = if index % 5 == 4 { 60_000 * ONE } else { 2_000_000 * ONE };
        let portfolio = client.open_portfolio(&format!("tape {index}"), &fixed::format(balance)).await?;
        let log = Log {
            client: client.clone(),
            portfolio,
            index,
            orders: Vec::new(),
            actions: Vec::new(),
            refusals: Default::default(),
        };
        let random = StdRng::seed_from_u64(seed ^ u64::try_from(index)?.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        Ok(Self { balance, log, random, shapes: Vec::new(), working: Vec::new() })
    }

    /// Sends so many commands, spread over the tape.
    pub(crate) async fn trade(mut self, commands: usize, pace: Arc<Pace>) -> Result<Log> {
        for number in 0..commands {
            pace.until_played(usize::max(number, 1), commands + 1).await;
            let quote = pace.quote();
            ensure!(quote.bid > 0 && quote.ask > 0, "the tape quotes both sides before trading starts");
            match self.random.random_range(0..100) {
                0..10 if number > 3 => self.cancel().await?,
                10..24 if number > 3 => {
                    let mut attempts = 0;
                    while attempts < ATTEMPTS_MAX && !self.replace().await? {
                        attempts += 1;
                    }
                }
                _ => {
                    let buyer = invent::Buyer { portfolio: self.log.index, rich: self.balance > 100_000 * ONE };
                    let order = invent::order(&mut self.random, buyer, number, quote);
                    self.submit(order).await?;
                }
            }
            pace.command_answered();
        }
        Ok(self.log)
    }

    async fn submit(&mut self, order: NewOrder) -> Result<()> {
        let row = self.log.submit(order).await?;
        if row["status"] == "NEW" || row["status"] == "PARTIALLY_FILLED" {
            self.working.push(self.shapes.len());
        }
        self.shapes.push(order);
        Ok(())
    }

    async fn cancel(&mut self) -> Result<()> {
        let place = self.recent_order();
        let reply = self.log.client.delete(&format!("/api/paper/orders/{}/", self.log.orders[place])).await?;
        match reply.status {
            200 => self.log.actions.push(Action::Cancel(place)),
            409 => self.log.refused(reply.text("code")),
            _ => bail!("a cancel answered {reply:?}"),
        }
        self.has_ended(place);
        Ok(())
    }

    /// Tries to change an order; says whether that was answered with a change.
    async fn replace(&mut self) -> Result<bool> {
        let place = self.recent_order();
        let shape = self.shapes[place];
        let Some(change) = invent::change(&mut self.random, shape) else { return Ok(false) };
        let body = wire(change);
        let path = format!("/api/paper/orders/{}/", self.log.orders[place]);
        let reply = self.log.client.patch(&path, &body).await?;
        match reply.status {
            200 => {
                let revision = reply.body["revision"].as_u64().context("an order has a revision")?;
                self.log.actions.push(Action::Replace(place, change, revision));
                self.shapes[place] = invent::changed(shape, change);
            }
            409 | 422 => {
                self.log.refused(reply.text("code"));
                if reply.status == 409 {
                    self.has_ended(place);
                }
            }
            _ => bail!("a replace by {body} answered {reply:?}"),
        }
        Ok(reply.status == 200)
    }

    /// An order that may be open, lately sent rather than long ago.
    fn recent_order(&mut self) -> usize {
        let count = self.working.len();
        if count == 0 {
            return self.shapes.len() - 1;
        }
        self.working[self.random.random_range(count.saturating_sub(6)..count)]
    }

    /// Word came that the order has ended.
    fn has_ended(&mut self, place: usize) {
        self.working.retain(|working| *working != place);
    }
}

/// A change as clients write it.
fn wire(change: Change) -> Value {
    let mut body = json!({});
    let mut set = |name: &str, value: Option<i128>| {
        if let Some(value) = value {
            body[name] = json!(fixed::format(value));
        }
    };
    set("qty", change.qty);
    set("limit_price", change.limit);
    set("stop_price", change.stop);
    match change.trail {
        Some(Trail::Amount(amount)) => set("trail_amount", Some(amount)),
        Some(Trail::Percent(percent)) => set("trail_percent", Some(percent)),
        None => {}
    }
    body
}

impl Log {
    fn refused(&mut self, code: &str) {
        *self.refusals.entry(code.to_owned()).or_default() += 1;
    }

    /// Sends an order and keeps it, taken or refused; the answer is the order.
    pub(crate) async fn submit(&mut self, order: NewOrder) -> Result<Value> {
        let reply = self.client.post("/api/paper/orders/", &self.wire(order)).await?;
        let row = match reply.status {
            201 => reply.body,
            422 => reply.body["order"].clone(),
            _ => bail!("an order answered {reply:?}"),
        };
        self.orders.push(row["id"].as_str().with_context(|| format!("an order has an id: {row}"))?.to_owned());
        self.actions.push(Action::Submit(order));
        Ok(row)
    }

    fn wire(&self, order: NewOrder) -> Value {
        let mut body = json!({
            "portfolio_id": self.portfolio,
            "client_order_id": format!("{}-{}", self.index, self.orders.len()),
            "symbol": ibm::SYMBOL,
            "side": order.side.name(),
            "time_in_force": order.time_in_force.name(),
        });
        let (name, prices): (&str, &[(&str, i128)]) = match order.kind {
            Kind::Market => ("MARKET", &[]),
            Kind::Limit { limit } => ("LIMIT", &[("limit_price", limit)]),
            Kind::Stop { stop } => ("STOP", &[("stop_price", stop)]),
            Kind::StopLimit { stop, limit } => ("STOP_LIMIT", &[("stop_price", stop), ("limit_price", limit)]),
            Kind::Trailing { trail: Trail::Amount(amount) } => ("TRAILING_STOP", &[("trail_amount", amount)]),
            Kind::Trailing { trail: Trail::Percent(percent) } => ("TRAILING_STOP", &[("trail_percent", percent)]),
        };
        body["type"] = json!(name);
        for (field, value) in prices {
            body[field] = json!(fixed::format(*value));
        }
        match order.size {
            Size::Shares(qty) => body["qty"] = json!(fixed::format(qty)),
            Size::Notional(amount) => body["notional"] = json!(fixed::format(amount)),
        }
        body
    }
}

/// Sends orders that can never fill, until one was taken after the last tick: then every tick has
/// reached the portfolio's shard, and whatever it caused is visible.
pub(crate) async fn send_until(log: &mut Log, end: i64) -> Result<()> {
    for _ in 0..2_000 {
        let order = NewOrder {
            portfolio: log.index,
            side: Side::Buy,
            kind: Kind::Limit { limit: CENT },
            size: Size::Shares(ONE),
            time_in_force: TimeInForce::Ioc,
        };
        let row = log.submit(order).await?;
        if nanoseconds(&row["created_at"])? >= end {
            return Ok(());
        }
    }
    bail!("the tape did not reach its end; last order {:?}", log.orders.last());
}

/// A time of a reply, in nanoseconds since 1970.
pub(crate) fn nanoseconds(time: &Value) -> Result<i64> {
    let text = time.as_str().context("a time is text")?;
    Ok(i64::try_from(text.parse::<jiff::Timestamp>()?.as_nanosecond())?)
}
