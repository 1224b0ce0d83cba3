//! The figures of each category as comma-separated values, with the names that
//! scikit-learn's `classification_report` has.

use std::io::Write;

use assort::core::{Report, Taxonomy};

use super::by_support;
use crate::failure::Failure;

pub(super) fn categories(
    sink: &mut dyn Write,
    report: &Report,
    taxonomy: &Taxonomy,
) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(sink);
    writer.write_record([
        "category_id",
        "category",
        "precision",
        "recall",
        "f1-score",
        "support",
        "decided",
        "taken_for_id",
        "taken_for",
        "taken_for_count",
    ])?;
    for one in by_support(report, taxonomy) {
        let figure = |figure: f64| format!("{figure:.4}");
        let (id, path, count) = match one.taken_for {
            Some((other, count)) => (
                taxonomy.category(other).id.clone(),
                taxonomy.path(other),
                count.to_string(),
            ),
            None => Default::default(),
        };
        writer.write_record([
            &taxonomy.category(one.category).id,
            &taxonomy.path(one.category),
            &figure(one.precision),
            &figure(one.recall),
            &figure(one.f1),
            &one.support.to_string(),
            &one.decided.to_string(),
            &id,
            &path,
            &count,
        ])?;
    }
    writer.flush()?;
    Ok(())
}
