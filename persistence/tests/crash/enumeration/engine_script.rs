//! A small day of trading: what two real shards make of commands and ticks.

use super::script::{Transaction, empty_shard};
use engine::Shard;
use model::{
    AssetClass, CalendarId, ClientOrderId, ClientOrderKey, Command, Currency, Event, ExecutionProfile, Instrument,
    InstrumentId, InstrumentStatus, Money, NewOrder, Note, OrderKind, OrderTerms, Origin, PortfolioId, Price, Qty,
    Quote, Request, RiskLimits, Side, Size, Stamped, SubmittedBy, Symbol, Tick, TickBody, TickSeq, Time, Trail,
    UserId,
};

const APPLE: InstrumentId = InstrumentId::new(1);

/// Shards that trade.
pub const SHARDS: u16 = 2;

struct Day {
    shards: Vec<Shard>,
    made: Vec<Transaction>,
    now: Time,
    ticks: u64,
    names: u32,
}

impl Day {
    /// One input to every shard, and what they make of it together.
    fn input(&mut self, act: impl Fn(&mut Shard, u16, Time, &mut Vec<Event>)) {
        self.now = Time::from_nanos(self.now.nanos() + 1_000_000_000);
        let mut transaction = Transaction::new();
        for (number, shard) in (0_u16..).zip(&mut self.shards) {
            let mut events = Vec::new();
            act(shard, number, self.now, &mut events);
            shard.flush_trailing(&mut events);
            if !events.is_empty() {
                transaction.push((number, events));
            }
        }
        if !transaction.is_empty() {
            self.made.push(transaction);
        }
    }

    fn command(&mut self, command: impl Fn(PortfolioId) -> Command) {
        let by = SubmittedBy { user: UserId::new(1), origin: Origin::Manual };
        self.input(|shard, number, now, out| {
            let command = command(PortfolioId::new(u32::from(number) + 1));
            shard.apply(&Request { by, command }, now, out);
        });
    }

    fn order(&mut self, side: Side, kind: OrderKind, shares: i64) {
        self.names += 1;
        let name = self.names;
        self.command(|portfolio| {
            Command::Submit(NewOrder {
                portfolio,
                client_order_id: ClientOrderId::parse(&format!("order-{name}")).expect("a short name"),
                key: ClientOrderKey::new(u128::from(name)),
                fingerprint: u64::from(name),
                symbol: Symbol::parse("AAPL").expect("a ticker"),
                side,
                terms: OrderTerms::plain(kind, Size::Shares(Qty::whole(shares))),
                chain: None,
            })
        });
    }

    fn quote(&mut self, bid: i64, ask: i64) {
        self.ticks += 1;
        let seq = TickSeq::new(self.ticks);
        let size = Qty::whole(50);
        let quote = Quote { bid: Price::whole(bid), bid_size: size, ask: Price::whole(ask), ask_size: size };
        self.input(|shard, _, now, out| {
            let tick = Tick { instrument: APPLE, time: now, body: TickBody::Quote(quote) };
            shard.on_tick(&Stamped { seq, now, tick }, out);
        });
    }
}

fn apple() -> Instrument {
    Instrument {
        id: APPLE,
        symbol: Symbol::parse("AAPL").expect("a ticker"),
        name: "Apple".into(),
        exchange: "NASDAQ".into(),
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

/// What the shards made: an instrument, a portfolio each, deposits, orders that rest, fill, trail and
/// are canceled.
pub fn transactions() -> Vec<Transaction> {
    let mut day = Day {
        shards: (0..SHARDS).map(|_| empty_shard()).collect(),
        made: Vec::new(),
        now: Time::from_seconds(1_700_000_000),
        ticks: 0,
        names: 0,
    };
    day.command(|_| Command::DefineInstrument(apple()));
    day.command(|portfolio| Command::OpenPortfolio {
        portfolio,
        currency: Currency::Usd,
        starting_balance: Money::whole(100_000),
        limits: RiskLimits::default(),
        profile: Box::new(ExecutionProfile::REALISTIC),
    });
    day.quote(99, 100);
    day.order(Side::Buy, OrderKind::Market, 20);
    let trailing = OrderKind::TrailingStop { trail: Trail::Amount(Price::whole(3)), activation: None };
    day.order(Side::Sell, trailing, 5);
    day.quote(103, 104);
    day.quote(99, 100);
    day.order(Side::Buy, OrderKind::Limit { limit: Price::whole(90) }, 7);
    let note = Note::parse("pocket money").expect("a short note");
    day.command(|portfolio| Command::Deposit { portfolio, amount: Money::whole(5), note: note.clone() });
    day.quote(88, 89);
    day.order(Side::Sell, OrderKind::Limit { limit: Price::whole(120) }, 4);
    day.command(|portfolio| Command::CancelAll { portfolio, symbol: None });
    day.made
}
