//! Domain types and pure algorithms of Assort.
//!
//! Nothing here knows a disk, a clock, a thread or hidden randomness.

mod embedder;
mod product;
mod taxonomy;

pub use embedder::{COMPOSITION, EmbedError, Embedder, Space};
pub use product::{MAX_TEXT, MAX_TITLE, Product, text_hash};
pub use taxonomy::{Category, CategoryIndex, CategoryRow, Place, SEPARATOR};
