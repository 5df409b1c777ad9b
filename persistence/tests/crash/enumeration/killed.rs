//! A process is killed at every operation, the next one recovers and acknowledges more, and then the
//! power goes: what the second built must not stand on names and bytes that the first left unsynced.

use super::acknowledged::Acknowledged;
use super::enumerate::{Recorded, judged, recovery_of};
use super::{Workload, checked};
use persistence::storage::{CrashSurvival, LyingSync};

/// How many operations there were, and what was wrong after them.
pub fn killed_and_then_without_power(workload: &dyn Workload) -> (usize, Vec<String>) {
    let recorded = Recorded::of(workload, LyingSync::Off);
    let mut bad_ones = Vec::new();
    for moment in recorded.moments.iter().filter(|moment| moment.pending() > 0) {
        let allowed = recorded.told.before(moment.operation());
        let recovery = recovery_of(workload, &moment.after_kill(), allowed);
        // Wherever something new was acknowledged.
        let mut demanded: &[u128] = &[];
        for second in &recovery.moments {
            let allowed = recovery.told.before(second.operation());
            if std::mem::replace(&mut demanded, allowed) == allowed {
                continue;
            }
            let image = second.after_crash(CrashSurvival::Nothing);
            let verdict = checked(workload, &image, 2, &mut Acknowledged::default());
            if let Err(bad) = judged(verdict, &recovery.told, allowed) {
                let (name, killed, lost) = (workload.name(), moment.operation(), second.operation());
                bad_ones.push(format!("{name}:{killed}:killed:{lost}:nothing {:?}: {}", bad.kind, bad.what));
            }
        }
    }
    (recorded.moments.len(), bad_ones)
}
