//! Who is asking, and what they may do.
//!
//! People prove themselves with tokens that this server signs, programs with API keys. Ownership is
//! checked in one place: another user's object is answered exactly as a missing one. No secret is
//! logged, and none is kept in clear.

mod backoff;
mod cache;
mod extract;
mod key;
mod password;
mod token;

pub(crate) use backoff::{Backoff, Client};
pub(crate) use cache::KeyCache;
pub(crate) use extract::{
    ClientAddress, OwnedPortfolio, Person, Principal, Trader, User, identify_key, identify_token,
};
pub(crate) use key::{FreshKey, hash_secret};
pub(crate) use password::{PasswordPool, check_nickname, check_password, check_username};
pub(crate) use token::{TokenKind, Tokens};
