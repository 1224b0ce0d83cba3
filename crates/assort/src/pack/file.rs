//! How a pack lies in its file: `docs/pack-format.md`.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use assort_core::Space;
use assort_files::{Bytes, Described, Fault, Files, Map, Sections, numbers};
use serde::{Deserialize, Serialize};

use crate::store::{SpaceRecord, TuningRecord};
use crate::{Error, Result};

/// The newest format; a file of a higher one is refused.
const FORMAT: u32 = 1;

const FILE: Described = Described {
    magic: *b"ASSORT\x1aP",
    format: FORMAT,
    name: "pack",
    longest: 1 << 24,
};

/// What a pack is, as its file says in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Description {
    /// Version of the program that wrote it.
    pub(super) assort: String,
    pub(super) model: String,
    pub(super) fingerprint: String,
    pub(super) dimensions: u32,
    /// What the catalog kept of its embedder.
    pub(super) embedder: String,
    pub(super) tuning: Option<Tuning>,
    pub(super) lengths: Lengths,
}

/// How the graph of labelled products is walked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tuning {
    pub(super) ef: u32,
    pub(super) slack: f32,
}

/// Bytes of the sections, which stand in this order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Lengths {
    pub(super) taxonomy: usize,
    pub(super) prototypes: usize,
    pub(super) model: usize,
    /// Digests of heads in hexadecimal digits, and their bytes.
    pub(super) heads: Vec<(String, usize)>,
    pub(super) labelled: usize,
    /// None without labelled products.
    pub(super) segment: Option<usize>,
    /// None where the catalog was on no student.
    pub(super) student: Option<usize>,
}

impl Description {
    /// How the graph is to be walked; nothing that would end a search at once.
    pub(super) fn tuning(&self) -> Option<TuningRecord> {
        let tuning = self.tuning?;
        let record = TuningRecord {
            ef: tuning.ef,
            slack: tuning.slack,
            asked: 0.0,
            recall: 0.0,
        };
        record.is_sound().then_some(record)
    }
}

/// The sections of a file.
#[derive(Debug)]
struct Places {
    taxonomy: Range<usize>,
    prototypes: Range<usize>,
    model: Range<usize>,
    heads: Vec<Range<usize>>,
    labelled: Range<usize>,
    segment: Option<Range<usize>>,
    student: Option<Range<usize>>,
}

impl Places {
    /// None if the file would be larger than memory can be.
    fn of(lengths: &Lengths, described: usize) -> Option<(Self, usize)> {
        let mut sections = Sections::after(described)?;
        let mut end = 0;
        let mut next = |length: usize| {
            let range = sections.next(length, 1)?;
            end = range.end;
            Some(range)
        };
        let places = Self {
            taxonomy: next(lengths.taxonomy)?,
            prototypes: next(lengths.prototypes)?,
            model: next(lengths.model)?,
            heads: lengths
                .heads
                .iter()
                .map(|(_, length)| next(*length))
                .collect::<Option<_>>()?,
            labelled: next(lengths.labelled)?,
            segment: match lengths.segment {
                Some(length) => Some(next(length)?),
                None => None,
            },
            student: match lengths.student {
                Some(length) => Some(next(length)?),
                None => None,
            },
        };
        Some((places, end))
    }
}

/// A file with its sections.
pub(super) struct Parts {
    pub(super) bytes: Arc<Bytes>,
    pub(super) description: Description,
    pub(super) digest: u128,
    places: Places,
}

impl Parts {
    /// Maps a file and verifies all of it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let strange = |what: String| Error::Pack {
            path: path.to_owned(),
            what,
        };
        let bytes = Bytes::Mapped(Map::open(path)?);
        let (text, digest) = FILE.verify(&bytes).map_err(|fault| match fault {
            Fault::Strange(what) => strange(what),
            Fault::Newer(found) => Error::NewerFormat {
                path: path.to_owned(),
                found,
                supported: FORMAT,
            },
        })?;
        let description: Description =
            serde_json::from_slice(text).map_err(|e| strange(format!("its description: {e}")))?;
        let places = Places::of(&description.lengths, text.len());
        let (places, _) = places
            .filter(|(_, end)| *end == bytes.len())
            .ok_or_else(|| strange("its parts do not fit its size".to_owned()))?;
        Ok(Self {
            bytes: Arc::new(bytes),
            description,
            digest,
            places,
        })
    }

    /// A section as bytes of their own, which keep the file mapped.
    pub(super) fn part(&self, range: Range<usize>) -> Bytes {
        Bytes::Part(Arc::clone(&self.bytes), range)
    }

    pub(super) fn taxonomy(&self) -> Range<usize> {
        self.places.taxonomy.clone()
    }

    pub(super) fn model(&self) -> Range<usize> {
        self.places.model.clone()
    }

    pub(super) fn labelled(&self) -> Range<usize> {
        self.places.labelled.clone()
    }

    pub(super) fn segment(&self) -> Option<Range<usize>> {
        self.places.segment.clone()
    }

    pub(super) fn student(&self) -> Option<Range<usize>> {
        self.places.student.clone()
    }

    /// The section of the head of that digest.
    pub(super) fn head(&self, digest: u128) -> Option<Range<usize>> {
        let name = format!("{digest:032x}");
        let heads = self.description.lengths.heads.iter();
        let mut both = heads.zip(&self.places.heads);
        both.find(|((own, _), _)| *own == name)
            .map(|(_, range)| range.clone())
    }

    /// Unit rows of the candidates' texts.
    pub(super) fn prototypes(&self) -> Vec<f32> {
        numbers(
            &self.bytes[self.places.prototypes.clone()],
            f32::from_le_bytes,
        )
        .collect()
    }

    /// The space of all vectors.
    pub(super) fn space(&self) -> SpaceRecord {
        let Description {
            model,
            fingerprint,
            dimensions,
            embedder,
            ..
        } = &self.description;
        let space = Space {
            model: model.clone(),
            fingerprint: fingerprint.clone(),
            dimensions: *dimensions as usize,
        };
        SpaceRecord::new(0, &space, embedder)
    }
}

/// Writes a file durably; gives its digest. Sections stand in the order of [`Lengths`].
pub(super) fn save(
    files: &dyn Files,
    path: &Path,
    description: &Description,
    sections: &[&[u8]],
) -> Result<u128> {
    let text = serde_json::to_vec(description).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(FILE.write(files, path, &text, sections)?)
}
