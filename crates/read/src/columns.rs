//! Which column of a product file means what.

use std::fmt;
use std::sync::Arc;

use assort_core::{SEPARATOR, Taxonomy};

use crate::choice::{Choice, Shelf};
use crate::error::Unstated;
use crate::mapping::{IdSource, Mapping};
use crate::missing::{are_words, is_mark, is_word};
use crate::named::Named;
use crate::names::{
    IMAGE, KIND, PARENT, TEXT, VIEW, attribute, is_no_attribute, is_of_source, plain, told_apart,
};
use crate::numbers::{Writing, writing};
use crate::records;
use crate::refusal::Refusal;
use crate::sample::Sample;
use crate::vectors::are_vectors;

/// What a key means that turns up late in a file of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Late<'k> {
    /// The category, whose column is named.
    Category(usize),
    /// An attribute of that name.
    Attribute(&'k str),
    Nothing,
}

/// The columns of a product file and what each of them means.
///
/// Displayed as `id=sku title=name attributes=brand,price`.
#[derive(Clone, Debug)]
pub struct Columns {
    pub(crate) names: Vec<String>,
    pub(crate) id: IdSource,
    /// Whether a word such as `NULL` in place of an id says that there is none.
    null_words: bool,
    pub(crate) title: Option<usize>,
    pub(crate) text: Vec<usize>,
    pub(crate) category: Option<usize>,
    /// The columns of the levels above it, where several are one path.
    pub(crate) above: Vec<usize>,
    /// The taxonomy whose ids are no categories of the column, but chance.
    pub(crate) by_name: Option<Arc<Taxonomy>>,
    /// Columns that name another category, with the number of the first rows where.
    contradicted: Vec<(usize, u32)>,
    pub(crate) image: Option<usize>,
    pub(crate) attributes: Vec<usize>,
    /// Attributes whose numbers have a decimal comma.
    pub(crate) decimal_commas: Vec<usize>,
    /// Attributes whose numbers have a decimal point, and those of which that is unclear,
    /// with the sign.
    pub(crate) decimal_points: Vec<usize>,
    pub(crate) unclear: Vec<(usize, char)>,
    /// Columns of vectors, which are no attributes.
    pub(crate) vectors: Vec<usize>,
    /// The product that a row belongs to, what kind of product it is, and the view of
    /// the shop it is for.
    pub(crate) parent: Option<usize>,
    pub(crate) kind: Option<usize>,
    pub(crate) view: Option<usize>,
    /// The column that says what a row is, where some are products and others are not.
    pub(crate) record: Option<usize>,
    /// Whether categories stand as if their cells had been merged over several rows.
    pub(crate) of_merged: bool,
    /// Whether keys that turn up later are attributes, too.
    pub(crate) open: bool,
}

impl Columns {
    /// Column of the id, `#` if the rows are numbered instead.
    pub fn id(&self) -> &str {
        match self.id {
            IdSource::RowNumber => "#",
            IdSource::Column(at) => &self.names[at],
        }
    }

    /// Column of the title.
    pub fn title(&self) -> Option<&str> {
        self.title.map(|at| self.names[at].as_str())
    }

    /// Columns of further text.
    pub fn text(&self) -> Vec<&str> {
        self.named(&self.text)
    }

    /// Column of the category, the deepest where several are the levels of one path.
    pub fn category(&self) -> Option<&str> {
        self.category.map(|at| self.names[at].as_str())
    }

    /// Column of the picture.
    pub fn image(&self) -> Option<&str> {
        self.image.map(|at| self.names[at].as_str())
    }

    /// Columns kept as attributes.
    pub fn attributes(&self) -> Vec<&str> {
        self.named(&self.attributes)
    }

    /// Columns that are not used.
    pub fn ignored(&self) -> Vec<&str> {
        (0..self.names.len())
            .filter(|&at| !self.uses(at) && !self.vectors.contains(&at))
            .filter(|&at| !self.names[at].is_empty())
            .map(|at| self.names[at].as_str())
            .collect()
    }

    fn named(&self, columns: &[usize]) -> Vec<&str> {
        columns.iter().map(|&at| self.names[at].as_str()).collect()
    }

    fn uses(&self, column: usize) -> bool {
        self.id == IdSource::Column(column)
            || [self.title, self.category, self.image].contains(&Some(column))
            || self.above.contains(&column)
            || self.text.contains(&column)
            || self.attributes.contains(&column)
    }

    /// Whether products are made with a column.
    #[cfg(feature = "parquet")]
    pub(crate) fn needs(&self, column: usize) -> bool {
        self.uses(column)
            || [self.parent, self.kind, self.view, self.record].contains(&Some(column))
    }

    /// Columns of vectors, each a long list of numbers, which are left out.
    pub fn vectors(&self) -> Vec<&str> {
        self.named(&self.vectors)
    }

    /// Columns whose numbers have a decimal comma, and get a point.
    pub fn decimal_commas(&self) -> Vec<&str> {
        self.named(&self.decimal_commas)
    }

    /// Columns whose numbers could have a decimal point (`true`) or comma, or separated
    /// thousands: each with a sign has one before three digits. The point is taken for a
    /// decimal one, the comma for one that separates thousands.
    pub fn unclear_numbers(&self) -> Vec<(&str, bool)> {
        let told = self.unclear.iter();
        told.map(|&(at, sign)| (self.names[at].as_str(), sign == '.'))
            .collect()
    }

    /// Finds what each of the columns means, by their names and by the first rows. A
    /// refusal is a message for the user.
    pub(crate) fn resolve(
        names: &[String],
        mapping: &Mapping,
        sample: &Sample,
    ) -> std::result::Result<Self, Refusal> {
        let names = &with_numbers(names, sample);
        let named = Named::new(names, mapping);
        let choice = Choice::new(&named, mapping, sample);
        let view = named.guessed(VIEW).next();
        let title = match mapping.title.as_deref() {
            Some(stated) => named.stated(stated)?,
            None => choice.title(),
        };
        let needs_title = title.is_none() && mapping.require_title && !mapping.updates;
        let id = match mapping.id.as_deref() {
            Some("#") => IdSource::RowNumber,
            Some(stated) => {
                let found = named.stated(stated)?;
                IdSource::Column(found.ok_or_else(|| choice.no_id(false))?)
            }
            None => {
                let found = choice.id(title, view);
                IdSource::Column(found.ok_or_else(|| choice.no_id(needs_title))?)
            }
        };
        if let IdSource::Column(at) = id {
            choice.check_ids(at)?;
        }
        if needs_title {
            return Err(Refusal::until(Unstated::Title, choice.no("a title")));
        }
        let shelf = match mapping.category.as_deref() {
            Some(stated) => Shelf {
                by_name: sample.own_categories,
                ..named.stated(stated)?.into()
            },
            None => choice.category(id, title)?,
        };
        let image = match mapping.image.as_deref() {
            Some(stated) => named.stated(stated)?,
            None => named.guessed(IMAGE).next(),
        };
        let mut columns = Self {
            names: names.to_vec(),
            id,
            null_words: matches!(id, IdSource::Column(at) if are_words(&sample.values(at).collect::<Vec<_>>())),
            title,
            text: Vec::new(),
            category: shelf.column,
            above: shelf.above,
            by_name: mapping.taxonomy.clone().filter(|_| shelf.by_name),
            contradicted: shelf.contradicted,
            image,
            attributes: Vec::new(),
            decimal_commas: Vec::new(),
            decimal_points: Vec::new(),
            unclear: Vec::new(),
            vectors: Vec::new(),
            parent: None,
            kind: None,
            view: None,
            record: records::column(&named, sample),
            // Somebody who merges cells puts what they group before it.
            of_merged: shelf
                .column
                .is_some_and(|at| title.is_some_and(|title| at < title) && sample.is_of_merged(at)),
            open: mapping.attributes.is_none(),
        };
        columns.text = match &mapping.text {
            Some(stated) => named.all(stated)?,
            None => columns.unused(|at, _| named.is_any(at, TEXT)),
        };
        columns.attributes = match &mapping.attributes {
            Some(stated) => named.all(stated)?,
            None => columns.unused(|at, plain| {
                let is_attribute =
                    !is_no_attribute(plain) || is_of_source(plain) || choice.is_foreign(at);
                is_attribute && sample.keys != Some(at)
            }),
        };
        if columns.open {
            let is_vector = |&at: &usize| are_vectors(sample.values(at));
            columns.vectors = columns
                .attributes
                .extract_if(.., |at| is_vector(at))
                .collect();
        }
        columns.find_writing(mapping.decimal_commas.as_deref(), &named, sample)?;
        if mapping.joins() {
            columns.parent = named.guessed(PARENT).next();
            columns.kind = named.guessed(KIND).next();
            columns.view = view;
        }
        if mapping.updates && !columns.say_something() {
            let there = names.join(", ");
            let message = format!(
                "no column beside the id says what changes about a product (the columns are {there})"
            );
            return Err(message.into());
        }
        Ok(columns)
    }

    /// Finds how the numbers of attributes are written; `stated` are columns with decimal
    /// commas, beside which there are none.
    fn find_writing(
        &mut self,
        stated: Option<&[String]>,
        named: &Named<'_>,
        sample: &Sample,
    ) -> std::result::Result<(), Refusal> {
        let stated = stated.map(|stated| named.all(stated)).transpose()?;
        for &at in &self.attributes {
            match (writing(sample.values(at)), &stated) {
                (_, Some(stated)) if stated.contains(&at) => self.decimal_commas.push(at),
                (Writing::Comma, None) => self.decimal_commas.push(at),
                (Writing::Point, _) => self.decimal_points.push(at),
                (Writing::Unclear(sign), None) => self.unclear.push((at, sign)),
                _ => {}
            }
        }
        Ok(())
    }

    /// What a key of an object means that the first objects did not have.
    pub(crate) fn meaning_of_late<'k>(&self, key: &'k str) -> Late<'k> {
        let category = self.category.filter(|&at| {
            // The first objects had none in place of an object.
            key.strip_prefix(self.names[at].as_str()) == Some(".id")
        });
        match category {
            Some(at) => Late::Category(at),
            None if self.open && !is_no_attribute(&plain(key)) => Late::Attribute(attribute(key)),
            None => Late::Nothing,
        }
    }

    /// Whether what stands in place of an id says that there is none.
    pub(crate) fn is_missing(&self, id: &str) -> bool {
        is_mark(id) || (self.null_words && is_word(id))
    }

    /// The column of the category with those above it, for messages.
    fn shelf(&self) -> String {
        let columns = self.above.iter().copied().chain(self.category);
        let columns: Vec<usize> = columns.collect();
        self.named(&columns).join(SEPARATOR)
    }

    /// Columns that name other categories than that of the category, with the number of
    /// the first rows in which they do: `label (in 3 rows)`.
    fn contradicted(&self) -> String {
        let told = self.contradicted.iter().map(|(at, rows)| {
            let plural = if *rows == 1 { "row" } else { "rows" };
            format!("{} (in {rows} {plural})", self.names[*at])
        });
        told.collect::<Vec<_>>().join(",")
    }

    /// Whether there is anything but an id.
    fn say_something(&self) -> bool {
        [self.title, self.category, self.image] != [None; 3]
            || !self.text.is_empty()
            || !self.attributes.is_empty()
    }

    fn unused(&self, fits: impl Fn(usize, &str) -> bool) -> Vec<usize> {
        (0..self.names.len())
            .filter(|&at| !self.uses(at) && fits(at, &plain(&self.names[at])))
            .filter(|&at| !self.names[at].is_empty())
            .collect()
    }
}

/// The names, where a column without one that holds something gets its number: `column 3`.
/// One that only counts the rows, as pandas writes it, says nothing.
fn with_numbers(names: &[String], sample: &Sample) -> Vec<String> {
    let counts = |at: usize, from: usize| {
        let is_next = |row: usize| sample.value(row, at) == (row + from).to_string();
        (0..sample.len()).all(is_next)
    };
    let named = names.iter().enumerate().map(|(at, name)| {
        let says = sample.values(at).next().is_some() && !counts(at, 0) && !counts(at, 1);
        match name.is_empty() && says {
            true => format!("column {}", at + 1),
            false => name.clone(),
        }
    });
    told_apart(&named.collect::<Vec<_>>())
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "id={}", self.id())?;
        let one = |name: Option<&str>| name.map(str::to_owned).unwrap_or_default();
        for (meaning, names) in [
            ("title", one(self.title())),
            ("text", self.text().join(",")),
            ("category", self.shelf()),
            ("contradicted-by", self.contradicted()),
            ("image", one(self.image())),
            ("attributes", self.attributes().join(",")),
            ("ignored", self.ignored().join(",")),
            ("left-out-vectors", self.vectors().join(",")),
            ("decimal-comma", self.decimal_commas().join(",")),
        ] {
            if !names.is_empty() {
                write!(f, " {meaning}={names}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::tests::sample;

    fn resolve(header: &str, mapping: &Mapping) -> std::result::Result<String, Refusal> {
        let names: Vec<_> = header.split(',').map(str::to_owned).collect();
        let sample = Sample::default();
        Columns::resolve(&names, mapping, &sample).map(|columns| columns.to_string())
    }

    fn guess(header: &str) -> String {
        resolve(header, &Mapping::default()).unwrap()
    }

    fn some(name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    #[test]
    fn usual_headers_are_understood() {
        assert_eq!(
            guess("id,title,description,brand,price"),
            "id=id title=title text=description attributes=brand,price"
        );
        assert_eq!(
            guess("Product ID,Product-Name,Body (HTML),Product_Type,Image Src,Vendor"),
            "id=Product ID title=Product-Name text=Body (HTML) category=Product_Type image=Image Src attributes=Vendor"
        );
        assert_eq!(
            guess("商品编号,商品名称,描述,类目,图片,品牌"),
            "id=商品编号 title=商品名称 text=描述 category=类目 image=图片 attributes=品牌"
        );
        assert_eq!(
            guess("asin,name,summary,text,gtin"),
            "id=asin title=name text=summary,text attributes=gtin"
        );
    }

    #[test]
    fn columns_without_a_name_are_told_by_their_number() {
        let names = ["", "id", "title", ""].map(str::to_owned);
        let rows = sample(&["0|7|Mug|red", "1|8|Pan|blue"]);
        let columns = Columns::resolve(&names, &Mapping::default(), &rows).unwrap();
        assert_eq!(columns.to_string(), "id=id title=title attributes=column 4");
    }

    #[test]
    fn what_a_file_without_names_lacks_is_said() {
        let refused = |header: &str, rows: &[&str]| {
            let names: Vec<_> = header.split('|').map(str::to_owned).collect();
            let columns = Columns::resolve(&names, &Mapping::default(), &sample(rows));
            columns.unwrap_err()
        };
        let both = refused("price|stock", &["1|2"]);
        assert!(
            both.message
                .starts_with("no column looks like an id, and none like a title")
        );
        assert_eq!(both.unstated, Some(Unstated::Id));
        let headless = refused("101|Pan", &["102|Pot", "103|Lid"]);
        assert!(
            headless.message.contains("the file has no header"),
            "{headless:?}"
        );
        assert_eq!(headless.unstated, None);
        let single = refused("id/title", &["1/Pan", "2/Pot"]);
        assert!(single.message.contains("only one column"), "{single:?}");
        assert_eq!(single.unstated, None);
    }

    #[test]
    fn names_of_platforms_and_languages_are_known() {
        for (header, id, title) in [
            ("Nr,Listing Title", "Nr", "Listing Title"),
            ("No.,ItemDescription", "No.", "ItemDescription"),
            ("barcode,offer_name", "barcode", "offer_name"),
            ("Код товара,Название", "Код товара", "Название"),
            ("Kod produktu,Nazwa", "Kod produktu", "Nazwa"),
            ("รหัสสินค้า,title", "รหัสสินค้า", "title"),
            ("رقم المنتج,title", "رقم المنتج", "title"),
            ("SKU编码,标题", "SKU编码", "标题"),
            ("Código,Descripción", "Código", "Descripción"),
            ("商家编码,数字ID,宝贝名称", "数字ID", "宝贝名称"),
            ("URL handle,Title,SKU", "URL handle", "Title"),
        ] {
            let found = guess(header);
            assert!(
                found.starts_with(&format!("id={id} title={title}")),
                "{found}"
            );
        }
        let found = guess("id,title,descripción");
        assert_eq!(found, "id=id title=title text=descripción");
    }

    #[test]
    fn a_second_category_column_is_no_attribute() {
        assert_eq!(
            guess("id,title,category,category_id"),
            "id=id title=title category=category_id ignored=category"
        );
        let none = Mapping {
            category: some("-"),
            ..Mapping::default()
        };
        assert_eq!(
            resolve("id,title,category", &none).unwrap(),
            "id=id title=title ignored=category"
        );
    }

    #[test]
    fn stated_columns_win_over_guesses() {
        let stated = Mapping {
            id: some("CODE"),
            title: some("label"),
            text: Some(Vec::new()),
            attributes: Some(vec!["label".to_owned(), "id".to_owned()]),
            ..Mapping::default()
        };
        assert_eq!(
            resolve("id,code,label,description", &stated).unwrap(),
            "id=code title=label attributes=label,id ignored=description"
        );
    }

    #[test]
    fn missing_columns_are_named_with_those_there_are() {
        let wrong = Mapping {
            category: some("kind"),
            ..Mapping::default()
        };
        assert_eq!(
            resolve("id,title", &wrong).unwrap_err().message,
            "there is no column `kind`; the columns are id, title"
        );
        let no_id = resolve("title,price", &Mapping::default()).unwrap_err();
        assert_eq!(no_id.unstated, Some(Unstated::Id));
        let no_title = resolve("id,price", &Mapping::default()).unwrap_err();
        assert_eq!(no_title.unstated, Some(Unstated::Title));
    }

    #[test]
    fn rows_can_be_numbered_and_labels_go_without_titles() {
        let labels = Mapping {
            id: some("#"),
            require_title: false,
            ..Mapping::default()
        };
        assert_eq!(resolve("label", &labels).unwrap(), "id=# category=label");
    }
}
