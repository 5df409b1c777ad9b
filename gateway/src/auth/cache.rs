//! What was proven a moment ago: checking a signature or a secret again would only cost time.
//!
//! An entry is found by the BLAKE3 hash of everything that was shown, so that no secret is kept and
//! nothing but the very same proof finds it. It must never outlive what it proves: a token is compared
//! with the clock at every use, and a revoked key ends every entry of a key at once. Invariant: what
//! this answers is what checking anew would answer.

use super::extract::Principal;
use super::token::Verified;
use dashmap::DashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Entries of a table; beyond it is emptied (guess: a token for each of many thousand clients, about a megabyte).
const ENTRIES_MAX: usize = 8_192;

/// The hash of what was shown.
type Proof = [u8; 32];

/// Tokens whose signature and claims were checked.
#[derive(Default)]
pub(crate) struct TokenCache {
    verified: DashMap<Proof, Verified>,
}

impl TokenCache {
    /// What this token proved, unless its time is over at `now` (seconds since 1970).
    pub(crate) fn get(&self, token: &str, leeway: u64, now: u64) -> Option<Verified> {
        let verified = *self.verified.get(&proof(&[token]))?;
        (verified.expires_at.saturating_add(leeway) >= now).then_some(verified)
    }

    /// Remembers what a token proved.
    pub(crate) fn insert(&self, token: &str, verified: Verified) {
        make_room(&self.verified);
        self.verified.insert(proof(&[token]), verified);
    }
}

/// How often a key was revoked; what was proven before the last time proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(u64);

/// API keys whose secret was compared.
#[derive(Default)]
pub(crate) struct KeyCache {
    verified: DashMap<Proof, (Generation, Principal)>,
    revocations: AtomicU64,
}

impl KeyCache {
    /// To be asked before the key is looked up, and handed to [`Self::insert`] afterwards.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.revocations.load(Ordering::Acquire))
    }

    /// Whose key this is, where that was proven and no key was revoked since.
    pub(crate) fn get(&self, key_id: &str, secret: &str) -> Option<Principal> {
        let entry = self.verified.get(&proof(&[key_id, secret]))?;
        let (generation, principal) = entry.value();
        (*generation == self.generation()).then(|| principal.clone())
    }

    /// Remembers whose key it is, as the catalogue told after `generation`.
    pub(crate) fn insert(&self, key_id: &str, secret: &str, known: (Generation, Principal)) {
        make_room(&self.verified);
        self.verified.insert(proof(&[key_id, secret]), known);
    }

    /// Forgets every key. Call it once the revocation stands in the catalogue, before it is answered.
    pub(crate) fn revoked(&self) {
        self.revocations.fetch_add(1, Ordering::AcqRel);
        self.verified.clear();
    }
}

fn make_room<T>(verified: &DashMap<Proof, T>) {
    // Forgetting all is rare and costs one check for each client that comes back.
    if verified.len() >= ENTRIES_MAX {
        verified.clear();
    }
}

/// Each part behind its length, so that moving a character from one to the next is another proof.
fn proof(parts: &[&str]) -> Proof {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Origin, UserId};

    fn principal(user: u32) -> Principal {
        Principal {
            user: UserId::new(user),
            origin: Origin::Automated,
            may_trade: true,
            bound_to: None,
            expires_at: None,
            key_id: Some("PK".to_owned()),
        }
    }

    #[test]
    fn a_token_is_known_until_its_time_is_over() {
        let cache = TokenCache::default();
        let verified = Verified { user: UserId::new(7), expires_at: 100 };
        cache.insert("token", verified);
        assert_eq!(cache.get("token", 5, 105), Some(verified));
        assert_eq!(cache.get("token", 5, 106), None);
        assert_eq!(cache.get("token ", 5, 0), None);
        assert_eq!(cache.get("", 5, 0), None);
    }

    #[test]
    fn a_revocation_ends_what_was_proven_and_what_is_being_looked_up() {
        let cache = KeyCache::default();
        cache.insert("id", "secret", (cache.generation(), principal(1)));
        assert_eq!(cache.get("id", "secret"), Some(principal(1)));
        assert_eq!(cache.get("ids", "ecret"), None);
        let looked_up_before = cache.generation();
        cache.revoked();
        assert_eq!(cache.get("id", "secret"), None);
        cache.insert("id", "secret", (looked_up_before, principal(1)));
        assert_eq!(cache.get("id", "secret"), None, "the catalogue was read before the key was revoked");
        cache.insert("id", "secret", (cache.generation(), principal(1)));
        assert_eq!(cache.get("id", "secret"), Some(principal(1)));
    }

    #[test]
    fn the_tables_are_bounded() {
        let cache = TokenCache::default();
        for number in 0..ENTRIES_MAX + 10 {
            cache.insert(&number.to_string(), Verified { user: UserId::new(1), expires_at: 1 });
        }
        assert!(cache.verified.len() <= ENTRIES_MAX);
    }
}
