//! What goes into the journal comes out, on real files and on simulated ones.

mod common;

use common::{SHARDS, States, append, collect_sealed, config, recover, run};
use persistence::{FileStorage, Journal, JournalConfig, OpenError, SimulatedStorage, Storage};
use std::sync::Arc;

fn simulated(segment_bytes_max: u64) -> (SimulatedStorage, JournalConfig) {
    let storage = SimulatedStorage::new();
    let config = config(Arc::new(storage.clone()), "data", segment_bytes_max);
    (storage, config)
}

#[test]
fn appended_events_are_recovered_from_real_files() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = config(Arc::new(FileStorage), dir.path().join("journal"), 3_000);
    for transactions in [0, 1, 2, 9, 40] {
        let (acknowledged, result) = run(&config, transactions);
        assert_eq!((acknowledged, result), (transactions, Ok(())));
        let mut journal = Journal::open(config.clone()).expect("it opens");
        let (states, recovered) = recover(&mut journal).expect("it recovers");
        assert_eq!(states, States::after(transactions));
        assert_eq!(recovered.warnings, []);
    }
    let names = FileStorage.list(&config.dir).expect("it lists");
    assert!(names.iter().filter(|name| name.starts_with("segment-")).count() > 3, "{names:?}");
    let snapshots = names.iter().filter(|name| name.starts_with("snapshot-")).count();
    assert_eq!(snapshots, 2 * usize::from(SHARDS), "the newest two of each shard are kept: {names:?}");
}

#[test]
fn a_journal_that_is_dropped_without_closing_is_whole() {
    let (_, config) = simulated(3_000);
    let mut journal = Journal::open(config.clone()).expect("it opens");
    let epoch = journal.epoch();
    for transaction in 0..10 {
        append(&mut journal, transaction).expect("it appends");
    }
    drop(journal);
    let mut journal = Journal::open(config).expect("it opens again");
    assert_eq!(journal.epoch(), epoch);
    assert_eq!(recover(&mut journal).expect("it recovers").0, States::after(10));
}

#[test]
fn an_append_of_nothing_changes_nothing() {
    let (storage, config) = simulated(3_000);
    let mut journal = Journal::open(config).expect("it opens");
    let before = storage.operation_count();
    journal.append(&[]).expect("nothing is appended");
    assert_eq!(storage.operation_count(), before);
}

#[test]
#[should_panic(expected = "a shard's events are numbered without a gap")]
fn a_batch_that_skips_an_event_is_refused() {
    let (_, config) = simulated(3_000);
    let mut journal = Journal::open(config).expect("it opens");
    append(&mut journal, 0).expect("it appends");
    let _ = append(&mut journal, 2);
}

#[test]
fn sealed_segments_are_reported_once_and_never_change() {
    let (storage, config) = simulated(2_000);
    let mut journal = Journal::open(config.clone()).expect("it opens");
    let sealed = collect_sealed(&mut journal);
    let first = config.dir.join("segment-00000001.redb");
    let mut bytes = None;
    for transaction in 0..20 {
        append(&mut journal, transaction).expect("it appends");
        if !sealed.lock().expect("free").is_empty() {
            let now = storage.read(&first).expect("it is there");
            assert_eq!(bytes.get_or_insert_with(|| now.clone()), &now);
        }
    }
    recover(&mut journal).expect("it recovers");
    assert_eq!(bytes, Some(storage.read(&first).expect("it is there")));
    let numbers: Vec<u32> = sealed.lock().expect("free").iter().map(|segment| segment.number).collect();
    assert!(numbers.len() > 2, "{numbers:?}");
    assert!(numbers.iter().copied().eq(1..=u32::try_from(numbers.len()).expect("few")), "{numbers:?}");
    assert_eq!(journal.last_sealed(), sealed.lock().expect("free").last());
}

#[test]
fn a_second_open_is_refused_until_the_first_ends() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (_, memory) = simulated(3_000);
    for config in [config(Arc::new(FileStorage), dir.path(), 3_000), memory] {
        let first = Journal::open(config.clone()).expect("it opens");
        let refused = Journal::open(config.clone()).expect_err("it is refused");
        assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
        drop(first);
        Journal::open(config).expect("it opens now");
    }
}

#[test]
fn another_number_of_shards_is_refused() {
    let (storage, config) = simulated(3_000);
    assert_eq!(Journal::stored_shards(&storage, &config.dir).expect("it reads"), None);
    drop(Journal::open(config.clone()).expect("it opens"));
    assert_eq!(Journal::stored_shards(&storage, &config.dir).expect("it reads"), Some(SHARDS));
    let other = JournalConfig { shards: 3, ..config };
    let refused = Journal::open(other).expect_err("it is refused");
    assert!(matches!(refused, OpenError::Shards { stored: 2, asked: 3, .. }), "{refused}");
}

#[test]
fn a_missing_segment_or_manifest_is_refused() {
    for gone in ["segment-00000001.redb", "segment-00000002.redb", "MANIFEST"] {
        let (storage, config) = simulated(2_000);
        let (_, result) = run(&config, 20);
        assert_eq!(result, Ok(()));
        storage.remove(&config.dir.join(gone)).expect("it is there");
        let refused = Journal::open(config).expect_err("it is refused");
        assert!(refused.to_string().contains(gone), "{refused}");
    }
}

#[test]
fn an_old_manifest_beside_newer_segments_is_refused() {
    let (storage, config) = simulated(2_000);
    run(&config, 2).1.expect("it runs");
    let old = storage.read(&config.dir.join("MANIFEST")).expect("it is there");
    run(&config, 20).1.expect("it runs");
    storage.write(&config.dir.join("MANIFEST"), &old).expect("it is written");
    Journal::open(config).expect_err("it is refused");
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let (storage, config) = simulated(2_000);
    run(&config, 2).1.expect("it runs");
    let path = config.dir.join("MANIFEST");
    let text = String::from_utf8(storage.read(&path).expect("it is there")).expect("it is text");
    let body = text.split("hash ").next().expect("it has a body").replace("format 1\n", "format 3\n");
    let newer = format!("{body}hash {}\n", blake3::hash(body.as_bytes()).to_hex());
    storage.write(&path, newer.as_bytes()).expect("it is written");
    let refused = Journal::open(config).expect_err("it is refused");
    assert!(matches!(&refused, OpenError::Format { found, known: 2, .. } if found == "3"), "{refused}");
}
