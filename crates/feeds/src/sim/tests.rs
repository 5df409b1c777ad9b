//! Laws of the simulated market as a whole: one path, however it is looked at.

use super::path::FairPath;
use super::process::{to_float, to_float_steps};
use super::{History, Sessions, SimInstrument, Tape, TapeConfig};
use crate::bars::{Bar, BarBuilder, BarInterval, aggregate};
use crate::instruments;
use model::{InstrumentId, Price, Symbol, TickBody, Time};
use std::collections::HashMap;

/// 2024-01-10T14:37:20Z, a Wednesday: New York has been open for seven minutes.
const NOW: Time = Time::from_seconds(1_704_897_440);
const DAY: i64 = 86_400_000_000_000;
const MINUTE: i64 = 60_000_000_000;
const ALWAYS: History = History { seed: 1, sessions: Sessions::AlwaysOpen };
const OF_CALENDAR: History = History { seed: 1, sessions: Sessions::OfCalendar };

fn symbol(text: &str) -> Symbol {
    Symbol::parse(text).expect("a ticker")
}

fn instrument(text: &str) -> SimInstrument {
    SimInstrument::of(instruments::find(symbol(text)).expect("in the table"))
}

fn path(text: &str, history: History) -> FairPath {
    FairPath::new(&instrument(text), history.seed, history.sessions)
}

fn bars(history: History, text: &str, interval: BarInterval, days: i64) -> Vec<Bar> {
    history.bars(symbol(text), interval, NOW.plus_nanos(-days * DAY)..NOW, usize::MAX)
}

fn check_aggregation(history: History, text: &str) {
    // From a midnight, so that the first bar of every interval begins with the first minute.
    let within = BarInterval::OneDay.start(NOW.plus_nanos(-9 * DAY))..NOW;
    let minutes = history.bars(symbol(text), BarInterval::OneMinute, within.clone(), usize::MAX);
    assert!(minutes.len() > 7 * 390 / 2, "{text}: {} minutes", minutes.len());
    for interval in BarInterval::ALL {
        let longer = history.bars(symbol(text), interval, within.clone(), usize::MAX);
        assert_eq!(aggregate(&minutes, interval), longer, "{text} {}", interval.name());
    }
}

#[test]
fn a_bar_is_what_its_minutes_are_together() {
    for text in ["AAPL", "F", "BTC/USD", "SHIB/USD"] {
        check_aggregation(ALWAYS, text);
        check_aggregation(OF_CALENDAR, text);
    }
}

#[test]
fn the_path_is_the_same_in_whatever_order_it_is_read() {
    for history in [ALWAYS, OF_CALENDAR] {
        let mut forwards = path("AAPL", history);
        let times: Vec<i64> = (0..5_000).map(|step| NOW.nanos() + step * step * 7_919_000_011).collect();
        let levels: Vec<f64> = times.iter().map(|time| forwards.level(*time)).collect();
        let mut backwards = path("AAPL", history);
        for (time, level) in times.iter().zip(&levels).rev() {
            assert!(backwards.level(*time).total_cmp(level).is_eq());
            assert!(path("AAPL", history).level(*time).total_cmp(level).is_eq());
        }
    }
}

#[test]
fn a_seed_and_a_symbol_name_one_path() {
    let level = |text, seed| path(text, History { seed, ..ALWAYS }).level(NOW.nanos());
    assert!(level("AAPL", 1).total_cmp(&level("AAPL", 1)).is_eq());
    assert!(level("AAPL", 1).total_cmp(&level("AAPL", 2)).is_ne());
    assert!(level("AAPL", 1).total_cmp(&level("MSFT", 1)).is_ne());
}

/// The last quote of each instrument before an instant.
fn quotes_before(config: &TapeConfig, end: Time) -> HashMap<Symbol, (Time, model::Quote)> {
    let ticks = Tape::new(config).take_while(|tick| tick.time < end);
    let quotes = ticks.filter_map(|tick| match tick.body {
        TickBody::Quote(quote) => Some((tick.symbol, (tick.time, quote))),
        TickBody::Trade(_) => None,
    });
    quotes.collect()
}

#[test]
fn a_market_that_starts_again_goes_on_where_it_would_have_been() {
    let first = TapeConfig::builtin(&[], 1, NOW);
    let restart = NOW.plus_nanos(10 * MINUTE);
    let end = restart.plus_nanos(MINUTE);
    let again = TapeConfig { start: restart, ..first.clone() };
    let (ran_on, began_again) = (quotes_before(&first, end), quotes_before(&again, end));
    assert_eq!(ran_on.len(), first.instruments.len());
    for instrument in &first.instruments {
        let mut path = FairPath::new(instrument, first.seed, first.sessions);
        let mut check = |(time, quote): (Time, model::Quote)| {
            let fair = path.steps_at(time.nanos()) * to_float(instrument.tick_size.raw());
            assert!(to_float(quote.bid.raw()) <= fair * 1.000_000_1, "{}: {quote:?} {fair}", instrument.symbol);
            assert!(fair <= to_float(quote.ask.raw()) * 1.000_000_1, "{}: {quote:?} {fair}", instrument.symbol);
        };
        check(ran_on[&instrument.symbol]);
        check(began_again[&instrument.symbol]);
    }
}

#[test]
fn after_a_pause_the_market_is_where_it_would_have_been() {
    let config = TapeConfig::builtin(&["AAPL", "BTC/USD"].map(symbol), 1, NOW);
    let mut tape = Tape::new(&config);
    assert!(tape.by_ref().take(100).all(|tick| tick.time < NOW.plus_nanos(MINUTE * 10)));
    let resumed = NOW.plus_nanos(DAY);
    tape.pause_until(resumed);
    assert_eq!(tape.next_time(), Some(resumed));
    let mut path = path("AAPL", ALWAYS);
    for tick in tape.take(100).filter(|tick| tick.symbol == symbol("AAPL")) {
        let TickBody::Quote(quote) = tick.body else { continue };
        let fair = path.steps_at(tick.time.nanos());
        let [bid, ask] = [quote.bid, quote.ask].map(|price| to_float(price.raw()) * 100.0);
        assert!(bid <= fair * 1.000_000_1 && fair <= ask * 1.000_000_1, "{bid} {fair} {ask}");
    }
}

#[test]
fn history_ends_at_the_live_price_and_knows_nothing_beyond() {
    for history in [ALWAYS, OF_CALENDAR] {
        for text in ["AAPL", "F", "BTC/USD", "DOGE/USD"] {
            let mut path = path(text, history);
            let level = path.level(NOW.nanos());
            let price = path.price_of(level);
            for interval in BarInterval::ALL {
                let now = bars(history, text, interval, 5);
                let last = now.last().expect("five days hold bars");
                assert_eq!((last.open_time, last.close), (interval.start(NOW), price), "{text}");
                let until_later = NOW.plus_nanos(-5 * DAY)..NOW.plus_nanos(3 * DAY);
                let later = history.bars(symbol(text), interval, until_later, usize::MAX);
                assert_eq!(later[..now.len() - 1], now[..now.len() - 1], "the past does not change");
                assert_eq!(later[now.len() - 1].open, last.open);
                assert!(later[now.len() - 1].high >= last.high && later[now.len() - 1].volume >= last.volume);
            }
        }
    }
}

#[test]
fn bars_join_and_a_limit_keeps_the_latest() {
    let all = bars(ALWAYS, "AAPL", BarInterval::FiveMinutes, 3);
    for pair in all.windows(2) {
        assert_eq!(pair[1].open_time.nanos_since(pair[0].open_time), 5 * MINUTE);
        assert_eq!(pair[0].close, pair[1].open);
    }
    let within = NOW.plus_nanos(-3 * DAY)..NOW;
    for limit in [0, 1, 7, 500] {
        let some = ALWAYS.bars(symbol("AAPL"), BarInterval::FiveMinutes, within.clone(), limit);
        assert_eq!(some, all[all.len() - limit..]);
    }
}

/// Ratio of the standard deviation of returns over so many minutes to that of the table.
fn volatility_ratio(history: History, text: &str, minutes: i64, days_per_return: f64) -> f64 {
    let count = if minutes < 1_440 { 3_000 } else { 1_000 };
    let mut path = path(text, history);
    let levels: Vec<f64> = (0..=count).map(|step| path.level(NOW.nanos() - step * minutes * MINUTE)).collect();
    let variance = levels.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f64>() / to_float_steps(count);
    (variance / days_per_return).sqrt()
}

#[test]
fn volatility_is_the_table_s_from_minutes_to_days() {
    for text in ["AAPL", "KO", "PLUG", "BTC/USD"] {
        for minutes in [1, 10, 60, 1_440] {
            let ratio = volatility_ratio(ALWAYS, text, minutes, to_float_steps(minutes) / 1_440.0);
            assert!((0.85..1.15).contains(&ratio), "{text} {minutes}: {ratio}");
        }
    }
    // From close to close, of which there are five in a week.
    let closes: Vec<f64> = bars(OF_CALENDAR, "AAPL", BarInterval::OneDay, 1_825)
        .iter()
        .map(|bar| to_float(bar.close.raw()))
        .collect();
    let returns: Vec<f64> = closes.windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect();
    let deviation = (returns.iter().map(|part| part * part).sum::<f64>() / to_float_steps(1_250)).sqrt();
    assert!((0.85..1.15).contains(&(deviation / instrument("AAPL").daily_volatility)), "{deviation}");
    // From open to close in one of them, and in single minutes of it.
    for interval in [BarInterval::OneDay, BarInterval::OneMinute] {
        let days = if interval == BarInterval::OneDay { 1_825 } else { 9 };
        let bars = bars(OF_CALENDAR, "NVDA", interval, days);
        let part = if interval == BarInterval::OneDay { 1.0 } else { 390.0 };
        let moves = bars.iter().map(|bar| (to_float(bar.close.raw()) / to_float(bar.open.raw())).ln());
        let variance =
            moves.map(|part| part * part).sum::<f64>() / to_float_steps(i64::try_from(bars.len()).expect("few"));
        let ratio = (variance * part).sqrt() / instrument("NVDA").daily_volatility;
        assert!((0.7..1.2).contains(&ratio), "{}: {ratio}", interval.name());
    }
}

#[test]
fn prices_stay_within_a_band_over_five_years() {
    for row in instruments::builtin().iter().step_by(23) {
        for history in [ALWAYS, OF_CALENDAR] {
            let bars = bars(history, row.symbol.as_str(), BarInterval::OneDay, 1_825);
            let lowest = bars.iter().map(|bar| bar.low).min().expect("there are bars");
            let highest = bars.iter().map(|bar| bar.high).max().expect("there are bars");
            let factor = |price: Price| to_float(price.raw()) / to_float(row.price.raw());
            assert!(factor(lowest) > 0.2 && factor(highest) < 5.0, "{}: {lowest} {highest}", row.symbol);
            assert!(lowest < highest && lowest.is_positive());
        }
    }
}

#[test]
fn bars_are_on_the_increment_with_a_volume() {
    for row in instruments::builtin().iter().step_by(10) {
        let increment = row.to_instrument(InstrumentId::new(1)).increment_at(row.price);
        for bar in bars(OF_CALENDAR, row.symbol.as_str(), BarInterval::OneMinute, 2) {
            for price in [bar.open, bar.high, bar.low, bar.close] {
                assert!(price.is_multiple_of(increment) && price.is_positive(), "{} {bar:?}", row.symbol);
            }
            assert!(bar.low <= bar.open.min(bar.close) && bar.open.max(bar.close) <= bar.high);
            assert!(bar.volume.is_positive(), "{} {bar:?}", row.symbol);
        }
    }
}

#[test]
fn volume_is_the_table_s_and_busy_at_the_ends_of_a_session() {
    for (history, per_day) in [(ALWAYS, 1_440), (OF_CALENDAR, 390)] {
        let volumes: Vec<f64> =
            bars(history, "AAPL", BarInterval::OneDay, 365).iter().map(|bar| to_float(bar.volume.raw())).collect();
        let mean = volumes.iter().sum::<f64>() / to_float_steps(i64::try_from(volumes.len()).expect("few"));
        // The table says 52 million.
        assert!((40e6..70e6).contains(&mean), "{mean}");
        // Tuesday the 9th, whole.
        let tuesday = Time::from_seconds(1_704_758_400)..Time::from_seconds(1_704_844_800);
        let minutes = history.bars(symbol("AAPL"), BarInterval::OneMinute, tuesday, usize::MAX);
        assert_eq!(minutes.len(), per_day);
        let third = per_day / 3;
        let sum = |part: &[Bar]| part.iter().map(|bar| to_float(bar.volume.raw())).sum::<f64>();
        let [early, middle, late] =
            [&minutes[..third], &minutes[third..2 * third], &minutes[2 * third..]].map(sum);
        assert!(early > 1.2 * middle && late > 1.2 * middle, "{early} {middle} {late}");
    }
}

#[test]
fn shares_are_silent_outside_the_sessions_of_new_york() {
    let mut config =
        TapeConfig::builtin(&["AAPL", "SPY", "BTC/USD"].map(symbol), 1, Time::from_seconds(1_719_878_400));
    config.sessions = Sessions::OfCalendar;
    // Tuesday 2024-07-02 to Monday the 8th: a normal day, a half day, a holiday, a normal day, a weekend.
    let sessions = [
        (1_719_927_000, 1_719_950_400),
        (1_720_013_400, 1_720_026_000),
        (1_720_186_200, 1_720_209_600),
        (1_720_445_400, 1_720_468_800),
    ]
    .map(|(open, close)| (Time::from_seconds(open), Time::from_seconds(close)));
    let end = Time::from_seconds(1_720_483_200);
    let mut first_and_last: HashMap<(Symbol, usize), (Time, Time)> = HashMap::new();
    let mut bitcoin = 0_u32;
    for tick in Tape::new(&config).take_while(|tick| tick.time < end) {
        if tick.symbol == symbol("BTC/USD") {
            bitcoin += 1;
            continue;
        }
        let inside = sessions.iter().position(|(open, close)| (*open..*close).contains(&tick.time));
        let session = inside.unwrap_or_else(|| panic!("{tick:?} is outside every session"));
        let seen = first_and_last.entry((tick.symbol, session)).or_insert((tick.time, tick.time));
        seen.1 = tick.time;
    }
    assert_eq!(first_and_last.len(), 8, "two shares in four sessions");
    for ((symbol, session), (first, last)) in first_and_last {
        let (open, close) = sessions[session];
        assert_eq!(first, open, "{symbol}: quoted at the open");
        assert!(close.nanos_since(last) <= 11_000_000_000, "{symbol}: speaks until the close");
    }
    // Seven days of at least a tick each ten seconds.
    assert!(bitcoin > 7 * 8_640, "{bitcoin}");
    let days: Vec<i64> = OF_CALENDAR
        .bars(symbol("AAPL"), BarInterval::OneHour, config.start..end, usize::MAX)
        .iter()
        .map(|bar| bar.open_time.seconds())
        .collect();
    // From the hour of the open to that of the close: 7, 4, 7 and 7 bars.
    let hours = |open: i64, count: i64| (0..count).map(move |hour| open - 1_800 + hour * 3_600);
    let expected: Vec<i64> = [(1_719_927_000, 7), (1_720_013_400, 4), (1_720_186_200, 7), (1_720_445_400, 7)]
        .into_iter()
        .flat_map(|(open, count)| hours(open, count))
        .collect();
    assert_eq!(days, expected);
}

#[test]
fn a_pause_neither_delays_nor_skips_an_open() {
    // Wednesday 2024-01-10T22:00:00Z; New York opens again on Thursday at 14:30.
    let (start, open) = (Time::from_seconds(1_704_924_000), Time::from_seconds(1_704_983_400));
    let mut config = TapeConfig::builtin(&["AAPL", "BTC/USD"].map(symbol), 1, start);
    config.sessions = Sessions::OfCalendar;
    for (resumed, expected_from, within) in [
        (open.plus_nanos(-60 * MINUTE), open, 0),
        (open.plus_nanos(60 * MINUTE), open.plus_nanos(60 * MINUTE), 10_000_000_000),
    ] {
        let mut tape = Tape::new(&config);
        assert!(tape.by_ref().take(50).all(|tick| tick.symbol == symbol("BTC/USD")));
        tape.pause_until(resumed);
        let first = tape.find(|tick| tick.symbol == symbol("AAPL")).expect("the tape never ends");
        assert!((0..=within).contains(&first.time.nanos_since(expected_from)), "{first:?}");
    }
}

/// Live bars come from trades at the sides of quotes, history from the fair price between them.
#[test]
fn live_bars_and_history_are_of_one_market() {
    let start = Time::from_seconds(1_704_897_480);
    for sessions in [Sessions::AlwaysOpen, Sessions::OfCalendar] {
        let config = TapeConfig { sessions, ..TapeConfig::builtin(&["AAPL", "BTC/USD"].map(symbol), 1, start) };
        for instrument in &config.instruments {
            let end = start.plus_nanos(60 * MINUTE);
            let mut builder = BarBuilder::new(BarInterval::OneMinute);
            let ticks = Tape::new(&config).take_while(|tick| tick.time < end);
            let mut live: Vec<Bar> = ticks
                .filter(|tick| tick.symbol == instrument.symbol)
                .filter_map(|tick| match tick.body {
                    TickBody::Trade(trade) => builder.trade(tick.time, &trade),
                    TickBody::Quote(_) => None,
                })
                .collect();
            live.extend(builder.current().copied());
            let past = History { seed: 1, sessions }.bars(
                instrument.symbol,
                BarInterval::OneMinute,
                start..end,
                usize::MAX,
            );
            assert_eq!((live.len(), past.len()), (60, 60));
            let spread = to_float(instrument.tick_size.raw()) * f64::from(6 * instrument.spread_ticks);
            // What a price moves in the seconds between trades, five times over.
            let step = to_float(instrument.price.raw()) * instrument.daily_volatility * 5.0 * 0.02;
            for (live, past) in live.iter().zip(&past) {
                assert_eq!(live.open_time, past.open_time);
                for (one, other) in [(live.open, past.open), (live.close, past.close), (live.high, past.high)] {
                    let distance = (to_float(one.raw()) - to_float(other.raw())).abs();
                    assert!(distance <= spread + step, "{} {live:?} {past:?}", instrument.symbol);
                }
                assert!(to_float(live.high.raw()) <= to_float(past.high.raw()) + spread + step / 5.0);
            }
        }
    }
}

#[test]
fn nothing_is_made_up_for_the_unknown_or_the_empty() {
    let none = |text, within| ALWAYS.bars(symbol(text), BarInterval::OneDay, within, usize::MAX);
    assert!(none("ZZZZZ", Time::EARLIEST..NOW).is_empty());
    assert!(none("AAPL", NOW..NOW).is_empty());
    assert!(none("AAPL", NOW.plus_nanos(DAY)..NOW).is_empty());
    assert_eq!(none("AAPL", Time::EARLIEST..NOW).len(), 1_831, "five leap years and today");
}
