//! The live stream: signing in, following, resuming, and what happens to those who cannot keep up.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tests::alpaca_feed::AlpacaFeed;
use tests::client::Client;
use tests::server::{Server, Setup};
use tests::stream::{self, Follower, Incoming};
use tokio::net::TcpSocket;
use tokio_tungstenite::{MaybeTlsStream, client_async};

/// A server on a market that says nothing, with one user and portfolio.
struct Stage {
    server: Server,
    _feed: AlpacaFeed,
    client: Client,
    portfolio: String,
}

impl Stage {
    async fn set() -> Result<Self> {
        let feed = AlpacaFeed::start().await?;
        let mut flags = feed.flags();
        flags.extend(["--calendar", "24x7"].map(str::to_owned));
        let server = Server::start(Setup::with(flags)).await?;
        let client = Client::register(&server.url(), "listener").await?;
        let portfolio = client.open_portfolio("main", "100000").await?;
        Ok(Self { server, _feed: feed, client, portfolio })
    }

    /// An order that rests, and its cancel: messages on the stream.
    async fn order_and_cancel(&self) -> Result<()> {
        let order = json!({
            "portfolio_id": self.portfolio, "symbol": "AAPL", "side": "BUY", "type": "LIMIT", "qty": "1",
            "limit_price": "1", "time_in_force": "GTC",
        });
        let reply = self.client.post("/api/paper/orders/", &order).await?;
        ensure!(reply.status == 201, "an order answered {reply:?}");
        let canceled = self.client.delete(&format!("/api/paper/orders/{}/", reply.text("id"))).await?;
        ensure!(canceled.status == 200, "a cancel answered {canceled:?}");
        Ok(())
    }

    async fn head(&self) -> Result<u64> {
        let mut socket = stream::open_signed_in(&self.server.socket_url(), self.client.token()).await?;
        let reply = Follower::new(&self.portfolio).subscribe(&mut socket, 0).await?;
        reply["head_seq"].as_u64().context("a subscription names the head")
    }
}

/// Reads until the follower has everything up to a number.
async fn read_to(socket: &mut stream::Socket, follower: &mut Follower, head: u64) -> Result<()> {
    while follower.last() < head {
        match stream::hear(socket).await? {
            Incoming::Json(message, text) => follower.keep(&message, &text),
            Incoming::Closed(code, reason) => bail!("closed with {code} {reason:?} at {}", follower.last()),
        }
    }
    Ok(())
}

async fn until_closed(socket: &mut stream::Socket) -> Result<u16> {
    loop {
        if let Incoming::Closed(code, _) = stream::hear(socket).await? {
            return Ok(code);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_sign_in_is_closed() -> Result<()> {
    let stage = Stage::set().await?;
    let mut silent = stream::open(&stage.server.socket_url()).await?;
    let mut wrong = stream::open(&stage.server.socket_url()).await?;
    stream::say(&mut wrong, &json!({"op": "auth", "token": "no such token"})).await?;
    ensure!(until_closed(&mut wrong).await? == 4001, "a wrong token closes with 4001");
    let mut early = stream::open(&stage.server.socket_url()).await?;
    let wish = json!({"op": "subscribe", "channel": "portfolio", "portfolio_id": stage.portfolio});
    stream::say(&mut early, &wish).await?;
    ensure!(until_closed(&mut early).await? == 4001, "a subscription before signing in closes with 4001");
    ensure!(until_closed(&mut silent).await? == 4001, "silence closes with 4001");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_resumes_without_gap_and_with_the_same_bytes() -> Result<()> {
    let mut stage = Stage::set().await?;
    let url = stage.server.socket_url();
    let mut live = Follower::new(&stage.portfolio);
    let mut socket = stream::open_signed_in(&url, stage.client.token()).await?;
    live.subscribe(&mut socket, 0).await?;
    for _ in 0..20 {
        stage.order_and_cancel().await?;
    }
    let head = stage.head().await?;
    read_to(&mut socket, &mut live, head).await?;
    for after in [0, 1, head / 2, head - 1, head] {
        let mut again = live.clone();
        again.messages = live.messages.range(..=after).map(|(seq, text)| (*seq, text.clone())).collect();
        let mut socket = stream::open_signed_in(&url, stage.client.token()).await?;
        again.subscribe(&mut socket, after).await?;
        read_to(&mut socket, &mut again, head).await?;
        ensure!(again.messages == live.messages, "resuming after {after} gave other messages");
    }
    ensure!(stage.server.terminate().await?.success(), "SIGTERM ends with success");
    stage.server.restart().await?;
    let mut socket = stream::open_signed_in(&url, stage.client.token()).await?;
    let mut later = Follower { messages: Default::default(), ..live.clone() };
    later.subscribe(&mut socket, 0).await?;
    read_to(&mut socket, &mut later, head).await?;
    ensure!(later.messages == live.messages, "after a restart the stream is another");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resume_that_cannot_be_is_refused() -> Result<()> {
    let stage = Stage::set().await?;
    stage.order_and_cancel().await?;
    let head = stage.head().await?;
    let stranger = Client::register(&stage.server.url(), "stranger").await?;
    let mut socket = stream::open_signed_in(&stage.server.socket_url(), stage.client.token()).await?;
    let mut foreign = stream::open_signed_in(&stage.server.socket_url(), stranger.token()).await?;
    let wish = |after: u64| {
        json!({
            "op": "subscribe", "channel": "portfolio", "portfolio_id": stage.portfolio, "after_seq": after,
        })
    };
    let mut other_epoch = wish(1);
    other_epoch["epoch"] = json!("00000000-0000-8000-8000-000000000000");
    let missing = json!({
        "op": "subscribe", "channel": "portfolio", "portfolio_id": "00000000-0000-8000-8000-000000000000",
    });
    for (wish, code) in [(wish(head + 1), "SEQ_AHEAD"), (other_epoch, "EPOCH_CHANGED")] {
        stream::say(&mut socket, &wish).await?;
        let reply = stream::answer(&mut socket).await?;
        ensure!(reply["op"] == "error" && reply["code"] == code, "{wish} answered {reply}");
    }
    stream::say(&mut socket, &missing).await?;
    let missing = stream::answer(&mut socket).await?;
    stream::say(&mut foreign, &wish(0)).await?;
    let foreign = stream::answer(&mut foreign).await?;
    ensure!(foreign["op"] == "error", "another user's portfolio answered {foreign}");
    ensure!(
        foreign["code"] == missing["code"],
        "another user's portfolio {foreign} differs from a missing one {missing}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_name_the_head_of_every_stream() -> Result<()> {
    let stage = Stage::set().await?;
    stage.order_and_cancel().await?;
    let head = stage.head().await?;
    let mut socket = stream::open_signed_in(&stage.server.socket_url(), stage.client.token()).await?;
    Follower::new(&stage.portfolio).subscribe(&mut socket, head).await?;
    let heartbeat: Value = loop {
        if let Incoming::Json(message, _) = stream::hear(&mut socket).await?
            && message["op"] == "heartbeat"
        {
            break message;
        }
    };
    let heads = heartbeat["heads"].as_array().context("a heartbeat lists the heads")?;
    let named = heads.iter().find(|row| row["portfolio_id"] == stage.portfolio.as_str());
    ensure!(named.is_some_and(|row| row["head_seq"] == head), "the head is {head}: {heartbeat}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_cut_off_and_can_resume() -> Result<()> {
    let stage = Stage::set().await?;
    // A small window, so that what the reader leaves unread soon waits in the server.
    let small = TcpSocket::new_v4()?;
    small.set_recv_buffer_size(4_096)?;
    let connection = small.connect(stage.server.address()).await?;
    let (mut slow, _) = client_async(stage.server.socket_url(), MaybeTlsStream::Plain(connection)).await?;
    stream::say(&mut slow, &json!({"op": "auth", "token": stage.client.token()})).await?;
    let reply = stream::answer(&mut slow).await?;
    ensure!(reply["op"] == "authenticated", "signing in answered {reply}");
    let mut follower = Follower::new(&stage.portfolio);
    follower.subscribe(&mut slow, 0).await?;
    let mut quick = stream::open_signed_in(&stage.server.socket_url(), stage.client.token()).await?;
    let mut other = Follower::new(&stage.portfolio);
    other.subscribe(&mut quick, 0).await?;
    // An order's and its cancel's messages are some two kilobytes; a megabyte of them may wait, and sockets
    // hold a fraction of that between them.
    let work = async {
        for _ in 0..1_200 {
            stage.order_and_cancel().await?;
        }
        stage.head().await
    };
    let reading = async {
        loop {
            match stream::hear(&mut quick).await {
                Ok(Incoming::Json(message, text)) => other.keep(&message, &text),
                Ok(Incoming::Closed(code, reason)) => bail!("the quick reader was closed with {code} {reason}"),
                Err(error) => return Err(error),
            }
        }
    };
    let head = tokio::select! {
        head = work => head?,
        error = reading => return error,
    };
    let (code, reason) = loop {
        match stream::hear(&mut slow).await? {
            Incoming::Json(message, text) => follower.keep(&message, &text),
            Incoming::Closed(code, reason) => break (code, reason),
        }
    };
    ensure!(code == 4008, "a slow reader is closed with 4008, not {code} {reason:?}");
    let named = serde_json::from_str::<Value>(&reason).with_context(|| format!("the reason is {reason:?}"))?;
    let last = named["last_seq"].as_u64().context("the reason names the last message sent")?;
    ensure!(follower.last() <= last && last < head, "read up to {}, told {last} of {head}", follower.last());
    let mut socket = stream::open_signed_in(&stage.server.socket_url(), stage.client.token()).await?;
    let after = follower.last();
    follower.subscribe(&mut socket, after).await?;
    read_to(&mut socket, &mut follower, head).await?;
    Ok(())
}
