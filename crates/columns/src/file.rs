//! The file of columns.
//!
//! Magic (8 bytes), format (`u32`), length of the description (`u32`), XXH3 digest
//! (`u128`) of all bytes after it, the description as JSON, then at multiples of 64: a
//! bit for each row, set where there is a product (`u64`), and for each column its rows
//! (`u32`, of a sparse one), a code for each row or for each of those rows (`u8`, `u16` or
//! `u32`), further values as rows and codes (`u32`), where each value of the dictionary
//! ends (`u32`), and their text; little-endian. A dictionary is in the order of its values as
//! amounts, days or numbers, and texts; in older files in the order they came, and nothing relies on it. A
//! code is the place of a value in the dictionary counted from 1; 0 is no value.

use std::ops::Range;
use std::path::Path;

use assort_files::{Bytes, Described, Fault, Map, Sections, fill};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The newest format; a file of a higher one is refused.
const FORMAT: u32 = 1;

const FILE: Described = Described {
    magic: *b"ASSORT\x1aC",
    format: FORMAT,
    name: "catalog's columns",
    longest: 1 << 24,
};

/// What a file has, as it says in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    /// Rows are below this number.
    pub(crate) rows: u32,
    /// Whether there are attributes without a column.
    pub(crate) more: bool,
    pub(crate) columns: Vec<ColumnDescription>,
}

/// What a column has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ColumnDescription {
    pub(crate) what: What,
    /// Rows that are named, if not all have a code.
    pub(crate) sparse: Option<u32>,
    /// Bytes of a code.
    pub(crate) width: u8,
    /// Further values of rows that have several.
    pub(crate) further: u32,
    /// Values of the dictionary.
    pub(crate) values: u32,
    /// Bytes of the dictionary's text.
    pub(crate) text: u32,
    /// Whether there is no dictionary, since its values are long and many: 1 is any.
    pub(crate) opaque: bool,
}

/// What the values of a column are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// Values of the attribute of that name.
    Attribute(String),
    /// Ids of categories that people gave.
    Label,
    /// Ids of categories that were decided on.
    Decision,
}

/// Where the parts of a column are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) rows: Range<usize>,
    pub(crate) codes: Range<usize>,
    pub(crate) further_rows: Range<usize>,
    pub(crate) further_codes: Range<usize>,
    pub(crate) ends: Range<usize>,
    pub(crate) text: Range<usize>,
}

impl Description {
    /// Where the bits of the rows are, and the parts of each column; none if the file
    /// would be larger than memory can be.
    fn places(&self, described: usize) -> Option<(Range<usize>, Vec<Places>)> {
        let mut sections = Sections::after(described)?;
        let bits = sections.next(self.rows.div_ceil(64) as usize, 8)?;
        let columns = self.columns.iter().map(|column| {
            let further = column.further as usize;
            let codes = column.sparse.unwrap_or(self.rows) as usize;
            Some(Places {
                rows: sections.next(column.sparse.unwrap_or(0) as usize, 4)?,
                codes: sections.next(codes, usize::from(column.width))?,
                further_rows: sections.next(further, 4)?,
                further_codes: sections.next(further, 4)?,
                ends: sections.next(column.values as usize, 4)?,
                text: sections.next(column.text as usize, 1)?,
            })
        });
        Some((bits, columns.collect::<Option<_>>()?))
    }

    fn is_sound(&self) -> bool {
        let sound = |column: &ColumnDescription| matches!(column.width, 1 | 2 | 4);
        self.columns.iter().all(sound)
    }
}

/// The numbers and texts of a column.
pub(crate) struct Numbers {
    /// Ascending, with a code each; a row comes once.
    pub(crate) rows: Vec<u32>,
    pub(crate) codes: Vec<u32>,
    pub(crate) further: Vec<(u32, u32)>,
    pub(crate) ends: Vec<u32>,
    pub(crate) text: Vec<u8>,
}

/// Lays out columns in memory, as in their file.
pub(crate) fn lay_out(
    description: &Description,
    bits: &[u64],
    columns: &[Numbers],
) -> Result<Vec<u8>> {
    let too_large = || Error::TooLarge {
        rows: description.rows,
    };
    let described = serde_json::to_vec(description).map_err(|_| too_large())?;
    let (alive, places) = description
        .places(described.len())
        .filter(|_| described.len() <= FILE.longest)
        .ok_or_else(too_large)?;
    let end = places.last().map_or(alive.end, |last| last.text.end);
    let mut bytes = FILE.begin(&described, end);
    fill(&mut bytes[alive], bits.iter().copied(), u64::to_le_bytes);
    for ((column, places), numbers) in description.columns.iter().zip(places).zip(columns) {
        let codes = &mut bytes[places.codes];
        let at = |order: usize, row: u32| match column.sparse {
            Some(_) => order,
            None => row as usize,
        };
        for (order, (&row, code)) in numbers.rows.iter().zip(&numbers.codes).enumerate() {
            let width = usize::from(column.width);
            let start = at(order, row) * width;
            codes[start..start + width].copy_from_slice(&code.to_le_bytes()[..width]);
        }
        let rows = numbers.rows.iter().copied();
        fill(&mut bytes[places.rows], rows, u32::to_le_bytes);
        let further = || numbers.further.iter();
        fill(
            &mut bytes[places.further_rows],
            further().map(|pair| pair.0),
            u32::to_le_bytes,
        );
        fill(
            &mut bytes[places.further_codes],
            further().map(|pair| pair.1),
            u32::to_le_bytes,
        );
        fill(
            &mut bytes[places.ends],
            numbers.ends.iter().copied(),
            u32::to_le_bytes,
        );
        bytes[places.text].copy_from_slice(&numbers.text);
    }
    Described::seal(&mut bytes);
    Ok(bytes)
}

/// A file that was read and verified.
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    pub(crate) description: Description,
    pub(crate) bits: Range<usize>,
    pub(crate) places: Vec<Places>,
    pub(crate) digest: u128,
}

/// Opens and verifies a file.
pub(crate) fn open(path: &Path) -> Result<Read> {
    read(Bytes::Mapped(Map::open(path)?), path)
}

/// Verifies columns; `path` is named if they are none.
pub(crate) fn read(bytes: Bytes, path: &Path) -> Result<Read> {
    let strange = |what: &str| Error::NotColumns {
        path: path.to_owned(),
        what: what.to_owned(),
    };
    let (text, digest) = FILE.verify(&bytes).map_err(|fault| match fault {
        Fault::Strange(what) => strange(&what),
        Fault::Newer(found) => Error::NewerFormat {
            path: path.to_owned(),
            found,
            supported: FORMAT,
        },
    })?;
    let description: Description =
        serde_json::from_slice(text).map_err(|_| strange("its description cannot be read"))?;
    let (bits, places) = description
        .places(text.len())
        .filter(|_| description.is_sound())
        .ok_or_else(|| strange("its description makes no sense"))?;
    let end = places.last().map_or(bits.end, |last| last.text.end);
    if bytes.len() != end {
        return Err(strange("it is not as long as it says"));
    }
    Ok(Read {
        bits,
        places,
        digest,
        description,
        bytes,
    })
}
