//! `assort show`

use std::io::Write;

use assort::core::Taxonomy;
use assort::{Catalog, StoredProduct};

use crate::args::{ReportFormat, Show};
use crate::failure::{Done, Outcome};
use crate::render;

pub(crate) fn run(args: &Show) -> Outcome {
    let catalog = Catalog::open_read_only(&args.dir)?;
    let stored = catalog.product(&args.id)?;
    print(&stored, &*catalog.taxonomy()?, args.format)
}

/// Prints a product and all that is known of it.
pub(crate) fn print(stored: &StoredProduct, taxonomy: &Taxonomy, format: ReportFormat) -> Outcome {
    let mut sink = render::sink(None)?;
    let product = &stored.product;
    if format == ReportFormat::Json {
        writeln!(sink, "{}", render::stored(taxonomy, stored))?;
    } else {
        let mut facts = vec![("id", product.id.clone()), ("title", product.title.clone())];
        if !product.text.is_empty() {
            facts.push(("text", product.text.clone()));
        }
        for (name, value) in &product.attributes {
            facts.push((name, value.clone()));
        }
        if let Some(image) = &product.image {
            facts.push(("image", image.clone()));
        }
        if let Some(label) = stored.label {
            facts.push(("label", taxonomy.path(label)));
        }
        if let Some(decision) = &stored.decision {
            let category = decision.category.map_or_else(
                || decision.category_id.clone(),
                |index| taxonomy.path(index),
            );
            facts.push((
                "decision",
                format!(
                    "{category} ({:.0}% sure, {})",
                    100.0 * decision.confidence,
                    decision.method
                ),
            ));
        }
        write!(sink, "{}", render::facts(&facts))?;
    }
    sink.flush()?;
    Ok(Done::Whole)
}
