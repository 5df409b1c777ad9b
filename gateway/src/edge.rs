//! The parsers that meet a stranger's bytes first, by themselves: for tools that feed them with
//! anything at all.
//!
//! Owns no rule: each function is the one that a request goes through, without the request. Its
//! invariant: what comes out is within the model's limits, or a refusal that a client could read.

use crate::auth::{TokenKind, Tokens};
use crate::dto::{Amend, AmendRequest, OrderRequest};
use crate::json::parse_object;
use crate::problem::Problem;
use crate::ws::ClientMessage;
use model::{Amendment, NewOrder, PortfolioId, UserId};
use std::time::Duration;

/// A refusal as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The problem document, in JSON.
    pub document: String,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let document = problem.document();
        let text = serde_json::to_string(&document).expect("plain data always serialises into memory");
        Self { status: document.status(), document: text }
    }
}

/// What a change of an order asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// To end it.
    Cancel,
    /// To change it.
    Replace(Amendment),
}

/// The order in the body of a new order, as if the portfolio it names were this one.
///
/// # Errors
/// 400 for a wrong shape, 501 for what is documented and not offered.
pub fn order(body: &[u8], portfolio: PortfolioId) -> Result<NewOrder, Refusal> {
    let parsed = parse_object::<OrderRequest>(body)?.parse()?;
    match parsed.draft {
        Ok(draft) => Ok(draft.into_order(portfolio, parsed.client_order_id)),
        Err(field) => Err(Problem::not_implemented(Some(field)).into()),
    }
}

/// The change in the body of a change request.
///
/// # Errors
/// 400 for a wrong shape.
pub fn change(body: &[u8]) -> Result<Change, Refusal> {
    match parse_object::<AmendRequest>(body)?.parse()? {
        Amend::Cancel => Ok(Change::Cancel),
        Amend::Change(amendment) => Ok(Change::Replace(amendment)),
    }
}

/// A message of a client on its WebSocket, written anew from what was understood.
///
/// # Errors
/// 400 for what is no such message.
pub fn stream_message(text: &[u8]) -> Result<String, Refusal> {
    let message = parse_object::<ClientMessage>(text)?;
    Ok(serde_json::to_string(&message).expect("plain data always serialises into memory"))
}

/// Judges access tokens as every request's is judged.
pub struct TokenJudge(Tokens);

impl TokenJudge {
    /// For tokens signed with this secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Tokens::new(secret, Duration::from_secs(60), Duration::from_secs(60)))
    }

    /// Whose token it is, and when it ends in seconds since 1970; `None` for whatever is wrong with it.
    #[must_use]
    pub fn access(&self, token: &str) -> Option<(UserId, u64)> {
        self.0.verify(token, TokenKind::Access).map(|verified| (verified.user, verified.expires_at))
    }
}
