//! The naive model: what an engine must do with an input, found by looking through a plain list of open orders.
//!
//! Written from the documented rules, in plain integers, without an index, a cache or a group. It walks beside
//! the engine: it says what the next event must be, compares, and takes the engine's event into the record. It
//! must never look at the engine's state. Invariant: record and model stand at the same event.

mod arrive;
mod decide;
mod market;
mod replace;

use crate::history::History;
use crate::known::{Kind, TimeInForce};
use crate::order::Order;
use crate::violation::{Checked, Invariant, broken, check};
use engine::IndexWalk;
use market::Market;
use model::calendar::session_at_or_after;
use model::{
    CalendarId, CancelReason, Command, CommandReply, Event, EventBody, Fill, InstrumentId, InstrumentStatus,
    OrderAccepted, OrderId, OrderReplaced, Origin, PortfolioId, Price, Request, Side, SubmittedBy, TickBody,
    TickSeq, Time, Trail, UserId,
};
use runtime::stepping::{Seen, SeenInput};
use std::collections::BTreeMap;

/// What is not in events: the market as one engine sees it, and what orders wait for in it.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    hours: bool,
    age: i64,
    now: i64,
    tick: u64,
    markets: BTreeMap<InstrumentId, Market>,
    /// What is displayed ahead of a resting limit; nobody knows where there is no entry.
    ahead: BTreeMap<OrderId, i128>,
    /// The marks of waiting trailing stops.
    marks: BTreeMap<OrderId, Price>,
    /// What a portfolio took of a displayed size: of the ask with buys, of the bid with sells.
    taken: BTreeMap<(InstrumentId, Side, PortfolioId), i128>,
    /// What a portfolio took of the print at hand.
    taken_of_print: BTreeMap<PortfolioId, i128>,
    print: u64,
}

impl Reference {
    /// A new process: the state of the events, and a market that nobody has seen.
    pub fn restart(&mut self, history: &History, hours: bool, age: i64) {
        let book = &history.book;
        *self = Self { hours, age, now: book.time.nanos(), ..Self::default() };
        for id in book.instruments.keys() {
            self.markets.insert(*id, Market::default());
        }
        for order in book.open.iter().map(|id| &book.orders[id]) {
            if let Some(mark) = order.hwm {
                self.marks.insert(order.id, mark);
            }
            let market = self.markets.entry(order.instrument.expect("open")).or_default();
            market.queue_unknown |= !order.waits() && order.limit().is_some();
        }
    }

    /// Walks beside the engine through one input, and takes its events into the record.
    ///
    /// # Errors
    /// Where the engine did something else than the model says, or an event breaks an invariant.
    pub fn judge(&mut self, history: &mut History, seen: &Seen) -> Checked {
        let mut walk = Walk { model: self, history, seen, at: 0 };
        walk.input()?;
        let left = &seen.events[walk.at..];
        for event in left {
            walk.history.push(event)?;
        }
        check(left.is_empty(), Invariant::EngineIsModel, || {
            format!("the engine made {left:?} of {:?}, the model nothing", seen.input)
        })
    }
}

impl Reference {
    /// Trailing stops whose mark moved and was not recorded.
    #[must_use]
    pub fn unrecorded(&self, history: &History) -> Vec<OrderId> {
        let book = &history.book;
        let open = book.open.iter().map(|id| &book.orders[id]).filter(|order| order.waits());
        open.filter(|order| self.marks.get(&order.id).copied() != order.hwm).map(|order| order.id).collect()
    }

    /// What the price index of an instrument and side must hold, by a scan of the open orders.
    #[must_use]
    pub fn index(&self, history: &History, instrument: InstrumentId, side: Side) -> IndexWalk {
        let book = &history.book;
        let orders = book.open.iter().map(|id| &book.orders[id]);
        let mine: Vec<&Order> =
            orders.filter(|order| order.instrument == Some(instrument) && order.side == side).collect();
        let mut trading: Vec<&Order> = mine.iter().copied().filter(|order| !order.waits()).collect();
        trading.sort_by_key(|order| (keenness(order), order.priority));
        let stop = |order: &&Order| match order.kind() {
            Kind::Stop { stop } | Kind::StopLimit { stop, .. } => Some((stop.raw(), order.id)),
            Kind::TrailingStop { trail } => {
                let mark = self.marks.get(&order.id)?;
                Some((stop_from(trail, side, *mark), order.id))
            }
            Kind::Market | Kind::Limit { .. } => None,
        };
        let stops: Vec<(i64, OrderId)> = mine.iter().filter(|order| order.waits()).filter_map(stop).collect();
        let first_rank = trading.first().map_or(i64::MAX, |order| keenness(order));
        let prices = stops.iter().map(|(stop, _)| *stop);
        let (first_limit, first_stop) = match side {
            Side::Buy => {
                let limit = match first_rank {
                    i64::MAX => i64::MIN,
                    i64::MIN => i64::MAX,
                    rank => -rank,
                };
                (limit, prices.min().unwrap_or(i64::MAX))
            }
            Side::Sell => (first_rank, prices.max().unwrap_or(i64::MIN)),
        };
        let mut stops: Vec<OrderId> = stops.into_iter().map(|(_, id)| id).collect();
        stops.sort_unstable();
        IndexWalk { trading: trading.iter().map(|order| order.id).collect(), stops, first_limit, first_stop }
    }
}

/// The keenest first: without a limit before every price, then the better limit.
fn keenness(order: &Order) -> i64 {
    order.limit().map_or(i64::MIN, |limit| match order.side {
        Side::Buy => -limit.raw(),
        Side::Sell => limit.raw(),
    })
}

/// One input on its way.
struct Walk<'a> {
    model: &'a mut Reference,
    history: &'a mut History,
    seen: &'a Seen,
    at: usize,
}

impl Walk<'_> {
    fn input(&mut self) -> Checked {
        match &self.seen.input {
            SeenInput::Request(request, now, reply) => {
                self.time(now.nanos())?;
                let expected = self.request(request)?;
                check(same_reply(&expected, reply), Invariant::EngineIsModel, || {
                    format!("{:?} was answered {reply:?}, the model says {expected:?}", request.command)
                })
            }
            SeenInput::Tick(stamped) => {
                let now = stamped.now.nanos();
                if now < self.model.now || self.next_timer().is_some_and(|(at, _)| at <= now) {
                    self.time(now)?;
                }
                self.model.now = self.model.now.max(now);
                self.model.tick = stamped.seq.get();
                let tick = &stamped.tick;
                if !self.model.markets.contains_key(&tick.instrument) {
                    return Ok(());
                }
                match &tick.body {
                    TickBody::Quote(quote) => self.quote(tick.instrument, tick.time.nanos(), *quote),
                    TickBody::Trade(trade) => self.print(tick.instrument, tick.time.nanos(), *trade),
                }
            }
            SeenInput::Time(now) => self.time(now.nanos()),
            SeenInput::FeedLost(now) => {
                self.time(now.nanos())?;
                self.model.markets.values_mut().for_each(Market::distrust);
                Ok(())
            }
            SeenInput::Flush => self.flush(),
        }
    }

    /// The engine's next event must be this one; it is taken into the record either way.
    fn emit(&mut self, portfolio: PortfolioId, body: EventBody) -> Checked {
        let Some(actual) = self.seen.events.get(self.at) else {
            return broken(
                Invariant::EngineIsModel,
                format!("of {:?} the model makes {body:?}, the engine nothing", self.seen.input),
            );
        };
        self.at += 1;
        let seq = actual.seq;
        let expected = Event {
            portfolio,
            seq,
            time: Time::from_nanos(self.model.now),
            tick: TickSeq::new(self.model.tick),
            body,
        };
        self.history.push(actual)?;
        check(same_event(&expected, actual), Invariant::EngineIsModel, || {
            format!("of {:?} the engine made {actual:?}, the model says {expected:?}", self.seen.input)
        })
    }

    fn order(&self, id: OrderId) -> &Order {
        &self.history.book.orders[&id]
    }

    /// The open orders that satisfy this, by id.
    fn open(&self, wanted: impl Fn(&Order) -> bool) -> Vec<OrderId> {
        let book = &self.history.book;
        book.open.iter().copied().filter(|id| wanted(&book.orders[id])).collect()
    }

    fn calendar(&self, instrument: InstrumentId) -> CalendarId {
        if self.model.hours { self.history.book.instruments[&instrument].calendar } else { CalendarId::AlwaysOpen }
    }

    fn is_open(&self, calendar: CalendarId) -> bool {
        let now = Time::from_nanos(self.model.now);
        match calendar {
            CalendarId::AlwaysOpen => true,
            CalendarId::Xnys => session_at_or_after(CalendarId::Xnys, now).contains(now),
        }
    }

    fn trades_now(&self, instrument: InstrumentId) -> bool {
        let active = self.history.book.instruments[&instrument].status == InstrumentStatus::Active;
        active && self.is_open(self.calendar(instrument))
    }

    /// When a day order of now ends; unknown before any time is.
    fn day_end(&self, instrument: InstrumentId) -> Option<Time> {
        let now = Time::from_nanos(self.model.now);
        (self.model.now > 0).then(|| session_at_or_after(self.calendar(instrument), now).close)
    }

    /// The next order that ends by time or must learn when it does.
    fn next_timer(&self) -> Option<(i64, OrderId)> {
        let book = &self.history.book;
        let timers = book.open.iter().filter_map(|id| {
            let order = &book.orders[id];
            match (TimeInForce::of(order.terms.time_in_force), order.expires_at) {
                (_, Some(end)) => Some((end.nanos(), *id)),
                (TimeInForce::Day, None) => Some((1, *id)),
                (
                    TimeInForce::GoodTilCanceled | TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill,
                    None,
                ) => None,
            }
        });
        timers.min()
    }

    /// Time passes: what ends by then ends, each at its own instant.
    fn time(&mut self, now: i64) -> Checked {
        while let Some((at, id)) = self.next_timer().filter(|(at, _)| *at <= now) {
            if at > 1 {
                self.model.now = self.model.now.max(at);
                self.emit(id.portfolio(), EventBody::OrderExpired { order: id })?;
                self.forget(id);
                continue;
            }
            self.model.now = now;
            let order = self.order(id).clone();
            let replaced = OrderReplaced {
                order: id,
                by: SubmittedBy { user: UserId::new(0), origin: Origin::System },
                terms: order.terms,
                expires_at: self.day_end(order.instrument.expect("open")),
                hwm: order.hwm,
                reserved: order.reserved,
                revision: order.revision,
                keeps_priority: true,
            };
            let ahead = self.model.ahead.get(&id).copied();
            self.emit(id.portfolio(), EventBody::OrderReplaced(Box::new(replaced)))?;
            self.enter(id);
            self.set_ahead(id, ahead);
        }
        self.model.now = self.model.now.max(now);
        Ok(())
    }

    fn set_ahead(&mut self, id: OrderId, ahead: Option<i128>) {
        match ahead {
            Some(ahead) => self.model.ahead.insert(id, ahead),
            None => self.model.ahead.remove(&id),
        };
    }

    /// An order that ended waits for nothing.
    fn forget(&mut self, id: OrderId) {
        if !self.history.book.open.contains(&id) {
            self.model.ahead.remove(&id);
            self.model.marks.remove(&id);
        }
    }

    /// The marks that moved are recorded, in the order of time.
    fn flush(&mut self) -> Checked {
        let mut moved = self.model.unrecorded(self.history);
        moved.sort_by_key(|id| self.order(*id).priority);
        for id in moved {
            let hwm = self.model.marks[&id];
            self.emit(id.portfolio(), EventBody::OrderTrailed { order: id, hwm })?;
        }
        Ok(())
    }

    /// The price that releases a stop now.
    fn stop_of(&self, order: &Order) -> Option<i64> {
        match order.kind() {
            Kind::Stop { stop } | Kind::StopLimit { stop, .. } => Some(stop.raw()),
            Kind::TrailingStop { trail } => {
                self.model.marks.get(&order.id).map(|mark| stop_from(trail, order.side, *mark))
            }
            Kind::Market | Kind::Limit { .. } => None,
        }
    }

    fn cancel(&mut self, id: OrderId, reason: CancelReason, by: Option<SubmittedBy>) -> Checked {
        self.emit(id.portfolio(), EventBody::OrderCanceled { order: id, reason, by })?;
        self.forget(id);
        Ok(())
    }

    fn request(&mut self, request: &Request<Command>) -> Checked<CommandReply> {
        let command = &request.command;
        let id = command.portfolio();
        let stands = self.history.book.folios.contains_key(&id);
        match command {
            Command::DefineInstrument(instrument) => self.define(instrument),
            Command::OpenPortfolio { .. } if stands => Ok(CommandReply::Done),
            Command::OpenPortfolio { currency, starting_balance, limits, profile, .. } => {
                let body = EventBody::PortfolioOpened {
                    currency: *currency,
                    starting_balance: *starting_balance,
                    limits: *limits,
                    profile: profile.clone(),
                    by: request.by,
                };
                self.emit(id, body)?;
                Ok(CommandReply::Done)
            }
            _ if !stands => Ok(decide::refused(model::RejectCode::UnknownPortfolio)),
            Command::SetLimits { limits, .. } => {
                self.emit(id, EventBody::LimitsSet { limits: *limits, by: request.by })?;
                Ok(CommandReply::Done)
            }
            Command::Deposit { amount, note, .. } => self.flow((id, request.by), *amount, note, true),
            Command::Withdraw { amount, note, .. } => self.flow((id, request.by), *amount, note, false),
            Command::Submit(order) => self.submit(order, request.by),
            Command::Cancel { order } => match self.refuse_ended(*order) {
                Some(refused) => Ok(refused),
                None => {
                    self.cancel(*order, CancelReason::Requested, Some(request.by))?;
                    Ok(CommandReply::Canceled(vec![*order]))
                }
            },
            Command::CancelAll { symbol, .. } => {
                let ids = self.open(|order| {
                    order.id.portfolio() == id && symbol.is_none_or(|symbol| symbol == order.symbol)
                });
                for order in &ids {
                    self.cancel(*order, CancelReason::Requested, Some(request.by))?;
                }
                Ok(CommandReply::Canceled(ids))
            }
            Command::Replace { order, amendment } => self.replace(*order, amendment, request.by),
        }
    }
}

/// Where a trailing stop stands below or above its mark.
fn stop_from(trail: Trail, side: Side, mark: Price) -> i64 {
    let distance = match trail {
        Trail::Amount(amount) => i128::from(amount.raw()),
        Trail::Percent(percent) => crate::book::divide_half_even(
            i128::from(mark.raw()) * i128::from(percent.raw()),
            100 * i128::from(model::SCALE),
        ),
    };
    let distance = i64::try_from(distance).expect("a distance is a price");
    match side {
        Side::Sell => mark.raw() - distance,
        Side::Buy => mark.raw() + distance,
    }
}

/// Equal but for the words of a refusal.
fn same_reply(expected: &CommandReply, actual: &CommandReply) -> bool {
    match (expected, actual) {
        (CommandReply::OrderRejected(left, expected), CommandReply::OrderRejected(right, actual)) => {
            left == right && expected.code == actual.code
        }
        (CommandReply::Refused(expected), CommandReply::Refused(actual)) => expected.code == actual.code,
        (expected, actual) => expected == actual,
    }
}

fn same_event(expected: &Event, actual: &Event) -> bool {
    let head = |event: &Event| (event.portfolio, event.seq, event.time, event.tick);
    let same_body = match (&expected.body, &actual.body) {
        (EventBody::OrderRejected(left), EventBody::OrderRejected(right)) => {
            let (mut left, mut right) = (left.clone(), right.clone());
            let same = left.reject.code == right.reject.code;
            left.reject.message = "".into();
            right.reject.message = "".into();
            same && left == right
        }
        (left, right) => left == right,
    };
    head(expected) == head(actual) && same_body
}

/// What the model needs of types that only its parts name.
type Accepted = Box<OrderAccepted>;
type Filled = Box<Fill>;
