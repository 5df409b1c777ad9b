//! The naive fold: what a shard's events say, added up a second time in plain integers.
//!
//! It owns arithmetic of its own and calls nothing of the engine. It must never decide: a fold believes events,
//! and complains when one contradicts what was before. Every complaint names the invariant that broke.

use crate::order::Order;
use crate::violation::{Checked, Invariant, broken, check};
use model::{
    Currency, Event, EventBody, ExecutionProfile, Fill, FlowKind, Instrument, InstrumentId, InstrumentStatus,
    OrderAccepted, OrderId, OrderRejected, OrderReplaced, OrderStatus, PortfolioId, PortfolioSeq, Price, Qty,
    Reservation, RiskLimits, SCALE, Side, Size, Time,
};
use std::collections::{BTreeMap, BTreeSet};

/// A holding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// How much.
    pub qty: i128,
    /// What it cost.
    pub cost: i128,
    /// Profit realised.
    pub realized: i128,
    /// Bought less sold: must be `qty`.
    pub traded: i128,
}

/// A portfolio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folio {
    /// Its currency.
    pub currency: Currency,
    /// How its orders fill.
    pub profile: ExecutionProfile,
    /// Its limits.
    pub limits: RiskLimits,
    /// Its first cash.
    pub starting: i128,
    /// Cash, reserved part included.
    pub cash: i128,
    /// Deposits less withdrawals.
    pub net_flows: i128,
    /// Profit realised.
    pub realized: i128,
    /// Fees paid.
    pub fees: i128,
    /// Holdings, past ones included.
    pub holdings: BTreeMap<InstrumentId, Holding>,
    /// The last stream message.
    pub last_seq: u64,
    /// The last order.
    pub last_order: u32,
    /// The last trade.
    pub last_trade: u32,
    /// Names used: the order, its fingerprint, whether it was refused.
    pub names: BTreeMap<u128, (u32, u64, bool)>,
    /// Cash that open orders hold back.
    pub reserved: i128,
}

/// What one shard's events add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// Events folded.
    pub seq: u64,
    /// Time of the last.
    pub time: Time,
    /// The instrument table.
    pub instruments: BTreeMap<InstrumentId, Instrument>,
    /// The portfolios.
    pub folios: BTreeMap<PortfolioId, Folio>,
    /// Every order ever.
    pub orders: BTreeMap<OrderId, Order>,
    /// The open ones.
    pub open: BTreeSet<OrderId>,
    /// What rounding moved, in units of 1e-16.
    pub rounding: i128,
    /// What was bought from and sold to the market, in units of 1e-16.
    pub market: i128,
    /// Fees, in units of 1e-16.
    pub fees: i128,
    /// Deposits and withdrawals, in units of 1e-16.
    pub funding: i128,
    /// Cash of all portfolios, in units of 1e-16.
    pub cash: i128,
}

const FINE: i128 = SCALE as i128;

impl Book {
    /// Takes an event in, with the cheap checks.
    pub fn fold(&mut self, event: &Event) -> Checked {
        check(event.time >= self.time, Invariant::Gapless, || {
            format!("an event of {} follows one of {}", event.time.nanos(), self.time.nanos())
        })?;
        self.seq += 1;
        self.time = event.time;
        match &event.body {
            EventBody::InstrumentDefined(instrument) => {
                self.instruments.insert(instrument.id, Instrument::clone(instrument));
            }
            EventBody::PortfolioOpened { .. } => self.open(event)?,
            EventBody::LimitsSet { limits, .. } => self.folio(event.portfolio)?.limits = *limits,
            EventBody::CashFlowed { kind, amount, .. } => self.flow(event, *kind, amount.raw())?,
            EventBody::OrderAccepted(accepted) => self.accept(event, accepted)?,
            EventBody::OrderRejected(rejected) => self.reject(event, rejected)?,
            EventBody::OrderReplaced(replaced) => self.replace(event, replaced)?,
            EventBody::OrderSized(_) => unreachable!("the model is not asked for chains"),
            EventBody::OrderCapped { .. } => unreachable!("the model is not asked for price protection"),
            EventBody::OrderTriggered { order, .. } => self.trigger(event, *order)?,
            EventBody::OrderTrailed { order, hwm } => self.trail(event, *order, *hwm)?,
            EventBody::Filled(fill) => self.fill(event, fill)?,
            EventBody::OrderCanceled { order, reason, .. } => {
                self.end(event, *order, OrderStatus::Canceled)?;
                self.order_mut(*order).cancel_reason = Some(*reason);
            }
            EventBody::OrderExpired { order } => {
                let due = self.working(*order)?.expires_at;
                check(due == Some(event.time), Invariant::TimeRuns, || {
                    format!("order {order} expired at {}, its end is {due:?}", event.time.nanos())
                })?;
                self.end(event, *order, OrderStatus::Expired)?;
            }
        }
        self.number(event)?;
        self.check_money(event.portfolio)
    }

    fn number(&mut self, event: &Event) -> Checked {
        if event.portfolio == PortfolioId::SYSTEM {
            return Ok(());
        }
        let folio = self.folio(event.portfolio)?;
        let expected = folio.last_seq + 1;
        folio.last_seq += event.body.message_count();
        check(event.seq == PortfolioSeq::new(expected), Invariant::Gapless, || {
            format!("portfolio {} message {} where {expected} is next", event.portfolio, event.seq)
        })
    }

    /// The identities of money, for the portfolio that an event touched.
    fn check_money(&self, id: PortfolioId) -> Checked {
        let sum = self.cash + self.market + self.fees + self.funding + self.rounding;
        check(sum == 0, Invariant::DoubleEntry, || format!("the accounts sum to {sum} units of 1e-16"))?;
        let Some(folio) = self.folios.get(&id) else { return Ok(()) };
        let cost: i128 = folio.holdings.values().map(|held| held.cost).sum();
        let right = folio.net_flows + folio.realized - folio.fees;
        check(folio.cash + cost == right, Invariant::PortfolioIdentity, || {
            format!("portfolio {id}: cash {} + cost {cost} is not {right}", folio.cash)
        })?;
        check(folio.reserved >= 0 && folio.cash >= folio.reserved, Invariant::Reservations, || {
            format!("portfolio {id}: {} reserved of {}", folio.reserved, folio.cash)
        })
    }

    /// What takes the whole state to check: reservations and holdings summed anew.
    pub fn check_deep(&self) -> Checked {
        let mut cash: BTreeMap<PortfolioId, i128> = BTreeMap::new();
        let mut held: BTreeMap<(PortfolioId, InstrumentId), i128> = BTreeMap::new();
        for id in &self.open {
            let order = &self.orders[id];
            *cash.entry(id.portfolio()).or_default() += order.reserved.cash.raw();
            let instrument = order.instrument.expect("an open order has an instrument");
            *held.entry((id.portfolio(), instrument)).or_default() += i128::from(order.reserved.qty.raw());
        }
        for (id, folio) in &self.folios {
            let sum = cash.get(id).copied().unwrap_or(0);
            check(folio.reserved == sum, Invariant::Reservations, || {
                format!("portfolio {id}: {} reserved, its open orders hold {sum}", folio.reserved)
            })?;
            for (instrument, holding) in &folio.holdings {
                check(holding.qty == holding.traded, Invariant::PositionIsSumOfFills, || {
                    format!("portfolio {id} instrument {instrument}: {holding:?}")
                })?;
                let back = held.get(&(*id, *instrument)).copied().unwrap_or(0);
                check(back >= 0 && back <= holding.qty.max(0), Invariant::Reservations, || {
                    format!("portfolio {id} instrument {instrument}: {back} held back of {}", holding.qty)
                })?;
            }
        }
        Ok(())
    }

    /// What open sells of a portfolio hold back of an instrument.
    #[must_use]
    pub fn reserved_qty(&self, portfolio: PortfolioId, instrument: InstrumentId) -> Qty {
        let orders = self.open_of(portfolio).filter(|order| order.instrument == Some(instrument));
        Qty::from_raw(orders.map(|order| order.reserved.qty.raw()).sum())
    }

    /// The open orders of a portfolio, by number.
    pub fn open_of(&self, portfolio: PortfolioId) -> impl Iterator<Item = &Order> {
        let first = u64::from(portfolio.get()) << 32;
        let range = OrderId::new(first)..=OrderId::new(first | u64::from(u32::MAX));
        self.open.range(range).map(|id| &self.orders[id])
    }

    /// A portfolio that stands.
    pub fn folio(&mut self, id: PortfolioId) -> Checked<&mut Folio> {
        match self.folios.get_mut(&id) {
            Some(folio) => Ok(folio),
            None => broken(Invariant::StateGraph, format!("an event of portfolio {id}, which was never opened")),
        }
    }

    fn order_mut(&mut self, id: OrderId) -> &mut Order {
        self.orders.get_mut(&id).expect("it was found before")
    }

    fn working(&self, id: OrderId) -> Checked<&Order> {
        match self.orders.get(&id) {
            Some(order) if order.status.is_open() => Ok(order),
            Some(order) => broken(Invariant::StateGraph, format!("an event of order {id}, {:?}", order.status)),
            None => broken(Invariant::StateGraph, format!("an event of order {id}, which was never taken")),
        }
    }

    fn open(&mut self, event: &Event) -> Checked {
        let EventBody::PortfolioOpened { currency, starting_balance, limits, profile, .. } = &event.body else {
            return Ok(());
        };
        let starting = starting_balance.raw();
        let folio = Folio {
            currency: *currency,
            profile: **profile,
            limits: *limits,
            starting,
            cash: starting,
            net_flows: starting,
            realized: 0,
            fees: 0,
            holdings: BTreeMap::new(),
            last_seq: 0,
            last_order: 0,
            last_trade: 0,
            names: BTreeMap::new(),
            reserved: 0,
        };
        self.cash += starting * FINE;
        self.funding -= starting * FINE;
        let before = self.folios.insert(event.portfolio, folio);
        check(before.is_none(), Invariant::StateGraph, || format!("portfolio {} opened twice", event.portfolio))
    }

    fn flow(&mut self, event: &Event, kind: FlowKind, amount: i128) -> Checked {
        let signed = match kind {
            FlowKind::Deposit => amount,
            FlowKind::Withdrawal => -amount,
        };
        let folio = self.folio(event.portfolio)?;
        folio.cash += signed;
        folio.net_flows += signed;
        self.cash += signed * FINE;
        self.funding -= signed * FINE;
        Ok(())
    }

    fn name(&mut self, order: OrderId, key: u128, fingerprint: u64, rejected: bool) -> Checked {
        let folio = self.folio(order.portfolio())?;
        let number = folio.last_order + 1;
        check(order.number().get() == number, Invariant::Gapless, || {
            format!("order {order} where number {number} is next")
        })?;
        folio.last_order = number;
        let before = folio.names.insert(key, (number, fingerprint, rejected));
        check(before.is_none(), Invariant::OneOrderPerName, || {
            format!("order {order} has the name of order {before:?} of its portfolio")
        })
    }

    fn accept(&mut self, event: &Event, accepted: &OrderAccepted) -> Checked {
        self.name(accepted.order, accepted.key.get(), accepted.fingerprint, false)?;
        let tradable = self
            .instruments
            .get(&accepted.instrument)
            .is_some_and(|row| row.tradable && row.status != InstrumentStatus::Delisted);
        check(tradable, Invariant::RiskLimits, || {
            format!("order {} was taken for an instrument that takes none", accepted.order)
        })?;
        let order = Order {
            id: accepted.order,
            client_order_id: accepted.client_order_id.clone(),
            by: accepted.by,
            instrument: Some(accepted.instrument),
            symbol: accepted.symbol,
            side: accepted.side,
            terms: accepted.terms,
            expires_at: accepted.expires_at,
            status: OrderStatus::New,
            filled: 0,
            filled_value: 0,
            hwm: accepted.hwm,
            triggered: false,
            reserved: Reservation::default(),
            revision: 0,
            reject: None,
            cancel_reason: None,
            created_at: event.time,
            updated_at: event.time,
            priority: self.seq,
        };
        self.orders.insert(order.id, order);
        self.open.insert(accepted.order);
        self.hold(accepted.order, accepted.reserved)
    }

    fn reject(&mut self, event: &Event, rejected: &OrderRejected) -> Checked {
        self.name(rejected.order, rejected.key.get(), rejected.fingerprint, true)?;
        let order = Order {
            id: rejected.order,
            client_order_id: rejected.client_order_id.clone(),
            by: rejected.by,
            instrument: None,
            symbol: rejected.symbol,
            side: rejected.side,
            terms: rejected.terms,
            expires_at: None,
            status: OrderStatus::Rejected,
            filled: 0,
            filled_value: 0,
            hwm: None,
            triggered: false,
            reserved: Reservation::default(),
            revision: 0,
            reject: Some(rejected.reject.clone()),
            cancel_reason: None,
            created_at: event.time,
            updated_at: event.time,
            priority: 0,
        };
        self.orders.insert(order.id, order);
        Ok(())
    }

    /// An order holds back this from now on.
    fn hold(&mut self, id: OrderId, reserved: Reservation) -> Checked {
        let order = self.order_mut(id);
        let before = std::mem::replace(&mut order.reserved, reserved);
        let one_kind = match order.side {
            Side::Buy => reserved.qty.is_zero(),
            Side::Sell => reserved.cash.is_zero(),
        };
        let sane = one_kind && reserved.cash.raw() >= 0 && reserved.qty.raw() >= 0;
        check(sane, Invariant::Reservations, || format!("order {id} holds back {reserved:?}"))?;
        self.folio(id.portfolio())?.reserved += reserved.cash.raw() - before.cash.raw();
        Ok(())
    }

    fn replace(&mut self, event: &Event, replaced: &OrderReplaced) -> Checked {
        let seq = self.seq;
        self.working(replaced.order)?;
        let order = self.order_mut(replaced.order);
        (order.terms, order.expires_at, order.hwm) = (replaced.terms, replaced.expires_at, replaced.hwm);
        (order.revision, order.updated_at) = (replaced.revision, event.time);
        if !replaced.keeps_priority {
            order.priority = seq;
        }
        self.check_size(replaced.order)?;
        self.hold(replaced.order, replaced.reserved)
    }

    fn trigger(&mut self, event: &Event, id: OrderId) -> Checked {
        let seq = self.seq;
        let waits = self.working(id)?.waits();
        check(waits, Invariant::StateGraph, || format!("order {id} was released and did not wait"))?;
        let order = self.order_mut(id);
        (order.triggered, order.priority, order.updated_at) = (true, seq, event.time);
        Ok(())
    }

    fn trail(&mut self, event: &Event, id: OrderId, hwm: Price) -> Checked {
        let order = self.working(id)?;
        let forward = order.hwm.is_none_or(|before| match order.side {
            Side::Sell => hwm > before,
            Side::Buy => hwm < before,
        });
        check(forward && order.trails() && order.waits(), Invariant::FillRules, || {
            format!("the mark of order {id} went from {:?} to {hwm}", order.hwm)
        })?;
        let order = self.order_mut(id);
        (order.hwm, order.updated_at) = (Some(hwm), event.time);
        Ok(())
    }

    fn fill(&mut self, event: &Event, fill: &Fill) -> Checked {
        let order = self.working(fill.order)?;
        let (side, instrument) = (order.side, order.instrument);
        check(!order.waits(), Invariant::FillRules, || format!("order {} traded while it waits", fill.order))?;
        check(fill.side == side && Some(fill.instrument) == instrument, Invariant::StateGraph, || {
            format!("a fill of order {} is of another side or instrument", fill.order)
        })?;
        let within = order.limit().is_none_or(|limit| match side {
            Side::Buy => fill.price <= limit,
            Side::Sell => fill.price >= limit,
        });
        check(within && fill.qty.is_positive() && fill.price.is_positive(), Invariant::FillRules, || {
            format!("order {} {:?} traded {} at {}", fill.order, order.terms.kind, fill.qty, fill.price)
        })?;
        let exact = i128::from(fill.price.raw()) * i128::from(fill.qty.raw());
        let residue = exact - fill.value.raw() * FINE;
        let rounded = residue == i128::from(fill.residue) && residue.abs() * 2 <= FINE;
        check(rounded, Invariant::Rounding, || format!("{} at {} is worth {}", fill.qty, fill.price, fill.value))?;
        self.post(fill, exact, residue)?;
        let order = self.order_mut(fill.order);
        order.filled += i128::from(fill.qty.raw());
        order.filled_value += fill.value.raw();
        order.updated_at = event.time;
        order.status = if fill.completes { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        self.check_size(fill.order)?;
        self.hold(fill.order, fill.reserved)?;
        if fill.completes {
            self.open.remove(&fill.order);
            let empty = fill.reserved == Reservation::default();
            check(empty, Invariant::Reservations, || format!("order {} is done and holds back", fill.order))?;
        }
        Ok(())
    }

    /// Moves money and shares; average cost, half to even.
    fn post(&mut self, fill: &Fill, exact: i128, residue: i128) -> Checked {
        let (value, qty) = (fill.value.raw(), i128::from(fill.qty.raw()));
        let folio = self.folio(fill.order.portfolio())?;
        let number = folio.last_trade + 1;
        check(fill.trade.get() == number, Invariant::Gapless, || {
            format!("trade {} where {number} is next", fill.trade)
        })?;
        folio.last_trade = number;
        let held = folio.holdings.entry(fill.instrument).or_default();
        let sign = match fill.side {
            Side::Buy => 1,
            Side::Sell => -1,
        };
        let realized = match fill.side {
            Side::Buy => {
                held.cost += value;
                0
            }
            Side::Sell => {
                check(qty <= held.qty, Invariant::PositionIsSumOfFills, || {
                    format!("order {} sold {qty} of {} held", fill.order, held.qty)
                })?;
                let cost = divide_half_even(held.cost * qty, held.qty);
                held.cost -= cost;
                value - cost
            }
        };
        held.qty += sign * qty;
        held.traded += sign * qty;
        held.realized += realized;
        folio.cash -= sign * value + fill.fee.raw();
        folio.fees += fill.fee.raw();
        folio.realized += realized;
        self.cash -= sign * value * FINE + fill.fee.raw() * FINE;
        self.market += sign * exact;
        self.rounding -= sign * residue;
        self.fees += fill.fee.raw() * FINE;
        check(fill.realized_pnl.raw() == realized, Invariant::PortfolioIdentity, || {
            format!("trade {} realised {realized}, the event says {}", fill.trade, fill.realized_pnl)
        })
    }

    fn check_size(&self, id: OrderId) -> Checked {
        let order = &self.orders[&id];
        let within = match order.terms.size {
            Size::Shares(qty) => order.filled <= i128::from(qty.raw()),
            Size::Notional(amount) => order.filled_value <= amount.raw(),
        };
        check(within, Invariant::FillsWithinOrder, || {
            format!("order {id} of {:?} filled {} for {}", order.terms.size, order.filled, order.filled_value)
        })
    }

    fn end(&mut self, event: &Event, id: OrderId, status: OrderStatus) -> Checked {
        self.working(id)?;
        self.hold(id, Reservation::default())?;
        self.open.remove(&id);
        let order = self.order_mut(id);
        (order.status, order.updated_at) = (status, event.time);
        Ok(())
    }
}

/// The quotient to the nearest integer, a tie to the even one.
#[must_use]
pub fn divide_half_even(dividend: i128, divisor: i128) -> i128 {
    let (floor, rest) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor));
    match (rest * 2).cmp(&divisor) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Greater => floor + 1,
        std::cmp::Ordering::Equal => floor + floor.rem_euclid(2),
    }
}
