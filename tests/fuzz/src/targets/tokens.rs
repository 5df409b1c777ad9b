//! Access tokens: what no change of a good one may achieve.
//!
//! The first byte chooses: `S` and claims in JSON, signed well; or a token as it stands, in which
//! `$TOKEN`, `$HEADER`, `$CLAIMS` and `$SIGNATURE` stand for a good one and its parts. Rules: claims hold
//! exactly when an independent reading of them says so; no text but the good token itself is taken.

use crate::{Target, kind_of};
use gateway::edge::TokenJudge;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use model::UserId;
use serde_json::{Value, json};
use std::sync::OnceLock;

const SECRET: &[u8] = b"thirty-two bytes that are secret";

const WORDS: &[&str] = &[
    "\"iss\":\"papertape\"",
    "\"aud\":\"papertape-api\"",
    "\"sub\":\"7\"",
    "\"typ\":\"access\"",
    "\"iat\":1",
    "\"exp\":9999999999",
    "\"jti\":\"x\"",
    "\"nbf\":1",
    "$TOKEN",
    "$HEADER",
    "$CLAIMS",
    "$SIGNATURE",
    ".",
    "eyJhbGciOiJub25lIn0",
    "[\"papertape-api\"]",
    "1e10",
    "99999999999999999999",
];

pub(super) const TARGET: Target =
    Target { name: "tokens", run, words: WORDS, executions: 30_000, bytes_max: 4_096 };

fn good_token() -> &'static str {
    static TOKEN: OnceLock<String> = OnceLock::new();
    TOKEN.get_or_init(|| {
        sign(&json!({"iss": "papertape", "aud": "papertape-api", "sub": "7", "typ": "access", "iat": 1,
            "exp": 9_999_999_999_u64, "jti": "x"}))
    })
}

fn sign(claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET)).expect("signs")
}

fn run(input: &[u8]) -> u64 {
    let judge = TokenJudge::new(SECRET);
    let Ok(text) = std::str::from_utf8(input) else { return 0 };
    if let Some(claims) = text.strip_prefix('S') {
        let Ok(claims) = serde_json::from_str::<Value>(claims) else { return 1 };
        let taken = judge.access(&sign(&claims));
        match expected(&claims) {
            Expected::Holds(user) => assert_eq!(taken.map(|(user, _)| user), Some(user), "{claims}"),
            Expected::Fails => assert_eq!(taken, None, "{claims}"),
            Expected::Unknown => {}
        }
        return kind_of(&format!("{}{:?}", taken.is_some(), claims.as_object().map(|claims| claims.len())));
    }
    let good = good_token();
    let parts: Vec<&str> = good.split('.').collect();
    let token = text
        .replace("$TOKEN", good)
        .replace("$HEADER", parts[0])
        .replace("$CLAIMS", parts[1])
        .replace("$SIGNATURE", parts[2]);
    let taken = judge.access(&token);
    assert_eq!(taken.is_some(), token == good, "{token:?}");
    kind_of(&format!("{}{}", taken.is_some(), token.matches('.').count().min(4)))
}

enum Expected {
    Holds(UserId),
    Fails,
    /// Too near to the clock, or in a way to write claims that libraries differ about.
    Unknown,
}

/// Reads the claims as the documentation says.
fn expected(claims: &Value) -> Expected {
    let Some(members) = claims.as_object() else { return Expected::Fails };
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    // Whole numbers alone: a standard allows fractions, our tokens have none.
    let exp = match members.get("exp") {
        Some(Value::Number(number)) if number.is_u64() => number.as_u64().unwrap_or(0),
        Some(Value::Number(_)) => return Expected::Unknown,
        Some(_) | None => return Expected::Fails,
    };
    let now = jsonwebtoken::get_current_timestamp();
    if exp.abs_diff(now) < 120 || members.contains_key("nbf") {
        return Expected::Unknown;
    }
    let user = text("sub").and_then(|sub| sub.parse::<u32>().ok()).filter(|number| *number > 0);
    let Some(user) = user else { return Expected::Fails };
    let known = text("iss") == Some("papertape")
        && text("aud") == Some("papertape-api")
        && text("typ") == Some("access")
        && members.get("iat").is_some_and(Value::is_u64)
        && text("jti").is_some();
    if known && exp > now { Expected::Holds(UserId::new(user)) } else { Expected::Fails }
}
