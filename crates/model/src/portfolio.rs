//! The rules a portfolio trades under.

use crate::{BarPath, BarPolicies, Commission, Money, Percent, Price, PriceProtection, RegulatoryFees, Slippage};
use rkyv::{Archive, Deserialize, Serialize};

/// What an order may not break. `None` is no limit.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RiskLimits {
    /// Most instruments held or being bought at one time.
    pub open_positions_max: Option<u32>,
    /// Most of equity, at cost, that one instrument may take.
    pub position_percent_max: Option<Percent>,
    /// Most value, at cost, of all holdings and buy orders together.
    pub gross_exposure_max: Option<Money>,
    /// Most that one order may be worth.
    pub order_value_max: Option<Money>,
    /// Lowest price that may be traded at.
    pub price_min: Option<Price>,
}

/// Which venue's habits a portfolio's fills follow: one policy for each question on which venues differ.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutionProfile {
    /// When what hangs on an order begins to work.
    pub legs_begin: LegsBegin,
    /// What becomes of them when that order ends partly filled.
    pub partial_parent: PartialParent,
    /// What a fill of one alternative does to the others.
    pub sibling_fill: SiblingFill,
    /// What the expiry of one alternative does to the others.
    pub sibling_expiry: SiblingExpiry,
    /// What becomes of a stop that is sent with its price behind it.
    pub stop_in_market: StopInMarket,
    /// How its orders fill from bars.
    pub bars: BarPolicies,
    /// What the broker or venue charges.
    pub commission: Commission,
    /// What authorities charge.
    pub regulatory: RegulatoryFees,
    /// How much worse than shown it takes.
    pub slippage: Slippage,
    /// How far an order without a limit may go.
    pub protection: PriceProtection,
}

/// When orders that hang on another begin to work.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegsBegin {
    /// With each fill, for as much as was filled.
    Incremental,
    /// With the first fill, for all.
    FirstFill,
    /// Once that order is filled.
    Complete,
}

/// What becomes of orders that hang on one which ends partly filled.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartialParent {
    /// They work for what was filled.
    LegsWork,
    /// Those that do not work yet end with it.
    LegsEnd,
}

/// What a fill of one alternative does to the others.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SiblingFill {
    /// They are smaller by as much.
    Reduces,
    /// They end.
    Cancels,
}

/// What the expiry of one alternative does to the others.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SiblingExpiry {
    /// They end, too.
    Cancels,
    /// They go on.
    Keeps,
}

/// What becomes of a stop that is sent with its price behind it.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StopInMarket {
    /// It is refused.
    Refused,
    /// It is released at once.
    Released,
}

impl ExecutionProfile {
    /// Displayed size only, each size spent once, resting orders queue, no share without its protection;
    /// without fees and slippage, as those are every broker's own.
    pub const REALISTIC: Self = Self {
        legs_begin: LegsBegin::Incremental,
        partial_parent: PartialParent::LegsWork,
        sibling_fill: SiblingFill::Reduces,
        sibling_expiry: SiblingExpiry::Cancels,
        stop_in_market: StopInMarket::Refused,
        bars: BarPolicies::REALISTIC,
        commission: Commission::None,
        regulatory: RegulatoryFees::None,
        slippage: Slippage::NONE,
        protection: PriceProtection::None,
    };

    /// As LEAN's simulated brokerage fills: legs once an order is complete, one alternative for another, and its
    /// own rules for bars; without fees, as those are every brokerage's own.
    pub const LEAN: Self = Self {
        legs_begin: LegsBegin::Complete,
        partial_parent: PartialParent::LegsEnd,
        sibling_fill: SiblingFill::Cancels,
        stop_in_market: StopInMarket::Released,
        bars: BarPolicies::LEAN,
        ..Self::REALISTIC
    };

    /// This profile with the bars of every order on the path that is worse for its owner, and on the other one.
    /// The same orders under both tell between what the unknown path of prices leaves open.
    #[must_use]
    pub const fn band(self) -> [Self; 2] {
        let worst = BarPolicies { path: BarPath::Pessimistic, ..self.bars };
        let best = BarPolicies { path: BarPath::Optimistic, ..self.bars };
        [Self { bars: worst, ..self }, Self { bars: best, ..self }]
    }

    /// What of it is out of bounds.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let costs = self.commission.fault().or_else(|| self.slippage.fault()).or_else(|| self.protection.fault());
        costs.or_else(|| self.bars.fault())
    }

    /// The name as clients write it; what is no bundle of ours is "custom".
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::REALISTIC => "realistic",
            Self::LEAN => "lean",
            _ => "custom",
        }
    }
}

impl Default for ExecutionProfile {
    fn default() -> Self {
        Self::REALISTIC
    }
}
