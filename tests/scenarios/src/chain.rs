//! Orders that are sent with others: from the words of a line to a chain, and their names.

use crate::language::{Leg, Legs};
use crate::world::World;
use model::{
    Contingency, LegShare, NewChain, NewLeg, NewOrder, OrderId, OrderNumber, OrderTerms, Qty, Size, Symbol,
};

impl World {
    /// Sends an order with what hangs on it; every leg is known by its name, or as `NAME.1`, `NAME.2` and so
    /// on in the order in which they stand.
    pub(crate) fn submit_chain(
        &mut self,
        order: NewOrder,
        name: Option<&str>,
        legs: Option<&Legs>,
    ) -> Vec<String> {
        let Some(legs) = legs else { return self.submit(order, name) };
        let first = self.next_number(&order);
        let mut names = Vec::new();
        let chain = self.chain(&order, &order.terms, legs, &mut names);
        for (number, leg) in (first + 1..).zip(&names) {
            let name = leg.clone().unwrap_or_else(|| format!("{}.{}", name.unwrap_or("order"), number - first));
            self.name(name, OrderId::of(order.portfolio, OrderNumber::new(number)));
        }
        self.submit(NewOrder { chain: Some(Box::new(chain)), ..order }, name)
    }

    fn chain(
        &mut self,
        order: &NewOrder,
        parent: &OrderTerms,
        legs: &Legs,
        names: &mut Vec<Option<String>>,
    ) -> NewChain {
        let legs_of = legs.legs.iter().map(|leg| {
            names.push(leg.name.clone());
            self.leg(order, (parent, legs.contingency), leg, names)
        });
        NewChain { contingency: legs.contingency, legs: legs_of.collect() }
    }

    fn leg(
        &mut self,
        order: &NewOrder,
        (parent, contingency): (&OrderTerms, Contingency),
        leg: &Leg,
        names: &mut Vec<Option<String>>,
    ) -> NewLeg {
        let whole = match parent.size {
            Size::Shares(qty) => qty,
            Size::Notional(_) => Qty::ZERO,
        };
        let terms = OrderTerms { size: Size::Shares(leg.qty.unwrap_or(whole)), ..leg.terms };
        let share = match (contingency, leg.qty) {
            (Contingency::Followers, Some(qty)) => LegShare::Part { leg: qty, parent: whole },
            _ => LegShare::AsFilled,
        };
        let symbol = leg.symbol.as_ref().map_or(order.symbol, |symbol| Symbol::parse(symbol).expect("a symbol"));
        let named = self.new_order("A", symbol.as_str(), leg.side, leg.name.as_deref());
        let chain = leg.legs.as_ref().map(|own| Box::new(self.chain(order, &terms, own, names)));
        NewLeg {
            client_order_id: named.client_order_id,
            key: named.key,
            symbol,
            side: leg.side,
            terms,
            share,
            chain,
        }
    }
}
