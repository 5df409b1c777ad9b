//! Portfolios: their account, their rules, their numbering and the names of their orders.

use crate::account::Account;
use crate::chains::Chains;
use crate::liquidity::Budgets;
use crate::names::{Names, OpenNumbers};
use alloc::collections::BTreeSet;
use model::{
    Currency, ExecutionProfile, InstrumentId, Money, MonthTraded, OrderId, OrderNumber, PortfolioId,
    PortfolioImage, PortfolioSeq, RiskLimits, TradeNumber,
};

/// One portfolio.
#[derive(Debug)]
pub(crate) struct Portfolio {
    pub(crate) currency: Currency,
    pub(crate) profile: ExecutionProfile,
    pub(crate) limits: RiskLimits,
    pub(crate) starting_balance: Money,
    pub(crate) account: Account,
    /// What it traded in the month of its last fill, where its commission has steps.
    pub(crate) month_traded: MonthTraded,
    pub(crate) last_seq: PortfolioSeq,
    pub(crate) last_trade: TradeNumber,
    pub(crate) names: Names,
    pub(crate) open: OpenNumbers,
    pub(crate) budgets: Budgets,
    /// How its open orders hang together.
    pub(crate) chains: Chains,
    /// Open orders that may only reduce a position.
    pub(crate) reducing: BTreeSet<(InstrumentId, OrderNumber)>,
}

impl Portfolio {
    pub(crate) fn opened(
        currency: Currency,
        starting: Money,
        limits: RiskLimits,
        profile: ExecutionProfile,
    ) -> Self {
        Self {
            currency,
            profile,
            limits,
            starting_balance: starting,
            account: Account::opened(starting),
            month_traded: MonthTraded::default(),
            last_seq: PortfolioSeq::default(),
            last_trade: TradeNumber::default(),
            names: Names::default(),
            open: OpenNumbers::default(),
            budgets: Budgets::default(),
            chains: Chains::default(),
            reducing: BTreeSet::new(),
        }
    }

    /// As an image tells, without its open orders.
    pub(crate) fn from_image(image: &PortfolioImage) -> Self {
        let names = Names::from_entries(&image.client_orders);
        assert_eq!(names.last(), image.last_order, "every order has a name");
        Self {
            currency: image.currency,
            profile: image.profile,
            limits: image.limits,
            starting_balance: image.starting_balance,
            account: Account::from_image(image),
            month_traded: image.month_traded,
            last_seq: image.last_seq,
            last_trade: image.last_trade,
            names,
            open: OpenNumbers::default(),
            budgets: Budgets::default(),
            chains: Chains::default(),
            reducing: BTreeSet::new(),
        }
    }

    /// The image of it, without its open orders.
    pub(crate) fn image(&self, id: PortfolioId) -> PortfolioImage {
        PortfolioImage {
            id,
            currency: self.currency,
            profile: self.profile,
            limits: self.limits,
            starting_balance: self.starting_balance,
            cash: self.account.cash,
            net_flows: self.account.net_flows,
            realized_pnl: self.account.realized_pnl,
            fees_paid: self.account.fees_paid,
            month_traded: self.month_traded,
            last_seq: self.last_seq,
            last_order: self.names.last(),
            last_trade: self.last_trade,
            positions: self.account.position_images().collect(),
            client_orders: self.names.entries(),
        }
    }

    /// The id of the next order.
    pub(crate) fn next_order(&self, id: PortfolioId) -> OrderId {
        OrderId::of(id, self.names.last().next())
    }
}
