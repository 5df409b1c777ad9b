//! The manifest: the one small file that says what the journal consists of.
//!
//! It owns its text. It must never be changed in place: it is replaced whole. Invariant: there is one
//! text for one manifest, so that any other byte is noticed even where the hash is not asked.

use super::{Epoch, OpenError, SealedSegment, ShardHead, hex};
use crate::storage::{Storage, replace_file};
use model::{ShardId, ShardSeq};
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

/// Version of the directory's layout. One whose beginning was trimmed is of the second format, which
/// has a line more; all others are still written in the first, for older versions to read.
const WHOLE_FORMAT: u16 = 1;
const TRIMMED_FORMAT: u16 = 2;
const TITLE: &str = "papertape journal";

/// What the journal consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) epoch: Epoch,
    pub(crate) shards: u16,
    /// The last of the segments that were removed; `None` while the first one is there.
    pub(crate) trimmed: Option<SealedSegment>,
    /// Full segments, from the first that was not removed.
    pub(crate) sealed: Vec<SealedSegment>,
    /// Where each shard stood when the journal was closed in order; `None` while it is open, and
    /// after a crash.
    pub(crate) closed: Option<Vec<ShardHead>>,
}

/// Where a journal's manifest lies.
pub(crate) fn manifest_path(dir: &Path) -> PathBuf {
    dir.join("MANIFEST")
}

/// Reads the manifest of a directory; `None` when there is none.
pub(crate) fn read_manifest(storage: &dyn Storage, dir: &Path) -> Result<Option<Manifest>, OpenError> {
    let path = manifest_path(dir);
    let io = |source| OpenError::Io { path: path.clone(), source };
    if storage.len(&path).map_err(io)?.is_none() {
        return Ok(None);
    }
    let bytes = storage.read(&path).map_err(io)?;
    Manifest::decode(&path, &bytes).map(Some)
}

impl Manifest {
    /// The number of the segment that is written.
    pub(crate) fn active(&self) -> u32 {
        let sealed = u32::try_from(self.sealed.len()).expect("a segment is opened after hours, not nanoseconds");
        sealed.checked_add(self.first()).expect("segments do not run out")
    }

    /// The number of the first segment that is there.
    pub(crate) fn first(&self) -> u32 {
        self.trimmed.as_ref().map_or(1, |trimmed| trimmed.number.checked_add(1).expect("segments do not run out"))
    }

    /// Drops the segments up to this one, which must be sealed; says which ones those were.
    pub(crate) fn trim(&mut self, through: u32) -> std::ops::Range<u32> {
        let first = self.first();
        let count = self.sealed.iter().take_while(|sealed| sealed.number <= through).count();
        if let Some(last) = self.sealed.drain(..count).next_back() {
            self.trimmed = Some(last);
        }
        first..self.first()
    }

    /// Where each shard stood before this segment.
    pub(crate) fn heads_before(&self, segment: u32) -> Vec<ShardHead> {
        let mut known = self.trimmed.iter().chain(&self.sealed);
        match known.find(|sealed| Some(sealed.number) == segment.checked_sub(1)) {
            Some(sealed) => sealed.heads.clone(),
            None => (0..self.shards).map(|shard| ShardHead::genesis(self.epoch, ShardId::new(shard))).collect(),
        }
    }

    /// Writes the manifest in place of the one that stands, durably.
    pub(crate) fn store(&self, storage: &dyn Storage, dir: &Path) -> io::Result<()> {
        replace_file(storage, &manifest_path(dir), self.encode().as_bytes())
    }

    pub(crate) fn encode(&self) -> String {
        let format = if self.trimmed.is_some() { TRIMMED_FORMAT } else { WHOLE_FORMAT };
        let mut text = format!("{TITLE}\nformat {format}\nepoch {}\nshards {}\n", self.epoch, self.shards);
        if let Some(trimmed) = &self.trimmed {
            let _ = write!(text, "trimmed {}", trimmed.number);
            put_heads(&mut text, &trimmed.heads);
        }
        for sealed in &self.sealed {
            text.push_str("sealed");
            put_heads(&mut text, &sealed.heads);
        }
        let _ = writeln!(text, "active {}", self.active());
        if let Some(heads) = &self.closed {
            text.push_str("closed");
            put_heads(&mut text, heads);
        }
        let hash = blake3::hash(text.as_bytes());
        let _ = writeln!(text, "hash {}", hex(hash.as_bytes()));
        text
    }

    fn decode(path: &Path, bytes: &[u8]) -> Result<Self, OpenError> {
        let damaged = |reason: String| OpenError::Manifest { path: path.to_owned(), reason };
        let text = std::str::from_utf8(bytes)
            .map_err(|error| damaged(format!("byte {} is not text", error.valid_up_to())))?;
        let body_len = text
            .rfind("hash ")
            .ok_or_else(|| damaged(format!("the line with its hash is missing after byte {}", text.len())))?;
        let (body, hash) = text.split_at(body_len);
        if hash != format!("hash {}\n", hex(blake3::hash(body.as_bytes()).as_bytes())) {
            let line = body.lines().count() + 1;
            return Err(damaged(format!("the hash in line {line} does not match the lines before it")));
        }
        let mut lines = body.lines();
        if lines.next() != Some(TITLE) {
            return Err(damaged("line 1 is not that of a manifest".to_owned()));
        }
        let format = lines.next().and_then(|line| line.strip_prefix("format ")).unwrap_or_default();
        if ![WHOLE_FORMAT, TRIMMED_FORMAT].iter().any(|known| format == known.to_string()) {
            return Err(OpenError::Format {
                path: path.to_owned(),
                found: format.to_owned(),
                known: TRIMMED_FORMAT,
            });
        }
        let manifest = Self::parse(lines)
            .ok_or_else(|| damaged("one of lines 3 and following is not understood".to_owned()))?;
        if manifest.encode() != text {
            return Err(damaged("its lines are not written as they should be".to_owned()));
        }
        Ok(manifest)
    }

    fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut manifest =
            Self { epoch: Epoch::new(0), shards: 0, trimmed: None, sealed: Vec::new(), closed: None };
        for line in lines {
            let (word, rest) = line.split_once(' ')?;
            match word {
                "epoch" => manifest.epoch = Epoch::new(u128::from_str_radix(rest, 16).ok()?),
                "shards" => manifest.shards = rest.parse().ok().filter(|shards| *shards > 0)?,
                "trimmed" => {
                    let (number, heads) = rest.split_once(' ')?;
                    let number = number.parse().ok().filter(|number| *number > 0)?;
                    let heads = parse_heads(heads, manifest.shards)?;
                    manifest.trimmed = Some(SealedSegment { number, heads });
                }
                "sealed" => {
                    let heads = parse_heads(rest, manifest.shards)?;
                    manifest.sealed.push(SealedSegment { number: manifest.active(), heads });
                }
                "active" => {
                    rest.parse().ok().filter(|number: &u32| *number == manifest.active())?;
                }
                "closed" => manifest.closed = Some(parse_heads(rest, manifest.shards)?),
                _ => return None,
            }
        }
        (manifest.shards > 0).then_some(manifest)
    }
}

/// Heads as text: ` SEQ:HASH` for each shard, and the end of the line.
fn put_heads(text: &mut String, heads: &[ShardHead]) {
    for head in heads {
        let _ = write!(text, " {}:{}", head.seq, hex(&head.hash));
    }
    text.push('\n');
}

/// The reverse, for exactly this many shards.
pub(crate) fn parse_heads(text: &str, shards: u16) -> Option<Vec<ShardHead>> {
    let heads: Option<Vec<ShardHead>> = text.split(' ').map(parse_head).collect();
    heads.filter(|heads| heads.len() == usize::from(shards))
}

fn parse_head(text: &str) -> Option<ShardHead> {
    let (seq, hash) = text.split_once(':')?;
    if hash.len() != 64 || !hash.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hash.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(ShardHead { seq: ShardSeq::new(seq.parse().ok()?), hash: bytes })
}

/// Heads as they stand in a segment's own rows.
pub(crate) fn encode_heads(heads: &[ShardHead]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(heads.len() * 40);
    for head in heads {
        bytes.extend_from_slice(&head.seq.get().to_le_bytes());
        bytes.extend_from_slice(&head.hash);
    }
    bytes
}
