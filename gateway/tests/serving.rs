//! A whole server in this process, over real sockets: who may listen on, what a failing disk does,
//! and what a recording teaches it.

use futures_util::{SinkExt as _, StreamExt as _};
use gateway::{FeedKind, Server, Settings, serve, serve_on};
use persistence::SimulatedStorage;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// A revoked or outdated proof ends its sockets within this time.
const END_WITHIN: Duration = Duration::from_secs(5);
/// Longest wait for anything that has to come.
const WAIT_MAX: Duration = Duration::from_secs(30);

fn settings(dir: &tempfile::TempDir) -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().expect("an address"),
        data_dir: dir.path().to_owned(),
        shards: Some(1),
        ..Settings::default()
    }
}

struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    async fn register(server: &Server) -> Self {
        let mut client = Self {
            http: reqwest::Client::new(),
            base: format!("http://{}", server.address()),
            token: String::new(),
        };
        let credentials = json!({"username": "ada", "password": "correct horse battery"});
        assert_eq!(client.post("/api/users/register/", &credentials).await.0, 201);
        let (status, tokens) = client.post("/api/token/", &credentials).await;
        assert_eq!(status, 200);
        tokens["access"].as_str().expect("a token").clone_into(&mut client.token);
        client
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.base)).json(body).bearer_auth(&self.token);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    async fn portfolio(&self) -> String {
        let (_, portfolios) = self.get("/api/paper/portfolios/").await;
        portfolios["results"][0]["id"].as_str().expect("an id").to_owned()
    }

    async fn listen(&self, proof: &Value) -> Socket {
        let (mut socket, _) =
            connect_async(format!("{}/ws", self.base.replace("http", "ws"))).await.expect("opens");
        socket.send(Message::text(proof.to_string())).await.expect("sends");
        let first = tokio::time::timeout(WAIT_MAX, socket.next()).await.expect("an answer").expect("open");
        assert_eq!(first.expect("a frame").into_text().expect("text").as_str(), r#"{"op":"authenticated"}"#);
        socket
    }
}

/// The code that a socket is closed with, and how long that took.
async fn closing(mut socket: Socket) -> (u16, Duration) {
    let begun = Instant::now();
    let code = tokio::time::timeout(WAIT_MAX, async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return u16::from(frame.code),
                Some(Ok(_)) => {}
                other => panic!("ended without a close frame: {other:?}"),
            }
        }
    });
    (code.await.expect("it is closed"), begun.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_runs_out_closes_its_sockets() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = serve(Settings { access_life: Duration::from_secs(2), ..settings(&dir) }).await.expect("starts");
    let client = Client::register(&server).await;
    let socket = client.listen(&json!({"op": "auth", "token": client.token})).await;
    let (code, took) = closing(socket).await;
    assert_eq!(code, 4001);
    assert!(took < Duration::from_secs(2) + END_WITHIN, "{took:?}");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_closes_its_sockets() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = serve(settings(&dir)).await.expect("starts");
    let client = Client::register(&server).await;
    let (status, key) = client.post("/api/users/me/api-keys/", &json!({"label": "bot"})).await;
    assert_eq!(status, 201);
    let socket = client.listen(&json!({"op": "auth", "key_id": key["key_id"], "secret": key["secret"]})).await;
    let path = format!("{}/api/users/me/api-keys/{}/", client.base, key["key_id"].as_str().expect("an id"));
    let revoked = client.http.delete(path).bearer_auth(&client.token).send().await.expect("an answer");
    assert_eq!(revoked.status().as_u16(), 204);
    let (code, took) = closing(socket).await;
    assert_eq!(code, 4001);
    assert!(took < END_WITHIN, "{took:?}");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_is_waited_for_and_nobody_is_told_that_it_worked() {
    let dir = tempfile::tempdir().expect("a directory");
    let disk = SimulatedStorage::new();
    let server = serve_on(settings(&dir), Arc::new(disk.clone())).await.expect("starts");
    let client = Client::register(&server).await;
    let portfolio = client.portfolio().await;
    let order = |name: &str| {
        json!({"portfolio_id": portfolio, "client_order_id": name, "symbol": "AAPL", "side": "BUY",
            "type": "LIMIT", "limit_price": "1", "qty": "1", "time_in_force": "GTC"})
    };
    assert_eq!(client.post("/api/paper/orders/", &order("before")).await.0, 201);
    let mut socket = client.listen(&json!({"op": "auth", "token": client.token})).await;
    let wish = json!({"op": "subscribe", "channel": "portfolio", "portfolio_id": portfolio, "after_seq": 0});
    socket.send(Message::text(wish.to_string())).await.expect("sends");
    disk.fail_changes_from(disk.operation_count(), std::io::ErrorKind::StorageFull);
    let (status, problem) = client.post("/api/paper/orders/", &order("during")).await;
    assert_eq!((status, &problem["code"]), (503, &json!("OUTCOME_UNKNOWN")), "{problem}");
    let (status, problem) = client.post("/api/paper/orders/", &order("later")).await;
    assert_eq!((status, &problem["code"]), (503, &json!("STORAGE_UNAVAILABLE")), "{problem}");
    let (status, problem) = client.get("/readyz").await;
    assert_eq!((status, &problem["code"]), (503, &json!("STORAGE_UNAVAILABLE")), "{problem}");
    assert_eq!(client.get("/healthz").await.1["state"], "healing");
    let credentials = json!({"username": "bob", "password": "correct horse battery"});
    assert_eq!(client.post("/api/users/register/", &credentials).await.0, 503);
    let orders = format!("/api/paper/orders/?portfolio_id={portfolio}");
    let (status, list) = client.get(&orders).await;
    assert_eq!((status, list["results"].as_array().map(Vec::len)), (200, Some(1)), "{list}");

    disk.stop_failing();
    let begun = Instant::now();
    while client.get("/readyz").await.0 != 200 {
        assert!(begun.elapsed() < WAIT_MAX, "the server does not go on");
    }
    let (status, again) = client.post("/api/paper/orders/", &order("during")).await;
    assert!(status == 201 || status == 200, "{again}");
    assert_eq!(client.post("/api/paper/orders/", &order("later")).await.0, 201);
    assert_eq!(client.post("/api/users/register/", &credentials).await.0, 201);
    let (_, list) = client.get(&orders).await;
    let mut names: Vec<&str> = list["results"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|row| row["client_order_id"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["before", "during", "later"], "each once");
    let (_, events) = client.get(&format!("/api/paper/portfolios/{portfolio}/events/?after_seq=0")).await;
    let head = events["head_seq"].as_u64().expect("a number");
    let mut next = 1;
    while next <= head {
        let frame = tokio::time::timeout(WAIT_MAX, socket.next()).await.expect("in time").expect("open all along");
        let text = frame.expect("a frame").into_text().expect("text");
        let message: Value = serde_json::from_str(&text).expect("JSON");
        if message["channel"] == "portfolio" && message["seq"].is_u64() {
            assert_eq!(message["seq"], next, "no gap and no double");
            next += 1;
        }
    }
    drop(socket);
    server.stop().await.expect("it went on");
}

#[tokio::test(flavor = "multi_thread")]
async fn little_room_is_told_with_the_bytes_that_are_left() {
    let dir = tempfile::tempdir().expect("a directory");
    let disk = SimulatedStorage::new();
    let space = runtime::SpaceLimits { soft_bytes: 8 << 20, hard_bytes: 2 << 20, ballast_bytes: 0 };
    let server = serve_on(Settings { space, ..settings(&dir) }, Arc::new(disk.clone())).await.expect("starts");
    let client = Client::register(&server).await;
    let portfolio = client.portfolio().await;
    let order = json!({"portfolio_id": portfolio, "client_order_id": "one", "symbol": "AAPL", "side": "BUY",
        "type": "LIMIT", "limit_price": "1", "qty": "1", "time_in_force": "GTC"});
    let (_, first) = client.post("/api/paper/orders/", &order).await;
    disk.set_quota(Some(disk.used() + (4 << 20)));
    let begun = Instant::now();
    while client.get("/readyz").await.1["storage"]["state"] != "low" {
        assert!(begun.elapsed() < WAIT_MAX, "the room is not watched");
    }
    let next = |name: &str| {
        let mut next = order.clone();
        next["client_order_id"] = json!(name);
        next
    };
    let (status, problem) = client.post("/api/paper/orders/", &next("two")).await;
    assert_eq!((status, &problem["code"]), (507, &json!("STORAGE_LOW")), "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("8388608")), "{problem}");
    let credentials = json!({"username": "bob", "password": "correct horse battery"});
    assert_eq!(client.post("/api/users/register/", &credentials).await.0, 507);
    let path = format!("{}/api/paper/orders/{}/", client.base, first["id"].as_str().expect("an id"));
    let canceled = client.http.delete(path).bearer_auth(&client.token).send().await.expect("an answer");
    assert_eq!(canceled.status().as_u16(), 200);
    disk.set_quota(None);
    while client.get("/readyz").await.1["storage"]["state"] != "enough" {
        assert!(begun.elapsed() < WAIT_MAX, "the room is not watched");
    }
    assert_eq!(client.post("/api/paper/orders/", &next("two")).await.0, 201);
    server.stop().await.expect("stops");
}

/// Plays a recording and waits until a symbol has the last price that it ends with.
async fn replayed(settings: Settings, symbol: &str, last: &str) {
    let server = serve(settings).await.expect("starts");
    let client = Client::register(&server).await;
    let begun = Instant::now();
    loop {
        let (_, quote) = client.get(&format!("/api/market/quote/?symbol={symbol}")).await;
        if quote["last"] == last {
            break;
        }
        assert!(begun.elapsed() < WAIT_MAX, "{quote}");
        tokio::task::yield_now().await;
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn symbols_of_a_recording_are_registered_as_they_come() {
    let dir = tempfile::tempdir().expect("a directory");
    let tape = dir.path().join("ticks.csv");
    let text = "time,symbol,kind,bid,bid_size,ask,ask_size,price,size,aggressor,conditions\n\
        2013-10-07T13:30:00Z,ZZTEST,quote,10.00,100,10.02,100,,,,\n\
        2013-10-07T13:30:01Z,ZZTEST,trade,,,,,10.01,50,buyer,\n";
    std::fs::write(&tape, text).expect("writes");
    let settings = Settings {
        feed: FeedKind::Replay,
        replay_files: vec![tape],
        clock: runtime::ClockMode::Feed,
        ..settings(&dir)
    };
    replayed(settings, "ZZTEST", "10.01").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lean_folder_is_replayed_for_the_days_that_are_named() {
    let data = std::env::var_os("PAPERTAPE_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")), PathBuf::from);
    let Some(root) = lean_root(&data) else {
        use std::io::Write as _;
        let _ =
            writeln!(std::io::stderr(), "skipped: there are no LEAN tick files of IBM under {}", data.display());
        return;
    };
    let dir = tempfile::tempdir().expect("a directory");
    let day = model::calendar::Date::from_civil(2013, 10, 7);
    let settings = Settings {
        feed: FeedKind::Replay,
        replay_lean: Some(root),
        replay_from: Some(day),
        replay_to: Some(day),
        symbols: vec![model::Symbol::parse("IBM").expect("a ticker")],
        clock: runtime::ClockMode::Feed,
        ..settings(&dir)
    };
    let server = serve(settings).await.expect("starts");
    let client = Client::register(&server).await;
    let begun = Instant::now();
    loop {
        let (_, clock) = client.get("/api/market/clock/").await;
        // That Monday began and ended in New York at 04:00 UTC; its session closed at 20:00 UTC.
        let time = clock["time"].as_str().unwrap_or_default().to_owned();
        assert!(time.as_str() < "2013-10-08T04", "{time}");
        if time.as_str() >= "2013-10-07T19:59" {
            break;
        }
        assert!(begun.elapsed() < WAIT_MAX, "{clock}");
        tokio::task::yield_now().await;
    }
    server.stop().await.expect("stops");
}

fn lean_root(data: &std::path::Path) -> Option<PathBuf> {
    [data.join("02_lean"), data.join("02_lean/Data"), data.join("lean/Data"), data.to_owned()]
        .into_iter()
        .find(|root| root.join("equity/usa/tick/ibm").is_dir())
}
