//! Users.
//!
//! It owns names and what proves them. It must never see a password, only its hash.

use super::store::{Catalogue, CatalogueError, Failure, decode, encode, row_failure};
use model::{Time, UserId};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use rkyv::{Archive, Deserialize, Serialize};

const USERS: TableDefinition<'static, u32, &[u8]> = TableDefinition::new("users");
/// Names and nicknames in small letters.
const USERNAMES: TableDefinition<'static, &str, u32> = TableDefinition::new("usernames");
const NICKNAMES: TableDefinition<'static, &str, u32> = TableDefinition::new("nicknames");

/// A user to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// The name to log in with.
    pub username: String,
    /// The hash of the password, as the password hasher writes it.
    pub password_hash: String,
    /// The name that others see.
    pub nickname: String,
    /// When.
    pub created_at: Time,
}

/// A user.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id, from 1.
    pub id: UserId,
    /// The name to log in with.
    pub username: String,
    /// The hash of the password, as the password hasher writes it.
    pub password_hash: String,
    /// The name that others see.
    pub nickname: String,
    /// When it was made.
    pub created_at: Time,
}

pub(super) fn make_tables(transaction: &WriteTransaction) -> Result<(), Failure> {
    transaction.open_table(USERS)?;
    transaction.open_table(USERNAMES)?;
    transaction.open_table(NICKNAMES)?;
    Ok(())
}

/// Whether a user is there; for the tables that point at users.
pub(super) fn check_user(transaction: &WriteTransaction, user: UserId) -> Result<(), Failure> {
    match transaction.open_table(USERS)?.get(user.get())? {
        Some(_) => Ok(()),
        None => Err(Failure::Answer(CatalogueError::UnknownUser(user))),
    }
}

impl Catalogue {
    /// Makes a user.
    ///
    /// # Errors
    /// When the username or the nickname is taken, or the disk fails.
    pub fn create_user(&self, new: NewUser) -> Result<User, CatalogueError> {
        self.write(|transaction| {
            let mut users = transaction.open_table(USERS)?;
            let mut usernames = transaction.open_table(USERNAMES)?;
            let mut nicknames = transaction.open_table(NICKNAMES)?;
            let id = users.last()?.map_or(1, |(last, _)| last.value() + 1);
            if usernames.insert(new.username.to_lowercase().as_str(), id)?.is_some() {
                return Err(Failure::Answer(CatalogueError::UsernameTaken));
            }
            if nicknames.insert(new.nickname.to_lowercase().as_str(), id)?.is_some() {
                return Err(Failure::Answer(CatalogueError::NicknameTaken));
            }
            let user = User {
                id: UserId::new(id),
                username: new.username,
                password_hash: new.password_hash,
                nickname: new.nickname,
                created_at: new.created_at,
            };
            users.insert(id, encode(&user).as_slice())?;
            Ok(user)
        })
    }

    /// A user by the name to log in with; capitals make no difference.
    ///
    /// # Errors
    /// When the disk fails or the row is damaged.
    pub fn user_by_name(&self, username: &str) -> Result<Option<User>, CatalogueError> {
        let id = self.read(|transaction| {
            let table = transaction.open_table(USERNAMES)?;
            Ok(table.get(username.to_lowercase().as_str())?.map(|id| UserId::new(id.value())))
        })?;
        id.map_or(Ok(None), |id| self.user(id))
    }

    /// A user by the name that others see; capitals make no difference.
    ///
    /// # Errors
    /// When the disk fails or the row is damaged.
    pub fn user_by_nickname(&self, nickname: &str) -> Result<Option<User>, CatalogueError> {
        let id = self.read(|transaction| {
            let table = transaction.open_table(NICKNAMES)?;
            Ok(table.get(nickname.to_lowercase().as_str())?.map(|id| UserId::new(id.value())))
        })?;
        id.map_or(Ok(None), |id| self.user(id))
    }

    /// A user.
    ///
    /// # Errors
    /// When the disk fails or the row is damaged.
    pub fn user(&self, id: UserId) -> Result<Option<User>, CatalogueError> {
        self.read(|transaction| {
            let table = transaction.open_table(USERS)?;
            let row = table.get(id.get())?;
            row.map(|row| decode(row.value()).map_err(row_failure("users"))).transpose()
        })
    }
}
