//! A desk: one shard, one portfolio, one instrument, and the orders of a script.

use crate::{LeanBar, from_raw, raw};
use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{
    AssetClass, Bar, CalendarId, ClientOrderId, ClientOrderKey, Command, CommandReply, Currency, Event, EventBody,
    ExecutionProfile, Fill, Instrument, InstrumentId, InstrumentStatus, Money, NewChain, NewOrder, Note, OrderId,
    OrderKind, OrderTerms, Origin, PortfolioId, Price, Qty, Quote, Request, RiskLimits, Side, Size, Stamped,
    StampedBar, SubmittedBy, Symbol, Tick, TickBody, TickSeq, Time, TimeInForce, Trade, TradeConditions,
    TradingHours, UserId,
};
use rust_decimal::Decimal;

const PORTFOLIO: PortfolioId = PortfolioId::new(1);
const INSTRUMENT: InstrumentId = InstrumentId::new(1);
/// More than any script asks for: LEAN does not look at what is shown.
const SIZE: Qty = Qty::whole(100_000_000);

/// How a desk is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    /// With how much.
    pub cash: i64,
    /// Under which rules.
    pub profile: ExecutionProfile,
    /// How long after the bell an auction waits for its bar.
    pub auction_wait_ns: i64,
    /// Whose hours rule.
    pub calendar: CalendarId,
}

/// An order of a script.
#[derive(Clone, Debug)]
pub struct Order {
    /// Which way.
    pub side: Side,
    /// How many.
    pub qty: i64,
    /// What type.
    pub kind: OrderKind,
    /// How long.
    pub time_in_force: TimeInForce,
    /// Whether it trades before and after the session, too.
    pub extended: bool,
    /// What hangs on it.
    pub chain: Option<Box<NewChain>>,
}

impl Order {
    /// Good till cancelled, and alone.
    #[must_use]
    pub const fn new(side: Side, qty: i64, kind: OrderKind) -> Self {
        Self { side, qty, kind, time_in_force: TimeInForce::GoodTilCanceled, extended: false, chain: None }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Desk {
    shard: Shard,
    events: Vec<Event>,
    now: Time,
    inputs: u64,
    sent: u32,
    last: Decimal,
}

impl Desk {
    /// A desk with cash.
    #[must_use]
    pub fn open(opened: Opened) -> Self {
        let Opened { cash, profile, auction_wait_ns, calendar } = opened;
        let config =
            ShardConfig { calendar: CalendarPolicy::OfInstrument, auction_wait_ns, ..ShardConfig::default() };
        let mut desk = Self {
            shard: Shard::new(config),
            events: Vec::new(),
            now: Time::EARLIEST,
            inputs: 0,
            sent: 0,
            last: Decimal::ZERO,
        };
        let step = Price::from_raw(1);
        desk.command(Command::DefineInstrument(Instrument {
            id: INSTRUMENT,
            symbol: Symbol::parse("IT").expect("a symbol"),
            name: "what the script trades".into(),
            exchange: "OUTSIDE".into(),
            asset_class: AssetClass::Equity,
            currency: Currency::Usd,
            tick_size: step,
            tick_size_below_one: step,
            lot_size: Qty::whole(1),
            calendar,
            tradable: true,
            shortable: false,
            status: InstrumentStatus::Active,
        }));
        desk.command(Command::OpenPortfolio {
            portfolio: PORTFOLIO,
            currency: Currency::Usd,
            starting_balance: Money::whole(cash),
            limits: RiskLimits::default(),
            profile: Box::new(profile),
        });
        desk
    }

    fn command(&mut self, command: Command) -> CommandReply {
        let by = SubmittedBy { user: UserId::new(1), origin: Origin::Automated };
        self.shard.apply(&Request { by, command }, self.now, &mut self.events)
    }

    fn next_input(&mut self) -> TickSeq {
        self.inputs += 1;
        TickSeq::new(self.inputs)
    }

    /// A bar of trades.
    pub fn bar(&mut self, bar: &LeanBar) {
        self.bar_of(bar, bar.prices);
        self.last = bar.close();
    }

    /// A bar of these prices in the stretch of another, such as that of its asks.
    pub fn bar_of(&mut self, stretch: &LeanBar, prices: [Decimal; 4]) {
        let [open, high, low, close] = prices.map(price);
        let LeanBar { open_time, close_time, .. } = *stretch;
        let volume = (stretch.volume > 0).then(|| Qty::whole(stretch.volume));
        let bar = Bar { instrument: INSTRUMENT, open_time, close_time, open, high, low, close, volume };
        assert_eq!(bar.fault(), None, "{bar:?}");
        self.now = close_time;
        let stamped = StampedBar { seq: self.next_input(), now: close_time, bar };
        self.shard.on_bar(&stamped, &mut self.events);
    }

    fn tick(&mut self, body: TickBody) {
        let tick = Tick { instrument: INSTRUMENT, time: self.now, body };
        let stamped = Stamped { seq: self.next_input(), now: self.now, tick };
        self.shard.on_tick(&stamped, &mut self.events);
    }

    /// A bid and an ask that anybody may have as much of as he wants.
    pub fn quote(&mut self, time: Time, bid: Decimal, ask: Decimal) {
        self.now = time;
        let (bid, ask) = (price(bid), price(ask));
        self.tick(TickBody::Quote(Quote { bid, bid_size: SIZE, ask, ask_size: SIZE }));
    }

    /// A print.
    pub fn trade(&mut self, time: Time, at: Decimal, size: i64, conditions: TradeConditions) {
        self.now = self.now.max(time);
        let aggressor = model::Aggressor::Unknown;
        let size = Qty::whole(size);
        self.tick(TickBody::Trade(Trade { price: price(at), size, aggressor, conditions }));
        self.last = at;
    }

    /// The price at which its holding is worth what it is, where no bar says so.
    pub const fn mark(&mut self, price: Decimal) {
        self.last = price;
    }

    /// Lets time pass.
    pub fn pass_to(&mut self, time: Time) {
        self.now = self.now.max(time);
        self.shard.on_time(self.now, &mut self.events);
    }

    /// Sends an order; `None` when it was refused.
    pub fn send(&mut self, order: Order) -> Option<OrderId> {
        let size = Size::Shares(Qty::whole(order.qty));
        self.send_sized(order, size)
    }

    fn send_sized(&mut self, order: Order, size: Size) -> Option<OrderId> {
        self.sent += 1;
        let key = u128::from(self.sent) << 32;
        let mut terms = OrderTerms::plain(order.kind, size);
        terms.time_in_force = order.time_in_force;
        terms.instructions.hours = if order.extended { TradingHours::Extended } else { TradingHours::Regular };
        let new = NewOrder {
            portfolio: PORTFOLIO,
            client_order_id: ClientOrderId::parse(&format!("{key}")).expect("an id"),
            key: ClientOrderKey::new(key),
            fingerprint: 0,
            symbol: Symbol::parse("IT").expect("a symbol"),
            side: order.side,
            terms,
            chain: order.chain,
        };
        match self.command(Command::Submit(new)) {
            CommandReply::Accepted(id) => Some(id),
            CommandReply::OrderRejected(..)
            | CommandReply::Done
            | CommandReply::Duplicate(_)
            | CommandReply::Replaced(_)
            | CommandReply::Canceled(_)
            | CommandReply::Refused(_) => None,
        }
    }

    /// Buys or sells at the market: so many more, or fewer.
    pub fn trade_by(&mut self, change: i64) {
        let side = if change > 0 { Side::Buy } else { Side::Sell };
        if change != 0 {
            let sent = self.send(Order::new(side, change.abs(), OrderKind::Market));
            assert!(sent.is_some(), "{change} at {} with {}", self.now, self.cash());
        }
    }

    /// Buys or sells for an amount.
    pub fn send_amount(&mut self, side: Side, amount: Decimal) {
        let order = Order::new(side, 1, OrderKind::Market);
        let sent = self.send_sized(order, Size::Notional(Money::from_raw(raw(amount))));
        assert!(sent.is_some(), "{amount} at {} with {}", self.now, self.cash());
    }

    /// Puts in or takes out what makes the cash so much.
    pub fn set_cash(&mut self, cash: Decimal) {
        let more = Money::from_raw(raw(cash - self.cash()));
        let note = Note::parse("what others earned").expect("a note");
        if more.is_positive() {
            self.command(Command::Deposit { portfolio: PORTFOLIO, amount: more, note });
        } else if more.is_negative() {
            self.command(Command::Withdraw { portfolio: PORTFOLIO, amount: -more, note });
        }
    }

    /// Ends an order.
    pub fn cancel(&mut self, order: OrderId) {
        self.command(Command::Cancel { order });
    }

    /// Puts money in, as a dividend does.
    pub fn deposit(&mut self, time: Time, amount: Decimal) {
        self.now = self.now.max(time);
        let note = Note::parse("dividend").expect("a note");
        let amount = Money::from_raw(raw(amount));
        self.command(Command::Deposit { portfolio: PORTFOLIO, amount, note });
    }

    /// Every fill so far.
    pub fn fills(&self) -> impl Iterator<Item = (&Event, &Fill)> {
        self.events.iter().filter_map(|event| match &event.body {
            EventBody::Filled(fill) => Some((event, &**fill)),
            _ => None,
        })
    }

    /// Whether an order is open.
    #[must_use]
    pub fn is_open(&self, order: OrderId) -> bool {
        self.shard.open_orders().any(|open| open.id == order)
    }

    /// How many orders are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.shard.open_order_count()
    }

    /// How many orders were sent.
    #[must_use]
    pub const fn sent(&self) -> u32 {
        self.sent
    }

    /// What is held.
    #[must_use]
    pub fn qty(&self) -> i64 {
        let standing = self.shard.portfolios().next().expect("one portfolio");
        standing.account.position(INSTRUMENT).map_or(0, |position| position.qty.raw() / model::SCALE)
    }

    /// The cash.
    #[must_use]
    pub fn cash(&self) -> Decimal {
        from_raw(self.shard.portfolios().next().expect("one portfolio").account.cash.raw())
    }

    /// What was paid in fees.
    #[must_use]
    pub fn fees(&self) -> Decimal {
        from_raw(self.shard.portfolios().next().expect("one portfolio").account.fees_paid.raw())
    }

    /// What all is worth at the last price.
    #[must_use]
    pub fn equity(&self) -> Decimal {
        self.cash() + Decimal::from(self.qty()) * self.last
    }

    /// The last price.
    #[must_use]
    pub const fn last(&self) -> Decimal {
        self.last
    }
}

fn price(value: Decimal) -> Price {
    Price::from_raw(i64::try_from(raw(value)).expect("a price in range"))
}
