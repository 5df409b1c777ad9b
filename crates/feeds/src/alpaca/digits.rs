//! Decimal digits eight at a time: a word of text is looked at and joined as a whole.
//!
//! The first letter of a text stands in the lowest byte of a word. Nothing here knows what the digits
//! mean. The invariant: what is called digits are the letters `0` to `9` alone.

/// A one in every byte.
const ONES: u64 = 0x0101_0101_0101_0101;

/// What the letters are as digits, and how many of them, from the first on, are digits.
pub(super) const fn leading(text: u64) -> (u64, u32) {
    let values = text ^ (0x30 * ONES);
    (values, beyond_nine(values).trailing_zeros() / 8)
}

/// The high bit of every byte that is more than nine.
pub(super) const fn beyond_nine(values: u64) -> u64 {
    ((values & (0x7F * ONES)).wrapping_add(0x76 * ONES) | values) & (0x80 * ONES)
}

/// Eight digits as a number: neighbours are joined to four pairs, to two fours, to one.
pub(super) const fn join(values: u64) -> i64 {
    let pairs = values.wrapping_mul((10 << 8) + 1) >> 8;
    let fours = (pairs & 0x00FF_00FF_00FF_00FF).wrapping_mul((100 << 16) + 1) >> 16;
    let whole = (fours & 0x0000_FFFF_0000_FFFF).wrapping_mul((10_000 << 32) + 1) >> 32;
    // Eight digits are far below the sign.
    whole.cast_signed()
}

/// The high bit of the first byte that is this letter, and perhaps of ones behind it.
pub(super) const fn first_of(letter: u8, text: u64) -> u64 {
    let others = text ^ (letter as u64 * ONES);
    others.wrapping_sub(ONES) & !others & (0x80 * ONES)
}

/// Whether any byte is below this one, which is at most 0x80.
pub(super) const fn any_below(least: u8, text: u64) -> bool {
    text.wrapping_sub(least as u64 * ONES) & !text & (0x80 * ONES) != 0
}

/// Whether any byte is no ASCII.
pub(super) const fn any_high(text: u64) -> bool {
    text & (0x80 * ONES) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_from_the_first_on() {
        let check = |text: &[u8; 8], count: u32| {
            assert_eq!(leading(u64::from_le_bytes(*text)).1, count, "{}", text.escape_ascii());
        };
        check(b"12345678", 8);
        check(b"187.4321", 3);
        check(b"00,\"bs\":", 2);
        check(b"x1234567", 0);
        check(b"1234567:", 7);
        check(b"12/45678", 2);
        check(b"1\xB0345678", 1);
        check(b"1\xFF\xFF45678", 1);
    }

    #[test]
    fn eight_digits_are_their_number() {
        for (text, number) in
            [(b"00000000", 0), (b"00000001", 1), (b"12345678", 12_345_678), (b"99999999", 99_999_999)]
        {
            let (values, count) = leading(u64::from_le_bytes(*text));
            assert_eq!((join(values), count), (number, 8));
        }
    }

    #[test]
    fn letters_are_found() {
        let word = |text: &[u8; 8]| u64::from_le_bytes(*text);
        assert_eq!(first_of(b'"', word(b"AAPL\",\"b")).trailing_zeros() / 8, 4);
        assert_eq!(first_of(b'"', word(b"AAPLAAPL")), 0);
        assert!(any_below(b' ', word(b"AA\x1FLAAPL")) && !any_below(b' ', word(b"A A~/\x7FA\xFF")));
        assert!(any_high(word(b"AA\x80LAAPL")) && !any_high(word(b"AA\x7FLAAPL")));
    }
}
