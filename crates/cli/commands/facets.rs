//! `assort facets`

use std::io::Write;

use assort::{Catalog, Facet};
use serde_json::json;

use crate::args::{Facets, Global, ReportFormat};
use crate::failure::{Done, Failure, Outcome};
use crate::notes;
use crate::render::{self, Columns};
use crate::text::{count, counted};

pub(crate) fn run(args: &Facets, global: &Global) -> Outcome {
    let catalog = Catalog::open_read_only(&args.dir)?;
    let names: Vec<&str> = args.names.iter().map(String::as_str).collect();
    let facets = catalog.facets(args.filter.as_deref(), &names, args.top.get())?;
    let done = print(&facets, args, global)?;
    notes::tell_of_filter(&catalog, args.filter.as_deref(), global)?;
    Ok(done)
}

/// Prints facets, and how many products were counted.
pub(crate) fn print(facets: &[Facet], args: &Facets, global: &Global) -> Outcome {
    let mut sink = render::sink(None)?;
    match args.format {
        ReportFormat::Json => writeln!(sink, "{}", as_json(facets))?,
        ReportFormat::Table => print_table(&mut sink, facets)?,
    }
    sink.flush()?;
    let products = facets.first().map_or(0, |facet| facet.products);
    global.say(&counted(products, "product", "products"));
    Ok(Done::Whole)
}

/// Facets as JSON.
pub(crate) fn as_json(facets: &[Facet]) -> serde_json::Value {
    let facets = facets.iter().map(|facet| {
        let values = facet.values.iter();
        let values =
            values.map(|(value, products)| json!({ "value": value, "products": products }));
        let ranges = facet.ranges.iter().map(|(least, greatest, products)| {
            json!({ "least": least, "greatest": greatest, "products": products })
        });
        json!({
            "name": facet.name,
            "products": facet.products,
            "present": facet.present,
            "distinct": facet.distinct,
            "is_partial": facet.is_partial,
            "values": values.collect::<Vec<_>>(),
            "ranges": ranges.collect::<Vec<_>>(),
        })
    });
    json!({ "facets": facets.collect::<Vec<_>>() })
}

/// Prints facets for people, one below the other.
pub(crate) fn print_table(sink: &mut dyn Write, facets: &[Facet]) -> Result<(), Failure> {
    for facet in facets {
        let missing = facet.products - facet.present.min(facet.products);
        let distinct = match facet.is_partial {
            true => "too many values to count".to_owned(),
            false => counted(facet.distinct, "value", "values"),
        };
        writeln!(
            sink,
            "{}: {distinct}, {} without",
            facet.name,
            counted(missing, "product", "products")
        )?;
        let mut rows: Vec<Vec<String>> = Vec::new();
        if facet.ranges.is_empty() {
            let values = facet.values.iter();
            rows.extend(values.map(|(value, products)| vec![count(*products), value.clone()]));
        } else {
            let ranges = facet.ranges.iter();
            rows.extend(ranges.map(|(least, greatest, products)| {
                let range = match least == greatest {
                    true => least.clone(),
                    false => format!("{least} .. {greatest}"),
                };
                vec![count(*products), range]
            }));
        }
        let lines = Columns::new(&[9, 0]).lines(None, &rows);
        write!(sink, "{lines}")?;
        let shown: u64 = facet.values.len() as u64;
        if facet.ranges.is_empty() && facet.distinct > shown {
            writeln!(
                sink,
                "          and {} more",
                counted(facet.distinct - shown, "value", "values")
            )?;
        }
    }
    Ok(())
}
