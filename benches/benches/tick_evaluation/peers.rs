//! The workload that other engines are run on beside ours: one instrument, made by a formula that
//! any language repeats. `benches/peers/run` runs all of them in turns.
//!
//! Quote n has `r = x(n) / 2^33` with `x(n+1) = x(n) * 6364136223846793005 + 1442695040888963407`
//! modulo 2^64 and `x(0) = 7`: the ask is 10,000 + r mod 50 cents, the bid two below, both sizes
//! 100 * (1 + (r / 256) mod 19). Order k rests: an even one is a buy limit at 5,000 + k mod 4,000
//! cents, an odd one a buy stop at 15,000 + k mod 4,000. Where ticks fill, a buy limit at 9,000 comes
//! after each quote 5 of ten, and quote 6 of ten asks for 9,000.

use crate::market::{Wish, cents, market_of, quote, stamped, submit};
use anyhow::{Result, ensure};
use benches::{result, say};
use engine::Shard;
use model::{Event, OrderKind, Side, Stamped, TimeInForce};
use serde_json::json;
use std::time::Instant;

const QUOTES: usize = 2_000_000;
const FILL_AT: i64 = 9_000;

/// Runs ours and prints quotes a second.
pub(crate) fn ours() -> Result<()> {
    for resting in [0, 100, 1_000, 10_000] {
        report("quiet", resting, quiet(resting)?);
    }
    for resting in [0, 1_000] {
        report("filling", resting, filling(resting)?);
    }
    Ok(())
}

fn report(case: &str, resting: i64, rate: f64) {
    say(&format!("papertape {case} {resting} resting: {rate:.0} quotes/s"));
    result(&json!({ "engine": "papertape", "case": case, "resting": resting, "quotes_per_second": rate }));
}

fn quotes(count: usize, fills: bool) -> Vec<Stamped> {
    let mut state = 7_u64;
    let each = |place: usize| {
        let r = i64::try_from(state >> 33).expect("31 bits");
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let ask = if fills && place % 10 == 6 { FILL_AT } else { 10_000 + r % 50 };
        stamped(place, 1, quote(ask, 100 * (1 + (r / 256) % 19)))
    };
    (0..count).map(each).collect()
}

fn buy(serial: i64, kind: OrderKind) -> Wish {
    let time_in_force = TimeInForce::GoodTilCanceled;
    Wish { portfolio: 1, number: 1, side: Side::Buy, kind, qty: 10, serial, time_in_force }
}

fn rate(count: usize, begun: Instant) -> Result<f64> {
    Ok(f64::from(u32::try_from(count)?) / begun.elapsed().as_secs_f64())
}

/// A shard with so many orders away from the market.
fn with_resting(resting: i64) -> Result<Shard> {
    let mut shard = market_of(1, 1)?;
    for k in 0..resting {
        let kind = match k % 2 {
            0 => OrderKind::Limit { limit: cents(5_000 + k % 4_000) },
            _ => OrderKind::Stop { stop: cents(15_000 + k % 4_000) },
        };
        submit(&mut shard, buy(k + 1, kind))?;
    }
    Ok(shard)
}

fn quiet(resting: i64) -> Result<f64> {
    let mut shard = with_resting(resting)?;
    let (quotes, mut events) = (quotes(QUOTES, false), Vec::<Event>::new());
    let begun = Instant::now();
    for stamped in &quotes {
        shard.on_tick(stamped, &mut events);
    }
    let rate = rate(quotes.len(), begun)?;
    ensure!(events.is_empty(), "resting orders are away from the market");
    Ok(rate)
}

/// One quote in ten fills an order that came a quote before; taking the order counts.
fn filling(resting: i64) -> Result<f64> {
    let mut shard = with_resting(resting)?;
    let (quotes, mut events, mut fills) = (quotes(QUOTES / 10, true), Vec::<Event>::new(), 0);
    let begun = Instant::now();
    for (serial, stamped) in (1..).zip(&quotes) {
        shard.on_tick(stamped, &mut events);
        fills += events.len();
        events.clear();
        if serial % 10 == 6 {
            submit(&mut shard, buy(resting + serial, OrderKind::Limit { limit: cents(FILL_AT) }))?;
        }
    }
    let rate = rate(quotes.len(), begun)?;
    ensure!(fills == quotes.len() / 10, "{fills} fills");
    Ok(rate)
}
