//! HNSW graphs over unit vectors: built once, written to a file, and searched
//! where they lie in it.
//!
//! A [`Segment`] maps row numbers to vectors. [`build`] makes one from
//! [`Vectors`], with codes of four bits a coordinate for walking the graph,
//! eight more for ranking what the walk found, and half-precision vectors for
//! exact answers.

mod audit;
mod bitmap;
mod build;
mod codes;
mod error;
mod file;
mod graph;
mod hit;
mod kernel;
mod plan;
mod rank;
mod row_sketches;
mod scratch;
mod searcher;
mod segment;
mod sketch;
mod slot_filter;
mod walk;

pub use assort_files::Bytes;
pub use audit::{Audit, Degrees, audit};
pub use bitmap::Bitmap;
pub use build::{BuildOptions, Builder, Vectors, build};
pub use error::{Error, Result};
pub use hit::Hit;
pub use plan::{Plan, SearchParams};
pub use row_sketches::{RowSketches, SketchScratch, Sketcher};
pub use searcher::Searcher;
pub use segment::Segment;
pub use slot_filter::SlotFilter;
