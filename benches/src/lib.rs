//! What the benchmarks share: taking the middle of rounds, and reporting.
//!
//! Every benchmark runs its workload and a limit or peer in turns within one run, because absolute
//! figures on a shared machine drift by a factor of two between runs, and ratios within one do not.

use serde_json::Value;
use std::time::Duration;

/// The middle one of some figures; of an even number, the mean of the two in the middle.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    assert!(!figures.is_empty(), "a middle needs a figure");
    figures.sort_by(f64::total_cmp);
    let upper = figures.len() / 2;
    if figures.len() % 2 == 1 { figures[upper] } else { f64::midpoint(figures[upper - 1], figures[upper]) }
}

/// Nanoseconds for each of so many pieces of work.
#[must_use]
pub fn nanoseconds_each(time: Duration, pieces: usize) -> f64 {
    time.as_secs_f64() * 1e9 / u32::try_from(pieces).map_or(f64::INFINITY, f64::from)
}

/// Prints a line for people.
#[expect(clippy::print_stdout, reason = "a benchmark's result is its output")]
pub fn say(line: &str) {
    println!("{line}");
}

/// Prints the result for programs: one line of JSON.
pub fn result(value: &Value) {
    say(&format!("RESULT {value}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_taken() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0, 2.0, 9.0]) - 3.0).abs() < f64::EPSILON);
        assert!((nanoseconds_each(Duration::from_micros(1), 10) - 100.0).abs() < 1e-9);
    }
}
