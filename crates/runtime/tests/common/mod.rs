//! What the tests of whole systems share: a system under the feed's clock, and the words to drive it.
#![allow(dead_code, reason = "every test binary uses a part of these")]

use engine::{CalendarPolicy, ShardConfig};
use feeds::{Push, TickSink};
use model::{
    Aggressor, AssetClass, CalendarId, ClientOrderId, ClientOrderKey, Command, CommandReply, Currency,
    InstrumentId, InstrumentStatus, Money, NewOrder, OrderKind, OrderTerms, Origin, PortfolioId, PortfolioSeq,
    Price, Qty, Quote, Request, RiskLimits, Side, Size, SubmittedBy, Symbol, Tick, TickBody, Time, Trade,
    TradeConditions, Trail, UserId,
};
use persistence::{OrderFilter, OrderRow, Storage, TradeFilter, TradeRow};
use runtime::{
    ClockMode, Durability, FeedPort, Handle, InstrumentSpec, Overflow, PortfolioView, PositionView, RequestError,
    StartError, StreamEncoder, StreamMessage, System, SystemConfig,
};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Writes messages as text: equal messages are equal bytes.
pub(crate) struct TextEncoder;

impl StreamEncoder for TextEncoder {
    fn encode(&self, message: &StreamMessage<'_>, out: &mut Vec<u8>) {
        write!(out, "{message:?}").expect("memory takes what is written");
    }
}

/// The settings of a test: feed clock, small segments, always open.
pub(crate) fn config(dir: &Path, shards: u16, storage: Arc<dyn Storage>) -> SystemConfig {
    SystemConfig {
        data_dir: dir.to_owned(),
        shards: Some(shards),
        shard: ShardConfig { calendar: CalendarPolicy::AlwaysOpen, ..ShardConfig::default() },
        clock: ClockMode::Feed,
        durability: Durability::Journal,
        overflow: Overflow::Block,
        segment_bytes_max: 1 << 20,
        keep: runtime::Keep::Whole,
        views_wait: std::time::Duration::from_millis(20),
        space: runtime::SpaceLimits::OFF,
        storage,
    }
}

/// A running system and what drives it.
pub(crate) struct Rig {
    pub(crate) system: System,
    pub(crate) handle: Handle,
    pub(crate) port: FeedPort,
    pub(crate) tokio: tokio::runtime::Runtime,
    shards: u64,
    ticks: u64,
}

/// Everything a reader can see of one portfolio.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) portfolio: Option<PortfolioView>,
    pub(crate) positions: Vec<PositionView>,
    pub(crate) orders: Vec<OrderRow>,
    pub(crate) trades: Vec<TradeRow>,
    pub(crate) messages: Vec<(PortfolioSeq, String)>,
}

impl Rig {
    pub(crate) fn start(config: SystemConfig) -> Self {
        Self::try_start(config).expect("the system starts")
    }

    pub(crate) fn try_start(config: SystemConfig) -> Result<Self, StartError> {
        let mut system = System::start(config, Arc::new(TextEncoder))?;
        let (handle, port) = (system.handle(), system.feed_port());
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let shards = handle.status().shards.len() as u64;
        let tokio = tokio.expect("a runtime of one thread");
        Ok(Self { system, handle, port, tokio, shards, ticks: 0 })
    }

    pub(crate) fn stop(self) {
        self.system.stop().expect("nothing failed");
    }

    pub(crate) fn define(&self, symbol: &str) -> InstrumentId {
        let defined = self.tokio.block_on(self.handle.define_instrument(spec(symbol)));
        defined.expect("an instrument is defined").id
    }

    pub(crate) fn request(&self, command: Command) -> Result<CommandReply, RequestError> {
        let by = SubmittedBy { user: UserId::new(1), origin: Origin::Manual };
        self.tokio.block_on(self.handle.request(Request { by, command }))
    }

    pub(crate) fn ask(&self, command: Command) -> CommandReply {
        self.request(command).expect("an answer")
    }

    /// Sends this many requests together and waits for all of them.
    pub(crate) fn ask_at_once(&self, count: usize, command: impl Fn() -> Command) {
        self.tokio.block_on(async {
            let mut requests = tokio::task::JoinSet::new();
            for _ in 0..count {
                let by = SubmittedBy { user: UserId::new(1), origin: Origin::Manual };
                let (handle, request) = (self.handle.clone(), Request { by, command: command() });
                requests.spawn(async move { handle.request(request).await });
            }
            for answer in requests.join_all().await {
                answer.expect("an answer");
            }
        });
    }

    /// Pushes a tick and waits until every shard is done with it and readers see what it did; `false`
    /// when the system failed meanwhile.
    pub(crate) fn tick(&mut self, instrument: InstrumentId, at: i64, body: TickBody) -> bool {
        let tick = Tick { instrument, time: Time::from_millis(at), body };
        assert_eq!(self.port.push(tick), Push::Accepted);
        self.ticks += 1;
        self.settle()
    }

    pub(crate) fn settle(&self) -> bool {
        loop {
            let status = self.handle.status();
            if status.failure.is_some() {
                return false;
            }
            let evaluated: u64 = status.shards.iter().map(|shard| shard.ticks_evaluated).sum();
            let behind = status.shards.iter().any(|shard| shard.published < shard.applied);
            if evaluated == self.ticks * self.shards && !behind {
                return true;
            }
            std::thread::yield_now();
        }
    }

    /// Waits until the rows of everything that readers see are on disk; `false` when the system
    /// failed meanwhile.
    pub(crate) fn settle_views(&self) -> bool {
        loop {
            let status = self.handle.status();
            if status.failure.is_some() {
                return false;
            }
            if status.shards.iter().all(|shard| shard.stored >= shard.published) {
                return true;
            }
            std::thread::yield_now();
        }
    }

    pub(crate) fn seen(&self, portfolio: PortfolioId) -> Seen {
        let all = usize::MAX >> 1;
        let handle = &self.handle;
        let page = handle.messages(portfolio, PortfolioSeq::new(0), all).expect("readable");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Seen {
            portfolio: handle.portfolio(portfolio),
            positions: handle.positions(portfolio),
            orders: handle.orders(portfolio, &OrderFilter::default(), None, all).expect("readable"),
            trades: handle.trades(portfolio, &TradeFilter::default(), None, all).expect("readable"),
            messages: page.messages.iter().map(|(seq, bytes)| (*seq, text(bytes))).collect(),
        }
    }
}

pub(crate) fn spec(symbol: &str) -> InstrumentSpec {
    InstrumentSpec {
        symbol: Symbol::parse(symbol).expect("a ticker"),
        name: symbol.into(),
        exchange: "TEST".into(),
        asset_class: AssetClass::Equity,
        currency: Currency::Usd,
        tick_size: Price::from_raw(1_000_000),
        tick_size_below_one: Price::from_raw(10_000),
        lot_size: Qty::whole(1),
        calendar: CalendarId::AlwaysOpen,
        tradable: true,
        shortable: false,
        status: InstrumentStatus::Active,
    }
}

pub(crate) fn open(portfolio: u32) -> Command {
    Command::OpenPortfolio {
        portfolio: PortfolioId::new(portfolio),
        currency: Currency::Usd,
        starting_balance: Money::whole(100_000),
        limits: RiskLimits::default(),
        profile: Box::default(),
    }
}

pub(crate) fn deposit(portfolio: u32) -> Command {
    let note = model::Note::parse("").expect("a note may be empty");
    Command::Deposit { portfolio: PortfolioId::new(portfolio), amount: Money::whole(1), note }
}

pub(crate) fn order(
    portfolio: u32,
    name: u32,
    symbol: &str,
    (side, kind, shares): (Side, OrderKind, i64),
) -> Command {
    Command::Submit(NewOrder {
        portfolio: PortfolioId::new(portfolio),
        client_order_id: ClientOrderId::parse(&format!("order-{name}")).expect("a short name"),
        key: ClientOrderKey::new(u128::from(name)),
        fingerprint: u64::from(name),
        symbol: Symbol::parse(symbol).expect("a ticker"),
        side,
        terms: OrderTerms::plain(kind, Size::Shares(Qty::whole(shares))),
        chain: None,
    })
}

pub(crate) fn limit(price: i64) -> OrderKind {
    OrderKind::Limit { limit: Price::whole(price) }
}

pub(crate) fn stop(price: i64) -> OrderKind {
    OrderKind::Stop { stop: Price::whole(price) }
}

/// A trailing stop that follows at once.
pub(crate) fn trailing(distance: i64) -> OrderKind {
    OrderKind::TrailingStop { trail: Trail::Amount(Price::whole(distance)), activation: None }
}

pub(crate) fn quote(bid: i64, ask: i64, shares: i64) -> TickBody {
    let size = Qty::whole(shares);
    TickBody::Quote(Quote { bid: Price::whole(bid), bid_size: size, ask: Price::whole(ask), ask_size: size })
}

pub(crate) fn trade(price: i64, shares: i64) -> TickBody {
    TickBody::Trade(Trade {
        price: Price::whole(price),
        size: Qty::whole(shares),
        aggressor: Aggressor::Unknown,
        conditions: TradeConditions::Regular,
    })
}
