//! API keys.
//!
//! It owns the keys' hashes and what they may do. It must never see a secret.

use super::store::{Catalogue, CatalogueError, Failure, decode, encode, row_failure};
use super::users::check_user;
use model::{PortfolioId, Time, UserId, limits};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use rkyv::{Archive, Deserialize, Serialize};

const KEYS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("api_keys");
const KEYS_BY_USER: TableDefinition<'static, (u32, &str), ()> = TableDefinition::new("api_keys_by_user");

/// A key, to make or as it stands: nothing is added when it is made.
pub type NewApiKey = ApiKeyRow;

/// An API key.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// The name that its user sends.
    pub key_id: String,
    /// The hash of its secret.
    pub secret_hash: [u8; 32],
    /// Whose.
    pub user: UserId,
    /// What its user calls it.
    pub label: String,
    /// What it may do, as clients write it.
    pub scopes: Vec<String>,
    /// The one portfolio it may use; `None` is all of its user's.
    pub portfolio: Option<PortfolioId>,
    /// When it was made.
    pub created_at: Time,
}

pub(super) fn make_tables(transaction: &WriteTransaction) -> Result<(), Failure> {
    transaction.open_table(KEYS)?;
    transaction.open_table(KEYS_BY_USER)?;
    Ok(())
}

impl Catalogue {
    /// Makes a key.
    ///
    /// # Errors
    /// When the user is unknown or holds as many as one may, the id is in use, or the disk fails.
    pub fn create_key(&self, key: &NewApiKey) -> Result<(), CatalogueError> {
        self.write(|transaction| {
            check_user(transaction, key.user)?;
            let mut keys = transaction.open_table(KEYS)?;
            let mut by_user = transaction.open_table(KEYS_BY_USER)?;
            if keys.get(key.key_id.as_str())?.is_some() {
                return Err(Failure::Answer(CatalogueError::KeyTaken));
            }
            let limit = limits::API_KEYS_PER_USER_MAX;
            let held = by_user.range((key.user.get(), "")..(key.user.get() + 1, ""))?.take(limit).count();
            if held == limit {
                return Err(Failure::Answer(CatalogueError::TooMany { what: "API keys", limit }));
            }
            by_user.insert((key.user.get(), key.key_id.as_str()), ())?;
            keys.insert(key.key_id.as_str(), encode(key).as_slice())?;
            Ok(())
        })
    }

    /// A key.
    ///
    /// # Errors
    /// When the disk fails or the row is damaged.
    pub fn key(&self, key_id: &str) -> Result<Option<ApiKeyRow>, CatalogueError> {
        self.read(|transaction| {
            let table = transaction.open_table(KEYS)?;
            let row = table.get(key_id)?;
            row.map(|row| decode(row.value()).map_err(row_failure("api_keys"))).transpose()
        })
    }

    /// The keys of a user, by id.
    ///
    /// # Errors
    /// When the disk fails or a row is damaged.
    pub fn keys_of(&self, user: UserId) -> Result<Vec<ApiKeyRow>, CatalogueError> {
        self.read(|transaction| {
            let keys = transaction.open_table(KEYS)?;
            let by_user = transaction.open_table(KEYS_BY_USER)?;
            let mut found = Vec::new();
            for entry in by_user.range((user.get(), "")..(user.get() + 1, ""))? {
                let (index, _) = entry?;
                if let Some(row) = keys.get(index.value().1)? {
                    found.push(decode(row.value()).map_err(row_failure("api_keys"))?);
                }
            }
            Ok(found)
        })
    }

    /// Ends a key of a user.
    ///
    /// # Errors
    /// When the user has no such key, or the disk fails.
    pub fn revoke_key(&self, user: UserId, key_id: &str) -> Result<(), CatalogueError> {
        self.write(|transaction| {
            let mut by_user = transaction.open_table(KEYS_BY_USER)?;
            if by_user.remove((user.get(), key_id))?.is_none() {
                return Err(Failure::Answer(CatalogueError::UnknownKey));
            }
            transaction.open_table(KEYS)?.remove(key_id)?;
            Ok(())
        })
    }
}
