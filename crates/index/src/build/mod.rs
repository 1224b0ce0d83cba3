//! Building segments.

mod duplicates;
mod growing;
mod native;
mod order;
mod ordered;
#[cfg(feature = "reference")]
mod reference;
mod repair;
mod select;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use assort_files::Files;
use rayon::prelude::*;

use self::duplicates::Duplicates;
use self::ordered::Ordered;
use crate::file::{DIMENSIONS, Header, M, write};
use crate::scratch::MOST_ROWS;
use crate::{Error, Result};

/// Vectors to build from, read one at a time.
pub trait Vectors: Sync {
    /// Number of vectors.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Coordinates of a vector.
    fn dimensions(&self) -> usize;

    /// The row of the vector at a position below [`Self::len`]: its name in
    /// what a search finds.
    fn row(&self, at: usize) -> u32;

    /// Writes the coordinates of a vector to `out`.
    ///
    /// # Errors
    /// Whatever kept them from being read.
    fn read(&self, at: usize, out: &mut [f32]) -> Result<()>;
}

/// Which builder makes the graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Builder {
    /// The builder of this crate.
    #[default]
    Native,
    /// The crate hnsw_rs, with one thread: the reference that the native
    /// builder is compared with.
    #[cfg(feature = "reference")]
    Reference,
}

impl Builder {
    /// All builders.
    pub const ALL: &[Self] = &[
        Self::Native,
        #[cfg(feature = "reference")]
        Self::Reference,
    ];
}

impl fmt::Display for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            #[cfg(feature = "reference")]
            Self::Reference => "hnsw_rs",
        })
    }
}

impl FromStr for Builder {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let named = Self::ALL.iter().find(|builder| builder.to_string() == name);
        named.copied().ok_or_else(|| {
            let all: Vec<String> = Self::ALL.iter().map(Self::to_string).collect();
            Error::argument(format!(
                "there is no builder {name:?}; try {}",
                all.join(" or ")
            ))
        })
    }
}

/// How to build.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions {
    /// Which builder makes the graph.
    pub builder: Builder,
    /// Links a row keeps on upper levels; it keeps twice as many on the lowest.
    pub m: usize,
    /// Rows a walk keeps while it looks for links.
    pub ef_construction: usize,
    /// Threads that insert rows.
    pub threads: usize,
    /// Decides which rows are on upper levels. With one thread the same seed
    /// gives the same bytes.
    pub seed: u64,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self {
            builder: Builder::Native,
            m: 16,
            ef_construction: 200,
            threads: rayon::current_num_threads(),
            seed: 1,
        }
    }
}

/// Part of a build that is done when all rows have their order and the first of
/// them is inserted on all levels; measured on 30,000 and 100,000 rows.
const ORDERED: f64 = 0.13;

/// Part of a build that is done when all rows are inserted. What follows looks
/// for rows that cannot be reached, and writes the file.
const INSERTED: f64 = 0.97;

/// Builds a segment and writes it durably under `path`. `observe` is called
/// often, from any thread, with the part of the work that is done, from 0 to 1;
/// it gives true to stop.
///
/// # Errors
/// [`Error::Argument`] for vectors that are not finite or settings that make
/// no sense, [`Error::Interrupted`] if `observe` stopped it, [`Error::Io`].
pub fn build(
    files: &dyn Files,
    path: &Path,
    space: u128,
    vectors: &dyn Vectors,
    options: &BuildOptions,
    observe: &(dyn Fn(f64) -> bool + Sync),
) -> Result<()> {
    check(vectors, options)?;
    check_rows(vectors)?;
    let dimensions = vectors.dimensions();
    let counts = order::counts(vectors.len(), options.m);
    let mut ordered = Ordered {
        vectors,
        order: order::shuffled(vectors.len(), options.seed),
    };
    let quantizer = ordered.fit()?;
    order::arrange(&mut ordered, &quantizer, &counts, options, &|| observe(0.0))?;
    let codes = ordered.encode(&quantizer, vectors.len())?;
    let duplicates = Duplicates::of(&codes);
    let source = native::Source {
        ordered: &ordered,
        quantizer: &quantizer,
        codes: &codes,
        duplicates: &duplicates,
        counts: &counts,
    };
    let mut graph = match options.builder {
        Builder::Native => native::build(&source, options, &|inserted| {
            observe(ORDERED + (INSERTED - ORDERED) * inserted)
        })?,
        #[cfg(feature = "reference")]
        Builder::Reference => reference::build(&source, options, &|| observe(ORDERED))?,
    };
    repair::repair(&source, &mut graph, options.builder, &|| observe(INSERTED))?;
    let header = Header {
        space,
        dimensions,
        m: options.m,
        counts,
        sums: 0,
    };
    write(files, path, header, |section, out| {
        ordered.write(section, &quantizer, &codes, &graph, out)
    })
}

fn check(vectors: &dyn Vectors, options: &BuildOptions) -> Result<()> {
    let refuse = |what: String| Err(Error::argument(what));
    if vectors.is_empty() || vectors.len() >= MOST_ROWS {
        return refuse(format!(
            "a segment holds 1 to {MOST_ROWS} rows, not {}",
            vectors.len()
        ));
    }
    if !DIMENSIONS.contains(&vectors.dimensions()) {
        return refuse(format!(
            "vectors have 1 to 65536 coordinates, not {}",
            vectors.dimensions()
        ));
    }
    if !M.contains(&options.m) {
        return refuse(format!("m must lie between 2 and 64, not {}", options.m));
    }
    if !(1..=10_000).contains(&options.ef_construction) {
        return refuse(format!(
            "ef_construction must lie between 1 and 10000, not {}",
            options.ef_construction
        ));
    }
    Ok(())
}

/// A row that stood twice would be found twice, and once in vain.
fn check_rows(vectors: &dyn Vectors) -> Result<()> {
    let mut rows: Vec<u32> = (0..vectors.len()).map(|at| vectors.row(at)).collect();
    rows.par_sort_unstable();
    match rows.windows(2).find(|pair| pair[0] == pair[1]) {
        Some([row, ..]) => Err(Error::argument(format!("row {row} is given twice"))),
        _ => Ok(()),
    }
}
