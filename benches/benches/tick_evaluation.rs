//! How much a tick costs while a million orders are open.
//!
//! Workload: 1,000 instruments; 100 portfolios with 10 orders on each instrument (limits and stops
//! of both sides), none near the market; 2,000,000 ticks in random order of instruments, nine quotes
//! to one trade at the ask. Beside it, in turns: a plain scan that reads every tick of the same
//! array, and the same engine without orders. The same from a feed without trades, where stops watch
//! quotes, and with every tick sent twice. Then with one tick in a hundred filling an order. The
//! memory of an order is what the process grew by, open orders counted.
//!
//! In memory and on one thread: no decoding, no journal, no stream. What is left out is said in the
//! report.

use anyhow::{Context, Result, ensure};
use benches::{median, nanoseconds_each, result, say};
use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{
    Aggressor, AssetClass, CalendarId, ClientOrderId, ClientOrderKey, Command, CommandReply, Currency, Event,
    ExecutionProfile, Instrument, InstrumentId, InstrumentStatus, Money, NewOrder, OrderKind, Origin, PortfolioId,
    Price, Qty, Quote, Request, RiskLimits, Side, Size, Stamped, SubmittedBy, Symbol, Tick, TickBody, TickSeq,
    Time, TimeInForce, Trade, TradeConditions, UserId,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::{Duration, Instant};

const INSTRUMENTS: u32 = 1_000;
const PORTFOLIOS: u32 = 100;
const ORDERS_EACH: i64 = 10;
const TICKS: usize = 2_000_000;
/// One tick in so many fills an order, in the second part.
const TICKS_PER_FILL: usize = 100;
const ROUNDS: usize = 5;
const SEED: u64 = 7;
/// The lowest ask of a quiet market, in cents.
const LEVEL: i64 = 10_000;
const BY: SubmittedBy = SubmittedBy { user: UserId::new(0), origin: Origin::System };

fn main() -> Result<()> {
    say(&format!("{INSTRUMENTS} instruments, {TICKS} ticks, seed {SEED}, median of {ROUNDS} rounds in turns"));
    let mut empty = market(PORTFOLIOS)?;
    let mut crowded = market(PORTFOLIOS)?;
    let before = resident_bytes()?;
    place_orders(&mut crowded)?;
    let open = crowded.open_order_count();
    ensure!(open == 1_000_000, "{open} orders are open");
    let bytes_each = (resident_bytes()? - before) / u64::try_from(open)?;
    say(&format!("memory  {bytes_each} bytes for each of {open} open orders"));
    // Quotes before trades: once a trade was seen, stops watch trades.
    let by_quotes = in_turns("quotes ", only_quotes(&quiet_ticks()), &mut empty, &mut crowded)?;
    print_once(&mut empty);
    print_once(&mut crowded);
    let quiet = in_turns("quiet  ", quiet_ticks(), &mut empty, &mut crowded)?;
    let twice = in_turns("twice  ", each_twice(&quiet_ticks()), &mut empty, &mut crowded)?;
    ensure!(crowded.open_order_count() == open, "quiet ticks fill nothing");
    drop((empty, crowded));

    let filling = filling_ticks();
    let (mut scans, mut filled) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut shard = market(PORTFOLIOS)?;
        place_orders(&mut shard)?;
        place_ladder(&mut shard)?;
        print_once(&mut shard);
        scans.push(nanoseconds_each(scan(&filling), TICKS));
        filled.push(nanoseconds_each(evaluate(&mut shard, &filling, TICKS / TICKS_PER_FILL)?, TICKS));
    }
    let (filling_scan_ns, filling_ns) = (median(scans), median(filled));
    say(&format!(
        "filling plain scan {filling_scan_ns:.2} ns/tick, 1 tick in {TICKS_PER_FILL} fills {filling_ns:.2}"
    ));
    say(&format!("        {:.2}x the scan", filling_ns / filling_scan_ns));
    say("left out: decoding, rings, journal, streams; memory holds everything; one thread of a shared machine");
    result(&json!({
        "benchmark": "tick_evaluation", "instruments": INSTRUMENTS, "open_orders": open, "ticks": TICKS,
        "bytes_per_open_order": bytes_each, "quiet": quiet, "quotes_only": by_quotes, "each_twice": twice,
        "filling_ns": filling_ns, "filling_over_scan": filling_ns / filling_scan_ns,
    }));
    Ok(())
}

/// The scan, the engine without orders and the engine with them, in turns over the same ticks.
fn in_turns(name: &str, mut ticks: Vec<Stamped>, empty: &mut Shard, crowded: &mut Shard) -> Result<Value> {
    let (mut scans, mut nothing, mut million) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        move_behind(&mut ticks, crowded.now());
        scans.push(nanoseconds_each(scan(&ticks), TICKS));
        nothing.push(nanoseconds_each(evaluate(empty, &ticks, 0)?, TICKS));
        million.push(nanoseconds_each(evaluate(crowded, &ticks, 0)?, TICKS));
    }
    let least = |figures: &[f64]| figures.iter().copied().fold(f64::INFINITY, f64::min);
    let of_least = least(&million) / least(&scans);
    let (scan_ns, empty_ns, crowded_ns) = (median(scans), median(nothing), median(million));
    let (over_scan, over_empty) = (crowded_ns / scan_ns, crowded_ns / empty_ns);
    say(&format!("{name} plain scan {scan_ns:.2} ns/tick, no orders {empty_ns:.2}, all orders {crowded_ns:.2}"));
    say(&format!("        {over_scan:.2}x the scan ({of_least:.2}x, best rounds), {over_empty:.2}x of no orders"));
    Ok(json!({
        "scan_ns": scan_ns, "no_orders_ns": empty_ns, "orders_ns": crowded_ns, "over_scan": over_scan,
        "over_scan_best_rounds": of_least, "over_no_orders": over_empty,
    }))
}

/// What the process holds in memory.
fn resident_bytes() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status").context("Linux tells the memory of a process")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the resident part")?;
    Ok(1_024 * line.trim().trim_end_matches(" kB").parse::<u64>()?)
}

/// Reads every field of every tick, as cheaply as one can.
fn scan(ticks: &[Stamped]) -> Duration {
    let begun = Instant::now();
    let mut sum = 0_i64;
    for stamped in black_box(ticks) {
        sum ^= stamped.now.nanos() ^ stamped.tick.time.nanos() ^ i64::from(stamped.tick.instrument.get());
        sum ^= stamped.seq.get().cast_signed();
        sum ^= match stamped.tick.body {
            TickBody::Quote(quote) => {
                quote.bid.raw() ^ quote.ask.raw() ^ quote.bid_size.raw() ^ quote.ask_size.raw()
            }
            TickBody::Trade(trade) => {
                trade.price.raw() ^ trade.size.raw() ^ trade.aggressor as i64 ^ trade.conditions as i64
            }
        };
    }
    black_box(sum);
    begun.elapsed()
}

fn evaluate(shard: &mut Shard, ticks: &[Stamped], fills: usize) -> Result<Duration> {
    let mut events: Vec<Event> = Vec::with_capacity(4 * fills + 16);
    let begun = Instant::now();
    for stamped in black_box(ticks) {
        shard.on_tick(stamped, &mut events);
    }
    let time = begun.elapsed();
    ensure!(events.len() == fills, "{} events, {fills} fills were expected", events.len());
    Ok(time)
}

fn cents(cents: i64) -> Price {
    Price::from_raw(cents * 1_000_000)
}

fn quote(ask: i64, size: i64) -> TickBody {
    let size = Qty::whole(size);
    TickBody::Quote(Quote { bid: cents(ask - 2), bid_size: size, ask: cents(ask), ask_size: size })
}

fn stamped(place: usize, instrument: u32, body: TickBody) -> Stamped {
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

fn print(price: i64) -> TickBody {
    TickBody::Trade(Trade {
        price: cents(price),
        size: Qty::whole(100),
        aggressor: Aggressor::Buyer,
        conditions: TradeConditions::Regular,
    })
}

fn quiet_ticks() -> Vec<Stamped> {
    let mut market = Market::new();
    (0..TICKS).map(|place| market.quiet(place)).collect()
}

/// The same with each trade replaced by the quote before it.
fn only_quotes(ticks: &[Stamped]) -> Vec<Stamped> {
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
fn each_twice(ticks: &[Stamped]) -> Vec<Stamped> {
    let twice = ticks.iter().flat_map(|tick| [tick, tick]).take(TICKS);
    twice.enumerate().map(|(place, tick)| stamped(place, tick.tick.instrument.get(), tick.tick.body)).collect()
}

/// A trade on each instrument, so that stops watch trades from here on.
fn print_once(shard: &mut Shard) {
    for number in 1..=INSTRUMENTS {
        let mut first = stamped(0, number, print(LEVEL));
        (first.now, first.tick.time) = (shard.now(), shard.now());
        shard.on_tick(&first, &mut Vec::new());
    }
}

/// Moves ticks behind what was seen before, for another round.
fn move_behind(ticks: &mut [Stamped], seen: Time) {
    let places = seen.nanos_since(ticks.first().map_or(seen, |first| first.now)) + 1;
    for stamped in ticks {
        stamped.seq = TickSeq::new(stamped.seq.get() + places.unsigned_abs());
        stamped.now = stamped.now.plus_nanos(places);
        stamped.tick.time = stamped.now;
    }
}

/// The same market, but every hundredth tick is a quote that comes down by one step to the next
/// order of a ladder below the level.
fn filling_ticks() -> Vec<Stamped> {
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
fn market(portfolios: u32) -> Result<Shard> {
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
            profile: ExecutionProfile::Realistic,
        };
        command(&mut shard, open)?;
        for number in 1..=INSTRUMENTS {
            submit(
                &mut shard,
                Wish { portfolio, number, side: Side::Buy, kind: OrderKind::Market, qty: 100, serial: 0 },
            )?;
        }
    }
    Ok(shard)
}

struct Wish {
    portfolio: u32,
    number: u32,
    side: Side,
    kind: OrderKind,
    qty: i64,
    serial: i64,
}

/// Ten orders on each instrument for each portfolio, at least two dollars from the market.
fn place_orders(shard: &mut Shard) -> Result<()> {
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
                submit(shard, Wish { portfolio, number, side, kind, qty: 10, serial })?;
            }
        }
    }
    Ok(())
}

/// On each instrument one order a cent below the level, one two cents below, and so on.
fn place_ladder(shard: &mut Shard) -> Result<()> {
    let steps = i64::try_from(TICKS / TICKS_PER_FILL)? / i64::from(INSTRUMENTS);
    for number in 1..=INSTRUMENTS {
        for step in 1..=steps {
            let portfolio = 1 + u32::try_from(step)? % PORTFOLIOS;
            let kind = OrderKind::Limit { limit: cents(LEVEL - step) };
            submit(shard, Wish { portfolio, number, side: Side::Buy, kind, qty: 10, serial: ORDERS_EACH + step })?;
        }
    }
    Ok(())
}

fn submit(shard: &mut Shard, wish: Wish) -> Result<()> {
    let name = format!("{}-{}-{}", wish.portfolio, wish.number, wish.serial);
    let (portfolio, number) = (u128::from(wish.portfolio), u128::from(wish.number));
    let key = portfolio << 96 | number << 64 | u128::from(wish.serial.unsigned_abs());
    let order = NewOrder {
        portfolio: PortfolioId::new(wish.portfolio),
        client_order_id: ClientOrderId::parse(&name)?,
        key: ClientOrderKey::new(key),
        fingerprint: 0,
        symbol: symbol(wish.number)?,
        side: wish.side,
        kind: wish.kind,
        size: Size::Shares(Qty::whole(wish.qty)),
        time_in_force: TimeInForce::GoodTilCanceled,
    };
    command(shard, Command::Submit(order))
}

fn command(shard: &mut Shard, command: Command) -> Result<()> {
    let mut events = Vec::new();
    let reply = shard.apply(&Request { by: BY, command }, Time::from_nanos(1_000_000_000), &mut events);
    let taken = matches!(reply, CommandReply::Done | CommandReply::Accepted(_));
    ensure!(taken, "the set-up was refused: {reply:?}");
    Ok(())
}

fn symbol(number: u32) -> Result<Symbol> {
    Symbol::parse(&format!("S{number}")).context("a symbol of the set-up")
}

fn instrument(number: u32) -> Result<Instrument> {
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
