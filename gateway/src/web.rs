//! The web interface: files that were built into the binary, and nothing from the disk.
//!
//! Names with a hash are kept by browsers for ever, the page itself is asked for each time. Every
//! answer carries the headers that keep foreign scripts and frames out.

use crate::problem::Problem;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use std::fmt::Write as _;

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";
/// Scripts and connections of our own alone; styles may be inline, as the component library needs.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Papertape</title></head>\
<body><h1>Papertape is running</h1><p>The web interface is not part of this binary. Build it with \
<code>make web</code> and build the binary again.</p><p>The API is described at <a href=\"/docs/\">/docs/</a>.</p></body></html>";

/// What no route answered: a file, a page of the interface, or nothing.
pub(crate) async fn fallback(request: Request) -> Response {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        return Problem::not_found().into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return method_not_allowed().await;
    }
    let name = path.trim_start_matches('/');
    if let Some(response) = file(name, request.headers()) {
        return response;
    }
    // A name with a dot was meant as a file; everything else is a page that the interface draws.
    if name.rsplit('/').next().unwrap_or_default().contains('.') {
        return Problem::not_found().into_response();
    }
    file(INDEX, request.headers()).unwrap_or_else(|| secured((StatusCode::OK, html(NOT_BUILT)).into_response()))
}

/// A path that is there, and a verb that is not.
pub(crate) async fn method_not_allowed() -> Response {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "this path does not answer that method")
        .into_response()
}

fn html(text: &'static str) -> ([(header::HeaderName, HeaderValue); 1], &'static str) {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], text)
}

fn file(name: &str, headers: &HeaderMap) -> Option<Response> {
    let name = if name.is_empty() { INDEX } else { name };
    let found = Files::get(name)?;
    let mut tag = String::from("\"");
    for byte in &found.metadata.sha256_hash()[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    let caching = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = mime_guess::from_path(name).first_or_octet_stream();
        let kind = if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() };
        ([(header::CONTENT_TYPE, kind)], found.data.into_owned()).into_response()
    };
    let own = response.headers_mut();
    own.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        own.insert(header::ETAG, tag);
    }
    Some(secured(response))
}

fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    async fn get(path: &str) -> Response {
        let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
        fallback(request).await
    }

    #[tokio::test]
    async fn pages_fall_back_to_the_interface_and_the_api_does_not() {
        assert_eq!(get("/portfolio/7").await.status(), StatusCode::OK);
        assert!(get("/").await.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        for missing in ["/api/nothing/", "/api", "/missing.js", "/../../etc/passwd.txt", "/%2e%2e/secret.pem"] {
            let response = get(missing).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{missing}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        }
    }
}
