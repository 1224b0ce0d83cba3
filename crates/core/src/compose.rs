//! How products and categories become the texts that are embedded.
//!
//! A change here changes every vector: raise [`crate::COMPOSITION`] with it.

use std::borrow::Cow;

use crate::product::Product;
use crate::taxonomy::{CategoryIndex, SEPARATOR, Taxonomy};

/// Longest text of a product that is composed, in characters: models read less
/// than that.
const MAX_CHARS: usize = 4_000;

/// Stands between the fields of a composed text.
const BETWEEN: &str = ". ";

/// A text to embed, its fields apart.
///
/// Most embedders read [`Self::composed`]; one that weighs a title against
/// further text takes the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextInput<'a> {
    title: &'a str,
    further: &'a str,
    /// Characters that are composed at most.
    longest: usize,
}

impl<'a> TextInput<'a> {
    /// A text of one field, such as a query or a category's name. It is never
    /// cut.
    pub const fn plain(text: &'a str) -> Self {
        Self {
            title: text,
            further: "",
            longest: usize::MAX,
        }
    }

    /// The text of a product of this title and further text, which may be
    /// empty. Each is cut after 4,000 characters.
    pub fn of_product(title: &'a str, further: &'a str) -> Self {
        Self {
            title: cut(title, MAX_CHARS),
            further: cut(further, MAX_CHARS),
            longest: MAX_CHARS,
        }
    }

    /// A product's title, or the whole of a plain text.
    pub const fn title(&self) -> &'a str {
        self.title
    }

    /// A product's further text; empty if it has none, and for a plain text.
    pub const fn further(&self) -> &'a str {
        self.further
    }

    /// The fields as one text: the title, then the further text; of a product,
    /// at most the first 4,000 characters.
    pub fn composed(&self) -> Cow<'a, str> {
        if self.further.is_empty() {
            return Cow::Borrowed(self.title);
        }
        let mut text = [self.title, BETWEEN, self.further].concat();
        let end = cut(&text, self.longest).len();
        text.truncate(end);
        Cow::Owned(text)
    }
}

/// The first `longest` characters of `text`.
fn cut(text: &str, longest: usize) -> &str {
    // No text has more characters than bytes.
    if text.len() <= longest {
        return text;
    }
    match text.char_indices().nth(longest) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// The text that stands for a product: its title, then its further text.
pub fn product_text(product: &Product) -> String {
    TextInput::of_product(&product.title, &product.text)
        .composed()
        .into_owned()
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
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::NameAndParent,
        Self::Path,
        Self::Part,
        Self::Description,
        Self::Alias,
        Self::Example,
        Self::Translation,
    ];

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
        texts.add(TextKind::Path, taxonomy.names(index).join(SEPARATOR));
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

/// Signs between the names of paths: a `/` may be within a name where there are others.
const PATH_SIGNS: [&[char]; 2] = [&['>', '»', '›', '→', '|', '\\'], &['/', ':']];

/// What a source's name or path of a category says, as texts to embed: the name, and all
/// names with those above it. Nothing where it has no words, as codes have none.
///
/// ```
/// use assort_core::compose::source_category_texts;
///
/// assert_eq!(source_category_texts("Men/Tees"), ["Tees", "Men > Tees"]);
/// assert!(source_category_texts("C-0231").is_empty());
/// ```
pub fn source_category_texts(path: &str) -> Vec<String> {
    let count = |counts: fn(char) -> bool| path.chars().filter(|c| counts(*c)).count();
    let letters = count(char::is_alphabetic);
    if letters < 2 || letters <= count(char::is_numeric) {
        return Vec::new();
    }
    let signs = PATH_SIGNS.into_iter().find(|signs| path.contains(*signs));
    let names = path.split(signs.unwrap_or_default()).map(str::trim);
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let mut texts: Vec<String> = names
        .last()
        .map(|name| (*name).to_owned())
        .into_iter()
        .collect();
    if names.len() > 1 {
        texts.push(names.join(SEPARATOR));
    }
    texts
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

    /// What was composed before fields were kept apart: digests of such texts
    /// are in every catalog.
    fn composed_before(title: &str, further: &str) -> String {
        let mut text = title.to_owned();
        if !further.is_empty() {
            text.push_str(". ");
            text.push_str(further);
        }
        if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
            text.truncate(end);
        }
        text
    }

    #[test]
    fn fields_compose_to_the_text_whose_digest_catalogs_hold() {
        let lengths = [
            0,
            1,
            7,
            MAX_CHARS - 2,
            MAX_CHARS - 1,
            MAX_CHARS,
            MAX_CHARS + 9,
        ];
        for letter in ["a", "é", "壶", "🫖"] {
            for title in lengths {
                for further in lengths {
                    let (title, further) = (letter.repeat(title), letter.repeat(further));
                    let input = TextInput::of_product(&title, &further);
                    let composed = input.composed();
                    assert!(composed == composed_before(&title, &further));
                    assert_eq!(input.title(), cut(&title, MAX_CHARS));
                    assert_eq!(input.further(), cut(&further, MAX_CHARS));
                }
            }
        }
    }

    #[test]
    fn a_plain_text_stays_whole_and_is_not_copied() {
        let text = "kettle ".repeat(MAX_CHARS);
        let input = TextInput::plain(&text);
        assert!(matches!(input.composed(), Cow::Borrowed(whole) if whole == text));
        assert_eq!(input.further(), "");
    }
}
