//! A disk in memory that can fail, fill up and lose power.
//!
//! It owns the difference between what was written and what is durable. It must never be kinder
//! than a real disk: unsynced bytes may vanish, survive alone, or be torn. Invariant: equal
//! operations give an equal log and equal images, so that a crash can be repeated by its number.

mod disk;

pub use disk::{CrashSurvival, Operation, OperationKind};

use super::{Backend, OpenMode, Storage, StorageLock};
use disk::{Disk, FileId};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct SimulatedStorage {
    disk: Arc<Mutex<Disk>>,
}

impl SimulatedStorage {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every operation so far, in order; its place is its number, from 0.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        self.disk().log.clone()
    }

    /// How many operations there were so far.
    #[must_use]
    pub fn operation_count(&self) -> usize {
        self.disk().log.len()
    }

    /// Lets the operation with this number fail once, without effect.
    pub fn fail_at(&self, operation: usize, error: io::ErrorKind) {
        self.disk().fail_at = Some((operation, error));
    }

    /// Takes the power away before the operation with this number: it and all later ones fail.
    pub fn crash_at(&self, operation: usize) {
        self.disk().crash_at = Some(operation);
    }

    /// Limits the bytes of all files together; growing beyond fails as a full disk does.
    pub fn set_quota(&self, bytes: Option<u64>) {
        self.disk().quota = bytes;
    }

    /// Lets syncs succeed without making anything durable, as a disk does that lies.
    pub fn set_lying_sync(&self, lies: LyingSync) {
        self.disk().lies = lies == LyingSync::On;
    }

    /// The disk as it is found after the power came back: a new one, without faults or locks.
    #[must_use]
    pub fn after_crash(&self, survival: CrashSurvival) -> Self {
        Self { disk: Arc::new(Mutex::new(self.disk().after_crash(survival))) }
    }

    /// Changes one byte of a file, durably and behind everyone's back.
    ///
    /// # Panics
    /// When there is no such file or byte.
    pub fn corrupt(&self, path: &Path, offset: usize, change: impl FnOnce(u8) -> u8) {
        self.disk().corrupt(path, offset, change);
    }

    /// Cuts a file, durably and behind everyone's back.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn truncate(&self, path: &Path, len: usize) {
        self.disk().truncate(path, len);
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        // The disk is whole between operations, so a panic elsewhere does not spoil it.
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether syncs are honest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LyingSync {
    /// They say done and do nothing.
    On,
    /// They do what they say.
    Off,
}

impl Storage for SimulatedStorage {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk().begin(OperationKind::CreateDir, dir, 0, 0)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Lock, path, 0, 0)?;
        if !disk.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(SimulatedLock { storage: self.clone(), path: path.to_owned() })))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut disk = self.disk();
        disk.begin(OperationKind::List, dir, 0, 0)?;
        Ok(disk.names(dir))
    }

    fn len(&self, path: &Path) -> io::Result<Option<u64>> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Len, path, 0, 0)?;
        Ok(disk.find(path).map(|file| disk.file(file).len() as u64))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Read, path, 0, 0)?;
        let file = disk.find(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(disk.file(file).to_vec())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Write, path, 0, bytes.len())?;
        let file = match disk.find(path) {
            Some(file) => file,
            None => disk.create(path),
        };
        disk.set_len(file, 0)?;
        disk.write(file, 0, bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Sync, path, 0, 0)?;
        let file = disk.find(path).ok_or(io::ErrorKind::NotFound)?;
        disk.sync(file);
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin(OperationKind::SyncDir, dir, 0, 0)?;
        disk.sync_names();
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Rename, to, 0, 0)?;
        disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Remove, path, 0, 0)?;
        disk.remove(path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Backend> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Open, path, 0, 0)?;
        let file = match (disk.find(path), mode) {
            (Some(_), OpenMode::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (None, OpenMode::CreateNew) => disk.create(path),
            (Some(file), OpenMode::Existing | OpenMode::ReadOnly) => file,
            (None, OpenMode::Existing | OpenMode::ReadOnly) => return Err(io::ErrorKind::NotFound.into()),
        };
        Ok(Backend::new(SimulatedFile { storage: self.clone(), file, path: path.to_owned(), mode }))
    }

    fn random(&self, out: &mut [u8]) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Random, Path::new(""), 0, out.len())?;
        disk.random(out);
        Ok(())
    }
}

#[derive(Debug)]
struct SimulatedLock {
    storage: SimulatedStorage,
    path: PathBuf,
}

impl StorageLock for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        self.storage.disk().locks.remove(&self.path);
    }
}

#[derive(Debug)]
struct SimulatedFile {
    storage: SimulatedStorage,
    file: FileId,
    path: PathBuf,
    mode: OpenMode,
}

impl SimulatedFile {
    fn writable(&self) -> io::Result<()> {
        match self.mode {
            OpenMode::CreateNew | OpenMode::Existing => Ok(()),
            OpenMode::ReadOnly => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

impl redb::StorageBackend for SimulatedFile {
    fn len(&self) -> io::Result<u64> {
        let mut disk = self.storage.disk();
        disk.begin(OperationKind::Len, &self.path, 0, 0)?;
        Ok(disk.file(self.file).len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut disk = self.storage.disk();
        disk.begin(OperationKind::Read, &self.path, offset, out.len())?;
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = offset.checked_add(out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        let bytes = disk.file(self.file).get(offset..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.writable()?;
        let mut disk = self.storage.disk();
        let bytes = usize::try_from(len).map_err(|_| io::ErrorKind::StorageFull)?;
        disk.begin(OperationKind::SetLen, &self.path, 0, bytes)?;
        disk.set_len(self.file, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.storage.disk();
        disk.begin(OperationKind::Sync, &self.path, 0, 0)?;
        disk.sync(self.file);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.writable()?;
        let mut disk = self.storage.disk();
        disk.begin(OperationKind::Write, &self.path, offset, data.len())?;
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::StorageFull)?;
        disk.write(self.file, offset, data)
    }
}
