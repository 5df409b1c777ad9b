//! Making snapshots in the background, once a segment is sealed and its rows are on disk.
//!
//! It runs recovery ahead of time on its own thread. It must never make a snapshot beyond what the
//! views hold on disk, since recovery takes the rows of a snapshot's orders from there. A snapshot
//! that cannot be made is reported and costs a longer recovery, nothing else.

use crate::projection::Projections;
use crate::shared::Shared;
use crossbeam::channel::{Receiver, RecvTimeoutError};
use engine::ShardConfig;
use model::ShardId;
use persistence::{JournalConfig, SealedSegment, snapshot};
use std::time::Duration;

/// How often the views are looked at while they lag (guess: the view writer's own pace).
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// The snapshot thread: runs until the journal thread ends.
pub(crate) fn run(
    config: &JournalConfig,
    shard_config: ShardConfig,
    projections: &Projections,
    (sealed, shared): (&Receiver<SealedSegment>, &Shared),
) {
    while let Ok(mut segment) = sealed.recv() {
        // The newest is the one that shortens recovery most.
        while let Ok(newer) = sealed.try_recv() {
            segment = newer;
        }
        while !views_hold(&segment, projections) {
            if shared.has_failed() || shared.is_stopping() {
                return;
            }
            match sealed.recv_timeout(LOOK_INTERVAL) {
                Ok(newer) => segment = newer,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        if let Err(error) = snapshot::make_ahead(config, shard_config, &segment) {
            tracing::warn!(%error, segment = segment.number, "a snapshot could not be made");
        }
    }
}

fn views_hold(segment: &SealedSegment, projections: &Projections) -> bool {
    segment.heads.iter().zip(0..).all(|(head, shard)| head.seq <= projections.stored(ShardId::new(shard)))
}
