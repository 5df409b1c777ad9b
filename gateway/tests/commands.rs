//! The binary's commands beside `serve`, run as anyone would run them.

use gateway::{Settings, serve};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn papertape(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_papertape"));
    command.args(arguments).env("NO_COLOR", "1").output().expect("the binary runs")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("the command prints JSON")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

fn settings(dir: &Path) -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().expect("an address"),
        data_dir: dir.to_owned(),
        shards: Some(1),
        ..Settings::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_tells_a_whole_journal_from_a_damaged_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = text(dir.path());
    let absent = papertape(&["verify", "--data-dir", at]);
    assert_eq!(absent.status.code(), Some(1));
    let server = serve(settings(dir.path())).await.expect("starts");
    let in_use = papertape(&["verify", "--data-dir", at]);
    assert_eq!(in_use.status.code(), Some(1), "a running server holds the directory");
    assert!(String::from_utf8_lossy(&in_use.stderr).contains("in use"), "{in_use:?}");
    server.stop().await.expect("stops");

    let whole = papertape(&["verify", "--data-dir", at, "--json"]);
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    let report = json(&whole);
    // The built-in instruments are events, and nothing else happened.
    assert_eq!((&report["ok"], &report["open_orders"]), (&Value::Bool(true), &Value::from(0)), "{report}");
    assert_eq!(report["events"], report["heads"][0]["seq"], "{report}");
    assert!(report["events"].as_u64().is_some_and(|events| events > 500), "{report}");
    assert_eq!(papertape(&["verify", "--data-dir", at, "--json"]).stdout, whole.stdout, "looking changes nothing");

    damage(dir.path());
    let damaged = papertape(&["verify", "--data-dir", at, "--json"]);
    assert_eq!(damaged.status.code(), Some(1), "{damaged:?}");
    let report = json(&damaged);
    assert_eq!(report["ok"], Value::Bool(false), "{report}");
    assert!(report["damage"][0]["reason"].as_str().is_some_and(|reason| reason.contains("segment")), "{report}");
}

/// Changes one byte within an event: the ticker of an instrument.
fn damage(dir: &Path) {
    let folder = std::fs::read_dir(dir.join("journal")).expect("a journal");
    let files = folder.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    for path in files.filter(|path| path.is_file()) {
        let mut bytes = std::fs::read(&path).expect("reads");
        let needle = b"Apple Inc.";
        if let Some(place) = bytes.windows(needle.len()).position(|window| window == needle) {
            bytes[place] = b'a';
            std::fs::write(&path, bytes).expect("writes");
            return;
        }
    }
    panic!("no file of the journal names the instrument");
}

#[test]
fn record_writes_a_tape_and_never_overwrites_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let tape = dir.path().join("ticks.csv");
    let arguments = [
        "record",
        "--out",
        text(&tape),
        "--seconds",
        "2",
        "--symbols",
        "AAPL,BTC/USD",
        "--sim-rate",
        "50",
        "--json",
    ];
    let recorded = papertape(&arguments);
    assert_eq!(recorded.status.code(), Some(0), "{recorded:?}");
    let report = json(&recorded);
    let lines = std::fs::read_to_string(&tape).expect("a tape").lines().count();
    assert_eq!(report["written"].as_u64(), u64::try_from(lines - 1).ok(), "a line a tick, and a header");
    assert!(lines > 1, "{report}");
    assert_eq!(report["dropped"], 0);
    assert_eq!(papertape(&arguments).status.code(), Some(1), "the tape is there already");
}

#[test]
fn wrong_usage_has_an_exit_code_of_its_own() {
    assert_eq!(papertape(&["record"]).status.code(), Some(2));
    assert_eq!(papertape(&["fly"]).status.code(), Some(2));
    assert_eq!(papertape(&["record", "--out", "x.csv", "--feed", "replay"]).status.code(), Some(1));
    assert_eq!(papertape(&["--help"]).status.code(), Some(0));
}
