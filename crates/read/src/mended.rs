//! Rows that are read otherwise than they stand, by the way in which they are.

use std::fmt;

/// A way to read rows otherwise than they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mend {
    /// A row of totals at the end is no product.
    Totals,
    /// A row at the end says something of the export, and is no product.
    Footer,
    /// An id is read without the signs in it that nobody sees.
    Unseen,
    /// A row says that it is no product, beside others that say that they are.
    OtherRecord,
    /// A row has no category under one that has, as cells that were merged are written.
    NoCategory,
    /// Bytes that are zero stand in a line, which is read without them.
    Nul,
    /// An id is a number that a spreadsheet has shortened (`1.23E+12`).
    Shortened,
    /// An id is a whole number that a program took for a fraction (`7.0`), and is read as one.
    Fraction,
    /// An id is a date that a spreadsheet has made of it (`3-Jan`).
    Dated,
    /// A product has no title in the language of the others.
    OtherLanguage,
    /// The letters of a title were encoded twice by other programs (`PoÃªle`).
    TwiceEncoded,
    /// Letters of a title were lost before, and U+FFFD stands for them.
    LostLetters,
    /// A value says that there is none (`NULL`).
    NoValue,
    /// A letter is two letters of another encoding, which stand in a line of UTF-16.
    Strayed,
    /// A cell has an error of a spreadsheet (`#REF!`), and nothing else.
    ErrorCell,
    /// Of a key that stands twice in an object of JSON the last value is read.
    RepeatedKey,
    /// An array of JSON has objects like those that are read, and is left out.
    LeftArray,
    /// An element of XML is called as those that are read and stands elsewhere, or stands
    /// among them and is like them.
    LeftElement,
    /// A key stands behind a list of objects that is too long to wait for it.
    LateKey,
}

/// Rows that are read otherwise than they stand in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// The way.
    pub mend: Mend,
    /// How many rows there are.
    pub count: u64,
    /// Line of the first, counted from 1.
    pub line: u64,
    /// What the first one says there.
    pub value: String,
}

impl Mended {
    /// Counts one more of a row, or the first.
    pub(crate) fn count(counted: &mut Option<Self>, mend: Mend, line: u64, value: &str) {
        let known = counted.get_or_insert_with(|| Self {
            mend,
            count: 0,
            line,
            value: value.to_owned(),
        });
        known.count += 1;
    }
}

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, many, read) = match self.mend {
            Mend::Totals => ("row of totals", "rows of totals", "and skipped"),
            Mend::Footer => (
                "row about the export at its end",
                "rows about the export at its end",
                "and skipped",
            ),
            Mend::Unseen => (
                "id with signs that nobody sees",
                "ids with signs that nobody sees",
                "and read without them",
            ),
            Mend::OtherRecord => (
                "row that says it is no product",
                "rows that say they are no products",
                "and skipped",
            ),
            Mend::NoCategory => (
                "row without a category under one that has it",
                "rows without a category under one that has it",
                "and read without: fill the cells down if they were merged",
            ),
            Mend::Nul => (
                "line with NUL bytes",
                "lines with NUL bytes",
                "and read without them",
            ),
            Mend::Shortened => (
                "id that a spreadsheet has shortened",
                "ids that a spreadsheet has shortened",
                "and read as they stand: format the column as text, and export it again",
            ),
            Mend::Fraction => (
                "id that a program took for a fraction",
                "ids that a program took for fractions",
                "and read without `.0`",
            ),
            Mend::Dated => (
                "id that a spreadsheet has made a date",
                "ids that a spreadsheet has made dates",
                "and read as they stand: format the column as text, and export it again",
            ),
            Mend::OtherLanguage => (
                "title in another language than the others",
                "titles in another language than the others",
                "and read for want of one in theirs",
            ),
            Mend::TwiceEncoded => (
                "title whose letters look encoded twice",
                "titles whose letters look encoded twice",
                "and read as they stand: export them again, as UTF-8",
            ),
            Mend::LostLetters => (
                "title with letters that were lost before",
                "titles with letters that were lost before",
                "and read as they stand: export them again, as UTF-8",
            ),
            Mend::NoValue => (
                "value that says there is none",
                "values that say there is none",
                "and read as empty",
            ),
            Mend::Strayed => (
                "line of another encoding",
                "lines of another encoding",
                "and rejected",
            ),
            Mend::ErrorCell => (
                "cell with an error or a formula of a spreadsheet",
                "cells with errors or formulas of a spreadsheet",
                "and read as empty",
            ),
            Mend::RepeatedKey => (
                "object with a key that stands twice",
                "objects with a key that stands twice",
                "and read by its last value",
            ),
            Mend::LeftArray => (
                "array beside the one that is read",
                "arrays beside the one that is read",
                "and left out: as a file of its own it would be read",
            ),
            Mend::LeftElement => (
                "element beside those that are read",
                "elements beside those that are read",
                "and left out: in a file of their own they would be read",
            ),
            Mend::LateKey => (
                "key behind more than 16 MiB of objects",
                "keys behind more than 16 MiB of objects",
                "and not read for the first of them: it has to stand before them",
            ),
        };
        let what = if self.count == 1 { one } else { many };
        let (count, line, value) = (self.count, self.line, &self.value);
        write!(
            f,
            "{count} {what}, {read} (first in line {line}: `{value}`)"
        )
    }
}
