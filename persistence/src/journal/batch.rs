//! One row of the journal: a fixed header, then the archived events of one shard's batch.
//!
//! It owns the row's layout and the chain of hashes. It must never look into a body whose hash did
//! not hold. Invariant: a row that decodes is the very row that was encoded, behind the very row
//! that was before it.

use super::{Corruption, ShardBatch, ShardHead, hex};
use crate::rows;
use model::{Event, ShardId, ShardSeq, Time};
use rkyv::util::AlignedVec;
use rkyv::vec::{ArchivedVec, VecResolver};
use rkyv::{Archive, Archived, Place, Serialize, rancor};

/// Version of the header and of the archived event types.
pub(crate) const BATCH_FORMAT: u16 = 2;
/// Version of the trading rules that made the events. Older ones are folded as they are, because
/// events are facts; newer ones are refused.
pub(crate) const ENGINE_RULES: u16 = 1;

const MAGIC: [u8; 4] = *b"PTJB";
/// Bytes of the header up to its hash: what the hash covers of it.
const HASHED_BYTES: usize = 72;
/// Bytes of the whole header.
pub(crate) const HEADER_BYTES: usize = 104;

/// A decoded row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) first_seq: ShardSeq,
    pub(crate) time: Time,
    pub(crate) events: Vec<Event>,
    /// Where the shard stands after it.
    pub(crate) head: ShardHead,
}

/// Archives borrowed events as a vector of them.
struct Events<'a>(&'a [Event]);

impl Archive for Events<'_> {
    type Archived = ArchivedVec<Archived<Event>>;
    type Resolver = VecResolver;

    fn resolve(&self, resolver: Self::Resolver, out: Place<Self::Archived>) {
        ArchivedVec::resolve_from_slice(self.0, resolver, out);
    }
}

impl<S> Serialize<S> for Events<'_>
where
    S: rancor::Fallible + rkyv::ser::Allocator + rkyv::ser::Writer + ?Sized,
    Event: Serialize<S>,
{
    fn serialize(&self, serializer: &mut S) -> Result<Self::Resolver, S::Error> {
        ArchivedVec::<Archived<Event>>::serialize_from_slice(self.0, serializer)
    }
}

/// Writes the row of a batch into the buffer, in place of what was there, and says where the shard
/// stands after it.
///
/// # Panics
/// When the batch is empty or does not follow on `before`: a shard's numbering is broken.
pub(crate) fn encode(batch: &ShardBatch<'_>, before: &ShardHead, buffer: &mut AlignedVec) -> ShardHead {
    assert!(!batch.events.is_empty(), "a batch holds events");
    assert_eq!(batch.first_seq, before.seq.next(), "a shard's events are numbered without a gap");
    buffer.clear();
    buffer.extend_from_slice(&[0; HEADER_BYTES]);
    let row = rkyv::api::high::to_bytes_in::<_, rancor::Error>(&Events(batch.events), std::mem::take(buffer))
        .expect("archiving into memory cannot fail");
    *buffer = row;
    let count = u32::try_from(batch.events.len()).expect("a batch is far below four billion events");
    let body_len = u32::try_from(buffer.len() - HEADER_BYTES).expect("a batch is far below four gigabytes");
    let mut header = HeaderWriter { bytes: buffer, at: 0 };
    header.put(&MAGIC);
    header.put(&BATCH_FORMAT.to_le_bytes());
    header.put(&ENGINE_RULES.to_le_bytes());
    header.put(&batch.shard.get().to_le_bytes());
    header.put(&[0; 2]);
    header.put(&count.to_le_bytes());
    header.put(&batch.first_seq.get().to_le_bytes());
    header.put(&batch.time.nanos().to_le_bytes());
    header.put(&before.hash);
    header.put(&body_len.to_le_bytes());
    header.put(&[0; 4]);
    assert_eq!(header.at, HASHED_BYTES, "the header is written whole before it is hashed");
    let hash = row_hash(buffer);
    buffer[HASHED_BYTES..HEADER_BYTES].copy_from_slice(&hash);
    let last = batch.first_seq.get() + u64::from(count) - 1;
    ShardHead { seq: ShardSeq::new(last), hash }
}

/// Reads a row of this segment and shard: its hash first, then that it follows on `before`, and
/// only then its events.
pub(crate) fn decode(row: &[u8], segment: u32, shard: ShardId, before: &ShardHead) -> Result<Batch, Corruption> {
    let header = Header::read(row, segment, shard, before.seq.next())?;
    let at = Found { segment, shard: shard.get(), seq: header.first_seq };
    if header.first_seq != before.seq.next().get() {
        return Err(Corruption::Gap {
            segment,
            shard: at.shard,
            expected: before.seq.next().get(),
            found: header.first_seq,
        });
    }
    if header.prev_hash != before.hash {
        return Err(Corruption::Chain {
            segment,
            shard: at.shard,
            seq: at.seq,
            expected: hex(&before.hash),
            actual: hex(&header.prev_hash),
        });
    }
    let events: Vec<Event> = rows::decode_body(&row[HEADER_BYTES..])
        .map_err(|error| at.events(format!("its body holds no events: {error}")))?;
    if events.len() as u64 != u64::from(header.count) || events.is_empty() {
        return Err(at.events(format!("it holds {} events and says {}", events.len(), header.count)));
    }
    Ok(Batch {
        first_seq: ShardSeq::new(header.first_seq),
        time: Time::from_nanos(header.time),
        events,
        head: header.head(),
    })
}

/// Where a shard stands after a row, from the row alone: its hash is checked, and that it names this
/// shard and event.
pub(crate) fn head_of(
    row: &[u8],
    segment: u32,
    shard: ShardId,
    first_seq: ShardSeq,
) -> Result<ShardHead, Corruption> {
    let header = Header::read(row, segment, shard, first_seq)?;
    if header.first_seq == first_seq.get() {
        return Ok(header.head());
    }
    Err(Corruption::Gap { segment, shard: shard.get(), expected: first_seq.get(), found: header.first_seq })
}

fn row_hash(row: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&row[..HASHED_BYTES]);
    hasher.update(&row[HEADER_BYTES..]);
    *hasher.finalize().as_bytes()
}

struct HeaderWriter<'a> {
    bytes: &'a mut AlignedVec,
    at: usize,
}

impl HeaderWriter<'_> {
    fn put(&mut self, field: &[u8]) {
        self.bytes[self.at..self.at + field.len()].copy_from_slice(field);
        self.at += field.len();
    }
}

/// Where in the journal something was found.
struct Found {
    segment: u32,
    shard: u16,
    seq: u64,
}

impl Found {
    fn header(&self, reason: impl Into<String>) -> Corruption {
        Corruption::Header { segment: self.segment, shard: self.shard, seq: self.seq, reason: reason.into() }
    }

    fn events(&self, reason: impl Into<String>) -> Corruption {
        Corruption::Events { segment: self.segment, shard: self.shard, seq: self.seq, reason: reason.into() }
    }
}

/// The fields of a header whose hash holds.
struct Header {
    count: u32,
    first_seq: u64,
    time: i64,
    prev_hash: [u8; 32],
    hash: [u8; 32],
}

impl Header {
    fn read(row: &[u8], segment: u32, shard: ShardId, expected: ShardSeq) -> Result<Self, Corruption> {
        let at = Found { segment, shard: shard.get(), seq: expected.get() };
        if row.len() < HEADER_BYTES {
            return Err(at.header(format!("it has {} bytes, a header has {HEADER_BYTES}", row.len())));
        }
        if row[..4] != MAGIC {
            return Err(at.header("it does not begin as a row does"));
        }
        let format = u16::from_le_bytes(field(row, 4));
        let hash: [u8; 32] = field(row, HASHED_BYTES);
        let actual = row_hash(row);
        if actual != hash {
            return Err(Corruption::Hash {
                segment,
                shard: at.shard,
                seq: at.seq,
                expected: hex(&hash),
                actual: hex(&actual),
            });
        }
        if format != BATCH_FORMAT {
            return Err(Corruption::Format {
                segment,
                shard: at.shard,
                seq: at.seq,
                found: format,
                known: BATCH_FORMAT,
            });
        }
        let rules = u16::from_le_bytes(field(row, 6));
        if rules > ENGINE_RULES {
            return Err(Corruption::Rules {
                segment,
                shard: at.shard,
                seq: at.seq,
                found: rules,
                known: ENGINE_RULES,
            });
        }
        let named = u16::from_le_bytes(field(row, 8));
        if named != shard.get() {
            return Err(at.header(format!("it names shard {named}")));
        }
        let body_len = u32::from_le_bytes(field(row, 64));
        if u64::from(body_len) != (row.len() - HEADER_BYTES) as u64 {
            return Err(
                at.header(format!("it names {body_len} bytes of events and has {}", row.len() - HEADER_BYTES))
            );
        }
        let count = u32::from_le_bytes(field(row, 12));
        let first_seq = u64::from_le_bytes(field(row, 16));
        if count == 0 || first_seq == 0 || first_seq.checked_add(u64::from(count)).is_none() {
            return Err(at.header(format!("it names {count} events from {first_seq} on")));
        }
        Ok(Self { count, first_seq, time: i64::from_le_bytes(field(row, 24)), prev_hash: field(row, 32), hash })
    }

    fn head(&self) -> ShardHead {
        ShardHead { seq: ShardSeq::new(self.first_seq + u64::from(self.count) - 1), hash: self.hash }
    }
}

fn field<const N: usize>(row: &[u8], at: usize) -> [u8; N] {
    row[at..at + N].try_into().expect("the header's length was checked")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{EventBody, OrderId, PortfolioId, PortfolioSeq, TickSeq};

    fn batch() -> [Event; 2] {
        let event = |seq| Event {
            portfolio: PortfolioId::new(0x0102_0304),
            seq: PortfolioSeq::new(seq),
            time: Time::from_nanos(0x1122_3344_5566_7788),
            tick: TickSeq::new(9),
            body: EventBody::OrderExpired { order: OrderId::new(0xaabb_ccdd_eeff_0011) },
        };
        [event(5), event(6)]
    }

    const BEFORE: ShardHead = ShardHead { seq: ShardSeq::new(40), hash: [0xee; 32] };

    fn row() -> (AlignedVec, ShardHead) {
        let mut buffer = AlignedVec::new();
        // What an earlier row left in the buffer must not show.
        buffer.extend_from_slice(&[0x55; 9]);
        let batch = ShardBatch {
            shard: ShardId::new(3),
            first_seq: ShardSeq::new(41),
            time: Time::from_nanos(77),
            events: &batch(),
        };
        let head = encode(&batch, &BEFORE, &mut buffer);
        (buffer, head)
    }

    #[test]
    fn the_header_is_laid_out_as_documented() {
        let (row, head) = row();
        let mut expected = b"PTJB".to_vec();
        expected.extend([2, 0, 1, 0, 3, 0, 0, 0]);
        expected.extend([2, 0, 0, 0]);
        expected.extend([41, 0, 0, 0, 0, 0, 0, 0]);
        expected.extend([77, 0, 0, 0, 0, 0, 0, 0]);
        expected.extend([0xee; 32]);
        expected.extend(u32::try_from(row.len() - 104).expect("small").to_le_bytes());
        expected.extend([0; 4]);
        assert_eq!(row[..72], expected);
        let covered: Vec<u8> = row[..72].iter().chain(&row[104..]).copied().collect();
        assert_eq!(row[72..104], *blake3::hash(&covered).as_bytes());
        assert_eq!(head, ShardHead { seq: ShardSeq::new(42), hash: field(&row, 72) });
    }

    /// Journals hold these bytes for ever: when this fails, the layout of an archived type changed,
    /// and that needs a format of its own.
    #[test]
    fn the_layout_of_archived_events_does_not_change() {
        let (row, _) = row();
        let body = hex(&row[HEADER_BYTES..]);
        let event = |seq: &str| format!("04030201{seq}000000000000008877665544332211{}", "0900000000000000");
        for seq in ["05", "06"] {
            assert!(body.contains(&event(seq)), "portfolio, seq, time and tick stand in a row: {body}");
        }
        assert!(body.contains("1100ffeeddccbbaa"), "then what happened: {body}");
        // 116 bytes each: the fields in order, the tag of the thirteenth kind, its order, and room for the
        // largest kind; then how far back the first stands, and how many there are.
        let room = "00".repeat(116 - 37);
        let tag = "0c1100ffeeddccbbaa";
        let golden = format!("{}{tag}{room}{}{tag}{room}18ffffff02000000", event("05"), event("06"));
        assert_eq!(body, golden, "the body of a row has other bytes than it had");
    }

    #[test]
    fn every_changed_bit_of_a_row_is_noticed() {
        let (row, head) = row();
        let decoded = decode(&row, 1, ShardId::new(3), &BEFORE).expect("it decodes");
        assert_eq!((decoded.events.as_slice(), decoded.head), (batch().as_slice(), head));
        for bit in 0..row.len() * 8 {
            let mut damaged = row.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&damaged, 1, ShardId::new(3), &BEFORE).is_err(), "bit {bit}");
        }
        for len in 0..row.len() {
            assert!(decode(&row[..len], 1, ShardId::new(3), &BEFORE).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn a_row_fits_its_own_place_alone() {
        let (row, _) = row();
        let shard = decode(&row, 1, ShardId::new(2), &BEFORE).expect_err("another shard");
        assert!(matches!(shard, Corruption::Header { .. }), "{shard}");
        let place = ShardHead { seq: ShardSeq::new(39), ..BEFORE };
        let gap = decode(&row, 1, ShardId::new(3), &place).expect_err("another place");
        assert!(matches!(gap, Corruption::Gap { expected: 40, found: 41, .. }), "{gap}");
        let chain = ShardHead { hash: [0xef; 32], ..BEFORE };
        let chain = decode(&row, 1, ShardId::new(3), &chain).expect_err("another chain");
        assert!(matches!(chain, Corruption::Chain { seq: 41, .. }), "{chain}");
    }

    #[test]
    fn an_older_and_a_newer_format_are_refused_by_name() {
        for format in [1, 3] {
            let (mut row, _) = row();
            row[4] = format;
            let hash = row_hash(&row);
            row[HASHED_BYTES..HEADER_BYTES].copy_from_slice(&hash);
            let other = decode(&row, 1, ShardId::new(3), &BEFORE).expect_err("another format");
            assert!(
                matches!(other, Corruption::Format { found, known: 2, .. } if found == u16::from(format)),
                "{other}"
            );
        }
    }
}
