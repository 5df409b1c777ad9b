//! Trailing slashes: a path of the API answers with and without, and nothing is redirected.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Gives a path the form that the routes have: API paths end in a slash, others do not.
pub(crate) fn normalise(mut request: Request) -> Request {
    if let Some(uri) = normalised(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn normalised(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let last = path.rsplit('/').next().unwrap_or_default();
    let fixed = if path.starts_with("/api/") {
        // A last part with a dot is a file, such as openapi.json; a ticker may have one, too.
        let is_file = last == "openapi.json";
        if path.ends_with('/') || is_file { return None } else { format!("{path}/") }
    } else if matches!(path, "/ws/" | "/healthz/" | "/readyz/" | "/metrics/") {
        path.trim_end_matches('/').to_owned()
    } else {
        return None;
    };
    let whole = match uri.query() {
        Some(query) => format!("{fixed}?{query}"),
        None => fixed,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(whole.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        let uri: Uri = path.parse().expect("a path of the test");
        let found = normalised(&uri).unwrap_or(uri);
        assert_eq!(found.to_string(), expected);
    }

    #[test]
    fn api_paths_end_in_a_slash_and_others_stay() {
        check("/api/paper/orders", "/api/paper/orders/");
        check("/api/paper/orders/", "/api/paper/orders/");
        check("/api/paper/orders?status=open", "/api/paper/orders/?status=open");
        check("/api/market/quote?symbol=BRK.B", "/api/market/quote/?symbol=BRK.B");
        check(
            "/api/paper/portfolios/1/positions/BTC%2FUSD?qty=1",
            "/api/paper/portfolios/1/positions/BTC%2FUSD/?qty=1",
        );
        check("/api/paper/portfolios/1/positions/BRK.B", "/api/paper/portfolios/1/positions/BRK.B/");
        check("/api/openapi.json", "/api/openapi.json");
        check("/ws/", "/ws");
        check("/ws", "/ws");
        check("/docs/", "/docs/");
        check("/", "/");
        check("/assets/app.js", "/assets/app.js");
    }
}
