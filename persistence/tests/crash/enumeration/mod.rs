//! Crash enumeration: every disk-changing operation of a workload as the point where the power goes,
//! times every way in which unsynced changes survive, times a second crash at every such operation
//! of the recovery.
//!
//! It must never ask the code under test what is right: what may be found is folded from the script.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "the tests and the runner use a part each")]

pub mod acknowledged;
pub mod cells;
pub mod crash;
pub mod engine_script;
pub mod enumerate;
pub mod faults;
pub mod journals;
pub mod killed;
pub mod memo;
pub mod report;
pub mod reproduce;
pub mod script;
pub mod stores;

use acknowledged::Acknowledged;
use persistence::SimulatedStorage;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// What is done to a disk, and how a disk is judged after a crash.
pub trait Workload: Sync {
    /// One word.
    fn name(&self) -> &str;

    /// The disk on which it begins, and the state that is found there.
    fn begin(&self) -> (SimulatedStorage, u128);

    /// Does everything, telling what is under way and what was acknowledged.
    ///
    /// # Errors
    /// When the disk fails.
    fn run(&self, disk: &SimulatedStorage, told: &mut Acknowledged) -> Result<(), String>;

    /// Opens what a crash left, recovers, verifies, makes one more change that no other generation
    /// makes, and finds it after opening again. Gives the state that was found at first.
    ///
    /// # Errors
    /// When anything is not as it should be.
    fn check(&self, disk: &SimulatedStorage, generation: u32, told: &mut Acknowledged) -> Result<u128, Bad>;
}

/// What must never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Something acknowledged was not found.
    Lost,
    /// Something was found in part, changed, or never written.
    Partial,
    /// It was not opened although the disk was honest.
    Refused,
    /// The code under test panicked.
    Panicked,
}

/// What must never be, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    pub kind: Kind,
    pub what: String,
}

impl Bad {
    pub fn new(kind: Kind, what: impl ToString) -> Self {
        Self { kind, what: what.to_string() }
    }

    pub fn refused(what: impl ToString) -> Self {
        Self::new(Kind::Refused, what)
    }
}

/// What became of a disk.
pub type Verdict = Result<u128, Bad>;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// [`Workload::check`], with a panic as a verdict and without its noise.
pub fn checked(
    workload: &dyn Workload,
    disk: &SimulatedStorage,
    generation: u32,
    told: &mut Acknowledged,
) -> Verdict {
    quietly(|| workload.check(disk, generation, told)).unwrap_or_else(|panic| Err(Bad::new(Kind::Panicked, panic)))
}

/// Runs what may panic; a panic is told and not printed.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                loud(panic);
            }
        }));
    });
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    outcome.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}

/// Every workload.
pub fn workloads() -> Vec<Box<dyn Workload>> {
    use journals::Journals;
    let mut all: Vec<Box<dyn Workload>> = vec![
        Box::new(Journals::creation()),
        Box::new(Journals::appends()),
        Box::new(Journals::rollover()),
        Box::new(Journals::snapshots()),
        Box::new(Journals::trimming()),
        Box::new(Journals::reopening()),
        Box::new(stores::Stores),
    ];
    all.extend((1..=3).map(|seed| Box::new(Journals::cycles(seed)) as Box<dyn Workload>));
    all
}
