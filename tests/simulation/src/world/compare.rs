//! The deep comparisons: what was recovered, what readers see, what the journal holds.
//!
//! It owns the verdicts after a start and at the end. It must never trust the product's own counters: it reads
//! the journal back from a copy of the disk, and folds.

use super::World;
use crate::history::History;
use crate::violation::{Checked, Invariant, broken, check};
use engine::{Shard, ShardConfig};
use model::{Event, EventBody, Origin, PortfolioId, PortfolioSeq, ShardId, ShardImage, ShardSeq};
use persistence::{
    Journal, JournalConfig, OrderFilter, OrderRow, RecoveryVisitor, Storage, TradeFilter, TradeRow,
};
use runtime::stepping::SeenInput;
use std::path::PathBuf;
use std::sync::Arc;

/// Takes down what a journal tells.
#[derive(Default)]
struct Told {
    images: Vec<ShardImage>,
    events: Vec<Vec<Event>>,
    gaps: Option<String>,
}

impl RecoveryVisitor for Told {
    fn begin(&mut self, _shard: ShardId, image: &ShardImage) {
        self.images.push(image.clone());
        self.events.push(Vec::new());
    }

    fn event(&mut self, shard: ShardId, seq: ShardSeq, event: &Event) {
        let index = usize::from(shard.get());
        let expected = self.images[index].seq.get() + self.events[index].len() as u64 + 1;
        if seq.get() != expected {
            self.gaps.get_or_insert(format!("shard {shard}: event {seq} where {expected} is next"));
        }
        self.events[index].push(event.clone());
    }
}

/// An event that the start itself may have added: it finishes what a crash cut off between two stores, and with
/// that time passes.
fn is_of_start(event: &Event) -> bool {
    match &event.body {
        EventBody::InstrumentDefined(_) | EventBody::OrderExpired { .. } => true,
        EventBody::PortfolioOpened { by, .. } => by.origin == Origin::System,
        EventBody::OrderReplaced(replaced) => replaced.by.origin == Origin::System,
        EventBody::LimitsSet { .. }
        | EventBody::CashFlowed { .. }
        | EventBody::OrderAccepted(_)
        | EventBody::OrderRejected(_)
        | EventBody::OrderSized(_)
        | EventBody::OrderCapped { .. }
        | EventBody::OrderTriggered { .. }
        | EventBody::OrderTrailed { .. }
        | EventBody::Filled(_)
        | EventBody::OrderCanceled { .. } => false,
    }
}

impl World {
    /// After a start: what the disk kept is what clients saw and nothing that never was.
    pub(super) fn recovered(&mut self) -> Checked {
        if self.counts.steps > 0 {
            self.counts.recoveries += 1;
        }
        let told = self.read_journal()?;
        for (index, events) in told.events.iter().enumerate() {
            self.adopt(index, events)?;
        }
        // What a request made and the crash took back was never made.
        let heads: Vec<u64> = self.shards.iter().map(|history| history.book.seq).collect();
        for effects in self.effects.values_mut() {
            effects.retain(|effect| effect.seq <= heads[effect.shard]);
        }
        self.compare_engines()?;
        self.compare_views()?;
        for (intake, history) in self.intakes.iter_mut().zip(&self.shards) {
            intake.begun_at = history.book.image();
            intake.reference.restart(history, self.plan.hours, self.plan.quote_age_ns);
        }
        Ok(())
    }

    /// The events that are durable are the beginning of those that were; the rest never happened.
    fn adopt(&mut self, index: usize, events: &[Event]) -> Checked {
        let history = &mut self.shards[index];
        let common = history.events.iter().zip(events).take_while(|(was, is)| was == is).count();
        let seen = history.seen;
        self.trace.note("recovered", events.len() as u64, || {
            format!("shard {index}: {common} of {} events, {} in the journal", history.events.len(), events.len())
        });
        check(common as u64 >= seen, Invariant::NothingSeenIsLost, || {
            format!(
                "shard {index}: clients saw event {seen}, the journal has {} events, the first {common} as they were",
                events.len()
            )
        })?;
        for added in &events[common..] {
            check(is_of_start(added), Invariant::JournalReadsBack, || {
                let was = history.events.get(common);
                format!("shard {index}: event {} is {added:?}, it was {was:?}", common + 1)
            })?;
        }
        if common < history.events.len() {
            history.rewind(common)?;
        }
        events[common..].iter().try_for_each(|event| history.push(event))?;
        self.counts.checks += events.len() as u64;
        Ok(())
    }

    /// Reads the whole journal from a copy of the disk.
    fn read_journal(&mut self) -> Checked<Told> {
        let mut told = Told::default();
        let mut journal = self.open_copy()?;
        let read = journal.replay(&mut told);
        check(read.is_ok(), Invariant::JournalReadsBack, || format!("{read:?}"))?;
        match told.gaps.take() {
            Some(gap) => broken(Invariant::Gapless, gap),
            None => Ok(told),
        }
    }

    fn open_copy(&self) -> Checked<Journal> {
        let config = JournalConfig {
            dir: PathBuf::from("/data/journal"),
            shards: self.plan.shards,
            segment_bytes_max: self.plan.segment_bytes,
            cache_bytes: 1 << 20,
            storage: Arc::new(self.disk_copy()) as Arc<dyn Storage>,
        };
        match Journal::open(config) {
            Ok(journal) => Ok(journal),
            Err(error) => broken(Invariant::JournalReadsBack, error.to_string()),
        }
    }

    /// Each engine's state is the fold of its events.
    pub(super) fn compare_engines(&mut self) -> Checked {
        for index in 0..self.shards.len() {
            let Some(system) = &self.system else { return Ok(()) };
            let live = system.shard(index).image();
            let folded = self.shards[index].book.image();
            self.counts.checks += 1;
            check(live == folded, Invariant::ReplayIsLive, || {
                format!("shard {index}: the engine's state is not its events': {}", difference(&live, &folded))
            })?;
        }
        Ok(())
    }

    /// What readers see of every portfolio is the fold of its events, as far as they are published.
    pub(super) fn compare_views(&mut self) -> Checked {
        for portfolio in self.portfolios.clone() {
            let index = self.shard_of(portfolio);
            let status = self.system().handle().status().shards[index];
            let history = &self.shards[index];
            if status.published != history.book.seq || !history.book.folios.contains_key(&portfolio) {
                continue;
            }
            let compared =
                self.compare_portfolio(portfolio, index).and_then(|()| self.compare_messages(portfolio, index));
            if compared.is_err() && self.disk_is_faulty() {
                // What cannot be read now is read after the disk is well again.
                continue;
            }
            compared?;
        }
        Ok(())
    }

    fn compare_portfolio(&mut self, portfolio: PortfolioId, index: usize) -> Checked {
        let handle = self.system().handle();
        let history = &self.shards[index];
        let folio = &history.book.folios[&portfolio];
        let view = handle.portfolio(portfolio);
        let told = view.as_ref().map(|view| {
            [view.cash, view.reserved, view.net_flows, view.realized_pnl, view.fees_paid].map(model::Money::raw)
        });
        let known = [folio.cash, folio.reserved, folio.net_flows, folio.realized, folio.fees];
        check(told == Some(known), Invariant::ViewsAreFolds, || {
            format!("portfolio {portfolio} reads {told:?}, its events say {known:?}")
        })?;
        let readable = |error: runtime::ViewError| crate::violation::Violation {
            invariant: Invariant::ViewsAreFolds,
            detail: format!("portfolio {portfolio} cannot be read: {error}"),
        };
        let orders = handle.orders(portfolio, &OrderFilter::default(), None, 100_000).map_err(readable)?;
        let mut known: Vec<OrderRow> = history
            .book
            .orders
            .values()
            .filter(|order| order.id.portfolio() == portfolio)
            .map(crate::order::Order::row)
            .collect();
        known.reverse();
        self.counts.checks += known.len() as u64 + 2;
        check(orders == known, Invariant::ViewsAreFolds, || {
            format!("portfolio {portfolio}: {}", first_difference(&orders, &known))
        })?;
        let trades = handle.trades(portfolio, &TradeFilter::default(), None, 100_000).map_err(readable)?;
        let known: Vec<TradeRow> =
            history.trades.get(&portfolio).map(|rows| rows.iter().rev().cloned().collect()).unwrap_or_default();
        check(trades == known, Invariant::ViewsAreFolds, || {
            format!("portfolio {portfolio}: {}", first_difference(&trades, &known))
        })
    }

    fn compare_messages(&mut self, portfolio: PortfolioId, index: usize) -> Checked {
        let handle = self.system().handle();
        let known = self.shards[index].messages.get(&portfolio).map(Vec::as_slice).unwrap_or_default();
        let page = match handle.messages(portfolio, PortfolioSeq::new(0), 1_000_000) {
            Ok(page) => page,
            Err(error) => return broken(Invariant::ViewsAreFolds, error.to_string()),
        };
        let head = page.head_seq.get();
        check(head == known.len() as u64, Invariant::ViewsAreFolds, || {
            format!("portfolio {portfolio} stands at message {head}, its events made {}", known.len())
        })?;
        let same = page.messages.len() == known.len()
            && page
                .messages
                .iter()
                .zip(known)
                .zip(1..)
                .all(|(((seq, bytes), known), number)| seq.get() == number && known.bytes[..] == bytes[..]);
        self.counts.checks += known.len() as u64;
        check(same, Invariant::NothingSeenIsLost, || {
            format!(
                "portfolio {portfolio}: {} messages are kept, {} were made, or bytes differ",
                page.messages.len(),
                known.len()
            )
        })
    }

    /// At the end: the journal, the snapshots, the views and the engines tell one story, and portfolios do not
    /// depend on their neighbours.
    pub(super) fn judge(&mut self) -> Checked {
        self.compare_engines()?;
        self.compare_views()?;
        if self.open_anew_once()? {
            self.all_parts()?;
            self.compare_engines()?;
            self.compare_views()?;
        }
        let failure = self.system().failure();
        check(failure.is_none(), Invariant::Liveness, || format!("the disk is well, and yet {failure:?}"))?;
        let told = self.read_journal()?;
        for (index, events) in told.events.iter().enumerate() {
            let history = &self.shards[index];
            check(*events == history.events, Invariant::JournalReadsBack, || {
                format!("shard {index}: {}", first_difference(events, &history.events))
            })?;
        }
        self.judge_snapshots()?;
        self.judge_neighbours()?;
        self.trace.note("end", self.counts.operations, String::new);
        for index in 0..self.shards.len() {
            let seq = self.shards[index].book.seq;
            self.trace.number(seq);
        }
        Ok(())
    }

    /// A snapshot and the events after it give the state that all events give.
    fn judge_snapshots(&mut self) -> Checked {
        let mut told = Told::default();
        let mut journal = self.open_copy()?;
        let read = journal.recover(&mut told);
        check(read.as_ref().is_ok_and(|read| read.warnings.is_empty()), Invariant::SnapshotAndTail, || {
            format!("{read:?}")
        })?;
        for (index, (image, events)) in told.images.iter().zip(&told.events).enumerate() {
            let mut shard = Shard::restore(ShardConfig::default(), image);
            events.iter().for_each(|event| shard.fold(event));
            let (folded, live) = (shard.image(), self.shards[index].book.image());
            check(folded == live, Invariant::SnapshotAndTail, || {
                format!("shard {index} from event {}: {}", image.seq, difference(&folded, &live))
            })?;
            let mut past = History::default();
            let before = usize::try_from(image.seq.get()).expect("a count of events");
            self.shards[index].events[..before].iter().try_for_each(|event| past.book.fold(event))?;
            let known = past.book.image();
            check(before == 0 || *image == known, Invariant::SnapshotAndTail, || {
                format!("the snapshot of shard {index}: {}", difference(image, &known))
            })?;
            self.counts.checks += 2;
        }
        Ok(())
    }

    /// The inputs of one portfolio alone, given to an engine of its own, make the same events: nothing depends on
    /// who shares a shard, nor on how many shards there are.
    fn judge_neighbours(&mut self) -> Checked {
        let config = self.config().shard;
        for index in 0..self.shards.len() {
            let intake = &self.intakes[index];
            for portfolio in intake.begun_at.portfolios.iter().map(|row| row.id) {
                let mut alone = Shard::restore(config, &alone_in(&intake.begun_at, portfolio));
                for seen in &intake.seen {
                    let made = give(&mut alone, &seen.input, portfolio);
                    let was: Vec<_> = seen.events.iter().filter(|event| event.portfolio == portfolio).collect();
                    let made: Vec<_> = made.iter().filter(|event| event.portfolio == portfolio).collect();
                    self.counts.checks += 1;
                    check(was == made, Invariant::Metamorphic, || {
                        format!("portfolio {portfolio} alone: {:?} made {made:?}, with others {was:?}", seen.input)
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// A state with one portfolio of it.
fn alone_in(image: &ShardImage, portfolio: PortfolioId) -> ShardImage {
    let mut alone = image.clone();
    alone.portfolios.retain(|row| row.id == portfolio);
    alone.orders.retain(|order| order.id.portfolio() == portfolio);
    alone
}

/// Gives an engine an input, unless it concerns another portfolio.
fn give(shard: &mut Shard, input: &SeenInput, portfolio: PortfolioId) -> Vec<Event> {
    let mut events = Vec::new();
    match input {
        SeenInput::Request(request, now, _) => {
            let of = request.command.portfolio();
            if of == portfolio || of == PortfolioId::SYSTEM {
                shard.apply(request, *now, &mut events);
            } else {
                shard.on_time(*now, &mut events);
            }
        }
        SeenInput::Tick(stamped) => shard.on_tick(stamped, &mut events),
        SeenInput::Time(now) => shard.on_time(*now, &mut events),
        SeenInput::FeedLost(now) => shard.on_feed_lost(*now, &mut events),
        SeenInput::Flush => shard.flush_trailing(&mut events),
    }
    events
}

fn first_difference<T: PartialEq + std::fmt::Debug>(left: &[T], right: &[T]) -> String {
    let index = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    format!(
        "{} and {} rows; row {index}: {:?} is not {:?}",
        left.len(),
        right.len(),
        left.get(index),
        right.get(index)
    )
}

/// Where two states differ, in a few words.
fn difference(left: &ShardImage, right: &ShardImage) -> String {
    if left.instruments != right.instruments {
        return first_difference(&left.instruments, &right.instruments);
    }
    if left.orders != right.orders {
        return first_difference(&left.orders, &right.orders);
    }
    if left.portfolios != right.portfolios {
        return first_difference(&left.portfolios, &right.portfolios);
    }
    format!(
        "event {} and {}, time {} and {}, residue {} and {}",
        left.seq,
        right.seq,
        left.time.nanos(),
        right.time.nanos(),
        left.rounding_residue,
        right.rounding_residue
    )
}
