//! The JSON form of messages.
//!
//! Quotes and trades as they are usually written go through a splitter that knows their shape and
//! allocates nothing; whatever it finds odd, a space even, is read by serde instead. Numbers are
//! taken from their text and never pass through a float. The invariant: both ways give the same.

use super::fields::{Conditions, Fields};
use super::{FrameError, Message, QuoteSizes, aggressor_of, decimal, timestamp};
use model::{Aggressor, Price, Qty, Time, Trade, TradeConditions};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Reads a frame and hands over its messages in order.
///
/// # Errors
/// When the frame is not an array; messages before the defect were handed over.
pub fn decode(frame: &[u8], sizes: QuoteSizes, take: &mut impl FnMut(Message<'_>)) -> Result<(), FrameError> {
    match split(frame, sizes, take) {
        Split::Whole => Ok(()),
        Split::OddAfter(done) => decode_rest(frame, done, sizes, take),
    }
}

/// Reads a frame by serde alone: the yardstick of [`decode`].
///
/// # Errors
/// When the frame is not an array.
pub fn decode_by_serde(
    frame: &[u8],
    sizes: QuoteSizes,
    take: &mut impl FnMut(Message<'_>),
) -> Result<(), FrameError> {
    decode_rest(frame, 0, sizes, take)
}

fn decode_rest(
    frame: &[u8],
    done: usize,
    sizes: QuoteSizes,
    take: &mut impl FnMut(Message<'_>),
) -> Result<(), FrameError> {
    let objects: Vec<&RawValue> =
        serde_json::from_slice(frame).map_err(|error| FrameError { reason: error.to_string() })?;
    for object in objects.into_iter().skip(done) {
        match serde_json::from_str::<Wire<'_>>(object.get()) {
            Ok(wire) => take(wire.fields().finish(sizes)),
            Err(_) => take(Message::Malformed),
        }
    }
    Ok(())
}

/// A message as serde sees it. Numbers stay text.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "T")]
    kind: Option<String>,
    #[serde(rename = "S")]
    symbol: Option<String>,
    #[serde(borrow)]
    t: Option<&'a RawValue>,
    p: Option<&'a RawValue>,
    s: Option<&'a RawValue>,
    bp: Option<&'a RawValue>,
    bs: Option<&'a RawValue>,
    ap: Option<&'a RawValue>,
    #[serde(rename = "as")]
    ask_size: Option<&'a RawValue>,
    o: Option<&'a RawValue>,
    h: Option<&'a RawValue>,
    l: Option<&'a RawValue>,
    c: Option<&'a RawValue>,
    v: Option<&'a RawValue>,
    tks: Option<String>,
    code: Option<u16>,
    msg: Option<String>,
    sc: Option<String>,
    trades: Option<&'a RawValue>,
    quotes: Option<&'a RawValue>,
}

impl Wire<'_> {
    fn fields(&self) -> Fields<'_> {
        Fields {
            kind: self.kind.as_deref(),
            symbol: self.symbol.as_deref(),
            time: self.t.and_then(time_of),
            price: self.p.and_then(number_of),
            size: self.s.and_then(number_of),
            bid: self.bp.and_then(number_of),
            bid_size: self.bs.and_then(number_of),
            ask: self.ap.and_then(number_of),
            ask_size: self.ask_size.and_then(number_of),
            open: self.o.and_then(number_of),
            high: self.h.and_then(number_of),
            low: self.l.and_then(number_of),
            close: self.c.and_then(number_of),
            volume: self.v.and_then(number_of),
            conditions: self.c.map_or_else(Conditions::default, conditions_of),
            taker_side: self.tks.as_deref().unwrap_or_default(),
            code: self.code,
            text: self.msg.as_deref(),
            status: self.sc.as_deref(),
            trades: self.trades.map_or(0, count_of),
            quotes: self.quotes.map_or(0, count_of),
        }
    }
}

/// A number, or a text that holds one.
fn number_of(value: &RawValue) -> Option<i64> {
    let text = value.get();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    decimal::parse_any(bare)
}

fn time_of(value: &RawValue) -> Option<Time> {
    let text: String = serde_json::from_str(value.get()).ok()?;
    timestamp::parse(text.as_bytes())
}

fn conditions_of(value: &RawValue) -> Conditions {
    let Ok(codes) = serde_json::from_str::<Option<Vec<String>>>(value.get()) else {
        return Conditions::Unreadable;
    };
    let mut conditions = Conditions::default();
    codes.iter().flatten().for_each(|code| conditions.add(code.as_bytes()));
    conditions
}

fn count_of(value: &RawValue) -> usize {
    serde_json::from_str::<Vec<&RawValue>>(value.get()).map_or(0, |list| list.len())
}

/// How far the splitter came.
enum Split {
    Whole,
    /// This many messages were handed over; the next is not written in the usual way.
    OddAfter(usize),
}

fn split(frame: &[u8], sizes: QuoteSizes, take: &mut impl FnMut(Message<'_>)) -> Split {
    let mut scanner = Scanner { bytes: frame, at: 0 };
    let mut done = 0;
    let mut open = scanner.expect(b'[');
    while open.is_some() {
        let Some(message) = scanner.message(sizes) else { break };
        // The end is looked at first, so that a frame that stops short is left to serde as a whole.
        let separator = scanner.byte();
        if !matches!(separator, Some(b',' | b']')) {
            break;
        }
        take(message);
        done += 1;
        if separator == Some(b']') {
            return if scanner.at == frame.len() { Split::Whole } else { Split::OddAfter(done) };
        }
        open = Some(());
    }
    Split::OddAfter(done)
}

/// Reads quotes and trades in their usual form; `None` is "odd", never "wrong".
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The fields that quotes and trades need, each at its place with a bit that says it was there.
struct Slots<'a> {
    seen: u16,
    kind: u8,
    symbol: &'a str,
    time: Time,
    numbers: [i64; 6],
    conditions: TradeConditions,
    aggressor: Aggressor,
}

const PRICE: usize = 0;
const SIZE: usize = 1;
const BID: usize = 2;
const BID_SIZE: usize = 3;
const ASK: usize = 4;
const ASK_SIZE: usize = 5;
const KIND_BIT: u16 = 1 << 6;
const SYMBOL_BIT: u16 = 1 << 7;
const TIME_BIT: u16 = 1 << 8;
const CONDITIONS_BIT: u16 = 1 << 9;
const TAKER_BIT: u16 = 1 << 10;
const TRADE_BITS: u16 = 1 << PRICE | 1 << SIZE | KIND_BIT | SYMBOL_BIT | TIME_BIT;
const QUOTE_BITS: u16 = 1 << BID | 1 << BID_SIZE | 1 << ASK | 1 << ASK_SIZE | KIND_BIT | SYMBOL_BIT | TIME_BIT;

impl<'a> Scanner<'a> {
    fn message(&mut self, sizes: QuoteSizes) -> Option<Message<'a>> {
        let mut slots = Slots {
            seen: 0,
            kind: 0,
            symbol: "",
            time: Time::EARLIEST,
            numbers: [0; 6],
            conditions: TradeConditions::Regular,
            aggressor: Aggressor::Unknown,
        };
        self.expect(b'{')?;
        loop {
            self.field(&mut slots)?;
            match self.byte()? {
                b',' => {}
                b'}' => return slots.message(sizes),
                _ => return None,
            }
        }
    }

    fn field(&mut self, slots: &mut Slots<'a>) -> Option<()> {
        let key = self.text()?;
        self.expect(b':')?;
        let bit = match key {
            b"T" => {
                let [kind] = self.text()? else { return None };
                slots.kind = *kind;
                KIND_BIT
            }
            b"S" => {
                slots.symbol = std::str::from_utf8(self.text()?).ok()?;
                SYMBOL_BIT
            }
            b"t" => {
                slots.time = timestamp::parse(self.text()?)?;
                TIME_BIT
            }
            b"p" => self.number(slots, PRICE)?,
            b"s" => self.number(slots, SIZE)?,
            b"bp" => self.number(slots, BID)?,
            b"bs" => self.number(slots, BID_SIZE)?,
            b"ap" => self.number(slots, ASK)?,
            b"as" => self.number(slots, ASK_SIZE)?,
            b"c" => {
                slots.conditions = self.conditions()?;
                CONDITIONS_BIT
            }
            b"tks" => {
                slots.aggressor = aggressor_of(self.text()?);
                TAKER_BIT
            }
            // What serde would want to be of a certain type is left to it.
            b"code" | b"msg" | b"sc" => return None,
            _ => return self.skip(),
        };
        if slots.seen & bit != 0 {
            return None;
        }
        slots.seen |= bit;
        Some(())
    }

    fn number(&mut self, slots: &mut Slots<'a>, slot: usize) -> Option<u16> {
        let (raw, len) = decimal::parse_plain(&self.bytes[self.at..])?;
        self.at += len;
        slots.numbers[slot] = raw;
        Some(1 << slot)
    }

    fn conditions(&mut self) -> Option<TradeConditions> {
        let mut conditions = TradeConditions::Regular;
        self.expect(b'[')?;
        if self.bytes.get(self.at) == Some(&b']') {
            self.at += 1;
            return Some(conditions);
        }
        loop {
            conditions = super::worse(conditions, super::conditions_of(self.text()?));
            match self.byte()? {
                b',' => {}
                b']' => return Some(conditions),
                _ => return None,
            }
        }
    }

    /// Passes over a plain text or number.
    fn skip(&mut self) -> Option<()> {
        if self.bytes.get(self.at) == Some(&b'"') {
            return self.text().map(|_| ());
        }
        let len = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        // Only whole numbers without a leading zero, such as trade ids; the rest is left to serde.
        let plain = (1..=18).contains(&len) && (len == 1 || self.bytes[self.at] != b'0');
        self.at += len;
        (plain && matches!(self.bytes.get(self.at), Some(b',' | b'}'))).then_some(())
    }

    /// A text of printable ASCII without escapes.
    fn text(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|byte| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\'))?;
        if rest[len] != b'"' {
            return None;
        }
        self.at += len + 1;
        Some(&rest[..len])
    }

    fn expect(&mut self, expected: u8) -> Option<()> {
        (self.byte()? == expected).then_some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }
}

impl<'a> Slots<'a> {
    fn message(&self, sizes: QuoteSizes) -> Option<Message<'a>> {
        let (symbol, time, numbers) = (self.symbol, self.time, &self.numbers);
        match self.kind {
            b'q' if self.seen & QUOTE_BITS == QUOTE_BITS => {
                let (bid, ask) = ((numbers[BID], numbers[BID_SIZE]), (numbers[ASK], numbers[ASK_SIZE]));
                Some(Message::Quote { symbol, time, quote: sizes.quote(symbol, bid, ask) })
            }
            b't' if self.seen & TRADE_BITS == TRADE_BITS => {
                let (price, size) = (Price::from_raw(numbers[PRICE]), Qty::from_raw(numbers[SIZE]));
                let trade = Trade { price, size, aggressor: self.aggressor, conditions: self.conditions };
                Some(Message::Trade { symbol, time, trade })
            }
            _ => None,
        }
    }
}
