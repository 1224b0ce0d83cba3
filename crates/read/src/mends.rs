//! Lines and cells of delimited files that some programs write in ways of their own.

/// What a second row of a header says of columns: whether they must be filled, and with
/// what.
const ABOUT_COLUMNS: &[&str] = &[
    "required",
    "optional",
    "recommended",
    "mandatory",
    "conditional",
    "conditionally required",
    "preferred",
    "desired",
    "pflicht",
    "pflichtfeld",
    "obligatoire",
    "facultatif",
    "obligatorio",
    "opcional",
    "obbligatorio",
    "facoltativo",
    "обязательно",
    "необязательно",
    "必填",
    "选填",
    "可选",
    "必須",
    "任意",
    "text",
    "string",
    "str",
    "varchar",
    "number",
    "numeric",
    "int",
    "integer",
    "float",
    "double",
    "decimal",
    "bool",
    "boolean",
    "date",
    "datetime",
    "url",
];

/// What begins the cells of a row that is an example.
const EXAMPLES: [&str; 12] = [
    "e.g.", "eg", "ex.", "example", "sample", "z.b.", "z. b.", "beispiel", "exemple", "p. ej.",
    "ejemplo", "例",
];

/// How quotes of a delimited file stand, where they do not stand as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// The sign that encloses fields.
    pub(crate) quote: u8,
    /// Whether blanks stand between a delimiter and a quote.
    pub(crate) spaced: bool,
}

impl Quoted {
    pub(crate) const USUAL: Self = Self {
        quote: b'"',
        spaced: false,
    };

    /// How quotes stand in a header and the rows under it.
    pub(crate) fn of(header: &[u8], rows: &[&[u8]], delimiter: u8) -> Self {
        let single = |line: &[u8]| {
            let line = line.trim_ascii();
            line.len() > 1
                && line.starts_with(b"'")
                && line.ends_with(b"'")
                && line.contains(&delimiter)
        };
        let spaced =
            |quote: u8| move |line: &[u8]| unspaced(line, delimiter, quote, false).is_some();
        let all = |is: &dyn Fn(&[u8]) -> bool| {
            let enough = rows.len() > usize::from(!is(header));
            enough && rows.iter().filter(|line| !is(line)).count() * 10 <= rows.len()
        };
        let quote = if all(&single) { b'\'' } else { b'"' };
        Self {
            quote,
            spaced: delimiter != b' ' && all(&spaced(quote)),
        }
    }
}

/// The line without the blanks between a delimiter and a quote; none if there are none.
/// `inside` tells whether a quoted field goes on from the line before.
pub(crate) fn unspaced(line: &[u8], delimiter: u8, quote: u8, inside: bool) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(line.len());
    let (mut inside, mut starts) = (inside, true);
    let mut at = 0;
    while at < line.len() {
        let byte = line[at];
        if starts && byte == b' ' && byte != delimiter {
            let blanks = line[at..].iter().take_while(|&&byte| byte == b' ').count();
            if line.get(at + blanks) == Some(&quote) {
                at += blanks;
                continue;
            }
        }
        // Where a field begins with anything else, its quotes are text.
        inside ^= byte == quote && (inside || starts);
        starts = byte == delimiter && !inside;
        kept.push(byte);
        at += 1;
    }
    (kept.len() < line.len()).then_some(kept)
}

/// The line with quotes around fields that have the delimiter behind a backslash (`Pot \\| lid`),
/// as tables in Markdown have it; none if there are none.
pub(crate) fn unescaped(line: &[u8], delimiter: u8) -> Option<Vec<u8>> {
    let is_escaped = |at: usize| line[at] == b'\\' && line.get(at + 1) == Some(&delimiter);
    if !line.contains(&b'\\') || !(0..line.len()).any(is_escaped) {
        return None;
    }
    let mut fields = vec![Vec::new()];
    let mut at = 0;
    while at < line.len() {
        let escaped = is_escaped(at);
        at += usize::from(escaped);
        match fields.last_mut() {
            Some(field) if escaped || line[at] != delimiter => field.push(line[at]),
            _ => fields.push(Vec::new()),
        }
        at += 1;
    }
    let quoted = fields.iter().map(|field| {
        if !field.contains(&delimiter) {
            return field.clone();
        }
        let inner = field.trim_ascii().iter().copied();
        let inner = inner.flat_map(|byte| std::iter::repeat_n(byte, 1 + usize::from(byte == b'"')));
        [b"\"", &inner.collect::<Vec<u8>>()[..], b"\""].concat()
    });
    Some(quoted.collect::<Vec<_>>().join(&delimiter))
}

/// Whether cells under a header say something of its columns, and name no product: lines,
/// types, units in parentheses, what must be filled.
pub(crate) fn is_about_columns<'a>(cells: impl Iterator<Item = &'a [u8]>) -> bool {
    let cells: Vec<String> = cells
        .map(|cell| String::from_utf8_lossy(cell).trim().to_lowercase())
        .filter(|cell| !cell.is_empty())
        .collect();
    let is_line =
        |cell: &String| cell.trim_matches(':').chars().all(|c| "-=—".contains(c)) && cell.len() > 1;
    let is_word = |cell: &String| {
        ABOUT_COLUMNS.contains(&cell.as_str()) || (cell.starts_with('(') && cell.ends_with(')'))
    };
    let is_all = |is: &dyn Fn(&String) -> bool| cells.iter().all(is);
    // psql draws one line under all columns: `----+-------`.
    let is_drawn = |cell: &String| cell.contains("-+-") && cell.chars().all(|c| "-+".contains(c));
    // `Unique identifier of the product`, and `e.g. ABC-123`, in each cell.
    let is_phrase = |cell: &String| {
        let has_digit = cell.contains(|sign: char| sign.is_ascii_digit());
        cell.split_whitespace().count() > 2 && !has_digit
    };
    let is_example = |cell: &String| {
        EXAMPLES.iter().any(|word| {
            let rest = cell.strip_prefix(word);
            rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        })
    };
    let has_letters = |cell: &&String| cell.contains(char::is_alphabetic);
    let examples = cells.iter().filter(|cell| is_example(cell)).count();
    let are_examples = examples > 1 && cells.iter().filter(has_letters).all(is_example);
    if are_examples || cells.len() > 2 && is_all(&is_phrase) {
        return true;
    }
    cells.len() > 1 && (is_all(&is_line) || is_all(&is_word))
        || cells.len() == 1 && is_all(&is_drawn)
}

/// Whether a field ends in the beginning of a reference to a character, such as `&gt`,
/// whose semicolon was taken for a delimiter.
pub(crate) fn ends_in_reference(field: &[u8]) -> bool {
    let near = &field[field.len().saturating_sub(10)..];
    let Some(start) = near.iter().rposition(|&byte| byte == b'&') else {
        return false;
    };
    let name = &near[start + 1..];
    let number = name.strip_prefix(b"#");
    let number = number.map(|number| number.strip_prefix(b"x").unwrap_or(number));
    match number {
        Some(number) => !number.is_empty() && number.iter().all(u8::is_ascii_hexdigit),
        None => {
            name.len() > 1
                && name.iter().all(u8::is_ascii_alphanumeric)
                && !name[0].is_ascii_digit()
        }
    }
}

/// The text in a formula that keeps spreadsheets from taking it for a number: `="007"`.
pub(crate) fn unguarded(cell: &str) -> &str {
    // Most cells begin with something else, and none is looked through for it.
    if !cell.starts_with(|c: char| c == '=' || c.is_whitespace()) {
        return cell;
    }
    let whole = cell.trim();
    if let Some(link) = whole.strip_prefix("=HYPERLINK(") {
        // What is shown stands behind the address.
        let shown = link
            .strip_suffix("\")")
            .and_then(|link| link.rsplit_once('"'));
        return shown.map_or(cell, |(_, shown)| shown);
    }
    let inner = whole.strip_prefix("=\"");
    let inner = inner.and_then(|inner| inner.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(cell)
}

/// An id without the apostrophe that keeps spreadsheets from taking it for a number.
pub(crate) fn unguarded_id(id: &str) -> &str {
    let digits = id.strip_prefix('\'');
    let digits = digits.filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    digits.filter(|digits| !digits.is_empty()).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_behind_blanks_and_single_ones_are_told_by_all_rows() {
        let of = |lines: &[&'static str]| {
            let rows: Vec<&[u8]> = lines[1..].iter().map(|line| line.as_bytes()).collect();
            let found = Quoted::of(lines[0].as_bytes(), &rows, b',');
            (char::from(found.quote), found.spaced)
        };
        assert_eq!(
            of(&["\"id\", \"title\"", "\"1\", \"Pan, big\""]),
            ('"', true)
        );
        assert_eq!(of(&["id,title", "1, \"Pan\""]), ('"', false));
        assert_eq!(of(&["id,title", "1, \"Pan\"", "2, \"Pot\""]), ('"', true));
        assert_eq!(of(&["'id','title'", "'1','Pan, big'"]), ('\'', false));
        assert_eq!(of(&["'id', 'title'", "'1', 'Pan, big'"]), ('\'', true));
        assert_eq!(of(&["id,title", "'1','Pan'", "2,Pot"]), ('"', false));
        assert_eq!(of(&["id,title"]), ('"', false));
    }

    #[test]
    fn blanks_in_quoted_texts_stay() {
        let line = br#""a, "" b" , "c""#;
        let found = unspaced(line, b',', b'"', false).unwrap();
        assert_eq!(found, br#""a, "" b" ,"c""#);
        assert_eq!(unspaced(br#"rest, "x",1"#, b',', b'"', true), None);
        assert_eq!(unspaced(br#"5" pan,x"#, b',', b'"', false), None);
    }

    #[test]
    fn rows_about_columns_are_no_products() {
        let is = |row: &'static str| is_about_columns(row.split(',').map(str::as_bytes));
        assert!(is("(text),(text),(kg)") && is("required,Required,optional") && is(",----,:--:,"));
        assert!(is("Unique id of it,Name for the customer,Price with VAT"));
        assert!(is("e.g. A-1,e.g. red mug,9.99") && is("Example,Example product,9.99"));
        assert!(!is("A-1,Iron pan for all,Made in a hurry") && !is("e.g.,Pan"));
        assert!(!is("1,text") && !is("(1),Pan") && !is("-,-") && !is("required,"));
    }

    #[test]
    fn references_and_guards_are_told() {
        for cut in ["a &gt", "&#62", "&#x3E", "b &amp"] {
            assert!(ends_in_reference(cut.as_bytes()), "{cut}");
        }
        for whole in ["a & b", "&", "R&D 12", "&gt x", ""] {
            assert!(!ends_in_reference(whole.as_bytes()), "{whole}");
        }
        assert_eq!((unguarded("=\"007\""), unguarded("=1+1")), ("007", "=1+1"));
        assert_eq!(unguarded("=HYPERLINK(\"https://a.b\",\"Pan\")"), "Pan");
        assert_eq!((unguarded("\u{3000} =\"7\" "), unguarded("")), ("7", ""));
        assert_eq!(
            (unguarded_id("'007"), unguarded_id("'n roll")),
            ("007", "'n roll")
        );
    }
}
