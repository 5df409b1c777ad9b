//! Fuzzing: every parser that a stranger's bytes reach, each behind one function of bytes.
//!
//! Owns the targets, their rules, and the short run that every test run makes; the long run, guided
//! by coverage, is `cargo xtask fuzz`. Never repairs what it finds. Its invariant: a target that
//! returns has held all of its rules, and one that panics has not.

pub mod mutator;
pub mod short_run;
pub mod targets;
mod wire;

use std::path::{Path, PathBuf};

/// One way in.
pub struct Target {
    /// Its name: of the corpus's folder and of the test.
    pub name: &'static str,
    /// Takes any bytes, panics where a rule is broken, and says which kind of end it came to: inputs
    /// that reach a new one are worth keeping.
    pub run: fn(&[u8]) -> u64,
    /// Words of its language.
    pub words: &'static [&'static str],
    /// Executions of a short run: a few seconds' worth.
    pub executions: u32,
    /// Longest input that is tried.
    pub bytes_max: usize,
}

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    targets::ALL.iter().find(|target| target.name == name)
}

/// Where the seeds of a target lie: made by hand, or what a longer search found.
#[must_use]
pub fn corpus_folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name)
}

/// A kind of end, from any words about it.
pub(crate) fn kind_of(words: &str) -> u64 {
    words.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        // Figures differ from input to input; what is said about them does not.
        if byte.is_ascii_digit() { hash } else { (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3) }
    })
}
