//! LEAN's regression algorithms: which of them are repeated, and under which rules.

use crate::table::{Figure, Row};
use crate::{Run, lean_daily, lean_hourly, lean_minutes};
use libtest_mimic::Failed;
use model::calendar::{Date, session_on};
use model::{CalendarId, Commission, CommissionMax, ExecutionProfile, Millionths, Money, Rate, Time};
use outside::{Desk, Opened, decimal};
use rust_decimal::Decimal;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// What an algorithm came to.
pub(crate) struct Outcome {
    pub(crate) desk: LeanDesk,
    pub(crate) remark: &'static str,
}

type Algorithm = fn(&Path) -> Outcome;

/// Repeated, by LEAN's names.
const REPEATED: &[(&str, Algorithm)] = &[
    ("BasicTemplateAlgorithm", lean_minutes::basic_template),
    ("BasicTemplateDailyAlgorithm", lean_daily::basic_template),
    ("ZeroFeeRegressionAlgorithm", lean_minutes::zero_fee),
    ("StopMarketOrderRegressionAlgorithm", lean_hourly::stop_market),
    ("StopLimitOrderRegressionAlgorithm", lean_daily::stop_limit),
    ("TrailingStopOrderRegressionAlgorithm", lean_minutes::trailing_stop),
    ("MarketOnOpenOrderRegressionAlgorithm", lean_hourly::market_on_open),
    ("MarketOnCloseOrderRegressionAlgorithm", lean_hourly::market_on_close),
    ("MarketOnOpenOrderFillsOnOpenTradeWithTickResolutionAlgorithm", lean_minutes::market_on_open_by_ticks),
    ("TimeInForceAlgorithm", lean_minutes::time_in_force),
    ("SetHoldingsRegressionAlgorithm", lean_minutes::set_holdings),
    ("ParameterizedAlgorithm", lean_minutes::parameterized),
    ("MACDTrendAlgorithm", lean_daily::macd_trend),
    ("DividendRegressionAlgorithm", lean_daily::dividend),
    ("HourResolutionMappingEventRegressionAlgorithm", lean_hourly::mapping),
    ("DelistingEventsAlgorithm", lean_daily::delisting),
    ("FillOutsideHoursMinuteResolutionAlgorithm", lean_minutes::outside_hours),
    ("ExtendedMarketTradingRegressionAlgorithm", lean_minutes::extended_market),
    ("SecurityCustomPropertiesAlgorithm", lean_minutes::custom_properties),
];

/// Not repeated, and why.
const NOT_REPEATED: &[(&str, &str)] = &[
    ("LimitFillRegressionAlgorithm", "it sells short"),
    ("OrderTicketDemoAlgorithm", "not scripted: twelve tickets that are changed minute by minute"),
    (
        "SplitEquityRegressionAlgorithm",
        "splits are not here yet; and LEAN truncates 10 x 7 to 69 shares, which is not to be copied",
    ),
    ("SplitPartialShareRegressionAlgorithm", "splits are not here yet"),
    ("EquityMarginCallAlgorithm", "there is no margin, and so no margin call"),
    ("CustomPartialFillModelAlgorithm", "it sells short: 100 shares each hour while the first ten are filling"),
    ("ShortableProviderOrdersRejectedRegressionAlgorithm", "it sells short"),
    (
        "CoinbaseCryptoYearMarketTradingRegressionAlgorithm",
        "LEAN fills days without data with the bars before; nobody else got its equity exactly either",
    ),
];

/// Where ours is another figure: which, ours, and why.
const EXPLAINED: &[(&str, &str, i64, &str)] = &[(
    "MACDTrendAlgorithm",
    "orders",
    84,
    "LEAN counted 84 orders for the same fees and equity in earlier versions (0124dffa); its 85th trades nothing",
)];

pub(crate) fn runs() -> Vec<Run> {
    let run = |name: &str| Run { name: format!("lean::{name}"), run: repeat };
    let mut runs: Vec<Run> = REPEATED.iter().map(|(name, _)| run(name)).collect();
    runs.push(Run { name: "lean::every_algorithm_is_repeated_or_explained".into(), run: explain });
    runs
}

fn published(data: &Path) -> Vec<Value> {
    let text = fs::read_to_string(data.join("08_reference/lean_expected.json")).expect("LEAN's figures");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    all["algorithms"].as_array().expect("a list").clone()
}

fn repeat(run: &Run, data: &Path) -> Result<Vec<Row>, Failed> {
    let name = run.name.trim_start_matches("lean::");
    let (_, algorithm) = REPEATED.iter().find(|(known, _)| *known == name).ok_or("no such algorithm")?;
    let all = published(data);
    let published = all.iter().find(|published| published["name"] == name).ok_or("it was not published")?;
    let figure = |key: &str| {
        let text = published["expected_statistics"][key].as_str().expect("a figure");
        decimal(text.trim_start_matches('$'))
    };
    let Outcome { desk, remark } = algorithm(data);
    let mut figures = vec![
        Figure { name: "orders", ours: desk.desk.sent().into(), published: figure("Total Orders") },
        Figure { name: "fees", ours: desk.desk.fees(), published: figure("Total Fees") },
        Figure { name: "equity", ours: desk.equity(), published: figure("End Equity") },
    ];
    let (mut remark, mut explained) = (remark.to_owned(), None);
    if let Some((_, other, ours, why)) = EXPLAINED.iter().find(|(known, ..)| *known == name) {
        let place = figures.iter().position(|figure| figure.name == *other).ok_or("no such figure")?;
        let figure = figures.remove(place);
        if figure.ours != Decimal::from(*ours) {
            return Err(format!("{name}: {other} was {ours}, and is {}", figure.ours).into());
        }
        (remark, explained) = ((*why).to_owned(), Some(figure));
    }
    Ok(vec![Row { run: run.name.clone(), figures, explained, remark }])
}

fn explain(_: &Run, data: &Path) -> Result<Vec<Row>, Failed> {
    for published in published(data) {
        let name = published["name"].as_str().expect("a name");
        let is_repeated = REPEATED.iter().any(|(known, _)| *known == name);
        let is_explained = NOT_REPEATED.iter().any(|(known, _)| *known == name);
        if is_repeated == is_explained {
            return Err(format!("{name} is neither repeated nor explained, or both").into());
        }
    }
    let row = |(name, reason): &(&str, &str)| Row {
        run: format!("lean::{name}"),
        figures: Vec::new(),
        explained: None,
        remark: (*reason).into(),
    };
    Ok(NOT_REPEATED.iter().map(row).collect())
}

/// Half a cent a share, at least a dollar for an order.
pub(crate) const INTERACTIVE_BROKERS: Commission =
    Commission::by_rate(Rate::PerUnit(Millionths::new(5_000)), Money::whole(1), CommissionMax::None);

/// LEAN's equity accounts may spend twice what they are worth: the desk has as much again, lent without
/// interest.
pub(crate) struct LeanDesk {
    pub(crate) desk: Desk,
    lent: Decimal,
    commission: Commission,
}

impl LeanDesk {
    pub(crate) fn open(cash: i64, commission: Commission) -> Self {
        let opened = Opened {
            cash: 2 * cash,
            profile: ExecutionProfile { commission, ..ExecutionProfile::LEAN },
            // As long as a session, the longest of bars.
            auction_wait_ns: 23_400_000_000_000,
            calendar: CalendarId::Xnys,
        };
        Self { desk: Desk::open(opened), lent: cash.into(), commission }
    }

    pub(crate) fn equity(&self) -> Decimal {
        self.desk.equity() - self.lent
    }

    fn fee(&self, qty: Decimal, price: Decimal) -> Decimal {
        match self.commission {
            Commission::None => Decimal::ZERO,
            Commission::PerOrder(flat) => outside::from_raw(flat.raw()),
            Commission::ByRate(card) => {
                let millionths = |rate: Millionths| Decimal::new(rate.get().into(), 6);
                let fee = match card.rates.taker {
                    Rate::PerUnit(rate) => qty * millionths(rate),
                    Rate::OfValue(rate) => qty * price * millionths(rate),
                };
                fee.max(outside::from_raw(card.min.raw()))
            }
        }
    }

    /// LEAN's portfolio target: so much of equity, less a free part of a quarter of a percent and less the fee,
    /// in whole shares at the last price. Changes below a tenth of a percent of equity are left.
    pub(crate) fn set_holdings(&mut self, part: Decimal) {
        let (price, held, equity) = (self.desk.last(), self.desk.qty(), self.equity());
        let free = equity * Decimal::new(25, 4);
        let mut fee = Decimal::ZERO;
        let change = loop {
            let target = ((equity - fee - free) * part / price).floor();
            let change = target - Decimal::from(held);
            let needed = self.fee(change.abs(), price);
            if needed <= fee {
                break change;
            }
            fee = needed;
        };
        let is_small = (change * price).abs() < equity * Decimal::new(1, 3);
        if !is_small {
            self.desk.trade_by(i64::try_from(change).expect("whole shares"));
        }
    }

    pub(crate) fn liquidate(&mut self) {
        let held = self.desk.qty();
        self.desk.trade_by(-held);
    }
}

pub(crate) fn day(year: i32, month: i32, day: i32) -> Date {
    Date::from_civil(year, month, day)
}

/// The days of trading from one to another.
pub(crate) fn sessions(from: Date, to: Date) -> impl Iterator<Item = Date> {
    let days = (from.days()..=to.days()).map(Date::from_days);
    days.filter(|date| session_on(CalendarId::Xnys, *date).is_some())
}

/// When the session of a day closes.
pub(crate) fn close_of(date: Date) -> Time {
    session_on(CalendarId::Xnys, date).expect("a day of trading").close
}
