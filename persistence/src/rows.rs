//! Rows with a checksum: how views, the catalogue and snapshots keep archived values.
//!
//! It owns the frame `hash (16 bytes) || archived value`. It must never look into an archive whose
//! hash did not hold, because validation of an archive is no checksum. Invariant: what decodes is
//! what was encoded.

use rkyv::Archive;
use rkyv::api::high::{HighDeserializer, HighSerializer, HighValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor;
use rkyv::ser::allocator::ArenaHandle;
use rkyv::util::AlignedVec;

/// Bytes of the hash in front of a row: the first half of a BLAKE3 hash.
pub(crate) const ROW_HASH_BYTES: usize = 16;

/// Why a row cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub(crate) enum RowError {
    /// The hash is not that of the bytes.
    #[error("the row's hash does not match its bytes")]
    Hash,
    /// The hash holds, yet the bytes are no such value.
    #[error("the row is not a value of the expected kind: {0}")]
    Archive(String),
}

/// Archives a value behind its hash.
pub(crate) fn encode<T>(value: &T) -> Vec<u8>
where
    T: for<'a> rkyv::Serialize<HighSerializer<AlignedVec, ArenaHandle<'a>, rancor::Error>>,
{
    let body = rkyv::to_bytes::<rancor::Error>(value).expect("archiving into memory cannot fail");
    seal(&body)
}

/// Puts the hash in front of bytes.
pub(crate) fn seal(body: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(ROW_HASH_BYTES + body.len());
    seal_into(&mut row, |row| row.extend_from_slice(body));
    row
}

/// Writes bytes behind their hash into the buffer, in place of what was there.
pub(crate) fn seal_into(row: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    row.clear();
    row.extend_from_slice(&[0; ROW_HASH_BYTES]);
    write(row);
    let hash = blake3::hash(&row[ROW_HASH_BYTES..]);
    row[..ROW_HASH_BYTES].copy_from_slice(&hash.as_bytes()[..ROW_HASH_BYTES]);
}

/// The bytes behind a hash that holds.
pub(crate) fn open(row: &[u8]) -> Result<&[u8], RowError> {
    let (hash, body) = row.split_at_checked(ROW_HASH_BYTES).ok_or(RowError::Hash)?;
    if hash == &blake3::hash(body).as_bytes()[..ROW_HASH_BYTES] { Ok(body) } else { Err(RowError::Hash) }
}

/// The value of a row, its hash checked first.
pub(crate) fn decode<T>(row: &[u8]) -> Result<T, RowError>
where
    T: Archive,
    T::Archived: for<'a> CheckBytes<HighValidator<'a, rancor::Error>>
        + rkyv::Deserialize<T, HighDeserializer<rancor::Error>>,
{
    open(row).and_then(decode_body)
}

/// The value of bytes that were authenticated by the caller.
pub(crate) fn decode_body<T>(body: &[u8]) -> Result<T, RowError>
where
    T: Archive,
    T::Archived: for<'a> CheckBytes<HighValidator<'a, rancor::Error>>
        + rkyv::Deserialize<T, HighDeserializer<rancor::Error>>,
{
    rkyv::from_bytes::<T, rancor::Error>(body).map_err(|error| RowError::Archive(error.to_string()))
}
