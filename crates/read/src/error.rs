//! Why an input cannot be read.

/// Result of reading.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an input cannot be read as what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file must be changed, or what the caller said of it.
    #[error("{file}{}: {message}", line.map(|n| format!(", line {n}")).unwrap_or_default())]
    Input {
        /// The file as the user named it, `standard input` for `-`.
        file: String,
        /// Line of the file, counted from 1, where one is to blame.
        line: Option<u64>,
        /// What is wrong.
        message: String,
        /// What could be stated so that the file is read after all.
        unstated: Option<Unstated>,
    },
}

/// What a caller can state so that a refused file or row is read after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unstated {
    /// The encoding, with the label of the one that the bytes read best in, if there is
    /// one: stating it, or `auto`, makes the file readable (see [`Input::open`](crate::Input::open)).
    Encoding(Option<&'static str>),
    /// The column of the id ([`Mapping::id`](crate::Mapping::id)), or that
    /// rows are numbered.
    Id,
    /// The column of the title ([`Mapping::title`](crate::Mapping::title)).
    Title,
    /// The column of the category ([`Mapping::category`](crate::Mapping::category)).
    Category,
    /// Which columns hold the tree of a taxonomy
    /// ([`TaxonomyOptions`](crate::TaxonomyOptions)).
    Tree,
    /// That quotes enclose fields ([`Quoting::On`](crate::Quoting::On)).
    Quoting,
}
