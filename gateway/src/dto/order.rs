//! An order request: from members as sent to a command, in one pass.
//!
//! The order of refusals is: a wrong shape (400), then what is documented and not offered (501, named
//! in [`ParsedOrder::not_offered`] so that the portfolio can be looked up in between). What remains
//! is an order that the engine understands.

use super::fields::percent;
use super::order_parts::{
    Algorithm, Condition, OrderClassName, Peg, SideName, StopLoss, TakeProfit, TimeInForceName, TriggerSourceName,
    TypeName,
};
use super::{Decimal, Timestamp, money, price, qty, symbol};
use crate::json::{object, objects};
use crate::problem::Problem;
use model::{
    ClientOrderId, ClientOrderKey, NewOrder, OrderKind, PortfolioId, Price, Side, Size, Symbol, TimeInForce,
    Trail, limits,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A new order. `type` decides which prices are there: exactly those that it needs.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({
    "portfolio_id": "5e0d9c5a-1c2b-8f00-9a3b-2f1c5d7e9a01", "client_order_id": "my-first", "symbol": "AAPL",
    "side": "BUY", "type": "LIMIT", "qty": "100", "limit_price": "10.05", "time_in_force": "DAY"
}))]
pub(crate) struct OrderRequest {
    /// Whose money. Required.
    pub(crate) portfolio_id: Option<Uuid>,
    /// Your name for the order: the same name never trades twice. Made up when absent.
    #[schema(max_length = 128)]
    pub(crate) client_order_id: Option<String>,
    /// What to trade. Required.
    pub(crate) symbol: Option<String>,
    /// Required.
    pub(crate) side: Option<SideName>,
    /// Required, except for OCO.
    pub(crate) r#type: Option<TypeName>,
    /// How many. Exactly one of `qty` and `notional`.
    pub(crate) qty: Option<Decimal>,
    /// For how much money.
    pub(crate) notional: Option<Decimal>,
    /// The worst price to trade at.
    pub(crate) limit_price: Option<Decimal>,
    /// The last price that releases a stop.
    pub(crate) stop_price: Option<Decimal>,
    /// Not offered.
    pub(crate) trigger_price: Option<Decimal>,
    /// How far a trailing stop follows, in price. Exactly one of `trail_amount` and `trail_percent`.
    pub(crate) trail_amount: Option<Decimal>,
    /// How far a trailing stop follows, in percent of the best price.
    pub(crate) trail_percent: Option<Decimal>,
    /// Not offered.
    pub(crate) limit_offset: Option<Decimal>,
    /// Not offered.
    pub(crate) activation_price: Option<Decimal>,
    /// LAST; the others are not offered.
    pub(crate) trigger_source: Option<TriggerSourceName>,
    /// DAY when absent. GTD, OPG and CLS are not offered.
    pub(crate) time_in_force: Option<TimeInForceName>,
    /// The end of a GTD order. Not offered.
    pub(crate) expires_at: Option<Timestamp>,
    /// Not offered.
    pub(crate) extended_hours: Option<bool>,
    /// Not offered.
    pub(crate) reduce_only: Option<bool>,
    /// Not offered.
    pub(crate) post_only: Option<bool>,
    /// Not offered.
    pub(crate) display_qty: Option<Decimal>,
    /// Not offered.
    #[serde(deserialize_with = "object")]
    pub(crate) peg: Option<Peg>,
    /// Not offered.
    #[serde(deserialize_with = "object")]
    pub(crate) algo: Option<Algorithm>,
    /// Not offered.
    #[serde(deserialize_with = "object")]
    pub(crate) condition: Option<Condition>,
    /// SIMPLE; the others are not offered.
    pub(crate) order_class: Option<OrderClassName>,
    /// Not offered.
    #[serde(deserialize_with = "object")]
    pub(crate) take_profit: Option<TakeProfit>,
    /// Not offered.
    #[serde(deserialize_with = "object")]
    pub(crate) stop_loss: Option<StopLoss>,
    /// Not offered.
    #[serde(deserialize_with = "objects")]
    #[schema(no_recursion)]
    pub(crate) legs: Option<Vec<OrderRequest>>,
}

/// What an order means, without whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrderTerms {
    /// What to trade.
    pub(crate) symbol: Symbol,
    /// Buy or sell.
    pub(crate) side: Side,
    /// Type and prices.
    pub(crate) kind: OrderKind,
    /// How much.
    pub(crate) size: Size,
    /// How long.
    pub(crate) time_in_force: TimeInForce,
}

/// A request whose shape is right.
#[derive(Clone, Debug)]
pub(crate) struct ParsedOrder {
    /// Whose money, as the client names it.
    pub(crate) portfolio: Uuid,
    /// The client's name for it.
    pub(crate) client_order_id: ClientOrderId,
    /// The order, or the member that asks for something that is not offered.
    pub(crate) terms: Result<OrderTerms, &'static str>,
}

impl OrderTerms {
    /// The command, for a portfolio that belongs to whoever asks.
    pub(crate) fn into_order(self, portfolio: PortfolioId, client_order_id: ClientOrderId) -> NewOrder {
        let hash = blake3::hash(client_order_id.as_str().as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash.as_bytes()[..16]);
        NewOrder {
            portfolio,
            client_order_id,
            key: ClientOrderKey::new(u128::from_le_bytes(key)),
            fingerprint: self.fingerprint(),
            symbol: self.symbol,
            side: self.side,
            kind: self.kind,
            size: self.size,
            time_in_force: self.time_in_force,
        }
    }

    /// A hash of everything the order means; kept for ever, so the text below may never change.
    fn fingerprint(self) -> u64 {
        let optional = |value: Option<Price>| value.map_or_else(String::new, |value| value.to_string());
        let trail = match self.kind.trail() {
            Some(Trail::Amount(amount)) => format!("{amount}"),
            Some(Trail::Percent(percent)) => format!("{percent}%"),
            None => String::new(),
        };
        let side = match self.side {
            Side::Buy => "BUY",
            Side::Sell => "SELL",
        };
        let size = match self.size {
            Size::Shares(qty) => format!("{qty}"),
            Size::Notional(amount) => format!("${amount}"),
        };
        let text = format!(
            "1|{}|{side}|{}|{size}|{}|{}|{trail}|{}",
            self.symbol,
            self.kind.order_type().name(),
            optional(self.kind.limit_price()),
            optional(self.kind.stop_price()),
            self.time_in_force.name(),
        );
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..8]);
        u64::from_le_bytes(bytes)
    }
}

impl OrderRequest {
    /// Checks the shape and reads the values.
    ///
    /// # Errors
    /// 400 with the member at fault.
    pub(crate) fn parse(self) -> Result<ParsedOrder, Problem> {
        let portfolio = self.portfolio_id.ok_or_else(|| Problem::missing("portfolio_id"))?;
        let client_order_id = match &self.client_order_id {
            Some(text) => ClientOrderId::parse(text),
            None => ClientOrderId::parse(&Uuid::new_v4().to_string()),
        }
        .map_err(|error| Problem::invalid("client_order_id", error.to_string()))?;
        let symbol_text = self.symbol.as_deref().ok_or_else(|| Problem::missing("symbol"))?;
        let ticker = symbol("symbol", symbol_text)?;
        let side = self.side.ok_or_else(|| Problem::missing("side"))?;
        self.check_class()?;
        let kind = match self.r#type {
            Some(kind) => self.kind(kind)?,
            None if self.order_class == Some(OrderClassName::Oco) => Err("order_class"),
            None => return Err(Problem::missing("type")),
        };
        let size = self.size()?;
        let time_in_force = self.time_in_force()?;
        self.check_parts()?;
        let terms = match (kind, time_in_force, self.not_offered()) {
            (Ok(kind), Ok(time_in_force), None) => {
                Ok(OrderTerms { symbol: ticker, side: side.into(), kind, size, time_in_force })
            }
            (Err(field), _, _) | (_, Err(field), _) | (_, _, Some(field)) => Err(field),
        };
        Ok(ParsedOrder { portfolio, client_order_id, terms })
    }

    fn size(&self) -> Result<Size, Problem> {
        match (self.qty, self.notional) {
            (Some(value), None) => Ok(Size::Shares(qty("qty", value)?)),
            (None, Some(value)) => Ok(Size::Notional(money("notional", value)?)),
            (Some(_), Some(_)) => Err(Problem::invalid("notional", "only one of qty and notional may be given")),
            (None, None) => Err(Problem::missing("qty")),
        }
    }

    /// The prices that were sent, by name. Both kinds of trail go by one name.
    fn prices_given(&self) -> [(&'static str, bool); 8] {
        [
            ("limit_price", self.limit_price.is_some()),
            ("stop_price", self.stop_price.is_some()),
            ("trigger_price", self.trigger_price.is_some()),
            ("trail_amount", self.trail_amount.is_some()),
            ("trail_percent", self.trail_percent.is_some()),
            ("limit_offset", self.limit_offset.is_some()),
            ("activation_price", self.activation_price.is_some()),
            ("peg", self.peg.is_some()),
        ]
    }

    /// Type and prices, or the member that is not offered.
    fn kind(&self, kind: TypeName) -> Result<Result<OrderKind, &'static str>, Problem> {
        for (field, given) in self.prices_given() {
            let named = if field == "trail_percent" { "trail_amount" } else { field };
            if given && !kind.needed().contains(&named) && !kind.optional().contains(&named) {
                return Err(Problem::invalid(field, "does not belong to an order of this type"));
            }
        }
        let limit = || price("limit_price", self.limit_price.ok_or_else(|| Problem::missing("limit_price"))?);
        let stop = || price("stop_price", self.stop_price.ok_or_else(|| Problem::missing("stop_price"))?);
        let trigger =
            || price("trigger_price", self.trigger_price.ok_or_else(|| Problem::missing("trigger_price"))?);
        Ok(match kind {
            TypeName::Market => Ok(OrderKind::Market),
            TypeName::Limit => Ok(OrderKind::Limit { limit: limit()? }),
            TypeName::Stop => Ok(OrderKind::Stop { stop: stop()? }),
            TypeName::StopLimit => Ok(OrderKind::StopLimit { stop: stop()?, limit: limit()? }),
            TypeName::TrailingStop => Ok(OrderKind::TrailingStop { trail: self.trail()? }),
            TypeName::TrailingStopLimit => {
                self.trail()?;
                self.limit_offset.ok_or_else(|| Problem::missing("limit_offset"))?;
                Err("type")
            }
            TypeName::MarketIfTouched => trigger().map(|_| Err("type"))?,
            TypeName::LimitIfTouched => {
                trigger()?;
                limit().map(|_| Err("type"))?
            }
            TypeName::Pegged => {
                self.peg.as_ref().ok_or_else(|| Problem::missing("peg"))?;
                Err("type")
            }
        })
    }

    fn trail(&self) -> Result<Trail, Problem> {
        match (self.trail_amount, self.trail_percent) {
            (Some(amount), None) => price("trail_amount", amount).map(Trail::Amount),
            (None, Some(value)) => percent("trail_percent", value, limits::TRAIL_PERCENT_MAX).map(Trail::Percent),
            (Some(_), Some(_)) => {
                Err(Problem::invalid("trail_percent", "only one of trail_amount and trail_percent may be given"))
            }
            (None, None) => Err(Problem::missing("trail_amount")),
        }
    }

    fn time_in_force(&self) -> Result<Result<TimeInForce, &'static str>, Problem> {
        let wanted = self.time_in_force.unwrap_or(TimeInForceName::Day);
        match (wanted, self.expires_at) {
            (TimeInForceName::Gtd, None) => Err(Problem::missing("expires_at")),
            (TimeInForceName::Gtd, Some(_)) => Ok(Err("time_in_force")),
            (_, Some(_)) => Err(Problem::invalid("expires_at", "belongs to time_in_force GTD alone")),
            (TimeInForceName::Opg | TimeInForceName::Cls, None) => match self.r#type {
                Some(TypeName::Market | TypeName::Limit) | None => Ok(Err("time_in_force")),
                Some(_) => {
                    Err(Problem::invalid("time_in_force", "OPG and CLS take market and limit orders alone"))
                }
            },
            (TimeInForceName::Day | TimeInForceName::Gtc | TimeInForceName::Ioc | TimeInForceName::Fok, None) => {
                Ok(wanted.offered().ok_or("time_in_force"))
            }
        }
    }

    /// That the parts of a chain are there exactly where its class wants them.
    fn check_class(&self) -> Result<(), Problem> {
        let class = self.order_class.unwrap_or(OrderClassName::Simple);
        let (profit, loss, legs) = (self.take_profit.is_some(), self.stop_loss.is_some(), self.legs.is_some());
        let foreign = |field: &'static str| Err(Problem::invalid(field, "does not belong to this order_class"));
        match class {
            OrderClassName::Simple if profit => foreign("take_profit"),
            OrderClassName::Simple if loss => foreign("stop_loss"),
            OrderClassName::Simple | OrderClassName::Bracket | OrderClassName::Oco if legs => foreign("legs"),
            OrderClassName::Bracket if !profit && !loss => Err(Problem::missing("take_profit")),
            OrderClassName::Oco if !profit => Err(Problem::missing("take_profit")),
            OrderClassName::Oco if !loss => Err(Problem::missing("stop_loss")),
            OrderClassName::Oco if self.r#type.is_some() => foreign("type"),
            OrderClassName::Oco => match self.prices_given().into_iter().find(|(_, given)| *given) {
                Some((field, _)) => foreign(field),
                None => Ok(()),
            },
            OrderClassName::Oto | OrderClassName::Otoco if !legs => Err(Problem::missing("legs")),
            OrderClassName::Simple | OrderClassName::Bracket | OrderClassName::Oto | OrderClassName::Otoco => {
                Ok(())
            }
        }
    }

    /// The values of parts that are not offered: wrong ones are wrong all the same.
    fn check_parts(&self) -> Result<(), Problem> {
        if let Some(shown) = self.display_qty {
            let shown = qty("display_qty", shown)?;
            if let Some(Ok(whole)) = self.qty.map(|whole| qty("qty", whole))
                && shown > whole
            {
                return Err(Problem::invalid("display_qty", "must be at most qty"));
            }
        }
        if let Some(value) = self.activation_price {
            price("activation_price", value)?;
        }
        if let Some(profit) = &self.take_profit {
            price("take_profit.limit_price", profit.limit_price)?;
        }
        if let Some(loss) = &self.stop_loss {
            let given = [loss.stop_price, loss.trail_amount, loss.trail_percent];
            if given.iter().flatten().count() != 1 {
                return Err(Problem::missing("stop_loss.stop_price"));
            }
            for value in given.into_iter().chain([loss.limit_price]).flatten() {
                price("stop_loss", value)?;
            }
        }
        match &self.condition {
            Some(condition) if !condition.is_well_formed() => Err(Problem::invalid(
                "condition",
                "must be a group (op, rules) or a comparison (left, cmp, right)",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// The first member that asks for something documented and not offered.
    fn not_offered(&self) -> Option<&'static str> {
        let class = self.order_class.unwrap_or(OrderClassName::Simple);
        let source = self.trigger_source.unwrap_or(TriggerSourceName::Last);
        [
            ("order_class", class != OrderClassName::Simple),
            ("trigger_source", source != TriggerSourceName::Last),
            ("extended_hours", self.extended_hours == Some(true)),
            ("reduce_only", self.reduce_only == Some(true)),
            ("post_only", self.post_only == Some(true)),
            ("display_qty", self.display_qty.is_some()),
            ("activation_price", self.activation_price.is_some()),
            ("algo", self.algo.is_some()),
            ("condition", self.condition.is_some()),
        ]
        .into_iter()
        .find_map(|(field, asked)| asked.then_some(field))
    }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
