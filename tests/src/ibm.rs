//! The recorded ticks of IBM of 2013-10-07 to 2013-10-11, as a tape for the market-data server.
//!
//! Reads the zipped tick files by itself. Every tick gets a time of its own, strictly after the one
//! before it, so that an engine time names exactly one place between two ticks.

use crate::fixed::ONE;
use crate::oracle::{Print, Tick, TickBody, TopOfBook};
use anyhow::{Context, Result, bail};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The ticker of the tape.
pub const SYMBOL: &str = "IBM";
/// Nanoseconds of one millisecond.
const MILLISECOND_NS: i64 = 1_000_000;
/// 2013-10-07T04:00:00Z, midnight of the first day in New York, in seconds since 1970.
const FIRST_MIDNIGHT_S: i64 = 1_381_118_400;
/// Seconds of one day.
const DAY_S: i64 = 86_400;
/// Prices in the files are ten-thousandths of a dollar.
const FILE_PRICE_UNIT: i128 = ONE / 10_000;

/// The flags of a recorded print that say it was made outside the regular session.
const FLAG_EXTENDED_HOURS: u64 = 0x2000;
/// The flags of a recorded print that say it was reported out of sequence.
const FLAG_OUT_OF_SEQUENCE: u64 = 0x4000;
/// The flag of a print that came from an intermarket sweep.
const FLAG_SWEEP: u64 = 0x20;

/// The regular sessions of the week and of the Monday after it, as open and close in nanoseconds:
/// 09:30 and 16:00 in New York, which is four hours behind UTC in October.
#[must_use]
pub fn sessions() -> Vec<(i64, i64)> {
    let session = |day: i64| {
        let midnight = (FIRST_MIDNIGHT_S + day * DAY_S) * 1_000 * MILLISECOND_NS;
        (midnight + 34_200_000 * MILLISECOND_NS, midnight + 57_600_000 * MILLISECOND_NS)
    };
    [0, 1, 2, 3, 4, 7].map(session).to_vec()
}

/// Where the shared data folder is, or `None` when this machine has none.
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    let beside_repository = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("PAPERTAPE_DATA").map_or_else(beside_repository, PathBuf::from);
    folder.join("02_lean").is_dir().then_some(folder)
}

/// Reads the five days.
///
/// # Errors
/// When a file is missing or a line cannot be read.
pub fn load(folder: &Path) -> Result<Vec<Tick>> {
    let mut ticks = Vec::new();
    let mut latest = i64::MIN;
    for day in 0..5 {
        let mut rows = day_rows(folder, day)?;
        rows.sort_by_key(|(millisecond, _)| *millisecond);
        let midnight = (FIRST_MIDNIGHT_S + day * DAY_S) * 1_000;
        for (millisecond, body) in rows {
            latest = i64::max(latest + 1, (midnight + millisecond) * MILLISECOND_NS);
            ticks.push(Tick { time: latest, body });
        }
    }
    Ok(ticks)
}

fn day_rows(folder: &Path, day: i64) -> Result<Vec<(i64, TickBody)>> {
    let path =
        |kind: &str| folder.join(format!("02_lean/Data/equity/usa/tick/ibm/201310{:02}_{kind}.zip", 7 + day));
    let mut rows = quotes(&unzip(&path("quote"))?)?;
    rows.extend(prints(&unzip(&path("trade"))?)?);
    Ok(rows)
}

fn unzip(path: &Path) -> Result<String> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut archive = zip::ZipArchive::new(file)?;
    let mut text = String::new();
    archive.by_index(0)?.read_to_string(&mut text)?;
    Ok(text)
}

/// A row holds one side and zeros for the other; two rows of one millisecond, bid then ask, are one quote.
fn quotes(text: &str) -> Result<Vec<(i64, TickBody)>> {
    let mut quotes: Vec<(i64, TickBody)> = Vec::new();
    let mut book = TopOfBook::default();
    let mut bid_waits_for_ask = None;
    for line in text.lines() {
        let fields: Vec<&str> = line.split(',').collect();
        let [millisecond, bid, bid_size, ask, ask_size, _, _, suspicious] = fields[..] else {
            bail!("a quote line has 8 fields: {line}");
        };
        if suspicious != "0" {
            continue;
        }
        let millisecond: i64 = millisecond.parse()?;
        let (bid, ask) = (bid.parse::<i128>()? * FILE_PRICE_UNIT, ask.parse::<i128>()? * FILE_PRICE_UNIT);
        if bid != 0 {
            (book.bid, book.bid_size) = (bid, bid_size.parse::<i128>()? * ONE);
        }
        if ask != 0 {
            (book.ask, book.ask_size) = (ask, ask_size.parse::<i128>()? * ONE);
        }
        let completes = bid == 0 && bid_waits_for_ask == Some(millisecond);
        if completes {
            quotes.pop();
        }
        bid_waits_for_ask = (bid != 0 && ask == 0).then_some(millisecond);
        quotes.push((millisecond, TickBody::Quote(book)));
    }
    Ok(quotes)
}

fn prints(text: &str) -> Result<Vec<(i64, TickBody)>> {
    let mut prints = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(',').collect();
        let [millisecond, price, size, _, flags, suspicious] = fields[..] else {
            bail!("a trade line has 6 fields: {line}");
        };
        if suspicious != "0" {
            continue;
        }
        let size: i128 = size.parse()?;
        let conditions = conditions(u64::from_str_radix(flags, 16)?, size);
        let print = Print { price: price.parse::<i128>()? * FILE_PRICE_UNIT, size: size * ONE, conditions };
        prints.push((millisecond.parse()?, TickBody::Print(print)));
    }
    Ok(prints)
}

/// The consolidated tape's condition letters for a recorded print.
fn conditions(flags: u64, size: i128) -> &'static [&'static str] {
    if flags & FLAG_OUT_OF_SEQUENCE != 0 {
        &["@", "Z"]
    } else if flags & FLAG_EXTENDED_HOURS != 0 {
        &["@", "T"]
    } else if size < 100 {
        &["@", "I"]
    } else if flags & FLAG_SWEEP != 0 {
        &["@", "F"]
    } else {
        &["@"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_is_read_in_order_with_both_sides_quoted() {
        let Some(folder) = data_folder() else {
            eprintln!("skipped: the shared market data is not on this machine");
            return;
        };
        let ticks = load(&folder).expect("the recorded week can be read");
        assert!(ticks.windows(2).all(|pair| pair[0].time < pair[1].time));
        let prints = ticks.iter().filter(|tick| matches!(tick.body, TickBody::Print(_))).count();
        // `wc -l` counts 126,390 line ends in the five trade files, none of which ends its last line.
        assert_eq!(prints, 126_395);
        assert!(ticks.len() - prints > 280_000, "{}", ticks.len() - prints);
    }
}
