//! What happened on each shard, event by event, and the messages that clients must therefore see.
//!
//! It owns the simulation's own record of the past: the one thing that a crash does not touch. It must never
//! take anything from the product but events. Invariant: `book` is the fold of `events`.

use crate::book::Book;
use crate::message::Place;
use crate::violation::{Checked, Invariant, check};
use model::{
    ClientOrderEntry, ClientOrderKey, Event, EventBody, MessageKind, Money, MonthTraded, NetQty, OrderFees,
    OrderImage, OrderNumber, PortfolioId, PortfolioImage, PortfolioSeq, PositionImage, ShardImage, ShardSeq,
    TradeNumber, TrailImage,
};
use persistence::TradeRow;
use std::collections::BTreeMap;

/// A message that an event makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The shard's event.
    pub event: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The past of one shard.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Its events, from the first.
    pub events: Vec<Event>,
    /// What they add up to.
    pub book: Book,
    /// Each portfolio's messages, from number 1.
    pub messages: BTreeMap<PortfolioId, Vec<Told>>,
    /// Each portfolio's trades, oldest first.
    pub trades: BTreeMap<PortfolioId, Vec<TradeRow>>,
    /// The last event that some client saw the effect of.
    pub seen: u64,
}

impl History {
    /// Takes an event in: state, messages, trades.
    pub fn push(&mut self, event: &Event) -> Checked {
        self.book.fold(event)?;
        self.events.push(event.clone());
        let stream = self.messages.entry(event.portfolio).or_default();
        let mut seq = event.seq;
        if let EventBody::Filled(fill) = &event.body {
            let order = &self.book.orders[&fill.order];
            let row = TradeRow {
                portfolio: event.portfolio,
                seq: event.seq,
                time: event.time,
                symbol: order.symbol,
                by: order.by,
                fill: model::Fill::clone(fill),
            };
            self.trades.entry(event.portfolio).or_default().push(row);
        }
        for kind in event.body.messages() {
            let expected = stream.len() as u64 + 1;
            check(seq.get() == expected, Invariant::Gapless, || {
                format!("portfolio {} message {seq} where {expected} is next", event.portfolio)
            })?;
            let mut bytes = Vec::with_capacity(320);
            write(&self.book, event, *kind, seq, &mut bytes);
            stream.push(Told { event: self.book.seq, bytes });
            seq = seq.next();
        }
        Ok(())
    }

    /// The past up to an event and no further: the rest never happened.
    pub fn rewind(&mut self, to: usize) -> Checked {
        let mut events = std::mem::take(&mut self.events);
        events.truncate(to);
        let seen = self.seen;
        *self = Self { seen, ..Self::default() };
        events.iter().try_for_each(|event| self.push(event))
    }
}

/// One message as the naive fold would write it.
fn write(book: &Book, event: &Event, kind: MessageKind, seq: PortfolioSeq, out: &mut Vec<u8>) {
    let place = Place { portfolio: event.portfolio, seq, time: event.time };
    let folio = &book.folios[&event.portfolio];
    let order = order_of(&event.body).map(|id| &book.orders[&id]);
    match kind {
        MessageKind::Order => place.order(order.expect("the event has an order"), out),
        MessageKind::Fill => {
            if let EventBody::Filled(fill) = &event.body {
                let order = order.expect("the event has an order");
                let row = TradeRow {
                    portfolio: event.portfolio,
                    seq: event.seq,
                    time: event.time,
                    symbol: order.symbol,
                    by: order.by,
                    fill: model::Fill::clone(fill),
                };
                place.trade(&row, out);
            }
        }
        MessageKind::Position => {
            let instrument = order.and_then(|order| order.instrument).expect("a fill has an instrument");
            place.position(folio, instrument, book.reserved_qty(event.portfolio, instrument), out);
        }
        MessageKind::Cash => place.cash(folio, folio.reserved, out),
        MessageKind::Portfolio => place.portfolio(folio, out),
    }
}

/// The order that an event is about.
#[must_use]
pub fn order_of(body: &EventBody) -> Option<model::OrderId> {
    match body {
        EventBody::InstrumentDefined(_)
        | EventBody::PortfolioOpened { .. }
        | EventBody::LimitsSet { .. }
        | EventBody::CashFlowed { .. } => None,
        EventBody::OrderAccepted(accepted) => Some(accepted.order),
        EventBody::OrderRejected(rejected) => Some(rejected.order),
        EventBody::OrderReplaced(replaced) => Some(replaced.order),
        EventBody::OrderSized(sized) => Some(sized.order),
        EventBody::Filled(fill) => Some(fill.order),
        EventBody::OrderTriggered { order, .. }
        | EventBody::OrderCapped { order, .. }
        | EventBody::OrderTrailed { order, .. }
        | EventBody::OrderCanceled { order, .. }
        | EventBody::OrderExpired { order } => Some(*order),
    }
}

impl Book {
    /// The state in the product's words, to be compared with the product's own image.
    #[must_use]
    pub fn image(&self) -> ShardImage {
        ShardImage {
            seq: ShardSeq::new(self.seq),
            time: self.time,
            instruments: self.instruments.values().cloned().collect(),
            portfolios: self.folios.iter().map(|(id, folio)| portfolio_image(*id, folio)).collect(),
            orders: self.open.iter().map(|id| order_image(&self.orders[id])).collect(),
            rounding_residue: self.rounding,
        }
    }
}

fn portfolio_image(id: PortfolioId, folio: &crate::book::Folio) -> PortfolioImage {
    let positions = folio.holdings.iter().map(|(instrument, held)| PositionImage {
        instrument: *instrument,
        qty: NetQty::from_raw(i64::try_from(held.qty).expect("holdings fit")),
        cost_basis: Money::from_raw(held.cost),
        realized_pnl: Money::from_raw(held.realized),
    });
    let names = folio.names.iter().map(|(key, (order, fingerprint, rejected))| ClientOrderEntry {
        key: ClientOrderKey::new(*key),
        order: OrderNumber::new(*order),
        fingerprint: *fingerprint,
        rejected: *rejected,
    });
    PortfolioImage {
        id,
        currency: folio.currency,
        profile: folio.profile,
        limits: folio.limits,
        starting_balance: Money::from_raw(folio.starting),
        cash: Money::from_raw(folio.cash),
        net_flows: Money::from_raw(folio.net_flows),
        realized_pnl: Money::from_raw(folio.realized),
        fees_paid: Money::from_raw(folio.fees),
        month_traded: MonthTraded::default(),
        last_seq: PortfolioSeq::new(folio.last_seq),
        last_order: OrderNumber::new(folio.last_order),
        last_trade: TradeNumber::new(folio.last_trade),
        positions: positions.collect(),
        client_orders: names.collect(),
    }
}

fn order_image(order: &crate::order::Order) -> OrderImage {
    let row = order.row();
    OrderImage {
        id: order.id,
        instrument: order.instrument.expect("an open order has an instrument"),
        side: order.side,
        terms: order.terms,
        accepted_at: order.created_at,
        expires_at: order.expires_at,
        filled_qty: row.filled_qty,
        filled_value: row.filled_value,
        reserved: order.reserved,
        triggered: order.triggered,
        trail: order.trails().then_some(TrailImage { hwm: order.hwm }),
        fees: OrderFees::default(),
        cap: None,
        leg: None,
        revision: order.revision,
        priority: order.priority,
    }
}
