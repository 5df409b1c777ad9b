//! The command line: what can be asked of the binary, with help that teaches.
//!
//! Exit codes: 0 done, 1 a failure that is told on stderr, 2 wrong usage.

use crate::config::{
    Calendar, FeedKind, Settings, add_arguments, add_directory_argument, add_feed_arguments, settings_table,
};
use crate::record::{RecordPlan, RecordingError, record};
use crate::salvage::{self, SalvageCommandError};
use crate::serve::{ServeError, Server, serve};
use crate::verify::{VerifyError, verify};
use crate::{demo, loadtest, openapi};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use feeds::record::Rotation;
use runtime::Durability;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

const HELP: &str = "Begin with:
  papertape serve --demo
      the simulated market on http://127.0.0.1:8080, with a user to look around as

Exit codes: 0 done, 1 a failure that is told on stderr, 2 wrong usage.";

const SERVE_EXAMPLES: &str = "Examples:
  papertape serve --demo
      the simulated market, with a user to look around as
  papertape serve --listen 0.0.0.0:8080 --data-dir /var/lib/papertape
      for others on the network, with its data where data belongs
  papertape serve --feed alpaca --feed-url ws://127.0.0.1:9000/v2/iex --feed-key K --feed-secret S
      prices from any server that speaks Alpaca's market-data protocol
  papertape serve --feed replay --replay-files ticks.csv --replay-speed 1 --clock feed
      a recording, as fast as it was
  papertape serve --feed replay --replay-lean lean/Data --symbols IBM --replay-from 2013-10-07 \\
      --replay-to 2013-10-11 --clock feed
      a week of LEAN tick files, as fast as ticks are taken

Every flag can also be set as PAPERTAPE_<FLAG> or in a TOML file given by --config.
SIGTERM and Ctrl-C finish requests under way and end with exit code 0. A disk that fails or is full does
not end it: reads go on, and trading does once the disk takes writes again (see GET /readyz).";

const RECORD_EXAMPLES: &str = "Examples:
  papertape record --out ticks.csv --seconds 60
      a minute of the simulated market
  papertape record --out tapes/iex.csv --rotate day --feed alpaca --symbols AAPL,MSFT --feed-key K
      a file for each day (iex-000001.csv and so on), the secret in PAPERTAPE_FEED_SECRET

It tells its progress on stderr and its result on stdout, and never overwrites a file. Play it back with
papertape serve --feed replay --replay-files ticks.csv
Exit codes: 0 recorded, 1 the feed or the disk failed, 2 wrong usage.";

const VERIFY_EXAMPLES: &str = "Examples:
  papertape verify --data-dir /var/lib/papertape
  papertape verify --data-dir backup --json

It tells batches, events and bytes of each segment, and of each damage segment, shard, event and hashes.
The server must not be running on the directory. Nothing is changed.
Exit codes: 0 whole, 1 damaged or in use, 2 wrong usage.";

/// Why the binary ends with a failure.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The settings cannot be used.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// The server could not start or ended badly.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The recording could not be made.
    #[error(transparent)]
    Record(#[from] RecordingError),
    /// The journal is not whole.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The load test could not be made, or missed a limit.
    #[error(transparent)]
    Load(#[from] load::LoadError),
    /// No new directory was made from a damaged one.
    #[error(transparent)]
    Salvage(#[from] SalvageCommandError),
    /// Output or signals failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

fn json_flag() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Prints the result as JSON")
}

fn record_command() -> Command {
    let command = Command::new("record")
        .about("Records a feed to files that can be replayed")
        .after_help(RECORD_EXAMPLES)
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("FILE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("The file; with --rotate the name that the parts' names are made from"),
        )
        .arg(
            Arg::new("rotate")
                .long("rotate")
                .value_name("WHEN")
                .default_value("never")
                .value_parser(rotation)
                .help("When to begin a new file: never, day, or a size in megabytes"),
        )
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_name("COUNT")
                .value_parser(value_parser!(u32))
                .help("How long to record; until Ctrl-C when absent"),
        )
        .arg(json_flag());
    add_feed_arguments(command)
}

fn rotation(text: &str) -> Result<Rotation, String> {
    match text {
        "never" => Ok(Rotation::Never),
        "day" => Ok(Rotation::ByDay),
        size => match size.parse::<u64>() {
            Ok(megabytes @ 1..=1_000_000) => Ok(Rotation::BySize { bytes_max: megabytes << 20 }),
            Ok(_) | Err(_) => Err("must be never, day, or a size in megabytes".to_owned()),
        },
    }
}

fn command() -> Command {
    let serve = Command::new("serve")
        .about("Runs the server: API, live streams and the web interface")
        .after_help(SERVE_EXAMPLES);
    let verify = Command::new("verify")
        .about("Reads the whole journal back and checks every hash")
        .after_help(VERIFY_EXAMPLES)
        .arg(json_flag());
    Command::new("papertape")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Paper trading against a live, simulated or replayed market")
        .after_help(HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(add_arguments(serve))
        .subcommand(record_command())
        .subcommand(add_directory_argument(verify))
        .subcommand(add_directory_argument(salvage::command()))
        .subcommand(loadtest::command())
        .subcommand(Command::new("openapi").about("Prints the OpenAPI document of the API, as JSON"))
        .subcommand(Command::new("settings").about("Prints every setting as a Markdown table"))
}

/// Runs what the command line asks for.
///
/// # Errors
/// See [`CliError`]; wrong usage ends the process with a hint, as is usual.
pub fn run() -> Result<(), CliError> {
    match command().get_matches().subcommand() {
        Some(("serve", matches)) => asynchronous()?.block_on(serve_until_told(matches)),
        Some(("record", matches)) => asynchronous()?.block_on(record_until_told(matches)),
        Some(("verify", matches)) => verify_now(matches),
        Some(("salvage", matches)) => salvage_now(matches),
        Some(("loadtest", matches)) => Ok(asynchronous()?.block_on(loadtest::run(matches))?),
        Some(("openapi", _)) => print(&format!("{}\n", openapi::document())),
        Some(("settings", _)) => print(&settings_table()),
        Some(_) | None => Ok(()),
    }
}

fn asynchronous() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

async fn serve_until_told(matches: &ArgMatches) -> Result<(), CliError> {
    let settings = Settings::from_matches(matches)?;
    start_logs(&settings);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut server = serve(settings.clone()).await?;
    print(&greeting(&settings, &server))?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        failure = server.failed() => {
            tracing::error!(%failure, "stopping: what was acknowledged is on disk; start again to recover");
            // Whatever stopping says, the failure is what ended the server.
            let _ = server.stop().await;
            return Err(ServeError::Failed(failure).into());
        }
    }
    tracing::info!("draining");
    server.stop().await?;
    tracing::info!("stopped");
    Ok(())
}

fn greeting(settings: &Settings, server: &Server) -> String {
    let address = server.address();
    let feed = match settings.feed {
        FeedKind::Sim => "the simulated exchange".to_owned(),
        FeedKind::Alpaca => settings.feed_url.clone(),
        FeedKind::Replay => "a recording".to_owned(),
    };
    let calendar = match settings.effective_calendar() {
        Calendar::AlwaysOpen => "24x7, always open",
        Calendar::OfInstrument => "XNYS, the sessions of the New York Stock Exchange",
    };
    let durability = match settings.durability {
        Durability::Journal => "journal: nothing is seen before it is on disk",
        Durability::Behind => "behind: a crash may take back what was seen",
        Durability::Off => "off: nothing survives",
    };
    let mut text = format!(
        "Papertape is ready: http://{address}/\n  API       http://{address}/docs/\n  prices    {feed}\n  \
         calendar  {calendar}\n  data      {}\n  kept      {durability}\n",
        settings.data_dir.display()
    );
    if settings.demo {
        text.push_str(&format!("  sign in   {} with the password {}\n", demo::USERNAME, demo::PASSWORD));
    }
    text.push_str(match settings.durability {
        Durability::Journal | Durability::Behind => "Ctrl-C stops it; everything is kept.\n",
        Durability::Off => "Ctrl-C stops it; nothing is kept.\n",
    });
    text
}

async fn record_until_told(matches: &ArgMatches) -> Result<(), CliError> {
    let settings = Settings::from_matches(matches)?;
    start_logs(&settings);
    let plan = RecordPlan {
        path: matches.get_one::<PathBuf>("out").cloned().unwrap_or_default(),
        rotation: matches.get_one::<Rotation>("rotate").copied().unwrap_or(Rotation::Never),
        lasting: matches.get_one::<u32>("seconds").map(|seconds| Duration::from_secs((*seconds).into())),
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stop, stopping) = watch::channel(false);
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.send_replace(true);
    });
    let report = record(&settings, plan, (stop, stopping)).await?;
    if matches.get_flag("json") {
        let files: Vec<String> = report.files.iter().map(|path| path.display().to_string()).collect();
        let json = serde_json::json!({"written": report.written, "dropped": report.dropped, "files": files});
        return print(&format!("{json}\n"));
    }
    let mut text = format!("{} ticks recorded, {} missing\n", report.written, report.dropped);
    for file in &report.files {
        text.push_str(&format!("  {}\n", file.display()));
    }
    print(&text)
}

fn verify_now(matches: &ArgMatches) -> Result<(), CliError> {
    let settings = Settings::from_matches(matches)?;
    let is_json = matches.get_flag("json");
    match verify(&settings.data_dir) {
        Ok(report) => {
            print(&if is_json { format!("{}\n", report.json()) } else { report.text() })?;
            Ok(report.result()?)
        }
        Err(error) => {
            if is_json {
                let json = serde_json::json!({"ok": false, "error": error.to_string()});
                print(&format!("{json}\n"))?;
            }
            Err(error.into())
        }
    }
}

fn salvage_now(matches: &ArgMatches) -> Result<(), CliError> {
    let settings = Settings::from_matches(matches)?;
    let mut tell = |text: &str| {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    };
    Ok(salvage::run(&settings.data_dir, matches, settings.segment_bytes_max, &mut tell)?)
}

fn start_logs(settings: &Settings) {
    let filter = EnvFilter::try_new(&settings.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let is_coloured =
        std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && std::io::stderr().is_terminal();
    let logs =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_coloured);
    // A second start in one process keeps the first one's logs.
    let _ = if settings.log_json { logs.json().try_init() } else { logs.try_init() };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_its_help_names_every_setting() {
        command().debug_assert();
        let help = command().find_subcommand_mut("serve").expect("it is there").render_long_help().to_string();
        for flag in
            ["--listen", "--data-dir", "--feed-url", "--calendar", "--clock", "--demo", "--config", "PAPERTAPE_"]
        {
            assert!(help.contains(flag), "{flag}");
        }
    }

    #[test]
    fn every_command_that_can_fail_tells_its_exit_codes() {
        for name in ["serve", "record", "verify", "salvage", "loadtest"] {
            let mut command = command();
            let help = command.find_subcommand_mut(name).expect("it is there").render_long_help().to_string();
            assert!(help.to_lowercase().contains("exit code"), "{name}");
        }
    }

    #[test]
    fn recordings_rotate_never_by_day_or_by_size() {
        assert_eq!(rotation("never"), Ok(Rotation::Never));
        assert_eq!(rotation("day"), Ok(Rotation::ByDay));
        assert_eq!(rotation("2"), Ok(Rotation::BySize { bytes_max: 2 * 1024 * 1024 }));
        for odd in ["", "0", "-1", "hour", "1.5"] {
            assert!(rotation(odd).is_err(), "{odd}");
        }
    }
}
