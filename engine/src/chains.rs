//! Which open orders of a portfolio hang together.
//!
//! Owns two indexes over the links that orders carry: the children of each parent, and the
//! alternatives of each group. Only open orders are in it, so that whoever is found can be changed.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use model::{OrderLink, OrderNumber};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    /// Parent, child.
    children: BTreeSet<(OrderNumber, OrderNumber)>,
    /// Group, member.
    members: BTreeSet<(OrderNumber, OrderNumber)>,
}

impl Chains {
    /// Whether no open order hangs together with another.
    pub(crate) fn is_empty(&self) -> bool {
        self.children.is_empty() && self.members.is_empty()
    }

    pub(crate) fn add(&mut self, order: OrderNumber, link: OrderLink) {
        if let Some(parent) = link.parent {
            self.children.insert((parent, order));
        }
        if let Some(group) = link.group {
            self.members.insert((group, order));
        }
    }

    pub(crate) fn remove(&mut self, order: OrderNumber, link: OrderLink) {
        if let Some(parent) = link.parent {
            self.children.remove(&(parent, order));
        }
        if let Some(group) = link.group {
            self.members.remove(&(group, order));
        }
    }

    /// The open orders that hang on this one, in the order in which they were sent.
    pub(crate) fn children(&self, parent: OrderNumber) -> Vec<OrderNumber> {
        second_of(&self.children, parent)
    }

    /// The open orders of a group, in the order in which they were sent.
    pub(crate) fn members(&self, group: OrderNumber) -> Vec<OrderNumber> {
        second_of(&self.members, group)
    }
}

fn second_of(pairs: &BTreeSet<(OrderNumber, OrderNumber)>, first: OrderNumber) -> Vec<OrderNumber> {
    let from = pairs.range((first, OrderNumber::new(0))..);
    from.take_while(|(of, _)| *of == first).map(|(_, order)| *order).collect()
}
