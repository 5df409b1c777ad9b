//! Liveness and readiness, and what state the server is in.

use crate::dto::Timestamp;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use runtime::{SpaceState, SystemStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// The room on the disk.
#[derive(Serialize, ToSchema)]
#[schema(as = StorageState)]
pub(crate) struct StorageReply {
    /// `enough`; `low`: nothing that grows is taken; `full`: nothing but cancels is taken.
    #[schema(example = "enough")]
    state: &'static str,
    /// Bytes that may still be written; null where nobody knows.
    free_bytes: Option<u64>,
    /// Below it the state is `low`; 0 is no limit.
    soft_limit_bytes: u64,
    /// Below it the state is `full`; 0 is no limit.
    hard_limit_bytes: u64,
}

impl StorageReply {
    fn of(status: &SystemStatus) -> Self {
        let space = status.space;
        Self {
            state: storage_state(space.state),
            free_bytes: (space.free_bytes < u64::MAX).then_some(space.free_bytes),
            soft_limit_bytes: space.limits.soft_bytes,
            hard_limit_bytes: space.limits.hard_bytes,
        }
    }
}

/// The state in a word.
pub(crate) fn storage_state(state: SpaceState) -> &'static str {
    match state {
        SpaceState::Enough => "enough",
        SpaceState::Low => "low",
        SpaceState::Full => "full",
    }
}

/// That the process answers.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthReply {
    #[schema(example = "ok")]
    status: &'static str,
    /// `working`; `healing`: the storage failed and is being opened again; `refusing`: it failed for
    /// good, and only reads are answered; `stopping`.
    #[schema(example = "working")]
    state: &'static str,
    /// `journal`: nothing is seen before it is on disk; `behind`: a crash may take back what was seen; `off`: nothing
    /// survives.
    #[schema(example = "journal")]
    durability: &'static str,
    /// The room on the disk.
    storage: StorageReply,
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
    /// The room on the disk. While it is little, the server is ready all the same: what is open can be
    /// ended and everything can be read.
    storage: StorageReply,
}

/// What the server is doing, in a word.
pub(crate) fn state_word(status: &SystemStatus) -> &'static str {
    match &status.failure {
        Some(failure) if failure.is_final() => "refusing",
        Some(_) => "healing",
        None if status.catalogue_failed => "healing",
        None if status.stopping => "stopping",
        None => "working",
    }
}

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", operation_id = "getHealth", tag = "operation",
    responses((status = 200, body = HealthReply)))]
pub(crate) async fn healthz(State(state): State<AppState>) -> Json<HealthReply> {
    let status = state.handle.status();
    let durability = state.settings.durability.name();
    Json(HealthReply { status: "ok", state: state_word(&status), durability, storage: StorageReply::of(&status) })
}

/// Whether the server is recovered and listening, and neither failed nor stopping.
#[utoipa::path(get, path = "/readyz", operation_id = "getReadiness", tag = "operation",
    responses((status = 200, body = ReadyReply),
        (status = 503, description = "STORAGE_UNAVAILABLE (it heals by itself), FAILED (it does not) or STOPPING", body = ProblemDocument)))]
pub(crate) async fn readyz(State(state): State<AppState>) -> Result<Json<ReadyReply>, Problem> {
    let status = state.handle.status();
    let unready = |code: &'static str, detail: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
    match &status.failure {
        Some(failure) if failure.is_final() => return Err(unready("FAILED", failure.to_string())),
        Some(failure) => {
            return Err(unready("STORAGE_UNAVAILABLE", format!("{failure}; it is being opened again")));
        }
        None => {}
    }
    if status.stopping || *state.stopping.borrow() {
        return Err(unready("STOPPING", "the server is stopping".to_owned()));
    }
    Ok(Json(ReadyReply {
        status: "ready",
        epoch: state.handle.epoch().to_string(),
        feed_connected: state.feed_status.connected(),
        time: Timestamp(state.handle.engine_time()),
        storage: StorageReply::of(&status),
    }))
}
