//! What holds after every input, counted from the facts alone.

use crate::describe::fills;
use crate::world::World;
use engine::Shard;
use model::{
    Event, EventBody, Fill, FillRule, Liquidity, Money, OrderFees, OrderId, OrderImage, PortfolioId,
    PortfolioImage, Price, Qty, Reservation, Side, Size, Time,
};
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// Checks that facts and image give the same state, that streams are numbered without gaps, that nothing
    /// happens to an order after its end, and that money, holdings and what is held back add up.
    ///
    /// # Panics
    /// When they do not.
    pub fn check(&self) {
        let image = self.shard.image();
        let mut folded = Shard::new(self.config);
        for event in &self.events {
            folded.fold(event);
        }
        assert_eq!(folded.image(), image, "facts alone give the same state");
        assert_eq!(Shard::restore(self.config, &image).image(), image, "an image comes back as it was");
        assert_eq!(self.shard.open_order_count(), image.orders.len());
        assert_eq!(self.shard.seq().get(), self.events.len() as u64);
        for portfolio in &image.portfolios {
            check_portfolio(portfolio, &image.orders, &self.events);
        }
        check_chains(&image.orders);
        check_stream(&self.events);
    }
}

/// The order that an event concerns once it was taken, and whether that ends it.
fn concerned(body: &EventBody) -> Option<(OrderId, bool)> {
    match body {
        EventBody::Filled(fill) => Some((fill.order, fill.completes)),
        EventBody::OrderTriggered { order, .. }
        | EventBody::OrderTrailed { order, .. }
        | EventBody::OrderCapped { order, .. } => Some((*order, false)),
        EventBody::OrderReplaced(replaced) => Some((replaced.order, false)),
        EventBody::OrderSized(sized) => Some((sized.order, sized.completes)),
        EventBody::OrderCanceled { order, .. } | EventBody::OrderExpired { order } => Some((*order, true)),
        EventBody::OrderRejected(rejected) => Some((rejected.order, true)),
        EventBody::InstrumentDefined(_)
        | EventBody::PortfolioOpened { .. }
        | EventBody::LimitsSet { .. }
        | EventBody::CashFlowed { .. }
        | EventBody::OrderAccepted(_) => None,
    }
}

fn check_stream(events: &[Event]) {
    let mut next: BTreeMap<PortfolioId, u64> = BTreeMap::new();
    let mut ended: BTreeSet<OrderId> = BTreeSet::new();
    let mut time = Time::EARLIEST;
    for event in events {
        assert!(event.time >= time, "event time does not go back");
        time = event.time;
        if event.portfolio != PortfolioId::SYSTEM {
            let expected = next.entry(event.portfolio).or_insert(1);
            assert_eq!(event.seq.get(), *expected, "messages are numbered without gaps");
            *expected += event.body.message_count();
        }
        if let Some((order, ends)) = concerned(&event.body) {
            assert!(!ended.contains(&order), "nothing happens to an order after its end");
            if ends {
                ended.insert(order);
            }
        }
    }
}

/// Cash, holdings and reservations, recomputed from the fills.
fn check_portfolio(portfolio: &PortfolioImage, orders: &[OrderImage], events: &[Event]) {
    let own: Vec<&OrderImage> = orders.iter().filter(|order| order.id.portfolio() == portfolio.id).collect();
    let fills: Vec<&Fill> = fills(events).filter(|fill| fill.order.portfolio() == portfolio.id).collect();
    let reserved: Money = own.iter().map(|order| order.reserved.cash).sum();
    assert!(!(portfolio.cash - reserved).is_negative(), "free cash is not below nothing");
    let cost: Money = portfolio.positions.iter().map(|position| position.cost_basis).sum();
    assert_eq!(
        portfolio.cash + cost,
        portfolio.net_flows + portfolio.realized_pnl - portfolio.fees_paid,
        "cash and cost are what came in and what was earned"
    );
    for position in &portfolio.positions {
        let of_this = fills.iter().filter(|fill| fill.instrument == position.instrument);
        let qty: i64 = of_this.map(|fill| fill.side.signed(fill.qty).raw()).sum();
        assert_eq!(qty, position.qty.raw(), "a position is the sum of its fills");
        let selling = own.iter().filter(|order| order.instrument == position.instrument);
        let held: Qty = selling.map(|order| order.reserved.qty).sum();
        assert!(held.raw() <= position.qty.raw().max(0), "no more is held back than is held");
    }
    let fees: Money = fills.iter().map(|fill| fill.fee).sum();
    assert_eq!(fees, portfolio.fees_paid, "fees paid are the sum of those of the fills");
    let mut filled: BTreeMap<OrderId, (Qty, OrderFees)> = BTreeMap::new();
    for fill in fills {
        check_price(fill);
        let (qty, fees) = filled.entry(fill.order).or_default();
        *qty += fill.qty;
        *fees = fees.with(fill.fees());
    }
    for order in own {
        let (qty, fees) = filled.get(&order.id).copied().unwrap_or_default();
        assert_eq!(fees, order.fees, "an order's commission is the sum of its fills'");
        check_order(order, qty);
    }
}

/// What takes trades at what was shown and what it slipped; what rested slips by nothing.
fn check_price(fill: &Fill) {
    assert!(fill.slippage >= Price::ZERO, "slippage is against the order");
    assert!(!fill.regulatory.is_negative(), "authorities give nothing");
    assert!(fill.side == Side::Sell || fill.regulatory.is_zero(), "authorities charge sales alone");
    let quote = fill.evidence.quote;
    let shown = match (fill.liquidity, fill.rule, fill.side) {
        (Liquidity::Maker, ..) => return assert!(fill.slippage.is_zero(), "what rested does not slip"),
        (_, FillRule::TookStandingQuote | FillRule::TookNewQuote, Side::Buy) => quote.ask,
        (_, FillRule::TookStandingQuote | FillRule::TookNewQuote, Side::Sell) => quote.bid,
        _ => return,
    };
    assert_eq!(fill.side.worse_by(shown, fill.slippage), fill.price, "what takes pays what is shown and slips");
}

fn check_order(order: &OrderImage, filled: Qty) {
    assert_eq!(filled, order.filled_qty, "an order's fills add up");
    let (has_rest, by_shares) = match order.terms.size {
        Size::Shares(qty) => (qty > filled, true),
        Size::Notional(amount) => (amount > order.filled_value, false),
    };
    let is_held = order.leg.is_some_and(|leg| leg.held);
    assert!(has_rest || is_held, "an open order has something left");
    // An amount that the price outran may have used up the holding; it ends at its next look.
    let holds =
        order.side == Side::Sell && by_shares && !order.terms.instructions.reduce_only && order.leg.is_none();
    assert!(!holds || order.reserved != Reservation::default(), "a sell holds back its holding");
}

/// Nobody waits for an order that is gone, alternatives have the same left, and hold back once.
fn check_chains(orders: &[OrderImage]) {
    let open: BTreeSet<OrderId> = orders.iter().map(|order| order.id).collect();
    let mut groups: BTreeMap<OrderId, Vec<&OrderImage>> = BTreeMap::new();
    for order in orders {
        let Some(leg) = order.leg else { continue };
        let of_portfolio = |number| OrderId::of(order.id.portfolio(), number);
        if leg.held {
            let parent = of_portfolio(leg.link.parent.expect("who waits has a parent"));
            assert!(open.contains(&parent), "{} waits for {parent}, which is gone", order.id);
            assert_eq!(order.reserved, Reservation::default(), "who waits holds nothing back");
        } else if let Some(group) = leg.link.group {
            groups.entry(of_portfolio(group)).or_default().push(order);
        }
    }
    for members in groups.values() {
        let leaves: BTreeSet<Qty> = members.iter().map(|order| leaves(order)).collect();
        assert_eq!(leaves.len(), 1, "alternatives have the same left");
        let hold_back = members.iter().filter(|order| order.reserved != Reservation::default()).count();
        assert!(hold_back <= 1, "a group holds back once");
    }
}

fn leaves(order: &OrderImage) -> Qty {
    match order.terms.size {
        Size::Shares(qty) => qty - order.filled_qty,
        Size::Notional(_) => unreachable!("alternatives are sized in shares"),
    }
}
