//! A disk in memory that can fail, fill up and lose power.
//!
//! It owns the difference between what was written and what is durable. It must never be kinder
//! than a real disk: unsynced bytes may vanish, survive alone, or be torn. Invariant: equal
//! operations give an equal log and equal images, so that a crash can be repeated by its number.

mod disk;
mod moment;
mod operation;
mod pages;
mod survival;

pub use moment::Moment;
pub use operation::{FailureEffect, LyingSync, Operation, OperationKind};
pub use survival::{CrashSurvival, Tear};

use super::{Backend, OpenMode, Storage, StorageLock};
use disk::{Disk, Failure, FileId, State};
use std::io;
use std::path::Path;
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
        self.disk().log()
    }

    /// How many operations there were so far.
    #[must_use]
    pub fn operation_count(&self) -> usize {
        self.disk().log_len()
    }

    /// Keeps the disk as it was before each change from here on, for [`Self::history`].
    pub fn keep_history(&self) {
        self.disk().history = Some(Vec::new());
    }

    /// The disk before each operation that changed it since [`Self::keep_history`], and as it is: a
    /// crash at any operation of a run without a crash. None where no history is kept.
    #[must_use]
    pub fn history(&self) -> Vec<Moment> {
        let disk = self.disk();
        let Some(history) = &disk.history else { return Vec::new() };
        let now = (disk.log_len(), disk.state.clone());
        history.iter().cloned().chain([now]).map(|(operation, state)| Moment::new(operation, state)).collect()
    }

    /// Equal for disks whose files have equal names and bytes, and that draw equal randomness.
    #[must_use]
    pub fn fingerprint(&self) -> u128 {
        self.disk().state.fingerprint()
    }

    /// Lets the operation with this number fail once, without effect.
    pub fn fail_at(&self, operation: usize, error: io::ErrorKind) {
        self.fail_at_with(operation, error, FailureEffect::Nothing);
    }

    /// Lets the operation with this number fail once, after it had this effect.
    pub fn fail_at_with(&self, operation: usize, error: io::ErrorKind, effect: FailureEffect) {
        self.disk().failure = Some(Failure { operation, error, effect });
    }

    /// Lets every operation that changes the disk fail without effect from this number on, until
    /// [`Self::stop_failing`].
    pub fn fail_changes_from(&self, operation: usize, error: io::ErrorKind) {
        self.disk().fail_changes_from = Some((operation, error));
    }

    /// Lifts every fault that is not a crash.
    pub fn stop_failing(&self) {
        let mut disk = self.disk();
        disk.fail_changes_from = None;
        disk.failure = None;
    }

    /// Takes the power away before the operation with this number: it and all later ones fail.
    pub fn crash_at(&self, operation: usize) {
        self.disk().crash_at = Some(operation);
    }

    /// Limits the bytes of all files together; growing beyond fails as a full disk does.
    pub fn set_quota(&self, bytes: Option<u64>) {
        self.disk().quota = bytes;
    }

    /// The bytes of all files together, holes included.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.disk().state.used()
    }

    /// Lets syncs succeed without making anything durable, as a disk does that lies.
    pub fn set_lying_sync(&self, lies: LyingSync) {
        self.disk().lies = lies == LyingSync::On;
    }

    /// The disk as it is found after the power came back: a new one, without faults or locks.
    #[must_use]
    pub fn after_crash(&self, survival: CrashSurvival) -> Self {
        Self::of(self.disk().state.after_crash(survival))
    }

    /// The disk as the next process finds it when this one was killed and the machine runs on: every
    /// change is there, and what was not synced can still be lost.
    #[must_use]
    pub fn after_kill(&self) -> Self {
        Self::of(self.disk().state.clone())
    }

    /// Changes one byte of a file, durably and behind everyone's back.
    ///
    /// # Panics
    /// When there is no such file or byte.
    pub fn corrupt(&self, path: &Path, offset: usize, change: impl FnOnce(u8) -> u8) {
        self.disk().tamper(path, |contents| {
            let mut byte = [0];
            assert!(contents.read(offset, &mut byte), "the byte to corrupt is there");
            contents.write(offset, &[change(byte[0])]);
        });
    }

    /// Cuts a file, durably and behind everyone's back.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn truncate(&self, path: &Path, len: usize) {
        self.disk().tamper(path, |contents| contents.set_len(len.min(contents.len())));
    }

    fn of(state: State) -> Self {
        Self { disk: Arc::new(Mutex::new(Disk::of(state))) }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        // The disk is whole between operations, so a panic elsewhere does not spoil it.
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for SimulatedStorage {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk().begin(OperationKind::CreateDir, &dir.into(), (0, 0))?.read()
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        let path = path.into();
        let mut disk = self.disk();
        disk.begin(OperationKind::Lock, &path, (0, 0))?.read()?;
        if !disk.locks.insert(Arc::clone(&path)) {
            return Ok(None);
        }
        Ok(Some(Box::new(SimulatedLock { storage: self.clone(), path })))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut disk = self.disk();
        disk.begin(OperationKind::List, &dir.into(), (0, 0))?.read()?;
        Ok(disk.names(dir))
    }

    fn len(&self, path: &Path) -> io::Result<Option<u64>> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Len, &path.into(), (0, 0))?.read()?;
        Ok(disk.find(path).map(|file| disk.file(file).len() as u64))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Read, &path.into(), (0, 0))?.read()?;
        let file = disk.find(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(disk.file(file).to_vec())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let path = path.into();
        let mut disk = self.disk();
        let begun = disk.begin(OperationKind::Write, &path, (0, bytes.len()))?;
        let keep = match begun.effect() {
            None | Some(FailureEffect::Everything) => bytes.len(),
            Some(FailureEffect::Half) => bytes.len() / 2,
            Some(FailureEffect::Nothing | FailureEffect::GivenUp) => return begun.read(),
        };
        let file = match disk.find(&path) {
            Some(file) => file,
            None => disk.create(&path),
        };
        disk.set_len(file, 0)?;
        disk.write(file, 0, &bytes[..keep])?;
        begun.read()
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        let begun = disk.begin(OperationKind::Sync, &path.into(), (0, 0))?;
        let file = disk.find(path).ok_or(io::ErrorKind::NotFound)?;
        disk.finish_sync(file, begun)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        let begun = disk.begin(OperationKind::SyncDir, &dir.into(), (0, 0))?;
        begun.whole(|| {
            disk.sync_names(dir);
            Ok(())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let to = to.into();
        let mut disk = self.disk();
        let begun = disk.begin(OperationKind::Rename, &to, (0, 0))?;
        begun.whole(|| disk.rename(&from.into(), &to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let path = path.into();
        let mut disk = self.disk();
        let begun = disk.begin(OperationKind::Remove, &path, (0, 0))?;
        begun.whole(|| disk.remove(&path))
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Backend> {
        let path = path.into();
        let mut disk = self.disk();
        let begun = disk.begin(OperationKind::Open, &path, (0, 0))?;
        let file = match (disk.find(&path), mode) {
            (Some(_), OpenMode::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (None, OpenMode::CreateNew) => {
                begun.whole(|| {
                    disk.create(&path);
                    Ok(())
                })?;
                disk.find(&path).expect("made just now")
            }
            (Some(file), OpenMode::Existing | OpenMode::ReadOnly) => {
                begun.read()?;
                file
            }
            (None, OpenMode::Existing | OpenMode::ReadOnly) => return Err(io::ErrorKind::NotFound.into()),
        };
        Ok(Backend::new(SimulatedFile { storage: self.clone(), file, path, mode }))
    }

    fn available(&self, _: &Path) -> io::Result<u64> {
        let disk = self.disk();
        Ok(disk.quota.map_or(u64::MAX, |quota| quota.saturating_sub(disk.state.used())))
    }

    fn random(&self, out: &mut [u8]) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin(OperationKind::Random, &Path::new("").into(), (0, out.len()))?.read()?;
        disk.random(out);
        Ok(())
    }
}

#[derive(Debug)]
struct SimulatedLock {
    storage: SimulatedStorage,
    path: Arc<Path>,
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
    path: Arc<Path>,
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
        disk.begin(OperationKind::Len, &self.path, (0, 0))?.read()?;
        Ok(disk.file(self.file).len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut disk = self.storage.disk();
        disk.begin(OperationKind::Read, &self.path, (offset, out.len()))?.read()?;
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        if disk.file(self.file).read(offset, out) { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.writable()?;
        let mut disk = self.storage.disk();
        let bytes = usize::try_from(len).map_err(|_| io::ErrorKind::StorageFull)?;
        let begun = disk.begin(OperationKind::SetLen, &self.path, (0, bytes))?;
        begun.whole(|| disk.set_len(self.file, bytes))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.storage.disk();
        let begun = disk.begin(OperationKind::Sync, &self.path, (0, 0))?;
        disk.finish_sync(self.file, begun)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.writable()?;
        let mut disk = self.storage.disk();
        let begun = disk.begin(OperationKind::Write, &self.path, (offset, data.len()))?;
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::StorageFull)?;
        let keep = match begun.effect() {
            None | Some(FailureEffect::Everything) => data.len(),
            Some(FailureEffect::Half) => data.len() / 2,
            Some(FailureEffect::Nothing | FailureEffect::GivenUp) => return begun.read(),
        };
        disk.write(self.file, offset, &data[..keep])?;
        begun.read()
    }
}
