//! Recorded market data, played back: the same files always give the same ticks in the same order.
//!
//! Owns the tape format and the reading of LEAN's tick files, the merge of many files into one
//! order, and the pace of playback. It never skips or repairs a tick in silence: what it leaves out
//! is counted, and what it cannot read ends the replay with the file and the line. Its invariant:
//! memory does not grow with the size of the files.
//!
//! # The tape format
//!
//! A text file, plain or compressed with zstd (`.zst`), one tick a line, fields without quotes:
//!
//! ```text
//! time,symbol,kind,bid,bid_size,ask,ask_size,price,size,aggressor,conditions
//! 2013-10-07T13:30:00.072Z,IBM,quote,181.69,200,181.9,100,,,,
//! 2013-10-07T13:30:01.031Z,IBM,trade,,,,,181.85,111,seller,
//! ```
//!
//! | field | meaning |
//! |---|---|
//! | time | exchange time: RFC 3339, or nanoseconds since 1970 |
//! | symbol | ticker |
//! | kind | `quote` or `trade` |
//! | bid, bid_size, ask, ask_size | of a quote; decimals, sizes in shares; a missing side is empty |
//! | price, size | of a trade; decimals, above nothing |
//! | aggressor | of a trade: `buyer`, `seller`, or empty when the feed did not say |
//! | conditions | of a trade: `regular` or empty, `opening_auction`, `closing_auction`, or `ineligible` (shows, but sets no last price) |
//!
//! # Order
//!
//! Files are merged by exchange time; at equal times quotes come before trades, then the file that
//! was named first. Within a file the lines keep their order whatever their times say, because a
//! recording holds ticks in the order in which they arrived.

mod csv_file;
mod lean;
mod pacer;
mod provider;
mod rows;
mod source;
mod tape;
mod zip_entry;

#[cfg(test)]
mod tests;

pub use csv_file::{HEADER, write_row};
pub use lean::{LeanKind, LeanSelection};
pub use provider::{ReplayReport, run};
pub use source::{ReplayControl, ReplaySource, Speed};
pub use tape::{Tape, TapeCounts, TapeInput};

pub(crate) use tape::PART_DIGITS;

pub use crate::alpaca::SymbolTick;

use std::path::PathBuf;

/// Why a tape cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// A file or folder could not be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line is not what the format asks for.
    #[error("{}, line {line}: {reason}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A zip file is damaged or of a kind that is not read.
    #[error("{}: {reason}", path.display())]
    Zip {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing to play was found.
    #[error("{}: no tick files here", path.display())]
    Empty {
        /// Where it was looked for.
        path: PathBuf,
    },
}

impl TapeError {
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}
