//! What reached the engines, and what it made: taken down after every turn, and checked at once.
//!
//! It owns the way from a shard's inputs to the simulation's record. Invariant: afterwards the record of a shard
//! stands where its engine stands.

use super::World;
use crate::reference::Reference;
use crate::violation::{Checked, Invariant, check};
use model::{Aggressor, CommandReply, EventBody, InstrumentId, Quote, Stamped, Tick, TickBody, TradeConditions};
use runtime::Overflow;
use runtime::stepping::{Seen, SeenInput};
use std::collections::BTreeMap;

/// What a request made on a shard.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub(super) shard: usize,
    /// The shard's last event afterwards.
    pub(super) seq: u64,
    pub(super) reply: CommandReply,
}

/// What reached one shard since the system started.
#[derive(Debug, Default)]
pub(super) struct Intake {
    /// Ticks as they were pushed, by place from 1.
    pub(super) pushed: Vec<Tick>,
    /// The place of the last that the engine took.
    pub(super) taken: usize,
    /// Places that were left out since the lane was last empty.
    skipped: Vec<usize>,
    /// Places that were taken since then.
    kept: Vec<usize>,
    /// The naive model in the state of the engine.
    pub(super) reference: Reference,
    /// The state at the start.
    pub(super) begun_at: model::ShardImage,
    /// Everything that was seen, for questions about other orders of it.
    pub(super) seen: Vec<Seen>,
}

impl World {
    /// Takes down what a shard's last turn did.
    pub(super) fn take_down(&mut self, shard: usize) -> Checked {
        let seen = self.system().take_seen(shard);
        for seen in seen {
            self.one(shard, &seen)?;
            self.intakes[shard].seen.push(seen);
        }
        let engine = self.system().shard(shard).seq().get();
        let recorded = self.shards[shard].book.seq;
        check(engine == recorded, Invariant::Gapless, || {
            format!("shard {shard} stands at event {engine}, {recorded} were seen")
        })
    }

    fn one(&mut self, shard: usize, seen: &Seen) -> Checked {
        self.counts.checks += 8;
        match &seen.input {
            SeenInput::Tick(stamped) => self.tick_arrived(shard, stamped)?,
            SeenInput::Request(..) | SeenInput::Time(_) | SeenInput::FeedLost(_) | SeenInput::Flush => {}
        }
        for event in &seen.events {
            self.trace.note("event", event.seq.get(), || format!("shard {shard}: {event:?}"));
            self.counts.events += 1;
            self.counts.fills += u64::from(matches!(event.body, EventBody::Filled(_)));
            let own = usize::from(event.portfolio.shard(self.plan.shards).get()) == shard;
            let is_system = event.portfolio == model::PortfolioId::SYSTEM;
            check(own || is_system, Invariant::ShardIsolation, || {
                format!("shard {shard} made an event of portfolio {}", event.portfolio)
            })?;
        }
        self.intakes[shard].reference.judge(&mut self.shards[shard], seen)?;
        if let SeenInput::Request(request, now, reply) = &seen.input {
            self.trace.note("applied", u64::from(request.by.user.get()), || {
                format!("shard {shard} at {}: {:?} -> {reply:?}", now.nanos(), request.command)
            });
            if let CommandReply::Refused(reject) = reply {
                let only_time = seen.events.iter().all(|event| {
                    event.portfolio != request.command.portfolio()
                        || matches!(event.body, EventBody::OrderExpired { .. } | EventBody::OrderReplaced(_))
                });
                check(only_time, Invariant::RefusedChangesNothing, || format!("{reject} made {:?}", seen.events))?;
            }
            let seq = self.shards[shard].book.seq;
            let effect = Effect { shard, seq, reply: reply.clone() };
            self.effects.entry(request.by.user.get()).or_default().push(effect);
        }
        Ok(())
    }

    /// A tick reached an engine: it must be one that was pushed, later than all before.
    fn tick_arrived(&mut self, shard: usize, stamped: &Stamped) -> Checked {
        let place = usize::try_from(stamped.seq.get()).unwrap_or(usize::MAX);
        self.trace.note("tick taken", stamped.seq.get(), || format!("shard {shard}: {stamped:?}"));
        let intake = &mut self.intakes[shard];
        let pushed = place.checked_sub(1).and_then(|index| intake.pushed.get(index));
        check(pushed == Some(&stamped.tick), Invariant::TicksArrive, || {
            format!("shard {shard} took {stamped:?}, pushed was {pushed:?}")
        })?;
        check(place > intake.taken, Invariant::TicksArrive, || {
            format!("shard {shard} took tick {place} after {}", intake.taken)
        })?;
        intake.skipped.extend(intake.taken + 1..place);
        intake.kept.push(place);
        intake.taken = place;
        let merged = !intake.skipped.is_empty();
        check(!merged || self.plan.overflow == Overflow::Conflate, Invariant::TicksArrive, || {
            format!("ticks {:?} were lost although the feed waits", intake.skipped)
        })
    }

    /// What a turn's ticks must have kept once nothing waits for the shard any more.
    pub(super) fn lane_is_empty(&mut self, shard: usize) -> Checked {
        let intake = &mut self.intakes[shard];
        let last = intake.pushed.len();
        intake.skipped.extend(intake.taken + 1..=last);
        intake.taken = last;
        let (skipped, kept) = (std::mem::take(&mut intake.skipped), std::mem::take(&mut intake.kept));
        if skipped.is_empty() {
            return Ok(());
        }
        let of = |places: &[usize]| -> Vec<Tick> { places.iter().map(|place| intake.pushed[place - 1]).collect() };
        let (dropped, kept) = (of(&skipped), of(&kept));
        self.counts.checks += dropped.len() as u64;
        keeps_extremes(&dropped, &kept)
    }
}

/// Every price that a dropped tick showed lies within what was kept, and so does the latest quote.
fn keeps_extremes(dropped: &[Tick], kept: &[Tick]) -> Checked {
    let mut spans: BTreeMap<InstrumentId, Spans> = BTreeMap::new();
    for tick in kept {
        spans.entry(tick.instrument).or_default().widen(tick);
    }
    for tick in dropped {
        let holds =
            spans.get(&tick.instrument).map_or_else(|| Spans::default().hold(tick), |spans| spans.hold(tick));
        check(holds, Invariant::TicksArrive, || format!("{tick:?} was dropped, kept was {spans:?}"))?;
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Spans {
    ask_low: Option<i64>,
    ask_high: Option<i64>,
    bid_low: Option<i64>,
    bid_high: Option<i64>,
    trade_low: Option<i64>,
    trade_high: Option<i64>,
}

fn fillable(quote: &Quote) -> bool {
    !(quote.bid.is_positive() && quote.ask.is_positive() && quote.bid > quote.ask)
}

impl Spans {
    fn widen(&mut self, tick: &Tick) {
        let low = |span: &mut Option<i64>, price: i64| *span = Some(span.map_or(price, |low| low.min(price)));
        let high = |span: &mut Option<i64>, price: i64| *span = Some(span.map_or(price, |high| high.max(price)));
        match &tick.body {
            TickBody::Quote(quote) if fillable(quote) => {
                if quote.ask.is_positive() {
                    low(&mut self.ask_low, quote.ask.raw());
                    high(&mut self.ask_high, quote.ask.raw());
                }
                if quote.bid.is_positive() {
                    low(&mut self.bid_low, quote.bid.raw());
                    high(&mut self.bid_high, quote.bid.raw());
                }
            }
            TickBody::Trade(trade) if trade.conditions == TradeConditions::Regular => {
                low(&mut self.trade_low, trade.price.raw());
                high(&mut self.trade_high, trade.price.raw());
            }
            TickBody::Quote(_) | TickBody::Trade(_) => {}
        }
    }

    fn hold(&self, tick: &Tick) -> bool {
        let low = |span: Option<i64>, price: i64| span.is_some_and(|low| low <= price);
        let high = |span: Option<i64>, price: i64| span.is_some_and(|high| high >= price);
        match &tick.body {
            TickBody::Quote(quote) if fillable(quote) => {
                let ask = !quote.ask.is_positive()
                    || (low(self.ask_low, quote.ask.raw()) && high(self.ask_high, quote.ask.raw()));
                let bid = !quote.bid.is_positive()
                    || (low(self.bid_low, quote.bid.raw()) && high(self.bid_high, quote.bid.raw()));
                ask && bid
            }
            TickBody::Trade(trade) if trade.conditions == TradeConditions::Regular => match trade.aggressor {
                // What a resting order is met by: a buy by a seller's print, a sell by a buyer's.
                Aggressor::Seller => low(self.trade_low, trade.price.raw()),
                Aggressor::Buyer => high(self.trade_high, trade.price.raw()),
                Aggressor::Unknown => true,
            },
            TickBody::Quote(_) | TickBody::Trade(_) => true,
        }
    }
}
