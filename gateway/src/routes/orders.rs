//! Orders: sending, changing, ending, looking at one.
//!
//! The order of refusals: wrong shape (400), not one's own portfolio (404), not offered (501), then
//! the engine's word (422, 409).

use super::order_tree::tree;
use crate::auth::{Principal, Trader, User};
use crate::dto::{Amend, AmendRequest, OrderDraft, OrderRequest, OrderView, Page, ParsedOrder, symbol};
use crate::json::{StrictJson, StrictQuery};
use crate::problem::{Problem, ProblemDocument};
use crate::state::{AppState, unexpected};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use model::{ClientOrderId, Command, CommandReply, OrderId, OrderStatus, PortfolioId, Reject, Symbol};
use persistence::OrderRow;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// What became of a submitted order.
pub(crate) enum Submitted {
    /// It was taken.
    Accepted(OrderView),
    /// The same was sent before.
    Replayed(OrderView),
}

/// Sends an order for a portfolio that belongs to whoever asks.
///
/// # Errors
/// 422 with the rejected order in `order`, 409, or 503.
pub(crate) async fn submit(
    state: &AppState,
    principal: &Principal,
    portfolio: PortfolioId,
    (draft, client_order_id): (OrderDraft, ClientOrderId),
) -> Result<Submitted, Problem> {
    for symbol in draft.symbols() {
        state.watch(symbol);
    }
    let order = draft.into_order(portfolio, client_order_id);
    match state.send(principal.submitted_by(), Command::Submit(order)).await? {
        CommandReply::Accepted(id) => {
            if !state.open_portfolios.contains_key(&portfolio) {
                // It was put away while the order was on its way.
                state.send(principal.submitted_by(), Command::Cancel { order: id }).await?;
            }
            Ok(Submitted::Accepted(view(state, id)?))
        }
        CommandReply::Duplicate(id) => {
            let row = row(state, id)?;
            match (row.status, &row.reject) {
                (OrderStatus::Rejected, Some(reject)) => Err(rejected(state, &row, reject)),
                _ => Ok(Submitted::Replayed(nested(state, &row)?)),
            }
        }
        CommandReply::OrderRejected(id, reject) => Err(rejected(state, &row(state, id)?, &reject)),
        CommandReply::Refused(reject) => Err(Problem::rejected(&reject)),
        other @ (CommandReply::Done | CommandReply::Replaced(_) | CommandReply::Canceled(_)) => {
            Err(unexpected(&other))
        }
    }
}

fn rejected(state: &AppState, row: &OrderRow, reject: &Reject) -> Problem {
    Problem::rejected(reject).with_order(OrderView::of(row, &state.ids))
}

fn row(state: &AppState, id: OrderId) -> Result<OrderRow, Problem> {
    let found = state.handle.order(id).map_err(|error| Problem::unreadable(&error))?;
    found.ok_or_else(|| Problem::internal(&format!("order {id} was answered and is not in the views")))
}

fn nested(state: &AppState, row: &OrderRow) -> Result<OrderView, Problem> {
    tree(&state.handle, &state.ids, row).map_err(|error| Problem::unreadable(&error))
}

/// An order with its legs.
pub(crate) fn view(state: &AppState, id: OrderId) -> Result<OrderView, Problem> {
    nested(state, &row(state, id)?)
}

/// The order behind a path's id, when its portfolio belongs to whoever asks.
async fn owned_order(state: &AppState, principal: &Principal, id: &str) -> Result<OrderId, Problem> {
    let id = Uuid::parse_str(id).ok().and_then(|id| state.ids.order_of(id)).ok_or_else(Problem::not_found)?;
    state.owned(principal, id.portfolio()).await?;
    let found = state.handle.order(id).map_err(|error| Problem::unreadable(&error))?;
    found.map(|_| id).ok_or_else(Problem::not_found)
}

/// Sends an order.
#[utoipa::path(post, path = "/api/paper/orders/", operation_id = "createOrder", tag = "orders", request_body = OrderRequest, security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 201, description = "Taken", body = OrderView),
        (status = 200, description = "Sent before; `Idempotent-Replayed: true`", body = OrderView),
        (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, description = "Refused; the order exists, REJECTED", body = ProblemDocument),
        (status = 501, body = ProblemDocument),
        (status = 503, description = "OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: no effect. OUTCOME_UNKNOWN: send it again with the same client_order_id", body = ProblemDocument),
        (status = 507, description = "STORAGE_LOW: no effect", body = ProblemDocument)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    Trader(principal): Trader,
    StrictJson(request): StrictJson<OrderRequest>,
) -> Result<Response, Problem> {
    let ParsedOrder { portfolio, client_order_id, draft } = request.parse()?;
    let row = state.owned_portfolio(&principal, portfolio).await?;
    let draft = draft.map_err(|field| Problem::not_implemented(Some(field)))?;
    match submit(&state, &principal, row.id, (draft, client_order_id)).await? {
        Submitted::Accepted(order) => Ok((StatusCode::CREATED, Json(order)).into_response()),
        Submitted::Replayed(order) => {
            let mut response = (StatusCode::OK, Json(order)).into_response();
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
            Ok(response)
        }
    }
}

/// One order.
#[utoipa::path(get, path = "/api/paper/orders/{id}/", operation_id = "getOrder", tag = "orders", params(("id" = Uuid, Path)), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = OrderView), (status = 404, body = ProblemDocument)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    User(principal): User,
    Path(id): Path<String>,
) -> Result<Json<OrderView>, Problem> {
    let id = owned_order(&state, &principal, &id).await?;
    view(&state, id).map(Json)
}

/// Changes an open order in place, or cancels it with `{"status": "CANCELED"}`.
#[utoipa::path(patch, path = "/api/paper/orders/{id}/", operation_id = "changeOrder", tag = "orders", params(("id" = Uuid, Path)), request_body = AmendRequest,
    security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = OrderView), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, description = "Not open any more", body = ProblemDocument),
        (status = 422, description = "Refused; `order` stands unchanged", body = ProblemDocument),
        (status = 503, description = "As for a new order, except that a change is safe to repeat", body = ProblemDocument),
        (status = 507, description = "STORAGE_LOW: no effect; cancels and smaller quantities are still taken", body = ProblemDocument)))]
pub(crate) async fn amend(
    State(state): State<AppState>,
    Trader(principal): Trader,
    Path(id): Path<String>,
    StrictJson(request): StrictJson<AmendRequest>,
) -> Result<Json<OrderView>, Problem> {
    let wanted = request.parse()?;
    let order = owned_order(&state, &principal, &id).await?;
    let command = match wanted {
        Amend::Cancel => Command::Cancel { order },
        Amend::Change(amendment) => Command::Replace { order, amendment },
    };
    finish(&state, &principal, order, command).await
}

/// Cancels an order.
#[utoipa::path(delete, path = "/api/paper/orders/{id}/", operation_id = "cancelOrder", tag = "orders", params(("id" = Uuid, Path)), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = OrderView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 503, description = "OUTCOME_UNKNOWN or STORAGE_UNAVAILABLE: safe to repeat", body = ProblemDocument)))]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    Trader(principal): Trader,
    Path(id): Path<String>,
) -> Result<Json<OrderView>, Problem> {
    let order = owned_order(&state, &principal, &id).await?;
    finish(&state, &principal, order, Command::Cancel { order }).await
}

async fn finish(
    state: &AppState,
    principal: &Principal,
    order: OrderId,
    command: Command,
) -> Result<Json<OrderView>, Problem> {
    match state.send(principal.submitted_by(), command).await? {
        CommandReply::Done | CommandReply::Replaced(_) | CommandReply::Canceled(_) => view(state, order).map(Json),
        CommandReply::Refused(reject) => Err(Problem::rejected(&reject).with_order(view(state, order)?)),
        other @ (CommandReply::Accepted(_) | CommandReply::OrderRejected(..) | CommandReply::Duplicate(_)) => {
            Err(unexpected(&other))
        }
    }
}

/// Whose orders to cancel.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CancelQuery {
    /// Required.
    portfolio_id: Option<String>,
    /// Only this symbol's.
    symbol: Option<String>,
}

/// Cancels all open orders of a portfolio.
#[utoipa::path(delete, path = "/api/paper/orders/", operation_id = "cancelAllOrders", tag = "orders", params(CancelQuery), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, description = "The orders that ended", body = Page<OrderView>), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 503, description = "OUTCOME_UNKNOWN or STORAGE_UNAVAILABLE: safe to repeat", body = ProblemDocument)))]
pub(crate) async fn cancel_all(
    State(state): State<AppState>,
    Trader(principal): Trader,
    StrictQuery(query): StrictQuery<CancelQuery>,
) -> Result<Json<Page<OrderView>>, Problem> {
    let id = portfolio_id(query.portfolio_id.as_deref())?;
    let symbol: Option<Symbol> = query.symbol.as_deref().map(|text| symbol("symbol", text)).transpose()?;
    let row = state.owned_portfolio(&principal, id).await?;
    let command = Command::CancelAll { portfolio: row.id, symbol };
    match state.send(principal.submitted_by(), command).await? {
        CommandReply::Canceled(ids) => {
            let orders = ids.into_iter().map(|id| view(&state, id)).collect::<Result<Vec<_>, _>>()?;
            Ok(Json(Page::whole(orders)))
        }
        CommandReply::Done => Ok(Json(Page::whole(Vec::new()))),
        CommandReply::Refused(reject) => Err(Problem::rejected(&reject)),
        other @ (CommandReply::Accepted(_)
        | CommandReply::OrderRejected(..)
        | CommandReply::Duplicate(_)
        | CommandReply::Replaced(_)) => Err(unexpected(&other)),
    }
}

/// The query's portfolio.
pub(crate) fn portfolio_id(text: Option<&str>) -> Result<Uuid, Problem> {
    let text = text.ok_or_else(|| Problem::missing("portfolio_id"))?;
    Uuid::parse_str(text).map_err(|_| Problem::invalid("portfolio_id", "must be a UUID"))
}
