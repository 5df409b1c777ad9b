//! The state of a simulated disk: files, names, and what of both is durable.
//!
//! It owns crash images. It must never forget an unsynced change before its sync. Invariant: the
//! visible contents are the durable ones with every pending change applied in order.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperationKind {
    /// Makes a directory.
    CreateDir,
    /// Takes a lock.
    Lock,
    /// Lists names.
    List,
    /// Asks for a length.
    Len,
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// Changes a length.
    SetLen,
    /// Makes contents durable.
    Sync,
    /// Makes names durable.
    SyncDir,
    /// Renames.
    Rename,
    /// Removes.
    Remove,
    /// Opens, making the file where that is asked.
    Open,
    /// Draws randomness.
    Random,
}

impl OperationKind {
    /// Whether a crash before it can leave another disk than a crash after it.
    #[must_use]
    pub const fn changes_disk(self) -> bool {
        match self {
            Self::Write | Self::SetLen | Self::Sync | Self::SyncDir | Self::Rename | Self::Remove | Self::Open => {
                true
            }
            Self::CreateDir | Self::Lock | Self::List | Self::Len | Self::Read | Self::Random => false,
        }
    }
}

/// An operation in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What it does.
    pub kind: OperationKind,
    /// To which file or directory; for a rename, the new name.
    pub path: PathBuf,
    /// From which byte.
    pub offset: u64,
    /// How many bytes.
    pub len: usize,
}

/// Which unsynced changes a crash leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashSurvival {
    /// None at all.
    Nothing,
    /// All of them.
    Everything,
    /// New names, and none of the bytes.
    Names,
    /// The bytes of files whose names are durable, and no new names.
    Bytes,
    /// New names, and of each file's changes the last alone.
    LastChange,
    /// New names, and of each file's changes all but the last.
    AllButLastChange,
    /// Any names up to a point, and any changes, chosen by this seed.
    Subset(u64),
    /// As with a subset, and each change in any of its sectors.
    Torn(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileId(usize);

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

#[derive(Clone, Debug)]
enum NameChange {
    Link(PathBuf, FileId),
    Rename(PathBuf, PathBuf),
    Unlink(PathBuf),
}

#[derive(Clone, Debug, Default)]
struct File {
    visible: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) log: Vec<Operation>,
    pub(super) fail_at: Option<(usize, io::ErrorKind)>,
    pub(super) crash_at: Option<usize>,
    pub(super) quota: Option<u64>,
    pub(super) lies: bool,
    pub(super) locks: BTreeSet<PathBuf>,
    files: Vec<File>,
    names: BTreeMap<PathBuf, FileId>,
    durable_names: BTreeMap<PathBuf, FileId>,
    pending_names: Vec<NameChange>,
    randomness: u64,
}

impl Disk {
    /// Logs an operation, and fails it where that was asked for.
    pub(super) fn begin(&mut self, kind: OperationKind, path: &Path, offset: u64, len: usize) -> io::Result<()> {
        let number = self.log.len();
        self.log.push(Operation { kind, path: path.to_owned(), offset, len });
        if self.crash_at.is_some_and(|crash| number >= crash) {
            return Err(io::Error::other("the power is off"));
        }
        match self.fail_at {
            Some((at, error)) if at == number => Err(error.into()),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn find(&self, path: &Path) -> Option<FileId> {
        self.names.get(path).copied()
    }

    pub(super) fn file(&self, file: FileId) -> &[u8] {
        &self.files[file.0].visible
    }

    pub(super) fn names(&self, dir: &Path) -> Vec<String> {
        self.names
            .keys()
            .filter(|path| path.parent() == Some(dir))
            .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
            .collect()
    }

    pub(super) fn create(&mut self, path: &Path) -> FileId {
        let file = FileId(self.files.len());
        self.files.push(File::default());
        self.change_name(NameChange::Link(path.to_owned(), file));
        file
    }

    pub(super) fn write(&mut self, file: FileId, offset: usize, data: &[u8]) -> io::Result<()> {
        self.change(file, Change::Write(offset, data.to_vec()))
    }

    pub(super) fn set_len(&mut self, file: FileId, len: usize) -> io::Result<()> {
        self.change(file, Change::SetLen(len))
    }

    pub(super) fn sync(&mut self, file: FileId) {
        if !self.lies {
            let file = &mut self.files[file.0];
            file.durable.clone_from(&file.visible);
            file.pending.clear();
        }
    }

    pub(super) fn sync_names(&mut self) {
        if !self.lies {
            self.durable_names = self.names.clone();
            self.pending_names.clear();
        }
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.find(from).ok_or(io::ErrorKind::NotFound)?;
        self.change_name(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.find(path).ok_or(io::ErrorKind::NotFound)?;
        self.change_name(NameChange::Unlink(path.to_owned()));
        Ok(())
    }

    pub(super) fn random(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = next_random(&mut self.randomness).to_le_bytes()[0];
        }
    }

    pub(super) fn corrupt(&mut self, path: &Path, offset: usize, change: impl FnOnce(u8) -> u8) {
        let file = self.find(path).expect("the file to corrupt is there");
        let file = &mut self.files[file.0];
        let byte = change(file.visible[offset]);
        file.visible[offset] = byte;
        file.durable.clone_from(&file.visible);
        file.pending.clear();
    }

    pub(super) fn truncate(&mut self, path: &Path, len: usize) {
        let file = self.find(path).expect("the file to cut is there");
        let file = &mut self.files[file.0];
        file.visible.truncate(len);
        file.durable.clone_from(&file.visible);
        file.pending.clear();
    }

    /// The disk after a crash, with what survives.
    pub(super) fn after_crash(&self, survival: CrashSurvival) -> Self {
        let mut seed = match survival {
            CrashSurvival::Subset(seed) | CrashSurvival::Torn(seed) => seed,
            CrashSurvival::Nothing
            | CrashSurvival::Everything
            | CrashSurvival::Names
            | CrashSurvival::Bytes
            | CrashSurvival::LastChange
            | CrashSurvival::AllButLastChange => 0,
        };
        let mut names = self.durable_names.clone();
        let kept = match survival {
            CrashSurvival::Nothing | CrashSurvival::Bytes => 0,
            CrashSurvival::Everything
            | CrashSurvival::Names
            | CrashSurvival::LastChange
            | CrashSurvival::AllButLastChange => self.pending_names.len(),
            CrashSurvival::Subset(_) | CrashSurvival::Torn(_) => below(&mut seed, self.pending_names.len() + 1),
        };
        for change in &self.pending_names[..kept] {
            apply_name(&mut names, change);
        }
        let files = self.files.iter().map(|file| file.after_crash(survival, &mut seed)).collect();
        Self { files, durable_names: names.clone(), names, randomness: self.randomness, ..Self::default() }
    }

    fn change(&mut self, id: FileId, change: Change) -> io::Result<()> {
        let used: usize = self.names.values().map(|file| self.files[file.0].visible.len()).sum();
        let file = &mut self.files[id.0];
        let new_len = match &change {
            Change::Write(offset, data) => file.visible.len().max(offset + data.len()),
            Change::SetLen(len) => *len,
        };
        let grown = new_len.saturating_sub(file.visible.len());
        if grown > 0 && self.quota.is_some_and(|quota| (used + grown) as u64 > quota) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        apply(&mut file.visible, &change);
        file.pending.push(change);
        Ok(())
    }

    fn change_name(&mut self, change: NameChange) {
        apply_name(&mut self.names, &change);
        self.pending_names.push(change);
    }
}

impl File {
    fn after_crash(&self, survival: CrashSurvival, seed: &mut u64) -> Self {
        let mut bytes = self.durable.clone();
        let count = self.pending.len();
        for (index, change) in self.pending.iter().enumerate() {
            let last = index + 1 == count;
            match survival {
                CrashSurvival::Nothing | CrashSurvival::Names => {}
                CrashSurvival::Everything | CrashSurvival::Bytes => apply(&mut bytes, change),
                CrashSurvival::LastChange if last => apply(&mut bytes, change),
                CrashSurvival::AllButLastChange if !last => apply(&mut bytes, change),
                CrashSurvival::LastChange | CrashSurvival::AllButLastChange => {}
                CrashSurvival::Subset(_) => {
                    if below(seed, 2) == 1 {
                        apply(&mut bytes, change);
                    }
                }
                CrashSurvival::Torn(_) => apply_torn(&mut bytes, change, seed),
            }
        }
        Self { visible: bytes.clone(), durable: bytes, pending: Vec::new() }
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(offset, data) => {
            if bytes.len() < offset + data.len() {
                bytes.resize(offset + data.len(), 0);
            }
            bytes[*offset..offset + data.len()].copy_from_slice(data);
        }
        Change::SetLen(len) => bytes.resize(*len, 0),
    }
}

fn apply_torn(bytes: &mut Vec<u8>, change: &Change, seed: &mut u64) {
    match change {
        Change::Write(offset, data) => {
            let mut start = 0;
            while start < data.len() {
                // Sectors are the disk's, not the write's.
                let end = (start + SECTOR_BYTES - (offset + start) % SECTOR_BYTES).min(data.len());
                if below(seed, 2) == 1 {
                    apply(bytes, &Change::Write(offset + start, data[start..end].to_vec()));
                }
                start = end;
            }
        }
        Change::SetLen(_) => {
            if below(seed, 2) == 1 {
                apply(bytes, change);
            }
        }
    }
}

fn apply_name(names: &mut BTreeMap<PathBuf, FileId>, change: &NameChange) {
    match change {
        NameChange::Link(path, file) => {
            names.insert(path.clone(), *file);
        }
        NameChange::Rename(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        NameChange::Unlink(path) => {
            names.remove(path);
        }
    }
}

/// Sebastiano Vigna's splitmix64: enough to choose survivors, and the same everywhere.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn below(state: &mut u64, bound: usize) -> usize {
    usize::try_from(next_random(state) % bound as u64).expect("below a usize")
}
