//! Double entry: every event that moves money is posted to two or more accounts that sum to zero.
//!
//! Owns the totals of all portfolios' cash and of the four accounts on the other side: the market
//! (what was bought from and sold to it), fees, funding (deposits and withdrawals) and rounding.
//! Counted in units of 1e-16, in which every product of a price and a quantity is exact.

use model::{EventBody, Fill, FlowKind, Money, PortfolioImage, SCALE, ShardImage, Side};

/// Running totals, in units of 1e-16. Their sum is nothing after every event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    portfolios: i128,
    market: i128,
    fees: i128,
    funding: i128,
    rounding: i128,
}

fn fine(money: Money) -> i128 {
    money.raw() * i128::from(SCALE)
}

impl Ledger {
    /// As an image tells. What the market holds follows from the rest.
    pub(crate) fn from_image(image: &ShardImage) -> Self {
        let total = |pick: fn(&PortfolioImage) -> Money| {
            image.portfolios.iter().map(|portfolio| fine(pick(portfolio))).sum::<i128>()
        };
        let mut ledger = Self {
            portfolios: total(|portfolio| portfolio.cash),
            market: 0,
            fees: total(|portfolio| portfolio.fees_paid),
            funding: -total(|portfolio| portfolio.net_flows),
            rounding: image.rounding_residue,
        };
        ledger.market = -ledger.sum();
        ledger
    }

    /// Posts what an event moves.
    pub(crate) fn post(&mut self, body: &EventBody) {
        match body {
            EventBody::PortfolioOpened { starting_balance, .. } => self.post_flow(*starting_balance),
            EventBody::CashFlowed { kind: FlowKind::Deposit, amount, .. } => self.post_flow(*amount),
            EventBody::CashFlowed { kind: FlowKind::Withdrawal, amount, .. } => self.post_flow(-*amount),
            EventBody::Filled(fill) => self.post_fill(fill),
            EventBody::InstrumentDefined(_)
            | EventBody::LimitsSet { .. }
            | EventBody::OrderAccepted(_)
            | EventBody::OrderRejected(_)
            | EventBody::OrderReplaced(_)
            | EventBody::OrderSized(_)
            | EventBody::OrderTriggered { .. }
            | EventBody::OrderTrailed { .. }
            | EventBody::OrderCanceled { .. }
            | EventBody::OrderExpired { .. }
            | EventBody::OrderCapped { .. } => {}
        }
        assert_eq!(self.sum(), 0, "what one account gives another receives");
    }

    /// What rounding moved in all, in units of 1e-16.
    pub(crate) const fn rounding(&self) -> i128 {
        self.rounding
    }

    fn post_flow(&mut self, into_portfolio: Money) {
        self.portfolios += fine(into_portfolio);
        self.funding -= fine(into_portfolio);
    }

    fn post_fill(&mut self, fill: &Fill) {
        let exact = i128::from(fill.price.raw()) * i128::from(fill.qty.raw());
        assert_eq!(fine(fill.value) + i128::from(fill.residue), exact, "value and residue are exact");
        assert!(fill.residue.abs() <= SCALE / 2, "rounding moves at most half a unit");
        let sign = match fill.side {
            Side::Buy => 1,
            Side::Sell => -1,
        };
        self.portfolios -= sign * fine(fill.value) + fine(fill.fee);
        self.market += sign * exact;
        self.rounding -= sign * i128::from(fill.residue);
        self.fees += fine(fill.fee);
    }

    const fn sum(&self) -> i128 {
        self.portfolios + self.market + self.fees + self.funding + self.rounding
    }
}
