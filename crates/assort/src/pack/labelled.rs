//! The labelled products of a pack: ids, titles and labels, read where they lie.
//!
//! Number of products (`u64`), their labels (`u32`), from the next multiple of 8 on the
//! ends of their ids and titles in the text behind (`u64`, two a product), and that text;
//! little-endian. Products stand by id, and their place is their row.

use std::ops::Range;

use assort_core::CategoryIndex;
use assort_files::{Bytes, numbers};

use crate::{Error, Result};

/// Bytes before the labels.
const PREFIX: usize = 8;

/// A labelled product as it is packed.
pub(super) struct LabelledProduct {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) label: CategoryIndex,
}

/// The bytes of products that stand by id.
pub(super) fn bytes(products: &[LabelledProduct]) -> Vec<u8> {
    let mut bytes = (products.len() as u64).to_le_bytes().to_vec();
    let labels = products.iter().flat_map(|one| one.label.to_le_bytes());
    bytes.extend(labels);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    let texts = products.iter().flat_map(|one| [&one.id, &one.title]);
    let mut end = 0u64;
    for text in texts.clone() {
        end += text.len() as u64;
        bytes.extend(end.to_le_bytes());
    }
    texts.for_each(|text| bytes.extend(text.as_bytes()));
    bytes
}

/// Labelled products in the bytes of a file.
pub(super) struct LabelledFile {
    bytes: Bytes,
    count: usize,
    ends: Range<usize>,
}

impl LabelledFile {
    /// Of bytes that [`bytes`] gave; labels are below `categories`.
    ///
    /// # Errors
    /// [`Error::Argument`] for others.
    pub(super) fn read(bytes: Bytes, categories: usize) -> Result<Self> {
        let strange = || Error::argument("its list of labelled products is damaged");
        let count = bytes.first_chunk::<PREFIX>().ok_or_else(strange)?;
        let count = usize::try_from(u64::from_le_bytes(*count)).map_err(|_| strange())?;
        let starts = count
            .checked_mul(4)
            .and_then(|labels| labels.checked_add(PREFIX)?.checked_next_multiple_of(8));
        let ends = starts.and_then(|start| {
            let end = count.checked_mul(16)?.checked_add(start)?;
            (end <= bytes.len()).then_some(start..end)
        });
        let ends = ends.ok_or_else(strange)?;
        let file = Self { bytes, count, ends };
        let rising = file.ends().is_sorted();
        let text = (file.bytes.len() - file.ends.end) as u64;
        let whole = file.ends().next_back().unwrap_or(0) == text;
        let known = file.labels().all(|label| (label as usize) < categories);
        let by_id = (1..count as u32).all(|row| file.id(row - 1) < file.id(row));
        if u32::try_from(count).is_err() || !rising || !whole || !known || !by_id {
            return Err(strange());
        }
        Ok(file)
    }

    /// Number of products.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Their labels, from row 0 on.
    pub(super) fn labels(&self) -> impl Iterator<Item = CategoryIndex> {
        let labels = &self.bytes[PREFIX..PREFIX + 4 * self.count];
        numbers(labels, CategoryIndex::from_le_bytes)
    }

    /// The row of the product of that id.
    pub(super) fn row(&self, id: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.count as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.id(middle).cmp(id.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// Id and title of the product in a row.
    pub(super) fn product(&self, row: u32) -> Option<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let known = (row as usize) < self.count;
        known.then(|| (text(self.id(row)), text(self.text(2 * row as usize + 1))))
    }

    fn id(&self, row: u32) -> &[u8] {
        self.text(2 * row as usize)
    }

    fn ends(&self) -> impl DoubleEndedIterator<Item = u64> + Clone {
        let ends = self.bytes[self.ends.clone()].as_chunks::<8>().0.iter();
        ends.map(|end| u64::from_le_bytes(*end))
    }

    /// A text by its number; nothing where it ends before it begins.
    fn text(&self, number: usize) -> &[u8] {
        let ends = self.bytes[self.ends.clone()].as_chunks::<8>().0;
        let end = |number: usize| ends.get(number).map_or(0, |end| u64::from_le_bytes(*end));
        let from = number.checked_sub(1).map_or(0, end);
        let texts = &self.bytes[self.ends.end..];
        texts
            .get(from as usize..end(number) as usize)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn products_are_read_as_they_were_written(
            named in prop::collection::btree_map(".{0,6}", (".{0,8}", 0u32..9), 0..20),
        ) {
            let products: Vec<LabelledProduct> = named
                .iter()
                .map(|(id, (title, label))| LabelledProduct {
                    id: id.clone(),
                    title: title.clone(),
                    label: *label,
                })
                .collect();
            let file = LabelledFile::read(Bytes::Owned(bytes(&products)), 9).unwrap();
            prop_assert_eq!(file.len(), products.len());
            for (row, (product, label)) in (0u32..).zip(products.iter().zip(file.labels())) {
                prop_assert_eq!(label, product.label);
                prop_assert_eq!(file.row(&product.id), Some(row));
                let own = Some((product.id.clone(), product.title.clone()));
                prop_assert_eq!(file.product(row), own);
            }
            prop_assert_eq!(file.product(products.len() as u32), None);
            prop_assert_eq!(file.row("no such product"), None);
        }

        #[test]
        fn any_bytes_are_refused_or_read_without_a_fault(
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            count in 0u64..4,
        ) {
            let mut bytes = bytes;
            if let Some(start) = bytes.first_chunk_mut::<8>() {
                *start = count.to_le_bytes();
            }
            if let Ok(file) = LabelledFile::read(Bytes::Owned(bytes), 3) {
                for row in 0..5 {
                    file.product(row);
                }
                file.row("a");
            }
        }
    }
}
