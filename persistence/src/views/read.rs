//! Looking things up in the views: by id, and newest first by key range.
//!
//! It owns filters and paging. It must never hold a read transaction beyond one call, because that
//! pins pages and the file grows. Invariant: a page holds at most the rows that were asked for.

use super::store::{MESSAGES, OPEN_ORDERS, ORDERS, TRADES, TRADES_BY_ORDER};
use super::{MessageRow, OrderRow, TradeRow, ViewError, ViewStore, messages};
use crate::rows;
use model::{OrderId, OrderNumber, OrderStatus, PortfolioId, PortfolioSeq, Symbol, TradeNumber};
use redb::ReadableTable as _;

/// Which orders a listing shows, by where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// Those that still work.
    Open,
    /// Those that have ended.
    Closed,
    /// Those with exactly this status.
    Is(OrderStatus),
}

impl StatusFilter {
    /// Whether an order with this status is shown.
    #[must_use]
    pub fn admits(self, status: OrderStatus) -> bool {
        match self {
            Self::Open => status.is_open(),
            Self::Closed => !status.is_open(),
            Self::Is(wanted) => status == wanted,
        }
    }
}

/// Which orders a listing shows; `None` is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// By where they stand.
    pub status: Option<StatusFilter>,
    /// By ticker.
    pub symbol: Option<Symbol>,
}

impl OrderFilter {
    /// Whether this order is shown.
    #[must_use]
    pub fn admits(&self, order: &OrderRow) -> bool {
        self.status.is_none_or(|status| status.admits(order.status))
            && self.symbol.is_none_or(|symbol| symbol == order.symbol)
    }
}

/// Which trades a listing shows; `None` is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TradeFilter {
    /// By ticker.
    pub symbol: Option<Symbol>,
    /// By order.
    pub order: Option<OrderId>,
}

impl TradeFilter {
    /// Whether this trade is shown.
    #[must_use]
    pub fn admits(&self, trade: &TradeRow) -> bool {
        self.symbol.is_none_or(|symbol| symbol == trade.symbol)
            && self.order.is_none_or(|order| order == trade.fill.order)
    }
}

impl ViewStore {
    /// An order as it stood at its shard's marker; what is in memory is newer.
    ///
    /// # Errors
    /// When the disk fails or the row is damaged.
    pub fn order(&self, id: OrderId) -> Result<Option<OrderRow>, ViewError> {
        let transaction = self.begin_read()?;
        let table = transaction.open_table(ORDERS).map_err(|error| self.failed(error))?;
        let row = table.get(id.get()).map_err(|error| self.failed(error))?;
        row.map(|row| rows::decode(row.value()).map_err(|error| self.corrupt("orders", &error))).transpose()
    }

    /// Tells every order that was open at its shard's marker, by id.
    ///
    /// # Errors
    /// When the disk fails or a row is damaged; what was told until then is of no use.
    pub fn open_orders(&self, mut told: impl FnMut(OrderRow)) -> Result<(), ViewError> {
        let transaction = self.begin_read()?;
        let open = transaction.open_table(OPEN_ORDERS).map_err(|error| self.failed(error))?;
        let orders = transaction.open_table(ORDERS).map_err(|error| self.failed(error))?;
        for entry in open.iter().map_err(|error| self.failed(error))? {
            let id = entry.map_err(|error| self.failed(error))?.0.value();
            if let Some(row) = orders.get(id).map_err(|error| self.failed(error))? {
                told(rows::decode(row.value()).map_err(|error| self.corrupt("orders", &error))?);
            }
        }
        Ok(())
    }

    /// Orders of a portfolio, newest first, numbered below `before` where that is given, each as it
    /// stood at its shard's marker. What is in memory is newer: where both have an order, the one
    /// here is to be left out, whether or not the other passes the filter.
    ///
    /// # Errors
    /// When the disk fails or a row is damaged.
    pub fn orders(
        &self,
        portfolio: PortfolioId,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<OrderRow>, ViewError> {
        let first = OrderId::of(portfolio, OrderNumber::new(0)).get();
        let past_last = OrderId::of(portfolio, OrderNumber::new(u32::MAX)).get();
        let end = before.map_or(past_last, |before| before.get().clamp(first, past_last));
        let transaction = self.begin_read()?;
        let table = transaction.open_table(ORDERS).map_err(|error| self.failed(error))?;
        let mut found = Vec::new();
        for entry in table.range(first..end).map_err(|error| self.failed(error))?.rev() {
            if found.len() >= limit {
                break;
            }
            let (_, row) = entry.map_err(|error| self.failed(error))?;
            let order: OrderRow = rows::decode(row.value()).map_err(|error| self.corrupt("orders", &error))?;
            if filter.admits(&order) {
                found.push(order);
            }
        }
        Ok(found)
    }

    /// Trades of a portfolio, newest first, numbered below `before` where that is given.
    ///
    /// # Errors
    /// When the disk fails or a row is damaged.
    pub fn trades(
        &self,
        portfolio: PortfolioId,
        filter: &TradeFilter,
        before: Option<TradeNumber>,
        limit: usize,
    ) -> Result<Vec<TradeRow>, ViewError> {
        let end = before.map_or(u32::MAX, TradeNumber::get);
        let transaction = self.begin_read()?;
        let table = transaction.open_table(TRADES).map_err(|error| self.failed(error))?;
        let mut found = Vec::new();
        let mut take = |row: &[u8]| -> Result<bool, ViewError> {
            let trade: TradeRow = rows::decode(row).map_err(|error| self.corrupt("trades", &error))?;
            if filter.admits(&trade) {
                found.push(trade);
            }
            Ok(found.len() < limit)
        };
        if limit == 0 {
            return Ok(Vec::new());
        }
        if let Some(order) = filter.order {
            if order.portfolio() != portfolio {
                return Ok(Vec::new());
            }
            let index = transaction.open_table(TRADES_BY_ORDER).map_err(|error| self.failed(error))?;
            let range = (order.get(), 0)..(order.get(), end);
            for entry in index.range(range).map_err(|error| self.failed(error))?.rev() {
                let number = entry.map_err(|error| self.failed(error))?.0.value().1;
                let row = table.get((portfolio.get(), number)).map_err(|error| self.failed(error))?;
                if let Some(row) = row
                    && !take(row.value())?
                {
                    break;
                }
            }
        } else {
            let range = (portfolio.get(), 0)..(portfolio.get(), end);
            for entry in table.range(range).map_err(|error| self.failed(error))?.rev() {
                let (_, row) = entry.map_err(|error| self.failed(error))?;
                if !take(row.value())? {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Stream messages of a portfolio numbered above `after`, oldest first.
    ///
    /// # Errors
    /// When the disk fails or a row is damaged.
    pub fn messages(
        &self,
        portfolio: PortfolioId,
        after: PortfolioSeq,
        limit: usize,
    ) -> Result<Vec<MessageRow>, ViewError> {
        let Some(first) = after.get().checked_add(1) else { return Ok(Vec::new()) };
        let transaction = self.begin_read()?;
        let table = transaction.open_table(MESSAGES).map_err(|error| self.failed(error))?;
        let mut found = Vec::new();
        let mut next = PortfolioSeq::new(first);
        // The run that holds the first one wanted may begin before it.
        let before = (portfolio.get(), 0)..=(portfolio.get(), first);
        let mut before = table.range(before).map_err(|error| self.failed(error))?;
        let holding = before.next_back().transpose().map_err(|error| self.failed(error))?;
        let begin = holding.map_or(first, |(key, _)| key.value().1);
        let range = (portfolio.get(), begin)..=(portfolio.get(), u64::MAX);
        for entry in table.range(range).map_err(|error| self.failed(error))? {
            if found.len() >= limit {
                break;
            }
            let (key, row) = entry.map_err(|error| self.failed(error))?;
            let run = messages::decode(portfolio, PortfolioSeq::new(key.value().1), row.value())
                .map_err(|error| self.corrupt("messages", &error))?;
            let wanted = run.into_iter().filter(|message| message.seq >= next).take(limit - found.len());
            found.extend(wanted);
            next = found.last().map_or(next, |message: &MessageRow| message.seq.next());
        }
        Ok(found)
    }

    /// The number of the oldest stream message on disk.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn oldest_message(&self, portfolio: PortfolioId) -> Result<Option<PortfolioSeq>, ViewError> {
        let transaction = self.begin_read()?;
        let table = transaction.open_table(MESSAGES).map_err(|error| self.failed(error))?;
        let range = (portfolio.get(), 0)..=(portfolio.get(), u64::MAX);
        let mut range = table.range(range).map_err(|error| self.failed(error))?;
        let first = range.next().transpose().map_err(|error| self.failed(error))?;
        Ok(first.map(|(key, _)| PortfolioSeq::new(key.value().1)))
    }
}
