//! The store behind the views: opening, throwing away, and appending.
//!
//! It owns the tables and their transactions. It must never keep a file of another epoch.
//! Invariant: a batch is written whole with its markers or not at all; the same batch written twice
//! leaves what one leaves.

use super::{MessageRow, OrderRow, TradeRow, messages};
use crate::journal::Epoch;
use crate::rows::{self, RowError};
use crate::storage::{OpenMode, Storage, parent};
use model::{ShardId, ShardSeq};
use redb::{Database, ReadTransaction, ReadableDatabase, TableDefinition, WriteTransaction};
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Version of the layout below; another one is folded anew.
const VIEWS_FORMAT: u64 = 3;

const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");
const MARKERS: TableDefinition<'static, u16, u64> = TableDefinition::new("markers");
/// Order id to row.
pub(super) const ORDERS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("orders");
/// Ids of those rows that are open.
pub(super) const OPEN_ORDERS: TableDefinition<'static, u64, ()> = TableDefinition::new("open_orders");
/// Portfolio and trade number to row.
pub(super) const TRADES: TableDefinition<'static, (u32, u32), &[u8]> = TableDefinition::new("trades");
/// Order id and trade number, for the trades of one order.
pub(super) const TRADES_BY_ORDER: TableDefinition<'static, (u64, u32), ()> =
    TableDefinition::new("trades_by_order");
/// Portfolio and the number of a run's first message to the run.
pub(super) const MESSAGES: TableDefinition<'static, (u32, u64), &[u8]> = TableDefinition::new("messages");

/// Where the views lie and to which journal they belong.
#[derive(Clone, Debug)]
pub struct ViewConfig {
    /// The file.
    pub path: PathBuf,
    /// The journal it was folded from.
    pub epoch: Epoch,
    /// Memory for pages, in bytes.
    pub cache_bytes: usize,
    /// The files.
    pub storage: Arc<dyn Storage>,
}

/// How the store came to be at opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewOrigin {
    /// The file stood and is used on.
    Kept,
    /// There was none: the journal is folded from its start.
    Created,
    /// The file that stood was unusable and was thrown away: the journal is folded from its start.
    Replaced {
        /// What was wrong with it.
        reason: String,
    },
}

/// Why the views cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
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
    /// A row is damaged. Removing the file has it folded anew.
    #[error("{path}: table {table}: {reason}; stop the server and remove the file to have it rebuilt")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// Rows to append, and how far each shard's events are folded once they are in.
#[derive(Clone, Debug, Default)]
pub struct ViewBatch {
    /// Every order that changed since the batch before, as it stands at the markers of this one: open
    /// ones too, so that they need not be found in the journal again after a restart.
    pub orders: Vec<OrderRow>,
    /// Trades.
    pub trades: Vec<TradeRow>,
    /// Stream messages.
    pub messages: Vec<MessageRow>,
    /// The last event of a shard whose rows are all in this batch or in earlier ones.
    pub markers: Vec<(ShardId, ShardSeq)>,
}

impl ViewError {
    /// Whether the disk failed, rather than what lies on it: opening again may help.
    #[must_use]
    pub fn is_storage_failure(&self) -> bool {
        match self {
            Self::Io { .. } | Self::Database { .. } | Self::InUse { .. } => true,
            Self::Corrupt { .. } => false,
        }
    }
}

impl ViewBatch {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.trades.is_empty() && self.messages.is_empty() && self.markers.is_empty()
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.orders.clear();
        self.trades.clear();
        self.messages.clear();
        self.markers.clear();
    }
}

/// The read views on disk. Readers and one appender may use it at the same time.
#[derive(Debug)]
pub struct ViewStore {
    path: PathBuf,
    /// `None` where it was closed to be opened again, and could not be.
    database: RwLock<Option<Database>>,
    origin: ViewOrigin,
}

/// A view of the rows as they stood when it began. While one lives, the file is not opened again.
pub(super) struct Reading<'store> {
    // Ends before the lock is given back.
    transaction: ReadTransaction,
    _open: RwLockReadGuard<'store, Option<Database>>,
}

impl Deref for Reading<'_> {
    type Target = ReadTransaction;

    fn deref(&self) -> &ReadTransaction {
        &self.transaction
    }
}

impl ViewStore {
    /// Opens the views of a journal, or makes them anew where they are missing or unusable.
    ///
    /// # Errors
    /// When another process holds the file, or the disk fails.
    pub fn open(config: &ViewConfig) -> Result<Self, ViewError> {
        let io = |source| ViewError::Io { path: config.path.clone(), source };
        config.storage.create_dir(parent(&config.path)).map_err(io)?;
        let origin = match config.storage.len(&config.path).map_err(io)? {
            None => ViewOrigin::Created,
            Some(_) => match Self::open_kept(config) {
                Ok(store) => return Ok(store),
                Err(OpenKept::Unusable(reason)) => {
                    config.storage.remove(&config.path).map_err(io)?;
                    ViewOrigin::Replaced { reason }
                }
                Err(OpenKept::Error(error)) => return Err(error),
            },
        };
        Self::create(config, origin)
    }

    /// Closes the file, whatever state an error left it in, and opens it anew: nothing that failed is
    /// tried again on what was open. Readers wait meanwhile.
    ///
    /// # Errors
    /// As at opening; nothing can be read until a later call succeeds.
    pub fn reopen(&self, config: &ViewConfig) -> Result<ViewOrigin, ViewError> {
        let mut slot = self.database.write().unwrap_or_else(PoisonError::into_inner);
        close(slot.take());
        let Self { database, origin, .. } = Self::open(config)?;
        *slot = database.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(origin)
    }

    /// Closes the file until [`Self::reopen`]; nothing can be read meanwhile.
    pub fn close(&self) {
        close(self.database.write().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Begins to read.
    pub(super) fn begin_read(&self) -> Result<Reading<'_>, ViewError> {
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = open.as_ref().ok_or_else(|| self.closed())?;
        let transaction = database.begin_read().map_err(|error| self.failed(error))?;
        Ok(Reading { transaction, _open: open })
    }

    fn closed(&self) -> ViewError {
        let source = io::Error::new(io::ErrorKind::NotConnected, "the file could not be opened again yet");
        ViewError::Io { path: self.path.clone(), source }
    }

    /// How the store came to be at opening.
    #[must_use]
    pub fn origin(&self) -> &ViewOrigin {
        &self.origin
    }

    /// The last event of a shard whose rows are all on disk; 0 when none are.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn marker(&self, shard: ShardId) -> Result<ShardSeq, ViewError> {
        let transaction = self.begin_read()?;
        let table = transaction.open_table(MARKERS).map_err(|error| self.failed(error))?;
        let marker = table.get(shard.get()).map_err(|error| self.failed(error))?;
        Ok(ShardSeq::new(marker.map_or(0, |marker| marker.value())))
    }

    /// Appends rows in one durable transaction.
    ///
    /// # Errors
    /// When the disk fails; the store must be opened again then.
    ///
    /// # Panics
    /// When a marker goes back: rows would be written from an older state.
    pub fn append(&self, batch: &ViewBatch) -> Result<(), ViewError> {
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = open.as_ref().ok_or_else(|| self.closed())?;
        write(database, batch).map_err(|error| self.failed(error))
    }

    pub(super) fn failed(&self, error: impl Into<redb::Error>) -> ViewError {
        database_error(&self.path, error.into())
    }

    pub(super) fn corrupt(&self, table: &'static str, error: &RowError) -> ViewError {
        ViewError::Corrupt { path: self.path.clone(), table, reason: error.to_string() }
    }

    fn new(config: &ViewConfig, database: Database, origin: ViewOrigin) -> Self {
        Self { path: config.path.clone(), database: RwLock::new(Some(database)), origin }
    }

    fn open_kept(config: &ViewConfig) -> Result<Self, OpenKept> {
        let io = |source| OpenKept::Error(ViewError::Io { path: config.path.clone(), source });
        // A process that was killed as it made the file may have left a name that is not durable.
        config.storage.sync_dir(parent(&config.path)).map_err(io)?;
        let backend = config.storage.open(&config.path, OpenMode::Existing).map_err(io)?;
        // The database trusts its own pages and may panic on damaged ones; here that is a verdict.
        let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let database = redb::Builder::new()
                .set_cache_size(config.cache_bytes)
                .create_with_backend(backend)
                .map_err(redb::Error::from)?;
            let header = read_header(&database)?;
            Ok::<_, redb::Error>((database, header))
        }));
        let (database, header) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(redb::Error::DatabaseAlreadyOpen)) => {
                return Err(OpenKept::Error(ViewError::InUse { path: config.path.clone() }));
            }
            Ok(Err(redb::Error::Io(source))) if is_system_failure(&source) => {
                return Err(OpenKept::Error(ViewError::Io { path: config.path.clone(), source }));
            }
            Ok(Err(error)) => return Err(OpenKept::Unusable(error.to_string())),
            Err(_) => return Err(OpenKept::Unusable("the file is damaged".to_owned())),
        };
        match header {
            Some((VIEWS_FORMAT, epoch)) if epoch == config.epoch => {
                Ok(Self::new(config, database, ViewOrigin::Kept))
            }
            Some((VIEWS_FORMAT, epoch)) => {
                Err(OpenKept::Unusable(format!("it belongs to the journal of epoch {epoch}")))
            }
            Some((format, _)) => {
                Err(OpenKept::Unusable(format!("its format {format} is not format {VIEWS_FORMAT}")))
            }
            None => Err(OpenKept::Unusable("it was not finished when it was made".to_owned())),
        }
    }

    fn create(config: &ViewConfig, origin: ViewOrigin) -> Result<Self, ViewError> {
        let io = |source| ViewError::Io { path: config.path.clone(), source };
        let failed = |error: redb::Error| database_error(&config.path, error);
        let backend = config.storage.open(&config.path, OpenMode::CreateNew).map_err(io)?;
        let database = redb::Builder::new()
            .set_cache_size(config.cache_bytes)
            .create_with_backend(backend)
            .map_err(|error| failed(error.into()))?;
        write_header(&database, config.epoch).map_err(failed)?;
        config.storage.sync_dir(parent(&config.path)).map_err(io)?;
        Ok(Self::new(config, database, origin))
    }
}

fn write(database: &Database, batch: &ViewBatch) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    // A large file would otherwise be walked whole when it is opened after a crash.
    transaction.set_quick_repair(true);
    write_orders(&transaction, &batch.orders)?;
    write_trades(&transaction, &batch.trades)?;
    write_messages(&transaction, &batch.messages)?;
    {
        let mut markers = transaction.open_table(MARKERS)?;
        for (shard, seq) in &batch.markers {
            let before = markers.insert(shard.get(), seq.get())?.map_or(0, |before| before.value());
            assert!(before <= seq.get(), "a marker of the views does not go back");
        }
    }
    transaction.commit()?;
    Ok(())
}

fn write_orders(transaction: &WriteTransaction, changed: &[OrderRow]) -> Result<(), redb::Error> {
    let mut orders = transaction.open_table(ORDERS)?;
    let mut open = transaction.open_table(OPEN_ORDERS)?;
    for order in changed {
        orders.insert(order.id.get(), rows::encode(order).as_slice())?;
        if order.status.is_open() {
            open.insert(order.id.get(), ())?;
        } else {
            open.remove(order.id.get())?;
        }
    }
    Ok(())
}

fn write_trades(transaction: &WriteTransaction, made: &[TradeRow]) -> Result<(), redb::Error> {
    let mut trades = transaction.open_table(TRADES)?;
    let mut by_order = transaction.open_table(TRADES_BY_ORDER)?;
    for trade in made {
        let number = trade.fill.trade.get();
        trades.insert((trade.portfolio.get(), number), rows::encode(trade).as_slice())?;
        by_order.insert((trade.fill.order.get(), number), ())?;
    }
    Ok(())
}

fn write_messages(transaction: &WriteTransaction, published: &[MessageRow]) -> Result<(), redb::Error> {
    let mut ordered: Vec<&MessageRow> = published.iter().collect();
    ordered.sort_unstable_by_key(|message| (message.portfolio, message.seq));
    let mut table = transaction.open_table(MESSAGES)?;
    let mut row = Vec::new();
    for run in messages::runs(&ordered) {
        messages::encode(run, &mut row);
        table.insert((run[0].portfolio.get(), run[0].seq.get()), row.as_slice())?;
    }
    Ok(())
}

/// Lets go of a database that may be in any state: that must not end the thread.
fn close(database: Option<Database>) {
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(database)));
}

enum OpenKept {
    Unusable(String),
    Error(ViewError),
}

/// Failures of the machine rather than of the file's contents: throwing the file away helps nothing.
fn is_system_failure(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

fn database_error(path: &Path, error: redb::Error) -> ViewError {
    match error {
        redb::Error::DatabaseAlreadyOpen => ViewError::InUse { path: path.to_owned() },
        error => ViewError::Database { path: path.to_owned(), source: Box::new(error) },
    }
}

fn read_header(database: &Database) -> Result<Option<(u64, Epoch)>, redb::Error> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(META) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Some(row) = table.get("header")? else { return Ok(None) };
    let Ok(body) = rows::open(row.value()) else { return Ok(None) };
    let (format, epoch) = body.split_at_checked(8).unwrap_or((&[], &[]));
    Ok(format
        .try_into()
        .ok()
        .zip(epoch.try_into().ok())
        .map(|(format, epoch)| (u64::from_le_bytes(format), Epoch::from_bytes(epoch))))
}

fn write_header(database: &Database, epoch: Epoch) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let mut body = VIEWS_FORMAT.to_le_bytes().to_vec();
        body.extend_from_slice(&epoch.to_bytes());
        transaction.open_table(META)?.insert("header", rows::seal(&body).as_slice())?;
        transaction.open_table(MARKERS)?;
        transaction.open_table(ORDERS)?;
        transaction.open_table(OPEN_ORDERS)?;
        transaction.open_table(TRADES)?;
        transaction.open_table(TRADES_BY_ORDER)?;
        transaction.open_table(MESSAGES)?;
    }
    transaction.commit()?;
    Ok(())
}
