//! `papertape loadtest`: the load tester's flags, its progress and its results.
//!
//! Owns nothing of the test itself, which is the `load` crate's. Progress goes to stderr and only to a
//! terminal unless asked for; the result alone goes to stdout.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use feeds::Encoding;
use load::{Arrivals, Limits, LoadError, OrderPlan, Plan, Report, StreamPlan, Target, TickPlan};
use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "Examples:
  papertape loadtest
      starts a server of its own on an empty directory, loads it for a quarter of a minute, and removes it
  papertape loadtest --ticks 1000000 --encoding binary --ticks-per-frame 100 --orders 0 --clients 0
      how many ticks a second the feed takes in
  papertape loadtest --orders 20000 --connections 256 --clients 1000 --stalled 1000 --duration 60
      orders, a thousand readers, and a thousand clients that never read
  papertape loadtest --p99-max 20 --errors-max 0 --json result.json
      for a pipeline: exit code 1 when a limit is missed
  papertape loadtest -- --durability off --shards 2
      what follows the two dashes goes to the server that is started
  papertape loadtest --target 127.0.0.1:8080 --feed-listen 127.0.0.1:9000
      against a server that runs; it must follow the feed, with the flags that are printed

Arrivals are fixed before the first of them, and latency counts from when each was due: what a stalled
server keeps waiting is measured, not left out. The same seed gives the same arrivals, market and orders.
Exit codes: 0 within its limits, 1 a limit was missed or the test could not be made, 2 wrong usage.";

/// A flag that takes a number.
fn number(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("COUNT")
        .default_value(default)
        .value_parser(value_parser!(u64))
        .help(help)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let millis: f64 = text.parse().map_err(|_| "must be a number of milliseconds".to_owned())?;
    Duration::try_from_secs_f64(millis / 1_000.0).map_err(|error| error.to_string())
}

fn encoding(text: &str) -> Result<Encoding, String> {
    match text {
        "json" => Ok(Encoding::Json),
        "msgpack" => Ok(Encoding::MessagePack),
        "binary" => Ok(Encoding::Binary),
        _ => Err("must be json, msgpack or binary".to_owned()),
    }
}

fn arrivals(text: &str) -> Result<Arrivals, String> {
    match text {
        "constant" => Ok(Arrivals::Constant),
        "poisson" => Ok(Arrivals::Poisson),
        _ => Err("must be constant or poisson".to_owned()),
    }
}

/// The command and its flags.
pub(crate) fn command() -> Command {
    let command = Command::new("loadtest")
        .about("Loads a server with ticks, orders and streaming clients, and measures it")
        .after_help(EXAMPLES)
        .arg(
            Arg::new("target")
                .long("target")
                .value_name("ADDRESS")
                .value_parser(value_parser!(SocketAddr))
                .help("A server that runs, as 127.0.0.1:8080; absent: one is started for the test"),
        );
    let command = result_arguments(schedule_arguments(load_arguments(command)));
    command.arg(
        Arg::new("serve-flags")
            .last(true)
            .num_args(0..)
            .value_name("SERVE FLAGS")
            .help("Flags for the server that is started"),
    )
}

fn load_arguments(command: Command) -> Command {
    command
        .arg(number("ticks", "10000", "Ticks a second over the feed's WebSocket"))
        .arg(
            Arg::new("encoding")
                .long("encoding")
                .value_name("FORM")
                .default_value("json")
                .value_parser(encoding)
                .help("Form of the feed: json, msgpack or binary"),
        )
        .arg(number("ticks-per-frame", "1", "Ticks in one frame of the feed"))
        .arg(number("symbols", "100", "Instruments that tick"))
        .arg(
            Arg::new("feed-listen")
                .long("feed-listen")
                .value_name("ADDRESS")
                .default_value("127.0.0.1:0")
                .value_parser(value_parser!(SocketAddr))
                .help("Where the feed listens; port 0 takes a free one"),
        )
        .arg(number("orders", "1000", "Requests a second: orders, cancels and replacements"))
        .arg(number("connections", "64", "Keep-alive connections that they take turns on"))
        .arg(number("users", "4", "Users that are registered for the test"))
        .arg(number("portfolios", "8", "Portfolios of each user"))
        .arg(number("clients", "32", "Streaming clients that read and check every message"))
        .arg(number("stalled", "0", "Streaming clients that subscribe and never read"))
}

fn schedule_arguments(command: Command) -> Command {
    let time = |name, default, help| {
        let argument = Arg::new(name).long(name).value_name("SECONDS");
        argument.default_value(default).value_parser(seconds).help(help)
    };
    command
        .arg(time("warm-up", "3", "Load before measuring begins"))
        .arg(time("duration", "10", "How long is measured"))
        .arg(
            Arg::new("arrivals")
                .long("arrivals")
                .value_name("KIND")
                .default_value("constant")
                .value_parser(arrivals)
                .help("constant (equal distances) or poisson (random ones)"),
        )
        .arg(number("seed", "1", "Names the arrivals, the market and the orders"))
}

fn result_arguments(command: Command) -> Command {
    command
        .arg(
            Arg::new("p99-max")
                .long("p99-max")
                .value_name("MILLISECONDS")
                .value_parser(milliseconds)
                .help("Fails when the 99th percentile of orders is above this"),
        )
        .arg(
            Arg::new("errors-max")
                .long("errors-max")
                .value_name("COUNT")
                .value_parser(value_parser!(u64))
                .help("Fails when more requests or stream messages went wrong"),
        )
        .arg(
            Arg::new("progress")
                .long("progress")
                .action(ArgAction::SetTrue)
                .help("Tells the progress on stderr even where that is no terminal"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .value_name("FILE")
                .num_args(0..=1)
                .default_missing_value("-")
                .value_parser(value_parser!(PathBuf))
                .help("Writes the result as JSON to a file, or in place of the table to stdout"),
        )
}

/// Reads the flags.
fn plan(matches: &ArgMatches) -> Result<Plan, LoadError> {
    let count = |name: &str| matches.get_one::<u64>(name).copied().unwrap_or_default();
    let size = |name: &str| usize::try_from(count(name)).unwrap_or(usize::MAX);
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let target = match matches.get_one::<SocketAddr>("target") {
        Some(address) => Target::Running(*address),
        None => {
            let flags = matches.get_many::<String>("serve-flags").unwrap_or_default();
            Target::Child { binary: std::env::current_exe()?, flags: flags.cloned().collect() }
        }
    };
    let time = |name: &str| matches.get_one::<Duration>(name).copied();
    Ok(Plan {
        target,
        seed: count("seed"),
        arrivals: matches.get_one::<Arrivals>("arrivals").copied().unwrap_or_default(),
        warm_up: time("warm-up").unwrap_or_default(),
        measured: time("duration").unwrap_or_default(),
        ticks: TickPlan {
            per_second: count("ticks"),
            encoding: matches.get_one::<Encoding>("encoding").copied().unwrap_or_default(),
            per_frame: u32::try_from(count("ticks-per-frame")).unwrap_or(u32::MAX),
            symbols: size("symbols"),
            listen: matches.get_one::<SocketAddr>("feed-listen").copied().unwrap_or(any_port),
        },
        orders: OrderPlan {
            per_second: count("orders"),
            connections: size("connections"),
            users: size("users"),
            portfolios: size("portfolios"),
        },
        streams: StreamPlan { readers: size("clients"), stalled: size("stalled") },
        limits: Limits { p99_max: time("p99-max"), errors_max: matches.get_one::<u64>("errors-max").copied() },
    })
}

/// Makes the test, prints what it found, and fails when a limit was missed.
///
/// # Errors
/// See [`LoadError`].
pub(crate) async fn run(matches: &ArgMatches) -> Result<(), LoadError> {
    let plan = plan(matches)?;
    let is_told = matches.get_flag("progress") || std::io::stderr().is_terminal();
    let tell = |line: &str| {
        if is_told {
            // Without a stderr there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    };
    let interrupted = async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    };
    let report = tokio::select! {
        report = load::run(&plan, tell) => report?,
        interrupted = interrupted => {
            interrupted?;
            return Err(LoadError::Plan("the test was interrupted".to_owned()));
        }
    };
    write(&report, matches.get_one::<PathBuf>("json"))?;
    if report.missed.is_empty() {
        return Ok(());
    }
    let missed: Vec<String> = report
        .missed
        .iter()
        .map(|missed| format!("{} {} where {} is allowed", missed.limit, missed.found, missed.allowed))
        .collect();
    Err(LoadError::Missed(missed.join("; ")))
}

fn write(report: &Report, json: Option<&PathBuf>) -> std::io::Result<()> {
    let document = || serde_json::to_string_pretty(report).map(|text| text + "\n").map_err(std::io::Error::from);
    let text = match json {
        Some(path) if path.as_os_str() == "-" => document()?,
        Some(path) => {
            std::fs::write(path, document()?)?;
            report.table()
        }
        None => report.table(),
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Plan {
        let matches =
            command().try_get_matches_from([&["loadtest"], words].concat()).expect("flags that are there");
        plan(&matches).expect("a plan")
    }

    #[test]
    fn the_defaults_of_the_flags_are_those_of_the_plan() {
        let expected = Plan::default();
        let found = read(&[]);
        assert_eq!(Plan { target: expected.target.clone(), ..found }, expected);
    }

    #[test]
    fn flags_are_read_and_those_behind_two_dashes_go_to_the_server() {
        let found =
            read(&["--ticks", "5", "--encoding", "binary", "--p99-max", "1.5", "--", "--durability", "off"]);
        assert_eq!((found.ticks.per_second, found.ticks.encoding), (5, Encoding::Binary));
        assert_eq!(found.limits.p99_max, Some(Duration::from_micros(1_500)));
        let Target::Child { flags, .. } = found.target else { panic!("a child") };
        assert_eq!(flags, ["--durability", "off"]);
        assert!(matches!(read(&["--target", "127.0.0.1:80"]).target, Target::Running(_)));
    }

    #[test]
    fn odd_values_are_refused() {
        for words in [["--duration", "-1"], ["--encoding", "xml"], ["--ticks", "many"], ["--arrivals", "never"]] {
            assert!(command().try_get_matches_from([&["loadtest"], &words[..]].concat()).is_err(), "{words:?}");
        }
    }
}
