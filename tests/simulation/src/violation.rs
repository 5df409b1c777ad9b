//! What must hold, by name and number, and what is said when it does not.

use std::fmt;

/// An invariant of the system. The numbers group them: money 1 to 4, orders 5 to 10, order of events,
/// durability and retries 11 to 18, isolation and bounds 19 to 23, and what the parts owe each other from 30 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// 1
    DoubleEntry,
    /// 2
    PortfolioIdentity,
    /// 3
    Reservations,
    /// 4
    Rounding,
    /// 5
    PositionIsSumOfFills,
    /// 6
    FillsWithinOrder,
    /// 7
    StateGraph,
    /// 9
    FillRules,
    /// 10
    RiskLimits,
    /// 11
    Gapless,
    /// 12
    PublishedDurableApplied,
    /// 13
    NothingSeenIsLost,
    /// 14
    OneOrderPerName,
    /// 15
    JournalReadsBack,
    /// 16
    ReplayIsLive,
    /// 17
    SnapshotAndTail,
    /// 18
    RefusedChangesNothing,
    /// 19
    ShardIsolation,
    /// 21
    Bounds,
    /// 22
    Liveness,
    /// 23
    Metamorphic,
    /// 30
    EngineIsModel,
    /// 31
    IndexIsScan,
    /// 32
    ViewsAreFolds,
    /// 33
    TicksArrive,
    /// 34
    TimeRuns,
    /// 35
    AnswersAreTrue,
    /// 36
    StartsAgain,
    /// 37
    NoPanic,
    /// 38
    SameSeedSameTrace,
    /// 39
    MarksAreKept,
}

impl Invariant {
    /// All of them, in order.
    pub const ALL: &'static [Self] = &[
        Self::DoubleEntry,
        Self::PortfolioIdentity,
        Self::Reservations,
        Self::Rounding,
        Self::PositionIsSumOfFills,
        Self::FillsWithinOrder,
        Self::StateGraph,
        Self::FillRules,
        Self::RiskLimits,
        Self::Gapless,
        Self::PublishedDurableApplied,
        Self::NothingSeenIsLost,
        Self::OneOrderPerName,
        Self::JournalReadsBack,
        Self::ReplayIsLive,
        Self::SnapshotAndTail,
        Self::RefusedChangesNothing,
        Self::ShardIsolation,
        Self::Bounds,
        Self::Liveness,
        Self::Metamorphic,
        Self::EngineIsModel,
        Self::IndexIsScan,
        Self::ViewsAreFolds,
        Self::TicksArrive,
        Self::TimeRuns,
        Self::AnswersAreTrue,
        Self::StartsAgain,
        Self::NoPanic,
        Self::SameSeedSameTrace,
        Self::MarksAreKept,
    ];

    /// Its number and what it says.
    #[must_use]
    pub const fn text(self) -> (u8, &'static str) {
        match self {
            Self::DoubleEntry => (1, "what one account gives another receives: all accounts sum to zero"),
            Self::PortfolioIdentity => (2, "cash + cost of holdings = net flows + realised profit - fees"),
            Self::Reservations => (3, "reserved is the sum over open orders, and never more than there is"),
            Self::Rounding => (4, "rounding moves at most half a unit a fill, and is accounted for"),
            Self::PositionIsSumOfFills => (5, "a position is the sum of its fills"),
            Self::FillsWithinOrder => (6, "an order's fills sum to what it says, within what it asked"),
            Self::StateGraph => (7, "only allowed transitions; an end is final"),
            Self::FillRules => {
                (9, "no fill beyond its limit, without a fresh market, or of size that was not shown")
            }
            Self::RiskLimits => (10, "no accepted order breaks its portfolio's limits"),
            Self::Gapless => (11, "sequences have no gap, and time does not go back"),
            Self::PublishedDurableApplied => (12, "published <= durable <= applied"),
            Self::NothingSeenIsLost => (13, "what a client saw is there after any crash, byte for byte"),
            Self::OneOrderPerName => (14, "one order for a client order id, and every retry names it"),
            Self::JournalReadsBack => (15, "the journal reads back as it was written"),
            Self::ReplayIsLive => (16, "the journal replayed is the live state"),
            Self::SnapshotAndTail => (17, "a recovered state is the state of the events before it"),
            Self::RefusedChangesNothing => (18, "what was refused changed nothing"),
            Self::ShardIsolation => (19, "a shard changes by its own portfolios alone"),
            Self::Bounds => (21, "queues stay within their bounds"),
            Self::Liveness => (22, "once faults stop, everything is answered and everyone catches up"),
            Self::Metamorphic => (23, "portfolios do not depend on who shares their shard"),
            Self::EngineIsModel => (30, "the engine does what the naive model says"),
            Self::IndexIsScan => (31, "the price index holds what a scan of the open orders finds"),
            Self::ViewsAreFolds => (32, "what readers see is a fold of the events"),
            Self::TicksArrive => (33, "ticks reach shards in order, and merging keeps latest and extremes"),
            Self::TimeRuns => (34, "what ends by time ends on time"),
            Self::AnswersAreTrue => (35, "an answer is the engine's, once, and only after it is durable"),
            Self::StartsAgain => (36, "without a fault the system starts"),
            Self::NoPanic => (37, "nothing panics"),
            Self::SameSeedSameTrace => (38, "the same seed gives the same trace"),
            Self::MarksAreKept => (39, "an orderly end records where trailing stops stand"),
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, text) = self.text();
        write!(out, "invariant {number} ({self:?}): {text}")
    }
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// What was found, and what was expected.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.invariant, self.detail)
    }
}

/// What a check says.
pub type Checked<T = ()> = Result<T, Violation>;

/// Says that an invariant does not hold.
pub fn broken<T>(invariant: Invariant, detail: impl Into<String>) -> Checked<T> {
    Err(Violation { invariant, detail: detail.into() })
}

/// Checks; the words are made only when they are needed.
pub fn check(holds: bool, invariant: Invariant, detail: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { broken(invariant, detail()) }
}
