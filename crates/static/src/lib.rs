//! Static embeddings: a row of numbers for each piece of a vocabulary. A text is
//! cut into its most likely pieces, and its vector is the sum of their rows; no
//! network runs.
//!
//! [`StaticEmbedding`] is a file, mapped for reading. [`Table`] rounds rows to 4
//! or 8 bits.
//!
//! ```
//! use assort_static::{Bits, Card, Piece, StaticEmbedding, Table};
//!
//! let piece = |text, score| Piece { text, score, is_known: true };
//! let pieces = [piece("", 0.0), piece("▁red", -2.0), piece("▁tea", -3.0), piece("s", -4.0)];
//! let mut rows = vec![0.0; 4 * 64];
//! (rows[64], rows[2 * 64 + 1]) = (1.0, 1.0);
//! let table = Table::rounded(64, Bits::Four, &rows)?;
//! let embedding = StaticEmbedding::new(&Card::default(), &pieces, 0, &table)?;
//! assert_eq!(embedding.tokenize("red  teas!"), [1, 2, 3, 0]);
//! let row = embedding.embed(&["Red teas", "red tea"]);
//! assert!(row[64] > 0.7 && row[65] > 0.7);
//! # Ok::<(), assort_static::Error>(())
//! ```

mod card;
mod embedding;
mod error;
mod file;
mod known;
mod normalize;
mod table;
mod trie;
mod unigram;

pub use card::{Card, Piece};
pub use embedding::{Scratch, StaticEmbedding};
pub use error::{Error, Result};
pub use table::{Bits, Table};
