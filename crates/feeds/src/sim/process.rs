//! How one simulated instrument is quoted and traded: around its fair price, at a spread that wanders
//! around its usual width.
//!
//! What leaves is a whole number of price increments and of size steps. The invariant: every quote
//! has a bid of at least one increment and an ask above it, and the fair price lies between them
//! unless it is below one increment.

use super::path::FairPath;
use super::random::{Random, hash_of, mix};
use super::tape::TapeConfig;
use crate::instruments::BuiltinInstrument;
use model::{
    Aggressor, AssetClass, CalendarId, InstrumentId, Price, Qty, Quote, SCALE, Symbol, Time, Trade,
    TradeConditions,
};

/// One trade in this many is an odd lot, which may not set the last price.
const ODD_LOT_ONE_IN: u64 = 12;

/// What the simulated market must know of an instrument.
#[derive(Clone, Debug)]
pub struct SimInstrument {
    /// Its ticker.
    pub symbol: Symbol,
    /// The price around which it wanders over the years.
    pub price: Price,
    /// The step of its price at that price.
    pub tick_size: Price,
    /// Standard deviation of a trading day's logarithmic return.
    pub daily_volatility: f64,
    /// Units that trade on a usual day.
    pub daily_volume: f64,
    /// Usual distance of bid and ask, in price steps.
    pub spread_ticks: u32,
    /// The smallest step of a displayed size.
    pub size_step: Qty,
    /// When it trades, where sessions are kept.
    pub calendar: CalendarId,
}

impl SimInstrument {
    /// From a row of the built-in table.
    #[must_use]
    pub fn of(row: &BuiltinInstrument) -> Self {
        let instrument = row.to_instrument(InstrumentId::new(0));
        let size_step = match row.asset_class {
            AssetClass::Crypto => crypto_size_step(row.price),
            AssetClass::Equity
            | AssetClass::Etf
            | AssetClass::Option
            | AssetClass::Future
            | AssetClass::Fx
            | AssetClass::Bond => Qty::whole(100),
        };
        Self {
            symbol: row.symbol,
            price: row.price,
            tick_size: instrument.increment_at(row.price),
            daily_volatility: f64::from(row.volatility_bps_per_day) / 10_000.0,
            daily_volume: approximate(row.average_daily_volume),
            spread_ticks: row.spread_ticks,
            size_step,
            calendar: instrument.calendar,
        }
    }

    /// Value that trades on a usual day, in the currency of the price.
    pub(super) fn daily_value(&self) -> f64 {
        self.daily_volume * to_float(self.price.raw())
    }
}

/// The state of one instrument.
#[derive(Clone, Debug)]
pub(super) struct Process {
    random: Random,
    path: FairPath,
    fair: Option<f64>,
    tick_size: i64,
    size_step: i64,
    lots_mean: f64,
    spread_usual: f64,
    spread: f64,
    last_move: f64,
}

impl Process {
    pub(super) fn new(instrument: &SimInstrument, config: &TapeConfig) -> Self {
        let spread_usual = f64::from(instrument.spread_ticks.max(1));
        // A displayed size is about a twenty-thousandth of a day's volume (guess: liquid US names).
        let lots_mean =
            (instrument.daily_volume / 20_000.0 / to_float(instrument.size_step.raw())).clamp(1.0, 40.0);
        Self {
            random: Random::new(mix(config.stream() ^ hash_of(instrument.symbol.as_str()))),
            path: FairPath::new(instrument, config.seed, config.sessions),
            fair: None,
            tick_size: instrument.tick_size.raw().max(1),
            size_step: instrument.size_step.raw().max(1),
            lots_mean,
            spread_usual,
            spread: spread_usual,
            last_move: 0.0,
        }
    }

    /// The instrument's own randomness, for when it speaks next.
    pub(super) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Quotes around the fair price of an instant.
    pub(super) fn quote(&mut self, time: Time) -> Quote {
        let fair = self.path.steps_at(time.nanos());
        self.last_move = fair - self.fair.replace(fair).unwrap_or(fair);
        let noise = self.random.normal() * 0.4 * self.spread_usual.sqrt();
        self.spread += 0.3 * (self.spread_usual - self.spread) + noise;
        self.spread = self.spread.clamp(1.0, 6.0 * self.spread_usual);
        let spread = to_steps(self.spread).max(1);
        let bid = to_steps(fair - to_float_steps(spread) / 2.0).max(1);
        Quote {
            bid: Price::from_raw(bid * self.tick_size),
            bid_size: self.displayed_size(),
            ask: Price::from_raw((bid + spread) * self.tick_size),
            ask_size: self.displayed_size(),
        }
    }

    /// A print at one side of a quote: more often at the side that the price moves towards.
    pub(super) fn trade(&mut self, quote: &Quote) -> Trade {
        let upwards = if self.last_move > 0.0 { 0.65 } else { 0.35 };
        let (aggressor, price, displayed) = if self.random.unit() < upwards {
            (Aggressor::Buyer, quote.ask, quote.ask_size)
        } else {
            (Aggressor::Seller, quote.bid, quote.bid_size)
        };
        if self.size_step == 100 * SCALE && self.random.bits().is_multiple_of(ODD_LOT_ONE_IN) {
            let odd = 1 + i64::from(self.random.bits().to_le_bytes()[0] % 99);
            return Trade { price, size: Qty::whole(odd), aggressor, conditions: TradeConditions::Ineligible };
        }
        let size = self.displayed_size().min(displayed);
        Trade { price, size, aggressor, conditions: TradeConditions::Regular }
    }

    fn displayed_size(&mut self) -> Qty {
        // A Pareto number with exponent 1.5 has mean 3.
        let lots = to_steps(self.lots_mean / 3.0 * self.random.heavy(100.0)).max(1);
        Qty::from_raw(lots * self.size_step)
    }
}

/// A power of ten that is worth about ten to a hundred in the currency of the price.
fn crypto_size_step(price: Price) -> Qty {
    let mut step = SCALE * 1_000_000;
    while step > 1_000 && i128::from(price.raw()) * i128::from(step) > i128::from(SCALE) * i128::from(100 * SCALE)
    {
        step /= 10;
    }
    Qty::from_raw(step)
}

/// Units of 1e-8 as a float.
pub(super) fn to_float(raw: i64) -> f64 {
    to_float_steps(raw) / to_float_scale()
}

fn to_float_scale() -> f64 {
    to_float_steps(SCALE)
}

fn approximate(count: u64) -> f64 {
    to_float_steps(i64::try_from(count).unwrap_or(i64::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "the simulation draws plausible numbers, not exact ones")]
pub(super) fn to_float_steps(raw: i64) -> f64 {
    raw as f64
}

/// The nearest whole number; a float beyond the range gives the end of the range.
#[expect(clippy::cast_possible_truncation, reason = "the conversion of a float saturates")]
pub(super) fn to_steps(value: f64) -> i64 {
    value.round() as i64
}
