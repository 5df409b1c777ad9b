//! What a thread worked on when it panicked, and how often that happened.
//!
//! It owns the rule that a panic is healed once and not for ever: the same input twice within a
//! minute, or too many panics of any kind, end the system with a diagnosis. It must never keep what a
//! client sent: kinds and ids name an input.

use crate::shared::Shared;
use model::{Command, PortfolioId, ShardId};
use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

/// Within this time the same panic is not healed twice.
const WINDOW: Duration = Duration::from_secs(60);
/// Panics of any kind within that time that are still healed (guess: two unlucky threads).
const PANICS_MAX: usize = 3;

/// A command in one number, cheap to write down before each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work(u64);

impl Work {
    /// No command: ticks, or time.
    pub(crate) const NONE: Self = Self(0);

    /// The kind of a command and its portfolio.
    pub(crate) const fn of(command: &Command) -> Self {
        let kind = match command {
            Command::DefineInstrument(_) => 1,
            Command::OpenPortfolio { .. } => 2,
            Command::SetLimits { .. } => 3,
            Command::Deposit { .. } => 4,
            Command::Withdraw { .. } => 5,
            Command::Submit(_) => 6,
            Command::Cancel { .. } => 7,
            Command::CancelAll { .. } => 8,
            Command::Replace { .. } => 9,
        };
        let portfolio = command.portfolio().get();
        Self((portfolio as u64) << 8 | kind)
    }

    /// As it was written down.
    pub(crate) const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// To write down.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Work {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0 & 0xff {
            1 => "define instrument",
            2 => "open portfolio",
            3 => "set limits",
            4 => "deposit",
            5 => "withdraw",
            6 => "submit",
            7 => "cancel",
            8 => "cancel all",
            9 => "replace",
            _ => return write!(out, "a tick or the passing of time"),
        };
        let portfolio = PortfolioId::new(u32::try_from(self.0 >> 8).unwrap_or(0));
        write!(out, "the command \"{kind}\" of portfolio {portfolio}")
    }
}

/// What is said of a panic.
pub(crate) fn describe(thread: &str, shard: Option<ShardId>, shared: &Shared) -> String {
    use std::sync::atomic::Ordering::Acquire;
    match shard {
        Some(shard) => {
            let progress = shared.progress(shard);
            let (event, work) = (progress.applied.load(Acquire), Work::from_number(progress.work.load(Acquire)));
            format!("{thread}, with {work}, after event {event} of shard {shard},")
        }
        None => thread.to_owned(),
    }
}

/// The panics of the last minute.
#[derive(Debug, Default)]
pub(crate) struct PanicLog(VecDeque<(Instant, String)>);

impl PanicLog {
    /// Takes a panic down; says what to tell when it is one too many. `what` names the thread and its
    /// input, and not how far it was.
    pub(crate) fn note(&mut self, what: &str, now: Instant) -> Option<String> {
        while self.0.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > WINDOW) {
            self.0.pop_front();
        }
        let is_known = self.0.iter().any(|(_, known)| known == what);
        self.0.push_back((now, what.to_owned()));
        let window_s = WINDOW.as_secs();
        if is_known {
            Some(format!("{what} panicked twice within {window_s} seconds"))
        } else if self.0.len() > PANICS_MAX {
            Some(format!("{} panics within {window_s} seconds, the last one of {what}", self.0.len()))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::OrderId;

    #[test]
    fn an_input_is_named_by_kind_and_portfolio() {
        let order = OrderId::of(PortfolioId::new(7), model::OrderNumber::new(3));
        let work = Work::of(&Command::Cancel { order });
        let text = "the command \"cancel\" of portfolio 7";
        assert_eq!(Work::from_number(work.number()).to_string(), text);
        assert_eq!(Work::NONE.to_string(), "a tick or the passing of time");
    }

    #[test]
    fn a_panic_is_healed_once_a_minute_and_few_of_any_kind() {
        let (mut log, start) = (PanicLog::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(log.note("a", at(0)), None);
        assert_eq!(log.note("b", at(1)), None);
        assert_eq!(log.note("a", at(61)), None, "more than a minute later");
        assert!(log.note("a", at(62)).is_some_and(|text| text.contains("twice")));
        let mut log = PanicLog::default();
        for (second, what) in [(0, "a"), (1, "b"), (2, "c")] {
            assert_eq!(log.note(what, at(second)), None);
        }
        assert!(log.note("d", at(3)).is_some_and(|text| text.starts_with("4 panics")));
    }
}
