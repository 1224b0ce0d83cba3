//! A catalog as text: what a user can see of it, in an order that does not
//! change.

use std::fmt::Write;

use assort::core::{CategoryIndex, Taxonomy};
use assort::{Catalog, Result, StoredProduct};

/// All that a catalog holds, as lines for a snapshot: its space, taxonomy,
/// products with attributes, labels and decisions in the order they came, and
/// where their vectors are. Confidences have two digits, so that the rounding
/// of other machines does not show.
///
/// # Errors
/// What the catalog says when it cannot be read.
pub fn dump(catalog: &Catalog) -> Result<String> {
    let mut out = String::new();
    let stats = catalog.stats()?;
    let space = &stats.space;
    line(&mut out, 0, "space", &space.to_string());
    line(&mut out, 0, "embedder", &stats.embedder);
    line(&mut out, 0, "taxonomy", "");
    let taxonomy = catalog.taxonomy()?;
    let roots = (0..taxonomy.len()).map(|at| at as CategoryIndex);
    for root in roots.filter(|&at| taxonomy.category(at).parent.is_none()) {
        branch(&mut out, &taxonomy, root, 1);
    }
    line(&mut out, 0, "products", "");
    for id in catalog.ids(None, usize::MAX)? {
        product(&mut out, &taxonomy, &catalog.product(&id)?);
    }
    line(&mut out, 0, "live", &stats.live.to_string());
    for segment in &stats.segments {
        let what = format!(
            "{}: {} products, {} dead",
            segment.number, segment.products, segment.dead
        );
        line(&mut out, 0, "segment", &what);
    }
    Ok(out)
}

fn branch(out: &mut String, taxonomy: &Taxonomy, at: CategoryIndex, depth: usize) {
    let category = taxonomy.category(at);
    line(out, depth, &category.id, &category.name);
    let more = [
        ("description", &category.descriptions),
        ("alias", &category.aliases),
        ("example", &category.examples),
    ];
    for (what, texts) in more {
        texts
            .iter()
            .for_each(|text| line(out, depth + 1, what, text));
    }
    for (language, path) in &category.translations {
        line(out, depth + 1, language, &path.join(" > "));
    }
    for &child in &category.children {
        branch(out, taxonomy, child, depth + 1);
    }
}

fn product(out: &mut String, taxonomy: &Taxonomy, stored: &StoredProduct) {
    let product = &stored.product;
    line(out, 1, &product.id, &product.title);
    if !product.text.is_empty() {
        line(out, 2, "text", &product.text);
    }
    for (name, value) in &product.attributes {
        line(out, 2, name, &format!("{value:?}"));
    }
    if let Some(image) = &product.image {
        line(out, 2, "image", image);
    }
    if let Some(label) = stored.label {
        line(out, 2, "label", &taxonomy.path(label));
    }
    if let Some(decision) = &stored.decision {
        let category = match decision.category {
            Some(category) => taxonomy.path(category),
            None => format!("{} (gone)", decision.category_id),
        };
        let (confidence, method) = (decision.confidence, &decision.method);
        line(
            out,
            2,
            "decision",
            &format!("{category}, {confidence:.2}, {method}"),
        );
    }
}

fn line(out: &mut String, depth: usize, name: &str, value: &str) {
    let indent = 2 * depth;
    let gap = if value.is_empty() { "" } else { ": " };
    // Writing to a string does not fail.
    let _ = writeln!(out, "{:indent$}{name}{gap}{value}", "");
}
