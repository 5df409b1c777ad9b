//! The bodies of new orders and of changes: JSON bytes to commands.
//!
//! The first byte chooses which. Rules: a refusal is a problem document of 400 or, of an order, 501; what is taken was
//! one plain JSON object without unknown or repeated members, its numbers are exactly their text, it is
//! within the model's limits, and written anew as documented it is the same order.

use crate::{Target, kind_of};
use gateway::edge::{self, Change, Refusal};
use model::{
    Amendment, Instructions, NewOrder, OrderKind, OrderTerms, PortfolioId, Price, Qty, Side, Size, Time,
    TimeInForce, TradingHours, Trail, limits, parse_fixed,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const WORDS: &[&str] = &[
    "\"portfolio_id\":\"5e0d9c5a-1c2b-8f00-9a3b-2f1c5d7e9a01\"",
    "\"client_order_id\":\"a\"",
    "\"symbol\":\"AAPL\"",
    "\"side\":\"BUY\"",
    "\"side\":\"SELL\"",
    "\"type\":\"MARKET\"",
    "\"type\":\"LIMIT\"",
    "\"type\":\"STOP\"",
    "\"type\":\"STOP_LIMIT\"",
    "\"type\":\"TRAILING_STOP\"",
    "\"type\":\"TRAILING_STOP_LIMIT\"",
    "\"type\":\"MARKET_IF_TOUCHED\"",
    "\"type\":\"LIMIT_IF_TOUCHED\"",
    "\"type\":\"PEGGED\"",
    "\"qty\":\"1\"",
    "\"notional\":\"1\"",
    "\"limit_price\":\"1\"",
    "\"stop_price\":1",
    "\"trail_amount\":\"1\"",
    "\"trail_percent\":\"1\"",
    "\"trigger_price\":\"1\"",
    "\"limit_offset\":\"1\"",
    "\"activation_price\":1",
    "\"trigger_source\":\"MID\"",
    "\"time_in_force\":\"GTC\"",
    "\"time_in_force\":\"FOK\"",
    "\"time_in_force\":\"GTD\"",
    "\"time_in_force\":\"CLS\"",
    "\"expires_at\":\"2030-01-01T00:00:00Z\"",
    "\"order_class\":\"OCO\"",
    "\"order_class\":\"BRACKET\"",
    "\"take_profit\":{\"limit_price\":\"2\"}",
    "\"stop_loss\":{\"stop_price\":\"1\"}",
    "\"legs\":[{}]",
    "\"condition\":{\"op\":\"AND\",\"rules\":[]}",
    "\"peg\":{\"reference\":\"MARKET\"}",
    "\"algo\":{\"kind\":\"TWAP\"}",
    "\"status\":\"CANCELED\"",
    "\"display_qty\":1",
    "\"post_only\":true",
    "\"reduce_only\":true",
    "\"extended_hours\":true",
    ",",
    "{",
    "}",
    "[",
    "null",
    "\\u0000",
    "\\ud800",
];

pub(super) const TARGET: Target =
    Target { name: "order_bodies", run, words: WORDS, executions: 60_000, bytes_max: 4_096 };

fn run(input: &[u8]) -> u64 {
    match input.split_first() {
        Some((0 | b'c', body)) => change(body),
        Some((_, body)) => order(body),
        None => 0,
    }
}

/// Whose the order is for these tests.
const PORTFOLIO: PortfolioId = PortfolioId::new(7);

fn order(body: &[u8]) -> u64 {
    let order = match edge::order(body, PORTFOLIO) {
        Ok(order) => order,
        Err(refusal) => return judge_refusal(&refusal),
    };
    let members = members_of(body);
    check_order(&order);
    check_numbers(&members);
    assert!(!members.contains_key("cash") && !members.contains_key("filled_qty"), "an unknown member was taken");
    let again = edge::order(written_order(&order).to_string().as_bytes(), PORTFOLIO).expect("a documented order");
    // What hangs on an order may be written in several ways: only the order itself is written anew.
    let alone = NewOrder { chain: None, fingerprint: again.fingerprint, ..order.clone() };
    assert_eq!(again, alone, "written anew it is the same order");
    assert!(order.chain.is_some() || again.fingerprint == order.fingerprint, "and means the same");
    kind_of(&format!("{:?}{:?}{}", order.terms, order.side, members.len()))
}

fn change(body: &[u8]) -> u64 {
    let change = match edge::change(body) {
        Ok(change) => change,
        Err(refusal) => {
            assert_eq!(refusal.status, 400, "{refusal:?}");
            return judge_refusal(&refusal);
        }
    };
    let members = members_of(body);
    check_numbers(&members);
    let Change::Replace(amendment) = change else {
        assert!(members.contains_key("status"), "a change cancels although nothing says so");
        return 1;
    };
    assert!(amendment != Amendment::default(), "a change that changes nothing was taken");
    amendment.qty.into_iter().chain(amendment.display_qty).for_each(check_qty);
    [amendment.limit, amendment.stop, amendment.trigger].into_iter().flatten().for_each(check_price);
    amendment.trail.into_iter().for_each(check_trail);
    let again = edge::change(written_change(&amendment).to_string().as_bytes()).expect("a documented change");
    assert_eq!(again, change, "written anew it is the same change");
    kind_of(&format!("{amendment:?}"))
}

fn judge_refusal(refusal: &Refusal) -> u64 {
    assert!([400, 501].contains(&refusal.status), "{refusal:?}");
    let document: Value = serde_json::from_str(&refusal.document).expect("a problem document is JSON");
    assert_eq!(document["status"], refusal.status, "{document}");
    let code = document["code"].as_str().expect("a problem has a code");
    assert_eq!(document["type"], format!("urn:papertape:problem:{code}"));
    assert!(document["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{document}");
    let field = document["field"].as_str().unwrap_or_default();
    assert!(code != "NOT_IMPLEMENTED" || !field.is_empty(), "what is not offered is named: {document}");
    kind_of(&format!("{code}{}", field.get(..field.len().min(16)).unwrap_or_default()))
}

/// The members of a body that was taken, each with the text of its value, those that are null apart.
fn members_of(body: &[u8]) -> BTreeMap<String, Box<RawValue>> {
    let text = std::str::from_utf8(body).expect("what was taken is text");
    let members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(text).expect("what was taken is an object");
    members.into_iter().filter(|(_, value)| value.get() != "null").collect()
}

/// Numbers that were taken stand in the body in plain decimal, as a text or as a number.
fn check_numbers(members: &BTreeMap<String, Box<RawValue>>) {
    const NUMBERS: [&str; 10] = [
        "qty",
        "notional",
        "limit_price",
        "stop_price",
        "trigger_price",
        "trail_amount",
        "trail_percent",
        "limit_offset",
        "activation_price",
        "display_qty",
    ];
    for name in NUMBERS {
        let Some(value) = members.get(name) else { continue };
        let text: String = match serde_json::from_str(value.get()) {
            Ok(text) => text,
            Err(_) => value.get().to_owned(),
        };
        assert!(parse_fixed(&text).is_ok_and(|raw| raw > 0), "{name} was taken as {}", value.get());
        assert!(!text.contains(['e', 'E', '+', '_', ' ']), "{name} was taken as {}", value.get());
    }
}

fn check_order(order: &NewOrder) {
    assert_eq!(order.portfolio, PORTFOLIO);
    let name = order.client_order_id.as_str();
    assert!(!name.is_empty() && name.len() <= limits::CLIENT_ORDER_ID_BYTES_MAX);
    assert!(order.symbol.as_str().bytes().all(|byte| byte.is_ascii_uppercase() || !byte.is_ascii_alphabetic()));
    match order.terms.size {
        Size::Shares(qty) => check_qty(qty),
        Size::Notional(amount) => assert!(amount.is_positive() && amount <= limits::MONEY_MAX, "{amount}"),
    }
    order.terms.kind.prices().for_each(check_price);
    order.terms.kind.trail().into_iter().for_each(check_trail);
    check_instructions(&order.terms);
}

/// What stands beside a type and a time in force that allow it.
fn check_instructions(terms: &OrderTerms) {
    let OrderTerms { kind, size, time_in_force, instructions } = *terms;
    let Instructions { hours, post_only, reduce_only: _, display_qty, trigger_source } = instructions;
    let lasts = !time_in_force.is_immediate() && !time_in_force.is_auction();
    let has_limit = kind.limit_price().is_some() || kind.limit_offset().is_some();
    assert!(!post_only || (lasts && has_limit), "{terms:?}");
    let is_limit = matches!(kind, OrderKind::Limit { .. });
    assert!(hours == TradingHours::Regular || (lasts && is_limit), "{terms:?}");
    assert!(trigger_source == model::TriggerSource::Last || kind.waits_for_trigger(), "{terms:?}");
    assert!(!time_in_force.is_auction() || is_limit || kind == OrderKind::Market, "{terms:?}");
    if let Some(shown) = display_qty {
        check_qty(shown);
        assert!(lasts && has_limit && Size::Shares(shown) <= size, "{terms:?}");
    }
}

fn check_qty(qty: Qty) {
    assert!(qty.is_positive() && qty <= limits::QTY_MAX, "{qty}");
}

fn check_price(price: Price) {
    assert!(price.is_positive() && price <= limits::PRICE_MAX, "{price}");
}

fn check_trail(trail: Trail) {
    match trail {
        Trail::Amount(amount) => check_price(amount),
        Trail::Percent(percent) => {
            assert!(
                percent.is_positive() && percent <= model::Percent::whole(limits::TRAIL_PERCENT_MAX),
                "{percent}"
            );
        }
    }
}

fn put_time_in_force(body: &mut Value, value: TimeInForce) {
    let (name, end) = match value {
        TimeInForce::Day => ("DAY", None),
        TimeInForce::GoodTilCanceled => ("GTC", None),
        TimeInForce::GoodTilDate(end) => ("GTD", Some(end)),
        TimeInForce::ImmediateOrCancel => ("IOC", None),
        TimeInForce::FillOrKill => ("FOK", None),
        TimeInForce::AtOpen => ("OPG", None),
        TimeInForce::AtClose => ("CLS", None),
    };
    body["time_in_force"] = json!(name);
    if let Some(end) = end {
        body["expires_at"] = json!(Time::to_string(&end));
    }
}

fn put_price(body: &mut Value, name: &str, price: Option<Price>) {
    if let Some(price) = price {
        body[name] = json!(price.to_string());
    }
}

fn put_trail(body: &mut Value, trail: Trail) {
    match trail {
        Trail::Amount(amount) => body["trail_amount"] = json!(amount.to_string()),
        Trail::Percent(percent) => body["trail_percent"] = json!(percent.to_string()),
    }
}

/// The order as the documentation says one is written.
fn written_order(order: &NewOrder) -> Value {
    let mut body = json!({
        "portfolio_id": "5e0d9c5a-1c2b-8f00-9a3b-2f1c5d7e9a01",
        "client_order_id": order.client_order_id.as_str(),
        "symbol": order.symbol.as_str(),
        "side": match order.side { Side::Buy => "BUY", Side::Sell => "SELL" },
    });
    let OrderTerms { kind, size, time_in_force, instructions } = order.terms;
    put_time_in_force(&mut body, time_in_force);
    match size {
        Size::Shares(qty) => body["qty"] = json!(qty.to_string()),
        Size::Notional(amount) => body["notional"] = json!(amount.to_string()),
    }
    body["type"] = json!(match kind {
        OrderKind::Market => "MARKET",
        OrderKind::Limit { .. } => "LIMIT",
        OrderKind::Stop { .. } => "STOP",
        OrderKind::StopLimit { .. } => "STOP_LIMIT",
        OrderKind::TrailingStop { .. } => "TRAILING_STOP",
        OrderKind::TrailingStopLimit { .. } => "TRAILING_STOP_LIMIT",
        OrderKind::MarketIfTouched { .. } => "MARKET_IF_TOUCHED",
        OrderKind::LimitIfTouched { .. } => "LIMIT_IF_TOUCHED",
        OrderKind::Pegged(_) => unreachable!("pegged orders are not offered"),
    });
    put_price(&mut body, "limit_price", kind.limit_price());
    put_price(&mut body, "stop_price", kind.stop_price());
    put_price(&mut body, "trigger_price", kind.touch_price());
    put_price(&mut body, "limit_offset", kind.limit_offset());
    put_price(&mut body, "activation_price", kind.activation());
    if let Some(trail) = kind.trail() {
        put_trail(&mut body, trail);
    }
    let Instructions { hours, post_only, reduce_only, display_qty, trigger_source } = instructions;
    body["extended_hours"] = json!(hours == TradingHours::Extended);
    body["post_only"] = json!(post_only);
    body["reduce_only"] = json!(reduce_only);
    body["display_qty"] = json!(display_qty.map(|qty| qty.to_string()));
    if kind.waits_for_trigger() {
        body["trigger_source"] = json!(trigger_source.name());
    }
    body
}

fn written_change(amendment: &Amendment) -> Value {
    let mut body = json!({});
    if let Some(qty) = amendment.qty {
        body["qty"] = json!(qty.to_string());
    }
    if let Some(shown) = amendment.display_qty {
        body["display_qty"] = json!(shown.to_string());
    }
    put_price(&mut body, "limit_price", amendment.limit);
    put_price(&mut body, "stop_price", amendment.stop);
    put_price(&mut body, "trigger_price", amendment.trigger);
    if let Some(trail) = amendment.trail {
        put_trail(&mut body, trail);
    }
    if let Some(value) = amendment.time_in_force {
        put_time_in_force(&mut body, value);
    }
    body
}
