//! Positions: the list, closing one, closing all.

use super::orders::{Submitted, submit};
use super::portfolios::positions;
use crate::auth::{OwnedPortfolio, Principal, Trader};
use crate::dto::{Decimal, OrderDraft, OrderView, Page, PositionReply, qty, symbol};
use crate::json::StrictQuery;
use crate::problem::{Problem, ProblemDocument};
use crate::state::{AppState, unexpected};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::{
    ClientOrderId, Command, CommandReply, OrderKind, OrderTerms, PortfolioId, Qty, RejectCode, Side, Size, Symbol,
    TimeInForce,
};
use persistence::{OrderFilter, StatusFilter};
use runtime::PositionView;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// The positions that are held, valued at the market.
#[utoipa::path(get, path = "/api/paper/portfolios/{id}/positions/", operation_id = "listPositions", tag = "portfolios", params(("id" = Uuid, Path)), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = Page<PositionReply>), (status = 404, body = ProblemDocument)))]
pub(crate) async fn list(State(state): State<AppState>, owned: OwnedPortfolio) -> Json<Page<PositionReply>> {
    Json(Page::whole(positions(&state, &owned.row)))
}

/// Most orders that are looked at to free a holding; as many as a page may have.
const HOLDERS_MAX: usize = 500;

fn held(state: &AppState, portfolio: PortfolioId, symbol: Symbol) -> Option<PositionView> {
    state
        .handle
        .positions(portfolio)
        .into_iter()
        .find(|position| position.symbol == symbol && !position.qty.is_zero())
}

const fn closing_side(position: &PositionView) -> Side {
    if position.qty.is_positive() { Side::Sell } else { Side::Buy }
}

/// Cancels the open orders that would close this holding, so that what they hold back is free.
async fn free(
    state: &AppState,
    principal: &Principal,
    portfolio: PortfolioId,
    position: &PositionView,
) -> Result<(), Problem> {
    let filter = OrderFilter { status: Some(StatusFilter::Open), symbol: Some(position.symbol) };
    let open = state.read(move |handle| handle.orders(portfolio, &filter, None, HOLDERS_MAX)).await?;
    for order in open.iter().filter(|order| order.side == closing_side(position)) {
        match state.send(principal.submitted_by(), Command::Cancel { order: order.id }).await? {
            CommandReply::Done | CommandReply::Canceled(_) => {}
            // It was filled or ended in between, which frees the holding as well.
            CommandReply::Refused(reject) if reject.code == RejectCode::OrderNotOpen => {}
            CommandReply::Refused(reject) => return Err(Problem::rejected(&reject)),
            other @ (CommandReply::Accepted(_)
            | CommandReply::OrderRejected(..)
            | CommandReply::Duplicate(_)
            | CommandReply::Replaced(_)) => return Err(unexpected(&other)),
        }
    }
    Ok(())
}

/// The market order that closes this much of a holding.
fn closing(position: &PositionView, qty: Qty) -> (OrderDraft, ClientOrderId) {
    let name = format!("close-{}", Uuid::new_v4());
    let plain = OrderTerms::plain(OrderKind::Market, Size::Shares(qty));
    let terms = OrderTerms { time_in_force: TimeInForce::Day, ..plain };
    let draft = OrderDraft { symbol: position.symbol, side: closing_side(position), terms, chain: None };
    (draft, ClientOrderId::parse(&name).expect("a prefix and a UUID are a client order id"))
}

async fn close_position(
    state: &AppState,
    principal: &Principal,
    portfolio: PortfolioId,
    order: (OrderDraft, ClientOrderId),
) -> Result<OrderView, Problem> {
    match submit(state, principal, portfolio, order).await? {
        Submitted::Accepted(order) | Submitted::Replayed(order) => Ok(order),
    }
}

/// How much to close.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CloseQuery {
    /// All when absent.
    qty: Option<String>,
}

/// Closes a position, or a part of it, by a market order. Open orders that hold back what is to be sold are
/// cancelled first.
#[utoipa::path(delete, path = "/api/paper/portfolios/{id}/positions/{symbol}/", operation_id = "closePosition", tag = "portfolios",
    params(("id" = Uuid, Path), ("symbol" = String, Path, description = "URL-encoded, such as BTC%2FUSD"), CloseQuery), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 201, body = OrderView), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub(crate) async fn close(
    State(state): State<AppState>,
    _trader: Trader,
    owned: Result<OwnedPortfolio, Problem>,
    names: Path<(String, String)>,
    StrictQuery(query): StrictQuery<CloseQuery>,
) -> Result<(StatusCode, Json<OrderView>), Problem> {
    let wanted = match query.qty.as_deref() {
        None => None,
        Some(text) => {
            let value = Decimal::parse(text).map_err(|error| Problem::invalid("qty", error.to_string()))?;
            Some(qty("qty", value)?)
        }
    };
    let OwnedPortfolio { principal, row } = owned?;
    let Path((_, ticker)) = names;
    let ticker = symbol("symbol", &ticker).map_err(|_| Problem::not_found())?;
    let mut position = held(&state, row.id, ticker).ok_or_else(Problem::not_found)?;
    if wanted.unwrap_or(position.qty.size()) > position.qty.size() - position.reserved_qty {
        free(&state, &principal, row.id, &position).await?;
        position = held(&state, row.id, ticker).ok_or_else(Problem::not_found)?;
    }
    let order = closing(&position, wanted.unwrap_or(position.qty.size()));
    let order = close_position(&state, &principal, row.id, order).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

/// Closes every position by market orders, and cancels the open orders that would close them first. An order that was
/// refused stands in the list, REJECTED.
#[utoipa::path(delete, path = "/api/paper/portfolios/{id}/positions/", operation_id = "closeAllPositions", tag = "portfolios", params(("id" = Uuid, Path)), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = Page<OrderView>), (status = 404, body = ProblemDocument)))]
pub(crate) async fn close_all(
    State(state): State<AppState>,
    owned: OwnedPortfolio,
) -> Result<Json<Page<OrderView>>, Problem> {
    let OwnedPortfolio { principal, row } = owned.for_change()?;
    let mut orders = Vec::new();
    for position in state.handle.positions(row.id).iter().filter(|position| !position.qty.is_zero()) {
        if position.reserved_qty.is_positive() {
            free(&state, &principal, row.id, position).await?;
        }
        let Some(position) = held(&state, row.id, position.symbol) else { continue };
        let order = closing(&position, position.qty.size());
        match close_position(&state, &principal, row.id, order).await {
            Ok(order) => orders.push(order),
            Err(problem) => orders.push(problem.into_order()?),
        }
    }
    Ok(Json(Page::whole(orders)))
}
