//! Every documented route against everything that can be wrong with a request: the right status, a
//! problem document, and no panic. A route without a row fails, because the list of routes comes
//! from the document that the server generates from its code.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};
use tests::alpaca_feed::AlpacaFeed;
use tests::client::{Client, Reply};
use tests::fixed::ONE;
use tests::oracle::{Tick, TickBody, TopOfBook};
use tests::server::{Server, Setup};

/// Where the server describes its routes.
const DOCUMENT: &str = "/api/openapi.json";
/// An id that nobody has.
const NOBODY: &str = "00000000-0000-8000-8000-000000000000";
/// Texts that are no number that anything here may take.
const ABSURD_NUMBERS: [&str; 12] = [
    "NaN",
    "Infinity",
    "-1",
    "0",
    "-0",
    "1e5",
    "1_000",
    " 1",
    "",
    "0.000000001",
    "9999999999999999999999999999999999",
    "0x10",
];

/// Who may call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    Anyone,
    SignedIn,
}

/// A route, and a request to it that succeeds. `{portfolio}`, `{order}`, `{key}` and `{closed}` stand
/// for the caller's own.
struct Row {
    method: &'static str,
    route: &'static str,
    path: &'static str,
    caller: Caller,
    body: Option<Value>,
    /// Members that are decimal numbers.
    numbers: &'static [&'static str],
}

fn row(method: &'static str, route: &'static str, path: &'static str) -> Row {
    Row { method, route, path, caller: Caller::SignedIn, body: None, numbers: &[] }
}

impl Row {
    fn open(self) -> Self {
        Self { caller: Caller::Anyone, ..self }
    }

    fn with(self, body: Value, numbers: &'static [&'static str]) -> Self {
        Self { body: Some(body), numbers, ..self }
    }
}

/// Every route; those that end something come last.
fn table() -> Vec<Row> {
    let credentials = json!({"username": "caller", "password": "correct horse battery staple"});
    let order = json!({
        "portfolio_id": "{portfolio}", "symbol": "AAPL", "side": "BUY", "type": "STOP_LIMIT", "qty": "1",
        "limit_price": "310.05", "stop_price": "310", "trigger_source": "BID_ASK", "display_qty": "1",
        "time_in_force": "GTD", "expires_at": "2100-01-01T00:00:00Z",
    });
    let portfolio = "/api/paper/portfolios/{portfolio}/";
    vec![
        row("GET", "/healthz", "/healthz").open(),
        row("GET", "/readyz", "/readyz").open(),
        row("GET", "/metrics", "/metrics").open(),
        row("POST", "/api/users/register/", "/api/users/register/")
            .open()
            .with(json!({"username": "another", "password": "correct horse battery staple"}), &[]),
        row("POST", "/api/token/", "/api/token/").open().with(credentials, &[]),
        row("POST", "/api/token/refresh/", "/api/token/refresh/")
            .open()
            .with(json!({"refresh": "{refresh}"}), &[]),
        row("GET", "/api/users/me/", "/api/users/me/"),
        row("GET", "/api/users/me/api-keys/", "/api/users/me/api-keys/"),
        row("POST", "/api/users/me/api-keys/", "/api/users/me/api-keys/").with(json!({"label": "bot"}), &[]),
        row("GET", "/api/market/quote/", "/api/market/quote/?symbol=AAPL"),
        row("GET", "/api/market/history/", "/api/market/history/?symbol=AAPL&interval=1m&range=1d"),
        row("GET", "/api/market/instruments/", "/api/market/instruments/?q=A"),
        row("GET", "/api/market/clock/", "/api/market/clock/"),
        row("GET", "/api/paper/portfolios/", "/api/paper/portfolios/"),
        row("POST", "/api/paper/portfolios/", "/api/paper/portfolios/")
            .with(json!({"name": "second", "starting_balance": "1000"}), &["starting_balance"]),
        row("GET", "/api/paper/portfolios/{id}/", portfolio),
        row("PATCH", "/api/paper/portfolios/{id}/", portfolio).with(json!({"name": "renamed"}), &[]),
        row("POST", "/api/paper/portfolios/{id}/deposit/", "/api/paper/portfolios/{portfolio}/deposit/")
            .with(json!({"amount": "5", "note": "pocket money"}), &["amount"]),
        row("POST", "/api/paper/portfolios/{id}/withdraw/", "/api/paper/portfolios/{portfolio}/withdraw/")
            .with(json!({"amount": "5"}), &["amount"]),
        row("GET", "/api/paper/portfolios/{id}/events/", "/api/paper/portfolios/{portfolio}/events/?after_seq=0"),
        row("GET", "/api/paper/portfolios/{id}/positions/", "/api/paper/portfolios/{portfolio}/positions/"),
        row("GET", "/api/paper/orders/", "/api/paper/orders/?portfolio_id={portfolio}&status=open"),
        row("POST", "/api/paper/orders/", "/api/paper/orders/")
            .with(order, &["qty", "limit_price", "stop_price", "display_qty"]),
        row("GET", "/api/paper/orders/{id}/", "/api/paper/orders/{order}/"),
        row("PATCH", "/api/paper/orders/{id}/", "/api/paper/orders/{order}/")
            .with(json!({"limit_price": "1.01", "qty": "2"}), &["limit_price", "qty"]),
        row("GET", "/api/paper/trades/", "/api/paper/trades/?portfolio_id={portfolio}"),
        row("DELETE", "/api/paper/orders/{id}/", "/api/paper/orders/{order}/"),
        row("DELETE", "/api/paper/orders/", "/api/paper/orders/?portfolio_id={portfolio}"),
        row(
            "DELETE",
            "/api/paper/portfolios/{id}/positions/{symbol}/",
            "/api/paper/portfolios/{portfolio}/positions/AAPL/?qty=1",
        ),
        row("DELETE", "/api/paper/portfolios/{id}/positions/", "/api/paper/portfolios/{portfolio}/positions/"),
        row("DELETE", "/api/users/me/api-keys/{key_id}/", "/api/users/me/api-keys/{key}/"),
        row("DELETE", "/api/paper/portfolios/{id}/", "/api/paper/portfolios/{portfolio}/"),
    ]
}

/// A user with a portfolio that holds something, an open order and a key.
struct Owner {
    client: Client,
    portfolio: String,
    order: String,
    key: String,
    refresh: String,
}

impl Owner {
    async fn settle(url: &str, name: &str) -> Result<Self> {
        let client = Client::register(url, name).await?;
        let portfolio = client.open_portfolio("table", "100000").await?;
        let market = json!({
            "portfolio_id": portfolio, "symbol": "AAPL", "side": "BUY", "type": "MARKET", "qty": "10",
            "time_in_force": "IOC",
        });
        let bought = client.post("/api/paper/orders/", &market).await?;
        ensure!(bought.text("filled_qty") == "10", "a purchase answered {bought:?}");
        let limit = json!({
            "portfolio_id": portfolio, "symbol": "AAPL", "side": "BUY", "type": "LIMIT", "qty": "1",
            "limit_price": "1", "time_in_force": "GTC",
        });
        let order = client.post("/api/paper/orders/", &limit).await?.text("id").to_owned();
        let key = client.post("/api/users/me/api-keys/", &json!({"label": "table"})).await?;
        let credentials = json!({"username": name, "password": "correct horse battery staple"});
        let tokens = client.post("/api/token/", &credentials).await?;
        Ok(Self {
            client,
            portfolio,
            order,
            key: key.text("key_id").to_owned(),
            refresh: tokens.text("refresh").to_owned(),
        })
    }

    fn fill(&self, text: &str) -> String {
        let filled = text.replace("{portfolio}", &self.portfolio).replace("{order}", &self.order);
        filled.replace("{key}", &self.key).replace("{refresh}", &self.refresh)
    }

    async fn send(&self, row: &Row, path: &str, body: Option<String>) -> Result<Reply> {
        let content_type = if body.is_some() { "application/json" } else { "" };
        let body = body.unwrap_or_default().into_bytes();
        self.client.send(row.method, &self.fill(path), content_type, body).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_refuses_what_is_wrong_and_nothing_panics() -> Result<()> {
    let feed = AlpacaFeed::start().await?;
    let mut flags = feed.flags();
    flags.extend(["--calendar", "24x7"].map(str::to_owned));
    let server = Server::start(Setup::with(flags)).await?;
    quote_one_symbol(&feed, &server).await?;
    let owner = Owner::settle(&server.url(), "caller").await?;
    let stranger = Owner::settle(&server.url(), "stranger").await?;
    let anonymous = Client::anonymous(&server.url())?;
    let table = table();
    every_route_has_a_row(&anonymous, &table).await?;

    let mut faults = Vec::new();
    for row in &table {
        let mut checks = Checks { row, owner: &owner, faults: &mut faults };
        checks.who_asks(&stranger, &anonymous).await?;
        checks.what_is_named().await?;
        if row.body.is_some() {
            checks.what_is_sent().await?;
        }
    }
    for row in &table {
        let body = row.body.as_ref().map(|body| owner.fill(&body.to_string()));
        let reply = owner.send(row, row.path, body).await?;
        if !(200..300).contains(&reply.status) {
            faults.push(format!("{} {}: the good request answered {reply:?}", row.method, row.path));
        }
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    ensure!(faults.is_empty(), "{} requests were answered wrongly", faults.len());
    nothing_panicked(&anonymous).await
}

async fn every_route_has_a_row(client: &Client, table: &[Row]) -> Result<()> {
    let document = client.get(DOCUMENT).await?;
    ensure!(document.status == 200, "the document of the routes answered {document:?}");
    let paths = document.body["paths"].as_object().context("the document lists paths")?;
    let mut documented = BTreeSet::new();
    // The live stream is no route of requests and replies; its own tests cover it.
    for (path, methods) in paths.iter().filter(|(path, _)| *path != "/ws") {
        for method in methods.as_object().context("a path lists methods")?.keys() {
            documented.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let covered: BTreeSet<String> = table.iter().map(|row| format!("{} {}", row.method, row.route)).collect();
    let unnamed: Vec<_> = documented.symmetric_difference(&covered).collect();
    ensure!(unnamed.is_empty(), "documented and not in this table, or the reverse: {unnamed:?}");
    Ok(())
}

async fn nothing_panicked(client: &Client) -> Result<()> {
    let metrics = client.get_text("/metrics").await?;
    let panics: Vec<&str> =
        metrics.lines().filter(|line| line.contains("panic") && !line.starts_with('#')).collect();
    ensure!(!panics.is_empty(), "no metric counts panics");
    ensure!(panics.iter().all(|line| line.ends_with(" 0")), "{panics:?}");
    Ok(())
}

/// Plays one quote until the server shows it.
async fn quote_one_symbol(feed: &AlpacaFeed, server: &Server) -> Result<()> {
    let client = Client::register(&server.url(), "watcher").await?;
    loop {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?;
        let quote = TopOfBook { bid: 300 * ONE, bid_size: 900 * ONE, ask: 301 * ONE, ask_size: 900 * ONE };
        feed.play("AAPL", &[Tick { time: now, body: TickBody::Quote(quote) }]).await?;
        let shown = client.get("/api/market/quote/?symbol=AAPL").await?;
        if shown.status == 200 && shown.body["ask"].is_string() {
            return Ok(());
        }
    }
}

struct Checks<'a> {
    row: &'a Row,
    owner: &'a Owner,
    faults: &'a mut Vec<String>,
}

impl Checks<'_> {
    fn expect(&mut self, what: &str, reply: &Reply, allowed: &[u16]) {
        let problem = problem_fault(reply);
        if !allowed.contains(&reply.status) || problem.is_some() {
            let Row { method, path, .. } = self.row;
            let problem = problem.unwrap_or_default();
            self.faults.push(format!("{method} {path}, {what}: not {allowed:?} but {problem} {reply:?}"));
        }
    }

    async fn who_asks(&mut self, stranger: &Owner, anonymous: &Client) -> Result<()> {
        let Row { method, path, caller, body, .. } = self.row;
        if *caller == Caller::Anyone {
            return Ok(());
        }
        let content_type = if body.is_some() { "application/json" } else { "" };
        let body =
            || body.as_ref().map(|body| self.owner.fill(&body.to_string())).unwrap_or_default().into_bytes();
        let path_of_owner = self.owner.fill(path);
        let nobody = anonymous.send(method, &path_of_owner, content_type, body()).await?;
        let forged = anonymous.with_token("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.");
        let forged = forged.send(method, &path_of_owner, content_type, body()).await?;
        let names_a_portfolio = |body: &Value| body["portfolio_id"].is_string();
        let names_an_object = path.contains('{') || self.row.body.as_ref().is_some_and(names_a_portfolio);
        let foreign = stranger.client.send(method, &path_of_owner, content_type, body()).await?;
        let missing_owner = Owner {
            client: stranger.client.clone(),
            portfolio: NOBODY.to_owned(),
            order: NOBODY.to_owned(),
            key: "PKNOBODY".to_owned(),
            refresh: String::new(),
        };
        let missing_body = self.row.body.as_ref().map(|body| missing_owner.fill(&body.to_string()));
        let missing = missing_owner.send(self.row, path, missing_body).await?;
        self.expect("without credentials", &nobody, &[401]);
        self.expect("with a forged token", &forged, &[401]);
        if names_an_object {
            self.expect("another user's", &foreign, &[404]);
            self.expect("a missing one", &missing, &[404]);
            if foreign.body != missing.body {
                self.faults
                    .push(format!("{method} {path}: another user's {foreign:?} differs from missing {missing:?}"));
            }
        }
        Ok(())
    }

    async fn what_is_named(&mut self) -> Result<()> {
        let path = self.row.path;
        let body = self.row.body.as_ref().map(|body| self.owner.fill(&body.to_string()));
        for placeholder in ["{portfolio}", "{order}"] {
            if path.contains(placeholder) {
                for wrong in ["1", "not-an-id", "%00", "..%2f..", "00000000-0000-0000-0000-000000000000"] {
                    let reply = self.owner.send(self.row, &path.replace(placeholder, wrong), body.clone()).await?;
                    self.expect(&format!("the id {wrong}"), &reply, &[400, 404]);
                }
            }
        }
        if self.row.method != "GET" {
            return Ok(());
        }
        let joint = if path.contains('?') { '&' } else { '?' };
        for wrong in
            ["limit=0", "limit=-1", "limit=x", "limit=99999999999999999999", "cursor=%FF", "cursor=x", "unknown=1"]
        {
            let reply = self.owner.send(self.row, &format!("{path}{joint}{wrong}"), None).await?;
            if reply.status != 200 {
                self.expect(wrong, &reply, &[400, 404]);
            }
        }
        Ok(())
    }

    async fn what_is_sent(&mut self) -> Result<()> {
        let good = self.row.body.clone().context("the row has a body")?;
        let text = self.owner.fill(&good.to_string());
        let members = good.as_object().context("a body is an object")?;
        let (first, value) = members.iter().next().context("a body has a member")?;
        let deep = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
        let twice = format!("{},{}:{value}}}", text.trim_end_matches('}'), json!(first));
        let unknown = format!("{},\"no_such_member\":1}}", text.trim_end_matches('}'));
        let malformed = ["", "{", "nonsense", "[]", "null", "7", "\"text\"", "{\"a\":}", "{'a': 1}", "\u{feff}{}"];
        for wrong in malformed.iter().map(|wrong| (*wrong).to_owned()).chain([twice, unknown, deep]) {
            let reply = self.owner.send(self.row, self.row.path, Some(wrong.clone())).await?;
            let shown: String = wrong.chars().take(60).collect();
            self.expect(&format!("the body {shown:?}"), &reply, &[400]);
        }
        let path = self.owner.fill(self.row.path);
        let bytes = b"{\"name\":\"\xff\xfe\"}".to_vec();
        let reply = self.owner.client.send(self.row.method, &path, "application/json", bytes).await?;
        self.expect("a body that is not UTF-8", &reply, &[400]);
        self.oversized_and_mislabelled(&text).await?;
        for member in members.keys() {
            for wrong in [json!(true), json!({}), json!([]), json!([1]), json!(-1.5e300)] {
                self.member(&good, member, &wrong, &[400]).await?;
            }
        }
        for member in self.row.numbers {
            for wrong in ABSURD_NUMBERS {
                self.member(&good, member, &json!(wrong), &[400]).await?;
            }
            self.member(&good, member, &json!(1e300), &[400]).await?;
        }
        Ok(())
    }

    async fn oversized_and_mislabelled(&mut self, text: &str) -> Result<()> {
        let path = self.owner.fill(self.row.path);
        let large = format!("{}{}", text, " ".repeat(80 * 1024));
        let client = &self.owner.client;
        let large = client.send(self.row.method, &path, "application/json", large.into_bytes()).await?;
        let plain = client.send(self.row.method, &path, "text/plain", text.as_bytes().to_vec()).await?;
        let form = "application/x-www-form-urlencoded";
        let form = client.send(self.row.method, &path, form, text.as_bytes().to_vec()).await?;
        self.expect("80 KiB", &large, &[413]);
        self.expect("text/plain", &plain, &[415]);
        self.expect("a form", &form, &[415]);
        Ok(())
    }

    async fn member(&mut self, good: &Value, member: &str, wrong: &Value, allowed: &[u16]) -> Result<()> {
        let mut body = good.clone();
        body[member] = wrong.clone();
        let reply = self.owner.send(self.row, self.row.path, Some(self.owner.fill(&body.to_string()))).await?;
        self.expect(&format!("{member} is {wrong}"), &reply, allowed);
        Ok(())
    }
}

/// What is wrong with a refusal as a problem document.
fn problem_fault(reply: &Reply) -> Option<&'static str> {
    if reply.status < 400 {
        return None;
    }
    let code = reply.text("code");
    let shaped = !code.is_empty()
        && code.chars().all(|letter| letter.is_ascii_uppercase() || "_0123456789".contains(letter));
    if reply.content_type != "application/problem+json" {
        Some("(the content type is not that of a problem)")
    } else if reply.body["status"] != reply.status {
        Some("(the member status differs)")
    } else if !shaped || reply.text("title").is_empty() || reply.text("type").is_empty() {
        Some("(a member of the problem is missing)")
    } else if reply.status >= 500 && ![501, 503].contains(&reply.status) {
        Some("(the server failed)")
    } else {
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn business_refusals_have_their_status_and_code() -> Result<()> {
    let feed = AlpacaFeed::start().await?;
    let mut flags = feed.flags();
    flags.extend(["--calendar", "24x7"].map(str::to_owned));
    let server = Server::start(Setup::with(flags)).await?;
    quote_one_symbol(&feed, &server).await?;
    let owner = Owner::settle(&server.url(), "caller").await?;
    let order = |changes: Value| {
        let mut body = json!({
            "portfolio_id": owner.portfolio, "symbol": "AAPL", "side": "BUY", "type": "LIMIT", "qty": "1",
            "limit_price": "1", "time_in_force": "GTC",
        });
        for (member, value) in changes.as_object().into_iter().flatten() {
            body[member] = value.clone();
        }
        body
    };
    let refused = [
        (json!({"symbol": "NOSUCH"}), 422, "UNKNOWN_SYMBOL"),
        (json!({"qty": "1000000"}), 422, "INSUFFICIENT_BUYING_POWER"),
        (json!({"side": "SELL", "qty": "11"}), 422, "INSUFFICIENT_QUANTITY"),
        (json!({"type": "STOP", "limit_price": null, "stop_price": "1"}), 422, "STOP_IN_MARKET"),
        (json!({"limit_price": "1.001"}), 422, "INVALID_PRICE_INCREMENT"),
        (json!({"limit_price": "301", "post_only": true}), 422, "WOULD_TAKE"),
        (json!({"reduce_only": true}), 422, "NOTHING_TO_REDUCE"),
        (json!({"time_in_force": "GTD", "expires_at": "2020-01-01T00:00:00Z"}), 422, "EXPIRY_IN_PAST"),
        (json!({"time_in_force": "OPG"}), 422, "NO_AUCTION"),
        (json!({"portfolio_id": NOBODY}), 404, "NOT_FOUND"),
    ];
    for (changes, status, code) in refused {
        let reply = owner.client.post("/api/paper/orders/", &order(changes.clone())).await?;
        ensure!(reply.status == status && reply.text("code") == code, "{changes} answered {reply:?}");
        ensure!(problem_fault(&reply).is_none(), "{changes} answered {reply:?}");
        let stands = reply.body["order"]["status"] == "REJECTED";
        ensure!(stands == (status == 422), "a refused order stands as REJECTED: {reply:?}");
    }
    let named = order(json!({"client_order_id": "mine"}));
    let first = owner.client.post("/api/paper/orders/", &named).await?;
    let again = owner.client.post("/api/paper/orders/", &named).await?;
    ensure!((first.status, again.status, again.replayed) == (201, 200, true), "{first:?} then {again:?}");
    ensure!(first.text("id") == again.text("id"), "a repeat is the same order: {first:?} then {again:?}");
    let other = order(json!({"client_order_id": "mine", "qty": "2"}));
    let other = owner.client.post("/api/paper/orders/", &other).await?;
    ensure!(other.status == 409 && other.text("code") == "IDEMPOTENCY_MISMATCH", "{other:?}");
    let path = format!("/api/paper/orders/{}/", first.text("id"));
    ensure!(owner.client.delete(&path).await?.text("status") == "CANCELED", "a cancel shows the order");
    for reply in [owner.client.delete(&path).await?, owner.client.patch(&path, &json!({"qty": "3"})).await?] {
        ensure!(reply.status == 409 && reply.text("code") == "ORDER_NOT_OPEN", "{reply:?}");
    }
    let path = format!("/api/paper/portfolios/{}/withdraw/", owner.portfolio);
    let withdrawn = owner.client.post(&path, &json!({"amount": "1000000"})).await?;
    ensure!(withdrawn.status == 422 && withdrawn.text("code") == "INSUFFICIENT_CASH", "{withdrawn:?}");
    Ok(())
}
