//! API keys: what a new one looks like and how a secret is kept.
//!
//! The secret has 40 random characters of 62, more than 230 bits, so that one round of SHA-256 keeps
//! it safe and a request costs no password hash.

use rand::Rng;
use rand::distr::Alphanumeric;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Characters of a key id, its prefix included.
const KEY_ID_CHARACTERS: usize = 20;
/// Characters of a secret.
const SECRET_CHARACTERS: usize = 40;

/// A key that was just drawn: the only moment at which its secret is in clear.
pub(crate) struct FreshKey {
    pub(crate) key_id: String,
    pub(crate) secret: String,
}

impl FreshKey {
    /// Draws a key from the operating system's randomness.
    pub(crate) fn draw() -> Self {
        let mut random = rand::rng();
        let mut characters = |count: usize| -> String {
            (&mut random).sample_iter(Alphanumeric).take(count).map(char::from).collect()
        };
        let key_id = format!("PK{}", characters(KEY_ID_CHARACTERS - 2).to_ascii_uppercase());
        Self { key_id, secret: characters(SECRET_CHARACTERS) }
    }
}

/// What is kept of a secret.
pub(crate) fn hash_secret(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether a secret is the one that was kept, in the same time whatever it is.
pub(crate) fn secret_matches(secret: &str, kept: &[u8; 32]) -> bool {
    hash_secret(secret).ct_eq(kept).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_documented_form_and_differ() {
        let (one, other) = (FreshKey::draw(), FreshKey::draw());
        assert_eq!((one.key_id.len(), one.secret.len()), (20, 40));
        assert!(one.key_id.starts_with("PK"));
        assert_ne!(one.key_id, other.key_id);
        assert_ne!(one.secret, other.secret);
    }

    #[test]
    fn only_the_secret_itself_matches() {
        let kept = hash_secret("the secret");
        assert!(secret_matches("the secret", &kept));
        for wrong in ["", "the secre", "the secret ", "The secret"] {
            assert!(!secret_matches(wrong, &kept), "{wrong:?}");
        }
    }
}
