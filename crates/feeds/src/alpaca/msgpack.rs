//! The MessagePack form of messages: the same maps, times as the timestamp extension (type -1).
//!
//! Reads and writes the bytes itself, since the messages are flat and known. The invariant: reading
//! never goes past the frame and never nests, whatever the bytes say.

use super::fields::{Conditions, Fields};
use super::{FrameError, Message, QuoteSizes, SymbolTick, decimal, timestamp};
use model::{Aggressor, SCALE, TickBody, Time, TradeConditions};

/// Reads a frame and hands over its messages in order.
///
/// # Errors
/// When the frame is not an array of maps; messages before the defect were handed over.
pub fn decode(frame: &[u8], sizes: QuoteSizes, take: &mut impl FnMut(Message<'_>)) -> Result<(), FrameError> {
    let mut reader = Reader { bytes: frame, at: 0 };
    let short = || FrameError { reason: "the frame ends early or is not an array of maps".to_owned() };
    let Some(Value::Array(count)) = reader.value() else { return Err(short()) };
    for _ in 0..count {
        let fields = reader.message().ok_or_else(short)?;
        take(fields.finish(sizes));
    }
    if reader.at == frame.len() { Ok(()) } else { Err(FrameError { reason: "bytes after the array".to_owned() }) }
}

/// One token. Arrays and maps are followed by their items.
#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Nil,
    Bool,
    Int(i64),
    Large,
    Float(f64),
    Single(f32),
    Text(&'a str),
    Binary,
    Array(u32),
    Map(u32),
    Extension(u8, &'a [u8]),
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn message(&mut self) -> Option<Fields<'a>> {
        let Value::Map(count) = self.value()? else { return None };
        let mut fields = Fields::default();
        for _ in 0..count {
            let Value::Text(key) = self.value()? else { return None };
            let value = self.value()?;
            match (key, value) {
                ("c", Value::Array(codes)) => fields.conditions = self.conditions(codes)?,
                ("trades", Value::Array(count)) => {
                    fields.trades = usize::try_from(count).ok()?;
                    self.skip(u64::from(count))?;
                }
                ("quotes", Value::Array(count)) => {
                    fields.quotes = usize::try_from(count).ok()?;
                    self.skip(u64::from(count))?;
                }
                (_, Value::Array(count)) => self.skip(u64::from(count))?,
                (_, Value::Map(count)) => self.skip(u64::from(count) * 2)?,
                (key, value) => assign(&mut fields, key, value),
            }
        }
        Some(fields)
    }

    fn conditions(&mut self, count: u32) -> Option<Conditions> {
        let mut conditions = Conditions::default();
        for _ in 0..count {
            match self.value()? {
                Value::Text(code) => conditions.add(code.as_bytes()),
                Value::Array(count) => self.skip(u64::from(count))?,
                Value::Map(count) => self.skip(u64::from(count) * 2)?,
                Value::Nil
                | Value::Bool
                | Value::Int(_)
                | Value::Large
                | Value::Float(_)
                | Value::Single(_)
                | Value::Binary
                | Value::Extension(..) => conditions = Conditions::Unreadable,
            }
        }
        Some(conditions)
    }

    /// Passes over this many values and whatever they hold.
    fn skip(&mut self, mut count: u64) -> Option<()> {
        while count > 0 {
            count -= 1;
            match self.value()? {
                Value::Array(items) => count += u64::from(items),
                Value::Map(pairs) => count += u64::from(pairs) * 2,
                Value::Nil
                | Value::Bool
                | Value::Int(_)
                | Value::Large
                | Value::Float(_)
                | Value::Single(_)
                | Value::Text(_)
                | Value::Binary
                | Value::Extension(..) => {}
            }
        }
        Some(())
    }

    fn value(&mut self) -> Option<Value<'a>> {
        let marker = self.unsigned::<1>()?;
        Some(match marker {
            0x00..=0x7f => Value::Int(i64::try_from(marker).ok()?),
            0x80..=0x8f => Value::Map(u32::try_from(marker & 0x0f).ok()?),
            0x90..=0x9f => Value::Array(u32::try_from(marker & 0x0f).ok()?),
            0xa0..=0xbf => self.text(marker & 0x1f)?,
            0xc0 => Value::Nil,
            0xc2 | 0xc3 => Value::Bool,
            0xc4 => self.length::<1>().and_then(|len| self.take(len)).map(|_| Value::Binary)?,
            0xc5 => self.length::<2>().and_then(|len| self.take(len)).map(|_| Value::Binary)?,
            0xc6 => self.length::<4>().and_then(|len| self.take(len)).map(|_| Value::Binary)?,
            0xc7 => self.length::<1>().and_then(|len| self.extension(len))?,
            0xc8 => self.length::<2>().and_then(|len| self.extension(len))?,
            0xc9 => self.length::<4>().and_then(|len| self.extension(len))?,
            0xca => Value::Single(f32::from_bits(u32::try_from(self.unsigned::<4>()?).ok()?)),
            0xcb => Value::Float(f64::from_bits(self.unsigned::<8>()?)),
            0xcc => Value::Int(i64::try_from(self.unsigned::<1>()?).ok()?),
            0xcd => Value::Int(i64::try_from(self.unsigned::<2>()?).ok()?),
            0xce => Value::Int(i64::try_from(self.unsigned::<4>()?).ok()?),
            0xcf => i64::try_from(self.unsigned::<8>()?).map_or(Value::Large, Value::Int),
            0xd0 => Value::Int(i64::from(i8::from_be_bytes(self.array()?))),
            0xd1 => Value::Int(i64::from(i16::from_be_bytes(self.array()?))),
            0xd2 => Value::Int(i64::from(i32::from_be_bytes(self.array()?))),
            0xd3 => Value::Int(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => self.extension(1 << (marker - 0xd4))?,
            0xd9 => self.unsigned::<1>().and_then(|len| self.text(len))?,
            0xda => self.unsigned::<2>().and_then(|len| self.text(len))?,
            0xdb => self.unsigned::<4>().and_then(|len| self.text(len))?,
            0xdc => Value::Array(u32::try_from(self.unsigned::<2>()?).ok()?),
            0xdd => Value::Array(u32::try_from(self.unsigned::<4>()?).ok()?),
            0xde => Value::Map(u32::try_from(self.unsigned::<2>()?).ok()?),
            0xdf => Value::Map(u32::try_from(self.unsigned::<4>()?).ok()?),
            0xe0..=0xff => Value::Int(i64::try_from(marker).ok()? - 256),
            _ => return None,
        })
    }

    fn text(&mut self, len: u64) -> Option<Value<'a>> {
        let bytes = self.take(usize::try_from(len).ok()?)?;
        std::str::from_utf8(bytes).ok().map(Value::Text)
    }

    fn extension(&mut self, len: usize) -> Option<Value<'a>> {
        let [kind] = self.array()?;
        Some(Value::Extension(kind, self.take(len)?))
    }

    fn length<const WIDTH: usize>(&mut self) -> Option<usize> {
        usize::try_from(self.unsigned::<WIDTH>()?).ok()
    }

    fn unsigned<const WIDTH: usize>(&mut self) -> Option<u64> {
        let bytes: [u8; WIDTH] = self.array()?;
        Some(bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    fn array<const WIDTH: usize>(&mut self) -> Option<[u8; WIDTH]> {
        self.take(WIDTH)?.try_into().ok()
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..len)?;
        self.at += len;
        Some(taken)
    }
}

fn assign<'a>(fields: &mut Fields<'a>, key: &str, value: Value<'a>) {
    match key {
        "T" => fields.kind = text_of(value),
        "S" => fields.symbol = text_of(value),
        "t" => fields.time = time_of(value),
        "p" => fields.price = number_of(value),
        "s" => fields.size = number_of(value),
        "bp" => fields.bid = number_of(value),
        "bs" => fields.bid_size = number_of(value),
        "ap" => fields.ask = number_of(value),
        "as" => fields.ask_size = number_of(value),
        "o" => fields.open = number_of(value),
        "h" => fields.high = number_of(value),
        "l" => fields.low = number_of(value),
        "v" => fields.volume = number_of(value),
        "c" => match value {
            Value::Nil => {}
            value => {
                fields.close = number_of(value);
                fields.conditions = Conditions::Unreadable;
            }
        },
        "tks" => fields.taker_side = text_of(value).unwrap_or_default(),
        "code" => fields.code = number_of(value).and_then(|raw| u16::try_from(raw / SCALE).ok()),
        "msg" => fields.text = text_of(value),
        "sc" => fields.status = text_of(value),
        _ => {}
    }
}

fn text_of(value: Value<'_>) -> Option<&str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

/// A number in units of 1e-8; what is beyond the range becomes its end.
fn number_of(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Int(number) => Some(number.saturating_mul(SCALE)),
        Value::Large => Some(i64::MAX),
        Value::Float(number) => decimal::from_float(number),
        Value::Single(number) if number.is_finite() => decimal::parse_any(&format!("{number:e}")),
        Value::Text(text) => decimal::parse_any(text),
        Value::Nil
        | Value::Bool
        | Value::Single(_)
        | Value::Binary
        | Value::Array(_)
        | Value::Map(_)
        | Value::Extension(..) => None,
    }
}

/// The three forms of the timestamp extension, and text as in JSON.
fn time_of(value: Value<'_>) -> Option<Time> {
    const TIMESTAMP: u8 = 0xff;
    let (seconds, nanos) = match value {
        Value::Text(text) => return timestamp::parse(text.as_bytes()),
        Value::Extension(TIMESTAMP, bytes) => match bytes.len() {
            4 => (i64::from(u32::from_be_bytes(bytes.try_into().ok()?)), 0),
            8 => {
                let packed = u64::from_be_bytes(bytes.try_into().ok()?);
                (i64::try_from(packed & ((1 << 34) - 1)).ok()?, i64::try_from(packed >> 34).ok()?)
            }
            12 => {
                let (nanos, seconds) = bytes.split_at(4);
                let nanos = u32::from_be_bytes(nanos.try_into().ok()?);
                (i64::from_be_bytes(seconds.try_into().ok()?), i64::from(nanos))
            }
            _ => return None,
        },
        _ => return None,
    };
    let total = seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?;
    (seconds >= 0 && nanos < 1_000_000_000).then_some(Time::from_nanos(total))
}

/// Writes a frame of ticks.
pub fn encode(ticks: &[SymbolTick], out: &mut Vec<u8>) {
    put_array(ticks.len(), out);
    for tick in ticks {
        match tick.body {
            TickBody::Quote(quote) => {
                out.push(0x80 | 11);
                put_head("q", tick, out);
                put_text("bx", out);
                put_text("V", out);
                put_number("bp", quote.bid.raw(), out);
                put_number("bs", quote.bid_size.raw(), out);
                put_text("ax", out);
                put_text("V", out);
                put_number("ap", quote.ask.raw(), out);
                put_number("as", quote.ask_size.raw(), out);
                put_conditions("R", TradeConditions::Regular, out);
            }
            TickBody::Trade(trade) => {
                let taker = super::encode::taker_side(trade.aggressor);
                out.push(0x80 | if trade.aggressor == Aggressor::Unknown { 9 } else { 10 });
                put_head("t", tick, out);
                put_text("i", out);
                out.push(0);
                put_text("x", out);
                put_text("V", out);
                put_number("p", trade.price.raw(), out);
                put_number("s", trade.size.raw(), out);
                put_conditions("@", trade.conditions, out);
                if let Some(taker) = taker {
                    put_text("tks", out);
                    put_text(taker, out);
                }
            }
        }
        put_text("z", out);
        put_text("C", out);
    }
}

/// Writes a JSON value, for the control messages that clients of this form want in it as well.
pub fn encode_value(value: &serde_json::Value, out: &mut Vec<u8>) {
    match value {
        serde_json::Value::Null => out.push(0xc0),
        serde_json::Value::Bool(value) => out.push(if *value { 0xc3 } else { 0xc2 }),
        serde_json::Value::Number(number) => match number.as_u64().and_then(|number| u16::try_from(number).ok()) {
            Some(number) => {
                out.push(0xcd);
                out.extend_from_slice(&number.to_be_bytes());
            }
            None => put_float(number.as_f64().unwrap_or_default(), out),
        },
        serde_json::Value::String(text) => put_text(text, out),
        serde_json::Value::Array(items) => {
            put_array(items.len(), out);
            items.iter().for_each(|item| encode_value(item, out));
        }
        serde_json::Value::Object(entries) => {
            out.push(0xde);
            out.extend_from_slice(
                &u16::try_from(entries.len()).expect("control messages are small").to_be_bytes(),
            );
            for (key, item) in entries {
                put_text(key, out);
                encode_value(item, out);
            }
        }
    }
}

fn put_head(kind: &str, tick: &SymbolTick, out: &mut Vec<u8>) {
    put_text("T", out);
    put_text(kind, out);
    put_text("S", out);
    put_text(tick.symbol.as_str(), out);
    put_text("t", out);
    // Times before 1970 are not used; they would be written as 1970.
    let total = u64::try_from(tick.time.nanos()).unwrap_or(0);
    let packed = ((total % 1_000_000_000) << 34) | (total / 1_000_000_000);
    out.extend_from_slice(&[0xd7, 0xff]);
    out.extend_from_slice(&packed.to_be_bytes());
}

fn put_conditions(plain: &str, conditions: TradeConditions, out: &mut Vec<u8>) {
    put_text("c", out);
    let mark = match conditions {
        TradeConditions::Regular => None,
        TradeConditions::OpeningAuction => Some("O"),
        TradeConditions::ClosingAuction => Some("6"),
        TradeConditions::Ineligible => Some("I"),
    };
    out.push(0x91 + u8::from(mark.is_some()));
    if let Some(mark) = mark {
        put_text(mark, out);
    }
    put_text(plain, out);
}

fn put_number(key: &str, raw: i64, out: &mut Vec<u8>) {
    put_text(key, out);
    if raw % SCALE == 0 {
        out.push(0xd3);
        out.extend_from_slice(&(raw / SCALE).to_be_bytes());
    } else {
        put_float(decimal::to_float(raw), out);
    }
}

fn put_float(number: f64, out: &mut Vec<u8>) {
    out.push(0xcb);
    out.extend_from_slice(&number.to_be_bytes());
}

fn put_array(len: usize, out: &mut Vec<u8>) {
    out.push(0xdd);
    out.extend_from_slice(&u32::try_from(len).expect("a frame holds fewer than 2^32 ticks").to_be_bytes());
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    match u8::try_from(text.len()) {
        Ok(len @ 0..=31) => out.push(0xa0 | len),
        Ok(len) => out.extend_from_slice(&[0xd9, len]),
        Err(_) => {
            out.push(0xdb);
            out.extend_from_slice(&u32::try_from(text.len()).expect("texts are short").to_be_bytes());
        }
    }
    out.extend_from_slice(text.as_bytes());
}
