//! What an enumeration says at its end: a table whose last columns must be zero.

use super::enumerate::{Counts, Outcome};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

const COLUMNS: [&str; 11] = [
    "workload",
    "points",
    "images",
    "second",
    "disks",
    "recoveries",
    "opened",
    "lost",
    "partial",
    "refused",
    "panics",
];

/// One row for each workload, and their sum.
pub fn table(rows: &[(Outcome, Counts)]) -> String {
    let mut text = String::new();
    line(&mut text, COLUMNS.map(str::to_owned));
    let mut sums = [0; 10];
    for (outcome, counts) in rows {
        let row = numbers(outcome, counts);
        for (sum, number) in sums.iter_mut().zip(row) {
            *sum += number;
        }
        line(&mut text, cells(&outcome.name, row));
    }
    line(&mut text, cells("all", sums));
    text.push_str(
        "points: disk-changing operations. images: distinct (point, way to survive) and, of them, second: distinct\n\
         (point, way, second point, way). disks: different contents after a first crash; recoveries: those whose\n\
         recovery was crashed at every operation. opened: different contents that were opened, recovered, appended\n\
         to and opened again; an image with the contents of an earlier one shares its outcome.\n",
    );
    text
}

fn numbers(outcome: &Outcome, counts: &Counts) -> [u64; 10] {
    let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
    [
        outcome.points as u64,
        counts.images(),
        get(&counts.second),
        outcome.firsts as u64,
        get(&counts.recoveries),
        get(&counts.opened),
        get(&counts.lost),
        get(&counts.partial),
        get(&counts.refused),
        get(&counts.panicked),
    ]
}

fn cells(name: &str, numbers: [u64; 10]) -> [String; 11] {
    let mut cells = [const { String::new() }; 11];
    cells[0] = name.to_owned();
    for (cell, number) in cells[1..].iter_mut().zip(numbers) {
        *cell = number.to_string();
    }
    cells
}

fn line(text: &mut String, cells: [String; 11]) {
    let [name, rest @ ..] = cells;
    let _ = write!(text, "{name:<12}");
    for cell in rest {
        let _ = write!(text, "{cell:>11}");
    }
    text.push('\n');
}
