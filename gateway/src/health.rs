//! Liveness and readiness.

use crate::dto::Timestamp;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// That the process answers.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthReply {
    #[schema(example = "ok")]
    status: &'static str,
}

/// That requests are taken.
#[derive(Serialize, ToSchema)]
#[schema(as = Readiness)]
pub(crate) struct ReadyReply {
    #[schema(example = "ready")]
    status: &'static str,
    /// The history that sequence numbers belong to.
    epoch: String,
    /// Whether prices arrive.
    feed_connected: bool,
    /// Engine time.
    time: Timestamp,
}

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", operation_id = "getHealth", tag = "operation",
    responses((status = 200, body = HealthReply)))]
pub(crate) async fn healthz() -> Json<HealthReply> {
    Json(HealthReply { status: "ok" })
}

/// Whether the server is recovered and listening, and neither failed nor stopping.
#[utoipa::path(get, path = "/readyz", operation_id = "getReadiness", tag = "operation",
    responses((status = 200, body = ReadyReply), (status = 503, description = "FAILED or STOPPING", body = ProblemDocument)))]
pub(crate) async fn readyz(State(state): State<AppState>) -> Result<Json<ReadyReply>, Problem> {
    let status = state.handle.status();
    let unready = |code: &'static str, detail: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
    if let Some(failure) = status.failure {
        return Err(unready("FAILED", failure.to_string()));
    }
    if status.stopping || *state.stopping.borrow() {
        return Err(unready("STOPPING", "the server is stopping".to_owned()));
    }
    Ok(Json(ReadyReply {
        status: "ready",
        epoch: state.handle.epoch().to_string(),
        feed_connected: state.feed_status.connected(),
        time: Timestamp(state.handle.engine_time()),
    }))
}
