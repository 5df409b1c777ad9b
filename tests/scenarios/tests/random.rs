//! Random markets and commands against a naive model that looks at every order each time.
//!
//! The model knows the rules and no index: after each input it recomputes from the facts which
//! orders must not be standing any more, and where every trailing mark must be.

use model::{
    Aggressor, Amendment, Command, Event, EventBody, FillRule, InstrumentId, InstrumentStatus, Money, NewOrder,
    OrderId, OrderImage, OrderKind, OrderTerms, Percent, PortfolioId, Price, Qty, Quote, Side, Size, TickBody,
    TimeInForce, Trade, TradeConditions, Trail, Trigger,
};
use proptest::prelude::*;
use scenarios::{Setting, World};
use std::collections::BTreeMap;

const SYMBOLS: [&str; 2] = ["AAPL", "MSFT"];
const PORTFOLIOS: [&str; 3] = ["A", "B", "C"];

#[derive(Clone, Debug)]
enum Step {
    Quote { symbol: usize, quote: Quote },
    Trade { symbol: usize, trade: Trade },
    Submit { portfolio: usize, symbol: usize, side: Side, kind: OrderKind, size: Size, tif: TimeInForce },
    Cancel { pick: usize },
    Replace { pick: usize, amendment: Amendment },
    Pass { seconds: i64 },
    Flush,
    FeedLost,
    Halt { symbol: usize, halted: bool },
    Restart,
}

fn tick_price() -> impl Strategy<Value = Price> {
    (190_i64..=210).prop_map(|halves| Price::from_raw(halves * 50_000_000))
}

fn qty(most: i64) -> impl Strategy<Value = Qty> {
    (1..=most).prop_map(Qty::whole)
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn kind() -> impl Strategy<Value = OrderKind> {
    let distance = (1_i64..12).prop_map(|halves| Price::from_raw(halves * 50_000_000));
    prop_oneof![
        2 => Just(OrderKind::Market),
        4 => tick_price().prop_map(|limit| OrderKind::Limit { limit }),
        2 => tick_price().prop_map(|stop| OrderKind::Stop { stop }),
        2 => (tick_price(), tick_price()).prop_map(|(stop, limit)| OrderKind::StopLimit { stop, limit }),
        2 => tick_price().prop_map(|trigger| OrderKind::MarketIfTouched { trigger }),
        2 => (tick_price(), tick_price()).prop_map(|(trigger, limit)| OrderKind::LimitIfTouched { trigger, limit }),
        3 => distance.prop_map(|amount| OrderKind::TrailingStop { trail: Trail::Amount(amount), activation: None }),
        2 => (1_i64..9).prop_map(|percent| OrderKind::TrailingStop {
            trail: Trail::Percent(Percent::whole(percent)),
            activation: None
        }),
        2 => (1_i64..12, 0_i64..4).prop_map(|(halves, offset)| OrderKind::TrailingStopLimit {
            trail: Trail::Amount(Price::from_raw(halves * 50_000_000)),
            offset: Price::from_raw(offset * 50_000_000),
            activation: None
        }),
    ]
}

fn size() -> impl Strategy<Value = Size> {
    prop_oneof![
        6 => qty(40).prop_map(Size::Shares),
        1 => (50_i64..5_000).prop_map(|amount| Size::Notional(Money::whole(amount))),
    ]
}

fn time_in_force() -> impl Strategy<Value = TimeInForce> {
    prop_oneof![
        4 => Just(TimeInForce::GoodTilCanceled),
        2 => Just(TimeInForce::Day),
        1 => Just(TimeInForce::ImmediateOrCancel),
        1 => Just(TimeInForce::FillOrKill),
    ]
}

fn quote() -> impl Strategy<Value = Quote> {
    (tick_price(), -1_i64..5, 0_i64..60, 0_i64..60).prop_map(|(bid, spread, bid_size, ask_size)| {
        let ask = bid + Price::from_raw(spread * 50_000_000);
        let side =
            |price: Price, size: i64| if size == 0 { (Price::ZERO, Qty::ZERO) } else { (price, Qty::whole(size)) };
        let ((bid, bid_size), (ask, ask_size)) = (side(bid, bid_size), side(ask, ask_size));
        Quote { bid, bid_size, ask, ask_size }
    })
}

fn trade() -> impl Strategy<Value = Trade> {
    let aggressor = prop_oneof![Just(Aggressor::Unknown), Just(Aggressor::Buyer), Just(Aggressor::Seller)];
    (tick_price(), qty(50), aggressor).prop_map(|(price, size, aggressor)| Trade {
        price,
        size,
        aggressor,
        conditions: TradeConditions::Regular,
    })
}

fn amendment() -> impl Strategy<Value = Amendment> {
    prop_oneof![
        qty(40).prop_map(|qty| Amendment { qty: Some(qty), ..Amendment::default() }),
        tick_price().prop_map(|limit| Amendment { limit: Some(limit), ..Amendment::default() }),
        tick_price().prop_map(|stop| Amendment { stop: Some(stop), ..Amendment::default() }),
        (1_i64..12).prop_map(|units| Amendment {
            trail: Some(Trail::Amount(Price::whole(units))),
            ..Amendment::default()
        }),
        Just(Amendment { time_in_force: Some(TimeInForce::Day), ..Amendment::default() }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let symbol = || 0..SYMBOLS.len();
    prop_oneof![
        20 => (symbol(), quote()).prop_map(|(symbol, quote)| Step::Quote { symbol, quote }),
        20 => (symbol(), trade()).prop_map(|(symbol, trade)| Step::Trade { symbol, trade }),
        25 => (0..PORTFOLIOS.len(), symbol(), side(), kind(), size(), time_in_force()).prop_map(
            |(portfolio, symbol, side, kind, size, tif)| Step::Submit { portfolio, symbol, side, kind, size, tif }
        ),
        3 => any::<usize>().prop_map(|pick| Step::Cancel { pick }),
        5 => (any::<usize>(), amendment()).prop_map(|(pick, amendment)| Step::Replace { pick, amendment }),
        3 => (1_i64..9_000).prop_map(|seconds| Step::Pass { seconds }),
        4 => Just(Step::Flush),
        1 => Just(Step::FeedLost),
        1 => (symbol(), any::<bool>()).prop_map(|(symbol, halted)| Step::Halt { symbol, halted }),
        1 => Just(Step::Restart),
    ]
}

/// Often only one side of a quote changes, as in a real market.
fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((step(), 0_u8..3), 1..most).prop_map(|drawn| {
        let mut last = [Quote::default(); SYMBOLS.len()];
        let mut steps = Vec::new();
        for (mut step, keeps) in drawn {
            if let Step::Quote { symbol, quote } = &mut step {
                let before = last[*symbol];
                match keeps {
                    0 => (quote.bid, quote.bid_size) = (before.bid, before.bid_size),
                    1 => (quote.ask, quote.ask_size) = (before.ask, before.ask_size),
                    _ => {}
                }
                last[*symbol] = *quote;
            }
            steps.push(step);
        }
        steps
    })
}

/// The market of one symbol as the rules see it.
#[derive(Clone, Debug, Default)]
struct NaiveMarket {
    quote: Quote,
    fresh: bool,
    received: i64,
    reference: Option<Price>,
    halted: bool,
    /// Taken from the displayed size that orders of a side trade against, by portfolio.
    spent: BTreeMap<(PortfolioId, Side), Qty>,
}

struct Naive {
    markets: [NaiveMarket; 2],
    /// Where each open trailing stop's mark must be.
    marks: BTreeMap<OrderId, Option<Price>>,
}

fn row(instrument: InstrumentId) -> usize {
    instrument.get() as usize - 1
}

fn uses_display(rule: FillRule) -> bool {
    match rule {
        FillRule::TookStandingQuote | FillRule::TookNewQuote | FillRule::QuoteCrossedLimit => true,
        FillRule::TradeAtLimit
        | FillRule::TradeThroughLimit
        | FillRule::OpeningAuction
        | FillRule::ClosingAuction
        | FillRule::AuctionFallback
        | FillRule::BarOpen
        | FillRule::BarMiddle
        | FillRule::BarClose
        | FillRule::BarAtLimit
        | FillRule::BarThroughLimit
        | FillRule::BarTrigger
        | FillRule::BarPath => false,
    }
}

impl NaiveMarket {
    fn is_fresh(&self, now: i64) -> bool {
        self.fresh && now - self.received <= 3_600_000_000_000
    }

    fn quote_references(&self, side: Side) -> Option<Price> {
        let price = match side {
            Side::Buy => self.quote.ask,
            Side::Sell => self.quote.bid,
        };
        (price.is_positive() && !self.quote.is_crossed()).then_some(price)
    }

    fn take_quote(&mut self, quote: Quote, now: i64) {
        if (quote.ask, quote.ask_size) != (self.quote.ask, self.quote.ask_size) {
            self.spent.retain(|(_, side), _| *side != Side::Buy);
        }
        if (quote.bid, quote.bid_size) != (self.quote.bid, self.quote.bid_size) {
            self.spent.retain(|(_, side), _| *side != Side::Sell);
        }
        (self.quote, self.fresh, self.received) = (quote, true, now);
    }

    fn elects(&self, price: Price, now: i64) -> bool {
        let Quote { bid, ask, .. } = self.quote;
        let judges = bid.is_positive() && ask.is_positive() && bid <= ask && self.is_fresh(now);
        !judges || (bid <= price && price <= ask)
    }
}

impl Naive {
    fn new() -> Self {
        Self { markets: [NaiveMarket::default(), NaiveMarket::default()], marks: BTreeMap::new() }
    }

    fn see(&mut self, events: &[Event]) {
        for event in events {
            if let EventBody::OrderAccepted(accepted) = &event.body
                && accepted.terms.kind.trail().is_some()
            {
                self.marks.insert(accepted.order, accepted.hwm);
            }
            if let EventBody::Filled(fill) = &event.body
                && uses_display(fill.rule)
            {
                let spent = &mut self.markets[row(fill.instrument)].spent;
                *spent.entry((fill.order.portfolio(), fill.side)).or_default() += fill.qty;
            }
        }
    }

    /// After a reference: no waiting stop is reached, and marks follow.
    fn elect(&mut self, symbol: usize, before: &[OrderImage], world: &World, of: impl Fn(Side) -> Option<Price>) {
        let after = world.shard.image().orders;
        for order in before.iter().filter(|order| row(order.instrument) == symbol && !order.triggered) {
            let Some(reference) = of(order.side) else { continue };
            let reached = match order.terms.kind.trigger() {
                None => continue,
                Some(Trigger::Stop(stop)) => order.side.stop_reached(reference, stop),
                Some(Trigger::Touch(price)) => order.side.touched(reference, price),
                Some(Trigger::Trail(trail)) => {
                    let stop = self.marks[&order.id].map(|hwm| trail.stop_price(order.side, hwm));
                    stop.is_some_and(|stop| order.side.stop_reached(reference, stop))
                }
            };
            let waits = after.iter().any(|now| now.id == order.id && !now.triggered);
            assert_eq!(waits, !reached, "{order:?} at {reference}");
            if order.terms.kind.trail().is_some() && !reached {
                let mark = self.marks.get_mut(&order.id).expect("every trailing stop has an entry");
                let beyond = mark.is_none_or(|hwm| order.side.improves(reference, hwm));
                *mark = if beyond { Some(reference) } else { *mark };
            }
        }
    }

    /// After a quote: whoever would trade on it has used up what is displayed.
    fn check_displayed(&self, symbol: usize, world: &World) {
        let market = &self.markets[symbol];
        for order in world.shard.image().orders.iter().filter(|order| row(order.instrument) == symbol) {
            let (price, size) = match order.side {
                Side::Buy => (market.quote.ask, market.quote.ask_size),
                Side::Sell => (market.quote.bid, market.quote.bid_size),
            };
            let limit = match order.terms.kind {
                OrderKind::TrailingStopLimit { trail, offset, .. } => {
                    let hwm = order.trail.and_then(|trail| trail.hwm);
                    hwm.map(|hwm| order.side.worse_by(trail.stop_price(order.side, hwm), offset))
                }
                kind => kind.limit_price(),
            };
            let may_trade = order.triggered || !order.terms.kind.waits_for_trigger();
            let crosses = price.is_positive() && limit.is_none_or(|limit| order.side.within(price, limit));
            if may_trade && crosses && !market.quote.is_crossed() && !market.halted {
                let spent = market.spent.get(&(order.id.portfolio(), order.side)).copied().unwrap_or_default();
                assert_eq!(spent, size, "{order:?} could still take of {:?}", market.quote);
            }
        }
        for ((portfolio, side), spent) in &market.spent {
            let size = match side {
                Side::Buy => market.quote.ask_size,
                Side::Sell => market.quote.bid_size,
            };
            assert!(*spent <= size, "{portfolio} took {spent} of {size}");
        }
    }
}

fn pick_order(world: &World, pick: usize) -> Option<OrderId> {
    let orders = world.shard.image().orders;
    (!orders.is_empty()).then(|| orders[pick % orders.len()].id)
}

fn new_order(world: &mut World, step: &Step) -> Option<NewOrder> {
    let Step::Submit { portfolio, symbol, side, kind, size, tif } = step else { return None };
    let order = world.new_order(PORTFOLIOS[*portfolio], SYMBOLS[*symbol], *side, None);
    let terms = OrderTerms { time_in_force: *tif, ..OrderTerms::plain(*kind, *size) };
    Some(NewOrder { terms, ..order })
}

fn start() -> World {
    let mut world = World::begin(Setting::default());
    world.open("B", Money::whole(3_000));
    world.open("C", Money::whole(20_000));
    for symbol in SYMBOLS {
        for portfolio in ["A", "C"] {
            world.hold(portfolio, symbol, Qty::whole(60), Price::whole(100));
        }
    }
    world
}

fn run(steps: &[Step]) {
    let mut world = start();
    let mut naive = Naive::new();
    for (index, step) in steps.iter().enumerate() {
        take(&mut world, &mut naive, step);
        if index % 16 == 15 {
            world.check();
        }
    }
    world.flush();
    for order in world.shard.image().orders {
        if let (Some(trail), false) = (&order.trail, order.triggered) {
            assert_eq!(trail.hwm, naive.marks[&order.id], "{order:?}");
        }
    }
    world.check();
}

fn take(world: &mut World, naive: &mut Naive, step: &Step) {
    let before = world.shard.image().orders;
    let since = world.events.len();
    let now = world.now().nanos();
    match step {
        Step::Quote { symbol, quote } => {
            naive.markets[*symbol].take_quote(*quote, now);
            world.tick(SYMBOLS[*symbol], TickBody::Quote(*quote));
            naive.see(&world.events[since..]);
            naive.check_displayed(*symbol, world);
            let market = naive.markets[*symbol].clone();
            if market.reference.is_none() && !market.halted && !market.quote.is_crossed() {
                naive.elect(*symbol, &before, world, |side| market.quote_references(side));
            }
            return;
        }
        Step::Trade { symbol, trade } => {
            world.tick(SYMBOLS[*symbol], TickBody::Trade(*trade));
            let market = &mut naive.markets[*symbol];
            if market.elects(trade.price, now) {
                market.reference = Some(trade.price);
                if !market.halted {
                    naive.elect(*symbol, &before, world, |_| Some(trade.price));
                }
            }
        }
        Step::Submit { .. } => {
            let order = new_order(world, step).expect("a submit");
            world.submit(order, None);
        }
        Step::Cancel { pick } => {
            if let Some(order) = pick_order(world, *pick) {
                world.command(Command::Cancel { order });
            }
        }
        Step::Replace { pick, amendment } => {
            if let Some(order) = pick_order(world, *pick) {
                world.command(Command::Replace { order, amendment: *amendment });
            }
        }
        Step::Pass { seconds } => {
            world.pass_to(world.now().plus_nanos(seconds * 1_000_000_000));
        }
        Step::Flush => {
            world.flush();
        }
        Step::FeedLost => {
            world.feed_lost();
            naive.markets.iter_mut().for_each(|market| market.fresh = false);
        }
        Step::Halt { symbol, halted } => {
            if naive.markets[*symbol].halted != *halted {
                naive.markets[*symbol].fresh = false;
            }
            naive.markets[*symbol].halted = *halted;
            let status = if *halted { InstrumentStatus::Halted } else { InstrumentStatus::Active };
            world.set_status(SYMBOLS[*symbol], status, true);
        }
        Step::Restart => {
            world.flush();
            world.restart();
            for market in &mut naive.markets {
                *market = NaiveMarket { halted: market.halted, ..NaiveMarket::default() };
            }
        }
    }
    naive.see(&world.events[since..]);
}

/// What portfolio A sees of the steps, with or without the others.
fn facts_of_a(steps: &[Step], with_others: bool) -> Vec<String> {
    let mut world = start();
    for step in steps {
        match step {
            Step::Quote { symbol, quote } => drop(world.tick(SYMBOLS[*symbol], TickBody::Quote(*quote))),
            Step::Trade { symbol, trade } => drop(world.tick(SYMBOLS[*symbol], TickBody::Trade(*trade))),
            Step::Submit { portfolio, .. } => {
                if *portfolio == 0 || with_others {
                    let order = new_order(&mut world, step).expect("a submit");
                    world.submit(order, None);
                }
            }
            Step::Pass { seconds } => drop(world.pass_to(world.now().plus_nanos(seconds * 1_000_000_000))),
            Step::Flush => drop(world.flush()),
            Step::FeedLost => drop(world.feed_lost()),
            Step::Cancel { .. } | Step::Replace { .. } | Step::Halt { .. } | Step::Restart => {}
        }
    }
    let own = world.events.iter().filter(|event| event.portfolio == world.portfolio("A"));
    own.map(|event| {
        // The key counts all orders sent, so that it differs between the two runs.
        if let EventBody::OrderAccepted(accepted) = &event.body {
            format!("{:?} {:?}", accepted.order, accepted.reserved)
        } else if let EventBody::OrderRejected(rejected) = &event.body {
            format!("{:?} {:?}", rejected.order, rejected.reject)
        } else {
            format!("{event:?}")
        }
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_agrees_with_a_naive_scan_and_facts_give_the_state(
        steps in steps(160)
    ) {
        run(&steps);
    }

    #[test]
    fn a_portfolio_is_not_touched_by_others(steps in steps(120)) {
        prop_assert_eq!(facts_of_a(&steps, true), facts_of_a(&steps, false));
    }
}
