//! How much a tick costs while a million orders are open.
//!
//! Workload: 1,000 instruments; 100 portfolios with 10 orders on each instrument (limits and stops
//! of both sides), none near the market; 2,048,000 ticks in random order of instruments, nine quotes
//! to one trade at the ask. Beside it, in turns: a plain scan that reads every tick of the same
//! array, and the same engine without orders. The same from a feed without trades, where stops watch
//! quotes, and with every tick sent twice. Then with one tick in a hundred filling an order, alone
//! and with the events of each ten turns made into one row of the journal, archived and hashed, as
//! the journal does while a group before it is made durable. Then what an open order takes in
//! memory; and, by `peers`, the workload that other engines are run on.
//!
//! A round's figure is the median of its pieces of 10,240 ticks, so that what else the machine does
//! spoils pieces and not rounds. In memory and on one thread: no decoding, no disk, no stream.

mod market;
mod memory;
mod peers;

use anyhow::{Result, ensure};
use benches::{median, nanoseconds_each, result, say};
use engine::Shard;
use market::{
    INSTRUMENTS, PORTFOLIOS, SEED, TICKS, TICKS_PER_FILL, each_twice, filling_ticks, market, move_behind,
    only_quotes, place_ladder, place_orders, print_once, quiet_ticks,
};
use model::{Event, ShardId, ShardSeq, Stamped, TickBody};
use persistence::{RowEncoder, ShardBatch, ShardHead};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The allocator of the product's binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;
/// Ticks that a shard takes before it hands its events to the journal.
const TURN: usize = 1_024;
/// Turns whose events become one row: while one group is made durable the journal gathers the next,
/// and ten turns with fills last about as long as one sync of a quick disk.
const GROUP: usize = 10;
/// Ticks that are timed together.
const PIECE: usize = GROUP * TURN;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => {
            quiet()?;
            filling()?;
            memory::cases()
        }
        ["quiet"] => quiet(),
        ["filling"] => filling(),
        ["memory"] => memory::cases(),
        ["memory", "case", portfolios, orders] => memory::case(portfolios.parse()?, orders.parse()?),
        ["peers"] => peers::ours(),
        _ => anyhow::bail!("one of: quiet, filling, memory, peers; or nothing for the first three"),
    }
}

fn quiet() -> Result<()> {
    say(&format!("{INSTRUMENTS} instruments, {TICKS} ticks, seed {SEED}, median of {ROUNDS} rounds in turns"));
    let mut empty = market(PORTFOLIOS)?;
    let mut crowded = market(PORTFOLIOS)?;
    place_orders(&mut crowded)?;
    let open = crowded.open_order_count();
    ensure!(open == 1_000_000, "{open} orders are open");
    // Quotes before trades: once a trade was seen, stops watch trades.
    let by_quotes = in_turns("quotes ", only_quotes(&quiet_ticks()), &mut empty, &mut crowded)?;
    print_once(&mut empty);
    print_once(&mut crowded);
    let quiet = in_turns("quiet  ", quiet_ticks(), &mut empty, &mut crowded)?;
    let twice = in_turns("twice  ", each_twice(&quiet_ticks()), &mut empty, &mut crowded)?;
    ensure!(crowded.open_order_count() == open, "quiet ticks fill nothing");
    result(&json!({
        "benchmark": "tick_evaluation_quiet", "instruments": INSTRUMENTS, "open_orders": open, "ticks": TICKS,
        "quiet": quiet, "quotes_only": by_quotes, "each_twice": twice,
    }));
    Ok(())
}

fn filling() -> Result<()> {
    let filling = filling_ticks();
    let (mut scans, mut filled, mut encoded) = (Vec::new(), Vec::new(), Vec::new());
    let mut encoder = RowEncoder::default();
    for round in 0..2 * ROUNDS {
        let mut shard = market(PORTFOLIOS)?;
        place_orders(&mut shard)?;
        place_ladder(&mut shard)?;
        print_once(&mut shard);
        scans.push(scan(&filling));
        if round % 2 == 1 {
            encoded.push(evaluate_turns(&mut shard, &filling, Some(&mut encoder))?);
        } else {
            filled.push(evaluate_turns(&mut shard, &filling, None)?);
        }
    }
    let (scan_ns, filled_ns, encoded_ns) = (median(scans), median(filled), median(encoded));
    say(&format!("filling plain scan {scan_ns:.2} ns/tick, 1 tick in {TICKS_PER_FILL} fills {filled_ns:.2}"));
    say(&format!("        with journal rows {encoded_ns:.2}: {:.2}x the scan", encoded_ns / scan_ns));
    say("left out: decoding, rings, the disk, streams; one thread of a shared machine");
    result(&json!({
        "benchmark": "tick_evaluation_filling", "ticks_per_fill": TICKS_PER_FILL, "scan_ns": scan_ns,
        "filling_ns": filled_ns, "filling_over_scan": filled_ns / scan_ns,
        "with_rows_ns": encoded_ns, "with_rows_over_scan": encoded_ns / scan_ns,
    }));
    Ok(())
}

/// The scan, the engine without orders and the engine with them, in turns over the same ticks.
fn in_turns(name: &str, mut ticks: Vec<Stamped>, empty: &mut Shard, crowded: &mut Shard) -> Result<Value> {
    let (mut scans, mut nothing, mut million) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        move_behind(&mut ticks, crowded.now());
        scans.push(scan(&ticks));
        nothing.push(evaluate(empty, &ticks)?);
        million.push(evaluate(crowded, &ticks)?);
    }
    let (scan_ns, empty_ns, crowded_ns) = (median(scans), median(nothing), median(million));
    let (over_scan, over_empty) = (crowded_ns / scan_ns, crowded_ns / empty_ns);
    say(&format!("{name} plain scan {scan_ns:.2} ns/tick, no orders {empty_ns:.2}, all orders {crowded_ns:.2}"));
    say(&format!("        {over_scan:.2}x the scan, {over_empty:.2}x of no orders"));
    Ok(json!({
        "scan_ns": scan_ns, "no_orders_ns": empty_ns, "orders_ns": crowded_ns, "over_scan": over_scan,
        "over_no_orders": over_empty,
    }))
}

/// The median time of a tick over the pieces of some work.
fn in_pieces(ticks: &[Stamped], mut work: impl FnMut(&[Stamped])) -> f64 {
    let time = |piece: &[Stamped]| {
        let begun = Instant::now();
        work(black_box(piece));
        begun.elapsed()
    };
    let pieces: Vec<Duration> = ticks.chunks_exact(PIECE).map(time).collect();
    median(pieces.into_iter().map(|piece| nanoseconds_each(piece, PIECE)).collect())
}

/// Reads every field of every tick, as cheaply as one can.
fn scan(ticks: &[Stamped]) -> f64 {
    in_pieces(ticks, |piece| {
        let mut sum = 0_i64;
        for stamped in piece {
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
    })
}

fn evaluate(shard: &mut Shard, ticks: &[Stamped]) -> Result<f64> {
    let mut events: Vec<Event> = Vec::new();
    let each = in_pieces(ticks, |piece| {
        for stamped in piece {
            shard.on_tick(stamped, &mut events);
        }
    });
    ensure!(events.is_empty(), "quiet ticks make no events");
    Ok(each)
}

/// Turn by turn, as a shard's thread does. What [`GROUP`] turns made becomes a row of the journal, in
/// the encoder's one buffer, or goes to nobody.
fn evaluate_turns(shard: &mut Shard, ticks: &[Stamped], mut encoder: Option<&mut RowEncoder>) -> Result<f64> {
    let (mut events, mut made) = (Vec::with_capacity(PIECE), 0);
    let mut head = ShardHead { seq: shard.seq(), hash: [0; 32] };
    let each = in_pieces(ticks, |piece| {
        for group in piece.chunks(GROUP * TURN) {
            for stamped in group {
                shard.on_tick(stamped, &mut events);
            }
            made += events.len();
            if let Some(encoder) = encoder.as_deref_mut().filter(|_| !events.is_empty()) {
                let first_seq: ShardSeq = head.seq.next();
                let batch = ShardBatch { shard: ShardId::new(0), first_seq, time: shard.now(), events: &events };
                let (row, after) = encoder.encode(&batch, &head);
                black_box(row);
                head = after;
            }
            events.clear();
        }
    });
    ensure!(made == TICKS / TICKS_PER_FILL, "{made} events, a fill for each {TICKS_PER_FILL} ticks was expected");
    Ok(each)
}
