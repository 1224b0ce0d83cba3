//! Arguments of commands that read a taxonomy.

use assort::read::TaxonomyOptions;
use clap::Args;

/// How a taxonomy file is read.
#[derive(Args)]
pub(crate) struct TaxonomyReading {
    /// What separates the names of a path [default: detected]
    #[arg(long, value_name = "TEXT")]
    pub(crate) separator: Option<String>,

    /// Encoding of the file, such as latin1 or gbk, or auto for the likeliest [default: utf-8]
    #[arg(long, value_name = "NAME")]
    pub(crate) encoding: Option<String>,

    /// Column of the categories' ids
    #[arg(long, value_name = "COLUMN")]
    pub(crate) id: Option<String>,

    /// Column that names each row's parent, by its id, name or slug
    #[arg(long, value_name = "COLUMN")]
    pub(crate) parent: Option<String>,

    /// Column of the categories' own names
    #[arg(long, value_name = "COLUMN")]
    pub(crate) name: Option<String>,

    /// Column of whole paths
    #[arg(long, value_name = "COLUMN")]
    pub(crate) path: Option<String>,

    /// Columns of names that are a level each, from the root down
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) levels: Vec<String>,

    /// Take the taxonomy, and what it changes, without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
}

impl TaxonomyReading {
    /// What is stated of the file.
    pub(crate) fn options(&self) -> TaxonomyOptions {
        TaxonomyOptions::default()
            .with_separator(self.separator.clone())
            .with_id(self.id.clone())
            .with_parent(self.parent.clone())
            .with_name(self.name.clone())
            .with_path(self.path.clone())
            .with_levels(self.levels.clone())
    }
}
