//! Taxonomies in the forms they are published in.

use std::borrow::Cow;
use std::collections::HashMap;

use assort_core::CategoryRow;

use crate::Result;

use crate::category_columns::{Layout, Role};
use crate::input::Input;
use crate::json::{flatten, text_of};
use crate::lines::{Line, Lines};
use crate::objects::{Objects, Wanted};
use crate::splitter::{header_line, sniff_delimiter};
use crate::table::{Quoting, RowError, Table};
use crate::taxonomy_rows::{Raw, TaxonomyRow, TaxonomyRows};

const SHOPIFY: &str = "gid://shopify/TaxonomyCategory/";

/// How many lines decide what kind of list a file is.
const SAMPLE: usize = 20;

/// What a taxonomy file holds. Whether the rows make a tree is for
/// [`Taxonomy`](assort_core::Taxonomy) to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxonomyFile {
    /// The categories in the file's order.
    pub rows: Vec<CategoryRow>,
    /// The recognised format, for messages: ``paths, one per line, separator ` > ` ``.
    pub format: String,
}

/// Reads a taxonomy, recognising its format by its content:
///
/// - Google's `taxonomy-with-ids` and Shopify's `categories.txt`;
/// - a list of paths or names, one per line, `#` starting a comment;
/// - CSV or TSV with a header that names `path`, or `id`, `parent` and `name`,
///   and perhaps `descriptions`, `aliases` and `examples` (the latter two cut
///   at `|`) and translations (`path_zh`, `name_zh` or just `zh`);
/// - JSON Lines with the same keys, where lists may be arrays.
///
/// Paths are split at `separator`; without one at ` > `, `>>`, `>`, `/` or `|`,
/// whichever makes a tree of them.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) if the file is empty or cannot be
/// read, if no column holds the tree, or, with its line, for the first row that
/// has no path or name, has a path with an empty segment, or is not text.
pub fn read_taxonomy(input: Input, separator: Option<&str>) -> Result<TaxonomyFile> {
    let start = input.beginning("a taxonomy, such as one path per line")?;
    if separator.is_some_and(|separator| separator.trim().is_empty()) {
        return Err(input.error(None, "the separator of paths is blank; try ' > '"));
    }
    let found_out = input.format("");
    let (rows, format, separator) = if Objects::recognise(start) {
        let (rows, format) = read_json(input)?;
        (rows, format, separator)
    } else {
        match ListKind::of(input.head()) {
            ListKind::Paths if is_table(input.head()) => {
                let (rows, format) = read_table(input)?;
                (rows, format, separator)
            }
            ListKind::Paths => {
                let rows = read_list(input, ListKind::Paths)?;
                (rows, "paths, one per line".to_owned(), separator)
            }
            kind => {
                let rows = read_list(input, kind)?;
                (rows, kind.name().to_owned(), separator.or(Some(" > ")))
            }
        }
    };
    let (rows, shape) = rows.finish(separator)?;
    let format = format!("{format}{found_out}, {shape}");
    Ok(TaxonomyFile { rows, format })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListKind {
    Google,
    Shopify,
    Paths,
}

impl ListKind {
    fn of(head: &[u8]) -> Self {
        let lines = head
            .split(|&byte| byte == b'\n')
            .map(String::from_utf8_lossy);
        let lines = lines.filter(|line| !is_comment(line)).take(SAMPLE);
        let lines: Vec<Cow<'_, str>> = lines.collect();
        // Most lines decide, so that a damaged one is reported as damaged.
        [Self::Google, Self::Shopify]
            .into_iter()
            .find(|kind| {
                let fitting = lines.iter().filter(|line| kind.cut(line).is_some());
                fitting.count() * 2 > lines.len()
            })
            .unwrap_or(Self::Paths)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Google => "Google taxonomy-with-ids",
            Self::Shopify => "Shopify categories",
            Self::Paths => "paths, one per line",
        }
    }

    /// The id and the path on a line of this kind.
    fn cut(self, line: &str) -> Option<(Option<&str>, &str)> {
        match self {
            Self::Google => {
                let (id, path) = line.trim().split_once(" - ")?;
                let number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
                number.then_some((Some(id), path))
            }
            Self::Shopify => {
                // The short id is the one Shopify's files and products share.
                let (id, path) = line.trim().strip_prefix(SHOPIFY)?.split_once(" : ")?;
                Some((Some(id.trim()), path))
            }
            Self::Paths => Some((None, line)),
        }
    }
}

fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

fn is_table(head: &[u8]) -> bool {
    let header = header_line(head);
    let delimiter = sniff_delimiter(header);
    let header = String::from_utf8_lossy(header);
    let cells = header.split(char::from(delimiter));
    let columns: Vec<String> = cells
        .map(|cell| cell.trim().trim_matches('"').to_owned())
        .collect();
    // A tab is never part of a name: such a file means to be a table.
    let tab = delimiter == b'\t';
    if is_comment(&header) {
        return tab && Layout::is_header(&columns);
    }
    tab || Layout::is_header(&columns)
}

fn read_list(input: Input, kind: ListKind) -> Result<TaxonomyRows> {
    let file = input.name().to_owned();
    let mut lines = Lines::new(input);
    let mut buffer = Vec::new();
    let mut rows = Vec::new();
    loop {
        buffer.clear();
        let number = match lines.read(&mut buffer)? {
            Line::Text(number) => number,
            Line::TooLong(number) => {
                let message = RowError::too_long(number).message;
                return Err(lines.error(Some(number), message));
            }
            Line::End => break,
        };
        let failed = |message: String| lines.error(Some(number), message);
        let text = lines.text(&buffer);
        let text = text.map_err(|bad| lines.error(Some(number), bad.refusal.within("the line")))?;
        if is_comment(text) {
            continue;
        }
        let (id, path) = kind.cut(text).ok_or_else(|| {
            let name = kind.name();
            failed(format!(
                "this is no line of a {name} file: `{}`",
                text.trim()
            ))
        })?;
        let mut draft = TaxonomyRow::new(number);
        if let Some(id) = id {
            draft.put(&Role::Id, Raw::Text(id.to_owned()));
        }
        draft.put(&Role::Main, Raw::Text(path.to_owned()));
        rows.push(draft);
    }
    let child = false;
    Ok(TaxonomyRows { file, child, rows })
}

fn read_table(input: Input) -> Result<(TaxonomyRows, String)> {
    let file = input.name().to_owned();
    let mut table = Table::open(input, Quoting::Auto)?;
    let layout = Layout::new(table.columns()).map_err(|message| table.error(None, message))?;
    let columns = table.columns();
    let format = format!("{} columns {}", table.format(), columns.join(", "));
    let roles: Vec<Role> = columns.iter().map(|column| layout.role(column)).collect();
    let mut rows = Vec::new();
    loop {
        let error = match table.read()? {
            None => break,
            Some(Ok(record)) => {
                let mut draft = TaxonomyRow::new(record.line());
                for (column, role) in roles.iter().enumerate() {
                    draft.put(role, Raw::Text(record.get(column).to_owned()));
                }
                rows.push(draft);
                continue;
            }
            Some(Err(error)) => error,
        };
        return Err(table.error(Some(error.line), error.message));
    }
    let child = layout.child;
    Ok((TaxonomyRows { file, child, rows }, format))
}

fn read_json(input: Input) -> Result<(TaxonomyRows, String)> {
    let file = input.name().to_owned();
    let mut lines = Objects::open(input, Wanted::Categories)?;
    let keys = lines.keys()?;
    let layout = Layout::new(&keys).map_err(|message| lines.error(None, message))?;
    let mut roles: HashMap<String, Role> = HashMap::new();
    let mut rows = Vec::new();
    while let Some(row) = lines.read()? {
        let (line, object) = row.map_err(|error| lines.error(Some(error.line), error.message))?;
        let mut draft = TaxonomyRow::new(line);
        flatten(&object, &mut |key, value| {
            if !roles.contains_key(key) {
                roles.insert(key.to_owned(), layout.role(key));
            }
            let raw = match value.as_array() {
                Some(parts) => Raw::List(parts.iter().map(|part| text_of(part, ", ")).collect()),
                None => Raw::Text(text_of(value, ", ")),
            };
            draft.put(&roles[key], raw);
        });
        rows.push(draft);
    }
    let child = layout.child;
    let format = lines.format().to_owned();
    Ok((TaxonomyRows { file, child, rows }, format))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use assort_core::Place;

    use super::*;

    fn read_with(file: &str, separator: Option<&str>) -> Result<TaxonomyFile> {
        let bytes = Cursor::new(file.as_bytes().to_vec());
        read_taxonomy(Input::from_reader("tree", bytes, None)?, separator)
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
        assert!(file.format.starts_with("comma-separated columns id, path"));
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
        assert_eq!(file.format, "JSON Lines, paths as arrays");
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
            "tree, line 3: has 1 column, the header has 2"
        );
        assert_eq!(
            message("id,parent,name\n,,A\n"),
            "tree, line 2: the row has no id"
        );
        let bytes = Cursor::new(b"Home\nCaf\xe9\n".to_vec());
        let input = Input::from_reader("tree", bytes, Some("utf-8")).unwrap();
        let latin = read_taxonomy(input, None).unwrap_err().to_string();
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
        assert!(message("1005\tHome > Pans\n").contains("no column is called `path`"));
        assert!(message("[\"A\", \"B\"]").contains("without any object"));
        assert_eq!(
            read("[{\"path\":[\"A\"]}]").format,
            "JSON array, paths as arrays"
        );
        assert!(read_with("A", Some("")).is_err());
    }
}
