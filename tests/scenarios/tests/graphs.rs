//! Random graphs of orders under random markets: whatever is sent, nothing panics, nothing is sold twice
//! and nothing stays held back.

use model::{
    Amendment, BeyondProtection, ClientOrderId, ClientOrderKey, Command, Commission, CommissionMax, Contingency,
    ExecutionProfile, Instructions, LegShare, LegsBegin, Millionths, Money, NewChain, NewLeg, NewOrder, OrderId,
    OrderKind, OrderTerms, PartialParent, Percent, Price, PriceProtection, ProtectionDistance, Qty, Quote, Rate,
    RegulatoryFees, SiblingExpiry, SiblingFill, Side, Size, Slippage, SlippageModel, Symbol, TickBody,
    TimeInForce, Trade, Trail, TriggerSource,
};
use proptest::prelude::*;
use scenarios::{Setting, World};

/// Prices around 100 in steps of a half.
fn price() -> impl Strategy<Value = Price> {
    (180_i64..220).prop_map(|halves| Price::from_raw(halves * 50_000_000))
}

fn distance() -> impl Strategy<Value = Price> {
    (1_i64..12).prop_map(|halves| Price::from_raw(halves * 50_000_000))
}

fn kind() -> impl Strategy<Value = OrderKind> {
    prop_oneof![
        2 => Just(OrderKind::Market),
        4 => price().prop_map(|limit| OrderKind::Limit { limit }),
        3 => price().prop_map(|stop| OrderKind::Stop { stop }),
        1 => (price(), price()).prop_map(|(stop, limit)| OrderKind::StopLimit { stop, limit }),
        1 => price().prop_map(|trigger| OrderKind::MarketIfTouched { trigger }),
        1 => (price(), price()).prop_map(|(trigger, limit)| OrderKind::LimitIfTouched { trigger, limit }),
        2 => (distance(), proptest::option::of(price()))
            .prop_map(|(amount, activation)| OrderKind::TrailingStop { trail: Trail::Amount(amount), activation }),
        1 => (1_i64..9, distance()).prop_map(|(percent, offset)| OrderKind::TrailingStopLimit {
            trail: Trail::Percent(Percent::whole(percent)),
            offset,
            activation: None
        }),
    ]
}

fn time_in_force() -> impl Strategy<Value = TimeInForce> {
    prop_oneof![
        6 => Just(TimeInForce::GoodTilCanceled),
        3 => Just(TimeInForce::Day),
        1 => Just(TimeInForce::ImmediateOrCancel),
        1 => Just(TimeInForce::FillOrKill),
        1 => Just(TimeInForce::AtClose),
    ]
}

fn instructions() -> impl Strategy<Value = Instructions> {
    let source = prop_oneof![
        6 => Just(TriggerSource::Last),
        1 => Just(TriggerSource::BidAsk),
        1 => Just(TriggerSource::Mid),
        1 => Just(TriggerSource::DoubleLast),
        1 => Just(TriggerSource::DoubleBidAsk),
    ];
    (
        source,
        proptest::bool::weighted(0.1),
        proptest::bool::weighted(0.1),
        proptest::option::weighted(0.1, 1_i64..9),
    )
        .prop_map(|(trigger_source, post_only, reduce_only, shown)| Instructions {
            trigger_source,
            post_only,
            reduce_only,
            display_qty: shown.map(Qty::whole),
            ..Instructions::default()
        })
}

fn terms() -> impl Strategy<Value = OrderTerms> {
    (kind(), 1_i64..60, time_in_force(), instructions()).prop_map(|(kind, qty, time_in_force, instructions)| {
        OrderTerms { kind, size: Size::Shares(Qty::whole(qty)), time_in_force, instructions }
    })
}

/// A leg without its place in a chain.
#[derive(Clone, Debug)]
struct Node {
    side: Side,
    terms: OrderTerms,
    in_proportion: bool,
    contingency: Contingency,
    children: Vec<Node>,
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn following() -> impl Strategy<Value = Contingency> {
    prop_oneof![Just(Contingency::Followers), Just(Contingency::FollowingAlternatives)]
}

fn graph() -> impl Strategy<Value = Node> {
    let leaf = (side(), terms(), any::<bool>()).prop_map(|(side, terms, in_proportion)| Node {
        side,
        terms,
        in_proportion,
        contingency: Contingency::Followers,
        children: Vec::new(),
    });
    leaf.prop_recursive(3, 10, 3, |node| {
        (side(), terms(), any::<bool>(), following(), proptest::collection::vec(node, 1..3)).prop_map(
            |(side, terms, in_proportion, contingency, children)| Node {
                side,
                terms,
                in_proportion,
                contingency,
                children,
            },
        )
    })
}

#[derive(Clone, Debug)]
enum Step {
    Send(Node, bool),
    Quote(Quote),
    Trade(Price, i64),
    Cancel(usize),
    Replace(usize, Amendment),
    Wait(i64),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let amendment = prop_oneof![
        (1_i64..80).prop_map(|qty| Amendment { qty: Some(Qty::whole(qty)), ..Amendment::default() }),
        price().prop_map(|limit| Amendment { limit: Some(limit), ..Amendment::default() }),
        price().prop_map(|stop| Amendment { stop: Some(stop), ..Amendment::default() }),
    ];
    prop_oneof![
        3 => (graph(), proptest::bool::weighted(0.3)).prop_map(|(node, is_oco)| Step::Send(node, is_oco)),
        6 => (price(), 0_i64..4, 0_i64..60, 0_i64..60).prop_map(|(bid, spread, bid_size, ask_size)| Step::Quote(Quote {
            bid,
            bid_size: Qty::whole(bid_size),
            ask: bid + Price::from_raw(spread * 50_000_000),
            ask_size: Qty::whole(ask_size),
        })),
        4 => (price(), 1_i64..60).prop_map(|(price, size)| Step::Trade(price, size)),
        2 => any::<usize>().prop_map(Step::Cancel),
        2 => (any::<usize>(), amendment).prop_map(|(order, amendment)| Step::Replace(order, amendment)),
        1 => (1_i64..100_000).prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

/// What trading costs, in every way that touches what orders hold back.
fn costs() -> impl Strategy<Value = ExecutionProfile> {
    let rate = Rate::PerUnit(Millionths::new(5_000));
    let card = Commission::by_rate(rate, Money::whole(1), CommissionMax::OfValue(Percent::whole(1)));
    let maker_taker =
        Commission::maker_taker(Rate::OfValue(Millionths::new(-200)), Rate::OfValue(Millionths::new(1_000)));
    let commission = prop_oneof![
        4 => Just(Commission::None),
        1 => Just(Commission::PerOrder(Money::whole(50))),
        1 => Just(card),
        1 => Just(maker_taker),
    ];
    let slippage = prop_oneof![
        3 => Just(Slippage::NONE),
        1 => Just(Slippage { model: SlippageModel::FixedTicks(60), random: Percent::whole(50) }),
    ];
    let within =
        |beyond| PriceProtection::Within { distance: ProtectionDistance::Amount(Price::whole(1)), beyond };
    let protection = prop_oneof![
        3 => Just(PriceProtection::None),
        1 => Just(within(BeyondProtection::Cancels)),
        1 => Just(within(BeyondProtection::Rests)),
    ];
    let regulatory = prop_oneof![Just(RegulatoryFees::None), Just(RegulatoryFees::UnitedStates)];
    (commission, regulatory, slippage, protection).prop_map(|(commission, regulatory, slippage, protection)| {
        ExecutionProfile { commission, regulatory, slippage, protection, ..ExecutionProfile::REALISTIC }
    })
}

fn profile() -> impl Strategy<Value = ExecutionProfile> {
    let begin = prop_oneof![Just(LegsBegin::Incremental), Just(LegsBegin::Complete), Just(LegsBegin::FirstFill)];
    let policies = (begin, any::<bool>(), any::<bool>(), any::<bool>());
    (policies, costs()).prop_map(|((legs_begin, ends, cancels, keeps), costs)| ExecutionProfile {
        legs_begin,
        partial_parent: if ends { PartialParent::LegsEnd } else { PartialParent::LegsWork },
        sibling_fill: if cancels { SiblingFill::Cancels } else { SiblingFill::Reduces },
        sibling_expiry: if keeps { SiblingExpiry::Keeps } else { SiblingExpiry::Cancels },
        ..costs
    })
}

/// Names for legs, none twice.
struct Names(u128);

impl Names {
    fn next(&mut self) -> (ClientOrderId, ClientOrderKey) {
        self.0 += 1;
        let name = ClientOrderId::parse(&format!("leg-{}", self.0)).expect("a name");
        (name, ClientOrderKey::new((1 << 100) + self.0))
    }
}

fn chain(node: &Node, contingency: Contingency, names: &mut Names) -> Option<Box<NewChain>> {
    let whole = match node.terms.size {
        Size::Shares(qty) => qty,
        Size::Notional(_) => return None,
    };
    let legs = node.children.iter().map(|child| {
        let (client_order_id, key) = names.next();
        let Size::Shares(own) = child.terms.size else { unreachable!("every leg is sized in shares") };
        let is_part = child.in_proportion && contingency == Contingency::Followers;
        let size = if is_part { own } else { whole };
        let share = if is_part { LegShare::Part { leg: own, parent: whole } } else { LegShare::AsFilled };
        let child = Node { terms: OrderTerms { size: Size::Shares(size), ..child.terms }, ..child.clone() };
        let side = match contingency {
            Contingency::Alternatives => node.side,
            Contingency::Followers => child.side,
            Contingency::FollowingAlternatives | Contingency::Bracket => node.side.opposite(),
        };
        let child = Node { side, ..child };
        NewLeg {
            client_order_id,
            key,
            symbol: Symbol::parse("AAPL").expect("a symbol"),
            side,
            terms: child.terms,
            share,
            chain: chain(&child, child.contingency, names),
        }
    });
    let legs: Vec<NewLeg> = legs.collect();
    (!legs.is_empty()).then(|| Box::new(NewChain { contingency, legs }))
}

fn run(steps: &[Step], profile: ExecutionProfile) {
    let mut world = World::begin(Setting::default());
    let mut names = Names(0);
    world.open_with("B", Money::whole(50_000), profile);
    world.hold("B", "AAPL", Qty::whole(100), Price::whole(100));
    world.check();
    for step in steps {
        match step {
            Step::Send(node, is_oco) => {
                let order = world.new_order("B", "AAPL", node.side, None);
                let contingency = if *is_oco { Contingency::Alternatives } else { node.contingency };
                let hangs = chain(node, contingency, &mut names);
                world.submit(NewOrder { terms: node.terms, chain: hangs, ..order }, None);
            }
            Step::Quote(quote) => {
                world.tick("AAPL", TickBody::Quote(*quote));
            }
            Step::Trade(price, size) => {
                world.tick(
                    "AAPL",
                    TickBody::Trade(Trade {
                        price: *price,
                        size: Qty::whole(*size),
                        aggressor: model::Aggressor::Unknown,
                        conditions: model::TradeConditions::Regular,
                    }),
                );
            }
            Step::Cancel(pick) => {
                if let Some(order) = pick_order(&world, *pick) {
                    world.command(Command::Cancel { order });
                }
            }
            Step::Replace(pick, amendment) => {
                if let Some(order) = pick_order(&world, *pick) {
                    world.command(Command::Replace { order, amendment: *amendment });
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
        world.check();
    }
    // In the end everything is let go: then nothing is held back.
    world.command(Command::CancelAll { portfolio: world.portfolio("B"), symbol: None });
    world.check();
    let image = world.shard.image();
    assert!(image.orders.is_empty(), "everything ends when its owner says so");
    let row = image.portfolios.iter().find(|row| row.id == world.portfolio("B")).expect("the portfolio");
    assert!(row.positions.iter().all(|position| position.qty.raw() >= 0), "nothing is sold twice");
}

fn pick_order(world: &World, pick: usize) -> Option<OrderId> {
    let orders = world.shard.image().orders;
    (!orders.is_empty()).then(|| orders[pick % orders.len()].id)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]
    #[test]
    fn no_graph_of_orders_breaks_anything(
        steps in proptest::collection::vec(step(), 1..40),
        profile in profile(),
    ) {
        run(&steps, profile);
    }
}
