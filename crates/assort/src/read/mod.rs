//! Reading of taxonomy and product files.
