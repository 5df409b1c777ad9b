//! `GET /ws`: live streams. The upgrade is decided here, the conversation is in `session`.
//!
//! There are no cookies, so a foreign page cannot speak for a user; the origin is checked all the
//! same.

mod protocol;
mod session;
mod socket;

use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

pub(crate) use protocol::{Channel, ClientMessage, Head, QuoteMessage, ServerMessage, Subscribed};
pub(crate) use socket::put_text_head;

/// Opens a WebSocket. Send `WsRequest`, receive `WsMessage`; the first message must be `auth`, within five seconds.
///
/// Close codes: 1001 the server stops, 4000 nothing was heard for a minute, 4001 credentials are missing, wrong, out of
/// date or revoked, 4008 you read too slowly (the reason holds `last_seq` and `portfolio_id`: subscribe again after it).
#[utoipa::path(get, path = "/ws", operation_id = "openStream", tag = "stream", responses((status = 101, description = "Switched to a WebSocket"), (status = 403, body = crate::problem::ProblemDocument)))]
pub(crate) async fn upgrade(
    State(state): State<AppState>,
    headers: HeaderMap,
    upgraded: Option<Extension<OnUpgrade>>,
    // Refuses what is no handshake; the connection itself is taken over below it.
    _handshake: WebSocketUpgrade,
) -> Result<Response, Problem> {
    if !origin_allowed(&headers, &state.settings.origins) {
        return Err(Problem::forbidden("this origin may not open streams here"));
    }
    let (Some(Extension(upgraded)), Some(key)) = (upgraded, headers.get(header::SEC_WEBSOCKET_KEY)) else {
        return Ok(StatusCode::UPGRADE_REQUIRED.into_response());
    };
    let accepted = [
        (header::CONNECTION, "upgrade".to_owned()),
        (header::UPGRADE, "websocket".to_owned()),
        (header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes())),
    ];
    tokio::spawn(async move {
        match upgraded.await {
            Ok(upgraded) => session::run(state, socket::Socket::new(upgraded).await).await,
            Err(error) => tracing::debug!(%error, "a connection ended before it was a stream"),
        }
    });
    Ok((StatusCode::SWITCHING_PROTOCOLS, accepted).into_response())
}

/// Whether a page of this origin may open a stream: none named, the host itself, or a listed one.
fn origin_allowed(headers: &HeaderMap, listed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    (authority.is_some() && authority == host) || listed.iter().any(|allowed| allowed == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origin: Option<&str>, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "trade.example:8080".parse().expect("a value"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().expect("a value"));
        }
        assert_eq!(origin_allowed(&headers, &["https://friend.example".to_owned()]), expected, "{origin:?}");
    }

    #[test]
    fn only_own_and_listed_origins_open_streams() {
        check(None, true);
        check(Some("http://trade.example:8080"), true);
        check(Some("https://friend.example"), true);
        check(Some("https://friend.example.evil"), false);
        check(Some("http://trade.example:8080.evil"), false);
        check(Some("https://evil.example"), false);
        check(Some("null"), false);
        check(Some(""), false);
    }
}
