//! What happens after a failure, without a new process: everything is let go of and opened anew.
//!
//! One thread looks after the system: it ends the threads of a life that failed, waits until the disk
//! takes writes again, recovers by the ordinary way and puts the new life in place of the old one. It
//! must never go on with a file that failed, nor heal what is damaged. Invariant: what was
//! acknowledged before a failure stands after it, and nothing is acknowledged between.

use crate::config::Durability;
use crate::handle::Core;
use crate::panics::PanicLog;
use crate::parts::{Frame, assemble};
use crate::sequencer::Relay;
use crate::space::{SpaceState, SpaceWatch};
use crate::system::{CATALOGUE_FILE, Kept, StartError, VIEWS_FILE, open};
use crate::threads::Threads;
use crate::{Failure, StreamEncoder, SystemConfig};
use crossbeam::channel::Receiver;
use persistence::ObservedStorage;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the room on the disk is measured.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The first wait between two attempts; each doubles it.
const WAIT_FIRST: Duration = Duration::from_millis(50);
/// The longest wait between two attempts.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// A life that lasted this long begins the waits anew.
const STEADY_AFTER: Duration = Duration::from_secs(10);
/// How often damage must be found before it is believed: a read may err once.
const DAMAGE_SEEN_MIN: u32 = 2;

/// The thread that looks after a system.
#[derive(Debug)]
pub(crate) struct KeeperThread {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    core: Arc<Core>,
}

impl KeeperThread {
    /// Starts it.
    pub(crate) fn start(keeper: Keeper) -> Result<Self, StartError> {
        let (stop, core) = (Arc::clone(&keeper.stop), Arc::clone(&keeper.core));
        let body = move || keeper.run();
        let thread =
            std::thread::Builder::new().name("keeper".to_owned()).spawn(body).map_err(StartError::Thread)?;
        Ok(Self { thread, stop, core })
    }

    /// Has it end the life that stands, and waits for it.
    pub(crate) fn stop(self) {
        let Self { thread, stop, core } = self;
        stop.store(true, Ordering::Release);
        let life = core.life();
        life.shared.stopping.store(true, Ordering::Release);
        life.shared.alarm().ring();
        // A panic of it was told by the panic itself, and ended the threads.
        let _ = thread.join();
    }
}

/// Waits that double up to a bound, each drawn between half of it and the whole.
#[derive(Debug)]
struct Waits {
    next: Duration,
}

impl Waits {
    fn new() -> Self {
        Self { next: WAIT_FIRST }
    }

    /// `noise` is from 0 to 255.
    fn take(&mut self, noise: u8) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(WAIT_MAX);
        wait / 2 + wait / 2 * u32::from(noise) / 255
    }
}

/// Something that failed and is tried again.
#[derive(Debug)]
struct Repair {
    waits: Waits,
    /// When the next attempt is due; `None` while nothing is to be repaired.
    due: Option<Instant>,
}

impl Repair {
    fn idle() -> Self {
        Self { waits: Waits::new(), due: None }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

/// See the module.
pub(crate) struct Keeper {
    config: SystemConfig,
    files: ObservedStorage,
    frame: Frame,
    encoder: Arc<dyn StreamEncoder>,
    core: Arc<Core>,
    threads: Threads,
    relay: Arc<Relay>,
    stop: Arc<AtomicBool>,
    rung: Receiver<()>,
    watch: SpaceWatch,
    panics: PanicLog,
    system: Repair,
    catalogue: Repair,
    /// When this life began.
    since: Instant,
    damage_seen: u32,
}

impl Keeper {
    /// Looks after a system that runs.
    pub(crate) fn new(
        (config, files, frame, encoder): (SystemConfig, ObservedStorage, Frame, Arc<dyn StreamEncoder>),
        core: Arc<Core>,
        (threads, relay): (Threads, Arc<Relay>),
    ) -> Self {
        let watch = SpaceWatch::new(Arc::clone(&core.space), Arc::clone(&config.storage), &config.data_dir);
        // Before the first request comes.
        watch.look();
        let rung = threads.life().shared.alarm().rung.clone();
        Self {
            config,
            files,
            frame,
            encoder,
            core,
            threads,
            relay,
            stop: Arc::default(),
            rung,
            watch,
            panics: PanicLog::default(),
            system: Repair::idle(),
            catalogue: Repair::idle(),
            since: Instant::now(),
            damage_seen: 0,
        }
    }

    fn run(mut self) {
        self.watch.make_ballast();
        let mut look_due = Instant::now() + LOOK_INTERVAL;
        loop {
            let due = [Some(look_due), self.system.due, self.catalogue.due].into_iter().flatten().min();
            // Rung or not: everything is looked at.
            let _ = self.rung.recv_deadline(due.unwrap_or(look_due));
            if self.stop.load(Ordering::Acquire) {
                break;
            }
            if self.notice() || look_due <= Instant::now() {
                self.look();
                look_due = Instant::now() + LOOK_INTERVAL;
            }
            if self.catalogue.is_due(Instant::now()) {
                self.repair_catalogue();
            }
            if self.system.is_due(Instant::now()) {
                self.repair_system();
            }
        }
        self.threads.end();
    }

    /// Measures the room, and keeps the ballast where it belongs.
    fn look(&self) {
        match self.watch.look() {
            SpaceState::Enough => self.watch.make_ballast(),
            SpaceState::Low => {}
            // Given back only when something needs it: a failure.
            SpaceState::Full if self.system.due.is_some() || self.catalogue.due.is_some() => {
                self.watch.give_ballast_back();
                self.watch.look();
            }
            SpaceState::Full => {}
        }
    }

    /// Whether the disk takes writes; where room is all that it lacks, the ballast is given back.
    fn probe(&self) -> Result<(), String> {
        let probed = self.watch.probe().or_else(|error| {
            if error.kind() != ErrorKind::StorageFull && error.kind() != ErrorKind::QuotaExceeded {
                return Err(error);
            }
            self.watch.give_ballast_back();
            self.watch.probe()
        });
        probed.map_err(|error| format!("the disk takes no writes: {error}"))
    }

    /// Takes down what failed since the last look; says whether anything did.
    fn notice(&mut self) -> bool {
        let now = Instant::now();
        let mut is_new = false;
        if self.catalogue.due.is_none() && self.core.catalogue.is_unreadable() {
            self.core.catalogue_has_failed("a read failed");
        }
        if self.catalogue.due.is_none() && self.core.catalogue_failed.load(Ordering::Acquire) {
            self.catalogue.due = Some(now);
            is_new = true;
        }
        let life = Arc::clone(self.threads.life());
        let failure = life.shared.failure().borrow().clone();
        let Some(failure) = failure.filter(|_| self.system.due.is_none()) else { return is_new };
        if failure.is_final() {
            return is_new;
        }
        self.core.failures.fetch_add(1, Ordering::Relaxed);
        self.threads.end();
        if let Some(verdict) = self.verdict(&failure) {
            life.shared.give_up(verdict);
            return true;
        }
        if self.since.elapsed() > STEADY_AFTER {
            self.system.waits = Waits::new();
        }
        self.damage_seen = 0;
        // A life that failed at once waits before the next one.
        let wait = if self.system.waits.next == WAIT_FIRST { Duration::ZERO } else { self.next_wait() };
        self.system.due = Some(now + wait);
        true
    }

    /// Why a failure cannot be healed, when it cannot.
    fn verdict(&mut self, failure: &Failure) -> Option<Failure> {
        let poison = match failure {
            Failure::Panic(what) => {
                // Where it was is told, and makes no difference between two inputs.
                let input = what.split(", after event").next().unwrap_or(what);
                self.panics.note(input, Instant::now()).map(|text| Failure::Poison(format!("{text}: {failure}")))
            }
            Failure::Journal(_)
            | Failure::Views(_)
            | Failure::Corrupt(_)
            | Failure::Poison(_)
            | Failure::Unkept(_) => None,
        };
        match self.config.durability {
            Durability::Journal => poison,
            // What was published ahead cannot be taken back under the same epoch.
            Durability::Off | Durability::Behind => {
                Some(poison.unwrap_or_else(|| Failure::Unkept(failure.to_string())))
            }
        }
    }

    fn next_wait(&mut self) -> Duration {
        let mut noise = [128];
        // Without randomness the waits are just not spread.
        let _ = self.config.storage.random(&mut noise);
        self.system.waits.take(noise[0])
    }

    fn reopen_catalogue(&self) -> Result<(), String> {
        self.probe()?;
        let file = self.config.data_dir.join(CATALOGUE_FILE);
        if self.files.is_suspect(&file) {
            self.core.catalogue.close();
            self.files.rewrite_suspects(|path| path == file).map_err(|error| error.to_string())?;
        }
        self.core.catalogue.reopen(&self.config.storage).map_err(|error| error.to_string())
    }

    fn repair_catalogue(&mut self) {
        match self.reopen_catalogue() {
            Ok(()) => {
                self.catalogue = Repair::idle();
                self.core.catalogue_failed.store(false, Ordering::Release);
                self.core.heals.fetch_add(1, Ordering::Relaxed);
                tracing::info!("the catalogue was opened anew");
            }
            Err(error) => {
                let wait = self.catalogue.waits.take(u8::MAX);
                tracing::warn!(error, wait_ms = wait.as_millis(), "the catalogue cannot be opened again yet");
                self.catalogue.due = Some(Instant::now() + wait);
            }
        }
    }

    fn repair_system(&mut self) {
        let began = Instant::now();
        match self.attempt() {
            Ok(()) => {
                self.system.due = None;
                self.since = Instant::now();
                tracing::info!(took_ms = began.elapsed().as_millis(), "the system goes on");
            }
            Err(NotYet::Later(why)) => {
                let wait = self.next_wait();
                tracing::warn!(why, wait_ms = wait.as_millis(), "the system cannot go on yet");
                self.system.due = Some(Instant::now() + wait);
            }
            Err(NotYet::Never(failure)) => {
                self.system.due = None;
                self.core.life().shared.give_up(failure);
            }
        }
    }

    /// Opens everything anew and begins another life.
    fn attempt(&mut self) -> Result<(), NotYet> {
        // While nothing can be written, what is open serves readers better than what would be opened.
        self.probe().map_err(NotYet::Later)?;
        if self.catalogue.due.is_some() {
            return Err(NotYet::Later("the catalogue comes first".to_owned()));
        }
        let life = self.core.life();
        if self.files.is_suspect(&self.config.data_dir.join(VIEWS_FILE)) {
            life.projections.store.close();
        }
        let catalogue = self.config.data_dir.join(CATALOGUE_FILE);
        let rewritten = self.files.rewrite_suspects(|path| path != catalogue);
        rewritten.map_err(|error| NotYet::Later(format!("a file cannot be written anew: {error}")))?;
        let kept = Kept {
            catalogue: Arc::clone(&self.core.catalogue),
            instruments: Arc::clone(&self.core.instruments),
            store: Arc::clone(&life.projections.store),
            epoch: self.core.epoch,
            shared: Arc::clone(&life.shared),
        };
        let opening = || open(&self.config, &self.frame, (Arc::clone(&self.encoder), Some(kept)));
        let opened = match catch_unwind(AssertUnwindSafe(opening)) {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => return Err(self.judge(&error)),
            Err(_) => {
                let failure = Failure::Panic("keeper, while it recovered,".to_owned());
                return Err(match self.verdict(&failure) {
                    Some(verdict) => NotYet::Never(verdict),
                    None => NotYet::Later("recovery panicked".to_owned()),
                });
            }
        };
        let mut parts = assemble(&self.config, &self.frame.capacities, opened);
        parts.market_data.board = Arc::clone(&self.core.bars);
        let (threads, sequencer) = Threads::begin(parts).map_err(|error| NotYet::Later(error.to_string()))?;
        let next = Arc::clone(threads.life());
        self.relay.offer(sequencer.lanes, Arc::clone(&next.shared));
        // Counted before anyone can see the new life, so that whoever sees it finds it counted.
        self.core.heals.fetch_add(1, Ordering::Relaxed);
        let before = self.core.begin(Arc::clone(&next));
        next.shared.recovered();
        before.projections.renew_streams();
        self.threads = threads;
        Ok(())
    }

    fn judge(&mut self, error: &StartError) -> NotYet {
        if error.is_damage() {
            self.damage_seen += 1;
            if self.damage_seen >= DAMAGE_SEEN_MIN {
                return NotYet::Never(Failure::Corrupt(error.to_string()));
            }
        }
        NotYet::Later(error.to_string())
    }
}

/// Why an attempt did not succeed.
enum NotYet {
    /// It is worth another.
    Later(String),
    /// None will.
    Never(Failure),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_bound_and_are_spread() {
        let mut waits = Waits::new();
        let taken: Vec<u128> = (0..9).map(|_| waits.take(255).as_millis()).collect();
        assert_eq!(taken, [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(Waits::new().take(0), Duration::from_millis(25));
    }
}
