//! The kinds of a catalog's attributes.

use std::collections::BTreeMap;

use super::kind::AttributeKind;
use crate::text::fold;

/// Which attribute is of which kind. Names need not have the same capitals. What is not
/// named is [`AttributeKind::Any`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttributeSchema {
    /// By folded name.
    kinds: BTreeMap<String, (String, AttributeKind)>,
}

impl AttributeSchema {
    /// The kind of the attribute of that name.
    pub fn kind(&self, name: &str) -> AttributeKind {
        self.get(name).unwrap_or_default()
    }

    /// The kind of the attribute of that name, if it was set.
    pub fn get(&self, name: &str) -> Option<AttributeKind> {
        self.kinds.get(&fold(name)).map(|(_, kind)| *kind)
    }

    /// Sets the kind of an attribute.
    pub fn set(&mut self, name: &str, kind: AttributeKind) {
        self.kinds.insert(fold(name), (name.to_owned(), kind));
    }

    /// All that were set, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, AttributeKind)> {
        let kinds = self.kinds.values();
        kinds.map(|(name, kind)| (name.as_str(), *kind))
    }
}

impl<N: AsRef<str>> FromIterator<(N, AttributeKind)> for AttributeSchema {
    fn from_iter<I: IntoIterator<Item = (N, AttributeKind)>>(kinds: I) -> Self {
        let mut schema = Self::default();
        for (name, kind) in kinds {
            schema.set(name.as_ref(), kind);
        }
        schema
    }
}
