//! The file of a static embedding, described in `docs/static-format.md`.

use std::ops::Range;
use std::path::Path;

use assort_files::{Bytes, Described, Fault, Map, Sections, fill, numbers};
use serde::{Deserialize, Serialize};

use crate::card::{Card, Piece};
use crate::normalize::{RULES, SPACE};
use crate::table::{Bits, Table, is_dimensions, is_scale};
use crate::trie::Trie;
use crate::{Error, Result, trie};

/// The newest format; a file of a higher one is refused.
const FORMAT: u32 = 1;

const FILE: Described = Described {
    magic: *b"ASSORT\x1aE",
    format: FORMAT,
    name: "static embedding",
    longest: 1 << 20,
};

/// What a static embedding is, as its file says in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    /// Version of the rules by which texts are normalised.
    pub(crate) rules: u32,
    /// Number of pieces.
    pub(crate) pieces: usize,
    pub(crate) dimensions: usize,
    /// Bits of a number of a row.
    pub(crate) bits: u32,
    /// The piece of what no piece covers.
    pub(crate) unknown: u32,
    /// Units of the trie.
    pub(crate) units: usize,
    #[serde(flatten)]
    pub(crate) card: Card,
}

/// Where the parts of a file are.
pub(crate) struct Places {
    pub(crate) units: Range<usize>,
    pub(crate) scores: Range<usize>,
    pub(crate) known: Range<usize>,
    pub(crate) scales: Range<usize>,
    pub(crate) rows: Range<usize>,
}

impl Places {
    /// None if the file would be larger than memory can be.
    fn of(description: &Description, bits: Bits, described: usize) -> Option<Self> {
        let pieces = description.pieces;
        let mut sections = Sections::after(described)?;
        Some(Self {
            units: sections.next(description.units, 4)?,
            scores: sections.next(pieces, 4)?,
            known: sections.next(pieces.div_ceil(8), 1)?,
            scales: sections.next(pieces, 4)?,
            rows: sections.next(pieces, bits.row(description.dimensions))?,
        })
    }
}

/// Lays out a static embedding in memory, as in its file.
pub(crate) fn lay_out(
    card: &Card,
    pieces: &[Piece<'_>],
    unknown: u32,
    table: &Table,
) -> Result<Bytes> {
    let units = units(pieces)?;
    let description = Description {
        rules: RULES,
        pieces: pieces.len(),
        dimensions: table.dimensions,
        bits: table.bits.count(),
        unknown,
        units: units.len(),
        card: card.clone(),
    };
    let described = serde_json::to_vec(&description)
        .map_err(|e| Error::Fault(format!("the embedding cannot be described: {e}")))?;
    if described.len() > FILE.longest {
        return Err(Error::Argument("the provenance is too long".to_owned()));
    }
    let places = Places::of(&description, table.bits, described.len())
        .ok_or_else(|| Error::Argument("the table is too large for this machine".to_owned()))?;
    let mut bytes = FILE.begin(&described, places.rows.end);
    fill(&mut bytes[places.units], units, u32::to_le_bytes);
    let scores = pieces.iter().map(|piece| piece.score);
    fill(&mut bytes[places.scores], scores, f32::to_le_bytes);
    let known = &mut bytes[places.known];
    for (number, _) in pieces
        .iter()
        .enumerate()
        .filter(|(_, piece)| piece.is_known)
    {
        known[number / 8] |= 1 << (number % 8);
    }
    let scales = table.scales.iter().copied();
    fill(&mut bytes[places.scales], scales, f32::to_le_bytes);
    table.pack(&mut bytes[places.rows]);
    Described::seal(&mut bytes);
    Ok(Bytes::Owned(bytes))
}

/// The trie of the pieces that a text may have.
fn units(pieces: &[Piece<'_>]) -> Result<Vec<u32>> {
    let numbered = pieces.iter().zip(0..);
    let found = numbered.filter(|(piece, _)| !piece.text.is_empty());
    let mut sorted: Vec<(&[u8], u32)> = found
        .map(|(piece, number)| (piece.text.as_bytes(), number))
        .collect();
    sorted.sort_unstable();
    let text = |bytes| String::from_utf8_lossy(bytes);
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Error::Argument(format!(
            "pieces {} and {} are both {:?}",
            twice[0].1,
            twice[1].1,
            text(twice[0].0)
        )));
    }
    if let Some((bytes, number)) = sorted.iter().find(|(bytes, _)| bytes.contains(&0)) {
        return Err(Error::Argument(format!(
            "piece {number} is {:?}, with a character that no normalised text has",
            text(bytes)
        )));
    }
    let units = trie::build(&sorted);
    units.ok_or_else(|| Error::Argument("the pieces are too many or too long".to_owned()))
}

/// A file that was read and verified.
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    pub(crate) description: Description,
    pub(crate) bits: Bits,
    pub(crate) places: Places,
    /// Score of the least likely piece.
    pub(crate) least: f32,
    /// The piece that is a space and nothing else, if there is one.
    pub(crate) space: Option<u32>,
    pub(crate) sum: u128,
}

/// Opens and verifies a static embedding.
pub(crate) fn open(path: &Path) -> Result<Read> {
    read(Bytes::Mapped(Map::open(path)?), path)
}

/// Verifies a static embedding; `path` is named if it is none.
pub(crate) fn read(bytes: Bytes, path: &Path) -> Result<Read> {
    let strange = |what: String| Error::NotStatic {
        path: path.to_owned(),
        what,
    };
    let read = match bytes {
        // The program's own bytes are as they were compiled; the digest of all would take
        // longer than all else.
        Bytes::Static(_) => FILE.read(&bytes),
        Bytes::Mapped(_) | Bytes::Owned(_) | Bytes::Part(..) => FILE.verify(&bytes),
    };
    let (text, sum) = read.map_err(|fault| match fault {
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
    if description.rules != RULES {
        return Err(strange(format!(
            "it reads texts by the rules {}, this program by {RULES}",
            description.rules
        )));
    }
    let unfit = || strange("its parts do not fit its size".to_owned());
    let bits = Bits::of(description.bits).ok_or_else(unfit)?;
    let shaped = is_dimensions(description.dimensions)
        && (description.unknown as usize) < description.pieces;
    let places = shaped.then(|| Places::of(&description, bits, described));
    let places = places
        .flatten()
        .filter(|places| places.rows.end == bytes.len())
        .ok_or_else(unfit)?;
    if !numbers(&bytes[places.scales.clone()], f32::from_le_bytes).all(is_scale) {
        return Err(strange("a row has no usable scale".to_owned()));
    }
    let scores = numbers(&bytes[places.scores.clone()], f32::from_le_bytes);
    if !scores.clone().all(f32::is_finite) {
        return Err(strange("a piece has no usable score".to_owned()));
    }
    let least = scores.fold(f32::INFINITY, f32::min);
    let mut space = None;
    let units = bytes[places.units.clone()].as_chunks().0;
    let text = SPACE.to_string();
    Trie(units).prefixes(text.as_bytes(), |_, piece| space = Some(piece));
    Ok(Read {
        description,
        bits,
        places,
        least,
        space,
        sum,
        bytes,
    })
}
