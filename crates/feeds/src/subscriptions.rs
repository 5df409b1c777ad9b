//! The set of symbols that are wanted from the feed.
//!
//! Grows only; a provider's task follows it and asks the provider for what is new. The invariant:
//! the order of [`Subscriptions::all`] is the order of addition, so that what is new is always a
//! suffix.

use model::Symbol;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A shared, growing set of symbols. Clones are handles to one set.
#[derive(Clone, Debug)]
pub struct Subscriptions {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    set: Mutex<Set>,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Set {
    ordered: Vec<Symbol>,
    members: HashSet<Symbol>,
}

impl Subscriptions {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        let (count, _) = watch::channel(0);
        Self { shared: Arc::new(Shared { set: Mutex::new(Set::default()), count }) }
    }

    /// Adds symbols; those that are in already change nothing.
    pub fn add(&self, symbols: &[Symbol]) {
        let mut set = self.set();
        for symbol in symbols {
            if set.members.insert(*symbol) {
                set.ordered.push(*symbol);
            }
        }
        let count = set.ordered.len();
        // Sent under the lock, so that counts are seen in the order in which they became true.
        self.shared.count.send_if_modified(|known| std::mem::replace(known, count) != count);
    }

    /// Every symbol, in the order of addition.
    #[must_use]
    pub fn all(&self) -> Vec<Symbol> {
        self.set().ordered.clone()
    }

    /// The symbols that were added after the first `known` ones.
    #[must_use]
    pub fn added_after(&self, known: usize) -> Vec<Symbol> {
        self.set().ordered.get(known..).map(<[Symbol]>::to_vec).unwrap_or_default()
    }

    /// Whether a symbol is wanted.
    #[must_use]
    pub fn contains(&self, symbol: Symbol) -> bool {
        self.set().members.contains(&symbol)
    }

    /// Follows how many symbols there are.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.shared.count.subscribe()
    }

    fn set(&self) -> MutexGuard<'_, Set> {
        // A panic elsewhere cannot leave the set half changed: both parts only ever grow.
        self.shared.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Subscriptions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(text: &str) -> Symbol {
        Symbol::parse(text).expect("a ticker of the test")
    }

    #[test]
    fn what_is_new_is_a_suffix_and_is_announced_once() {
        let subscriptions = Subscriptions::new();
        let mut watch = subscriptions.watch();
        subscriptions.add(&[symbol("AAPL"), symbol("MSFT"), symbol("AAPL")]);
        assert_eq!(*watch.borrow_and_update(), 2);
        subscriptions.clone().add(&[symbol("MSFT")]);
        assert!(!watch.has_changed().expect("the set lives"));
        subscriptions.add(&[symbol("BTC/USD")]);
        assert!(watch.has_changed().expect("the set lives"));
        assert_eq!(subscriptions.added_after(2), [symbol("BTC/USD")]);
        assert_eq!(subscriptions.all(), [symbol("AAPL"), symbol("MSFT"), symbol("BTC/USD")]);
        assert!(subscriptions.contains(symbol("MSFT")));
        assert!(subscriptions.added_after(9).is_empty());
    }
}
