//! A tape as a feed: every tick of it reaches the sink, in order, however slow the sink is.
//!
//! Owns the lossless hand-over. Unlike a live feed it repairs no order and suspects no price: a
//! tape is what it is. Ticks of unknown instruments, and quotes without any side, are counted and
//! left out, as no sink may be given them.

use super::source::ReplaySource;
use super::tape::TapeCounts;
use super::{SymbolTick, TapeError};
use crate::{DropReason, FeedStatus, Push, StopSignal, Symbols, TickSink};
use model::{InstrumentId, Symbol, Tick, TickBody};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Attempts before a full sink is given time.
const EAGER_ATTEMPTS: u32 = 16;
/// How long a full sink is left alone: it takes far more ticks in this time than one.
const FULL_WAIT: Duration = Duration::from_millis(1);

/// How a replay went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayReport {
    /// What was read from the files.
    pub tape: TapeCounts,
    /// Ticks that the sink took.
    pub pushed: u64,
    /// Ticks of instruments that nobody knows.
    pub unknown: u64,
    /// Quotes without any side.
    pub empty: u64,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

/// Plays a tape into a sink until it ends or is told to stop.
///
/// At its end the last quotes stand; when it is stopped or fails, the sink is told that the feed is
/// lost.
///
/// # Errors
/// When the tape cannot be read on; everything before that has reached the sink.
pub async fn run(
    mut source: ReplaySource,
    symbols: Arc<dyn Symbols>,
    mut sink: Box<dyn TickSink>,
    status: Arc<FeedStatus>,
    mut stop: StopSignal,
) -> Result<ReplayReport, TapeError> {
    let mut player = Player { symbols, known: HashMap::new(), status, report: ReplayReport::default() };
    player.status.note_connect();
    player.status.note_up();
    sink.feed_up();
    let outcome = loop {
        let ticks = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {
                player.report.stopped = true;
                break Ok(());
            }
            next = source.next_due() => match next {
                Ok(Some(ticks)) => ticks,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            },
        };
        if !player.play(&ticks, sink.as_mut(), &stop).await {
            player.report.stopped = true;
            break Ok(());
        }
    };
    player.report.tape = source.counts();
    match &outcome {
        Ok(()) => player.status.note_stopped(),
        Err(error) => player.status.note_disconnect(&error.to_string()),
    }
    if outcome.is_err() || player.report.stopped {
        sink.feed_lost();
    }
    outcome.map(|()| player.report)
}

struct Player {
    symbols: Arc<dyn Symbols>,
    known: HashMap<Symbol, InstrumentId>,
    status: Arc<FeedStatus>,
    report: ReplayReport,
}

impl Player {
    /// Hands ticks over; `false` when told to stop while the sink had no room.
    async fn play(&mut self, ticks: &[SymbolTick], sink: &mut dyn TickSink, stop: &StopSignal) -> bool {
        let pushed_before = self.report.pushed;
        let mut is_running = true;
        for tick in ticks {
            let Some(tick) = self.prepare(tick) else { continue };
            is_running = push_until_taken(tick, sink, stop).await;
            if !is_running {
                break;
            }
            self.report.pushed += 1;
        }
        self.status.note_ticks(ticks.len() as u64, self.report.pushed - pushed_before);
        is_running
    }

    fn prepare(&mut self, tick: &SymbolTick) -> Option<Tick> {
        if let TickBody::Quote(quote) = tick.body
            && !quote.bid.is_positive()
            && !quote.ask.is_positive()
        {
            self.report.empty += 1;
            self.status.note(DropReason::PriceNotPositive);
            return None;
        }
        let Some(instrument) = self.instrument(tick.symbol) else {
            self.report.unknown += 1;
            self.status.note(DropReason::UnknownSymbol);
            return None;
        };
        Some(Tick { instrument, time: tick.time, body: tick.body })
    }

    fn instrument(&mut self, symbol: Symbol) -> Option<InstrumentId> {
        // Only what is known is remembered: an instrument may be defined while the tape runs.
        if let Some(known) = self.known.get(&symbol) {
            return Some(*known);
        }
        let found = self.symbols.resolve(symbol.as_str())?;
        self.known.insert(symbol, found);
        Some(found)
    }
}

async fn push_until_taken(tick: Tick, sink: &mut dyn TickSink, stop: &StopSignal) -> bool {
    let mut attempts = 0;
    loop {
        match sink.push(tick) {
            Push::Accepted => return true,
            Push::Full if *stop.borrow() => return false,
            Push::Full if attempts < EAGER_ATTEMPTS => {
                attempts += 1;
                tokio::task::yield_now().await;
            }
            Push::Full => tokio::time::sleep(FULL_WAIT).await,
        }
    }
}
