//! Which column of a product file means what.

use std::fmt;

use crate::error::Unstated;
use crate::names::{CATEGORY, ID, IMAGE, TEXT, TITLE, attribute, is_no_attribute, plain};
use crate::refusal::Refusal;
use crate::table::Quoting;

/// What the user says about the columns of a product file.
///
/// `None` leaves the choice to the names of the columns; an empty name, `-` or
/// an empty list means that there is none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mapping {
    /// Column of the product's own id; `#` numbers the rows from 1 instead.
    pub id: Option<String>,
    /// Column of the title.
    pub title: Option<String>,
    /// Columns of further text, joined in this order.
    pub text: Option<Vec<String>>,
    /// Columns kept as attributes; by default all that mean nothing else.
    pub attributes: Option<Vec<String>>,
    /// Column of the category: its id or its path.
    pub category: Option<String>,
    /// Column of the picture's path or URL.
    pub image: Option<String>,
    /// What quotes mean in a delimited file.
    pub quoting: Quoting,
    /// Whether every product needs a title. Files of labels do without.
    pub require_title: bool,
    /// Whether rows are updates ([`UpdateRow`](crate::UpdateRow)): they change what the file has
    /// columns for, and leave the rest of a product as it is. An empty value removes
    /// what there is, but not a title or a label. Columns of further text make the text
    /// together. In JSON Lines each object names what it changes.
    pub updates: bool,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            id: None,
            title: None,
            text: None,
            attributes: None,
            category: None,
            image: None,
            quoting: Quoting::Auto,
            require_title: true,
            updates: false,
        }
    }
}

impl Mapping {
    /// The same with another value of [`Self::id`].
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Option<String>>) -> Self {
        self.id = id.into();
        self
    }

    /// The same with another value of [`Self::title`].
    #[must_use]
    pub fn with_title(mut self, title: impl Into<Option<String>>) -> Self {
        self.title = title.into();
        self
    }

    /// The same with another value of [`Self::text`].
    #[must_use]
    pub fn with_text(mut self, text: impl Into<Option<Vec<String>>>) -> Self {
        self.text = text.into();
        self
    }

    /// The same with another value of [`Self::attributes`].
    #[must_use]
    pub fn with_attributes(mut self, attributes: impl Into<Option<Vec<String>>>) -> Self {
        self.attributes = attributes.into();
        self
    }

    /// The same with another value of [`Self::category`].
    #[must_use]
    pub fn with_category(mut self, category: impl Into<Option<String>>) -> Self {
        self.category = category.into();
        self
    }

    /// The same with another value of [`Self::image`].
    #[must_use]
    pub fn with_image(mut self, image: impl Into<Option<String>>) -> Self {
        self.image = image.into();
        self
    }

    /// The same with another value of [`Self::quoting`].
    #[must_use]
    pub fn with_quoting(mut self, quoting: Quoting) -> Self {
        self.quoting = quoting;
        self
    }

    /// The same with another value of [`Self::require_title`].
    #[must_use]
    pub fn with_require_title(mut self, require_title: bool) -> Self {
        self.require_title = require_title;
        self
    }

    /// The same with another value of [`Self::updates`].
    #[must_use]
    pub fn with_updates(mut self, updates: bool) -> Self {
        self.updates = updates;
        self
    }
}

/// Where the id of a product comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdSource {
    RowNumber,
    Column(usize),
}

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
    pub(crate) title: Option<usize>,
    pub(crate) text: Vec<usize>,
    pub(crate) category: Option<usize>,
    pub(crate) image: Option<usize>,
    pub(crate) attributes: Vec<usize>,
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

    /// Column of the category.
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
            .filter(|&at| !self.uses(at) && !self.names[at].is_empty())
            .map(|at| self.names[at].as_str())
            .collect()
    }

    fn named(&self, columns: &[usize]) -> Vec<&str> {
        columns.iter().map(|&at| self.names[at].as_str()).collect()
    }

    fn uses(&self, column: usize) -> bool {
        self.id == IdSource::Column(column)
            || [self.title, self.category, self.image].contains(&Some(column))
            || self.text.contains(&column)
            || self.attributes.contains(&column)
    }

    /// Finds what each of the columns means. A refusal is a message for the
    /// user.
    pub(crate) fn resolve(
        names: &[String],
        mapping: &Mapping,
    ) -> std::result::Result<Self, Refusal> {
        let finder = Finder::new(names, mapping);
        let id = match mapping.id.as_deref() {
            Some("#") => IdSource::RowNumber,
            stated => IdSource::Column(
                finder
                    .one(stated, ID)?
                    .ok_or_else(|| Refusal::until(Unstated::Id, finder.missing("an id")))?,
            ),
        };
        let title = finder.one(mapping.title.as_deref(), TITLE)?;
        if title.is_none() && mapping.require_title && !mapping.updates {
            return Err(Refusal::until(Unstated::Title, finder.missing("a title")));
        }
        let mut columns = Self {
            names: names.to_vec(),
            id,
            title,
            text: Vec::new(),
            category: finder.one(mapping.category.as_deref(), CATEGORY)?,
            image: finder.one(mapping.image.as_deref(), IMAGE)?,
            attributes: Vec::new(),
            open: mapping.attributes.is_none(),
        };
        columns.text = match &mapping.text {
            Some(stated) => finder.all(stated)?,
            None => columns.unused(|plain| TEXT.contains(&plain)),
        };
        columns.attributes = match &mapping.attributes {
            Some(stated) => finder.all(stated)?,
            None => columns.unused(|plain| !is_no_attribute(plain)),
        };
        if mapping.updates && !columns.say_something() {
            let there = names.join(", ");
            let message = format!(
                "no column beside the id says what changes about a product (the columns are {there})"
            );
            return Err(message.into());
        }
        Ok(columns)
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

    /// Whether there is anything but an id.
    fn say_something(&self) -> bool {
        [self.title, self.category, self.image] != [None; 3]
            || !self.text.is_empty()
            || !self.attributes.is_empty()
    }

    fn unused(&self, fits: impl Fn(&str) -> bool) -> Vec<usize> {
        (0..self.names.len())
            .filter(|&at| !self.uses(at) && fits(&plain(&self.names[at])))
            .collect()
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "id={}", self.id())?;
        let one = |name: Option<&str>| name.map(str::to_owned).unwrap_or_default();
        for (meaning, names) in [
            ("title", one(self.title())),
            ("text", self.text().join(",")),
            ("category", one(self.category())),
            ("image", one(self.image())),
            ("attributes", self.attributes().join(",")),
            ("ignored", self.ignored().join(",")),
        ] {
            if !names.is_empty() {
                write!(f, " {meaning}={names}")?;
            }
        }
        Ok(())
    }
}

struct Finder<'a> {
    names: &'a [String],
    plain: Vec<String>,
    /// Columns the user gave a meaning, which no guess may take.
    stated: Vec<usize>,
}

impl<'a> Finder<'a> {
    fn new(names: &'a [String], mapping: &Mapping) -> Self {
        let mut finder = Self {
            names,
            plain: names.iter().map(|name| plain(name)).collect(),
            stated: Vec::new(),
        };
        let single = [
            &mapping.id,
            &mapping.title,
            &mapping.category,
            &mapping.image,
        ];
        let stated = single.into_iter().flatten();
        finder.stated = stated
            .chain(mapping.text.iter().flatten())
            .filter_map(|name| finder.named(name).ok())
            .collect();
        finder
    }

    /// The stated column, or else the likeliest of the guesses.
    fn one(
        &self,
        stated: Option<&str>,
        guesses: &[&str],
    ) -> std::result::Result<Option<usize>, String> {
        match stated {
            Some("" | "-") => Ok(None),
            Some(name) => self.named(name).map(Some),
            None => Ok(guesses.iter().find_map(|guess| {
                let at = self.plain.iter().position(|name| name == guess)?;
                (!self.stated.contains(&at)).then_some(at)
            })),
        }
    }

    fn all(&self, stated: &[String]) -> std::result::Result<Vec<usize>, String> {
        stated
            .iter()
            .filter(|name| !matches!(name.as_str(), "" | "-"))
            .map(|name| self.named(name))
            .collect()
    }

    /// Position of the column of exactly or else roughly that name.
    fn named(&self, name: &str) -> std::result::Result<usize, String> {
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

    fn missing(&self, what: &str) -> String {
        let there = self.names.join(", ");
        format!("no column looks like {what} (the columns are {there})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(header: &str, mapping: &Mapping) -> std::result::Result<String, Refusal> {
        let names: Vec<_> = header.split(',').map(str::to_owned).collect();
        Columns::resolve(&names, mapping).map(|columns| columns.to_string())
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
