//! The main job of a whole system: ticks and orders in, fills out, the same after a restart.

mod common;

use common::{Rig, config, deposit, limit, open, order, quote, stop, trade};
use model::{
    Command, CommandReply, Currency, ExecutionProfile, Money, OrderStatus, PortfolioId, PortfolioName,
    PortfolioSeq, Price, Qty, RejectCode, RiskLimits, Side, Time,
};
use persistence::{FileStorage, NewPortfolio, NewUser, OrderFilter, StatusFilter, TradeFilter};
use runtime::{After, ClockMode, CutOff, Durability, Overflow, SubscribeError, SystemConfig};
use std::sync::Arc;

const ONE: PortfolioId = PortfolioId::new(1);

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn files(dir: &tempfile::TempDir, shards: u16) -> SystemConfig {
    config(dir.path(), shards, Arc::new(FileStorage))
}

#[test]
fn an_order_is_filled_by_a_tick_and_everyone_sees_it() {
    let dir = directory();
    let mut rig = Rig::start(files(&dir, 2));
    let aapl = rig.define("AAPL");
    assert_eq!(rig.ask(open(1)), CommandReply::Done);
    let mut stream = rig.handle.subscribe(ONE, After::Seq(PortfolioSeq::new(0)), None).expect("it is there");
    let CommandReply::Accepted(id) = rig.ask(order(1, 1, "AAPL", (Side::Buy, limit(10), 100))) else {
        panic!("the order is within all limits");
    };
    let row = rig.handle.order(id).expect("readable").expect("read-your-writes");
    assert_eq!(row.status, OrderStatus::New);
    assert_eq!(rig.handle.portfolio(ONE).expect("open").reserved, Money::whole(1_000));

    rig.tick(aapl, 1_000, quote(10, 11, 300));
    rig.tick(aapl, 2_000, quote(9, 10, 40));
    rig.tick(aapl, 3_000, quote(8, 9, 500));
    let row = rig.handle.order(id).expect("readable").expect("it is there");
    // 40 displayed at the limit, then the rest when the ask falls through it, at the limit.
    assert_eq!(
        (row.status, row.filled_qty, row.filled_value),
        (OrderStatus::Filled, Qty::whole(100), Money::whole(1_000))
    );
    let view = rig.handle.portfolio(ONE).expect("open");
    assert_eq!((view.cash, view.reserved, view.open_positions), (Money::whole(99_000), Money::ZERO, 1));
    let positions = rig.handle.positions(ONE);
    assert_eq!(positions[0].avg_price, Some(Price::whole(10)));
    assert_eq!(rig.seen(ONE).trades.len(), 2);

    let mut received = Vec::new();
    while received.len() < 12 {
        received.extend(rig.tokio.block_on(stream.next()).expect("not cut off").messages());
    }
    // Opened: portfolio, cash; accepted: order, cash; two fills of fill, order, position, cash.
    let seqs: Vec<u64> = received.iter().map(|(seq, _)| seq.get()).collect();
    assert_eq!(seqs, (1..=12).collect::<Vec<u64>>());
    assert_eq!(rig.handle.head_seq(ONE), Some(PortfolioSeq::new(12)));
    let quote = rig.handle.quote(aapl).expect("it ticked");
    assert_eq!((quote.bid, quote.ask, quote.stale), (Price::whole(8), Price::whole(9), false));
    rig.stop();
}

#[test]
fn every_command_finds_the_shard_of_its_portfolio() {
    let dir = directory();
    let rig = Rig::start(files(&dir, 2));
    rig.define("AAPL");
    for number in 1..=4 {
        let portfolio = PortfolioId::new(number);
        assert_eq!(rig.ask(open(number)), CommandReply::Done);
        let place = |key| match rig.ask(order(number, key, "AAPL", (Side::Buy, limit(10), 1))) {
            CommandReply::Accepted(id) => id,
            other => panic!("the order is within all limits: {other:?}"),
        };
        let (first, second, third) = (place(1), place(2), place(3));
        assert_eq!(
            rig.ask(Command::Cancel { order: first }),
            CommandReply::Canceled(vec![first]),
            "portfolio {number}"
        );
        let rest = Command::CancelAll { portfolio, symbol: None };
        assert_eq!(rig.ask(rest), CommandReply::Canceled(vec![second, third]), "portfolio {number}");
        assert_eq!(rig.handle.portfolio(portfolio).expect("open").open_orders, 0);
    }
    rig.stop();
}

#[test]
fn a_restart_shows_the_same_views_and_messages_byte_for_byte() {
    let dir = directory();
    let mut rig = Rig::start(files(&dir, 2));
    drive(&mut rig, 4);
    let before: Vec<_> = (1..=4).map(|id| rig.seen(PortfolioId::new(id))).collect();
    let (epoch, time) = (rig.handle.epoch(), rig.handle.engine_time());
    rig.stop();

    let mut rig = Rig::start(SystemConfig { shards: None, ..files(&dir, 2) });
    let after: Vec<_> = (1..=4).map(|id| rig.seen(PortfolioId::new(id))).collect();
    assert_eq!(before, after);
    assert_eq!(rig.handle.epoch(), epoch);
    assert!(rig.handle.engine_time() <= time, "engine time goes on from the last event");
    // The stop at 20 that waited through the restart is released by the first trade that reaches it.
    let aapl = rig.define("AAPL");
    rig.tick(aapl, 900_000, quote(20, 21, 1_000));
    rig.tick(aapl, 900_001, trade(25, 1));
    rig.tick(aapl, 900_002, quote(24, 25, 1_000));
    let closed = OrderFilter { status: Some(StatusFilter::Closed), symbol: None };
    let filled = rig.handle.orders(ONE, &closed, None, 500).expect("readable");
    assert!(filled.iter().any(|row| row.terms.kind == stop(20) && row.status == OrderStatus::Filled));
    let before: Vec<_> = (1..=4).map(|id| rig.seen(PortfolioId::new(id))).collect();
    rig.stop();

    std::fs::remove_file(dir.path().join("views.redb")).expect("the views are there");
    let rig = Rig::start(files(&dir, 2));
    let rebuilt: Vec<_> = (1..=4).map(|id| rig.seen(PortfolioId::new(id))).collect();
    assert_eq!(before, rebuilt);
    rig.stop();
}

#[test]
fn a_subscription_resumes_across_a_restart() {
    let dir = directory();
    let mut rig = Rig::start(files(&dir, 1));
    drive(&mut rig, 1);
    let whole = rig.seen(ONE).messages;
    let epoch = rig.handle.epoch();
    rig.stop();

    let rig = Rig::start(files(&dir, 1));
    for after in [0, 1, whole.len() as u64 / 2, whole.len() as u64] {
        let after_seq = PortfolioSeq::new(after);
        let mut stream = rig.handle.subscribe(ONE, After::Seq(after_seq), Some(epoch)).expect("it is there");
        rig.ask(deposit(1));
        let head = rig.handle.head_seq(ONE).expect("open").get();
        let mut received = Vec::new();
        while received.len() as u64 != head - after {
            received.extend(rig.tokio.block_on(stream.next()).expect("not cut off").messages());
        }
        let seqs: Vec<u64> = received.iter().map(|(seq, _)| seq.get()).collect();
        assert_eq!(seqs, (after + 1..=head).collect::<Vec<u64>>());
        for ((_, bytes), (_, text)) in received.iter().zip(&whole[usize::try_from(after).expect("small")..]) {
            assert_eq!(bytes, text.as_bytes());
        }
    }
    let ahead = rig.handle.subscribe(ONE, After::Seq(PortfolioSeq::new(1 << 40)), None);
    assert!(matches!(ahead, Err(SubscribeError::SeqAhead { .. })));
    let other = persistence::Epoch::new(epoch.get() ^ 1);
    assert!(matches!(
        rig.handle.subscribe(ONE, After::Now, Some(other)),
        Err(SubscribeError::EpochChanged { .. })
    ));
    assert!(matches!(rig.handle.subscribe(PortfolioId::new(99), After::Now, None), Err(SubscribeError::Unknown)));
    rig.stop();
}

#[test]
fn a_slow_consumer_is_cut_off_and_may_resume_while_others_go_on() {
    let dir = directory();
    let rig = Rig::start(files(&dir, 1));
    rig.ask(open(1));
    let mut slow = rig.handle.subscribe(ONE, After::Now, None).expect("open");
    let mut quick = rig.handle.subscribe(ONE, After::Now, None).expect("open");
    rig.ask(deposit(1));
    let first = rig.tokio.block_on(slow.next()).expect("one message is no backlog");
    let last_seen = first.messages().last().expect("a batch is not empty").0;
    let mut seen = PortfolioSeq::new(2);
    for _ in 0..10 {
        rig.ask_at_once(500, || deposit(1));
        while seen.get() + 1_000 < rig.handle.head_seq(ONE).expect("open").get() {
            let batch = rig.tokio.block_on(quick.next()).expect("the quick one is not cut off");
            seen = batch.messages().last().expect("a batch is not empty").0;
        }
    }
    let cut = rig.tokio.block_on(slow.next()).expect_err("more waited than may");
    assert_eq!((cut.last_seq, cut.reason), (last_seen, CutOff::Slow));
    assert_eq!(rig.handle.measurements().counters.slow_consumers, 1);
    let mut resumed = rig.handle.subscribe(ONE, After::Seq(cut.last_seq), None).expect("kept");
    let head = rig.handle.head_seq(ONE).expect("open");
    let mut at = cut.last_seq;
    while at < head {
        let batch = rig.tokio.block_on(resumed.next()).expect("it keeps up");
        assert_eq!(batch.messages().next().map(|(seq, _)| seq), Some(at.next()));
        at = batch.messages().last().expect("a batch is not empty").0;
    }
    rig.stop();
}

#[test]
fn two_shards_give_the_streams_of_one() {
    let streams = |shards| {
        let dir = directory();
        let mut rig = Rig::start(files(&dir, shards));
        drive(&mut rig, 5);
        let seen: Vec<_> = (1..=5).map(|id| rig.seen(PortfolioId::new(id))).collect();
        rig.stop();
        seen
    };
    assert_eq!(streams(1), streams(2));
}

#[test]
fn without_a_journal_everything_works_and_nothing_is_kept() {
    let dir = directory();
    let off = || SystemConfig { durability: Durability::Off, ..files(&dir, 2) };
    let mut rig = Rig::start(off());
    drive(&mut rig, 2);
    assert!(!rig.seen(ONE).trades.is_empty());
    let epoch = rig.handle.epoch();
    rig.stop();
    let rig = Rig::start(off());
    assert_eq!(rig.handle.portfolio(ONE), None);
    assert_ne!(rig.handle.epoch(), epoch);
    assert!(!dir.path().join("journal").exists());
    rig.stop();
}

#[test]
fn published_ahead_everything_is_kept_in_the_end_and_every_start_has_an_epoch_of_its_own() {
    let dir = directory();
    let behind = || SystemConfig { durability: Durability::Behind, ..files(&dir, 2) };
    let mut rig = Rig::start(behind());
    drive(&mut rig, 2);
    let (seen, epoch) = (rig.seen(ONE), rig.handle.epoch());
    assert!(!seen.trades.is_empty());
    rig.stop();
    let rig = Rig::start(behind());
    assert_eq!(rig.seen(ONE), seen);
    let resumed = rig.handle.subscribe(ONE, After::Now, Some(epoch));
    assert!(matches!(resumed, Err(SubscribeError::EpochChanged { .. })), "{resumed:?}");
    rig.stop();
    let rig = Rig::start(files(&dir, 2));
    assert_eq!(rig.seen(ONE), seen);
    rig.stop();
}

#[test]
fn another_number_of_shards_is_refused() {
    let dir = directory();
    Rig::start(files(&dir, 2)).stop();
    let error = Rig::try_start(files(&dir, 3)).err().expect("the journal was made for two");
    assert!(error.to_string().contains('2'), "{error}");
}

#[test]
fn a_stopping_system_refuses_and_says_that_nothing_happened() {
    let dir = directory();
    let rig = Rig::start(files(&dir, 1));
    rig.ask(open(1));
    let handle = rig.handle.clone();
    let head = rig.handle.head_seq(ONE);
    rig.system.stop().expect("nothing failed");
    let by = model::SubmittedBy { user: model::UserId::new(1), origin: model::Origin::Manual };
    let answer = rig.tokio.block_on(handle.request(model::Request { by, command: deposit(1) }));
    assert_eq!(answer, Err(runtime::RequestError::Stopping));
    assert_eq!(handle.head_seq(ONE), head);
}

#[test]
fn a_retry_is_the_same_order_and_a_refusal_is_an_answer() {
    let dir = directory();
    let rig = Rig::start(files(&dir, 1));
    rig.define("AAPL");
    rig.ask(open(1));
    let CommandReply::Accepted(id) = rig.ask(order(1, 1, "AAPL", (Side::Buy, limit(10), 1))) else {
        panic!("the order is within all limits");
    };
    assert_eq!(rig.ask(order(1, 1, "AAPL", (Side::Buy, limit(10), 1))), CommandReply::Duplicate(id));
    let CommandReply::OrderRejected(rejected, reject) = rig.ask(order(1, 2, "NOPE", (Side::Buy, limit(10), 1)))
    else {
        panic!("the symbol is unknown");
    };
    assert_eq!(reject.code, RejectCode::UnknownSymbol);
    let row = rig.handle.order(rejected).expect("readable").expect("a refused order exists");
    assert_eq!(row.status, OrderStatus::Rejected);
    assert_eq!(rig.ask(Command::Cancel { order: id }), CommandReply::Canceled(vec![id]));
    let filter = OrderFilter { status: Some(StatusFilter::Is(OrderStatus::Canceled)), symbol: None };
    assert_eq!(rig.handle.orders(ONE, &filter, None, 9).expect("readable").len(), 1);
    let open_alone = OrderFilter { status: Some(StatusFilter::Open), symbol: None };
    assert!(rig.handle.orders(ONE, &open_alone, None, 9).expect("readable").is_empty());
    rig.stop();
}

#[test]
fn a_portfolio_that_only_the_catalogue_knows_is_opened_at_start() {
    let dir = directory();
    let row = {
        let rig = Rig::start(files(&dir, 2));
        rig.define("AAPL");
        let catalogue = rig.handle.catalogue();
        let created_at = Time::from_seconds(1);
        let user =
            NewUser { username: "ann".into(), password_hash: "-".into(), nickname: "ann".into(), created_at };
        let user = catalogue.create_user(user).expect("the first user").id;
        let new = NewPortfolio {
            user,
            name: PortfolioName::parse("Main").expect("a short name"),
            created_at,
            currency: Currency::Usd,
            starting_balance: Money::whole(5_000),
            limits: RiskLimits::default(),
            profile: ExecutionProfile::default(),
        };
        let row = catalogue.create_portfolio(new).expect("the first portfolio");
        assert_eq!(rig.handle.portfolio(row.id), None);
        rig.stop();
        row
    };
    for _ in 0..2 {
        let rig = Rig::start(files(&dir, 2));
        let view = rig.handle.portfolio(row.id).expect("opened at start");
        assert_eq!((view.cash, view.head_seq), (Money::whole(5_000), PortfolioSeq::new(2)));
        assert_eq!(rig.handle.instruments().count(), 1);
        rig.stop();
    }
}

#[test]
fn pages_of_orders_and_trades_join_memory_and_disk() {
    let dir = directory();
    let mut rig = Rig::start(files(&dir, 1));
    let aapl = rig.define("AAPL");
    rig.ask(open(1));
    for name in 1..=30 {
        rig.ask(order(1, name, "AAPL", (Side::Buy, limit(10), 1)));
        if name == 15 {
            rig.tick(aapl, 1_000, quote(8, 9, 1_000));
            assert!(rig.settle_views());
        }
    }
    rig.tick(aapl, 2_000, quote(7, 8, 5));
    let all = rig.seen(ONE);
    assert_eq!(
        (all.orders.len(), all.trades.len()),
        (30, all.orders.iter().filter(|row| !row.status.is_open()).count())
    );
    for status in [None, Some(StatusFilter::Open), Some(StatusFilter::Closed)] {
        let filter = OrderFilter { status, symbol: None };
        let expected: Vec<_> = all.orders.iter().filter(|row| filter.admits(row)).map(|row| row.id).collect();
        let (mut paged, mut before) = (Vec::new(), None);
        loop {
            let page = rig.handle.orders(ONE, &filter, before, 4).expect("readable");
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            paged.extend(page.iter().map(|row| row.id));
        }
        assert_eq!(paged, expected, "{status:?}");
    }
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let page = rig.handle.trades(ONE, &TradeFilter::default(), before, 4).expect("readable");
        let Some(last) = page.last() else { break };
        before = Some(last.fill.trade);
        paged.extend(page);
    }
    assert_eq!(paged, all.trades);
    rig.stop();
}

#[test]
fn under_the_wall_clock_and_conflation_orders_fill_and_engine_time_does_not_go_back() {
    let dir = directory();
    let wall = SystemConfig { clock: ClockMode::Wall, overflow: Overflow::Conflate, ..files(&dir, 2) };
    let mut rig = Rig::start(wall);
    let aapl = rig.define("AAPL");
    rig.ask(open(1));
    rig.ask(order(1, 1, "AAPL", (Side::Buy, limit(10), 5)));
    // The exchange's own times, far in the past, do not matter to engine time.
    rig.tick(aapl, 1_000, quote(8, 9, 1_000));
    let before = rig.handle.engine_time();
    rig.ask(deposit(1));
    let seen = rig.seen(ONE);
    assert_eq!(seen.orders[0].status, OrderStatus::Filled);
    assert!(seen.trades[0].time <= before && seen.orders[0].created_at <= seen.trades[0].time);
    let measured = rig.handle.measurements();
    assert_eq!((measured.tick_to_durable.count, measured.counters.ticks_evaluated), (1, 2));
    assert!(measured.command_to_durable.count >= 3 && measured.counters.commits >= 3);
    rig.stop();
}

/// A little of everything, one input after the other: the same events every time.
fn drive(rig: &mut Rig, portfolios: u32) {
    let aapl = rig.define("AAPL");
    let msft = rig.define("MSFT");
    for portfolio in 1..=portfolios {
        rig.ask(open(portfolio));
        rig.ask(order(portfolio, 1, "AAPL", (Side::Buy, limit(10), 100)));
        rig.ask(order(portfolio, 2, "MSFT", (Side::Buy, limit(30), 10)));
        rig.ask(order(portfolio, 3, "NOPE", (Side::Buy, limit(30), 10)));
        rig.ask(order(portfolio, 4, "AAPL", (Side::Buy, stop(20), 5)));
    }
    rig.tick(aapl, 1_000, quote(9, 10, 70));
    rig.tick(msft, 2_000, quote(28, 29, 500));
    for portfolio in 1..=portfolios {
        rig.ask(order(portfolio, 5, "MSFT", (Side::Sell, limit(31), 4)));
        rig.ask(deposit(portfolio));
    }
    rig.tick(msft, 3_000, trade(32, 500));
    rig.tick(aapl, 4_000, quote(8, 9, 70));
    for portfolio in 1..=portfolios {
        let id = model::OrderId::of(PortfolioId::new(portfolio), model::OrderNumber::new(1));
        // Filled by now, or not: either is an answer.
        rig.ask(Command::Cancel { order: id });
    }
}
