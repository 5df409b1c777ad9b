//! What is asked of a simulated disk, as its log tells it.
//!
//! It owns the kinds of operations and of failures. It must never know what a disk holds.

use std::path::PathBuf;

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

/// What an operation did before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureEffect {
    /// Nothing.
    Nothing,
    /// All of it: only the answer was lost.
    Everything,
    /// A write stopped half-way; anything else did nothing.
    Half,
    /// A sync gave its changes up: they are read until the power goes, and no later sync saves them.
    /// Anything else did nothing.
    GivenUp,
}

/// Whether syncs are honest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LyingSync {
    /// They say done and do nothing.
    On,
    /// They do what they say.
    Off,
}
