//! Inspection: reading a whole journal without changing a byte, and telling all that is wrong with it.
//!
//! It owns the report that `papertape verify` prints and the walk that salvage copies from. It must
//! never write, and never stop at the first damage. Invariant: a journal without damage in its report
//! is one that a start accepts whole.

use crate::journal::{
    Batch, Corruption, Epoch, JournalConfig, Manifest, OpenError, Rows, SegmentError, SegmentReader, ShardHead,
    Sighting, Testimony, compare, decode, end_mismatch, read_manifest, read_witness, segment_name, shard_id,
};
use crate::recovery::RecoveryWarning;
use crate::snapshot;
use crate::storage::{Storage, StorageLock};
use model::{ShardId, ShardImage, ShardSeq};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was found in a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Its identity.
    pub epoch: Epoch,
    /// Its segments, in order.
    pub segments: Vec<SegmentReport>,
    /// Where each shard's chain ends as far as it is whole from its beginning, by shard.
    pub heads: Vec<ShardHead>,
    /// Everything that is wrong, in the order in which it was found. A start refuses the journal if
    /// there is anything.
    pub damage: Vec<Corruption>,
    /// Snapshots that do not hold. A start takes a longer way instead.
    pub snapshots: Vec<RecoveryWarning>,
}

/// What was found in one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReport {
    /// Its number.
    pub number: u32,
    /// The name of its file.
    pub file: String,
    /// Whether it is full and will not change.
    pub sealed: bool,
    /// Rows that hold, of all shards.
    pub batches: u64,
    /// Events in them.
    pub events: u64,
    /// Bytes of those rows.
    pub bytes: u64,
    /// How many of the damages lie in it.
    pub damage: usize,
}

/// Is told what is whole, from the beginning of each shard to its first damage.
pub(crate) trait Walk {
    /// A shard begins from this image.
    fn begin(&mut self, shard: ShardId, image: &ShardImage);
    /// The next batch of a shard.
    fn batch(&mut self, shard: ShardId, batch: &Batch);
}

/// A journal that is read and not written.
#[derive(Debug)]
pub struct Source {
    pub(crate) config: JournalConfig,
    pub(crate) manifest: Manifest,
    /// Held while reading, so that no server starts meanwhile.
    _lock: Option<Box<dyn StorageLock>>,
}

impl Source {
    /// Opens the journal of a directory for reading; `None` where there is none.
    ///
    /// # Errors
    /// When a server runs on it, or its manifest cannot be read.
    pub fn open(storage: Arc<dyn Storage>, dir: &Path, cache_bytes: usize) -> Result<Option<Self>, OpenError> {
        let lock_path = dir.join("LOCK");
        let io = |source| OpenError::Io { path: lock_path.clone(), source };
        // A copy on a disk that cannot be written has no server either.
        let lock = match storage.len(&lock_path).map_err(io)? {
            None => None,
            Some(_) => match storage.lock(&lock_path) {
                Ok(Some(lock)) => Some(lock),
                Ok(None) => return Err(OpenError::InUse { path: lock_path }),
                Err(_) => None,
            },
        };
        let Some(manifest) = read_manifest(&*storage, dir)? else { return Ok(None) };
        let config = JournalConfig {
            dir: dir.to_owned(),
            shards: manifest.shards,
            segment_bytes_max: u64::MAX,
            cache_bytes,
            storage,
        };
        Ok(Some(Self { config, manifest, _lock: lock }))
    }

    /// The journal's identity.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.manifest.epoch
    }

    /// How many shards write it.
    #[must_use]
    pub fn shards(&self) -> u16 {
        self.manifest.shards
    }

    /// Where it lies.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.config.dir
    }

    /// Reads everything, and tells the visitor of what is whole.
    ///
    /// # Errors
    /// When the machine fails; damage is in the report.
    pub fn inspect(&self, visitor: &mut dyn crate::RecoveryVisitor) -> Result<Inspection, OpenError> {
        self.walk(&mut Events(visitor))
    }

    /// Reads one segment alone; the manifest says where each shard stood before it.
    ///
    /// # Errors
    /// When the machine fails; damage is in the report.
    ///
    /// # Panics
    /// When the manifest lists no such segment.
    pub fn inspect_segment(&self, number: u32) -> Result<Inspection, OpenError> {
        let listed = self.manifest.first()..=self.manifest.active();
        assert!(listed.contains(&number), "segment {number} is listed");
        let mut nobody = Nobody;
        let mut walker = self.walker(&mut nobody);
        walker.report.heads = self.manifest.heads_before(number);
        walker.segment(number)?;
        Ok(walker.report)
    }

    /// Reads one snapshot of a shard alone, by the event it is named for; `None` where it holds.
    ///
    /// # Errors
    /// When the machine fails.
    pub fn inspect_snapshot(&self, shard: ShardId, seq: ShardSeq) -> Result<Option<RecoveryWarning>, OpenError> {
        snapshot::check(&self.config, &self.manifest, shard, seq)
            .map_err(|error| OpenError::Io { path: self.config.dir.clone(), source: std::io::Error::other(error) })
    }

    fn walker<'a>(&'a self, told: &'a mut dyn Walk) -> Walker<'a> {
        Walker {
            source: self,
            told,
            report: Inspection {
                epoch: self.manifest.epoch,
                segments: Vec::new(),
                heads: Vec::new(),
                damage: Vec::new(),
                snapshots: Vec::new(),
            },
            broken: vec![false; usize::from(self.manifest.shards)],
        }
    }

    /// The same, batch by batch.
    pub(crate) fn walk(&self, told: &mut dyn Walk) -> Result<Inspection, OpenError> {
        let mut walker = self.walker(told);
        walker.begin()?;
        for number in self.manifest.first()..=self.manifest.active() {
            walker.segment(number)?;
        }
        Ok(walker.report)
    }
}

/// Is told and forgets.
pub(crate) struct Nobody;

impl Walk for Nobody {
    fn begin(&mut self, _shard: ShardId, _image: &ShardImage) {}

    fn batch(&mut self, _shard: ShardId, _batch: &Batch) {}
}

/// Passes batches on event by event.
struct Events<'a>(&'a mut dyn crate::RecoveryVisitor);

impl Walk for Events<'_> {
    fn begin(&mut self, shard: ShardId, image: &ShardImage) {
        self.0.begin(shard, image);
    }

    fn batch(&mut self, shard: ShardId, batch: &Batch) {
        let mut seq = batch.first_seq;
        for event in &batch.events {
            self.0.event(shard, seq, event);
            seq = seq.next();
        }
    }
}

struct Walker<'a> {
    source: &'a Source,
    told: &'a mut dyn Walk,
    report: Inspection,
    /// Whether a shard's chain was found damaged: nothing after that is told.
    broken: Vec<bool>,
}

impl Walker<'_> {
    fn begin(&mut self) -> Result<(), OpenError> {
        let Source { config, manifest, .. } = self.source;
        for shard in (0..manifest.shards).map(ShardId::new) {
            let oldest =
                snapshot::oldest_good(config, manifest, shard, &mut self.report.snapshots).map_err(|error| {
                    OpenError::Io { path: config.dir.clone(), source: std::io::Error::other(error) }
                })?;
            let before = manifest.heads_before(manifest.first())[usize::from(shard.get())];
            if before.seq.get() == 0 {
                self.told.begin(shard, &ShardImage::default());
                self.report.heads.push(before);
            } else if let Some(oldest) = oldest {
                self.told.begin(shard, &oldest.image);
                self.report.heads.push(oldest.head);
            } else {
                self.told.begin(shard, &ShardImage::default());
                self.broken[usize::from(shard.get())] = true;
                self.report.heads.push(ShardHead::genesis(manifest.epoch, shard));
                self.report.damage.push(Corruption::Gap {
                    segment: manifest.first(),
                    shard: shard.get(),
                    expected: 1,
                    found: before.seq.get() + 1,
                });
            }
        }
        Ok(())
    }

    fn segment(&mut self, number: u32) -> Result<(), OpenError> {
        let Source { config, manifest, .. } = self.source;
        let sealed = number < manifest.active();
        self.report.segments.push(SegmentReport {
            number,
            file: segment_name(number),
            sealed,
            batches: 0,
            events: 0,
            bytes: 0,
            damage: 0,
        });
        let before = manifest.heads_before(number);
        let opened =
            SegmentReader::open(&*config.storage, &config.dir, number, config.cache_bytes).and_then(|reader| {
                if sealed {
                    reader.check(manifest, number)?;
                } else {
                    reader.check_header(manifest, number)?;
                }
                Ok(reader)
            });
        let reader = match opened {
            Ok(reader) => reader,
            Err(error) => {
                self.broken.fill(true);
                return self.damaged(number, error.with_first(&before));
            }
        };
        let mut ends = Vec::new();
        for (shard, before) in before.iter().enumerate() {
            ends.push(self.shard(&reader, shard_id(shard), *before)?);
        }
        if sealed { Ok(()) } else { self.end(&reader, &before, &ends) }
    }

    /// Reads one shard's rows of a segment; says where they end.
    fn shard(
        &mut self,
        reader: &SegmentReader<'_>,
        shard: ShardId,
        before: ShardHead,
    ) -> Result<Option<ShardHead>, OpenError> {
        let (index, number) = (usize::from(shard.get()), reader.number());
        let mut head = before;
        let mut rows = Rows::default();
        loop {
            if let Err(error) = reader.read_rows(shard, head.seq.next(), &mut rows) {
                return self.broken_at(number, index, error).map(|()| None);
            }
            if rows.is_empty() {
                break;
            }
            for (_, row) in rows.iter() {
                let batch = match decode(row, number, shard, &head) {
                    Ok(batch) => batch,
                    Err(corruption) => {
                        let error = SegmentError::Corrupt(corruption);
                        return self.broken_at(number, index, error).map(|()| None);
                    }
                };
                let report = self.report.segments.last_mut().expect("the segment at hand was put in");
                report.batches += 1;
                report.events += batch.events.len() as u64;
                report.bytes += row.len() as u64;
                head = batch.head;
                if !self.broken[index] && head.seq > self.report.heads[index].seq {
                    self.told.batch(shard, &batch);
                    self.report.heads[index] = head;
                }
            }
        }
        let sealed = self.source.manifest.heads_before(number + 1);
        let until = if number < self.source.manifest.active() { sealed[index] } else { head };
        if head != until {
            let error = SegmentError::Corrupt(end_mismatch(number, index, &until, &head));
            return self.broken_at(number, index, error).map(|()| None);
        }
        Ok(Some(head))
    }

    /// Whether the last segment ends where the manifest and the witness know it to end.
    fn end(
        &mut self,
        reader: &SegmentReader<'_>,
        before: &[ShardHead],
        ends: &[Option<ShardHead>],
    ) -> Result<(), OpenError> {
        let Source { config, manifest, .. } = self.source;
        let number = reader.number();
        let Some(heads) = ends.iter().copied().collect::<Option<Vec<ShardHead>>>() else { return Ok(()) };
        if let Some(closed) = &manifest.closed {
            for (shard, (expected, actual)) in closed.iter().zip(&heads).enumerate() {
                if expected != actual {
                    let corruption = end_mismatch(number, shard, expected, actual);
                    return self.damaged(number, SegmentError::Corrupt(corruption));
                }
            }
        }
        let io = |source| OpenError::Io { path: config.dir.clone(), source };
        let testimony =
            read_witness(&*config.storage, &config.dir, manifest.epoch, manifest.shards).map_err(io)?;
        let seen: Sighting = match testimony {
            Testimony::Seen(seen, _) => seen,
            Testimony::Absent | Testimony::Unreadable => return Ok(()),
            Testimony::Foreign => {
                return Err(OpenError::WitnessForeign { path: config.dir.join("WITNESS") });
            }
        };
        let compared = compare(&seen, before, &heads, |shard, seq| reader.hash_at(shard_id(shard), seq));
        match compared {
            Ok(Ok(())) => Ok(()),
            Ok(Err(corruption)) => self.damaged(number, SegmentError::Corrupt(corruption)),
            Err(error) => self.damaged(number, error),
        }
    }

    fn broken_at(&mut self, number: u32, shard: usize, error: SegmentError) -> Result<(), OpenError> {
        self.broken[shard] = true;
        self.damaged(number, error)
    }

    fn damaged(&mut self, number: u32, error: SegmentError) -> Result<(), OpenError> {
        let dir: &PathBuf = &self.source.config.dir;
        let path = dir.join(segment_name(number));
        let corruption = match error {
            SegmentError::Corrupt(corruption) => corruption,
            SegmentError::Missing => Corruption::Segment {
                segment: number,
                first: crate::journal::FirstEvents::default(),
                reason: "the file is missing although the manifest lists it".to_owned(),
            }
            .with_first(&self.source.manifest.heads_before(number)),
            SegmentError::Database(source) => return Err(OpenError::Database { path, source }),
            SegmentError::Io(source) => return Err(OpenError::Io { path, source }),
        };
        self.report.damage.push(corruption);
        let report = self.report.segments.last_mut().expect("the segment at hand was put in");
        report.damage += 1;
        Ok(())
    }
}

impl Inspection {
    /// Whether a start would accept it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.damage.is_empty()
    }

    /// The last event of a shard that is whole from the beginning.
    #[must_use]
    pub fn whole_until(&self, shard: u16) -> ShardSeq {
        self.heads.get(usize::from(shard)).map_or(ShardSeq::new(0), |head| head.seq)
    }
}
