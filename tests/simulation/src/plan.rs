//! What a seed switches on: swarm testing.
//!
//! A run with everything on hides faults behind each other, so every seed draws a subset of features, of faults
//! and of sizes. One seed in ten is without faults. Invariant: a plan depends on its seed alone.

use crate::random::Random;
use persistence::storage::CrashSurvival;
use runtime::{Capacities, ClockMode, CommandPlaces, Overflow, StreamBounds};

/// How the orders of a seed look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a switch for each feature is what a swarm is")]
pub struct Orders {
    /// Market orders.
    pub market: bool,
    /// Limits.
    pub limit: bool,
    /// Stops.
    pub stop: bool,
    /// Stop limits.
    pub stop_limit: bool,
    /// Trailing stops.
    pub trailing: bool,
    /// Orders by amount.
    pub notional: bool,
    /// Immediate orders.
    pub immediate: bool,
    /// Day orders.
    pub day: bool,
    /// Fractions of a share.
    pub fractions: bool,
    /// Sells.
    pub sells: bool,
}

/// What clients do beside sending orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a switch for each feature is what a swarm is")]
pub struct Habits {
    /// They change orders.
    pub replaces: bool,
    /// They cancel.
    pub cancels: bool,
    /// They cancel everything.
    pub cancels_all: bool,
    /// They move money.
    pub flows: bool,
    /// They set limits.
    pub limits: bool,
    /// They send the same order again.
    pub retries: bool,
    /// They send another order under the same name.
    pub clashes: bool,
    /// They go away while they wait for an answer.
    pub hangs_up: bool,
    /// They let their streams go and resume.
    pub resumes: bool,
    /// They read their streams seldom.
    pub slow: bool,
    /// An operator halts and resumes instruments.
    pub halts: bool,
}

/// What the market data does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a switch for each fault is what a swarm is")]
pub struct FeedFaults {
    /// Interruptions.
    pub lost: bool,
    /// The same tick again.
    pub duplicates: bool,
    /// Ticks of the past.
    pub out_of_order: bool,
    /// Bids above asks.
    pub crossed: bool,
    /// Sides without a price.
    pub one_sided: bool,
    /// Prices of nothing, or of a hundred times the last.
    pub absurd: bool,
    /// Many ticks at once.
    pub floods: bool,
    /// Silence longer than a quote's age.
    pub silence: bool,
}

/// What the disk does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a switch for each fault is what a swarm is")]
pub struct DiskFaults {
    /// The process dies; the disk stays.
    pub kills: bool,
    /// The power goes.
    pub crashes: bool,
    /// The power goes again while recovery runs.
    pub second_crashes: bool,
    /// An operation fails.
    pub errors: bool,
    /// The disk is full for a while.
    pub full: bool,
    /// Orderly restarts.
    pub restarts: bool,
}

/// What the clock does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockFaults {
    /// It jumps forward.
    pub forward: bool,
    /// It jumps backward.
    pub backward: bool,
    /// It stands still.
    pub stalls: bool,
}

/// Everything that a seed decides before its first step.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whether anything goes wrong at all.
    pub faults: bool,
    /// How many shards.
    pub shards: u16,
    /// How many portfolios.
    pub portfolios: u32,
    /// How many instruments.
    pub instruments: u32,
    /// How many clients.
    pub clients: usize,
    /// Where time comes from.
    pub clock: ClockMode,
    /// What happens to ticks that find no room.
    pub overflow: Overflow,
    /// Whether exchange hours rule.
    pub hours: bool,
    /// Age in nanoseconds beyond which a quote is stale.
    pub quote_age_ns: i64,
    /// Bytes of a journal segment.
    pub segment_bytes: u64,
    /// Room between the parts.
    pub capacities: Capacities,
    /// Orders.
    pub orders: Orders,
    /// Clients.
    pub habits: Habits,
    /// Market data.
    pub feed: FeedFaults,
    /// Disk.
    pub disk: DiskFaults,
    /// Clock.
    pub time: ClockFaults,
    /// Of 100 operations, how many are ticks.
    pub tick_share: u64,
    /// Most cash of a portfolio, in whole dollars.
    pub cash_max: i64,
    /// Steps of parts for each operation, about.
    pub steps_per_operation: u64,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn new(seed: u64, random: &mut Random) -> Self {
        let faults = !seed.is_multiple_of(10);
        let on = |random: &mut Random| random.chance(1, 2);
        let fault = |random: &mut Random| random.chance(1, 2) && faults;
        Self {
            faults,
            shards: random.pick(&[1, 1, 2, 2, 3]),
            portfolios: u32::try_from(random.between(1, 4)).expect("a few"),
            instruments: u32::try_from(random.between(1, 3)).expect("a few"),
            clients: random.pick(&[1, 2, 3]),
            clock: if random.chance(1, 4) { ClockMode::Feed } else { ClockMode::Wall },
            overflow: if random.chance(1, 5) { Overflow::Block } else { Overflow::Conflate },
            hours: random.chance(1, 3),
            quote_age_ns: random.pick(&[3_600_000_000_000, 60_000_000_000, 2_000_000_000]),
            segment_bytes: random.pick(&[2_000, 8_000, 40_000, 1 << 30]),
            capacities: capacities(random),
            orders: Orders {
                market: on(random),
                limit: on(random),
                stop: on(random),
                stop_limit: on(random),
                trailing: on(random),
                notional: on(random),
                immediate: on(random),
                day: on(random),
                fractions: on(random),
                sells: random.chance(4, 5),
            },
            habits: Habits {
                replaces: on(random),
                cancels: on(random),
                cancels_all: random.chance(1, 3),
                flows: on(random),
                limits: random.chance(1, 3),
                retries: on(random),
                clashes: random.chance(1, 4),
                hangs_up: fault(random),
                resumes: on(random),
                slow: on(random),
                halts: random.chance(1, 3),
            },
            feed: FeedFaults {
                lost: fault(random),
                duplicates: fault(random),
                out_of_order: fault(random),
                crossed: fault(random),
                one_sided: fault(random),
                absurd: fault(random),
                floods: fault(random),
                silence: fault(random),
            },
            disk: disk_faults(faults, random),
            time: ClockFaults { forward: fault(random), backward: fault(random), stalls: fault(random) },
            tick_share: random.pick(&[20, 40, 60, 75]),
            cash_max: random.pick(&[2_000, 50_000, 1_000_000]),
            steps_per_operation: random.pick(&[1, 2, 4]),
        }
    }

    /// A way in which a disk is found after the power went.
    pub fn survival(random: &mut Random) -> CrashSurvival {
        let seed = random.draw();
        random.pick(&[
            CrashSurvival::Nothing,
            CrashSurvival::Everything,
            CrashSurvival::Names,
            CrashSurvival::Bytes,
            CrashSurvival::LastChange,
            CrashSurvival::AllButLastChange,
            CrashSurvival::Subset(seed),
            CrashSurvival::Torn(seed),
            CrashSurvival::Torn(seed),
        ])
    }
}

/// Half of the faulty seeds lose their power or process; each other fault is in a quarter of them.
fn disk_faults(faults: bool, random: &mut Random) -> DiskFaults {
    let mut fault = |part, whole| random.chance(part, whole) && faults;
    DiskFaults {
        kills: fault(1, 3),
        crashes: fault(1, 2),
        second_crashes: fault(1, 3),
        errors: fault(1, 4),
        full: fault(1, 5),
        restarts: fault(1, 3),
    }
}

fn capacities(random: &mut Random) -> Capacities {
    let commands = random.pick(&[2, 4, 16, 64]);
    Capacities {
        ticks: random.pick(&[1, 4, 16, 256]),
        commands: CommandPlaces { all: commands + commands / 2, kept_for_cancels: commands / 2 },
        batches: random.pick(&[2, 4, 64]),
        rounds: random.pick(&[1, 3, 16]),
        row_batches: random.pick(&[1, 4, 64]),
        stream: StreamBounds {
            client_messages: random.pick(&[8, 32, 1_024]),
            client_bytes: random.pick(&[4_096, 1 << 20]),
            watched: random.pick(&[2, 16, 256]),
            unwatched: random.pick(&[0, 1, 8]),
        },
        journal_cache_bytes: 1 << 20,
        views_cache_bytes: 1 << 20,
    }
}
