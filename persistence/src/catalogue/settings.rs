//! What the installation drew for itself when it was made.
//!
//! It owns the settings table. It must never change after creation.

use super::store::{Failure, row_failure};
use crate::rows::{self, RowError};
use redb::{Database, ReadableDatabase, TableDefinition, WriteTransaction};

pub(super) const CATALOGUE_FORMAT: u64 = 2;
const SETTINGS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("settings");

pub(super) struct Settings {
    pub(super) format: u64,
    pub(super) installation_tag: u64,
    pub(super) jwt_secret: [u8; 32],
}

/// Writes the settings from 40 drawn bytes: the tag, then the secret.
pub(super) fn write(transaction: &WriteTransaction, drawn: &[u8; 40]) -> Result<(), Failure> {
    let mut table = transaction.open_table(SETTINGS)?;
    table.insert("format", rows::seal(&CATALOGUE_FORMAT.to_le_bytes()).as_slice())?;
    table.insert("installation_tag", rows::seal(&drawn[..8]).as_slice())?;
    table.insert("jwt_secret", rows::seal(&drawn[8..]).as_slice())?;
    Ok(())
}

pub(super) fn read(database: &Database) -> Result<Settings, Failure> {
    let transaction = database.begin_read()?;
    let table = transaction.open_table(SETTINGS)?;
    let missing = || row_failure("settings")(RowError::Archive("a setting is missing".to_owned()));
    let number = |key| -> Result<u64, Failure> {
        let row = table.get(key)?.ok_or_else(missing)?;
        let body = rows::open(row.value()).map_err(row_failure("settings"))?;
        Ok(u64::from_le_bytes(body.try_into().map_err(|_| missing())?))
    };
    let secret = table.get("jwt_secret")?.ok_or_else(missing)?;
    let secret = rows::open(secret.value()).map_err(row_failure("settings"))?;
    Ok(Settings {
        format: number("format")?,
        installation_tag: number("installation_tag")?,
        jwt_secret: secret.try_into().map_err(|_| missing())?,
    })
}
