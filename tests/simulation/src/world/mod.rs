//! One seed's world: a system without threads on a simulated disk, with a clock, a feed and clients, stepped in
//! an order that the seed draws.
//!
//! It owns the run from the first step to the verdict. It must never let the product see the simulation's own
//! record. Invariant: a run is a function of its seed and of the product alone.

mod clients;
mod compare;
mod faults;
mod inputs;
mod market;
mod steps;

use crate::feed::Feed;
use crate::history::History;
use crate::message::Encoder;
use crate::plan::Plan;
use crate::random::Random;
use crate::trace::{Trace, Words};
use crate::violation::{Checked, Invariant, broken};
use clients::{Client, Flight};
use engine::{CalendarPolicy, ShardConfig};
use inputs::{Effect, Intake};
use model::{CommandReply, InstrumentId, PortfolioId, Symbol, Time};
use persistence::{SimulatedStorage, Storage};
use runtime::stepping::{HandClock, SteppedSystem};
use runtime::{Durability, SpaceLimits, SystemConfig};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Steps after which a world that should have come to rest is stuck.
const LIVENESS_STEPS_MAX: u64 = 60_000;
/// The first instant: a Monday in June, half an hour before New York opens.
const BEGINNING: Time = Time::from_seconds(1_717_419_600);

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Commands, ticks, faults and client actions that were offered to the system.
    pub operations: u64,
    /// Steps of the scheduler.
    pub steps: u64,
    /// Ticks offered.
    pub ticks: u64,
    /// Commands offered.
    pub commands: u64,
    /// Events that engines made.
    pub events: u64,
    /// Fills among them.
    pub fills: u64,
    /// Power failures.
    pub crashes: u64,
    /// Successful starts after the first.
    pub recoveries: u64,
    /// Starts that a fault stopped.
    pub starts_failed: u64,
    /// Faults, by name.
    pub faults: BTreeMap<&'static str, u64>,
    /// Checks of invariants, about.
    pub checks: u64,
    /// Messages that clients received.
    pub messages: u64,
}

/// An instrument of the world.
#[derive(Clone, Debug)]
struct Listed {
    id: InstrumentId,
    symbol: Symbol,
    /// Whether the operator has halted it, as far as the operator knows.
    halted: bool,
}

/// See the module.
pub struct World {
    plan: Plan,
    random: Random,
    trace: Trace,
    counts: Counts,
    disk: SimulatedStorage,
    clock: HandClock,
    /// How far the clock is from where time really is.
    system: Option<SteppedSystem>,
    shards: Vec<History>,
    intakes: Vec<Intake>,
    effects: BTreeMap<u32, Vec<Effect>>,
    listed: Vec<Listed>,
    portfolios: Vec<PortfolioId>,
    clients: Vec<Client>,
    flights: Vec<Flight>,
    feed: Feed,
    feed_up: bool,
    /// The latest instant that the clock showed.
    latest: Time,
    silent_until: u64,
    stalled_until: u64,
    full_until: Option<u64>,
    /// The operation at which the power goes.
    off_at: Option<usize>,
    /// The operation that fails.
    error_at: Option<usize>,
    requests: u32,
    /// Answers that a client saw, by request.
    answered: BTreeMap<u32, CommandReply>,
    calm: bool,
    /// Whether a fault of before was found after the disk was well again, and everything opened anew for it.
    found_late: bool,
}

impl World {
    /// The world of a seed, before its first step.
    #[must_use]
    pub fn new(seed: u64, words: Words) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::new(seed, &mut random);
        let shards = usize::from(plan.shards);
        let mut trace = Trace::new(words);
        trace.note("seed", seed, || format!("{plan:?}"));
        let listed: Vec<Listed> = Vec::new();
        let feed = Feed::new(&[], plan.feed, &mut random);
        let clock = HandClock::new(BEGINNING.plus_nanos(random.between(0, 3_600_000_000_000)));
        Self {
            random,
            trace,
            counts: Counts::default(),
            disk: SimulatedStorage::new(),
            clock,
            system: None,
            shards: (0..shards).map(|_| History::default()).collect(),
            intakes: (0..shards).map(|_| Intake::default()).collect(),
            effects: BTreeMap::new(),
            listed,
            portfolios: Vec::new(),
            clients: Vec::new(),
            flights: Vec::new(),
            feed,
            feed_up: false,
            latest: BEGINNING,
            silent_until: 0,
            stalled_until: 0,
            full_until: None,
            off_at: None,
            error_at: None,
            requests: 0,
            answered: BTreeMap::new(),
            calm: false,
            found_late: false,
            plan,
        }
    }

    /// Runs this many operations with faults, then lets everything heal, and judges.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn run(&mut self, operations: u64) -> Checked {
        self.begin()?;
        while self.counts.operations < operations {
            self.step()?;
        }
        self.heal()?;
        self.judge()
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What happened.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    fn config(&self) -> SystemConfig {
        let calendar = if self.plan.hours { CalendarPolicy::OfInstrument } else { CalendarPolicy::AlwaysOpen };
        SystemConfig {
            data_dir: PathBuf::from("/data"),
            shards: Some(self.plan.shards),
            shard: ShardConfig { calendar, quote_age_max_ns: self.plan.quote_age_ns, ..ShardConfig::default() },
            clock: self.plan.clock,
            durability: Durability::Journal,
            overflow: self.plan.overflow,
            segment_bytes_max: self.plan.segment_bytes,
            keep: runtime::Keep::Whole,
            views_wait: Duration::ZERO,
            space: SpaceLimits::OFF,
            storage: Arc::new(self.disk.clone()) as Arc<dyn Storage>,
        }
    }

    /// Opens files and recovers, once. `Ok(false)` when a fault stopped it.
    fn start(&mut self) -> Checked<bool> {
        let config = self.config();
        let encoder = Arc::new(Encoder);
        match SteppedSystem::start(&config, self.plan.capacities, &self.clock, encoder) {
            Ok(system) => {
                self.system = Some(system);
                for intake in &mut self.intakes {
                    *intake = Intake::default();
                }
                self.feed_up = false;
                if self.error_at.is_some_and(|error| error < self.disk.operation_count()) {
                    self.error_at = None;
                }
                self.recovered()?;
                Ok(true)
            }
            Err(error) => {
                let excused = self.disk_is_faulty();
                self.trace.note("start failed", u64::from(excused), || error.to_string());
                self.counts.starts_failed += 1;
                if excused { Ok(false) } else { broken(Invariant::StartsAgain, error.to_string()) }
            }
        }
    }

    fn system(&mut self) -> &mut SteppedSystem {
        self.system.as_mut().expect("a step runs on a system that is up")
    }

    /// The shard of a portfolio.
    fn shard_of(&self, portfolio: PortfolioId) -> usize {
        usize::from(portfolio.shard(self.plan.shards).get())
    }
}
