//! Real files.
//!
//! It owns the translation of [`Storage`] to the operating system. It must never retry an
//! operation that failed. Invariant: a lock is held by at most one process at a time.

use super::{Backend, OpenMode, Storage, StorageLock, parent};
use rand::TryRngCore;
use redb::backends::FileBackend;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

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
        FileBackend::new(file).map(Backend::new).map_err(io::Error::other)
    }

    fn random(&self, out: &mut [u8]) -> io::Result<()> {
        rand::rngs::OsRng.try_fill_bytes(out).map_err(io::Error::other)
    }
}
