//! Products as the learners of words read them, and which of them say the same.

use std::collections::HashMap;

use assort_core::{TextInput, content_key};
use rayon::prelude::*;

use crate::Result;
use crate::store::Reader;

/// Rows that one thread reads at a time.
const ROWS: usize = 256;

/// A product's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) text: String,
}

impl Words {
    pub(crate) fn input(&self) -> TextInput<'_> {
        TextInput::of_product(&self.title, &self.text)
    }
}

/// The words of products by their rows, in order; nothing of one that is gone.
pub(crate) fn words(reader: &Reader<'_>, rows: &[u32]) -> Result<Vec<Words>> {
    let read = |rows: &[u32]| -> Result<Vec<Words>> {
        let one = |&row: &u32| {
            let words = reader.with_product(row, |product| Words {
                title: product.title.as_str().to_owned(),
                text: product.text.as_str().to_owned(),
            })?;
            Ok(words.unwrap_or_default())
        };
        rows.iter().map(one).collect()
    };
    let parts: Vec<Vec<Words>> = rows.par_chunks(ROWS).map(read).collect::<Result<_>>()?;
    Ok(parts.into_iter().flatten().collect())
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
