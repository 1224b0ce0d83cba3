//! Taxonomies in the forms they are published in.

mod addresses;
mod behind;
mod candidates;
mod choice;
mod codes_within;
mod counts;
mod delimited;
mod doubts;
mod elements;
mod headings;
mod ids_behind;
mod indents;
mod intervals;
mod languages;
mod layout;
mod levels;
mod links;
mod lists;
mod markdown;
mod nested;
mod nesting;
mod rows;
mod separator;
mod sheet;
mod twins;
mod words;

#[cfg(test)]
mod export_tests;
#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod nested_tests;
#[cfg(test)]
mod platform_tests;
#[cfg(test)]
mod shape_tests;

use assort_core::CategoryRow;

use crate::Result;
use crate::input::Input;
use crate::objects::Objects;

use choice::choose;
use delimited::Shape;
use layout::Tree;

pub use doubts::doubts;
pub use lists::DECLARED_PATHS;

/// What a taxonomy file holds. Whether the rows make a tree is for
/// [`Taxonomy`](assort_core::Taxonomy) to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxonomyFile {
    /// The categories in the file's order.
    pub rows: Vec<CategoryRow>,
    /// The recognised format and what each column is taken for, for messages:
    /// ``comma-separated columns id=term_id parent=parent name=name, by parent``.
    pub format: String,
}

/// What is stated of a taxonomy file; all else is found out. Columns are named as in
/// the file, or by their numbers from 1 where it names none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaxonomyOptions {
    /// What separates the names of a path.
    pub separator: Option<String>,
    /// The column of ids.
    pub id: Option<String>,
    /// The column that names another row: its parent.
    pub parent: Option<String>,
    /// The column of the categories' own names.
    pub name: Option<String>,
    /// The column of paths.
    pub path: Option<String>,
    /// The columns of names that are a level each, from the root down.
    pub levels: Vec<String>,
}

impl TaxonomyOptions {
    /// The columns that are named.
    fn columns(&self) -> Vec<&str> {
        let single = [&self.id, &self.parent, &self.name, &self.path];
        let single = single.into_iter().flatten();
        single.chain(&self.levels).map(String::as_str).collect()
    }

    /// The same with another value of [`Self::separator`].
    #[must_use]
    pub fn with_separator(mut self, separator: impl Into<Option<String>>) -> Self {
        self.separator = separator.into();
        self
    }

    /// The same with another value of [`Self::id`].
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Option<String>>) -> Self {
        self.id = id.into();
        self
    }

    /// The same with another value of [`Self::parent`].
    #[must_use]
    pub fn with_parent(mut self, parent: impl Into<Option<String>>) -> Self {
        self.parent = parent.into();
        self
    }

    /// The same with another value of [`Self::name`].
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Option<String>>) -> Self {
        self.name = name.into();
        self
    }

    /// The same with another value of [`Self::path`].
    #[must_use]
    pub fn with_path(mut self, path: impl Into<Option<String>>) -> Self {
        self.path = path.into();
        self
    }

    /// The same with another value of [`Self::levels`].
    #[must_use]
    pub fn with_levels(mut self, levels: Vec<String>) -> Self {
        self.levels = levels;
        self
    }
}

/// Reads a taxonomy, recognising its form by its content:
///
/// - tables (CSV, TSV, semicolons, pipes) with a column of paths, of parents (by id,
///   name or slug), a column a level, paths of ids, or ids with a hierarchy in them;
///   with or without a header; perhaps with descriptions, aliases and examples (the
///   latter two cut at `|`) and translations (`path_zh`, `name_zh` or just `zh`, or rows
///   of one id with a column of languages);
/// - JSON Lines with the same keys, where lists may be arrays, and children nested;
/// - Google's `taxonomy-with-ids` and Shopify's `categories.txt`;
/// - a list of paths or names, one per line, `#` starting a comment, or names that are
///   set in below others.
///
/// What columns are is proposed by their names, in many languages, and checked by what
/// is in them. Paths are split at the stated separator, else at ` > `, `->`, `=>`, `>>`, `>`,
/// `»`, `›`, `→`, `::`, `/`, `|`, `\`, `--`, `:`, `;` or `,`, whichever makes a tree of them;
/// a separator after a `\` is part of a name
/// ([`split_path`](assort_core::split_path)).
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) if the file is empty or cannot be read, if no
/// column holds the tree or several contradict each other, if it is a list of products,
/// prose or YAML, or, with its line, for the first row that has no path or name, has a path with an
/// empty segment, or is not text.
pub fn read_taxonomy(input: Input, options: &TaxonomyOptions) -> Result<TaxonomyFile> {
    let stated = options.separator.as_deref();
    if stated.is_some_and(|separator| separator.trim().is_empty()) {
        return Err(input.error(None, "the separator of paths is blank; try ' > '"));
    }
    let (found_out, late) = (input.format(""), input.late());
    #[cfg(feature = "parquet")]
    let mut input = input;
    #[cfg(feature = "parquet")]
    if let Some(columnar) = input.take_columnar() {
        let sheet = nested::read_columnar(*columnar)?;
        return finished(sheet, options, None, &found_out, false);
    }
    let start = input.beginning("a taxonomy, such as one path per line")?;
    let is_objects = Objects::recognise(start);
    // What Assort has written stands as it was.
    let is_text = !is_objects && !start.starts_with(DECLARED_PATHS.as_bytes());
    let (sheet, separator) = if is_objects {
        (nested::read(input)?, None)
    } else {
        let stated = options.columns();
        match delimited::shape(input.head(), &stated) {
            Shape::Named => (delimited::read_named(input, &stated)?, None),
            Shape::Unnamed(delimiter) => (delimited::read_unnamed(input, delimiter)?, None),
            Shape::Lines => lists::read(input)?,
        }
    };
    let mut sheet = sheet;
    if is_text {
        behind::leave_out(&mut sheet);
    }
    if is_text || is_objects {
        languages::part(&mut sheet);
    }
    if *options == TaxonomyOptions::default()
        && let Some(column) = indents::set_in(&mut sheet)
    {
        let called = &sheet.columns[column];
        sheet.format = format!("{}, names in `{called}` set in below others,", sheet.format);
    }
    let mut finished = finished(sheet, options, separator, &found_out, is_text)?;
    if let Some(guess) = late.get() {
        finished.format += &format!(", read as {guess}");
    }
    Ok(finished)
}

/// The taxonomy of a sheet, whose paths were found to be separated so. Names in paths of a
/// text may have counts and codes in them, those of lists are names.
fn finished(
    sheet: sheet::Sheet,
    options: &TaxonomyOptions,
    separator: Option<&str>,
    found_out: &str,
    is_text: bool,
) -> Result<TaxonomyFile> {
    let layout = choose(&sheet, options)?;
    let stated = options.separator.as_deref();
    let (mut rows, mut shape) = rows::finish(&sheet, &layout, stated.or(separator))?;
    let may_have = is_text || matches!(layout.tree, Tree::Linked { .. });
    let taken = may_have.then(|| {
        let counts = counts::take_of_rows(&mut rows);
        counts.or_else(|| codes_within::take(&mut rows))
    });
    if let Some(told) = taken.flatten() {
        shape += &format!("; {told}");
    }
    let listed = sheet.columns == ["path"] || separator.is_some();
    let format = match listed && sheet.named {
        true => format!("{}{found_out}, {shape}", sheet.format),
        false => format!(
            "{}{found_out} columns {}, {shape}",
            sheet.format,
            layout.told_columns(&sheet)
        ),
    };
    Ok(TaxonomyFile { rows, format })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use assort_core::Place;

    use super::*;

    fn read_with(file: &str, separator: Option<&str>) -> Result<TaxonomyFile> {
        let bytes = Cursor::new(file.as_bytes().to_vec());
        let options = TaxonomyOptions {
            separator: separator.map(str::to_owned),
            ..TaxonomyOptions::default()
        };
        read_taxonomy(Input::from_reader("tree", bytes, None)?, &options)
    }

    fn read(file: &str) -> TaxonomyFile {
        read_with(file, None).unwrap()
    }

    fn message(file: &str) -> String {
        read_with(file, None).unwrap_err().to_string()
    }

    /// Rows as `line id: A|B`, for children `line id: parent < name`.
    fn told(file: &TaxonomyFile) -> Vec<String> {
        let tell = |row: &CategoryRow| {
            let place = match &row.place {
                Place::Path(path) => path.join("|"),
                Place::Child { parent, name } => {
                    format!("{} < {name}", parent.as_deref().unwrap_or("root"))
                }
            };
            format!("{} {}: {place}", row.line, row.id.as_deref().unwrap_or("-"))
        };
        file.rows.iter().map(tell).collect()
    }

    fn translations(row: &CategoryRow) -> Vec<String> {
        let tell =
            |(language, path): &(String, Vec<String>)| format!("{language}:{}", path.join("|"));
        row.translations.iter().map(tell).collect()
    }

    #[test]
    fn google_files_are_read() {
        let file = read(
            "# Google_Product_Taxonomy_Version: 2021-09-21\n1 - Animals & Pets\n7 - Animals & Pets > 3 - 6 Months\n",
        );
        assert_eq!(file.format, "Google taxonomy-with-ids, separator ` > `");
        assert_eq!(
            told(&file),
            ["2 1: Animals & Pets", "3 7: Animals & Pets|3 - 6 Months"]
        );
        let broken = message("1 - A\n2 - A > B\nA > C\n");
        assert!(
            broken.starts_with("tree, line 3: this is no line of a Google"),
            "{broken}"
        );
    }

    #[test]
    fn shopify_files_are_read() {
        let file = read(
            "# Shopify Product Taxonomy\n# Format: {GID} : {Path}\n\n\
             gid://shopify/TaxonomyCategory/ap     : Animals : Pets\n\
             gid://shopify/TaxonomyCategory/ap-1   : Animals : Pets > Live\n",
        );
        assert_eq!(file.format, "Shopify categories, separator ` > `");
        assert_eq!(
            told(&file),
            ["4 ap: Animals : Pets", "5 ap-1: Animals : Pets|Live"]
        );
    }

    #[test]
    fn lists_are_read_by_the_separator_they_use_or_are_said_to_use() {
        let file = read("# mine\nArts/Crafts\nArts/Crafts > Paint, brushes\r\n\nPets\n");
        assert_eq!(file.format, "paths, one per line, separator ` > `");
        assert_eq!(
            told(&file),
            [
                "2 -: Arts/Crafts",
                "3 -: Arts/Crafts|Paint, brushes",
                "5 -: Pets"
            ]
        );
        let commented = read("# category, path\nA\n");
        assert_eq!(told(&commented), ["2 -: A"]);
        let flat = read("Arts/Crafts\nPets\n");
        assert_eq!(flat.format, "paths, one per line, a single level");
        let stated = read_with("Arts::Crafts\nPets\n", Some("::")).unwrap();
        assert_eq!(told(&stated), ["1 -: Arts|Crafts", "2 -: Pets"]);
    }

    #[test]
    fn tables_of_paths_are_read_with_all_their_columns() {
        let file = read(
            "id,path,descriptions,aliases,examples,path_zh\n\
             1,Home,All for the home.,,,家\n\
             2,Home > Pans,,Pots | Woks||,\"Pan, 20 cm|Lid\",家 > 锅\n",
        );
        assert_eq!(told(&file), ["2 1: Home", "3 2: Home|Pans"]);
        assert_eq!(file.rows[0].descriptions, ["All for the home."]);
        assert_eq!(file.rows[1].aliases, ["Pots", "Woks"]);
        assert_eq!(file.rows[1].examples, ["Pan, 20 cm", "Lid"]);
        assert_eq!(translations(&file.rows[1]), ["zh:家|锅"]);
        assert_eq!(
            file.format,
            "comma-separated columns id=id path=path descriptions=descriptions aliases=aliases \
             examples=examples translations=path_zh, separator ` > `"
        );
        assert_eq!(told(&read("path\nA > B\n")), ["2 -: A|B"]);
    }

    #[test]
    fn language_columns_hold_the_path_and_its_translations() {
        let file = read(
            "id\ten\tzh\n1\tPets\t动物/宠物\n2\tPets > Live\t动物/宠物 > 活体\n3\tPets > New\t\n",
        );
        assert_eq!(told(&file)[1], "3 2: Pets|Live");
        assert_eq!(translations(&file.rows[1]), ["zh:动物/宠物|活体"]);
        assert!(translations(&file.rows[2]).is_empty());
    }

    #[test]
    fn tables_of_parents_are_read() {
        let file = read("id;parent_id;name;name_zh\n1;;Home;家\n2;1;Pans > 20 cm;锅\n3;0;Pets;\n");
        assert_eq!(
            told(&file),
            [
                "2 1: root < Home",
                "3 2: 1 < Pans > 20 cm",
                "4 3: root < Pets"
            ]
        );
        assert_eq!(translations(&file.rows[1]), ["zh:锅"]);
        assert!(file.format.ends_with("by parent"), "{}", file.format);
        let zero = read("id,parent,name\n0,,Home\n1,0,Pans\n");
        assert_eq!(told(&zero)[1], "3 1: 0 < Pans");
    }

    #[test]
    fn json_lines_are_read_with_arrays_or_texts() {
        let file = read(
            r#"{"id":1,"path":["Home"],"aliases":["House"]}
{"id":2,"path":["Home","Pans / Pots"],"aliases":"Woks|Pots","name":{"zh":"锅"},"late":1}
"#,
        );
        assert_eq!(
            file.format,
            "JSON Lines columns id=id path=path aliases=aliases translations=name.zh ignored=late, paths as arrays"
        );
        assert_eq!(told(&file), ["1 1: Home", "2 2: Home|Pans / Pots"]);
        assert_eq!(file.rows[1].aliases, ["Woks", "Pots"]);
        assert_eq!(translations(&file.rows[1]), ["zh:锅"]);
        let parents = read(
            "{\"id\":1,\"name\":\"A\",\"parent\":null}\n{\"id\":2,\"name\":\"B\",\"parent\":1}\n",
        );
        assert_eq!(told(&parents), ["1 1: root < A", "2 2: 1 < B"]);
    }

    #[test]
    fn rows_that_cannot_be_used_are_named_by_line() {
        assert_eq!(
            message("A > B\nA >  > C\n"),
            "tree, line 2: the path `A >  > C` has an empty segment"
        );
        assert_eq!(
            message("id,path\n1,A\n2,\n"),
            "tree, line 3: the row has no path"
        );
        assert_eq!(
            message("id,path\n1,A\n2\n"),
            "tree, line 3: the row has no path"
        );
        assert_eq!(
            message("id,parent,name\n1,,A\n,1,B\n"),
            "tree, line 3: the row has no id"
        );
        let bytes = Cursor::new(b"Home\nCaf\xe9\n".to_vec());
        let input = Input::from_reader("tree", bytes, Some("utf-8")).unwrap();
        let latin = read_taxonomy(input, &TaxonomyOptions::default())
            .unwrap_err()
            .to_string();
        assert!(
            latin.starts_with("tree, line 2: the line is not UTF-8"),
            "{latin}"
        );
    }

    #[test]
    fn files_without_a_taxonomy_are_refused() {
        assert!(message("\n \n").contains("file is empty"));
        assert_eq!(message("# nothing\n"), "tree: the file has no categories");
        assert_eq!(message("id,path\n"), "tree: the file has no categories");
        assert!(message("code\tprice\n5\t7\n").contains("no column is called `path`"));
        assert!(message("[\"A\", \"B\"]").contains("without any object"));
        assert_eq!(told(&read("[{\"path\":[\"A\"]}]")), ["1 -: A"]);
        assert!(read_with("A", Some("")).is_err());
    }
}
