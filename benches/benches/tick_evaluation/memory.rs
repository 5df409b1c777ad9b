//! What an open order takes in memory, all in.
//!
//! Ten million open orders of all types, some of them for the day, held by few portfolios and by
//! many. Each case runs in a process of its own, and what counts is what that process grew by while
//! the orders came: rows, price index, lists, names, timers, and what the allocator adds.

use crate::market::{INSTRUMENTS, LEVEL, Wish, cents, held_by, market_of, submit};
use anyhow::{Context, Result, ensure};
use benches::{result, say};
use model::{OrderKind, Side, TimeInForce, Trail};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::process::Command;

const ORDERS: &str = "10000000";
/// Orders of one portfolio on one instrument.
const ORDERS_ON_EACH: u32 = 10;

/// Every case, one after another.
pub(crate) fn cases() -> Result<()> {
    let this = std::env::current_exe().context("the path of this program")?;
    for portfolios in ["100", "100000"] {
        let status = Command::new(&this).args(["memory", "case", portfolios, ORDERS]).status()?;
        ensure!(status.success(), "the case of {portfolios} portfolios failed");
    }
    Ok(())
}

/// So many orders on so many portfolios, in this process.
pub(crate) fn case(portfolios: u32, orders: u32) -> Result<()> {
    let of_each = orders / portfolios;
    let instruments = (of_each / ORDERS_ON_EACH).clamp(1, INSTRUMENTS);
    let mut shard = market_of(portfolios, instruments)?;
    let before = resident_bytes()?;
    let mut random = StdRng::seed_from_u64(11);
    for serial in 1..=of_each {
        for portfolio in 1..=portfolios {
            let number = held_by(portfolio, (serial - 1) % instruments, instruments);
            let wish = wish(portfolio, number, serial, random.random_range(200..2_000));
            submit(&mut shard, wish)?;
        }
    }
    let open = u32::try_from(shard.open_order_count())?;
    ensure!(open == of_each * portfolios, "{open} orders are open");
    let each = (resident_bytes()? - before) / u64::from(open);
    say(&format!(
        "memory  {each} bytes for each of {open} open orders of {portfolios} portfolios, two in five for the day"
    ));
    result(&json!({
        "benchmark": "tick_evaluation_memory", "open_orders": open, "portfolios": portfolios,
        "bytes_per_open_order": each,
    }));
    Ok(())
}

/// Limits, stops, stop limits and trailing stops of both sides, away from the market.
fn wish(portfolio: u32, number: u32, serial: u32, away: i64) -> Wish {
    let (above, below) = (cents(LEVEL + away), cents(LEVEL - away));
    let (side, kind) = match portfolio.wrapping_add(serial) % 10 {
        0..=3 => (Side::Buy, OrderKind::Limit { limit: below }),
        4 | 5 => (Side::Sell, OrderKind::Limit { limit: above }),
        6 => (Side::Buy, OrderKind::Stop { stop: above }),
        7 => (Side::Buy, OrderKind::StopLimit { stop: above, limit: above }),
        8 => (Side::Sell, OrderKind::Stop { stop: below }),
        _ => (Side::Sell, OrderKind::TrailingStop { trail: Trail::Amount(cents(away)), activation: None }),
    };
    let for_the_day = serial % 5 < 2;
    let time_in_force = if for_the_day { TimeInForce::Day } else { TimeInForce::GoodTilCanceled };
    Wish { portfolio, number, side, kind, qty: 10, serial: i64::from(serial), time_in_force }
}

/// What the process holds in memory.
fn resident_bytes() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status").context("Linux tells the memory of a process")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the resident part")?;
    Ok(1_024 * line.trim().trim_end_matches(" kB").parse::<u64>()?)
}
