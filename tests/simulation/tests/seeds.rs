//! Fresh seeds and old ones: whatever a seed finds must be repeatable, and nothing may be found.

use simulation::runner::{OPERATIONS, Settings, explain, run_seed, run_seeds};
use simulation::trace::Words;
use std::time::SystemTime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeds that found something once, of the product or of the simulation.
const REGRESSIONS: &[u64] = &[1, 5, 7, 10, 12, 23, 29, 106, 2_073, 14_232];
/// Fresh seeds of every run.
const FRESH: u64 = 2_000;
/// Seeds whose traces are compared with those of a second run.
const COMPARED: u64 = 60;

/// A base that changes every day, unless the environment names one.
fn base() -> u64 {
    let named = std::env::var("PAPERTAPE_SEED").ok().and_then(|text| text.parse().ok());
    named.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        since.as_secs() / 86_400 * 1_000_000
    })
}

fn check(seeds: std::ops::Range<u64>, twice: bool) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let settings = Settings { seeds, operations: OPERATIONS, threads, stop_at_first: true, twice };
    let summary = run_seeds(&settings, |_| {});
    if let Some((seed, violation)) = summary.failures.first() {
        panic!("{violation}\n{}", explain(*seed, OPERATIONS));
    }
    let counts = &summary.counts;
    eprintln!(
        "{} seeds, {} operations, {} recoveries, {} a second and core",
        summary.seeds,
        counts.operations,
        counts.recoveries,
        summary.operations_per_second()
    );
}

#[test]
fn fresh_seeds_break_no_invariant() {
    let base = base();
    eprintln!("seeds {base}..{}; PAPERTAPE_SEED={base} repeats them", base + FRESH);
    check(base..base + FRESH, false);
}

#[test]
fn seeds_that_found_something_find_nothing_more() {
    for seed in REGRESSIONS {
        check(*seed..seed + 1, false);
    }
}

#[test]
fn a_seed_repeats_itself_step_by_step() {
    let base = base();
    check(base..base + COMPARED, true);
    // The same run whether its words are wanted or not.
    let (silent, told) = (run_seed(base + 1, OPERATIONS, Words::No), run_seed(base + 1, OPERATIONS, Words::Last));
    assert_eq!(silent.digest, told.digest);
}

#[test]
fn another_process_sees_the_same_trace() {
    let base = base();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_simulate"))
        .args(["--digests", "--seeds", &format!("{base}..{}", base + 10)])
        .output()
        .expect("the simulator's own binary runs");
    let told = String::from_utf8(output.stdout).expect("digests are text");
    let own: Vec<String> = (base..base + 10)
        .map(|seed| format!("{seed} {:032x}", run_seed(seed, OPERATIONS, Words::No).digest))
        .collect();
    assert_eq!(told.lines().collect::<Vec<_>>(), own);
}
