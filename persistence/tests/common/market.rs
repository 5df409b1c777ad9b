//! A real shard under a steady stream of orders, fills, cancels and deposits: events as they are.
//!
//! It must never be random: the same number gives the same events.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each proof uses a part of this")]

use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{
    AssetClass, CalendarId, ClientOrderId, ClientOrderKey, Command, CommandReply, Currency, Event,
    ExecutionProfile, Instrument, InstrumentId, InstrumentStatus, Money, NewOrder, Note, OrderKind, OrderTerms,
    Origin, PortfolioId, Price, Qty, Quote, Request, RiskLimits, Side, Size, Stamped, SubmittedBy, Symbol, Tick,
    TickBody, TickSeq, Time, UserId,
};

/// A shard and the events that its life so far made.
#[derive(Debug)]
pub struct Market {
    pub shard: Shard,
    portfolio: PortfolioId,
    serial: u64,
}

pub fn shard_config() -> ShardConfig {
    ShardConfig { calendar: CalendarPolicy::AlwaysOpen, ..ShardConfig::default() }
}

fn cents(cents: i64) -> Price {
    Price::from_raw(cents * 1_000_000)
}

impl Market {
    /// With one instrument and one portfolio; their events are put out.
    pub fn open(portfolio: u32, out: &mut Vec<Event>) -> Self {
        let portfolio = PortfolioId::new(portfolio);
        let mut market = Self { shard: Shard::new(shard_config()), portfolio, serial: 0 };
        market.apply(Command::DefineInstrument(instrument()), out);
        market.quote(10_000, out);
        let open = Command::OpenPortfolio {
            portfolio,
            currency: Currency::Usd,
            starting_balance: Money::whole(1_000_000_000),
            limits: RiskLimits::default(),
            profile: Box::new(ExecutionProfile::REALISTIC),
        };
        market.apply(open, out);
        market
    }

    /// One order: taken, and filled, cancelled or left open; now and then a deposit.
    pub fn step(&mut self, out: &mut Vec<Event>) {
        self.serial += 1;
        let level = 9_000 + i64::try_from(self.serial % 7).expect("small");
        let limit = cents(if self.serial.is_multiple_of(3) { 8_000 } else { level });
        let order = NewOrder {
            portfolio: self.portfolio,
            client_order_id: ClientOrderId::parse(&format!("order-{:06}", self.serial)).expect("a name"),
            key: ClientOrderKey::new(u128::from(self.serial)),
            fingerprint: self.serial,
            symbol: Symbol::parse("ACME").expect("a ticker"),
            side: Side::Buy,
            terms: OrderTerms::plain(OrderKind::Limit { limit }, Size::Shares(Qty::whole(1))),
            chain: None,
        };
        let reply = self.apply(Command::Submit(order), out);
        if self.serial.is_multiple_of(9)
            && let CommandReply::Accepted(order) = reply
        {
            self.apply(Command::Cancel { order }, out);
        }
        if self.serial.is_multiple_of(20) {
            let note = Note::parse("monthly").expect("a note");
            let amount = Money::whole(5);
            self.apply(Command::Deposit { portfolio: self.portfolio, amount, note }, out);
        }
        self.quote(level, out);
        self.quote(10_000, out);
    }

    fn apply(&mut self, command: Command, out: &mut Vec<Event>) -> CommandReply {
        let by = SubmittedBy { user: UserId::new(7), origin: Origin::Manual };
        let now = Time::from_seconds(1_700_000_000);
        self.shard.apply(&Request { by, command }, now, out)
    }

    fn quote(&mut self, ask: i64, out: &mut Vec<Event>) {
        self.serial += 1;
        let size = Qty::whole(1_000);
        let body = TickBody::Quote(Quote { bid: cents(ask - 2), bid_size: size, ask: cents(ask), ask_size: size });
        let now = Time::from_seconds(1_700_000_000).plus_nanos(self.serial.cast_signed());
        let tick = Tick { instrument: InstrumentId::new(1), time: now, body };
        self.shard.on_tick(&Stamped { seq: TickSeq::new(self.serial), now, tick }, out);
    }
}

fn instrument() -> Instrument {
    Instrument {
        id: InstrumentId::new(1),
        symbol: Symbol::parse("ACME").expect("a ticker"),
        name: "Acme".into(),
        exchange: "NYSE".into(),
        asset_class: AssetClass::Equity,
        currency: Currency::Usd,
        tick_size: cents(1),
        tick_size_below_one: Price::from_raw(10_000),
        lot_size: Qty::whole(1),
        calendar: CalendarId::AlwaysOpen,
        tradable: true,
        shortable: false,
        status: InstrumentStatus::Active,
    }
}
