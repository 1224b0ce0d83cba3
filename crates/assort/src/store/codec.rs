//! How values are laid out in the store: the version of the record type, then
//! the payload.

use std::fmt;

use rkyv::api::high::{HighSerializer, HighValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor;
use rkyv::ser::allocator::ArenaHandle;
use rkyv::util::AlignedVec;
use rkyv::{Archive, Deserialize, Portable, Serialize};

/// A type of stored values. Each has a version of its own, which is the first
/// byte of every value: a change of the layout raises it.
pub(super) trait Record {
    /// What messages call such a value.
    const NAME: &'static str;
    /// Version that this program writes.
    const VERSION: u8 = 1;
    /// Oldest version that this program reads.
    const OLDEST: u8 = 1;
}

/// Why a stored value cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Its bytes are not what they should be.
    Damaged(String),
    /// It has a version that this program does not read.
    Version {
        record: &'static str,
        found: u8,
        oldest: u8,
        newest: u8,
    },
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(what) => f.write_str(what),
            Self::Version { record, found, .. } => {
                write!(f, "a {record} record has the unknown version {found}")
            }
        }
    }
}

impl From<String> for Unreadable {
    fn from(what: String) -> Self {
        Self::Damaged(what)
    }
}

type Result<T> = std::result::Result<T, Unreadable>;

/// What is wrong with a value; rkyv says more in debug builds only.
fn strange() -> Unreadable {
    Unreadable::Damaged("its bytes are not of a value of that kind".to_owned())
}

/// Encodes `value` as the version of its type and its rkyv archive.
pub(super) fn encode<T>(value: &T) -> std::result::Result<Vec<u8>, String>
where
    T: Record + for<'a> Serialize<HighSerializer<AlignedVec, ArenaHandle<'a>, rancor::Error>>,
{
    let archive = rkyv::to_bytes::<rancor::Error>(value).map_err(|e| e.to_string())?;
    let mut bytes = Vec::with_capacity(1 + archive.len());
    bytes.push(T::VERSION);
    bytes.extend_from_slice(&archive);
    Ok(bytes)
}

/// Checks `bytes` and gives the archived value in them, without copying.
pub(super) fn view<T>(bytes: &[u8]) -> Result<&T::Archived>
where
    T: Record + Archive,
    T::Archived: Portable + for<'a> CheckBytes<HighValidator<'a, rancor::Error>>,
{
    rkyv::access::<T::Archived, rancor::Error>(payload::<T>(bytes)?).map_err(|_| strange())
}

/// Checks `bytes` and gives the value in them.
pub(super) fn decode<T>(bytes: &[u8]) -> Result<T>
where
    T: Record + Archive,
    T::Archived: Portable
        + for<'a> CheckBytes<HighValidator<'a, rancor::Error>>
        + Deserialize<T, rkyv::api::high::HighDeserializer<rancor::Error>>,
{
    rkyv::deserialize::<T, rancor::Error>(view::<T>(bytes)?).map_err(|_| strange())
}

/// What follows the version, if this program reads that.
fn payload<T: Record>(bytes: &[u8]) -> Result<&[u8]> {
    match bytes.split_first() {
        Some((version, payload)) if (T::OLDEST..=T::VERSION).contains(version) => Ok(payload),
        Some((&found, _)) => Err(Unreadable::Version {
            record: T::NAME,
            found,
            oldest: T::OLDEST,
            newest: T::VERSION,
        }),
        None => Err(Unreadable::Damaged("a value is empty".to_owned())),
    }
}

/// Encodes a vector and the digest of the text it was made from.
pub(super) fn encode_vector(text_hash: u128, vector: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(17 + 4 * vector.len());
    bytes.push(VectorView::VERSION);
    bytes.extend_from_slice(&text_hash.to_le_bytes());
    for value in vector {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes
}

/// Where a sealed row's vector is, and what it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SealedRow {
    pub(crate) segment: u32,
    /// Digest of the text the vector was made from.
    pub(crate) text_hash: u128,
}

impl Record for SealedRow {
    const NAME: &'static str = "sealed row";
}

pub(super) fn encode_sealed(row: SealedRow) -> [u8; 21] {
    let mut bytes = [SealedRow::VERSION; 21];
    bytes[1..5].copy_from_slice(&row.segment.to_le_bytes());
    bytes[5..].copy_from_slice(&row.text_hash.to_le_bytes());
    bytes
}

pub(super) fn decode_sealed(bytes: &[u8]) -> Result<SealedRow> {
    let payload = payload::<SealedRow>(bytes)?;
    let (segment, rest) = payload.split_first_chunk::<4>().ok_or_else(strange)?;
    Ok(SealedRow {
        segment: u32::from_le_bytes(*segment),
        text_hash: u128::from_le_bytes(rest.try_into().map_err(|_| strange())?),
    })
}

/// The dead slots of a chunk of a segment, as 64-bit words.
pub(super) struct DeadSlots;

impl Record for DeadSlots {
    const NAME: &'static str = "dead slots";
}

/// Encodes the dead slots of a chunk.
pub(super) fn encode_dead(words: &[u64]) -> Vec<u8> {
    let mut bytes = vec![DeadSlots::VERSION];
    words
        .iter()
        .for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
    bytes
}

/// The dead slots of a chunk, `words` words of them.
pub(super) fn decode_dead(bytes: &[u8], words: usize) -> Result<Vec<u64>> {
    match payload::<DeadSlots>(bytes)?.as_chunks::<8>() {
        (chunks, []) if chunks.len() == words => Ok(chunks
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes))
            .collect()),
        _ => Err(strange()),
    }
}

/// A stored vector, not yet copied out.
#[derive(Clone, Copy)]
pub(crate) struct VectorView<'a> {
    /// Digest of the text the vector was made from.
    pub(crate) text_hash: u128,
    coordinates: &'a [[u8; 4]],
}

impl Record for VectorView<'_> {
    const NAME: &'static str = "vector";
}

impl VectorView<'_> {
    /// Writes the coordinates to `out`, which must have the vector's length.
    pub(crate) fn copy_to(&self, out: &mut [f32]) {
        for (value, bytes) in out.iter_mut().zip(self.coordinates) {
            *value = f32::from_le_bytes(*bytes);
        }
    }

    /// The coordinates as a new vector.
    pub(crate) fn to_vec(self) -> Vec<f32> {
        self.coordinates
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect()
    }
}

/// Checks the length of a stored vector of `dimensions` coordinates.
pub(super) fn view_vector(bytes: &[u8], dimensions: usize) -> Result<VectorView<'_>> {
    let payload = payload::<VectorView<'_>>(bytes)?;
    let (hash, rest) = payload
        .split_first_chunk::<16>()
        .ok_or_else(|| Unreadable::Damaged("a vector is too short".to_owned()))?;
    let (coordinates, tail) = rest.as_chunks::<4>();
    if !tail.is_empty() || coordinates.len() != dimensions {
        return Err(Unreadable::Damaged(format!(
            "a vector has {} bytes where {dimensions} coordinates need {}",
            rest.len(),
            4 * dimensions
        )));
    }
    Ok(VectorView {
        text_hash: u128::from_le_bytes(*hash),
        coordinates,
    })
}

#[cfg(test)]
mod tests;
