//! What a load test found: for programs as JSON, for people as a table.

use crate::metrics::ServerCounts;
use crate::orders::OrderCounts;
use crate::streams::StreamCounts;
use crate::{Limits, Percentiles};
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

/// The four things that are called ticks per second, told apart, and what clients got of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rates {
    /// Ticks that the server received over the feed.
    pub ticks_received: u64,
    /// Ticks that every shard evaluated.
    pub ticks_evaluated: u64,
    /// Events that became durable, made by ticks and orders.
    pub effects_journaled: u64,
    /// Stream messages that the server made, each once.
    pub messages_published: u64,
    /// Stream messages that clients received: each message once for every reader.
    pub messages_delivered: u64,
    /// Requests that were answered.
    pub orders_answered: u64,
}

/// The ticks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TickReport {
    /// How many were due in all, warm-up included.
    pub scheduled: u64,
    /// How many were handed to the socket.
    pub sent: u64,
    /// How much later than due: the server's back-pressure, and the tester's own unpunctuality.
    pub late: Percentiles,
    /// From when a tick was due to the message of the resting order that it filled, at the client.
    pub to_client: Percentiles,
}

/// The orders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OrderReport {
    /// What became of them.
    #[serde(flatten)]
    pub counts: OrderCounts,
    /// From when a request was due to its answer.
    pub latency: Percentiles,
    /// The part of it before the request was sent.
    pub waited: Percentiles,
}

/// The streams.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StreamReport {
    /// What the readers saw.
    #[serde(flatten)]
    pub counts: StreamCounts,
    /// From an event's time to its message at the client; means something on one machine only.
    pub event_to_client: Percentiles,
}

/// The server's own account of the measured time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServerReport {
    /// Engine threads.
    pub shards: u64,
    /// What was counted.
    #[serde(flatten)]
    pub counts: ServerCounts,
    /// Median and 99 of 100 of a journal commit since the server's start, in nanoseconds.
    pub commit_ns: [u64; 2],
    /// The same from a tick's arrival to the commit of what it changed.
    pub tick_to_durable_ns: [u64; 2],
    /// Memory in use before the clients that never read came, and at the end; 0 where it is unknown.
    pub resident_bytes: [u64; 2],
}

/// A limit that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// Which.
    pub limit: &'static str,
    /// What it allows.
    pub allowed: u64,
    /// What was found.
    pub found: u64,
}

/// What a load test found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// How long was measured, in nanoseconds.
    pub measured_ns: u64,
    /// Per second of that time.
    pub per_second: Rates,
    /// The ticks.
    pub ticks: TickReport,
    /// The orders.
    pub orders: OrderReport,
    /// The streams.
    pub streams: StreamReport,
    /// The server.
    pub server: ServerReport,
    /// Limits that were not kept.
    pub missed: Vec<Missed>,
}

impl Report {
    /// Everything that counts as an error.
    #[must_use]
    pub fn errors(&self) -> u64 {
        let streams = &self.streams.counts;
        self.orders.counts.errors() + streams.missing + streams.doubled + streams.failed
    }

    /// Works out the rates, and holds the limits against what was found.
    pub(crate) fn finish(&mut self, measured: Duration, limits: &Limits) {
        self.measured_ns = u64::try_from(measured.as_nanos()).unwrap_or(u64::MAX);
        let nanos = u128::from(self.measured_ns.max(1));
        let rate = |count: u64| u64::try_from(u128::from(count) * 1_000_000_000 / nanos).unwrap_or(u64::MAX);
        let counts = &self.server.counts;
        self.per_second = Rates {
            ticks_received: rate(counts.ticks_received),
            ticks_evaluated: rate(counts.ticks_evaluated / self.server.shards.max(1)),
            effects_journaled: rate(counts.events_journaled),
            messages_published: rate(counts.messages_published),
            messages_delivered: rate(self.streams.counts.received),
            orders_answered: rate(self.orders.counts.answered),
        };
        let found = self.orders.latency.p99_ns;
        let p99_max = limits.p99_max.map(|most| u64::try_from(most.as_nanos()).unwrap_or(u64::MAX));
        self.missed.extend(p99_max.filter(|allowed| found > *allowed).map(|allowed| Missed {
            limit: "p99 of orders, in nanoseconds",
            allowed,
            found,
        }));
        let found = self.errors();
        let errors_max = limits.errors_max.filter(|allowed| found > *allowed);
        self.missed.extend(errors_max.map(|allowed| Missed { limit: "errors", allowed, found }));
    }

    /// The table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "measured      {}, seed {}", time(self.measured_ns), self.seed);
        self.write_rates(&mut text);
        self.write_latencies(&mut text);
        self.write_counts(&mut text);
        for missed in &self.missed {
            let _ = writeln!(
                text,
                "MISSED        {}: {} where {} is allowed",
                missed.limit, missed.found, missed.allowed
            );
        }
        text
    }

    fn write_rates(&self, text: &mut String) {
        let rates = &self.per_second;
        let _ = writeln!(text, "\nper second");
        for (name, value) in [
            ("ticks received", rates.ticks_received),
            ("ticks evaluated by every shard", rates.ticks_evaluated),
            ("effects journaled", rates.effects_journaled),
            ("messages published", rates.messages_published),
            ("messages delivered to clients", rates.messages_delivered),
            ("orders answered", rates.orders_answered),
        ] {
            let _ = writeln!(text, "  {name:<31}{:>14}", grouped(value));
        }
    }

    fn write_latencies(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\nlatency, from when it was due{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>12}",
            "p50", "p90", "p99", "p99.9", "p99.99", "max", "count"
        );
        row(text, "order to answer", &self.orders.latency);
        row(text, "  of it before it was sent", &self.orders.waited);
        row(text, "tick to the socket", &self.ticks.late);
        row(text, "tick to its fill at a client", &self.ticks.to_client);
        row(text, "event to client", &self.streams.event_to_client);
    }

    fn write_counts(&self, text: &mut String) {
        let (orders, streams) = (&self.orders.counts, &self.streams.counts);
        let _ = writeln!(
            text,
            "\nticks         {} scheduled, {} sent; the server merged {}",
            grouped(self.ticks.scheduled),
            grouped(self.ticks.sent),
            grouped(self.server.counts.ticks_conflated)
        );
        let statuses: Vec<String> =
            orders.by_status.iter().map(|(status, count)| format!("{status}: {}", grouped(*count))).collect();
        let _ = writeln!(
            text,
            "orders        {} scheduled, {} sent, {} answered ({}), {} failed, {} unsent",
            grouped(orders.scheduled),
            grouped(orders.sent),
            grouped(orders.answered),
            statuses.join(", "),
            grouped(orders.failed),
            grouped(orders.unsent)
        );
        let _ = writeln!(
            text,
            "streams       {} readers, {} messages, {} missing, {} doubled, {} cut off; {} clients that never read",
            grouped(streams.readers),
            grouped(streams.received_in_all),
            grouped(streams.missing),
            grouped(streams.doubled),
            grouped(streams.cut_off),
            grouped(streams.stalled)
        );
        let server = &self.server;
        let _ = writeln!(
            text,
            "server        {} shards, {} commits, p99 of a commit {}, memory {} MiB before and {} MiB after",
            server.shards,
            grouped(server.counts.commits),
            time(server.commit_ns[1]),
            server.resident_bytes[0] >> 20,
            server.resident_bytes[1] >> 20
        );
    }
}

fn row(text: &mut String, name: &str, latency: &Percentiles) {
    if latency.count == 0 {
        return;
    }
    let _ = write!(text, "  {name:<27}");
    for nanos in
        [latency.p50_ns, latency.p90_ns, latency.p99_ns, latency.p999_ns, latency.p9999_ns, latency.max_ns]
    {
        let _ = write!(text, "{:>10}", time(nanos));
    }
    let _ = writeln!(text, "{:>12}", grouped(latency.count));
}

/// A duration in the unit that leaves few digits.
fn time(nanos: u64) -> String {
    match nanos {
        0..10_000 => format!("{nanos} ns"),
        10_000..10_000_000 => format!("{} us", nanos / 1_000),
        10_000_000..10_000_000_000 => format!("{} ms", nanos / 1_000_000),
        _ => format!("{} s", nanos / 1_000_000_000),
    }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
    }

    #[test]
    fn limits_that_are_not_kept_are_named() {
        let mut report = Report::default();
        report.orders.latency.p99_ns = 5_000_000;
        report.streams.counts.missing = 2;
        report.server.counts.ticks_evaluated = 600;
        report.server.shards = 2;
        let limits = Limits { p99_max: Some(Duration::from_millis(4)), errors_max: Some(2) };
        report.finish(Duration::from_secs(3), &limits);
        let missed: Vec<_> = report.missed.iter().map(|missed| (missed.allowed, missed.found)).collect();
        assert_eq!(missed, [(4_000_000, 5_000_000)]);
        assert_eq!(report.per_second.ticks_evaluated, 100);
        assert!(report.table().contains("MISSED"));
        report.finish(Duration::from_secs(3), &Limits { p99_max: None, errors_max: Some(1) });
        assert_eq!(report.missed.len(), 2);
    }
}
