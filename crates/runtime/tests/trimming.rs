//! A system that keeps no more of its journal than snapshots do not cover: what is removed is missed
//! by no start, with its views, with old ones and without any.

mod common;

use common::{Rig, config, deposit, limit, open, order, quote, stop};
use model::{Command, OrderId, OrderNumber, PortfolioId, PortfolioSeq, Side};
use persistence::{FileStorage, OrderFilter, OrderRow, StatusFilter};
use runtime::{After, Keep, PortfolioView, PositionView, SubscribeError, SystemConfig};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const PORTFOLIOS: u32 = 2;

/// Segments of a few rows, on two shards.
fn files(dir: &Path) -> SystemConfig {
    let base = config(dir, 2, Arc::new(FileStorage));
    SystemConfig { segment_bytes_max: 3_000, keep: Keep::Snapshots, views_wait: Duration::ZERO, ..base }
}

fn segments(dir: &Path) -> Vec<String> {
    let folder = std::fs::read_dir(dir.join("journal")).expect("there is a journal");
    let names = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut segments: Vec<String> = names.filter(|name| name.starts_with("segment-")).collect();
    segments.sort_unstable();
    segments
}

fn is_trimmed(dir: &Path) -> bool {
    !segments(dir).contains(&"segment-00000001.redb".to_owned())
}

/// What every start has to know, however little of the past is left.
#[derive(Debug, PartialEq)]
struct Present {
    /// Money, rules and the last message's number.
    portfolio: Option<PortfolioView>,
    positions: Vec<PositionView>,
    open: Vec<Open>,
}

/// An open order without the texts that clients gave.
type Open = (OrderId, model::OrderTerms, model::Qty, model::Money, model::OrderStatus, u32);

fn open_order(row: &OrderRow) -> Open {
    (row.id, row.terms, row.filled_qty, row.filled_value, row.status, row.revision)
}

fn present(rig: &Rig) -> Vec<Present> {
    let open_orders = OrderFilter { status: Some(StatusFilter::Open), symbol: None };
    let of = |id: u32| {
        let portfolio = PortfolioId::new(id);
        let rows = rig.handle.orders(portfolio, &open_orders, None, 1_000).expect("readable");
        Present {
            portfolio: rig.handle.portfolio(portfolio),
            positions: rig.handle.positions(portfolio),
            open: rows.iter().map(open_order).collect(),
        }
    };
    (1..=PORTFOLIOS).map(of).collect()
}

/// An order that is half filled, one that waits, and one that is closed; then deposits until the first
/// segments are gone.
fn fill_and_trim(rig: &mut Rig, dir: &Path) {
    let aapl = rig.define("AAPL");
    for portfolio in 1..=PORTFOLIOS {
        rig.ask(open(portfolio));
        rig.ask(order(portfolio, 1, "AAPL", (Side::Buy, limit(10), 100)));
        rig.ask(order(portfolio, 2, "AAPL", (Side::Buy, stop(20), 5)));
        rig.ask(order(portfolio, 3, "AAPL", (Side::Buy, limit(5), 5)));
        let third = OrderId::of(PortfolioId::new(portfolio), OrderNumber::new(3));
        rig.ask(Command::Cancel { order: third });
    }
    rig.tick(aapl, 1_000, quote(9, 10, 40));
    // Snapshots are made beside the journal: when the next segment is full they may not be there yet.
    for _ in 0..400 {
        if is_trimmed(dir) {
            return;
        }
        for portfolio in 1..=PORTFOLIOS {
            rig.ask_at_once(8, || deposit(portfolio));
        }
        assert!(rig.settle_views());
    }
    panic!("nothing was removed: {:?}", segments(dir));
}

/// Starts, compares, and sees an order through to its fill.
fn start_and_go_on(dir: &Path, before: &[Present]) -> Vec<Present> {
    let mut rig = Rig::start(files(dir));
    assert_eq!(present(&rig), before);
    let aapl = rig.define("AAPL");
    rig.tick(aapl, 900_000, quote(9, 10, 1));
    let after = present(&rig);
    for (before, after) in before.iter().zip(&after) {
        // One share more of the first order; the stop at 20 waits on.
        let filled = |present: &Present| present.open.iter().map(|terms| terms.2.raw()).sum::<i64>();
        assert!(filled(after) > filled(before), "{after:?}");
        assert_eq!(after.open.len(), 2);
    }
    rig.stop();
    after
}

#[test]
fn removed_segments_are_missed_by_no_start_with_views_or_without() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let dir = dir.path();
    let views = dir.join("views.redb");
    let mut rig = Rig::start(files(dir));
    fill_and_trim(&mut rig, dir);
    let before = present(&rig);
    assert_eq!(before[0].open.len(), 2, "the half filled one and the stop");
    let closed = |rig: &Rig| {
        let filter = OrderFilter { status: Some(StatusFilter::Closed), symbol: None };
        rig.handle.orders(PortfolioId::new(1), &filter, None, 1_000).expect("readable").len()
    };
    assert_eq!(closed(&rig), 1);
    rig.stop();

    // With its views nothing is missing at all.
    let rig = Rig::start(files(dir));
    assert_eq!(closed(&rig), 1);
    rig.stop();
    let before = start_and_go_on(dir, &before);

    // Without them: what is open, and no more.
    let kept = std::fs::read(&views).expect("the views are there");
    std::fs::remove_file(&views).expect("the views are there");
    let before = start_and_go_on(dir, &before);
    let rig = Rig::start(files(dir));
    assert_eq!(closed(&rig), 0, "what was closed before the oldest snapshot is gone");
    let from_first = rig.handle.subscribe(PortfolioId::new(1), After::Seq(PortfolioSeq::new(0)), None);
    assert!(matches!(from_first, Err(SubscribeError::Gone { .. })), "clients are told that it is gone");
    rig.stop();

    // With ones that were put back from long ago.
    std::fs::write(&views, kept).expect("the views are put back");
    start_and_go_on(dir, &before);
}

#[test]
fn views_older_than_every_snapshot_are_folded_anew() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let dir = dir.path();
    let views = dir.join("views.redb");
    let mut rig = Rig::start(files(dir));
    let aapl = rig.define("AAPL");
    rig.tick(aapl, 500, quote(30, 31, 1));
    rig.stop();
    let young = std::fs::read(&views).expect("the views are there");
    let mut rig = Rig::start(files(dir));
    fill_and_trim(&mut rig, dir);
    let before = present(&rig);
    rig.stop();
    std::fs::write(&views, young).expect("the views are put back");
    start_and_go_on(dir, &before);
}

#[test]
fn without_the_setting_every_segment_stays() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let dir = dir.path();
    let rig = Rig::start(SystemConfig { keep: Keep::Whole, ..files(dir) });
    for portfolio in 1..=PORTFOLIOS {
        rig.ask(open(portfolio));
    }
    while segments(dir).len() < 6 {
        for portfolio in 1..=PORTFOLIOS {
            rig.ask_at_once(8, || deposit(portfolio));
        }
        assert!(rig.settle_views());
    }
    assert!(!is_trimmed(dir));
    rig.stop();
}
