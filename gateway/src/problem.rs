//! Problem documents (RFC 9457): the one shape of every refusal that leaves this server.
//!
//! Owns the mapping from the engine's reject codes and the runtime's failures to HTTP statuses.
//! Never shows what lies inside: an internal failure is logged and answered with a plain sentence.

use crate::dto::OrderView;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{Reject, RejectCode};
use persistence::CatalogueError;
use runtime::{RequestError, ViewError};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// A refusal on its way out.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    order: Option<Box<OrderView>>,
    retry_after_s: Option<u64>,
}

/// What a client reads when a request is refused.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// Names the kind of problem; stable.
    #[schema(example = "urn:papertape:problem:INSUFFICIENT_BUYING_POWER")]
    r#type: String,
    /// The status in words.
    #[schema(example = "Unprocessable Entity")]
    title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What happened this time, with figures.
    detail: String,
    /// The stable code that programs compare.
    #[schema(example = "INSUFFICIENT_BUYING_POWER")]
    code: String,
    /// The member of the request at fault, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The order that was refused (it exists, REJECTED), or that stands unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Box<OrderView>>,
}

impl ProblemDocument {
    /// The HTTP status that goes with it.
    pub(crate) const fn status(&self) -> u16 {
        self.status
    }
}

impl Problem {
    /// A refusal with its stable code and its sentence.
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, code: code.into(), detail: detail.into(), field: None, order: None, retry_after_s: None }
    }

    /// 400: what no state of the system could make valid, and where.
    pub(crate) fn invalid(field: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_VALUE", detail).with_field(field)
    }

    /// 400: something that has to be there is not.
    pub(crate) fn missing(field: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MISSING_FIELD", "is required").with_field(field)
    }

    /// The same for a part of something larger: its members are named with their place.
    pub(crate) fn within(mut self, place: &str) -> Self {
        self.field = Some(match self.field {
            Some(field) => format!("{place}.{field}").into(),
            None => place.to_owned().into(),
        });
        self
    }

    /// 401, with the same words whatever was wrong with the credentials.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "valid credentials are required")
    }

    /// 403: known, and not allowed.
    pub(crate) fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail)
    }

    /// 404, in the same words for what is missing and for what is another user's.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing here under this name")
    }

    /// 429, with the seconds to wait.
    pub(crate) fn too_many_requests(retry_after_s: u64) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RATE_LIMITED",
            "too many requests; wait before the next one",
        );
        problem.retry_after_s = Some(retry_after_s.max(1));
        problem
    }

    /// 503 before anything happened: the request certainly had no effect.
    pub(crate) fn overloaded() -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "OVERLOADED",
            "the queue is full; the request was not taken and had no effect",
        );
        problem.retry_after_s = Some(1);
        problem
    }

    /// 503: the disk failed on the way; sending it again is safe where it names itself.
    pub(crate) fn outcome_unknown() -> Self {
        let detail = "the storage failed on the way: the request may or may not have happened; \
                      send it again with the same client_order_id";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "OUTCOME_UNKNOWN", detail).with_retry_after(1)
    }

    /// 503 before anything happened, while the storage is being opened again.
    pub(crate) fn storage_unavailable() -> Self {
        let detail = "the storage failed and is being opened again; the request had no effect";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "STORAGE_UNAVAILABLE", detail).with_retry_after(1)
    }

    /// 507 before anything happened: too little room for what grows.
    pub(crate) fn storage_low(free_bytes: u64, limit_bytes: u64) -> Self {
        let detail = format!(
            "only {free_bytes} bytes are free, below the limit of {limit_bytes}: nothing that grows is taken; \
             orders can be cancelled and made smaller; the request had no effect"
        );
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "STORAGE_LOW", detail).with_retry_after(10)
    }

    /// 503 before anything happened: too little room for anything but cancels.
    pub(crate) fn storage_full(free_bytes: u64, limit_bytes: u64) -> Self {
        let detail = format!(
            "only {free_bytes} bytes are free, below the limit of {limit_bytes}: nothing but cancels is taken; \
             the request had no effect"
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "STORAGE_FULL", detail).with_retry_after(10)
    }

    /// A view that could not be read: 503 when the disk is at fault for now, else 500.
    pub(crate) fn unreadable(error: &ViewError) -> Self {
        match error {
            ViewError::Store { .. } => Self::internal(error),
            ViewError::Unavailable { .. } => {
                tracing::warn!(%error, "a view cannot be read for now");
                Self::storage_unavailable()
            }
        }
    }

    /// Why a request has no answer.
    pub(crate) fn unanswered(error: RequestError) -> Self {
        match error {
            RequestError::Overloaded => Self::overloaded(),
            RequestError::Stopping => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "STOPPING", "the server is stopping; nothing happened")
            }
            RequestError::OutcomeUnknown => Self::outcome_unknown(),
            RequestError::Unavailable => Self::storage_unavailable(),
            RequestError::StorageLow { free_bytes, limit_bytes } => Self::storage_low(free_bytes, limit_bytes),
            RequestError::StorageFull { free_bytes, limit_bytes } => Self::storage_full(free_bytes, limit_bytes),
        }
    }

    /// Why the catalogue did not do what was asked.
    pub(crate) fn of_catalogue(error: &CatalogueError) -> Self {
        match error {
            CatalogueError::UsernameTaken => {
                Self::new(StatusCode::CONFLICT, "USERNAME_TAKEN", "the username is taken").with_field("username")
            }
            CatalogueError::NicknameTaken => {
                Self::new(StatusCode::CONFLICT, "NICKNAME_TAKEN", "the nickname is taken").with_field("nickname")
            }
            CatalogueError::UnknownUser(_) | CatalogueError::UnknownPortfolio(_) | CatalogueError::UnknownKey => {
                Self::not_found()
            }
            CatalogueError::TooMany { what, limit } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "TOO_MANY",
                format!("there are {limit} {what} already, which is the limit"),
            ),
            CatalogueError::Io { .. } | CatalogueError::Database { .. } | CatalogueError::InUse { .. } => {
                tracing::warn!(%error, "the catalogue cannot be used for now");
                Self::storage_unavailable()
            }
            CatalogueError::KeyTaken | CatalogueError::Format { .. } | CatalogueError::Corrupt { .. } => {
                Self::internal(error)
            }
        }
    }

    #[must_use]
    fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// 501: documented, and not offered by this server.
    pub(crate) fn not_implemented(field: Option<&'static str>) -> Self {
        let problem = Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "NOT_IMPLEMENTED",
            "documented, and not offered by this server",
        );
        match field {
            Some(field) => problem.with_field(field),
            None => problem,
        }
    }

    /// 500; the cause goes to the log, not to the client.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed inside");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "the server failed; the failure was logged")
    }

    /// A business refusal of the engine.
    pub(crate) fn rejected(reject: &Reject) -> Self {
        let field = reject_field(reject.code);
        let problem =
            Self::new(reject_status(reject.code), reject.code.code(), String::from(reject.message.as_ref()));
        match field {
            Some(field) => problem.with_field(field),
            None => problem,
        }
    }

    /// Names the member of the request at fault.
    #[must_use]
    pub(crate) fn with_field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Attaches the order that the refusal is about.
    #[must_use]
    pub(crate) fn with_order(mut self, order: OrderView) -> Self {
        self.order = Some(Box::new(order));
        self
    }

    /// The order that was refused, or the problem itself where there is none.
    pub(crate) fn into_order(mut self) -> Result<OrderView, Self> {
        self.order.take().map(|order| *order).ok_or(self)
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// The sentence.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The HTTP status.
    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The member at fault.
    pub(crate) fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// What a client reads of it.
    pub(crate) fn document(self) -> ProblemDocument {
        ProblemDocument {
            r#type: format!("urn:papertape:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.into_owned(),
            code: self.code.into_owned(),
            field: self.field.map(Cow::into_owned),
            order: self.order,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after_s) = (self.status, self.retry_after_s);
        let mut response = (status, Json(self.document())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"papertape\""));
        }
        response
    }
}

/// The status of a business refusal: 404 for what is not there, 409 for the wrong moment, else 422.
pub(crate) fn reject_status(code: RejectCode) -> StatusCode {
    match code {
        RejectCode::UnknownPortfolio | RejectCode::UnknownOrder => StatusCode::NOT_FOUND,
        RejectCode::IdempotencyMismatch | RejectCode::OrderNotOpen => StatusCode::CONFLICT,
        RejectCode::InvalidChain
        | RejectCode::UnknownSymbol
        | RejectCode::NotTradable
        | RejectCode::NotAmendable
        | RejectCode::InvalidPriceIncrement
        | RejectCode::InvalidLotSize
        | RejectCode::QtyBelowFilled
        | RejectCode::ExpiryInPast
        | RejectCode::NoAuction
        | RejectCode::AuctionCutoff
        | RejectCode::StopInMarket
        | RejectCode::ExitOnWrongSide
        | RejectCode::WouldTake
        | RejectCode::NothingToReduce
        | RejectCode::AmountTooSmall
        | RejectCode::TooManyOpenOrders
        | RejectCode::PriceBelowMinimum
        | RejectCode::MaxOrderValue
        | RejectCode::MaxPositions
        | RejectCode::MaxPositionPct
        | RejectCode::MaxGrossExposure
        | RejectCode::InsufficientQuantity
        | RejectCode::InsufficientBuyingPower
        | RejectCode::InsufficientCash
        | RejectCode::LimitExceeded => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// The member of a request that a code always concerns, where there is one.
fn reject_field(code: RejectCode) -> Option<&'static str> {
    match code {
        RejectCode::IdempotencyMismatch => Some("client_order_id"),
        RejectCode::UnknownSymbol | RejectCode::NotTradable => Some("symbol"),
        RejectCode::InvalidLotSize | RejectCode::QtyBelowFilled | RejectCode::InsufficientQuantity => Some("qty"),
        RejectCode::ExpiryInPast => Some("expires_at"),
        RejectCode::NoAuction | RejectCode::AuctionCutoff => Some("time_in_force"),
        RejectCode::StopInMarket => Some("stop_price"),
        RejectCode::WouldTake => Some("post_only"),
        RejectCode::NothingToReduce => Some("reduce_only"),
        RejectCode::AmountTooSmall => Some("notional"),
        RejectCode::InsufficientCash => Some("amount"),
        RejectCode::UnknownPortfolio
        | RejectCode::UnknownOrder
        | RejectCode::OrderNotOpen
        | RejectCode::InvalidChain
        | RejectCode::NotAmendable
        | RejectCode::InvalidPriceIncrement
        | RejectCode::ExitOnWrongSide
        | RejectCode::TooManyOpenOrders
        | RejectCode::PriceBelowMinimum
        | RejectCode::MaxOrderValue
        | RejectCode::MaxPositions
        | RejectCode::MaxPositionPct
        | RejectCode::MaxGrossExposure
        | RejectCode::InsufficientBuyingPower
        | RejectCode::LimitExceeded => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: RejectCode, status: u16) {
        assert_eq!(reject_status(code).as_u16(), status, "{code}");
    }

    #[test]
    fn refusals_have_the_documented_status() {
        check(RejectCode::UnknownPortfolio, 404);
        check(RejectCode::UnknownOrder, 404);
        check(RejectCode::OrderNotOpen, 409);
        check(RejectCode::IdempotencyMismatch, 409);
        let special = 4;
        let business = RejectCode::ALL.iter().filter(|code| reject_status(**code).as_u16() == 422).count();
        assert_eq!(business, RejectCode::ALL.len() - special);
    }

    #[test]
    fn a_problem_is_a_problem_document() {
        let problem = Problem::invalid("qty", "must be above 0");
        let document = serde_json::to_value(Problem::invalid("qty", "must be above 0").document());
        let document = document.expect("plain data serialises");
        assert_eq!(document["status"], 400);
        assert_eq!(document["field"], "qty");
        assert_eq!(document["title"], "Bad Request");
        let response = problem.into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn a_failing_disk_is_never_an_internal_error() {
        let answer = |problem: Problem| (problem.status().as_u16(), problem.code().to_owned());
        let unanswered = |error| answer(Problem::unanswered(error));
        let (free_bytes, limit_bytes) = (7, 80);
        let low = RequestError::StorageLow { free_bytes, limit_bytes };
        assert_eq!(unanswered(low), (507, "STORAGE_LOW".to_owned()));
        assert!(Problem::unanswered(low).detail().contains("only 7 bytes are free, below the limit of 80"));
        let full = RequestError::StorageFull { free_bytes, limit_bytes };
        assert_eq!(unanswered(full), (503, "STORAGE_FULL".to_owned()));
        assert_eq!(unanswered(RequestError::Unavailable), (503, "STORAGE_UNAVAILABLE".to_owned()));
        assert_eq!(unanswered(RequestError::OutcomeUnknown), (503, "OUTCOME_UNKNOWN".to_owned()));
        let io =
            CatalogueError::Io { path: "catalog.redb".into(), source: std::io::ErrorKind::StorageFull.into() };
        assert_eq!(answer(Problem::of_catalogue(&io)), (503, "STORAGE_UNAVAILABLE".to_owned()));
        let response = Problem::storage_full(7, 80).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "10");
    }

    #[test]
    fn waiting_times_are_named() {
        let response = Problem::too_many_requests(0).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}
