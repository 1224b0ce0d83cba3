//! The arguments, as clap reads them.

mod attributes;
mod copying;
mod evaluating;
mod learning;
mod listing;
#[cfg(feature = "pictures")]
mod pictures;
mod searching;
#[cfg(feature = "client")]
mod server;
#[cfg(feature = "serve")]
mod serving;
mod shared;
mod taxonomies;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, Error, Parser, Subcommand, ValueEnum};

use crate::render::Format;
pub(crate) use attributes::{Attributes, Facets};
#[cfg(feature = "object-store")]
pub(crate) use copying::Gc;
pub(crate) use copying::{Backup, Pack, Replicate, Restore};
pub(crate) use evaluating::{Evaluate, EvaluationFormat};
pub(crate) use learning::{AuditLabels, Crosswalk, Distill, Train};
pub(crate) use listing::{Embedders, Export, List, ListFormat, Remove};
#[cfg(feature = "pictures")]
pub(crate) use pictures::{PicturePlace, Pictures};
#[cfg(feature = "pictures")]
pub(crate) use searching::LikeBy;
pub(crate) use searching::{Duplicates, SameBy, SearchArgs};
#[cfg(feature = "client")]
pub(crate) use server::ServerArgs;
#[cfg(feature = "serve")]
pub(crate) use serving::{Level, Log, Serve, Sources};
#[cfg(feature = "serve")]
pub(crate) use shared::duration;
pub(crate) use shared::{
    Columns, Deciding, Directory, EmbedderArgs, Global, ReportFormat, Teaching,
};
pub(crate) use taxonomies::TaxonomyReading;

/// Files products into a category tree, and finds them again.
#[derive(Parser)]
#[command(
    name = "assort",
    version,
    max_term_width = 100,
    after_help = "Start with:\n  assort demo\n  assort init shop --taxonomy categories.csv\n  assort import shop products.csv\n  assort classify shop new-products.csv\n\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done but rows were rejected, 130 stopped by Ctrl-C or SIGTERM."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Print nothing but results and errors
    #[arg(long, short, global = true)]
    quiet: bool,

    /// Threads to use [default: one for each core]
    #[arg(long, global = true, value_name = "N", env = "ASSORT_THREADS")]
    threads: Option<NonZeroUsize>,

    /// Never use the network: models must be in the cache
    #[arg(long, global = true, value_name = "BOOL", env = "ASSORT_OFFLINE", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    offline: Option<bool>,

    /// Folder for downloaded models, and for sharded catalogs while they are served
    #[arg(long, global = true, value_name = "DIR", env = "ASSORT_CACHE")]
    cache: Option<PathBuf>,

    /// Keep vectors that models make in this file, and take from it those that
    /// were made before: another import then embeds new texts only
    #[arg(long, global = true, value_name = "FILE", env = "ASSORT_VECTOR_CACHE")]
    vector_cache: Option<PathBuf>,

    #[cfg(feature = "client")]
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

impl Cli {
    /// Reads a command line and the environment; ends the program where they are wrong.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Self {
        Self::try_parse_from(arguments).unwrap_or_else(|error| with_variable(error).exit())
    }

    pub(crate) fn global(&self) -> Global {
        Global {
            quiet: self.quiet,
            threads: self.threads,
            offline: self.offline,
            cache: self.cache.clone(),
            vector_cache: self.vector_cache.clone(),
        }
    }
}

/// Names the variable of the environment that a wrong value is from.
fn with_variable(mut error: Error) -> Error {
    let value = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    };
    let option = value(ContextKind::InvalidArg);
    let option = option.split([' ', '[', '=']).next().unwrap_or_default();
    let variable = option.trim_start_matches('-').replace('-', "_");
    let variable = format!("ASSORT_{}", variable.to_uppercase());
    let value = value(ContextKind::InvalidValue);
    let is_said = std::env::args().any(|said| said.starts_with(option));
    if !is_said && std::env::var(&variable).is_ok_and(|found| found == value) {
        let tip = format!("the value is that of the environment's {variable}");
        let tip = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tip);
    }
    error
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a catalog from a taxonomy
    Init(Init),
    /// Import products from files
    Import(Import),
    /// File products into categories
    Classify(Classify),
    /// Find products by text or likeness
    Search(SearchArgs),
    /// Find products that are nearly the same
    Duplicates(Duplicates),
    /// Set the categories of products
    Label(Label),
    /// Train a head on the labels, and put it in force if it files better
    Train(Train),
    /// Find labels that are likely wrong
    AuditLabels(AuditLabels),
    /// Tell what another taxonomy's categories mean in this one, and apply it
    Crosswalk(Crosswalk),
    /// Embed the pictures of products
    #[cfg(feature = "pictures")]
    Pictures(Pictures),
    /// Tell what the attributes hold, and set their kinds
    Attributes(Attributes),
    /// Count products by the values of attributes
    Facets(Facets),
    /// Measure how well labelled products are filed
    Evaluate(Evaluate),
    /// Look at, export or replace the taxonomy
    Taxonomy(TaxonomyArgs),
    /// Teach a fast student of the embedder on the catalog, and move to it
    Distill(Distill),
    /// Move a catalog to another embedder
    Reembed(Reembed),
    /// Remove products
    Remove(Remove),
    /// Print products with their labels and kept decisions
    List(List),
    /// Write all products with their labels and kept decisions to a file
    Export(Export),
    /// Show a product and all that is known of it
    Show(Show),
    /// Count what a catalog holds
    Stats(Stats),
    /// Verify everything that is stored
    Check(Check),
    /// Measure the index and keep the quickest search that finds enough
    Tune(Tune),
    /// Report the recall, reachability and links of the index
    AuditIndex(AuditIndex),
    /// Merge the index into one segment and give unused space back
    Compact(Directory),
    /// Copy a catalog while it is in use
    Backup(Backup),
    /// Write all that filing needs to one file, which files without the catalog
    Pack(Pack),
    /// Make a catalog of a backup or of a sharded catalog
    Restore(Restore),
    /// Copy a backup or a catalog of a server, and follow it
    Replicate(Replicate),
    /// Remove what no version of a sharded catalog names any more
    #[cfg(feature = "object-store")]
    Gc(Gc),
    /// Serve catalogs to other programs by gRPC
    #[cfg(feature = "serve")]
    Serve(Serve),
    /// List the embedders that can be used, or tell what is known of some
    Embedders(Embedders),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// File and search a small shop, to see what it is like
    Demo(Demo),
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort init shop --taxonomy categories.csv\n  assort init shop --taxonomy taxonomy-with-ids.en-US.txt --embedder dir:models/minilm\n  assort init shop --taxonomy export.csv --id term_id --parent parent --name name\n\nWhat each column is taken for is printed, with a line on the tree. Where the tree looks wrong, init asks."
)]
pub(crate) struct Init {
    /// Directory to make
    pub(crate) dir: PathBuf,

    /// Taxonomy file: a table with paths, parents or a column a level, nested JSON,
    /// indented names, one path per line, Google's or Shopify's files; `-` for
    /// standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) taxonomy: String,

    #[command(flatten)]
    pub(crate) reading: TaxonomyReading,

    /// Leave embedding the categories to the next command that needs it
    #[arg(long)]
    pub(crate) no_prepare: bool,
    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort import shop products.csv\n  assort import shop feed.tsv.gz --title product_title --attr brand,price\n  zcat feed.jsonl.gz | assort import shop -\n  assort import shop prices.csv --update\n\nA row that is already there unchanged costs no embedding. Columns are guessed from their names and the guess is printed. A bad row never stops an import: it goes to DIR/rejects.csv, and the exit code is 3."
)]
pub(crate) struct Import {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// CSV, TSV or JSON Lines, plain or compressed by gzip or zstd; `-` for
    /// standard input
    #[arg(required = true)]
    pub(crate) files: Vec<String>,

    /// Columns of further text, separated by commas; `-` for none
    #[arg(long = "text", value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) text_columns: Option<Vec<String>>,

    #[command(flatten)]
    pub(crate) columns: Columns,

    /// Change nothing if any row is bad
    #[arg(long)]
    pub(crate) strict: bool,

    /// Only count what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Change products that are there: what the files have columns for, and nothing
    /// else. An empty cell removes what there is, but not a title or a label; columns
    /// of further text replace all of it. Rows of unknown ids are rejected
    #[arg(long, conflicts_with = "prune")]
    pub(crate) update: bool,

    /// Remove products that the files do not have
    #[arg(long)]
    pub(crate) prune: bool,

    /// For a new catalog: teach a student on a part of the products first, and
    /// embed all by it (see `assort distill`)
    #[arg(long, conflicts_with_all = ["dry_run", "strict", "prune", "update"])]
    pub(crate) fast: bool,

    #[command(flatten)]
    pub(crate) teaching: Teaching,

    /// Where rejected rows are listed [default: DIR/rejects.csv]
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort classify shop --text \"Electric kettle 1.7 l\" --explain\n  assort classify shop new.csv --format jsonl -o decisions.jsonl\n  assort classify shop --min-confidence 0.8 --apply\n  assort classify shop.pack new.csv --format csv\n  assort classify shop new.csv --images images/\n\nWithout FILE and --text, the products of the catalog that have no label are filed."
)]
pub(crate) struct Classify {
    /// The catalog's directory, or a file that `assort pack` wrote
    pub(crate) dir: PathBuf,

    /// Products to file; `-` for standard input
    pub(crate) file: Option<String>,

    /// A title to file
    #[arg(long, conflicts_with = "file")]
    pub(crate) text: Option<String>,

    #[command(flatten)]
    pub(crate) deciding: Deciding,

    /// Choices to show for each product [default: 1, for --text 3]
    #[arg(long, value_name = "N")]
    pub(crate) top: Option<NonZeroUsize>,

    /// Name the texts and labelled products that decided
    #[arg(long)]
    pub(crate) explain: bool,

    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// Write the results to a file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Keep the decisions in the catalog
    #[arg(long)]
    pub(crate) apply: bool,

    /// Columns of further text, separated by commas; `-` for none
    #[arg(long = "text-columns", value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) text_columns: Option<Vec<String>>,

    #[command(flatten)]
    pub(crate) columns: Columns,

    #[cfg(feature = "pictures")]
    #[command(flatten)]
    pub(crate) place: PicturePlace,

    /// Where rejected rows are listed [default: DIR/rejects-classify.csv]
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

impl Classify {
    /// Choices to show for each product.
    pub(crate) fn shown(&self) -> usize {
        let usual = if self.text.is_some() { 3 } else { 1 };
        self.top.map_or(usual, Into::into)
    }
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  assort label shop corrections.csv --id sku --category category_id"
)]
pub(crate) struct Label {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// File with a product id and a category in each row; `-` for standard input
    pub(crate) file: String,

    /// Column of the product's id
    #[arg(long, value_name = "COLUMN")]
    pub(crate) id: Option<String>,

    /// Column of the category: an id, a path or a unique name
    #[arg(long, value_name = "COLUMN")]
    pub(crate) category: Option<String>,

    /// Encoding of the file, or auto for the likeliest [default: utf-8]
    #[arg(long, value_name = "NAME")]
    pub(crate) encoding: Option<String>,

    /// Clear the labels of the products in the file
    #[arg(long)]
    pub(crate) clear: bool,

    /// Change nothing if any row is bad
    #[arg(long)]
    pub(crate) strict: bool,

    /// Where rejected rows are listed [default: DIR/rejects-label.csv]
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

#[derive(Args)]
pub(crate) struct TaxonomyArgs {
    #[command(subcommand)]
    pub(crate) command: TaxonomyCommand,
}

#[derive(Subcommand)]
pub(crate) enum TaxonomyCommand {
    /// Print the tree, or the part below a category
    Show {
        /// The catalog's directory
        dir: PathBuf,
        /// An id, a path or a unique name
        category: Option<String>,
        /// Levels to print
        #[arg(long, value_name = "N")]
        depth: Option<usize>,
    },
    /// Find categories by a part of their id, path, alias or translated name
    Find {
        /// The catalog's directory
        dir: PathBuf,
        /// What to look for
        text: String,
    },
    /// Write the taxonomy to standard output or a file
    Export {
        /// The catalog's directory
        dir: PathBuf,
        /// The format
        #[arg(long, value_enum, default_value_t = TaxonomyFormat::Tsv)]
        format: TaxonomyFormat,
        /// The file [default: standard output]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Replace the taxonomy; labels stay with the ids of their categories
    Import {
        /// The catalog's directory
        dir: PathBuf,
        /// The taxonomy file, as for `assort init`
        file: String,
        #[command(flatten)]
        reading: TaxonomyReading,
        /// Only tell what would change
        #[arg(long)]
        dry_run: bool,
        /// Leave embedding the categories to the next command that needs it
        #[arg(long)]
        no_prepare: bool,
    },
}

/// Formats a taxonomy is written in.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TaxonomyFormat {
    /// Columns id, path, description, aliases, examples and translations
    Tsv,
    /// One JSON object a category
    Jsonl,
    /// One path a line
    Paths,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort reembed shop --embedder dir:models/use-multilingual\n  assort reembed shop --distilled\n\nSearches go on meanwhile. A stopped run goes on where it was when run again."
)]
pub(crate) struct Reembed {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Move to the student that `assort distill --no-adopt` or a stopped run left
    #[arg(long, conflicts_with = "embedder")]
    pub(crate) distilled: bool,

    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

#[derive(Args)]
pub(crate) struct Show {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Id of the product
    pub(crate) id: String,

    /// How it is printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
}

#[derive(Args)]
pub(crate) struct Stats {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// How they are printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort check shop\n  assort check shop --repair\n\nWhat is wrong is listed with its mend. --repair embeds the products of damaged or missing segments again; everything else needs no repair or a backup."
)]
pub(crate) struct Check {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Embed the products of damaged segments again
    #[arg(long)]
    pub(crate) repair: bool,

    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  assort tune shop --recall 0.95\n\nProducts of the catalog are searched for and compared with exact search. The narrowest walk that finds enough is kept for all searches to come."
)]
pub(crate) struct Tune {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Part of the ten best products that is to be found
    #[arg(long, value_name = "R", default_value_t = 0.95, value_parser = share)]
    pub(crate) recall: f64,

    /// Products to measure with
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) queries: NonZeroUsize,

    /// How the result is printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
}

#[derive(Args)]
pub(crate) struct AuditIndex {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Products to measure the recall with
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) queries: NonZeroUsize,

    /// How the result is printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
}

fn share(text: &str) -> Result<f64, String> {
    let value: Result<f64, _> = text.parse();
    match value {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a number between 0 and 1".to_owned()),
    }
}

#[derive(Args)]
pub(crate) struct Demo {
    /// Directory for the demo's catalog, to be kept [default: a temporary one]
    pub(crate) dir: Option<PathBuf>,
}
