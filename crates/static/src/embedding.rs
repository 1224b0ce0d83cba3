//! A static embedding: pieces of texts, and a row of numbers for each.

use std::path::Path;
use std::sync::Arc;

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

/// What the vector of further text counts beside that of a title. On gpc-en's products,
/// seven tenths learned and three asked, neighbours file .760 by titles, .778 with further
/// text at a half, .783 at one, .738 if all pieces are summed as one text.
const FURTHER: f32 = 0.5;

/// A row of numbers for each piece of a vocabulary. The vector of a text is the
/// sum of the rows of its pieces, scaled to unit length. A clone shares its bytes.
#[derive(Clone)]
pub struct StaticEmbedding {
    file: Arc<Read>,
}

impl StaticEmbedding {
    /// Opens a file and verifies it.
    ///
    /// # Errors
    /// [`Error::NotStatic`] if it is no static embedding, or has changed or been
    /// cut short, [`Error::NewerFormat`], [`Error::Io`].
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self::on(file::open(path)?))
    }

    /// Reads an embedding from bytes as its file has them. Errors call them `path`.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn read(bytes: Bytes, path: &Path) -> Result<Self> {
        Ok(Self::on(file::read(bytes, path)?))
    }

    fn on(file: Read) -> Self {
        Self {
            file: Arc::new(file),
        }
    }

    /// Reads a file that was compiled into the program, where it stays: nothing of it is
    /// copied, and a part of it is in memory when it is first used. Its digest is taken
    /// as the file says it.
    ///
    /// # Errors
    /// [`Error::NotStatic`] and [`Error::NewerFormat`], as [`Self::open`].
    pub fn from_static(bytes: &'static [u8]) -> Result<Self> {
        Self::read(
            Bytes::Static(bytes),
            Path::new("the static embedding inside the program"),
        )
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
        Self::read(bytes, Path::new("a new static embedding"))
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

    /// All that its file has.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.file.bytes
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
        self.tokenize_in(text, &mut scratch);
        scratch.pieces
    }

    /// As [`Self::tokenize`], in memory that is kept from text to text.
    pub fn tokenize_in<'s>(&self, text: &str, scratch: &'s mut Scratch) -> &'s [u32] {
        let unigram = self.unigram();
        normalize(text, &mut scratch.normal);
        unigram.pieces(&scratch.normal, &mut scratch.steps, &mut scratch.pieces);
        &scratch.pieces
    }

    /// What cuts texts into pieces.
    pub(crate) fn unigram(&self) -> Unigram<'_> {
        let Read {
            bytes,
            places,
            description,
            least,
            ..
        } = &*self.file;
        Unigram {
            trie: Trie(numbers(bytes, &places.units)),
            scores: numbers(bytes, &places.scores),
            unknown: description.unknown,
            least: *least,
        }
    }

    /// Embeds `texts` on all threads of the current rayon pool: unit rows of
    /// [`Self::dimensions`] coordinates, in order. A text of which no piece says
    /// anything points in a direction by chance, which is near to that of no other text.
    #[must_use]
    pub fn embed<T: AsRef<str>>(&self, texts: &[T]) -> Vec<f32> {
        let fields: Vec<_> = texts.iter().map(|text| [text.as_ref(), ""]).collect();
        self.embed_fields(&fields)
    }

    /// [`Self::embed`] for texts in two fields, a title and further text, each of which may be
    /// empty: the vector of the further text counts half beside that of the title, however
    /// long it is.
    #[must_use]
    pub fn embed_fields(&self, texts: &[[&str; 2]]) -> Vec<f32> {
        let dimensions = self.dimensions();
        let mut rows = vec![0.0; texts.len() * dimensions];
        rows.par_chunks_mut(BATCH * dimensions)
            .zip(texts.par_chunks(BATCH))
            .for_each_init(Scratch::default, |scratch, (rows, texts)| {
                self.embed_into(texts, rows, scratch);
            });
        rows
    }

    /// [`Self::embed_fields`] on the caller's thread: what is quicker for a few texts, each of
    /// which takes microseconds.
    #[must_use]
    pub fn embed_here(&self, texts: &[[&str; 2]]) -> Vec<f32> {
        let mut rows = vec![0.0; texts.len() * self.dimensions()];
        self.embed_into(texts, &mut rows, &mut Scratch::default());
        rows
    }

    /// Writes the vectors of `texts` to `rows`, which are zeros.
    fn embed_into(&self, texts: &[[&str; 2]], rows: &mut [f32], scratch: &mut Scratch) {
        for (row, [title, further]) in rows.chunks_exact_mut(self.dimensions()).zip(texts) {
            self.embed_one(title, row, scratch);
            if !further.is_empty() {
                let mut second = std::mem::take(&mut scratch.further);
                second.clear();
                second.resize(row.len(), 0.0);
                self.embed_one(further, &mut second, scratch);
                vector::add_scaled(row, &second, FURTHER);
                vector::normalize(row);
                scratch.further = second;
            }
            if vector::dot(row, row) < 0.5 {
                point_anywhere(&scratch.normal, row);
            }
        }
    }

    /// Whether the row of a piece was learned.
    #[must_use]
    pub fn is_known(&self, piece: u32) -> bool {
        let known = &self.file.bytes[self.file.places.known.clone()];
        let byte = known.get(piece as usize / 8).copied().unwrap_or_default();
        byte >> (piece % 8) & 1 == 1
    }

    /// Writes the vector of a text to `row`, which is zeros and stays so if no piece says
    /// anything.
    fn embed_one(&self, text: &str, row: &mut [f32], scratch: &mut Scratch) {
        self.tokenize_in(text, scratch);
        if scratch.pieces.iter().any(|&piece| self.says(piece)) {
            self.add_rows(&scratch.pieces, row);
            vector::normalize(row);
        }
    }

    /// Whether a piece has a row, and is more than a space or what no piece covers.
    fn says(&self, piece: u32) -> bool {
        let scales = numbers(&self.file.bytes, &self.file.places.scales);
        let is_text = Some(piece) != self.file.space && piece != self.file.description.unknown;
        is_text && f32::from_le_bytes(scales[piece as usize]) != 0.0
    }

    /// Adds the rows of pieces to `sum`, of [`Self::dimensions`] coordinates.
    ///
    /// # Panics
    /// If there is no such piece.
    pub fn add_rows(&self, pieces: &[u32], sum: &mut [f32]) {
        let Read { bytes, places, .. } = &*self.file;
        let scales = numbers(bytes, &places.scales);
        let table = &bytes[places.rows.clone()];
        let mut factors = [(0, 0.0); BATCH];
        for pieces in pieces.chunks(BATCH) {
            let factors = &mut factors[..pieces.len()];
            for (factor, &piece) in factors.iter_mut().zip(pieces) {
                *factor = (piece, f32::from_le_bytes(scales[piece as usize]));
            }
            match self.file.bits {
                Bits::Four => kernel::add_nibbles(sum, table, factors),
                Bits::Eight => kernel::add_bytes(sum, bytemuck::cast_slice(table), factors),
            }
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

/// Equal ones give equal vectors.
impl PartialEq for StaticEmbedding {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

/// Memory to cut texts in, kept from text to text.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    pub(crate) normal: String,
    further: Vec<f32>,
    pub(crate) steps: Vec<Step>,
    pieces: Vec<u32>,
}

impl std::fmt::Debug for StaticEmbedding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticEmbedding")
            .field("description", &self.file.description)
            .finish_non_exhaustive()
    }
}
