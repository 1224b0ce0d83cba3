//! Lists: a path, a name or an indented name on each line.

use std::collections::HashSet;

use crate::Result;
use crate::input::Input;
use crate::lines::Lines;

use super::counts;
use super::delimited::{cells, next_line};
use super::headings::{self, is_heading_of_levels};
use super::ids_behind;
use super::indents;
use super::markdown;
use super::rows::SHOPIFY;
use super::separator::detect;
use super::sheet::{Cell, Sheet, SheetRow};
use super::twins::Twins;
use super::words::is_heading;

/// The first line of a list whose names are separated by ` > ` and nothing else, as
/// [`print_path`](assort_core::print_path) does it.
pub const DECLARED_PATHS: &str = "# Assort taxonomy: one path a line, names separated by \" > \"";

/// A line of a list.
struct Entry {
    line: u64,
    text: String,
    /// How far it is set in.
    indent: usize,
    /// Whether it was quoted as a whole.
    quoted: bool,
    /// What was taken off its end.
    ending: String,
}

impl Entry {
    /// The line with the sign that it ends in.
    fn with_sign(&self) -> String {
        match self.ending.len() {
            1 => format!("{}{}", self.text, self.ending),
            _ => self.text.clone(),
        }
    }
}

/// The publishers whose lists have a form of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Google,
    Shopify,
}

impl Kind {
    /// The kind of most lines, so that a damaged one is reported as damaged.
    fn of(entries: &[Entry]) -> Option<Self> {
        [Self::Google, Self::Shopify].into_iter().find(|kind| {
            let fitting = entries
                .iter()
                .filter(|entry| kind.cut(&entry.text).is_some());
            fitting.count() * 2 > entries.len()
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Google => "Google taxonomy-with-ids",
            Self::Shopify => "Shopify categories",
        }
    }

    /// The id of the category above one, where ids tell.
    fn above(self, id: &str) -> Option<&str> {
        match self {
            Self::Google => None,
            Self::Shopify => id.rsplit_once('-').map(|(above, _)| above),
        }
    }

    /// The id and the path on a line of this kind.
    fn cut(self, line: &str) -> Option<(&str, &str)> {
        let (id, path) = match self {
            Self::Google => {
                let (id, path) = line.split_once(" - ")?;
                let number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
                (number.then_some(id)?, path)
            }
            // The short id is the one Shopify's files and products share.
            Self::Shopify => line.strip_prefix(SHOPIFY)?.split_once(" : ")?,
        };
        Some((id.trim(), path))
    }
}

/// Reads a list. Gives the separator of its paths with it, if the list has one by its kind.
pub(super) fn read(input: Input) -> Result<(Sheet, Option<&'static str>)> {
    let declared = input.head().starts_with(DECLARED_PATHS.as_bytes());
    let file = input.name().to_owned();
    let mut lines = Lines::new(input);
    let (mut sheet, separator) = of_lines(&mut lines, file, declared)?;
    if let Some(mended) = lines.mended() {
        sheet.format += &format!(" ({mended})");
    }
    Ok((sheet, separator))
}

/// The same of lines, which may be `declared` to be paths as Assort prints them.
fn of_lines(
    lines: &mut Lines,
    file: String,
    declared: bool,
) -> Result<(Sheet, Option<&'static str>)> {
    let (written, mut entries) = entries(lines)?;
    if let Some(paths) =
        markdown::paths(&written).map_err(|(line, message)| lines.error(Some(line), message))?
    {
        let rows = paths
            .into_iter()
            .map(|(line, path)| row(line, Cell::List(path)));
        let sheet = Sheet {
            file,
            columns: vec!["path".to_owned()],
            rows: rows.collect(),
            format: "Markdown".to_owned(),
            named: true,
        };
        return Ok((sheet, None));
    }
    if let Some(entry) = entries
        .iter()
        .find(|entry| !entry.quoted && entry.text.starts_with(['{', '[']))
    {
        let message = "this looks like JSON, but is neither JSON Lines nor one document of JSON";
        return Err(lines.error(Some(entry.line), message));
    }
    // Where names are set in, this is what tells the tree.
    let is_set_in = entries.iter().any(|entry| entry.indent > 0);
    let is_no_list = |kind: &Kind| declared || *kind == Kind::Google && is_set_in;
    let kind = Kind::of(&entries).filter(|kind| !is_no_list(kind));
    let mut sheet = Sheet {
        file,
        columns: vec!["id".to_owned(), "path".to_owned()],
        rows: Vec::new(),
        format: kind.map_or("paths, one per line", Kind::name).to_owned(),
        named: true,
    };
    if let Some(kind) = kind {
        let mut twins = Twins::default();
        // A sign at the end of few lines is of a name, and no empty cell.
        let ends = entries.iter().filter(|entry| !entry.ending.is_empty());
        let cells = ends.count() * 2 > entries.len();
        for entry in &entries {
            let line = match cells {
                true => entry.text.clone(),
                false => entry.with_sign(),
            };
            let Some((id, path)) = kind.cut(&line) else {
                let message = format!(
                    "this is no line of a {} file: `{}`",
                    kind.name(),
                    entry.text
                );
                return Err(lines.error(Some(entry.line), message));
            };
            let path = twins.path(id, path, kind.above(id));
            let cells = vec![Cell::Text(id.to_owned()), Cell::Text(path)];
            sheet.rows.push(SheetRow {
                line: entry.line,
                cells,
                outer: None,
            });
        }
        if let Some(told) = twins.told() {
            sheet.format += &format!(" ({told})");
        }
        return Ok((sheet, Some(" > ")));
    }
    sheet.columns.remove(0);
    if declared {
        sheet.rows = entries
            .into_iter()
            .map(|entry| row(entry.line, Cell::Text(entry.text)))
            .collect();
        return Ok((sheet, Some(" > ")));
    }
    if let Some(at) = heading(&entries) {
        let heading = &entries[at].text;
        sheet.format = format!("{} below the heading `{heading}`", sheet.format);
        if at > 0 {
            sheet.format += &format!(", with {at} line above it left out");
        }
        entries.drain(..=at);
    }
    if let Some(numbered) = numbered(&entries) {
        sheet.format = "numbered names".to_owned();
        sheet.columns = vec!["id".to_owned(), "name".to_owned()];
        sheet.rows = numbered;
        return Ok((sheet, None));
    }
    let texts = entries
        .iter()
        .map(|entry| (entry.line, entry.text.as_str()));
    let texts: Vec<(u64, &str)> = texts.collect();
    headings::refuse_others(&texts).map_err(|(line, message)| lines.error(Some(line), message))?;
    if take_outer_signs(&mut entries) {
        sheet.format += ", separators at their ends left out";
    }
    take_common_indent(&mut entries);
    take_keys(&mut entries);
    set_in_by_marks(&mut entries);
    take_bullets(&mut entries);
    let counted = take_counts(&mut entries);
    let mut ids = ids_behind(&mut entries);
    if are_set_in(&entries) {
        sheet.format = "indented names".to_owned();
        ids = ids.or_else(|| ids_before_tabs(&mut entries));
        let paths = set_in(&entries).map_err(|(line, message)| lines.error(Some(line), message))?;
        let rows = paths
            .into_iter()
            .map(|(line, path)| row(line, Cell::List(path)));
        sheet.rows = rows.collect();
    } else {
        let rows = entries
            .into_iter()
            .map(|entry| row(entry.line, Cell::Text(entry.text)));
        sheet.rows = rows.collect();
    }
    if counted {
        sheet.format += ", numbers behind the names left out";
    }
    if let Some(ids) = ids {
        sheet.columns.insert(0, "id".to_owned());
        for (row, id) in sheet.rows.iter_mut().zip(ids) {
            row.cells.insert(0, Cell::Text(id));
        }
    }
    Ok((sheet, None))
}

fn row(line: u64, cell: Cell) -> SheetRow {
    SheetRow {
        line,
        cells: vec![cell],
        outer: None,
    }
}

/// Lines as they are written, with their numbers.
type Written = Vec<(u64, String)>;

/// The lines that are not blank, and those that are no comments either, without what
/// spreadsheets put around them.
fn entries(lines: &mut Lines) -> Result<(Written, Vec<Entry>)> {
    let (mut buffer, mut entries) = (Vec::new(), Vec::new());
    let mut written = Vec::new();
    while let Some((line, text)) = next_line(lines, &mut buffer)? {
        if text.trim().is_empty() {
            continue;
        }
        written.push((line, text.to_owned()));
        if text.starts_with('#') {
            continue;
        }
        // Lines of trees that are drawn set in what follows them.
        let drawn =
            |sign: char| matches!(sign, '\u{2500}'..='\u{257f}' | '\u{a0}') || sign.is_whitespace();
        let name = match indents::drawn(text) {
            Some(before) => &text[before..],
            None => text.trim_start_matches(drawn),
        };
        let indent = text.chars().count() - name.chars().count();
        let (text, quoted) = bare(name.trim());
        let ending = name.trim().strip_prefix(&text).unwrap_or_default();
        let ending = ending.to_owned();
        if !text.is_empty() {
            entries.push(Entry {
                line,
                text,
                indent,
                quoted,
                ending,
            });
        }
    }
    Ok((written, entries))
}

/// A line without the quotes around a single cell and without empty cells at its end;
/// whether it was quoted.
fn bare(line: &str) -> (String, bool) {
    if line.starts_with('"') {
        for delimiter in *b",;\t" {
            let cells = cells(line.as_bytes(), delimiter);
            // What is left of quotes that are part of a name is not this one cell.
            let whole = format!("\"{}\"", cells[0].replace('"', "\"\""));
            let rest = line
                .strip_prefix(&whole)
                .map(|rest| rest.trim_matches(char::from(delimiter)));
            if rest == Some("") && !cells[0].is_empty() {
                return (cells[0].clone(), true);
            }
        }
    }
    let end = line.trim_end_matches([',', ';', '\t', ' ']);
    // The semicolon of a character reference stays.
    let reference = line[end.len()..].starts_with(';')
        && end.rsplit_once('&').is_some_and(|(_, name)| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'#')
        });
    let end = if reference { &line[..=end.len()] } else { end };
    (end.to_owned(), false)
}

/// Where a word stands that stands above lists and is no category: on the first line, or
/// below a title that begins none of the paths.
fn heading(entries: &[Entry]) -> Option<usize> {
    let begins_none = |at: usize| {
        let (first, rest) = (&entries[at], &entries[at + 1..]);
        let begins = |entry: &Entry| entry.text.starts_with(&first.text);
        let set_in = rest.first().is_some_and(|next| next.indent > first.indent);
        !rest.is_empty() && !set_in && !rest.iter().any(begins)
    };
    let is_head = |text: &str| is_heading(text) || is_heading_of_levels(text);
    let heads = |at: usize| at < entries.len() && is_head(&entries[at].text) && begins_none(at);
    if heads(0) {
        return Some(0);
    }
    let is_drawn = |entry: &Entry| entry.text.chars().all(|sign| "=-_*~".contains(sign));
    if entries.len() > 2 && begins_none(0) && is_drawn(&entries[1]) {
        return Some(1);
    }
    let is_path = |entry: &&Entry| entry.text.contains(" > ");
    let paths = entries.iter().filter(is_path).count();
    // A title stands above a blank line, the only one.
    let gap = |pair: &[Entry]| pair[1].line > pair[0].line + 1;
    let gaps = entries.windows(2).filter(|pair| gap(pair)).count();
    let is_titled = entries.len() > 2 && gap(&entries[..2]) && gaps == 1 && begins_none(0);
    if is_titled && !is_path(&&entries[0]) && paths * 2 >= entries.len() - 1 {
        return Some(0);
    }
    let is_titled = heads(1) && begins_none(0) && !is_path(&&entries[0]);
    (is_titled && paths * 2 >= entries.len() - 2).then_some(1)
}

/// The lines of an outline (`1 Tea`, `1.1 Green`), with their numbers as ids.
fn numbered(entries: &[Entry]) -> Option<Vec<SheetRow>> {
    let cut = |entry: &Entry| {
        let (number, name) = entry.text.split_once([' ', '\t'])?;
        let number = number.trim_end_matches(['.', ')']);
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let name = Cell::Text(name.trim().to_owned());
        number.split('.').all(digits).then(|| SheetRow {
            line: entry.line,
            cells: vec![Cell::Text(number.to_owned()), name],
            outer: None,
        })
    };
    let rows: Option<Vec<SheetRow>> = entries.iter().map(cut).collect();
    let number = |row: &SheetRow| row.cells[0].text().unwrap_or_default().to_owned();
    let rows = rows?;
    let numbers: HashSet<String> = rows.iter().map(number).collect();
    let below = |number: &&String| {
        number
            .rsplit_once('.')
            .is_some_and(|(above, _)| numbers.contains(above))
    };
    let nested = numbers.iter().filter(below).count();
    (numbers.len() == rows.len() && nested > 0 && nested * 2 + 1 >= rows.len()).then_some(rows)
}

/// Sets in lines by the marks that they begin with (`- Green`, `-- Sencha`), if a third of
/// them have marks of one kind and none skips one. One mark before a blank on every line is
/// a bullet, and comes off.
fn set_in_by_marks(entries: &mut [Entry]) {
    let texts: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
    let Some((mark, depths)) = indents::depths_by_marks(&texts) else {
        return;
    };
    let is_bullet = |entry: &Entry| {
        let behind = entry.text.strip_prefix(mark);
        behind.is_some_and(|behind| behind.starts_with(' '))
    };
    let is_flat = depths.iter().all(|depth| *depth == 0) && !entries.iter().all(is_bullet);
    if is_flat || entries.iter().any(|entry| entry.indent > 0) {
        return;
    }
    for (entry, depth) in entries.iter_mut().zip(depths) {
        entry.indent = depth;
        entry.text = indents::without_marks(&entry.text, mark).to_owned();
    }
}

/// Takes off the bullets of names that are set in by blanks.
fn take_bullets(entries: &mut [Entry]) {
    for entry in entries {
        let name = entry.text.strip_prefix(indents::BULLETS);
        if let Some(name) = name.filter(|name| name.starts_with(char::is_whitespace)) {
            entry.text = name.trim().to_owned();
        }
    }
}

/// Takes off the signs of YAML, where all lines are keys or stand in lists (`Home:`, `- Pans`).
/// What stands in a list is below the key above, though it may be set in no more.
fn take_keys(entries: &mut [Entry]) {
    let key = |entry: &Entry| entry.text.len() > 1 && entry.text.ends_with(':');
    let listed = |entry: &Entry| entry.text.starts_with("- ");
    // `Kitchen:` above a line for each of what is below it.
    let is_flat = entries
        .iter()
        .all(|entry| entry.indent == 0 && !listed(entry));
    let ends = entries.last().is_some_and(key);
    let heads = entries
        .windows(2)
        .all(|pair| !key(&pair[0]) || !key(&pair[1]));
    if is_flat && heads && !ends && entries.first().is_some_and(key) {
        for entry in entries {
            match entry.text.strip_suffix(':') {
                Some(name) => entry.text = name.trim_end().to_owned(),
                None => entry.indent = 2,
            }
        }
        return;
    }
    let has_lists = entries.iter().any(|entry| listed(entry) && !key(entry));
    if !has_lists || !entries.iter().any(key) || !entries.iter().all(|one| key(one) || listed(one))
    {
        return;
    }
    for entry in entries {
        if let Some(name) = entry.text.strip_prefix("- ") {
            entry.text = name.trim_start().to_owned();
            entry.indent += 2;
        }
        if let Some(name) = entry.text.strip_suffix(':') {
            entry.text = name.trim_end().to_owned();
        }
    }
}

/// Takes off what all lines are set in by, as the first one is.
fn take_common_indent(entries: &mut [Entry]) {
    let first = entries.first().map_or(0, |entry| entry.indent);
    if entries.iter().all(|entry| entry.indent >= first) {
        for entry in entries {
            entry.indent -= first;
        }
    }
}

/// Whether lines are set in below others.
fn are_set_in(entries: &[Entry]) -> bool {
    let deeper = entries
        .iter()
        .filter(|entry| entry.indent > 0 && !entry.quoted)
        .count();
    let first = entries.first().is_some_and(|entry| entry.indent == 0);
    let paths = detect(entries.iter().map(|entry| entry.text.as_str()));
    first && deeper > 0 && !(paths == Some(" > ") && deeper * 2 < entries.len())
}

type Broken = (u64, String);

/// Takes separators off the ends of paths (`Tea >`, `> Cups`), if half of the lines have one
/// there and others within.
fn take_outer_signs(entries: &mut [Entry]) -> bool {
    let bare = |text: &str| {
        let text = text.strip_prefix("> ").unwrap_or(text);
        text.strip_suffix(" >").unwrap_or(text).trim().to_owned()
    };
    let having = entries
        .iter()
        .filter(|entry| bare(&entry.text) != entry.text)
        .count();
    let within = entries
        .iter()
        .any(|entry| bare(&entry.text).contains(" > "));
    let deeper = entries
        .iter()
        .any(|entry| entry.text.starts_with(">>") || entry.text.starts_with("> >"));
    if having * 2 < entries.len() || having == 0 || !within || deeper {
        return false;
    }
    for entry in entries.iter_mut() {
        entry.text = bare(&entry.text);
    }
    true
}

/// The ids that stand before the names of lines that are set in, with a tab between.
fn ids_before_tabs(entries: &mut [Entry]) -> Option<Vec<String>> {
    let cut = |entry: &Entry| {
        let (id, name) = entry.text.split_once('\t')?;
        let is_id = !id.contains(' ') && id.bytes().any(|byte| byte.is_ascii_digit());
        is_id.then(|| (id.to_owned(), name.trim().to_owned()))
    };
    let cut: Option<Vec<(String, String)>> = entries.iter().map(cut).collect();
    let cut = cut?;
    let distinct: HashSet<&String> = cut.iter().map(|(id, _)| id).collect();
    if distinct.len() < cut.len() || cut.iter().any(|(_, name)| name.is_empty()) {
        return None;
    }
    let put = |(entry, (id, name)): (&mut Entry, (String, String))| {
        entry.text = name;
        id
    };
    Some(entries.iter_mut().zip(cut).map(put).collect())
}

/// Takes off the numbers behind names that count what is below them.
fn take_counts(entries: &mut [Entry]) -> bool {
    let texts: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
    let depths: Vec<usize> = entries.iter().map(|entry| entry.indent).collect();
    let is_flat = depths.iter().all(|depth| *depth == 0);
    let separator = is_flat.then(|| detect(texts.iter().copied())).flatten();
    let Some(names) = counts::take(&texts, &depths, separator) else {
        return false;
    };
    for (entry, name) in entries.iter_mut().zip(names) {
        entry.text = name;
    }
    true
}

/// The ids that stand in brackets behind the names of all lines, and come off.
fn ids_behind(entries: &mut [Entry]) -> Option<Vec<String>> {
    let texts: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
    let taken = ids_behind::take(&texts)?;
    let put = |(entry, (id, name)): (&mut Entry, (String, String))| {
        entry.text = name;
        id
    };
    Some(entries.iter_mut().zip(taken).map(put).collect())
}

/// The paths that indentation tells.
fn set_in(entries: &[Entry]) -> std::result::Result<Vec<(u64, Vec<String>)>, Broken> {
    let bullets = ["- ", "* ", "+ ", "• "];
    let bullet = |entry: &Entry| bullets.iter().any(|bullet| entry.text.starts_with(bullet));
    let listed = entries.iter().all(bullet);
    let (mut above, mut found): (Vec<(usize, String)>, _) = (Vec::new(), Vec::new());
    for entry in entries {
        while above
            .last()
            .is_some_and(|(indent, _)| *indent >= entry.indent)
        {
            let (indent, name) = above.pop().unwrap_or_default();
            let next = above.last().map_or(0, |(indent, _)| *indent);
            if indent > entry.indent && next < entry.indent {
                let message = format!(
                    "`{}` is set in by {}, between `{name}` and what is above it",
                    entry.text, entry.indent
                );
                return Err((entry.line, message));
            }
        }
        let name = entry.text.as_str();
        let name = if listed {
            name.trim_start_matches(['-', '*', '+', '•']).trim()
        } else {
            name
        };
        above.push((entry.indent, name.to_owned()));
        found.push((
            entry.line,
            above.iter().map(|(_, name)| name.clone()).collect(),
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_put_around_lines_comes_off() {
        for (line, expected) in [
            ("Tea,,", "Tea"),
            ("\"Tea, loose\"", "Tea, loose"),
            ("\"Tea, loose\";;", "Tea, loose"),
            ("\"6\"\" pans\"", "6\" pans"),
            ("\"Best\" tea", "\"Best\" tea"),
            ("\"Best\" and \"good\"", "\"Best\" and \"good\""),
            ("Tea &amp;", "Tea &amp;"),
            ("Tea;", "Tea"),
        ] {
            assert_eq!(bare(line).0, expected, "{line}");
        }
    }
}
