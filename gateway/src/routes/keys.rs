//! API keys: made and revoked by people, never by keys.

use crate::auth::{FreshKey, Person, hash_secret};
use crate::dto::{ApiKeyCreated, ApiKeyReply, ApiKeyRequest, Page, ScopeName, Timestamp, name};
use crate::json::StrictJson;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use persistence::{ApiKeyRow, Catalogue};
use runtime::Change;

fn reply(state: &AppState, row: &ApiKeyRow) -> ApiKeyReply {
    let scope = |name: &String| match name.as_str() {
        "read" => Some(ScopeName::Read),
        "trade" => Some(ScopeName::Trade),
        _ => None,
    };
    ApiKeyReply {
        key_id: row.key_id.clone(),
        label: row.label.clone(),
        scopes: row.scopes.iter().filter_map(scope).collect(),
        portfolio_id: row.portfolio.map(|id| state.ids.portfolio(id)),
        created_at: Timestamp(row.created_at),
    }
}

/// One's own API keys, without their secrets.
#[utoipa::path(get, path = "/api/users/me/api-keys/", operation_id = "listApiKeys", tag = "users", security(("bearer" = [])),
    responses((status = 200, body = Page<ApiKeyReply>), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Person(principal): Person,
) -> Result<Json<Page<ApiKeyReply>>, Problem> {
    let rows = state.catalogue().keys_of(principal.user).map_err(|error| Problem::of_catalogue(&error))?;
    Ok(Json(Page::whole(rows.iter().map(|row| reply(&state, row)).collect())))
}

/// Makes an API key. Its secret is shown this once.
#[utoipa::path(post, path = "/api/users/me/api-keys/", operation_id = "createApiKey", tag = "users", request_body = ApiKeyRequest, security(("bearer" = [])),
    responses((status = 201, body = ApiKeyCreated), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 503, description = "OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL", body = ProblemDocument),
        (status = 507, description = "STORAGE_LOW: no effect", body = ProblemDocument)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    Person(principal): Person,
    StrictJson(request): StrictJson<ApiKeyRequest>,
) -> Result<(StatusCode, Json<ApiKeyCreated>), Problem> {
    let text = request.label.as_deref().ok_or_else(|| Problem::missing("label"))?;
    let label = name("label", text)?.as_str().to_owned();
    let wanted = request.scopes.unwrap_or_else(|| vec![ScopeName::Read, ScopeName::Trade]);
    if wanted.is_empty() {
        return Err(Problem::invalid("scopes", "must name at least one scope"));
    }
    let mut scopes = vec!["read".to_owned()];
    if wanted.contains(&ScopeName::Trade) {
        scopes.push("trade".to_owned());
    }
    let portfolio = match request.portfolio_id {
        Some(id) => Some(state.owned_portfolio(&principal, id).await?.id),
        None => None,
    };
    let FreshKey { key_id, secret } = FreshKey::draw();
    let row = ApiKeyRow {
        key_id,
        secret_hash: hash_secret(&secret),
        user: principal.user,
        label,
        scopes,
        portfolio,
        created_at: state.created_at(),
    };
    let key = reply(&state, &row);
    state.catalogue_write(Change::Growth, move |catalogue| catalogue.create_key(&row)).await?;
    Ok((StatusCode::CREATED, Json(ApiKeyCreated { key, secret })))
}

/// Ends an API key at once.
#[utoipa::path(delete, path = "/api/users/me/api-keys/{key_id}/", operation_id = "revokeApiKey", tag = "users", params(("key_id" = String, Path)),
    security(("bearer" = [])), responses((status = 204), (status = 404, body = ProblemDocument),
        (status = 503, description = "OUTCOME_UNKNOWN or STORAGE_UNAVAILABLE", body = ProblemDocument)))]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    Person(principal): Person,
    Path(key_id): Path<String>,
) -> Result<StatusCode, Problem> {
    // As long as it can be written: a key that is out must be stopped.
    let revoking = move |catalogue: &Catalogue| catalogue.revoke_key(principal.user, &key_id);
    state.catalogue_write(Change::Cancel, revoking).await?;
    state.keys.revoked();
    Ok(StatusCode::NO_CONTENT)
}
