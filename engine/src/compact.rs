//! Amounts and times in as few bytes as their ranges take, so that an open order is small.

use model::{Money, Time, limits};

/// An amount from nothing to [`limits::VALUE_MAX`] in the bytes that this takes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Amount([u8; 10]);

const _: () = assert!(limits::VALUE_MAX.raw() < 1 << 80);

impl Amount {
    pub(crate) const NONE: Self = Self([0; 10]);

    pub(crate) fn of(money: Money) -> Self {
        let bytes = money.raw().to_le_bytes();
        let (low, high) = bytes.split_first_chunk().expect("sixteen are more than ten");
        assert_eq!(high, [0; 6], "an order's amount is within the range of amounts");
        Self(*low)
    }

    pub(crate) fn money(self) -> Money {
        let mut bytes = [0; 16];
        bytes[..10].copy_from_slice(&self.0);
        Money::from_raw(i128::from_le_bytes(bytes))
    }
}

/// A whole second of the range of [`Time`], or [`Time::NEVER`], in five bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Second([u8; 5]);

impl Second {
    pub(crate) const NEVER: Self = Self([0xFF; 5]);
    /// Seconds before the epoch at which counting begins.
    const BEFORE_EPOCH: i64 = 1 << 38;

    pub(crate) fn of(time: Time) -> Self {
        if time == Time::NEVER {
            return Self::NEVER;
        }
        let bytes = (time.seconds() + Self::BEFORE_EPOCH).to_le_bytes();
        let (low, high) = bytes.split_first_chunk().expect("eight are more than five");
        assert_eq!(high, [0; 3], "64 bits of nanoseconds are fewer than 40 of seconds");
        Self(*low)
    }

    pub(crate) fn time(self) -> Time {
        if self == Self::NEVER {
            return Time::NEVER;
        }
        let mut bytes = [0; 8];
        bytes[..5].copy_from_slice(&self.0);
        Time::from_nanos((i64::from_le_bytes(bytes) - Self::BEFORE_EPOCH).saturating_mul(SECOND_NANOS))
    }
}

const SECOND_NANOS: i64 = 1_000_000_000;
