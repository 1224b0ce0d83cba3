//! Which of several columns means an id, a title or a category: by their names, checked
//! by what they hold.

use assort_core::Taxonomy;

use crate::error::Unstated;
use crate::known::{is_category, share_by_name};
use crate::levels::levels;
use crate::mapping::{IdSource, Mapping};
use crate::named::Named;
use crate::names::{CATEGORY, ID, INDEX, is_correction, is_old};
use crate::refusal::Refusal;
use crate::sample::Sample;

/// Values of a column of categories that are of the taxonomy, at least, for it to be
/// taken by what it holds rather than by its name.
const OF_TAXONOMY: f64 = 0.6;

/// Fewer than these, and the categories are another taxonomy's.
const FOREIGN: f64 = 0.2;

/// A column of numbers of which fewer are ids of the taxonomy has another one's: those that
/// are the same are so by chance.
const FOREIGN_IDS: f64 = 0.5;

/// Where the category of a product stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf {
    /// The column of the category.
    pub(crate) column: Option<usize>,
    /// Those above it, where columns are the levels of a path.
    pub(crate) above: Vec<usize>,
    /// Whether it is read by paths and names alone: nobody says that ids are the
    /// taxonomy's.
    pub(crate) by_name: bool,
    /// Columns that name another category, with the number of the first rows in which
    /// they do.
    pub(crate) contradicted: Vec<(usize, u32)>,
}

impl From<Option<usize>> for Shelf {
    fn from(column: Option<usize>) -> Self {
        Self {
            column,
            ..Self::default()
        }
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

    /// Why there is no id, or, where none is there either, no id and no title, with the
    /// columns that could be the id by what they hold.
    pub(crate) fn no_id(&self, nor_title: bool) -> Refusal {
        if let Some(why) = self.no_header() {
            return why.into();
        }
        let what = match nor_title {
            true => "an id, and none like a title",
            false => "an id",
        };
        let mut message = match nor_title {
            true => self.no(what),
            false => self.named.missing(what),
        };
        if nor_title && self.named.names.len() == 1 {
            // A name would not help: the columns are not told apart.
            return message.into();
        }
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

    /// A message that no column looks like something.
    pub(crate) fn no(&self, what: &str) -> String {
        let message = self.named.missing(what);
        match self.named.names.len() {
            1 => format!(
                "{message}; there is only one column, so separate columns by tabs, commas, semicolons or pipes"
            ),
            _ => message,
        }
    }

    /// Why a file is refused whose first line looks like the others: a value with digits
    /// stands where the name of its column would.
    fn no_header(&self) -> Option<String> {
        let is_like = |at: usize| {
            let shape = shape(&self.named.names[at]);
            let has_digits = shape.contains('0') && self.sample.values(at).next().is_some();
            has_digits
                && self
                    .sample
                    .values(at)
                    .all(|value| self::shape(value) == shape)
        };
        let at = (0..self.named.names.len()).find(|&at| is_like(at))?;
        let value = &self.named.names[at];
        Some(format!(
            "the file has no header: `{value}` in its first line looks like the values under it; write a line with the names of the columns above, such as id and title"
        ))
    }

    /// The columns that are called so, corrections first.
    fn categories(&self) -> Vec<usize> {
        let all = 0..self.named.plain.len();
        let corrections = all
            .filter(|&at| is_correction(&self.named.plain[at]) && !self.named.stated.contains(&at));
        let mut columns: Vec<usize> = corrections.collect();
        for at in self.named.guessed(CATEGORY) {
            // `item.@type` is what JSON-LD calls what it has there.
            let last = self.named.names[at].rsplit('.').next();
            let is_type = last.is_some_and(|last| last.starts_with('@'));
            if !columns.contains(&at) && !is_type {
                columns.push(at);
            }
        }
        columns
    }

    /// The correction, if one is of the taxonomy; or else columns that are levels of a
    /// path; or else of the columns called so the one whose values are most often of the
    /// taxonomy; or else another column that holds its paths and names.
    pub(crate) fn category(&self, id: IdSource, title: Option<usize>) -> Result<Shelf, Refusal> {
        let called = self.categories();
        let first = called.first().copied();
        let Some(taxonomy) = self.mapping.taxonomy.as_deref() else {
            return Ok(first.into());
        };
        let mut corrections = called.iter().copied();
        let correction = corrections.find(|&at| {
            is_correction(&self.named.plain[at]) && self.is_of_taxonomy(self.known(at))
        });
        if correction.is_some() {
            return Ok(self.shelf(correction));
        }
        let named = best(called.iter().filter_map(|&at| Some((at, self.known(at)?))));
        let sure = named.filter(|(_, share)| self.is_of_taxonomy(Some(*share)));
        let others = self.others(id, title, &called);
        let mut all: Vec<usize> = called.iter().chain(&others).copied().collect();
        all.retain(|&at| !is_old(&self.named.plain[at]));
        all.sort_unstable();
        let levels = levels(taxonomy, self.sample, &all);
        if let Some((&column, above)) = levels.split_last()
            && sure.is_none_or(|(sure, _)| above.contains(&sure))
        {
            return Ok(Shelf {
                column: Some(column),
                above: above.to_vec(),
                by_name: true,
                contradicted: Vec::new(),
            });
        }
        let mut shelf = match sure {
            Some((column, _)) => self.shelf(Some(column)),
            None => {
                let shares = others
                    .iter()
                    .filter_map(|&at| Some((at, self.known_by_name(at)?)));
                match best(shares).filter(|(_, share)| self.is_of_taxonomy(Some(*share))) {
                    Some((column, _)) => Shelf {
                        by_name: true,
                        ..Some(column).into()
                    },
                    None => {
                        let some = named.filter(|(_, share)| *share > 0.0);
                        self.shelf(some.map(|(at, _)| at).or(first))
                    }
                }
            }
        };
        let rivals = match self.mapping.require_title {
            true => called,
            false => all,
        };
        self.compare(taxonomy, &mut shelf, &rivals)?;
        Ok(shelf)
    }

    fn is_of_taxonomy(&self, share: Option<f64>) -> bool {
        share.is_some_and(|share| share >= OF_TAXONOMY)
    }

    /// A column that is called so.
    fn shelf(&self, column: Option<usize>) -> Shelf {
        let is_chance = |at: usize| {
            let share = self.known(at);
            self.is_of_numbers(at) && share.is_some_and(|share| share < FOREIGN_IDS)
        };
        Shelf {
            by_name: self.sample.own_categories || column.is_some_and(is_chance),
            ..column.into()
        }
    }

    /// Columns that mean nothing yet, those of categories that were last.
    fn others(&self, id: IdSource, title: Option<usize>, called: &[usize]) -> Vec<usize> {
        let others = (0..self.named.names.len()).filter(|&at| {
            let is_used = id == IdSource::Column(at) || title == Some(at);
            let is_stated = self.named.stated.contains(&at);
            !is_used && !is_stated && !called.contains(&at) && !self.named.is_decision(at)
        });
        let (old, mut others): (Vec<usize>, Vec<usize>) =
            others.partition(|&at| is_old(&self.named.plain[at]));
        others.extend(old);
        others
    }

    /// Finds the columns that name other categories than the one that was chosen. Of
    /// labels, whose rows say nothing else, the user has to say which are right.
    fn compare(
        &self,
        taxonomy: &Taxonomy,
        shelf: &mut Shelf,
        rivals: &[usize],
    ) -> Result<(), Refusal> {
        let Some(column) = shelf.column else {
            return Ok(());
        };
        for &rival in rivals.iter().filter(|&&rival| rival != column) {
            if ![column, rival]
                .into_iter()
                .all(|at| self.is_of_taxonomy(self.known(at)))
            {
                continue;
            }
            let (others, both) = self.contradictions(taxonomy, column, rival);
            if others == 0 {
                continue;
            }
            let has_ids = self.is_of_numbers(column) || self.is_of_numbers(rival);
            if !self.mapping.require_title && !has_ids && others * 2 >= both {
                let [one, other] = [column, rival].map(|at| self.named.names[at].as_str());
                let message = format!(
                    "the columns `{one}` and `{other}` name different categories in {others} of the first {both} rows"
                );
                return Err(Refusal::until(Unstated::Category, message));
            }
            shelf.contradicted.push((rival, others));
        }
        Ok(())
    }

    /// In how many of the first rows two columns name categories that do not lie on one
    /// path, and in how many they name any.
    fn contradictions(&self, taxonomy: &Taxonomy, one: usize, other: usize) -> (u32, u32) {
        let (mut others, mut both) = (0, 0);
        for row in 0..self.sample.len() {
            let read = |at: usize| {
                let (text, more) = self.sample.readings(row, at).split_first()?;
                taxonomy
                    .read_categories(text, more)
                    .ok()
                    .map(|given| given.label)
            };
            let Some((one, other)) = read(one).zip(read(other)) else {
                continue;
            };
            both += 1;
            let is_above = |upper, lower| taxonomy.lineage(lower).contains(&upper);
            others += u32::from(one != other && !is_above(one, other) && !is_above(other, one));
        }
        (others, both)
    }

    /// Whether a column of categories holds those of another taxonomy.
    pub(crate) fn is_foreign(&self, column: usize) -> bool {
        self.categories().contains(&column)
            && self.known(column).is_some_and(|share| share < FOREIGN)
    }

    /// Whether a column has bare numbers.
    fn is_of_numbers(&self, column: usize) -> bool {
        let is_number = |value: &str| !value.chars().any(char::is_alphabetic);
        self.sample.values(column).all(is_number)
    }

    /// The part of a column's values that are categories of the taxonomy.
    fn known(&self, column: usize) -> Option<f64> {
        let taxonomy = self.mapping.taxonomy.as_deref()?;
        let is_category = |readings: &[String]| is_category(taxonomy, readings);
        self.sample.share(column, is_category)
    }

    /// The part that are so as a whole, by their paths or names.
    fn known_by_name(&self, column: usize) -> Option<f64> {
        let taxonomy = self.mapping.taxonomy.as_deref()?;
        share_by_name(taxonomy, self.sample, column)
    }
}

/// The first of those with the greatest share, where little more is no more.
fn best(shares: impl Iterator<Item = (usize, f64)>) -> Option<(usize, f64)> {
    shares.reduce(|best, other| if other.1 > best.1 + 0.05 { other } else { best })
}

/// A text with one sign for each run of digits, and one for each run of letters.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for c in text.trim().chars() {
        let kind = match c {
            c if c.is_numeric() => '0',
            c if c.is_alphabetic() => 'a',
            c => c,
        };
        if !shape.ends_with(kind) || !kind.is_alphanumeric() {
            shape.push(kind);
        }
    }
    shape
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
    fn measures_and_lists_of_names_are_no_categories() {
        // The ids of the taxonomy are its names, so that one is a number here.
        let row = |id: &str, name: &str| assort_core::CategoryRow {
            id: Some(id.to_owned()),
            place: assort_core::Place::Path(vec![name.to_owned()]),
            ..assort_core::CategoryRow::default()
        };
        let taxonomy = Taxonomy::from_rows(vec![row("1", "Hats"), row("2", "Tops")]).unwrap();
        let mapping = Mapping::default().with_taxonomy(Some(Arc::new(taxonomy)));
        let names = ["id", "title", "Gewicht", "tags"].map(str::to_owned);
        let rows = sample(&["7|Mug|1,5 kg|Hats, new", "8|Cap|2,5 kg|Tops, sale"]);
        let columns = Columns::resolve(&names, &mapping, &rows).unwrap();
        assert_eq!(columns.category(), None);
        // Numbers of which few are ids are another taxonomy's, and read by name alone.
        let names = ["id", "title", "category_id"].map(str::to_owned);
        let foreign = sample(&["7|Mug|1", "8|Cap|20", "9|Pan|30"]);
        let columns = Columns::resolve(&names, &mapping, &foreign).unwrap();
        assert!(columns.category() == Some("category_id") && columns.by_name.is_some());
        let own = sample(&["7|Mug|1", "8|Cap|2", "9|Pan|30"]);
        let columns = Columns::resolve(&names, &mapping, &own).unwrap();
        assert!(columns.by_name.is_none());
    }

    #[test]
    fn columns_that_are_levels_are_one_path() {
        let rows = ["1|Mug|Home|Kitchen|Kettles", "2|Cap|Wear|Hats|"];
        for header in [
            "id|title|category1|category2|category3",
            "id|title|L1|L2|L3",
            "id|title|一级类目|二级类目|三级类目",
        ] {
            let names: Vec<&str> = header.split('|').collect();
            let expected = format!("id=id title=title category={}", names[2..].join(" > "));
            assert_eq!(told(header, &rows, true), expected);
        }
        let rows = ["1|Mug|Home|Kettles", "2|Cap|Wear|Hats"];
        let found = told("id|title|category|subcategory", &rows, true);
        assert_eq!(found, "id=id title=title category=category > subcategory");
    }

    #[test]
    fn corrections_are_known_in_languages() {
        let rows = ["1|Mug|Hats|Kettles", "2|Cap|Kettles|Hats"];
        for (old, new) in [
            ("label", "corrected"),
            ("catégorie", "catégorie corrigée"),
            ("原类目", "正确类目"),
            ("alte_kategorie", "neue_kategorie"),
        ] {
            let found = told(&format!("id|title|{old}|{new}"), &rows, true);
            assert!(found.contains(&format!("category={new}")), "{found}");
        }
    }

    #[test]
    fn labels_that_contradict_each_other_are_refused_or_counted() {
        let labels = |header: &str, rows: &[&str]| {
            let names: Vec<String> = header.split('|').map(str::to_owned).collect();
            let mapping = Mapping::default().with_taxonomy(Some(shop()));
            let mapping = mapping.with_require_title(false);
            let columns = Columns::resolve(&names, &mapping, &sample(rows));
            columns.map_or_else(|refusal| refusal.message, |columns| columns.to_string())
        };
        let rows = ["1|Hats|Kettles", "2|Kettles|Hats"];
        assert!(labels("id|label|predicted", &rows).contains("category=label"));
        let found = labels("id|label|suggested", &rows);
        assert!(
            found.contains("`label` and `suggested` name different"),
            "{found}"
        );
        // Ids and names beside each other are counted, in the file of products too.
        let rows = ["1|Mug|1|Tops", "2|Cap|2|Tops"];
        let row = |id: &str, name: &str| assort_core::CategoryRow {
            id: Some(id.to_owned()),
            place: assort_core::Place::Path(vec![name.to_owned()]),
            ..assort_core::CategoryRow::default()
        };
        let taxonomy = Taxonomy::from_rows(vec![row("1", "Hats"), row("2", "Tops")]).unwrap();
        let mapping = Mapping::default().with_taxonomy(Some(Arc::new(taxonomy)));
        let names = ["id", "title", "category_id", "category"].map(str::to_owned);
        let columns = Columns::resolve(&names, &mapping, &sample(&rows)).unwrap();
        assert_eq!(
            columns.to_string(),
            "id=id title=title category=category_id contradicted-by=category (in 1 row) ignored=category"
        );
        // What lies above the other is no contradiction.
        let found = labels("id|label|area", &["1|Kettles|Home", "2|Hats|Wear"]);
        assert!(found.starts_with("id=id category="), "{found}");
    }

    #[test]
    fn names_in_a_language_are_the_same_names() {
        let rows = ["1|Mug|Becher|Blue.", "2|Cap|Kappe|Warm."];
        let found = told(
            "sku|name-en_US|name-de_DE|description-en_US-shop",
            &rows,
            false,
        );
        let expected = "id=sku title=name-en_US text=name-de_DE,description-en_US-shop";
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
