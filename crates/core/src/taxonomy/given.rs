//! Categories as a source gives them for a product: one, or several in a list.

use super::{CategoryIndex, Taxonomy, TaxonomyError};
use crate::text::fold;

/// What lists of categories in one text are separated by.
pub const LIST_SEPARATORS: [char; 4] = [';', ',', '|', '\n'];

/// Parts of a list that are tried together, at most: names may have its separator.
const TOGETHER: usize = 8;

/// A part of a list, and the category it is.
type Part = (String, Option<CategoryIndex>);

/// The categories that a source gives for a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenCategories {
    /// The deepest of those that the taxonomy has, the first of several.
    pub label: CategoryIndex,
    /// The others, as they were given.
    pub others: Vec<String>,
}

impl Taxonomy {
    /// Reads what a source gives as category: an id, a path or a name
    /// ([`Self::resolve`]), or a list of them, separated by `;`, `,`, `|` or line breaks.
    /// `more` holds further ones, of which none counts if the text is one of the
    /// taxonomy as a whole.
    ///
    /// ```
    /// use assort_core::Taxonomy;
    ///
    /// let taxonomy = Taxonomy::from_paths(["Home > Pots, Pans", "Sale"])?;
    /// let given = taxonomy.read_categories("Sale, Home > Pots, Pans", &[])?;
    /// assert_eq!(taxonomy.path(given.label), "Home > Pots, Pans");
    /// assert_eq!(given.others, ["Sale"]);
    /// # Ok::<(), assort_core::TaxonomyError>(())
    /// ```
    ///
    /// # Errors
    /// That of [`Self::resolve`] for the text, if the taxonomy has none of them.
    pub fn read_categories(
        &self,
        text: &str,
        more: &[String],
    ) -> Result<GivenCategories, TaxonomyError> {
        let listed = LIST_SEPARATORS
            .into_iter()
            .filter(|list| text.contains(*list));
        let mut listed = listed.map(|list| self.read_list(text, list));
        let whole = match self.resolve(text) {
            Ok(label) if self.is_exactly(label, text) => {
                let others = Vec::new();
                return Ok(GivenCategories { label, others });
            }
            Ok(label) => {
                // A path with others before it could be one with a root of its own.
                let is_path = |parts: &Vec<Part>| {
                    let mut of_label = parts.iter().filter(|(_, found)| *found == Some(label));
                    parts.len() > 1 && of_label.any(|(text, _)| text.contains(['>', '/']))
                };
                let list = listed.find(is_path).and_then(|parts| self.deepest(parts));
                let others = Vec::new();
                return Ok(list.unwrap_or(GivenCategories { label, others }));
            }
            Err(error) => error,
        };
        let further = (!more.is_empty()).then(|| {
            let read = |text: &String| (text.clone(), self.resolve(text).ok());
            more.iter().map(read).collect::<Vec<_>>()
        });
        let mut ways = further.into_iter().chain(listed);
        ways.find_map(|parts| self.deepest(parts)).ok_or(whole)
    }

    fn is_exactly(&self, category: CategoryIndex, text: &str) -> bool {
        self.category(category).id == text || fold(&self.path(category)) == fold(text)
    }

    /// The parts of a list with the categories they are. A part takes in as many of
    /// those behind it as make a category together.
    fn read_list(&self, text: &str, separator: char) -> Vec<Part> {
        // WooCommerce writes a separator in a name behind a backslash.
        let escaped = format!("\\{separator}");
        let cuts: Vec<usize> = text
            .char_indices()
            .filter(|&(at, c)| c == separator && !text[..at].ends_with('\\'))
            .map(|(at, _)| at)
            .chain([text.len()])
            .collect();
        let mut parts = Vec::new();
        let (mut from, mut next) = (0, 0);
        while next < cuts.len() {
            // All together are no list.
            let all = usize::from(from == 0 && cuts.len() > 1);
            let reach = (cuts.len() - all).min(next + TOGETHER);
            let read = |end: usize| {
                let part = text[from..cuts[end]].trim();
                let part = part.replace(&escaped, &separator.to_string());
                let found = self.resolve(&part).ok();
                (part, found)
            };
            let found = (next..reach)
                .rev()
                .map(|end| (end, read(end)))
                .find(|(_, (_, found))| found.is_some());
            let (end, part) = found.unwrap_or_else(|| (next, read(next)));
            if !part.0.is_empty() {
                parts.push(part);
            }
            from = cuts[end] + separator.len_utf8();
            next = end + 1;
        }
        parts
    }

    fn deepest(&self, parts: Vec<Part>) -> Option<GivenCategories> {
        let known = parts
            .iter()
            .enumerate()
            .filter_map(|(at, (_, found))| Some((at, (*found)?)));
        let depth = |index: CategoryIndex| self.lineage(index).len();
        let (chosen, label) = known.reduce(|best, other| {
            if depth(other.1) > depth(best.1) {
                other
            } else {
                best
            }
        })?;
        let others = (0..)
            .zip(parts)
            .filter(|(at, _)| *at != chosen)
            .map(|(_, (text, _))| text)
            .collect();
        Some(GivenCategories { label, others })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Taxonomy {
        Taxonomy::from_paths([
            "Sale",
            "Home > Pots, Pans",
            "Home > Pots, Pans > Woks",
            "Toys",
        ])
        .unwrap()
    }

    fn read(text: &str, more: &[&str]) -> Option<(String, Vec<String>)> {
        let taxonomy = shop();
        let more: Vec<String> = more.iter().map(|&text| text.to_owned()).collect();
        let given = taxonomy.read_categories(text, &more).ok()?;
        Some((taxonomy.path(given.label), given.others))
    }

    #[test]
    fn the_deepest_of_several_is_the_label() {
        let woks = "Home > Pots, Pans > Woks";
        let told = |others: &[&str]| {
            let others = others.iter().map(|&text| text.to_owned()).collect();
            Some((woks.to_owned(), others))
        };
        assert_eq!(read(woks, &[]), told(&[]));
        assert_eq!(read("Sale; Home > Pots, Pans > Woks", &[]), told(&["Sale"]));
        assert_eq!(
            read("Home > Pots, Pans > Woks, Toys, New", &[]),
            told(&["Toys", "New"])
        );
        assert_eq!(
            read("Toys,Home > Pots\\, Pans > Woks", &[]),
            told(&["Toys"])
        );
        assert_eq!(read("Sale > Woks", &["Sale", "Woks"]), told(&["Sale"]));
        assert_eq!(read("Home;Pots, Pans;Woks", &[]), told(&[]));
    }

    #[test]
    fn what_the_taxonomy_has_none_of_is_an_error() {
        assert_eq!(read("Garden", &[]), None);
        assert_eq!(read("Garden, Lawn", &["Lawn"]), None);
        assert_eq!(read("", &[]), None);
    }
}
