//! Training a head.
//!
//! Every batch takes two parallel steps: first each example finds how its sum and
//! scores should move; then each row gathers this from the examples that have it,
//! and is moved. A row belongs to one thread at a time and gathers in a
//! fixed order, so that the result does not depend on threads. The layer above is
//! moved by Adam. Rows of features are moved by RMSProp (Hinton, 2012) with one second
//! moment a row, corrected by how often the row was moved: most are moved so rarely that
//! a momentum would be an old one.

use assort_core::AttributeSchema;
use assort_core::chance::shuffle;
use assort_core::vector::Matrix;
use assort_core::vector::kernel::{Pace, RowPace, adam, rmsprop_by_row, softmax};
use rayon::prelude::*;

use crate::attributes::Attributes;
use crate::input::HeadInput;
use crate::network::{Example, Gradients, Network, Targets};
use crate::options::{Loss, Shape, TrainOptions};
use crate::vocabulary::{Fields, Vocabulary};
use crate::{Error, Head, Result};

/// Rows of features that one thread moves at a time.
const TABLE_SHARD: usize = 1024;

/// Categories that one thread moves at a time.
const OUTPUT_SHARD: usize = 32;

/// Examples whose held-out loss one thread computes at a time.
const SCORED: usize = 64;

/// Scores of squared hinge lie about 1 and -1, which would make all shares alike.
const SHARPNESS: f32 = 5.0;

/// Parts of Adam's moments that are kept.
const BETAS: (f32, f32) = (0.9, 0.999);

/// What to learn from: products with their categories.
#[derive(Clone, Copy, Debug, Default)]
pub struct Labelled<'a> {
    /// What the products say.
    pub inputs: &'a [HeadInput<'a>],
    /// The category of each, a place in `categories`.
    pub classes: &'a [u32],
    /// What a teacher believes of each: categories with shares that sum to one, which
    /// are learned instead of the category alone; nothing of a product, or of all, if
    /// empty.
    pub soft: &'a [Vec<(u32, f32)>],
    /// How much each counts; all the same if empty.
    pub weights: &'a [f32],
    /// Ids of the categories.
    pub categories: &'a [String],
    /// Products whose labels are only used to measure.
    pub held_out: &'a [usize],
    /// Kinds of attributes; those that it does not name are found from their values.
    pub schema: Option<&'a AttributeSchema>,
}

/// How training goes, after each epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// The epoch, counted from 1.
    pub number: usize,
    /// Of how many.
    pub of: usize,
    /// Mean loss of the examples, with dropout and smoothing.
    pub loss: f64,
    /// Mean log loss of the held-out examples, if there are any.
    pub held_out_loss: Option<f64>,
    /// Part of the held-out examples that are filed rightly.
    pub held_out_accuracy: Option<f64>,
}

/// What training tells while it goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// So many batches of all are done, from 0 to 1.
    Part(f64),
    /// An epoch is done.
    Epoch(Epoch),
}

/// Trains a head. `go_on` is told what is done, and may stop.
///
/// # Errors
/// [`Error::Argument`] if examples and options do not fit or only one category has
/// examples, [`Error::Diverged`], and [`Error::Interrupted`] if it was stopped.
pub fn train(
    data: &Labelled<'_>,
    options: &TrainOptions,
    go_on: &mut dyn FnMut(Step) -> bool,
) -> Result<Head> {
    check(data, options)?;
    let fields = read(data.inputs, options);
    let apart: std::collections::HashSet<usize> = data.held_out.iter().copied().collect();
    let (seen, unseen): (Vec<usize>, Vec<usize>) =
        (0..fields.len()).partition(|at| !apart.contains(at));
    let own: Vec<&[Vec<u64>; 2]> = seen.iter().map(|&at| &fields[at]).collect();
    let inputs: Vec<&HeadInput<'_>> = seen.iter().map(|&at| &data.inputs[at]).collect();
    let attributes = Attributes::learn(&inputs, data.schema, options);
    let vocabulary = Vocabulary::of(&own, attributes, options);
    let example = |&at: &usize| Example {
        weights: vocabulary.weights(&fields[at], data.inputs[at].attributes),
        class: data.classes[at],
        targets: match data.soft.get(at) {
            Some(soft) if !soft.is_empty() => soft.clone(),
            _ => vec![(data.classes[at], 1.0)],
        },
        weight: data.weights.get(at).copied().unwrap_or(1.0),
    };
    let examples: Vec<Example> = seen.par_iter().map(example).collect();
    let held_out: Vec<Example> = unseen.par_iter().map(example).collect();
    drop(fields);
    let trainer = Trainer::new(&vocabulary, &examples, &held_out, data, options);
    let mut network = trainer.run(go_on)?;
    if options.loss == Loss::SquaredHinge {
        network.sharpen(SHARPNESS);
    }
    Head::new(&network, vocabulary, data.categories.to_vec())
}

fn read(inputs: &[HeadInput<'_>], options: &TrainOptions) -> Vec<[Vec<u64>; 2]> {
    let shortest = options.shortest_sequence;
    inputs
        .par_iter()
        .map_init(|| Fields::new(shortest), |fields, input| fields.read(input))
        .collect()
}

fn check(data: &Labelled<'_>, options: &TrainOptions) -> Result<()> {
    let argument = |what: &str| Err(Error::Argument(what.to_owned()));
    if let Some(fault) = options.fault() {
        return argument(fault);
    }
    let count = data.inputs.len();
    if data.classes.len() != count || !(data.weights.is_empty() || data.weights.len() == count) {
        return argument("there must be one category, and one weight or none, for each product");
    }
    if data
        .classes
        .iter()
        .any(|&class| class as usize >= data.categories.len())
    {
        return argument("a product is labelled with a category that is not among those given");
    }
    if !(data.soft.is_empty() || data.soft.len() == count) {
        return argument("there must be one teacher's belief or none for each product");
    }
    let is_share = |(class, share): &(u32, f32)| {
        (*class as usize) < data.categories.len() && (0.0..=1.001).contains(share)
    };
    if !data.soft.iter().flatten().all(is_share) {
        return argument("a teacher's belief must be shares of the categories given");
    }
    if data
        .weights
        .iter()
        .any(|weight| !(weight.is_finite() && *weight >= 0.0))
    {
        return argument("the weight of a product must be a number, 0 or more");
    }
    let first = data.classes.first();
    if data.classes.iter().all(|class| Some(class) == first) {
        return argument("a head needs products of two categories at least");
    }
    Ok(())
}

struct Trainer<'a> {
    options: &'a TrainOptions,
    examples: &'a [Example],
    held_out: &'a [Example],
    network: Network,
    adjustment: Vec<f32>,
    class_weights: Vec<f32>,
    /// Second moment of each feature's row.
    table: Vec<f32>,
    /// How often each row of a feature was moved.
    moved: Vec<i32>,
    output: Moments,
    bias: Moments,
    steps: i32,
}

/// Adam's moments.
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Moments {
    fn new(count: usize) -> Self {
        Self {
            first: vec![0.0; count],
            second: vec![0.0; count],
        }
    }
}

impl<'a> Trainer<'a> {
    fn new(
        vocabulary: &Vocabulary,
        examples: &'a [Example],
        held_out: &'a [Example],
        data: &Labelled<'_>,
        options: &'a TrainOptions,
    ) -> Self {
        let classes = data.categories.len();
        let mut counts = vec![0.0f32; classes];
        for example in examples {
            counts[example.class as usize] += example.weight;
        }
        let total: f32 = counts.iter().sum::<f32>().max(1.0);
        let share = |count: f32| (count.max(0.5)) / total;
        let adjustment = counts
            .iter()
            .map(|count| options.logit_adjustment * share(*count).ln())
            .collect();
        let mut class_weights: Vec<f32> = counts
            .iter()
            .map(|count| share(*count).powf(-options.class_balance))
            .collect();
        let weighed: f32 = counts.iter().zip(&class_weights).map(|(a, b)| a * b).sum();
        class_weights
            .iter_mut()
            .for_each(|weight| *weight *= total / weighed.max(f32::MIN_POSITIVE));
        let network = Network::new(vocabulary.len(), classes, options);
        Self {
            table: vec![0.0; vocabulary.len()],
            moved: vec![0; vocabulary.len()],
            output: Moments::new(network.output.len()),
            bias: Moments::new(classes),
            options,
            examples,
            held_out,
            network,
            adjustment,
            class_weights,
            steps: 0,
        }
    }

    fn run(mut self, go_on: &mut dyn FnMut(Step) -> bool) -> Result<Network> {
        let options = self.options;
        let mut order: Vec<usize> = (0..self.examples.len()).collect();
        let batches = self.examples.len().div_ceil(options.batch) * options.epochs;
        let mut chance = options.seed;
        let mut best: Option<(f64, usize, Network)> = None;
        for number in 1..=options.epochs {
            shuffle(&mut order, &mut chance);
            let mut loss = 0.0;
            for batch in order.chunks(options.batch) {
                let batch: Vec<&Example> = batch.iter().map(|&at| &self.examples[at]).collect();
                loss += self.learn(&batch, batches);
                if !go_on(Step::Part(f64::from(self.steps) / batches as f64)) {
                    return Err(Error::Interrupted);
                }
            }
            let loss = loss / self.examples.len() as f64;
            if !loss.is_finite() {
                return Err(Error::Diverged { epoch: number });
            }
            let held_out = self.measure();
            let epoch = Epoch {
                number,
                of: options.epochs,
                loss,
                held_out_loss: held_out.map(|(loss, _)| loss),
                held_out_accuracy: held_out.map(|(_, accuracy)| accuracy),
            };
            if !go_on(Step::Epoch(epoch)) {
                return Err(Error::Interrupted);
            }
            if let (Some(patience), Some((loss, _))) = (options.patience, held_out) {
                if best.as_ref().is_none_or(|(least, _, _)| loss < *least) {
                    best = Some((loss, number, self.network.clone()));
                } else if best
                    .as_ref()
                    .is_some_and(|best| number >= best.1 + patience)
                {
                    break;
                }
            }
        }
        Ok(best.map_or(self.network, |(_, _, network)| network))
    }

    /// Mean log loss and accuracy on the held-out examples.
    fn measure(&self) -> Option<(f64, f64)> {
        if self.held_out.is_empty() {
            return None;
        }
        let classes = self.network.classes;
        let (loss, right) = self
            .held_out
            .par_chunks(SCORED)
            .map(|block| {
                let weights: Vec<&[(u32, f32)]> =
                    block.iter().map(|example| &*example.weights).collect();
                let mut scores = self.network.scores(&weights);
                let (mut loss, mut right) = (0.0, 0);
                for (scores, example) in scores.chunks_exact_mut(classes).zip(block) {
                    let truth = example.class as usize;
                    let own = scores[truth];
                    let better = scores.iter().filter(|score| **score > own).count();
                    right += usize::from(better == 0);
                    loss += f64::from(softmax(scores) - own);
                }
                (loss, right)
            })
            .reduce(|| (0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        let count = self.held_out.len() as f64;
        Some((loss / count, right as f64 / count))
    }

    /// Learns from a batch; gives the sum of its losses.
    fn learn(&mut self, batch: &[&Example], batches: usize) -> f64 {
        self.steps += 1;
        let targets = Targets {
            options: self.options,
            adjustment: &self.adjustment,
            class_weights: &self.class_weights,
        };
        let gradients = self.network.gradients(batch, &targets, self.steps as u64);
        let rate = self.rate(batches);
        let scale = 1.0 / batch.len() as f32;
        self.move_table(&gradients, rate, scale);
        if let Shape::Hidden(width) = self.network.shape {
            self.move_output(&gradients, width, rate, scale);
        }
        self.move_bias(&gradients, rate, scale);
        gradients.loss
    }

    /// Part of the learning rate at this step.
    fn rate(&self, batches: usize) -> f32 {
        let part = (self.steps - 1) as f32 / batches as f32;
        let warm_up = self.options.warm_up;
        if part < warm_up {
            (part + 1.0 / batches as f32) / warm_up
        } else {
            (1.0 - part) / (1.0 - warm_up)
        }
    }

    fn move_table(&mut self, gradients: &Gradients, rate: f32, scale: f32) {
        let options = self.options;
        let (width, decay) = (self.network.width, options.weight_decay);
        let learning_rate = options.learning_rate * rate;
        let mut uses: Vec<(u32, u32, f32)> = (0u32..)
            .zip(&gradients.weights)
            .flat_map(|(example, weights)| {
                let own = weights.iter();
                own.map(move |(place, weight)| (*place, example, *weight))
            })
            .collect();
        uses.par_sort_unstable_by_key(|(place, example, _)| (*place, *example));
        let uses = &uses;
        self.network
            .table
            .par_chunks_mut(TABLE_SHARD * width)
            .zip(self.table.par_chunks_mut(TABLE_SHARD))
            .zip(self.moved.par_chunks_mut(TABLE_SHARD))
            .enumerate()
            .for_each_init(
                || vec![0.0; width],
                |slope, (shard, ((rows, second), moved))| {
                    let from = (shard * TABLE_SHARD) as u32;
                    let to = from + TABLE_SHARD as u32;
                    let begin = uses.partition_point(|one| one.0 < from);
                    let end = uses.partition_point(|one| one.0 < to);
                    for own in uses[begin..end].chunk_by(|a, b| a.0 == b.0) {
                        slope.fill(0.0);
                        for (_, example, weight) in own {
                            let row = &gradients.sums[*example as usize * width..][..width];
                            add(slope, row, weight * scale);
                        }
                        let at = (own[0].0 - from) as usize;
                        moved[at] += 1;
                        let pace = RowPace {
                            learning_rate,
                            beta: BETAS.1,
                            correction: (1.0 - BETAS.1.powi(moved[at])).recip(),
                            kept: 1.0 - learning_rate * decay,
                        };
                        let row = &mut rows[at * width..(at + 1) * width];
                        rmsprop_by_row(row, &mut second[at], slope, pace);
                    }
                },
            );
    }

    fn move_output(&mut self, gradients: &Gradients, width: usize, rate: f32, scale: f32) {
        let classes = self.network.classes;
        let learning_rate = self.options.output_learning_rate * rate;
        let kept = 1.0 - learning_rate * self.options.weight_decay;
        let pace = self.pace(learning_rate);
        let hidden = Matrix::new(&gradients.hidden, width);
        let scores = Matrix::new(&gradients.scores, classes);
        let shard = OUTPUT_SHARD * width;
        self.network
            .output
            .par_chunks_mut(shard)
            .zip(self.output.first.par_chunks_mut(shard))
            .zip(self.output.second.par_chunks_mut(shard))
            .enumerate()
            .for_each(|(at, ((rows, first), second))| {
                let begin = at * OUTPUT_SHARD;
                let own = scores.columns(begin..begin + rows.len() / width);
                let mut slope = own.transposed().product(hidden);
                // Adam goes up the slope it is given.
                slope.iter_mut().for_each(|slope| *slope *= -scale);
                rows.iter_mut().for_each(|value| *value *= kept);
                adam(rows, first, second, &slope, pace);
            });
    }

    fn move_bias(&mut self, gradients: &Gradients, rate: f32, scale: f32) {
        let pace = self.pace(self.options.output_learning_rate * rate);
        let mut slope = vec![0.0; self.network.classes];
        for scores in gradients.scores.chunks_exact(self.network.classes) {
            add(&mut slope, scores, -scale);
        }
        let Moments { first, second } = &mut self.bias;
        adam(&mut self.network.bias, first, second, &slope, pace);
    }

    fn pace(&self, learning_rate: f32) -> Pace {
        Pace {
            learning_rate: learning_rate / (1.0 - BETAS.0.powi(self.steps)),
            betas: BETAS,
            correction: (1.0 - BETAS.1.powi(self.steps)).recip(),
        }
    }
}

fn add(sum: &mut [f32], row: &[f32], factor: f32) {
    assort_core::vector::kernel::add_weighted(sum, row, &[(0, factor)]);
}
