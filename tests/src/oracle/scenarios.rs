//! The model against the documented examples: each test is a row of the published scenario table or
//! a calculation by hand.

use super::*;
use crate::fixed::ONE;

const DAY_NS: i64 = 86_400 * 1_000_000_000;
const CENT: i128 = ONE / 100;

/// A market that is open for the whole first day, one rich portfolio that holds 1,000 shares.
struct Scene {
    oracle: Oracle,
    now: i64,
}

impl Scene {
    fn new() -> Self {
        let mut scene = Self {
            oracle: Oracle::new(&[10_000_000 * ONE], ONE, vec![(0, DAY_NS), (2 * DAY_NS, 3 * DAY_NS)]),
            now: 0,
        };
        scene.quote((1_000, 5_000), (1_002, 1_000));
        scene.order(Side::Buy, Kind::Market, 1_000, TimeInForce::Gtc);
        scene.quote((1, 1), (1_000_000, 1));
        scene
    }

    fn tick(&mut self, body: TickBody) {
        self.now += 1_000;
        self.oracle.tick(&Tick { time: self.now, body });
    }

    /// Cents and shares of the bid and the ask.
    fn quote(&mut self, (bid, bid_size): (i128, i128), (ask, ask_size): (i128, i128)) {
        self.tick(TickBody::Quote(TopOfBook {
            bid: bid * CENT,
            bid_size: bid_size * ONE,
            ask: ask * CENT,
            ask_size: ask_size * ONE,
        }));
    }

    fn print(&mut self, cents: i128, size: i128) {
        self.tick(TickBody::Print(Print { price: cents * CENT, size: size * ONE, conditions: &["@"] }));
    }

    fn order(&mut self, side: Side, kind: Kind, shares: i128, time_in_force: TimeInForce) -> usize {
        let size = Size::Shares(shares * ONE);
        self.oracle.submit(self.now, NewOrder { portfolio: 0, side, kind, size, time_in_force })
    }

    /// Fills as shares at cents.
    fn fills(&self, order: usize) -> Vec<(i128, i128)> {
        self.oracle.orders()[order].fills.iter().map(|fill| (fill.qty / ONE, fill.price / CENT)).collect()
    }

    fn status(&self, order: usize) -> Status {
        self.oracle.orders()[order].status
    }
}

fn limit(cents: i128) -> Kind {
    Kind::Limit { limit: cents * CENT }
}

#[test]
fn a_marketable_order_takes_the_displayed_size_and_rests() {
    let mut scene = Scene::new();
    scene.quote((1_000, 500), (1_002, 300));
    let first = scene.order(Side::Buy, limit(1_002), 200, TimeInForce::Day);
    let second = scene.order(Side::Buy, limit(1_005), 500, TimeInForce::Day);
    assert_eq!((scene.fills(first), scene.fills(second)), (vec![(200, 1_002)], vec![(100, 1_002)]));
    scene.quote((1_000, 500), (1_002, 300));
    assert_eq!(scene.fills(second).len(), 1, "the same quote again restores nothing");
    scene.quote((1_000, 500), (1_001, 50));
    assert_eq!(scene.fills(second)[1], (50, 1_005), "what rests is met at its own limit");
}

#[test]
fn a_market_order_waits_for_more() {
    let mut scene = Scene::new();
    scene.quote((1_000, 500), (1_002, 60));
    let order = scene.order(Side::Sell, Kind::Market, 700, TimeInForce::Day);
    assert_eq!(scene.fills(order), [(500, 1_000)]);
    scene.quote((999, 80), (1_002, 60));
    scene.quote((998, 400), (1_002, 60));
    assert_eq!(scene.fills(order), [(500, 1_000), (80, 999), (120, 998)]);
    assert_eq!(scene.status(order), Status::Filled);
}

#[test]
fn prints_at_the_limit_use_up_the_queue_first() {
    let mut scene = Scene::new();
    scene.quote((1_000, 100), (1_002, 100));
    let order = scene.order(Side::Buy, limit(1_000), 100, TimeInForce::Day);
    for size in [80, 30, 50] {
        scene.print(1_000, size);
    }
    assert_eq!(scene.fills(order), [(10, 1_000), (50, 1_000)]);
    scene.print(1_002, 500);
    assert_eq!(scene.fills(order).len(), 2, "a buyer's print does not reach a buyer");
}

#[test]
fn a_print_through_the_limit_fills_up_to_its_size() {
    let mut scene = Scene::new();
    scene.quote((1_000, 100), (1_002, 100));
    let order = scene.order(Side::Buy, limit(1_000), 100, TimeInForce::Day);
    scene.print(999, 40);
    assert_eq!(scene.fills(order), [(40, 1_000)]);
}

#[test]
fn immediate_orders_end_after_one_look() {
    let mut scene = Scene::new();
    scene.quote((1_000, 500), (1_002, 300));
    let part = scene.order(Side::Buy, limit(1_002), 500, TimeInForce::Ioc);
    let none = scene.order(Side::Buy, limit(1_001), 500, TimeInForce::Ioc);
    let all = scene.order(Side::Sell, Kind::Market, 501, TimeInForce::Fok);
    assert_eq!((scene.status(part), scene.fills(part)), (Status::Canceled, vec![(300, 1_002)]));
    assert_eq!((scene.status(none), scene.fills(none)), (Status::Canceled, vec![]));
    assert_eq!((scene.status(all), scene.fills(all)), (Status::Canceled, vec![]));
}

#[test]
fn a_stop_in_the_market_is_refused_and_a_released_stop_takes() {
    let mut scene = Scene::new();
    scene.quote((9_990, 100), (10_010, 100));
    scene.print(10_000, 100);
    let refused = scene.order(Side::Sell, Kind::Stop { stop: 10_100 * CENT }, 10, TimeInForce::Gtc);
    assert_eq!(scene.status(refused), Status::Rejected("STOP_IN_MARKET"));
    let stop = scene.order(Side::Sell, Kind::Stop { stop: 9_995 * CENT }, 10, TimeInForce::Gtc);
    scene.print(9_980, 100);
    assert_eq!(scene.fills(stop), [], "a print outside the quote releases nothing");
    scene.print(9_995, 100);
    assert_eq!(scene.fills(stop), [(10, 9_990)]);
}

#[test]
fn a_trailing_stop_is_tested_before_it_follows() {
    let mut scene = Scene::new();
    scene.quote((9_000, 900), (11_000, 900));
    scene.print(10_000, 100);
    let trail = Trail::Amount(1_000 * CENT);
    let order = scene.order(Side::Sell, Kind::Trailing { trail }, 10, TimeInForce::Gtc);
    let mut stops = Vec::new();
    for cents in [9_500, 9_750, 10_500, 9_500] {
        scene.print(cents, 100);
        stops.push(scene.oracle.orders()[order].stop().map(|stop| stop / CENT));
    }
    assert_eq!(stops, [Some(9_000), Some(9_000), Some(9_500), Some(9_500)]);
    assert_eq!(scene.fills(order), [(10, 9_000)]);
}

#[test]
fn a_day_order_ends_at_the_close_and_nothing_fills_outside_the_session() {
    let mut scene = Scene::new();
    scene.quote((1_000, 100), (1_002, 100));
    let day = scene.order(Side::Buy, limit(990), 10, TimeInForce::Day);
    let gtc = scene.order(Side::Buy, limit(990), 10, TimeInForce::Gtc);
    scene.now = DAY_NS - 1_000;
    scene.quote((980, 100), (985, 100));
    assert_eq!((scene.status(day), scene.fills(gtc)), (Status::Expired, vec![]));
    scene.now = 2 * DAY_NS;
    scene.quote((980, 100), (985, 100));
    assert_eq!(scene.fills(gtc), [(10, 990)]);
}

#[test]
fn money_and_holdings_are_held_back_once() {
    let mut scene = Scene { oracle: Oracle::new(&[1_000 * ONE], ONE, vec![(0, DAY_NS)]), now: 0 };
    scene.quote((1_000, 100), (1_002, 100));
    let first = scene.order(Side::Buy, limit(1_000), 60, TimeInForce::Day);
    let second = scene.order(Side::Buy, limit(1_000), 60, TimeInForce::Day);
    assert_eq!(scene.status(second), Status::Rejected("INSUFFICIENT_BUYING_POWER"));
    scene.oracle.cancel(scene.now, first);
    let third = scene.order(Side::Buy, limit(1_000), 60, TimeInForce::Day);
    assert_eq!(scene.status(third), Status::New);
    let naked = scene.order(Side::Sell, limit(1_100), 1, TimeInForce::Day);
    assert_eq!(scene.status(naked), Status::Rejected("INSUFFICIENT_QUANTITY"));
}

#[test]
fn an_amount_buys_whole_lots_within_it() {
    let mut scene = Scene::new();
    scene.quote((29_990, 100), (30_000, 100));
    let size = Size::Notional(1_000 * ONE);
    let new =
        NewOrder { portfolio: 0, side: Side::Buy, kind: Kind::Market, size, time_in_force: TimeInForce::Day };
    let order = scene.oracle.submit(scene.now, new);
    assert_eq!(scene.fills(order), [(3, 30_000)]);
    assert_eq!(scene.status(order), Status::Filled);
}
