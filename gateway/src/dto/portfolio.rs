//! Portfolios, positions, cash and rules as clients write and read them.

use super::fields::percent;
use super::{Decimal, Timestamp, money, name, price};
use crate::ids::Ids;
use crate::json::object;
use crate::problem::Problem;
use model::{ExecutionProfile, Money, Note, PortfolioName, Price, RiskLimits};
use persistence::{Epoch, PortfolioRow};
use runtime::{CashView, PortfolioView, PositionView};
use rust_decimal::RoundingStrategy;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How a portfolio's orders fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ExecutionProfile)]
pub(crate) enum ProfileName {
    Realistic,
    /// None of those that have a name. Not offered.
    Custom,
}

/// What a portfolio's orders may not break. A member that is absent stays as it is; null is no limit.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = LimitsChange)]
pub(crate) struct LimitsRequest {
    /// Most instruments held or being bought at one time.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    max_open_positions: Option<Option<u32>>,
    /// Most of equity that one instrument may take, in percent.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Decimal>)]
    max_position_pct: Option<Option<Decimal>>,
    /// Most value of all holdings and buy orders together.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Decimal>)]
    max_gross_exposure: Option<Option<Decimal>>,
    /// Most that one order may be worth.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Decimal>)]
    max_order_value: Option<Option<Decimal>>,
    /// Not offered: only false.
    short_selling: Option<bool>,
    /// Not offered: only 1.
    buying_power_multiple: Option<Decimal>,
    /// Lowest price that may be traded at.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Decimal>)]
    min_price: Option<Option<Decimal>>,
    /// Not offered.
    max_volume_participation: Option<Decimal>,
}

/// Tells a member that is null from one that is absent.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(reader: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(reader).map(Some)
}

impl LimitsRequest {
    /// The limits after this change, and the member that asks for what is not offered.
    ///
    /// # Errors
    /// 400 with the member at fault.
    pub(crate) fn apply(&self, to: RiskLimits) -> Result<(RiskLimits, Option<&'static str>), Problem> {
        let mut limits = to;
        if let Some(count) = self.max_open_positions {
            limits.open_positions_max = count;
        }
        if let Some(value) = self.max_position_pct {
            let parsed = value.map(|value| percent("limits.max_position_pct", value, 100)).transpose()?;
            limits.position_percent_max = parsed;
        }
        if let Some(value) = self.max_gross_exposure {
            limits.gross_exposure_max =
                value.map(|value| money("limits.max_gross_exposure", value)).transpose()?;
        }
        if let Some(value) = self.max_order_value {
            limits.order_value_max = value.map(|value| money("limits.max_order_value", value)).transpose()?;
        }
        if let Some(value) = self.min_price {
            limits.price_min = value.map(|value| price("limits.min_price", value)).transpose()?;
        }
        if let Some(value) = self.buying_power_multiple
            && value.raw() <= 0
        {
            return Err(Problem::invalid("limits.buying_power_multiple", "must be above 0"));
        }
        if let Some(value) = self.max_volume_participation {
            percent("limits.max_volume_participation", value, 100)?;
        }
        let one = Decimal::from(Money::whole(1));
        let not_offered = [
            ("limits.short_selling", self.short_selling == Some(true)),
            ("limits.buying_power_multiple", self.buying_power_multiple.is_some_and(|multiple| multiple != one)),
            ("limits.max_volume_participation", self.max_volume_participation.is_some()),
        ]
        .into_iter()
        .find_map(|(field, asked)| asked.then_some(field));
        Ok((limits, not_offered))
    }
}

/// A new portfolio.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"name": "Growth", "starting_balance": "100000"}))]
pub(crate) struct PortfolioRequest {
    /// Required; at most 64 bytes.
    name: Option<String>,
    /// 100000 when absent.
    starting_balance: Option<Decimal>,
    /// `realistic` when absent.
    execution_profile: Option<ProfileName>,
    #[serde(deserialize_with = "object")]
    limits: Option<LimitsRequest>,
}

/// What a new portfolio is opened with.
#[derive(Clone, Debug)]
pub(crate) struct PortfolioSpec {
    pub(crate) name: PortfolioName,
    pub(crate) starting_balance: Option<Money>,
    pub(crate) limits: RiskLimits,
    pub(crate) not_offered: Option<&'static str>,
}

impl PortfolioRequest {
    /// Checks the shape and reads the values.
    pub(crate) fn parse(&self) -> Result<PortfolioSpec, Problem> {
        let text = self.name.as_deref().ok_or_else(|| Problem::missing("name"))?;
        let starting_balance = self.starting_balance.map(|value| money("starting_balance", value)).transpose()?;
        let (limits, not_offered) = match &self.limits {
            Some(change) => change.apply(RiskLimits::default())?,
            None => (RiskLimits::default(), None),
        };
        let not_offered = match self.execution_profile {
            Some(ProfileName::Custom) => Some("execution_profile"),
            Some(ProfileName::Realistic) | None => not_offered,
        };
        Ok(PortfolioSpec { name: name("name", text)?, starting_balance, limits, not_offered })
    }
}

/// A change of a portfolio; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"name": "Value", "limits": {"max_order_value": "5000"}}))]
pub(crate) struct PortfolioChange {
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "object")]
    pub(crate) limits: Option<LimitsRequest>,
}

/// Money in or out.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"amount": "2500", "note": "bonus"}))]
pub(crate) struct FlowRequest {
    /// Above 0. Required.
    amount: Option<Decimal>,
    /// Why; at most 256 bytes.
    note: Option<String>,
}

impl FlowRequest {
    /// Checks the shape and reads the values.
    pub(crate) fn parse(&self) -> Result<(Money, Note), Problem> {
        let amount = money("amount", self.amount.ok_or_else(|| Problem::missing("amount"))?)?;
        let note = Note::parse(self.note.as_deref().unwrap_or_default())
            .map_err(|error| Problem::invalid("note", error.to_string()))?;
        Ok((amount, note))
    }
}

/// A portfolio's limits; null is no limit.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Limits)]
pub(crate) struct LimitsReply {
    max_open_positions: Option<u32>,
    max_position_pct: Option<Decimal>,
    max_gross_exposure: Option<Decimal>,
    max_order_value: Option<Decimal>,
    short_selling: bool,
    buying_power_multiple: Decimal,
    min_price: Option<Decimal>,
    max_volume_participation: Option<Decimal>,
}

impl LimitsReply {
    /// What clients read of limits.
    pub(crate) fn of(limits: &RiskLimits) -> Self {
        Self {
            max_open_positions: limits.open_positions_max,
            max_position_pct: limits.position_percent_max.map(Decimal::from),
            max_gross_exposure: limits.gross_exposure_max.map(Decimal::from),
            max_order_value: limits.order_value_max.map(Decimal::from),
            short_selling: false,
            buying_power_multiple: Money::whole(1).into(),
            min_price: limits.price_min.map(Decimal::from),
            max_volume_participation: None,
        }
    }
}

/// A portfolio with its positions valued at the market.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Portfolio)]
pub(crate) struct PortfolioReply {
    pub(crate) id: Uuid,
    #[schema(example = "Growth")]
    pub(crate) name: String,
    #[schema(example = "USD")]
    pub(crate) currency: &'static str,
    pub(crate) starting_balance: Decimal,
    /// Reserved part included.
    pub(crate) cash: Decimal,
    /// What open buy orders hold back.
    pub(crate) reserved: Decimal,
    /// What a new order may spend.
    pub(crate) buying_power: Decimal,
    /// Cash and positions at the market.
    pub(crate) equity: Decimal,
    pub(crate) market_value: Decimal,
    /// Before fees.
    pub(crate) realized_pnl: Decimal,
    pub(crate) unrealized_pnl: Decimal,
    pub(crate) fees_paid: Decimal,
    /// Deposits less withdrawals, starting balance included.
    pub(crate) net_flows: Decimal,
    pub(crate) execution_profile: ProfileName,
    pub(crate) limits: LimitsReply,
    pub(crate) open_positions: usize,
    pub(crate) open_orders: usize,
    /// The history that sequence numbers belong to.
    pub(crate) epoch: String,
    /// The number of the last message of its stream.
    pub(crate) head_seq: u64,
    pub(crate) created_at: Timestamp,
}

impl PortfolioReply {
    /// What clients read of a portfolio whose positions are valued.
    pub(crate) fn of(
        row: &PortfolioRow,
        view: &PortfolioView,
        positions: &[PositionReply],
        stream: (&Ids, Epoch),
    ) -> Self {
        let market_value: Money = positions.iter().map(|position| position.value).sum();
        let cost: Money = positions.iter().map(|position| position.cost).sum();
        let (ids, epoch) = stream;
        Self {
            id: ids.portfolio(view.id),
            name: row.name.as_str().to_owned(),
            currency: view.currency.code(),
            starting_balance: view.starting_balance.into(),
            cash: view.cash.into(),
            reserved: view.reserved.into(),
            buying_power: (view.cash - view.reserved).into(),
            equity: (view.cash + market_value).into(),
            market_value: market_value.into(),
            realized_pnl: view.realized_pnl.into(),
            unrealized_pnl: (market_value - cost).into(),
            fees_paid: view.fees_paid.into(),
            net_flows: view.net_flows.into(),
            execution_profile: view.profile.into(),
            limits: LimitsReply::of(&view.limits),
            open_positions: view.open_positions,
            open_orders: view.open_orders,
            epoch: epoch.to_string(),
            head_seq: view.head_seq.get(),
            created_at: Timestamp(row.created_at),
        }
    }
}

/// A position. Members that need a market price are null in the stream, which carries none.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Position)]
pub(crate) struct PositionReply {
    #[schema(example = "AAPL")]
    pub(crate) symbol: String,
    /// Negative when short.
    pub(crate) qty: Decimal,
    /// What open sell orders hold back.
    pub(crate) reserved_qty: Decimal,
    pub(crate) avg_price: Option<Decimal>,
    /// The last price, or the middle of the quote where there was no trade.
    pub(crate) current_price: Option<Decimal>,
    pub(crate) market_value: Option<Decimal>,
    /// Signed like qty.
    pub(crate) cost_basis: Decimal,
    pub(crate) unrealized_pnl: Option<Decimal>,
    /// In percent of the cost.
    pub(crate) unrealized_pnl_pct: Option<Decimal>,
    /// Before fees.
    pub(crate) realized_pnl: Decimal,
    #[serde(skip)]
    value: Money,
    #[serde(skip)]
    cost: Money,
}

impl PositionReply {
    /// What clients read of a holding, at a market price where one is known. Without one the
    /// portfolio counts it at cost.
    pub(crate) fn of(view: &PositionView, mark: Option<Price>) -> Self {
        let market_value = mark.map(|mark| mark * view.qty);
        let unrealized = market_value.map(|value| value - view.cost_basis);
        Self {
            symbol: view.symbol.as_str().to_owned(),
            qty: view.qty.into(),
            reserved_qty: view.reserved_qty.into(),
            avg_price: view.avg_price.map(Decimal::from),
            current_price: mark.map(Decimal::from),
            market_value: market_value.map(Decimal::from),
            cost_basis: view.cost_basis.into(),
            unrealized_pnl: unrealized.map(Decimal::from),
            unrealized_pnl_pct: unrealized.and_then(|gain| percent_of(gain, view.cost_basis)).map(Decimal::from),
            realized_pnl: view.realized_pnl.into(),
            value: market_value.unwrap_or(view.cost_basis),
            cost: view.cost_basis,
        }
    }
}

/// Gain in percent of the cost's size, to four digits, halves away from zero; for reading, not for accounts.
fn percent_of(gain: Money, cost: Money) -> Option<Money> {
    const DIGITS: u32 = 8;
    let exact = |amount: Money| rust_decimal::Decimal::try_from_i128_with_scale(amount.raw(), DIGITS).ok();
    let ratio = exact(gain)?.checked_mul(rust_decimal::Decimal::ONE_HUNDRED)?.checked_div(exact(cost.abs())?)?;
    let mut percent = ratio.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero);
    percent.rescale(DIGITS);
    (percent.scale() == DIGITS).then(|| Money::from_raw(percent.mantissa()))
}

/// Cash, as the stream tells it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Cash)]
pub(crate) struct CashReply {
    #[schema(example = "USD")]
    currency: &'static str,
    cash: Decimal,
    reserved: Decimal,
    buying_power: Decimal,
    net_flows: Decimal,
    realized_pnl: Decimal,
    fees_paid: Decimal,
}

impl CashReply {
    /// What clients read of cash.
    pub(crate) fn of(view: &CashView) -> Self {
        Self {
            currency: view.currency.code(),
            cash: view.cash.into(),
            reserved: view.reserved.into(),
            buying_power: view.available.into(),
            net_flows: view.net_flows.into(),
            realized_pnl: view.realized_pnl.into(),
            fees_paid: view.fees_paid.into(),
        }
    }
}

/// A portfolio's rules, as the stream tells them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PortfolioRules)]
pub(crate) struct RulesReply {
    currency: &'static str,
    starting_balance: Decimal,
    execution_profile: ProfileName,
    limits: LimitsReply,
}

impl RulesReply {
    /// What clients read of rules.
    pub(crate) fn of(view: &PortfolioView) -> Self {
        Self {
            currency: view.currency.code(),
            starting_balance: view.starting_balance.into(),
            execution_profile: view.profile.into(),
            limits: LimitsReply::of(&view.limits),
        }
    }
}

impl From<ExecutionProfile> for ProfileName {
    fn from(profile: ExecutionProfile) -> Self {
        if profile == ExecutionProfile::REALISTIC { Self::Realistic } else { Self::Custom }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    fn limits(body: &str) -> Result<(RiskLimits, Option<&'static str>), Problem> {
        parse_object::<LimitsRequest>(body.as_bytes())?
            .apply(RiskLimits { open_positions_max: Some(3), ..RiskLimits::default() })
    }

    #[test]
    fn absent_limits_stay_and_null_lifts_them() {
        assert_eq!(limits("{}").expect("valid").0.open_positions_max, Some(3));
        assert_eq!(limits(r#"{"max_open_positions": null}"#).expect("valid").0.open_positions_max, None);
        let order = limits(r#"{"max_order_value": "5000"}"#).expect("valid").0;
        assert_eq!((order.order_value_max, order.open_positions_max), (Some(Money::whole(5000)), Some(3)));
    }

    #[test]
    fn limits_that_are_not_offered_are_named() {
        let not_offered = |body| limits(body).expect("valid").1;
        assert_eq!(not_offered(r#"{"short_selling": true}"#), Some("limits.short_selling"));
        assert_eq!(not_offered(r#"{"buying_power_multiple": "2"}"#), Some("limits.buying_power_multiple"));
        assert_eq!(not_offered(r#"{"max_volume_participation": "10"}"#), Some("limits.max_volume_participation"));
        assert_eq!(not_offered(r#"{"short_selling": false, "buying_power_multiple": 1.0}"#), None);
        for odd in [
            r#"{"max_position_pct": 101}"#,
            r#"{"max_order_value": 0}"#,
            r#"{"max_open_positions": -1}"#,
            r#"{"max_open_positions": "3"}"#,
            r#"{"leverage": 2}"#,
            r#"{"buying_power_multiple": 0}"#,
        ] {
            assert!(limits(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_gain_is_shown_in_percent_of_its_cost() {
        // 1 gained on 8 paid is 12.5 %; a third is cut at four digits.
        assert_eq!(
            percent_of(Money::whole(1), Money::whole(8)).map(|percent| percent.to_string()).as_deref(),
            Some("12.5")
        );
        assert_eq!(
            percent_of(Money::whole(1), Money::whole(3)).map(|percent| percent.to_string()).as_deref(),
            Some("33.3333")
        );
        let loss = percent_of(Money::whole(-2), Money::whole(3)).map(|percent| percent.to_string());
        assert_eq!(loss.as_deref(), Some("-66.6667"));
        let half = percent_of(Money::whole(1), Money::whole(800_000)).map(|percent| percent.to_string());
        assert_eq!(half.as_deref(), Some("0.0001"), "0.000125 is nearer to 0.0001");
        assert_eq!(percent_of(Money::whole(1), Money::ZERO), None);
    }
}
