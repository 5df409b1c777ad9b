//! What happened and how things stand, in the words of the language.

use crate::language::Field;
use crate::world::World;
use model::{
    Event, EventBody, Fill, FillRule, Liquidity, Money, OrderId, OrderImage, OrderSized, PortfolioImage, Side,
    Size,
};

/// The fills among events.
pub(crate) fn fills(events: &[Event]) -> impl Iterator<Item = &Fill> {
    events.iter().filter_map(|event| if let EventBody::Filled(fill) = &event.body { Some(&**fill) } else { None })
}

fn describe_fill(fill: &Fill) -> String {
    let liquidity = match fill.liquidity {
        Liquidity::Maker => "maker",
        Liquidity::Taker => "taker",
    };
    let auction = match fill.rule {
        FillRule::OpeningAuction | FillRule::ClosingAuction | FillRule::AuctionFallback => {
            format!(" {}", fill.rule.name())
        }
        FillRule::TookStandingQuote
        | FillRule::TookNewQuote
        | FillRule::QuoteCrossedLimit
        | FillRule::TradeAtLimit
        | FillRule::TradeThroughLimit
        | FillRule::BarOpen
        | FillRule::BarMiddle
        | FillRule::BarClose
        | FillRule::BarAtLimit
        | FillRule::BarThroughLimit
        | FillRule::BarTrigger
        | FillRule::BarPath => String::new(),
    };
    let ambiguous = if fill.ambiguous { " ambiguous" } else { "" };
    format!("fill {}@{} {liquidity}{auction}{ambiguous}", fill.qty, fill.price)
}

fn or_none<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "none".into(), |value| value.to_string())
}

impl World {
    pub(crate) fn name_of(&self, id: OrderId) -> String {
        let named = self.orders.iter().find(|(_, known)| **known == id);
        named.map_or_else(|| format!("order{}", id.number()), |(name, _)| name.clone())
    }

    /// What happened since, in words; the order that a line is about goes without its name.
    pub(crate) fn describe(&self, since: usize, about: Option<OrderId>) -> Vec<String> {
        let prefix = |order: OrderId| {
            if about == Some(order) { String::new() } else { format!("{}: ", self.name_of(order)) }
        };
        let describe = |event: &Event| match &event.body {
            EventBody::InstrumentDefined(_)
            | EventBody::PortfolioOpened { .. }
            | EventBody::LimitsSet { .. }
            | EventBody::CashFlowed { .. }
            | EventBody::OrderAccepted(_)
            | EventBody::OrderReplaced(_) => None,
            EventBody::OrderRejected(rejected) => {
                Some(format!("{}rejected {}", prefix(rejected.order), rejected.reject.code))
            }
            EventBody::OrderSized(sized) => {
                self.describe_sized(sized, event).map(|what| format!("{}{what}", prefix(sized.order)))
            }
            EventBody::OrderTriggered { order, reference } => {
                Some(format!("{}triggered {reference}", prefix(*order)))
            }
            EventBody::OrderTrailed { order, hwm } => Some(format!("{}hwm {hwm}", prefix(*order))),
            EventBody::Filled(fill) => Some(format!("{}{}", prefix(fill.order), describe_fill(fill))),
            EventBody::OrderCanceled { order, reason, .. } => {
                Some(format!("{}canceled {}", prefix(*order), reason.name()))
            }
            EventBody::OrderExpired { order } => Some(format!("{}expired {}", prefix(*order), event.time)),
            EventBody::OrderCapped { order, cap, .. } => {
                cap.rests.then(|| format!("{}rests {}", prefix(*order), cap.price))
            }
        };
        self.events[since..].iter().filter_map(describe).collect()
    }

    /// How much of an order of a chain works, waits or is done; nothing where only another one holds back.
    fn describe_sized(&self, sized: &OrderSized, event: &Event) -> Option<String> {
        let earlier = self
            .events
            .iter()
            .take_while(|earlier| earlier.seq != event.seq || earlier.portfolio != event.portfolio);
        let before = earlier.filter_map(|earlier| match &earlier.body {
            EventBody::OrderSized(before) if before.order == sized.order => Some((before.qty, before.held)),
            EventBody::OrderAccepted(accepted) if accepted.order == sized.order => match accepted.terms.size {
                Size::Shares(qty) => Some((qty, accepted.link.is_some_and(|link| link.parent.is_some()))),
                Size::Notional(_) => None,
            },
            _ => None,
        });
        if sized.completes {
            return Some(format!("done {}", sized.qty));
        }
        let what = if sized.held { "held" } else { "works" };
        (before.last() != Some((sized.qty, sized.held))).then(|| format!("{what} {}", sized.qty))
    }

    pub(crate) fn show_order(&self, name: &str, fields: &[Field]) -> Vec<String> {
        let id = self.order(name);
        let Some(order) = self.shard.image().orders.into_iter().find(|order| order.id == id) else {
            return vec!["gone".into()];
        };
        if !fields.is_empty() {
            return fields.iter().map(|field| show_field(&order, *field)).collect();
        }
        vec![match order.terms.size {
            Size::Shares(qty) => format!("{} open", qty - order.filled_qty),
            Size::Notional(amount) => format!("${} open", amount - order.filled_value),
        }]
    }

    /// The rule of an order's last fill.
    pub(crate) fn show_rule(&self, name: &str) -> String {
        let id = self.order(name);
        or_none(fills(&self.events).filter(|fill| fill.order == id).last().map(|fill| fill.rule.name()))
    }

    /// What all fills of an order were charged, and what of it by authorities.
    pub(crate) fn show_fees(&self, name: &str) -> String {
        let id = self.order(name);
        let own = || fills(&self.events).filter(|fill| fill.order == id);
        let fee: Money = own().map(|fill| fill.fee).sum();
        let regulatory: Money = own().map(|fill| fill.regulatory).sum();
        if regulatory.is_zero() { fee.to_string() } else { format!("{fee} regulatory {regulatory}") }
    }

    /// By how much an order's last fill was worse than what was shown.
    pub(crate) fn show_slippage(&self, name: &str) -> String {
        let id = self.order(name);
        or_none(fills(&self.events).filter(|fill| fill.order == id).last().map(|fill| fill.slippage))
    }

    fn portfolio_image(&self, name: &str) -> PortfolioImage {
        let id = self.portfolio(name);
        self.shard.image().portfolios.into_iter().find(|row| row.id == id).expect("an open portfolio")
    }

    pub(crate) fn show_cash(&self, name: &str) -> String {
        let image = self.portfolio_image(name);
        let id = self.portfolio(name);
        let orders = self.shard.image().orders;
        let reserved: Money =
            orders.iter().filter(|order| order.id.portfolio() == id).map(|order| order.reserved.cash).sum();
        format!("{} free {}", image.cash, image.cash - reserved)
    }

    pub(crate) fn show_position(&self, name: &str, symbol: &str) -> String {
        let row = self.instrument(symbol);
        let position = self.portfolio_image(name).positions.into_iter().find(|held| held.instrument == row);
        or_none(position.map(|held| format!("{} cost {} pnl {}", held.qty, held.cost_basis, held.realized_pnl)))
    }
}

fn show_field(order: &OrderImage, field: Field) -> String {
    let hwm = order.trail.and_then(|trail| trail.hwm);
    let kind = order.terms.kind;
    let trailed = kind.trail().zip(hwm).map(|(trail, hwm)| trail.stop_price(order.side, hwm));
    match field {
        Field::Filled => order.filled_qty.to_string(),
        Field::Held => match order.side {
            Side::Buy => order.reserved.cash.to_string(),
            Side::Sell => order.reserved.qty.to_string(),
        },
        Field::Triggered => if order.triggered { "yes" } else { "no" }.into(),
        Field::Hwm => or_none(hwm),
        Field::Stop => or_none(kind.stop_price().or(trailed)),
        Field::Limit => or_none(kind.limit_price()),
        Field::Expires => or_none(order.expires_at),
        Field::Revision => order.revision.to_string(),
    }
}
