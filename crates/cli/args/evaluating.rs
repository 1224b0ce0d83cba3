//! Arguments of `assort evaluate`.

use std::path::PathBuf;

use assort::core::Method;
use clap::{Args, ValueEnum};

#[cfg(feature = "pictures")]
use super::PicturePlace;
use super::{Columns, Deciding, EmbedderArgs};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort evaluate shop held-out.csv\n  assort evaluate shop held-out.csv --method zero-shot --format json\n  assort evaluate shop held-out.csv --compare zero-shot\n  assort evaluate shop held-out.csv --format csv > by-category.csv\n  assort evaluate shop --folds 5 --report report.html\n  assort evaluate shop --folds 5 --learning-curve --report report.html\n\nAccuracy is the share of right ones among the decided; precision, recall and F1 count an abstention as a miss. With --folds the catalog's own labels are divided into parts, and each part is filed by what is learned from the others: products that say the same are in one part, and nothing of it is kept. --compare tells whether a difference between two methods could be chance. docs/evaluation.md explains every figure."
)]
pub(crate) struct Evaluate {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Products with their right categories; `-` for standard input
    #[arg(required_unless_present = "folds", conflicts_with = "folds")]
    pub(crate) file: Option<String>,

    /// Cross-validate: divide the catalog's labels into so many parts, and file each by
    /// what is learned from the others
    #[arg(long, value_name = "N")]
    pub(crate) folds: Option<usize>,

    /// Learn from a sixteenth to all of the labels, and tell how the figures grow
    #[arg(long, requires = "folds", conflicts_with = "file")]
    pub(crate) learning_curve: bool,

    #[command(flatten)]
    pub(crate) deciding: Deciding,

    /// File by another method too, and tell how sure the difference is: auto, zero-shot,
    /// neighbors, head or pictures
    #[arg(long, value_name = "METHOD")]
    pub(crate) compare: Option<Method>,

    /// Where chance begins, for the parts of --folds and the samples of --compare
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// How the result is printed
    #[arg(long, value_enum, default_value_t = EvaluationFormat::Table)]
    pub(crate) format: EvaluationFormat,

    /// Write a report with plots too, as one HTML file
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Mistakes, siblings and categories to list in tables and JSON; CSV and the report
    /// have every category
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) confusions: usize,

    /// Columns of further text, separated by commas; `-` for none
    #[arg(long = "text", value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) text_columns: Option<Vec<String>>,

    #[command(flatten)]
    pub(crate) columns: Columns,

    #[cfg(feature = "pictures")]
    #[command(flatten)]
    pub(crate) place: PicturePlace,

    /// Where rejected rows are listed [default: DIR/rejects-evaluate.csv]
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

/// How an evaluation is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvaluationFormat {
    /// For people
    Table,
    /// One JSON object with all figures
    Json,
    /// The figures of every category, as comma-separated values
    Csv,
}
