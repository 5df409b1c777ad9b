//! Kills the server's process at random moments under load, and shows that nothing acknowledged was
//! lost, nothing happened twice, and nobody who resumes misses a message.

mod checks;
mod load;

use anyhow::{Result, ensure};
use load::{Desk, Generation};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tests::alpaca_feed::AlpacaFeed;
use tests::client::Client;
use tests::server::{Server, Setup};

/// How often the process is killed.
const KILLS: usize = 25;
/// Portfolios under load.
const DESKS: usize = 12;
/// Answers between a start and the kill after it, at least and at most.
const ANSWERS_BETWEEN_KILLS: std::ops::Range<usize> = 5..400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() -> Result<()> {
    let seed: u64 =
        std::env::var("PAPERTAPE_SEED").ok().map_or_else(|| Ok(rand::rng().random()), |text| text.parse())?;
    eprintln!("seed {seed} (PAPERTAPE_SEED repeats the choices, not the interleaving)");
    let mut random = StdRng::seed_from_u64(seed);
    let feed = Arc::new(AlpacaFeed::start().await?);
    let mut flags = feed.flags();
    // Small segments, so that sealing them and snapshots fall under the kills too.
    flags.extend(
        ["--calendar", "24x7", "--segment-megabytes", "1", "--symbols", &load::SYMBOLS.join(",")]
            .map(str::to_owned),
    );
    let mut server = Server::start(Setup::with(flags)).await?;
    let client = Client::register(&server.url(), "survivor").await?;

    let generation = Arc::new(Generation::default());
    let player = tokio::spawn(load::play(Arc::clone(&feed), Arc::clone(&generation), seed));
    let mut desks = Vec::new();
    let mut tasks = Vec::new();
    for index in 0..DESKS {
        let desk = Arc::new(Desk::open(&client, index).await?);
        let worker = load::work(Arc::clone(&desk), Arc::clone(&generation), random.random());
        let follower =
            load::follow(Arc::clone(&desk), Arc::clone(&generation), server.socket_url(), random.random());
        tasks.push(tokio::spawn(worker));
        tasks.push(tokio::spawn(follower));
        desks.push(desk);
    }
    for kill in 1..=KILLS {
        generation.until_more_answers(random.random_range(ANSWERS_BETWEEN_KILLS)).await;
        let promises: Vec<_> = desks.iter().map(|desk| desk.promises()).collect();
        server.kill()?;
        server.restart().await?;
        for (desk, promises) in desks.iter().zip(&promises) {
            checks::promises_are_kept(desk, promises).await?;
        }
        generation.server_is_back();
        let answers = generation.answers.load(Ordering::SeqCst);
        eprintln!("kill {kill}: {answers} answers so far, all acknowledged orders, cancels and fills are there");
        for task in &tasks {
            ensure!(!task.is_finished(), "a worker or follower gave up");
        }
    }
    generation.until_more_answers(ANSWERS_BETWEEN_KILLS.end).await;
    generation.stop();
    for task in tasks {
        task.await??;
    }
    player.abort();
    for desk in &desks {
        checks::everything_adds_up(desk).await?;
    }
    ensure!(server.terminate().await?.success(), "the server did not drain:\n{}", server.log());
    Ok(())
}
