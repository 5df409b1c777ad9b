//! Every limit of the system in one place, with the relations between them asserted.
//!
//! A number without a source is a guess, and says so.

use crate::{Millionths, Money, Price, Qty};

/// Longest ticker. `BTC/USDT` and every US listing fit.
pub const SYMBOL_BYTES_MAX: usize = 15;
/// Longest client order id: what Alpaca documents.
pub const CLIENT_ORDER_ID_BYTES_MAX: usize = 128;
/// Longest name of a portfolio or an API key (guess: a line on a screen).
pub const NAME_BYTES_MAX: usize = 64;
/// Longest remark (guess: a paragraph).
pub const NOTE_BYTES_MAX: usize = 256;

/// Highest price: 10 million a share, twelve times the dearest listing.
pub const PRICE_MAX: Price = Price::whole(10_000_000);
/// Largest order: a billion shares, above the daily volume of any listing.
pub const QTY_MAX: Qty = Qty::whole(1_000_000_000);
/// Largest order by amount, and largest starting balance or flow.
pub const MONEY_MAX: Money = Money::whole(1_000_000_000_000);
/// Most that a price limit or fill can be worth: both of the above at once.
pub const VALUE_MAX: Money = Money::whole(10_000_000_000_000_000);

/// Largest trail in percent, so that a stop price stays above nothing.
pub const TRAIL_PERCENT_MAX: i64 = 99;
/// Steps of a commission behind its first rates (Interactive Brokers has four).
pub const COMMISSION_TIERS_MAX: usize = 4;
/// Highest commission or rebate for one unit: a hundred dollars (guess: above any).
pub const RATE_PER_UNIT_MAX: Millionths = Millionths::new(100_000_000);
/// Most price steps that slippage or price protection may name (guess: a hundred dollars in cents).
pub const PRICE_STEPS_MAX: u32 = 10_000;

/// Instruments in one table. Above all US listings together.
pub const INSTRUMENTS_MAX: usize = 65_536;
/// Open orders of one portfolio (guess: above any person or well-kept bot).
pub const OPEN_ORDERS_PER_PORTFOLIO_MAX: u32 = 100_000;
/// Orders of one chain, the first included (guess: an entry with three scaled exits takes seven).
pub const CHAIN_ORDERS_MAX: usize = 16;
/// Portfolios that one user may hold (guess).
pub const PORTFOLIOS_PER_USER_MAX: usize = 100;
/// API keys that one user may hold (guess).
pub const API_KEYS_PER_USER_MAX: usize = 50;

/// Commands that may wait for one shard. At 2 microseconds each this is 16 ms of work.
pub const SHARD_COMMANDS_MAX: usize = 8_192;
/// Places of that queue kept free for cancels, so that risk can be taken down under overload.
pub const SHARD_COMMANDS_RESERVED_FOR_CANCELS: usize = 1_024;
/// Ticks that may wait for one shard before quotes are conflated.
pub const SHARD_TICKS_MAX: usize = 65_536;
/// Batches that may wait for the journal before shards stop taking input.
pub const JOURNAL_BATCHES_MAX: usize = 1_024;
/// Events in one journal batch: bounds the row and the time to fold it.
pub const EVENTS_PER_BATCH_MAX: usize = 16_384;

/// Messages of a portfolio's stream kept in memory for clients that resume.
pub const STREAM_MESSAGES_IN_MEMORY_MAX: usize = 1_024;
/// Messages that wait for one WebSocket client before it is cut off as too slow.
pub const CLIENT_MESSAGES_MAX: usize = 4_096;
/// Bytes that wait for one WebSocket client before it is cut off as too slow.
pub const CLIENT_BYTES_MAX: usize = 1 << 20;
/// Largest request body.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Largest WebSocket message from a client.
pub const CLIENT_MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Largest frame from a feed; a longer one ends the connection.
pub const FEED_FRAME_BYTES_MAX: usize = 1 << 20;
/// Rows that one page of a list may hold.
pub const PAGE_ROWS_MAX: usize = 500;

/// Bytes of a journal segment after which the next one is begun.
pub const SEGMENT_BYTES_MAX: u64 = 256 << 20;

const _: () = assert!(SHARD_COMMANDS_RESERVED_FOR_CANCELS < SHARD_COMMANDS_MAX);
const _: () = assert!(STREAM_MESSAGES_IN_MEMORY_MAX <= CLIENT_MESSAGES_MAX);
const _: () = assert!(MONEY_MAX.raw() < VALUE_MAX.raw());
const _: () = assert!(PRICE_MAX.raw() as i128 * QTY_MAX.raw() as i128 / 100_000_000 <= VALUE_MAX.raw());
// A share of an amount multiplies a remainder below a quantity with another quantity.
const _: () = assert!(QTY_MAX.raw().checked_mul(2).is_some());
const _: () = assert!(VALUE_MAX.raw().checked_mul(100_000_000).is_some());
