//! The JSON form of ticks, as a server writes it.

use super::{SymbolTick, decimal};
use model::calendar::Date;
use model::{Aggressor, TickBody, Time, TradeConditions};

/// Writes a frame of ticks as a JSON array.
pub fn json(ticks: &[SymbolTick], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, tick) in ticks.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json_tick(tick, out);
    }
    out.push(b']');
}

fn json_tick(tick: &SymbolTick, out: &mut Vec<u8>) {
    match tick.body {
        TickBody::Quote(quote) => {
            out.extend_from_slice(br#"{"T":"q","S":""#);
            out.extend_from_slice(tick.symbol.as_str().as_bytes());
            out.extend_from_slice(br#"","bx":"V","bp":"#);
            decimal::write(quote.bid.raw(), out);
            out.extend_from_slice(br#","bs":"#);
            decimal::write(quote.bid_size.raw(), out);
            out.extend_from_slice(br#","ax":"V","ap":"#);
            decimal::write(quote.ask.raw(), out);
            out.extend_from_slice(br#","as":"#);
            decimal::write(quote.ask_size.raw(), out);
            out.extend_from_slice(br#","c":["R"],"z":"C","t":""#);
        }
        TickBody::Trade(trade) => {
            out.extend_from_slice(br#"{"T":"t","S":""#);
            out.extend_from_slice(tick.symbol.as_str().as_bytes());
            out.extend_from_slice(br#"","i":0,"x":"V","p":"#);
            decimal::write(trade.price.raw(), out);
            out.extend_from_slice(br#","s":"#);
            decimal::write(trade.size.raw(), out);
            out.extend_from_slice(match trade.conditions {
                TradeConditions::Regular => br#","c":["@"],"#.as_slice(),
                TradeConditions::OpeningAuction => br#","c":["@","O"],"#.as_slice(),
                TradeConditions::ClosingAuction => br#","c":["@","6"],"#.as_slice(),
                TradeConditions::Ineligible => br#","c":["@","I"],"#.as_slice(),
            });
            if let Some(taker) = taker_side(trade.aggressor) {
                out.extend_from_slice(br#""tks":""#);
                out.extend_from_slice(taker.as_bytes());
                out.extend_from_slice(br#"","#);
            }
            out.extend_from_slice(br#""z":"C","t":""#);
        }
    }
    time(tick.time, out);
    out.extend_from_slice(br#""}"#);
}

/// The taker side of a trade, where it is known.
pub(super) const fn taker_side(aggressor: Aggressor) -> Option<&'static str> {
    match aggressor {
        Aggressor::Unknown => None,
        Aggressor::Buyer => Some("B"),
        Aggressor::Seller => Some("S"),
    }
}

/// Writes a time in RFC 3339 with nanoseconds.
fn time(time: Time, out: &mut Vec<u8>) {
    let (year, month, day) = Date::of_utc(time).civil();
    let second = time.seconds().rem_euclid(86_400);
    padded(i64::from(year), 4, out);
    out.push(b'-');
    padded(i64::from(month), 2, out);
    out.push(b'-');
    padded(i64::from(day), 2, out);
    out.push(b'T');
    padded(second / 3_600, 2, out);
    out.push(b':');
    padded(second / 60 % 60, 2, out);
    out.push(b':');
    padded(second % 60, 2, out);
    out.push(b'.');
    padded(time.nanos().rem_euclid(1_000_000_000), 9, out);
    out.push(b'Z');
}

fn padded(mut number: i64, width: usize, out: &mut Vec<u8>) {
    let end = out.len() + width;
    out.resize(end, b'0');
    for digit in out[end - width..].iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).expect("a digit of a number from zero");
        number /= 10;
    }
}
