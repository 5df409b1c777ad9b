//! From files to running state: shards from the journal, views from their store and the journal.
//!
//! Shards and views are folded from the same images and the same events. The views' disk stands at a
//! marker for each shard: up to it events are folded for money and open orders alone, past it they
//! make rows and messages again. It must never serve views that the journal does not explain: then
//! the store is thrown away and folded anew from the first event, or, where the first events were
//! trimmed, from the oldest snapshots. Invariant: whenever the process died, the views are those of an
//! undisturbed run, but for what was closed before the beginning of a trimmed journal.

use crate::capacities::StreamBounds;
use crate::portfolio_state::Rows;
use crate::projection::{Folder, Projections};
use crate::rows_ahead::RowsAhead;
use crate::shared::lock;
use crate::system::StartError;
use crate::views::StreamEncoder;
use crossbeam::channel::{Sender, bounded};
use engine::{Shard, ShardConfig};
use model::{Event, OrderId, ShardId, ShardImage, ShardSeq};
use persistence::{Journal, RecoveryVisitor, ViewConfig, ViewStore};
use std::fmt;
use std::slice;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Rows of the journal that may wait to be folded into the views: some megabytes.
const ROWS_TOLD_MAX: usize = 256;

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
    pub(crate) bounds: StreamBounds,
    pub(crate) encoder: Arc<dyn StreamEncoder>,
    /// The store of the life before, which readers still hold: it is opened anew in place.
    pub(crate) store: Option<Arc<ViewStore>>,
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
    /// From the first event on, or the oldest snapshots where the first events were trimmed.
    Whole,
    /// From the oldest snapshots of a trimmed journal, with views of nothing: open orders are taken
    /// as the snapshots tell them.
    Remains,
}

/// Why the views on disk cannot be used.
type Unusable = String;

impl Recovery {
    /// Restores shards and views.
    pub(crate) fn run(&self, journal: &mut Journal) -> Result<Restored, StartError> {
        let open = || self.open_store();
        let unusable = match self.attempt(journal, open()?, Past::Recent)? {
            Ok(restored) => return Ok(restored),
            Err(unusable) => unusable,
        };
        let past = if journal.first_segment() > 1 {
            tracing::warn!(%unusable, "the views are brought up from the oldest snapshots");
            let unusable = match self.attempt(journal, open()?, Past::Whole)? {
                Ok(restored) => return Ok(restored),
                Err(unusable) => unusable,
            };
            tracing::warn!(
                %unusable,
                first_segment = journal.first_segment(),
                "the views are folded anew from the oldest snapshots of a trimmed journal: orders closed before \
                 them, their trades and messages, and the names that clients gave to orders still open are gone"
            );
            Past::Remains
        } else {
            tracing::warn!(%unusable, "the views are folded anew from the whole journal");
            Past::Whole
        };
        let storage = &self.views.storage;
        storage.remove(&self.views.path).map_err(|error| StartError::open("the views", error))?;
        self.attempt(journal, open()?, past)?.map_err(|unusable| StartError::Recover {
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
        let projections =
            Arc::new(Projections::new(self.open_store()?, shards, self.bounds, self.encoder.framing()));
        let folder = Folder::new(projections, Arc::clone(&self.encoder));
        Ok(Restored { shards: (0..shards).map(|_| Shard::new(self.shard)).collect(), folder })
    }

    fn open_store(&self) -> Result<Arc<ViewStore>, StartError> {
        let failed = |error| StartError::open("the views", error);
        match &self.store {
            Some(store) => store.reopen(&self.views).map(|_| Arc::clone(store)).map_err(failed),
            None => ViewStore::open(&self.views).map(Arc::new).map_err(failed),
        }
    }

    fn attempt(
        &self,
        journal: &mut Journal,
        store: Arc<ViewStore>,
        past: Past,
    ) -> Result<Result<Restored, Unusable>, StartError> {
        let shards = journal.shards();
        let views_failed = |error: persistence::ViewError| StartError::open("the views", error);
        let markers: Vec<ShardSeq> = (0..shards)
            .map(|shard| store.marker(ShardId::new(shard)))
            .collect::<Result<_, _>>()
            .map_err(views_failed)?;
        let projections = Arc::new(Projections::new(store, shards, self.bounds, self.encoder.framing()));
        let views = ViewsRetelling {
            folder: Folder::new(projections, Arc::clone(&self.encoder)),
            told: vec![ShardSeq::new(0); usize::from(shards)],
            provisional: (0..shards).map(|_| Provisional::default()).collect(),
            markers,
            past,
            trouble: None,
        };
        let mut retelling =
            Retelling { config: self.shard, shards: Vec::new(), views: Views::Here(Box::new(views)) };
        let recovered = match past {
            Past::Recent => journal.recover(&mut retelling),
            Past::Whole | Past::Remains => journal.replay(&mut retelling),
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

/// Is told the past: engines fold it here, views on a thread of their own meanwhile.
#[derive(Debug)]
struct Retelling {
    config: ShardConfig,
    shards: Vec<Shard>,
    views: Views,
}

/// Where views are folded.
#[derive(Debug)]
enum Views {
    /// Here, until the first event comes.
    Here(Box<ViewsRetelling>),
    /// There, from the rows of events that are sent.
    There(Sender<Told>, JoinHandle<Box<ViewsRetelling>>),
    /// Nowhere: they are on their way.
    Gone,
}

/// A row of the journal.
type Told = (ShardId, ShardSeq, Vec<Event>);

impl RecoveryVisitor for Retelling {
    fn begin(&mut self, shard: ShardId, image: &ShardImage) {
        let index = usize::from(shard.get());
        assert_eq!(self.shards.len(), index, "shards are told in order");
        let Views::Here(views) = &mut self.views else { panic!("shards begin before their events") };
        let config = self.config;
        let restored = std::thread::scope(|scope| {
            let engine = scope.spawn(|| Shard::restore(config, image));
            views.begin(shard, image);
            engine.join()
        });
        self.shards.push(restored.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    }

    fn event(&mut self, shard: ShardId, seq: ShardSeq, event: &Event) {
        self.events(shard, seq, vec![event.clone()]);
    }

    fn events(&mut self, shard: ShardId, first_seq: ShardSeq, events: Vec<Event>) {
        let engine = &mut self.shards[usize::from(shard.get())];
        events.iter().for_each(|event| engine.fold(event));
        // Refused when the other thread panicked, which is told at the end.
        let _ = self.sender().send((shard, first_seq, events));
    }
}

impl Retelling {
    fn sender(&mut self) -> &Sender<Told> {
        self.views = match std::mem::replace(&mut self.views, Views::Gone) {
            Views::Here(mut views) => {
                views.read_ahead();
                let (sender, told) = bounded::<Told>(ROWS_TOLD_MAX);
                let fold = move || {
                    for (shard, first_seq, events) in told {
                        views.events(shard, first_seq, &events);
                    }
                    views
                };
                Views::There(sender, std::thread::spawn(fold))
            }
            views @ (Views::There(..) | Views::Gone) => views,
        };
        match &self.views {
            Views::There(sender, _) => sender,
            Views::Here(_) | Views::Gone => unreachable!("they were sent off just now"),
        }
    }

    fn finish(self) -> Result<Restored, Trouble> {
        let views = match self.views {
            Views::Here(views) => views,
            Views::There(sender, thread) => {
                drop(sender);
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
            Views::Gone => unreachable!("they are gone only while they are sent off"),
        };
        Ok(Restored { shards: self.shards, folder: views.finish()? })
    }
}

/// Open orders whose rows still have to be taken from disk.
#[derive(Debug, Default)]
struct Provisional {
    count: usize,
    /// Until they are being read.
    ids: Vec<OrderId>,
    /// From then on.
    rows: Option<RowsAhead>,
}

/// The views' part of it.
#[derive(Debug)]
struct ViewsRetelling {
    folder: Folder,
    /// The last event told of each shard.
    told: Vec<ShardSeq>,
    /// Where each shard's rows on disk stand.
    markers: Vec<ShardSeq>,
    /// Open orders of each shard's image.
    provisional: Vec<Provisional>,
    past: Past,
    trouble: Option<Trouble>,
}

impl ViewsRetelling {
    fn begin(&mut self, shard: ShardId, image: &ShardImage) {
        let index = usize::from(shard.get());
        self.told[index] = image.seq;
        if image.seq > self.markers[index] {
            if self.past == Past::Remains {
                // Nothing is left that could tell more of them: so they become rows as they are.
                let open = self.folder.restore(shard, image);
                self.folder.write_orders(&open);
                return;
            }
            let reason = format!(
                "shard {shard} begins at event {}, its rows on disk end at {}",
                image.seq, self.markers[index]
            );
            self.trouble.get_or_insert(Trouble::Unusable(reason));
        }
        if self.trouble.is_none() {
            let ids = self.folder.restore(shard, image);
            self.provisional[index] = Provisional { count: ids.len(), ids, rows: None };
        }
    }

    /// Has the rows on disk read while events are folded.
    fn read_ahead(&mut self) {
        for provisional in self.provisional.iter_mut().filter(|provisional| !provisional.ids.is_empty()) {
            let ids = std::mem::take(&mut provisional.ids);
            provisional.rows = Some(RowsAhead::read(Arc::clone(&self.folder.projections.store), ids));
        }
    }

    fn events(&mut self, shard: ShardId, first_seq: ShardSeq, events: &[Event]) {
        let mut seq = first_seq;
        for event in events {
            self.told[usize::from(shard.get())] = seq;
            if self.trouble.is_none()
                && let Err(trouble) = self.view(shard, seq, event)
            {
                self.trouble = Some(trouble);
            }
            seq = seq.next();
        }
    }

    fn view(&mut self, shard: ShardId, seq: ShardSeq, event: &Event) -> Result<(), Trouble> {
        if seq <= self.markers[usize::from(shard.get())] {
            self.folder.fold(shard, slice::from_ref(event), Rows::Stored);
            return Ok(());
        }
        self.take_rows_from_disk(shard)?;
        self.folder.fold(shard, slice::from_ref(event), Rows::Keep);
        if self.folder.row_count() >= ROWS_MAX { self.write() } else { Ok(()) }
    }

    /// The rows on disk stand exactly at the marker: from there on they are the true ones.
    fn take_rows_from_disk(&mut self, shard: ShardId) -> Result<(), Trouble> {
        let Provisional { count, ids, rows } = std::mem::take(&mut self.provisional[usize::from(shard.get())]);
        if count == 0 {
            return Ok(());
        }
        let projections = &self.folder.projections;
        let rows = rows.unwrap_or_else(|| RowsAhead::read(Arc::clone(&projections.store), ids));
        let mut taken = 0;
        for look in rows.looks() {
            for (id, row) in look.map_err(Trouble::Failed)? {
                let state = projections.portfolio(id.portfolio()).expect("an image's order has its portfolio");
                let mut state = lock(&state);
                taken += 1;
                // Many have ended since the image.
                if state.order(id).is_some() && !row.is_some_and(|row| state.replace_row(row)) {
                    return Err(Trouble::Unusable(format!("order {id} is not on disk as the journal tells it")));
                }
            }
        }
        assert_eq!(taken, count, "every row is read, or its failure told");
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

    fn finish(mut self: Box<Self>) -> Result<Folder, Trouble> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        for shard in (0..).map(ShardId::new).take(self.told.len()) {
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
        Ok(self.folder)
    }
}
