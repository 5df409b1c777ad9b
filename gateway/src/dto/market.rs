//! Quotes, bars, instruments and the clock as clients read them.

use super::names::{AssetClassName, CalendarName, InstrumentStatusName};
use super::order_view::present;
use super::{Decimal, Timestamp};
use feeds::bars::Bar;
use model::{Instrument, Symbol};
use runtime::QuoteView;
use serde::Serialize;
use utoipa::ToSchema;

/// The market of one instrument. A missing side is null.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub(crate) struct QuoteReply {
    #[schema(example = "AAPL")]
    symbol: String,
    bid: Option<Decimal>,
    /// In shares.
    bid_size: Option<Decimal>,
    ask: Option<Decimal>,
    /// In shares.
    ask_size: Option<Decimal>,
    /// Price of the last regular trade.
    last: Option<Decimal>,
    last_size: Option<Decimal>,
    /// The exchange's time of the latest tick; null before the first.
    time: Option<Timestamp>,
    /// Whether it is too old to trade on.
    stale: bool,
    /// By how many seconds prices are held back.
    delayed_by_s: u32,
}

impl QuoteReply {
    /// What clients read of a quote, or of a symbol that has none yet.
    pub(crate) fn of(symbol: Symbol, view: Option<&QuoteView>) -> Self {
        let sized = |price: model::Price, size: model::Qty| price.is_positive().then(|| size.into());
        Self {
            symbol: symbol.as_str().to_owned(),
            bid: view.and_then(|view| present(view.bid)),
            bid_size: view.and_then(|view| sized(view.bid, view.bid_size)),
            ask: view.and_then(|view| present(view.ask)),
            ask_size: view.and_then(|view| sized(view.ask, view.ask_size)),
            last: view.and_then(|view| present(view.last)),
            last_size: view.and_then(|view| sized(view.last, view.last_size)),
            time: view.map(|view| Timestamp(view.time)),
            stale: view.is_none_or(|view| view.stale),
            delayed_by_s: 0,
        }
    }
}

/// One bar.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Bar)]
pub(crate) struct BarView {
    /// The first instant of its stretch.
    time: Timestamp,
    open: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    volume: Decimal,
}

impl From<&Bar> for BarView {
    fn from(bar: &Bar) -> Self {
        Self {
            time: Timestamp(bar.open_time),
            open: bar.open.into(),
            high: bar.high.into(),
            low: bar.low.into(),
            close: bar.close.into(),
            volume: bar.volume.into(),
        }
    }
}

/// Bars of one instrument, oldest first; the last may be unfinished.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = History)]
pub(crate) struct HistoryView {
    #[schema(example = "AAPL")]
    pub(crate) symbol: String,
    #[schema(example = "1m")]
    pub(crate) interval: &'static str,
    #[schema(example = "1d")]
    pub(crate) range: String,
    pub(crate) results: Vec<BarView>,
    pub(crate) next: Option<String>,
}

/// An instrument.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Instrument)]
pub(crate) struct InstrumentView {
    #[schema(example = "AAPL")]
    symbol: String,
    #[schema(example = "Apple Inc.")]
    name: String,
    #[schema(example = "NASDAQ")]
    exchange: String,
    asset_class: AssetClassName,
    #[schema(example = "USD")]
    currency: &'static str,
    tick_size: Decimal,
    tick_size_below_one: Decimal,
    lot_size: Decimal,
    calendar: CalendarName,
    tradable: bool,
    shortable: bool,
    fractionable: bool,
    status: InstrumentStatusName,
}

impl From<&Instrument> for InstrumentView {
    fn from(instrument: &Instrument) -> Self {
        Self {
            symbol: instrument.symbol.as_str().to_owned(),
            name: instrument.name.to_string(),
            exchange: instrument.exchange.to_string(),
            asset_class: instrument.asset_class.into(),
            currency: instrument.currency.code(),
            tick_size: instrument.tick_size.into(),
            tick_size_below_one: instrument.tick_size_below_one.into(),
            lot_size: instrument.lot_size.into(),
            calendar: instrument.calendar.into(),
            tradable: instrument.tradable,
            shortable: instrument.shortable,
            fractionable: instrument.fractionable(),
            status: instrument.status.into(),
        }
    }
}

/// Whether one calendar's market is open.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Calendar)]
pub(crate) struct CalendarView {
    pub(crate) calendar: CalendarName,
    pub(crate) is_open: bool,
    /// When it opens next; while open, when the next session begins.
    pub(crate) next_open: Timestamp,
    /// When the running or next session closes.
    pub(crate) next_close: Timestamp,
}

/// Engine time and the state of the markets.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Clock)]
pub(crate) struct ClockView {
    /// Engine time.
    pub(crate) time: Timestamp,
    /// Whether the market that rules equities is open.
    pub(crate) is_open: bool,
    pub(crate) next_open: Timestamp,
    pub(crate) next_close: Timestamp,
    pub(crate) calendars: Vec<CalendarView>,
}
