//! Small changes of inputs, repeatable from a seed.
//!
//! Owns no knowledge of any format: words and numbers are what makes it land inside one.

const NUMBERS: [i64; 20] = [
    0,
    1,
    -1,
    7,
    8,
    15,
    16,
    31,
    127,
    128,
    255,
    256,
    32_767,
    65_535,
    65_536,
    2_147_483_647,
    4_294_967_295,
    1_000_000_000_000_000,
    i64::MAX,
    i64::MIN,
];
const NUMBER_TEXTS: [&str; 22] = [
    "0",
    "-0",
    "1",
    "-1",
    "0.00000001",
    "0.000000001",
    "10000000",
    "10000000.00000001",
    "1000000000",
    "1000000000000",
    "92233720368.54775807",
    "92233720368.54775808",
    "170141183460469231731687303715884105728",
    "1e5",
    "1E-9",
    "01",
    "1.",
    ".5",
    "+1",
    "1_000",
    "0.333333333333333333333333333333333333",
    "9999999999999999999999",
];

/// A source of changes: the same seed makes the same changes.
#[derive(Clone, Debug)]
pub struct Mutator {
    state: u64,
}

impl Mutator {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number (SplitMix64, Steele, Lea and Flood 2014).
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.draw() % end).unwrap_or(0)
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    fn byte(&mut self) -> u8 {
        self.draw().to_le_bytes()[0]
    }

    /// Changes an input in one to six places, and keeps it within a length.
    pub fn change(&mut self, input: &mut Vec<u8>, others: &[Vec<u8>], words: &[&str], bytes_max: usize) {
        for _ in 0..=self.below(6) {
            self.change_once(input, others, words);
        }
        input.truncate(bytes_max);
    }

    fn change_once(&mut self, input: &mut Vec<u8>, others: &[Vec<u8>], words: &[&str]) {
        let at = self.below(input.len() + 1);
        let (from, to) = self.range(input.len());
        match self.below(13) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.byte(),
            2 => input.insert(at, self.byte()),
            3 => drop(input.drain(from..to)),
            4 => {
                let copy = input[from..to].to_vec();
                input.splice(at..at, copy);
            }
            5 if !words.is_empty() => {
                let word = *self.one_of(words);
                input.splice(at..at, word.bytes());
            }
            6 if !words.is_empty() => {
                let word = *self.one_of(words);
                let end = input.len().min(at + word.len());
                input.splice(at..end, word.bytes());
            }
            7 if !others.is_empty() => {
                let other = self.one_of(others).clone();
                let (from, to) = self.range(other.len());
                input.splice(at..at, other[from..to].iter().copied());
            }
            8 if !others.is_empty() => {
                let other = self.one_of(others).clone();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            9 => self.change_number_text(input, at),
            10 => self.change_number_bytes(input, at),
            11 => input.truncate(at),
            _ => {
                let byte = self.byte();
                let count = self.below(300);
                input.splice(at..at, std::iter::repeat_n(byte, count));
            }
        }
    }

    fn range(&mut self, len: usize) -> (usize, usize) {
        let from = self.below(len + 1);
        let to = from + self.below(len - from + 1).min(64);
        (from, to)
    }

    /// Puts another number in place of the digits nearest after a place.
    fn change_number_text(&mut self, input: &mut Vec<u8>, at: usize) {
        let Some(start) = input[at..].iter().position(u8::is_ascii_digit).map(|offset| at + offset) else {
            return;
        };
        let len = input[start..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let number = *self.one_of(&NUMBER_TEXTS);
        input.splice(start..start + len, number.bytes());
    }

    /// Puts a number that programs stumble over in place of one, two, four or eight bytes.
    fn change_number_bytes(&mut self, input: &mut [u8], at: usize) {
        let width = *self.one_of(&[1_usize, 2, 4, 8]);
        let Some(place) = input.get_mut(at..at + width) else { return };
        let number = *self.one_of(&NUMBERS);
        if self.below(2) == 0 {
            place.copy_from_slice(&number.to_le_bytes()[..width]);
        } else {
            place.copy_from_slice(&number.to_be_bytes()[8 - width..]);
        }
    }
}
