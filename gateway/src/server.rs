//! The listener: accepts connections within limits, gives slow ones no rope, and drains at the end.

use crate::app::App;
use crate::auth::ClientAddress;
use crate::metrics::Counted;
use crate::state::{AppState, stopped};
use axum::body::Body;
use axum::extract::Request;
use dashmap::DashMap;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tower::ServiceExt;

/// Longest time for the headers of a request to arrive.
const HEADER_READ_MAX: Duration = Duration::from_secs(10);
/// How long requests under way may take once the server stops.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// Most bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Requests at one time on one HTTP/2 connection.
const STREAMS_MAX: u32 = 256;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;
/// What the kernel is asked to hold for a client that does not read: left to itself it takes megabytes for each.
const SEND_BUFFER_BYTES: u32 = 64 * 1024;

/// Open connections by address, so that one cannot take all.
type ByAddress = Arc<DashMap<IpAddr, usize>>;

/// Listens at an address. What is accepted there inherits the bounded send buffer.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts until told to stop, then drains.
pub(crate) async fn accept(listener: TcpListener, app: App, state: AppState, mut stop: watch::Receiver<bool>) {
    let builder = Arc::new(builder());
    let graceful = GracefulShutdown::new();
    let by_address = ByAddress::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Without a pause, running out of descriptors would spin.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let address = peer.ip().to_canonical();
        let Some(place) = Place::take(&state, &by_address, address) else {
            state.metrics.connections_refused.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let connection = Connection { stream, address, app: app.clone(), builder: Arc::clone(&builder) };
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            connection.serve(watcher).await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .pipeline_flush(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(16 * 1024)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

struct Connection {
    stream: TcpStream,
    address: IpAddr,
    app: App,
    builder: Arc<auto::Builder<TokioExecutor>>,
}

impl Connection {
    async fn serve(self, watcher: hyper_util::server::graceful::Watcher) {
        let Self { stream, address, app, builder } = self;
        // Answers are small and awaited: they must not wait for more to come.
        let _ = stream.set_nodelay(true);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let app = app.clone();
            async move {
                let mut request: Request = request.map(Body::new);
                request.extensions_mut().insert(ClientAddress(address));
                app.oneshot(request).await
            }
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended badly");
        }
    }
}

/// A connection's place among the limits, given back when it ends.
struct Place {
    _counted: Counted,
    by_address: ByAddress,
    address: IpAddr,
}

impl Place {
    fn take(state: &AppState, by_address: &ByAddress, address: IpAddr) -> Option<Self> {
        let settings = &state.settings;
        if state.metrics.connections.load(Ordering::Relaxed) >= settings.connections_max {
            return None;
        }
        {
            let mut count = by_address.entry(address).or_insert(0);
            if *count >= settings.connections_per_ip_max {
                return None;
            }
            *count += 1;
        }
        let counted = Counted::one(&state.metrics.connections);
        Some(Self { _counted: counted, by_address: Arc::clone(by_address), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.by_address.remove_if_mut(&self.address, |_, count| {
            *count = count.saturating_sub(1);
            *count == 0
        });
    }
}
