//! Recordings: rows of the tape format and of LEAN's tick files.
//!
//! The first byte chooses the format. Rules: an error names the line; every tick is within limits and,
//! written in the tape format, reads the same again; nothing is told after an error.

use crate::{Target, kind_of};
use feeds::replay::{HEADER, LeanKind, SymbolTick, Tape, TapeError, write_row};
use model::calendar::Date;
use model::{Price, Qty, Symbol, TickBody, limits};
use std::io::Cursor;
use std::path::Path;

const WORDS: &[&str] = &[
    ",quote,",
    ",trade,",
    ",,,,",
    "buyer",
    "seller",
    "ineligible",
    "regular",
    "2013-10-07T13:30:00.072Z",
    "IBM",
    "\r\n",
    "1381152601031000000",
    ",0,0,0,0,",
    ",P,0,1",
    "80000001",
    "34200000",
    "-05:00",
    "9223372036854775807",
];

pub(super) const TARGET: Target =
    Target { name: "tape_rows", run, words: WORDS, executions: 40_000, bytes_max: 6_000 };

fn run(input: &[u8]) -> u64 {
    let Some((format, rows)) = input.split_first() else { return 0 };
    let name = Path::new("tape");
    let tape = match format % 3 {
        0 => {
            let text = [HEADER.as_bytes(), b"\n", rows].concat();
            Tape::of_csv(name, Box::new(Cursor::new(text)))
        }
        kind => {
            let kind = if kind == 1 { LeanKind::Quotes } else { LeanKind::Trades };
            let symbol = Symbol::parse("IBM").expect("a ticker");
            let day = Date::from_civil(2013, 10, 7);
            Tape::of_lean(name, Box::new(Cursor::new(rows.to_vec())), symbol, (day, kind))
        }
    };
    let mut tape = match tape {
        Ok(tape) => tape,
        Err(error) => return judge_error(&error, rows),
    };
    let mut ticks = Vec::new();
    let mut failed = None;
    for item in tape.by_ref() {
        assert!(failed.is_none(), "something was told after an error");
        match item {
            Ok(tick) => ticks.push(tick),
            Err(error) => failed = Some(error),
        }
    }
    assert!(tape.next().is_none(), "a tape that ended goes on");
    assert!(ticks.len() <= rows.len(), "more ticks than bytes");
    ticks.iter().for_each(check_limits);
    assert_written(&ticks);
    let counts = tape.counts();
    let kind = failed.map_or(0, |error| judge_error(&error, rows));
    kind ^ (counts.suspicious.min(2) << 8 | counts.unusable.min(2) << 10 | counts.joined.min(2) << 12)
        ^ ticks.len().min(4) as u64
}

fn judge_error(error: &TapeError, rows: &[u8]) -> u64 {
    match error {
        TapeError::Row { line, reason, .. } => {
            let lines = rows.iter().filter(|byte| **byte == b'\n').count() as u64 + 2;
            assert!((1..=lines).contains(line), "line {line} of {lines}");
            // What is quoted of a row differs; what is said of it does not.
            kind_of(reason.split('"').next_back().unwrap_or_default())
        }
        TapeError::Empty { .. } => 1,
        TapeError::Io { .. } | TapeError::Zip { .. } => panic!("memory does not fail: {error}"),
    }
}

fn check_limits(tick: &SymbolTick) {
    let (prices, sizes) = match tick.body {
        TickBody::Quote(quote) => ([quote.bid, quote.ask], [quote.bid_size, quote.ask_size]),
        TickBody::Trade(trade) => {
            assert!(trade.price.is_positive() && trade.size.is_positive(), "{trade:?}");
            ([trade.price; 2], [trade.size; 2])
        }
    };
    assert!(prices.iter().all(|price| (Price::ZERO..=limits::PRICE_MAX).contains(price)), "{tick:?}");
    assert!(sizes.iter().all(|size| (Qty::ZERO..=limits::QTY_MAX).contains(size)), "{tick:?}");
}

fn assert_written(ticks: &[SymbolTick]) {
    let mut text = format!("{HEADER}\n").into_bytes();
    for tick in ticks {
        write_row(&mut text, tick).expect("memory takes all");
    }
    if ticks.is_empty() {
        return;
    }
    let read: Result<Vec<SymbolTick>, _> =
        Tape::of_csv(Path::new("again"), Box::new(Cursor::new(text))).expect("a header and rows").collect();
    let read = read.expect("what was written is read");
    assert_eq!(read, ticks, "what is read is what was written");
}
