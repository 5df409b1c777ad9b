//! Real files.
//!
//! It owns the translation of [`Storage`] to the operating system. It must never retry an
//! operation that failed. Invariant: a lock is held by at most one process at a time.

use super::{Backend, OpenMode, Storage, StorageLock, parent};
use rand::TryRngCore;
use redb::StorageBackend;
use redb::backends::FileBackend;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file system of this machine. Data directories must lie on a local disk: locks and syncs of
/// network file systems promise less.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileStorage;

#[derive(Debug)]
struct FileLock {
    /// The lock lives as long as the open file does.
    _file: File,
}

impl StorageLock for FileLock {}

/// How far zeros are written ahead of small writes.
const AHEAD_BYTES: u64 = 256 << 10;
/// Writes above this are bound by bandwidth, which zeros would take a share of.
const SMALL_BYTES: usize = 16 << 10;

/// A file that grows by zeros written some way ahead of small writes, where the file already reads as
/// zero. Its contents are the same without; but a sync that finds new blocks has to wait for the
/// journal of the file system as well, and this way only one in many does.
#[derive(Debug)]
struct ZeroedAhead {
    inner: FileBackend,
    /// Nothing was ever written from here on. What a file holds when it is opened is not looked at.
    untouched: Mutex<u64>,
}

impl ZeroedAhead {
    fn new(inner: FileBackend) -> io::Result<Self> {
        let untouched = Mutex::new(inner.len()?);
        Ok(Self { inner, untouched })
    }

    fn untouched(&self) -> MutexGuard<'_, u64> {
        // One number is never half changed, so a panic elsewhere does not spoil it.
        self.untouched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageBackend for ZeroedAhead {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut untouched = self.untouched();
        *untouched = len.min(*untouched);
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.inner.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(offset, data)?;
        let end = offset + data.len() as u64;
        let mut untouched = self.untouched();
        if end <= *untouched {
            return Ok(());
        }
        *untouched = end;
        if data.len() <= SMALL_BYTES {
            let until = (end + AHEAD_BYTES).min(self.inner.len()?);
            if until > end {
                let zeros = vec![0; usize::try_from(until - end).expect("a quarter of a megabyte at most")];
                // Where that fails the file still reads as zero there, and the disk will say so again when
                // it matters.
                let _ = self.inner.write(end, &zeros);
                *untouched = until;
            }
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, redb::BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, redb::BackendError> {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), redb::BackendError> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), redb::BackendError> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), redb::BackendError> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, redb::BackendError> {
        self.inner.query_lock_range(start, end)
    }
}

impl Storage for FileStorage {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        if dir.as_os_str().is_empty() || dir.is_dir() {
            return Ok(());
        }
        self.create_dir(parent(dir))?;
        match fs::create_dir(dir) {
            Ok(()) => self.sync_dir(parent(dir)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(FileLock { _file: file }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn len(&self, path: &Path) -> io::Result<Option<u64>> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(path, bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        OpenOptions::new().read(true).write(true).open(path)?.sync_all()
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        // A directory cannot be opened for syncing elsewhere; there the rename itself is the promise.
        if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Backend> {
        let file = match mode {
            OpenMode::CreateNew => OpenOptions::new().read(true).write(true).create_new(true).open(path)?,
            OpenMode::Existing => OpenOptions::new().read(true).write(true).open(path)?,
            OpenMode::ReadOnly => File::open(path)?,
        };
        let inner = FileBackend::new(file).map_err(io::Error::other)?;
        Ok(match mode {
            OpenMode::ReadOnly => Backend::new(inner),
            OpenMode::CreateNew | OpenMode::Existing => Backend::new(ZeroedAhead::new(inner)?),
        })
    }

    fn available(&self, path: &Path) -> io::Result<u64> {
        let system = rustix::fs::statvfs(path)?;
        // What an ordinary user may still write: some file systems keep a share for root.
        Ok(system.f_bavail.saturating_mul(system.f_frsize))
    }

    fn random(&self, out: &mut [u8]) -> io::Result<()> {
        rand::rngs::OsRng.try_fill_bytes(out).map_err(io::Error::other)
    }
}
