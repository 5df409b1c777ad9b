//! LEAN's algorithms on hourly bars.

use crate::lean::{INTERACTIVE_BROKERS, LeanDesk, Outcome, day};
use model::calendar::local_midnight;
use model::{CalendarId, OrderKind, Price, Side, Time, TimeInForce};
use outside::{LeanBar, LeanFiles, Order, raw};
use rust_decimal::Decimal;
use std::path::Path;

/// An hour of a day in New York.
fn hour(date: model::calendar::Date, hour: i64) -> Time {
    local_midnight(CalendarId::Xnys, date).plus_nanos(hour * 3_600_000_000_000)
}

/// The bars of three days, with what is to happen at an hour that is scheduled.
fn scheduled(data: &Path, at: Time, act: impl Fn(&mut LeanDesk, &LeanBar)) -> LeanDesk {
    let files = LeanFiles::of(data, "spy", Some("spy"));
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    let bars = files.hourly(day(2021, 3, 1), day(2021, 3, 3));
    for (bar, next) in bars.iter().zip(bars.iter().skip(1).map(Some).chain([None])) {
        desk.desk.bar(bar);
        if bar.close_time <= at && next.is_some_and(|next| at <= next.open_time) {
            desk.desk.pass_to(at);
            act(&mut desk, bar);
        }
    }
    desk
}

/// A stop behind the market, at noon.
pub(crate) fn stop_market(data: &Path) -> Outcome {
    let desk = scheduled(data, hour(day(2021, 3, 1), 12), |desk, bar| {
        let stop = Price::from_raw(i64::try_from(raw(bar.close() - Decimal::TWO)).expect("a price"));
        desk.desk.send(Order::new(Side::Buy, 1, OrderKind::Stop { stop }));
    });
    Outcome { desk, remark: "" }
}

/// One on the open and one at the market, sent at midnight.
pub(crate) fn market_on_open(data: &Path) -> Outcome {
    let desk = scheduled(data, hour(day(2021, 3, 2), 0), |desk, _| {
        let market = Order::new(Side::Buy, 1, OrderKind::Market);
        desk.desk.send(Order { time_in_force: TimeInForce::AtOpen, ..market.clone() });
        desk.desk.send(market);
    });
    Outcome { desk, remark: "" }
}

/// One on the close, sent at noon.
pub(crate) fn market_on_close(data: &Path) -> Outcome {
    let desk = scheduled(data, hour(day(2021, 3, 2), 12), |desk, _| {
        let market = Order::new(Side::Buy, 1, OrderKind::Market);
        desk.desk.send(Order { time_in_force: TimeInForce::AtClose, ..market });
    });
    Outcome { desk, remark: "" }
}

/// All of it, held while the ticker changes.
pub(crate) fn mapping(data: &Path) -> Outcome {
    let before = LeanFiles::of(data, "spwr", None).hourly(day(2008, 8, 20), day(2008, 9, 29));
    let after = LeanFiles::of(data, "spwra", None).hourly(day(2008, 9, 30), day(2008, 10, 1));
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    for bar in before.iter().chain(&after) {
        desk.desk.bar(bar);
        if desk.desk.sent() == 0 {
            desk.set_holdings(Decimal::ONE);
        }
    }
    Outcome { desk, remark: "the bars of both tickers go to one instrument: the engine renames none yet" }
}
