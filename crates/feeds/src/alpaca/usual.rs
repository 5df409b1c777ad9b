//! Quotes of equities with their members in the order in which servers write them, read in one pass.
//!
//! What stands between the values is compared as a whole and not taken apart. Whatever differs, by a
//! space even, is not judged here: the caller reads it in another way. The invariant: what is read
//! here means the same there.

use super::{Message, QuoteSizes, decimal, digits, timestamp};
use model::Time;

/// How a quote begins.
const OPENING: &[u8; 14] = br#"{"T":"q","S":""#;

/// The quote at the start of a text and how many bytes it takes; `None` where it is not in the usual form.
pub(super) fn quote(text: &str, sizes: QuoteSizes) -> Option<(Message<'_>, usize)> {
    let mut rest = Rest { bytes: text.as_bytes() };
    rest.literal(OPENING)?;
    let symbol = text.get(OPENING.len()..OPENING.len() + rest.plain()?)?;
    rest.around(br#"","bx":""#, br#"","bp":"#)?;
    let bid = rest.number()?;
    rest.literal(br#","bs":"#)?;
    let bid_size = rest.number()?;
    rest.around(br#","ax":""#, br#"","ap":"#)?;
    let ask = rest.number()?;
    rest.literal(br#","as":"#)?;
    let ask_size = rest.number()?;
    // Exchanges' documents put the time first, and we last.
    let time = match rest.time() {
        Some(time) => {
            rest.conditions()?;
            time
        }
        None => {
            rest.conditions()?;
            rest.time()?
        }
    };
    rest.literal(b"}")?;
    let quote = sizes.quote(symbol, (bid, bid_size), (ask, ask_size));
    Some((Message::Quote { symbol, time, quote }, text.len() - rest.bytes.len()))
}

/// What was not read yet. After a `None` only [`Rest::time`] leaves it where it was.
struct Rest<'a> {
    bytes: &'a [u8],
}

impl Rest<'_> {
    #[inline]
    fn literal<const N: usize>(&mut self, literal: &[u8; N]) -> Option<()> {
        let (first, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        (first == literal).then_some(())
    }

    /// A text of one letter between two that are known.
    #[inline]
    fn around<const N: usize, const M: usize>(&mut self, before: &[u8; N], after: &[u8; M]) -> Option<()> {
        self.literal(before)?;
        let (letter, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        if is_plain(*letter) { self.literal(after) } else { None }
    }

    /// The length of a text of up to seven plain letters; goes to the quotation mark behind it.
    #[inline]
    fn plain(&mut self) -> Option<usize> {
        const LETTERS: u64 = 0x4141_4141_4141_4141;
        let word = u64::from_le_bytes(*self.bytes.first_chunk()?);
        let end = digits::first_of(b'"', word);
        if end == 0 {
            return None;
        }
        let bits = end.trailing_zeros() / 8 * 8;
        let before = (1 << bits) - 1;
        // What follows the text is not judged with it.
        let letters = (word & before) | (LETTERS & !before);
        let odd = digits::any_high(letters)
            || digits::any_below(b' ', letters)
            || digits::first_of(b'\\', letters) != 0
            || digits::first_of(0x7F, letters) != 0;
        let len = usize::try_from(bits / 8).ok()?;
        self.bytes = self.bytes.get(len..)?;
        (!odd).then_some(len)
    }

    #[inline]
    fn number(&mut self) -> Option<i64> {
        let (raw, len) = decimal::parse_short(self.bytes)?;
        self.bytes = self.bytes.get(len..)?;
        Some(raw)
    }

    #[inline]
    fn conditions(&mut self) -> Option<()> {
        self.around(br#","c":[""#, br#""],"z":""#)?;
        self.around(b"", b"\"")
    }

    /// A time, where one follows.
    #[inline]
    fn time(&mut self) -> Option<Time> {
        let text = self.bytes.strip_prefix(br#","t":""#)?;
        let (time, rest) = match text.split_first_chunk::<31>() {
            Some((whole, rest)) if whole[29..] == *b"Z\"" => (timestamp::parse(&whole[..30])?, rest),
            Some(_) | None => {
                let len = text.iter().take(40).position(|byte| !is_plain(*byte))?;
                let (time, rest) = text.split_at(len);
                (timestamp::parse(time)?, rest.strip_prefix(b"\"")?)
            }
        };
        self.bytes = rest;
        Some(time)
    }
}

/// Whether a byte stands for itself in a text: printable ASCII, no quotation mark, no backslash.
pub(super) const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}
