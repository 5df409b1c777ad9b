//! What the journal's proofs share: a workload whose events are known by their place, and a state
//! that tells any two pasts apart.
//!
//! It must never ask the code under test what is right: an event is a function of shard and place.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each proof uses a part of this")]

use model::{
    Event, EventBody, FlowKind, Money, Note, Origin, PortfolioId, PortfolioSeq, ShardId, ShardImage, ShardSeq,
    SubmittedBy, TickSeq, Time, UserId,
};
use persistence::snapshot::Fold;
use persistence::{
    AppendError, Journal, JournalConfig, OpenError, RecoverError, Recovered, RecoveryVisitor, SealedSegment,
    ShardBatch, Storage,
};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Shards of the workload.
pub const SHARDS: u16 = 2;

/// The event that a shard makes at this place.
pub fn event(shard: u16, seq: u64) -> Event {
    Event {
        portfolio: PortfolioId::new(u32::from(shard) + 2),
        seq: PortfolioSeq::new(seq),
        time: Time::from_seconds(1_700_000_000 + i64::try_from(seq).expect("small")),
        tick: TickSeq::new(seq * 3),
        body: EventBody::CashFlowed {
            kind: if seq.is_multiple_of(2) { FlowKind::Deposit } else { FlowKind::Withdrawal },
            amount: Money::from_raw(i128::from(seq) * 1_000_003 + i128::from(shard)),
            note: Note::parse(&format!("shard {shard} event {seq}")).expect("a short note"),
            by: SubmittedBy { user: UserId::new(7), origin: Origin::Manual },
        },
    }
}

/// How many events each shard has after so many transactions: the first makes two and one, the
/// second one and none, and so on in turn.
pub fn heads_after(transactions: u64) -> Vec<u64> {
    let pairs = transactions / 2;
    let rest = transactions % 2;
    vec![3 * pairs + 2 * rest, pairs + rest]
}

/// The batches of the transaction with this number, from 0.
pub fn batches_of(transaction: u64) -> Vec<(u16, u64, Vec<Event>)> {
    let before = heads_after(transaction);
    let after = heads_after(transaction + 1);
    (0..SHARDS)
        .filter_map(|shard| {
            let (from, to) = (before[usize::from(shard)] + 1, after[usize::from(shard)]);
            (from <= to).then(|| (shard, from, (from..=to).map(|seq| event(shard, seq)).collect()))
        })
        .collect()
}

/// Appends the transaction with this number.
pub fn append(journal: &mut Journal, transaction: u64) -> Result<(), AppendError> {
    let batches = batches_of(transaction);
    let batches: Vec<ShardBatch<'_>> = batches
        .iter()
        .map(|(shard, first, events)| ShardBatch {
            shard: ShardId::new(*shard),
            first_seq: ShardSeq::new(*first),
            time: events[0].time,
            events,
        })
        .collect();
    journal.append(&batches)
}

pub fn config(storage: Arc<dyn Storage>, dir: impl Into<PathBuf>, segment_bytes_max: u64) -> JournalConfig {
    JournalConfig { dir: dir.into(), shards: SHARDS, segment_bytes_max, cache_bytes: 1 << 20, storage }
}

/// A state that holds how many events came and a hash of all of them, in the one number an image has
/// room for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    pub seq: u64,
    pub digest: i128,
}

impl Digest {
    /// The state after so many events of a shard.
    pub fn of(shard: u16, events: u64) -> Self {
        let mut digest = Self::default();
        for seq in 1..=events {
            digest.fold(&event(shard, seq));
        }
        digest
    }

    pub fn restore(image: &ShardImage) -> Self {
        Self { seq: image.seq.get(), digest: image.rounding_residue }
    }
}

impl Fold for Digest {
    fn fold(&mut self, event: &Event) {
        self.seq += 1;
        for byte in format!("{event:?}").bytes() {
            self.digest = self.digest.wrapping_mul(0x0100_0000_01b3).wrapping_add(i128::from(byte) + 1);
        }
    }

    fn image(&self) -> ShardImage {
        ShardImage { seq: ShardSeq::new(self.seq), rounding_residue: self.digest, ..ShardImage::default() }
    }
}

/// Folds what recovery tells, checking its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct States(pub Vec<Digest>);

impl RecoveryVisitor for States {
    fn begin(&mut self, shard: ShardId, image: &ShardImage) {
        assert_eq!(usize::from(shard.get()), self.0.len(), "shards begin in order");
        self.0.push(Digest::restore(image));
    }

    fn event(&mut self, shard: ShardId, seq: ShardSeq, event: &Event) {
        let state = &mut self.0[usize::from(shard.get())];
        assert_eq!(seq.get(), state.seq + 1, "events come without a gap");
        state.fold(event);
    }
}

impl States {
    /// What must be there after so many transactions.
    pub fn after(transactions: u64) -> Self {
        Self(heads_after(transactions).iter().zip(0..).map(|(events, shard)| Digest::of(shard, *events)).collect())
    }
}

/// Recovers, and replays from the start as well: both must tell the same.
pub fn recover(journal: &mut Journal) -> Result<(States, Recovered), RecoverError> {
    let mut states = States::default();
    let recovered = journal.recover(&mut states)?;
    let mut replayed = States::default();
    journal.replay(&mut replayed)?;
    assert_eq!(states, replayed, "a snapshot and the events after it give what all events give");
    let heads: Vec<u64> = recovered.heads.iter().map(|head| head.get()).collect();
    assert_eq!(heads, states.0.iter().map(|state| state.seq).collect::<Vec<_>>());
    Ok((states, recovered))
}

/// Collects sealed segments as they are reported.
pub type Sealed = Arc<Mutex<Vec<SealedSegment>>>;

pub fn collect_sealed(journal: &mut Journal) -> Sealed {
    let sealed = Sealed::default();
    let seen = Arc::clone(&sealed);
    journal.on_sealed(Box::new(move |segment| seen.lock().expect("no panic holds it").push(segment.clone())));
    sealed
}

/// Opens, recovers, and appends transactions up to this count, with snapshots as segments are
/// sealed. Says how many transactions are known to be durable.
pub fn run(config: &JournalConfig, transactions: u64) -> (u64, Result<(), String>) {
    let mut acknowledged = 0;
    let result = run_inner(config, transactions, &mut acknowledged);
    (acknowledged, result)
}

fn run_inner(config: &JournalConfig, transactions: u64, acknowledged: &mut u64) -> Result<(), String> {
    let open: Result<Journal, OpenError> = Journal::open(config.clone());
    let mut journal = open.map_err(|error| error.to_string())?;
    let sealed = collect_sealed(&mut journal);
    let (states, _) = recover(&mut journal).map_err(|error| error.to_string())?;
    let mut next = (0..=transactions).find(|count| States::after(*count) == states).expect("a known state");
    *acknowledged = next;
    while next < transactions {
        append(&mut journal, next).map_err(|error| error.to_string())?;
        next += 1;
        *acknowledged = next;
        for segment in std::mem::take(&mut *sealed.lock().expect("no panic holds it")) {
            persistence::snapshot::make_ahead_with(config, &segment, Digest::restore)
                .map_err(|error| error.to_string())?;
        }
    }
    journal.close().map_err(|error| error.to_string())
}
