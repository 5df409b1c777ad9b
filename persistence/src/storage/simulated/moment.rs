//! A disk as it was at one operation.
//!
//! It owns nothing but that state. It must never change it: any number of crashes are made from one.

use super::SimulatedStorage;
use super::disk::{Change, State};
use super::survival::{CrashSurvival, sectors};

/// A disk as it was just before an operation.
#[derive(Clone, Debug)]
pub struct Moment {
    operation: usize,
    state: State,
}

impl Moment {
    pub(super) fn new(operation: usize, state: State) -> Self {
        Self { operation, state }
    }

    /// The number of the operation.
    #[must_use]
    pub fn operation(&self) -> usize {
        self.operation
    }

    /// How many changes were not synced.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.state.pending().len()
    }

    /// How many sectors of the disk an unsynced write touches; none for another change.
    ///
    /// # Panics
    /// When there are not so many changes.
    #[must_use]
    pub fn sectors(&self, change: usize) -> usize {
        match &self.state.pending()[change] {
            Change::Write { offset, data, .. } => sectors(*offset, data.bytes().len()),
            Change::SetLen { .. } | Change::Link { .. } | Change::Rename { .. } | Change::Unlink { .. } => 0,
        }
    }

    /// How many unsynced changes were of names.
    #[must_use]
    pub fn pending_names(&self) -> usize {
        self.state.pending().iter().filter(|change| change.is_name()).count()
    }

    /// The bytes of all files together, holes included.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.state.used()
    }

    /// The disk when the power went here, as [`SimulatedStorage::after_crash`].
    #[must_use]
    pub fn after_crash(&self, survival: CrashSurvival) -> SimulatedStorage {
        SimulatedStorage::of(self.state.after_crash(survival))
    }

    /// The disk when the process was killed here, as [`SimulatedStorage::after_kill`].
    #[must_use]
    pub fn after_kill(&self) -> SimulatedStorage {
        SimulatedStorage::of(self.state.clone())
    }
}
