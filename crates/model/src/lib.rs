//! The vocabulary of Papertape: the nouns that every other room speaks in.
//!
//! This crate owns types and their arithmetic, and nothing else. It does no input or output, reads no
//! clock, draws no random number and holds no float, which `no_std` and the lints below make the
//! compiler check. Types marked as archived are the journal's disk format: see `docs/FORMATS.md`
//! before touching one.
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | Input | what reaches a shard: a [`Command`], a [`Tick`], the time, or word that the feed was lost |
//! | Command | a request from a person, a bot or a strategy; it may be refused |
//! | Tick | one quote or one trade of one instrument |
//! | Event | a fact: what an input changed. The journal is the list of events |
//! | Reject | a business no, with a stable code. Never an error |
//! | Error | the world failed: a disk, a socket, a file. Never a business no |
//! | Plan | the events a command would cause, before anything was changed |
//! | Snapshot | a shard's whole state at one event |
//! | Projection | a view folded from durable events |
//! | Venue | what executes orders; the simulator is the first |
//! | Feed | where ticks come from |
//! | Bar | open, high, low, close and volume of a stretch of time, seen at its end |
//! | leg | an order that hangs on another, its parent, or stands beside alternatives |
//! | group | orders of which one alone is to trade: alternatives |
//! | held | waiting for its parent to fill; nothing of it can trade |
//! | leaves | the part of an order that is neither filled nor cancelled |
//! | hwm | high-water mark: the best price a trailing stop has seen (the lowest, for a buy) |
//! | mark | the price at which a position is valued |
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::float_arithmetic)]

extern crate alloc;

mod bar;
mod bar_policy;
pub mod calendar;
mod chain;
mod command;
mod costs;
mod event;
mod id;
mod instrument;
pub mod limits;
mod number;
mod order;
mod portfolio;
mod reject;
mod snapshot;
mod terms;
mod text;
mod tick;
mod time;

pub use bar::{Bar, StampedBar};
pub use bar_policy::{BarPath, BarPolicies, BarVolume, LimitGap, LimitTouch, MarketOnBar};
pub use chain::{Contingency, LegShare, OrderLegs, OrderLink};
pub use command::{Amendment, Command, CommandReply, NewChain, NewLeg, NewOrder, Origin, Request, SubmittedBy};
pub use costs::{
    BeyondProtection, Commission, CommissionMax, Millionths, MonthTraded, OrderFees, PriceCap, PriceProtection,
    ProtectionDistance, Rate, RateCard, Rates, RegulatoryFees, Slippage, SlippageModel, Tier, TierMeasure,
};
pub use event::{
    CancelReason, Event, EventBody, Evidence, Fill, FillRule, FlowKind, Liquidity, MessageKind, OrderAccepted,
    OrderRejected, OrderReplaced, OrderSized, Reservation, StreamMessages,
};
pub use id::{
    ClientOrderKey, InstrumentId, OrderId, OrderNumber, PortfolioId, PortfolioSeq, ShardId, ShardSeq, StrategyId,
    TickSeq, TradeNumber, UserId,
};
pub use instrument::{AssetClass, CalendarId, Currency, Instrument, InstrumentStatus};
pub use number::{Money, NetQty, ParseNumberError, Percent, Price, Qty, SCALE, parse_fixed};
pub use order::{OrderStatus, OrderType, Side, Size};
pub use portfolio::{
    ExecutionProfile, LegsBegin, PartialParent, RiskLimits, SiblingExpiry, SiblingFill, StopInMarket,
};
pub use reject::{Reject, RejectCode};
pub use snapshot::{
    ClientOrderEntry, LegImage, OrderImage, PortfolioImage, PositionImage, ShardImage, TrailImage,
};
pub use terms::{
    Instructions, OrderKind, OrderTerms, Peg, PegReference, TimeInForce, TradingHours, Trail, Trigger,
    TriggerSource,
};
pub use text::{ClientOrderId, Note, PortfolioName, Symbol, TextError};
pub use tick::{Aggressor, Input, Quote, Stamped, Tick, TickBody, Trade, TradeConditions};
pub use time::Time;
