//! The list of orders.

use super::order_tree::{roots, tree};
use super::orders::portfolio_id;
use crate::auth::User;
use crate::dto::{OrderView, Page, page_limit, status_filter, symbol};
use crate::json::StrictQuery;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use persistence::{OrderFilter, OrderRow};
use runtime::{Handle, ViewError};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which orders.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrdersQuery {
    /// Required.
    portfolio_id: Option<String>,
    /// open, closed or one status by its name; all when absent.
    status: Option<String>,
    /// Only this symbol's.
    symbol: Option<String>,
    /// true puts children under `legs`, and shows a chain once, where its newest order stands.
    nested: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    limit: Option<String>,
}

/// The orders of a portfolio, newest first.
#[utoipa::path(get, path = "/api/paper/orders/", operation_id = "listOrders", tag = "orders", params(OrdersQuery), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = Page<OrderView>), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    User(principal): User,
    StrictQuery(query): StrictQuery<OrdersQuery>,
) -> Result<Json<Page<OrderView>>, Problem> {
    let id = portfolio_id(query.portfolio_id.as_deref())?;
    let limit = page_limit(query.limit.as_deref())?;
    let wrong_status = || Problem::invalid("status", "must be open, closed or the name of a status");
    let status = query.status.as_deref().map(|text| status_filter(text).ok_or_else(wrong_status)).transpose()?;
    let symbol = query.symbol.as_deref().map(|text| symbol("symbol", text)).transpose()?;
    let nested = match query.nested.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::invalid("nested", "must be true or false")),
    };
    let row = state.owned_portfolio(&principal, id).await?;
    let before = match query.cursor.as_deref() {
        None => None,
        Some(text) => {
            let order = Uuid::parse_str(text).ok().and_then(|id| state.ids.order_of(id));
            let own = order.filter(|order| order.portfolio() == row.id);
            Some(own.ok_or_else(|| Problem::invalid("cursor", "is not a cursor of this list"))?)
        }
    };
    let filter = OrderFilter { status, symbol };
    let rows = state.read(move |handle| handle.orders(row.id, &filter, before, limit + 1)).await?;
    let page = Page::cut(rows, limit, |row: &OrderRow| state.ids.order(row.id).to_string());
    if !nested {
        let results = page.results.iter().map(|row| OrderView::of(row, &state.ids)).collect();
        return Ok(Json(Page { results, next: page.next }));
    }
    let ids = Arc::clone(&state.ids);
    let read = move |handle: &Handle| {
        let roots = roots(handle, page.results, before)?;
        roots.iter().map(|row| tree(handle, &ids, row)).collect::<Result<Vec<_>, ViewError>>()
    };
    Ok(Json(Page { results: state.read(read).await?, next: page.next }))
}
