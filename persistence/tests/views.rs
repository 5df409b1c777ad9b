//! The views keep what they were given, page by key, and are thrown away rather than believed.
#![allow(clippy::unwrap_used, reason = "a proof may fail anywhere")]

use model::{
    CancelReason, ClientOrderId, ClientOrderKey, Event, EventBody, Evidence, Fill, FillRule, InstrumentId,
    Liquidity, Money, OrderAccepted, OrderId, OrderKind, OrderNumber, OrderStatus, OrderTerms, Origin,
    PortfolioId, PortfolioSeq, Price, Qty, Quote, Reservation, ShardId, ShardSeq, Side, Size, SubmittedBy, Symbol,
    TickSeq, Time, TradeNumber, Trail, UserId,
};
use persistence::storage::CrashSurvival;
use persistence::{
    Epoch, FileStorage, MessageRow, OrderFilter, OrderRow, SimulatedStorage, StatusFilter, Storage, TradeFilter,
    TradeRow, ViewBatch, ViewConfig, ViewOrigin, ViewStore,
};
use std::path::Path;
use std::sync::Arc;

const BY: SubmittedBy = SubmittedBy { user: UserId::new(1), origin: Origin::Manual };

fn order(portfolio: u32, number: u32, symbol: &str) -> OrderRow {
    let accepted = OrderAccepted {
        order: OrderId::of(PortfolioId::new(portfolio), OrderNumber::new(number)),
        client_order_id: ClientOrderId::parse(&format!("order-{number}")).unwrap(),
        key: ClientOrderKey::new(u128::from(number)),
        fingerprint: 5,
        by: BY,
        instrument: InstrumentId::new(1),
        symbol: Symbol::parse(symbol).unwrap(),
        side: Side::Buy,
        terms: OrderTerms::plain(OrderKind::Limit { limit: Price::whole(10) }, Size::Shares(Qty::whole(5))),
        expires_at: None,
        hwm: None,
        reserved: Reservation { cash: Money::whole(50), qty: Qty::ZERO },
        link: None,
        legs: None,
    };
    OrderRow::accepted(&accepted, Time::from_seconds(100))
}

fn event(body: EventBody) -> Event {
    Event {
        portfolio: PortfolioId::new(1),
        seq: PortfolioSeq::new(1),
        time: Time::from_seconds(200),
        tick: TickSeq::new(0),
        body,
    }
}

fn fill(order: &OrderRow, trade: u32, qty: i64, completes: bool) -> Fill {
    Fill {
        order: order.id,
        trade: TradeNumber::new(trade),
        instrument: InstrumentId::new(1),
        side: order.side,
        price: Price::whole(9),
        qty: Qty::whole(qty),
        value: Money::whole(9 * qty),
        residue: 0,
        fee: Money::ZERO,
        regulatory: Money::ZERO,
        accrued: Money::ZERO,
        realized_pnl: Money::ZERO,
        liquidity: Liquidity::Taker,
        rule: FillRule::TookStandingQuote,
        evidence: Evidence { quote: Quote::default(), quote_time: Time::EARLIEST, trade: None, bar: None },
        ambiguous: false,
        slippage: Price::ZERO,
        synthetic: Qty::ZERO,
        reserved: Reservation { cash: Money::whole(10 * (5 - qty)), qty: Qty::ZERO },
        completes,
    }
}

fn canceled(mut order: OrderRow) -> OrderRow {
    let body = EventBody::OrderCanceled { order: order.id, reason: CancelReason::Requested, by: Some(BY) };
    order.fold(&event(body));
    order
}

fn trade(order: &OrderRow, number: u32) -> TradeRow {
    TradeRow {
        portfolio: order.id.portfolio(),
        seq: PortfolioSeq::new(u64::from(number) * 4),
        time: Time::from_seconds(200),
        symbol: order.symbol,
        by: BY,
        fill: fill(order, number, 1, false),
    }
}

fn config(storage: &SimulatedStorage, epoch: u128) -> ViewConfig {
    ViewConfig {
        path: Path::new("data").join("views.redb"),
        epoch: Epoch::new(epoch),
        cache_bytes: 1 << 20,
        storage: Arc::new(storage.clone()),
    }
}

/// Two portfolios; orders 1 to 6 of the first, odd ones closed, every third in another ticker.
fn batch() -> ViewBatch {
    let mut batch = ViewBatch::default();
    for number in 1..=6 {
        let row = order(1, number, if number % 3 == 0 { "MSFT" } else { "AAPL" });
        batch.trades.push(trade(&row, number));
        batch.orders.push(if number % 2 == 1 { canceled(row) } else { row });
        batch.messages.push(MessageRow {
            portfolio: PortfolioId::new(1),
            seq: PortfolioSeq::new(u64::from(number)),
            bytes: vec![u8::try_from(number).unwrap(); 3].into(),
        });
    }
    batch.orders.push(order(2, 1, "AAPL"));
    batch.markers = vec![(ShardId::new(0), ShardSeq::new(9)), (ShardId::new(1), ShardSeq::new(4))];
    batch
}

fn numbers(rows: &[OrderRow]) -> Vec<u32> {
    rows.iter().map(|row| row.id.number().get()).collect()
}

#[test]
fn rows_are_read_as_they_were_written_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let config = ViewConfig {
        path: dir.path().join("views.redb"),
        epoch: Epoch::new(3),
        cache_bytes: 1 << 20,
        storage: Arc::new(FileStorage),
    };
    let store = ViewStore::open(&config).unwrap();
    assert_eq!(store.origin(), &ViewOrigin::Created);
    assert_eq!(store.marker(ShardId::new(0)).unwrap(), ShardSeq::new(0));
    // Written twice, as after a crash between the views and their marker.
    store.append(&batch()).unwrap();
    store.append(&batch()).unwrap();
    drop(store);
    let store = ViewStore::open(&config).unwrap();
    assert_eq!(store.origin(), &ViewOrigin::Kept);
    assert_eq!(store.marker(ShardId::new(0)).unwrap(), ShardSeq::new(9));
    assert_eq!(store.marker(ShardId::new(1)).unwrap(), ShardSeq::new(4));
    for row in batch().orders {
        assert_eq!(store.order(row.id).unwrap(), Some(row));
    }
    let open: Vec<OrderRow> = batch().orders.into_iter().filter(|row| row.status.is_open()).collect();
    let mut told = Vec::new();
    store.open_orders(|row| told.push(row)).unwrap();
    assert_eq!(told, open);
    assert_eq!(store.trades(PortfolioId::new(1), &TradeFilter::default(), None, 100).unwrap().len(), 6);
    assert_eq!(store.messages(PortfolioId::new(1), PortfolioSeq::new(0), 100).unwrap(), batch().messages);
}

#[test]
fn orders_are_listed_newest_first_within_filter_and_limit() {
    let storage = SimulatedStorage::new();
    let store = ViewStore::open(&config(&storage, 1)).unwrap();
    store.append(&batch()).unwrap();
    let list = |status, symbol: Option<&str>, before: Option<u32>, limit| {
        let portfolio = PortfolioId::new(1);
        let filter = OrderFilter { status, symbol: symbol.map(|symbol| Symbol::parse(symbol).unwrap()) };
        let before = before.map(|number| OrderId::of(portfolio, OrderNumber::new(number)));
        numbers(&store.orders(portfolio, &filter, before, limit).unwrap())
    };
    assert_eq!(list(None, None, None, 100), [6, 5, 4, 3, 2, 1]);
    assert_eq!(list(None, None, None, 2), [6, 5]);
    assert_eq!(list(None, None, Some(5), 2), [4, 3]);
    assert!(list(None, None, Some(1), 2).is_empty());
    assert!(list(None, None, None, 0).is_empty());
    assert_eq!(list(Some(StatusFilter::Open), None, None, 100), [6, 4, 2]);
    assert_eq!(list(Some(StatusFilter::Closed), None, None, 100), [5, 3, 1]);
    assert_eq!(list(Some(StatusFilter::Is(OrderStatus::Canceled)), Some("MSFT"), None, 100), [3]);
    let others = store.orders(PortfolioId::new(2), &OrderFilter::default(), None, 100).unwrap();
    assert_eq!(numbers(&others), [1]);
}

#[test]
fn trades_are_listed_newest_first_within_filter_and_limit() {
    let storage = SimulatedStorage::new();
    let store = ViewStore::open(&config(&storage, 1)).unwrap();
    store.append(&batch()).unwrap();
    let list = |symbol: Option<&str>, order: Option<u32>, before: Option<u32>, limit| {
        let portfolio = PortfolioId::new(1);
        let filter = TradeFilter {
            symbol: symbol.map(|symbol| Symbol::parse(symbol).unwrap()),
            order: order.map(|number| OrderId::of(portfolio, OrderNumber::new(number))),
        };
        let trades = store.trades(portfolio, &filter, before.map(TradeNumber::new), limit).unwrap();
        trades.iter().map(|trade| trade.fill.trade.get()).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None, None, 100), [6, 5, 4, 3, 2, 1]);
    assert_eq!(list(None, None, Some(4), 2), [3, 2]);
    assert_eq!(list(Some("MSFT"), None, None, 100), [6, 3]);
    assert_eq!(list(None, Some(5), None, 100), [5]);
    assert!(list(None, Some(5), Some(5), 100).is_empty());
    assert!(list(Some("AAPL"), Some(6), None, 100).is_empty());
}

#[test]
fn messages_are_read_on_from_a_number() {
    let storage = SimulatedStorage::new();
    let store = ViewStore::open(&config(&storage, 1)).unwrap();
    store.append(&batch()).unwrap();
    let read = |after, limit| {
        let rows = store.messages(PortfolioId::new(1), PortfolioSeq::new(after), limit).unwrap();
        rows.iter().map(|row| row.seq.get()).collect::<Vec<_>>()
    };
    assert_eq!(read(0, 2), [1, 2]);
    assert_eq!(read(4, 100), [5, 6]);
    assert!(read(6, 100).is_empty());
    assert!(read(u64::MAX, 100).is_empty());
    assert_eq!(store.oldest_message(PortfolioId::new(1)).unwrap(), Some(PortfolioSeq::new(1)));
    assert_eq!(store.oldest_message(PortfolioId::new(9)).unwrap(), None);
}

#[test]
fn views_of_another_journal_are_thrown_away() {
    let storage = SimulatedStorage::new();
    ViewStore::open(&config(&storage, 1)).unwrap().append(&batch()).unwrap();
    let store = ViewStore::open(&config(&storage, 2)).unwrap();
    assert!(matches!(store.origin(), ViewOrigin::Replaced { .. }), "{:?}", store.origin());
    assert_eq!(store.marker(ShardId::new(0)).unwrap(), ShardSeq::new(0));
    assert_eq!(store.order(batch().orders[0].id).unwrap(), None);
}

#[test]
fn views_that_are_no_database_are_thrown_away() {
    for bytes in [&b""[..], b"something else", &[0; 8192]] {
        let storage = SimulatedStorage::new();
        storage.write(&config(&storage, 1).path, bytes).unwrap();
        let store = ViewStore::open(&config(&storage, 1)).unwrap();
        store.append(&batch()).unwrap();
        drop(store);
        let kept = ViewStore::open(&config(&storage, 1)).unwrap();
        assert_eq!(kept.marker(ShardId::new(0)).unwrap(), ShardSeq::new(9));
    }
}

#[test]
fn after_a_crash_the_marker_covers_its_rows_or_the_views_begin_anew() {
    let whole = SimulatedStorage::new();
    ViewStore::open(&config(&whole, 1)).unwrap().append(&batch()).unwrap();
    for point in 0..whole.operation_count() {
        let storage = SimulatedStorage::new();
        storage.crash_at(point);
        let appended = ViewStore::open(&config(&storage, 1)).and_then(|store| store.append(&batch()));
        for survival in
            [CrashSurvival::Nothing, CrashSurvival::Everything, CrashSurvival::Names, CrashSurvival::Torn(1)]
        {
            let image = storage.after_crash(survival);
            let store = ViewStore::open(&config(&image, 1)).unwrap();
            let marker = store.marker(ShardId::new(0)).unwrap().get();
            assert!(marker == 9 || (marker == 0 && appended.is_err()), "{point} {survival:?}: {marker}");
            let rows = store.orders(PortfolioId::new(1), &OrderFilter::default(), None, 100).unwrap();
            assert_eq!(rows.len(), if marker == 9 { 6 } else { 0 });
        }
    }
}

#[test]
fn an_order_folds_its_fills_to_its_end() {
    let mut row = order(1, 1, "AAPL");
    assert_eq!((row.leaves_qty(), row.filled_avg_price()), (Some(Qty::whole(5)), None));
    assert_eq!(row.working_price(), Some(Price::whole(10)));
    row.fold(&event(EventBody::Filled(Box::new(fill(&row, 1, 2, false)))));
    assert_eq!(row.status, OrderStatus::PartiallyFilled);
    assert_eq!((row.leaves_qty(), row.filled_avg_price()), (Some(Qty::whole(3)), Some(Price::whole(9))));
    assert_eq!(row.reserved.cash, Money::whole(30));
    row.fold(&event(EventBody::Filled(Box::new(fill(&row, 2, 3, true)))));
    assert_eq!((row.status, row.leaves_qty()), (OrderStatus::Filled, Some(Qty::ZERO)));
    assert_eq!(row.filled_value, Money::whole(45));
    assert_eq!(row.reserved, Reservation::default());
    assert_eq!((row.working_price(), row.updated_at), (None, Time::from_seconds(200)));
}

#[test]
#[should_panic(expected = "an order that has ended does not change")]
fn an_order_that_has_ended_folds_nothing_more() {
    let row = canceled(order(1, 1, "AAPL"));
    canceled(row);
}

#[track_caller]
fn waits_for(side: Side, kind: OrderKind, hwm: Option<i64>, [waiting, released]: [Option<i64>; 2]) {
    let mut row = order(1, 1, "AAPL");
    (row.side, row.terms.kind, row.hwm) = (side, kind, hwm.map(Price::whole));
    assert_eq!(row.working_price(), waiting.map(Price::whole), "{row:?}");
    row.triggered = true;
    assert_eq!(row.working_price(), released.map(Price::whole), "{row:?}");
}

#[test]
fn an_order_waits_for_what_releases_it_and_then_for_its_limit() {
    let [limit, stop, trigger] = [8, 9, 11].map(Price::whole);
    let (trail, offset) = (Trail::Amount(Price::whole(2)), Price::whole(1));
    let activation = Some(Price::whole(15));
    let following = OrderKind::TrailingStop { trail, activation: None };
    let dormant = OrderKind::TrailingStopLimit { trail, offset, activation };
    waits_for(Side::Buy, OrderKind::Market, None, [None, None]);
    waits_for(Side::Buy, OrderKind::Limit { limit }, None, [Some(8), Some(8)]);
    waits_for(Side::Sell, OrderKind::Stop { stop }, None, [Some(9), None]);
    waits_for(Side::Sell, OrderKind::StopLimit { stop, limit }, None, [Some(9), Some(8)]);
    waits_for(Side::Sell, OrderKind::MarketIfTouched { trigger }, None, [Some(11), None]);
    waits_for(Side::Sell, OrderKind::LimitIfTouched { trigger, limit }, None, [Some(11), Some(8)]);
    waits_for(Side::Sell, following, None, [None, None]);
    waits_for(Side::Sell, following, Some(20), [Some(18), None]);
    waits_for(Side::Buy, following, Some(20), [Some(22), None]);
    waits_for(Side::Sell, dormant, None, [Some(15), None]);
    waits_for(Side::Sell, dormant, Some(20), [Some(18), Some(17)]);
    waits_for(Side::Buy, dormant, Some(20), [Some(22), Some(23)]);
    assert_eq!(canceled(order(1, 1, "AAPL")).working_price(), None);
}
