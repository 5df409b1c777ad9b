//! Finishing what a crash may have cut off between two stores, before any thread runs.
//!
//! The catalogue names portfolios and instruments before the shards know them. Here shards are sent
//! what they lack, and it becomes durable like anything else. Invariant: afterwards every shard has
//! the same instruments, every portfolio of the catalogue is open, and one that was put away has no
//! open order.

use crate::clock::Clock;
use crate::instruments::InstrumentDirectory;
use crate::recovery::Restored;
use crate::shared::lock;
use crate::system::StartError;
use model::limits::EVENTS_PER_BATCH_MAX;
use model::{Command, Event, Instrument, InstrumentId, Origin, Request, ShardId, ShardSeq, SubmittedBy, UserId};
use persistence::{Catalogue, Journal, PortfolioRow, ShardBatch};
use std::collections::BTreeMap;

/// Sends every shard what it lacks, and fills the directory.
pub(crate) fn complete(
    restored: &mut Restored,
    journal: Option<&mut Journal>,
    catalogue: &Catalogue,
    (clock, directory): (&Clock, &InstrumentDirectory),
) -> Result<(), StartError> {
    let shards = u16::try_from(restored.shards.len()).expect("shards are counted in 16 bits");
    // Where a crash left two shards with two versions, the first shard's stands.
    let mut instruments: BTreeMap<InstrumentId, Instrument> = BTreeMap::new();
    for shard in (0..shards).map(ShardId::new) {
        for (id, instrument) in restored.folder.instruments(shard) {
            instruments.entry(*id).or_insert_with(|| instrument.clone());
        }
    }
    let mut requests = redefined(restored, &instruments);
    let told = |row: &PortfolioRow| {
        let shard = usize::from(row.id.shard(shards).get());
        requests[shard].extend(unfinished(restored, row));
    };
    catalogue.all_portfolios(told).map_err(|error| StartError::open("the catalogue", error))?;
    let mut missing: Vec<Missing> = Vec::new();
    for (shard, requests) in (0..shards).map(ShardId::new).zip(requests) {
        missing.extend(apply(restored, shard, clock, &requests));
    }
    if let Some(journal) = journal {
        let rows: Vec<ShardBatch<'_>> = missing.iter().flat_map(Missing::rows).collect();
        journal.append(&rows).map_err(|error| StartError::open("the journal", error))?;
    }
    for missing in &missing {
        for event in &missing.events {
            restored.folder.fold(missing.shard, std::slice::from_ref(event));
        }
    }
    let markers =
        missing.iter().map(|missing| (missing.shard, restored.shards[usize::from(missing.shard.get())].seq()));
    let rows = restored.folder.take_rows(markers.collect());
    restored.folder.projections.write(&rows).map_err(|error| StartError::open("the views", error))?;
    for instrument in instruments.into_values() {
        directory.insert(instrument);
    }
    Ok(())
}

/// Events of one shard that are not durable yet.
struct Missing {
    shard: ShardId,
    first_seq: ShardSeq,
    time: model::Time,
    events: Vec<Event>,
}

impl Missing {
    fn rows(&self) -> impl Iterator<Item = ShardBatch<'_>> {
        let mut first_seq = self.first_seq;
        self.events.chunks(EVENTS_PER_BATCH_MAX).map(move |events| {
            let row = ShardBatch { shard: self.shard, first_seq, time: self.time, events };
            first_seq = ShardSeq::new(first_seq.get() + events.len() as u64);
            row
        })
    }
}

/// For each shard the instruments that it lacks, or has otherwise than the others.
fn redefined(restored: &Restored, instruments: &BTreeMap<InstrumentId, Instrument>) -> Vec<Vec<Request<Command>>> {
    let shards = (0..).map(ShardId::new).take(restored.shards.len());
    let lacking = shards.map(|shard| {
        let known = restored.folder.instruments(shard);
        let new = instruments.values().filter(|instrument| known.get(&instrument.id) != Some(instrument));
        new.map(|instrument| request(UserId::new(0), Command::DefineInstrument(instrument.clone()))).collect()
    });
    lacking.collect()
}

/// What was begun with a portfolio in the catalogue and not finished in its shard: it was made, or put away before
/// the last of its orders ended.
fn unfinished(restored: &Restored, row: &PortfolioRow) -> Option<Request<Command>> {
    let Some(state) = restored.folder.projections.portfolio(row.id) else {
        let open = Command::OpenPortfolio {
            portfolio: row.id,
            currency: row.currency,
            starting_balance: row.starting_balance,
            limits: row.limits,
            profile: Box::new(row.profile),
        };
        return Some(request(row.user, open));
    };
    let has_orders = row.archived && lock(&state).view().open_orders > 0;
    has_orders.then(|| request(row.user, Command::CancelAll { portfolio: row.id, symbol: None }))
}

fn request(user: UserId, command: Command) -> Request<Command> {
    Request { by: SubmittedBy { user, origin: Origin::System }, command }
}

fn apply(
    restored: &mut Restored,
    shard: ShardId,
    clock: &Clock,
    requests: &[Request<Command>],
) -> Option<Missing> {
    let engine = &mut restored.shards[usize::from(shard.get())];
    let first_seq = engine.seq().next();
    let mut events = Vec::new();
    for request in requests {
        let now = clock.now(engine.now());
        let reply = engine.apply(request, now, &mut events);
        tracing::info!(%shard, ?reply, "a shard was sent what it lacked");
    }
    (!events.is_empty()).then(|| Missing { shard, first_seq, time: engine.now(), events })
}
