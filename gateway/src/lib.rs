//! The edge: REST, live streams, accounts, the web interface and the `papertape` binary.
//!
//! Owns everything that speaks HTTP, JSON or secrets. Must never touch a shard except through the
//! runtime's handle, and decides nothing about trading. Its invariant: whatever a client sends, it
//! gets an answer with the right status or a close code, and nobody else notices.
#![forbid(unsafe_code)]

mod app;
mod auth;
pub mod cli;
mod config;
mod demo;
mod dto;
pub mod edge;
mod encoder;
mod health;
mod ids;
mod json;
mod loadtest;
mod market;
mod metrics;
mod openapi;
mod path;
mod problem;
mod rate_limit;
mod record;
mod routes;
mod salvage;
mod serve;
mod server;
mod state;
mod verify;
mod web;
mod ws;

pub use config::{Calendar, ConfigError, FeedKind, Settings, settings_table};
pub use openapi::document;
pub use record::RecordingError;
pub use salvage::SalvageCommandError;
pub use serve::{ServeError, Server, serve, serve_on};
pub use verify::VerifyError;
