//! The parts of a running system, put together and not yet run.
//!
//! It owns who is connected to whom and with how many places between. Threads run these parts in loops
//! (`system`); a simulation steps the very same ones by hand (`stepping`).

use crate::capacities::Capacities;
use crate::clock::{Clock, Wall};
use crate::command_queue::CommandQueue;
use crate::conflate::Sizes;
use crate::handle::{Core, Life};
use crate::instruments::InstrumentDirectory;
use crate::journal_thread::{JournalThread, Pace};
use crate::lane::lane;
use crate::market_data::{BarBoard, MarketData};
use crate::projection::{ProjectionThread, Publication};
use crate::quotes::QuoteBoard;
use crate::recovery::Restored;
use crate::sequencer::Sequencer;
use crate::shard_thread::{Inputs, Outlet, ShardThread};
use crate::shared::Shared;
use crate::snapshotter::Snapshotter;
use crate::view_writer::ViewWriter;
use crate::waker::Sleeper;
use crate::way::Way;
use crate::{Durability, Keep, SystemConfig};
use crossbeam::channel::{bounded, unbounded};
use model::{ShardId, ShardSeq, TickSeq};
use persistence::{Catalogue, Epoch, Journal, JournalConfig};
use std::sync::Arc;

/// What parts stand in, beside their configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    pub(crate) wall: Wall,
    pub(crate) capacities: Capacities,
    pub(crate) hands: Hands,
}

/// How many threads recovery may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hands {
    /// As many as it has work for.
    #[default]
    Many,
    /// The caller's: what happens, and in which order, depends on nothing else.
    One,
}

/// What was read from files, before anything runs.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) journal: Option<(Journal, JournalConfig)>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) restored: Restored,
    pub(crate) epoch: Epoch,
    pub(crate) clock: Clock,
    pub(crate) instruments: Arc<InstrumentDirectory>,
    /// What the life before this one left, where there was one.
    pub(crate) before: Option<Arc<Shared>>,
}

/// Every part; each ends once those before it are gone.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) core: Arc<Core>,
    pub(crate) sequencer: Sequencer,
    pub(crate) shards: Vec<ShardThread>,
    pub(crate) journal: JournalThread,
    /// None where nothing is kept.
    pub(crate) snapshotter: Option<Snapshotter>,
    pub(crate) projection: ProjectionThread,
    pub(crate) view_writer: ViewWriter,
    pub(crate) market_data: MarketData,
}

/// Connects the parts.
pub(crate) fn assemble(config: &SystemConfig, capacities: &Capacities, opened: Opened) -> Parts {
    let Opened { journal, catalogue, restored, epoch, clock, instruments, before } = opened;
    let Restored { shards, folder } = restored;
    let heads: Vec<ShardSeq> = shards.iter().map(engine::Shard::seq).collect();
    let shared = Arc::new(match before {
        Some(before) => Shared::after(&before, clock, &heads),
        None => Shared::new(clock, &heads),
    });
    let projections = Arc::clone(&folder.projections);
    let quotes = Arc::new(QuoteBoard::new(config.shard.quote_age_max_ns));
    let bars = Arc::new(BarBoard::default());
    let (batch_sender, batches) = bounded(capacities.batches);
    let (rounds_sender, rounds) = bounded(capacities.rounds);
    let (writer, rows) = bounded(capacities.row_batches);
    let publication = match config.durability {
        Durability::Journal | Durability::Off => Publication::Durable,
        Durability::Behind => Publication::Ahead,
    };
    let rounds_way = Way::queued(rounds_sender);
    let ahead = (publication == Publication::Ahead).then(|| rounds_way.clone());
    let outlet = Outlet { journal: Way::queued(batch_sender), ahead };

    let mut lanes = Vec::new();
    let mut queues = Vec::new();
    let mut threads = Vec::new();
    for (shard, id) in shards.into_iter().zip(0..) {
        let sleeper = Sleeper::new();
        let (sender, ticks) = lane(capacities.ticks, Sizes::AsPrinted, sleeper.waker());
        let commands = Arc::new(CommandQueue::new(capacities.commands, sleeper.waker()));
        lanes.push(sender);
        queues.push(Arc::clone(&commands));
        let inputs = Inputs { ticks, commands, sleeper };
        let outlet = outlet.clone();
        threads.push(ShardThread::new((ShardId::new(id), shard), inputs, outlet, Arc::clone(&shared)));
    }
    let sleeper = Sleeper::new();
    let (sender, ticks) = lane(capacities.ticks, Sizes::Summed, sleeper.waker());
    lanes.push(sender);
    let market_data = MarketData { ticks, board: Arc::clone(&bars), shared: Arc::clone(&shared), sleeper };

    let life = Life { shared: Arc::clone(&shared), queues, projections: Arc::clone(&projections) };
    let boards = (Arc::clone(&quotes), bars);
    let core = Arc::new(Core::new(life, boards, (catalogue, instruments, epoch), config.space));
    let (journal, snapshotter) = connect_snapshots(config, journal, (&projections, &shared));
    Parts {
        core,
        sequencer: Sequencer {
            lanes,
            overflow: config.overflow,
            quotes,
            shared: Arc::clone(&shared),
            last: TickSeq::new(0),
            nows: Vec::new(),
            relay: Arc::default(),
        },
        shards: threads,
        journal: JournalThread {
            shared: Arc::clone(&shared),
            journal,
            batches,
            rounds: rounds_way,
            publication,
            pace: Pace::default(),
        },
        snapshotter,
        projection: ProjectionThread { folder, shared: Arc::clone(&shared), rounds, writer, publication },
        view_writer: ViewWriter { projections, shared, wait_max: config.views_wait, rows, publication },
        market_data,
    }
}

fn connect_snapshots(
    config: &SystemConfig,
    journal: Option<(Journal, JournalConfig)>,
    (projections, shared): (&Arc<crate::projection::Projections>, &Arc<Shared>),
) -> (Option<Journal>, Option<Snapshotter>) {
    let Some((mut journal, journal_config)) = journal else { return (None, None) };
    let (sealed_sender, sealed) = unbounded();
    // The last segment may have been sealed just before the end of the last run.
    journal.last_sealed().into_iter().for_each(|segment| drop(sealed_sender.send(segment.clone())));
    journal.on_sealed(Box::new(move |segment| drop(sealed_sender.send(segment.clone()))));
    let trimmer = match config.keep {
        Keep::Whole => None,
        Keep::Snapshots => Some(journal.trimmer()),
    };
    let snapshotter = Snapshotter {
        config: journal_config,
        shard: config.shard,
        projections: Arc::clone(projections),
        shared: Arc::clone(shared),
        sealed,
        trimmer,
    };
    (Some(journal), Some(snapshotter))
}
