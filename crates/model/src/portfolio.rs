//! The rules a portfolio trades under.

use crate::{Money, Percent, Price};
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

/// Which venue's habits a portfolio's fills follow.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExecutionProfile {
    /// Displayed size only, each size spent once, resting orders queue: the default.
    #[default]
    Realistic,
}

impl ExecutionProfile {
    /// The name as clients write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Realistic => "realistic",
        }
    }
}
