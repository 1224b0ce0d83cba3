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
use assort_static::StaticEmbedding;
use rayon::prelude::*;

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
    /// Rows of the table that features are hashed into.
    pub buckets: usize,
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

/// Readings of texts that are enough.
const READINGS: usize = 160_000;

/// Times that each text is read at least, from nothing and from a static embedding.
const FEWEST_EPOCHS: (usize, usize) = (4, 2);

/// Times that each text is read at most.
const MOST_EPOCHS: usize = 12;

impl Options {
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
        let mut features = Features::default();
        let mut places = Vec::new();
        self.vocabulary.places(features.read(text), &mut places);
        let mut sum = vec![0.0; self.dimensions];
        let own = self.vocabulary.buckets as u32;
        let mut cut = Cut::default();
        let mut factor = 1.0;
        if let Some(pieces) = &self.pieces {
            factor = pieces.cut(text, &mut cut);
        }
        let found = Found {
            places: &places,
            pieces: &cut.taught.iter().map(|p| p + own + 1).collect::<Vec<_>>(),
            root: root(places.len()),
            piece_root: factor,
        };
        sum_of(&self.rows, found, own, &mut sum);
        if let Some(pieces) = &self.pieces {
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

/// The rows of a text.
#[derive(Clone, Copy)]
struct Found<'a> {
    /// Of its features.
    places: &'a [u32],
    /// Of its pieces.
    pieces: &'a [u32],
    /// One over the root of the number of features, and of pieces.
    root: f32,
    piece_root: f32,
}

/// Lists of places, one after another.
struct Lists {
    all: Vec<u32>,
    /// Where each list begins; one more than there are lists.
    starts: Vec<usize>,
}

impl Lists {
    fn new() -> Self {
        Self {
            all: Vec::new(),
            starts: vec![0],
        }
    }

    fn end(&mut self) {
        self.starts.push(self.all.len());
    }

    fn get(&self, at: usize) -> &[u32] {
        &self.all[self.starts[at]..self.starts[at + 1]]
    }
}

/// Texts as places in the table.
struct Examples<'a> {
    places: Lists,
    /// Places of pieces; without any where nothing was started from.
    pieces: Lists,
    targets: &'a [f32],
}

impl Examples<'_> {
    fn found(&self, text: usize) -> Found<'_> {
        let (places, pieces) = (self.places.get(text), self.pieces.get(text));
        Found {
            places,
            pieces,
            root: root(places.len()),
            piece_root: root(pieces.len()),
        }
    }
}

fn root(count: usize) -> f32 {
    (count.max(1) as f32).sqrt().recip()
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
    let found: Vec<Vec<u64>> = texts
        .par_iter()
        .map_init(Features::default, |features, text| {
            features.read(text).to_vec()
        })
        .collect();
    let vocabulary = Vocabulary::of(&found, options.min_df, options.buckets);
    let mut examples = Examples {
        places: Lists::new(),
        pieces: Lists::new(),
        targets,
    };
    for found in &found {
        vocabulary.places(found, &mut examples.places.all);
        examples.places.end();
    }
    drop(found);
    let mut start = start.map(|embedding| Start::new(embedding, texts, targets, dimensions));
    let first = options.buckets as u32 + 1;
    for text in 0..texts.len() {
        if let Some(start) = &start {
            let own = start.places(text);
            examples.pieces.all.extend(own.map(|place| first + place));
        }
        examples.pieces.end();
    }
    let mut pupil = Pupil::new(dimensions, options, &examples, start.as_mut());
    let mut order: Vec<usize> = (0..texts.len()).collect();
    let epochs = options.epochs(texts.len(), start.is_some());
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
    /// How much more a piece of each text counts in its sum than a feature.
    ratios: Vec<f32>,
    /// Row and text, for every feature of a batch.
    pairs: Vec<u64>,
}

impl<'o> Pupil<'o> {
    fn new(
        dimensions: usize,
        options: &'o Options,
        examples: &Examples<'_>,
        start: Option<&mut Start>,
    ) -> Self {
        let mut rows = vec![0.0; options.buckets * dimensions];
        match start {
            // A text of which nothing is in the vocabulary points where all point.
            None => rows.extend(assort_core::mean_of(examples.targets, dimensions)),
            Some(start) => {
                rows.append(&mut start.offset);
                rows.append(&mut start.rows);
            }
        }
        let size = rows.len();
        Self {
            options,
            dimensions,
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
        let (rows, dimensions) = (&self.rows, self.dimensions);
        let last = self.options.buckets as u32;
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
        let (ratios, last) = (&self.ratios, self.options.buckets as u64);
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

/// The sum of a text's rows, each kind over the root of its number, plus the last row.
fn sum_of(rows: &[f32], found: Found<'_>, last: u32, sum: &mut [f32]) {
    sum.fill(0.0);
    if !found.pieces.is_empty() {
        kernel::add_rows(sum, rows, found.pieces);
        let ratio = found.piece_root / found.root;
        sum.iter_mut().for_each(|value| *value *= ratio);
    }
    kernel::add_rows(sum, rows, found.places);
    sum.iter_mut().for_each(|value| *value *= found.root);
    kernel::add_rows(sum, rows, &[last]);
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
    sum_of(rows, found, last, sum);
    let norm = assort_core::vector::dot(sum, sum).sqrt().max(1e-12);
    let cosine = assort_core::vector::dot(sum, target) / norm;
    for ((slope, value), goal) in slope.iter_mut().zip(sum.iter()).zip(target) {
        *slope = (goal - cosine * value / norm) * found.root / norm;
    }
}
