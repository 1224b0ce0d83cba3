//! Part 1 of the static multilingual embedding inside Assort; the crate
//! `assort-multilingual` joins the parts.

/// The part's bytes.
pub const PART: &[u8] = include_bytes!("../part.bin");
