//! What goes wrong with the disk and the process.

use super::World;
use crate::plan::Plan;
use crate::violation::{Checked, Invariant, check};
use persistence::Storage;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl World {
    /// Counts a fault.
    pub(super) fn fault(&mut self, name: &'static str) {
        *self.counts.faults.entry(name).or_default() += 1;
        self.counts.operations += 1;
        self.trace.note("fault", 0, || name.to_owned());
    }

    /// Whether the disk may be failing now, or has failed and was not opened anew.
    pub(super) fn disk_is_faulty(&self) -> bool {
        let at = self.disk.operation_count();
        self.plan.faults
            && (self.full_until.is_some()
                || self.power_is_off()
                || self.error_at.is_some_and(|error| error < at)
                || self.system.as_ref().is_some_and(|system| system.failure().is_some()))
    }

    fn power_is_off(&self) -> bool {
        self.off_at.is_some_and(|off| off < self.disk.operation_count())
    }

    fn power_goes_in(&mut self, operations: usize) {
        let at = self.disk.operation_count() + operations;
        self.disk.crash_at(at);
        self.off_at = Some(at);
    }

    fn operation_fails_in(&mut self, operations: usize, kind: ErrorKind) {
        let at = self.disk.operation_count() + operations;
        self.disk.fail_at(at, kind);
        self.error_at = Some(at);
    }

    /// Perhaps something goes wrong now.
    pub(super) fn disk_fault(&mut self) -> Checked {
        self.full_disk();
        if self.system.as_ref().is_some_and(|system| system.failure().is_some()) {
            // Whoever looks after the system lets go of everything and opens it anew.
            if self.power_is_off() {
                return self.power_returns();
            }
            self.fault("opened anew");
            return self.let_go();
        }
        if self.power_is_off() {
            return self.power_returns();
        }
        let faults = self.plan.disk;
        match self.random.below(12) {
            0 if faults.kills => {
                self.fault("kill");
                let survives = self.disk.after_kill();
                // Nothing that dropping does reaches the disk of the next process.
                self.power_goes_in(0);
                self.let_go()?;
                self.disk = survives;
                (self.off_at, self.error_at) = (None, None);
                self.restore_quota();
                Ok(())
            }
            1 | 2 if faults.crashes => {
                self.fault("power failure");
                self.power_goes_in(0);
                self.power_returns()
            }
            3 | 4 if faults.crashes => {
                self.fault("power failure in an operation");
                let ahead = self.random.index(60);
                self.power_goes_in(ahead);
                Ok(())
            }
            5 if faults.errors => {
                self.fault("operation fails");
                let ahead = self.random.index(80);
                let kind = self.random.pick(&[ErrorKind::Other, ErrorKind::Interrupted, ErrorKind::StorageFull]);
                self.operation_fails_in(ahead, kind);
                Ok(())
            }
            6 if faults.full && self.full_until.is_none() => {
                self.fault("disk full");
                let room = self.random.below(40_000);
                self.disk.set_quota(Some(self.disk.used() + room));
                self.full_until = Some(self.counts.steps + self.random.below(400));
                Ok(())
            }
            7 if faults.restarts => {
                self.fault("orderly restart");
                self.stop_in_order()
            }
            _ => Ok(()),
        }
    }

    fn restore_quota(&mut self) {
        if self.full_until.is_some() {
            self.disk.set_quota(Some(self.disk.used()));
        }
    }

    fn full_disk(&mut self) {
        if self.full_until.is_some_and(|until| until <= self.counts.steps) {
            self.full_until = None;
            self.disk.set_quota(None);
            self.trace.note("space returned", 0, String::new);
        }
    }

    /// The process is gone, with everything it held; the disk stays as it is.
    pub(super) fn let_go(&mut self) -> Checked {
        self.hang_up()?;
        if let Some(system) = self.system.take() {
            // A database that cannot be closed may panic: the process would be gone by then.
            let _ = catch_unwind(AssertUnwindSafe(move || drop(system)));
        }
        Ok(())
    }

    /// The power is back: what the disk kept is what there is.
    fn power_returns(&mut self) -> Checked {
        self.counts.crashes += 1;
        self.let_go()?;
        let survival = Plan::survival(&mut self.random);
        self.trace.note("power returns", self.counts.crashes, || format!("{survival:?}"));
        self.disk = self.disk.after_crash(survival);
        (self.full_until, self.off_at, self.error_at) = (None, None, None);
        Ok(())
    }

    fn stop_in_order(&mut self) -> Checked {
        if let Some(system) = self.system.as_mut() {
            system.finish();
        }
        for shard in 0..self.shards.len() {
            self.take_down(shard)?;
            let lost = self.intakes[shard].reference.unrecorded(&self.shards[shard]);
            check(lost.is_empty(), Invariant::MarksAreKept, || {
                format!("shard {shard} ended without the marks of {lost:?}")
            })?;
        }
        self.look_for_answers()?;
        self.let_go()
    }

    /// A start into which a second fault may fall.
    pub(super) fn faulty_start(&mut self) -> Checked {
        self.full_disk();
        if self.plan.disk.second_crashes && self.random.chance(1, 2) {
            self.fault("power failure in recovery");
            let ahead = self.random.index(250);
            self.power_goes_in(ahead);
        } else if self.plan.disk.errors && self.random.chance(1, 6) {
            self.fault("operation fails in recovery");
            let ahead = self.random.index(250);
            self.operation_fails_in(ahead, ErrorKind::Other);
        }
        let started = self.start()?;
        if !started && self.power_is_off() {
            self.power_returns()?;
        } else if !started && self.full_until.is_some() {
            // Nothing but room helps.
            self.full_until = Some(self.counts.steps);
        }
        Ok(())
    }

    /// The disk works from now on.
    pub(super) fn stop_disk_faults(&mut self) -> Checked {
        if self.power_is_off() {
            self.power_returns()?;
        }
        // A power failure that did not come yet does not come any more: the disk goes on as another.
        if self.off_at.is_some() {
            self.let_go()?;
            self.disk = self.disk.after_kill();
        }
        (self.full_until, self.off_at, self.error_at) = (None, None, None);
        self.disk.stop_failing();
        self.disk.set_quota(None);
        Ok(())
    }

    /// A copy of the disk as it stands, to look at.
    pub(super) fn disk_copy(&self) -> impl Storage + use<> {
        self.disk.after_crash(persistence::storage::CrashSurvival::Everything)
    }
}
