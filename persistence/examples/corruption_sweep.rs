//! Changes every byte of a journal and its snapshots, cuts them to every length, and prints what became
//! of it; the last two columns must be zero.
//!
//! `cargo run -p persistence --release --example corruption_sweep -- [--threads N] [--step N]`; with a
//! step, every so-many-th change alone. All of them take hours; it tells how far it is.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command")]

#[path = "../tests/corruption/changes.rs"]
mod changes;

use changes::{Change, Counts, Outcome, Subject, silently, subject};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A whole start costs as much as a hundred readings of a file.
const WHOLE_STARTS_ONE_IN: usize = 1_009;

struct Arguments {
    threads: usize,
    step: usize,
}

impl Arguments {
    fn parse() -> Result<Self, String> {
        let mut parsed = Self { threads: std::thread::available_parallelism().map_or(1, usize::from), step: 1 };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
            let value = value.ok_or_else(|| format!("{word} needs a number above 0"))?;
            match word.as_str() {
                "--threads" => parsed.threads = value,
                "--step" => parsed.step = value,
                _ => return Err(format!("{word} is not known")),
            }
        }
        Ok(parsed)
    }
}

/// Files with all their changes, one after the other.
struct Sweep {
    subjects: [Subject; 2],
    /// Which subject, which file, and how many changes.
    files: Vec<(usize, PathBuf, usize)>,
}

impl Sweep {
    /// Files that a crash leaves as an orderly end does are read once.
    fn new() -> Self {
        let subjects = [subject(true), subject(false)];
        let mut files = Vec::new();
        for (index, subject) in subjects.iter().enumerate() {
            let is_other =
                |path: &&PathBuf| index == 0 || subjects[0].files.get(*path) != subject.files.get(*path);
            let of = |path: &PathBuf| (index, path.clone(), Change::count(subject.files[path].len()));
            files.extend(subject.paths().filter(is_other).map(of));
        }
        Self { subjects, files }
    }

    fn total(&self) -> usize {
        self.files.iter().map(|(_, _, changes)| changes).sum()
    }

    /// The changed file read alone, or one time of many a whole start over it.
    fn outcome(&self, number: usize) -> Outcome {
        let mut left = number;
        for (index, path, changes) in &self.files {
            if left < *changes {
                let change = Change::numbered(left);
                let subject = &self.subjects[*index];
                let outcome = if number.is_multiple_of(WHOLE_STARTS_ONE_IN) {
                    subject.whole_start(path, change)
                } else {
                    subject.outcome(path, change)
                };
                if !matches!(outcome, Outcome::Detected | Outcome::Harmless) {
                    eprintln!("{}: {change:?}: {outcome:?}", path.display());
                }
                return outcome;
            }
            left -= changes;
        }
        unreachable!("numbers are below the total")
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse() {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    let begun = Instant::now();
    let sweep = Sweep::new();
    let total = sweep.total();
    let (next, is_done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let counts = Mutex::new(Counts::default());
    silently(|| {
        std::thread::scope(|scope| {
            let work = || {
                loop {
                    let number = next.fetch_add(arguments.step, Ordering::Relaxed);
                    if number >= total {
                        break;
                    }
                    let outcome = sweep.outcome(number);
                    counts.lock().expect("no thread panics with it").add(outcome);
                }
            };
            let threads: Vec<_> = (0..arguments.threads).map(|_| scope.spawn(work)).collect();
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    std::thread::park_timeout(Duration::from_secs(10));
                    eprintln!(
                        "{:>4} s: {} of {total}",
                        begun.elapsed().as_secs(),
                        next.load(Ordering::Relaxed).min(total)
                    );
                }
            });
            threads.into_iter().for_each(|thread| thread.join().expect("changes do not panic here"));
            is_done.store(true, Ordering::Relaxed);
        });
    });
    let counts = counts.into_inner().expect("all threads are gone");
    let bytes: usize = sweep.files.iter().map(|(index, path, _)| sweep.subjects[*index].files[path].len()).sum();
    println!(
        "{:>7} {:>10} {:>10} {:>10} {:>10} {:>7} {:>7}",
        "files", "bytes", "changes", "detected", "harmless", "silent", "panics"
    );
    println!(
        "{:>7} {:>10} {:>10} {:>10} {:>10} {:>7} {:>7}  in {} s",
        sweep.files.len(),
        bytes,
        total.div_ceil(arguments.step),
        counts.detected,
        counts.harmless,
        counts.silent,
        counts.panics,
        begun.elapsed().as_secs()
    );
    if counts.is_proof() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
