//! The seam between this crate and the world: every file operation goes through [`Storage`].
//!
//! It owns the list of operations and their meaning, and the real files. It must never interpret a
//! byte. Invariant: what was not synced may be lost by a crash, in any order and in part; renames,
//! creations and removals are durable once their directory is synced.

mod file;
mod observed;
mod overlay;
mod simulated;

pub use file::FileStorage;
pub use observed::ObservedStorage;
pub(crate) use overlay::Overlay;
pub use simulated::{
    CrashSurvival, FailureEffect, LyingSync, Moment, Operation, OperationKind, SimulatedStorage, Tear,
};

use core::fmt::Debug;
use std::io;
use std::ops::Bound;
use std::path::Path;

/// Every file operation of this crate.
pub trait Storage: Send + Sync + Debug {
    /// Makes a directory and its parents, durably; one that stands is left.
    ///
    /// # Errors
    /// When the system refuses.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// Takes the exclusive lock that a file stands for, making the file where needed. `None` when
    /// another holder has it. It is given back when the value is dropped, or its process ends.
    ///
    /// # Errors
    /// When the system refuses for another reason than a holder.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>>;

    /// The names in a directory, sorted.
    ///
    /// # Errors
    /// When the system refuses.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// The length of a file in bytes, or `None` when there is no such file.
    ///
    /// # Errors
    /// When the system refuses.
    fn len(&self, path: &Path) -> io::Result<Option<u64>>;

    /// A whole small file.
    ///
    /// # Errors
    /// When it is missing or the system refuses.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Makes a file with these contents, in place of one that stands. Not durable until synced.
    ///
    /// # Errors
    /// When the system refuses.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Makes a file's contents durable.
    ///
    /// # Errors
    /// When the system refuses; the contents are unknown then, and a second try proves nothing.
    fn sync(&self, path: &Path) -> io::Result<()>;

    /// Makes a directory's names durable.
    ///
    /// # Errors
    /// When the system refuses.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Gives a file another name in the same directory, in place of one that has it, atomically.
    ///
    /// # Errors
    /// When the system refuses.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file; one that is missing is an error.
    ///
    /// # Errors
    /// When the system refuses.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Opens a file for a database.
    ///
    /// # Errors
    /// When the system refuses, or the file stands or is missing against `mode`.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Backend>;

    /// Bytes that may still be written where this file or directory lies; `u64::MAX` where nobody
    /// knows a bound. Asking changes nothing and is no operation of the log.
    ///
    /// # Errors
    /// When the system refuses.
    fn available(&self, path: &Path) -> io::Result<u64> {
        let _ = path;
        Ok(u64::MAX)
    }

    /// Fills the buffer with randomness fit for secrets.
    ///
    /// # Errors
    /// When the system has none to give.
    fn random(&self, out: &mut [u8]) -> io::Result<()>;
}

/// Holds a lock until dropped.
pub trait StorageLock: Send + Sync + Debug {}

/// How a database file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// It must not stand yet.
    CreateNew,
    /// It must stand.
    Existing,
    /// It must stand, and is only read.
    ReadOnly,
}

/// A database file, whatever it lies on.
#[derive(Debug)]
pub struct Backend(Box<dyn redb::StorageBackend>);

impl Backend {
    /// Wraps a backend.
    #[must_use]
    pub fn new(inner: impl redb::StorageBackend) -> Self {
        Self(Box::new(inner))
    }
}

impl redb::StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, redb::BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, redb::BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), redb::BackendError> {
        self.0.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), redb::BackendError> {
        self.0.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), redb::BackendError> {
        self.0.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, redb::BackendError> {
        self.0.query_lock_range(start, end)
    }
}

/// Writes a whole small file so that after a crash either the old one or the new one is there:
/// temporary name, sync, rename, sync of the directory.
pub(crate) fn replace_file(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_path(path);
    storage.write(&temporary, bytes)?;
    storage.sync(&temporary)?;
    storage.rename(&temporary, path)?;
    storage.sync_dir(parent(path))
}

/// Where a file is made before it gets its name.
pub(crate) fn temporary_path(path: &Path) -> std::path::PathBuf {
    let mut name = path.file_name().expect("files of this crate have names").to_owned();
    name.push(".tmp");
    path.with_file_name(name)
}

/// The directory that holds a file.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        Some(_) | None => Path::new("."),
    }
}
