//! The directory of portfolios: whose they are and what they are called.
//!
//! It owns names and ids. It must never say what a portfolio holds: that is the shard's. The terms it
//! was opened with are kept, so that opening can be finished after a crash between the two.

use super::store::{Catalogue, CatalogueError, Failure, decode, encode, row_failure};
use super::users::check_user;
use model::{Currency, ExecutionProfile, Money, PortfolioId, PortfolioName, RiskLimits, Time, UserId, limits};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use rkyv::{Archive, Deserialize, Serialize};

const PORTFOLIOS: TableDefinition<'static, u32, &[u8]> = TableDefinition::new("portfolios");
const PORTFOLIOS_BY_USER: TableDefinition<'static, (u32, u32), ()> = TableDefinition::new("portfolios_by_user");

/// A portfolio to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPortfolio {
    /// Whose.
    pub user: UserId,
    /// What its user calls it.
    pub name: PortfolioName,
    /// When.
    pub created_at: Time,
    /// The currency of its cash.
    pub currency: Currency,
    /// Its first cash.
    pub starting_balance: Money,
    /// What its orders may not break, at first.
    pub limits: RiskLimits,
    /// How its orders fill.
    pub profile: ExecutionProfile,
}

/// A portfolio in the directory.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct PortfolioRow {
    /// Its id, from 1.
    pub id: PortfolioId,
    /// Whose.
    pub user: UserId,
    /// What its user calls it.
    pub name: PortfolioName,
    /// When it was made.
    pub created_at: Time,
    /// The currency of its cash.
    pub currency: Currency,
    /// Its first cash.
    pub starting_balance: Money,
    /// What its orders might not break at first; the shard knows what holds now.
    pub limits: RiskLimits,
    /// How its orders fill.
    pub profile: ExecutionProfile,
    /// Whether its user put it away.
    pub archived: bool,
}

pub(super) fn make_tables(transaction: &WriteTransaction) -> Result<(), Failure> {
    transaction.open_table(PORTFOLIOS)?;
    transaction.open_table(PORTFOLIOS_BY_USER)?;
    Ok(())
}

impl Catalogue {
    /// Makes a portfolio and gives it the next id.
    ///
    /// # Errors
    /// When the user is unknown or holds as many as one may, or the disk fails.
    pub fn create_portfolio(&self, new: NewPortfolio) -> Result<PortfolioRow, CatalogueError> {
        self.write(|transaction| {
            check_user(transaction, new.user)?;
            let mut portfolios = transaction.open_table(PORTFOLIOS)?;
            let mut by_user = transaction.open_table(PORTFOLIOS_BY_USER)?;
            let limit = limits::PORTFOLIOS_PER_USER_MAX;
            let held = by_user.range((new.user.get(), 0)..=(new.user.get(), u32::MAX))?.take(limit).count();
            if held == limit {
                return Err(Failure::Answer(CatalogueError::TooMany { what: "portfolios", limit }));
            }
            let id = portfolios.last()?.map_or(1, |(last, _)| last.value() + 1);
            let row = PortfolioRow {
                id: PortfolioId::new(id),
                user: new.user,
                name: new.name,
                created_at: new.created_at,
                currency: new.currency,
                starting_balance: new.starting_balance,
                limits: new.limits,
                profile: new.profile,
                archived: false,
            };
            portfolios.insert(id, encode(&row).as_slice())?;
            by_user.insert((row.user.get(), id), ())?;
            Ok(row)
        })
    }

    /// A portfolio.
    ///
    /// # Errors
    /// When the disk fails or the row is damaged.
    pub fn portfolio(&self, id: PortfolioId) -> Result<Option<PortfolioRow>, CatalogueError> {
        self.read(|transaction| {
            let table = transaction.open_table(PORTFOLIOS)?;
            let row = table.get(id.get())?;
            row.map(|row| decode(row.value()).map_err(row_failure("portfolios"))).transpose()
        })
    }

    /// The portfolios of a user, archived ones included, by id.
    ///
    /// # Errors
    /// When the disk fails or a row is damaged.
    pub fn portfolios_of(&self, user: UserId) -> Result<Vec<PortfolioRow>, CatalogueError> {
        self.read(|transaction| {
            let portfolios = transaction.open_table(PORTFOLIOS)?;
            let by_user = transaction.open_table(PORTFOLIOS_BY_USER)?;
            let mut found = Vec::new();
            for entry in by_user.range((user.get(), 0)..=(user.get(), u32::MAX))? {
                let (index, _) = entry?;
                if let Some(row) = portfolios.get(index.value().1)? {
                    found.push(decode(row.value()).map_err(row_failure("portfolios"))?);
                }
            }
            Ok(found)
        })
    }

    /// Tells every portfolio, by id.
    ///
    /// # Errors
    /// When the disk fails or a row is damaged; what was told until then is of no use.
    pub fn all_portfolios(&self, mut told: impl FnMut(&PortfolioRow)) -> Result<(), CatalogueError> {
        self.read(|transaction| {
            let table = transaction.open_table(PORTFOLIOS)?;
            for entry in table.iter()? {
                told(&decode(entry?.1.value()).map_err(row_failure("portfolios"))?);
            }
            Ok(())
        })
    }

    /// Gives a portfolio another name.
    ///
    /// # Errors
    /// When it is unknown, or the disk fails.
    pub fn rename_portfolio(&self, id: PortfolioId, name: PortfolioName) -> Result<PortfolioRow, CatalogueError> {
        self.change_portfolio(id, |row| row.name = name)
    }

    /// Puts a portfolio away; it keeps its id and its history.
    ///
    /// # Errors
    /// When it is unknown, or the disk fails.
    pub fn archive_portfolio(&self, id: PortfolioId) -> Result<PortfolioRow, CatalogueError> {
        self.change_portfolio(id, |row| row.archived = true)
    }

    fn change_portfolio(
        &self,
        id: PortfolioId,
        change: impl FnOnce(&mut PortfolioRow),
    ) -> Result<PortfolioRow, CatalogueError> {
        self.write(|transaction| {
            let mut table = transaction.open_table(PORTFOLIOS)?;
            let mut row: PortfolioRow = match table.get(id.get())? {
                Some(row) => decode(row.value()).map_err(row_failure("portfolios"))?,
                None => return Err(Failure::Answer(CatalogueError::UnknownPortfolio(id))),
            };
            change(&mut row);
            table.insert(id.get(), encode(&row).as_slice())?;
            Ok(row)
        })
    }
}
