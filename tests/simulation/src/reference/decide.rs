//! The model's decisions: whether an order is taken, and what it holds back.

use super::arrive::{lots_for, quantity, value_up};
use super::{Accepted, Walk, stop_from};
use crate::known::{Kind, TimeInForce};
use crate::violation::Checked;
use model::{
    CommandReply, EventBody, FlowKind, Instrument, InstrumentId, InstrumentStatus, Money, NewOrder, Note,
    OrderAccepted, OrderId, OrderNumber, OrderRejected, PortfolioId, Price, Qty, Reject, RejectCode, Reservation,
    SCALE, Side, Size, SubmittedBy, Trail,
};
use std::collections::BTreeSet;

/// The terms of an order, new or changed.
pub(super) struct Terms {
    pub(super) portfolio: PortfolioId,
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) kind: Kind,
    pub(super) size: Size,
    pub(super) filled: i128,
    pub(super) filled_value: i128,
    pub(super) mark: Option<Price>,
    pub(super) triggered: bool,
    pub(super) held: Reservation,
}

pub(super) fn refused(code: RejectCode) -> CommandReply {
    CommandReply::Refused(Reject::new(code, ""))
}

impl Walk<'_> {
    pub(super) fn define(&mut self, instrument: &Instrument) -> Checked<CommandReply> {
        let table = &self.history.book.instruments;
        let stands = table.get(&instrument.id).cloned();
        if stands.as_ref() == Some(instrument) {
            return Ok(CommandReply::Done);
        }
        let renamed = stands.as_ref().is_some_and(|before| before.symbol != instrument.symbol);
        let taken = table.values().any(|other| other.symbol == instrument.symbol && other.id != instrument.id);
        if renamed || taken {
            return Ok(refused(RejectCode::NotAmendable));
        }
        self.emit(PortfolioId::SYSTEM, EventBody::InstrumentDefined(Box::new(instrument.clone())))?;
        let market = self.model.markets.entry(instrument.id).or_default();
        if stands.as_ref().map(|before| before.status) != Some(instrument.status) {
            if instrument.status != InstrumentStatus::Active || stands.is_some() {
                market.distrust();
            }
            market.unjudged = true;
        }
        Ok(CommandReply::Done)
    }

    pub(super) fn flow(
        &mut self,
        (id, by): (PortfolioId, SubmittedBy),
        amount: Money,
        note: &Note,
        comes_in: bool,
    ) -> Checked<CommandReply> {
        let folio = &self.history.book.folios[&id];
        let kind = if comes_in {
            if folio.cash + amount.raw() > model::limits::VALUE_MAX.raw() {
                return Ok(refused(RejectCode::LimitExceeded));
            }
            FlowKind::Deposit
        } else {
            if amount.raw() > folio.cash - folio.reserved {
                return Ok(refused(RejectCode::InsufficientCash));
            }
            FlowKind::Withdrawal
        };
        self.emit(id, EventBody::CashFlowed { kind, amount, note: note.clone(), by })?;
        Ok(CommandReply::Done)
    }

    pub(super) fn submit(&mut self, order: &NewOrder, by: SubmittedBy) -> Checked<CommandReply> {
        let folio = &self.history.book.folios[&order.portfolio];
        if let Some((number, fingerprint, _)) = folio.names.get(&order.key.get()) {
            if *fingerprint == order.fingerprint {
                return Ok(CommandReply::Duplicate(OrderId::of(order.portfolio, OrderNumber::new(*number))));
            }
            return Ok(refused(RejectCode::IdempotencyMismatch));
        }
        let id = OrderId::of(order.portfolio, OrderNumber::new(folio.last_order + 1));
        match self.accept(order, id, by) {
            Ok(accepted) => {
                self.emit(order.portfolio, EventBody::OrderAccepted(accepted))?;
                self.enter(id);
                self.arrive(id)?;
                Ok(CommandReply::Accepted(id))
            }
            Err(code) => {
                let reject = Reject::new(code, "");
                let rejected = OrderRejected {
                    order: id,
                    client_order_id: order.client_order_id.clone(),
                    key: order.key,
                    fingerprint: order.fingerprint,
                    by,
                    symbol: order.symbol,
                    side: order.side,
                    terms: order.terms,
                    reject: reject.clone(),
                    link: None,
                    legs: None,
                };
                self.emit(order.portfolio, EventBody::OrderRejected(Box::new(rejected)))?;
                Ok(CommandReply::OrderRejected(id, reject))
            }
        }
    }

    fn accept(&self, order: &NewOrder, id: OrderId, by: SubmittedBy) -> Result<Accepted, RejectCode> {
        let table = &self.history.book.instruments;
        let row = table.values().find(|row| row.symbol == order.symbol).ok_or(RejectCode::UnknownSymbol)?;
        if !row.tradable || row.status == InstrumentStatus::Delisted {
            return Err(RejectCode::NotTradable);
        }
        let kind = Kind::of(order.terms.kind);
        let trails = matches!(kind, Kind::TrailingStop { .. });
        let hwm = self.reference(row.id, order.side).filter(|_| trails).map(Price::from_raw);
        let terms = Terms {
            portfolio: order.portfolio,
            instrument: row.id,
            side: order.side,
            kind,
            size: order.terms.size,
            filled: 0,
            filled_value: 0,
            mark: hwm,
            triggered: false,
            held: Reservation::default(),
        };
        self.check_steps(&terms)?;
        self.check_stop(&terms)?;
        let reserved = self.check_worth(&terms)?;
        let expires_at = match TimeInForce::of(order.terms.time_in_force) {
            TimeInForce::Day => self.day_end(row.id),
            TimeInForce::GoodTilCanceled | TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill => None,
        };
        Ok(Box::new(OrderAccepted {
            order: id,
            client_order_id: order.client_order_id.clone(),
            key: order.key,
            fingerprint: order.fingerprint,
            by,
            instrument: row.id,
            symbol: order.symbol,
            side: order.side,
            terms: order.terms,
            expires_at,
            hwm,
            reserved,
            link: None,
            legs: None,
        }))
    }

    pub(super) fn check_steps(&self, terms: &Terms) -> Result<(), RejectCode> {
        let row = &self.history.book.instruments[&terms.instrument];
        let prices = match terms.kind {
            Kind::Market | Kind::TrailingStop { trail: Trail::Percent(_) } => vec![],
            Kind::Limit { limit } => vec![limit],
            Kind::Stop { stop } => vec![stop],
            Kind::StopLimit { stop, limit } => vec![stop, limit],
            Kind::TrailingStop { trail: Trail::Amount(amount) } => vec![amount],
        };
        for price in prices {
            let step = if price.raw() < SCALE { row.tick_size_below_one } else { row.tick_size };
            if price.raw() % step.raw() != 0 {
                return Err(RejectCode::InvalidPriceIncrement);
            }
        }
        match terms.size {
            Size::Shares(qty) if qty.is_zero() || qty.raw() % row.lot_size.raw() != 0 => {
                Err(RejectCode::InvalidLotSize)
            }
            Size::Shares(_) | Size::Notional(_) => Ok(()),
        }
    }

    pub(super) fn check_stop(&self, terms: &Terms) -> Result<(), RejectCode> {
        let stop = match terms.kind {
            Kind::Market | Kind::Limit { .. } => None,
            Kind::Stop { stop } | Kind::StopLimit { stop, .. } => Some(stop.raw()),
            Kind::TrailingStop { trail } => terms.mark.map(|mark| stop_from(trail, terms.side, mark)),
        };
        let reference = self.reference(terms.instrument, terms.side);
        let reached = stop.zip(reference).is_some_and(|(stop, price)| match terms.side {
            Side::Buy => price >= stop,
            Side::Sell => price <= stop,
        });
        if reached && !terms.triggered { Err(RejectCode::StopInMarket) } else { Ok(()) }
    }

    /// The worst price the terms allow, or what the market asks where they name none.
    fn reckoned(&self, terms: &Terms) -> Option<i64> {
        let market = self.market(terms.instrument);
        let opposite = match terms.side {
            Side::Buy => market.quote.ask.raw(),
            Side::Sell => market.quote.bid.raw(),
        };
        let without = [opposite, market.reference, market.last].into_iter().find(|price| *price > 0);
        match terms.kind {
            Kind::Limit { limit } | Kind::StopLimit { limit, .. } => Some(limit.raw()),
            Kind::Stop { stop } if !terms.triggered => Some(stop.raw()),
            Kind::TrailingStop { trail } if !terms.triggered => {
                let stop = terms.mark.map(|mark| stop_from(trail, terms.side, mark));
                stop.filter(|stop| *stop > 0).or(without)
            }
            Kind::Market | Kind::Stop { .. } | Kind::TrailingStop { .. } => without,
        }
    }

    /// What the terms hold back, unless a limit or the lack of means forbids them.
    pub(super) fn check_worth(&self, terms: &Terms) -> Result<Reservation, RejectCode> {
        let book = &self.history.book;
        let folio = &book.folios[&terms.portfolio];
        let lot = i128::from(book.instruments[&terms.instrument].lot_size.raw());
        let price = self.reckoned(terms);
        let holding = folio.holdings.get(&terms.instrument).map_or(0, |held| held.qty).max(0);
        let back = i128::from(book.reserved_qty(terms.portfolio, terms.instrument).raw());
        let free_qty = (holding - back).max(0) + i128::from(terms.held.qty.raw());
        let (value, cash, qty) = match terms.size {
            Size::Shares(total) => {
                let (total, leaves) = (i128::from(total.raw()), i128::from(total.raw()) - terms.filled);
                let cost = |qty: i128| price.map_or(0, |price| value_up(price, qty));
                (cost(total), cost(leaves), leaves)
            }
            Size::Notional(amount) => {
                let rest = amount.raw() - terms.filled_value;
                let qty = price.map_or(free_qty, |price| lots_for(rest, price, lot));
                if price.is_some() && qty == 0 {
                    return Err(RejectCode::AmountTooSmall);
                }
                (amount.raw(), rest, qty)
            }
        };
        let reserved = match terms.side {
            Side::Buy => Reservation { cash: Money::from_raw(cash), qty: Qty::ZERO },
            Side::Sell => Reservation { cash: Money::ZERO, qty: quantity(qty) },
        };
        self.check_limits(terms, price, value, &reserved)?;
        if terms.side == Side::Sell && (qty > free_qty || qty == 0) {
            return Err(RejectCode::InsufficientQuantity);
        }
        if reserved.cash.raw() > folio.cash - folio.reserved + terms.held.cash.raw() {
            return Err(RejectCode::InsufficientBuyingPower);
        }
        Ok(reserved)
    }

    fn check_limits(
        &self,
        terms: &Terms,
        price: Option<i64>,
        value: i128,
        reserved: &Reservation,
    ) -> Result<(), RejectCode> {
        let folio = &self.history.book.folios[&terms.portfolio];
        let limits = &folio.limits;
        let buys = terms.side == Side::Buy;
        if buys && limits.price_min.zip(price).is_some_and(|(least, price)| price < least.raw()) {
            return Err(RejectCode::PriceBelowMinimum);
        }
        if limits.order_value_max.is_some_and(|most| value > most.raw()) {
            return Err(RejectCode::MaxOrderValue);
        }
        if !buys {
            return Ok(());
        }
        let added = reserved.cash.raw() - terms.held.cash.raw();
        let open: Vec<_> = self.history.book.open_of(terms.portfolio).collect();
        if let Some(most) = limits.open_positions_max {
            let held = folio.holdings.iter().filter(|(_, held)| held.qty != 0).map(|(id, _)| *id);
            let bought = open.iter().filter(|order| order.side == Side::Buy).filter_map(|order| order.instrument);
            let all: BTreeSet<InstrumentId> = held.chain(bought).chain([terms.instrument]).collect();
            if all.len() > most as usize {
                return Err(RejectCode::MaxPositions);
            }
        }
        let cost: i128 = folio.holdings.values().map(|held| held.cost).sum();
        if let Some(most) = limits.position_percent_max {
            let buying: i128 = open
                .iter()
                .filter(|order| order.instrument == Some(terms.instrument))
                .map(|order| order.reserved.cash.raw())
                .sum();
            let own = folio.holdings.get(&terms.instrument).map_or(0, |held| held.cost);
            let exposure = own + buying + added;
            if exposure * 100 * i128::from(SCALE) > (folio.cash + cost) * i128::from(most.raw()) {
                return Err(RejectCode::MaxPositionPct);
            }
        }
        if limits.gross_exposure_max.is_some_and(|most| cost + folio.reserved + added > most.raw()) {
            return Err(RejectCode::MaxGrossExposure);
        }
        Ok(())
    }
}
