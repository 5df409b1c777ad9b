//! The whole application as one service: routes, pages, and the layers around them.

use crate::problem::Problem;
use crate::state::AppState;
use crate::{openapi, path, web};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use model::limits::REQUEST_BYTES_MAX;
use std::any::Any;
use std::sync::atomic::Ordering;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tower::util::MapRequest;
use tower::{Layer, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_swagger_ui::SwaggerUi;
use uuid::Uuid;

/// What the listener serves: a router behind the rule for slashes.
pub(crate) type App = MapRequest<Router, fn(Request) -> Request>;

/// Builds the application.
pub(crate) fn build(state: &AppState) -> App {
    let (api, document) = openapi::router();
    let catching = state.clone();
    let measured = state.clone();
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn(move |request, next| around(measured.clone(), request, next)))
        .layer(CatchPanicLayer::custom(move |panic: Box<dyn Any + Send>| panicked(&catching, &*panic)))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX));
    let router = api
        .with_state(state.clone())
        .merge(SwaggerUi::new("/docs").url("/api/openapi.json", document))
        .fallback(web::fallback)
        .method_not_allowed_fallback(web::method_not_allowed)
        .layer(layers);
    let rule: fn(Request) -> Request = path::normalise;
    tower::util::MapRequestLayer::new(rule).layer(router)
}

/// A handler that panicked is a 500 and a count; the others go on.
fn panicked(state: &AppState, panic: &(dyn Any + Send)) -> Response {
    state.metrics.panics.fetch_add(1, Ordering::Relaxed);
    let words =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Problem::internal(&words.unwrap_or("a handler panicked")).into_response()
}

/// Measures, names and secures every answer.
async fn around(state: AppState, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id();
    // Copied only where someone reads it.
    let asked = tracing::enabled!(tracing::Level::DEBUG)
        .then(|| (request.method().clone(), request.uri().path().to_owned()));
    let mut response = next.run(request).await;
    let took = begun.elapsed();
    state.metrics.answered(response.status(), took);
    if let Some((method, path)) = asked {
        tracing::debug!(request = %id, %method, path, status = response.status().as_u16(), ?took, "answered");
    }
    let headers = response.headers_mut();
    let mut text = Uuid::encode_buffer();
    if let Ok(id) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// A UUID of version 7. Its random part comes from this thread's generator: asking the system for each request is a
/// call into the kernel each time, and nothing is guarded by this number.
fn request_id() -> Uuid {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
}

#[cfg(test)]
#[path = "app_tests.rs"]
mod tests;
