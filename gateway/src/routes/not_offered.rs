//! Paths that are documented and not offered: each says so, after the usual checks of who asks.

use crate::auth::{OwnedPortfolio, User};
use crate::problem::Problem;
use crate::state::AppState;
use axum::routing::{any, get};
use utoipa_axum::router::OpenApiRouter;

async fn for_users(_user: User) -> Problem {
    Problem::not_implemented(None)
}

async fn for_owners(_: OwnedPortfolio) -> Problem {
    Problem::not_implemented(None)
}

async fn for_everyone() -> Problem {
    Problem::not_implemented(None)
}

/// The routes; they are no part of the generated document.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    let owned = ["reset", "performance", "audit"];
    let signed_in = [
        "/api/users/me/performance-summary/",
        "/api/paper/strategies/",
        "/api/paper/strategies/{*rest}",
        "/api/paper/backtests/{*rest}",
        "/api/paper/watchlists/",
        "/api/paper/watchlists/{*rest}",
        "/api/paper/leaderboards/{*rest}",
    ];
    let router = OpenApiRouter::new().route("/api/users/{nickname}/", get(for_everyone));
    let router = owned.into_iter().fold(router, |router, name| {
        router.route(&format!("/api/paper/portfolios/{{id}}/{name}/"), any(for_owners))
    });
    signed_in.into_iter().fold(router, |router, path| router.route(path, any(for_users)))
}
