//! What an order pays its broker: how much a fill adds, and how much is still to come.
//!
//! Least and most are bounds over all fills of an order, so that what a fill is charged depends on what the
//! earlier ones were. Rates accrue rounded down at 1e-8 and are reckoned ahead rounded up, so that
//! what was held back for an order is enough, into however many fills it falls. Looks only.

use crate::portfolio::Portfolio;
use crate::terms::Terms;
use model::calendar::local_date;
use model::{
    CalendarId, Commission, CommissionMax, Fill, Liquidity, Money, MonthTraded, OrderFees, Price, Qty, RateCard,
    Rates, Time,
};

/// So much, at what it is worth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lot {
    pub(crate) qty: Qty,
    pub(crate) value: Money,
}

/// What an order's commission is reckoned from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charging<'a> {
    commission: &'a Commission,
    /// What its portfolio traded in this month.
    traded: MonthTraded,
    /// What it came to so far.
    fees: OrderFees,
    /// What is filled was worth so much.
    filled_value: Money,
}

impl<'a> Charging<'a> {
    /// Of an order as its terms tell, at this time.
    pub(crate) fn of(portfolio: &'a Portfolio, terms: &Terms, now: Time) -> Self {
        Self::new(portfolio, (terms.fees, terms.filled_value), now)
    }

    /// Of an order that came to so much in fees and in value.
    pub(crate) fn new(portfolio: &'a Portfolio, (fees, filled_value): (OrderFees, Money), now: Time) -> Self {
        let commission = &portfolio.profile.commission;
        Self { commission, traded: traded_in_month(portfolio, now), fees, filled_value }
    }

    /// What a fill adds to what the order came to.
    pub(crate) fn charge(&self, lot: Lot, liquidity: Liquidity) -> OrderFees {
        let accrued = match self.commission {
            Commission::None => return OrderFees::default(),
            Commission::PerOrder(_) => Money::ZERO,
            Commission::ByRate(card) => {
                let Rates { maker, taker } = card.rates_after(&self.traded);
                match liquidity {
                    Liquidity::Maker => maker.floor(lot.qty, lot.value),
                    Liquidity::Taker => taker.floor(lot.qty, lot.value),
                }
            }
        };
        let due = self.due(self.fees.accrued + accrued, self.filled_value + lot.value);
        OrderFees { accrued, commission: due - self.fees.commission }
    }

    /// Most that so much more could be charged, if it trades in this month.
    pub(crate) fn ahead(&self, lot: Lot) -> Money {
        let accrues = match self.commission {
            Commission::None => return Money::ZERO,
            Commission::PerOrder(_) => Money::ZERO,
            Commission::ByRate(card) => {
                let Rates { maker, taker } = card.rates_after(&self.traded);
                maker.at_most(lot.qty, lot.value).max(taker.at_most(lot.qty, lot.value))
            }
        };
        if lot.qty.is_zero() {
            return Money::ZERO;
        }
        let due = self.due(self.fees.accrued + accrues, self.filled_value + lot.value);
        (due - self.fees.commission).max(Money::ZERO)
    }

    /// What an order's fills cost in all that accrued so much and were worth so much.
    fn due(&self, accrued: Money, value: Money) -> Money {
        match self.commission {
            Commission::None => Money::ZERO,
            Commission::PerOrder(flat) => *flat,
            Commission::ByRate(card) => bounded(card, accrued, value),
        }
    }

    /// The most whole lots that an amount pays for together with the most that they could be charged.
    pub(crate) fn affordable(&self, amount: Money, price: Price, step: Qty) -> Qty {
        self.most_lots((amount, price, step), |lot| self.ahead(lot))
    }

    /// The same, together with what they are charged on one side of the trade.
    pub(crate) fn affordable_as(&self, liquidity: Liquidity, amount: Money, price: Price, step: Qty) -> Qty {
        self.most_lots((amount, price, step), |lot| self.charge(lot, liquidity).commission.max(Money::ZERO))
    }

    /// What is charged only grows with the quantity, so that the border is found by halving.
    fn most_lots(&self, (amount, price, step): (Money, Price, Qty), fee: impl Fn(Lot) -> Money) -> Qty {
        let most = Qty::affordable_floor(amount, price, step);
        let is_paid = |qty: Qty| {
            let lot = Lot { qty, value: price * qty };
            lot.value + fee(lot) <= amount
        };
        if *self.commission == Commission::None || most.is_zero() || is_paid(most) {
            return most;
        }
        let (mut paid, mut unpaid) = (0, most.raw() / step.raw());
        while unpaid - paid > 1 {
            let middle = i64::midpoint(paid, unpaid);
            if is_paid(Qty::from_raw(middle * step.raw())) {
                paid = middle;
            } else {
                unpaid = middle;
            }
        }
        Qty::from_raw(paid * step.raw())
    }
}

/// What accrued, within least and most.
fn bounded(card: &RateCard, accrued: Money, value: Money) -> Money {
    let due = if card.min.is_positive() { accrued.max(card.min) } else { accrued };
    match card.max {
        CommissionMax::None => due,
        CommissionMax::Amount(most) => due.min(most),
        CommissionMax::OfValue(percent) => due.min(value.percent_floor(percent)),
    }
}

/// The month of New York that holds an instant, counted from the year 0.
fn month_of(time: Time) -> u32 {
    let date = local_date(CalendarId::Xnys, time);
    u32::try_from(date.year() * 12 + date.month() - 1).expect("years are after the year 0")
}

/// Months are counted while the rates have steps, and cost nothing otherwise.
fn counts_months(commission: &Commission) -> bool {
    match commission {
        Commission::None | Commission::PerOrder(_) => false,
        Commission::ByRate(card) => card.has_tiers(),
    }
}

fn traded_in_month(portfolio: &Portfolio, now: Time) -> MonthTraded {
    if !counts_months(&portfolio.profile.commission) {
        return MonthTraded::default();
    }
    let month = month_of(now);
    let none = MonthTraded { month, ..MonthTraded::default() };
    if portfolio.month_traded.month == month { portfolio.month_traded } else { none }
}

impl Portfolio {
    /// Counts a fill to what was traded in its month.
    pub(crate) fn count_traded(&mut self, fill: &Fill, time: Time) {
        if counts_months(&self.profile.commission) {
            let before = traded_in_month(self, time);
            self.month_traded = MonthTraded {
                month: before.month,
                qty: Qty::from_raw(before.qty.raw().saturating_add(fill.qty.raw())),
                value: before.value + fill.value,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Currency, ExecutionProfile, Millionths, Percent, Rate, RiskLimits, Tier, TierMeasure};

    /// Half a cent a share, at least a dollar, at most one percent: Interactive Brokers' fixed prices.
    fn fixed() -> Commission {
        let rate = Rate::PerUnit(Millionths::new(5_000));
        Commission::by_rate(rate, Money::whole(1), CommissionMax::OfValue(Percent::whole(1)))
    }

    fn portfolio(commission: Commission) -> Portfolio {
        let profile = ExecutionProfile { commission, ..ExecutionProfile::REALISTIC };
        Portfolio::opened(Currency::Usd, Money::whole(1_000_000), RiskLimits::default(), profile)
    }

    /// Fills of so many at so many cents, and what each is charged in hundred-thousandths of a dollar.
    fn check(commission: Commission, fills: &[(i64, i64, Liquidity, i128)]) {
        let portfolio = portfolio(commission);
        let (mut fees, mut filled_value) = (OrderFees::default(), Money::ZERO);
        for (qty, cents, liquidity, expected) in fills {
            let (price, qty) = (Price::from_raw(cents * 1_000_000), Qty::whole(*qty));
            let lot = Lot { qty, value: price * qty };
            let charging = Charging::new(&portfolio, (fees, filled_value), Time::EARLIEST);
            let added = charging.charge(lot, *liquidity);
            assert_eq!(added.commission, Money::from_raw(expected * 1_000), "{commission:?} {fills:?}");
            assert!(charging.ahead(lot) >= added.commission, "what is reckoned ahead is enough");
            fees.accrued += added.accrued;
            fees.commission += added.commission;
            filled_value += lot.value;
        }
    }

    #[test]
    fn the_published_examples_of_a_broker_hold() {
        use Liquidity::Taker;
        // Its own examples: 100 shares at 25 cost 1.00, 1,000 at 25 cost 5.00, 1,000 at 0.25 cost 2.50.
        check(fixed(), &[(100, 2_500, Taker, 100_000)]);
        check(fixed(), &[(1_000, 2_500, Taker, 500_000)]);
        check(fixed(), &[(1_000, 25, Taker, 250_000)]);
    }

    #[test]
    fn least_and_most_are_charged_once_for_all_fills_of_an_order() {
        use Liquidity::{Maker, Taker};
        // 1.00 stands for the first 200 shares.
        check(fixed(), &[(50, 2_500, Taker, 100_000), (150, 2_500, Maker, 0), (20, 2_500, Taker, 10_000)]);
        // One percent of 20 cents, of 40 cents, and of what came then, each time the difference.
        check(fixed(), &[(1, 20, Taker, 200), (1, 20, Taker, 200), (1_000, 2_500, Taker, 500_600)]);
        check(Commission::PerOrder(Money::whole(5)), &[(1, 100, Taker, 500_000), (9, 100, Maker, 0)]);
        check(Commission::None, &[(1, 100, Taker, 0)]);
        let of_value = Rate::OfValue(Millionths::new(1_000));
        let most = CommissionMax::Amount(Money::whole(3));
        let bounded = Commission::by_rate(of_value, Money::whole(2), most);
        check(bounded, &[(10, 10_000, Taker, 200_000), (15, 10_000, Taker, 50_000), (90, 10_000, Maker, 50_000)]);
    }

    #[test]
    fn each_part_of_an_order_pays_its_side_of_the_trade() {
        use Liquidity::{Maker, Taker};
        let basis_points = |number: i32| Rate::OfValue(Millionths::new(number * 100));
        let venue = Commission::maker_taker(basis_points(-2), basis_points(10));
        // 3,000 taken at 10 bps, 2,000 made at 2 bps back.
        check(venue, &[(300, 1_000, Taker, 300_000), (200, 1_000, Maker, -40_000)]);
    }

    fn check_affordable(commission: Commission, amount: i64, expected: i64) {
        let portfolio = portfolio(commission);
        let charging = Charging::new(&portfolio, (OrderFees::default(), Money::ZERO), Time::EARLIEST);
        let (amount, price, step) = (Money::whole(amount), Price::whole(10), Qty::whole(1));
        assert_eq!(charging.affordable(amount, price, step), Qty::whole(expected), "{commission:?}");
        assert_eq!(charging.affordable_as(Liquidity::Taker, amount, price, step), Qty::whole(expected));
    }

    #[test]
    fn an_amount_pays_for_shares_and_what_they_are_charged() {
        check_affordable(Commission::None, 1_000, 100);
        check_affordable(Commission::PerOrder(Money::whole(5)), 1_000, 99);
        check_affordable(Commission::PerOrder(Money::whole(5)), 5, 0);
        check_affordable(Commission::PerOrder(Money::whole(5)), 15, 1);
        // At 1 % of each, 9,900 of 10,000 buy 990: 9,900 and 99 are 9,999.
        let percent =
            Commission::by_rate(Rate::OfValue(Millionths::new(10_000)), Money::ZERO, CommissionMax::None);
        check_affordable(percent, 10_000, 990);
    }

    #[test]
    fn a_month_of_new_york_begins_at_its_midnight() {
        let at = |seconds| month_of(Time::from_seconds(seconds));
        // 2026-03-01 begins at 05:00 UTC.
        assert_eq!(at(1_772_341_199), 2026 * 12 + 1);
        assert_eq!(at(1_772_341_200), 2026 * 12 + 2);
    }

    #[test]
    fn months_are_counted_apart_and_only_where_steps_are() {
        let Commission::ByRate(card) = fixed() else { panic!("a rate") };
        let rates = Rates { maker: Rate::PerUnit(Millionths::new(1)), taker: Rate::PerUnit(Millionths::new(2)) };
        let tiers = [Some(Tier { from: 100, rates }), None, None, None];
        let stepped = Commission::ByRate(RateCard { tiers, tier_by: TierMeasure::Qty, ..card });
        assert!(counts_months(&stepped) && !counts_months(&fixed()));
        let mut portfolio = portfolio(stepped);
        let (february, march) = (Time::from_seconds(1_772_341_199), Time::from_seconds(1_772_341_200));
        portfolio.month_traded =
            MonthTraded { month: month_of(february), qty: Qty::whole(100), value: Money::ZERO };
        assert_eq!(traded_in_month(&portfolio, february).qty, Qty::whole(100));
        assert_eq!(traded_in_month(&portfolio, march).qty, Qty::ZERO);
    }
}
