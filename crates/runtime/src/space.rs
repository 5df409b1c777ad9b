//! How much room the disk has left, and what is taken in while it is little.
//!
//! It owns the two limits and the words of refusal. It must never let growth in below the soft limit,
//! nor keep a cancel out for want of room: ending an order is how people get out. Invariant: a refusal
//! here is certain to have changed nothing.

use crate::RequestError;
use model::{Amendment, Command, Size};
use persistence::Storage;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// The limits of free space. A limit of 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpaceLimits {
    /// Free bytes below which nothing is taken in that makes data grow.
    pub soft_bytes: u64,
    /// Free bytes below which nothing but cancels is taken in; at most the soft limit.
    pub hard_bytes: u64,
    /// Bytes that are occupied in advance and given back when the disk is full, so that cancels can
    /// still be written; 0 for none.
    pub ballast_bytes: u64,
}

impl SpaceLimits {
    /// No limits and no ballast.
    pub const OFF: Self = Self { soft_bytes: 0, hard_bytes: 0, ballast_bytes: 0 };
}

impl Default for SpaceLimits {
    /// Guesses: an hour of heavy trading, a segment's worth of cancels, some thousand cancels.
    fn default() -> Self {
        Self { soft_bytes: 256 << 20, hard_bytes: 64 << 20, ballast_bytes: 4 << 20 }
    }
}

/// How much room there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpaceState {
    /// Everything is taken in.
    #[default]
    Enough,
    /// Below the soft limit: nothing that grows.
    Low,
    /// Below the hard limit: cancels alone.
    Full,
}

/// How the disk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpaceStatus {
    /// What follows from it.
    pub state: SpaceState,
    /// Bytes that may still be written.
    pub free_bytes: u64,
    /// The limits that it is compared with.
    pub limits: SpaceLimits,
    /// Whether the ballast lies there to be given back.
    pub has_ballast: bool,
}

impl Default for SpaceStatus {
    fn default() -> Self {
        Self { state: SpaceState::Enough, free_bytes: u64::MAX, limits: SpaceLimits::OFF, has_ballast: false }
    }
}

/// What a change does to the data that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It adds to it.
    Growth,
    /// It writes, and makes what is open smaller.
    Shrinking,
    /// It ends what is open.
    Cancel,
}

impl Change {
    /// What a command does; `size` is what the order that it replaces has now.
    pub(crate) fn of(command: &Command, size: impl FnOnce() -> Option<Size>) -> Self {
        match command {
            Command::Cancel { .. } | Command::CancelAll { .. } => Self::Cancel,
            Command::Replace { amendment, .. } if shrinks(amendment, size) => Self::Shrinking,
            Command::Replace { .. }
            | Command::DefineInstrument(_)
            | Command::OpenPortfolio { .. }
            | Command::SetLimits { .. }
            | Command::Deposit { .. }
            | Command::Withdraw { .. }
            | Command::Submit(_) => Self::Growth,
        }
    }
}

/// Whether an amendment lowers the quantity and changes nothing else.
fn shrinks(amendment: &Amendment, size: impl FnOnce() -> Option<Size>) -> bool {
    let Some(qty) = amendment.qty else { return false };
    if *amendment != (Amendment { qty: Some(qty), ..Amendment::default() }) {
        return false;
    }
    match size() {
        Some(Size::Shares(now)) => qty <= now,
        Some(Size::Notional(_)) | None => false,
    }
}

/// The last measurement and what follows from it. Written by one thread, read by every request.
#[derive(Debug)]
pub(crate) struct Space {
    limits: SpaceLimits,
    free: AtomicU64,
    state: AtomicU8,
    has_ballast: AtomicBool,
}

impl Space {
    /// Before the first measurement there is enough.
    pub(crate) fn new(limits: SpaceLimits) -> Self {
        let limits = SpaceLimits { soft_bytes: limits.soft_bytes.max(limits.hard_bytes), ..limits };
        Self {
            limits,
            free: AtomicU64::new(u64::MAX),
            state: AtomicU8::new(0),
            has_ballast: AtomicBool::new(false),
        }
    }

    /// Whether a change may be sent on.
    pub(crate) fn admit(&self, change: impl FnOnce() -> Change) -> Result<(), RequestError> {
        let state = self.state();
        if state == SpaceState::Enough {
            return Ok(());
        }
        let free_bytes = self.free.load(Ordering::Relaxed);
        let SpaceLimits { soft_bytes, hard_bytes, .. } = self.limits;
        match (change(), state) {
            (Change::Cancel, _) | (Change::Shrinking, SpaceState::Low) | (_, SpaceState::Enough) => Ok(()),
            (Change::Growth, SpaceState::Low) => {
                Err(RequestError::StorageLow { free_bytes, limit_bytes: soft_bytes })
            }
            (Change::Growth | Change::Shrinking, SpaceState::Full) => {
                Err(RequestError::StorageFull { free_bytes, limit_bytes: hard_bytes })
            }
        }
    }

    /// How the disk stands.
    pub(crate) fn status(&self) -> SpaceStatus {
        SpaceStatus {
            state: self.state(),
            free_bytes: self.free.load(Ordering::Relaxed),
            limits: self.limits,
            has_ballast: self.has_ballast.load(Ordering::Relaxed),
        }
    }

    fn state(&self) -> SpaceState {
        match self.state.load(Ordering::Acquire) {
            0 => SpaceState::Enough,
            1 => SpaceState::Low,
            _ => SpaceState::Full,
        }
    }

    /// Takes a measurement in.
    fn note(&self, free: u64) {
        let before = self.state();
        let after = self.judge(free, before);
        self.free.store(free, Ordering::Relaxed);
        let code = match after {
            SpaceState::Enough => 0,
            SpaceState::Low => 1,
            SpaceState::Full => 2,
        };
        self.state.store(code, Ordering::Release);
        if after != before {
            tracing::warn!(?before, ?after, free, limits = ?self.limits, "the room on the disk changed its state");
        }
    }

    /// A limit that was passed is left behind only an eighth above it, so that nothing flaps.
    fn judge(&self, free: u64, before: SpaceState) -> SpaceState {
        let SpaceLimits { soft_bytes, hard_bytes, .. } = self.limits;
        let eighth_above = |limit: u64| limit.saturating_add(limit / 8);
        let (soft, hard) = match before {
            SpaceState::Enough => (soft_bytes, hard_bytes),
            SpaceState::Low => (eighth_above(soft_bytes), hard_bytes),
            SpaceState::Full => (eighth_above(soft_bytes), eighth_above(hard_bytes)),
        };
        if free < hard {
            SpaceState::Full
        } else if free < soft {
            SpaceState::Low
        } else {
            SpaceState::Enough
        }
    }
}

/// Measures the disk and keeps the ballast. One exists for a data directory.
#[derive(Debug)]
pub(crate) struct SpaceWatch {
    space: Arc<Space>,
    storage: Arc<dyn Storage>,
    dir: PathBuf,
}

impl SpaceWatch {
    /// Watches where this directory lies.
    pub(crate) fn new(space: Arc<Space>, storage: Arc<dyn Storage>, dir: &Path) -> Self {
        Self { space, storage, dir: dir.to_owned() }
    }

    /// Measures once.
    pub(crate) fn look(&self) -> SpaceState {
        match self.storage.available(&self.dir) {
            Ok(free) => self.space.note(free),
            Err(error) => tracing::warn!(%error, "the free space cannot be measured"),
        }
        self.space.state()
    }

    /// Whether little files can be written and made durable here.
    pub(crate) fn probe(&self) -> io::Result<()> {
        let path = self.dir.join("probe");
        self.storage.write(&path, b"probe")?;
        self.storage.sync(&path)?;
        self.storage.remove(&path)?;
        self.storage.sync_dir(&self.dir)
    }

    /// Occupies room in advance where there is plenty.
    pub(crate) fn make_ballast(&self) {
        let SpaceLimits { soft_bytes, ballast_bytes, .. } = self.space.limits;
        let status = self.space.status();
        let room = soft_bytes.saturating_add(soft_bytes / 8).saturating_add(ballast_bytes);
        if ballast_bytes == 0 || status.has_ballast || status.free_bytes < room {
            return;
        }
        match self.write_ballast(ballast_bytes) {
            Ok(()) => self.space.has_ballast.store(true, Ordering::Relaxed),
            Err(error) => {
                tracing::warn!(%error, "the ballast cannot be written");
                self.give_ballast_back();
            }
        }
    }

    fn write_ballast(&self, bytes: u64) -> io::Result<()> {
        let path = self.dir.join("ballast");
        if self.storage.len(&path)? == Some(bytes) {
            return Ok(());
        }
        // Neither zeros nor a short pattern, which some file systems would not store.
        let mut state = bytes;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        });
        let len = usize::try_from(bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
        self.storage.write(&path, &noise.take(len).collect::<Vec<u8>>())?;
        self.storage.sync(&path)
    }

    /// Gives the room back.
    pub(crate) fn give_ballast_back(&self) {
        let path = self.dir.join("ballast");
        self.space.has_ballast.store(false, Ordering::Relaxed);
        let removed = match self.storage.len(&path) {
            Ok(None) => return,
            Ok(Some(_)) => self.storage.remove(&path),
            Err(error) => Err(error),
        };
        match removed {
            Ok(()) => tracing::warn!("the ballast was given back"),
            Err(error) => tracing::warn!(%error, "the ballast cannot be given back"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{OrderId, PortfolioId, Price, Qty, RiskLimits};
    use persistence::SimulatedStorage;

    const LIMITS: SpaceLimits = SpaceLimits { soft_bytes: 800, hard_bytes: 80, ballast_bytes: 40 };

    fn states(measured: &[u64]) -> Vec<SpaceState> {
        let space = Space::new(LIMITS);
        let state = |free: &u64| {
            space.note(*free);
            space.state()
        };
        measured.iter().map(state).collect()
    }

    #[test]
    fn a_limit_is_left_behind_only_an_eighth_above_it() {
        use SpaceState::{Enough, Full, Low};
        assert_eq!(states(&[800, 799, 800, 899, 900, 899]), [Enough, Low, Low, Low, Enough, Enough]);
        assert_eq!(states(&[80, 79, 80, 89, 90, 80, 900]), [Low, Full, Full, Full, Low, Low, Enough]);
        assert_eq!(states(&[0, 900]), [Full, Enough]);
    }

    fn change(command: &Command) -> Change {
        Change::of(command, || Some(Size::Shares(Qty::whole(5))))
    }

    #[test]
    fn growth_is_told_from_cancels_and_from_what_shrinks() {
        let order = OrderId::new(1);
        let portfolio = PortfolioId::new(1);
        let amend = |amendment| Command::Replace { order, amendment };
        let lowered = Amendment { qty: Some(Qty::whole(5)), ..Amendment::default() };
        let raised = Amendment { qty: Some(Qty::whole(6)), ..Amendment::default() };
        let moved = Amendment { limit: Some(Price::whole(5)), ..lowered };
        let shown = Amendment { display_qty: Some(Qty::whole(1)), ..lowered };
        assert_eq!(change(&Command::Cancel { order }), Change::Cancel);
        assert_eq!(change(&Command::CancelAll { portfolio, symbol: None }), Change::Cancel);
        assert_eq!(change(&amend(lowered)), Change::Shrinking);
        assert_eq!(change(&amend(raised)), Change::Growth);
        assert_eq!(change(&amend(moved)), Change::Growth);
        assert_eq!(change(&amend(shown)), Change::Growth);
        assert_eq!(change(&Command::SetLimits { portfolio, limits: RiskLimits::default() }), Change::Growth);
    }

    #[test]
    fn what_is_taken_in_follows_the_room() {
        let check = |free: u64, taken: [bool; 3]| {
            let space = Space::new(LIMITS);
            space.note(free);
            let changes = [Change::Growth, Change::Shrinking, Change::Cancel];
            assert_eq!(changes.map(|change| space.admit(|| change).is_ok()), taken, "{free}");
        };
        check(800, [true, true, true]);
        check(799, [false, true, true]);
        check(79, [false, false, true]);
        let space = Space::new(LIMITS);
        space.note(7);
        let full = RequestError::StorageFull { free_bytes: 7, limit_bytes: 80 };
        assert_eq!(space.admit(|| Change::Growth), Err(full));
    }

    #[test]
    fn the_ballast_lies_only_where_there_is_plenty_and_is_given_back() {
        let disk = SimulatedStorage::new();
        disk.set_quota(Some(939));
        let space = Arc::new(Space::new(LIMITS));
        let watch = SpaceWatch::new(Arc::clone(&space), Arc::new(disk.clone()), Path::new("/data"));
        watch.look();
        watch.make_ballast();
        assert_eq!(disk.used(), 0, "900 bytes would not be left");
        disk.set_quota(Some(940));
        watch.look();
        watch.make_ballast();
        assert_eq!(disk.used(), 40);
        assert!(space.status().has_ballast);
        watch.give_ballast_back();
        assert_eq!(disk.used(), 0);
        assert!(watch.probe().is_ok());
        assert_eq!(disk.used(), 0, "a probe leaves nothing behind");
    }
}
