//! Disks that were judged already: equal disks have equal outcomes, so each is opened once.

use super::Verdict;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

const PARTS: usize = 64;

/// Verdicts by fingerprint of the disk and generation of the check.
#[derive(Debug)]
pub struct Memo {
    parts: Vec<Mutex<HashMap<u128, Verdict>>>,
}

impl Default for Memo {
    fn default() -> Self {
        Self { parts: (0..PARTS).map(|_| Mutex::default()).collect() }
    }
}

impl Memo {
    /// The verdict on this disk, judged now where it was not before; and whether it was now.
    pub fn verdict(&self, fingerprint: u128, generation: u32, judge: impl FnOnce() -> Verdict) -> (Verdict, bool) {
        let key = fingerprint.wrapping_add(u128::from(generation).wrapping_mul(0x0123_4567_89ab_cdef));
        if let Some(known) = self.part(key).get(&key) {
            return (known.clone(), false);
        }
        let verdict = judge();
        // Another thread may have been as fast: the disk counts once.
        let is_new = self.part(key).insert(key, verdict.clone()).is_none();
        (verdict, is_new)
    }

    fn part(&self, key: u128) -> MutexGuard<'_, HashMap<u128, Verdict>> {
        let index = usize::try_from(key % PARTS as u128).expect("below the number of parts");
        self.parts[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
