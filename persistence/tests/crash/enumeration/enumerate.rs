//! The enumeration itself: points, ways, second points, second ways.
//!
//! A run is made once and its disk kept as it was before every operation: a crash at an operation is
//! that disk, since all before it went as if there was to be no crash. Disks with equal contents are
//! judged once, because what opens them cannot tell them apart; all of them are compared with what
//! their own point demands.

use super::acknowledged::Acknowledged;
use super::crash::{Crash, Ways, crashes};
use super::memo::Memo;
use super::{Bad, Kind, Verdict, Workload, checked};
use persistence::SimulatedStorage;
use persistence::storage::{LyingSync, Moment};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How much is enumerated.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub threads: usize,
    /// No second crashes are begun beyond so many images of them; first crashes are always complete.
    pub second_max: u64,
    /// Of each recovery every so many-th operation is a second crash point.
    pub second_step: usize,
    /// Which disks, by their contents: those whose fingerprint leaves this remainder.
    pub part: Part,
    /// Whether the disk lies while the workload runs.
    pub lying: LyingSync,
}

/// One of so many parts, from 0.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub index: u64,
    pub count: u64,
}

impl Part {
    /// Everything.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    fn holds(self, fingerprint: u128) -> bool {
        // The low bits choose; the order of second crashes goes by the high ones.
        fingerprint % u128::from(self.count) == u128::from(self.index)
    }
}

/// What was counted; grows while an enumeration runs.
#[derive(Debug, Default)]
pub struct Counts {
    /// Pairs of a crash point and a way to survive.
    pub first: AtomicU64,
    /// The same, and a second point and way.
    pub second: AtomicU64,
    /// Disks with contents of their own that were opened and judged.
    pub opened: AtomicU64,
    /// Disks after a first crash whose recovery was crashed at every operation.
    pub recoveries: AtomicU64,
    pub lost: AtomicU64,
    pub partial: AtomicU64,
    pub refused: AtomicU64,
    pub panicked: AtomicU64,
}

impl Counts {
    pub fn images(&self) -> u64 {
        self.first.load(Ordering::Relaxed) + self.second.load(Ordering::Relaxed)
    }

    pub fn bad(&self) -> u64 {
        [&self.lost, &self.partial, &self.refused, &self.panicked]
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum()
    }

    fn count_bad(&self, kind: Kind) {
        let count = match kind {
            Kind::Lost => &self.lost,
            Kind::Partial => &self.partial,
            Kind::Refused => &self.refused,
            Kind::Panicked => &self.panicked,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// What an enumeration found.
#[derive(Debug)]
pub struct Outcome {
    pub name: String,
    /// Operations of the workload that change the disk.
    pub points: usize,
    /// Different disks after a first crash, in this part.
    pub firsts: usize,
    /// Lines that repeat the first few bad images.
    pub failures: Vec<String>,
}

/// A workload that ran once, with its disk as it was before every change.
pub struct Recorded {
    pub moments: Vec<Moment>,
    pub told: Acknowledged,
}

impl Recorded {
    pub fn of(workload: &dyn Workload, lying: LyingSync) -> Self {
        let (disk, state) = workload.begin();
        disk.set_lying_sync(lying);
        disk.keep_history();
        let mut told = Acknowledged::any_of(vec![state]);
        workload.run(&disk, &mut told).expect("a workload succeeds on a disk without faults");
        Self { moments: disk.history(), told }
    }
}

/// The recovery of a crashed disk, with the disk as it was before every change.
pub fn recovery_of(workload: &dyn Workload, disk: &SimulatedStorage, allowed: &[u128]) -> Recorded {
    disk.keep_history();
    let mut told = Acknowledged::any_of(allowed.to_vec());
    // Its verdict was given when the disk was first seen.
    let _ = checked(workload, disk, 1, &mut told);
    Recorded { moments: disk.history(), told }
}

/// Judges what was found by what may be found.
pub fn judged(verdict: Verdict, told: &Acknowledged, allowed: &[u128]) -> Result<(), Bad> {
    let found = verdict?;
    if allowed.contains(&found) {
        return Ok(());
    }
    // A state of before or after is whole, and the wrong one.
    let kind = if told.knows(found) { Kind::Lost } else { Kind::Partial };
    Err(Bad::new(kind, format!("state {found:032x} was found, allowed are {allowed:032x?}")))
}

/// A disk after a first crash: one of the ways to come to it, and what all of them allow.
struct First {
    moment: usize,
    crash: Crash,
    /// Whether one of the plain ways leads to it: those are crashed again before all others.
    is_plain: bool,
    allowed: Vec<u128>,
}

const FAILURES_TOLD: usize = 20;

struct Enumeration<'a> {
    workload: &'a dyn Workload,
    settings: Settings,
    counts: &'a Counts,
    recorded: Recorded,
    memo: Memo,
    firsts: Mutex<BTreeMap<u128, First>>,
    failures: Mutex<Vec<String>>,
}

/// Enumerates a workload, counting as it goes.
pub fn enumerate(workload: &dyn Workload, settings: Settings, counts: &Counts) -> Outcome {
    let enumeration = Enumeration {
        workload,
        settings,
        counts,
        recorded: Recorded::of(workload, settings.lying),
        memo: Memo::default(),
        firsts: Mutex::default(),
        failures: Mutex::default(),
    };
    enumeration.in_turns(enumeration.recorded.moments.len(), |moment| enumeration.first_crashes(moment));
    let firsts = std::mem::take(&mut *lock(&enumeration.firsts));
    // Within both groups the order is that of fingerprints: without a pattern, and always the same.
    let mut order: Vec<First> = firsts.into_values().collect();
    order.sort_by_key(|first| !first.is_plain);
    enumeration.in_turns(order.len(), |index| {
        if counts.second.load(Ordering::Relaxed) < settings.second_max {
            enumeration.second_crashes(&order[index], index % settings.second_step);
        }
    });
    Outcome {
        name: workload.name().to_owned(),
        points: enumeration.recorded.moments.len(),
        firsts: order.len(),
        failures: lock(&enumeration.failures).clone(),
    }
}

impl Enumeration<'_> {
    /// Does every piece of work once, on all threads.
    fn in_turns(&self, count: usize, work: impl Fn(usize) + Sync) {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..self.settings.threads {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= count {
                            break;
                        }
                        work(index);
                    }
                });
            }
        });
    }

    fn first_crashes(&self, index: usize) {
        let moment = &self.recorded.moments[index];
        let allowed = self.recorded.told.before(moment.operation());
        let ways = if self.settings.lying == LyingSync::On { Ways::Few } else { Ways::All };
        for crash in crashes(moment, ways) {
            let disk = crash.of(moment);
            let fingerprint = disk.fingerprint();
            if !self.settings.part.holds(fingerprint) {
                continue;
            }
            self.counts.first.fetch_add(1, Ordering::Relaxed);
            let verdict = self.verdict(&disk, fingerprint, 1);
            let line = || format!("{}:{}:{crash}", self.workload.name(), moment.operation());
            self.judge(verdict, &self.recorded.told, allowed, line);
            let mut firsts = lock(&self.firsts);
            let first = First { moment: index, crash, is_plain: false, allowed: allowed.to_vec() };
            let known = firsts.entry(fingerprint).or_insert(first);
            known.is_plain |= crash.is_plain();
            known.allowed.retain(|state| allowed.contains(state));
            if (index, crash) < (known.moment, known.crash) {
                (known.moment, known.crash) = (index, crash);
            }
        }
    }

    fn second_crashes(&self, first: &First, offset: usize) {
        let moment = &self.recorded.moments[first.moment];
        let recovery = recovery_of(self.workload, &first.crash.of(moment), &first.allowed);
        self.counts.recoveries.fetch_add(1, Ordering::Relaxed);
        for second in recovery.moments.iter().skip(offset).step_by(self.settings.second_step) {
            let allowed = recovery.told.before(second.operation());
            for crash in crashes(second, Ways::Second) {
                self.counts.second.fetch_add(1, Ordering::Relaxed);
                let disk = crash.of(second);
                let verdict = self.verdict(&disk, disk.fingerprint(), 2);
                let line = || {
                    let (name, first_crash) = (self.workload.name(), first.crash);
                    format!("{name}:{}:{first_crash}:{}:{crash}", moment.operation(), second.operation())
                };
                self.judge(verdict, &recovery.told, allowed, line);
            }
        }
    }

    fn verdict(&self, disk: &SimulatedStorage, fingerprint: u128, generation: u32) -> Verdict {
        let (verdict, is_new) = self.memo.verdict(fingerprint, generation, || {
            checked(self.workload, disk, generation, &mut Acknowledged::default())
        });
        self.counts.opened.fetch_add(u64::from(is_new), Ordering::Relaxed);
        verdict
    }

    fn judge(&self, verdict: Verdict, told: &Acknowledged, allowed: &[u128], line: impl Fn() -> String) {
        let Err(bad) = judged(verdict, told, allowed) else { return };
        self.counts.count_bad(bad.kind);
        let mut failures = lock(&self.failures);
        if failures.len() < FAILURES_TOLD {
            failures.push(format!("--reproduce {}   {:?}: {}", line(), bad.kind, bad.what));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
