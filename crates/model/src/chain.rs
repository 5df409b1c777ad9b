//! How orders hang together: on a parent whose fills they follow, and beside alternatives of which only
//! as much as one may trade.

use crate::{OrderNumber, Qty};
use rkyv::{Archive, Deserialize, Serialize};

/// What the legs that are sent with an order are to it and to each other.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Contingency {
    /// OCO: alternatives to the order itself.
    Alternatives,
    /// OTO: each follows the order's fills on its own.
    Followers,
    /// OTOCO: they follow the order's fills and are alternatives to each other.
    FollowingAlternatives,
    /// The same, sent as an entry with its exits.
    Bracket,
}

impl Contingency {
    /// Whether of the legs, or of the order and its legs, only as much as one may trade.
    #[must_use]
    pub const fn are_alternatives(self) -> bool {
        match self {
            Self::Alternatives | Self::FollowingAlternatives | Self::Bracket => true,
            Self::Followers => false,
        }
    }
}

/// What was sent with an order.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderLegs {
    /// What the legs are to it and to each other.
    pub contingency: Contingency,
    /// How many orders hang on it or stand beside it, all the way down; their numbers follow its own.
    pub count: u16,
}

/// How much of a leg a parent's fills set free.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegShare {
    /// As much as was filled: an exit.
    AsFilled,
    /// In proportion: `leg` for `parent`.
    Part {
        /// The leg's own quantity.
        leg: Qty,
        /// The quantity of its parent that this stands for.
        parent: Qty,
    },
}

impl LegShare {
    /// How much of the leg belongs to this much of its parent, in whole lots, rounded down.
    #[must_use]
    pub fn of(self, filled: Qty, lot: Qty) -> Qty {
        let share = match self {
            Self::AsFilled => i128::from(filled.raw()),
            Self::Part { leg, parent } => {
                i128::from(leg.raw()) * i128::from(filled.raw()) / i128::from(parent.raw())
            }
        };
        let lots = share / i128::from(lot.raw());
        Qty::from_raw(i64::try_from(lots * i128::from(lot.raw())).expect("a part of a quantity that is in range"))
    }
}

/// Where an order stands in its chain.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderLink {
    /// The order whose fills set it free; of the same portfolio.
    pub parent: Option<OrderNumber>,
    /// The first of the alternatives that it is one of.
    pub group: Option<OrderNumber>,
    /// How much its parent's fills set free.
    pub share: LegShare,
}
