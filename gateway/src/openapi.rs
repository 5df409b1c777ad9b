//! The OpenAPI document, made from the routes themselves, and completed with what all have in common.

mod finish;
mod stream;

use crate::dto::{
    CashReply, Comparison, Condition, GroupOperator, Operand, OrderView, PositionReply, PriceField, RulesReply,
    TradeView,
};
use crate::problem::ProblemDocument;
use crate::state::AppState;
use crate::ws::{self, ClientMessage, Head, QuoteMessage, ServerMessage, Subscribed};
use crate::{health, metrics, routes};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const DESCRIPTION: &str = "Paper trading against a live, simulated or replayed market.

Decimals are strings in replies and may be strings or numbers in requests, read from their literal text. Times are \
RFC 3339 in UTC, ids are UUIDs. Every list is a page: `results`, and `next` to send as `cursor`. Refusals are problem \
documents (RFC 9457) with a stable `code`.

People sign in at `/api/token/` and send `Authorization: Bearer`; programs send the two headers of an API key.

`GET /ws` opens a WebSocket. Send `WsRequest`, receive `WsMessage`: first `auth`, then `subscribe`. A portfolio's \
messages are numbered without gaps; `after_seq` resumes after the last one you have.";

#[derive(OpenApi)]
#[openapi(
    info(title = "Papertape", description = DESCRIPTION, license(name = "MIT OR Apache-2.0")),
    servers((url = "/", description = "The server that gave you this document")),
    tags(
        (name = "users", description = "Registration, tokens and API keys"),
        (name = "market", description = "Quotes, history, instruments and the clock"),
        (name = "portfolios", description = "Portfolios, their money, positions and messages"),
        (name = "orders", description = "Orders and trades"),
        (name = "stream", description = "The WebSocket"),
        (name = "operation", description = "For those who run the server"),
    ),
    components(schemas(
        ProblemDocument, ClientMessage, ServerMessage, Subscribed, Head, QuoteMessage, CashReply, RulesReply,
        OrderView, TradeView, PositionReply, Condition, Operand, GroupOperator, Comparison, PriceField
    )),
    modifiers(&Components)
)]
struct Document;

struct Components;

impl Modify for Components {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        for (name, header) in [("key", "APCA-API-KEY-ID"), ("secret", "APCA-API-SECRET-KEY")] {
            components.add_security_scheme(name, SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header))));
        }
        stream::add(components);
    }
}

/// The routes with their document.
pub(crate) fn router() -> (axum::Router<AppState>, utoipa::openapi::OpenApi) {
    let routes = OpenApiRouter::with_openapi(Document::openapi())
        .merge(routes::api())
        .routes(routes!(ws::upgrade))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::show));
    let (router, mut document) = routes.split_for_parts();
    finish::finish(&mut document);
    (router, document)
}

/// The document as JSON, as `GET /api/openapi.json` and `papertape openapi` give it.
///
/// # Panics
/// Never: the document is plain data.
#[must_use]
pub fn document() -> String {
    router().1.to_pretty_json().expect("the document is plain data")
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
        for name in [
            "Order",
            "Trade",
            "Portfolio",
            "Quote",
            "Problem",
            "WsRequest",
            "WsMessage",
            "PortfolioMessage",
            "CashMessage",
        ] {
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

    #[test]
    fn operations_have_names_of_their_own_and_refuse_with_problems() {
        let document: Value = serde_json::from_str(&document()).expect("JSON");
        let mut names = std::collections::BTreeSet::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (verb, operation) in item.as_object().expect("operations") {
                let name = operation["operationId"].as_str().expect("a name");
                assert!(names.insert(name.to_owned()), "{name} is there twice");
                for (status, response) in operation["responses"].as_object().expect("responses") {
                    let media: Vec<&String> =
                        response["content"].as_object().into_iter().flat_map(|content| content.keys()).collect();
                    assert!(
                        !response["description"].as_str().unwrap_or_default().is_empty(),
                        "{verb} {path} {status}"
                    );
                    if status.as_str() >= "400" {
                        assert_eq!(media, ["application/problem+json"], "{verb} {path} {status}");
                    }
                }
            }
        }
    }

    #[test]
    fn choices_are_closed_lists_and_replies_are_whole() {
        let document: Value = serde_json::from_str(&document()).expect("JSON");
        let schemas = &document["components"]["schemas"];
        let order = schemas["Order"].as_object().expect("an object");
        assert_eq!(
            schemas["OrderStatus"]["enum"],
            serde_json::json!(["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"])
        );
        for (member, named) in [
            ("side", "Side"),
            ("type", "OrderType"),
            ("status", "OrderStatus"),
            ("time_in_force", "TimeInForce"),
            ("order_class", "OrderClass"),
        ] {
            let reference = &order["properties"][member]["$ref"];
            assert_eq!(reference, &format!("#/components/schemas/{named}"), "{member}");
        }
        assert_eq!(
            order["required"].as_array().map(Vec::len),
            order["properties"].as_object().map(serde_json::Map::len),
            "every member is always there"
        );
    }
}
