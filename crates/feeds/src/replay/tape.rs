//! Many files as one sequence of ticks.
//!
//! Owns the merge. A strand is a list of files that follow one another, of which one is open at a
//! time; the tape holds the next tick of every strand and gives out the earliest.

use super::csv_file::CsvFile;
use super::lean::{self, LeanFile, LeanKind, LeanSelection};
use super::rows::Rows;
use super::{SymbolTick, TapeError};
use model::calendar::Date;
use model::{Symbol, TickBody, Time};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// Digits in the name of a recording's part.
pub(crate) const PART_DIGITS: usize = 6;

/// What to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TapeInput {
    /// Files in the tape format, or folders of them. In a folder, `NAME-000001.csv`,
    /// `NAME-000002.csv` and so on are one recording, whose parts follow one another.
    Csv(Vec<PathBuf>),
    /// Tick files in LEAN's layout.
    Lean(LeanSelection),
}

/// What a tape gave out, and what it left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TapeCounts {
    /// Lines read, headers apart.
    pub rows: u64,
    /// Ticks given out.
    pub ticks: u64,
    /// Lines dropped because their source marks them as suspicious.
    pub suspicious: u64,
    /// Lines dropped because they have no price or no size.
    pub unusable: u64,
    /// Lines that were the other half of a quote.
    pub joined: u64,
}

/// A file that gives ticks.
pub(super) trait TickReader: Send {
    /// The next tick, or `None` after the last.
    fn next_tick(&mut self, counts: &mut TapeCounts) -> Result<Option<SymbolTick>, TapeError>;
}

/// A file that is not open yet.
#[derive(Debug)]
pub(super) enum TapeFile {
    Csv(PathBuf),
    Lean { path: PathBuf, symbol: Symbol, day: Date, kind: LeanKind },
}

impl TapeFile {
    fn open(&self) -> Result<Box<dyn TickReader>, TapeError> {
        Ok(match self {
            Self::Csv(path) => Box::new(CsvFile::open(path)?),
            Self::Lean { path, symbol, day, kind } => Box::new(LeanFile::open(path, *symbol, *day, *kind)?),
        })
    }
}

/// Files that follow one another.
pub(super) struct Strand {
    files: VecDeque<TapeFile>,
    reader: Option<Box<dyn TickReader>>,
    /// The latest time so far: an older tick is played where it stands.
    latest: Time,
}

impl Strand {
    pub(super) const fn new(files: VecDeque<TapeFile>) -> Self {
        Self { files, reader: None, latest: Time::EARLIEST }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn next_tick(&mut self, counts: &mut TapeCounts) -> Result<Option<SymbolTick>, TapeError> {
        loop {
            if let Some(reader) = &mut self.reader {
                if let Some(tick) = reader.next_tick(counts)? {
                    self.latest = self.latest.max(tick.time);
                    return Ok(Some(tick));
                }
                self.reader = None;
            }
            let Some(file) = self.files.pop_front() else { return Ok(None) };
            self.reader = Some(file.open()?);
        }
    }
}

/// The next tick of a strand. Ordered by when it is to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    at: Time,
    kind_rank: u8,
    strand: usize,
    tick: SymbolTick,
}

impl Head {
    const fn key(&self) -> (Time, u8, usize) {
        (self.at, self.kind_rank, self.strand)
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The ticks of many files in one order. After an error it is at its end.
pub struct Tape {
    strands: Vec<Strand>,
    heads: BinaryHeap<Reverse<Head>>,
    counts: TapeCounts,
    /// Given out after the ticks before it.
    failure: Option<TapeError>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Tape")
            .field("strands", &self.strands.len())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Tape {
    /// Finds the files and reads the first tick of each. Blocks on the disk, as reading on does.
    ///
    /// # Errors
    /// When nothing is found, or a file cannot be read.
    pub fn open(input: &TapeInput) -> Result<Self, TapeError> {
        let strands = match input {
            TapeInput::Csv(paths) => csv_strands(paths)?,
            TapeInput::Lean(selection) => lean::strands(selection)?,
        };
        let mut tape = Self { strands, heads: BinaryHeap::new(), counts: TapeCounts::default(), failure: None };
        for strand in 0..tape.strands.len() {
            tape.advance(strand)?;
        }
        Ok(tape)
    }

    /// Plays one tape that is already open, such as bytes in memory; `name` stands in errors.
    ///
    /// # Errors
    /// When the header or the first line cannot be read.
    pub fn of_csv(name: &Path, reader: Box<dyn BufRead + Send>) -> Result<Self, TapeError> {
        Self::of_reader(Box::new(CsvFile::read(name, reader)?))
    }

    /// Plays the rows of one LEAN file that is already open and unpacked; `name` stands in errors.
    ///
    /// # Errors
    /// When the first row cannot be read.
    pub fn of_lean(
        name: &Path,
        reader: Box<dyn BufRead + Send>,
        symbol: Symbol,
        (day, kind): (Date, LeanKind),
    ) -> Result<Self, TapeError> {
        Self::of_reader(Box::new(LeanFile::read(Rows::new(name, reader), symbol, day, kind)))
    }

    fn of_reader(reader: Box<dyn TickReader>) -> Result<Self, TapeError> {
        let strand = Strand { files: VecDeque::new(), reader: Some(reader), latest: Time::EARLIEST };
        let mut tape =
            Self { strands: vec![strand], heads: BinaryHeap::new(), counts: TapeCounts::default(), failure: None };
        tape.advance(0)?;
        Ok(tape)
    }

    /// What was read so far.
    #[must_use]
    pub const fn counts(&self) -> TapeCounts {
        self.counts
    }

    fn advance(&mut self, strand: usize) -> Result<(), TapeError> {
        if let Some(tick) = self.strands[strand].next_tick(&mut self.counts)? {
            let kind_rank = match tick.body {
                TickBody::Quote(_) => 0,
                TickBody::Trade(_) => 1,
            };
            self.heads.push(Reverse(Head { at: self.strands[strand].latest, kind_rank, strand, tick }));
        }
        Ok(())
    }
}

impl Iterator for Tape {
    type Item = Result<SymbolTick, TapeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failure.take() {
            self.heads.clear();
            return Some(Err(error));
        }
        let Reverse(head) = self.heads.pop()?;
        self.failure = self.advance(head.strand).err();
        self.counts.ticks += 1;
        Some(Ok(head.tick))
    }
}

fn csv_strands(paths: &[PathBuf]) -> Result<Vec<Strand>, TapeError> {
    let mut strands = Vec::new();
    for path in paths {
        if path.is_dir() {
            strands.extend(folder_strands(path)?);
        } else {
            strands.push(Strand::new([TapeFile::Csv(path.clone())].into()));
        }
    }
    Ok(strands)
}

/// The recordings of a folder by name, each with its parts in order.
fn folder_strands(folder: &Path) -> Result<Vec<Strand>, TapeError> {
    let mut recordings: BTreeMap<String, BTreeMap<String, PathBuf>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(|source| TapeError::io(folder, source))? {
        let entry = entry.map_err(|source| TapeError::io(folder, source))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Some(stem) = name.strip_suffix(".csv").or_else(|| name.strip_suffix(".csv.zst")) else { continue };
        // By stem, so that a part whose packed copy lies beside it is played once.
        recordings.entry(recording_of(stem).to_owned()).or_default().insert(stem.to_owned(), entry.path());
    }
    if recordings.is_empty() {
        return Err(TapeError::Empty { path: folder.to_owned() });
    }
    let strand = |parts: BTreeMap<_, _>| Strand::new(parts.into_values().map(TapeFile::Csv).collect());
    Ok(recordings.into_values().map(strand).collect())
}

/// `ticks` for `ticks-000012`; the whole stem where it does not name a part.
fn recording_of(stem: &str) -> &str {
    match stem.rsplit_once('-') {
        Some((recording, part)) if part.len() == PART_DIGITS && part.bytes().all(|byte| byte.is_ascii_digit()) => {
            recording
        }
        Some(_) | None => stem,
    }
}
