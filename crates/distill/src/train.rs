//! Teaching a student where its teacher points.
//!
//! The vector of a text is the sum of the rows of its features, scaled to unit
//! length. Rows are moved by Adam so that the cosine with the teacher's vector
//! grows. A batch is taught in two parallel steps: first every text finds how
//! its sum should move; then every row gathers this from the texts that have
//! it. Each row belongs to one thread at a time and gathers in a fixed order,
//! so that the result does not depend on threads.

use assort_core::chance::shuffle;
use assort_core::features::Features;
use assort_core::mean_of;
use assort_core::vector::kernel::{self, Pace};
use assort_static::StaticEmbedding;
use rayon::prelude::*;

use crate::examples::{Examples, Found, root};
use crate::pieces::{Cut, Pieces};
use crate::start::Start;
use crate::vocabulary::Vocabulary;
use crate::{Error, Result};

/// Texts that are taught together.
const TRAIN_BATCH: usize = 256;

/// Rows that one thread moves at a time.
const TRAIN_SHARD: usize = 1024;

/// How to teach.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Rows of the table that features are hashed into. None takes 65,536, or 32,768 from a
    /// static embedding, whose pieces have rows of their own.
    pub buckets: Option<usize>,
    /// Times that every text is read. None reads few texts more often than many:
    /// 160,000 readings in all, but each text 4 to 12 times, or 2 to 12 from a static
    /// embedding.
    pub epochs: Option<usize>,
    /// Order of the texts.
    pub seed: u64,
    /// Texts that must have a feature for it to count.
    pub min_df: u32,
    /// Step of Adam at the beginning; it falls to zero in a straight line.
    pub learning_rate: f32,
    /// Parts of Adam's moments that are kept.
    pub betas: (f32, f32),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            buckets: None,
            epochs: None,
            seed: 1,
            min_df: 2,
            learning_rate: 0.003,
            betas: (0.9, 0.999),
        }
    }
}

impl Options {
    /// The same with another value of `buckets`.
    #[must_use]
    pub fn with_buckets(mut self, buckets: impl Into<Option<usize>>) -> Self {
        self.buckets = buckets.into();
        self
    }

    /// The same with another value of `epochs`.
    #[must_use]
    pub fn with_epochs(mut self, epochs: impl Into<Option<usize>>) -> Self {
        self.epochs = epochs.into();
        self
    }

    /// The same with another value of [`Self::seed`].
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The same with another value of [`Self::min_df`].
    #[must_use]
    pub fn with_min_df(mut self, min_df: u32) -> Self {
        self.min_df = min_df;
        self
    }

    /// The same with another value of [`Self::learning_rate`].
    #[must_use]
    pub fn with_learning_rate(mut self, learning_rate: f32) -> Self {
        self.learning_rate = learning_rate;
        self
    }

    /// The same with another value of [`Self::betas`].
    #[must_use]
    pub fn with_betas(mut self, betas: (f32, f32)) -> Self {
        self.betas = betas;
        self
    }
}

/// Readings of texts that are enough.
const READINGS: usize = 160_000;

/// Times that each text is read at least, from nothing and from a static embedding.
const FEWEST_EPOCHS: (usize, usize) = (4, 2);

/// Times that each text is read at most.
const MOST_EPOCHS: usize = 12;

/// Rows for features, from nothing and from a static embedding.
const BUCKETS: (usize, usize) = (1 << 16, 1 << 15);

impl Options {
    fn buckets(&self, is_started: bool) -> usize {
        let (from_nothing, started) = BUCKETS;
        let usual = if is_started { started } else { from_nothing };
        self.buckets.unwrap_or(usual)
    }

    fn epochs(&self, texts: usize, is_started: bool) -> usize {
        let (from_nothing, started) = FEWEST_EPOCHS;
        let fewest = if is_started { started } else { from_nothing };
        let enough = (READINGS / texts.max(1)).clamp(fewest, MOST_EPOCHS);
        self.epochs.unwrap_or(enough)
    }
}

/// What is learned: a row for each bucket, the one every text has, and one for
/// each piece that was taught.
pub struct Table {
    pub(crate) dimensions: usize,
    pub(crate) rows: Vec<f32>,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) pieces: Option<Pieces>,
}

impl Table {
    /// Where a text points.
    pub fn embed(&self, text: &str) -> Vec<f32> {
        let mut places = Vec::new();
        let read = Features::default().read(text).to_vec();
        self.vocabulary.places(&read, &mut places);
        let last = self.vocabulary.buckets as u32;
        let mut sum = vec![0.0; self.dimensions];
        let mut cut = Cut::default();
        let factor = self.pieces.as_ref().map(|own| own.cut(text, &mut cut));
        cut.taught.iter_mut().for_each(|place| *place += last + 1);
        let found = Found {
            places: &places,
            pieces: &cut.taught,
            root: root(places.len()),
            piece_root: factor.unwrap_or(1.0),
        };
        found.sum(&self.rows, last, &mut sum);
        if let (Some(pieces), Some(factor)) = (&self.pieces, factor) {
            pieces.add_others(&cut, factor, &mut sum);
        }
        assort_core::vector::normalize(&mut sum);
        sum
    }

    /// The rows in 8 bits, and what a step of each is worth.
    pub(crate) fn rounded(&self) -> (Vec<i8>, Vec<f32>) {
        let mut rows = vec![0i8; self.rows.len()];
        let scales = rows
            .par_chunks_exact_mut(self.dimensions)
            .zip(self.rows.par_chunks_exact(self.dimensions))
            .map(|(rounded, row)| kernel::round_to_bytes(row, rounded));
        let scales = scales.collect();
        (rows, scales)
    }
}

/// Teaches a table where `texts` point: `targets` are unit rows of `dimensions`
/// coordinates, one for each text. With a static embedding to `start` from, pieces
/// of texts have rows, too, which begin where a map to the teacher's space that
/// is fitted on the first texts puts those of the embedding. `go_on` is told
/// the part that is done, and may stop.
///
/// # Errors
/// [`Error::Argument`] if texts, targets and options do not fit each other,
/// [`Error::Interrupted`] if it was stopped.
pub fn teach(
    texts: &[&str],
    targets: &[f32],
    dimensions: usize,
    start: Option<&StaticEmbedding>,
    options: &Options,
    mut go_on: impl FnMut(f64) -> bool,
) -> Result<Table> {
    check(texts.len(), targets, dimensions, options)?;
    let is_started = start.is_some();
    let mut start = start.map(|embedding| Start::new(embedding, texts, targets, dimensions));
    let buckets = options.buckets(is_started);
    let (examples, vocabulary) =
        Examples::read(texts, targets, options.min_df, buckets, start.as_ref());
    let rows = first_rows(&examples, buckets, dimensions, start.as_mut());
    let mut pupil = Pupil::new(options, buckets as u32, rows, dimensions);
    let mut order: Vec<usize> = (0..texts.len()).collect();
    let epochs = options.epochs(texts.len(), is_started);
    let batches = texts.len().div_ceil(TRAIN_BATCH) * epochs;
    let mut chance = options.seed;
    let mut done = 0;
    for _ in 0..epochs {
        shuffle(&mut order, &mut chance);
        for batch in order.chunks(TRAIN_BATCH) {
            pupil.learn(&examples, batch, 1.0 - done as f32 / batches as f32);
            done += 1;
            if !go_on(done as f64 / batches as f64) {
                return Err(Error::Interrupted);
            }
        }
    }
    Ok(Table {
        dimensions,
        rows: pupil.rows,
        vocabulary,
        pieces: start.map(Start::end),
    })
}

fn check(texts: usize, targets: &[f32], dimensions: usize, options: &Options) -> Result<()> {
    let fault = if texts == 0 || dimensions == 0 {
        "there is nothing to learn from"
    } else if targets.len() != texts * dimensions {
        "there must be one vector for each text"
    } else if !(1..1 << 28).contains(&options.buckets(false)) {
        "the number of buckets must be between 1 and 268,435,455"
    } else if options.epochs == Some(0) {
        "a student that reads nothing learns nothing: give one epoch at least"
    } else {
        return Ok(());
    };
    Err(Error::argument(fault))
}

/// Where rows begin: those of features at zero, and the one that every text has where all
/// point; with a start, that one and those of pieces where the map puts them.
fn first_rows(
    examples: &Examples<'_>,
    buckets: usize,
    dimensions: usize,
    start: Option<&mut Start>,
) -> Vec<f32> {
    let mut rows = vec![0.0; buckets * dimensions];
    match start {
        None => rows.extend(mean_of(examples.targets, dimensions)),
        Some(start) => {
            rows.append(&mut start.offset);
            rows.append(&mut start.rows);
        }
    }
    rows
}

/// The table while it is taught.
struct Pupil<'o> {
    options: &'o Options,
    dimensions: usize,
    /// The row that every text has, between those of features and of pieces.
    last: u32,
    rows: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
    /// How the sums of a batch's texts should move.
    slopes: Vec<f32>,
    /// How much more a piece of each text counts in its sum than a feature.
    ratios: Vec<f32>,
    /// Row and text, for every feature of a batch.
    pairs: Vec<u64>,
}

impl<'o> Pupil<'o> {
    fn new(options: &'o Options, last: u32, rows: Vec<f32>, dimensions: usize) -> Self {
        let size = rows.len();
        Self {
            options,
            dimensions,
            last,
            rows,
            first: vec![0.0; size],
            second: vec![0.0; size],
            steps: 0,
            slopes: vec![0.0; TRAIN_BATCH * dimensions],
            ratios: vec![1.0; TRAIN_BATCH],
            pairs: Vec::new(),
        }
    }

    fn learn(&mut self, examples: &Examples<'_>, batch: &[usize], left: f32) {
        let (rows, dimensions, last) = (&self.rows, self.dimensions, self.last);
        self.slopes
            .par_chunks_exact_mut(dimensions)
            .zip(batch)
            .for_each_init(
                || vec![0.0; dimensions],
                |sum, (slope, &text)| {
                    let target = &examples.targets[text * dimensions..][..dimensions];
                    look(rows, examples.found(text), last, target, sum, slope);
                },
            );
        self.pairs.clear();
        for (at, &text) in (0u64..).zip(batch) {
            let found = examples.found(text);
            let own = found.places.iter().chain([&last]).chain(found.pieces);
            self.pairs.extend(own.map(|&row| u64::from(row) << 32 | at));
            self.ratios[at as usize] = found.piece_root / found.root;
        }
        self.pairs.par_sort_unstable();
        self.steps += 1;
        let (a, b) = self.options.betas;
        let pace = Pace {
            learning_rate: self.options.learning_rate * left / (1.0 - a.powi(self.steps)),
            betas: (a, b),
            correction: (1.0 - b.powi(self.steps)).recip(),
        };
        self.step(pace);
    }

    /// Moves all rows that the batch has.
    fn step(&mut self, pace: Pace) {
        let (pairs, slopes, dimensions) = (&self.pairs, &self.slopes, self.dimensions);
        let (ratios, last) = (&self.ratios, u64::from(self.last));
        let shard = TRAIN_SHARD * dimensions;
        self.rows
            .par_chunks_mut(shard)
            .zip(self.first.par_chunks_mut(shard))
            .zip(self.second.par_chunks_mut(shard))
            .enumerate()
            .for_each_init(
                || vec![0.0; dimensions],
                |slope, (number, ((rows, first), second))| {
                    let from = number * TRAIN_SHARD;
                    let begin = pairs.partition_point(|pair| ((pair >> 32) as usize) < from);
                    let end =
                        pairs.partition_point(|pair| ((pair >> 32) as usize) < from + TRAIN_SHARD);
                    for own in pairs[begin..end].chunk_by(|a, b| a >> 32 == b >> 32) {
                        slope.fill(0.0);
                        for pair in own {
                            let at = (pair & 0xffff_ffff) as u32;
                            let is_piece = pair >> 32 > last;
                            let weight = if is_piece { ratios[at as usize] } else { 1.0 };
                            kernel::add_weighted(slope, slopes, &[(at, weight)]);
                        }
                        let place = ((own[0] >> 32) as usize - from) * dimensions;
                        let range = place..place + dimensions;
                        kernel::adam(
                            &mut rows[range.clone()],
                            &mut first[range.clone()],
                            &mut second[range],
                            slope,
                            pace,
                        );
                    }
                },
            );
    }
}

/// How the sum of a text's rows should move for its direction to come nearer to
/// the target: the gradient of their cosine.
fn look(
    rows: &[f32],
    found: Found<'_>,
    last: u32,
    target: &[f32],
    sum: &mut [f32],
    slope: &mut [f32],
) {
    found.sum(rows, last, sum);
    let norm = assort_core::vector::dot(sum, sum).sqrt().max(1e-12);
    let cosine = assort_core::vector::dot(sum, target) / norm;
    for ((slope, value), goal) in slope.iter_mut().zip(sum.iter()).zip(target) {
        *slope = (goal - cosine * value / norm) * found.root / norm;
    }
}
