//! What a whole system does when the disk fails or the power goes, at any operation.

mod common;

use common::{Rig, Seen, config, deposit, limit, open, order, quote, stop, trade, trailing};
use model::{CommandReply, PortfolioId, PortfolioSeq, Side};
use persistence::storage::CrashSurvival;
use persistence::{SimulatedStorage, Storage};
use runtime::{After, CutOff, Durability, Failure, RequestError, SubscribeError, SystemConfig};
use std::path::Path;
use std::sync::Arc;

const ONE: PortfolioId = PortfolioId::new(1);
const PORTFOLIOS: [PortfolioId; 2] = [ONE, PortfolioId::new(2)];

/// Segments so small that the workload seals some, and snapshots are made.
fn settings(storage: &SimulatedStorage) -> SystemConfig {
    let storage: Arc<dyn Storage> = Arc::new(storage.clone());
    SystemConfig { segment_bytes_max: 6_000, ..config(Path::new("/data"), 2, storage) }
}

#[test]
fn a_failing_append_leaves_outcomes_unknown_and_publishes_nothing() {
    let storage = SimulatedStorage::new();
    let rig = Rig::start(settings(&storage));
    rig.ask(open(1));
    let mut stream = rig.handle.subscribe(ONE, After::Now, None).expect("open");
    let head = rig.handle.head_seq(ONE);
    let before = rig.handle.portfolio(ONE);
    storage.crash_at(storage.operation_count());
    assert_eq!(rig.request(deposit(1)), Err(RequestError::OutcomeUnknown));
    assert_eq!(rig.request(deposit(1)), Err(RequestError::Unavailable), "it certainly had no effect");
    // Which of the two that write noticed first is a matter of timing.
    let failure = rig.system.failure().borrow().clone();
    assert!(matches!(failure, Some(Failure::Journal(_) | Failure::Views(_))));
    assert_eq!(rig.handle.head_seq(ONE), head);
    assert_eq!(rig.handle.portfolio(ONE), before);
    let Rig { system, tokio, .. } = rig;
    assert!(system.stop().is_err());
    let end = tokio.block_on(stream.next()).expect_err("nothing was published");
    assert_eq!((Some(end.last_seq), end.reason), (head, CutOff::Stopped));

    // What was acknowledged is there; the rest is there wholly or not at all.
    let rig = Rig::start(settings(&storage.after_crash(CrashSurvival::Nothing)));
    let seqs: Vec<PortfolioSeq> = rig.seen(ONE).messages.iter().map(|(seq, _)| *seq).collect();
    assert!(seqs.len() as u64 >= head.expect("open").get());
    assert_eq!(rig.request(deposit(1)), Ok(CommandReply::Done));
    rig.stop();
}

#[test]
fn published_ahead_an_answer_does_not_wait_for_the_disk_and_a_crash_may_take_it_back() {
    let storage = SimulatedStorage::new();
    let behind = |storage: &SimulatedStorage| SystemConfig { durability: Durability::Behind, ..settings(storage) };
    let rig = Rig::start(behind(&storage));
    rig.ask(open(1));
    while rig
        .handle
        .status()
        .shards
        .iter()
        .any(|shard| shard.durable < shard.applied || shard.stored < shard.durable)
    {
        std::thread::yield_now();
    }
    let (head, epoch) = (rig.handle.head_seq(ONE), rig.handle.epoch());
    storage.crash_at(storage.operation_count());
    assert_eq!(rig.request(deposit(1)), Ok(CommandReply::Done));
    assert!(rig.handle.head_seq(ONE) > head, "it is seen");
    let mut failure = rig.system.failure();
    rig.tokio.block_on(async {
        let failed = failure.wait_for(|failure| failure.as_ref().is_some_and(Failure::is_final)).await;
        assert!(failed.is_ok(), "what was seen cannot be taken back under this epoch: it ends");
    });
    assert!(rig.system.stop().is_err());
    let rig = Rig::start(behind(&storage.after_crash(CrashSurvival::Nothing)));
    assert_eq!(rig.handle.head_seq(ONE), head, "it was taken back");
    let resumed = rig.handle.subscribe(ONE, After::Now, Some(epoch));
    assert!(matches!(resumed, Err(SubscribeError::EpochChanged { .. })), "{resumed:?}");
    rig.stop();
}

/// One input after the other until the system fails; returns how many messages of each portfolio
/// were seen by then.
fn drive(rig: &mut Rig) -> [u64; 2] {
    let run = |rig: &mut Rig| -> Result<(), RequestError> {
        let instruments = rig.handle.instruments();
        let symbol = model::Symbol::parse("AAPL").expect("a ticker");
        let defined = rig.tokio.block_on(rig.handle.define_instrument(common::spec("AAPL")));
        defined.map_err(|_| RequestError::OutcomeUnknown)?;
        let aapl = instruments.by_symbol(symbol).expect("defined").id;
        for portfolio in [1, 2] {
            rig.request(open(portfolio))?;
            rig.request(order(portfolio, 1, "AAPL", (Side::Buy, limit(10), 100)))?;
            rig.request(order(portfolio, 2, "AAPL", (Side::Buy, stop(90), 1)))?;
        }
        let ok = |alive: bool| if alive { Ok(()) } else { Err(RequestError::OutcomeUnknown) };
        for round in 0..6_i64 {
            let at = 10_000 * (round + 1);
            ok(rig.tick(aapl, at, quote(9, 10, 30)))?;
            for portfolio in [1, 2] {
                let name = 10 + 10 * u32::try_from(round).expect("small");
                rig.request(order(portfolio, name, "AAPL", (Side::Sell, trailing(3), 5)))?;
                rig.request(order(portfolio, name + 1, "AAPL", (Side::Buy, limit(5), 1)))?;
                rig.request(order(portfolio, name + 2, "NONE", (Side::Buy, limit(5), 1)))?;
                rig.request(deposit(portfolio))?;
            }
            ok(rig.tick(aapl, at + 1_000, trade(11 + round, 1)))?;
            ok(rig.tick(aapl, at + 2_000, quote(10 + round, 11 + round, 30)))?;
            ok(rig.tick(aapl, at + 3_000, trade(9, 50)))?;
            ok(rig.tick(aapl, at + 4_000, quote(8, 11, 3)))?;
            if round == 1 || round == 3 {
                // So that crashes find views between the beginning and the end, and snapshots.
                ok(rig.settle_views())?;
            }
        }
        Ok(())
    };
    let _ = run(rig);
    PORTFOLIOS.map(|id| rig.handle.head_seq(id).map_or(0, PortfolioSeq::get))
}

fn check_recovered(storage: &SimulatedStorage, (seen, reference): ([u64; 2], &[Seen; 2]), crash: usize) {
    let rig = Rig::start(settings(storage));
    let recovered = PORTFOLIOS.map(|id| rig.seen(id));
    rig.stop();
    for ((recovered, reference), seen) in recovered.iter().zip(reference).zip(seen) {
        let count = recovered.messages.len();
        assert!(count as u64 >= seen, "crash at {crash}: a message that was seen has vanished");
        // Later inputs differ only if the crash fell between them: what is there is a beginning.
        assert_eq!(recovered.messages[..], reference.messages[..count], "crash at {crash}: messages differ");
    }
    // The same journal, its views folded anew from the first event.
    storage.remove(Path::new("/data/views.redb")).expect("the views are there");
    let rig = Rig::start(settings(storage));
    assert_eq!(PORTFOLIOS.map(|id| rig.seen(id)), recovered, "crash at {crash}: views differ from the journal");
    rig.stop();
}

#[test]
fn a_crash_at_any_operation_leaves_the_views_that_the_journal_tells() {
    let storage = SimulatedStorage::new();
    let mut rig = Rig::start(settings(&storage));
    drive(&mut rig);
    let reference = PORTFOLIOS.map(|id| rig.seen(id));
    assert!(reference.iter().all(|seen| seen.messages.len() > 80 && seen.trades.len() > 3));
    rig.stop();
    let names = storage.list(Path::new("/data/journal")).expect("it is there");
    assert!(names.len() > 4, "segments were sealed and snapshots made: {names:?}");
    let operations = storage.operation_count();
    // A step without a common factor with the pattern of a commit's operations reaches all of it.
    for crash in (1..operations).step_by(operations / 40) {
        for survival in [CrashSurvival::Nothing, CrashSurvival::Everything, CrashSurvival::Torn(7)] {
            let storage = SimulatedStorage::new();
            storage.crash_at(crash);
            let seen = match Rig::try_start(settings(&storage)) {
                Err(_) => [0, 0],
                Ok(mut rig) => drive(&mut rig),
            };
            check_recovered(&storage.after_crash(survival), (seen, &reference), crash);
        }
    }
}
