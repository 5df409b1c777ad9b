//! Extractors: a handler that takes one of these cannot run without it.

use super::key::secret_matches;
use super::token::TokenKind;
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use model::{Origin, PortfolioId, SubmittedBy, UserId};
use persistence::PortfolioRow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use uuid::Uuid;

const KEY_ID_HEADER: &str = "apca-api-key-id";
const SECRET_HEADER: &str = "apca-api-secret-key";

/// Whoever sent a request, once that is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) user: UserId,
    pub(crate) origin: Origin,
    /// Whether orders may be sent and settings changed.
    pub(crate) may_trade: bool,
    /// The only portfolio that a bound key sees.
    pub(crate) bound_to: Option<PortfolioId>,
    /// When the proof ends, in seconds since 1970; `None` for keys.
    pub(crate) expires_at: Option<u64>,
    /// The key behind it, so that a revoked one can be noticed.
    pub(crate) key_id: Option<String>,
}

impl Principal {
    /// For the audit trail.
    pub(crate) const fn submitted_by(&self) -> SubmittedBy {
        SubmittedBy { user: self.user, origin: self.origin }
    }
}

/// Who an access token belongs to.
pub(crate) fn identify_token(state: &AppState, token: &str) -> Result<Principal, Problem> {
    let verified = state.tokens.verify(token, TokenKind::Access).ok_or_else(Problem::unauthorized)?;
    Ok(Principal {
        user: verified.user,
        origin: Origin::Manual,
        may_trade: true,
        bound_to: None,
        expires_at: Some(verified.expires_at),
        key_id: None,
    })
}

/// Who an API key belongs to.
pub(crate) fn identify_key(state: &AppState, key_id: &str, secret: &str) -> Result<Principal, Problem> {
    if let Some(known) = state.keys.get(key_id, secret) {
        return Ok(known);
    }
    let generation = state.keys.generation();
    let row = state.catalogue().key(key_id).map_err(|error| Problem::of_catalogue(&error))?;
    // An unknown key is compared as well, so that it costs the same.
    let kept = row.as_ref().map_or([0; 32], |row| row.secret_hash);
    let matches = secret_matches(secret, &kept);
    let row = row.filter(|_| matches).ok_or_else(Problem::unauthorized)?;
    let principal = Principal {
        user: row.user,
        origin: Origin::Automated,
        may_trade: row.scopes.iter().any(|scope| scope == "trade"),
        bound_to: row.portfolio,
        expires_at: None,
        key_id: Some(row.key_id),
    };
    state.keys.insert(key_id, secret, (generation, principal.clone()));
    Ok(principal)
}

fn identify(state: &AppState, headers: &HeaderMap) -> Result<Principal, Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().map_err(|_| Problem::unauthorized()));
    match (text(KEY_ID_HEADER).transpose()?, text(SECRET_HEADER).transpose()?) {
        (Some(key_id), Some(secret)) => return identify_key(state, key_id, secret),
        (Some(_), None) | (None, Some(_)) => return Err(Problem::unauthorized()),
        (None, None) => {}
    }
    let authorization = text(header::AUTHORIZATION.as_str()).transpose()?.ok_or_else(Problem::unauthorized)?;
    let (scheme, token) = authorization.split_once(' ').ok_or_else(Problem::unauthorized)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::unauthorized());
    }
    identify_token(state, token.trim())
}

/// Anyone who is signed in; enough for reading.
pub(crate) struct User(pub(crate) Principal);

impl FromRequestParts<AppState> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        // A handler may ask twice who it is, as a trader and as an owner; that is one request all the same.
        if let Some(known) = parts.extensions.get::<Principal>() {
            return Ok(Self(known.clone()));
        }
        let principal = identify(state, &parts.headers)?;
        state.rate_limit.check(principal.user)?;
        parts.extensions.insert(principal.clone());
        Ok(Self(principal))
    }
}

/// Someone who may change things.
pub(crate) struct Trader(pub(crate) Principal);

impl FromRequestParts<AppState> for Trader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let User(principal) = User::from_request_parts(parts, state).await?;
        if principal.may_trade { Ok(Self(principal)) } else { Err(Problem::forbidden("this key may only read")) }
    }
}

/// A person, not a program: for keys and other things that a leaked key must not reach.
pub(crate) struct Person(pub(crate) Principal);

impl FromRequestParts<AppState> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let User(principal) = User::from_request_parts(parts, state).await?;
        match principal.key_id {
            None => Ok(Self(principal)),
            Some(_) => Err(Problem::forbidden("an API key cannot do this; sign in")),
        }
    }
}

/// The portfolio named by the path's `id`, which belongs to whoever asks.
pub(crate) struct OwnedPortfolio {
    pub(crate) principal: Principal,
    pub(crate) row: PortfolioRow,
}

impl OwnedPortfolio {
    /// That whoever asks may also change it.
    pub(crate) fn for_change(self) -> Result<Self, Problem> {
        if self.principal.may_trade { Ok(self) } else { Err(Problem::forbidden("this key may only read")) }
    }
}

impl FromRequestParts<AppState> for OwnedPortfolio {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let User(principal) = User::from_request_parts(parts, state).await?;
        let names = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(names) = names.map_err(|_| Problem::not_found())?;
        let id = names.get("id").and_then(|id| Uuid::parse_str(id).ok()).ok_or_else(Problem::not_found)?;
        let row = state.owned_portfolio(&principal, id).await?;
        Ok(Self { principal, row })
    }
}

/// Where a request came from, as the listener saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let unknown = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(unknown))
    }
}
