//! Arguments of the commands that read products out, and remove them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ReportFormat;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort remove shop 4711 4712\n  assort remove shop --filter 'brand = \"Old\" and price < 1'"
)]
pub(crate) struct Remove {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Ids of products
    #[arg(required_unless_present = "filter")]
    pub(crate) ids: Vec<String>,

    /// Remove all products that match an expression
    #[arg(long, value_name = "EXPR", conflicts_with = "ids")]
    pub(crate) filter: Option<String>,

    /// Only count what would be removed
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort list shop --filter 'category under \"Kitchen\"'\n  assort list shop --top 100 --format jsonl"
)]
pub(crate) struct List {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Only products that match an expression, as for `assort search`
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,

    /// Products to print
    #[arg(long, value_name = "N", default_value = "20")]
    pub(crate) top: NonZeroUsize,

    /// How they are printed
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort export shop -o shop.csv\n  assort export shop --filter 'not has category' --format jsonl\n\n`assort import OTHER shop.csv` reads CSV, TSV and JSON Lines back, with their labels. Decisions are written beside, and are no part of a product."
)]
pub(crate) struct Export {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Only products that match an expression, as for `assort search`
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,

    /// How they are written
    #[arg(long, value_enum, default_value_t = ListFormat::Csv)]
    pub(crate) format: ListFormat,

    /// The file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Formats that products are listed in.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people
    Table,
    /// Comma-separated values with a header
    Csv,
    /// Tab-separated values with a header
    Tsv,
    /// One JSON object a line
    Jsonl,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort embedders\n  assort embedders dir:models/multilingual-e5-small fastembed:BGEM3\n  assort embedders --format json\n\ndocs/embedders.md tells which is good for what."
)]
pub(crate) struct Embedders {
    /// Embedders to tell of, as for --embedder [default: all that have names]
    #[arg(value_name = "SPEC")]
    pub(crate) specs: Vec<String>,

    /// How they are printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
}
