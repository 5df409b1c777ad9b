//! `papertape salvage`: a new data directory from what is whole of a damaged one.
//!
//! It owns the question and the report. It must never write to the damaged directory, nor choose an
//! end without being told or confirmed. Invariant: the new directory verifies and serves; its epoch is
//! a new one, so that every client learns that the past changed.

use crate::verify::{CACHE_BYTES, VerifyError, open};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use persistence::salvage::{SalvageError, SalvagePlan, Until, copy, plan};
use persistence::{FileStorage, JournalConfig, Storage};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The catalogue: users, keys, portfolios; it is copied as it is.
const CATALOGUE: &str = "catalog.redb";

const EXAMPLES: &str = "Examples:
  papertape salvage --data-dir damaged --to rescued
      tells what is whole and what would be lost, and writes nothing
  papertape salvage --data-dir damaged --to rescued --yes
      the same, and makes the new directory from all that is whole
  papertape salvage --data-dir damaged --to rescued --until-seq 1200
      every shard up to its event 1200
  papertape salvage --data-dir damaged --to rescued --until-seq 0:1200 --until-seq 1:900
      shard by shard

The damaged directory is only read. The new one has an epoch of its own: clients that resume a stream are
told epoch_changed. Read views are folded anew at its first start.
Exit codes: 0 done, 1 nothing was made (the message says why), 2 wrong usage.";

/// Why there is no new directory.
#[derive(Debug, thiserror::Error)]
pub enum SalvageCommandError {
    /// The damaged journal cannot be read.
    #[error(transparent)]
    Source(#[from] VerifyError),
    /// It cannot be copied as asked.
    #[error(transparent)]
    Salvage(#[from] SalvageError),
    /// Neither an end nor consent was given.
    #[error("nothing was written: add --yes to make {to} from all that is whole, or name an end with --until-seq")]
    Unconfirmed {
        /// The directory that would be made.
        to: PathBuf,
    },
    /// The new directory is not empty.
    #[error("{to}: there are files here already; choose a directory that is empty or does not exist")]
    Occupied {
        /// The directory.
        to: PathBuf,
    },
    /// A file operation failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The command, without the data directory's flag.
pub(crate) fn command() -> Command {
    Command::new("salvage")
        .about("Makes a new data directory from what is whole of a damaged one")
        .after_help(EXAMPLES)
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("DIR")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("The new data directory"),
        )
        .arg(
            Arg::new("until-seq")
                .long("until-seq")
                .value_name("[SHARD:]SEQ")
                .action(ArgAction::Append)
                .value_parser(until)
                .help("The last event to keep, of every shard or of the one named; may be repeated"),
        )
        .arg(Arg::new("yes").long("yes").action(ArgAction::SetTrue).help("Keeps all that is whole, as told"))
}

/// `SEQ` or `SHARD:SEQ`.
fn until(text: &str) -> Result<(Option<u16>, u64), String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is no event number"));
    match text.split_once(':') {
        None => Ok((None, number(text)?)),
        Some((shard, seq)) => {
            let shard = shard.parse::<u16>().map_err(|_| format!("{shard:?} is no shard"))?;
            Ok((Some(shard), number(seq)?))
        }
    }
}

/// Runs the command; says what was found through `tell` before anything is written.
///
/// # Errors
/// See [`SalvageCommandError`].
pub(crate) fn run(
    data_dir: &Path,
    matches: &ArgMatches,
    segment_bytes_max: u64,
    tell: &mut dyn FnMut(&str) -> io::Result<()>,
) -> Result<(), SalvageCommandError> {
    let to = matches.get_one::<PathBuf>("to").cloned().unwrap_or_default();
    let mut until = Until::default();
    let given = matches.get_many::<(Option<u16>, u64)>("until-seq").into_iter().flatten();
    for (shard, seq) in given {
        match shard {
            Some(shard) => until.shards.push((*shard, *seq)),
            None => until.every = Some(*seq),
        }
    }
    let has_consent = matches.get_flag("yes") || until != Until::default();
    let stdout = |source| SalvageCommandError::Io { path: "standard output".into(), source };

    let source = open(data_dir)?;
    let plan = plan(&source, &until)?;
    tell(&told(&plan, data_dir, &to)).map_err(stdout)?;
    if !has_consent {
        return Err(SalvageCommandError::Unconfirmed { to });
    }
    let storage: Arc<dyn Storage> = Arc::new(FileStorage);
    let is_free = storage.list(&to).map_or(true, |names| names.is_empty());
    if !is_free {
        return Err(SalvageCommandError::Occupied { to });
    }
    let config = JournalConfig {
        dir: to.join("journal"),
        shards: source.shards(),
        segment_bytes_max,
        cache_bytes: CACHE_BYTES,
        storage: Arc::clone(&storage),
    };
    let epoch = copy(&source, &plan, config)?;
    copy_catalogue(&*storage, data_dir, &to)?;
    let line = format!("{}: made, with the new epoch {epoch}; verify it, then serve it\n", to.display());
    tell(&line).map_err(stdout)
}

fn told(plan: &SalvagePlan, from: &Path, to: &Path) -> String {
    let mut text = format!("from {} to {}\n", from.display(), to.display());
    for (shard, (until, whole)) in plan.until.iter().zip(&plan.inspection.heads).enumerate() {
        let _ = writeln!(text, "  shard {shard}: keeps events 1 to {until}; whole up to {}", whole.seq);
    }
    if plan.inspection.damage.is_empty() {
        text.push_str("  no damage was found\n");
    }
    for damage in &plan.inspection.damage {
        let _ = writeln!(text, "  damage: {damage}");
    }
    text
}

fn copy_catalogue(storage: &dyn Storage, from: &Path, to: &Path) -> Result<(), SalvageCommandError> {
    let (from, path) = (from.join(CATALOGUE), to.join(CATALOGUE));
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| SalvageCommandError::Io { path, source }
    };
    let bytes = storage.read(&from).map_err(failed(&from))?;
    storage.write(&path, &bytes).map_err(failed(&path))?;
    storage.sync(&path).map_err(failed(&path))?;
    storage.sync_dir(to).map_err(failed(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_of_every_shard_or_of_one() {
        assert_eq!(until("7"), Ok((None, 7)));
        assert_eq!(until("2:900"), Ok((Some(2), 900)));
        for odd in ["", "x", "1:", ":1", "1:2:3", "-1"] {
            assert!(until(odd).is_err(), "{odd}");
        }
    }
}
