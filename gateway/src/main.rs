//! The `papertape` binary: hands the command line over and reports what went wrong.

use std::io::Write as _;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match gateway::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a stderr there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "papertape: {:#}", anyhow::Error::from(error));
            ExitCode::FAILURE
        }
    }
}
