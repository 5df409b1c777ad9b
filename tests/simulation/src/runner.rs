//! Many seeds: on threads of their own, counted together, stopped or not at the first failure.
//!
//! It owns what a person or a script sees. Each seed runs in one thread alone; seeds share nothing.

use crate::trace::Words;
use crate::violation::{Invariant, Violation};
use crate::world::{Counts, World};
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, OnceLock};
use std::time::{Duration, Instant};

/// Operations of one seed, unless told otherwise.
pub const OPERATIONS: u64 = 500;

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
    /// Whether this thread runs a seed.
    static SIMULATES: Cell<bool> = const { Cell::new(false) };
}

static QUIET: Once = Once::new();

/// Panics of a simulated part are results, not noise; all others are told as ever.
fn keep_panics() {
    QUIET.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if SIMULATES.get() {
                LAST_PANIC.with(|last| last.replace(info.to_string()));
            } else {
                told(info);
            }
        }));
    });
}

/// What one seed came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What broke, if anything.
    pub violation: Option<Violation>,
    /// The step at which the run ended.
    pub step: u64,
    /// The hash of everything that happened.
    pub digest: u128,
    /// What was counted.
    pub counts: Counts,
    /// The last lines, where words were wanted.
    pub lines: Vec<String>,
}

/// Runs a seed.
#[must_use]
pub fn run_seed(seed: u64, operations: u64, words: Words) -> Outcome {
    keep_panics();
    SIMULATES.set(true);
    let mut world = World::new(seed, words);
    let run = catch_unwind(AssertUnwindSafe(|| world.run(operations)));
    let violation = match run {
        Ok(result) => result.err(),
        Err(_) => {
            let detail = LAST_PANIC.with(|last| last.borrow().clone());
            Some(Violation { invariant: Invariant::NoPanic, detail })
        }
    };
    let outcome = Outcome {
        seed,
        violation,
        step: world.trace().step,
        digest: world.trace().digest(),
        counts: world.counts().clone(),
        lines: world.trace().lines(),
    };
    // A world that broke may panic while it is taken down.
    let _ = catch_unwind(AssertUnwindSafe(move || drop(world)));
    SIMULATES.set(false);
    outcome
}

/// How many seeds are run, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The seeds.
    pub seeds: Range<u64>,
    /// Operations of each.
    pub operations: u64,
    /// Threads.
    pub threads: usize,
    /// Whether the first failure ends everything.
    pub stop_at_first: bool,
    /// Whether each seed is run twice and the traces are compared.
    pub twice: bool,
}

/// What many seeds came to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// What they counted, together.
    pub counts: Counts,
    /// The failures, by seed.
    pub failures: Vec<(u64, Violation)>,
    /// A hash over the traces of all seeds, in whatever order they ran.
    pub digest: u128,
    /// Time that the threads worked, together.
    pub worked: Duration,
}

impl Summary {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.counts.add(&outcome.counts);
        self.digest ^= outcome.digest.rotate_left(u32::try_from(outcome.seed % 128).unwrap_or(0));
        self.failures.extend(outcome.violation.clone().map(|violation| (outcome.seed, violation)));
    }

    /// Operations for each second that a core worked.
    #[must_use]
    pub fn operations_per_second(&self) -> u64 {
        let micros = self.worked.as_micros().max(1);
        u64::try_from(u128::from(self.counts.operations) * 1_000_000 / micros).unwrap_or(u64::MAX)
    }
}

impl Counts {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.steps += other.steps;
        self.ticks += other.ticks;
        self.commands += other.commands;
        self.events += other.events;
        self.fills += other.fills;
        self.crashes += other.crashes;
        self.recoveries += other.recoveries;
        self.starts_failed += other.starts_failed;
        self.checks += other.checks;
        self.messages += other.messages;
        for (name, count) in &other.faults {
            *self.faults.entry(name).or_default() += count;
        }
    }
}

/// Runs many seeds. `progress` is called after each with what was run so far.
pub fn run_seeds(settings: &Settings, progress: impl Fn(&Summary) + Sync) -> Summary {
    let next = AtomicU64::new(settings.seeds.start);
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..settings.threads.max(1) {
            scope.spawn(|| work(settings, &next, &summary, &progress));
        }
    });
    let mut summary = summary.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    summary.failures.sort_by_key(|(seed, _)| *seed);
    summary
}

fn work(settings: &Settings, next: &AtomicU64, summary: &Mutex<Summary>, progress: &(impl Fn(&Summary) + Sync)) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= settings.seeds.end {
            return;
        }
        let began = core_time();
        let mut outcome = run_seed(seed, settings.operations, Words::No);
        let worked = core_time().saturating_sub(began);
        if settings.twice && outcome.violation.is_none() {
            let again = run_seed(seed, settings.operations, Words::No);
            if again.digest != outcome.digest {
                let detail = format!("{:032x}, and then {:032x}", outcome.digest, again.digest);
                outcome.violation = Some(Violation { invariant: Invariant::SameSeedSameTrace, detail });
            }
        }
        let mut summary = summary.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        summary.add(&outcome);
        summary.worked += worked;
        progress(&summary);
        if settings.stop_at_first && !summary.failures.is_empty() {
            next.store(settings.seeds.end, Ordering::Relaxed);
            return;
        }
    }
}

/// Time that this thread had a core: of the machine's own count where it keeps one, else the wall clock's.
fn core_time() -> Duration {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = counted.as_deref().and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    nanos.map_or_else(|| BEGAN.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

/// A failure told in full: the seed is run again with words.
#[must_use]
pub fn explain(seed: u64, operations: u64) -> String {
    let outcome = run_seed(seed, operations, Words::Last);
    let mut text = String::new();
    for line in &outcome.lines {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&format!("seed {seed}, step {}\n", outcome.step));
    match &outcome.violation {
        Some(violation) => text.push_str(&format!("violated {violation}\n")),
        None => text.push_str("the second run found nothing: the run is not deterministic\n"),
    }
    text.push_str(&format!(
        "repeat with: cargo run -p simulation --release -- --seed {seed} --ops-per-seed {operations}\n"
    ));
    text
}
