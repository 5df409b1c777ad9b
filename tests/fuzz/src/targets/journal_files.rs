//! The files of a journal, changed in any number of places.
//!
//! An input is a list of changes of seven bytes: which file, what, where, and a value. Rules: a changed
//! journal is refused with a reason, or tells exactly what was appended; nothing panics, nothing is told
//! short or otherwise.

use crate::{Target, kind_of};
use model::{
    Event, EventBody, FlowKind, Money, Note, Origin, PortfolioId, PortfolioSeq, ShardId, ShardImage, ShardSeq,
    SubmittedBy, TickSeq, Time, UserId,
};
use persistence::snapshot::{self, Fold};
use persistence::{Journal, JournalConfig, RecoveryVisitor, SealedSegment, ShardBatch, SimulatedStorage, Storage};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

pub(super) const TARGET: Target =
    Target { name: "journal_files", run, words: &[], executions: 400, bytes_max: 140 };

const SHARDS: u16 = 2;
const EVENTS: u64 = 60;
const FOLDER: &str = "journal";

/// A journal that was ended in order: its files and what it tells.
struct Original {
    files: Vec<(PathBuf, Vec<u8>)>,
    told: Told,
}

fn config(storage: Arc<dyn Storage>) -> JournalConfig {
    JournalConfig { dir: FOLDER.into(), shards: SHARDS, segment_bytes_max: 6_000, cache_bytes: 1 << 18, storage }
}

fn event(shard: u16, seq: u64) -> Event {
    Event {
        portfolio: PortfolioId::new(u32::from(shard) + 2),
        seq: PortfolioSeq::new(seq),
        time: Time::from_seconds(1_700_000_000 + i64::try_from(seq).expect("small")),
        tick: TickSeq::new(seq),
        body: EventBody::CashFlowed {
            kind: if seq.is_multiple_of(2) { FlowKind::Deposit } else { FlowKind::Withdrawal },
            amount: Money::from_raw(i128::from(seq) * 1_000_003),
            note: Note::parse(&format!("event {seq} of shard {shard}")).expect("a short note"),
            by: SubmittedBy { user: UserId::new(7), origin: Origin::Manual },
        },
    }
}

/// What was told of each shard: how many events, and a hash of them in the one number an image has room
/// for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told(Vec<Digest>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Digest {
    seq: u64,
    hash: i128,
}

impl Digest {
    fn restore(image: &ShardImage) -> Self {
        Self { seq: image.seq.get(), hash: image.rounding_residue }
    }
}

impl Fold for Digest {
    fn fold(&mut self, event: &Event) {
        self.seq += 1;
        for byte in format!("{event:?}").bytes() {
            self.hash = self.hash.wrapping_mul(0x0100_0000_01b3).wrapping_add(i128::from(byte) + 1);
        }
    }

    fn image(&self) -> ShardImage {
        ShardImage { seq: ShardSeq::new(self.seq), rounding_residue: self.hash, ..ShardImage::default() }
    }
}

impl RecoveryVisitor for Told {
    fn begin(&mut self, _: ShardId, image: &ShardImage) {
        self.0.push(Digest::restore(image));
    }

    fn event(&mut self, shard: ShardId, seq: ShardSeq, event: &Event) {
        let digest = &mut self.0[usize::from(shard.get())];
        assert_eq!(seq.get(), digest.seq + 1, "events are told without a gap");
        digest.fold(event);
    }
}

fn original() -> &'static Original {
    static ORIGINAL: OnceLock<Original> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let storage = SimulatedStorage::new();
        let config = config(Arc::new(storage.clone()));
        let mut journal = Journal::open(config.clone()).expect("a new journal");
        let sealed: Arc<Mutex<Vec<SealedSegment>>> = Arc::default();
        let seen = Arc::clone(&sealed);
        journal.on_sealed(Box::new(move |segment| seen.lock().expect("no panic").push(segment.clone())));
        for seq in (1..=EVENTS).step_by(2) {
            let events: Vec<Vec<Event>> =
                (0..SHARDS).map(|shard| vec![event(shard, seq), event(shard, seq + 1)]).collect();
            let batches: Vec<ShardBatch<'_>> = (0..SHARDS)
                .zip(&events)
                .map(|(shard, events)| ShardBatch {
                    shard: ShardId::new(shard),
                    first_seq: ShardSeq::new(seq),
                    time: events[0].time,
                    events,
                })
                .collect();
            journal.append(&batches).expect("a good disk");
            for segment in std::mem::take(&mut *sealed.lock().expect("no panic")) {
                snapshot::make_ahead_with(&config, &segment, Digest::restore).expect("a good disk");
            }
        }
        journal.close().expect("a good disk");
        let dir = Path::new(FOLDER);
        let mut names = storage.list(dir).expect("a good disk");
        names.retain(|name| name != "LOCK");
        names.sort();
        let files = names.iter().map(|name| dir.join(name)).map(|path| {
            let bytes = storage.read(&path).expect("a good disk");
            (path, bytes)
        });
        let files: Vec<_> = files.collect();
        assert!(files.len() >= 5, "segments, snapshots and a manifest: {names:?}");
        let told = read(&files).expect("an unchanged journal is read");
        let whole: Vec<u64> = told.0.iter().map(|digest| digest.seq).collect();
        assert_eq!(whole, vec![EVENTS; usize::from(SHARDS)]);
        Original { files, told }
    })
}

/// Opens and recovers a journal of these files.
fn read(files: &[(PathBuf, Vec<u8>)]) -> Result<Told, String> {
    let storage = SimulatedStorage::new();
    storage.create_dir(Path::new(FOLDER)).map_err(|error| error.to_string())?;
    for (path, bytes) in files {
        storage.write(path, bytes).map_err(|error| error.to_string())?;
    }
    let mut journal = Journal::open(config(Arc::new(storage))).map_err(|error| error.to_string())?;
    let mut told = Told::default();
    journal.recover(&mut told).map_err(|error| error.to_string())?;
    Ok(told)
}

fn run(input: &[u8]) -> u64 {
    let original = original();
    let mut files = original.files.clone();
    for change in input.chunks_exact(7) {
        apply(&mut files, change);
    }
    match read(&files) {
        // Without any file it is a new folder.
        Ok(told) if files.is_empty() => u64::from(told == Told::default()),
        Ok(told) => {
            assert_eq!(told, original.told, "a changed journal told something else");
            u64::from(files == original.files)
        }
        Err(reason) => kind_of(reason.rsplit(':').next().unwrap_or_default()),
    }
}

/// One change: flip, set, cut, lengthen, copy within, swap with another file, or remove.
fn apply(files: &mut Vec<(PathBuf, Vec<u8>)>, change: &[u8]) {
    let &[which, what, first, second, third, value, other] = change else { return };
    if files.is_empty() {
        return;
    }
    let (file, count) = (usize::from(which) % files.len(), files.len());
    let bytes = &mut files[file].1;
    let len = bytes.len().max(1);
    let at = (usize::from(first) << 16 | usize::from(second) << 8 | usize::from(third)) % len;
    match what % 8 {
        0 | 1 if at < bytes.len() => bytes[at] ^= value,
        2 if at < bytes.len() => bytes[at] = value,
        3 => bytes.truncate(at),
        4 => bytes.extend(std::iter::repeat_n(value, usize::from(other) + 1)),
        5 => {
            let end = bytes.len().min(at + usize::from(other) + 1);
            let copy = bytes[at.min(end)..end].to_vec();
            let to = usize::from(value) * 97 % len;
            for (index, byte) in copy.into_iter().enumerate() {
                if let Some(place) = bytes.get_mut(to + index) {
                    *place = byte;
                }
            }
        }
        6 => {
            let other = usize::from(other) % count;
            let (one, two) = (files[file].1.clone(), files[other].1.clone());
            files[file].1 = two;
            files[other].1 = one;
        }
        7 => drop(files.remove(file)),
        _ => {}
    }
}
