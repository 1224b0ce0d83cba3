//! How products and categories become the texts that are embedded.
//!
//! A change here changes every vector: raise [`crate::COMPOSITION`] with it.

use crate::product::Product;
use crate::taxonomy::{CategoryIndex, SEPARATOR, Taxonomy};

/// Longest text that is composed, in characters: models read less than that.
const MAX_CHARS: usize = 4_000;

/// The text that stands for a product: its title, then its further text.
pub fn product_text(product: &Product) -> String {
    let mut text = product.title.clone();
    if !product.text.is_empty() {
        text.push_str(". ");
        text.push_str(&product.text);
    }
    if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
        text.truncate(end);
    }
    text
}

/// What a text says of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextKind {
    /// The category's own name.
    Name,
    /// The name followed by the parent's.
    NameAndParent,
    /// The whole path.
    Path,
    /// Part of a name that lists several things, such as `Belts/Wallets`.
    Part,
    /// A description.
    Description,
    /// Another name.
    Alias,
    /// The title of a product that belongs there.
    Example,
    /// The name or path in a further language.
    Translation,
}

impl TextKind {
    /// The kind in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NameAndParent => "name, parent",
            Self::Path => "path",
            Self::Part => "part of the name",
            Self::Description => "description",
            Self::Alias => "alias",
            Self::Example => "example",
            Self::Translation => "translation",
        }
    }
}

/// Everything the taxonomy says of a category, as texts to embed, without
/// repetitions.
pub fn category_texts(taxonomy: &Taxonomy, index: CategoryIndex) -> Vec<(TextKind, String)> {
    let category = taxonomy.category(index);
    let mut texts = Texts::default();
    texts.add(TextKind::Name, category.name.clone());
    if let Some(parent) = category.parent {
        let parent = &taxonomy.category(parent).name;
        texts.add(
            TextKind::NameAndParent,
            format!("{}, {parent}", category.name),
        );
        texts.add(TextKind::Path, taxonomy.path(index));
    }
    for part in parts(&category.name) {
        texts.add(TextKind::Part, part.to_owned());
    }
    for text in &category.descriptions {
        texts.add(TextKind::Description, text.clone());
    }
    for text in &category.aliases {
        texts.add(TextKind::Alias, text.clone());
    }
    for text in &category.examples {
        texts.add(TextKind::Example, text.clone());
    }
    for (_, path) in &category.translations {
        if let Some(name) = path.last() {
            texts.add(TextKind::Translation, name.clone());
        }
        texts.add(TextKind::Translation, path.join(SEPARATOR));
    }
    texts.0
}

#[derive(Default)]
struct Texts(Vec<(TextKind, String)>);

impl Texts {
    fn add(&mut self, kind: TextKind, text: String) {
        let text = text.trim();
        if !text.is_empty() && !self.0.iter().any(|(_, known)| known == text) {
            self.0.push((kind, text.to_owned()));
        }
    }
}

/// The things a name lists, such as `Belts` and `Wallets` of `Belts/Wallets`;
/// none if it names one thing.
fn parts(name: &str) -> Vec<&str> {
    let parts: Vec<&str> = name
        .split(['/', '&', ',', ';', '、', '，', '；'])
        .flat_map(|part| part.split(" and "))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    if parts.len() > 1 { parts } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::{CategoryRow, Place};

    #[test]
    fn a_category_speaks_through_all_its_texts_once() {
        let row = CategoryRow {
            place: Place::Path(vec!["Clothing".into(), "Belts/Wallets".into()]),
            aliases: vec!["Belts".into(), "腰带".into()],
            descriptions: vec!["What holds trousers and money.".into()],
            translations: vec![("zh".into(), vec!["服装".into(), "腰带".into()])],
            ..CategoryRow::default()
        };
        let taxonomy = Taxonomy::from_rows(vec![row]).unwrap();
        let leaf = taxonomy.leaves().next().unwrap();
        let texts: Vec<String> = category_texts(&taxonomy, leaf)
            .into_iter()
            .map(|(kind, text)| format!("{}: {text}", kind.as_str()))
            .collect();
        assert_eq!(
            texts,
            [
                "name: Belts/Wallets",
                "name, parent: Belts/Wallets, Clothing",
                "path: Clothing > Belts/Wallets",
                "part of the name: Belts",
                "part of the name: Wallets",
                "description: What holds trousers and money.",
                "alias: 腰带",
                "translation: 服装 > 腰带",
            ]
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let product = Product {
            title: "茶".into(),
            text: "壶".repeat(MAX_CHARS * 2),
            ..Product::default()
        };
        assert_eq!(product_text(&product).chars().count(), MAX_CHARS);
    }
}
