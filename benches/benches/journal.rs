//! What a durable commit costs beside writing the same bytes to a file and syncing it.
//!
//! Workload: rows of 1, 10, 100 and 1,000 events, one row to a commit: orders taken and their fills,
//! made by a real shard beforehand. In turns, commit by commit, on one file system: the journal
//! (encoding, hashing, its database, the witness); a plain file that the same encoded bytes are
//! appended to and synced (`fdatasync`); and the same rows in the same database with two-phase
//! commits. Then how long a journal takes to open after a process that died, by its length.
//!
//! One writer, one shard, nothing else on the disk. What is left out is said in the report.

use anyhow::{Context, Result, ensure};
use benches::{median, result, say};
use engine::{CalendarPolicy, Shard, ShardConfig};
use model::{
    AssetClass, CalendarId, ClientOrderId, ClientOrderKey, Command, CommandReply, Currency, Event,
    ExecutionProfile, Instrument, InstrumentId, InstrumentStatus, Money, NewOrder, OrderKind, OrderTerms, Origin,
    PortfolioId, Price, Qty, Quote, Request, RiskLimits, ShardId, ShardImage, ShardSeq, Side, Size, Stamped,
    SubmittedBy, Symbol, Tick, TickBody, TickSeq, Time, UserId,
};
use persistence::{FileStorage, Journal, JournalConfig, RecoveryVisitor, ShardBatch, ShardHead};
use redb::{Database, TableDefinition};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Events in a row, and how many rows of each size are committed.
const SIZES: [(usize, usize); 4] = [(1, 1_500), (10, 1_500), (100, 1_000), (1_000, 400)];
/// Commits in a round; the ratio is taken round by round.
const ROUND: usize = 20;
/// Events of the journals whose opening is timed.
const LENGTHS: [u64; 3] = [100_000, 1_000_000, 3_000_000];
const SEGMENT_BYTES: u64 = 32 << 20;
const CACHE_BYTES: usize = 32 << 20;
const BATCHES: TableDefinition<'static, (u16, u64), &[u8]> = TableDefinition::new("batches");
const SHARD: ShardId = ShardId::new(0);
const BY: SubmittedBy = SubmittedBy { user: UserId::new(0), origin: Origin::System };

/// The product's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let events = events(2_000)?;
    let bytes = rows(&events, 1_000)?.1 / 1_000;
    say(&format!("events of a real shard, {bytes} bytes each in a row of 1,000; one row a commit; in turns"));
    let commits: Vec<Value> =
        SIZES.iter().map(|(size, count)| commits(&events, *size, *count)).collect::<Result<_>>()?;
    let openings: Vec<Value> = LENGTHS.iter().map(|length| opening(&events, *length)).collect::<Result<_>>()?;
    say("left out: other writers, more shards; the plain file has no index, no checksum and no way back");
    result(&json!({"benchmark": "journal", "bytes_per_event": bytes, "commits": commits, "openings": openings}));
    Ok(())
}

/// One size of batch: the three ways in turns.
fn commits(events: &[Event], size: usize, count: usize) -> Result<Value> {
    let dir = directory()?;
    let mut journal = Journal::open(config(&dir.path().join("journal")))?;
    let mut plain = File::create(dir.path().join("plain"))?;
    let two_phase = Database::create(dir.path().join("two-phase"))?;
    let mut next = 1;
    let mut head = ShardHead { seq: ShardSeq::new(0), hash: [0; 32] };
    let mut rounds: Vec<[f64; 3]> = Vec::new();
    for round in 0..count / ROUND {
        let mut times = [Duration::ZERO; 3];
        for turn in 0..ROUND {
            let at = (round * ROUND + turn) * size % (events.len() - size + 1);
            let batch = batch(next, &events[at..at + size]);
            let (row, after) = persistence::encode_row(&batch, &head);
            for way in 0..3 {
                // Each way comes first, second and last equally often.
                let way = (way + turn) % 3;
                let begun = Instant::now();
                match way {
                    0 => journal.append(&[batch])?,
                    1 => {
                        plain.write_all(&row)?;
                        plain.sync_data()?;
                    }
                    _ => commit_two_phase(&two_phase, next, &row)?,
                }
                times[way] += begun.elapsed();
            }
            head = after;
            next += size as u64;
        }
        rounds.push(times.map(|time| time.as_secs_f64() * 1e6 / f64::from(u32::try_from(ROUND).unwrap_or(1))));
    }
    let of = |figure: fn(&[f64; 3]) -> f64| median(rounds.iter().skip(2).map(figure).collect());
    let (ours, raw, double) = (of(|round| round[0]), of(|round| round[1]), of(|round| round[2]));
    let (ratio, ratio_two_phase) = (of(|round| round[1] / round[0]), of(|round| round[1] / round[2]));
    say(&format!(
        "batch {size:>5}: journal {ours:.0} us, plain append and sync {raw:.0} us, two-phase {double:.0} us: \
         {ratio:.2}x of plain (two-phase {ratio_two_phase:.2}x)"
    ));
    Ok(json!({
        "events": size, "journal_us": ours, "plain_us": raw, "two_phase_us": double, "ratio": ratio,
        "two_phase_ratio": ratio_two_phase,
    }))
}

fn commit_two_phase(database: &Database, key: u64, row: &[u8]) -> Result<()> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    transaction.open_table(BATCHES)?.insert((0, key), row)?;
    transaction.commit()?;
    Ok(())
}

/// A journal of so many events whose process died: how long until it can be appended to again.
fn opening(events: &[Event], length: u64) -> Result<Value> {
    let dir = directory()?;
    let config = config(&dir.path().join("journal"));
    let mut journal = Journal::open(config.clone())?;
    let mut next = 1;
    while next <= length {
        journal.append(&[batch(next, &events[..1_000])])?;
        next += 1_000;
    }
    let (times, reads) = reopen(&config, dir.path(), journal)?;
    let (open_ms, read_s) = (median(times), median(reads));
    let rate = f64::from(u32::try_from(length)?) / read_s / 1e6;
    say(&format!("{length:>9} events: opens in {open_ms:.1} ms after a kill; reads back {rate:.2} M events/s"));
    Ok(json!({"events": length, "open_ms": open_ms, "read_events_per_second": rate * 1e6}))
}

/// Opens copies of the files of a journal that is still open, which is what a kill leaves.
fn reopen(config: &JournalConfig, dir: &Path, journal: Journal) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut times, mut reads) = (Vec::new(), Vec::new());
    for round in 0..3 {
        let copy = dir.join(format!("copy-{round}"));
        std::fs::create_dir(&copy)?;
        for entry in std::fs::read_dir(&config.dir)? {
            let entry = entry?;
            std::fs::copy(entry.path(), copy.join(entry.file_name()))?;
        }
        let begun = Instant::now();
        let mut opened = Journal::open(JournalConfig { dir: copy.clone(), ..config.clone() })?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Instant::now();
        let mut count = Count(0);
        opened.replay(&mut count)?;
        reads.push(begun.elapsed().as_secs_f64());
        ensure!(count.0 == journal.heads()[0].seq.get(), "{} events came back", count.0);
        drop(opened);
        std::fs::remove_dir_all(copy)?;
    }
    drop(journal);
    Ok((times, reads))
}

struct Count(u64);

impl RecoveryVisitor for Count {
    fn begin(&mut self, _shard: ShardId, _image: &ShardImage) {}

    fn event(&mut self, _shard: ShardId, _seq: ShardSeq, _event: &Event) {
        self.0 += 1;
    }
}

/// On the disk that the repository is on, not in memory.
fn directory() -> Result<tempfile::TempDir> {
    tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).context("a directory for the files")
}

fn config(dir: &Path) -> JournalConfig {
    JournalConfig {
        dir: dir.to_owned(),
        shards: 1,
        segment_bytes_max: SEGMENT_BYTES,
        cache_bytes: CACHE_BYTES,
        storage: Arc::new(FileStorage),
    }
}

fn batch(first: u64, events: &[Event]) -> ShardBatch<'_> {
    ShardBatch { shard: SHARD, first_seq: ShardSeq::new(first), time: Time::from_seconds(1_700_000_000), events }
}

/// One row of so many events, and its bytes.
fn rows(events: &[Event], count: usize) -> Result<(Vec<u8>, usize)> {
    let before = ShardHead { seq: ShardSeq::new(0), hash: [0; 32] };
    let (row, _) = persistence::encode_row(&batch(1, events.get(..count).context("enough events")?), &before);
    let len = row.len();
    Ok((row, len))
}

/// Orders taken and the fills that a falling price makes of them, in turn.
fn events(count: usize) -> Result<Vec<Event>> {
    let mut shard = Shard::new(ShardConfig { calendar: CalendarPolicy::AlwaysOpen, ..ShardConfig::default() });
    let mut events = Vec::new();
    apply(&mut shard, Command::DefineInstrument(instrument()?), &mut events)?;
    tick(&mut shard, 1, 10_000, &mut events);
    let open = Command::OpenPortfolio {
        portfolio: PortfolioId::new(1),
        currency: Currency::Usd,
        starting_balance: Money::whole(1_000_000_000),
        limits: RiskLimits::default(),
        profile: Box::new(ExecutionProfile::REALISTIC),
    };
    apply(&mut shard, open, &mut events)?;
    events.clear();
    for serial in 1_u64.. {
        let level = 9_000 + i64::from(u16::try_from(serial % 2)?);
        let order = NewOrder {
            portfolio: PortfolioId::new(1),
            client_order_id: ClientOrderId::parse(&format!("client-order-{serial:08}"))?,
            key: ClientOrderKey::new(u128::from(serial)),
            fingerprint: serial,
            symbol: Symbol::parse("ACME")?,
            side: Side::Buy,
            terms: OrderTerms::plain(OrderKind::Limit { limit: cents(level) }, Size::Shares(Qty::whole(1))),
            chain: None,
        };
        apply(&mut shard, Command::Submit(order), &mut events)?;
        tick(&mut shard, 2 * serial, level, &mut events);
        tick(&mut shard, 2 * serial + 1, 10_000, &mut events);
        if events.len() >= count {
            break;
        }
    }
    events.truncate(count);
    Ok(events)
}

fn apply(shard: &mut Shard, command: Command, events: &mut Vec<Event>) -> Result<()> {
    let now = Time::from_seconds(1_700_000_000);
    let reply = shard.apply(&Request { by: BY, command }, now, events);
    ensure!(matches!(reply, CommandReply::Done | CommandReply::Accepted(_)), "the set-up was refused: {reply:?}");
    Ok(())
}

fn tick(shard: &mut Shard, seq: u64, ask: i64, events: &mut Vec<Event>) {
    let size = Qty::whole(1_000);
    let body = TickBody::Quote(Quote { bid: cents(ask - 2), bid_size: size, ask: cents(ask), ask_size: size });
    let now = Time::from_seconds(1_700_000_000).plus_nanos(seq.cast_signed());
    let tick = Tick { instrument: InstrumentId::new(1), time: now, body };
    shard.on_tick(&Stamped { seq: TickSeq::new(seq), now, tick }, events);
}

fn cents(cents: i64) -> Price {
    Price::from_raw(cents * 1_000_000)
}

fn instrument() -> Result<Instrument> {
    Ok(Instrument {
        id: InstrumentId::new(1),
        symbol: Symbol::parse("ACME")?,
        name: "Acme".into(),
        exchange: "NYSE".into(),
        asset_class: AssetClass::Equity,
        currency: Currency::Usd,
        tick_size: cents(1),
        tick_size_below_one: Price::from_raw(10_000),
        lot_size: Qty::whole(1),
        calendar: CalendarId::AlwaysOpen,
        tradable: true,
        shortable: false,
        status: InstrumentStatus::Active,
    })
}
