//! A static embedding: pieces of texts, and a row of numbers for each.

use std::path::Path;

use assort_core::chance;
use assort_core::vector::{self, kernel};
use assort_files::Bytes;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use crate::card::{Card, Piece};
use crate::file::{self, Read};
use crate::normalize::normalize;
use crate::table::{Bits, Table};
use crate::trie::Trie;
use crate::unigram::{Step, Unigram};
use crate::{Error, Result};

/// Texts that one thread embeds at a time.
const BATCH: usize = 64;

/// A row of numbers for each piece of a vocabulary. The vector of a text is the
/// sum of the rows of its pieces, scaled to unit length.
pub struct StaticEmbedding {
    file: Read,
}

impl StaticEmbedding {
    /// Opens a file and verifies it.
    ///
    /// # Errors
    /// [`Error::NotStatic`] if it is no static embedding, or has changed or been
    /// cut short, [`Error::NewerFormat`], [`Error::Io`].
    pub fn open(path: &Path) -> Result<Self> {
        let file = file::open(path)?;
        Ok(Self { file })
    }

    /// Reads a file that was compiled into the program, where it stays: nothing of it is
    /// copied, and a part of it is in memory when it is first used. Its digest is taken
    /// as the file says it.
    ///
    /// # Errors
    /// [`Error::NotStatic`] and [`Error::NewerFormat`], as [`Self::open`].
    pub fn from_static(bytes: &'static [u8]) -> Result<Self> {
        let file = file::read(
            Bytes::Static(bytes),
            Path::new("the static embedding inside the program"),
        )?;
        Ok(Self { file })
    }

    /// An embedding of `pieces`, each with its row of `table`. `unknown` is the
    /// number of the piece of characters that no piece covers.
    ///
    /// # Errors
    /// [`Error::Argument`] if pieces and rows are not as many, two pieces are written
    /// alike, a score is not finite, or all is too large for this machine.
    pub fn new(card: &Card, pieces: &[Piece<'_>], unknown: u32, table: &Table) -> Result<Self> {
        if pieces.len() != table.rows() || pieces.len() >= 1 << 24 {
            return Err(Error::Argument(format!(
                "{} pieces were given with {} rows; give as many, fewer than {}",
                pieces.len(),
                table.rows(),
                1 << 24
            )));
        }
        if unknown as usize >= pieces.len() {
            return Err(Error::Argument(format!(
                "there is no piece {unknown} to stand for unknown characters"
            )));
        }
        if let Some(at) = pieces.iter().position(|piece| !piece.score.is_finite()) {
            let Piece { text, score, .. } = pieces[at];
            return Err(Error::Argument(format!(
                "piece {at}, {text:?}, has the score {score}, which is no number"
            )));
        }
        let bytes = file::lay_out(card, pieces, unknown, table)?;
        let file = file::read(bytes, Path::new("a new static embedding"))?;
        Ok(Self { file })
    }

    /// Writes the embedding to a file, which has its name only when it is whole
    /// and durable.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, path: &Path) -> Result<()> {
        Ok(assort_files::save(
            &assort_files::Disk,
            path,
            &self.file.bytes,
        )?)
    }

    /// What it says of itself.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.file.description.card
    }

    /// Coordinates of a vector.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.file.description.dimensions
    }

    /// Number of pieces.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.file.description.pieces
    }

    /// Bytes of its file.
    #[must_use]
    pub fn size(&self) -> usize {
        self.file.bytes.len()
    }

    /// Digest of all its bytes: equal ones give equal vectors.
    #[must_use]
    pub fn digest(&self) -> u128 {
        self.file.sum
    }

    /// The numbers of the pieces of a text, in order.
    #[must_use]
    pub fn tokenize(&self, text: &str) -> Vec<u32> {
        let mut scratch = Scratch::default();
        self.cut(text, &mut scratch);
        scratch.pieces
    }

    /// Embeds `texts` on all threads of the current rayon pool: unit rows of
    /// [`Self::dimensions`] coordinates, in order. A text of which no piece says
    /// anything points in a direction by chance, which is near to that of no other text.
    #[must_use]
    pub fn embed<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Vec<f32> {
        let dimensions = self.dimensions();
        let mut rows = vec![0.0; texts.len() * dimensions];
        rows.par_chunks_mut(BATCH * dimensions)
            .zip(texts.par_chunks(BATCH))
            .for_each_init(Scratch::default, |scratch, (rows, texts)| {
                self.embed_into(texts, rows, scratch);
            });
        rows
    }

    /// [`Self::embed`] on the caller's thread: what is quicker for a few texts, each of
    /// which takes microseconds.
    #[must_use]
    pub fn embed_here<T: AsRef<str>>(&self, texts: &[T]) -> Vec<f32> {
        let mut rows = vec![0.0; texts.len() * self.dimensions()];
        self.embed_into(texts, &mut rows, &mut Scratch::default());
        rows
    }

    /// Writes the vectors of `texts` to `rows`, which are zeros.
    fn embed_into<T: AsRef<str>>(&self, texts: &[T], rows: &mut [f32], scratch: &mut Scratch) {
        for (row, text) in rows.chunks_exact_mut(self.dimensions()).zip(texts) {
            self.cut(text.as_ref(), scratch);
            self.add(scratch, row);
        }
    }

    /// What share of a text's pieces, spaces aside, has a row that was learned; 0 for a
    /// text without pieces. The row of characters that no piece covers says nothing of
    /// them.
    #[must_use]
    pub fn known_share(&self, text: &str) -> f32 {
        let mut pieces = self.tokenize(text);
        pieces.retain(|&piece| Some(piece) != self.file.space);
        let is_known = |piece: u32| piece != self.file.description.unknown && self.is_known(piece);
        let known = pieces.iter().filter(|&&piece| is_known(piece));
        known.count() as f32 / pieces.len().max(1) as f32
    }

    /// Whether the row of a piece was learned.
    #[must_use]
    pub fn is_known(&self, piece: u32) -> bool {
        let known = &self.file.bytes[self.file.places.known.clone()];
        let byte = known.get(piece as usize / 8).copied().unwrap_or_default();
        byte >> (piece % 8) & 1 == 1
    }

    /// Writes the pieces of a text to `scratch`.
    fn cut(&self, text: &str, scratch: &mut Scratch) {
        let Read {
            bytes,
            places,
            description,
            least,
            ..
        } = &self.file;
        let unigram = Unigram {
            trie: Trie(numbers(bytes, &places.units)),
            scores: numbers(bytes, &places.scores),
            unknown: description.unknown,
            least: *least,
        };
        normalize(text, &mut scratch.normal);
        unigram.pieces(&scratch.normal, &mut scratch.steps, &mut scratch.pieces);
    }

    /// Sums the rows of pieces to a unit vector; `row` is zeros.
    fn add(&self, scratch: &mut Scratch, row: &mut [f32]) {
        let Read { bytes, places, .. } = &self.file;
        let scales = numbers(bytes, &places.scales);
        let scaled = |&piece: &u32| {
            let scale = scales.get(piece as usize).copied().unwrap_or_default();
            (piece, f32::from_le_bytes(scale))
        };
        scratch.factors.clear();
        scratch.factors.extend(scratch.pieces.iter().map(scaled));
        let (space, unknown) = (self.file.space, self.file.description.unknown);
        let says =
            |&(piece, scale): &(u32, f32)| scale != 0.0 && Some(piece) != space && piece != unknown;
        if !scratch.factors.iter().any(says) {
            return point_anywhere(&scratch.normal, row);
        }
        let table = &bytes[places.rows.clone()];
        match self.file.bits {
            Bits::Four => kernel::add_nibbles(row, table, &scratch.factors),
            Bits::Eight => kernel::add_bytes(row, bytemuck::cast_slice(table), &scratch.factors),
        }
        vector::normalize(row);
        if vector::dot(row, row) < 0.5 {
            row.fill(0.0);
            point_anywhere(&scratch.normal, row);
        }
    }
}

/// A direction by chance, which a text always has, and which is near to no other: texts of
/// which nothing is known are not alike.
fn point_anywhere(text: &str, row: &mut [f32]) {
    let mut seed = xxh3_64(text.as_bytes());
    for value in &mut *row {
        seed = seed.wrapping_add(chance::FACTOR);
        // From -1 to 1, in steps that an f32 has.
        *value = (chance::mix(seed) >> 40) as f32 / (1 << 23) as f32 - 1.0;
    }
    vector::normalize(row);
}

/// A section of numbers of four bytes.
fn numbers<'b>(bytes: &'b Bytes, section: &std::ops::Range<usize>) -> &'b [[u8; 4]] {
    bytes[section.clone()].as_chunks().0
}

/// Room to work in, kept from text to text.
#[derive(Default)]
struct Scratch {
    normal: String,
    steps: Vec<Step>,
    pieces: Vec<u32>,
    factors: Vec<(u32, f32)>,
}

impl std::fmt::Debug for StaticEmbedding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticEmbedding")
            .field("description", &self.file.description)
            .finish_non_exhaustive()
    }
}
