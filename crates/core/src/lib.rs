//! Domain types and pure algorithms of Assort.
//!
//! Nothing here knows a disk, a clock, a thread or hidden randomness.

mod adapt;
mod calibration;
pub mod compose;
mod decision;
mod embedder;
mod filter;
mod product;
mod prototypes;
mod report;
mod taxonomy;
mod teach;
mod text;
pub mod vector;
mod votes;

pub use adapt::{Attraction, ROUNDS};
pub use calibration::{Calibration, Signs};
pub use compose::TextKind;
pub use decision::{Choice, Decision, Evidence, Judge, Method, TextEvidence};
pub use embedder::{COMPOSITION, EmbedError, Embedder, Space};
pub use filter::{Fields, Filter, FilterError, FilterExpr};
pub use product::{MAX_TEXT, MAX_TITLE, Product, text_hash};
pub use prototypes::{Prototypes, mean_of};
pub use report::{Confusion, Level, Report, Scores};
pub use taxonomy::{
    Category, CategoryIndex, CategoryRow, Place, SEPARATOR, Taxonomy, TaxonomyError,
};
pub use teach::Lessons;
pub use text::{clean, fold};
pub use votes::{NEIGHBORS, Neighbor};
