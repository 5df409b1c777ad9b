//! Making snapshots in the background, once a segment is sealed and its rows are on disk.
//!
//! It runs recovery ahead of time on its own thread. It must never make a snapshot beyond what the
//! views hold on disk, since recovery begins the views where their rows end, nor offer a
//! segment for removal that two verified snapshots of every shard do not cover. A snapshot that
//! cannot be made is reported and costs a longer recovery, nothing else.

use crate::projection::Projections;
use crate::shared::Shared;
use crossbeam::channel::{Receiver, RecvTimeoutError};
use engine::ShardConfig;
use model::ShardId;
use persistence::{JournalConfig, SealedSegment, Trimmer, snapshot};
use std::sync::Arc;
use std::time::Duration;

/// How often the views are looked at while they lag (guess: the view writer's own pace).
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// The snapshot thread's state.
#[derive(Debug)]
pub(crate) struct Snapshotter {
    pub(crate) config: JournalConfig,
    pub(crate) shard: ShardConfig,
    pub(crate) projections: Arc<Projections>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) sealed: Receiver<SealedSegment>,
    /// Where segments are offered for removal; `None` where the whole journal is kept.
    pub(crate) trimmer: Option<Trimmer>,
}

impl Snapshotter {
    /// Runs until the journal thread ends.
    pub(crate) fn run(self) {
        while let Ok(mut segment) = self.sealed.recv() {
            // The newest is the one that shortens recovery most.
            while let Ok(newer) = self.sealed.try_recv() {
                segment = newer;
            }
            while !self.views_hold(&segment) {
                if self.shared.has_failed() || self.shared.is_stopping() {
                    return;
                }
                match self.sealed.recv_timeout(LOOK_INTERVAL) {
                    Ok(newer) => segment = newer,
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            self.make(&segment);
        }
    }

    /// Makes the snapshots of this segment, and offers for removal what they make dispensable; the
    /// views must hold the segment.
    pub(crate) fn make(&self, segment: &SealedSegment) {
        match snapshot::make_ahead(&self.config, self.shard, segment) {
            Ok(()) => self.offer(),
            Err(error) => tracing::warn!(%error, segment = segment.number, "a snapshot could not be made"),
        }
    }

    fn offer(&self) {
        let Some(trimmer) = &self.trimmer else { return };
        match snapshot::covered(&self.config) {
            Ok(Some(through)) => trimmer.request(through),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "nothing is trimmed: the snapshots could not be read back"),
        }
    }

    /// Whether the rows of this segment are on disk.
    pub(crate) fn views_hold(&self, segment: &SealedSegment) -> bool {
        let stored = |shard| self.projections.stored(ShardId::new(shard));
        segment.heads.iter().zip(0..).all(|(head, shard)| head.seq <= stored(shard))
    }
}
