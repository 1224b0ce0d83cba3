//! Rows of a taxonomy file before the separator of their paths is known.

use std::collections::{BTreeSet, HashMap, HashSet};

use assort_core::{CategoryRow, Place, clean};

use crate::Result;

use crate::category_columns::Role;
use crate::input::wrong;
use crate::separator::{detect, segments, split};

/// A value as the file gives it.
#[derive(Clone, Debug)]
pub(crate) enum Raw {
    /// A text, for a path yet to be split.
    Text(String),
    /// A list, for a path split already.
    List(Vec<String>),
}

impl Raw {
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::List(parts) => parts.is_empty(),
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_str()),
            Self::List(_) => None,
        }
    }

    /// The value as several texts, a single one cut at `|` if `cut` says so.
    fn texts(self, cut: bool) -> Vec<String> {
        let texts: Vec<String> = match self {
            Self::List(texts) => texts.iter().map(|text| clean(text)).collect(),
            Self::Text(text) if cut => text.split('|').map(clean).collect(),
            Self::Text(text) => vec![clean(&text)],
        };
        texts.into_iter().filter(|text| !text.is_empty()).collect()
    }

    /// The names of a path.
    fn names(&self, separator: Option<&str>) -> std::result::Result<Vec<String>, String> {
        match self {
            Self::Text(text) => split(text, separator),
            Self::List(parts) => segments(parts.iter().map(String::as_str), &parts.join(" > ")),
        }
    }
}

/// One row of a taxonomy file.
#[derive(Debug, Default)]
pub(crate) struct TaxonomyRow {
    line: u64,
    id: Option<String>,
    parent: Option<String>,
    main: Option<Raw>,
    descriptions: Vec<String>,
    aliases: Vec<String>,
    examples: Vec<String>,
    /// Language, whether it is a path or a name, and the path or name.
    translations: Vec<(String, bool, Raw)>,
}

impl TaxonomyRow {
    pub(crate) fn new(line: u64) -> Self {
        Self {
            line,
            ..Self::default()
        }
    }

    /// Takes the value of one column.
    pub(crate) fn put(&mut self, role: &Role, value: Raw) {
        if value.is_empty() {
            return;
        }
        match role {
            Role::Id => self.id = value.text().map(|id| id.trim().to_owned()),
            Role::Parent => self.parent = value.text().map(|id| id.trim().to_owned()),
            Role::Main => self.main = Some(value),
            Role::Descriptions => self.descriptions.extend(value.texts(false)),
            Role::Aliases => self.aliases.extend(value.texts(true)),
            Role::Examples => self.examples.extend(value.texts(true)),
            Role::Translation { language, path } => {
                self.translations.push((language.clone(), *path, value));
            }
            Role::Ignored => {}
        }
    }
}

/// All rows of a file, to be finished together.
#[derive(Debug)]
pub(crate) struct TaxonomyRows {
    /// The file, for messages.
    pub(crate) file: String,
    /// Whether rows name their parent instead of holding a path.
    pub(crate) child: bool,
    pub(crate) rows: Vec<TaxonomyRow>,
}

impl TaxonomyRows {
    /// Splits the paths by the stated separator or the one they seem to use.
    /// Returns the rows and, for messages, how they make a tree.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) with the line if a path is missing or has an empty
    /// segment.
    pub(crate) fn finish(self, stated: Option<&str>) -> Result<(Vec<CategoryRow>, String)> {
        if self.rows.is_empty() {
            return Err(wrong(&self.file, None, "the file has no categories"));
        }
        let separators = self.separators(stated);
        let shape = self.shape(separators.main.as_deref());
        let ids: HashSet<String> = if self.child {
            self.rows.iter().filter_map(|row| row.id.clone()).collect()
        } else {
            HashSet::new()
        };
        let mut rows = Vec::with_capacity(self.rows.len());
        for draft in self.rows {
            let line = draft.line;
            let row = if self.child {
                child(draft, &ids, &separators)
            } else {
                on_path(draft, &separators)
            };
            rows.push(row.map_err(|message| wrong(&self.file, Some(line), message))?);
        }
        Ok((rows, shape))
    }

    fn shape(&self, separator: Option<&str>) -> String {
        let listed = |row: &TaxonomyRow| matches!(row.main, Some(Raw::List(_)));
        match separator {
            _ if self.child => "by parent".to_owned(),
            _ if self.rows.iter().all(listed) => "paths as arrays".to_owned(),
            Some(separator) => format!("separator `{separator}`"),
            None => "a single level".to_owned(),
        }
    }

    fn separators(&self, stated: Option<&str>) -> Separators {
        let main = if self.child {
            None
        } else {
            let paths = self.rows.iter().filter_map(|row| row.main.as_ref()?.text());
            stated.or_else(|| detect(paths)).map(str::to_owned)
        };
        let languages: BTreeSet<&str> = self
            .rows
            .iter()
            .flat_map(|row| &row.translations)
            .filter(|(_, path, _)| *path)
            .map(|(language, ..)| language.as_str())
            .collect();
        let translations = languages.into_iter().map(|language| {
            let paths = self
                .rows
                .iter()
                .flat_map(|row| &row.translations)
                .filter(move |(of, ..)| of == language)
                .filter_map(|(_, _, raw)| raw.text());
            // A translation goes by the separator of the original if it can.
            let same = main
                .as_deref()
                .filter(|main| stated.is_some() || paths.clone().any(|path| path.contains(main)));
            let separator = same.or_else(|| detect(paths)).map(str::to_owned);
            (language.to_owned(), separator)
        });
        let translations = translations.collect();
        Separators { main, translations }
    }
}

struct Separators {
    main: Option<String>,
    translations: HashMap<String, Option<String>>,
}

impl Separators {
    fn translated(
        &self,
        translations: Vec<(String, bool, Raw)>,
    ) -> std::result::Result<Vec<(String, Vec<String>)>, String> {
        let names = |(language, path, raw): (String, bool, Raw)| {
            let separator = self.translations.get(&language);
            let separator = separator.filter(|_| path).and_then(Option::as_deref);
            let names = raw.names(separator)?;
            Ok((language, names))
        };
        translations.into_iter().map(names).collect()
    }
}

fn on_path(
    draft: TaxonomyRow,
    separators: &Separators,
) -> std::result::Result<CategoryRow, String> {
    let path = draft.main.as_ref().ok_or("the row has no path")?;
    let names = path.names(separators.main.as_deref())?;
    row(draft, Place::Path(names), separators)
}

fn child(
    draft: TaxonomyRow,
    ids: &HashSet<String>,
    separators: &Separators,
) -> std::result::Result<CategoryRow, String> {
    let name = draft.main.as_ref().and_then(Raw::text).map(clean);
    let name = name.filter(|name| !name.is_empty());
    let name = name.ok_or("the row has no name")?;
    if draft.id.is_none() {
        return Err("the row has no id".to_owned());
    }
    // Databases mark a root by a parent that no row is.
    let marks_root = |id: &String| {
        let marks = ["0", "-1", "null", "none"];
        marks.contains(&id.to_lowercase().as_str()) && !ids.contains(id)
    };
    let parent = draft.parent.clone().filter(|id| !marks_root(id));
    row(draft, Place::Child { parent, name }, separators)
}

fn row(
    draft: TaxonomyRow,
    place: Place,
    separators: &Separators,
) -> std::result::Result<CategoryRow, String> {
    Ok(CategoryRow {
        line: draft.line,
        id: draft.id,
        place,
        descriptions: draft.descriptions,
        aliases: draft.aliases,
        examples: draft.examples,
        translations: separators.translated(draft.translations)?,
    })
}
