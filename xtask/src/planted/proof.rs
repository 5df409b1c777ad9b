//! The proofs that hunt for planted defects: built once, run for each defect.
//!
//! Owns how they are built and how their answer is read. Never asks what a defect is.

use crate::{cargo, run};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Names the defect that is on.
const VARIABLE: &str = "PAPERTAPE_PLANTED";
/// The development profile with its checks, and fast: outside crates are shared with every other build.
const OPTIMISED: (&str, &str) = ("CARGO_PROFILE_DEV_OPT_LEVEL", "2");
/// How often a running proof is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// A proof, before it is built.
struct Proof {
    name: &'static str,
    package: &'static str,
    /// The target of the package as cargo names it: `lib`, or a test's or binary's name.
    target: &'static str,
    arguments: &'static [&'static str],
    limit: Duration,
}

const SIMULATION: &str = "simulate";

/// The cheapest first.
const PROOFS: &[Proof] = &[
    Proof {
        name: SIMULATION,
        package: "simulation",
        target: "simulate",
        arguments: &["--seeds", "0..200", "--stop-at-first"],
        limit: Duration::from_secs(180),
    },
    test("model", "model", "lib"),
    test("scenarios", "scenarios", "rules"),
    test("random", "scenarios", "random"),
    test("chains", "scenarios", "chains"),
    test("graphs", "scenarios", "graphs"),
    test("feeds", "feeds", "lib"),
    test("persistence", "persistence", "lib"),
    test("runtime", "runtime", "lib"),
    test("gateway", "gateway", "lib"),
    Proof { name: "duel", package: "tests", target: "all", arguments: &["duel"], limit: Duration::from_secs(120) },
    test("faults", "runtime", "faults"),
    test("threads", "runtime", "main_job"),
    test("witness", "persistence", "witness_and_trimming"),
    test("damage", "persistence", "journal_damage"),
    test("crash", "persistence", "crash"),
    test("fuzz", "fuzzing", "short"),
];

const fn test(name: &'static str, package: &'static str, target: &'static str) -> Proof {
    Proof { name, package, target, arguments: &[], limit: Duration::from_secs(120) }
}

/// A proof that can be run.
pub(super) struct Built {
    proof: &'static Proof,
    program: PathBuf,
    folder: PathBuf,
    output: PathBuf,
}

/// What a run came to.
pub(super) enum Outcome {
    /// Nothing was found.
    Passed,
    /// Something was found: its words.
    Failed(String),
    /// It was ended before it was done.
    Unfinished,
}

/// One run of a proof.
pub(super) struct Run {
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
}

/// Builds every proof of the copy, beside the product's own build so that outside crates are shared.
pub(super) fn build(root: &Path, copy: &Path) -> Result<Vec<Built>> {
    let target = target_folder(root)?;
    let mut simulation = cargo(copy, &["build", "--locked", "--package", "simulation", "--bin", SIMULATION]);
    simulation.env("CARGO_TARGET_DIR", &target).env(OPTIMISED.0, OPTIMISED.1);
    run(simulation)?;
    let mut packages: Vec<&str> = PROOFS.iter().map(|proof| proof.package).collect();
    packages.sort_unstable();
    packages.dedup();
    let mut tests = cargo(copy, &["test", "--locked", "--no-run", "--lib", "--tests", "--message-format=json"]);
    for package in packages {
        tests.args(["--package", package]);
    }
    tests.env("CARGO_TARGET_DIR", &target).env(OPTIMISED.0, OPTIMISED.1).stderr(Stdio::inherit());
    let output = tests.output().context("cannot build the tests of the copy")?;
    ensure!(output.status.success(), "the tests of the copy do not build");
    let messages: Vec<Value> =
        output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    PROOFS.iter().map(|proof| find(proof, &messages, &target, copy)).collect()
}

fn target_folder(root: &Path) -> Result<PathBuf> {
    let metadata = crate::layers::metadata(root)?;
    Ok(metadata["target_directory"].as_str().context("cargo metadata names the target folder")?.into())
}

fn find(proof: &'static Proof, messages: &[Value], target: &Path, copy: &Path) -> Result<Built> {
    let output = copy.join("..").join(format!("{}.log", proof.name));
    if proof.name == SIMULATION {
        let program = target.join("debug").join(SIMULATION);
        return Ok(Built { proof, program, folder: copy.to_owned(), output });
    }
    let is_it = |message: &&Value| {
        let named = if proof.target == "lib" {
            message["target"]["kind"][0] == "lib" && message["target"]["name"] == proof.package
        } else {
            message["target"]["name"] == proof.target
        };
        let package = message["manifest_path"].as_str().unwrap_or_default();
        message["executable"].is_string() && named && is_manifest_of(package, proof.package)
    };
    let message = messages.iter().find(is_it).with_context(|| format!("{} was not built", proof.name))?;
    let program = message["executable"].as_str().context("a test has a file")?.into();
    let manifest = message["manifest_path"].as_str().context("a package has a manifest")?;
    let folder = Path::new(manifest).parent().context("a manifest lies in a folder")?.to_owned();
    Ok(Built { proof, program, folder, output })
}

/// Whether this manifest is the package's: its folder is named after it.
fn is_manifest_of(manifest: &str, package: &str) -> bool {
    let folder = if package == "fuzzing" { "fuzz" } else { package };
    Path::new(manifest).parent().is_some_and(|parent| parent.ends_with(folder))
}

impl Built {
    pub(super) fn name(&self) -> &'static str {
        self.proof.name
    }

    pub(super) fn is_simulation(&self) -> bool {
        self.proof.name == SIMULATION
    }

    /// Runs it with this defect on; 0 is none.
    pub(super) fn run(&self, defect: u32) -> Result<Run> {
        let output =
            File::create(&self.output).with_context(|| format!("cannot write {}", self.output.display()))?;
        let mut command = Command::new(&self.program);
        command.args(self.proof.arguments).current_dir(&self.folder).env(VARIABLE, defect.to_string());
        command.stdout(output.try_clone()?).stderr(output).stdin(Stdio::null());
        let began = Instant::now();
        let mut child = command.spawn().with_context(|| format!("cannot run {}", self.program.display()))?;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if began.elapsed() > self.proof.limit {
                child.kill()?;
                child.wait()?;
                break None;
            }
            std::thread::sleep(LOOK_INTERVAL);
        };
        let took = began.elapsed();
        let outcome = match status {
            None => Outcome::Unfinished,
            Some(status) if status.success() => Outcome::Passed,
            Some(_) => Outcome::Failed(self.words()?),
        };
        Ok(Run { outcome, took })
    }

    /// What a failed run said, in one line.
    fn words(&self) -> Result<String> {
        let bytes = fs::read(&self.output)?;
        let text = String::from_utf8_lossy(&bytes);
        let said = if self.is_simulation() {
            text.lines().rev().find(|line| !line.trim().is_empty())
        } else {
            failed_test(&text)
        };
        let Some(said) = said else { bail!("{} failed without a word", self.proof.name) };
        Ok(said.trim().chars().take(150).collect())
    }
}

/// The first test that failed, or whatever was said last.
fn failed_test(text: &str) -> Option<&str> {
    let failed = text.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
    failed.or_else(|| text.lines().rev().find(|line| !line.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_test_that_failed() {
        let text = "running 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\n\ntest result: FAILED\n";
        assert_eq!(failed_test(text), Some("a::c"));
        assert_eq!(failed_test("no test here\n\n"), Some("no test here"));
    }

    #[test]
    fn a_package_is_known_by_its_folder() {
        assert!(is_manifest_of("/a/crates/model/Cargo.toml", "model"));
        assert!(!is_manifest_of("/a/crates/runtime/Cargo.toml", "model"));
    }
}
