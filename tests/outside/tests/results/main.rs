//! Every run of others that this engine repeats, each as a test by its name; and a table of what each came to.
//!
//! A figure is compared with the published one and never with one of ours. What is not repeated stands in the
//! table with the reason. Without the data every run is skipped, and says so.

mod backtesting;
mod backtrader;
mod lean;
mod lean_daily;
mod lean_hourly;
mod lean_minutes;
mod table;

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use table::{Row, Table};

/// A run: what it is called, and what it does with the data.
struct Run {
    name: String,
    run: fn(&Run, &std::path::Path) -> Result<Vec<Row>, Failed>,
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let data: Option<PathBuf> = outside::data();
    let table = Arc::new(Mutex::new(Table::default()));
    let runs = lean::runs().into_iter().chain(backtesting::runs()).chain(backtrader::runs());
    let trials = runs.map(|run| {
        let (data, table) = (data.clone(), Arc::clone(&table));
        let is_skipped = data.is_none();
        let trial = Trial::test(run.name.clone(), move || {
            let Some(data) = data else { return Ok(()) };
            let rows = (run.run)(&run, &data)?;
            let mut table = table.lock().expect("no run panics while it writes");
            let failed = rows.iter().find_map(Row::difference);
            table.add(rows);
            failed.map_or(Ok(()), |difference| Err(difference.into()))
        });
        trial.with_ignored_flag(is_skipped)
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if data.is_none() {
        eprintln!(
            "outside: the data of others are not beside the repository: {} runs skipped",
            conclusion.num_ignored
        );
    } else if !arguments.list {
        eprintln!("{}", table.lock().expect("no run is left"));
    }
    conclusion.exit_code()
}
