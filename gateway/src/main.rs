//! The `papertape` binary: hands the command line over and reports what went wrong.

use anyhow::Context as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    gateway::cli::run().context("papertape ended with a failure")
}
