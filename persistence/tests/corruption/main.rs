//! Every byte of a journal and of its snapshots, changed, and every length it can be cut to: noticed
//! with its place, or harmless. Never another past in silence, never a panic that is not a diagnosis.
//!
//! A spread of the changes runs here; `cargo run -p persistence --release --example corruption_sweep`
//! goes through all of them.

mod changes;

use changes::{Change, Counts, JOURNAL_BYTES_MIN, Outcome, SNAPSHOT_BYTES_MIN, Subject, silently, subject};
use std::path::PathBuf;

/// Every so-many-th change of every file, and fewer of them through a whole start.
fn spread(subject: &Subject, changes: usize, starts: usize) -> (Counts, Counts) {
    let (mut alone, mut whole) = (Counts::default(), Counts::default());
    let total: usize = subject.paths().map(|path| Change::count(subject.files[path].len())).sum();
    let mut bad = Vec::new();
    for path in subject.paths() {
        let len = subject.files[path].len();
        // Odd, so that all three kinds take part; and never so far that a small file has no part.
        let step = ((total / changes) | 1).min((len / 40) | 1);
        for number in (0..Change::count(len)).step_by(step) {
            let change = Change::numbered(number);
            let outcome = subject.outcome(path, change);
            alone.add(outcome);
            if !matches!(outcome, Outcome::Detected | Outcome::Harmless) {
                bad.push((path.clone(), change, outcome));
            }
        }
        for number in (0..Change::count(len)).step_by(((total / starts) | 1).min((len / 4) | 1)) {
            let change = Change::numbered(number);
            let outcome = subject.whole_start(path, change);
            whole.add(outcome);
            if !matches!(outcome, Outcome::Detected | Outcome::Harmless) {
                bad.push((path.clone(), change, outcome));
            }
        }
    }
    assert!(bad.is_empty(), "{} of them, such as {:?}", bad.len(), &bad[..bad.len().min(5)]);
    (alone, whole)
}

#[test]
fn a_spread_of_all_changes_is_detected_or_harmless_after_an_orderly_end_and_after_a_crash() {
    for is_closed in [true, false] {
        let subject = subject(is_closed);
        let sizes = |prefix: &str| -> usize {
            let of =
                |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
            subject.files.keys().filter(of).map(|path| subject.files[path].len()).sum()
        };
        assert!(sizes("segment-") > JOURNAL_BYTES_MIN, "{} bytes of segments", sizes("segment-"));
        assert!(sizes("snapshot-") > SNAPSHOT_BYTES_MIN, "{} bytes of snapshots", sizes("snapshot-"));
        let (alone, whole) = silently(|| spread(&subject, 3_000, 120));
        assert!(alone.is_proof() && whole.is_proof(), "{alone:?}, {whole:?}");
        assert!(alone.detected > 1_000, "{alone:?}");
    }
}
