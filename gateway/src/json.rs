//! Strict reading of request bodies and queries.
//!
//! Takes exactly one JSON object of the expected shape: no unknown or repeated member, no more than
//! 32 levels, no other content type, within the size and the time allowed. Every refusal names the
//! member at fault. Never panics, whatever arrives.

use crate::problem::Problem;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// Deepest nesting of a body. No documented request needs more than 20.
const DEPTH_MAX: usize = 32;
/// Longest time for a body to arrive once its headers are there.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body of type `T`.
pub(crate) struct StrictJson<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for StrictJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let body = read_body(request, state).await?;
        parse_object(&body).map(Self)
    }
}

/// A query string of type `T`, strict about unknown and repeated names.
pub(crate) struct StrictQuery<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for StrictQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(explain(&rejection.body_text(), "")),
        }
    }
}

async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let reading = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, state));
    match reading.await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", "the body is larger than 64 KiB"))
        }
        Ok(Err(_)) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, "BODY_UNREADABLE", "the body did not arrive whole"))
        }
        Err(_) => {
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "BODY_TIMEOUT", "the body took too long to arrive"))
        }
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let essence = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    match essence.as_deref() {
        Some("application/json") => Ok(()),
        Some(_) | None => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "the body must be application/json",
        )
        .with_field("Content-Type")),
    }
}

/// Parses one JSON object.
///
/// # Errors
/// 400 with the member at fault.
pub(crate) fn parse_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    check_depth(bytes)?;
    let invalid = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "INVALID_JSON", detail);
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(invalid("the body must be a JSON object".to_owned()));
    }
    match serde_json::from_slice::<T>(bytes) {
        Ok(value) => Ok(value),
        Err(error) if error.is_syntax() || error.is_eof() => Err(invalid(format!("not valid JSON: {error}"))),
        Err(error) => Err(locate::<T>(bytes, &error)),
    }
}

/// Reads the body a second time, slowly, to learn which member was at fault.
fn locate<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Problem {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let path = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Ok(_) => String::new(),
        Err(located) => located.path().to_string(),
    };
    explain(&error.to_string(), path.trim_start_matches('.'))
}

/// Turns a deserialiser's sentence into a problem with the right code and member.
fn explain(message: &str, path: &str) -> Problem {
    let named = |prefix: &str| {
        let rest = message.split_once(prefix)?.1;
        rest.split_once('`').map(|(name, _)| name.to_owned())
    };
    let parent = match path {
        "" | "." | "?" => "",
        path => path,
    };
    let within = |name: String| if parent.is_empty() { name } else { format!("{parent}.{name}") };
    if let Some(name) = named("unknown field `") {
        // The path already ends with the unknown name where the reader got that far.
        let field = if parent.ends_with(&name) { parent.to_owned() } else { within(name) };
        return bad("UNKNOWN_FIELD", "is not a known member".into(), field);
    }
    if let Some(name) = named("duplicate field `") {
        let field = if parent.ends_with(&name) { parent.to_owned() } else { within(name) };
        return bad("DUPLICATE_FIELD", "appears more than once".into(), field);
    }
    if let Some(name) = named("missing field `") {
        return bad("MISSING_FIELD", "is required".into(), within(name));
    }
    let detail = message.split(" at line ").next().unwrap_or(message).to_owned();
    if parent.is_empty() {
        return Problem::new(StatusCode::BAD_REQUEST, "INVALID_VALUE", detail);
    }
    bad("INVALID_VALUE", detail.into(), parent.to_owned())
}

fn bad(code: &'static str, detail: Cow<'static, str>, field: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, code, detail).with_field(field)
}

/// Counts brackets outside strings, so that no recursion starts on a bomb.
fn check_depth(bytes: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => in_string = false,
            (true, _) => {}
            (false, b'"') => in_string = true,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            (false, _) => {}
        }
        if depth > DEPTH_MAX {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "TOO_DEEP", "nested deeper than 32 levels"));
        }
    }
    Ok(())
}

/// For `deserialize_with`: a nested object, and nothing else. A derived struct would also take an
/// array of its values, which nobody means.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(reader: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(reader)?.map(|object| object.0))
}

/// For `deserialize_with`: a list of objects.
pub(crate) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    reader: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let list = Option::<Vec<Object<T>>>::deserialize(reader)?;
    Ok(list.map(|list| list.into_iter().map(|object| object.0).collect()))
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }
        reader.deserialize_map(ObjectVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::Decimal;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(default)]
        price: Option<Decimal>,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        name: String,
        #[serde(default)]
        amount: Option<Decimal>,
        #[serde(default, deserialize_with = "object")]
        inner: Option<Inner>,
    }

    fn check(body: &str, code: &str, field: Option<&str>) {
        let problem = parse_object::<Outer>(body.as_bytes()).expect_err(body);
        assert_eq!((problem.code(), problem.field()), (code, field), "{body}");
        assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn what_is_wrong_is_named() {
        check("", "INVALID_JSON", None);
        check("nonsense", "INVALID_JSON", None);
        check("[]", "INVALID_JSON", None);
        check(r#"["a"]"#, "INVALID_JSON", None);
        check(r#"{"name": "a"} x"#, "INVALID_JSON", None);
        check(r#"{"name": "a""#, "INVALID_JSON", None);
        check(r#"{"name": "a", "extra": 1}"#, "UNKNOWN_FIELD", Some("extra"));
        check(r#"{"name": "a", "name": "b"}"#, "DUPLICATE_FIELD", Some("name"));
        check("{}", "MISSING_FIELD", Some("name"));
        check(r#"{"name": 7}"#, "INVALID_VALUE", Some("name"));
        check(r#"{"name": "a", "amount": "1e5"}"#, "INVALID_VALUE", Some("amount"));
        check(r#"{"name": "a", "amount": 1e5}"#, "INVALID_VALUE", Some("amount"));
        check(r#"{"name": "a", "amount": [1]}"#, "INVALID_VALUE", Some("amount"));
        check(r#"{"name": "a", "inner": ["1"]}"#, "INVALID_VALUE", Some("inner"));
        check(r#"{"name": "a", "inner": {"price": "x"}}"#, "INVALID_VALUE", Some("inner.price"));
        check(r#"{"name": "a", "inner": {"cash": 1}}"#, "UNKNOWN_FIELD", Some("inner.cash"));
        check(r#"{"name": "a", "inner": {"price": 1, "price": 1}}"#, "DUPLICATE_FIELD", Some("inner.price"));
    }

    #[test]
    fn deep_nesting_is_refused_before_it_is_walked() {
        let bomb = "{\"name\":".to_owned() + &"[".repeat(20_000);
        check(&bomb, "TOO_DEEP", None);
        let brackets_in_text = format!("{{\"name\": \"{}\\\"\"}}", "[".repeat(100));
        assert!(parse_object::<Outer>(brackets_in_text.as_bytes()).is_ok());
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert!(parse_object::<Outer>(&[b'{', 0xff, 0xfe]).is_err());
        assert!(parse_object::<Outer>(b"{\"name\": \"\xff\"}").is_err());
    }

    #[test]
    fn valid_objects_are_taken() {
        let outer: Outer =
            parse_object(br#" {"name": "a", "amount": 10.050, "inner": {"price": "3"}} "#).expect("valid");
        assert_eq!(outer.name, "a");
        assert_eq!(outer.amount.map(|amount| amount.to_string()).as_deref(), Some("10.05"));
        assert!(outer.inner.is_some_and(|inner| inner.price.is_some()));
    }
}
