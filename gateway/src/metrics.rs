//! What operators see: counters and latencies in Prometheus' text form.
//!
//! Labels are fixed sets; nothing that a client sends becomes one.

use crate::health::{state_word, storage_state};
use crate::state::AppState;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use feeds::DropReason;
use hdrhistogram::Histogram;
use runtime::{LatencySummary, SpaceState, SystemStatus};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Longest latency that is told apart: a minute.
const LATENCY_NS_MAX: u64 = 60_000_000_000;
/// Histograms that requests spread over, so that they do not wait for each other.
const STRIPES: usize = 8;

/// Counts and measures requests.
pub(crate) struct GatewayMetrics {
    by_class: [AtomicU64; 6],
    pub(crate) panics: AtomicU64,
    pub(crate) connections: Arc<AtomicUsize>,
    pub(crate) connections_refused: AtomicU64,
    sockets: Arc<AtomicUsize>,
    stripes: Vec<Mutex<Histogram<u64>>>,
    turn: AtomicUsize,
}

/// One more of something, until it is dropped.
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Counted {
    /// Counts one.
    pub(crate) fn one(of: &Arc<AtomicUsize>) -> Self {
        of.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(of))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl GatewayMetrics {
    /// All at nothing.
    pub(crate) fn new() -> Self {
        let histogram = || Histogram::new_with_bounds(1_000, LATENCY_NS_MAX, 2).expect("the bounds are valid");
        Self {
            by_class: Default::default(),
            panics: AtomicU64::new(0),
            connections: Arc::default(),
            connections_refused: AtomicU64::new(0),
            sockets: Arc::default(),
            stripes: (0..STRIPES).map(|_| Mutex::new(histogram())).collect(),
            turn: AtomicUsize::new(0),
        }
    }

    /// Notes a request that was answered.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).min(self.by_class.len() - 1);
        self.by_class[class].fetch_add(1, Ordering::Relaxed);
        let stripe = self.turn.fetch_add(1, Ordering::Relaxed) % STRIPES;
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let mut histogram = self.stripes[stripe].lock().unwrap_or_else(PoisonError::into_inner);
        histogram.saturating_record(nanos);
    }

    /// Notes an open WebSocket until the answer is dropped.
    pub(crate) fn socket_opened(&self) -> Counted {
        Counted::one(&self.sockets)
    }

    /// WebSockets that are open.
    pub(crate) fn sockets_open(&self) -> usize {
        self.sockets.load(Ordering::Relaxed)
    }

    fn latency(&self) -> LatencySummary {
        let mut whole: Histogram<u64> =
            Histogram::new_with_bounds(1_000, LATENCY_NS_MAX, 2).expect("the bounds are valid");
        for stripe in &self.stripes {
            let part = stripe.lock().unwrap_or_else(PoisonError::into_inner);
            whole.add(&*part).expect("all have the same bounds");
        }
        let sum =
            whole.iter_recorded().map(|step| step.value_iterated_to().saturating_mul(step.count_at_value())).sum();
        LatencySummary {
            count: whole.len(),
            p50: whole.value_at_quantile(0.5),
            p90: whole.value_at_quantile(0.9),
            p99: whole.value_at_quantile(0.99),
            p999: whole.value_at_quantile(0.999),
            max: whole.max(),
            sum,
        }
    }
}

/// Writes metrics one after another.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP papertape_{name} {help}\n# TYPE papertape_{name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "papertape_{name}{labels} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        self.value(name, "", value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, "gauge", help);
        self.value(name, "", value);
    }

    fn latency(&mut self, name: &str, help: &str, summary: &LatencySummary) {
        let name = &format!("{name}_seconds");
        self.head(name, "summary", help);
        let quantiles = [
            ("0.5", summary.p50),
            ("0.9", summary.p90),
            ("0.99", summary.p99),
            ("0.999", summary.p999),
            ("1", summary.max),
        ];
        for (quantile, nanos) in quantiles {
            self.value(name, &format!("{{quantile=\"{quantile}\"}}"), seconds(nanos));
        }
        self.value(&format!("{name}_sum"), "", seconds(summary.sum));
        self.value(&format!("{name}_count"), "", summary.count);
    }
}

/// Nanoseconds as seconds, exactly, without a float.
fn seconds(nanos: u64) -> String {
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

/// Measurements, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", operation_id = "getMetrics", tag = "operation",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4")))]
pub(crate) async fn show(axum::extract::State(state): axum::extract::State<AppState>) -> Response {
    let mut page = Page(String::with_capacity(8 * 1024));
    gateway(&mut page, &state.metrics);
    feed(&mut page, &state);
    system(&mut page, &state);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.0).into_response()
}

fn gateway(page: &mut Page, metrics: &GatewayMetrics) {
    page.head("http_requests_total", "counter", "Requests answered, by class of status");
    for (class, count) in metrics.by_class.iter().enumerate().skip(1) {
        page.value("http_requests_total", &format!("{{class=\"{class}xx\"}}"), count.load(Ordering::Relaxed));
    }
    page.latency("http_request", "From a request's headers to its answer", &metrics.latency());
    page.counter("http_panics_total", "Handlers that panicked", metrics.panics.load(Ordering::Relaxed));
    page.gauge("http_connections", "Open connections", metrics.connections.load(Ordering::Relaxed));
    let refused = metrics.connections_refused.load(Ordering::Relaxed);
    page.counter("http_connections_refused_total", "Connections beyond a limit", refused);
    page.gauge("websockets", "Open WebSockets", metrics.sockets.load(Ordering::Relaxed));
}

fn feed(page: &mut Page, state: &AppState) {
    let feed = &state.feed_status;
    page.gauge("feed_connected", "Whether the feed is connected", u8::from(feed.connected()));
    page.counter("feed_ticks_received_total", "Ticks that the feed sent", feed.received());
    page.counter("feed_ticks_accepted_total", "Ticks that passed the checks", feed.accepted());
    page.counter("feed_reconnects_total", "Connections made anew", feed.reconnects());
    page.head("feed_ticks_noted_total", "counter", "Ticks that were odd, by reason");
    for (reason, count) in feed.counts() {
        page.value("feed_ticks_noted_total", &format!("{{reason=\"{}\"}}", DropReason::name(reason)), count);
    }
}

fn system(page: &mut Page, state: &AppState) {
    let measured = state.handle.measurements();
    page.latency(
        "command_to_durable",
        "From a command's arrival to the commit of its events",
        &measured.command_to_durable,
    );
    page.latency(
        "tick_to_durable",
        "From a tick's arrival to the commit of the events it made",
        &measured.tick_to_durable,
    );
    page.latency("journal_commit", "One journal commit", &measured.commit);
    page.latency("fold", "Folding one commit into the views and publishing it", &measured.fold);
    let counters = measured.counters;
    page.counter("ticks_total", "Ticks that the sequencer took", counters.ticks_received);
    page.counter("ticks_evaluated_total", "Ticks evaluated, once a shard", counters.ticks_evaluated);
    page.counter("ticks_conflated_total", "Ticks merged because a shard was behind", counters.ticks_conflated);
    page.counter("commands_total", "Commands answered", counters.commands);
    page.counter(
        "overload_refusals_total",
        "Requests refused because a queue was full",
        counters.overload_refusals,
    );
    page.counter("events_journaled_total", "Events that became durable", counters.events_journaled);
    page.counter("commits_total", "Journal commits", counters.commits);
    page.counter("messages_published_total", "Stream messages published", counters.messages_published);
    page.counter("slow_consumers_total", "Stream clients cut off as too slow", counters.slow_consumers);
    let status = state.handle.status();
    storage(page, &status);
    page.head("open_orders", "gauge", "Open orders, by shard");
    for shard in &status.shards {
        page.value("open_orders", &format!("{{shard=\"{}\"}}", shard.shard), shard.open_orders);
    }
    page.head("commands_queued", "gauge", "Requests that wait, by shard");
    for shard in &status.shards {
        page.value("commands_queued", &format!("{{shard=\"{}\"}}", shard.shard), shard.commands_queued);
    }
}

fn storage(page: &mut Page, status: &SystemStatus) {
    let states = ["working", "healing", "refusing", "stopping"];
    page.head("state", "gauge", "What the server does: 1 for the state that it is in");
    for state in states {
        page.value("state", &format!("{{state=\"{state}\"}}"), u8::from(state == state_word(status)));
    }
    page.head("storage_state", "gauge", "The room on the disk: 1 for the state that it is in");
    for state in [SpaceState::Enough, SpaceState::Low, SpaceState::Full] {
        let labels = format!("{{state=\"{}\"}}", storage_state(state));
        page.value("storage_state", &labels, u8::from(state == status.space.state));
    }
    let space = status.space;
    page.gauge("storage_free_bytes", "Bytes that may still be written", space.free_bytes);
    page.gauge("storage_soft_limit_bytes", "Below it nothing that grows is taken", space.limits.soft_bytes);
    page.gauge("storage_hard_limit_bytes", "Below it nothing but cancels is taken", space.limits.hard_bytes);
    page.gauge("storage_ballast", "Whether the ballast lies there", u8::from(space.has_ballast));
    page.counter("storage_failures_total", "Failures of the storage or of a thread", status.failures);
    page.counter("storage_heals_total", "Failures after which the server went on by itself", status.heals);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_class_and_measured() {
        let metrics = GatewayMetrics::new();
        metrics.answered(StatusCode::CREATED, Duration::from_millis(2));
        metrics.answered(StatusCode::NOT_FOUND, Duration::from_millis(4));
        let mut page = Page(String::new());
        gateway(&mut page, &metrics);
        assert!(page.0.contains("papertape_http_requests_total{class=\"2xx\"} 1"), "{}", page.0);
        assert!(page.0.contains("papertape_http_requests_total{class=\"4xx\"} 1"), "{}", page.0);
        assert!(page.0.contains("papertape_http_request_seconds_count 2"), "{}", page.0);
    }

    #[test]
    fn seconds_are_exact() {
        assert_eq!(seconds(1_500_000_000), "1.500000000");
        assert_eq!(seconds(7), "0.000000007");
    }
}
