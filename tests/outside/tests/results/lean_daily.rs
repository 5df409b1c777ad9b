//! LEAN's algorithms on daily bars.

use crate::lean::{INTERACTIVE_BROKERS, LeanDesk, Outcome, day};
use model::calendar::local_midnight;
use model::{CalendarId, OrderKind, Price, Side};
use outside::{ExponentialAverage, LeanFiles, Order, decimal, raw};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::fs;
use std::path::Path;

fn price(value: Decimal) -> Price {
    Price::from_raw(i64::try_from(raw(value)).expect("a price in range"))
}

/// All of it on the first bar.
pub(crate) fn basic_template(data: &Path) -> Outcome {
    let files = LeanFiles::of(data, "spy", Some("spy"));
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    for bar in files.daily(day(2013, 10, 8), day(2013, 10, 17)) {
        desk.desk.bar(&bar);
        if desk.desk.sent() == 0 {
            desk.set_holdings(Decimal::ONE);
        }
    }
    Outcome { desk, remark: "" }
}

/// A stop-limit in when averages cross, and one out when they cross back.
pub(crate) fn stop_limit(data: &Path) -> Outcome {
    let files = LeanFiles::of(data, "spy", Some("spy"));
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    let (mut fast, mut slow) = (ExponentialAverage::new(30), ExponentialAverage::new(60));
    for bar in files.daily(day(2013, 1, 1), day(2017, 1, 1)) {
        desk.desk.bar(&bar);
        let close = bar.close().to_f64().expect("a number");
        let (Some(fast), Some(slow)) = (fast.take(close), slow.take(close)) else { continue };
        let of = |base: Decimal, percent: i64| price(base * Decimal::new(percent, 2));
        let (side, stop, limit) = match (desk.desk.sent(), desk.desk.qty()) {
            (0, _) if fast > slow * 1.001 => (Side::Buy, of(bar.high(), 110), of(bar.high(), 111)),
            (1, 100) if fast < slow * 1.001 => (Side::Sell, of(bar.low(), 99), of(bar.low(), 98)),
            _ => continue,
        };
        desk.desk.send(Order::new(side, 100, OrderKind::StopLimit { stop, limit }));
    }
    Outcome { desk, remark: "" }
}

/// In and out by the distance of MACD from its signal.
pub(crate) fn macd_trend(data: &Path) -> Outcome {
    let files = LeanFiles::of(data, "spy", Some("spy"));
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    let mut fast = ExponentialAverage::new(12);
    let (mut slow, mut signal) = (ExponentialAverage::new(26), ExponentialAverage::new(9));
    for bar in files.daily(day(2004, 1, 1), day(2015, 1, 1)) {
        desk.desk.bar(&bar);
        let close = bar.close().to_f64().expect("a number");
        let (Some(fast), Some(slow)) = (fast.take(close), slow.take(close)) else { continue };
        let Some(signal) = signal.take(fast - slow) else { continue };
        let distance = (fast - slow - signal) / fast;
        if distance > 0.0025 && desk.desk.qty() <= 0 {
            desk.set_holdings(Decimal::ONE);
        } else if distance < -0.0025 && desk.desk.qty() > 0 {
            desk.liquidate();
        }
    }
    Outcome { desk, remark: "" }
}

/// Half of it for eight years, with dividends.
pub(crate) fn dividend(data: &Path) -> Outcome {
    let files = LeanFiles::of(data, "spy", None);
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    let mut due = distributions(data).into_iter().peekable();
    for bar in files.daily(day(1998, 1, 1), day(2006, 1, 1)) {
        // Held before the session begins that trades without it.
        while let Some((_, amount)) = due.next_if(|(last, _)| {
            local_midnight(CalendarId::Xnys, *last).plus_nanos(86_400_000_000_000) <= bar.open_time
        }) {
            let held = desk.desk.qty();
            if held > 0 && amount > Decimal::ZERO {
                desk.desk.deposit(bar.open_time, amount * Decimal::from(held));
            }
        }
        desk.desk.bar(&bar);
        if desk.desk.sent() == 0 {
            desk.set_holdings(Decimal::new(5, 1));
        }
    }
    Outcome { desk, remark: "dividends are paid in as deposits: the engine has none of its own yet" }
}

/// The last day with a dividend, and how much it is for a share.
fn distributions(data: &Path) -> Vec<(model::calendar::Date, Decimal)> {
    let path = data.join("02_lean/Data/equity/usa/factor_files/spy.csv");
    let text = fs::read_to_string(path).expect("factors");
    let rows: Vec<(i32, Decimal, Decimal)> = text
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (fields[0].parse().expect("a date"), decimal(fields[1]), decimal(fields[3]))
        })
        .collect();
    let amount = |pair: &[(i32, Decimal, Decimal)]| {
        let [(date, factor, reference), (_, next, _)] = pair else { unreachable!("windows of two") };
        let last = day(date / 10_000, date / 100 % 100, date % 100);
        (last, (reference * (Decimal::ONE - factor / next)).round_dp(2))
    };
    rows.windows(2).map(amount).collect()
}

/// All of it, and out when the delisting is announced.
pub(crate) fn delisting(data: &Path) -> Outcome {
    let files = LeanFiles::of(data, "aaa", Some("aaa.1"));
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    let last_day = day(2007, 5, 18);
    for bar in files.daily(day(2007, 5, 15), day(2007, 5, 25)) {
        // LEAN announces it at midnight of the last day.
        let midnight = local_midnight(CalendarId::Xnys, last_day);
        if bar.open_time > midnight && desk.desk.sent() == 1 {
            desk.desk.pass_to(midnight);
            desk.liquidate();
        }
        desk.desk.bar(&bar);
        if desk.desk.sent() == 0 {
            desk.set_holdings(Decimal::ONE);
        }
    }
    Outcome { desk, remark: "" }
}
