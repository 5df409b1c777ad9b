//! Files: the journal, snapshots and recovery, the read views on disk, and the catalogue.
//!
//! It owns every byte that is kept: `docs/FORMATS.md` describes them. It must never decide a
//! trading rule, read a clock, or touch a file outside of [`storage::Storage`]. Its invariant: what
//! an append acknowledged is found again, whole and in order, or start-up refuses and says where.
#![forbid(unsafe_code)]

pub mod catalogue;
mod inspect;
pub mod journal;
mod recovery;
mod rows;
pub mod salvage;
pub mod snapshot;
pub mod storage;
pub mod views;

pub use catalogue::{ApiKeyRow, Catalogue, CatalogueError, NewApiKey, NewPortfolio, NewUser, PortfolioRow, User};
pub use inspect::{Inspection, SegmentReport, Source};
pub use journal::{
    AppendError, Corruption, Epoch, FirstEvents, Journal, JournalConfig, OpenError, Place, RowEncoder,
    SealedSegment, ShardBatch, ShardHead, Trimmer, encode_row,
};
pub use recovery::{RecoverError, Recovered, RecoveryVisitor, RecoveryWarning};
pub use snapshot::SnapshotError;
pub use storage::{FileStorage, ObservedStorage, SimulatedStorage, Storage};
pub use views::{
    MessageRow, OrderFilter, OrderRow, StatusFilter, TradeFilter, TradeRow, ViewBatch, ViewConfig, ViewError,
    ViewOrigin, ViewStore,
};
