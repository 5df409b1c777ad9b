//! Identifiers: small integers inside, unguessable-by-type.
//!
//! An order is named by its portfolio and a number counted within it, and so is every event and
//! trade. Names therefore do not depend on how many shards there are or which one holds the
//! portfolio: the same inputs give the same bytes on one shard and on eight.

use core::fmt;
use rkyv::{Archive, Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
        )]
        #[rkyv(derive(Debug))]
        pub struct $name($inner);

        impl $name {
            /// From its number.
            #[must_use]
            pub const fn new(number: $inner) -> Self {
                Self(number)
            }

            /// Its number.
            #[must_use]
            pub const fn get(self) -> $inner {
                self.0
            }

            /// The one after it.
            ///
            /// # Panics
            /// At the end of the number range, which limits keep out of reach.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.checked_add(1).expect("identifiers do not run out"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}", self.0)
            }
        }
    };
}

id! {
    /// A user, counted by the catalogue from 1; 0 is the system itself.
    UserId(u32)
}
id! {
    /// A portfolio, counted by the catalogue from 1; 0 holds what belongs to no portfolio.
    PortfolioId(u32)
}
id! {
    /// An instrument: its row in the instrument table, never reused.
    InstrumentId(u32)
}
id! {
    /// A strategy, counted by the catalogue from 1.
    StrategyId(u32)
}
id! {
    /// One single-threaded engine.
    ShardId(u16)
}
id! {
    /// Position of an event in its shard's journal, gapless from 1.
    ShardSeq(u64)
}
id! {
    /// Position of a message in its portfolio's stream, gapless from 1.
    PortfolioSeq(u64)
}
id! {
    /// Position of a tick among all that the sequencer passed on since the process started, from 1.
    TickSeq(u64)
}
id! {
    /// An order's number within its portfolio, from 1.
    OrderNumber(u32)
}
id! {
    /// A trade's number within its portfolio, from 1.
    TradeNumber(u32)
}
id! {
    /// The first 128 bits of the BLAKE3 hash of a client order id: its name inside a shard.
    ClientOrderKey(u128)
}
id! {
    /// An order: its portfolio in the upper half, its number within it in the lower.
    OrderId(u64)
}

impl PortfolioId {
    /// Where events live that belong to no portfolio, such as instrument definitions.
    pub const SYSTEM: Self = Self(0);

    /// The shard that owns the portfolio, of `count` shards.
    #[must_use]
    pub const fn shard(self, count: u16) -> ShardId {
        #[expect(clippy::cast_possible_truncation, reason = "a remainder of a u16 fits a u16")]
        ShardId((self.0 % count as u32) as u16)
    }
}

impl OrderId {
    /// The order with this number in this portfolio.
    #[must_use]
    pub const fn of(portfolio: PortfolioId, number: OrderNumber) -> Self {
        Self(((portfolio.0 as u64) << 32) | number.0 as u64)
    }

    /// The portfolio that owns it.
    #[must_use]
    pub const fn portfolio(self) -> PortfolioId {
        PortfolioId((self.0 >> 32) as u32)
    }

    /// Its number within the portfolio.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
    pub const fn number(self) -> OrderNumber {
        OrderNumber(self.0 as u32)
    }
}
