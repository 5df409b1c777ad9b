//! The simulator's command line: one seed told in full, or a range of them.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "this is a command line")]

use clap::Parser;
use simulation::runner::{OPERATIONS, Settings, Summary, explain, run_seed, run_seeds};
use simulation::trace::Words;
use std::ops::Range;
use std::process::ExitCode;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the core under a simulated disk, clock, feed and clients, and checks that every invariant holds.
#[derive(Debug, Parser)]
#[command(name = "simulate")]
struct Arguments {
    /// One seed, with every line of what happens.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// A range of seeds, `A..B`, the end not included. A long run is resumed by naming the rest of it.
    #[arg(long, value_parser = range)]
    seeds: Option<Range<u64>>,
    /// Threads, each of which runs seeds of its own.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Operations of each seed: commands, ticks, faults and client actions.
    #[arg(long, default_value_t = OPERATIONS)]
    ops_per_seed: u64,
    /// End at the first violation.
    #[arg(long)]
    stop_at_first: bool,
    /// Run every seed twice and compare the traces.
    #[arg(long)]
    twice: bool,
    /// Print one line for each seed: its number and the hash of its trace.
    #[arg(long)]
    digests: bool,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let (start, end) = text.split_once("..").ok_or("a range is written A..B")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text:?}: {error}"));
    Ok(number(start)?..number(end)?)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match (arguments.seed, &arguments.seeds) {
        (Some(seed), _) => one(seed, arguments.ops_per_seed),
        (None, Some(seeds)) if arguments.digests => {
            for seed in seeds.clone() {
                println!("{seed} {:032x}", run_seed(seed, arguments.ops_per_seed, Words::No).digest);
            }
            ExitCode::SUCCESS
        }
        (None, seeds) => many(&arguments, seeds.clone().unwrap_or(1..1_001)),
    }
}

fn one(seed: u64, operations: u64) -> ExitCode {
    let outcome = run_seed(seed, operations, Words::All);
    println!("seed {seed}: {} steps, trace {:032x}", outcome.step, outcome.digest);
    match outcome.violation {
        Some(violation) => {
            println!("violated {violation}");
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

fn many(arguments: &Arguments, seeds: Range<u64>) -> ExitCode {
    let settings = Settings {
        seeds: seeds.clone(),
        operations: arguments.ops_per_seed,
        threads: arguments.threads,
        stop_at_first: arguments.stop_at_first,
        twice: arguments.twice,
    };
    let began = Instant::now();
    let all = seeds.end.saturating_sub(seeds.start);
    let summary = run_seeds(&settings, |so_far| {
        if so_far.seeds.is_multiple_of(500) {
            eprintln!(
                "{} of {all} seeds, {} operations, {} violations, {:.0} s",
                so_far.seeds,
                so_far.counts.operations,
                so_far.failures.len(),
                began.elapsed().as_secs_f64()
            );
        }
    });
    tell(&summary, &seeds, began.elapsed().as_secs_f64());
    let Some((seed, violation)) = summary.failures.first() else {
        println!("no violation");
        return ExitCode::SUCCESS;
    };
    println!("{}", explain(*seed, arguments.ops_per_seed));
    for (seed, violation) in summary.failures.iter().skip(1).take(20) {
        println!("seed {seed}: {violation}");
    }
    println!("violated invariant {} ({:?}) at seed {seed}", violation.invariant.text().0, violation.invariant);
    ExitCode::FAILURE
}

fn tell(summary: &Summary, seeds: &Range<u64>, seconds: f64) {
    let counts = &summary.counts;
    println!("seeds {}..{}: {} run in {seconds:.1} s", seeds.start, seeds.end, summary.seeds);
    println!(
        "operations {} ({} commands, {} ticks, the rest faults and client actions), steps {}",
        counts.operations, counts.commands, counts.ticks, counts.steps
    );
    println!("events {}, fills {}, messages received {}", counts.events, counts.fills, counts.messages);
    println!(
        "power failures {}, recoveries {}, starts stopped by a fault {}",
        counts.crashes, counts.recoveries, counts.starts_failed
    );
    for (name, count) in &counts.faults {
        println!("  fault {name}: {count}");
    }
    println!("checks of invariants {}", counts.checks);
    println!("operations a second and core {}", summary.operations_per_second());
    println!("hash over all traces {:032x}", summary.digest);
    println!("violations {}", summary.failures.len());
}
