//! Domain types and pure algorithms of Assort.
//!
//! Nothing here knows a disk, a clock, a thread or hidden randomness.

mod classifier;
pub mod compose;
mod decision;
mod embedder;
mod error;
mod filter;
mod metrics;
mod product;
mod taxonomy;
mod text;
pub mod vector;

pub use classifier::adapt::{ROUNDS, SoftAssignments};
pub use classifier::calibration::{CalibrationInput, Calibrations, LEAF, PlattScaling};
pub use classifier::candidates::Candidates;
pub use classifier::class_means::ClassMeans;
pub use classifier::ensemble::{Ensemble, Evidence, LevelInput, calibration_inputs};
pub use classifier::knn::{NEIGHBORS, Neighbor};
pub use classifier::prototypes::{Prototypes, beliefs, mean_of};
pub use classifier::source::{Beliefs, Fused, Source, Weights};
pub use compose::{TextInput, TextKind};
pub use decision::{Alternative, Decision, Method, NeighborEvidence, Reasons, TextEvidence};
pub use embedder::{
    COMPOSITION, EmbedError, Embedder, Input, Modality, Role, Space, StudentHooks, composed_texts,
};
pub use error::ErrorKind;
pub use filter::{Fields, Filter, FilterError, FilterExpr};
pub use metrics::{Confusion, Level, Report, Scores};
pub use product::{MAX_TEXT, MAX_TITLE, Product, text_hash};
pub use taxonomy::{
    Category, CategoryIndex, CategoryRow, Place, SEPARATOR, Taxonomy, TaxonomyError,
};
pub use text::{clean, fold};
