//! Products from delimited files and files of objects.

use std::collections::VecDeque;
use std::sync::Arc;

use assort_core::{Product, ProductUpdate, check_lengths};

use crate::Result;
use crate::columns::Columns;
use crate::input::Input;
use crate::join::Join;
use crate::last_rows::LastRows;
use crate::maker::{Given, Maker, Unmade};
use crate::mapping::Mapping;
use crate::mended::Mend;
#[cfg(feature = "parquet")]
use crate::packed::Elsewhere;
use crate::raw::Rows;
use crate::row::{ProductRow, Rejected, Row, UpdateRow};
use crate::tally::Tally;
use crate::totals::is_word;

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
    /// Rows that look like totals, which may be the last.
    totals: LastRows,
    tally: Arc<Tally>,
}

impl Reader {
    fn new(input: Input, mapping: &Mapping) -> Result<Self> {
        let tally = Arc::new(Tally::new(input.late()));
        let (mut rows, names) = Rows::open(input, mapping)?;
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
            totals: LastRows::default(),
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
            for given in self.totals.finish() {
                let word = given.totals.unwrap_or_default();
                let mend = match is_word(&word) {
                    true => Mend::Totals,
                    false => Mend::Footer,
                };
                self.tally.count_mended(mend, given.line, &word);
            }
            let held = self.join.as_mut().map(|join| join.finish(&self.tally));
            for given in held.into_iter().flatten() {
                let row = self.row(given);
                self.ready.push_back(row);
            }
            self.tell();
            return Ok(());
        };
        self.count += 1;
        if self.count.is_multiple_of(1024) {
            self.tell();
        }
        match made {
            Err(Unmade::Other(line, record)) => {
                self.tally.count_mended(Mend::OtherRecord, line, &record);
            }
            Ok(given) if self.totals.waits(&given, self.count) => self.totals.hold(given),
            Ok(given) => self.follow(Ok(given)),
            Err(Unmade::Rejected(rejected)) => self.follow(Err(rejected)),
        }
        Ok(())
    }

    /// Takes a row behind which none before it is one of totals.
    fn follow(&mut self, made: std::result::Result<Given, Rejected>) {
        for held in self.totals.release(&self.columns) {
            self.take(held);
        }
        self.take(made);
    }

    /// Takes over what was counted where rows are cut.
    fn tell(&self) {
        self.tally.set_bent(self.rows.bent());
        self.rows
            .mended()
            .for_each(|mended| self.tally.set_mended(mended));
    }

    /// Takes what a row says, or why it says nothing.
    fn take(&mut self, made: std::result::Result<Given, Rejected>) {
        if let Ok(given) = &made {
            for (mend, value) in &given.told {
                self.tally.count_mended(*mend, given.line, value);
            }
            if let Some(mend) = self.columns.ids.mend(&given.update.id) {
                let id = &given.update.id;
                self.tally.count_mended(mend, given.line, id);
            }
            if self.columns.of_merged && given.category.is_none() {
                let id = &given.update.id;
                self.tally.count_mended(Mend::NoCategory, given.line, id);
            }
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
                return;
            }
            (Ok(given), None) => Some(given),
            (Ok(given), Some(join)) => join.take(given, &self.tally),
        };
        if let Some(given) = given {
            let row = self.row(given);
            self.ready.push_back(row);
        }
    }

    /// A row of what one says that stands for itself.
    fn row(&self, mut given: Given) -> Row {
        for (pair, value) in std::mem::take(&mut given.unnamed) {
            let name = self.columns.unnamed(pair).to_owned();
            given.update.attributes.push((name, value));
        }
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
mod tests;
