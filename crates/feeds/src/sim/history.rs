//! The past of the simulated market, as bars.
//!
//! One path for each instrument: every day has a move, and every minute of it a step on the way,
//! both drawn from hashes of the symbol and the date. Bars of all intervals are cut from that one
//! path, so that they agree; the path is scaled so that it ends at the price the tape begins with.
//! The invariant: the last bar before `to` closes at the table's price.

use super::process::{to_float, to_float_steps, to_steps};
use super::random::{hash_of, mix, normal_of, unit_of};
use crate::bars::{Bar, BarInterval};
use crate::instruments::{self, BuiltinInstrument};
use model::{InstrumentId, Price, Qty, SCALE, Symbol, Time};

const MINUTE_NS: i64 = 60_000_000_000;
const MINUTES_PER_DAY: i64 = 1_440;
/// How far back bars go: five years.
const DAYS_MAX: i64 = 5 * 366;
/// How far the logarithm of a price may be from the table's: a factor of 12.
const LOG_RANGE: f64 = 2.5;

/// Bars of a built-in instrument from `from` (included) to `to` (excluded), oldest first.
///
/// Empty for an unknown symbol and for an empty stretch; at most five years before `to`. The bar
/// that holds `to` ends there. The same arguments always give the same bars, and moving `to` only
/// scales the prices before it.
#[must_use]
pub fn history(symbol: Symbol, interval: BarInterval, from: Time, to: Time) -> Vec<Bar> {
    let Some(row) = instruments::find(symbol) else { return Vec::new() };
    let last = (to.nanos() - 1).div_euclid(MINUTE_NS);
    let oldest = last - DAYS_MAX * MINUTES_PER_DAY;
    let first = interval.start(from).nanos().div_euclid(MINUTE_NS).max(interval_floor(interval, oldest));
    if from >= to || first > last {
        return Vec::new();
    }
    let path = Path::new(row);
    let mut bars: Vec<Bar> = Vec::new();
    // Backwards, a day at a time, from a known end: the logarithm of the price at the end of `last`.
    let mut log_end = 0.0;
    for day in (first.div_euclid(MINUTES_PER_DAY)..=last.div_euclid(MINUTES_PER_DAY)).rev() {
        let levels = path.day(day);
        let begin = day * MINUTES_PER_DAY;
        let end = last.min(begin + MINUTES_PER_DAY - 1);
        let shift = log_end - levels[offset(end + 1 - begin)];
        let day_first = first.max(begin);
        for minute in (day_first..=end).rev() {
            let at = offset(minute - begin);
            let minute_bar = path.bar(minute, levels[at] + shift, levels[at + 1] + shift);
            prepend(&mut bars, &minute_bar, interval);
        }
        log_end = levels[0] + shift;
    }
    bars.reverse();
    bars
}

/// Puts an earlier minute in front of the bars, which are kept newest first.
fn prepend(bars: &mut Vec<Bar>, minute: &Bar, interval: BarInterval) {
    let open_time = interval.start(minute.open_time);
    let mut earlier = Bar { open_time, ..*minute };
    match bars.last_mut().filter(|bar| bar.open_time == open_time) {
        Some(later) => {
            earlier.merge(later);
            *later = earlier;
        }
        None => bars.push(earlier),
    }
}

struct Path {
    key: u64,
    volatility: f64,
    price: f64,
    tick_size: i64,
    volume_per_minute: f64,
    volume_step: i64,
}

impl Path {
    fn new(row: &BuiltinInstrument) -> Self {
        let instrument = row.to_instrument(InstrumentId::new(0));
        let volume = to_float_steps(i64::try_from(row.average_daily_volume).unwrap_or(i64::MAX));
        let volume_per_minute = volume / to_float_steps(MINUTES_PER_DAY);
        Self {
            key: mix(hash_of(row.symbol.as_str())),
            volatility: f64::from(row.volatility_bps_per_day) / 10_000.0,
            price: to_float(row.price.raw()),
            tick_size: instrument.increment_at(row.price).raw().max(1),
            volume_per_minute,
            // Fractions where a minute has only a few units.
            volume_step: if volume_per_minute < 1_000.0 { SCALE / 10_000 } else { SCALE },
        }
    }

    /// Levels of the logarithm at the minutes of a day, relative to its start: one more than minutes.
    fn day(&self, day: i64) -> Vec<f64> {
        let key = mix(self.key ^ mix(to_bits(day)));
        let step = 1.0 / to_float_steps(MINUTES_PER_DAY).sqrt();
        let mut level = 0.0;
        let mut levels = vec![0.0];
        for minute in 0..MINUTES_PER_DAY {
            level += step * normal_of(mix(key ^ to_bits(minute)));
            levels.push(level * self.volatility);
        }
        levels
    }

    /// The bar of a minute between two levels.
    fn bar(&self, minute: i64, log_open: f64, log_close: f64) -> Bar {
        let draw = mix(self.key ^ mix(to_bits(minute).rotate_left(17)));
        let wick = self.volatility / to_float_steps(MINUTES_PER_DAY).sqrt() * 0.5;
        let (up, down) = (unit_of(draw), unit_of(draw << 32));
        let (open, close) = (self.price_at(log_open), self.price_at(log_close));
        let high = self.price_at(log_open.max(log_close) + wick * up).max(open).max(close);
        let low = self.price_at(log_open.min(log_close) - wick * down).min(open).min(close);
        let part = to_float_steps(minute.rem_euclid(MINUTES_PER_DAY)) / to_float_steps(MINUTES_PER_DAY);
        let busy = 0.7 + 0.9 * (2.0 * part - 1.0).powi(2);
        let volume = self.volume_per_minute * busy * (0.5 + unit_of(mix(draw)));
        let steps = to_steps(volume * to_float_steps(SCALE / self.volume_step)).max(1);
        let volume = Qty::from_raw(steps.saturating_mul(self.volume_step));
        Bar { open_time: Time::from_nanos(minute * MINUTE_NS), open, high, low, close, volume }
    }

    fn price_at(&self, log: f64) -> Price {
        let steps = self.price * log.clamp(-LOG_RANGE, LOG_RANGE).exp() / to_float(self.tick_size);
        Price::from_raw(to_steps(steps).max(1) * self.tick_size)
    }
}

fn interval_floor(interval: BarInterval, minute: i64) -> i64 {
    interval.start(Time::from_nanos(minute * MINUTE_NS)).nanos() / MINUTE_NS
}

fn offset(minutes: i64) -> usize {
    usize::try_from(minutes).expect("a minute within its day")
}

fn to_bits(number: i64) -> u64 {
    u64::from_ne_bytes(number.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::aggregate;

    /// 2024-01-10T14:37:20Z.
    const NOW: Time = Time::from_seconds(1_704_897_440);
    const DAY: i64 = 86_400_000_000_000;

    fn symbol(text: &str) -> Symbol {
        Symbol::parse(text).expect("a ticker")
    }

    #[test]
    fn history_ends_at_the_opening_price_whatever_the_interval() {
        for ticker in ["AAPL", "F", "BTC/USD", "DOGE/USD"] {
            let price = instruments::find(symbol(ticker)).expect("in the table").price;
            for interval in BarInterval::ALL {
                let bars = history(symbol(ticker), interval, NOW.plus_nanos(-5 * DAY), NOW);
                let last = bars.last().expect("five days hold bars");
                assert_eq!(last.close, price, "{ticker}");
                assert!(last.open_time < NOW && NOW.nanos_since(last.open_time) <= interval.nanos(), "{ticker}");
                for pair in bars.windows(2) {
                    assert_eq!(pair[1].open_time.nanos_since(pair[0].open_time), interval.nanos());
                    assert_eq!(pair[0].close, pair[1].open, "the market is always open");
                }
                for bar in &bars {
                    assert!(bar.low <= bar.open && bar.low <= bar.close && bar.low.is_positive());
                    assert!(bar.high >= bar.open && bar.high >= bar.close && bar.volume.is_positive());
                }
            }
        }
    }

    #[test]
    fn bars_of_all_intervals_are_cut_from_one_path() {
        let from = NOW.plus_nanos(-3 * DAY);
        let day_start = BarInterval::OneDay.start(from);
        let minutes = history(symbol("MSFT"), BarInterval::OneMinute, day_start, NOW);
        let days = history(symbol("MSFT"), BarInterval::OneDay, from, NOW);
        assert_eq!(aggregate(&minutes, BarInterval::OneDay), days);
        assert_eq!(minutes, history(symbol("MSFT"), BarInterval::OneMinute, day_start, NOW));
    }

    #[test]
    fn five_years_of_days_are_plausible() {
        let bars = history(symbol("SPY"), BarInterval::OneDay, NOW.plus_nanos(-1_825 * DAY), NOW);
        assert_eq!(bars.len(), 1_826);
        let returns = |bar: &Bar| (to_float(bar.close.raw()) / to_float(bar.open.raw())).ln();
        let variance = bars.iter().map(|bar| returns(bar).powi(2)).sum::<f64>() / 1_826.0;
        let table =
            f64::from(instruments::find(symbol("SPY")).expect("in the table").volatility_bps_per_day) / 10_000.0;
        assert!((0.8..1.25).contains(&(variance.sqrt() / table)));
    }

    #[test]
    fn nothing_is_made_up_for_the_unknown_or_the_empty() {
        assert!(history(symbol("ZZZZZ"), BarInterval::OneDay, Time::EARLIEST, NOW).is_empty());
        assert!(history(symbol("AAPL"), BarInterval::OneDay, NOW, NOW).is_empty());
    }
}
