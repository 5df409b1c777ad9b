//! The fields of one message, collected in any order from any encoding, and what they make.

use super::{BarKind, Message, QuoteSizes, conditions_of, worse};
use crate::bars::Bar;
use model::{Price, Qty, Time, Trade, TradeConditions};

/// What was read of a message. Prices and sizes are in units of 1e-8; `None` is missing or
/// unreadable, which only matters where the kind of message needs it.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) symbol: Option<&'a str>,
    pub(super) time: Option<Time>,
    pub(super) price: Option<i64>,
    pub(super) size: Option<i64>,
    pub(super) bid: Option<i64>,
    pub(super) bid_size: Option<i64>,
    pub(super) ask: Option<i64>,
    pub(super) ask_size: Option<i64>,
    pub(super) open: Option<i64>,
    pub(super) high: Option<i64>,
    pub(super) low: Option<i64>,
    pub(super) close: Option<i64>,
    pub(super) volume: Option<i64>,
    pub(super) conditions: Conditions,
    pub(super) taker_side: &'a str,
    pub(super) code: Option<u16>,
    pub(super) text: Option<&'a str>,
    pub(super) status: Option<&'a str>,
    pub(super) trades: usize,
    pub(super) quotes: usize,
}

/// What the sale conditions of a trade allow, as far as they could be read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Conditions {
    Known(TradeConditions),
    Unreadable,
}

impl Default for Conditions {
    fn default() -> Self {
        Self::Known(TradeConditions::Regular)
    }
}

impl Conditions {
    /// Takes in one more code.
    pub(super) fn add(&mut self, code: &[u8]) {
        if let Self::Known(conditions) = self {
            *conditions = worse(*conditions, conditions_of(code));
        }
    }
}

impl<'a> Fields<'a> {
    /// The message, or [`Message::Malformed`] where its kind lacks something.
    pub(super) fn finish(self, sizes: QuoteSizes) -> Message<'a> {
        let message = match self.kind {
            Some("q") => self.quote(sizes),
            Some("t") => self.trade(),
            Some("b") => self.bar(BarKind::Minute),
            Some("u") => self.bar(BarKind::Corrected),
            Some("d") => self.bar(BarKind::Daily),
            Some("s") => self.symbol.zip(self.status).map(|(symbol, code)| Message::Status { symbol, code }),
            Some("success") => match self.text {
                Some("connected") => Some(Message::Connected),
                Some("authenticated") => Some(Message::Authenticated),
                _ => Some(Message::Other),
            },
            Some("subscription") => Some(Message::Subscription { trades: self.trades, quotes: self.quotes }),
            Some("error") => self.code.map(|code| Message::Error { code, text: self.text.unwrap_or_default() }),
            Some(_) => Some(Message::Other),
            None => None,
        };
        message.unwrap_or(Message::Malformed)
    }

    fn quote(&self, sizes: QuoteSizes) -> Option<Message<'a>> {
        let symbol = self.symbol?;
        let quote = sizes.quote(symbol, (self.bid?, self.bid_size?), (self.ask?, self.ask_size?));
        Some(Message::Quote { symbol, time: self.time?, quote })
    }

    fn trade(&self) -> Option<Message<'a>> {
        let Conditions::Known(conditions) = self.conditions else { return None };
        let trade = Trade {
            price: Price::from_raw(self.price?),
            size: Qty::from_raw(self.size?),
            aggressor: super::aggressor_of(self.taker_side.as_bytes()),
            conditions,
        };
        Some(Message::Trade { symbol: self.symbol?, time: self.time?, trade })
    }

    fn bar(&self, kind: BarKind) -> Option<Message<'a>> {
        let bar = Bar {
            open_time: self.time?,
            open: Price::from_raw(self.open?),
            high: Price::from_raw(self.high?),
            low: Price::from_raw(self.low?),
            close: Price::from_raw(self.close?),
            volume: Qty::from_raw(self.volume?),
        };
        Some(Message::Bar { symbol: self.symbol?, kind, bar })
    }
}
