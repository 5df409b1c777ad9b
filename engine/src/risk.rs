//! The limits a portfolio's owner set, checked when an order is decided.
//!
//! Exposure is reckoned at cost: what holdings cost and what open buys hold back. Selling takes
//! risk down, so only the size of a single order limits it. Looks only.

use crate::shard::Shard;
use crate::terms::{Terms, Worth};
use alloc::collections::BTreeSet;
use alloc::format;
use model::{InstrumentId, Money, Qty, Reject, RejectCode, SCALE, Side};

impl Shard {
    /// Refuses the first limit that the order would break, in the order of the codes.
    pub(crate) fn check_limits(&self, terms: &Terms, worth: &Worth) -> Result<(), Reject> {
        let limits = self.portfolio(terms.portfolio).limits;
        let is_buy = terms.side == Side::Buy;
        if let (Some(least), Some(price), true) = (limits.price_min, worth.price, is_buy)
            && price < least
        {
            let message = format!("{price} is below the portfolio's lowest price of {least}");
            return Err(Reject::new(RejectCode::PriceBelowMinimum, message));
        }
        if let Some(most) = limits.order_value_max
            && worth.value > most
        {
            let message = format!("the order is worth {}, at most {most} is allowed", worth.value);
            return Err(Reject::new(RejectCode::MaxOrderValue, message));
        }
        if is_buy { self.check_exposure(terms, worth) } else { Ok(()) }
    }

    fn check_exposure(&self, terms: &Terms, worth: &Worth) -> Result<(), Reject> {
        let portfolio = self.portfolio(terms.portfolio);
        let limits = portfolio.limits;
        let added = worth.reserved.cash - terms.held.cash;
        if let Some(most) = limits.open_positions_max {
            let mut instruments = self.instruments_held_or_bought(terms);
            instruments.insert(terms.instrument);
            if instruments.len() > most as usize {
                let message = format!("{} positions would be held, at most {most} are allowed", instruments.len());
                return Err(Reject::new(RejectCode::MaxPositions, message));
            }
        }
        let account = &portfolio.account;
        if let Some(most) = limits.position_percent_max {
            let exposure = self.exposure_of(terms) + added;
            let equity = account.cash + account.cost_of_holdings();
            // Both sides multiplied out, so that nothing is rounded.
            if exposure.raw() * 100 * i128::from(SCALE) > equity.raw() * i128::from(most.raw()) {
                let message =
                    format!("the position would cost {exposure}, at most {most} % of {equity} is allowed");
                return Err(Reject::new(RejectCode::MaxPositionPct, message));
            }
        }
        if let Some(most) = limits.gross_exposure_max {
            let exposure = account.cost_of_holdings() + account.reserved_cash + added;
            if exposure > most {
                let message = format!("holdings and buy orders would cost {exposure}, at most {most} is allowed");
                return Err(Reject::new(RejectCode::MaxGrossExposure, message));
            }
        }
        Ok(())
    }

    fn instruments_held_or_bought(&self, terms: &Terms) -> BTreeSet<InstrumentId> {
        let portfolio = self.portfolio(terms.portfolio);
        let held = portfolio.account.positions.iter().filter(|(_, position)| position.qty.size() > Qty::ZERO);
        let open = portfolio.open.iter().map(|(_, slot)| self.orders.get(slot));
        held.map(|(instrument, _)| *instrument)
            .chain(open.filter(|order| order.side == Side::Buy).map(|order| order.instrument))
            .collect()
    }

    /// What the instrument's holding cost and its open buys hold back.
    fn exposure_of(&self, terms: &Terms) -> Money {
        let portfolio = self.portfolio(terms.portfolio);
        let open = portfolio.open.iter().map(|(_, slot)| self.orders.get(slot));
        let buying: Money =
            open.filter(|order| order.instrument == terms.instrument).map(|order| order.reserved().cash).sum();
        portfolio.account.position(terms.instrument).map_or(Money::ZERO, |position| position.cost_basis) + buying
    }
}
