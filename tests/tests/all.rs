//! Every end-to-end test, in one binary so that it links once.
//!
//! Each module owns one promise of the product and proves it on the real program.

mod api_table;
mod browser;
mod disk_full;
mod duel;
mod kill;
mod main_job;
mod websocket;
