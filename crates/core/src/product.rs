//! What a user files.

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// The longest id a product may have, in bytes.
pub const MAX_ID: usize = 512;

/// The longest title Assort stores, in bytes of UTF-8 after cleaning. A longer
/// one is a damaged file, not a title.
pub const MAX_TITLE: usize = 32 * 1024;

/// The longest further text Assort stores, in bytes of UTF-8 after cleaning.
pub const MAX_TEXT: usize = 1024 * 1024;

/// Bytes of a product that are copied to be digested at once, at most.
const GATHERED: usize = 4096;

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

    /// Checks what a stored product must have: an id and a title, none of them too
    /// long.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn check(&self) -> Result<(), String> {
        check_id(&self.id)?;
        if self.title.is_empty() {
            return Err("no title".to_owned());
        }
        check_lengths(&self.title, &self.text)
    }

    /// The product after an update; its id stays.
    #[must_use]
    pub fn updated(mut self, update: ProductUpdate) -> Self {
        if let Some(title) = update.title {
            self.title = title;
        }
        if let Some(text) = update.text {
            self.text = text;
        }
        if let Some(image) = update.image {
            self.image = Some(image).filter(|image| !image.is_empty());
        }
        let mut given = update.attributes;
        let names = |name: &str| given.iter().any(|(named, _)| named == name);
        self.attributes.retain(|(name, _)| !names(name));
        given.retain(|(_, value)| !value.is_empty());
        given.append(&mut self.attributes);
        self.attributes = given;
        self.sorted()
    }

    /// Digest of everything stored about the product but its id: equal content
    /// has equal digests, so an import can tell what changed.
    pub fn content_hash(&self) -> u128 {
        let length: usize = self.fields().map(|field| 8 + field.len()).sum();
        match length <= GATHERED {
            true => self.gathered_hash(length),
            false => self.streamed_hash(),
        }
    }

    /// What is stored about the product but its id, field by field.
    fn fields(&self) -> impl Iterator<Item = &str> {
        let image = self.image.as_deref().unwrap_or("\u{0}");
        let attributes = self.attributes.iter();
        let attributes = attributes.flat_map(|(name, value)| [name.as_str(), value]);
        [&self.title, &self.text, image]
            .into_iter()
            .chain(attributes)
    }

    /// The digest of the fields copied together, of that many bytes: digesting few bytes
    /// at once is quicker than field by field.
    fn gathered_hash(&self, length: usize) -> u128 {
        let mut bytes = Vec::with_capacity(length);
        self.fields().for_each(|field| {
            bytes.extend_from_slice(&(field.len() as u64).to_le_bytes());
            bytes.extend_from_slice(field.as_bytes());
        });
        xxh3_128(&bytes)
    }

    fn streamed_hash(&self) -> u128 {
        let mut hasher = Xxh3::new();
        self.fields().for_each(|field| {
            hasher.update(&(field.len() as u64).to_le_bytes());
            hasher.update(field.as_bytes());
        });
        hasher.digest128()
    }
}

/// Checks the id of a product.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_id(id: &str) -> Result<(), String> {
    if id.is_empty() {
        return Err("no id".to_owned());
    }
    if id.len() > MAX_ID {
        let length = id.len();
        return Err(format!("the id has {length} bytes, the most is {MAX_ID}"));
    }
    // Most ids are of ASCII, and need not be decoded.
    let is_plain = id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !is_plain && id.chars().any(char::is_control) {
        return Err("the id has a control character".to_owned());
    }
    Ok(())
}

/// Checks that the texts of a product are not too long.
///
/// # Errors
/// A sentence that says which one is, and how long it may be.
pub fn check_lengths(title: &str, text: &str) -> Result<(), String> {
    for (what, length, most) in [
        ("title", title.len(), MAX_TITLE),
        ("text", text.len(), MAX_TEXT),
    ] {
        if length > most {
            return Err(format!("the {what} has {length} bytes, the most is {most}"));
        }
    }
    Ok(())
}

/// What changes about a product that is there. What an update does not name stays as
/// it is; what it names as empty is removed.
///
/// ```
/// use assort_core::{Product, ProductUpdate};
///
/// let kettle = Product {
///     id: "4711".into(),
///     title: "Kettle".into(),
///     attributes: vec![("colour".into(), "red".into()), ("price".into(), "20".into())],
///     ..Product::default()
/// };
/// let update = ProductUpdate::new("4711")
///     .with_attribute("price", "15")
///     .with_attribute("colour", "");
/// let kettle = kettle.updated(update);
/// assert_eq!(kettle.title, "Kettle");
/// assert_eq!(kettle.attributes, [("price".into(), "15".into())]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProductUpdate {
    /// The id of the product.
    pub id: String,
    /// Its new title.
    pub title: Option<String>,
    /// Its new further text; an empty one removes what there is.
    pub text: Option<String>,
    /// New values of attributes: they take the place of all values of that name; an
    /// empty one removes the attribute.
    pub attributes: Vec<(String, String)>,
    /// The new path or URL of its picture; an empty one removes what there is.
    pub image: Option<String>,
}

impl ProductUpdate {
    /// An update of the product of that id that changes nothing yet.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            ..Self::default()
        }
    }

    /// Checks that it names a product, and leaves it with a title and texts that are
    /// not too long.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn check(&self) -> Result<(), String> {
        check_id(&self.id)?;
        if self.title.as_deref() == Some("") {
            return Err("no title".to_owned());
        }
        check_lengths(
            self.title.as_deref().unwrap_or_default(),
            self.text.as_deref().unwrap_or_default(),
        )
    }

    /// The same with another value of [`Self::title`].
    #[must_use]
    pub fn with_title(mut self, title: impl Into<Option<String>>) -> Self {
        self.title = title.into();
        self
    }

    /// The same with another value of [`Self::text`].
    #[must_use]
    pub fn with_text(mut self, text: impl Into<Option<String>>) -> Self {
        self.text = text.into();
        self
    }

    /// The same with one more value among [`Self::attributes`].
    #[must_use]
    pub fn with_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// The same with another value of [`Self::image`].
    #[must_use]
    pub fn with_image(mut self, image: impl Into<Option<String>>) -> Self {
        self.image = image.into();
        self
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
    fn an_update_changes_what_it_names_alone() {
        let before = Product {
            text: "Boils.".into(),
            image: Some("a.jpg".into()),
            attributes: vec![
                ("brand".into(), "Ada".into()),
                ("size".into(), "1".into()),
                ("size".into(), "2".into()),
            ],
            ..product()
        };
        let same = before.clone().updated(ProductUpdate::new("1"));
        assert_eq!(same, before);
        let update = ProductUpdate::new("1")
            .with_text(String::new())
            .with_attribute("size", "3")
            .with_attribute("brand", "")
            .with_attribute("a", "new");
        let after = before.clone().updated(update);
        assert_eq!((after.title, after.text), (before.title, String::new()));
        assert_eq!(after.image, before.image);
        let pairs = [("a", "new"), ("size", "3")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(after.attributes, pairs);
    }

    #[test]
    fn a_product_without_id_or_title_is_unfit() {
        assert_eq!(product().check(), Ok(()));
        for (change, reason) in [
            ((|p| p.id.clear()) as fn(&mut Product), "no id"),
            (|p| p.title.clear(), "no title"),
            (|p| p.id.push('\n'), "the id has a control character"),
            (|p| p.id.push('\u{7f}'), "the id has a control character"),
            (|p| p.id.push('\u{85}'), "the id has a control character"),
            (
                |p| p.title = "x".repeat(MAX_TITLE + 1),
                "the title has 32769 bytes, the most is 32768",
            ),
        ] {
            let mut changed = product();
            change(&mut changed);
            assert_eq!(changed.check(), Err(reason.to_owned()));
        }
    }

    #[test]
    fn content_hash_is_the_same_however_it_is_made() {
        for length in [0, 1, 100, 200, 300, GATHERED, GATHERED * 2] {
            let mut long = product();
            long.text = "x".repeat(length);
            let streamed = long.streamed_hash();
            assert_eq!(long.gathered_hash(0), streamed);
            assert_eq!(long.content_hash(), streamed);
            long.image = Some("a.jpg".into());
            assert_eq!(long.content_hash(), long.streamed_hash());
        }
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
