//! Arguments of the commands that learn.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use assort::heads::Loss;
use clap::{Args, ValueEnum};

use super::{EmbedderArgs, ReportFormat, Teaching};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort distill shop\n  assort distill shop --sample 80000 --min-quality 0.88\n  assort distill shop --no-adopt --export shop.student\n\nA student learns, without labels, to point where the embedder points, and embeds about a thousand times faster. Products are embedded by it from then on, but for texts that it hardly knows. What the embedder was asked for is kept: a stopped run goes on from there."
)]
pub(crate) struct Distill {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    #[command(flatten)]
    pub(crate) teaching: Teaching,

    /// Only make the student and report on it
    #[arg(long)]
    pub(crate) no_adopt: bool,

    /// Write the student to a file too, for `--embedder distilled:FILE`
    #[arg(long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,

    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort train shop\n  assort train shop --hidden 512 --heads 2\n\nA head files by the words of products. Everything that can decide is weighed anew by held-out products, none of which shares its content with one that was learned from; the head comes into force only if they are filed no worse with it."
)]
pub(crate) struct Train {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Softmax regression, without a hidden layer
    #[arg(long, conflicts_with = "hidden")]
    pub(crate) linear: bool,

    /// Coordinates of the hidden layer [default: 256]
    #[arg(long, value_name = "N")]
    pub(crate) hidden: Option<NonZeroUsize>,

    /// What training makes small
    #[arg(long, value_enum)]
    pub(crate) loss: Option<LossName>,

    /// Times that every label is read [default: by their number]
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<NonZeroUsize>,

    /// Highest step of the rows of features [default: by their number]
    #[arg(long, value_name = "R")]
    pub(crate) learning_rate: Option<f32>,

    /// Heads to train and average [default: 2, or 3 for more than 30,000 labels]
    #[arg(long, value_name = "N")]
    pub(crate) heads: Option<NonZeroUsize>,

    /// Where chance begins: equal seeds give equal heads [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,

    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort audit-labels shop\n  assort audit-labels shop --top 500 --review review.csv\n  assort label shop review.csv\n  assort audit-labels shop --except review.csv\n\nEvery label is judged by what was learned from products of other content. In a review file, the column `category` holds the label and is for you to correct; `assort label` sets what you changed. Nothing else changes a label."
)]
pub(crate) struct AuditLabels {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Labels to print and to write into the review file, the likeliest wrong first
    #[arg(long, value_name = "N", default_value = "50")]
    pub(crate) top: NonZeroUsize,

    /// Write these labels to a file too, to be corrected and read by `assort label`
    #[arg(long, value_name = "FILE")]
    pub(crate) review: Option<PathBuf>,

    /// Leave out the products that a review file lists
    #[arg(long, value_name = "FILE")]
    pub(crate) except: Vec<PathBuf>,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,

    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

/// Arguments of `assort crosswalk`.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort crosswalk shop\n  assort crosswalk shop --apply\n  assort crosswalk shop --by product_type --min-chance 0.9\n\nAn import keeps categories of another taxonomy as source_category. What they mean in this one is told by the labels of their products and by the decisions that `assort classify --apply` kept: the deepest category that enough of them speak for. --apply labels the other products of a source category whose leaf is likely enough."
)]
pub(crate) struct Crosswalk {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// The attribute that holds the source's category
    #[arg(long, value_name = "ATTRIBUTE", default_value = assort::SOURCE_CATEGORY)]
    pub(crate) by: String,

    /// Chance that a product of the source category is in the category, at least
    #[arg(long, value_name = "C", default_value_t = 0.8)]
    pub(crate) min_chance: f32,

    /// Label the products without a label whose source category is that sure
    #[arg(long)]
    pub(crate) apply: bool,

    /// Source categories to print, those with the most products first
    #[arg(long, value_name = "N", default_value = "50")]
    pub(crate) top: NonZeroUsize,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
}

/// What training a head makes small.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LossName {
    /// Cross-entropy of the categories' shares: softmax
    CrossEntropy,
    /// Squared hinge of each category against the others: a support vector machine
    SquaredHinge,
}

impl From<LossName> for Loss {
    fn from(name: LossName) -> Self {
        match name {
            LossName::CrossEntropy => Self::CrossEntropy,
            LossName::SquaredHinge => Self::SquaredHinge,
        }
    }
}
