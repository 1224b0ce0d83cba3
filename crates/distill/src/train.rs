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
use assort_core::vector::kernel::{self, Pace};
use rayon::prelude::*;

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
    /// Rows of the table that features are hashed into.
    pub buckets: usize,
    /// Times that every text is read. None reads few texts more often than many:
    /// 160,000 readings in all, but each text 4 to 12 times.
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
            buckets: 1 << 16,
            epochs: None,
            seed: 1,
            min_df: 2,
            learning_rate: 0.003,
            betas: (0.9, 0.999),
        }
    }
}

impl Options {
    /// The same with another value of [`Self::buckets`].
    #[must_use]
    pub fn with_buckets(mut self, buckets: usize) -> Self {
        self.buckets = buckets;
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

/// Readings of texts that are enough, where that is between so many times.
const READINGS: usize = 160_000;
const EPOCHS: std::ops::RangeInclusive<usize> = 4..=12;

impl Options {
    fn epochs(&self, texts: usize) -> usize {
        let enough = (READINGS / texts.max(1)).clamp(*EPOCHS.start(), *EPOCHS.end());
        self.epochs.unwrap_or(enough)
    }
}

/// What is learned: a row for each bucket and, last, the one every text has.
pub struct Table {
    pub(crate) dimensions: usize,
    pub(crate) rows: Vec<f32>,
    pub(crate) vocabulary: Vocabulary,
}

impl Table {
    /// Where a text points.
    pub fn embed(&self, text: &str) -> Vec<f32> {
        let mut features = Features::default();
        let mut places = Vec::new();
        self.vocabulary.places(features.read(text), &mut places);
        let mut sum = vec![0.0; self.dimensions];
        sum_of(
            &self.rows,
            &places,
            self.vocabulary.buckets as u32,
            &mut sum,
        );
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

/// Texts as places in the table, one after another.
struct Examples<'a> {
    places: Vec<u32>,
    /// Where the places of each text begin; one more than there are texts.
    starts: Vec<usize>,
    targets: &'a [f32],
}

impl Examples<'_> {
    fn places(&self, text: usize) -> &[u32] {
        &self.places[self.starts[text]..self.starts[text + 1]]
    }
}

/// Teaches a table where `texts` point: `targets` are unit rows of `dimensions`
/// coordinates, one for each text. `go_on` is told the part that is done, and
/// may stop.
///
/// # Errors
/// [`Error::Argument`] if texts, targets and options do not fit each other,
/// [`Error::Interrupted`] if it was stopped.
pub fn teach(
    texts: &[&str],
    targets: &[f32],
    dimensions: usize,
    options: &Options,
    mut go_on: impl FnMut(f64) -> bool,
) -> Result<Table> {
    check(texts.len(), targets, dimensions, options)?;
    let found: Vec<Vec<u64>> = texts
        .par_iter()
        .map_init(Features::default, |features, text| {
            features.read(text).to_vec()
        })
        .collect();
    let vocabulary = Vocabulary::of(&found, options.min_df, options.buckets);
    let mut examples = Examples {
        places: Vec::new(),
        starts: vec![0],
        targets,
    };
    for found in &found {
        vocabulary.places(found, &mut examples.places);
        examples.starts.push(examples.places.len());
    }
    drop(found);
    let mut pupil = Pupil::new(dimensions, options, &examples);
    let mut order: Vec<usize> = (0..texts.len()).collect();
    let epochs = options.epochs(texts.len());
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
    })
}

fn check(texts: usize, targets: &[f32], dimensions: usize, options: &Options) -> Result<()> {
    let fault = if texts == 0 || dimensions == 0 {
        "there is nothing to learn from"
    } else if targets.len() != texts * dimensions {
        "there must be one vector for each text"
    } else if !(1..1 << 28).contains(&options.buckets) {
        "the number of buckets must be between 1 and 268,435,455"
    } else if options.epochs == Some(0) {
        "a student that reads nothing learns nothing: give one epoch at least"
    } else {
        return Ok(());
    };
    Err(Error::argument(fault))
}

/// The table while it is taught.
struct Pupil<'o> {
    options: &'o Options,
    dimensions: usize,
    rows: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
    /// How the sums of a batch's texts should move.
    slopes: Vec<f32>,
    /// Row and text, for every feature of a batch.
    pairs: Vec<u64>,
}

impl<'o> Pupil<'o> {
    fn new(dimensions: usize, options: &'o Options, examples: &Examples<'_>) -> Self {
        let size = (options.buckets + 1) * dimensions;
        let mut rows = vec![0.0; size];
        // A text of which nothing is in the vocabulary points where all point.
        let mean = assort_core::mean_of(examples.targets, dimensions);
        rows[size - dimensions..].copy_from_slice(&mean);
        Self {
            options,
            dimensions,
            rows,
            first: vec![0.0; size],
            second: vec![0.0; size],
            steps: 0,
            slopes: vec![0.0; TRAIN_BATCH * dimensions],
            pairs: Vec::new(),
        }
    }

    fn learn(&mut self, examples: &Examples<'_>, batch: &[usize], left: f32) {
        let (rows, dimensions) = (&self.rows, self.dimensions);
        let last = self.options.buckets as u32;
        self.slopes
            .par_chunks_exact_mut(dimensions)
            .zip(batch)
            .for_each_init(
                || vec![0.0; dimensions],
                |sum, (slope, &text)| {
                    let target = &examples.targets[text * dimensions..][..dimensions];
                    look(rows, examples.places(text), last, target, sum, slope);
                },
            );
        self.pairs.clear();
        for (at, &text) in (0u64..).zip(batch) {
            let own = examples.places(text).iter();
            self.pairs.extend(own.map(|&row| u64::from(row) << 32 | at));
            self.pairs.push(u64::from(last) << 32 | at);
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
                            kernel::add_rows(slope, slopes, &[at]);
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

/// The sum of a text's rows over the root of their number, plus the last row;
/// gives one over that root.
fn sum_of(rows: &[f32], places: &[u32], last: u32, sum: &mut [f32]) -> f32 {
    sum.fill(0.0);
    kernel::add_rows(sum, rows, places);
    let root = (places.len().max(1) as f32).sqrt().recip();
    sum.iter_mut().for_each(|value| *value *= root);
    kernel::add_rows(sum, rows, &[last]);
    root
}

/// How the sum of a text's rows should move for its direction to come nearer to
/// the target: the gradient of their cosine.
fn look(
    rows: &[f32],
    places: &[u32],
    last: u32,
    target: &[f32],
    sum: &mut [f32],
    slope: &mut [f32],
) {
    let root = sum_of(rows, places, last, sum);
    let norm = assort_core::vector::dot(sum, sum).sqrt().max(1e-12);
    let cosine = assort_core::vector::dot(sum, target) / norm;
    for ((slope, value), goal) in slope.iter_mut().zip(sum.iter()).zip(target) {
        *slope = (goal - cosine * value / norm) * root / norm;
    }
}
