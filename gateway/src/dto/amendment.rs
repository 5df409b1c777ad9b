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
    /// The price that releases a stop.
    pub(crate) stop_price: Option<Decimal>,
    /// The price that releases an if-touched order.
    pub(crate) trigger_price: Option<Decimal>,
    /// How far a trailing stop follows, in price.
    pub(crate) trail_amount: Option<Decimal>,
    /// How far a trailing stop follows, in percent.
    pub(crate) trail_percent: Option<Decimal>,
    /// DAY, GTC or GTD.
    pub(crate) time_in_force: Option<TimeInForceName>,
    /// The end of a GTD order. Without `time_in_force` the order is GTD from then on.
    pub(crate) expires_at: Option<Timestamp>,
    /// How much of it others see at a time.
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
}

impl AmendRequest {
    /// Checks the shape and reads the values.
    ///
    /// # Errors
    /// 400 with the member at fault.
    pub(crate) fn parse(&self) -> Result<Amend, Problem> {
        let amendment = self.amendment()?;
        let nothing = amendment == Amendment::default();
        match self.status {
            Some(StatusChange::Canceled) if nothing => Ok(Amend::Cancel),
            Some(StatusChange::Canceled) => Err(Problem::invalid("status", "stands alone in a change")),
            None if nothing => Err(Problem::invalid("qty", "nothing to change was given")),
            None => Ok(Amend::Change(amendment)),
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
        let time_in_force = match (self.time_in_force, self.expires_at) {
            (None, None) => None,
            (wanted, end) => Some(wanted.unwrap_or(TimeInForceName::Gtd).until(end)?),
        };
        let amendment = Amendment {
            qty: self.qty.map(|value| qty("qty", value)).transpose()?,
            limit: self.limit_price.map(|value| price("limit_price", value)).transpose()?,
            stop: self.stop_price.map(|value| price("stop_price", value)).transpose()?,
            trail,
            trigger: self.trigger_price.map(|value| price("trigger_price", value)).transpose()?,
            time_in_force,
            display_qty: self.display_qty.map(|value| qty("display_qty", value)).transpose()?,
        };
        if amendment.display_qty.zip(amendment.qty).is_some_and(|(shown, whole)| shown > whole) {
            return Err(Problem::invalid("display_qty", "must be at most qty"));
        }
        Ok(amendment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;
    use model::{Price, Qty, Time, TimeInForce};

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
        invalid(r#"{"trigger_price": "0"}"#, "trigger_price");
        invalid(r#"{"display_qty": "0"}"#, "display_qty");
        invalid(r#"{"display_qty": 6, "qty": 5}"#, "display_qty");
        invalid(r#"{"time_in_force": "GTD"}"#, "expires_at");
        invalid(r#"{"time_in_force": "GTC", "expires_at": "2030-01-01T00:00:00Z"}"#, "expires_at");
        invalid(r#"{"status": "CANCELED", "expires_at": "2030-01-01T00:00:00Z"}"#, "status");
    }

    #[track_caller]
    fn changes(body: &str, amendment: Amendment) {
        assert_eq!(parse(body).expect(body), Amend::Change(amendment), "{body}");
    }

    #[test]
    fn each_member_changes_what_it_names() {
        let nothing = Amendment::default();
        let end = TimeInForce::GoodTilDate(Time::from_seconds(1_893_456_000));
        let (five, ten) = (Some(Qty::whole(5)), Some(Price::whole(10)));
        changes(r#"{"stop_price": 10}"#, Amendment { stop: ten, ..nothing });
        changes(r#"{"trigger_price": 10}"#, Amendment { trigger: ten, ..nothing });
        changes(r#"{"trail_amount": 10}"#, Amendment { trail: ten.map(Trail::Amount), ..nothing });
        changes(r#"{"display_qty": 5, "qty": 5}"#, Amendment { display_qty: five, qty: five, ..nothing });
        let day = Amendment { time_in_force: Some(TimeInForce::Day), ..nothing };
        changes(r#"{"time_in_force": "DAY"}"#, day);
        let until = Amendment { time_in_force: Some(end), ..nothing };
        changes(r#"{"time_in_force": "GTD", "expires_at": "2030-01-01T00:00:00Z"}"#, until);
        changes(r#"{"expires_at": "2030-01-01T01:00:00+01:00"}"#, until);
    }
}
