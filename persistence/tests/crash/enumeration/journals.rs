//! Workloads on the journal, its snapshots and its trimming.

use super::acknowledged::Acknowledged;
use super::cells::{Cell, CellKind, Told, empty, fingerprint, shard_config};
use super::crash::{Ways, crashes};
use super::engine_script;
use super::script::{Script, Sizes, Transaction, append, copies, one_more};
use super::{Bad, Kind, Workload};
use persistence::snapshot::{self, Fold};
use persistence::{AppendError, Journal, JournalConfig, SealedSegment, SimulatedStorage};
use std::sync::{Arc, Mutex, PoisonError};

/// A segment that no workload fills.
const ROOMY: u64 = 1 << 20;
/// Makers of transactions beyond a script begin here; generations of checks are below.
const MAKERS_BEYOND: u32 = 100;

/// What is done when a segment was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenSealed {
    Nothing,
    Snapshots,
    SnapshotsAndTrim,
}

/// A journal that is opened, appended to and closed in some pattern.
pub struct Journals {
    name: String,
    kind: CellKind,
    shards: u16,
    segment_bytes_max: u64,
    when_sealed: WhenSealed,
    script: Script,
    /// Transactions that are appended beyond the script.
    beyond: u32,
    /// After so many transactions it is closed and opened again.
    per_opening: usize,
    base: SimulatedStorage,
    base_state: u128,
}

impl Journals {
    fn new(name: &str, shards: u16, script: Script) -> Self {
        let base_state = script.states[0];
        Self {
            name: name.to_owned(),
            kind: CellKind::Plain,
            shards,
            segment_bytes_max: ROOMY,
            when_sealed: WhenSealed::Nothing,
            script,
            beyond: 0,
            per_opening: usize::MAX,
            base: SimulatedStorage::new(),
            base_state,
        }
    }

    /// A data directory is made, and the first batches.
    pub fn creation() -> Self {
        Self::new("creation", 2, Script::plain(2, 2, |_, shard| 1 + u64::from(shard)))
    }

    /// Several shards, batches from one event to more than a page, some shards without any.
    pub fn appends() -> Self {
        let sizes: Sizes = |number, shard| match (number + u64::from(shard)) % 5 {
            0 => 1,
            1 => 0,
            2 => 3,
            3 => {
                if shard == 0 {
                    60
                } else {
                    7
                }
            }
            _ => 2,
        };
        Self::new("appends", 3, Script::plain(3, 9, sizes))
    }

    /// Segments so small that every other append begins one.
    pub fn rollover() -> Self {
        let script = Script::plain(2, 6, |number, shard| if number % 2 == u64::from(shard) { 3 } else { 1 });
        Self { segment_bytes_max: 900, ..Self::new("rollover", 2, script) }
    }

    /// Real shards trade, and a snapshot of each is made wherever a segment is sealed.
    pub fn snapshots() -> Self {
        let script = Script::engine(engine_script::SHARDS, engine_script::transactions());
        Self {
            kind: CellKind::Engine,
            segment_bytes_max: 2_200,
            when_sealed: WhenSealed::Snapshots,
            ..Self::new("snapshots", engine_script::SHARDS, script)
        }
    }

    /// As with rollover, and segments that snapshots cover are removed.
    pub fn trimming() -> Self {
        let script = Script::plain(2, 9, |number, shard| if number % 2 == u64::from(shard) { 3 } else { 1 });
        Self {
            segment_bytes_max: 900,
            when_sealed: WhenSealed::SnapshotsAndTrim,
            ..Self::new("trimming", 2, script)
        }
    }

    /// Closed in order and opened again, over and over.
    pub fn reopening() -> Self {
        Self { per_opening: 1, ..Self::new("reopening", 2, Script::plain(2, 4, |_, shard| 1 + u64::from(shard))) }
    }

    /// Begins on a disk that went through crashes chosen by the seed, each followed by recovery and
    /// appends.
    pub fn cycles(seed: u64) -> Self {
        let script = Script { transactions: Vec::new(), states: vec![fingerprint(&empty(CellKind::Plain, 2))] };
        let cycle =
            Self { segment_bytes_max: 1_300, beyond: 3, ..Self::new(&format!("cycles-{seed}"), 2, script) };
        (0..4).fold(cycle, |cycle, round| cycle.crashed(seed + round))
    }

    /// The same workload on what a crash of it leaves.
    fn crashed(mut self, seed: u64) -> Self {
        let disk = self.base.after_kill();
        disk.keep_history();
        let mut told = Acknowledged::any_of(vec![self.base_state]);
        self.run(&disk, &mut told).expect("a disk without faults");
        let moments = disk.history();
        let pick = |count: usize, salt: u64| {
            usize::try_from((seed + 1) * 7_919 * (salt + 1) % count as u64).expect("below a count")
        };
        // From the middle on, so that something was acknowledged.
        let moment = &moments[moments.len() / 2 + pick(moments.len() / 2, 0)];
        let ways = crashes(moment, Ways::All);
        let image = ways[pick(ways.len(), 1)].of(moment);
        let mut journal = Journal::open(self.config(&image)).expect("one crash is survived");
        let (cells, _) = self.recover(&mut journal).expect("one crash is survived");
        self.base_state = fingerprint(&cells);
        assert!(told.before(moment.operation()).contains(&self.base_state), "one crash loses nothing");
        drop(journal);
        self.base = image.after_kill();
        self
    }

    fn config(&self, disk: &SimulatedStorage) -> JournalConfig {
        JournalConfig {
            dir: "data".into(),
            shards: self.shards,
            segment_bytes_max: self.segment_bytes_max,
            cache_bytes: 1 << 16,
            storage: Arc::new(disk.clone()),
        }
    }

    /// What snapshots and the events after them give, which must be what all events give; and what
    /// recovery had to make good.
    fn recover(&self, journal: &mut Journal) -> Result<(Vec<Cell>, usize), Bad> {
        let mut told = Told::new(self.kind);
        let recovered = journal.recover(&mut told).map_err(Bad::refused)?;
        let mut replayed = Told::new(self.kind);
        journal.replay(&mut replayed).map_err(Bad::refused)?;
        if let Some(fault) = told.fault.or(replayed.fault) {
            return Err(Bad::new(Kind::Partial, fault));
        }
        if fingerprint(&told.cells) != fingerprint(&replayed.cells) {
            return Err(Bad::new(Kind::Partial, "a snapshot differs from the events before it"));
        }
        let heads: Vec<u64> = recovered.heads.iter().map(|head| head.get()).collect();
        if heads != told.cells.iter().map(Cell::seq).collect::<Vec<_>>() {
            return Err(Bad::new(Kind::Partial, format!("heads {heads:?} are not where the events end")));
        }
        Ok((told.cells, recovered.warnings.len()))
    }

    /// Opens, and collects what is sealed.
    fn open(&self, disk: &SimulatedStorage) -> Result<(Journal, Sealed), String> {
        let mut journal = Journal::open(self.config(disk)).map_err(|error| error.to_string())?;
        let sealed = Sealed::default();
        let seen = Arc::clone(&sealed);
        journal.on_sealed(Box::new(move |segment| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(segment.clone());
        }));
        Ok((journal, sealed))
    }

    /// Does what is due when segments were sealed.
    fn tidy(&self, disk: &SimulatedStorage, journal: &mut Journal, sealed: &Sealed) -> Result<(), String> {
        let config = self.config(disk);
        let sealed = std::mem::take(&mut *sealed.lock().unwrap_or_else(PoisonError::into_inner));
        if self.when_sealed == WhenSealed::Nothing {
            return Ok(());
        }
        for segment in sealed {
            let made = match self.kind {
                CellKind::Plain => {
                    snapshot::make_ahead_with(&config, &segment, |image| Cell::restore(CellKind::Plain, image))
                }
                CellKind::Engine => snapshot::make_ahead(&config, shard_config(), &segment),
            };
            made.map_err(|error| error.to_string())?;
            if self.when_sealed != WhenSealed::SnapshotsAndTrim {
                continue;
            }
            if let Some(covered) = snapshot::covered(&config).map_err(|error| error.to_string())? {
                // Both ways in turn: at once, and with the next segment.
                if segment.number.is_multiple_of(2) {
                    journal.trim(covered).map_err(|error| error.to_string())?;
                } else {
                    journal.trimmer().request(covered);
                }
            }
        }
        Ok(())
    }

    /// The transaction with this number, and the states after it.
    fn next(&self, cells: &mut [Cell], number: usize) -> Transaction {
        let Some(transaction) = self.script.transactions.get(number) else {
            let maker = MAKERS_BEYOND + u32::try_from(number).expect("few");
            return one_more(self.kind, cells, maker);
        };
        for (shard, events) in transaction {
            events.iter().for_each(|event| cells[usize::from(*shard)].fold(event));
        }
        transaction.clone()
    }
}

type Sealed = Arc<Mutex<Vec<SealedSegment>>>;

fn acknowledged_append(
    journal: &mut Journal,
    disk: &SimulatedStorage,
    transaction: &Transaction,
) -> Result<(), String> {
    let Err(error) = append(journal, transaction) else { return Ok(()) };
    // Nothing more is written through a journal that failed.
    assert!(journal.is_poisoned(), "an append failed and the journal goes on: {error}");
    let operations = disk.operation_count();
    let refused = append(journal, transaction);
    assert!(matches!(refused, Err(AppendError::Poisoned)), "a poisoned journal says so");
    assert_eq!(disk.operation_count(), operations, "a poisoned journal touches nothing");
    Err(error.to_string())
}

impl Workload for Journals {
    fn name(&self) -> &str {
        &self.name
    }

    fn begin(&self) -> (SimulatedStorage, u128) {
        (self.base.after_kill(), self.base_state)
    }

    fn run(&self, disk: &SimulatedStorage, told: &mut Acknowledged) -> Result<(), String> {
        let mut number = 0;
        let count = self.script.transactions.len() + self.beyond as usize;
        while number < count {
            let (mut journal, sealed) = self.open(disk)?;
            let (recovered, _) = self.recover(&mut journal).map_err(|bad| bad.what)?;
            let state = fingerprint(&recovered);
            if !told.now().contains(&state) {
                return Err("another state was found than was left".to_owned());
            }
            told.stands(disk, state);
            let mut cells = copies(self.kind, &recovered);
            let end = count.min(number.saturating_add(self.per_opening));
            for number in number..end {
                let transaction = self.next(&mut cells, number);
                let next = fingerprint(&cells);
                told.under_way(disk, next);
                acknowledged_append(&mut journal, disk, &transaction)?;
                told.stands(disk, next);
                self.tidy(disk, &mut journal, &sealed)?;
            }
            number = end;
            journal.close().map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn check(&self, disk: &SimulatedStorage, generation: u32, told: &mut Acknowledged) -> Result<u128, Bad> {
        let (mut journal, sealed) = self.open(disk).map_err(Bad::refused)?;
        let (mut cells, warnings) = self.recover(&mut journal)?;
        if warnings > 0 {
            return Err(Bad::new(Kind::Partial, "a snapshot under its own name is not whole"));
        }
        let found = fingerprint(&cells);
        told.stands(disk, found);
        if let Some(last) = journal.last_sealed() {
            sealed.lock().unwrap_or_else(PoisonError::into_inner).push(last.clone());
        }
        self.tidy(disk, &mut journal, &sealed).map_err(Bad::refused)?;
        let transaction = one_more(self.kind, &mut cells, generation);
        let next = fingerprint(&cells);
        told.under_way(disk, next);
        append(&mut journal, &transaction).map_err(Bad::refused)?;
        told.stands(disk, next);
        self.tidy(disk, &mut journal, &sealed).map_err(Bad::refused)?;
        drop(journal);
        let (mut journal, _) = self.open(disk).map_err(Bad::refused)?;
        let (cells, _) = self.recover(&mut journal)?;
        if fingerprint(&cells) != next {
            return Err(Bad::new(Kind::Lost, "one more append was acknowledged and is not found"));
        }
        if generation == 1 {
            journal.close().map_err(Bad::refused)?;
        }
        Ok(found)
    }
}
