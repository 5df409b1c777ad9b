//! The state of one shard as a proof folds it: a plain hash of all events, or the engine itself.

use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{Event, ShardImage, ShardSeq};
use persistence::RecoveryVisitor;
use persistence::snapshot::Fold;
use rkyv::rancor;

/// How the shards of the proofs behave.
pub fn shard_config() -> ShardConfig {
    ShardConfig { calendar: CalendarPolicy::AlwaysOpen, ..ShardConfig::default() }
}

/// What holds a shard's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// A hash chain over the bytes of every event.
    Plain,
    /// The engine's own shard.
    Engine,
}

/// A shard's state.
#[derive(Debug)]
pub enum Cell {
    Plain { seq: u64, chain: u128 },
    Engine(Box<Shard>),
}

impl Cell {
    pub fn restore(kind: CellKind, image: &ShardImage) -> Self {
        match kind {
            CellKind::Plain => {
                let chain = u128::from_le_bytes(image.rounding_residue.to_le_bytes());
                Self::Plain { seq: image.seq.get(), chain }
            }
            CellKind::Engine => Self::Engine(Box::new(Shard::restore(shard_config(), image))),
        }
    }

    pub fn seq(&self) -> u64 {
        match self {
            Self::Plain { seq, .. } => *seq,
            Self::Engine(shard) => shard.seq().get(),
        }
    }

    pub fn fingerprint(&self) -> u128 {
        match self {
            Self::Plain { seq, chain } => chain.wrapping_add(u128::from(*seq)),
            Self::Engine(shard) => {
                let image = rkyv::to_bytes::<rancor::Error>(&shard.image()).expect("memory takes it");
                hash(&[&image])
            }
        }
    }
}

impl Fold for Cell {
    fn fold(&mut self, event: &Event) {
        match self {
            Self::Plain { seq, chain } => {
                let bytes = rkyv::to_bytes::<rancor::Error>(event).expect("memory takes it");
                *seq += 1;
                *chain = hash(&[&chain.to_le_bytes(), &bytes]);
            }
            Self::Engine(shard) => shard.fold(event),
        }
    }

    fn image(&self) -> ShardImage {
        match self {
            Self::Plain { seq, chain } => ShardImage {
                seq: ShardSeq::new(*seq),
                rounding_residue: i128::from_le_bytes(chain.to_le_bytes()),
                ..ShardImage::default()
            },
            Self::Engine(shard) => shard.image(),
        }
    }
}

/// 128 bits of a hash over all parts.
pub fn hash(parts: &[&[u8]]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let hash = *hasher.finalize().as_bytes();
    u128::from_le_bytes(hash[..16].try_into().expect("a hash has 32 bytes"))
}

/// Empty shards.
pub fn empty(kind: CellKind, shards: u16) -> Vec<Cell> {
    (0..shards).map(|_| Cell::restore(kind, &ShardImage::default())).collect()
}

/// One number for all shards together.
pub fn fingerprint(cells: &[Cell]) -> u128 {
    cells.iter().fold(0, |all, cell| hash(&[&all.to_le_bytes(), &cell.fingerprint().to_le_bytes()]))
}

/// Folds what recovery tells, and notes where its order is wrong.
pub struct Told {
    kind: CellKind,
    pub cells: Vec<Cell>,
    pub fault: Option<String>,
}

impl Told {
    pub fn new(kind: CellKind) -> Self {
        Self { kind, cells: Vec::new(), fault: None }
    }
}

impl RecoveryVisitor for Told {
    fn begin(&mut self, shard: model::ShardId, image: &ShardImage) {
        if usize::from(shard.get()) != self.cells.len() {
            self.fault = Some(format!("shard {shard:?} begins out of turn"));
        }
        self.cells.push(Cell::restore(self.kind, image));
    }

    fn event(&mut self, shard: model::ShardId, seq: ShardSeq, event: &Event) {
        let cell = &mut self.cells[usize::from(shard.get())];
        if seq.get() != cell.seq() + 1 {
            self.fault = Some(format!("event {seq} of shard {shard:?} follows event {}", cell.seq()));
        }
        cell.fold(event);
    }
}
