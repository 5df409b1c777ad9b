//! Ticks offered to the system, right ones and wrong ones.

use super::World;
use crate::violation::{Checked, Invariant, check};
use feeds::{Push, TickSink};
use model::Tick;
use runtime::Overflow;

impl World {
    /// The feed's turn: a tick, a flood, an interruption or silence.
    pub(super) fn feed_turn(&mut self) -> Checked {
        if self.counts.steps < self.silent_until {
            return Ok(());
        }
        let faults = self.plan.feed;
        if !self.feed_up {
            self.system().feed().feed_up();
            self.feed_up = true;
            self.feed.reconnected();
        }
        if !self.calm && faults.lost && self.random.chance(1, 60) {
            self.fault("feed lost");
            self.system().feed().feed_lost();
            self.feed_up = false;
            return Ok(());
        }
        if !self.calm && faults.silence && self.random.chance(1, 120) {
            self.fault("silence");
            self.silent_until = self.counts.steps + self.random.below(200);
            let now = self.clock.time();
            self.clock.set(now.plus_nanos(self.plan.quote_age_ns / 2 + self.plan.quote_age_ns / 4));
            return Ok(());
        }
        let flood = !self.calm && faults.floods && self.random.chance(1, 40);
        let count = if flood { self.random.between(5, 40) } else { 1 };
        for _ in 0..count {
            let now = self.clock.time();
            let tick = self.feed.tick(now, &mut self.random);
            self.offer(tick)?;
        }
        if flood {
            self.fault("flood");
        }
        Ok(())
    }

    /// Offers a tick as a provider's task does: through the quarantine, and again while it has to wait.
    pub(super) fn offer(&mut self, tick: Tick) -> Checked {
        self.counts.operations += 1;
        self.counts.ticks += 1;
        if !self.feed.checked(&tick) {
            self.trace.note("tick quarantined", 0, || format!("{tick:?}"));
            return Ok(());
        }
        let push = self.system().feed().push(tick);
        self.trace.note("tick pushed", u64::from(push == Push::Accepted), || format!("{tick:?} {push:?}"));
        match push {
            Push::Accepted => self.intakes.iter_mut().for_each(|intake| intake.pushed.push(tick)),
            Push::Full => {
                let waits = self.plan.overflow == Overflow::Block;
                check(waits, Invariant::Bounds, || "a feed that cannot wait was told to".to_owned())?;
            }
        }
        Ok(())
    }

    /// Fresh good quotes of every instrument.
    pub(super) fn fresh_quotes(&mut self) -> Checked {
        self.all_parts()?;
        for index in 0..self.listed.len() {
            let now = self.clock.time();
            let tick = self.feed.quote_of(index, now, &mut self.random);
            self.offer(tick)?;
            self.all_parts()?;
        }
        Ok(())
    }
}
