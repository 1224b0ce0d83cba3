//! The file of a student, described in `docs/student-format.md`.

use std::ops::{Deref, Range};
use std::path::Path;

use assort_core::Space;
use assort_files::Map;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::{Error, Result};

/// First bytes of every student.
const MAGIC: [u8; 8] = *b"ASSORT\x1aT";

/// The newest format; a file of a higher one is refused.
const FORMAT: u32 = 1;

/// Bytes before the description.
const PREFIX: usize = 32;

/// Sections begin at multiples of this many bytes.
const ALIGNMENT: usize = 64;

/// Largest scale of a row: sums of rows stay finite. One that is no number is larger.
const LARGEST_SCALE: f32 = 1e9;

/// Longest description that is read.
const LONGEST_DESCRIPTION: usize = 1 << 20;

/// What a student is, as its file says in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    /// Version of the rules that find features.
    pub(crate) features: u32,
    /// Places that features are hashed into.
    pub(crate) buckets: usize,
    pub(crate) dimensions: usize,
    /// Words of 64 bits that say which features are in the vocabulary.
    #[serde(rename = "known")]
    pub(crate) vocabulary: usize,
    pub(crate) teacher: Teacher,
    /// Texts it learned from.
    pub(crate) texts: u64,
    #[serde(rename = "traits")]
    pub(crate) card: super::StudentCard,
}

/// The space a student was taught in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Teacher {
    pub(crate) model: String,
    pub(crate) fingerprint: String,
}

impl Description {
    pub(crate) fn space(&self) -> Space {
        Space {
            model: self.teacher.model.clone(),
            fingerprint: self.teacher.fingerprint.clone(),
            dimensions: self.dimensions,
        }
    }
}

/// Where the parts of a file are.
pub(crate) struct Places {
    pub(crate) rows: Range<usize>,
    pub(crate) scales: Range<usize>,
    pub(crate) vocabulary: Range<usize>,
}

impl Places {
    /// None if the file would be larger than memory can be.
    fn of(description: &Description, described: usize) -> Option<Self> {
        let rows = description.buckets.checked_add(1)?;
        let mut end = PREFIX.checked_add(described)?;
        let mut next = |size: usize| {
            let start = end.checked_next_multiple_of(ALIGNMENT)?;
            end = start.checked_add(size)?;
            Some(start..end)
        };
        Some(Self {
            rows: next(rows.checked_mul(description.dimensions)?)?,
            scales: next(rows.checked_mul(4)?)?,
            vocabulary: next(description.vocabulary.checked_mul(8)?)?,
        })
    }
}

/// The bytes of a student, in memory or in a file.
pub(crate) enum Bytes {
    Mapped(Map),
    /// Allocated in words of 64 bits, so that they are aligned.
    Owned(Vec<u64>, usize),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(words, length) => &bytemuck::cast_slice(words)[..*length],
        }
    }
}

/// Lays out a student in memory, as in its file.
pub(crate) fn lay_out(
    description: &Description,
    rows: &[i8],
    scales: &[f32],
    vocabulary: &[u64],
) -> Result<Bytes> {
    let described = serde_json::to_vec(description)
        .map_err(|e| Error::Fault(format!("the student cannot be described: {e}")))?;
    let places = Places::of(description, described.len())
        .ok_or_else(|| Error::Argument("the student is too large for this machine".to_owned()))?;
    let length = places.vocabulary.end;
    let mut words = vec![0u64; length.div_ceil(8)];
    let bytes: &mut [u8] = &mut bytemuck::cast_slice_mut(&mut words)[..length];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[12..16].copy_from_slice(&(described.len() as u32).to_le_bytes());
    bytes[PREFIX..PREFIX + described.len()].copy_from_slice(&described);
    bytes[places.rows].copy_from_slice(bytemuck::cast_slice(rows));
    for (out, scale) in bytes[places.scales].chunks_exact_mut(4).zip(scales) {
        out.copy_from_slice(&scale.to_le_bytes());
    }
    for (out, word) in bytes[places.vocabulary].chunks_exact_mut(8).zip(vocabulary) {
        out.copy_from_slice(&word.to_le_bytes());
    }
    let sum = xxh3_128(&bytes[PREFIX..]);
    bytes[16..PREFIX].copy_from_slice(&sum.to_le_bytes());
    Ok(Bytes::Owned(words, length))
}

/// A file that was read and verified.
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    pub(crate) description: Description,
    pub(crate) places: Places,
    pub(crate) sum: u128,
}

/// Opens and verifies a student.
pub(crate) fn open(path: &Path) -> Result<Read> {
    let map = Map::open(path)?;
    if map.len() < PREFIX {
        return Err(Error::NotAStudent {
            path: path.to_owned(),
            what: format!("it has only {} bytes", map.len()),
        });
    }
    read(Bytes::Mapped(map), path)
}

/// Verifies a student; `path` is named if it is none.
pub(crate) fn read(bytes: Bytes, path: &Path) -> Result<Read> {
    let strange = |what: String| Error::NotAStudent {
        path: path.to_owned(),
        what,
    };
    let Some((prefix, body)) = bytes.split_first_chunk::<PREFIX>() else {
        return Err(strange("it is too short".to_owned()));
    };
    let number = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| prefix[at + i]));
    if prefix[..8] != MAGIC {
        return Err(strange(
            "it does not begin as a student's file does".to_owned(),
        ));
    }
    let found = number(8);
    if found > FORMAT {
        return Err(Error::NewerFormat {
            path: path.to_owned(),
            found,
            supported: FORMAT,
        });
    }
    let described = number(12) as usize;
    let text = body
        .get(..described)
        .filter(|text| text.len() <= LONGEST_DESCRIPTION)
        .ok_or_else(|| strange("it has been cut short".to_owned()))?;
    let mut sum = [0; 16];
    sum.copy_from_slice(&prefix[16..]);
    let sum = u128::from_le_bytes(sum);
    if xxh3_128(body) != sum {
        return Err(strange(
            "its bytes have changed, or it has been cut short".to_owned(),
        ));
    }
    let description: Description =
        serde_json::from_slice(text).map_err(|e| strange(format!("its description: {e}")))?;
    if description.features != assort_core::features::FEATURES {
        return Err(strange(format!(
            "it looks for features by the rules {}, this program by {}",
            description.features,
            assort_core::features::FEATURES
        )));
    }
    let shaped = description.dimensions > 0
        && description.buckets > 0
        && description.buckets < u32::MAX as usize
        && description.vocabulary.is_power_of_two();
    let places = Places::of(&description, described)
        .filter(|places| shaped && places.vocabulary.end == bytes.len())
        .ok_or_else(|| strange("its parts do not fit its size".to_owned()))?;
    let scales = bytes[places.scales.clone()].as_chunks::<4>().0.iter();
    let mut scales = scales.map(|scale| f32::from_le_bytes(*scale));
    if !scales.all(|scale| scale.abs() <= LARGEST_SCALE) {
        return Err(strange("a row has no usable scale".to_owned()));
    }
    Ok(Read {
        bytes,
        description,
        places,
        sum,
    })
}
