//! A run of backtrader on daily bars: every fill, and what was left at the end.

use crate::Run;
use crate::backtesting::days;
use crate::table::{Figure, Row};
use libtest_mimic::Failed;
use model::{CalendarId, ExecutionProfile, Side};
use outside::{Desk, MovingAverage, Opened, decimal};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;
use std::fs;
use std::path::Path;

pub(crate) fn runs() -> Vec<Run> {
    vec![Run { name: "backtrader::strategy_sma15_cross".into(), run: repeat }]
}

/// One when the close crosses its average upwards, none when it crosses downwards.
fn repeat(run: &Run, data: &Path) -> Result<Vec<Row>, Failed> {
    let bars = days(&data.join("08_reference/backtrader/2006-day-001.txt"), "Date");
    let mut desk = Desk::open(Opened {
        cash: 10_000,
        profile: ExecutionProfile::REALISTIC,
        auction_wait_ns: 0,
        calendar: CalendarId::AlwaysOpen,
    });
    let mut average = MovingAverage::new(15);
    let mut above: Option<bool> = None;
    for bar in &bars {
        desk.bar(bar);
        let close = bar.close().to_f64().expect("a number");
        let Some(average) = average.take(close) else { continue };
        let is_above = close > average;
        let crosses = above.is_some_and(|above| above != is_above) && desk.open_count() == 0;
        above = Some(is_above);
        match (crosses, is_above, desk.qty()) {
            (true, true, 0) => desk.trade_by(1),
            (true, false, 1) => desk.trade_by(-1),
            _ => {}
        }
    }
    let text =
        fs::read_to_string(data.join("08_reference/backtrader/expected.json")).expect("backtrader's figures");
    let published: Value = serde_json::from_str(&text).expect("JSON");
    let published = &published["strategy_sma15_cross"];
    for (side, key) in [(Side::Buy, "fills_buy"), (Side::Sell, "fills_sell")] {
        let ours: Vec<Decimal> = desk
            .fills()
            .filter(|(_, fill)| fill.side == side)
            .map(|(_, fill)| outside::from_raw(fill.price.raw().into()))
            .collect();
        let fills = published[key].as_array().expect("a list");
        let fills: Vec<Decimal> = fills.iter().map(|fill| decimal(fill.as_str().expect("a price"))).collect();
        if ours != fills {
            return Err(format!("{key} are {ours:?}, published are {fills:?}").into());
        }
    }
    let figure = |key: &str| decimal(published["stocklike"][key].as_str().expect("a figure"));
    let figures = vec![
        Figure { name: "fills", ours: Decimal::from(desk.fills().count()), published: Decimal::from(23) },
        Figure { name: "value", ours: desk.equity(), published: figure("final_value") },
        Figure { name: "cash", ours: desk.cash(), published: figure("final_cash") },
    ];
    let futures = Row {
        run: format!("{} (futures)", run.name),
        figures: Vec::new(),
        explained: None,
        remark: "futures with a multiplier and margin are not here yet".into(),
    };
    Ok(vec![Row { run: run.name.clone(), figures, explained: None, remark: String::new() }, futures])
}
