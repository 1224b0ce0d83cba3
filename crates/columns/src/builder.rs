//! Making columns from products.

use std::collections::HashMap;

use assort_core::KindGuess;
use assort_files::Described;

use crate::Result;
use crate::file::{ColumnDescription, Description, Numbers, What, lay_out};

/// Attributes that have a column at most; those beyond are looked up in the products.
const MOST: usize = 4096;

/// Bytes of a dictionary's text for each row, and
const TEXT_PER_ROW: usize = 24;

/// bytes that every dictionary may have. A column whose dictionary would be larger has
/// none, for it would cost what the products themselves do.
const TEXT: usize = 1 << 20;

/// Gathers the attributes of products, and the categories they are filed under, by columns.
#[derive(Default)]
pub struct Builder {
    bits: Vec<u64>,
    rows: u32,
    most_text: usize,
    more: bool,
    by_name: HashMap<String, usize>,
    columns: Vec<Column>,
    label: Column,
    decision: Column,
}

/// What came of one column.
#[derive(Default)]
struct Column {
    rows: Vec<u32>,
    codes: Vec<u32>,
    further: Vec<(u32, u32)>,
    by_value: HashMap<Box<str>, u32>,
    ends: Vec<u32>,
    text: Vec<u8>,
    opaque: bool,
}

impl Builder {
    /// Columns of rows below `rows`.
    pub fn new(rows: u32) -> Self {
        Self {
            bits: vec![0; rows.div_ceil(64) as usize],
            rows,
            most_text: TEXT_PER_ROW * rows as usize + TEXT,
            ..Self::default()
        }
    }

    /// Adds the product of a row: its attributes, and the ids of the categories of its label
    /// and of its decision. Rows come in ascending order; one that is not below the number
    /// of rows is passed over.
    pub fn push<'v>(
        &mut self,
        row: u32,
        attributes: impl IntoIterator<Item = (&'v str, &'v str)>,
        label: Option<&str>,
        decision: Option<&str>,
    ) {
        let Some(word) = self
            .bits
            .get_mut(row as usize / 64)
            .filter(|_| row < self.rows)
        else {
            return;
        };
        *word |= 1 << (row % 64);
        let most = self.most_text;
        for (name, value) in attributes {
            let known = self.by_name.get(name).copied();
            let Some(at) = known.or_else(|| self.add_column(name)) else {
                self.more = true;
                continue;
            };
            self.columns[at].push(row, value, most);
        }
        label
            .into_iter()
            .for_each(|id| self.label.push(row, id, usize::MAX));
        decision
            .into_iter()
            .for_each(|id| self.decision.push(row, id, usize::MAX));
    }

    fn add_column(&mut self, name: &str) -> Option<usize> {
        let at = self.columns.len();
        (at < MOST).then(|| {
            self.by_name.insert(name.to_owned(), at);
            self.columns.push(Column::default());
            at
        })
    }

    /// The bytes of the file, and the digest that names them.
    ///
    /// # Errors
    /// [`crate::Error::TooLarge`] for more than the machine's memory holds.
    pub fn finish(self) -> Result<(Vec<u8>, u128)> {
        let mut names: Vec<(String, usize)> = self.by_name.into_iter().collect();
        names.sort_unstable_by_key(|(_, at)| *at);
        let mut what: Vec<What> = names
            .into_iter()
            .map(|(name, _)| What::Attribute(name))
            .collect();
        what.extend([What::Label, What::Decision]);
        let columns = self.columns.into_iter().chain([self.label, self.decision]);
        let rows = self.rows;
        let (described, numbers): (Vec<ColumnDescription>, Vec<Numbers>) = what
            .into_iter()
            .zip(columns)
            .map(|(what, column)| column.finish(what, rows))
            .unzip();
        let description = Description {
            rows,
            more: self.more,
            columns: described,
        };
        let bytes = lay_out(&description, &self.bits, &numbers)?;
        let digest = Described::digest(&bytes);
        Ok((bytes, digest))
    }
}

impl Column {
    fn push(&mut self, row: u32, value: &str, most_text: usize) {
        let code = self.code(value, most_text);
        if self.rows.last() != Some(&row) {
            self.rows.push(row);
            self.codes.push(code);
        } else if !self.opaque && self.is_another(row, code) {
            self.further.push((row, code));
        }
    }

    /// Whether the last row does not have that value yet.
    fn is_another(&self, row: u32, code: u32) -> bool {
        let of_row = self
            .further
            .iter()
            .rev()
            .take_while(|(other, _)| *other == row);
        let mut codes = of_row.map(|(_, code)| code).chain(self.codes.last());
        codes.all(|known| *known != code)
    }

    /// The code of a value, counted from 1.
    fn code(&mut self, value: &str, most_text: usize) -> u32 {
        if self.opaque {
            return 1;
        }
        if let Some(code) = self.by_value.get(value) {
            return *code;
        }
        if self.text.len() + value.len() > most_text.min(u32::MAX as usize) {
            self.give_up_dictionary();
            return 1;
        }
        self.text.extend_from_slice(value.as_bytes());
        self.ends.push(self.text.len() as u32);
        let code = self.ends.len() as u32;
        self.by_value.insert(value.into(), code);
        code
    }

    /// Keeps only which rows have a value.
    fn give_up_dictionary(&mut self) {
        *self = Self {
            codes: vec![1; self.rows.len()],
            rows: std::mem::take(&mut self.rows),
            opaque: true,
            ..Self::default()
        };
    }

    /// Sorts the dictionary by what its values are as amounts, days or numbers, and as texts,
    /// so that values from one to another have codes in a row.
    fn sort(&mut self) {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let value = |(start, end): (u32, u32)| {
            let text = self.text.get(start as usize..end as usize);
            std::str::from_utf8(text.unwrap_or_default()).unwrap_or_default()
        };
        let values: Vec<&str> = starts.zip(self.ends.iter().copied()).map(value).collect();
        let mut guess = KindGuess::default();
        values.iter().for_each(|value| guess.see(value));
        let kind = guess.kind().unwrap_or_default();
        let size = |value: &str| kind.read(value).as_number().unwrap_or(f64::INFINITY);
        let mut order: Vec<(f64, &str, u32)> = (1..)
            .zip(&values)
            .map(|(code, value)| (size(value), *value, code))
            .collect();
        order.sort_unstable_by(|one, other| {
            one.0.total_cmp(&other.0).then_with(|| one.1.cmp(other.1))
        });
        let mut codes = vec![0; order.len() + 1];
        let (mut text, mut ends) = (Vec::with_capacity(self.text.len()), Vec::new());
        for (code, (_, value, before)) in (1..).zip(order) {
            codes[before as usize] = code;
            text.extend_from_slice(value.as_bytes());
            ends.push(text.len() as u32);
        }
        let further = self.further.iter_mut().map(|(_, code)| code);
        for code in self.codes.iter_mut().chain(further) {
            *code = codes[*code as usize];
        }
        (self.text, self.ends) = (text, ends);
    }

    fn finish(mut self, what: What, rows: u32) -> (ColumnDescription, Numbers) {
        if !self.opaque {
            self.sort();
        }
        let values = self.ends.len() as u32;
        let width: u8 = match values {
            0..=255 => 1,
            256..=65_535 => 2,
            _ => 4,
        };
        let (count, wide) = (self.rows.len() as u64, u64::from(width));
        let is_sparse = count * (wide + 4) < u64::from(rows) * wide;
        let description = ColumnDescription {
            what,
            sparse: is_sparse.then_some(count as u32),
            width,
            further: self.further.len() as u32,
            values,
            text: self.text.len() as u32,
            opaque: self.opaque,
        };
        let numbers = Numbers {
            rows: self.rows,
            codes: self.codes,
            further: self.further,
            ends: self.ends,
            text: self.text,
        };
        (description, numbers)
    }
}
