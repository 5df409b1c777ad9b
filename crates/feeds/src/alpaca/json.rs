//! The JSON form of messages.
//!
//! Quotes in the usual order of members are read in one pass; other quotes and trades as they are usually
//! written go through a splitter that knows their shape and allocates nothing; whatever it finds odd, a
//! space even, is read by serde instead. Numbers are taken from their text and never pass through a
//! float. The invariant: all ways give the same.

use super::fields::{Conditions, Fields};
use super::usual::{self, is_plain};
use super::{FrameError, Message, QuoteSizes, aggressor_of, decimal, timestamp};
use model::{Aggressor, Price, Qty, Time, Trade, TradeConditions};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Reads a frame and hands over its messages in order.
///
/// # Errors
/// When the frame is not an array; messages of an array before the defect were handed over.
pub fn decode(frame: &[u8], sizes: QuoteSizes, take: &mut impl FnMut(Message<'_>)) -> Result<(), FrameError> {
    match std::str::from_utf8(frame) {
        Ok(text) => decode_text(text, sizes, take),
        // No message goes beyond what is text; serde says what is wrong with the rest.
        Err(_) => decode_rest(frame, 0, sizes, take),
    }
}

/// The same of a frame that is known to be text.
///
/// # Errors
/// When the frame is not an array; messages of an array before the defect were handed over.
pub fn decode_text(frame: &str, sizes: QuoteSizes, take: &mut impl FnMut(Message<'_>)) -> Result<(), FrameError> {
    match split(frame, sizes, take) {
        Split::Whole => Ok(()),
        Split::OddAfter(done) => decode_rest(frame.as_bytes(), done, sizes, take),
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

fn split(frame: &str, sizes: QuoteSizes, take: &mut impl FnMut(Message<'_>)) -> Split {
    let mut scanner = Scanner { text: frame, bytes: frame.as_bytes(), at: 0 };
    let mut done = 0;
    let mut open = scanner.expect(b'[');
    while open.is_some() {
        let Some(message) = scanner.usual(sizes).or_else(|| scanner.message(sizes)) else { break };
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
    text: &'a str,
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
    /// A quote in the usual order; stays where it is at anything else.
    fn usual(&mut self, sizes: QuoteSizes) -> Option<Message<'a>> {
        let (message, len) = usual::quote(self.text.get(self.at..)?, sizes)?;
        self.at += len;
        Some(message)
    }

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
        let bit = match self.key()? {
            Key::KIND => {
                let [kind] = self.text()? else { return None };
                slots.kind = *kind;
                KIND_BIT
            }
            Key::SYMBOL => {
                let len = self.text()?.len();
                slots.symbol = self.text.get(self.at - 1 - len..self.at - 1)?;
                SYMBOL_BIT
            }
            Key::TIME => {
                slots.time = self.time()?;
                TIME_BIT
            }
            Key::PRICE => self.number(slots, PRICE)?,
            Key::SIZE => self.number(slots, SIZE)?,
            Key::BID => self.number(slots, BID)?,
            Key::BID_SIZE => self.number(slots, BID_SIZE)?,
            Key::ASK => self.number(slots, ASK)?,
            Key::ASK_SIZE => self.number(slots, ASK_SIZE)?,
            Key::CONDITIONS => {
                slots.conditions = self.conditions()?;
                CONDITIONS_BIT
            }
            Key::TAKER => {
                slots.aggressor = aggressor_of(self.text()?);
                TAKER_BIT
            }
            // What serde would want to be of a certain type is left to it.
            Key::CODE | Key::MESSAGE | Key::STATUS => return None,
            _ => return self.skip(),
        };
        if slots.seen & bit != 0 {
            return None;
        }
        slots.seen |= bit;
        Some(())
    }

    /// The next member's name and its colon. Names of one and two letters, which nearly all are, are
    /// looked at as a whole.
    fn key(&mut self) -> Option<Key> {
        let (key, len) = match &self.bytes[self.at..] {
            [b'"', first, b'"', b':', ..] if is_plain(*first) => (Key::of(&[*first]), 4),
            [b'"', first, second, b'"', b':', ..] if is_plain(*first) && is_plain(*second) => {
                (Key::of(&[*first, *second]), 5)
            }
            _ => {
                let key = Key::of(self.text()?);
                self.expect(b':')?;
                return Some(key);
            }
        };
        self.at += len;
        Some(key)
    }

    /// A time; the 30 characters of a whole one are cut out without looking for their end.
    fn time(&mut self) -> Option<Time> {
        if let Some([b'"', text @ .., b'"']) = self.bytes.get(self.at..self.at + 32)
            && text[29] == b'Z'
            && let Some(time) = timestamp::parse(text)
        {
            self.at += 32;
            return Some(time);
        }
        timestamp::parse(self.text()?)
    }

    fn number(&mut self, slots: &mut Slots<'a>, slot: usize) -> Option<u16> {
        let rest = &self.bytes[self.at..];
        // An exponent behind the short form is no end of a member, which is looked for next.
        let (raw, len) = decimal::parse_short(rest).or_else(|| decimal::parse_plain(rest))?;
        self.at += len;
        slots.numbers[slot] = raw;
        Some(1 << slot)
    }

    fn conditions(&mut self) -> Option<TradeConditions> {
        let mut conditions = TradeConditions::Regular;
        if let [b'[', b'"', code, b'"', b']', ..] = &self.bytes[self.at..]
            && is_plain(*code)
        {
            self.at += 5;
            return Some(super::conditions_of(&[*code]));
        }
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
        if let [b'"', only, b'"', ..] = &self.bytes[self.at..]
            && is_plain(*only)
        {
            self.at += 3;
            return Some(());
        }
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
        let len = rest.iter().position(|byte| !is_plain(*byte))?;
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

/// A member's name, as far as it is told from others: up to four letters.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key([u8; 4]);

impl Key {
    const KIND: Self = Self(*b"T\0\0\0");
    const SYMBOL: Self = Self(*b"S\0\0\0");
    const TIME: Self = Self(*b"t\0\0\0");
    const PRICE: Self = Self(*b"p\0\0\0");
    const SIZE: Self = Self(*b"s\0\0\0");
    const BID: Self = Self(*b"bp\0\0");
    const BID_SIZE: Self = Self(*b"bs\0\0");
    const ASK: Self = Self(*b"ap\0\0");
    const ASK_SIZE: Self = Self(*b"as\0\0");
    const CONDITIONS: Self = Self(*b"c\0\0\0");
    const TAKER: Self = Self(*b"tks\0");
    const CODE: Self = Self(*b"code");
    const MESSAGE: Self = Self(*b"msg\0");
    const STATUS: Self = Self(*b"sc\0\0");
    /// A name that nothing here needs; no text begins with a zero byte.
    const OTHER: Self = Self(*b"\0\0\0\0");

    fn of(name: &[u8]) -> Self {
        let mut letters = [0; 4];
        match letters.get_mut(..name.len()) {
            Some(room) => room.copy_from_slice(name),
            None => return Self::OTHER,
        }
        Self(letters)
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
