//! The catalogue: users, API keys, the directory of portfolios, instrument ids and settings.
//!
//! It owns what is not trading and yet must last: who exists and what ids were given out. It must
//! never hold a secret that can be read back but the one that signs tokens. Invariant: every change
//! is one durable transaction, and an id given out once is never given out again.

mod instruments;
mod keys;
mod portfolios;
mod settings;
mod store;
mod users;

pub use keys::{ApiKeyRow, NewApiKey};
pub use portfolios::{NewPortfolio, PortfolioRow};
pub use store::{Catalogue, CatalogueError};
pub use users::{NewUser, User};
