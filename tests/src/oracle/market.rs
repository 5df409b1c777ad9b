//! What the naive model knows of the market: the standing quote, the last prints, the reference.

use super::order::Side;

/// A quote is too old to trade on after this long: one hour.
const QUOTE_AGE_MAX_NS: i64 = 3_600 * 1_000_000_000;

/// Condition letters of prints that neither fill, nor elect stops, nor set a price.
const IRREGULAR: [&str; 18] =
    ["B", "W", "4", "7", "9", "C", "G", "H", "I", "M", "N", "P", "Q", "R", "T", "U", "V", "Z"];

/// Best bid and ask with displayed sizes, in units of 1e-8; a missing side is all zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopOfBook {
    /// Highest price bid.
    pub bid: i128,
    /// Displayed size at the bid.
    pub bid_size: i128,
    /// Lowest price asked.
    pub ask: i128,
    /// Displayed size at the ask.
    pub ask_size: i128,
}

/// One print of the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// Its price.
    pub price: i128,
    /// Its size.
    pub size: i128,
    /// The tape's condition letters.
    pub conditions: &'static [&'static str],
}

impl Print {
    /// Whether every condition lets it count.
    #[must_use]
    pub fn is_regular(&self) -> bool {
        !self.conditions.iter().any(|letter| IRREGULAR.contains(letter))
    }
}

/// What a tick says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickBody {
    /// A new quote.
    Quote(TopOfBook),
    /// A print.
    Print(Print),
}

/// One tick with its time in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// When.
    pub time: i64,
    /// What.
    pub body: TickBody,
}

/// Which resting side a print's aggressor hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A seller hit the buyers.
    Bids,
    /// A buyer lifted the sellers.
    Asks,
    /// Nobody can tell: both.
    Both,
}

impl Hit {
    /// Whether resting orders of this side were hit.
    #[must_use]
    pub fn reaches(self, side: Side) -> bool {
        matches!((self, side), (Self::Both, _) | (Self::Bids, Side::Buy) | (Self::Asks, Side::Sell))
    }
}

/// The market of the instrument.
#[derive(Clone, Debug, Default)]
pub struct Market {
    /// The standing quote.
    pub quote: TopOfBook,
    /// The last price that may release stops.
    pub reference: Option<i128>,
    quote_time: i64,
    last: Option<i128>,
    last_different: Option<i128>,
}

impl Market {
    /// Takes a quote; says whether the bid and the ask changed.
    pub fn take_quote(&mut self, time: i64, quote: TopOfBook) -> (bool, bool) {
        let old = std::mem::replace(&mut self.quote, quote);
        self.quote_time = time;
        let bid_changed = (old.bid, old.bid_size) != (quote.bid, quote.bid_size);
        let ask_changed = (old.ask, old.ask_size) != (quote.ask, quote.ask_size);
        (bid_changed, ask_changed)
    }

    fn is_crossed(&self) -> bool {
        self.quote.bid > 0 && self.quote.ask > 0 && self.quote.bid > self.quote.ask
    }

    fn is_fresh(&self, time: i64) -> bool {
        time - self.quote_time <= QUOTE_AGE_MAX_NS
    }

    fn is_valid(&self, time: i64) -> bool {
        self.quote.bid > 0 && self.quote.ask > 0 && !self.is_crossed() && self.is_fresh(time)
    }

    /// Price and displayed size that an order of this side could trade against.
    #[must_use]
    pub fn opposite(&self, side: Side, time: i64) -> Option<(i128, i128)> {
        let (price, size) = match side {
            Side::Buy => (self.quote.ask, self.quote.ask_size),
            Side::Sell => (self.quote.bid, self.quote.bid_size),
        };
        (price > 0 && !self.is_crossed() && self.is_fresh(time)).then_some((price, size))
    }

    /// Displayed size that a new limit order queues behind.
    #[must_use]
    pub fn displayed_ahead(&self, side: Side, limit: i128) -> i128 {
        match side {
            Side::Buy if limit == self.quote.bid => self.quote.bid_size,
            Side::Sell if limit == self.quote.ask => self.quote.ask_size,
            Side::Buy | Side::Sell => 0,
        }
    }

    /// The price that a new stop is compared with: the last eligible print, or before any print the
    /// side of the quote that the stop would trade against.
    #[must_use]
    pub fn reference_for(&self, side: Side) -> Option<i128> {
        let quoted = match side {
            Side::Buy => self.quote.ask,
            Side::Sell => self.quote.bid,
        };
        self.reference.or((quoted > 0 && !self.is_crossed()).then_some(quoted))
    }

    /// Whether a print may release stops: it lies within the standing quote, or there is no valid
    /// quote to judge it by.
    #[must_use]
    pub fn may_elect(&self, price: i128, time: i64) -> bool {
        !self.is_valid(time) || (self.quote.bid <= price && price <= self.quote.ask)
    }

    /// Who was hit by a print at this price: by the quote rule, then by the tick rule.
    #[must_use]
    pub fn judge(&self, price: i128, time: i64) -> Hit {
        if self.is_valid(time) {
            let middle_twice = self.quote.bid + self.quote.ask;
            let at_ask = price >= self.quote.ask;
            let at_bid = price <= self.quote.bid;
            match (at_ask, at_bid) {
                (true, false) => return Hit::Asks,
                (false, true) => return Hit::Bids,
                (true, true) => {}
                (false, false) if price * 2 > middle_twice => return Hit::Asks,
                (false, false) if price * 2 < middle_twice => return Hit::Bids,
                (false, false) => {}
            }
        }
        let before = if self.last == Some(price) { self.last_different } else { self.last };
        match before.map(|before| price.cmp(&before)) {
            Some(std::cmp::Ordering::Greater) => Hit::Asks,
            Some(std::cmp::Ordering::Less) => Hit::Bids,
            Some(std::cmp::Ordering::Equal) | None => Hit::Both,
        }
    }

    /// Keeps a print's price for the tick rule.
    pub fn remember(&mut self, price: i128) {
        if self.last != Some(price) {
            self.last_different = self.last;
            self.last = Some(price);
        }
    }
}
