//! Power loss before every operation, twice, and every operation failing once: nothing that was
//! acknowledged is lost, and nothing is found in part. `cargo run -p persistence --release --example
//! crash_enumeration` runs the same without a limit.

#![allow(clippy::print_stdout, reason = "a proof shows what it counted")]

mod enumeration;
mod failures;

use enumeration::enumerate::{Counts, Outcome, Part, Settings, enumerate};
use enumeration::journals::Journals;
use enumeration::stores::Stores;
use enumeration::{Workload, report, workloads};
use persistence::storage::LyingSync;
use std::sync::atomic::Ordering;

/// Of the first crashes, those whose disk falls into one of three parts.
const PART: Part = Part { index: 0, count: 3 };
/// Second crashes of each workload beside them.
const SECOND_EACH: u64 = 1_500;

fn enumerated(workload: &dyn Workload, lying: LyingSync) -> (Outcome, Counts) {
    let counts = Counts::default();
    let second_max = if lying == LyingSync::On { 0 } else { SECOND_EACH };
    let part = if lying == LyingSync::On { Part::WHOLE } else { PART };
    let settings = Settings { threads: 1, second_max, second_step: 5, part, lying };
    let outcome = enumerate(workload, settings, &counts);
    (outcome, counts)
}

/// A third of the first crashes at every operation, and of second ones as many as fit the time of a test.
fn nothing_is_lost(workload: &dyn Workload) {
    let (outcome, counts) = enumerated(workload, LyingSync::Off);
    let failures = outcome.failures.join("\n");
    let (images, bad) = (counts.images(), counts.bad());
    let second = counts.second.load(Ordering::Relaxed);
    println!("{}", report::table(&[(outcome, counts)]));
    assert_eq!(bad, 0, "of {images} images {bad} are bad:\n{failures}");
    assert!(second >= SECOND_EACH, "only {second} images of second crashes");
}

#[test]
fn creation_survives_every_crash() {
    nothing_is_lost(&Journals::creation());
}

#[test]
fn appends_survive_every_crash() {
    nothing_is_lost(&Journals::appends());
}

#[test]
fn rollover_survives_every_crash() {
    nothing_is_lost(&Journals::rollover());
}

#[test]
fn snapshots_survive_every_crash() {
    nothing_is_lost(&Journals::snapshots());
}

#[test]
fn trimming_survives_every_crash() {
    nothing_is_lost(&Journals::trimming());
}

#[test]
fn closing_and_reopening_survive_every_crash() {
    nothing_is_lost(&Journals::reopening());
}

#[test]
fn views_and_catalogue_survive_every_crash() {
    nothing_is_lost(&Stores);
}

#[test]
fn crashes_after_crashes_are_survived() {
    for seed in 1..=3 {
        nothing_is_lost(&Journals::cycles(seed));
    }
}

/// A disk that says done and does nothing loses what was acknowledged: most of its images must be
/// told apart from good ones, or these proofs prove nothing. Before anything was acknowledged there
/// is nothing to lose, hence the lower bound for each.
#[test]
fn a_disk_that_lies_about_syncing_is_noticed_by_these_proofs() {
    let (mut images_all, mut bad_all) = (0, 0);
    for workload in workloads() {
        let (outcome, counts) = enumerated(&*workload, LyingSync::On);
        let (images, bad) = (counts.images(), counts.bad());
        println!("{}", report::table(&[(outcome, counts)]));
        assert!(images > 100, "{}: only {images} images", workload.name());
        assert!(bad * 10 > images * 4, "{}: only {bad} of {images} are noticed", workload.name());
        images_all += images;
        bad_all += bad;
    }
    assert!(bad_all * 3 > images_all * 2, "only {bad_all} of {images_all} are noticed");
}
