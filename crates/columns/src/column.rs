//! One column: which row has which value.

use std::sync::{Arc, Mutex, PoisonError};

use assort_core::{AttributeKind, Value};
use assort_files::{Bytes, numbers};
use assort_index::Bitmap;

use crate::file::{ColumnDescription, Places, What};

/// Values of an attribute by row, in the file they are mapped from.
pub(crate) struct Column {
    bytes: Arc<Bytes>,
    pub(crate) description: ColumnDescription,
    places: Places,
    /// The values as a kind reads them, once they were asked for.
    read: Mutex<Option<(AttributeKind, Arc<[Value]>)>>,
}

/// Whether each code is one that is looked for; that of no value is not.
pub(crate) type Codes = Vec<bool>;

impl Column {
    pub(crate) fn new(bytes: Arc<Bytes>, description: ColumnDescription, places: Places) -> Self {
        Self {
            bytes,
            description,
            places,
            read: Mutex::new(None),
        }
    }

    /// The name of the attribute, if it is one.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.description.what {
            What::Attribute(name) => Some(name),
            What::Label | What::Decision => None,
        }
    }

    /// Number of values of the dictionary.
    pub(crate) fn values(&self) -> usize {
        self.description.values as usize
    }

    /// The value of that place of the dictionary, counted from 0; empty for one that was
    /// damaged before it was sealed.
    pub(crate) fn value(&self, at: usize) -> &str {
        let ends = self.bytes[self.places.ends.clone()].as_chunks::<4>().0;
        let end = |at: usize| {
            ends.get(at)
                .map_or(0, |end| u32::from_le_bytes(*end) as usize)
        };
        let start = at.checked_sub(1).map_or(0, end);
        let text = self.bytes[self.places.text.clone()].get(start..end(at));
        std::str::from_utf8(text.unwrap_or_default()).unwrap_or_default()
    }

    /// All values as a kind reads them, in the order of the dictionary.
    pub(crate) fn read_as(&self, kind: AttributeKind) -> Arc<[Value]> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, values)) = &*read
            && *known == kind
        {
            return Arc::clone(values);
        }
        let values = (0..self.values()).map(|at| kind.read(self.value(at)));
        let values: Arc<[Value]> = values.collect();
        *read = Some((kind, Arc::clone(&values)));
        values
    }

    /// Codes of the values that pass.
    pub(crate) fn codes(&self, passes: impl Fn(usize, &str) -> bool) -> Codes {
        let values = (0..self.values()).map(|at| passes(at, self.value(at)));
        std::iter::once(false).chain(values).collect()
    }

    /// All codes but that of no value.
    pub(crate) fn any_code(&self) -> Codes {
        let values = if self.description.opaque {
            1
        } else {
            self.values()
        };
        std::iter::once(false)
            .chain(std::iter::repeat_n(true, values))
            .collect()
    }

    /// Rows with one of these codes, among those of `within`; others may be there, too,
    /// where all of a word of `within` are not.
    pub(crate) fn rows_with(&self, codes: &Codes, within: &Bitmap) -> Bitmap {
        let bytes = &self.bytes[self.places.codes.clone()];
        let mut rows = match (self.description.sparse, self.description.width) {
            (None, 1) => {
                let mut table = [false; 256];
                table
                    .iter_mut()
                    .zip(codes)
                    .for_each(|(to, from)| *to = *from);
                dense(bytes, |[code]| table[usize::from(code)], within)
            }
            (None, 2) => {
                let mut table = vec![false; 1 << 16];
                table
                    .iter_mut()
                    .zip(codes)
                    .for_each(|(to, from)| *to = *from);
                let has = |code| table.get(usize::from(u16::from_le_bytes(code)));
                dense(bytes, |code| has(code) == Some(&true), within)
            }
            (None, _) => {
                let has = |code| codes.get(u32::from_le_bytes(code) as usize);
                dense(bytes, |code| has(code) == Some(&true), within)
            }
            (Some(_), _) => {
                let has = |code: u32| codes.get(code as usize) == Some(&true);
                let pairs = self.sparse_pairs();
                pairs
                    .filter(|(_, code)| has(*code))
                    .map(|(row, _)| row)
                    .collect()
            }
        };
        for (row, code) in self.further() {
            if codes.get(code as usize) == Some(&true) {
                rows.insert(row);
            }
        }
        rows
    }

    /// How many of `rows` have each value, in the order of the dictionary; a row counts once
    /// for each of its values.
    pub(crate) fn count(&self, rows: &Bitmap) -> Vec<u64> {
        let mut counts = vec![0; self.values() + 1];
        let mut add = |code: u32| {
            if let Some(count) = counts.get_mut(code as usize) {
                *count += 1;
            }
        };
        match self.description.sparse {
            Some(_) => {
                let pairs = self.sparse_pairs().filter(|(row, _)| rows.contains(*row));
                pairs.for_each(|(_, code)| add(code));
            }
            None => rows.iter().for_each(|row| add(self.dense_code(row))),
        }
        for (row, code) in self.further() {
            if rows.contains(row) {
                add(code);
            }
        }
        counts.remove(0);
        counts
    }

    fn dense_code(&self, row: u32) -> u32 {
        let width = usize::from(self.description.width);
        let start = row as usize * width;
        let bytes = &self.bytes[self.places.codes.clone()];
        code_of(bytes.get(start..start + width).unwrap_or_default())
    }

    fn sparse_pairs(&self) -> impl Iterator<Item = (u32, u32)> {
        let width = usize::from(self.description.width);
        let codes = self.bytes[self.places.codes.clone()].chunks_exact(width);
        four(&self.bytes[self.places.rows.clone()]).zip(codes.map(code_of))
    }

    fn further(&self) -> impl Iterator<Item = (u32, u32)> {
        let rows = four(&self.bytes[self.places.further_rows.clone()]);
        rows.zip(four(&self.bytes[self.places.further_codes.clone()]))
    }
}

/// A code of any width, little-endian.
fn code_of(bytes: &[u8]) -> u32 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |code, byte| code << 8 | u32::from(*byte))
}

fn four(bytes: &[u8]) -> impl Iterator<Item = u32> + Clone {
    numbers(bytes, u32::from_le_bytes)
}

/// Rows whose code is one of those, sixty-four at a time.
fn dense<const N: usize>(bytes: &[u8], has: impl Fn([u8; N]) -> bool, within: &Bitmap) -> Bitmap {
    let blocks = bytes.as_chunks::<N>().0.chunks(64);
    let words = within.words().iter().zip(blocks).map(|(wanted, block)| {
        if *wanted == 0 {
            return 0;
        }
        Bitmap::word(block.iter().map(|code| has(*code)))
    });
    Bitmap::from_words(words.collect())
}
