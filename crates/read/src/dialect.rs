//! How a delimited file is cut, and where its header stands, told by its first lines.

use crate::mends::Quoted;
use crate::splitter::{NEVER_TEXT, Splitter, all_quoted, sniff_delimiter};

/// Lines that are looked at, and those among which the header is.
const LOOKED_AT: usize = 60;
const BEFORE_HEADER: usize = 10;

/// Delimiters that are tried.
const DELIMITERS: [u8; 4] = [b'\t', b';', b',', b'|'];

/// Delimiters that few files have; those that are in no text come first.
const RARE: &[u8] = b"^~\x01\x1e\x1f:=*@!$+";

/// Lines that tell a table by such a sign alone, at least.
const TELLING: usize = 3;

/// Whether cells name columns of the kind of file that is wanted.
pub(crate) type Names<'n> = &'n dyn Fn(&[String]) -> bool;

/// How a delimited file is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    /// Line of the header, counted from 1.
    pub(crate) header: u64,
    /// Lines before the header that are not blank.
    pub(crate) skipped: u64,
    /// Whether the cells of the header, cut at tabs, are all quoted.
    pub(crate) all_quoted: bool,
    /// How quotes stand.
    pub(crate) quoted: Quoted,
}

/// Lines of a head with their numbers.
type Numbered<'a> = Vec<(u64, &'a [u8])>;

impl Dialect {
    /// Tells the dialect of a file that begins with `head`: what `sep=` says, or else
    /// the delimiter that cuts the lines alike; the header is the last of the lines in a
    /// row that name columns, or else the first that is as wide as the rows.
    pub(crate) fn sniff(head: &[u8], names: Names<'_>) -> Self {
        let mut lines = numbered(head);
        let stated = lines.first().and_then(|(_, line)| separator(line));
        let mut skipped = 0;
        if stated.is_some() {
            lines.remove(0);
            skipped = 1;
        }
        let Some(&(first, line)) = lines.first() else {
            let header = if skipped == 1 { 2 } else { 1 };
            let delimiter = stated.unwrap_or(b',');
            return Self {
                delimiter,
                header,
                skipped,
                all_quoted: false,
                quoted: Quoted::USUAL,
            };
        };
        let usual = || by_lines(&lines, sniff_delimiter(line));
        let delimiter = stated.unwrap_or_else(|| rare(&lines, usual(), names));
        let rows: Vec<Vec<String>> = cut(&lines, delimiter).collect();
        let at = header(&rows, names);
        let under: Vec<&[u8]> = lines.iter().skip(at + 1).map(|(_, line)| *line).collect();
        let (header, line) = lines.get(at).copied().unwrap_or((first, line));
        Self {
            delimiter,
            header,
            skipped: skipped + at as u64,
            all_quoted: all_quoted(line),
            quoted: Quoted::of(line, &under, delimiter),
        }
    }
}

/// The first lines that are not blank.
fn numbered(head: &[u8]) -> Numbered<'_> {
    let end = if head.contains(&b'\n') { b'\n' } else { b'\r' };
    let lines = head.split(|&byte| byte == end);
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let lines = (1..).zip(lines);
    let filled = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let mut lines: Numbered<'_> = filled.take(LOOKED_AT).collect();
    // Names of columns may have ends of lines in their quotes.
    if let Some((whole, count)) = lines
        .first()
        .and_then(|(_, first)| quoted(head, first, end))
    {
        let number = lines[0].0;
        lines.retain(|(line, _)| *line >= number + count);
        lines.insert(0, (number, whole));
    }
    lines
}

/// The first line with those that its quotes go on in, and how many these are; none if they
/// end on it.
fn quoted<'h>(head: &'h [u8], first: &[u8], end: u8) -> Option<(&'h [u8], u64)> {
    let is_open = |line: &[u8]| line.iter().filter(|&&byte| byte == b'"').count() % 2 == 1;
    if !first.starts_with(b"\"") || !is_open(first) {
        return None;
    }
    let start = head.windows(first.len()).position(|part| part == first)?;
    let mut ends = head[start..]
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == end);
    let most = BEFORE_HEADER as u64;
    let mut ends = ends
        .by_ref()
        .zip(1..=most)
        .map(|((at, _), count)| (at, count));
    let (at, count) = ends.find(|(at, _)| !is_open(&head[start..start + at]))?;
    let whole = &head[start..start + at];
    Some((whole.strip_suffix(b"\r").unwrap_or(whole), count))
}

/// What a line `sep=;` states, as spreadsheets write and read it.
fn separator(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (key, rest) = line.split_at_checked(4)?;
    let stated = key.eq_ignore_ascii_case(b"sep=");
    let rest = rest.strip_suffix(b"\"").unwrap_or(rest);
    match rest {
        [delimiter] if stated && delimiter.is_ascii() => Some(*delimiter),
        // The separator itself may follow what it states, once for each column.
        [delimiter, more @ ..] if stated && more.iter().all(|byte| b",;\t|".contains(byte)) => {
            Some(*delimiter)
        }
        _ => None,
    }
}

/// The usual delimiter, unless it makes no table of the lines and a rare one does: by
/// names of columns, or by cutting all lines alike where the usual ones cut none.
fn rare(lines: &Numbered<'_>, usual: u8, names: Names<'_>) -> u8 {
    let near = &lines[..lines.len().min(BEFORE_HEADER)];
    let is_named = |delimiter: u8| {
        let named = cut(near, delimiter).find(|row| names(row));
        named.is_some_and(|named| {
            let wide = cut(lines, delimiter).filter(|row| row.len() == named.len());
            wide.count() * 5 >= lines.len() * 3
        })
    };
    if cut(near, usual).any(|row| names(&row)) {
        return usual;
    }
    if let Some(&named) = RARE.iter().find(|&&delimiter| is_named(delimiter)) {
        return named;
    }
    let first = lines.first().map_or(&[][..], |(_, line)| line);
    let is_cut = first.iter().any(|byte| DELIMITERS.contains(byte));
    let cuts_all = |delimiter: u8| {
        let mut widths = cut(lines, delimiter).map(|row| row.len());
        let width = widths.next().unwrap_or_default();
        width > 1 && widths.all(|other| other == width)
    };
    let mut signs = NEVER_TEXT
        .iter()
        .filter(|_| !is_cut && lines.len() >= TELLING);
    signs
        .find(|&&sign| cuts_all(sign))
        .copied()
        .unwrap_or(usual)
}

/// The delimiter of the first line, unless it cuts few lines alike and another one most.
fn by_lines(lines: &Numbered<'_>, first: u8) -> u8 {
    let alike = |delimiter: u8| -> f64 {
        let widths: Vec<usize> = cut(lines, delimiter).map(|row| row.len()).collect();
        let (width, count) = commonest(&widths);
        if width < 2 {
            return 0.0;
        }
        count as f64 / widths.len() as f64
    };
    let by_first = alike(first);
    if by_first >= 0.6 || lines.len() < 2 {
        return first;
    }
    let best = DELIMITERS
        .into_iter()
        .map(|delimiter| (alike(delimiter), delimiter))
        .max_by(|one, other| one.0.total_cmp(&other.0));
    match best {
        Some((share, delimiter)) if share > by_first && share >= 0.5 => delimiter,
        _ => first,
    }
}

/// The commonest of the widths, the greater of equally common ones, with its count.
fn commonest(widths: &[usize]) -> (usize, usize) {
    let count = |width: usize| widths.iter().filter(|&&other| other == width).count();
    widths
        .iter()
        .map(|&width| (width, count(width)))
        .max_by_key(|&(width, count)| (count, width))
        .unwrap_or_default()
}

/// The cells of each line, without those that are empty at its end.
fn cut<'l>(lines: &'l [(u64, &[u8])], delimiter: u8) -> impl Iterator<Item = Vec<String>> + 'l {
    let mut splitter = Splitter::new(delimiter, true);
    lines.iter().map(move |(_, line)| {
        splitter.give_up();
        cells(&mut splitter, line)
    })
}

fn cells(splitter: &mut Splitter, line: &[u8]) -> Vec<String> {
    let line = [line, b"\n"].concat();
    if !splitter.feed(&line) {
        // A quoted cell goes on in the next line.
        splitter.feed(b"\"\n");
    }
    let mut cells = splitter.cells();
    while cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    cells
}

/// Which of the rows is the header.
fn header(rows: &[Vec<String>], names: Names<'_>) -> usize {
    let near = &rows[..rows.len().min(BEFORE_HEADER)];
    if let Some(first) = near.iter().position(|row| names(row)) {
        let more = near[first + 1..].iter().take_while(|row| names(row));
        return first + more.count();
    }
    let widths: Vec<usize> = rows.iter().map(Vec::len).collect();
    let (width, count) = commonest(&widths);
    let is_alone = |row: &Vec<String>| width > 2 && filled(row) == 1;
    let is_narrow =
        |row: &Vec<String>| is_alone(row) || (row.len() < width && filled(row) * 2 <= width);
    let is_before = |row: &Vec<String>| is_comment(row) || is_narrow(row);
    if width < 2 || count < 2 || !rows.first().is_some_and(is_before) {
        return 0;
    }
    near.iter().position(|row| !is_before(row)).unwrap_or(0)
}

fn is_comment(row: &[String]) -> bool {
    row.first().is_some_and(|cell| cell.starts_with("# "))
}

fn filled(row: &[String]) -> usize {
    row.iter().filter(|cell| !cell.is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(cells: &[String]) -> bool {
        ["sku", "name"]
            .iter()
            .all(|name| cells.iter().any(|cell| cell == name))
    }

    fn sniffed(head: &str) -> (char, u64, u64) {
        let dialect = Dialect::sniff(head.as_bytes(), &names);
        let delimiter = char::from(dialect.delimiter);
        (delimiter, dialect.header, dialect.skipped)
    }

    #[test]
    fn the_delimiter_is_stated_or_cuts_the_lines_alike() {
        assert_eq!(sniffed("sep=;\na,b;c\n1;2\n"), (';', 2, 1));
        assert_eq!(sniffed("SEP=|\r\na|b\r\n"), ('|', 2, 1));
        assert_eq!(sniffed("a,b\n1,2\n"), (',', 1, 0));
        assert_eq!(
            sniffed("List, all of it\na;b;c\n1;2;3\n4;5;6\n"),
            (';', 2, 1)
        );
    }

    #[test]
    fn names_of_columns_may_go_on_in_the_next_line() {
        let head = "\"sku\nno\",\"Item\nname\",price\n1,Pan,2\n";
        assert_eq!(sniffed(head), (',', 1, 0));
        let dialect = Dialect::sniff(b"\"sku\",\"name\nshort\"\r\n1,Pan\r\n", &names);
        assert_eq!((dialect.delimiter, dialect.header), (b',', 1));
        assert_eq!(sniffed("\"12\" pan,x\nsku,name\n1,Pan\n"), (',', 2, 1));
    }

    #[test]
    fn rare_delimiters_cut_what_usual_ones_do_not() {
        assert_eq!(sniffed("sku^name\n1^Pan, red; small\n"), ('^', 1, 0));
        assert_eq!(
            sniffed("List, all of it\nsku:name\n1:Pan\n2:Pot\n"),
            (':', 2, 1)
        );
        assert_eq!(sniffed("a~b\n1~x, y\n2~z\n"), ('~', 1, 0));
        assert_eq!(sniffed("sku\u{1}name\n1\u{1}Pan\n"), ('\u{1}', 1, 0));
        // What could be text is none without names, and what names nothing else either.
        assert_eq!(sniffed("a:b\n1:x\n2:z\n"), (',', 1, 0));
        assert_eq!(sniffed("a^b\n1^x\nnote\n"), (',', 1, 0));
        assert_eq!(sniffed("a^b,c\n1^x,y\n2^x,y\n"), (',', 1, 0));
        assert_eq!(sniffed("sku,name^2\n1,x^2\n"), (',', 1, 0));
    }

    #[test]
    fn the_header_is_found_behind_what_precedes_it() {
        assert_eq!(
            sniffed("Our list\n\nsku,name,price\n1,Pan,2\n"),
            (',', 3, 1)
        );
        assert_eq!(
            sniffed("# must | may\t# x\nsku\tname\n1\tPan\n"),
            ('\t', 2, 1)
        );
        let three = "T=1\tV=2\t\t\nsku\tname\tcolour\nsku\tname\tcolour1\n1\tPan\tred\n";
        assert_eq!(sniffed(three), ('\t', 3, 2));
        assert_eq!(
            sniffed("Export\nWare;Preis;Ort\n1;2;3\n4;5;6\n"),
            (';', 2, 1)
        );
        assert_eq!(sniffed("Ware;Preis\n1;2\n"), (';', 1, 0));
        assert_eq!(sniffed(";;Stand Mai\nWare;Preis;Ort\n1;2;3\n"), (';', 2, 1));
    }
}
