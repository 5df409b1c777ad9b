//! The database behind the catalogue: opening it, and the errors of all its parts.
//!
//! It owns how transactions are made durable. It must never open a half-made file: it is made under
//! a temporary name. Invariant: a change that returned is durable.

use super::settings;
use crate::rows::{self, RowError};
use crate::storage::{OpenMode, Storage, parent, temporary_path};
use model::{PortfolioId, UserId};
use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Memory for pages: the catalogue is small and its readers keep what they need.
const CACHE_BYTES: usize = 8 << 20;

/// Why the catalogue did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Another user has the name; capitals make no difference.
    #[error("the username is taken")]
    UsernameTaken,
    /// Another user has the nickname; capitals make no difference.
    #[error("the nickname is taken")]
    NicknameTaken,
    /// The user is not there.
    #[error("user {0} is not there")]
    UnknownUser(UserId),
    /// The portfolio is not there.
    #[error("portfolio {0} is not there")]
    UnknownPortfolio(PortfolioId),
    /// The API key is not there.
    #[error("the API key is not there")]
    UnknownKey,
    /// The API key's id is in use.
    #[error("the API key's id is in use")]
    KeyTaken,
    /// The user holds as many as one may.
    #[error("the user has {limit} {what} already, which is the limit")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many one may have.
        limit: usize,
    },
    /// A file operation failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database failed.
    #[error("{path}: {source}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: Box<redb::Error>,
    },
    /// Another process has the file open.
    #[error("{path} is in use by another process")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file was written in a format that this version does not know.
    #[error(
        "{path}: format {found} is unknown, this version reads format {known}; start the version that wrote it"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// The format it names.
        found: u64,
        /// The format that is read here.
        known: u64,
    },
    /// Bytes are not what was written.
    #[error("{path}: table {table}: {reason}; restore the file from a backup")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// The catalogue. Readers and writers may use it at the same time; writers take turns.
#[derive(Debug)]
pub struct Catalogue {
    path: PathBuf,
    /// `None` where it was closed to be opened again, and could not be.
    database: RwLock<Option<Database>>,
    /// Set where the disk failed a read: the database answers nothing more until it is opened anew.
    is_unreadable: AtomicBool,
    installation_tag: u64,
    jwt_secret: [u8; 32],
}

/// What goes wrong inside a transaction, before it is known in which file.
#[derive(Debug)]
pub(super) enum Failure {
    Answer(CatalogueError),
    Database(Box<redb::Error>),
    Row(&'static str, RowError),
}

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

impl Catalogue {
    /// Opens the catalogue, or makes it with a fresh installation tag and secret where it is missing.
    ///
    /// # Errors
    /// When another process holds it, it is damaged or too new, or the disk fails.
    pub fn open(path: &Path, storage: &Arc<dyn Storage>) -> Result<Self, CatalogueError> {
        let io = |source| CatalogueError::Io { path: path.to_owned(), source };
        storage.create_dir(parent(path)).map_err(io)?;
        match storage.len(path).map_err(io)? {
            None => create(path, &**storage)?,
            Some(0) => return Err(damaged(path, "it is empty")),
            // A process that was killed as it made the file may have left a name that is not durable.
            Some(_) => storage.sync_dir(parent(path)).map_err(io)?,
        }
        let backend = storage.open(path, OpenMode::Existing).map_err(io)?;
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let database = redb::Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(backend)?;
            let settings = settings::read(&database)?;
            Ok((database, settings))
        }));
        let (database, settings) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(failure)) => return Err(error(path, failure)),
            Err(_) => return Err(damaged(path, "its pages contradict each other")),
        };
        if settings.format != settings::CATALOGUE_FORMAT {
            return Err(CatalogueError::Format {
                path: path.to_owned(),
                found: settings.format,
                known: settings::CATALOGUE_FORMAT,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            database: RwLock::new(Some(database)),
            is_unreadable: AtomicBool::new(false),
            installation_tag: settings.installation_tag,
            jwt_secret: settings.jwt_secret,
        })
    }

    /// Closes the file until [`Self::reopen`]; nothing can be read or written meanwhile.
    pub fn close(&self) {
        close(self.database.write().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Closes the file, whatever state an error left it in, and opens it anew: nothing that failed is
    /// tried again on what was open. Readers and writers wait meanwhile.
    ///
    /// # Errors
    /// As at opening, and when another catalogue lies there now; nothing can be read until a later
    /// call succeeds.
    pub fn reopen(&self, storage: &Arc<dyn Storage>) -> Result<(), CatalogueError> {
        let mut slot = self.database.write().unwrap_or_else(PoisonError::into_inner);
        close(slot.take());
        let io = |source| CatalogueError::Io { path: self.path.clone(), source };
        if storage.len(&self.path).map_err(io)?.is_none() {
            return Err(damaged(&self.path, "it is gone"));
        }
        let other = Self::open(&self.path, storage)?;
        if (other.installation_tag, other.jwt_secret) != (self.installation_tag, self.jwt_secret) {
            return Err(damaged(&self.path, "it is the catalogue of another installation"));
        }
        *slot = other.database.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.is_unreadable.store(false, Ordering::Release);
        Ok(())
    }

    /// Whether the disk failed a read: nothing can be read any more until [`Self::reopen`].
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.is_unreadable.load(Ordering::Acquire)
    }

    /// A number drawn when the catalogue was made: goes into the ids that clients see.
    #[must_use]
    pub fn installation_tag(&self) -> u64 {
        self.installation_tag
    }

    /// The secret that signs tokens, drawn when the catalogue was made.
    #[must_use]
    pub fn jwt_secret(&self) -> &[u8; 32] {
        &self.jwt_secret
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, Failure>,
    ) -> Result<T, CatalogueError> {
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = open.as_ref().ok_or_else(|| self.closed())?;
        let read = || {
            let transaction = database.begin_read()?;
            work(&transaction)
        };
        read().map_err(|failure| {
            let error = error(&self.path, failure);
            if error.is_storage_failure() {
                self.is_unreadable.store(true, Ordering::Release);
            }
            error
        })
    }

    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Failure>,
    ) -> Result<T, CatalogueError> {
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = open.as_ref().ok_or_else(|| self.closed())?;
        let write = || {
            let mut transaction = database.begin_write()?;
            transaction.set_two_phase_commit(true);
            // Dropped without a commit, a transaction changes nothing: a refusal needs no undoing.
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        write().map_err(|failure| error(&self.path, failure))
    }

    fn closed(&self) -> CatalogueError {
        let source = io::Error::new(io::ErrorKind::NotConnected, "the file could not be opened again yet");
        CatalogueError::Io { path: self.path.clone(), source }
    }
}

impl CatalogueError {
    /// Whether the disk failed, rather than what was asked or what lies on it: opening again may help.
    #[must_use]
    pub fn is_storage_failure(&self) -> bool {
        match self {
            Self::Io { .. } | Self::Database { .. } | Self::InUse { .. } => true,
            Self::UsernameTaken
            | Self::NicknameTaken
            | Self::UnknownUser(_)
            | Self::UnknownPortfolio(_)
            | Self::UnknownKey
            | Self::KeyTaken
            | Self::TooMany { .. }
            | Self::Format { .. }
            | Self::Corrupt { .. } => false,
        }
    }
}

pub(super) fn row_failure(table: &'static str) -> impl Fn(RowError) -> Failure {
    move |error| Failure::Row(table, error)
}

fn damaged(path: &Path, reason: &str) -> CatalogueError {
    CatalogueError::Corrupt { path: path.to_owned(), table: "file", reason: reason.to_owned() }
}

fn error(path: &Path, failure: Failure) -> CatalogueError {
    match failure {
        Failure::Answer(answer) => answer,
        Failure::Row(table, error) => {
            CatalogueError::Corrupt { path: path.to_owned(), table, reason: error.to_string() }
        }
        Failure::Database(source) => match *source {
            redb::Error::DatabaseAlreadyOpen => CatalogueError::InUse { path: path.to_owned() },
            redb::Error::Corrupted(reason) => damaged(path, &reason),
            source => CatalogueError::Database { path: path.to_owned(), source: Box::new(source) },
        },
    }
}

/// Lets go of a database that may be in any state: that must not end the thread.
fn close(database: Option<Database>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
}

/// Makes the file under a temporary name, so that a crash leaves none or a whole one.
fn create(path: &Path, storage: &dyn Storage) -> Result<(), CatalogueError> {
    let temporary = temporary_path(path);
    let io = |source| CatalogueError::Io { path: temporary.clone(), source };
    if storage.len(&temporary).map_err(io)?.is_some() {
        storage.remove(&temporary).map_err(io)?;
    }
    let mut secret = [0; 40];
    storage.random(&mut secret).map_err(io)?;
    let backend = storage.open(&temporary, OpenMode::CreateNew).map_err(io)?;
    let made = (|| {
        let database = redb::Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(backend)?;
        let mut transaction = database.begin_write()?;
        transaction.set_two_phase_commit(true);
        transaction.set_quick_repair(true);
        settings::write(&transaction, &secret)?;
        super::users::make_tables(&transaction)?;
        super::keys::make_tables(&transaction)?;
        super::portfolios::make_tables(&transaction)?;
        super::instruments::make_tables(&transaction)?;
        transaction.commit()?;
        Ok(())
    })();
    made.map_err(|failure| error(&temporary, failure))?;
    storage.sync(&temporary).map_err(io)?;
    storage.rename(&temporary, path).map_err(io)?;
    storage.sync_dir(parent(path)).map_err(io)
}

/// Encodes a row of the catalogue.
pub(super) use rows::{decode, encode};
