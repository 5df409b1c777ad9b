//! Portfolios: making, changing, money in and out, and the stream's messages by page.

use crate::auth::{OwnedPortfolio, Principal, Trader, User};
use crate::dto::{
    FlowRequest, Page, PortfolioChange, PortfolioReply, PortfolioRequest, PositionReply, name, page_limit,
};
use crate::json::{StrictJson, StrictQuery};
use crate::market::mark;
use crate::problem::{Problem, ProblemDocument};
use crate::state::{AppState, Opening, unexpected};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{Command, CommandReply, PortfolioId, PortfolioSeq};
use persistence::{Catalogue, PortfolioRow};
use runtime::Change;
use serde::Deserialize;
use std::time::Duration;
use utoipa::IntoParams;

/// How often ending the last orders of a portfolio that is put away is tried while the queue is full.
const CANCEL_ATTEMPTS: u32 = 600;
/// The pause between two of these attempts.
const CANCEL_PAUSE: Duration = Duration::from_millis(100);

/// The positions that are held, valued at the market.
pub(crate) fn positions(state: &AppState, row: &PortfolioRow) -> Vec<PositionReply> {
    let held = state.handle.positions(row.id);
    held.iter()
        .filter(|position| !position.qty.is_zero())
        .map(|position| {
            PositionReply::of(position, mark(state.handle.quote(position.instrument).as_ref(), position.qty))
        })
        .collect()
}

fn reply(state: &AppState, row: &PortfolioRow) -> Result<PortfolioReply, Problem> {
    let view = state.view(row.id)?;
    Ok(PortfolioReply::of(row, &view, &positions(state, row), (&state.ids, state.handle.epoch())))
}

/// Sends a command that only says done or no.
async fn settle(state: &AppState, principal: &Principal, command: Command) -> Result<(), Problem> {
    match state.send(principal.submitted_by(), command).await? {
        CommandReply::Done | CommandReply::Canceled(_) => Ok(()),
        CommandReply::Refused(reject) => Err(Problem::rejected(&reject)),
        other @ (CommandReply::Accepted(_)
        | CommandReply::OrderRejected(..)
        | CommandReply::Duplicate(_)
        | CommandReply::Replaced(_)) => Err(unexpected(&other)),
    }
}

/// One's own portfolios. The first is made on the first look.
#[utoipa::path(get, path = "/api/paper/portfolios/", operation_id = "listPortfolios", tag = "portfolios", security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = Page<PortfolioReply>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    User(principal): User,
) -> Result<Json<Page<PortfolioReply>>, Problem> {
    let rows = state.portfolios_of(&principal).await?;
    let results = rows.iter().map(|row| reply(&state, row)).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(Page::whole(results)))
}

/// Makes a portfolio.
#[utoipa::path(post, path = "/api/paper/portfolios/", operation_id = "createPortfolio", tag = "portfolios", request_body = PortfolioRequest, security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 201, body = PortfolioReply), (status = 400, body = ProblemDocument), (status = 501, body = ProblemDocument),
        (status = 503, description = "OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL", body = ProblemDocument),
        (status = 507, description = "STORAGE_LOW: no effect", body = ProblemDocument)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    Trader(principal): Trader,
    StrictJson(request): StrictJson<PortfolioRequest>,
) -> Result<(StatusCode, Json<PortfolioReply>), Problem> {
    let spec = request.parse()?;
    if principal.bound_to.is_some() {
        return Err(Problem::forbidden("this key is bound to one portfolio"));
    }
    if spec.not_offered.is_some() {
        return Err(Problem::not_implemented(spec.not_offered));
    }
    let opening = Opening { name: spec.name, starting_balance: spec.starting_balance, limits: spec.limits };
    let row = state.create_portfolio(&principal, opening).await?;
    Ok((StatusCode::CREATED, Json(reply(&state, &row)?)))
}

/// One portfolio.
#[utoipa::path(get, path = "/api/paper/portfolios/{id}/", operation_id = "getPortfolio", tag = "portfolios", params(("id" = uuid::Uuid, Path)), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = PortfolioReply), (status = 404, body = ProblemDocument)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    owned: OwnedPortfolio,
) -> Result<Json<PortfolioReply>, Problem> {
    reply(&state, &owned.row).map(Json)
}

/// Renames a portfolio or changes its limits.
#[utoipa::path(patch, path = "/api/paper/portfolios/{id}/", operation_id = "changePortfolio", tag = "portfolios", params(("id" = uuid::Uuid, Path)), request_body = PortfolioChange,
    security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = PortfolioReply), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 501, body = ProblemDocument),
        (status = 503, description = "OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL", body = ProblemDocument),
        (status = 507, description = "STORAGE_LOW: no effect", body = ProblemDocument)))]
pub(crate) async fn change(
    State(state): State<AppState>,
    _trader: Trader,
    owned: Result<OwnedPortfolio, Problem>,
    StrictJson(request): StrictJson<PortfolioChange>,
) -> Result<Json<PortfolioReply>, Problem> {
    let new_name = request.name.as_deref().map(|text| name("name", text)).transpose()?;
    let checked = request.limits.as_ref().map(|limits| limits.apply(model::RiskLimits::default())).transpose()?;
    if new_name.is_none() && checked.is_none() {
        return Err(Problem::invalid("name", "nothing to change was given"));
    }
    let OwnedPortfolio { principal, mut row } = owned?;
    if let Some((_, Some(field))) = checked {
        return Err(Problem::not_implemented(Some(field)));
    }
    if let Some(change) = &request.limits {
        let (limits, _) = change.apply(state.view(row.id)?.limits)?;
        settle(&state, &principal, Command::SetLimits { portfolio: row.id, limits }).await?;
    }
    if let Some(new_name) = new_name {
        let id = row.id;
        let renaming = move |catalogue: &Catalogue| catalogue.rename_portfolio(id, new_name);
        row = state.catalogue_write(Change::Growth, renaming).await?;
        // Only where it is: putting it away may have come between.
        if let Some(mut known) = state.open_portfolios.get_mut(&id) {
            known.clone_from(&row);
        }
    }
    reply(&state, &row).map(Json)
}

/// Cancels a portfolio's orders and takes it off the list. Its history stays.
#[utoipa::path(delete, path = "/api/paper/portfolios/{id}/", operation_id = "archivePortfolio", tag = "portfolios", params(("id" = uuid::Uuid, Path)), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 204), (status = 404, body = ProblemDocument),
        (status = 503, description = "OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL", body = ProblemDocument),
        (status = 507, description = "STORAGE_LOW: no effect", body = ProblemDocument)))]
pub(crate) async fn archive(State(state): State<AppState>, owned: OwnedPortfolio) -> Result<StatusCode, Problem> {
    let OwnedPortfolio { principal, row } = owned.for_change()?;
    let archiving = put_away(state, principal, row.id);
    // On its own task: a client that hangs up does not leave it half done.
    match tokio::spawn(archiving).await {
        Ok(done) => done.map(|()| StatusCode::NO_CONTENT),
        Err(error) => Err(Problem::internal(&error)),
    }
}

/// Ends a portfolio's orders, takes it off the list, and ends what came in between. Where the process
/// ends or fails between two steps, the next start ends the orders of what is off the list.
async fn put_away(state: AppState, principal: Principal, portfolio: PortfolioId) -> Result<(), Problem> {
    let cancel_all = || Command::CancelAll { portfolio, symbol: None };
    settle(&state, &principal, cancel_all()).await?;
    let archiving = move |catalogue: &Catalogue| catalogue.archive_portfolio(portfolio);
    state.catalogue_write(Change::Shrinking, archiving).await?;
    state.open_portfolios.remove(&portfolio);
    for _ in 0..CANCEL_ATTEMPTS {
        match settle(&state, &principal, cancel_all()).await {
            Err(problem) if problem.code() == "OVERLOADED" => tokio::time::sleep(CANCEL_PAUSE).await,
            settled => return settled,
        }
    }
    Err(Problem::overloaded())
}

/// Puts money in.
#[utoipa::path(post, path = "/api/paper/portfolios/{id}/deposit/", operation_id = "deposit", tag = "portfolios", params(("id" = uuid::Uuid, Path)), request_body = FlowRequest,
    security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = PortfolioReply), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 503, description = "OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL", body = ProblemDocument),
        (status = 507, description = "STORAGE_LOW: no effect", body = ProblemDocument)))]
pub(crate) async fn deposit(
    State(state): State<AppState>,
    _trader: Trader,
    owned: Result<OwnedPortfolio, Problem>,
    StrictJson(request): StrictJson<FlowRequest>,
) -> Result<Json<PortfolioReply>, Problem> {
    let (amount, note) = request.parse()?;
    let OwnedPortfolio { principal, row } = owned?;
    settle(&state, &principal, Command::Deposit { portfolio: row.id, amount, note }).await?;
    reply(&state, &row).map(Json)
}

/// Takes money out; refused beyond what is free.
#[utoipa::path(post, path = "/api/paper/portfolios/{id}/withdraw/", operation_id = "withdraw", tag = "portfolios", params(("id" = uuid::Uuid, Path)), request_body = FlowRequest,
    security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = PortfolioReply), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, description = "OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL", body = ProblemDocument),
        (status = 507, description = "STORAGE_LOW: no effect", body = ProblemDocument)))]
pub(crate) async fn withdraw(
    State(state): State<AppState>,
    _trader: Trader,
    owned: Result<OwnedPortfolio, Problem>,
    StrictJson(request): StrictJson<FlowRequest>,
) -> Result<Json<PortfolioReply>, Problem> {
    let (amount, note) = request.parse()?;
    let OwnedPortfolio { principal, row } = owned?;
    settle(&state, &principal, Command::Withdraw { portfolio: row.id, amount, note }).await?;
    reply(&state, &row).map(Json)
}

/// Which messages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// The last message you have; 0 or absent for all that are kept.
    after_seq: Option<String>,
    /// The `next` of the page before; the same as `after_seq`.
    cursor: Option<String>,
    /// Messages of a page, 1 to 500.
    limit: Option<String>,
}

/// The messages of a portfolio's stream, byte for byte as on the WebSocket.
#[utoipa::path(get, path = "/api/paper/portfolios/{id}/events/", operation_id = "listEvents", tag = "portfolios", params(("id" = uuid::Uuid, Path), EventsQuery),
    security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, description = "`results` holds stream messages; `epoch`, `head_seq` and `oldest_seq` stand beside them", body = ref("#/components/schemas/EventsPage")),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
pub(crate) async fn events(
    State(state): State<AppState>,
    owned: OwnedPortfolio,
    StrictQuery(query): StrictQuery<EventsQuery>,
) -> Result<Response, Problem> {
    let limit = page_limit(query.limit.as_deref())?;
    let (field, text) = match (&query.cursor, &query.after_seq) {
        (Some(cursor), _) => ("cursor", cursor.as_str()),
        (None, Some(after)) => ("after_seq", after.as_str()),
        (None, None) => ("after_seq", "0"),
    };
    let after = text.parse::<u64>().map_err(|_| Problem::invalid(field, "must be a sequence number"))?;
    let page = state.read(move |handle| handle.messages(owned.row.id, PortfolioSeq::new(after), limit)).await?;
    if after > page.head_seq.get() {
        let detail = format!("the stream's last message is {}", page.head_seq);
        return Err(Problem::new(StatusCode::CONFLICT, "SEQ_AHEAD", detail).with_field(field));
    }
    let last = page.messages.last().map(|(seq, _)| *seq).filter(|seq| *seq < page.head_seq);
    let mut body = Vec::from(&b"{\"results\":["[..]);
    for (index, (_, message)) in page.messages.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(message);
    }
    let next = last.map_or_else(|| "null".to_owned(), |seq| format!("\"{seq}\""));
    let tail = format!(
        "],\"next\":{next},\"epoch\":\"{}\",\"head_seq\":{},\"oldest_seq\":{}}}",
        state.handle.epoch(),
        page.head_seq,
        page.oldest_seq
    );
    body.extend_from_slice(tail.as_bytes());
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}
