//! Damage to any byte is noticed, or changes nothing: never another past, never a panic.

mod common;

use common::{States, append, config, recover, run};
use persistence::storage::CrashSurvival;
use persistence::{Journal, JournalConfig, SimulatedStorage, Storage};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const TRANSACTIONS: u64 = 9;

fn on(storage: &SimulatedStorage) -> JournalConfig {
    config(Arc::new(storage.clone()), "data", 1_500)
}

fn path(name: &str) -> PathBuf {
    Path::new("data").join(name)
}

/// A closed journal with sealed segments and snapshots.
fn closed() -> SimulatedStorage {
    let storage = SimulatedStorage::new();
    assert_eq!(run(&on(&storage), TRANSACTIONS), (TRANSACTIONS, Ok(())));
    storage
}

/// Panics inside the database are expected here, and their messages are of no use.
fn silently<T>(work: impl FnOnce() -> T) -> T {
    std::panic::set_hook(Box::new(|_| {}));
    let value = work();
    let _ = std::panic::take_hook();
    value
}

/// What a start makes of the files: `Ok(true)` when it finds exactly what was written, and an error
/// when it refuses.
fn start(storage: &SimulatedStorage) -> Result<bool, String> {
    let mut journal = Journal::open(on(storage)).map_err(|error| error.to_string())?;
    let (states, _) = recover(&mut journal).map_err(|error| error.to_string())?;
    Ok(states == States::after(TRANSACTIONS))
}

/// Damages each of these bytes in a file of its own and says how many were refused.
fn damage_each(whole: &SimulatedStorage, file: &Path, offsets: impl Iterator<Item = usize>) -> (usize, usize) {
    let (mut refused, mut harmless) = (0, 0);
    for offset in offsets {
        let storage = whole.after_crash(CrashSurvival::Everything);
        // One bit, another one at each place.
        storage.corrupt(file, offset, |byte| byte ^ (1 << (offset % 8)));
        let started = std::panic::catch_unwind(|| start(&storage));
        match started {
            Ok(Err(_)) => refused += 1,
            Ok(Ok(true)) => harmless += 1,
            Ok(Ok(false)) => panic!("{}: byte {offset} changed the past in silence", file.display()),
            Err(_) => panic!("{}: byte {offset} made the start panic", file.display()),
        }
    }
    (refused, harmless)
}

/// Every byte of every row, and a sample of the database around them; with PAPERTAPE_EVERY_BYTE set,
/// every byte that is not empty.
fn places(bytes: &[u8]) -> Vec<usize> {
    let every = std::env::var_os("PAPERTAPE_EVERY_BYTE").is_some();
    let mut chosen: Vec<usize> = (0..bytes.len())
        .filter(|at| (bytes[*at] != 0 && (every || at % 61 == 0)) || at % 40_009 == 0 || *at < 512)
        .collect();
    for row in (0..bytes.len() - 4).filter(|at| &bytes[*at..*at + 4] == b"PTJB") {
        let body = u32::from_le_bytes(bytes[row + 64..row + 68].try_into().expect("four bytes"));
        chosen.extend(row..row + 104 + body as usize);
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

#[test]
fn a_damaged_byte_of_a_segment_is_refused_or_harmless() {
    let whole = closed();
    let result = silently(|| {
        std::panic::catch_unwind(|| {
            let mut counts = Vec::new();
            for name in ["segment-00000001.redb", "segment-00000002.redb"] {
                let bytes = whole.read(&path(name)).expect("it is there");
                counts.push(damage_each(&whole, &path(name), places(&bytes).into_iter()));
            }
            counts
        })
    });
    let counts = result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    assert!(counts.iter().all(|(refused, _)| *refused > 400), "refused and harmless: {counts:?}");
}

#[test]
fn a_damaged_byte_of_the_manifest_is_refused() {
    let whole = closed();
    let len = whole.read(&path("MANIFEST")).expect("it is there").len();
    assert_eq!(damage_each(&whole, &path("MANIFEST"), 0..len), (len, 0));
    for cut in 0..len {
        let storage = whole.after_crash(CrashSurvival::Everything);
        storage.truncate(&path("MANIFEST"), cut);
        start(&storage).expect_err("a cut manifest is refused");
    }
}

#[test]
fn a_damaged_snapshot_is_left_for_an_older_one() {
    let whole = closed();
    let names = whole.list(Path::new("data")).expect("it lists");
    let newest = names.iter().rfind(|name| name.starts_with("snapshot-00000-")).expect("it is there");
    let len = whole.read(&path(newest)).expect("it is there").len();
    for offset in 0..len {
        let storage = whole.after_crash(CrashSurvival::Everything);
        storage.corrupt(&path(newest), offset, |byte| byte.wrapping_add(1));
        assert_warned(&storage, newest);
        let storage = whole.after_crash(CrashSurvival::Everything);
        storage.truncate(&path(newest), offset);
        assert_warned(&storage, newest);
    }
}

fn assert_warned(storage: &SimulatedStorage, name: &str) {
    let mut journal = Journal::open(on(storage)).expect("it opens");
    let (states, recovered) = recover(&mut journal).expect("it recovers");
    assert_eq!(states, States::after(TRANSACTIONS));
    assert_eq!(recovered.warnings.len(), 1, "{:?}", recovered.warnings);
    assert_eq!(recovered.warnings[0].path, path(name));
}

#[test]
fn without_snapshots_the_whole_journal_is_told() {
    let storage = closed();
    for name in storage.list(Path::new("data")).expect("it lists") {
        if name.starts_with("snapshot-") {
            storage.remove(&path(&name)).expect("it is there");
        }
    }
    assert_eq!(start(&storage), Ok(true));
}

#[test]
fn a_cut_segment_is_refused() {
    let whole = closed();
    for name in ["segment-00000001.redb", "segment-00000002.redb"] {
        let len = whole.read(&path(name)).expect("it is there").len();
        for cut in (0..len).step_by(len / 97) {
            let storage = whole.after_crash(CrashSurvival::Everything);
            storage.truncate(&path(name), cut);
            let started = silently(|| std::panic::catch_unwind(|| start(&storage)));
            let started = started.unwrap_or_else(|_| panic!("{name} cut to {cut} bytes: panicked"));
            assert_ne!(started, Ok(false), "{name} cut to {cut} bytes");
        }
    }
}

#[test]
fn a_segment_of_another_journal_is_refused() {
    let (ours, theirs) = (closed(), SimulatedStorage::new());
    // Another draw of randomness makes another journal of the same events.
    theirs.random(&mut [0; 8]).expect("it draws");
    assert_eq!(run(&on(&theirs), TRANSACTIONS), (TRANSACTIONS, Ok(())));
    for name in ["segment-00000001.redb", "segment-00000002.redb"] {
        let storage = ours.after_crash(CrashSurvival::Everything);
        storage.write(&path(name), &theirs.read(&path(name)).expect("it is there")).expect("it is written");
        start(&storage).expect_err("it is refused");
    }
}

#[test]
fn a_tail_lost_since_an_orderly_end_is_noticed() {
    let storage = SimulatedStorage::new();
    let config = config(Arc::new(storage.clone()), "data", 1 << 20);
    let mut journal = Journal::open(config.clone()).expect("it opens");
    append(&mut journal, 0).expect("it appends");
    let older = storage.after_crash(CrashSurvival::Everything);
    append(&mut journal, 1).expect("it appends");
    journal.close().expect("it closes");
    let name = path("segment-00000001.redb");
    storage.write(&name, &older.read(&name).expect("it is there")).expect("it is written");
    let refused = Journal::open(config).expect_err("it is refused");
    assert!(refused.to_string().contains("shard 0: ends at event 2"), "{refused}");
}
