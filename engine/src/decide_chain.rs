//! Whether an order and what hangs on it are taken, as one: all of them or none. Looks only.

use crate::commit::row_of;
use crate::shard::Shard;
use crate::terms::{Terms, Worth};
use alloc::format;
use alloc::vec::Vec;
use model::{
    ClientOrderKey, Contingency, InstrumentId, InstrumentStatus, LegShare, Money, NewChain, NewLeg, NewOrder,
    OrderAccepted, OrderFees, OrderId, OrderLink, OrderNumber, OrderRejected, OrderTerms, PortfolioId, Qty,
    Reject, RejectCode, Reservation, Side, Size, SubmittedBy, TimeInForce, Trigger, limits,
};

/// What a leg inherits from the order that it is sent with.
#[derive(Clone, Copy)]
struct Root<'a> {
    order: &'a NewOrder,
    by: SubmittedBy,
}

impl Shard {
    /// The order and its legs as they would be taken: itself first, then each leg followed by its own.
    ///
    /// # Errors
    /// The first reason against any of them, its own first.
    pub(crate) fn decide_chain(&self, order: &NewOrder, by: SubmittedBy) -> Result<Vec<OrderAccepted>, Reject> {
        if let Some(chain) = order.chain.as_deref() {
            check_shape(order, chain)?;
        }
        let mut first = self.decide_submit(order, by)?;
        let Some(chain) = order.chain.as_deref() else { return Ok(Vec::from([first])) };
        first.legs = Some(chain.shape());
        let mut all = Vec::with_capacity(1 + chain.count());
        if chain.contingency == Contingency::Alternatives {
            first.link = Some(link_of_first(first.order.number()));
        } else if chain.contingency.are_alternatives() {
            self.check_exits(order, chain)?;
        }
        all.push(first);
        self.decide_legs(Root { order, by }, 0, chain, &mut all)?;
        if chain.contingency == Contingency::Alternatives {
            self.hold_back_once(&mut all)?;
        }
        Ok(all)
    }

    fn decide_legs(
        &self,
        root: Root<'_>,
        parent: usize,
        chain: &NewChain,
        all: &mut Vec<OrderAccepted>,
    ) -> Result<(), Reject> {
        let parent_number = all[parent].order.number();
        let first_leg = number_after(all);
        for leg in &chain.legs {
            let link = link_of(leg, chain.contingency, parent_number, first_leg);
            let place = all.len();
            all.push(self.decide_leg(root, leg, link, number_after(all))?);
            if let Some(own) = leg.chain.as_deref() {
                self.decide_legs(root, place, own, all)?;
            }
        }
        Ok(())
    }

    fn decide_leg(
        &self,
        root: Root<'_>,
        leg: &NewLeg,
        link: OrderLink,
        number: OrderNumber,
    ) -> Result<OrderAccepted, Reject> {
        let Some(&instrument) = self.symbols.get(&leg.symbol) else {
            return Err(Reject::new(RejectCode::UnknownSymbol, format!("nobody here knows {}", leg.symbol)));
        };
        let row = self.instrument(instrument);
        if !row.tradable || row.status == InstrumentStatus::Delisted {
            return Err(Reject::new(RejectCode::NotTradable, format!("{} takes no orders", leg.symbol)));
        }
        let portfolio = root.order.portfolio;
        let mut terms = Terms::new(portfolio, instrument, leg.side, leg.terms);
        self.check_prices(&terms)?;
        if link.share != LegShare::AsFilled {
            self.check_lots(&terms)?;
        }
        let end = self.end_of(&terms);
        let begins_now = link.parent.is_none();
        let expires_at = match (leg.terms.time_in_force, end) {
            (_, Err(reject)) if reject.code != RejectCode::AuctionCutoff || begins_now => return Err(reject),
            (TimeInForce::GoodTilDate(date), _) => Some(date),
            (_, Ok(end)) if begins_now => end,
            // Its day begins when it begins to work.
            (_, _) => None,
        };
        if begins_now {
            terms.hwm = self.first_mark(&terms);
            self.check_stop(&terms)?;
            self.check_post_only(&terms)?;
        }
        Ok(OrderAccepted {
            order: OrderId::of(portfolio, number),
            client_order_id: leg.client_order_id.clone(),
            key: leg.key,
            fingerprint: root.order.fingerprint,
            by: root.by,
            instrument,
            symbol: leg.symbol,
            side: leg.side,
            terms: leg.terms,
            expires_at,
            hwm: terms.hwm,
            reserved: Reservation::default(),
            link: Some(link),
            legs: leg.chain.as_ref().map(|chain| chain.shape()),
        })
    }

    /// Alternatives hold back once: the first of them the most that any would need.
    fn hold_back_once(&self, all: &mut [OrderAccepted]) -> Result<(), Reject> {
        let mut most: Option<(Terms, Worth)> = None;
        let group = all.first().and_then(|first| first.link).and_then(|link| link.group);
        for order in all.iter().filter(|order| order.link.is_some_and(|link| link.group == group)) {
            let terms = Terms {
                hwm: order.hwm,
                ..Terms::new(order.order.portfolio(), order.instrument, order.side, order.terms)
            };
            let worth = self.worth(&terms)?;
            if most.as_ref().is_none_or(|(_, known)| worth.reserved.cash > known.reserved.cash) {
                most = Some((terms, worth));
            }
        }
        if let (Some((terms, worth)), Some(first)) = (most, all.first_mut()) {
            self.check_limits(&terms, &worth)?;
            self.check_means(&terms, &worth)?;
            first.reserved = worth.reserved;
        }
        Ok(())
    }

    /// Exits of an entry at the market lie around it: the profit beyond, the stop before.
    fn check_exits(&self, order: &NewOrder, chain: &NewChain) -> Result<(), Reject> {
        let Some(&instrument) = self.symbols.get(&order.symbol) else { return Ok(()) };
        let market = self.hot[row_of(instrument)].price_without_limit(order.side);
        let kind = order.terms.kind;
        let named = kind.limit_price().or(kind.stop_price()).or(kind.touch_price());
        let Some(base) = named.or(market) else { return Ok(()) };
        for leg in chain.legs.iter().filter(|leg| leg.side != order.side && leg.symbol == order.symbol) {
            let (price, takes_profit) = match (leg.terms.kind.trigger(), leg.terms.kind.limit_price()) {
                (Some(Trigger::Stop(stop)), _) => (stop, false),
                (Some(Trigger::Touch(price)), _) | (None, Some(price)) => (price, true),
                (Some(Trigger::Trail(_)), _) | (None, None) => continue,
            };
            let is_right = match takes_profit {
                true => leg.side.improves(price, base),
                false => leg.side.improves(base, price),
            };
            if !is_right {
                let what = if takes_profit { "takes no profit over" } else { "is not behind" };
                let message = format!("the exit at {price} {what} {base}, where the entry would trade");
                return Err(Reject::new(RejectCode::ExitOnWrongSide, message));
            }
        }
        Ok(())
    }

    /// The facts that an order and its legs were refused.
    pub(crate) fn rejected_chain(&self, order: &NewOrder, by: SubmittedBy, reject: &Reject) -> Vec<OrderRejected> {
        let first = self.rejected(order, by, reject.clone());
        let number = first.order.number();
        let mut all = Vec::from([first]);
        if let Some(chain) = order.chain.as_deref() {
            if chain.contingency == Contingency::Alternatives {
                all[0].link = Some(link_of_first(number));
            }
            reject_legs(Root { order, by }, number, chain, (reject, &mut all));
        }
        all
    }

    /// Whether every name in a chain is new, and none stands twice.
    pub(crate) fn names_are_free(&self, order: &NewOrder) -> bool {
        let Some(chain) = order.chain.as_deref() else { return true };
        let mut keys = Vec::from([order.key]);
        collect_keys(chain, &mut keys);
        let names = &self.portfolio(order.portfolio).names;
        let count = keys.len();
        let are_new = keys.iter().all(|key| names.get(*key).is_none());
        keys.sort_unstable();
        keys.dedup();
        are_new && keys.len() == count
    }
}

/// Where a leg stands.
fn link_of(leg: &NewLeg, contingency: Contingency, parent: OrderNumber, first_leg: OrderNumber) -> OrderLink {
    let (parent, group) = match contingency {
        Contingency::Alternatives => (None, Some(parent)),
        Contingency::Followers => (Some(parent), None),
        Contingency::FollowingAlternatives | Contingency::Bracket => (Some(parent), Some(first_leg)),
    };
    OrderLink { parent, group, share: leg.share }
}

/// Where an order stands that has alternatives: it is the first of them.
fn link_of_first(number: OrderNumber) -> OrderLink {
    OrderLink { parent: None, group: Some(number), share: LegShare::AsFilled }
}

fn reject_legs(
    root: Root<'_>,
    parent: OrderNumber,
    chain: &NewChain,
    (reject, all): (&Reject, &mut Vec<OrderRejected>),
) {
    let next = |all: &[OrderRejected]| all.last().expect("the order itself comes first").order.number().next();
    let first_leg = next(all);
    for leg in &chain.legs {
        let number = next(all);
        all.push(OrderRejected {
            order: OrderId::of(root.order.portfolio, number),
            client_order_id: leg.client_order_id.clone(),
            key: leg.key,
            fingerprint: root.order.fingerprint,
            by: root.by,
            symbol: leg.symbol,
            side: leg.side,
            terms: leg.terms,
            reject: reject.clone(),
            link: Some(link_of(leg, chain.contingency, parent, first_leg)),
            legs: leg.chain.as_ref().map(|chain| chain.shape()),
        });
        if let Some(own) = leg.chain.as_deref() {
            reject_legs(root, number, own, (reject, all));
        }
    }
}

fn collect_keys(chain: &NewChain, keys: &mut Vec<ClientOrderKey>) {
    for leg in &chain.legs {
        keys.push(leg.key);
        if let Some(own) = leg.chain.as_deref() {
            collect_keys(own, keys);
        }
    }
}

fn number_after(all: &[OrderAccepted]) -> OrderNumber {
    all.last().expect("the order itself comes first").order.number().next()
}

impl Terms {
    /// A new order's.
    pub(crate) fn new(portfolio: PortfolioId, instrument: InstrumentId, side: Side, asked: OrderTerms) -> Self {
        Self {
            portfolio,
            instrument,
            side,
            asked,
            filled_qty: Qty::ZERO,
            filled_value: Money::ZERO,
            fees: OrderFees::default(),
            rests_at: None,
            hwm: None,
            triggered: false,
            held: Reservation::default(),
        }
    }
}

/// Alternatives trade one thing in one direction, and as much of it; nothing stands beside a leg but what
/// its parent says.
fn check_shape(order: &NewOrder, chain: &NewChain) -> Result<(), Reject> {
    let invalid = |what: &str| Err(Reject::new(RejectCode::InvalidChain, what));
    if 1 + chain.count() > limits::CHAIN_ORDERS_MAX {
        return invalid("a chain has too many orders");
    }
    if chain.contingency == Contingency::Alternatives {
        let are_alike = |leg: &NewLeg| {
            (leg.side, leg.symbol) == (order.side, order.symbol) && leg.terms.size == order.terms.size
        };
        if !chain.legs.iter().all(are_alike) || matches!(order.terms.size, Size::Notional(_)) {
            return invalid("alternatives trade the same quantity of one symbol in one direction");
        }
    }
    check_legs(chain)
}

fn check_legs(chain: &NewChain) -> Result<(), Reject> {
    let invalid = |what: &str| Err(Reject::new(RejectCode::InvalidChain, what));
    let Some(first) = chain.legs.first() else { return invalid("a chain has a leg") };
    for leg in &chain.legs {
        let is_alike = (leg.side, leg.symbol) == (first.side, first.symbol) && leg.share == LegShare::AsFilled;
        if chain.contingency != Contingency::Followers && !is_alike {
            return invalid("alternatives trade the same quantity of one symbol in one direction");
        }
        if matches!(leg.terms.size, Size::Notional(_)) {
            return invalid("a leg has a quantity");
        }
        if let Some(own) = leg.chain.as_deref() {
            if own.contingency == Contingency::Alternatives {
                return invalid("only its siblings are alternatives to a leg");
            }
            check_legs(own)?;
        }
    }
    Ok(())
}
