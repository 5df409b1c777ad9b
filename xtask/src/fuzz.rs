//! The long run of the fuzzing targets: `cargo xtask fuzz [TARGET] [--minutes N]`, guided by coverage.
//!
//! Builds `tests/fuzz` with the counters that rustc's own LLVM puts in (stable flags) and libFuzzer,
//! which a C++ compiler compiles. Inputs that reach something new are kept under `target/fuzz/corpus`;
//! an input that breaks a rule lies under `target/fuzz/finds`, and belongs into `tests/fuzz/corpus` once
//! it is made small. Fails closed: what is missing, or found, is an error.

use crate::cargo;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The targets, in the order of `tests/fuzz/src/targets/mod.rs`.
const TARGETS: [&str; 13] = [
    "feed_frames",
    "feed_ticks",
    "feed_server",
    "feed_sockets",
    "tape_rows",
    "decimals",
    "order_bodies",
    "stream_messages",
    "tokens",
    "requests",
    "stream_sockets",
    "journal_files",
    "settings",
];
/// What makes rustc count edges and show comparisons to libFuzzer.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Minutes for each target unless the command says otherwise.
const MINUTES: u64 = 10;

/// What to run.
struct Plan {
    targets: Vec<&'static str>,
    minutes: u64,
}

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let plan = parse(arguments)?;
    let folder = root.join("target/fuzz");
    let binary = build(root, &folder)?;
    let mut found = Vec::new();
    for name in &plan.targets {
        if !search(root, (&binary, &folder), name, plan.minutes)? {
            found.push(*name);
        }
    }
    ensure!(found.is_empty(), "rules were broken in {}; the inputs lie in target/fuzz/finds", found.join(", "));
    Ok(())
}

fn parse(arguments: &[&str]) -> Result<Plan> {
    let mut plan = Plan { targets: TARGETS.to_vec(), minutes: MINUTES };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            "--minutes" => {
                let text = rest.next().context("--minutes takes a number")?;
                plan.minutes = text.parse().with_context(|| format!("{text} is no number of minutes"))?;
            }
            name => match TARGETS.iter().find(|target| **target == name) {
                Some(target) => plan.targets = vec![target],
                None => bail!("{name} is no target; there are: {}", TARGETS.join(", ")),
            },
        }
    }
    Ok(plan)
}

fn build(root: &Path, folder: &Path) -> Result<PathBuf> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let has_compiler =
        Command::new(&compiler).arg("--version").output().is_ok_and(|output| output.status.success());
    ensure!(has_compiler, "libFuzzer needs a C++ compiler: install g++ or clang, or name one in CXX");
    let host = host()?;
    // With a target named, what runs during the build is not instrumented.
    let mut command = cargo(root, &["build", "--locked", "--release", "--package", "fuzzing", "--bin", "fuzz"]);
    command.args(["--features", "coverage", "--target", &host]).arg("--target-dir").arg(folder);
    command.env("RUSTFLAGS", FLAGS).env_remove("CARGO_TARGET_DIR");
    command.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
    command.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    crate::run(command)?;
    Ok(folder.join(host).join("release/fuzz"))
}

/// The platform of this machine, as rustc names it.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot ask rustc for its host")?;
    let text = String::from_utf8(output.stdout).context("rustc answers in text")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names its host")?.to_owned())
}

/// Searches with one target; `false` when a rule was broken.
fn search(root: &Path, (binary, folder): (&Path, &Path), name: &str, minutes: u64) -> Result<bool> {
    let (corpus, finds) = (folder.join("corpus").join(name), folder.join("finds"));
    let seeds = root.join("tests/fuzz/corpus").join(name);
    ensure!(seeds.is_dir(), "{} is missing", seeds.display());
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&finds)?;
    let words = folder.join(format!("{name}.words"));
    fs::write(&words, dictionary(root, name)?)?;
    eprintln!("fuzz: {name} for {minutes} minutes");
    let mut command = Command::new(binary);
    command.current_dir(folder).env("PAPERTAPE_FUZZ_TARGET", name);
    command.args([&corpus, &seeds]);
    command.arg(format!("-dict={}", words.display()));
    command.arg(format!("-artifact_prefix={}/{name}-", finds.display()));
    command.arg(format!("-max_total_time={}", minutes * 60));
    command.args([
        "-timeout=60",
        "-rss_limit_mb=4096",
        "-max_len=8192",
        "-use_value_profile=1",
        "-print_final_stats=1",
    ]);
    let status = command.status().with_context(|| format!("cannot run {}", binary.display()))?;
    eprintln!("fuzz: {name} {}", if status.success() { "held" } else { "BROKE A RULE" });
    Ok(status.success())
}

/// The words of the target's seeds, as libFuzzer wants them.
fn dictionary(root: &Path, name: &str) -> Result<String> {
    let folder = root.join("tests/fuzz/corpus").join(name);
    let mut words = std::collections::BTreeSet::new();
    for entry in folder.read_dir().with_context(|| format!("cannot list {}", folder.display()))? {
        let bytes = fs::read(entry?.path())?;
        for word in bytes.split(|byte| !byte.is_ascii_graphic() || b",:{}[]\"=".contains(byte)) {
            if (2..=40).contains(&word.len()) {
                words.insert(word.to_vec());
            }
        }
    }
    let line = |word: Vec<u8>| -> String {
        let escaped: String = word.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        format!("\"{escaped}\"\n")
    };
    Ok(words.into_iter().map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_are_those_that_have_seeds() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus");
        let mut folders: Vec<String> = corpus
            .read_dir()
            .expect("the corpus is there")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        folders.sort_unstable();
        let mut targets = TARGETS.to_vec();
        targets.sort_unstable();
        assert_eq!(folders, targets);
    }

    #[test]
    fn a_target_and_minutes_can_be_named() {
        let plan = parse(&["decimals", "--minutes", "3"]).expect("a plan");
        assert_eq!((plan.targets, plan.minutes), (vec!["decimals"], 3));
        assert!(parse(&["nothing"]).is_err());
        assert!(parse(&["--minutes"]).is_err());
    }
}
