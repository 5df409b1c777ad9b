//! The state that events made, laid open for whoever makes views of it.
//!
//! Looks only, and makes nothing but what is asked for. What views have no use for, such as the names that
//! orders had, stays inside.

use crate::account::Account;
use crate::orders::OpenOrder;
use crate::shard::Shard;
use model::{Currency, ExecutionProfile, Instrument, Money, OrderImage, PortfolioId, PortfolioSeq, RiskLimits};

/// A portfolio as it stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Its id.
    pub id: PortfolioId,
    /// The currency of its cash.
    pub currency: Currency,
    /// How its orders fill.
    pub profile: ExecutionProfile,
    /// What its orders may not break.
    pub limits: &'a RiskLimits,
    /// What it was opened with.
    pub starting_balance: Money,
    /// Cash and holdings, with what open orders hold back of them.
    pub account: &'a Account,
    /// The number of the last stream message.
    pub last_seq: PortfolioSeq,
}

impl Shard {
    /// The instrument table, by id.
    pub fn instruments(&self) -> impl Iterator<Item = &Instrument> {
        self.instruments.iter().flatten()
    }

    /// The portfolios, by id.
    pub fn portfolios(&self) -> impl Iterator<Item = Standing<'_>> {
        self.portfolios.iter().map(|(id, portfolio)| Standing {
            id,
            currency: portfolio.currency,
            profile: portfolio.profile,
            limits: &portfolio.limits,
            starting_balance: portfolio.starting_balance,
            account: &portfolio.account,
            last_seq: portfolio.last_seq,
        })
    }

    /// The open orders, in no order.
    pub fn open_orders(&self) -> impl Iterator<Item = OrderImage> {
        self.orders.iter().map(OpenOrder::image)
    }
}
