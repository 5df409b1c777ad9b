//! An order of the naive model.

use crate::fixed;

/// Buy or sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Adds to the holding.
    Buy,
    /// Takes from it.
    Sell,
}

impl Side {
    /// 0 for a buy, 1 for a sell.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::Buy => 0,
            Self::Sell => 1,
        }
    }

    /// Whether trading at a price keeps within a limit.
    #[must_use]
    pub fn within(self, price: i128, limit: i128) -> bool {
        match self {
            Self::Buy => price <= limit,
            Self::Sell => price >= limit,
        }
    }

    /// Whether a stop is reached; touching is enough.
    #[must_use]
    pub fn stop_reached(self, reference: i128, stop: i128) -> bool {
        match self {
            Self::Buy => reference >= stop,
            Self::Sell => reference <= stop,
        }
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
        }
    }
}

/// How far a trailing stop follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trail {
    /// An amount of price.
    Amount(i128),
    /// Hundredths of the mark.
    Percent(i128),
}

/// Type and prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At the best price there is.
    Market,
    /// At the limit or better.
    Limit {
        /// Worst price.
        limit: i128,
    },
    /// A market order once the reference reaches the stop.
    Stop {
        /// Releasing price.
        stop: i128,
    },
    /// A limit order once the reference reaches the stop.
    StopLimit {
        /// Releasing price.
        stop: i128,
        /// Worst price.
        limit: i128,
    },
    /// A stop that follows the best reference seen.
    Trailing {
        /// Its distance.
        trail: Trail,
    },
}

impl Kind {
    /// The worst price, where there is one.
    #[must_use]
    pub fn limit(self) -> Option<i128> {
        match self {
            Self::Limit { limit } | Self::StopLimit { limit, .. } => Some(limit),
            Self::Market | Self::Stop { .. } | Self::Trailing { .. } => None,
        }
    }
}

/// How much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// So many shares.
    Shares(i128),
    /// For so much money.
    Notional(i128),
}

/// How long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeInForce {
    /// To the close of the session.
    Day,
    /// Until cancelled.
    Gtc,
    /// What there is at once.
    Ioc,
    /// All at once or nothing.
    Fok,
}

impl TimeInForce {
    /// Whether it ends after one look at the market.
    #[must_use]
    pub fn is_immediate(self) -> bool {
        matches!(self, Self::Ioc | Self::Fok)
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Gtc => "GTC",
            Self::Ioc => "IOC",
            Self::Fok => "FOK",
        }
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Open, nothing filled.
    New,
    /// Open, partly filled.
    PartiallyFilled,
    /// Done.
    Filled,
    /// Ended early.
    Canceled,
    /// Ended by time.
    Expired,
    /// Refused, with the code.
    Rejected(&'static str),
}

impl Status {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::PartiallyFilled => "PARTIALLY_FILLED",
            Self::Filled => "FILLED",
            Self::Canceled => "CANCELED",
            Self::Expired => "EXPIRED",
            Self::Rejected(_) => "REJECTED",
        }
    }
}

/// Whether a fill met what rested or was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liquidity {
    /// It rested.
    Maker,
    /// It took.
    Taker,
}

impl Liquidity {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Maker => "MAKER",
            Self::Taker => "TAKER",
        }
    }
}

/// A part that traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Engine time in nanoseconds.
    pub time: i64,
    /// Price.
    pub price: i128,
    /// Quantity.
    pub qty: i128,
    /// Maker or taker.
    pub liquidity: Liquidity,
}

impl Fill {
    /// The fill in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        let (qty, price) = (fixed::format(self.qty), fixed::format(self.price));
        format!("{qty}@{price} {} at {}", self.liquidity.name(), self.time)
    }
}

/// An order as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Whose, by index.
    pub portfolio: usize,
    /// Buy or sell.
    pub side: Side,
    /// Type and prices.
    pub kind: Kind,
    /// How much.
    pub size: Size,
    /// How long.
    pub time_in_force: TimeInForce,
}

/// What a replace changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// New total quantity.
    pub qty: Option<i128>,
    /// New limit.
    pub limit: Option<i128>,
    /// New stop.
    pub stop: Option<i128>,
    /// New distance.
    pub trail: Option<Trail>,
    /// New time in force.
    pub time_in_force: Option<TimeInForce>,
}

/// An order and all that became of it.
#[derive(Clone, Debug)]
pub struct Order {
    /// As sent, but for the time in force, which a replace may change.
    pub new: NewOrder,
    /// Type and prices now.
    pub kind: Kind,
    /// How much now.
    pub size: Size,
    /// Where it stands.
    pub status: Status,
    /// Engine time of its acceptance.
    pub created: i64,
    /// What traded.
    pub fills: Vec<Fill>,
    /// Sum of their quantities.
    pub filled: i128,
    /// Sum of their values.
    pub filled_value: i128,
    /// Best reference seen since acceptance.
    pub hwm: Option<i128>,
    /// Whether its stop was released.
    pub triggered: bool,
    pub(super) expires: Option<i64>,
    pub(super) ahead: i128,
    pub(super) place: u64,
    pub(super) reserved_cash: i128,
    pub(super) reserved_qty: i128,
}

impl Order {
    pub(super) fn new(new: NewOrder, created: i64) -> Self {
        Self {
            new,
            kind: new.kind,
            size: new.size,
            status: Status::New,
            created,
            fills: Vec::new(),
            filled: 0,
            filled_value: 0,
            hwm: None,
            triggered: false,
            expires: None,
            ahead: 0,
            place: 0,
            reserved_cash: 0,
            reserved_qty: 0,
        }
    }

    /// Whether it may still trade.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.status, Status::New | Status::PartiallyFilled)
    }

    /// Whether it waits for its stop.
    #[must_use]
    pub fn waits_for_trigger(&self) -> bool {
        let has_stop = matches!(self.kind, Kind::Stop { .. } | Kind::StopLimit { .. } | Kind::Trailing { .. });
        has_stop && !self.triggered
    }

    /// The price that releases it now.
    #[must_use]
    pub fn stop(&self) -> Option<i128> {
        match self.kind {
            Kind::Stop { stop } | Kind::StopLimit { stop, .. } => Some(stop),
            Kind::Trailing { trail } => self.hwm.map(|hwm| {
                let distance = match trail {
                    Trail::Amount(amount) => amount,
                    Trail::Percent(percent) => fixed::divide_half_even(hwm * percent, 100 * fixed::ONE),
                };
                match self.new.side {
                    Side::Buy => hwm + distance,
                    Side::Sell => hwm - distance,
                }
            }),
            Kind::Market | Kind::Limit { .. } => None,
        }
    }

    /// The outcome in one line: status, code, filled quantity, average price, fills.
    #[must_use]
    pub fn summary(&self) -> String {
        let code = match self.status {
            Status::Rejected(code) => code,
            Status::New | Status::PartiallyFilled | Status::Filled | Status::Canceled | Status::Expired => "",
        };
        let average = if self.filled == 0 {
            "-".to_owned()
        } else {
            fixed::format(fixed::divide_half_even(self.filled_value * fixed::ONE, self.filled))
        };
        let fills: Vec<String> = self.fills.iter().map(Fill::summary).collect();
        format!("{} {code} {} avg {average} {fills:?}", self.status.name(), fixed::format(self.filled))
    }

    pub(super) fn leaves_shares(&self) -> i128 {
        match self.size {
            Size::Shares(qty) => qty - self.filled,
            Size::Notional(_) => 0,
        }
    }

    /// How much more it wants at a price.
    pub(super) fn wanted(&self, price: i128, lot: i128) -> i128 {
        match self.size {
            Size::Shares(qty) => qty - self.filled,
            Size::Notional(amount) => fixed::lots_for(amount - self.filled_value, price, lot),
        }
    }

    /// Changes the terms; says whether the place in the queue is kept.
    pub(super) fn apply(&mut self, change: Change) -> bool {
        let (old_kind, old_size) = (self.kind, self.size);
        if let Some(qty) = change.qty {
            self.size = Size::Shares(qty);
        }
        if let Some(time_in_force) = change.time_in_force {
            self.new.time_in_force = time_in_force;
        }
        self.kind = match self.kind {
            Kind::Market => Kind::Market,
            Kind::Limit { limit } => Kind::Limit { limit: change.limit.unwrap_or(limit) },
            Kind::Stop { stop } => Kind::Stop { stop: change.stop.unwrap_or(stop) },
            Kind::StopLimit { stop, limit } => {
                Kind::StopLimit { stop: change.stop.unwrap_or(stop), limit: change.limit.unwrap_or(limit) }
            }
            Kind::Trailing { trail } => Kind::Trailing { trail: change.trail.unwrap_or(trail) },
        };
        let grew = match (old_size, self.size) {
            (Size::Shares(old), Size::Shares(new)) => new > old,
            (Size::Notional(_), _) | (_, Size::Notional(_)) => false,
        };
        old_kind == self.kind && !grew
    }

    /// Moves a trailing stop's mark to a better reference.
    pub(super) fn ratchet(&mut self, reference: i128) {
        if !matches!(self.kind, Kind::Trailing { .. }) || !self.waits_for_trigger() {
            return;
        }
        self.hwm = Some(match (self.hwm, self.new.side) {
            (None, _) => reference,
            (Some(hwm), Side::Sell) => i128::max(hwm, reference),
            (Some(hwm), Side::Buy) => i128::min(hwm, reference),
        });
    }
}
