//! The state of a simulated disk: files, names, and what of both is durable.
//!
//! It owns every unsynced change. It must never forget one before its sync. Invariant: the visible
//! contents and names are the durable ones with every pending change applied in order, except for
//! what a failed sync gave up.

use super::operation::{FailureEffect, Operation, OperationKind};
use super::pages::{Contents, PAGE_BYTES, Page, fingerprint};
use super::survival::next_random;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileId(usize);

/// The bytes of a write; a whole page is shared with every disk that has it.
#[derive(Clone, Debug)]
pub(super) enum Written {
    Page(Arc<Page>),
    Bytes(Arc<[u8]>),
}

impl Written {
    fn of(offset: usize, data: &[u8]) -> Self {
        match <&[u8; PAGE_BYTES]>::try_from(data) {
            Ok(page) if offset.is_multiple_of(PAGE_BYTES) => Self::Page(Page::of(*page)),
            Ok(_) | Err(_) => Self::Bytes(data.into()),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Page(page) => page.bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// A change that a crash may undo.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { file: FileId, offset: usize, data: Written },
    SetLen { file: FileId, len: usize },
    Link { path: Arc<Path>, file: FileId },
    Rename { from: Arc<Path>, to: Arc<Path>, file: FileId },
    Unlink { path: Arc<Path>, file: FileId },
}

impl Change {
    pub(super) fn is_name(&self) -> bool {
        match self {
            Self::Write { .. } | Self::SetLen { .. } => false,
            Self::Link { .. } | Self::Rename { .. } | Self::Unlink { .. } => true,
        }
    }

    pub(super) fn file(&self) -> FileId {
        match self {
            Self::Write { file, .. }
            | Self::SetLen { file, .. }
            | Self::Link { file, .. }
            | Self::Rename { file, .. }
            | Self::Unlink { file, .. } => *file,
        }
    }

    /// Makes a change of bytes durable.
    fn save(&self, file: &mut File) {
        match self {
            Self::Write { offset, data, .. } => file.durable.write(*offset, data.bytes()),
            Self::SetLen { len, .. } => file.durable.set_len(*len),
            Self::Link { .. } | Self::Rename { .. } | Self::Unlink { .. } => {}
        }
    }

    /// The directory whose sync makes it durable.
    fn dir(&self) -> Option<&Path> {
        match self {
            Self::Write { .. } | Self::SetLen { .. } => None,
            Self::Link { path, .. } | Self::Unlink { path, .. } | Self::Rename { to: path, .. } => path.parent(),
        }
    }
}

#[derive(Clone, Debug, Default)]
struct File {
    visible: Contents,
    durable: Contents,
    /// Whether a failed sync gave changes up, so that what is visible can never become durable whole.
    given_up: bool,
}

type Names = BTreeMap<Arc<Path>, FileId>;

/// Everything that a disk holds; clones are cheap.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    files: Vec<File>,
    names: Arc<Names>,
    durable_names: Arc<Names>,
    /// In the order in which they were made.
    pending: Vec<Change>,
    randomness: u64,
}

impl State {
    pub(super) fn pending(&self) -> &[Change] {
        &self.pending
    }

    /// The disk without any pending change.
    pub(super) fn durable_alone(&self) -> Self {
        let alone = |file: &File| File { visible: file.durable.clone(), ..File::default() };
        Self {
            files: self.files.iter().map(alone).collect(),
            names: Arc::clone(&self.durable_names),
            durable_names: Arc::default(),
            pending: Vec::new(),
            randomness: self.randomness,
        }
    }

    /// Makes durable what is visible.
    pub(super) fn settle(&mut self) {
        for file in &mut self.files {
            file.durable = file.visible.clone();
        }
        self.durable_names = Arc::clone(&self.names);
        self.pending.clear();
    }

    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Write { file, offset, data: Written::Page(page) } => {
                self.files[file.0].visible.put(*offset, page);
            }
            Change::Write { file, offset, data: Written::Bytes(bytes) } => self.write_bytes(*file, *offset, bytes),
            Change::SetLen { file, len } => self.files[file.0].visible.set_len(*len),
            Change::Link { path, file } => {
                Arc::make_mut(&mut self.names).insert(Arc::clone(path), *file);
            }
            // The new name stands for the file even where the crash lost the old one.
            Change::Rename { from, to, file } => {
                let names = Arc::make_mut(&mut self.names);
                if names.get(from) == Some(file) {
                    names.remove(from);
                }
                names.insert(Arc::clone(to), *file);
            }
            Change::Unlink { path, file } => {
                let names = Arc::make_mut(&mut self.names);
                if names.get(path) == Some(file) {
                    names.remove(path);
                }
            }
        }
    }

    pub(super) fn write_bytes(&mut self, file: FileId, offset: usize, data: &[u8]) {
        self.files[file.0].visible.write(offset, data);
    }

    /// Equal for disks that no operation can tell apart, with or without a crash.
    pub(super) fn fingerprint(&self) -> u128 {
        let mut bytes = self.randomness.to_le_bytes().to_vec();
        for (path, file) in &*self.names {
            bytes.extend_from_slice(path.as_os_str().as_encoded_bytes());
            bytes.push(0);
            bytes.extend_from_slice(&self.files[file.0].visible.fingerprint().to_le_bytes());
        }
        if !self.pending.is_empty() || self.files.iter().any(|file| file.given_up) {
            for (path, file) in &*self.durable_names {
                bytes.extend_from_slice(path.as_os_str().as_encoded_bytes());
                bytes.push(0);
                bytes.extend_from_slice(&file.0.to_le_bytes());
            }
            for file in &self.files {
                bytes.extend_from_slice(&file.durable.fingerprint().to_le_bytes());
            }
            bytes.extend_from_slice(format!("{:?}", self.pending).as_bytes());
        }
        fingerprint(&bytes)
    }

    /// The bytes of all files that have a name, holes included.
    pub(super) fn used(&self) -> u64 {
        self.names.values().map(|file| self.files[file.0].visible.len() as u64).sum()
    }
}

#[derive(Debug)]
struct LogEntry {
    kind: OperationKind,
    path: Arc<Path>,
    offset: u64,
    len: usize,
}

/// A failure that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    pub(super) operation: usize,
    pub(super) error: io::ErrorKind,
    pub(super) effect: FailureEffect,
}

/// What becomes of an operation that has begun.
#[must_use]
pub(super) struct Begun(Option<Failure>);

impl Begun {
    /// For an operation that changes nothing: fails where that was asked for.
    pub(super) fn read(self) -> io::Result<()> {
        self.0.map_or(Ok(()), |failure| Err(failure.error.into()))
    }

    pub(super) fn effect(&self) -> Option<FailureEffect> {
        self.0.map(|failure| failure.effect)
    }

    /// Runs what is done whole or not at all.
    pub(super) fn whole(self, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match self.effect() {
            None | Some(FailureEffect::Everything) => work()?,
            Some(FailureEffect::Nothing | FailureEffect::Half | FailureEffect::GivenUp) => {}
        }
        self.read()
    }
}

/// A disk, what was asked of it, and how it is to fail.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) state: State,
    pub(super) failure: Option<Failure>,
    pub(super) fail_changes_from: Option<(usize, io::ErrorKind)>,
    pub(super) crash_at: Option<usize>,
    pub(super) quota: Option<u64>,
    pub(super) lies: bool,
    pub(super) locks: BTreeSet<Arc<Path>>,
    /// The state before each operation that changed it, where it is kept.
    pub(super) history: Option<Vec<(usize, State)>>,
    log: Vec<LogEntry>,
}

impl Disk {
    pub(super) fn of(state: State) -> Self {
        Self { state, ..Self::default() }
    }

    /// Logs an operation, and fails it where that was asked for.
    pub(super) fn begin(
        &mut self,
        kind: OperationKind,
        path: &Arc<Path>,
        range: (u64, usize),
    ) -> io::Result<Begun> {
        let operation = self.log.len();
        self.log.push(LogEntry { kind, path: Arc::clone(path), offset: range.0, len: range.1 });
        if self.crash_at.is_some_and(|crash| operation >= crash) {
            return Err(io::Error::other("the power is off"));
        }
        if let Some((from, error)) = self.fail_changes_from
            && from <= operation
            && kind.changes_disk()
        {
            return Err(error.into());
        }
        Ok(Begun(self.failure.filter(|failure| failure.operation == operation)))
    }

    pub(super) fn log(&self) -> Vec<Operation> {
        let told = |entry: &LogEntry| Operation {
            kind: entry.kind,
            path: entry.path.to_path_buf(),
            offset: entry.offset,
            len: entry.len,
        };
        self.log.iter().map(told).collect()
    }

    pub(super) fn log_len(&self) -> usize {
        self.log.len()
    }

    pub(super) fn find(&self, path: &Path) -> Option<FileId> {
        self.state.names.get(path).copied()
    }

    pub(super) fn file(&self, file: FileId) -> &Contents {
        &self.state.files[file.0].visible
    }

    pub(super) fn names(&self, dir: &Path) -> Vec<String> {
        let inside = self.state.names.keys().filter(|path| path.parent() == Some(dir));
        inside.filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect()
    }

    pub(super) fn create(&mut self, path: &Arc<Path>) -> FileId {
        let file = FileId(self.state.files.len());
        self.remember();
        self.state.files.push(File::default());
        self.change(Change::Link { path: Arc::clone(path), file });
        file
    }

    pub(super) fn write(&mut self, file: FileId, offset: usize, data: &[u8]) -> io::Result<()> {
        let end = offset.checked_add(data.len()).ok_or(io::ErrorKind::StorageFull)?;
        self.make_room(file, end)?;
        self.change(Change::Write { file, offset, data: Written::of(offset, data) });
        Ok(())
    }

    pub(super) fn set_len(&mut self, file: FileId, len: usize) -> io::Result<()> {
        self.make_room(file, len)?;
        self.change(Change::SetLen { file, len });
        Ok(())
    }

    pub(super) fn sync(&mut self, id: FileId) {
        self.remember();
        if self.lies {
            return;
        }
        let is_saved = |change: &Change| !change.is_name() && change.file() == id;
        let file = &mut self.state.files[id.0];
        if file.given_up {
            self.state.pending.iter().filter(|change| is_saved(change)).for_each(|change| change.save(file));
        } else {
            file.durable = file.visible.clone();
        }
        self.state.pending.retain(|change| !is_saved(change));
    }

    /// A sync that failed for good: what it should have saved is still read, and never written.
    fn give_up(&mut self, id: FileId) {
        self.remember();
        self.state.pending.retain(|change| change.is_name() || change.file() != id);
        self.state.files[id.0].given_up = true;
    }

    /// Ends a sync as it began.
    pub(super) fn finish_sync(&mut self, file: FileId, begun: Begun) -> io::Result<()> {
        match begun.effect() {
            None | Some(FailureEffect::Everything) => self.sync(file),
            Some(FailureEffect::GivenUp) => self.give_up(file),
            Some(FailureEffect::Nothing | FailureEffect::Half) => {}
        }
        begun.read()
    }

    pub(super) fn sync_names(&mut self, dir: &Path) {
        self.remember();
        if self.lies {
            return;
        }
        let of_dir = |path: &Path| path.parent() == Some(dir);
        self.state.pending.retain(|change| change.dir() != Some(dir));
        let durable = Arc::make_mut(&mut self.state.durable_names);
        durable.retain(|path, _| !of_dir(path));
        let visible = self.state.names.iter().filter(|(path, _)| of_dir(path));
        durable.extend(visible.map(|(path, file)| (Arc::clone(path), *file)));
    }

    pub(super) fn rename(&mut self, from: &Arc<Path>, to: &Arc<Path>) -> io::Result<()> {
        let file = self.find(from).ok_or(io::ErrorKind::NotFound)?;
        self.change(Change::Rename { from: Arc::clone(from), to: Arc::clone(to), file });
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Arc<Path>) -> io::Result<()> {
        let file = self.find(path).ok_or(io::ErrorKind::NotFound)?;
        self.change(Change::Unlink { path: Arc::clone(path), file });
        Ok(())
    }

    pub(super) fn random(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = next_random(&mut self.state.randomness).to_le_bytes()[0];
        }
    }

    /// Changes a file durably and behind everyone's back.
    pub(super) fn tamper(&mut self, path: &Path, change: impl FnOnce(&mut Contents)) {
        let file = self.find(path).expect("the file to damage is there");
        self.state.pending.retain(|change| change.is_name() || change.file() != file);
        let file = &mut self.state.files[file.0];
        change(&mut file.visible);
        file.durable = file.visible.clone();
        file.given_up = false;
    }

    fn make_room(&self, id: FileId, new_len: usize) -> io::Result<()> {
        let Some(quota) = self.quota else { return Ok(()) };
        let grown = new_len.saturating_sub(self.state.files[id.0].visible.len());
        if grown > 0 && (self.state.used() + grown as u64) > quota {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn change(&mut self, change: Change) {
        self.remember();
        self.state.apply(&change);
        self.state.pending.push(change);
    }

    /// Keeps the state as it was before the operation at hand, where that was asked for.
    fn remember(&mut self) {
        let operation = self.log.len().saturating_sub(1);
        if let Some(history) = &mut self.history
            && history.last().is_none_or(|(last, _)| *last != operation)
        {
            history.push((operation, self.state.clone()));
        }
    }
}
