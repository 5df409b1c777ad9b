//! A damaged journal, from the first sign of it to a server that goes on with what is whole, as an
//! operator would do it: verify, serve, salvage, verify, serve.

use gateway::{Server, Settings, serve};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Orders before the damage and behind it.
const ORDERS: usize = 30;

fn papertape(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_papertape"));
    command.args(arguments).env("NO_COLOR", "1").output().expect("the binary runs")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

fn told(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// One shard, and segments of a few orders.
fn settings(dir: &Path) -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().expect("an address"),
        data_dir: dir.to_owned(),
        shards: Some(1),
        segment_bytes_max: 4_000,
        ..Settings::default()
    }
}

struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    portfolio: String,
}

impl Client {
    /// Signs the user in; registers them first where there is nobody yet.
    async fn enter(server: &Server, is_new: bool) -> Self {
        let (http, base) = (reqwest::Client::new(), format!("http://{}", server.address()));
        let mut client = Self { http, base, token: String::new(), portfolio: String::new() };
        let credentials = json!({"username": "ada", "password": "correct horse battery"});
        if is_new {
            assert_eq!(client.post("/api/users/register/", &credentials).await.0, 201);
        }
        let (status, tokens) = client.post("/api/token/", &credentials).await;
        assert_eq!(status, 200, "users live in the catalogue, which is copied");
        tokens["access"].as_str().expect("a token").clone_into(&mut client.token);
        let portfolios = client.get("/api/paper/portfolios/").await;
        portfolios["results"][0]["id"].as_str().expect("an id").clone_into(&mut client.portfolio);
        client
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.base)).json(body).bearer_auth(&self.token);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200, "{path}");
        response.json().await.expect("JSON")
    }

    /// An order far from the market, which waits.
    async fn order(&self, name: &str) {
        let order = json!({"portfolio_id": self.portfolio, "client_order_id": name, "symbol": "AAPL",
            "side": "BUY", "type": "LIMIT", "qty": "1", "limit_price": "1.00", "time_in_force": "GTC"});
        let (status, answer) = self.post("/api/paper/orders/", &order).await;
        assert_eq!(status, 201, "{answer}");
    }

    /// The names of all orders, oldest first.
    async fn names(&self) -> Vec<String> {
        let path = format!("/api/paper/orders/?portfolio_id={}&limit=100", self.portfolio);
        let listed = self.get(&path).await;
        let orders = listed["results"].as_array().expect("a list");
        let names = orders.iter().map(|order| order["client_order_id"].as_str().expect("a name").to_owned());
        names.rev().collect()
    }
}

/// Damages a row in the middle of the last sealed segment, and removes the snapshots, which may be
/// deleted at any time: the next start has to read that row. Says the segment and the row's first event.
fn damage(dir: &Path) -> (usize, u64) {
    let journal = dir.join("journal");
    let manifest = fs::read_to_string(journal.join("MANIFEST")).expect("there is a manifest");
    let number = manifest.lines().filter(|line| line.starts_with("sealed ")).count();
    let path = journal.join(format!("segment-{number:08}.redb"));
    let mut bytes = fs::read(&path).expect("it is there");
    // As docs/FORMATS.md lays out a row: magic, format 2, rules 1, shard 0, zero; at 16 the first event.
    let is_row = |at: &usize| bytes[*at..].starts_with(b"PTJB\x02\0\x01\0\0\0\0\0");
    let rows: Vec<usize> = (0..bytes.len() - 104).filter(is_row).collect();
    let first = |at: usize| u64::from_le_bytes(bytes[at + 16..at + 24].try_into().expect("eight bytes"));
    let mut firsts: Vec<u64> = rows.iter().map(|at| first(*at)).collect();
    firsts.sort_unstable();
    firsts.dedup();
    let chosen = firsts[firsts.len() / 2];
    // The database copies pages before it changes them: every copy of the row is damaged.
    let places: Vec<usize> = rows.into_iter().filter(|at| first(*at) == chosen).collect();
    places.into_iter().for_each(|at| bytes[at + 120] ^= 1);
    fs::write(&path, bytes).expect("it is written");
    for entry in fs::read_dir(&journal).expect("there is a journal") {
        let path: PathBuf = entry.expect("it lists").path();
        if path.extension().is_some_and(|extension| extension == "bin") {
            fs::remove_file(path).expect("it is there");
        }
    }
    (number, chosen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_is_told_refused_salvaged_and_served() {
    let dir = tempfile::tempdir().expect("a directory");
    let (old, new) = (dir.path().join("damaged"), dir.path().join("rescued"));
    let server = serve(settings(&old)).await.expect("starts");
    let client = Client::enter(&server, true).await;
    let names: Vec<String> = (0..ORDERS).map(|number| format!("order-{number}")).collect();
    for name in &names {
        client.order(name).await;
    }
    server.stop().await.expect("stops");
    let (segment, event) = damage(&old);

    let verified = papertape(&["verify", "--data-dir", text(&old), "--json"]);
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    let report: Value = serde_json::from_slice(&verified.stdout).expect("JSON");
    let found = &report["damage"][0];
    assert_eq!(
        (&found["segment"], &found["shard"], &found["seq"]),
        (&json!(segment), &json!(0), &json!(event)),
        "{report}"
    );
    let place = format!("segment {segment}, shard 0, batch {event}");
    let verified = papertape(&["verify", "--data-dir", text(&old)]);
    assert!(told(&verified.stdout).contains(&place), "{verified:?}");

    let listen = ["serve", "--listen", "127.0.0.1:0", "--shards", "1"];
    let refused = papertape(&[&listen[..], &["--data-dir", text(&old)]].concat());
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let reason = told(&refused.stderr);
    assert!(reason.contains(&place) && reason.contains("papertape salvage"), "{reason}");

    let asked = ["salvage", "--data-dir", text(&old), "--to", text(&new)];
    let unconfirmed = papertape(&asked);
    assert_eq!(unconfirmed.status.code(), Some(1), "{unconfirmed:?}");
    assert!(told(&unconfirmed.stderr).contains("--yes") && !new.exists(), "nothing is made without consent");
    let salvaged = papertape(&[&asked[..], &["--yes"]].concat());
    assert_eq!(salvaged.status.code(), Some(0), "{salvaged:?}");
    let kept = format!("shard 0: keeps events 1 to {}", event - 1);
    assert!(told(&salvaged.stdout).contains(&kept), "{salvaged:?}");
    let again = papertape(&[&asked[..], &["--yes"]].concat());
    assert_eq!(again.status.code(), Some(1), "nothing is overwritten");

    let whole = papertape(&["verify", "--data-dir", text(&new), "--json"]);
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    let after: Value = serde_json::from_slice(&whole.stdout).expect("JSON");
    assert_eq!(after["heads"][0]["seq"], json!(event - 1), "{after}");
    assert_ne!(after["epoch"], report["epoch"], "clients learn that the past changed");

    let server = serve(settings(&new)).await.expect("starts");
    let client = Client::enter(&server, false).await;
    let left = client.names().await;
    assert!(!left.is_empty() && left.len() < names.len(), "the damage lies among the orders: {left:?}");
    assert_eq!(left, names[..left.len()], "what was before the damage, and nothing else");
    client.order("after").await;
    server.stop().await.expect("stops");
}
