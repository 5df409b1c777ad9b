//! Files in memory that many readings share: each sees one of them changed.

use persistence::Storage;
use persistence::storage::{Backend, OpenMode, StorageLock};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// By path.
pub(crate) type Files = BTreeMap<PathBuf, Arc<Vec<u8>>>;

/// Files in memory, shared and never written: what is written stays with one reading.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    files: Arc<Files>,
    /// Files that this reading sees otherwise.
    own: Arc<Mutex<Files>>,
}

impl Image {
    /// The files as they are.
    pub(crate) fn of(files: &Arc<Files>) -> Self {
        Self { files: Arc::clone(files), own: Arc::default() }
    }

    /// The files with one of them changed.
    pub(crate) fn with(files: &Arc<Files>, path: &Path, bytes: Vec<u8>) -> Self {
        let own = BTreeMap::from([(path.to_owned(), Arc::new(bytes))]);
        Self { files: Arc::clone(files), own: Arc::new(Mutex::new(own)) }
    }

    fn find(&self, path: &Path) -> Option<Arc<Vec<u8>>> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.get(path).or_else(|| self.files.get(path)).cloned()
    }

    fn put(&self, path: &Path, bytes: Vec<u8>) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), Arc::new(bytes));
    }
}

#[derive(Debug)]
struct NoLock;

impl StorageLock for NoLock {}

impl Storage for Image {
    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        Ok(Some(Box::new(NoLock)))
    }

    fn list(&self, _dir: &Path) -> io::Result<Vec<String>> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let names = self.files.keys().chain(own.keys()).filter_map(|path| path.file_name()?.to_str());
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn len(&self, path: &Path) -> io::Result<Option<u64>> {
        Ok(self.find(path).map(|bytes| bytes.len() as u64))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Ok(self.find(path).ok_or(io::ErrorKind::NotFound)?.to_vec())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.put(path, bytes.to_vec());
        Ok(())
    }

    fn sync(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let bytes = self.find(from).ok_or(io::ErrorKind::NotFound)?;
        self.put(to, bytes.to_vec());
        Ok(())
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Backend> {
        let bytes = match (self.find(path), mode) {
            (Some(bytes), OpenMode::ReadOnly) => Bytes::Shared(bytes),
            (Some(bytes), OpenMode::Existing) => Bytes::Own(bytes.to_vec()),
            (None, OpenMode::CreateNew) => Bytes::Own(Vec::new()),
            (Some(_), OpenMode::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (None, OpenMode::ReadOnly | OpenMode::Existing) => return Err(io::ErrorKind::NotFound.into()),
        };
        Ok(Backend::new(Opened(Mutex::new(bytes))))
    }

    fn random(&self, out: &mut [u8]) -> io::Result<()> {
        out.fill(1);
        Ok(())
    }
}

/// A file that is open: of others' bytes until it is written.
#[derive(Debug)]
enum Bytes {
    Shared(Arc<Vec<u8>>),
    Own(Vec<u8>),
}

#[derive(Debug)]
struct Opened(Mutex<Bytes>);

impl Opened {
    fn with<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Bytes::Shared(bytes) => work(bytes),
            Bytes::Own(bytes) => work(bytes),
        }
    }

    fn change(&self, work: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Bytes::Shared(_) => Err(io::ErrorKind::PermissionDenied.into()),
            Bytes::Own(bytes) => {
                work(bytes);
                Ok(())
            }
        }
    }
}

impl redb::StorageBackend for Opened {
    fn len(&self) -> io::Result<u64> {
        Ok(self.with(|bytes| bytes.len() as u64))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        self.with(|bytes| {
            let end = start.checked_add(out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            out.copy_from_slice(bytes.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::StorageFull)?;
        self.change(|bytes| bytes.resize(len, 0))
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::StorageFull)?;
        self.change(|bytes| {
            bytes.resize(bytes.len().max(start + data.len()), 0);
            bytes[start..start + data.len()].copy_from_slice(data);
        })
    }

    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, redb::BackendError> {
        Ok(true)
    }

    fn try_lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, redb::BackendError> {
        Ok(true)
    }

    fn lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), redb::BackendError> {
        Ok(())
    }

    fn lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), redb::BackendError> {
        Ok(())
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), redb::BackendError> {
        Ok(())
    }

    fn query_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, redb::BackendError> {
        Ok(false)
    }
}
