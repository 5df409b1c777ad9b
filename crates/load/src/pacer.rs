//! Lets arrivals go when they are due: a thread that sleeps more finely than a runtime's timers.
//!
//! It hands out permits and never looks at what became of them. The invariant: as many permits were
//! given as arrivals were due, and at the end one more for each taker, so that all of them learn it.

use crate::Schedule;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Arrivals closer together than this go together: waking more often would cost the server its cores.
const STEP_MIN: Duration = Duration::from_micros(100);
/// Longest sleep, so that a stop is heard.
const STEP_MAX: Duration = Duration::from_millis(20);

/// A running pacer.
#[derive(Debug)]
pub(crate) struct Pacer {
    permits: Arc<Semaphore>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Pacer {
    /// Begins a schedule at an instant, for so many takers.
    pub(crate) fn start(schedule: Arc<Schedule>, begins: Instant, takers: usize) -> Self {
        let permits = Arc::new(Semaphore::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (giving, stopping) = (Arc::clone(&permits), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let mut given = 0;
            while given < schedule.count() && !stopping.load(Ordering::Relaxed) {
                let now = Instant::now();
                let due = now.checked_duration_since(begins).map_or(0, |elapsed| schedule.due_by(elapsed));
                giving.add_permits(usize::try_from(due.saturating_sub(given)).unwrap_or(0));
                given = given.max(due);
                let next = begins + schedule.due(given);
                thread::sleep(next.saturating_duration_since(now).clamp(STEP_MIN, STEP_MAX));
            }
            giving.add_permits(takers);
        });
        Self { permits, stop, thread: Some(thread) }
    }

    /// Where takers wait.
    pub(crate) fn permits(&self) -> Arc<Semaphore> {
        Arc::clone(&self.permits)
    }
}

impl Drop for Pacer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It cannot panic: it only sleeps and counts.
            let _ = thread.join();
        }
    }
}
