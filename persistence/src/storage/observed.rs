//! Any storage, watched for syncs that failed.
//!
//! After a failed sync a system may keep bytes in memory that are not on the disk and count them as
//! written: they are read back as if nothing had happened, no later sync writes them, and they are gone
//! with the power. So a file whose sync failed is not used again: what can be read of it is written to
//! a new one, which takes its name. It must never sync such a file a second time. Invariant: a file
//! that is not listed here was durable at its last sync.

use super::{Backend, OpenMode, Storage, StorageLock, parent, temporary_path};
use redb::StorageBackend as _;
use std::collections::BTreeSet;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that are copied at one time.
const COPY_BYTES: usize = 1 << 20;

/// Files whose last sync failed.
#[derive(Clone, Debug, Default)]
struct Failed(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Failed {
    fn paths(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        // The set is whole between operations, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note<T>(&self, path: &Path, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.paths().insert(path.to_owned());
        }
        result
    }
}

/// See the module. Clones watch together.
#[derive(Clone, Debug)]
pub struct ObservedStorage {
    inner: Arc<dyn Storage>,
    failed: Failed,
}

impl ObservedStorage {
    /// Watches a storage from now on.
    #[must_use]
    pub fn new(inner: Arc<dyn Storage>) -> Self {
        Self { inner, failed: Failed::default() }
    }

    /// Whether the last sync of a file failed.
    #[must_use]
    pub fn is_suspect(&self, path: &Path) -> bool {
        self.failed.paths().contains(path)
    }

    /// Writes those files anew whose last sync failed, of those that are wanted. None of them may be open.
    ///
    /// # Errors
    /// When the system refuses; those that were not done yet are done by the next call.
    pub fn rewrite_suspects(&self, wanted: impl Fn(&Path) -> bool) -> io::Result<()> {
        let suspects: Vec<PathBuf> = self.failed.paths().iter().filter(|path| wanted(path)).cloned().collect();
        for path in suspects {
            if self.inner.len(&path)?.is_some() {
                self.rewrite(&path)?;
            }
            self.failed.paths().remove(&path);
        }
        Ok(())
    }

    fn rewrite(&self, path: &Path) -> io::Result<()> {
        let temporary = temporary_path(path);
        if self.inner.len(&temporary)?.is_some() {
            self.inner.remove(&temporary)?;
        }
        let source = self.inner.open(path, OpenMode::Existing)?;
        let target = self.inner.open(&temporary, OpenMode::CreateNew)?;
        let len = source.len()?;
        let mut buffer = vec![0; COPY_BYTES];
        let mut offset = 0;
        while offset < len {
            let part = usize::try_from(len - offset).map_or(COPY_BYTES, |left| left.min(COPY_BYTES));
            source.read(offset, &mut buffer[..part])?;
            target.write(offset, &buffer[..part])?;
            offset += part as u64;
        }
        target.sync_data()?;
        target.close()?;
        source.close()?;
        drop((source, target));
        self.inner.rename(&temporary, path)?;
        self.inner.sync_dir(parent(path))
    }
}

impl Storage for ObservedStorage {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.inner.create_dir(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        self.inner.lock(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.inner.list(dir)
    }

    fn len(&self, path: &Path) -> io::Result<Option<u64>> {
        self.inner.len(path)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.inner.read(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.inner.write(path, bytes)?;
        // Every byte of it is a new one.
        self.failed.paths().remove(path);
        Ok(())
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.failed.note(path, self.inner.sync(path))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.inner.sync_dir(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)?;
        let mut failed = self.failed.paths();
        if failed.remove(from) {
            failed.insert(to.to_owned());
        } else {
            failed.remove(to);
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.inner.remove(path)?;
        self.failed.paths().remove(path);
        Ok(())
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Backend> {
        let inner = self.inner.open(path, mode)?;
        Ok(Backend::new(ObservedFile { inner, path: path.to_owned(), failed: self.failed.clone() }))
    }

    fn available(&self, path: &Path) -> io::Result<u64> {
        self.inner.available(path)
    }

    fn random(&self, out: &mut [u8]) -> io::Result<()> {
        self.inner.random(out)
    }
}

#[derive(Debug)]
struct ObservedFile {
    inner: Backend,
    path: PathBuf,
    failed: Failed,
}

impl redb::StorageBackend for ObservedFile {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.failed.note(&self.path, self.inner.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(offset, data)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SimulatedStorage;
    use crate::storage::{CrashSurvival, FailureEffect};

    #[test]
    fn a_file_whose_sync_failed_is_durable_once_it_was_written_anew() {
        let disk = SimulatedStorage::new();
        let observed = ObservedStorage::new(Arc::new(disk.clone()));
        let path = Path::new("/data/file");
        let file = observed.open(path, OpenMode::CreateNew).expect("an empty disk");
        observed.sync_dir(Path::new("/data")).expect("a whole disk");
        file.write(0, b"kept").expect("a whole disk");
        file.sync_data().expect("a whole disk");
        file.write(4, b" and new").expect("a whole disk");
        disk.fail_at_with(disk.operation_count(), io::ErrorKind::Other, FailureEffect::GivenUp);
        assert!(file.sync_data().is_err());
        assert!(observed.is_suspect(path));
        file.sync_data().expect("it says that all is well");
        let lost = disk.after_crash(CrashSurvival::Nothing).read(path).expect("it is there");
        assert_ne!(lost, b"kept and new", "the second sync proved nothing");
        drop(file);
        observed.rewrite_suspects(|_| true).expect("a whole disk");
        assert!(!observed.is_suspect(path));
        let kept = disk.after_crash(CrashSurvival::Nothing).read(path).expect("it is there");
        assert_eq!(kept, b"kept and new");
    }
}
