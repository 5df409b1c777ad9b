//! Tickers that were seen, with the instruments they stand for: found without hashing byte by byte.
//!
//! A ticker has at most 15 bytes, so it fits into one wide integer with its length, which is compared
//! and mixed as a whole. The invariant: a ticker is found exactly when it was put in.

use model::{InstrumentId, limits};

/// Slots of a table that holds nothing yet; a power of two.
const SLOTS_MIN: usize = 1_024;
/// An odd number near the golden ratio of 2^64: it spreads neighbours over the table.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// See the module.
#[derive(Debug)]
pub(super) struct KnownSymbols {
    /// The ticker, 0 for a free slot, and its instrument.
    slots: Vec<(u128, InstrumentId)>,
    count: usize,
}

impl KnownSymbols {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self { slots: vec![(0, InstrumentId::new(0)); SLOTS_MIN], count: 0 }
    }

    /// The instrument of a ticker.
    pub(super) fn get(&self, symbol: &str) -> Option<InstrumentId> {
        let key = key_of(symbol)?;
        let (found, instrument) = self.slots[self.place_of(key)];
        (found == key).then_some(instrument)
    }

    /// Puts a ticker in; what cannot be one is left out.
    pub(super) fn insert(&mut self, symbol: &str, instrument: InstrumentId) {
        let Some(key) = key_of(symbol) else { return };
        let place = self.place_of(key);
        self.count += usize::from(self.slots[place].0 == 0);
        self.slots[place] = (key, instrument);
        if self.count * 2 > self.slots.len() {
            let free = vec![(0, InstrumentId::new(0)); self.slots.len() * 2];
            for (key, instrument) in std::mem::replace(&mut self.slots, free) {
                if key != 0 {
                    let place = self.place_of(key);
                    self.slots[place] = (key, instrument);
                }
            }
        }
    }

    /// The slot of a ticker, or the free one where it would stand. There always is one: the table is
    /// never more than half full.
    fn place_of(&self, key: u128) -> usize {
        let mask = self.slots.len() - 1;
        let [low, high] = [key, key >> 64].map(|half| u64::try_from(half & u128::from(u64::MAX)).unwrap_or(0));
        let mixed = (low ^ high.rotate_left(29)).wrapping_mul(SPREAD) >> 40;
        let mut place = usize::try_from(mixed).unwrap_or(0) & mask;
        while self.slots[place].0 != key && self.slots[place].0 != 0 {
            place = (place + 1) & mask;
        }
        place
    }
}

/// A ticker as a number that is never 0; `None` for what is too long or empty.
///
/// Two reads that overlap cover each length: what was written byte by byte would be waited for.
fn key_of(symbol: &str) -> Option<u128> {
    let bytes = symbol.as_bytes();
    let len = bytes.len();
    let text = match len {
        1 => u128::from(bytes[0]),
        2..=3 => {
            joined(u16::from_le_bytes(*bytes.first_chunk()?), u16::from_le_bytes(*bytes.last_chunk()?), len - 2)
        }
        4..=7 => {
            joined(u32::from_le_bytes(*bytes.first_chunk()?), u32::from_le_bytes(*bytes.last_chunk()?), len - 4)
        }
        8..=limits::SYMBOL_BYTES_MAX => {
            joined(u64::from_le_bytes(*bytes.first_chunk()?), u64::from_le_bytes(*bytes.last_chunk()?), len - 8)
        }
        _ => return None,
    };
    Some(text | (len as u128) << 120)
}

/// A beginning and an end that stands so many bytes behind it; where they overlap they are the same.
fn joined<N: Into<u128>>(first: N, last: N, behind: usize) -> u128 {
    first.into() | last.into() << (8 * behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let mut known = KnownSymbols::new();
        let symbols: Vec<String> = (0..5_000).map(|number| format!("S{number}")).collect();
        for (number, symbol) in (0..).zip(&symbols) {
            assert_eq!(known.get(symbol), None);
            known.insert(symbol, InstrumentId::new(number));
        }
        for (number, symbol) in (0..).zip(&symbols) {
            assert_eq!(known.get(symbol), Some(InstrumentId::new(number)), "{symbol}");
        }
        known.insert("S7", InstrumentId::new(9_999));
        assert_eq!(known.get("S7"), Some(InstrumentId::new(9_999)));
        for odd in ["", "S", "S5000", "S7\0", "A-TICKER-OF-SIXTEEN", "FIFTEEN-BYTES-X"] {
            assert_eq!(known.get(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_cannot_be_a_ticker_is_left_out() {
        let mut known = KnownSymbols::new();
        known.insert("SIXTEEN-BYTES-XX", InstrumentId::new(1));
        known.insert("", InstrumentId::new(1));
        known.insert("FIFTEEN-BYTES-X", InstrumentId::new(2));
        assert_eq!(known.get("SIXTEEN-BYTES-XX"), None);
        assert_eq!(known.get("FIFTEEN-BYTES-X"), Some(InstrumentId::new(2)));
    }
}
