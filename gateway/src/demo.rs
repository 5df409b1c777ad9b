//! A demo user with a portfolio and a few orders, for a first look. Made once; later starts find it.

use crate::auth::Principal;
use crate::dto::OrderDraft;
use crate::problem::Problem;
use crate::routes::submit;
use crate::state::AppState;
use model::{ClientOrderId, OrderKind, OrderTerms, Origin, Percent, Price, Qty, Side, Size, Symbol, Trail};
use persistence::{NewUser, User};
use runtime::Change;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The demo user's name.
pub(crate) const USERNAME: &str = "demo";
/// The demo user's password; it is printed at the start.
pub(crate) const PASSWORD: &str = "demo-demo";
/// How long the first orders wait for the first quotes.
const QUOTES_WAIT_MAX: Duration = Duration::from_secs(5);

/// Makes the demo user and portfolio now, and its orders as soon as there are quotes.
pub(crate) async fn prepare(state: &AppState) {
    match user(state).await {
        Ok(user) => {
            let state = state.clone();
            tokio::spawn(async move {
                if let Err(problem) = orders(&state, &user).await {
                    tracing::warn!(
                        code = problem.code(),
                        detail = problem.detail(),
                        "the demo orders were not sent"
                    );
                }
            });
        }
        Err(problem) => tracing::warn!(code = problem.code(), detail = problem.detail(), "there is no demo user"),
    }
}

async fn user(state: &AppState) -> Result<User, Problem> {
    if let Some(user) = state.catalogue().user_by_name(USERNAME).map_err(|error| Problem::of_catalogue(&error))? {
        return Ok(user);
    }
    let password_hash = state.passwords.hash(PASSWORD.to_owned()).await?;
    let new = NewUser {
        username: USERNAME.to_owned(),
        password_hash,
        nickname: "Demo".to_owned(),
        created_at: state.created_at(),
    };
    state.catalogue_write(Change::Growth, move |catalogue| catalogue.create_user(new)).await
}

async fn orders(state: &AppState, user: &User) -> Result<(), Problem> {
    let principal = Principal {
        user: user.id,
        origin: Origin::Manual,
        may_trade: true,
        bound_to: None,
        expires_at: None,
        key_id: None,
    };
    let portfolios = state.portfolios_of(&principal).await?;
    let Some(portfolio) = portfolios.first() else { return Ok(()) };
    // A client order id never trades twice, so that sending them at each start changes nothing.
    let plan = [
        ("demo-1", "AAPL", Side::Buy, 20, Plan::Market),
        ("demo-2", "MSFT", Side::Buy, 10, Plan::Market),
        ("demo-3", "NVDA", Side::Buy, 15, Plan::BelowTheMarket),
        ("demo-4", "AAPL", Side::Sell, 10, Plan::Trailing),
    ];
    for (name, ticker, side, qty, plan) in plan {
        let Ok(symbol) = Symbol::parse(ticker) else { continue };
        let Some(price) = first_price(state, symbol).await else { continue };
        let terms = OrderTerms::plain(plan.kind(price), Size::Shares(Qty::whole(qty)));
        let draft = OrderDraft { symbol, side, terms, chain: None };
        let name = ClientOrderId::parse(name).map_err(|error| Problem::internal(&error))?;
        if let Err(problem) = submit(state, &principal, portfolio.id, (draft, name)).await {
            tracing::info!(code = problem.code(), detail = problem.detail(), ticker, "a demo order was refused");
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Plan {
    Market,
    BelowTheMarket,
    Trailing,
}

impl Plan {
    fn kind(self, price: Price) -> OrderKind {
        match self {
            Self::Market => OrderKind::Market,
            // Whole dollars are on every instrument's grid.
            Self::BelowTheMarket => {
                OrderKind::Limit { limit: Price::whole((price.raw() / model::SCALE * 97 / 100).max(1)) }
            }
            Self::Trailing => {
                OrderKind::TrailingStop { trail: Trail::Percent(Percent::whole(3)), activation: None }
            }
        }
    }
}

async fn first_price(state: &AppState, symbol: Symbol) -> Option<Price> {
    let instrument = state.watch(symbol)?;
    let until = Instant::now() + QUOTES_WAIT_MAX;
    loop {
        if let Some(quote) = state.handle.quote(instrument.id).filter(|quote| quote.ask.is_positive()) {
            return Some(quote.ask);
        }
        if Instant::now() >= until {
            return None;
        }
        sleep(Duration::from_millis(50)).await;
    }
}
