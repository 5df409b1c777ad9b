//! The whole application without a network: requests go into the service, ticks into the system.

use super::*;
use crate::config::Settings;
use crate::ids::Ids;
use crate::market::Market;
use crate::serve::{installation, new_state, spec, start_system};
use axum::body::Body;
use axum::http::{Method, StatusCode};
use feeds::{FeedStatus, Push, Subscriptions, TickSink, instruments};
use model::{InstrumentId, Price, Qty, Quote, Symbol, Tick, TickBody, Time};
use persistence::{FileStorage, Storage};
use runtime::{ClockMode, System};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt;

struct TestServer {
    app: App,
    state: AppState,
    system: System,
    port: runtime::FeedPort,
    _stop: watch::Sender<bool>,
    _dir: tempfile::TempDir,
}

struct Reply {
    status: StatusCode,
    body: Value,
    headers: axum::http::HeaderMap,
}

impl TestServer {
    async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut settings = Settings {
            data_dir: dir.path().to_owned(),
            clock: ClockMode::Feed,
            shards: Some(1),
            ..Settings::default()
        };
        change(&mut settings);
        let settings = Arc::new(settings);
        let storage: Arc<dyn Storage> = Arc::new(FileStorage);
        let (tag, secret) = installation(&settings, &storage).expect("a catalogue");
        let ids = Arc::new(Ids::new(tag));
        let mut system = start_system(&settings, storage, Arc::clone(&ids)).await.expect("starts");
        let handle = system.handle();
        let apple = instruments::instrument_for(symbol("AAPL"), InstrumentId::new(0));
        handle.define_instruments(vec![spec(apple)]).await.expect("defines");
        let (stop, stopping) = watch::channel(false);
        let market = Market::new(Subscriptions::new(), None);
        let feed = (market, Arc::new(FeedStatus::new()));
        let state = new_state(&settings, (handle, ids, secret), feed, stopping);
        let mut port = system.feed_port();
        port.feed_up();
        Self { app: build(&state), state, system, port, _stop: stop, _dir: dir }
    }

    /// A quote of AAPL; engine time follows it.
    fn quote(&mut self, second: i64, bid: i64, ask: i64) {
        let instrument = self.state.handle.instruments().by_symbol(symbol("AAPL")).expect("defined").id;
        let size = Qty::whole(1_000);
        let quote = Quote { bid: Price::whole(bid), bid_size: size, ask: Price::whole(ask), ask_size: size };
        let time = Time::from_seconds(1_381_152_600 + second);
        let tick = Tick { instrument, time, body: TickBody::Quote(quote) };
        assert_eq!(self.port.push(tick), Push::Accepted);
    }

    async fn send(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.app.clone().oneshot(request.body(body).expect("a request")).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Reply { status: parts.status, body, headers: parts.headers }
    }

    async fn get(&self, path: &str, token: &str) -> Reply {
        self.send(Method::GET, path, token, None).await
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> Reply {
        self.send(Method::POST, path, token, Some(body)).await
    }

    /// A new user's token and first portfolio.
    async fn user(&self, username: &str) -> (String, String) {
        let credentials = json!({"username": username, "password": "long enough"});
        assert_eq!(self.post("/api/users/register/", "", credentials.clone()).await.status, StatusCode::CREATED);
        let tokens = self.post("/api/token/", "", credentials).await.body;
        let token = tokens["access"].as_str().expect("a token").to_owned();
        let portfolios = self.get("/api/paper/portfolios/", &token).await.body;
        (token, portfolios["results"][0]["id"].as_str().expect("an id").to_owned())
    }

    fn stop(self) {
        drop((self.app, self.state, self.port));
        self.system.stop().expect("stops");
    }
}

fn symbol(text: &str) -> Symbol {
    Symbol::parse(text).expect("a ticker of the test")
}

fn order(portfolio: &str, name: &str, changes: &Value) -> Value {
    let mut order = json!({"portfolio_id": portfolio, "client_order_id": name, "symbol": "AAPL", "side": "BUY",
        "type": "LIMIT", "limit_price": "90", "qty": "10", "time_in_force": "GTC"});
    for (member, value) in changes.as_object().expect("an object") {
        order[member] = value.clone();
    }
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_lives_from_submission_to_its_end() {
    let mut server = TestServer::start().await;
    let (token, portfolio) = server.user("ada").await;
    server.quote(0, 99, 101);
    let orders = "/api/paper/orders/";
    let market = order(&portfolio, "m", &json!({"type": "MARKET", "limit_price": null}));
    let bought = loop {
        // The tick races the first request to the shard: until it is there, the order rests.
        let sent = server.post(orders, &token, market.clone()).await;
        assert!(matches!(sent.status, StatusCode::CREATED | StatusCode::OK), "{}", sent.body);
        if sent.body["status"] == "FILLED" {
            break sent.body;
        }
        tokio::task::yield_now().await;
    };
    // Ten at the ask of 101.
    assert_eq!((&bought["filled_avg_price"], &bought["filled_qty"]), (&json!("101"), &json!("10")));
    let replayed = server.post(orders, &token, market.clone()).await;
    assert_eq!(
        (replayed.status, replayed.headers["idempotent-replayed"].to_str().ok()),
        (StatusCode::OK, Some("true"))
    );
    let other = server.post(orders, &token, order(&portfolio, "m", &json!({"qty": "11"}))).await;
    assert_eq!((other.status, &other.body["code"]), (StatusCode::CONFLICT, &json!("IDEMPOTENCY_MISMATCH")));
    let shown = server.get(&format!("/api/paper/portfolios/{portfolio}"), &token).await.body;
    assert_eq!(shown["cash"], "98990");

    let resting = server.post(orders, &token, order(&portfolio, "r", &json!({}))).await;
    assert_eq!((resting.status, &resting.body["status"]), (StatusCode::CREATED, &json!("NEW")));
    let path = format!("{orders}{}/", resting.body["id"].as_str().expect("an id"));
    let changed = server.send(Method::PATCH, &path, &token, Some(json!({"limit_price": "91"}))).await;
    assert_eq!((&changed.body["limit_price"], &changed.body["revision"]), (&json!("91"), &json!(1)));
    let refused = server.send(Method::PATCH, &path, &token, Some(json!({"stop_price": "80"}))).await;
    assert_eq!(
        (refused.status, &refused.body["order"]["limit_price"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("91"))
    );
    let ended = server.send(Method::PATCH, &path, &token, Some(json!({"status": "CANCELED"}))).await;
    assert_eq!((ended.status, &ended.body["status"]), (StatusCode::OK, &json!("CANCELED")));
    for method in [Method::DELETE, Method::PATCH] {
        let body = (method == Method::PATCH).then(|| json!({"qty": "5"}));
        let late = server.send(method, &path, &token, body).await;
        assert_eq!((late.status, &late.body["code"]), (StatusCode::CONFLICT, &json!("ORDER_NOT_OPEN")));
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_order_exists_and_is_refused_again() {
    let server = TestServer::start().await;
    let (token, portfolio) = server.user("ada").await;
    for (name, changes, code) in [
        ("u", json!({"symbol": "NOPE"}), "UNKNOWN_SYMBOL"),
        ("q", json!({"side": "SELL"}), "INSUFFICIENT_QUANTITY"),
        ("b", json!({"qty": "1000000"}), "INSUFFICIENT_BUYING_POWER"),
        ("i", json!({"limit_price": "90.001"}), "INVALID_PRICE_INCREMENT"),
        ("e", json!({"time_in_force": "GTD", "expires_at": "1970-01-01T00:00:00Z"}), "EXPIRY_IN_PAST"),
        ("r", json!({"reduce_only": true}), "NOTHING_TO_REDUCE"),
    ] {
        for _ in 0..2 {
            let reply = server.post("/api/paper/orders/", &token, order(&portfolio, name, &changes)).await;
            assert_eq!(
                (reply.status, &reply.body["code"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)),
                "{}",
                reply.body
            );
            assert_eq!(reply.body["order"]["status"], "REJECTED");
            assert_eq!(reply.body["order"]["client_order_id"], name);
        }
    }
    let listed = server.get(&format!("/api/paper/orders/?portfolio_id={portfolio}&status=REJECTED"), &token).await;
    assert_eq!(listed.body["results"].as_array().map(Vec::len), Some(6));
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_shows_all_that_it_asks_for() {
    let server = TestServer::start().await;
    let (token, portfolio) = server.user("ada").await;
    let end = "2030-01-01T00:00:00Z";
    let trailing = json!({"type": "TRAILING_STOP_LIMIT", "limit_price": null, "trail_amount": "5",
        "limit_offset": "1", "activation_price": "90", "trigger_source": "BID_ASK", "time_in_force": "GTD",
        "expires_at": end, "post_only": true, "display_qty": "4"});
    let touched = json!({"type": "LIMIT_IF_TOUCHED", "trigger_price": "85", "limit_price": "80",
        "trigger_source": "MID"});
    let shown = json!({"display_qty": "3", "extended_hours": true});
    let mut paths = Vec::new();
    // The price that each waits for: a trailing stop that does not follow yet, for where it begins to.
    for (name, changes, waits_for) in [("t", trailing, "90"), ("m", touched, "85"), ("d", shown, "90")] {
        let sent = order(&portfolio, name, &changes);
        let reply = server.post("/api/paper/orders/", &token, sent.clone()).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
        for (member, value) in sent.as_object().expect("an object") {
            assert_eq!(&reply.body[member], value, "{member} of {name}");
        }
        assert_eq!(reply.body["working_price"], waits_for, "{name}");
        paths.push(format!("/api/paper/orders/{}/", reply.body["id"].as_str().expect("an id")));
    }
    let later = "2031-01-01T00:00:00Z";
    for (path, change) in paths.iter().zip([
        json!({"trail_amount": "6", "expires_at": later, "display_qty": "5"}),
        json!({"trigger_price": "86", "time_in_force": "GTD", "expires_at": later}),
        json!({"qty": "12", "display_qty": "6"}),
    ]) {
        let reply = server.send(Method::PATCH, path, &token, Some(change.clone())).await;
        assert_eq!((reply.status, &reply.body["revision"]), (StatusCode::OK, &json!(1)), "{}", reply.body);
        for (member, value) in change.as_object().expect("an object") {
            assert_eq!(&reply.body[member], value, "{member} after {change}");
        }
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bracket_is_shown_as_a_tree_and_ends_together() {
    let mut server = TestServer::start().await;
    let (token, portfolio) = server.user("ada").await;
    server.quote(0, 99, 101);
    let orders = "/api/paper/orders/";
    let exits = json!({"order_class": "BRACKET", "take_profit": {"limit_price": "120"},
        "stop_loss": {"stop_price": "80"}});
    let sent = server.post(orders, &token, order(&portfolio, "b", &exits)).await;
    assert_eq!(
        (sent.status, &sent.body["order_class"]),
        (StatusCode::CREATED, &json!("BRACKET")),
        "{}",
        sent.body
    );
    let legs = sent.body["legs"].as_array().expect("legs").clone();
    let shown: Vec<_> =
        legs.iter().map(|leg| (&leg["type"], &leg["side"], &leg["held"], &leg["parent_id"])).collect();
    let parent = &sent.body["id"];
    assert_eq!(
        shown,
        [
            (&json!("LIMIT"), &json!("SELL"), &json!(true), parent),
            (&json!("STOP"), &json!("SELL"), &json!(true), parent),
        ]
    );
    let flat = server.get(&format!("{orders}?portfolio_id={portfolio}"), &token).await.body;
    assert_eq!(flat["results"].as_array().map(Vec::len), Some(3));
    assert!(flat["results"].as_array().expect("rows").iter().all(|row| row["legs"].is_null()));
    for limit in [100, 2, 1] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("{orders}?portfolio_id={portfolio}&nested=true&limit={limit}{cursor}");
            let page = server.get(&path, &token).await.body;
            seen.extend(page["results"].as_array().expect("rows").iter().map(|row| row["id"].clone()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, std::slice::from_ref(parent), "a chain is shown once, {limit} rows a page");
    }
    let leg = format!("{orders}{}/", legs[1]["id"].as_str().expect("an id"));
    let moved = server.send(Method::PATCH, &leg, &token, Some(json!({"stop_price": "85"}))).await;
    assert_eq!((moved.status, &moved.body["stop_price"]), (StatusCode::OK, &json!("85")));
    let sized = server.send(Method::PATCH, &leg, &token, Some(json!({"qty": "5"}))).await;
    assert_eq!((sized.status, &sized.body["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("NOT_AMENDABLE")));
    let path = format!("{orders}{}/", parent.as_str().expect("an id"));
    let ended = server.send(Method::DELETE, &path, &token, None).await.body;
    let reasons: Vec<_> =
        ended["legs"].as_array().expect("legs").iter().map(|leg| &leg["cancel_reason"]).collect();
    assert_eq!(reasons, [&json!("parent"), &json!("parent")]);

    let wrong = json!({"order_class": "BRACKET", "take_profit": {"limit_price": "80"}});
    let refused = server.post(orders, &token, order(&portfolio, "w", &wrong)).await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (StatusCode::BAD_REQUEST, &json!("take_profit.limit_price"))
    );
    let poor = json!({"qty": "100000", "order_class": "BRACKET", "take_profit": {"limit_price": "120"}});
    let refused = server.post(orders, &token, order(&portfolio, "p", &poor)).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("INSUFFICIENT_BUYING_POWER"))
    );
    let rejected =
        server.get(&format!("{orders}?portfolio_id={portfolio}&status=REJECTED&nested=true"), &token).await;
    let leg = &rejected.body["results"][0]["legs"][0];
    assert_eq!((&leg["status"], &leg["reject_code"]), (&json!("REJECTED"), &json!("INSUFFICIENT_BUYING_POWER")));
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_users_objects_are_as_if_missing() {
    let server = TestServer::start().await;
    let (ada, portfolio) = server.user("ada").await;
    let (eve, _) = server.user("eve").await;
    let sent = server.post("/api/paper/orders/", &ada, order(&portfolio, "r", &json!({}))).await;
    let order_id = sent.body["id"].as_str().expect("an id").to_owned();
    let missing = uuid::Uuid::new_v4();
    let of_portfolio = |id: &str| {
        ["", "positions/", "events/", "reset/", "audit/"]
            .map(|rest| (Method::GET, format!("/api/paper/portfolios/{id}/{rest}"), None))
    };
    let of_both = |portfolio: &str, order_id: &str| {
        let mut requests = Vec::from(of_portfolio(portfolio));
        requests.extend([
            (Method::POST, format!("/api/paper/portfolios/{portfolio}/deposit/"), Some(json!({"amount": "1"}))),
            (Method::POST, format!("/api/paper/portfolios/{portfolio}/withdraw/"), Some(json!({"amount": "1"}))),
            (Method::PATCH, format!("/api/paper/portfolios/{portfolio}/"), Some(json!({"name": "mine"}))),
            (Method::DELETE, format!("/api/paper/portfolios/{portfolio}/"), None),
            (Method::DELETE, format!("/api/paper/portfolios/{portfolio}/positions/AAPL/"), None),
            (Method::POST, "/api/paper/orders/".to_owned(), Some(order(portfolio, "e", &json!({})))),
            (Method::GET, format!("/api/paper/orders/?portfolio_id={portfolio}"), None),
            (Method::DELETE, format!("/api/paper/orders/?portfolio_id={portfolio}"), None),
            (Method::GET, format!("/api/paper/trades/?portfolio_id={portfolio}"), None),
            (Method::GET, format!("/api/paper/orders/{order_id}/"), None),
            (Method::PATCH, format!("/api/paper/orders/{order_id}/"), Some(json!({"qty": "1"}))),
            (Method::DELETE, format!("/api/paper/orders/{order_id}/"), None),
        ]);
        requests
    };
    let foreign = of_both(&portfolio, &order_id);
    let absent = of_both(&missing.to_string(), &missing.to_string());
    for ((method, path, body), (_, absent_path, absent_body)) in foreign.into_iter().zip(absent) {
        let other = server.send(method.clone(), &path, &eve, body.clone()).await;
        let none = server.send(method.clone(), &absent_path, &eve, absent_body).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND, "{method} {path}: {}", other.body);
        assert_eq!((other.status, other.body), (none.status, none.body), "{method} {path}");
        let anonymous = server.send(method.clone(), &path, "", body).await;
        assert_eq!(anonymous.status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    assert_eq!(server.get(&format!("/api/paper/orders/{order_id}/"), &ada).await.body["status"], "NEW");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_a_problem_document_of_the_right_status() {
    let server = TestServer::start().await;
    let (token, portfolio) = server.user("ada").await;
    let of = |rest: &str| format!("/api/paper/portfolios/{portfolio}/{rest}");
    for (method, path, body, status) in [
        (Method::GET, "/api/nothing/".to_owned(), None, 404),
        (Method::PUT, "/api/paper/orders/".to_owned(), Some(json!({})), 405),
        (Method::POST, "/api/paper/orders/".to_owned(), Some(json!([])), 400),
        (Method::POST, "/api/paper/orders/".to_owned(), None, 415),
        (Method::POST, "/api/paper/orders/".to_owned(), Some(json!({"x": "y".repeat(70_000)})), 413),
        (
            Method::POST,
            "/api/paper/orders/".to_owned(),
            Some(order(&portfolio, "p", &json!({"algo": {"kind": "TWAP"}}))),
            501,
        ),
        (Method::POST, "/api/paper/portfolios/".to_owned(), Some(json!({"name": "x", "cash": "1"})), 400),
        (
            Method::POST,
            "/api/paper/portfolios/".to_owned(),
            Some(json!({"name": "x", "limits": {"short_selling": true}})),
            501,
        ),
        (Method::POST, of("deposit/"), Some(json!({"amount": "-5"})), 400),
        (Method::POST, of("deposit/"), Some(json!({"amount": 1e30})), 400),
        (Method::POST, of("withdraw/"), Some(json!({"amount": "100001"})), 422),
        (Method::GET, of("events/?after_seq=x"), None, 400),
        (Method::GET, of("events/?after_seq=999999"), None, 409),
        (Method::DELETE, of("positions/AAPL/"), None, 404),
        (Method::GET, "/api/market/quote/".to_owned(), None, 400),
        (Method::GET, "/api/market/quote/?symbol=NOPE".to_owned(), None, 404),
        (Method::GET, "/api/market/history/?symbol=AAPL&interval=2m".to_owned(), None, 400),
        (Method::GET, "/api/paper/orders/".to_owned(), None, 400),
        (Method::GET, format!("/api/paper/orders/?portfolio_id={portfolio}&status=pending"), None, 400),
        (Method::GET, format!("/api/paper/orders/?portfolio_id={portfolio}&limit=0"), None, 400),
        (Method::GET, format!("/api/paper/trades/?portfolio_id={portfolio}&cursor=x"), None, 400),
        (Method::GET, "/api/paper/strategies/".to_owned(), None, 501),
        (Method::GET, "/ws".to_owned(), None, 400),
    ] {
        let reply = server.send(method.clone(), &path, &token, body).await;
        assert_eq!(reply.status.as_u16(), status, "{method} {path}: {}", reply.body);
        if path != "/ws" {
            assert_eq!(reply.headers["content-type"], "application/problem+json", "{method} {path}");
            assert_eq!(reply.body["status"], status, "{method} {path}");
            assert!(reply.body["code"].is_string(), "{method} {path}");
        }
    }
    assert_eq!(server.state.metrics.panics.load(Ordering::Relaxed), 0);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_do_what_their_scopes_say_until_they_are_revoked() {
    let server = TestServer::start().await;
    let (token, portfolio) = server.user("ada").await;
    let made = server.post("/api/users/me/api-keys/", &token, json!({"label": "bot", "scopes": ["read"]})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let (key_id, secret) =
        (made.body["key_id"].as_str().expect("an id"), made.body["secret"].as_str().expect("a secret"));
    let with_key = async |method: Method, path: &str, secret: &str, body: Option<Value>| {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.header("APCA-API-KEY-ID", key_id).header("APCA-API-SECRET-KEY", secret);
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        server.app.clone().oneshot(request.body(body).expect("a request")).await.expect("infallible").status()
    };
    assert_eq!(with_key(Method::GET, "/api/users/me/", secret, None).await, StatusCode::OK);
    assert_eq!(with_key(Method::GET, "/api/users/me/", "wrong", None).await, StatusCode::UNAUTHORIZED);
    let body = order(&portfolio, "k", &json!({}));
    assert_eq!(with_key(Method::POST, "/api/paper/orders/", secret, Some(body)).await, StatusCode::FORBIDDEN);
    assert_eq!(with_key(Method::GET, "/api/users/me/api-keys/", secret, None).await, StatusCode::FORBIDDEN);
    let path = format!("/api/users/me/api-keys/{key_id}/");
    assert_eq!(server.send(Method::DELETE, &path, &token, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(with_key(Method::GET, "/api/users/me/", secret, None).await, StatusCode::UNAUTHORIZED);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_position_cancels_what_holds_it_back_first() {
    let mut server = TestServer::start().await;
    let (token, portfolio) = server.user("ada").await;
    server.quote(0, 99, 101);
    let orders = "/api/paper/orders/";
    let positions = format!("/api/paper/portfolios/{portfolio}/positions/");
    let market = order(&portfolio, "m", &json!({"type": "MARKET", "limit_price": null}));
    // The tick races the first request to the shard: until it is there, the order rests.
    while server.post(orders, &token, market.clone()).await.body["status"] != "FILLED" {
        tokio::task::yield_now().await;
    }
    let sell = json!({"side": "SELL", "limit_price": "150", "qty": "10"});
    let resting = server.post(orders, &token, order(&portfolio, "s", &sell)).await;
    assert_eq!(resting.body["status"], "NEW");
    let other = server.post(orders, &token, order(&portfolio, "b", &json!({}))).await;
    let closed = server.send(Method::DELETE, &format!("{positions}AAPL/"), &token, None).await;
    assert_eq!(
        (closed.status, &closed.body["side"], &closed.body["status"], &closed.body["filled_avg_price"]),
        (StatusCode::CREATED, &json!("SELL"), &json!("FILLED"), &json!("99")),
        "{}",
        closed.body
    );
    let status = async |order: &Value| {
        let path = format!("{orders}{}/", order["id"].as_str().expect("an id"));
        server.get(&path, &token).await.body["status"].clone()
    };
    assert_eq!(status(&resting.body).await, "CANCELED");
    assert_eq!(status(&other.body).await, "NEW", "a buy holds no shares back");
    assert_eq!(server.get(&positions, &token).await.body["results"], json!([]));
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_all_positions_cancels_what_holds_them_back_first() {
    let mut server = TestServer::start().await;
    let (token, portfolio) = server.user("ada").await;
    server.quote(0, 99, 101);
    let market = order(&portfolio, "m", &json!({"type": "MARKET", "limit_price": null}));
    while server.post("/api/paper/orders/", &token, market.clone()).await.body["status"] != "FILLED" {
        tokio::task::yield_now().await;
    }
    let sell = json!({"side": "SELL", "limit_price": "150", "qty": "4"});
    server.post("/api/paper/orders/", &token, order(&portfolio, "s", &sell)).await;
    let path = format!("/api/paper/portfolios/{portfolio}/positions/");
    let closed = server.send(Method::DELETE, &path, &token, None).await;
    assert_eq!(
        (closed.status, &closed.body["results"][0]["qty"]),
        (StatusCode::OK, &json!("10")),
        "{}",
        closed.body
    );
    assert_eq!(server.get(&path, &token).await.body["results"], json!([]));
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_counted_once_whoever_it_asks_about() {
    let server = TestServer::start_with(|settings| settings.rate_limit = 2).await;
    let credentials = json!({"username": "ada", "password": "long enough"});
    server.post("/api/users/register/", "", credentials.clone()).await;
    let tokens = server.post("/api/token/", "", credentials).await.body;
    let token = tokens["access"].as_str().expect("a token");
    // This route asks twice: for a trader, and for an owner. Twice the rate passes at once.
    let path = format!("/api/paper/portfolios/{}/positions/AAPL/", uuid::Uuid::new_v4());
    let mut passed = 0;
    while server.send(Method::DELETE, &path, token, None).await.status == StatusCode::NOT_FOUND {
        passed += 1;
    }
    assert!(passed >= 4, "{passed}");
    server.stop();
}
