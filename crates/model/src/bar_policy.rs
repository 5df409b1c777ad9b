//! How orders fill from bars: one policy for each question on which simulators differ.
//!
//! A bar has four prices and no order of time between its high and its low, so that every policy is a
//! guess with a name. What each makes of an order is told in `docs/BARS.md`. Archived: these types are
//! part of a portfolio's profile.

use crate::Percent;
use rkyv::{Archive, Deserialize, Serialize};

/// How orders fill from bars.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BarPolicies {
    /// In which order the prices of a bar come.
    pub path: BarPath,
    /// Where market orders trade.
    pub market: MarketOnBar,
    /// Whether a bar that goes just to a limit fills it.
    pub limit_touch: LimitTouch,
    /// What a resting limit gets that a bar's open has left behind.
    pub limit_gap: LimitGap,
    /// How much of a bar's volume a portfolio may have.
    pub volume: BarVolume,
}

/// In which order the prices of a bar come.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BarPath {
    /// Open, high, low, close.
    OpenHighLowClose,
    /// Open, low, high, close.
    OpenLowHighClose,
    /// The high first only where it is strictly nearer to the open. Nautilus's.
    Adaptive,
    /// Each order on the path that is worse for its owner.
    Pessimistic,
    /// Each order on the other one.
    Optimistic,
    /// No path: each order by itself against the bar's high and low, in the order in which they were sent,
    /// trailing marks afterwards; what a limit behind a stop gets is judged by the close. LEAN's.
    Extremes,
}

/// Where market orders trade in a bar.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarketOnBar {
    /// At the open of the first bar that begins once they were sent.
    NextOpen,
    /// Halfway between the open and the close of that bar.
    Mid,
    /// Sent before a bar at its open; while it ran, or within the session at its very end, at its close. LEAN's.
    ThisClose,
    /// At once at the close of the last bar; before any bar at the next open. Nautilus's.
    LastClose,
}

/// Whether a bar that goes just to a limit fills it.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitTouch {
    /// The price has to go beyond.
    Strict,
    /// The price has to come to it.
    AtTouch,
}

/// What a resting limit gets that a bar's open has left behind.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitGap {
    /// Its limit, as the price came past it; the open where that is the first of a session, as an auction
    /// has one price for all.
    LimitIntradayOpenAtSessionStart,
    /// The open. LEAN's.
    AlwaysOpen,
    /// Its limit. Nautilus's.
    AlwaysLimit,
}

/// How much of a bar's volume a portfolio may have. A bar without a known volume has no end of it.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BarVolume {
    /// As much as it wants. LEAN's.
    Unlimited,
    /// So much of it, in whole lots.
    Participation(Percent),
    /// A quarter at the open, the high and the low each, in whole lots, and the rest at the close. Nautilus's.
    Split,
}

impl BarPolicies {
    /// Nothing that a patient reader of the tape could not have had: the next open, limits that the price
    /// goes beyond, and a tenth of the volume, which is what zipline allows by default.
    pub const REALISTIC: Self = Self {
        path: BarPath::OpenHighLowClose,
        market: MarketOnBar::NextOpen,
        limit_touch: LimitTouch::Strict,
        limit_gap: LimitGap::LimitIntradayOpenAtSessionStart,
        volume: BarVolume::Participation(Percent::whole(10)),
    };
    /// As LEAN's equity model fills from trade bars.
    pub const LEAN: Self = Self {
        path: BarPath::Extremes,
        market: MarketOnBar::ThisClose,
        limit_touch: LimitTouch::Strict,
        limit_gap: LimitGap::AlwaysOpen,
        volume: BarVolume::Unlimited,
    };
    /// As nautilus's matching engine fills from bars.
    pub const NAUTILUS: Self = Self {
        path: BarPath::OpenHighLowClose,
        market: MarketOnBar::LastClose,
        limit_touch: LimitTouch::AtTouch,
        limit_gap: LimitGap::AlwaysLimit,
        volume: BarVolume::Split,
    };

    /// What of it is out of bounds.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        match self.volume {
            BarVolume::Participation(percent) if percent < Percent::ZERO || percent > Percent::whole(100) => {
                Some("a part of a bar's volume is from nothing to all of it")
            }
            BarVolume::Participation(_) | BarVolume::Unlimited | BarVolume::Split => None,
        }
    }
}
