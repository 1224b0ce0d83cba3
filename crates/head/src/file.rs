//! The file of a head.
//!
//! Magic (8 bytes), format (`u32`), length of the description (`u32`), XXH3 digest
//! (`u128`) of all bytes after it, the description as JSON, then at multiples of 64:
//! rows (`i8`), their scales (`f32`), the output layer (`f32`), the bias (`f32`), the
//! features in ascending order (`u64`) and their inverse document frequencies
//! (`f32`); little-endian.

use std::ops::{Deref, Range};
use std::path::Path;

use assort_files::Map;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::{Error, Result};

/// First bytes of every head.
const MAGIC: [u8; 8] = *b"ASSORT\x1aH";

/// The newest format; a file of a higher one is refused.
const FORMAT: u32 = 1;

/// Bytes before the description.
const PREFIX: usize = 32;

/// Sections begin at multiples of this many bytes.
const ALIGNMENT: usize = 64;

/// Longest description that is read.
const LONGEST_DESCRIPTION: usize = 1 << 28;

/// What a head is, as its file says in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    /// Version of the rules that find features.
    pub(crate) features: u32,
    /// Features that are known.
    pub(crate) known: usize,
    /// Coordinates of the hidden layer; none without one.
    pub(crate) hidden: Option<usize>,
    pub(crate) shortest_sequence: usize,
    pub(crate) text_weight: f32,
    /// Ids of the categories.
    pub(crate) categories: Vec<String>,
}

impl Description {
    /// Coordinates of a feature's row.
    pub(crate) fn width(&self) -> usize {
        self.hidden.unwrap_or(self.categories.len())
    }

    fn is_sound(&self) -> bool {
        let usable = |value: f32| value.is_finite() && value >= 0.0;
        self.width() > 0
            && !self.categories.is_empty()
            && (2..=5).contains(&self.shortest_sequence)
            && usable(self.text_weight)
            && u32::try_from(self.known).is_ok()
    }
}

/// The numbers of a head.
pub(crate) struct Sections<'a> {
    pub(crate) rows: &'a [i8],
    pub(crate) scales: &'a [f32],
    pub(crate) output: &'a [f32],
    pub(crate) bias: &'a [f32],
    pub(crate) features: &'a [u64],
    pub(crate) idf: &'a [f32],
}

/// Where the parts of a file are.
pub(crate) struct Places {
    pub(crate) rows: Range<usize>,
    pub(crate) scales: Range<usize>,
    pub(crate) output: Range<usize>,
    pub(crate) bias: Range<usize>,
    pub(crate) features: Range<usize>,
    pub(crate) idf: Range<usize>,
}

impl Places {
    /// None if the file would be larger than memory can be.
    fn of(description: &Description, described: usize) -> Option<Self> {
        let (known, classes) = (description.known, description.categories.len());
        let mut end = PREFIX.checked_add(described)?;
        let mut next = |count: usize, size: usize| {
            let start = end.checked_next_multiple_of(ALIGNMENT)?;
            end = start.checked_add(count.checked_mul(size)?)?;
            Some(start..end)
        };
        let output = classes.checked_mul(description.hidden.unwrap_or(0))?;
        Some(Self {
            rows: next(known.checked_mul(description.width())?, 1)?,
            scales: next(known, 4)?,
            output: next(output, 4)?,
            bias: next(classes, 4)?,
            features: next(known, 8)?,
            idf: next(known, 4)?,
        })
    }
}

/// The bytes of a head, in memory or in a file.
pub(crate) enum Bytes {
    Mapped(Map),
    Owned(Vec<u8>),
}

impl Bytes {
    pub(crate) fn copied(bytes: &[u8]) -> Self {
        Self::Owned(bytes.to_vec())
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// Lays out a head in memory, as in its file.
pub(crate) fn lay_out(description: &Description, sections: &Sections<'_>) -> Result<Bytes> {
    let described = serde_json::to_vec(description)
        .map_err(|e| Error::Argument(format!("the head cannot be described: {e}")))?;
    let places = Places::of(description, described.len())
        .ok_or_else(|| Error::Argument("the head is too large for this machine".to_owned()))?;
    let mut bytes = vec![0; places.idf.end];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[12..16].copy_from_slice(&(described.len() as u32).to_le_bytes());
    bytes[PREFIX..PREFIX + described.len()].copy_from_slice(&described);
    bytes[places.rows].copy_from_slice(bytemuck::cast_slice(sections.rows));
    let numbers = [
        (places.scales, sections.scales),
        (places.output, sections.output),
        (places.bias, sections.bias),
        (places.idf, sections.idf),
    ];
    for (range, numbers) in numbers {
        for (out, number) in bytes[range].chunks_exact_mut(4).zip(numbers) {
            out.copy_from_slice(&number.to_le_bytes());
        }
    }
    let features = bytes[places.features].chunks_exact_mut(8);
    for (out, feature) in features.zip(sections.features) {
        out.copy_from_slice(&feature.to_le_bytes());
    }
    let sum = xxh3_128(&bytes[PREFIX..]);
    bytes[16..PREFIX].copy_from_slice(&sum.to_le_bytes());
    Ok(Bytes::Owned(bytes))
}

/// A file that was read and verified.
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    pub(crate) description: Description,
    pub(crate) places: Places,
    pub(crate) sum: u128,
}

/// Opens and verifies a head.
pub(crate) fn open(path: &Path) -> Result<Read> {
    read(Bytes::Mapped(Map::open(path)?), path)
}

/// Verifies a head; `path` is named if it is none.
pub(crate) fn read(bytes: Bytes, path: &Path) -> Result<Read> {
    let strange = |what: String| Error::NotAHead {
        path: path.to_owned(),
        what,
    };
    let Some((prefix, body)) = bytes.split_first_chunk::<PREFIX>() else {
        return Err(strange("it is too short".to_owned()));
    };
    let number = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| prefix[at + i]));
    if prefix[..8] != MAGIC {
        return Err(strange(
            "it does not begin as a head's file does".to_owned(),
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
    if found < FORMAT {
        return Err(strange(format!("there is no format {found}")));
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
    let places = Places::of(&description, described)
        .filter(|places| description.is_sound() && places.idf.end == bytes.len())
        .ok_or_else(|| strange("its parts do not fit its size".to_owned()))?;
    let numbers = [&places.scales, &places.output, &places.bias, &places.idf];
    for range in numbers {
        let chunks = bytes[range.clone()].as_chunks::<4>().0.iter();
        if !chunks
            .map(|chunk| f32::from_le_bytes(*chunk))
            .all(f32::is_finite)
        {
            return Err(strange("a number of it is none".to_owned()));
        }
    }
    let features = bytes[places.features.clone()].as_chunks::<8>().0.iter();
    if !features.map(|chunk| u64::from_le_bytes(*chunk)).is_sorted() {
        return Err(strange("its features are not in order".to_owned()));
    }
    Ok(Read {
        bytes,
        description,
        places,
        sum,
    })
}
