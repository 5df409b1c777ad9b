//! The workload on the views and the catalogue: what each acknowledged is a set of lines.
//!
//! It must never take a line from the stores: what is expected is written down step by step.

use super::acknowledged::Acknowledged;
use super::cells::hash;
use super::{Bad, Kind, Workload};
use model::{
    ClientOrderId, ClientOrderKey, Currency, ExecutionProfile, InstrumentId, Money, OrderAccepted, OrderId,
    OrderKind, OrderNumber, OrderTerms, Origin, PortfolioId, PortfolioName, PortfolioSeq, Price, Qty, Reservation,
    RiskLimits, ShardId, ShardSeq, Side, Size, SubmittedBy, Symbol, Time, UserId,
};
use persistence::{
    ApiKeyRow, Catalogue, Epoch, MessageRow, NewPortfolio, NewUser, OrderFilter, OrderRow, SimulatedStorage,
    Storage, ViewBatch, ViewConfig, ViewStore,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const ONE: PortfolioId = PortfolioId::new(1);
const PAGE: usize = 1_000;
const ADA: UserId = UserId::new(1);

/// What is done, one durable change each.
#[derive(Clone, Copy, Debug)]
enum Step {
    User(u32),
    Portfolio,
    Rename,
    Key,
    Revoke,
    Instruments,
    Views(u32),
}

const STEPS: [Step; 10] = [
    Step::User(1),
    Step::Views(1),
    Step::Portfolio,
    Step::Key,
    Step::Instruments,
    Step::Views(2),
    Step::Rename,
    Step::User(2),
    Step::Revoke,
    Step::Views(3),
];

/// The lines that readers would see.
type Lines = BTreeSet<String>;

fn fingerprint(lines: &Lines) -> u128 {
    let text: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    hash(&text)
}

/// Views and catalogue in one directory, written in turns.
pub struct Stores;

struct Open {
    views: ViewStore,
    catalogue: Catalogue,
}

impl Open {
    fn new(disk: &SimulatedStorage) -> Result<Self, String> {
        let storage: Arc<dyn Storage> = Arc::new(disk.clone());
        let config = ViewConfig {
            path: Path::new("data").join("views.redb"),
            epoch: Epoch::new(9),
            cache_bytes: 1 << 16,
            storage: Arc::clone(&storage),
        };
        let views = ViewStore::open(&config).map_err(|error| error.to_string())?;
        let catalogue = Catalogue::open(&Path::new("data").join("catalog.redb"), &storage)
            .map_err(|error| error.to_string())?;
        Ok(Self { views, catalogue })
    }

    /// Everything that can be read.
    fn lines(&self) -> Result<Lines, String> {
        let mut lines = Lines::new();
        self.read_catalogue(&mut lines).map_err(|error| error.to_string())?;
        self.read_views(&mut lines).map_err(|error| error.to_string())?;
        Ok(lines)
    }

    fn read_catalogue(&self, lines: &mut Lines) -> Result<(), persistence::CatalogueError> {
        let catalogue = &self.catalogue;
        for id in (1..=20).map(UserId::new) {
            let Some(user) = catalogue.user(id)? else { continue };
            assert_eq!(catalogue.user_by_name(&user.username)?.as_ref(), Some(&user), "a user is found by name");
            lines.insert(format!("user {id} {} {} {}", user.username, user.nickname, user.password_hash));
            // Before anyone can have seen a tag, any will do.
            lines.insert(tag_line(catalogue));
            for key in catalogue.keys_of(id)? {
                assert_eq!(catalogue.key(&key.key_id)?.as_ref(), Some(&key), "a key is found by its id");
                lines.insert(format!("key {} of {id} {:?}", key.key_id, key.scopes));
            }
            for portfolio in catalogue.portfolios_of(id)? {
                lines.insert(format!("portfolio {} of {id} {}", portfolio.id, portfolio.name));
            }
        }
        for (symbol, id) in catalogue.instruments()? {
            lines.insert(format!("instrument {symbol} {id}"));
        }
        Ok(())
    }

    fn read_views(&self, lines: &mut Lines) -> Result<(), persistence::ViewError> {
        for shard in (0..2).map(ShardId::new) {
            let marker = self.views.marker(shard)?;
            if marker.get() > 0 {
                lines.insert(format!("marker {shard:?} {marker}"));
            }
        }
        for order in self.views.orders(ONE, &OrderFilter::default(), None, PAGE)? {
            lines.insert(order_line(&order));
        }
        for message in self.views.messages(ONE, PortfolioSeq::new(0), PAGE)? {
            lines.insert(message_line(&message));
        }
        Ok(())
    }

    fn act(&self, step: Step) -> Result<(), String> {
        let catalogue = &self.catalogue;
        match step {
            Step::User(number) => catalogue.create_user(user(number)).map(drop),
            Step::Portfolio => catalogue.create_portfolio(portfolio()).map(drop),
            Step::Rename => catalogue.rename_portfolio(ONE, name("Second")).map(drop),
            Step::Key => catalogue.create_key(&key()),
            Step::Revoke => catalogue.revoke_key(ADA, "PK1"),
            Step::Instruments => catalogue.instrument_ids(&[symbol("AAPL"), symbol("MSFT")]).map(drop),
            Step::Views(number) => return self.views.append(&batch(number)).map_err(|error| error.to_string()),
        }
        .map_err(|error| error.to_string())
    }
}

/// What a step changes in what can be read.
fn expected(lines: &mut Lines, step: Step, catalogue: &Catalogue) {
    match step {
        Step::User(number) => {
            let id = lines.iter().filter(|line| line.starts_with("user ")).count() + 1;
            let made = user(number);
            lines.insert(format!("user {id} {} {} {}", made.username, made.nickname, made.password_hash));
            lines.insert(tag_line(catalogue));
        }
        Step::Portfolio => {
            lines.insert("portfolio 1 of 1 First".to_owned());
        }
        Step::Rename => {
            lines.remove("portfolio 1 of 1 First");
            lines.insert("portfolio 1 of 1 Second".to_owned());
        }
        Step::Key => {
            lines.insert("key PK1 of 1 [\"read\"]".to_owned());
        }
        Step::Revoke => {
            lines.remove("key PK1 of 1 [\"read\"]");
        }
        Step::Instruments => {
            lines.extend(["instrument AAPL 1".to_owned(), "instrument MSFT 2".to_owned()]);
        }
        Step::Views(number) => {
            lines.retain(|line| !line.starts_with("marker "));
            let batch = batch(number);
            lines.extend(batch.orders.iter().map(order_line));
            lines.extend(batch.messages.iter().map(message_line));
            lines.extend(batch.markers.iter().map(|(shard, marker)| format!("marker {shard:?} {marker}")));
        }
    }
}

fn tag_line(catalogue: &Catalogue) -> String {
    format!("tag {} {:?}", catalogue.installation_tag(), catalogue.jwt_secret())
}

fn order_line(order: &OrderRow) -> String {
    format!("{order:?}")
}

fn message_line(message: &MessageRow) -> String {
    format!("{message:?}")
}

fn user(number: u32) -> NewUser {
    NewUser {
        username: format!("user{number}"),
        password_hash: format!("$argon2id${number}"),
        nickname: format!("Nick{number}"),
        created_at: Time::from_seconds(5),
    }
}

fn name(text: &str) -> PortfolioName {
    PortfolioName::parse(text).expect("a short name")
}

fn symbol(text: &str) -> Symbol {
    Symbol::parse(text).expect("a ticker")
}

fn portfolio() -> NewPortfolio {
    NewPortfolio {
        user: ADA,
        name: name("First"),
        created_at: Time::from_seconds(6),
        currency: Currency::Usd,
        starting_balance: Money::whole(100_000),
        limits: RiskLimits::default(),
        profile: ExecutionProfile::REALISTIC,
    }
}

fn key() -> ApiKeyRow {
    ApiKeyRow {
        key_id: "PK1".to_owned(),
        secret_hash: [7; 32],
        user: ADA,
        label: "bot".to_owned(),
        scopes: vec!["read".to_owned()],
        portfolio: None,
        created_at: Time::from_seconds(7),
    }
}

fn order(number: u32) -> OrderRow {
    let accepted = OrderAccepted {
        order: OrderId::of(ONE, OrderNumber::new(number)),
        client_order_id: ClientOrderId::parse(&format!("order-{number}")).expect("a short name"),
        key: ClientOrderKey::new(u128::from(number)),
        fingerprint: 5,
        by: SubmittedBy { user: ADA, origin: Origin::Manual },
        instrument: InstrumentId::new(1),
        symbol: symbol("AAPL"),
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

/// Orders, messages from a few bytes to more than a page, and markers that move on.
fn batch(number: u32) -> ViewBatch {
    let byte = u8::try_from(number % 251).expect("small");
    let message = |seq: u32, len: usize| MessageRow {
        portfolio: ONE,
        seq: PortfolioSeq::new(u64::from(10 * number + seq)),
        bytes: vec![byte; len].into(),
    };
    ViewBatch {
        orders: vec![order(2 * number), order(2 * number + 1)],
        messages: vec![message(0, 3), message(1, 1_500 * (number % 4) as usize)],
        markers: vec![
            (ShardId::new(0), ShardSeq::new(u64::from(number))),
            (ShardId::new(1), ShardSeq::new(u64::from(number) * 3)),
        ],
        ..ViewBatch::default()
    }
}

impl Workload for Stores {
    fn name(&self) -> &str {
        "stores"
    }

    fn begin(&self) -> (SimulatedStorage, u128) {
        (SimulatedStorage::new(), fingerprint(&Lines::new()))
    }

    fn run(&self, disk: &SimulatedStorage, told: &mut Acknowledged) -> Result<(), String> {
        let mut lines = Lines::new();
        for steps in STEPS.chunks(4) {
            let stores = Open::new(disk)?;
            for step in steps {
                expected(&mut lines, *step, &stores.catalogue);
                told.under_way(disk, fingerprint(&lines));
                stores.act(*step)?;
                told.stands(disk, fingerprint(&lines));
            }
        }
        Ok(())
    }

    fn check(&self, disk: &SimulatedStorage, generation: u32, told: &mut Acknowledged) -> Result<u128, Bad> {
        let stores = Open::new(disk).map_err(Bad::refused)?;
        let mut lines = stores.lines().map_err(Bad::refused)?;
        let found = fingerprint(&lines);
        told.stands(disk, found);
        for step in [Step::User(100 + generation), Step::Views(100 + generation)] {
            expected(&mut lines, step, &stores.catalogue);
            told.under_way(disk, fingerprint(&lines));
            stores.act(step).map_err(Bad::refused)?;
            told.stands(disk, fingerprint(&lines));
        }
        drop(stores);
        let stores = Open::new(disk).map_err(Bad::refused)?;
        if stores.lines().map_err(Bad::refused)? != lines {
            return Err(Bad::new(Kind::Lost, "one more change was acknowledged and is not found"));
        }
        Ok(found)
    }
}
