//! Plays the tape at full speed, but never far ahead of the traders, so that orders spread over the
//! whole week; and tells the traders where it stands.

use anyhow::Result;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tests::alpaca_feed::AlpacaFeed;
use tests::ibm;
use tests::oracle::{Tick, TickBody, TopOfBook};
use tokio::sync::Notify;

/// Ticks of a frame: small enough that orders fall between, large enough for full speed.
const FRAME_TICKS: usize = 40;
/// Commands that the tape may run ahead of.
const COMMANDS_AHEAD: usize = 100;

/// Where tape and traders stand.
#[derive(Debug)]
pub(crate) struct Pace {
    ticks: usize,
    commands: usize,
    played: AtomicUsize,
    sent: AtomicUsize,
    quote: Mutex<TopOfBook>,
    moved: Notify,
}

impl Pace {
    /// At the start of so many ticks and commands.
    pub(crate) fn new(ticks: usize, commands: usize) -> Self {
        Self {
            ticks,
            commands,
            played: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            quote: Mutex::new(TopOfBook::default()),
            moved: Notify::new(),
        }
    }

    /// The last quote played.
    pub(crate) fn quote(&self) -> TopOfBook {
        *self.quote.lock().expect("no holder of the quote panics")
    }

    /// Notes that a trader has its answer.
    pub(crate) fn command_answered(&self) {
        self.sent.fetch_add(1, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Waits until this share of the tape was played.
    pub(crate) async fn until_played(&self, part: usize, whole: usize) {
        self.until(|| self.played.load(Ordering::SeqCst) * whole >= self.ticks * part).await;
    }

    async fn until(&self, holds: impl Fn() -> bool) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if holds() {
                return;
            }
            moved.await;
        }
    }
}

/// Plays the whole tape. The first minutes, up to the first print of a session, are played at once.
pub(crate) async fn play(ticks: Arc<Vec<Tick>>, feed: Arc<AlpacaFeed>, pace: Arc<Pace>) -> Result<()> {
    let sessions = ibm::sessions();
    let warm = ticks.iter().position(|tick| {
        matches!(tick.body, TickBody::Print(print) if print.is_regular())
            && tick.time > sessions[0].0 + 60_000_000_000
    });
    let mut played = 0;
    for frame in ticks.chunks(FRAME_TICKS) {
        feed.play(ibm::SYMBOL, frame).await?;
        played += frame.len();
        let quotes = frame.iter().rev().find_map(|tick| match tick.body {
            TickBody::Quote(quote) => Some(quote),
            TickBody::Print(_) => None,
        });
        if let Some(quote) = quotes {
            *pace.quote.lock().expect("no holder of the quote panics") = quote;
        }
        if warm.is_some_and(|warm| played > warm) {
            pace.played.store(played, Ordering::SeqCst);
            pace.moved.notify_waiters();
            let due = played * pace.commands / pace.ticks;
            pace.until(|| pace.sent.load(Ordering::SeqCst) + COMMANDS_AHEAD >= due).await;
        }
    }
    pace.played.store(pace.ticks, Ordering::SeqCst);
    pace.moved.notify_waiters();
    Ok(())
}
