//! `assort list` and `assort export`

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use assort::core::Taxonomy;
use assort::read::{attribute_column, listed_texts};
use assort::{Catalog, StoredProduct};
use csv::QuoteStyle;
use serde_json::json;

use crate::args::{Export, Global, List, ListFormat};
use crate::failure::{Done, Failure, Outcome};
use crate::hints::{self, Named};
use crate::notes;
use crate::render::{self, Columns};
use crate::stop;
use crate::text::counted;

/// Products that are read together.
const PAGE: usize = 4096;

/// Columns before those of attributes.
const COLUMNS: [&str; 10] = [
    "id",
    "title",
    "text",
    "image",
    "label_id",
    "label",
    "decision_id",
    "decision",
    "decision_confidence",
    "decision_method",
];

/// Gives the next products, as many as that or fewer, and none after the last one.
pub(crate) type Pages<'s> = Box<dyn FnMut(usize) -> Result<Vec<StoredProduct>, Failure> + 's>;

/// What has products to list.
pub(crate) trait Shelf {
    /// The taxonomy that their categories are of.
    fn taxonomy(&self) -> Result<Arc<Taxonomy>, Failure>;

    /// The products that match a filter, from the first one on.
    fn pages<'s>(&'s self, filter: Option<&'s str>) -> Pages<'s>;
}

impl Shelf for Catalog {
    fn taxonomy(&self) -> Result<Arc<Taxonomy>, Failure> {
        Ok(Self::taxonomy(self)?)
    }

    fn pages<'s>(&'s self, filter: Option<&'s str>) -> Pages<'s> {
        let (mut after, mut is_done) = (None::<String>, false);
        Box::new(move |limit| {
            if is_done {
                return Ok(Vec::new());
            }
            let page = self.list(filter, after.as_deref(), limit)?;
            is_done = page.len() < limit;
            if let Some(last) = page.last() {
                after = Some(last.product.id.clone());
            }
            Ok(page)
        })
    }
}

pub(crate) fn list(args: &List, global: &Global) -> Outcome {
    let catalog = Catalog::open_read_only(&args.dir)?;
    let done = list_of(&catalog, args, &Named::of(&args.dir), global)?;
    notes::tell_of_filter(&catalog, args.filter.as_deref(), global)?;
    Ok(done)
}

/// Prints the first products.
pub(crate) fn list_of(
    shelf: &dyn Shelf,
    args: &List,
    named: &Named<'_>,
    global: &Global,
) -> Outcome {
    let asked = Asked {
        filter: args.filter.as_deref(),
        most: args.top.get(),
        format: args.format,
        output: None,
    };
    let mut printed = asked.write(shelf)?;
    if !(printed.more)(1)?.is_empty() {
        let printed = counted(printed.count, "product", "products");
        global.say(&hints::more_follow(&printed, named));
    }
    Ok(Done::Whole)
}

pub(crate) fn export(args: &Export, global: &Global) -> Outcome {
    stop::listen();
    let catalog = Catalog::open_read_only(&args.dir)?;
    let done = export_of(&catalog, args, global)?;
    notes::tell_of_filter(&catalog, args.filter.as_deref(), global)?;
    Ok(done)
}

/// Writes all products.
pub(crate) fn export_of(shelf: &dyn Shelf, args: &Export, global: &Global) -> Outcome {
    let asked = Asked {
        filter: args.filter.as_deref(),
        most: usize::MAX,
        format: args.format,
        output: args.output.as_deref(),
    };
    let written = asked.write(shelf)?;
    global.say(&format!(
        "{} written",
        counted(written.count, "product", "products")
    ));
    Ok(Done::Whole)
}

/// Products that were written.
struct Written<'s> {
    count: u64,
    /// Those that follow.
    more: Pages<'s>,
}

struct Asked<'a> {
    filter: Option<&'a str>,
    most: usize,
    format: ListFormat,
    output: Option<&'a Path>,
}

impl<'a> Asked<'a> {
    /// Visits the products page by page.
    fn each(
        &self,
        shelf: &'a dyn Shelf,
        mut visit: impl FnMut(&[StoredProduct]) -> Result<(), Failure>,
    ) -> Result<Written<'a>, Failure> {
        let (mut pages, mut done) = (shelf.pages(self.filter), 0);
        while done < self.most {
            let page = pages(PAGE.min(self.most - done))?;
            // No products at all are shown as well.
            if done == 0 || !page.is_empty() {
                visit(&page)?;
            }
            done += page.len();
            if stop::requested() {
                let done = counted(done as u64, "product", "products");
                return Err(Failure::Stopped(format!("stopped after {done}")));
            }
            if page.is_empty() {
                break;
            }
        }
        Ok(Written {
            count: done as u64,
            more: pages,
        })
    }

    fn write(&self, shelf: &'a dyn Shelf) -> Result<Written<'a>, Failure> {
        let taxonomy = shelf.taxonomy()?;
        let separator = match self.format {
            ListFormat::Csv => b',',
            ListFormat::Tsv => b'\t',
            ListFormat::Table | ListFormat::Jsonl => return self.lines(shelf, &taxonomy),
        };
        // A table has the same columns in all rows, so what there is comes first.
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut has_breaks = false;
        self.each(shelf, |page| {
            let all = page.iter().flat_map(|stored| &stored.product.attributes);
            let texts = page.iter().map(|stored| &stored.product.text);
            let texts = texts.chain(all.clone().map(|(_, value)| value));
            has_breaks |= texts.into_iter().any(|text| text.contains(['\n', '\t']));
            for (name, _) in all {
                if !names.contains(name) {
                    names.insert(name.clone());
                }
            }
            Ok(())
        })?;
        let mut sink = render::sink(self.output)?;
        // In files separated by tabs, quotes mean something to all who read them only if
        // the header has them too.
        let style = match separator == b'\t' && has_breaks {
            true => QuoteStyle::Always,
            false => QuoteStyle::Necessary,
        };
        let mut header = csv::WriterBuilder::new()
            .delimiter(separator)
            .quote_style(style)
            .from_writer(&mut sink);
        let columns = COLUMNS.iter().map(|name| (*name).to_owned());
        let of_attributes = names.iter().map(|name| attribute_column(name));
        header.write_record(columns.chain(of_attributes))?;
        header.flush()?;
        drop(header);
        let mut writer = csv::WriterBuilder::new()
            .delimiter(separator)
            .from_writer(&mut sink);
        let written = self.each(shelf, |page| {
            for stored in page {
                writer.write_record(record(&taxonomy, stored, &names))?;
            }
            Ok(())
        })?;
        writer.flush()?;
        drop(writer);
        sink.flush()?;
        Ok(written)
    }

    fn lines(&self, shelf: &'a dyn Shelf, taxonomy: &Taxonomy) -> Result<Written<'a>, Failure> {
        let mut sink = render::sink(self.output)?;
        let mut begun = false;
        let written = self.each(shelf, |page| {
            if self.format == ListFormat::Jsonl {
                for stored in page {
                    writeln!(sink, "{}", render::stored(taxonomy, stored))?;
                }
                return Ok(());
            }
            let rows: Vec<Vec<String>> = page.iter().map(|stored| row(taxonomy, stored)).collect();
            let header = ["id", "title", "category", ""];
            let columns = Columns::new(&[16, 0, 0, 12]);
            let lines = columns.lines((!begun).then_some(&header[..]), &rows);
            begun = true;
            Ok(write!(sink, "{lines}")?)
        })?;
        sink.flush()?;
        Ok(written)
    }
}

/// A product's line of a table.
fn row(taxonomy: &Taxonomy, stored: &StoredProduct) -> Vec<String> {
    let (category, what) = match (&stored.label, &stored.decision) {
        (Some(label), _) => (taxonomy.path(*label), "label".to_owned()),
        (None, Some(decision)) => {
            let path = decision.category.map(|category| taxonomy.path(category));
            let sure = format!("{:.0}% sure", 100.0 * decision.confidence);
            (path.unwrap_or_else(|| decision.category_id.clone()), sure)
        }
        (None, None) => Default::default(),
    };
    let product = &stored.product;
    vec![product.id.clone(), product.title.clone(), category, what]
}

/// A product's fields, those of [`COLUMNS`] first.
fn record(taxonomy: &Taxonomy, stored: &StoredProduct, names: &BTreeSet<String>) -> Vec<String> {
    let product = &stored.product;
    let label = stored.label.map(|label| {
        let id = taxonomy.category(label).id.clone();
        (id, taxonomy.path(label))
    });
    let (label_id, label) = label.unwrap_or_default();
    let decision = stored.decision.as_ref().map(|decision| {
        let path = decision.category.map(|category| taxonomy.path(category));
        [
            decision.category_id.clone(),
            path.unwrap_or_default(),
            format!("{:.4}", decision.confidence),
            decision.method.clone(),
        ]
    });
    let mut record = vec![
        product.id.clone(),
        product.title.clone(),
        product.text.clone(),
        product.image.clone().unwrap_or_default(),
        label_id,
        label,
    ];
    record.extend(decision.unwrap_or_default());
    record.extend(names.iter().map(|name| {
        let own = product.attributes.iter().filter(|(own, _)| own == name);
        let values: Vec<&str> = own.map(|(_, value)| value.as_str()).collect();
        match values.as_slice() {
            [] => String::new(),
            // One that looks like a list is read back as what it is.
            [one] if listed_texts(one).is_none() => (*one).to_owned(),
            several => json!(several).to_string(),
        }
    }));
    record
}
