//! Our own tokens: JWT, HS256 and nothing else.
//!
//! The algorithm is pinned, issuer, audience, subject, expiry and kind are required, and clocks may
//! differ by five seconds. Tokens are judged by the wall clock, whatever engine time does.

use super::cache::TokenCache;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use model::UserId;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const ISSUER: &str = "papertape";
const AUDIENCE: &str = "papertape-api";
/// Clocks of machines under one roof differ by less.
const LEEWAY_S: u64 = 5;
/// Longest token that is looked at; ours are below 300 bytes.
const TOKEN_BYTES_MAX: usize = 2_048;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenKind {
    /// For requests.
    Access,
    /// For new access tokens.
    Refresh,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    typ: TokenKind,
    iat: u64,
    exp: u64,
    jti: String,
}

/// A token that holds: whose, and until when (seconds since 1970).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) user: UserId,
    pub(crate) expires_at: u64,
}

/// Signs and verifies.
pub(crate) struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    access_life: Duration,
    refresh_life: Duration,
    /// Access tokens that held a moment ago.
    known: TokenCache,
}

impl Tokens {
    /// With the installation's secret and the lives of both kinds.
    pub(crate) fn new(secret: &[u8], access_life: Duration, refresh_life: Duration) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Self {
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            validation,
            access_life,
            refresh_life,
            known: TokenCache::default(),
        }
    }

    /// A new token for a user.
    pub(crate) fn issue(&self, user: UserId, kind: TokenKind) -> Result<String, jsonwebtoken::errors::Error> {
        let life = match kind {
            TokenKind::Access => self.access_life,
            TokenKind::Refresh => self.refresh_life,
        };
        let now = jsonwebtoken::get_current_timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user.to_string(),
            typ: kind,
            iat: now,
            exp: now.saturating_add(life.as_secs()),
            jti: uuid::Uuid::new_v4().to_string(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
    }

    /// Who a token of this kind belongs to, or `None` for whatever is wrong with it.
    pub(crate) fn verify(&self, token: &str, kind: TokenKind) -> Option<Verified> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        if kind == TokenKind::Access
            && let Some(known) = self.known.get(token, LEEWAY_S, jsonwebtoken::get_current_timestamp())
        {
            return Some(known);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.validation).ok()?.claims;
        let user = claims.sub.parse::<u32>().ok().filter(|number| *number != 0)?;
        let verified = Verified { user: UserId::new(user), expires_at: claims.exp };
        if claims.typ != kind {
            return None;
        }
        if kind == TokenKind::Access {
            self.known.insert(token, verified);
        }
        Some(verified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const SECRET: &[u8] = b"a secret of the test, long enough";

    fn tokens() -> Tokens {
        Tokens::new(SECRET, Duration::from_secs(900), Duration::from_secs(3_600))
    }

    fn claims() -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "7", "typ": "access", "iat": now, "exp": now + 60, "jti": "x"})
    }

    fn signed(algorithm: Algorithm, secret: &[u8], claims: &Value) -> String {
        jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret)).expect("signs")
    }

    #[track_caller]
    fn check(changes: &Value, valid: bool) {
        let mut body = claims();
        for (name, value) in changes.as_object().expect("an object") {
            if value.is_null() {
                body.as_object_mut().expect("an object").remove(name);
            } else {
                body[name] = value.clone();
            }
        }
        let token = signed(Algorithm::HS256, SECRET, &body);
        assert_eq!(tokens().verify(&token, TokenKind::Access).is_some(), valid, "{changes}");
    }

    #[test]
    fn our_tokens_hold_for_their_own_purpose() {
        let tokens = tokens();
        let access = tokens.issue(UserId::new(7), TokenKind::Access).expect("signs");
        let refresh = tokens.issue(UserId::new(7), TokenKind::Refresh).expect("signs");
        assert_eq!(tokens.verify(&access, TokenKind::Access).map(|token| token.user), Some(UserId::new(7)));
        assert_eq!(tokens.verify(&refresh, TokenKind::Refresh).map(|token| token.user), Some(UserId::new(7)));
        assert!(tokens.verify(&access, TokenKind::Refresh).is_none());
        assert!(tokens.verify(&refresh, TokenKind::Access).is_none());
    }

    #[test]
    fn claims_are_required_and_judged() {
        let now = jsonwebtoken::get_current_timestamp();
        check(&json!({}), true);
        check(&json!({"exp": now - 2}), true);
        for forged in [
            json!({"exp": now - 30}),
            json!({"exp": null}),
            json!({"exp": "soon"}),
            json!({"exp": "99999999999"}),
            json!({"exp": -1}),
            json!({"nbf": now + 600}),
            json!({"nbf": "later"}),
            json!({"iss": null}),
            json!({"iss": "elsewhere"}),
            json!({"iss": 7}),
            json!({"aud": null}),
            json!({"aud": "another-api"}),
            json!({"aud": []}),
            json!({"sub": null}),
            json!({"sub": ""}),
            json!({"sub": "0"}),
            json!({"sub": "-7"}),
            json!({"sub": "admin"}),
            json!({"sub": 7}),
            json!({"sub": "99999999999"}),
            json!({"typ": null}),
            json!({"typ": "refresh"}),
            json!({"typ": "admin"}),
            json!({"typ": 1}),
        ] {
            check(&forged, false);
        }
    }

    #[test]
    fn forged_signatures_and_algorithms_are_refused() {
        let tokens = tokens();
        let valid = signed(Algorithm::HS256, SECRET, &claims());
        let parts: Vec<&str> = valid.split('.').collect();
        // {"alg":"none","typ":"JWT"} and {"alg":"None"} in base64url.
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        let none_capital = "eyJhbGciOiJOb25lIn0";
        let forgeries = [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "not a token".to_owned(),
            signed(Algorithm::HS256, b"another secret", &claims()),
            signed(Algorithm::HS256, b"", &claims()),
            signed(Algorithm::HS384, SECRET, &claims()),
            signed(Algorithm::HS512, SECRET, &claims()),
            format!("{none}.{}.", parts[1]),
            format!("{none_capital}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}", parts[0], parts[1]),
            format!("{}.{}.{}", parts[0], parts[1], &parts[2][..parts[2].len() - 2]),
            format!("{}.{}x.{}", parts[0], parts[1], parts[2]),
            format!("{valid}.{}", parts[2]),
            format!(" {valid}"),
            "x".repeat(100_000),
        ];
        assert!(tokens.verify(&valid, TokenKind::Access).is_some());
        for forged in &forgeries {
            assert!(tokens.verify(forged, TokenKind::Access).is_none(), "{forged:.80}");
        }
    }
}
