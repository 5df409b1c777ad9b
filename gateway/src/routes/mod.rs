//! REST: thin handlers between DTOs and the runtime's handle. No rule of trading lives here.

mod keys;
mod market;
mod not_offered;
mod order_list;
mod order_tree;
mod orders;
mod portfolios;
mod positions;
mod trades;
mod users;

use crate::state::AppState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use orders::submit;

/// Every documented route.
pub(crate) fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(users::token))
        .routes(routes!(users::refresh))
        .routes(routes!(users::register))
        .routes(routes!(users::me))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(market::quote))
        .routes(routes!(market::history))
        .routes(routes!(market::instruments))
        .routes(routes!(market::clock))
        .routes(routes!(portfolios::list, portfolios::create))
        .routes(routes!(portfolios::show, portfolios::change, portfolios::archive))
        .routes(routes!(portfolios::deposit))
        .routes(routes!(portfolios::withdraw))
        .routes(routes!(portfolios::events))
        .routes(routes!(positions::list, positions::close_all))
        .routes(routes!(positions::close))
        .routes(routes!(order_list::list, orders::create, orders::cancel_all))
        .routes(routes!(orders::show, orders::amend, orders::cancel))
        .routes(routes!(trades::list))
        .merge(not_offered::routes())
}
