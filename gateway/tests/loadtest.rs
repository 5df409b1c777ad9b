//! The load tester against a real server: what it counts must add up.

use serde_json::Value;
use std::process::{Command, Output};

fn loadtest(flags: &[&str]) -> Output {
    let short = ["loadtest", "--warm-up", "0.5", "--duration", "2", "--symbols", "10", "--users", "2"];
    let small = ["--ticks", "500", "--orders", "100", "--connections", "8", "--portfolios", "2", "--clients", "6"];
    Command::new(env!("CARGO_BIN_EXE_papertape"))
        .args(short)
        .args(small)
        .args(flags)
        .output()
        .expect("the binary runs")
}

fn number(report: &Value, path: &str) -> u64 {
    report.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{path} is not in {report}"))
}

#[test]
fn what_was_sent_is_answered_or_failed_and_streams_have_no_gap() {
    let output = loadtest(&["--stalled", "2", "--arrivals", "poisson", "--seed", "7", "--json", "--progress"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("orders/s"), "progress is told: {told}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("stdout is JSON alone");
    let orders = |member: &str| number(&report, &format!("/orders/{member}"));
    assert_eq!(orders("scheduled"), orders("sent") + orders("unsent"));
    assert_eq!(orders("sent"), orders("answered") + orders("failed"));
    let statuses = report["orders"]["by_status"].as_object().expect("answers by status");
    assert_eq!(statuses.values().filter_map(Value::as_u64).sum::<u64>(), orders("answered"));
    assert_eq!(orders("latency/count"), orders("answered"));
    // A Poisson process of 200 expected arrivals has a standard deviation of 14.
    assert!((100..=300).contains(&orders("scheduled")), "{report}");
    let streams = |member: &str| number(&report, &format!("/streams/{member}"));
    assert_eq!((streams("readers"), streams("stalled")), (6, 2));
    assert_eq!((streams("missing"), streams("doubled"), streams("failed")), (0, 0, 0), "{report}");
    assert!(streams("received") > 0, "{report}");
    assert_eq!(number(&report, "/ticks/sent"), number(&report, "/ticks/scheduled"));
    assert_eq!(number(&report, "/server/ticks_received"), number(&report, "/server/ticks_accepted"), "{report}");
}

#[test]
fn a_missed_limit_ends_with_exit_code_1_and_is_named() {
    let output = loadtest(&["--p99-max", "0.001", "--encoding", "binary", "--ticks-per-frame", "10"]);
    assert_eq!(output.status.code(), Some(1));
    let (table, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(table.contains("MISSED") && table.contains("per second"), "{table}");
    assert!(words.contains("a limit was missed"), "{words}");
}

#[test]
fn wrong_usage_ends_with_exit_code_2() {
    assert_eq!(loadtest(&["--encoding", "xml"]).status.code(), Some(2));
}
