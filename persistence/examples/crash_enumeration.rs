//! Enumerates crashes of every workload without the limits of a test, and prints a table whose last
//! columns must be zero.
//!
//! `cargo run -p persistence --release --example crash_enumeration -- [--threads N] [--images N]
//! [--part I/N] [--workload NAME] [--lying] [--faults] [--reproduce LINE]`
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command")]

#[path = "../tests/crash/enumeration/mod.rs"]
mod enumeration;

use enumeration::enumerate::{Counts, Part, Settings, enumerate};
use enumeration::{Workload, faults, report, reproduce, workloads};
use persistence::storage::LyingSync;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Arguments {
    threads: usize,
    images: u64,
    part: Part,
    workload: Option<String>,
    lying: LyingSync,
    faults: bool,
    reproduce: Option<String>,
}

impl Arguments {
    fn parse() -> Result<Self, String> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut parsed = Self {
            threads,
            images: 5_000_000,
            part: Part::WHOLE,
            workload: None,
            lying: LyingSync::Off,
            faults: false,
            reproduce: None,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            let number = |text: String| text.parse::<u64>().map_err(|error| format!("{text}: {error}"));
            match word.as_str() {
                "--threads" => {
                    parsed.threads = usize::try_from(number(value()?)?).map_err(|error| error.to_string())?.max(1);
                }
                "--images" => parsed.images = number(value()?)?,
                "--part" => {
                    let text = value()?;
                    let (index, count) = text.split_once('/').ok_or("a part is I/N, from 1/N to N/N")?;
                    let (index, count) = (number(index.to_owned())?, number(count.to_owned())?);
                    if !(1..=count).contains(&index) {
                        return Err("a part is I/N, from 1/N to N/N".to_owned());
                    }
                    parsed.part = Part { index: index - 1, count };
                }
                "--workload" => parsed.workload = Some(value()?),
                "--lying" => parsed.lying = LyingSync::On,
                "--faults" => parsed.faults = true,
                "--reproduce" => parsed.reproduce = Some(value()?),
                other => return Err(format!("{other} is not known")),
            }
        }
        Ok(parsed)
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let mut all = workloads();
    if let Some(line) = &arguments.reproduce {
        return reproduced(&all, line);
    }
    if let Some(name) = &arguments.workload {
        all.retain(|workload| workload.name() == name);
    }
    let good = if arguments.faults { run_faults(&all) } else { run(&all, &arguments) };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn reproduced(all: &[Box<dyn Workload>], line: &str) -> ExitCode {
    match reproduce::reproduce(all, line) {
        Ok(Ok(())) => {
            println!("{line}: nothing is wrong");
            ExitCode::SUCCESS
        }
        Ok(Err(bad)) => {
            println!("{line}: {:?}: {}", bad.kind, bad.what);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Whether nothing was bad; on a lying disk, whether most was noticed.
fn run(all: &[Box<dyn Workload>], arguments: &Arguments) -> bool {
    let begun = Instant::now();
    let mut rows = Vec::new();
    let mut left = arguments.images;
    for (index, workload) in all.iter().enumerate() {
        // What a small workload does not use is left for the others.
        let second_max = left / (all.len() - index) as u64;
        let settings = Settings {
            threads: arguments.threads,
            second_max: if arguments.lying == LyingSync::On { 0 } else { second_max },
            second_step: 1,
            part: arguments.part,
            lying: arguments.lying,
        };
        let counts = Counts::default();
        let outcome = watched(workload.name(), &counts, || enumerate(&**workload, settings, &counts));
        for failure in outcome.failures.iter().filter(|_| arguments.lying == LyingSync::Off) {
            println!("{failure}");
        }
        left = left.saturating_sub(counts.images());
        rows.push((outcome, counts));
    }
    let images: u64 = rows.iter().map(|(_, counts)| counts.images()).sum();
    let opened: u64 = rows.iter().map(|(_, counts)| counts.opened.load(Ordering::Relaxed)).sum();
    let bad: u64 = rows.iter().map(|(_, counts)| counts.bad()).sum();
    let seconds = begun.elapsed().as_secs_f64();
    print!("{}", report::table(&rows));
    println!(
        "{images} images, {opened} opened, {bad} bad, in {seconds:.0} s on {} threads: {:.0} images/s, {:.0} opened/s",
        arguments.threads,
        images as f64 / seconds,
        opened as f64 / seconds
    );
    match arguments.lying {
        LyingSync::Off => bad == 0,
        LyingSync::On => bad * 2 > images,
    }
}

/// Runs, and tells once in a while how far it is.
fn watched<T>(name: &str, counts: &Counts, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    let value = Mutex::new(None);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let begun = Instant::now();
            while !done.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_secs(5));
                let seconds = begun.elapsed().as_secs_f64();
                let opened = counts.opened.load(Ordering::Relaxed);
                eprintln!(
                    "{name}: {} images, {opened} opened, {} bad, {:.0} opened/s",
                    counts.images(),
                    counts.bad(),
                    opened as f64 / seconds
                );
            }
        });
        let made = work();
        done.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        *value.lock().expect("one holder at a time") = Some(made);
    });
    value.into_inner().expect("one holder at a time").expect("the work was done")
}

fn run_faults(all: &[Box<dyn Workload>]) -> bool {
    let mut is_good = true;
    for workload in all {
        let failed = faults::every_operation_fails_once(&**workload, 1);
        let full = faults::the_disk_is_full_at_every_size(&**workload, 1);
        println!(
            "{:<12} {} operations, {} outcomes of failures, {} sizes of disks, {} outcomes of full disks, {} bad",
            workload.name(),
            failed.operations,
            failed.tried,
            full.operations,
            full.tried,
            failed.bad.len() + full.bad.len()
        );
        for bad in failed.bad.iter().chain(&full.bad) {
            println!("{bad}");
            is_good = false;
        }
    }
    is_good
}
