//! `assort duplicates`

use std::io::Write;

use assort::core::{Modality, Taxonomy};
use assort::{Catalog, Duplicates as Group, Error};
use serde_json::json;

use crate::args::{Duplicates, Global, ReportFormat, SameBy};
use crate::failure::{Done, Failure, Outcome};
use crate::progress::Console;
use crate::render::{self, Columns, LIKE, like, rounded, stored};
use crate::text::{count, counted};

pub(crate) fn run(args: &Duplicates, global: &Global) -> Outcome {
    let catalog = Catalog::open_read_only(&args.dir)?;
    let mut console = Console::new(global.quiet);
    let by = match args.by {
        SameBy::Text => Modality::Text,
        SameBy::Picture => Modality::Image,
    };
    let groups = catalog.duplicates(by, args.min_similarity, &mut console);
    console.finish();
    let groups = match groups {
        Err(Error::Interrupted) => return Err(Failure::Stopped("stopped".to_owned())),
        groups => groups?,
    };
    let shown = &groups[..args.top.get().min(groups.len())];
    let taxonomy = catalog.taxonomy()?;
    let mut sink = render::sink(None)?;
    match args.format {
        ReportFormat::Json => writeln!(sink, "{}", as_json(shown, &taxonomy))?,
        ReportFormat::Table => write!(sink, "{}", as_table(shown, &taxonomy))?,
    }
    sink.flush()?;
    let products: usize = groups.iter().map(|group| group.products.len()).sum();
    let told = counted(groups.len() as u64, "group", "groups");
    let more = match groups.len() - shown.len() {
        0 => String::new(),
        more => format!("; {} more with --top", count(more as u64)),
    };
    let of = counted(products as u64, "product", "products");
    global.say(&format!("{told} of {of}{more}"));
    Ok(Done::Whole)
}

fn as_json(groups: &[Group], taxonomy: &Taxonomy) -> serde_json::Value {
    let groups = groups.iter().map(|group| {
        let products = group.products.iter().map(|(product, similarity)| {
            let mut value = stored(taxonomy, product);
            value["similarity"] = rounded((*similarity).into());
            value
        });
        json!({ "products": products.collect::<Vec<_>>() })
    });
    json!({ "groups": groups.collect::<Vec<_>>() })
}

fn as_table(groups: &[Group], taxonomy: &Taxonomy) -> String {
    let rows = (1..).zip(groups).flat_map(|(number, group)| {
        group.products.iter().map(move |(stored, similarity)| {
            let mut row = like(taxonomy, stored, *similarity);
            row.insert(0, i32::to_string(&number));
            row
        })
    });
    let rows: Vec<Vec<String>> = rows.collect();
    Columns::new(&[5, 6, 16, 0, 0]).lines(Some(&LIKE), &rows)
}
