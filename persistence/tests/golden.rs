//! The bytes of every kind of event, as journals hold them for ever.
//!
//! Each file under `golden/` is one row: header and archive, in hexadecimal, 32 bytes a line. The
//! values are chosen so that each field can be told apart by eye.

use model::{
    AssetClass, CalendarId, CancelReason, ClientOrderId, ClientOrderKey, Currency, Event, EventBody, Evidence,
    ExecutionProfile, Fill, FillRule, FlowKind, Instrument, InstrumentId, InstrumentStatus, Liquidity, Money,
    Note, OrderAccepted, OrderId, OrderKind, OrderRejected, OrderReplaced, Origin, PortfolioId, PortfolioSeq,
    Price, Qty, Quote, Reject, RejectCode, Reservation, RiskLimits, ShardId, ShardSeq, Side, Size, SubmittedBy,
    Symbol, TickSeq, Time, TimeInForce, TradeNumber, UserId,
};
use persistence::{ShardBatch, ShardHead};
use std::fmt::Write as _;
use std::path::PathBuf;

const BY: SubmittedBy = SubmittedBy { user: UserId::new(0x0a0b_0c0d), origin: Origin::Manual };
const ORDER: OrderId = OrderId::new(0x1112_1314_2122_2324);
const RESERVED: Reservation = Reservation { cash: Money::from_raw(0x4142), qty: Qty::from_raw(0x4344) };

fn symbol() -> Symbol {
    Symbol::parse("ACME").expect("a ticker")
}

fn name() -> ClientOrderId {
    ClientOrderId::parse("client-order").expect("a name")
}

fn size() -> Size {
    Size::Shares(Qty::from_raw(0x5152_5354))
}

fn defined() -> EventBody {
    EventBody::InstrumentDefined(Box::new(Instrument {
        id: InstrumentId::new(0x3132_3334),
        symbol: symbol(),
        name: "Acme Incorporated".into(),
        exchange: "NYSE".into(),
        asset_class: AssetClass::Equity,
        currency: Currency::Usd,
        tick_size: Price::from_raw(0x6162),
        tick_size_below_one: Price::from_raw(0x6364),
        lot_size: Qty::from_raw(0x6566),
        calendar: CalendarId::AlwaysOpen,
        tradable: true,
        shortable: false,
        status: InstrumentStatus::Active,
    }))
}

fn opened() -> EventBody {
    EventBody::PortfolioOpened {
        currency: Currency::Usd,
        starting_balance: Money::from_raw(0x7172_7374),
        limits: RiskLimits { open_positions_max: Some(0x0102), ..RiskLimits::default() },
        profile: ExecutionProfile::Realistic,
        by: BY,
    }
}

fn accepted() -> EventBody {
    EventBody::OrderAccepted(Box::new(OrderAccepted {
        order: ORDER,
        client_order_id: name(),
        key: ClientOrderKey::new(0x8182_8384),
        fingerprint: 0x9192_9394,
        by: BY,
        instrument: InstrumentId::new(0x3132_3334),
        symbol: symbol(),
        side: Side::Sell,
        kind: OrderKind::Limit { limit: Price::from_raw(0xa1a2) },
        size: size(),
        time_in_force: TimeInForce::GoodTilCanceled,
        expires_at: Some(Time::from_nanos(0xb1b2)),
        hwm: None,
        reserved: RESERVED,
    }))
}

fn rejected() -> EventBody {
    EventBody::OrderRejected(Box::new(OrderRejected {
        order: ORDER,
        client_order_id: name(),
        key: ClientOrderKey::new(0x8182_8384),
        fingerprint: 0x9192_9394,
        by: BY,
        symbol: symbol(),
        side: Side::Buy,
        kind: OrderKind::Stop { stop: Price::from_raw(0xa3a4) },
        size: size(),
        time_in_force: TimeInForce::Day,
        reject: Reject::new(RejectCode::ALL[0], "why not"),
    }))
}

fn replaced() -> EventBody {
    EventBody::OrderReplaced(Box::new(OrderReplaced {
        order: ORDER,
        by: BY,
        kind: OrderKind::StopLimit { stop: Price::from_raw(0xa3a4), limit: Price::from_raw(0xa1a2) },
        size: size(),
        time_in_force: TimeInForce::Day,
        expires_at: None,
        hwm: Some(Price::from_raw(0xa5a6)),
        reserved: RESERVED,
        revision: 0x0304,
        keeps_priority: true,
    }))
}

fn filled() -> EventBody {
    let size = Qty::from_raw(0xc5c6);
    let quote =
        Quote { bid: Price::from_raw(0xc1c2), bid_size: size, ask: Price::from_raw(0xc3c4), ask_size: size };
    EventBody::Filled(Box::new(Fill {
        order: ORDER,
        trade: TradeNumber::new(0x0506),
        instrument: InstrumentId::new(0x3132_3334),
        side: Side::Sell,
        price: Price::from_raw(0xc1c2),
        qty: Qty::from_raw(0x5152),
        value: Money::from_raw(0xd1d2),
        residue: 0x0708,
        fee: Money::from_raw(0xd3d4),
        realized_pnl: Money::from_raw(-0x0d5d6),
        liquidity: Liquidity::Taker,
        rule: FillRule::TookNewQuote,
        evidence: Evidence { quote, quote_time: Time::from_nanos(0xe1e2), trade: None },
        reserved: RESERVED,
        completes: true,
    }))
}

fn bodies() -> Vec<(&'static str, EventBody)> {
    let note = Note::parse("a note").expect("a note");
    vec![
        ("instrument_defined", defined()),
        ("portfolio_opened", opened()),
        ("limits_set", EventBody::LimitsSet { limits: RiskLimits::default(), by: BY }),
        (
            "cash_flowed",
            EventBody::CashFlowed { kind: FlowKind::Withdrawal, amount: Money::from_raw(0xf1f2), note, by: BY },
        ),
        ("order_accepted", accepted()),
        ("order_rejected", rejected()),
        ("order_replaced", replaced()),
        ("order_triggered", EventBody::OrderTriggered { order: ORDER, reference: Price::from_raw(0xa7a8) }),
        ("order_trailed", EventBody::OrderTrailed { order: ORDER, hwm: Price::from_raw(0xa9aa) }),
        ("filled", filled()),
        (
            "order_canceled",
            EventBody::OrderCanceled { order: ORDER, reason: CancelReason::Requested, by: Some(BY) },
        ),
        ("order_expired", EventBody::OrderExpired { order: ORDER }),
    ]
}

/// A kind that is added here has to be added above too: the compiler says so.
const fn is_listed(body: &EventBody) -> bool {
    match body {
        EventBody::InstrumentDefined(_)
        | EventBody::PortfolioOpened { .. }
        | EventBody::LimitsSet { .. }
        | EventBody::CashFlowed { .. }
        | EventBody::OrderAccepted(_)
        | EventBody::OrderRejected(_)
        | EventBody::OrderReplaced(_)
        | EventBody::OrderTriggered { .. }
        | EventBody::OrderTrailed { .. }
        | EventBody::Filled(_)
        | EventBody::OrderCanceled { .. }
        | EventBody::OrderExpired { .. } => true,
    }
}

fn row(body: EventBody) -> String {
    let event = Event {
        portfolio: PortfolioId::new(0x0102_0304),
        seq: PortfolioSeq::new(0x0506_0708),
        time: Time::from_nanos(0x1122_3344_5566_7788),
        tick: TickSeq::new(0x090a_0b0c),
        body,
    };
    let batch = ShardBatch {
        shard: ShardId::new(3),
        first_seq: ShardSeq::new(41),
        time: Time::from_nanos(77),
        events: std::slice::from_ref(&event),
    };
    let (bytes, _) = persistence::encode_row(&batch, &ShardHead { seq: ShardSeq::new(40), hash: [0xee; 32] });
    bytes.chunks(32).fold(String::new(), |mut text, line| {
        for byte in line {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
        text
    })
}

#[test]
fn every_kind_of_event_is_archived_in_the_bytes_that_journals_hold() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let bodies = bodies();
    assert_eq!(bodies.len(), 12, "one of each kind");
    for (name, body) in bodies {
        assert!(is_listed(&body));
        let path = folder.join(format!("{name}.hex"));
        let bytes = row(body);
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            bytes,
            golden,
            "{name}: journals on disk hold other bytes than this version writes. Never edit a released archived type: \
             add a new one under a new format number with a function from the old, as docs/FORMATS.md says. Only a \
             kind that was never released may get a new golden file, checked by hand: {}",
            path.display()
        );
    }
}
