//! Random costs under random markets, held to a naive model that reckons every order's fees anew from all of its fills.

use model::calendar::local_date;
use model::{
    Aggressor, Amendment, BeyondProtection, CalendarId, Command, Commission, CommissionMax, Event, EventBody,
    ExecutionProfile, Fill, Liquidity, Millionths, Money, NewOrder, OrderFees, OrderId, OrderKind, OrderTerms,
    Percent, Price, PriceProtection, ProtectionDistance, Qty, Quote, Rate, RateCard, Rates, RegulatoryFees, Side,
    Size, Slippage, SlippageModel, TickBody, Tier, TierMeasure, TimeInForce, Trade, TradeConditions,
};
use proptest::prelude::*;
use scenarios::{Setting, World};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Send(Side, OrderTerms, bool),
    Quote(Quote),
    Trade(Price, i64),
    Cancel(usize),
    Replace(usize, Amendment),
    Wait(i64),
    Restart,
}

fn rate() -> impl Strategy<Value = Rate> {
    prop_oneof![
        (-3_000..20_000).prop_map(|millionths| Rate::PerUnit(Millionths::new(millionths))),
        (-300..20_000).prop_map(|millionths| Rate::OfValue(Millionths::new(millionths))),
    ]
}

fn rates() -> impl Strategy<Value = Rates> {
    (rate(), rate()).prop_map(|(maker, taker)| Rates { maker, taker })
}

fn commission() -> impl Strategy<Value = Commission> {
    let max = prop_oneof![
        Just(CommissionMax::None),
        (1_i64..20).prop_map(|amount| CommissionMax::Amount(Money::whole(amount))),
        (1_i64..400_000_000).prop_map(|raw| CommissionMax::OfValue(Percent::from_raw(raw))),
    ];
    let tiers = proptest::collection::vec((1_u64..100, rates()), 0..4);
    let measure = prop_oneof![Just((TierMeasure::Qty, 1)), Just((TierMeasure::Value, 100))];
    let card = (rates(), tiers, measure, 0_i64..500_000_000, max);
    prop_oneof![
        1 => Just(Commission::None),
        2 => (0_i64..20).prop_map(|amount| Commission::PerOrder(Money::whole(amount))),
        6 => card.prop_map(|(rates, steps, (tier_by, unit), min, max)| {
            let (mut from, mut tiers) = (0, [None; 4]);
            for (place, (more, rates)) in tiers.iter_mut().zip(steps) {
                from += more * unit;
                *place = Some(Tier { from, rates });
            }
            Commission::ByRate(RateCard { rates, tier_by, tiers, min: Money::from_raw(min.into()), max })
        }),
    ]
}

fn slippage() -> impl Strategy<Value = Slippage> {
    let percent = |most: i64| (0..most * 100_000_000).prop_map(Percent::from_raw);
    let model = prop_oneof![
        2 => Just(SlippageModel::None),
        1 => (0_u32..200).prop_map(SlippageModel::FixedTicks),
        1 => percent(3).prop_map(SlippageModel::OfPrice),
        1 => percent(100).prop_map(SlippageModel::SpreadFraction),
        1 => (percent(100), percent(20)).prop_map(|(limit, impact)| SlippageModel::VolumeShare { limit, impact }),
        1 => percent(5).prop_map(|coefficient| SlippageModel::SquareRoot { coefficient }),
    ];
    (model, percent(100)).prop_map(|(model, random)| Slippage { model, random })
}

fn protection() -> impl Strategy<Value = PriceProtection> {
    let distance = prop_oneof![
        (0_u32..300).prop_map(ProtectionDistance::Ticks),
        (0_i64..300_000_000).prop_map(|raw| ProtectionDistance::Amount(Price::from_raw(raw))),
        (0_i64..300_000_000).prop_map(|raw| ProtectionDistance::Percent(Percent::from_raw(raw))),
    ];
    let beyond = prop_oneof![Just(BeyondProtection::Cancels), Just(BeyondProtection::Rests)];
    prop_oneof![
        Just(PriceProtection::None),
        (distance, beyond).prop_map(|(distance, beyond)| PriceProtection::Within { distance, beyond }),
    ]
}

fn profile() -> impl Strategy<Value = ExecutionProfile> {
    let regulatory = prop_oneof![Just(RegulatoryFees::None), Just(RegulatoryFees::UnitedStates)];
    (commission(), regulatory, slippage(), protection()).prop_map(
        |(commission, regulatory, slippage, protection)| ExecutionProfile {
            commission,
            regulatory,
            slippage,
            protection,
            ..ExecutionProfile::REALISTIC
        },
    )
}

/// Prices around 100 in steps of a half.
fn price() -> impl Strategy<Value = Price> {
    (194_i64..206).prop_map(|halves| Price::from_raw(halves * 50_000_000))
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        4 => Just(OrderKind::Market),
        4 => price().prop_map(|limit| OrderKind::Limit { limit }),
        2 => price().prop_map(|stop| OrderKind::Stop { stop }),
        2 => price().prop_map(|trigger| OrderKind::MarketIfTouched { trigger }),
    ];
    let size = prop_oneof![
        3 => (1_i64..60).prop_map(|qty| Size::Shares(Qty::whole(qty))),
        1 => (50_i64..6_000).prop_map(|amount| Size::Notional(Money::whole(amount))),
    ];
    let tif = prop_oneof![
        4 => Just(TimeInForce::GoodTilCanceled),
        1 => Just(TimeInForce::ImmediateOrCancel),
        1 => Just(TimeInForce::FillOrKill),
    ];
    let terms = (kind, size, tif)
        .prop_map(|(kind, size, time_in_force)| OrderTerms { time_in_force, ..OrderTerms::plain(kind, size) });
    let amendment = prop_oneof![
        (1_i64..80).prop_map(|qty| Amendment { qty: Some(Qty::whole(qty)), ..Amendment::default() }),
        price().prop_map(|limit| Amendment { limit: Some(limit), ..Amendment::default() }),
    ];
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    prop_oneof![
        6 => (side, terms, any::<bool>()).prop_map(|(side, terms, is_fine)| Step::Send(side, terms, is_fine)),
        8 => (price(), 0_i64..4, 1_i64..60, 1_i64..60).prop_map(|(bid, spread, bid_size, ask_size)| {
            let ask = bid + Price::from_raw(spread * 50_000_000);
            Step::Quote(Quote { bid, bid_size: Qty::whole(bid_size), ask, ask_size: Qty::whole(ask_size) })
        }),
        3 => (price(), 1_i64..60).prop_map(|(price, size)| Step::Trade(price, size)),
        1 => any::<usize>().prop_map(Step::Cancel),
        2 => (any::<usize>(), amendment).prop_map(|(pick, amendment)| Step::Replace(pick, amendment)),
        1 => (1_i64..3_000_000).prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

/// What is known of one order from its fills.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    fees: OrderFees,
    qty: Qty,
    value: Money,
    rests_at: Option<Price>,
}

/// Rounded down.
fn part(amount: i128, of: i128, whole: i128) -> i128 {
    (amount * of).div_euclid(whole)
}

fn accrues(rate: Rate, fill: &Fill) -> i128 {
    match rate {
        Rate::PerUnit(rate) => part(fill.qty.raw().into(), rate.get().into(), 1_000_000),
        Rate::OfValue(rate) => part(fill.value.raw(), rate.get().into(), 1_000_000),
    }
}

/// What an order owes in all once this fill is added to what is known of it.
fn owes(commission: &Commission, known: &Known, fill: &Fill, traded: (i128, i128)) -> (i128, i128) {
    let card = match commission {
        Commission::None => return (0, 0),
        Commission::PerOrder(flat) => return (0, flat.raw()),
        Commission::ByRate(card) => card,
    };
    let count = if card.tier_by == TierMeasure::Qty { traded.0 } else { traded.1 };
    let mut rates = card.rates;
    for tier in card.tiers.iter().flatten() {
        if count >= i128::from(tier.from) * 100_000_000 {
            rates = tier.rates;
        }
    }
    let rate = if fill.liquidity == Liquidity::Maker { rates.maker } else { rates.taker };
    let accrued = known.fees.accrued.raw() + accrues(rate, fill);
    let mut owed = if card.min.is_positive() { accrued.max(card.min.raw()) } else { accrued };
    owed = match card.max {
        CommissionMax::None => owed,
        CommissionMax::Amount(most) => owed.min(most.raw()),
        CommissionMax::OfValue(most) => {
            owed.min(part((known.value + fill.value).raw(), most.raw().into(), 10_000_000_000))
        }
    };
    (accrued, owed)
}

/// Every fill of portfolio B, against what it should have been charged.
fn check(events: &[Event], orders: &BTreeMap<OrderId, (Side, OrderTerms)>, profile: &ExecutionProfile) {
    let mut known: BTreeMap<OrderId, Known> = BTreeMap::new();
    let mut traded: BTreeMap<(i32, i32), (i128, i128)> = BTreeMap::new();
    for event in events {
        let fill = match &event.body {
            EventBody::Filled(fill) if orders.contains_key(&fill.order) => fill,
            EventBody::OrderCapped { order, cap, .. } => {
                known.entry(*order).or_default().rests_at = cap.rests.then_some(cap.price);
                continue;
            }
            _ => continue,
        };
        let date = local_date(CalendarId::Xnys, event.time);
        let month = traded.entry((date.year(), date.month())).or_default();
        let order = known.entry(fill.order).or_default();
        let (accrued, owed) = owes(&profile.commission, order, fill, *month);
        assert_eq!(order.fees.accrued.raw() + fill.accrued.raw(), accrued, "{fill:?}");
        let due = owed - order.fees.commission.raw();
        let charged = fill.fees().commission.raw();
        match fill.side {
            Side::Buy => assert_eq!(charged, due, "a purchase pays what it owes: {fill:?}"),
            Side::Sell => assert!(charged <= due, "a sale pays no more than it owes: {fill:?}"),
        }
        *month = (month.0 + i128::from(fill.qty.raw()), month.1 + fill.value.raw());
        order.fees = order.fees.with(fill.fees());
        (order.qty, order.value) = (order.qty + fill.qty, order.value + fill.value);
        check_order(&orders[&fill.order], (fill, order), profile);
    }
}

fn check_order((side, terms): &(Side, OrderTerms), (fill, known): (&Fill, &Known), profile: &ExecutionProfile) {
    if let Size::Notional(amount) = terms.size {
        let spent =
            known.value + if *side == Side::Buy { known.fees.commission.max(Money::ZERO) } else { Money::ZERO };
        assert!(spent <= amount, "an amount pays for shares and their fee: {fill:?}");
    }
    let is_limited = terms.kind.limit_price().or(known.rests_at).is_some();
    let is_plain = profile.protection == PriceProtection::None && profile.slippage.random.is_zero();
    if let (SlippageModel::FixedTicks(ticks), Liquidity::Taker, false, true) =
        (profile.slippage.model, fill.liquidity, is_limited, is_plain)
    {
        assert_eq!(fill.slippage, Price::from_raw(i64::from(ticks) * 1_000_000), "{fill:?}");
    }
    let cent = Price::from_raw(1_000_000);
    assert!(fill.price.is_multiple_of(cent), "prices stay on the step: {fill:?}");
}

fn run(steps: &[Step], profile: ExecutionProfile, cash: i64) {
    let mut world = World::begin(Setting::default());
    let mut orders: BTreeMap<OrderId, (Side, OrderTerms)> = BTreeMap::new();
    world.open_with("B", Money::whole(cash), profile);
    let since = world.events.len();
    for step in steps {
        let before = world.events.len();
        match step {
            Step::Send(side, terms, is_fine) => {
                let symbol = if *is_fine { "BTC/USD" } else { "AAPL" };
                let order = world.new_order("B", symbol, *side, None);
                world.submit(NewOrder { terms: *terms, ..order }, None);
            }
            Step::Quote(quote) => {
                world.tick("AAPL", TickBody::Quote(*quote));
                world.tick("BTC/USD", TickBody::Quote(*quote));
            }
            Step::Trade(price, size) => {
                let (price, size) = (*price, Qty::whole(*size));
                let conditions = TradeConditions::Regular;
                let trade = Trade { price, size, aggressor: Aggressor::Unknown, conditions };
                world.tick("AAPL", TickBody::Trade(trade));
                world.tick("BTC/USD", TickBody::Trade(trade));
            }
            Step::Cancel(pick) | Step::Replace(pick, _) => {
                let open = world.shard.image().orders;
                if !open.is_empty() {
                    let order = open[pick % open.len()].id;
                    world.command(match step {
                        Step::Replace(_, amendment) => Command::Replace { order, amendment: *amendment },
                        _ => Command::Cancel { order },
                    });
                }
            }
            Step::Wait(seconds) => {
                let later = world.now().plus_nanos(seconds * 1_000_000_000);
                world.pass_to(later);
            }
            Step::Restart => {
                world.restart();
            }
        }
        for event in &world.events[before..] {
            match &event.body {
                EventBody::OrderAccepted(order) => drop(orders.insert(order.order, (order.side, order.terms))),
                EventBody::OrderReplaced(order) => {
                    orders.get_mut(&order.order).expect("an order is replaced after it is taken").1 = order.terms;
                }
                _ => {}
            }
        }
        world.check();
    }
    check(&world.events[since..], &orders, &profile);
    world.command(Command::CancelAll { portfolio: world.portfolio("B"), symbol: None });
    world.check();
    assert!(world.shard.image().orders.is_empty(), "everything ends when its owner says so");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_charged_is_what_a_naive_model_reckons(
        steps in proptest::collection::vec(step(), 1..60),
        profile in profile(),
        cash in prop_oneof![Just(1_000), Just(20_000), Just(1_000_000)],
    ) {
        run(&steps, profile, cash);
    }
}
