//! Which of several columns means an id, a title or a category: by their names, checked
//! by what they hold.

use assort_core::Taxonomy;

use crate::error::Unstated;
use crate::language::without_language;
use crate::mapping::{IdSource, Mapping};
use crate::names::{CATEGORY, ID, INDEX, TITLE, is_decision, plain};
use crate::refusal::Refusal;
use crate::sample::Sample;

/// Values of a column of categories that are of the taxonomy, at least, for it to be
/// taken by what it holds rather than by its name.
const OF_TAXONOMY: f64 = 0.6;

/// Fewer than these, and the categories are another taxonomy's.
const FOREIGN: f64 = 0.2;

/// The columns by their names.
pub(crate) struct Named<'a> {
    names: &'a [String],
    plain: Vec<String>,
    /// The same without the language that a name ends in (`name-en_US`), where it does.
    stems: Vec<Option<String>>,
    /// Columns the user gave a meaning, which no guess may take.
    stated: Vec<usize>,
}

impl<'a> Named<'a> {
    pub(crate) fn new(names: &'a [String], mapping: &Mapping) -> Self {
        let mut named = Self {
            names,
            plain: names.iter().map(|name| plain(name)).collect(),
            stems: names
                .iter()
                .map(|name| without_language(name).map(plain))
                .collect(),
            stated: Vec::new(),
        };
        let single = [
            &mapping.id,
            &mapping.title,
            &mapping.category,
            &mapping.image,
        ];
        let stated = single.into_iter().flatten();
        named.stated = stated
            .chain(mapping.text.iter().flatten())
            .filter_map(|name| named.named(name).ok())
            .collect();
        named
    }

    /// Columns of such names that nobody gave another meaning, the likeliest first, and
    /// then those that are called so in a language.
    pub(crate) fn guessed(
        &self,
        guesses: &'static [&'static str],
    ) -> impl Iterator<Item = usize> + Clone {
        let of = |guesses: &'static [&'static str], is: fn(&Self, usize, &str) -> bool| {
            guesses.iter().flat_map(move |guess| {
                let columns = 0..self.plain.len();
                columns.filter(move |&at| is(self, at, guess))
            })
        };
        let own = of(guesses, |named, at, guess| named.plain[at] == guess);
        let stem = of(guesses, |named, at, guess| {
            named.stems[at].as_deref() == Some(guess)
        });
        own.chain(stem).filter(|at| !self.stated.contains(at))
    }

    /// Whether the column is called so, perhaps in a language.
    pub(crate) fn is_any(&self, column: usize, names: &[&str]) -> bool {
        let stem = self.stems[column].as_deref();
        let mut own = std::iter::once(self.plain[column].as_str()).chain(stem);
        own.any(|name| names.contains(&name))
    }

    fn is_decision(&self, column: usize) -> bool {
        is_decision(&self.plain[column])
    }

    /// The column of a stated name; none for an empty one.
    pub(crate) fn stated(&self, name: &str) -> Result<Option<usize>, String> {
        match name {
            "" | "-" => Ok(None),
            name => self.named(name).map(Some),
        }
    }

    pub(crate) fn all(&self, stated: &[String]) -> Result<Vec<usize>, String> {
        let columns = stated.iter().map(|name| self.stated(name));
        columns.filter_map(Result::transpose).collect()
    }

    /// Position of the column of exactly or else roughly that name.
    fn named(&self, name: &str) -> Result<usize, String> {
        let exact = self.names.iter().position(|known| known == name.trim());
        let similar = || {
            let wanted = plain(name);
            self.plain.iter().position(|known| *known == wanted)
        };
        exact.or_else(similar).ok_or_else(|| {
            let there = self.names.join(", ");
            format!("there is no column `{name}`; the columns are {there}")
        })
    }

    pub(crate) fn missing(&self, what: &str) -> String {
        let there = self.names.join(", ");
        format!("no column looks like {what} (the columns are {there})")
    }
}

/// Chooses among columns by what they hold.
pub(crate) struct Choice<'a> {
    named: &'a Named<'a>,
    mapping: &'a Mapping,
    sample: &'a Sample,
}

impl<'a> Choice<'a> {
    pub(crate) fn new(named: &'a Named<'a>, mapping: &'a Mapping, sample: &'a Sample) -> Self {
        Self {
            named,
            mapping,
            sample,
        }
    }

    /// The first column of such a name whose values are texts in half of the rows, or
    /// else the first of such a name.
    pub(crate) fn title(&self) -> Option<usize> {
        let mut candidates = self.named.guessed(TITLE);
        let is_text = |value: &str| value.chars().any(char::is_alphabetic) && !is_url(value);
        let fits = |column: &usize| {
            let texts = self.sample.values(*column).filter(|value| is_text(value));
            texts.count() * 2 >= self.sample.len()
        };
        let first = self.named.guessed(TITLE).next();
        candidates.find(fits).or(first)
    }

    /// The first column of such a name that has another value in each row, but for rows
    /// that go on with the product of the row before; or else the keys by which rows
    /// stand; or else the first of such a name.
    pub(crate) fn id(&self, title: Option<usize>, view: Option<usize>) -> Option<usize> {
        let mut candidates = self.named.guessed(ID);
        let is_key = |&column: &usize| {
            let goes_on = |row: usize| {
                let own = self.sample.value(row, column);
                let before = row.checked_sub(1).map(|row| self.sample.value(row, column));
                let has = |column: Option<usize>| {
                    column.is_some_and(|column| !self.sample.value(row, column).is_empty())
                };
                self.mapping.joins() && before == Some(own) && (!has(title) || has(view))
            };
            self.sample.is_key(column, |row| !goes_on(row))
        };
        let first = self.named.guessed(ID).next();
        candidates
            .find(is_key)
            .or(self.sample.keys)
            .or(first)
            .or_else(|| self.index().filter(is_key))
    }

    /// The index of a table by pandas, if it is of names and not of numbers, which only
    /// count the rows.
    fn index(&self) -> Option<usize> {
        let at = self.named.plain.iter().position(|name| name == INDEX)?;
        let is_name = |value: &str| !value.bytes().all(|byte| byte.is_ascii_digit());
        self.sample.values(at).all(is_name).then_some(at)
    }

    /// Why there is no id, with the columns that could be it by what they hold.
    pub(crate) fn no_id(&self) -> Refusal {
        let mut message = self.named.missing("an id");
        let is_short = |column: usize| self.sample.values(column).all(|id| id.len() <= 64);
        let keys: Vec<String> = (0..self.named.names.len())
            .filter(|&column| self.sample.len() > 1 && self.sample.is_key(column, |_| true))
            .filter(|&column| is_short(column) && !self.named.names[column].is_empty())
            .map(|column| format!("`{}`", self.named.names[column]))
            .collect();
        if !keys.is_empty() {
            let keys = keys.join(", ");
            message.push_str(&format!("; no value comes twice in {keys}"));
        }
        Refusal::until(Unstated::Id, message)
    }

    /// Of the columns of such names the one whose values are most often of the taxonomy,
    /// or else another column that holds its paths and names.
    pub(crate) fn category(
        &self,
        id: IdSource,
        title: Option<usize>,
    ) -> Result<Option<usize>, Refusal> {
        let candidates: Vec<usize> = self.named.guessed(CATEGORY).collect();
        let first = candidates.first().copied();
        if self.mapping.taxonomy.is_none() {
            return Ok(first);
        }
        let named = best(
            candidates
                .iter()
                .filter_map(|&at| Some((at, self.known(at, true)?))),
        );
        if let Some((column, share)) = named
            && share >= OF_TAXONOMY
        {
            return Ok(Some(column));
        }
        let others = (0..self.named.names.len()).filter(|&at| {
            let is_used = id == IdSource::Column(at) || title == Some(at);
            let is_stated = self.named.stated.contains(&at);
            !is_used && !is_stated && !candidates.contains(&at) && !self.named.is_decision(at)
        });
        let others = others.filter_map(|at| Some((at, self.known(at, false)?)));
        match best(others) {
            Some((column, share)) if share >= OF_TAXONOMY => Ok(Some(column)),
            _ => Ok(named
                .filter(|(_, share)| *share > 0.0)
                .map(|(at, _)| at)
                .or(first)),
        }
    }

    /// Whether a column of categories holds those of another taxonomy.
    pub(crate) fn is_foreign(&self, column: usize) -> bool {
        let is_candidate = self.named.guessed(CATEGORY).any(|at| at == column);
        is_candidate
            && self
                .known(column, true)
                .is_some_and(|share| share < FOREIGN)
    }

    /// The part of a column's values that are categories of the taxonomy; without `ids`,
    /// only by path or name.
    fn known(&self, column: usize, ids: bool) -> Option<f64> {
        let taxonomy = self.mapping.taxonomy.as_deref()?;
        self.sample.share(column, |readings| {
            is_category(taxonomy, readings) && (ids || has_letters(readings))
        })
    }
}

/// The first of those with the greatest share, where little more is no more.
fn best(shares: impl Iterator<Item = (usize, f64)>) -> Option<(usize, f64)> {
    shares.reduce(|best, other| if other.1 > best.1 + 0.05 { other } else { best })
}

fn is_category(taxonomy: &Taxonomy, readings: &[String]) -> bool {
    let Some((text, more)) = readings.split_first() else {
        return false;
    };
    taxonomy.read_categories(text, more).is_ok()
}

fn has_letters(readings: &[String]) -> bool {
    let letters = |text: &String| text.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    readings.first().is_some_and(letters)
}

fn is_url(value: &str) -> bool {
    value.starts_with("http://") || value.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::columns::Columns;
    use crate::sample::tests::sample;

    fn shop() -> Arc<Taxonomy> {
        let paths = ["Home > Kitchen > Kettles", "Home > Garden", "Wear > Hats"];
        Arc::new(Taxonomy::from_paths(paths).unwrap())
    }

    /// What columns are taken for, of rows whose cells are separated by `|`.
    fn told(header: &str, rows: &[&str], taxonomy: bool) -> String {
        let names: Vec<String> = header.split('|').map(str::to_owned).collect();
        let mapping = Mapping::default().with_taxonomy(taxonomy.then(shop));
        Columns::resolve(&names, &mapping, &sample(rows))
            .unwrap()
            .to_string()
    }

    #[test]
    fn an_id_that_repeats_gives_way_to_one_that_does_not() {
        let rows = ["Pan|P1|new|G7", "Pan|P1|used|G8"];
        assert_eq!(
            told("name|product-id|state|seller-sku", &rows, false),
            "id=seller-sku title=name attributes=product-id,state"
        );
        // Rows of one product repeat its id, without its title.
        let variants = ["mug|Mug|M-1", "mug||M-2", "pot|Pot|P-1"];
        let found = told("Handle|Title|Variant SKU", &variants, false);
        assert_eq!(found, "id=Handle title=Title attributes=Variant SKU");
    }

    #[test]
    fn the_category_is_where_the_taxonomy_is() {
        let rows = ["1|Mug|Cups > All|Kettles", "2|Cap|Caps|Wear > Hats"];
        let found = told("id|title|product_type|google_product_category", &rows, true);
        let expected = "id=id title=title category=google_product_category attributes=product_type";
        assert_eq!(found, expected);
        let found = told("id|title|product_type|shelf", &rows, true);
        assert_eq!(
            found,
            "id=id title=title category=shelf attributes=product_type"
        );
        let found = told("id|title|product_type|decision_category", &rows, true);
        assert_eq!(
            found,
            "id=id title=title category=product_type ignored=decision_category"
        );
    }

    #[test]
    fn what_a_source_calls_the_category_is_kept_beside_it() {
        let rows = ["1|Mug|Kitchen|Kettles", "2|Cap|Wear|Hats"];
        let found = told("id|title|source_category|category", &rows, true);
        assert_eq!(
            found,
            "id=id title=title category=category attributes=source_category"
        );
    }

    #[test]
    fn corrections_stand_before_what_they_correct() {
        let rows = ["1|Mug|Hats|Kettles", "2|Cap|Kettles|Hats"];
        let found = told("id|title|category|correct_category", &rows, true);
        assert_eq!(
            found,
            "id=id title=title category=correct_category ignored=category"
        );
    }

    #[test]
    fn names_in_a_language_are_the_same_names() {
        let rows = ["1|Mug|Becher|Blue.", "2|Cap|Kappe|Warm."];
        let found = told(
            "sku|name-en_US|name-de_DE|description-en_US-shop",
            &rows,
            false,
        );
        let expected = "id=sku title=name-en_US text=description-en_US-shop attributes=name-de_DE";
        assert_eq!(found, expected);
    }

    #[test]
    fn without_an_id_columns_that_could_be_it_are_named() {
        let names = ["title", "Lager"].map(str::to_owned);
        let rows = sample(&["Mug|A1", "Mug|A2"]);
        let refusal = Columns::resolve(&names, &Mapping::default(), &rows).unwrap_err();
        assert!(
            refusal.message.ends_with("no value comes twice in `Lager`"),
            "{refusal:?}"
        );
    }
}
