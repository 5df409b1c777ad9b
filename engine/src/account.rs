//! The money and holdings of one portfolio, as events make them.
//!
//! Owns the arithmetic of cash, reservations, positions at average cost and realised profit. The
//! shard and the read views fold with this one code, so they cannot disagree. It decides nothing:
//! an event says what happened, and a step that would leave free cash or a holding below nothing
//! is a defect and stops the process.
//!
//! Invariant: `cash + cost of all holdings = net flows + realised profit - fees`, and neither
//! reserved nor free amounts are ever below nothing.

use alloc::collections::BTreeMap;
use model::{Fill, FlowKind, InstrumentId, Money, NetQty, PortfolioImage, PositionImage, Qty, Reservation, Side};

/// A holding of one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// How much; negative when short.
    pub qty: NetQty,
    /// What it cost, signed like the quantity.
    pub cost_basis: Money,
    /// Profit realised on it so far, before fees.
    pub realized_pnl: Money,
    /// How much of it open sell orders hold back.
    pub reserved_qty: Qty,
}

impl Position {
    /// What can still be sold: held and not held back by another sell.
    #[must_use]
    pub fn available_qty(&self) -> Qty {
        Qty::from_raw(self.qty.raw().max(0)).saturating_sub(self.reserved_qty)
    }

    /// The profit that trading this much for this value would realise, before fees.
    #[must_use]
    pub fn realized_by(&self, side: Side, qty: Qty, value: Money) -> Money {
        self.change_by(side, qty, value).realized_pnl
    }

    /// Average cost: what adds to a holding adds its value; what closes takes its share of the cost.
    fn change_by(&self, side: Side, qty: Qty, value: Money) -> PositionChange {
        let signed_qty = side.signed(qty);
        let signed_value = match side {
            Side::Buy => value,
            Side::Sell => -value,
        };
        let same_direction = self.qty.is_zero() || (self.qty.raw() > 0) == (signed_qty.raw() > 0);
        if same_direction {
            return PositionChange {
                qty: self.qty + signed_qty,
                cost_basis: self.cost_basis + signed_value,
                realized_pnl: Money::ZERO,
            };
        }
        let closed = qty.min(self.qty.size());
        let closed_cost = self.cost_basis.share_half_even(closed, self.qty.size());
        let closed_value = signed_value.share_half_even(closed, qty);
        PositionChange {
            qty: self.qty + signed_qty,
            cost_basis: self.cost_basis - closed_cost + (signed_value - closed_value),
            realized_pnl: -closed_value - closed_cost,
        }
    }
}

/// What a fill does to an account, and what the portfolio realises by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PositionChange {
    qty: NetQty,
    cost_basis: Money,
    realized_pnl: Money,
}

/// Cash and holdings of one portfolio.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Cash, reserved part included.
    pub cash: Money,
    /// What open buy orders hold back.
    pub reserved_cash: Money,
    /// Deposits less withdrawals, starting balance included.
    pub net_flows: Money,
    /// Profit realised, before fees.
    pub realized_pnl: Money,
    /// Fees paid.
    pub fees_paid: Money,
    /// Holdings, past ones included, by instrument.
    pub positions: BTreeMap<InstrumentId, Position>,
}

impl Account {
    /// A new account with its first cash.
    #[must_use]
    pub fn opened(starting: Money) -> Self {
        Self { cash: starting, net_flows: starting, ..Self::default() }
    }

    /// As an image tells. Reservations are nothing: add each open order's with [`Self::reserve`].
    #[must_use]
    pub fn from_image(image: &PortfolioImage) -> Self {
        let positions = image.positions.iter().map(|row| {
            let position = Position {
                qty: row.qty,
                cost_basis: row.cost_basis,
                realized_pnl: row.realized_pnl,
                reserved_qty: Qty::ZERO,
            };
            (row.instrument, position)
        });
        Self {
            cash: image.cash,
            reserved_cash: Money::ZERO,
            net_flows: image.net_flows,
            realized_pnl: image.realized_pnl,
            fees_paid: image.fees_paid,
            positions: positions.collect(),
        }
    }

    /// The holdings as an image keeps them, by instrument.
    pub fn position_images(&self) -> impl Iterator<Item = PositionImage> + '_ {
        self.positions.iter().map(|(instrument, position)| PositionImage {
            instrument: *instrument,
            qty: position.qty,
            cost_basis: position.cost_basis,
            realized_pnl: position.realized_pnl,
        })
    }

    /// Cash that is not held back.
    #[must_use]
    pub fn available_cash(&self) -> Money {
        self.cash - self.reserved_cash
    }

    /// The holding of an instrument, where there is or was one.
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Option<&Position> {
        self.positions.get(&instrument)
    }

    /// What can still be sold of an instrument.
    #[must_use]
    pub fn available_qty(&self, instrument: InstrumentId) -> Qty {
        self.position(instrument).map_or(Qty::ZERO, Position::available_qty)
    }

    /// What all holdings cost.
    #[must_use]
    pub fn cost_of_holdings(&self) -> Money {
        self.positions.values().map(|position| position.cost_basis).sum()
    }

    /// Money crosses the portfolio's border.
    pub fn flow(&mut self, kind: FlowKind, amount: Money) {
        assert!(amount.is_positive(), "a flow moves something");
        let signed = match kind {
            FlowKind::Deposit => amount,
            FlowKind::Withdrawal => -amount,
        };
        self.cash += signed;
        self.net_flows += signed;
        self.assert_solvent();
    }

    /// An order of this instrument held back `before` and now holds back `after`.
    pub fn reserve(&mut self, instrument: InstrumentId, before: Reservation, after: Reservation) {
        if before == after {
            return;
        }
        self.reserved_cash = self.reserved_cash - before.cash + after.cash;
        if !before.qty.is_zero() || !after.qty.is_zero() {
            let position = self.positions.entry(instrument).or_default();
            position.reserved_qty = position.reserved_qty - before.qty + after.qty;
            assert!(position.reserved_qty >= Qty::ZERO, "holdings held back are not below nothing");
            assert!(position.reserved_qty.raw() <= position.qty.raw().max(0), "no more is held back than is held");
        }
        self.assert_solvent();
    }

    /// An order that held back `before` traded.
    pub fn fill(&mut self, fill: &Fill, before: Reservation) {
        let position = self.positions.entry(fill.instrument).or_default();
        let change = position.change_by(fill.side, fill.qty, fill.value);
        assert_eq!(change.realized_pnl, fill.realized_pnl, "a fill's profit is the one that folds");
        let proceeds = match fill.side {
            Side::Buy => -fill.value,
            Side::Sell => fill.value,
        };
        self.cash = self.cash + proceeds - fill.fee;
        self.fees_paid += fill.fee;
        self.realized_pnl += change.realized_pnl;
        let cost_moved = change.cost_basis - position.cost_basis;
        assert_eq!(proceeds + cost_moved, change.realized_pnl, "cash and cost move by the profit");
        position.qty = change.qty;
        position.cost_basis = change.cost_basis;
        position.realized_pnl += change.realized_pnl;
        self.reserve(fill.instrument, before, fill.reserved);
        self.assert_solvent();
    }

    fn assert_solvent(&self) {
        assert!(!self.reserved_cash.is_negative(), "reserved cash is not below nothing");
        assert!(!self.available_cash().is_negative(), "free cash is not below nothing");
    }
}
