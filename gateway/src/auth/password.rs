//! Passwords: rules, and hashing that cannot starve the rest of the server.
//!
//! Argon2id runs on blocking threads, a few at a time, with a bounded line in front. An unknown user
//! costs the same time as a known one.

use crate::dto::name;
use crate::problem::Problem;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use axum::http::StatusCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Hashes at one time: each takes 19 MiB and a core for tens of milliseconds.
const HASHES_AT_ONCE: usize = 2;
/// Logins that may wait for their turn (guess: four seconds of work).
const HASHES_WAITING_MAX: usize = 256;
/// Shortest password, in characters.
const PASSWORD_CHARACTERS_MIN: usize = 8;
/// Longest password, in bytes, so that hashing has a bound.
const PASSWORD_BYTES_MAX: usize = 256;
/// Longest username and nickname, in characters.
const USERNAME_CHARACTERS_MAX: usize = 32;

/// Hashes and verifies passwords, a few at a time.
#[derive(Clone)]
pub(crate) struct PasswordPool {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// In the place of a hash, for users that do not exist: no password's, and verified in the same time.
    decoy: Arc<str>,
}

impl PasswordPool {
    /// Nobody waits for a turn yet.
    pub(crate) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            waiting: Arc::new(AtomicUsize::new(0)),
            decoy: decoy(Argon2::default().params()).into(),
        }
    }

    /// The hash to keep of a password.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Problem> {
        self.run(move || hash(&password)).await?.map_err(|error| Problem::internal(&error))
    }

    /// Whether a password is the one of the kept hash; without a hash, `false` after the same time.
    pub(crate) async fn verify(&self, password: String, kept: Option<String>) -> Result<bool, Problem> {
        let known = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.decoy.to_string());
        let matches = self.run(move || matches(&password, &kept)).await?;
        Ok(known && matches)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let place = Place::take(&self.waiting)?;
        let turn = self.turns.acquire().await.map_err(|error| Problem::internal(&error))?;
        let result = tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error));
        drop(turn);
        drop(place);
        result
    }
}

/// A well-formed hash with these costs. Its salt and its output are random and were never computed.
fn decoy(costs: &argon2::Params) -> String {
    // The digits of a number to the base of 16 are letters of base 64.
    let random = || uuid::Uuid::new_v4().simple();
    let (memory, passes, lanes) = (costs.m_cost(), costs.t_cost(), costs.p_cost());
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}{}", random(), random(), random())
}

/// A place in the line, given back however the request ends.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, Problem> {
        if waiting.fetch_add(1, Ordering::Relaxed) >= HASHES_WAITING_MAX {
            waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Problem::overloaded());
        }
        Ok(Self(waiting))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes())?;
    Ok(hash.to_string())
}

fn matches(password: &str, kept: &str) -> bool {
    match PasswordHash::new(kept) {
        Ok(kept) => Argon2::default().verify_password(password.as_bytes(), &kept).is_ok(),
        Err(error) => {
            tracing::error!(%error, "a kept password hash cannot be read");
            false
        }
    }
}

/// That a username is one.
pub(crate) fn check_username(username: &str) -> Result<(), Problem> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@' | b'+');
    if !(3..=USERNAME_CHARACTERS_MAX).contains(&username.len()) || !username.bytes().all(allowed) {
        let rule = "must have 3 to 32 characters of letters, digits and . _ - @ +";
        return Err(Problem::invalid("username", rule));
    }
    Ok(())
}

/// That a password is long enough to be one, and short enough to be hashed.
pub(crate) fn check_password(password: &str) -> Result<(), Problem> {
    if password.chars().count() < PASSWORD_CHARACTERS_MIN {
        return Err(Problem::invalid("password", "must have at least 8 characters"));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Problem::invalid("password", "must have at most 256 bytes"));
    }
    Ok(())
}

/// A nickname without anything that hides or imitates.
pub(crate) fn check_nickname(nickname: &str) -> Result<String, Problem> {
    let text = name("nickname", nickname)?;
    if text.as_str().chars().count() > USERNAME_CHARACTERS_MAX {
        return Err(Problem::invalid("nickname", "must have at most 32 characters"));
    }
    Ok(text.as_str().to_owned())
}

impl Problem {
    /// The one answer to a failed login, whatever failed.
    pub(crate) fn wrong_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "WRONG_CREDENTIALS", "the username or the password is wrong")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_alone() {
        let pool = PasswordPool::new();
        let kept = pool.hash("correct horse".to_owned()).await.expect("hashes");
        assert!(kept.starts_with("$argon2id$"));
        assert!(pool.verify("correct horse".to_owned(), Some(kept.clone())).await.expect("runs"));
        assert!(!pool.verify("wrong horse".to_owned(), Some(kept)).await.expect("runs"));
        assert!(!pool.verify("correct horse".to_owned(), None).await.expect("runs"));
        assert!(!pool.verify("x".to_owned(), Some("no hash".to_owned())).await.expect("runs"));
    }

    #[tokio::test]
    async fn an_unknown_user_costs_what_a_known_one_costs() {
        let pool = PasswordPool::new();
        let kept = pool.hash("correct horse".to_owned()).await.expect("hashes");
        let costs = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(costs(&pool.decoy), costs(&kept), "algorithm, version and costs");
        let decoy = PasswordHash::new(&pool.decoy).expect("it is well-formed");
        let refused = Argon2::default().verify_password(b"correct horse", &decoy);
        assert_eq!(refused, Err(argon2::password_hash::Error::PasswordInvalid), "it was computed, and differs");
    }

    #[test]
    fn usernames_and_passwords_follow_the_rules() {
        for (username, valid) in
            [("ada", true), ("a.b_c-d@e+f", true), ("ab", false), ("a b c", false), ("ädä", false)]
        {
            assert_eq!(check_username(username).is_ok(), valid, "{username}");
        }
        assert!(check_username(&"x".repeat(33)).is_err());
        for (password, valid) in [("1234567", false), ("12345678", true), ("ääääääää", true)] {
            assert_eq!(check_password(password).is_ok(), valid, "{password}");
        }
        assert!(check_password(&"x".repeat(257)).is_err());
        assert!(check_nickname("A\u{202e}da").is_err());
    }
}
