//! Our compact form of the data messages: fixed little-endian records in batches.
//!
//! Asked for by a path that ends with `/binary` or by `Content-Type: application/x-papertape`; the
//! control messages stay JSON text. A frame is a header and then records of one size:
//!
//! | header, 16 bytes | | | symbol record, 20 bytes | | | tick record, 48 bytes | |
//! |---|---|---|---|---|---|---|---|
//! | 0 | 4 | magic `PTMD` | 0 | 4 | number of the symbol | 0 | 8 time, nanoseconds since 1970 |
//! | 4 | 2 | version, 1 | 4 | 1 | length | 8 | 4 number of the symbol |
//! | 6 | 1 | 1 symbols, 2 ticks | 5 | 15 | text, zeros after it | 12 | 1 kind: 0 quote, 1 trade |
//! | 7 | 1 | zero | | | | 13 | 1 aggressor: 0 unknown, 1 buyer, 2 seller |
//! | 8 | 4 | number of records | | | | 14 | 1 conditions: 0 regular, 1 ineligible |
//! | 12 | 4 | zero | | | | 15 | 1 zero |
//! | | | | | | | 16 | 32 four amounts in 1e-8: bid, its size, ask, its size; or price, size, 0, 0 |
//!
//! A symbol is named before its first tick; numbers begin at 0 and count up within a connection.
//! The invariant: a decoder takes only frames whose length is exactly what their header says.

use super::{FrameError, Message, SymbolTick};
use model::{Aggressor, Price, Qty, Quote, Symbol, TickBody, Time, Trade, TradeConditions, limits};
use std::collections::HashMap;

const MAGIC: [u8; 4] = *b"PTMD";
const VERSION: u16 = 1;
const SYMBOLS: u8 = 1;
const TICKS: u8 = 2;
const HEADER_BYTES: usize = 16;
const SYMBOL_BYTES: usize = 20;
const TICK_BYTES: usize = 48;

/// The writing side of one connection.
#[derive(Debug, Default)]
pub struct Encoder {
    numbers: HashMap<Symbol, u32>,
}

impl Encoder {
    /// No symbol has been named yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes the frame that names the symbols which were not named yet, if there are any.
    ///
    /// To be sent before [`Encoder::ticks`] of the same ticks.
    pub fn symbols(&mut self, ticks: &[SymbolTick], out: &mut Vec<u8>) {
        let start = out.len();
        let mut count = 0;
        for tick in ticks {
            if self.numbers.contains_key(&tick.symbol) {
                continue;
            }
            if count == 0 {
                put_header(SYMBOLS, 0, out);
            }
            let number = u32::try_from(self.numbers.len()).expect("fewer symbols than instruments");
            self.numbers.insert(tick.symbol, number);
            let text = tick.symbol.as_str().as_bytes();
            out.extend_from_slice(&number.to_le_bytes());
            out.push(u8::try_from(text.len()).expect("a symbol is short"));
            out.extend_from_slice(text);
            out.resize(out.len() + limits::SYMBOL_BYTES_MAX - text.len(), 0);
            count += 1;
        }
        if count > 0 {
            out[start + 8..start + 12].copy_from_slice(&u32::to_le_bytes(count));
        }
    }

    /// Writes a frame of ticks whose symbols are named; others are left out.
    pub fn ticks(&self, ticks: &[SymbolTick], out: &mut Vec<u8>) {
        let start = out.len();
        put_header(TICKS, 0, out);
        let mut count: u32 = 0;
        for tick in ticks {
            if let Some(number) = self.numbers.get(&tick.symbol) {
                put_tick(tick, *number, out);
                count += 1;
            }
        }
        out[start + 8..start + 12].copy_from_slice(&count.to_le_bytes());
    }
}

fn put_header(kind: u8, count: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[kind, 0]);
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
}

fn put_tick(tick: &SymbolTick, number: u32, out: &mut Vec<u8>) {
    let (head, amounts) = match tick.body {
        TickBody::Quote(quote) => {
            let sides = [quote.bid.raw(), quote.bid_size.raw(), quote.ask.raw(), quote.ask_size.raw()];
            ([0, 0, 0, 0], sides)
        }
        TickBody::Trade(trade) => {
            let aggressor = match trade.aggressor {
                Aggressor::Unknown => 0,
                Aggressor::Buyer => 1,
                Aggressor::Seller => 2,
            };
            let conditions = match trade.conditions {
                TradeConditions::Regular => 0,
                TradeConditions::Ineligible => 1,
                TradeConditions::OpeningAuction => 2,
                TradeConditions::ClosingAuction => 3,
            };
            ([1, aggressor, conditions, 0], [trade.price.raw(), trade.size.raw(), 0, 0])
        }
    };
    out.extend_from_slice(&tick.time.nanos().to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&head);
    for amount in amounts {
        out.extend_from_slice(&amount.to_le_bytes());
    }
}

/// Who takes the ticks of a frame.
pub(super) trait Take {
    /// A tick of the symbol of this number.
    fn tick(&mut self, number: usize, symbol: &Symbol, tick: (Time, TickBody));
    /// A record that cannot be read.
    fn malformed(&mut self);
}

/// Ticks as messages.
struct Messages<'a, F>(&'a mut F);

impl<F: FnMut(Message<'_>)> Take for Messages<'_, F> {
    fn tick(&mut self, _: usize, symbol: &Symbol, (time, body): (Time, TickBody)) {
        let symbol = symbol.as_str();
        (self.0)(match body {
            TickBody::Quote(quote) => Message::Quote { symbol, time, quote },
            TickBody::Trade(trade) => Message::Trade { symbol, time, trade },
        });
    }

    fn malformed(&mut self) {
        (self.0)(Message::Malformed);
    }
}

/// The reading side of one connection.
#[derive(Debug, Default)]
pub struct Decoder {
    symbols: Vec<Symbol>,
}

impl Decoder {
    /// No symbol has been named yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a frame and hands over its messages in order.
    ///
    /// # Errors
    /// When the frame is not one of ours, or names symbols out of turn.
    pub fn decode(&mut self, frame: &[u8], take: &mut impl FnMut(Message<'_>)) -> Result<(), FrameError> {
        self.decode_numbered(frame, &mut Messages(take))
    }

    /// The same, with the number of the symbol, so that it need not be looked up by its text.
    pub(super) fn decode_numbered(&mut self, frame: &[u8], into: &mut impl Take) -> Result<(), FrameError> {
        let (kind, records) = records_of(frame).ok_or_else(|| defect("its header does not fit it"))?;
        if kind == SYMBOLS {
            return records.chunks_exact(SYMBOL_BYTES).try_for_each(|record| self.name(record));
        }
        for record in records.as_chunks().0 {
            let number = usize::try_from(u32_at(record, 8)).unwrap_or(usize::MAX);
            match self.symbols.get(number).zip(tick_of(record)) {
                Some((symbol, tick)) => into.tick(number, symbol, tick),
                None => into.malformed(),
            }
        }
        Ok(())
    }

    fn name(&mut self, record: &[u8]) -> Result<(), FrameError> {
        let in_turn = usize::try_from(u32_at(record, 0)).is_ok_and(|number| number == self.symbols.len());
        if !in_turn || self.symbols.len() >= limits::INSTRUMENTS_MAX {
            return Err(defect("a symbol is named out of turn"));
        }
        let text = record[5..].get(..usize::from(record[4]));
        let symbol = text.and_then(|text| Symbol::parse(std::str::from_utf8(text).ok()?).ok());
        self.symbols.push(symbol.ok_or_else(|| defect("a symbol is not one"))?);
        Ok(())
    }
}

fn defect(reason: &str) -> FrameError {
    FrameError { reason: reason.to_owned() }
}

/// The kind of the records and their bytes, when the header is ours and fits the length.
fn records_of(frame: &[u8]) -> Option<(u8, &[u8])> {
    let (header, records) = frame.split_at_checked(HEADER_BYTES)?;
    let size = match header[6] {
        SYMBOLS => SYMBOL_BYTES,
        TICKS => TICK_BYTES,
        _ => return None,
    };
    let count = usize::try_from(u32_at(header, 8)).ok()?;
    let ours = header[..4] == MAGIC && header[4..6] == VERSION.to_le_bytes();
    (ours && count.checked_mul(size)? == records.len()).then_some((header[6], records))
}

#[inline]
fn tick_of(record: &[u8; TICK_BYTES]) -> Option<(Time, TickBody)> {
    let time = Time::from_nanos(i64_at(record, 0));
    let [first, second, third, fourth] = [16, 24, 32, 40].map(|at| i64_at(record, at));
    match record[12..16] {
        [0, 0, 0, 0] => {
            let (bid, bid_size) = (Price::from_raw(first), Qty::from_raw(second));
            let (ask, ask_size) = (Price::from_raw(third), Qty::from_raw(fourth));
            Some((time, TickBody::Quote(Quote { bid, bid_size, ask, ask_size })))
        }
        [1, aggressor, conditions, 0] => {
            let aggressor = match aggressor {
                0 => Aggressor::Unknown,
                1 => Aggressor::Buyer,
                2 => Aggressor::Seller,
                _ => return None,
            };
            let conditions = match conditions {
                0 => TradeConditions::Regular,
                1 => TradeConditions::Ineligible,
                2 => TradeConditions::OpeningAuction,
                3 => TradeConditions::ClosingAuction,
                _ => return None,
            };
            let (price, size) = (Price::from_raw(first), Qty::from_raw(second));
            Some((time, TickBody::Trade(Trade { price, size, aggressor, conditions })))
        }
        _ => None,
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
