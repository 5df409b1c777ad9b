//! Files of others: LEAN's zips and factor files, and tables with a first row of names.

use model::calendar::{Date, local_midnight, session_on};
use model::{CalendarId, Time};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A number as text has it.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn decimal(text: &str) -> Decimal {
    let number = text.parse().or_else(|_| Decimal::from_scientific(text));
    number.unwrap_or_else(|_| panic!("{text} is no number"))
}

/// The rows of a table by the names in its first row.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn read_csv(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let names = lines.next().expect("a table has names");
    lines.map(|row| names.iter().cloned().zip(row).collect()).collect()
}

/// What a price of a day is multiplied with, so that it compares with today's.
#[derive(Clone, Debug)]
pub struct Factors(Vec<(i32, Decimal)>);

impl Factors {
    /// Of the first row whose date is not before this one.
    #[must_use]
    pub fn on(&self, date: Date) -> Decimal {
        let row = self.0.iter().find(|(last, _)| *last >= number_of(date));
        row.map_or(Decimal::ONE, |(_, factor)| *factor)
    }
}

/// Open, high, low, close and volume as LEAN has them, adjusted.
#[derive(Clone, Copy, Debug)]
pub struct LeanBar {
    /// The first instant.
    pub open_time: Time,
    /// The first instant after it.
    pub close_time: Time,
    /// Open, high, low, close.
    pub prices: [Decimal; 4],
    /// Shares traded.
    pub volume: i64,
}

impl LeanBar {
    /// The last price.
    #[must_use]
    pub const fn close(&self) -> Decimal {
        self.prices[3]
    }

    /// The highest price.
    #[must_use]
    pub const fn high(&self) -> Decimal {
        self.prices[1]
    }

    /// The lowest price.
    #[must_use]
    pub const fn low(&self) -> Decimal {
        self.prices[2]
    }
}

/// Bids and asks of a stretch.
#[derive(Clone, Copy, Debug)]
pub struct QuoteBar {
    /// The first instant after it.
    pub close_time: Time,
    /// Open, high, low, close of the bid.
    pub bid: [Decimal; 4],
    /// Of the ask.
    pub ask: [Decimal; 4],
}

/// A print.
#[derive(Clone, Copy, Debug)]
pub struct LeanTrade {
    /// When.
    pub time: Time,
    /// Its price, as it was.
    pub price: Decimal,
    /// Its size.
    pub size: i64,
    /// The letter of its exchange.
    pub exchange: char,
    /// LEAN's flags.
    pub conditions: u32,
    /// Whether LEAN leaves it out of its bars.
    pub suspicious: bool,
}

/// LEAN's folder of data, for one symbol.
#[derive(Clone, Debug)]
pub struct LeanFiles {
    equity: PathBuf,
    symbol: String,
    factors: Factors,
}

impl LeanFiles {
    /// With prices adjusted by the factors of this file, or as they were without one.
    ///
    /// # Panics
    /// When that cannot be read.
    #[must_use]
    pub fn of(data: &Path, symbol: &str, factors: Option<&str>) -> Self {
        let equity = data.join("02_lean/Data/equity/usa");
        let read = |name: &str| {
            let path = equity.join("factor_files").join(format!("{name}.csv"));
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let rows = factors.map(read).unwrap_or_default();
        let row = |line: &str| {
            let fields: Vec<&str> = line.split(',').collect();
            (fields[0].parse().expect("a date"), decimal(fields[1]) * decimal(fields[2]))
        };
        Self { factors: Factors(rows.lines().map(row).collect()), equity, symbol: symbol.to_owned() }
    }

    /// Its daily bars of these days.
    #[must_use]
    pub fn daily(&self, from: Date, to: Date) -> Vec<LeanBar> {
        let path = self.equity.join(format!("daily/{}.zip", self.symbol));
        let rows = unzip(&path);
        let days = rows.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let date = date_of(fields[0])?;
            let session = session_on(CalendarId::Xnys, date)?;
            (from <= date && date <= to).then(|| LeanBar {
                open_time: session.open,
                close_time: session.close,
                prices: self.prices(date, &fields[1..5]),
                volume: decimal(fields[5]).try_into().expect("a volume"),
            })
        });
        days.collect()
    }

    /// Its hourly bars of these days; the first of a day begins with the session.
    #[must_use]
    pub fn hourly(&self, from: Date, to: Date) -> Vec<LeanBar> {
        let path = self.equity.join(format!("hour/{}.zip", self.symbol));
        let rows = unzip(&path);
        let hours = rows.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let date = date_of(fields[0])?;
            let session = session_on(CalendarId::Xnys, date)?;
            let hour: i64 = fields[0][9..11].parse().expect("an hour");
            let start = local_midnight(CalendarId::Xnys, date).plus_nanos(hour * 3_600_000_000_000);
            (from <= date && date <= to).then(|| LeanBar {
                open_time: start.max(session.open),
                close_time: start.plus_nanos(3_600_000_000_000),
                prices: self.prices(date, &fields[1..5]),
                volume: decimal(fields[5]).try_into().expect("a volume"),
            })
        });
        hours.collect()
    }

    /// Its trade bars of a day in minutes, those before and after the session included.
    #[must_use]
    pub fn minutes(&self, date: Date) -> Vec<LeanBar> {
        let rows = self.day_file("minute", date, "trade");
        let bar = |line: &str| {
            let fields: Vec<&str> = line.split(',').collect();
            let open_time = at(date, fields[0]);
            LeanBar {
                open_time,
                close_time: open_time.plus_nanos(60_000_000_000),
                prices: self.prices(date, &fields[1..5]),
                volume: decimal(fields[5]).try_into().expect("a volume"),
            }
        };
        rows.lines().map(bar).collect()
    }

    /// Its quote bars of a day in minutes, those of the session alone.
    #[must_use]
    pub fn quotes(&self, date: Date) -> Vec<QuoteBar> {
        let rows = self.day_file("minute", date, "quote");
        let session = session_on(CalendarId::Xnys, date).expect("a day of trading");
        let bar = |line: &str| {
            let fields: Vec<&str> = line.split(',').collect();
            let open_time = at(date, fields[0]);
            session.contains(open_time).then(|| QuoteBar {
                close_time: open_time.plus_nanos(60_000_000_000),
                bid: self.prices(date, &fields[1..5]),
                ask: self.prices(date, &fields[6..10]),
            })
        };
        rows.lines().filter_map(bar).collect()
    }

    /// Its prints of a day.
    #[must_use]
    pub fn trades(&self, date: Date) -> Vec<LeanTrade> {
        let rows = self.day_file("tick", date, "trade");
        let trade = |line: &str| {
            let fields: Vec<&str> = line.split(',').collect();
            LeanTrade {
                time: at(date, fields[0]),
                price: self.price(date, fields[1]),
                size: fields[2].parse().expect("a size"),
                exchange: fields[3].chars().next().unwrap_or('?'),
                conditions: u32::from_str_radix(fields[4], 16).expect("flags"),
                suspicious: fields[5] == "1",
            }
        };
        rows.lines().map(trade).collect()
    }

    fn day_file(&self, resolution: &str, date: Date, kind: &str) -> String {
        let name = format!("{resolution}/{}/{}_{kind}.zip", self.symbol, number_of(date));
        unzip(&self.equity.join(name))
    }

    fn prices(&self, date: Date, fields: &[&str]) -> [Decimal; 4] {
        [0, 1, 2, 3].map(|place| self.price(date, fields[place]))
    }

    /// Prices are in ten-thousandths of a dollar.
    fn price(&self, date: Date, text: &str) -> Decimal {
        decimal(text) / Decimal::from(10_000) * self.factors.on(date)
    }
}

/// The text of the one file in a zip.
fn unzip(path: &Path) -> String {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut archive = zip::ZipArchive::new(file).expect("a zip");
    let mut text = String::new();
    archive.by_index(0).expect("a file in it").read_to_string(&mut text).expect("text");
    text
}

/// `20131007` and whatever follows.
fn date_of(text: &str) -> Option<Date> {
    let number: i32 = text.get(..8)?.parse().ok()?;
    Some(Date::from_civil(number / 10_000, number / 100 % 100, number % 100))
}

fn number_of(date: Date) -> i32 {
    date.year() * 10_000 + date.month() * 100 + date.day()
}

/// So many milliseconds after midnight in New York; some files have fractions of them.
fn at(date: Date, millis: &str) -> Time {
    let nanos: i64 = (decimal(millis) * Decimal::from(1_000_000)).trunc().try_into().expect("a time");
    local_midnight(CalendarId::Xnys, date).plus_nanos(nanos)
}
