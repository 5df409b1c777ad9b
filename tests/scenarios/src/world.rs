//! A shard with names for its portfolios, symbols and orders, which carries out statements.
//!
//! Owns the clock, the names and everything that has happened so far. What happened is said in words by
//! `describe`, and held to the invariants by `invariants`.

use crate::language::Statement;
use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{
    AssetClass, CalendarId, ClientOrderId, ClientOrderKey, Command, CommandReply, Currency, Event,
    ExecutionProfile, Instrument, InstrumentId, InstrumentStatus, Money, NewOrder, Note, OrderId, OrderKind,
    OrderNumber, OrderTerms, Origin, PortfolioId, Price, Qty, Quote, Request, RiskLimits, Side, Size, Stamped,
    SubmittedBy, Symbol, Tick, TickBody, TickSeq, Time, UserId,
};
use std::collections::BTreeMap;

/// Monday 2026-03-02 at 15:00 UTC, 10:00 in New York.
const START_SECONDS: i64 = 1_772_463_600;
/// The symbols of every scenario: `BTC/USD` trades in hundred-millionths.
const SYMBOLS: [&str; 3] = ["AAPL", "MSFT", "BTC/USD"];

/// How a world begins.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Whose opening hours rule.
    pub calendar: CalendarPolicy,
    /// The time at which it begins.
    pub start: Time,
    /// How long orders work that are good till cancelled.
    pub gtc_life_ns: Option<i64>,
    /// How long after the bell an auction's print is waited for.
    pub auction_wait_ns: i64,
    /// What draws begin with.
    pub seed: u64,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            calendar: CalendarPolicy::AlwaysOpen,
            start: Time::from_seconds(START_SECONDS),
            gtc_life_ns: None,
            auction_wait_ns: 60_000_000_000,
            seed: 0,
        }
    }
}

/// A shard, what it was told, and all that it answered.
#[derive(Debug)]
pub struct World {
    pub(crate) config: ShardConfig,
    /// The machine itself.
    pub shard: Shard,
    /// Every event since the beginning.
    pub events: Vec<Event>,
    now: Time,
    ticks: u64,
    exchange_shift: i64,
    pub(crate) orders: BTreeMap<String, OrderId>,
    sent: u64,
    next_key: u128,
}

fn by() -> SubmittedBy {
    SubmittedBy { user: UserId::new(1), origin: Origin::Manual }
}

fn instrument(row: u32, symbol: &str) -> Instrument {
    let is_crypto = symbol.contains('/');
    Instrument {
        id: InstrumentId::new(row),
        symbol: Symbol::parse(symbol).expect("a symbol"),
        name: symbol.into(),
        exchange: "TEST".into(),
        asset_class: if is_crypto { AssetClass::Crypto } else { AssetClass::Equity },
        currency: Currency::Usd,
        tick_size: Price::from_raw(1_000_000),
        tick_size_below_one: Price::from_raw(10_000),
        lot_size: if is_crypto { Qty::from_raw(1) } else { Qty::whole(1) },
        calendar: if is_crypto { CalendarId::AlwaysOpen } else { CalendarId::Xnys },
        tradable: true,
        shortable: false,
        status: InstrumentStatus::Active,
    }
}

fn row_of(symbol: &str) -> InstrumentId {
    let row = (1..).zip(SYMBOLS).find(|(_, known)| *known == symbol);
    InstrumentId::new(row.unwrap_or_else(|| panic!("no symbol is called {symbol}")).0)
}

impl World {
    /// A new world: its instruments are defined, and portfolio A has a million.
    #[must_use]
    pub fn begin(setting: Setting) -> Self {
        let Setting { calendar, start, gtc_life_ns, auction_wait_ns, seed } = setting;
        let config = ShardConfig { calendar, gtc_life_ns, auction_wait_ns, seed, ..ShardConfig::default() };
        let mut world = Self {
            config,
            shard: Shard::new(config),
            events: Vec::new(),
            now: start,
            ticks: 0,
            exchange_shift: 0,
            orders: BTreeMap::new(),
            sent: 0,
            next_key: 0,
        };
        for (row, symbol) in (1..).zip(SYMBOLS) {
            world.command(Command::DefineInstrument(instrument(row, symbol)));
        }
        world.open("A", Money::whole(1_000_000));
        world
    }

    /// The portfolio of a letter.
    ///
    /// # Panics
    /// When the name is no letter.
    #[must_use]
    pub fn portfolio(&self, name: &str) -> PortfolioId {
        let letter = name.bytes().next().filter(u8::is_ascii_uppercase).expect("a portfolio is a letter");
        PortfolioId::new(u32::from(letter - b'A') + 1)
    }

    /// The row of a symbol.
    ///
    /// # Panics
    /// When no symbol is called so.
    #[must_use]
    pub fn instrument(&self, symbol: &str) -> InstrumentId {
        row_of(symbol)
    }

    /// The order of a name; `B/7` is the seventh order of portfolio B, be there one or not.
    pub(crate) fn order(&self, name: &str) -> OrderId {
        if let Some((portfolio, number)) = name.split_once('/') {
            let number = number.parse().expect("a number of an order");
            return OrderId::of(self.portfolio(portfolio), OrderNumber::new(number));
        }
        *self.orders.get(name).unwrap_or_else(|| panic!("no order is called {name}"))
    }

    /// Engine time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Moves the clock without telling the shard.
    pub(crate) fn set_clock(&mut self, time: Time) {
        self.now = time;
    }

    /// The place of the next tick or bar.
    pub(crate) fn count_tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    /// Carries out a statement, and says what came of it.
    pub(crate) fn run(&mut self, statement: &Statement) -> Vec<String> {
        match statement {
            Statement::Quote { symbol, quote } => self.tick(symbol, TickBody::Quote(*quote)),
            Statement::Bar { symbol, bar } => self.bar(symbol, bar),
            Statement::Trade { symbol, trade } => self.tick(symbol, TickBody::Trade(*trade)),
            Statement::Order { portfolio, symbol, side, terms, name, legs } => {
                let order =
                    NewOrder { terms: *terms, ..self.new_order(portfolio, symbol, *side, name.as_deref()) };
                self.submit_chain(order, name.as_deref(), legs.as_ref())
            }
            Statement::Cancel { order } => self.command(Command::Cancel { order: self.order(order) }),
            Statement::CancelAll { portfolio, symbol } => {
                let symbol = symbol.as_ref().map(|symbol| Symbol::parse(symbol).expect("a symbol"));
                self.command(Command::CancelAll { portfolio: self.portfolio(portfolio), symbol })
            }
            Statement::Replace { order, amendment } => {
                self.command(Command::Replace { order: self.order(order), amendment: *amendment })
            }
            Statement::Open { portfolio, cash, profile } => self.open_with(portfolio, *cash, *profile),
            Statement::Deposit { portfolio, amount } => {
                let portfolio = self.portfolio(portfolio);
                self.command(Command::Deposit { portfolio, amount: *amount, note: no_note() })
            }
            Statement::Withdraw { portfolio, amount } => {
                let portfolio = self.portfolio(portfolio);
                self.command(Command::Withdraw { portfolio, amount: *amount, note: no_note() })
            }
            Statement::Limits { portfolio, limits } => {
                self.command(Command::SetLimits { portfolio: self.portfolio(portfolio), limits: *limits })
            }
            Statement::Hold { portfolio, symbol, qty, price } => self.hold(portfolio, symbol, *qty, *price),
            Statement::Status { symbol, status, tradable } => self.set_status(symbol, *status, *tradable),
            Statement::ExchangeShift { nanos } => {
                self.exchange_shift = *nanos;
                Vec::new()
            }
            Statement::FeedLost => self.feed_lost(),
            Statement::Flush => self.flush(),
            Statement::Restart => self.restart(),
            Statement::At { time } => self.pass_to(*time),
            Statement::Clock { time } => {
                self.now = *time;
                Vec::new()
            }
            Statement::Repeat { times, statement } => (0..*times).flat_map(|_| self.run(statement)).collect(),
            Statement::Show { order, fields } => self.show_order(order, fields),
            Statement::Why { order } => vec![self.show_rule(order)],
            Statement::Fees { order } => vec![self.show_fees(order)],
            Statement::Slippage { order } => vec![self.show_slippage(order)],
            Statement::Cash { portfolio } => vec![self.show_cash(portfolio)],
            Statement::Position { portfolio, symbol } => vec![self.show_position(portfolio, symbol)],
        }
    }

    /// Opens a portfolio.
    pub fn open(&mut self, name: &str, cash: Money) -> Vec<String> {
        self.open_with(name, cash, ExecutionProfile::REALISTIC)
    }

    /// Opens a portfolio that fills by these habits.
    pub fn open_with(&mut self, name: &str, cash: Money, profile: ExecutionProfile) -> Vec<String> {
        self.command(Command::OpenPortfolio {
            portfolio: self.portfolio(name),
            currency: Currency::Usd,
            starting_balance: cash,
            limits: RiskLimits::default(),
            profile: Box::new(profile),
        })
    }

    /// Gives a holding by an ordinary purchase from a quote that is then lost again.
    pub fn hold(&mut self, name: &str, symbol: &str, qty: Qty, price: Price) -> Vec<String> {
        self.tick(symbol, TickBody::Quote(Quote { bid: price, bid_size: qty, ask: price, ask_size: qty }));
        let order = self.new_order(name, symbol, Side::Buy, None);
        let terms = OrderTerms { size: Size::Shares(qty), ..order.terms };
        self.submit(NewOrder { terms, ..order }, None);
        self.tick(symbol, TickBody::Quote(Quote::default()));
        self.feed_lost()
    }

    /// Changes what an instrument may do.
    pub fn set_status(&mut self, symbol: &str, status: InstrumentStatus, tradable: bool) -> Vec<String> {
        let row = instrument(row_of(symbol).get(), symbol);
        self.command(Command::DefineInstrument(Instrument { status, tradable, ..row }))
    }

    /// A market order for one, to be given its terms.
    pub fn new_order(&mut self, portfolio: &str, symbol: &str, side: Side, name: Option<&str>) -> NewOrder {
        self.next_key += 1;
        // A name that was used before is a client order id used again.
        let key = name.map_or(self.next_key, |name| {
            name.bytes().fold(1 << 64, |key: u128, byte| key.wrapping_mul(0x1_0000_01b3) ^ u128::from(byte))
        });
        NewOrder {
            portfolio: self.portfolio(portfolio),
            client_order_id: ClientOrderId::parse(name.unwrap_or("unnamed")).expect("a client order id"),
            key: ClientOrderKey::new(key),
            fingerprint: 0,
            symbol: Symbol::parse(symbol).expect("a symbol"),
            side,
            terms: OrderTerms::plain(OrderKind::Market, Size::Shares(Qty::whole(1))),
            chain: None,
        }
    }

    /// The number that the next order of a portfolio gets.
    pub(crate) fn next_number(&self, order: &NewOrder) -> u32 {
        let image = self.shard.image();
        let row = image.portfolios.iter().find(|row| row.id == order.portfolio).expect("an open portfolio");
        row.last_order.get() + 1
    }

    /// Knows an order by this name from here on.
    pub(crate) fn name(&mut self, name: String, order: OrderId) {
        self.orders.insert(name, order);
    }

    /// Sends an order, under a name for later.
    pub fn submit(&mut self, mut order: NewOrder, name: Option<&str>) -> Vec<String> {
        let meaning = format!("{:?}", (&order.symbol, order.side, &order.terms));
        order.fingerprint = meaning.bytes().fold(7, |hash: u64, byte| hash.wrapping_mul(31) + u64::from(byte));
        self.sent += 1;
        let before = self.events.len();
        let reply = self.apply(Command::Submit(order));
        let id = match &reply {
            CommandReply::Accepted(id) | CommandReply::OrderRejected(id, _) => *id,
            CommandReply::Duplicate(id) => return vec![format!("duplicate {}", self.name_of(*id))],
            CommandReply::Refused(reject) => return vec![format!("refused {}", reject.code)],
            CommandReply::Done | CommandReply::Replaced(_) | CommandReply::Canceled(_) => {
                panic!("a submit is answered with an order")
            }
        };
        self.orders.insert(name.map_or_else(|| format!("order{}", self.sent), str::to_owned), id);
        self.describe(before, Some(id))
    }

    fn apply(&mut self, command: Command) -> CommandReply {
        let request = Request { by: by(), command };
        self.shard.apply(&request, self.now, &mut self.events)
    }

    /// Sends a command that is no submit.
    pub fn command(&mut self, command: Command) -> Vec<String> {
        let concerned = if let Command::Replace { order, .. } | Command::Cancel { order } = &command {
            Some(*order)
        } else {
            None
        };
        let before = self.events.len();
        if let CommandReply::Refused(reject) = self.apply(command) {
            let mut said = self.describe(before, concerned);
            said.push(format!("refused {}", reject.code));
            return said;
        }
        self.describe(before, concerned)
    }

    /// Brings a quote or a trade.
    pub fn tick(&mut self, symbol: &str, body: TickBody) -> Vec<String> {
        self.ticks += 1;
        let tick = Tick { instrument: row_of(symbol), time: self.now.plus_nanos(self.exchange_shift), body };
        let stamped = Stamped { seq: TickSeq::new(self.ticks), now: self.now, tick };
        let before = self.events.len();
        self.shard.on_tick(&stamped, &mut self.events);
        self.describe(before, None)
    }

    /// Tells the shard the time.
    pub fn pass_to(&mut self, time: Time) -> Vec<String> {
        self.now = time;
        let before = self.events.len();
        self.shard.on_time(self.now, &mut self.events);
        self.describe(before, None)
    }

    /// Makes every quote old.
    pub fn feed_lost(&mut self) -> Vec<String> {
        let before = self.events.len();
        self.shard.on_feed_lost(self.now, &mut self.events);
        self.describe(before, None)
    }

    /// Records trailing marks that moved.
    pub fn flush(&mut self) -> Vec<String> {
        let before = self.events.len();
        self.shard.flush_trailing(&mut self.events);
        self.describe(before, None)
    }

    /// Puts in the shard's place what its image gives.
    pub fn restart(&mut self) -> Vec<String> {
        self.shard = Shard::restore(self.config, &self.shard.image());
        Vec::new()
    }
}

fn no_note() -> Note {
    Note::parse("").expect("an empty note")
}
