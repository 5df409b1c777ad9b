//! One supervised task for a provider: it connects again for as long as that makes sense.
//!
//! Waits between attempts double up to a limit and are drawn evenly from nothing to their bound, so
//! that many clients of one provider do not come back together. The invariant: every connection that
//! brought data and ended is followed by `feed_lost` before the next attempt.

use crate::alpaca::client::{Client, End};
use crate::{
    AlpacaConfig, Encoding, FeedConfig, FeedError, FeedStatus, StopSignal, Subscriptions, Symbols, TickSink,
    Timing, stopped,
};
use std::sync::Arc;
use std::time::Duration;

/// Runs a provider until it is told to stop or fails for good.
///
/// # Errors
/// See [`FeedError`]; interruptions are retried and are not errors.
#[expect(clippy::too_many_arguments, reason = "the six things that a provider is made from, named once")]
pub async fn run(
    config: FeedConfig,
    symbols: Arc<dyn Symbols>,
    subscriptions: Subscriptions,
    sink: Box<dyn TickSink>,
    status: Arc<FeedStatus>,
    stop: StopSignal,
) -> Result<(), FeedError> {
    let config = match config {
        FeedConfig::Alpaca(config) => config,
        FeedConfig::Sim { url, token } => AlpacaConfig {
            url,
            key: "papertape".to_owned(),
            secret: token,
            round_lots: false,
            encoding: Encoding::Binary,
            timing: Timing::default(),
        },
    };
    // Named here, since with several providers compiled in rustls would not choose one. A second
    // call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::new(config, symbols, subscriptions, (sink, Arc::clone(&status), stop.clone()));
    let end = supervise(client, stop).await;
    status.note_stopped();
    end
}

async fn supervise(mut client: Client, mut stop: StopSignal) -> Result<(), FeedError> {
    let timing = client.config.timing;
    let request = Client::request(&client.config)
        .map_err(|reason| FeedError::BadUrl { url: client.config.url.clone(), reason })?;
    let mut backoff = Backoff::new(timing);
    loop {
        let end = client.connect(request.clone()).await;
        if client.healthy_for() >= timing.healthy_after {
            backoff = Backoff::new(timing);
        }
        let wait = match end {
            End::Stopped => return Ok(()),
            End::Refused { code, text } => {
                client.lost(&format!("{code} {text}"));
                return Err(FeedError::Refused { url: client.config.url.clone(), code, message: text });
            }
            End::ConnectionLimit(text) => {
                client.lost(&format!("406 {text}"));
                timing.connection_limit_wait
            }
            End::Lost(why) => {
                client.lost(&why);
                backoff.next_wait()
            }
        };
        let why = client.status.last_error().unwrap_or_default();
        tracing::warn!(url = %client.config.url, why, wait_ms = wait.as_millis(), "the feed is interrupted");
        tokio::select! {
            () = stopped(&mut stop) => return Ok(()),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Exponential waits with full jitter.
struct Backoff {
    bound: Duration,
    bound_max: Duration,
}

impl Backoff {
    fn new(timing: Timing) -> Self {
        Self { bound: timing.backoff_first.min(timing.backoff_max), bound_max: timing.backoff_max }
    }

    fn next_wait(&mut self) -> Duration {
        let bound = self.bound;
        self.bound = (bound * 2).min(self.bound_max);
        bound.mul_f64(rand::random_range(0.0..=1.0))
    }
}

#[cfg(test)]
mod tests;
