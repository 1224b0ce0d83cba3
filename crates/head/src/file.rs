//! The file of a head.
//!
//! Magic (8 bytes), format (`u32`), length of the description (`u32`), XXH3 digest
//! (`u128`) of all bytes after it, the description as JSON, then at multiples of 64:
//! rows (`i8`), their scales (`f32`), the output layer (`f32`), the bias (`f32`), the
//! features in ascending order (`u64`) and their inverse document frequencies
//! (`f32`); little-endian.

use std::ops::Range;
use std::path::Path;

use assort_files::{Bytes, Described, Fault, Map, Sections, fill, numbers};
use serde::{Deserialize, Serialize};

use crate::attributes::Attributes;
use crate::{Error, Result};

/// The newest format; a file of a higher one is refused.
const FORMAT: u32 = 2;

/// The format of a head that reads no attributes.
const WITHOUT_ATTRIBUTES: u32 = 1;

const FILE: Described = Described {
    magic: *b"ASSORT\x1aH",
    format: FORMAT,
    name: "head",
    longest: 1 << 28,
};

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
    /// Attributes that it reads; since format 2.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub(crate) attributes: Attributes,
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
            && self.attributes.is_sound()
            && u32::try_from(self.known).is_ok()
    }
}

/// The numbers of a head.
pub(crate) struct Numbers<'a> {
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
        let mut sections = Sections::after(described)?;
        let output = classes.checked_mul(description.hidden.unwrap_or(0))?;
        Some(Self {
            rows: sections.next(known.checked_mul(description.width())?, 1)?,
            scales: sections.next(known, 4)?,
            output: sections.next(output, 4)?,
            bias: sections.next(classes, 4)?,
            features: sections.next(known, 8)?,
            idf: sections.next(known, 4)?,
        })
    }
}

/// Lays out a head in memory, as in its file.
pub(crate) fn lay_out(description: &Description, sections: &Numbers<'_>) -> Result<Bytes> {
    let described = serde_json::to_vec(description)
        .map_err(|e| Error::Argument(format!("the head cannot be described: {e}")))?;
    let places = Places::of(description, described.len())
        .ok_or_else(|| Error::Argument("the head is too large for this machine".to_owned()))?;
    let file = Described {
        format: match description.attributes.is_empty() {
            true => WITHOUT_ATTRIBUTES,
            false => FORMAT,
        },
        ..FILE
    };
    let mut bytes = file.begin(&described, places.idf.end);
    bytes[places.rows].copy_from_slice(bytemuck::cast_slice(sections.rows));
    let numbers = [
        (places.scales, sections.scales),
        (places.output, sections.output),
        (places.bias, sections.bias),
        (places.idf, sections.idf),
    ];
    for (range, numbers) in numbers {
        fill(&mut bytes[range], numbers.iter().copied(), f32::to_le_bytes);
    }
    let features = sections.features.iter().copied();
    fill(&mut bytes[places.features], features, u64::to_le_bytes);
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
    let places = Places::of(&description, described)
        .filter(|places| description.is_sound() && places.idf.end == bytes.len())
        .ok_or_else(|| strange("its parts do not fit its size".to_owned()))?;
    for range in [&places.scales, &places.output, &places.bias, &places.idf] {
        if !numbers(&bytes[range.clone()], f32::from_le_bytes).all(f32::is_finite) {
            return Err(strange("a number of it is none".to_owned()));
        }
    }
    if !numbers(&bytes[places.features.clone()], u64::from_le_bytes).is_sorted() {
        return Err(strange("its features are not in order".to_owned()));
    }
    Ok(Read {
        bytes,
        description,
        places,
        sum,
    })
}
