//! A damaged journal is told of exactly, and what is whole of it makes a new one.

mod common;
#[path = "common/market.rs"]
mod market;

use common::{Digest, States, append, collect_sealed, config, recover};
use market::{Market, shard_config};
use model::{Event, ShardId, ShardImage, ShardSeq, Time};
use persistence::salvage::{SalvageError, Until, copy, plan};
use persistence::storage::CrashSurvival;
use persistence::{
    Corruption, Journal, JournalConfig, RecoveryVisitor, ShardBatch, SimulatedStorage, Source, Storage, snapshot,
};
use std::path::Path;
use std::sync::Arc;

const SMALL: u64 = 900;

fn on(storage: &SimulatedStorage, dir: &str) -> JournalConfig {
    config(Arc::new(storage.clone()), dir, SMALL)
}

fn source(storage: &SimulatedStorage) -> Source {
    let storage: Arc<dyn Storage> = Arc::new(storage.clone());
    Source::open(storage, Path::new("data"), 1 << 20).expect("it reads").expect("it is there")
}

/// Twenty transactions in several segments, and one byte of the row of this shard that begins at this
/// event changed. Says in which segment it lies.
fn damaged(storage: &SimulatedStorage, shard: u16, first_seq: u64) -> u32 {
    let mut journal = Journal::open(on(storage, "data")).expect("it opens");
    let sealed = collect_sealed(&mut journal);
    for transaction in 0..20 {
        append(&mut journal, transaction).expect("it appends");
    }
    journal.close().expect("it closes");
    let before = |segment: &persistence::SealedSegment| segment.heads[usize::from(shard)].seq.get() < first_seq;
    let number =
        sealed.lock().expect("no panic holds it").iter().take_while(|segment| before(segment)).count() + 1;
    let path = Path::new("data").join(format!("segment-{number:08}.redb"));
    let bytes = storage.read(&path).expect("it is there");
    let is_row = |at: &usize| {
        bytes[*at..].starts_with(b"PTJB")
            && bytes[at + 8..at + 10] == shard.to_le_bytes()
            && bytes[at + 16..at + 24] == first_seq.to_le_bytes()
    };
    // Pages are copied before they are changed: every copy of the row is damaged.
    let rows: Vec<usize> = (0..bytes.len() - 24).filter(is_row).collect();
    assert!(!rows.is_empty(), "the row is there");
    rows.into_iter().for_each(|row| storage.corrupt(&path, row + 120, |byte| byte ^ 1));
    u32::try_from(number).expect("few")
}

#[test]
fn the_damaged_row_is_told_and_everything_before_it_makes_a_new_journal() {
    let storage = SimulatedStorage::new();
    // The first shard's rows begin at 1, 3, 4, 6, 7 and so on: two events and one in turn.
    let segment = damaged(&storage, 0, 16);
    let untouched = storage.after_crash(CrashSurvival::Everything);
    let found = source(&storage).inspect(&mut States::default()).expect("memory does not fail");
    let [Corruption::Hash { segment: named, shard: 0, seq: 16, .. }] = found.damage[..] else {
        panic!("{:?}", found.damage);
    };
    assert_eq!(named, segment);
    assert_eq!((found.whole_until(0).get(), found.whole_until(1).get()), (15, 10));
    let refused = match Journal::open(on(&storage, "data")) {
        Ok(mut journal) => journal.recover(&mut States::default()).expect_err("it is refused").to_string(),
        Err(error) => error.to_string(),
    };
    assert!(refused.contains("shard 0, batch 16"), "{refused}");

    let source = source(&untouched);
    let plan = plan(&source, &Until::default()).expect("it plans");
    assert_eq!(plan.until, [ShardSeq::new(15), ShardSeq::new(10)]);
    let epoch = copy(&source, &plan, on(&untouched, "rescued")).expect("it copies");
    assert_ne!(epoch, source.epoch(), "clients learn that the past changed");
    let mut journal = Journal::open(on(&untouched, "rescued")).expect("it opens");
    let (states, _) = recover(&mut journal).expect("it recovers");
    assert_eq!(states.0, [Digest::of(0, 15), Digest::of(1, 10)]);
    let writes = untouched.operations().into_iter().filter(|operation| {
        operation.kind.changes_disk() && operation.kind != persistence::storage::OperationKind::Open
    });
    assert!(writes.into_iter().all(|write| write.path.starts_with("rescued")), "the damaged one is only read");
}

#[test]
fn an_end_is_chosen_for_every_shard_or_for_one() {
    let storage = SimulatedStorage::new();
    damaged(&storage, 0, 16);
    let source = source(&storage);
    let every = plan(&source, &Until { every: Some(7), shards: vec![(1, 4)] }).expect("it plans");
    assert_eq!(every.until, [ShardSeq::new(7), ShardSeq::new(4)]);
    copy(&source, &every, on(&storage, "rescued")).expect("it copies");
    let mut journal = Journal::open(on(&storage, "rescued")).expect("it opens");
    assert_eq!(recover(&mut journal).expect("it recovers").0.0, [Digest::of(0, 7), Digest::of(1, 4)]);
    drop(journal);
    let again = copy(&source, &every, on(&storage, "rescued")).expect_err("there is one");
    assert!(matches!(again, SalvageError::Occupied { .. }), "{again}");
    let behind = plan(&source, &Until { every: None, shards: vec![(0, 16)] }).expect_err("it is damaged");
    assert!(matches!(behind, SalvageError::BehindDamage { shard: 0, whole: 15, asked: 16 }), "{behind}");
    let nobody = plan(&source, &Until { every: None, shards: vec![(9, 1)] }).expect_err("there is none");
    assert!(matches!(nobody, SalvageError::Shard { shard: 9, shards: 2 }), "{nobody}");
}

/// Folds what a start tells into shards.
struct Fold(Vec<engine::Shard>);

impl RecoveryVisitor for Fold {
    fn begin(&mut self, _shard: ShardId, image: &ShardImage) {
        self.0.push(engine::Shard::restore(shard_config(), image));
    }

    fn event(&mut self, shard: ShardId, _seq: ShardSeq, event: &Event) {
        self.0[usize::from(shard.get())].fold(event);
    }
}

#[test]
fn portfolios_after_a_salvage_stand_as_the_events_up_to_there_make_them() {
    let storage = SimulatedStorage::new();
    let config = |dir: &str| JournalConfig { shards: 1, ..on(&storage, dir) };
    let mut journal =
        Journal::open(JournalConfig { segment_bytes_max: 20_000, ..config("data") }).expect("it opens");
    let mut events = Vec::new();
    let mut market = Market::open(2, &mut events);
    for _ in 0..200 {
        market.step(&mut events);
    }
    let mut first_seq = ShardSeq::new(1);
    for events in events.chunks(5) {
        let time = Time::from_seconds(1_700_000_000);
        journal.append(&[ShardBatch { shard: ShardId::new(0), first_seq, time, events }]).expect("it appends");
        first_seq = ShardSeq::new(first_seq.get() + events.len() as u64);
    }
    let last = journal.last_sealed().expect("some are sealed").clone();
    snapshot::make_ahead(&config("data"), shard_config(), &last).expect("it is made");
    journal.close().expect("it closes");

    let source = source(&storage);
    // In the middle of a row.
    let plan = plan(&source, &Until { every: Some(123), shards: Vec::new() }).expect("it plans");
    copy(&source, &plan, config("rescued")).expect("it copies");
    let mut fold = Fold(Vec::new());
    Journal::open(config("rescued")).expect("it opens").recover(&mut fold).expect("it recovers");
    let mut expected = engine::Shard::new(shard_config());
    events[..123].iter().for_each(|event| expected.fold(event));
    assert_eq!(fold.0[0].image(), expected.image());
}
