//! Results on stdout or in a file. A format is a file here that implements
//! [`Results`], and a line in [`Format`]; no command knows formats.

mod csv;
mod evaluation;
mod jsonl;
mod report;
mod table;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use assort::core::{Decision, Product, Taxonomy};
use assort::{Page, StoredProduct};
use clap::ValueEnum;

pub(crate) use self::evaluation::{Evaluated, of_report};
pub(crate) use self::jsonl::{rounded, stored};
pub(crate) use self::report::HtmlReport;
pub(crate) use self::table::{Columns, LIKE, facts, found, like};
use crate::failure::Failure;

/// How results are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values with a header
    Csv,
}

impl Format {
    /// What writes results in this format.
    pub(crate) fn results(self) -> Box<dyn Results> {
        match self {
            Self::Table => Box::<table::Table>::default(),
            Self::Jsonl => Box::new(jsonl::JsonLines),
            Self::Csv => Box::<csv::Csv>::default(),
        }
    }
}

/// Products that were filed together.
pub(crate) struct Filed<'a> {
    pub(crate) taxonomy: &'a Taxonomy,
    pub(crate) products: &'a [Product],
    /// As many as products.
    pub(crate) decisions: &'a [Decision],
    /// The digest of the pack that filed them, if one did.
    pub(crate) pack: Option<String>,
}

/// Writes results in one format. A header comes once, however often it is
/// called.
pub(crate) trait Results {
    /// Writes what a group of products was filed under.
    fn filed(&mut self, sink: &mut dyn Write, filed: &Filed<'_>) -> Result<(), Failure>;

    /// Writes what a search found.
    fn found(
        &mut self,
        sink: &mut dyn Write,
        taxonomy: &Taxonomy,
        page: &Page,
    ) -> Result<(), Failure>;
}

/// Where results go.
pub(crate) fn sink(path: Option<&Path>) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = path else {
        return Ok(Box::new(BufWriter::new(io::stdout().lock())));
    };
    let file = File::create(path).map_err(|error| {
        Failure::Failed(format!(
            "{} cannot be written: {error}; choose another file",
            path.display()
        ))
    })?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Where a product of a catalog is filed, as a path.
fn path_of(taxonomy: &Taxonomy, stored: &StoredProduct) -> Option<String> {
    let decided = stored.decision.as_ref();
    let decided = decided.and_then(|decision| decision.category);
    let category = stored.label.or(decided)?;
    Some(taxonomy.path(category))
}

/// What a decision's confidence is: calibrated on labels, or assumed.
pub(crate) fn kind_of_confidence(decision: &Decision) -> &'static str {
    match decision.is_calibrated {
        true => "calibrated",
        false => "assumed",
    }
}
