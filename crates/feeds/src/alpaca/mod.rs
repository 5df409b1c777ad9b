//! Alpaca's market data protocol, version 2: both sides of it.
//!
//! [`json`], [`msgpack`] and [`binary`] turn frames into [`Message`]s and ticks into frames; the
//! client and [`AlpacaServer`] speak them. Nothing here judges whether a price makes sense: that
//! is [`crate::checks`]. The invariant: a price or size in JSON is exactly its text.
//!
//! | T | meaning | becomes |
//! |---|---|---|
//! | `t` | trade | [`Message::Trade`] |
//! | `q` | quote | [`Message::Quote`] |
//! | `b` `u` `d` | minute bar, corrected bar, daily bar | [`Message::Bar`] |
//! | `s` | trading status | [`Message::Status`] |
//! | `success` `subscription` `error` | control | the message of that name |
//! | `l` `c` `x` `n` `o` `i` and what comes later | bands, corrections, news, books | [`Message::Other`] |

pub mod binary;
pub(crate) mod client;
mod decimal;
mod digits;
pub mod encode;
mod fields;
pub mod json;
mod known;
pub mod msgpack;
mod server;
mod timestamp;
mod usual;

use crate::bars::Bar;
use model::{Aggressor, Qty, Quote, Symbol, TickBody, Time, Trade, TradeConditions};

pub use server::{AlpacaServer, CloseAtEnd, IteratorSource, ServerConfig, SourceState, TickSource, serve_one};

/// The `Content-Type` with which a client asks for MessagePack.
pub const CONTENT_TYPE_MSGPACK: &str = "application/msgpack";
/// The `Content-Type` with which a client asks for the compact binary form; a path that ends with
/// `/binary` asks for it too.
pub const CONTENT_TYPE_BINARY: &str = "application/x-papertape";

/// Sale conditions of US equities that neither elect stops nor set the last price: averages, bunched
/// and derivatively priced, late, odd-lot, contingent, out-of-sequence and out-of-hours prints.
const INELIGIBLE: &[u8] = b"BW479CGHIMNPQRTUVZ";

/// A tick before its symbol was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolTick {
    /// The ticker.
    pub symbol: Symbol,
    /// When the exchange says it happened.
    pub time: Time,
    /// What happened.
    pub body: TickBody,
}

/// Which kind of bar a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarKind {
    /// `b`: a minute, when it is over.
    Minute,
    /// `u`: a minute again, after late trades.
    Corrected,
    /// `d`: the day so far.
    Daily,
}

/// One message of a frame. Texts live as long as the call that hands it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// The best bid and ask changed.
    Quote {
        /// The ticker.
        symbol: &'a str,
        /// Exchange time.
        time: Time,
        /// The quote.
        quote: Quote,
    },
    /// Something traded.
    Trade {
        /// The ticker.
        symbol: &'a str,
        /// Exchange time.
        time: Time,
        /// The trade.
        trade: Trade,
    },
    /// A bar.
    Bar {
        /// The ticker.
        symbol: &'a str,
        /// Which kind.
        kind: BarKind,
        /// The bar.
        bar: Bar,
    },
    /// A trading status such as `H`, halted.
    Status {
        /// The ticker.
        symbol: &'a str,
        /// The status code.
        code: &'a str,
    },
    /// The server is there.
    Connected,
    /// The credentials are good.
    Authenticated,
    /// What is subscribed now, as counts.
    Subscription {
        /// Symbols with trades.
        trades: usize,
        /// Symbols with quotes.
        quotes: usize,
    },
    /// A refusal.
    Error {
        /// The protocol's code, 400 to 500.
        code: u16,
        /// The server's words.
        text: &'a str,
    },
    /// A message that nothing here needs.
    Other,
    /// A message of a known kind that cannot be read.
    Malformed,
}

/// A frame that is not an array of messages. What came before the defect was handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a frame of messages: {reason}")]
pub struct FrameError {
    /// What is wrong.
    pub reason: String,
}

/// What a server asks of a decoder: whether quote sizes are shares or lots of a hundred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuoteSizes {
    /// Shares.
    #[default]
    Shares,
    /// Round lots of 100 shares, save for pairs (symbols with a slash).
    RoundLots,
}

impl QuoteSizes {
    fn scale(self, symbol: &str, size: i64) -> Qty {
        match self {
            Self::RoundLots if !symbol.contains('/') => Qty::from_raw(size.saturating_mul(100)),
            Self::RoundLots | Self::Shares => Qty::from_raw(size),
        }
    }

    /// A quote whose missing sides have neither price nor size.
    fn quote(self, symbol: &str, bid: (i64, i64), ask: (i64, i64)) -> Quote {
        let size = |(price, size): (i64, i64)| if price == 0 { Qty::ZERO } else { self.scale(symbol, size) };
        Quote {
            bid: model::Price::from_raw(bid.0),
            bid_size: size(bid),
            ask: model::Price::from_raw(ask.0),
            ask_size: size(ask),
        }
    }
}

/// What one sale condition allows.
fn conditions_of(code: &[u8]) -> TradeConditions {
    match code {
        [letter] if INELIGIBLE.contains(letter) => TradeConditions::Ineligible,
        b"O" => TradeConditions::OpeningAuction,
        b"6" => TradeConditions::ClosingAuction,
        _ => TradeConditions::Regular,
    }
}

/// Who took, by the taker side of crypto trades.
fn aggressor_of(taker_side: &[u8]) -> Aggressor {
    match taker_side {
        b"B" => Aggressor::Buyer,
        b"S" => Aggressor::Seller,
        _ => Aggressor::Unknown,
    }
}

fn worse(left: TradeConditions, right: TradeConditions) -> TradeConditions {
    left.max(right)
}

#[cfg(test)]
mod tests;
