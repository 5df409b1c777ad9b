//! The tape format: its lines, to ticks and back.
//!
//! Owns both directions, so that what is written is what is read. Never rounds: a number that the
//! scale cannot hold is an error.

use super::rows::Rows;
use super::tape::{TapeCounts, TickReader};
use super::{SymbolTick, TapeError};
use model::{
    Aggressor, ParseNumberError, Price, Qty, Quote, Symbol, TickBody, Time, Trade, TradeConditions, limits,
};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::str::FromStr;

/// The first line of every file.
pub const HEADER: &str = "time,symbol,kind,bid,bid_size,ask,ask_size,price,size,aggressor,conditions";

const FIELDS: usize = 11;

/// A tape file being read.
pub(super) struct CsvFile {
    rows: Rows,
}

impl CsvFile {
    /// Opens a file, decompressing it when its name ends in `.zst`, and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self, TapeError> {
        let file = File::open(path).map_err(|source| TapeError::io(path, source))?;
        let reader: Box<dyn BufRead + Send> = if path.extension().is_some_and(|extension| extension == "zst") {
            let decoder = zstd::Decoder::new(file).map_err(|source| TapeError::io(path, source))?;
            Box::new(BufReader::new(decoder))
        } else {
            Box::new(BufReader::new(file))
        };
        Self::read(path, reader)
    }

    /// Reads the lines of something already open, its header first. The path names it in errors.
    pub(super) fn read(path: &Path, reader: Box<dyn BufRead + Send>) -> Result<Self, TapeError> {
        let mut rows = Rows::new(path, reader);
        match rows.next_row()? {
            Some(header) if header == HEADER => Ok(Self { rows }),
            Some(_) => Err(rows.error(format!("the first line must be {HEADER}"))),
            None => Err(TapeError::Empty { path: path.to_owned() }),
        }
    }
}

impl TickReader for CsvFile {
    fn next_tick(&mut self, counts: &mut TapeCounts) -> Result<Option<SymbolTick>, TapeError> {
        let parsed = match self.rows.next_row()? {
            None => return Ok(None),
            Some(row) => parse_row(row),
        };
        counts.rows += 1;
        match parsed {
            Ok(tick) => Ok(Some(tick)),
            Err(reason) => Err(self.rows.error(reason)),
        }
    }
}

/// Writes one line of the tape format, with its end.
///
/// # Errors
/// When the writer fails.
pub fn write_row(out: &mut impl Write, tick: &SymbolTick) -> std::io::Result<()> {
    let (time, symbol) = (tick.time, tick.symbol);
    match &tick.body {
        TickBody::Quote(quote) => {
            write!(out, "{time},{symbol},quote,")?;
            write_side(out, quote.bid, quote.bid_size)?;
            write_side(out, quote.ask, quote.ask_size)?;
            writeln!(out, ",,,")
        }
        TickBody::Trade(trade) => {
            let aggressor = match trade.aggressor {
                Aggressor::Unknown => "",
                Aggressor::Buyer => "buyer",
                Aggressor::Seller => "seller",
            };
            let conditions = match trade.conditions {
                TradeConditions::Regular => "",
                TradeConditions::OpeningAuction => "opening_auction",
                TradeConditions::ClosingAuction => "closing_auction",
                TradeConditions::Ineligible => "ineligible",
            };
            writeln!(out, "{time},{symbol},trade,,,,,{},{},{aggressor},{conditions}", trade.price, trade.size)
        }
    }
}

fn write_side(out: &mut impl Write, price: Price, size: Qty) -> std::io::Result<()> {
    if price.is_zero() && size.is_zero() { out.write_all(b",,") } else { write!(out, "{price},{size},") }
}

fn parse_row(row: &str) -> Result<SymbolTick, String> {
    let mut fields = [""; FIELDS];
    let mut count = 0;
    for field in row.split(',') {
        if let Some(place) = fields.get_mut(count) {
            *place = field;
        }
        count += 1;
    }
    if count != FIELDS {
        return Err(format!("has {count} fields where {FIELDS} belong"));
    }
    let [time, symbol, kind, quote @ .., price, size, aggressor, conditions] = fields;
    let symbol = Symbol::parse(symbol).map_err(|error| format!("symbol {symbol:?} {error}"))?;
    let is_empty = |fields: &[&str]| fields.iter().all(|field| field.is_empty());
    let body = match kind {
        "quote" if is_empty(&[price, size, aggressor, conditions]) => TickBody::Quote(parse_quote(quote)?),
        "trade" if is_empty(&quote) => TickBody::Trade(Trade {
            price: positive_price(price)?,
            size: positive_size(size)?,
            aggressor: parse_aggressor(aggressor)?,
            conditions: parse_conditions(conditions)?,
        }),
        "quote" => return Err("a quote must leave the fields of a trade empty".to_owned()),
        "trade" => return Err("a trade must leave the fields of a quote empty".to_owned()),
        other => return Err(format!("kind {other:?} is neither quote nor trade")),
    };
    Ok(SymbolTick { symbol, time: parse_time(time)?, body })
}

fn parse_quote([bid, bid_size, ask, ask_size]: [&str; 4]) -> Result<Quote, String> {
    let limits = (limits::PRICE_MAX, limits::QTY_MAX);
    Ok(Quote {
        bid: optional("bid", bid, limits.0)?,
        bid_size: optional("bid_size", bid_size, limits.1)?,
        ask: optional("ask", ask, limits.0)?,
        ask_size: optional("ask_size", ask_size, limits.1)?,
    })
}

fn positive_price(text: &str) -> Result<Price, String> {
    let price = optional("price", text, limits::PRICE_MAX)?;
    if price.is_positive() { Ok(price) } else { Err("a trade needs a price above nothing".to_owned()) }
}

fn positive_size(text: &str) -> Result<Qty, String> {
    let size = optional("size", text, limits::QTY_MAX)?;
    if size.is_positive() { Ok(size) } else { Err("a trade needs a size above nothing".to_owned()) }
}

/// A decimal up to a limit; nothing when the field is empty.
fn optional<T>(name: &str, text: &str, max: T) -> Result<T, String>
where
    T: FromStr<Err = ParseNumberError> + Default + PartialOrd,
{
    if text.is_empty() {
        return Ok(T::default());
    }
    let value: T = text.parse().map_err(|error| format!("{name} {text:?} {error}"))?;
    if value > max { Err(format!("{name} {text:?} {}", ParseNumberError::TooLarge)) } else { Ok(value) }
}

fn parse_time(text: &str) -> Result<Time, String> {
    if let Ok(nanos) = text.parse::<i64>() {
        return Ok(Time::from_nanos(nanos));
    }
    let timestamp: jiff::Timestamp =
        text.parse().map_err(|_| format!("time {text:?} is neither RFC 3339 nor nanoseconds"))?;
    i64::try_from(timestamp.as_nanosecond())
        .map(Time::from_nanos)
        .map_err(|_| format!("time {text:?} is outside the years 1678 to 2261"))
}

fn parse_aggressor(text: &str) -> Result<Aggressor, String> {
    match text {
        "" => Ok(Aggressor::Unknown),
        "buyer" => Ok(Aggressor::Buyer),
        "seller" => Ok(Aggressor::Seller),
        other => Err(format!("aggressor {other:?} is neither buyer nor seller")),
    }
}

fn parse_conditions(text: &str) -> Result<TradeConditions, String> {
    match text {
        "" | "regular" => Ok(TradeConditions::Regular),
        "opening_auction" => Ok(TradeConditions::OpeningAuction),
        "closing_auction" => Ok(TradeConditions::ClosingAuction),
        "ineligible" => Ok(TradeConditions::Ineligible),
        other => {
            Err(format!("conditions {other:?} is none of regular, opening_auction, closing_auction, ineligible"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check_error(row: &str, part: &str) {
        let reason = parse_row(row).expect_err(row);
        assert!(reason.contains(part), "{row}: {reason}");
    }

    #[test]
    fn a_quote_and_a_trade_are_read_as_written() {
        let quote = parse_row("2013-10-07T13:30:00.072Z,IBM,quote,181.69,200,181.9,100,,,,").expect("a quote");
        // 2013-10-07 is day 15,985 since 1970; 13:30:00.072 is 48,600.072 seconds into it.
        assert_eq!(quote.time, Time::from_nanos((15_985 * 86_400 + 48_600) * 1_000_000_000 + 72_000_000));
        let expected = Quote {
            bid: Price::from_raw(18_169_000_000),
            bid_size: Qty::whole(200),
            ask: Price::from_raw(18_190_000_000),
            ask_size: Qty::whole(100),
        };
        assert_eq!(quote.body, TickBody::Quote(expected));
        let trade = parse_row("1381152601031000000,BRK.B,trade,,,,,114.5,0.5,seller,ineligible").expect("a trade");
        assert_eq!(trade.time.to_string(), "2013-10-07T13:30:01.031Z");
        let expected = Trade {
            price: Price::from_raw(11_450_000_000),
            size: Qty::from_raw(50_000_000),
            aggressor: Aggressor::Seller,
            conditions: TradeConditions::Ineligible,
        };
        assert_eq!(trade.body, TickBody::Trade(expected));
    }

    #[test]
    fn rows_that_cannot_be_meant_are_refused() {
        check_error("0,IBM,quote,1,2,3,4,,,", "10 fields");
        check_error("0,IBM,quote,1,2,3,4,,,,,", "12 fields");
        check_error("0,ibm,quote,1,2,3,4,,,,", "symbol");
        check_error("0,IBM,bar,1,2,3,4,,,,", "kind");
        check_error("0,IBM,quote,1e3,2,3,4,,,,", "bid");
        check_error("0,IBM,quote,1,2,-3,4,,,,", "ask");
        check_error("0,IBM,quote,1,2,3,4,5,,,", "quote must leave");
        check_error("0,IBM,trade,1,,,,5,1,,", "trade must leave");
        check_error("0,IBM,trade,,,,,0,1,,", "price above nothing");
        check_error("0,IBM,trade,,,,,5,,,", "size above nothing");
        check_error("0,IBM,trade,,,,,10000001,1,,", "too large");
        check_error("0,IBM,trade,,,,,5,1,bid,", "aggressor");
        check_error("0,IBM,trade,,,,,5,1,,late", "conditions");
        check_error("07.10.2013,IBM,trade,,,,,5,1,,", "time");
    }

    proptest! {
        #[test]
        fn every_tick_is_read_as_it_was_written(
            nanos in 0_i64..4_000_000_000_000_000_000,
            prices in (0..=limits::PRICE_MAX.raw(), 1..=limits::PRICE_MAX.raw()),
            sizes in (0..=limits::QTY_MAX.raw(), 1..=limits::QTY_MAX.raw()),
            choice in 0_u8..24,
        ) {
            let quote = Quote {
                bid: Price::from_raw(prices.0), bid_size: Qty::from_raw(sizes.0),
                ask: Price::from_raw(prices.1), ask_size: Qty::from_raw(sizes.1),
            };
            let aggressor = [Aggressor::Unknown, Aggressor::Buyer, Aggressor::Seller][usize::from(choice % 3)];
            let conditions = [
                TradeConditions::Regular,
                TradeConditions::OpeningAuction,
                TradeConditions::ClosingAuction,
                TradeConditions::Ineligible,
            ][usize::from(choice / 3 % 4)];
            let trade = Trade { price: quote.ask, size: quote.ask_size, aggressor, conditions };
            let body = if choice < 12 { TickBody::Quote(quote) } else { TickBody::Trade(trade) };
            let symbol = Symbol::parse("BTC/USD").expect("a ticker");
            let tick = SymbolTick { symbol, time: Time::from_nanos(nanos), body };
            let mut line = Vec::new();
            write_row(&mut line, &tick).expect("memory takes all");
            let line = String::from_utf8(line).expect("text");
            prop_assert_eq!(parse_row(line.trim_end()), Ok(tick));
        }
    }
}
