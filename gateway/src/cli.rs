//! The command line: what can be asked of the binary, with help that teaches.

use crate::config::{Settings, add_arguments, settings_table};
use crate::serve::{ServeError, Server, serve};
use crate::{demo, openapi};
use clap::{ArgMatches, Command};
use std::io::Write as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

const SERVE_EXAMPLES: &str = "Examples:
  papertape serve --demo
      the simulated market, with a user to look around as
  papertape serve --listen 0.0.0.0:8080 --data-dir /var/lib/papertape
      for others on the network, with its data where data belongs
  papertape serve --feed alpaca --feed-url ws://127.0.0.1:9000/v2/iex --feed-key K --feed-secret S
      prices from any server that speaks Alpaca's market-data protocol

Every flag can also be set as PAPERTAPE_<FLAG> or in a TOML file given by --config.";

/// Why the binary ends with a failure.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The settings cannot be used.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// The server could not start or ended badly.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Output or signals failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

fn command() -> Command {
    let serve = Command::new("serve")
        .about("Runs the server: API, live streams and the web interface")
        .after_help(SERVE_EXAMPLES);
    Command::new("papertape")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Paper trading against a live, simulated or replayed market")
        .after_help("Begin with: papertape serve --demo")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(add_arguments(serve))
        .subcommand(Command::new("openapi").about("Prints the OpenAPI document of the API"))
        .subcommand(Command::new("settings").about("Prints every setting as a Markdown table"))
}

/// Runs what the command line asks for.
///
/// # Errors
/// See [`CliError`]; wrong usage ends the process with a hint, as is usual.
pub fn run() -> Result<(), CliError> {
    match command().get_matches().subcommand() {
        Some(("serve", matches)) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(serve_until_told(matches))
        }
        Some(("openapi", _)) => print(&format!("{}\n", openapi::document())),
        Some(("settings", _)) => print(&settings_table()),
        Some(_) | None => Ok(()),
    }
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
    greet(&settings, &server)?;
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

fn greet(settings: &Settings, server: &Server) -> Result<(), CliError> {
    let address = server.address();
    let mut text = format!("Papertape is ready: http://{address}/\n  API: http://{address}/docs/\n");
    if settings.demo {
        text.push_str(&format!("  Sign in as {} with the password {}\n", demo::USERNAME, demo::PASSWORD));
    }
    text.push_str("  Ctrl-C stops it; everything is kept.\n");
    print(&text)
}

fn start_logs(settings: &Settings) {
    let filter = EnvFilter::try_new(&settings.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
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
}
