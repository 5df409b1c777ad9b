//! Portfolios: their account, their rules, their numbering and the names of their orders.

use crate::account::Account;
use crate::liquidity::Budgets;
use crate::orders::Slot;
use alloc::collections::BTreeMap;
use model::{
    ClientOrderEntry, ClientOrderKey, Currency, ExecutionProfile, Money, OrderId, OrderNumber, PortfolioId,
    PortfolioImage, PortfolioSeq, RiskLimits, TradeNumber,
};

/// What a client order id named.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamedOrder {
    pub(crate) order: OrderNumber,
    pub(crate) fingerprint: u64,
    pub(crate) rejected: bool,
}

/// One portfolio.
#[derive(Debug)]
pub(crate) struct Portfolio {
    pub(crate) currency: Currency,
    pub(crate) profile: ExecutionProfile,
    pub(crate) limits: RiskLimits,
    pub(crate) starting_balance: Money,
    pub(crate) account: Account,
    pub(crate) last_seq: PortfolioSeq,
    pub(crate) last_order: OrderNumber,
    pub(crate) last_trade: TradeNumber,
    pub(crate) named: BTreeMap<ClientOrderKey, NamedOrder>,
    pub(crate) open: BTreeMap<OrderNumber, Slot>,
    pub(crate) budgets: Budgets,
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
            last_seq: PortfolioSeq::default(),
            last_order: OrderNumber::default(),
            last_trade: TradeNumber::default(),
            named: BTreeMap::new(),
            open: BTreeMap::new(),
            budgets: Budgets::default(),
        }
    }

    /// As an image tells, without its open orders.
    pub(crate) fn from_image(image: &PortfolioImage) -> Self {
        let named = image.client_orders.iter().map(|entry| {
            let ClientOrderEntry { key, order, fingerprint, rejected } = *entry;
            (key, NamedOrder { order, fingerprint, rejected })
        });
        Self {
            currency: image.currency,
            profile: image.profile,
            limits: image.limits,
            starting_balance: image.starting_balance,
            account: Account::from_image(image),
            last_seq: image.last_seq,
            last_order: image.last_order,
            last_trade: image.last_trade,
            named: named.collect(),
            open: BTreeMap::new(),
            budgets: Budgets::default(),
        }
    }

    /// The image of it, without its open orders.
    pub(crate) fn image(&self, id: PortfolioId) -> PortfolioImage {
        let entry = |(key, named): (&ClientOrderKey, &NamedOrder)| ClientOrderEntry {
            key: *key,
            order: named.order,
            fingerprint: named.fingerprint,
            rejected: named.rejected,
        };
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
            last_seq: self.last_seq,
            last_order: self.last_order,
            last_trade: self.last_trade,
            positions: self.account.position_images().collect(),
            client_orders: self.named.iter().map(entry).collect(),
        }
    }

    /// A new order exists under this name.
    pub(crate) fn name(&mut self, key: ClientOrderKey, named: NamedOrder) {
        assert_eq!(named.order, self.last_order.next(), "orders are numbered without gaps");
        let earlier = self.named.insert(key, named);
        assert!(earlier.is_none(), "a client order id names one order");
        self.last_order = named.order;
    }

    /// The id of the next order.
    pub(crate) fn next_order(&self, id: PortfolioId) -> OrderId {
        OrderId::of(id, self.last_order.next())
    }
}
