//! What holds over the life of a system: whom a request reaches, and what an orderly end keeps.

mod common;

use common::{Rig, config, limit, open, order, quote, trade, trailing};
use model::{Command, CommandReply, OrderId, OrderStatus, PortfolioId, Price, Side};
use persistence::SimulatedStorage;
use std::path::Path;
use std::sync::Arc;

fn accepted(reply: &CommandReply) -> OrderId {
    match reply {
        CommandReply::Accepted(id) => *id,
        other => panic!("the order was not taken: {other:?}"),
    }
}

#[test]
fn a_cancel_reaches_the_shard_of_its_portfolio() {
    let storage = SimulatedStorage::new();
    let rig = Rig::start(config(Path::new("/data"), 3, Arc::new(storage)));
    rig.define("AAPL");
    for portfolio in 1..=4 {
        assert_eq!(rig.ask(open(portfolio)), CommandReply::Done);
        let id = accepted(&rig.ask(order(portfolio, 1, "AAPL", (Side::Buy, limit(5), 10))));
        assert_eq!(rig.ask(Command::Cancel { order: id }), CommandReply::Canceled(vec![id]));
        let row = rig.handle.order(id).expect("readable").expect("it stands");
        assert_eq!(row.status, OrderStatus::Canceled);
        let other = accepted(&rig.ask(order(portfolio, 2, "AAPL", (Side::Buy, limit(5), 10))));
        let all = Command::CancelAll { portfolio: PortfolioId::new(portfolio), symbol: None };
        assert_eq!(rig.ask(all), CommandReply::Canceled(vec![other]));
    }
    rig.stop();
}

#[test]
fn an_orderly_end_keeps_the_marks_of_trailing_stops() {
    let storage = SimulatedStorage::new();
    let settings = || config(Path::new("/data"), 1, Arc::new(storage.clone()));
    let mut rig = Rig::start(settings());
    let aapl = rig.define("AAPL");
    assert_eq!(rig.ask(open(1)), CommandReply::Done);
    // A quarter of a second lies between two records of marks; all this happens within a tenth.
    assert!(rig.tick(aapl, 10_000, quote(9, 10, 100)));
    rig.ask(order(1, 1, "AAPL", (Side::Buy, limit(10), 10)));
    assert!(rig.tick(aapl, 10_010, trade(10, 1)));
    let id = accepted(&rig.ask(order(1, 2, "AAPL", (Side::Sell, trailing(3), 10))));
    assert!(rig.tick(aapl, 10_020, quote(11, 12, 100)));
    assert!(rig.tick(aapl, 10_030, trade(12, 1)));
    rig.stop();
    let rig = Rig::start(settings());
    let row = rig.handle.order(id).expect("readable").expect("it stands");
    assert_eq!(row.hwm, Some(Price::whole(12)), "the highest price seen");
    rig.stop();
}
