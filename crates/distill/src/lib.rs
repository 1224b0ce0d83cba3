//! Students of embedders: small models that point where a big one points, a
//! thousand times faster.
//!
//! A [`Student`] is a table of rows. The features of a text (words, pairs of
//! words, sequences of characters) are hashed to rows, and their sum is the
//! text's vector. [`teach`] learns the rows from texts and the vectors that a
//! teacher gave them, without labels; it may start from a [`StaticEmbedding`], whose
//! rows of pieces it maps to the teacher's space. [`Distilled`] is a student as an
//! [`assort_core::Embedder`], with its teacher beside it for texts that the
//! student hardly knows.
//!
//! ```
//! use assort_distill::{Options, Student, StudentCard, teach};
//!
//! let texts = ["red kettle", "red shoes", "blue kettle", "blue shoes"];
//! let targets = [0.6, 0.8, 0.0, 0.6, 0.0, 0.8, 0.8, 0.6, 0.0, 0.8, 0.0, 0.6];
//! let options = Options::default().with_epochs(200).with_min_df(1).with_buckets(1000);
//! let table = teach(&texts, &targets, 3, None, &options, |_| true)?;
//! let teacher = assort_core::Space {
//!     model: "teacher".into(),
//!     fingerprint: "0".into(),
//!     dimensions: 3,
//! };
//! let student = Student::new(&table, &teacher, 4, StudentCard::default())?;
//! let (kettle, _) = student.embed(&["Red kettle!"]);
//! assert!(kettle[1] > kettle[2]);
//! # Ok::<(), assort_distill::Error>(())
//! ```

mod error;
mod examples;
mod file;
mod pair;
mod pieces;
mod ridge;
mod start;
mod student;
mod train;
mod vocabulary;
/// What a student can start from.
pub use assort_files::Bytes;
pub use assort_static::StaticEmbedding;
pub use error::{Error, Result};
pub use pair::{Distilled, OpenTeacher, Teacher};
pub use student::{QueryEncoder, Student, StudentCard, is_kept_apart};
pub use train::{Options, Table, teach};
