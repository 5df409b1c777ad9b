//! What a disk must hold at each of its operations, as the workload tells it.
//!
//! Invariant: what is told holds from the operation after it on, until something else is told.

use persistence::SimulatedStorage;

/// The states that may be found after a crash at any operation.
#[derive(Clone, Debug, Default)]
pub struct Acknowledged {
    /// From which operation on, and which states.
    told: Vec<(usize, Vec<u128>)>,
}

impl Acknowledged {
    /// A disk on which any of these states may be found.
    pub fn any_of(states: Vec<u128>) -> Self {
        Self { told: vec![(0, states)] }
    }

    /// From here on this state is found and no other: it was acknowledged, or it was told to readers.
    pub fn stands(&mut self, disk: &SimulatedStorage, state: u128) {
        self.told.push((disk.operation_count(), vec![state]));
    }

    /// From here on this state may be found as well: the change to it has begun.
    pub fn under_way(&mut self, disk: &SimulatedStorage, state: u128) {
        let mut states = self.now().to_vec();
        states.push(state);
        self.told.push((disk.operation_count(), states));
    }

    /// What may be found after a crash just before this operation.
    pub fn before(&self, operation: usize) -> &[u128] {
        let count = self.told.partition_point(|(from, _)| *from <= operation);
        count.checked_sub(1).map_or(&[], |last| &self.told[last].1)
    }

    /// What may be found now.
    pub fn now(&self) -> &[u128] {
        self.told.last().map_or(&[], |(_, states)| states)
    }

    /// Whether the state was ever one that could be found.
    pub fn knows(&self, state: u128) -> bool {
        self.told.iter().any(|(_, states)| states.contains(&state))
    }
}
