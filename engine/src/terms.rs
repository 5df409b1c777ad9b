//! What an order's terms mean in this market: its price, its worth, what it holds back.
//!
//! Shared by submitting and replacing, so that both refuse the same things for the same reasons.
//! Looks only.

use crate::commit::row_of;
use crate::shard::Shard;
use alloc::format;
use model::{
    Instrument, InstrumentId, Money, OrderKind, PortfolioId, Price, Qty, Reject, RejectCode, Reservation, Side,
    Size, Trail,
};

/// The terms of an order, new or changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) portfolio: PortfolioId,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) kind: OrderKind,
    pub(crate) size: Size,
    /// What is filled already.
    pub(crate) filled_qty: Qty,
    /// What that was worth.
    pub(crate) filled_value: Money,
    /// The trailing mark it starts from or has.
    pub(crate) hwm: Option<Price>,
    /// Whether its stop was released.
    pub(crate) triggered: bool,
    /// What it holds back before this.
    pub(crate) held: Reservation,
}

/// What terms come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worth {
    /// The price they are reckoned at, where there is one.
    pub(crate) price: Option<Price>,
    /// What the whole order is worth at it.
    pub(crate) value: Money,
    /// What it would hold back.
    pub(crate) reserved: Reservation,
}

impl Shard {
    pub(crate) fn instrument(&self, id: InstrumentId) -> &Instrument {
        self.instruments[row_of(id)].as_ref().expect("an order names a defined instrument")
    }

    /// Prices on the instrument's steps and quantities in its lots.
    pub(crate) fn check_steps(&self, terms: &Terms) -> Result<(), Reject> {
        let instrument = self.instrument(terms.instrument);
        let (first, second) = match terms.kind {
            OrderKind::Market => (None, None),
            OrderKind::Limit { limit } => (Some(limit), None),
            OrderKind::Stop { stop } => (Some(stop), None),
            OrderKind::StopLimit { stop, limit } => (Some(stop), Some(limit)),
            OrderKind::TrailingStop { trail: Trail::Amount(amount) } => (Some(amount), None),
            OrderKind::TrailingStop { trail: Trail::Percent(_) } => (None, None),
        };
        for price in [first, second].into_iter().flatten() {
            let step = instrument.increment_at(price);
            if !price.is_multiple_of(step) {
                let message =
                    format!("{price} is not a multiple of {step}, the price step of {}", instrument.symbol);
                return Err(Reject::new(RejectCode::InvalidPriceIncrement, message));
            }
        }
        if let Size::Shares(qty) = terms.size {
            let lot = instrument.lot_size;
            if !qty.is_multiple_of(lot) || qty.is_zero() {
                let message = format!("{qty} is not a multiple of {lot}, the lot of {}", instrument.symbol);
                return Err(Reject::new(RejectCode::InvalidLotSize, message));
            }
        }
        Ok(())
    }

    /// A stop must be away from the market; without any market it may stand anywhere.
    pub(crate) fn check_stop(&self, terms: &Terms) -> Result<(), Reject> {
        let stop = match terms.kind {
            OrderKind::Market | OrderKind::Limit { .. } => None,
            OrderKind::Stop { stop } | OrderKind::StopLimit { stop, .. } => Some(stop),
            OrderKind::TrailingStop { trail } => terms.hwm.map(|hwm| trail.stop_price(terms.side, hwm)),
        };
        let reference = self.hot[row_of(terms.instrument)].reference(terms.side, self.arrival());
        let (Some(stop), Some(reference), false) = (stop, reference, terms.triggered) else { return Ok(()) };
        if !terms.side.stop_reached(reference, stop) {
            return Ok(());
        }
        let relation = match terms.side {
            Side::Buy => "above",
            Side::Sell => "below",
        };
        let message = format!("the stop {stop} must be {relation} the market at {reference}");
        Err(Reject::new(RejectCode::StopInMarket, message))
    }

    /// What the terms come to now.
    ///
    /// # Errors
    /// When an amount buys no lot.
    pub(crate) fn worth(&self, terms: &Terms) -> Result<Worth, Reject> {
        let price = self.reckoned_price(terms);
        let lot = self.instrument(terms.instrument).lot_size;
        let (value, cash, qty) = match terms.size {
            Size::Shares(total) => {
                let leaves = total - terms.filled_qty;
                let cost = |qty| price.map_or(Money::ZERO, |price| price.value_ceil(qty));
                (cost(total), cost(leaves), leaves)
            }
            Size::Notional(amount) => {
                let rest = amount - terms.filled_value;
                let free = self.portfolio(terms.portfolio).account.available_qty(terms.instrument);
                let qty = price.map_or(free + terms.held.qty, |price| Qty::affordable_floor(rest, price, lot));
                if let Some(price) = price.filter(|_| qty.is_zero()) {
                    let message = format!("{rest} does not pay for one lot of {lot} at {price}");
                    return Err(Reject::new(RejectCode::AmountTooSmall, message));
                }
                (amount, rest, qty)
            }
        };
        let reserved = match terms.side {
            Side::Buy => Reservation { cash, qty: Qty::ZERO },
            Side::Sell => Reservation { cash: Money::ZERO, qty },
        };
        Ok(Worth { price, value, reserved })
    }

    /// The worst price the terms allow, or what the market asks where they name none.
    fn reckoned_price(&self, terms: &Terms) -> Option<Price> {
        let market = self.hot[row_of(terms.instrument)].price_without_limit(terms.side);
        match terms.kind {
            OrderKind::Limit { limit } | OrderKind::StopLimit { limit, .. } => Some(limit),
            OrderKind::Stop { stop } if !terms.triggered => Some(stop),
            OrderKind::TrailingStop { trail } if !terms.triggered => {
                terms.hwm.map(|hwm| trail.stop_price(terms.side, hwm)).filter(|stop| stop.is_positive()).or(market)
            }
            OrderKind::Market | OrderKind::Stop { .. } | OrderKind::TrailingStop { .. } => market,
        }
    }

    /// Whether the portfolio has what the order would hold back, beyond what it holds already.
    pub(crate) fn check_means(&self, terms: &Terms, worth: &Worth) -> Result<(), Reject> {
        let account = &self.portfolio(terms.portfolio).account;
        let wanted = worth.reserved;
        let free_qty = account.available_qty(terms.instrument) + terms.held.qty;
        if terms.side == Side::Sell && (wanted.qty > free_qty || wanted.qty.is_zero()) {
            let held = account.position(terms.instrument).map_or(0, |position| position.qty.raw());
            let held = Qty::from_raw(held.max(0));
            let message = format!("{} to sell, {free_qty} free of {held} held", wanted.qty);
            return Err(Reject::new(RejectCode::InsufficientQuantity, message));
        }
        let free_cash = account.available_cash() + terms.held.cash;
        if wanted.cash > free_cash {
            let message = format!("the order costs up to {}, buying power is {free_cash}", wanted.cash);
            return Err(Reject::new(RejectCode::InsufficientBuyingPower, message));
        }
        Ok(())
    }
}
