//! The named choices and the nested parts of an order request.

use super::fields::signed_price;
use super::{Decimal, Timestamp, price};
use crate::json::{object, objects};
use crate::problem::Problem;
use model::{Contingency, OrderStatus, Side, Time, TimeInForce, TriggerSource};
use persistence::StatusFilter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Buy or sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = Side)]
pub(crate) enum SideName {
    Buy,
    Sell,
}

impl From<SideName> for Side {
    fn from(side: SideName) -> Self {
        match side {
            SideName::Buy => Self::Buy,
            SideName::Sell => Self::Sell,
        }
    }
}

impl From<Side> for SideName {
    fn from(side: Side) -> Self {
        match side {
            Side::Buy => Self::Buy,
            Side::Sell => Self::Sell,
        }
    }
}

/// The type of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = OrderType)]
pub(crate) enum TypeName {
    Market,
    Limit,
    Stop,
    StopLimit,
    TrailingStop,
    TrailingStopLimit,
    MarketIfTouched,
    LimitIfTouched,
    Pegged,
}

impl TypeName {
    /// The prices the type needs. A trail is named by `trail_amount`, whichever of the two is sent.
    pub(crate) const fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Market => &[],
            Self::Limit => &["limit_price"],
            Self::Stop => &["stop_price"],
            Self::StopLimit => &["stop_price", "limit_price"],
            Self::TrailingStop => &["trail_amount"],
            Self::TrailingStopLimit => &["trail_amount", "limit_offset"],
            Self::MarketIfTouched => &["trigger_price"],
            Self::LimitIfTouched => &["trigger_price", "limit_price"],
            Self::Pegged => &["peg"],
        }
    }

    /// The prices the type may have beyond those.
    pub(crate) const fn optional(self) -> &'static [&'static str] {
        match self {
            Self::TrailingStop | Self::TrailingStopLimit => &["activation_price"],
            Self::Market
            | Self::Limit
            | Self::Stop
            | Self::StopLimit
            | Self::MarketIfTouched
            | Self::LimitIfTouched
            | Self::Pegged => &[],
        }
    }

    /// Whether orders of the type may be sent for an auction alone.
    pub(crate) const fn trades_in_auctions(self) -> bool {
        match self {
            Self::Market | Self::Limit => true,
            Self::Stop
            | Self::StopLimit
            | Self::TrailingStop
            | Self::TrailingStopLimit
            | Self::MarketIfTouched
            | Self::LimitIfTouched
            | Self::Pegged => false,
        }
    }
}

/// How long an order works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = TimeInForce)]
pub(crate) enum TimeInForceName {
    Day,
    Gtc,
    Gtd,
    Ioc,
    Fok,
    Opg,
    Cls,
}

impl TimeInForceName {
    /// The engine's word, with the `expires_at` that stands beside the name: GTD needs one, the others take none.
    pub(crate) fn until(self, end: Option<Timestamp>) -> Result<TimeInForce, Problem> {
        let wanted = match (self, end) {
            (Self::Gtd, Some(Timestamp(end))) if end < Time::NEVER => return Ok(TimeInForce::GoodTilDate(end)),
            (Self::Gtd, Some(_)) => return Err(Problem::invalid("expires_at", "is too far away")),
            (Self::Gtd, None) => return Err(Problem::missing("expires_at")),
            (Self::Day, _) => TimeInForce::Day,
            (Self::Gtc, _) => TimeInForce::GoodTilCanceled,
            (Self::Ioc, _) => TimeInForce::ImmediateOrCancel,
            (Self::Fok, _) => TimeInForce::FillOrKill,
            (Self::Opg, _) => TimeInForce::AtOpen,
            (Self::Cls, _) => TimeInForce::AtClose,
        };
        if end.is_some() {
            return Err(Problem::invalid("expires_at", "belongs to time_in_force GTD alone"));
        }
        Ok(wanted)
    }
}

/// Which price releases an order that waits for one: the last trade (quotes where a feed has none), the ask for
/// buys and the bid for sells, the middle of the quote; DOUBLE asks for two in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = TriggerSource)]
pub(crate) enum TriggerSourceName {
    Last,
    BidAsk,
    Mid,
    DoubleLast,
    DoubleBidAsk,
}

impl From<TriggerSourceName> for TriggerSource {
    fn from(source: TriggerSourceName) -> Self {
        match source {
            TriggerSourceName::Last => Self::Last,
            TriggerSourceName::BidAsk => Self::BidAsk,
            TriggerSourceName::Mid => Self::Mid,
            TriggerSourceName::DoubleLast => Self::DoubleLast,
            TriggerSourceName::DoubleBidAsk => Self::DoubleBidAsk,
        }
    }
}

impl From<TriggerSource> for TriggerSourceName {
    fn from(source: TriggerSource) -> Self {
        match source {
            TriggerSource::Last => Self::Last,
            TriggerSource::BidAsk => Self::BidAsk,
            TriggerSource::Mid => Self::Mid,
            TriggerSource::DoubleLast => Self::DoubleLast,
            TriggerSource::DoubleBidAsk => Self::DoubleBidAsk,
        }
    }
}

/// How orders hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = OrderClass)]
pub(crate) enum OrderClassName {
    Simple,
    Bracket,
    Oco,
    Oto,
    Otoco,
}

impl From<Contingency> for OrderClassName {
    fn from(contingency: Contingency) -> Self {
        match contingency {
            Contingency::Alternatives => Self::Oco,
            Contingency::Followers => Self::Oto,
            Contingency::FollowingAlternatives => Self::Otoco,
            Contingency::Bracket => Self::Bracket,
        }
    }
}

/// What a pegged order follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PegReference {
    Primary,
    Market,
    Midpoint,
}

impl From<PegReference> for model::PegReference {
    fn from(reference: PegReference) -> Self {
        match reference {
            PegReference::Primary => Self::Primary,
            PegReference::Market => Self::Market,
            PegReference::Midpoint => Self::Midpoint,
        }
    }
}

impl From<model::PegReference> for PegReference {
    fn from(reference: model::PegReference) -> Self {
        match reference {
            model::PegReference::Primary => Self::Primary,
            model::PegReference::Market => Self::Market,
            model::PegReference::Midpoint => Self::Midpoint,
        }
    }
}

/// How a pegged order follows the quote: PRIMARY its own side (the bid, for a buy) by an `offset` towards the
/// other, MARKET the other side at an `offset` behind it, MIDPOINT the middle. Never beyond `cap`, and never
/// at the other side.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peg {
    pub(crate) reference: PegReference,
    #[serde(default)]
    pub(crate) offset: Option<Decimal>,
    #[serde(default)]
    pub(crate) cap: Option<Decimal>,
}

/// The kind of a working algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AlgorithmKind {
    Twap,
    Vwap,
    Pov,
}

/// How an order is worked over time. Documented, not offered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Algorithm {
    pub(crate) kind: AlgorithmKind,
    #[serde(default)]
    pub(crate) start: Option<Timestamp>,
    #[serde(default)]
    pub(crate) end: Option<Timestamp>,
    #[serde(default)]
    pub(crate) slices: Option<u32>,
    #[serde(default)]
    pub(crate) participation: Option<Decimal>,
    #[serde(default)]
    pub(crate) profile: Option<Vec<Decimal>>,
}

impl Peg {
    /// The engine's word.
    pub(crate) fn parse(&self) -> Result<model::Peg, Problem> {
        let offset = self.offset.map_or(Ok(model::Price::ZERO), |value| signed_price("peg.offset", value))?;
        let cap = self.cap.map(|value| price("peg.cap", value)).transpose()?;
        Ok(model::Peg { reference: self.reference.into(), offset, cap })
    }
}

impl From<model::Peg> for Peg {
    fn from(peg: model::Peg) -> Self {
        Self { reference: peg.reference.into(), offset: Some(peg.offset.into()), cap: peg.cap.map(Decimal::from) }
    }
}

/// A take-profit exit: a limit order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeProfit {
    pub(crate) limit_price: Decimal,
}

/// A stop-loss exit: a stop at `stop_price`, a stop-limit with `limit_price` beside it, or a stop that trails.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopLoss {
    #[serde(default)]
    pub(crate) stop_price: Option<Decimal>,
    #[serde(default)]
    pub(crate) limit_price: Option<Decimal>,
    #[serde(default)]
    pub(crate) trail_amount: Option<Decimal>,
    #[serde(default)]
    pub(crate) trail_percent: Option<Decimal>,
}

/// What joins the rules of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum GroupOperator {
    And,
    Or,
    Not,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub(crate) enum Comparison {
    #[serde(rename = ">")]
    Above,
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = "<")]
    Below,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = "crosses_above")]
    CrossesAbove,
    #[serde(rename = "crosses_below")]
    CrossesBelow,
}

/// A rule that arms an order: either a group (`op`, `rules`) or a comparison (`left`, `cmp`,
/// `right`). Documented, not offered.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(no_recursion)]
pub(crate) struct Condition {
    #[serde(default)]
    pub(crate) op: Option<GroupOperator>,
    #[serde(default, deserialize_with = "objects")]
    #[schema(no_recursion)]
    pub(crate) rules: Option<Vec<Condition>>,
    #[serde(default, deserialize_with = "object")]
    pub(crate) left: Option<Operand>,
    #[serde(default)]
    pub(crate) cmp: Option<Comparison>,
    #[serde(default, deserialize_with = "object")]
    pub(crate) right: Option<Operand>,
}

impl Condition {
    /// Whether it is a group or a comparison, whole, all the way down. The reader's limit on
    /// nesting bounds the depth.
    pub(crate) fn is_well_formed(&self) -> bool {
        match (self.op, &self.rules, &self.left, self.cmp, &self.right) {
            (Some(_), Some(rules), None, None, None) => {
                !rules.is_empty() && rules.iter().all(Self::is_well_formed)
            }
            (None, None, Some(left), Some(_), Some(right)) => left.is_well_formed() && right.is_well_formed(),
            _ => false,
        }
    }
}

/// A price field of a bar or quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PriceField {
    Last,
    Bid,
    Ask,
    Mid,
    Open,
    High,
    Low,
    Close,
}

/// One side of a comparison: exactly one of price, volume, time, indicator, score and value.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operand {
    #[serde(default)]
    pub(crate) price: Option<PriceField>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) volume: Option<serde_json::Value>,
    #[serde(default)]
    pub(crate) time: Option<String>,
    #[serde(default)]
    pub(crate) indicator: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) params: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    pub(crate) score: Option<String>,
    #[serde(default)]
    pub(crate) value: Option<Decimal>,
    #[serde(default)]
    pub(crate) symbol: Option<String>,
    #[serde(default)]
    pub(crate) timeframe: Option<String>,
}

impl Operand {
    fn is_well_formed(&self) -> bool {
        let kinds = [
            self.price.is_some(),
            self.volume.is_some(),
            self.time.is_some(),
            self.indicator.is_some(),
            self.score.is_some(),
            self.value.is_some(),
        ];
        kinds.iter().filter(|given| **given).count() == 1
    }
}

/// The `status` of an order listing: `open`, `closed` or one status by its name.
pub(crate) fn status_filter(text: &str) -> Option<StatusFilter> {
    const STATUSES: [OrderStatus; 6] = [
        OrderStatus::New,
        OrderStatus::PartiallyFilled,
        OrderStatus::Filled,
        OrderStatus::Canceled,
        OrderStatus::Rejected,
        OrderStatus::Expired,
    ];
    match text {
        "open" => Some(StatusFilter::Open),
        "closed" => Some(StatusFilter::Closed),
        name => STATUSES.into_iter().find(|status| status.name() == name).map(StatusFilter::Is),
    }
}
