//! Short texts with a limit: symbols, client order ids, names and notes.
//!
//! Parsed once at the edge; whoever holds one of these knows that it is within its limit and free
//! of control characters.

use crate::limits;
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use core::fmt;
use rkyv::{Archive, Deserialize, Serialize};

/// Why a piece of text cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextError {
    /// Nothing was given.
    Empty,
    /// Longer than the limit, in bytes.
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// A character that may not stand there.
    BadCharacter,
}

impl fmt::Display for TextError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("must not be empty"),
            Self::TooLong { limit } => write!(out, "must be at most {limit} bytes long"),
            Self::BadCharacter => out.write_str("contains a character that is not allowed"),
        }
    }
}

impl core::error::Error for TextError {}

/// A ticker such as `AAPL`, `BRK.B` or `BTC/USD`: upper case, at most 15 bytes, no allocation.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    bytes: [u8; limits::SYMBOL_BYTES_MAX],
    len: u8,
}

impl Symbol {
    /// Parses a ticker.
    ///
    /// # Errors
    /// When it is empty, too long, or holds anything but `A-Z 0-9 . - / _`.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let valid = |byte: u8| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'/' | b'_')
        };
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        let len = u8::try_from(text.len())
            .ok()
            .filter(|len| usize::from(*len) <= limits::SYMBOL_BYTES_MAX)
            .ok_or(TextError::TooLong { limit: limits::SYMBOL_BYTES_MAX })?;
        if !text.bytes().all(valid) {
            return Err(TextError::BadCharacter);
        }
        let mut bytes = [0; limits::SYMBOL_BYTES_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self { bytes, len })
    }

    /// The ticker's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("only ASCII was taken in")
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $limit:expr, $allow_empty:expr) => {
        $(#[$doc])*
        #[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes the text, within its limit and free of control characters.
            ///
            /// # Errors
            /// When it is empty where it must not be, too long, or holds a control character.
            pub fn parse(text: &str) -> Result<Self, TextError> {
                if text.is_empty() && !$allow_empty {
                    return Err(TextError::Empty);
                }
                if text.len() > $limit {
                    return Err(TextError::TooLong { limit: $limit });
                }
                if text.chars().any(char::is_control) {
                    return Err(TextError::BadCharacter);
                }
                Ok(Self(text.to_owned().into_boxed_str()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

bounded_text! {
    /// The name a client gave its order; the same name never trades twice.
    ClientOrderId, limits::CLIENT_ORDER_ID_BYTES_MAX, false
}
bounded_text! {
    /// What a person calls a portfolio.
    PortfolioName, limits::NAME_BYTES_MAX, false
}
bounded_text! {
    /// A free remark that goes with a flow of money.
    Note, limits::NOTE_BYTES_MAX, true
}
