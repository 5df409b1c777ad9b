//! Business refusals: stable codes, in the order in which they are looked for.
//!
//! A refusal is an answer, not an error. When several reasons hold, the first in [`RejectCode`]'s
//! order is the one given, so that a client sees the same code for the same order every time.

use alloc::boxed::Box;
use core::fmt;
use rkyv::{Archive, Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// Why an order or a change was refused. The order of the variants is their precedence.
        #[derive(
            Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
        )]
        pub enum RejectCode {
            $($(#[$doc])* $name,)*
        }

        impl RejectCode {
            /// Every code, in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as clients read it.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

codes! {
    /// The portfolio is not there.
    UnknownPortfolio = "UNKNOWN_PORTFOLIO",
    /// The client order id was used before with another meaning.
    IdempotencyMismatch = "IDEMPOTENCY_MISMATCH",
    /// The order is not there.
    UnknownOrder = "UNKNOWN_ORDER",
    /// The order has ended already.
    OrderNotOpen = "ORDER_NOT_OPEN",
    /// The orders that were sent together do not fit together.
    InvalidChain = "INVALID_CHAIN",
    /// Nobody here knows the symbol.
    UnknownSymbol = "UNKNOWN_SYMBOL",
    /// The instrument takes no orders.
    NotTradable = "NOT_TRADABLE",
    /// The change names something that this order has not.
    NotAmendable = "NOT_AMENDABLE",
    /// The price is not a whole number of the instrument's increments.
    InvalidPriceIncrement = "INVALID_PRICE_INCREMENT",
    /// The quantity is not a whole number of the instrument's lots.
    InvalidLotSize = "INVALID_LOT_SIZE",
    /// The new quantity is not above what is filled already.
    QtyBelowFilled = "QTY_BELOW_FILLED",
    /// The order would end before it began.
    ExpiryInPast = "EXPIRY_IN_PAST",
    /// The instrument's market holds no auctions.
    NoAuction = "NO_AUCTION",
    /// The auction takes no more orders.
    AuctionCutoff = "AUCTION_CUTOFF",
    /// The stop would be released at once.
    StopInMarket = "STOP_IN_MARKET",
    /// An exit lies on the wrong side of the market that its entry would trade at.
    ExitOnWrongSide = "EXIT_ON_WRONG_SIDE",
    /// The order must not take, and would.
    WouldTake = "WOULD_TAKE",
    /// The order may only reduce a position, and there is none on the other side.
    NothingToReduce = "NOTHING_TO_REDUCE",
    /// The amount is too small for one lot.
    AmountTooSmall = "AMOUNT_TOO_SMALL",
    /// The portfolio has as many open orders as it may.
    TooManyOpenOrders = "TOO_MANY_OPEN_ORDERS",
    /// The price is below the portfolio's minimum.
    PriceBelowMinimum = "PRICE_BELOW_MINIMUM",
    /// The order is worth more than one order may.
    MaxOrderValue = "MAX_ORDER_VALUE",
    /// The portfolio holds as many positions as it may.
    MaxPositions = "MAX_POSITIONS",
    /// The position would take more of equity than it may.
    MaxPositionPct = "MAX_POSITION_PCT",
    /// All holdings together would be worth more than they may.
    MaxGrossExposure = "MAX_GROSS_EXPOSURE",
    /// More would be sold than is held and not yet being sold.
    InsufficientQuantity = "INSUFFICIENT_QUANTITY",
    /// The order costs more than is free.
    InsufficientBuyingPower = "INSUFFICIENT_BUYING_POWER",
    /// More was to be withdrawn than is free.
    InsufficientCash = "INSUFFICIENT_CASH",
    /// A sum would leave the range of amounts.
    LimitExceeded = "LIMIT_EXCEEDED",
}

impl fmt::Display for RejectCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

/// A refusal: the code for programs, and a sentence with the figures for people.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The stable code.
    pub code: RejectCode,
    /// What was asked, what was there, and what the limit is.
    pub message: Box<str>,
}

impl Reject {
    /// A refusal with its sentence.
    #[must_use]
    pub fn new(code: RejectCode, message: impl Into<Box<str>>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.message)
    }
}
