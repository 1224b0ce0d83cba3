//! What a user files.

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// The longest title Assort stores, in bytes of UTF-8 after cleaning. A longer
/// one is a damaged file, not a title.
pub const MAX_TITLE: usize = 32 * 1024;

/// The longest further text Assort stores, in bytes of UTF-8 after cleaning.
pub const MAX_TEXT: usize = 1024 * 1024;

/// One thing of an assortment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Product {
    /// The user's own key, unique in a catalog.
    pub id: String,
    /// What a shop shows first; never empty in a stored product.
    pub title: String,
    /// Further text, such as a description; may be empty.
    pub text: String,
    /// Named facts, such as brand or price, sorted by name; used by filters.
    pub attributes: Vec<(String, String)>,
    /// Path or URL of a picture, kept as given.
    pub image: Option<String>,
}

impl Product {
    /// The attribute of that name, if the product has it.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let at = self
            .attributes
            .binary_search_by(|(key, _)| key.as_str().cmp(name))
            .ok()?;
        Some(&self.attributes[at].1)
    }

    /// Puts the attributes into the order the other methods rely on.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.attributes.sort();
        self
    }

    /// Digest of everything stored about the product but its id: equal content
    /// has equal digests, so an import can tell what changed.
    pub fn content_hash(&self) -> u128 {
        let mut hasher = Xxh3::new();
        let mut field = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        field(&self.title);
        field(&self.text);
        field(self.image.as_deref().unwrap_or("\u{0}"));
        for (name, value) in &self.attributes {
            field(name);
            field(value);
        }
        hasher.digest128()
    }
}

/// Digest of an embedded text: a vector is current if it was made from a text
/// of the same digest.
pub fn text_hash(text: &str) -> u128 {
    xxh3_128(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product() -> Product {
        Product {
            id: "1".into(),
            title: "Kettle".into(),
            attributes: vec![("price".into(), "9".into()), ("brand".into(), "Ada".into())],
            ..Product::default()
        }
        .sorted()
    }

    #[test]
    fn attributes_are_found_by_name() {
        assert_eq!(product().attribute("brand"), Some("Ada"));
        assert_eq!(product().attribute("colour"), None);
    }

    #[test]
    fn content_hash_sees_every_field_but_the_id() {
        let base = product();
        let mut other = product();
        other.id = "2".into();
        assert_eq!(base.content_hash(), other.content_hash());
        for change in [
            |p: &mut Product| p.title.push('s'),
            |p: &mut Product| p.text.push('s'),
            |p: &mut Product| p.image = Some(String::new()),
            |p: &mut Product| p.attributes[0].1.push('s'),
        ] {
            let mut changed = product();
            change(&mut changed);
            assert_ne!(base.content_hash(), changed.content_hash());
        }
    }
}
