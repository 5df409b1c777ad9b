//! What every handler shares: the runtime's handle, ids, tokens, limits and the feed's wish list.
//!
//! Cheap to clone. Ownership of portfolios is asked here and nowhere else.

use crate::auth::{Backoff, KeyCache, PasswordPool, Principal, Tokens};
use crate::config::Settings;
use crate::ids::Ids;
use crate::market::Market;
use crate::metrics::GatewayMetrics;
use crate::problem::Problem;
use crate::rate_limit::RateLimit;
use dashmap::DashMap;
use feeds::FeedStatus;
use model::{
    Command, CommandReply, Currency, ExecutionProfile, Instrument, Money, PortfolioId, PortfolioName, Request,
    RiskLimits, SubmittedBy, Symbol, Time, UserId,
};
use persistence::{Catalogue, CatalogueError, NewPortfolio, PortfolioRow};
use runtime::{Change, ChangeError, Handle, PortfolioView, ViewError};
use std::ops::Deref;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use uuid::Uuid;

/// The name of the portfolio that everyone starts with.
const FIRST_PORTFOLIO: &str = "Main";

/// What handlers share.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

/// The one of it that there is.
pub(crate) struct Shared {
    pub(crate) handle: Handle,
    pub(crate) ids: Arc<Ids>,
    pub(crate) tokens: Tokens,
    pub(crate) passwords: PasswordPool,
    /// API keys that proved themselves a moment ago.
    pub(crate) keys: KeyCache,
    pub(crate) backoff: Backoff,
    pub(crate) rate_limit: RateLimit,
    pub(crate) market: Market,
    pub(crate) feed_status: Arc<FeedStatus>,
    pub(crate) metrics: GatewayMetrics,
    pub(crate) settings: Arc<Settings>,
    /// Turns true when the server begins to stop.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Portfolios that are known to be open, and whose they are: saves a look into the catalogue.
    pub(crate) open_portfolios: DashMap<PortfolioId, PortfolioRow>,
    /// Turns to read pages from the disk.
    pub(crate) readers: tokio::sync::Semaphore,
    /// Held while a user's first portfolio is made, so that two requests do not make two.
    pub(crate) first_use: tokio::sync::Mutex<()>,
}

impl Deref for AppState {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Waits until the server begins to stop.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// What a portfolio is opened with.
pub(crate) struct Opening {
    pub(crate) name: PortfolioName,
    pub(crate) starting_balance: Option<Money>,
    pub(crate) limits: RiskLimits,
}

impl AppState {
    /// Shares it.
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Users, keys and names.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        self.handle.catalogue()
    }

    /// Sends a command and waits for its durable answer.
    ///
    /// # Errors
    /// 503; its code says whether anything may have happened.
    pub(crate) async fn send(&self, by: SubmittedBy, command: Command) -> Result<CommandReply, Problem> {
        self.handle.request(Request { by, command }).await.map_err(Problem::unanswered)
    }

    /// The portfolio behind a client's id, when it belongs to whoever asks. Opens it in the engine
    /// where a crash came between the catalogue and the engine.
    ///
    /// # Errors
    /// 404, the same for another user's, an archived and a missing one.
    pub(crate) async fn owned_portfolio(&self, principal: &Principal, id: Uuid) -> Result<PortfolioRow, Problem> {
        let id = self.ids.portfolio_of(id).ok_or_else(Problem::not_found)?;
        self.owned(principal, id).await
    }

    /// The same by the internal id.
    pub(crate) async fn owned(&self, principal: &Principal, id: PortfolioId) -> Result<PortfolioRow, Problem> {
        let known = self.open_portfolios.get(&id).map(|entry| entry.value().clone());
        let is_known = known.is_some();
        let row = match known {
            Some(row) => row,
            None => {
                let found = self.catalogue().portfolio(id).map_err(|error| Problem::of_catalogue(&error))?;
                found.ok_or_else(Problem::not_found)?
            }
        };
        let visible =
            row.user == principal.user && !row.archived && principal.bound_to.is_none_or(|bound| bound == id);
        if !visible {
            return Err(Problem::not_found());
        }
        if !is_known {
            self.ensure_open(principal.submitted_by(), &row).await?;
            self.open_portfolios.insert(id, row.clone());
            // It may have been put away since it was looked up; whoever comes second sees the other.
            let again = self.catalogue().portfolio(id).map_err(|error| Problem::of_catalogue(&error))?;
            if again.is_none_or(|row| row.archived) {
                self.open_portfolios.remove(&id);
                return Err(Problem::not_found());
            }
        }
        Ok(row)
    }

    /// The portfolios of a user that are not archived, the first one made where there is none.
    pub(crate) async fn portfolios_of(&self, principal: &Principal) -> Result<Vec<PortfolioRow>, Problem> {
        let list = || -> Result<Vec<PortfolioRow>, Problem> {
            let rows =
                self.catalogue().portfolios_of(principal.user).map_err(|error| Problem::of_catalogue(&error))?;
            let visible =
                |row: &PortfolioRow| !row.archived && principal.bound_to.is_none_or(|bound| bound == row.id);
            Ok(rows.into_iter().filter(visible).collect())
        };
        let mut rows = list()?;
        if rows.is_empty() && principal.bound_to.is_none() {
            let _turn = self.first_use.lock().await;
            rows = list()?;
            if rows.is_empty() {
                let name = PortfolioName::parse(FIRST_PORTFOLIO).expect("a plain word is a name");
                let opening = Opening { name, starting_balance: None, limits: RiskLimits::default() };
                rows.push(self.create_portfolio(principal, opening).await?);
            }
        }
        for row in &rows {
            self.owned(principal, row.id).await?;
        }
        Ok(rows)
    }

    /// Makes a portfolio: first its name and owner, then its money.
    pub(crate) async fn create_portfolio(
        &self,
        principal: &Principal,
        opening: Opening,
    ) -> Result<PortfolioRow, Problem> {
        let new = NewPortfolio {
            user: principal.user,
            name: opening.name,
            created_at: self.created_at(),
            currency: Currency::Usd,
            starting_balance: opening.starting_balance.unwrap_or(self.settings.starting_balance),
            limits: opening.limits,
            profile: ExecutionProfile::REALISTIC,
        };
        let row = self.catalogue_write(Change::Growth, move |catalogue| catalogue.create_portfolio(new)).await?;
        self.ensure_open(principal.submitted_by(), &row).await?;
        self.open_portfolios.insert(row.id, row.clone());
        Ok(row)
    }

    async fn ensure_open(&self, by: SubmittedBy, row: &PortfolioRow) -> Result<(), Problem> {
        if self.handle.portfolio(row.id).is_some() {
            return Ok(());
        }
        let command = Command::OpenPortfolio {
            portfolio: row.id,
            currency: row.currency,
            starting_balance: row.starting_balance,
            limits: row.limits,
            profile: Box::new(row.profile),
        };
        match self.send(by, command).await? {
            CommandReply::Done => Ok(()),
            CommandReply::Refused(reject) => Err(Problem::rejected(&reject)),
            other @ (CommandReply::Accepted(_)
            | CommandReply::OrderRejected(..)
            | CommandReply::Duplicate(_)
            | CommandReply::Replaced(_)
            | CommandReply::Canceled(_)) => Err(unexpected(&other)),
        }
    }

    /// A portfolio's money and rules.
    pub(crate) fn view(&self, id: PortfolioId) -> Result<PortfolioView, Problem> {
        self.handle.portfolio(id).ok_or_else(Problem::not_found)
    }

    /// The instrument of a ticker; it is asked of the feed from now on.
    pub(crate) fn watch(&self, symbol: Symbol) -> Option<Arc<Instrument>> {
        let instrument = self.handle.instruments().by_symbol(symbol)?;
        self.market.subscriptions.add(&[symbol]);
        Some(instrument)
    }

    /// Reads pages of views where it may block; only so many at one time, so that reading never takes
    /// every thread.
    ///
    /// # Errors
    /// 503 while the disk fails, 500 when the views are damaged.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Handle) -> Result<T, ViewError> + Send + 'static,
    ) -> Result<T, Problem> {
        let _turn = self.readers.acquire().await.map_err(|error| Problem::internal(&error))?;
        let handle = self.handle.clone();
        let done = tokio::task::spawn_blocking(move || work(&handle)).await;
        done.map_err(|error| Problem::internal(&error))?.map_err(|error| Problem::unreadable(&error))
    }

    /// Runs a durable write of the catalogue where it may block.
    ///
    /// # Errors
    /// What the catalogue says; 507 or 503 while the disk has too little room or failed.
    pub(crate) async fn catalogue_write<T: Send + 'static>(
        &self,
        change: Change,
        work: impl FnOnce(&Catalogue) -> Result<T, CatalogueError> + Send + 'static,
    ) -> Result<T, Problem> {
        let handle = self.handle.clone();
        let done = tokio::task::spawn_blocking(move || handle.change_catalogue(change, work)).await;
        done.map_err(|error| Problem::internal(&error))?.map_err(|error| match error {
            ChangeError::Request(error) => Problem::unanswered(error),
            ChangeError::Catalogue(error) => Problem::of_catalogue(&error),
        })
    }

    /// The wall clock, for what belongs to people and not to the market.
    pub(crate) fn created_at(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    /// Whether a user is still there.
    pub(crate) fn user_exists(&self, id: UserId) -> Result<bool, Problem> {
        let user = self.catalogue().user(id).map_err(|error| Problem::of_catalogue(&error))?;
        Ok(user.is_some())
    }
}

/// An answer that the command cannot have; the engine's contract rules it out.
pub(crate) fn unexpected(reply: &CommandReply) -> Problem {
    Problem::internal(&format!("an unexpected answer: {reply:?}"))
}
