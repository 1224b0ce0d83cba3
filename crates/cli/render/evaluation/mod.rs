//! An evaluation in one of three formats: a table for people, JSON with all of it, and
//! CSV with the figures of each category.

mod csv;
mod json;
mod table;

use std::io::Write;

use assort::core::{CategoryScores, Report, Scores, Taxonomy};
use assort::{CrossValidation, Evaluation};

pub(crate) use self::table::{of_report, overlap};
use crate::failure::Failure;

/// An evaluation, and what is needed to print it.
pub(crate) struct Evaluated<'a> {
    pub(crate) evaluation: &'a Evaluation,
    pub(crate) taxonomy: &'a Taxonomy,
    /// How long it took.
    pub(crate) seconds: f64,
    /// Mistakes, siblings and categories that are listed.
    pub(crate) listed: usize,
}

impl Evaluated<'_> {
    /// Writes it for people.
    pub(crate) fn table(&self, sink: &mut dyn Write) -> Result<(), Failure> {
        Ok(write!(sink, "{}", table::table(self))?)
    }

    /// Writes it as one JSON object.
    pub(crate) fn json(&self, sink: &mut dyn Write) -> Result<(), Failure> {
        Ok(writeln!(sink, "{}", json::object(self))?)
    }

    /// Writes the figures of each category as comma-separated values.
    pub(crate) fn csv(&self, sink: &mut dyn Write) -> Result<(), Failure> {
        csv::categories(sink, &self.evaluation.report, self.taxonomy)
    }
}

/// The categories with the most products first; ties by path.
pub(crate) fn by_support<'r>(report: &'r Report, taxonomy: &Taxonomy) -> Vec<&'r CategoryScores> {
    let mut categories: Vec<&CategoryScores> = report.categories.iter().collect();
    categories
        .sort_by_cached_key(|one| (std::cmp::Reverse(one.support), taxonomy.path(one.category)));
    categories
}

/// The figures of a level, in the order in which they are printed.
pub(crate) fn figures(scores: &Scores) -> [f64; 8] {
    [
        scores.accuracy,
        scores.balanced_accuracy,
        scores.weighted_precision,
        scores.weighted_recall,
        scores.weighted_f1,
        scores.macro_precision,
        scores.macro_recall,
        scores.macro_f1,
    ]
}

/// What has to be said of a cross-validation, if anything.
pub(crate) fn caveats(parts: &CrossValidation) -> Vec<String> {
    use crate::text::counted;
    let mut said = Vec::new();
    if parts.sparse_categories > 0 {
        said.push(format!(
            "{} with {} in all: fewer different products than parts, so they are learned from little or nothing",
            counted(parts.sparse_categories as u64, "category", "categories"),
            counted(parts.sparse_products as u64, "labelled product", "labelled products"),
        ));
    }
    if parts.taught > 0 {
        said.push(format!(
            "{} not judged: the catalog's student has learned the labels",
            counted(
                parts.taught as u64,
                "labelled product is",
                "labelled products are"
            ),
        ));
    }
    said
}
