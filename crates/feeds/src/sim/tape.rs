//! The simulated market as an endless iterator of ticks in order of time.
//!
//! One priority queue holds when each instrument speaks next. The invariant: times never decrease,
//! a trade follows the quote that it trades on, and no instrument is silent for more than
//! [`SILENCE_MAX_NS`] while its market is open.

use super::process::{Process, SimInstrument, to_float_steps, to_steps};
use super::random::mix;
use crate::alpaca::SymbolTick;
use crate::instruments;
use model::calendar::{Session, session_at_or_after};
use model::{CalendarId, Symbol, TickBody, Time};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Longest silence of an instrument in its session.
pub(super) const SILENCE_MAX_NS: i64 = 10_000_000_000;
/// Quotes a second of the livelier part of the market, at rate one.
const LIVELY_QUOTES_PER_SECOND: f64 = 2.0;
/// Quotes a second of the rest.
const CALM_QUOTES_PER_SECOND: f64 = 1.0;
/// The part of the market that is lively, by value traded.
const LIVELY_PART_PERCENT: usize = 40;
/// One quote in this many is traded on.
const TRADE_ONE_IN: u64 = 4;

/// When the simulated market is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sessions {
    /// Every instrument trades around the clock.
    #[default]
    AlwaysOpen,
    /// Every instrument keeps the hours of its own calendar.
    OfCalendar,
}

/// What a tape is made from.
#[derive(Clone, Debug)]
pub struct TapeConfig {
    /// Names the tape among all tapes.
    pub seed: u64,
    /// The time of its first tick.
    pub start: Time,
    /// When the market is open.
    pub sessions: Sessions,
    /// Multiplies how often instruments speak; 1.0 is about two quotes a second of a lively one.
    pub rate: f64,
    /// What trades.
    pub instruments: Vec<SimInstrument>,
}

impl TapeConfig {
    /// The built-in instruments with these symbols, or all of them for none.
    #[must_use]
    pub fn builtin(symbols: &[Symbol], seed: u64, start: Time) -> Self {
        let instruments = if symbols.is_empty() {
            instruments::builtin().iter().map(SimInstrument::of).collect()
        } else {
            symbols.iter().filter_map(|symbol| instruments::find(*symbol)).map(SimInstrument::of).collect()
        };
        Self { seed, start, sessions: Sessions::AlwaysOpen, rate: 1.0, instruments }
    }

    /// Names the randomness of sizes, spreads and waits, which begins anew with every start.
    pub(super) fn stream(&self) -> u64 {
        mix(self.seed ^ mix(u64::from_ne_bytes(self.start.nanos().to_ne_bytes())))
    }
}

/// The simulated market. Ends only when there is no instrument.
#[derive(Clone, Debug)]
pub struct Tape {
    rows: Vec<Row>,
    agenda: BinaryHeap<Reverse<(i64, usize)>>,
    ready: VecDeque<SymbolTick>,
    sessions: Sessions,
}

#[derive(Clone, Debug)]
struct Row {
    symbol: Symbol,
    calendar: CalendarId,
    quotes_per_ns: f64,
    session: Session,
    process: Process,
}

impl Tape {
    /// A tape from its first tick.
    #[must_use]
    pub fn new(config: &TapeConfig) -> Self {
        let start = config.start.nanos();
        let rate = if config.rate.is_finite() { config.rate.clamp(0.001, 100_000.0) } else { 1.0 };
        let mut values: Vec<f64> = config.instruments.iter().map(SimInstrument::daily_value).collect();
        values.sort_by(|left, right| right.total_cmp(left));
        let lively = values.get(values.len() * LIVELY_PART_PERCENT / 100).copied().unwrap_or_default();
        let row = |instrument: &SimInstrument| {
            let calendar = config.sessions.calendar_of(instrument.calendar);
            let is_lively = instrument.daily_value() >= lively;
            let per_second = if is_lively { LIVELY_QUOTES_PER_SECOND } else { CALM_QUOTES_PER_SECOND };
            Row {
                symbol: instrument.symbol,
                calendar,
                quotes_per_ns: per_second * rate / 1e9,
                session: session_at_or_after(calendar, config.start),
                process: Process::new(instrument, config),
            }
        };
        let rows: Vec<Row> = config.instruments.iter().map(row).collect();
        // A full round first: every instrument that trades now is quoted at once.
        let first = |(index, row): (usize, &Row)| Reverse((row.session.open.nanos().max(start), index));
        let agenda = rows.iter().enumerate().map(first).collect();
        Self { rows, agenda, ready: VecDeque::new(), sessions: config.sessions }
    }

    /// When the tape was made to keep hours or not.
    #[must_use]
    pub const fn sessions(&self) -> Sessions {
        self.sessions
    }

    /// The time of the tick that comes next.
    #[must_use]
    pub fn next_time(&self) -> Option<Time> {
        let ready = self.ready.front().map(|tick| tick.time);
        ready.or_else(|| self.agenda.peek().map(|Reverse((time, _))| Time::from_nanos(*time)))
    }

    /// Leaves out what would have come until `now`: what was to come next comes then, at the prices
    /// of that time.
    pub(super) fn pause_until(&mut self, now: Time) {
        let Some(next) = self.next_time() else { return };
        let agenda = std::mem::take(&mut self.agenda);
        for Reverse((time, index)) in agenda {
            // Whoever spoke in turn still does; whoever waits for a later session waits on.
            let turn = now.nanos() + (time - next.nanos()).clamp(0, SILENCE_MAX_NS);
            let time = if time < now.nanos() { turn } else { time };
            let row = &mut self.rows[index];
            row.session = session_at_or_after(row.calendar, Time::from_nanos(time));
            self.agenda.push(Reverse((time.max(row.session.open.nanos()), index)));
        }
    }

    fn speak(&mut self, time: i64, index: usize) {
        let row = &mut self.rows[index];
        let now = Time::from_nanos(time);
        let quote = row.process.quote(now);
        self.ready.push_back(SymbolTick { symbol: row.symbol, time: now, body: TickBody::Quote(quote) });
        if row.process.random().bits().is_multiple_of(TRADE_ONE_IN) {
            let trade = TickBody::Trade(row.process.trade(&quote));
            self.ready.push_back(SymbolTick { symbol: row.symbol, time: now, body: trade });
        }
        let next = row.next_time(time);
        self.agenda.push(Reverse((next, index)));
    }
}

impl Iterator for Tape {
    type Item = SymbolTick;

    fn next(&mut self) -> Option<SymbolTick> {
        if self.ready.is_empty() {
            let Reverse((time, index)) = self.agenda.pop()?;
            self.speak(time, index);
        }
        self.ready.pop_front()
    }
}

impl Row {
    fn next_time(&mut self, time: i64) -> i64 {
        let rate = self.quotes_per_ns * activity(&self.session, time);
        let wait = to_steps(self.process.random().exponential() / rate).clamp(1, SILENCE_MAX_NS);
        let next = time + wait;
        if Time::from_nanos(next) < self.session.close {
            return next;
        }
        let closing = self.session.close;
        self.session = session_at_or_after(self.calendar, closing);
        next.max(self.session.open.nanos())
    }
}

/// How lively a moment of a session is: busy at its ends, calm in the middle, one on average.
fn activity(session: &Session, time: i64) -> f64 {
    let from_middle = 2.0 * part_of(session, time) - 1.0;
    0.7 + 0.9 * from_middle * from_middle
}

/// How much of a session's activity has passed: the integral of [`activity`], one at its close.
pub(super) fn activity_until(session: &Session, time: i64) -> f64 {
    let part = part_of(session, time);
    0.7 * part + 0.15 * ((2.0 * part - 1.0).powi(3) + 1.0)
}

fn part_of(session: &Session, time: i64) -> f64 {
    let length = to_float_steps(session.close.nanos_since(session.open).max(1));
    (to_float_steps(time - session.open.nanos()) / length).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::clock::DAY_NS;
    use model::{Aggressor, TradeConditions};
    use std::collections::HashMap;

    fn config(seed: u64, symbols: &[&str]) -> TapeConfig {
        let symbols: Vec<Symbol> = symbols.iter().map(|text| Symbol::parse(text).expect("a ticker")).collect();
        // 2024-01-02T00:00:00Z.
        TapeConfig::builtin(&symbols, seed, Time::from_seconds(1_704_153_600))
    }

    #[test]
    fn a_seed_makes_one_tape_and_another_seed_another() {
        let take = |seed| Tape::new(&config(seed, &[])).take(20_000).collect::<Vec<_>>();
        assert_eq!(take(1), take(1));
        assert_ne!(take(1), take(2));
    }

    #[test]
    fn the_market_begins_with_a_full_round_and_keeps_its_rate() {
        let config = config(3, &[]);
        let mut quoted: HashMap<Symbol, Time> = HashMap::new();
        let mut silence_ns_max = 0;
        let mut count = 0_u32;
        let mut previous = config.start;
        let seconds = 600;
        for tick in Tape::new(&config) {
            assert!(tick.time >= previous);
            previous = tick.time;
            if tick.time.nanos_since(config.start) > seconds * 1_000_000_000 {
                break;
            }
            count += 1;
            if let Some(last) = quoted.insert(tick.symbol, tick.time) {
                silence_ns_max = silence_ns_max.max(tick.time.nanos_since(last));
            }
            if usize::try_from(count).expect("small") <= config.instruments.len() {
                assert!(tick.time.nanos_since(config.start) < 1_000_000_000);
            }
        }
        assert_eq!(quoted.len(), config.instruments.len());
        assert!(silence_ns_max <= SILENCE_MAX_NS, "{silence_ns_max}");
        let per_second = f64::from(count) / 600.0;
        // Midnight is a busy end of the round-the-clock day, at 1.6 times the average.
        assert!((700.0..2_500.0).contains(&per_second), "{per_second} ticks a second");
    }

    #[test]
    fn quotes_are_uncrossed_on_their_increment_and_trades_happen_at_a_side() {
        let config = config(4, &[]);
        let steps: HashMap<Symbol, &SimInstrument> =
            config.instruments.iter().map(|row| (row.symbol, row)).collect();
        let mut quotes: HashMap<Symbol, model::Quote> = HashMap::new();
        let (mut buys, mut sells, mut odd) = (0, 0, 0);
        for tick in Tape::new(&config).take(200_000) {
            let instrument = steps[&tick.symbol];
            match tick.body {
                TickBody::Quote(quote) => {
                    assert!(quote.bid.is_positive() && quote.ask > quote.bid, "{tick:?}");
                    assert!(quote.bid.is_multiple_of(instrument.tick_size), "{tick:?}");
                    assert!(quote.ask.is_multiple_of(instrument.tick_size), "{tick:?}");
                    assert!(quote.bid_size.is_multiple_of(instrument.size_step) && quote.bid_size.is_positive());
                    quotes.insert(tick.symbol, quote);
                }
                TickBody::Trade(trade) => {
                    let quote = quotes[&tick.symbol];
                    match trade.aggressor {
                        Aggressor::Buyer => assert_eq!(trade.price, quote.ask),
                        Aggressor::Seller => assert_eq!(trade.price, quote.bid),
                        Aggressor::Unknown => panic!("the simulated market knows who took"),
                    }
                    assert!(trade.size.is_positive());
                    match (trade.conditions, trade.aggressor) {
                        (TradeConditions::Ineligible, _) => odd += 1,
                        (TradeConditions::Regular, Aggressor::Buyer) => buys += 1,
                        (TradeConditions::Regular, _) => sells += 1,
                        (TradeConditions::OpeningAuction | TradeConditions::ClosingAuction, _) => {
                            panic!("the simulated market holds no auctions")
                        }
                    }
                }
            }
        }
        assert!(buys > 10_000 && sells > 10_000 && odd > 1_000, "{buys} {sells} {odd}");
    }

    /// Daily returns over 40 days at a slow rate: the estimate of a standard deviation from 40
    /// numbers is itself within about a quarter of the truth.
    #[test]
    fn volatility_is_that_of_the_table_within_a_factor_of_two() {
        let mut config = config(5, &["AAPL", "KO", "SPY", "BTC/USD", "NVDA"]);
        config.rate = 0.01;
        let days = 40;
        let mut closes: HashMap<Symbol, Vec<f64>> = HashMap::new();
        for tick in Tape::new(&config) {
            let day = usize::try_from(tick.time.nanos_since(config.start) / DAY_NS).expect("after the start");
            if day >= days {
                break;
            }
            if let TickBody::Quote(quote) = tick.body {
                let closes = closes.entry(tick.symbol).or_default();
                closes.resize(day + 1, 0.0);
                closes[day] = to_float_steps(quote.bid.raw());
            }
        }
        for instrument in &config.instruments {
            let closes = &closes[&instrument.symbol];
            let returns: Vec<f64> = closes.windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect();
            let variance = returns.iter().map(|part| part * part).sum::<f64>() / to_float_steps(39);
            let ratio = variance.sqrt() / instrument.daily_volatility;
            assert!((0.5..2.0).contains(&ratio), "{}: {ratio}", instrument.symbol);
        }
    }

    #[test]
    fn instruments_move_together() {
        let mut config = config(6, &["AAPL", "MSFT"]);
        config.rate = 0.05;
        let minute = |time: Time| time.nanos() / 600_000_000_000;
        let mut closes: HashMap<Symbol, HashMap<i64, f64>> = HashMap::new();
        for tick in Tape::new(&config).take_while(|tick| tick.time.nanos_since(config.start) < 5 * DAY_NS) {
            if let TickBody::Quote(quote) = tick.body {
                closes
                    .entry(tick.symbol)
                    .or_default()
                    .insert(minute(tick.time), to_float_steps(quote.bid.raw()).ln());
            }
        }
        let moves = |symbol: &str| -> HashMap<i64, f64> {
            let closes = &closes[&Symbol::parse(symbol).expect("a ticker")];
            closes.iter().filter_map(|(at, close)| Some((*at, close - closes.get(&(at - 1))?))).collect()
        };
        let (first, second) = (moves("AAPL"), moves("MSFT"));
        let pairs: Vec<(f64, f64)> = first.iter().filter_map(|(at, one)| Some((*one, *second.get(at)?))).collect();
        let sum = |part: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(part).sum::<f64>();
        let correlation =
            sum(&|pair| pair.0 * pair.1) / (sum(&|pair| pair.0 * pair.0) * sum(&|pair| pair.1 * pair.1)).sqrt();
        // The loading squared is 0.30.
        assert!((0.15..0.45).contains(&correlation), "{correlation}");
    }
}
