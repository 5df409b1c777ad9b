//! One image again, from the line that names it.

use super::acknowledged::Acknowledged;
use super::crash::{Crash, Ways, crashes};
use super::enumerate::{Recorded, judged, recovery_of};
use super::{Bad, Workload, checked};
use persistence::storage::{LyingSync, Moment};

/// Judges the image that a line names: workload, operation, way, and for a second crash once more
/// operation and way, with colons between.
///
/// # Errors
/// When the line names no image.
pub fn reproduce(workloads: &[Box<dyn Workload>], line: &str) -> Result<Result<(), Bad>, String> {
    let words: Vec<&str> = line.split(':').collect();
    let [name, operation, way, rest @ ..] = words.as_slice() else {
        return Err("a line is WORKLOAD:OPERATION:WAY[:OPERATION:WAY]".to_owned());
    };
    let workload = workloads.iter().find(|workload| workload.name() == *name);
    let workload = &**workload.ok_or_else(|| format!("there is no workload {name}"))?;
    let recorded = Recorded::of(workload, LyingSync::Off);
    let (moment, crash) = find(&recorded.moments, operation, way, Ways::All)?;
    let allowed = recorded.told.before(moment.operation());
    let disk = crash.of(moment);
    let [operation, way] = rest else {
        let verdict = checked(workload, &disk, 1, &mut Acknowledged::default());
        return Ok(judged(verdict, &recorded.told, allowed));
    };
    let recovery = recovery_of(workload, &disk, allowed);
    let (moment, crash) = find(&recovery.moments, operation, way, Ways::Second)?;
    let verdict = checked(workload, &crash.of(moment), 2, &mut Acknowledged::default());
    Ok(judged(verdict, &recovery.told, recovery.told.before(moment.operation())))
}

fn find<'a>(moments: &'a [Moment], operation: &str, way: &str, ways: Ways) -> Result<(&'a Moment, Crash), String> {
    let moment = moments
        .iter()
        .find(|moment| moment.operation().to_string() == operation)
        .ok_or_else(|| format!("operation {operation} changes nothing"))?;
    let crash = crashes(moment, ways).into_iter().find(|crash| crash.to_string() == way);
    Ok((moment, crash.ok_or_else(|| format!("nothing survives like {way} there"))?))
}
