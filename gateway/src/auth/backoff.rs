//! Brakes on guessing: every failed login makes the next wait longer, for the account and for the
//! address. The table is bounded; old failures are forgotten.

use crate::problem::Problem;
use dashmap::DashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failures of one account before it waits.
const ACCOUNT_FAILURES_FREE: u32 = 5;
/// Failures from one address before it waits; many people may share one.
const ADDRESS_FAILURES_FREE: u32 = 50;
/// Longest wait.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// After this long without a failure an entry is forgotten.
const MEMORY: Duration = Duration::from_secs(900);
/// Entries at which old ones are swept out.
const ENTRIES_MAX: usize = 20_000;

/// Whose failures are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    Account(String),
    Address(IpAddr),
}

struct Failures {
    count: u32,
    last: Instant,
}

/// Failed logins, by account and address.
#[derive(Default)]
pub(crate) struct Backoff {
    failures: DashMap<Client, Failures>,
}

impl Backoff {
    /// That a client may try now.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub(crate) fn check(&self, client: &Client, now: Instant) -> Result<(), Problem> {
        let Some(entry) = self.failures.get(client) else { return Ok(()) };
        let wait = wait_after(client, entry.count);
        let waited = now.saturating_duration_since(entry.last);
        if waited >= wait { Ok(()) } else { Err(Problem::too_many_requests((wait - waited).as_secs() + 1)) }
    }

    /// Notes a failed login.
    pub(crate) fn failed(&self, client: Client, now: Instant) {
        if self.failures.len() >= ENTRIES_MAX {
            self.failures.retain(|_, entry| now.saturating_duration_since(entry.last) < MEMORY);
        }
        if self.failures.len() >= ENTRIES_MAX {
            // A flood of names: forgetting all is kinder to memory, and the address still waits anew.
            self.failures.clear();
        }
        let mut entry = self.failures.entry(client).or_insert(Failures { count: 0, last: now });
        let forgotten = now.saturating_duration_since(entry.last) >= MEMORY;
        entry.count = if forgotten { 1 } else { entry.count.saturating_add(1) };
        entry.last = now;
    }

    /// Forgets a client's failures.
    pub(crate) fn succeeded(&self, client: &Client) {
        self.failures.remove(client);
    }
}

fn wait_after(client: &Client, failures: u32) -> Duration {
    let free = match client {
        Client::Account(_) => ACCOUNT_FAILURES_FREE,
        Client::Address(_) => ADDRESS_FAILURES_FREE,
    };
    match failures.checked_sub(free) {
        None => Duration::ZERO,
        Some(beyond) => Duration::from_secs(1 << beyond.min(6)).min(WAIT_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_and_ends_with_success() {
        let backoff = Backoff::default();
        let client = Client::Account("ada".to_owned());
        let start = Instant::now();
        for _ in 0..4 {
            backoff.failed(client.clone(), start);
        }
        assert!(backoff.check(&client, start).is_ok());
        backoff.failed(client.clone(), start);
        assert!(backoff.check(&client, start).is_err());
        assert!(backoff.check(&client, start + Duration::from_secs(1)).is_ok());
        backoff.failed(client.clone(), start);
        assert!(backoff.check(&client, start + Duration::from_secs(1)).is_err());
        assert!(backoff.check(&client, start + Duration::from_secs(2)).is_ok());
        backoff.succeeded(&client);
        assert!(backoff.check(&client, start).is_ok());
    }

    #[test]
    fn waits_are_bounded_and_the_table_too() {
        let client = Client::Account(String::new());
        assert_eq!(wait_after(&client, u32::MAX), WAIT_MAX);
        let backoff = Backoff::default();
        let start = Instant::now();
        for number in 0..ENTRIES_MAX + 10 {
            backoff.failed(Client::Account(number.to_string()), start);
        }
        assert!(backoff.failures.len() <= ENTRIES_MAX);
    }
}
