//! Products from delimited files and files of objects.

use std::collections::VecDeque;
use std::sync::Arc;

use assort_core::{Product, ProductUpdate, check_lengths};

use crate::Result;
use crate::columns::Columns;
use crate::input::Input;
use crate::join::Join;
use crate::maker::{Given, Maker};
use crate::mapping::Mapping;
#[cfg(feature = "parquet")]
use crate::packed::Elsewhere;
use crate::raw::Rows;
use crate::row::{ProductRow, Rejected, Row, UpdateRow};
use crate::tally::Tally;

/// Reads the products of a file in the file's order.
///
/// Delimited files with a header and files of objects are told apart by their
/// content, and what columns mean by their names and by the first rows. Rows of one
/// product (its variants, pictures and translations) are joined: the product comes when
/// the next one begins, one that others name as their parent at the end. The iterator
/// yields an error when the file cannot be read on, and ends there; a row that cannot be
/// used is an item like any other.
#[derive(Debug)]
pub struct ProductReader {
    columns: Columns,
    format: String,
    skipped: u64,
    tally: Arc<Tally>,
    products: Products,
}

/// Where products are made.
#[derive(Debug)]
enum Products {
    Here(Box<Reader>),
    /// In a thread.
    #[cfg(feature = "parquet")]
    Elsewhere(Elsewhere<Box<Reader>>),
}

impl ProductReader {
    /// Recognises the format and finds out what the columns mean.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file is empty or its header
    /// damaged, if the mapping names a column that is not there, or if no
    /// column looks like an id or a required title.
    pub fn new(input: Input, mapping: &Mapping) -> Result<Self> {
        #[cfg(feature = "parquet")]
        let file = input.name().to_owned();
        let reader = Reader::new(input, mapping)?;
        Ok(Self {
            columns: reader.columns.clone(),
            format: reader.rows.format().to_owned(),
            skipped: reader.rows.skipped(),
            tally: Arc::clone(&reader.tally),
            #[cfg(feature = "parquet")]
            products: match reader.rows.is_columnar() {
                true => Products::Elsewhere(Elsewhere::new(Box::new(reader), file)),
                false => Products::Here(Box::new(reader)),
            },
            #[cfg(not(feature = "parquet"))]
            products: Products::Here(Box::new(reader)),
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

    /// Lines before the header that were skipped.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Counts rows that are read otherwise than they stand. It stays current while
    /// somebody else reads.
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }
}

impl Iterator for ProductReader {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        match &mut self.products {
            Products::Here(reader) => reader.next(),
            #[cfg(feature = "parquet")]
            Products::Elsewhere(elsewhere) => elsewhere.next(),
        }
    }
}

/// Makes products row by row.
#[derive(Debug)]
struct Reader {
    rows: Rows,
    columns: Columns,
    require_title: bool,
    updates: bool,
    join: Option<Join>,
    /// What has been read, and not yet given.
    ready: VecDeque<Row>,
    /// Rows met so far, used or not.
    count: u64,
    is_at_end: bool,
    tally: Arc<Tally>,
}

impl Reader {
    fn new(input: Input, mapping: &Mapping) -> Result<Self> {
        let tally = Arc::new(Tally::new(input.late()));
        let (mut rows, names) = Rows::open(input, mapping.quoting)?;
        let sample = rows.sample(names.len())?;
        let columns = Columns::resolve(&names, mapping, &sample);
        let columns = columns.map_err(|refusal| rows.error(refusal))?;
        #[cfg(feature = "parquet")]
        rows.use_only(|at| columns.needs(at));
        let join = mapping.joins().then(|| Join::new(&columns));
        Ok(Self {
            rows,
            columns,
            require_title: mapping.require_title,
            updates: mapping.updates,
            join,
            ready: VecDeque::new(),
            count: 0,
            is_at_end: false,
            tally,
        })
    }

    /// Reads one row on.
    fn advance(&mut self) -> Result<()> {
        let number = self.count + 1;
        let columns = &self.columns;
        let Some(made) = self.rows.read(Maker { columns, number })? else {
            if self.count == 0 {
                return Err(self.rows.error("the file has a header but no rows"));
            }
            self.is_at_end = true;
            let held = self.join.as_mut().map(|join| join.finish(&self.tally));
            for given in held.into_iter().flatten() {
                let row = self.row(given);
                self.ready.push_back(row);
            }
            self.tally.set_bent(self.rows.bent());
            return Ok(());
        };
        self.count += 1;
        if self.count.is_multiple_of(1024) {
            self.tally.set_bent(self.rows.bent());
        }
        if let Ok(given) = &made {
            self.tally.count_vectors(given.vectors);
            for (at, value) in &given.otherwise {
                let comma = self.columns.decimal_commas.contains(at);
                let column = &self.columns.names[*at];
                self.tally.count_otherwise(column, comma, given.line, value);
            }
        }
        let given = match (made, &mut self.join) {
            (Err(rejected), _) => {
                self.ready.push_back(Row::Rejected(rejected));
                return Ok(());
            }
            (Ok(given), None) => Some(given),
            (Ok(given), Some(join)) => join.take(given, &self.tally),
        };
        if let Some(given) = given {
            let row = self.row(given);
            self.ready.push_back(row);
        }
        Ok(())
    }

    /// A row of what one says that stands for itself.
    fn row(&self, given: Given) -> Row {
        match self.updates {
            true => update(given),
            false => product(given, self.require_title),
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Some(Ok(row));
            }
            if self.is_at_end {
                return None;
            }
            if let Err(error) = self.advance() {
                self.is_at_end = true;
                return Some(Err(error));
            }
        }
    }
}

fn update(given: Given) -> Row {
    if let Err(reason) = given.update.check() {
        return rejected(given.line, given.update.id, reason, given.place);
    }
    Row::Update(UpdateRow {
        line: given.line,
        update: given.update,
        category: given.category,
        more_categories: given.more_categories,
    })
}

fn product(given: Given, require_title: bool) -> Row {
    let product = whole(given.update);
    let checked = match require_title {
        true => product.check(),
        false => check_lengths(&product.title, &product.text),
    };
    if let Err(reason) = checked {
        return rejected(given.line, product.id, reason, given.place);
    }
    Row::Product(ProductRow {
        line: given.line,
        product,
        category: given.category,
        more_categories: given.more_categories,
    })
}

fn rejected(line: u64, id: String, reason: String, place: Option<String>) -> Row {
    Row::Rejected(Rejected::new(line, Some(id), reason).within(place))
}

fn whole(mut update: ProductUpdate) -> Product {
    let product = Product {
        id: std::mem::take(&mut update.id),
        ..Product::default()
    };
    product.updated(update)
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
            attributes(&[("price", "9.5"), ("size.cm", "1"), ("size.cm", "2")])
        );
        assert_eq!(rows[1].line, 2);
        assert_eq!(rows[1].product.attributes, attributes(&[("new", "true")]));
    }

    #[test]
    fn a_key_is_the_id_of_a_product_that_has_none_of_its_own() {
        let columns = |file: &str| {
            let reader = open(file, &Mapping::default()).unwrap();
            let columns = reader.columns().to_string();
            let ids: Vec<_> = rows(reader)
                .into_iter()
                .map(|row| row.unwrap().product.id)
                .collect();
            (columns, ids.join(","))
        };
        let keyed = r#"{"p1":{"title":"Mug","price":1},"p2":{"title":"Pan","price":2}}"#;
        let told = ("id=(key) title=title attributes=price", "p1,p2");
        assert_eq!(columns(keyed), (told.0.to_owned(), told.1.to_owned()));
        let own = r#"{"a":{"sku":"p1","title":"Mug"},"b":{"sku":"p2","title":"Pan"}}"#;
        let told = ("id=sku title=title ignored=(key)", "p1,p2");
        assert_eq!(columns(own), (told.0.to_owned(), told.1.to_owned()));
        // A number that repeats is not what tells products apart.
        let shared = r#"{"a":{"ean":"7","title":"Mug"},"b":{"ean":"7","title":"Pan"}}"#;
        let told = ("id=(key) title=title attributes=ean", "a,b");
        assert_eq!(columns(shared), (told.0.to_owned(), told.1.to_owned()));
    }

    #[test]
    fn vectors_are_no_attributes_unless_somebody_says_so() {
        let vector = vec!["0.5"; 100].join(",");
        let row = |id: u32, rest: &str| format!("{{\"id\":{id},\"title\":\"Mug\"{rest}}}\n");
        let with = |id: u32| row(id, &format!(",\"emb\":[{vector}],\"cm\":[1.5,2.5]"));
        let mut reader = open(&(with(1) + &with(2)), &Mapping::default()).unwrap();
        let columns = "id=id title=title attributes=cm left-out-vectors=emb";
        assert_eq!(reader.columns().to_string(), columns);
        let product = reader.next().unwrap().unwrap().whole().unwrap().product;
        assert_eq!(
            product.attributes,
            attributes(&[("cm", "1.5"), ("cm", "2.5")])
        );

        // Where they come late, or seldom, they are counted.
        let late =
            row(1, ",\"emb\":1").repeat(200) + &with(2) + &row(3, &format!(",\"v\":[{vector}]"));
        let reader = open(&late, &Mapping::default().with_id("#".to_owned())).unwrap();
        let tally = reader.tally();
        let last = rows(reader).pop().unwrap().unwrap().product;
        assert_eq!(
            (last.attributes, tally.vectors()),
            (attributes(&[("id", "3")]), 2)
        );

        let stated = Mapping::default().with_attributes(vec!["emb".to_owned()]);
        let table = format!("id,title,emb\n1,Mug,\"[{vector}]\"\n");
        let kept = rows(open(&table, &stated).unwrap()).pop().unwrap().unwrap();
        assert_eq!(kept.product.attributes[0].1.len(), vector.len() + 2);
        let reader = open(&table, &Mapping::default()).unwrap();
        assert!(
            reader
                .columns()
                .to_string()
                .ends_with("left-out-vectors=emb")
        );
    }

    #[test]
    fn numbers_that_are_written_otherwise_later_are_read_rightly_and_counted() {
        let read = |first: &str, later: &str| {
            let first = format!("1,Mug,\"{first}\"\n").repeat(1200);
            let file = format!("id,title,price\n{first}2,Pan,\"{later}\"\n3,Pot,\"{later}\"\n");
            let reader = open(&file, &Mapping::default().with_id("#".to_owned())).unwrap();
            let tally = reader.tally();
            let last = rows(reader).pop().unwrap().unwrap().product;
            let told = tally.otherwise().into_iter().map(|other| {
                format!(
                    "{} {} {} {}",
                    other.column, other.count, other.line, other.value
                )
            });
            (last.attributes[1].1.clone(), told.collect::<Vec<_>>())
        };
        let told = vec!["price 2 1202 1,299.00".to_owned()];
        assert_eq!(read("7,50", "1,299.00"), ("1299.00".to_owned(), told));
        let told = vec!["price 2 1202 1.299,00".to_owned()];
        assert_eq!(read("7.50", "1.299,00"), ("1.299,00".to_owned(), told));
        assert_eq!(read("7,50", "1.299"), ("1299".to_owned(), vec![]));
    }

    #[test]
    fn numbers_that_are_unclear_are_told_unless_somebody_says_what_they_are() {
        let file = "id,title,price\n1,Mug,1.299\n2,Pan,2.450\n";
        let reader = open(file, &Mapping::default()).unwrap();
        assert_eq!(reader.columns().unclear_numbers(), [("price", true)]);
        let stated = Mapping::default().with_decimal_commas(vec!["price".to_owned()]);
        let reader = open(file, &stated).unwrap();
        assert!(reader.columns().unclear_numbers().is_empty());
        let product = rows(reader).remove(0).unwrap().product;
        assert_eq!(product.attributes, attributes(&[("price", "1299")]));
        let none = Mapping::default().with_decimal_commas(Vec::new());
        let reader = open("id,title,price\n1,Mug,\"7,5\"\n", &none).unwrap();
        assert_eq!(
            reader.columns().to_string(),
            "id=id title=title attributes=price"
        );
    }

    #[test]
    fn an_index_of_names_is_an_id_and_one_of_numbers_is_nothing() {
        let columns = |file: &str| {
            let reader = open(file, &Mapping::default());
            reader.map_or_else(
                |error| error.to_string(),
                |reader| reader.columns().to_string(),
            )
        };
        let named = "title,__index_level_0__\nMug,p-1\nPan,p-2\n";
        assert_eq!(columns(named), "id=__index_level_0__ title=title");
        let both = "id,title,__index_level_0__\n7,Mug,0\n8,Pan,2\n";
        assert_eq!(columns(both), "id=id title=title ignored=__index_level_0__");
        let counted = columns("title,__index_level_0__\nMug,0\nPan,2\n");
        assert!(counted.contains("no column looks like an id"), "{counted}");
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
                rejected(4, Some("3"), "no title"),
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
