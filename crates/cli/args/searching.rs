//! Arguments of `assort search` and `assort duplicates`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use assort::GroupBy;
use clap::Args;

use super::{EmbedderArgs, ReportFormat};
use crate::render::Format;

/// What two products have in common.
#[cfg(feature = "pictures")]
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LikeBy {
    /// Title and further text
    Text,
    /// The picture
    Picture,
    /// The mean of both
    Both,
}

#[derive(Args)]
#[command(
    name = "search",
    after_help = "Examples:\n  assort search shop \"waterproof hiking boots\"\n  assort search shop --like 4711 --top 5\n  assort search shop laptop --filter 'brand = \"HP\" and price < 500'\n  assort search shop lamp --filter 'category under \"Home & Kitchen\" and not colour in (red, pink)'\n  assort search shop \"running shoes\" --group-by content --min-similarity 0.5\n  assort search shop kettle --group-by brand --group-size 3\n  assort search shop kettle --facets brand,price\n  assort search shop --like 4711 --by picture --min-similarity 0.95\n\nWith --group-by, --top and --offset count groups. Groups stand in the order of their best products; a product that lacks the field is a group of its own."
)]
pub(crate) struct SearchArgs {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// What to search for
    #[cfg_attr(feature = "pictures", arg(required_unless_present_any = ["like", "image"]))]
    #[cfg_attr(not(feature = "pictures"), arg(required_unless_present = "like"))]
    pub(crate) text: Option<String>,

    /// Find products like the one of this id
    #[arg(long, value_name = "ID", conflicts_with = "text")]
    pub(crate) like: Option<String>,

    /// Find products whose pictures look like this file
    #[cfg(feature = "pictures")]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "like"])]
    pub(crate) image: Option<PathBuf>,

    /// What products are to have in common with that of --like
    #[cfg(feature = "pictures")]
    #[arg(long, value_enum, default_value_t = LikeBy::Text, requires = "like")]
    pub(crate) by: LikeBy,

    /// Only products that match an expression, such as `brand = "HP" and price < 100`
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,

    /// Only products whose similarity is this or more, between -1 and 1
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) min_similarity: Option<f32>,

    /// One result for each content (`content`: titles that differ only in sizes,
    /// colours, numbers), category (`category`), or value of an attribute
    #[arg(long, value_name = "FIELD")]
    pub(crate) group_by: Option<GroupBy>,

    /// Products of each group to give; with more than one, the search goes on until
    /// the groups are full
    #[arg(long, value_name = "N", default_value = "1", requires = "group_by")]
    pub(crate) group_size: NonZeroUsize,

    /// Count the values of these attributes, or `category`, among the nearest thousand
    /// products that match; `assort facets` counts among all
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) facets: Vec<String>,

    /// Results to give
    #[arg(long, value_name = "N", default_value = "10")]
    pub(crate) top: NonZeroUsize,

    /// Better results to pass over, for paging
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) offset: usize,

    /// Compare every product: slower, and nothing is missed
    #[arg(long)]
    pub(crate) exact: bool,

    /// Products a walk of the index keeps: more find more [default: as tuned,
    /// or 128]
    #[arg(long, value_name = "N")]
    pub(crate) ef: Option<NonZeroUsize>,

    /// Products ranked for each result [default: 8]
    #[arg(long, value_name = "N")]
    pub(crate) oversample: Option<NonZeroUsize>,

    /// Tell how the index was searched
    #[arg(long)]
    pub(crate) explain: bool,

    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort duplicates shop\n  assort duplicates shop --by picture --min-similarity 0.98\n  assort duplicates shop --top 1000 --format json\n\nEach product of a group is that similar to another one of it. Pictures need `assort pictures` before."
)]
pub(crate) struct Duplicates {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// What is nearly the same
    #[arg(long, value_enum, default_value_t = SameBy::Text)]
    pub(crate) by: SameBy,

    /// How similar a product is to another one of its group, at least, between -1 and 1
    #[arg(
        long,
        value_name = "X",
        default_value_t = 0.95,
        allow_negative_numbers = true
    )]
    pub(crate) min_similarity: f32,

    /// Groups to print, the largest
    #[arg(long, value_name = "N", default_value = "20")]
    pub(crate) top: NonZeroUsize,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
}

/// By what products are nearly the same.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SameBy {
    /// Title and further text
    Text,
    /// The picture
    Picture,
}
