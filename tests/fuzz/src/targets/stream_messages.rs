//! A client's messages on its WebSocket.
//!
//! Rules: a refusal is a problem document of 400; what is taken, written anew, is taken as the same, and
//! every member that was sent is in it.

use crate::{Target, kind_of};
use gateway::edge;
use serde_json::Value;

const WORDS: &[&str] = &[
    "\"op\":\"auth\"",
    "\"op\":\"subscribe\"",
    "\"op\":\"unsubscribe\"",
    "\"op\":\"ping\"",
    "\"token\":\"t\"",
    "\"key_id\":\"k\"",
    "\"secret\":\"s\"",
    "\"channel\":\"portfolio\"",
    "\"channel\":\"quotes\"",
    "\"portfolio_id\":\"5e0d9c5a-1c2b-8f00-9a3b-2f1c5d7e9a01\"",
    "\"after_seq\":18446744073709551615",
    "\"epoch\":\"e\"",
    "\"symbols\":[\"AAPL\"]",
    "null",
    "{",
    "}",
    ",",
    "\\ud83d\\ude00",
];

pub(super) const TARGET: Target =
    Target { name: "stream_messages", run, words: WORDS, executions: 60_000, bytes_max: 2_048 };

fn run(input: &[u8]) -> u64 {
    match edge::stream_message(input) {
        Err(refusal) => {
            assert_eq!(refusal.status, 400, "{refusal:?}");
            let document: Value = serde_json::from_str(&refusal.document).expect("a problem document is JSON");
            let code = document["code"].as_str().expect("a problem has a code");
            kind_of(&format!("{code}{}", document["field"]))
        }
        Ok(written) => {
            assert_eq!(
                edge::stream_message(written.as_bytes()).as_ref(),
                Ok(&written),
                "written anew it is the same"
            );
            let sent: Value = serde_json::from_slice(input).expect("what was taken is JSON");
            let understood: Value = serde_json::from_str(&written).expect("what is written is JSON");
            let (sent, understood) =
                (sent.as_object().expect("an object"), understood.as_object().expect("an object"));
            for (name, value) in sent {
                let same = understood.get(name).is_some_and(|taken| taken == value || same_id(taken, value));
                assert!(same, "{name} was sent as {value} and understood as {:?}", understood.get(name));
            }
            kind_of(&sent.keys().map(String::as_str).collect::<String>())
        }
    }
}

/// Ids are the same in any of the ways to write a UUID.
fn same_id(one: &Value, other: &Value) -> bool {
    let plain = |value: &Value| {
        let digits: String = value.as_str().unwrap_or_default().chars().filter(char::is_ascii_hexdigit).collect();
        // A way to write it begins with `urn:uuid:`, whose only hex digit is the `d`.
        let digits = digits.to_ascii_lowercase();
        digits.len().checked_sub(32).map(|start| digits[start..].to_owned())
    };
    plain(one).is_some_and(|id| Some(id) == plain(other))
}
