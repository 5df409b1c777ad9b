//! Results that nobody here made: other simulators' published runs, done again by this engine.
//!
//! Owns the reading of their data, and a desk that hands it to a shard and the orders of a script with it. What
//! the runs are and what they must come to stands in `tests/results`. The data are not part of the
//! repository: they lie beside it, and where they do not every run is skipped.

mod averages;
mod desk;
mod files;

pub use averages::{ExponentialAverage, MovingAverage};
pub use desk::{Desk, Opened, Order};
pub use files::{Factors, LeanBar, LeanFiles, LeanTrade, QuoteBar, decimal, read_csv};

use rust_decimal::Decimal;
use std::path::{Path, PathBuf};

/// The folder of the data, where it is there: `shared/data` beside the repository.
#[must_use]
pub fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    folder.join("README.md").is_file().then_some(folder)
}

/// Units of a price, a quantity or an amount, from a decimal rounded half to even.
#[must_use]
pub fn raw(value: Decimal) -> i128 {
    let scaled = (value * Decimal::from(model::SCALE)).round();
    i128::try_from(scaled).expect("an amount in range")
}

/// A decimal from units.
#[must_use]
pub fn from_raw(raw: i128) -> Decimal {
    Decimal::from_i128_with_scale(raw, 8)
}
