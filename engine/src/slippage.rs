//! How much worse a fill that takes is than the price that was shown.
//!
//! Owns the models, the draws of their random part and the way back onto the price step. The same seed,
//! order and fill give the same draw whatever else happens. Looks only.

use model::{Instrument, OrderId, Percent, Price, Qty, Side, Slippage, SlippageModel};

/// Units of a percentage in all of it.
const ALL: u128 = Percent::whole(100).raw().unsigned_abs() as u128;
/// Units in which a share of a volume is counted.
const SHARE: u128 = 1_000_000_000;

/// What an order meets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encounter {
    /// The price that is shown.
    pub(crate) price: Price,
    /// How much it would trade there.
    pub(crate) qty: Qty,
    /// How much is there; nothing when unknown.
    pub(crate) volume: Qty,
    /// From bid to ask; nothing when unknown.
    pub(crate) spread: Price,
    /// The price step there.
    pub(crate) step: Price,
}

impl Encounter {
    /// How much worse than shown it trades, before the price step.
    pub(crate) fn slippage(&self, model: SlippageModel) -> Price {
        let Self { price, qty, volume, spread, step } = self;
        let (price, part) = (wide(price.raw()), |percent: Percent| wide(percent.raw()));
        narrow(match model {
            SlippageModel::None => 0,
            SlippageModel::FixedTicks(ticks) => wide(step.raw()) * u128::from(ticks),
            SlippageModel::OfPrice(percent) => (price * part(percent)).div_ceil(ALL),
            SlippageModel::SpreadFraction(percent) => (wide(spread.raw()) * part(percent)).div_ceil(ALL),
            SlippageModel::VolumeShare { limit, impact } => {
                let most = part(limit) * SHARE / ALL;
                let share = share_of(*qty, *volume).map_or(most, |share| share.min(most));
                ((price * part(impact)).div_ceil(ALL) * share * share).div_ceil(SHARE * SHARE)
            }
            SlippageModel::SquareRoot { coefficient } => {
                let share = share_of(*qty, *volume).map_or(SHARE, |share| share.min(SHARE));
                (price * part(coefficient) * (share * SHARE).isqrt()).div_ceil(ALL * SHARE)
            }
        })
    }
}

/// How much of a volume a quantity is, rounded up; `None` of an unknown one.
fn share_of(qty: Qty, volume: Qty) -> Option<u128> {
    volume.is_positive().then(|| (wide(qty.raw()) * SHARE).div_ceil(wide(volume.raw())))
}

fn wide(raw: i64) -> u128 {
    u128::from(raw.max(0).unsigned_abs())
}

fn narrow(raw: u128) -> Price {
    Price::from_raw(i64::try_from(raw).expect("slippage is bounded by prices and steps"))
}

/// Which draw: nothing else decides what comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    pub(crate) seed: u64,
    pub(crate) order: OrderId,
    /// What was filled of the order before: no two of its fills have the same.
    pub(crate) filled: Qty,
}

impl Draw {
    /// As likely as any other of all numbers.
    fn number(self) -> u64 {
        let parts = [self.order.get(), self.filled.raw().unsigned_abs()];
        parts.into_iter().fold(split_mix(self.seed), |hash, part| split_mix(hash ^ part))
    }
}

/// The output of SplitMix64 for a state: Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014.
const fn split_mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// From `1 - random` to `1 + random` of a slippage, as drawn; the same when nothing is random.
fn varied(slippage: Price, random: Percent, draw: Draw) -> Price {
    if random.is_zero() {
        return slippage;
    }
    let random = wide(random.raw());
    let drawn = (2 * random * u128::from(draw.number())) >> 64;
    narrow((wide(slippage.raw()) * (ALL - random + drawn)).div_ceil(ALL))
}

/// The worse price at which an order trades that would get `met.price`: on the price step against the order,
/// and never beyond the worst that it may trade at.
pub(crate) fn slipped(
    slippage: &Slippage,
    (side, worst): (Side, Option<Price>),
    (met, instrument): (&Encounter, &Instrument),
    draw: Draw,
) -> Price {
    let distance = varied(met.slippage(slippage.model), slippage.random, draw);
    if distance.is_zero() {
        return met.price;
    }
    let price = on_step_against(side, side.worse_by(met.price, distance), instrument);
    match worst {
        Some(worst) if !side.within(price, worst) => worst,
        Some(_) | None => price,
    }
}

/// The next price on the step that is as bad or worse, and above nothing.
fn on_step_against(side: Side, price: Price, instrument: &Instrument) -> Price {
    let step = instrument.increment_at(price).raw();
    let floor = price.raw().div_euclid(step) * step;
    match side {
        Side::Buy if floor < price.raw() => Price::from_raw(floor + step),
        Side::Buy => Price::from_raw(floor),
        Side::Sell => Price::from_raw(floor.max(step)),
    }
}

/// The price of this side on the step that is as good or better, for a cap that is not to be exceeded.
pub(crate) fn on_step_within(side: Side, price: Price, instrument: &Instrument) -> Price {
    let step = instrument.increment_at(price).raw();
    let floor = price.raw().div_euclid(step) * step;
    match side {
        Side::Buy => Price::from_raw(floor),
        Side::Sell if floor < price.raw() => Price::from_raw((floor + step).max(step)),
        Side::Sell => Price::from_raw(floor.max(step)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        AssetClass, CalendarId, Currency, InstrumentId, InstrumentStatus, OrderNumber, PortfolioId, Symbol,
    };

    const TEN_MILLIONTHS: i64 = 1_000;

    /// An order for so many meets so much volume at 100 with a spread of two cents; in hundred-thousandths.
    fn check(model: SlippageModel, (qty, volume): (i64, i64), expected: i64) {
        let met = Encounter {
            price: Price::whole(100),
            qty: Qty::whole(qty),
            volume: Qty::whole(volume),
            spread: Price::from_raw(2_000_000),
            step: Price::from_raw(1_000_000),
        };
        let expected = Price::from_raw(expected * TEN_MILLIONTHS);
        assert_eq!(met.slippage(model), expected, "{model:?} {qty} of {volume}");
    }

    #[test]
    fn a_share_of_the_volume_slips_as_the_vectors_say() {
        // Rows 145 and 146 of the table of execution rules.
        let lean = Slippage::VOLUME_SHARE.model;
        check(lean, (1_000, 100_000), 100);
        check(lean, (5_000, 100_000), 625);
        check(lean, (5_000, 0), 625);
        check(lean, (100_000, 100_000), 625);
    }

    #[test]
    fn each_model_slips_by_its_formula() {
        check(SlippageModel::None, (100, 100), 0);
        check(SlippageModel::FixedTicks(2), (100, 100), 2_000);
        // Five basis points of 100 are five cents; half of two cents is one.
        check(SlippageModel::OfPrice(Percent::from_raw(5_000_000)), (100, 100), 5_000);
        check(SlippageModel::SpreadFraction(Percent::whole(50)), (100, 100), 1_000);
        // One percent of 100 times the root of a quarter, of a ninth rounded up, of all, of what is unknown.
        let root = SlippageModel::SquareRoot { coefficient: Percent::whole(1) };
        check(root, (25, 100), 50_000);
        check(root, (100, 100), 100_000);
        check(root, (500, 100), 100_000);
        check(root, (1, 0), 100_000);
    }

    fn instrument() -> Instrument {
        Instrument {
            id: InstrumentId::new(1),
            symbol: Symbol::parse("AAPL").expect("a symbol"),
            name: "Apple".into(),
            exchange: "NASDAQ".into(),
            asset_class: AssetClass::Equity,
            currency: Currency::Usd,
            tick_size: Price::from_raw(1_000_000),
            tick_size_below_one: Price::from_raw(10_000),
            lot_size: Qty::whole(1),
            calendar: CalendarId::Xnys,
            tradable: true,
            shortable: false,
            status: InstrumentStatus::Active,
        }
    }

    fn draw(order: u32) -> Draw {
        let order = OrderId::of(PortfolioId::new(1), OrderNumber::new(order));
        Draw { seed: 7, order, filled: Qty::ZERO }
    }

    /// In hundredths of a cent.
    fn check_price(side: Side, price: i64, (distance, worst): (i64, Option<i64>), expected: i64) {
        let at = |units: i64| Price::from_raw(units * 10_000);
        let instrument = instrument();
        let (price, qty) = (at(price), Qty::whole(1));
        let step = instrument.increment_at(price);
        let met = Encounter { price, qty, volume: qty, spread: at(distance), step };
        let slippage = Slippage::of(SlippageModel::SpreadFraction(Percent::whole(100)));
        let actual = slipped(&slippage, (side, worst.map(at)), (&met, &instrument), draw(1));
        assert_eq!(actual, at(expected), "{side:?} {price} {distance}");
    }

    #[test]
    fn a_slipped_price_is_on_the_step_against_the_order_and_within_its_limit() {
        check_price(Side::Buy, 100_000, (1, None), 100_100);
        check_price(Side::Buy, 100_000, (100, None), 100_100);
        check_price(Side::Buy, 100_000, (101, None), 100_200);
        check_price(Side::Sell, 100_000, (1, None), 99_900);
        check_price(Side::Buy, 100_000, (500, Some(100_300)), 100_300);
        check_price(Side::Sell, 100_000, (500, Some(99_800)), 99_800);
        // Below a dollar the step is a hundredth of a cent; crossing it, a cent again.
        check_price(Side::Buy, 5_000, (1, None), 5_001);
        check_price(Side::Buy, 9_999, (2, None), 10_100);
        check_price(Side::Sell, 10_000, (2, None), 9_998);
        // No price falls to nothing.
        check_price(Side::Sell, 3, (5, None), 1);
        // A price off the step stays as it is when nothing slips.
        check_price(Side::Buy, 100_050, (0, None), 100_050);
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // The first outputs of SplitMix64 for the seed 1234567, as on Rosetta Code.
        assert_eq!(split_mix(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(split_mix(1_234_567_u64.wrapping_add(0x9E37_79B9_7F4A_7C15)), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_random_part_is_around_the_model_and_hangs_on_seed_order_and_fill_alone() {
        let (slippage, half) = (Price::whole(1), Percent::whole(50));
        let drawn: alloc::vec::Vec<Price> = (0..1_000).map(|order| varied(slippage, half, draw(order))).collect();
        let (low, high) = (Price::from_raw(50_000_000), Price::from_raw(150_000_000));
        assert!(drawn.iter().all(|price| low <= *price && *price <= high));
        let mean = drawn.iter().map(|price| price.raw()).sum::<i64>() / 1_000;
        // A thousand draws over a width of one: the mean's standard error is 0.009.
        assert!((mean - 100_000_000).abs() < 4_000_000, "{mean}");
        assert_eq!(varied(slippage, half, draw(1)), drawn[1]);
        let others = [Draw { seed: 8, ..draw(1) }, Draw { filled: Qty::whole(1), ..draw(1) }, draw(2)];
        assert!(others.iter().all(|other| varied(slippage, half, *other) != drawn[1]));
        assert_eq!(varied(slippage, Percent::ZERO, draw(1)), slippage);
    }
}
