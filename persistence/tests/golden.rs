//! The bytes of every kind of event, as journals hold them for ever.
//!
//! Each file under `golden/` is one row: header and archive, in hexadecimal, 32 bytes a line. The
//! values are chosen so that each field can be told apart by eye, and are read back here from the
//! places that docs/FORMATS.md names, without the code that wrote them.

use model::{
    Aggressor, AssetClass, CalendarId, CancelReason, ClientOrderId, ClientOrderKey, Contingency, Currency, Event,
    EventBody, Evidence, ExecutionProfile, Fill, FillRule, FlowKind, Instructions, Instrument, InstrumentId,
    InstrumentStatus, LegShare, LegsBegin, Liquidity, Money, Note, OrderAccepted, OrderId, OrderKind, OrderLegs,
    OrderLink, OrderNumber, OrderRejected, OrderReplaced, OrderSized, OrderTerms, Origin, PartialParent, Percent,
    PortfolioId, PortfolioSeq, Price, PriceCap, Qty, Quote, Reject, RejectCode, Reservation, RiskLimits, ShardId,
    ShardSeq, SiblingExpiry, SiblingFill, Side, Size, SubmittedBy, Symbol, TickSeq, Time, TimeInForce, Trade,
    TradeConditions, TradeNumber, TradingHours, Trail, TriggerSource, UserId,
};
use persistence::{ShardBatch, ShardHead};
use std::fmt::Write as _;
use std::path::PathBuf;

const BY: SubmittedBy = SubmittedBy { user: UserId::new(0x0a0b_0c0d), origin: Origin::Manual };
const ORDER: OrderId = OrderId::new(0x1112_1314_2122_2324);
const CAP: PriceCap = PriceCap { price: Price::from_raw(0xabac), rests: true };
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
        profile: Box::new(ExecutionProfile {
            legs_begin: LegsBegin::Complete,
            partial_parent: PartialParent::LegsEnd,
            sibling_fill: SiblingFill::Cancels,
            sibling_expiry: SiblingExpiry::Keeps,
            ..ExecutionProfile::REALISTIC
        }),
        by: BY,
    }
}

/// With everything that an order may ask for.
fn terms() -> OrderTerms {
    OrderTerms {
        kind: OrderKind::TrailingStopLimit {
            trail: Trail::Percent(Percent::from_raw(0xa1a2)),
            offset: Price::from_raw(0xa3a4),
            activation: Some(Price::from_raw(0xa5a6)),
        },
        size: size(),
        time_in_force: TimeInForce::GoodTilDate(Time::from_nanos(0xb3b4)),
        instructions: Instructions {
            hours: TradingHours::Extended,
            post_only: true,
            reduce_only: true,
            display_qty: Some(Qty::from_raw(0x5556)),
            trigger_source: TriggerSource::DoubleBidAsk,
        },
    }
}

fn link() -> OrderLink {
    OrderLink {
        parent: Some(OrderNumber::new(0x1516)),
        group: Some(OrderNumber::new(0x1718)),
        share: LegShare::Part { leg: Qty::from_raw(0x5758), parent: Qty::from_raw(0x595a) },
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
        terms: terms(),
        expires_at: Some(Time::from_nanos(0xb1b2)),
        hwm: None,
        reserved: RESERVED,
        link: Some(link()),
        legs: Some(OrderLegs { contingency: Contingency::Followers, count: 0x191a }),
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
        terms: OrderTerms {
            time_in_force: TimeInForce::Day,
            ..OrderTerms::plain(OrderKind::Stop { stop: Price::from_raw(0xa3a4) }, size())
        },
        reject: Reject::new(RejectCode::ALL[0], "why not"),
        link: Some(link()),
        legs: None,
    }))
}

fn replaced() -> EventBody {
    let kind = OrderKind::StopLimit { stop: Price::from_raw(0xa3a4), limit: Price::from_raw(0xa1a2) };
    EventBody::OrderReplaced(Box::new(OrderReplaced {
        order: ORDER,
        by: BY,
        terms: OrderTerms::plain(kind, size()),
        expires_at: None,
        hwm: Some(Price::from_raw(0xa5a6)),
        reserved: RESERVED,
        revision: 0x0304,
        keeps_priority: true,
    }))
}

fn sized() -> EventBody {
    EventBody::OrderSized(Box::new(OrderSized {
        order: ORDER,
        qty: Qty::from_raw(0x5152),
        released: Qty::from_raw(0x5354),
        held: false,
        completes: true,
        expires_at: Some(Time::from_nanos(0xb1b2)),
        reserved: RESERVED,
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
        regulatory: Money::from_raw(0xd7d8),
        accrued: Money::from_raw(0xd9da),
        realized_pnl: Money::from_raw(-0x0d5d6),
        liquidity: Liquidity::Taker,
        rule: FillRule::TookNewQuote,
        evidence: Evidence { quote, quote_time: Time::from_nanos(0xe1e2), trade: None, bar: None },
        ambiguous: true,
        slippage: Price::from_raw(0xc9ca),
        synthetic: Qty::from_raw(0x5556),
        reserved: RESERVED,
        completes: true,
    }))
}

/// The same with another size on each side of the quote, and a print that shows it.
fn filled_by_trade() -> EventBody {
    let EventBody::Filled(mut fill) = filled() else { panic!("it is a fill") };
    fill.evidence.quote.ask_size = Qty::from_raw(0xc7c8);
    fill.evidence.trade = Some(Trade {
        price: Price::from_raw(0xe3e4),
        size: Qty::from_raw(0xe5e6),
        aggressor: Aggressor::Seller,
        conditions: TradeConditions::Ineligible,
    });
    EventBody::Filled(fill)
}

fn limits() -> RiskLimits {
    RiskLimits {
        open_positions_max: Some(0x0b01),
        position_percent_max: Some(Percent::from_raw(0x0b02)),
        gross_exposure_max: Some(Money::from_raw(0x0b03)),
        order_value_max: Some(Money::from_raw(0x0b04)),
        price_min: Some(Price::from_raw(0x0b05)),
    }
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
        ("order_sized", sized()),
        ("order_triggered", EventBody::OrderTriggered { order: ORDER, reference: Price::from_raw(0xa7a8) }),
        ("order_trailed", EventBody::OrderTrailed { order: ORDER, hwm: Price::from_raw(0xa9aa) }),
        ("filled", filled()),
        (
            "order_canceled",
            EventBody::OrderCanceled { order: ORDER, reason: CancelReason::Requested, by: Some(BY) },
        ),
        ("order_expired", EventBody::OrderExpired { order: ORDER }),
        ("order_capped", EventBody::OrderCapped { order: ORDER, cap: CAP, reserved: RESERVED }),
        ("limits_all_set", EventBody::LimitsSet { limits: limits(), by: BY }),
        ("filled_by_trade", filled_by_trade()),
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
        | EventBody::OrderSized(_)
        | EventBody::OrderTriggered { .. }
        | EventBody::OrderTrailed { .. }
        | EventBody::Filled(_)
        | EventBody::OrderCanceled { .. }
        | EventBody::OrderExpired { .. }
        | EventBody::OrderCapped { .. } => true,
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
    assert_eq!(bodies.len(), 16, "one of each kind, and two with every field set");
    for (name, body) in bodies {
        assert!(is_listed(&body));
        let path = folder.join(format!("{name}.hex"));
        let bytes = row(body);
        if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
            std::fs::write(&path, &bytes).expect("the folder is there");
        }
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

/// A field: its name, where it begins, its bytes, and the number in them.
type Field = (&'static str, usize, usize, u128);

const ID: u128 = 0x1112_1314_2122_2324;
const ACME: u128 = 0x454d_4341;
const SIZE: u128 = 0x5152_5354;
const CALLER: u128 = 0x0a0b_0c0d;

/// The tag of a kind, and the fields behind it: from the beginning of the event, or where the body
/// lies in a place of its own, from the beginning of that.
fn layout(name: &str) -> (u8, Vec<Field>) {
    let by = |at| [("by.user", at, 4, CALLER), ("by.origin", at + 4, 1, 1)];
    let order_at = |at| [("order", at, 8, ID)];
    let named = [("key", 16, 16, 0x8182_8384), ("fingerprint", 32, 8, 0x9192_9394)];
    match name {
        "instrument_defined" => (0, [&INSTRUMENT[..]].concat()),
        "portfolio_opened" => (1, [&OPENED[..], &by(107)].concat()),
        "limits_set" => (2, [&NO_LIMITS[..], &by(86)].concat()),
        "limits_all_set" => (2, [&LIMITS[..], &by(86)].concat()),
        "cash_flowed" => {
            (3, [&[("kind", 29, 1, 1), ("amount", 30, 16, 0xf1f2), ("note", 50, 4, 6)][..], &by(54)].concat())
        }
        "order_accepted" => (4, [&order_at(0)[..], &named, &by(40), &ACCEPTED].concat()),
        "order_rejected" => (5, [&order_at(0)[..], &named, &by(40), &REJECTED].concat()),
        "order_replaced" => (6, [&order_at(0)[..], &by(8), &REPLACED].concat()),
        "order_sized" => (7, [&order_at(0)[..], &SIZED].concat()),
        "order_triggered" => (8, [&order_at(29)[..], &[("reference", 37, 8, 0xa7a8)]].concat()),
        "order_trailed" => (9, [&order_at(29)[..], &[("hwm", 37, 8, 0xa9aa)]].concat()),
        "filled" => {
            (10, [&order_at(0)[..], &FILLED, &[("ask_size", 147, 8, 0xc5c6), ("trade", 163, 1, 0)]].concat())
        }
        "filled_by_trade" => (10, [&order_at(0)[..], &FILLED, &PRINT].concat()),
        "order_canceled" => (11, [&order_at(29)[..], &[("reason", 37, 1, 0), ("by", 38, 1, 1)], &by(39)].concat()),
        "order_expired" => (12, [&order_at(29)[..]].concat()),
        "order_capped" => (13, [&order_at(29)[..], &CAPPED].concat()),
        other => panic!("{other} has no layout"),
    }
}

const INSTRUMENT: [Field; 14] = [
    ("id", 0, 4, 0x3132_3334),
    ("symbol", 4, 15, ACME),
    ("symbol's length", 19, 1, 4),
    ("name's length", 24, 4, 17),
    ("exchange's length", 32, 4, 4),
    ("asset_class", 36, 1, 0),
    ("currency", 37, 1, 0),
    ("tick_size", 38, 8, 0x6162),
    ("tick_size_below_one", 46, 8, 0x6364),
    ("lot_size", 54, 8, 0x6566),
    ("calendar", 62, 1, 1),
    ("tradable", 63, 1, 1),
    ("shortable", 64, 1, 0),
    ("status", 65, 1, 0),
];

const OPENED: [Field; 8] = [
    ("currency", 29, 1, 0),
    ("starting_balance", 30, 16, 0x7172_7374),
    ("open_positions_max?", 46, 1, 1),
    ("open_positions_max", 47, 4, 0x0102),
    ("position_percent_max?", 51, 1, 0),
    ("gross_exposure_max?", 60, 1, 0),
    ("order_value_max?", 77, 1, 0),
    ("price_min?", 94, 1, 0),
];

/// From the place where the profile lies; what follows is as in the type.
const PROFILE: [Field; 4] =
    [("legs_begin", 0, 1, 2), ("partial_parent", 1, 1, 1), ("sibling_fill", 2, 1, 1), ("sibling_expiry", 3, 1, 1)];

const NO_LIMITS: [Field; 5] = [
    ("open_positions_max?", 29, 1, 0),
    ("position_percent_max?", 34, 1, 0),
    ("gross_exposure_max?", 43, 1, 0),
    ("order_value_max?", 60, 1, 0),
    ("price_min?", 77, 1, 0),
];

const LIMITS: [Field; 6] = [
    ("open_positions_max?", 29, 1, 1),
    ("open_positions_max", 30, 4, 0x0b01),
    ("position_percent_max", 35, 8, 0x0b02),
    ("gross_exposure_max", 44, 16, 0x0b03),
    ("order_value_max", 61, 16, 0x0b04),
    ("price_min", 78, 8, 0x0b05),
];

const ACCEPTED: [Field; 35] = [
    ("client_order_id's length", 12, 4, 12),
    ("instrument", 49, 4, 0x3132_3334),
    ("symbol", 53, 15, ACME),
    ("side", 69, 1, 1),
    ("kind", 70, 1, 5),
    ("trail's unit", 71, 1, 1),
    ("trail", 72, 8, 0xa1a2),
    ("offset", 80, 8, 0xa3a4),
    ("activation?", 88, 1, 1),
    ("activation", 89, 8, 0xa5a6),
    ("size's unit", 97, 1, 0),
    ("size", 98, 16, SIZE),
    ("time_in_force", 114, 1, 2),
    ("until", 115, 8, 0xb3b4),
    ("hours", 123, 1, 1),
    ("post_only", 124, 1, 1),
    ("reduce_only", 125, 1, 1),
    ("display_qty?", 126, 1, 1),
    ("display_qty", 127, 8, 0x5556),
    ("trigger_source", 135, 1, 4),
    ("expires_at?", 136, 1, 1),
    ("expires_at", 137, 8, 0xb1b2),
    ("hwm?", 145, 1, 0),
    ("reserved.cash", 154, 16, 0x4142),
    ("reserved.qty", 170, 8, 0x4344),
    ("link?", 178, 1, 1),
    ("link.parent?", 179, 1, 1),
    ("link.parent", 180, 4, 0x1516),
    ("link.group", 185, 4, 0x1718),
    ("link.share", 189, 1, 1),
    ("link.share.leg", 190, 8, 0x5758),
    ("link.share.parent", 198, 8, 0x595a),
    ("legs?", 206, 1, 1),
    ("legs.contingency", 207, 1, 1),
    ("legs.count", 208, 2, 0x191a),
];

const REJECTED: [Field; 18] = [
    ("client_order_id's length", 12, 4, 12),
    ("symbol", 49, 15, ACME),
    ("side", 65, 1, 0),
    ("kind", 66, 1, 2),
    ("stop", 67, 8, 0xa3a4),
    ("size's unit", 93, 1, 0),
    ("size", 94, 16, SIZE),
    ("time_in_force", 110, 1, 0),
    ("hours", 119, 1, 0),
    ("post_only", 120, 1, 0),
    ("reduce_only", 121, 1, 0),
    ("display_qty?", 122, 1, 0),
    ("trigger_source", 131, 1, 0),
    ("reject.code", 132, 1, 0),
    ("reject.message's length", 137, 4, 7),
    ("link?", 141, 1, 1),
    ("link.parent", 143, 4, 0x1516),
    ("legs?", 169, 1, 0),
];

const REPLACED: [Field; 18] = [
    ("kind", 17, 1, 3),
    ("stop", 18, 8, 0xa3a4),
    ("limit", 26, 8, 0xa1a2),
    ("size's unit", 44, 1, 0),
    ("size", 45, 16, SIZE),
    ("time_in_force", 61, 1, 1),
    ("hours", 70, 1, 0),
    ("post_only", 71, 1, 0),
    ("reduce_only", 72, 1, 0),
    ("display_qty?", 73, 1, 0),
    ("trigger_source", 82, 1, 0),
    ("expires_at?", 83, 1, 0),
    ("hwm?", 92, 1, 1),
    ("hwm", 93, 8, 0xa5a6),
    ("reserved.cash", 101, 16, 0x4142),
    ("reserved.qty", 117, 8, 0x4344),
    ("revision", 125, 4, 0x0304),
    ("keeps_priority", 129, 1, 1),
];

const SIZED: [Field; 8] = [
    ("qty", 8, 8, 0x5152),
    ("released", 16, 8, 0x5354),
    ("held", 24, 1, 0),
    ("completes", 25, 1, 1),
    ("expires_at?", 26, 1, 1),
    ("expires_at", 27, 8, 0xb1b2),
    ("reserved.cash", 35, 16, 0x4142),
    ("reserved.qty", 51, 8, 0x4344),
];

const CAPPED: [Field; 4] = [
    ("cap", 37, 8, 0xabac),
    ("rests", 45, 1, 1),
    ("reserved.cash", 46, 16, 0x4142),
    ("reserved.qty", 62, 8, 0x4344),
];

const FILLED: [Field; 24] = [
    ("trade", 8, 4, 0x0506),
    ("instrument", 12, 4, 0x3132_3334),
    ("side", 16, 1, 1),
    ("price", 17, 8, 0xc1c2),
    ("qty", 25, 8, 0x5152),
    ("value", 33, 16, 0xd1d2),
    ("residue", 49, 8, 0x0708),
    ("fee", 57, 16, 0xd3d4),
    ("regulatory", 73, 16, 0xd7d8),
    ("accrued", 89, 16, 0xd9da),
    // In two's complement: less than nothing.
    ("realized_pnl", 105, 16, u128::MAX - 0xd5d6 + 1),
    ("liquidity", 121, 1, 1),
    ("rule", 122, 1, 1),
    ("bid", 123, 8, 0xc1c2),
    ("bid_size", 131, 8, 0xc5c6),
    ("ask", 139, 8, 0xc3c4),
    ("quote_time", 155, 8, 0xe1e2),
    ("bar?", 182, 1, 0),
    ("ambiguous", 187, 1, 1),
    ("slippage", 188, 8, 0xc9ca),
    ("synthetic", 196, 8, 0x5556),
    ("reserved.cash", 204, 16, 0x4142),
    ("reserved.qty", 220, 8, 0x4344),
    ("completes", 228, 1, 1),
];

const PRINT: [Field; 6] = [
    ("ask_size", 147, 8, 0xc7c8),
    ("trade?", 163, 1, 1),
    ("price", 164, 8, 0xe3e4),
    ("size", 172, 8, 0xe5e6),
    ("aggressor", 180, 1, 2),
    ("conditions", 181, 1, 3),
];

fn number(bytes: &[u8], at: usize, width: usize) -> u128 {
    bytes[at..at + width].iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// Where a pointer at this place leads: it counts from itself, backwards.
fn pointed(bytes: &[u8], at: usize) -> usize {
    let distance = i32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    at.checked_add_signed(isize::try_from(distance).expect("near")).expect("inside")
}

fn golden(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.hex"));
    let text = std::fs::read_to_string(path).expect("it is there");
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).expect("two digits")).collect()
}

#[test]
fn golden_rows_hold_every_field_at_the_place_that_is_documented() {
    for (name, _) in bodies() {
        let bytes = golden(name);
        let (header, body) = bytes.split_at(104);
        let hashed = blake3::hash(&[&header[..72], body].concat());
        let fixed: [Field; 10] = [
            ("magic", 0, 4, u128::from(u32::from_le_bytes(*b"PTJB"))),
            ("format", 4, 2, 2),
            ("rules", 6, 2, 1),
            ("shard", 8, 2, 3),
            ("zero", 10, 2, 0),
            ("count", 12, 4, 1),
            ("first event", 16, 8, 41),
            ("time", 24, 8, 77),
            ("bytes of the body", 64, 4, body.len() as u128),
            ("zero", 68, 4, 0),
        ];
        for (field, at, width, expected) in fixed {
            assert_eq!(number(header, at, width), expected, "{name}: {field}");
        }
        assert_eq!((&header[32..64], &header[72..]), (&[0xee; 32][..], &hashed.as_bytes()[..]), "{name}");

        let event = pointed(body, body.len() - 8);
        assert_eq!((number(body, body.len() - 4, 4), event + 116), (1, body.len() - 8), "{name}: one event");
        let common: [Field; 4] = [
            ("portfolio", 0, 4, 0x0102_0304),
            ("seq", 4, 8, 0x0506_0708),
            ("time", 12, 8, 0x1122_3344_5566_7788),
            ("tick", 20, 8, 0x090a_0b0c),
        ];
        let (tag, fields) = layout(name);
        assert_eq!(body[event + 28], tag, "{name}");
        let is_boxed = [0, 4, 5, 6, 7, 10].contains(&tag);
        let base = if is_boxed { pointed(body, event + 29) } else { event };
        let common = common.into_iter().map(|field| (event, field));
        let own = fields.into_iter().map(|field| (base, field));
        let profile = (name == "portfolio_opened").then(|| pointed(body, event + 103));
        let profile = profile.into_iter().flat_map(|place| PROFILE.map(|field| (place, field)));
        for (base, (field, at, width, expected)) in common.chain(own).chain(profile) {
            assert_eq!(number(body, base + at, width), expected, "{name}: {field}");
        }
    }
}
