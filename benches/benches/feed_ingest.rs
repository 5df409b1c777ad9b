//! From one WebSocket to an evaluated tick: our client, sequencer, lanes and a shard, beside a client
//! that reads the same frames and drops them.
//!
//! Workload: an invented market of 500 instruments, one trade to nine quotes, encoded before the clock
//! starts, so that the sender only copies bytes; it shares the two cores all the same. The clock runs
//! from its first byte to the last tick evaluated by the shard. Every form takes its turn in every round.

use anyhow::{Context, Result, ensure};
use benches::{median, result, say};
use feeds::alpaca::{QuoteSizes, SymbolTick, binary, encode, json, msgpack};
use feeds::{AlpacaConfig, Encoding, FeedConfig, FeedStatus, Subscriptions, Symbols, Timing, instruments};
use futures_util::{SinkExt, StreamExt};
use load::Market;
use model::{InstrumentId, Symbol, Time};
use runtime::{
    ClockMode, Durability, InstrumentDirectory, InstrumentSpec, Overflow, StreamEncoder, StreamMessage, System,
    SystemConfig,
};
use serde_json::json as value;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::{self, Message};

const SYMBOLS: usize = 500;
const ROUNDS: usize = 5;
/// Ticks of a round with one in a frame, and with many.
const SINGLE_TICKS: usize = 1_000_000;
const BATCHED_TICKS: usize = 3_000_000;
const PER_FRAME: usize = 100;
/// Longest wait for the last tick of a round.
const ROUND_MAX: Duration = Duration::from_secs(120);

/// One way to send and take the ticks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Dropped,
    Json,
    JsonBatched,
    MessagePack,
    Binary,
    BinaryBatched,
}

impl Form {
    const ALL: [Self; 6] =
        [Self::Dropped, Self::Json, Self::JsonBatched, Self::MessagePack, Self::Binary, Self::BinaryBatched];

    const fn name(self) -> &'static str {
        match self {
            Self::Dropped => "JSON, 1 a frame, read and dropped",
            Self::Json => "JSON, 1 a frame",
            Self::JsonBatched => "JSON, 100 a frame",
            Self::MessagePack => "MessagePack, 1 a frame",
            Self::Binary => "binary, 1 a frame",
            Self::BinaryBatched => "binary, 100 a frame",
        }
    }

    const fn encoding(self) -> Encoding {
        match self {
            Self::Dropped | Self::Json | Self::JsonBatched => Encoding::Json,
            Self::MessagePack => Encoding::MessagePack,
            Self::Binary | Self::BinaryBatched => Encoding::Binary,
        }
    }

    const fn ticks(self) -> usize {
        match self {
            Self::Dropped | Self::Json | Self::MessagePack | Self::Binary => SINGLE_TICKS,
            Self::JsonBatched | Self::BinaryBatched => BATCHED_TICKS,
        }
    }

    const fn per_frame(self) -> usize {
        match self {
            Self::Dropped | Self::Json | Self::MessagePack | Self::Binary => 1,
            Self::JsonBatched | Self::BinaryBatched => PER_FRAME,
        }
    }
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    decoding_alone();
    let bench = Bench::start(&runtime)?;
    let mut rates: BTreeMap<Form, Vec<f64>> = BTreeMap::new();
    let mut busy: BTreeMap<Form, Vec<f64>> = BTreeMap::new();
    let frames: BTreeMap<Form, Arc<Vec<u8>>> = Form::ALL.map(|form| (form, Arc::new(encoded(form)))).into();
    for _ in 0..ROUNDS {
        for form in Form::ALL {
            let frames = Arc::clone(&frames[&form]);
            let busy_before = busy_nanos();
            let took = match form {
                Form::Dropped => runtime.block_on(dropped(frames, form.ticks()))?,
                Form::Json | Form::JsonBatched | Form::MessagePack | Form::Binary | Form::BinaryBatched => {
                    runtime.block_on(bench.ingest(form, frames))?
                }
            };
            busy.entry(form).or_default().push((busy_nanos() - busy_before) / form.ticks() as f64);
            rates.entry(form).or_default().push(form.ticks() as f64 / took.as_secs_f64());
        }
    }
    let medians =
        |all: BTreeMap<Form, Vec<f64>>| all.into_iter().map(|(form, each)| (form, median(each))).collect();
    report(&medians(rates), &medians(busy));
    bench.stop()
}

/// How long this thread, which reads, has been busy, in nanoseconds by the kernel's count; 0 where it does not tell.
fn busy_nanos() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split(' ').next().and_then(|busy| busy.parse().ok()).unwrap_or(0.0)
}

fn report(rates: &BTreeMap<Form, f64>, busy: &BTreeMap<Form, f64>) {
    let dropped = rates[&Form::Dropped];
    let json = rates[&Form::Json];
    for (form, rate) in rates {
        say(&format!(
            "{:<36}{:>12.0} ticks/s {:>8.2} of dropping {:>8.2} of JSON; the reading thread is busy {:>6.0} ns a tick",
            form.name(),
            rate,
            rate / dropped,
            rate / json,
            busy[form]
        ));
    }
    say("left out: open orders, whose number does not matter (see tick_evaluation); the sender shares the cores");
    result(&value!({
        "benchmark": "feed_ingest", "dropped_per_s": dropped, "json_per_s": json,
        "json_over_dropped": json / dropped, "json_over_dropped_busy": busy[&Form::Dropped] / busy[&Form::Json], "binary_batched_over_json": rates[&Form::BinaryBatched] / json,
        "json_batched_over_json": rates[&Form::JsonBatched] / json, "msgpack_over_json": rates[&Form::MessagePack] / json,
    }));
}

/// What a decoder costs without a socket, in nanoseconds a tick.
fn decoding_alone() {
    let ticks = ticks(10_000);
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for tick in &ticks {
        frames.push(Vec::new());
        encode::json(std::slice::from_ref(tick), frames.last_mut().expect("one was pushed"));
    }
    let bytes = frames.iter().map(Vec::len).sum::<usize>() / frames.len();
    let each = |decode: &dyn Fn(&[u8])| {
        let rounds = (0..9).map(|_| {
            let begun = Instant::now();
            frames.iter().for_each(|frame| decode(frame));
            benches::nanoseconds_each(begun.elapsed(), frames.len())
        });
        median(rounds.collect())
    };
    let ours = each(&|frame| {
        let mut take = |message: feeds::alpaca::Message<'_>| keep(&message);
        json::decode(frame, QuoteSizes::Shares, &mut take).expect("a frame");
    });
    let serde = each(&|frame| {
        let mut take = |message: feeds::alpaca::Message<'_>| keep(&message);
        json::decode_by_serde(frame, QuoteSizes::Shares, &mut take).expect("a frame");
    });
    let mut packed: Vec<Vec<u8>> = Vec::new();
    for tick in &ticks {
        packed.push(Vec::new());
        msgpack::encode(std::slice::from_ref(tick), packed.last_mut().expect("one was pushed"));
    }
    let begun = Instant::now();
    for frame in &packed {
        let mut take = |message: feeds::alpaca::Message<'_>| keep(&message);
        msgpack::decode(frame, QuoteSizes::Shares, &mut take).expect("a frame");
    }
    let msgpack = benches::nanoseconds_each(begun.elapsed(), packed.len());
    say(&format!(
        "decoding alone, {bytes} bytes a tick: {ours:.0} ns; by serde {serde:.0} ns; MessagePack {msgpack:.0} ns"
    ));
}

/// Makes the compiler believe that a message is used.
fn keep(message: &feeds::alpaca::Message<'_>) {
    std::hint::black_box(message);
}

fn ticks(count: usize) -> Vec<SymbolTick> {
    let mut market = Market::new(SYMBOLS, 1);
    let begins = Time::from_seconds(1_760_000_000);
    (0..count).zip(0..).map(|(_, micros)| market.next(begins.plus_nanos(micros * 1_000))).collect()
}

/// All frames of a round, with their WebSocket headers, as the sender writes them.
fn encoded(form: Form) -> Vec<u8> {
    let ticks = ticks(form.ticks());
    let mut out = Vec::new();
    let mut encoder = binary::Encoder::new();
    let mut payload = Vec::new();
    for batch in ticks.chunks(form.per_frame()) {
        payload.clear();
        match form.encoding() {
            Encoding::Json => encode::json(batch, &mut payload),
            Encoding::MessagePack => msgpack::encode(batch, &mut payload),
            Encoding::Binary => {
                encoder.symbols(batch, &mut payload);
                if !payload.is_empty() {
                    framed(2, &payload, &mut out);
                    payload.clear();
                }
                encoder.ticks(batch, &mut payload);
            }
        }
        framed(if form.encoding() == Encoding::Json { 1 } else { 2 }, &payload, &mut out);
    }
    out
}

fn framed(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match u16::try_from(payload.len()) {
        Ok(length @ 0..=125) => out.push(length.to_le_bytes()[0]),
        Ok(length) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            out.push(127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

/// Serves one client on a thread; tells when the first byte goes, and keeps the connection until told.
fn serve(frames: Arc<Vec<u8>>) -> Result<(SocketAddr, mpsc::Receiver<Instant>, mpsc::Sender<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (begun, begins) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    std::thread::spawn(move || -> Result<()> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut socket = tungstenite::accept(stream)?;
        socket.send(Message::text(r#"[{"T":"success","msg":"connected"}]"#))?;
        socket.read()?;
        socket.send(Message::text(r#"[{"T":"success","msg":"authenticated"}]"#))?;
        socket.read()?;
        begun.send(Instant::now())?;
        // The client may leave before it has read all.
        let _ = socket.get_mut().write_all(&frames);
        let _ = ended.recv();
        Ok(())
    });
    Ok((address, begins, end))
}

/// The limit: a client of the same library that reads frames and drops them.
async fn dropped(frames: Arc<Vec<u8>>, count: usize) -> Result<Duration> {
    let (address, begins, _end) = serve(frames)?;
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/")).await?;
    for request in [r#"{"action":"auth"}"#, r#"{"action":"subscribe"}"#] {
        socket.next().await.context("open")??;
        socket.send(Message::text(request)).await?;
    }
    for _ in 0..count {
        std::hint::black_box(socket.next().await.context("open")??);
    }
    Ok(begins.recv()?.elapsed())
}

/// Encodes nothing: nobody listens to streams here.
struct Silent;

impl StreamEncoder for Silent {
    fn encode(&self, _: &StreamMessage<'_>, _: &mut Vec<u8>) {}
}

struct Known(Arc<InstrumentDirectory>);

impl Symbols for Known {
    fn resolve(&self, symbol: &str) -> Option<InstrumentId> {
        self.0.resolve(symbol)
    }

    fn symbol(&self, id: InstrumentId) -> Option<Symbol> {
        self.0.symbol(id)
    }
}

struct Bench {
    system: std::sync::Mutex<System>,
    handle: runtime::Handle,
    _directory: tempfile::TempDir,
}

impl Bench {
    fn start(runtime: &tokio::runtime::Runtime) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let config = SystemConfig {
            data_dir: directory.path().to_owned(),
            shards: Some(1),
            shard: engine::ShardConfig {
                calendar: engine::CalendarPolicy::AlwaysOpen,
                quote_age_max_ns: i64::MAX,
                ..engine::ShardConfig::default()
            },
            clock: ClockMode::Feed,
            durability: Durability::Off,
            // The feed waits for the shard, so that every tick is evaluated.
            overflow: Overflow::Block,
            segment_bytes_max: model::limits::SEGMENT_BYTES_MAX,
            keep: runtime::Keep::Whole,
            views_wait: Duration::from_secs(1),
            space: runtime::SpaceLimits::default(),
            storage: Arc::new(persistence::FileStorage),
        };
        let system = System::start(config, Arc::new(Silent))?;
        let handle = system.handle();
        let rows = instruments::builtin().iter().map(|row| spec(row.to_instrument(InstrumentId::new(0))));
        runtime.block_on(handle.define_instruments(rows.collect()))?;
        Ok(Self { system: std::sync::Mutex::new(system), handle, _directory: directory })
    }

    async fn ingest(&self, form: Form, frames: Arc<Vec<u8>>) -> Result<Duration> {
        let evaluated = || self.handle.measurements().counters.ticks_evaluated;
        let before = evaluated();
        let (address, begins, _end) = serve(frames)?;
        let subscriptions = Subscriptions::new();
        subscriptions.add(&Market::new(SYMBOLS, 1).symbols().collect::<Vec<_>>());
        let config = FeedConfig::Alpaca(AlpacaConfig {
            url: format!("ws://{address}/"),
            key: "key".to_owned(),
            secret: "secret".to_owned(),
            round_lots: false,
            encoding: form.encoding(),
            timing: Timing::default(),
        });
        let port = Box::new(self.system.lock().expect("nobody panicked").feed_port());
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let known: Arc<dyn Symbols> = Arc::new(Known(self.handle.instruments()));
        let status = Arc::new(FeedStatus::new());
        let feed = tokio::spawn(feeds::run(config, known, subscriptions, port, Arc::clone(&status), stopping));
        let wanted = before + form.ticks() as u64;
        let waiting = Instant::now();
        while evaluated() < wanted {
            ensure!(waiting.elapsed() < ROUND_MAX, "{} of {wanted} ticks; {:?}", evaluated(), status.counts());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let took = begins.recv()?.elapsed();
        stop.send_replace(true);
        feed.await??;
        Ok(took)
    }

    fn stop(self) -> Result<()> {
        drop(self.handle);
        Ok(self.system.into_inner().expect("nobody panicked").stop()?)
    }
}

fn spec(instrument: model::Instrument) -> InstrumentSpec {
    InstrumentSpec {
        symbol: instrument.symbol,
        name: instrument.name,
        exchange: instrument.exchange,
        asset_class: instrument.asset_class,
        currency: instrument.currency,
        tick_size: instrument.tick_size,
        tick_size_below_one: instrument.tick_size_below_one,
        lot_size: instrument.lot_size,
        calendar: instrument.calendar,
        tradable: instrument.tradable,
        shortable: instrument.shortable,
        status: instrument.status,
    }
}
