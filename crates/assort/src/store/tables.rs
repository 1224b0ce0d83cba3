//! Names and types of the tables.

use redb::TableDefinition;

/// The store's format; a catalog of a higher one is refused.
pub(crate) const FORMAT: u32 = 1;

/// Single values: see the `KEY_` constants.
pub(super) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
/// External product id → row.
pub(super) const IDS: TableDefinition<&str, u32> = TableDefinition::new("ids");
/// Row → `ProductRecord`. Rows grow and are never used again.
pub(super) const PRODUCTS: TableDefinition<u32, &[u8]> = TableDefinition::new("products");
/// Row → external id of the category a person filed the product under.
pub(super) const LABELS: TableDefinition<u32, &str> = TableDefinition::new("labels");
/// Row → `DecisionRecord`.
pub(super) const DECISIONS: TableDefinition<u32, &[u8]> = TableDefinition::new("decisions");
/// Category position → `CategoryRecord`.
pub(super) const CATEGORIES: TableDefinition<u32, &[u8]> = TableDefinition::new("categories");

/// `u32`, little-endian: the store's format.
pub(super) const KEY_FORMAT: &str = "format";
/// `u64`: grows with every committed change.
pub(super) const KEY_VERSION: &str = "version";
/// Two `u64`: how many vectors and labels were ever set, changed or removed.
pub(super) const KEY_CHANGED: &str = "changed";
/// Bytes that change with every change of the taxonomy.
pub(super) const KEY_TAXONOMY: &str = "taxonomy";
/// `u32`: the next free row.
pub(super) const KEY_NEXT_ROW: &str = "next row";
/// `SpaceRecord`: the space that is searched.
pub(super) const KEY_SPACE: &str = "space";
/// `SpaceRecord`: the space that a re-embedding is moving to.
pub(super) const KEY_NEXT_SPACE: &str = "next space";
/// `FitRecord`: what was learned from the catalog as a whole.
pub(super) const KEY_FIT: &str = "fit";

/// Name of the table row → vector of a generation.
pub(super) fn vectors_name(generation: u32) -> String {
    format!("vectors {generation}")
}

/// Name of the table text digest → vector of a generation: category texts.
pub(super) fn texts_name(generation: u32) -> String {
    format!("texts {generation}")
}

/// A table row → vector.
pub(super) type VectorTable<'a> = TableDefinition<'a, u32, &'static [u8]>;
/// A table text digest → vector.
pub(super) type TextTable<'a> = TableDefinition<'a, u128, &'static [u8]>;
