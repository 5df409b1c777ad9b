//! How stream messages lie on disk: runs of one portfolio, many messages to a row.
//!
//! A row of its own for each message cost a hash, an insertion and its share of a rewritten page
//! apiece; a run costs them once. It must never join messages across a gap, so that the number of
//! each follows from its place. Invariant: a run that decodes is the run that was encoded, and holds
//! at least one message.

use super::MessageRow;
use crate::rows::{self, RowError};
use bytes::Bytes;
use model::{PortfolioId, PortfolioSeq};

/// Most bytes of messages in one run: with its lengths, key and hash it fits 32 KiB, since the
/// database gives a row a power of two. A longer message is a run of its own.
const RUN_BYTES_MAX: usize = 30 * 1024;
/// Most messages in one run, so that the lengths fit beside them.
const RUN_MESSAGES_MAX: usize = 256;
/// Bytes of a length, and of the count in front of them.
const LENGTH_BYTES: usize = 4;

/// Splits messages, ordered by portfolio and number, into runs without a gap.
pub(super) fn runs<'a>(messages: &'a [&'a MessageRow]) -> impl Iterator<Item = &'a [&'a MessageRow]> {
    let mut left = messages;
    std::iter::from_fn(move || {
        let first = left.first()?;
        let mut bytes = first.bytes.len();
        let mut count = 1;
        for pair in left.windows(2).take(RUN_MESSAGES_MAX - 1) {
            let (message, next) = (pair[0], pair[1]);
            bytes += next.bytes.len();
            let follows = next.portfolio == message.portfolio && next.seq == message.seq.next();
            if !follows || bytes > RUN_BYTES_MAX {
                break;
            }
            count += 1;
        }
        let (run, rest) = left.split_at(count);
        left = rest;
        Some(run)
    })
}

/// Writes a run into the buffer, in place of what was there: hash, count, lengths, messages.
pub(super) fn encode(run: &[&MessageRow], buffer: &mut Vec<u8>) {
    assert!(!run.is_empty(), "a run holds messages");
    rows::seal_into(buffer, |body| {
        let length = |length: usize| u32::try_from(length).expect("a message is far below four gigabytes");
        body.extend_from_slice(&length(run.len()).to_le_bytes());
        for message in run {
            body.extend_from_slice(&length(message.bytes.len()).to_le_bytes());
        }
        for message in run {
            body.extend_from_slice(&message.bytes);
        }
    });
}

/// The messages of a run whose first has this number.
pub(super) fn decode(
    portfolio: PortfolioId,
    first: PortfolioSeq,
    row: &[u8],
) -> Result<Vec<MessageRow>, RowError> {
    let body = rows::open(row)?;
    let torn = || RowError::Archive("the lengths of a run do not fit it".to_owned());
    let (count, body) = body.split_first_chunk::<LENGTH_BYTES>().ok_or_else(torn)?;
    let count = u32::from_le_bytes(*count) as usize;
    let lengths = count.checked_mul(LENGTH_BYTES).filter(|_| count > 0).ok_or_else(torn)?;
    let (lengths, bytes) = body.split_at_checked(lengths).ok_or_else(torn)?;
    // One copy for all: each message is a part of it.
    let mut bytes = Bytes::copy_from_slice(bytes);
    let mut seq = first;
    let mut messages = Vec::with_capacity(count);
    for length in lengths.chunks_exact(LENGTH_BYTES) {
        let length = u32::from_le_bytes(length.try_into().expect("the chunks have this size")) as usize;
        if length > bytes.len() {
            return Err(torn());
        }
        messages.push(MessageRow { portfolio, seq, bytes: bytes.split_to(length) });
        seq = seq.next();
    }
    if bytes.is_empty() { Ok(messages) } else { Err(torn()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(portfolio: u32, seq: u64, length: usize) -> MessageRow {
        let byte = u8::try_from(seq % 251).expect("below 251");
        let bytes = Bytes::from(vec![byte; length]);
        MessageRow { portfolio: PortfolioId::new(portfolio), seq: PortfolioSeq::new(seq), bytes }
    }

    fn lengths(messages: &[MessageRow]) -> Vec<usize> {
        let borrowed: Vec<&MessageRow> = messages.iter().collect();
        runs(&borrowed).map(<[&MessageRow]>::len).collect()
    }

    #[test]
    fn runs_end_at_gaps_portfolios_and_bounds() {
        let rows = [message(1, 1, 5), message(1, 2, 5), message(1, 4, 5), message(2, 5, 5), message(2, 6, 5)];
        assert_eq!(lengths(&rows), [2, 1, 2]);
        let many: Vec<MessageRow> = (1..=600).map(|seq| message(1, seq, 1)).collect();
        assert_eq!(lengths(&many), [256, 256, 88]);
        let large: Vec<MessageRow> = (1..=5).map(|seq| message(1, seq, 15 * 1024)).collect();
        assert_eq!(lengths(&large), [2, 2, 1]);
        assert_eq!(lengths(&[message(1, 1, 100_000), message(1, 2, 1)]), [1, 1]);
        assert!(lengths(&[]).is_empty());
    }

    #[test]
    fn a_run_decodes_to_what_it_was_made_of() {
        let rows = [message(3, 7, 0), message(3, 8, 40), message(3, 9, 1)];
        let borrowed: Vec<&MessageRow> = rows.iter().collect();
        let mut row = b"what was there".to_vec();
        encode(&borrowed, &mut row);
        assert_eq!(decode(PortfolioId::new(3), PortfolioSeq::new(7), &row).as_deref(), Ok(&rows[..]));
        for at in 0..row.len() {
            let mut damaged = row.clone();
            damaged[at] ^= 1;
            assert!(decode(PortfolioId::new(3), PortfolioSeq::new(7), &damaged).is_err(), "byte {at}");
            assert!(decode(PortfolioId::new(3), PortfolioSeq::new(7), &row[..at]).is_err(), "length {at}");
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused_behind_a_good_hash() {
        for body in
            [&[][..], &[0, 0, 0, 0], &[1, 0, 0, 0], &[1, 0, 0, 0, 9, 0, 0, 0, 5], &[1, 0, 0, 0, 0, 0, 0, 0, 5]]
        {
            let row = rows::seal(body);
            assert!(decode(PortfolioId::new(1), PortfolioSeq::new(1), &row).is_err(), "{body:?}");
        }
    }
}
