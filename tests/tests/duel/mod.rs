//! The engine against the naive model in one process: the recorded week, and orders made up between
//! its ticks. No network and no disk, so that many seeds take seconds.
//!
//! Every order, fill and balance must be equal; the first differences are printed.

mod shard;

use anyhow::{Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use shard::Engine;
use tests::fixed::{self, ONE};
use tests::ibm;
use tests::invent::{self, Buyer};
use tests::oracle::{NewOrder, Oracle, Tick, TickBody, TopOfBook};

/// Portfolios; every fifth is poor.
const PORTFOLIOS: usize = 20;
/// Commands for each thousand ticks.
const COMMANDS_PER_THOUSAND_TICKS: u32 = 8;
/// Weeks that are played, each with its own seed.
const SEEDS: u64 = 12;

#[test]
fn the_engine_agrees_with_the_naive_model() -> Result<()> {
    let Some(folder) = ibm::data_folder() else {
        eprintln!("skipped: the shared market data is not on this machine");
        return Ok(());
    };
    let ticks = ibm::load(&folder)?;
    let first = std::env::var("PAPERTAPE_SEED").ok().map_or(Ok(1), |text| text.parse::<u64>())?;
    let mut failures = Vec::new();
    for seed in first..first + SEEDS {
        let mut duel = Duel::new(seed);
        duel.run(&ticks);
        failures.extend(duel.judge().err());
    }
    ensure!(failures.is_empty(), "{failures:?}");
    Ok(())
}

struct Duel {
    seed: u64,
    random: StdRng,
    oracle: Oracle,
    engine: Engine,
    shapes: Vec<NewOrder>,
    sent: Vec<usize>,
    refused: usize,
    quote: TopOfBook,
}

impl Duel {
    fn new(seed: u64) -> Self {
        let balances: Vec<i128> =
            (0..PORTFOLIOS).map(|index| if index % 5 == 4 { 60_000 * ONE } else { 2_000_000 * ONE }).collect();
        Self {
            seed,
            random: StdRng::seed_from_u64(seed),
            oracle: Oracle::new(&balances, ONE, ibm::sessions()),
            engine: Engine::new(&balances),
            shapes: Vec::new(),
            sent: vec![0; PORTFOLIOS],
            refused: 0,
            quote: TopOfBook::default(),
        }
    }

    fn run(&mut self, ticks: &[Tick]) {
        let starts = ibm::sessions()[0].0 + 60_000_000_000;
        for tick in ticks {
            self.oracle.tick(tick);
            self.engine.tick(tick);
            if let TickBody::Quote(quote) = tick.body {
                self.quote = quote;
            }
            if tick.time > starts && self.random.random_ratio(COMMANDS_PER_THOUSAND_TICKS, 1_000) {
                self.command(tick.time);
            }
        }
    }

    fn command(&mut self, time: i64) {
        let recent = |random: &mut StdRng, count: usize| random.random_range(count.saturating_sub(160)..count);
        match self.random.random_range(0..100) {
            0..10 if self.shapes.len() > 50 => {
                let place = recent(&mut self.random, self.shapes.len());
                if self.engine.cancel(time, place) {
                    self.oracle.cancel(time, place);
                }
            }
            10..22 if self.shapes.len() > 50 => {
                let place = recent(&mut self.random, self.shapes.len());
                let Some(change) = invent::change(&mut self.random, self.shapes[place]) else { return };
                if self.engine.replace(time, place, change) {
                    self.oracle.replace(time, place, change);
                    self.shapes[place] = invent::changed(self.shapes[place], change);
                } else {
                    self.refused += 1;
                }
            }
            _ => {
                let portfolio = self.random.random_range(0..PORTFOLIOS);
                let buyer = Buyer { portfolio, rich: portfolio % 5 != 4 };
                let order = invent::order(&mut self.random, buyer, self.sent[portfolio], self.quote);
                self.sent[portfolio] += 1;
                self.shapes.push(order);
                self.oracle.submit(time, order);
                self.engine.submit(time, order);
            }
        }
    }

    fn judge(&self) -> Result<()> {
        let mut differences = Vec::new();
        for (place, order) in self.oracle.orders().iter().enumerate() {
            let (model, engine) = (order.summary(), self.engine.summary(place));
            if model != engine {
                let created = order.created;
                differences.push((
                    created,
                    format!("order {place} {:?} at {created}\n  model  {model}\n  engine {engine}", order.new),
                ));
            }
        }
        for portfolio in 0..PORTFOLIOS {
            let account = self.oracle.account(portfolio);
            let model = [account.cash, account.reserved_cash, account.realized, account.qty, account.cost];
            let engine = self.engine.account(portfolio);
            if model != engine {
                let text = |figures: [i128; 5]| figures.map(fixed::format).join(" ");
                differences.push((
                    i64::MAX,
                    format!("portfolio {portfolio}: model {} engine {}", text(model), text(engine)),
                ));
            }
        }
        let fills: usize = self.oracle.orders().iter().map(|order| order.fills.len()).sum();
        eprintln!(
            "seed {}: {} orders, {fills} fills, {} changes refused",
            self.seed,
            self.shapes.len(),
            self.refused
        );
        differences.sort();
        for (_, difference) in differences.iter().take(12) {
            eprintln!("{difference}");
        }
        ensure!(differences.is_empty(), "seed {}: {} differences", self.seed, differences.len());
        ensure!(fills > 1_000, "only {fills} fills were compared");
        Ok(())
    }
}
