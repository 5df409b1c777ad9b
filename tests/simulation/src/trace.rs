//! What happened in a run: a hash of everything, and on demand the last lines in words.
//!
//! Lines are only made in a run that is watched, since a seed repeats itself: who wants words runs it again.
//! Invariant: the hash takes in every step in order, so that equal hashes are equal runs.

use std::collections::VecDeque;

/// Lines that are kept.
const LINES_MAX: usize = 40;

/// Whether words are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// The hash is enough.
    No,
    /// The last lines are kept.
    Last,
    /// Every line goes to the standard error.
    All,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Trace {
    words: Words,
    hash: [u64; 2],
    lines: VecDeque<String>,
    /// Steps so far.
    pub step: u64,
}

impl Trace {
    /// An empty trace.
    #[must_use]
    pub fn new(words: Words) -> Self {
        Self { words, hash: [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344], lines: VecDeque::new(), step: 0 }
    }

    /// Takes a number in.
    pub fn number(&mut self, number: u64) {
        let [low, high] = self.hash;
        let mixed = (low ^ number).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let mixed = mixed ^ (mixed >> 32);
        self.hash = [mixed.wrapping_add(high.rotate_left(23)), high ^ mixed.wrapping_mul(0xc4ce_b9fe_1a85_ec53)];
    }

    /// Takes bytes in.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.number(u64::from_le_bytes(word));
        }
    }

    /// Notes something: its name and number for the hash, and in words where they are wanted.
    pub fn note(&mut self, name: &'static str, number: u64, words: impl FnOnce() -> String) {
        self.bytes(name.as_bytes());
        self.number(number);
        match self.words {
            Words::No => {}
            Words::Last | Words::All => {
                let line = format!("{:>6} {name}: {}", self.step, words());
                if self.words == Words::All {
                    eprintln!("{line}");
                }
                if self.lines.len() == LINES_MAX {
                    self.lines.pop_front();
                }
                self.lines.push_back(line);
            }
        }
    }

    /// The hash of everything so far.
    #[must_use]
    pub fn digest(&self) -> u128 {
        u128::from(self.hash[0]) << 64 | u128::from(self.hash[1])
    }

    /// The last lines.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}
