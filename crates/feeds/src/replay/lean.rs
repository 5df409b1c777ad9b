//! Tick files in LEAN's layout: `equity/usa/tick/SYMBOL/YYYYMMDD_{quote,trade}.zip` under a root.
//!
//! Owns where those files lie and what their rows mean. Bars of any length are not read.
//!
//! | row | fields |
//! |---|---|
//! | trade | milliseconds, price, size, exchange, conditions (hex), suspicious |
//! | quote | milliseconds, bid, bid size, ask, ask size, exchange, conditions (hex), suspicious |
//!
//! Milliseconds count from midnight in New York, prices are in ten-thousandths of a dollar, sizes
//! in shares. What is decided here:
//!
//! - A quote row has one side, and zeros for the other: the other side keeps its last value, and is
//!   missing before its first.
//! - The files write an update of both sides as a row for the bid and then a row for the ask of the
//!   same millisecond, the side that did not change repeated. Such a pair is one quote, so that
//!   nothing trades against a half that the exchange never showed. The second row counts as joined.
//! - Suspicious rows are dropped and counted, and so are rows without a price or a size.
//! - The direction of a trade is not in the files.

use super::rows::Rows;
use super::tape::{Strand, TapeCounts, TapeFile, TickReader};
use super::{SymbolTick, TapeError, zip_entry};
use model::calendar::{Date, local_midnight};
use model::{
    Aggressor, CalendarId, Price, Qty, Quote, SCALE, Symbol, TickBody, Time, Trade, TradeConditions, limits,
};
use std::path::{Path, PathBuf};

/// Which of LEAN's tick files to play.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeanSelection {
    /// The data root: the folder that holds `equity`.
    pub root: PathBuf,
    /// Which tickers; all that are there when empty.
    pub symbols: Vec<Symbol>,
    /// The first day, in New York; from the earliest when `None`.
    pub from: Option<Date>,
    /// The last day, in New York, included; to the latest when `None`.
    pub to: Option<Date>,
}

/// What a tick file of LEAN holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeanKind {
    /// Quotes.
    Quotes,
    /// Trades.
    Trades,
}

impl LeanKind {
    const fn file_ending(self) -> &'static str {
        match self {
            Self::Quotes => "_quote.zip",
            Self::Trades => "_trade.zip",
        }
    }
}

/// Trade conditions whose prints set no last price under the consolidated tapes' rules, as LEAN
/// numbers them. Prints that open, close or reopen a market, intermarket sweeps, crosses and
/// bunched trades set it and are not among them.
const INELIGIBLE: u32 = CASH
    | NEXT_DAY
    | SELLER
    | DERIVATIVELY_PRICED
    | FORM_T
    | SOLD_LATE
    | EXTENDED_HOURS
    | OUT_OF_SEQUENCE
    | CONTINGENT
    | AVERAGE_PRICE
    | PRICE_VARIATION
    | OFFICIAL_CLOSE
    | PRIOR_REFERENCE_PRICE
    | OFFICIAL_OPEN
    | ODD_LOT;
// Settle on another day than usual, and are priced for that.
const CASH: u32 = 1 << 1;
const NEXT_DAY: u32 = 1 << 2;
const SELLER: u32 = 1 << 3;
// Priced by something else than the quotes of the moment.
const DERIVATIVELY_PRICED: u32 = 1 << 9;
const CONTINGENT: u32 = 1 << 18;
const AVERAGE_PRICE: u32 = 1 << 20;
const PRICE_VARIATION: u32 = 1 << 22;
const PRIOR_REFERENCE_PRICE: u32 = 1 << 25;
// Outside the regular session.
const FORM_T: u32 = 1 << 10;
const EXTENDED_HOURS: u32 = 1 << 13;
// Reported late.
const SOLD_LATE: u32 = 1 << 11;
const OUT_OF_SEQUENCE: u32 = 1 << 14;
// Repeat an auction's price, and are no trades of their own.
const OFFICIAL_CLOSE: u32 = 1 << 24;
const OFFICIAL_OPEN: u32 = 1 << 26;
const ODD_LOT: u32 = 1 << 31;

/// One strand per ticker and kind, quotes first, its days in order; tickers in order.
pub(super) fn strands(selection: &LeanSelection) -> Result<Vec<Strand>, TapeError> {
    let folder = selection.root.join("equity").join("usa").join("tick");
    let mut symbols = selection.symbols.clone();
    if symbols.is_empty() {
        symbols =
            list(&folder)?.iter().filter_map(|name| Symbol::parse(&name.to_ascii_uppercase()).ok()).collect();
    }
    symbols.sort_unstable();
    symbols.dedup();
    let mut strands = Vec::new();
    for symbol in symbols {
        let folder = folder.join(symbol.as_str().to_ascii_lowercase());
        let names = list(&folder)?;
        for kind in [LeanKind::Quotes, LeanKind::Trades] {
            let days = names.iter().filter_map(|name| Some((name, day_of(name, kind)?)));
            let chosen = days.filter(|(_, day)| {
                selection.from.is_none_or(|from| from <= *day) && selection.to.is_none_or(|to| *day <= to)
            });
            let file =
                |(name, day): (&String, Date)| TapeFile::Lean { path: folder.join(name), symbol, day, kind };
            strands.push(Strand::new(chosen.map(file).collect()));
        }
    }
    strands.retain(|strand| !strand.is_empty());
    if strands.is_empty() { Err(TapeError::Empty { path: folder }) } else { Ok(strands) }
}

/// Names in a folder, in order.
fn list(folder: &Path) -> Result<Vec<String>, TapeError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|source| TapeError::io(folder, source))? {
        let entry = entry.map_err(|source| TapeError::io(folder, source))?;
        names.extend(entry.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// The day of `20131007_trade.zip`.
fn day_of(name: &str, kind: LeanKind) -> Option<Date> {
    let digits = name.strip_suffix(kind.file_ending())?;
    let number: i32 = digits.parse().ok().filter(|_| digits.len() == 8)?;
    let date = Date::from_civil(number / 10_000, number / 100 % 100, number % 100);
    (date.civil() == (number / 10_000, number / 100 % 100, number % 100)).then_some(date)
}

/// A tick file being read.
pub(super) struct LeanFile {
    rows: Rows,
    symbol: Symbol,
    midnight: Time,
    kind: LeanKind,
    quote: Quote,
    /// A quote row that was read while looking for its other half.
    ahead: Option<QuoteRow>,
}

/// One side of a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct QuoteRow {
    time: Time,
    is_bid: bool,
    price: Price,
    size: Qty,
}

impl LeanFile {
    pub(super) fn open(path: &Path, symbol: Symbol, day: Date, kind: LeanKind) -> Result<Self, TapeError> {
        Ok(Self::read(Rows::new(path, zip_entry::open(path)?), symbol, day, kind))
    }

    /// Reads rows of something already open.
    pub(super) fn read(rows: Rows, symbol: Symbol, day: Date, kind: LeanKind) -> Self {
        let midnight = local_midnight(CalendarId::Xnys, day);
        Self { rows, symbol, midnight, kind, quote: Quote::default(), ahead: None }
    }

    /// Reads rows until one can be used.
    fn next_usable<T>(
        &mut self,
        counts: &mut TapeCounts,
        parse: fn(&str, Time) -> Result<Usable<T>, String>,
    ) -> Result<Option<T>, TapeError> {
        loop {
            let parsed = match self.rows.next_row()? {
                None => return Ok(None),
                Some(row) => parse(row, self.midnight),
            };
            counts.rows += 1;
            match parsed {
                Ok(Usable::Row(row)) => return Ok(Some(row)),
                Ok(Usable::Suspicious) => counts.suspicious += 1,
                Ok(Usable::Nothing) => counts.unusable += 1,
                Err(reason) => return Err(self.rows.error(reason)),
            }
        }
    }

    fn next_quote(&mut self, counts: &mut TapeCounts) -> Result<Option<SymbolTick>, TapeError> {
        let first = match self.ahead.take() {
            Some(row) => Some(row),
            None => self.next_usable(counts, parse_quote)?,
        };
        let Some(first) = first else { return Ok(None) };
        self.take_side(first);
        if first.is_bid {
            match self.next_usable(counts, parse_quote)? {
                Some(second) if !second.is_bid && second.time == first.time => {
                    self.take_side(second);
                    counts.joined += 1;
                }
                other => self.ahead = other,
            }
        }
        Ok(Some(SymbolTick { symbol: self.symbol, time: first.time, body: TickBody::Quote(self.quote) }))
    }

    fn take_side(&mut self, row: QuoteRow) {
        if row.is_bid {
            (self.quote.bid, self.quote.bid_size) = (row.price, row.size);
        } else {
            (self.quote.ask, self.quote.ask_size) = (row.price, row.size);
        }
    }

    fn next_trade(&mut self, counts: &mut TapeCounts) -> Result<Option<SymbolTick>, TapeError> {
        let trade = self.next_usable(counts, parse_trade)?;
        Ok(trade.map(|(time, trade)| SymbolTick { symbol: self.symbol, time, body: TickBody::Trade(trade) }))
    }
}

impl TickReader for LeanFile {
    fn next_tick(&mut self, counts: &mut TapeCounts) -> Result<Option<SymbolTick>, TapeError> {
        match self.kind {
            LeanKind::Quotes => self.next_quote(counts),
            LeanKind::Trades => self.next_trade(counts),
        }
    }
}

/// What a row is good for.
#[derive(Debug, PartialEq, Eq)]
enum Usable<T> {
    Row(T),
    Suspicious,
    Nothing,
}

fn parse_quote(row: &str, midnight: Time) -> Result<Usable<QuoteRow>, String> {
    let [millis, bid, bid_size, ask, ask_size, _exchange, _conditions, suspicious] = split(row)?;
    let time = time_of(millis, midnight)?;
    let (bid, bid_size) = (price_of(bid)?, size_of(bid_size)?);
    let (ask, ask_size) = (price_of(ask)?, size_of(ask_size)?);
    Ok(match (is_suspicious(suspicious)?, bid.is_positive(), ask.is_positive()) {
        (true, _, _) => Usable::Suspicious,
        (false, true, false) => Usable::Row(QuoteRow { time, is_bid: true, price: bid, size: bid_size }),
        (false, false, true) => Usable::Row(QuoteRow { time, is_bid: false, price: ask, size: ask_size }),
        (false, false, false) => Usable::Nothing,
        (false, true, true) => return Err("has both sides where one belongs".to_owned()),
    })
}

fn parse_trade(row: &str, midnight: Time) -> Result<Usable<(Time, Trade)>, String> {
    let [millis, price, size, _exchange, conditions, suspicious] = split(row)?;
    let time = time_of(millis, midnight)?;
    let flags =
        u32::from_str_radix(conditions, 16).map_err(|_| format!("conditions {conditions:?} are not hex"))?;
    let conditions = if flags & INELIGIBLE == 0 { TradeConditions::Regular } else { TradeConditions::Ineligible };
    let trade = Trade { price: price_of(price)?, size: size_of(size)?, aggressor: Aggressor::Unknown, conditions };
    Ok(if is_suspicious(suspicious)? {
        Usable::Suspicious
    } else if trade.price.is_positive() && trade.size.is_positive() {
        Usable::Row((time, trade))
    } else {
        Usable::Nothing
    })
}

fn split<const N: usize>(row: &str) -> Result<[&str; N], String> {
    let mut fields = [""; N];
    let mut count = 0;
    for field in row.split(',') {
        if let Some(place) = fields.get_mut(count) {
            *place = field;
        }
        count += 1;
    }
    if count == N { Ok(fields) } else { Err(format!("has {count} fields where {N} belong")) }
}

fn time_of(millis: &str, midnight: Time) -> Result<Time, String> {
    match millis.parse::<i64>() {
        Ok(count) if (0..90_000_000).contains(&count) => Ok(midnight.plus_nanos(count * 1_000_000)),
        Ok(_) | Err(_) => Err(format!("{millis:?} is not a number of milliseconds within a day")),
    }
}

fn price_of(text: &str) -> Result<Price, String> {
    let raw =
        text.parse::<i64>().ok().filter(|units| *units >= 0).and_then(|units| units.checked_mul(SCALE / 10_000));
    raw.map(Price::from_raw)
        .filter(|price| *price <= limits::PRICE_MAX)
        .ok_or_else(|| format!("{text:?} is not a price in ten-thousandths"))
}

fn size_of(text: &str) -> Result<Qty, String> {
    let raw = text.parse::<i64>().ok().filter(|units| *units >= 0).and_then(|units| units.checked_mul(SCALE));
    raw.map(Qty::from_raw)
        .filter(|size| *size <= limits::QTY_MAX)
        .ok_or_else(|| format!("{text:?} is not a size in shares"))
}

fn is_suspicious(text: &str) -> Result<bool, String> {
    match text {
        "0" => Ok(false),
        "1" => Ok(true),
        other => Err(format!("suspicious {other:?} is neither 0 nor 1")),
    }
}
