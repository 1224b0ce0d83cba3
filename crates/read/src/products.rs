//! Products from delimited files and from objects.

use std::collections::HashMap;

use assort_core::{Product, ProductUpdate, SEPARATOR, check_id, check_lengths, clean, clean_lines};
use serde_json::{Map, Value};

use crate::Result;

use crate::columns::{Columns, IdSource, Late, Mapping};
use crate::input::Input;
use crate::json::{flatten, text_of};
use crate::names::attribute;
use crate::objects::{Objects, Wanted};
use crate::row::{ProductRow, Rejected, Row, UpdateRow};
use crate::table::{RowError, Table};

/// Reads the products of a file in the file's order.
///
/// Delimited files with a header and JSON Lines are told apart by their
/// content. The iterator yields an error when the file cannot be read on,
/// and ends there; a row that cannot be used is an item like any other.
#[derive(Debug)]
pub struct ProductReader {
    rows: Rows,
    format: String,
    columns: Columns,
    require_title: bool,
    updates: bool,
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
    objects: Objects,
    /// Where the keys stand among the columns.
    positions: HashMap<String, usize>,
}

type Made = std::result::Result<Row, Rejected>;

impl ProductReader {
    /// Recognises the format and finds out what the columns mean.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file is empty or its header
    /// damaged, if the mapping names a column that is not there, or if no
    /// column looks like an id or a required title.
    pub fn new(input: Input, mapping: &Mapping) -> Result<Self> {
        let start = input.beginning("products as CSV, TSV or JSON Lines")?;
        let found_out = input.format("");
        let (rows, columns) = if Objects::recognise(start) {
            let mut objects = Objects::open(input, Wanted::Products)?;
            let keys = objects.keys()?;
            let columns =
                Columns::resolve(&keys, mapping).map_err(|message| objects.error(None, message))?;
            let positions = keys.into_iter().zip(0..).collect();
            let json = JsonRows { objects, positions };
            (Rows::Json(Box::new(json)), columns)
        } else {
            let table = Table::open(input, mapping.quoting)?;
            let columns = Columns::resolve(table.columns(), mapping)
                .map_err(|message| table.error(None, message))?;
            (Rows::Table(Box::new(table)), columns)
        };
        let format = match &rows {
            Rows::Table(table) => table.format(),
            Rows::Json(json) => json.objects.format(),
        };
        Ok(Self {
            format: format!("{format}{found_out}"),
            rows,
            columns,
            require_title: mapping.require_title,
            updates: mapping.updates,
            count: 0,
            finished: false,
        })
    }

    /// What the columns of the file mean.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The recognised format, for messages, with what else was found out about the
    /// file ([`Input::told`]).
    pub fn format(&self) -> &str {
        &self.format
    }

    fn read(&mut self) -> Result<Option<Row>> {
        let maker = Maker {
            columns: &self.columns,
            require_title: self.require_title,
            updates: self.updates,
            number: self.count + 1,
        };
        let row = match &mut self.rows {
            Rows::Table(table) => match table.read()? {
                None => None,
                Some(Ok(record)) => {
                    let value = |column| Some(record.get(column));
                    Some(maker.make(record.line(), value, Vec::new()))
                }
                Some(Err(error)) => Some(Err(unread(error))),
            },
            Rows::Json(json) => match json.objects.read()? {
                None => None,
                Some(Ok((line, object))) => {
                    let made = maker.make_json(line, &object, &json.positions);
                    Some(made.map_err(|rejected| rejected.within(json.objects.place())))
                }
                Some(Err(error)) => Some(Err(unread(error))),
            },
        };
        if row.is_some() {
            self.count += 1;
        } else if self.count == 0 {
            return Err(self.no_rows());
        }
        Ok(row.map(|row| row.unwrap_or_else(Row::Rejected)))
    }

    fn no_rows(&self) -> crate::Error {
        let message = "the file has a header but no rows";
        match &self.rows {
            Rows::Table(table) => table.error(None, message),
            Rows::Json(json) => json.objects.error(None, message),
        }
    }
}

impl Iterator for ProductReader {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        if self.finished {
            return None;
        }
        let item = self.read().transpose();
        self.finished = !matches!(item, Some(Ok(_)));
        item
    }
}

/// Makes rows of raw values.
struct Maker<'a> {
    columns: &'a Columns,
    require_title: bool,
    updates: bool,
    /// Number of the row, counted from 1.
    number: u64,
}

impl Maker<'_> {
    /// `value` gives the value of a column, none if the row does not have it.
    fn make<'v>(
        &self,
        line: u64,
        value: impl Fn(usize) -> Option<&'v str>,
        further: Vec<(String, String)>,
    ) -> Made {
        let id = match self.columns.id {
            IdSource::RowNumber => self.number.to_string(),
            IdSource::Column(column) => value(column).unwrap_or_default().trim().to_owned(),
        };
        if id.is_empty() {
            let reason = format!("no id in column `{}`", self.columns.id());
            return Err(Rejected::new(line, None, reason));
        }
        check_id(&id).map_err(|reason| Rejected::new(line, None, reason))?;
        let wrong = |reason: String| Rejected::new(line, Some(id.clone()), reason);

        let mut given = ProductUpdate::new(id.clone());
        given.title = self.columns.title.and_then(&value).map(clean);
        for part in self.columns.text.iter().filter_map(|&at| value(at)) {
            let (part, text) = (clean_lines(part), given.text.get_or_insert_default());
            if !text.is_empty() && !part.is_empty() {
                text.push('\n');
            }
            text.push_str(&part);
        }
        let trimmed = |value: &str| value.trim().to_owned();
        given.image = self.columns.image.and_then(&value).map(trimmed);
        let named = |&at: &usize| {
            let name = attribute(&self.columns.names[at]);
            Some((name.to_owned(), clean(value(at)?)))
        };
        given.attributes = self.columns.attributes.iter().filter_map(named).collect();
        given.attributes.extend(further);
        let category = self.columns.category.and_then(&value).map(trimmed);
        let category = category.filter(|category| !category.is_empty());

        if self.updates {
            given.check().map_err(wrong)?;
            return Ok(Row::Update(UpdateRow {
                line,
                update: given,
                category,
            }));
        }
        let product = Product {
            id: id.clone(),
            ..Product::default()
        };
        let product = product.updated(given);
        match self.require_title {
            true => product.check(),
            false => check_lengths(&product.title, &product.text),
        }
        .map_err(wrong)?;
        Ok(Row::Product(ProductRow {
            line,
            product,
            category,
        }))
    }

    fn make_json(
        &self,
        line: u64,
        object: &Map<String, Value>,
        positions: &HashMap<String, usize>,
    ) -> Made {
        let mut values = vec![None; self.columns.names.len()];
        let mut further = Vec::new();
        let mut inexact = false;
        flatten(object, &mut |key, value| match positions.get(key) {
            Some(&at) => {
                inexact |= self.columns.id == IdSource::Column(at) && value.is_f64();
                // The elements of a category are the way down to it.
                let path = self.columns.category == Some(at);
                values[at] = Some(text_of(value, if path { SEPARATOR } else { ", " }));
            }
            None => match self.columns.meaning_of_late(key) {
                Late::Category(at) => values[at] = Some(text_of(value, SEPARATOR)),
                Late::Attribute(name) => {
                    further.push((name.to_owned(), clean(&text_of(value, ", "))));
                }
                Late::Nothing => {}
            },
        });
        if inexact {
            // Two long numbers could become the same id.
            let reason = "the id is not a whole number of up to 64 bits; write it as a string";
            return Err(Rejected::new(line, None, reason.to_owned()));
        }
        self.make(line, |column| values[column].as_deref(), further)
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

    use assort_core::{MAX_ID, MAX_TEXT, MAX_TITLE};

    use super::*;

    fn open(file: &str, mapping: &Mapping) -> Result<ProductReader> {
        let input = Input::from_reader("shop", Cursor::new(file.as_bytes().to_vec()), None)?;
        ProductReader::new(input, mapping)
    }

    type Whole = std::result::Result<ProductRow, Rejected>;

    fn rows(reader: ProductReader) -> Vec<Whole> {
        reader.map(|row| row.unwrap().whole()).collect()
    }

    fn read(file: &str) -> Vec<Whole> {
        rows(open(file, &Mapping::default()).unwrap())
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
        let last = rows(open(&file, &mapping).unwrap()).pop().unwrap();
        let product = last.unwrap().product;
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
        let rows = rows(open("title\n\nKettle\n&nbsp;\nPan\n", &mapping).unwrap());
        let ids: Vec<_> = rows.into_iter().filter_map(Whole::ok).collect();
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
    fn an_update_has_what_the_file_has_columns_for() {
        let mapping = Mapping::default().with_updates(true);
        let all = |file: &str| -> Vec<Row> {
            open(file, &mapping).unwrap().map(Result::unwrap).collect()
        };
        let update = |row: &Row| match row {
            Row::Update(row) => (row.update.clone(), row.category.clone()),
            other => panic!("{other:?}"),
        };
        let rows = all("id,price,image,category\n1,9,,A\n2,,b.jpg,\n");
        let first = ProductUpdate::new("1").with_image(String::new());
        let first = first.with_attribute("price", "9");
        assert_eq!(update(&rows[0]), (first, Some("A".to_owned())));
        let second = ProductUpdate::new("2").with_image("b.jpg".to_owned());
        assert_eq!(update(&rows[1]), (second.with_attribute("price", ""), None));

        let rows = all("{\"id\":1,\"price\":null}\n{\"id\":2,\"title\":\"Pan\"}\n");
        let first = ProductUpdate::new("1").with_attribute("price", "");
        assert_eq!(update(&rows[0]).0, first);
        let second = ProductUpdate::new("2").with_title("Pan".to_owned());
        assert_eq!(update(&rows[1]).0, second);

        let rows = all("id,title\n1,\n");
        assert!(matches!(&rows[0], Row::Rejected(why) if why.reason == "no title"));
        let refused = open("id\n1\n", &mapping).unwrap_err().to_string();
        assert!(refused.contains("says what changes"), "{refused}");
    }

    #[test]
    fn labels_need_no_title() {
        let mapping = Mapping {
            require_title: false,
            ..Mapping::default()
        };
        let mut reader = open("id,category\n1,A\n", &mapping).unwrap();
        let row = reader.next().unwrap().unwrap().whole().unwrap();
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
        let error = reader.find_map(Result::err);
        let error = error.unwrap().to_string();
        assert!(error.contains("unplugged"), "{error}");
        assert!(reader.next().is_none());
    }
}
