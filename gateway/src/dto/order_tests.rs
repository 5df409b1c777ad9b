//! The table of order requests: what each shape is worth.

use super::*;
use crate::json::parse_object;
use axum::http::StatusCode;
use serde_json::{Value, json};

const PORTFOLIO: &str = "5e0d9c5a-1c2b-8f00-9a3b-2f1c5d7e9a01";

fn parse(changes: &Value) -> Result<ParsedOrder, Problem> {
    let mut body = json!({"portfolio_id": PORTFOLIO, "client_order_id": "c", "symbol": "AAPL", "side": "BUY",
        "type": "MARKET", "qty": "1"});
    let members = body.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object of changes") {
        members.insert(name.clone(), value.clone());
    }
    parse_object::<OrderRequest>(body.to_string().as_bytes())?.parse()
}

#[track_caller]
fn invalid(changes: Value, field: &str) {
    let problem = parse(&changes).err().unwrap_or_else(|| panic!("{changes} was taken"));
    assert_eq!((problem.status(), problem.field()), (StatusCode::BAD_REQUEST, Some(field)), "{changes}");
}

#[track_caller]
fn not_offered(changes: Value, field: &str) {
    let parsed = parse(&changes).unwrap_or_else(|problem| panic!("{changes}: {problem:?}"));
    assert_eq!(parsed.terms, Err(field), "{changes}");
}

#[track_caller]
fn offered(changes: Value) -> OrderTerms {
    let parsed = parse(&changes).unwrap_or_else(|problem| panic!("{changes}: {problem:?}"));
    parsed.terms.unwrap_or_else(|field| panic!("{changes}: {field} is not offered"))
}

#[test]
fn each_type_takes_exactly_its_prices() {
    let limit = Price::from_raw(1_005_000_000);
    let stop = Price::whole(11);
    assert_eq!(offered(json!({})).kind, OrderKind::Market);
    assert_eq!(offered(json!({"type": "LIMIT", "limit_price": 10.05})).kind, OrderKind::Limit { limit });
    assert_eq!(offered(json!({"type": "STOP", "stop_price": "11"})).kind, OrderKind::Stop { stop });
    let both = json!({"type": "STOP_LIMIT", "stop_price": "11", "limit_price": "10.05"});
    assert_eq!(offered(both).kind, OrderKind::StopLimit { stop, limit });
    let trail = offered(json!({"type": "TRAILING_STOP", "trail_percent": "5"})).kind.trail();
    assert_eq!(trail, Some(Trail::Percent(model::Percent::whole(5))));

    invalid(json!({"type": "LIMIT"}), "limit_price");
    invalid(json!({"type": "STOP"}), "stop_price");
    invalid(json!({"type": "STOP_LIMIT", "stop_price": "11"}), "limit_price");
    invalid(json!({"type": "TRAILING_STOP"}), "trail_amount");
    invalid(json!({"type": "TRAILING_STOP", "trail_amount": "1", "trail_percent": "1"}), "trail_percent");
    invalid(json!({"type": "TRAILING_STOP", "trail_percent": "99.5"}), "trail_percent");
    invalid(json!({"limit_price": "10"}), "limit_price");
    invalid(json!({"type": "LIMIT", "limit_price": "10", "stop_price": "9"}), "stop_price");
    invalid(json!({"type": "STOP", "stop_price": "9", "trail_percent": "1"}), "trail_percent");
    invalid(json!({"type": "LIMIT", "limit_price": "0"}), "limit_price");
    invalid(json!({"type": "LIMIT", "limit_price": "-1"}), "limit_price");
    invalid(json!({"type": "LIMIT", "limit_price": "1.123456789"}), "limit_price");
    invalid(json!({"type": "LIMIT", "limit_price": "1e1"}), "limit_price");
    invalid(json!({"type": "LIMIT", "limit_price": "10000001"}), "limit_price");
}

#[test]
fn exactly_one_of_qty_and_notional_is_given() {
    assert_eq!(offered(json!({"qty": 2})).size, Size::Shares(model::Qty::whole(2)));
    assert_eq!(offered(json!({"qty": null, "notional": "500"})).size, Size::Notional(model::Money::whole(500)));
    invalid(json!({"qty": null}), "qty");
    invalid(json!({"notional": "500"}), "notional");
    for odd in
        [json!("0"), json!("-1"), json!(0), json!("1e3"), json!(""), json!([]), json!(true), json!("1000000001")]
    {
        invalid(json!({"qty": odd}), "qty");
    }
    invalid(json!({"qty": null, "notional": "1000000000001"}), "notional");
}

#[test]
fn members_are_known_typed_and_within_their_names() {
    invalid(json!({"portfolio_id": null}), "portfolio_id");
    invalid(json!({"portfolio_id": "7"}), "portfolio_id");
    invalid(json!({"symbol": null}), "symbol");
    invalid(json!({"symbol": ""}), "symbol");
    invalid(json!({"symbol": 5}), "symbol");
    invalid(json!({"symbol": "TOO LONG FOR A SYMBOL"}), "symbol");
    invalid(json!({"side": null}), "side");
    invalid(json!({"side": "buy"}), "side");
    invalid(json!({"type": null}), "type");
    invalid(json!({"type": "STOPLIMIT"}), "type");
    invalid(json!({"time_in_force": "FOREVER"}), "time_in_force");
    invalid(json!({"client_order_id": ""}), "client_order_id");
    invalid(json!({"client_order_id": "x".repeat(129)}), "client_order_id");
    invalid(json!({"extended_hours": "yes"}), "extended_hours");
    invalid(json!({"user_id": 1}), "user_id");
    invalid(json!({"filled_qty": "1"}), "filled_qty");
    invalid(json!({"order_class": "SIMPEL"}), "order_class");
    invalid(json!({"peg": {"reference": "PRIMARY"}}), "peg");
    invalid(json!({"expires_at": "tomorrow"}), "expires_at");
    invalid(json!({"expires_at": "2030-01-01T00:00:00Z"}), "expires_at");
    invalid(json!({"time_in_force": "GTD"}), "expires_at");
}

#[test]
fn wrong_shapes_of_what_is_not_offered_are_wrong_all_the_same() {
    invalid(json!({"type": "MARKET_IF_TOUCHED"}), "trigger_price");
    invalid(json!({"type": "LIMIT_IF_TOUCHED", "trigger_price": "9"}), "limit_price");
    invalid(json!({"type": "PEGGED"}), "peg");
    invalid(json!({"type": "PEGGED", "peg": {"reference": "LAST"}}), "peg.reference");
    invalid(json!({"type": "TRAILING_STOP_LIMIT", "trail_amount": "1"}), "limit_offset");
    invalid(json!({"order_class": "BRACKET"}), "take_profit");
    invalid(json!({"order_class": "OTO"}), "legs");
    invalid(json!({"take_profit": {"limit_price": "11"}}), "take_profit");
    invalid(
        json!({"order_class": "OCO", "take_profit": {"limit_price": "11"}, "stop_loss": {"stop_price": "9"}}),
        "type",
    );
    invalid(json!({"condition": {"op": "AND"}}), "condition");
    invalid(
        json!({"condition": {"left": {"price": "last"}, "cmp": "=", "right": {"value": "1"}}}),
        "condition.cmp",
    );
    invalid(json!({"algo": {"kind": "ICEBERG"}}), "algo.kind");
    invalid(json!({"display_qty": "2"}), "display_qty");
    invalid(json!({"type": "STOP", "stop_price": "9", "time_in_force": "OPG"}), "time_in_force");
}

#[test]
fn what_is_documented_and_not_offered_is_named() {
    not_offered(json!({"type": "MARKET_IF_TOUCHED", "trigger_price": "9"}), "type");
    not_offered(json!({"type": "LIMIT_IF_TOUCHED", "trigger_price": "9", "limit_price": "9"}), "type");
    not_offered(json!({"type": "PEGGED", "peg": {"reference": "PRIMARY", "offset": "0.01"}}), "type");
    not_offered(json!({"type": "TRAILING_STOP_LIMIT", "trail_amount": "1", "limit_offset": "1"}), "type");
    not_offered(json!({"time_in_force": "GTD", "expires_at": "2030-01-01T00:00:00Z"}), "time_in_force");
    not_offered(json!({"time_in_force": "OPG"}), "time_in_force");
    not_offered(json!({"time_in_force": "CLS"}), "time_in_force");
    not_offered(json!({"extended_hours": true}), "extended_hours");
    not_offered(json!({"reduce_only": true}), "reduce_only");
    not_offered(json!({"post_only": true}), "post_only");
    not_offered(json!({"display_qty": "1"}), "display_qty");
    not_offered(json!({"trigger_source": "MID"}), "trigger_source");
    not_offered(json!({"algo": {"kind": "TWAP", "slices": 4}}), "algo");
    not_offered(
        json!({"condition": {"left": {"price": "last"}, "cmp": ">", "right": {"value": "1"}}}),
        "condition",
    );
    not_offered(json!({"order_class": "BRACKET", "take_profit": {"limit_price": "11"}}), "order_class");
    let oco = json!({"type": null, "order_class": "OCO", "take_profit": {"limit_price": "11"},
        "stop_loss": {"stop_price": "9", "limit_price": "8.9"}});
    not_offered(oco, "order_class");
    let oto = json!({"order_class": "OTO", "legs": [{"side": "SELL", "type": "LIMIT", "limit_price": "12", "qty": "1"}]});
    not_offered(oto, "order_class");
}

#[test]
fn defaults_and_nulls_mean_what_is_documented() {
    let plain = offered(json!({}));
    assert_eq!(plain.time_in_force, TimeInForce::Day);
    let full = json!({"notional": null, "limit_price": null, "stop_price": null, "trigger_price": null,
        "trail_amount": null, "trail_percent": null, "limit_offset": null, "activation_price": null,
        "trigger_source": null, "time_in_force": "DAY", "expires_at": null, "extended_hours": false,
        "reduce_only": false, "post_only": false, "display_qty": null, "peg": null, "algo": null, "condition": null,
        "order_class": "SIMPLE", "take_profit": null, "stop_loss": null, "legs": null});
    assert_eq!(offered(full), plain);
    let named = parse(&json!({"client_order_id": null})).expect("a name is made up");
    assert_eq!(named.client_order_id.as_str().len(), 36);
}

#[test]
fn equal_meaning_has_an_equal_fingerprint_and_each_difference_shows() {
    let base = offered(json!({"type": "LIMIT", "limit_price": "10.50"}));
    let same = offered(json!({"type": "LIMIT", "limit_price": 10.5, "time_in_force": "DAY", "qty": "1.0"}));
    assert_eq!(base.fingerprint(), same.fingerprint());
    let others = [
        json!({"type": "LIMIT", "limit_price": "10.51"}),
        json!({"type": "LIMIT", "limit_price": "10.50", "qty": "2"}),
        json!({"type": "LIMIT", "limit_price": "10.50", "qty": null, "notional": "1"}),
        json!({"type": "LIMIT", "limit_price": "10.50", "side": "SELL"}),
        json!({"type": "LIMIT", "limit_price": "10.50", "symbol": "MSFT"}),
        json!({"type": "LIMIT", "limit_price": "10.50", "time_in_force": "GTC"}),
        json!({"type": "STOP", "stop_price": "10.50"}),
        json!({"type": "TRAILING_STOP", "trail_amount": "10.50"}),
        json!({"type": "TRAILING_STOP", "trail_percent": "10.50"}),
    ];
    let mut seen = vec![base.fingerprint()];
    for other in others {
        let fingerprint = offered(other.clone()).fingerprint();
        assert!(!seen.contains(&fingerprint), "{other}");
        seen.push(fingerprint);
    }
}
