//! What trading costs: commissions, regulatory fees, slippage, and how far an order without a limit may go.
//!
//! Owns the vocabulary and its bounds; what it comes to for a fill is reckoned in the engine, and how is
//! told in `docs/COSTS.md`. Archived: these types are part of a portfolio's profile.

use crate::{Money, Percent, Price, Qty, limits};
use rkyv::{Archive, Deserialize, Serialize};

/// What a broker or venue charges for trading.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Commission {
    /// Nothing.
    #[default]
    None,
    /// So much for every order that trades, with its first fill.
    PerOrder(Money),
    /// By the rate of each fill, within bounds over all fills of an order.
    ByRate(RateCard),
}

/// Rates, and the bounds of what they come to.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RateCard {
    /// The rates of a month's first trades.
    pub rates: Rates,
    /// What the steps count.
    pub tier_by: TierMeasure,
    /// The rates of later ones: rising, from the first place on.
    pub tiers: [Option<Tier>; limits::COMMISSION_TIERS_MAX],
    /// Least that an order pays that trades; nothing for no least.
    pub min: Money,
    /// Most that an order pays. Where it is below the least, it rules.
    pub max: CommissionMax,
}

/// What a fill pays by which side of the trade it was on.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rates {
    /// Of a fill that rested and was met.
    pub maker: Rate,
    /// Of a fill that met what rested.
    pub taker: Rate,
}

/// A rate; below nothing it is a rebate.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rate {
    /// So much of a dollar for each unit.
    PerUnit(Millionths),
    /// So much of the value; a basis point is a hundred of them.
    OfValue(Millionths),
}

/// A number of millionths, of what the place says where it stands.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millionths(i32);

impl Millionths {
    /// All of it.
    pub const ONE: Self = Self(1_000_000);

    /// From their number.
    #[must_use]
    pub const fn new(millionths: i32) -> Self {
        Self(millionths)
    }

    /// Their number.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

/// Most that an order pays in commission.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommissionMax {
    /// Whatever it comes to.
    #[default]
    None,
    /// So much money.
    Amount(Money),
    /// So much of what it traded.
    OfValue(Percent),
}

/// The rates from so much traded on.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tier {
    /// What the portfolio traded in the month before the fill, in whole units or whole dollars.
    pub from: u64,
    /// The rates.
    pub rates: Rates,
}

/// What the steps of a rate card count: the portfolio's trades since New York's month began.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TierMeasure {
    /// Units.
    #[default]
    Qty,
    /// Dollars.
    Value,
}

/// What a portfolio traded in a month of New York.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MonthTraded {
    /// Which month, counted from the year 0.
    pub month: u32,
    /// Units of all instruments.
    pub qty: Qty,
    /// Their value.
    pub value: Money,
}

/// What the fills of an order came to in commission so far.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderFees {
    /// By the rates, before least and most.
    pub accrued: Money,
    /// What was charged.
    pub commission: Money,
}

/// The fees of authorities, by our tables with their dates.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegulatoryFees {
    /// None.
    #[default]
    None,
    /// On sales of shares and funds: the SEC's by Section 31 and FINRA's trading activity fee.
    UnitedStates,
}

/// How much worse a fill that takes is than the price that was shown. One that rested never slips.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slippage {
    /// By what it is reckoned.
    pub model: SlippageModel,
    /// By how much of itself it may be more or less, drawn evenly; nothing for always the same.
    pub random: Percent,
}

/// By what slippage is reckoned.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlippageModel {
    /// There is none.
    #[default]
    None,
    /// So many price steps.
    FixedTicks(u32),
    /// So much of the price: 0.01 % is a basis point.
    OfPrice(Percent),
    /// `min(q / V, limit)^2 * impact * price`, where `q` is what the order would trade of `V`. LEAN's.
    VolumeShare {
        /// The largest share of the volume that counts, and the one of an unknown volume.
        limit: Percent,
        /// What the square of the share is multiplied by.
        impact: Percent,
    },
    /// So much of the distance between bid and ask.
    SpreadFraction(Percent),
    /// `coefficient * price * sqrt(min(q / V, 1))`; of an unknown volume as if all of it were traded.
    SquareRoot {
        /// How much of the price it moves by when all of the volume is traded.
        coefficient: Percent,
    },
}

/// How far from the best price an order without a limit may trade.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceProtection {
    /// As far as it goes.
    #[default]
    None,
    /// So far from the best price of the other side as it was when the order came to trade.
    Within {
        /// How far.
        distance: ProtectionDistance,
        /// What becomes of what is left when the market is beyond.
        beyond: BeyondProtection,
    },
}

/// A distance from the best price.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProtectionDistance {
    /// In price steps.
    Ticks(u32),
    /// In money.
    Amount(Price),
    /// As a part of that price.
    Percent(Percent),
}

/// What becomes of an order that the market has left behind its cap.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BeyondProtection {
    /// It ends.
    Cancels,
    /// It rests at the cap, as a limit order would.
    Rests,
}

/// How far an order without a limit may go.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceCap {
    /// The worst price it may trade at.
    pub price: Price,
    /// Whether it rests there like a limit order.
    pub rests: bool,
}

impl OrderFees {
    /// With what a fill adds.
    #[must_use]
    pub fn with(self, added: Self) -> Self {
        Self { accrued: self.accrued + added.accrued, commission: self.commission + added.commission }
    }
}

impl Commission {
    /// A rate on the value of every fill, within bounds.
    #[must_use]
    pub const fn by_rate(rate: Rate, min: Money, max: CommissionMax) -> Self {
        let rates = Rates { maker: rate, taker: rate };
        Self::ByRate(RateCard { rates, tier_by: TierMeasure::Qty, tiers: [None; _], min, max })
    }

    /// A rate for each side of the trade, without bounds.
    #[must_use]
    pub const fn maker_taker(maker: Rate, taker: Rate) -> Self {
        let rates = Rates { maker, taker };
        let (min, max) = (Money::ZERO, CommissionMax::None);
        Self::ByRate(RateCard { rates, tier_by: TierMeasure::Qty, tiers: [None; _], min, max })
    }

    /// What of it is out of bounds.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let is_amount = |amount: Money| !amount.is_negative() && amount <= limits::MONEY_MAX;
        let card = match self {
            Self::None => return None,
            Self::PerOrder(flat) => {
                return (!is_amount(*flat)).then_some("a commission for an order is an amount above nothing");
            }
            Self::ByRate(card) => card,
        };
        let rates = core::iter::once(card.rates).chain(card.tiers().map(|tier| tier.rates));
        let max_is_right = match card.max {
            CommissionMax::None => true,
            CommissionMax::Amount(amount) => is_amount(amount),
            CommissionMax::OfValue(percent) => is_share(percent),
        };
        let faults = [
            (!rates.flat_map(Rates::both).all(Rate::is_bounded), "a commission's rate is out of bounds"),
            (!is_amount(card.min) || !max_is_right, "a commission's least or most is out of bounds"),
            (!card.steps_rise(), "the steps of a commission do not rise"),
        ];
        faults.into_iter().find_map(|(is_fault, what)| is_fault.then_some(what))
    }
}

impl RateCard {
    /// The steps behind the first rates.
    pub fn tiers(&self) -> impl Iterator<Item = &Tier> {
        self.tiers.iter().map_while(Option::as_ref)
    }

    /// The rates of a fill after so much was traded in the month.
    #[must_use]
    pub fn rates_after(&self, traded: &MonthTraded) -> Rates {
        let count = match self.tier_by {
            TierMeasure::Qty => i128::from(traded.qty.raw()),
            TierMeasure::Value => traded.value.raw(),
        };
        let reached = |tier: &&Tier| count >= i128::from(tier.from) * i128::from(crate::SCALE);
        self.tiers().take_while(reached).last().map_or(self.rates, |tier| tier.rates)
    }

    /// Whether there are steps, so that months have to be counted.
    #[must_use]
    pub const fn has_tiers(&self) -> bool {
        self.tiers[0].is_some()
    }

    fn steps_rise(&self) -> bool {
        let rise = self.tiers().zip(self.tiers().skip(1)).all(|(one, next)| one.from < next.from);
        rise && self.tiers().count() == self.tiers.iter().flatten().count()
    }
}

impl Rates {
    fn both(self) -> [Rate; 2] {
        [self.maker, self.taker]
    }
}

impl Rate {
    /// What a quantity of this value pays or is given, rounded down at 1e-8.
    #[must_use]
    pub fn floor(self, qty: Qty, value: Money) -> Money {
        let (amount, millionths) = match self {
            Self::PerUnit(millionths) => (i128::from(qty.raw()), millionths),
            Self::OfValue(millionths) => (value.raw(), millionths),
        };
        Money::from_raw((amount * i128::from(millionths.0)).div_euclid(i128::from(Millionths::ONE.0)))
    }

    /// The same rounded up, and nothing for a rebate.
    #[must_use]
    pub fn at_most(self, qty: Qty, value: Money) -> Money {
        let negated = match self {
            Self::PerUnit(Millionths(rate)) => Self::PerUnit(Millionths(-rate.max(0))),
            Self::OfValue(Millionths(rate)) => Self::OfValue(Millionths(-rate.max(0))),
        };
        -negated.floor(qty, value)
    }

    fn is_bounded(self) -> bool {
        match self {
            Self::PerUnit(Millionths(rate)) => rate.unsigned_abs() <= limits::RATE_PER_UNIT_MAX.0.unsigned_abs(),
            Self::OfValue(Millionths(rate)) => rate.unsigned_abs() <= Millionths::ONE.0.unsigned_abs(),
        }
    }
}

/// From nothing to all of it.
fn is_share(percent: Percent) -> bool {
    Percent::ZERO <= percent && percent <= Percent::whole(100)
}

impl Slippage {
    /// None at all.
    pub const NONE: Self = Self::of(SlippageModel::None);
    /// LEAN's volume share with its own limit of 2.5 % and impact of 0.1.
    pub const VOLUME_SHARE: Self =
        Self::of(SlippageModel::VolumeShare { limit: Percent::from_raw(250_000_000), impact: Percent::whole(10) });

    /// By a model, always the same.
    #[must_use]
    pub const fn of(model: SlippageModel) -> Self {
        Self { model, random: Percent::ZERO }
    }

    /// What of it is out of bounds.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let is_bounded = match self.model {
            SlippageModel::None => true,
            SlippageModel::FixedTicks(ticks) => ticks <= limits::PRICE_STEPS_MAX,
            SlippageModel::OfPrice(percent) | SlippageModel::SpreadFraction(percent) => is_share(percent),
            SlippageModel::VolumeShare { limit, impact } => is_share(limit) && is_share(impact),
            SlippageModel::SquareRoot { coefficient } => is_share(coefficient),
        };
        (!is_bounded || !is_share(self.random)).then_some("slippage is out of bounds")
    }
}

impl Default for Slippage {
    fn default() -> Self {
        Self::NONE
    }
}

impl PriceProtection {
    /// What of it is out of bounds.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let is_bounded = match self {
            Self::None => true,
            Self::Within { distance: ProtectionDistance::Ticks(ticks), .. } => *ticks <= limits::PRICE_STEPS_MAX,
            Self::Within { distance: ProtectionDistance::Amount(amount), .. } => {
                Price::ZERO <= *amount && *amount <= limits::PRICE_MAX
            }
            Self::Within { distance: ProtectionDistance::Percent(percent), .. } => is_share(*percent),
        };
        (!is_bounded).then_some("the distance of price protection is out of bounds")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENT: Rate = Rate::PerUnit(Millionths(10_000));

    fn card(steps: &[(u64, i32)]) -> RateCard {
        let mut tiers = [None; limits::COMMISSION_TIERS_MAX];
        for (place, (from, millionths)) in tiers.iter_mut().zip(steps) {
            let rate = Rate::PerUnit(Millionths(*millionths));
            *place = Some(Tier { from: *from, rates: Rates { maker: rate, taker: rate } });
        }
        let rates = Rates { maker: CENT, taker: CENT };
        RateCard { rates, tier_by: TierMeasure::Qty, tiers, min: Money::ZERO, max: CommissionMax::None }
    }

    fn check_step(traded: i64, expected: i32) {
        let traded = MonthTraded { month: 1, qty: Qty::whole(traded), value: Money::ZERO };
        let rates = card(&[(300, 5_000), (3_000, 2_000)]).rates_after(&traded);
        assert_eq!(rates.taker, Rate::PerUnit(Millionths(expected)), "{traded:?}");
    }

    #[test]
    fn a_step_is_reached_by_what_was_traded_before() {
        check_step(0, 10_000);
        check_step(299, 10_000);
        check_step(300, 5_000);
        check_step(2_999, 5_000);
        check_step(3_000, 2_000);
    }

    fn check_rate(rate: Rate, (qty, value): (Qty, Money), (floor, at_most): (i128, i128)) {
        assert_eq!(rate.floor(qty, value), Money::from_raw(floor), "{rate:?}");
        assert_eq!(rate.at_most(qty, value), Money::from_raw(at_most), "{rate:?}");
    }

    #[test]
    fn rates_round_down_as_they_accrue_and_up_as_they_are_reserved() {
        // 100 units at half a cent; 1,000 dollars at ten basis points.
        let trade = (Qty::whole(100), Money::whole(1_000));
        check_rate(Rate::PerUnit(Millionths(5_000)), trade, (50_000_000, 50_000_000));
        check_rate(Rate::OfValue(Millionths(1_000)), trade, (100_000_000, 100_000_000));
        check_rate(Rate::OfValue(Millionths(-200)), trade, (-20_000_000, 0));
        // A hundred-millionth of a unit, and of a dollar.
        let least = (Qty::from_raw(1), Money::from_raw(1));
        check_rate(Rate::PerUnit(Millionths(5_000)), least, (0, 1));
        check_rate(Rate::OfValue(Millionths(-200)), least, (-1, 0));
    }

    fn check_fault(commission: Commission, is_right: bool) {
        assert_eq!(commission.fault().is_none(), is_right, "{commission:?}");
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        check_fault(Commission::PerOrder(Money::whole(5)), true);
        check_fault(Commission::PerOrder(Money::whole(-5)), false);
        check_fault(Commission::ByRate(card(&[(300, 1), (3_000, -1)])), true);
        check_fault(Commission::ByRate(card(&[(300, 1), (300, 2)])), false);
        let mut gap = card(&[(300, 1), (3_000, 2)]);
        gap.tiers[0] = None;
        check_fault(Commission::ByRate(gap), false);
        let all = Rate::OfValue(Millionths(1_000_001));
        check_fault(Commission::by_rate(all, Money::ZERO, CommissionMax::None), false);
        check_fault(Commission::by_rate(CENT, Money::whole(-1), CommissionMax::None), false);
        let ticks = |ticks| Slippage::of(SlippageModel::FixedTicks(ticks)).fault();
        assert_eq!((ticks(10_000), ticks(10_001).is_some()), (None, true));
        assert!(Slippage { random: Percent::whole(101), ..Slippage::VOLUME_SHARE }.fault().is_some());
    }
}
