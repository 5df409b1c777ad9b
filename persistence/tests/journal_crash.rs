//! Power loss before every operation, and every operation failing once: nothing that was
//! acknowledged is lost, and no transaction is found in part.

mod common;

use common::{States, append, config, recover, run};
use persistence::storage::{CrashSurvival, LyingSync};
use persistence::{Journal, JournalConfig, SimulatedStorage};
use std::io;
use std::sync::Arc;

const TRANSACTIONS: u64 = 9;
/// Small enough that the workload seals segments and makes snapshots.
const SEGMENT_BYTES: u64 = 900;

const SURVIVALS: [CrashSurvival; 10] = [
    CrashSurvival::Nothing,
    CrashSurvival::Everything,
    CrashSurvival::Names,
    CrashSurvival::Bytes,
    CrashSurvival::LastChange,
    CrashSurvival::AllButLastChange,
    CrashSurvival::Subset(1),
    CrashSurvival::Subset(2),
    CrashSurvival::Torn(3),
    CrashSurvival::Torn(4),
];

fn on(storage: &SimulatedStorage) -> JournalConfig {
    config(Arc::new(storage.clone()), "data", SEGMENT_BYTES)
}

/// What is found must be what was acknowledged, or that and the one transaction under way.
fn check(storage: &SimulatedStorage, acknowledged: u64) -> Result<u64, String> {
    let mut journal = Journal::open(on(storage)).map_err(|error| error.to_string())?;
    let (states, _) = recover(&mut journal).map_err(|error| error.to_string())?;
    let found = [acknowledged, acknowledged + 1]
        .into_iter()
        .find(|count| States::after(*count) == states)
        .ok_or_else(|| format!("acknowledged {acknowledged}, found {states:?}"))?;
    append(&mut journal, found).map_err(|error| error.to_string())?;
    let (states, _) = recover(&mut journal).map_err(|error| error.to_string())?;
    if states != States::after(found + 1) {
        return Err(format!("after one more: {states:?}"));
    }
    Ok(found)
}

/// The numbers of the operations at which a crash makes a difference.
fn crash_points() -> Vec<usize> {
    let storage = SimulatedStorage::new();
    assert_eq!(run(&on(&storage), TRANSACTIONS), (TRANSACTIONS, Ok(())));
    let operations = storage.operations();
    (0..operations.len()).filter(|index| operations[*index].kind.changes_disk()).collect()
}

#[test]
fn a_crash_before_any_operation_loses_nothing_acknowledged() {
    let points = crash_points();
    let mut images = 0;
    for point in &points {
        let storage = SimulatedStorage::new();
        storage.crash_at(*point);
        let (acknowledged, _) = run(&on(&storage), TRANSACTIONS);
        for survival in SURVIVALS {
            let image = storage.after_crash(survival);
            let checked = check(&image, acknowledged);
            assert!(checked.is_ok(), "crash before operation {point}, {survival:?} survives: {checked:?}");
            images += 1;
        }
    }
    assert!(images > 1_000, "only {images} images of {} points", points.len());
}

#[test]
fn a_second_crash_during_recovery_loses_nothing_acknowledged() {
    for point in crash_points().into_iter().skip(1).step_by(29) {
        let first = SimulatedStorage::new();
        first.crash_at(point);
        let (acknowledged, _) = run(&on(&first), TRANSACTIONS);
        let whole = first.after_crash(CrashSurvival::Torn(5));
        let found = check(&whole, acknowledged).expect("one crash is survived");
        let operations = whole.operations();
        for second in (0..operations.len()).filter(|index| operations[*index].kind.changes_disk()) {
            let image = first.after_crash(CrashSurvival::Torn(5));
            image.crash_at(second);
            // The power may go off only as the journal is let go, after one more was acknowledged.
            let acknowledged = check(&image, acknowledged).map_or(acknowledged, |found| found + 1);
            for survival in [CrashSurvival::Nothing, CrashSurvival::Everything, CrashSurvival::Torn(6)] {
                let again = image.after_crash(survival);
                let mut journal = Journal::open(on(&again))
                    .unwrap_or_else(|error| panic!("crash {point}, then {second}, {survival:?}: {error}"));
                let (states, _) = recover(&mut journal).expect("it recovers");
                assert!(
                    (acknowledged..=found + 1).any(|count| States::after(count) == states),
                    "crash {point}, then {second}, {survival:?}: {states:?}"
                );
            }
        }
    }
}

#[test]
fn every_operation_may_fail_once() {
    let storage = SimulatedStorage::new();
    assert_eq!(run(&on(&storage), TRANSACTIONS), (TRANSACTIONS, Ok(())));
    for operation in 0..storage.operation_count() {
        for error in [io::ErrorKind::Other, io::ErrorKind::StorageFull] {
            let storage = SimulatedStorage::new();
            storage.fail_at(operation, error);
            let (acknowledged, _) = run(&on(&storage), TRANSACTIONS);
            // Failed writes may or may not be on the disk; nothing is lost either way.
            let checked = check(&storage, acknowledged);
            assert!(checked.is_ok(), "operation {operation} failed with {error:?}: {checked:?}");
        }
    }
}

#[test]
fn after_a_failed_append_nothing_more_is_written() {
    let storage = SimulatedStorage::new();
    let mut journal = Journal::open(on(&storage)).expect("it opens");
    append(&mut journal, 0).expect("it appends");
    storage.fail_at(storage.operation_count() + 1, io::ErrorKind::Other);
    append(&mut journal, 1).expect_err("it fails");
    assert!(journal.is_poisoned());
    let count = storage.operation_count();
    let refused = append(&mut journal, 1).expect_err("it is poisoned");
    assert!(matches!(refused, persistence::AppendError::Poisoned), "{refused}");
    assert_eq!(storage.operation_count(), count);
}

#[test]
fn a_full_disk_loses_nothing_acknowledged_and_heals_when_there_is_space() {
    let storage = SimulatedStorage::new();
    assert_eq!(run(&on(&storage), TRANSACTIONS), (TRANSACTIONS, Ok(())));
    let whole: u64 = 16 << 20;
    for quota in (0..whole).step_by(256 << 10) {
        let storage = SimulatedStorage::new();
        storage.set_quota(Some(quota));
        let (acknowledged, _) = run(&on(&storage), TRANSACTIONS);
        storage.set_quota(None);
        let checked = check(&storage, acknowledged);
        assert!(checked.is_ok(), "{quota} bytes: {checked:?}");
    }
}

#[test]
fn a_disk_that_lies_about_syncing_is_noticed_by_these_proofs() {
    let mut lost = 0;
    for point in crash_points().into_iter().step_by(7) {
        let storage = SimulatedStorage::new();
        storage.set_lying_sync(LyingSync::On);
        storage.crash_at(point);
        let (acknowledged, _) = run(&on(&storage), TRANSACTIONS);
        let image = storage.after_crash(CrashSurvival::Nothing);
        lost += u32::from(acknowledged > 0 && check(&image, acknowledged).is_err());
    }
    assert!(lost > 0, "a lying disk must make a proof fail");
}
