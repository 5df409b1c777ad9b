//! The scheduler: who goes next. Any part may be slow, and any two may meet in any order.

use super::{LIVENESS_STEPS_MAX, Listed, World};
use crate::feed::Feed;
use crate::violation::{Checked, Invariant, broken, check};
use model::{
    AssetClass, CalendarId, Command, Currency, ExecutionProfile, Instrument, InstrumentStatus, Money, Price, Qty,
    Symbol,
};
use persistence::NewUser;
use persistence::catalogue::NewPortfolio;
use runtime::ClockMode;
use runtime::stepping::Step;

const CENT: i64 = 1_000_000;
const ONE: i64 = 100 * CENT;

impl World {
    /// The first start, and what stands before anything goes wrong: a user, portfolios, instruments.
    pub(super) fn begin(&mut self) -> Checked {
        self.start()?;
        let handle = self.system().handle();
        let catalogue = handle.catalogue();
        let failed = |error: persistence::CatalogueError| crate::violation::Violation {
            invariant: Invariant::StartsAgain,
            detail: error.to_string(),
        };
        let now = self.clock.time();
        let user = catalogue
            .create_user(NewUser {
                username: "someone".to_owned(),
                nickname: "someone".to_owned(),
                password_hash: "none".to_owned(),
                created_at: now,
            })
            .map_err(failed)?;
        let symbols: Vec<Symbol> = (0..self.plan.instruments)
            .map(|index| Symbol::parse(&format!("S{index}")).expect("a ticker"))
            .collect();
        let ids = catalogue.instrument_ids(&symbols).map_err(failed)?;
        self.listed =
            symbols.iter().zip(ids).map(|(symbol, id)| Listed { id, symbol: *symbol, halted: false }).collect();
        let ids: Vec<_> = self.listed.iter().map(|listed| listed.id).collect();
        self.feed = Feed::new(&ids, self.plan.feed, &mut self.random);
        for number in 0..self.plan.portfolios {
            let limits = if self.plan.habits.limits { self.some_limits() } else { model::RiskLimits::default() };
            let cash = i128::from(self.random.between(1, self.plan.cash_max)) * i128::from(ONE);
            let new = NewPortfolio {
                user: user.id,
                name: model::PortfolioName::parse(&format!("p{number}")).expect("a name"),
                created_at: now,
                currency: Currency::Usd,
                starting_balance: Money::from_raw(cash),
                limits,
                profile: ExecutionProfile::REALISTIC,
            };
            self.portfolios.push(catalogue.create_portfolio(new).map_err(failed)?.id);
        }
        self.make_clients();
        for index in 0..self.listed.len() {
            let instrument = self.instrument(index);
            self.send(0, Command::DefineInstrument(instrument));
            self.all_parts()?;
        }
        for portfolio in self.portfolios.clone() {
            // Every other one is left to the next start, which must open it.
            if self.plan.faults && self.random.chance(1, 6) {
                continue;
            }
            let row = handle.catalogue().portfolio(portfolio).map_err(failed)?.expect("it was made just now");
            let (starting_balance, limits, profile) = (row.starting_balance, row.limits, Box::new(row.profile));
            let currency = row.currency;
            self.send(0, Command::OpenPortfolio { portfolio, currency, starting_balance, limits, profile });
            self.all_parts()?;
        }
        self.counts.operations = 0;
        Ok(())
    }

    /// An instrument as the operator knows it.
    pub(super) fn instrument(&self, index: usize) -> Instrument {
        let Listed { id, symbol, halted } = self.listed[index];
        Instrument {
            id,
            symbol,
            name: symbol.as_str().into(),
            exchange: "SIM".into(),
            asset_class: AssetClass::Equity,
            currency: Currency::Usd,
            tick_size: Price::from_raw(CENT),
            tick_size_below_one: Price::from_raw(CENT / 100),
            lot_size: if self.plan.orders.fractions { Qty::from_raw(ONE / 1_000) } else { Qty::whole(1) },
            calendar: if index.is_multiple_of(2) { CalendarId::Xnys } else { CalendarId::AlwaysOpen },
            tradable: true,
            shortable: false,
            status: if halted { InstrumentStatus::Halted } else { InstrumentStatus::Active },
        }
    }

    /// One step of the safety phase: a part, an input or a fault.
    pub(super) fn step(&mut self) -> Checked {
        self.counts.steps += 1;
        self.trace.step = self.counts.steps;
        if self.system.is_none() {
            self.faulty_start()?;
            return Ok(());
        }
        if self.plan.faults && self.random.chance(1, 60) {
            self.disk_fault()?;
            if self.system.is_none() {
                return Ok(());
            }
        }
        self.move_clock();
        let parts = self.plan.steps_per_operation;
        if self.random.chance(parts, parts + 1) {
            self.some_part()?;
        } else if self.random.chance(self.plan.tick_share, 100) {
            self.feed_turn()?;
        } else {
            self.client_turn()?;
        }
        self.after_step()
    }

    /// Time passes, and sometimes as it should not.
    fn move_clock(&mut self) {
        if self.counts.steps < self.stalled_until {
            return;
        }
        let faults = self.plan.time;
        let now = self.clock.time();
        let mut passed = self.random.between(0, 40_000_000);
        if self.random.chance(1, 50) {
            passed = self.random.between(0, 30_000_000_000);
        }
        if self.plan.orders.day && self.random.chance(1, 150) {
            // On to the next hours, so that sessions end.
            passed = self.random.between(1, 8) * 3_600_000_000_000;
        }
        if !self.calm && faults.forward && self.random.chance(1, 150) {
            self.fault("clock forward");
            passed = self.random.between(1, 40) * 3_600_000_000_000;
        }
        if !self.calm && faults.backward && self.random.chance(1, 100) {
            self.fault("clock backward");
            passed = -self.random.between(1, 3_600_000_000_000);
        }
        if !self.calm && faults.stalls && self.random.chance(1, 100) {
            self.fault("clock stalls");
            self.stalled_until = self.counts.steps + self.random.below(100);
        }
        self.clock.set(now.plus_nanos(passed));
        self.latest = self.latest.max(now.plus_nanos(passed));
    }

    /// A step of any part.
    fn some_part(&mut self) -> Checked {
        let shards = u64::from(self.plan.shards);
        let roll = self.random.below(shards * 3 + 8);
        match roll {
            roll if roll < shards * 3 => {
                let shard = usize::try_from(roll % shards).expect("a few shards");
                self.shard_turn(shard)
            }
            roll => {
                match roll - shards * 3 {
                    0..=2 => self.journal_turn(),
                    3 | 4 => self.note_part("projection", |system| system.step_projection()),
                    5 => {
                        let rows = self.random.pick(&[1, 16, 10_000]);
                        self.note_part("views", |system| system.step_views(rows));
                    }
                    6 => self.note_part("snapshotter", |system| system.step_snapshotter()),
                    _ => {
                        let system = self.system();
                        while system.step_market_data() == Step::Worked {}
                    }
                }
                Ok(())
            }
        }
    }

    fn note_part(&mut self, name: &'static str, step: impl FnOnce(&mut runtime::stepping::SteppedSystem) -> Step) {
        let stepped = step(self.system());
        self.trace.note(name, stepped as u64, || format!("{stepped:?}"));
    }

    fn journal_turn(&mut self) {
        let events = self.random.pick(&[1, 1, 8, usize::MAX]);
        self.note_part("journal", |system| system.step_journal(events));
    }

    pub(super) fn shard_turn(&mut self, shard: usize) -> Checked {
        let ticks = self.random.pick(&[0, 1, 3, 64]);
        let commands = self.random.pick(&[0, 1, 2, 16]);
        let stepped = self.system().step_shard(shard, ticks, commands);
        self.trace.note("shard", stepped as u64, || format!("{shard}: {stepped:?}"));
        self.take_down(shard)?;
        if self.system().lane_is_empty(shard) {
            self.lane_is_empty(shard)?;
        }
        if stepped == Step::Worked {
            self.check_index(shard)?;
        }
        match stepped {
            Step::Idle | Step::Worked => self.check_time(shard),
            Step::Blocked | Step::Ended => Ok(()),
        }
    }

    /// Under the wall clock nothing is open past its end after a turn.
    fn check_time(&mut self, shard: usize) -> Checked {
        match self.plan.clock {
            ClockMode::Feed => return Ok(()),
            ClockMode::Wall => {}
        }
        let now = self.clock.time();
        let book = &self.shards[shard].book;
        for order in book.open.iter().map(|id| &book.orders[id]) {
            let late = order.expires_at.is_some_and(|end| end <= now);
            check(!late, Invariant::TimeRuns, || {
                format!("order {} should have ended at {:?}, it is {}", order.id, order.expires_at, now.nanos())
            })?;
        }
        Ok(())
    }

    /// The price index of a shard holds what a scan of its open orders finds.
    fn check_index(&mut self, shard: usize) -> Checked {
        for listed in self.listed.clone() {
            for side in [model::Side::Buy, model::Side::Sell] {
                let Some(mut walked) = self.system().shard(shard).walk_index(listed.id, side) else { continue };
                walked.stops.sort_unstable();
                let scanned = self.intakes[shard].reference.index(&self.shards[shard], listed.id, side);
                self.counts.checks += 1;
                check(walked == scanned, Invariant::IndexIsScan, || {
                    format!(
                        "shard {shard} {} {side:?}: the index holds {walked:?}, a scan {scanned:?}",
                        listed.symbol
                    )
                })?;
            }
        }
        Ok(())
    }

    /// Cheap checks after every step.
    pub(super) fn after_step(&mut self) -> Checked {
        let Some(system) = &self.system else { return Ok(()) };
        let status = system.handle().status();
        for (shard, history) in status.shards.iter().zip(&self.shards) {
            let ordered = shard.published <= shard.durable && shard.durable <= shard.applied;
            check(ordered && shard.stored <= shard.durable, Invariant::PublishedDurableApplied, || {
                format!("{shard:?}")
            })?;
            check(shard.applied <= history.book.seq, Invariant::PublishedDurableApplied, || {
                format!("{} applied, {} seen", shard.applied, history.book.seq)
            })?;
            let bound = self.plan.capacities.commands.all as u64;
            check(shard.commands_queued <= bound, Invariant::Bounds, || format!("{shard:?}"))?;
        }
        self.counts.checks += 3 * status.shards.len() as u64;
        if self.counts.steps.is_multiple_of(16) {
            for history in &self.shards {
                history.book.check_deep()?;
            }
            self.counts.checks += 4 * status.shards.len() as u64;
        }
        if self.counts.steps.is_multiple_of(64) {
            self.compare_engines()?;
        }
        Ok(())
    }

    /// Every part goes until nothing moves.
    pub(super) fn all_parts(&mut self) -> Checked {
        loop {
            let mut moved = false;
            for shard in 0..usize::from(self.plan.shards) {
                moved |= self.system().step_shard(shard, 64, 16) == Step::Worked;
                self.take_down(shard)?;
                if self.system().lane_is_empty(shard) {
                    self.lane_is_empty(shard)?;
                }
            }
            let system = self.system();
            moved |= system.step_journal(usize::MAX) == Step::Worked;
            moved |= system.step_projection() == Step::Worked;
            moved |= system.step_views(usize::MAX) == Step::Worked;
            moved |= system.step_snapshotter() == Step::Worked;
            while system.step_market_data() == Step::Worked {}
            self.look_for_answers()?;
            if !moved {
                return Ok(());
            }
        }
    }

    /// Faults stop: everything that waits must come to its end.
    pub(super) fn heal(&mut self) -> Checked {
        self.calm = true;
        self.feed.heal();
        self.stop_disk_faults()?;
        (self.silent_until, self.stalled_until) = (0, 0);
        // The clock is set right, and the provider begins afresh.
        let now = self.latest.max(self.clock.time()).plus_nanos(3_700_000_000_000);
        self.clock.set(now);
        self.feed.reconnected();
        self.trace.note("calm", 0, String::new);
        if self.system.as_ref().is_none_or(|system| system.failure().is_some()) {
            self.let_go()?;
            let started = self.start()?;
            check(started, Invariant::StartsAgain, || "the system did not start".to_owned())?;
        }
        let begun = self.counts.steps;
        loop {
            self.counts.steps += 1;
            self.trace.step = self.counts.steps;
            self.open_anew_once()?;
            self.fresh_quotes()?;
            for client in 0..self.clients.len() {
                self.retry_open(client);
                self.all_parts()?;
                for portfolio in self.portfolios.clone() {
                    self.read_stream(client, portfolio)?;
                }
            }
            let now = self.clock.time();
            self.clock.set(now.plus_nanos(300_000_000));
            self.all_parts()?;
            for client in 0..self.clients.len() {
                for portfolio in self.portfolios.clone() {
                    self.read_stream(client, portfolio)?;
                }
            }
            self.after_step()?;
            let waiting = self.what_waits();
            let failure = self.system().failure();
            let Some(waiting) = waiting.or_else(|| failure.map(|failure| failure.to_string())) else { break };
            if self.counts.steps - begun > LIVENESS_STEPS_MAX / 100 {
                return broken(Invariant::Liveness, waiting);
            }
        }
        self.at_rest()
    }

    /// A fault of before may be found by the first who reads. The disk is well, so there is no second one.
    pub(super) fn open_anew_once(&mut self) -> Checked<bool> {
        if self.found_late || self.system().failure().is_none() {
            return Ok(false);
        }
        self.found_late = true;
        self.trace.note("opened anew", 0, String::new);
        self.let_go()?;
        let started = self.start()?;
        check(started, Invariant::StartsAgain, || "the system did not start".to_owned())?;
        Ok(true)
    }

    /// Nothing waits anywhere, and every market is fresh.
    fn at_rest(&mut self) -> Checked {
        let status = self.system().handle().status();
        for shard in &status.shards {
            let level = shard.applied == shard.durable && shard.durable == shard.published;
            check(
                level && shard.stored == shard.published && shard.commands_queued == 0,
                Invariant::Liveness,
                || format!("at rest: {shard:?}"),
            )?;
        }
        check(status.failure.is_none(), Invariant::Liveness, || format!("{:?}", status.failure))?;
        for listed in self.listed.clone() {
            let quote = self.system().handle().quote(listed.id);
            let stale = quote.is_none_or(|quote| quote.stale);
            check(!stale, Invariant::Liveness, || {
                format!("{} is stale after a fresh quote: {quote:?}", listed.symbol)
            })?;
        }
        Ok(())
    }
}
