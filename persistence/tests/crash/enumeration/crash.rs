//! The ways in which a process or a machine ends, and their names in a line that repeats one.

use persistence::SimulatedStorage;
use persistence::storage::{CrashSurvival, Moment, Tear};
use std::fmt;

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Crash {
    /// The process is killed and the machine runs on: nothing is lost yet, and all that was not
    /// synced may be lost by the next crash.
    Killed,
    /// The power goes.
    Power(CrashSurvival),
}

impl Crash {
    /// Killed, or all or nothing of what was not synced.
    pub fn is_plain(self) -> bool {
        matches!(self, Self::Killed | Self::Power(CrashSurvival::Nothing | CrashSurvival::Everything))
    }

    pub fn of(self, moment: &Moment) -> SimulatedStorage {
        match self {
            Self::Killed => moment.after_kill(),
            Self::Power(survival) => moment.after_crash(survival),
        }
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tear = |tear: Tear| match tear {
            Tear::First(sectors) => format!("first-{sectors}"),
            Tear::Last(sectors) => format!("last-{sectors}"),
            Tear::Chosen(seed) => format!("chosen-{seed}"),
        };
        match self {
            Self::Killed => write!(out, "killed"),
            Self::Power(CrashSurvival::Nothing) => write!(out, "nothing"),
            Self::Power(CrashSurvival::Everything) => write!(out, "everything"),
            Self::Power(CrashSurvival::Names) => write!(out, "names"),
            Self::Power(CrashSurvival::Bytes) => write!(out, "bytes"),
            Self::Power(CrashSurvival::LastChange) => write!(out, "last-of-file"),
            Self::Power(CrashSurvival::AllButLastChange) => write!(out, "all-but-last-of-file"),
            Self::Power(CrashSurvival::Subset(seed)) => write!(out, "subset-{seed}"),
            Self::Power(CrashSurvival::Torn(seed)) => write!(out, "torn-{seed}"),
            Self::Power(CrashSurvival::Dropped(change)) => write!(out, "dropped-{change}"),
            Self::Power(CrashSurvival::Kept(change)) => write!(out, "kept-{change}"),
            Self::Power(CrashSurvival::TornAmongAll(change, how)) => {
                write!(out, "torn-among-all-{change}-{}", tear(*how))
            }
            Self::Power(CrashSurvival::TornAlone(change, how)) => {
                write!(out, "torn-alone-{change}-{}", tear(*how))
            }
        }
    }
}

/// How many ways are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    /// All, for a first crash.
    All,
    /// None, all, last, all but last, each dropped, each torn, for a second one.
    Second,
    /// Those that do not grow with the number of changes.
    Few,
}

/// The ways to end at a moment. Where nothing waits for a sync, all of them are one.
pub fn crashes(moment: &Moment, ways: Ways) -> Vec<Crash> {
    use CrashSurvival::{
        AllButLastChange, Bytes, Dropped, Everything, Kept, LastChange, Names, Nothing, Subset, Torn,
    };
    let mut found = vec![Nothing];
    let count = moment.pending();
    if count > 0 {
        found.push(Everything);
    }
    if moment.pending_names() > 0 {
        found.extend([Names, Bytes]);
    }
    if count > 1 {
        found.extend([LastChange, AllButLastChange]);
        let seeds = if ways == Ways::All { 1..=4 } else { 1..=2 };
        found.extend(seeds.flat_map(|seed| [Subset(seed), Torn(seed)]));
    }
    if ways != Ways::Few {
        for change in 0..count {
            if count > 1 {
                found.push(Dropped(change));
                if ways == Ways::All || change + 1 == count {
                    found.push(Kept(change));
                }
            }
            found.extend(tears(change, moment.sectors(change), ways));
        }
    }
    let mut crashes: Vec<Crash> = found.into_iter().map(Crash::Power).collect();
    if ways == Ways::All && count > 0 {
        crashes.push(Crash::Killed);
    }
    crashes
}

/// The ways to tear a write of so many sectors.
fn tears(change: usize, sectors: usize, ways: Ways) -> Vec<CrashSurvival> {
    use CrashSurvival::{TornAlone, TornAmongAll};
    if sectors < 2 {
        return Vec::new();
    }
    let seed = change as u64;
    if ways != Ways::All {
        let tears = [Tear::First(sectors / 2), Tear::Chosen(seed)];
        return tears.into_iter().map(|tear| TornAmongAll(change, tear)).collect();
    }
    let mut among = vec![Tear::First(1), Tear::Last(1), Tear::Chosen(seed), Tear::Chosen(seed + 1_000)];
    if sectors > 2 {
        among.extend([Tear::First(sectors / 2), Tear::First(sectors - 1), Tear::Last(sectors / 2)]);
    }
    let alone = [Tear::First(sectors / 2), Tear::Last(sectors / 2), Tear::Chosen(seed)];
    among
        .into_iter()
        .map(|tear| TornAmongAll(change, tear))
        .chain(alone.into_iter().map(|tear| TornAlone(change, tear)))
        .collect()
}
