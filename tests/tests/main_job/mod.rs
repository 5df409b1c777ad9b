//! The main job on real input: a recorded week over a real WebSocket, thousands of orders over REST,
//! and fills that equal those of the naive model, order by order.
//!
//! Engine time follows the tape, whose ticks all have times of their own. The time at which an
//! order was taken therefore says exactly between which two ticks it came, and the model can be
//! given the same orders at the same places.

mod compare;
mod tape;
mod trader;

use anyhow::{Context, Result, ensure};
use std::sync::Arc;
use tests::alpaca_feed::AlpacaFeed;
use tests::client::Client;
use tests::ibm;
use tests::server::{Server, Setup};

/// Portfolios that trade at the same time.
const PORTFOLIOS: usize = 50;
/// Commands that each of them sends.
const COMMANDS: usize = 62;
/// The seed of every choice; a run with another one is as good.
const SEED: u64 = 20_131_007;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fills_of_a_recorded_week_equal_the_naive_model() -> Result<()> {
    let Some(folder) = ibm::data_folder() else {
        eprintln!("skipped: the shared market data is not on this machine");
        return Ok(());
    };
    let seed = std::env::var("PAPERTAPE_SEED").ok().map_or(Ok(SEED), |text| text.parse())?;
    eprintln!("seed {seed}");
    let ticks = Arc::new(ibm::load(&folder)?);
    let feed = Arc::new(AlpacaFeed::start().await?);
    let mut flags = feed.flags();
    flags.extend(["--clock", "feed", "--calendar", "XNYS", "--symbols", ibm::SYMBOL].map(str::to_owned));
    let mut server = Server::start(Setup::with(flags)).await?;
    let client = Client::register(&server.url(), "tape-reader").await?;
    let lot = lot_size(&client).await?;

    let mut traders = Vec::new();
    for index in 0..PORTFOLIOS {
        traders.push(trader::Trader::open(&client, index, seed).await?);
    }
    let balances: Vec<i128> = traders.iter().map(|trader| trader.balance).collect();
    let pace = Arc::new(tape::Pace::new(ticks.len(), PORTFOLIOS * COMMANDS));
    let player = tokio::spawn(tape::play(Arc::clone(&ticks), Arc::clone(&feed), Arc::clone(&pace)));
    let trading: Vec<_> =
        traders.into_iter().map(|trader| tokio::spawn(trader.trade(COMMANDS, Arc::clone(&pace)))).collect();
    let mut logs = Vec::new();
    for trader in trading {
        logs.push(trader.await??);
    }
    player.await??;
    let end = ticks.last().context("the tape holds ticks")?.time;
    for log in &mut logs {
        trader::send_until(log, end).await?;
    }
    ensure!(feed.subscriptions() == 1, "the feed was connected {} times", feed.subscriptions());

    let truth = compare::Truth { ticks: &ticks, balances: &balances, lot };
    compare::against_the_model(&truth, &logs).await?;
    ensure!(server.terminate().await?.success(), "the server did not drain:\n{}", server.log());
    Ok(())
}

async fn lot_size(client: &Client) -> Result<i128> {
    let found = client.list(&format!("/api/market/instruments/?q={}", ibm::SYMBOL)).await?;
    let row = found.iter().find(|row| row["symbol"] == ibm::SYMBOL).context("the instrument is listed")?;
    Ok(tests::fixed::parse(row["lot_size"].as_str().context("an instrument has a lot size")?))
}
