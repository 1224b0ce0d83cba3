//! Products as the learners of words read them, and which of them say the same.

use std::collections::HashMap;

use assort_core::{Product, TextInput, content_key, text_hash};
use assort_head::HeadInput;
use rayon::prelude::*;

use crate::Result;
use crate::import_report::is_source_category;
use crate::store::Reader;

/// Rows that one thread reads at a time.
const ROWS: usize = 256;

/// Of more than one product in so many, a title does not tell what they are.
const TELLING: usize = 3;

/// A product's words, and its attributes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) text: String,
    /// All but what a source called its category.
    pub(crate) attributes: Vec<(String, String)>,
    /// What sources called its category.
    pub(crate) source_categories: Vec<String>,
}

impl Words {
    /// What heads read that learned from labels.
    pub(crate) fn input(&self) -> HeadInput<'_> {
        HeadInput {
            text: self.text(),
            attributes: &self.attributes,
        }
    }

    pub(crate) fn source_categories(&self) -> Vec<&str> {
        self.source_categories.iter().map(String::as_str).collect()
    }

    pub(crate) fn text(&self) -> TextInput<'_> {
        TextInput::of_product(&self.title, &self.text)
    }

    /// A digest of the title and the attributes.
    fn whole_key(&self) -> u128 {
        let attributes = self.attributes.iter();
        let attributes = attributes.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let all: Vec<&str> = std::iter::once(self.title.as_str())
            .chain(attributes)
            .collect();
        text_hash(&all.join("\0"))
    }
}

/// The words of products by their rows, in order; nothing of one that is gone.
pub(crate) fn words(reader: &Reader<'_>, rows: &[u32]) -> Result<Vec<Words>> {
    let read = |rows: &[u32]| -> Result<Vec<Words>> {
        let one = |&row: &u32| {
            let words = reader.with_product(row, |product| {
                let pairs = product.attributes.iter();
                let pairs =
                    pairs.map(|pair| (pair.0.as_str().to_owned(), pair.1.as_str().to_owned()));
                let (of_sources, attributes): (Vec<_>, Vec<_>) =
                    pairs.partition(|(name, _)| is_source_category(name));
                Words {
                    title: product.title.as_str().to_owned(),
                    text: product.text.as_str().to_owned(),
                    attributes,
                    source_categories: of_sources.into_iter().map(|(_, value)| value).collect(),
                }
            })?;
            Ok(words.unwrap_or_default())
        };
        rows.iter().map(one).collect()
    };
    let parts: Vec<Vec<Words>> = rows.par_chunks(ROWS).map(read).collect::<Result<_>>()?;
    Ok(parts.into_iter().flatten().collect())
}

/// What sources called a product's category.
pub(crate) fn source_categories(product: &Product) -> Vec<&str> {
    let attributes = product.attributes.iter();
    let given = attributes.filter(|(name, _)| is_source_category(name));
    given.map(|(_, value)| value.as_str()).collect()
}

/// Products of the same content, by number.
pub(crate) struct Groups {
    keys: Vec<u128>,
    members: HashMap<u128, Vec<usize>>,
}

impl Groups {
    pub(crate) fn of(words: &[Words]) -> Self {
        let keys: Vec<u128> = words
            .par_iter()
            .map(|words| content_key(&words.title))
            .collect();
        Self::by(keys)
    }

    /// The same of products that have attributes: where many of them have one title, it
    /// says too little, and attributes belong to the content.
    pub(crate) fn with_attributes(words: &[Words]) -> Self {
        let groups = Self::of(words);
        let largest = groups.members.values().map(Vec::len).max();
        let are_alike = largest.is_some_and(|largest| largest * TELLING > words.len());
        match are_alike && words.iter().any(|words| !words.attributes.is_empty()) {
            true => Self::by(words.par_iter().map(Words::whole_key).collect()),
            false => groups,
        }
    }

    fn by(keys: Vec<u128>) -> Self {
        let mut members: HashMap<u128, Vec<usize>> = HashMap::new();
        for (at, &key) in keys.iter().enumerate() {
            members.entry(key).or_default().push(at);
        }
        Self { keys, members }
    }

    /// The digest of a product's content.
    pub(crate) fn key(&self, at: usize) -> u128 {
        self.keys[at]
    }

    /// All products of the same content as one, itself included.
    pub(crate) fn members(&self, at: usize) -> &[usize] {
        &self.members[&self.keys[at]]
    }

    /// Whether a product is the first of its content.
    pub(crate) fn is_first(&self, at: usize) -> bool {
        self.members(at).first() == Some(&at)
    }
}
