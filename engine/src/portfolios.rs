//! All portfolios of a shard, by id.
//!
//! Owns how a portfolio is found: the catalogue counts them from 1, so that an id is a place in a
//! list, and a fill that asks for its portfolio ten times follows one pointer each time. Ids beyond
//! the list, which no catalogue gives out, are kept in a tree.

use crate::portfolio::Portfolio;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use model::PortfolioId;

/// Ids below this are places in the list, which takes eight bytes for each (a guess: more portfolios
/// than one server holds).
const NEAR: u32 = 1 << 20;

/// Portfolios by id.
#[derive(Debug, Default)]
pub(crate) struct Portfolios {
    near: Vec<Option<Box<Portfolio>>>,
    far: BTreeMap<PortfolioId, Portfolio>,
}

impl Portfolios {
    #[inline]
    pub(crate) fn get(&self, id: PortfolioId) -> Option<&Portfolio> {
        match id.get() {
            0..NEAR => self.near.get(id.get() as usize)?.as_deref(),
            NEAR.. => self.far.get(&id),
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: PortfolioId) -> Option<&mut Portfolio> {
        match id.get() {
            0..NEAR => self.near.get_mut(id.get() as usize)?.as_deref_mut(),
            NEAR.. => self.far.get_mut(&id),
        }
    }

    pub(crate) fn contains(&self, id: PortfolioId) -> bool {
        self.get(id).is_some()
    }

    /// Puts a portfolio at an id that is free.
    pub(crate) fn insert(&mut self, id: PortfolioId, portfolio: Portfolio) {
        assert!(!self.contains(id), "a portfolio is opened once");
        match id.get() {
            at @ 0..NEAR => {
                let at = at as usize;
                if at >= self.near.len() {
                    self.near.resize_with(at + 1, || None);
                }
                self.near[at] = Some(Box::new(portfolio));
            }
            NEAR.. => {
                self.far.insert(id, portfolio);
            }
        }
    }

    /// Takes a portfolio out.
    pub(crate) fn remove(&mut self, id: PortfolioId) -> Option<Portfolio> {
        match id.get() {
            0..NEAR => self.near.get_mut(id.get() as usize)?.take().map(|portfolio| *portfolio),
            NEAR.. => self.far.remove(&id),
        }
    }

    /// By id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PortfolioId, &Portfolio)> {
        let near = (0..).map(PortfolioId::new).zip(&self.near);
        let near = near.filter_map(|(id, portfolio)| Some((id, portfolio.as_deref()?)));
        near.chain(self.far.iter().map(|(id, portfolio)| (*id, portfolio)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use model::{Currency, ExecutionProfile, Money, RiskLimits};

    #[test]
    fn near_and_far_ids_are_found_and_walked_in_order() {
        let mut portfolios = Portfolios::default();
        let opened = |cash| {
            Portfolio::opened(
                Currency::Usd,
                Money::whole(cash),
                RiskLimits::default(),
                ExecutionProfile::REALISTIC,
            )
        };
        let ids = [7, u32::MAX, 1, NEAR, NEAR - 1].map(PortfolioId::new);
        for (id, cash) in ids.into_iter().zip(1..) {
            assert!(!portfolios.contains(id) && portfolios.get_mut(id).is_none());
            portfolios.insert(id, opened(cash));
            assert_eq!(portfolios.get(id).map(|found| found.starting_balance), Some(Money::whole(cash)));
            assert!(portfolios.get_mut(id).is_some());
        }
        let walked: Vec<u32> = portfolios.iter().map(|(id, _)| id.get()).collect();
        assert_eq!(walked, vec![1, 7, NEAR - 1, NEAR, u32::MAX]);
    }
}
