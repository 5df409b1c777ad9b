//! Settings: one table from which flags, environment variables, the file and the README all come.
//!
//! A flag wins over `PAPERTAPE_*`, that over the file, that over the default. A value that cannot be
//! used is refused at the start, by name; nothing is corrected in silence.

use clap::{Arg, ArgAction, ArgMatches, Command};
use feeds::Encoding;
use feeds::replay::Speed;
use model::calendar::Date;
use model::{Money, Symbol};
use runtime::{ClockMode, Durability, Keep, SpaceLimits};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One line of the table.
struct Setting {
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
}

const fn setting(name: &'static str, value: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, value, default, help }
}

/// Every setting there is.
const TABLE: &[Setting] = &[
    setting("listen", "ADDRESS", "127.0.0.1:8080", "Where to listen; port 0 takes a free one"),
    setting("data-dir", "DIR", "papertape-data", "Where everything is kept; made when missing"),
    setting(
        "feed",
        "KIND",
        "sim",
        "Where prices come from: sim (the simulated exchange), alpaca (any server that speaks its protocol) or replay (files)",
    ),
    setting("replay-files", "LIST", "", "Recordings to replay, by commas: CSV files or folders of them"),
    setting(
        "replay-lean",
        "DIR",
        "",
        "LEAN data folder (the one that holds equity/) to replay instead of files; of --symbols, or all",
    ),
    setting("replay-from", "DATE", "", "First day of a LEAN folder to replay, such as 2013-10-07"),
    setting("replay-to", "DATE", "", "Last day of a LEAN folder to replay, included"),
    setting("replay-speed", "FACTOR", "max", "How fast to replay: 1 is real time, max as fast as ticks are taken"),
    setting("feed-url", "URL", "wss://stream.data.alpaca.markets/v2/iex", "Address of an alpaca feed"),
    setting("feed-key", "KEY", "", "Key id for the feed"),
    setting("feed-secret", "SECRET", "", "Secret for the feed; better given as PAPERTAPE_FEED_SECRET"),
    setting("feed-encoding", "FORM", "json", "Form of an alpaca feed: json, msgpack or binary (our own batches)"),
    setting("feed-round-lots", "BOOL", "false", "Whether the feed's quote sizes are lots of 100 shares"),
    setting(
        "symbols",
        "LIST",
        "",
        "Symbols to follow from the start, by commas; others follow when first quoted, ordered or watched",
    ),
    setting(
        "calendar",
        "NAME",
        "",
        "XNYS or 24x7 (every instrument always open); 24x7 for the simulated feed and XNYS for others when absent",
    ),
    setting("clock", "KIND", "wall", "Engine time: wall, or feed (follows the feed's event times, loses no tick)"),
    setting("shards", "COUNT", "", "Engine threads; fixed when the data directory is made"),
    setting(
        "durability",
        "KIND",
        "journal",
        "journal (nothing is seen before it is on disk), behind (answers and streams do not wait for the disk: a crash may take back what was seen) or off (nothing survives; for measuring)",
    ),
    setting("demo", "BOOL", "false", "Makes a demo user with a portfolio and a few orders"),
    setting("sim-seed", "NUMBER", "1", "Seed of the simulated exchange"),
    setting("sim-rate", "FACTOR", "1", "How lively the simulated exchange is"),
    setting("sim-sessions", "KIND", "always", "always (open around the clock) or xnys"),
    setting("quote-age-max", "SECONDS", "3600", "Quotes older than this are stale: nothing trades on them"),
    setting("starting-balance", "USD", "100000", "What a new portfolio is opened with"),
    setting("access-minutes", "MINUTES", "60", "Life of an access token"),
    setting("refresh-days", "DAYS", "30", "Life of a refresh token"),
    setting(
        "origins",
        "LIST",
        "",
        "Further web origins that may open WebSockets, by commas; the server's own always may",
    ),
    setting("connections-max", "COUNT", "10000", "Open connections"),
    setting("connections-per-ip-max", "COUNT", "2000", "Open connections from one address"),
    setting("rate-limit", "COUNT", "0", "Requests a user may send each second; 0 is no limit"),
    setting("segment-megabytes", "COUNT", "64", "Size at which a journal segment is sealed"),
    setting(
        "keep",
        "KIND",
        "whole",
        "How much of the journal: whole, or snapshots (segments that two snapshots of every shard cover are removed; views that are lost then lack what was closed before)",
    ),
    setting(
        "space-soft",
        "SIZE",
        "256MiB",
        "Free space below which orders, registrations and whatever else grows are refused; 0 for no limit",
    ),
    setting("space-hard", "SIZE", "64MiB", "Free space below which nothing but cancels is taken; 0 for no limit"),
    setting(
        "space-ballast",
        "SIZE",
        "4MiB",
        "Space occupied in advance and given back when the disk is full, so that cancels can be written; 0 for none",
    ),
    setting("log", "FILTER", "info", "What to log, as tracing filters are written"),
    setting("log-format", "FORM", "text", "text or json"),
];

/// Most bytes of ballast: it is made in memory.
const BALLAST_BYTES_MAX: u64 = 1 << 30;

/// Which feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// The simulated exchange, in this process, over its socket.
    Sim,
    /// A server that speaks Alpaca's market-data protocol.
    Alpaca,
    /// Recorded files.
    Replay,
}

/// Which calendar rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// Every instrument's own.
    OfInstrument,
    /// Every instrument is always open.
    AlwaysOpen,
}

/// Settings, read and checked.
#[derive(Clone)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Which feed.
    pub feed: FeedKind,
    /// Address of an alpaca feed.
    pub feed_url: String,
    /// Key id for the feed.
    pub feed_key: String,
    /// Secret for the feed.
    pub feed_secret: String,
    /// Form of an alpaca feed.
    pub feed_encoding: Encoding,
    /// Whether the feed's quote sizes are lots of 100 shares.
    pub feed_round_lots: bool,
    /// Recordings to replay.
    pub replay_files: Vec<PathBuf>,
    /// LEAN data folder to replay instead of files.
    pub replay_lean: Option<PathBuf>,
    /// First day to replay of it.
    pub replay_from: Option<Date>,
    /// Last day to replay of it.
    pub replay_to: Option<Date>,
    /// How fast to replay.
    pub replay_speed: Speed,
    /// Symbols to follow from the start.
    pub symbols: Vec<Symbol>,
    /// Which calendar; `None` is the feed's default.
    pub calendar: Option<Calendar>,
    /// Where engine time comes from.
    pub clock: ClockMode,
    /// Engine threads; `None` is what the data directory says, or the runtime's default.
    pub shards: Option<u16>,
    /// Whether events are kept.
    pub durability: Durability,
    /// Whether to make a demo user.
    pub demo: bool,
    /// Seed of the simulated exchange.
    pub sim_seed: u64,
    /// How lively the simulated exchange is.
    pub sim_rate: f64,
    /// Whether the simulated exchange is open around the clock.
    pub sim_always_open: bool,
    /// Quotes older than this are stale.
    pub quote_age_max: Duration,
    /// What a new portfolio is opened with.
    pub starting_balance: Money,
    /// Life of an access token.
    pub access_life: Duration,
    /// Life of a refresh token.
    pub refresh_life: Duration,
    /// Further web origins that may open WebSockets.
    pub origins: Vec<String>,
    /// Open connections.
    pub connections_max: usize,
    /// Open connections from one address.
    pub connections_per_ip_max: usize,
    /// Requests a user may send each second; 0 is no limit.
    pub rate_limit: u32,
    /// Size at which a journal segment is sealed, in bytes.
    pub segment_bytes_max: u64,
    /// How much of the journal is kept.
    pub keep: Keep,
    /// How little room on the disk is too little.
    pub space: SpaceLimits,
    /// What to log.
    pub log: String,
    /// Whether logs are JSON.
    pub log_json: bool,
}

/// The secret stays out of logs.
impl std::fmt::Debug for Settings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .field("feed", &self.feed)
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::read(&|_| None).expect("the table's defaults are valid")
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value is not one of those that the setting takes.
    #[error("--{name} {value}: {reason}")]
    Value {
        /// The setting.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {reason}")]
    Format {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Adds every setting to a command as a flag and an environment variable.
pub(crate) fn add_arguments(command: Command) -> Command {
    add_arguments_of(command, |_| true)
}

/// The settings that concern where prices come from, and the log.
pub(crate) fn add_feed_arguments(command: Command) -> Command {
    add_arguments_of(command, |name| {
        let of_feed = name.starts_with("feed") || name.starts_with("sim") || name.starts_with("log");
        of_feed || name == "symbols"
    })
}

/// The data directory alone.
pub(crate) fn add_directory_argument(command: Command) -> Command {
    add_arguments_of(command, |name| name == "data-dir")
}

fn add_arguments_of(command: Command, wanted: impl Fn(&str) -> bool) -> Command {
    let file = Arg::new("config")
        .long("config")
        .env("PAPERTAPE_CONFIG")
        .value_name("FILE")
        .help("A TOML file with any of these settings");
    TABLE.iter().filter(|setting| wanted(setting.name)).fold(command.arg(file), |command, setting| {
        let default =
            if setting.default.is_empty() { String::new() } else { format!(" [default: {}]", setting.default) };
        let mut argument = Arg::new(setting.name)
            .long(setting.name)
            .env(environment_name(setting.name))
            .hide_env_values(true)
            .value_name(setting.value)
            .action(ArgAction::Set)
            .allow_negative_numbers(true)
            .help(format!("{}{default}", setting.help));
        if setting.value == "BOOL" {
            argument = argument.num_args(0..=1).default_missing_value("true").require_equals(true);
        }
        command.arg(argument)
    })
}

fn environment_name(name: &str) -> String {
    format!("PAPERTAPE_{}", name.replace('-', "_").to_ascii_uppercase())
}

/// The table for the README, in Markdown.
#[must_use]
pub fn settings_table() -> String {
    let mut text = String::from("| setting | default | meaning |\n|---|---|---|\n");
    for setting in TABLE {
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        let _ = writeln!(text, "| `--{}` | {default} | {} |", setting.name, setting.help);
    }
    text
}

impl Settings {
    /// From flags, environment and the file that they name.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn from_matches(matches: &ArgMatches) -> Result<Self, ConfigError> {
        let file = match matches.get_one::<String>("config") {
            Some(path) => read_file(Path::new(path))?,
            None => BTreeMap::new(),
        };
        // A command has only the flags that concern it; the rest comes from the file and the defaults.
        let flag = |name: &str| matches.try_get_one::<String>(name).ok().flatten().cloned();
        Self::read(&|name| flag(name).or_else(|| file.get(name).cloned()))
    }

    /// From the text of a settings file alone; what it leaves out has its default.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let file = parse_file(Path::new("settings"), text)?;
        Self::read(&|name| file.get(name).cloned())
    }

    fn read(given: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let values = Values { given };
        let symbols = values.list("symbols").iter().map(|text| values.symbol(text)).collect::<Result<_, _>>()?;
        let hour = Duration::from_secs(3_600);
        let access_life = Duration::from_secs(60) * values.number::<u32>("access-minutes")?;
        if access_life.is_zero() || access_life > 24 * hour {
            return Err(values.wrong("access-minutes", "must be between 1 and 1440"));
        }
        let sim_rate = values.number::<f64>("sim-rate")?;
        if !(sim_rate > 0.0 && sim_rate <= 1_000.0) {
            return Err(values.wrong("sim-rate", "must be above 0 and at most 1000"));
        }
        let segment_megabytes = values.number::<u64>("segment-megabytes")?;
        if !(1..=4_096).contains(&segment_megabytes) {
            return Err(values.wrong("segment-megabytes", "must be between 1 and 4096"));
        }
        Ok(Self {
            listen: values.number("listen")?,
            data_dir: PathBuf::from(values.text("data-dir")),
            feed: values.choice(
                "feed",
                &[("sim", FeedKind::Sim), ("alpaca", FeedKind::Alpaca), ("replay", FeedKind::Replay)],
            )?,
            feed_url: values.text("feed-url"),
            feed_key: values.text("feed-key"),
            feed_secret: values.text("feed-secret"),
            feed_encoding: values.choice(
                "feed-encoding",
                &[("json", Encoding::Json), ("msgpack", Encoding::MessagePack), ("binary", Encoding::Binary)],
            )?,
            feed_round_lots: values.flag("feed-round-lots")?,
            replay_files: values.list("replay-files").into_iter().map(PathBuf::from).collect(),
            replay_lean: Some(values.text("replay-lean")).filter(|root| !root.is_empty()).map(PathBuf::from),
            replay_from: values.date("replay-from")?,
            replay_to: values.date("replay-to")?,
            replay_speed: values.replay_speed()?,
            symbols,
            calendar: values.choice(
                "calendar",
                &[("", None), ("XNYS", Some(Calendar::OfInstrument)), ("24x7", Some(Calendar::AlwaysOpen))],
            )?,
            clock: values.choice("clock", &[("wall", ClockMode::Wall), ("feed", ClockMode::Feed)])?,
            shards: values.optional("shards")?,
            durability: values.choice(
                "durability",
                &[("journal", Durability::Journal), ("behind", Durability::Behind), ("off", Durability::Off)],
            )?,
            demo: values.flag("demo")?,
            sim_seed: values.number("sim-seed")?,
            sim_rate,
            sim_always_open: values.choice("sim-sessions", &[("always", true), ("xnys", false)])?,
            quote_age_max: Duration::from_secs(values.number::<u32>("quote-age-max")?.into()),
            starting_balance: values.balance()?,
            access_life,
            refresh_life: 24 * hour * values.number::<u16>("refresh-days")?.into(),
            origins: values.list("origins"),
            connections_max: values.number("connections-max")?,
            connections_per_ip_max: values.number("connections-per-ip-max")?,
            rate_limit: values.number("rate-limit")?,
            segment_bytes_max: segment_megabytes << 20,
            keep: values.choice("keep", &[("whole", Keep::Whole), ("snapshots", Keep::Snapshots)])?,
            space: values.space()?,
            log: values.text("log"),
            log_json: values.choice("log-format", &[("text", false), ("json", true)])?,
        })
    }

    /// The calendar that rules: what was asked, or the feed's default.
    pub(crate) fn effective_calendar(&self) -> Calendar {
        self.calendar.unwrap_or(match self.feed {
            FeedKind::Sim => Calendar::AlwaysOpen,
            FeedKind::Alpaca | FeedKind::Replay => Calendar::OfInstrument,
        })
    }
}

/// Reads values by name, the table's default where none was given.
struct Values<'a> {
    given: &'a dyn Fn(&str) -> Option<String>,
}

impl Values<'_> {
    fn text(&self, name: &'static str) -> String {
        let default = TABLE.iter().find(|setting| setting.name == name).map_or("", |setting| setting.default);
        (self.given)(name).unwrap_or_else(|| default.to_owned())
    }

    fn wrong(&self, name: &'static str, reason: impl Into<String>) -> ConfigError {
        ConfigError::Value { name, value: self.text(name), reason: reason.into() }
    }

    fn number<T: std::str::FromStr<Err: std::fmt::Display>>(&self, name: &'static str) -> Result<T, ConfigError> {
        self.text(name).trim().parse::<T>().map_err(|error| self.wrong(name, error.to_string()))
    }

    fn optional<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        if self.text(name).is_empty() { Ok(None) } else { self.number(name).map(Some) }
    }

    fn choice<T: Copy>(&self, name: &'static str, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let text = self.text(name);
        let found = choices.iter().find(|(choice, _)| choice.eq_ignore_ascii_case(&text));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> =
                choices.iter().map(|(choice, _)| *choice).filter(|choice| !choice.is_empty()).collect();
            self.wrong(name, format!("must be one of: {}", names.join(", ")))
        })
    }

    fn flag(&self, name: &'static str) -> Result<bool, ConfigError> {
        self.choice(name, &[("true", true), ("false", false), ("1", true), ("0", false)])
    }

    fn list(&self, name: &'static str) -> Vec<String> {
        self.text(name).split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    fn symbol(&self, text: &str) -> Result<Symbol, ConfigError> {
        Symbol::parse(&text.to_ascii_uppercase())
            .map_err(|error| self.wrong("symbols", format!("{text}: {error}")))
    }

    fn date(&self, name: &'static str) -> Result<Option<Date>, ConfigError> {
        let text = self.text(name);
        if text.is_empty() {
            return Ok(None);
        }
        let day: jiff::civil::Date =
            text.parse().map_err(|_| self.wrong(name, "must be a day such as 2013-10-07"))?;
        Ok(Some(Date::from_civil(day.year().into(), day.month().into(), day.day().into())))
    }

    fn replay_speed(&self) -> Result<Speed, ConfigError> {
        match self.text("replay-speed").as_str() {
            "max" => Ok(Speed::Full),
            _ => self.number("replay-speed").map(Speed::Times),
        }
    }

    /// A number of bytes with its unit, such as 256MiB.
    fn bytes(&self, name: &'static str) -> Result<u64, ConfigError> {
        let text = self.text(name);
        let text = text.trim();
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1_000,
            "kib" => 1 << 10,
            "mb" => 1_000_000,
            "mib" => 1 << 20,
            "gb" => 1_000_000_000,
            "gib" => 1 << 30,
            _ => return Err(self.wrong(name, "the unit must be B, KB, KiB, MB, MiB, GB or GiB")),
        };
        let number = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
        number.ok_or_else(|| self.wrong(name, "must be a whole number and a unit, such as 256MiB"))
    }

    fn space(&self) -> Result<SpaceLimits, ConfigError> {
        let limits = SpaceLimits {
            soft_bytes: self.bytes("space-soft")?,
            hard_bytes: self.bytes("space-hard")?,
            ballast_bytes: self.bytes("space-ballast")?,
        };
        if limits.hard_bytes > limits.soft_bytes {
            return Err(self.wrong("space-hard", "must not be above --space-soft"));
        }
        if limits.ballast_bytes > BALLAST_BYTES_MAX {
            return Err(self.wrong("space-ballast", "must be at most 1GiB"));
        }
        Ok(limits)
    }

    fn balance(&self) -> Result<Money, ConfigError> {
        let amount = self.number::<Money>("starting-balance")?;
        if !amount.is_positive() || amount > model::limits::MONEY_MAX {
            return Err(self.wrong("starting-balance", "must be above 0 and at most 1000000000000"));
        }
        Ok(amount)
    }
}

/// The file's settings as text, each known by the table.
fn read_file(path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
    parse_file(path, &text)
}

fn parse_file(path: &Path, text: &str) -> Result<BTreeMap<String, String>, ConfigError> {
    let format = |reason: String| ConfigError::Format { path: path.to_owned(), reason };
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| format(error.to_string()))?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        let name = key.replace('_', "-");
        if !TABLE.iter().any(|setting| setting.name == name) {
            return Err(format(format!("{key} is not a setting")));
        }
        values.insert(
            name,
            plain_text(&value).ok_or_else(|| format(format!("{key} must be a plain value or a list")))?,
        );
    }
    Ok(values)
}

fn plain_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => Some(value.to_string()),
        toml::Value::Array(items) => {
            Some(items.iter().map(plain_text).collect::<Option<Vec<String>>>()?.join(","))
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Settings, ConfigError> {
        let command = add_arguments(Command::new("serve").no_binary_name(true));
        Settings::from_matches(&command.try_get_matches_from(arguments).expect("known flags"))
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let text =
            "listen = \"127.0.0.1:9000\"\nsymbols = [\"AAPL\", \"btc/usd\"]\nshards = 4\nfeed_round_lots = true\n";
        std::fs::write(file.path(), text).expect("writes");
        let path = file.path().to_str().expect("a plain path");
        let settings = parse(&["--config", path, "--shards", "2", "--demo"]).expect("valid");
        assert_eq!(settings.listen.port(), 9_000);
        assert_eq!(settings.shards, Some(2));
        assert!(settings.demo && settings.feed_round_lots);
        let symbols: Vec<String> = settings.symbols.iter().map(ToString::to_string).collect();
        assert_eq!(symbols, ["AAPL", "BTC/USD"]);
        assert_eq!(settings.starting_balance, Money::whole(100_000));
        std::fs::write(file.path(), "leverage = 3\n").expect("writes");
        assert!(parse(&["--config", path]).is_err_and(|error| error.to_string().contains("leverage")));
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        for (flag, value) in [
            ("--listen", "here"),
            ("--feed", "reuters"),
            ("--calendar", "XLON"),
            ("--clock", "cuckoo"),
            ("--shards", "-1"),
            ("--sim-rate", "NaN"),
            ("--access-minutes", "0"),
            ("--starting-balance", "-5"),
            ("--symbols", "A B"),
            ("--durability", "maybe"),
            ("--space-soft", "much"),
            ("--space-hard", "5 parsec"),
            ("--space-hard", "1GiB"),
            ("--space-ballast", "2GiB"),
        ] {
            let error = parse(&[flag, value]).expect_err(flag).to_string();
            assert!(error.contains(flag), "{error}");
        }
    }

    #[test]
    fn sizes_have_units() {
        let settings = parse(&["--space-soft", "2 GiB", "--space-hard", "1500", "--space-ballast", "3mb"]);
        let space = settings.expect("valid").space;
        assert_eq!((space.soft_bytes, space.hard_bytes, space.ballast_bytes), (2_147_483_648, 1_500, 3_000_000));
        let defaults = parse(&[]).expect("valid").space;
        assert_eq!(defaults, SpaceLimits::default());
    }

    #[test]
    fn the_calendar_follows_the_feed_unless_it_is_named() {
        assert_eq!(parse(&[]).expect("valid").effective_calendar(), Calendar::AlwaysOpen);
        assert_eq!(parse(&["--feed", "alpaca"]).expect("valid").effective_calendar(), Calendar::OfInstrument);
        let named = parse(&["--feed", "alpaca", "--calendar", "24x7"]).expect("valid");
        assert_eq!(named.effective_calendar(), Calendar::AlwaysOpen);
    }

    #[test]
    fn the_readme_holds_the_table_as_it_is() {
        let readme = include_str!("../../README.md");
        assert!(readme.contains(&settings_table()), "run `papertape settings` and put its output into README.md");
    }

    #[test]
    fn the_table_names_every_setting_once() {
        let table = settings_table();
        for setting in TABLE {
            assert_eq!(table.matches(&format!("| `--{}` |", setting.name)).count(), 1, "{}", setting.name);
        }
    }
}
