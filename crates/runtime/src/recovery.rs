//! From files to running state: shards from the journal, views from their store and the journal.
//!
//! Shards and views are folded from the same images and the same events. The views' disk stands at a
//! marker for each shard: up to it events are folded for money and open orders alone, past it they
//! make rows and messages again. It must never serve views that the journal does not explain: then
//! the store is thrown away and folded anew from the first event. Invariant: whenever the process
//! died, the views are those of an undisturbed run.

use crate::portfolio_state::Rows;
use crate::projection::{Folder, Projections};
use crate::shared::lock;
use crate::system::StartError;
use crate::views::StreamEncoder;
use engine::{Shard, ShardConfig};
use model::{Event, OrderId, ShardId, ShardImage, ShardSeq};
use persistence::{Journal, RecoveryVisitor, ViewConfig, ViewStore};
use std::fmt;
use std::sync::Arc;

/// Rows made anew after which they are written.
const ROWS_MAX: usize = 20_000;

/// What recovery gives.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) shards: Vec<Shard>,
    pub(crate) folder: Folder,
}

/// What recovery needs besides the journal.
#[derive(Clone)]
pub(crate) struct Recovery {
    pub(crate) views: ViewConfig,
    pub(crate) shard: ShardConfig,
    pub(crate) encoder: Arc<dyn StreamEncoder>,
}

impl fmt::Debug for Recovery {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Recovery").field("views", &self.views).finish_non_exhaustive()
    }
}

/// How much of the past is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Past {
    /// From the newest snapshots on.
    Recent,
    /// From the first event on.
    Whole,
}

/// Why the views on disk cannot be used.
type Unusable = String;

impl Recovery {
    /// Restores shards and views.
    pub(crate) fn run(&self, journal: &mut Journal) -> Result<Restored, StartError> {
        let open = || ViewStore::open(&self.views).map_err(|error| StartError::open("the views", error));
        let unusable = match self.attempt(journal, open()?, Past::Recent)? {
            Ok(restored) => return Ok(restored),
            Err(unusable) => unusable,
        };
        tracing::warn!(%unusable, "the views are folded anew from the whole journal");
        let storage = &self.views.storage;
        storage.remove(&self.views.path).map_err(|error| StartError::open("the views", error))?;
        self.attempt(journal, open()?, Past::Whole)?.map_err(|unusable| StartError::Recover {
            source: format!("views folded from the whole journal do not fit it: {unusable}").into(),
        })
    }

    /// Views and shards of a system that keeps nothing.
    pub(crate) fn empty(&self, shards: u16) -> Result<Restored, StartError> {
        let storage = &self.views.storage;
        let failed = |error| StartError::open("the views", error);
        if storage.len(&self.views.path).map_err(failed)?.is_some() {
            storage.remove(&self.views.path).map_err(failed)?;
        }
        let store = ViewStore::open(&self.views).map_err(|error| StartError::open("the views", error))?;
        let projections = Arc::new(Projections::new(Arc::new(store), shards));
        let folder = Folder::new(projections, Arc::clone(&self.encoder));
        Ok(Restored { shards: (0..shards).map(|_| Shard::new(self.shard)).collect(), folder })
    }

    fn attempt(
        &self,
        journal: &mut Journal,
        store: ViewStore,
        past: Past,
    ) -> Result<Result<Restored, Unusable>, StartError> {
        let shards = journal.shards();
        let views_failed = |error: persistence::ViewError| StartError::open("the views", error);
        let markers: Vec<ShardSeq> = (0..shards)
            .map(|shard| store.marker(ShardId::new(shard)))
            .collect::<Result<_, _>>()
            .map_err(views_failed)?;
        let projections = Arc::new(Projections::new(Arc::new(store), shards));
        let mut retelling = Retelling {
            config: self.shard,
            shards: Vec::new(),
            folder: Folder::new(projections, Arc::clone(&self.encoder)),
            told: vec![ShardSeq::new(0); usize::from(shards)],
            provisional: vec![Vec::new(); usize::from(shards)],
            markers,
            trouble: None,
        };
        let recovered = match past {
            Past::Recent => journal.recover(&mut retelling),
            Past::Whole => journal.replay(&mut retelling),
        };
        let recovered = recovered.map_err(|error| StartError::Recover { source: Box::new(error) })?;
        for warning in &recovered.warnings {
            tracing::warn!(%warning, "recovery took a longer way");
        }
        match retelling.finish() {
            Ok(restored) => Ok(Ok(restored)),
            Err(Trouble::Unusable(reason)) => Ok(Err(reason)),
            Err(Trouble::Failed(error)) => Err(views_failed(error)),
        }
    }
}

/// What stops the views, though not the shards, from being restored.
#[derive(Debug)]
enum Trouble {
    Unusable(Unusable),
    Failed(persistence::ViewError),
}

/// Is told the past.
#[derive(Debug)]
struct Retelling {
    config: ShardConfig,
    shards: Vec<Shard>,
    folder: Folder,
    /// The last event told of each shard.
    told: Vec<ShardSeq>,
    /// Where each shard's rows on disk stand.
    markers: Vec<ShardSeq>,
    /// Open orders of the images whose rows still have to be taken from disk.
    provisional: Vec<Vec<OrderId>>,
    trouble: Option<Trouble>,
}

impl RecoveryVisitor for Retelling {
    fn begin(&mut self, shard: ShardId, image: &ShardImage) {
        let index = usize::from(shard.get());
        assert_eq!(self.shards.len(), index, "shards are told in order");
        self.shards.push(Shard::restore(self.config, image));
        self.told[index] = image.seq;
        if image.seq > self.markers[index] {
            let reason = format!(
                "shard {shard} begins at event {}, its rows on disk end at {}",
                image.seq, self.markers[index]
            );
            self.trouble.get_or_insert(Trouble::Unusable(reason));
        }
        if self.trouble.is_none() {
            self.provisional[index] = self.folder.restore(shard, image);
        }
    }

    fn event(&mut self, shard: ShardId, seq: ShardSeq, event: &Event) {
        let index = usize::from(shard.get());
        self.shards[index].fold(event);
        self.told[index] = seq;
        if self.trouble.is_some() {
            return;
        }
        if let Err(trouble) = self.view(shard, seq, event) {
            self.trouble = Some(trouble);
        }
    }
}

impl Retelling {
    fn view(&mut self, shard: ShardId, seq: ShardSeq, event: &Event) -> Result<(), Trouble> {
        if seq <= self.markers[usize::from(shard.get())] {
            self.folder.fold(shard, event, Rows::Stored);
            return Ok(());
        }
        self.take_rows_from_disk(shard)?;
        self.folder.fold(shard, event, Rows::Keep);
        if self.folder.row_count() >= ROWS_MAX { self.write() } else { Ok(()) }
    }

    /// The rows on disk stand exactly at the marker: from there on they are the true ones.
    fn take_rows_from_disk(&mut self, shard: ShardId) -> Result<(), Trouble> {
        let projections = &self.folder.projections;
        for id in self.provisional[usize::from(shard.get())].drain(..) {
            let portfolio = projections.portfolio(id.portfolio()).expect("an image's order has its portfolio");
            let mut state = lock(&portfolio);
            if state.order(id).is_none() {
                continue;
            }
            let row = projections.store.order(id).map_err(Trouble::Failed)?;
            if !row.is_some_and(|row| state.replace_row(row)) {
                return Err(Trouble::Unusable(format!("order {id} is not on disk as the journal tells it")));
            }
        }
        Ok(())
    }

    /// Writes the rows made so far, each shard's up to the last event told.
    fn write(&mut self) -> Result<(), Trouble> {
        let told = self.told.iter().zip(&self.markers).zip(0..);
        let ahead = told.filter(|((told, marker), _)| told > marker);
        let markers = ahead.map(|((told, _), shard)| (ShardId::new(shard), *told)).collect();
        let rows = self.folder.take_rows(markers);
        self.folder.projections.write(&rows).map_err(Trouble::Failed)
    }

    fn finish(mut self) -> Result<Restored, Trouble> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        for shard in (0..).map(ShardId::new).take(self.shards.len()) {
            let index = usize::from(shard.get());
            if self.markers[index] > self.told[index] {
                return Err(Trouble::Unusable(format!(
                    "rows of shard {shard} stand at event {}, the journal ends at {}",
                    self.markers[index], self.told[index]
                )));
            }
            self.take_rows_from_disk(shard)?;
        }
        if self.told != self.markers {
            self.write()?;
        }
        self.folder.projections.stand_at(&self.told);
        self.folder.messages = 0;
        Ok(Restored { shards: self.shards, folder: self.folder })
    }
}
