//! Embedders for Assort.
