//! One column: which row has which value.

use std::sync::{Arc, Mutex, PoisonError};

use assort_core::{AttributeKind, FieldTest, Value};
use assort_files::{Bytes, numbers};
use assort_index::Bitmap;
use rayon::prelude::*;

use crate::file::{ColumnDescription, Places, What};

/// Values of an attribute by row, in the file they are mapped from.
pub(crate) struct Column {
    bytes: Arc<Bytes>,
    pub(crate) description: ColumnDescription,
    places: Places,
    /// The values as a kind reads them, once they were asked for.
    read: Mutex<Option<(AttributeKind, Arc<ReadValues>)>>,
}

/// The values of a dictionary as a kind reads them.
pub(crate) struct ReadValues {
    /// In the order of the dictionary.
    values: Vec<Value>,
    /// Those that are more than texts, by size, with their places.
    by_size: Vec<(f64, u32)>,
}

impl ReadValues {
    fn of(column: &Column, kind: AttributeKind) -> Self {
        let values = (0..column.values()).map(|at| kind.read(column.value(at)));
        let values: Vec<Value> = values.collect();
        let numbers = (0..).zip(&values);
        let numbers = numbers.filter_map(|(at, value)| Some((value.as_number()?, at)));
        let mut by_size: Vec<(f64, u32)> = numbers.collect();
        by_size.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
        Self { values, by_size }
    }

    /// Places of the values from one size to another.
    fn between(&self, (least, greatest): (f64, f64)) -> impl Iterator<Item = usize> {
        let begin = self.by_size.partition_point(|(size, _)| *size < least);
        let end = self.by_size.partition_point(|(size, _)| *size <= greatest);
        let between = self.by_size.get(begin..end).unwrap_or_default();
        between.iter().map(|(_, at)| *at as usize)
    }
}

/// The codes that are looked for.
pub(crate) type Codes = Bitmap;

/// Words of 64 rows that a thread looks at together, at least.
const WORDS: usize = 1024;

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
    fn read_as(&self, kind: AttributeKind) -> Arc<ReadValues> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, values)) = &*read
            && *known == kind
        {
            return Arc::clone(values);
        }
        let values = Arc::new(ReadValues::of(self, kind));
        *read = Some((kind, Arc::clone(&values)));
        values
    }

    /// Codes of the values that pass a test. Of values that are compared by size only those
    /// are looked at that may pass.
    pub(crate) fn passing(&self, test: &FieldTest) -> Codes {
        let read = self.read_as(test.kind());
        let Some(bounds) = test.bounds() else {
            return self.codes(|at, value| test.passes(value, read.values[at]));
        };
        // What is compared by size is not compared as a text.
        let passes = |at: &usize| test.passes("", read.values[*at]);
        let passing = read.between(bounds).filter(passes);
        passing.map(|at| at as u32 + 1).collect()
    }

    /// Codes of the values that pass.
    pub(crate) fn codes(&self, passes: impl Fn(usize, &str) -> bool) -> Codes {
        let values = 0..self.values();
        let values = values.filter(|&at| passes(at, self.value(at)));
        values.map(|at| at as u32 + 1).collect()
    }

    /// All codes but that of no value.
    pub(crate) fn any_code(&self) -> Codes {
        let values = if self.description.opaque {
            1
        } else {
            self.values()
        };
        (1..=values as u32).collect()
    }

    /// Rows with one of these codes, among those of `within`; others may be there, too,
    /// where all of a word of `within` are not.
    pub(crate) fn rows_with(&self, codes: &Codes, within: &Bitmap) -> Bitmap {
        let bytes = &self.bytes[self.places.codes.clone()];
        let mut rows = match (self.description.sparse, self.description.width) {
            (None, 1) => dense(bytes, codes, |[code]| u32::from(code), within),
            (None, 2) => dense(bytes, codes, |code| u16::from_le_bytes(code).into(), within),
            (None, _) => dense(bytes, codes, u32::from_le_bytes, within),
            (Some(_), _) => {
                let pairs = self.sparse_pairs();
                pairs
                    .filter(|(_, code)| codes.contains(*code))
                    .map(|(row, _)| row)
                    .collect()
            }
        };
        for (row, code) in self.further() {
            if codes.contains(code) {
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
fn dense<const N: usize>(
    bytes: &[u8],
    codes: &Codes,
    read: impl Fn([u8; N]) -> u32 + Sync,
    within: &Bitmap,
) -> Bitmap {
    if let Some((first, last)) = run(codes) {
        let span = last - first;
        return rows_of(bytes, |code| read(code).wrapping_sub(first) <= span, within);
    }
    let end = codes.iter().last().map_or(0, |last| last as usize + 1);
    let table: Vec<bool> = (0..end as u32).map(|code| codes.contains(code)).collect();
    let has = |code| table.get(read(code) as usize) == Some(&true);
    rows_of(bytes, has, within)
}

/// The first and the last code, if all between them are there, too: those of values from
/// one size to another, by which dictionaries are sorted.
fn run(codes: &Codes) -> Option<(u32, u32)> {
    let (first, last) = (codes.iter().next()?, codes.iter().last()?);
    let is_whole = (last - first) as usize + 1 == codes.len();
    is_whole.then_some((first, last))
}

/// Rows whose code passes.
fn rows_of<const N: usize>(
    bytes: &[u8],
    has: impl Fn([u8; N]) -> bool + Sync,
    within: &Bitmap,
) -> Bitmap {
    let blocks = bytes.as_chunks::<N>().0.par_chunks(64);
    let words = within.words().par_iter().zip(blocks);
    let words = words.map(|(wanted, block)| {
        if *wanted == 0 {
            return 0;
        }
        // Of a length that is known many are compared at a time.
        match <&[[u8; N]; 64]>::try_from(block) {
            Ok(block) => Bitmap::word(block.iter().map(|code| has(*code))),
            Err(_) => Bitmap::word(block.iter().map(|code| has(*code))),
        }
    });
    Bitmap::from_words(words.with_min_len(WORDS).collect())
}
