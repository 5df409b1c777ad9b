//! A running system whose disk fails or fills up: it goes on by itself, and nobody loses anything.
//!
//! What is expected comes from the client's own record: an order that was acknowledged, and each order
//! once however often it was sent.

mod common;

use common::{Rig, TextEncoder, config, deposit, limit, open, order, quote};
use feeds::{Push, TickSink as _};
use model::{
    Amendment, Command, CommandReply, InstrumentId, OrderId, OrderStatus, PortfolioId, PortfolioSeq, Qty, Side,
    Tick, Time,
};
use persistence::storage::{CrashSurvival, FailureEffect};
use persistence::{NewPortfolio, NewUser, OrderFilter, SimulatedStorage, Storage};
use runtime::{
    After, Change, ChangeError, Failure, RequestError, SpaceLimits, SpaceState, StreamEncoder, StreamMessage,
    Subscription, System, SystemConfig,
};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::Duration;

const ONE: PortfolioId = PortfolioId::new(1);
/// Orders that the workload sends.
const ORDERS: u32 = 12;

/// Segments so small that the workload seals one, and views that are written at once.
fn settings(storage: &SimulatedStorage) -> SystemConfig {
    let storage: Arc<dyn Storage> = Arc::new(storage.clone());
    let base = config(Path::new("/data"), 1, storage);
    SystemConfig { segment_bytes_max: 3_000, views_wait: Duration::ZERO, ..base }
}

fn is_passing(error: RequestError) -> bool {
    match error {
        RequestError::OutcomeUnknown | RequestError::Unavailable => true,
        RequestError::Overloaded
        | RequestError::Stopping
        | RequestError::StorageLow { .. }
        | RequestError::StorageFull { .. } => false,
    }
}

/// What the client knows.
#[derive(Debug, Default)]
struct Record {
    acknowledged: BTreeMap<u32, OrderId>,
    canceled: Vec<OrderId>,
    /// Whether the disk was ever noticed to fail.
    saw_failure: bool,
}

impl Record {
    /// Sends until there is an answer. The first time that there is none the disk is made whole.
    fn insist(&mut self, rig: &Rig, storage: &SimulatedStorage, command: &Command) -> CommandReply {
        loop {
            match rig.request(command.clone()) {
                Ok(reply) => return reply,
                Err(error) => {
                    assert!(is_passing(error), "{error:?}");
                    self.saw_failure = true;
                    storage.stop_failing();
                    storage.set_quota(None);
                    std::thread::yield_now();
                }
            }
        }
    }

    fn submit(&mut self, rig: &Rig, storage: &SimulatedStorage, name: u32) {
        let command = order(1, name, "AAPL", (Side::Buy, limit(5), 1));
        let id = match self.insist(rig, storage, &command) {
            CommandReply::Accepted(id) => id,
            // Only where an earlier sending may have happened.
            CommandReply::Duplicate(id) if self.saw_failure => id,
            other => panic!("order {name}: {other:?}"),
        };
        assert_eq!(self.acknowledged.insert(name, id), None);
    }

    fn cancel(&mut self, rig: &Rig, storage: &SimulatedStorage, order: OrderId) {
        match self.insist(rig, storage, &Command::Cancel { order }) {
            CommandReply::Canceled(_) | CommandReply::Done => {}
            CommandReply::Refused(_) if self.saw_failure => {}
            other => panic!("cancel of {order}: {other:?}"),
        }
        self.canceled.push(order);
    }

    fn check(&self, rig: &Rig) {
        let rows = rig.handle.orders(ONE, &OrderFilter::default(), None, 1_000).expect("readable");
        let mut found: BTreeMap<OrderId, OrderStatus> = rows.iter().map(|row| (row.id, row.status)).collect();
        assert_eq!(found.len(), rows.len());
        for id in self.acknowledged.values() {
            let status = found.remove(id).expect("an acknowledged order is there, and once");
            let wanted = if self.canceled.contains(id) { OrderStatus::Canceled } else { OrderStatus::New };
            assert_eq!(status, wanted, "{id}");
        }
        assert_eq!(found, BTreeMap::new(), "nothing else is there");
    }
}

/// Takes messages until this one was seen; the bytes of all.
fn drain(rig: &Rig, stream: &mut Subscription, until: PortfolioSeq, seen: &mut Vec<(PortfolioSeq, Vec<u8>)>) {
    while seen.last().map_or(PortfolioSeq::new(0), |(seq, _)| *seq) < until {
        let batch = rig.tokio.block_on(stream.next()).expect("a stream outlives a failure of the disk");
        seen.extend(batch.messages().map(|(seq, bytes)| (seq, bytes.to_vec())));
    }
}

/// The workload: orders one after the other, every third one ended again.
fn drive(rig: &Rig, storage: &SimulatedStorage) -> Record {
    let mut record = Record::default();
    for name in 1..=ORDERS {
        record.submit(rig, storage, name);
        if name % 3 == 0 {
            let order = record.acknowledged[&(name - 1)];
            record.cancel(rig, storage, order);
        }
    }
    record
}

/// A system with an instrument and an empty portfolio, everything on disk.
fn begin(storage: &SimulatedStorage) -> (Rig, InstrumentId) {
    let rig = Rig::start(settings(storage));
    let aapl = rig.define("AAPL");
    rig.ask(open(1));
    assert!(rig.settle_views());
    (rig, aapl)
}

/// Runs the workload with a fault that begins at an operation after the beginning; returns whether
/// the fault was met.
fn check_fault(offset: usize, fault: impl FnOnce(&SimulatedStorage, usize)) -> bool {
    let storage = SimulatedStorage::new();
    let (mut rig, aapl) = begin(&storage);
    let mut stream = rig.handle.subscribe(ONE, After::Seq(PortfolioSeq::new(0)), None).expect("open");
    fault(&storage, storage.operation_count() + offset);
    let record = drive(&rig, &storage);
    storage.stop_failing();
    // The feed's port goes on too: its tick reaches the shards of whatever life stands.
    let tick = Tick { instrument: aapl, time: Time::from_millis(5), body: quote(4, 6, 10) };
    while rig.port.push(tick) == Push::Full {
        std::thread::yield_now();
    }
    while !rig.settle_views() || rig.handle.status().failure.is_some() {
        std::thread::yield_now();
    }
    record.check(&rig);
    let head = rig.handle.head_seq(ONE).expect("open");
    let mut live = Vec::new();
    drain(&rig, &mut stream, head, &mut live);
    assert!(live.iter().map(|(seq, _)| seq.get()).eq(1..=head.get()), "{offset}: no gap and no double");
    let status = rig.handle.status();
    assert!(status.heals >= u64::from(record.saw_failure), "{offset}: {status:?}");
    assert_eq!(status.failures, status.heals, "{offset}");
    drop(stream);
    rig.stop();
    // A new process sees the same orders and the same bytes, also when the power went in between:
    // what was acknowledged after the failure is as durable as what was before.
    let storage = storage.after_crash(CrashSurvival::Nothing);
    let rig = Rig::start(settings(&storage));
    record.check(&rig);
    let page = rig.handle.messages(ONE, PortfolioSeq::new(0), 1_000).expect("readable");
    let kept: Vec<_> = page.messages.iter().map(|(seq, bytes)| (*seq, bytes.to_vec())).collect();
    assert_eq!(kept, live, "{offset}: what was streamed is what is kept");
    rig.stop();
    status.failures > 0
}

fn check_every_operation(effect: FailureEffect, step: usize) {
    let operations = operations();
    assert!(operations > 100, "{operations}");
    let offsets = (0..operations).step_by(step);
    let met = offsets.clone().filter(|offset| {
        check_fault(*offset, |storage, operation| storage.fail_at_with(operation, ErrorKind::Other, effect))
    });
    // A snapshot that cannot be made is not a failure, and reading has no effect to lose.
    assert!(met.count() * 2 > offsets.count());
}

/// How many operations the workload takes without faults.
fn operations() -> usize {
    let storage = SimulatedStorage::new();
    let (rig, _) = begin(&storage);
    let before = storage.operation_count();
    drive(&rig, &storage);
    assert!(rig.settle_views());
    let count = storage.operation_count() - before;
    rig.stop();
    count
}

#[test]
fn a_failing_operation_anywhere_is_healed_and_nothing_is_lost() {
    check_every_operation(FailureEffect::Nothing, 1);
}

#[test]
fn a_failure_that_happened_all_the_same_is_healed() {
    check_every_operation(FailureEffect::Everything, 2);
    check_every_operation(FailureEffect::Half, 3);
}

#[test]
fn a_sync_that_gave_its_changes_up_costs_nothing_that_is_acknowledged_later() {
    check_every_operation(FailureEffect::GivenUp, 1);
}

#[test]
fn a_disk_that_takes_no_writes_from_any_operation_on_is_waited_for() {
    let operations = operations();
    for offset in (0..operations).step_by(3) {
        check_fault(offset, |storage, operation| {
            storage.fail_changes_from(operation, ErrorKind::StorageFull);
        });
    }
}

#[test]
fn a_disk_that_is_full_at_any_size_is_waited_for() {
    let storage = SimulatedStorage::new();
    let (rig, _) = begin(&storage);
    let before = storage.used();
    let mut record = Record::default();
    let mut peak = before;
    for name in 1..=ORDERS {
        record.submit(&rig, &storage, name);
        peak = peak.max(storage.used());
    }
    rig.stop();
    let sizes = 24;
    let met = (0..sizes).filter(|part| {
        let quota = before - before / 4 + (peak - before + before / 4) * part / sizes;
        check_fault(usize::try_from(*part).expect("small"), |storage, _| storage.set_quota(Some(quota)))
    });
    assert!(met.count() > 0);
}

fn limits(storage: &SimulatedStorage) -> SystemConfig {
    let space = SpaceLimits { soft_bytes: 900_000, hard_bytes: 300_000, ballast_bytes: 10_000 };
    SystemConfig { space, ..settings(storage) }
}

/// Waits until nothing more is going to be written by itself.
fn await_stored(rig: &Rig) {
    while rig.handle.status().shards.iter().any(|shard| shard.stored < shard.applied) {
        std::thread::yield_now();
    }
}

fn await_state(rig: &Rig, state: SpaceState) {
    while rig.handle.status().space.state != state {
        std::thread::yield_now();
    }
}

#[test]
fn little_room_keeps_growth_out_and_lets_cancels_through() {
    let storage = SimulatedStorage::new();
    let rig = Rig::start(limits(&storage));
    rig.define("AAPL");
    rig.ask(open(1));
    let buy = |name, shares| order(1, name, "AAPL", (Side::Buy, limit(5), shares));
    let mut orders = (1..=4).map(|name| match rig.ask(buy(name, 10)) {
        CommandReply::Accepted(id) => id,
        other => panic!("{other:?}"),
    });
    let (first, second, third) =
        (orders.next().expect("sent"), orders.next().expect("sent"), orders.next().expect("sent"));
    drop(orders);
    let amend = |order, shares| Command::Replace {
        order,
        amendment: Amendment { qty: Some(Qty::whole(shares)), ..Amendment::default() },
    };
    let user = || NewUser {
        username: "ada".to_owned(),
        password_hash: "hash".to_owned(),
        nickname: "ada".to_owned(),
        created_at: Time::EARLIEST,
    };
    let register = || rig.handle.change_catalogue(Change::Growth, |catalogue| catalogue.create_user(user()));

    await_stored(&rig);
    storage.set_quota(Some(storage.used() + 800_000));
    await_state(&rig, SpaceState::Low);
    assert!(matches!(rig.request(buy(9, 1)), Err(RequestError::StorageLow { limit_bytes: 900_000, .. })));
    assert!(matches!(rig.request(deposit(1)), Err(RequestError::StorageLow { .. })));
    assert!(matches!(rig.request(amend(first, 11)), Err(RequestError::StorageLow { .. })));
    assert!(matches!(register(), Err(ChangeError::Request(RequestError::StorageLow { .. }))));
    assert_eq!(rig.ask(amend(first, 9)), CommandReply::Replaced(first));
    rig.ask(Command::Cancel { order: second });

    await_stored(&rig);
    storage.set_quota(Some(storage.used() + 200_000));
    await_state(&rig, SpaceState::Full);
    assert!(matches!(rig.request(buy(9, 1)), Err(RequestError::StorageFull { limit_bytes: 300_000, .. })));
    assert!(matches!(rig.request(amend(first, 8)), Err(RequestError::StorageFull { .. })));
    assert!(matches!(register(), Err(ChangeError::Request(RequestError::StorageFull { .. }))));
    rig.ask(Command::Cancel { order: third });
    let row = |order| rig.handle.order(order).expect("readable").expect("it is there");
    assert_eq!(row(first).status, OrderStatus::New);
    assert_eq!([row(second).status, row(third).status], [OrderStatus::Canceled; 2]);

    storage.set_quota(None);
    await_state(&rig, SpaceState::Enough);
    assert!(matches!(rig.ask(buy(9, 1)), CommandReply::Accepted(_)));
    assert!(register().is_ok());
    rig.stop();
}

#[test]
fn the_ballast_is_given_back_when_the_disk_is_full_and_made_again() {
    let storage = SimulatedStorage::new();
    let rig = Rig::start(limits(&storage));
    let ballast = || storage.len(Path::new("/data/ballast")).expect("readable");
    while ballast() != Some(10_000) {
        std::thread::yield_now();
    }
    rig.define("AAPL");
    rig.ask(open(1));
    storage.set_quota(Some(storage.used()));
    storage.fail_changes_from(storage.operation_count(), ErrorKind::StorageFull);
    assert_eq!(rig.request(deposit(1)), Err(RequestError::OutcomeUnknown));
    storage.stop_failing();
    while ballast().is_some() || rig.handle.status().failure.is_some() {
        std::thread::yield_now();
    }
    assert!(matches!(rig.request(deposit(1)), Err(RequestError::StorageFull { .. })));
    storage.set_quota(None);
    await_state(&rig, SpaceState::Enough);
    while ballast() != Some(10_000) {
        std::thread::yield_now();
    }
    assert_eq!(rig.ask(deposit(1)), CommandReply::Done);
    rig.stop();
}

#[test]
fn a_catalogue_that_fails_is_opened_again_while_orders_go_on() {
    let storage = SimulatedStorage::new();
    let (rig, _) = begin(&storage);
    let user = |name: &str| NewUser {
        username: name.to_owned(),
        password_hash: "hash".to_owned(),
        nickname: name.to_owned(),
        created_at: Time::EARLIEST,
    };
    let register =
        |name: &str| rig.handle.change_catalogue(Change::Growth, |catalogue| catalogue.create_user(user(name)));
    let ada = register("ada").expect("the disk is whole");
    storage.fail_changes_from(storage.operation_count(), ErrorKind::StorageFull);
    assert!(matches!(register("bob"), Err(ChangeError::Request(RequestError::OutcomeUnknown))));
    assert!(matches!(register("bob"), Err(ChangeError::Request(RequestError::Unavailable))));
    assert!(rig.handle.status().catalogue_failed);
    assert_eq!(rig.handle.catalogue().user(ada.id).expect("readable"), Some(ada.clone()));
    storage.stop_failing();
    while rig.handle.status().catalogue_failed {
        std::thread::yield_now();
    }
    assert!(register("bob").is_ok());
    assert_eq!(rig.handle.catalogue().user(ada.id).expect("readable"), Some(ada));
    assert_eq!(rig.ask(deposit(1)), CommandReply::Done);
    rig.stop();
}

#[test]
fn a_damaged_journal_is_not_healed_and_is_still_read_from() {
    let storage = SimulatedStorage::new();
    let (rig, _) = begin(&storage);
    let record = drive(&rig, &storage);
    assert!(rig.settle_views());
    let dir = Path::new("/data/journal");
    let segments = storage.list(dir).expect("it is there").into_iter().filter(|name| name.contains("segment"));
    for name in segments {
        let path = dir.join(name);
        let len = storage.len(&path).expect("readable").expect("it is there");
        for offset in (8_192..usize::try_from(len).expect("small")).step_by(61) {
            storage.corrupt(&path, offset, |byte| byte ^ 0x10);
        }
    }
    storage.fail_at(storage.operation_count(), ErrorKind::Other);
    let mut failure = rig.system.failure();
    let failed = rig.request(deposit(1));
    assert!(failed.is_err(), "{failed:?}");
    let last = rig.tokio.block_on(async {
        let last = failure.wait_for(|failure| failure.as_ref().is_some_and(Failure::is_final)).await;
        last.expect("the system stands").clone()
    });
    assert!(matches!(&last, Some(Failure::Corrupt(text)) if text.contains("segment")), "{last:?}");
    assert_eq!(rig.request(deposit(1)), Err(RequestError::Unavailable));
    record.check(&rig);
    assert!(rig.system.stop().is_err());
}

/// Panics for as many messages as it is told to, and remembers in which thread it did last.
struct Trap(AtomicU32, Mutex<Option<ThreadId>>);

impl StreamEncoder for Trap {
    fn encode(&self, message: &StreamMessage<'_>, out: &mut Vec<u8>) {
        let sprung = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if sprung.is_ok() {
            *self.1.lock().expect("it is not held while it springs") = Some(std::thread::current().id());
        }
        assert!(sprung.is_err(), "the trap is sprung");
        TextEncoder.encode(message, out);
    }
}

fn trapped(storage: &SimulatedStorage) -> (Arc<Trap>, System, tokio::runtime::Runtime) {
    let trap = Arc::new(Trap(AtomicU32::new(0), Mutex::new(None)));
    let encoder: Arc<dyn StreamEncoder> = Arc::clone(&trap) as Arc<dyn StreamEncoder>;
    let system = System::start(settings(storage), encoder).expect("starts");
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("one thread");
    (trap, system, tokio)
}

fn ask(system: &System, tokio: &tokio::runtime::Runtime, command: Command) -> Result<CommandReply, RequestError> {
    let by = model::SubmittedBy { user: model::UserId::new(1), origin: model::Origin::Manual };
    tokio.block_on(system.handle().request(model::Request { by, command }))
}

#[test]
fn a_panic_is_healed_like_a_failure_of_the_disk() {
    let storage = SimulatedStorage::new();
    let (trap, system, tokio) = trapped(&storage);
    tokio.block_on(system.handle().define_instrument(common::spec("AAPL"))).expect("defined");
    assert_eq!(ask(&system, &tokio, open(1)), Ok(CommandReply::Done));
    trap.0.store(1, Ordering::SeqCst);
    let buy = || order(1, 1, "AAPL", (Side::Buy, limit(5), 1));
    assert_eq!(ask(&system, &tokio, buy()), Err(RequestError::OutcomeUnknown));
    let again = loop {
        match ask(&system, &tokio, buy()) {
            Err(RequestError::Unavailable) => std::thread::yield_now(),
            other => break other,
        }
    };
    assert!(matches!(again, Ok(CommandReply::Duplicate(_))), "its event was durable: {again:?}");
    assert_eq!(system.handle().status().heals, 1);
    system.stop().expect("it went on");
}

/// One panic over the fill of a tick; says whether it was in the thread that pushed the tick.
fn check_panic_over_a_tick() -> bool {
    let storage = SimulatedStorage::new();
    let (trap, mut system, tokio) = trapped(&storage);
    let mut port = system.feed_port();
    let apple = tokio.block_on(system.handle().define_instrument(common::spec("AAPL"))).expect("defined").id;
    assert_eq!(ask(&system, &tokio, open(1)), Ok(CommandReply::Done));
    let bought = ask(&system, &tokio, order(1, 1, "AAPL", (Side::Buy, limit(5), 1)));
    let Ok(CommandReply::Accepted(bought)) = bought else { panic!("{bought:?}") };
    let mut push = |second: i64, price| {
        let tick =
            Tick { instrument: apple, time: Time::from_millis(second * 1_000), body: quote(price, price, 1_000) };
        assert_eq!(port.push(tick), Push::Accepted, "the feed goes on");
    };
    push(1, 9);
    // Long enough for the parts to rest, mostly.
    (0..2_000).for_each(|_| std::thread::yield_now());
    trap.0.store(1, Ordering::SeqCst);
    push(2, 4);
    while system.handle().status().heals == 0 {
        std::thread::yield_now();
    }
    assert!(ask(&system, &tokio, deposit(1)).is_ok(), "it goes on at once");
    push(3, 4);
    let row = system.handle().order(bought).expect("readable").expect("it is there");
    assert_eq!(row.status, OrderStatus::Filled, "its event was durable");
    let place = *trap.1.lock().expect("it is not held");
    drop(port);
    system.stop().expect("it went on");
    place == Some(std::thread::current().id())
}

#[test]
fn a_panic_in_the_thread_of_the_feed_is_healed_like_one_in_a_part_s_own() {
    let attempts = 50;
    assert!((0..attempts).any(|_| check_panic_over_a_tick()), "work was never done in the thread of the feed");
}

#[test]
fn an_input_that_panics_again_and_again_ends_the_system_with_a_diagnosis() {
    let storage = SimulatedStorage::new();
    let (trap, system, tokio) = trapped(&storage);
    assert_eq!(ask(&system, &tokio, open(1)), Ok(CommandReply::Done));
    trap.0.store(1_000, Ordering::SeqCst);
    assert_eq!(ask(&system, &tokio, deposit(1)), Err(RequestError::OutcomeUnknown));
    let mut failure = system.failure();
    let last = tokio.block_on(async {
        let last = failure.wait_for(|failure| failure.as_ref().is_some_and(Failure::is_final)).await;
        last.expect("the system stands").clone()
    });
    assert!(matches!(&last, Some(Failure::Poison(text)) if text.contains("twice within 60 seconds")), "{last:?}");
    assert!(last.is_some_and(|failure| failure.ends_process()));
    assert_eq!(ask(&system, &tokio, deposit(1)), Err(RequestError::Unavailable));
    assert!(system.stop().is_err());
}

#[test]
fn orders_of_a_portfolio_that_was_put_away_are_ended_at_the_next_start() {
    let storage = SimulatedStorage::new();
    let rig = Rig::start(settings(&storage));
    rig.define("AAPL");
    let catalogue = rig.handle.catalogue();
    let user = NewUser {
        username: "ada".to_owned(),
        password_hash: "hash".to_owned(),
        nickname: "ada".to_owned(),
        created_at: Time::EARLIEST,
    };
    let user = catalogue.create_user(user).expect("the disk is whole").id;
    let new = NewPortfolio {
        user,
        name: model::PortfolioName::parse("Main").expect("a name"),
        created_at: Time::EARLIEST,
        currency: model::Currency::Usd,
        starting_balance: model::Money::whole(100_000),
        limits: model::RiskLimits::default(),
        profile: model::ExecutionProfile::default(),
    };
    let portfolio = catalogue.create_portfolio(new).expect("the disk is whole").id;
    rig.ask(open(portfolio.get()));
    let sent: Vec<CommandReply> =
        (1..=3).map(|name| rig.ask(order(portfolio.get(), name, "AAPL", (Side::Buy, limit(5), 1)))).collect();
    assert!(sent.iter().all(|reply| matches!(reply, CommandReply::Accepted(_))));
    // The process ends between the mark in the catalogue and the end of the orders.
    catalogue.archive_portfolio(portfolio).expect("the disk is whole");
    assert_eq!(rig.handle.portfolio(portfolio).map(|view| view.open_orders), Some(3));
    rig.stop();
    let rig = Rig::start(settings(&storage));
    let view = rig.handle.portfolio(portfolio).expect("it keeps its history");
    assert_eq!((view.open_orders, view.reserved), (0, model::Money::ZERO));
    let rows = rig.handle.orders(portfolio, &OrderFilter::default(), None, 10).expect("readable");
    assert_eq!(rows.iter().map(|row| row.status).collect::<Vec<_>>(), [OrderStatus::Canceled; 3]);
    rig.stop();
}
