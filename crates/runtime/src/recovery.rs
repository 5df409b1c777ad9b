//! From files to running state: shards from the journal, views from their store and the journal.
//!
//! Engines are folded from images and events. The views' disk stands at a marker for each shard: there
//! views begin as the engine stands, with the rows of its open orders from disk, and past it events
//! make rows and messages again. It must never serve views that the journal does not explain: then
//! the store is thrown away and folded anew from the first event, or, where the first events were
//! trimmed, from the oldest snapshots. Invariant: whenever the process died, the views are those of an
//! undisturbed run, but for what was closed before the beginning of a trimmed journal.

use crate::capacities::StreamBounds;
use crate::parts::Hands;
use crate::portfolio_state::{is_story_of, row_of_image};
use crate::projection::{Folder, Projections};
use crate::rows_ahead::{OpenRows, RowsAhead};
use crate::system::StartError;
use crate::views::StreamEncoder;
use crossbeam::channel::{Sender, bounded};
use engine::{Shard, ShardConfig};
use model::{Event, InstrumentId, OrderId, ShardId, ShardImage, ShardSeq, Symbol};
use persistence::{Journal, RecoveryVisitor, ViewConfig, ViewStore};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::slice;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Rows of the journal that may wait to be folded: under load a row holds a thousand events, and what was written a
/// moment ago is still in the processor's caches.
const ROWS_TOLD_MAX: usize = 4;

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
    pub(crate) hands: Hands,
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
        let rows = RowsAhead::new(Arc::clone(&store), shards, self.hands);
        let projections = Arc::new(Projections::new(store, shards, self.bounds, self.encoder.framing()));
        let fold = Fold {
            config: self.shard,
            shards: Vec::new(),
            folder: Folder::new(projections, Arc::clone(&self.encoder)),
            rows,
            markers,
            past,
            trouble: None,
        };
        let mut retelling = Retelling { hands: self.hands, fold: Place::Here(Box::new(fold)) };
        let recovered = match past {
            Past::Recent => journal.recover(&mut retelling),
            Past::Whole | Past::Remains => journal.replay(&mut retelling),
        };
        // Whatever came of it: nobody writes to the store behind this.
        let fold = retelling.into_fold();
        let recovered = recovered.map_err(|error| StartError::Recover { source: Box::new(error) })?;
        for warning in &recovered.warnings {
            tracing::warn!(%warning, "recovery took a longer way");
        }
        match fold.finish() {
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

/// Is told the past: it is read and verified here, and folded on a thread of its own meanwhile if there may be one.
#[derive(Debug)]
struct Retelling {
    hands: Hands,
    fold: Place,
}

/// Where the fold is.
#[derive(Debug)]
enum Place {
    /// Here, at least until the first event comes.
    Here(Box<Fold>),
    /// There, and takes the rows of events that are sent.
    There(Sender<Told>, JoinHandle<Box<Fold>>),
    /// On its way.
    Gone,
}

/// A row of the journal.
type Told = (ShardId, Vec<Event>);

impl RecoveryVisitor for Retelling {
    fn begin(&mut self, shard: ShardId, image: &ShardImage) {
        let Place::Here(fold) = &mut self.fold else { panic!("shards begin before their events") };
        fold.begin(shard, image);
    }

    fn event(&mut self, shard: ShardId, seq: ShardSeq, event: &Event) {
        self.events(shard, seq, vec![event.clone()]);
    }

    fn events(&mut self, shard: ShardId, _first_seq: ShardSeq, events: Vec<Event>) {
        match self.hands {
            Hands::Many => self.send_off(),
            Hands::One => {}
        }
        match &mut self.fold {
            Place::Here(fold) => fold.events(shard, &events),
            // Refused when the other thread panicked, which is told at the end.
            Place::There(sender, _) => drop(sender.send((shard, events))),
            Place::Gone => unreachable!("it is gone only while it is sent off"),
        }
    }
}

impl Retelling {
    fn send_off(&mut self) {
        self.fold = match std::mem::replace(&mut self.fold, Place::Gone) {
            Place::Here(mut fold) => {
                let (sender, told) = bounded::<Told>(ROWS_TOLD_MAX);
                let run = move || {
                    for (shard, events) in told {
                        fold.events(shard, &events);
                    }
                    fold
                };
                Place::There(sender, std::thread::spawn(run))
            }
            sent @ (Place::There(..) | Place::Gone) => sent,
        };
    }

    /// The fold, once it has taken all that was sent.
    fn into_fold(self) -> Box<Fold> {
        match self.fold {
            Place::Here(fold) => fold,
            Place::There(sender, thread) => {
                drop(sender);
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
            Place::Gone => unreachable!("it is gone only while it is sent off"),
        }
    }
}

/// The past as far as it was folded.
#[derive(Debug)]
struct Fold {
    config: ShardConfig,
    shards: Vec<Shard>,
    folder: Folder,
    rows: RowsAhead,
    /// Where each shard's rows on disk stand.
    markers: Vec<ShardSeq>,
    past: Past,
    trouble: Option<Trouble>,
}

impl Fold {
    fn begin(&mut self, shard: ShardId, image: &ShardImage) {
        let index = usize::from(shard.get());
        assert_eq!(self.shards.len(), index, "shards are told in order");
        self.shards.push(Shard::restore(self.config, image));
        let marker = self.markers[index];
        let began = if image.seq > marker {
            self.begin_views_behind(shard, marker)
        } else if image.seq == marker {
            self.begin_views(shard)
        } else {
            Ok(())
        };
        self.note(began);
    }

    fn events(&mut self, shard: ShardId, events: &[Event]) {
        for event in events {
            self.shards[usize::from(shard.get())].fold(event);
            if self.trouble.is_none() {
                let viewed = self.view(shard, event);
                self.note(viewed);
            }
        }
    }

    fn note(&mut self, done: Result<(), Trouble>) {
        if let Err(trouble) = done {
            self.trouble.get_or_insert(trouble);
        }
    }

    /// The views' part of an event that the engine has folded.
    fn view(&mut self, shard: ShardId, event: &Event) -> Result<(), Trouble> {
        let index = usize::from(shard.get());
        match self.shards[index].seq().cmp(&self.markers[index]) {
            Ordering::Less => Ok(()),
            Ordering::Equal => self.begin_views(shard),
            Ordering::Greater => {
                self.folder.fold(shard, slice::from_ref(event));
                if self.folder.row_count() >= ROWS_MAX { self.write() } else { Ok(()) }
            }
        }
    }

    /// The engine stands where the rows on disk do: they are the true ones.
    fn begin_views(&mut self, shard: ShardId) -> Result<(), Trouble> {
        let engine = &self.shards[usize::from(shard.get())];
        let rows = self.rows.take(shard).map_err(Trouble::Failed)?;
        if let Some(order) = untold(&rows, engine) {
            return Err(Trouble::Unusable(format!("order {order} is not on disk as the journal tells it")));
        }
        self.folder.restore(shard, engine, rows);
        Ok(())
    }

    /// The engine begins where the rows on disk have not come yet.
    fn begin_views_behind(&mut self, shard: ShardId, marker: ShardSeq) -> Result<(), Trouble> {
        let engine = &self.shards[usize::from(shard.get())];
        match self.past {
            Past::Recent | Past::Whole => {
                let begins = engine.seq();
                let reason = format!("shard {shard} begins at event {begins}, its rows on disk end at {marker}");
                Err(Trouble::Unusable(reason))
            }
            Past::Remains => {
                // Nothing is left that could tell more of the open orders: so they become rows as they are.
                let symbols: BTreeMap<InstrumentId, Symbol> =
                    engine.instruments().map(|instrument| (instrument.id, instrument.symbol)).collect();
                let row = |image| row_of_image(&image, symbols[&image.instrument]);
                let rows: OpenRows = engine.open_orders().map(|image| (image.id, Box::new(row(image)))).collect();
                self.folder.write_orders(rows.keys().copied());
                self.folder.restore(shard, engine, rows);
                Ok(())
            }
        }
    }

    /// Writes the rows made so far, each shard's up to the last event told.
    fn write(&mut self) -> Result<(), Trouble> {
        let told = self.shards.iter().map(Shard::seq).zip(&self.markers).zip(0..);
        let ahead = told.filter(|((told, marker), _)| told > *marker);
        let markers = ahead.map(|((told, _), shard)| (ShardId::new(shard), told)).collect();
        let rows = self.folder.take_rows(markers);
        self.folder.projections.write(&rows).map_err(Trouble::Failed)
    }

    fn finish(mut self: Box<Self>) -> Result<Restored, Trouble> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        let told: Vec<ShardSeq> = self.shards.iter().map(Shard::seq).collect();
        for ((told, marker), shard) in told.iter().zip(&self.markers).zip(0..) {
            if marker > told {
                return Err(Trouble::Unusable(format!(
                    "rows of shard {} stand at event {marker}, the journal ends at {told}",
                    ShardId::new(shard)
                )));
            }
        }
        if told != self.markers {
            self.write()?;
        }
        self.folder.projections.stand_at(&told);
        self.folder.messages = 0;
        Ok(Restored { shards: self.shards, folder: self.folder })
    }
}

/// An open order whose row is missing or tells another story, or one whose row should not be there.
fn untold(rows: &OpenRows, engine: &Shard) -> Option<OrderId> {
    let mut count = 0;
    for image in engine.open_orders() {
        count += 1;
        if !rows.get(&image.id).is_some_and(|row| is_story_of(row, &image)) {
            return Some(image.id);
        }
    }
    if count == rows.len() {
        return None;
    }
    let open: BTreeSet<OrderId> = engine.open_orders().map(|image| image.id).collect();
    rows.keys().copied().find(|id| !open.contains(id))
}
