//! Every rule is right with the sides swapped: a random market and its mirror image lead to the same facts,
//! mirrored. Every type, duration and instruction takes part that has a mirror image.
//!
//! Prices are mirrored at 100. Percentages and amounts of money have no mirror image, and who may not sell
//! short cannot reduce by buying; those are left to the other proofs.

use engine::CalendarPolicy;
use model::{
    Aggressor, Amendment, Command, Event, EventBody, Fill, Instructions, InstrumentStatus, Money, OrderId,
    OrderKind, OrderTerms, Price, Qty, Quote, Side, Size, TickBody, Time, TimeInForce, Trade, TradeConditions,
    TradingHours, Trail, TriggerSource,
};
use proptest::prelude::*;
use proptest::sample::select;
use scenarios::{Setting, World};

/// Twice the price at which the mirror stands.
const MIRROR: Price = Price::whole(200);
const HALF_UNIT: i64 = 50_000_000;

#[derive(Clone, Debug)]
enum Step {
    Quote(Quote),
    Trade(Trade),
    Submit { side: Side, terms: OrderTerms },
    Cancel { pick: usize },
    Replace { pick: usize, amendment: Amendment },
    Pass { seconds: i64 },
    Flush,
    FeedLost,
    Halt(bool),
    Restart,
}

fn price() -> impl Strategy<Value = Price> {
    (190_i64..=210).prop_map(|halves| Price::from_raw(halves * HALF_UNIT))
}

fn distance() -> impl Strategy<Value = Price> {
    (1_i64..12).prop_map(|halves| Price::from_raw(halves * HALF_UNIT))
}

fn qty(most: i64) -> impl Strategy<Value = Qty> {
    (1..=most).prop_map(Qty::whole)
}

fn quote() -> impl Strategy<Value = Quote> {
    (price(), -1_i64..5, 0_i64..60, 0_i64..60).prop_map(|(bid, spread, bid_size, ask_size)| {
        let ask = bid + Price::from_raw(spread * HALF_UNIT);
        let level =
            |price: Price, size: i64| if size == 0 { (Price::ZERO, Qty::ZERO) } else { (price, Qty::whole(size)) };
        let ((bid, bid_size), (ask, ask_size)) = (level(bid, bid_size), level(ask, ask_size));
        Quote { bid, bid_size, ask, ask_size }
    })
}

fn trade() -> impl Strategy<Value = Trade> {
    let aggressor = select(vec![Aggressor::Unknown, Aggressor::Buyer, Aggressor::Seller]);
    let conditions = prop_oneof![
        12 => Just(TradeConditions::Regular),
        2 => Just(TradeConditions::OpeningAuction),
        2 => Just(TradeConditions::ClosingAuction),
        1 => Just(TradeConditions::Ineligible),
    ];
    (price(), qty(50), aggressor, conditions).prop_map(|(price, size, aggressor, conditions)| Trade {
        price,
        size,
        aggressor,
        conditions,
    })
}

fn kind() -> impl Strategy<Value = OrderKind> {
    let activation = || prop_oneof![2 => Just(None), 1 => price().prop_map(Some)];
    prop_oneof![
        2 => Just(OrderKind::Market),
        4 => price().prop_map(|limit| OrderKind::Limit { limit }),
        2 => price().prop_map(|stop| OrderKind::Stop { stop }),
        2 => (price(), price()).prop_map(|(stop, limit)| OrderKind::StopLimit { stop, limit }),
        2 => price().prop_map(|trigger| OrderKind::MarketIfTouched { trigger }),
        2 => (price(), price()).prop_map(|(trigger, limit)| OrderKind::LimitIfTouched { trigger, limit }),
        2 => (distance(), activation())
            .prop_map(|(amount, activation)| OrderKind::TrailingStop { trail: Trail::Amount(amount), activation }),
        2 => (distance(), distance(), activation()).prop_map(|(amount, offset, activation)| {
            OrderKind::TrailingStopLimit { trail: Trail::Amount(amount), offset, activation }
        }),
    ]
}

/// Terms as the edge lets them in: each instruction only where it means something.
fn terms() -> impl Strategy<Value = OrderTerms> {
    let time_in_force = prop_oneof![
        6 => Just(TimeInForce::GoodTilCanceled),
        3 => Just(TimeInForce::Day),
        1 => Just(TimeInForce::ImmediateOrCancel),
        1 => Just(TimeInForce::FillOrKill),
        2 => Just(TimeInForce::AtOpen),
        2 => Just(TimeInForce::AtClose),
        1 => (0_i64..100_000).prop_map(|later| {
            TimeInForce::GoodTilDate(Setting::default().start.plus_nanos(later * 1_000_000_000))
        }),
    ];
    let source = prop_oneof![
        4 => Just(TriggerSource::Last),
        1 => select(vec![
            TriggerSource::BidAsk,
            TriggerSource::Mid,
            TriggerSource::DoubleLast,
            TriggerSource::DoubleBidAsk,
        ]),
    ];
    let shown = prop_oneof![3 => Just(None), 1 => qty(9).prop_map(Some)];
    (kind(), qty(40), time_in_force, source, shown, prop::bool::weighted(0.2), prop::bool::weighted(0.2)).prop_map(
        |(kind, qty, time_in_force, trigger_source, display_qty, post_only, is_extended)| {
            let waits = kind.waits_for_trigger();
            let time_in_force = if waits && time_in_force.is_auction() { TimeInForce::Day } else { time_in_force };
            let lasts = !time_in_force.is_immediate() && !time_in_force.is_auction();
            let rests = lasts && (kind.limit_price().is_some() || kind.limit_offset().is_some());
            let is_extended = is_extended && rests && !waits;
            let instructions = Instructions {
                hours: if is_extended { TradingHours::Extended } else { TradingHours::Regular },
                post_only: post_only && rests,
                reduce_only: false,
                display_qty: display_qty.filter(|_| rests),
                trigger_source: if waits { trigger_source } else { TriggerSource::Last },
            };
            OrderTerms { time_in_force, instructions, ..OrderTerms::plain(kind, Size::Shares(qty)) }
        },
    )
}

fn amendment() -> impl Strategy<Value = Amendment> {
    prop_oneof![
        qty(40).prop_map(|qty| Amendment { qty: Some(qty), ..Amendment::default() }),
        price().prop_map(|limit| Amendment { limit: Some(limit), ..Amendment::default() }),
        price().prop_map(|stop| Amendment { stop: Some(stop), ..Amendment::default() }),
        price().prop_map(|trigger| Amendment { trigger: Some(trigger), ..Amendment::default() }),
        distance().prop_map(|amount| Amendment { trail: Some(Trail::Amount(amount)), ..Amendment::default() }),
        qty(9).prop_map(|shown| Amendment { display_qty: Some(shown), ..Amendment::default() }),
        Just(Amendment { time_in_force: Some(TimeInForce::Day), ..Amendment::default() }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => quote().prop_map(Step::Quote),
        20 => trade().prop_map(Step::Trade),
        25 => (select(vec![Side::Buy, Side::Sell]), terms()).prop_map(|(side, terms)| Step::Submit { side, terms }),
        3 => any::<usize>().prop_map(|pick| Step::Cancel { pick }),
        5 => (any::<usize>(), amendment()).prop_map(|(pick, amendment)| Step::Replace { pick, amendment }),
        2 => (1_i64..50).prop_map(|seconds| Step::Pass { seconds }),
        2 => (1_i64..20_000).prop_map(|seconds| Step::Pass { seconds }),
        4 => Just(Step::Flush),
        1 => Just(Step::FeedLost),
        1 => any::<bool>().prop_map(Step::Halt),
        1 => Just(Step::Restart),
    ]
}

/// What has a mirror image.
trait Mirrored {
    fn mirrored(self) -> Self;
}

impl Mirrored for Price {
    fn mirrored(self) -> Self {
        MIRROR - self
    }
}

impl Mirrored for OrderKind {
    fn mirrored(self) -> Self {
        match self {
            Self::Limit { limit } => Self::Limit { limit: limit.mirrored() },
            Self::Stop { stop } => Self::Stop { stop: stop.mirrored() },
            Self::StopLimit { stop, limit } => Self::StopLimit { stop: stop.mirrored(), limit: limit.mirrored() },
            Self::MarketIfTouched { trigger } => Self::MarketIfTouched { trigger: trigger.mirrored() },
            Self::LimitIfTouched { trigger, limit } => {
                Self::LimitIfTouched { trigger: trigger.mirrored(), limit: limit.mirrored() }
            }
            Self::TrailingStop { trail, activation } => {
                Self::TrailingStop { trail, activation: activation.map(Price::mirrored) }
            }
            Self::TrailingStopLimit { trail, offset, activation } => {
                Self::TrailingStopLimit { trail, offset, activation: activation.map(Price::mirrored) }
            }
            without_a_price => without_a_price,
        }
    }
}

impl Mirrored for Quote {
    fn mirrored(self) -> Self {
        let level = |price: Price| if price.is_positive() { price.mirrored() } else { price };
        Self { bid: level(self.ask), bid_size: self.ask_size, ask: level(self.bid), ask_size: self.bid_size }
    }
}

impl Mirrored for Trade {
    fn mirrored(self) -> Self {
        let aggressor = match self.aggressor {
            Aggressor::Unknown => Aggressor::Unknown,
            Aggressor::Buyer => Aggressor::Seller,
            Aggressor::Seller => Aggressor::Buyer,
        };
        Self { price: self.price.mirrored(), aggressor, ..self }
    }
}

impl Mirrored for Step {
    fn mirrored(self) -> Self {
        match self {
            Self::Quote(quote) => Self::Quote(quote.mirrored()),
            Self::Trade(trade) => Self::Trade(trade.mirrored()),
            Self::Submit { side, terms } => {
                let terms = OrderTerms { kind: terms.kind.mirrored(), ..terms };
                Self::Submit { side: side.opposite(), terms }
            }
            Self::Replace { pick, amendment } => {
                let price = |price: Option<Price>| price.map(Price::mirrored);
                let (limit, stop, trigger) =
                    (price(amendment.limit), price(amendment.stop), price(amendment.trigger));
                Self::Replace { pick, amendment: Amendment { limit, stop, trigger, ..amendment } }
            }
            without_a_price => without_a_price,
        }
    }
}

/// A world in which nothing is short, for both sides.
fn start() -> World {
    let setting = Setting { calendar: CalendarPolicy::OfInstrument, ..Setting::default() };
    let mut world = World::begin(setting);
    for name in ["C", "D"] {
        world.open(name, Money::whole(1_000_000_000));
        world.hold(name, "AAPL", Qty::whole(1_000_000), Price::whole(100));
    }
    world
}

fn take(world: &mut World, step: Step, portfolio_of_buys: &str, portfolio_of_sells: &str) {
    let pick_order = |world: &World, pick: usize| -> Option<OrderId> {
        let orders = world.shard.image().orders;
        (!orders.is_empty()).then(|| orders[pick % orders.len()].id)
    };
    match step {
        Step::Quote(quote) => drop(world.tick("AAPL", TickBody::Quote(quote))),
        Step::Trade(trade) => drop(world.tick("AAPL", TickBody::Trade(trade))),
        Step::Submit { side, terms } => {
            let portfolio = match side {
                Side::Buy => portfolio_of_buys,
                Side::Sell => portfolio_of_sells,
            };
            let mut order = world.new_order(portfolio, "AAPL", side, None);
            order.terms = terms;
            world.submit(order, None);
        }
        Step::Cancel { pick } => {
            if let Some(order) = pick_order(world, pick) {
                world.command(Command::Cancel { order });
            }
        }
        Step::Replace { pick, amendment } => {
            if let Some(order) = pick_order(world, pick) {
                world.command(Command::Replace { order, amendment });
            }
        }
        Step::Pass { seconds } => drop(world.pass_to(world.now().plus_nanos(seconds * 1_000_000_000))),
        Step::Flush => drop(world.flush()),
        Step::FeedLost => drop(world.feed_lost()),
        Step::Halt(halted) => {
            let status = if halted { InstrumentStatus::Halted } else { InstrumentStatus::Active };
            world.set_status("AAPL", status, true);
        }
        Step::Restart => {
            world.flush();
            world.restart();
        }
    }
}

/// An event as far as it has a mirror image, without what is held back.
fn told(event: &Event, mirror: impl Fn(Price) -> Price) -> Option<(Time, String)> {
    let what = match &event.body {
        EventBody::OrderAccepted(accepted) => {
            format!("{} accepted {:?}", accepted.order, accepted.hwm.map(mirror))
        }
        EventBody::OrderRejected(rejected) => format!("{} rejected {}", rejected.order, rejected.reject.code),
        EventBody::OrderReplaced(replaced) => {
            format!("{} replaced {:?}", replaced.order, replaced.hwm.map(mirror))
        }
        EventBody::OrderTriggered { order, reference } => format!("{order} triggered {}", mirror(*reference)),
        EventBody::OrderTrailed { order, hwm } => format!("{order} trailed {}", mirror(*hwm)),
        EventBody::Filled(fill) => {
            let Fill { order, qty, price, liquidity, rule, .. } = &**fill;
            format!("{order} filled {qty} at {} {liquidity:?} {rule:?}", mirror(*price))
        }
        EventBody::OrderCanceled { order, reason, .. } => format!("{order} canceled {reason:?}"),
        EventBody::OrderExpired { order } => format!("{order} expired"),
        _ => return None,
    };
    Some((event.time, what))
}

fn run(steps: &[Step]) {
    let (mut here, mut there) = (start(), start());
    for (index, step) in steps.iter().enumerate() {
        let (since_here, since_there) = (here.events.len(), there.events.len());
        take(&mut here, step.clone(), "C", "D");
        take(&mut there, step.clone().mirrored(), "D", "C");
        // Within one input buys may come before sells, and so sells before buys in the mirror.
        let mut seen: Vec<_> =
            here.events[since_here..].iter().filter_map(|event| told(event, |price| price)).collect();
        let mirrored = |event: &Event| told(event, Price::mirrored);
        let mut mirror: Vec<_> = there.events[since_there..].iter().filter_map(mirrored).collect();
        seen.sort();
        mirror.sort();
        assert_eq!(seen, mirror, "after {step:?}, number {index}");
        if index % 16 == 15 {
            here.check();
            there.check();
        }
    }
    here.check();
    there.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_market_and_its_mirror_image_lead_to_mirrored_facts(steps in prop::collection::vec(step(), 1..160)) {
        run(&steps);
    }
}
