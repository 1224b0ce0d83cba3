//! Classification heads: from the words and attributes of a product to scores of
//! categories.
//!
//! A [`Head`] sees words, pairs of words and sequences of characters of a product's
//! title and further text, weighs them by how rare they are (TF-IDF), and gives a
//! score to each category: directly (softmax regression), or over a hidden layer. It sees
//! attributes, too: texts as they are, numbers by the quantiles they lie between.
//! [`train`] learns one from labelled products, the same one for equal seeds whatever
//! the number of threads.
//!
//! ```
//! use assort_head::{HeadInput, Labelled, Shape, TrainOptions, train};
//!
//! let titles = ["red kettle", "blue kettle", "red shoes", "blue shoes"];
//! let inputs = titles.map(HeadInput::plain);
//! let data = Labelled {
//!     inputs: &inputs,
//!     classes: &[0, 0, 1, 1],
//!     categories: &["kettles".to_owned(), "shoes".to_owned()],
//!     ..Labelled::default()
//! };
//! let options = TrainOptions::default()
//!     .with_shape(Shape::Linear)
//!     .with_epochs(50)
//!     .with_min_df(1);
//! let head = train(&data, &options, &mut |_| true)?;
//! let shares = head.log_shares(&[HeadInput::plain("green kettle")]);
//! assert!(shares[0].as_ref().is_some_and(|shares| shares[0] > shares[1]));
//! # Ok::<(), assort_head::Error>(())
//! ```

mod attributes;
mod error;
mod file;
mod head;
mod input;
mod network;
mod options;
mod train;
mod vocabulary;

pub use assort_files::Bytes;
pub use error::{Error, Result};
pub use head::Head;
pub use input::HeadInput;
pub use options::{Loss, Shape, TrainOptions};
pub use train::{Epoch, Labelled, Step, train};
