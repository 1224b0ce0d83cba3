//! Products from delimited files and JSON Lines.

use std::collections::HashMap;

use assort_core::{MAX_TEXT, MAX_TITLE, Product, SEPARATOR, clean};
use serde_json::{Map, Value};

use crate::Result;

use super::columns::{Columns, IdSource, Mapping};
use super::input::Input;
use super::json::{JsonLines, flatten, text_of};
use super::table::{RowError, Table};
use crate::error::Unstated;

/// The longest id a product may have, in bytes.
pub const MAX_ID: usize = 512;

/// A product as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductRow {
    /// Line of the file, counted from 1.
    pub line: u64,
    /// The product, cleaned; its title is empty only where none is required.
    pub product: Product,
    /// The category the file gives, an id or a path, as written.
    pub category: Option<String>,
}

/// A row no product can be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Line of the file, counted from 1.
    pub line: u64,
    /// The product's id, if the row has got that far.
    pub id: Option<String>,
    /// What is wrong with the row.
    pub reason: String,
    /// What could be stated so that the row is read after all.
    pub unstated: Option<Unstated>,
}

impl Rejected {
    /// A row that is rejected for a `reason` that nothing can be stated about.
    pub fn new(line: u64, id: Option<String>, reason: String) -> Self {
        Self {
            line,
            id,
            reason,
            unstated: None,
        }
    }
}

/// Reads the products of a file in the file's order.
///
/// Delimited files with a header and JSON Lines are told apart by their
/// content. The iterator yields an `Err` when the file cannot be read on, and
/// ends there; a row that cannot be used is an item like any other.
#[derive(Debug)]
pub struct ProductReader {
    rows: Rows,
    columns: Columns,
    require_title: bool,
    /// Rows met so far, used or not.
    count: u64,
    finished: bool,
}

#[derive(Debug)]
enum Rows {
    Table(Box<Table>),
    Json(Box<JsonRows>),
}

#[derive(Debug)]
struct JsonRows {
    lines: JsonLines,
    /// Where the keys stand among the columns.
    positions: HashMap<String, usize>,
}

type Row = std::result::Result<ProductRow, Rejected>;

impl ProductReader {
    /// Recognises the format and finds out what the columns mean.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file is empty or its header
    /// damaged, if the mapping names a column that is not there, or if no
    /// column looks like an id or a required title.
    pub fn new(input: Input, mapping: &Mapping) -> Result<Self> {
        let start = input.beginning("products as CSV, TSV or JSON Lines")?;
        let (rows, columns) = if JsonLines::recognise(start) {
            let mut lines = JsonLines::open(input)?;
            let keys = lines.keys()?;
            if keys.is_empty() {
                return Err(lines.error(None, "no line is a JSON object"));
            }
            let columns =
                Columns::resolve(&keys, mapping).map_err(|message| lines.error(None, message))?;
            let positions = keys.into_iter().zip(0..).collect();
            (Rows::Json(Box::new(JsonRows { lines, positions })), columns)
        } else {
            let table = Table::open(input, mapping.quoting)?;
            let columns = Columns::resolve(table.columns(), mapping)
                .map_err(|message| table.error(None, message))?;
            (Rows::Table(Box::new(table)), columns)
        };
        Ok(Self {
            rows,
            columns,
            require_title: mapping.require_title,
            count: 0,
            finished: false,
        })
    }

    /// What the columns of the file mean.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The recognised format, for messages.
    pub fn format(&self) -> &'static str {
        match &self.rows {
            Rows::Table(table) => table.format(),
            Rows::Json(_) => "JSON Lines",
        }
    }

    fn read(&mut self) -> Result<Option<Row>> {
        let maker = Maker {
            columns: &self.columns,
            require_title: self.require_title,
            number: self.count + 1,
        };
        let row = match &mut self.rows {
            Rows::Table(table) => match table.read()? {
                None => None,
                Some(Ok(record)) => {
                    let value = |column| record.get(column);
                    Some(maker.make(record.line(), value, Vec::new()))
                }
                Some(Err(error)) => Some(Err(unread(error))),
            },
            Rows::Json(json) => match json.lines.read()? {
                None => None,
                Some(Ok((line, object))) => Some(maker.make_json(line, &object, &json.positions)),
                Some(Err(error)) => Some(Err(unread(error))),
            },
        };
        if row.is_some() {
            self.count += 1;
        } else if self.count == 0 {
            return Err(self.no_rows());
        }
        Ok(row)
    }

    fn no_rows(&self) -> crate::Error {
        let message = "the file has a header but no rows";
        match &self.rows {
            Rows::Table(table) => table.error(None, message),
            Rows::Json(json) => json.lines.error(None, message),
        }
    }
}

impl Iterator for ProductReader {
    type Item = Result<std::result::Result<ProductRow, Rejected>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let item = self.read().transpose();
        self.finished = !matches!(item, Some(Ok(_)));
        item
    }
}

/// Makes products of raw values.
struct Maker<'a> {
    columns: &'a Columns,
    require_title: bool,
    /// Number of the row, counted from 1.
    number: u64,
}

impl Maker<'_> {
    fn make<'v>(
        &self,
        line: u64,
        value: impl Fn(usize) -> &'v str,
        further: Vec<(String, String)>,
    ) -> Row {
        let id = match self.columns.id {
            IdSource::RowNumber => self.number.to_string(),
            IdSource::Column(column) => value(column).trim().to_owned(),
        };
        if let Some(reason) = self.wrong_id(&id) {
            return Err(Rejected::new(line, None, reason));
        }
        let wrong = |reason: String| Rejected::new(line, Some(id.clone()), reason);

        let title = self.columns.title.map(|at| clean(value(at)));
        let title = title.unwrap_or_default();
        if title.is_empty() && self.require_title {
            return Err(wrong("no title".to_owned()));
        }
        let mut text = String::new();
        for part in self.columns.text.iter().map(|&at| clean(value(at))) {
            if !text.is_empty() && !part.is_empty() {
                text.push('\n');
            }
            text.push_str(&part);
        }
        for (what, length, most) in [
            ("title", title.len(), MAX_TITLE),
            ("text", text.len(), MAX_TEXT),
        ] {
            if length > most {
                let reason = format!("the {what} has {length} bytes, the most is {most}");
                return Err(wrong(reason));
            }
        }

        let named = |&at: &usize| (self.columns.names[at].clone(), clean(value(at)));
        let mut attributes: Vec<_> = self.columns.attributes.iter().map(named).collect();
        attributes.extend(further);
        attributes.retain(|(_, value)| !value.is_empty());
        let trimmed = |column: Option<usize>| {
            let value = value(column?).trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        Ok(ProductRow {
            line,
            category: trimmed(self.columns.category),
            product: Product {
                image: trimmed(self.columns.image),
                id,
                title,
                text,
                attributes,
            }
            .sorted(),
        })
    }

    fn make_json(
        &self,
        line: u64,
        object: &Map<String, Value>,
        positions: &HashMap<String, usize>,
    ) -> Row {
        let mut values = vec![String::new(); self.columns.names.len()];
        let mut further = Vec::new();
        let mut inexact = false;
        flatten(object, &mut |key, value| match positions.get(key) {
            Some(&at) => {
                inexact |= self.columns.id == IdSource::Column(at) && value.is_f64();
                // The elements of a category are the way down to it.
                let path = self.columns.category == Some(at);
                values[at] = text_of(value, if path { SEPARATOR } else { ", " });
            }
            None if self.columns.open => {
                further.push((key.to_owned(), clean(&text_of(value, ", "))));
            }
            None => {}
        });
        if inexact {
            // Two long numbers could become the same id.
            let reason = "the id is not a whole number of up to 64 bits; write it as a string";
            return Err(Rejected::new(line, None, reason.to_owned()));
        }
        self.make(line, |column| values[column].as_str(), further)
    }

    fn wrong_id(&self, id: &str) -> Option<String> {
        if id.is_empty() {
            return Some(format!("no id in column `{}`", self.columns.id()));
        }
        if id.len() > MAX_ID {
            let length = id.len();
            return Some(format!("the id has {length} bytes, the most is {MAX_ID}"));
        }
        id.chars()
            .any(char::is_control)
            .then(|| "the id has a control character".to_owned())
    }
}

/// A row that could not be read.
fn unread(error: RowError) -> Rejected {
    Rejected {
        line: error.line,
        id: None,
        reason: error.message,
        unstated: error.unstated,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn open(file: &str, mapping: &Mapping) -> Result<ProductReader> {
        let input = Input::from_reader("shop", Cursor::new(file.as_bytes().to_vec()), None)?;
        ProductReader::new(input, mapping)
    }

    fn read(file: &str) -> Vec<Row> {
        let reader = open(file, &Mapping::default()).unwrap();
        reader.map(|row| row.unwrap()).collect()
    }

    fn reason(file: &str) -> String {
        read(file).remove(0).unwrap_err().reason
    }

    fn attributes(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn a_delimited_row_becomes_a_clean_product() {
        let file = "id\ttitle\tdescription\tbody\tprice\tcategory\timage\tbrand\n\
            \u{20}7 \t<b>Kettle</b>&nbsp;red\tBoils.\tFast.\t9\t A > B \timg/7.jpg\t\n";
        let row = read(file).remove(0).unwrap();
        assert_eq!(row.line, 2);
        assert_eq!(row.category.as_deref(), Some("A > B"));
        assert_eq!(
            row.product,
            Product {
                id: "7".into(),
                title: "Kettle red".into(),
                text: "Boils.\nFast.".into(),
                attributes: attributes(&[("price", "9")]),
                image: Some("img/7.jpg".into()),
            }
        );
    }

    #[test]
    fn a_json_object_becomes_the_same_product() {
        let file = r#"{"id":7,"title":"Kettle","price":9.5,"category":["A","B"],"size":{"cm":[1,2]}}
{"id":"8","title":"Pan","new":true,"price":null}"#;
        let rows: Vec<_> = read(file).into_iter().map(|row| row.unwrap()).collect();
        assert_eq!(rows[0].product.id, "7");
        assert_eq!(rows[0].category.as_deref(), Some("A > B"));
        assert_eq!(
            rows[0].product.attributes,
            attributes(&[("price", "9.5"), ("size.cm", "1, 2")])
        );
        assert_eq!(rows[1].line, 2);
        assert_eq!(rows[1].product.attributes, attributes(&[("new", "true")]));
    }

    #[test]
    fn stated_attributes_are_kept_alone_even_if_more_keys_turn_up() {
        let mapping = Mapping {
            attributes: Some(vec!["brand".to_owned()]),
            ..Mapping::default()
        };
        let many = "{\"id\":1,\"title\":\"a\",\"brand\":\"b\",\"price\":1}\n".repeat(200);
        let file = many + "{\"id\":2,\"title\":\"a\",\"brand\":\"c\",\"late\":1}\n";
        let last = open(&file, &mapping).unwrap().last().unwrap();
        let product = last.unwrap().unwrap().product;
        assert_eq!(product.attributes, attributes(&[("brand", "c")]));
    }

    #[test]
    fn rows_without_id_or_title_are_rejected_and_the_rest_is_read() {
        let rows = read("sku,title\n ,Kettle\n2,&nbsp;\n3\n4,Pan\n");
        let reasons: Vec<_> = rows
            .iter()
            .map(|row| row.as_ref().map(|row| row.line).map_err(Clone::clone))
            .collect();
        let rejected = |line, id: Option<&str>, reason: &str| {
            let id = id.map(str::to_owned);
            Err(Rejected::new(line, id, reason.to_owned()))
        };
        assert_eq!(
            reasons,
            [
                rejected(2, None, "no id in column `sku`"),
                rejected(3, Some("2"), "no title"),
                rejected(4, None, "has 1 column, the header has 2"),
                Ok(5),
            ]
        );
    }

    #[test]
    fn values_beyond_the_limits_are_rejected() {
        let long = |id: usize, title: usize, text: usize| {
            let [id, title, text] = [id, title, text].map(|length| "x".repeat(length));
            format!("id,title,text\n{id},{title},{text}\n")
        };
        assert!(read(&long(MAX_ID, MAX_TITLE, MAX_TEXT))[0].is_ok());
        assert_eq!(
            reason(&long(513, 1, 1)),
            "the id has 513 bytes, the most is 512"
        );
        assert!(reason(&long(1, MAX_TITLE + 1, 1)).starts_with("the title has 32769 bytes"));
        assert!(reason(&long(1, 1, MAX_TEXT + 1)).starts_with("the text has 1048577 bytes"));
        assert_eq!(
            reason("id,title\na\u{7}b,x\n"),
            "the id has a control character"
        );
    }

    #[test]
    fn numbers_too_long_for_json_are_no_ids() {
        let found = reason(r#"{"id":123456789012345678901234567890,"title":"a"}"#);
        assert!(found.contains("write it as a string"), "{found}");
    }

    #[test]
    fn rows_are_numbered_on_request_whether_used_or_not() {
        let mapping = Mapping {
            id: Some("#".to_owned()),
            ..Mapping::default()
        };
        let rows = open("title\n\nKettle\n&nbsp;\nPan\n", &mapping).unwrap();
        let ids: Vec<_> = rows.filter_map(|row| row.unwrap().ok()).collect();
        assert_eq!((ids[0].product.id.as_str(), ids[0].line), ("1", 3));
        assert_eq!((ids[1].product.id.as_str(), ids[1].line), ("3", 5));
    }

    #[test]
    fn a_file_without_rows_is_an_error_once() {
        let mut reader = open("id,title\n\n", &Mapping::default()).unwrap();
        let error = reader.next().unwrap().unwrap_err().to_string();
        assert_eq!(error, "shop: the file has a header but no rows");
        assert!(reader.next().is_none());
        let empty = open("", &Mapping::default()).unwrap_err().to_string();
        assert!(empty.contains("file is empty"), "{empty}");
    }

    #[test]
    fn labels_need_no_title() {
        let mapping = Mapping {
            require_title: false,
            ..Mapping::default()
        };
        let mut reader = open("id,category\n1,A\n", &mapping).unwrap();
        let row = reader.next().unwrap().unwrap().unwrap();
        assert_eq!(
            (row.product.title.as_str(), row.category.as_deref()),
            ("", Some("A"))
        );
    }

    #[test]
    fn a_broken_stream_ends_the_reading_with_an_error() {
        struct Broken;
        impl std::io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("unplugged"))
            }
        }
        let long = "1,a\n".repeat(20_000);
        let file = Cursor::new(format!("id,title\n{long}").into_bytes());
        let stream = std::io::Read::chain(file, Broken);
        let input = Input::from_reader("shop", stream, None).unwrap();
        let mut reader = ProductReader::new(input, &Mapping::default()).unwrap();
        let error = reader.find_map(Result::err).unwrap().to_string();
        assert!(error.contains("unplugged"), "{error}");
        assert!(reader.next().is_none());
    }
}
