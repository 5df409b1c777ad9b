//! The market of the simulation: prices that walk, and a feed that is sometimes wrong.
//!
//! It owns what a provider would send. It must never look at the product. Invariant: what passes
//! [`Feed::checked`] went through the product's own quarantine, as it does behind a real provider.

use crate::plan::FeedFaults;
use crate::random::Random;
use feeds::checks::{CheckConfig, Checks, Verdict};
use model::{Aggressor, InstrumentId, Price, Qty, Quote, Tick, TickBody, Time, Trade, TradeConditions};

const CENT: i64 = 1_000_000;
const ONE: i64 = 100 * CENT;

/// One instrument's market.
#[derive(Clone, Debug)]
struct Walk {
    instrument: InstrumentId,
    /// Middle price in cents.
    cents: i64,
    spread: i64,
    last: Option<Tick>,
}

/// See the module.
#[derive(Debug)]
pub struct Feed {
    faults: FeedFaults,
    walks: Vec<Walk>,
    checks: Checks,
    /// The exchange's time, which runs ahead of the clock or behind it.
    drift: i64,
}

impl Feed {
    /// Markets of these instruments.
    #[must_use]
    pub fn new(instruments: &[InstrumentId], faults: FeedFaults, random: &mut Random) -> Self {
        let walks = instruments.iter().map(|instrument| Walk {
            instrument: *instrument,
            cents: random.pick(&[95, 1_000, 5_000, 20_000]),
            spread: random.between(1, 6),
            last: None,
        });
        let walks = walks.collect();
        Self { faults, walks, checks: Checks::new(CheckConfig::default()), drift: 0 }
    }

    /// No more faults.
    pub fn heal(&mut self) {
        self.faults = FeedFaults {
            lost: false,
            duplicates: false,
            out_of_order: false,
            crossed: false,
            one_sided: false,
            absurd: false,
            floods: false,
            silence: false,
        };
    }

    /// What an instrument's market is about, for orders near it.
    #[must_use]
    pub fn around(&self, index: usize) -> Price {
        Price::from_raw(self.walks[index].cents * CENT)
    }

    /// The provider came back: times may start afresh.
    pub fn reconnected(&mut self) {
        self.checks.reconnected();
    }

    /// Whether the quarantine lets a tick pass.
    pub fn checked(&mut self, tick: &Tick) -> bool {
        match self.checks.check(tick) {
            Verdict::Pass | Verdict::Marked(_) => true,
            Verdict::Dropped(_) => false,
        }
    }

    /// The next tick, at about this time.
    pub fn tick(&mut self, now: Time, random: &mut Random) -> Tick {
        let index = random.index(self.walks.len());
        self.tick_of(index, now, random)
    }

    /// A good quote of an instrument.
    pub fn quote_of(&mut self, index: usize, now: Time, random: &mut Random) -> Tick {
        let body = TickBody::Quote(self.walks[index].quote(random));
        Tick { instrument: self.walks[index].instrument, time: now, body }
    }

    fn tick_of(&mut self, index: usize, now: Time, random: &mut Random) -> Tick {
        let faults = self.faults;
        if random.chance(1, 40) {
            self.drift = random.between(-2_000_000, 2_000_000);
        }
        let walk = &mut self.walks[index];
        if faults.duplicates
            && random.chance(1, 12)
            && let Some(last) = walk.last
        {
            return last;
        }
        walk.step(random);
        let mut time = now.plus_nanos(self.drift);
        if faults.out_of_order && random.chance(1, 8) {
            time = time.plus_nanos(-random.between(1, 5_000_000_000));
        }
        let mut body = if random.chance(3, 5) {
            TickBody::Quote(walk.quote(random))
        } else {
            TickBody::Trade(walk.trade(random))
        };
        if let TickBody::Quote(quote) = &mut body {
            spoil_quote(quote, faults, random);
        }
        if faults.absurd && random.chance(1, 20) {
            spoil_price(&mut body, random);
        }
        let tick = Tick { instrument: walk.instrument, time, body };
        walk.last = Some(tick);
        tick
    }
}

impl Walk {
    fn step(&mut self, random: &mut Random) {
        let jump = if random.chance(1, 60) { random.between(-40, 40) } else { random.between(-2, 2) };
        self.cents = (self.cents + jump).clamp(20, 60_000);
        if random.chance(1, 30) {
            self.spread = random.between(1, 8);
        }
    }

    fn quote(&self, random: &mut Random) -> Quote {
        let half = self.spread / 2;
        let size = |random: &mut Random| Qty::from_raw(random.pick(&[1, 2, 5, 10, 100, 400]) * ONE);
        Quote {
            bid: Price::from_raw((self.cents - half).max(1) * CENT),
            bid_size: size(random),
            ask: Price::from_raw((self.cents - half + self.spread) * CENT),
            ask_size: size(random),
        }
    }

    fn trade(&self, random: &mut Random) -> Trade {
        let away = random.between(-self.spread, self.spread);
        Trade {
            price: Price::from_raw((self.cents + away).max(1) * CENT),
            size: Qty::from_raw(random.pick(&[1, 3, 10, 50, 200]) * ONE),
            aggressor: random.pick(&[Aggressor::Unknown, Aggressor::Unknown, Aggressor::Buyer, Aggressor::Seller]),
            conditions: if random.chance(1, 10) { TradeConditions::Ineligible } else { TradeConditions::Regular },
        }
    }
}

fn spoil_quote(quote: &mut Quote, faults: FeedFaults, random: &mut Random) {
    if faults.crossed && random.chance(1, 12) {
        std::mem::swap(&mut quote.bid, &mut quote.ask);
    }
    if faults.one_sided && random.chance(1, 12) {
        if random.chance(1, 2) {
            (quote.bid, quote.bid_size) = (Price::ZERO, Qty::ZERO);
        } else {
            (quote.ask, quote.ask_size) = (Price::ZERO, Qty::ZERO);
        }
    }
}

fn spoil_price(body: &mut TickBody, random: &mut Random) {
    let spoil = |price: &mut Price, random: &mut Random| {
        *price = match random.below(4) {
            0 => Price::ZERO,
            1 => Price::from_raw(-price.raw()),
            2 => Price::from_raw(price.raw() * 100),
            _ => Price::from_raw(price.raw() / 100),
        };
    };
    match body {
        TickBody::Quote(quote) => spoil(&mut quote.ask, random),
        TickBody::Trade(trade) => spoil(&mut trade.price, random),
    }
}
