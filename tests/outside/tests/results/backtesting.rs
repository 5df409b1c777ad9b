//! Runs of backtesting.py on daily bars, trade by trade.
//!
//! Its rules, as far as they show in its trades: market orders at the next open, limits at touch and at an
//! open beyond them, whole shares, any volume, and of two exits within a bar the stop.

use crate::Run;
use crate::table::{Figure, Row};
use libtest_mimic::Failed;
use model::calendar::Date;
use model::{
    BarPath, BarPolicies, BarVolume, CalendarId, ClientOrderId, ClientOrderKey, Commission, CommissionMax,
    Contingency, ExecutionProfile, Fill, LegShare, LimitGap, LimitTouch, MarketOnBar, Millionths, Money, NewChain,
    NewLeg, OrderKind, OrderTerms, Price, Qty, Rate, Side, Size, Symbol, Time,
};
use outside::{Desk, LeanBar, MovingAverage, Opened, Order, decimal, raw, read_csv};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;
use std::path::Path;

const BARS: BarPolicies = BarPolicies {
    path: BarPath::Pessimistic,
    market: MarketOnBar::NextOpen,
    limit_touch: LimitTouch::AtTouch,
    limit_gap: LimitGap::AlwaysOpen,
    volume: BarVolume::Unlimited,
};

const RUNS: [&str; 4] = [
    "goog_smacross_default",
    "goog_smacross_commission_0.2pct",
    "goog_smacross_fixed_commission",
    "goog_long_sl_tp",
];

pub(crate) fn runs() -> Vec<Run> {
    RUNS.iter().map(|name| Run { name: format!("backtesting.py::{name}"), run: repeat }).collect()
}

/// A trade as it was published.
#[derive(Clone, Copy, Debug)]
struct Trade {
    size: i64,
    entry_bar: usize,
    exit_bar: usize,
    entry: Decimal,
    exit: Decimal,
    pnl: Decimal,
    commission: Decimal,
}

fn published(data: &Path, name: &str) -> Vec<Trade> {
    let rows = read_csv(&data.join(format!("08_reference/backtesting_py/{name}_trades.csv")));
    let trade = |row: BTreeMap<String, String>| {
        let number = |name: &str| decimal(&row[name]).round_dp(8);
        let count = |name: &str| row[name].parse().expect("a bar");
        Trade {
            size: row["Size"].parse().expect("a size"),
            entry_bar: count("EntryBar"),
            exit_bar: count("ExitBar"),
            entry: number("EntryPrice"),
            exit: number("ExitPrice"),
            pnl: number("PnL"),
            commission: number("Commission"),
        }
    };
    rows.into_iter().map(trade).collect()
}

/// The bars of a table of days.
pub(crate) fn days(path: &Path, date: &str) -> Vec<LeanBar> {
    let bar = |row: BTreeMap<String, String>| {
        let parts: Vec<i32> = row[date].split('-').map(|part| part.parse().expect("a date")).collect();
        let midnight = Date::from_civil(parts[0], parts[1], parts[2]).midnight_utc();
        let volume: f64 = row["Volume"].parse().expect("a volume");
        LeanBar {
            open_time: midnight,
            close_time: midnight.plus_nanos(86_400_000_000_000),
            prices: ["Open", "High", "Low", "Close"].map(|name| decimal(&row[name])),
            volume: volume.to_i64().expect("a volume in range"),
        }
    };
    read_csv(path).into_iter().map(bar).collect()
}

/// Where one average crosses another: at each bar, upwards, downwards or not.
fn crossings(bars: &[LeanBar]) -> Vec<Option<Side>> {
    let (mut fast, mut slow) = (MovingAverage::new(10), MovingAverage::new(30));
    let mut before: Option<f64> = None;
    let cross = |bar: &LeanBar| {
        let close = bar.close().to_f64().expect("a number");
        let (fast, slow) = (fast.take(close), slow.take(close));
        let distance = fast.zip(slow).map(|(fast, slow)| fast - slow);
        let crossed = match (before, distance) {
            (Some(before), Some(now)) if before < 0.0 && now > 0.0 => Some(Side::Buy),
            (Some(before), Some(now)) if before > 0.0 && now < 0.0 => Some(Side::Sell),
            _ => None,
        };
        before = distance;
        crossed
    };
    bars.iter().map(cross).collect()
}

fn open(commission: Commission) -> Desk {
    Desk::open(Opened {
        cash: 10_000,
        profile: ExecutionProfile { bars: BARS, commission, ..ExecutionProfile::REALISTIC },
        auction_wait_ns: 0,
        calendar: CalendarId::AlwaysOpen,
    })
}

fn repeat(run: &Run, data: &Path) -> Result<Vec<Row>, Failed> {
    let name = run.name.trim_start_matches("backtesting.py::");
    let bars = days(&data.join("08_reference/backtesting_py/GOOG.csv"), "");
    let trades = published(data, name);
    let of_value = |millionths| {
        Commission::by_rate(Rate::OfValue(Millionths::new(millionths)), Money::ZERO, CommissionMax::None)
    };
    let (desk, trades, remark) = match name {
        "goog_long_sl_tp" => (with_exits(&bars), trades, ""),
        "goog_smacross_default" => (crossing(&bars, &trades, Commission::None), longs(trades), SHORTS),
        "goog_smacross_commission_0.2pct" => (crossing(&bars, &trades, of_value(2_000)), longs(trades), SHORTS),
        _ => {
            let remark = "a fixed part beside a rate is no commission here, and its sizes add the fixed part to the price of each share";
            return Ok(vec![Row {
                run: run.name.clone(),
                figures: Vec::new(),
                explained: None,
                remark: remark.into(),
            }]);
        }
    };
    let ours: Vec<(usize, Fill)> =
        desk.fills().map(|(event, fill)| (bar_at(&bars, event.time), fill.clone())).collect();
    if ours.len() != 2 * trades.len() {
        return Err(format!("{} fills for {} trades", ours.len(), trades.len()).into());
    }
    let mut pnl = Decimal::ZERO;
    for (pair, trade) in ours.chunks(2).zip(&trades) {
        pnl += same_trade(pair, trade)?;
    }
    let figures = vec![
        Figure { name: "trades", ours: count(ours.len() / 2), published: count(trades.len()) },
        Figure { name: "profit", ours: pnl, published: trades.iter().map(|trade| trade.pnl).sum() },
    ];
    Ok(vec![Row { run: run.name.clone(), figures, explained: None, remark: remark.into() }])
}

const SHORTS: &str = "its longs: nothing is sold short here, and what its shorts earned is paid in between";

fn count(number: usize) -> Decimal {
    Decimal::from(u64::try_from(number).expect("a count"))
}

fn longs(trades: Vec<Trade>) -> Vec<Trade> {
    trades.into_iter().filter(|trade| trade.size > 0).collect()
}

fn bar_at(bars: &[LeanBar], time: Time) -> usize {
    bars.partition_point(|bar| bar.close_time <= time)
}

/// Bars, prices, size and profit of a trade are the published ones.
fn same_trade(pair: &[(usize, Fill)], trade: &Trade) -> Result<Decimal, Failed> {
    let [(entry_bar, entry), (exit_bar, exit)] = pair else { unreachable!("chunks of two") };
    let price = |fill: &Fill| outside::from_raw(fill.price.raw().into());
    let fees = outside::from_raw((entry.fee + exit.fee).raw());
    let size = entry.qty.raw() / model::SCALE;
    let pnl = (price(exit) - price(entry)) * Decimal::from(size) - fees;
    let near = |one: Decimal, other: Decimal| (one - other).abs() < Decimal::new(1, 6);
    let is_same = (*entry_bar, *exit_bar, size) == (trade.entry_bar, trade.exit_bar, trade.size)
        && exit.qty == entry.qty
        && near(price(entry), trade.entry)
        && near(price(exit), trade.exit)
        && near(fees, trade.commission)
        && near(pnl, trade.pnl);
    if is_same {
        return Ok(pnl);
    }
    let ours = format!(
        "{size} from bar {entry_bar} at {} to bar {exit_bar} at {}, {pnl} less {fees}",
        price(entry),
        price(exit)
    );
    Err(format!("{ours}; published is {trade:?}").into())
}

/// Long from an upward crossing to a downward one, with all there is.
fn crossing(bars: &[LeanBar], published: &[Trade], commission: Commission) -> Desk {
    let mut desk = open(commission);
    let crossings = crossings(bars);
    for (index, bar) in bars.iter().enumerate() {
        desk.bar(bar);
        // What is open at the end is closed at the last open.
        let ends = index + 2 == bars.len();
        if desk.qty() > 0 && (crossings[index] == Some(Side::Sell) || ends) {
            desk.trade_by(-desk.qty());
        } else if crossings[index] == Some(Side::Buy) {
            let before = published.iter().filter(|trade| trade.exit_bar <= index + 1);
            let equity = Decimal::from(10_000) + before.map(|trade| trade.pnl).sum::<Decimal>();
            desk.set_cash(equity);
            desk.send_amount(Side::Buy, equity);
        }
    }
    desk
}

/// Ten shares at an upward crossing when flat, and two exits with them.
fn with_exits(bars: &[LeanBar]) -> Desk {
    let mut desk = open(Commission::None);
    let crossings = crossings(bars);
    for (index, bar) in bars.iter().enumerate() {
        desk.bar(bar);
        if crossings[index] == Some(Side::Buy) && desk.qty() == 0 {
            let at = |percent: i64| {
                let price = bar.close() * Decimal::new(percent, 2);
                Price::from_raw(i64::try_from(raw(price)).expect("a price in range"))
            };
            let legs = vec![
                exit(index, 1, OrderKind::Stop { stop: at(95) }),
                exit(index, 2, OrderKind::Limit { limit: at(110) }),
            ];
            let chain = NewChain { contingency: Contingency::FollowingAlternatives, legs };
            let order = Order { chain: Some(Box::new(chain)), ..Order::new(Side::Buy, 10, OrderKind::Market) };
            desk.send(order);
        }
    }
    desk
}

fn exit(index: usize, place: u128, kind: OrderKind) -> NewLeg {
    let key = (u128::try_from(index).expect("a count") << 80) + place;
    NewLeg {
        client_order_id: ClientOrderId::parse(&format!("exit {key}")).expect("an id"),
        key: ClientOrderKey::new(key),
        symbol: Symbol::parse("IT").expect("a symbol"),
        side: Side::Sell,
        terms: OrderTerms::plain(kind, Size::Shares(Qty::whole(10))),
        share: LegShare::AsFilled,
        chain: None,
    }
}
