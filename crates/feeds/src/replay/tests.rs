//! Whole tapes: merging, pacing, hand-over, and real files.
//!
//! Owns nothing. Expected values are written by hand, or were counted in the raw files by other
//! tools.

use super::*;
use crate::alpaca::{SourceState, TickSource};
use crate::{FeedStatus, Push, Symbols, TickSink};
use futures_util::FutureExt;
use model::calendar::Date;
use model::{InstrumentId, Price, Qty, Quote, Symbol, Tick, TickBody, Time, Trade, TradeConditions};
use std::io::Write;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

fn symbol(text: &str) -> Symbol {
    Symbol::parse(text).expect("a ticker")
}

fn write_tape(path: &Path, rows: &[&str]) {
    let text: String = std::iter::once(&HEADER).chain(rows).flat_map(|row| [row, "\n"]).collect();
    std::fs::write(path, text).expect("a temporary file");
}

/// Each tick as `nanoseconds symbol kind price`.
fn summary(tick: &SymbolTick) -> String {
    match tick.body {
        TickBody::Quote(quote) => format!("{} {} quote {}", tick.time.nanos(), tick.symbol, quote.bid),
        TickBody::Trade(trade) => format!("{} {} trade {}", tick.time.nanos(), tick.symbol, trade.price),
    }
}

fn play(input: &TapeInput) -> Vec<String> {
    let tape = Tape::open(input).expect("a tape");
    tape.map(|tick| tick.map_or_else(|error| error.to_string(), |tick| summary(&tick))).collect()
}

#[test]
fn equal_times_play_quotes_before_trades_and_then_files_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("a.csv"), folder.path().join("b.csv"));
    write_tape(&first, &["10,IBM,trade,,,,,1,1,,", "20,IBM,quote,2,1,,,,,,", "30,IBM,quote,3,1,,,,,,"]);
    write_tape(&second, &["10,KO,quote,4,1,,,,,,", "20,KO,quote,5,1,,,,,,", "25,KO,trade,,,,,6,1,,"]);
    let expected =
        ["10 KO quote 4", "10 IBM trade 1", "20 IBM quote 2", "20 KO quote 5", "25 KO trade 6", "30 IBM quote 3"];
    assert_eq!(play(&TapeInput::Csv(vec![first, second])), expected);
}

#[test]
fn within_a_file_lines_keep_their_order_and_their_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("a.csv"), folder.path().join("b.csv"));
    write_tape(&first, &["10,IBM,trade,,,,,1,1,,", "30,IBM,trade,,,,,2,1,,", "20,IBM,quote,3,1,,,,,,"]);
    write_tape(&second, &["25,KO,quote,4,1,,,,,,", "31,KO,quote,5,1,,,,,,"]);
    let expected = ["10 IBM trade 1", "25 KO quote 4", "30 IBM trade 2", "20 IBM quote 3", "31 KO quote 5"];
    assert_eq!(play(&TapeInput::Csv(vec![first, second])), expected);
}

#[test]
fn a_packed_tape_plays_like_a_plain_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.csv.zst");
    let text = format!("{HEADER}\r\n10,IBM,trade,,,,,1,1,,\r\n\r\n20,IBM,trade,,,,,2,1,,");
    let packed = zstd::encode_all(text.as_bytes(), 1).expect("memory takes all");
    std::fs::write(&path, packed).expect("a temporary file");
    assert_eq!(play(&TapeInput::Csv(vec![path])), ["10 IBM trade 1", "20 IBM trade 2"]);
}

#[test]
fn an_error_names_the_file_and_the_line_after_all_ticks_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.csv");
    write_tape(&path, &["10,IBM,trade,,,,,1,1,,", "20,IBM,trade,,,,,x,1,,", "30,IBM,trade,,,,,3,1,,"]);
    let played = play(&TapeInput::Csv(vec![path.clone()]));
    assert_eq!(played.len(), 2, "nothing follows an error: {played:?}");
    assert_eq!(played[0], "10 IBM trade 1");
    assert!(played[1].starts_with(&format!("{}, line 3: price \"x\"", path.display())), "{}", played[1]);
    std::fs::write(&path, "time,price\n").expect("a temporary file");
    let error = Tape::open(&TapeInput::Csv(vec![path])).expect_err("a foreign header").to_string();
    assert!(error.contains("line 1"), "{error}");
}

#[test]
fn a_file_without_line_ends_is_refused_and_not_held() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "x".repeat(1 << 20)).expect("a temporary file");
    let error = Tape::open(&TapeInput::Csv(vec![path])).expect_err("one endless line").to_string();
    assert!(error.contains("longer than"), "{error}");
}

fn write_zip(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a temporary folder");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).expect("a temporary file"));
    zip.start_file("ticks.csv", zip::write::SimpleFileOptions::default()).expect("a first entry");
    zip.write_all(text.as_bytes()).expect("a temporary file");
    zip.finish().expect("a temporary file");
}

fn quote(bid: &str, bid_size: i64, ask: &str, ask_size: i64) -> TickBody {
    let price = |text: &str| text.parse::<Price>().expect("a price");
    TickBody::Quote(Quote {
        bid: price(bid),
        bid_size: Qty::whole(bid_size),
        ask: price(ask),
        ask_size: Qty::whole(ask_size),
    })
}

fn lean(root: &Path) -> LeanSelection {
    LeanSelection { root: root.to_owned(), ..LeanSelection::default() }
}

#[test]
fn lean_rows_become_quotes_and_trades_by_their_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let tick = folder.path().join("equity/usa/tick/ko");
    // In summer New York is four hours behind UTC: 34,200,000 ms are 13:30Z. An ask before any
    // bid; a pair of one millisecond; an ask later than its bid; a suspicious row; an empty one.
    let quotes = "34200000,0,0,381000,100,P,1,0\n34200005,380900,200,0,0,P,1,0\n34200005,0,0,381100,300,P,1,0\n\
                  34200010,380800,400,0,0,Q,1,0\n34200011,0,0,381200,500,Q,1,0\n34200012,0,0,990000,1,Q,1,1\n\
                  34200013,0,0,0,0,Q,1,0";
    write_zip(&tick.join("20130708_quote.zip"), quotes);
    let trades = "34200005,381000,100,P,1,0\n34200007,381050,50,P,20000020,0\n34200008,1,50,P,1,1\n\
                  34200009,381000,7,D,100200,0\n";
    write_zip(&tick.join("20130708_trade.zip"), trades);
    // In winter New York is five hours behind UTC.
    write_zip(&tick.join("20130107_trade.zip"), "34200000,370000,100,P,2000,0\n");
    let mut tape = Tape::open(&TapeInput::Lean(lean(folder.path()))).expect("a tape");
    let ticks: Vec<SymbolTick> = tape.by_ref().map(|tick| tick.expect("good rows")).collect();
    let trade = |price: &str, size, conditions| {
        let price = price.parse().expect("a price");
        let aggressor = model::Aggressor::Unknown;
        TickBody::Trade(Trade { price, size: Qty::whole(size), aggressor, conditions })
    };
    let expected = [
        ("2013-01-07T14:30:00Z", trade("37", 100, TradeConditions::Ineligible)),
        ("2013-07-08T13:30:00Z", quote("0", 0, "38.1", 100)),
        ("2013-07-08T13:30:00.005Z", quote("38.09", 200, "38.11", 300)),
        ("2013-07-08T13:30:00.005Z", trade("38.1", 100, TradeConditions::Regular)),
        ("2013-07-08T13:30:00.007Z", trade("38.105", 50, TradeConditions::Regular)),
        ("2013-07-08T13:30:00.009Z", trade("38.1", 7, TradeConditions::Ineligible)),
        ("2013-07-08T13:30:00.010Z", quote("38.08", 400, "38.11", 300)),
        ("2013-07-08T13:30:00.011Z", quote("38.08", 400, "38.12", 500)),
    ];
    let played: Vec<_> = ticks.iter().map(|tick| (tick.time.to_string(), tick.body)).collect();
    assert_eq!(played, expected.map(|(time, body)| (time.to_owned(), body)));
    assert!(ticks.iter().all(|tick| tick.symbol == symbol("KO")));
    let counts = TapeCounts { rows: 12, ticks: 8, suspicious: 2, unusable: 1, joined: 1 };
    assert_eq!(tape.counts(), counts);
    let summer = LeanSelection { from: Some(Date::from_civil(2013, 7, 1)), ..lean(folder.path()) };
    assert_eq!(play(&TapeInput::Lean(summer)).len(), 7);
}

#[test]
fn damaged_or_missing_lean_files_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("equity/usa/tick/ko/20130708_trade.zip");
    write_zip(&path, &"34200005,381000,100,P,1,0\n".repeat(1_000));
    let mut bytes = std::fs::read(&path).expect("just written");
    // The checksum of the content stands 16 bytes into the central directory's entry.
    let directory = bytes.windows(4).position(|four| four == b"PK\x01\x02").expect("a directory");
    bytes[directory + 16] ^= 1;
    std::fs::write(&path, bytes).expect("a temporary file");
    let played = play(&TapeInput::Lean(lean(folder.path())));
    let last = played.last().expect("an error at least");
    assert!(last.starts_with(&path.display().to_string()) && last.contains("checksum"), "{last}");
    std::fs::write(&path, b"no zip").expect("a temporary file");
    let error = Tape::open(&TapeInput::Lean(lean(folder.path()))).expect_err("no zip");
    assert!(error.to_string().contains("20130708_trade.zip"), "{error}");
    write_zip(&path, "34200005,381000,100,P,zz,0\n");
    let error = Tape::open(&TapeInput::Lean(lean(folder.path()))).expect_err("a bad row");
    assert!(error.to_string().contains("20130708_trade.zip, line 1: conditions"), "{error}");
    let nowhere = LeanSelection { from: Some(Date::from_civil(2020, 1, 1)), ..lean(folder.path()) };
    assert!(matches!(Tape::open(&TapeInput::Lean(nowhere)), Err(TapeError::Empty { .. })));
}

fn real_data() -> Option<std::path::PathBuf> {
    let root = std::env::var_os("PAPERTAPE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), Into::into)
        .join("02_lean/Data");
    root.join("equity/usa/tick/ibm").is_dir().then_some(root)
}

#[test]
fn a_real_day_is_read_whole_and_in_order() {
    let Some(root) = real_data() else {
        println!("skipped: no LEAN tick files");
        return;
    };
    let day = Some(Date::from_civil(2013, 10, 7));
    let selection = LeanSelection { root, symbols: vec![symbol("IBM")], from: day, to: day };
    let mut tape = Tape::open(&TapeInput::Lean(selection)).expect("a tape");
    let ticks: Vec<SymbolTick> = tape.by_ref().map(|tick| tick.expect("good rows")).collect();
    // Counted with unzip, wc and awk: 24,293 trade rows, 109,067 quote rows of which one is
    // suspicious, and 54,532 pairs of a bid and an ask of one millisecond.
    let counts =
        TapeCounts { rows: 24_293 + 109_067, ticks: 24_293 + 54_534, suspicious: 1, unusable: 0, joined: 54_532 };
    assert_eq!(tape.counts(), counts);
    assert_eq!(ticks.len() as u64, counts.ticks);
    assert!(ticks.windows(2).all(|pair| pair[0].time <= pair[1].time), "times never go back");
    let (quotes, trades): (Vec<&SymbolTick>, Vec<&SymbolTick>) =
        ticks.iter().partition(|tick| matches!(tick.body, TickBody::Quote(_)));
    let shown = |tick: &SymbolTick| (tick.time.to_string(), tick.body);
    // Raw: 14400054,0,0,1836300,100,Q,1,0 and the pair 14400241,1800100,300 / 1818000,3000.
    assert_eq!(shown(quotes[0]), ("2013-10-07T08:00:00.054Z".to_owned(), quote("0", 0, "183.63", 100)));
    assert_eq!(shown(quotes[1]), ("2013-10-07T08:00:00.241Z".to_owned(), quote("180.01", 300, "181.8", 3_000)));
    // Raw: 72000122,0,0,1826200,100 then 72000122,1819800,100,0,0; the suspicious ask is left out.
    let last = quotes[quotes.len() - 1];
    assert_eq!(shown(last), ("2013-10-08T00:00:00.122Z".to_owned(), quote("181.98", 100, "182.62", 100)));
    let find = |time: &str, size: i64| {
        let found = trades.iter().find_map(|tick| match tick.body {
            TickBody::Trade(trade) if tick.time.to_string() == time && trade.size == Qty::whole(size) => {
                Some(trade)
            }
            TickBody::Trade(_) | TickBody::Quote(_) => None,
        });
        let trade = found.unwrap_or_else(|| panic!("a trade of {size} at {time}"));
        (trade.price.to_string(), trade.conditions)
    };
    // Raw: 14430270,1815200,283,P,20002020,0, before hours.
    assert_eq!(find("2013-10-07T08:00:30.270Z", 283), ("181.52".to_owned(), TradeConditions::Ineligible));
    // Raw: 34216893,1820000,138862,N,40,0, the opening auction; its echo is 34200788,...,4000000.
    assert_eq!(find("2013-10-07T13:30:16.893Z", 138_862), ("182".to_owned(), TradeConditions::Regular));
    assert_eq!(find("2013-10-07T13:30:00.788Z", 64), ("182.14".to_owned(), TradeConditions::Ineligible));
    // Raw: 57664221,1820100,151665,N,80,0, the closing auction.
    assert_eq!(find("2013-10-07T20:01:04.221Z", 151_665), ("182.01".to_owned(), TradeConditions::Regular));
    // Raw, the last row: 69967550,1819900,200,P,20002020,0.
    assert_eq!(trades[trades.len() - 1].time.to_string(), "2013-10-07T23:26:07.550Z");
    let ineligible = trades.iter().filter(
        |tick| matches!(tick.body, TickBody::Trade(trade) if trade.conditions == TradeConditions::Ineligible),
    );
    // Counted by flag value: 13,397 + 9,874 + 746 + 25 + 1 + 1 of the 24,293 are regular.
    assert_eq!(ineligible.count(), 249);
}

struct Table;

impl Symbols for Table {
    fn resolve(&self, symbol: &str) -> Option<InstrumentId> {
        (symbol == "IBM").then_some(InstrumentId::new(7))
    }

    fn symbol(&self, id: InstrumentId) -> Option<Symbol> {
        (id == InstrumentId::new(7)).then(|| symbol("IBM"))
    }
}

/// Takes every third attempt, and tells what it was told.
#[derive(Default)]
struct Slow {
    attempts: u32,
    told: Arc<Mutex<Vec<String>>>,
    is_stuck: bool,
}

impl Slow {
    fn tell(&self, word: String) {
        self.told.lock().expect("no panic while held").push(word);
    }
}

impl TickSink for Slow {
    fn push(&mut self, tick: Tick) -> Push {
        self.attempts += 1;
        if self.is_stuck || !self.attempts.is_multiple_of(3) {
            return Push::Full;
        }
        self.tell(tick.time.nanos().to_string());
        Push::Accepted
    }

    fn feed_up(&mut self) {
        self.tell("up".to_owned());
    }

    fn feed_lost(&mut self) {
        self.tell("lost".to_owned());
    }
}

fn numbered_tape(path: &Path, count: u32) -> Tape {
    let rows: Vec<String> = (1..=count).map(|number| format!("{number},IBM,trade,,,,,1,1,,")).collect();
    write_tape(path, &rows.iter().map(String::as_str).collect::<Vec<_>>());
    Tape::open(&TapeInput::Csv(vec![path.to_owned()])).expect("a tape")
}

#[tokio::test]
async fn a_slow_sink_gets_every_tick_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.csv");
    write_tape(&path, &["5,KO,trade,,,,,1,1,,", "6,IBM,quote,,,,,,,,"]);
    let (unknown, mut rows) = (path, vec!["up".to_owned()]);
    let numbered = folder.path().join("b.csv");
    drop(numbered_tape(&numbered, 3_000));
    let tape = Tape::open(&TapeInput::Csv(vec![unknown, numbered])).expect("a tape");
    let (_control, watched) = watch::channel(ReplayControl::running(Speed::Full));
    let (_stop, stop) = watch::channel(false);
    let (sink, status) = (Slow::default(), Arc::new(FeedStatus::new()));
    let told = Arc::clone(&sink.told);
    let source = ReplaySource::start(tape, watched);
    let report =
        run(source, Arc::new(Table), Box::new(sink), Arc::clone(&status), stop).await.expect("good files");
    rows.extend((1..=3_000).map(|number| number.to_string()));
    assert_eq!(*told.lock().expect("no panic while held"), rows);
    assert_eq!((report.pushed, report.unknown, report.empty, report.stopped), (3_000, 1, 1, false));
    assert_eq!(report.tape.ticks, 3_002);
    assert_eq!((status.received(), status.accepted()), (3_002, 3_000));
}

#[tokio::test]
async fn a_stop_ends_even_a_replay_whose_sink_is_stuck() {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = numbered_tape(&folder.path().join("a.csv"), 10);
    let (_control, watched) = watch::channel(ReplayControl::running(Speed::Full));
    let (stop, stopped) = watch::channel(false);
    let sink = Slow { is_stuck: true, ..Slow::default() };
    let told = Arc::clone(&sink.told);
    let source = ReplaySource::start(tape, watched);
    let replay = run(source, Arc::new(Table), Box::new(sink), Arc::new(FeedStatus::new()), stopped);
    let (report, ()) = tokio::join!(replay, async {
        stop.send_replace(true);
    });
    assert!(report.expect("good files").stopped);
    assert_eq!(told.lock().expect("no panic while held").last().map(String::as_str), Some("lost"));
}

#[tokio::test]
async fn a_paused_tape_gives_nothing_until_it_runs_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = numbered_tape(&folder.path().join("a.csv"), 5);
    let real_time = Speed::Times(NonZeroU32::MIN);
    let (control, watched) = watch::channel(ReplayControl { speed: real_time, paused: true });
    let mut source = ReplaySource::start(tape, watched);
    for _ in 0..50 {
        assert!(source.next_due().now_or_never().is_none(), "a paused tape gives nothing");
        tokio::task::yield_now().await;
    }
    control.send_replace(ReplayControl::running(Speed::Full));
    // The last word counts, also when nobody holds the controls any more.
    drop(control);
    let mut played = Vec::new();
    while let Some(ticks) = source.next_due().await.expect("a good file") {
        played.extend(ticks.iter().map(|tick| tick.time));
    }
    assert_eq!(played, (1..=5).map(Time::from_nanos).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_tape_can_be_served_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = numbered_tape(&folder.path().join("a.csv"), 2_500);
    let (_control, watched) = watch::channel(ReplayControl::running(Speed::Full));
    let (mut source, mut served) = (ReplaySource::start(tape, watched), Vec::new());
    while source.next(&mut served).await == SourceState::More {}
    assert!(served.iter().map(|tick| tick.time).eq((1..=2_500).map(Time::from_nanos)));
}

#[tokio::test]
async fn a_paused_tape_without_anyone_at_the_controls_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = numbered_tape(&folder.path().join("a.csv"), 5);
    let (control, watched) = watch::channel(ReplayControl { speed: Speed::Full, paused: true });
    let mut source = ReplaySource::start(tape, watched);
    drop(control);
    assert_eq!(source.next_due().await.expect("a good file"), None);
}
