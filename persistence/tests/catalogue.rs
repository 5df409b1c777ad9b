//! The catalogue against a model of itself, and against crashes.
#![allow(clippy::unwrap_used, reason = "a proof may fail anywhere")]

use model::{
    Currency, ExecutionProfile, InstrumentId, Money, PortfolioId, PortfolioName, RiskLimits, Symbol, Time, UserId,
    limits,
};
use persistence::storage::CrashSurvival;
use persistence::{
    ApiKeyRow, Catalogue, CatalogueError, FileStorage, NewPortfolio, NewUser, PortfolioRow, SimulatedStorage,
    Storage,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

fn open(storage: &SimulatedStorage) -> Result<Catalogue, CatalogueError> {
    let storage: Arc<dyn Storage> = Arc::new(storage.clone());
    Catalogue::open(Path::new("data/catalog.redb"), &storage)
}

fn user(username: &str, nickname: &str) -> NewUser {
    NewUser {
        username: username.to_owned(),
        password_hash: "$argon2id$...".to_owned(),
        nickname: nickname.to_owned(),
        created_at: Time::from_seconds(5),
    }
}

fn portfolio(user: UserId, name: &str) -> NewPortfolio {
    NewPortfolio {
        user,
        name: PortfolioName::parse(name).unwrap(),
        created_at: Time::from_seconds(6),
        currency: Currency::Usd,
        starting_balance: Money::whole(100_000),
        limits: RiskLimits::default(),
        profile: ExecutionProfile::REALISTIC,
    }
}

fn key(user: UserId, key_id: &str) -> ApiKeyRow {
    ApiKeyRow {
        key_id: key_id.to_owned(),
        secret_hash: [7; 32],
        user,
        label: "bot".to_owned(),
        scopes: vec!["read".to_owned(), "trade".to_owned()],
        portfolio: Some(PortfolioId::new(1)),
        created_at: Time::from_seconds(7),
    }
}

#[test]
fn everything_is_found_after_a_restart_on_real_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data").join("catalog.redb");
    let storage: Arc<dyn Storage> = Arc::new(FileStorage);
    let catalogue = Catalogue::open(&path, &storage).unwrap();
    assert_ne!(catalogue.jwt_secret(), &[0; 32]);
    let (tag, secret) = (catalogue.installation_tag(), *catalogue.jwt_secret());
    let made = catalogue.create_user(user("Ada", "Countess")).unwrap();
    let row = catalogue.create_portfolio(portfolio(made.id, "First")).unwrap();
    catalogue.create_key(&key(made.id, "PK1")).unwrap();
    let apple = Symbol::parse("AAPL").unwrap();
    assert_eq!(catalogue.instrument_id(apple).unwrap(), InstrumentId::new(1));
    let in_use = Catalogue::open(&path, &storage).unwrap_err();
    assert!(matches!(in_use, CatalogueError::InUse { .. }), "{in_use}");
    drop(catalogue);
    let catalogue = Catalogue::open(&path, &storage).unwrap();
    assert_eq!((catalogue.installation_tag(), *catalogue.jwt_secret()), (tag, secret));
    assert_eq!(catalogue.user_by_name("ADA").unwrap(), Some(made.clone()));
    assert_eq!(catalogue.user_by_nickname("countess").unwrap(), Some(made.clone()));
    assert_eq!(catalogue.portfolio(row.id).unwrap(), Some(row.clone()));
    assert_eq!(catalogue.portfolios_of(made.id).unwrap(), [row]);
    assert_eq!(catalogue.key("PK1").unwrap(), Some(key(made.id, "PK1")));
    assert_eq!(catalogue.instruments().unwrap(), [(apple, InstrumentId::new(1))]);
}

#[test]
fn names_are_unique_whatever_their_capitals_and_a_refusal_changes_nothing() {
    let storage = SimulatedStorage::new();
    let catalogue = open(&storage).unwrap();
    catalogue.create_user(user("ada", "Countess")).unwrap();
    let taken = catalogue.create_user(user("ADA", "Other")).unwrap_err();
    assert!(matches!(taken, CatalogueError::UsernameTaken), "{taken}");
    let taken = catalogue.create_user(user("bob", "COUNTESS")).unwrap_err();
    assert!(matches!(taken, CatalogueError::NicknameTaken), "{taken}");
    // The refused ones left neither a name nor a number behind.
    let bob = catalogue.create_user(user("bob", "Other")).unwrap();
    assert_eq!(bob.id, UserId::new(2));
}

#[test]
fn what_one_user_may_hold_is_limited() {
    let storage = SimulatedStorage::new();
    let catalogue = open(&storage).unwrap();
    let ada = catalogue.create_user(user("ada", "a")).unwrap().id;
    for number in 0..limits::PORTFOLIOS_PER_USER_MAX {
        catalogue.create_portfolio(portfolio(ada, &format!("P{number}"))).unwrap();
    }
    let refused = catalogue.create_portfolio(portfolio(ada, "more")).unwrap_err();
    assert!(
        matches!(refused, CatalogueError::TooMany { limit: limits::PORTFOLIOS_PER_USER_MAX, .. }),
        "{refused}"
    );
    for number in 0..limits::API_KEYS_PER_USER_MAX {
        catalogue.create_key(&key(ada, &format!("PK{number}"))).unwrap();
    }
    let refused = catalogue.create_key(&key(ada, "PKmore")).unwrap_err();
    assert!(matches!(refused, CatalogueError::TooMany { limit: limits::API_KEYS_PER_USER_MAX, .. }), "{refused}");
    catalogue.revoke_key(ada, "PK0").unwrap();
    catalogue.create_key(&key(ada, "PKmore")).unwrap();
}

#[test]
fn nothing_is_made_for_a_user_that_is_not_there() {
    let storage = SimulatedStorage::new();
    let catalogue = open(&storage).unwrap();
    let nobody = UserId::new(9);
    assert!(matches!(catalogue.create_portfolio(portfolio(nobody, "p")), Err(CatalogueError::UnknownUser(_))));
    assert!(matches!(catalogue.create_key(&key(nobody, "PK")), Err(CatalogueError::UnknownUser(_))));
    assert!(matches!(catalogue.archive_portfolio(PortfolioId::new(1)), Err(CatalogueError::UnknownPortfolio(_))));
}

#[test]
fn a_key_is_revoked_by_its_user_alone() {
    let storage = SimulatedStorage::new();
    let catalogue = open(&storage).unwrap();
    let ada = catalogue.create_user(user("ada", "a")).unwrap().id;
    let bob = catalogue.create_user(user("bob", "b")).unwrap().id;
    catalogue.create_key(&key(ada, "PK1")).unwrap();
    assert!(matches!(catalogue.create_key(&key(bob, "PK1")), Err(CatalogueError::KeyTaken)));
    assert!(matches!(catalogue.revoke_key(bob, "PK1"), Err(CatalogueError::UnknownKey)));
    assert_eq!(catalogue.keys_of(ada).unwrap().len(), 1);
    catalogue.revoke_key(ada, "PK1").unwrap();
    assert_eq!((catalogue.key("PK1").unwrap(), catalogue.keys_of(ada).unwrap()), (None, Vec::new()));
}

#[test]
fn a_crash_at_any_operation_loses_no_user_that_was_acknowledged() {
    let work = |storage: &SimulatedStorage| -> (u32, Option<[u8; 32]>) {
        let Ok(catalogue) = open(storage) else { return (0, None) };
        let made = (0..3).take_while(|n| catalogue.create_user(user(&format!("u{n}"), &format!("n{n}"))).is_ok());
        (u32::try_from(made.count()).unwrap(), Some(*catalogue.jwt_secret()))
    };
    let whole = SimulatedStorage::new();
    assert_eq!(work(&whole).0, 3);
    for point in 0..whole.operation_count() {
        let storage = SimulatedStorage::new();
        storage.crash_at(point);
        let (made, secret) = work(&storage);
        for survival in
            [CrashSurvival::Nothing, CrashSurvival::Everything, CrashSurvival::Names, CrashSurvival::Torn(9)]
        {
            let image = storage.after_crash(survival);
            let catalogue = open(&image).unwrap_or_else(|error| panic!("{point} {survival:?}: {error}"));
            for n in 0..made {
                assert!(catalogue.user_by_name(&format!("u{n}")).unwrap().is_some(), "{point} {survival:?}");
            }
            if let Some(secret) = secret {
                assert_eq!(catalogue.jwt_secret(), &secret, "tokens that were given out stay good");
            }
        }
    }
}

#[test]
fn a_damaged_row_is_refused() {
    let storage = SimulatedStorage::new();
    let catalogue = open(&storage).unwrap();
    let ada = catalogue.create_user(user("ada-lovelace-the-first", "a")).unwrap().id;
    drop(catalogue);
    let path = Path::new("data/catalog.redb");
    let bytes = storage.read(path).unwrap();
    let needle = b"argon2id";
    let places: Vec<usize> =
        (0..bytes.len() - needle.len()).filter(|at| &bytes[*at..*at + needle.len()] == needle).collect();
    assert!(!places.is_empty());
    for place in places {
        storage.corrupt(path, place, |byte| byte ^ 1);
    }
    let refused = open(&storage).and_then(|catalogue| catalogue.user(ada)).unwrap_err();
    assert!(matches!(refused, CatalogueError::Corrupt { .. }), "{refused}");
}

#[derive(Clone, Debug)]
enum Step {
    User(u8),
    Portfolio(u32),
    Rename(u32),
    Archive(u32),
    Instrument(u8),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..6_u8).prop_map(Step::User),
        (1..5_u32).prop_map(Step::Portfolio),
        (1..6_u32).prop_map(Step::Rename),
        (1..6_u32).prop_map(Step::Archive),
        (0..6_u8).prop_map(Step::Instrument),
        Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_agrees_with_a_model(steps in prop::collection::vec(step(), 1..24)) {
        let storage = SimulatedStorage::new();
        let mut catalogue = open(&storage).unwrap();
        let mut users: Vec<String> = Vec::new();
        let mut portfolios: Vec<(u32, String, bool)> = Vec::new();
        let mut instruments: BTreeMap<String, u32> = BTreeMap::new();
        for (index, step) in steps.into_iter().enumerate() {
            match step {
                Step::User(n) => {
                    let name = format!("user{n}");
                    let expected = !users.contains(&name);
                    let made = catalogue.create_user(user(&name, &name));
                    prop_assert_eq!(made.is_ok(), expected);
                    if expected { users.push(name); }
                }
                Step::Portfolio(owner) => {
                    let expected = owner as usize <= users.len();
                    let made = catalogue.create_portfolio(portfolio(UserId::new(owner), "p"));
                    prop_assert_eq!(made.is_ok(), expected);
                    if expected { portfolios.push((owner, "p".to_owned(), false)); }
                }
                Step::Rename(id) => {
                    let name = format!("renamed {index}");
                    let done = catalogue.rename_portfolio(PortfolioId::new(id), PortfolioName::parse(&name).unwrap());
                    let row = portfolios.get_mut(id as usize - 1);
                    prop_assert_eq!(done.is_ok(), row.is_some());
                    if let Some(row) = row { row.1 = name; }
                }
                Step::Archive(id) => {
                    let done = catalogue.archive_portfolio(PortfolioId::new(id));
                    let row = portfolios.get_mut(id as usize - 1);
                    prop_assert_eq!(done.is_ok(), row.is_some());
                    if let Some(row) = row { row.2 = true; }
                }
                Step::Instrument(n) => {
                    let symbol = format!("S{n}");
                    let next = u32::try_from(instruments.len()).unwrap() + 1;
                    let expected = *instruments.entry(symbol.clone()).or_insert(next);
                    let id = catalogue.instrument_id(Symbol::parse(&symbol).unwrap()).unwrap();
                    prop_assert_eq!(id.get(), expected);
                }
                Step::Reopen => {
                    drop(catalogue);
                    catalogue = open(&storage).unwrap();
                }
            }
        }
        let mut found: Vec<(u32, String, bool)> = Vec::new();
        let told = |row: &PortfolioRow| found.push((row.user.get(), row.name.as_str().to_owned(), row.archived));
        catalogue.all_portfolios(told).unwrap();
        prop_assert_eq!(found, portfolios);
        prop_assert_eq!(catalogue.instruments().unwrap().len(), instruments.len());
    }
}
