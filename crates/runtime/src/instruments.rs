//! The instrument table as readers see it: by id, by symbol, by search.
//!
//! An instrument stands here once every shard knows it. It must never hold one that a shard lacks,
//! since an order for it would be refused as unknown. Invariant: one row an id and one id a ticker.

use crate::shared::{read, write};
use model::{AssetClass, CalendarId, Currency, Instrument, InstrumentId, InstrumentStatus, Price, Qty, Symbol};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// An instrument before it has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentSpec {
    /// Its ticker.
    pub symbol: Symbol,
    /// Its name, as people know it.
    pub name: Box<str>,
    /// Where it is listed.
    pub exchange: Box<str>,
    /// What kind of thing it is.
    pub asset_class: AssetClass,
    /// The currency of its price.
    pub currency: Currency,
    /// Smallest price step at or above one unit of currency.
    pub tick_size: Price,
    /// Smallest price step below one unit of currency.
    pub tick_size_below_one: Price,
    /// Smallest quantity step.
    pub lot_size: Qty,
    /// Its trading calendar.
    pub calendar: CalendarId,
    /// Whether orders are taken at all.
    pub tradable: bool,
    /// Whether it can be sold short.
    pub shortable: bool,
    /// Whether it trades.
    pub status: InstrumentStatus,
}

impl InstrumentSpec {
    /// The row of the table that this makes.
    #[must_use]
    pub fn with_id(self, id: InstrumentId) -> Instrument {
        Instrument {
            id,
            symbol: self.symbol,
            name: self.name,
            exchange: self.exchange,
            asset_class: self.asset_class,
            currency: self.currency,
            tick_size: self.tick_size,
            tick_size_below_one: self.tick_size_below_one,
            lot_size: self.lot_size,
            calendar: self.calendar,
            tradable: self.tradable,
            shortable: self.shortable,
            status: self.status,
        }
    }
}

/// One instrument, with its name in lower case for searching.
#[derive(Debug)]
struct Row {
    instrument: Arc<Instrument>,
    name: Box<str>,
}

#[derive(Debug, Default)]
struct Tables {
    by_id: HashMap<InstrumentId, Row>,
    by_symbol: HashMap<Symbol, InstrumentId>,
}

/// All instruments that every shard knows.
#[derive(Debug, Default)]
pub struct InstrumentDirectory {
    tables: RwLock<Tables>,
}

impl InstrumentDirectory {
    /// The instrument with this id.
    #[must_use]
    pub fn get(&self, id: InstrumentId) -> Option<Arc<Instrument>> {
        read(&self.tables).by_id.get(&id).map(|row| Arc::clone(&row.instrument))
    }

    /// The instrument with this ticker.
    #[must_use]
    pub fn by_symbol(&self, symbol: Symbol) -> Option<Arc<Instrument>> {
        let tables = read(&self.tables);
        let id = tables.by_symbol.get(&symbol)?;
        tables.by_id.get(id).map(|row| Arc::clone(&row.instrument))
    }

    /// Instruments whose ticker or name matches, best first: the ticker itself, tickers that begin
    /// so, names with a word that begins so, then anything that contains the text. Case does not
    /// matter. No text matches nothing.
    #[must_use]
    pub fn search(&self, text: &str, limit: usize) -> Vec<Arc<Instrument>> {
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        let (upper, lower) = (text.to_uppercase(), text.to_lowercase());
        let tables = read(&self.tables);
        let mut found: Vec<(u8, Symbol, &Row)> = tables
            .by_id
            .values()
            .filter_map(|row| row.rank(&upper, &lower).map(|rank| (rank, row.instrument.symbol, row)))
            .collect();
        found.sort_unstable_by_key(|(rank, symbol, _)| (*rank, symbol.as_str().len(), *symbol));
        found.into_iter().take(limit).map(|(_, _, row)| Arc::clone(&row.instrument)).collect()
    }

    /// All of them, by ticker.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Instrument>> {
        let mut all: Vec<_> = read(&self.tables).by_id.values().map(|row| Arc::clone(&row.instrument)).collect();
        all.sort_unstable_by_key(|instrument| instrument.symbol);
        all
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        read(&self.tables).by_id.len()
    }

    /// Puts an instrument in, in place of one with the same id.
    pub(crate) fn insert(&self, instrument: Instrument) -> Arc<Instrument> {
        let instrument = Arc::new(instrument);
        let row = Row { name: instrument.name.to_lowercase().into(), instrument: Arc::clone(&instrument) };
        let mut tables = write(&self.tables);
        if let Some(before) = tables.by_id.insert(instrument.id, row) {
            tables.by_symbol.remove(&before.instrument.symbol);
        }
        tables.by_symbol.insert(instrument.symbol, instrument.id);
        instrument
    }
}

impl Row {
    /// How well it matches, 0 best; `None` when it does not.
    fn rank(&self, upper: &str, lower: &str) -> Option<u8> {
        let symbol = self.instrument.symbol.as_str();
        if symbol == upper {
            Some(0)
        } else if symbol.starts_with(upper) {
            Some(1)
        } else if self.name.split(|letter: char| !letter.is_alphanumeric()).any(|word| word.starts_with(lower)) {
            Some(2)
        } else if symbol.contains(upper) || self.name.contains(lower) {
            Some(3)
        } else {
            None
        }
    }
}

impl feeds::Symbols for InstrumentDirectory {
    fn resolve(&self, symbol: &str) -> Option<InstrumentId> {
        let symbol = Symbol::parse(symbol).ok()?;
        read(&self.tables).by_symbol.get(&symbol).copied()
    }

    fn symbol(&self, id: InstrumentId) -> Option<Symbol> {
        read(&self.tables).by_id.get(&id).map(|row| row.instrument.symbol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feeds::Symbols;

    fn directory() -> InstrumentDirectory {
        let directory = InstrumentDirectory::default();
        let rows = [
            (1, "A", "Agilent Technologies"),
            (2, "AA", "Alcoa"),
            (3, "AAPL", "Apple"),
            (4, "MAA", "Mid-America Apartment"),
            (5, "BTC/USD", "Bitcoin"),
            (6, "PINE", "Alpine Income"),
        ];
        for (id, symbol, name) in rows {
            let spec = crate::testing::spec(symbol);
            directory.insert(InstrumentSpec { name: name.into(), ..spec }.with_id(InstrumentId::new(id)));
        }
        directory
    }

    fn check(text: &str, limit: usize, expected: &[&str]) {
        let found = directory().search(text, limit);
        let symbols: Vec<&str> = found.iter().map(|instrument| instrument.symbol.as_str()).collect();
        assert_eq!(symbols, expected, "for {text:?}");
    }

    #[test]
    fn search_ranks_ticker_then_prefix_then_words_then_the_rest() {
        check("a", 9, &["A", "AA", "AAPL", "MAA", "PINE"]);
        check("AA", 9, &["AA", "AAPL", "MAA"]);
        check("ap", 9, &["MAA", "AAPL"]);
        check("appl", 9, &["AAPL"]);
        check("pine", 9, &["PINE"]);
        check("coin", 9, &["BTC/USD"]);
        check("a", 2, &["A", "AA"]);
        check(" ", 9, &[]);
        check("zzz", 9, &[]);
    }

    #[test]
    fn a_renamed_instrument_is_found_under_its_new_ticker_alone() {
        let directory = directory();
        directory.insert(crate::testing::spec("META").with_id(InstrumentId::new(1)));
        assert_eq!(directory.resolve("A"), None);
        assert_eq!(directory.resolve("META"), Some(InstrumentId::new(1)));
        assert_eq!(directory.symbol(InstrumentId::new(1)).map(|symbol| symbol.to_string()), Some("META".into()));
        assert_eq!(directory.count(), 6);
    }
}
