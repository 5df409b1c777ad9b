//! LEAN's algorithms on minute bars and on ticks.
//!
//! LEAN fills market orders from quote bars and limits from trade bars: a script that sends the one is given
//! the quotes of each minute's end, one that sends the other the trade bars alone.

use crate::lean::{INTERACTIVE_BROKERS, LeanDesk, Outcome, close_of, day, sessions};
use model::calendar::{Date, local_midnight, session_on};
use model::{
    CalendarId, Commission, CommissionMax, Millionths, Money, OrderId, OrderKind, Price, Rate, Side, Time,
    TimeInForce, TradeConditions, Trail,
};
use outside::{ExponentialAverage, LeanBar, LeanFiles, Order, QuoteBar};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;
use std::path::Path;

const WEEK: (Date, Date) = (day_of(7), day_of(11));

const fn day_of(october: i32) -> Date {
    Date::from_civil(2013, 10, october)
}

/// A minute of a session: its trades and its quotes.
struct Minute {
    trades: LeanBar,
    quotes: QuoteBar,
}

fn minutes(data: &Path, (from, to): (Date, Date)) -> Vec<Minute> {
    let files = LeanFiles::of(data, "spy", Some("spy"));
    let of_day = |date: Date| {
        let session = session_on(CalendarId::Xnys, date).expect("a day of trading");
        let quotes: BTreeMap<Time, QuoteBar> =
            files.quotes(date).into_iter().map(|bar| (bar.close_time, bar)).collect();
        let trades = files.minutes(date).into_iter().filter(move |bar| session.contains(bar.open_time));
        trades.filter_map(move |trades| {
            let quotes = *quotes.get(&trades.close_time)?;
            Some(Minute { trades, quotes })
        })
    };
    sessions(from, to).flat_map(of_day).collect()
}

/// Every minute: its trades as a bar, the quote that stands at its end, and then the script.
fn each_minute(data: &Path, days: (Date, Date), desk: &mut LeanDesk, mut act: impl FnMut(&mut LeanDesk, &Minute)) {
    for minute in minutes(data, days) {
        let QuoteBar { close_time, bid, ask } = minute.quotes;
        desk.desk.bar(&minute.trades);
        desk.desk.quote(close_time, bid[3], ask[3]);
        act(desk, &minute);
    }
}

/// All of it in the first minute.
pub(crate) fn basic_template(data: &Path) -> Outcome {
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    each_minute(data, WEEK, &mut desk, |desk, _| {
        if desk.desk.sent() == 0 {
            desk.set_holdings(Decimal::ONE);
        }
    });
    Outcome { desk, remark: "" }
}

/// In and out, for nothing.
pub(crate) fn zero_fee(data: &Path) -> Outcome {
    let mut desk = LeanDesk::open(100_000, Commission::None);
    each_minute(data, WEEK, &mut desk, |desk, _| match desk.desk.sent() {
        0 => desk.set_holdings(Decimal::ONE),
        1 => desk.liquidate(),
        _ => {}
    });
    Outcome { desk, remark: "" }
}

/// Four targets, one after the other.
pub(crate) fn set_holdings(data: &Path) -> Outcome {
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    each_minute(data, (day_of(7), day_of(8)), &mut desk, |desk, _| {
        if desk.desk.sent() == 0 {
            for tenths in [1, 2, 3, 10] {
                desk.set_holdings(Decimal::new(tenths, 1));
            }
        }
    });
    Outcome { desk, remark: "" }
}

/// In and out by two averages. Of 100 and 200 minutes in the script; LEAN's launcher, which makes the published
/// figures, sets them to 10 and 20.
pub(crate) fn parameterized(data: &Path) -> Outcome {
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    let (mut fast, mut slow) = (ExponentialAverage::new(10), ExponentialAverage::new(20));
    each_minute(data, WEEK, &mut desk, |desk, minute| {
        let close = minute.trades.close().to_f64().expect("a number");
        let (Some(fast), Some(slow)) = (fast.take(close), slow.take(close)) else { return };
        if fast > slow * 1.001 {
            desk.set_holdings(Decimal::ONE);
        } else if fast < slow * 0.999 {
            desk.liquidate();
        }
    });
    Outcome {
        desk,
        remark: "with the averages of LEAN's launcher, 10 and 20, in place of the script's 100 and 200",
    }
}

/// In and out by two averages, with a fee of two thousandths of a percent.
pub(crate) fn custom_properties(data: &Path) -> Outcome {
    let fee = Commission::by_rate(Rate::OfValue(Millionths::new(20)), Money::whole(1), CommissionMax::None);
    let mut desk = LeanDesk::open(100_000, fee);
    let (mut fast, mut slow) = (ExponentialAverage::new(30), ExponentialAverage::new(60));
    each_minute(data, WEEK, &mut desk, |desk, minute| {
        let close = minute.trades.close().to_f64().expect("a number");
        let (fast, slow) = (fast.take(close), slow.take(close));
        let (Some(fast), Some(slow)) = (fast, slow) else { return };
        if fast > slow && desk.desk.qty() == 0 {
            desk.set_holdings(Decimal::ONE);
        } else if fast < slow {
            desk.liquidate();
        }
    });
    Outcome { desk, remark: "" }
}

/// A trailing buy, and a trailing sell once that filled.
pub(crate) fn trailing_stop(data: &Path) -> Outcome {
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    let trail = |amount: i64| OrderKind::TrailingStop {
        trail: Trail::Amount(Price::from_raw(amount * 10_000_000)),
        activation: None,
    };
    let mut buy: Option<OrderId> = None;
    for Minute { trades, quotes } in minutes(data, WEEK) {
        // Buys look at the asks, sells at the bids.
        desk.desk.bar_of(&trades, if desk.desk.qty() == 0 { quotes.ask } else { quotes.bid });
        // A trailing stop begins at the last trade.
        desk.desk.trade(trades.close_time, trades.close(), 100, TradeConditions::Regular);
        if buy.is_none() {
            buy = desk.desk.send(Order::new(Side::Buy, 100, trail(20)));
        } else if desk.desk.sent() == 1 && desk.desk.qty() > 0 {
            desk.desk.send(Order::new(Side::Sell, 100, trail(5)));
        }
    }
    Outcome { desk, remark: "buys are given the bars of the asks, sells those of the bids" }
}

/// Limits that end in six ways.
pub(crate) fn time_in_force(data: &Path) -> Outcome {
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    let until = TimeInForce::GoodTilDate(close_of(day_of(10)));
    for Minute { trades, .. } in minutes(data, WEEK) {
        desk.desk.bar(&trades);
        if desk.desk.sent() == 0 {
            let limits = [
                (100, TimeInForce::GoodTilCanceled),
                (160, TimeInForce::GoodTilCanceled),
                (140, TimeInForce::Day),
                (180, TimeInForce::Day),
                (100, until),
                (160, until),
            ];
            for (limit, time_in_force) in limits {
                let kind = OrderKind::Limit { limit: Price::whole(limit) };
                desk.desk.send(Order { time_in_force, ..Order::new(Side::Buy, 10, kind) });
            }
        }
    }
    assert_eq!(desk.desk.open_count(), 1, "one is left, good till cancelled");
    Outcome { desk, remark: "" }
}

/// One at the market, two hours before midnight.
pub(crate) fn outside_hours(data: &Path) -> Outcome {
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    let night = local_midnight(CalendarId::Xnys, day_of(8)).plus_nanos(-3_600_000_000_000);
    for Minute { trades, quotes } in minutes(data, (day_of(7), day_of(8))) {
        if trades.open_time > night && desk.desk.sent() == 0 {
            desk.desk.pass_to(night);
            desk.desk.trade_by(1);
        }
        desk.desk.quote(quotes.close_time, quotes.bid[3], quotes.ask[3]);
        desk.desk.mark(trades.close());
    }
    Outcome { desk, remark: "" }
}

/// A limit at the low of the first bar before each session.
pub(crate) fn extended_market(data: &Path) -> Outcome {
    let files = LeanFiles::of(data, "spy", Some("spy"));
    let mut desk = LeanDesk::open(100_000, INTERACTIVE_BROKERS);
    for date in sessions(WEEK.0, WEEK.1) {
        let session = session_on(CalendarId::Xnys, date).expect("a day of trading");
        let before = desk.desk.sent();
        for bar in files.minutes(date) {
            desk.desk.bar(&bar);
            if desk.desk.sent() == before && !session.contains(bar.close_time) {
                let limit = Price::from_raw(i64::try_from(outside::raw(bar.low())).expect("a price"));
                desk.desk.send(Order { extended: true, ..Order::new(Side::Buy, 10, OrderKind::Limit { limit }) });
            }
        }
    }
    Outcome { desk, remark: "" }
}

/// One on the open of each day, at its official print.
pub(crate) fn market_on_open_by_ticks(data: &Path) -> Outcome {
    /// LEAN's flag of the official open.
    const OFFICIAL_OPEN: u32 = 0x40;
    let files = LeanFiles::of(data, "spy", None);
    let mut desk = LeanDesk::open(1_000_000, INTERACTIVE_BROKERS);
    for date in sessions(day(2013, 10, 7), day(2013, 10, 8)) {
        let session = session_on(CalendarId::Xnys, date).expect("a day of trading");
        let morning = local_midnight(CalendarId::Xnys, date).plus_nanos(6 * 3_600_000_000_000);
        let before = desk.desk.sent();
        let mut is_open = false;
        for trade in files.trades(date) {
            if trade.time >= morning && desk.desk.sent() == before {
                desk.desk.pass_to(morning);
                let market = Order::new(Side::Buy, 1, OrderKind::Market);
                desk.desk.send(Order { time_in_force: TimeInForce::AtOpen, ..market });
            }
            // The primary exchange's alone.
            let is_print = trade.exchange == 'P' && trade.conditions & OFFICIAL_OPEN != 0 && !is_open;
            let opens = is_print && session.contains(trade.time);
            is_open |= opens;
            let conditions = if opens { TradeConditions::OpeningAuction } else { TradeConditions::Regular };
            if !trade.suspicious {
                desk.desk.trade(trade.time, trade.price, trade.size, conditions);
            }
        }
    }
    let prices: Vec<String> = desk.desk.fills().map(|(_, fill)| fill.price.to_string()).collect();
    assert_eq!(prices, ["167.43", "167.45"], "the official opens");
    Outcome { desk, remark: "" }
}
