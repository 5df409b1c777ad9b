//! The house rules that a machine can hold: `cargo xtask layers | tidy | deny | ci`, and the
//! proofs that take their time.
//!
//! Owns the checks, never the product. Everything fails closed: a check that cannot run has failed.

mod ci;
mod deny;
mod fuzz;
mod layers;
mod planted;
mod tidy;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask <check>

  layers   the crates use each other as the table says, and the pure ones nothing else
  tidy     what the style rules say of files, functions, comments and words
  deny     licences, sources, banned crates and, where a database is at hand, advisories
  test     all tests of the workspace
  planted  [--check] [--only NUMBERS]: deliberate mistakes in a copy of the sources, found by the proofs
  fuzz     [target] [--minutes N]: searches with coverage as its guide; every target when none is named
  ci       all of the above with formatting and lints: what a change must pass";

fn main() -> ExitCode {
    match check() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<()> {
    let root = root()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["layers"] => layers::check(&root),
        ["tidy"] => tidy::check(&root),
        ["deny"] => deny::check(&root),
        ["test"] => ci::test(&root),
        ["planted", ref rest @ ..] => planted::run(&root, rest),
        ["fuzz", ref rest @ ..] => fuzz::run(&root, rest),
        ["ci"] => ci::check(&root),
        _ => bail!("{USAGE}"),
    }
}

/// The repository's folder: the one above this crate.
fn root() -> Result<PathBuf> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask`")?;
    Ok(Path::new(&manifest).parent().context("this crate lies in the repository")?.to_owned())
}

/// A cargo command in the repository.
fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root);
    command
}

/// Runs a command that must succeed.
fn run(mut command: Command) -> Result<()> {
    eprintln!("> {}", describe(&command));
    let status = command.status().with_context(|| format!("cannot run {}", describe(&command)))?;
    if !status.success() {
        bail!("{} ended with {status}", describe(&command));
    }
    Ok(())
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
