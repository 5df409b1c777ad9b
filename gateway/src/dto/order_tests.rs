//! The table of order requests: what each shape is worth.

use super::super::order_chain::ChainDraft;
use super::*;
use crate::json::parse_object;
use axum::http::StatusCode;
use model::{Contingency, LegShare, Peg, PegReference};
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
    assert_eq!(parsed.draft, Err(field), "{changes}");
}

#[track_caller]
fn offered(changes: Value) -> OrderDraft {
    let parsed = parse(&changes).unwrap_or_else(|problem| panic!("{changes}: {problem:?}"));
    parsed.draft.unwrap_or_else(|field| panic!("{changes}: {field} is not offered"))
}

#[track_caller]
fn kind(changes: Value) -> OrderKind {
    offered(changes).terms.kind
}

/// A limit order with these changes.
fn limit(changes: &Value) -> Value {
    let mut order = json!({"type": "LIMIT", "limit_price": "10", "qty": "5"});
    for (name, value) in changes.as_object().expect("an object of changes") {
        order[name] = value.clone();
    }
    order
}

#[test]
fn each_type_takes_exactly_its_prices() {
    let limit = Price::from_raw(1_005_000_000);
    let stop = Price::whole(11);
    assert_eq!(kind(json!({})), OrderKind::Market);
    assert_eq!(kind(json!({"type": "LIMIT", "limit_price": 10.05})), OrderKind::Limit { limit });
    assert_eq!(kind(json!({"type": "STOP", "stop_price": "11"})), OrderKind::Stop { stop });
    let both = json!({"type": "STOP_LIMIT", "stop_price": "11", "limit_price": "10.05"});
    assert_eq!(kind(both), OrderKind::StopLimit { stop, limit });
    let touched = json!({"type": "MARKET_IF_TOUCHED", "trigger_price": "11"});
    assert_eq!(kind(touched), OrderKind::MarketIfTouched { trigger: stop });
    let touched = json!({"type": "LIMIT_IF_TOUCHED", "trigger_price": "11", "limit_price": "10.05"});
    assert_eq!(kind(touched), OrderKind::LimitIfTouched { trigger: stop, limit });
    let trail = Trail::Percent(model::Percent::whole(5));
    let trailing = json!({"type": "TRAILING_STOP", "trail_percent": "5"});
    assert_eq!(kind(trailing), OrderKind::TrailingStop { trail, activation: None });
    let trailing = json!({"type": "TRAILING_STOP", "trail_percent": "5", "activation_price": "11"});
    assert_eq!(kind(trailing), OrderKind::TrailingStop { trail, activation: Some(stop) });
    let trail = Trail::Amount(Price::whole(2));
    let offset = Price::from_raw(5_000_000);
    let trailing = json!({"type": "TRAILING_STOP_LIMIT", "trail_amount": "2", "limit_offset": "0.05"});
    assert_eq!(kind(trailing), OrderKind::TrailingStopLimit { trail, offset, activation: None });
    let trailing = json!({"type": "TRAILING_STOP_LIMIT", "trail_amount": "2", "limit_offset": "0.05",
        "activation_price": 11});
    assert_eq!(kind(trailing), OrderKind::TrailingStopLimit { trail, offset, activation: Some(stop) });
}

#[test]
fn a_price_that_is_missing_foreign_or_absurd_is_named() {
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
    invalid(json!({"type": "MARKET_IF_TOUCHED"}), "trigger_price");
    invalid(json!({"type": "MARKET_IF_TOUCHED", "stop_price": "9"}), "stop_price");
    invalid(json!({"type": "MARKET_IF_TOUCHED", "trigger_price": "9", "limit_price": "9"}), "limit_price");
    invalid(json!({"type": "LIMIT_IF_TOUCHED", "trigger_price": "9"}), "limit_price");
    invalid(json!({"type": "TRAILING_STOP_LIMIT", "trail_amount": "1"}), "limit_offset");
    invalid(json!({"type": "TRAILING_STOP_LIMIT", "limit_offset": "1"}), "trail_amount");
    invalid(json!({"type": "TRAILING_STOP_LIMIT", "trail_amount": "1", "limit_offset": "0"}), "limit_offset");
    invalid(json!({"type": "TRAILING_STOP", "trail_amount": "1", "limit_offset": "1"}), "limit_offset");
    invalid(json!({"type": "TRAILING_STOP", "trail_amount": "1", "activation_price": "-1"}), "activation_price");
    invalid(json!({"type": "STOP", "stop_price": "9", "activation_price": "9"}), "activation_price");
}

#[test]
fn each_time_in_force_takes_its_types_and_its_end() {
    let taken = |changes: Value| offered(changes).terms.time_in_force;
    let end = model::Time::from_seconds(1_893_456_000);
    assert_eq!(taken(json!({"time_in_force": "DAY"})), TimeInForce::Day);
    assert_eq!(taken(json!({"time_in_force": "GTC"})), TimeInForce::GoodTilCanceled);
    assert_eq!(taken(json!({"time_in_force": "IOC"})), TimeInForce::ImmediateOrCancel);
    assert_eq!(taken(json!({"time_in_force": "FOK"})), TimeInForce::FillOrKill);
    assert_eq!(taken(json!({"time_in_force": "OPG"})), TimeInForce::AtOpen);
    assert_eq!(taken(limit(&json!({"time_in_force": "CLS"}))), TimeInForce::AtClose);
    let until = json!({"time_in_force": "GTD", "expires_at": "2030-01-01T00:00:00Z"});
    assert_eq!(taken(until), TimeInForce::GoodTilDate(end));
    invalid(json!({"time_in_force": "GTD"}), "expires_at");
    invalid(json!({"time_in_force": "GTD", "expires_at": "2262-04-11T23:47:16.854775807Z"}), "expires_at");
    for other in ["DAY", "GTC", "IOC", "FOK", "OPG", "CLS"] {
        invalid(json!({"time_in_force": other, "expires_at": "2030-01-01T00:00:00Z"}), "expires_at");
    }
    for auction in ["OPG", "CLS"] {
        invalid(json!({"type": "STOP", "stop_price": "9", "time_in_force": auction}), "time_in_force");
        let touched = json!({"type": "LIMIT_IF_TOUCHED", "trigger_price": "9", "limit_price": "9",
            "time_in_force": auction});
        invalid(touched, "time_in_force");
    }
}

#[test]
fn instructions_are_taken_where_the_order_allows_them() {
    let taken = |changes: &Value| offered(limit(changes)).terms.instructions;
    let none = Instructions::default();
    let shown = Some(model::Qty::whole(5));
    assert_eq!(taken(&json!({"extended_hours": true})), Instructions { hours: TradingHours::Extended, ..none });
    assert_eq!(taken(&json!({"post_only": true})), Instructions { post_only: true, ..none });
    assert_eq!(taken(&json!({"reduce_only": true})), Instructions { reduce_only: true, ..none });
    assert_eq!(taken(&json!({"display_qty": "5"})), Instructions { display_qty: shown, ..none });
    assert!(offered(json!({"reduce_only": true, "time_in_force": "IOC"})).terms.instructions.reduce_only);
    let trailing = json!({"type": "TRAILING_STOP_LIMIT", "trail_amount": "1", "limit_offset": "1", "post_only": true,
        "display_qty": "1", "time_in_force": "GTC", "trigger_source": "DOUBLE_BID_ASK"});
    let all = Instructions {
        post_only: true,
        display_qty: Some(model::Qty::whole(1)),
        trigger_source: TriggerSource::DoubleBidAsk,
        ..none
    };
    assert_eq!(offered(trailing).terms.instructions, all);

    let stop_limit = json!({"type": "STOP_LIMIT", "stop_price": "9", "limit_price": "9", "extended_hours": true});
    invalid(stop_limit, "extended_hours");
    invalid(json!({"extended_hours": true}), "extended_hours");
    invalid(json!({"post_only": true}), "post_only");
    invalid(json!({"type": "STOP", "stop_price": "9", "post_only": true}), "post_only");
    invalid(json!({"type": "TRAILING_STOP", "trail_amount": "9", "display_qty": "1"}), "display_qty");
    invalid(json!({"display_qty": "1"}), "display_qty");
    for time_in_force in ["IOC", "FOK", "OPG", "CLS"] {
        for (member, value) in
            [("extended_hours", json!(true)), ("post_only", json!(true)), ("display_qty", json!(1))]
        {
            invalid(limit(&json!({member: value, "time_in_force": time_in_force})), member);
        }
    }
    for odd in [json!("6"), json!("0"), json!("-1"), json!("1e0"), json!(true)] {
        invalid(limit(&json!({"display_qty": odd})), "display_qty");
    }
    invalid(limit(&json!({"qty": null, "notional": "500", "display_qty": "1"})), "display_qty");
}

#[test]
fn a_trigger_source_belongs_to_what_waits_for_a_trigger() {
    let source = |name: &str| {
        let stop = json!({"type": "STOP", "stop_price": "9", "trigger_source": name});
        offered(stop).terms.instructions.trigger_source
    };
    assert_eq!(source("LAST"), TriggerSource::Last);
    assert_eq!(source("BID_ASK"), TriggerSource::BidAsk);
    assert_eq!(source("MID"), TriggerSource::Mid);
    assert_eq!(source("DOUBLE_LAST"), TriggerSource::DoubleLast);
    assert_eq!(source("DOUBLE_BID_ASK"), TriggerSource::DoubleBidAsk);
    invalid(json!({"trigger_source": "MID"}), "trigger_source");
    invalid(limit(&json!({"trigger_source": "LAST"})), "trigger_source");
    invalid(json!({"type": "STOP", "stop_price": "9", "trigger_source": "BEST"}), "trigger_source");
}

#[test]
fn exactly_one_of_qty_and_notional_is_given() {
    let size = |changes: Value| offered(changes).terms.size;
    assert_eq!(size(json!({"qty": 2})), Size::Shares(model::Qty::whole(2)));
    assert_eq!(size(json!({"qty": null, "notional": "500"})), Size::Notional(model::Money::whole(500)));
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
}

#[test]
fn wrong_shapes_of_what_is_not_offered_are_wrong_all_the_same() {
    invalid(json!({"type": "PEGGED"}), "peg");
    invalid(json!({"type": "PEGGED", "peg": {"reference": "LAST"}}), "peg.reference");
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
}

#[test]
fn what_is_documented_and_not_offered_is_named() {
    not_offered(json!({"algo": {"kind": "TWAP", "slices": 4}}), "algo");
    not_offered(
        json!({"condition": {"left": {"price": "last"}, "cmp": ">", "right": {"value": "1"}}}),
        "condition",
    );
    let legs = json!([{"type": "MARKET", "algo": {"kind": "TWAP", "slices": 4}}]);
    not_offered(json!({"order_class": "OTO", "legs": legs}), "algo");
}

#[test]
fn defaults_and_nulls_mean_what_is_documented() {
    let plain = offered(json!({}));
    assert_eq!(plain.terms.time_in_force, TimeInForce::Day);
    assert_eq!(plain.terms.instructions, Instructions::default());
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
        json!({"type": "TRAILING_STOP", "trail_amount": "10.50", "activation_price": "9"}),
        json!({"type": "TRAILING_STOP", "trail_amount": "10.50", "activation_price": "10"}),
        json!({"type": "TRAILING_STOP_LIMIT", "trail_amount": "10.50", "limit_offset": "9"}),
        json!({"type": "TRAILING_STOP_LIMIT", "trail_amount": "10.50", "limit_offset": "10"}),
        json!({"type": "MARKET_IF_TOUCHED", "trigger_price": "9"}),
        json!({"type": "MARKET_IF_TOUCHED", "trigger_price": "10"}),
        json!({"type": "LIMIT_IF_TOUCHED", "trigger_price": "10", "limit_price": "9"}),
        json!({"type": "STOP", "stop_price": "10.50", "trigger_source": "MID"}),
        json!({"type": "STOP", "stop_price": "10.50", "trigger_source": "BID_ASK"}),
        json!({"type": "LIMIT", "limit_price": "10.50", "time_in_force": "OPG"}),
        json!({"type": "LIMIT", "limit_price": "10.50", "time_in_force": "CLS"}),
        json!({"type": "LIMIT", "limit_price": "10.50", "time_in_force": "GTD", "expires_at": "2030-01-01T00:00:00Z"}),
        json!({"type": "LIMIT", "limit_price": "10.50", "time_in_force": "GTD", "expires_at": "2030-01-02T00:00:00Z"}),
        json!({"type": "LIMIT", "limit_price": "10.50", "extended_hours": true}),
        json!({"type": "LIMIT", "limit_price": "10.50", "reduce_only": true}),
        json!({"type": "LIMIT", "limit_price": "10.50", "post_only": true}),
        json!({"type": "LIMIT", "limit_price": "10.50", "display_qty": "1"}),
        json!({"type": "LIMIT", "limit_price": "10.50", "display_qty": "0.5"}),
    ];
    let mut seen = vec![base.fingerprint()];
    for other in others {
        let fingerprint = offered(other.clone()).fingerprint();
        assert!(!seen.contains(&fingerprint), "{other}");
        seen.push(fingerprint);
    }
}

#[test]
fn the_text_of_a_meaning_stays_as_it_was_and_later_parts_are_named_behind_it() {
    let means = |changes: Value| offered(changes).meaning();
    assert_eq!(means(json!({})), "1|AAPL|BUY|MARKET|1||||DAY");
    let sell = json!({"side": "SELL", "type": "LIMIT", "limit_price": "10.50", "time_in_force": "GTC"});
    assert_eq!(means(sell), "1|AAPL|SELL|LIMIT|1|10.5|||GTC");
    let notional = json!({"qty": null, "notional": "500", "time_in_force": "IOC"});
    assert_eq!(means(notional), "1|AAPL|BUY|MARKET|$500||||IOC");
    let stop_limit =
        json!({"type": "STOP_LIMIT", "stop_price": "11", "limit_price": "12", "trigger_source": "LAST"});
    assert_eq!(means(stop_limit), "1|AAPL|BUY|STOP_LIMIT|1|12|11||DAY");
    let trailing = json!({"type": "TRAILING_STOP", "trail_percent": "2.5", "time_in_force": "FOK"});
    assert_eq!(means(trailing), "1|AAPL|BUY|TRAILING_STOP|1|||2.5%|FOK");
    let later = json!({"type": "TRAILING_STOP_LIMIT", "trail_amount": "2", "limit_offset": "0.1", "activation_price": 9,
        "time_in_force": "GTD", "expires_at": "2030-01-01T00:00:00Z", "post_only": true, "reduce_only": true,
        "display_qty": "0.5", "trigger_source": "MID"});
    assert_eq!(
        means(later),
        "1|AAPL|BUY|TRAILING_STOP_LIMIT|1|||2|GTD|limit_offset=0.1|activation_price=9\
         |expires_at=1893456000000000000|post_only=true|reduce_only=true|display_qty=0.5|trigger_source=MID"
    );
    let extended = limit(&json!({"extended_hours": true}));
    assert_eq!(means(extended), "1|AAPL|BUY|LIMIT|5|10|||DAY|extended_hours=true");
    let touched = json!({"type": "MARKET_IF_TOUCHED", "trigger_price": "9"});
    assert_eq!(means(touched), "1|AAPL|BUY|MARKET_IF_TOUCHED|1||||DAY|trigger_price=9");
}

/// A bracket of a limit order to buy at 10, with these changes.
fn bracket(changes: &Value) -> Value {
    let mut order = limit(&json!({"order_class": "BRACKET", "take_profit": {"limit_price": "11"},
        "stop_loss": {"stop_price": "9"}}));
    for (name, value) in changes.as_object().expect("an object of changes") {
        order[name] = value.clone();
    }
    order
}

fn chain(changes: Value) -> ChainDraft {
    offered(changes).chain.expect("a chain")
}

fn kinds(chain: &ChainDraft) -> Vec<OrderKind> {
    chain.legs.iter().map(|leg| leg.draft.terms.kind).collect()
}

#[test]
fn a_bracket_is_an_entry_with_its_exits() {
    let (target, stop) = (OrderKind::Limit { limit: Price::whole(11) }, OrderKind::Stop { stop: Price::whole(9) });
    let both = chain(bracket(&json!({})));
    assert_eq!((both.contingency, kinds(&both)), (Contingency::Bracket, vec![target, stop]));
    for leg in &both.legs {
        assert_eq!((leg.draft.side, leg.share), (Side::Sell, LegShare::AsFilled));
        assert_eq!(leg.draft.terms.size, Size::Shares(Qty::whole(5)));
    }
    assert_eq!(kinds(&chain(bracket(&json!({"stop_loss": null})))), [target]);
    assert_eq!(kinds(&chain(bracket(&json!({"take_profit": null})))), [stop]);
    let limited = chain(bracket(&json!({"stop_loss": {"stop_price": "9", "limit_price": "8.9"}})));
    let expected = OrderKind::StopLimit { stop: Price::whole(9), limit: Price::from_raw(890_000_000) };
    assert_eq!(kinds(&limited), [target, expected]);
    let trailing = chain(bracket(&json!({"stop_loss": {"trail_percent": "5"}})));
    let trail = Trail::Percent(model::Percent::whole(5));
    assert_eq!(kinds(&trailing), [target, OrderKind::TrailingStop { trail, activation: None }]);
    // What an amount buys is known with the fills.
    let amount = chain(bracket(&json!({"qty": null, "notional": "500"})));
    assert_eq!(amount.legs[0].draft.terms.size, Size::Shares(Qty::ZERO));
}

#[test]
fn exits_lie_around_their_entry() {
    invalid(bracket(&json!({"take_profit": {"limit_price": "10"}})), "take_profit.limit_price");
    invalid(bracket(&json!({"stop_loss": {"stop_price": "10"}})), "stop_loss.stop_price");
    invalid(bracket(&json!({"stop_loss": {"stop_price": "12"}})), "stop_loss.stop_price");
    let short = json!({"side": "SELL", "take_profit": {"limit_price": "9"}, "stop_loss": {"stop_price": "11"}});
    assert_eq!(chain(bracket(&short)).legs[0].draft.side, Side::Buy);
    invalid(bracket(&json!({"side": "SELL"})), "stop_loss.stop_price");
    // At the market the engine knows where that is; each other they must not cross.
    let market = json!({"type": "MARKET", "limit_price": null});
    assert_eq!(chain(bracket(&market)).legs.len(), 2);
    let crossed = json!({"type": "MARKET", "limit_price": null, "stop_loss": {"stop_price": "12"}});
    invalid(bracket(&crossed), "stop_loss.stop_price");
}

#[test]
fn an_oco_is_a_target_and_a_stop_beside_it() {
    let oco = |changes: Value| {
        let mut order = json!({"order_class": "OCO", "type": null, "side": "SELL", "qty": "5",
            "take_profit": {"limit_price": "11"}, "stop_loss": {"stop_price": "9"}});
        for (name, value) in changes.as_object().expect("an object of changes") {
            order[name] = value.clone();
        }
        order
    };
    let draft = offered(oco(json!({})));
    assert_eq!(draft.terms.kind, OrderKind::Limit { limit: Price::whole(11) });
    let beside = draft.chain.expect("a chain");
    assert_eq!(beside.contingency, Contingency::Alternatives);
    assert_eq!(
        (kinds(&beside), beside.legs[0].draft.side),
        (vec![OrderKind::Stop { stop: Price::whole(9) }], Side::Sell)
    );
    invalid(oco(json!({"type": "LIMIT"})), "type");
    invalid(oco(json!({"limit_price": "11"})), "limit_price");
    invalid(oco(json!({"stop_loss": null})), "stop_loss");
    invalid(oco(json!({"stop_loss": {"stop_price": "11"}})), "stop_loss.stop_price");
    invalid(oco(json!({"qty": null, "notional": "100"})), "notional");
    invalid(oco(json!({"time_in_force": "IOC"})), "time_in_force");
}

#[test]
fn legs_inherit_what_they_do_not_say() {
    let oto = |legs: Value| limit(&json!({"order_class": "OTO", "legs": legs}));
    let inherited = chain(oto(json!([{"type": "LIMIT", "limit_price": "11"}])));
    let leg = &inherited.legs[0];
    assert_eq!((inherited.contingency, leg.share), (Contingency::Followers, LegShare::AsFilled));
    assert_eq!((leg.draft.symbol.as_str(), leg.draft.side), ("AAPL", Side::Sell));
    let own = chain(oto(
        json!([{"type": "MARKET", "symbol": "msft", "side": "BUY", "qty": "2", "client_order_id": "x"}]),
    ));
    let leg = &own.legs[0];
    assert_eq!((leg.draft.symbol.as_str(), leg.draft.side), ("MSFT", Side::Buy));
    assert_eq!(leg.share, LegShare::Part { leg: Qty::whole(2), parent: Qty::whole(5) });
    assert_eq!(leg.client_order_id.as_ref().map(ClientOrderId::as_str), Some("x"));
    let nested = chain(oto(json!([{"type": "LIMIT", "limit_price": "11", "order_class": "BRACKET",
        "take_profit": {"limit_price": "10"}}])));
    assert_eq!(nested.legs[0].draft.chain.as_ref().map(|chain| chain.contingency), Some(Contingency::Bracket));
    for (leg, field) in [
        (json!({"type": "LIMIT"}), "legs.0.limit_price"),
        (json!({"limit_price": "11"}), "legs.0.type"),
        (json!({"type": "MARKET", "notional": "5"}), "legs.0.notional"),
        (json!({"type": "MARKET", "portfolio_id": PORTFOLIO}), "legs.0.portfolio_id"),
        (json!({"type": "MARKET", "qty": "0"}), "legs.0.qty"),
        (
            json!({"order_class": "OCO", "take_profit": {"limit_price": "1"}, "stop_loss": {"stop_price": "2"}}),
            "legs.0.order_class",
        ),
        (json!({"type": "MARKET", "order_class": "OTO", "legs": [{"type": "STOP"}]}), "legs.0.legs.0.stop_price"),
    ] {
        invalid(oto(json!([leg])), field);
    }
    invalid(oto(json!([])), "legs");
    let many: Vec<Value> = (0..16).map(|_| json!({"type": "MARKET"})).collect();
    invalid(oto(json!(many)), "legs");
}

#[test]
fn alternatives_are_of_one_kind() {
    let otoco = |legs: Value| limit(&json!({"order_class": "OTOCO", "legs": legs}));
    let target = json!({"type": "LIMIT", "limit_price": "11"});
    let stop = json!({"type": "STOP", "stop_price": "9", "qty": "5"});
    assert_eq!(chain(otoco(json!([target, stop]))).contingency, Contingency::FollowingAlternatives);
    invalid(otoco(json!([target, {"type": "MARKET", "side": "BUY"}])), "legs");
    invalid(otoco(json!([target, {"type": "MARKET", "symbol": "MSFT"}])), "legs");
    invalid(otoco(json!([target, {"type": "MARKET", "qty": "4"}])), "legs.1.qty");
}

#[test]
fn a_chain_means_what_all_of_it_means() {
    let mean = |changes: &Value| offered(bracket(changes)).meaning();
    assert_eq!(mean(&json!({})), mean(&json!({"take_profit": {"limit_price": 11.0}})));
    for other in [
        json!({"take_profit": {"limit_price": "12"}}),
        json!({"stop_loss": null}),
        json!({"stop_loss": {"stop_price": "9", "limit_price": "9"}}),
    ] {
        assert_ne!(mean(&json!({})), mean(&other), "{other}");
    }
    let number = &mut 0;
    let root = ClientOrderId::parse("mine").expect("a name");
    let named = chain(bracket(&json!({}))).into_chain(&root, number);
    let names: Vec<&str> = named.legs.iter().map(|leg| leg.client_order_id.as_str()).collect();
    assert_eq!(names, ["mine.1", "mine.2"]);
    // A name of full length has no room for more.
    let root = ClientOrderId::parse(&"n".repeat(128)).expect("a name");
    let named = chain(bracket(&json!({}))).into_chain(&root, &mut 0);
    assert_ne!(named.legs[0].key, named.legs[1].key);
}

#[test]
fn a_peg_names_what_it_follows() {
    let peg = |peg: Value| json!({"type": "PEGGED", "peg": peg});
    let kind_of =
        |reference, offset: i64, cap| OrderKind::Pegged(Peg { reference, offset: Price::from_raw(offset), cap });
    assert_eq!(kind(peg(json!({"reference": "MIDPOINT"}))), kind_of(PegReference::Midpoint, 0, None));
    let capped = peg(json!({"reference": "PRIMARY", "offset": "-0.01", "cap": "11"}));
    assert_eq!(kind(capped), kind_of(PegReference::Primary, -1_000_000, Some(Price::whole(11))));
    invalid(json!({"type": "PEGGED"}), "peg");
    invalid(json!({"peg": {"reference": "MARKET"}}), "peg");
    invalid(peg(json!({"reference": "MARKET", "cap": "0"})), "peg.cap");
    invalid(peg(json!({"reference": "MARKET", "offset": "-99999999"})), "peg.offset");
}
