//! The whole of what a change must pass, in the order in which it fails soonest.

use crate::{cargo, deny, layers, planted, run, tidy};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Names the binary that the end-to-end tests run.
const BINARY_VARIABLE: &str = "PAPERTAPE_BIN";

pub(crate) fn check(root: &Path) -> Result<()> {
    run(cargo(root, &["fmt", "--all", "--check"]))?;
    layers::check(root)?;
    tidy::check(root)?;
    planted::check(root)?;
    deny::check(root)?;
    run(cargo(root, &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    test(root)
}

/// All tests in the development profile, whose checks for overflow and debug assertions are on.
pub(crate) fn test(root: &Path) -> Result<()> {
    run(cargo(root, &["build", "--locked", "--package", "gateway", "--bin", "papertape"]))?;
    let binary = target_folder(root)?.join("debug/papertape");
    let has_nextest = cargo(root, &["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    let mut tests = if has_nextest {
        cargo(root, &["nextest", "run", "--locked", "--workspace", "--config-file", "tests/nextest.toml"])
    } else {
        cargo(root, &["test", "--locked", "--workspace", "--lib", "--bins", "--tests"])
    };
    tests.env(BINARY_VARIABLE, binary);
    run(tests)
}

fn target_folder(root: &Path) -> Result<PathBuf> {
    let metadata = layers::metadata(root)?;
    Ok(metadata["target_directory"].as_str().context("cargo metadata names the target folder")?.into())
}
