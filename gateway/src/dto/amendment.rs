//! A change of an open order, as a client asks for it.

use super::fields::percent;
use super::order_parts::TimeInForceName;
use super::{Decimal, Timestamp, price, qty};
use crate::problem::Problem;
use model::{Amendment, Trail, limits};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The one status that a client may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum StatusChange {
    Canceled,
}

/// What to change; what is absent stays. The id stays, too.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"qty": "50", "limit_price": "10.10"}))]
pub(crate) struct AmendRequest {
    /// The new total, filled part included.
    pub(crate) qty: Option<Decimal>,
    /// The worst price to trade at.
    pub(crate) limit_price: Option<Decimal>,
    /// The last price that releases a stop.
    pub(crate) stop_price: Option<Decimal>,
    /// Not offered.
    pub(crate) trigger_price: Option<Decimal>,
    /// How far a trailing stop follows, in price.
    pub(crate) trail_amount: Option<Decimal>,
    /// How far a trailing stop follows, in percent.
    pub(crate) trail_percent: Option<Decimal>,
    /// DAY or GTC.
    pub(crate) time_in_force: Option<TimeInForceName>,
    /// Not offered.
    pub(crate) expires_at: Option<Timestamp>,
    /// Not offered.
    pub(crate) display_qty: Option<Decimal>,
    /// CANCELED cancels; then nothing else may be given.
    pub(crate) status: Option<StatusChange>,
}

/// What a change request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amend {
    /// To end the order.
    Cancel,
    /// To change it.
    Change(Amendment),
    /// Something that is documented and not offered, by its name.
    NotOffered(&'static str),
}

impl AmendRequest {
    /// Checks the shape and reads the values.
    ///
    /// # Errors
    /// 400 with the member at fault.
    pub(crate) fn parse(&self) -> Result<Amend, Problem> {
        let amendment = self.amendment()?;
        if let Some(value) = self.display_qty {
            qty("display_qty", value)?;
        }
        if let Some(value) = self.trigger_price {
            price("trigger_price", value)?;
        }
        let nothing = amendment == Amendment::default();
        let time_in_force_not_offered = self.time_in_force.is_some_and(|wanted| wanted.offered().is_none());
        let not_offered = [
            ("trigger_price", self.trigger_price.is_some()),
            ("time_in_force", time_in_force_not_offered),
            ("expires_at", self.expires_at.is_some()),
            ("display_qty", self.display_qty.is_some()),
        ]
        .into_iter()
        .find_map(|(field, asked)| asked.then_some(field));
        match (self.status, not_offered) {
            (Some(StatusChange::Canceled), None) if nothing => Ok(Amend::Cancel),
            (Some(StatusChange::Canceled), _) => Err(Problem::invalid("status", "stands alone in a change")),
            (None, Some(field)) => Ok(Amend::NotOffered(field)),
            (None, None) if nothing => Err(Problem::invalid("qty", "nothing to change was given")),
            (None, None) => Ok(Amend::Change(amendment)),
        }
    }

    fn amendment(&self) -> Result<Amendment, Problem> {
        let trail = match (self.trail_amount, self.trail_percent) {
            (Some(_), Some(_)) => {
                return Err(Problem::invalid(
                    "trail_percent",
                    "only one of trail_amount and trail_percent may be given",
                ));
            }
            (Some(amount), None) => Some(Trail::Amount(price("trail_amount", amount)?)),
            (None, Some(value)) => {
                Some(Trail::Percent(percent("trail_percent", value, limits::TRAIL_PERCENT_MAX)?))
            }
            (None, None) => None,
        };
        Ok(Amendment {
            qty: self.qty.map(|value| qty("qty", value)).transpose()?,
            limit: self.limit_price.map(|value| price("limit_price", value)).transpose()?,
            stop: self.stop_price.map(|value| price("stop_price", value)).transpose()?,
            trail,
            time_in_force: self.time_in_force.and_then(TimeInForceName::offered),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;
    use model::{Price, Qty};

    fn parse(body: &str) -> Result<Amend, Problem> {
        parse_object::<AmendRequest>(body.as_bytes())?.parse()
    }

    #[track_caller]
    fn invalid(body: &str, field: &str) {
        assert_eq!(parse(body).expect_err(body).field(), Some(field), "{body}");
    }

    #[test]
    fn a_change_cancels_or_changes_and_never_both() {
        assert_eq!(parse(r#"{"status": "CANCELED"}"#).expect("valid"), Amend::Cancel);
        let changed =
            Amendment { qty: Some(Qty::whole(5)), limit: Some(Price::whole(10)), ..Amendment::default() };
        assert_eq!(parse(r#"{"qty": 5, "limit_price": "10.00"}"#).expect("valid"), Amend::Change(changed));
        invalid(r#"{"status": "CANCELED", "qty": 5}"#, "status");
        invalid(r#"{"status": "FILLED"}"#, "status");
        invalid("{}", "qty");
        invalid(r#"{"qty": "0"}"#, "qty");
        invalid(r#"{"qty": -5}"#, "qty");
        invalid(r#"{"side": "SELL"}"#, "side");
        invalid(r#"{"trail_amount": 1, "trail_percent": 1}"#, "trail_percent");
    }

    #[test]
    fn what_is_not_offered_is_named() {
        for (body, field) in [
            (r#"{"trigger_price": 1}"#, "trigger_price"),
            (r#"{"time_in_force": "GTD"}"#, "time_in_force"),
            (r#"{"expires_at": "2030-01-01T00:00:00Z"}"#, "expires_at"),
            (r#"{"display_qty": 1}"#, "display_qty"),
        ] {
            assert_eq!(parse(body).expect("valid"), Amend::NotOffered(field), "{body}");
        }
    }
}
