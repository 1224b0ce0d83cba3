//! How to train.

/// The shape of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Softmax regression: a weight for each feature and category.
    Linear,
    /// A vector of so many coordinates for each feature; their sum, cut at zero,
    /// is what the categories weigh (one hidden layer with ReLU).
    Hidden(usize),
}

/// What training makes small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Cross-entropy of the categories' shares with the truth.
    CrossEntropy,
    /// Squared hinge of each category against all others: a support vector machine.
    /// Smoothing and logit adjustment do not apply.
    SquaredHinge,
}

/// How to train a head. The defaults are a beginning; which epochs, learning rate and
/// sequences measured best for how many labels stands in `docs/classification.md`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TrainOptions {
    /// The shape of the head.
    pub shape: Shape,
    /// What training makes small.
    pub loss: Loss,
    /// Times that every example is read.
    pub epochs: usize,
    /// Examples that are learned from together.
    pub batch: usize,
    /// Step at its highest for the features' rows.
    pub learning_rate: f32,
    /// Step of Adam at its highest for the layer above them; only with a hidden layer.
    pub output_learning_rate: f32,
    /// Part of the steps in which the learning rate rises from zero; it falls to
    /// zero in a straight line after.
    pub warm_up: f32,
    /// Decoupled decay of weights (AdamW: Loshchilov and Hutter, 2019).
    pub weight_decay: f32,
    /// Part of a product's features that is left out at random in each reading.
    pub feature_dropout: f32,
    /// Part of the hidden layer that is left out at random in each reading.
    pub hidden_dropout: f32,
    /// Part of the truth that is spread over all categories.
    pub label_smoothing: f32,
    /// Power of a category's share that its examples are divided by: 0 counts all
    /// examples the same, 1 all categories.
    pub class_balance: f32,
    /// How much of the logarithm of a category's share is added to its score while
    /// training, so that rare categories are not held down by being rare (logit
    /// adjustment: Menon et al., 2021).
    pub logit_adjustment: f32,
    /// The longest gradient of an example; none if it is not cut.
    pub clip: Option<f32>,
    /// Examples that must have a feature for it to count.
    pub min_df: u32,
    /// Features that are kept at most, the most frequent ones.
    pub max_features: usize,
    /// Shortest sequence of characters of a word that counts, 2 or more.
    pub shortest_sequence: usize,
    /// How much further text counts beside the title.
    pub text_weight: f32,
    /// How much attributes count beside the title.
    pub attribute_weight: f32,
    /// Epochs without a better loss on the held-out examples after which training
    /// stops; none goes on to the end.
    pub patience: Option<usize>,
    /// Where chance begins: equal seeds give equal heads, whatever the threads.
    pub seed: u64,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            shape: Shape::Hidden(256),
            loss: Loss::CrossEntropy,
            epochs: 6,
            batch: 256,
            learning_rate: 0.03,
            output_learning_rate: 0.004,
            warm_up: 0.02,
            weight_decay: 1e-4,
            feature_dropout: 0.2,
            hidden_dropout: 0.3,
            label_smoothing: 0.1,
            class_balance: 0.0,
            logit_adjustment: 0.0,
            clip: None,
            min_df: 2,
            max_features: 1 << 18,
            shortest_sequence: 2,
            text_weight: 0.5,
            attribute_weight: 0.5,
            patience: None,
            seed: 1,
        }
    }
}

/// Sets one field, and gives the options back.
macro_rules! setters {
    ($($name:ident, $field:ident: $kind:ty;)*) => {
        impl TrainOptions {
            $(
                #[doc = concat!("The same with another value of [`Self::", stringify!($field), "`].")]
                #[must_use]
                pub fn $name(mut self, $field: $kind) -> Self {
                    self.$field = $field;
                    self
                }
            )*
        }
    };
}

setters! {
    with_shape, shape: Shape;
    with_loss, loss: Loss;
    with_epochs, epochs: usize;
    with_batch, batch: usize;
    with_learning_rate, learning_rate: f32;
    with_output_learning_rate, output_learning_rate: f32;
    with_warm_up, warm_up: f32;
    with_weight_decay, weight_decay: f32;
    with_feature_dropout, feature_dropout: f32;
    with_hidden_dropout, hidden_dropout: f32;
    with_label_smoothing, label_smoothing: f32;
    with_class_balance, class_balance: f32;
    with_logit_adjustment, logit_adjustment: f32;
    with_clip, clip: Option<f32>;
    with_min_df, min_df: u32;
    with_max_features, max_features: usize;
    with_shortest_sequence, shortest_sequence: usize;
    with_text_weight, text_weight: f32;
    with_attribute_weight, attribute_weight: f32;
    with_patience, patience: Option<usize>;
    with_seed, seed: u64;
}

impl TrainOptions {
    /// What is wrong with the options, if anything.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let share = |part: f32| (0.0..1.0).contains(&part);
        let positive = |value: f32| value > 0.0 && value.is_finite();
        if self.shape == Shape::Hidden(0) {
            Some("a hidden layer needs at least one coordinate")
        } else if self.epochs == 0 || self.batch == 0 || self.max_features == 0 {
            Some("epochs, batch and features must be at least 1")
        } else if !positive(self.learning_rate) || !positive(self.output_learning_rate) {
            Some("learning rates must be above 0")
        } else if ![
            self.warm_up,
            self.feature_dropout,
            self.hidden_dropout,
            self.label_smoothing,
        ]
        .into_iter()
        .all(share)
        {
            Some("warm-up, dropout and label smoothing lie between 0 and 1")
        } else if ![self.weight_decay, self.text_weight, self.attribute_weight]
            .into_iter()
            .all(|weight| weight >= 0.0)
        {
            Some("weight decay and the weights of further text and attributes must not be below 0")
        } else if !(2..=5).contains(&self.shortest_sequence) {
            Some("the shortest sequence has 2 to 5 characters")
        } else {
            None
        }
    }
}
