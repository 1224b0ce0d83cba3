//! Arguments that several commands share.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use assort::core::Method;
use assort::read::Quoting;
use assort::students::QueryEncoder;
use assort::{ClassifyOptions, DistillOptions};
use clap::{Args, ValueEnum};

/// What holds for all commands.
#[derive(Clone)]
pub(crate) struct Global {
    pub(crate) quiet: bool,
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) offline: Option<bool>,
    pub(crate) cache: Option<PathBuf>,
    pub(crate) vector_cache: Option<PathBuf>,
}

impl Global {
    /// Works with as many threads as are asked for, if it is the first to ask.
    pub(crate) fn use_threads(&self) {
        if let Some(threads) = self.threads {
            // Fails only where a pool exists already.
            let _ = rayon::ThreadPoolBuilder::new()
                .num_threads(threads.into())
                .build_global();
        }
    }

    /// An option that is for embedders, if one was given: a server has its own.
    #[cfg(feature = "client")]
    pub(crate) fn of_embedders(&self) -> Option<&'static str> {
        let given = [
            ("--offline", self.offline == Some(true)),
            ("--cache", self.cache.is_some()),
            ("--vector-cache", self.vector_cache.is_some()),
        ];
        let mut given = given.into_iter().filter(|(_, given)| *given);
        given.next().map(|(option, _)| option)
    }

    /// Tells something that is no result, unless asked to be quiet.
    pub(crate) fn say(&self, message: &str) {
        if !self.quiet {
            tell!("{message}");
        }
    }
}

#[derive(Args)]
pub(crate) struct Directory {
    /// The catalog's directory
    pub(crate) dir: PathBuf,
}

/// How to open an embedder.
#[derive(Args, Default)]
pub(crate) struct EmbedderArgs {
    /// bundled, fastembed:NAME (see `assort embedders`), dir:PATH with a
    /// model.onnx and a tokenizer.json, distilled:FILE, or static:FILE
    #[arg(long, value_name = "SPEC")]
    pub(crate) embedder: Option<String>,

    /// How token vectors become one: mean or cls [default: read from the folder]
    #[arg(long, value_name = "HOW", requires = "embedder")]
    pub(crate) pooling: Option<assort_embed::Pooling>,

    /// Tokens of a text that are read at most
    #[arg(long, value_name = "TOKENS", requires = "embedder")]
    pub(crate) max_length: Option<usize>,
}

/// How a student is taught.
#[derive(Args)]
pub(crate) struct Teaching {
    /// Products a student learns from
    #[arg(long, value_name = "N", default_value = "16000")]
    pub(crate) sample: NonZeroUsize,

    /// What it starts from: bundled, static:FILE, or none for nothing [default:
    /// bundled, if it is inside the program]
    #[arg(long, value_name = "SPEC")]
    pub(crate) start: Option<String>,

    /// Rows of its table [default: 65536, or 32768 if it starts from an embedding]
    #[arg(long, value_name = "N")]
    pub(crate) buckets: Option<NonZeroUsize>,

    /// Times it reads what it learns from [default: 2 to 12, the more the less
    /// there is]
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<NonZeroUsize>,

    /// Decides which products it learns from, and in which order
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// How far labelled products lean towards the middle of their category, from
    /// 0 to 1; 0 learns nothing from labels
    #[arg(long, value_name = "W", default_value_t = 0.3)]
    pub(crate) labels: f32,

    /// Take no student whose vectors have a lower mean cosine with the teacher's
    #[arg(long, value_name = "C", default_value_t = 0.8)]
    pub(crate) min_quality: f32,

    /// What embeds queries and categories: student or teacher [default: the
    /// better one]
    #[arg(long, value_name = "WHICH")]
    pub(crate) query_encoder: Option<QueryEncoder>,
}

impl Teaching {
    pub(crate) fn options(&self) -> DistillOptions {
        DistillOptions::default()
            .with_sample(self.sample.get())
            .with_teaching(
                assort::students::Options::default()
                    .with_buckets(self.buckets.map(NonZeroUsize::get))
                    .with_epochs(self.epochs.map(NonZeroUsize::get))
                    .with_seed(self.seed),
            )
            .with_queries(self.query_encoder)
            .with_labels(self.labels)
            .with_min_quality(self.min_quality)
    }
}

/// Which column means what.
#[derive(Args)]
pub(crate) struct Columns {
    /// Column of the product's id; `#` numbers the rows
    #[arg(long, value_name = "COLUMN")]
    pub(crate) id: Option<String>,

    /// Column of the title
    #[arg(long, value_name = "COLUMN")]
    pub(crate) title: Option<String>,

    /// Columns of attributes, separated by commas; `-` for none [default: all
    /// others]. With a kind, as in weight:mass, it only says what the values are
    #[arg(long = "attr", value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) attributes: Option<Vec<String>>,

    /// Columns whose numbers have a decimal comma, separated by commas; `-` for none
    /// [default: those of which the first rows say so]
    #[arg(long = "decimal-comma", value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) decimal_commas: Option<Vec<String>>,

    /// Column of the category: an id, a path or a unique name; `-` for none
    #[arg(long, value_name = "COLUMN")]
    pub(crate) category: Option<String>,

    /// Column of the picture; `-` for none
    #[arg(long, value_name = "COLUMN")]
    pub(crate) image: Option<String>,

    /// Encoding of the files, such as latin1 or gbk, or auto for the likeliest [default: utf-8]
    #[arg(long, value_name = "NAME")]
    pub(crate) encoding: Option<String>,

    /// Whether fields may be in quotes: auto, on or off
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(crate) quoting: Quoting,
}

/// How a report is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Table,
    /// One JSON object
    Json,
}

/// How to decide.
#[derive(Args)]
pub(crate) struct Deciding {
    /// Which evidence counts: auto, zero-shot, neighbors, head or pictures
    #[arg(long, default_value = "auto")]
    pub(crate) method: Method,

    /// Where the confidence is lower, name a category above that is sure enough, or say
    /// "unknown"; between 0 and 1
    #[arg(long, value_name = "C", default_value_t = 0.0, value_parser = confidence)]
    pub(crate) min_confidence: f32,

    /// As before, with the confidence that trials on labels show to be enough for this
    /// part of the decisions to be right
    #[arg(long, value_name = "P", value_parser = confidence)]
    pub(crate) target_precision: Option<f32>,

    /// Give sets of categories of which this part holds the right one
    #[arg(long, value_name = "P", value_parser = confidence)]
    pub(crate) sets: Option<f32>,
}

impl Deciding {
    pub(crate) fn options(&self) -> ClassifyOptions {
        ClassifyOptions::default()
            .with_method(self.method)
            .with_min_confidence(self.min_confidence)
            .with_target_precision(self.target_precision)
            .with_set_coverage(self.sets)
    }
}

fn confidence(text: &str) -> Result<f32, String> {
    let value: f32 = text
        .parse()
        .map_err(|_| "expected a number between 0 and 1".to_owned())?;
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err("expected a number between 0 and 1".to_owned())
    }
}

/// A time such as `30`, `30s`, `5m`, `12h` or `3d`; without a unit in seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time; give one such as 30s, 5m, 12h or 3d");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    match count.checked_mul(unit) {
        Some(0) | None => Err(wrong()),
        Some(seconds) => Ok(Duration::from_secs(seconds)),
    }
}
