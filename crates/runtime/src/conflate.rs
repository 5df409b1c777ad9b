//! Merging ticks for a ring whose taker is behind: per instrument, the latest and the extremes.
//!
//! What stays is a selection of the very ticks that came, in the order in which they came: the
//! latest quote, those with the lowest and highest fillable bid, ask and middle, the first and the
//! latest regular trade, those with the lowest and highest price inside the quote and by aggressor,
//! the print of each auction, and with each trade the quote it was made under, which decides what
//! the trade may do. A price that a resting order waits for is touched by the selection exactly when
//! it was touched by the whole. What may be lost is volume (orders fill later, never more) and the
//! path between two extremes (a trailing stop may see less of it, and what waits for two touches in
//! a row may see them closer together). Invariant: what comes out has increasing places, and memory is
//! bounded by the instrument table.

use crate::lane::LaneItem;
use model::{
    Aggressor, InstrumentId, Price, Qty, Quote, Stamped, TickBody, TickSeq, Time, Trade, TradeConditions,
};
use std::collections::{BTreeMap, HashMap};

/// Whether the size of dropped trades is added to the latest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sizes {
    /// No: for shards, since a fill names the print it was made from.
    AsPrinted,
    /// Yes: for bars, whose volume must be whole.
    Summed,
}

/// Why a tick is kept; each reason keeps one tick of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    LatestQuote,
    LowestAsk,
    HighestAsk,
    LowestBid,
    HighestBid,
    /// What releases orders that watch the middle of the quote.
    LowestMiddle,
    HighestMiddle,
    /// From the first trade on, quotes stand in for trades no longer.
    FirstTrade,
    LatestTrade,
    /// What an auction's orders are filled at: its first print.
    OpeningAuction,
    ClosingAuction,
    /// Inside the quote: what releases stops.
    LowestInside,
    HighestInside,
    /// Before any quote that was seen here: it may have been inside.
    LowestUnjudged,
    HighestUnjudged,
    /// Its aggressor may have been a seller: what a resting buy is met by.
    LowestSale,
    /// Its aggressor may have been a buyer: what a resting sell is met by.
    HighestPurchase,
}

/// How many reasons there are.
const REASONS: usize = Reason::HighestPurchase as usize + 1;
/// A slot for each reason, and behind them one for the quote that the tick of each was made under.
const SLOTS: usize = 2 * REASONS;

/// What is kept of one instrument.
#[derive(Debug)]
struct Kept {
    slots: [Option<TickSeq>; SLOTS],
    /// The latest quote, taken out or not.
    quote: Option<Quote>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Conflator {
    sizes: Sizes,
    waiting: BTreeMap<TickSeq, (Stamped, i64)>,
    kept: HashMap<InstrumentId, Kept>,
    /// The last tick taken in.
    last: TickSeq,
    /// The latest interruption, and the last tick before it.
    feed_lost: Option<(TickSeq, Time)>,
}

impl Conflator {
    /// One in which nothing waits.
    pub(crate) fn new(sizes: Sizes) -> Self {
        Self { sizes, waiting: BTreeMap::new(), kept: HashMap::new(), last: TickSeq::new(0), feed_lost: None }
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.feed_lost.is_none()
    }

    /// Takes in what is later than all before; returns how many ticks were dropped for it.
    pub(crate) fn push(&mut self, item: LaneItem) -> u64 {
        let before = self.waiting.len();
        let (stamped, arrival) = match item {
            LaneItem::Tick(stamped, arrival) => (stamped, arrival),
            LaneItem::FeedLost(now) => {
                self.feed_lost = Some((self.last, now));
                return 0;
            }
        };
        self.last = stamped.seq;
        self.waiting.insert(stamped.seq, (stamped, arrival));
        match stamped.tick.body {
            TickBody::Quote(quote) => self.push_quote(stamped.tick.instrument, stamped.seq, &quote),
            TickBody::Trade(trade) => self.push_trade(stamped.tick.instrument, stamped.seq, &trade),
        }
        u64::try_from(before + 1 - self.waiting.len()).unwrap_or(0)
    }

    /// Takes the oldest out.
    pub(crate) fn pop(&mut self) -> Option<LaneItem> {
        let first = self.waiting.first_key_value().map(|(seq, _)| *seq);
        if let Some((_, now)) = self.feed_lost.take_if(|(last, _)| first.is_none_or(|first| first > *last)) {
            return Some(LaneItem::FeedLost(now));
        }
        let (seq, (stamped, arrival)) = self.waiting.pop_first()?;
        if let Some(kept) = self.kept.get_mut(&stamped.tick.instrument) {
            for slot in kept.slots.iter_mut().filter(|slot| **slot == Some(seq)) {
                *slot = None;
            }
            if kept.slots.iter().all(Option::is_none) {
                self.kept.remove(&stamped.tick.instrument);
            }
        }
        Some(LaneItem::Tick(stamped, arrival))
    }

    fn push_quote(&mut self, instrument: InstrumentId, seq: TickSeq, quote: &Quote) {
        // Nothing fills against a crossed quote or a missing side: they are no extremes.
        if !quote.is_crossed() {
            if quote.ask.is_positive() {
                self.keep_if(instrument, Reason::LowestAsk, seq, |kept| quote.ask < ask(kept));
                self.keep_if(instrument, Reason::HighestAsk, seq, |kept| quote.ask > ask(kept));
            }
            if quote.bid.is_positive() {
                self.keep_if(instrument, Reason::LowestBid, seq, |kept| quote.bid < bid(kept));
                self.keep_if(instrument, Reason::HighestBid, seq, |kept| quote.bid > bid(kept));
            }
        }
        if let Some(now) = quote.middle() {
            self.keep_if(instrument, Reason::LowestMiddle, seq, |kept| now < middle(kept));
            self.keep_if(instrument, Reason::HighestMiddle, seq, |kept| now > middle(kept));
        }
        self.keep_if(instrument, Reason::LatestQuote, seq, |_| true);
        self.kept_of(instrument).quote = Some(*quote);
    }

    fn push_trade(&mut self, instrument: InstrumentId, seq: TickSeq, trade: &Trade) {
        let auction = match trade.conditions {
            TradeConditions::Regular => None,
            TradeConditions::OpeningAuction => Some(Reason::OpeningAuction),
            TradeConditions::ClosingAuction => Some(Reason::ClosingAuction),
            // It could neither fill, release nor set anything.
            TradeConditions::Ineligible => {
                self.waiting.remove(&seq);
                return;
            }
        };
        let quote = self.kept_of(instrument).quote;
        let sale = trade.aggressor != Aggressor::Buyer;
        let purchase = trade.aggressor != Aggressor::Seller;
        let lower = |kept: &TickBody| trade.price < price(kept);
        let higher = |kept: &TickBody| trade.price > price(kept);
        let mut dropped = vec![self.keep_if(instrument, Reason::FirstTrade, seq, |_| false)];
        if let Some(auction) = auction {
            dropped.push(self.keep_if(instrument, auction, seq, |_| false));
        }
        let extremes = match quote {
            None => Some((Reason::LowestUnjudged, Reason::HighestUnjudged)),
            Some(quote) => admits(&quote, trade.price).then_some((Reason::LowestInside, Reason::HighestInside)),
        };
        if let Some((lowest, highest)) = extremes {
            dropped.push(self.keep_if(instrument, lowest, seq, lower));
            dropped.push(self.keep_if(instrument, highest, seq, higher));
        }
        if sale {
            dropped.push(self.keep_if(instrument, Reason::LowestSale, seq, lower));
        }
        if purchase {
            dropped.push(self.keep_if(instrument, Reason::HighestPurchase, seq, higher));
        }
        dropped.push(self.keep_if(instrument, Reason::LatestTrade, seq, |_| true));
        match self.sizes {
            Sizes::AsPrinted => {}
            Sizes::Summed => dropped.iter().flatten().for_each(|dropped| self.add_size(dropped, seq)),
        }
    }

    /// Keeps the tick for this reason where nothing is kept for it or `better` says so of what is;
    /// returns the tick that is kept for no reason any more.
    fn keep_if(
        &mut self,
        instrument: InstrumentId,
        reason: Reason,
        seq: TickSeq,
        better: impl Fn(&TickBody) -> bool,
    ) -> Option<Stamped> {
        let slot = reason as usize;
        let slots = &self.kept_of(instrument).slots;
        let (before, quote) = (slots[slot], slots[Reason::LatestQuote as usize]);
        let standing = before.and_then(|before| self.waiting.get(&before));
        if standing.is_some_and(|(stamped, _)| !better(&stamped.tick.body)) {
            return None;
        }
        if slot >= Reason::FirstTrade as usize {
            self.hold(instrument, REASONS + slot, quote);
        }
        self.hold(instrument, slot, Some(seq))
    }

    /// Puts a tick into a slot; returns the one that no slot holds any more.
    fn hold(&mut self, instrument: InstrumentId, slot: usize, seq: Option<TickSeq>) -> Option<Stamped> {
        let slots = &mut self.kept_of(instrument).slots;
        let before = std::mem::replace(&mut slots[slot], seq)?;
        if slots.contains(&Some(before)) {
            return None;
        }
        self.waiting.remove(&before).map(|(stamped, _)| stamped)
    }

    fn kept_of(&mut self, instrument: InstrumentId) -> &mut Kept {
        self.kept.entry(instrument).or_insert(Kept { slots: [None; SLOTS], quote: None })
    }

    fn add_size(&mut self, dropped: &Stamped, heir: TickSeq) {
        if let (TickBody::Trade(from), Some((stamped, _))) = (dropped.tick.body, self.waiting.get_mut(&heir))
            && let TickBody::Trade(to) = &mut stamped.tick.body
        {
            to.size = to.size.checked_add(from.size).unwrap_or(Qty::MAX);
        }
    }
}

/// Whether a trade at this price releases stops under this quote: inside it, or it is no judge.
fn admits(quote: &Quote, price: Price) -> bool {
    let judges = quote.bid.is_positive() && quote.ask.is_positive() && !quote.is_crossed();
    !judges || (quote.bid <= price && price <= quote.ask)
}

fn ask(body: &TickBody) -> Price {
    match body {
        TickBody::Quote(quote) => quote.ask,
        TickBody::Trade(_) => Price::ZERO,
    }
}

fn bid(body: &TickBody) -> Price {
    match body {
        TickBody::Quote(quote) => quote.bid,
        TickBody::Trade(_) => Price::ZERO,
    }
}

fn middle(body: &TickBody) -> Price {
    match body {
        TickBody::Quote(quote) => quote.middle().unwrap_or(Price::ZERO),
        TickBody::Trade(_) => Price::ZERO,
    }
}

fn price(body: &TickBody) -> Price {
    match body {
        TickBody::Trade(trade) => trade.price,
        TickBody::Quote(_) => Price::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Command, CommandReply, EventBody, OrderId, OrderKind, PortfolioId, Tick};
    use std::collections::BTreeSet;

    const INSTRUMENT: InstrumentId = InstrumentId::new(3);

    fn stamped(seq: u64, body: TickBody) -> LaneItem {
        let time = Time::from_nanos(i64::try_from(seq).expect("small"));
        let tick = Tick { instrument: INSTRUMENT, time, body };
        LaneItem::Tick(Stamped { seq: TickSeq::new(seq), now: time, tick }, 0)
    }

    fn quote(seq: u64, bid: i64, ask: i64) -> LaneItem {
        let size = Qty::whole(100);
        let quote = Quote { bid: Price::whole(bid), bid_size: size, ask: Price::whole(ask), ask_size: size };
        stamped(seq, TickBody::Quote(quote))
    }

    fn trade(seq: u64, price: i64, size: i64, conditions: TradeConditions) -> LaneItem {
        let trade = Trade {
            price: Price::whole(price),
            size: Qty::whole(size),
            aggressor: Aggressor::Unknown,
            conditions,
        };
        stamped(seq, TickBody::Trade(trade))
    }

    /// The places that come out, 0 for an interruption, and how many were dropped.
    fn check(sizes: Sizes, items: &[LaneItem], expected: &[u64], dropped: u64) -> Vec<LaneItem> {
        let mut conflator = Conflator::new(sizes);
        let lost: u64 = items.iter().map(|item| conflator.push(*item)).sum();
        let out: Vec<LaneItem> = std::iter::from_fn(|| conflator.pop()).collect();
        let places: Vec<u64> = out
            .iter()
            .map(|item| match item {
                LaneItem::Tick(stamped, _) => stamped.seq.get(),
                LaneItem::FeedLost(_) => 0,
            })
            .collect();
        assert_eq!(places, expected);
        assert_eq!(lost, dropped);
        assert!(conflator.is_empty());
        assert!(conflator.kept.is_empty());
        out
    }

    #[test]
    fn the_latest_quote_and_the_extremes_stay_in_their_order() {
        let items = [
            quote(1, 10, 12),
            quote(2, 14, 15), // highest bid
            quote(3, 11, 13),
            quote(4, 5, 6),   // lowest bid and ask
            quote(5, 13, 18), // highest ask
            quote(6, 11, 12),
            quote(7, 11, 13), // latest
        ];
        check(Sizes::AsPrinted, &items, &[2, 4, 5, 7], 3);
    }

    #[test]
    fn a_crossed_or_missing_side_is_no_extreme() {
        let items = [quote(1, 10, 12), quote(2, 99, 1), quote(3, 0, 0), quote(4, 10, 12)];
        check(Sizes::AsPrinted, &items, &[1, 4], 2);
    }

    #[test]
    fn trades_keep_extremes_and_forget_what_may_do_nothing() {
        use TradeConditions::{Ineligible, Regular};
        let items = [
            trade(1, 10, 1, Regular), // first
            trade(2, 12, 2, Regular), // highest
            trade(3, 99, 4, Ineligible),
            trade(4, 8, 8, Regular), // lowest
            trade(5, 11, 16, Regular),
            trade(6, 9, 32, Regular), // latest
        ];
        check(Sizes::AsPrinted, &items, &[1, 2, 4, 6], 2);
    }

    #[test]
    fn the_first_print_of_an_auction_stays() {
        use TradeConditions::{OpeningAuction, Regular};
        let items = [
            trade(1, 10, 1, Regular),        // first
            trade(2, 11, 1, OpeningAuction), // the auction
            trade(3, 12, 1, OpeningAuction), // highest
            trade(4, 11, 1, Regular),
            trade(5, 11, 1, Regular), // latest
        ];
        check(Sizes::AsPrinted, &items, &[1, 2, 3, 5], 1);
    }

    #[test]
    fn summed_sizes_are_those_of_all_regular_trades() {
        use TradeConditions::Regular;
        let sizes = [1, 2, 4, 8, 16, 32];
        let prices = [10, 12, 11, 8, 11, 9];
        let items: Vec<LaneItem> = (1_u64..)
            .zip(prices.iter().zip(sizes))
            .map(|(seq, (price, size))| trade(seq, *price, size, Regular))
            .collect();
        let out = check(Sizes::Summed, &items, &[1, 2, 4, 6], 2);
        let total: i64 = out
            .iter()
            .map(|item| match item {
                LaneItem::Tick(Stamped { tick: Tick { body: TickBody::Trade(trade), .. }, .. }, _) => {
                    trade.size.raw() / model::SCALE
                }
                LaneItem::Tick(..) | LaneItem::FeedLost(_) => 0,
            })
            .sum();
        assert_eq!(total, 63);
    }

    #[test]
    fn an_interruption_stays_between_the_ticks_before_and_after_it() {
        let items =
            [quote(1, 10, 12), LaneItem::FeedLost(Time::from_nanos(1)), quote(2, 10, 13), quote(3, 10, 13)];
        check(Sizes::AsPrinted, &items, &[1, 0, 2, 3], 0);
    }

    #[test]
    fn every_level_is_touched_by_the_selection_as_by_the_whole() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut draw = |bound: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            i64::try_from(state % bound).expect("small")
        };
        let items: Vec<LaneItem> = (1..2_000)
            .map(|seq| match draw(3) {
                0 => trade(seq, 50 + draw(40), 1, TradeConditions::Regular),
                _ => quote(seq, 40 + draw(40), 41 + draw(50)),
            })
            .collect();
        let mut conflator = Conflator::new(Sizes::AsPrinted);
        for item in &items {
            conflator.push(*item);
        }
        let selection: Vec<LaneItem> = std::iter::from_fn(|| conflator.pop()).collect();
        assert!(selection.len() <= SLOTS);
        for level in (30..110).map(Price::whole) {
            let of_quotes = [ask_at_most, bid_at_least, middle_at_most, middle_at_least];
            for touches in of_quotes.into_iter().chain([trade_at_most, trade_at_least]) {
                let touched = |items: &[LaneItem]| items.iter().any(|item| touches(item, level));
                assert_eq!(touched(&items), touched(&selection), "at {level}");
            }
        }
    }

    /// A shard with a portfolio that buys stops above and below, and limits, at every level.
    fn shard_with_orders() -> engine::Shard {
        let config =
            engine::ShardConfig { calendar: engine::CalendarPolicy::AlwaysOpen, ..engine::ShardConfig::default() };
        let mut shard = engine::Shard::new(config);
        let portfolio = PortfolioId::new(1);
        let mut commands = vec![
            Command::DefineInstrument(crate::testing::spec("AAPL").with_id(INSTRUMENT)),
            Command::OpenPortfolio {
                portfolio,
                currency: model::Currency::Usd,
                starting_balance: model::Money::whole(10_000_000),
                limits: model::RiskLimits::default(),
                profile: Box::default(),
            },
        ];
        for level in 31..110 {
            let price = Price::whole(level);
            for kind in [OrderKind::Stop { stop: price }, OrderKind::Limit { limit: price }] {
                let name = u128::try_from(level * 2).expect("small") + u128::from(kind.waits_for_trigger());
                commands.push(Command::Submit(model::NewOrder {
                    portfolio,
                    client_order_id: model::ClientOrderId::parse(&format!("{name}")).expect("short"),
                    key: model::ClientOrderKey::new(name),
                    fingerprint: 0,
                    symbol: model::Symbol::parse("AAPL").expect("a ticker"),
                    side: model::Side::Buy,
                    terms: model::OrderTerms::plain(kind, model::Size::Shares(Qty::whole(1))),
                    chain: None,
                }));
            }
        }
        let by = model::SubmittedBy { user: model::UserId::new(1), origin: model::Origin::Manual };
        for command in commands {
            let reply = shard.apply(&model::Request { by, command }, Time::EARLIEST, &mut Vec::new());
            assert!(matches!(reply, CommandReply::Done | CommandReply::Accepted(_)), "{reply:?}");
        }
        shard
    }

    /// The stops that were released, and the limits that traded.
    fn touched(items: &[LaneItem]) -> (BTreeSet<OrderId>, BTreeSet<OrderId>) {
        let mut shard = shard_with_orders();
        let mut events = Vec::new();
        // Once an instrument has traded, only trades release stops.
        let earlier = trade(1, 70, 1, TradeConditions::Regular);
        for item in std::iter::once(&earlier).chain(items) {
            match item {
                LaneItem::Tick(stamped, _) => shard.on_tick(stamped, &mut events),
                LaneItem::FeedLost(now) => shard.on_feed_lost(*now, &mut events),
            }
        }
        let (mut released, mut traded) = (BTreeSet::new(), BTreeSet::new());
        for event in &events {
            if let EventBody::OrderTriggered { order, .. } = &event.body {
                released.insert(*order);
            } else if let EventBody::Filled(fill) = &event.body {
                traded.insert(fill.order);
            }
        }
        let limits = traded.difference(&released).copied().collect();
        (released, limits)
    }

    #[test]
    fn an_engine_behind_the_conflator_releases_the_same_stops_and_fills_no_more() {
        let size = Qty::whole(1_000);
        for seed in 1..20_u64 {
            let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mut draw = |bound: u64| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                i64::try_from(state % bound).expect("small")
            };
            let ticks: Vec<LaneItem> = (2..400)
                .map(|seq| {
                    let middle = 60 + draw(20);
                    if draw(3) == 0 {
                        return trade(seq, middle, 1_000, TradeConditions::Regular);
                    }
                    let (bid, ask) = (Price::whole(middle), Price::whole(middle + 1 + draw(3)));
                    stamped(seq, TickBody::Quote(Quote { bid, bid_size: size, ask, ask_size: size }))
                })
                .collect();
            let mut conflator = Conflator::new(Sizes::AsPrinted);
            for tick in &ticks {
                conflator.push(*tick);
            }
            let selection: Vec<LaneItem> = std::iter::from_fn(|| conflator.pop()).collect();
            let (released, traded) = touched(&ticks);
            let (released_merged, traded_merged) = touched(&selection);
            assert!(released.len() > 5 && traded.len() > 5);
            assert_eq!(released, released_merged, "seed {seed}");
            // At the lowest price of all, volume decides whether the queue is used up: one level.
            let later: Vec<_> = traded.symmetric_difference(&traded_merged).collect();
            assert!(traded_merged.is_subset(&traded) && later.len() <= 1, "seed {seed}: {later:?}");
        }
    }

    fn fillable(item: &LaneItem) -> Option<Quote> {
        match item {
            LaneItem::Tick(Stamped { tick: Tick { body: TickBody::Quote(quote), .. }, .. }, _) => {
                (!quote.is_crossed()).then_some(*quote)
            }
            LaneItem::Tick(..) | LaneItem::FeedLost(_) => None,
        }
    }

    fn print(item: &LaneItem) -> Option<Trade> {
        match item {
            LaneItem::Tick(Stamped { tick: Tick { body: TickBody::Trade(trade), .. }, .. }, _) => Some(*trade),
            LaneItem::Tick(..) | LaneItem::FeedLost(_) => None,
        }
    }

    fn ask_at_most(item: &LaneItem, level: Price) -> bool {
        fillable(item).is_some_and(|quote| quote.ask <= level)
    }

    fn bid_at_least(item: &LaneItem, level: Price) -> bool {
        fillable(item).is_some_and(|quote| quote.bid >= level)
    }

    fn middle_at_most(item: &LaneItem, level: Price) -> bool {
        fillable(item).and_then(Quote::middle).is_some_and(|middle| middle <= level)
    }

    fn middle_at_least(item: &LaneItem, level: Price) -> bool {
        fillable(item).and_then(Quote::middle).is_some_and(|middle| middle >= level)
    }

    fn trade_at_most(item: &LaneItem, level: Price) -> bool {
        print(item).is_some_and(|trade| trade.price <= level)
    }

    fn trade_at_least(item: &LaneItem, level: Price) -> bool {
        print(item).is_some_and(|trade| trade.price >= level)
    }
}
