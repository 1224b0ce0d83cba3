//! The numbers of a head while it is trained: what a batch comes to, and how they
//! should move.

use assort_core::chance::mix;
use assort_core::vector::Matrix;
use assort_core::vector::kernel::{add_rows, add_weighted, softmax, squares, sum};
use rayon::prelude::*;

use crate::options::{Loss, Shape, TrainOptions};

/// Examples that one thread computes together.
const BLOCK: usize = 32;

/// A product as a head learns it.
pub(crate) struct Example {
    pub(crate) weights: Vec<(u32, f32)>,
    /// The category that is measured by.
    pub(crate) class: u32,
    /// The categories to be learned with their shares, which sum to one.
    pub(crate) targets: Vec<(u32, f32)>,
    pub(crate) weight: f32,
}

/// A head in full precision.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) shape: Shape,
    /// Coordinates of a feature's row: hidden ones, or one a category.
    pub(crate) width: usize,
    pub(crate) classes: usize,
    /// One row for each feature.
    pub(crate) table: Vec<f32>,
    /// One row for each category with a hidden layer, else nothing.
    pub(crate) output: Vec<f32>,
    /// One number for each category.
    pub(crate) bias: Vec<f32>,
}

/// What a batch comes to, example by example.
pub(crate) struct Gradients {
    /// By the sums of the features' rows.
    pub(crate) sums: Vec<f32>,
    /// By the scores of the categories.
    pub(crate) scores: Vec<f32>,
    /// The hidden layer.
    pub(crate) hidden: Vec<f32>,
    /// Weights of features after dropout.
    pub(crate) weights: Vec<Vec<(u32, f32)>>,
    /// Sum of the losses.
    pub(crate) loss: f64,
}

/// What losses are measured by.
pub(crate) struct Targets<'a> {
    pub(crate) options: &'a TrainOptions,
    /// Added to the score of each category while training.
    pub(crate) adjustment: &'a [f32],
    /// How much the examples of each category count.
    pub(crate) class_weights: &'a [f32],
}

impl Network {
    pub(crate) fn new(features: usize, classes: usize, options: &TrainOptions) -> Self {
        let shape = options.shape;
        let (width, output) = match shape {
            Shape::Linear => (classes, Vec::new()),
            Shape::Hidden(width) => {
                let deviation = (2.0 / width as f32).sqrt();
                let output = normal(classes * width, options.seed ^ 0xf00d, deviation);
                (width, output)
            }
        };
        let table = match shape {
            // From nothing: there is nothing that tells categories apart by chance.
            Shape::Linear => vec![0.0; features * width],
            Shape::Hidden(_) => normal(features * width, options.seed, 0.1),
        };
        Self {
            shape,
            width,
            classes,
            table,
            output,
            bias: vec![0.0; classes],
        }
    }

    /// The scores of examples, row by row, without dropout.
    pub(crate) fn scores(&self, examples: &[&[(u32, f32)]]) -> Vec<f32> {
        let mut sums = vec![0.0; examples.len() * self.width];
        for (sum, weights) in sums.chunks_exact_mut(self.width).zip(examples) {
            add_weighted(sum, &self.table, weights);
        }
        let mut scores = match self.shape {
            Shape::Linear => sums,
            Shape::Hidden(width) => {
                sums.iter_mut().for_each(|value| *value = value.max(0.0));
                let output = Matrix::new(&self.output, width).transposed();
                Matrix::new(&sums, width).product(output)
            }
        };
        for scores in scores.chunks_exact_mut(self.classes) {
            add_rows(scores, &self.bias, &[0]);
        }
        scores
    }

    /// Scores are so many times as high from now on.
    pub(crate) fn sharpen(&mut self, factor: f32) {
        let last = match self.shape {
            Shape::Linear => &mut self.table,
            Shape::Hidden(_) => &mut self.output,
        };
        let all = last.iter_mut().chain(&mut self.bias);
        all.for_each(|weight| *weight *= factor);
    }

    /// How sums and scores of a batch should move. `step` tells batches apart.
    pub(crate) fn gradients(
        &self,
        batch: &[&Example],
        targets: &Targets<'_>,
        step: u64,
    ) -> Gradients {
        let parts: Vec<Gradients> = batch
            .par_chunks(BLOCK)
            .enumerate()
            .map(|(at, block)| self.block(block, targets, mix(step << 16 | at as u64)))
            .collect();
        let mut all = Gradients {
            sums: Vec::with_capacity(batch.len() * self.width),
            scores: Vec::with_capacity(batch.len() * self.classes),
            hidden: Vec::new(),
            weights: Vec::with_capacity(batch.len()),
            loss: 0.0,
        };
        for part in parts {
            all.sums.extend(part.sums);
            all.scores.extend(part.scores);
            all.hidden.extend(part.hidden);
            all.weights.extend(part.weights);
            all.loss += part.loss;
        }
        all
    }

    fn block(&self, block: &[&Example], targets: &Targets<'_>, chance: u64) -> Gradients {
        let options = targets.options;
        let weights: Vec<Vec<(u32, f32)>> = (0u64..)
            .zip(block)
            .map(|(at, example)| {
                let chance = mix(chance ^ options.seed.wrapping_add(at << 32));
                dropped(&example.weights, options.feature_dropout, chance)
            })
            .collect();
        let mut sums = vec![0.0; block.len() * self.width];
        for (sum, weights) in sums.chunks_exact_mut(self.width).zip(&weights) {
            add_weighted(sum, &self.table, weights);
        }
        match self.shape {
            Shape::Linear => {
                let loss = self.losses(&mut sums, block, targets);
                Gradients {
                    scores: sums.clone(),
                    sums,
                    hidden: Vec::new(),
                    weights,
                    loss,
                }
            }
            Shape::Hidden(width) => {
                cut_and_drop(&mut sums, options.hidden_dropout, chance);
                let hidden = sums;
                let output = Matrix::new(&self.output, width);
                let mut scores = Matrix::new(&hidden, width).product(output.transposed());
                let loss = self.losses(&mut scores, block, targets);
                let mut sums = Matrix::new(&scores, self.classes).product(output);
                let kept = 1.0 / (1.0 - options.hidden_dropout);
                for (slope, value) in sums.iter_mut().zip(&hidden) {
                    *slope *= if *value > 0.0 { kept } else { 0.0 };
                }
                Gradients {
                    sums,
                    scores,
                    hidden,
                    weights,
                    loss,
                }
            }
        }
    }

    /// Turns scores into the gradient of the loss by them, and gives the loss.
    fn losses(&self, scores: &mut [f32], block: &[&Example], targets: &Targets<'_>) -> f64 {
        let mut loss = 0.0;
        for (scores, example) in scores.chunks_exact_mut(self.classes).zip(block) {
            add_rows(scores, &self.bias, &[0]);
            let missed = match targets.options.loss {
                Loss::CrossEntropy => cross_entropy(scores, example, targets),
                Loss::SquaredHinge => squared_hinge(scores, example),
            };
            let weight = example.weight * targets.class_weights[example.class as usize];
            loss += f64::from(missed * weight);
            let factor = targets.options.clip.map_or(weight, |most| {
                let length = weight * squares(scores).sqrt();
                weight * (most / length.max(f32::MIN_POSITIVE)).min(1.0)
            });
            scores.iter_mut().for_each(|slope| *slope *= factor);
        }
        loss
    }
}

/// The cross-entropy with the smoothed truth; scores become its gradient.
fn cross_entropy(scores: &mut [f32], example: &Example, targets: &Targets<'_>) -> f32 {
    let smoothing = targets.options.label_smoothing;
    let classes = scores.len() as f32;
    add_rows(scores, targets.adjustment, &[0]);
    let mean = sum(scores) / classes;
    let shares = example.targets.iter();
    let own: f32 = shares.map(|(at, share)| share * scores[*at as usize]).sum();
    let log_sum = softmax(scores);
    scores
        .iter_mut()
        .for_each(|share| *share -= smoothing / classes);
    for (at, share) in &example.targets {
        scores[*at as usize] -= (1.0 - smoothing) * share;
    }
    log_sum - (1.0 - smoothing) * own - smoothing * mean
}

/// Half of the squared hinge of each category against the others, which should lie at 1
/// and -1; scores become its gradient. A category that is the truth in part lies in
/// between by its part.
fn squared_hinge(scores: &mut [f32], example: &Example) -> f32 {
    let own: Vec<(usize, f32, f32)> = example
        .targets
        .iter()
        .map(|(at, part)| (*at as usize, *part, scores[*at as usize]))
        .collect();
    let mut loss = 0.0;
    for score in scores.iter_mut() {
        *score = (1.0 + *score).max(0.0);
        loss += *score * *score;
    }
    for (at, part, score) in own {
        let (above, below) = ((1.0 - score).max(0.0), scores[at]);
        loss += part * (above * above - below * below);
        scores[at] = (1.0 - part) * below - part * above;
    }
    0.5 * loss
}

/// A number between 0 and 1.
fn unit(bits: u64) -> f32 {
    (bits >> 40) as f32 / (1u64 << 24) as f32
}

/// The features that are left by chance, worth more for it.
fn dropped(weights: &[(u32, f32)], part: f32, chance: u64) -> Vec<(u32, f32)> {
    let kept = 1.0 / (1.0 - part);
    (0u64..)
        .zip(weights)
        .filter(|(at, _)| part == 0.0 || unit(mix(chance.wrapping_add(*at))) >= part)
        .map(|(_, (place, weight))| (*place, weight * kept))
        .collect()
}

/// ReLU, then dropout.
fn cut_and_drop(values: &mut [f32], part: f32, chance: u64) {
    let kept = 1.0 / (1.0 - part);
    for (at, value) in (0u64..).zip(values) {
        let stays = *value > 0.0 && (part == 0.0 || unit(mix(chance.wrapping_add(at))) >= part);
        *value = if stays { *value * kept } else { 0.0 };
    }
}

/// Numbers of a normal distribution around zero (Box and Muller).
fn normal(count: usize, seed: u64, deviation: f32) -> Vec<f32> {
    let mut numbers = vec![0.0; count];
    numbers
        .par_chunks_mut(1 << 12)
        .enumerate()
        .for_each(|(chunk, numbers)| {
            for (at, number) in (0u64..).zip(numbers) {
                let bits = mix(seed ^ mix((chunk as u64) << 32 | at));
                let (a, b) = (unit(bits).max(1e-7), unit(mix(bits)));
                let length = (-2.0 * a.ln()).sqrt();
                *number = deviation * length * (std::f32::consts::TAU * b).cos();
            }
        });
    numbers
}
