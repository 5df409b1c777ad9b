//! Random orders under random bars: what a bar fills lies within it, the worst and the best
//! of a chain are its two paths, and a single order gets what a look at the bar alone says.

use model::{
    Amendment, Bar, BarPath, BarPolicies, BarVolume, Command, Contingency, Event, EventBody, ExecutionProfile,
    Fill, FillRule, InstrumentId, LegShare, Liquidity, Money, NewChain, NewLeg, NewOrder, OrderId, OrderKind,
    OrderTerms, Percent, Price, Qty, Side, Size, StampedBar, TickSeq, Time, TimeInForce, Trail,
};
use proptest::prelude::*;
use scenarios::{Setting, World};
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000_000_000;
const AAPL: InstrumentId = InstrumentId::new(1);

/// Prices around 100 in steps of a half.
fn price() -> impl Strategy<Value = Price> {
    (185_i64..=215).prop_map(|halves| Price::from_raw(halves * 50_000_000))
}

fn distance() -> impl Strategy<Value = Price> {
    (1_i64..12).prop_map(|halves| Price::from_raw(halves * 50_000_000))
}

fn kind() -> impl Strategy<Value = OrderKind> {
    prop_oneof![
        2 => Just(OrderKind::Market),
        4 => price().prop_map(|limit| OrderKind::Limit { limit }),
        3 => price().prop_map(|stop| OrderKind::Stop { stop }),
        2 => (price(), price()).prop_map(|(stop, limit)| OrderKind::StopLimit { stop, limit }),
        1 => price().prop_map(|trigger| OrderKind::MarketIfTouched { trigger }),
        1 => (price(), price()).prop_map(|(trigger, limit)| OrderKind::LimitIfTouched { trigger, limit }),
        3 => (distance(), proptest::option::weighted(0.3, price()))
            .prop_map(|(amount, activation)| OrderKind::TrailingStop { trail: Trail::Amount(amount), activation }),
        1 => (1_i64..9, distance()).prop_map(|(percent, offset)| OrderKind::TrailingStopLimit {
            trail: Trail::Percent(Percent::whole(percent)),
            offset,
            activation: None
        }),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn terms() -> impl Strategy<Value = OrderTerms> {
    (kind(), 1_i64..40, proptest::bool::weighted(0.1)).prop_map(|(kind, qty, reduce_only)| {
        let mut terms = OrderTerms::plain(kind, Size::Shares(Qty::whole(qty)));
        terms.instructions.reduce_only = reduce_only;
        terms
    })
}

/// An order and the exits that follow it, or its alternatives.
#[derive(Clone, Debug)]
struct Sent {
    side: Side,
    terms: OrderTerms,
    legs: Option<(Contingency, Vec<(Side, OrderTerms)>)>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let contingency = prop_oneof![
        1 => Just(Contingency::Alternatives),
        1 => Just(Contingency::Followers),
        3 => Just(Contingency::FollowingAlternatives),
    ];
    let legs = (contingency, proptest::collection::vec((side(), terms()), 1..3));
    (side(), terms(), proptest::option::weighted(0.4, legs)).prop_map(|(side, terms, legs)| Sent {
        side,
        terms,
        legs,
    })
}

fn bar() -> impl Strategy<Value = [Price; 4]> {
    (price(), price(), distance(), distance(), 0_u8..4).prop_map(|(open, close, above, below, wicks)| {
        let up = if wicks & 1 == 0 { Price::ZERO } else { above };
        let down = if wicks & 2 == 0 { Price::ZERO } else { below };
        [open, open.max(close) + up, open.min(close) - down, close]
    })
}

#[derive(Clone, Debug)]
enum Step {
    Send(Sent),
    /// A bar, and after how much of it the next orders are sent.
    Bar([Price; 4], Option<i64>),
    Within(i64),
    Cancel(usize),
    Replace(usize, Price),
    Flush,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => sent().prop_map(Step::Send),
        6 => (bar(), proptest::option::weighted(0.6, 0_i64..300)).prop_map(|(bar, volume)| Step::Bar(bar, volume)),
        1 => (1_i64..60).prop_map(Step::Within),
        1 => any::<usize>().prop_map(Step::Cancel),
        1 => (any::<usize>(), price()).prop_map(|(pick, price)| Step::Replace(pick, price)),
        1 => Just(Step::Flush),
        1 => Just(Step::Restart),
    ]
}

/// A world that is told bars.
struct Market {
    world: World,
    bars: u64,
    /// The end of the last bar.
    end: Time,
}

impl Market {
    fn begin(profiles: &[(&str, ExecutionProfile)]) -> Self {
        let mut world = World::begin(Setting::default());
        let start = world.now();
        for (name, profile) in profiles {
            world.open_with(name, Money::whole(100_000), *profile);
            world.hold(name, "AAPL", Qty::whole(300), Price::whole(100));
        }
        let mut market = Self { world, bars: 0, end: start };
        market.bar([Price::whole(100); 4], None);
        market
    }

    /// The next minute. Says what it led to.
    fn bar(&mut self, [open, high, low, close]: [Price; 4], volume: Option<Qty>) -> Vec<Event> {
        let (open_time, close_time) = (self.end, self.end.plus_nanos(MINUTE));
        let bar = Bar { instrument: AAPL, open_time, close_time, open, high, low, close, volume };
        self.bars += 1;
        self.end = close_time;
        let before = self.world.events.len();
        let stamped = StampedBar { seq: TickSeq::new(1_000_000 + self.bars), now: close_time, bar };
        self.world.shard.on_bar(&stamped, &mut self.world.events);
        self.world.pass_to(close_time);
        self.world.check();
        self.world.events[before..].to_vec()
    }

    fn send(&mut self, portfolio: &str, sent: &Sent) {
        let order = self.world.new_order(portfolio, "AAPL", sent.side, None);
        let legs = sent.legs.as_ref().map(|(contingency, legs)| {
            let whole = sent.terms.size;
            let leg = |(side, terms): &(Side, OrderTerms)| {
                let is_alternative = *contingency == Contingency::Alternatives;
                let (side, first) = if is_alternative { (sent.side, None) } else { (*side, legs.first()) };
                let side = match (contingency, first) {
                    (Contingency::FollowingAlternatives, Some((side, _))) => *side,
                    _ => side,
                };
                let named = self.world.new_order(portfolio, "AAPL", side, None);
                NewLeg {
                    client_order_id: named.client_order_id,
                    key: named.key,
                    symbol: named.symbol,
                    side,
                    terms: OrderTerms { size: whole, ..*terms },
                    share: LegShare::AsFilled,
                    chain: None,
                }
            };
            Box::new(NewChain { contingency: *contingency, legs: legs.iter().map(leg).collect() })
        });
        self.world.submit(NewOrder { terms: sent.terms, chain: legs, ..order }, None);
        self.world.check();
    }

    fn take(&mut self, portfolios: &[&str], step: &Step) -> Vec<Event> {
        match step {
            Step::Send(sent) => portfolios.iter().for_each(|portfolio| self.send(portfolio, sent)),
            Step::Bar(prices, volume) => return self.bar(*prices, volume.map(Qty::whole)),
            Step::Within(seconds) => {
                let now = self.world.now().max(self.end.plus_nanos(seconds * 1_000_000_000));
                self.world.pass_to(now);
            }
            Step::Cancel(pick) | Step::Replace(pick, _) => {
                for portfolio in portfolios {
                    let Some(order) = self.pick(portfolio, *pick) else { continue };
                    self.world.command(match step {
                        Step::Replace(_, price) => {
                            let amendment = Amendment { limit: Some(*price), ..Amendment::default() };
                            Command::Replace { order, amendment }
                        }
                        _ => Command::Cancel { order },
                    });
                    self.world.check();
                }
            }
            Step::Flush => drop(self.world.flush()),
            Step::Restart => {}
        }
        Vec::new()
    }

    /// The same order of every portfolio that has the same orders.
    fn pick(&self, portfolio: &str, pick: usize) -> Option<OrderId> {
        let id = self.world.portfolio(portfolio);
        let open: Vec<OrderId> = self
            .world
            .shard
            .image()
            .orders
            .iter()
            .map(|order| order.id)
            .filter(|order| order.portfolio() == id)
            .collect();
        open.get(pick.checked_rem(open.len())?).copied()
    }
}

fn fills(events: &[Event]) -> impl Iterator<Item = (&Event, &Fill)> {
    events.iter().filter_map(|event| match &event.body {
        EventBody::Filled(fill) => Some((event, &**fill)),
        _ => None,
    })
}

fn with_bars(bars: BarPolicies) -> ExecutionProfile {
    ExecutionProfile { bars, ..ExecutionProfile::REALISTIC }
}

fn on_path(path: BarPath) -> ExecutionProfile {
    with_bars(BarPolicies { path, ..BarPolicies::REALISTIC })
}

/// A fill by a bar's rule is made from a bar, within it, at the last instant before its end.
fn check_fill(event: &Event, fill: &Fill) {
    let is_by_bar = match fill.rule {
        FillRule::BarOpen
        | FillRule::BarMiddle
        | FillRule::BarClose
        | FillRule::BarAtLimit
        | FillRule::BarThroughLimit
        | FillRule::BarTrigger
        | FillRule::BarPath => true,
        FillRule::TookStandingQuote
        | FillRule::TookNewQuote
        | FillRule::QuoteCrossedLimit
        | FillRule::TradeAtLimit
        | FillRule::TradeThroughLimit
        | FillRule::OpeningAuction
        | FillRule::ClosingAuction
        | FillRule::AuctionFallback => false,
    };
    assert_eq!(is_by_bar, fill.evidence.bar.is_some(), "{fill:?}");
    let Some(bar) = &fill.evidence.bar else { return };
    // A limit that the price came past between two bars.
    let by_gap = fill.liquidity == Liquidity::Maker && fill.side.improves(bar.open, fill.price);
    assert!(bar.low <= fill.price && fill.price <= bar.high || by_gap, "{fill:?} lies outside of its bar");
    let is_late = fill.rule == FillRule::BarClose && event.time >= bar.close_time;
    assert!(event.time == bar.close_time.plus_nanos(-1) || is_late, "{fill:?} at {}", event.time);
}

fn check_promises(steps: &[Step]) {
    let profiles = [
        ("B", ExecutionProfile::REALISTIC),
        ("C", on_path(BarPath::OpenLowHighClose)),
        ("D", on_path(BarPath::Pessimistic)),
        ("E", on_path(BarPath::Optimistic)),
        ("F", ExecutionProfile::LEAN),
        ("G", with_bars(BarPolicies::NAUTILUS)),
        ("H", with_bars(BarPolicies { volume: BarVolume::Split, ..BarPolicies::REALISTIC })),
    ];
    let names: Vec<&str> = profiles.iter().map(|(name, _)| *name).collect();
    let mut market = Market::begin(&profiles);
    let mut spent: BTreeMap<(OrderId, Time), Qty> = BTreeMap::new();
    for step in steps {
        if let Step::Restart = step {
            market.world.restart();
        }
        let begin = market.world.events.len();
        market.take(&names, step);
        for (event, fill) in fills(&market.world.events[begin..]) {
            check_fill(event, fill);
            if let (Some(bar), true) = (&fill.evidence.bar, fill.order.portfolio().get() == 2) {
                let portfolio = OrderId::of(fill.order.portfolio(), model::OrderNumber::new(0));
                *spent.entry((portfolio, bar.close_time)).or_default() += fill.qty;
                let volume = bar.volume.filter(|volume| volume.is_positive());
                let most = volume.map_or(Qty::MAX, |volume| Qty::from_raw(volume.raw() / 10));
                assert!(spent[&(portfolio, bar.close_time)] <= most, "no more than a tenth of the volume");
            }
        }
    }
}

/// What the portfolio is worth at a bar's close.
fn worth(market: &Market, name: &str, close: Price) -> Money {
    let id = market.world.portfolio(name);
    let image = market.world.shard.image();
    let portfolio = image.portfolios.iter().find(|row| row.id == id).expect("an open portfolio");
    let held = portfolio.positions.iter().find(|position| position.instrument == AAPL);
    portfolio.cash + held.map_or(Money::ZERO, |position| close * position.qty)
}

/// Of orders that hang together the worst path is the worse of both, and the best the better, until they part.
fn check_band(sent: &Sent, bars: &[[Price; 4]]) {
    let unlimited = |path| with_bars(BarPolicies { path, volume: BarVolume::Unlimited, ..BarPolicies::REALISTIC });
    let profiles = [
        ("B", unlimited(BarPath::OpenHighLowClose)),
        ("C", unlimited(BarPath::OpenLowHighClose)),
        ("D", unlimited(BarPath::Pessimistic)),
        ("E", unlimited(BarPath::Optimistic)),
    ];
    let mut market = Market::begin(&profiles);
    ["B", "C", "D", "E"].iter().for_each(|name| market.send(name, sent));
    for bar in bars {
        market.bar(*bar, None);
        let [high, low, worst, best] = ["B", "C", "D", "E"].map(|name| worth(&market, name, bar[3]));
        assert_eq!((worst, best), (high.min(low), high.max(low)), "{sent:?} in {bar:?}");
        let orders = market.world.shard.image().orders;
        let of = |name: &str| {
            let id = market.world.portfolio(name);
            let own = orders.iter().filter(|order| order.id.portfolio() == id);
            own.map(|order| (order.id.number(), order.filled_qty, order.trail, order.triggered))
                .collect::<Vec<_>>()
        };
        if high != low || of("B") != of("C") {
            return;
        }
    }
}

/// What a single order gets from a bar that it sees whole: worked out from the bar's prices alone.
fn looked_up(side: Side, kind: OrderKind, [open, high, low, _]: [Price; 4], last: Price) -> Option<Price> {
    let (with, against) = if side == Side::Buy { (low, high) } else { (high, low) };
    match kind {
        OrderKind::Market => Some(open),
        // The market was beyond it before: it takes.
        OrderKind::Limit { limit } if side.improves(open, limit) && side.improves(last, limit) => Some(open),
        OrderKind::Limit { limit } => side.improves(with, limit).then_some(limit),
        OrderKind::Stop { stop } if side.stop_reached(open, stop) => Some(open),
        OrderKind::Stop { stop } => side.stop_reached(against, stop).then_some(stop),
        OrderKind::MarketIfTouched { trigger } if side.touched(open, trigger) => Some(open),
        OrderKind::MarketIfTouched { trigger } => side.touched(with, trigger).then_some(trigger),
        OrderKind::StopLimit { .. }
        | OrderKind::LimitIfTouched { .. }
        | OrderKind::TrailingStop { .. }
        | OrderKind::TrailingStopLimit { .. }
        | OrderKind::Pegged(_) => unreachable!("not plain"),
    }
}

fn check_plain(side: Side, kind: OrderKind, bars: &[[Price; 4]]) {
    for path in [BarPath::OpenHighLowClose, BarPath::OpenLowHighClose, BarPath::Pessimistic, BarPath::Optimistic] {
        let mut market = Market::begin(&[("B", on_path(path))]);
        let order = market.world.new_order("B", "AAPL", side, None);
        let size = Size::Shares(Qty::whole(10));
        let terms = OrderTerms { time_in_force: TimeInForce::GoodTilCanceled, ..OrderTerms::plain(kind, size) };
        let said = market.world.submit(NewOrder { terms, ..order }, None);
        // A touched price that has come already waits as a market order does.
        let kind = if said.is_empty() { kind } else { OrderKind::Market };
        if said.iter().any(|what| what.starts_with("rejected")) {
            return;
        }
        let mut last = Price::whole(100);
        for bar in bars {
            let events = market.bar(*bar, None);
            let got: Vec<(Price, bool)> = fills(&events).map(|(_, fill)| (fill.price, fill.ambiguous)).collect();
            let expected = looked_up(side, kind, *bar, last).map(|price| (price, false));
            assert_eq!(got, Vec::from_iter(expected), "{side:?} {kind:?} on {path:?}, {bar:?} after {last}");
            if expected.is_some() {
                break;
            }
            last = bar[3];
        }
    }
}

fn plain() -> impl Strategy<Value = OrderKind> {
    prop_oneof![
        1 => Just(OrderKind::Market),
        3 => price().prop_map(|limit| OrderKind::Limit { limit }),
        3 => price().prop_map(|stop| OrderKind::Stop { stop }),
        2 => price().prop_map(|trigger| OrderKind::MarketIfTouched { trigger }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_bars_keep_every_promise(steps in proptest::collection::vec(step(), 1..40)) {
        check_promises(&steps);
    }

    #[test]
    fn the_worst_and_the_best_are_the_two_paths(
        sent in sent(), bars in proptest::collection::vec(bar(), 1..4)
    ) {
        check_band(&sent, &bars);
    }

    #[test]
    fn a_plain_order_gets_what_a_look_at_the_bar_says(
        side in side(), kind in plain(), bars in proptest::collection::vec(bar(), 1..6)
    ) {
        check_plain(side, kind, &bars);
    }
}
