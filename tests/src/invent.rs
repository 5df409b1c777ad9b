//! Orders and changes made up at random: every type, side, size and time in force, near the market.
//!
//! A function of the random numbers and the market alone, so that a seed repeats it.

use crate::fixed::ONE;
use crate::oracle::{Change, Kind, NewOrder, Side, Size, TimeInForce, TopOfBook, Trail};
use rand::Rng;
use rand::rngs::StdRng;

/// One cent.
const CENT: i128 = ONE / 100;

/// For whom an order is made up.
#[derive(Clone, Copy, Debug)]
pub struct Buyer {
    /// The portfolio's index.
    pub portfolio: usize,
    /// Whether money hardly runs out.
    pub rich: bool,
}

/// An order; the first two of a portfolio buy what later ones sell.
pub fn order(random: &mut StdRng, buyer: Buyer, number: usize, market: TopOfBook) -> NewOrder {
    let portfolio = buyer.portfolio;
    if number < 2 {
        let size = Size::Shares(if buyer.rich { 400 * ONE } else { 100 * ONE });
        return NewOrder { portfolio, side: Side::Buy, kind: Kind::Market, size, time_in_force: TimeInForce::Gtc };
    }
    let side = if random.random_bool(0.52) { Side::Buy } else { Side::Sell };
    let kind = kind(random, side, market);
    let size = size(random, side, kind);
    let takes_immediate = matches!(kind, Kind::Market | Kind::Limit { .. });
    let time_in_force = match random.random_range(0..10) {
        0 | 1 if takes_immediate => TimeInForce::Ioc,
        2 if takes_immediate => TimeInForce::Fok,
        3..6 => TimeInForce::Gtc,
        _ => TimeInForce::Day,
    };
    NewOrder { portfolio, side, kind, size, time_in_force }
}

fn kind(random: &mut StdRng, side: Side, market: TopOfBook) -> Kind {
    let toward = |price: i128, cents: i128| price + if side == Side::Buy { cents } else { -cents } * CENT;
    let (near, far) = if side == Side::Buy { (market.bid, market.ask) } else { (market.ask, market.bid) };
    let (near, far) = (near / CENT * CENT, far / CENT * CENT);
    match random.random_range(0..100) {
        0..18 => Kind::Market,
        18..52 => Kind::Limit { limit: toward(near, random.random_range(-6..8)) },
        52..66 => Kind::Stop { stop: toward(far, random.random_range(-1..45)) },
        66..80 => {
            let stop = toward(far, random.random_range(0..35));
            Kind::StopLimit { stop, limit: toward(stop, random.random_range(-3..6)) }
        }
        80..90 => Kind::Trailing { trail: Trail::Amount(random.random_range(5..60) * CENT) },
        _ => Kind::Trailing { trail: Trail::Percent(random.random_range(10..40) * CENT) },
    }
}

fn size(random: &mut StdRng, side: Side, kind: Kind) -> Size {
    let takes_amounts = matches!(kind, Kind::Market | Kind::Limit { .. } | Kind::Stop { .. });
    if takes_amounts && side == Side::Buy && random.random_bool(0.15) {
        return Size::Notional(i128::from(random.random_range(500..60_000)) * ONE);
    }
    let shares = match random.random_range(0..4) {
        0 => random.random_range(1..60),
        1 => 100,
        2 => random.random_range(1..5) * 100,
        _ => random.random_range(100..900),
    };
    Size::Shares(shares * ONE)
}

/// A change of an order with these terms, or nothing where it has nothing to change.
pub fn change(random: &mut StdRng, shape: NewOrder) -> Option<Change> {
    let cents = if random.random_bool(0.5) { random.random_range(1..9) } else { random.random_range(-8..0) };
    let nudge = i128::from(cents) * CENT;
    if let Size::Shares(qty) = shape.size
        && random.random_bool(0.5)
    {
        let factor = i128::from(random.random_range(40..180));
        let new = i128::max(qty / ONE * factor / 100, 1) * ONE;
        return (new != qty).then_some(Change { qty: Some(new), ..Change::default() });
    }
    let none = Change::default();
    Some(match shape.kind {
        Kind::Market => return None,
        Kind::Limit { limit } | Kind::StopLimit { limit, .. } => Change { limit: Some(limit + nudge), ..none },
        Kind::Stop { stop } => Change { stop: Some(stop + nudge), ..none },
        Kind::Trailing { trail: Trail::Amount(amount) } => {
            let amount = if amount + nudge > 0 { amount + nudge } else { amount + CENT };
            Change { trail: Some(Trail::Amount(amount)), ..none }
        }
        Kind::Trailing { trail: Trail::Percent(percent) } => {
            Change { trail: Some(Trail::Percent(percent + 5 * CENT)), ..none }
        }
    })
}

/// The terms after a change, so that the next change is one too.
#[must_use]
pub fn changed(mut shape: NewOrder, change: Change) -> NewOrder {
    shape.size = change.qty.map_or(shape.size, Size::Shares);
    shape.kind = match shape.kind {
        Kind::Market => Kind::Market,
        Kind::Limit { limit } => Kind::Limit { limit: change.limit.unwrap_or(limit) },
        Kind::Stop { stop } => Kind::Stop { stop: change.stop.unwrap_or(stop) },
        Kind::StopLimit { stop, limit } => {
            Kind::StopLimit { stop: change.stop.unwrap_or(stop), limit: change.limit.unwrap_or(limit) }
        }
        Kind::Trailing { trail } => Kind::Trailing { trail: change.trail.unwrap_or(trail) },
    };
    shape
}
