//! Liveness and readiness.

use crate::problem::Problem;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// `GET /readyz`: recovered, listening, and neither failed nor stopping.
pub(crate) async fn readyz(State(state): State<AppState>) -> Result<Json<Value>, Problem> {
    let status = state.handle.status();
    let unready = |code: &'static str, detail: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
    if let Some(failure) = status.failure {
        return Err(unready("FAILED", failure.to_string()));
    }
    if status.stopping || *state.stopping.borrow() {
        return Err(unready("STOPPING", "the server is stopping".to_owned()));
    }
    Ok(Json(json!({
        "status": "ready",
        "epoch": state.handle.epoch().to_string(),
        "feed_connected": state.feed_status.connected(),
        "time": state.handle.engine_time().to_string(),
    })))
}
