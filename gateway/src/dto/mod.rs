//! What clients write and read: one type for each shape, with its schema.
//!
//! Requests are parsed here once into the model's types; inner code does not check them again.
//! Replies carry decimals as strings, times as RFC 3339 and ids as UUIDs. Nothing here decides.

mod amendment;
mod decimal;
mod fields;
mod list;
mod market;
mod names;
mod order;
mod order_chain;
mod order_parts;
mod order_view;
mod portfolio;
mod user;

pub(crate) use amendment::{Amend, AmendRequest};
pub(crate) use decimal::{Decimal, Timestamp};
pub(crate) use fields::{money, name, price, qty, symbol};
pub(crate) use list::{Page, page_limit};
pub(crate) use market::{BarView, CalendarView, ClockView, HistoryView, InstrumentView, QuoteReply};
pub(crate) use order::{OrderDraft, OrderRequest, ParsedOrder};
pub(crate) use order_parts::{Comparison, Condition, GroupOperator, Operand, PriceField, status_filter};
pub(crate) use order_view::{OrderView, TradeView, parent};
pub(crate) use portfolio::{
    CashReply, FlowRequest, PortfolioChange, PortfolioReply, PortfolioRequest, PositionReply, RulesReply,
};
pub(crate) use user::{
    AccessReply, ApiKeyCreated, ApiKeyReply, ApiKeyRequest, LoginRequest, RefreshRequest, RegisterRequest,
    ScopeName, TokenReply, UserReply,
};
