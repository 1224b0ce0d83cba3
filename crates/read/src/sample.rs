//! The first rows of a file, by which the meanings of its columns are checked.

use std::collections::HashSet;

use crate::missing::{is_mark, is_word};

/// How many rows are looked at.
pub(crate) const ROWS: usize = 1000;

/// Values of the first rows, column by column. An element of a cell is a way to read it:
/// the first is the whole, others are the elements of a list.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    rows: Vec<Vec<Vec<String>>>,
    /// The column of the keys by which rows stand, where they do.
    pub(crate) keys: Option<usize>,
    /// Whether the file has categories of its own, and numbers are theirs.
    pub(crate) own_categories: bool,
}

impl Sample {
    /// Adds a row with a cell for each column; those at the end may be missing.
    pub(crate) fn add(&mut self, cells: Vec<Vec<String>>) {
        self.rows.push(cells);
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The value of a column in a row, trimmed; empty if there is none.
    pub(crate) fn value(&self, row: usize, column: usize) -> &str {
        self.readings(row, column)
            .first()
            .map_or("", |cell| cell.trim())
    }

    /// All ways to read the value of a column in a row.
    pub(crate) fn readings(&self, row: usize, column: usize) -> &[String] {
        let cells = self.rows.get(row).map_or(&[][..], Vec::as_slice);
        cells.get(column).map_or(&[], Vec::as_slice)
    }

    /// The values of a column that are not empty.
    pub(crate) fn values(&self, column: usize) -> impl Iterator<Item = &str> {
        (0..self.len())
            .map(move |row| self.value(row, column))
            .filter(|value| !value.is_empty())
    }

    /// Whether the column has a value in nearly all of the rows that `counts` picks, and
    /// never the same twice.
    pub(crate) fn is_key(&self, column: usize, counts: impl Fn(usize) -> bool) -> bool {
        let mut seen = HashSet::new();
        let mut rows = 0;
        for row in (0..self.len()).filter(|&row| counts(row)) {
            rows += 1;
            let value = self.value(row, column);
            let is_there = !value.is_empty() && !is_mark(value) && !is_word(value);
            if is_there && !seen.insert(value) {
                return false;
            }
        }
        rows > 0 && seen.len() * 10 >= rows * 9
    }

    /// Whether values stand in a column as they do where cells were merged: each once, in the
    /// first of several rows, and in the first row of all.
    pub(crate) fn is_of_merged(&self, column: usize) -> bool {
        let filled = self.values(column).count();
        let distinct: HashSet<&str> = self.values(column).collect();
        let blank = self.len() - filled;
        let begins = !self.value(0, column).is_empty();
        begins && distinct.len() == filled && filled > 1 && blank * 3 >= self.len()
    }

    /// The part of the values of a column that `fits` takes; none without values.
    pub(crate) fn share(&self, column: usize, fits: impl Fn(&[String]) -> bool) -> Option<f64> {
        let rows = (0..self.len()).filter(|&row| !self.value(row, column).is_empty());
        let (mut all, mut fitting) = (0u32, 0u32);
        for row in rows {
            all += 1;
            fitting += u32::from(fits(self.readings(row, column)));
        }
        (all > 0).then(|| f64::from(fitting) / f64::from(all))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A sample of rows whose cells are separated by `|`.
    pub(crate) fn sample(rows: &[&str]) -> Sample {
        let mut sample = Sample::default();
        for row in rows {
            sample.add(row.split('|').map(|cell| vec![cell.to_owned()]).collect());
        }
        sample
    }

    #[test]
    fn a_key_is_there_and_never_twice() {
        let found = sample(&["1|a|x", "2|a|", "3|b"]);
        let keys: Vec<bool> = (0..4)
            .map(|column| found.is_key(column, |_| true))
            .collect();
        assert_eq!(keys, [true, false, false, false]);
        assert!(found.is_key(1, |row| row != 1));
        assert_eq!(found.share(1, |cell| cell[0] == "a"), Some(2.0 / 3.0));
        assert_eq!(found.share(3, |_| true), None);
    }
}
