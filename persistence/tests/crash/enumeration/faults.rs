//! Every operation of a workload failing once, and a disk that fills up at every size.
//!
//! A failure ends the run; the process goes on. What was acknowledged must be found when it opens
//! again, and when the power goes instead.

use super::acknowledged::Acknowledged;
use super::enumerate::judged;
use super::{Bad, Kind, Verdict, Workload, checked};
use persistence::SimulatedStorage;
use persistence::storage::{CrashSurvival, FailureEffect, OperationKind};
use std::io::ErrorKind;

/// What was tried and what was wrong.
#[derive(Debug, Default)]
pub struct Faults {
    pub operations: usize,
    pub tried: usize,
    pub bad: Vec<String>,
}

impl Faults {
    fn judge(&mut self, what: &str, verdict: Verdict, told: &Acknowledged, allowed: &[u128]) {
        self.tried += 1;
        if let Err(bad) = judged(verdict, told, allowed) {
            self.bad.push(format!("{what}: {:?}: {}", bad.kind, bad.what));
        }
    }
}

/// How an operation of a kind can fail.
fn failures(kind: OperationKind) -> &'static [(ErrorKind, FailureEffect)] {
    use FailureEffect::{Everything, GivenUp, Half, Nothing};
    const EIO: ErrorKind = ErrorKind::Other;
    match kind {
        OperationKind::Write => &[(EIO, Nothing), (EIO, Everything), (EIO, Half), (ErrorKind::StorageFull, Half)],
        OperationKind::Sync => &[(EIO, Nothing), (EIO, Everything), (EIO, GivenUp)],
        OperationKind::SetLen
        | OperationKind::SyncDir
        | OperationKind::Rename
        | OperationKind::Remove
        | OperationKind::Open => &[(EIO, Nothing), (EIO, Everything)],
        OperationKind::CreateDir
        | OperationKind::Lock
        | OperationKind::List
        | OperationKind::Len
        | OperationKind::Read
        | OperationKind::Random => &[(EIO, Nothing)],
    }
}

/// Runs a workload once for each operation and way to fail, or for every so many-th of them.
pub fn every_operation_fails_once(workload: &dyn Workload, step: usize) -> Faults {
    let (disk, state) = workload.begin();
    let mut told = Acknowledged::any_of(vec![state]);
    workload.run(&disk, &mut told).expect("a workload succeeds on a disk without faults");
    let operations = disk.operations();
    let all = operations
        .iter()
        .enumerate()
        .flat_map(|(number, operation)| failures(operation.kind).iter().map(move |failure| (number, failure)));
    let mut faults = Faults { operations: operations.len(), ..Faults::default() };
    for (number, (error, effect)) in all.step_by(step) {
        let (disk, state) = workload.begin();
        disk.fail_at_with(number, *error, *effect);
        let mut told = Acknowledged::any_of(vec![state]);
        // Some failures are made good, or come too late to matter.
        let _ = workload.run(&disk, &mut told);
        let what = format!("{}: operation {number} fails, {error:?}, {effect:?}", workload.name());
        after_fault(workload, &disk, &told, &what, &mut faults);
    }
    faults
}

fn after_fault(
    workload: &dyn Workload,
    disk: &SimulatedStorage,
    told: &Acknowledged,
    what: &str,
    faults: &mut Faults,
) {
    for survival in [CrashSurvival::Nothing, CrashSurvival::Everything] {
        let image = disk.after_crash(survival);
        let verdict = checked(workload, &image, 1, &mut Acknowledged::default());
        faults.judge(&format!("{what}, then the power goes, {survival:?} survives"), verdict, told, told.now());
    }
    let verdict = checked(workload, disk, 1, &mut Acknowledged::default());
    faults.judge(&format!("{what}, then it is opened again"), verdict, told, told.now());
}

/// Runs a workload on disks of every size at which it runs out of space at another operation.
pub fn the_disk_is_full_at_every_size(workload: &dyn Workload, step: usize) -> Faults {
    let (disk, state) = workload.begin();
    disk.keep_history();
    let mut told = Acknowledged::any_of(vec![state]);
    workload.run(&disk, &mut told).expect("a workload succeeds on a disk without faults");
    let mut sizes: Vec<u64> = disk.history().iter().map(|moment| moment.used()).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut faults = Faults { operations: sizes.len(), ..Faults::default() };
    for size in sizes.into_iter().step_by(step) {
        let (disk, state) = workload.begin();
        disk.set_quota(Some(size));
        let mut told = Acknowledged::any_of(vec![state]);
        let _ = workload.run(&disk, &mut told);
        let what = format!("{}: a disk of {size} bytes", workload.name());
        let mut while_full = Acknowledged::any_of(told.now().to_vec());
        let verdict = checked(workload, &disk, 1, &mut while_full);
        if !refuses(&verdict) {
            faults.judge(&format!("{what}, opened while it is full"), verdict, &told, told.now());
        }
        disk.set_quota(None);
        let verdict = checked(workload, &disk, 2, &mut Acknowledged::default());
        faults.judge(&format!("{what}, once there is space"), verdict, &while_full, while_full.now());
    }
    faults
}

/// On a full disk nothing need open; what does must be right.
fn refuses(verdict: &Verdict) -> bool {
    matches!(verdict, Err(Bad { kind: Kind::Refused, .. }))
}
