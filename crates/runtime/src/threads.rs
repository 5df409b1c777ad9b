//! The threads of one life of a system: begun together, ended together.
//!
//! It owns their handles. It must never leave one behind: dropping ends them all. Invariant: when
//! ending returned, every part is gone, and with it every file that a part had open.

use crate::Failure;
use crate::command_queue::CommandQueue;
use crate::handle::Life;
use crate::journal_thread::JournalThread;
use crate::lane::LaneSender;
use crate::panics;
use crate::parts::Parts;
use crate::projection::ProjectionThread;
use crate::sequencer::Sequencer;
use crate::shard_thread::ShardThread;
use crate::shared::Shared;
use crate::system::StartError;
use crate::waker::Waker;
use model::ShardId;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// See the module.
#[derive(Debug)]
pub(crate) struct Threads {
    life: Arc<Life>,
    wakers: Vec<Arc<Waker>>,
    /// In the order in which they end.
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Begins a thread for each part. What has none is returned beside them.
    pub(crate) fn begin(parts: Parts) -> Result<(Self, Sequencer), StartError> {
        let Parts { core, mut sequencer, shards, mut journal, snapshotter, projection, view_writer, market_data } =
            parts;
        let wakers = vec![market_data.sleeper.waker()];
        // From here on a failure to start a thread drops this, which ends those that run.
        let mut threads = Self { life: core.life(), wakers, threads: Vec::new() };
        drop(core);
        let projection = Arc::new(Mutex::new(projection));
        journal.rounds.lead_to(&projection);
        let journal = Arc::new(Mutex::new(journal));
        let mut lanes = sequencer.lanes.iter_mut();
        for (mut shard, lane) in shards.into_iter().zip(lanes.by_ref()) {
            shard.outlet.journal.lead_to(&journal);
            shard.outlet.ahead.iter_mut().for_each(|ahead| ahead.lead_to(&projection));
            let of = Some((shard.id, Arc::clone(&shard.commands)));
            let name = format!("shard-{}", shard.id);
            let shard = Arc::new(Mutex::new(shard));
            lane.settle_here(&shard);
            threads.spawn(name, of, move || ShardThread::run(&shard))?;
        }
        // What is left is the way of market data, for which nobody waits.
        lanes.for_each(LaneSender::settle_lazily);
        threads.spawn("journal".to_owned(), None, move || JournalThread::run(&journal))?;
        if let Some(snapshotter) = snapshotter {
            threads.spawn("snapshotter".to_owned(), None, move || snapshotter.run())?;
        }
        threads.spawn("projection".to_owned(), None, move || ProjectionThread::run(&projection))?;
        threads.spawn("view-writer".to_owned(), None, move || view_writer.run())?;
        threads.spawn("market-data".to_owned(), None, move || market_data.run())?;
        Ok((threads, sequencer))
    }

    /// The life that they drive.
    pub(crate) fn life(&self) -> &Arc<Life> {
        &self.life
    }

    /// Has them finish what waits, and waits for them.
    pub(crate) fn end(&mut self) {
        self.life.shared.stopping.store(true, Ordering::Release);
        self.life.queues.iter().for_each(|queue| queue.close());
        self.wakers.iter().for_each(|waker| waker.wake());
        for thread in self.threads.drain(..) {
            // A panic was latched as the failure when it happened.
            let _ = thread.join();
        }
    }

    /// Starts a thread whose panic is latched as the system's failure.
    fn spawn(
        &mut self,
        name: String,
        of: Option<(ShardId, Arc<CommandQueue>)>,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<(), StartError> {
        let guard = Guard { name: name.clone(), shared: Arc::clone(&self.life.shared), of };
        let body = move || {
            let _guard = guard;
            run();
        };
        let thread = std::thread::Builder::new().name(name).spawn(body).map_err(StartError::Thread)?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.end();
    }
}

/// Latches a panic of the thread that holds it.
struct Guard {
    name: String,
    shared: Arc<Shared>,
    /// A shard's thread is waited for by requests.
    of: Option<(ShardId, Arc<CommandQueue>)>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        latch_panic(&self.name, &self.shared, self.of.as_ref().map(|(shard, queue)| (*shard, queue)));
    }
}

/// Latches a panic of the part that holds it, whose work any thread may do.
pub(crate) struct PanicLatch<'a> {
    pub(crate) name: &'a str,
    pub(crate) shared: &'a Shared,
    /// A shard is waited for by requests.
    pub(crate) of: Option<(ShardId, &'a Arc<CommandQueue>)>,
}

impl Drop for PanicLatch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            latch_panic(self.name, self.shared, self.of);
        }
    }
}

/// Latches that a part panicked, and tells those who wait for a shard.
fn latch_panic(name: &str, shared: &Shared, of: Option<(ShardId, &Arc<CommandQueue>)>) {
    shared.fail(Failure::Panic(panics::describe(name, of.map(|(shard, _)| shard), shared)));
    if let Some((_, queue)) = of {
        queue.close();
        // Requests that are dropped answer that their outcome is unknown.
        while queue.depth() > 0 {
            drop(queue.pop());
        }
    }
}
