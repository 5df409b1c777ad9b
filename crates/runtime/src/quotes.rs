//! The quote board: the last market of every instrument, written by the sequencer and read by all.
//!
//! One slot an instrument, guarded by a version that is odd while the slot changes (a seqlock made
//! of atomics). The one writer never waits; a reader that met a change reads again. It must never be
//! written by two threads. Invariant: what a reader gets stood together at one time.

use crate::QuoteView;
use model::limits::INSTRUMENTS_MAX;
use model::{InstrumentId, Price, Qty, Quote, Stamped, TickBody, Time, TradeConditions};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering, fence};

/// Slots that are made at once: a page of neighbours, since most tables are small.
const PAGE_SLOTS: usize = 1_024;

/// One instrument's market, as raw numbers.
#[derive(Debug, Default)]
struct Slot {
    version: AtomicU64,
    bid: AtomicI64,
    bid_size: AtomicI64,
    ask: AtomicI64,
    ask_size: AtomicI64,
    last: AtomicI64,
    last_size: AtomicI64,
    time: AtomicI64,
    received: AtomicI64,
    /// The count of feed interruptions at the latest tick.
    interruptions: AtomicU64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct QuoteBoard {
    pages: Vec<OnceLock<Box<[Slot]>>>,
    interruptions: AtomicU64,
    age_ns_max: i64,
}

impl QuoteBoard {
    /// A board without quotes, on which a quote is stale beyond this age.
    pub(crate) fn new(age_ns_max: i64) -> Self {
        let pages = (0..INSTRUMENTS_MAX.div_ceil(PAGE_SLOTS)).map(|_| OnceLock::new()).collect();
        Self { pages, interruptions: AtomicU64::new(0), age_ns_max }
    }

    /// Writes a tick down. Called by the one sequencer.
    pub(crate) fn record(&self, stamped: &Stamped) {
        let Some((page, index)) = self.place(stamped.tick.instrument) else { return };
        let slot = &page.get_or_init(|| (0..PAGE_SLOTS).map(|_| Slot::default()).collect())[index];
        let version = slot.version.load(Ordering::Relaxed);
        slot.version.store(version + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        match stamped.tick.body {
            TickBody::Quote(quote) => slot.set_quote(&quote),
            TickBody::Trade(trade) => match trade.conditions {
                TradeConditions::Regular | TradeConditions::OpeningAuction | TradeConditions::ClosingAuction => {
                    slot.last.store(trade.price.raw(), Ordering::Relaxed);
                    slot.last_size.store(trade.size.raw(), Ordering::Relaxed);
                }
                TradeConditions::Ineligible => {}
            },
        }
        slot.time.store(stamped.tick.time.nanos(), Ordering::Relaxed);
        slot.received.store(stamped.now.nanos(), Ordering::Relaxed);
        slot.interruptions.store(self.interruptions.load(Ordering::Relaxed), Ordering::Relaxed);
        slot.version.store(version + 2, Ordering::Release);
    }

    /// From now on every quote is stale until a tick comes. Called by the one sequencer.
    pub(crate) fn feed_lost(&self) {
        self.interruptions.fetch_add(1, Ordering::Relaxed);
    }

    /// The market of an instrument at this engine time; `None` before its first tick.
    pub(crate) fn read(&self, instrument: InstrumentId, now: Time) -> Option<QuoteView> {
        let (page, index) = self.place(instrument)?;
        let slot = &page.get()?[index];
        loop {
            let version = slot.version.load(Ordering::Acquire);
            if version == 0 {
                return None;
            }
            if version % 2 == 0 {
                let (mut view, interruptions) = slot.copy(instrument, version);
                fence(Ordering::Acquire);
                if slot.version.load(Ordering::Relaxed) == version {
                    view.stale = interruptions != self.interruptions.load(Ordering::Relaxed)
                        || now.nanos_since(view.received) > self.age_ns_max;
                    return Some(view);
                }
            }
            std::hint::spin_loop();
        }
    }

    fn place(&self, instrument: InstrumentId) -> Option<(&OnceLock<Box<[Slot]>>, usize)> {
        let row = usize::try_from(instrument.get()).ok()?;
        Some((self.pages.get(row / PAGE_SLOTS)?, row % PAGE_SLOTS))
    }
}

impl Slot {
    fn set_quote(&self, quote: &Quote) {
        self.bid.store(quote.bid.raw(), Ordering::Relaxed);
        self.bid_size.store(quote.bid_size.raw(), Ordering::Relaxed);
        self.ask.store(quote.ask.raw(), Ordering::Relaxed);
        self.ask_size.store(quote.ask_size.raw(), Ordering::Relaxed);
    }

    fn copy(&self, instrument: InstrumentId, version: u64) -> (QuoteView, u64) {
        let price = |field: &AtomicI64| Price::from_raw(field.load(Ordering::Relaxed));
        let qty = |field: &AtomicI64| Qty::from_raw(field.load(Ordering::Relaxed));
        let time = |field: &AtomicI64| Time::from_nanos(field.load(Ordering::Relaxed));
        let view = QuoteView {
            instrument,
            bid: price(&self.bid),
            bid_size: qty(&self.bid_size),
            ask: price(&self.ask),
            ask_size: qty(&self.ask_size),
            last: price(&self.last),
            last_size: qty(&self.last_size),
            time: time(&self.time),
            received: time(&self.received),
            stale: false,
            version: version / 2,
        };
        (view, self.interruptions.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Tick, TickSeq};
    use std::sync::atomic::AtomicBool;

    fn quote(seq: u64, value: i64) -> Stamped {
        let (price, qty) = (Price::from_raw(value), Qty::from_raw(value));
        let quote = Quote { bid: price, bid_size: qty, ask: price, ask_size: qty };
        let time = Time::from_nanos(value);
        let tick = Tick { instrument: InstrumentId::new(7), time, body: TickBody::Quote(quote) };
        Stamped { seq: TickSeq::new(seq), now: time, tick }
    }

    #[test]
    fn a_reader_never_sees_half_a_quote() {
        let board = QuoteBoard::new(i64::MAX);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut seen = 0_u64;
                while !done.load(Ordering::Relaxed) {
                    if let Some(view) = board.read(InstrumentId::new(7), Time::EARLIEST) {
                        let values = [view.bid.raw(), view.ask.raw(), view.bid_size.raw(), view.time.nanos()];
                        assert_eq!(values, [view.ask_size.raw(); 4], "one quote's fields stand together");
                        assert!(view.version >= seen, "versions do not go back");
                        seen = view.version;
                    }
                }
            });
            for value in 1..100_000_i64 {
                board.record(&quote(1, value));
            }
            done.store(true, Ordering::Relaxed);
            reader.join().expect("the reader's assertions hold");
        });
    }

    #[test]
    fn a_quote_is_stale_by_interruption_and_by_age() {
        let board = QuoteBoard::new(10);
        let stale = |now: i64| board.read(InstrumentId::new(7), Time::from_nanos(now)).map(|view| view.stale);
        assert_eq!(stale(0), None);
        board.record(&quote(1, 100));
        assert_eq!(stale(110), Some(false));
        assert_eq!(stale(111), Some(true));
        board.feed_lost();
        assert_eq!(stale(100), Some(true));
        board.record(&quote(2, 101));
        assert_eq!(stale(101), Some(false));
    }

    #[test]
    fn an_instrument_beyond_the_table_has_no_quote() {
        let board = QuoteBoard::new(10);
        assert_eq!(board.read(InstrumentId::new(u32::MAX), Time::EARLIEST), None);
    }
}
