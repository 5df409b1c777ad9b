//! The quarantine: what a tick must look like before anyone trades on it.
//!
//! Owns the last good price and time of every instrument of one feed. Never repairs a tick: it
//! passes or it is dropped, and either way it is counted. The invariant: an instrument's passed
//! quotes never go back in exchange time, and neither do its trades, except after a reconnection or
//! a long streak that shows that it was the earlier time that was wrong.

use crate::status::DropReason;
use model::{Price, Qty, Quote, Tick, TickBody, Time, TradeConditions, limits};

/// Ticks in a row, within [`CheckConfig::confirm_percent`] of each other, that make a jump true.
const JUMP_CONFIRMATIONS: u8 = 3;
/// Old ticks in a row that show that one time far ahead was the wrong one (guess).
const OUT_OF_ORDER_STREAK_MAX: u16 = 256;

/// How strict the checks are.
#[derive(Clone, Copy, Debug)]
pub struct CheckConfig {
    /// A price more than this many times the last good one, or less than that part of it, is a jump.
    pub jump_factor: i64,
    /// A move of up to this many price increments is never a jump.
    pub jump_ticks: i64,
    /// How close, in percent, ticks must be to confirm each other.
    pub confirm_percent: i64,
    /// After this long without a tick any price is taken: a session's gap.
    pub gap_ns: i64,
}

impl Default for CheckConfig {
    /// A factor of 3 and 10 increments, confirmed within 10 percent, free after an hour.
    ///
    /// The factor is a guess between what markets do in one step (halts reopen at half or double)
    /// and what broken feeds do (a shifted decimal point is a factor of 10).
    fn default() -> Self {
        Self { jump_factor: 3, jump_ticks: 10, confirm_percent: 10, gap_ns: 3_600_000_000_000 }
    }
}

/// What the checks say of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Good.
    Pass,
    /// Passed on, with a remark that is counted.
    Marked(DropReason),
    /// Kept from the sink.
    Dropped(DropReason),
}

/// The checks of one feed.
#[derive(Debug, Default)]
pub struct Checks {
    config: CheckConfig,
    instruments: Vec<Known>,
}

/// What is known of one instrument.
#[derive(Clone, Debug, Default)]
struct Known {
    quotes: Last,
    trades: Last,
    good_price: Price,
    good_time: Time,
    jump_price: Price,
    jump_count: u8,
}

/// The last tick of one kind.
#[derive(Clone, Debug, Default)]
struct Last {
    time: Time,
    body: Option<TickBody>,
    older_streak: u16,
}

impl Checks {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new(config: CheckConfig) -> Self {
        Self { config, instruments: Vec::new() }
    }

    /// Judges a tick, and remembers it when it is good.
    pub fn check(&mut self, tick: &Tick) -> Verdict {
        if let Some(reason) = shape_defect(&tick.body) {
            return Verdict::Dropped(reason);
        }
        let index = usize::try_from(tick.instrument.get()).unwrap_or(usize::MAX);
        if index >= limits::INSTRUMENTS_MAX {
            return Verdict::Dropped(DropReason::UnknownSymbol);
        }
        if index >= self.instruments.len() {
            self.instruments.resize_with(index + 1, Known::default);
        }
        self.instruments[index].check(tick, &self.config)
    }

    /// A new connection may resend the past: times start afresh, prices stay known.
    pub fn reconnected(&mut self) {
        for known in &mut self.instruments {
            known.quotes = Last::default();
            known.trades = Last::default();
        }
    }
}

impl Known {
    fn check(&mut self, tick: &Tick, config: &CheckConfig) -> Verdict {
        let last = match tick.body {
            TickBody::Quote(_) => &mut self.quotes,
            TickBody::Trade(_) => &mut self.trades,
        };
        if tick.time < last.time && last.older_streak < OUT_OF_ORDER_STREAK_MAX {
            last.older_streak += 1;
            return Verdict::Dropped(DropReason::OutOfOrder);
        }
        let duplicate = last.time == tick.time && last.body == Some(tick.body);
        if let Some(price) = reference_price(&tick.body) {
            if self.is_jump(price, tick.time, config) {
                return Verdict::Dropped(DropReason::Jump);
            }
            self.good_price = price;
            self.good_time = tick.time;
            self.jump_count = 0;
        }
        let last = match tick.body {
            TickBody::Quote(_) => &mut self.quotes,
            TickBody::Trade(_) => &mut self.trades,
        };
        *last = Last { time: tick.time, body: Some(tick.body), older_streak: 0 };
        if duplicate { Verdict::Marked(DropReason::Duplicate) } else { mark(&tick.body) }
    }

    /// Whether a price is an unconfirmed jump; counts it as a confirmation if it is one.
    fn is_jump(&mut self, price: Price, time: Time, config: &CheckConfig) -> bool {
        let calm = self.good_price.is_zero()
            || time.nanos_since(self.good_time) > config.gap_ns
            || !is_jump_from(price, self.good_price, config.jump_factor)
            || distance(price, self.good_price) <= config.jump_ticks.saturating_mul(increment(self.good_price));
        if calm {
            return false;
        }
        let confirms = self.jump_count > 0 && !is_beyond(price, self.jump_price, config.confirm_percent);
        self.jump_count = if confirms { self.jump_count + 1 } else { 1 };
        self.jump_price = price;
        self.jump_count < JUMP_CONFIRMATIONS
    }
}

/// What is wrong with a tick whatever came before it.
fn shape_defect(body: &TickBody) -> Option<DropReason> {
    let (prices, sizes) = match body {
        TickBody::Quote(quote) => {
            let none = quote.bid.is_zero() && quote.ask.is_zero();
            if none || quote.bid < Price::ZERO || quote.ask < Price::ZERO {
                return Some(DropReason::PriceNotPositive);
            }
            if quote.bid_size < Qty::ZERO || quote.ask_size < Qty::ZERO {
                return Some(DropReason::SizeNotPositive);
            }
            ([quote.bid, quote.ask], [quote.bid_size, quote.ask_size])
        }
        TickBody::Trade(trade) => {
            if !trade.price.is_positive() {
                return Some(DropReason::PriceNotPositive);
            }
            if !trade.size.is_positive() {
                return Some(DropReason::SizeNotPositive);
            }
            ([trade.price; 2], [trade.size; 2])
        }
    };
    if prices.iter().any(|price| *price > limits::PRICE_MAX) {
        return Some(DropReason::PriceOverLimit);
    }
    sizes.iter().any(|size| *size > limits::QTY_MAX).then_some(DropReason::SizeOverLimit)
}

/// The price that a tick is judged by: a regular print's, or the middle of what is quoted.
fn reference_price(body: &TickBody) -> Option<Price> {
    match body {
        TickBody::Trade(trade) => match trade.conditions {
            TradeConditions::Regular | TradeConditions::OpeningAuction | TradeConditions::ClosingAuction => {
                Some(trade.price)
            }
            TradeConditions::Ineligible => None,
        },
        TickBody::Quote(quote) if is_one_sided(quote) => Some(quote.bid.max(quote.ask)),
        TickBody::Quote(quote) => Some(Price::from_raw(i64::midpoint(quote.bid.raw(), quote.ask.raw()))),
    }
}

fn mark(body: &TickBody) -> Verdict {
    match body {
        TickBody::Quote(quote) if is_one_sided(quote) => Verdict::Marked(DropReason::OneSided),
        TickBody::Quote(quote) if quote.is_crossed() => Verdict::Marked(DropReason::Crossed),
        TickBody::Quote(_) | TickBody::Trade(_) => Verdict::Pass,
    }
}

fn is_one_sided(quote: &Quote) -> bool {
    quote.bid.is_zero() || quote.ask.is_zero()
}

fn is_beyond(price: Price, from: Price, percent: i64) -> bool {
    i128::from(distance(price, from)) * 100 > i128::from(from.raw()) * i128::from(percent)
}

fn is_jump_from(price: Price, from: Price, factor: i64) -> bool {
    // What saturates lies beyond every price, which answers as the exact product would.
    let (price, from) = (price.raw(), from.raw());
    price > from.saturating_mul(factor) || price.saturating_mul(factor) < from
}

fn distance(price: Price, from: Price) -> i64 {
    (price.raw() - from.raw()).abs()
}

/// The usual price step at a price: US rule 612, and a thousandth for what costs less than a cent.
fn increment(price: Price) -> i64 {
    match price.raw() {
        raw if raw >= 100_000_000 => 1_000_000,
        raw if raw >= 1_000_000 => 10_000,
        raw => (raw / 1_000).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Aggressor, InstrumentId, Trade};

    const HOUR: i64 = 3_600;

    fn price(text: &str) -> Price {
        Price::from_raw(i64::try_from(model::parse_fixed(text).expect("a price of the test")).expect("small"))
    }

    fn tick(second: i64, body: TickBody) -> Tick {
        Tick { instrument: InstrumentId::new(3), time: Time::from_seconds(1_700_000_000 + second), body }
    }

    fn quote(second: i64, bid: &str, ask: &str) -> Tick {
        let size = |side: &str| if side == "0" { Qty::ZERO } else { Qty::whole(100) };
        let quote = Quote { bid: price(bid), bid_size: size(bid), ask: price(ask), ask_size: size(ask) };
        tick(second, TickBody::Quote(quote))
    }

    fn trade(second: i64, at: &str, size: i64) -> Tick {
        let conditions = TradeConditions::Regular;
        let aggressor = Aggressor::Unknown;
        tick(second, TickBody::Trade(Trade { price: price(at), size: Qty::whole(size), aggressor, conditions }))
    }

    fn check(rule: &str, ticks: &[(Tick, Verdict)]) {
        let mut checks = Checks::new(CheckConfig::default());
        for (index, (tick, expected)) in ticks.iter().enumerate() {
            assert_eq!(checks.check(tick), *expected, "{rule}: tick {index}");
        }
    }

    #[test]
    fn bad_ticks_are_dropped_with_their_reason() {
        use DropReason::{
            Duplicate, Jump, OutOfOrder, PriceNotPositive, PriceOverLimit, SizeNotPositive, SizeOverLimit,
        };
        use Verdict::{Dropped, Marked, Pass};
        check(
            "zero and negative prices",
            &[
                (trade(0, "0", 1), Dropped(PriceNotPositive)),
                (trade(0, "-1", 1), Dropped(PriceNotPositive)),
                (quote(0, "0", "0"), Dropped(PriceNotPositive)),
                (quote(0, "-1", "10"), Dropped(PriceNotPositive)),
            ],
        );
        check(
            "beyond the limits",
            &[
                (trade(0, "10000000.01", 1), Dropped(PriceOverLimit)),
                (quote(0, "10", "10000001"), Dropped(PriceOverLimit)),
                (trade(0, "10", 1_000_000_001), Dropped(SizeOverLimit)),
            ],
        );
        check(
            "sizes",
            &[(trade(0, "10", 0), Dropped(SizeNotPositive)), (trade(0, "10", -5), Dropped(SizeNotPositive))],
        );
        check(
            "crossed and one-sided quotes pass",
            &[
                (quote(0, "10.05", "10.02"), Marked(DropReason::Crossed)),
                (quote(1, "10.05", "0"), Marked(DropReason::OneSided)),
                (quote(2, "10.02", "10.02"), Pass),
            ],
        );
        check(
            "older ticks are dropped by kind",
            &[
                (quote(5, "10", "10.02"), Pass),
                (quote(4, "10", "10.02"), Dropped(OutOfOrder)),
                (trade(3, "10", 1), Pass),
                (trade(2, "10", 1), Dropped(OutOfOrder)),
                (quote(5, "10", "10.03"), Pass),
                (quote(5, "10", "10.03"), Marked(Duplicate)),
            ],
        );
        check(
            "a lone jump is dropped and the last good price kept",
            &[
                (trade(0, "100", 1), Pass),
                (trade(1, "1000", 1), Dropped(Jump)),
                (trade(2, "10000", 1), Dropped(Jump)),
                (trade(3, "101", 1), Pass),
                (quote(3, "0.99", "1.01"), Dropped(Jump)),
                (trade(4, "149", 1), Pass),
            ],
        );
        check(
            "three that agree make a jump true",
            &[
                (trade(0, "100", 1), Pass),
                (trade(1, "50", 1), Pass),
                (trade(2, "10", 1), Dropped(Jump)),
                (quote(3, "10.50", "10.60"), Dropped(Jump)),
                (trade(4, "10.40", 1), Pass),
                (trade(5, "10.41", 1), Pass),
            ],
        );
        check(
            "a session's gap allows any price",
            &[
                (trade(0, "100", 1), Pass),
                (trade(HOUR, "10", 1), Dropped(Jump)),
                (trade(HOUR + 1, "400", 1), Pass),
            ],
        );
        check("a few increments are no jump", &[(trade(0, "0.0010", 1), Pass), (trade(1, "0.00101", 1), Pass)]);
    }

    #[test]
    fn one_time_far_ahead_does_not_silence_an_instrument() {
        let mut checks = Checks::new(CheckConfig::default());
        assert_eq!(checks.check(&trade(1_000_000, "10", 1)), Verdict::Pass);
        for _ in 0..OUT_OF_ORDER_STREAK_MAX {
            assert_eq!(checks.check(&trade(5, "10", 1)), Verdict::Dropped(DropReason::OutOfOrder));
        }
        assert_eq!(checks.check(&trade(6, "10", 1)), Verdict::Pass);
        assert_eq!(checks.check(&trade(5, "10", 1)), Verdict::Dropped(DropReason::OutOfOrder));
        checks.reconnected();
        assert_eq!(checks.check(&trade(5, "10", 1)), Verdict::Pass);
    }

    #[test]
    fn ineligible_prints_neither_jump_nor_set_the_good_price() {
        let mut checks = Checks::new(CheckConfig::default());
        assert_eq!(checks.check(&trade(0, "100", 1)), Verdict::Pass);
        let late = Trade {
            price: price("10"),
            size: Qty::whole(1),
            aggressor: Aggressor::Unknown,
            conditions: TradeConditions::Ineligible,
        };
        assert_eq!(checks.check(&tick(1, TickBody::Trade(late))), Verdict::Pass);
        assert_eq!(checks.check(&trade(2, "101", 1)), Verdict::Pass);
    }
}
