//! Quotes, history, instruments and the clock.

use crate::auth::User;
use crate::config::Calendar;
use crate::dto::{
    BarView, CalendarView, ClockView, HistoryView, InstrumentView, Page, QuoteReply, Timestamp, page_limit, symbol,
};
use crate::json::StrictQuery;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use feeds::bars::BarInterval;
use model::calendar::session_at_or_after;
use model::{CalendarId, Instrument, Time};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which symbol.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SymbolQuery {
    /// Such as AAPL or BTC/USD.
    symbol: Option<String>,
}

fn instrument(state: &AppState, text: Option<&str>) -> Result<Arc<Instrument>, Problem> {
    let ticker = symbol("symbol", text.ok_or_else(|| Problem::missing("symbol"))?)?;
    state.watch(ticker).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "UNKNOWN_SYMBOL", format!("{ticker} is not known here"))
            .with_field("symbol")
    })
}

/// The market of a symbol now. Asking makes the feed follow it.
#[utoipa::path(get, path = "/api/market/quote/", operation_id = "getQuote", tag = "market", params(SymbolQuery), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = QuoteReply), (status = 404, body = ProblemDocument)))]
pub(crate) async fn quote(
    State(state): State<AppState>,
    _user: User,
    StrictQuery(query): StrictQuery<SymbolQuery>,
) -> Result<Json<QuoteReply>, Problem> {
    let instrument = instrument(&state, query.symbol.as_deref())?;
    let view = state.handle.quote(instrument.id);
    Ok(Json(QuoteReply::of(instrument.symbol, view.as_ref())))
}

/// Which bars.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// Such as AAPL.
    symbol: Option<String>,
    /// 1m, 5m, 15m, 1h or 1d; 1d when absent.
    interval: Option<String>,
    /// How far back: a number with m, h, d, w, mo or y, such as 5d or 6mo; 1mo when absent.
    range: Option<String>,
}

/// How far a range reaches back, in nanoseconds: months count 31 days, years 366.
fn range_nanos(text: &str) -> Option<i64> {
    const DAY_NS: i64 = 86_400_000_000_000;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let unit_ns = match unit {
        "m" => DAY_NS / 1_440,
        "h" => DAY_NS / 24,
        "d" => DAY_NS,
        "w" => 7 * DAY_NS,
        "mo" => 31 * DAY_NS,
        "y" => 366 * DAY_NS,
        _ => return None,
    };
    let span = count.parse::<i64>().ok().filter(|count| *count > 0)?.checked_mul(unit_ns)?;
    (span <= 20 * 366 * DAY_NS).then_some(span)
}

/// Bars of a symbol, oldest first.
#[utoipa::path(get, path = "/api/market/history/", operation_id = "getHistory", tag = "market", params(HistoryQuery), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = HistoryView), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub(crate) async fn history(
    State(state): State<AppState>,
    _user: User,
    StrictQuery(query): StrictQuery<HistoryQuery>,
) -> Result<Json<HistoryView>, Problem> {
    let interval = BarInterval::parse(query.interval.as_deref().unwrap_or("1d"))
        .ok_or_else(|| Problem::invalid("interval", "must be one of 1m, 5m, 15m, 1h, 1d"))?;
    let range = query.range.unwrap_or_else(|| "1mo".to_owned());
    let span = range_nanos(&range)
        .ok_or_else(|| Problem::invalid("range", "must be a number with m, h, d, w, mo or y, such as 5d"))?;
    let instrument = instrument(&state, query.symbol.as_deref())?;
    let from = Time::from_nanos(state.handle.engine_time().nanos().saturating_sub(span).max(0));
    let symbol = instrument.symbol.as_str().to_owned();
    let reading =
        tokio::task::spawn_blocking(move || state.market.bars(&state.handle, &instrument, interval, from));
    let bars = reading.await.map_err(|error| Problem::internal(&error))?;
    let results = bars.iter().map(BarView::from).collect();
    Ok(Json(HistoryView { symbol, interval: interval.name(), range, results, next: None }))
}

/// What to look for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Part of a symbol or a name; all when absent.
    q: Option<String>,
    /// Rows of a page, 1 to 500.
    limit: Option<String>,
    /// Where the page begins: the `next` of the one before.
    cursor: Option<String>,
}

/// Searches instruments by symbol and name, best first; without `q` all of them, by symbol.
#[utoipa::path(get, path = "/api/market/instruments/", operation_id = "searchInstruments", tag = "market", params(SearchQuery), security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = Page<InstrumentView>), (status = 400, body = ProblemDocument)))]
pub(crate) async fn instruments(
    State(state): State<AppState>,
    _user: User,
    StrictQuery(query): StrictQuery<SearchQuery>,
) -> Result<Json<Page<InstrumentView>>, Problem> {
    let limit = page_limit(query.limit.as_deref())?;
    let start = match query.cursor.as_deref() {
        None => 0,
        Some(text) => {
            text.parse::<u16>().map(usize::from).map_err(|_| Problem::invalid("cursor", "is not a cursor"))?
        }
    };
    let text = query.q.as_deref().unwrap_or_default().trim();
    let directory = state.handle.instruments();
    let found = if text.is_empty() { directory.all() } else { directory.search(text, start + limit + 1) };
    let results: Vec<InstrumentView> =
        found.iter().skip(start).take(limit).map(|instrument| InstrumentView::from(&**instrument)).collect();
    let next = (found.len() > start + limit).then(|| (start + limit).to_string());
    Ok(Json(Page { results, next }))
}

/// Engine time, and which markets are open.
#[utoipa::path(get, path = "/api/market/clock/", operation_id = "getClock", tag = "market", security(("bearer" = []), ("key" = [], "secret" = [])),
    responses((status = 200, body = ClockView)))]
pub(crate) async fn clock(State(state): State<AppState>, _user: User) -> Json<ClockView> {
    let now = state.handle.engine_time();
    let calendar = |id: CalendarId| {
        let session = session_at_or_after(id, now);
        let following = session_at_or_after(id, session.close);
        let is_open = session.contains(now);
        let next_open = if is_open { following.open } else { session.open };
        CalendarView {
            calendar: id.into(),
            is_open,
            next_open: Timestamp(next_open),
            next_close: Timestamp(session.close),
        }
    };
    let always = calendar(CalendarId::AlwaysOpen);
    let calendars = match state.settings.effective_calendar() {
        Calendar::AlwaysOpen => vec![always],
        Calendar::OfInstrument => vec![calendar(CalendarId::Xnys), always],
    };
    let equities = calendars[0].clone();
    Json(ClockView {
        time: Timestamp(now),
        is_open: equities.is_open,
        next_open: equities.next_open,
        next_close: equities.next_close,
        calendars,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_a_number_and_a_unit() {
        let day = 86_400_000_000_000;
        for (text, days) in [("1d", 1), ("5d", 5), ("2w", 14), ("6mo", 186), ("1y", 366)] {
            assert_eq!(range_nanos(text), Some(days * day), "{text}");
        }
        assert_eq!(range_nanos("30m"), Some(30 * 60 * 1_000_000_000));
        for odd in ["", "d", "0d", "-1d", "1.5d", "1decade", "21y", "99999999999999999999d", "1 d"] {
            assert_eq!(range_nanos(odd), None, "{odd}");
        }
    }
}
