//! An order request: from members as sent to a command, in one pass.
//!
//! The order of refusals is: a wrong shape (400), then what is documented and not offered (501, named
//! in [`ParsedOrder::not_offered`] so that the portfolio can be looked up in between). What remains
//! is an order that the engine understands.

use super::fields::percent;
use super::order_chain::{ChainDraft, key_of};
use super::order_parts::{
    Algorithm, Condition, OrderClassName, Peg, SideName, StopLoss, TakeProfit, TimeInForceName, TriggerSourceName,
    TypeName,
};
use super::{Decimal, Timestamp, money, price, qty, symbol};
use crate::json::{object, objects};
use crate::problem::Problem;
use model::{
    ClientOrderId, Instructions, NewOrder, OrderKind, OrderTerms, OrderType, PortfolioId, Price, Qty, Side, Size,
    Symbol, TimeInForce, TradingHours, Trail, TriggerSource, limits,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Write as _;
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
    /// The price that releases a stop: risen to it for a buy, fallen to it for a sell.
    pub(crate) stop_price: Option<Decimal>,
    /// The price that releases an if-touched order: fallen to it for a buy, risen to it for a sell.
    pub(crate) trigger_price: Option<Decimal>,
    /// How far a trailing stop follows, in price. Exactly one of `trail_amount` and `trail_percent`.
    pub(crate) trail_amount: Option<Decimal>,
    /// How far a trailing stop follows, in percent of the best price.
    pub(crate) trail_percent: Option<Decimal>,
    /// How far beyond its stop the limit of a TRAILING_STOP_LIMIT lies: above for a buy, below for a sell.
    pub(crate) limit_offset: Option<Decimal>,
    /// Where a trailing stop begins to follow; at once when absent.
    pub(crate) activation_price: Option<Decimal>,
    /// Which price releases an order that waits for one; LAST when absent.
    pub(crate) trigger_source: Option<TriggerSourceName>,
    /// DAY when absent. OPG and CLS take MARKET and LIMIT orders alone.
    pub(crate) time_in_force: Option<TimeInForceName>,
    /// The end of a GTD order.
    pub(crate) expires_at: Option<Timestamp>,
    /// Whether it trades before and after the regular session, too. LIMIT orders with DAY, GTC or GTD alone.
    pub(crate) extended_hours: Option<bool>,
    /// Whether it may only make a position smaller.
    pub(crate) reduce_only: Option<bool>,
    /// Whether it may only rest and never take. Orders with a limit and DAY, GTC or GTD alone.
    pub(crate) post_only: Option<bool>,
    /// How much of `qty` others see at a time. Orders with a limit and DAY, GTC or GTD alone.
    pub(crate) display_qty: Option<Decimal>,
    /// What a PEGGED order follows.
    #[serde(deserialize_with = "object")]
    pub(crate) peg: Option<Peg>,
    /// Not offered.
    #[serde(deserialize_with = "object")]
    pub(crate) algo: Option<Algorithm>,
    /// Not offered.
    #[serde(deserialize_with = "object")]
    pub(crate) condition: Option<Condition>,
    /// How it hangs together with others; SIMPLE when absent.
    pub(crate) order_class: Option<OrderClassName>,
    /// The exit with a profit, of BRACKET and OCO.
    #[serde(deserialize_with = "object")]
    pub(crate) take_profit: Option<TakeProfit>,
    /// The exit with a loss, of BRACKET and OCO.
    #[serde(deserialize_with = "object")]
    pub(crate) stop_loss: Option<StopLoss>,
    /// What follows this order's fills, of OTO and OTOCO: orders without `portfolio_id`. `symbol` is that of this
    /// order and `side` the other one when absent; without `qty` a leg is as large as what this order filled,
    /// and with one it works in proportion.
    #[serde(deserialize_with = "objects")]
    #[schema(no_recursion)]
    pub(crate) legs: Option<Vec<OrderRequest>>,
}

/// What an order means, without whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderDraft {
    /// What to trade.
    pub(crate) symbol: Symbol,
    /// Buy or sell.
    pub(crate) side: Side,
    /// What it asks for.
    pub(crate) terms: OrderTerms,
    /// What hangs on it.
    pub(crate) chain: Option<ChainDraft>,
}

/// A request whose shape is right.
#[derive(Clone, Debug)]
pub(crate) struct ParsedOrder {
    /// Whose money, as the client names it.
    pub(crate) portfolio: Uuid,
    /// The client's name for it.
    pub(crate) client_order_id: ClientOrderId,
    /// The order, or the member that asks for something that is not offered.
    pub(crate) draft: Result<OrderDraft, &'static str>,
}

impl OrderDraft {
    /// The command, for a portfolio that belongs to whoever asks.
    pub(crate) fn into_order(self, portfolio: PortfolioId, client_order_id: ClientOrderId) -> NewOrder {
        let fingerprint = self.fingerprint();
        let chain = self.chain.map(|chain| Box::new(chain.into_chain(&client_order_id, &mut 0)));
        NewOrder {
            portfolio,
            key: key_of(&client_order_id),
            client_order_id,
            fingerprint,
            symbol: self.symbol,
            side: self.side,
            terms: self.terms,
            chain,
        }
    }

    /// Every symbol that it or what hangs on it trades.
    pub(crate) fn symbols(&self) -> BTreeSet<Symbol> {
        let legs = self.chain.iter().flat_map(|chain| chain.legs.iter().flat_map(|leg| leg.draft.symbols()));
        legs.chain([self.symbol]).collect()
    }

    /// A hash of everything the order means; kept for ever, so the text of a meaning may never change.
    fn fingerprint(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&blake3::hash(self.meaning().as_bytes()).as_bytes()[..8]);
        u64::from_le_bytes(bytes)
    }

    /// Everything the order means, as text.
    pub(crate) fn meaning(&self) -> String {
        let OrderTerms { kind, size, time_in_force, .. } = self.terms;
        let optional = |value: Option<Price>| value.map_or_else(String::new, |value| value.to_string());
        let trail = match kind.trail() {
            Some(Trail::Amount(amount)) => format!("{amount}"),
            Some(Trail::Percent(percent)) => format!("{percent}%"),
            None => String::new(),
        };
        let side = match self.side {
            Side::Buy => "BUY",
            Side::Sell => "SELL",
        };
        let size = match size {
            Size::Shares(qty) => format!("{qty}"),
            Size::Notional(amount) => format!("${amount}"),
        };
        let mut text = format!(
            "1|{}|{side}|{}|{size}|{}|{}|{trail}|{}",
            self.symbol,
            kind.order_type().name(),
            optional(kind.limit_price()),
            optional(kind.stop_price()),
            time_in_force.name(),
        );
        for (name, value) in self.later_parts() {
            // Writing to a string cannot fail.
            let _ = write!(text, "|{name}={value}");
        }
        text
    }

    /// What could be asked for later than the rest: each with its name, and only where it is asked for, so that
    /// the other orders mean what they always meant.
    fn later_parts(&self) -> impl Iterator<Item = (&'static str, String)> {
        let OrderTerms { kind, time_in_force, instructions, .. } = self.terms;
        let Instructions { hours, post_only, reduce_only, display_qty, trigger_source } = instructions;
        let end = match time_in_force {
            TimeInForce::GoodTilDate(end) => Some(end.nanos().to_string()),
            TimeInForce::Day
            | TimeInForce::GoodTilCanceled
            | TimeInForce::ImmediateOrCancel
            | TimeInForce::FillOrKill
            | TimeInForce::AtOpen
            | TimeInForce::AtClose => None,
        };
        let source = (trigger_source != TriggerSource::default()).then(|| trigger_source.name().to_owned());
        let flag = |set: bool| set.then(|| "true".to_owned());
        let parts = [
            ("trigger_price", kind.touch_price().map(|price| price.to_string())),
            ("limit_offset", kind.limit_offset().map(|offset| offset.to_string())),
            ("activation_price", kind.activation().map(|price| price.to_string())),
            ("expires_at", end),
            ("extended_hours", flag(hours == TradingHours::Extended)),
            ("post_only", flag(post_only)),
            ("reduce_only", flag(reduce_only)),
            ("display_qty", display_qty.map(|qty| qty.to_string())),
            ("trigger_source", source),
            ("peg", kind.peg().map(meaning_of_peg)),
            ("chain", self.chain.as_ref().map(ChainDraft::meaning)),
        ];
        parts.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)))
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
        let size = self.size()?;
        let draft = self.draft(ticker, side.into(), size)?;
        let draft = self.not_offered().map_or(Ok(draft), Err);
        Ok(ParsedOrder { portfolio, client_order_id, draft })
    }

    /// What it asks for, of this symbol, in this direction and for so much, with what hangs on it.
    pub(crate) fn draft(&self, symbol: Symbol, side: Side, size: Size) -> Result<OrderDraft, Problem> {
        self.check_class()?;
        let class = self.order_class.unwrap_or(OrderClassName::Simple);
        let kind = match TypeName::of(class, self.r#type)? {
            Some(name) => self.kind(name)?,
            None => self.oco_kind()?,
        };
        let time_in_force = self.time_in_force()?;
        let terms = self.instructed(OrderTerms { time_in_force, ..OrderTerms::plain(kind, size) })?;
        self.check_condition()?;
        let draft = OrderDraft { symbol, side, terms, chain: None };
        let chain = self.chain(&draft)?;
        Ok(OrderDraft { chain, ..draft })
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

    /// Type and prices.
    fn kind(&self, kind: TypeName) -> Result<OrderKind, Problem> {
        for (field, given) in self.prices_given() {
            let named = if field == "trail_percent" { "trail_amount" } else { field };
            if given && !kind.needed().contains(&named) && !kind.optional().contains(&named) {
                return Err(Problem::invalid(field, "does not belong to an order of this type"));
            }
        }
        let needed = |field: &'static str, value: Option<Decimal>| {
            price(field, value.ok_or_else(|| Problem::missing(field))?)
        };
        let limit = || needed("limit_price", self.limit_price);
        let stop = || needed("stop_price", self.stop_price);
        let trigger = || needed("trigger_price", self.trigger_price);
        let activation = || self.activation_price.map(|value| price("activation_price", value)).transpose();
        Ok(match kind {
            TypeName::Market => OrderKind::Market,
            TypeName::Limit => OrderKind::Limit { limit: limit()? },
            TypeName::Stop => OrderKind::Stop { stop: stop()? },
            TypeName::StopLimit => OrderKind::StopLimit { stop: stop()?, limit: limit()? },
            TypeName::TrailingStop => OrderKind::TrailingStop { trail: self.trail()?, activation: activation()? },
            TypeName::TrailingStopLimit => OrderKind::TrailingStopLimit {
                trail: self.trail()?,
                offset: needed("limit_offset", self.limit_offset)?,
                activation: activation()?,
            },
            TypeName::MarketIfTouched => OrderKind::MarketIfTouched { trigger: trigger()? },
            TypeName::LimitIfTouched => OrderKind::LimitIfTouched { trigger: trigger()?, limit: limit()? },
            TypeName::Pegged => {
                let peg = self.peg.as_ref().ok_or_else(|| Problem::missing("peg"))?;
                OrderKind::Pegged(peg.parse()?)
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

    fn time_in_force(&self) -> Result<TimeInForce, Problem> {
        let wanted = self.time_in_force.unwrap_or(TimeInForceName::Day).until(self.expires_at)?;
        if wanted.is_auction() && !self.r#type.is_none_or(TypeName::trades_in_auctions) {
            return Err(Problem::invalid("time_in_force", "OPG and CLS take MARKET and LIMIT orders alone"));
        }
        Ok(wanted)
    }

    /// The terms with what else is asked of them, where they allow it.
    fn instructed(&self, terms: OrderTerms) -> Result<OrderTerms, Problem> {
        let kind = terms.kind;
        let lasts = !terms.time_in_force.is_immediate() && !terms.time_in_force.is_auction();
        let has_limit = kind.limit_price().is_some() || kind.limit_offset().is_some() || kind.peg().is_some();
        let rests = lasts && has_limit;
        let extended = self.extended_hours == Some(true);
        if extended && !(lasts && kind.order_type() == OrderType::Limit) {
            return Err(Problem::invalid("extended_hours", "takes LIMIT orders with DAY, GTC or GTD alone"));
        }
        if self.post_only == Some(true) && !rests {
            return Err(Problem::invalid("post_only", "takes orders with a limit and DAY, GTC or GTD alone"));
        }
        if self.trigger_source.is_some() && !kind.waits_for_trigger() {
            return Err(Problem::invalid("trigger_source", "does not belong to an order of this type"));
        }
        if self.display_qty.is_some() && !rests {
            return Err(Problem::invalid("display_qty", "takes orders with a limit and DAY, GTC or GTD alone"));
        }
        let instructions = Instructions {
            hours: if extended { TradingHours::Extended } else { TradingHours::Regular },
            post_only: self.post_only == Some(true),
            reduce_only: self.reduce_only == Some(true),
            display_qty: self.display_qty.map(|shown| displayed(shown, terms.size)).transpose()?,
            trigger_source: self.trigger_source.map(TriggerSource::from).unwrap_or_default(),
        };
        Ok(OrderTerms { instructions, ..terms })
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

    /// A condition is not offered, and a wrong one is wrong all the same.
    fn check_condition(&self) -> Result<(), Problem> {
        match &self.condition {
            Some(condition) if !condition.is_well_formed() => Err(Problem::invalid(
                "condition",
                "must be a group (op, rules) or a comparison (left, cmp, right)",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// The first member that asks for something documented and not offered, of it or of a leg.
    fn not_offered(&self) -> Option<&'static str> {
        let legs = self.legs.as_deref().unwrap_or_default();
        let own = [("algo", self.algo.is_some()), ("condition", self.condition.is_some())];
        let first = own.into_iter().find_map(|(field, asked)| asked.then_some(field));
        first.or_else(|| legs.iter().find_map(Self::not_offered))
    }
}

fn meaning_of_peg(peg: model::Peg) -> String {
    let cap = peg.cap.map_or_else(String::new, |cap| cap.to_string());
    format!("{},{},{cap}", peg.reference.name(), peg.offset)
}

/// The part of a size that others see at a time.
fn displayed(shown: Decimal, size: Size) -> Result<Qty, Problem> {
    let shown = qty("display_qty", shown)?;
    match size {
        Size::Shares(whole) if shown <= whole => Ok(shown),
        Size::Shares(_) => Err(Problem::invalid("display_qty", "must be at most qty")),
        Size::Notional(_) => Err(Problem::invalid("display_qty", "belongs to an order by qty, not by notional")),
    }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
