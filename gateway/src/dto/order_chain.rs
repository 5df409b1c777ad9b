//! Orders that are sent with others: brackets, OCO, OTO and OTOCO, from members as sent to a chain.
//!
//! The order of refusals is that of single orders, the order itself before its legs and these as they
//! stand. A member of a leg is named with its place, such as `legs.0.qty`.

use super::order_parts::{OrderClassName, StopLoss, TakeProfit, TypeName};
use super::{OrderDraft, OrderRequest, price};
use crate::problem::Problem;
use model::{
    ClientOrderId, ClientOrderKey, Contingency, LegShare, NewChain, NewLeg, OrderKind, OrderTerms, Percent, Price,
    Qty, Side, Size, Symbol, TimeInForce, Trail, limits,
};

/// What hangs on an order, before its legs have names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChainDraft {
    /// What the legs are to the order and to each other.
    pub(crate) contingency: Contingency,
    /// At least one.
    pub(crate) legs: Vec<LegDraft>,
}

/// A leg without the name that it gets from its order where it has none of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LegDraft {
    /// The client's own name for it.
    pub(crate) client_order_id: Option<ClientOrderId>,
    /// What it asks for.
    pub(crate) draft: OrderDraft,
    /// How much of it its parent's fills set free.
    pub(crate) share: LegShare,
}

/// The hash of a client's name for an order.
pub(crate) fn key_of(client_order_id: &ClientOrderId) -> ClientOrderKey {
    let hash = blake3::hash(client_order_id.as_str().as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&hash.as_bytes()[..16]);
    ClientOrderKey::new(u128::from_le_bytes(key))
}

impl ChainDraft {
    /// The chain; legs without a name are called after the first order, by their number.
    pub(crate) fn into_chain(self, root: &ClientOrderId, number: &mut usize) -> NewChain {
        let legs = self.legs.into_iter().map(|leg| {
            *number += 1;
            let client_order_id = leg.client_order_id.unwrap_or_else(|| name_of_leg(root, *number));
            let OrderDraft { symbol, side, terms, chain } = leg.draft;
            NewLeg {
                key: key_of(&client_order_id),
                client_order_id,
                symbol,
                side,
                terms,
                share: leg.share,
                chain: chain.map(|chain| Box::new(chain.into_chain(root, number))),
            }
        });
        let legs = legs.collect();
        NewChain { contingency: self.contingency, legs }
    }

    /// How many orders these are, with all that hangs on them.
    fn count(&self) -> usize {
        self.legs.iter().map(|leg| 1 + leg.draft.chain.as_ref().map_or(0, |chain| chain.count())).sum()
    }

    /// Everything it means, as text.
    pub(crate) fn meaning(&self) -> String {
        let contingency = match self.contingency {
            Contingency::Alternatives => "OCO",
            Contingency::Followers => "OTO",
            Contingency::FollowingAlternatives => "OTOCO",
            Contingency::Bracket => "BRACKET",
        };
        let legs = self.legs.iter().map(|leg| {
            let share = match leg.share {
                LegShare::AsFilled => "all".to_owned(),
                LegShare::Part { leg, parent } => format!("{leg}/{parent}"),
            };
            format!("({}|{share})", leg.draft.meaning())
        });
        format!("{contingency}{}", legs.collect::<String>())
    }
}

fn name_of_leg(root: &ClientOrderId, number: usize) -> ClientOrderId {
    let name = format!("{}.{number}", root.as_str());
    ClientOrderId::parse(&name).unwrap_or_else(|_| {
        // A name of full length has no room for a number.
        let hash = blake3::hash(name.as_bytes()).to_hex();
        ClientOrderId::parse(&format!("{}.{number}", &hash[..32])).expect("digits and letters are a name")
    })
}

/// What a leg inherits.
#[derive(Clone, Copy)]
struct Parent {
    symbol: Symbol,
    side: Side,
    terms: OrderTerms,
}

impl OrderRequest {
    /// What hangs on this order, whose own terms are these.
    ///
    /// # Errors
    /// 400 with the member at fault.
    pub(crate) fn chain(&self, draft: &OrderDraft) -> Result<Option<ChainDraft>, Problem> {
        let parent = Parent { symbol: draft.symbol, side: draft.side, terms: draft.terms };
        let chain = match self.order_class.unwrap_or(OrderClassName::Simple) {
            OrderClassName::Simple => None,
            OrderClassName::Oco => Some(self.oco(parent)?),
            OrderClassName::Bracket => Some(self.bracket(parent)?),
            OrderClassName::Oto => Some(self.legs(parent, Contingency::Followers)?),
            OrderClassName::Otoco => Some(self.legs(parent, Contingency::FollowingAlternatives)?),
        };
        if let Some(count) = chain.as_ref().map(ChainDraft::count)
            && 1 + count > limits::CHAIN_ORDERS_MAX
        {
            let message = format!("a chain has at most {} orders", limits::CHAIN_ORDERS_MAX);
            return Err(Problem::invalid("legs", message));
        }
        Ok(chain)
    }

    /// The first order of an OCO is its take-profit.
    pub(crate) fn oco_kind(&self) -> Result<OrderKind, Problem> {
        let profit = self.take_profit.as_ref().ok_or_else(|| Problem::missing("take_profit"))?;
        Ok(OrderKind::Limit { limit: profit.price()? })
    }

    fn oco(&self, first: Parent) -> Result<ChainDraft, Problem> {
        if matches!(first.terms.size, Size::Notional(_)) {
            return Err(Problem::invalid("notional", "an OCO has a quantity"));
        }
        if first.terms.time_in_force.is_immediate() || first.terms.time_in_force.is_auction() {
            return Err(Problem::invalid("time_in_force", "an OCO takes DAY, GTC and GTD alone"));
        }
        let loss = self.stop_loss.as_ref().ok_or_else(|| Problem::missing("stop_loss"))?;
        let kind = loss.kind()?;
        if let (Some(stop), Some(limit)) = (kind.stop_price(), first.terms.kind.limit_price())
            && !first.side.improves(limit, stop)
        {
            return Err(Problem::invalid("stop_loss.stop_price", "must be on the other side of take_profit"));
        }
        let terms = OrderTerms { kind, ..first.terms };
        Ok(ChainDraft { contingency: Contingency::Alternatives, legs: vec![first.leg(first.side, terms)] })
    }

    fn bracket(&self, entry: Parent) -> Result<ChainDraft, Problem> {
        let exit = entry.side.opposite();
        let mut legs = Vec::new();
        if let Some(profit) = &self.take_profit {
            legs.push((OrderKind::Limit { limit: profit.price()? }, "take_profit.limit_price"));
        }
        if let Some(loss) = &self.stop_loss {
            legs.push((loss.kind()?, "stop_loss.stop_price"));
        }
        if let [(OrderKind::Limit { limit }, _), (other, field)] = legs[..]
            && other.stop_price().is_some_and(|stop| !exit.improves(limit, stop))
        {
            return Err(Problem::invalid(field, "must be on the other side of take_profit"));
        }
        let base = entry.terms.kind.limit_price();
        for &(kind, field) in &legs {
            let (Some(base), Some(price)) = (base, kind.stop_price().or(kind.limit_price())) else { continue };
            let is_right = match kind.stop_price() {
                Some(stop) => exit.improves(base, stop),
                None => exit.improves(price, base),
            };
            if !is_right {
                return Err(Problem::invalid(field, "is on the wrong side of the entry's limit_price"));
            }
        }
        let lasts = !entry.terms.time_in_force.is_immediate() && !entry.terms.time_in_force.is_auction();
        let time_in_force = if lasts { entry.terms.time_in_force } else { TimeInForce::GoodTilCanceled };
        let legs = legs.into_iter().map(|(kind, _)| {
            let plain = OrderTerms::plain(kind, entry.exit_size());
            entry.leg(exit, OrderTerms { time_in_force, ..plain })
        });
        Ok(ChainDraft { contingency: Contingency::Bracket, legs: legs.collect() })
    }

    fn legs(&self, parent: Parent, contingency: Contingency) -> Result<ChainDraft, Problem> {
        let legs = self.legs.as_deref().unwrap_or_default();
        if legs.is_empty() {
            return Err(Problem::missing("legs"));
        }
        let legs = legs.iter().enumerate().map(|(place, leg)| {
            leg.leg(parent, contingency).map_err(|problem| problem.within(&format!("legs.{place}")))
        });
        let legs = legs.collect::<Result<Vec<_>, _>>()?;
        let first = &legs[0].draft;
        let differs = |leg: &LegDraft| (leg.draft.symbol, leg.draft.side) != (first.symbol, first.side);
        if contingency == Contingency::FollowingAlternatives && legs.iter().any(differs) {
            return Err(Problem::invalid("legs", "alternatives trade one symbol in one direction"));
        }
        Ok(ChainDraft { contingency, legs })
    }

    fn leg(&self, parent: Parent, contingency: Contingency) -> Result<LegDraft, Problem> {
        if self.portfolio_id.is_some() {
            return Err(Problem::invalid("portfolio_id", "is that of the first order"));
        }
        if self.notional.is_some() {
            return Err(Problem::invalid("notional", "a leg has a quantity"));
        }
        if self.order_class == Some(OrderClassName::Oco) {
            return Err(Problem::invalid("order_class", "a leg's alternatives are its neighbours in an OTOCO"));
        }
        let client_order_id = self
            .client_order_id
            .as_deref()
            .map(ClientOrderId::parse)
            .transpose()
            .map_err(|error| Problem::invalid("client_order_id", error.to_string()))?;
        let symbol = self.symbol.as_deref().map_or(Ok(parent.symbol), |text| super::symbol("symbol", text))?;
        let side = self.side.map_or(parent.side.opposite(), Side::from);
        let own = self.qty.map(|value| super::qty("qty", value)).transpose()?;
        let share = match (contingency, own, parent.terms.size) {
            (_, None, _) => LegShare::AsFilled,
            (Contingency::Followers, Some(leg), Size::Shares(parent)) => LegShare::Part { leg, parent },
            (Contingency::Followers, Some(_), Size::Notional(_)) => {
                return Err(Problem::invalid("qty", "follows what the order's amount buys"));
            }
            (_, Some(leg), Size::Shares(parent)) if leg == parent => LegShare::AsFilled,
            (_, Some(_), _) => return Err(Problem::invalid("qty", "is that of the order, or absent")),
        };
        let size = own.map_or(parent.exit_size(), Size::Shares);
        let draft = self.draft(symbol, side, size)?;
        Ok(LegDraft { client_order_id, draft, share })
    }
}

impl Parent {
    /// The size of an exit for all of it; nothing yet where it is known only with the fills.
    fn exit_size(self) -> Size {
        match self.terms.size {
            Size::Shares(qty) => Size::Shares(qty),
            Size::Notional(_) => Size::Shares(Qty::ZERO),
        }
    }

    fn leg(self, side: Side, terms: OrderTerms) -> LegDraft {
        LegDraft {
            client_order_id: None,
            draft: OrderDraft { symbol: self.symbol, side, terms, chain: None },
            share: LegShare::AsFilled,
        }
    }
}

impl TakeProfit {
    fn price(&self) -> Result<Price, Problem> {
        price("take_profit.limit_price", self.limit_price)
    }
}

impl StopLoss {
    /// The type of order that this exit is.
    fn kind(&self) -> Result<OrderKind, Problem> {
        let limit = self.limit_price.map(|value| price("stop_loss.limit_price", value)).transpose()?;
        let trail = self.trail()?;
        let stop = self.stop_price.map(|value| price("stop_loss.stop_price", value)).transpose()?;
        match (stop, limit, trail) {
            (Some(stop), None, None) => Ok(OrderKind::Stop { stop }),
            (Some(stop), Some(limit), None) => Ok(OrderKind::StopLimit { stop, limit }),
            (None, None, Some(trail)) => Ok(OrderKind::TrailingStop { trail, activation: None }),
            (None, Some(_), Some(_)) => {
                Err(Problem::invalid("stop_loss.limit_price", "belongs to a stop_price, not to a trail"))
            }
            (Some(_), _, Some(_)) => {
                Err(Problem::invalid("stop_loss", "only one of stop_price and a trail may be given"))
            }
            (None, _, None) => Err(Problem::missing("stop_loss.stop_price")),
        }
    }

    fn trail(&self) -> Result<Option<Trail>, Problem> {
        let percent = |value| super::fields::percent("stop_loss.trail_percent", value, limits::TRAIL_PERCENT_MAX);
        match (self.trail_amount, self.trail_percent) {
            (None, None) => Ok(None),
            (Some(value), None) => {
                price("stop_loss.trail_amount", value).map(|amount| Some(Trail::Amount(amount)))
            }
            (None, Some(value)) => percent(value).map(|share: Percent| Some(Trail::Percent(share))),
            (Some(_), Some(_)) => Err(Problem::invalid(
                "stop_loss.trail_percent",
                "only one of trail_amount and trail_percent may be given",
            )),
        }
    }
}

impl TypeName {
    /// The type of an order that names none: only an OCO does.
    pub(crate) fn of(class: OrderClassName, given: Option<Self>) -> Result<Option<Self>, Problem> {
        match (class, given) {
            (OrderClassName::Oco, None) => Ok(None),
            (_, None) => Err(Problem::missing("type")),
            (_, Some(given)) => Ok(Some(given)),
        }
    }
}
