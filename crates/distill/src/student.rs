//! A student: a table of rows that texts are sums of.

use std::path::Path;
use std::sync::Arc;

use assort_core::features::{FEATURES, Features};
use assort_core::vector::kernel;
use assort_core::{Space, vector};
use assort_files::Bytes;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::file::{self, Description, PiecesDescription, Read, Teacher};
use crate::pieces::{Cut, Pieces};
use crate::vocabulary::Vocabulary;
use crate::{Result, Table};

/// Texts that one thread embeds at a time.
const EMBED_BATCH: usize = 64;

/// Which of the two encoders of a space embeds queries and categories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueryEncoder {
    /// The student.
    #[default]
    Student,
    /// The teacher.
    Teacher,
}

impl QueryEncoder {
    /// Its name: `student` or `teacher`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Teacher => "teacher",
        }
    }
}

impl std::str::FromStr for QueryEncoder {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "student" => Ok(Self::Student),
            "teacher" => Ok(Self::Teacher),
            _ => Err(format!(
                "`{text}` is no encoder; write `student` or `teacher`"
            )),
        }
    }
}

/// What was found out about a student on texts it did not learn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StudentCard {
    /// Mean cosine with the teacher's vectors.
    pub cosine: f32,
    /// Mean length of what it says of a text, which [`Student::familiarity`] is
    /// measured by; while it is 0, that is the length itself.
    pub usual: f32,
    /// Texts that it knows less well are left to the teacher.
    pub floor: f32,
    /// The better encoder for queries and categories.
    pub queries: QueryEncoder,
    /// How far it leans towards what labels tell, from 0 to 1.
    pub labels: f32,
}

/// Texts of which a student never learns the label, one in so many.
const HELD_OUT_OF: u128 = 8;

/// Whether a student must not learn the label of the text with this digest: on
/// such texts it can be told how well it files.
pub fn is_kept_apart(text: u128) -> bool {
    text.is_multiple_of(HELD_OUT_OF)
}

/// A table of rows, one for each place that features are hashed into. The
/// vector of a text is the sum of the rows of its features over the root of
/// their number, plus the last row, scaled to unit length. A student that started
/// from a static embedding adds the rows of the text's pieces over the root of
/// their number.
pub struct Student {
    bytes: Arc<Bytes>,
    rows: std::ops::Range<usize>,
    scales: Vec<f32>,
    vocabulary: Vocabulary,
    pieces: Option<Pieces>,
    description: Description,
    /// Checksum of all its bytes.
    sum: u128,
}

impl Student {
    /// Opens a student's file and verifies it.
    ///
    /// # Errors
    /// [`Error::NotAStudent`](crate::Error::NotAStudent) if it is none, or has changed or been cut short,
    /// [`Error::NewerFormat`](crate::Error::NewerFormat), [`Error::Io`](crate::Error::Io).
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self::on(file::open(path)?))
    }

    /// A student on bytes of its file, as [`Self::bytes`] gives them; `name` is told in
    /// errors.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn read(bytes: Bytes, name: &Path) -> Result<Self> {
        Ok(Self::on(file::read(bytes, name)?))
    }

    /// The bytes of its file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn on(read: Read) -> Self {
        Self {
            scales: read.scales,
            vocabulary: Vocabulary {
                bits: read.vocabulary,
                buckets: read.description.buckets,
            },
            rows: read.rows,
            pieces: read.pieces,
            description: read.description,
            sum: read.sum,
            bytes: read.bytes,
        }
    }

    /// A student that has learned `table` from `texts` texts in the space of
    /// `teacher`. Rows are rounded to 8 bits.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) if it is too large for this machine.
    pub fn new(table: &Table, teacher: &Space, texts: u64, card: StudentCard) -> Result<Self> {
        let (rows, scales) = table.rounded();
        let description = Description {
            features: FEATURES,
            buckets: table.vocabulary.buckets,
            dimensions: table.dimensions,
            vocabulary: table.vocabulary.bits.len(),
            teacher: Teacher {
                model: teacher.model.clone(),
                fingerprint: teacher.fingerprint.clone(),
            },
            texts,
            card,
            pieces: table.pieces.as_ref().map(|pieces| PiecesDescription {
                taught: pieces.taught.len(),
                dimensions: pieces.embedding.dimensions(),
                bytes: pieces.embedding.size(),
            }),
        };
        let (bits, pieces) = (&table.vocabulary.bits, table.pieces.as_ref());
        let bytes = file::lay_out(&description, &rows, &scales, bits, pieces)?;
        Ok(Self::on(file::read(bytes, Path::new("a new student"))?))
    }

    /// The same student with other card.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) if it is too large for this machine.
    pub fn with_card(&self, card: StudentCard) -> Result<Self> {
        let description = Description {
            card,
            ..self.description.clone()
        };
        let bytes = file::lay_out(
            &description,
            self.table(),
            &self.scales,
            &self.vocabulary.bits,
            self.pieces.as_ref(),
        )?;
        Ok(Self::on(file::read(bytes, Path::new("a new student"))?))
    }

    /// Writes the student to a file, which has its name only when it is whole
    /// and durable.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io).
    pub fn save(&self, path: &Path) -> Result<()> {
        Ok(assort_files::save(&assort_files::Disk, path, &self.bytes)?)
    }

    /// The space it was taught in; its vectors are near those of that space.
    pub fn teacher(&self) -> Space {
        self.description.space()
    }

    /// What was found out about it.
    pub fn card(&self) -> StudentCard {
        self.description.card
    }

    /// Texts it learned from.
    pub fn texts(&self) -> u64 {
        self.description.texts
    }

    /// Coordinates of a vector.
    pub fn dimensions(&self) -> usize {
        self.description.dimensions
    }

    /// Bytes of its file.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Digest of all its bytes: equal students are the same student.
    pub fn digest(&self) -> u128 {
        self.sum
    }

    fn table(&self) -> &[i8] {
        bytemuck::cast_slice(&self.bytes[self.rows.clone()])
    }

    /// Embeds `texts` on all threads of the current rayon pool: unit rows of
    /// [`Self::dimensions`] coordinates, in order, and how well the student
    /// knows each, as [`Self::familiarity`].
    pub fn embed(&self, texts: &[&str]) -> (Vec<f32>, Vec<f32>) {
        let dimensions = self.dimensions();
        let mut rows = vec![0.0; texts.len() * dimensions];
        let mut familiar = vec![0.0; texts.len()];
        rows.par_chunks_mut(EMBED_BATCH * dimensions)
            .zip(familiar.par_chunks_mut(EMBED_BATCH))
            .zip(texts.par_chunks(EMBED_BATCH))
            .for_each_init(Scratch::default, |scratch, ((rows, familiar), texts)| {
                let rows = rows.chunks_exact_mut(dimensions);
                for ((row, familiar), text) in rows.zip(familiar).zip(texts) {
                    *familiar = self.one(text, scratch, row);
                }
            });
        (rows, familiar)
    }

    fn one(&self, text: &str, scratch: &mut Scratch, row: &mut [f32]) -> f32 {
        let Scratch {
            features,
            places,
            cut,
            factors,
        } = scratch;
        let found = features.read(text);
        places.clear();
        self.vocabulary.places(found, places);
        let scaled = |place: u32| (place, self.scales[place as usize]);
        factors.clear();
        factors.extend(places.iter().map(|&place| scaled(place)));
        kernel::add_bytes(row, self.table(), factors);
        let familiar = self.length(row, found.len());
        let root = (places.len().max(1) as f32).sqrt().recip();
        row.iter_mut().for_each(|value| *value *= root);
        let last = self.description.buckets as u32;
        factors.clear();
        factors.push(scaled(last));
        if let Some(pieces) = &self.pieces {
            let factor = pieces.cut(text, cut);
            let taught = cut.taught.iter().map(|&place| scaled(last + 1 + place));
            factors.extend(taught.map(|(place, scale)| (place, scale * factor)));
            pieces.add_others(cut, factor, row);
        }
        kernel::add_bytes(row, self.table(), factors);
        vector::normalize(row);
        if vector::dot(row, row) < 0.5 {
            // All rows cancelled out. There is no direction; one is as good as any.
            row.fill(0.0);
            row[0] = 1.0;
        }
        familiar
    }

    /// How well the student knows a text: the length of the sum of its rows
    /// over the root of the number of its features, known or not, beside what
    /// is usual. 1 for a usual text, 0 for one of which it knows nothing.
    pub fn familiarity(&self, text: &str) -> f32 {
        let mut row = vec![0.0; self.dimensions()];
        self.one(text, &mut Scratch::default(), &mut row)
    }

    fn length(&self, sum: &[f32], features: usize) -> f32 {
        let usual = self.description.card.usual;
        let square = vector::dot(sum, sum) / features.max(1) as f32;
        square.sqrt() / if usual > 0.0 { usual } else { 1.0 }
    }
}

#[derive(Default)]
struct Scratch {
    features: Features,
    places: Vec<u32>,
    cut: Cut,
    factors: Vec<(u32, f32)>,
}

impl std::fmt::Debug for Student {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Student")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}
