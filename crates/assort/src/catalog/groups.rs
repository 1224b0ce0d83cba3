//! Groups of search results that have something in common.

use std::collections::HashMap;
use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;

use assort_core::{CategoryIndex, Taxonomy, content_key, fold};
use assort_index::Hit;

use crate::Result;
use crate::columns::filed_under;
use crate::store::{ArchivedProductRecord, Reader};

/// What the products of a group have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupBy {
    /// The content ([`assort_core::content_key`]): titles that differ only in numbers,
    /// sizes, colours and the order of words.
    Content,
    /// The category they are filed under: the label, else the decision that was kept.
    Category,
    /// The value of an attribute, or all its values if it has several. As in filters,
    /// neither names nor values need the same capitals.
    Attribute(String),
}

impl FromStr for GroupBy {
    type Err = Infallible;

    /// `content`, `category`, or else the name of an attribute.
    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(match text {
            "content" => Self::Content,
            "category" => Self::Category,
            name => Self::Attribute(name.to_owned()),
        })
    }
}

/// The group of a product that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its place among all groups that the search has, counted from 1.
    pub number: usize,
    /// The path of the category, or the value of the attribute as its best product has
    /// it. None for a group by content, and for a product without category or
    /// attribute, which is a group of its own.
    pub value: Option<String>,
}

/// What products of one group share.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Content(u128),
    Category(CategoryIndex),
    /// Folded values.
    Values(Vec<String>),
    /// A row that is in no group.
    Alone(u32),
}

/// The members of a group so far, the best first.
pub(super) struct Members {
    pub(super) value: Option<String>,
    pub(super) hits: Vec<Hit>,
}

/// Puts rows into groups as they are found.
pub(super) struct Groups<'a> {
    reader: &'a Reader<'a>,
    taxonomy: Arc<Taxonomy>,
    by: &'a GroupBy,
    /// Members that a group may have.
    size: usize,
    /// Places of the groups.
    known: HashMap<Key, usize>,
    all: Vec<Members>,
    /// Groups among the first that are known to be full.
    full: usize,
}

impl<'a> Groups<'a> {
    pub(super) fn new(
        reader: &'a Reader<'a>,
        taxonomy: Arc<Taxonomy>,
        by: &'a GroupBy,
        size: usize,
    ) -> Self {
        Self {
            reader,
            taxonomy,
            by,
            size,
            known: HashMap::new(),
            all: Vec::new(),
            full: 0,
        }
    }

    /// Adds the next best row.
    pub(super) fn add(&mut self, hit: Hit) -> Result<()> {
        let Some((key, value)) = self.look(hit.row)? else {
            return Ok(());
        };
        let next = self.all.len();
        let at = *self.known.entry(key).or_insert(next);
        if at == next {
            let hits = Vec::new();
            self.all.push(Members { value, hits });
        }
        if let Some(members) = self.all.get_mut(at)
            && members.hits.len() < self.size
        {
            members.hits.push(hit);
        }
        Ok(())
    }

    /// Whether further rows change nothing about the first `wanted` groups.
    pub(super) fn are_whole(&mut self, wanted: usize) -> bool {
        let full = self.all.iter().skip(self.full);
        let full = full.take_while(|members| members.hits.len() == self.size);
        self.full += full.count();
        self.full >= wanted
    }

    pub(super) fn into_all(self) -> Vec<Members> {
        self.all
    }

    /// What group a row is in, and what that is called; none if it is gone.
    fn look(&self, row: u32) -> Result<Option<(Key, Option<String>)>> {
        if *self.by == GroupBy::Category {
            let category = filed_under(self.reader, &self.taxonomy, row)?;
            return Ok(Some(match category {
                Some(category) => (Key::Category(category), Some(self.taxonomy.path(category))),
                None => (Key::Alone(row), None),
            }));
        }
        self.reader.with_product(row, |product| match self.by {
            GroupBy::Attribute(name) => {
                let values = values(product, name);
                if values.is_empty() {
                    return (Key::Alone(row), None);
                }
                let key = values.iter().map(|value| fold(value)).collect();
                (Key::Values(key), Some(values.join(", ")))
            }
            GroupBy::Content | GroupBy::Category => {
                (Key::Content(content_key(&product.title)), None)
            }
        })
    }
}

/// The values of an attribute: of exactly that name, or else of one that differs in
/// capitals.
fn values<'p>(product: &'p ArchivedProductRecord, name: &str) -> Vec<&'p str> {
    let of = |is_named: &dyn Fn(&str) -> bool| -> Vec<&'p str> {
        let pairs = product.attributes.iter();
        let named = pairs.filter(|pair| is_named(pair.0.as_str()));
        named.map(|pair| pair.1.as_str()).collect()
    };
    let exact = of(&|own| own == name);
    if !exact.is_empty() {
        return exact;
    }
    let folded = fold(name);
    of(&|own| fold(own) == folded)
}
