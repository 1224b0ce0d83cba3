//! Building segments.

mod duplicates;
mod incoming;
mod lists;
mod native;
mod near;
mod order;
mod ordered;
#[cfg(feature = "reference")]
mod reference;
mod repair;
mod select;
mod source;

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use assort_files::Files;
use rayon::prelude::*;

use self::duplicates::Duplicates;
use self::near::Near;
use self::ordered::Ordered;
use self::source::Source;
use crate::file::{DIMENSIONS, Header, M, write};
use crate::graph::Graph;
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
    /// Rows that a row is compared with, about, while its links are looked for.
    pub ef_construction: usize,
    /// Decides which rows are on upper levels. The same seed gives the same bytes.
    pub seed: u64,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self {
            builder: Builder::Native,
            m: 16,
            ef_construction: 200,
            seed: 1,
        }
    }
}

/// Part of a build that is done when all rows are linked. What follows looks for rows that
/// cannot be reached, and writes the file.
const LINKED: f64 = 0.93;

/// Builds a segment and writes it durably under `path`, by the threads of the current pool of
/// rayon. `observe` is called often, from any thread, with the part of the work that is done,
/// from 0 to 1; it gives true to stop.
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
    let counts = order::counts(vectors.len(), options.m);
    let mut ordered = Ordered {
        vectors,
        order: order::shuffled(vectors.len(), options.seed),
    };
    let quantizer = ordered.fit()?;
    let mut codes = ordered.encode(&quantizer, 0)?;
    let mut duplicates = Duplicates::of(&codes);
    let mut graph = Graph {
        m: options.m,
        levels: vec![Vec::new(); counts.len()],
    };
    let progress = Progress::new(&counts, observe);
    for level in (0..counts.len()).rev() {
        let above = Source {
            ordered: &ordered,
            quantizer: &quantizer,
            codes: &codes,
            duplicates: &duplicates,
            counts: &counts[level + 1..],
        };
        let finding = |rows| progress.add(rows * FINDING);
        let mut near = Near::find(&above, &graph, counts[level], &finding)?;
        let first = codes.rows();
        order::arrange(&mut ordered.order[..counts[level]], first, &mut near);
        codes = ordered.encode(&quantizer, counts[level])?;
        duplicates = Duplicates::of(&codes);
        let source = Source {
            ordered: &ordered,
            quantizer: &quantizer,
            codes: &codes,
            duplicates: &duplicates,
            counts: &counts[level..],
        };
        let linking = |rows| progress.add(rows * LINKING);
        graph.levels[level] = native::link(&source, near, level, options, &linking)?;
    }
    progress.add(0)?;
    let source = Source {
        ordered: &ordered,
        quantizer: &quantizer,
        codes: &codes,
        duplicates: &duplicates,
        counts: &counts,
    };
    #[cfg(feature = "reference")]
    if options.builder == Builder::Reference {
        graph = reference::build(&source, options, &|| observe(LINKED))?;
    }
    repair::repair(&source, &mut graph, options.builder, &|| observe(LINKED))?;
    let header = Header {
        space,
        dimensions: vectors.dimensions(),
        m: options.m,
        counts,
        sums: 0,
    };
    write(files, path, header, |section, out| {
        ordered.write(section, &quantizer, &codes, &graph, out)
    })
}

/// What looking for the nearest rows above takes of the time for a row,
const FINDING: usize = 1;

/// and what linking takes.
const LINKING: usize = 5;

/// How far all levels have come.
struct Progress<'a> {
    done: AtomicUsize,
    all: usize,
    observe: &'a (dyn Fn(f64) -> bool + Sync),
}

impl<'a> Progress<'a> {
    fn new(counts: &[usize], observe: &'a (dyn Fn(f64) -> bool + Sync)) -> Self {
        Self {
            done: AtomicUsize::new(0),
            all: counts.iter().sum::<usize>() * (FINDING + LINKING),
            observe,
        }
    }

    fn add(&self, done: usize) -> Result<()> {
        let before = self.done.fetch_add(done, Ordering::Relaxed);
        if (self.observe)(LINKED * before as f64 / self.all as f64) {
            return Err(Error::Interrupted);
        }
        Ok(())
    }
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
