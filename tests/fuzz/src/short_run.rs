//! The short run: every seed as it is, then a fixed number of changed ones, from a seed that is printed.
//!
//! An input that comes to an end of a new kind joins the pool. A broken rule is told with the input,
//! in full, so that it can be put into the corpus as it is.

use crate::mutator::Mutator;
use crate::{Target, corpus_folder};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// The seed, unless `PAPERTAPE_FUZZ_SEED` names another.
const SEED: u64 = 20_130_617;
/// Longest time for one input, far above what any may need, on a machine that is busy with other things.
const EXECUTION_MAX: Duration = Duration::from_secs(10);

/// What a short run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Inputs that the run began with.
    pub seeds: usize,
    /// Inputs that were tried.
    pub executions: u32,
    /// Kinds of ends that were reached.
    pub kinds: usize,
}

/// Runs a target on its seeds and on changes of them.
///
/// # Panics
/// When a rule of the target is broken, or there are no seeds.
#[must_use]
pub fn run(target: &Target) -> Report {
    let seed = std::env::var("PAPERTAPE_FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(SEED);
    let mut pool = seeds(&corpus_folder(target));
    assert!(!pool.is_empty(), "{}: the corpus is empty", target.name);
    let seeds = pool.len();
    let mut kinds = BTreeSet::new();
    for input in &pool {
        kinds.insert(execute(target, input, seed));
    }
    let mut mutator = Mutator::new(seed);
    for _ in 0..target.executions {
        let mut input = mutator.one_of(&pool).clone();
        mutator.change(&mut input, &pool, target.words, target.bytes_max);
        if kinds.insert(execute(target, &input, seed)) && pool.len() < 4_096 {
            pool.push(input);
        }
    }
    Report { seeds, executions: target.executions, kinds: kinds.len() }
}

fn execute(target: &Target, input: &[u8], seed: u64) -> u64 {
    let begun = Instant::now();
    match catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        Ok(kind) => {
            assert!(
                begun.elapsed() < EXECUTION_MAX,
                "{}: too slow on {:?}",
                target.name,
                String::from_utf8_lossy(input)
            );
            kind
        }
        Err(panic) => {
            let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
            eprintln!(
                "{}: a rule is broken with seed {seed} by {:?}\nin hex: {hex}",
                target.name,
                String::from_utf8_lossy(input)
            );
            resume_unwind(panic)
        }
    }
}

/// The files of a folder, by name.
fn seeds(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort_unstable();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}
