//! The taxonomy of a pack: for each category the length of its record (`u32`,
//! little-endian) and the record, as the store keeps it.

use assort_core::Taxonomy;

use crate::store::{category_bytes, category_of, check_tree};
use crate::{Error, Result};

pub(super) fn bytes(taxonomy: &Taxonomy) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for category in taxonomy.categories() {
        let record = category_bytes(category).map_err(Error::Internal)?;
        bytes.extend((record.len() as u32).to_le_bytes());
        bytes.extend(record);
    }
    Ok(bytes)
}

/// The taxonomy of bytes that [`bytes`] gave.
///
/// # Errors
/// [`Error::Argument`] for others.
pub(super) fn read(bytes: &[u8]) -> Result<Taxonomy> {
    let cut = || Error::argument("its taxonomy is cut short");
    let mut categories = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (record, behind) = behind.split_at_checked(length).ok_or_else(cut)?;
        categories.push(category_of(record).map_err(Error::Argument)?);
        rest = behind;
    }
    check_tree(&categories).map_err(Error::Argument)?;
    Ok(Taxonomy::from_categories(categories))
}
