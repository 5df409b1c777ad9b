//! The witness breaks the silence where the end of a journal is gone, and what trimming removes is
//! never missed.

mod common;

use common::{Digest, SHARDS, States, append, collect_sealed, config, recover};
use model::{Event, ShardId, ShardImage, ShardSeq};
use persistence::storage::{CrashSurvival, OperationKind};
use persistence::{
    Corruption, Journal, JournalConfig, OpenError, RecoverError, RecoveryVisitor, SimulatedStorage, Storage,
    snapshot,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn path(name: &str) -> PathBuf {
    Path::new("data").join(name)
}

fn on(storage: &SimulatedStorage, segment_bytes_max: u64) -> JournalConfig {
    config(Arc::new(storage.clone()), "data", segment_bytes_max)
}

/// The disk of a process that died: nothing was closed.
fn killed(storage: &SimulatedStorage) -> SimulatedStorage {
    storage.after_crash(CrashSurvival::Everything)
}

fn journal_with(storage: &SimulatedStorage, transactions: u64) -> Journal {
    let mut journal = Journal::open(on(storage, 1 << 20)).expect("it opens");
    for transaction in 0..transactions {
        append(&mut journal, transaction).expect("it appends");
    }
    journal
}

/// Puts an older file in place of the one that stands.
fn put_back(storage: &SimulatedStorage, from: &SimulatedStorage, name: &str) {
    let bytes = from.read(&path(name)).expect("it is there");
    storage.write(&path(name), &bytes).expect("it is written");
}

#[test]
fn the_end_of_a_journal_that_is_gone_is_refused_by_name() {
    let storage = SimulatedStorage::new();
    let mut journal = journal_with(&storage, 4);
    let older = killed(&storage);
    append(&mut journal, 4).expect("it appends");
    let image = killed(&storage);
    // As if the pages of the last commit had rotted: the database would go back to the one before.
    put_back(&image, &older, "segment-00000001.redb");
    let refused = Journal::open(on(&image, 1 << 20)).expect_err("it is refused");
    let OpenError::Corrupt {
        corruption: Corruption::Gone { segment, shard, expected_seq, actual_seq, .. }, ..
    } = &refused
    else {
        panic!("{refused}");
    };
    // Four transactions make six and two events, the fifth two and one more.
    assert_eq!((*segment, *shard, *expected_seq, *actual_seq), (1, 0, 8, 6), "{refused}");
    assert!(refused.to_string().contains("acknowledged rows are gone"), "{refused}");
}

#[test]
fn a_disk_that_lied_about_a_sync_is_noticed_once_the_witness_reached_it() {
    let storage = SimulatedStorage::new();
    let mut journal = journal_with(&storage, 3);
    let honest = killed(&storage);
    storage.set_lying_sync(persistence::storage::LyingSync::On);
    for transaction in 3..6 {
        append(&mut journal, transaction).expect("the disk says that it is done");
    }
    // Power is lost: of what was never synced the system had written back the witness alone.
    let image = killed(&storage);
    put_back(&image, &honest, "segment-00000001.redb");
    let refused = Journal::open(on(&image, 1 << 20)).expect_err("it is refused");
    assert!(matches!(&refused, OpenError::Corrupt { corruption: Corruption::Gone { .. }, .. }), "{refused}");
}

#[test]
fn rows_beyond_the_witness_are_kept() {
    let storage = SimulatedStorage::new();
    let mut journal = journal_with(&storage, 4);
    let older = killed(&storage);
    append(&mut journal, 4).expect("it appends");
    let image = killed(&storage);
    put_back(&image, &older, "WITNESS");
    let mut journal = Journal::open(on(&image, 1 << 20)).expect("it opens");
    assert_eq!(recover(&mut journal).expect("it recovers").0, States::after(5));
}

#[test]
fn a_witness_that_is_missing_or_torn_is_made_anew_and_one_of_another_journal_is_refused() {
    let storage = SimulatedStorage::new();
    let journal = journal_with(&storage, 3);
    drop(journal);
    let image = killed(&storage);
    image.remove(&path("WITNESS")).expect("it is there");
    drop(Journal::open(on(&image, 1 << 20)).expect("it opens"));
    assert!(image.len(&path("WITNESS")).expect("it answers").is_some());

    let image = killed(&storage);
    image.corrupt(&path("WITNESS"), 40, |byte| byte ^ 1);
    image.corrupt(&path("WITNESS"), 4_096 + 40, |byte| byte ^ 1);
    drop(Journal::open(on(&image, 1 << 20)).expect("it opens"));

    let other = SimulatedStorage::new();
    other.random(&mut [0; 8]).expect("it draws");
    drop(journal_with(&other, 3));
    let image = killed(&storage);
    put_back(&image, &other, "WITNESS");
    let refused = Journal::open(on(&image, 1 << 20)).expect_err("it is refused");
    assert!(matches!(refused, OpenError::WitnessForeign { .. }), "{refused}");
}

#[test]
fn one_torn_slot_leaves_the_other_to_speak() {
    let storage = SimulatedStorage::new();
    let mut journal = journal_with(&storage, 4);
    let older = killed(&storage);
    append(&mut journal, 4).expect("it appends");
    append(&mut journal, 5).expect("it appends");
    for slot in [0, 4_096] {
        let image = killed(&storage);
        image.corrupt(&path("WITNESS"), slot + 60, |byte| byte ^ 0x10);
        put_back(&image, &older, "segment-00000001.redb");
        Journal::open(on(&image, 1 << 20)).expect_err("either slot has seen more");
    }
}

#[test]
fn a_witness_that_cannot_be_written_poisons_the_journal() {
    // Equal operations have equal numbers: the first run tells where the witness is written.
    let storage = SimulatedStorage::new();
    drop(journal_with(&storage, 5));
    let rows = |storage: &SimulatedStorage| {
        let operations = storage.operations();
        let is_write = |index: &usize| {
            let operation = &operations[*index];
            operation.kind == OperationKind::Write && operation.path.ends_with("WITNESS")
        };
        (0..operations.len()).filter(is_write).collect::<Vec<usize>>()
    };
    let last = *rows(&storage).last().expect("it is written");
    let storage = SimulatedStorage::new();
    storage.fail_at(last, std::io::ErrorKind::Other);
    let mut journal = journal_with(&storage, 4);
    append(&mut journal, 4).expect_err("it fails");
    assert!(journal.is_poisoned());
}

/// Segments of a few rows, with a snapshot at each end.
const SMALL: u64 = 900;

/// Appends with snapshots as segments are sealed, trimming as a system does that keeps no more than
/// it needs.
fn trimmed(storage: &SimulatedStorage, transactions: u64) -> Journal {
    let config = on(storage, SMALL);
    let mut journal = Journal::open(config.clone()).expect("it opens");
    let sealed = collect_sealed(&mut journal);
    let trimmer = journal.trimmer();
    for transaction in 0..transactions {
        append(&mut journal, transaction).expect("it appends");
        for segment in std::mem::take(&mut *sealed.lock().expect("no panic holds it")) {
            snapshot::make_ahead_with(&config, &segment, Digest::restore).expect("it is made");
            if let Some(covered) = snapshot::covered(&config).expect("it reads") {
                trimmer.request(covered);
            }
        }
    }
    journal
}

fn segments(storage: &SimulatedStorage) -> Vec<String> {
    let names = storage.list(Path::new("data")).expect("it lists");
    names.into_iter().filter(|name| name.starts_with("segment-")).collect()
}

#[test]
fn a_trimmed_journal_recovers_from_its_snapshots() {
    let storage = SimulatedStorage::new();
    let journal = trimmed(&storage, 20);
    assert!(journal.first_segment() > 2, "{}", journal.first_segment());
    assert!(!segments(&storage).contains(&"segment-00000001.redb".to_owned()));
    drop(journal);
    let mut journal = Journal::open(on(&storage, SMALL)).expect("it opens");
    assert_eq!(recover(&mut journal).expect("it recovers").0, States::after(20));
    append(&mut journal, 20).expect("it appends");
    assert_eq!(recover(&mut journal).expect("it recovers").0, States::after(21));
}

#[test]
fn only_what_two_good_snapshots_of_every_shard_cover_is_offered() {
    let storage = SimulatedStorage::new();
    let config = on(&storage, SMALL);
    let mut journal = Journal::open(config.clone()).expect("it opens");
    let sealed = collect_sealed(&mut journal);
    let mut offered = Vec::new();
    for transaction in 0..20 {
        append(&mut journal, transaction).expect("it appends");
        for segment in std::mem::take(&mut *sealed.lock().expect("no panic holds it")) {
            assert_eq!(snapshot::covered(&config).expect("it reads"), offered.last().copied());
            snapshot::make_ahead_with(&config, &segment, Digest::restore).expect("it is made");
            let covered = snapshot::covered(&config).expect("it reads");
            assert_eq!(
                covered,
                (segment.number > 1).then(|| segment.number - 1),
                "the newest is one snapshot only"
            );
            offered.extend(covered);
        }
    }
    let names = storage.list(Path::new("data")).expect("it lists");
    let newest = names.iter().rfind(|name| name.starts_with("snapshot-00001-")).expect("it is there");
    storage.corrupt(&path(newest), 100, |byte| byte ^ 1);
    assert_eq!(snapshot::covered(&config).expect("it reads"), None, "one good snapshot is not enough");
}

#[test]
fn what_a_crash_leaves_of_trimming_is_removed_at_the_next_start() {
    let whole = SimulatedStorage::new();
    let config = on(&whole, SMALL);
    let mut journal = Journal::open(config.clone()).expect("it opens");
    let sealed = collect_sealed(&mut journal);
    for transaction in 0..20 {
        append(&mut journal, transaction).expect("it appends");
        for segment in std::mem::take(&mut *sealed.lock().expect("no panic holds it")) {
            snapshot::make_ahead_with(&config, &segment, Digest::restore).expect("it is made");
        }
    }
    let covered = snapshot::covered(&config).expect("it reads").expect("some are");
    let before = whole.operation_count();
    assert!(journal.trim(covered).expect("it trims") > 0);
    let operations = whole.operation_count() - before;
    drop(journal);
    // The same again, with the power going off before each of its operations.
    for point in 0..=operations {
        let storage = SimulatedStorage::new();
        let config = on(&storage, SMALL);
        let mut journal = Journal::open(config.clone()).expect("it opens");
        let sealed = collect_sealed(&mut journal);
        for transaction in 0..20 {
            append(&mut journal, transaction).expect("it appends");
            for segment in std::mem::take(&mut *sealed.lock().expect("no panic holds it")) {
                snapshot::make_ahead_with(&config, &segment, Digest::restore).expect("it is made");
            }
        }
        storage.crash_at(storage.operation_count() + point);
        let _ = journal.trim(covered);
        for survival in [CrashSurvival::Nothing, CrashSurvival::Everything, CrashSurvival::Names] {
            let image = storage.after_crash(survival);
            let mut journal = Journal::open(on(&image, SMALL)).expect("it opens");
            assert_eq!(recover(&mut journal).expect("it recovers").0, States::after(20), "{point}, {survival:?}");
            let first = journal.first_segment();
            let expected = usize::try_from(u64::from(last_of(&journal) - first)).expect("few") + 1;
            assert_eq!(segments(&image).len(), expected, "nothing that is not listed is left");
        }
    }
}

fn last_of(journal: &Journal) -> u32 {
    journal.last_sealed().map_or(1, |sealed| sealed.number + 1)
}

/// Counts, and tells nothing.
struct Count(Vec<u64>);

impl RecoveryVisitor for Count {
    fn begin(&mut self, _shard: ShardId, image: &ShardImage) {
        self.0.push(image.seq.get());
    }

    fn event(&mut self, _shard: ShardId, _seq: ShardSeq, _event: &Event) {}
}

#[test]
fn without_its_snapshots_a_trimmed_journal_is_refused() {
    let storage = SimulatedStorage::new();
    drop(trimmed(&storage, 20));
    let mut journal = Journal::open(on(&storage, SMALL)).expect("it opens");
    let mut count = Count(Vec::new());
    journal.replay(&mut count).expect("it begins with the oldest snapshots");
    assert!(count.0.iter().all(|seq| *seq > 0) && count.0.len() == usize::from(SHARDS), "{:?}", count.0);
    for name in storage.list(Path::new("data")).expect("it lists") {
        if name.starts_with("snapshot-00001-") {
            storage.remove(&path(&name)).expect("it is there");
        }
    }
    let refused = journal.recover(&mut Count(Vec::new())).expect_err("it is refused");
    assert!(matches!(refused, RecoverError::Trimmed { shard: 1, .. }), "{refused}");
}
