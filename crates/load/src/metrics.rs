//! What the server says of itself, read from `/metrics`.

use serde::Serialize;
use std::collections::BTreeMap;

/// One reading of `/metrics`: every value by its name and labels, as they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Reads a page in Prometheus' text form; lines that are no values are passed over.
    #[must_use]
    pub fn parse(page: &str) -> Self {
        let value = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Self(page.lines().filter(|line| !line.starts_with('#')).filter_map(value).collect())
    }

    /// A counter without the prefix `papertape_`; 0 where there is none.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counters are whole and from zero"
    )]
    pub fn count(&self, name: &str) -> u64 {
        self.0.get(&format!("papertape_{name}")).map_or(0, |value| *value as u64)
    }

    /// Engine threads.
    #[must_use]
    pub fn shards(&self) -> u64 {
        self.0.keys().filter(|name| name.starts_with("papertape_open_orders{")).count() as u64
    }

    /// A quantile of a latency in nanoseconds.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "latencies are from zero")]
    pub fn quantile_ns(&self, name: &str, quantile: &str) -> u64 {
        let name = format!("papertape_{name}_seconds{{quantile=\"{quantile}\"}}");
        self.0.get(&name).map_or(0, |seconds| (seconds * 1e9).round() as u64)
    }
}

/// What happened in the server between two readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServerCounts {
    /// Ticks that came over the feed.
    pub ticks_received: u64,
    /// Ticks that passed the checks.
    pub ticks_accepted: u64,
    /// Ticks that shards evaluated; each counts once a shard.
    pub ticks_evaluated: u64,
    /// Ticks merged into later ones because a shard was behind.
    pub ticks_conflated: u64,
    /// Events that became durable: what ticks and orders changed.
    pub events_journaled: u64,
    /// Journal commits.
    pub commits: u64,
    /// Stream messages that were made.
    pub messages_published: u64,
    /// Commands that were answered.
    pub commands: u64,
    /// Requests that were refused because a queue was full.
    pub overload_refusals: u64,
    /// Stream clients cut off as too slow.
    pub slow_consumers: u64,
}

impl ServerCounts {
    /// The difference of two readings.
    #[must_use]
    pub fn between(before: &Metrics, after: &Metrics) -> Self {
        let grown = |name: &str| after.count(name).saturating_sub(before.count(name));
        Self {
            ticks_received: grown("feed_ticks_received_total"),
            ticks_accepted: grown("feed_ticks_accepted_total"),
            ticks_evaluated: grown("ticks_evaluated_total"),
            ticks_conflated: grown("ticks_conflated_total"),
            events_journaled: grown("events_journaled_total"),
            commits: grown("commits_total"),
            messages_published: grown("messages_published_total"),
            commands: grown("commands_total"),
            overload_refusals: grown("overload_refusals_total"),
            slow_consumers: grown("slow_consumers_total"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_quantiles_are_read_from_the_page() {
        let page = "# HELP papertape_commits_total Journal commits\n# TYPE papertape_commits_total counter\n\
            papertape_commits_total 41\npapertape_journal_commit_seconds{quantile=\"0.5\"} 0.000200000\nodd\n";
        let (before, after) = (Metrics::default(), Metrics::parse(page));
        assert_eq!(after.count("commits_total"), 41);
        assert_eq!(after.quantile_ns("journal_commit", "0.5"), 200_000);
        assert_eq!(after.count("nothing_total"), 0);
        assert_eq!(ServerCounts::between(&before, &after).commits, 41);
        assert_eq!(ServerCounts::between(&after, &before).commits, 0);
    }
}
