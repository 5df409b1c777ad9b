//! The market, the portfolios and the orders that every part of the benchmark runs on.
//!
//! Owns the workload and its seed. It must never measure.

use anyhow::{Context, Result, ensure};
use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{
    Aggressor, AssetClass, CalendarId, ClientOrderId, ClientOrderKey, Command, CommandReply, Currency,
    ExecutionProfile, Instrument, InstrumentId, InstrumentStatus, Money, NewOrder, OrderKind, OrderTerms, Origin,
    PortfolioId, Price, Qty, Quote, Request, RiskLimits, Side, Size, Stamped, SubmittedBy, Symbol, Tick, TickBody,
    TickSeq, Time, TimeInForce, Trade, TradeConditions, UserId,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub(crate) const INSTRUMENTS: u32 = 1_000;
pub(crate) const PORTFOLIOS: u32 = 100;
const ORDERS_EACH: i64 = 10;
pub(crate) const TICKS: usize = 2_048_000;
/// One tick in so many fills an order, in the second part.
pub(crate) const TICKS_PER_FILL: usize = 100;
pub(crate) const SEED: u64 = 7;
/// The lowest ask of a quiet market, in cents.
pub(crate) const LEVEL: i64 = 10_000;
const BY: SubmittedBy = SubmittedBy { user: UserId::new(0), origin: Origin::System };

pub(crate) fn cents(cents: i64) -> Price {
    Price::from_raw(cents * 1_000_000)
}

pub(crate) fn quote(ask: i64, size: i64) -> TickBody {
    let size = Qty::whole(size);
    TickBody::Quote(Quote { bid: cents(ask - 2), bid_size: size, ask: cents(ask), ask_size: size })
}

pub(crate) fn stamped(place: usize, instrument: u32, body: TickBody) -> Stamped {
    let place = i64::try_from(place).expect("ticks are counted in millions");
    let now = Time::from_nanos(1_000_000_000 + place);
    let tick = Tick { instrument: InstrumentId::new(instrument), time: now, body };
    Stamped { seq: TickSeq::new(place.unsigned_abs() + 1), now, tick }
}

/// A market that moves by half a dollar above its level, where no order waits; prints are at the ask.
struct Market {
    random: StdRng,
    asks: Vec<i64>,
}

impl Market {
    fn new() -> Self {
        let instruments = usize::try_from(INSTRUMENTS).expect("a thousand fits");
        Self { random: StdRng::seed_from_u64(SEED), asks: vec![LEVEL; instruments + 1] }
    }

    fn quiet(&mut self, place: usize) -> Stamped {
        let instrument = self.random.random_range(1..=INSTRUMENTS);
        if self.random.random_ratio(1, 10) {
            return stamped(place, instrument, print(self.asks[row(instrument)]));
        }
        let (ask, lots) = (LEVEL + self.random.random_range(0..50), self.random.random_range(1..20));
        self.quote(place, instrument, (ask, 100 * lots))
    }

    fn quote(&mut self, place: usize, instrument: u32, (ask, size): (i64, i64)) -> Stamped {
        self.asks[row(instrument)] = ask;
        stamped(place, instrument, quote(ask, size))
    }
}

fn row(instrument: u32) -> usize {
    usize::try_from(instrument).expect("a thousand fits")
}

pub(crate) fn print(price: i64) -> TickBody {
    TickBody::Trade(Trade {
        price: cents(price),
        size: Qty::whole(100),
        aggressor: Aggressor::Buyer,
        conditions: TradeConditions::Regular,
    })
}

pub(crate) fn quiet_ticks() -> Vec<Stamped> {
    let mut market = Market::new();
    (0..TICKS).map(|place| market.quiet(place)).collect()
}

/// The same with each trade replaced by the quote before it.
pub(crate) fn only_quotes(ticks: &[Stamped]) -> Vec<Stamped> {
    let mut last = quote(LEVEL, 100);
    let of = |(place, tick): (usize, &Stamped)| {
        if let TickBody::Quote(_) = tick.tick.body {
            last = tick.tick.body;
        }
        stamped(place, tick.tick.instrument.get(), last)
    };
    ticks.iter().enumerate().map(of).collect()
}

/// The first half of the ticks, each followed by itself.
pub(crate) fn each_twice(ticks: &[Stamped]) -> Vec<Stamped> {
    let twice = ticks.iter().flat_map(|tick| [tick, tick]).take(TICKS);
    twice.enumerate().map(|(place, tick)| stamped(place, tick.tick.instrument.get(), tick.tick.body)).collect()
}

/// A trade on each instrument, so that stops watch trades from here on.
pub(crate) fn print_once(shard: &mut Shard) {
    for number in 1..=INSTRUMENTS {
        let mut first = stamped(0, number, print(LEVEL));
        (first.now, first.tick.time) = (shard.now(), shard.now());
        shard.on_tick(&first, &mut Vec::new());
    }
}

/// Moves ticks behind what was seen before, for another round.
pub(crate) fn move_behind(ticks: &mut [Stamped], seen: Time) {
    let places = seen.nanos_since(ticks.first().map_or(seen, |first| first.now)) + 1;
    for stamped in ticks {
        stamped.seq = TickSeq::new(stamped.seq.get() + places.unsigned_abs());
        stamped.now = stamped.now.plus_nanos(places);
        stamped.tick.time = stamped.now;
    }
}

/// The same market, but every hundredth tick is a quote that comes down by one step to the next
/// order of a ladder below the level.
pub(crate) fn filling_ticks() -> Vec<Stamped> {
    let mut market = Market::new();
    let mut steps = vec![0_i64; market.asks.len()];
    let mut next = 0;
    (0..TICKS)
        .map(|place| {
            if place % TICKS_PER_FILL != 0 {
                return market.quiet(place);
            }
            next = next % INSTRUMENTS + 1;
            let step = &mut steps[row(next)];
            *step += 1;
            let ask = LEVEL - *step;
            market.quote(place, next, (ask, 1_000))
        })
        .collect()
}

/// A shard with all instruments and portfolios; every portfolio holds some of everything.
pub(crate) fn market(portfolios: u32) -> Result<Shard> {
    market_of(portfolios, INSTRUMENTS)
}

/// The same, where each portfolio holds this many of the instruments.
pub(crate) fn market_of(portfolios: u32, held: u32) -> Result<Shard> {
    let mut shard = Shard::new(ShardConfig { calendar: CalendarPolicy::AlwaysOpen, ..ShardConfig::default() });
    for number in 1..=INSTRUMENTS {
        command(&mut shard, Command::DefineInstrument(instrument(number)?))?;
    }
    let mut events = Vec::new();
    for number in 1..=INSTRUMENTS {
        shard.on_tick(&stamped(0, number, quote(LEVEL, 1_000_000)), &mut events);
    }
    for portfolio in 1..=portfolios {
        let open = Command::OpenPortfolio {
            portfolio: PortfolioId::new(portfolio),
            currency: Currency::Usd,
            starting_balance: Money::whole(1_000_000_000_000),
            limits: RiskLimits::default(),
            profile: Box::new(ExecutionProfile::REALISTIC),
        };
        command(&mut shard, open)?;
        for place in 0..held {
            let (number, kind) = (held_by(portfolio, place, held), OrderKind::Market);
            let time_in_force = TimeInForce::GoodTilCanceled;
            submit(
                &mut shard,
                Wish { portfolio, number, side: Side::Buy, kind, qty: 1_000, serial: 0, time_in_force },
            )?;
        }
    }
    Ok(shard)
}

/// The instrument at a place in a portfolio's list: portfolios with few begin at different ones.
pub(crate) fn held_by(portfolio: u32, place: u32, held: u32) -> u32 {
    1 + ((portfolio - 1) * held + place) % INSTRUMENTS
}

/// An order to be.
pub(crate) struct Wish {
    pub(crate) portfolio: u32,
    pub(crate) number: u32,
    pub(crate) side: Side,
    pub(crate) kind: OrderKind,
    pub(crate) qty: i64,
    pub(crate) serial: i64,
    pub(crate) time_in_force: TimeInForce,
}

/// Ten orders on each instrument for each portfolio, at least two dollars from the market.
pub(crate) fn place_orders(shard: &mut Shard) -> Result<()> {
    let mut random = StdRng::seed_from_u64(SEED + 1);
    for portfolio in 1..=PORTFOLIOS {
        for number in 1..=INSTRUMENTS {
            for serial in 1..=ORDERS_EACH {
                let away = random.random_range(200..2_000);
                let (side, kind) = match serial {
                    1..=4 => (Side::Buy, OrderKind::Limit { limit: cents(LEVEL - away) }),
                    5..=7 => (Side::Sell, OrderKind::Limit { limit: cents(LEVEL + away) }),
                    8 => (Side::Buy, OrderKind::Stop { stop: cents(LEVEL + away) }),
                    _ => (Side::Sell, OrderKind::Stop { stop: cents(LEVEL - away) }),
                };
                submit(
                    shard,
                    Wish {
                        portfolio,
                        number,
                        side,
                        kind,
                        qty: 10,
                        serial,
                        time_in_force: TimeInForce::GoodTilCanceled,
                    },
                )?;
            }
        }
    }
    Ok(())
}

/// On each instrument one order a cent below the level, one two cents below, and so on.
pub(crate) fn place_ladder(shard: &mut Shard) -> Result<()> {
    let steps = i64::try_from(TICKS / TICKS_PER_FILL)? / i64::from(INSTRUMENTS) + 1;
    for number in 1..=INSTRUMENTS {
        for step in 1..=steps {
            let portfolio = 1 + u32::try_from(step)? % PORTFOLIOS;
            let kind = OrderKind::Limit { limit: cents(LEVEL - step) };
            submit(
                shard,
                Wish {
                    portfolio,
                    number,
                    side: Side::Buy,
                    kind,
                    qty: 10,
                    serial: ORDERS_EACH + step,
                    time_in_force: TimeInForce::GoodTilCanceled,
                },
            )?;
        }
    }
    Ok(())
}

pub(crate) fn submit(shard: &mut Shard, wish: Wish) -> Result<()> {
    let name = format!("{}-{}-{}", wish.portfolio, wish.number, wish.serial);
    let (portfolio, number) = (u128::from(wish.portfolio), u128::from(wish.number));
    let key = portfolio << 96 | number << 64 | u128::from(wish.serial.unsigned_abs());
    let plain = OrderTerms::plain(wish.kind, Size::Shares(Qty::whole(wish.qty)));
    let order = NewOrder {
        portfolio: PortfolioId::new(wish.portfolio),
        client_order_id: ClientOrderId::parse(&name)?,
        key: ClientOrderKey::new(key),
        fingerprint: 0,
        symbol: symbol(wish.number)?,
        side: wish.side,
        terms: OrderTerms { time_in_force: wish.time_in_force, ..plain },
        chain: None,
    };
    command(shard, Command::Submit(order))
}

pub(crate) fn command(shard: &mut Shard, command: Command) -> Result<()> {
    let mut events = Vec::new();
    let reply = shard.apply(&Request { by: BY, command }, Time::from_nanos(1_000_000_000), &mut events);
    let taken = matches!(reply, CommandReply::Done | CommandReply::Accepted(_));
    ensure!(taken, "the set-up was refused: {reply:?}");
    Ok(())
}

pub(crate) fn symbol(number: u32) -> Result<Symbol> {
    Symbol::parse(&format!("S{number}")).context("a symbol of the set-up")
}

pub(crate) fn instrument(number: u32) -> Result<Instrument> {
    Ok(Instrument {
        id: InstrumentId::new(number),
        symbol: symbol(number)?,
        name: format!("Instrument {number}").into(),
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
    })
}
