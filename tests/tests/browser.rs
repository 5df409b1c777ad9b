//! The interface as a person uses it, in a real browser against the real server.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Stdio;
use tests::server::{Server, Setup};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_trades_in_the_browser_and_a_restart_loses_nothing() -> Result<()> {
    let restarts = act("trade.mjs").await?;
    ensure!(restarts == 1, "the server was restarted {restarts} times");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_sends_every_type_of_order_and_a_bracket() -> Result<()> {
    act("orders.mjs").await.map(|_| ())
}

/// Runs a script against a server of its own, which is killed and started again whenever the script wishes;
/// says how often that was.
async fn act(name: &str) -> Result<u32> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let driver = folder.join("../web/node_modules/playwright-core");
    ensure!(driver.is_dir(), "the browser's driver is missing: `npm ci` in web/ brings it");
    let mut server = Server::start(Setup::with(["--feed", "sim", "--sim-seed", "1"])).await?;
    let mut script = Command::new("node")
        .arg(folder.join("browser").join(name))
        .arg(server.url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("the browser test needs node")?;
    let mut answers = script.stdin.take().context("the script reads answers")?;
    let mut wishes = BufReader::new(script.stdout.take().context("the script writes wishes")?).lines();
    let mut restarts = 0;
    while let Some(wish) = wishes.next_line().await? {
        ensure!(wish == "restart", "the script wrote {wish}");
        server.kill()?;
        server.restart().await?;
        answers.write_all(b"restarted\n").await?;
        restarts += 1;
    }
    let status = script.wait().await?;
    ensure!(status.success(), "the script ended with {status}; the server wrote:\n{}", server.log());
    Ok(restarts)
}
