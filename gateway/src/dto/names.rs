//! The named choices that replies carry: each a closed list in the document, as clients match on it.
//!
//! Owns the mapping from the model's words to the wire's. Invariant: a name, once written, never changes.

use model::{
    Aggressor, AssetClass, CalendarId, CancelReason, FillRule, InstrumentStatus, Liquidity, OrderStatus,
    OrderType, RejectCode, TimeInForce,
};
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::order_parts::{TimeInForceName, TypeName};

/// A name on the wire for each of the model's words, and the way from one to the other.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident as $schema:ident, $case:tt, $model:ident { $($from:ident => $to:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = $case)]
        #[schema(as = $schema)]
        pub(crate) enum $name { $($to),* }

        impl From<$model> for $name {
            fn from(word: $model) -> Self {
                match word { $($model::$from => Self::$to),* }
            }
        }
    };
}

names! {
    /// Where an order stands.
    OrderStatusName as OrderStatus, "SCREAMING_SNAKE_CASE", OrderStatus {
        New => New, PartiallyFilled => PartiallyFilled, Filled => Filled,
        Canceled => Canceled, Rejected => Rejected, Expired => Expired,
    }
}

names! {
    /// Whether a fill waited for the other side or took it.
    LiquidityName as Liquidity, "SCREAMING_SNAKE_CASE", Liquidity { Maker => Maker, Taker => Taker }
}

names! {
    /// The rule that made a fill.
    FillRuleName as FillRule, "snake_case", FillRule {
        TookStandingQuote => TookStandingQuote, TookNewQuote => TookNewQuote,
        QuoteCrossedLimit => QuoteCrossedLimit, TradeAtLimit => TradeAtLimit,
        TradeThroughLimit => TradeThroughLimit, OpeningAuction => OpeningAuction,
        ClosingAuction => ClosingAuction, AuctionFallback => AuctionFallback,
        BarOpen => BarOpen, BarMiddle => BarMiddle, BarClose => BarClose, BarAtLimit => BarAtLimit,
        BarThroughLimit => BarThroughLimit, BarTrigger => BarTrigger, BarPath => BarPath,
    }
}

names! {
    /// Why an order was cancelled.
    CancelReasonName as CancelReason, "snake_case", CancelReason {
        Requested => Requested, ImmediateOrCancel => ImmediateOrCancel, FillOrKill => FillOrKill,
        InsufficientBuyingPower => InsufficientBuyingPower, PostOnly => PostOnly, ReduceOnly => ReduceOnly,
        Sibling => Sibling, PriceProtection => PriceProtection, Parent => Parent,
    }
}

names! {
    /// What kind of thing an instrument is.
    AssetClassName as AssetClass, "lowercase", AssetClass {
        Equity => Equity, Etf => Etf, Crypto => Crypto, Option => Option, Future => Future, Fx => Fx, Bond => Bond,
    }
}

names! {
    /// Whether an instrument is traded.
    InstrumentStatusName as InstrumentStatus, "lowercase", InstrumentStatus {
        Active => Active, Halted => Halted, Delisted => Delisted,
    }
}

/// A calendar: the sessions of the New York Stock Exchange, or around the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CalendarName)]
pub(crate) enum CalendarName {
    #[serde(rename = "XNYS")]
    Xnys,
    #[serde(rename = "24x7")]
    AlwaysOpen,
}

impl From<CalendarId> for CalendarName {
    fn from(calendar: CalendarId) -> Self {
        match calendar {
            CalendarId::Xnys => Self::Xnys,
            CalendarId::AlwaysOpen => Self::AlwaysOpen,
        }
    }
}

/// Who took, in the print that made a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = Aggressor)]
pub(crate) enum AggressorName {
    Buyer,
    Seller,
}

impl AggressorName {
    /// The taker, where the feed says who it was.
    pub(crate) const fn known(aggressor: Aggressor) -> Option<Self> {
        match aggressor {
            Aggressor::Buyer => Some(Self::Buyer),
            Aggressor::Seller => Some(Self::Seller),
            Aggressor::Unknown => None,
        }
    }
}

impl From<OrderType> for TypeName {
    fn from(kind: OrderType) -> Self {
        match kind {
            OrderType::Market => Self::Market,
            OrderType::Limit => Self::Limit,
            OrderType::Stop => Self::Stop,
            OrderType::StopLimit => Self::StopLimit,
            OrderType::TrailingStop => Self::TrailingStop,
            OrderType::TrailingStopLimit => Self::TrailingStopLimit,
            OrderType::MarketIfTouched => Self::MarketIfTouched,
            OrderType::LimitIfTouched => Self::LimitIfTouched,
            OrderType::Pegged => Self::Pegged,
        }
    }
}

impl From<TimeInForce> for TimeInForceName {
    fn from(time_in_force: TimeInForce) -> Self {
        match time_in_force {
            TimeInForce::Day => Self::Day,
            TimeInForce::GoodTilCanceled => Self::Gtc,
            TimeInForce::GoodTilDate(_) => Self::Gtd,
            TimeInForce::ImmediateOrCancel => Self::Ioc,
            TimeInForce::FillOrKill => Self::Fok,
            TimeInForce::AtOpen => Self::Opg,
            TimeInForce::AtClose => Self::Cls,
        }
    }
}

/// The code of a business refusal: the model's own list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RejectCodeName(pub(crate) RejectCode);

impl Serialize for RejectCodeName {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(self.0.code())
    }
}

impl PartialSchema for RejectCodeName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Why the market, the portfolio or the clock said no."))
            .enum_values(Some(RejectCode::ALL.iter().map(|code| code.code())))
            .into()
    }
}

impl ToSchema for RejectCodeName {
    fn name() -> std::borrow::Cow<'static, str> {
        "RejectCode".into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::order_parts::TriggerSourceName;
    use super::*;
    use model::{Time, TriggerSource};

    fn written(name: impl Serialize) -> String {
        serde_json::to_value(name).expect("a name").as_str().expect("text").to_owned()
    }

    #[test]
    fn names_on_the_wire_are_the_models_own() {
        for status in [
            OrderStatus::New,
            OrderStatus::PartiallyFilled,
            OrderStatus::Filled,
            OrderStatus::Canceled,
            OrderStatus::Rejected,
            OrderStatus::Expired,
        ] {
            assert_eq!(written(OrderStatusName::from(status)), status.name());
        }
        for rule in [
            FillRule::TookStandingQuote,
            FillRule::TookNewQuote,
            FillRule::QuoteCrossedLimit,
            FillRule::TradeAtLimit,
            FillRule::TradeThroughLimit,
            FillRule::OpeningAuction,
            FillRule::ClosingAuction,
            FillRule::AuctionFallback,
        ] {
            assert_eq!(written(FillRuleName::from(rule)), rule.name());
        }
        for reason in [
            CancelReason::Requested,
            CancelReason::ImmediateOrCancel,
            CancelReason::FillOrKill,
            CancelReason::InsufficientBuyingPower,
            CancelReason::PostOnly,
            CancelReason::ReduceOnly,
            CancelReason::Sibling,
            CancelReason::Parent,
        ] {
            assert_eq!(written(CancelReasonName::from(reason)), reason.name());
        }
        for kind in [
            OrderType::Market,
            OrderType::Limit,
            OrderType::Stop,
            OrderType::StopLimit,
            OrderType::TrailingStop,
            OrderType::TrailingStopLimit,
            OrderType::MarketIfTouched,
            OrderType::LimitIfTouched,
            OrderType::Pegged,
        ] {
            assert_eq!(written(TypeName::from(kind)), kind.name());
        }
        for time_in_force in [
            TimeInForce::Day,
            TimeInForce::GoodTilCanceled,
            TimeInForce::GoodTilDate(Time::from_seconds(1)),
            TimeInForce::ImmediateOrCancel,
            TimeInForce::FillOrKill,
            TimeInForce::AtOpen,
            TimeInForce::AtClose,
        ] {
            assert_eq!(written(TimeInForceName::from(time_in_force)), time_in_force.name());
        }
        for source in [
            TriggerSource::Last,
            TriggerSource::BidAsk,
            TriggerSource::Mid,
            TriggerSource::DoubleLast,
            TriggerSource::DoubleBidAsk,
        ] {
            assert_eq!(written(TriggerSourceName::from(source)), source.name());
            assert_eq!(TriggerSource::from(TriggerSourceName::from(source)), source);
        }
        assert_eq!(written(CalendarName::AlwaysOpen), "24x7");
        assert_eq!(written(AggressorName::Buyer), "BUYER");
        assert_eq!(written(LiquidityName::Maker), "MAKER");
        assert_eq!(written(RejectCodeName(RejectCode::StopInMarket)), "STOP_IN_MARKET");
    }
}
