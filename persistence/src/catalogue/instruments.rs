//! Instrument ids: which number a ticker has, for ever.
//!
//! It owns the numbering alone; what an instrument is stands in the journal.

use super::store::{Catalogue, CatalogueError, Failure, row_failure};
use crate::rows::RowError;
use model::{InstrumentId, Symbol};
use redb::{ReadableTable, TableDefinition, WriteTransaction};

const INSTRUMENTS: TableDefinition<'static, &str, u32> = TableDefinition::new("instruments");
const SYMBOLS: TableDefinition<'static, u32, &str> = TableDefinition::new("symbols");

pub(super) fn make_tables(transaction: &WriteTransaction) -> Result<(), Failure> {
    transaction.open_table(INSTRUMENTS)?;
    transaction.open_table(SYMBOLS)?;
    Ok(())
}

impl Catalogue {
    /// The id of a ticker; a new ticker gets the next one, durably.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn instrument_id(&self, symbol: Symbol) -> Result<InstrumentId, CatalogueError> {
        self.instrument_ids(&[symbol]).map(|ids| ids[0])
    }

    /// The ids of tickers, in their order; new ones get the next ids in one durable transaction.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn instrument_ids(&self, symbols: &[Symbol]) -> Result<Vec<InstrumentId>, CatalogueError> {
        let known = self.read(|transaction| {
            let table = transaction.open_table(INSTRUMENTS)?;
            let mut ids = Vec::with_capacity(symbols.len());
            for symbol in symbols {
                match table.get(symbol.as_str())? {
                    Some(id) => ids.push(InstrumentId::new(id.value())),
                    None => return Ok(None),
                }
            }
            Ok(Some(ids))
        })?;
        if let Some(ids) = known {
            return Ok(ids);
        }
        self.write(|transaction| {
            let mut by_symbol = transaction.open_table(INSTRUMENTS)?;
            let mut by_id = transaction.open_table(SYMBOLS)?;
            let mut next = by_id.last()?.map_or(1, |(last, _)| last.value() + 1);
            let mut ids = Vec::with_capacity(symbols.len());
            for symbol in symbols {
                let found = by_symbol.get(symbol.as_str())?.map(|id| id.value());
                let id = match found {
                    Some(id) => id,
                    None => {
                        by_symbol.insert(symbol.as_str(), next)?;
                        by_id.insert(next, symbol.as_str())?;
                        next += 1;
                        next - 1
                    }
                };
                ids.push(InstrumentId::new(id));
            }
            Ok(ids)
        })
    }

    /// Every ticker with its id, by id.
    ///
    /// # Errors
    /// When the disk fails or a row is damaged.
    pub fn instruments(&self) -> Result<Vec<(Symbol, InstrumentId)>, CatalogueError> {
        self.read(|transaction| {
            let table = transaction.open_table(SYMBOLS)?;
            let mut found = Vec::new();
            for entry in table.iter()? {
                let (id, symbol) = entry?;
                let symbol = Symbol::parse(symbol.value())
                    .map_err(|error| row_failure("symbols")(RowError::Archive(error.to_string())))?;
                found.push((symbol, InstrumentId::new(id.value())));
            }
            Ok(found)
        })
    }
}
