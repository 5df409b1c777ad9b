//! The real engine behind the model's vocabulary: commands in, the outcome of orders out.

use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{
    Aggressor, Amendment, AssetClass, CalendarId, ClientOrderId, ClientOrderKey, Command, CommandReply, Currency,
    Event, EventBody, ExecutionProfile, Instructions, Instrument, InstrumentId, InstrumentStatus, Liquidity,
    Money, OrderId, OrderKind, OrderTerms, Origin, PortfolioId, Price, Qty, Quote, Request, RiskLimits, Side,
    Size, Stamped, SubmittedBy, Symbol, TickSeq, Time, TimeInForce, Trade, TradeConditions, UserId,
};
use std::collections::HashMap;
use tests::fixed::{self, ONE};
use tests::oracle::{self, Change, NewOrder, Tick, TickBody};

const INSTRUMENT: InstrumentId = InstrumentId::new(1);
const BY: SubmittedBy = SubmittedBy { user: UserId::new(1), origin: Origin::Automated };

/// What became of an order, as events told it.
#[derive(Default)]
struct Outcome {
    status: &'static str,
    code: &'static str,
    filled: i128,
    value: i128,
    fills: Vec<String>,
}

/// A shard and what its events said.
pub(crate) struct Engine {
    shard: Shard,
    seq: u64,
    orders: Vec<OrderId>,
    outcomes: HashMap<OrderId, Outcome>,
}

impl Engine {
    pub(crate) fn new(balances: &[i128]) -> Self {
        let config = ShardConfig { calendar: CalendarPolicy::OfInstrument, ..ShardConfig::default() };
        let mut engine = Self { shard: Shard::new(config), seq: 0, orders: Vec::new(), outcomes: HashMap::new() };
        engine.apply(0, Command::DefineInstrument(instrument()));
        for (index, balance) in balances.iter().enumerate() {
            let open = Command::OpenPortfolio {
                portfolio: portfolio(index),
                currency: Currency::Usd,
                starting_balance: Money::from_raw(*balance),
                limits: RiskLimits::default(),
                profile: Box::new(ExecutionProfile::REALISTIC),
            };
            engine.apply(0, open);
        }
        engine
    }

    pub(crate) fn tick(&mut self, tick: &Tick) {
        self.seq += 1;
        let body = match tick.body {
            TickBody::Quote(quote) => model::TickBody::Quote(Quote {
                bid: price(quote.bid),
                bid_size: qty(quote.bid_size),
                ask: price(quote.ask),
                ask_size: qty(quote.ask_size),
            }),
            TickBody::Print(print) => model::TickBody::Trade(Trade {
                price: price(print.price),
                size: qty(print.size),
                aggressor: Aggressor::Unknown,
                conditions: if print.is_regular() {
                    TradeConditions::Regular
                } else {
                    TradeConditions::Ineligible
                },
            }),
        };
        let now = Time::from_nanos(tick.time);
        let tick = model::Tick { instrument: INSTRUMENT, time: now, body };
        let mut events = Vec::new();
        self.shard.on_tick(&Stamped { seq: TickSeq::new(self.seq), now, tick }, &mut events);
        self.fold(&events);
    }

    pub(crate) fn submit(&mut self, time: i64, order: NewOrder) {
        let number = self.orders.len();
        let command = Command::Submit(model::NewOrder {
            portfolio: portfolio(order.portfolio),
            client_order_id: ClientOrderId::parse(&number.to_string()).expect("a number is a name"),
            key: ClientOrderKey::new(u128::try_from(number).expect("a count fits") + 1),
            fingerprint: 0,
            symbol: Symbol::parse("IBM").expect("a ticker"),
            side: side(order.side),
            terms: terms(order),
            chain: None,
        });
        match self.apply(time, command) {
            CommandReply::Accepted(id) | CommandReply::OrderRejected(id, _) => self.orders.push(id),
            other => panic!("an order was answered by {other:?}"),
        }
    }

    pub(crate) fn cancel(&mut self, time: i64, place: usize) -> bool {
        matches!(self.apply(time, Command::Cancel { order: self.orders[place] }), CommandReply::Canceled(_))
    }

    pub(crate) fn replace(&mut self, time: i64, place: usize, change: Change) -> bool {
        let amendment = Amendment {
            qty: change.qty.map(qty),
            limit: change.limit.map(price),
            stop: change.stop.map(price),
            trail: change.trail.map(trail),
            time_in_force: change.time_in_force.map(time_in_force),
            ..Amendment::default()
        };
        let command = Command::Replace { order: self.orders[place], amendment };
        matches!(self.apply(time, command), CommandReply::Replaced(_))
    }

    /// In the words of the model's summary.
    pub(crate) fn summary(&self, place: usize) -> String {
        let outcome = &self.outcomes[&self.orders[place]];
        let average = if outcome.filled == 0 {
            "-".to_owned()
        } else {
            fixed::format(fixed::divide_half_even(outcome.value * ONE, outcome.filled))
        };
        let filled = fixed::format(outcome.filled);
        format!("{} {} {filled} avg {average} {:?}", outcome.status, outcome.code, outcome.fills)
    }

    /// Cash, reserved cash, realised profit, shares, their cost.
    pub(crate) fn account(&self, index: usize) -> [i128; 5] {
        let image = self.shard.image();
        let id = portfolio(index);
        let found = image.portfolios.iter().find(|portfolio| portfolio.id == id).expect("it was opened");
        let held = found.positions.iter().find(|position| position.instrument == INSTRUMENT);
        let (shares, cost) = held.map_or((0, 0), |held| (i128::from(held.qty.raw()), held.cost_basis.raw()));
        let open = image.orders.iter().filter(|order| order.id.portfolio() == id);
        let reserved = open.map(|order| order.reserved.cash.raw()).sum();
        [found.cash.raw(), reserved, found.realized_pnl.raw(), shares, cost]
    }

    fn apply(&mut self, time: i64, command: Command) -> CommandReply {
        let mut events = Vec::new();
        let reply = self.shard.apply(&Request { by: BY, command }, Time::from_nanos(time), &mut events);
        self.fold(&events);
        reply
    }

    fn fold(&mut self, events: &[Event]) {
        for event in events {
            match &event.body {
                EventBody::OrderAccepted(accepted) => self.outcome(accepted.order).status = "NEW",
                EventBody::OrderRejected(rejected) => {
                    let outcome = self.outcome(rejected.order);
                    (outcome.status, outcome.code) = ("REJECTED", rejected.reject.code.code());
                }
                EventBody::Filled(fill) => {
                    let time = event.time.nanos();
                    let outcome = self.outcome(fill.order);
                    let liquidity = match fill.liquidity {
                        Liquidity::Maker => "MAKER",
                        Liquidity::Taker => "TAKER",
                    };
                    outcome.status = if fill.completes { "FILLED" } else { "PARTIALLY_FILLED" };
                    outcome.filled += i128::from(fill.qty.raw());
                    outcome.value += fill.value.raw();
                    outcome.fills.push(format!("{}@{} {liquidity} at {time}", fill.qty, fill.price));
                }
                EventBody::OrderCanceled { order, .. } => self.outcome(*order).status = "CANCELED",
                EventBody::OrderExpired { order } => self.outcome(*order).status = "EXPIRED",
                EventBody::OrderSized(_) => unreachable!("the model is not asked for chains"),
                EventBody::OrderCapped { .. } => unreachable!("the model is not asked for price protection"),
                EventBody::OrderReplaced(_)
                | EventBody::OrderTriggered { .. }
                | EventBody::OrderTrailed { .. }
                | EventBody::InstrumentDefined(_)
                | EventBody::PortfolioOpened { .. }
                | EventBody::LimitsSet { .. }
                | EventBody::CashFlowed { .. } => {}
            }
        }
    }

    fn outcome(&mut self, order: OrderId) -> &mut Outcome {
        self.outcomes.entry(order).or_default()
    }
}

fn portfolio(index: usize) -> PortfolioId {
    PortfolioId::new(u32::try_from(index).expect("a few portfolios") + 1)
}

fn price(units: i128) -> Price {
    Price::from_raw(i64::try_from(units).expect("prices fit"))
}

fn qty(units: i128) -> Qty {
    Qty::from_raw(i64::try_from(units).expect("quantities fit"))
}

fn side(side: oracle::Side) -> Side {
    match side {
        oracle::Side::Buy => Side::Buy,
        oracle::Side::Sell => Side::Sell,
    }
}

fn trail(trail: oracle::Trail) -> model::Trail {
    match trail {
        oracle::Trail::Amount(amount) => model::Trail::Amount(price(amount)),
        oracle::Trail::Percent(percent) => {
            model::Trail::Percent(model::Percent::from_raw(i64::try_from(percent).expect("a percentage fits")))
        }
    }
}

fn terms(order: NewOrder) -> OrderTerms {
    OrderTerms {
        kind: kind(order.kind),
        size: match order.size {
            oracle::Size::Shares(shares) => Size::Shares(qty(shares)),
            oracle::Size::Notional(amount) => Size::Notional(Money::from_raw(amount)),
        },
        time_in_force: time_in_force(order.time_in_force),
        instructions: Instructions::default(),
    }
}

fn kind(kind: oracle::Kind) -> OrderKind {
    match kind {
        oracle::Kind::Market => OrderKind::Market,
        oracle::Kind::Limit { limit } => OrderKind::Limit { limit: price(limit) },
        oracle::Kind::Stop { stop } => OrderKind::Stop { stop: price(stop) },
        oracle::Kind::StopLimit { stop, limit } => OrderKind::StopLimit { stop: price(stop), limit: price(limit) },
        oracle::Kind::Trailing { trail: distance } => {
            OrderKind::TrailingStop { trail: trail(distance), activation: None }
        }
    }
}

fn time_in_force(time_in_force: oracle::TimeInForce) -> TimeInForce {
    match time_in_force {
        oracle::TimeInForce::Day => TimeInForce::Day,
        oracle::TimeInForce::Gtc => TimeInForce::GoodTilCanceled,
        oracle::TimeInForce::Ioc => TimeInForce::ImmediateOrCancel,
        oracle::TimeInForce::Fok => TimeInForce::FillOrKill,
    }
}

fn instrument() -> Instrument {
    Instrument {
        id: INSTRUMENT,
        symbol: Symbol::parse("IBM").expect("a ticker"),
        name: "International Business Machines".into(),
        exchange: "NYSE".into(),
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
