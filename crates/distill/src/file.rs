//! The file of a student, described in `docs/student-format.md`.

use std::ops::Range;
use std::path::Path;

use assort_core::Space;
use assort_files::{Bytes, Described, Fault, Map, Sections};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The newest format; a file of a higher one is refused.
const FORMAT: u32 = 1;

const FILE: Described = Described {
    magic: *b"ASSORT\x1aT",
    format: FORMAT,
    name: "student",
    longest: 1 << 20,
};

/// Largest scale of a row: sums of rows stay finite. One that is no number is larger.
const LARGEST_SCALE: f32 = 1e9;

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
        let mut sections = Sections::after(described)?;
        Some(Self {
            rows: sections.next(rows.checked_mul(description.dimensions)?, 1)?,
            scales: sections.next(rows, 4)?,
            vocabulary: sections.next(description.vocabulary, 8)?,
        })
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
    let mut bytes = FILE.begin(&described, places.vocabulary.end);
    bytes[places.rows].copy_from_slice(bytemuck::cast_slice(rows));
    for (out, scale) in bytes[places.scales].chunks_exact_mut(4).zip(scales) {
        out.copy_from_slice(&scale.to_le_bytes());
    }
    for (out, word) in bytes[places.vocabulary].chunks_exact_mut(8).zip(vocabulary) {
        out.copy_from_slice(&word.to_le_bytes());
    }
    Described::seal(&mut bytes);
    Ok(Bytes::Owned(bytes))
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
    read(Bytes::Mapped(Map::open(path)?), path)
}

/// Verifies a student; `path` is named if it is none.
pub(crate) fn read(bytes: Bytes, path: &Path) -> Result<Read> {
    let strange = |what: String| Error::NotAStudent {
        path: path.to_owned(),
        what,
    };
    let (text, sum) = FILE.verify(&bytes).map_err(|fault| match fault {
        Fault::Strange(what) => strange(what),
        Fault::Newer(found) => Error::NewerFormat {
            path: path.to_owned(),
            found,
            supported: FORMAT,
        },
    })?;
    let described = text.len();
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
