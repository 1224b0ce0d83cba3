//! How values are laid out in the store: a version byte, then the payload.

use rkyv::api::high::{HighSerializer, HighValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor;
use rkyv::ser::allocator::ArenaHandle;
use rkyv::util::AlignedVec;
use rkyv::{Archive, Deserialize, Portable, Serialize};

/// Version of every value written by this program.
const VERSION: u8 = 1;

/// What is wrong with a value; rkyv says more in debug builds only.
const STRANGE: &str = "its bytes are not of a value of that kind";

/// Encodes `value` as a version byte and its rkyv archive.
pub(super) fn encode<T>(value: &T) -> Result<Vec<u8>, String>
where
    T: for<'a> Serialize<HighSerializer<AlignedVec, ArenaHandle<'a>, rancor::Error>>,
{
    let archive = rkyv::to_bytes::<rancor::Error>(value).map_err(|e| e.to_string())?;
    let mut bytes = Vec::with_capacity(1 + archive.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&archive);
    Ok(bytes)
}

/// Checks `bytes` and gives the archived value in them, without copying.
pub(super) fn view<T>(bytes: &[u8]) -> Result<&T::Archived, String>
where
    T: Archive,
    T::Archived: Portable + for<'a> CheckBytes<HighValidator<'a, rancor::Error>>,
{
    rkyv::access::<T::Archived, rancor::Error>(payload(bytes)?).map_err(|_| STRANGE.to_owned())
}

/// Checks `bytes` and gives the value in them.
pub(super) fn decode<T>(bytes: &[u8]) -> Result<T, String>
where
    T: Archive,
    T::Archived: Portable
        + for<'a> CheckBytes<HighValidator<'a, rancor::Error>>
        + Deserialize<T, rkyv::api::high::HighDeserializer<rancor::Error>>,
{
    rkyv::deserialize::<T, rancor::Error>(view::<T>(bytes)?).map_err(|_| STRANGE.to_owned())
}

fn payload(bytes: &[u8]) -> Result<&[u8], String> {
    match bytes.split_first() {
        Some((&VERSION, payload)) => Ok(payload),
        Some((version, _)) => Err(format!("a value has the unknown version {version}")),
        None => Err("a value is empty".to_owned()),
    }
}

/// Encodes a vector and the digest of the text it was made from.
pub(super) fn encode_vector(text_hash: u128, vector: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(17 + 4 * vector.len());
    bytes.push(VERSION);
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

pub(super) fn encode_sealed(row: SealedRow) -> [u8; 21] {
    let mut bytes = [VERSION; 21];
    bytes[1..5].copy_from_slice(&row.segment.to_le_bytes());
    bytes[5..].copy_from_slice(&row.text_hash.to_le_bytes());
    bytes
}

pub(super) fn decode_sealed(bytes: &[u8]) -> Result<SealedRow, String> {
    let wrong = || STRANGE.to_owned();
    let (segment, rest) = payload(bytes)?.split_first_chunk::<4>().ok_or_else(wrong)?;
    Ok(SealedRow {
        segment: u32::from_le_bytes(*segment),
        text_hash: u128::from_le_bytes(rest.try_into().map_err(|_| wrong())?),
    })
}

/// Encodes the dead slots of a chunk.
pub(super) fn encode_dead(words: &[u64]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    words
        .iter()
        .for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
    bytes
}

/// The dead slots of a chunk, `words` words of them.
pub(super) fn decode_dead(bytes: &[u8], words: usize) -> Result<Vec<u64>, String> {
    match payload(bytes)?.as_chunks::<8>() {
        (chunks, []) if chunks.len() == words => Ok(chunks
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes))
            .collect()),
        _ => Err(STRANGE.to_owned()),
    }
}

/// A stored vector, not yet copied out.
#[derive(Clone, Copy)]
pub(crate) struct VectorView<'a> {
    /// Digest of the text the vector was made from.
    pub(crate) text_hash: u128,
    coordinates: &'a [[u8; 4]],
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
pub(super) fn view_vector(bytes: &[u8], dimensions: usize) -> Result<VectorView<'_>, String> {
    let payload = payload(bytes)?;
    let (hash, rest) = payload
        .split_first_chunk::<16>()
        .ok_or_else(|| "a vector is too short".to_owned())?;
    let (coordinates, tail) = rest.as_chunks::<4>();
    if !tail.is_empty() || coordinates.len() != dimensions {
        return Err(format!(
            "a vector has {} bytes where {dimensions} coordinates need {}",
            rest.len(),
            4 * dimensions
        ));
    }
    Ok(VectorView {
        text_hash: u128::from_le_bytes(*hash),
        coordinates,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::records::ProductRecord;

    proptest! {
        #[test]
        fn vectors_come_back_bit_for_bit(hash: u128, vector: Vec<f32>) {
            let bytes = encode_vector(hash, &vector);
            let back = view_vector(&bytes, vector.len()).unwrap();
            prop_assert_eq!(back.text_hash, hash);
            let same = back.to_vec().iter().zip(&vector).all(|(a, b)| a.to_bits() == b.to_bits());
            prop_assert!(same);
        }

        #[test]
        fn sealed_rows_and_dead_slots_come_back(segment: u32, text_hash: u128, words: [u64; 4]) {
            let row = SealedRow { segment, text_hash };
            prop_assert_eq!(decode_sealed(&encode_sealed(row)).unwrap(), row);
            prop_assert_eq!(decode_dead(&encode_dead(&words), 4).unwrap(), words);
        }

        #[test]
        fn products_come_back_whole(
            id: String,
            title: String,
            attributes: Vec<(String, String)>,
            image: Option<String>,
            content_hash: u128,
        ) {
            let record = ProductRecord { id, title, text: String::new(), attributes, image, content_hash };
            let bytes = encode(&record).unwrap();
            prop_assert_eq!(decode::<ProductRecord>(&bytes).unwrap(), record);
        }

        #[test]
        fn damaged_bytes_are_errors_not_panics(bytes: Vec<u8>) {
            let _ = decode::<ProductRecord>(&bytes);
            let _ = view_vector(&bytes, 4);
            let _ = decode_sealed(&bytes);
            let _ = decode_dead(&bytes, 4);
        }
    }

    #[test]
    fn a_value_of_another_version_is_refused() {
        assert!(view_vector(&[9; 21], 1).is_err());
        assert!(view_vector(&encode_vector(1, &[1.0]), 2).is_err());
    }
}
