//! A tape that runs: ticks as they fall due, under the control of whoever holds the other end.
//!
//! Owns the thread that reads the files ahead, and the waiting. It loses nothing: reading stops
//! while nobody takes ticks. Both the provider that feeds an engine and a server that sends a tape
//! to its clients take their ticks from here.

use super::pacer::{Pacer, Rate};
use super::tape::{Tape, TapeCounts};
use super::{SymbolTick, TapeError};
use crate::alpaca::{SourceState, TickSource};
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// Ticks that travel together from the reading thread, and most that are given out at once.
const BATCH_TICKS: usize = 1_024;
/// Batches read ahead.
const BATCHES_AHEAD: usize = 4;

/// How fast a tape is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// This many times as fast as it was recorded; one is real time.
    Times(NonZeroU32),
    /// As fast as the ticks are taken.
    Full,
}

/// What the holder of the controls wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayControl {
    /// How fast.
    pub speed: Speed,
    /// Whether the tape stands still.
    pub paused: bool,
}

impl ReplayControl {
    /// Running at a speed.
    #[must_use]
    pub const fn running(speed: Speed) -> Self {
        Self { speed, paused: false }
    }

    const fn rate(self) -> Rate {
        match (self.paused, self.speed) {
            (true, _) => Rate::Stopped,
            (false, Speed::Times(times)) => Rate::Times(times),
            (false, Speed::Full) => Rate::Unbounded,
        }
    }
}

/// A part of a tape: what was read, and how the reading stands.
struct Batch {
    ticks: Vec<SymbolTick>,
    counts: TapeCounts,
    failure: Option<TapeError>,
}

/// A running tape.
#[derive(Debug)]
pub struct ReplaySource {
    batches: mpsc::Receiver<Batch>,
    waiting: VecDeque<SymbolTick>,
    failure: Option<TapeError>,
    counts: TapeCounts,
    control: watch::Receiver<ReplayControl>,
    /// What the pacer was told last.
    applied: ReplayControl,
    pacer: Pacer,
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Batch of {}", self.ticks.len())
    }
}

impl ReplaySource {
    /// Begins to read ahead; the tape moves once ticks are asked for. Must be called within a
    /// tokio runtime.
    #[must_use]
    pub fn start(tape: Tape, mut control: watch::Receiver<ReplayControl>) -> Self {
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        tokio::task::spawn_blocking(move || read_ahead(tape, &sender));
        let applied = *control.borrow_and_update();
        Self {
            batches,
            waiting: VecDeque::new(),
            failure: None,
            counts: TapeCounts::default(),
            control,
            applied,
            pacer: Pacer::new(Instant::now(), applied.rate()),
        }
    }

    /// What was read of the files so far, a little ahead of what was given out.
    #[must_use]
    pub const fn counts(&self) -> TapeCounts {
        self.counts
    }

    /// The ticks that are due, at least one and at most some thousand; waits until there are any.
    /// `None` at the end of the tape, and also when it is paused and nobody holds the controls any
    /// more. Nothing is lost when the call is dropped while it waits.
    ///
    /// # Errors
    /// When the tape cannot be read on; everything before that was given out.
    pub async fn next_due(&mut self) -> Result<Option<Vec<SymbolTick>>, TapeError> {
        loop {
            let wanted = *self.control.borrow_and_update();
            if wanted != self.applied {
                self.applied = wanted;
                self.pacer.set_rate(Instant::now(), wanted.rate());
            }
            let Some(first) = self.waiting.front() else {
                if let Some(error) = self.failure.take() {
                    return Err(error);
                }
                let Some(batch) = self.batches.recv().await else { return Ok(None) };
                self.waiting.extend(batch.ticks);
                self.counts = batch.counts;
                self.failure = batch.failure;
                continue;
            };
            match self.pacer.wait_for(Instant::now(), first.time) {
                Some(wait) if wait.is_zero() => return Ok(Some(self.take_due())),
                Some(wait) => {
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        Ok(()) = self.control.changed() => {}
                    }
                }
                None => {
                    if self.control.changed().await.is_err() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn take_due(&mut self) -> Vec<SymbolTick> {
        let now = Instant::now();
        let mut due = Vec::with_capacity(self.waiting.len().min(BATCH_TICKS));
        while let Some(tick) = self.waiting.front() {
            let is_due = self.pacer.wait_for(now, tick.time).is_some_and(|wait| wait.is_zero());
            // The first was found due by the caller.
            if due.len() == BATCH_TICKS || !(is_due || due.is_empty()) {
                break;
            }
            due.extend(self.waiting.pop_front());
        }
        due
    }
}

/// A tape can be served to clients; one that cannot be read on ends for them too.
impl TickSource for ReplaySource {
    async fn next(&mut self, out: &mut Vec<SymbolTick>) -> SourceState {
        match self.next_due().await {
            Ok(Some(ticks)) => {
                out.extend(ticks);
                SourceState::More
            }
            Ok(None) => SourceState::End,
            Err(error) => {
                tracing::error!(%error, "the tape ended early");
                SourceState::End
            }
        }
    }
}

/// Reads until the tape ends or nobody listens.
fn read_ahead(mut tape: Tape, sender: &mpsc::Sender<Batch>) {
    loop {
        let mut batch =
            Batch { ticks: Vec::with_capacity(BATCH_TICKS), counts: TapeCounts::default(), failure: None };
        for tick in tape.by_ref().take(BATCH_TICKS) {
            match tick {
                Ok(tick) => batch.ticks.push(tick),
                Err(error) => batch.failure = Some(error),
            }
        }
        batch.counts = tape.counts();
        let is_last = batch.ticks.len() < BATCH_TICKS;
        if sender.blocking_send(batch).is_err() || is_last {
            return;
        }
    }
}
