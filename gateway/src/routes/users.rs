//! Registration, login and oneself.

use crate::auth::{Client, ClientAddress, TokenKind, User, check_nickname, check_password, check_username};
use crate::dto::{AccessReply, LoginRequest, RefreshRequest, RegisterRequest, Timestamp, TokenReply, UserReply};
use crate::json::StrictJson;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use persistence::NewUser;
use runtime::Change;
use std::time::Instant;

fn reply(state: &AppState, user: &persistence::User) -> UserReply {
    UserReply {
        id: state.ids.user(user.id),
        username: user.username.clone(),
        nickname: user.nickname.clone(),
        created_at: Timestamp(user.created_at),
    }
}

/// Registers a user.
#[utoipa::path(post, path = "/api/users/register/", operation_id = "register", tag = "users", request_body = RegisterRequest,
    responses((status = 201, body = UserReply), (status = 400, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 503, description = "OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL", body = ProblemDocument),
        (status = 507, description = "STORAGE_LOW: no effect", body = ProblemDocument)))]
pub(crate) async fn register(
    State(state): State<AppState>,
    StrictJson(request): StrictJson<RegisterRequest>,
) -> Result<(StatusCode, Json<UserReply>), Problem> {
    check_username(&request.username)?;
    check_password(&request.password)?;
    let nickname = check_nickname(request.nickname.as_deref().unwrap_or(&request.username))?;
    let password_hash = state.passwords.hash(request.password).await?;
    let new = NewUser { username: request.username, password_hash, nickname, created_at: state.created_at() };
    let user = state.catalogue_write(Change::Growth, move |catalogue| catalogue.create_user(new)).await?;
    Ok((StatusCode::CREATED, Json(reply(&state, &user))))
}

/// Exchanges a username and a password for tokens.
#[utoipa::path(post, path = "/api/token/", operation_id = "signIn", tag = "users", request_body = LoginRequest,
    responses((status = 200, body = TokenReply), (status = 401, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
pub(crate) async fn token(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    StrictJson(request): StrictJson<LoginRequest>,
) -> Result<Json<TokenReply>, Problem> {
    let account = Client::Account(request.username.chars().take(64).collect::<String>().to_lowercase());
    let address = Client::Address(address);
    for client in [&account, &address] {
        state.backoff.check(client, Instant::now())?;
    }
    // A name or password that breaks the rules belongs to nobody; hashing a huge one would cost.
    let plausible = check_username(&request.username).is_ok() && request.password.len() <= 256;
    let user = match plausible {
        true => {
            state.catalogue().user_by_name(&request.username).map_err(|error| Problem::of_catalogue(&error))?
        }
        false => None,
    };
    let password = if plausible { request.password } else { String::new() };
    let kept = user.as_ref().map(|user| user.password_hash.clone());
    let matches = state.passwords.verify(password, kept).await?;
    let Some(user) = user.filter(|_| matches) else {
        state.backoff.failed(account, Instant::now());
        state.backoff.failed(address, Instant::now());
        return Err(Problem::wrong_credentials());
    };
    state.backoff.succeeded(&account);
    let sign = |kind| state.tokens.issue(user.id, kind).map_err(|error| Problem::internal(&error));
    Ok(Json(TokenReply { access: sign(TokenKind::Access)?, refresh: sign(TokenKind::Refresh)? }))
}

/// Exchanges a refresh token for a new access token.
#[utoipa::path(post, path = "/api/token/refresh/", operation_id = "refreshToken", tag = "users", request_body = RefreshRequest,
    responses((status = 200, body = AccessReply), (status = 401, body = ProblemDocument)))]
pub(crate) async fn refresh(
    State(state): State<AppState>,
    StrictJson(request): StrictJson<RefreshRequest>,
) -> Result<Json<AccessReply>, Problem> {
    let verified = state.tokens.verify(&request.refresh, TokenKind::Refresh).ok_or_else(Problem::unauthorized)?;
    if !state.user_exists(verified.user)? {
        return Err(Problem::unauthorized());
    }
    let access =
        state.tokens.issue(verified.user, TokenKind::Access).map_err(|error| Problem::internal(&error))?;
    Ok(Json(AccessReply { access }))
}

/// Oneself.
#[utoipa::path(get, path = "/api/users/me/", operation_id = "getMe", tag = "users", security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = UserReply), (status = 401, body = ProblemDocument)))]
pub(crate) async fn me(State(state): State<AppState>, User(principal): User) -> Result<Json<UserReply>, Problem> {
    let user = state.catalogue().user(principal.user).map_err(|error| Problem::of_catalogue(&error))?;
    user.map(|user| Json(reply(&state, &user))).ok_or_else(Problem::unauthorized)
}
