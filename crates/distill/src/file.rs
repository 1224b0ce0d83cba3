//! The file of a student, described in `docs/student-format.md`.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use assort_core::Space;
use assort_files::{Bytes, Described, Fault, Map, Sections, fill, numbers};
use assort_static::StaticEmbedding;
use serde::{Deserialize, Serialize};

use crate::pieces::Pieces;
use crate::{Error, Result};

/// Format of students without pieces.
const WITHOUT_PIECES: u32 = 1;

/// The newest format, of students with pieces; a file of a higher one is refused.
const FORMAT: u32 = 2;

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
    /// What it started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pieces: Option<PiecesDescription>,
}

/// Sizes of the sections about pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PiecesDescription {
    /// Pieces that have rows of their own.
    pub(crate) taught: usize,
    /// Coordinates of the static embedding.
    pub(crate) dimensions: usize,
    /// Bytes of the static embedding.
    pub(crate) bytes: usize,
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
    /// None has bytes in a student without pieces.
    pub(crate) taught: Range<usize>,
    pub(crate) matrix: Range<usize>,
    pub(crate) embedding: Range<usize>,
}

impl Places {
    /// None if the file would be larger than memory can be.
    fn of(description: &Description, described: usize) -> Option<Self> {
        let dimensions = description.dimensions;
        let pieces = description.pieces.unwrap_or_default();
        let rows = description.buckets.checked_add(1)?;
        let rows = rows.checked_add(pieces.taught)?;
        let mut sections = Sections::after(described)?;
        let rows_place = sections.next(rows.checked_mul(dimensions)?, 1)?;
        let scales = sections.next(rows, 4)?;
        let vocabulary = sections.next(description.vocabulary, 8)?;
        if description.pieces.is_none() {
            let nothing = vocabulary.end..vocabulary.end;
            return Some(Self {
                rows: rows_place,
                scales,
                vocabulary,
                taught: nothing.clone(),
                matrix: nothing.clone(),
                embedding: nothing,
            });
        }
        Some(Self {
            rows: rows_place,
            scales,
            vocabulary,
            taught: sections.next(pieces.taught, 4)?,
            matrix: sections.next(pieces.dimensions.checked_mul(dimensions)?, 4)?,
            embedding: sections.next(pieces.bytes, 1)?,
        })
    }
}

/// Lays out a student in memory, as in its file.
pub(crate) fn lay_out(
    description: &Description,
    rows: &[i8],
    scales: &[f32],
    vocabulary: &[u64],
    pieces: Option<&Pieces>,
) -> Result<Bytes> {
    let described = serde_json::to_vec(description)
        .map_err(|e| Error::Fault(format!("the student cannot be described: {e}")))?;
    let places = Places::of(description, described.len())
        .ok_or_else(|| Error::Argument("the student is too large for this machine".to_owned()))?;
    let file = Described {
        format: pieces.map_or(WITHOUT_PIECES, |_| FORMAT),
        ..FILE
    };
    let mut bytes = file.begin(&described, places.embedding.end);
    bytes[places.rows].copy_from_slice(bytemuck::cast_slice(rows));
    let (scales, vocabulary) = (scales.iter().copied(), vocabulary.iter().copied());
    fill(&mut bytes[places.scales], scales, f32::to_le_bytes);
    fill(&mut bytes[places.vocabulary], vocabulary, u64::to_le_bytes);
    if let Some(pieces) = pieces {
        let (taught, matrix) = (pieces.taught.iter().copied(), pieces.matrix.iter().copied());
        fill(&mut bytes[places.taught], taught, u32::to_le_bytes);
        fill(&mut bytes[places.matrix], matrix, f32::to_le_bytes);
        bytes[places.embedding].copy_from_slice(pieces.embedding.bytes());
    }
    Described::seal(&mut bytes);
    Ok(Bytes::Owned(bytes))
}

/// A file that was read and verified.
pub(crate) struct Read {
    pub(crate) bytes: Arc<Bytes>,
    pub(crate) description: Description,
    pub(crate) rows: Range<usize>,
    pub(crate) scales: Vec<f32>,
    pub(crate) vocabulary: Vec<u64>,
    pub(crate) pieces: Option<Pieces>,
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
        .filter(|places| shaped && places.embedding.end == bytes.len())
        .ok_or_else(|| strange("its parts do not fit its size".to_owned()))?;
    let scales: Vec<f32> = numbers(&bytes[places.scales.clone()], f32::from_le_bytes).collect();
    if !scales.iter().all(|scale| scale.abs() <= LARGEST_SCALE) {
        return Err(strange("a row has no usable scale".to_owned()));
    }
    let vocabulary = numbers(&bytes[places.vocabulary.clone()], u64::from_le_bytes).collect();
    let bytes = Arc::new(bytes);
    let pieces = description
        .pieces
        .map(|sizes| read_pieces(&bytes, sizes, &places, path))
        .transpose()
        .map_err(strange)?;
    Ok(Read {
        rows: places.rows,
        scales,
        vocabulary,
        pieces,
        description,
        sum,
        bytes,
    })
}

/// Verifies what a student started from, or says what is wrong.
fn read_pieces(
    bytes: &Arc<Bytes>,
    sizes: PiecesDescription,
    places: &Places,
    path: &Path,
) -> std::result::Result<Pieces, String> {
    let part = Bytes::Part(Arc::clone(bytes), places.embedding.clone());
    let embedding =
        StaticEmbedding::read(part, path).map_err(|error| format!("its pieces: {error}"))?;
    let taught: Vec<u32> = numbers(&bytes[places.taught.clone()], u32::from_le_bytes).collect();
    let named = taught
        .last()
        .is_none_or(|&last| (last as usize) < embedding.pieces());
    if !named || !taught.is_sorted_by(|one, other| one < other) {
        return Err("it was taught pieces that there are not".to_owned());
    }
    let matrix: Vec<f32> = numbers(&bytes[places.matrix.clone()], f32::from_le_bytes).collect();
    let usable = matrix.iter().all(|value| value.abs() <= LARGEST_SCALE);
    if !usable || sizes.dimensions != embedding.dimensions() {
        return Err("the map of its pieces cannot be used".to_owned());
    }
    Ok(Pieces::new(embedding, matrix, taught))
}
