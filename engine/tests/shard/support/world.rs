//! A shard with names for its portfolios, symbols and orders, that checks itself.

use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{
    AssetClass, CalendarId, ClientOrderId, ClientOrderKey, Command, CommandReply, Currency, Event, EventBody,
    ExecutionProfile, Instrument, InstrumentId, InstrumentStatus, Liquidity, Money, NewOrder, Note, OrderId,
    OrderImage, OrderKind, Origin, PortfolioId, PortfolioImage, Price, Qty, Quote, Request, Reservation,
    RiskLimits, Side, Size, Stamped, SubmittedBy, Symbol, Tick, TickBody, TickSeq, Time, TimeInForce, UserId,
};
use std::collections::BTreeMap;

/// Monday 2026-03-02 at 15:00 UTC, 10:00 in New York.
const START_SECONDS: i64 = 1_772_463_600;
/// The symbols of every scenario: `BTC/USD` trades in hundred-millionths.
const SYMBOLS: [&str; 3] = ["AAPL", "MSFT", "BTC/USD"];

pub(crate) struct World {
    config: ShardConfig,
    pub(crate) shard: Shard,
    pub(crate) events: Vec<Event>,
    now: Time,
    ticks: u64,
    exchange_shift: i64,
    orders: BTreeMap<String, OrderId>,
    sent: u64,
    next_key: u128,
}

fn by() -> SubmittedBy {
    SubmittedBy { user: UserId::new(1), origin: Origin::Manual }
}

pub(crate) fn parse_time(text: &str) -> Time {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i32>().expect("digits of a time");
    let date = model::calendar::Date::from_civil(number(0..4), number(5..7), number(8..10));
    let seconds = number(11..13) * 3_600 + number(14..16) * 60 + number(17..19);
    let time = Time::from_seconds(date.midnight_utc().seconds() + i64::from(seconds));
    let fraction = text[19..].trim_end_matches('Z').trim_start_matches('.');
    time.plus_nanos(format!("{fraction:0<9}").parse().expect("digits of a fraction"))
}

pub(crate) fn instrument(row: u32, symbol: &str) -> Instrument {
    let is_crypto = symbol.contains('/');
    Instrument {
        id: InstrumentId::new(row),
        symbol: Symbol::parse(symbol).expect("a symbol"),
        name: symbol.into(),
        exchange: "TEST".into(),
        asset_class: if is_crypto { AssetClass::Crypto } else { AssetClass::Equity },
        currency: Currency::Usd,
        tick_size: Price::from_raw(1_000_000),
        tick_size_below_one: Price::from_raw(10_000),
        lot_size: if is_crypto { Qty::from_raw(1) } else { Qty::whole(1) },
        calendar: if is_crypto { CalendarId::AlwaysOpen } else { CalendarId::Xnys },
        tradable: true,
        shortable: false,
        status: InstrumentStatus::Active,
    }
}

impl World {
    pub(crate) fn new(of_instrument: bool) -> Self {
        Self::begin(of_instrument, Time::from_seconds(START_SECONDS))
    }

    pub(crate) fn begin(of_instrument: bool, now: Time) -> Self {
        let calendar = if of_instrument { CalendarPolicy::OfInstrument } else { CalendarPolicy::AlwaysOpen };
        let config = ShardConfig { calendar, ..ShardConfig::default() };
        let mut world = Self {
            config,
            shard: Shard::new(config),
            events: Vec::new(),
            now,
            ticks: 0,
            exchange_shift: 0,
            orders: BTreeMap::new(),
            sent: 0,
            next_key: 0,
        };
        for (row, symbol) in (1..).zip(SYMBOLS) {
            world.command(Command::DefineInstrument(instrument(row, symbol)));
        }
        world.open("A", "1000000");
        world
    }

    pub(crate) fn portfolio(&self, name: &str) -> PortfolioId {
        PortfolioId::new(u32::from(name.as_bytes()[0] - b'A') + 1)
    }

    pub(crate) fn order(&self, name: &str) -> OrderId {
        self.orders.get(name).copied().unwrap_or(OrderId::of(PortfolioId::new(1), model::OrderNumber::new(99)))
    }

    fn symbol_row(symbol: &str) -> u32 {
        (1..).zip(SYMBOLS).find(|(_, known)| *known == symbol).expect("a known symbol").0
    }

    pub(crate) fn now(&self) -> Time {
        self.now
    }

    pub(crate) fn open(&mut self, name: &str, cash: &str) -> Vec<String> {
        let portfolio = self.portfolio(name);
        self.command(Command::OpenPortfolio {
            portfolio,
            currency: Currency::Usd,
            starting_balance: cash.parse().expect("an amount"),
            limits: RiskLimits::default(),
            profile: ExecutionProfile::Realistic,
        })
    }

    pub(crate) fn withdraw(&mut self, name: &str, amount: &str) -> Vec<String> {
        self.command(Command::Withdraw {
            portfolio: self.portfolio(name),
            amount: amount.parse().expect("an amount"),
            note: Note::parse("").expect("an empty note"),
        })
    }

    /// Gives a holding by an ordinary purchase from a quote that is then lost again.
    pub(crate) fn hold(&mut self, name: &str, symbol: &str, qty: &str, price: &str) -> Vec<String> {
        let (qty, price): (Qty, Price) = (qty.parse().expect("a quantity"), price.parse().expect("a price"));
        self.tick(symbol, TickBody::Quote(Quote { bid: price, bid_size: qty, ask: price, ask_size: qty }));
        let order = self.new_order(name, symbol, Side::Buy, None);
        self.submit(NewOrder { size: Size::Shares(qty), ..order }, None);
        self.tick(symbol, TickBody::Quote(Quote::default()));
        self.feed_lost()
    }

    pub(crate) fn set_halted(&mut self, symbol: &str, halted: bool) -> Vec<String> {
        let status = if halted { InstrumentStatus::Halted } else { InstrumentStatus::Active };
        let row = instrument(Self::symbol_row(symbol), symbol);
        self.command(Command::DefineInstrument(Instrument { status, ..row }))
    }

    pub(crate) fn new_order(&mut self, portfolio: &str, symbol: &str, side: Side, name: Option<&str>) -> NewOrder {
        self.next_key += 1;
        // A name that was used before is a client order id used again.
        let key = name
            .map_or(self.next_key, |name| name.bytes().fold(1 << 64, |key, byte| key * 256 + u128::from(byte)));
        NewOrder {
            portfolio: self.portfolio(portfolio),
            client_order_id: ClientOrderId::parse(name.unwrap_or("unnamed")).expect("a client order id"),
            key: ClientOrderKey::new(key),
            fingerprint: 0,
            symbol: Symbol::parse(symbol).expect("a symbol"),
            side,
            kind: OrderKind::Market,
            size: Size::Shares(Qty::whole(1)),
            time_in_force: TimeInForce::GoodTilCanceled,
        }
    }

    pub(crate) fn submit(&mut self, mut order: NewOrder, name: Option<&str>) -> Vec<String> {
        let meaning = format!("{:?}", (order.side, order.kind, order.size, order.time_in_force));
        order.fingerprint = meaning.bytes().fold(7, |hash: u64, byte| hash.wrapping_mul(31) + u64::from(byte));
        self.sent += 1;
        let before = self.events.len();
        let reply = self.apply(Command::Submit(order));
        let id = match &reply {
            CommandReply::Accepted(id) | CommandReply::OrderRejected(id, _) => *id,
            CommandReply::Duplicate(id) => return vec![format!("duplicate {}", self.name_of(*id))],
            CommandReply::Refused(reject) => return vec![format!("refused {}", reject.code)],
            CommandReply::Done | CommandReply::Replaced(_) | CommandReply::Canceled(_) => {
                panic!("a submit is answered with an order")
            }
        };
        self.orders.insert(name.map_or_else(|| format!("order{}", self.sent), str::to_owned), id);
        self.describe(before, Some(id))
    }

    fn apply(&mut self, command: Command) -> CommandReply {
        let request = Request { by: by(), command };
        self.shard.apply(&request, self.now, &mut self.events)
    }

    pub(crate) fn command(&mut self, command: Command) -> Vec<String> {
        let concerned = match &command {
            Command::Replace { order, .. } | Command::Cancel { order } => Some(*order),
            Command::DefineInstrument(_)
            | Command::OpenPortfolio { .. }
            | Command::SetLimits { .. }
            | Command::Deposit { .. }
            | Command::Withdraw { .. }
            | Command::Submit(_)
            | Command::CancelAll { .. } => None,
        };
        let before = self.events.len();
        match self.apply(command) {
            CommandReply::Refused(reject) => {
                assert_eq!(self.events.len(), before, "a refusal changes nothing");
                vec![format!("refused {}", reject.code)]
            }
            CommandReply::Done
            | CommandReply::Accepted(_)
            | CommandReply::OrderRejected(..)
            | CommandReply::Duplicate(_)
            | CommandReply::Replaced(_)
            | CommandReply::Canceled(_) => self.describe(before, concerned),
        }
    }

    pub(crate) fn tick(&mut self, symbol: &str, body: TickBody) -> Vec<String> {
        self.ticks += 1;
        let instrument = InstrumentId::new(Self::symbol_row(symbol));
        let tick = Tick { instrument, time: self.now.plus_nanos(self.exchange_shift), body };
        let stamped = Stamped { seq: TickSeq::new(self.ticks), now: self.now, tick };
        let before = self.events.len();
        self.shard.on_tick(&stamped, &mut self.events);
        self.describe(before, None)
    }

    pub(crate) fn shift_exchange_time(&mut self, nanos: i64) -> Vec<String> {
        self.exchange_shift = nanos;
        Vec::new()
    }

    pub(crate) fn at(&mut self, time: &str) -> Vec<String> {
        self.pass_to(parse_time(time))
    }

    pub(crate) fn pass_to(&mut self, time: Time) -> Vec<String> {
        self.now = time;
        let before = self.events.len();
        self.shard.on_time(self.now, &mut self.events);
        self.describe(before, None)
    }

    /// Moves the clock without telling the shard, so that the next input brings the time.
    pub(crate) fn set_clock(&mut self, time: &str) -> Vec<String> {
        self.now = parse_time(time);
        Vec::new()
    }

    pub(crate) fn feed_lost(&mut self) -> Vec<String> {
        let before = self.events.len();
        self.shard.on_feed_lost(self.now, &mut self.events);
        self.describe(before, None)
    }

    pub(crate) fn flush(&mut self) -> Vec<String> {
        let before = self.events.len();
        self.shard.flush_trailing(&mut self.events);
        self.describe(before, None)
    }

    pub(crate) fn restart(&mut self) -> Vec<String> {
        self.shard = Shard::restore(self.config, &self.shard.image());
        Vec::new()
    }

    fn name_of(&self, id: OrderId) -> String {
        let named = self.orders.iter().find(|(_, known)| **known == id);
        named.map_or_else(|| format!("order{}", id.number()), |(name, _)| name.clone())
    }

    /// What happened since, in words; the order that a line is about goes without its name.
    fn describe(&self, since: usize, about: Option<OrderId>) -> Vec<String> {
        let prefix = |order: OrderId| {
            if about == Some(order) { String::new() } else { format!("{}: ", self.name_of(order)) }
        };
        let describe = |event: &Event| match &event.body {
            EventBody::InstrumentDefined(_)
            | EventBody::PortfolioOpened { .. }
            | EventBody::LimitsSet { .. }
            | EventBody::CashFlowed { .. }
            | EventBody::OrderAccepted(_)
            | EventBody::OrderReplaced(_) => None,
            EventBody::OrderRejected(rejected) => Some(format!("rejected {}", rejected.reject.code)),
            EventBody::OrderTriggered { order, reference } => {
                Some(format!("{}triggered {reference}", prefix(*order)))
            }
            EventBody::OrderTrailed { order, hwm } => Some(format!("{}hwm {hwm}", prefix(*order))),
            EventBody::Filled(fill) => {
                let liquidity = match fill.liquidity {
                    Liquidity::Maker => "maker",
                    Liquidity::Taker => "taker",
                };
                Some(format!("{}fill {}@{} {liquidity}", prefix(fill.order), fill.qty, fill.price))
            }
            EventBody::OrderCanceled { order, reason, .. } => {
                Some(format!("{}canceled {}", prefix(*order), reason.name()))
            }
            EventBody::OrderExpired { order } => Some(format!("{}expired {}", prefix(*order), event.time)),
        };
        self.events[since..].iter().filter_map(describe).collect()
    }

    fn order_image(&self, name: &str) -> Option<OrderImage> {
        let id = self.order(name);
        self.shard.image().orders.into_iter().find(|order| order.id == id)
    }

    pub(crate) fn show_order(&self, name: &str) -> String {
        match self.order_image(name) {
            None => "gone".into(),
            Some(order) => match order.size {
                Size::Shares(qty) => format!("{} open", qty - order.filled_qty),
                Size::Notional(amount) => format!("${} open", amount - order.filled_value),
            },
        }
    }

    fn portfolio_image(&self, name: &str) -> PortfolioImage {
        let id = self.portfolio(name);
        self.shard.image().portfolios.into_iter().find(|row| row.id == id).expect("an open portfolio")
    }

    pub(crate) fn show_cash(&self, name: &str) -> String {
        let image = self.portfolio_image(name);
        let id = self.portfolio(name);
        let orders = self.shard.image().orders;
        let reserved: Money =
            orders.iter().filter(|order| order.id.portfolio() == id).map(|order| order.reserved.cash).sum();
        format!("{} free {}", image.cash, image.cash - reserved)
    }

    pub(crate) fn show_position(&self, name: &str, symbol: &str) -> String {
        let row = InstrumentId::new(Self::symbol_row(symbol));
        let position = self.portfolio_image(name).positions.into_iter().find(|row_of| row_of.instrument == row);
        position.map_or_else(
            || "none".into(),
            |held| format!("{} cost {} pnl {}", held.qty, held.cost_basis, held.realized_pnl),
        )
    }

    /// Invariants that hold after every input, counted from the facts alone.
    pub(crate) fn check(&self) {
        let image = self.shard.image();
        let mut folded = Shard::new(self.config);
        for event in &self.events {
            folded.fold(event);
        }
        assert_eq!(folded.image(), image, "facts alone give the same state");
        assert_eq!(Shard::restore(self.config, &image).image(), image, "an image comes back as it was");
        assert_eq!(self.shard.open_order_count(), image.orders.len());
        assert_eq!(self.shard.seq().get(), self.events.len() as u64);
        for portfolio in &image.portfolios {
            check_portfolio(portfolio, &image.orders, &self.events);
        }
        self.check_events();
    }

    fn check_events(&self) {
        let mut next: BTreeMap<PortfolioId, u64> = BTreeMap::new();
        let mut ended: BTreeMap<OrderId, u64> = BTreeMap::new();
        let mut time = Time::EARLIEST;
        for event in &self.events {
            assert!(event.time >= time, "event time does not go back");
            time = event.time;
            if event.portfolio != PortfolioId::SYSTEM {
                let expected = next.entry(event.portfolio).or_insert(1);
                assert_eq!(event.seq.get(), *expected, "messages are numbered without gaps");
                *expected += event.body.message_count();
            }
            let (order, ends) = match &event.body {
                EventBody::Filled(fill) => (fill.order, fill.completes),
                EventBody::OrderTriggered { order, .. } | EventBody::OrderTrailed { order, .. } => (*order, false),
                EventBody::OrderReplaced(replaced) => (replaced.order, false),
                EventBody::OrderCanceled { order, .. } | EventBody::OrderExpired { order } => (*order, true),
                EventBody::OrderRejected(rejected) => (rejected.order, true),
                EventBody::InstrumentDefined(_)
                | EventBody::PortfolioOpened { .. }
                | EventBody::LimitsSet { .. }
                | EventBody::CashFlowed { .. }
                | EventBody::OrderAccepted(_) => continue,
            };
            assert!(!ended.contains_key(&order), "nothing happens to an order after its end");
            if ends {
                ended.insert(order, event.seq.get());
            }
        }
    }
}

/// Cash, holdings and reservations, recomputed from the fills.
fn check_portfolio(portfolio: &PortfolioImage, orders: &[OrderImage], events: &[Event]) {
    let own: Vec<&OrderImage> = orders.iter().filter(|order| order.id.portfolio() == portfolio.id).collect();
    let reserved: Money = own.iter().map(|order| order.reserved.cash).sum();
    assert!(!(portfolio.cash - reserved).is_negative(), "free cash is not below nothing");
    let cost: Money = portfolio.positions.iter().map(|position| position.cost_basis).sum();
    assert_eq!(
        portfolio.cash + cost,
        portfolio.net_flows + portfolio.realized_pnl - portfolio.fees_paid,
        "cash and cost are what came in and what was earned"
    );
    let fills = || {
        events.iter().filter_map(|event| match &event.body {
            EventBody::Filled(fill) if fill.order.portfolio() == portfolio.id => Some(fill),
            EventBody::InstrumentDefined(_)
            | EventBody::PortfolioOpened { .. }
            | EventBody::LimitsSet { .. }
            | EventBody::CashFlowed { .. }
            | EventBody::OrderAccepted(_)
            | EventBody::OrderRejected(_)
            | EventBody::OrderReplaced(_)
            | EventBody::OrderTriggered { .. }
            | EventBody::OrderTrailed { .. }
            | EventBody::Filled(_)
            | EventBody::OrderCanceled { .. }
            | EventBody::OrderExpired { .. } => None,
        })
    };
    for position in &portfolio.positions {
        let of_this = fills().filter(|fill| fill.instrument == position.instrument);
        let qty: i64 = of_this.map(|fill| fill.side.signed(fill.qty).raw()).sum();
        assert_eq!(qty, position.qty.raw(), "a position is the sum of its fills");
        let selling = own.iter().filter(|order| order.instrument == position.instrument);
        let held: Qty = selling.map(|order| order.reserved.qty).sum();
        assert!(held.raw() <= position.qty.raw().max(0), "no more is held back than is held");
    }
    for order in own {
        let filled: Qty = fills().filter(|fill| fill.order == order.id).map(|fill| fill.qty).sum();
        assert_eq!(filled, order.filled_qty, "an order's fills add up");
        let left = match order.size {
            Size::Shares(qty) => qty > filled,
            Size::Notional(amount) => amount > order.filled_value,
        };
        assert!(left, "an open order has something left");
        // An amount that the price outran may have used up the holding; it ends at its next look.
        let sells_shares = order.side == Side::Sell && matches!(order.size, Size::Shares(_));
        assert!(!sells_shares || order.reserved != Reservation::default(), "a sell holds back its holding");
    }
}
