//! The ids that clients see: UUIDs made from internal numbers and back, without a table.
//!
//! An id is a UUID of version 8: the internal number next to a keyed check over installation, kind
//! and number. The check makes ids of another installation, of another kind, or guessed ones unknown.
//! Invariant: `number(kind, uuid(kind, n)) == Some(n)`, and nothing else is accepted.

use model::{OrderId, PortfolioId, TradeNumber, UserId};
use uuid::Uuid;

/// Bits of a UUID that carry the check; the rest carries the number, version and variant.
const CHECK_BITS: u32 = 58;

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    User,
    Portfolio,
    Order,
    Trade,
}

impl Kind {
    const fn context(self) -> &'static [u8] {
        match self {
            Self::User => b"user",
            Self::Portfolio => b"portfolio",
            Self::Order => b"order",
            Self::Trade => b"trade",
        }
    }
}

/// Maps ids of one installation.
#[derive(Clone)]
pub(crate) struct Ids {
    key: [u8; 32],
}

impl Ids {
    /// For the installation with this tag, which the catalogue keeps.
    pub(crate) fn new(installation_tag: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"papertape ids").update(&installation_tag.to_le_bytes());
        Self { key: *hasher.finalize().as_bytes() }
    }

    /// A user's id.
    pub(crate) fn user(&self, id: UserId) -> Uuid {
        self.encode(Kind::User, u64::from(id.get()))
    }

    /// A portfolio's id.
    pub(crate) fn portfolio(&self, id: PortfolioId) -> Uuid {
        self.encode(Kind::Portfolio, u64::from(id.get()))
    }

    /// An order's id.
    pub(crate) fn order(&self, id: OrderId) -> Uuid {
        self.encode(Kind::Order, id.get())
    }

    /// A trade's id.
    pub(crate) fn trade(&self, portfolio: PortfolioId, number: TradeNumber) -> Uuid {
        self.encode(Kind::Trade, (u64::from(portfolio.get()) << 32) | u64::from(number.get()))
    }

    /// The portfolio behind an id, or `None` for what this installation never issued.
    pub(crate) fn portfolio_of(&self, id: Uuid) -> Option<PortfolioId> {
        u32::try_from(self.decode(Kind::Portfolio, id)?).ok().map(PortfolioId::new)
    }

    /// The order behind an id.
    pub(crate) fn order_of(&self, id: Uuid) -> Option<OrderId> {
        self.decode(Kind::Order, id).map(OrderId::new)
    }

    /// The trade behind an id, as a portfolio and a number within it.
    pub(crate) fn trade_of(&self, id: Uuid) -> Option<(PortfolioId, TradeNumber)> {
        let packed = self.decode(Kind::Trade, id)?;
        let portfolio = u32::try_from(packed >> 32).ok()?;
        let number = u32::try_from(packed & u64::from(u32::MAX)).ok()?;
        Some((PortfolioId::new(portfolio), TradeNumber::new(number)))
    }

    /// The check hides the number as well, so that ids do not tell how many there are.
    fn check(&self, kind: Kind, number: u64) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(kind.context()).update(&number.to_le_bytes());
        first_u64(&hasher) >> (64 - CHECK_BITS)
    }

    fn mask(&self, kind: Kind, check: u64) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(b"mask").update(kind.context()).update(&check.to_le_bytes());
        first_u64(&hasher)
    }

    fn encode(&self, kind: Kind, number: u64) -> Uuid {
        let check = self.check(kind, number);
        let hidden = number ^ self.mask(kind, check);
        // 122 free bits: the check above, the hidden number below.
        let payload = (u128::from(check) << 64) | u128::from(hidden);
        let (high, middle, low) = (payload >> 74, (payload >> 62) & 0xfff, payload & ((1 << 62) - 1));
        Uuid::from_u128((high << 80) | (0x8 << 76) | (middle << 64) | (0b10 << 62) | low)
    }

    fn decode(&self, kind: Kind, id: Uuid) -> Option<u64> {
        let bits = id.as_u128();
        let (high, middle, low) = (bits >> 80, (bits >> 64) & 0xfff, bits & ((1 << 62) - 1));
        let payload = (high << 74) | (middle << 62) | low;
        let check = u64::try_from(payload >> 64).ok()?;
        let hidden = u64::try_from(payload & u128::from(u64::MAX)).ok()?;
        let number = hidden ^ self.mask(kind, check);
        (self.encode(kind, number) == id).then_some(number)
    }
}

fn first_u64(hasher: &blake3::Hasher) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::OrderNumber;

    #[test]
    fn ids_map_both_ways() {
        let ids = Ids::new(7);
        for portfolio in [0, 1, 2, 77, u32::MAX] {
            for number in [1, 2, 1_000_000, u32::MAX] {
                let order = OrderId::of(PortfolioId::new(portfolio), OrderNumber::new(number));
                assert_eq!(ids.order_of(ids.order(order)), Some(order));
                let trade = (PortfolioId::new(portfolio), TradeNumber::new(number));
                assert_eq!(ids.trade_of(ids.trade(trade.0, trade.1)), Some(trade));
            }
            let id = PortfolioId::new(portfolio);
            assert_eq!(ids.portfolio_of(ids.portfolio(id)), Some(id));
        }
    }

    #[test]
    fn ids_are_uuids_of_version_8() {
        let id = Ids::new(7).portfolio(PortfolioId::new(1));
        assert_eq!(id.get_version_num(), 8);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
    }

    #[test]
    fn foreign_and_guessed_ids_are_unknown() {
        let ids = Ids::new(7);
        let mine = ids.portfolio(PortfolioId::new(1));
        assert_eq!(Ids::new(8).portfolio_of(mine), None, "another installation");
        assert_eq!(ids.order_of(mine), None, "another kind");
        assert_eq!(ids.portfolio_of(Uuid::nil()), None);
        assert_eq!(ids.portfolio_of(Uuid::max()), None);
        for bit in 0..128 {
            let flipped = Uuid::from_u128(mine.as_u128() ^ (1 << bit));
            assert_eq!(ids.portfolio_of(flipped), None, "bit {bit}");
        }
    }
}
