//! The list of trades.

use super::orders::portfolio_id;
use crate::auth::User;
use crate::dto::{Page, TradeView, page_limit, symbol};
use crate::json::StrictQuery;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use persistence::TradeFilter;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which trades.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TradesQuery {
    /// Required.
    portfolio_id: Option<String>,
    /// Only this symbol's.
    symbol: Option<String>,
    /// Only this order's.
    order_id: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    limit: Option<String>,
}

/// The trades of a portfolio, newest first.
#[utoipa::path(get, path = "/api/paper/trades/", operation_id = "listTrades", tag = "orders", params(TradesQuery), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = Page<TradeView>), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    User(principal): User,
    StrictQuery(query): StrictQuery<TradesQuery>,
) -> Result<Json<Page<TradeView>>, Problem> {
    let id = portfolio_id(query.portfolio_id.as_deref())?;
    let limit = page_limit(query.limit.as_deref())?;
    let symbol = query.symbol.as_deref().map(|text| symbol("symbol", text)).transpose()?;
    let order = match query.order_id.as_deref() {
        None => None,
        Some(text) => Some(Uuid::parse_str(text).map_err(|_| Problem::invalid("order_id", "must be a UUID"))?),
    };
    let row = state.owned_portfolio(&principal, id).await?;
    let order = match order {
        None => None,
        Some(order) => {
            let own = state.ids.order_of(order).filter(|order| order.portfolio() == row.id);
            Some(own.ok_or_else(Problem::not_found)?)
        }
    };
    let before = match query.cursor.as_deref() {
        None => None,
        Some(text) => {
            let trade = Uuid::parse_str(text).ok().and_then(|id| state.ids.trade_of(id));
            let own = trade.filter(|(portfolio, _)| *portfolio == row.id);
            Some(own.ok_or_else(|| Problem::invalid("cursor", "is not a cursor of this list"))?.1)
        }
    };
    let filter = TradeFilter { symbol, order };
    let rows = state.read(move |handle| handle.trades(row.id, &filter, before, limit + 1)).await?;
    let trades = rows.iter().map(|row| TradeView::of(row, &state.ids)).collect();
    Ok(Json(Page::cut(trades, limit, |trade: &TradeView| trade.id.to_string())))
}
