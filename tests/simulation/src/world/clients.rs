//! Clients: who they are, what they send, what they were told, and whether it was true.
//!
//! A client names every order and sends it again under the same name until it has an answer. It follows the
//! streams of its portfolios and resumes after the last message it saw. It must never be told two stories.

use super::World;
use crate::violation::{Checked, Invariant, broken, check};
use model::{
    Amendment, ClientOrderId, ClientOrderKey, Command, CommandReply, Instructions, Money, NewOrder, Note, OrderId,
    OrderKind, OrderTerms, Origin, Percent, PortfolioId, PortfolioSeq, Price, Qty, Request, RiskLimits, Side,
    Size, SubmittedBy, TimeInForce, Trail, UserId,
};
use runtime::{After, CutOff, RequestError, SubscribeError, Subscription};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

const CENT: i64 = 1_000_000;
const ONE: i64 = 100 * CENT;

type Answering = Pin<Box<dyn Future<Output = Result<CommandReply, RequestError>>>>;

/// A request under way.
pub(super) struct Flight {
    /// Its number, which travels with it as the user.
    pub(super) number: u32,
    client: usize,
    command: Command,
    answer: Answering,
}

/// An order that a client sent, under the name it gave it.
#[derive(Clone, Debug)]
struct Named {
    order: NewOrder,
    id: Option<OrderId>,
    /// Whether an answer settled it: taken, refused, or certain not to have happened and given up.
    settled: bool,
    /// Whether a request for it is under way.
    asked: bool,
}

/// A place in a portfolio's stream.
#[derive(Debug, Default)]
struct Following {
    subscription: Option<Subscription>,
    last: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Client {
    named: Vec<Named>,
    streams: BTreeMap<PortfolioId, Following>,
}

impl World {
    /// Clients that know of nothing yet.
    pub(super) fn make_clients(&mut self) {
        self.clients = (0..self.plan.clients).map(|_| Client::default()).collect();
    }

    /// Sends a command; its answer is looked for later.
    pub(super) fn send(&mut self, client: usize, command: Command) {
        self.counts.commands += 1;
        self.counts.operations += 1;
        self.requests += 1;
        let number = self.requests;
        let by = SubmittedBy { user: UserId::new(number), origin: Origin::Automated };
        self.trace.note("sent", u64::from(number), || format!("client {client}: {command:?}"));
        let handle = self.system().handle();
        let request = Request { by, command: command.clone() };
        let answer: Answering = Box::pin(async move { handle.request(request).await });
        self.flights.push(Flight { number, client, command, answer });
        // The first look puts it into the queue.
        let last = self.flights.len() - 1;
        let _ = self.look_at(last);
    }

    /// Looks for answers of everything that is under way.
    pub(super) fn look_for_answers(&mut self) -> Checked {
        let mut index = 0;
        while index < self.flights.len() {
            match self.look_at(index) {
                Some(answer) => {
                    let flight = self.flights.remove(index);
                    self.answered(&flight, answer)?;
                }
                None => index += 1,
            }
        }
        Ok(())
    }

    fn look_at(&mut self, index: usize) -> Option<Result<CommandReply, RequestError>> {
        let flight = &mut self.flights[index];
        match flight.answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => {
                // Ready once; kept ready for who asks again.
                let again = answer.clone();
                flight.answer = Box::pin(std::future::ready(again));
                Some(answer)
            }
            Poll::Pending => None,
        }
    }

    fn answered(&mut self, flight: &Flight, answer: Result<CommandReply, RequestError>) -> Checked {
        self.counts.checks += 4;
        self.trace.note("answer", u64::from(flight.number), || format!("{answer:?}"));
        let effects = self.effects.get(&flight.number).cloned().unwrap_or_default();
        match &answer {
            Ok(reply) => {
                let made: Vec<&CommandReply> = effects.iter().map(|effect| &effect.reply).collect();
                let is_own = made.contains(&reply);
                check(is_own, Invariant::AnswersAreTrue, || {
                    format!("request {} was answered {reply:?}, engines said {made:?}", flight.number)
                })?;
                let status = self.system.as_ref().map(|system| system.handle().status());
                for effect in &effects {
                    let shard = &mut self.shards[effect.shard];
                    shard.seen = shard.seen.max(effect.seq);
                    let durable = status.as_ref().map_or(u64::MAX, |status| status.shards[effect.shard].durable);
                    check(effect.seq <= durable, Invariant::AnswersAreTrue, || {
                        format!("request {} was answered, event {} is not durable", flight.number, effect.seq)
                    })?;
                }
                self.learn(flight, reply)
            }
            Err(RequestError::OutcomeUnknown) => {
                let excused = self.system.as_ref().is_none_or(|system| system.failure().is_some());
                check(excused, Invariant::AnswersAreTrue, || {
                    format!("request {} has an unknown outcome, and nothing failed", flight.number)
                })?;
                self.ask_again_later(flight)
            }
            Err(
                error @ (RequestError::Overloaded
                | RequestError::Stopping
                | RequestError::Unavailable
                | RequestError::StorageLow { .. }
                | RequestError::StorageFull { .. }),
            ) => {
                // A definition may have reached some shards; anything else did nothing.
                let is_shared = matches!(flight.command, Command::DefineInstrument(_));
                check(is_shared || effects.is_empty(), Invariant::AnswersAreTrue, || {
                    format!("request {} was told {error}, and an engine took it", flight.number)
                })?;
                self.ask_again_later(flight)
            }
        }
    }

    fn ask_again_later(&mut self, flight: &Flight) -> Checked {
        if let Command::Submit(order) = &flight.command {
            for named in self.clients[flight.client].named.iter_mut().filter(|named| named.order == *order) {
                named.asked = false;
            }
        }
        Ok(())
    }

    /// A client learns what became of a request.
    fn learn(&mut self, flight: &Flight, reply: &CommandReply) -> Checked {
        self.answered.insert(flight.number, reply.clone());
        let Command::Submit(order) = &flight.command else { return Ok(()) };
        let names = &self.shards[self.shard_of(order.portfolio)].book.folios;
        let known = names.get(&order.portfolio).and_then(|folio| folio.names.get(&order.key.get())).copied();
        let named = self.clients[flight.client].named.iter_mut().find(|named| named.order == *order);
        let id = match reply {
            CommandReply::Accepted(id) | CommandReply::OrderRejected(id, _) | CommandReply::Duplicate(id) => *id,
            CommandReply::Refused(_) => {
                // Under a name that another order has, or for a portfolio that is not there.
                if let Some(named) = named {
                    named.settled = true;
                }
                return Ok(());
            }
            CommandReply::Done | CommandReply::Replaced(_) | CommandReply::Canceled(_) => {
                return broken(Invariant::AnswersAreTrue, format!("a new order was answered {reply:?}"));
            }
        };
        let is_named = known
            .is_some_and(|(number, _, _)| OrderId::of(order.portfolio, model::OrderNumber::new(number)) == id);
        check(is_named, Invariant::OneOrderPerName, || {
            format!("{} was answered {id}, the name stands for {known:?}", order.client_order_id)
        })?;
        let Some(named) = named else { return Ok(()) };
        check(named.id.is_none_or(|before| before == id), Invariant::OneOrderPerName, || {
            format!("{} named {:?} before and {id} now", order.client_order_id, named.id)
        })?;
        (named.id, named.settled, named.asked) = (Some(id), true, false);
        Ok(())
    }

    /// Everyone who waits is cut off: the process is gone. What they asked for, they ask again.
    pub(super) fn hang_up(&mut self) -> Checked {
        for flight in std::mem::take(&mut self.flights) {
            self.ask_again_later(&flight)?;
        }
        for client in &mut self.clients {
            for following in client.streams.values_mut() {
                following.subscription = None;
            }
        }
        Ok(())
    }

    /// One action of one client.
    pub(super) fn client_turn(&mut self) -> Checked {
        let client = self.random.index(self.clients.len());
        let habits = self.plan.habits;
        let roll = self.random.below(100);
        match roll {
            0..40 => self.submit(client),
            40..48 if habits.cancels => self.cancel(client),
            48..50 if habits.cancels_all => self.cancel_all(client),
            50..60 if habits.replaces => self.replace(client),
            60..66 if habits.retries => self.retry(client),
            66..68 if habits.clashes => self.clash(client),
            68..71 if habits.flows => self.flow(client),
            71..73 if habits.limits => self.set_limits(client),
            73..75 if habits.halts => self.halt(client),
            75..78 if habits.hangs_up && !self.calm => self.forget_answer(),
            78..81 if habits.resumes => self.drop_stream(client),
            _ => self.read_streams(client)?,
        }
        self.look_for_answers()
    }

    fn any_portfolio(&mut self) -> PortfolioId {
        let index = self.random.index(self.portfolios.len());
        self.portfolios[index]
    }

    fn submit(&mut self, client: usize) {
        let portfolio = self.any_portfolio();
        let order = self.invent(client, portfolio);
        self.clients[client].named.push(Named { order: order.clone(), id: None, settled: false, asked: true });
        self.send(client, Command::Submit(order));
    }

    /// An order near the market, of a kind that the seed has.
    fn invent(&mut self, client: usize, portfolio: PortfolioId) -> NewOrder {
        let index = self.random.index(self.listed.len());
        let around = self.feed.around(index);
        let wanted = self.plan.orders;
        let random = &mut self.random;
        let side = if wanted.sells && random.chance(2, 5) { Side::Sell } else { Side::Buy };
        let near = |random: &mut crate::random::Random, low, high| {
            let cents = random.between(low, high);
            let price = (around.raw() + cents * CENT).max(CENT);
            if random.chance(1, 60) { Price::from_raw(price + 1) } else { Price::from_raw(price / CENT * CENT) }
        };
        let sign = if side == Side::Buy { 1 } else { -1 };
        let kind = loop {
            match random.below(12) {
                0..3 if wanted.market => break OrderKind::Market,
                3..7 if wanted.limit => break OrderKind::Limit { limit: near(random, -8, 8) },
                7..9 if wanted.stop => break OrderKind::Stop { stop: near(random, 6 * sign - 8, 6 * sign + 8) },
                9..10 if wanted.stop_limit => {
                    break OrderKind::StopLimit { stop: near(random, -10, 10), limit: near(random, -12, 12) };
                }
                10..12 if wanted.trailing => {
                    let trail = if random.chance(1, 2) {
                        Trail::Amount(Price::from_raw(random.between(1, 20) * CENT))
                    } else {
                        Trail::Percent(Percent::from_raw(random.between(1, 300) * CENT))
                    };
                    break OrderKind::TrailingStop { trail, activation: None };
                }
                _ if wanted
                    == (crate::plan::Orders {
                        market: false,
                        limit: false,
                        stop: false,
                        stop_limit: false,
                        trailing: false,
                        ..wanted
                    }) =>
                {
                    break OrderKind::Limit { limit: near(random, -8, 8) };
                }
                _ => {}
            }
        };
        let size = if wanted.notional && random.chance(1, 4) {
            Size::Notional(Money::from_raw(i128::from(random.between(1, 5_000)) * i128::from(ONE)))
        } else if wanted.fractions && random.chance(1, 3) {
            Size::Shares(Qty::from_raw(random.between(1, 5_000) * ONE / 1_000))
        } else {
            Size::Shares(Qty::from_raw(random.pick(&[1, 2, 5, 10, 30, 100, 700]) * ONE))
        };
        let time_in_force = match random.below(6) {
            0 if wanted.immediate => TimeInForce::ImmediateOrCancel,
            1 if wanted.immediate => TimeInForce::FillOrKill,
            2 | 3 if wanted.day => TimeInForce::Day,
            _ => TimeInForce::GoodTilCanceled,
        };
        let symbol = self.listed[index].symbol;
        let number = self.clients[client].named.len() as u64;
        let name = format!("c{client}-{number}");
        let client_order_id = ClientOrderId::parse(&name).expect("a plain name");
        let key = ClientOrderKey::new(u128::from(number) << 64 | (client as u128 + 1) << 96 | 0x5eed);
        let fingerprint = self.random.draw();
        let terms = OrderTerms { kind, size, time_in_force, instructions: Instructions::default() };
        NewOrder { portfolio, client_order_id, key, fingerprint, symbol, side, terms, chain: None }
    }

    /// Any order that some client knows, of this client rather.
    fn known_order(&mut self, client: usize) -> Option<OrderId> {
        let known: Vec<OrderId> = self.clients[client].named.iter().filter_map(|named| named.id).collect();
        if known.is_empty() {
            return None;
        }
        // The latest are likeliest to be open.
        let latest = known.len().saturating_sub(12);
        let first = if self.random.chance(4, 5) { latest } else { 0 };
        Some(known[first + self.random.index(known.len() - first)])
    }

    fn cancel(&mut self, client: usize) {
        if let Some(order) = self.known_order(client) {
            self.send(client, Command::Cancel { order });
        }
    }

    fn cancel_all(&mut self, client: usize) {
        let portfolio = self.any_portfolio();
        let index = self.random.index(self.listed.len());
        let symbol = self.random.chance(1, 2).then(|| self.listed[index].symbol);
        self.send(client, Command::CancelAll { portfolio, symbol });
    }

    fn replace(&mut self, client: usize) {
        let Some(order) = self.known_order(client) else { return };
        let random = &mut self.random;
        let around = self.feed.around(random.index(self.listed.len()));
        let near = |random: &mut crate::random::Random| {
            Price::from_raw((around.raw() + random.between(-10, 10) * CENT).max(CENT) / CENT * CENT)
        };
        let mut amendment = Amendment::default();
        match random.below(6) {
            0 => amendment.qty = Some(Qty::from_raw(random.between(1, 60) * ONE)),
            1 => amendment.limit = Some(near(random)),
            2 => amendment.stop = Some(near(random)),
            3 => amendment.trail = Some(Trail::Amount(Price::from_raw(random.between(1, 20) * CENT))),
            4 => {
                amendment.time_in_force = Some(random.pick(&[TimeInForce::Day, TimeInForce::GoodTilCanceled]));
            }
            _ => {
                amendment.qty = Some(Qty::from_raw(random.between(1, 60) * ONE));
                amendment.limit = Some(near(random));
            }
        }
        self.send(client, Command::Replace { order, amendment });
    }

    /// Sends an order again: one without an answer first, else any.
    fn retry(&mut self, client: usize) {
        let named = &self.clients[client].named;
        let open = named.iter().position(|named| !named.settled && !named.asked);
        let index = match open {
            Some(index) => index,
            None if named.is_empty() => return,
            None => self.random.index(named.len()),
        };
        let order = self.clients[client].named[index].order.clone();
        self.clients[client].named[index].asked = true;
        self.send(client, Command::Submit(order));
    }

    /// Sends an order again that has no answer, where there is one.
    pub(super) fn retry_open(&mut self, client: usize) {
        if self.clients[client].named.iter().any(|named| !named.settled && !named.asked) {
            self.retry(client);
        }
    }

    /// Another order under a name that was used.
    fn clash(&mut self, client: usize) {
        let count = self.clients[client].named.len();
        if count == 0 {
            return;
        }
        let mut order = self.clients[client].named[self.random.index(count)].order.clone();
        order.fingerprint ^= 1;
        self.send(client, Command::Submit(order));
    }

    fn flow(&mut self, client: usize) {
        let portfolio = self.any_portfolio();
        let amount = Money::from_raw(i128::from(self.random.between(1, self.plan.cash_max)) * i128::from(ONE) / 3);
        let note = Note::parse("moved").expect("a plain word");
        let command = if self.random.chance(1, 2) {
            Command::Deposit { portfolio, amount, note }
        } else {
            Command::Withdraw { portfolio, amount, note }
        };
        self.send(client, command);
    }

    fn set_limits(&mut self, client: usize) {
        let portfolio = self.any_portfolio();
        let limits = self.some_limits();
        self.send(client, Command::SetLimits { portfolio, limits });
    }

    /// Limits of which about half are none.
    pub(super) fn some_limits(&mut self) -> RiskLimits {
        let cash = self.plan.cash_max;
        let random = &mut self.random;
        let money = |random: &mut crate::random::Random| {
            Money::from_raw(i128::from(random.between(1, cash)) * i128::from(ONE))
        };
        RiskLimits {
            open_positions_max: random.chance(1, 3).then_some(1),
            position_percent_max: random.chance(1, 3).then(|| Percent::from_raw(random.between(5, 100) * ONE)),
            gross_exposure_max: random.chance(1, 3).then(|| money(random)),
            order_value_max: random.chance(1, 3).then(|| money(random)),
            price_min: random.chance(1, 4).then(|| Price::from_raw(random.between(1, 20) * ONE)),
        }
    }

    /// The operator halts an instrument or lets it trade again.
    fn halt(&mut self, client: usize) {
        let index = self.random.index(self.listed.len());
        self.listed[index].halted = !self.listed[index].halted;
        let instrument = self.instrument(index);
        self.send(client, Command::DefineInstrument(instrument));
    }

    /// A client goes away before it has its answer.
    fn forget_answer(&mut self) {
        if self.flights.is_empty() {
            return;
        }
        self.fault("answer not waited for");
        let index = self.random.index(self.flights.len());
        let flight = self.flights.remove(index);
        let _ = self.ask_again_later(&flight);
    }

    fn drop_stream(&mut self, client: usize) {
        self.counts.operations += 1;
        let portfolio = self.any_portfolio();
        if let Some(following) = self.clients[client].streams.get_mut(&portfolio) {
            following.subscription = None;
        }
    }

    /// A client reads one of its streams, or begins to.
    pub(super) fn read_streams(&mut self, client: usize) -> Checked {
        self.counts.operations += 1;
        let portfolio = self.any_portfolio();
        if self.plan.habits.slow && !self.calm && self.random.chance(4, 5) {
            return Ok(());
        }
        self.read_stream(client, portfolio)
    }

    /// Reads once; where no subscription stands, begins after the last message seen.
    pub(super) fn read_stream(&mut self, client: usize, portfolio: PortfolioId) -> Checked {
        let mut following = self.clients[client].streams.remove(&portfolio).unwrap_or_default();
        let read = self.follow(&mut following, portfolio);
        self.clients[client].streams.insert(portfolio, following);
        read
    }

    fn follow(&mut self, following: &mut Following, portfolio: PortfolioId) -> Checked {
        if following.subscription.is_none() {
            let handle = self.system().handle();
            let after = After::Seq(PortfolioSeq::new(following.last));
            match handle.subscribe(portfolio, after, Some(handle.epoch())) {
                Ok(subscription) => following.subscription = Some(subscription),
                Err(SubscribeError::Unknown) => return Ok(()),
                Err(SubscribeError::View(error)) if self.disk_is_faulty() => {
                    self.trace.note("unreadable", 0, || error.to_string());
                    return Ok(());
                }
                Err(error) => {
                    let last = following.last;
                    return broken(
                        Invariant::NothingSeenIsLost,
                        format!("resuming {portfolio} after {last}: {error}"),
                    );
                }
            }
        }
        let Some(subscription) = &mut following.subscription else { return Ok(()) };
        match subscription.try_next() {
            Ok(None) => Ok(()),
            Ok(Some(batch)) => {
                for (seq, bytes) in batch.messages() {
                    self.received(portfolio, following, seq, &bytes)?;
                }
                Ok(())
            }
            Err(cut_off) => {
                self.trace.note("cut off", cut_off.last_seq.get(), || format!("{cut_off:?}"));
                following.subscription = None;
                check(cut_off.last_seq.get() == following.last, Invariant::NothingSeenIsLost, || {
                    format!("cut off after {}, seen was {}", cut_off.last_seq, following.last)
                })?;
                let excused = match cut_off.reason {
                    CutOff::Slow => true,
                    CutOff::Stopped | CutOff::Unreadable => self.disk_is_faulty(),
                };
                check(excused, Invariant::NothingSeenIsLost, || format!("a stream ended: {cut_off:?}"))
            }
        }
    }

    fn received(
        &mut self,
        portfolio: PortfolioId,
        following: &mut Following,
        seq: PortfolioSeq,
        bytes: &[u8],
    ) -> Checked {
        self.counts.messages += 1;
        self.counts.checks += 3;
        let expected = following.last + 1;
        check(seq.get() == expected, Invariant::Gapless, || {
            format!("portfolio {portfolio}: message {seq} came where {expected} is next")
        })?;
        following.last = expected;
        let shard = self.shard_of(portfolio);
        let index = usize::try_from(expected - 1).expect("a count of messages");
        let told = self.shards[shard].messages.get(&portfolio).and_then(|told| told.get(index));
        let same = told.is_some_and(|told| told.bytes == bytes);
        self.trace.note("message", expected, || format!("portfolio {portfolio}"));
        check(same, Invariant::NothingSeenIsLost, || {
            format!("portfolio {portfolio} message {seq} is {bytes:?}, its event says {told:?}")
        })?;
        let event = told.map_or(0, |told| told.event);
        let status = self.system().handle().status().shards[shard];
        let history = &mut self.shards[shard];
        history.seen = history.seen.max(event);
        check(event <= status.durable, Invariant::PublishedDurableApplied, || {
            format!("message {seq} of event {event} was sent, durable is {}", status.durable)
        })
    }

    /// Whether anyone still waits, lacks an answer, or lags.
    pub(super) fn what_waits(&self) -> Option<String> {
        if let Some(flight) = self.flights.first() {
            return Some(format!("request {} is not answered: {:?}", flight.number, flight.command));
        }
        for (index, client) in self.clients.iter().enumerate() {
            if let Some(named) = client.named.iter().find(|named| !named.settled) {
                return Some(format!("client {index} has no answer for {}", named.order.client_order_id));
            }
            for portfolio in &self.portfolios {
                let head =
                    self.shards[self.shard_of(*portfolio)].messages.get(portfolio).map_or(0, Vec::len) as u64;
                let last = client.streams.get(portfolio).map_or(0, |following| following.last);
                if last != head {
                    return Some(format!("client {index} saw {last} of {head} messages of portfolio {portfolio}"));
                }
            }
        }
        None
    }
}
