//! Users, tokens and API keys as clients write and read them. Secrets have no `Debug`.

use super::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A new user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"username": "ada", "password": "correct horse battery"}))]
pub(crate) struct RegisterRequest {
    /// 3 to 32 of letters, digits and `. _ - @ +`.
    pub(crate) username: String,
    /// 8 to 128 characters.
    pub(crate) password: String,
    /// What others see; the username when absent.
    #[serde(default)]
    pub(crate) nickname: Option<String>,
}

/// Credentials of a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    pub(crate) username: String,
    pub(crate) password: String,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    pub(crate) refresh: String,
}

/// Tokens after a login.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokenReply {
    /// For `Authorization: Bearer`.
    pub(crate) access: String,
    /// For `/api/token/refresh/`.
    pub(crate) refresh: String,
}

/// A new access token.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessToken)]
pub(crate) struct AccessReply {
    pub(crate) access: String,
}

/// A user, as that user sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserReply {
    pub(crate) id: Uuid,
    #[schema(example = "ada")]
    pub(crate) username: String,
    #[schema(example = "ada")]
    pub(crate) nickname: String,
    pub(crate) created_at: Timestamp,
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScopeName {
    Read,
    Trade,
}

/// A new API key.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"label": "my bot", "scopes": ["read", "trade"]}))]
pub(crate) struct ApiKeyRequest {
    /// Required; at most 64 bytes.
    pub(crate) label: Option<String>,
    /// Both when absent.
    pub(crate) scopes: Option<Vec<ScopeName>>,
    /// Binds the key to one portfolio.
    pub(crate) portfolio_id: Option<Uuid>,
}

/// An API key, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyReply {
    pub(crate) key_id: String,
    pub(crate) label: String,
    pub(crate) scopes: Vec<ScopeName>,
    pub(crate) portfolio_id: Option<Uuid>,
    pub(crate) created_at: Timestamp,
}

/// A new API key with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyCreated {
    #[serde(flatten)]
    pub(crate) key: ApiKeyReply,
    pub(crate) secret: String,
}
