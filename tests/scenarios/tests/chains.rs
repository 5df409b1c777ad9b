//! Every interleaving, up to a stated depth, of what can happen to a chain: fills in part and in whole,
//! cancels, replaces, expiry, refusals and crashes. After every step the chain's promise is checked from
//! the facts alone.

use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{
    Aggressor, Amendment, AssetClass, CalendarId, ClientOrderId, ClientOrderKey, Command, CommandReply,
    Contingency, Currency, Event, EventBody, ExecutionProfile, Instrument, InstrumentId, InstrumentStatus,
    LegShare, LegsBegin, Money, NewChain, NewLeg, NewOrder, OrderId, OrderImage, OrderKind, OrderNumber,
    OrderTerms, Origin, PortfolioId, Price, Qty, Quote, Request, RiskLimits, ShardImage, SiblingExpiry,
    SiblingFill, Side, Size, Stamped, SubmittedBy, Symbol, Tick, TickBody, TickSeq, Time, TimeInForce, Trade,
    TradeConditions, UserId,
};
use std::collections::BTreeMap;

/// Monday 2026-03-02 at 15:00 UTC, 10:00 in New York.
const START: i64 = 1_772_463_600;
const PORTFOLIO: PortfolioId = PortfolioId::new(1);
const AAPL: InstrumentId = InstrumentId::new(1);
const WANTED: i64 = 100;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The ask falls to the entry, with so many.
    Asked(i64),
    /// Somebody buys so many at the first target.
    TargetTraded(i64),
    /// The last price falls through every stop; the bid shows so many.
    StopReached(i64),
    /// The order of this number is cancelled.
    Cancel(u32),
    /// The entry's quantity, a target's limit or a stop's price moves.
    Replace(u32, Change),
    /// The session closes and the next one opens.
    NextDay,
    /// The process dies and starts anew.
    Crash,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Qty(i64),
    Limit(i64),
    Stop(i64),
}

/// A chain to begin with.
#[derive(Clone, Copy, Debug)]
enum Chain {
    Bracket,
    Oco,
    ThreeLevels,
}

struct World {
    shard: Shard,
    config: ShardConfig,
    events: Vec<Event>,
    now: Time,
    ticks: u64,
}

fn config() -> ShardConfig {
    ShardConfig { calendar: CalendarPolicy::OfInstrument, ..ShardConfig::default() }
}

fn cents(cents: i64) -> Price {
    Price::from_raw(cents * 1_000_000)
}

fn leg(name: u128, side: Side, kind: OrderKind, time_in_force: TimeInForce) -> NewLeg {
    let terms = OrderTerms { time_in_force, ..OrderTerms::plain(kind, Size::Shares(Qty::whole(WANTED))) };
    NewLeg {
        client_order_id: ClientOrderId::parse(&format!("leg-{name}")).expect("a name"),
        key: ClientOrderKey::new(name),
        symbol: Symbol::parse("AAPL").expect("a symbol"),
        side,
        terms,
        share: LegShare::AsFilled,
        chain: None,
    }
}

fn exits() -> NewChain {
    NewChain {
        contingency: Contingency::FollowingAlternatives,
        legs: vec![
            leg(2, Side::Sell, OrderKind::Limit { limit: cents(1_100) }, TimeInForce::GoodTilCanceled),
            leg(3, Side::Sell, OrderKind::Stop { stop: cents(900) }, TimeInForce::Day),
        ],
    }
}

impl World {
    fn begin(chain: Chain, profile: ExecutionProfile) -> Self {
        let mut world = Self {
            shard: Shard::new(config()),
            config: config(),
            events: Vec::new(),
            now: Time::from_seconds(START),
            ticks: 0,
        };
        world.command(Command::DefineInstrument(Instrument {
            id: AAPL,
            symbol: Symbol::parse("AAPL").expect("a symbol"),
            name: "AAPL".into(),
            exchange: "TEST".into(),
            asset_class: AssetClass::Equity,
            currency: Currency::Usd,
            tick_size: cents(1),
            tick_size_below_one: Price::from_raw(10_000),
            lot_size: Qty::whole(1),
            calendar: CalendarId::Xnys,
            tradable: true,
            shortable: false,
            status: InstrumentStatus::Active,
        }));
        world.command(Command::OpenPortfolio {
            portfolio: PORTFOLIO,
            currency: Currency::Usd,
            starting_balance: Money::whole(1_000_000),
            limits: RiskLimits::default(),
            profile: Box::new(profile),
        });
        world.trade(1_000, 1);
        world.send(chain);
        world
    }

    fn send(&mut self, chain: Chain) {
        let limit = |cents_of: i64| OrderKind::Limit { limit: cents(cents_of) };
        let (side, kind, hangs) = match chain {
            Chain::Bracket => (Side::Buy, limit(1_000), exits()),
            Chain::ThreeLevels => {
                // The entry's exits, and behind the target an order to come in again with exits of its own.
                let mut outer = exits();
                let mut again = leg(4, Side::Buy, limit(950), TimeInForce::GoodTilCanceled);
                again.chain = Some(Box::new(NewChain {
                    contingency: Contingency::FollowingAlternatives,
                    legs: vec![
                        leg(5, Side::Sell, limit(1_100), TimeInForce::GoodTilCanceled),
                        leg(6, Side::Sell, OrderKind::Stop { stop: cents(850) }, TimeInForce::GoodTilCanceled),
                    ],
                }));
                outer.legs[0].chain =
                    Some(Box::new(NewChain { contingency: Contingency::Followers, legs: vec![again] }));
                (Side::Buy, limit(1_000), outer)
            }
            Chain::Oco => {
                self.quote((999, 1), (1_000, WANTED));
                self.submit(9, Side::Buy, limit(1_000), None);
                let stop = leg(3, Side::Sell, OrderKind::Stop { stop: cents(900) }, TimeInForce::Day);
                let hangs = NewChain { contingency: Contingency::Alternatives, legs: vec![stop] };
                (Side::Sell, limit(1_100), hangs)
            }
        };
        self.submit(1, side, kind, Some(Box::new(hangs)));
    }

    fn submit(&mut self, name: u128, side: Side, kind: OrderKind, chain: Option<Box<NewChain>>) {
        let reply = self.command(Command::Submit(NewOrder {
            portfolio: PORTFOLIO,
            client_order_id: ClientOrderId::parse(&format!("order-{name}")).expect("a name"),
            key: ClientOrderKey::new(name),
            fingerprint: 1,
            symbol: Symbol::parse("AAPL").expect("a symbol"),
            side,
            terms: OrderTerms::plain(kind, Size::Shares(Qty::whole(WANTED))),
            chain,
        }));
        assert!(matches!(reply, CommandReply::Accepted(_)), "{reply:?}");
    }

    fn command(&mut self, command: Command) -> CommandReply {
        let by = SubmittedBy { user: UserId::new(1), origin: Origin::Manual };
        self.shard.apply(&Request { by, command }, self.now, &mut self.events)
    }

    fn tick(&mut self, body: TickBody) {
        self.ticks += 1;
        let tick = Tick { instrument: AAPL, time: self.now, body };
        let stamped = Stamped { seq: TickSeq::new(self.ticks), now: self.now, tick };
        self.shard.on_tick(&stamped, &mut self.events);
    }

    fn quote(&mut self, (bid, bid_size): (i64, i64), (ask, ask_size): (i64, i64)) {
        self.tick(TickBody::Quote(Quote {
            bid: cents(bid),
            bid_size: Qty::whole(bid_size),
            ask: cents(ask),
            ask_size: Qty::whole(ask_size),
        }));
    }

    fn trade(&mut self, price: i64, size: i64) {
        self.tick(TickBody::Trade(Trade {
            price: cents(price),
            size: Qty::whole(size),
            aggressor: Aggressor::Unknown,
            conditions: TradeConditions::Regular,
        }));
    }

    fn take(&mut self, step: Step) {
        // Time goes on, so that no two quotes are one.
        self.now = self.now.plus_nanos(1_000_000_000);
        match step {
            Step::Asked(size) => {
                self.quote((905, 1), (1_000, size));
                self.quote((905, 1), (1_050, 1));
            }
            Step::TargetTraded(size) => {
                self.quote((1_099, 1), (1_101, 1));
                self.trade(1_101, size);
                self.quote((905, 1), (1_050, 1));
            }
            Step::StopReached(size) => {
                self.quote((840, size), (1_050, 1));
                self.trade(840, 1);
            }
            Step::Cancel(number) => {
                self.command(Command::Cancel { order: id(number) });
            }
            Step::Replace(number, change) => {
                let amendment = match change {
                    Change::Qty(qty) => Amendment { qty: Some(Qty::whole(qty)), ..Amendment::default() },
                    Change::Limit(limit) => Amendment { limit: Some(cents(limit)), ..Amendment::default() },
                    Change::Stop(stop) => Amendment { stop: Some(cents(stop)), ..Amendment::default() },
                };
                self.command(Command::Replace { order: id(number), amendment });
            }
            Step::NextDay => {
                self.now = self.now.plus_nanos(86_400_000_000_000);
                self.shard.on_time(self.now, &mut self.events);
            }
            Step::Crash => {
                let mut folded = Shard::new(self.config);
                for event in &self.events {
                    folded.fold(event);
                }
                assert_eq!(folded.image(), self.shard.image(), "facts alone give the same state");
                self.shard = Shard::restore(self.config, &folded.image());
                assert_eq!(self.shard.image(), folded.image(), "an image comes back as it was");
            }
        }
    }
}

fn id(number: u32) -> OrderId {
    OrderId::of(PORTFOLIO, OrderNumber::new(number))
}

/// What the facts say of one order.
#[derive(Clone, Debug, Default)]
struct Story {
    parent: Option<u32>,
    group: Option<u32>,
    side: Option<Side>,
    filled: i64,
    ended: bool,
    /// Somebody or time ended it, or an alternative to it.
    cut_off: bool,
}

fn stories(events: &[Event]) -> BTreeMap<u32, Story> {
    let mut stories: BTreeMap<u32, Story> = BTreeMap::new();
    for event in events {
        let (order, ends, cuts) = match &event.body {
            EventBody::OrderAccepted(accepted) => {
                let link = accepted.link;
                stories.insert(
                    accepted.order.number().get(),
                    Story {
                        parent: link.and_then(|link| link.parent).map(OrderNumber::get),
                        group: link.and_then(|link| link.group).map(OrderNumber::get),
                        side: Some(accepted.side),
                        ..Story::default()
                    },
                );
                continue;
            }
            EventBody::Filled(fill) => {
                stories.get_mut(&fill.order.number().get()).expect("an order").filled += fill.qty.raw();
                (fill.order, fill.completes, false)
            }
            EventBody::OrderSized(sized) => (sized.order, sized.completes, false),
            EventBody::OrderReplaced(replaced) => (replaced.order, false, false),
            EventBody::OrderTriggered { order, .. }
            | EventBody::OrderTrailed { order, .. }
            | EventBody::OrderCapped { order, .. } => (*order, false, false),
            EventBody::OrderCanceled { order, .. } | EventBody::OrderExpired { order } => (*order, true, true),
            EventBody::OrderRejected(_)
            | EventBody::InstrumentDefined(_)
            | EventBody::PortfolioOpened { .. }
            | EventBody::LimitsSet { .. }
            | EventBody::CashFlowed { .. } => continue,
        };
        let story = stories.get_mut(&order.number().get()).expect("an order");
        assert!(!story.ended, "nothing happens to an order after its end");
        (story.ended, story.cut_off) = (ends, cuts);
    }
    stories
}

fn leaves(order: &OrderImage) -> i64 {
    match order.terms.size {
        Size::Shares(qty) => qty.raw() - order.filled_qty.raw(),
        Size::Notional(_) => panic!("nobody sent an amount"),
    }
}

/// The promise, reckoned from the facts.
fn check(world: &World, profile: ExecutionProfile) {
    let image: ShardImage = world.shard.image();
    let stories = stories(&world.events);
    let position = image.portfolios[0].positions.first().map_or(0, |position| position.qty.raw());
    assert!(position >= 0, "an exit never turns a position");
    let open: BTreeMap<u32, &OrderImage> =
        image.orders.iter().map(|order| (order.id.number().get(), order)).collect();
    let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (number, story) in &stories {
        if let Some(group) = story.group {
            groups.entry(group).or_default().push(*number);
        }
        if let (Some(order), Some(parent)) = (open.get(number), story.parent) {
            let held = order.leg.expect("a leg").held;
            assert!(!held || open.contains_key(&parent), "{number} waits for a parent that is gone");
            let free = stories[&parent].filled;
            let is_first_fill = profile.legs_begin == LegsBegin::FirstFill;
            assert!(is_first_fill || story.filled <= free, "{number} traded more than its parent");
            assert!(held || free > 0, "{number} works before its parent traded");
        }
    }
    for members in groups.values() {
        check_group((members, position), &stories, &open, profile);
    }
    let held_back: i64 = image.orders.iter().map(|order| order.reserved.qty.raw()).sum();
    assert!(held_back <= position, "more is held back than is held");
}

fn check_group(
    (members, position): (&[u32], i64),
    stories: &BTreeMap<u32, Story>,
    open: &BTreeMap<u32, &OrderImage>,
    profile: ExecutionProfile,
) {
    let filled: i64 = members.iter().map(|number| stories[number].filled).sum();
    let parent = stories[&members[0]].parent;
    let (free, parent_is_open) = match parent {
        Some(parent) => (stories[&parent].filled, open.contains_key(&parent)),
        None => (WANTED * 100_000_000, false),
    };
    let working: Vec<&&OrderImage> = members
        .iter()
        .filter_map(|number| open.get(number))
        .filter(|order| order.leg.is_some_and(|leg| !leg.held))
        .collect();
    let is_strict = profile.legs_begin != LegsBegin::FirstFill;
    assert!(!is_strict || filled <= free, "exits traded more than there was");
    for order in &working {
        assert_eq!(leaves(order), leaves(working[0]), "alternatives have the same left");
        if is_strict {
            assert_eq!(leaves(order), free - filled, "{} does not fit what is free", order.id.number());
        }
    }
    let held_back: i64 = working.iter().map(|order| order.reserved.qty.raw()).sum();
    if let (Some(order), Some(Side::Sell)) = (working.first(), stories[&members[0]].side) {
        let has = leaves(order).min(position);
        assert_eq!(held_back, has, "a group holds back once what it may trade, as far as it is held");
    }
    // Nobody took it away: what was bought and not sold is protected.
    let is_whole = members.iter().all(|number| !stories[number].cut_off);
    let begins_at_once = profile.legs_begin == LegsBegin::Incremental;
    if is_whole && begins_at_once && free > filled {
        assert_eq!(working.len(), members.len(), "protection lapsed");
    }
    if !parent_is_open && filled == free && free > 0 {
        assert!(members.iter().all(|number| !open.contains_key(number)), "a group outlives what it is for");
    }
}

fn alphabet(chain: Chain) -> Vec<Step> {
    let mut steps = vec![
        Step::TargetTraded(30),
        Step::TargetTraded(500),
        Step::StopReached(20),
        Step::StopReached(500),
        Step::NextDay,
        Step::Crash,
    ];
    match chain {
        Chain::Bracket => steps.extend([
            Step::Asked(40),
            Step::Asked(500),
            Step::Cancel(1),
            Step::Cancel(2),
            Step::Cancel(3),
            Step::Replace(1, Change::Qty(60)),
            Step::Replace(2, Change::Limit(1_095)),
            Step::Replace(3, Change::Stop(950)),
            Step::Replace(3, Change::Qty(10)),
        ]),
        Chain::ThreeLevels => steps.extend([
            Step::Asked(40),
            Step::Asked(500),
            Step::Cancel(1),
            Step::Cancel(2),
            Step::Cancel(4),
            Step::Cancel(6),
            Step::Replace(1, Change::Qty(150)),
        ]),
        Chain::Oco => steps.extend([
            Step::Cancel(2),
            Step::Cancel(3),
            Step::Replace(2, Change::Limit(1_095)),
            Step::Replace(3, Change::Stop(950)),
            Step::Replace(3, Change::Stop(1_200)),
        ]),
    }
    steps
}

/// Every sequence of this many steps, each tried from the beginning.
fn enumerate(chain: Chain, depth: usize, profile: ExecutionProfile) {
    let steps = alphabet(chain);
    let sequences = steps.len().pow(u32::try_from(depth).expect("a small depth"));
    for number in 0..sequences {
        let mut rest = number;
        let mut path = Vec::new();
        let mut world = World::begin(chain, profile);
        for _ in 0..depth {
            let step = steps[rest % steps.len()];
            rest /= steps.len();
            path.push(step);
            world.take(step);
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&world, profile)));
            assert!(caught.is_ok(), "{chain:?} after {path:?}: {:#?}", world.events);
        }
    }
}

#[test]
fn a_bracket_keeps_its_promise_whatever_happens() {
    enumerate(Chain::Bracket, 4, ExecutionProfile::REALISTIC);
}

#[test]
fn an_oco_keeps_its_promise_whatever_happens() {
    enumerate(Chain::Oco, 4, ExecutionProfile::REALISTIC);
}

#[test]
fn three_levels_keep_their_promise_whatever_happens() {
    enumerate(Chain::ThreeLevels, 4, ExecutionProfile::REALISTIC);
}

#[test]
fn other_policies_never_overfill_either() {
    for (legs_begin, sibling_fill, sibling_expiry) in [
        (LegsBegin::Complete, SiblingFill::Reduces, SiblingExpiry::Keeps),
        (LegsBegin::Incremental, SiblingFill::Reduces, SiblingExpiry::Keeps),
        (LegsBegin::FirstFill, SiblingFill::Cancels, SiblingExpiry::Cancels),
    ] {
        let profile = ExecutionProfile { legs_begin, sibling_fill, sibling_expiry, ..ExecutionProfile::REALISTIC };
        enumerate(Chain::Bracket, 3, profile);
        enumerate(Chain::ThreeLevels, 3, profile);
    }
}
