//! How heads are trained on so many labels of such products, by what measured best (see
//! `docs/classification.md`).

use assort_head::{Shape, TrainOptions};

use super::labelled::LabelledProducts;

/// With more labels than this, a part is held out instead of training several times.
pub(super) const MANY_LABELS: usize = 30_000;

/// Examples that are read in all where heads are asked for, within these numbers of epochs.
const READ: usize = 150_000;
const EPOCHS: std::ops::RangeInclusive<usize> = 4..=12;

/// Of more labels than this, one content in so many is held out from a head that nobody
/// asked for instead of training it several times: it must not take long.
const FEW_LABELS: usize = 6_000;
const HELD_OUT_OF: u128 = 8;

/// Times that few labels are read; more are read so often that this many examples are read
/// in all, and at least twice.
const FEW_EPOCHS: usize = 12;
const READ_UNASKED: usize = 100_000;

/// Features of a head of more labels: its file is kept in the catalog.
const MOST_FEATURES: usize = 1 << 16;

/// Weights of a head without a hidden layer.
const MOST_WEIGHTS: usize = 1 << 26;

/// With fewer labels a category than this, weights of features do as well as a hidden
/// layer; in scripts with spaces they do for all few labels.
const LABELS_FOR_HIDDEN: usize = 3;

/// The learning rate times the epochs: what is read less often moves further each time.
const PACE: f32 = 0.15;

/// The same for few labels: where a category has hardly any, of weights of features, and
/// of a hidden layer.
const PACE_OF_FEWEST: f32 = 0.48;
const PACE_OF_WEIGHTS: f32 = 0.12;
const PACE_OF_FEW: f32 = 0.36;

/// Characters of scripts without spaces, in whose titles words of other scripts are names
/// and numbers: their parts tell little.
const UNSPACED: f64 = 0.3;

/// How heads that somebody asks for are trained, and how many.
pub(super) fn recommended(labelled: &LabelledProducts) -> (usize, TrainOptions) {
    let options = reading(labelled);
    if labelled.len() > MANY_LABELS {
        return (3, paced(options, *EPOCHS.start(), PACE));
    }
    let epochs = READ / labelled.len().max(1);
    let epochs = epochs.clamp(*EPOCHS.start(), *EPOCHS.end());
    (2, paced(options, epochs, PACE).with_min_df(1))
}

/// How a head that nobody asked for is trained.
pub(super) struct Recipe {
    pub(super) options: TrainOptions,
    /// One content in so many is held out; none if all are in turn.
    pub(super) held_out_of: Option<u128>,
}

impl Recipe {
    /// Of labels of so many contents and categories.
    pub(super) fn unasked(labelled: &LabelledProducts, contents: usize, categories: usize) -> Self {
        let options = reading(labelled);
        let is_few = contents <= FEW_LABELS;
        let hardly_any = contents / categories.max(1) < LABELS_FOR_HIDDEN;
        let options = match (is_few, hardly_any) {
            (_, true) => paced(weights(options, categories), FEW_EPOCHS, PACE_OF_FEWEST),
            (true, _) if is_unspaced(labelled) => paced(options, FEW_EPOCHS, PACE_OF_FEW),
            (true, _) => paced(weights(options, categories), FEW_EPOCHS, PACE_OF_WEIGHTS),
            (false, _) => {
                let epochs = READ_UNASKED / labelled.len().max(1);
                paced(options, epochs.clamp(2, FEW_EPOCHS), PACE).with_max_features(MOST_FEATURES)
            }
        };
        Self {
            options: if is_few {
                options.with_min_df(1)
            } else {
                options
            },
            held_out_of: (!is_few).then_some(HELD_OUT_OF),
        }
    }
}

/// What heads read of such products.
fn reading(labelled: &LabelledProducts) -> TrainOptions {
    let options = TrainOptions::default();
    match is_unspaced(labelled) {
        true => options.with_shortest_sequence(5),
        false => options,
    }
}

/// So many epochs, at a learning rate of `pace` for all of them together.
fn paced(options: TrainOptions, epochs: usize, pace: f32) -> TrainOptions {
    let rate = pace / epochs as f32;
    options.with_epochs(epochs).with_learning_rate(rate)
}

/// Weights of features for so many categories, without a hidden layer.
fn weights(options: TrainOptions, categories: usize) -> TrainOptions {
    let most = MOST_WEIGHTS / categories.max(1);
    let most = most.clamp(1, options.max_features);
    options.with_shape(Shape::Linear).with_max_features(most)
}

/// Whether titles are mostly in scripts without spaces.
fn is_unspaced(labelled: &LabelledProducts) -> bool {
    let is_unspaced = |c: &char| assort_core::features::is_unspaced(*c);
    let titles = || labelled.words.iter().flat_map(|words| words.title.chars());
    let (unspaced, all) = (titles().filter(is_unspaced).count(), titles().count());
    unspaced as f64 > UNSPACED * all as f64
}
