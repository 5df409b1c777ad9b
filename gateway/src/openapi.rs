//! The OpenAPI document, made from the routes themselves, and the page that shows it.

use crate::dto::{
    CashReply, Comparison, Condition, GroupOperator, Operand, OrderView, PositionReply, PriceField, RulesReply,
    TradeView,
};
use crate::encoder::Envelope;
use crate::problem::ProblemDocument;
use crate::routes;
use crate::state::AppState;
use crate::ws::{self, ClientMessage, Head, QuoteMessage, ServerMessage, Subscribed};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Papertape",
        description = "Paper trading against a live or replayed market. Decimals are strings in replies and may be strings or numbers in requests; times are RFC 3339 in UTC; ids are UUIDs. Refusals are problem documents (RFC 9457). The WebSocket at /ws speaks WsRequest, WsReply, PortfolioMessage and QuoteMessage.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(
        ProblemDocument, ClientMessage, ServerMessage, Subscribed, Head, QuoteMessage, CashReply, RulesReply,
        Envelope<OrderView>, Envelope<TradeView>, Envelope<PositionReply>,
        Condition, Operand, GroupOperator, Comparison, PriceField
    )),
    modifiers(&Security)
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        let key = ApiKey::Header(ApiKeyValue::new("APCA-API-KEY-ID"));
        components.add_security_scheme("key", SecurityScheme::ApiKey(key));
    }
}

/// The routes with their document.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi()).merge(routes::api()).routes(routes!(ws::upgrade))
}

/// The document as JSON, as `GET /api/openapi.json` and `papertape openapi` give it.
///
/// # Panics
/// Never: the document is plain data.
#[must_use]
pub fn document() -> String {
    router().into_openapi().to_pretty_json().expect("the document is plain data")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_document_holds_every_route_and_the_stream() {
        let document: Value = serde_json::from_str(&document()).expect("JSON");
        for (path, verbs) in [
            ("/api/token/", &["post"][..]),
            ("/api/users/register/", &["post"]),
            ("/api/users/me/api-keys/", &["get", "post"]),
            ("/api/market/quote/", &["get"]),
            ("/api/paper/portfolios/", &["get", "post"]),
            ("/api/paper/portfolios/{id}/", &["get", "patch", "delete"]),
            ("/api/paper/portfolios/{id}/positions/{symbol}/", &["delete"]),
            ("/api/paper/orders/", &["get", "post", "delete"]),
            ("/api/paper/orders/{id}/", &["get", "patch", "delete"]),
            ("/api/paper/trades/", &["get"]),
            ("/ws", &["get"]),
        ] {
            for verb in verbs {
                assert!(document["paths"][path][verb].is_object(), "{verb} {path}");
            }
        }
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        for name in
            ["Order", "Trade", "Portfolio", "Position", "Quote", "Problem", "WsRequest", "WsReply", "QuoteMessage"]
        {
            assert!(schemas.contains_key(name), "{name} of {:?}", schemas.keys().collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        let text = document();
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let named = text.split("\"#/components/schemas/").skip(1).filter_map(|piece| piece.split('"').next());
        let missing: Vec<&str> =
            named.filter(|name| !document["components"]["schemas"][name].is_object()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
