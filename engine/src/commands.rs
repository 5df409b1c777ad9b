//! What each command leads to: decided first, then committed as events, then answered.

use crate::commit::row_of;
use crate::decide_replace::unknown_portfolio;
use crate::shard::Shard;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use model::{
    Amendment, CancelReason, Command, CommandReply, Event, EventBody, FlowKind, Instrument, Money, NewOrder, Note,
    OrderId, PortfolioId, Reject, RejectCode, Request, RiskLimits, SubmittedBy, Symbol, Time, limits,
};

/// Where the events of a command go, and who caused them.
struct Cause<'a> {
    by: SubmittedBy,
    out: &'a mut Vec<Event>,
}

impl Shard {
    /// Answers a request at this engine time; timers up to it run first. A refused request adds
    /// nothing to `out` but, for a new order, the fact that it was refused.
    pub fn apply(&mut self, request: &Request<Command>, now: Time, out: &mut Vec<Event>) -> CommandReply {
        self.on_time(now, out);
        if !self.concerns_what_stands(&request.command) {
            return CommandReply::Refused(unknown_portfolio());
        }
        let cause = Cause { by: request.by, out: &mut *out };
        let answer = match &request.command {
            Command::DefineInstrument(instrument) => self.define_instrument(instrument, cause),
            Command::OpenPortfolio { .. } => self.open_portfolio(&request.command, cause),
            Command::SetLimits { portfolio, limits } => self.set_limits(*portfolio, *limits, cause),
            Command::Deposit { portfolio, amount, note } => self.deposit(*portfolio, *amount, note, cause),
            Command::Withdraw { portfolio, amount, note } => self.withdraw(*portfolio, *amount, note, cause),
            Command::Submit(order) => self.submit(order, cause),
            Command::Cancel { order } => self.cancel(*order, cause),
            Command::CancelAll { portfolio, symbol } => Ok(self.cancel_all(*portfolio, *symbol, cause)),
            Command::Replace { order, amendment } => self.replace(*order, amendment, cause),
        };
        self.let_arrive(out);
        answer.unwrap_or_else(CommandReply::Refused)
    }

    fn concerns_what_stands(&self, command: &Command) -> bool {
        let portfolio = command.portfolio();
        match command {
            Command::DefineInstrument(_) => true,
            Command::OpenPortfolio { .. } => portfolio != PortfolioId::SYSTEM,
            Command::SetLimits { .. }
            | Command::Deposit { .. }
            | Command::Withdraw { .. }
            | Command::Submit(_)
            | Command::Cancel { .. }
            | Command::CancelAll { .. }
            | Command::Replace { .. } => self.portfolios.contains(portfolio),
        }
    }

    fn define_instrument(&mut self, instrument: &Instrument, cause: Cause<'_>) -> Result<CommandReply, Reject> {
        let row = row_of(instrument.id);
        if row > limits::INSTRUMENTS_MAX {
            let message =
                format!("instrument {} is beyond the table of {}", instrument.id, limits::INSTRUMENTS_MAX);
            return Err(Reject::new(RejectCode::LimitExceeded, message));
        }
        let stands = self.instruments.get(row).and_then(Option::as_ref);
        if stands == Some(instrument) {
            return Ok(CommandReply::Done);
        }
        let renamed = stands.is_some_and(|before| before.symbol != instrument.symbol);
        let taken = self.symbols.get(&instrument.symbol).is_some_and(|id| *id != instrument.id);
        if renamed || taken {
            let message =
                format!("{} and row {} belong to different instruments", instrument.symbol, instrument.id);
            return Err(Reject::new(RejectCode::NotAmendable, message));
        }
        let body = EventBody::InstrumentDefined(Box::new(instrument.clone()));
        self.emit(PortfolioId::SYSTEM, body, cause.out);
        Ok(CommandReply::Done)
    }

    fn open_portfolio(&mut self, command: &Command, cause: Cause<'_>) -> Result<CommandReply, Reject> {
        let Command::OpenPortfolio { portfolio, currency, starting_balance, limits, profile } = command else {
            unreachable!("called with the opening of a portfolio");
        };
        if !self.portfolios.contains(*portfolio) {
            if let Some(fault) = profile.fault() {
                return Err(Reject::new(RejectCode::LimitExceeded, fault));
            }
            let body = EventBody::PortfolioOpened {
                currency: *currency,
                starting_balance: *starting_balance,
                limits: *limits,
                profile: profile.clone(),
                by: cause.by,
            };
            self.emit(*portfolio, body, cause.out);
        }
        Ok(CommandReply::Done)
    }

    fn set_limits(
        &mut self,
        id: PortfolioId,
        limits: RiskLimits,
        cause: Cause<'_>,
    ) -> Result<CommandReply, Reject> {
        self.emit(id, EventBody::LimitsSet { limits, by: cause.by }, cause.out);
        Ok(CommandReply::Done)
    }

    fn deposit(
        &mut self,
        id: PortfolioId,
        amount: Money,
        note: &Note,
        cause: Cause<'_>,
    ) -> Result<CommandReply, Reject> {
        let cash = self.portfolio(id).account.cash;
        if cash + amount > limits::VALUE_MAX {
            let message = format!("cash of {cash} and {amount} more would leave the range of amounts");
            return Err(Reject::new(RejectCode::LimitExceeded, message));
        }
        let body = EventBody::CashFlowed { kind: FlowKind::Deposit, amount, note: note.clone(), by: cause.by };
        self.emit(id, body, cause.out);
        Ok(CommandReply::Done)
    }

    fn withdraw(
        &mut self,
        id: PortfolioId,
        amount: Money,
        note: &Note,
        cause: Cause<'_>,
    ) -> Result<CommandReply, Reject> {
        let free = self.portfolio(id).account.available_cash();
        if amount > free {
            let message = format!("{amount} to withdraw, {free} free");
            return Err(Reject::new(RejectCode::InsufficientCash, message));
        }
        let body = EventBody::CashFlowed { kind: FlowKind::Withdrawal, amount, note: note.clone(), by: cause.by };
        self.emit(id, body, cause.out);
        Ok(CommandReply::Done)
    }

    fn submit(&mut self, order: &NewOrder, cause: Cause<'_>) -> Result<CommandReply, Reject> {
        if let Some(named) = self.portfolio(order.portfolio).names.get(order.key) {
            if named.fingerprint == order.fingerprint {
                return Ok(CommandReply::Duplicate(OrderId::of(order.portfolio, named.order)));
            }
            let message = format!("{} named another order before", order.client_order_id);
            return Err(Reject::new(RejectCode::IdempotencyMismatch, message));
        }
        if !self.names_are_free(order) {
            let message = format!("a leg of {} has the name of another order", order.client_order_id);
            return Err(Reject::new(RejectCode::IdempotencyMismatch, message));
        }
        match self.decide_chain(order, cause.by) {
            Ok(accepted) => {
                let id = accepted[0].order;
                for accepted in accepted {
                    self.arrivals.push(accepted.order);
                    self.emit(order.portfolio, EventBody::OrderAccepted(Box::new(accepted)), cause.out);
                }
                Ok(CommandReply::Accepted(id))
            }
            Err(reject) => {
                let rejected = self.rejected_chain(order, cause.by, &reject);
                let id = rejected[0].order;
                for rejected in rejected {
                    self.emit(order.portfolio, EventBody::OrderRejected(Box::new(rejected)), cause.out);
                }
                Ok(CommandReply::OrderRejected(id, reject))
            }
        }
    }

    fn cancel(&mut self, id: OrderId, cause: Cause<'_>) -> Result<CommandReply, Reject> {
        self.check_open(id)?;
        self.emit(id.portfolio(), requested(id, cause.by), cause.out);
        Ok(CommandReply::Canceled(Vec::from([id])))
    }

    fn cancel_all(&mut self, id: PortfolioId, symbol: Option<Symbol>, cause: Cause<'_>) -> CommandReply {
        let open = self.portfolio(id).open.iter();
        let concerned = open.filter(|(_, slot)| {
            let instrument = self.orders.get(*slot).instrument;
            symbol.is_none_or(|symbol| self.instrument(instrument).symbol == symbol)
        });
        let ids: Vec<OrderId> = concerned.map(|(number, _)| OrderId::of(id, number)).collect();
        for &order in &ids {
            // The end of one may have been the end of others.
            if self.find_open(order).is_some() {
                self.emit(id, requested(order, cause.by), cause.out);
            }
        }
        CommandReply::Canceled(ids)
    }

    fn replace(&mut self, id: OrderId, amendment: &Amendment, cause: Cause<'_>) -> Result<CommandReply, Reject> {
        let replaced = self.decide_replace(id, amendment, cause.by)?;
        let keeps_place = replaced.keeps_priority;
        self.emit(id.portfolio(), EventBody::OrderReplaced(Box::new(replaced)), cause.out);
        if !keeps_place {
            self.arrivals.push(id);
        }
        Ok(CommandReply::Replaced(id))
    }
}

fn requested(order: OrderId, by: SubmittedBy) -> EventBody {
    EventBody::OrderCanceled { order, reason: CancelReason::Requested, by: Some(by) }
}
