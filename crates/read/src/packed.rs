//! Rows on their way from the thread that makes them to the one that takes them.
//!
//! Many short texts that one thread makes and another one frees are slow for both, as
//! their memory goes back and forth between them: the texts of many products go over
//! as one.

use assort_core::Product;

use crate::Result;
use crate::beside::Beside;
use crate::refusal::cannot_read;
use crate::row::{ProductRow, Row};

/// Rows that go over together.
const TOGETHER: usize = 1024;

/// Rows of a file that are made in a thread.
#[derive(Debug)]
pub(crate) struct Elsewhere<I: Iterator<Item = Result<Row>>> {
    packs: Beside<Packs<I>>,
    /// The pack that is taken.
    rows: Option<Unpacked>,
    file: String,
}

impl<I: Iterator<Item = Result<Row>> + Send + 'static> Elsewhere<I> {
    pub(crate) fn new(rows: I, file: String) -> Self {
        Self {
            packs: Beside::new(Packs::new(rows)),
            rows: None,
            file,
        }
    }

    /// The next row; none at the end, and after an error.
    pub(crate) fn next(&mut self) -> Option<Result<Row>> {
        loop {
            if let Some(row) = self.rows.as_mut().and_then(Iterator::next) {
                return Some(row);
            }
            self.rows = match self.packs.next() {
                Ok(pack) => Some(pack?.into_iter()),
                Err(error) => return Some(Err(cannot_read(&self.file, &error))),
            };
        }
    }
}

/// Rows in packs of many.
#[derive(Debug)]
struct Packs<I> {
    rows: I,
    /// Bytes and texts of the pack before, for which the next has room at once.
    room: [usize; 2],
}

impl<I> Packs<I> {
    fn new(rows: I) -> Self {
        Self { rows, room: [0; 2] }
    }
}

impl<I: Iterator<Item = Result<Row>>> Iterator for Packs<I> {
    type Item = Pack;

    fn next(&mut self) -> Option<Pack> {
        let [bytes, texts] = self.room;
        let mut pack = Pack {
            rows: Vec::with_capacity(TOGETHER),
            texts: String::with_capacity(bytes + bytes / 8),
            ends: Vec::with_capacity(texts),
        };
        for row in self.rows.by_ref().take(TOGETHER) {
            pack.push(row);
        }
        self.room = [pack.texts.len(), pack.ends.len()];
        (!pack.rows.is_empty()).then_some(pack)
    }
}

/// Rows, whose products have their texts together.
#[derive(Debug)]
struct Pack {
    rows: Vec<Packed>,
    texts: String,
    /// Where each of the texts ends.
    ends: Vec<usize>,
}

#[derive(Debug)]
enum Packed {
    Product(Outline),
    /// What is seldom, as it is.
    Other(Result<Row>),
}

/// How many texts a product has.
#[derive(Debug)]
struct Outline {
    line: u64,
    attributes: usize,
    has_image: bool,
    has_category: bool,
    more_categories: usize,
}

impl Pack {
    fn push(&mut self, row: Result<Row>) {
        let row = match row {
            Ok(Row::Product(row)) => Packed::Product(self.outline(&row)),
            other => Packed::Other(other),
        };
        self.rows.push(row);
    }

    /// Adds the texts of a product, in the order in which they are taken.
    fn outline(&mut self, row: &ProductRow) -> Outline {
        let product = &row.product;
        for text in [&product.id, &product.title, &product.text] {
            self.add(text);
        }
        for (name, value) in &product.attributes {
            self.add(name);
            self.add(value);
        }
        let optional = [&product.image, &row.category].into_iter().flatten();
        for text in optional.chain(&row.more_categories) {
            self.add(text);
        }
        Outline {
            line: row.line,
            attributes: product.attributes.len(),
            has_image: product.image.is_some(),
            has_category: row.category.is_some(),
            more_categories: row.more_categories.len(),
        }
    }

    fn add(&mut self, text: &str) {
        self.texts.push_str(text);
        self.ends.push(self.texts.len());
    }
}

impl IntoIterator for Pack {
    type Item = Result<Row>;
    type IntoIter = Unpacked;

    fn into_iter(self) -> Unpacked {
        Unpacked {
            rows: self.rows.into_iter(),
            texts: Texts {
                texts: self.texts,
                ends: self.ends.into_iter(),
                start: 0,
            },
        }
    }
}

/// The rows of a pack.
#[derive(Debug)]
struct Unpacked {
    rows: std::vec::IntoIter<Packed>,
    texts: Texts,
}

impl Iterator for Unpacked {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        Some(match self.rows.next()? {
            Packed::Product(outline) => Ok(Row::Product(self.texts.product(&outline))),
            Packed::Other(row) => row,
        })
    }
}

#[derive(Debug)]
struct Texts {
    texts: String,
    ends: std::vec::IntoIter<usize>,
    start: usize,
}

impl Texts {
    fn next(&mut self) -> String {
        let end = self.ends.next().unwrap_or(self.start);
        let text = self.texts.get(self.start..end).unwrap_or_default();
        self.start = end;
        text.to_owned()
    }

    fn product(&mut self, outline: &Outline) -> ProductRow {
        let product = Product {
            id: self.next(),
            title: self.next(),
            text: self.next(),
            attributes: (0..outline.attributes)
                .map(|_| (self.next(), self.next()))
                .collect(),
            image: outline.has_image.then(|| self.next()),
        };
        ProductRow {
            line: outline.line,
            product,
            category: outline.has_category.then(|| self.next()),
            more_categories: (0..outline.more_categories).map(|_| self.next()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::row::Rejected;

    prop_compose! {
        fn product_row()(
            line: u64,
            texts in ["[a-zé]{0,4}", "[a-zé]{0,4}", "[a-zé]{0,4}"],
            attributes in prop::collection::vec(("[aé]{0,3}", "[aé]{0,3}"), 0..4),
            image in prop::option::of("[a-z]{0,3}"),
            category in prop::option::of("[a-z]{0,3}"),
            more_categories in prop::collection::vec("[a-z]{0,3}", 0..3),
        ) -> ProductRow {
            let [id, title, text] = texts;
            let product = Product { id, title, text, attributes, image };
            ProductRow { line, product, category, more_categories }
        }
    }

    proptest! {
        #[test]
        fn rows_come_out_as_they_went_in(rows in prop::collection::vec(product_row(), 0..20)) {
            let rejected = Row::Rejected(Rejected::new(7, None, "no id".to_owned()));
            let rows: Vec<Row> = rows.into_iter().map(Row::Product).chain([rejected]).collect();
            let packs = Packs::new(rows.clone().into_iter().map(Ok));
            let out: Vec<Row> = packs.flatten().map(Result::unwrap).collect();
            prop_assert_eq!(out, rows);
        }
    }

    #[test]
    fn packs_are_full_until_the_last() {
        let row = || Ok(Row::Product(ProductRow::default()));
        let packs = Packs::new(std::iter::repeat_with(row).take(TOGETHER * 2 + 1));
        let counts: Vec<usize> = packs.map(|pack| pack.into_iter().count()).collect();
        assert_eq!(counts, [TOGETHER, TOGETHER, 1]);
    }
}
