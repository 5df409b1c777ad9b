//! A portfolio of the naive model: cash, what is held back of it, and one holding.

use super::order::Side;
use crate::fixed;

/// Money and holding, in units of 1e-8.
#[derive(Clone, Debug)]
pub struct Account {
    /// Cash, held-back part included.
    pub cash: i128,
    /// Cash held back for open buys.
    pub reserved_cash: i128,
    /// Shares held.
    pub qty: i128,
    /// Shares held back for open sells.
    pub reserved_qty: i128,
    /// What the shares cost.
    pub cost: i128,
    /// Profit realised.
    pub realized: i128,
    /// Displayed size already taken: of the ask by buys, of the bid by sells.
    pub(super) taken: [i128; 2],
    /// Size of the current print already taken.
    pub(super) taken_of_print: i128,
}

impl Account {
    pub(super) fn new(cash: i128) -> Self {
        Self {
            cash,
            reserved_cash: 0,
            qty: 0,
            reserved_qty: 0,
            cost: 0,
            realized: 0,
            taken: [0; 2],
            taken_of_print: 0,
        }
    }

    /// Moves money and shares; a sale takes its share of the average cost with it.
    pub(super) fn trade(&mut self, side: Side, qty: i128, value: i128) {
        match side {
            Side::Buy => {
                self.cash -= value;
                self.qty += qty;
                self.cost += value;
            }
            Side::Sell => {
                let cost = fixed::divide_half_even(self.cost * qty, self.qty);
                self.cash += value;
                self.qty -= qty;
                self.cost -= cost;
                self.realized += value - cost;
            }
        }
        assert!(self.cash >= 0 && self.qty >= 0, "the model never overdraws: {self:?}");
    }
}
