//! Every operation fails once, and every size of a disk is too small once.

use crate::enumeration::faults::{Faults, every_operation_fails_once, the_disk_is_full_at_every_size};
use crate::enumeration::killed::killed_and_then_without_power;
use crate::enumeration::workloads;

fn nothing_is_wrong(faults: &Faults, tried_min: usize) {
    assert!(faults.bad.is_empty(), "{} of {}:\n{}", faults.bad.len(), faults.tried, faults.bad.join("\n"));
    assert!(faults.tried >= tried_min, "only {} were tried", faults.tried);
}

#[test]
fn every_operation_may_fail_once() {
    for workload in workloads() {
        // A step without a common factor with the pattern of a commit's operations reaches all of it.
        nothing_is_wrong(&every_operation_fails_once(&*workload, 17), 30);
    }
}

#[test]
fn a_full_disk_loses_nothing_acknowledged_and_heals_when_there_is_space() {
    for workload in workloads() {
        nothing_is_wrong(&the_disk_is_full_at_every_size(&*workload, 1), 3);
    }
}

#[test]
fn nothing_is_built_on_what_a_killed_process_left_unsynced() {
    for workload in workloads() {
        let (operations, bad) = killed_and_then_without_power(&*workload);
        assert!(bad.is_empty(), "{} of {operations}:\n{}", bad.len(), bad.join("\n"));
    }
}
